"""Tables: who the office's people are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Key
from core.records.record import Record


class Person(Record):
    """A member of staff, the Commissioner, the panel or an auditor. Removed people stay: decisions name them."""

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
