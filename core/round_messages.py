"""That a sitting's message in Slack is to show how things stand: put into the outbox with whatever changes it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import homes, outbox
from core.records import Application, OutboxMessage, PanelListing

KIND: Final = "sitting"


def put(session: Session, sitting_id: int, change: str, *, now: datetime) -> None:
    """Show a sitting anew, in its message and in Homes; `change` names what changed, and is unique for ever."""
    key = f"{KIND}:{sitting_id}:{change}"
    outbox.put(
        session, KIND, subject=subject_of(sitting_id), key=key, payload={"sitting_id": sitting_id}, now=now
    )  # fmt: skip
    homes.put(session, key, now=now)


def put_for(session: Session, application: Application, *, now: datetime) -> None:
    """Show the sitting anew that an application is on the list of, if any: this version of it has changed."""
    listed = select(PanelListing.sitting_id).where(
        PanelListing.application_id == application.id,
        PanelListing.removed_at.is_(None),
        PanelListing.sitting_id.is_not(None),
    )
    sitting_id = session.scalars(listed).one_or_none()
    if sitting_id is not None:
        put(session, sitting_id, f"card:{application.id}:{application.version}", now=now)


def subject_of(sitting_id: int) -> str:
    """What the messages about a sitting are about: they go out in their order."""
    return f"sitting:{sitting_id}"


def is_overtaken(session: Session, message: OutboxMessage) -> bool:
    """Whether a later message about the same sitting waits: it shows what this one would."""
    later = select(OutboxMessage.id).where(
        OutboxMessage.subject == message.subject,
        OutboxMessage.channel == message.channel,
        OutboxMessage.settled_at.is_(None),
        OutboxMessage.id > message.id,
    )
    return session.scalars(later.limit(1)).first() is not None
