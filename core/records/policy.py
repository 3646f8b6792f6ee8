"""Tables: the policies there have been, which held when, and which were withdrawn before they did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.record import Record


class PolicyVersion(Record):
    """A policy as it was when decisions were made under it (A4): the whole file, by its fingerprint."""

    __tablename__ = "policy_version"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    toml: Mapped[str]
    stored_at: Mapped[datetime]


class PolicyInForce(Record):
    """Which policy holds from which day. Append-only: of the rows whose day has come the latest day, then row, holds,
    without those that were withdrawn.

    `how` is "file" for what a process read when it started, "applied" for what somebody brought into force; `changes`
    is what that was to change when it was put. `begun_at` is filled in once, when it came into force and open
    applications were looked at again.
    """

    __tablename__ = "policy_in_force"
    __table_args__ = (Index("ix_policy_in_force_from_day", "from_day", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    from_day: Mapped[date]
    put_at: Mapped[datetime]
    by: Mapped[str]
    how: Mapped[str] = mapped_column(String(8))
    note: Mapped[str]
    changes: Mapped[list[Any]]
    begun_at: Mapped[datetime | None]

    policy_version: Mapped[PolicyVersion] = relationship()
    withdrawal: Mapped[PolicyWithdrawal | None] = relationship(back_populates="in_force")


class PolicyWithdrawal(Record):
    """A policy that was to hold from a day to come, and does not: who took it back, when, and why. Append-only."""

    __tablename__ = "policy_withdrawal"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    policy_in_force_id: Mapped[int] = mapped_column(ForeignKey("policy_in_force.id"), unique=True)
    withdrawn_at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str]

    in_force: Mapped[PolicyInForce] = relationship(back_populates="withdrawal")
