"""What must not be deleted, whatever its age (W4): a request for information, or a claim, holds all of one award."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import events, people
from core.errors import Conflict, NotFound, Refused
from core.records import Person, RetentionHold
from core.rules.answers import clean_short
from core.rules.keeping import Hold, HoldReason
from core.rules.policy import Body, Role

LONGEST_FILE = 200
"""Characters of the name of the office's file."""


def _check_officer(person: Person) -> None:
    if not person.active or person.body != Body.OFFICE or person.role in (Role.PANEL, Role.AUDITOR):
        raise Refused("Only the office's own staff may hold what would be deleted, or lift a hold.", "W4")


def place(
    session: Session, reference: str, person: Person, *, reason: HoldReason, file: str, now: datetime
) -> RetentionHold:
    """Hold everything of an application or award: nothing of it is deleted. Raises Refused (W4)."""
    _check_officer(person)
    named = clean_short(file)[:LONGEST_FILE]
    if not named:
        raise Refused("Name the file of the request or claim: it goes on the record.", "W4")
    placed = RetentionHold(reference=reference, reason=reason.name.lower(), file=named, placed_by=person.id)
    placed.placed_at = now
    session.add(placed)
    session.flush()
    told = {"hold": placed.id, "reason": reason.value, "file": named, "person": person.id}
    events.append(session, "hold_placed", reference, people.actor_of(person), told, now=now)
    return placed


def lift(session: Session, hold_id: int, person: Person, *, on: date, now: datetime) -> RetentionHold:
    """End a hold: the day `on` is the last that it holds. Raises Refused (W4), NotFound, Conflict if it was lifted."""
    _check_officer(person)
    placed = session.get(RetentionHold, hold_id, with_for_update=True, populate_existing=True)
    if placed is None:
        raise NotFound("There is no such hold.", "W4")
    if placed.lifted_on is not None:
        raise Conflict("This hold has been lifted already.", "W4")
    placed.lifted_on = on
    told = {"hold": placed.id, "lifted_on": on.isoformat(), "person": person.id}
    events.append(session, "hold_lifted", placed.reference, people.actor_of(person), told, now=now)
    return placed


def of(session: Session, reference: str) -> tuple[Hold, ...]:
    """Every hold that there is, or was, on what belongs to this reference, oldest first."""
    rows = session.scalars(select(RetentionHold).where(RetentionHold.reference == reference).order_by(RetentionHold.id))
    return tuple(Hold(HoldReason[row.reason.upper()], row.file, row.lifted_on) for row in rows)
