"""The sweep at its edge, and the timetable that runs it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, text

from core.records import Award, Nudge, OutboxMessage
from scheduler.delivery import Checkpoint
from scheduler.timetable import SWEEP_LOCK, Timetable, preview_sweep, run_sweep
from tests.scheduler.practice_desk import Crash, Desk


def nudges(desk: Desk) -> int:
    with desk.office.reading() as session:
        return session.scalar(select(func.count()).select_from(Nudge)) or 0


def wait_for(true: Callable[[], bool], *, seconds: float = 5) -> None:
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
        threading.Thread(target=lambda: found.append(len(run_sweep(desk.office, today=due, wait=True))))
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


def test_the_timetable_sweeps_at_its_start_and_again(desk: Desk) -> None:
    award = desk.active()
    desk.clock.set_day(desk.returns_due(award)[0])
    timetable = Timetable(desk.office, sweep_minutes=0.3 / 60)
    timetable.start()
    try:
        wait_for(lambda: timetable.runs.get("sweep", 0) >= 2)
    finally:
        timetable.stop()
    assert nudges(desk) == 2
    ran = timetable.runs["sweep"]
    time.sleep(0.5)
    assert timetable.runs["sweep"] == ran


def test_a_sweep_that_fails_is_logged_counted_and_tried_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([ConnectionError("the clock is away")])

    def failing_once() -> datetime:
        for error in answers:
            raise error
        return desk.clock()

    timetable = Timetable(replace(desk.office, clock=failing_once), sweep_minutes=0.2 / 60)
    timetable.start()
    try:
        wait_for(lambda: timetable.runs.get("sweep", 0) >= 1)
    finally:
        timetable.stop()
    assert timetable.errors == {"sweep": 1}
    assert [record for record in caplog.records if record.levelno == logging.ERROR and "sweep" in record.message]


def test_a_stop_before_a_start_is_nothing(desk: Desk) -> None:
    Timetable(desk.office).stop()
