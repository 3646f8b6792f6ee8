"""Awards: offered by a decision, accepted or refused by the applicant, then held to what was agreed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import deadlines, events, funds, outbox
from core.assessing import schedule_of
from core.errors import Conflict, Gone, NotFound, Refused
from core.links import link_for
from core.office import LONDON, Office, london_day
from core.records import Application, Award, Decision
from core.returns import RETURN
from core.rules.answers import clean_short
from core.rules.calendar import financial_year, year_label
from core.rules.lifecycle import AwardAction, AwardState, NotAllowed, next_award_state

ACCEPTANCE = "acceptance"
"""The kind of the deadline by which an offer is to be accepted (A6)."""

MEETING = "meeting"
"""The kind of the deadline by which a monitoring meeting is to be held (R2)."""


def subject(award: Award) -> str:
    """What deadlines and messages of an award are about."""
    return f"award:{award.id}"


def by_id(session: Session, award_id: int) -> Award:
    """The award of this row number. Raises NotFound."""
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound("There is no such award.")
    return award


def by_reference(session: Session, reference: str) -> Award:
    """The award of this reference. Raises NotFound."""
    award = session.scalars(select(Award).where(Award.reference == reference)).one_or_none()
    if award is None:
        raise NotFound(f"There is no award {reference}. Check the reference.")
    return award


def offer(
    session: Session,
    application: Application,
    decision: Decision,
    *,
    amount: int,
    office: Office,
    actor: str,
    now: datetime,
) -> Award:
    """Offer `amount` pence, in the decision's transaction: commitment (F6), acceptance date (A6), link and mail.

    Raises Refused (F6) when the fund has not got the money.
    """
    today = london_day(now)
    fund = office.policy.fund(application.fund)
    if fund is None or application.start_on is None or application.end_on is None or application.reference is None:
        raise Refused("This application lacks its fund or its dates, so nothing can be offered.")
    award = Award(
        application=application,
        reference=application.reference,
        fund=application.fund,
        kind=application.kind,
        status=AwardState.OFFERED.value,
        amount=amount,
        conditions=decision.conditions,
        start_on=application.start_on,
        end_on=application.end_on,
        offered_at=now,
        accept_by=today + timedelta(days=office.policy.acceptance_days.value),
        policy_version_id=decision.policy_version_id,
    )
    session.add(award)
    session.flush()
    year, this_year = financial_year(award.start_on), financial_year(today)
    committed = funds.commit(session, fund, year, amount, award_id=award.id, this_year=this_year, actor=actor, now=now)
    if committed == "forward":
        unfunded = f"This award is conditional on funding: nothing is allocated for {year_label(year)} yet."
        award.conditions = f"{award.conditions}\n{unfunded}"
    link_for(session, "offer", award.id, now=now, expires_at=_end_of(award.accept_by))
    deadlines.set_deadline(
        session,
        subject=subject(award),
        reference=award.reference,
        kind=ACCEPTANCE,
        due=award.accept_by,
        office=office,
        now=now,
        award_id=award.id,
    )
    told = {"amount": amount, "accept_by": award.accept_by.isoformat(), "money": committed, "year": year}
    events.append(session, "offered", award.reference, actor, told, now=now)
    _mail(session, "offer", award, now)
    return award


def _end_of(day: date) -> datetime:
    """The first instant after a day in London."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON).astimezone(UTC)


def _mail(session: Session, kind: str, award: Award, now: datetime) -> None:
    outbox.put(session, kind, subject=subject(award), key=f"{kind}:{award.id}", payload={"award_id": award.id}, now=now)


def _card(session: Session, award: Award, now: datetime) -> None:
    outbox.put(
        session,
        "card",
        subject=f"application:{award.application_id}",
        key=f"card:{award.application_id}:award-{award.status}",
        payload={"application_id": award.application_id},
        now=now,
    )


def _move(session: Session, award: Award, action: AwardAction) -> None:
    """Change the state, guarded in the database. Raises Conflict when it is not how things stand."""
    old = AwardState(award.status)
    try:
        new = next_award_state(old, action)
    except NotAllowed as error:
        raise Conflict(error.reason, "A3") from error
    moved = session.execute(
        update(Award)
        .where(Award.id == award.id, Award.status == old.value)
        .values(status=new.value)
        .execution_options(synchronize_session=False)
    )
    session.refresh(award)
    if not moved.rowcount:  # type: ignore[attr-defined]  # a CursorResult
        if award.status == AwardState.EXPIRED:
            raise _expired()
        raise Conflict("This offer has just been answered by somebody else. Open the link again to see how.", "A3")


def _expired() -> Gone:
    return Gone("This offer was open until its acceptance date, which has passed. Write to the office.", "A6")


def _check_open(award: Award, today: date) -> None:
    """Raises Gone for an offer whose acceptance date has passed, whether or not the sweep has closed it yet (A6)."""
    late = award.status == AwardState.OFFERED and today > award.accept_by
    if late or award.status == AwardState.EXPIRED:
        raise _expired()


def answer_name(name: str) -> str:
    """The name of whoever answers an offer, tidied. Raises Refused when there is none."""
    tidy = clean_short(name)[:200]
    if not tidy:
        raise Refused("Enter your full name.")
    return tidy


def accept(session: Session, award: Award, *, name: str, office: Office, now: datetime) -> Award:
    """Accept terms and measures (N3, A6): the award starts, and what falls due in it is stored (R1, R2).

    Raises Gone after the acceptance date, Conflict when the offer was answered already.
    """
    name = answer_name(name)
    today = london_day(now)
    _check_open(award, today)
    _move(session, award, AwardAction.ACCEPT)
    award.answered_at, award.answered_by = now, name
    for outcome in award.application.outcomes:
        outcome.accepted_at = now
    link_for(session, "offer", award.id, now=now).expires_at = None
    acceptance = deadlines.find(session, subject=subject(award), kind=ACCEPTANCE)
    if acceptance is not None:
        deadlines.meet(acceptance, now=now)
    policy = office.policy_under(award.policy_version)
    schedule = schedule_of(award.application, policy=policy, today=today, amount=award.amount)
    for kind, days in ((RETURN, schedule.returns.due), (MEETING, schedule.meetings.due)):
        for day in days:
            stored = deadlines.set_deadline(
                session,
                subject=subject(award),
                reference=award.reference,
                kind=kind,
                due=day,
                office=office,
                now=now,
                award_id=award.id,
                final=kind == RETURN and day == days[-1],
            )
            if kind == RETURN:
                session.flush()
                link_for(session, "return", stored.id, now=now)
    session.flush()
    session.refresh(award)
    told = {
        "name": name,
        "terms": list(policy.terms.value),
        "policy": award.policy_version.fingerprint,
        "measures": len(award.application.outcomes),
        "returns": [day.isoformat() for day in schedule.returns.due],
        "meetings": [day.isoformat() for day in schedule.meetings.due],
    }
    events.append(session, "offer_accepted", award.reference, f"applicant: {name}", told, now=now)
    _mail(session, "award_started", award, now)
    _card(session, award, now)
    return award


def refuse(session: Session, award: Award, *, name: str, now: datetime) -> Award:
    """Turn the offer down: its money goes back to the fund.

    Raises Gone after the acceptance date, Conflict when the offer was answered already.
    """
    name = answer_name(name)
    _check_open(award, london_day(now))
    _move(session, award, AwardAction.REFUSE)
    award.answered_at, award.answered_by = now, name
    _end_offer(session, award, f"applicant: {name}", "the offer was refused", now)
    events.append(session, "offer_refused", award.reference, f"applicant: {name}", {"name": name}, now=now)
    _mail(session, "offer_refused", award, now)
    return award


def _end_offer(session: Session, award: Award, actor: str, note: str, now: datetime) -> None:
    deadlines.close(session, subject=subject(award), now=now)
    funds.release(session, award.id, actor=actor, note=note, now=now)
    _card(session, award, now)


def expire_offers(session: Session, *, today: date, now: datetime) -> list[str]:
    """Close the offers whose acceptance date has passed (A6) and give their money back. Answers their references."""
    late = session.scalars(
        select(Award)
        .where(Award.status == AwardState.OFFERED.value, Award.accept_by < today)
        .order_by(Award.fund, Award.start_on, Award.id)  # balances are locked in the order of fund and year
        .with_for_update(skip_locked=True)
    ).all()
    for award in late:
        _move(session, award, AwardAction.EXPIRE)
        _end_offer(session, award, "the desk", "the offer was not accepted in time", now)
        told = {"accept_by": award.accept_by.isoformat()}
        events.append(session, "offer_expired", award.reference, "the desk", told, now=now)
        _mail(session, "offer_expired", award, now)
    return [award.reference for award in late]
