"""Letters of an award that runs: its returns, more time for them, issues."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from core import issues, more_time, returns
from core.errors import NotFound
from core.office import Office, london_day
from core.records import Award, Deadline, MonitoringReturn, OutboxMessage
from scheduler.wording.draft import Draft, address_of, to_applicant, waiting
from scheduler.wording.words import paragraphs


def due_days(award: Award, kind: str, after: date | None = None) -> list[date]:
    """The open days of a kind of deadline, after a day where one is given."""
    return [
        deadline.due
        for deadline in award.deadlines
        if deadline.kind == kind and deadline.is_open and (after is None or deadline.due > after)
    ]


def first_notice(office: Office) -> int:
    """How many days before a return is due its recipient first hears of it."""
    steps = [step.days for step in office.policy.nudge_steps.get("return", ()) if not step.to_staff and step.days < 0]
    return -min(steps, default=0)


def return_received(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That a return came in, and when the next is due."""
    came_in = session.get(MonitoringReturn, message.payload["return_id"])
    if came_in is None:
        raise NotFound("This return is not in the record.")
    coming = due_days(came_in.award, "return", came_in.due)
    return to_applicant(
        came_in.award.application,
        {
            "due": came_in.due,
            "received_on": london_day(came_in.received_at),
            "next_due": coming[0] if coming else None,
            "first_notice": first_notice(office),
        },
        about=returns.due_on(came_in.award, came_in.due),
    )


def return_queried(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """A question about a return."""
    asked = waiting(session, message)
    came_in = asked.monitoring_return
    if came_in is None:
        raise NotFound("This question is not about a return.")
    award = came_in.award
    deadline = returns.due_on(award, came_in.due)
    return to_applicant(
        award.application,
        {
            "due": came_in.due,
            "received_on": london_day(came_in.received_at),
            "question": paragraphs(asked.question),
            "answer_by": asked.answer_by,
            "link": address_of(session, "return", deadline.id, office),
        },
        about=deadline,
    )


def more_time_answered(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """More time was agreed, or declined."""
    request = more_time.by_id(session, message.payload["time_request_id"])
    deadline = session.get(Deadline, request.deadline_id)
    return to_applicant(
        request.award.application,
        {
            "due": request.due,
            "until": request.until,
            "given": bool(message.payload.get("given")),
            "reason": paragraphs(request.answer or ""),
            "link": address_of(session, "return", request.deadline_id, office),
        },
        due=[deadline] if deadline is not None else [],
        about=deadline,
    )


def issue_closed(session: Session, message: OutboxMessage, office: Office) -> Draft:  # noqa: ARG001 - a Writer's
    """That an issue which was raised has been closed, and how."""
    issue = issues.by_id(session, message.payload["issue_id"])
    facts = {"raised_on": london_day(issue.raised_at), "outcome": paragraphs(issue.outcome or "")}
    return to_applicant(issue.award.application, facts)
