"""A monitoring meeting in somebody's calendar: an invitation, its changes and its cancellation.

A file that somebody fetches from a page only shows it. The agenda is not in it: a calendar is often shared.
"""

from __future__ import annotations

from collections.abc import Iterable

from icalendar import Event

from core.calendar_files import PUBLISH, CalendarFile, contact_line, new_calendar, uid
from core.calendar_invitations import invitation_entry, sent_to
from core.meetings import ends_at
from core.office import Office
from core.records import Meeting
from core.rules.lifecycle import MeetingState


def invitation_file(meeting: Meeting, invited: Iterable[str], address: str, *, office: Office) -> CalendarFile:
    """The file that a letter about a meeting carries, to these e-mail addresses. `address` is the recipient's page."""
    return sent_to(meeting_entry(meeting, address, office=office), invited)


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
    event = invitation_entry(
        uid("meeting", meeting.id, office),
        f"Monitoring meeting{f', {who}' if who else ''} ({meeting.award.reference})",
        sequence=meeting.sequence,
        changed_at=meeting.changed_at,
        begins=meeting.starts_at,
        ends=ends_at(meeting),
        place=", ".join(part for part in (meeting.place, meeting.video) if part),
        said=(
            "This meeting is cancelled." if cancelled else "",
            f"Video call: {meeting.video}" if meeting.video and not cancelled else "",
            _more(address, who) if address and not cancelled else "",
            "" if who else contact_line(office),
        ),
        rings="Monitoring meeting",
        cancelled=cancelled,
        office=office,
    )
    if address:
        event.add("url", address)
    event.add("class", "PRIVATE")  # whoever has the address can act on it
    return event


def _more(address: str, who: str) -> str:
    return f"{'The agenda and the answer' if who else 'The agenda, and another time if you need one'}: {address}"
