"""A record that refuses every row of a table, and quotes it where the database does, so that the log can be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text


@contextmanager
def shut(engine: Engine, table: str) -> Iterator[None]:
    """Let nobody write a row of this table for a while. PostgreSQL says so with all that the row was to hold."""
    changes = [f"ALTER TABLE {table} ADD CONSTRAINT shut CHECK (id < 0) NOT VALID"]
    back = [f"ALTER TABLE {table} DROP CONSTRAINT shut"]
    if engine.dialect.name == "sqlite":
        changes = [
            f"CREATE TRIGGER shut_{what} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'shut'); END"
            for what in ("INSERT", "UPDATE")
        ]
        back = ["DROP TRIGGER shut_INSERT", "DROP TRIGGER shut_UPDATE"]
    _run(engine, changes)
    try:
        yield
    finally:
        _run(engine, back)


def _run(engine: Engine, statements: list[str]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
