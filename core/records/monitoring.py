"""Tables: what a recipient does about a return beside sending it: a draft, a request for more time, an issue raised."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Document, Key
from core.records.awards import Award
from core.records.deadlines import Deadline
from core.records.people import Person
from core.records.record import Record


class ReturnDraft(Record):
    """A return as far as it has been typed, right or wrong: one for each deadline, gone when the return is in."""

    __tablename__ = "return_draft"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"), unique=True)
    answers: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    saved_at: Mapped[datetime]


class TimeRequest(Record):
    """A recipient asks to have a return due later (D0): `due` is the day it was due then, `until` the day asked for.

    `status` is asked, agreed, declined, or lapsed where the return came in before the office had answered.
    """

    __tablename__ = "time_request"
    __table_args__ = (
        Index(
            "uq_time_request_open",
            "deadline_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
            sqlite_where=text("answered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"), index=True)
    due: Mapped[date]
    until: Mapped[date]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime]
    answer: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()
    deadline: Mapped[Deadline] = relationship()


class Issue(Record):
    """Something that a recipient raises with the office, at any time (R2). It has an owner, and an end."""

    __tablename__ = "issue"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    text: Mapped[str]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    status: Mapped[str] = mapped_column(String(10), index=True)
    outcome: Mapped[str | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()
    owner: Mapped[Person | None] = relationship(foreign_keys=[owner_id])
