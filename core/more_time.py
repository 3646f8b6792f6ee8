"""More time for a return: its recipient asks for a later day, and the office agrees or declines; or it gives it (D0).

The deadline stands as it is until the office agrees. Then it moves, its steps move with it, and so does a payment that
waits for the return (F7). How far it may move is a figure of the policy.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import commitments, deadlines, events, guarded, outbox, people, written
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Award, Deadline, Payment, Person, TimeRequest
from core.returns import RETURN
from core.rules.calendar import date_text

NOT_NEEDED = "This return is in, or is not expected any more. It needs no more time."
"""Said to whoever asks for it all the same."""


class TimeState(StrEnum):
    """How a request for more time stands."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"
    LAPSED = "lapsed"


def latest_day(award: Award, deadline: Deadline, office: Office) -> date:
    """The last day to which a return may be moved: by the policy, and before the award's next return is due."""
    most = (deadline.first_due or deadline.due) + timedelta(days=office.policy.more_time_days.value)
    later = [one.due for one in award.deadlines if one.kind == RETURN and one.due > deadline.due]
    return min([most, *(day - timedelta(days=1) for day in later)])


def why_not(deadline: Deadline, until: date, latest: date, today: date) -> str:
    """Why a return cannot be moved to a day; "" where it can."""
    first = max(deadline.due, today) + timedelta(days=1)
    if latest < first:
        return f"It cannot be moved any further than {date_text(max(latest, deadline.due))}. Talk to us instead."
    if until < first:
        return f"The new day must be {date_text(first)} or later"
    if until > latest:
        return f"The new day must be {date_text(latest)} or earlier. If you need longer, talk to us"
    return ""


def requests(session: Session, deadline: Deadline) -> list[TimeRequest]:
    """Every request for more time for a return, the latest first."""
    query = select(TimeRequest).where(TimeRequest.deadline_id == deadline.id).order_by(TimeRequest.id.desc())
    return list(session.scalars(query))


def ask(
    session: Session, award: Award, deadline: Deadline, until: date, reason: str, *, office: Office, now: datetime
) -> TimeRequest:
    """Ask the office for a later day, and tell it. The deadline stays as it is until the office agrees.

    Raises Refused (D0) for a day that is too early or too late or without a reason, Conflict where the return is in,
    is not expected any more, or the office has a request before it already.
    """
    reason = written.words(reason, "Say why you need more time", "D0")
    session.refresh(deadline, with_for_update={"key_share": True})  # the return may come in at this moment
    if not deadline.is_open:
        raise Conflict(NOT_NEEDED, "D0")
    refusal = why_not(deadline, until, latest_day(award, deadline, office), london_day(now))
    if refusal:
        raise Refused(refusal, "D0")
    request = TimeRequest(
        award_id=award.id,
        deadline_id=deadline.id,
        due=deadline.due,
        until=until,
        reason=reason,
        status=TimeState.ASKED.value,
        asked_at=now,
    )
    try:
        with session.begin_nested():
            session.add(request)
    except IntegrityError:
        raise Conflict("We have a request of yours already. We answer it by e-mail.", "D0") from None
    told = {"due": request.due.isoformat(), "until": until.isoformat(), "reason": reason}
    events.append(session, "more_time_asked", award.reference, "recipient", told, now=now)
    _put(session, "more_time_asked", request, now)
    return request


def agree(session: Session, request_id: int, person: Person, *, office: Office, now: datetime) -> TimeRequest:
    """Agree: the return is due on the day that was asked for, its steps move, and the recipient is told (D0).

    Raises NotFound, Refused for whoever is not of the office or has an interest in the award (A2), or where the day has
    passed meanwhile, Conflict where it was answered already or the return came in.
    """
    request, actor = _held(session, request_id, person)
    deadline, today = request.deadline, london_day(now)
    refusal = why_not(deadline, request.until, latest_day(request.award, deadline, office), today)
    if refusal:
        raise Refused(f"{refusal}. Decline it, and say why.".replace("..", "."), "D0")
    _answer(session, request, TimeState.AGREED, None, person, now)
    _move(session, request, today=today, now=now)
    told = {"due": request.due.isoformat(), "until": request.until.isoformat(), "person": person.id}
    events.append(session, "more_time_agreed", request.award.reference, actor, told, now=now)
    _put(session, "more_time_agreed", request, now)
    return request


def give(
    session: Session,
    award: Award,
    deadline: Deadline,
    person: Person,
    until: date,
    *,
    reason: str,
    agreed_by: str,
    office: Office,
    now: datetime,
) -> TimeRequest:
    """Give a return a later day that nobody asked for here: agreed on the telephone, say. The recipient is told (D0).

    Raises Refused for whoever is not of the office or has an interest in the award (A2), or for a day that is too early
    or too late; Conflict where the return came in, moved or ended meanwhile, or its recipient's own request waits.
    """
    actor = people.judging_for_office(session, person, award.application_id, "give more time for a return", "D0")
    was = deadline.due
    commitments.held_award(session, award.id)
    session.refresh(deadline, with_for_update={"key_share": True})  # the return may come in at this moment
    if not deadline.is_open or deadline.due != was:
        raise deadlines.moved_meanwhile(was)
    asked = next((one for one in requests(session, deadline) if one.status == TimeState.ASKED), None)
    if asked is not None:
        raise Conflict(
            f"The recipient asks for more time until {date_text(asked.until)}. Agree to that, or decline it, on the "
            "award's page.",
            "D0",
        )
    latest, today = latest_day(award, deadline, office), london_day(now)
    if why_not(deadline, until, latest, today):
        first = max(was, today) + timedelta(days=1)
        raise Refused(
            f"Choose a day from {date_text(first)} to {date_text(latest)}: so far the policy lets this return move."
            if first <= latest
            else f"The policy does not let this return be due later than {date_text(max(was, latest))}.",
            "D0",
        )
    request = TimeRequest(
        award_id=award.id,
        deadline_id=deadline.id,
        due=was,
        until=until,
        reason=reason,
        status=TimeState.AGREED.value,
        answer=f"Given by the office. Agreed by {agreed_by}.",
        person_id=person.id,
        asked_at=now,
        answered_at=now,
    )
    session.add(request)
    session.flush()
    _move(session, request, today=today, now=now)
    told = {
        "deadline": deadline.id,
        "due": was.isoformat(),
        "until": until.isoformat(),
        "reason": reason,
        "agreed_by": agreed_by,
        "person": person.id,
    }
    events.append(session, "more_time_agreed", award.reference, actor, told, now=now)
    _put(session, "more_time_agreed", request, now, given=True)
    return request


def _move(session: Session, request: TimeRequest, *, today: date, now: datetime) -> None:
    """The return is due on the day that was agreed, and a payment that waits for it waits until then (F7)."""
    deadlines.extend(session, request.deadline, request.until, today=today, now=now)
    session.execute(
        update(Payment)
        .where(Payment.award_id == request.award_id, Payment.return_due == request.due)
        .values(return_due=request.until)
    )


def decline(session: Session, request_id: int, person: Person, *, reason: str, now: datetime) -> TimeRequest:
    """Decline with a reason: the return stays due on its day, and the recipient is told. Raises as `agree` does."""
    request, actor = _held(session, request_id, person)
    reason = written.words(reason, "Say why not: the recipient gets your reason by e-mail.", "D0")
    _answer(session, request, TimeState.DECLINED, reason, person, now)
    told = {"due": request.due.isoformat(), "until": request.until.isoformat(), "reason": reason, "person": person.id}
    events.append(session, "more_time_declined", request.award.reference, actor, told, now=now)
    _put(session, "more_time_declined", request, now)
    return request


def by_id(session: Session, request_id: int) -> TimeRequest:
    """The request of this row number. Raises NotFound."""
    request = session.get(TimeRequest, request_id)
    if request is None:
        raise NotFound("There is no such request for more time.", "D0")
    return request


def _held(session: Session, request_id: int, person: Person) -> tuple[TimeRequest, str]:
    """The request, its award held (what is done about its money queues here), and who answers it."""
    request = by_id(session, request_id)
    actor = people.judging_for_office(
        session, person, request.award.application_id, "answer a request for more time", "D0"
    )
    commitments.held_award(session, request.award_id)
    session.refresh(request.deadline, with_for_update={"key_share": True})  # the return may come in at this moment
    session.refresh(request)
    if request.status != TimeState.ASKED:  # before the new day is looked at, which the first answer may have moved
        raise _answered(request)
    return request, actor


def _answered(request: TimeRequest) -> Conflict:
    how = {TimeState.AGREED: "agreed", TimeState.DECLINED: "declined"}.get(
        TimeState(request.status), "no longer needed: the return came in"
    )
    return Conflict(f"This request has been answered already: it is {how}.", "D0")


def _answer(
    session: Session, request: TimeRequest, state: TimeState, answer: str | None, person: Person, now: datetime
) -> None:
    answered = {"status": state.value, "answer": answer, "person_id": person.id, "answered_at": now}
    if not guarded.change(session, request, TimeRequest.status == TimeState.ASKED.value, **answered):
        raise _answered(request)


def _put(session: Session, kind: str, request: TimeRequest, now: datetime, **more: bool) -> None:
    outbox.put(
        session,
        kind,
        subject=f"award:{request.award_id}",
        key=f"{kind}:{request.id}",
        payload={"award_id": request.award_id, "time_request_id": request.id, **more},
        now=now,
    )
