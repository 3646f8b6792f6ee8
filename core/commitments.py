"""What awards hold of the funds' money (F6): committed by financial year, forward where a year has no money yet.

Ring-fenced money is drawn from first, the pot that ends soonest before the others, then the fund's general money (F1).
A year's part of an award is either committed whole or waits whole; what waits comes before anything new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import ledger
from core.errors import NotFound, Refused
from core.ledger import GENERAL, HeldYear, enter, held_year, held_years, room
from core.records import Award, FundYear, LedgerEntry
from core.rules.calendar import financial_year, year_label
from core.rules.money import display
from core.rules.policy import Fund

Profile = Mapping[int, int]
"""How an award falls over the financial years: the calendar year in which each begins, and pence."""

Taken = Literal["commitment", "forward"]
"""Whether a year's part of an award has its money, or is conditional on funding."""


class Freed(NamedTuple):
    """Money that was given back to a pot: pence."""

    row: FundYear
    amount: int


@dataclass
class Holding:
    """What an award holds of one pot in one financial year, in pence; `paid` is part of `committed`."""

    committed: int = 0
    forward: int = 0
    paid: int = 0

    @property
    def unpaid(self) -> int:
        """What is committed and has not been paid."""
        return self.committed - self.paid


def profile_of(award: Award) -> dict[int, int]:
    """An award's profile as it is recorded: financial year to pence, in order."""
    return {int(year): int(amount) for year, amount in sorted(award.profile.items())}


def profile_data(profile: Profile) -> dict[str, int]:
    """A profile as the record keeps it."""
    return {str(year): profile[year] for year in sorted(profile)}


def checked_profile(profile: Profile | None, amount: int, start: date, end: date) -> dict[int, int]:
    """The profile of an award of `amount` pence: all in the financial year of its start unless one is given.

    Raises Refused (F6) where the parts do not add up, are not over zero, or fall outside the award's years.
    """
    first, last = financial_year(start), financial_year(max(start, end))
    if profile is None:
        return {first: amount}
    if any(part <= 0 for part in profile.values()):
        raise Refused("Give each year of the profile an amount over zero, or leave that year out.", "F6")
    outside = sorted(year for year in profile if not first <= year <= last)
    if outside:
        raise Refused(
            f"The award runs from {year_label(first)} to {year_label(last)}, and the profile names "
            f"{year_label(outside[0])}. Name only the award's own years.",
            "F6",
        )
    total = sum(profile.values())
    if total != amount:
        raise Refused(
            f"The profile adds up to {display(total)} and the award is {display(amount)}. Make them the same.", "F6"
        )
    return {year: profile[year] for year in sorted(profile)}


def holdings(session: Session, award: Award) -> dict[tuple[int, str], Holding]:
    """What an award holds, by financial year and pot, from its entries; ask it while its years are held."""
    rows = session.execute(
        select(LedgerEntry.year, LedgerEntry.pot, LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.award_id == award.id)
        .group_by(LedgerEntry.year, LedgerEntry.pot, LedgerEntry.kind)
    )
    held: dict[tuple[int, str], Holding] = {}
    for year, pot, kind, total in rows:
        holding = held.setdefault((year, pot), Holding())
        for column, sign in ledger.EFFECTS[kind].items():
            setattr(holding, column, getattr(holding, column) + sign * int(total))
    return held


def years_of(session: Session, award: Award) -> set[int]:
    """The financial years in which the ledger knows an award."""
    return set(session.scalars(select(LedgerEntry.year).where(LedgerEntry.award_id == award.id).distinct()))


def held_award(session: Session, award_id: int) -> Award:
    """The award as it stands now, held until this transaction ends: what is done with its money queues here.

    Held before any balance is, and in a way that lets entries of the ledger refer to it meanwhile.
    """
    award = session.scalars(
        select(Award)
        .where(Award.id == award_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if award is None:
        raise NotFound("There is no such award.")
    return award


def hold_all(session: Session, awards: Iterable[Award]) -> None:
    """Hold every balance that these awards draw on, funds and years in their order, before any of them moves money."""
    wanted = [award.id for award in awards]
    places = session.execute(
        select(LedgerEntry.fund, LedgerEntry.year).where(LedgerEntry.award_id.in_(wanted)).distinct()
    )
    for fund, year in sorted((place.fund, place.year) for place in places):
        held_year(session, fund, year)


def fits(row: FundYear, purpose: str | None, end: date) -> bool:
    """Whether an award for this purpose that ends on this day may draw on a pot (F1)."""
    return (row.purpose is None or row.purpose == purpose) and (row.until is None or end <= row.until)


def sources(held: Iterable[FundYear], purpose: str | None, end: date) -> list[FundYear]:
    """The pots an award may draw on, in order: the fence that ends soonest first, the general money last."""
    fitting = [row for row in held if fits(row, purpose, end)]
    return sorted(fitting, key=lambda row: (row.pot == GENERAL, row.until or date.max, row.pot))


def waiting(session: Session, general: FundYear) -> list[tuple[Award, int]]:
    """The forward commitments of a year that wait for money, oldest first, in pence."""
    if general.forward == 0:
        return []
    rows = session.execute(
        select(LedgerEntry.award_id, func.sum(LedgerEntry.amount))
        .where(
            LedgerEntry.fund == general.fund,
            LedgerEntry.year == general.year,
            LedgerEntry.kind.in_(("forward", "forward_closed")),
        )
        .group_by(LedgerEntry.award_id)
        .having(func.sum(LedgerEntry.amount) < 0)
        .order_by(func.min(LedgerEntry.id))
    ).all()
    return [(session.get_one(Award, award_id), -int(total)) for award_id, total in rows]


def spoken_for(session: Session, held: Sequence[FundYear]) -> set[str]:
    """The pots that something waiting may draw on: nothing new comes before it."""
    general = next(row for row in held if row.pot == GENERAL)
    return {
        row.pot
        for award, _ in waiting(session, general)
        for row in sources(held, award.application.purpose, award.end_on)
    }


def open_to(session: Session, held: Sequence[FundYear], purpose: str | None, end: date) -> list[FundYear]:
    """The pots that an award may draw on now, in order."""
    taken = spoken_for(session, held)
    return [row for row in sources(held, purpose, end) if row.pot not in taken]


def confirm_forward(session: Session, held: HeldYear, *, actor: str, now: datetime) -> None:
    """Turn forward commitments into commitments, oldest first, while the money lasts.

    One that finds too little waits, and what it may draw on waits with it.
    """
    taken: set[str] = set()
    note = f"forward commitment, now that {year_label(held.general.year)} has money for it"
    for award, amount in waiting(session, held.general):
        mine = sources(held, award.application.purpose, award.end_on)
        open_ = [row for row in mine if row.pot not in taken]
        if sum(room(row) for row in open_) < amount:
            taken |= {row.pot for row in mine}
            continue
        enter(session, held.general, "forward_closed", amount, actor=actor, note=note, now=now, award=award)
        for row, part in _draw(open_, amount):
            enter(session, row, "commitment", -part, actor=actor, note=note, now=now, award=award)


def _draw(rows: Sequence[FundYear], amount: int) -> list[tuple[FundYear, int]]:
    """How much of each pot makes up an amount that they have between them."""
    drawn = []
    for row in rows:
        part = min(amount, room(row))
        if part > 0:
            drawn.append((row, part))
            amount -= part
    return drawn


@dataclass(frozen=True)
class _Plan:
    """What one year's part of an award will take."""

    year: int
    amount: int
    held: HeldYear
    draws: tuple[tuple[FundYear, int], ...]

    @property
    def taken(self) -> Taken:
        return "commitment" if self.draws else "forward"


def _plan(session: Session, fund: Fund, award: Award, held: HeldYear, amount: int, this_year: int) -> _Plan:
    year = held.general.year
    if year < this_year:
        raise Refused(
            f"{year_label(year)} has ended, so the {fund.name} has nothing left to award from it. "
            "Ask for a later start, or give a yearly profile.",
            "F6",
        )
    open_ = open_to(session, tuple(held), award.application.purpose, award.end_on)
    left = sum(room(row) for row in open_)
    if amount <= left:
        return _Plan(year, amount, held, tuple(_draw(open_, amount)))
    if year > this_year and held.general.allocated == 0:
        return _Plan(year, amount, held, ())
    fenced = sum(room(row) for row in held.fenced if row not in open_)
    elsewhere = f" {display(fenced)} more is ring-fenced for other awards." if fenced else ""
    raise Refused(
        f"The {fund.name} has {display(left)} left in {year_label(year)}; this award needs {display(amount)}."
        f"{elsewhere} Approve less, or ask for more to be allocated.",
        "F6",
    )


def _carry_out(session: Session, fund: Fund, award: Award, plan: _Plan, *, actor: str, now: datetime) -> None:
    if not plan.draws:
        note = f"conditional on funding for {year_label(plan.year)}"
        enter(session, plan.held.general, "forward", -plan.amount, actor=actor, note=note, now=now, award=award)
        return
    for row, part in plan.draws:
        if not ledger.take(session, row, part, award=award, actor=actor, note="", now=now):
            raise Refused(f"The {fund.name} has just been committed by somebody else. Try again.", "F6")


def commit(
    session: Session, fund: Fund, award: Award, profile: Profile, *, this_year: int, actor: str, now: datetime
) -> dict[int, Taken]:
    """Take an award's money, each year's part in its year, in the transaction of its decision.

    A later year whose general money is not allocated yet takes a forward commitment, conditional on funding. Answers
    for each year which of the two it was. Raises Refused (F6), with nothing moved, where a year has not got the money.
    """
    held = held_years(session, fund.id, profile)
    plans = [_plan(session, fund, award, held[year], profile[year], this_year) for year in sorted(profile)]
    for plan in plans:
        _carry_out(session, fund, award, plan, actor=actor, now=now)
    return {plan.year: plan.taken for plan in plans}


def rearrange(
    session: Session,
    fund: Fund,
    award: Award,
    profile: Profile,
    *,
    this_year: int,
    actor: str,
    note: str,
    now: datetime,
) -> tuple[list[Freed], dict[int, Taken]]:
    """Bring what an award holds to another profile: what a year has more is committed, what it has less released.

    Answers what was freed, and how each year that has more took it. Raises Refused, with nothing moved, where the
    money is not there (F6) or less is left than has been paid (F7).
    """
    held = held_years(session, fund.id, years_of(session, award) | set(profile))
    now_held = holdings(session, award)
    plans, less = [], []
    for year in sorted(held):
        mine = {pot: holding for (in_year, pot), holding in now_held.items() if in_year == year}
        wanted = profile.get(year, 0)
        paid = sum(one.paid for one in mine.values())
        if wanted < paid:
            raise Refused(
                f"{display(paid)} of {year_label(year)} has been paid, so that year keeps at least as much. "
                "Record money that comes back first.",
                "F7",
            )
        more = wanted - sum(one.committed + one.forward for one in mine.values())
        if more > 0:
            plans.append(_plan(session, fund, award, held[year], more, this_year))
        elif more < 0:
            less.append((held[year], mine, -more))
    freed = []
    for in_year, mine, amount in less:
        freed += _give_back(session, award, in_year, mine, amount, actor=actor, note=note, now=now)
    for plan in plans:
        _carry_out(session, fund, award, plan, actor=actor, now=now)
    return freed, {plan.year: plan.taken for plan in plans}


def _give_back(
    session: Session,
    award: Award,
    held: HeldYear,
    mine: Mapping[str, Holding],
    amount: int,
    *,
    actor: str,
    note: str,
    now: datetime,
) -> list[Freed]:
    """Release part of what an award holds in a year: what waits first, then general money, the soonest fence last."""
    forward = min(amount, sum(one.forward for one in mine.values()))
    enter(session, held.general, "forward_closed", forward, actor=actor, note=note, now=now, award=award)
    amount -= forward
    freed = []
    for row in sorted(held, key=lambda row: (row.pot == GENERAL, row.until or date.max, row.pot), reverse=True):
        part = min(amount, mine[row.pot].unpaid) if row.pot in mine else 0
        if part > 0:
            enter(session, row, "release", part, actor=actor, note=note, now=now, award=award)
            freed.append(Freed(row, part))
            amount -= part
    if forward or freed:
        confirm_forward(session, held, actor=actor, now=now)
    return freed


def release(session: Session, award: Award, *, actor: str, note: str, now: datetime) -> list[Freed]:
    """Give back what an award holds and was not paid: an offer that was not taken up, an award that has ended.

    What waits for money is closed. Answers what was freed; releasing again frees nothing.
    """
    held = held_years(session, award.fund, years_of(session, award))
    now_held = holdings(session, award)
    freed = []
    for year in sorted(held):
        mine = {pot: holding for (in_year, pot), holding in now_held.items() if in_year == year}
        amount = sum(one.forward + one.unpaid for one in mine.values())
        freed += _give_back(session, award, held[year], mine, amount, actor=actor, note=note, now=now)
    return freed


def slices(held: Mapping[tuple[int, str], Holding], rows: Iterable[FundYear]) -> list[tuple[FundYear, Holding]]:
    """An award's holdings with the pots they are of, in the order in which they are paid: the oldest year first."""
    known = [(row, held[row.year, row.pot]) for row in rows if (row.year, row.pot) in held]
    return sorted(known, key=lambda one: (one[0].year, one[0].pot == GENERAL, one[0].until or date.max, one[0].pot))
