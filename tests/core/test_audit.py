"""`audit verify`: nothing in the record can be changed behind the desk's back unseen (A4), and nothing cries wolf."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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

from core import audit, database, events, people, seals
from core.audit import Verified, verify
from core.columns import Instant, Pence
from core.office import Office
from core.reading import BATCH
from core.records import (
    Decision,
    Event,
    Person,
    PolicyVersion,
    Record,
)
from core.rules.policy import Role
from tests.conftest import Clock, PostgreSQL, office_on
from tests.core.casework import (
    accept,
    allocate,
    at_once,
    award_of,
    decide,
    offered,
    person,
    recommended,
    someone,
    trail,
)
from tests.core.lives import Life

TABLES: dict[str, Table] = dict(Record.metadata.tables)

NOT_CHECKED = {"outbox_message", "nudge", "card", "link", "idempotency"}
"""The tables that may be changed unseen, with their reasons in `core.seals.NOT_SEALED`."""

NOT_CHECKED_COLUMNS = {
    ("application", "version"),  # counts changes, for the keys of cards
    ("deadline", "next_step_on"),  # the sweep's own index, worked out from the due date and the policy
    ("deadline", "silent_before"),  # which nudges of a record with a past are never sent
}
"""Columns of the other tables that may be changed unseen, and why."""


REFUSED = {("trail_end", "id")}
"""What PostgreSQL lets nobody change, not even its owner: a check holds it."""


def verified(office: Office, **given: Any) -> Verified:
    with office.reading() as session:
        return verify(session, **given)


def said(found: Verified) -> str:
    return "\n".join(fault.said for fault in found.faults)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """A record with something of everything in it, for tests that change it and take the change back."""
    server: PostgreSQL | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.fresh()
    else:
        path = tmp_path_factory.mktemp("lived") / "record.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        url = f"sqlite:///{path}"
    engine = database.open_database(url)
    clock = Clock()
    life = Life(office_on(engine, clock), clock).live()
    yield life
    engine.dispose()
    if server is not None:
        server.drop(url)


@contextmanager
def behind_its_back(office: Office) -> Iterator[Session]:
    """Somebody at the database itself, whom no reference, check or trigger of it stops; undone at the end."""
    with office.sessions() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            session.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session
        session.rollback()
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA ignore_check_constraints = OFF"))


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
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    return {list(one.columns)[-1] for one in constraints}


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


# ------------------------------------------------------------------------------------------------------- the trail


def line(session: Session, number: int) -> dict[str, Any]:
    return dict(session.execute(select(TABLES["event"]).where(Event.sequence == number)).mappings().one())


def last_line(session: Session) -> int:
    return session.execute(select(func.max(Event.sequence))).scalar_one()


def resealed(session: Session, number: int, **changes: Any) -> str:
    """Change a line and give it a hash that fits; answers the hash."""
    changed = {**line(session, number), **changes}
    sealed = events.seal_of(changed["previous"], number, {name: changed[name] for name in events.SAID})
    session.execute(update(TABLES["event"]).where(Event.sequence == number).values(**changes, hash=sealed))
    return sealed


def test_lines_that_change_places_are_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        change = text("UPDATE event SET sequence = :new WHERE sequence = :old")
        for old, new in ((6, 900), (7, 6), (900, 7)):
            session.execute(change, {"old": old, "new": new})
        found = verify(session)
        assert found.faults[0].line == 6
        assert "something in it was changed" in said(found)


def test_a_line_taken_out_and_one_put_in_are_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        savepoint = session.begin_nested()
        session.execute(text("DELETE FROM event WHERE sequence = 5"))
        assert "Line 6 comes too early: line 5 is missing before it." in said(verify(session))
        session.execute(text("DELETE FROM event WHERE sequence IN (6, 7)"))
        assert "Line 8 comes too early: lines 5 to 7 are missing before it." in said(verify(session))
        savepoint.rollback()
        last = last_line(session)
        made = {**line(session, last), "sequence": last + 1, "previous": line(session, last)["hash"], "seals": None}
        made["hash"] = events.seal_of(made["previous"], last + 1, {name: made[name] for name in events.SAID})
        session.execute(insert(TABLES["event"]).values(made))
        assert said(verify(session)) == f"The desk's last line is {last}; what follows it was put in."
        for number in (0, -1):
            inserted = session.begin_nested()
            session.execute(
                insert(TABLES["event"]).values({**made, "sequence": number, "hash": "0" * 60 + f"{number}"})
            )
            assert f"Line {number} has a number that no line can have." in said(verify(session))
            inserted.rollback()


def test_a_hash_made_to_fit_is_found_at_the_next_line_and_at_the_end(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        savepoint = session.begin_nested()
        resealed(session, 4, actor="somebody else")
        assert said(verify(session)) == "Line 5 does not follow from line 4: one of the two was rewritten."
        savepoint.rollback()
        last = last_line(session)
        resealed(session, last, actor="somebody else")
        assert said(verify(session)) == f"The last line, {last}, is not the one that the desk wrote."


def test_a_trail_that_is_cut_off_is_found_and_stays_found(office: Office, clock: Clock) -> None:
    life = Life(office, clock)
    for step in life.steps[:5]:
        step()
    with office.sessions() as session:  # past the desk, and for good
        last = last_line(session)
        session.connection().execute(text("DELETE FROM event WHERE sequence > :last"), {"last": last - 2})
        session.commit()
    found = verified(office)
    assert f"The trail ends with line {last - 2}, and went on to {last}: 2 lines were cut off." in said(found)
    person(office)
    assert f"lines {last - 1} to {last} are missing before it" in said(verified(office))


def test_an_end_that_is_taken_away_or_moved_is_found_and_the_next_line_tells_of_it(office: Office) -> None:
    person(office)
    person(office)
    with office.sessions() as session:
        session.connection().execute(text("DELETE FROM trail_end"))
        session.commit()
    assert said(verified(office)) == "The note of where the trail ends is gone."
    person(office)
    assert [one.kind for one in trail(office)] == ["person_added", "person_added", events.RESUMED, "person_added"]
    assert "Before line 3 somebody took away the note" in said(verified(office))
    assert events_broken_at(office) is None


def events_broken_at(office: Office) -> int | None:
    with office.reading() as session:
        return events.broken_at(session)


def test_with_a_hash_that_was_noted_down_a_trail_rewritten_whole_is_found(office: Office, clock: Clock) -> None:
    life = Life(office, clock)
    for step in life.steps[:6]:
        step()
    head = verified(office).head
    middle = trail(office)[3].hash
    person(office)
    for noted in (head, middle, f"  {head.upper()} "):
        assert verified(office, head=noted).sound
    with office.sessions() as session:  # somebody who may write everything, and knows how lines are sealed
        resealed(session, 2, actor="nobody")
        for number in range(3, last_line(session) + 1):
            resealed(session, number, previous=line(session, number - 1)["hash"])
        end = line(session, last_line(session))["hash"]
        session.execute(update(TABLES["trail_end"]).values(hash=end))
        session.commit()
    assert verified(office).sound
    found = verified(office, head=head)
    assert said(found) == f"No line has the hash {head}: the trail was rewritten since it was noted down."


# ---------------------------------------------------------------------- changes that the desk goes on from


def test_a_change_before_the_desk_changes_the_row_again_stays_found(office: Office) -> None:
    """Whoever changes a row cannot have it sealed by the desk's next change of it."""
    award = offered(office)
    with office.sessions() as session:
        session.connection().execute(text("UPDATE award SET amount = amount + 1"))
        session.commit()
    before = verified(office)
    assert [fault.about for fault in before.faults] == [f"award:{award}"]
    accept(office, award)
    after = verified(office)
    assert f"award:{award}" in [fault.about for fault in after.faults]
    assert re.search(
        r"Award \d+ \(YF-.*\) was changed behind the desk's back, between line \d+ and line \d+", said(after)
    )


def test_a_row_put_in_before_the_desk_changes_it_stays_found(office: Office, clock: Clock) -> None:
    with office.sessions() as session:
        session.connection().execute(
            insert(TABLES["person"]).values(
                name="Eve", email="eve@x.example", role="commissioner", body="office", active=True, added_at=clock.now
            )
        )
        session.commit()
    with office.reading() as session:
        number = session.scalars(select(Person.id)).one()
    told = f"Person {number} is in no line of the trail: it was put in behind the desk's back."
    assert said(verified(office)) == told
    with office.sessions.begin() as session:
        people.remove(session, email="eve@x.example", actor="test", now=clock.now)
    assert f"Person {number} (staff) was put in behind the desk's back, before line 1." in said(verified(office))


def test_what_two_changed_at_once_is_no_fault(office: Office) -> None:
    """On PostgreSQL what a session has read of a row may be old when it changes another column of it."""
    number = person(office, name="Ada")
    with office.sessions() as session:
        mine = someone(session, number)
        if session.get_bind().dialect.name == "postgresql":
            with office.sessions.begin() as other:
                theirs = someone(other, number)
                theirs.role = Role.DIRECTOR.value
                events.append(other, "person_added", "staff", "test", {}, now=office.clock())
        mine.name = "Grace"
        events.append(session, "person_added", "staff", "test", {}, now=office.clock())
        session.commit()
    assert verified(office).sound


def test_a_row_that_the_desk_changes_without_a_line_is_found(office: Office) -> None:
    number = person(office)
    with office.sessions.begin() as session:
        someone(session, number).name = "Somebody Else"
    assert f"Person {number} is not as line 1 left it." in said(verified(office))


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
    with behind_its_back(lived.office) as session:
        fingerprint = session.scalars(select(PolicyVersion.fingerprint).order_by(PolicyVersion.id)).first()
        session.execute(text("UPDATE policy_version SET toml = 'x = 1' WHERE id = 1"))
        assert "Policy 1 is not as line 1 left it" in said(verify(session))
        assert fingerprint is not None


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("event", "data", "not json"),
        ("event", "seals", '{"award": 1, "award:x": [], "award:1": "x"}'),
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
    found = verified(office)
    assert (found.sound, found.lines, found.rows) == (True, 2 * BATCH + 1, 2 * BATCH + 1)
    with behind_its_back(office) as session:
        for number in (1, BATCH, BATCH + 1, 2 * BATCH + 1):
            session.execute(text("UPDATE person SET name = 'B' WHERE id = :number"), {"number": number})
        assert [fault.about for fault in verify(session).faults] == [
            f"person:{number}" for number in (1, BATCH, BATCH + 1, 2 * BATCH + 1)
        ]
        session.execute(text("UPDATE person SET name = 'B'"))
        found = verify(session)
        assert (len(found.faults), found.more) == (audit.MOST_FAULTS, 1)
