"""When somebody is written to: quiet hours, days that nobody works, clock changes; and each week's digest once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import absences, direct, people
from core.office import LONDON, Office
from core.records import OutboxMessage, Person
from core.rules.policy import Body, Role
from scheduler.timetable import run_digests
from tests.conftest import Clock

JOINED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def london(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def figure(office: Office, **values: int) -> Office:
    changed = {name: replace(getattr(office.policy, name), value=value) for name, value in values.items()}
    return replace(office, policy=replace(office.policy, **changed))


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-11-24T17:59", "2026-11-24T17:59"),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-11-24T18:00", "2026-11-25T08:00"),
        ("2026-11-24T00:30", "2026-11-24T08:00"),
        ("2026-11-27T18:00", "2026-11-30T08:00"),  # Friday evening: Monday
        ("2026-11-28T12:00", "2026-11-30T08:00"),  # Saturday
        ("2026-12-24T19:00", "2026-12-29T08:00"),  # Christmas, a weekend, and Boxing Day's substitute
        ("2026-10-24T12:00", "2026-10-26T08:00"),  # the clocks go back that night
        ("2027-03-27T12:00", "2027-03-30T08:00"),  # they go forward, and Easter Monday is the 29th
    ],
)
def test_nobody_is_written_to_in_quiet_hours_or_on_days_that_nobody_works(office: Office, at: str, told: str) -> None:
    found = direct.told_from(london(at).astimezone(UTC), office=office)
    assert found.astimezone(LONDON) == london(told)


def test_an_office_chooses_its_quiet_hours(office: Office) -> None:
    late = figure(office, quiet_from=20, quiet_until=7)
    for hour, quiet in ((6, True), (7, False), (19, False), (20, True)):
        at = london(f"2026-11-24T{hour:02}:00").astimezone(UTC)
        assert (direct.told_from(at, office=late) > at) is quiet, hour


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("week", "moment"),
    [
        (date(2026, 11, 24), "2026-11-23T09:00"),
        (
            date(2026, 10, 25),
            "2026-10-19T09:00",
        ),  # Sunday, the clocks go back: still last Monday's week, in summer time
        (date(2026, 10, 26), "2026-10-26T09:00"),  # the Monday after
        (date(2027, 4, 1), "2027-03-30T09:00"),  # Easter Monday; the clocks went forward the day before
        (date(2026, 12, 28), "2026-12-29T09:00"),  # Boxing Day's substitute
        (date(2026, 5, 4), "2026-05-05T09:00"),  # early May bank holiday
    ],
)
def test_the_digest_is_of_monday_at_nine_in_london_or_of_the_next_working_day(
    office: Office, week: date, moment: str
) -> None:
    assert direct.digest_moment(week, office=office).astimezone(LONDON) == london(moment)
    other = figure(office, digest_day=3, digest_hour=14)
    assert direct.digest_moment(date(2026, 11, 23), office=other).astimezone(LONDON) == london("2026-11-25T14:00")


def person(session: Session, user: str, role: Role = Role.OFFICER, body: Body = Body.OFFICE, **more: object) -> Person:
    return people.add(
        session,
        name=f"{user.title()} Person",
        email=f"{user}@office.example",
        role=role,
        body=body,
        slack=None if more.get("unlinked") else ("T1", f"U{user.upper()}"),
        actor="tests",
        now=more.get("now", JOINED),  # type: ignore[arg-type]
    )


def keys(office: Office) -> list[str]:
    with office.reading() as session:
        return list(session.scalars(select(OutboxMessage.key).where(OutboxMessage.kind == direct.DIGEST)))


MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_each_of_the_office_who_is_linked_has_it_once_a_week(office: Office, clock: Clock) -> None:
    with office.sessions.begin() as session:
        olive, kim = person(session, "olive"), person(session, "kim", Role.COMMISSIONER)
        person(session, "una", unlinked=True)
        person(session, "pat", Role.PANEL)
        person(session, "vic", Role.AUDITOR)
        person(session, "fay", body=Body.CONSTABULARY)
        person(session, "new", now=MONDAY + timedelta(minutes=1))
        ids = {olive.id, kim.id}
    assert run_digests(office, now=MONDAY - timedelta(seconds=1)) == 0
    assert run_digests(office, now=MONDAY) == 2
    assert set(keys(office)) == {f"digest:2026-11-23:{one}" for one in ids}
    for later in (timedelta(0), timedelta(minutes=1), timedelta(days=6, hours=14)):
        assert run_digests(office, now=MONDAY + later) == 0
    assert run_digests(office, now=MONDAY + timedelta(days=7)) == 3, "whoever joined since has theirs now"


@pytest.mark.parametrize("late", [timedelta(hours=2), timedelta(days=1), timedelta(days=3, hours=5)])
def test_one_that_was_missed_is_caught_up_within_its_week(office: Office, late: timedelta) -> None:
    with office.sessions.begin() as session:
        person(session, "olive")
    assert run_digests(office, now=MONDAY + late) == 1
    assert run_digests(office, now=MONDAY + late + timedelta(minutes=1)) == 0


def test_in_quiet_hours_it_waits_for_their_end(office: Office) -> None:
    with office.sessions.begin() as session:
        person(session, "olive")
    run_digests(office, now=MONDAY + timedelta(hours=13))
    with office.reading() as session:
        (message,) = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == direct.DIGEST))
    assert message.not_before == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_several_processes_put_it_once(office: Office) -> None:
    with office.sessions.begin() as session:
        for number in range(5):
            person(session, f"p{number}")
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(run_digests(office, now=MONDAY))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 5
    assert len(keys(office)) == len(set(keys(office))) == 5


def test_whoever_is_away_has_theirs_put_with_their_deputys(office: Office) -> None:
    with office.sessions.begin() as session:
        olive, dev = person(session, "olive"), person(session, "dev", Role.DIRECTOR)
        absences.away(
            session, olive, from_day=date(2026, 11, 20), until_day=date(2026, 11, 27), deputy=dev,
            actor="tests", today=date(2026, 11, 19), now=JOINED,
        )  # fmt: skip
        deputy = dev.id
    run_digests(office, now=MONDAY)
    with office.reading() as session:
        subjects = set(session.scalars(select(OutboxMessage.subject).where(OutboxMessage.kind == direct.DIGEST)))
    assert subjects == {f"direct:{deputy}"}
