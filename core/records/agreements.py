"""Tables: the agreement of an award that is signed on paper, and each look at an award while it runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key, Pence
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.awards import Award
    from core.records.people import Person


class Agreement(Record):
    """The agreement of a contract, or of a contribution that the office leads: one for each award that needs one.

    `status` is that of `core.rules.lifecycle.AGREEMENT`. `signed_by` signed it for the recipient, on `signed_on`;
    `document` says where it is kept. `passes_on`: it says that it passes to whoever takes over from the office (W6).
    """

    __tablename__ = "agreement"
    __table_args__ = (CheckConstraint("(signed_on IS NULL) = (signed_by IS NULL)", name="signed_by_somebody_on_a_day"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    drafted_at: Mapped[datetime]
    sent_on: Mapped[date | None]
    signed_by: Mapped[str | None]
    signed_on: Mapped[date | None]
    document: Mapped[str | None]
    passes_on: Mapped[bool | None] = mapped_column(Boolean)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()
    person: Mapped[Person | None] = relationship()


class AwardLook(Record):
    """A look at an award (R6, F3): the day it was due, when it was held, its outcome, and the money as it stood then.

    `paid` is what had left the office, `returned` what of it had come back, `spent` what the recipient had said last;
    pence. Append-only.
    """

    __tablename__ = "award_look"
    __table_args__ = (UniqueConstraint("award_id", "due"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    due: Mapped[date]
    held_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(String(16))
    reconciled: Mapped[bool] = mapped_column(Boolean)
    paid: Mapped[int] = mapped_column(Pence)
    returned: Mapped[int] = mapped_column(Pence)
    spent: Mapped[int] = mapped_column(Pence)
    findings: Mapped[list[Any]]
    note: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]

    award: Mapped[Award] = relationship()
    person: Mapped[Person] = relationship()
