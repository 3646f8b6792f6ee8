"""An invitation in somebody's calendar: its entry, each change of it and its end (RFC 5545, RFC 5546).

An invitation is a REQUEST, which mail programs put into a calendar, and move there by themselves when the same UID
comes with a higher SEQUENCE; a CANCEL takes it out. Times are instants in UTC, which every calendar shows by its
reader's clock, whatever that does in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Alarm, Event, vCalAddress, vText

from core.calendar_files import CANCEL, PUBLISH, CalendarFile, new_calendar
from core.office import Office

REQUEST: Final = "REQUEST"

ALARM: Final = timedelta(days=-1)
"""When a calendar rings: a day before."""


def invitation_entry(
    uid: str,
    name: str,
    *,
    sequence: int,
    changed_at: datetime,
    begins: datetime,
    ends: datetime,
    place: str,
    said: Iterable[str],
    rings: str,
    cancelled: bool,
    office: Office,
) -> Event:
    """The entry `name` of what people are invited to: `said` are its paragraphs, `rings` what a calendar rings with.

    The office is its organiser where the policy names its e-mail address.
    """
    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", changed_at.astimezone(UTC))
    event.add("dtstart", begins.astimezone(UTC))
    event.add("dtend", ends.astimezone(UTC))
    event.add("summary", name)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if place:
        event.add("location", place)
    event.add("description", "\n\n".join(part for part in said if part))
    if office.policy.office.email.value:
        organiser = vCalAddress(f"mailto:{office.policy.office.email.value}")
        organiser.params["CN"] = vText(office.policy.office.name.value)
        event.add("organizer", organiser)
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", rings)
        alarm.add("trigger", ALARM)
        event.add_component(alarm)
    return event


def sent_to(event: Event, invited: Iterable[str]) -> CalendarFile:
    """The file that a letter to these e-mail addresses carries: it puts, moves or cancels the entry.

    An office whose policy names no e-mail address cannot be the organiser of an invitation, which the standard asks
    for: then the file only shows the entry.
    """
    organised = "organizer" in event
    if organised:
        for email in invited:
            event.add("attendee", _invited(email))
    method = CANCEL if event["status"] == "CANCELLED" else REQUEST if organised else PUBLISH
    calendar = new_calendar(method)
    calendar.add_component(event)
    return CalendarFile(bytes(calendar.to_ical()), method)


def _invited(email: str) -> vCalAddress:
    """Somebody who is invited. No answer is asked for by mail: who comes is said to the office, and people read it."""
    attendee = vCalAddress(f"mailto:{email}")
    for name, value in (("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "NEEDS-ACTION")):
        attendee.params[name] = vText(value)
    attendee.params["RSVP"] = vText("FALSE")
    return attendee
