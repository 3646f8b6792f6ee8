"""Monitoring returns (R1): a return comes in at any time after acceptance, and its receipt meets its deadline."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import deadlines, events, outbox
from core.errors import Conflict, NotFound, Refused
from core.records import Award, Deadline, MonitoringReturn
from core.rules.lifecycle import AwardState
from core.rules.questions import ReturnFacts

RETURN = "return"
"""The kind of every return's deadline, the final one too."""


def due_on(award: Award, due: date) -> Deadline:
    """The deadline of the return that is due on this day. Raises NotFound, naming the days on which returns are due."""
    days = [deadline for deadline in award.deadlines if deadline.kind == RETURN]
    for deadline in days:
        if deadline.due == due:
            return deadline
    listed = ", ".join(deadline.due.isoformat() for deadline in days) or "none yet"
    raise NotFound(f"No return of {award.reference} is due on {due.isoformat()}. Returns are due on: {listed}.", "R1")


def of_deadline(session: Session, deadline_id: int) -> tuple[Award, Deadline]:
    """The award and the deadline that a return's link leads to. Raises NotFound."""
    deadline = session.get(Deadline, deadline_id)
    if deadline is None or deadline.award is None:
        raise NotFound("We do not know this return. Copy the whole link from the e-mail and try again.")
    return deadline.award, deadline


def received(session: Session, award: Award, due: date) -> MonitoringReturn | None:
    """The return that came in for this day, if it did."""
    return session.scalars(
        select(MonitoringReturn).where(MonitoringReturn.award_id == award.id, MonitoringReturn.due == due)
    ).one_or_none()


def receive(
    session: Session, award: Award, due: date, facts: ReturnFacts, *, source: str, now: datetime
) -> MonitoringReturn:
    """Take in a return, meet its deadline, thank the recipient and tell the trail.

    Raises Refused when the offer has not been accepted, NotFound when nothing is due on that day, Conflict when the
    return is in already, whoever sent it at the same moment.
    """
    if award.status in (AwardState.OFFERED, AwardState.REFUSED, AwardState.EXPIRED):
        raise Refused(f"{award.reference} has no returns: its offer has not been accepted.", "R1")
    deadline = due_on(award, due)
    came_in = MonitoringReturn(
        award_id=award.id,
        due=due,
        status="received",
        measures=[
            {"measure": outcome.measure, "target": outcome.target, "achieved": achieved}
            for outcome, achieved in zip(award.application.outcomes, facts.achieved, strict=False)
        ],
        spent=facts.spent,
        people=facts.people,
        narrative=facts.narrative,
        views=facts.views,
        extra=dict(facts.answers),
        received_at=now,
        received_from=source,
    )
    try:
        with session.begin_nested():
            session.add(came_in)
    except IntegrityError:
        raise Conflict(
            f"We already have the return of {award.reference} that was due on {due.isoformat()}. Nothing more is "
            "needed. To correct it, write to the office.",
            "R1",
        ) from None
    deadlines.meet(deadline, now=now)
    told = {"due": due.isoformat(), "spent": facts.spent, "people": facts.people, "measures": len(facts.achieved)}
    events.append(session, "return_received", award.reference, source, told, now=now)
    outbox.put(
        session,
        "return_received",
        subject=f"award:{award.id}",
        key=f"return_received:{award.id}:{due.isoformat()}",
        payload={"return_id": came_in.id},
        now=now,
    )
    return came_in


def earlier(award: Award, before: date) -> list[MonitoringReturn]:
    """The returns that came in for earlier days, oldest first: what is shown beside the next one."""
    return [one for one in award.returns if one.due < before]
