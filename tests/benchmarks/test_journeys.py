"""Whole journeys through the form: how many a second, and how long people wait who stop to think.

The bar is that of a peer: 50 people, three seconds of thinking before each press, a mean under 500 ms and no answer
over 3 s, the final submission included. `BENCHMARK_SCALE=5` has its 50 people and its three seconds; the suite has
fewer people, in more of a hurry. Figures are told; what is asserted is only that everybody came through.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from tests.benchmarks.client import months_ahead, name_of, serving
from tests.benchmarks.journeys import Visitor, Walked, apply, at_once, bare, waits_of
from tests.benchmarks.rounds import SCALE, Compared, alternate, scaled
from tests.benchmarks.server import Served
from tests.intake.conftest import ANSWERS

PEOPLE = scaled(10)
THINKING = 3.0 if SCALE >= 5 else 0.05
"""Seconds before each press."""


@pytest.fixture
def answers() -> dict[str, dict[str, str]]:
    """What people type, with dates that no rule objects to whenever this runs."""
    dates: dict[str, str] = {}
    for name, day in zip(("start", "end"), months_ahead(), strict=True):
        dates |= {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}
    return {slug: dict(typed) for slug, typed in ANSWERS.items()} | {"dates": dates}


def travels(port: int, thinking: float, way: Callable[[Visitor], Walked]) -> Callable[[], Walked]:
    """A journey of somebody who has just come."""

    def journey() -> Walked:
        visitor = Visitor(port, thinking=thinking)
        try:
            return way(visitor)
        finally:
            visitor.close()

    return journey


def test_journeys_a_second(
    served_url: str, answers: dict[str, dict[str, str]], report: Callable[[Compared], None]
) -> None:
    """As many people at once as there are, against as many requests to routes that have nothing to do."""
    with serving(Served(served_url)) as port:
        like = travels(port, 0, lambda visitor: apply(visitor, answers))()
        assert like.read >= 15
        assert like.sent >= 15

        def desk() -> float:
            return PEOPLE / at_once(PEOPLE, travels(port, 0, lambda visitor: apply(visitor, answers)))[0]

        def floor() -> float:
            return PEOPLE / at_once(PEOPLE, travels(port, 0, lambda visitor: bare(visitor, like)))[0]

        name = f"journeys a second, {PEOPLE} people, {name_of(served_url)}"
        report(alternate(name, "/s", desk, floor, rounds=1))


def test_people_who_stop_to_think(
    served_url: str, answers: dict[str, dict[str, str]], report: Callable[[Compared], None]
) -> None:
    """How long they wait for each answer: on average, at the longest, and for the submission."""
    with serving(Served(served_url)) as port:
        like = travels(port, 0, lambda visitor: apply(visitor, answers))()
        _, desk = at_once(PEOPLE, travels(port, THINKING, lambda visitor: apply(visitor, answers)))
        _, floor = at_once(PEOPLE, travels(port, THINKING, lambda visitor: bare(visitor, like)))
    whom = f"{PEOPLE} people, {THINKING:g} s thinking, {name_of(served_url)}"
    means = [statistics.mean(one for each in walked for one in each.waits) * 1000 for walked in (desk, floor)]
    longest = [waits_of(walked, 100) for walked in (desk, floor)]
    submissions = [max(one.last for one in walked) * 1000 for walked in (desk, floor)]
    for what, (above, below) in (("mean", means), ("longest", longest), ("longest submission", submissions)):
        report(Compared(f"{what} wait, {whom}", "ms", (above,), (below,)))
