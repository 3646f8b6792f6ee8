"""Tables: who the office's people are, which Slack account is theirs, and who stands in while they are away."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.record import Record


class Person(Record):
    """A member of staff, the Commissioner, the panel or an auditor. Removed people stay: decisions name them.

    `sessions_ended` counts how often they signed out: whoever signed in under an earlier number is signed in no more.
    """

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("slack_team", "slack_user"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(String(16))
    slack_team: Mapped[str | None] = mapped_column(String(32))
    slack_user: Mapped[str | None] = mapped_column(String(32))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    sessions_ended: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class Absence(Record):
    """A person is away, from a day to a day, both included, and somebody of the office stands in for them.

    `ended_on` is the first day on which they were back after all; None where nobody said so.
    """

    __tablename__ = "absence"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    deputy_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    from_day: Mapped[date]
    until_day: Mapped[date]
    ended_on: Mapped[date | None]
    noted_at: Mapped[datetime]

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    deputy: Mapped[Person] = relationship(foreign_keys=[deputy_id])


class SlackCode(Record):
    """A Slack account asked to be linked to whoever has an e-mail address: kept for a day, for the limits.

    The code that was mailed is not kept in any form: it follows from this row and the desk's secret. `address` may be
    nobody's. `tries` are the wrong codes that were given.
    """

    __tablename__ = "slack_code"
    __table_args__ = (
        Index("ix_slack_code_account", "slack_team", "slack_user", "asked_at"),
        Index("ix_slack_code_address", "address", "asked_at"),
        Index("ix_slack_code_asked_at", "asked_at"),
        {"sqlite_autoincrement": True},  # a number is never given twice: messages lead here by it
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slack_team: Mapped[str] = mapped_column(String(32))
    slack_user: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(254))
    nonce: Mapped[str] = mapped_column(String(32))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    asked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
