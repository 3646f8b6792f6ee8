"""Steps that nobody was told of, and never will be: a later one took their place after a gap or a pause (D0).

The sweep leaves them with the message that it makes for the office; here they are read from it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.records import Deadline, OutboxMessage


@dataclass(frozen=True)
class MissedStep:
    """One step that was not sent, and the day on which it was to go. `why`: "gap", nothing ran then, or "pause"."""

    reference: str
    kind: str
    due: date
    step: int
    to: str
    on: date
    why: str


@dataclass(frozen=True)
class Missed:
    """What was missed, in the order in which a sweep found it, and how many there are: messages name only so many."""

    steps: tuple[MissedStep, ...]
    number: int


def missed_in(session: Session, messages: Iterable[OutboxMessage]) -> Missed:
    """What these messages of the sweep say was missed. One that has nothing to do with it says nothing."""
    told = [message.payload for message in messages if message.payload.get("missed")]
    rows = [row for payload in told for row in payload["missed"]]
    query = select(Deadline.id, Deadline.reference, Deadline.kind, Deadline.due)
    about = {one.id: one for one in session.execute(query.where(Deadline.id.in_({row[0] for row in rows})))}
    steps = tuple(
        MissedStep(
            about[number].reference, about[number].kind, about[number].due, step, to, date.fromisoformat(on), why
        )
        for number, to, step, on, why in rows
        if number in about
    )
    return Missed(steps, sum(payload["missed_count"] for payload in told))
