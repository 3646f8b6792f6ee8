"""Letters of an award that runs: returns, reminders of what falls due, more time, issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from core import awards, deadlines, issues, mail_refusals, more_time, payments, returns
from core.addressees import mail_subject
from core.errors import NotFound
from core.office import Office, london_day
from core.records import Application, Award, Deadline, MonitoringReturn, Nudge, OutboxMessage, Payment
from scheduler.wording import reminders
from scheduler.wording.draft import Draft, NothingLeft, address_of, to_applicant, waiting
from scheduler.wording.words import paragraphs, typed

SECOND: Final = "second_contact"
"""What a nudge to the second contact calls whom it is for."""


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
    )


def issue_closed(session: Session, message: OutboxMessage, office: Office) -> Draft:  # noqa: ARG001 - a Writer's
    """That an issue which was raised has been closed, and how."""
    issue = issues.by_id(session, message.payload["issue_id"])
    facts = {"raised_on": london_day(issue.raised_at), "outcome": paragraphs(issue.outcome or "")}
    return to_applicant(issue.award.application, facts)


@dataclass(frozen=True)
class NudgeItem:
    """One thing that a nudge is about. `tone` is "before", "day" or "after" its due date.

    `thing`, `action` and `otherwise` are its words, as `reminders` has them; `payments` are those that wait for it.
    """

    kind: str
    reference: str
    title: str
    due: date
    tone: str
    thing: str
    subject: str
    action: str
    otherwise: str
    link: str
    payments: list[Payment]


def open_nudges(session: Session, message: OutboxMessage) -> list[Nudge]:
    """What a nudge message covers and is still to be done. Raises NothingLeft if nothing is."""
    nudges = [
        nudge
        for nudge in deadlines.nudges_of(session, mail_refusals.original(session, message))
        if nudge.deadline.is_open and nudge.due == nudge.deadline.due and _theirs(nudge, message)
    ]
    if not nudges:
        raise NothingLeft("everything that it was about has been done, has ended, or has more time")
    return nudges


def _theirs(nudge: Nudge, message: OutboxMessage) -> bool:
    """Whether a nudge is in this mail: it is for who is written to now, at the address that the mail is for.

    What was changed since the sweep is left out: whoever is written to instead got links to all that waits. A mail that
    goes on to the second contact has what is theirs and new to them.
    """
    if message.channel != "mail":
        return True
    application = nudge.deadline.application
    if application is None:
        return False
    if mail_refusals.PASSED_ON not in message.payload:
        return mail_subject(_address(nudge, application)[0]) == message.subject
    told = any(
        one.person == SECOND and one.due == nudge.due and one.step >= nudge.step for one in nudge.deadline.nudges
    )
    return not told and application.id in message.payload["applications"]


def _address(nudge: Nudge, application: Application) -> tuple[str, str]:
    """The address, and the name, of whoever a nudge is for."""
    if nudge.person == SECOND:
        return application.second_email or "", application.second_name or ""
    return application.contact_email or "", application.contact_name or ""


def nudge(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """What falls due, is due, or is late, for one person, in one letter."""
    nudges = open_nudges(session, message)
    items = []
    for nudge in nudges:
        deadline, application = nudge.deadline, _application(nudge.deadline)
        reminder, award = reminders.of(session, deadline), deadline.award
        waits = deadline.kind == returns.RETURN and award is not None
        items.append(
            NudgeItem(
                kind=deadline.kind,
                reference=deadline.reference,
                title=typed(application.title),
                due=deadline.due,
                tone=_tone(nudge, office.today()),
                thing=reminder.thing,
                subject=reminder.subject,
                action=reminder.action,
                otherwise=reminder.otherwise,
                link=address_of(session, reminder.purpose, reminder.subject_id, office),
                payments=payments.waiting_for_returns(session, award, deadline.due) if waits and award else [],
            )
        )
    to, to_name = _address(nudges[0], _application(nudges[0].deadline))
    references = {item.reference for item in items}
    return Draft(
        to=to,
        to_name=to_name,
        reference=references.pop() if len(references) == 1 else "",
        facts={
            "items": items,
            "first": items[0],
            "returns": [item for item in items if item.kind == returns.RETURN],
            "late": [item for item in items if item.tone == "after"],
            "late_returns": [item for item in items if item.tone == "after" and item.kind == returns.RETURN],
            "director_after": min(
                (step.days for step in office.policy.nudge_steps.get("return", ()) if step.to == "director"),
                default=None,
            ),
        },
        due=[one.deadline for one in nudges if one.deadline.kind in (returns.RETURN, awards.ACCEPTANCE)],
    )


def _application(deadline: Deadline) -> Application:
    if deadline.application is None:
        raise NotFound("This deadline is the office's own: nobody is written to about it.")
    return deadline.application


def _tone(nudge: Nudge, today: date) -> str:
    """By the step; and whatever the step, nobody is told that a day is still to come when it is past."""
    if nudge.step > 0 or today > nudge.deadline.due:
        return "after"
    return "day" if nudge.step == 0 else "before"
