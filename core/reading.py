"""Reading a whole table a few rows at a time, in the order of its key, whatever somebody may have put into it.

Memory stays flat however long the table is, and a row that cannot be read is an answer, not an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, select
from sqlalchemy.exc import OperationalError

Row = dict[str, Any]
BATCH = 500
"""How many rows are in memory at once."""


@dataclass(frozen=True)
class Unreadable:
    """A row that holds what its columns cannot hold: no date, no JSON. SQLite takes anything."""

    key: int
    why: str


def rows_of(
    connection: Connection, table: Table, columns: Sequence[Column[Any]] | None = None
) -> Iterator[Row | Unreadable]:
    """Every row of a table by its key, or the given columns of it, the key among them."""
    for batch in batches_of(connection, table, columns):
        yield from batch


def batches_of(
    connection: Connection, table: Table, columns: Sequence[Column[Any]] | None = None
) -> Iterator[list[Row | Unreadable]]:
    """The same rows, as many together as are read at once."""
    (key,) = table.primary_key.columns
    wanted, last = select(*(columns or table.columns)), None
    while True:
        query = wanted.order_by(key).limit(BATCH)
        if last is not None:
            query = query.where(key > last)
        batch = _read(connection, query, key)
        if not batch:
            return
        yield batch
        last = _key(batch[-1], key)


def chosen(connection: Connection, table: Table, *where: ColumnElement[bool]) -> list[Row]:
    """The rows of a table that these conditions choose, by their key; those that cannot be read are left out."""
    return [row for row in all_chosen(connection, table, *where) if not isinstance(row, Unreadable)]


def all_chosen(connection: Connection, table: Table, *where: ColumnElement[bool]) -> list[Row | Unreadable]:
    """The same rows, with those that cannot be read."""
    (key,) = table.primary_key.columns
    return _read(connection, select(table).where(*where).order_by(key), key)


def _read(connection: Connection, query: Select[Any], key: Column[Any]) -> list[Row | Unreadable]:
    try:
        return [dict(row) for row in connection.execute(query).mappings()]
    except (ValueError, TypeError, OperationalError):
        if connection.dialect.name != "sqlite":  # PostgreSQL holds nothing that its columns cannot
            raise
    keys = connection.execute(query.with_only_columns(key)).scalars().all()
    return [_one(connection, query, key, number) for number in keys]


def _one(connection: Connection, query: Select[Any], key: Column[Any], number: int) -> Row | Unreadable:
    try:
        return dict(connection.execute(query.where(key == number)).mappings().one())
    except (ValueError, TypeError, OperationalError) as error:
        return Unreadable(number, str(error).splitlines()[0])


def _key(row: Row | Unreadable, key: Column[Any]) -> int:
    return row.key if isinstance(row, Unreadable) else int(row[key.name])
