"""Tables: an award, what came of it, and how it was changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Document, Key, OptionalDocument, Pence
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import Application
    from core.records.deadlines import Deadline
    from core.records.policy import PolicyVersion


class Award(Record):
    """Money offered, then held by its recipient. Its reference is its application's.

    One stands for an application: where its decision was undone the offer is withdrawn, `withdrawn_at` says when, and
    another approval makes another award.
    `profile` says how the amount falls over the financial years: {"2026": pence} (F6). `paid` is what of it has left
    and not come back (F7). `answered_by`, in their `answered_role`, accepted the offer or refused it.
    """

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("paid >= 0 AND paid <= amount", name="paid_within_award"),
        *(
            Index(
                f"ix_award_standing_{name}",
                column,
                unique=True,
                postgresql_where=text("withdrawn_at IS NULL"),
                sqlite_where=text("withdrawn_at IS NULL"),
            )
            for name, column in (("application", "application_id"), ("reference", "reference"))
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    reference: Mapped[str] = mapped_column(String(20))
    fund: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), index=True)
    amount: Mapped[int] = mapped_column(Pence)
    conditions: Mapped[str]
    start_on: Mapped[date]
    end_on: Mapped[date]
    offered_at: Mapped[datetime]
    accept_by: Mapped[date]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answered_role: Mapped[str | None]
    refusal_reason: Mapped[str | None]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    profile: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    paid: Mapped[int] = mapped_column(Pence, default=0)
    withdrawn_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(back_populates="award")
    policy_version: Mapped[PolicyVersion] = relationship()
    returns: Mapped[list[MonitoringReturn]] = relationship(back_populates="award", order_by="MonitoringReturn.due")
    deadlines: Mapped[list[Deadline]] = relationship(back_populates="award", order_by="Deadline.due")


class Variation(Record):
    """A decision to change the amount of an award (F6), kept as the first decision is (A4)."""

    __tablename__ = "variation"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    before: Mapped[int] = mapped_column(Pence)
    after: Mapped[int] = mapped_column(Pence)
    reasons: Mapped[str]
    facts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    made_at: Mapped[datetime]


class AwardCheck(Record):
    """That somebody looked at something before money leaves (L5, T1). Append-only; the latest of a kind holds."""

    __tablename__ = "award_check"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    found: Mapped[dict[str, Any]]
    note: Mapped[str]
    made_at: Mapped[datetime]


class MonitoringReturn(Record):
    """What a recipient reports (R1): what changed, how it is known, and what was spent.

    `budget` is what was spent of each line of the agreed budget, where the recipient said: {"line", "agreed", "spent"}.
    """

    __tablename__ = "monitoring_return"
    __table_args__ = (UniqueConstraint("award_id", "due"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    due: Mapped[date]
    status: Mapped[str] = mapped_column(String(20), index=True)
    measures: Mapped[list[Any]]
    spent: Mapped[int] = mapped_column(Pence)
    people: Mapped[int] = mapped_column(Integer)
    narrative: Mapped[str]
    views: Mapped[str]
    extra: Mapped[dict[str, Any]]
    budget: Mapped[list[Any] | None] = mapped_column(OptionalDocument)
    received_at: Mapped[datetime]
    received_from: Mapped[str]

    award: Mapped[Award] = relationship(back_populates="returns")
