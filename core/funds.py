"""The ledger that cannot overspend (F3, F6). `FundYear` holds the balance, `LedgerEntry` every movement that made it.

Whatever happens at once, money is taken by one conditional update, and a check constraint stands behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import events
from core.errors import NotFound, Refused
from core.records import FundYear, LedgerEntry
from core.rules.calendar import year_label
from core.rules.fund_rules import allocatable
from core.rules.money import display
from core.rules.policy import Fund, Policy

FUND_TRAIL = "funds"
"""The reference under which the trail keeps allocations."""


@dataclass(frozen=True)
class FundPosition:
    """A fund's money in one financial year, in pence. `known` is False for a year with no allocation yet."""

    fund: str
    year: int
    known: bool
    allocated: int
    held: int
    committed: int
    forward: int
    paid: int
    repayable: int
    available: int


def _fund(policy: Policy, fund_id: str) -> Fund:
    fund = policy.fund(fund_id)
    if fund is None:
        known = ", ".join(one.id for one in policy.funds)
        raise NotFound(f"There is no fund called '{fund_id}'. The funds are: {known}.")
    return fund


def _row(session: Session, fund_id: str, year: int, *, locked: bool = False) -> FundYear | None:
    query = select(FundYear).where(FundYear.fund == fund_id, FundYear.year == year)
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def _locked_row(session: Session, fund_id: str, year: int) -> FundYear:
    """The balance row, held until the transaction ends; made if it is not there, whoever else is making it."""
    row = _row(session, fund_id, year, locked=True)
    if row is None:
        try:
            with session.begin_nested():
                session.add(FundYear(fund=fund_id, year=year, allocated=0, held=0, committed=0, forward=0))
        except IntegrityError:  # another was first to make it; it is theirs, and there now
            session.expire_all()
        row = _row(session, fund_id, year, locked=True)
    if row is None:
        raise RuntimeError(f"the balance of {fund_id} in {year} can neither be made nor read")
    return row


def _enter(
    session: Session,
    row: FundYear,
    kind: str,
    amount: int,
    *,
    actor: str,
    note: str,
    now: datetime,
    award_id: int | None = None,
) -> None:
    session.add(
        LedgerEntry(
            fund=row.fund,
            year=row.year,
            kind=kind,
            amount=amount,
            award_id=award_id,
            actor=actor,
            note=note,
            made_at=now,
        )
    )


def allocate(
    session: Session, fund_id: str, year: int, amount: int, *, policy: Policy, actor: str, note: str = "", now: datetime
) -> FundPosition:
    """Add `amount` pence to a fund for the financial year that begins in April of `year`.

    The part that F3 holds back is worked out again on the new total. Forward commitments of the year become
    commitments, oldest first, as far as the money goes. Raises NotFound for an unknown fund, Refused for an amount
    that is not over zero.
    """
    fund = _fund(policy, fund_id)
    if amount <= 0:
        raise Refused("An allocation adds money: give an amount over zero.", "F6")
    row = _locked_row(session, fund_id, year)
    _change_allocation(session, row, fund, "allocation", amount, actor=actor, note=note, now=now)
    told = {"fund": fund_id, "year": year_label(year), "added": amount, "allocated": row.allocated, "held": row.held}
    events.append(session, "allocated", FUND_TRAIL, actor, {**told, "note": note}, now=now)
    return position(session, fund_id, year)


def _change_allocation(
    session: Session, row: FundYear, fund: Fund, kind: str, amount: int, *, actor: str, note: str, now: datetime
) -> None:
    """Add to a year's allocation, or take from it; what F3 holds back and forward commitments follow."""
    row.allocated += amount
    _enter(session, row, kind, amount, actor=actor, note=note, now=now)
    held = row.allocated - allocatable(row.allocated, fund)
    if held != row.held:
        _enter(session, row, "held", row.held - held, actor=actor, note="held back under F3", now=now)
        row.held = held
    session.flush()
    _confirm_forward(session, row, actor=actor, now=now)


def move(
    session: Session,
    source_id: str,
    target_id: str,
    year: int,
    amount: int,
    *,
    policy: Policy,
    actor: str,
    note: str = "",
    now: datetime,
) -> tuple[FundPosition, FundPosition]:
    """Move `amount` pence of a year's allocation that nothing is committed from to another fund, both at once.

    Raises NotFound for an unknown fund; Refused where the money is not there, or is a government grant, which is
    ring-fenced to what it was given for (F1, F2).
    """
    source, target = _fund(policy, source_id), _fund(policy, target_id)
    if amount <= 0:
        raise Refused("Move an amount over zero.", "F6")
    if source == target:
        raise Refused("Name two different funds: one to take from and one to give to.", "F6")
    for fund in (source, target):
        if fund.government_grant:
            raise Refused(
                f"The {fund.name} is ring-fenced: its money cannot be moved. Allocate to it instead.", fund.rule
            )
    rows = {fund_id: _locked_row(session, fund_id, year) for fund_id in sorted((source_id, target_id))}
    left = rows[source_id]
    after = left.allocated - amount
    if after < 0 or left.committed + left.forward > allocatable(after, source):
        raise Refused(f"The {source.name} has {display(_left(left))} left in {year_label(year)}. Move less.", "F6")
    reason = note or f"moved from {source_id} to {target_id}"
    _change_allocation(session, left, source, "moved", -amount, actor=actor, note=reason, now=now)
    _change_allocation(session, rows[target_id], target, "moved", amount, actor=actor, note=reason, now=now)
    told = {"from": source_id, "to": target_id, "year": year_label(year), "amount": amount, "note": note}
    events.append(session, "moved", FUND_TRAIL, actor, told, now=now)
    return position(session, source_id, year), position(session, target_id, year)


def statement(session: Session, policy: Policy, fund_id: str, year: int) -> list[LedgerEntry]:
    """Every movement of a fund in a financial year, oldest first. Raises NotFound for an unknown fund."""
    _fund(policy, fund_id)
    return list(
        session.scalars(
            select(LedgerEntry).where(LedgerEntry.fund == fund_id, LedgerEntry.year == year).order_by(LedgerEntry.id)
        )
    )


def _confirm_forward(session: Session, row: FundYear, *, actor: str, now: datetime) -> None:
    """Turn forward commitments into commitments, oldest first, while the money lasts."""
    open_forward = session.execute(
        select(LedgerEntry.award_id, func.sum(LedgerEntry.amount))
        .where(
            LedgerEntry.fund == row.fund,
            LedgerEntry.year == row.year,
            LedgerEntry.kind.in_(("forward", "forward_closed")),
        )
        .group_by(LedgerEntry.award_id)
        .having(func.sum(LedgerEntry.amount) < 0)
        .order_by(func.min(LedgerEntry.id))
    ).all()
    for award_id, total in open_forward:
        amount = -int(total)
        if row.committed + amount > row.allocated - row.held:
            break
        row.forward -= amount
        row.committed += amount
        note = f"forward commitment, now that {year_label(row.year)} is allocated"
        _enter(session, row, "forward_closed", amount, actor=actor, note=note, now=now, award_id=award_id)
        _enter(session, row, "commitment", -amount, actor=actor, note=note, now=now, award_id=award_id)
        session.flush()


def commit(
    session: Session,
    fund: Fund,
    year: int,
    amount: int,
    *,
    award_id: int,
    this_year: int,
    actor: str,
    now: datetime,
) -> str:
    """Take `amount` pence for an award, in the transaction of its decision. Raises Refused (F6) if it is not there.

    A later year with no allocation yet takes a forward commitment, conditional on funding. Answers which of the two
    it was: "commitment" or "forward".
    """
    row = _row(session, fund.id, year)
    if (row is None or row.allocated == 0) and year > this_year:
        row = _locked_row(session, fund.id, year)
        if row.allocated == 0:
            row.forward += amount
            note = f"conditional on funding for {year_label(year)}"
            _enter(session, row, "forward", -amount, actor=actor, note=note, now=now, award_id=award_id)
            return "forward"
    taken = session.execute(
        update(FundYear)
        .where(
            FundYear.fund == fund.id,
            FundYear.year == year,
            FundYear.committed + FundYear.forward + amount <= FundYear.allocated - FundYear.held,
        )
        .values(committed=FundYear.committed + amount)
        .execution_options(synchronize_session=False)
    )
    row = _row(session, fund.id, year, locked=True)
    if row is None or not taken.rowcount:  # type: ignore[attr-defined]  # a CursorResult
        left = _left(row) if row else 0
        raise Refused(
            f"The {fund.name} has {display(left)} left in {year_label(year)}; this award needs {display(amount)}. "
            "Approve less, or ask for more to be allocated.",
            "F6",
        )
    _enter(session, row, "commitment", -amount, actor=actor, note="", now=now, award_id=award_id)
    return "commitment"


def release(session: Session, award_id: int, *, actor: str, note: str, now: datetime) -> None:
    """Give everything that an award holds back to its fund: an offer that was refused, or that ran out."""
    years = session.execute(
        select(LedgerEntry.fund, LedgerEntry.year).where(LedgerEntry.award_id == award_id).distinct()
    )
    for fund_id, year in sorted((entry.fund, entry.year) for entry in years):
        row = _locked_row(session, fund_id, year)
        # Read under the lock: an allocation at the same moment may just have confirmed a forward commitment.
        mine = session.execute(
            select(LedgerEntry.kind, LedgerEntry.amount).where(
                LedgerEntry.award_id == award_id, LedgerEntry.fund == fund_id, LedgerEntry.year == year
            )
        ).all()
        committed = -sum(entry.amount for entry in mine if entry.kind in ("commitment", "release"))
        forward = -sum(entry.amount for entry in mine if entry.kind in ("forward", "forward_closed"))
        if committed:
            row.committed -= committed
            _enter(session, row, "release", committed, actor=actor, note=note, now=now, award_id=award_id)
        if forward:
            row.forward -= forward
            _enter(session, row, "forward_closed", forward, actor=actor, note=note, now=now, award_id=award_id)


def _left(row: FundYear) -> int:
    """What nothing is promised from: what was committed forward and waits for money comes before anything new (F6)."""
    return max(0, row.allocated - row.held - row.committed - row.forward)


def position(session: Session, fund_id: str, year: int) -> FundPosition:
    """A fund's money in a financial year, all zero and not `known` where nothing was allocated."""
    return _position(_row(session, fund_id, year), fund_id, year)


def positions(session: Session, policy: Policy, year: int) -> list[FundPosition]:
    """Every fund's money in a financial year, in the policy's order, with one query."""
    rows = {row.fund: row for row in session.scalars(select(FundYear).where(FundYear.year == year))}
    return [_position(rows.get(fund.id), fund.id, year) for fund in policy.funds]


def _position(row: FundYear | None, fund_id: str, year: int) -> FundPosition:
    if row is None:
        return FundPosition(
            fund_id, year, known=False, allocated=0, held=0, committed=0, forward=0, paid=0, repayable=0, available=0
        )
    return FundPosition(
        fund_id,
        year,
        known=row.allocated > 0,
        allocated=row.allocated,
        held=row.held,
        committed=row.committed,
        forward=row.forward,
        paid=0,
        repayable=0,
        available=_left(row),
    )
