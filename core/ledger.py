"""The ledger: every movement of a fund's money, and the balances that the movements sum to (F6).

A movement is made in one place, `enter`, which changes the balance, writes the entry and adds its line to the trail.
Money for an award is taken by `take`, one conditional update; a check constraint stands behind both. Whoever moves
money holds the fund's year first (`held_year`), funds and years in their order, so that no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, ORMExecuteState, Session

from core import events, guarded
from core.office import LONDON
from core.records import Award, FundYear, LedgerEntry
from core.rules.policy import Purpose

FUND_TRAIL = "funds"
"""The reference under which the trail keeps what happens to the funds themselves."""

GENERAL = ""
"""The name of a fund's general money: the pot that anything of the fund may draw from."""

COLUMNS: Final = ("allocated", "held", "tolerance", "committed", "forward", "paid", "repayable", "surrendered")
"""The sums of a balance."""

EFFECTS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "allocation": {"allocated": 1},
        "moved": {"allocated": 1},
        "held": {"held": -1},
        "tolerance": {"tolerance": 1},
        "commitment": {"committed": -1},
        "release": {"committed": -1},
        "forward": {"forward": -1},
        "forward_closed": {"forward": -1},
        "payment": {"paid": -1},
        "returned": {"paid": -1},
        "repayable": {"repayable": -1},
        "repaid": {"repayable": 1, "surrendered": -1},
        "carried_forward": {"surrendered": -1},
        "to_reserves": {"surrendered": -1},
    }
)
"""What an entry of each kind does to its balance: the columns that its amount, in pence, is added to or taken from."""

_AVAILABLE: Final = {"allocated": 1, "held": -1, "tolerance": 1, "committed": -1, "repayable": -1, "surrendered": -1}


def available_effect(kind: str) -> int:
    """1 where an entry's amount changes what can be committed, 0 where it does not (a payment was committed before)."""
    return sum(sign * _AVAILABLE.get(column, 0) for column, sign in EFFECTS[kind].items())


def available(balance: Mapping[str, int]) -> int:
    """What of a balance can be committed, in pence, whatever waits for it."""
    return sum(sign * balance[column] for column, sign in _AVAILABLE.items())


@dataclass(frozen=True)
class HeldYear:
    """The pots of a fund in one financial year, held until the transaction ends: its general money, and the fenced."""

    general: FundYear
    fenced: tuple[FundYear, ...]

    def __iter__(self) -> Iterator[FundYear]:
        """Every pot, the general money first."""
        return iter((self.general, *self.fenced))

    def sum(self, column: str) -> int:
        """A column over every pot, in pence."""
        return sum(int(getattr(row, column)) for row in self)


def room(row: FundYear) -> int:
    """What can still be committed from a pot, in pence, whatever waits for it."""
    return row.allocated - row.held + row.tolerance - row.committed - row.repayable - row.surrendered


def held_year(session: Session, fund: str, year: int) -> HeldYear:
    """A fund's balances in a year, held against everybody else; made where there are none.

    The row of the general money is the gate: it is locked first, and read on its own, so that a pot which another has
    just made is seen when the wait is over.
    """
    gate = _gate(session, fund, year)
    if gate is None:
        try:
            with session.begin_nested():
                session.add(FundYear(fund=fund, year=year))
        except IntegrityError:  # another was first to make it; it is theirs, and there now
            session.expire_all()
        gate = _gate(session, fund, year)
    if gate is None:
        raise RuntimeError(f"the balance of {fund} in {year} can neither be made nor read")
    fenced = session.scalars(
        select(FundYear)
        .where(FundYear.fund == fund, FundYear.year == year, FundYear.pot != GENERAL)
        .order_by(FundYear.pot)
        .execution_options(populate_existing=True)
    )
    return HeldYear(gate, tuple(fenced))


def held_years(session: Session, fund: str, years: Iterable[int]) -> dict[int, HeldYear]:
    """Several years of a fund, held in their order."""
    return {year: held_year(session, fund, year) for year in sorted(set(years))}


def _gate(session: Session, fund: str, year: int) -> FundYear | None:
    return session.scalars(
        select(FundYear)
        .where(FundYear.fund == fund, FundYear.year == year, FundYear.pot == GENERAL)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def pot_name(purpose: Purpose | None, until: date | None) -> str:
    """What ring-fenced money is called: the same fence, the same pot."""
    parts = ([purpose.value] if purpose else []) + ([f"until {until.isoformat()}"] if until else [])
    return " ".join(parts) or GENERAL


def with_pot(
    session: Session, held: HeldYear, purpose: Purpose | None, until: date | None
) -> tuple[HeldYear, FundYear]:
    """The pot with this fence in a year that is held, made where it is not there; and the year with that pot."""
    name = pot_name(purpose, until)
    for row in held:
        if row.pot == name:
            return held, row
    general = held.general
    row = FundYear(
        fund=general.fund, year=general.year, pot=name, purpose=purpose.value if purpose else None, until=until
    )
    session.add(row)
    session.flush()
    return HeldYear(general, (*held.fenced, row)), row


def enter(
    session: Session,
    row: FundYear,
    kind: str,
    amount: int,
    *,
    actor: str,
    note: str,
    now: datetime,
    award: Award | None = None,
) -> None:
    """Move `amount` pence on a balance that is held: the balance, its entry and its line of the trail (A4).

    What takes from the fund is negative, what gives to it positive (`EFFECTS`). Nothing is entered for nothing.
    """
    if amount == 0:
        return
    for column, sign in EFFECTS[kind].items():
        setattr(row, column, getattr(row, column) + sign * amount)
    _write(session, row, kind, amount, actor=actor, note=note, now=now, award=award)


def take(
    session: Session, row: FundYear, amount: int, *, award: Award, actor: str, note: str, now: datetime
) -> bool:  # fmt: skip
    """Commit `amount` pence of a pot to an award by one conditional update. False, and nothing done, if not there."""
    spoken_for = FundYear.committed + FundYear.forward + FundYear.repayable + FundYear.surrendered
    is_there = spoken_for + amount <= FundYear.allocated - FundYear.held + FundYear.tolerance
    if not guarded.change(session, row, is_there, committed=FundYear.committed + amount):
        return False
    _write(session, row, "commitment", -amount, actor=actor, note=note, now=now, award=award)
    return True


def _write(
    session: Session,
    row: FundYear,
    kind: str,
    amount: int,
    *,
    actor: str,
    note: str,
    now: datetime,
    award: Award | None,
) -> None:
    session.add(
        LedgerEntry(
            fund=row.fund,
            year=row.year,
            pot=row.pot,
            kind=kind,
            amount=amount,
            award_id=award.id if award else None,
            actor=actor,
            note=note,
            made_at=now,
        )
    )
    told = {"fund": row.fund, "year": row.year, "pot": row.pot, "kind": kind, "amount": amount, "note": note}
    events.append(session, "money", award.reference if award else FUND_TRAIL, actor, told, now=now)


def _refuse_change(_mapper: Mapper[Any], _connection: Connection, entry: LedgerEntry) -> None:
    raise RuntimeError(f"the ledger is append-only: entry {entry.id} stands. Enter what puts it right beside it.")


sqlalchemy_event.listen(LedgerEntry, "before_update", _refuse_change)
sqlalchemy_event.listen(LedgerEntry, "before_delete", _refuse_change)


@sqlalchemy_event.listens_for(Session, "do_orm_execute")
def _refuse_change_of_many(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_delete
    if changes and state.bind_mapper is not None and state.bind_mapper.class_ is LedgerEntry:
        raise RuntimeError("the ledger is append-only: its entries are neither changed nor deleted.")


def end_of(day: date) -> datetime:
    """The first instant after a day in London."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=LONDON).astimezone(UTC)


Place = tuple[str, int, str]
"""A balance: its fund, financial year and pot."""


def sums(
    session: Session, *, fund: str | None = None, year: int | None = None, until: date | None = None
) -> dict[Place, dict[str, int]]:
    """Balances from the entries alone: each column of each pot, by what was entered up to and on a day in London."""
    query = select(
        LedgerEntry.fund, LedgerEntry.year, LedgerEntry.pot, LedgerEntry.kind, func.sum(LedgerEntry.amount)
    ).group_by(LedgerEntry.fund, LedgerEntry.year, LedgerEntry.pot, LedgerEntry.kind)
    if fund is not None:
        query = query.where(LedgerEntry.fund == fund)
    if year is not None:
        query = query.where(LedgerEntry.year == year)
    if until is not None and until < date.max:
        query = query.where(LedgerEntry.made_at < end_of(until))
    found: dict[Place, dict[str, int]] = {}
    for fund_id, in_year, pot, kind, total in session.execute(query):
        balance = found.setdefault((fund_id, in_year, pot), dict.fromkeys(COLUMNS, 0))
        for column, sign in EFFECTS.get(kind, {}).items():
            balance[column] += sign * int(total)
    return found
