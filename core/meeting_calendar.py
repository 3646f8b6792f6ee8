"""A monitoring meeting in somebody's calendar: an invitation, its changes and its cancellation (RFC 5545, RFC 5546).

An invitation is a REQUEST, which mail programs put into a calendar, and move there by themselves when the same UID
comes with a higher SEQUENCE; a CANCEL takes it out. A file that somebody fetches from a page only shows it: PUBLISH.
Times are instants in UTC, which every calendar shows by its reader's clock, whatever that does in between. The agenda
is not in it: a calendar is often shared.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Final

from icalendar import Alarm, Event, vCalAddress, vText

from core.calendar_files import CANCEL, PUBLISH, CalendarFile, contact_line, new_calendar, uid
from core.meetings import ends_at
from core.office import Office
from core.records import Meeting
from core.rules.lifecycle import MeetingState

REQUEST: Final = "REQUEST"

ALARM: Final = timedelta(days=-1)
"""When a calendar rings: a day before."""


def invitation_file(meeting: Meeting, invited: Iterable[str], address: str, *, office: Office) -> CalendarFile:
    """The file that a letter about a meeting carries, to these e-mail addresses: it puts, moves or cancels the entry.

    `address` is the recipient's page. An office whose policy names no e-mail address cannot be the organiser of an
    invitation, which the standard asks for: then the file only shows the meeting.
    """
    organiser = office.policy.office.email.value
    method = CANCEL if meeting.status == MeetingState.CANCELLED else REQUEST
    event = meeting_entry(meeting, address, office=office)
    if organiser:
        for one in invited:
            event.add("attendee", _invited(one))
    else:
        method = CANCEL if method == CANCEL else PUBLISH
    calendar = new_calendar(method)
    calendar.add_component(event)
    return CalendarFile(bytes(calendar.to_ical()), method)


def shown_file(meeting: Meeting, address: str, *, office: Office) -> CalendarFile:
    """The file that somebody fetches from a page of ours."""
    calendar = new_calendar(PUBLISH)
    calendar.add_component(meeting_entry(meeting, address, office=office))
    return CalendarFile(bytes(calendar.to_ical()), PUBLISH)


def meeting_entry(meeting: Meeting, address: str, *, office: Office, who: str = "") -> Event:
    """A meeting as an entry; `address` is where the reader looks at it, "" for nowhere.

    `who` is the organisation, for a reader of the office.
    """
    cancelled = meeting.status == MeetingState.CANCELLED
    event = Event()
    event.add("uid", uid("meeting", meeting.id, office))
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.changed_at.astimezone(UTC))
    event.add("dtstart", meeting.starts_at.astimezone(UTC))
    event.add("dtend", ends_at(meeting).astimezone(UTC))
    event.add("summary", f"Monitoring meeting{f', {who}' if who else ''} ({meeting.award.reference})")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if meeting.place or meeting.video:
        event.add("location", ", ".join(part for part in (meeting.place, meeting.video) if part))
    said = (
        "This meeting is cancelled." if cancelled else "",
        f"Video call: {meeting.video}" if meeting.video and not cancelled else "",
        _more(address, who) if address and not cancelled else "",
        "" if who else contact_line(office),
    )
    event.add("description", "\n\n".join(part for part in said if part))
    if address:
        event.add("url", address)
    if office.policy.office.email.value:
        organiser = vCalAddress(f"mailto:{office.policy.office.email.value}")
        organiser.params["CN"] = vText(office.policy.office.name.value)
        event.add("organizer", organiser)
    event.add("class", "PRIVATE")  # whoever has the address can act on it
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", "Monitoring meeting")
        alarm.add("trigger", ALARM)
        event.add_component(alarm)
    return event


def _more(address: str, who: str) -> str:
    return f"{'The agenda and the answer' if who else 'The agenda, and another time if you need one'}: {address}"


def _invited(email: str) -> vCalAddress:
    """Somebody who is invited. No answer is asked for by mail: they give it on their page, where the office sees it."""
    attendee = vCalAddress(f"mailto:{email}")
    for name, value in (("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "NEEDS-ACTION")):
        attendee.params[name] = vText(value)
    attendee.params["RSVP"] = vText("FALSE")
    return attendee
