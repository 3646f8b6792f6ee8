"""A panel's scores: what one member's come to, what several come to together, and the order that they make.

Everything is an exact fraction: no two applications are ever told apart by a rounding. A ranking decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from core.rules.policy import Criterion

__all__ = ["Entry", "Placed", "against_money", "hundredths", "missing", "ranked", "score_of", "together", "wrong"]

Points = Mapping[str, Any]
"""Points by the id of the criterion, as they were given or are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be ranked: an application by its number, since when it is there, its score (None: not scored yet).

    `amount` is what it would take of the fund, in pence: 0 for what takes nothing. `alone` is the most that the fund
    could give to it if it were the only one.
    """

    number: int
    submitted_at: datetime
    score: Fraction | None
    amount: int = 0
    alone: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry in its place, from 1; None where it has no score yet and so no place.

    `tied`: another has the same score, and the time of submission has put one before the other. `taken` is what it and
    all before it would take together, in pence. `fits`: the money reaches so far; None where nobody can say.
    """

    entry: Entry
    place: int | None
    tied: bool = False
    taken: int = 0
    fits: bool | None = None


def wrong(points: Points, criteria: Sequence[Criterion]) -> tuple[str, str] | None:
    """The first criterion whose points cannot be, with why; None where all can be kept."""
    known = {one.id: one for one in criteria}
    for name, given in points.items():
        if name not in known:
            return name, "This is not scored by any more. Close the form and open it again."
        if type(given) is not int or not 0 <= given <= known[name].highest:
            return name, f"Choose from 0 to {known[name].highest} points."
    return None


def missing(points: Points, criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """The criteria that have no points yet."""
    return tuple(one for one in criteria if one.id not in points)


def score_of(points: Points, criteria: Sequence[Criterion]) -> Fraction | None:
    """What one member's points come to, from 0 to 1, by the weights; None until every criterion has some.

    Who leaves out what an application is weak in would otherwise raise it.
    """
    if not criteria or missing(points, criteria):
        return None
    weighed = sum(Fraction(one.weight * points[one.id], one.highest) for one in criteria)
    return Fraction(weighed) / sum(one.weight for one in criteria)


def together(scores: Iterable[Fraction]) -> Fraction | None:
    """What several members' scores come to: their mean, whoever they are; None of none."""
    found = list(scores)
    return sum(found, Fraction(0)) / len(found) if found else None


def ranked(entries: Iterable[Entry]) -> tuple[Placed, ...]:
    """The highest score first; of equal ones whoever applied first. What has no score comes last and has no place."""
    found = list(entries)
    scored = sorted(
        (one for one in found if one.score is not None),
        key=lambda one: (-(one.score or 0), one.submitted_at, one.number),
    )
    equal = [one.score for one in scored]
    placed = [Placed(one, place, equal.count(one.score) > 1) for place, one in enumerate(scored, 1)]
    others = sorted((one for one in found if one.score is None), key=lambda one: (one.submitted_at, one.number))
    return (*placed, *(Placed(one, None) for one in others))


def against_money(placed: Sequence[Placed], available: int | None) -> tuple[Placed, ...]:
    """The same with how far the money reaches, in pence: from the first that it does not reach on, none fits.

    `available` None: nobody has said how much there is. What takes nothing, or has no place, is neither here nor there.
    """
    taken, reaches = 0, available is not None
    made = []
    for one in placed:
        if one.place is None or not one.entry.amount:
            made.append(replace(one, taken=taken))
            continue
        taken += one.entry.amount
        if available is not None:
            reaches = reaches and taken <= available and one.entry.amount <= one.entry.alone
        made.append(replace(one, taken=taken, fits=reaches if available is not None else None))
    return tuple(made)


def hundredths(score: Fraction) -> str:
    """A score for people: of a hundred, with one decimal, halves up: "78.5". Only for showing; nothing ranks by it."""
    tenths = (score.numerator * 2000 + score.denominator) // (2 * score.denominator)
    return f"{tenths // 10}.{tenths % 10}"
