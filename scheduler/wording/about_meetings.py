"""Letters about monitoring meetings: to the recipient and their second contact, each with its calendar file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from core import meeting_notes, meetings
from core.errors import NotFound
from core.meeting_calendar import invitation_file
from core.office import Office, london_day
from core.records import Meeting, OutboxMessage
from core.rules.lifecycle import MeetingState
from scheduler.wording.draft import Draft, NothingLeft, address_of, heard_before, to_applicant
from scheduler.wording.words import LINE, paragraphs, typed

_OF_WHEN = ("meeting_invited", "meeting_moved")
"""The letters that say when and where a meeting is."""


def invited(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """The invitation: when, where, what about. Pointless once it was changed or cancelled: the later letter says so."""
    return _as_it_is(session, message, office)


def moved(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That it is another day, place or agenda; to whoever has not heard of it before, the invitation itself."""
    draft = _as_it_is(session, message, office)
    return replace(draft, facts={**draft.facts, "heard": heard_before(session, message, *_OF_WHEN)})


def cancelled(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That it is off, and why. To nobody who has not heard of it."""
    if not heard_before(session, message, *_OF_WHEN):
        raise NothingLeft("the invitation that it takes back was never sent")
    return _draft(session, message, office, calendar=True)


def time_declined(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """The office's answer to another time that was proposed. Pointless once the meeting was changed or cancelled."""
    meeting = meetings.by_id(session, message.payload["meeting_id"])
    if meeting.status != MeetingState.INVITED or meeting.sequence != message.payload["sequence"]:
        raise NothingLeft("the meeting was changed or cancelled meanwhile")
    declined = [one for one in meeting.proposals if one.status == "declined"]
    if not declined:
        raise NotFound("No proposal of another time was answered.")
    return _draft(session, message, office, answer=paragraphs(declined[-1].answer or ""))


def notes(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """What was said at it and what is to be done. Pointless once it is recorded anew: a later letter says that."""
    meeting = meetings.by_id(session, message.payload["meeting_id"])
    if not meeting.shared or f":{meeting_notes.shared_as(meeting)}:" not in message.key:
        raise NothingLeft("it was recorded anew, or is not shared any more")
    return _draft(
        session,
        message,
        office,
        held_on=london_day(meeting.starts_at),
        notes=paragraphs(meeting.notes or ""),
        user_views=paragraphs(meeting.user_views or ""),
        partner_views=paragraphs(meeting.partner_views or ""),
        actions=[
            {"what": typed(one.what, LINE), "who": typed(one.who), "due": one.due, "done": one.done_at is not None}
            for one in meeting.actions
        ],
    )


def _as_it_is(session: Session, message: OutboxMessage, office: Office) -> Draft:
    meeting = meetings.by_id(session, message.payload["meeting_id"])
    if meeting.status == MeetingState.CANCELLED or meeting.sequence != message.payload["sequence"]:
        raise NothingLeft("the meeting was changed or cancelled since")
    return _draft(session, message, office, calendar=True)


def _draft(session: Session, message: OutboxMessage, office: Office, *, calendar: bool = False, **facts: Any) -> Draft:
    meeting = meetings.by_id(session, message.payload["meeting_id"])
    everybody = meetings.addresses(meeting.award.application)
    if message.payload["to"] not in everybody:
        raise NothingLeft("nobody is written to at that address any more")
    to, to_name = everybody[message.payload["to"]]
    link = address_of(session, "meeting", meeting.id, office)
    draft = to_applicant(meeting.award.application, {**_facts(meeting), "link": link, **facts})
    file = invitation_file(meeting, [email for email, _ in everybody.values()], link, office=office)
    return replace(draft, to=to, to_name=to_name, calendar=file if calendar else None)


def _facts(meeting: Meeting) -> dict[str, Any]:
    return {
        "starts_at": meeting.starts_at,
        "minutes": meeting.minutes,
        "place": typed(meeting.place, meetings.LONGEST_PLACE),
        "video": meeting.video,
        "agenda": [typed(line, LINE) for line in paragraphs(meeting.agenda)],
        "why": paragraphs(meeting.cancelled_why or ""),
        "who": typed(meeting.invited_by.name),
    }
