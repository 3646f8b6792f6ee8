"""One row for each job of the timetable, whoever writes it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from core import timetable_jobs
from core.office import Office
from core.records import TimetableJob
from core.timetable_jobs import LONGEST_WORDS, Tally

AT = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def keep(office: Office, tally: Tally) -> TimetableJob:
    with office.sessions.begin() as session:
        timetable_jobs.keep(session, "sweep", tally)
    with office.reading() as session:
        (found,) = timetable_jobs.standing(session)
    return found


def test_a_fresh_record_has_none(office: Office) -> None:
    with office.reading() as session:
        assert timetable_jobs.standing(session) == []


def test_errors_count_from_the_last_that_ended_well(office: Office) -> None:
    tally = Tally()
    tally.started(AT)
    tally.failed(AT, ValueError("first"), "00000001")
    tally.missed(AT)
    assert (keep(office, tally).errors_since, tally.misses_since) == (1, 1)
    tally = Tally()
    tally.failed(AT, ValueError("second"), "00000002")
    tally.succeeded(AT + timedelta(minutes=1))
    tally.failed(AT + timedelta(minutes=2), ValueError(""), "00000003")
    found = keep(office, tally)
    assert (found.errors, found.errors_since, found.misses, found.misses_since) == (3, 1, 1, 0)
    assert (found.last_error, found.last_error_reference) == ("ValueError", "00000003")
    assert (found.first_start_at, found.last_start_at) == (AT, AT)


def test_a_word_that_comes_late_takes_no_later_instant_back(office: Office) -> None:
    late, early = Tally(), Tally()
    late.started(AT + timedelta(hours=1))
    late.succeeded(AT + timedelta(hours=1))
    early.started(AT)
    early.succeeded(AT)
    keep(office, late)
    found = keep(office, early)
    assert (found.last_start_at, found.last_success_at) == (AT + timedelta(hours=1),) * 2
    assert found.runs == 2


def test_what_a_clock_said_that_was_far_ahead_gives_way(office: Office) -> None:
    wrong, right = Tally(), Tally()
    wrong.started(AT + timedelta(days=3_650))
    wrong.succeeded(AT + timedelta(days=3_650))
    right.started(AT)
    right.succeeded(AT)
    keep(office, wrong)
    found = keep(office, right)
    assert (found.last_start_at, found.last_success_at) == (AT, AT)


def test_the_words_of_an_error_are_one_short_line(office: Office) -> None:
    tally = Tally()
    tally.failed(AT, ValueError("x" * 1_000 + "\nDETAIL: who it was about"), "00000001")
    words = keep(office, tally).last_error or ""
    assert len(words) == LONGEST_WORDS
    assert "DETAIL" not in words


def test_many_at_once_lose_nothing(office: Office) -> None:
    def add() -> None:
        for _ in range(10):
            tally = Tally()
            tally.passed(AT)
            with office.sessions.begin() as session:
                timetable_jobs.keep(session, "sweep", tally)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keep(office, Tally()).passes == 40
