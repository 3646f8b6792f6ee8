"""What staff do on an award's page about what falls due in it: its agreement, its payments, and looking at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from core import agreements, looks, payments
from core.errors import Conflict, Gone, NotFound, Refused
from core.office import Office
from core.records import Agreement, Award, Payment, Person
from core.returns import RETURN
from core.rules.calendar import date_text
from core.rules.lifecycle import AGREEMENT, AgreementState
from core.rules.money import MoneyError, pence_from_typed
from core.rules.payment import PAYMENT, PaymentAction, PaymentState
from core.rules.reviewing import LookOutcome
from intake import pages
from intake.staff import forms
from intake.staff.forms import WORDS, WrongField

Action = Callable[[Session, Award, Person], object]

OUTCOMES: Final = {
    LookOutcome.CONTINUE: "It goes on as it is",
    LookOutcome.AMEND: "It goes on, and something is changed",
    LookOutcome.DISCONTINUE: "It should end",
}
"""What a look may end in, as staff choose it."""


@contextmanager
def _at(field: str) -> Iterator[None]:
    """What is refused inside is said at this field: these forms have more than a box for words."""
    try:
        yield
    except (Conflict, Gone, NotFound, WrongField):
        raise
    except Refused as refusal:
        raise WrongField(field, refusal.reason) from refusal


def _words() -> str:
    return forms.typed().get(WORDS, "")


def _send_agreement(session: Session, award: Award, person: Person) -> None:
    sent_on = forms.day("sent", "Enter the day on which it was sent")
    with _at("sent-day"):
        agreements.send(session, award.id, person, sent_on=sent_on, note=_words(), now=pages.office().clock())


def _redraft_agreement(session: Session, award: Award, person: Person) -> None:
    agreements.redraft(session, award.id, person, note=_words(), now=pages.office().clock())


def _sign_agreement(session: Session, award: Award, person: Person) -> None:
    typed = forms.typed()
    if not typed.get("signed_by", "").strip():
        raise WrongField("signed_by", "Enter who signed it for the recipient")
    signed_on = forms.day("signed", "Enter the day on which it was signed")
    with _at("signed-day"):
        agreements.sign(
            session,
            award.id,
            person,
            signed_by=typed["signed_by"],
            signed_on=signed_on,
            document=typed.get("document", ""),
            passes_on=typed.get("passes_on") == "yes",
            now=pages.office().clock(),
        )


def _plan_payment(session: Session, award: Award, person: Person) -> None:
    office, typed = pages.office(), forms.typed()
    try:
        amount = pence_from_typed(typed.get("amount", ""))
    except MoneyError as error:
        raise WrongField("amount", str(error)) from error
    planned_on = forms.day("planned", "Enter the day on which it is to be paid")
    after = typed.get("return_due", "")
    due = {one.due.isoformat(): one.due for one in award.deadlines if one.kind == RETURN and one.is_open}
    if after and after not in due:
        raise WrongField("return_due", "Choose a return that has not come in, or none")
    with _at("amount"):
        payments.plan(
            session,
            award.id,
            person,
            amount=amount,
            planned_on=planned_on,
            return_due=due.get(after),
            now=office.clock(),
        )


def _move_payment(session: Session, award: Award, person: Person) -> None:
    planned_on = forms.day("planned", "Enter the day on which it is to be paid")
    now = pages.office().clock()
    payments.move_day(session, award.id, forms.number(), person, planned_on=planned_on, reason=_words(), now=now)


def _cancel_payment(session: Session, award: Award, person: Person) -> None:
    payments.cancel(session, award.id, forms.number(), person, reason=_words(), now=pages.office().clock())


def _hold_payment(session: Session, award: Award, person: Person) -> None:
    payments.hold(session, award.id, forms.number(), person, reason=_words(), now=pages.office().clock())


def _release_payment(session: Session, award: Award, person: Person) -> None:
    payments.release(session, award.id, forms.number(), person, reason=_words(), now=pages.office().clock())


def _approve_payment(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    payments.approve(session, award.id, forms.number(), person, office=office, now=office.clock())


def _check_payment(session: Session, award: Award, person: Person) -> None:
    payments.check_as_chief_finance(session, award.id, forms.number(), person, now=pages.office().clock())


def _pay_payment(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    payments.pay(session, award.id, forms.number(), person, office=office, now=office.clock())


def _look(session: Session, award: Award, person: Person) -> None:
    office, typed = pages.office(), forms.typed()
    outcome = typed.get("outcome", "")
    if outcome not in set(LookOutcome):
        raise WrongField("outcome", "Choose how it goes on")
    looks.record(
        session,
        award.id,
        person,
        due=_due(),
        outcome=LookOutcome(outcome),
        reconciled=typed.get("reconciled") == "yes",
        note=_words(),
        office=office,
        now=office.clock(),
    )


def _move_look(session: Session, award: Award, person: Person) -> None:
    until = forms.day("until", "Enter the day on which it is to be looked at")
    now = pages.office().clock()
    looks.move(session, award.id, person, due=_due(), until=until, reason=_words(), now=now)


def _due() -> date:
    """The day of the look that the page showed."""
    try:
        return date.fromisoformat(forms.typed().get("due", ""))
    except ValueError:
        raise WrongField(WORDS, "Load the page again: it does not say which review this is") from None


ACTIONS: Final[Mapping[str, Action]] = {
    "send-agreement": _send_agreement,
    "redraft-agreement": _redraft_agreement,
    "sign-agreement": _sign_agreement,
    "plan-payment": _plan_payment,
    "move-payment": _move_payment,
    "cancel-payment": _cancel_payment,
    "hold-payment": _hold_payment,
    "release-payment": _release_payment,
    "approve-payment": _approve_payment,
    "check-payment": _check_payment,
    "pay-payment": _pay_payment,
    "look": _look,
    "move-look": _move_look,
}


def shown(session: Session, award: Award, *, judges: bool, handles: bool, office: Office) -> dict[str, Any]:
    """What the page shows of it. `judges`: whoever looks may judge of the award; `handles`: also of its money."""
    today = office.today()
    agreement = agreements.of_award(session, award)
    look = looks.deadline_of(session, award)
    seen = looks.to_look_at(session, award, today=today) if look is not None else None
    planned = payments.of_award(session, award)
    left = award.amount - sum(one.amount for one in planned if one.status != PaymentState.CANCELLED)
    return {
        "agreement": _agreement(award, agreement, office) if agreement is not None else None,
        "payments": [_payment(session, one, office) for one in planned],
        "unplanned": left,
        "open_returns": [one.due for one in award.deadlines if one.kind == RETURN and one.is_open],
        "look": look,
        "look_late": look is not None and look.due < today,
        "seen": seen,
        "held": seen.money.paid - seen.money.returned - seen.money.spent if seen is not None else 0,
        "views": [(where, said) for where, said in seen.views if said.strip()] if seen is not None else [],
        "looks": looks.of_award(session, award),
        "outcomes": [(one.value, text) for one, text in OUTCOMES.items()],
        "outcome_words": {one.value: text for one, text in OUTCOMES.items()},
        "due_keys": _keys(award, agreement, planned, look is not None, judges=judges, handles=handles),
    }


def _keys(
    award: Award, agreement: Agreement | None, planned: list[Payment], look: bool, *, judges: bool, handles: bool
) -> set[str]:
    """The forms with a field in them that the page has now."""
    if award.status != "active":
        return set()
    found: set[str] = set()
    if judges and agreement is not None:
        found |= {
            AgreementState.DRAFTED: {"send-agreement"},
            AgreementState.SENT: {"sign-agreement", "redraft-agreement"},
        }.get(AgreementState(agreement.status), set())
    if judges and look:
        found |= {"look", "move-look"}
    if handles:
        found.add("plan-payment")
        for one in planned:
            state = PaymentState(one.status)
            if state not in PAYMENT.finals:
                found |= {f"move-payment-{one.number}"}
            found |= {
                f"{action.value}-payment-{one.number}"
                for action in PAYMENT.actions(state)
                if action in (PaymentAction.CANCEL, PaymentAction.HOLD, PaymentAction.RELEASE)
            }
    return found


def _agreement(award: Award, agreement: Agreement, office: Office) -> dict[str, Any]:
    state = AgreementState(agreement.status)
    how, instead = AGREEMENT.stands[state]
    due = next((one.due for one in award.deadlines if one.kind == agreements.AGREEMENT_KIND and one.is_open), None)
    return {
        "row": agreement,
        "state": state.value,
        "how": how,
        "instead": instead,
        "due": due,
        "notices": [one.name for one in agreements.notices(award, office=office, today=office.today())],
        "transfer": agreements.transfer(award, agreement, office),
    }


def _payment(session: Session, payment: Payment, office: Office) -> dict[str, Any]:
    state = PaymentState(payment.status)
    actions = {one.value for one in PAYMENT.actions(state)}
    rules = payments.findings(session, payment, office=office, now=office.clock()) if actions else ()
    after = f", after the return due on {date_text(payment.return_due)}" if payment.return_due else ""
    return {
        "row": payment,
        "state": state.value,
        "after": after,
        "waits": payments.waits_for(session, payment) if actions else "",
        "actions": actions,
        "unchecked": payments.awaits_chief_finance(payment, office.policy),
        "findings": rules,
    }
