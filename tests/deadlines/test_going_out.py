"""On which day a step goes out: for any days off, pauses and putting off, as a walk day by day says (D0)."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.rules.calendar import nudge_dates
from core.rules.policy import ADDRESSEES, NudgeStep, Pause
from tests.deadlines.model import Fact, Model, Plan

FIRST, LAST = date(2027, 10, 1), date(2028, 5, 1)
DAYS = st.dates(FIRST, LAST)
STEPS = st.lists(
    st.builds(NudgeStep, st.integers(-40, 40), st.sampled_from(ADDRESSEES)),
    max_size=6,
    unique_by=lambda step: (step.days, step.to),
).map(tuple)
CLOSED = st.frozensets(DAYS, max_size=25)


@st.composite
def pauses(draw: st.DrawFn) -> Pause:
    first = draw(DAYS)
    length = draw(st.none() | st.integers(0, 40))
    until = None if length is None else first + timedelta(days=length)
    return Pause(first, until, "Pre-election period", ("return",), "office")


PAUSES = st.lists(pauses(), max_size=3)


@given(DAYS, STEPS, CLOSED, PAUSES, st.none() | DAYS)
def test_each_step_goes_out_on_the_day_that_a_walk_leads_to(
    due: date, steps: tuple[NudgeStep, ...], closed: frozenset[date], held: list[Pause], put_off: date | None
) -> None:
    plan = Plan(
        {"return": tuple((step.days, step.to) for step in steps)},
        closed,
        tuple((one.first, one.until, frozenset(one.holds)) for one in held),
    )
    walked = Model()._days(Fact(1, "return", due, True, FIRST, snoozed_until=put_off), plan)
    found = nudge_dates(due, steps, closed, pauses=held, snoozed_until=put_off)
    assert sorted(((step.days, step.to), day) for step, day in found) == sorted(
        (name, day) for name, day in walked if day is not None
    )


def held_on(pause: Pause, day: date) -> bool:
    return pause.first <= day and (pause.until is None or day <= pause.until)


@given(DAYS, STEPS, CLOSED, PAUSES)
def test_no_step_goes_out_early_in_a_pause_or_to_staff_on_a_day_off(
    due: date, steps: tuple[NudgeStep, ...], closed: frozenset[date], held: list[Pause]
) -> None:
    for step, day in nudge_dates(due, steps, closed, pauses=held):
        nominal = due + timedelta(days=step.days)
        assert day >= nominal
        assert not any(held_on(one, day) for one in held)
        assert not step.to_staff or (day.weekday() < 5 and day not in closed)
        before = [nominal + timedelta(days=number) for number in range((day - nominal).days)]
        assert all(  # and on no day later than it must
            any(held_on(one, one_before) for one in held)
            or (step.to_staff and (one_before.weekday() >= 5 or one_before in closed))
            for one_before in before
        )


@given(DAYS, STEPS, CLOSED, PAUSES)
def test_a_later_step_never_goes_out_before_an_earlier_one(
    due: date, steps: tuple[NudgeStep, ...], closed: frozenset[date], held: list[Pause]
) -> None:
    found = nudge_dates(due, steps, closed, pauses=held)
    for to in ADDRESSEES:
        days = [day for step, day in sorted(found, key=lambda pair: pair[0].days) if step.to == to]
        assert days == sorted(days)


@given(DAYS, STEPS, CLOSED, DAYS)
def test_whoever_put_it_off_hears_nothing_before_the_day_and_something_on_it(
    due: date, steps: tuple[NudgeStep, ...], closed: frozenset[date], put_off: date
) -> None:
    """On the day, or on the next that people work; the others are told as if nobody had put it off."""
    found = nudge_dates(due, steps, closed, snoozed_until=put_off)
    plain = nudge_dates(due, steps, closed)
    officer = [day for step, day in found if step.to == "officer"]
    working = put_off
    while working.weekday() >= 5 or working in closed:
        working += timedelta(days=1)
    assert min(officer) == working
    assert [pair for pair in found if pair[0].to != "officer"] == [pair for pair in plain if pair[0].to != "officer"]
    kept = [pair for pair in plain if pair[0].to == "officer" and pair[1] >= put_off]
    assert [pair for pair in found if pair[0].to == "officer" and pair in kept] == kept


@given(DAYS, STEPS, CLOSED, PAUSES)
def test_the_edges_of_the_calendar_are_no_fault(
    due: date, steps: tuple[NudgeStep, ...], closed: frozenset[date], held: list[Pause]
) -> None:
    for edge in (date.min, date.max - timedelta(days=3)):
        nudge_dates(edge, steps, closed, pauses=held)
