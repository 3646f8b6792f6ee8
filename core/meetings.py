"""Monitoring meetings (R2): the recipient is invited, which meets the duty; the meeting is moved, cancelled, held.

Whoever sends the invitation looks after the meeting. Each change is a line of the trail and a letter with a calendar
file to the recipient. What the recipient answers is in `core.meeting_answers`, what comes of it in
`core.meeting_notes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import commitments, deadlines, events, guarded, nudge_messages, outbox, people, written
from core.errors import Conflict, NotFound, Refused
from core.link_terms import meeting_until
from core.links import first_link, link_for
from core.office import LONDON, Office, london_day, london_moment
from core.records import Application, Award, Deadline, Meeting, MeetingProposal, Person
from core.rules import lifecycle
from core.rules.answers import clean_long, clean_short
from core.rules.calendar import next_working_day, previous_working_day
from core.rules.lifecycle import AwardState, MeetingAction, MeetingState
from core.rules.organisations import address_key

MEETING: Final = "meeting"
"""The kind of the deadline by which a monitoring meeting is to be held (R2)."""

USUAL_TIME: Final = time(10)
USUAL_MINUTES: Final = 60
"""What the form of an invitation begins with. Whoever sends it changes it; nothing depends on it."""

LONGEST_MINUTES: Final = 480
LONGEST_PLACE: Final = 200
LONGEST_LINK: Final = 500
LONGEST_AGENDA: Final = 6_000
"""Minutes in a working day, and characters: what fits a page, a letter and a calendar. None is an office's choice."""


class WrongArrangement(Refused):
    """One thing that a meeting is arranged by is wrong; `at` names it: when, minutes, place, video or agenda."""

    def __init__(self, at: str, reason: str) -> None:
        super().__init__(reason, "R2")
        self.at = at


@dataclass(frozen=True)
class Arranged:
    """When, for how many minutes and where a meeting is to be, with its agenda. `video` is a web address, or ""."""

    starts_at: datetime
    minutes: int
    place: str
    video: str
    agenda: str


def instant_of(day: date, at: time) -> datetime | None:
    """The instant of a day and time on a London clock; None for an hour that is left out when the clocks go forward.

    Of an hour that comes twice when they go back, the first.
    """
    instant = datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)
    local = instant.astimezone(LONDON)
    return instant if (local.date(), local.time()) == (day, at) else None


def suggested(due: date, office: Office, today: date) -> datetime:
    """When a meeting for this duty might be: on its last working day, or a week from today where that has passed."""
    day = previous_working_day(due, office.closed_days)
    if day <= today:
        day = next_working_day(today + timedelta(days=7), office.closed_days)
    return datetime.combine(day, USUAL_TIME, tzinfo=LONDON).astimezone(UTC)


def ends_at(meeting: Meeting) -> datetime:
    """The instant at which it ends."""
    return meeting.starts_at + timedelta(minutes=meeting.minutes)


def duty(session: Session, deadline_id: int) -> Deadline:
    """The deadline of this row number, of a meeting of an award. Raises NotFound."""
    deadline = session.get(Deadline, deadline_id)
    if deadline is None or deadline.kind != MEETING or deadline.award is None:
        raise NotFound("There is no such monitoring meeting.", "R2")
    return deadline


def by_id(session: Session, meeting_id: int) -> Meeting:
    """The meeting of this row number. Raises NotFound."""
    meeting = session.get(Meeting, meeting_id)
    if meeting is None:
        raise NotFound("There is no such monitoring meeting.", "R2")
    return meeting


def of_deadline(session: Session, deadline: Deadline) -> list[Meeting]:
    """The meetings that there were for a duty, the latest first: those before it were cancelled."""
    found = select(Meeting).where(Meeting.deadline_id == deadline.id).order_by(Meeting.id.desc())
    return list(session.scalars(found))


def of_award(session: Session, award: Award) -> list[Meeting]:
    """Every meeting of an award, by when it is, the cancelled ones too."""
    found = select(Meeting).where(Meeting.award_id == award.id).order_by(Meeting.starts_at, Meeting.id)
    return list(session.scalars(found))


def coming_with(session: Session, person: Person, *, now: datetime) -> tuple[Meeting, ...]:
    """The meetings to come to which somebody has invited, by when they are."""
    found = select(Meeting).where(
        Meeting.invited_by_id == person.id, Meeting.status == MeetingState.INVITED.value, Meeting.starts_at > now
    )
    return tuple(session.scalars(found.order_by(Meeting.starts_at, Meeting.id)))


def invite(
    session: Session, deadline_id: int, person: Person, arranged: Arranged, *, office: Office, now: datetime
) -> Meeting:
    """Invite the recipient: the letter goes out with a calendar file, and the duty is met (R2).

    Raises NotFound, Refused for whoever is not of the office, has an interest (A2), or where the award does not run,
    WrongArrangement, and Conflict where somebody else has just sent the invitation.
    """
    deadline = duty(session, deadline_id)
    award, actor = _held(session, deadline, person, "invite the recipient to a meeting")
    if award.status != AwardState.ACTIVE:
        raise Conflict(f"{award.reference} does not run any more, so nobody is invited to a meeting about it.", "R2")
    if deadline.closed_at is not None:
        raise Conflict("No meeting is to be held for this day any more, so nobody is invited to one.", "R2")
    arranged = checked(arranged, now)
    meeting = Meeting(
        award=award,
        deadline=deadline,
        status=MeetingState.INVITED.value,
        invited_by=person,
        invited_at=now,
        changed_at=now,
        sequence=0,
        noted=0,
        shared=False,
        **_columns(arranged),
    )
    try:
        with session.begin_nested():
            session.add(meeting)
    except IntegrityError:
        raise Conflict("The invitation to this meeting has been sent already. Look at it below.", "R2") from None
    if deadline.met_at is None:
        deadlines.meet(session, deadline, now=now)
    ends = meeting_until(office.policy, award, london_day(meeting.starts_at))
    first_link(session, "meeting", meeting.id, now=now, expires_at=ends)
    tell(session, "meeting_invited", meeting, actor, {**_arranged_data(arranged), "person": person.id}, now=now)
    put_mail(session, "meeting_invited", meeting, now=now)
    return meeting


def move(
    session: Session,
    meeting_id: int,
    person: Person,
    arranged: Arranged,
    *,
    seen: int,
    why: str = "",
    office: Office,
    now: datetime,
) -> Meeting:
    """Change when or where it is, or its agenda: the same entry in a calendar, with a higher sequence, and a letter.

    `seen` is the sequence that was before the person's eyes. A time that the recipient had proposed lapses, unless it
    is this one: that is agreed to. Whoever had said that they come is asked again where the time is another.

    Raises as `invite` does, and Conflict where the meeting has been changed, held or cancelled meanwhile.
    """
    meeting, actor = held(session, meeting_id, person, "move a meeting")
    said = written.note(why, "R2", what="the reason")
    arranged = checked(arranged, now)
    was = arranged_of(meeting)
    if arranged == was:
        raise WrongArrangement("when", "Nothing is different. Change the time, the place or the agenda")
    waits = open_proposal(meeting)
    moved = _step(
        session,
        meeting,
        MeetingAction.MOVE,
        seen=seen,
        sequence=Meeting.sequence + 1,
        changed_at=now,
        coming_at=meeting.coming_at if arranged.starts_at == was.starts_at else None,
        **_columns(arranged),
    )
    if waits is not None:
        agreed = waits.starts_at == arranged.starts_at
        end_proposal(session, waits, "agreed" if agreed else "lapsed", person=person, now=now)
    link = link_for(session, "meeting", meeting.id, now=now)
    link.expires_at = meeting_until(office.policy, meeting.award, london_day(meeting.starts_at))
    told = {**_arranged_data(arranged), "was": _arranged_data(was), "why": said, "person": person.id}
    tell(session, "meeting_moved", moved, actor, told, now=now)
    put_mail(session, "meeting_moved", moved, now=now)
    return moved


def cancel(
    session: Session, meeting_id: int, person: Person, *, reason: str, seen: int, office: Office, now: datetime
) -> Meeting:
    """Cancel it with a reason, which the recipient is mailed with a file that takes it out of their calendar.

    The duty is open again while the award runs: whoever was invited to nothing was not invited. Raises as `move`.
    """
    meeting, actor = held(session, meeting_id, person, "cancel a meeting")
    said = written.words(reason, "Say why: the recipient gets your reason by e-mail.", "R2")
    _cancel(session, meeting, seen=seen, why=said, actor=actor, person=person, now=now)
    if meeting.award.status == AwardState.ACTIVE:
        deadlines.reopen(session, meeting.deadline, office=office, today=london_day(now), now=now)
    return meeting


def cancel_coming(session: Session, award: Award, *, why: str, actor: str, now: datetime) -> int:
    """Cancel the meetings of an award that are still to come, because it ended or has none any more; answers how many.

    Their duties are closed, not met: where the award has meetings again, they are open again.
    """
    coming = (
        select(Meeting)
        .where(
            Meeting.award_id == award.id, Meeting.status == MeetingState.INVITED.value, Meeting.starts_at > now,
        )
        .order_by(Meeting.id)
        .with_for_update(key_share=True)
    )  # fmt: skip
    found = session.scalars(coming).all()
    for meeting in found:
        _cancel(session, meeting, seen=meeting.sequence, why=why, actor=actor, person=None, now=now)
        meeting.deadline.met_at = None
        meeting.deadline.closed_at, meeting.deadline.next_step_on = now, None
    nudge_messages.put(session, [one.deadline_id for one in found], now=now)
    return len(found)


def _cancel(
    session: Session, meeting: Meeting, *, seen: int, why: str, actor: str, person: Person | None, now: datetime
) -> None:
    waits = open_proposal(meeting)
    _step(
        session,
        meeting,
        MeetingAction.CANCEL,
        seen=seen,
        sequence=Meeting.sequence + 1,
        changed_at=now,
        cancelled_at=now,
        cancelled_why=why,
        cancelled_by_id=person.id if person is not None else None,
    )
    if waits is not None:
        end_proposal(session, waits, "lapsed", person=person, now=now)
    told = {"starts_at": meeting.starts_at.isoformat(), "reason": why}
    tell(session, "meeting_cancelled", meeting, actor, told | ({"person": person.id} if person else {}), now=now)
    put_mail(session, "meeting_cancelled", meeting, now=now)


# ------------------------------------------------------------------------------------------- what its rooms share


def _held(session: Session, deadline: Deadline, person: Person, what: str) -> tuple[Award, str]:
    """The award, held: what is done about its meetings queues here; and who acts. Raises Refused (A2)."""
    if deadline.award is None:
        raise NotFound("There is no such monitoring meeting.", "R2")
    actor = people.judging_for_office(session, person, deadline.award.application_id, what, "R2")
    award = commitments.held_award(session, deadline.award.id)
    session.refresh(deadline)
    return award, actor


def held(session: Session, meeting_id: int, person: Person, what: str) -> tuple[Meeting, str]:
    """The meeting as it stands, its award held, and who acts. Raises NotFound, Refused (A2)."""
    meeting = by_id(session, meeting_id)
    _, actor = _held(session, meeting.deadline, person, what)
    session.refresh(meeting)
    return meeting, actor


def _step(session: Session, meeting: Meeting, action: MeetingAction, *, seen: int, **values: Any) -> Meeting:
    """Change a meeting, guarded in the database: in the state and at the sequence that were seen. Raises Conflict."""
    new = guarded.state_after(lifecycle.MEETING, meeting.status, action, "R2")
    as_seen = Meeting.status == meeting.status, Meeting.sequence == seen
    if not guarded.change(session, meeting, *as_seen, status=new.value, **values):
        raise Conflict(
            f"This meeting was changed on {london_moment(meeting.changed_at)}, after you opened this page. Nothing was "
            "done: look at it as it is now.",
            "R2",
        )
    return meeting


def checked(arranged: Arranged, now: datetime) -> Arranged:
    """The same, tidied. Raises WrongArrangement for the first thing that is wrong."""
    if arranged.starts_at <= now:
        raise WrongArrangement("when", "Enter a day and a time that are still to come")
    if not 1 <= arranged.minutes <= LONGEST_MINUTES:
        raise WrongArrangement("minutes", f"Enter how many minutes it takes, from 1 to {LONGEST_MINUTES}")
    place, video = clean_short(arranged.place), clean_short(arranged.video)
    if not place and not video:
        raise WrongArrangement("place", "Enter the place, or the link of a video call")
    if len(place) > LONGEST_PLACE:
        raise WrongArrangement("place", f"Keep the place to {LONGEST_PLACE} characters")
    if video and not _is_link(video):
        raise WrongArrangement("video", "Enter the whole link of the video call: it begins with https://")
    agenda = clean_long(arranged.agenda)
    if not agenda:
        raise WrongArrangement("agenda", "Enter what you want to talk about")
    if len(agenda) > LONGEST_AGENDA:
        raise WrongArrangement("agenda", f"Keep the agenda to {LONGEST_AGENDA:,} characters. It has {len(agenda):,}.")
    return Arranged(arranged.starts_at.astimezone(UTC), arranged.minutes, place, video, agenda)


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    plain = text.isascii() and " " not in text and not set(text) & set('"<>\\^`{|}')
    return plain and len(text) <= LONGEST_LINK and parts.scheme == "https" and bool(host) and "@" not in parts.netloc


def arranged_of(meeting: Meeting) -> Arranged:
    """How a meeting is arranged."""
    return Arranged(meeting.starts_at, meeting.minutes, meeting.place, meeting.video, meeting.agenda)


def _columns(arranged: Arranged) -> dict[str, Any]:
    return {
        "starts_at": arranged.starts_at,
        "minutes": arranged.minutes,
        "place": arranged.place,
        "video": arranged.video,
        "agenda": arranged.agenda,
    }


def _arranged_data(arranged: Arranged) -> dict[str, Any]:
    return {**_columns(arranged), "starts_at": arranged.starts_at.astimezone(UTC).isoformat()}


def open_proposal(meeting: Meeting) -> MeetingProposal | None:
    """The other time that waits for the office's answer, if one does."""
    return next((one for one in meeting.proposals if one.answered_at is None), None)


def end_proposal(
    session: Session,
    proposal: MeetingProposal,
    status: str,
    *,
    person: Person | None = None,
    answer: str | None = None,
    now: datetime,
) -> None:
    """Close a proposal: agreed, declined or lapsed. Raises Conflict where it was answered meanwhile."""
    by = person.id if person is not None else None
    ended = {"status": status, "answered_at": now, "answer": answer, "person_id": by}
    if not guarded.change(session, proposal, MeetingProposal.answered_at.is_(None), **ended):
        raise Conflict("This has been answered already.", "R2")


def tell(session: Session, kind: str, meeting: Meeting, actor: str, data: dict[str, Any], *, now: datetime) -> None:
    """Add a line about a meeting to the trail of its award."""
    session.flush()
    told = {"meeting": meeting.id, "due": meeting.deadline.due.isoformat(), **data}
    events.append(session, kind, meeting.award.reference, actor, told, now=now)


RECIPIENT: Final = "recipient"
SECOND_CONTACT: Final = "second_contact"


def addresses(application: Application) -> dict[str, tuple[str, str]]:
    """Who is written to about a meeting, once an address: e-mail and name, by "recipient" and "second_contact"."""
    found: dict[str, tuple[str, str]] = {}
    if application.contact_email:
        found[RECIPIENT] = application.contact_email, application.contact_name or ""
    second = application.second_email
    if second and address_key(second) != address_key(application.contact_email or ""):
        found[SECOND_CONTACT] = second, application.second_name or ""
    return found


def mail_subject(meeting: Meeting, to: str) -> str:
    """What the outbox calls the letters about a meeting to one of those who are written to: they go in order."""
    return f"meeting:{meeting.id}:{to}"


def put_mail(session: Session, kind: str, meeting: Meeting, *, now: datetime, key: str = "") -> None:
    """Put a letter about a meeting into the outbox, one for each address: one of this kind for each sequence."""
    session.flush()
    for to in addresses(meeting.award.application):
        outbox.put(
            session,
            kind,
            subject=mail_subject(meeting, to),
            key=f"{kind}:{meeting.id}:{key or meeting.sequence}:{to}",
            payload={
                "award_id": meeting.award_id, "meeting_id": meeting.id, "sequence": meeting.sequence, "to": to,
            },
            now=now,
        )  # fmt: skip
