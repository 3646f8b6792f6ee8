"""A monitoring meeting as staff see it (R2): its invitation, the answer to it, what was said and is to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import meeting_agenda, meeting_answers, meeting_notes, meetings
from core.errors import NotFound
from core.meeting_notes import Notes, ToDo
from core.meetings import Arranged, WrongArrangement
from core.office import LONDON, Office, london_day
from core.records import Deadline, Meeting, MeetingAction, MeetingProposal, Person
from core.rules.calendar import time_text
from core.rules.lifecycle import AwardState, MeetingState
from core.rules.reviewing import invitation_finding
from core.rules.typed import day_number, month_number, typed_date, typed_time, year_number
from intake import pages
from intake.staff import forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent, WrongField

blueprint = Blueprint("staff_meetings", __name__)

Action = Callable[[Session, Deadline, Person, Office, datetime], object]

ROWS: Final = 3
"""How many actions one form takes; the next ones are added by the same form again."""

_WHERE: Final = {"when": "on-day"}
"""Which field shows what is wrong with a part of an arrangement, where it has another name."""


@blueprint.get("/desk/meetings/<int:number>")
def page(number: int) -> ResponseReturnValue:
    """The meeting as it stands, or its invitation to be sent; `number` is the row of the duty."""
    return _show(number, Sent())


@blueprint.post("/desk/meetings/<int:number>/<action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Invite, move, cancel, answer, record."""
    if action not in _ACTIONS:
        abort(404)
    office = pages.office()

    def run(session: Session, person: Person) -> None:
        try:
            _ACTIONS[action](session, meetings.duty(session, number), person, office, office.clock())
        except WrongArrangement as wrong:
            raise WrongField(_WHERE.get(wrong.at, wrong.at), wrong.reason) from wrong

    back = url_for(".page", number=number)
    return forms.do(action, run, lambda sent: _show(number, sent), back)


def again(number: int, action: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(number, forms.again(action))


# ----------------------------------------------------------------------------------------------------- the actions


def _said(name: str) -> str:
    return forms.typed().get(name, "")


def _seen() -> int:
    text = _said("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _arranged() -> Arranged:
    day = forms.day("on", "Enter the day of the meeting")
    at = typed_time(_said("at"))
    if at is None:
        raise WrongField("at", "Enter the time, such as 10:30am or 14:00")
    starts_at = meetings.instant_of(day, at)
    if starts_at is None:
        raise WrongField("at", "The clocks go forward that night, and leave this time out. Enter another")
    minutes = _said("minutes").strip()
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 5):
        raise WrongField("minutes", "Enter how many minutes it takes, as a number such as 60")
    return Arranged(starts_at, int(minutes), _said("place"), _said("video"), _said("agenda"))


def _standing(session: Session, deadline: Deadline) -> Meeting:
    found = meetings.of_deadline(session, deadline)
    if not found:
        raise NotFound("Nobody was invited to this meeting yet.", "R2")
    return found[0]


def _invite(session: Session, deadline: Deadline, person: Person, office: Office, now: datetime) -> None:
    meetings.invite(session, deadline.id, person, _arranged(), office=office, now=now)


def _move(session: Session, deadline: Deadline, person: Person, office: Office, now: datetime) -> None:
    meeting = _standing(session, deadline)
    meetings.move(session, meeting.id, person, _arranged(), seen=_seen(), why=_said(WORDS), office=office, now=now)


def _cancel(session: Session, deadline: Deadline, person: Person, office: Office, now: datetime) -> None:
    meeting = _standing(session, deadline)
    meetings.cancel(session, meeting.id, person, reason=_said(WORDS), seen=_seen(), office=office, now=now)


def _proposal(session: Session, deadline: Deadline) -> MeetingProposal:
    proposal = meeting_answers.proposal_by_id(session, forms.number())
    if proposal.meeting.deadline_id != deadline.id:
        raise NotFound("There is no such thing here. Go back and load the page again.")
    return proposal


def _agree(session: Session, deadline: Deadline, person: Person, office: Office, now: datetime) -> None:
    meeting_answers.agree(session, _proposal(session, deadline).id, person, office=office, now=now)


def _decline(session: Session, deadline: Deadline, person: Person, _office: Office, now: datetime) -> None:
    meeting_answers.decline(session, _proposal(session, deadline).id, person, answer=_said(WORDS), now=now)


def _record(session: Session, deadline: Deadline, person: Person, _office: Office, now: datetime) -> None:
    came = _said("came")
    if came not in ("yes", "no"):
        raise WrongField("came", "Select whether the recipient came")
    said = Notes(came == "yes", _said("notes"), _said("user_views"), _said("partner_views"))
    wanted = [action for row in range(1, ROWS + 1) if (action := _to_do(row)) is not None]
    meeting = _standing(session, deadline)
    meeting_notes.record(
        session, meeting.id, person, said, wanted, seen=_seen(), share=_said("share") == "yes", now=now
    )  # fmt: skip


def _to_do(row: int) -> ToDo | None:
    """An action as typed in its row; None for an empty one. Raises WrongField."""
    what, who, due = (_said(f"{part}-{row}").strip() for part in ("what", "who", "due"))
    if not (what or who or due):
        return None
    if not what:
        raise WrongField(f"what-{row}", f"Enter what is to be done in action {row}, or empty its other boxes")
    if not who:
        raise WrongField(f"who-{row}", f"Enter who does action {row}")
    return ToDo(what, who, _day(due, row) if due else None)


def _day(text: str, row: int) -> date:
    parts = typed_date(text)
    numbers = (year_number(parts[2]), month_number(parts[1]), day_number(parts[0])) if parts else ()
    try:
        return date(*[number for number in numbers if number is not None])
    except (TypeError, ValueError):
        raise WrongField(f"due-{row}", f"Enter the day of action {row}, such as 27 March 2027") from None


def _done(session: Session, deadline: Deadline, person: Person, _office: Office, now: datetime) -> None:
    action = session.get(MeetingAction, forms.number())
    if action is None or action.meeting.award_id != deadline.award_id:
        raise NotFound("There is no such thing here. Go back and load the page again.")
    meeting_notes.done(session, action.id, person, now=now)


_ACTIONS: Final[Mapping[str, Action]] = {
    "invite": _invite,
    "move": _move,
    "cancel": _cancel,
    "agree-time": _agree,
    "decline-time": _decline,
    "record": _record,
    "done": _done,
}

# --------------------------------------------------------------------------------------------------------- the page

_TEXTS: Final = (WORDS, "place", "video", "agenda", "notes", "user_views", "partner_views")


def _show(number: int, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    now, today = office.clock(), office.today()
    with office.reading() as session:
        deadline = meetings.duty(session, number)
        award = deadline.award
        if award is None:
            raise NotFound("There is no such monitoring meeting.", "R2")
        person = staff_session.acting(session)
        out = staff_session.out_of(session, award.application_id, person)
        found = meetings.of_deadline(session, deadline)
        meeting = found[0] if found and found[0].status != MeetingState.CANCELLED else None
        may = staff.acts and not out
        invites = may and meeting is None and award.status == AwardState.ACTIVE and deadline.closed_at is None
        coming = meeting is not None and meeting.status == MeetingState.INVITED
        begun = meeting is not None and meeting.starts_at <= now
        keys = {"invite"} if invites else set()
        keys |= {"move", "cancel", "decline-time"} if may and coming else set()
        keys |= {"record"} if may and begun else set()
        came_in = meeting_agenda.last_return(session, award)
        return forms.page(
            "meeting.html",
            sent,
            keys,
            title="Monitoring meeting",
            deadline=deadline,
            meeting=meeting,
            cancelled=[one for one in found if one.status == MeetingState.CANCELLED],
            proposal=meetings.open_proposal(meeting) if meeting is not None else None,
            out=out,
            may=may,
            invites=invites,
            coming=coming,
            begun=begun,
            duty=invitation_finding(deadline.due, award.start_on, _invited_on(found), office.policy, today),
            mailed=meetings.addresses(award.application),
            last_return=came_in,
            to_do=meeting_notes.still_to_do(session, award),
            before=[
                one
                for one in reversed(meetings.of_award(session, award))
                if one.status == MeetingState.HELD and one.deadline_id != deadline.id
            ],
            fields=_fields(session, deadline, meeting, office, today, invites=invites),
            rows=range(1, ROWS + 1),
            lost=_lost(sent, keys),
            today=today,
            **forms.about(award),
        )


def _invited_on(found: list[Meeting]) -> date | None:
    """The day on which the recipient was first invited to what was not cancelled."""
    standing = [london_day(one.invited_at) for one in found if one.status != MeetingState.CANCELLED]
    return min(standing, default=None)


def _lost(sent: Sent, keys: set[str]) -> list[str]:
    """What was written into a form that the page does not have any more."""
    if not sent.key or sent.key in keys:
        return []
    return [text for name in _TEXTS if (text := sent.typed.get(name, "").strip())]


def _fields(
    session: Session, deadline: Deadline, meeting: Meeting | None, office: Office, today: date, *, invites: bool
) -> dict[str, Any]:
    """What the form of an arrangement begins with: how it is, or how the desk would arrange it."""
    if meeting is not None:
        arranged = meetings.arranged_of(meeting)
    elif invites and deadline.award is not None:
        starts_at = meetings.suggested(deadline.due, office, today)
        agenda = meeting_agenda.drafted(session, deadline.award)
        arranged = Arranged(starts_at, meetings.USUAL_MINUTES, "", "", agenda)
    else:
        return {}
    local = arranged.starts_at.astimezone(LONDON)
    return {
        "on-day": str(local.day),
        "on-month": str(local.month),
        "on-year": str(local.year),
        "at": _clock(local.time()),
        "minutes": str(arranged.minutes),
        "place": arranged.place,
        "video": arranged.video,
        "agenda": arranged.agenda,
    }


def _clock(at: time) -> str:
    return time_text(at) if at.hour or at.minute else "00:00"
