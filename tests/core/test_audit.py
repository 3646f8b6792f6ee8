"""`audit verify`: no row of the record can be changed behind the desk's back unseen (A4), and nothing cries wolf."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import audit, events, seals
from core.audit import Verified, verify
from core.columns import Instant, Pence
from core.office import Office
from core.policies import POLICY_TRAIL
from core.reading import BATCH
from core.records import (
    Decision,
    Event,
    Person,
    Variation,
)
from core.resealing import resealing
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.applying import WRONG
from tests.core.casework import (
    accept,
    allocate,
    at_once,
    award_of,
    decide,
    person,
    recommended,
    trail,
)
from tests.core.lives import Life
from tests.core.tampering import TABLES, behind_its_back, last_line, line, resealed, said, verified

NOT_CHECKED = {
    *("outbox_message", "nudge", "card", "link", "link_request", "idempotency"),
    *(
        "return_draft",
        "correction",
        "entered_for",
        "slack_code",
        "home_opened",
        "sweep_plan",
        "timetable_job",
        "dates_to_set",
        "refused_mail",
    ),
}
"""The tables that may be changed unseen, with their reasons in `core.seals.NOT_SEALED`."""

NOT_CHECKED_COLUMNS = {
    ("application", "version"),  # counts changes, for the keys of cards
    ("person", "sessions_ended"),  # that whoever signed in before is signed in no more
    ("sitting", "channel"),  # where its message stands in Slack
    ("sitting", "ts"),
    ("deadline", "next_step_on"),  # the sweep's own index, worked out from the due date and the policy
    ("deadline", "silent_before"),  # which nudges of a record with a past are never sent
}
"""Columns of the other tables that may be changed unseen, and why."""


SHA_OF_X = hashlib.sha256(b"x = 1").hexdigest()

REFUSED = {("trail_end", "id")}
"""What PostgreSQL lets nobody change, not even its owner: a check holds it."""


# ------------------------------------------------------------------------------------------------ it never cries wolf


def test_it_is_clean_after_every_step_of_the_casework(office: Office, clock: Clock) -> None:
    life = Life(office, clock)
    assert verified(office) == Verified(0, events.START, 0, ())
    lines = 0
    for step in life.steps:
        step()
        clock.forward(minutes=7)
        found = verified(office)
        assert found.sound, f"{step.__name__}: {said(found)}"
        assert found.lines >= lines
        lines = found.lines
    assert lines == len(trail(office)) > 50
    assert found.head == trail(office)[-1].hash


def test_every_table_is_sealed_checked_otherwise_or_left_alone_for_a_reason() -> None:
    assert set(seals.NOT_SEALED) == NOT_CHECKED
    assert set(seals.OWN_CHECK) == {"event", "trail_end"}
    assert set(seals.sealed_tables()) == set(TABLES) - set(seals.NOT_SEALED) - set(seals.OWN_CHECK)
    left = {(table, column) for table, columns in seals.NOT_SEALED_COLUMNS.items() for column in columns}
    assert left == NOT_CHECKED_COLUMNS
    assert all(len(table.primary_key.columns) == 1 for table in seals.sealed_tables().values())


def test_the_life_has_a_row_of_everything(lived: Life) -> None:
    with lived.office.reading() as session:
        empty = [
            name
            for name in seals.sealed_tables()
            if session.scalar(select(func.count()).select_from(TABLES[name])) == 0
        ]
    assert empty == []


def test_a_draft_may_be_changed_freely(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        session.execute(text("UPDATE application SET saved_at = started_at, answers = '{}' WHERE status = 'draft'"))
        assert verify(session).sound


def test_verifying_while_others_write_sees_one_moment(office: Office) -> None:
    """On either database a verification reads as of one moment, however much is committed meanwhile."""
    allocate(office, "youth-fund", 100_000_00)
    stop = threading.Event()
    commissioner = person(office, Role.COMMISSIONER)

    def work() -> None:
        while not stop.is_set():
            application = recommended(office)
            decide(office, application, commissioner)
            accept(office, award_of(office, application))

    def check() -> list[str]:
        try:
            return [said(found) for found in (verified(office) for _ in range(12)) if not found.sound]
        finally:
            stop.set()

    done = at_once([work, work, check]).done
    assert done == [None, None, []]
    assert verified(office).sound


# ------------------------------------------------------------------------------------------ any change of any column

COLUMNS = [
    (table.name, column.name)
    for table in TABLES.values()
    if table.name not in NOT_CHECKED
    for column in table.columns
    if (table.name, column.name) not in NOT_CHECKED_COLUMNS
]


def others(column: Column[Any], value: Any) -> Iterator[Any]:
    """Other values that a column could have, the least change first."""
    if value is None:
        yield from _first(column)
        return
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, value + 2, value + 1_000)
    elif isinstance(value, datetime):
        yield value + timedelta(microseconds=1)
    elif isinstance(value, date):
        yield value + timedelta(days=1)
    elif isinstance(value, dict):
        yield {**value, "more": "1"}
    elif isinstance(value, list):
        yield [*value, "more"]
    else:
        yield value[:-1] + ("x" if value[-1:] != "x" else "y")
        yield "approved" if value != "approved" else "declined"
    if column.nullable:
        yield None


def _first(column: Column[Any]) -> Iterator[Any]:
    if isinstance(column.type, Instant):
        yield datetime(2030, 1, 1, tzinfo=UTC)
    elif isinstance(column.type, (JSON, JSONB)):
        yield {"more": "1"}
    else:
        kind = int if isinstance(column.type, Pence) else column.type.python_type
        yield {bool: True, int: 1, date: date(2030, 1, 1), str: "x"}[kind]


@pytest.mark.parametrize("name", sorted({table for table, _ in COLUMNS}))
def test_a_change_of_any_column_is_found(lived: Life, name: str) -> None:
    table = TABLES[name]
    with behind_its_back(lived.office) as session:
        rows = [dict(row) for row in session.execute(select(table)).mappings()]
        rows = [row for row in rows if row.get("status") != "draft"]
        for column in (one for one in table.columns if (name, one.name) in COLUMNS):
            unseen = list(changes_unseen(session, table, column, rows))
            assert unseen == [], f"{name}.{column.name}"
        assert verify(session).sound


def changes_unseen(session: Session, table: Table, column: Column[Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    """Change one value of a column and take it back; tell what was not found. The row is the first that can be."""
    (key,) = table.primary_key.columns
    for row in rows:
        for value in others(column, row[column.name]):
            savepoint = session.begin_nested()
            try:
                session.execute(update(table).where(key == row[key.name]).values({column.name: value}))
            except IntegrityError:  # the database itself would not have it
                savepoint.rollback()
                continue
            if verify(session).sound:
                yield f"{row[column.name]!r} became {value!r}"
            savepoint.rollback()
            return
    if (table.name, column.name) not in REFUSED or session.get_bind().dialect.name == "sqlite":
        yield "nothing could be changed"


def test_what_may_be_changed_unseen_is_just_that(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        for name, column in sorted(NOT_CHECKED_COLUMNS):
            value = 77 if TABLES[name].c[column].type.python_type is int else date(2031, 1, 1)
            session.execute(update(TABLES[name]).values({column: value}))
        assert verify(session).sound


# ------------------------------------------------------------------------------------ rows taken out, put in, put back


@pytest.mark.parametrize("name", sorted(seals.sealed_tables()))
def test_a_row_that_is_taken_out_or_put_in_is_found(lived: Life, name: str) -> None:
    table = TABLES[name]
    (key,) = table.primary_key.columns
    with behind_its_back(lived.office) as session:
        rows = [dict(row) for row in session.execute(select(table).order_by(key)).mappings()]
        rows = [row for row in rows if row.get("status") != "draft"]
        for row in (rows[0], rows[-1]):
            savepoint = session.begin_nested()
            session.execute(table.delete().where(key == row[key.name]))
            found = verify(session)
            assert any(fault.about == f"{name}:{row[key.name]}" for fault in found.faults), said(found)
            savepoint.rollback()
        made = {**rows[-1], key.name: rows[-1][key.name] + 1_000}
        for column in _unique_columns(table):
            made[column.name] = _unlike(column, made[column.name])
        session.execute(insert(table).values(made))
        found = verify(session)
        assert [fault.about for fault in found.faults if fault.about == f"{name}:{made[key.name]}"], said(found)


def _unique_columns(table: Table) -> set[Column[Any]]:
    unique = [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    unique += [list(one.columns) for one in table.indexes if one.unique]
    return {columns[-1] for columns in unique}


def _unlike(column: Column[Any], value: Any) -> Any:
    if isinstance(value, date):
        return value + timedelta(days=400)
    if isinstance(value, str):
        return f"{value[:-3]}zzz"
    return value + 1_000 if value is not None else None


def test_every_row_of_a_table_taken_out_at_once_is_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        for name, table in seals.sealed_tables().items():
            savepoint = session.begin_nested()
            session.execute(table.delete())
            assert not verify(session).sound, name
            savepoint.rollback()


def test_two_rows_that_change_places_are_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        outcomes = session.execute(text("SELECT id, target FROM outcome ORDER BY id LIMIT 2")).all()
        for one, other in (outcomes, outcomes[::-1]):
            change = text("UPDATE outcome SET target = :target WHERE id = :id")
            session.execute(change, {"target": other.target, "id": one.id})
        assert [fault.about for fault in verify(session).faults] == [f"outcome:{one.id}" for one in outcomes]


# ---------------------------------------------------------------------------------------------------- what is said


def changed(office: Office, statement: str) -> str:
    """What is said after a change, which is undone."""
    with behind_its_back(office) as session:
        session.execute(text(statement))
        return said(verify(session))


def test_it_says_which_row_and_what_is_wrong(lived: Life) -> None:
    office, reference = lived.office, lived.reference
    told = changed(office, f"UPDATE decision SET amount = amount + 1 WHERE id = {decision_of(lived)}")
    assert re.fullmatch(
        rf"Decision \d+ \({reference}\) is not as the trail tells it. "
        r"Its amount is £24,000.01; line \d+ \(approved\) says £24,000.",
        told,
    )
    told = changed(office, f"UPDATE award SET accept_by = '2030-01-01' WHERE reference = '{reference}'")
    assert re.fullmatch(
        rf"Award \d+ \({reference}\) is not as line \d+ left it. "
        r"Its accept by is '2030-01-01'; line \d+ \(offered\) says '2026-12-21'.",
        told,
    )
    told = changed(office, f"UPDATE application SET contact_email = 'eve@x.example' WHERE reference = '{reference}'")
    assert "is not as line" in told
    assert "in no line in words" in told
    told = changed(office, "UPDATE monitoring_return SET spent = spent - 1")
    assert re.search(r"Its spent is £899.99; line \d+ \(return received\) says £900.", told)
    told = changed(office, f"UPDATE award SET status = 'completed' WHERE reference = '{reference}'")
    assert re.search(r"Its status is 'completed'; line \d+ \(offer accepted\) says 'active'.", told)
    told = changed(office, f"UPDATE application SET status = 'draft' WHERE reference = '{reference}'")
    assert "It was made a draft again" in told


def decision_of(life: Life) -> int:
    with life.office.reading() as session:
        return session.scalars(select(Decision.id).where(Decision.application_id == life.application)).one()


def test_a_policy_whose_text_is_another_or_cannot_be_read_is_found(lived: Life) -> None:
    versions = TABLES["policy_version"]
    with behind_its_back(lived.office) as session:
        number, fingerprint = session.execute(select(versions.c.id, versions.c.fingerprint).order_by("id")).first() or (
            0,
            "",
        )
        session.execute(update(versions).where(versions.c.id == number).values(toml="x = 1"))
        told = said(verify(session))
        assert f"Policy {number} is not as line 1 left it" in told
        assert f"The text of policy {fingerprint[:12]} is not the one that has this fingerprint." in told
        with resealing(session.connection(), "a test"):  # a version that somebody stored who knows how
            session.execute(
                insert(versions).values(id=900, toml="x = 1", fingerprint=SHA_OF_X, stored_at=lived.clock.now)
            )
        told = said(verify(session))
        assert f"Policy {SHA_OF_X[:12]} cannot be read by this desk: " in told
        assert "Policy 900 " not in told


def test_a_stored_policy_that_a_later_check_would_refuse_is_no_fault_of_the_record(office: Office) -> None:
    early = replace(office, policy_text=WRONG)  # as if it had been stored before that check came
    with office.sessions.begin() as session:
        early.policy_version(session, now=office.clock())
        events.append(session, "policy_read", POLICY_TRAIL, "test", {}, now=office.clock())
    with office.reading() as session:
        assert verify(session).faults == ()


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("event", "data", "not json"),
        ("event", "seals", '{"award": 1, "award:x": [], "award:1": "x"}'),
        ("event", "seals", '{"award:99999999999999999999999": [null, "x"], "award:1": [[], {}], "award:2": 7}'),
        ("event", "reference", b"\xff"),
        ("event", "kind", b"\xff"),
        ("event", "hash", b"\xff"),
        ("event", "data", "[1]"),
        ("event", "at", "yesterday"),
        ("event", "actor", b"\xff"),
        ("decision", "findings", "{"),
        ("award", "start_on", "soon"),
        ("application", "organisation_name", b"\xff"),
        ("application", "amount", "a lot"),
        ("person", "removed_at", "1"),
        ("policy_version", "toml", b"\xff\x00"),
    ],
)
def test_what_cannot_even_be_read_is_a_fault_and_not_an_end(lived: Life, table: str, column: str, value: Any) -> None:
    """SQLite puts anything into any column."""
    if lived.office.reading.kw["bind"].dialect.name != "sqlite":
        with behind_its_back(lived.office) as session:
            assert verify(session).sound
        return
    with behind_its_back(lived.office) as session:
        key = TABLES[table].primary_key.columns.values()[0].name
        change = f"UPDATE {table} SET {column} = :value WHERE {key} = (SELECT max({key}) FROM {table})"
        session.execute(text(change), {"value": value})
        found = verify(session)
        assert not found.sound
        assert json.dumps(found.as_data())
        abouts = " ".join(fault.about for fault in found.faults).replace("line", "event")
        assert table in abouts


# ------------------------------------------------------------------------------------------------------ many rows


@pytest.mark.one_database
def test_more_rows_than_are_read_at_once_are_all_read(office: Office, clock: Clock) -> None:
    with office.sessions.begin() as session:
        for number in range(2 * BATCH + 1):
            session.add(
                Person(name="A", email=f"a{number}@x.example", role="officer", body="office", added_at=clock.now)
            )
            events.append(session, "person_added", "staff", "test", {"person": number}, now=clock.now)
    heard: list[tuple[int, str]] = []
    found = verified(office, progress=lambda count, what: heard.append((count, what)))
    assert (found.sound, found.lines, found.rows) == (True, 2 * BATCH + 1, 2 * BATCH + 1)
    assert heard == [(1_000, "lines of the trail"), (1_000, "rows of the record")]
    with behind_its_back(office) as session:
        for number in (1, BATCH, BATCH + 1, 2 * BATCH + 1):
            session.execute(text("UPDATE person SET name = 'B' WHERE id = :number"), {"number": number})
        assert [fault.about for fault in verify(session).faults] == [
            f"person:{number}" for number in (1, BATCH, BATCH + 1, 2 * BATCH + 1)
        ]
        session.execute(text("UPDATE person SET name = 'B'"))
        found = verify(session)
        assert (len(found.faults), found.more) == (audit.MOST_FAULTS, 1)


# ------------------------------------------------------------------------------------------------------- decisions


def test_every_decision_s_line_holds_facts_findings_policy_and_who(lived: Life) -> None:
    """A4, rule by rule: what is kept with a decision is in its line of the trail word for word."""
    told = {
        key: line
        for line in trail(lived.office, "approved", "declined")
        for key in line.seals or {}
        if key.startswith("decision:")
    }
    with lived.office.reading() as session:
        decisions = session.scalars(select(Decision)).all()
        assert {one.outcome for one in decisions} == {"approved", "declined"}
        for one in decisions:
            line = told.pop(f"decision:{one.id}")
            assert line.reference == one.application.reference
            kept = {"facts": one.facts, "findings": one.findings, "amount": one.amount, "reasons": one.reasons}
            assert {name: line.data[name] for name in kept} == kept
            assert (line.kind, line.at, line.data["conditions"]) == (one.outcome, one.made_at, one.conditions)
            assert line.data["policy"] == one.policy_version.fingerprint
            assert line.data["person"] == one.person_id
            assert line.actor == f"{one.person.name} ({one.person.role}, person {one.person_id})"
            assert line.data["facts"]["amount"] == (one.amount or one.application.amount)
            assert all(finding["rule"] and finding["paragraph"] for finding in line.data["findings"])
            assert f"decision:{one.id}" in (line.seals or {})
    assert told == {}


def test_a_variation_s_line_holds_as_much(lived: Life) -> None:
    with lived.office.reading() as session:
        [one] = session.scalars(select(Variation))
        [line] = trail(lived.office, "varied")
        kept = {"facts": one.facts, "findings": one.findings, "reasons": one.reasons, "person": one.person_id}
        assert {name: line.data[name] for name in kept} == kept
        assert line.data["policy"] == lived.office.fingerprint
        assert f"variation:{one.id}" in (line.seals or {})


def test_a_decision_that_its_line_tells_otherwise_is_found_even_where_its_seal_fits(lived: Life) -> None:
    """A record that a migration sealed as it stood: the decision's own line is what it is held to."""
    number = decision_of(lived)
    with behind_its_back(lived.office) as session:
        session.execute(update(TABLES["decision"]).where(Decision.id == number).values(reasons="Because."))
        with resealing(session.connection(), "a test"):
            pass
        about = f"decision:{number}"
        assert [fault.about for fault in verify(session).faults] == [about]
        row = session.execute(select(TABLES["decision"]).where(Decision.id == number)).mappings().one()
        last = last_line(session)
        was = next(pair for _, pair in reversed(_seals_of(session)) if about in pair)[about][1]
        resealed(session, last, seals={about: [was, seals.digest("decision", dict(row))]})
        session.execute(update(TABLES["trail_end"]).values(hash=line(session, last)["hash"]))
        found = verify(session)
        assert "Its reasons is 'Because.'; line" in said(found)


def _seals_of(session: Session) -> list[tuple[int, dict[str, Any]]]:
    rows = session.execute(select(Event.sequence, Event.seals).order_by(Event.sequence))
    return [(row.sequence, row.seals) for row in rows if row.seals]


def test_the_ledger_and_its_lines_are_compared_one_to_one(lived: Life) -> None:
    """An entry put in with a seal of its own, by somebody who knows how, has no line that tells of the money."""
    with behind_its_back(lived.office) as session:
        entries = TABLES["ledger_entry"]
        row = dict(session.execute(select(entries).order_by(entries.c.id).limit(1)).mappings().one())
        made = {**row, "id": row["id"] + 1_000, "amount": 7_00}
        session.execute(insert(entries).values(made))
        last = last_line(session)
        key = f"ledger_entry:{made['id']}"
        added = {**(line(session, last)["seals"] or {}), key: [None, seals.digest("ledger_entry", made)]}
        sealed = resealed(session, last, seals=added)
        session.execute(update(TABLES["trail_end"]).values(hash=sealed))
        told = said(verify(session))
        assert "youth-fund 2026-27: allocation of £7 by test: 0 lines of the trail tell of it, and 1 entry" in told
        assert "youth-fund 2026-27: allocated is £240,000, and by the ledger £240,007." in told
