"""What a simulation came to, by month, day, kind and addressee: as large as it has days, however much is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Final

from core.rules.calendar import MONTH_NAMES, date_text
from core.rules.words import counted, listed
from scheduler.simulation import SimulatedDay

ADDRESSEES: Final[Mapping[str, str]] = {
    "recipient": "Recipients",
    "second_contact": "Second contacts",
    "officer": "Officers",
    "director": "Directors",
}
"""Who is told, as the sweep calls them, and as a table does."""

WAYS: Final[Mapping[str, str]] = {"mail": "mail", "slack": "Slack message"}
"""By what people are told, and what one is called."""

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

HEAVIEST: Final = 5
"""How many of the heaviest days are named."""


@dataclass
class Month:
    """One month: how many nudges to whom, and how many mails and Slack messages carry them."""

    to: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    heaviest: tuple[int, date | None] = (0, None)


@dataclass(frozen=True)
class Difference:
    """How many nudges of one kind to one sort of addressee there are under the policy in force, and under another."""

    kind: str
    to: str
    in_force: int
    under_it: int


@dataclass
class Sums:
    """All days of a simulation added up."""

    months: dict[tuple[int, int], Month] = field(default_factory=dict)
    days: dict[date, int] = field(default_factory=dict)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, day: SimulatedDay) -> None:
        """Add the next day."""
        month = self.months.setdefault((day.day.year, day.day.month), Month())
        number = self.days[day.day] = len(day.nudges)
        for nudge in day.nudges:
            month.to[nudge.to] += 1
            self.kinds[nudge.kind, nudge.to] += 1
        month.messages.update(day.messages)
        if number > month.heaviest[0]:
            month.heaviest = (number, day.day)

    @property
    def total(self) -> int:
        """Every nudge."""
        return self.kinds.total()

    @property
    def told(self) -> tuple[str, ...]:
        """Who is told anything at all, in the order of the tables."""
        known = [to for to in ADDRESSEES if any(to == one for _, one in self.kinds)]
        return (*known, *sorted({one for _, one in self.kinds} - ADDRESSEES.keys()))

    @property
    def messages(self) -> Counter[str]:
        """How many mails and Slack messages carry them."""
        return sum((month.messages for month in self.months.values()), Counter())

    @property
    def to(self) -> Counter[str]:
        """How many go to whom."""
        found: Counter[str] = Counter()
        for (_, to), number in self.kinds.items():
            found[to] += number
        return found

    def heaviest(self) -> list[tuple[date, int]]:
        """The days on which most is sent, the most first, of equal ones the earlier first."""
        found = sorted(
            ((day, number) for day, number in self.days.items() if number), key=lambda one: (-one[1], one[0])
        )
        return found[:HEAVIEST]

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "total": self.total,
            "months": [
                {
                    "month": f"{year:04d}-{number:02d}",
                    "to": {to: month.to[to] for to in self.told},
                    "total": month.to.total(),
                    "messages": dict(sorted(month.messages.items())),
                    "heaviest": _day_data(month.heaviest[1], month.heaviest[0]) if month.heaviest[1] else None,
                }
                for (year, number), month in self.months.items()
            ],
            "kinds": [{"kind": kind, "to": to, "nudges": number} for (kind, to), number in sorted(self.kinds.items())],
            "heaviest": [_day_data(day, number) for day, number in self.heaviest()],
            "days": {day.isoformat(): number for day, number in self.days.items() if number},
        }


def _day_data(day: date, number: int) -> dict[str, Any]:
    return {"date": day.isoformat(), "nudges": number}


def differences(in_force: Sums, under_it: Sums) -> list[Difference]:
    """By kind and addressee, wherever there is anything under either policy; what is the same too."""
    kinds = sorted({kind for kind, _ in (*in_force.kinds, *under_it.kinds)})
    order = [*ADDRESSEES, *sorted({to for _, to in (*in_force.kinds, *under_it.kinds)} - ADDRESSEES.keys())]
    found = (
        Difference(kind, to, in_force.kinds[kind, to], under_it.kinds[kind, to]) for kind, to in product(kinds, order)
    )
    return [one for one in found if one.in_force or one.under_it]


def to_whom(sums: Sums) -> str:
    """How many reminders go to whom, and in how many mails and messages, in a sentence; "" for none."""
    if not sums.total:
        return ""
    to = listed(f"{sums.to[one]:,} to {ADDRESSEES.get(one, one).lower()}" for one in sums.told)
    by = listed(counted(sums.messages[way], noun) for way, noun in WAYS.items() if sums.messages[way])
    return f"{to}, in {by}."


def against(in_force: Sums, under_it: Sums) -> str:
    """How another policy differs from the one in force, in a sentence."""
    more = under_it.total - in_force.total
    differs = f"{abs(more):,} {'more' if more > 0 else 'fewer'}" if more else "as many"
    ways = [f"{in_force.messages[way]:,} {noun}s" for way, noun in WAYS.items()]
    return f"Under the policy in force there are {in_force.total:,}, in {listed(ways)}: under this one {differs}."


def month_text(year: int, month: int) -> str:
    """A month as people write it."""
    return f"{MONTH_NAMES[month - 1]} {year}"


def day_text(day: date) -> str:
    """A day with its weekday, since a heavy Monday is one that follows a weekend."""
    return f"{WEEKDAYS[day.weekday()]} {date_text(day)}"
