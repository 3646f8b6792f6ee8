"""What falls due by itself is on the table in time: once, for what is to come, whatever was missed or changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy import event as sqlalchemy_event

from core import deadlines, events, forums, published, recurring
from core.audit import verify
from core.forums import FORUM
from core.office import Office
from core.published import ANNUAL_REPORT, PUBLICATION
from core.records import Deadline
from core.recurring import WINDOW_CLOSES, WINDOW_OPENS, Done
from core.rules.policy import Window
from scheduler.timetable import run_sweep
from tests.conftest import Clock
from tests.core.casework import active, at_once, london, person, someone, sweep, told, trail, victims

MONDAY = date(2026, 11, 23)


def put(office: Office, day: date) -> Done:
    with office.sessions.begin() as session:
        return recurring.put_recurring(session, office, day, london(day))


def there(office: Office, *kinds: str) -> list[Deadline]:
    with office.reading() as session:
        query = select(Deadline).order_by(Deadline.due, Deadline.id)
        return list(session.scalars(query.where(Deadline.kind.in_(kinds or recurring.KINDS))))


def days(office: Office, *kinds: str) -> list[date]:
    """The days of those that are still to be met."""
    return [one.due for one in there(office, *kinds) if one.is_open]


def figure(office: Office, **values: int) -> Office:
    changed = {name: replace(getattr(office.policy, name), value=value) for name, value in values.items()}
    return replace(office, policy=replace(office.policy, **changed))


def windows(office: Office, *given: tuple[date, date], fund: str = "youth-fund", **changes: Any) -> Office:
    """The office with a fund that is open in these windows."""
    made = tuple(Window(opens, closes) for opens, closes in given)
    funds = tuple(replace(one, windows=made, **changes) if one.id == fund else one for one in office.policy.funds)
    return replace(office, policy=replace(office.policy, funds=funds))


def publish(office: Office, due: date, kind: str = PUBLICATION) -> None:
    who = person(office)
    with office.sessions.begin() as session:
        deadline = session.scalars(select(Deadline).where(Deadline.kind == kind, Deadline.due == due)).one()
        published.record(session, deadline.id, someone(session, who), on=due, place="/awards", now=london(due))


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that runs on the record meanwhile."""
    said: list[str] = []

    def note(*args: Any) -> None:
        said.append(args[2])

    sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        sqlalchemy_event.remove(Engine, "before_cursor_execute", note)


# ------------------------------------------------------------------------------------- publication and Annual Report


def test_a_new_record_has_the_next_publication_and_report_and_nothing_of_before(office: Office) -> None:
    done = put(office, MONDAY)
    assert [(one["reference"], one["due"]) for one in done.put] == [
        ("PUB-2026-11", "2026-12-01"),
        ("AR-2026-27", "2027-09-30"),
    ]
    [month, report] = there(office)
    assert (month.kind, month.title, month.subject) == (
        PUBLICATION,
        "Publication of November 2026",
        "publication:2026-11",
    )
    assert (report.kind, report.title) == (ANNUAL_REPORT, "Annual Report of 2026-27")
    # the step a week before fell on the Tuesday that is still to come for the one, and nothing before today is sent
    assert month.silent_before == report.silent_before == MONDAY
    [line] = trail(office, "dates_kept")
    assert (line.reference, line.actor, line.data) == ("dates", "the desk", done.as_data())
    sound(office)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2026, 12, 1), date(2026, 12, 1)),  # its own day is in time
        (date(2026, 12, 2), date(2027, 1, 4)),  # New Year is a Friday: the first working day is the Monday after it
        (date(2027, 2, 20), date(2027, 3, 1)),
        (date(2027, 4, 20), date(2027, 5, 4)),  # 1 May is a Saturday, and the Monday after it a bank holiday
        (date(2027, 12, 10), date(2028, 1, 4)),  # New Year falls on a Saturday, and is kept on the Monday
        (date(2028, 2, 29), date(2028, 3, 1)),  # from the day that only leap years have
    ],
)
def test_a_month_is_published_on_the_first_working_day_after_it(office: Office, today: date, due: date) -> None:
    put(office, today)
    assert days(office, PUBLICATION) == [due], "W2"


def test_the_offices_own_closing_days_are_no_working_days(office: Office) -> None:
    closed = replace(office.policy.closing_days, value=(date(2026, 12, 1), date(2026, 12, 2)))
    put(replace(office, policy=replace(office.policy, closing_days=closed)), MONDAY)
    assert days(office, PUBLICATION) == [date(2026, 12, 3)]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("today", "year", "due"),
    [
        (date(2027, 3, 31), "2026-27", date(2027, 9, 30)),
        (date(2027, 4, 1), "2026-27", date(2027, 9, 30)),
        (date(2027, 9, 30), "2026-27", date(2027, 9, 30)),
        (date(2027, 10, 1), "2027-28", date(2028, 9, 30)),
    ],
)
def test_the_annual_report_is_due_so_many_months_after_its_year(
    office: Office, today: date, year: str, due: date
) -> None:
    put(office, today)
    [report] = there(office, ANNUAL_REPORT)
    assert (report.reference, report.due) == (f"AR-{year}", due), "W1"
    four = figure(office, annual_report_months=11)
    put(four, today)
    [moved] = [one for one in there(office, ANNUAL_REPORT) if one.subject.endswith(year)]
    assert moved.due == date(due.year + 1, 2, 29 if due.year + 1 == 2028 else 28)


def test_every_day_of_years_has_one_publication_and_one_report_ahead(office: Office) -> None:
    day, end = date(2027, 1, 1), date(2028, 5, 1)
    while day <= end:
        put(office, day)
        for kind in (PUBLICATION, ANNUAL_REPORT):
            ahead = [one for one in days(office, kind) if one >= day]
            assert len(ahead) == 1, (day, kind)
        for due in [one for one in days(office, PUBLICATION) if one == day]:
            publish(office, due)
        day += timedelta(days=1)
    months = [one.subject.partition(":")[2] for one in there(office, PUBLICATION)]
    assert months == [f"{year}-{month:02}" for year in (2026, 2027, 2028) for month in range(1, 13)][11:28]
    sound(office)


def test_after_a_gap_the_latest_that_was_missed_is_put_and_never_a_backlog(office: Office) -> None:
    put(office, MONDAY)
    publish(office, date(2026, 12, 1))
    put(office, date(2026, 12, 3))
    back = date(2027, 6, 10)  # six months later: five months were never put
    done = put(office, back)
    assert [one["reference"] for one in done.put] == ["PUB-2027-05", "PUB-2027-06"]
    assert days(office, PUBLICATION) == [date(2027, 1, 4), date(2027, 6, 1), date(2027, 7, 1)]
    late, coming = (one for one in there(office, PUBLICATION) if one.due >= date(2027, 6, 1))
    assert late.silent_before == back  # no step that lay in the gap is made up
    assert coming.silent_before is None
    assert not put(office, back)
    sound(office)


def test_a_deadline_that_was_put_before_a_gap_is_not_put_again(office: Office) -> None:
    put(office, MONDAY)
    assert not put(office, MONDAY)
    done = put(office, date(2026, 12, 20))
    assert [one["reference"] for one in done.put] == ["PUB-2026-12"]
    assert days(office, PUBLICATION) == [date(2026, 12, 1), date(2027, 1, 4)]


@pytest.mark.one_database
@pytest.mark.parametrize("began", [True, False])
def test_nothing_is_put_for_a_day_that_has_passed(office: Office, began: bool) -> None:
    """A sweep as of a year that is a slip, and one by a clock that went wrong: nobody hears of years that are over."""
    if began:
        put(office, MONDAY)
    before = days(office)
    for back in (date(2020, 1, 15), MONDAY - timedelta(days=400)):
        assert run_sweep(office, today=back, ordered=True) == ()
        if began:
            assert not put(office, back)
    assert days(office) == before
    assert [one.subject for one in there(office, WINDOW_OPENS, WINDOW_CLOSES)] == []
    assert run_sweep(office, today=MONDAY) == ()


def test_where_nothing_is_to_be_done_two_queries_say_so_and_nothing_is_written(office: Office) -> None:
    put(office, MONDAY)
    lines = len(trail(office))
    with office.sessions.begin() as session, counted() as said:
        assert not recurring.put_recurring(session, office, MONDAY, london(MONDAY))
    assert len([one for one in said if one.lstrip().upper().startswith("SELECT")]) == 2
    assert not [one for one in said if one.lstrip().upper().startswith(("INSERT", "UPDATE"))]
    assert len(trail(office)) == lines


def test_two_at_once_put_each_once(office: Office) -> None:
    active(office, victims(start=date(2026, 11, 1), end=date(2027, 10, 31)))
    opened = windows(office, (date(2027, 1, 4), date(2027, 2, 26)))
    done = at_once([lambda: put(opened, MONDAY)] * 4)
    assert not done.refused
    found = [(one.subject, one.kind, one.due) for one in there(office)]
    assert len(found) == len(set(found)) == 5
    sound(office)


def test_the_policy_moves_a_publication_that_is_still_to_come(office: Office) -> None:
    put(office, MONDAY)
    third = figure(office, publication_working_day=3)
    done = put(third, MONDAY)
    assert done.moved == [{"kind": PUBLICATION, "reference": "PUB-2026-11", "due": "2026-12-03", "was": "2026-12-01"}]
    assert days(office, PUBLICATION) == [date(2026, 12, 3)]
    put(office, MONDAY)  # and back again
    assert days(office, PUBLICATION) == [date(2026, 12, 1)]
    put(third, date(2026, 12, 2))  # its day has passed: it stays overdue as it was
    assert days(office, PUBLICATION) == [date(2026, 12, 1)]
    put(third, date(2026, 12, 4))
    assert days(office, PUBLICATION) == [date(2026, 12, 1), date(2027, 1, 6)]
    sound(office)


def test_a_later_day_that_was_agreed_stays(office: Office) -> None:
    put(office, MONDAY)
    with office.sessions.begin() as session:
        report = session.scalars(select(Deadline).where(Deadline.kind == ANNUAL_REPORT)).one()
        deadlines.extend(session, report, date(2027, 10, 15), today=MONDAY, now=london(MONDAY))
        events.append(session, "extended", report.reference, "tests", {}, now=london(MONDAY))
    assert not put(office, MONDAY)
    assert days(office, ANNUAL_REPORT) == [date(2027, 10, 15)]


# -------------------------------------------------------------------------------------------------------------- forum


def test_no_forum_is_due_without_a_victim_service(office: Office) -> None:
    active(office)
    put(office, MONDAY)
    assert there(office, FORUM) == [], "R4"


@pytest.mark.parametrize(
    ("start", "today", "due"),
    [
        (date(2026, 11, 1), MONDAY, date(2027, 5, 1)),
        (date(2026, 8, 31), date(2026, 12, 1), date(2027, 2, 28)),  # clamped to the end of the month
        (date(2027, 8, 31), date(2027, 12, 1), date(2028, 2, 29)),
        (date(2023, 1, 10), MONDAY, date(2027, 1, 10)),  # older than the record: the next, and no backlog
        (date(2024, 11, 23), MONDAY, MONDAY),  # its own day is in time
        (date(2024, 11, 22), MONDAY, date(2027, 5, 22)),
    ],
)
def test_the_first_forum_is_counted_from_the_first_victim_service(
    office: Office, clock: Clock, start: date, today: date, due: date
) -> None:
    clock.set_day(min(today, start))
    active(office, victims(start=start, end=date(2029, 3, 31)))
    put(office, today)
    assert days(office, FORUM) == [due], "R4"
    put(office, today + timedelta(days=200))  # nor does it roll on while nobody has held it
    assert days(office, FORUM) == [due]


def test_the_next_forum_is_counted_from_the_last_one_held(office: Office, clock: Clock) -> None:
    active(office, victims(start=date(2026, 11, 1), end=date(2029, 3, 31)))
    put(office, MONDAY)
    held = date(2027, 4, 12)
    hold(office, clock, held)
    done = put(office, held)
    assert [one["due"] for one in done.put if one["kind"] == FORUM] == ["2027-10-12"]
    assert days(office, FORUM) == [date(2027, 10, 12)]
    assert put(figure(office, forum_months=4), held).moved[0]["due"] == "2027-08-12"
    # one held before, which nobody had written down, meets nothing and moves nothing
    hold(office, clock, held, on=date(2027, 1, 5))
    put(figure(office, forum_months=4), held)
    assert days(office, FORUM) == [date(2027, 8, 12)]
    sound(office)


def hold(office: Office, clock: Clock, today: date, *, on: date | None = None) -> None:
    clock.set_day(today)
    who, day = person(office), on or today
    with office.sessions.begin() as session:
        me = someone(session, who)
        forum = forums.plan(session, me, forums.Meant(day, time(10), 120, "Town hall", ""), now=clock())
        forums.hold(session, forum.id, me, on=day, notes="Waiting lists.", views="", now=clock())


def test_once_the_last_victim_service_has_ended_no_forum_is_due(office: Office) -> None:
    active(office, victims(start=date(2026, 11, 1), end=date(2027, 3, 31)))
    put(office, MONDAY)
    put(office, date(2027, 3, 31))
    assert days(office, FORUM) == [date(2027, 5, 1)]
    done = put(office, date(2027, 4, 1))
    assert [one["kind"] for one in done.closed] == [FORUM]
    assert days(office, FORUM) == []
    sound(office)


# ------------------------------------------------------------------------------------------------------------ windows

SPRING = (date(2027, 1, 4), date(2027, 2, 26))
AUTUMN = (date(2027, 9, 1), date(2027, 10, 15))


def test_each_window_has_its_opening_and_its_closing(office: Office) -> None:
    put(windows(office, SPRING, AUTUMN), MONDAY)
    assert days(office, WINDOW_OPENS) == [SPRING[0], AUTUMN[0]]
    assert days(office, WINDOW_CLOSES) == [SPRING[1], AUTUMN[1]]
    one = there(office, WINDOW_OPENS)[0]
    assert (one.subject, one.reference, one.title) == ("window:youth-fund", "WIN-YF", "Youth Fund")


def test_what_opened_before_the_record_began_is_not_put(office: Office) -> None:
    put(windows(office, (date(2026, 11, 1), MONDAY)), MONDAY)
    assert (days(office, WINDOW_OPENS), days(office, WINDOW_CLOSES)) == ([], [MONDAY])


def test_a_fund_that_takes_no_applications_has_no_window(office: Office) -> None:
    put(windows(office, SPRING, open_to_applications=False), MONDAY)
    assert there(office, WINDOW_OPENS, WINDOW_CLOSES) == []


def test_a_window_comes_about_by_itself_the_day_after(office: Office) -> None:
    opened = windows(office, SPRING)
    put(opened, MONDAY)
    put(opened, SPRING[0])
    assert days(office, WINDOW_OPENS) == [SPRING[0]]  # its last step goes out on the day itself
    done = put(opened, SPRING[0] + timedelta(days=1))
    assert [one["kind"] for one in done.met] == [WINDOW_OPENS]
    assert days(office, WINDOW_OPENS) == []
    put(opened, SPRING[1] + timedelta(days=30))
    assert days(office, WINDOW_CLOSES) == []
    sound(office)


def test_the_policy_moves_closes_and_brings_back_a_window(office: Office) -> None:
    put(windows(office, SPRING), MONDAY)
    later = (date(2027, 1, 11), SPRING[1])
    assert [one["due"] for one in put(windows(office, later), MONDAY).moved] == ["2027-01-11"]
    assert (days(office, WINDOW_OPENS), days(office, WINDOW_CLOSES)) == ([later[0]], [SPRING[1]])
    done = put(windows(office), MONDAY)
    assert sorted(one["kind"] for one in done.closed) == [WINDOW_CLOSES, WINDOW_OPENS]
    put(windows(office, later), MONDAY)
    assert (days(office, WINDOW_OPENS), days(office, WINDOW_CLOSES)) == ([later[0]], [SPRING[1]])
    assert len(there(office, WINDOW_OPENS, WINDOW_CLOSES)) == 2  # the same rows, open again
    sound(office)


def test_what_is_put_by_itself_is_sent_by_the_sweep_on_its_steps(office: Office) -> None:
    put(office, MONDAY)
    sent = sweep(office, date(2026, 12, 1))
    assert [(one.reference, one.kind, one.step, one.to) for one in sent] == [("PUB-2026-11", PUBLICATION, 0, "officer")]


def test_a_window_that_goes_back_to_a_day_which_was_given_up_is_there_once(office: Office) -> None:
    first, later = (date(2027, 1, 10), date(2027, 2, 1)), (date(2027, 1, 5), date(2027, 2, 5))
    for number, given in enumerate([[first], [], [later], [first]]):
        put(windows(office, *given), MONDAY + timedelta(days=number))
    assert (days(office, WINDOW_OPENS), days(office, WINDOW_CLOSES)) == ([first[0]], [first[1]])
    steps = sweep(windows(office, first), date(2027, 1, 8))
    assert told([one for one in steps if one.kind == WINDOW_OPENS]) == [(-14, "officer")]
    sound(office)


@pytest.mark.one_database
@pytest.mark.parametrize("day", [date.min, date(2, 1, 1), date(9999, 4, 1), date(9999, 12, 30), date.max])
def test_where_the_calendar_ends_nothing_recurs_and_the_sweep_goes_on(office: Office, day: date) -> None:
    active(office, victims())
    kinds = {one.kind for one in run_sweep(office, today=day, now=office.clock(), ordered=True)}
    assert ("return" in kinds) is (day.year > 2027)
    assert there(office, PUBLICATION, ANNUAL_REPORT) == []
    sound(office)
