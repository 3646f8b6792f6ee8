"""The slow model and the real sweep, on a small office that lives through a winter; years of it are a command."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from core.office import london_day
from core.policy_file import bank_holidays
from core.rules.calendar import add_months
from tests.deadlines.model import england, months_on, wall_day
from tests.deadlines.years import lived

AUTUMN = datetime(2027, 10, 20, 8, 0, tzinfo=UTC)
"""Before the clocks go back on 31 October; a 29 February, Easter and the clocks' going forward come after it."""


def test_the_sweep_tells_what_the_model_says_and_nothing_else(engine: Engine) -> None:
    """Who, which step, on which day, each once, in one message to each; and what nobody was told."""
    counts = lived(engine, first=AUTUMN, days=190, awards=40, seed=7)
    assert counts["nudges"] > 200
    assert counts["missed"] > 20
    for what in ("crashes", "extended", "reopened", "snoozed", "steps changed", "pauses", "holidays announced", "left"):
        assert counts[what] > 0, what


def test_the_model_s_bank_holidays_are_the_official_ones() -> None:
    official = bank_holidays()
    for year in range(2026, max(official).year + 1):
        assert england(year) == {day for day in official if day.year == year}


def test_the_model_s_clock_and_months_are_the_desk_s() -> None:
    """Two that were written apart agree: each hour of two years, each month from each day of a leap year on."""
    at = datetime(2027, 1, 1, tzinfo=UTC)
    while at.year < 2029:
        assert wall_day(at) == london_day(at)
        at += timedelta(minutes=30)
    day = date(2028, 1, 1)
    while day.year == 2028:
        assert [months_on(day, count) for count in range(1, 25)] == [add_months(day, count) for count in range(1, 25)]
        day += timedelta(days=1)
