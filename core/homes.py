"""Whose Home tab in Slack is shown anew when something changes: those who opened it lately.

The message is one for all of them and says nothing but that something has changed: a Home is made from the record when
it is published. Several that wait are one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
from core.records import HomeOpened, OutboxMessage, Person
from core.rules.policy import Body

KIND: Final = "homes"

LATELY: Final = timedelta(days=14)
"""Whoever has not opened it for so long gets it anew when they do: every opening makes it afresh."""

MOST: Final = 40
"""How many are shown anew for one change, those who opened it last: more than an office has people in Slack."""


def is_noted(session: Session, person: Person, *, today: date) -> bool:
    """Whether it is on the record already that somebody opened their Home today: asked before anything is written."""
    known = session.get(HomeOpened, person.id)
    return known is not None and known.opened_on == today


def opened(session: Session, person: Person, *, today: date) -> None:
    """Somebody opened their Home. Written once a day at most."""
    known = session.get(HomeOpened, person.id)
    if known is None:
        session.merge(HomeOpened(person_id=person.id, opened_on=today))
    elif known.opened_on != today:
        known.opened_on = today


def put(session: Session, change: str, *, now: datetime) -> None:
    """Something that Homes show has changed; `change` names it, and is unique for ever. Nothing where nobody looks."""
    if session.scalars(select(HomeOpened.person_id).limit(1)).first() is not None:
        outbox.put(session, KIND, subject=KIND, key=f"homes:{change}", payload={}, now=now)


def is_overtaken(session: Session, message: OutboxMessage) -> bool:
    """Whether a later change waits to be shown: that shows this one too."""
    later = select(OutboxMessage.id).where(
        OutboxMessage.subject == KIND,
        OutboxMessage.channel == message.channel,
        OutboxMessage.settled_at.is_(None),
        OutboxMessage.id > message.id,
    )
    return session.scalars(later.limit(1)).first() is not None


def readers(session: Session, *, today: date) -> list[Person]:
    """Whose Home is shown anew: of the office, active, linked, opened lately; who opened it last is the first."""
    query = (
        select(Person)
        .join(HomeOpened, HomeOpened.person_id == Person.id)
        .where(
            Person.active,
            Person.body == Body.OFFICE.value,
            Person.slack_user.is_not(None),
            HomeOpened.opened_on >= today - LATELY,
        )
        .order_by(HomeOpened.opened_on.desc(), Person.id)
        .limit(MOST)
    )
    return list(session.scalars(query))
