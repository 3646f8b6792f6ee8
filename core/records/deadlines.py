"""Tables: what falls due, and who was told of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, ColumnElement, ForeignKey, Index, Integer, String, UniqueConstraint, and_, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Document, Key
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import Application
    from core.records.awards import Award
    from core.records.messages import OutboxMessage
    from core.records.people import Person


class Deadline(Record):
    """Something that falls due. Overdue is computed, never stored.

    `next_step_on` is the day of its earliest nudge still to come, or where the next sweep is to work that out, the day
    from which on nudges are sent; the sweep finds what it must do by that index alone.
    No step before `silent_before` is ever sent: what was past when a record was imported, set up for practice, or when
    more time was agreed. `first_due` is the day on which it was due before that; None where it never moved.

    It hangs on an award, on an application without one, or on neither: then it has a `title`. `owner` is whoever looks
    after it, where that is not whoever took the application on; the officer hears nothing before `snoozed_until`.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("subject", "kind", "due"),
        Index(
            "ix_deadline_open",
            "next_step_on",
            postgresql_where=text("met_at IS NULL AND closed_at IS NULL"),
            sqlite_where=text("met_at IS NULL AND closed_at IS NULL"),
        ),
        Index("ix_deadline_due", "due"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    subject: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(20), index=True)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"), index=True)
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), index=True)
    title: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    due: Mapped[date]
    first_due: Mapped[date | None]
    final: Mapped[bool] = mapped_column(Boolean, default=False)
    set_at: Mapped[datetime]
    silent_before: Mapped[date | None]
    next_step_on: Mapped[date | None]
    snoozed_until: Mapped[date | None]
    chased_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    award: Mapped[Award | None] = relationship(back_populates="deadlines")
    own_application: Mapped[Application | None] = relationship()
    owner: Mapped[Person | None] = relationship()
    nudges: Mapped[list[Nudge]] = relationship(back_populates="deadline", order_by="Nudge.step")

    @property
    def application(self) -> Application | None:
        """The application that it is about: its award's, or its own; None for what is the office's."""
        return self.award.application if self.award is not None else self.own_application

    @hybrid_property
    def is_open(self) -> bool:
        """Whether it is still to be met: neither done, nor closed because nobody waits for it any more."""
        return self.met_at is None and self.closed_at is None

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return and_(cls.met_at.is_(None), cls.closed_at.is_(None))


class Nudge(Record):
    """A step of a deadline that one person was told of, once ever: the unique key is the promise (D0).

    `due` is the day that the step was counted from: where more time is agreed the steps move with the day, and what
    was sent for the earlier day stays sent.
    """

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("deadline_id", "due", "step", "person"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    due: Mapped[date]
    step: Mapped[int] = mapped_column(Integer)
    person: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"), index=True)
    noted_at: Mapped[datetime]

    deadline: Mapped[Deadline] = relationship(back_populates="nudges")
    message: Mapped[OutboxMessage] = relationship()


class SweepPlan(Record):
    """What the sweep last planned with: one row. When steps, closed days or pauses change, it is compared with this."""

    __tablename__ = "sweep_plan"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    swept_on: Mapped[date]
    plan: Mapped[dict[str, Any]] = mapped_column(Document)


class DatesToSet(Record):
    """There while what was open before its kind of deadline came to the desk has none: the first sweep sets them.

    Put in by the upgrade of a record that had applications; a new record never has one.
    """

    __tablename__ = "dates_to_set"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
