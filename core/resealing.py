"""What a migration does to the record is the desk's own doing: the trail seals it, in lines of a kind of their own.

A row that was not as the trail had left it before the migration is not sealed again: it stays found.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.orm import Session

from core import events, seals
from core.notes import Notes, seals_in
from core.reading import BATCH, Row, Unreadable, rows_of
from core.seals import Seals, digest, seal_key, sealed_tables


@contextmanager
def resealing(connection: Connection, what: str) -> Iterator[None]:
    """Seal anew what is changed inside, in the same transaction. `what` says in the trail what it was.

    A record whose trail has no seals yet is sealed as it stands afterwards.
    """
    with Notes() as notes:
        had_seals = _trail_has_seals(connection)
        if had_seals:
            _note(connection, notes)
        yield
        if _trail_has_seals(connection):
            _seal(connection, notes, what, whole=not had_seals)


def _trail_has_seals(connection: Connection) -> bool:
    found = inspect(connection)
    return found.has_table("event") and "seals" in {column["name"] for column in found.get_columns("event")}


def _note(connection: Connection, notes: Notes) -> None:
    columns = [events.TRAIL.c.sequence, events.TRAIL.c.seals]
    for line in rows_of(connection, events.TRAIL, columns):
        if not isinstance(line, Unreadable):
            for key, was, left in seals_in(line):
                notes.seal(line["sequence"], key, was, left)
    for name, row, values in _stored(connection):
        last = notes.last_seal(name, row)
        notes.stood(name, row, sound=values is not None and _seal_of(name, values) == (last.digest if last else None))


def _stored(connection: Connection) -> Iterator[tuple[str, int, Row | None]]:
    """Every row of every sealed table that is there, with the columns that are there: table, row, values."""
    found = inspect(connection)
    for name, table in sealed_tables().items():
        if not found.has_table(name):
            continue
        there = {column["name"] for column in found.get_columns(name)}
        for row in rows_of(connection, table, [column for column in table.columns if column.name in there]):
            if isinstance(row, Unreadable):
                yield name, row.key, None
            else:
                yield name, row[seals.key_of(table).name], row


def _seal_of(name: str, values: Row) -> str | None:
    try:
        return digest(name, values)
    except (TypeError, ValueError):  # what the desk never writes, such as bytes; it stays found
        return None


def _seal(connection: Connection, notes: Notes, what: str, *, whole: bool) -> None:
    at: datetime = connection.execute(select(func.now())).scalar_one()
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    with Session(connection) as session:  # which joins the connection's transaction and does not end it
        together: Seals = {}
        for key, was, left in _changed(connection, notes, whole=whole):
            together[key] = [was, left]
            if len(together) == BATCH:
                _tell(session, what, together, at)
                together = {}
        if together:
            _tell(session, what, together, at)


def _tell(session: Session, what: str, together: Seals, at: datetime) -> None:
    told = {"what": what, "rows": len(together)}
    events.append(session, events.SEALED, events.RECORD_TRAIL, "the desk", told, now=at, sealing=together)
    session.commit()


def _changed(connection: Connection, notes: Notes, *, whole: bool) -> Iterator[tuple[str, str | None, str | None]]:
    with Notes() as there:
        for name, row, values in _stored(connection):
            there.stood(name, row, sound=True)
            last = notes.last_seal(name, row)
            was = last.digest if last else None
            left = _seal_of(name, values) if values is not None else None
            if left != was and values is not None and (whole or notes.was_sound(name, row) is not False):
                yield seal_key(name, row), was, left
        for name in sealed_tables():
            for last in notes.last_seals(name):
                gone = there.was_sound(name, last.row) is None
                if gone and last.digest is not None and notes.was_sound(name, last.row):
                    yield seal_key(name, last.row), last.digest, None
