"""Tables: the trail, and where it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Key, OptionalDocument
from core.records.record import Record


class Event(Record):
    """One line of the trail: who did what, when, on which facts. Append-only; each line carries the one before it.

    `seals` has the digests of the rows of the record that this line made or changed: see `core.seals`.
    """

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_reference", "reference", "sequence"),)

    sequence: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]
    seals: Mapped[dict[str, Any] | None] = mapped_column(OptionalDocument)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class TrailEnd(Record):
    """Where the trail ends: one row, so that lines cut off its end are missed. Locked while a line is added."""

    __tablename__ = "trail_end"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
