"""The trail: append-only, each line sealed with the hash of the line before it (A4).

Lines are gathered while a transaction works and sealed just before it commits: the one place in a transaction where
the end of the chain is locked is its last, so that two transactions can never wait for each other. A line also seals
the rows of the record that were made or changed up to it: see `core.seals`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, SessionTransaction

from core import card_notes, seals, webhooks
from core.reading import Unreadable, rows_of
from core.records import Event, Record

START = "0" * 64
"""What stands before the first line."""

SEALED = "record_sealed"
"""The kind of a line that seals rows as a change of the tables left them: see `core.resealing`."""

RESUMED = "trail_resumed"
"""The kind of a line before which somebody had taken away the note of where the trail ends."""

RECORD_TRAIL = "record"
"""The reference of lines that are about the record itself."""

SAID = ("at", "kind", "reference", "actor", "data", "seals")
"""What a line says, besides its number and the hashes."""

TRAIL, END = (Record.metadata.tables[name] for name in ("event", "trail_end"))

_NOTED_END = select(END.c.sequence, END.c.hash).where(END.c.id == 1)
_PENDING = "events_to_seal"


@dataclass(frozen=True)
class _Pending:
    """A line that waits for its transaction to commit, and the rows that it is to seal."""

    line: dict[str, Any]
    claim: seals.Claim
    sealing: seals.Seals


def append(
    session: Session,
    kind: str,
    reference: str,
    actor: str,
    data: dict[str, Any],
    *,
    now: datetime,
    sealing: seals.Seals | None = None,
) -> None:
    """Add a line to the trail; it is sealed when the transaction commits. `data` must be JSON-ready.

    It seals the rows that the session has made or changed since the line before; `sealing` is for rows that no session
    wrote.

    Raises RuntimeError inside a savepoint: a line is about the whole transaction, and must not outlive half of it.
    """
    if session.in_nested_transaction():
        raise RuntimeError("a line of the trail is written outside savepoints")
    if not session.in_transaction():  # so that the line ends with a transaction, whatever becomes of it
        session.begin()
    line = {"at": now.astimezone(UTC), "kind": kind, "reference": reference, "actor": actor, "data": data}
    pending = session.info.setdefault(_PENDING, [])
    pending.append(_Pending(line, seals.claim(session), sealing or {}))


def seal_of(previous: str, sequence: int, line: Mapping[str, Any]) -> str:
    """The hash of a line: of everything it says and seals, its number and the hash before it."""
    said = {**line, "at": line["at"].astimezone(UTC).isoformat(), "sequence": sequence, "previous": previous}
    if said.get("seals") is None:  # as lines were sealed before there were any
        said.pop("seals", None)
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@sqlalchemy_event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint's end is not the transaction's, and must not lock the chain
        return
    pending: list[_Pending] = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    shares = seals.shared_out(session, [one.claim for one in pending])
    lines = [
        {**one.line, "seals": {**share, **one.sealing} or None} for one, share in zip(pending, shares, strict=True)
    ]
    webhooks.put(session, lines)
    applications = card_notes.applications_of(session, lines)
    end = _end(session)
    if end is None:
        end, resumed = _resumed(session, lines[0]["at"])
        lines = [*resumed, *lines]
    sequence, previous = end
    rows = []
    for line in lines:
        sequence += 1
        rows.append({**line, "sequence": sequence, "previous": previous, "hash": seal_of(previous, sequence, line)})
        previous = rows[-1]["hash"]
    session.connection().execute(insert(TRAIL), rows)
    session.connection().execute(update(END).where(END.c.id == 1).values(sequence=sequence, hash=previous))
    card_notes.put(session, rows, applications)  # last: a note names its line by the number that it has only now


def _end(session: Session) -> tuple[int, str] | None:
    """Number and hash of the last line, locked until the transaction ends; None where nobody noted them yet."""
    end = session.connection().execute(_NOTED_END.with_for_update()).first()
    return (end.sequence, end.hash) if end else None


def _resumed(session: Session, at: datetime) -> tuple[tuple[int, str], list[dict[str, Any]]]:
    """Note where the trail ends: for its first line, or because the note is gone, which a line of its own then says."""
    last = session.execute(select(Event.sequence, Event.hash).order_by(Event.sequence.desc()).limit(1)).first()
    sequence, previous = (last.sequence, last.hash) if last else (0, START)
    insertion = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    first = {"id": 1, "sequence": sequence, "hash": previous}
    session.connection().execute(insertion(END).values(**first).on_conflict_do_nothing())
    end = _end(session)  # where another transaction was first to note it, its lines stand before ours
    if end is None:
        raise RuntimeError("the end of the trail can neither be noted nor read")
    if last is None or end != (sequence, previous):
        return end, []
    line = {"at": at, "kind": RESUMED, "reference": RECORD_TRAIL, "actor": "the desk", "data": {"after": sequence}}
    return end, [{**line, "seals": None}]


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:  # a savepoint that was rolled back leaves the transaction's lines alone
        session.info.pop(_PENDING, None)


# ------------------------------------------------------------------------------------------------- reading it again


@dataclass(frozen=True)
class Read:
    """A line as it was read again: what it says, None if that cannot be read; and what is wrong with it, if anything.

    `broken` is the number of the first line that is wrong: this one, or one before it that is not there.
    """

    sequence: int
    said: Mapping[str, Any] | None
    wrong: str = ""
    broken: int | None = None


def reread(session: Session) -> Iterator[Read]:
    """Every line in its order, each compared with the one before it. Memory stays flat however long the trail is."""
    previous, expected = START, 1
    for row in rows_of(session.connection(), TRAIL):
        if isinstance(row, Unreadable):
            yield Read(row.key, None, "cannot be read: what is in it is not what a line holds", min(expected, row.key))
            previous, expected = "", row.key + 1
            continue
        wrong, broken = _compared(row, previous, expected)
        yield Read(row["sequence"], row, wrong, broken)
        previous, expected = row["hash"], row["sequence"] + 1


def _compared(row: Mapping[str, Any], previous: str, expected: int) -> tuple[str, int | None]:
    sequence = row["sequence"]
    if sequence > expected:
        missing = f"line {expected} is" if sequence == expected + 1 else f"lines {expected} to {sequence - 1} are"
        return f"comes too early: {missing} missing before it", expected
    if sequence < expected:
        return "has a number that no line can have", sequence
    said = {name: row[name] for name in SAID}
    if row["hash"] != _seal_or_nothing(row["previous"], sequence, said):
        return "is not as it was sealed: something in it was changed", sequence
    if previous and row["previous"] != previous:
        return f"does not follow from line {sequence - 1}: one of the two was rewritten", sequence
    return "", None


def _seal_or_nothing(previous: str, sequence: int, said: Mapping[str, Any]) -> str:
    try:
        return seal_of(previous, sequence, said)
    except (TypeError, ValueError, AttributeError):  # what no line of ours ever held, such as bytes
        return ""


def broken_at(session: Session) -> int | None:
    """The number of the first line that is changed, missing or out of its place; None if the whole trail holds."""
    last = (0, START)
    for line in reread(session):
        if line.broken is not None or line.said is None:
            return line.broken
        last = (line.sequence, line.said["hash"])
    end = noted_end(session) or (0, START)
    return None if end == last else min(end[0], last[0]) + (end[0] != last[0])


def noted_end(session: Session) -> tuple[int, str] | None:
    """Number and hash of the line that was noted as the last; None where nothing was noted."""
    end = session.execute(_NOTED_END).first()
    return (end.sequence, end.hash) if end else None


def history(session: Session, reference: str) -> list[Event]:
    """The trail of one reference, oldest first."""
    return list(session.scalars(select(Event).where(Event.reference == reference).order_by(Event.sequence)))
