"""Calendar feeds: what falls due and which meetings there are, at a private address that a calendar reads by itself.

Each entry has the UID that the files in our mails have, so that a calendar knows one for the other. A feed leads to no
page where anything can be done by its address alone: whoever sees somebody's calendar cannot act for them. It holds no
bank detail and nobody's name but that of an organisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar
from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.orm import Session, selectinload

from core import events, guarded, people
from core.calendar_files import PUBLISH, deadline_entry, new_calendar, sequences_of, words_of
from core.errors import Gone
from core.links import Purpose, link_for, standing
from core.meeting_calendar import meeting_entry
from core.meetings import MEETING
from core.office import Office
from core.records import Application, Award, Deadline, Event, Link, Meeting, Person
from core.rules.answers import clean_short
from core.rules.falling_due import named
from core.rules.words import capital

AWARD: Final[Purpose] = "award_feed"
OWN: Final[Purpose] = "own_feed"
OFFICE: Final[Purpose] = "office_feed"
STAFF: Final[tuple[Purpose, ...]] = (OWN, OFFICE)
"""Whose a feed is: that of one award, for its recipient; what one person looks after; the whole office's."""

FOR_RECIPIENTS: Final = ("acceptance", "answer", "agreement", "return", MEETING)
"""The kinds of deadline that a recipient has something to do about."""

MOST: Final = 2_000
"""How many entries of a kind a feed holds, the earliest first: more than anybody looks at, and small enough to read."""

KEPT: Final = timedelta(days=366)
"""How long a meeting stays in a feed after its day."""

REFRESH: Final = timedelta(hours=1)
"""How often a calendar is asked to look again. Most decide for themselves."""

ACTED: Final = "calendar_made"
STOPPED: Final = "calendar_stopped"
"""The lines of the trail about a feed."""

Pages = Callable[[Deadline], str]
"""The address at which staff look at what falls due."""


@dataclass(frozen=True)
class Feed:
    """A feed's text, and when what it says last changed."""

    text: bytes
    changed_at: datetime


# ------------------------------------------------------------------------------------------------- whose address it is


def address(session: Session, purpose: Purpose, subject_id: int, office: Office) -> str:
    """The address of a feed; "" where none was made, or it was taken back."""
    link = standing(session, purpose, subject_id)
    return f"{office.signer.address(purpose, link)}.ics" if link is not None else ""


def make(session: Session, purpose: Purpose, subject_id: int, *, reference: str, actor: str, now: datetime) -> None:
    """Make the address of a feed, or another in its place: the one before leads nowhere from now on."""
    _take_back(session, [purpose], subject_id, now)
    link_for(session, purpose, subject_id, now=now)
    events.append(session, ACTED, reference, actor, {"feed": purpose, "of": subject_id}, now=now)


def stop(session: Session, purpose: Purpose, subject_id: int, *, reference: str, actor: str, now: datetime) -> None:
    """Take the address of a feed back. Nothing is done where there is none."""
    if _take_back(session, [purpose], subject_id, now):
        events.append(session, STOPPED, reference, actor, {"feed": purpose, "of": subject_id}, now=now)


def stop_all_of(session: Session, person: Person, *, now: datetime) -> None:
    """Take back the feeds of somebody who leaves; that they left is a line of the trail itself."""
    _take_back(session, STAFF, person.id, now)


def _take_back(session: Session, purposes: Sequence[Purpose], subject_id: int, now: datetime) -> bool:
    theirs = Link.purpose.in_(purposes), Link.subject_id == subject_id, Link.revoked_at.is_(None)
    taken = update(Link).where(*theirs).values(revoked_at=now).execution_options(synchronize_session="fetch")
    return bool(guarded.rows_changed(session, taken))


# -------------------------------------------------------------------------------------------------------- what is in it


def of_award(session: Session, award: Award, *, office: Office) -> Feed:
    """What a recipient has to do about an award, and its meetings."""
    about = or_(Deadline.award_id == award.id, Deadline.application_id == award.application_id)
    calendar = _calendar(f"Award {award.reference}")
    found = _open(session, about & Deadline.kind.in_(FOR_RECIPIENTS))
    sequences = sequences_of(session, found)
    for deadline in found:
        calendar.add_component(deadline_entry(deadline, words_of(deadline), "", sequences[deadline.id], office))
    for meeting in _meetings(session, Meeting.award_id == award.id, office.clock()):
        calendar.add_component(meeting_entry(meeting, "", office=office))
    changed = session.scalar(select(func.max(Event.at)).where(Event.reference == award.reference))
    return _feed(calendar, changed or award.offered_at)


def of_staff(session: Session, person_id: int, *, whole: bool, pages: Pages, office: Office) -> Feed:
    """What falls due for one of the staff, or for the `whole` office. Raises Gone for whoever has left."""
    person = session.get(Person, person_id)
    if person is None or not person.active or people.why_not_read(person):
        raise Gone("This calendar was of somebody who is not on the office's staff list any more.")
    theirs: ColumnElement[bool] = or_(
        Deadline.owner_id == person.id, Deadline.owner_id.is_(None) & (Application.taken_by_id == person.id)
    )
    calendar = _calendar("Award Desk: the office" if whole else f"Award Desk: {person.name}")
    found = _open(session, true() if whole else theirs)
    sequences = sequences_of(session, found)
    for deadline in found:
        entry = deadline_entry(deadline, _staff_words(deadline), pages(deadline), sequences[deadline.id], office)
        entry.subcomponents.clear()  # the digest says what is due: nothing rings for each of hundreds
        calendar.add_component(entry)
    mine = or_(theirs, Meeting.invited_by_id == person.id)
    for meeting in _meetings(session, true() if whole else mine, office.clock()):
        calendar.add_component(
            meeting_entry(meeting, pages(meeting.deadline), office=office, who=_who(meeting.deadline))
        )
    last = session.scalars(select(Event.at).order_by(Event.sequence.desc()).limit(1)).first()
    return _feed(calendar, last or person.added_at)


def _feed(calendar: Calendar, changed_at: datetime) -> Feed:
    return Feed(bytes(calendar.to_ical()), changed_at.astimezone(UTC))


def _calendar(name: str) -> Calendar:
    calendar = new_calendar(PUBLISH)
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)  # what the programs read that are older than NAME (RFC 7986)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def _open(session: Session, about: ColumnElement[bool]) -> Sequence[Deadline]:
    query = (
        select(Deadline)
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == func.coalesce(Award.application_id, Deadline.application_id))
        .where(Deadline.is_open, about)
        .order_by(Deadline.due, Deadline.id)
        .limit(MOST)
        .options(
            selectinload(Deadline.award).selectinload(Award.application), selectinload(Deadline.own_application)
        )
    )  # fmt: skip
    return session.scalars(query).all()


def _meetings(session: Session, about: ColumnElement[bool], now: datetime) -> Iterable[Meeting]:
    """The meetings that are still shown. One that was cancelled stays until its time, and says that it is off."""
    shown = or_(Meeting.cancelled_at.is_(None) & (Meeting.starts_at > now - KEPT), Meeting.starts_at > now)
    query = (
        select(Meeting)
        .join(Deadline, Deadline.id == Meeting.deadline_id)
        .join(Award, Award.id == Meeting.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(shown, about)
        .order_by(Meeting.starts_at, Meeting.id)
        .limit(MOST)
        .options(
            selectinload(Meeting.award).selectinload(Award.application), selectinload(Meeting.deadline)
        )
    )  # fmt: skip
    return session.scalars(query)


def _staff_words(deadline: Deadline) -> tuple[str, str]:
    kind = named(deadline.kind)
    what = deadline.title or f"{capital(kind.noun)}, {_who(deadline)}".rstrip(", ")
    return what, kind.next


def _who(deadline: Deadline) -> str:
    """The organisation, as words in which no calendar finds a link."""
    application = deadline.application
    name = clean_short(application.organisation_name or "") if application is not None else ""
    return name.replace("://", ": //").replace("www.", "www ")[:80]
