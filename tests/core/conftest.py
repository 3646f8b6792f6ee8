"""A record for each test, emptied rather than made anew on PostgreSQL; and what is not collected without its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from core.records import Record

if TYPE_CHECKING:
    from tests.conftest import PostgreSQL

# The published schemas lie beside the project, not in it.
SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "360giving"
collect_ignore = [] if SCHEMAS.is_dir() else ["test_open_data_schema.py"]


def new_database(request: pytest.FixtureRequest, folder: Path) -> tuple[str, PostgreSQL | None]:
    """The URL of a migrated, empty record that nobody else has; on PostgreSQL with the server, to drop it again."""
    if request.param == "sqlite":
        path = folder / "record.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}", None
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.fresh(), server


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """For a test that takes the tables themselves apart."""
    url, server = new_database(request, tmp_path)
    yield url
    if server is not None:
        server.drop(url)


@pytest.fixture(scope="session")
def shared_postgresql_url(postgresql: PostgreSQL) -> str:
    """One database for all these tests: making one for each took longer than the tests."""
    return postgresql.fresh()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty record for each test, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield new_database(request, tmp_path)[0]
        return
    url: str = request.getfixturevalue("shared_postgresql_url")
    yield url
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET lock_timeout = '10s'")  # a test that left a transaction open says so here
        for table in reversed(Record.metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
