"""The end of the financial year (F6): what becomes of money that was not used by 31 March.

A government grant's is held as repayable unless its agreement allows it to be carried forward; a reserve's is carried
forward into the next year; other funds' goes back to the office's reserves. The policy says which, fund by fund.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from core import events, ledger
from core.commitments import Freed
from core.errors import Refused
from core.funds import FUND_TRAIL, FundPosition, change_allocation, fund_of, position
from core.ledger import HeldYear, enter, held_year, held_years, room
from core.records import FundYear
from core.rules.calendar import date_text, year_bounds, year_label
from core.rules.money import display
from core.rules.policy import Fund, Policy, Purpose, YearEnd

_KINDS: Final = {
    YearEnd.REPAYABLE: "repayable",
    YearEnd.CARRIED_FORWARD: "carried_forward",
    YearEnd.RETURNED: "to_reserves",
}
"""The ledger's word for what becomes of an underspend."""


@dataclass(frozen=True)
class Settled:
    """What became of a pot's underspend, in pence."""

    fund: str
    year: int
    pot: str
    what: YearEnd
    amount: int


def has_ended(year: int, today: date) -> bool:
    """Whether a financial year is over: from 1 April on."""
    return today > year_bounds(year)[1]


def hold_years(session: Session, fund: Fund, years: Iterable[int], today: date) -> dict[int, HeldYear]:
    """Hold a fund's years before money is released in them, with those that an underspend would be carried into."""
    wanted = set(years)
    if fund.after_year_end is YearEnd.CARRIED_FORWARD:
        wanted |= {year + 1 for year in wanted if has_ended(year, today)}
    return held_years(session, fund.id, wanted)


def settle(
    session: Session, fund: Fund, freed: Iterable[Freed], *, policy: Policy, today: date, actor: str, now: datetime
) -> list[Settled]:
    """Deal with money that was released: within its year it is the fund's again, after 31 March it goes its way.

    The years must have been held by `hold_years` before.
    """
    done = []
    for row, amount in freed:
        if has_ended(row.year, today):
            done += _settle(session, fund, row, amount, policy=policy, actor=actor, now=now)
    return done


def _unused(row: FundYear) -> int:
    """What nothing is committed from and nothing waits for: money that is there, not the tolerance beyond it."""
    return max(0, room(row) - row.tolerance - row.forward)


def _way(fund: Fund, row: FundYear) -> YearEnd:
    """Ring-fenced money whose last day has passed with the year goes back to whoever gave it (F1)."""
    fenced_off = row.until is not None and row.until <= year_bounds(row.year)[1]
    return YearEnd.REPAYABLE if fenced_off else fund.after_year_end


def _settle(
    session: Session, fund: Fund, row: FundYear, amount: int, *, policy: Policy, actor: str, now: datetime
) -> list[Settled]:
    amount = min(amount, _unused(row))
    if amount == 0:
        return []
    what = _way(fund, row)
    label = year_label(row.year)
    enter(session, row, _KINDS[what], -amount, actor=actor, note=f"not used by the end of {label}", now=now)
    session.flush()
    if what is YearEnd.CARRIED_FORWARD:
        purpose = Purpose(row.purpose) if row.purpose else None
        held, into = ledger.with_pot(session, held_year(session, row.fund, row.year + 1), purpose, row.until)
        note = f"carried forward from {label}"
        change_allocation(
            session, held, into, fund, "allocation", amount, policy=policy, actor=actor, note=note, now=now
        )
    return [Settled(row.fund, row.year, row.pot, what, amount)]


def close(
    session: Session, year: int, *, fund_id: str | None = None, policy: Policy, today: date, actor: str, now: datetime
) -> list[Settled]:
    """Close a financial year, of one fund or of all: what nothing is committed from goes its way. Safe to repeat.

    What is carried into a year that is over too stays there until that year is closed. Raises NotFound for an unknown
    fund, Refused before 1 April.
    """
    funds = [fund_of(policy, fund_id)] if fund_id is not None else list(policy.funds)
    last = year_bounds(year)[1]
    if not has_ended(year, today):
        after = date(last.year, 4, 1)
        raise Refused(f"{year_label(year)} ends on {date_text(last)}. Close it from {date_text(after)} on.", "F6")
    done = []
    for fund in sorted(funds, key=lambda one: one.id):
        if not position(session, fund.id, year).known:
            continue
        held = held_year(session, fund.id, year)
        # Nobody commits beyond what a year has once it is over.
        unneeded = min(held.general.tolerance, max(0, room(held.general)))
        note = f"{year_label(year)} is closed"
        enter(session, held.general, "tolerance", -unneeded, actor=actor, note=note, now=now)
        for row in held:
            done += _settle(session, fund, row, _unused(row), policy=policy, actor=actor, now=now)
    if done:
        told = {
            "year": year_label(year),
            "settled": [
                {"fund": one.fund, "pot": one.pot, "what": one.what.value, "amount": one.amount} for one in done
            ],
        }
        events.append(session, "year_closed", FUND_TRAIL, actor, told, now=now)
    return done


def repay(
    session: Session, fund_id: str, year: int, amount: int, *, policy: Policy, actor: str, note: str = "", now: datetime
) -> FundPosition:
    """Record that `amount` pence of what was repayable has gone back to whoever gave it.

    Raises NotFound for an unknown fund, Refused for more than is repayable.
    """
    fund = fund_of(policy, fund_id)
    if amount <= 0:
        raise Refused("Repay an amount over zero.", "F6")
    held = held_year(session, fund_id, year)
    if amount > held.sum("repayable"):
        raise Refused(
            f"{display(held.sum('repayable'))} of the {fund.name} is repayable for {year_label(year)}. Repay that or "
            "less.",
            "F6",
        )
    left = amount
    for row in held:
        part = min(left, row.repayable)
        enter(session, row, "repaid", -part, actor=actor, note=note, now=now)
        left -= part
    session.flush()
    told = {"fund": fund_id, "year": year_label(year), "amount": amount, "note": note}
    events.append(session, "repaid", FUND_TRAIL, actor, told, now=now)
    return position(session, fund_id, year)
