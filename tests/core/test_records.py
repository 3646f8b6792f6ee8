"""The tables: as the migrations make them, and what their columns refuse."""

from __future__ import annotations

import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, Table, UniqueConstraint, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex

from core import database
from core.office import Office
from core.records import Application, LedgerEntry, Person, Record

TABLES: list[Table] = list(Record.metadata.tables.values())


def test_the_migrated_tables_are_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Record.metadata) == []
    assert database.is_current(engine)


def test_the_migrated_constraints_are_the_models(engine: Engine) -> None:
    """The comparison above leaves out check constraints and what an index leaves out."""
    found = inspect(engine)
    for table in TABLES:
        checks = {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
        assert {one["name"] for one in found.get_check_constraints(table.name)} == checks, table.name
        unique = {one.name for one in table.constraints if isinstance(one, UniqueConstraint)}
        assert {one["name"] for one in found.get_unique_constraints(table.name)} == unique, table.name
        indexes = {one["name"]: one for one in found.get_indexes(table.name)}
        for index in table.indexes:
            wanted = str(CreateIndex(index).compile(engine)).partition(" WHERE ")[2]
            options = indexes[str(index.name)].get("dialect_options", {})
            there = str(options.get(f"{engine.dialect.name}_where", ""))
            assert _bare(there) == _bare(wanted), index.name


def _bare(condition: str) -> str:
    return condition.replace("(", "").replace(")", "").casefold()


def test_migrating_again_changes_nothing(engine: Engine, office: Office) -> None:
    with office.sessions.begin() as session:
        session.add(Person(name="A", email="a@x.example", role="officer", body="office", added_at=office.clock()))
    database.upgrade(engine)
    with office.reading() as session:
        assert session.scalars(select(Person.name)).all() == ["A"]


def test_two_processes_that_start_at_once_both_find_their_tables(own_database_url: str) -> None:
    engine = create_engine(own_database_url, poolclass=NullPool)
    with engine.begin() as connection:
        Record.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    program = "import sys; from core import database; database.upgrade(database.open_database(sys.argv[1]))"
    started = [
        subprocess.Popen([sys.executable, "-c", program, own_database_url], stderr=subprocess.PIPE) for _ in range(2)
    ]
    for one in started:
        _, said = one.communicate(timeout=120)
        assert one.returncode == 0, said.decode()
    assert database.is_current(engine)
    assert set(inspect(engine).get_table_names()) == {*Record.metadata.tables, "alembic_version"}


def test_a_record_that_was_never_migrated_is_not_current(tmp_path: Any) -> None:
    engine = database.open_database(f"sqlite:///{tmp_path / 'new' / 'record.db'}")
    assert not database.is_current(engine)
    engine.dispose()


def test_an_instant_is_the_same_on_the_way_back_and_a_naive_one_is_refused(office: Office) -> None:
    summer = datetime(2027, 6, 1, 0, 30, 1, 7, tzinfo=timezone(timedelta(hours=1)))
    with office.sessions.begin() as session:
        session.add(Person(name="A", email="a@x.example", role="officer", body="office", added_at=summer))
    with office.reading() as session:
        kept = session.scalars(select(Person.added_at)).one()
    assert (kept, kept.tzinfo) == (datetime(2027, 5, 31, 23, 30, 1, 7, tzinfo=UTC), UTC)
    with pytest.raises(StatementError, match="no time zone") as raised, office.sessions.begin() as session:
        session.add(
            Person(name="B", email="b@x.example", role="officer", body="office", added_at=summer.replace(tzinfo=None))
        )
    assert "2027" not in str(raised.value), "what a column holds is nothing for a log"


def test_money_is_whole_pence(office: Office) -> None:
    for amount in (1.0, True, "1234567", 0.1):
        with (
            pytest.raises(StatementError, match="whole pence, not of type") as raised,
            office.sessions.begin() as session,
        ):
            session.add(
                LedgerEntry(
                    fund="f", year=2026, kind="allocation", amount=amount, actor="a", note="", made_at=office.clock()
                )
            )
        assert str(amount) not in str(raised.value.orig)


def test_what_is_submitted_has_a_reference_and_an_amount_over_nothing(office: Office) -> None:
    given = {"fund": "youth-fund", "kind": "grant", "started_at": office.clock(), "saved_at": office.clock()}
    for wrong in ({"status": "submitted"}, {"status": "draft", "amount": 0}):
        with pytest.raises(IntegrityError), office.sessions.begin() as session:
            session.add(Application(**given, **wrong))


def test_references_to_rows_that_are_not_there_are_refused(office: Office) -> None:
    with pytest.raises(IntegrityError), office.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO interest (application_id, person_id, reason, declared_at) "
                "VALUES (1, 1, '', CURRENT_TIMESTAMP)"
            )
        )


def test_sqlite_writes_ahead_and_survives_a_power_cut(tmp_path: Any) -> None:
    engine = database.open_database(f"sqlite:///{tmp_path / 'record.db'}")
    with engine.connect() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 15_000, "synchronous": 2}
    engine.dispose()


def test_on_sqlite_a_reader_never_waits_for_a_writer(tmp_path: Any) -> None:
    engine = database.open_database(f"sqlite:///{tmp_path / 'record.db'}")
    database.upgrade(engine)
    with database.writing_sessions(engine).begin() as writing:
        writing.execute(text("UPDATE person SET name = 'x'"))
        with database.reading_sessions(engine)() as reading:
            assert reading.scalars(select(Person)).all() == []
    engine.dispose()


SECRET = "somebody@private.example"


def _added(session: Session, office: Office, **given: Any) -> None:
    told: dict[str, Any] = {"name": "A", "email": SECRET, "role": "officer", "body": "office", **given}
    session.add(Person(added_at=office.clock(), **told))
    session.flush()


def _nothing(session: Session, office: Office) -> None:
    _added(session, office, role=None)


def _twice(session: Session, office: Office) -> None:
    _added(session, office)
    _added(session, office)


def _no_number(session: Session, _office: Office) -> None:
    """PostgreSQL quotes in its first line what it cannot read; SQLite takes it."""
    session.execute(text("SELECT id FROM person WHERE id = CAST(:said AS INTEGER)"), {"said": SECRET}).all()


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (_nothing, "role"),
        (_twice, "email"),
        (_no_number, "invalid input syntax for type integer (22P02)"),
    ],
)
def test_an_error_of_the_record_shows_nothing_of_what_was_to_be_written(
    office: Office, engine: Engine, fails: Callable[[Session, Office], None], says: str
) -> None:
    """It is logged with its cause, and people's addresses are not for the log."""
    if fails is _no_number and engine.dialect.name == "sqlite":
        return
    with office.sessions() as session:
        with pytest.raises(DBAPIError) as raised:
            fails(session, office)
        session.rollback()
    logged = "".join(traceback.format_exception(raised.value))
    assert says in logged
    assert "person" in str(raised.value)
    assert SECRET not in logged
    assert "DETAIL" not in logged
