"""Alembic's environment: migrations run on the engine that the desk hands over, never on a URL from a file."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine, text

from core.records import Record
from core.resealing import resealing

LOCK = 727_360_001
"""Two processes that start at once must not both migrate: the number of a PostgreSQL advisory lock."""


def run() -> None:
    """Migrate in one transaction, and let the trail seal what that does to the record."""
    engine = context.config.attributes["engine"]
    if not isinstance(engine, Engine):
        raise TypeError("migrations are run by core.database.upgrade, which hands over the engine")
    with engine.begin() as connection:
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


run()
