"""A monitoring meeting as its recipient sees it (R2): when and where, the agenda, and their answer to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import meeting_answers, meetings
from core.calendar_files import MEDIA_TYPE
from core.errors import Conflict
from core.links import follow
from core.meeting_calendar import shown_file
from core.meetings import WrongArrangement
from core.records import Meeting
from core.rules.answers import Limits, clean_long, read_answer
from core.rules.lifecycle import MeetingState
from core.rules.questions import AnswerKind, Fault, Faults, Question, fields
from core.rules.typed import typed_time
from core.written import LONGEST_WORDS
from intake import pages

blueprint = Blueprint("meetings", __name__)

_WHEN: Final = Question(
    "on", AnswerKind.DATE, "Which day would do?", "The day", "Your answer", "R2", "/on",
    "Enter a day that would do", hint="For example, 27 3 2027.",
)  # fmt: skip
_TYPED: Final = (*fields(_WHEN), "answer", "at", "words", "seen")


@blueprint.get("/meetings/<token>")
def page(token: str) -> ResponseReturnValue:
    """The meeting as it stands."""
    with pages.office().reading() as session:
        return _show(token, _of(session, token), {})


def again(token: str) -> Response:
    """The page with what was typed, for an answer whose session was lost."""
    with pages.office().reading() as session:
        return _show(token, _of(session, token), pages.typed(_TYPED), notice=pages.LOST_SESSION)


@blueprint.post("/meetings/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Say that they come, or propose another time. What cannot be taken is shown again with what was typed."""
    office, raw = pages.office(), pages.typed(_TYPED)
    try:
        with office.sessions.begin() as session:
            meeting = _of(session, token)
            faults = _answer(session, meeting, raw)
            if faults:
                return _show(token, meeting, raw, faults)
    except Conflict as conflict:
        with office.reading() as session:
            return _show(token, _of(session, token), raw, notice=conflict.reason, status=409)
    return redirect(url_for(".page", token=token), code=303)


@blueprint.get("/meetings/<token>/meeting.ics")
def as_file(token: str) -> ResponseReturnValue:
    """The meeting for a calendar; once it is cancelled, with that."""
    office = pages.office()
    with office.reading() as session:
        meeting = _of(session, token)
        file = shown_file(meeting, f"{office.public_url}{url_for('.page', token=token)}", office=office)
    headers = {"Content-Disposition": 'attachment; filename="meeting.ics"'}
    return Response(file.text, content_type=MEDIA_TYPE, headers=headers)


def _of(session: Session, token: str) -> Meeting:
    office = pages.office()
    return meetings.by_id(session, follow(session, office.signer, "meeting", token, now=office.clock()))


def _answer(session: Session, meeting: Meeting, raw: Mapping[str, str]) -> Sequence[Fault]:
    """Take the answer; what is wrong with it, if anything is. Raises Conflict."""
    now = pages.office().clock()
    if raw["answer"] == "coming":
        seen = int(raw["seen"]) if raw["seen"].isascii() and raw["seen"].isdigit() and len(raw["seen"]) < 10 else -1
        meeting_answers.coming(session, meeting.id, seen=seen, now=now)
        return ()
    if raw["answer"] != "other":
        return [_fault("answer", "Select whether you can come, or need another time")]
    found = _time(raw)
    if not isinstance(found, datetime):
        return found
    if len(clean_long(raw["words"])) > LONGEST_WORDS:
        return [_fault("words", f"Keep what you write to {LONGEST_WORDS:,} characters")]
    try:
        meeting_answers.propose(session, meeting.id, found, raw["words"], now=now)
    except WrongArrangement as wrong:
        return [_fault("on-day", wrong.reason)]
    return ()


def _time(raw: Mapping[str, str]) -> datetime | Sequence[Fault]:
    read = read_answer(_WHEN, raw, Limits(long=LONGEST_WORDS, short=200, outcomes=1, largest=0, lines=1))
    at = typed_time(raw["at"])
    faults = list(read) if isinstance(read, Faults) else []
    if at is None:
        faults.append(_fault("at", "Enter the time, such as 10:30am or 14:00"))
    if faults or at is None or not isinstance(read, date):
        return faults
    found = meetings.instant_of(read, at)
    return found if found is not None else [_fault("at", "There is no such time on that night. Enter another")]


def _fault(field: str, message: str) -> Fault:
    return Fault(field, field, message, f"/{field}")


def _show(
    token: str,
    meeting: Meeting,
    raw: Mapping[str, str],
    faults: Sequence[Fault] = (),
    notice: str = "",
    status: int = 200,
) -> Response:
    office = pages.office()
    answerable = meeting.status == MeetingState.INVITED and meeting.starts_at > office.clock()
    declined = [one for one in meeting.proposals if one.status == "declined"]
    typed = raw.get("words", "").strip()
    return pages.page(
        "meeting.html",
        422 if faults else status,
        title="Monitoring meeting",
        meeting=meeting,
        award=meeting.award,
        application=meeting.award.application,
        proposal=meetings.open_proposal(meeting),
        declined=declined[-1] if declined else None,
        answerable=answerable,
        when=pages.component(_WHEN, raw, faults),
        raw=raw,
        wrong=pages.messages(faults),
        errors=pages.error_list(faults),
        notice=notice,
        unsent=[("What you wrote", pages.paragraphs(typed))] if typed and not answerable else [],
        token=token,
    )
