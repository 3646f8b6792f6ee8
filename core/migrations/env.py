"""Alembic's environment: migrations run on the engine that the desk hands over, never on a URL from a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, Engine, text

from core.records import Record
from core.resealing import resealing

LOCK = 727_360_001
"""Two processes that start at once must not both migrate: the number of a PostgreSQL advisory lock."""


@contextmanager
def _tables_made_again(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it again: meanwhile what refers to its rows is not checked, and is afterwards.

    The setting can only be changed outside a transaction, so the transaction is begun inside this.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def run() -> None:
    """Migrate in one transaction, and let the trail seal what that does to the record."""
    engine = context.config.attributes["engine"]
    if not isinstance(engine, Engine):
        raise TypeError("migrations are run by core.database.upgrade, which hands over the engine")
    with engine.connect() as connection, _tables_made_again(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.configure(
            connection=connection, target_metadata=Record.metadata, render_as_batch=True, transactional_ddl=True
        )
        before, after = context.get_context().get_current_revision(), context.get_revision_argument()
        if before == after:
            return
        with resealing(connection, f"tables from {before or 'none'} to {after or 'none'}"):
            context.run_migrations()
        if connection.dialect.name == "sqlite":
            left = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if left is not None:
                raise RuntimeError(f"After the migration a row of {left[0]} refers to one of {left[2]} that is gone.")


run()
