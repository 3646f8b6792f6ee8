"""What a simulation came to, by month, day, kind and addressee: as large as it has days, however much is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Final

from core.rules.calendar import MONTH_NAMES, date_text
from scheduler.simulation import SimulatedDay

ADDRESSEES: Final[Mapping[str, str]] = {
    "recipient": "Recipients",
    "second_contact": "Second contacts",
    "officer": "Officers",
    "director": "Directors",
}
"""Who is told, as the sweep calls them, and as a table does."""

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


def month_text(year: int, month: int) -> str:
    """A month as people write it."""
    return f"{MONTH_NAMES[month - 1]} {year}"


def day_text(day: date) -> str:
    """A day with its weekday, since a heavy Monday is one that follows a weekend."""
    return f"{WEEKDAYS[day.weekday()]} {date_text(day)}"
