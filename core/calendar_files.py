"""Deadlines as an iCalendar file (RFC 5545): what is attached to a mail, or put into somebody's calendar from a page.

A deadline keeps its UID for ever and its SEQUENCE grows whenever it moves, earlier or later, so that a calendar moves
the entry that it has.
No word in it was typed by anybody: a calendar shows what it is given, links included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import records, returns
from core.errors import NotFound
from core.links import Purpose, leading
from core.office import Office
from core.records import Asked, Deadline
from core.recurring import RECURRING_TRAIL
from core.rules.money import display

PUBLISH: Final = "PUBLISH"
CANCEL: Final = "CANCEL"
"""What a calendar is to do with a file (RFC 5546): show it; take the entry out."""

MEDIA_TYPE: Final = f"text/calendar; charset=utf-8; method={PUBLISH}"

ALARM: Final = timedelta(days=-7, hours=9)
"""When a calendar rings, from the first minute of the day: at nine o'clock a week before."""

FIRST_SEQUENCE: Final = 10_000
"""Above every SEQUENCE that was mailed when it was a number of days: no calendar heeds a lower one than it has."""

Addresses = Callable[[Purpose, int], str]
"""The address of the page that a link of this purpose leads to, by its subject; "" where there is none."""


@dataclass(frozen=True)
class CalendarFile:
    """A file, and what a calendar is to do with it: its METHOD."""

    text: bytes
    method: str = PUBLISH


def new_calendar(method: str = "") -> Calendar:
    """A calendar of ours without an entry yet."""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Award Desk//Deadlines//EN")
    if method:
        calendar.add("method", method)
    calendar.add("calscale", "GREGORIAN")
    return calendar


def uid(thing: str, number: int, office: Office) -> str:
    """What a calendar knows an entry by, for ever: "deadline-7@desk.example.org"."""
    return f"{thing}-{number}@{urlsplit(office.public_url).hostname or 'localhost'}"


def calendar_file(
    session: Session, found: Iterable[Deadline], *, office: Office, address: Addresses | None = None
) -> bytes:
    """The deadlines of a recipient that are still to be met, as one file; empty where none is left.

    Each is a whole day in London and leads to the page where it is met: by a link that leads there now, or as
    `address` has it, for whoever may make one.
    """
    open_ones = [one for one in found if one.application is not None and one.is_open]
    if not open_ones:
        return b""
    calendar = new_calendar(PUBLISH)
    sequences = sequences_of(session, open_ones)
    for deadline in sorted(open_ones, key=lambda one: (one.due, one.id)):
        page = (address or partial(_address, session, office))(*met_on(session, deadline))
        calendar.add_component(deadline_entry(deadline, words_of(deadline), page, sequences[deadline.id], office))
    return bytes(calendar.to_ical())


def met_on(session: Session, deadline: Deadline) -> tuple[Purpose, int]:
    """The page on which a recipient sees to a deadline, as what its link is for and leads to.

    An offer and a return have a page of their own, and so has what was asked about a return; all else is on the page
    that says where the application stands. Raises NotFound for what is the office's alone.
    """
    if deadline.kind == "acceptance" and deadline.award_id is not None:
        return "offer", deadline.award_id
    if deadline.kind == "return":
        return "return", deadline.id
    about = asked_about(session, deadline)
    if about is not None and about.monitoring_return is not None:
        came_in = about.monitoring_return
        return "return", returns.due_on(came_in.award, came_in.due).id
    if deadline.application is None:
        raise NotFound("This is no recipient's.", "D0")
    return "application", deadline.application.id


def asked_about(session: Session, deadline: Deadline) -> Asked | None:
    """The question whose answer falls due; None for any other deadline."""
    thing, _, number = deadline.subject.partition(":")
    return session.get(Asked, int(number)) if thing == "asked" and number.isdecimal() else None


def cancelled_file(session: Session, deadline: Deadline, office: Office) -> CalendarFile:
    """The file that takes the entry of a deadline out of a calendar: what it was about was withdrawn."""
    calendar = new_calendar(CANCEL)
    sequence = sequences_of(session, [deadline])[deadline.id] + 1
    event = deadline_entry(deadline, words_of(deadline), "", sequence, office)
    event.subcomponents.clear()  # nothing rings for what is off
    event.add("status", "CANCELLED")
    calendar.add_component(event)
    return CalendarFile(bytes(calendar.to_ical()), CANCEL)


def deadline_entry(deadline: Deadline, words: tuple[str, str], address: str, sequence: int, office: Office) -> Event:
    """The entry of a deadline, a whole day: `words` are what it is, and what is to be done by the end of it."""
    what, to_do = words
    event = Event()
    event.add("uid", uid("deadline", deadline.id, office))
    event.add("sequence", sequence)
    event.add("dtstamp", deadline.set_at.astimezone(UTC))
    event.add("dtstart", deadline.due)
    event.add("dtend", deadline.due + timedelta(days=1))
    event.add("summary", f"{what} ({deadline.reference})")
    event.add("description", "\n\n".join(part for part in (to_do, address, contact_line(office)) if part))
    if address:
        event.add("url", address)
    event.add("class", "PRIVATE")  # whoever has the address can act on it
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", what)
    alarm.add("trigger", ALARM)
    event.add_component(alarm)
    return event


def sequences_of(session: Session, found: Collection[Deadline]) -> Mapping[int, int]:
    """The SEQUENCE of each, by its number: how many lines the trail has about what it belongs to.

    Whoever moves a day writes a line, and no line is ever taken away: so it grows with each move, earlier or later, and
    never falls. The lines about the office's own recurring dates are all together.
    """
    line = records.Event
    wanted = {RECURRING_TRAIL, *(one.reference for one in found)}
    counted = (
        select(line.reference, func.count().label("number")).where(line.reference.in_(wanted)).group_by(line.reference)
    )
    lines = {row.reference: row.number for row in session.execute(counted)}
    return {
        one.id: FIRST_SEQUENCE
        + lines.get(one.reference, 0)
        + (lines.get(RECURRING_TRAIL, 0) if one.application is None else 0)
        for one in found
    }


_OTHERS: Final = {
    "meeting": ("Monitoring meeting by this day", "We invite you by e-mail, with a day and a time."),
    "agreement": ("Agreement to be signed", "Please sign it and send it back by the end of this day."),
    "answer": ("Answer to our question", "Please answer it on the page of your application by the end of this day."),
}


def words_of(deadline: Deadline) -> tuple[str, str]:
    """What it is to a recipient, and what is to be done by the end of that day."""
    if deadline.kind == "acceptance":
        amount = display(deadline.award.amount) if deadline.award else ""
        return f"Last day to answer our offer of {amount}", "After this day the offer runs out."
    if deadline.kind in _OTHERS:
        return _OTHERS[deadline.kind]
    name = "Final monitoring return" if deadline.final else "Monitoring return"
    return f"{name} due", "Please send it by the end of this day."


def contact_line(office: Office) -> str:
    """How to reach the office, in a sentence; "" where the policy does not say."""
    email, phone = office.policy.office.email.value, office.policy.office.phone.value
    ways = [*([f"write to {email}"] if email else []), *([f"call {phone}"] if phone else [])]
    return f"Questions? Please {' or '.join(ways)}." if ways else ""


def _address(session: Session, office: Office, purpose: Purpose, subject_id: int) -> str:
    link = leading(session, purpose, subject_id, now=office.clock())
    return office.signer.address(purpose, link) if link is not None else ""
