"""A Provider Forum in somebody's calendar: the invitation, each change of it and its end."""

from __future__ import annotations

from typing import Final

from core.calendar_files import CalendarFile, contact_line, uid
from core.calendar_invitations import invitation_entry, sent_to
from core.forums import ForumState, when
from core.office import Office
from core.records import Forum

NAME: Final = "Provider Forum for victim services"


def forum_file(forum: Forum, email: str, *, office: Office) -> CalendarFile:
    """The file that an invitation to this address carries: it puts, moves or cancels the entry."""
    cancelled = forum.status == ForumState.CANCELLED
    begins, ends = when(forum)
    entry = invitation_entry(
        uid("forum", forum.id, office),
        NAME,
        sequence=forum.sequence,
        changed_at=forum.changed_at,
        begins=begins,
        ends=ends,
        place=forum.place,
        said=("Cancelled." if cancelled else "", contact_line(office)),
        rings=NAME,
        cancelled=cancelled,
        office=office,
    )
    return sent_to(entry, [email])
