"""The shape of the policy file: what may stand in it, value by value, and how it becomes a `Policy`."""

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from core.rules import policy as rules
from core.rules.money import MoneyError, pence_from_api
from core.rules.sources import PARAGRAPHS

T = TypeVar("T")


def _pence(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError('money is pounds in quotes, such as "5000.00"')  # noqa: TRY004 - pydantic wants ValueError
    try:
        return pence_from_api(value)
    except MoneyError:
        raise ValueError('money is pounds with two decimals, such as "5000.00"') from None


def _share(value: object) -> Fraction:
    if not isinstance(value, str) or re.fullmatch(r"[0-9]{1,6}/[1-9][0-9]{0,5}", value) is None:
        raise ValueError('a share is a fraction in quotes, such as "1/3"')
    if Fraction(value) >= 1:
        raise ValueError("a share is less than the whole: lower it")
    return Fraction(value)


def _rule(value: object) -> object:
    if value not in PARAGRAPHS:
        raise ValueError(f"it must be the id of a rule: one of {', '.join(PARAGRAPHS)}")
    return value


def _day(value: object) -> object:
    if isinstance(value, int | float):  # which pydantic would count in seconds from 1970
        raise ValueError("it must be a day: write it without quotation marks, such as 2027-04-01")  # noqa: TRY004
    return value


def _pence_or_none(value: object) -> int | None:
    return None if value == "" else _pence(value)


_Pence = Annotated[int, BeforeValidator(_pence)]
_OptionalPence = Annotated[int | None, BeforeValidator(_pence_or_none)]
_Share = Annotated[Fraction, BeforeValidator(_share)]
_Rule = Annotated[str, BeforeValidator(_rule)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
_Day = Annotated[date, BeforeValidator(_day)]
_Whole = Annotated[int, Field(strict=True)]
_Count = Annotated[int, Field(strict=True, ge=1, le=10_000)]  # months, days: far beyond any, and inside the calendar


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Figure(_Row, Generic[T]):
    value: T
    unit: _Text
    rule: _Rule
    source: _Text
    since: _Day

    def figure(self) -> rules.Figure[T]:
        return rules.Figure(self.value, self.unit, self.rule, self.source, self.since)


class _Sum(_Figure[_Pence]):
    unit: Literal["pounds"]

    def figure(self) -> rules.Figure[int]:
        return rules.Figure(self.value, "pence", self.rule, self.source, self.since)


class _OptionalSum(_Figure[_OptionalPence]):
    """Pounds, or nothing where the office has not set it."""

    unit: Literal["pounds"]

    def figure(self) -> rules.Figure[int | None]:
        return rules.Figure(self.value, "pence", self.rule, self.source, self.since)


class _Office(_Row):
    name: _Figure[_Text]
    commissioner: _Figure[_Text]
    email: _Figure[str]
    phone: _Figure[str]
    website: _Figure[str]
    portal_name: _Figure[str]
    portal_address: _Figure[str]
    giving_prefix: _Figure[str]
    organisation_id: _Figure[str]


class BandRow(_Row, Generic[T]):
    name: T
    lowest: _Pence = Field(alias="from")
    below: _Pence | None = None
    rule: _Rule
    source: _Text
    since: _Day

    def band(self) -> rules.Band[T]:
        return rules.Band(self.name, self.lowest, self.below, self.rule, self.source, self.since)


class _Figures(_Row):
    grant_quotes: _Figure[Annotated[bool, Field(strict=True)]]
    grant_route_at_most: _Figure[Literal["one_quote", "three_quotes"]]
    portal_over: _Sum
    multi_year_months: _Figure[_Count]
    full_plan_months: _Figure[_Count]
    full_plan_months_plan: _Figure[_Count]
    full_plan_months_do: _Figure[_Count]
    overdue_return_blocks: _Figure[Annotated[bool, Field(strict=True)]]
    return_months: _Figure[_Count]
    final_return_grace: _Figure[Annotated[int, Field(strict=True, ge=0, le=366)]]
    return_without_term_months: _Figure[_Count]
    receipts_from: _Figure[rules.Tier]
    more_time_days: _Figure[Annotated[int, Field(strict=True, ge=0, le=366)]]
    meetings_over: _Sum
    meeting_months: _Figure[_Count]
    meeting_months_victims: _Figure[_Count]
    acceptance_days: _Figure[_Count]
    decision_days: _Figure[_Count]
    answer_days: _Figure[_Count]
    agreement_days: _Figure[_Count]
    power_grants: _Figure[_Text]
    power_victims: _Figure[_Text]
    over_allocation: _Figure[_Share]
    allocation_years_ahead: _Figure[Annotated[int, Field(strict=True, ge=1, le=50)]]
    chief_finance_over: _OptionalSum
    subsidy_limit: _Sum
    subsidy_years: _Figure[_Count]
    buying_together_months: _Figure[_Count]
    meeting_invitation_days: _Figure[_Count]
    forum_months: _Figure[_Count]
    review_months: _Figure[_Count]
    historic_review_months: _Figure[_Count]
    published_items_over: _Sum
    published_copies_over: _Sum
    annual_report_months: _Figure[Annotated[int, Field(strict=True, ge=1, le=12)]]
    publication_working_day: _Figure[Annotated[int, Field(strict=True, ge=1, le=20)]]
    light_application_questions: _Figure[_Count]
    light_return_questions: _Figure[_Count]
    recommenders: _Figure[Annotated[tuple[rules.Role, ...], Field(min_length=1)]]
    similar_bid_months: _Figure[_Count]
    similar_amount_share: _Figure[_Share]
    return_link_months: _Figure[_Count]
    renewed_link_days: _Figure[_Count]
    start_link_days: _Figure[_Count]
    link_mails_an_hour: _Figure[_Count]
    link_mails_a_day: _Figure[_Count]
    bank_details_a_day: _Figure[Annotated[int, Field(strict=True, ge=1, le=100)]]
    refused_shown_days: _Figure[_Count]
    signed_in_hours: _Figure[Annotated[int, Field(strict=True, ge=1, le=24)]]
    slack_code_minutes: _Figure[Annotated[int, Field(strict=True, ge=1, le=60)]]
    slack_code_tries: _Figure[Annotated[int, Field(strict=True, ge=1, le=10)]]
    slack_codes_an_hour: _Figure[Annotated[int, Field(strict=True, ge=1, le=20)]]
    closing_days: _Figure[tuple[_Day, ...]]
    snooze_days: _Figure[Annotated[int, Field(strict=True, ge=1, le=60)]]
    digest_day: _Figure[Annotated[int, Field(strict=True, ge=1, le=5)]]
    digest_hour: _Figure[Annotated[int, Field(strict=True, ge=0, le=23)]]
    quiet_from: _Figure[Annotated[int, Field(strict=True, ge=13, le=24)]]
    quiet_until: _Figure[Annotated[int, Field(strict=True, ge=0, le=12)]]
    largest_document: _Figure[Annotated[int, Field(strict=True, ge=1, le=50)]]
    documents_together: _Figure[_Count]
    documents_at_most: _Figure[Annotated[int, Field(strict=True, ge=1, le=200)]]
    constitution_from: _Figure[tuple[rules.OrganisationType, ...]]
    largest_application: _Sum
    long_answer_characters: _Figure[_Count]
    short_answer_characters: _Figure[_Count]
    outcomes_in_form: _Figure[_Count]
    outcomes_at_most: _Figure[_Count]
    budget_lines_in_form: _Figure[_Count]
    budget_lines_at_most: _Figure[_Count]
    reference_alphabet: _Figure[Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{10,}$")]]
    reference_length: _Figure[Annotated[int, Field(strict=True, ge=4, le=12)]]
    csp_areas: _Figure[Annotated[tuple[_Text, ...], Field(min_length=1)]]
    declaration: _Figure[_Text]
    terms: _Figure[Annotated[tuple[_Text, ...], Field(min_length=1)]]


class _Objective(_Row):
    id: _Slug
    text: _Text


class _Plan(_Row):
    source: _Text
    since: _Day
    objectives: Annotated[tuple[_Objective, ...], Field(min_length=1)]


_Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]


class _Step(_Row):
    days: Annotated[int, Field(strict=True, ge=-3_660, le=3_660)]
    to: Annotated[tuple[Literal["recipient", "second_contact", "officer", "director"], ...], Field(min_length=1)]
    says: _Sentence = ""
    otherwise: _Sentence = ""


class NudgesRow(_Row):
    source: _Text
    since: _Day
    steps: tuple[_Step, ...]


class PauseRow(_Row):
    first: _Day = Field(alias="from")
    until: _Day | None = None
    why: _Text
    holds: Annotated[tuple[_Slug, ...], Field(min_length=1)]
    source: _Text

    def pause(self) -> rules.Pause:
        return rules.Pause(self.first, self.until, self.why, self.holds, self.source)


class _Threshold(_Row):
    id: Literal["goods_and_services", "light_touch", "notifiable"]
    value: _Pence
    rule: _Rule
    source: _Text
    since: _Day


class _Notice(_Row):
    id: _Slug
    name: _Text
    routes: Annotated[tuple[rules.Route, ...], Field(min_length=1)]
    threshold: Literal["covered", "notifiable"]
    before_signing: Annotated[bool, Field(strict=True)]
    by: _Text
    rule: _Rule
    source: _Text
    since: _Day


class _Retention(_Row):
    id: Literal["draft", "declined", "award", "bank_details", "documents"]
    what: _Text
    months: _Count
    counted_from: _Text
    rule: _Rule
    source: _Text
    since: _Day


class _Question(_Row):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    form: Literal["application", "return"]
    funds: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    least_tier: rules.Tier = rules.Tier.LIGHT
    kind: Literal["short", "long", "money", "date", "choice", "yes_no", "number"]
    title: _Text
    label: _Text
    hint: str = ""
    required: Annotated[bool, Field(strict=True)] = True
    word_limit: _Count | None = None
    choices: tuple[_Text, ...] = ()
    rule: _Rule
    source: _Text
    since: _Day


class CriterionRow(_Row):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    funds: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]  # a label in Slack
    weight: Annotated[int, Field(strict=True, ge=1, le=100)]
    highest: Annotated[int, Field(strict=True, ge=1, le=20)]
    rule: _Rule
    source: _Text
    since: _Day


class _Ages(_Row):
    lowest: Annotated[int, Field(strict=True, ge=0)]
    highest: _Whole
    highest_with_send: _Whole


class _Window(_Row):
    opens: _Day
    closes: _Day


class FundRow(_Row):
    id: _Slug
    name: _Text
    letters: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    rule: Literal["F1", "F2", "F3", "F4", "F5"]
    description: _Text
    purposes: Annotated[tuple[rules.Purpose, ...], Field(min_length=1)]
    kinds: Annotated[tuple[rules.Kind, ...], Field(min_length=1)]
    organisation_types: Annotated[tuple[rules.OrganisationType, ...], Field(min_length=1)]
    csp_route: rules.CspRoute
    open_to_applications: Annotated[bool, Field(strict=True)]
    government_grant: Annotated[bool, Field(strict=True)]
    after_year_end: rules.YearEnd
    windows: tuple[_Window, ...] = ()
    documents_at_once: Annotated[bool, Field(strict=True)] = False
    source: _Text
    since: _Day
    cap: _Sum | None = None
    ages: _Figure[_Ages] | None = None
    held_share: _Figure[_Share] | None = None

    def fund(self) -> rules.Fund:
        ages = self.ages
        return rules.Fund(
            **self.model_dump(exclude={"windows", "cap", "ages", "held_share"}),
            windows=tuple(rules.Window(window.opens, window.closes) for window in self.windows),
            cap=self.cap.figure() if self.cap else None,
            ages=rules.Figure(
                rules.Ages(**ages.value.model_dump()), ages.unit, ages.rule, ages.source, ages.since
            ) if ages else None,
            held_share=self.held_share.figure() if self.held_share else None,
        )  # fmt: skip


class DelegationRow(_Row):
    role: rules.Role
    of: rules.Body = rules.Body.OFFICE
    kinds: Annotated[tuple[rules.Kind, ...], Field(min_length=1)]
    funds: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    upper_limit: _Pence
    since: _Day
    source: _Text


class File(_Row):
    format: Literal[5]
    office: _Office
    tiers: tuple[BandRow[rules.Tier], ...]
    buying: tuple[BandRow[Literal["one_quote", "three_quotes", "tender"]], ...]
    figures: _Figures
    plan: _Plan
    nudges: dict[_Slug, NudgesRow]
    thresholds: tuple[_Threshold, ...]
    notices: tuple[_Notice, ...]
    retention: tuple[_Retention, ...]
    questions: tuple[_Question, ...] = ()
    criteria: Annotated[tuple[CriterionRow, ...], Field(min_length=1)]
    funds: Annotated[tuple[FundRow, ...], Field(min_length=1)]
    delegations: tuple[DelegationRow, ...] = ()
    pauses: tuple[PauseRow, ...] = ()

    def policy(self) -> rules.Policy:
        figures = {name: getattr(self.figures, name).figure() for name in _Figures.model_fields}
        route = figures["grant_route_at_most"]
        figures["grant_route_at_most"] = rules.Figure(
            rules.Route(route.value), route.unit, route.rule, route.source, route.since
        )
        return rules.Policy(
            office=rules.OfficeDetails(
                **{name: getattr(self.office, name).figure() for name in _Office.model_fields}
            ),
            tiers=tuple(band.band() for band in self.tiers),
            buying=tuple(
                rules.Band(rules.Route(band.name), band.lowest, band.below, band.rule, band.source, band.since)
                for band in self.buying
            ),
            plan=rules.Figure(
                tuple(rules.Objective(row.id, row.text) for row in self.plan.objectives),
                "objectives", "L4", self.plan.source, self.plan.since,
            ),
            areas=figures.pop("csp_areas"),
            nudges=tuple((kind, _steps(row)) for kind, row in self.nudges.items()),
            thresholds=tuple(rules.Threshold(**row.model_dump()) for row in self.thresholds),
            notices=tuple(rules.Notice(**row.model_dump()) for row in self.notices),
            retention=tuple(rules.Retention(**row.model_dump()) for row in self.retention),
            questions=tuple(rules.AddedQuestion(**row.model_dump()) for row in self.questions),
            criteria=tuple(rules.Criterion(**row.model_dump()) for row in self.criteria),
            funds=tuple(fund.fund() for fund in self.funds),
            delegations=tuple(rules.Delegation(**row.model_dump(exclude={"of"})) for row in self.delegations),
            pauses=tuple(row.pause() for row in self.pauses),
            **figures,
        )  # fmt: skip


def _steps(row: NudgesRow) -> rules.Figure[tuple[rules.NudgeStep, ...]]:
    steps = [rules.NudgeStep(step.days, to, step.says, step.otherwise) for step in row.steps for to in step.to]
    ordered = tuple(sorted(steps, key=lambda step: step.days))
    return rules.Figure(ordered, "days from the due date", "D0", row.source, row.since)
