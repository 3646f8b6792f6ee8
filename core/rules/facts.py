"""What the rules are told, and what they answer: facts in, findings out."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.rules.policy import CrimeGround, Kind, OrganisationType, Purpose, SingleTenderReason
from core.rules.sources import paragraph

__all__ = [
    "BuyingFacts",
    "Facts",
    "Finding",
    "History",
    "Money",
    "PanelMember",
    "PlanFacts",
    "Stage",
    "Verdict",
    "advice",
    "met",
    "not_met",
]


class Verdict(StrEnum):
    """What a rule says. `not_met` blocks approval; `advice` can be approved with a reason (A5)."""

    MET = "met"
    NOT_MET = "not_met"
    ADVICE = "advice"


class Stage(StrEnum):
    """The step that waits for what a finding asks for."""

    RECOMMENDATION = "recommendation"
    APPROVAL = "approval"
    SIGNING = "signing"
    PAYMENT = "payment"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one set of facts: why, with the figures in it, and what would put it right.

    `needed_by` is the step that waits for the remedy; None where nothing waits.
    """

    rule: str
    paragraph: str
    verdict: Verdict
    because: str
    remedy: str = ""
    needed_by: Stage | None = None


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What is known from Understand and Plan beyond the need and the outcomes (P0). Text as given; None: not given.

    `existing_service`: could an existing service be re-commissioned or enhanced (U2). `needs_assessment` and
    `engagement` are for the full tier (U1). `co_design` says yes, or why not (N2). `at_risk`: children or adults at
    risk take part; `enterprise`: the recipient offers goods or services on a market (L5). `named_in_bid`: the
    recipient was named in a bid that the Commissioner sponsors, won on `bid_won_on` (L3). `short_term_reason`: why a
    contract is not multi-year (T7). `subsidy_letters`: the letters of minimal financial assistance are kept, and
    `bank_verified`: a second person verified the bank details by a call to a known number (L5).
    """

    existing_service: str | None = None
    needs_assessment: str | None = None
    engagement: str | None = None
    partnership: str | None = None
    pathways: str | None = None
    service_user_voice: str | None = None
    early_intervention: bool | None = None
    countywide: bool | None = None
    local_need: str | None = None
    co_design: str | None = None
    local_supplier: bool | None = None
    at_risk: bool | None = None
    safeguarding_seen: bool | None = None
    enterprise: bool | None = None
    named_in_bid: bool | None = None
    bid_won_on: date | None = None
    short_term_reason: str | None = None
    subsidy_letters: bool | None = None
    bank_verified: bool | None = None


@dataclass(frozen=True, slots=True)
class PanelMember:
    """Who evaluates a tender (T6): for whom they work, and whether they have declared an interest.

    `of` is "office", "force", "bidder" or "independent".
    """

    name: str
    of: str
    conflicted: bool = False


@dataclass(frozen=True, slots=True)
class BuyingFacts:
    """What is known of how something is bought (T2 to T8); None: not given.

    `partner_leads`: a partner leads the co-commissioned contract, and its procurement is recorded instead. The quality
    and cost shares are whole percentages. `ground` is the section of the Procurement Act 2023 for a direct award.
    `notices` are the ids of the statutory notices that were recorded. `offers` counts the written quotes or tenders
    that were received (T1). `whole_contract` is the value in pence of the contract that a contribution is to, where it
    is more than the contribution. `partner_procurement` says how the partner that leads bought it.
    """

    partner_leads: bool = False
    light_touch: bool | None = None
    envelope_shown: bool | None = None
    quality_share: int | None = None
    cost_share: int | None = None
    market_engagement: str | None = None
    single_tender_evidence: str | None = None
    approver_authorised: bool | None = None
    ground: str | None = None
    notices: frozenset[str] = frozenset()
    panel: tuple[PanelMember, ...] | None = None
    users_invited: bool | None = None
    users_not_invited_because: str | None = None
    offers: int | None = None
    whole_contract: int | None = None
    partner_procurement: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the record knows of the same recipient or supplier, in pence; None: not looked up.

    `same_supplier`: its other awards of the last months that count together (T2). `live_awards`: its other awards that
    are live (R2). `assistance`: minimal financial assistance over this and the previous years (L5). `overdue`: its
    returns that are overdue, each by its reference and day (R1).
    """

    same_supplier: int | None = None
    live_awards: int | None = None
    assistance: int | None = None
    overdue: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """An award as it is described. Money is pence; `amount` is whole-life, extensions and VAT included.

    `purchases` is the largest purchase from one supplier that a grant makes. `fund` is the id of a fund of the policy.
    What only an application knows stands after `application`; None is "not given".
    """

    kind: Kind
    amount: int
    fund: str | None = None
    purpose: Purpose | None = None
    purchases: int = 0
    victim_service: bool | None = None
    planned: bool = True
    competed: bool = True
    single_tender_reason: SingleTenderReason | None = None
    start: date | None = None
    end: date | None = None
    application: bool = False
    organisation_type: OrganisationType | None = None
    csp_area: str | None = None
    age_from: int | None = None
    age_to: int | None = None
    send: bool | None = None
    plan_objective: str | None = None
    need: str | None = None
    existing_provision: str | None = None
    outcomes: int = 0
    crime_grounds: tuple[CrimeGround, ...] | None = None
    plan: PlanFacts = PlanFacts()
    buying: BuyingFacts = BuyingFacts()
    history: History = History()

    @property
    def victim(self) -> bool:
        """Whether it is a victim service (L2): stated, or for a purpose that is one."""
        return self.victim_service is True or self.purpose in (Purpose.VICTIM_SERVICES, Purpose.RAPE_SUPPORT)


@dataclass(frozen=True, slots=True)
class Money:
    """A fund's position in the financial year of the start, in pence; `allocated` None: nothing allocated yet.

    `needed` is what of the award falls in that year, where a profile says so; None: all of it.
    """

    allocated: int | None
    available: int | None
    needed: int | None = None


def met(rule: str, because: str) -> Finding:
    """A finding that the rule is met."""
    return Finding(rule, paragraph(rule), Verdict.MET, because)


def not_met(rule: str, because: str, remedy: str, needed_by: Stage | None = Stage.APPROVAL) -> Finding:
    """A finding that blocks approval, or the step that it names."""
    return Finding(rule, paragraph(rule), Verdict.NOT_MET, because, remedy, needed_by)


def advice(rule: str, because: str, remedy: str = "", needed_by: Stage | None = None) -> Finding:
    """A finding that does not block, and says what is still needed, and which step waits for it."""
    return Finding(rule, paragraph(rule), Verdict.ADVICE, because, remedy, needed_by)
