"""Days: months from an anchor, financial years, when returns and meetings fall, and on which day a nudge goes out.

Everything is a `date` in Europe/London. Each due date is counted from the anchor itself, so that none drifts: six
months from 31 August is the last day of February, and twelve months from it is 31 August again.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from typing import Final

from core.rules.policy import NudgeStep, Pause

__all__ = [
    "LAST_DAY",
    "LONGEST_RETURN_INTERVAL",
    "MONTH_NAMES",
    "add_months",
    "date_text",
    "financial_year",
    "interval_text",
    "latest_due",
    "meeting_dates",
    "next_month",
    "next_recurring",
    "next_working_day",
    "nudge_dates",
    "parse_year",
    "previous_working_day",
    "recurring_dates",
    "return_dates",
    "return_without_term",
    "working_day_of_month",
    "year_bounds",
    "year_label",
]

LAST_DAY: Final = date(2100, 12, 31)
"""The last day that anybody may choose: a later one is a slip, and what falls due then is never chased."""

LONGEST_RETURN_INTERVAL: Final = 6
"""Months from one return to the next at most (R1, §5.2 REVIEW): the source's own, so no policy may make it longer."""

MONTH_NAMES: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""The months in English, whatever the machine's language is."""

_YEAR: Final = re.compile(r"(?P<first>[12][0-9]{3})-(?P<second>[0-9]{2})")


def add_months(anchor: date, months: int) -> date:
    """The same day so many calendar months on, or the last day of a month that is too short.

    Raises OverflowError where the calendar ends (the years 1 to 9999).
    """
    month = anchor.year * 12 + anchor.month - 1 + months
    year, index = divmod(month, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(f"{months} months from {anchor} is beyond the calendar")
    return date(year, index + 1, min(anchor.day, monthrange(year, index + 1)[1]))


def return_dates(
    start: date, end: date, every_months: int = LONGEST_RETURN_INTERVAL, grace_days: int = 0
) -> tuple[date, ...]:
    """When monitoring returns are due (R1): every so many months from the start, and a final one at the end.

    `grace_days` moves the final one only. Raises ValueError where the end is before the start, or the interval is
    not from one month to six: a longer one than six is not allowed.
    """
    _check_term(start, end)
    if not 1 <= every_months <= LONGEST_RETURN_INTERVAL:
        raise ValueError(f"returns are at least six-monthly, not every {every_months} months")
    final = end + min(timedelta(days=grace_days), date.max - end)
    return (*(day for day in recurring_dates(start, every_months, end) if day < end), final)


def return_without_term(start: date, months: int = LONGEST_RETURN_INTERVAL) -> tuple[date, ...]:
    """When the one return of an award without a term is due, such as a paid invoice (R1): at the calendar's end latest.

    Raises ValueError for more months than may lie between two returns.
    """
    if not 1 <= months <= LONGEST_RETURN_INTERVAL:
        raise ValueError(f"returns are at least six-monthly, not after {months} months")
    return (next_recurring(start, months),)


def meeting_dates(start: date, end: date, every_months: int) -> tuple[date, ...]:
    """When monitoring meetings fall (R2): every so many months from the start, up to and including the end.

    Where there would be none there is one, at the end. Raises ValueError where the end is before the start.
    """
    _check_term(start, end)
    if every_months < 1:
        raise ValueError(f"meetings are at least a month apart, not {every_months}")
    return recurring_dates(start, every_months, end) or (end,)


def recurring_dates(anchor: date, every_months: int, last: date) -> tuple[date, ...]:
    """The days so many months apart after the anchor, up to and including the last; each is counted from the anchor.

    Raises ValueError where they would be less than a month apart.
    """
    if every_months < 1:
        raise ValueError(f"what recurs does so a month apart or more, not {every_months}")
    return tuple(_steps(anchor, every_months, last))


def next_recurring(anchor: date, every_months: int) -> date:
    """The first day so many months after the anchor; the last day of the calendar where it ends before."""
    return next(_steps(anchor, every_months, date.max), date.max)


def financial_year(day: date) -> int:
    """The first calendar year of the financial year, April to March, that a day is in: 2026 for 2026-27."""
    return day.year if day.month >= 4 else day.year - 1


def year_label(first: int) -> str:
    """A financial year as people write it: 2026 is "2026-27"."""
    return f"{first:04d}-{(first + 1) % 100:02d}"


def parse_year(text: str) -> int:
    """The first calendar year of "2026-27". Raises ValueError for anything else, "2026-28" too."""
    found = _YEAR.fullmatch(text)
    if found is None or year_label(int(found["first"])) != text:
        raise ValueError(f"{text!r} is no financial year: write it as {year_label(2026)}")
    return int(found["first"])


def year_bounds(first: int) -> tuple[date, date]:
    """The first and the last day of a financial year."""
    return date(first, 4, 1), date(first + 1, 3, 31)


def next_working_day(day: date, holidays: frozenset[date]) -> date:
    """The day itself where people work on it, else the next day on which they do."""
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day


def previous_working_day(day: date, holidays: frozenset[date]) -> date:
    """The day itself where people work on it, else the last day before it on which they do."""
    while day.weekday() >= 5 or day in holidays:
        day -= timedelta(days=1)
    return day


def working_day_of_month(first: date, number: int, holidays: frozenset[date]) -> date:
    """The working day of this number, from 1, in the month of a day, counted on past its end where it has fewer.

    Raises ValueError for a number below 1, and OverflowError where the calendar ends.
    """
    if number < 1:
        raise ValueError(f"working days are counted from 1, not from {number}")
    day = next_working_day(first.replace(day=1), holidays)
    for _ in range(number - 1):
        day = next_working_day(day + timedelta(days=1), holidays)
    return day


def next_month(day: date) -> date:
    """The first day of the month after a day's. Raises OverflowError where the calendar ends."""
    return add_months(day.replace(day=1), 1)


def nudge_dates(
    due: date,
    steps: tuple[NudgeStep, ...],
    holidays: frozenset[date],
    *,
    pauses: Sequence[Pause] = (),
    snoozed_until: date | None = None,
) -> tuple[tuple[NudgeStep, date], ...]:
    """The day on which each step of a deadline goes out (D0), in the order of the steps; never: left out.

    A step to the office that falls on a day nobody works goes out on the next working day; one to a recipient does
    not move, and neither does the deadline. What falls in one of the `pauses`, which are those of its kind, waits until
    the day after it. Where the officer wants to hear nothing before a day, no step to them goes out before it, and one
    more on it.
    """
    planned: list[tuple[NudgeStep, date]] = []
    for step in steps:
        on = _goes_out(_later(due, step.days), step, holidays, pauses)
        if on is not None and not (snoozed_until is not None and step.to == "officer" and on < snoozed_until):
            planned.append((step, on))
    if snoozed_until is not None:
        again = NudgeStep((snoozed_until - due).days, "officer")
        on = _goes_out(snoozed_until, again, holidays, pauses)
        if on is not None and all((step.days, step.to) != (again.days, again.to) for step, _ in planned):
            planned.append((again, on))
    return tuple(planned)


def _later(due: date, days: int) -> date:
    """So many days from a day, at the calendar's edge at most."""
    return date.fromordinal(min(max(due.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def _goes_out(day: date, step: NudgeStep, holidays: frozenset[date], pauses: Sequence[Pause]) -> date | None:
    """The day on which a step that was planned for a day goes out; None while a pause has no end."""
    while True:
        paused = next((one for one in pauses if one.first <= day and (one.until is None or day <= one.until)), None)
        if paused is not None:
            if paused.until is None:
                return None
            day = paused.until + timedelta(days=1)
            continue
        on = next_working_day(day, holidays) if step.to_staff else day
        if on == day:
            return day
        day = on


def latest_due(
    due: date, steps: tuple[NudgeStep, ...], holidays: frozenset[date], today: date
) -> tuple[tuple[NudgeStep, date], ...]:
    """For each person told of a deadline, the latest step whose day has come; the missed ones before it stay unsent."""
    latest: dict[str, tuple[NudgeStep, date]] = {}
    for step, day in sorted(nudge_dates(due, steps, holidays), key=lambda pair: pair[0].days):
        if day <= today:
            latest[step.to] = (step, day)
    return tuple(latest.values())


def interval_text(months: int) -> str:
    """An interval as it stands after "every": 6 is "six months", 12 is "year"."""
    return {1: "month", 3: "three months", 6: "six months", 12: "year"}.get(months, f"{months} months")


def date_text(day: date) -> str:
    """A day as people write it: "1 April 2026"."""
    return f"{day.day} {MONTH_NAMES[day.month - 1]} {day.year}"


def time_text(at: time) -> str:
    """A time of day as people write it, to the minute: "2:40pm", "9am", "midday", "midnight"."""
    if at.minute == 0 and at.hour in (0, 12):
        return "midday" if at.hour else "midnight"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes}{'am' if at.hour < 12 else 'pm'}"


def _check_term(start: date, end: date) -> None:
    if end < start:
        raise ValueError(f"the end, {end}, is before the start, {start}")


def _steps(start: date, months: int, last: date) -> Iterator[date]:
    """Each anchor from the start, up to and including the last day."""
    count = months
    # Compared by month before the date is made: near the end of the calendar the next one may not exist.
    while (start.year * 12 + start.month + count) <= (last.year * 12 + last.month):
        day = add_months(start, count)
        if day > last:
            return
        yield day
        count += months
