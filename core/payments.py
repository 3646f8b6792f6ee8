"""Payments (F7): planned in stages, checked, approved by one person and paid by another, held; money that comes back.

What an award has been paid is a column of it, changed by one conditional update; the ledger has the same by pot. What
is checked before money leaves is in `core.award_checks`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import award_checks, commitments, deadlines, events, guarded, people, returns, written, year_end
from core.assessing import facts_of, finding_data
from core.commitments import Freed
from core.errors import Conflict, NotFound, Refused
from core.ledger import HeldYear, enter, held_years
from core.office import Office, london_day
from core.records import Agreement, Award, FundYear, MonitoringReturn, Payment, Person
from core.rules.calendar import date_text, financial_year
from core.rules.checks import Checks
from core.rules.facts import Finding, Verdict
from core.rules.lifecycle import AwardState
from core.rules.money import display
from core.rules.payment import (
    PAYMENT,
    CheckKind,
    PaymentAction,
    PaymentFacts,
    PaymentState,
    needs_chief_finance,
    payment_findings,
)
from core.rules.policy import Kind, Policy, Role
from core.rules.procurement import procurement

PAYMENT_KIND = "payment"
"""The kind of the deadline by which a planned payment is to be made."""


def _begun(session: Session, award_id: int, person: Person) -> Award:
    award = commitments.held_award(session, award_id)
    award_checks.check_handler(session, award, person)
    if award.status != AwardState.ACTIVE:
        raise Refused(f"{award.reference} is not an award that has been accepted and still runs.", "F7")
    return award


def of_award(session: Session, award: Award) -> list[Payment]:
    """Every payment of an award, planned, paid or cancelled, in the order in which they were planned."""
    return list(session.scalars(select(Payment).where(Payment.award_id == award.id).order_by(Payment.number)))


def waiting_for_returns(session: Session, award: Award, due: date | None = None) -> list[Payment]:
    """The payments of an award that wait for a return which has not come in, by its day; with `due`, for that one."""
    open_ones = [state.value for state in (PaymentState.PLANNED, PaymentState.HELD, PaymentState.APPROVED)]
    came_in = select(MonitoringReturn.due).where(MonitoringReturn.award_id == award.id)
    query = select(Payment).where(
        Payment.award_id == award.id,
        Payment.status.in_(open_ones),
        Payment.return_due.is_not(None),
        Payment.return_due.not_in(came_in),
    )
    if due is not None:
        query = query.where(Payment.return_due == due)
    return list(session.scalars(query.order_by(Payment.return_due, Payment.planned_on, Payment.number)))


def _payment(session: Session, award: Award, number: int) -> Payment:
    found = session.scalars(
        select(Payment)
        .where(Payment.award_id == award.id, Payment.number == number)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"{award.reference} has no payment number {number}.", "F7")
    return found


def plan(
    session: Session,
    award_id: int,
    person: Person,
    *,
    amount: int,
    planned_on: date,
    return_due: date | None = None,
    now: datetime,
) -> Payment:
    """Plan a payment of `amount` pence for a day; with `return_due` it depends on the return due on that day.

    The office is reminded of it; whoever plans it knows today what a step would say.

    Raises Refused (F7) where the award is not accepted, or its planned payments would come to more than it is;
    NotFound where no return is due on that day.
    """
    award = _begun(session, award_id, person)
    if amount <= 0:
        raise Refused("Plan a payment of an amount over zero.", "F7")
    if return_due is not None:
        returns.due_on(award, return_due)
    mine = select(func.coalesce(func.max(Payment.number), 0)).where(Payment.award_id == award.id)
    number = int(session.scalar(mine) or 0) + 1
    to_come = sum(
        one.amount
        for one in of_award(session, award)
        if one.status in (PaymentState.PLANNED, PaymentState.HELD, PaymentState.APPROVED)
    )
    left = award.amount - award.paid - to_come
    if amount > left:
        raise Refused(
            f"{display(left)} of {award.reference} is neither paid nor planned. Plan that or less, or vary the award.",
            "F7",
        )
    payment = Payment(
        award=award,
        number=number,
        amount=amount,
        planned_on=planned_on,
        return_due=return_due,
        status=PaymentState.PLANNED.value,
    )
    session.add(payment)
    session.flush()
    tomorrow = london_day(now) + timedelta(days=1)
    _set_deadline(session, payment, now=now, silent_before=tomorrow)
    told = {
        "amount": amount,
        "planned_on": planned_on.isoformat(),
        "return_due": return_due.isoformat() if return_due else None,
    }
    _tell(session, award, "payment_planned", person, payment, told, now=now)
    return payment


def subject(payment: Payment) -> str:
    """What the deadline of a payment is about."""
    return f"payment:{payment.id}"


def _set_deadline(session: Session, payment: Payment, *, now: datetime, silent_before: date) -> None:
    deadlines.set_deadline(
        session,
        subject=subject(payment),
        reference=payment.award.reference,
        kind=PAYMENT_KIND,
        due=payment.planned_on,
        now=now,
        award_id=payment.award_id,
        silent_before=silent_before,
    )


def catch_up(session: Session, payment: Payment, *, silent_before: date, now: datetime) -> bool:
    """Set the day of a planned payment from before there were any; answers whether it had none."""
    if deadlines.find(session, subject=subject(payment), kind=PAYMENT_KIND) is not None:
        return False
    _set_deadline(session, payment, now=now, silent_before=silent_before)
    return True


def of_deadline(session: Session, about: str) -> Payment | None:
    """The payment that a deadline of this subject is about."""
    number = about.removeprefix("payment:")
    return session.get(Payment, int(number)) if number != about and number.isdigit() else None


def waits_for(session: Session, payment: Payment) -> str:
    """What a payment waits for that is not the office's own approval, in a few words: "" for nothing."""
    if payment.status == PaymentState.HELD:
        return "it is held"
    due = payment.return_due
    if due is not None and returns.received(session, payment.award, due) is None:
        return f"it waits for the return due on {date_text(due)}"
    if _agreement_signed(session, payment.award) is False:
        return "it waits for the agreement to be signed"
    return ""


def _agreement_signed(session: Session, award: Award) -> bool | None:
    """Whether the agreement of an award is signed; None where it needs none."""
    found = session.execute(select(Agreement.signed_on).where(Agreement.award_id == award.id)).one_or_none()
    return None if found is None else found[0] is not None


def move_day(
    session: Session,
    award_id: int,
    number: int,
    person: Person,
    *,
    planned_on: date,
    reason: str,
    agreed_by: str = "",
    now: datetime,
) -> Payment:
    """Plan a payment that has not been made for another day, for a reason: its reminders move with it.

    Raises Refused (F7) where this person may not, gives no reason or the same day, Conflict once it was paid or
    cancelled.
    """
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    missing = "Say why it is paid on another day: it goes on the record."
    said = written.reason(reason, missing, "F7", agreed_by=agreed_by)
    if PaymentState(payment.status) in PAYMENT.finals:
        how, instead = PAYMENT.stands[PaymentState(payment.status)]
        raise Conflict(f"This payment cannot be moved to another day: {how}. {instead}", "F7")
    was = payment.planned_on
    if planned_on == was:
        raise Refused(f"It is planned for {date_text(was)} already. Enter another day.", "F7")
    payment.planned_on = planned_on
    found = deadlines.open_one(session, subject=subject(payment), kind=PAYMENT_KIND)
    if found is not None:
        deadlines.wait_again(session, found, due=planned_on, since=london_day(now) + timedelta(days=1), now=now)
    session.flush()
    told = {"was": was.isoformat(), "planned_on": planned_on.isoformat(), "reason": said}
    _tell(session, award, "payment_moved", person, payment, told, now=now)
    return payment


def _tell(
    session: Session,
    award: Award,
    kind: str,
    person: Person,
    payment: Payment | None,
    data: dict[str, Any],
    *,
    now: datetime,
) -> None:
    told = {**({"payment": payment.number} if payment else {}), **data, "person": person.id}
    events.append(session, kind, award.reference, people.actor_of(person), told, now=now)


def _check_action(payment: Payment, action: PaymentAction) -> PaymentState:
    """The state that an action leads to. Raises Conflict where it is not one of those that can be done now."""
    return guarded.state_after(PAYMENT, payment.status, action, "F7")


def _move(session: Session, payment: Payment, action: PaymentAction, **values: Any) -> None:
    """Change the state, guarded in the database. Raises Conflict when it is not how things stand."""
    new = _check_action(payment, action)
    if not guarded.change(session, payment, Payment.status == payment.status, status=new.value, **values):
        raise Conflict("Somebody else has just dealt with this payment. Look at it again.", "F7")


_UNAPPROVED = {"approver_id": None, "approved_at": None, "chief_finance_id": None, "chief_finance_at": None}


def hold(session: Session, award_id: int, number: int, person: Person, *, reason: str, now: datetime) -> Payment:
    """Hold a payment that has not been made, for a reason; an approval of it ends. Raises Refused or Conflict (F7)."""
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    said = written.words(reason, "Say why the payment is held: it goes on the record.", "F7")
    _move(session, payment, PaymentAction.HOLD, held_because=said, **_UNAPPROVED)
    _tell(session, award, "payment_held", person, payment, {"reason": said}, now=now)
    return payment


def release(session: Session, award_id: int, number: int, person: Person, *, reason: str, now: datetime) -> Payment:
    """End a hold, for a reason; the payment is approved afresh. Raises Refused or Conflict (F7)."""
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    said = written.words(reason, "Say why the payment is released: it goes on the record.", "F7")
    _move(session, payment, PaymentAction.RELEASE, held_because=None)
    _tell(session, award, "payment_released", person, payment, {"reason": said}, now=now)
    return payment


def cancel(session: Session, award_id: int, number: int, person: Person, *, reason: str, now: datetime) -> Payment:
    """Cancel a payment that has not been made, for a reason. Raises Refused or Conflict (F7)."""
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    said = written.words(reason, "Say why the payment is cancelled: it goes on the record.", "F7")
    _cancel(session, payment, now=now)
    _tell(session, award, "payment_cancelled", person, payment, {"reason": said}, now=now)
    return payment


def cancel_open(session: Session, award: Award, person: Person, *, reason: str, now: datetime) -> None:
    """Cancel what has not been paid of an award that is held: it ends."""
    for payment in of_award(session, award):
        if PaymentState(payment.status) not in PAYMENT.finals:
            _cancel(session, payment, now=now)
            _tell(session, award, "payment_cancelled", person, payment, {"reason": reason}, now=now)


def _cancel(session: Session, payment: Payment, *, now: datetime) -> None:
    _move(session, payment, PaymentAction.CANCEL)
    deadlines.close(session, subject=subject(payment), now=now)


def facts_for(
    session: Session, payment: Payment, *, office: Office, today: date, payer: int | None = None
) -> PaymentFacts:
    """What the rules are told of a payment as things stand; `payer` is who is about to pay it."""
    award = payment.award
    described = facts_of(award.application, award.amount)
    made = award_checks.of_award(session, award)
    subsidy = made[CheckKind.SUBSIDY].found if CheckKind.SUBSIDY in made else {}
    due, held = payment.return_due, commitments.holdings(session, award)
    return PaymentFacts(
        checks=Checks(
            kind=Kind(award.kind),
            amount=award.amount,
            at_risk=described.plan.at_risk,
            safeguarding_seen=CheckKind.SAFEGUARDING in made,
            bank_verified=award_checks.bank_verified(session, award, made),
            enterprise=subsidy.get("enterprise", described.plan.enterprise),
            assistance=subsidy.get("assistance", described.history.assistance),
            letters=bool(subsidy.get("letters")),
        ),
        amount=payment.amount,
        paid=award.paid,
        funded=sum(one.unpaid for one in held.values()),
        to_come=sum(one.unpaid for (year, _), one in held.items() if year > financial_year(today)),
        accepted=award.status == AwardState.ACTIVE,
        planned_on=payment.planned_on,
        today=today,
        quotes_needed=procurement(described, office.policy_under(award.policy_version)).quotes,
        quotes=made[CheckKind.QUOTES].found["quotes"] if CheckKind.QUOTES in made else 0,
        return_due=due,
        return_received=due is not None and returns.received(session, award, due) is not None,
        agreement_signed=_agreement_signed(session, award),
        held_because=payment.held_because,
        approver=payment.approver_id,
        payer=payer,
        chief_finance=payment.chief_finance_id,
    )


def findings(
    session: Session, payment: Payment, *, office: Office, now: datetime, payer: int | None = None
) -> tuple[Finding, ...]:
    """What F7 and L5 say about a payment as things stand."""
    return payment_findings(
        facts_for(session, payment, office=office, today=london_day(now), payer=payer), office.policy
    )


def _refuse_failed(found: tuple[Finding, ...]) -> None:
    failed = [finding for finding in found if finding.verdict is Verdict.NOT_MET]
    if failed:
        raise Refused(" ".join(f"{one.because} {one.remedy}".strip() for one in failed), failed[0].rule)


def approve(session: Session, award_id: int, number: int, person: Person, *, office: Office, now: datetime) -> Payment:
    """Approve a payment, so that somebody else may pay it. Raises Refused (F7, L5) or Conflict."""
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    _check_action(payment, PaymentAction.APPROVE)
    found = findings(session, payment, office=office, now=now)
    _refuse_failed(found)
    _move(session, payment, PaymentAction.APPROVE, approver_id=person.id, approved_at=now)
    told = {"amount": payment.amount, "findings": [finding_data(finding) for finding in found]}
    _tell(session, award, "payment_approved", person, payment, told, now=now)
    return payment


_UNPAID = (PaymentState.PLANNED.value, PaymentState.APPROVED.value)


def awaits_chief_finance(payment: Payment, policy: Policy) -> bool:
    """Whether the chief finance officer still has to check it, as the policy asks over a sum (F7)."""
    unchecked = payment.status in _UNPAID and payment.chief_finance_id is None
    return unchecked and needs_chief_finance(payment.amount, policy)


def check_as_chief_finance(session: Session, award_id: int, number: int, person: Person, *, now: datetime) -> Payment:
    """Record the chief finance officer's check of a payment, which the policy asks for over a sum (F7).

    Raises Refused for anybody else, Conflict once it was checked, paid or cancelled.
    """
    award = _begun(session, award_id, person)
    if Role(person.role) is not Role.FINANCE:
        raise Refused("This check is the chief finance officer's. Ask them for it.", "F7")
    payment = _payment(session, award, number)
    checked = {"chief_finance_id": person.id, "chief_finance_at": now}
    waits = Payment.status.in_(_UNPAID), Payment.chief_finance_id.is_(None)
    if not guarded.change(session, payment, *waits, **checked):
        if payment.status in _UNPAID:
            raise Conflict("This payment has been checked already. Nothing more is to be done about that.", "F7")
        how, instead = PAYMENT.stands[PaymentState(payment.status)]
        raise Conflict(f"This payment cannot be checked: {how}. {instead}", "F7")
    _tell(session, award, "payment_checked", person, payment, {"amount": payment.amount}, now=now)
    return payment


def pay(session: Session, award_id: int, number: int, person: Person, *, office: Office, now: datetime) -> Payment:
    """Record that a payment has been made, by somebody other than its approver.

    Raises Refused (F7, L5) while anything that it waits for is missing, Conflict when it was paid already.
    """
    award = _begun(session, award_id, person)
    payment = _payment(session, award, number)
    _check_action(payment, PaymentAction.PAY)
    found = findings(session, payment, office=office, now=now, payer=person.id)
    _refuse_failed(found)
    _move(session, payment, PaymentAction.PAY, payer_id=person.id, paid_at=now)
    due = deadlines.open_one(session, subject=subject(payment), kind=PAYMENT_KIND)
    if due is not None:
        deadlines.meet(session, due, now=now)
    _change_paid(session, award, payment.amount)
    held = held_years(session, award.fund, commitments.years_of(session, award))
    left, note, this_year = payment.amount, f"payment {payment.number}", financial_year(london_day(now))
    for row, holding in _slices(session, award, held):
        if row.year > this_year:
            break  # a year that has not begun pays nothing yet
        part = min(left, holding.unpaid)
        enter(session, row, "payment", -part, actor=people.actor_of(person), note=note, now=now, award=award)
        left -= part
    if left:
        raise Refused(f"{display(left)} of this payment is not funded.", "F7")
    told = {"amount": payment.amount, "findings": [finding_data(finding) for finding in found]}
    _tell(session, award, "paid", person, payment, told, now=now)
    return payment


def _slices(session: Session, award: Award, held: dict[int, HeldYear]) -> list[tuple[FundYear, commitments.Holding]]:
    rows = [row for in_year in held.values() for row in in_year]
    return commitments.slices(commitments.holdings(session, award), rows)


def _change_paid(session: Session, award: Award, change: int) -> None:
    """Change what an award has been paid by one conditional update: never under nothing, never over the award."""
    paid = Award.paid + change
    if not guarded.change(session, award, paid >= 0, paid <= Award.amount, paid=paid):
        raise Refused(
            f"{display(award.paid)} of the {display(award.amount)} of {award.reference} has been paid, so this cannot "
            "be recorded.",
            "F7",
        )


def take_back(
    session: Session, award_id: int, person: Person, *, amount: int, reasons: str, office: Office, now: datetime
) -> Award:
    """Record `amount` pence that the recipient returned: unspent, or clawed back (F7).

    It may be paid again while the award runs; of an award that has ended it goes back to the fund, as an underspend
    does. Raises Refused for more than was paid.
    """
    award = commitments.held_award(session, award_id)
    award_checks.check_handler(session, award, person)
    if amount <= 0:
        raise Refused("Record an amount over zero.", "F7")
    said = written.words(reasons, "Say why the money came back: it goes on the record.", "F7")
    fund, today = office.policy.fund(award.fund), london_day(now)
    years = commitments.years_of(session, award)
    held = (
        year_end.hold_years(session, fund, years, today) if fund is not None else held_years(session, award.fund, years)
    )
    _change_paid(session, award, -amount)
    left, freed = amount, []
    actor = people.actor_of(person)
    for row, holding in reversed(_slices(session, award, held)):
        part = min(left, holding.paid)
        if part == 0:
            continue
        enter(session, row, "returned", part, actor=actor, note=said, now=now, award=award)
        if award.status != AwardState.ACTIVE:
            enter(session, row, "release", part, actor=actor, note=said, now=now, award=award)
            freed.append(Freed(row, part))
        left -= part
    if left:
        raise RuntimeError(f"the ledger knows {display(left)} less of {award.reference} as paid than the award does")
    for year in sorted({one.row.year for one in freed}):
        commitments.confirm_forward(session, held[year], actor=actor, now=now)
    if fund is not None:
        year_end.settle(session, fund, freed, policy=office.policy, today=today, actor=actor, now=now)
    _tell(session, award, "money_returned", person, None, {"amount": amount, "reasons": said}, now=now)
    return award
