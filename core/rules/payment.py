"""What a payment waits for (F7) and what is checked before money leaves (L5), and the stages of an award's payments."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from core.rules.authority import Decider, Refusal
from core.rules.calendar import date_text
from core.rules.facts import Finding, Stage, Verdict
from core.rules.lifecycle import Lifecycle, Stands
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Body, Kind, Policy, Role
from core.rules.words import counted

__all__ = [
    "PAYMENT",
    "CheckKind",
    "PaymentAction",
    "PaymentFacts",
    "PaymentState",
    "may_handle",
    "payment_findings",
]


class CheckKind(StrEnum):
    """What the office looks at before money leaves (L5, T1)."""

    SAFEGUARDING = "safeguarding"
    BANK_DETAILS = "bank_details"
    QUOTES = "quotes"
    SUBSIDY = "subsidy"


class PaymentState(StrEnum):
    """Where a planned payment stands."""

    PLANNED = "planned"
    HELD = "held"
    APPROVED = "approved"
    PAID = "paid"
    CANCELLED = "cancelled"


class PaymentAction(StrEnum):
    """What can be done to a planned payment. To release it is to end a hold: it is approved again from the start."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    PAY = "pay"
    CANCEL = "cancel"


_S = PaymentState
_A = PaymentAction

PAYMENT: Final = Lifecycle(
    name="Payment",
    first=_S.PLANNED,
    finals=frozenset({_S.PAID, _S.CANCELLED}),
    table={
        (_S.PLANNED, _A.APPROVE): _S.APPROVED,
        (_S.PLANNED, _A.HOLD): _S.HELD,
        (_S.PLANNED, _A.CANCEL): _S.CANCELLED,
        (_S.HELD, _A.RELEASE): _S.PLANNED,
        (_S.HELD, _A.CANCEL): _S.CANCELLED,
        (_S.APPROVED, _A.PAY): _S.PAID,
        (_S.APPROVED, _A.HOLD): _S.HELD,
        (_S.APPROVED, _A.CANCEL): _S.CANCELLED,
    },
    stands={
        _S.PLANNED: Stands("it is planned", "Approve it first, hold it or cancel it."),
        _S.HELD: Stands("it is held", "Release it first, or cancel it."),
        _S.APPROVED: Stands("it has been approved", "Somebody else pays it, or it is held or cancelled."),
        _S.PAID: Stands("it has been paid", "Money that comes back is recorded as returned."),
        _S.CANCELLED: Stands("it has been cancelled", "Plan another payment if one is due."),
    },
    cannot={
        _A.APPROVE: "This payment cannot be approved",
        _A.HOLD: "This payment cannot be held",
        _A.RELEASE: "There is no hold on this payment to release",
        _A.PAY: "This payment cannot be paid",
        _A.CANCEL: "This payment cannot be cancelled",
    },
)
"""From the plan to the money leaving (F7)."""


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """One payment of an award as the rules see it. Money is pence; people are ids, None where nobody has done it yet.

    `award_amount` is what was awarded, `paid` what of it has left already and not come back, `funded` what of it is
    committed and not paid: not what is conditional on a later year's funding. `quotes_needed` is what T1 asks of this
    award. `return_due` is the day of the return that the payment depends on. `enterprise`: whether the recipient is
    one; `assistance` is its minimal financial assistance over this year and those before it that count, without this
    award; `letters`: whether it has confirmed that in writing. `at_risk` None: nobody has said.
    """

    kind: Kind
    amount: int
    award_amount: int
    paid: int
    funded: int
    accepted: bool
    planned_on: date
    today: date
    at_risk: bool | None = False
    safeguarding_seen: bool = False
    bank_verified: bool = False
    quotes_needed: int = 0
    quotes: int = 0
    return_due: date | None = None
    return_received: bool = False
    held_because: str | None = None
    approver: int | None = None
    payer: int | None = None
    chief_finance: int | None = None
    enterprise: bool | None = None
    assistance: int | None = None
    letters: bool = False


_HANDLERS: Final = frozenset(
    {Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE, Role.FINANCE, Role.COMMISSIONER}
)


def may_handle(person: Decider, interests: frozenset[int]) -> Refusal | None:
    """None where this person may plan, check, hold, approve or pay (F7), else why not.

    `interests` are the ids of people who declared an interest in the application (A2).
    """
    if person.body is not Body.OFFICE or person.role not in _HANDLERS:
        return Refusal("F7", "Payments are for the office's own staff. Leave this to one of them.")
    if person.person_id in interests:
        return Refusal("A2", "You have declared an interest, so you do not handle its payments. Leave it to another.")
    return None


def payment_findings(facts: PaymentFacts, policy: Policy) -> tuple[Finding, ...]:
    """F7, then L5, one finding each: what is met, what stops the payment, and what is still to come.

    The same facts are looked at before the approval, before the payment and in between: people who have not acted yet
    are advice, and become a refusal once there is a payer.
    """
    return (worst_of("F7", _payment_parts(facts, policy)), worst_of("L5", _check_parts(facts, policy)))


def _met(because: str) -> Part:
    return Part(Verdict.MET, because)


def _later(because: str, remedy: str) -> Part:
    return Part(Verdict.ADVICE, because, remedy, Stage.PAYMENT)


def _stop(because: str, remedy: str) -> Part:
    return Part(Verdict.NOT_MET, because, remedy, Stage.PAYMENT)


def _payment_parts(facts: PaymentFacts, policy: Policy) -> tuple[Part, ...]:
    parts = (
        _accepted(facts),
        _within(facts),
        _held(facts),
        _quotes(facts),
        _return(facts),
        _day(facts),
        _people(facts),
        _chief_finance(facts, policy),
    )
    return tuple(part for part in parts if part is not None)


def _accepted(facts: PaymentFacts) -> Part:
    if facts.accepted:
        return _met("The award is accepted and has not ended.")
    return _stop(
        "The award is not one that is accepted and still runs.",
        "Pay only after its terms are accepted, and before it is closed.",
    )


def _within(facts: PaymentFacts) -> Part:
    left = facts.award_amount - facts.paid
    if facts.amount > left:
        return _stop(
            f"{display(facts.amount)} is more than the {display(max(left, 0))} of the award's "
            f"{display(facts.award_amount)} that has not been paid.",
            f"Pay {display(left)} or less, or vary the award first." if left > 0 else "Vary the award first.",
        )
    if facts.amount > facts.funded:
        return _stop(
            f"Only {display(facts.funded)} of what has not been paid is funded; the rest waits for a later year's "
            "money.",
            f"Pay {display(facts.funded)} or less, or wait for that year's allocation."
            if facts.funded > 0
            else "Wait for that year's allocation.",
        )
    return _met(f"{display(facts.amount)} is within the {display(left)} that has not been paid.")


def _held(facts: PaymentFacts) -> Part | None:
    if facts.held_because is None:
        return None
    return _stop(f"It is held: {facts.held_because}", "Put that right, then release the payment.")


def _quotes(facts: PaymentFacts) -> Part | None:
    if facts.quotes_needed == 0:
        return None
    asked = f"Rule T1 asks for {counted(facts.quotes_needed, 'written quote')}, and {facts.quotes} came in."
    if facts.quotes >= facts.quotes_needed:
        return _met(asked)
    return _stop(asked, "Collect them from the recipient.")


def _return(facts: PaymentFacts) -> Part | None:
    if facts.return_due is None:
        return None
    due = date_text(facts.return_due)
    if facts.return_received:
        return _met(f"The return due on {due} has come in.")
    return _stop(f"It depends on the return due on {due}, which has not come in.", "Wait for that return.")


def _day(facts: PaymentFacts) -> Part | None:
    if facts.today >= facts.planned_on:
        return None
    return _later(f"It is planned for {date_text(facts.planned_on)}.", "Pay it on that day, unless otherwise agreed.")


def _people(facts: PaymentFacts) -> Part:
    if facts.approver is None:
        wait = _later if facts.payer is None else _stop
        return wait("Nobody has approved it yet.", "One person approves it, another pays it.")
    if facts.payer is None:
        return _later("It is approved.", "Somebody other than its approver pays it.")
    if facts.payer == facts.approver:
        return _stop("You approved this payment.", "Somebody else pays it.")
    return _met("One person approved it and another pays it.")


def _chief_finance(facts: PaymentFacts, policy: Policy) -> Part | None:
    limit = policy.chief_finance_over.value
    if limit is None or facts.amount <= limit:
        return None
    over = f"{display(facts.amount)} is over {display(limit)}"
    if facts.chief_finance is None:
        wait = _later if facts.payer is None else _stop
        return wait(f"{over}, and the chief finance officer has not checked it.", "Ask for that check.")
    if facts.chief_finance == facts.payer:
        return _stop(f"{over}, and you are the one who checked it.", "Somebody else pays it.")
    return _met(f"{over}, and the chief finance officer has checked it.")


def _check_parts(facts: PaymentFacts, policy: Policy) -> tuple[Part, ...]:
    return (_safeguarding(facts), _bank(facts), _subsidy(facts, policy))


def _safeguarding(facts: PaymentFacts) -> Part:
    if facts.safeguarding_seen:
        return _met("The safeguarding policy has been seen.")
    if facts.at_risk is None:
        return _stop(
            "Nobody has said whether children or adults at risk take part.",
            "Ask for the safeguarding policy, and record that you saw it.",
        )
    if not facts.at_risk:
        return _met("No children or adults at risk take part.")
    return _stop(
        "Children or adults at risk take part, and the safeguarding policy has not been seen.",
        "See it, and record that you did.",
    )


def _bank(facts: PaymentFacts) -> Part:
    if facts.bank_verified:
        return _met("The bank details have been verified.")
    return _stop(
        "The bank details have not been verified.",
        "A second person verifies them, by a call to a number that was known before.",
    )


def _subsidy(facts: PaymentFacts, policy: Policy) -> Part:
    """Minimal financial assistance to an enterprise: only a grant is one, a price paid for a service is not."""
    if facts.kind is not Kind.GRANT:
        return _met("It pays for something that was bought, so it is no subsidy.")
    if facts.enterprise is None:
        return _later("It is not recorded whether the recipient is an enterprise.", "Ask, and record the answer.")
    if not facts.enterprise:
        return _met("The recipient is not an enterprise, so this is no subsidy.")
    limit = policy.subsidy_limit.value
    over = f"over this financial year and the {policy.subsidy_years.value} before it"
    if facts.assistance is None:
        return _stop(
            f"The recipient is an enterprise, and what minimal financial assistance it had {over} is not recorded.",
            f"Ask for it: with this award it may come to {display(limit)}.",
        )
    total = facts.assistance + facts.award_amount
    if total > limit:
        return _stop(
            f"With this award the recipient's minimal financial assistance {over} comes to {display(total)}: more than "
            f"{display(limit)}.",
            "Take advice on subsidy control before anything is paid.",
        )
    if not facts.letters:
        return _stop(
            "The recipient is an enterprise, and has not confirmed its minimal financial assistance in writing.",
            "Exchange the letters, and record that you did.",
        )
    return _met(f"With this award its minimal financial assistance comes to {display(total)}, within {display(limit)}.")
