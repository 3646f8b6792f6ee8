"""A copy of the whole record in a file of its own, to try things on. The record itself is only read.

The copy holds what the record holds, people's addresses too: it lies in a folder that only this user may open, and is
deleted when it is done with.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Connection, Engine, Table, insert, select
from sqlalchemy.exc import StatementError

from core import database
from core.errors import Refused
from core.records import Record

CHUNK: Final = 1_000
"""How many rows are held in memory at once."""

Progress = Callable[[int, str], None]
"""Hears how many rows have been copied so far."""


@dataclass(frozen=True)
class Clone:
    """A copied record: a SQLite file whatever the record itself is kept in."""

    engine: Engine
    path: Path

    @contextmanager
    def again(self) -> Iterator[Clone]:
        """A copy of the copy as it stands now. No transaction on this one may be open."""
        name = next(one for number in count(2) if not (one := self.path.with_name(f"clone-{number}.db")).exists())
        shutil.copyfile(self.path, name)
        with _opened(name) as clone:
            yield clone
        name.unlink()


@contextmanager
def cloned(record: Engine, *, progress: Progress | None = None) -> Iterator[Clone]:
    """Copy every table of `record`, as it stands at one moment, and delete the copy at the end.

    `record` is best an engine that can only read (`database.open_to_read`). Raises Refused where a row holds what its
    column cannot.
    """
    with TemporaryDirectory(prefix="award-desk-clone-") as folder, _opened(Path(folder) / "clone.db") as clone:
        Record.metadata.create_all(clone.engine)
        with record.begin() as reading, clone.engine.begin() as writing:
            done = 0
            for table in Record.metadata.sorted_tables:
                for rows in _copied(table, reading, writing):
                    done += rows
                    if progress is not None:
                        progress(done, "rows copied")
        yield clone


@contextmanager
def _opened(path: Path) -> Iterator[Clone]:
    engine = database.open_scratch(path)
    try:
        yield Clone(engine, path)
    finally:
        engine.dispose()


def _copied(table: Table, reading: Connection, writing: Connection) -> Iterator[int]:
    """Copy one table, a chunk at a time; answers how many rows each had."""
    query = select(table).execution_options(yield_per=CHUNK)
    try:
        with reading.execute(query) as found:
            for chunk in found.mappings().partitions():
                writing.execute(insert(table), [dict(row) for row in chunk])
                yield len(chunk)
    except (ValueError, TypeError, StatementError) as error:
        raise Refused(
            f"The record cannot be copied: a row of {table.name} holds what it cannot hold ({type(error).__name__}). "
            "'award-desk audit verify' says which."
        ) from None
