"""A copy of the record has every row, can be written to, leaves the record as it was, and goes when it is done."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from core import database, events
from core.audit import verify
from core.cloning import CHUNK, cloned
from core.errors import Refused
from core.office import Office
from core.records import Idempotency, OutboxMessage, Person, Record
from tests.conftest import office_on
from tests.core.lives import Life


@pytest.fixture
def only_read(database_url: str) -> Iterator[Engine]:
    engine = database.open_to_read(database_url)
    yield engine
    engine.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            ]
            for table in Record.metadata.sorted_tables
        }


def test_every_row_of_every_table_is_copied_and_the_record_stays_as_it_was(lived: Life) -> None:
    with lived.office.reading() as session:
        record = session.get_bind()
        assert isinstance(record, Engine)
        end = events.noted_end(session)
    before = rows(record)
    assert sum(bool(found) for found in before.values()) > 30, "there is something of nearly everything"
    only_read = database.open_to_read(url_of(record))
    with cloned(only_read) as clone:
        assert rows(clone.engine) == before
        with office_on(clone.engine, lived.clock).sessions.begin() as session:
            assert verify(session).faults == ()
            session.add(_person("Nobody Real", lived.clock()))
            events.append(session, "tried", "record", "test", {}, now=lived.clock())
        assert rows(clone.engine) != before
    assert rows(record) == before
    with lived.office.reading() as session:
        assert events.noted_end(session) == end
    only_read.dispose()


def _person(name: str, now: Any) -> Person:
    return Person(
        name=name, email=f"{name.replace(' ', '.')}@tests.example", role="officer", body="office", added_at=now
    )


def test_a_record_that_is_opened_to_be_read_cannot_be_written(only_read: Engine, office: Office) -> None:
    for statement in ("DELETE FROM event", "INSERT INTO trail_end (id, sequence, hash) VALUES (1, 0, '')"):
        with pytest.raises(DBAPIError, match=r"read-?\s?only"), only_read.begin() as connection:
            connection.execute(text(statement))
    with (
        pytest.raises(DBAPIError, match=r"read-?\s?only"),
        office_on(only_read, office.clock).sessions.begin() as session,
    ):
        session.add(_person("Nobody", office.clock()))


def test_a_record_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    engine = database.open_to_read(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.db", "50%.db", "nr#1.db"])
def test_a_file_of_any_name_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    made = database.open_scratch(path)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE here (x)"))
    made.dispose()
    url = URL.create("sqlite", database=str(path))
    engine = database.open_to_read(url.render_as_string())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM here")).scalar() == 0
    engine.dispose()


def test_a_copy_is_of_one_moment_whatever_is_written_meanwhile(office: Office, only_read: Engine) -> None:
    with office.sessions.begin() as session:
        session.add_all(
            OutboxMessage(
                key=f"m{number}", kind="receipt", channel="mail", subject="s", payload={}, made_at=office.clock(),
                not_before=office.clock(), attempts=0,
            )
            for number in range(3)
        )  # fmt: skip

    def write(_number: int, _what: str) -> None:
        with office.sessions.begin() as session:
            session.add(_answered(f"late-{session.query(Idempotency).count()}", office))

    with cloned(only_read, progress=write) as clone:
        found = rows(clone.engine)
    assert len(found["outbox_message"]) == 3
    assert found["idempotency"] == []
    assert rows(only_read)["idempotency"] != []


def _answered(key: str, office: Office) -> Idempotency:
    return Idempotency(scope="tests", key=key, body_hash="", status=200, answer={}, made_at=office.clock())


def test_the_copy_is_in_a_folder_of_its_own_and_goes_also_after_an_error(only_read: Engine) -> None:
    kept: list[Path] = []

    def fail() -> None:
        with cloned(only_read) as clone, clone.again() as other:
            for one in (clone, other):
                assert one.path.exists()
                assert one.path.parent.stat().st_mode & 0o077 == 0, "nobody else may look into it"
                kept.append(one.path)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(set(kept)) == 2
    for path in kept:
        assert not path.exists()
        assert not path.parent.exists()


def test_a_copy_of_a_copy_goes_its_own_way(office: Office, only_read: Engine) -> None:
    with cloned(only_read) as clone:
        with office_on(clone.engine, office.clock).sessions.begin() as session:
            session.add(_answered("both", office))
        with clone.again() as other:
            with office_on(other.engine, office.clock).sessions.begin() as session:
                session.add(_answered("only there", office))
            assert len(rows(other.engine)["idempotency"]) == 2
        assert len(rows(clone.engine)["idempotency"]) == 1
        assert not other.path.exists()


@pytest.mark.one_database
def test_a_row_that_cannot_be_read_is_one_line(office: Office, engine: Engine, only_read: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(Idempotency.__table__), [_values(office, 1)])  # type: ignore[arg-type]
        connection.execute(text("UPDATE idempotency SET made_at = 'yesterday'"))
    with pytest.raises(Refused, match="a row of idempotency holds what it cannot hold"), cloned(only_read):
        pass


def test_memory_stays_flat_however_long_a_table_is(office: Office, engine: Engine, only_read: Engine) -> None:
    def peak(rows_: int) -> int:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM idempotency"))
            for first in range(0, rows_, CHUNK):
                values = [_values(office, first + number) for number in range(min(CHUNK, rows_ - first))]
                connection.execute(insert(Idempotency.__table__), values)  # type: ignore[arg-type]
        tracemalloc.start()
        with cloned(only_read) as clone:
            most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert not clone.path.exists()
        return most

    peak(CHUNK)  # what is compiled once is no part of it
    few, many = peak(2 * CHUNK), peak(8 * CHUNK)
    assert many < few * 1.5


def _values(office: Office, number: int) -> dict[str, Any]:
    return {
        "scope": "tests",
        "key": f"key {number}",
        "body_hash": "0" * 64,
        "status": 200,
        "answer": {"body": "x" * 500},
        "made_at": office.clock() - timedelta(seconds=number),
    }
