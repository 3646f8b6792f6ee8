"""The funds' money by financial year: allocated, ring-fenced, held back, moved, and where it stands (F1, F3, F6).

A fund's year is one or more pots: its general money, and what was allocated for one purpose or until one day only.
`core.commitments` takes money for awards, `core.payments` pays it, `core.year_end` deals with what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import commitments, events, ledger
from core.errors import NotFound, Refused
from core.ledger import FUND_TRAIL, GENERAL, HeldYear, enter, held_year, room
from core.office import london_day
from core.reconciling import Difference, reconcile
from core.records import FundYear, LedgerEntry
from core.rules.calendar import date_text, financial_year, year_bounds, year_label
from core.rules.fund_rules import allocatable
from core.rules.money import display
from core.rules.policy import Fund, Policy, Purpose

__all__ = [
    "FUND_TRAIL",
    "Difference",
    "FundPosition",
    "PotPosition",
    "allocate",
    "change_allocation",
    "fund_of",
    "hold",
    "left_for",
    "move",
    "position",
    "position_at",
    "positions",
    "positions_at",
    "pots",
    "reconcile",
    "statement",
]


FIRST_YEAR: Final = 2012
"""The financial year in which the first commissioners took office: none has money of an earlier one."""


@dataclass(frozen=True)
class FundPosition:
    """A fund's money in one financial year, every pot together, in pence. `known`: something has been allocated.

    `allocated` is gross. `tolerance` is by how much more may be committed than there is; `surrendered` left the year at
    its end. What is available is allocated, less held, committed, repayable and surrendered, with the tolerance, and
    less what is committed forward and waits.
    """

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
    tolerance: int = 0
    surrendered: int = 0


@dataclass(frozen=True)
class PotPosition:
    """One ring-fenced pot of a fund's year, in pence: for awards of its purpose that end on or before a day (F1)."""

    pot: str
    purpose: str | None
    until: date | None
    allocated: int
    held: int
    committed: int
    paid: int
    repayable: int
    surrendered: int
    available: int


def fund_of(policy: Policy, fund_id: str) -> Fund:
    """The fund of this id. Raises NotFound, naming those there are."""
    fund = policy.fund(fund_id)
    if fund is None:
        known = ", ".join(one.id for one in policy.funds)
        raise NotFound(f"There is no fund called '{fund_id}'. The funds are: {known}.")
    return fund


def allocate(
    session: Session,
    fund_id: str,
    year: int,
    amount: int,
    *,
    purpose: Purpose | None = None,
    until: date | None = None,
    policy: Policy,
    actor: str,
    note: str = "",
    now: datetime,
) -> FundPosition:
    """Add `amount` pence to a fund for the financial year that begins in April of `year`.

    With a purpose or a last day it is ring-fenced (F1): a balance of its own, that only awards of that purpose which
    end by that day draw on; the same fence again adds to the same pot. The part that F3 holds back and the tolerance
    are worked out again, under this policy. Forward commitments of the year become commitments, oldest first, as far
    as the money goes. Raises NotFound for an unknown fund, Refused for an amount that is not over zero, a year further
    off than the policy has it or from before there were commissioners, and a fence that no award could meet.
    """
    fund = fund_of(policy, fund_id)
    if amount <= 0:
        raise Refused("An allocation adds money: give an amount over zero.", "F6")
    _check_year(year, policy, now)
    if purpose is not None and purpose not in fund.purposes:
        its = ", ".join(one.value for one in fund.purposes)
        raise Refused(f"The {fund.name} is not for {purpose.value}. Its purposes are: {its}.", fund.rule)
    first, _ = year_bounds(year)
    if until is not None and until < first:
        raise Refused(f"{year_label(year)} begins on {date_text(first)}: give that day or a later one.", "F1")
    held, row = ledger.with_pot(session, held_year(session, fund_id, year), purpose, until)
    change_allocation(session, held, row, fund, "allocation", amount, policy=policy, actor=actor, note=note, now=now)
    told = {
        "fund": fund_id,
        "year": year_label(year),
        "pot": row.pot,
        "added": amount,
        "allocated": held.sum("allocated"),
        "held": held.sum("held"),
    }
    events.append(session, "allocated", FUND_TRAIL, actor, {**told, "note": note}, now=now)
    return position(session, fund_id, year)


def _check_year(year: int, policy: Policy, now: datetime) -> None:
    """Raises Refused for a year that nobody can have money for: its figures are a slip of the key (F6)."""
    last = financial_year(london_day(now)) + policy.allocation_years_ahead.value
    if not FIRST_YEAR <= year <= last:
        raise Refused(
            f"Money is allocated for the financial years from {year_label(FIRST_YEAR)}, the first that there were "
            f"commissioners, to {year_label(last)}, as far ahead as the policy goes. Give one of them.",
            "F6",
        )


def change_allocation(
    session: Session,
    held: HeldYear,
    row: FundYear,
    fund: Fund,
    kind: str,
    amount: int,
    *,
    policy: Policy,
    actor: str,
    note: str,
    now: datetime,
) -> None:
    """Add to the allocation of a pot that is held, or take from it; what is held back and what waits follow.

    Each pot bears what its own money adds to the sum held back, so that no other pot ever has less for it.
    """
    enter(session, row, kind, amount, actor=actor, note=note, now=now)
    change = _to_hold(held, fund, held.sum("allocated")) - held.sum("held")
    for bearer in (row, *(other for other in held if other is not row)):
        bearable = max(0, bearer.allocated - bearer.held - _used(bearer))
        part = max(change, -bearer.held) if change < 0 else min(change, bearable)
        enter(session, bearer, "held", -part, actor=actor, note="held back under F3", now=now)
        change -= part
    if change > 0:
        raise Refused(
            f"{display(change)} more of the {fund.name} would have to be held back than nothing is committed from. "
            "Allocate more, or record the sum that is held with 'award-desk funds hold'.",
            "F3",
        )
    _tolerate(session, held.general, policy.over_allocation.value, actor=actor, now=now)
    session.flush()
    commitments.confirm_forward(session, held, actor=actor, now=now)


def _to_hold(held: HeldYear, fund: Fund, total: int) -> int:
    """What is held back of an allocation (F3): the sum that the office recorded, or the fund's share of the total."""
    if held.general.statutory is not None:
        return held.general.statutory
    return total - allocatable(total, fund)


def _used(row: FundYear) -> int:
    return row.committed + row.repayable + row.surrendered


def _tolerance(free: int, share: Fraction) -> int:
    """The share of what can be awarded by which more may be committed, in whole pence, rounded down."""
    return max(free, 0) * share.numerator // share.denominator


def _tolerate(session: Session, general: FundYear, share: Fraction, *, actor: str, now: datetime) -> None:
    """Work the tolerance out again, so that a changed policy holds from the next change of what can be awarded.

    Only general money has one; of an earlier one as much stays as was committed under it, and never more.
    """
    free = general.allocated - general.held
    tolerance = max(_tolerance(free, share), min(general.tolerance, _used(general) - free))
    note = f"over-allocation of {share} of what can be awarded"
    enter(session, general, "tolerance", tolerance - general.tolerance, actor=actor, note=note, now=now)


def hold(
    session: Session,
    fund_id: str,
    year: int,
    amount: int,
    *,
    policy: Policy,
    actor: str,
    note: str = "",
    now: datetime,
) -> FundPosition:
    """Record the actual statutory sum of a year, in pence: it is held back in place of the fund's share (F3).

    Raises NotFound for an unknown fund; Refused for a fund that holds nothing back, a negative sum, a year that is not
    allocated for either, and a sum that would leave committed money uncovered.
    """
    fund = fund_of(policy, fund_id)
    if fund.held_share is None:
        raise Refused(f"Nothing of the {fund.name} is held back, so there is no statutory sum to record.", "F3")
    if amount < 0:
        raise Refused("Give the statutory sum as an amount of zero or more.", "F3")
    _check_year(year, policy, now)
    held = held_year(session, fund_id, year)
    share = policy.over_allocation.value
    bearable = {row.pot: _most_held(row, share if row.pot == GENERAL else Fraction(0)) for row in held}
    if amount > sum(bearable.values()):
        most = sum(bearable.values())
        raise Refused(
            f"{display(amount)} would leave money uncovered that is committed already: of the {fund.name} at most "
            f"{display(most)} can be held for {year_label(year)}. Allocate more first.",
            "F3",
        )
    held.general.statutory = amount
    left = amount
    for row in held:  # the general money bears what it can
        bears = min(left, bearable[row.pot])
        enter(session, row, "held", row.held - bears, actor=actor, note=note or "the actual statutory sum", now=now)
        left -= bears
    _tolerate(session, held.general, share, actor=actor, now=now)
    session.flush()
    commitments.confirm_forward(session, held, actor=actor, now=now)
    told = {"fund": fund_id, "year": year_label(year), "statutory": amount, "note": note}
    events.append(session, "statutory_sum", FUND_TRAIL, actor, told, now=now)
    return position(session, fund_id, year)


def _most_held(row: FundYear, share: Fraction) -> int:
    """The most that can be held back of a pot so that what is used of it stays covered, the tolerance included."""
    used = _used(row)
    needed = used * share.denominator // (share.numerator + share.denominator)
    while needed + _tolerance(needed, share) < used:
        needed += 1
    return max(0, row.allocated - needed)


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
    """Move `amount` pence of a year's general money that nothing is committed from to another fund, both at once.

    Raises NotFound for an unknown fund; Refused where the money is not there, or is a government grant, which is
    ring-fenced to what it was given for (F1, F2).
    """
    source, target = fund_of(policy, source_id), fund_of(policy, target_id)
    if amount <= 0:
        raise Refused("Move an amount over zero.", "F6")
    if source == target:
        raise Refused("Name two different funds: one to take from and one to give to.", "F6")
    for fund in (source, target):
        if fund.government_grant:
            raise Refused(
                f"The {fund.name} is ring-fenced: its money cannot be moved. Allocate to it instead.", fund.rule
            )
    held = {fund_id: held_year(session, fund_id, year) for fund_id in sorted((source_id, target_id))}
    if not _can_spare(held[source_id], source, amount, policy):
        left = max(0, room(held[source_id].general) - held[source_id].general.forward)
        raise Refused(f"The {source.name} has {display(left)} left in {year_label(year)}. Move less.", "F6")
    reason = note or f"moved from {source_id} to {target_id}"
    for fund, moved in ((source, -amount), (target, amount)):
        in_fund = held[fund.id]
        change_allocation(
            session, in_fund, in_fund.general, fund, "moved", moved, policy=policy, actor=actor, note=reason, now=now
        )
    told = {"from": source_id, "to": target_id, "year": year_label(year), "amount": amount, "note": note}
    events.append(session, "moved", FUND_TRAIL, actor, told, now=now)
    return position(session, source_id, year), position(session, target_id, year)


def _can_spare(held: HeldYear, fund: Fund, amount: int, policy: Policy) -> bool:
    """Whether so much general money can go, with what is then held back and tolerated."""
    general = held.general
    allocated = general.allocated - amount
    change = _to_hold(held, fund, held.sum("allocated") - amount) - held.sum("held")
    free = allocated - max(0, general.held + change)
    tolerance = _tolerance(free, policy.over_allocation.value)
    return free >= 0 and _used(general) + general.forward <= free + tolerance


def statement(
    session: Session, policy: Policy, fund_id: str, year: int, *, on: date | None = None
) -> list[LedgerEntry]:
    """Every movement of a fund in a financial year, oldest first, up to a day where one is given.

    Raises NotFound for an unknown fund.
    """
    fund_of(policy, fund_id)
    query = select(LedgerEntry).where(LedgerEntry.fund == fund_id, LedgerEntry.year == year)
    if on is not None and on < date.max:
        query = query.where(LedgerEntry.made_at < ledger.end_of(on))
    return list(session.scalars(query.order_by(LedgerEntry.id)))


def position(session: Session, fund_id: str, year: int) -> FundPosition:
    """A fund's money in a financial year, all zero and not `known` where nothing was allocated."""
    return _position(fund_id, year, map(_sums, _rows(session, fund_id, year)))


def positions(session: Session, policy: Policy, year: int) -> list[FundPosition]:
    """Every fund's money in a financial year, in the policy's order, with one query."""
    rows: dict[str, list[Mapping[str, int]]] = {}
    for row in session.scalars(select(FundYear).where(FundYear.year == year)):
        rows.setdefault(row.fund, []).append(_sums(row))
    return [_position(fund.id, year, rows.get(fund.id, [])) for fund in policy.funds]


def position_at(session: Session, fund_id: str, year: int, day: date) -> FundPosition:
    """A fund's money in a financial year as it stood at the end of a day in London, from the ledger's entries alone."""
    found = ledger.sums(session, fund=fund_id, year=year, until=day)
    return _position(fund_id, year, found.values())


def positions_at(session: Session, policy: Policy, year: int, day: date) -> list[FundPosition]:
    """Every fund's money in a financial year at the end of a day, in the policy's order, from the entries alone."""
    rows: dict[str, list[Mapping[str, int]]] = {}
    for (fund_id, _, _), found in ledger.sums(session, year=year, until=day).items():
        rows.setdefault(fund_id, []).append(found)
    return [_position(fund.id, year, rows.get(fund.id, [])) for fund in policy.funds]


def pots(session: Session, fund_id: str, year: int, *, on: date | None = None) -> list[PotPosition]:
    """The ring-fenced pots of a fund's year, by name: as they stand, or at the end of a day by the entries alone.

    Its general money is what the position has beside them.
    """
    then = ledger.sums(session, fund=fund_id, year=year, until=on) if on is not None else None
    found = []
    for row in _rows(session, fund_id, year):
        balance = _sums(row) if then is None else then.get((fund_id, year, row.pot))
        if row.pot == GENERAL or balance is None:
            continue
        kept = ("allocated", "held", "committed", "paid", "repayable", "surrendered")
        found.append(
            PotPosition(
                row.pot,
                row.purpose,
                row.until,
                available=ledger.available(balance),
                **{column: balance[column] for column in kept},
            )
        )
    return found


def left_for(
    session: Session, fund_id: str, year: int, amount: int, *, purpose: str | None, end: date, this_year: int
) -> FundPosition:
    """A fund's money in a year as an award of `amount` pence meets it, for this purpose, with this last day.

    `available` is what the award may draw on: not what is ring-fenced for others, nor what something older waits for
    (F1, F6), nor what a year that has ended left. Not `known` where it would be a forward commitment.
    """
    rows = _rows(session, fund_id, year)
    whole = _position(fund_id, year, map(_sums, rows))
    if not rows:
        return whole
    left = sum(room(row) for row in commitments.open_to(session, rows, purpose, end)) if year >= this_year else 0
    general = any(row.allocated > 0 for row in rows if row.pot == GENERAL)
    forward = year > this_year and not general and amount > left
    return replace(whole, known=whole.known and not forward, available=left)


def _rows(session: Session, fund_id: str, year: int) -> list[FundYear]:
    query = select(FundYear).where(FundYear.fund == fund_id, FundYear.year == year).order_by(FundYear.pot)
    return list(session.scalars(query))


def _sums(row: FundYear) -> Mapping[str, int]:
    return {column: getattr(row, column) for column in ledger.COLUMNS}


def _position(fund_id: str, year: int, pots_: Iterable[Mapping[str, int]]) -> FundPosition:
    total = dict.fromkeys(ledger.COLUMNS, 0)
    for pot in pots_:
        for column in total:
            total[column] += pot[column]
    return FundPosition(
        fund_id,
        year,
        known=total["allocated"] > 0,
        available=max(0, ledger.available(total) - total["forward"]),
        **total,
    )
