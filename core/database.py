"""From a URL to sessions: SQLite (write-ahead log, immediate writes, one writer at a time) or PostgreSQL."""

from __future__ import annotations

import threading
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

DATA_EXCEPTION = "22"
"""The class of PostgreSQL's errors about a value, which they quote."""

BUSY_SECONDS = 15
"""How long a writer waits for another before it gives up."""


def open_database(url: str) -> Engine:
    """An engine for `url`. A SQLite file's folder is made if it is not there.

    On SQLite every transaction that may write begins as a write (`BEGIN IMMEDIATE`): it can never find, half-way,
    that another was first. Writers of one process queue on a lock of their own, which is fairer than SQLite's back-off.
    An error that is logged never shows what was to be written: people's addresses and words are not for the log.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True, hide_parameters=True)
        event.listen(engine, "handle_error", _keep_values_back)
        return engine
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        parsed, pool_size=10, max_overflow=40, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True
    )
    _tame_sqlite(engine)
    return engine


def open_to_read(url: str) -> Engine:
    """An engine for a record that is only read: the database itself refuses to write, and never makes a file.

    A transaction sees the record as it was when it began, whatever others write meanwhile.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        only_read = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = create_engine(parsed, hide_parameters=True, execution_options=only_read)
        event.listen(engine, "handle_error", _keep_values_back)
        return engine
    file = Path(parsed.database or "").resolve().as_uri()
    place = URL.create(parsed.drivername, database=file, query={"mode": "ro", "uri": "true"})
    engine = create_engine(place, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
    _leave_transactions_to_us(engine)
    return engine


def open_scratch(path: Path) -> Engine:
    """An engine for a SQLite file that nobody misses: fast, and lost with the machine. One writer at a time."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    _leave_transactions_to_us(engine, "journal_mode=MEMORY", "synchronous=OFF", "temp_store=MEMORY")
    return engine


def _leave_transactions_to_us(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # SQLAlchemy begins; the driver must not
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def _keep_values_back(context: ExceptionContext) -> None:
    """Take out of an error what PostgreSQL quotes of a row: its DETAIL, and the value that it could not read.

    The driver's own error and SQLAlchemy's are cut alike, since a log shows both. What happened, and to which table,
    column or constraint, stays.
    """
    driver, ours = context.original_exception, context.sqlalchemy_exception
    diagnosed = getattr(driver, "diag", None)
    if diagnosed is None or not diagnosed.message_primary:
        return  # the connection's error, or the driver's own: no row is in it
    said = str(diagnosed.message_primary)
    if str(diagnosed.sqlstate).startswith(DATA_EXCEPTION):
        said = said.partition('"')[0].rstrip(" :")
    named = [
        f"{what} {name}" for what in ("constraint", "table", "column") if (name := getattr(diagnosed, f"{what}_name"))
    ]
    said = f"{said} ({', '.join([str(diagnosed.sqlstate), *named])})"
    if ours is not None:
        ours.args = tuple(one.replace(str(driver), said) if isinstance(one, str) else one for one in ours.args)
    driver.args = (said,)


def _tame_sqlite(engine: Engine) -> None:
    writing = threading.Lock()

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # SQLAlchemy begins; the driver must not
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "synchronous=FULL",  # a receipt that was shown must survive a power cut
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reading"):
            connection.exec_driver_sql("BEGIN")
            return
        if not writing.acquire(timeout=BUSY_SECONDS):
            raise OperationalError("BEGIN IMMEDIATE", {}, TimeoutError("another writer did not finish in time"))
        connection.info["writing"] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def release(info: dict[str, Any]) -> None:
        if info.pop("writing", False):
            writing.release()

    @event.listens_for(engine, "checkin")
    def checked_in(_connection: Any, entry: ConnectionPoolEntry) -> None:
        release(entry.info)

    @event.listens_for(engine, "invalidate")
    def invalidated(_connection: Any, entry: ConnectionPoolEntry, _error: Any) -> None:
        release(entry.info)


def writing_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions for whatever may write: `with sessions.begin() as session`."""
    return sessionmaker(engine, expire_on_commit=False)


def reading_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions that only read: on SQLite they never wait for a writer."""
    return sessionmaker(engine.execution_options(reading=True), expire_on_commit=False)


def _alembic(engine: Engine | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("core") / "migrations"))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Bring the tables to the version that this code knows. Safe to repeat, and for several processes at once."""
    command.upgrade(_alembic(engine), "head")


def is_current(engine: Engine) -> bool:
    """Whether the record's tables are at the version that this code knows."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def one_at_a_time(session: Session, *names: str) -> None:
    """Whoever asks at the same moment counts after this one. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for name in sorted(names):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
