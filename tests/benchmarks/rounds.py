"""Subject and floor, turn about in short rounds of the same run: ratios that a busy machine does not spoil.

Absolute figures are told, never asserted: they are the machine's. A ratio to what the task cannot do without, taken in
the same seconds, is the desk's own.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SCALE = float(os.environ.get("BENCHMARK_SCALE", "1"))
"""How much longer than usual to measure: 1 takes seconds, 10 gives steadier figures."""


def scaled(count: int) -> int:
    """So many, times the scale."""
    return max(1, round(count * SCALE))


@dataclass(frozen=True)
class Compared:
    """One subject against its floor: a figure of each round, in the same order. `unit` is of the figures."""

    name: str
    unit: str
    subject: tuple[float, ...]
    floor: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios, subject to floor."""
        return statistics.median(one / other for one, other in zip(self.subject, self.floor, strict=True))

    @property
    def sound(self) -> bool:
        """Whether there is a ratio at all."""
        return math.isfinite(self.ratio) and self.ratio > 0

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        ratios = sorted(one / other for one, other in zip(self.subject, self.floor, strict=True))
        return (
            self.name,
            f"{statistics.median(self.subject):,.4g} {self.unit}",
            f"{statistics.median(self.floor):,.4g} {self.unit}",
            f"{self.ratio:,.3g}",
            f"{ratios[0]:,.3g} to {ratios[-1]:,.3g}",
            str(len(ratios)),
        )


HEADINGS = ("what", "desk", "floor", "ratio", "its range", "rounds")


def alternate(
    name: str, unit: str, subject: Callable[[], float], floor: Callable[[], float], *, rounds: int
) -> Compared:
    """Take turns, the first in each round changing, after one round that does not count."""
    subject(), floor()
    found: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            below = floor()
            found.append((subject(), below))
        else:
            above = subject()
            found.append((above, floor()))
    return Compared(name, unit, tuple(one for one, _ in found), tuple(other for _, other in found))


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def percentile(figures: Sequence[float], percent: float) -> float:
    """The smallest figure that so many per cent of all do not exceed."""
    ordered = sorted(figures)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table(rows: Sequence[Compared]) -> list[str]:
    """The rows, with headings, in columns."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
