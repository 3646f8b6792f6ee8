"""What one member of staff may move on, is told is due, and has said: the same answers as the gate gives one by one."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

from sqlalchemy import event

from core import absences, applications, awards, deadlines, deciding, for_staff, taking
from core.office import Office
from core.rules.policy import Body, Role
from tests.core.casework import active, allocate, decide, delegated, facts, person, recommend, someone, submitted

ROLES = [*((role, Body.OFFICE) for role in Role), (Role.OFFICER, Body.CONSTABULARY)]


def test_the_same_as_the_gate_says_of_each(office: Office, clock: Any) -> None:
    """(role x state x own or other's recommendation x interest), against `deciding.may` asked one by one."""
    office = delegated(office, (Role.DIRECTOR, 300_000), (Role.DEPUTY, 100_000))
    everybody = [person(office, role, body) for role, body in ROLES]
    officer = everybody[0]
    numbers = [
        submitted(office, facts(organisation_name=f"Club {number}", title=f"Title {number}")) for number in range(5)
    ]
    for number in numbers[1:4]:
        recommend(office, number, officer)
    with office.sessions.begin() as session:
        for number, one in product(numbers[:2], everybody[:-1:3]):
            deciding.declare_interest(session, number, someone(session, one), reason="x", now=clock.now)
    seen = 0
    with office.reading() as session:
        for one in everybody:
            who = someone(session, one)
            found = {
                moved.application.id: moved.actions
                for moved in for_staff.to_move_on(session, who, office=office, now=clock.now)
            }
            for number in numbers:
                application = applications.by_id(session, number)
                may = tuple(
                    action
                    for action in ("recommend", "approve", "decline")
                    if deciding.may(session, application, who, action, office=office, now=clock.now) is None
                )
                assert found.get(number, ()) == may, (who.role, who.body, number)
                seen += len(may)
    assert seen >= 12


def test_what_another_officer_has_taken_waits_for_them_and_for_their_deputy(office: Office, clock: Any) -> None:
    officer, other, third = (person(office) for _ in range(3))
    number = submitted(office)

    def waits(who: int) -> bool:
        with office.reading() as session:
            found = for_staff.to_move_on(session, someone(session, who), office=office, now=clock.now)
        return [one.application.id for one in found] == [number]

    assert [waits(one) for one in (officer, other, third)] == [True, True, True]
    with office.sessions.begin() as session:
        taking.take(session, number, someone(session, officer), office=office, now=clock.now)
    assert [waits(one) for one in (officer, other, third)] == [True, False, False]
    today = office.today()
    with office.sessions.begin() as session:
        absences.away(
            session, someone(session, officer), deputy=someone(session, other), from_day=today, until_day=today,
            actor="tests", today=today, now=clock.now,
        )  # fmt: skip
    assert [waits(one) for one in (officer, other, third)] == [True, True, False]


def asked_of_the_record(office: Office, officer: int) -> int:
    """How many statements it takes to say what waits for somebody."""
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with office.reading() as session:
        who = someone(session, officer)
        event.listen(session.get_bind(), "before_cursor_execute", count)
        try:
            assert for_staff.to_move_on(session, who, office=office, now=office.clock())
        finally:
            event.remove(session.get_bind(), "before_cursor_execute", count)
    return len(asked)


def test_many_applications_take_no_more_questions_than_few(office: Office, clock: Any) -> None:
    officer = person(office)
    counts = []
    for _ in range(2):
        for _ in range(6):
            submitted(office)
        counts.append(asked_of_the_record(office, officer))
    assert counts[0] == counts[1]


def test_what_is_due_and_what_was(office: Office, clock: Any) -> None:
    active(office)
    today = office.today()
    with office.reading() as session:
        every = for_staff.coming_due(session, until=today + timedelta(days=900))
        assert every
        assert [one.due for one in every] == sorted(one.due for one in every)
        first = every[0].due
        assert for_staff.coming_due(session, until=first - timedelta(days=1)) == []
        assert [one.due for one in for_staff.coming_due(session, until=first)] == [first]
        since = for_staff.coming_due(session, until=first, since=first + timedelta(days=1))
        assert since == []


def test_what_somebody_said_last_comes_first(office: Office, clock: Any) -> None:
    allocate(office, "youth-fund", 1_000_000)
    officer, commissioner = person(office), person(office, Role.COMMISSIONER)
    first, second = submitted(office), submitted(office, facts(title="Another"))
    recommend(office, first, officer)
    clock.now += timedelta(hours=1)
    recommend(office, second, officer, outcome="decline")
    clock.now += timedelta(hours=1)
    decide(office, first, commissioner)
    decide(office, second, commissioner, outcome="declined", amount=None)
    with office.reading() as session:
        by_officer = for_staff.said_by(session, someone(session, officer), most=6)
        by_commissioner = for_staff.said_by(session, someone(session, commissioner), most=1)
    assert [(one.what, one.amount) for one in by_officer] == [
        ("recommended declining", None),
        ("recommended approving", 200_000),
    ]
    assert [one.what for one in by_commissioner] == ["declined"]


def test_what_falls_due_has_a_name_and_whoever_looks_after_it(office: Office) -> None:
    olive, otto = person(office, name="Olive Officer"), person(office, name="Otto Officer")
    award_id = active(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        award.application.taken_by_id = otto
        for kind, given in (
            ("bid", {"title": "Safer Streets 6", "owner_id": olive}),
            ("agreement", {"application_id": award.application_id}),
        ):
            deadlines.set_deadline(
                session, subject=f"test:{kind}", reference="X-1", kind=kind, due=office.today(),
                now=office.clock(), **given,
            )  # fmt: skip
    with office.reading() as session:
        found = for_staff.coming_due(session, until=office.today())
    assert {(one.kind, one.who, one.owner) for one in found} == {
        ("bid", "Safer Streets 6", "Olive Officer"),
        ("agreement", "Riverside Boxing Club", "Otto Officer"),
    }
