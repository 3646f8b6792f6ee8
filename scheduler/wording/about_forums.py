"""The letter about a Provider Forum (R4): the invitation, what has changed since, or that it is off."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import mail_refusals
from core.errors import NotFound
from core.forum_calendar import forum_file
from core.forums import INVITATION, LONGEST_PLACE, ForumState, when
from core.office import LONDON, Office
from core.records import ForumInvitation, OutboxMessage
from core.rules.calendar import time_text
from scheduler.wording.draft import Draft, NothingLeft, heard_before
from scheduler.wording.words import paragraphs, typed


def invitation(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """As the forum stands now. Pointless once a later change has a letter of its own, or it was held."""
    invited = session.get(ForumInvitation, message.payload["invitation_id"])
    if invited is None or not (first := invited.application.contact_email):
        raise NotFound("There is nobody to write to.")
    forum = invited.forum
    if forum.sequence != message.payload["sequence"] or forum.status == ForumState.HELD:
        raise NothingLeft("it has changed since, or was held")
    heard, cancelled = heard_before(session, message, INVITATION), forum.status == ForumState.CANCELLED
    if cancelled and not heard:
        raise NothingLeft("nobody was told of it before it was cancelled")
    application = invited.application
    guest = (mail_refusals.PASSED_ON in message.payload and application.second_email) or first
    begins, ends = (time_text(one.astimezone(LONDON).time()) for one in when(forum))
    return Draft(
        to=first,
        to_name=application.contact_name or "",
        reference="",
        facts={
            "organisation": typed(invited.organisation),
            "day": forum.day,
            "begins": begins,
            "ends": ends,
            "place": typed(forum.place, LONGEST_PLACE),
            "note": paragraphs(forum.note),
            "changed": heard and not cancelled,
            "cancelled": cancelled,
        },
        calendar=forum_file(forum, guest, office=office),
    )
