"""Which documents an application or an award is asked for, and what waits for each (T1, L5, P0)."""

from dataclasses import dataclass
from enum import StrEnum

from core.rules.facts import Facts, Stage
from core.rules.money import display
from core.rules.policy import Kind, Policy
from core.rules.procurement import procurement
from core.rules.words import counted

__all__ = ["Consent", "DocumentKind", "ScanState", "Wanted", "documents_wanted", "in_words"]


class DocumentKind(StrEnum):
    """What a document is, as whoever sends it says."""

    QUOTE = "quote"
    CONSTITUTION = "constitution"
    SAFEGUARDING_POLICY = "safeguarding_policy"
    RECEIPT = "receipt"
    PICTURE = "picture"
    OTHER = "other"


class ScanState(StrEnum):
    """What the virus scanner has said of a document. `NOT_SCANNED`: there is no scanner."""

    WAITING = "waiting"
    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"

    @property
    def may_be_opened(self) -> bool:
        """Whether anybody may have it: what waits is in quarantine."""
        return self in (ScanState.CLEAN, ScanState.NOT_SCANNED)


@dataclass(frozen=True, slots=True)
class Consent:
    """What whoever sends a picture says of it: who is in it, all of whom agreed, for a child its parents.

    `may_publish` says whether they agreed that it is shown to the public; without that it never is.
    """

    shows: str
    may_publish: bool


def in_words(kind: str) -> str:
    """A kind of document as it stands in a sentence: "safeguarding policy"."""
    return "document" if kind == DocumentKind.OTHER else kind.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Documents of one kind that are asked for: how many, by which rule, why, and which step waits for them.

    `needed_by` None: nothing waits.
    """

    kind: DocumentKind
    number: int
    rule: str
    because: str
    needed_by: Stage | None


def documents_wanted(facts: Facts, policy: Policy) -> tuple[Wanted, ...]:
    """What is asked for, in the order in which it is asked: quotes (T1), safeguarding policy, constitution (L5).

    Only what a grant buys is the recipient's to show quotes for; for a contract the office collects them itself.
    """
    return tuple(one for one in (_quotes(facts, policy), _safeguarding(facts), _constitution(facts, policy)) if one)


def _quotes(facts: Facts, policy: Policy) -> Wanted | None:
    number = procurement(facts, policy).quotes if facts.kind is Kind.GRANT else 0
    if not number:
        return None
    because = (
        f"Your largest purchase from one supplier is {display(facts.purchases)}, so we ask for "
        f"{counted(number, 'written quote')}."
    )
    return Wanted(DocumentKind.QUOTE, number, "T1", because, Stage.PAYMENT)


def _safeguarding(facts: Facts) -> Wanted | None:
    if facts.plan.at_risk is False:
        return None
    because = (
        "Children or adults at risk take part."
        if facts.plan.at_risk
        else "Nobody has told us yet that no children or adults at risk take part."
    )
    return Wanted(DocumentKind.SAFEGUARDING_POLICY, 1, "L5", because, Stage.PAYMENT)


def _constitution(facts: Facts, policy: Policy) -> Wanted | None:
    if facts.organisation_type not in policy.constitution_from.value:
        return None
    because = "It shows us who you are, and who may act for you."
    return Wanted(DocumentKind.CONSTITUTION, 1, "L5", because, None)
