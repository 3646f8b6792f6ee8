"""Table: what the office asked about an application or a return, and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Document, Key
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import Application
    from core.records.awards import MonitoringReturn
    from core.records.people import Person

_OPEN = "ended_at IS NULL"


class Asked(Record):
    """A question of the office: about an application or, where `return_id` says so, about a return of its award.

    It is open until `ended_at`; an answer is wanted by `answer_by`. `answer` stays empty where the office took the
    question back, or the application was withdrawn. One at a time is open. `may_correct`: the applicant may answer it
    by correcting what they sent; None where they may not.
    """

    __tablename__ = "asked"
    __table_args__ = (
        CheckConstraint("answer IS NULL OR ended_at IS NOT NULL", name="answer_ends_it"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        Index(
            "ix_asked_open_application",
            "application_id",
            unique=True,
            postgresql_where=text(f"return_id IS NULL AND {_OPEN}"),
            sqlite_where=text(f"return_id IS NULL AND {_OPEN}"),
        ),
        Index("ix_asked_open_return", "return_id", unique=True, postgresql_where=text(_OPEN), sqlite_where=text(_OPEN)),
        Index("ix_asked_application_id", "application_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    return_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_return.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    question: Mapped[str]
    asked_at: Mapped[datetime]
    answer_by: Mapped[date | None]
    answer: Mapped[str | None]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    may_correct: Mapped[bool | None] = mapped_column(Boolean)

    application: Mapped[Application] = relationship()
    monitoring_return: Mapped[MonitoringReturn | None] = relationship()
    person: Mapped[Person] = relationship()


class Correction(Record):
    """An application as it is being corrected, right or wrong, for a question that allows it: gone when it is sent."""

    __tablename__ = "correction"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    asked_id: Mapped[int] = mapped_column(ForeignKey("asked.id"), unique=True)
    answers: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    saved_at: Mapped[datetime]

    asked: Mapped[Asked] = relationship()
