"""Tables: the funds' money by year, every movement of it, and payments."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key, Pence
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.awards import Award


class FundYear(Record):
    """The balance of one pot of a fund's money in one financial year (F6), in pence.

    The pot "" is the fund's general money; it is there wherever another is. Any other is ring-fenced (F1): for awards
    of its purpose that end on or before `until`. `statutory` is the sum that the office recorded in place of the share
    held back (F3); it and `forward` are kept with the general money. `surrendered` has left the year at its end. The
    check constraints are the last guard against overspending.
    """

    __tablename__ = "fund_year"
    __table_args__ = (
        UniqueConstraint("fund", "year", "pot"),
        CheckConstraint("committed >= 0", name="committed_not_negative"),
        CheckConstraint("committed + repayable + surrendered <= allocated - held + tolerance", name="never_overspent"),
        CheckConstraint("forward >= 0", name="forward_not_negative"),
        CheckConstraint("held >= 0 AND held <= allocated", name="held_within_allocation"),
        CheckConstraint("paid >= 0 AND paid <= committed", name="paid_from_committed"),
        CheckConstraint("tolerance >= 0 AND repayable >= 0 AND surrendered >= 0", name="nothing_negative"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fund: Mapped[str] = mapped_column(String(40))
    year: Mapped[int] = mapped_column(Integer)
    pot: Mapped[str] = mapped_column(String(60), default="")
    purpose: Mapped[str | None] = mapped_column(String(40))
    until: Mapped[date | None]
    statutory: Mapped[int | None] = mapped_column(Pence)
    allocated: Mapped[int] = mapped_column(Pence, default=0)
    held: Mapped[int] = mapped_column(Pence, default=0)
    tolerance: Mapped[int] = mapped_column(Pence, default=0)
    committed: Mapped[int] = mapped_column(Pence, default=0)
    forward: Mapped[int] = mapped_column(Pence, default=0)
    paid: Mapped[int] = mapped_column(Pence, default=0)
    repayable: Mapped[int] = mapped_column(Pence, default=0)
    surrendered: Mapped[int] = mapped_column(Pence, default=0)


class LedgerEntry(Record):
    """One movement of a fund's money. Append-only; the entries sum to the balances of `FundYear`."""

    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_entry_fund_year", "fund", "year"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fund: Mapped[str] = mapped_column(String(40))
    year: Mapped[int] = mapped_column(Integer)
    pot: Mapped[str] = mapped_column(String(60), default="")
    kind: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(Pence)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"), index=True)
    actor: Mapped[str]
    note: Mapped[str]
    made_at: Mapped[datetime]


class Payment(Record):
    """A stage of an award's payments (F7): planned, then approved by one person and paid by another, or held."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("payer_id <> approver_id", name="payer_is_not_approver"),
        CheckConstraint(
            "status <> 'paid' OR (payer_id IS NOT NULL AND approver_id IS NOT NULL)", name="paid_by_two_people"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    number: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(Pence)
    planned_on: Mapped[date]
    return_due: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(16))
    held_because: Mapped[str | None]
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    chief_finance_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    chief_finance_at: Mapped[datetime | None]
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()
