"""Tables: what must not be deleted, whatever its age."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Key
from core.records.record import Record


class RetentionHold(Record):
    """Everything of one reference is kept (W4): for which reason, by which file of the office, and until when.

    `lifted_on` is the last day on which it holds; None: it holds for now.
    """

    __tablename__ = "retention_hold"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reference: Mapped[str] = mapped_column(String(20), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    file: Mapped[str]
    placed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    placed_at: Mapped[datetime]
    lifted_on: Mapped[date | None]
