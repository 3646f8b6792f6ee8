"""On the record: the sweep among a hundred thousand deadlines, assessing one application, and a dry run over 10,000."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from core.assessing import assessment_of, facts_of, money_for
from core.office import Office
from core.policy_dry_run import dry_run
from core.policy_file import policy_from_text
from core.records import Application, Award, Deadline, Nudge, OutboxMessage, Outcome
from core.rules.assessment import assess
from core.rules.policy import Policy
from scheduler.timetable import run_sweep
from tests.benchmarks.rounds import Compared, alternate, scaled, seconds
from tests.core import casework

OPEN, DUE, AWARDS = 100_000, 500, 2_000
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@pytest.fixture
def many(office: Office) -> date:
    """So many open deadlines, of which so many have their first step on the day that is answered."""
    today = office.today()
    with office.sessions.begin() as session:
        version = office.policy_version(session, now=office.clock()).id
        session.execute(insert(Application), [_application(number, office) for number in range(1, AWARDS + 1)])
        session.execute(insert(Award), [_award(number, office, version) for number in range(1, AWARDS + 1)])
        session.execute(insert(Deadline), [_deadline(number, office, today) for number in range(OPEN)])
    return today


def _application(number: int, office: Office) -> dict[str, Any]:
    return {
        "id": number,
        "reference": f"YF-2026-{number}",
        "fund": "youth-fund",
        "kind": "grant",
        "status": "approved",
        "started_at": office.clock(),
        "saved_at": office.clock(),
        "contact_email": f"contact{number}@recipient.example",
    }


def _award(number: int, office: Office, version: int) -> dict[str, Any]:
    return {
        "id": number,
        "application_id": number,
        "reference": f"YF-2026-{number}",
        "fund": "youth-fund",
        "kind": "grant",
        "status": "active",
        "amount": 2_000_00,
        "conditions": "",
        "start_on": casework.START,
        "end_on": casework.END,
        "offered_at": office.clock(),
        "accept_by": casework.START,
        "policy_version_id": version,
    }


def _deadline(number: int, office: Office, today: date) -> dict[str, Any]:
    award = number % AWARDS + 1
    due = today + timedelta(days=28 if number < DUE else 60 + number // AWARDS)
    return {
        "subject": f"award:{award}",
        "reference": f"YF-2026-{award}",
        "award_id": award,
        "kind": "return",
        "due": due,
        "set_at": office.clock(),
        "next_step_on": due - timedelta(days=28),
    }


def _undo(office: Office, today: date) -> None:
    with office.sessions.begin() as session:
        session.execute(delete(Nudge))
        session.execute(delete(OutboxMessage))
        session.execute(update(Deadline).where(Deadline.due == today + timedelta(days=28)).values(next_step_on=today))


def test_a_sweep(office: Office, engine: Engine, many: date, report: Callable[[Compared], None]) -> None:
    """Against the bare indexed queries that it needs, and in bulk the rows that it has to write.

    Those are: what is due, with the addresses; which steps of it were sent; messages, nudges, and the next days.
    """
    now = office.clock()

    def swept() -> float:
        taken = seconds(lambda: run_sweep(office, today=many, now=now))
        with office.reading() as session:
            assert len(session.scalars(select(Nudge.id)).all()) == 2 * DUE
            assert len(session.scalars(select(OutboxMessage.id)).all()) == DUE + 1
        _undo(office, many)
        return taken * 1000

    def bare() -> float:
        def work() -> None:
            with office.sessions.begin() as session:
                _bare_sweep(session, many, now)

        taken = seconds(work)
        _undo(office, many)
        return taken * 1000

    compared = alternate(
        f"sweep, {DUE} of {OPEN:,} due, {NAMES[engine.dialect.name]}", "ms", swept, bare, rounds=scaled(4)
    )
    report(compared)
    assert compared.ratio < 5


def _bare_sweep(session: Session, today: date, now: datetime) -> None:
    connection = session.connection()
    due = connection.execute(
        select(Deadline.id, Deadline.due, Deadline.kind, Deadline.reference, Application.contact_email)
        .join(Award, Award.id == Deadline.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Deadline.is_open, Deadline.next_step_on <= today)
    ).all()
    assert len(due) == DUE
    numbers = [row.id for row in due]
    highest = select(Nudge.deadline_id, Nudge.person, func.max(Nudge.step)).where(Nudge.deadline_id.in_(numbers))
    assert connection.execute(highest.group_by(Nudge.deadline_id, Nudge.person)).all() == []
    connection.execute(
        insert(OutboxMessage.__table__),  # type: ignore[arg-type]  # a Table, which the mapping does not promise
        [
            {
                "id": number,
                "key": f"nudge:{number}",
                "kind": "nudge",
                "channel": "mail",
                "subject": f"nudges:{number}",
                "payload": {"to": "recipient"},
                "made_at": now,
                "not_before": now,
                "attempts": 0,
            }
            for number in range(1_000_000, 1_000_000 + DUE + 1)
        ],
    )
    connection.execute(
        insert(Nudge.__table__),  # type: ignore[arg-type]
        [
            {
                "deadline_id": row.id,
                "due": row.due,
                "step": -28,
                "person": person,
                "message_id": 1_000_000,
                "noted_at": now,
            }
            for row in due
            for person in ("recipient", "officer")
        ],
    )
    next_on = today + timedelta(days=21)
    connection.execute(update(Deadline).where(Deadline.id.in_(numbers)).values(next_step_on=next_on))


def test_assessing_one_application(office: Office, engine: Engine, report: Callable[[Compared], None]) -> None:
    """Against reading its row: with the fund's money, and the rules alone."""
    casework.allocate(office, "youth-fund", 1_000_000)
    application_id = casework.submitted(office)
    today, times = office.today(), scaled(200)
    with office.reading() as session:
        application = session.get_one(Application, application_id)
        facts = facts_of(application)
        money = money_for(session, facts, today)

        def whole() -> float:
            return _each(times, lambda: assessment_of(session, application, office=office, today=today))

        def rules() -> float:
            return _each(times, lambda: assess(facts, office.policy, today, money))

        def reading() -> float:
            return _each(times, lambda: session.refresh(application, [*Application.__table__.columns.keys()]))

        name = NAMES[engine.dialect.name]
        compared = alternate(f"assessing an application, {name}", "ms", whole, reading, rounds=4)
        report(compared)
        assert compared.ratio < 100
        report(alternate(f"of that the rules, {name}", "ms", rules, reading, rounds=4))


DECIDED = 10_000
"""Live awards that a dry run looks at."""


def test_a_dry_run_over_ten_thousand_awards(office: Office, engine: Engine, report: Callable[[Compared], None]) -> None:
    """Against reading the rows that it assesses: awards, their applications and outcomes."""
    with office.sessions.begin() as session:
        version = office.policy_version(session, now=office.clock()).id
        numbers = range(1, DECIDED + 1)
        session.execute(insert(Application), [_whole_application(number, office) for number in numbers])
        session.execute(insert(Outcome), [_outcome(number) for number in numbers])
        session.execute(insert(Award), [_award(number, office, version) for number in numbers])
    lower = office.policy_text.replace('cap = { value = "3500.00"', 'cap = { value = "1500.00"')
    after, today = policy_from_text(lower), office.today()

    def whole() -> float:
        with office.reading() as session:
            taken = seconds(lambda: _run_dry(session, office, after, today))
        return taken * 1000

    def reading() -> float:
        with office.reading() as session:
            taken = seconds(lambda: _read_all(session))
        return taken * 1000

    name = f"dry run over {DECIDED:,} awards, {NAMES[engine.dialect.name]}"
    compared = alternate(name, "ms", whole, reading, rounds=scaled(1))
    report(compared)
    assert compared.ratio < 50


def _run_dry(session: Session, office: Office, after: Policy, today: date) -> None:
    run = dry_run(session, office.policy, after, day=today)
    assert (run.awards, len(run.shifts)) == (DECIDED, DECIDED)


def _read_all(session: Session) -> None:
    query = select(Award).options(joinedload(Award.application).selectinload(Application.outcomes)).order_by(Award.id)
    found = sum(len(award.application.outcomes) for award in session.scalars(query.execution_options(yield_per=1_000)))
    assert found == DECIDED


def _whole_application(number: int, office: Office) -> dict[str, Any]:
    return {
        **_application(number, office),
        "organisation_name": f"Club {number}",
        "organisation_type": "charity",
        "title": "Gloves on",
        "need": "Young people have nowhere to go on Friday nights.",
        "existing_provision": "None within five miles.",
        "plan_objective": "reduce-crime-and-disorder",
        "csp_area": "Peterborough",
        "purpose": "young_people",
        "age_from": 10,
        "age_to": 16,
        "send": False,
        "start_on": casework.START,
        "end_on": casework.END,
        "amount": 2_000_00,
        "purchases": 0,
    }


def _outcome(number: int) -> dict[str, Any]:
    return {
        "application_id": number,
        "position": 1,
        "outcome": "Fewer call-outs",
        "measure": "Call-outs a month",
        "target": "Ten fewer",
    }


def _each(times: int, work: Callable[[], object]) -> float:
    def all_of_them() -> None:
        for _ in range(times):
            work()

    return seconds(all_of_them) * 1000 / times
