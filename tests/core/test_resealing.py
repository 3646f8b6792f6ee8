"""What a migration does to the record is sealed (A4); what somebody else did before it stays found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, create_engine, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from core import card_notes, database, events
from core.audit import verify
from core.office import Office
from core.records import Event, Record
from core.resealing import resealing
from tests.conftest import Clock, PostgreSQL, office_on
from tests.core.casework import accept, offered, person, trail
from tests.core.lives import Life

LATER = ("legal_power", "contribution", "suggested")
"""What the line of a decision says that had no column then."""


@pytest.fixture
def first_version(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty record as version 0001 made it, on the same kind of database."""
    server: PostgreSQL | None = None
    url = f"sqlite:///{tmp_path / 'first.db'}"
    if engine.dialect.name == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.fresh()
        emptied = create_engine(url, poolclass=NullPool)
        with emptied.begin() as connection:
            Record.metadata.drop_all(connection)
            connection.execute(text("DROP TABLE alembic_version"))
        emptied.dispose()
    first = database.open_database(url)
    command.upgrade(database._alembic(first), "0001")
    yield first
    first.dispose()
    if server is not None:
        server.drop(url)


def copied(source: Office, engine: Engine) -> list[str]:
    """Copy a record into one of version 0001, without what that had no place for. Answers the hashes of its lines."""
    old = MetaData()
    old.reflect(engine)
    hashes: list[str] = []
    with source.reading() as session, engine.begin() as connection:
        for table in (one for one in Record.metadata.sorted_tables if one.name in old.tables):
            there = old.tables[table.name]
            columns = [column for column in table.columns if column.name in there.columns]
            rows = [dict(row) for row in session.execute(select(*columns)).mappings()]
            if table.name == "event":
                rows = list(_lines(rows, hashes))
            if table.name == "outbox_message":
                rows = [row for row in rows if row["kind"] != card_notes.KIND]  # each is named by the number of a line
            if rows:
                connection.execute(insert(there), rows)
            if connection.dialect.name == "postgresql" and "id" in there.columns and table.name != "card":
                last = (
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))"
                )
                connection.execute(text(last))
    return hashes


def _lines(rows: list[dict[str, Any]], hashes: list[str]) -> Iterator[dict[str, Any]]:
    """The lines as version 0001 wrote them: no seals, no basis of an award, and none for each movement of money."""
    previous = events.START
    for row in rows:
        row["data"] = {name: said for name, said in row["data"].items() if name not in LATER}
    for number, row in enumerate((one for one in rows if one["kind"] != "money"), start=1):
        said = {name: row[name] for name in events.SAID if name != "seals"}
        sealed = events.seal_of(previous, number, said)
        yield {**said, "id": number + 50, "sequence": number, "previous": previous, "hash": sealed}
        hashes.append(sealed)
        previous = sealed


def faults(office: Office) -> list[str]:
    with office.reading() as session:
        return [fault.said for fault in verify(session).faults]


def test_a_record_of_the_first_version_is_sealed_as_it_stands(
    office: Office, clock: Clock, first_version: Engine
) -> None:
    life = Life(office, clock)
    for step in life.steps[: life.steps.index(life.accept)]:
        step()
    offer = life.award
    hashes = copied(office, first_version)
    database.upgrade(first_version)
    migrated = office_on(first_version, clock)
    lines = trail(migrated)
    assert [one.hash for one in lines[: len(hashes)]] == hashes  # what somebody noted down stays true
    assert {one.kind for one in lines[len(hashes) :]} == {events.SEALED}
    newest = ScriptDirectory.from_config(database._alembic()).get_current_head()
    assert lines[-1].data == {"what": f"tables from 0001 to {newest}", "rows": len(lines[-1].seals or {})}
    assert (lines[-1].reference, lines[-1].actor) == (events.RECORD_TRAIL, "the desk")
    assert f"award:{offer}" in (lines[-1].seals or {})
    assert faults(migrated) == []
    accept(migrated, offer)
    person(migrated)
    assert faults(migrated) == []
    with first_version.begin() as connection:
        connection.execute(text("UPDATE decision SET reasons = 'Because.'"))
        connection.execute(text("UPDATE application SET contact_name = 'Eve' WHERE status <> 'draft'"))
    found = " ".join(faults(migrated))
    assert "Its reasons is 'Because.'; line" in found
    assert f"Application {life.application} ({life.reference}) is not as line" in found


def test_the_first_version_s_tables_come_back(first_version: Engine, clock: Clock) -> None:
    database.upgrade(first_version)
    migrated = office_on(first_version, clock)
    person(migrated)
    command.downgrade(database._alembic(first_version), "0002")
    found = inspect(first_version)
    assert found.get_pk_constraint("event")["constrained_columns"] == ["id"]
    assert [one["column_names"] for one in found.get_unique_constraints("event")] == [["hash"], ["sequence"]]
    with first_version.connect() as connection:
        assert connection.execute(text("SELECT id, sequence FROM event")).all() == [(1, 1)]
    database.upgrade(first_version)
    assert inspect(first_version).get_pk_constraint("event")["constrained_columns"] == ["sequence"]


def test_bringing_tables_up_to_date_that_are_adds_no_line(office: Office, engine: Engine) -> None:
    person(office)
    database.upgrade(engine)
    assert [one.kind for one in trail(office)] == ["person_added"]


def test_an_empty_record_begins_with_no_line(office: Office) -> None:
    with office.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 0


def change(connection: Connection, *, then: str = "") -> None:
    """What a migration may do: give rows another value, add some, take some away."""
    connection.execute(text("UPDATE award SET conditions = 'As before.'"))
    connection.execute(text("UPDATE person SET name = upper(name)"))
    connection.execute(text("DELETE FROM outcome WHERE position = 2"))
    connection.execute(
        text(
            "INSERT INTO interest (application_id, person_id, reason, declared_at) "
            "SELECT min(application.id), min(person.id), 'moved here', min(person.added_at) FROM application, person"
        )
    )
    if then:
        connection.execute(text(then))


def test_what_is_changed_inside_is_sealed(office: Office, engine: Engine) -> None:
    award = offered(office)
    before = len(trail(office))
    with engine.begin() as connection, resealing(connection, "a test"):
        change(connection)
    assert faults(office) == []
    lines = trail(office)[before:]
    assert [(one.kind, one.data["what"]) for one in lines] == [(events.SEALED, "a test")]
    told = lines[0].seals or {}
    assert all(pair[0] and pair[1] for key, pair in told.items() if key.startswith(("award:", "person:")))
    assert [pair[1] for key, pair in told.items() if key.startswith("outcome:")] == [None]
    assert [pair[0] for key, pair in told.items() if key.startswith("interest:")] == [None]
    accept(office, award)
    assert faults(office) == []


def test_what_was_wrong_before_is_not_sealed_with_it(office: Office, engine: Engine) -> None:
    award, number = offered(office), person(office)
    with engine.begin() as connection:
        connection.execute(text("UPDATE award SET accept_by = '2030-01-01'"))
        connection.execute(text("DELETE FROM outcome WHERE position = 2"))
        connection.execute(
            text(
                "INSERT INTO person (name, email, role, body, active, added_at) "
                "SELECT 'Eve', 'eve@x.example', role, body, active, added_at FROM person WHERE id = :number"
            ),
            {"number": number},
        )
    with office.reading() as session:
        before = {fault.about for fault in verify(session).faults}
    with engine.begin() as connection, resealing(connection, "a test"):
        change(connection)
    with office.reading() as session:
        after = {fault.about for fault in verify(session).faults}
    assert len(before) == 3
    assert f"award:{award}" in before
    assert after == before


def test_what_fails_inside_leaves_nothing(office: Office, engine: Engine) -> None:
    offered(office)
    before = len(trail(office))
    with pytest.raises(IntegrityError), engine.begin() as connection, resealing(connection, "a test"):
        change(connection, then="UPDATE award SET amount = -1")
    assert len(trail(office)) == before
    assert faults(office) == []
