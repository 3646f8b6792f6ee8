"""Whose the reminder of a decision is (D0, A1): the officer's until it is recommended, then whoever's may decide it."""

from __future__ import annotations

from datetime import date
from typing import Any

from core import deadlines, deciding, direct
from core.office import Office
from core.records import Application, Person
from core.rules.policy import Role
from tests.core.casework import (
    delegated,
    messages,
    person,
    recommend,
    someone,
    submitted,
    sweep,
)

DUE = date(2026, 12, 14)  # Monday


def linked(office: Office, role: Role) -> int:
    number = person(office, role)
    with office.sessions.begin() as session:
        found = session.get_one(Person, number)
        found.slack_team, found.slack_user = "T1", f"U{number}"
    return number


def waits(office: Office, application_id: int) -> None:
    with office.sessions.begin() as session:
        application = session.get_one(Application, application_id)
        deadlines.close(session, subject=f"decide:{application_id}", now=office.clock())
        deadlines.set_deadline(
            session, subject=f"test:{application_id}", reference=str(application.reference), kind="decision", due=DUE,
            application_id=application_id, now=office.clock(),
        )  # fmt: skip


def told(office: Office) -> set[int]:
    """Who was told of a decision by the sweep of its day, by number; 0 is the channel."""
    sweep(office, DUE)
    people = {one.payload["person_id"] for one in messages(office, direct.NUDGE)}
    return people | ({0} if messages(office, "staff_nudge") else set())


def taken(office: Office, application_id: int, by: int) -> None:
    with office.sessions.begin() as session:
        session.get_one(Application, application_id).taken_by_id = by


def test_before_it_is_recommended_it_is_the_officers(office: Office) -> None:
    olive, _ = linked(office, Role.OFFICER), linked(office, Role.COMMISSIONER)
    number = submitted(office)
    taken(office, number, olive)
    waits(office, number)
    assert told(office) == {olive}


def test_once_recommended_it_is_everybodys_who_may_decide_and_not_the_officers(office: Office) -> None:
    office = delegated(office, (Role.DIRECTOR, 500_000), since=date(2026, 1, 1))
    olive, cam, dev = (linked(office, role) for role in (Role.OFFICER, Role.COMMISSIONER, Role.DIRECTOR))
    number = submitted(office)
    taken(office, number, olive)
    recommend(office, number, olive)
    waits(office, number)
    assert told(office) == {cam, dev}


def test_who_has_an_interest_or_recommended_it_is_not_asked_to_decide(office: Office) -> None:
    office = delegated(office, (Role.DIRECTOR, 500_000), since=date(2026, 1, 1))
    cam, dev = linked(office, Role.COMMISSIONER), linked(office, Role.DIRECTOR)
    number = submitted(office)
    recommend(office, number, dev)
    waits(office, number)
    assert told(office) == {cam}


def test_where_nobody_who_may_can_be_reached_it_stays_the_officers(office: Office, clock: Any) -> None:
    olive = linked(office, Role.OFFICER)
    cam = linked(office, Role.COMMISSIONER)
    number = submitted(office)
    taken(office, number, olive)
    recommend(office, number, olive)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, number, someone(session, cam), reason="x", now=office.clock())
    waits(office, number)
    assert told(office) == {olive}
