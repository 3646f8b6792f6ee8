"""Tables: links that were mailed, and answers that are kept to be given again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Instant, Key
from core.records.record import Record


class Link(Record):
    """A link that was mailed: one purpose, revocable, with an end. The token itself is signed, never stored."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("purpose", "subject_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Idempotency(Record):
    """An answer already given to a key (`Idempotency-Key`, or a delivery that Slack repeats), to be given again."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    scope: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(255))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)
