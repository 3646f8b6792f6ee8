"""The sweep at its edge, and the timetable that runs it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt_time

import pytest
import time_machine
from sqlalchemy import Engine, event, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from core import events, outbox, timetable_jobs
from core.office import LONDON
from core.records import Award, Deadline, Nudge, OutboxMessage, TimetableJob
from core.sweeping import Passed, SentStep
from scheduler.delivery import Checkpoint
from scheduler.job_record import JobRecord
from scheduler.timetable import (
    DAILY_MINUTES,
    JOBS,
    SWEEP_LOCK,
    SWEEP_MINUTES,
    Timetable,
    every,
    preview_sweep,
    run_sweep,
)
from tests.scheduler.practice_desk import Crash, Desk


def nudges(desk: Desk) -> int:
    with desk.office.reading() as session:
        return session.scalar(select(func.count()).select_from(Nudge)) or 0


def wait_for(true: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_sweep_tells_the_recipient_and_the_officer_once(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    desk.quiet()
    mails = len(desk.mailbox.ids())
    sent = run_sweep(desk.office, today=due)
    assert {(step.to, step.channel, step.step, step.due) for step in sent} == {
        ("recipient", "email", 0, due),
        ("officer", "slack", 0, due),
    }
    assert run_sweep(desk.office, today=due) == ()
    desk.deliver()
    assert len(desk.mailbox.ids()) == mails + 1
    assert len(desk.told()) == 1


def test_what_a_preview_shows_is_what_the_sweep_then_does(desk: Desk) -> None:
    award = desk.active()
    lapsed = desk.offered()
    day = max(desk.returns_due(award)[0], lapsed.accept_by + timedelta(days=1))
    shown = preview_sweep(desk.office, today=day)
    assert nudges(desk) == 0
    assert [step.reference for step in shown] == [award.reference] * 2
    assert run_sweep(desk.office, today=day) == shown


def test_a_preview_says_what_was_missed_and_writes_nothing(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    run_sweep(desk.office, today=due - timedelta(days=28))
    desk.quiet()
    shown = preview_sweep(desk.office, today=due)
    [mine] = [one for one in shown if one.to == "recipient"]
    passed = [Passed(step, due + timedelta(days=step), "gap") for step in (-7, -1)]
    assert (mine.reference, mine.step, list(mine.missed)) == (award.reference, 0, passed)
    assert mine.as_data()["missed"] == [{"step": one.step, "on": one.on.isoformat(), "why": "gap"} for one in passed]
    told = {(one.reference, one.kind, one.due) for one in shown if one.missed}
    assert {one for one in told if one[1] != "publication"} == {(award.reference, "return", due)}
    assert nudges(desk) == 2
    assert not desk.open_messages()
    assert not any(one.missed for one in preview_sweep(desk.office, today=due - timedelta(days=27)))


def test_a_sweep_expires_offers(desk: Desk) -> None:
    award = desk.offered()
    assert run_sweep(desk.office, today=award.accept_by) != ()
    run_sweep(desk.office, today=award.accept_by + timedelta(days=1))
    with desk.office.reading() as session:
        assert session.get_one(Award, award.id).status == "expired"


@pytest.mark.parametrize("step", ["begun", "expired", "swept", "committed"])
def test_a_sweep_that_dies_is_made_good_by_the_next(
    desk: Desk, crash_at: Callable[[str], Checkpoint], step: str
) -> None:
    award, lapsed = desk.active(), desk.offered()
    desk.quiet()
    due = desk.returns_due(award)[0]
    with pytest.raises(Crash):
        run_sweep(desk.office, today=due, checkpoint=crash_at(step))
    assert nudges(desk) == (2 if step == "committed" else 0), "all of it or nothing"
    again = run_sweep(desk.office, today=due)
    assert len(again) == (0 if step == "committed" else 2)
    assert sorted(message.kind for message in desk.open_messages()) == [
        "card",
        "card_note",
        "nudge",
        "offer_expired",
        "staff_nudge",
    ]
    with desk.office.reading() as session:
        assert session.get_one(Award, lapsed.id).status == "expired"


def test_many_sweeps_at_once_tell_everybody_once(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(run_sweep(desk.office, today=due, ordered=True))))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 0, 0, 0, 0, 2]
    with desk.office.reading() as session:
        kinds = session.scalars(select(OutboxMessage.kind).where(OutboxMessage.kind.like("%nudge")))
        assert sorted(kinds) == ["nudge", "staff_nudge"]


def test_a_sweep_passes_while_another_process_sweeps(desk: Desk, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return  # one writer at a time is SQLite's own rule
    award = desk.active()
    due = desk.returns_due(award)[0]
    with engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        assert run_sweep(desk.office, today=due) == ()
    assert len(run_sweep(desk.office, today=due)) == 2


def job(desk: Desk, name: str) -> TimetableJob | None:
    """What the record says of a job."""
    with desk.office.reading() as session:
        return next((one for one in timetable_jobs.standing(session) if one.job == name), None)


def runs(desk: Desk, name: str = "sweep") -> int:
    found = job(desk, name)
    return found.runs if found else 0


@contextmanager
def running(timetable: Timetable) -> Iterator[Timetable]:
    timetable.start()
    try:
        yield timetable
    finally:
        timetable.stop()


def test_a_sweep_whose_connection_is_killed_leaves_the_lock_to_the_next(desk: Desk, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return  # a process that dies takes SQLite's lock with it
    award = desk.active()
    due = desk.returns_due(award)[0]

    def killed(step: str) -> None:
        if step != "swept":
            return
        assert run_sweep(desk.office, today=due) == (), "it holds the lock, so another passes"
        with engine.begin() as other:
            held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted"
            ended = f"SELECT pg_terminate_backend(pid, 5000) FROM ({held}) AS holder"
            assert other.execute(text(ended), {"lock": SWEEP_LOCK}).scalars().all() == [True]

    with pytest.raises(DBAPIError):
        run_sweep(desk.office, today=due, checkpoint=killed)
    assert nudges(desk) == 0, "what it had done went with it"
    assert len(run_sweep(desk.office, today=due)) == 2


def test_the_timetable_sweeps_at_its_start_and_again(desk: Desk) -> None:
    award = desk.active()
    desk.clock.set_day(desk.returns_due(award)[0])
    with running(Timetable(desk.office, sweep_minutes=0.3 / 60)):
        wait_for(lambda: runs(desk) >= 2)
    assert nudges(desk) == 2
    ran = runs(desk)
    time.sleep(0.5)
    assert runs(desk) == ran


def test_every_job_runs_at_the_start_and_says_so_in_the_record(desk: Desk) -> None:
    with running(Timetable(desk.office)):
        wait_for(lambda: all(runs(desk, name) == 1 for name in JOBS))
    with desk.office.reading() as session:
        found = {one.job: one for one in timetable_jobs.standing(session)}
    assert set(found) == set(JOBS)
    for one in found.values():
        assert one.first_start_at == one.last_start_at <= one.last_success_at  # type: ignore[operator]
        assert (one.runs, one.passes, one.errors, one.misses) == (1, 0, 0, 0)


def test_timetables_of_several_processes_add_to_one_picture(desk: Desk) -> None:
    with running(Timetable(desk.office)), running(Timetable(desk.office)), running(Timetable(desk.office)):
        wait_for(lambda: sum(_ran(desk, name) for name in JOBS) == 3 * len(JOBS))
    assert {name: _ran(desk, name) for name in JOBS} == dict.fromkeys(JOBS, 3)


def _ran(desk: Desk, name: str) -> int:
    found = job(desk, name)
    return found.runs + found.passes if found else 0


def test_a_sweep_that_fails_is_logged_counted_kept_and_tried_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter([ConnectionError("the clock is away\nand says so at length")])

    def failing_once() -> datetime:
        for error in answers:
            raise error
        return desk.clock()

    failing = Timetable(replace(desk.office, clock=failing_once), sweep_minutes=0.2 / 60)
    with running(failing):
        wait_for(lambda: runs(desk) >= 1 and any((job(desk, name) or TimetableJob(errors=0)).errors for name in JOBS))
    (failed,) = [found for name in JOBS if (found := job(desk, name)) and found.errors]
    assert (failed.errors, failed.last_error) == (1, "ConnectionError: the clock is away")
    assert failed.last_error_reference
    assert [
        record
        for record in caplog.records
        if record.levelno == logging.ERROR
        and f"fault {failed.last_error_reference}: the {failed.job}" in record.message
    ]


def test_an_error_counts_although_the_jobs_own_transaction_was_taken_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    award = desk.active()
    desk.clock.set_day(desk.returns_due(award)[0])

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the outbox is full")

    monkeypatch.setattr(outbox, "put_all", broken)
    with running(Timetable(desk.office)):
        wait_for(lambda: (job(desk, "sweep") or TimetableJob(errors=0)).errors == 1)
    found = job(desk, "sweep")
    assert found is not None
    assert (found.runs, found.errors_since, found.last_error) == (0, 1, "RuntimeError: the outbox is full")
    assert nudges(desk) == 0


def test_a_sweep_that_passed_because_another_swept_counts_as_that(desk: Desk, engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        with running(Timetable(desk.office)):
            wait_for(lambda: (job(desk, "sweep") or TimetableJob(passes=0)).passes == 1)
    found = job(desk, "sweep")
    assert found is not None
    assert (found.runs, found.errors, found.last_success_at) == (0, 0, None)
    assert found.last_pass_at is not None


def test_a_run_while_the_one_before_still_runs_is_a_miss(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()
    monkeypatch.setitem(JOBS, "sweep", (SWEEP_MINUTES, lambda _: go_on.wait(60)))
    with running(Timetable(desk.office, sweep_minutes=0.1 / 60)):
        wait_for(lambda: (job(desk, "sweep") or TimetableJob(misses_since=0)).misses_since >= 2)
        go_on.set()
        wait_for(lambda: runs(desk) >= 1)
    found = job(desk, "sweep")
    assert found is not None
    assert found.misses >= 2
    assert found.misses_since < found.misses, "one that ended well begins the count anew"
    assert "the sweep was missed: the one before it still runs" in caplog.messages


def test_a_machine_that_slept_misses_its_daily_jobs_and_makes_up_no_backlog_of_sweeps(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    slept = timedelta(hours=25.5)
    with (
        time_machine.travel(datetime.now(UTC), tick=True) as machine,
        running(Timetable(desk.office, sweep_minutes=0.3 / 60)),
    ):
        wait_for(lambda: all(runs(desk, name) >= 1 for name in JOBS))
        machine.shift(slept)
        wait_for(lambda: all(_misses(desk, name) for name in ("tidy", "drafts", "purge")))
        wait_for(lambda: all(runs(desk, name) == 2 for name in ("documents", "digests")))
    assert runs(desk) < 1_000, "of some 300,000 sweeps that it slept through one is made up"
    assert {name: runs(desk, name) for name in ("tidy", "drafts", "purge")} == {"tidy": 1, "drafts": 1, "purge": 1}
    missed = [message for message in caplog.messages if "was missed by more than 3600 seconds" in message]
    assert {message.split()[1] for message in missed} == {"tidy", "drafts", "purge"}
    found = job(desk, "purge")
    assert found is not None
    assert found.last_miss_at is not None
    assert found.last_miss_at - found.last_success_at > slept - timedelta(minutes=1)  # type: ignore[operator]


def _misses(desk: Desk, name: str) -> int:
    found = job(desk, name)
    return found.misses if found else 0


def test_what_happened_while_the_record_was_away_is_written_when_it_is_back(desk: Desk, engine: Engine) -> None:
    sessions = sessionmaker(engine)
    is_away = True

    @event.listens_for(sessions, "before_commit")
    def away(_session: Session) -> None:
        if is_away:
            raise OperationalError("INSERT", {}, ConnectionError("the record is away"))

    record = JobRecord(sessions, clock=desk.clock)
    for _ in range(2):
        record.started("sweep")
        record.failed("sweep", ConnectionError("the record is away"), "0123abcd")
    assert job(desk, "sweep") is None
    is_away = False
    record.started("purge")
    found = job(desk, "sweep")
    assert found is not None
    assert (found.runs, found.errors, found.errors_since, found.last_error_reference) == (0, 2, 2, "0123abcd")
    record.started("sweep")
    found = job(desk, "sweep")
    assert found is not None
    assert found.errors == 2, "nothing is written twice"


AUTUMN, SPRING = date(2027, 10, 31), date(2027, 3, 28)


@pytest.mark.parametrize("change", [AUTUMN, SPRING], ids=["autumn", "spring"])
@pytest.mark.parametrize("started", ["00:30", "01:00", "01:30", "01:59", "02:30", "07:00"])
def test_a_daily_job_runs_once_in_each_day_of_real_time_through_a_change_of_the_clocks(
    change: date, started: str
) -> None:
    began = datetime.combine(change - timedelta(days=2), dt_time.fromisoformat(started), LONDON)
    trigger = every(DAILY_MINUTES)
    runs_at = [began]
    for _ in range(5):
        following = trigger.get_next_fire_time(runs_at[-1], runs_at[-1])
        assert following is not None
        runs_at.append(following)
    assert [one.timestamp() - began.timestamp() for one in runs_at] == [number * 86_400 for number in range(6)]


def test_the_sweeps_of_the_hour_that_comes_twice_tell_nobody_twice(desk: Desk) -> None:
    start = AUTUMN - timedelta(days=184)  # half a year before, give or take: what falls due on the day itself is moved
    award = desk.active(start=start, end=start + timedelta(days=300))
    with desk.office.sessions.begin() as session:
        session.execute(
            update(Deadline)
            .where(Deadline.award_id == award.id, Deadline.kind == "return")
            .values(due=AUTUMN, next_step_on=AUTUMN, silent_before=AUTUMN)
            .where(Deadline.due == desk.returns_due(award)[0])
        )
        events.append(session, "moved", award.reference, "test", {}, now=desk.clock())
    at = datetime(2027, 10, 30, 22, 45, tzinfo=UTC)  # a quarter to midnight in London, still by summer time
    sent: list[tuple[datetime, SentStep]] = []
    for _ in range(5 * 4):
        sent += [(at, step) for step in run_sweep(desk.office, now=at)]
        at += timedelta(minutes=SWEEP_MINUTES)
    assert [(when, step.to, step.step) for when, step in sent] == [
        (datetime(2027, 10, 30, 23, 0, tzinfo=UTC), "recipient", 0)
    ]


def test_a_stop_before_a_start_is_nothing(desk: Desk) -> None:
    Timetable(desk.office).stop()
