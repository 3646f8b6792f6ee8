"""Tables: what belongs to an offer and its acceptance: changes that were proposed to it, and bank details."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.awards import Award
from core.records.record import Record


class MeasureProposal(Record):
    """What an applicant would rather measure than what was offered (N3). One at a time is open for an award.

    `changes` are `[{"position": 1, "measure": …, "target": …, "was_measure": …, "was_target": …}]`, for the measures
    that are to change only. `outcome` is None while it is open, then "agreed", "declined", or "withdrawn": the
    applicant answered the offer all the same, or it ran out.
    """

    __tablename__ = "measure_proposal"
    __table_args__ = (
        Index(
            "ix_measure_proposal_open",
            "award_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    proposed_by: Mapped[str]
    changes: Mapped[list[Any]]
    why: Mapped[str]
    proposed_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answer: Mapped[str | None]
    ended_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()


class BankDetails(Record):
    """Where an award's money is to be paid (L5, W4): one row an award, encrypted, changed in place.

    `locked` opens only with the office's key and for this award; it is None once it was purged. `version` counts how
    often it was given: what was verified of an earlier one says nothing of this one.
    """

    __tablename__ = "bank_details"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), unique=True)
    version: Mapped[int] = mapped_column(Integer)
    locked: Mapped[str | None]
    own_name: Mapped[bool] = mapped_column(Boolean)
    given_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()

    def __repr__(self) -> str:
        """Which row it is, and nothing of what it holds."""
        return f"<BankDetails {self.id}>"
