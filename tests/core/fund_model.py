"""A slow and obvious model of a fund: lists of pots and of what awards hold of them, worked out afresh each time.

It shares no code with the ledger, and refuses (`No`) where the office would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from core.rules.policy import Purpose, YearEnd
from tests.core.casework import END

DAYS = (date(2026, 11, 23), date(2027, 3, 31), date(2027, 4, 1), date(2028, 3, 31), date(2028, 4, 1))
HOLDERS: tuple[tuple[Purpose, date], ...] = (
    (Purpose.YOUNG_PEOPLE, date(2027, 3, 31)),
    (Purpose.YOUNG_PEOPLE, END),
    (Purpose.CRIME_REDUCTION, END),
    (Purpose.CRIME_REDUCTION, date(2027, 11, 1)),
    (Purpose.YOUNG_PEOPLE, END),
)
"""For what each award is, and its last day."""


@dataclass
class Pot:
    purpose: Purpose | None
    until: date | None
    name: str
    allocated: int = 0
    held: int = 0
    tolerance: int = 0
    repayable: int = 0
    gone: int = 0


@dataclass
class Slice:
    """A part of an award in one year: of one pot, or waiting for money (pot None)."""

    award: int
    year: int
    pot: str | None
    amount: int
    paid: int = 0


class No(Exception):  # noqa: N818 - an answer, not an error
    """The model says that this cannot be done."""


@dataclass
class Model:
    share: Fraction
    over: Fraction
    way: YearEnd
    day: date = DAYS[0]
    pots: dict[int, list[Pot]] = field(default_factory=dict)
    slices: list[Slice] = field(default_factory=list)
    statutory: dict[int, int] = field(default_factory=dict)
    given: int = 0
    taken: int = 0

    def year(self, year: int) -> list[Pot]:
        """The pots of a year, the general one first."""
        return self.pots.setdefault(year, [Pot(None, None, "")])

    def committed(self, year: int, pot: str) -> int:
        return sum(one.amount for one in self.slices if (one.year, one.pot) == (year, pot))

    def used(self, year: int, pot: Pot) -> int:
        return self.committed(year, pot.name) + pot.repayable + pot.gone

    def room(self, year: int, pot: Pot) -> int:
        return pot.allocated - pot.held + pot.tolerance - self.used(year, pot)

    def waiting(self, year: int) -> list[Slice]:
        return [one for one in self.slices if one.year == year and one.pot is None]

    def sources(self, year: int, award: int) -> list[Pot]:
        purpose, end = HOLDERS[award]
        fenced = [
            pot
            for pot in self.year(year)[1:]
            if pot.purpose in (None, purpose) and (pot.until is None or end <= pot.until)
        ]
        return [*sorted(fenced, key=lambda pot: (pot.until or date.max, pot.name)), self.year(year)[0]]

    def open(self, year: int, award: int) -> list[Pot]:
        spoken_for = {pot.name for one in self.waiting(year) for pot in self.sources(year, one.award)}
        return [pot for pot in self.sources(year, award) if pot.name not in spoken_for]

    def this_year(self) -> int:
        return self.day.year if self.day.month >= 4 else self.day.year - 1

    def draw(self, award: int, year: int, amount: int, pots: list[Pot]) -> None:
        for pot in pots:
            part = min(amount, self.room(year, pot))
            if part > 0:
                self.slices.append(Slice(award, year, pot.name, part))
                amount -= part
        assert amount == 0

    def fits(self, award: int, year: int, amount: int) -> bool:
        """Whether a year's part can be taken, now or forward; raises No where it cannot, or the year has ended."""
        if year < self.this_year():
            raise No
        left = sum(self.room(year, pot) for pot in self.open(year, award))
        if amount <= left:
            return True
        if year > self.this_year() and self.year(year)[0].allocated == 0:
            return False
        raise No

    def take(self, award: int, profile: Mapping[int, int]) -> None:
        now = {year: self.fits(award, year, amount) for year, amount in sorted(profile.items())}
        for year, amount in sorted(profile.items()):
            if now[year]:
                self.draw(award, year, amount, self.open(year, award))
            else:
                self.slices.append(Slice(award, year, None, amount))

    def confirm(self, year: int) -> None:
        blocked: set[str] = set()
        for one in self.waiting(year):
            mine = self.sources(year, one.award)
            usable = [pot for pot in mine if pot.name not in blocked]
            if sum(self.room(year, pot) for pot in usable) < one.amount:
                blocked |= {pot.name for pot in mine}
            else:
                self.slices.remove(one)
                self.draw(one.award, year, one.amount, usable)

    def to_hold(self, year: int, total: int) -> int:
        share = -(-total * self.share.numerator // self.share.denominator)
        return self.statutory.get(year, share)

    def tolerate(self, year: int) -> None:
        general = self.year(year)[0]
        free = general.allocated - general.held
        general.tolerance = max(int(max(free, 0) * self.over), self.used(year, general) - free)

    def add(self, year: int, pot: Pot, amount: int) -> None:
        pot.allocated += amount
        pots = self.year(year)
        change = self.to_hold(year, sum(one.allocated for one in pots)) - sum(one.held for one in pots)
        rest = [one for one in (pots[0], *sorted(pots[1:], key=lambda one: one.name)) if one is not pot]
        for one in (pot, *rest):
            part = max(change, -one.held)
            one.held += part
            change -= part
        self.tolerate(year)
        self.confirm(year)

    def pot(self, year: int, purpose: Purpose | None, until: date | None) -> Pot:
        for pot in self.year(year):
            if (pot.purpose, pot.until) == (purpose, until):
                return pot
        name = " ".join(([purpose.value] if purpose else []) + ([f"until {until}"] if until else []))
        self.year(year).append(Pot(purpose, until, name))
        return self.year(year)[-1]

    def allocate(self, year: int, fence: tuple[Purpose | None, date | None], amount: int) -> None:
        if fence[1] is not None and fence[1] < date(year, 4, 1):
            raise No
        self.add(year, self.pot(year, *fence), amount)
        self.given += amount

    def hold(self, year: int, amount: int) -> None:
        general, *fenced = self.year(year)
        fenced.sort(key=lambda one: one.name)
        most = []
        for pot in (general, *fenced):
            over = self.over if pot is general else Fraction(0)
            held = pot.allocated
            while held > 0 and self.used(year, pot) > pot.allocated - held + int((pot.allocated - held) * over):
                held -= 1
            most.append(held)
        if amount > sum(most):
            raise No
        self.statutory[year] = amount
        for pot, can in zip((general, *fenced), most, strict=True):
            pot.held = min(amount, can)
            amount -= pot.held
        self.tolerate(year)
        self.confirm(year)

    def move_out(self, year: int, amount: int) -> None:
        general, pots = self.year(year)[0], self.year(year)
        change = self.to_hold(year, sum(one.allocated for one in pots) - amount) - sum(one.held for one in pots)
        free = general.allocated - amount - max(0, general.held + change)
        waits = sum(one.amount for one in self.waiting(year))
        if free < 0 or self.used(year, general) + waits > free + int(free * self.over):
            raise No
        self.add(year, general, -amount)
        self.taken += amount

    def order(self, one: Slice) -> tuple[Any, ...]:
        """The order in which an award's parts are paid."""
        pot = next(pot for pot in self.year(one.year) if pot.name == one.pot)
        return (one.year, one.pot == "", pot.until or date.max, one.pot)

    def parts(self, award: int) -> list[Slice]:
        return sorted((one for one in self.slices if one.award == award and one.pot is not None), key=self.order)

    def give_back(self, award: int, year: int, amount: int) -> list[tuple[int, str, int]]:
        forward = [one for one in self.slices if one.award == award and one.year == year and one.pot is None]
        freed, moved = [], False
        for one in [*forward, *reversed([one for one in self.parts(award) if one.year == year])]:
            part = min(amount, one.amount - one.paid)
            if part == 0:
                continue
            one.amount -= part
            amount -= part
            moved = True
            if one.pot is not None:
                freed.append((year, one.pot, part))
        self.slices = [one for one in self.slices if one.amount]
        if moved:
            self.confirm(year)
        return freed

    def settle(self, freed: list[tuple[int, str, int]]) -> None:
        for year, name, amount in freed:
            if self.day > date(year + 1, 3, 31):
                pot = next(pot for pot in self.year(year) if pot.name == name)
                self.goes(year, pot, amount)

    def goes(self, year: int, pot: Pot, amount: int) -> None:
        waits = sum(one.amount for one in self.waiting(year)) if pot.name == "" else 0
        amount = min(amount, max(0, self.room(year, pot) - pot.tolerance - waits))
        if amount == 0:
            return
        if self.way is YearEnd.REPAYABLE or (pot.until is not None and pot.until <= date(year + 1, 3, 31)):
            pot.repayable += amount
            return
        pot.gone += amount
        if self.way is YearEnd.CARRIED_FORWARD:
            self.add(year + 1, self.pot(year + 1, pot.purpose, pot.until), amount)

    def close(self, year: int) -> None:
        if self.day <= date(year + 1, 3, 31):
            raise No
        general, *fenced = self.year(year)
        general.tolerance -= min(general.tolerance, max(0, self.room(year, general)))
        for pot in (general, *sorted(fenced, key=lambda one: one.name)):
            self.goes(year, pot, max(0, self.room(year, pot)))

    def repay(self, year: int, amount: int) -> None:
        general, *fenced = self.year(year)
        pots = (general, *sorted(fenced, key=lambda one: one.name))
        if amount > sum(pot.repayable for pot in pots):
            raise No
        for pot in pots:
            part = min(amount, pot.repayable)
            pot.repayable -= part
            pot.gone += part
            amount -= part

    def vary(self, award: int, profile: Mapping[int, int]) -> None:
        mine = [one for one in self.slices if one.award == award]
        years = sorted({*profile, *(one.year for one in mine)})
        more, less = {}, {}
        for year in years:
            wanted, of_year = profile.get(year, 0), [one for one in mine if one.year == year]
            if wanted < sum(one.paid for one in of_year):
                raise No
            change = wanted - sum(one.amount for one in of_year)
            if change > 0:
                self.fits(award, year, change)
                more[year] = change
            elif change < 0:
                less[year] = -change
        freed = [one for year, amount in less.items() for one in self.give_back(award, year, amount)]
        self.take(award, more)
        self.settle(freed)

    def pay(self, award: int, amount: int) -> None:
        parts = [one for one in self.parts(award) if one.year <= self.this_year()]
        if amount > sum(one.amount - one.paid for one in parts):
            raise No
        for one in parts:
            part = min(amount, one.amount - one.paid)
            one.paid += part
            amount -= part

    def take_back(self, award: int, amount: int, *, runs: bool) -> None:
        parts = self.parts(award)
        if amount > sum(one.paid for one in parts):
            raise No
        freed = []
        for one in reversed(parts):
            part = min(amount, one.paid)
            one.paid -= part
            amount -= part
            if part and not runs:
                one.amount -= part
                freed.append((one.year, str(one.pot), part))
        self.slices = [one for one in self.slices if one.amount]
        for year in sorted({year for year, _, _ in freed}):
            self.confirm(year)
        self.settle(freed)

    def end(self, award: int) -> None:
        freed = []
        for year in sorted({one.year for one in self.slices if one.award == award}):
            left = sum(one.amount - one.paid for one in self.slices if (one.award, one.year) == (award, year))
            freed += self.give_back(award, year, left)
        self.settle(freed)
