"""The trail: append-only, each line sealed with the hash of the line before it (A4).

Lines are gathered while a transaction works and sealed just before it commits: the one place in a transaction where
the end of the chain is locked is its last, so that two transactions can never wait for each other.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text
from sqlalchemy.orm import Session, SessionTransaction

from core.records import Event

CHAIN_LOCK = 727_360_002
"""The number of the PostgreSQL advisory lock on the end of the chain."""

START = "0" * 64
"""What stands before the first line."""

_PENDING = "events_to_seal"


def append(session: Session, kind: str, reference: str, actor: str, data: dict[str, Any], *, now: datetime) -> None:
    """Add a line to the trail; it is sealed when the transaction commits. `data` must be JSON-ready.

    Raises RuntimeError inside a savepoint: a line is about the whole transaction, and must not outlive half of it.
    """
    if session.in_nested_transaction():
        raise RuntimeError("a line of the trail is written outside savepoints")
    if not session.in_transaction():  # so that the line ends with a transaction, whatever becomes of it
        session.begin()
    pending = session.info.setdefault(_PENDING, [])
    pending.append({"at": now.astimezone(UTC), "kind": kind, "reference": reference, "actor": actor, "data": data})


def seal_of(previous: str, sequence: int, line: dict[str, Any]) -> str:
    """The hash of a line: of everything it says, its number and the hash before it."""
    said = {**line, "at": line["at"].astimezone(UTC).isoformat(), "sequence": sequence, "previous": previous}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@sqlalchemy_event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint's end is not the transaction's, and must not lock the chain
        return
    pending = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CHAIN_LOCK})
    last = session.execute(select(Event.sequence, Event.hash).order_by(Event.sequence.desc()).limit(1)).first()
    sequence, previous = (last.sequence, last.hash) if last else (0, START)
    for line in pending:
        sequence += 1
        sealed = seal_of(previous, sequence, line)
        session.add(Event(**line, sequence=sequence, previous=previous, hash=sealed))
        previous = sealed


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:  # a savepoint that was rolled back leaves the transaction's lines alone
        session.info.pop(_PENDING, None)


def broken_at(session: Session) -> int | None:
    """The number of the first line that does not follow from the one before it; None if the whole trail holds."""
    previous, expected = START, 1
    for line in session.scalars(select(Event).order_by(Event.sequence)):
        said = {"at": line.at, "kind": line.kind, "reference": line.reference, "actor": line.actor, "data": line.data}
        if line.sequence != expected or line.previous != previous or line.hash != seal_of(previous, expected, said):
            return expected
        previous, expected = line.hash, expected + 1
    return None


def history(session: Session, reference: str) -> list[Event]:
    """The trail of one reference, oldest first."""
    return list(session.scalars(select(Event).where(Event.reference == reference).order_by(Event.sequence)))
