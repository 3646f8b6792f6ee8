from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.calendar import (
    add_months,
    date_text,
    financial_year,
    interval_text,
    latest_due,
    meeting_dates,
    next_month,
    next_recurring,
    next_working_day,
    nudge_dates,
    parse_year,
    recurring_dates,
    return_dates,
    return_without_term,
    time_text,
    working_day_of_month,
    year_bounds,
    year_label,
)
from core.rules.policy import NudgeStep, Policy

D = date.fromisoformat
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28)})


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-08-31", 12, "2027-08-31"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-05-15", 0, "2026-05-15"),
    ],
)
def test_months_are_counted_and_clamped(anchor: str, months: int, expected: str) -> None:
    assert add_months(D(anchor), months) == D(expected)


def test_the_calendar_ends() -> None:
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), 1)
    assert return_dates(date(9999, 1, 1), date.max) == (date(9999, 7, 1), date.max)
    assert return_dates(date(9999, 1, 1), date.max, grace_days=30)[-1] == date.max


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # R1: start + 6, 12 … and a final one at the end.
        ("2026-04-01", "2027-03-31", ["2026-10-01", "2027-03-31"]),
        ("2026-08-31", "2027-08-31", ["2027-02-28", "2027-08-31"]),
        ("2027-08-31", "2028-08-31", ["2028-02-29", "2028-08-31"]),
        ("2026-08-31", "2028-03-31", ["2027-02-28", "2027-08-31", "2028-02-29", "2028-03-31"]),
        # Shorter than six months: one, at the end.
        ("2026-04-01", "2026-09-30", ["2026-09-30"]),
        ("2026-04-01", "2026-04-01", ["2026-04-01"]),
        # Six months to the day: the two coincide and count once. A day more: two.
        ("2026-04-01", "2026-10-01", ["2026-10-01"]),
        ("2026-04-01", "2026-10-02", ["2026-10-01", "2026-10-02"]),
    ],
)
def test_returns_fall_due(start: str, end: str, expected: list[str]) -> None:
    assert return_dates(D(start), D(end)) == tuple(D(day) for day in expected)


def test_a_shorter_interval_may_be_agreed_and_a_longer_one_is_refused() -> None:
    assert return_dates(date(2026, 1, 31), date(2026, 7, 1), 3) == (date(2026, 4, 30), date(2026, 7, 1))
    for months in (7, 12, 0, -6):
        with pytest.raises(ValueError, match="six-monthly"):
            return_dates(date(2026, 1, 1), date(2027, 1, 1), months)


def test_grace_moves_the_final_return_only() -> None:
    assert return_dates(date(2026, 4, 1), date(2027, 3, 31), grace_days=14) == (date(2026, 10, 1), date(2027, 4, 14))


def test_an_end_before_its_start_is_refused() -> None:
    with pytest.raises(ValueError, match="before the start"):
        return_dates(date(2026, 4, 2), date(2026, 4, 1))
    with pytest.raises(ValueError, match="before the start"):
        meeting_dates(date(2026, 4, 2), date(2026, 4, 1), 6)


def test_an_award_without_a_term_has_one_return_six_months_after_it() -> None:
    assert return_without_term(date(2026, 8, 31)) == (date(2027, 2, 28),)
    assert return_without_term(date(2026, 8, 30), 3) == (date(2026, 11, 30),)
    assert return_without_term(date(9999, 6, 30)) == (date(9999, 12, 30),)
    assert return_without_term(date(9999, 7, 1)) == (date.max,)
    for months in (0, 7):
        with pytest.raises(ValueError, match="six-monthly"):
            return_without_term(date(2026, 8, 31), months)


@pytest.mark.parametrize(
    ("anchor", "every", "last", "expected"),
    [
        ("2026-08-31", 6, "2028-02-29", ["2027-02-28", "2027-08-31", "2028-02-29"]),
        ("2026-08-31", 6, "2028-02-28", ["2027-02-28", "2027-08-31"]),
        ("2024-02-29", 12, "2028-02-29", ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2026-04-01", 12, "2027-03-31", []),
        ("2026-04-01", 12, "2026-03-31", []),
    ],
)
def test_what_recurs_is_counted_from_its_anchor(anchor: str, every: int, last: str, expected: list[str]) -> None:
    assert recurring_dates(D(anchor), every, D(last)) == tuple(D(day) for day in expected)


def test_what_recurs_does_so_a_month_apart_at_least() -> None:
    assert recurring_dates(date(2026, 1, 31), 1, date(2026, 3, 31)) == (date(2026, 2, 28), date(2026, 3, 31))
    with pytest.raises(ValueError, match="a month apart"):
        recurring_dates(date(2026, 1, 31), 0, date(2026, 3, 31))


def test_the_next_of_what_recurs() -> None:
    assert next_recurring(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert next_recurring(date(9999, 8, 31), 6) == date.max


@pytest.mark.parametrize(
    ("start", "end", "every", "expected"),
    [
        ("2026-04-01", "2027-04-01", 6, ["2026-10-01", "2027-04-01"]),  # up to and including the end
        ("2026-04-01", "2027-03-31", 6, ["2026-10-01"]),  # none is added at the end
        ("2026-04-01", "2026-09-30", 6, ["2026-09-30"]),  # unless there would be none
        ("2026-11-30", "2027-08-30", 3, ["2027-02-28", "2027-05-30", "2027-08-30"]),
    ],
)
def test_meetings_fall(start: str, end: str, every: int, expected: list[str]) -> None:
    assert meeting_dates(D(start), D(end), every) == tuple(D(day) for day in expected)


def test_meetings_need_an_interval() -> None:
    with pytest.raises(ValueError, match="a month apart"):
        meeting_dates(date(2026, 4, 1), date(2027, 4, 1), 0)


@pytest.mark.parametrize(
    ("day", "year", "label"),
    [("2026-03-31", 2025, "2025-26"), ("2026-04-01", 2026, "2026-27"), ("1999-12-31", 1999, "1999-00")],
)
def test_financial_years(day: str, year: int, label: str) -> None:
    assert financial_year(D(day)) == year
    assert year_label(year) == label
    assert parse_year(label) == year
    first, last = year_bounds(year)
    assert first <= D(day) <= last
    assert financial_year(last) == year


@pytest.mark.parametrize("wrong", ["2026", "2026-28", "2026-2027", "26-27", "2026/27", "", "2026-27 ", "٢026-27"])
def test_what_is_no_financial_year_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="financial year"):
        parse_year(wrong)


def test_year_bounds() -> None:
    assert year_bounds(2026) == (date(2026, 4, 1), date(2027, 3, 31))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-23", "2026-11-23"),  # a Monday
        ("2026-11-21", "2026-11-23"),  # a Saturday
        ("2026-11-22", "2026-11-23"),  # a Sunday
        ("2026-12-25", "2026-12-29"),  # Christmas Day, a week-end, and Boxing Day's substitute
    ],
)
def test_the_next_working_day(day: str, expected: str) -> None:
    assert next_working_day(D(day), CHRISTMAS) == D(expected)


BANK_HOLIDAYS = frozenset(
    {
        date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29),
        date(2029, 3, 30), date(2029, 4, 2),
    }
)  # fmt: skip
"""Some of England's, as they are published; those of 2029 are Good Friday and Easter Monday."""


@pytest.mark.parametrize(
    ("month", "number", "expected"),
    [
        ("2026-12-31", 1, "2026-12-01"),  # a Tuesday; whatever the day of the month
        ("2026-11-01", 1, "2026-11-02"),  # the 1st is a Sunday
        ("2026-08-01", 1, "2026-08-03"),  # a Saturday
        ("2027-01-15", 1, "2027-01-04"),  # New Year's Day, a Friday, and the week-end
        ("2027-01-01", 2, "2027-01-05"),
        ("2029-04-01", 1, "2029-04-03"),  # a Sunday and Easter Monday
        ("2027-03-01", 20, "2027-03-30"),  # over Good Friday and Easter Monday
        ("2027-02-01", 20, "2027-02-26"),
        ("2027-02-01", 21, "2027-03-01"),  # a month of twenty working days: counted on
    ],
)
def test_working_days_of_a_month(month: str, number: int, expected: str) -> None:
    assert working_day_of_month(D(month), number, BANK_HOLIDAYS) == D(expected)


def test_working_days_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        working_day_of_month(date(2027, 1, 1), 0, BANK_HOLIDAYS)


def test_the_next_month() -> None:
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)
    assert next_month(date(2027, 1, 31)) == date(2027, 2, 1)
    with pytest.raises(OverflowError):
        next_month(date.max)


def test_intervals_are_said_in_words() -> None:
    assert [interval_text(months) for months in (1, 2, 3, 6, 12, 18)] == [
        "month", "2 months", "three months", "six months", "year", "18 months",
    ]  # fmt: skip


def test_a_staff_nudge_waits_for_a_working_day_and_a_recipients_does_not() -> None:
    steps = (NudgeStep(-1, "recipient"), NudgeStep(-1, "officer"), NudgeStep(0, "director"), NudgeStep(7, "officer"))
    assert nudge_dates(date(2026, 12, 26), steps, CHRISTMAS) == (
        (steps[0], date(2026, 12, 25)),
        (steps[1], date(2026, 12, 29)),
        (steps[2], date(2026, 12, 29)),
        (steps[3], date(2027, 1, 4)),
    )


def test_shipped_steps_of_a_return(policy: Policy) -> None:
    told: dict[str, list[int]] = {}
    for step in policy.nudge_steps["return"]:
        told.setdefault(step.to, []).append(step.days)
    assert told == {
        "recipient": [-28, -7, -1, 0, 7, 14, 28],
        "officer": [-28, -7, -1, 0, 7, 14, 28],
        "director": [14, 28],
        "second_contact": [7, 14, 28],
    }
    assert [(step.days, step.to) for step in policy.nudge_steps["acceptance"]] == [
        (-7, "recipient"), (-7, "officer"), (-1, "recipient"), (-1, "second_contact"),
    ]  # fmt: skip
    assert [(step.days, step.to) for step in policy.nudge_steps["meeting"]] == [
        (-28, "officer"), (-7, "officer"), (0, "officer"), (0, "director"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2027-03-02", {}),
        ("2027-03-03", {"recipient": -28, "officer": -28}),
        ("2027-03-23", {"recipient": -28, "officer": -28}),
        ("2027-03-24", {"recipient": -7, "officer": -7}),
        ("2027-04-13", {"recipient": 7, "second_contact": 7, "officer": 7}),
        ("2027-04-14", {"recipient": 14, "second_contact": 14, "officer": 14, "director": 14}),
        ("2028-01-01", {"recipient": 28, "second_contact": 28, "officer": 28, "director": 28}),
    ],
)
def test_a_missed_sweep_sends_the_latest_step_only(policy: Policy, today: str, expected: dict[str, int]) -> None:
    found = latest_due(date(2027, 3, 31), policy.nudge_steps["return"], frozenset(), D(today))
    assert {step.to: step.days for step, _ in found} == expected


def test_a_staff_step_is_not_due_before_the_day_it_moved_to() -> None:
    steps = (NudgeStep(-7, "officer"), NudgeStep(0, "officer"))
    due = date(2026, 11, 21)  # a Saturday
    assert [step.days for step, _ in latest_due(due, steps, frozenset(), due)] == [-7]
    assert [(step.days, day) for step, day in latest_due(due, steps, frozenset(), date(2026, 11, 23))] == [
        (0, date(2026, 11, 23))
    ]


def test_days_are_written_in_english() -> None:
    assert date_text(date(2026, 4, 1)) == "1 April 2026"
    assert date_text(date(2026, 12, 31)) == "31 December 2026"


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (time(0, 0), "midnight"),
        (time(0, 1, 59), "12:01am"),
        (time(9, 0), "9am"),
        (time(11, 59), "11:59am"),
        (time(12, 0, 30), "midday"),
        (time(12, 5), "12:05pm"),
        (time(14, 40), "2:40pm"),
        (time(23, 0), "11pm"),
    ],
)
def test_a_time_of_day_is_written_as_people_write_it(at: time, says: str) -> None:
    assert time_text(at) == says


_DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@given(_DAYS, st.integers(0, 4000), st.integers(1, 6))
def test_no_return_drifts_and_no_interval_is_over_six_months(start: date, days: int, every: int) -> None:
    end = date.fromordinal(start.toordinal() + days)
    due = return_dates(start, end, every)
    assert due[-1] == end
    assert list(due) == sorted(set(due))
    for number, day in enumerate(due[:-1], 1):
        assert day.day == start.day or (day.day < start.day and date.fromordinal(day.toordinal() + 1).day == 1)
        assert (day.year * 12 + day.month) - (start.year * 12 + start.month) == number * every
    # However it is clamped, nobody goes 185 days or more without a return.
    previous = start
    for day in due:
        assert (day - previous).days <= 184
        previous = day


@given(_DAYS, st.integers(0, 4000), st.sampled_from([3, 6]))
def test_meetings_stay_within_the_term(start: date, days: int, every: int) -> None:
    end = date.fromordinal(start.toordinal() + days)
    due = meeting_dates(start, end, every)
    assert due
    assert all(start <= day <= end for day in due)
    if add_months(start, every) > end:
        assert due == (end,)
    else:
        assert [(day.year - start.year) * 12 + day.month - start.month for day in due] == [
            every * number for number in range(1, len(due) + 1)
        ]
        assert add_months(start, every * (len(due) + 1)) > end


def test_the_edges_of_the_calendar() -> None:
    assert add_months(date(9999, 11, 30), 1) == date(9999, 12, 30)
    assert add_months(date(1, 2, 28), -1) == date(1, 1, 28)
    with pytest.raises(OverflowError):
        add_months(date(1, 1, 1), -1)
    assert meeting_dates(date(2026, 4, 1), date(2026, 6, 1), 1) == (date(2026, 5, 1), date(2026, 6, 1))


def test_the_one_return_without_a_term_comes_after_one_month_to_six() -> None:
    assert return_without_term(D("2027-01-31"), 1) == (D("2027-02-28"),)
    assert return_without_term(D("2027-01-31"), 6) == (D("2027-07-31"),)
    for months in (0, 7):
        with pytest.raises(ValueError, match=f"not after {months} months"):
            return_without_term(D("2027-01-31"), months)


def test_meetings_are_a_month_apart_at_least() -> None:
    assert meeting_dates(D("2027-01-31"), D("2027-02-28"), 1) == (D("2027-02-28"),)
    with pytest.raises(ValueError, match="meetings are at least a month apart, not 0"):
        meeting_dates(D("2027-01-31"), D("2027-02-28"), 0)


def test_what_is_no_financial_year_is_told_how_one_is_written() -> None:
    with pytest.raises(ValueError, match=r"^'2026-28' is no financial year: write it as 2026-27$"):
        parse_year("2026-28")
