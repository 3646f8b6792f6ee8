"""Tables: what is to be sent, and where a card stands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Key
from core.records.record import Record


class OutboxMessage(Record):
    """Something to be sent, written in the transaction that makes it true. It holds ids; it is worded when sent."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_open",
            "channel",
            "id",
            postgresql_where=text("settled_at IS NULL"),
            sqlite_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_outbox_message_subject_open",
            "subject",
            "channel",
            "id",
            postgresql_where=text("settled_at IS NULL"),
            sqlite_where=text("settled_at IS NULL"),
        ),
        Index("ix_outbox_message_kind_made_at", "kind", "made_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    not_before: Mapped[datetime]
    claim: Mapped[str | None] = mapped_column(String(40))
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    outcome: Mapped[str | None] = mapped_column(String(16))
    settled_at: Mapped[datetime | None]
    slack_channel: Mapped[str | None] = mapped_column(String(32))
    slack_ts: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None]


class HomeOpened(Record):
    """Somebody opened their Home tab in Slack, last on this day: what changes is shown there too."""

    __tablename__ = "home_opened"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    opened_on: Mapped[date]


class Card(Record):
    """Where an application's one card stands in Slack."""

    __tablename__ = "card"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    ts: Mapped[str] = mapped_column(String(32))
