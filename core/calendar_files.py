"""Deadlines as an iCalendar file (RFC 5545): what somebody attaches to a mail, or puts into their calendar from a page.

A deadline keeps its UID for ever and its SEQUENCE grows when it moves, so that a calendar moves the entry that it has.
No word in it was typed by anybody: a calendar shows what it is given, links included.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Final
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event
from sqlalchemy.orm import Session

from core.links import Purpose, standing
from core.office import Office, london_day
from core.records import Deadline
from core.rules.money import display

MEDIA_TYPE: Final = "text/calendar; charset=utf-8; method=PUBLISH"

ALARM: Final = timedelta(days=-7, hours=9)
"""When a calendar rings, from the first minute of the day: at nine o'clock a week before."""


def calendar_file(session: Session, found: Iterable[Deadline], *, office: Office) -> bytes:
    """The deadlines of awards that are still to be met, as one file; empty where none is left.

    Each is a whole day in London and leads to the page where it is met.
    """
    open_ones = [one for one in found if one.award is not None and one.met_at is None and one.closed_at is None]
    if not open_ones:
        return b""
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Award Desk//Deadlines//EN")
    calendar.add("method", "PUBLISH")
    calendar.add("calscale", "GREGORIAN")
    for deadline in sorted(open_ones, key=lambda one: (one.due, one.id)):
        calendar.add_component(_event(session, deadline, office))
    return bytes(calendar.to_ical())


def _event(session: Session, deadline: Deadline, office: Office) -> Event:
    what, to_do = _words(deadline)
    address = _address(session, deadline, office)
    event = Event()
    event.add("uid", f"deadline-{deadline.id}@{urlsplit(office.public_url).hostname or 'localhost'}")
    event.add("sequence", sequence_of(deadline))
    event.add("dtstamp", deadline.set_at.astimezone(UTC))
    event.add("dtstart", deadline.due)
    event.add("dtend", deadline.due + timedelta(days=1))
    event.add("summary", f"{what} ({deadline.reference})")
    event.add("description", "\n\n".join(part for part in (to_do, address, _contact(office)) if part))
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


def sequence_of(deadline: Deadline) -> int:
    """How many days after it was set it falls due: the same until it is moved, and more once it is moved on."""
    return max((deadline.due - london_day(deadline.set_at)).days, 0)


def _words(deadline: Deadline) -> tuple[str, str]:
    """What it is, and what is to be done by the end of that day."""
    if deadline.kind == "acceptance":
        amount = display(deadline.award.amount) if deadline.award else ""
        return f"Last day to answer our offer of {amount}", "After this day the offer runs out."
    name = "Final monitoring return" if deadline.final else "Monitoring return"
    return f"{name} due", "Please send it by the end of this day."


def _contact(office: Office) -> str:
    email, phone = office.policy.office.email.value, office.policy.office.phone.value
    ways = [*([f"write to {email}"] if email else []), *([f"call {phone}"] if phone else [])]
    return f"Questions? Please {' or '.join(ways)}." if ways else ""


def _address(session: Session, deadline: Deadline, office: Office) -> str:
    """The page where it is met; "" where its link was never made, or is revoked."""
    purpose: Purpose = "offer" if deadline.kind == "acceptance" else "return"
    leads_to = deadline.award_id if purpose == "offer" else deadline.id
    link = standing(session, purpose, leads_to) if leads_to is not None else None
    return office.signer.address(purpose, link) if link is not None else ""
