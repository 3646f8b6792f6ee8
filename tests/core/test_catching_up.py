"""After an upgrade what is open has its deadline, once, and nobody is told of what was past by then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import agreements, asking, catching_up, decide_by, due_for_deletion, looks, payments, undoing
from core.office import Office
from core.records import Agreement, DatesToSet, Deadline, Record
from core.rules.policy import Role
from core.sweeping import SentStep
from scheduler.timetable import preview_sweep, run_sweep
from tests.conftest import Clock
from tests.core.casework import (
    active,
    allocate,
    contracted,
    decide,
    drafted,
    facts,
    offered,
    person,
    recommended,
    someone,
    submitted,
    trail,
)
from tests.core.due import dates
from tests.core.test_decide_by import ask

TODAY = date(2026, 11, 23)
NEW = (
    decide_by.DECISION,
    asking.ANSWER,
    agreements.AGREEMENT_KIND,
    payments.PAYMENT_KIND,
    looks.REVIEW,
    due_for_deletion.RETENTION,
)


def upgraded(office: Office) -> None:
    """The record as an older desk left it: none of these deadlines, and the upgrade's note that they are to be set."""
    with office.sessions.begin() as session:
        tables = Record.metadata.tables
        session.connection().execute(tables["deadline"].delete().where(Deadline.kind.in_(NEW)))
        session.connection().execute(tables["agreement"].delete())
        session.add(DatesToSet(id=1))


def of(steps: tuple[SentStep, ...]) -> list[tuple[str, int]]:
    return sorted({(one.kind, one.step) for one in steps if one.kind in NEW})


@pytest.fixture
def lived(office: Office) -> Office:
    """One of everything that is open, from today."""
    allocate(office, "youth-fund", 100_000_00)
    submitted(office)
    ask(office, submitted(office))
    recommended(office)
    drafted(office)
    decide(office, recommended(office), person(office, Role.COMMISSIONER), outcome="declined", amount=None)
    offered(office)
    who, award_id = person(office), active(office, facts(start=date(2027, 1, 1), end=date(2029, 12, 31)))
    with office.sessions.begin() as session:
        day = date(2027, 3, 1)
        payments.plan(session, award_id, someone(session, who), amount=100_00, planned_on=day, now=office.clock())
    contracted(office, facts(start=date(2027, 1, 1), end=date(2027, 6, 30)))
    return office


def test_each_has_the_day_that_it_would_have_had(lived: Office, clock: Clock) -> None:
    before = {kind: dates(lived, kind) for kind in NEW}
    before[decide_by.DECISION] = [one for one in before[decide_by.DECISION] if one[1] != "met"]
    upgraded(lived)
    clock.forward(days=10)
    run_sweep(lived)
    assert {kind: dates(lived, kind) for kind in NEW} == before
    [line] = trail(lived, "dates_set")
    assert sum(name.startswith("deadline:") for name in line.seals or ()) == line.data["deadlines"]
    assert line.data == {"deadlines": sum(len(found) for found in before.values()), "silent_before": "2026-12-03"}
    with lived.reading() as session:
        assert session.scalars(select(DatesToSet)).all() == []
        assert [one.status for one in session.scalars(select(Agreement))] == ["drafted"]


def test_it_is_done_once(lived: Office) -> None:
    upgraded(lived)
    run_sweep(lived)
    found = {kind: dates(lived, kind) for kind in NEW}
    run_sweep(lived)
    with lived.sessions.begin() as session:
        session.add(DatesToSet(id=1))  # somebody upgrades a copy of it again
    run_sweep(lived)
    assert {kind: dates(lived, kind) for kind in NEW} == found
    assert len(trail(lived, "dates_set")) == 1


@pytest.mark.one_database
@pytest.mark.parametrize("days", [0, 27, 28, 29, 60, 400])
def test_nobody_is_told_of_a_step_that_was_past(lived: Office, clock: Clock, days: int) -> None:
    upgraded(lived)
    clock.forward(days=days)
    today = TODAY + timedelta(days=days)
    first = run_sweep(lived)
    for one in first:
        if one.kind in NEW:
            planned = one.due + timedelta(days=one.step)
            assert (today - planned).days <= 4, f"{one}: not before the day of the upgrade, but for days nobody works"
    if days == 400:
        assert of(first) == []


def test_what_comes_after_the_upgrade_is_told(lived: Office, clock: Clock) -> None:
    upgraded(lived)
    clock.forward(days=26)
    assert of(run_sweep(lived)) == []
    clock.forward(days=2)
    assert (decide_by.DECISION, 0) in of(run_sweep(lived))


def test_a_dry_run_sets_nothing_and_the_sweep_then_does(lived: Office) -> None:
    upgraded(lived)
    preview_sweep(lived)
    assert dates(lived, decide_by.DECISION) == []
    run_sweep(lived)
    assert len(dates(lived, decide_by.DECISION)) == 3


def test_a_new_record_has_nothing_to_catch_up_with(office: Office) -> None:
    submitted(office)
    with office.sessions.begin() as session:
        told: dict[str, Any] = {"office": office, "today": TODAY, "now": office.clock()}
        assert catching_up.set_what_is_missing(session, **told) == 0
    assert trail(office, "dates_set") == []


def test_a_decision_from_before_that_is_undone_is_waited_for_again(office: Office, clock: Clock) -> None:
    number, who = recommended(office), person(office, Role.COMMISSIONER)
    clock.forward(days=6)
    decide(office, number, who, outcome="declined", amount=None)
    upgraded(office)
    run_sweep(office)
    assert dates(office, decide_by.DECISION) == []
    clock.forward(days=4)
    with office.sessions.begin() as session:
        undoing.undo(session, number, someone(session, who), reason="Too fast.", office=office, now=office.clock())
    assert dates(office, decide_by.DECISION) == [(TODAY + timedelta(days=32), "open")]
