"""A process to kill, a practice Slack and mailbox that outlive it, and copies of one record to kill it on."""

from __future__ import annotations

import itertools
import json
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticeChannel, PracticePerson, Workspace
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
        """Do this in a life of its own. Fails where it ended by a fault that was not placed there."""
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
        self._process.wait(timeout=10)
        self._process.stdout.close()


@pytest.fixture
def workspace(clock: Clock) -> Iterator[Workspace]:
    made = Workspace(
        (PracticePerson("U0PCC", "Cam Commissioner"),),
        (PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines")),
        clock=lambda: clock().timestamp(),
    )
    yield made
    made.close()


@pytest.fixture
def mortal(workspace: Workspace) -> Iterator[Mortal]:
    with PracticeSlack(workspace, TOKEN, SECRET) as slack:
        made = Mortal(slack.api_url)
        try:
            made.wait_until_ready()
            yield made
        finally:
            made.stop()


class Copies:
    """Copies of a record that nobody has open, each gone again after its use."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = make_url(url)
        self._folder = folder
        self._numbers = itertools.count(1)

    @contextmanager
    def fresh(self) -> Iterator[tuple[str, Path]]:
        """The URL of a copy, and an empty folder for the mail that goes with it."""
        number = next(self._numbers)
        folder = self._folder / f"life-{number}"
        folder.mkdir()
        name = f"{self._url.database}_{number}"
        if self._url.get_backend_name() == "sqlite":
            shutil.copy(str(self._url.database), folder / "record.db")
            yield f"sqlite:///{folder / 'record.db'}", folder / "mail"
        else:
            self._as_admin(f"CREATE DATABASE {name} TEMPLATE {self._url.database}")
            yield self._url.set(database=name).render_as_string(hide_password=False), folder / "mail"
            self._as_admin(f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(folder)

    def _as_admin(self, statement: str) -> None:
        engine = create_engine(self._url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def copies(database_url: str, tmp_path: Path) -> Copies:
    return Copies(database_url, tmp_path)
