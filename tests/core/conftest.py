"""A record to take apart, a record that has seen everything; and what is not collected without its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from core import database
from tests.conftest import Clock, office_on
from tests.core.lives import Life

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


@pytest.fixture
def own_engine(own_database_url: str) -> Iterator[Engine]:
    """The engine of such a record."""
    opened = database.open_database(own_database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
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
