"""A process to kill, a practice Slack and mailbox that outlive it, and copies of one record to kill it on."""

from __future__ import annotations

import itertools
import json
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url

from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticeChannel, PracticePerson, Workspace
from core.records import Record
from tests.conftest import Clock
from tests.crashes.process import APPROVALS, DEADLINES, SECRET, TOKEN, Act, Ended

ROOT = Path(__file__).parents[2]
SECONDS = 90
"""How long one act may take before the test gives it up: longer than every time-out in it."""


class Mortal:
    """The process that dies, and its next life, as often as wanted."""

    def __init__(self, slack_api: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.process", slack_api],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS)
        assert ready, f"nothing was heard for {SECONDS} seconds"
        return self._process.stdout.readline().strip()

    def does(self, act: Act) -> Ended:
        """Do this, in a life of its own if it is to die. Fails where it ended by a fault that was not placed there."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(act)) + "\n")
        self._process.stdin.flush()
        ended = Ended(**json.loads(self._line()))
        assert not ended.fault, ended.fault
        return ended

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:  # it waits for something: the test that asked for that has failed already
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class SlackClock:
    """The time in Slack: that of the test at hand."""

    def __init__(self) -> None:
        self.clock = Clock()

    def __call__(self) -> float:
        return self.clock().timestamp()


@pytest.fixture(scope="session")
def slack_clock() -> SlackClock:
    return SlackClock()


@pytest.fixture(scope="session")
def workspace(slack_clock: SlackClock) -> Iterator[Workspace]:
    made = Workspace(
        (PracticePerson("U0PCC", "Cam Commissioner"),),
        (PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines")),
        clock=slack_clock,
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def mortal(workspace: Workspace) -> Iterator[Mortal]:
    """One for all tests: to import the desk takes longer than to die a dozen times."""
    with PracticeSlack(workspace, TOKEN, SECRET) as slack:
        made = Mortal(slack.api_url)
        try:
            made.wait_until_ready()
            yield made
        finally:
            made.stop()


class Copies:
    """One prepared record, given out as it was, again and again, each time with a folder for the mail beside it.

    On SQLite each is a copy of the file; on PostgreSQL, where a new database costs more than all the rest, the rows are
    put back as they were.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url = make_url(url)
        self._folder = folder
        self._numbers = itertools.count(1)
        self._tables = [table.name for table in Record.metadata.sorted_tables]
        self._keeper: Engine | None = None
        self._kept: list[int] = []
        """Connections that were there before any process was: the tests keep some from one to the next."""

    @contextmanager
    def fresh(self) -> Iterator[tuple[str, Path]]:
        """The URL of the record as it was prepared, and an empty place for mail."""
        folder = self._folder / f"life-{next(self._numbers)}"
        folder.mkdir()
        if self._url.get_backend_name() == "sqlite":
            shutil.copy(str(self._url.database), folder / "record.db")
            yield f"sqlite:///{folder / 'record.db'}", folder / "mail"
        else:
            self._put_back()
            yield self._url.render_as_string(hide_password=False), folder / "mail"
        shutil.rmtree(folder)

    def _put_back(self) -> None:
        if self._keeper is None:
            self._keeper = create_engine(self._url)
            self._run("CREATE SCHEMA prepared")
            self._run(";".join(f"CREATE TABLE prepared.{name} AS TABLE public.{name}" for name in self._tables))
            self._kept = self._others()
        self.wait_until_left()
        self._run(
            ";".join(
                [f"DELETE FROM public.{name}" for name in reversed(self._tables)]
                + [f"INSERT INTO public.{name} TABLE prepared.{name}" for name in self._tables]
            )
        )

    def _run(self, statements: str) -> None:
        assert self._keeper is not None
        with self._keeper.begin() as connection:
            connection.exec_driver_sql(statements)

    def wait_until_left(self) -> None:
        """Wait until PostgreSQL has seen that a process has died, and has given back what it held."""
        deadline = time.monotonic() + SECONDS
        while self._keeper is not None and self._others():
            assert time.monotonic() < deadline, "a connection of a dead process is still there"
            time.sleep(0.002)

    def _others(self) -> list[int]:
        assert self._keeper is not None
        with self._keeper.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend' AND pid <> ALL(%(kept)s)",
                {"kept": self._kept},
            )
            return list(found.scalars())

    def close(self) -> None:
        if self._keeper is not None:
            self._run("DROP SCHEMA prepared CASCADE")
            self._keeper.dispose()


@pytest.fixture
def copies(database_url: str, tmp_path: Path) -> Iterator[Copies]:
    made = Copies(database_url, tmp_path)
    yield made
    made.close()
