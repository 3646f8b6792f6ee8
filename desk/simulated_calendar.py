"""A simulation as a picture: every day a square with its number, half a year in a row, week beside week.

One SVG file without script or outside parts. The number stands in every square, so nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from math import ceil
from textwrap import wrap
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.rules.calendar import MONTH_NAMES
from desk.simulated import WEEKDAYS, Sums, day_text

SHADES: Final = (
    ("#ffffff", "#0b0c0c"),
    ("#deebf7", "#0b0c0c"),
    ("#b3d1ea", "#0b0c0c"),
    ("#7fb3de", "#0b0c0c"),
    ("#1d70b8", "#ffffff"),
    ("#08306b", "#ffffff"),
)
"""From a day without anything to the heaviest: each shade with the colour of the number on it."""

CELL: Final = (36, 26)
"""Width and height of a day's square."""

LEFT: Final = 62
"""Room for the weekdays' names."""

TOP: Final = 78
"""Room for the heading, without the lines under it."""

LINE: Final = 20
LONGEST_LINE: Final = 150
"""The height of a line under the heading, and how many characters of it fit."""

HALF: Final = 286
"""The height of half a year."""

LEGEND: Final = 70
"""Room for what stands below."""

WEEKS: Final = 28
"""Half a year touches so many weeks at most."""


@dataclass(frozen=True)
class Square:
    """One day: where it stands, its number, its shade, and what a pointer on it is told."""

    x: int
    y: int
    number: int
    fill: str
    ink: str
    off: bool
    says: str


@dataclass(frozen=True)
class Half:
    """Half a year: its heading, where it begins, its months' names and the lines between them, its squares, and each
    week's sum.
    """

    heading: str
    y: int
    months: Sequence[tuple[int, str]]
    borders: Sequence[str]
    squares: Sequence[Square]
    weeks: Sequence[tuple[int, int]]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("desk"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def drawn(sums: Sums, *, closed: frozenset[date], said: Sequence[str]) -> str:
    """The SVG of all days; `said` are lines under its heading, `closed` days that nobody works beside weekends."""
    first, last = min(sums.days), max(sums.days)
    lines = [part for line in said for part in wrap(line, LONGEST_LINE)]
    top = TOP + LINE * len(lines)
    most = max(sums.days.values())
    bounds = bounds_for(most)
    halves = [
        _half(year, half, top + HALF * place, sums.days, bounds, closed)
        for place, (year, half) in enumerate(_halves(first, last))
    ]
    heaviest = sums.heaviest()
    summary = f"{sums.total:,} reminders from {day_text(first)} to {day_text(last)}."
    if heaviest:
        summary += f" Most on {day_text(heaviest[0][0])}: {heaviest[0][1]:,}."
    return (
        _templates()
        .get_template("calendar.svg")
        .render(
            title="Reminders that the desk would send, day by day",
            summary=summary,
            lines=lines,
            halves=halves,
            weekdays=[name[:3] for name in WEEKDAYS],
            legend=_legend(bounds),
            cell=CELL,
            left=LEFT,
            width=LEFT + WEEKS * CELL[0] + 20,
            height=top + HALF * len(halves) + LEGEND,
            below=top + HALF * len(halves),
        )
    )


def bounds_for(most: int) -> tuple[int, ...]:
    """The largest number of each shade but the first, which is for days without any; the last is `most`.

    Each is about so many times the one before: one very heavy day leaves the others apart.
    """
    shades = len(SHADES) - 1
    return tuple(sorted({most, *(ceil(most ** (step / shades)) for step in range(1, shades))})) if most else ()


def shade_of(number: int, bounds: Sequence[int]) -> tuple[str, str]:
    """The colours of a day's square and of its number; few shades are spread over all that there are."""
    if not number:
        return SHADES[0]
    place = next(place for place, bound in enumerate(bounds, 1) if number <= bound)
    return SHADES[len(SHADES) - 1 - len(bounds) + place]


def _halves(first: date, last: date) -> Iterator[tuple[int, int]]:
    year, half = first.year, first.month > 6
    while (year, half) <= (last.year, last.month > 6):
        yield year, int(half)
        year, half = (year + 1, False) if half else (year, True)


def _half(
    year: int, half: int, y: int, days: Mapping[date, int], bounds: Sequence[int], closed: frozenset[date]
) -> Half:
    begins = date(year, 7 if half else 1, 1)
    ends = date(year, 12, 31) if half else date(year, 6, 30)
    monday = begins - timedelta(days=begins.weekday())
    squares: list[Square] = []
    weeks: dict[int, int] = {}
    months, borders = [], []
    for place in range((ends - begins).days + 1):
        day = begins + timedelta(days=place)
        x = LEFT + (day - monday).days // 7 * CELL[0]
        if day not in days:
            continue
        if day.day == 1 or not squares:
            months.append((x, MONTH_NAMES[day.month - 1]))
        if day.day == 1 and squares:
            borders.append(_border(x, y + 34, day.weekday()))
        number = days[day]
        weeks[x] = weeks.get(x, 0) + number
        fill, ink = shade_of(number, bounds)
        says = f"{day_text(day)}: {number:,}"
        squares.append(Square(x, y + 34 + day.weekday() * CELL[1], number, fill, ink, off=day in closed, says=says))
    # a run that begins in the last days of a month has little room for its name beside the next month's, or none
    months = [
        (at, name if after - at > 2 * CELL[0] else name[:3])
        for (at, name), (after, _) in zip(months, [*months[1:], (x + 9 * CELL[0], "")], strict=True)
        if after > at
    ]
    heading = f"{'July to December' if half else 'January to June'} {year}"
    return Half(heading, y, months, borders, squares, [(x, number) for x, number in weeks.items() if number])


def _border(x: int, y: int, weekday: int) -> str:
    """The line before the first of a month, as the path of an SVG: down its week, with a step where it is no Monday."""
    width, height = CELL
    step = f"M{x + width} {y}v{weekday * height}h{-width}" if weekday else f"M{x} {y}"
    return f"{step}v{(7 - weekday) * height}"


def _legend(bounds: Sequence[int]) -> list[tuple[str, str, str]]:
    found = [(*SHADES[0], "none")]
    lowest = 1
    for bound in bounds:
        text = f"{bound:,}" if bound == lowest else f"{lowest:,}–{bound:,}"
        found.append((*shade_of(bound, bounds), text))
        lowest = bound + 1
    return found
