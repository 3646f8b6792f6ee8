"""What every test on PostgreSQL relies on: the record that it is lent was emptied, and takes no time to make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from core import database
from tests.conftest import Clock, office_on
from tests.core.casework import active, trail

if TYPE_CHECKING:
    from tests.conftest import PostgreSQL


def test_a_record_that_is_given_back_is_lent_again_and_is_as_new(postgresql: PostgreSQL, clock: Clock) -> None:
    told = []
    for _ in range(2):
        url = postgresql.lend()
        engine = database.open_database(url)
        office = office_on(engine, clock)
        told.append((url, active(office), [line.sequence for line in trail(office)]))
        engine.dispose()
        postgresql.take_back(url)
    assert told[0] == told[1], "the same record, its numbers from the first on"
    assert told[0][1] == 1


def test_a_record_whose_tables_were_taken_apart_is_lent_to_nobody(postgresql: PostgreSQL) -> None:
    url = postgresql.lend()
    engine = database.open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE nudge"))
    engine.dispose()
    postgresql.take_back(url)
    other = postgresql.lend()
    assert other != url
    postgresql.take_back(other)


SLOW = """
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(20); RETURN NULL; END';
    CREATE TRIGGER slow BEFORE DELETE ON nudge FOR EACH STATEMENT EXECUTE FUNCTION wait()
"""


def test_a_record_that_takes_long_to_empty_is_lent_to_nobody(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conftest.LONGEST_EMPTYING", 50)
    url = postgresql.fresh()
    engine = database.open_database(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(SLOW)
    engine.dispose()
    postgresql.take_back(url)
    other = postgresql.lend()
    assert other != url
    postgresql.take_back(other)
