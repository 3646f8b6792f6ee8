"""A Provider Forum in somebody's calendar: the invitation, each change of it and its end (RFC 5545, RFC 5546).

The entry has one UID for as long as there is the forum, and a SEQUENCE that grows with each change, so that a calendar
moves what it has; a CANCEL takes it out. Times are instants in UTC, which a calendar shows by its reader's clock.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from icalendar import Alarm, Event, vCalAddress, vText

from core.calendar_files import CANCEL, PUBLISH, CalendarFile, contact_line, new_calendar, uid
from core.forums import ForumState, when
from core.office import Office
from core.records import Forum

REQUEST: Final = "REQUEST"
NAME: Final = "Provider Forum for victim services"

ALARM: Final = timedelta(days=-1)
"""When a calendar rings: a day before."""


def forum_file(forum: Forum, email: str, *, office: Office) -> CalendarFile:
    """The file that an invitation to this address carries: it puts, moves or cancels the entry.

    An office whose policy names no e-mail address cannot be the organiser, which an invitation needs: then the file
    only shows the forum.
    """
    cancelled, organiser = forum.status == ForumState.CANCELLED, office.policy.office.email.value
    begins, ends = when(forum)
    event = Event()
    event.add("uid", uid("forum", forum.id, office))
    event.add("sequence", forum.sequence)
    event.add("dtstamp", forum.changed_at.astimezone(UTC))
    event.add("dtstart", begins)
    event.add("dtend", ends)
    event.add("summary", NAME)
    event.add("location", forum.place)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add(
        "description", "\n\n".join(part for part in ("Cancelled." if cancelled else "", contact_line(office)) if part)
    )
    if organiser:
        who = vCalAddress(f"mailto:{organiser}")
        who.params["CN"] = vText(office.policy.office.name.value)
        event.add("organizer", who)
        guest = vCalAddress(f"mailto:{email}")
        guest.params["RSVP"] = vText("FALSE")  # who comes is said by an ordinary answer, which people read
        event.add("attendee", guest)
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", NAME)
        alarm.add("trigger", ALARM)
        event.add_component(alarm)
    method = CANCEL if cancelled else REQUEST if organiser else PUBLISH
    calendar = new_calendar(method)
    calendar.add_component(event)
    return CalendarFile(bytes(calendar.to_ical()), method)
