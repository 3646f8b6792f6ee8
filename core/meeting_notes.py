"""What comes of a monitoring meeting: notes, views (R3), and actions, each of somebody and by a day (R2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import guarded, written
from core.errors import Conflict, NotFound, Refused
from core.meetings import WrongArrangement, held, put_mail, tell
from core.records import Award, Meeting, MeetingAction, Person
from core.rules import lifecycle
from core.rules.answers import clean_short
from core.rules.lifecycle import MeetingAction as Act
from core.rules.lifecycle import MeetingState

LONGEST_WHO: Final = 100
LONGEST_WHAT: Final = 500
"""Characters of an action: as much as one line of a list holds."""


@dataclass(frozen=True)
class Notes:
    """What was said: whether the recipient came, what was talked about, and the views of users and of partners."""

    came: bool
    notes: str
    user_views: str = ""
    partner_views: str = ""


@dataclass(frozen=True)
class ToDo:
    """An action as it is typed: what, who does it, and by which day."""

    what: str
    who: str
    due: date | None = None


def record(
    session: Session,
    meeting_id: int,
    person: Person,
    said: Notes,
    actions: Sequence[ToDo] = (),
    *,
    seen: int,
    share: bool,
    now: datetime,
) -> Meeting:
    """Record what was said, and add what is to be done; once more to put it right, and the trail keeps each.

    `seen` is how often it had been recorded when the page was opened. With `share` the recipient is
    sent all of it, and sees it on their page.

    Raises NotFound, Refused for whoever is not of the office or has an interest (A2), before it began, or for a text
    that is missing or too long, Conflict where it was cancelled, or somebody else has recorded it meanwhile.
    """
    meeting, actor = held(session, meeting_id, person, "record what was said at a meeting")
    if meeting.status != MeetingState.CANCELLED and meeting.starts_at > now:
        raise Refused("The meeting is still to come. Record what was said once it has begun.", "R2")
    texts = {name: _note(name, getattr(said, name), what) for name, what in _TEXTS.items()}
    if not texts["notes"]:
        raise WrongArrangement("notes", "Write what you talked about, or why nobody came")
    wanted = [_checked(one, row) for row, one in enumerate(actions, start=1)]
    new = MeetingState.HELD  # what is put right stays held
    if meeting.status != new:
        new = guarded.state_after(lifecycle.MEETING, meeting.status, Act.RECORD, "R2")
    if not guarded.change(
        session,
        meeting,
        Meeting.status == meeting.status,
        Meeting.noted == seen,
        status=new.value,
        noted=Meeting.noted + 1,
        came=said.came,
        shared=share,
        noted_by_id=person.id,
        noted_at=now,
        **texts,
    ):
        raise Conflict("Somebody else has just recorded this meeting. Look at what they wrote before you go on.", "R2")
    session.add_all(
        MeetingAction(meeting=meeting, what=one.what, who=one.who, due=one.due, added_at=now) for one in wanted
    )
    told = {
        "came": said.came,
        "shared": share,
        **texts,
        "actions": [
            {"what": one.what, "who": one.who, "due": one.due.isoformat() if one.due else None} for one in wanted
        ],
        "person": person.id,
    }
    tell(session, "meeting_recorded", meeting, actor, told, now=now)
    if share:
        put_mail(session, "meeting_notes", meeting, now=now, key=shared_as(meeting))
    return meeting


def shared_as(meeting: Meeting) -> str:
    """What the keys of the letters about the notes hold, as they are recorded now."""
    return f"noted-{meeting.noted}"


_TEXTS: Final = {
    "notes": "the notes",
    "user_views": "the views of service users",
    "partner_views": "the views of partners",
}


def _note(name: str, text: str, what: str) -> str:
    try:
        return written.note(text, "R3", what=what)
    except Refused as refusal:
        raise WrongArrangement(name, refusal.reason) from refusal


def _checked(action: ToDo, row: int) -> ToDo:
    what, who = clean_short(action.what), clean_short(action.who)
    if not what:
        raise WrongArrangement(f"what-{row}", f"Enter what is to be done in action {row}, or empty its other boxes")
    if len(what) > LONGEST_WHAT:
        raise WrongArrangement(f"what-{row}", f"Keep action {row} to {LONGEST_WHAT} characters")
    if not who:
        raise WrongArrangement(f"who-{row}", f"Enter who does action {row}")
    if len(who) > LONGEST_WHO:
        raise WrongArrangement(f"who-{row}", f"Keep who does action {row} to {LONGEST_WHO} characters")
    return ToDo(what, who, action.due)


def done(session: Session, action_id: int, person: Person, *, now: datetime) -> MeetingAction:
    """Note that an action is done. Noting it twice is once. Raises NotFound, Refused (A2)."""
    action = session.get(MeetingAction, action_id)
    if action is None:
        raise NotFound("There is no such action.", "R2")
    meeting, actor = held(session, action.meeting_id, person, "close what was agreed at a meeting")
    session.refresh(action)
    if action.done_at is None:
        action.done_at, action.done_by_id = now, person.id
        tell(session, "meeting_action_done", meeting, actor, {"what": action.what, "person": person.id}, now=now)
    return action


def still_to_do(session: Session, award: Award) -> list[MeetingAction]:
    """What was agreed at the meetings of an award and is not done, the earliest first; what has no day comes last."""
    query = (
        select(MeetingAction)
        .join(Meeting, Meeting.id == MeetingAction.meeting_id)
        .where(Meeting.award_id == award.id, MeetingAction.done_at.is_(None))
        .order_by(MeetingAction.due.is_(None), MeetingAction.due, MeetingAction.id)
    )
    return list(session.scalars(query))
