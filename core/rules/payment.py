"""What a payment waits for (F7) and what is checked before money leaves (L5), and the stages of an award's payments."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from core.rules.authority import Decider, Refusal
from core.rules.calendar import date_text, financial_year, year_bounds
from core.rules.checks import Checks, checks_finding
from core.rules.facts import Finding, Stage, Verdict
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Body, Policy, Role
from core.rules.states import Lifecycle, Stands
from core.rules.words import counted

__all__ = [
    "PAYMENT",
    "CheckKind",
    "PaymentAction",
    "PaymentFacts",
    "PaymentState",
    "may_handle",
    "needs_chief_finance",
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

    `checks` is the award as L5 sees it; `paid` what of it has left already and not come back, `funded` what of it is
    committed and not paid: not what is conditional on a later year's funding. `to_come` is what of `funded` falls in a
    financial year that has not begun. `quotes_needed` is what T1 asks of this award. `return_due` is the day of the
    return that the payment depends on. `agreement_signed` is None for an award that is agreed online.
    """

    checks: Checks
    amount: int
    paid: int
    funded: int
    accepted: bool
    planned_on: date
    today: date
    to_come: int = 0
    quotes_needed: int = 0
    quotes: int = 0
    return_due: date | None = None
    return_received: bool = False
    agreement_signed: bool | None = None
    held_because: str | None = None
    approver: int | None = None
    payer: int | None = None
    chief_finance: int | None = None


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
    return (worst_of("F7", _payment_parts(facts, policy)), checks_finding(facts.checks, policy, paying=True))


def _met(because: str) -> Part:
    return Part(Verdict.MET, because)


def _later(because: str, remedy: str) -> Part:
    return Part(Verdict.ADVICE, because, remedy, Stage.PAYMENT)


def _stop(because: str, remedy: str) -> Part:
    return Part(Verdict.NOT_MET, because, remedy, Stage.PAYMENT)


def _payment_parts(facts: PaymentFacts, policy: Policy) -> tuple[Part, ...]:
    parts = (
        _accepted(facts),
        _agreement(facts),
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


def _agreement(facts: PaymentFacts) -> Part | None:
    """The terms of what is bought are in its agreement: they are accepted by the signature (A6)."""
    if facts.agreement_signed is None:
        return None
    if facts.agreement_signed:
        return _met("Its agreement is signed.")
    return _stop("Its agreement is not signed.", "Record by whom and when it was signed, then pay.")


def _within(facts: PaymentFacts) -> Part:
    left = facts.checks.amount - facts.paid
    if facts.amount > left:
        return _stop(
            f"{display(facts.amount)} is more than the {display(max(left, 0))} of the award's "
            f"{display(facts.checks.amount)} that has not been paid.",
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
    begun = facts.funded - facts.to_come
    if facts.amount > begun:
        starts = date_text(year_bounds(financial_year(facts.today) + 1)[0])
        wait = _later if facts.payer is None else _stop
        return wait(
            f"Only {display(begun)} of what has not been paid falls in a financial year that has begun.",
            f"Pay {display(begun)} or less, or wait for {starts}, when the next one begins."
            if begun > 0
            else f"Wait for {starts}, when the next one begins.",
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


def needs_chief_finance(amount: int, policy: Policy) -> bool:
    """Whether the chief finance officer checks a payment of so many pence before it is made (F7)."""
    limit = policy.chief_finance_over.value
    return limit is not None and amount > limit


def _chief_finance(facts: PaymentFacts, policy: Policy) -> Part | None:
    limit = policy.chief_finance_over.value
    if limit is None or not needs_chief_finance(facts.amount, policy):
        return None
    over = f"{display(facts.amount)} is over {display(limit)}"
    if facts.chief_finance is None:
        wait = _later if facts.payer is None else _stop
        return wait(f"{over}, and the chief finance officer has not checked it.", "Ask for that check.")
    if facts.chief_finance == facts.payer:
        return _stop(f"{over}, and you are the one who checked it.", "Somebody else pays it.")
    return _met(f"{over}, and the chief finance officer has checked it.")
