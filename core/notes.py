"""What is noted while the trail is read again: in a file of its own, gone afterwards, so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE seal (name TEXT, row INTEGER, digest TEXT, line INTEGER, inherited INTEGER,
    PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE TABLE stood (name TEXT, row INTEGER, sound INTEGER, PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE TABLE decided (reference TEXT, row INTEGER, line INTEGER, found INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (reference, row)) WITHOUT ROWID;
CREATE TABLE money (moved TEXT PRIMARY KEY, lines INTEGER, entries INTEGER) WITHOUT ROWID;
BEGIN;
"""


_LONGEST_NUMBER = 18
"""Digits of a row's number: every database holds so many."""


@dataclass(frozen=True)
class LastSeal:
    """A row as the trail last left it: its digest, None once it was taken away, and the line that says so.

    `inherited`: it was there before the trail sealed rows, so that no line tells how it came to be.
    """

    name: str
    row: int
    digest: str | None
    line: int
    inherited: bool = False


class Notes:
    """Notes on one reading of the trail. `with Notes() as notes`."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.executescript(_TABLES)

    def __enter__(self) -> Notes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def seal(
        self, line: int, key: str, was: str | None, left: str | None, *, inherited: bool = False
    ) -> LastSeal | None:
        """Note a seal. Answers the one before it where that had left the row otherwise than this one found it."""
        name, _, number = key.rpartition(":")
        row = int(number)
        before = self.last_seal(name, row)
        first = before.inherited if before else inherited
        self._file.execute("INSERT OR REPLACE INTO seal VALUES (?, ?, ?, ?, ?)", (name, row, left, line, first))
        if (before.digest if before else None) == was:
            return None
        return before or LastSeal(name, row, None, 0)

    def last_seal(self, name: str, row: int) -> LastSeal | None:
        """How the trail last left a row; None where it never told of it."""
        query = "SELECT digest, line, inherited FROM seal WHERE name = ? AND row = ?"
        found = self._file.execute(query, (name, row)).fetchone()
        return LastSeal(name, row, found[0], found[1], bool(found[2])) if found else None

    def last_seals(self, name: str) -> Iterator[LastSeal]:
        """How the trail last left each row of a table that it told of, by row."""
        query = "SELECT row, digest, line, inherited FROM seal WHERE name = ? ORDER BY row"
        for row, digest, line, inherited in self._file.execute(query, (name,)):
            yield LastSeal(name, row, digest, line, bool(inherited))

    def stood(self, name: str, row: int, *, sound: bool) -> None:
        """Note that a row was there, and whether it was as the trail had left it."""
        self._file.execute("INSERT INTO stood VALUES (?, ?, ?)", (name, row, sound))

    def was_sound(self, name: str, row: int) -> bool | None:
        """Whether a row that was there was as the trail had left it; None where it was not there."""
        found = self._file.execute("SELECT sound FROM stood WHERE name = ? AND row = ?", (name, row)).fetchone()
        return bool(found[0]) if found else None

    def decided(self, reference: str, row: int, line: int) -> None:
        """Note the line that tells of a decision; 0 for its row where the line, from before seals, does not name it."""
        self._file.execute("INSERT OR REPLACE INTO decided VALUES (?, ?, ?, 0)", (reference, row, line))

    def decision_line(self, reference: str, row: int) -> int | None:
        """The line that tells of this decision on this reference, marked as asked for; None if there is none."""
        query = "SELECT row, line FROM decided WHERE reference = ? AND row IN (0, ?) ORDER BY row DESC"
        found = self._file.execute(query, (reference, row)).fetchone()
        if found is None:
            return None
        self._file.execute("UPDATE decided SET found = 1 WHERE reference = ? AND row = ?", (reference, found[0]))
        return int(found[1])

    def decisions_not_found(self) -> Iterator[tuple[str, int]]:
        """Reference and line of each decision that nobody asked for."""
        yield from self._file.execute("SELECT reference, line FROM decided WHERE found = 0 ORDER BY line")

    def money(self, moved: str, *, lines: int = 0, entries: int = 0) -> None:
        """Count a movement of money: in so many lines of the trail, in so many entries of the ledger."""
        self._file.execute(
            "INSERT INTO money VALUES (?, ?, ?) ON CONFLICT (moved) "
            "DO UPDATE SET lines = lines + excluded.lines, entries = entries + excluded.entries",
            (moved, lines, entries),
        )

    def money_that_differs(self) -> Iterator[tuple[str, int, int]]:
        """Each movement with the number of its lines and of its entries, where the two are not the same."""
        yield from self._file.execute("SELECT moved, lines, entries FROM money WHERE lines <> entries ORDER BY moved")


def seals_in(said: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """The seals of a line that was read again, one by one; what is none, because somebody changed it, is left out."""
    found = said.get("seals")
    if not isinstance(found, dict):
        return
    for key, pair in found.items():
        name, _, number = key.rpartition(":")
        numbered = name and number.isdecimal() and len(number) <= _LONGEST_NUMBER
        if numbered and isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, str | None) for one in pair):
            yield key, pair[0], pair[1]
