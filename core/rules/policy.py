"""The office's policy as frozen values: every figure with its unit, its rule, its source and the day it holds from.

Rules take a `Policy` as an argument and hold no figure of their own. `core.policy_file` reads one from TOML.
Money is whole pence throughout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Final, Generic, TypeVar

__all__ = [
    "AddedQuestion",
    "Ages",
    "Band",
    "Body",
    "CrimeGround",
    "Criterion",
    "CspRoute",
    "Delegation",
    "Figure",
    "Fund",
    "Kind",
    "Notice",
    "NudgeStep",
    "Objective",
    "OfficeDetails",
    "OrganisationType",
    "Pause",
    "Policy",
    "Purpose",
    "Retention",
    "Role",
    "Route",
    "SingleTenderReason",
    "Threshold",
    "Tier",
    "Window",
    "YearEnd",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Kind(StrEnum):
    """What an award is (V1)."""

    GRANT = "grant"
    CONTRACT = "contract"
    CO_COMMISSIONED = "co_commissioned"
    INVOICE = "invoice"


class Purpose(StrEnum):
    """What money may be for (F0)."""

    CRIME_REDUCTION = "crime_reduction"
    VICTIM_SERVICES = "victim_services"
    ROAD_SAFETY = "road_safety"
    YOUNG_PEOPLE = "young_people"
    COMMUNITY_SAFETY = "community_safety"
    SAFER_STREETS = "safer_streets"
    RAPE_SUPPORT = "rape_support"


class Tier(StrEnum):
    """How deep the commissioning cycle goes for an award of its size (P0)."""

    LIGHT = "light"
    STANDARD = "standard"
    FULL = "full"


class OrganisationType(StrEnum):
    """What an applicant is (F5)."""

    CONSTITUTED_GROUP = "constituted_group"
    CHARITY = "charity"
    COMPANY = "company"
    STATUTORY = "statutory"
    COMMUNITY_SAFETY_PARTNERSHIP = "community_safety_partnership"


class Role(StrEnum):
    """What a member of staff is to the desk (A1, A2)."""

    OFFICER = "officer"
    DIRECTOR = "director"
    DEPUTY = "deputy"
    CHIEF_EXECUTIVE = "chief_executive"
    FINANCE = "finance"
    COMMISSIONER = "commissioner"
    PANEL = "panel"
    AUDITOR = "auditor"


class Body(StrEnum):
    """Whom a person works for; constabulary staff neither recommend nor decide (A2)."""

    OFFICE = "office"
    CONSTABULARY = "constabulary"


class Route(StrEnum):
    """How something is bought (T1, T3)."""

    NONE = "none"
    ONE_QUOTE = "one_quote"
    THREE_QUOTES = "three_quotes"
    TENDER = "tender"
    SINGLE_TENDER = "single_tender"


class SingleTenderReason(StrEnum):
    """The only two reasons for a single tender agreement (T3)."""

    BEST_OUTCOMES = "best_outcomes"
    PARTNERSHIP_BID = "partnership_bid"


class CspRoute(StrEnum):
    """What a Community Safety Partnership is to a fund (F5): who applies, who endorses, or neither."""

    APPLICANT = "applicant"
    ENDORSER = "endorser"
    NONE = "none"


class YearEnd(StrEnum):
    """What becomes of a fund's underspend after 31 March (F6)."""

    REPAYABLE = "repayable"
    CARRIED_FORWARD = "carried_forward"
    RETURNED = "returned"


class CrimeGround(StrEnum):
    """On what ground the crime and disorder fund makes an award (F3)."""

    STATUTORY = "statutory"
    PLAN = "plan"
    DEMAND = "demand"


@dataclass(frozen=True, slots=True)
class Figure(Generic[T_co]):
    """One value of the policy: what it is, its unit, the rule that uses it, who set it, and from which day."""

    value: T_co
    unit: str
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class Band(Generic[T]):
    """A range of amounts in pence and what holds in it: from `lowest` (inclusive) to below `below` (None: no end)."""

    name: T
    lowest: int
    below: int | None
    rule: str
    source: str
    since: date

    def holds(self, pence: int) -> bool:
        """Whether an amount falls in this band."""
        return self.lowest <= pence and (self.below is None or pence < self.below)


@dataclass(frozen=True, slots=True)
class Ages:
    """Whom a fund for young people is for, in whole years, both ends inclusive."""

    lowest: int
    highest: int
    highest_with_send: int


@dataclass(frozen=True, slots=True)
class Window:
    """Days on which a fund takes applications, both inclusive."""

    opens: date
    closes: date


@dataclass(frozen=True, slots=True)
class Fund:
    """A stream of money: what it is for, who may ask for it and up to how much.

    `kinds` are the kinds of award that it makes, the one an application is for first. `windows` empty means open all
    year, where `open_to_applications` is true; a fund that is not open to applications makes awards by invitation.
    A `government_grant` is ring-fenced; `after_year_end` is what becomes of an underspend after 31 March (F6), by the
    grant's agreement where it has one. `documents_at_once`: documents come with the application, not from winners only.
    `source` says who set it.
    """

    id: str
    name: str
    letters: str
    rule: str
    description: str
    purposes: tuple[Purpose, ...]
    kinds: tuple[Kind, ...]
    organisation_types: tuple[OrganisationType, ...]
    cap: Figure[int] | None
    ages: Figure[Ages] | None
    csp_route: CspRoute
    windows: tuple[Window, ...]
    open_to_applications: bool
    government_grant: bool
    after_year_end: YearEnd
    held_share: Figure[Fraction] | None
    source: str
    since: date
    documents_at_once: bool = False

    def is_open(self, today: date) -> bool:
        """Whether the public may apply on this day."""
        if not self.open_to_applications:
            return False
        return not self.windows or self.window(today) is not None

    def window(self, today: date) -> Window | None:
        """The window that this day is in, the last to close where they overlap; None if there is none."""
        inside = [window for window in self.windows if window.opens <= today <= window.closes]
        return max(inside, key=lambda window: window.closes) if inside else None

    def opens(self, day: date) -> date | None:
        """The next day after this one on which a window opens; None where none is known."""
        return min((window.opens for window in self.windows if window.opens > day), default=None)

    def closes(self, today: date) -> date | None:
        """The last day on which the public may apply; None where the fund is closed, or open without an end."""
        window = self.window(today) if self.open_to_applications else None
        return window.closes if window else None


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who else may approve (A1): a role, for these kinds and funds (None: all), up to a limit in pence, inclusive."""

    role: Role
    kinds: tuple[Kind, ...]
    funds: tuple[str, ...] | None
    upper_limit: int
    since: date
    source: str


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective of the Police and Crime Plan (L4)."""

    id: str
    text: str


ADDRESSEES: Final = ("recipient", "second_contact", "officer", "director")
"""Who may be told of a deadline, in the order in which they are named."""

STAFF_ADDRESSEES: Final = frozenset({"officer", "director"})
"""Those of them who work for the office."""


@dataclass(frozen=True, slots=True)
class NudgeStep:
    """One nudge of a deadline (D0): so many days from the due date (before it when negative), and to whom.

    `to` is one of ADDRESSEES. `says` is its tone and `otherwise` what happens if nothing is done, each a sentence or
    two in the office's words; "" where the letter's own words stand.
    """

    days: int
    to: str
    says: str = ""
    otherwise: str = ""

    @property
    def to_staff(self) -> bool:
        """Whether it goes to the office, and so waits for a working day."""
        return self.to in STAFF_ADDRESSEES


@dataclass(frozen=True, slots=True)
class Pause:
    """Days in which nothing of these kinds of deadline is sent (D0), both included: before an election, say.

    `until` None: until the office says so. What falls in it goes out on the day after it, the latest step only.
    """

    first: date
    until: date | None
    why: str
    holds: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold of the Procurement Act 2023 in pence, VAT included, from a day on (T3, T8): reached, the Act applies.

    `id` is "goods_and_services", "light_touch" or "notifiable"; of several with one id the latest that has begun holds.
    """

    id: str
    value: int
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that the Procurement Act 2023 asks for (T8): by which routes, from which threshold, and until when.

    `threshold` is the id of a `Threshold`, or "covered" for whichever of the two for covered contracts applies; `by`
    says in words when it is due. `before_signing` ones are recorded before anything is signed.
    """

    id: str
    name: str
    routes: tuple[Route, ...]
    threshold: str
    before_signing: bool
    by: str
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class Retention:
    """How long something is kept (W4): so many months from a day that `counted_from` says in words."""

    id: str
    what: str
    months: int
    counted_from: str
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class AddedQuestion:
    """A question that the office adds to its forms: to which form, for which funds (None: all) and from which tier.

    `form` is "application" or "return"; `kind` is one of the kinds of answer that a question may take.
    """

    id: str
    form: str
    funds: tuple[str, ...] | None
    least_tier: Tier
    kind: str
    title: str
    label: str
    hint: str
    required: bool
    word_limit: int | None
    choices: tuple[str, ...]
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a panel scores an application by, for these funds (None: all): from 0 to `highest` points.

    `weight` is how much it counts beside the fund's other criteria: of 3 and 1 the first counts three times.
    """

    id: str
    funds: tuple[str, ...] | None
    text: str
    weight: int
    highest: int
    rule: str
    source: str
    since: date


@dataclass(frozen=True, slots=True)
class OfficeDetails:
    """Who the office is, as pages, e-mails and open data name it. An empty value has not been set."""

    name: Figure[str]
    commissioner: Figure[str]
    email: Figure[str]
    phone: Figure[str]
    website: Figure[str]
    portal_name: Figure[str]
    portal_address: Figure[str]
    giving_prefix: Figure[str]
    organisation_id: Figure[str]


@dataclass(frozen=True)
class Policy:
    """Everything the office has chosen or been told, as one value. Two equal policies decide alike."""

    office: OfficeDetails
    tiers: tuple[Band[Tier], ...]
    buying: tuple[Band[Route], ...]
    grant_quotes: Figure[bool]
    grant_route_at_most: Figure[Route]
    portal_over: Figure[int]
    multi_year_months: Figure[int]
    full_plan_months: Figure[int]
    full_plan_months_plan: Figure[int]
    full_plan_months_do: Figure[int]
    overdue_return_blocks: Figure[bool]
    return_months: Figure[int]
    final_return_grace: Figure[int]
    return_without_term_months: Figure[int]
    receipts_from: Figure[Tier]
    more_time_days: Figure[int]
    meetings_over: Figure[int]
    meeting_months: Figure[int]
    meeting_months_victims: Figure[int]
    acceptance_days: Figure[int]
    decision_days: Figure[int]
    answer_days: Figure[int]
    agreement_days: Figure[int]
    recommenders: Figure[tuple[Role, ...]]
    power_grants: Figure[str]
    power_victims: Figure[str]
    over_allocation: Figure[Fraction]
    allocation_years_ahead: Figure[int]
    chief_finance_over: Figure[int | None]
    subsidy_limit: Figure[int]
    subsidy_years: Figure[int]
    buying_together_months: Figure[int]
    meeting_invitation_days: Figure[int]
    forum_months: Figure[int]
    review_months: Figure[int]
    historic_review_months: Figure[int]
    published_items_over: Figure[int]
    published_copies_over: Figure[int]
    annual_report_months: Figure[int]
    publication_working_day: Figure[int]
    light_application_questions: Figure[int]
    light_return_questions: Figure[int]
    similar_bid_months: Figure[int]
    similar_amount_share: Figure[Fraction]
    return_link_months: Figure[int]
    renewed_link_days: Figure[int]
    start_link_days: Figure[int]
    link_mails_an_hour: Figure[int]
    link_mails_a_day: Figure[int]
    bank_details_a_day: Figure[int]
    refused_shown_days: Figure[int]
    signed_in_hours: Figure[int]
    slack_code_minutes: Figure[int]
    slack_code_tries: Figure[int]
    slack_codes_an_hour: Figure[int]
    closing_days: Figure[tuple[date, ...]]
    snooze_days: Figure[int]
    digest_day: Figure[int]
    digest_hour: Figure[int]
    quiet_from: Figure[int]
    quiet_until: Figure[int]
    largest_document: Figure[int]
    documents_together: Figure[int]
    documents_at_most: Figure[int]
    constitution_from: Figure[tuple[OrganisationType, ...]]
    largest_application: Figure[int]
    long_answer_characters: Figure[int]
    short_answer_characters: Figure[int]
    outcomes_in_form: Figure[int]
    outcomes_at_most: Figure[int]
    budget_lines_in_form: Figure[int]
    budget_lines_at_most: Figure[int]
    reference_alphabet: Figure[str]
    reference_length: Figure[int]
    terms: Figure[tuple[str, ...]]
    declaration: Figure[str]
    plan: Figure[tuple[Objective, ...]]
    areas: Figure[tuple[str, ...]]
    nudges: tuple[tuple[str, Figure[tuple[NudgeStep, ...]]], ...]
    thresholds: tuple[Threshold, ...]
    notices: tuple[Notice, ...]
    retention: tuple[Retention, ...]
    questions: tuple[AddedQuestion, ...]
    criteria: tuple[Criterion, ...]
    funds: tuple[Fund, ...]
    delegations: tuple[Delegation, ...]
    pauses: tuple[Pause, ...]

    def fund(self, fund_id: str) -> Fund | None:
        """The fund of this id, or None."""
        return self._funds.get(fund_id)

    def fund_name(self, fund_id: str) -> str:
        """What people call this fund; its id where the policy has it no more."""
        found = self.fund(fund_id)
        return found.name if found is not None else fund_id

    def objective(self, objective_id: str) -> Objective | None:
        """The objective of the Plan of this id, or None (L4)."""
        return next((objective for objective in self.plan.value if objective.id == objective_id), None)

    def tier(self, amount: int) -> Tier:
        """The tier of an amount in pence (P0). Raises ValueError where no band holds it, a negative amount."""
        return _band(self.tiers, amount).name

    def buying_band(self, value: int) -> Band[Route]:
        """The band for buying of a whole-life value in pence (T1). Raises ValueError where no band holds it."""
        return _band(self.buying, value)

    def threshold(self, threshold_id: str, day: date) -> Threshold | None:
        """The threshold of this id that holds on a day; None before the first has begun (T8)."""
        begun = [row for row in self.thresholds if row.id == threshold_id and row.since <= day]
        return max(begun, key=lambda row: row.since, default=None)

    def added_questions(self, form: str, fund_id: str) -> tuple[AddedQuestion, ...]:
        """What the office adds to a fund's "application" or "return", in the order of the policy."""
        return tuple(row for row in self.questions if row.form == form and (row.funds is None or fund_id in row.funds))

    def criteria_of(self, fund_id: str) -> tuple[Criterion, ...]:
        """What a panel scores a fund's applications by, in the order of the policy."""
        return tuple(row for row in self.criteria if row.funds is None or fund_id in row.funds)

    def keep(self, what: str) -> Retention:
        """How long something is kept, by the id of its row (W4). Raises KeyError for what no row names."""
        return {row.id: row for row in self.retention}[what]

    def funds_for(self, purpose: Purpose) -> tuple[Fund, ...]:
        """The funds whose purposes include this one (F0)."""
        return tuple(fund for fund in self.funds if purpose in fund.purposes)

    @property
    def plan_objectives(self) -> tuple[Objective, ...]:
        """The objectives of the Plan in force (L4)."""
        return self.plan.value

    @property
    def csp_areas(self) -> tuple[str, ...]:
        """The areas of the Community Safety Partnerships (F5)."""
        return self.areas.value

    @cached_property
    def nudge_steps(self) -> Mapping[str, tuple[NudgeStep, ...]]:
        """The steps of each kind of deadline (D0)."""
        return MappingProxyType({kind: steps.value for kind, steps in self.nudges})

    @cached_property
    def _funds(self) -> Mapping[str, Fund]:
        return MappingProxyType({fund.id: fund for fund in self.funds})


def _band(bands: tuple[Band[T], ...], pence: int) -> Band[T]:
    for band in bands:
        if band.holds(pence):
            return band
    raise ValueError(f"no band holds {pence} pence")
