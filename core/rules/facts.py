"""What the rules are told, and what they answer: facts in, findings out."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.rules.policy import CrimeGround, Kind, OrganisationType, Purpose, SingleTenderReason
from core.rules.sources import paragraph

__all__ = ["Facts", "Finding", "Money", "Verdict", "advice", "met", "not_met"]


class Verdict(StrEnum):
    """What a rule says. `not_met` blocks approval; `advice` can be approved with a reason (A5)."""

    MET = "met"
    NOT_MET = "not_met"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one set of facts: why, with the figures in it, and what would put it right."""

    rule: str
    paragraph: str
    verdict: Verdict
    because: str
    remedy: str = ""


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

    @property
    def victim(self) -> bool:
        """Whether it is a victim service (L2): stated, or for a purpose that is one."""
        return self.victim_service is True or self.purpose in (Purpose.VICTIM_SERVICES, Purpose.RAPE_SUPPORT)


@dataclass(frozen=True, slots=True)
class Money:
    """A fund's position in the financial year of the start, in pence; `allocated` None: nothing allocated yet."""

    allocated: int | None
    available: int | None


def met(rule: str, because: str) -> Finding:
    """A finding that the rule is met."""
    return Finding(rule, paragraph(rule), Verdict.MET, because)


def not_met(rule: str, because: str, remedy: str) -> Finding:
    """A finding that blocks approval."""
    return Finding(rule, paragraph(rule), Verdict.NOT_MET, because, remedy)


def advice(rule: str, because: str, remedy: str = "") -> Finding:
    """A finding that does not block, and says what is still needed."""
    return Finding(rule, paragraph(rule), Verdict.ADVICE, because, remedy)
