"""What must not be deleted, whatever its age (W4): a request for information, or a claim, holds all of one award."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import due_for_deletion, events, people
from core.errors import Conflict, NotFound, Refused
from core.holding import DRAFT
from core.records import Application, Person, RetentionHold
from core.rules.answers import clean_short
from core.rules.keeping import HoldReason
from core.rules.policy import Body, Role

LONGEST_FILE = 200
"""Characters of the name of the office's file."""

_MOST_DIGITS: Final = 15
"""Of such a number: more fit no row."""


def _check_officer(person: Person) -> None:
    if not person.active or person.body != Body.OFFICE or person.role in (Role.PANEL, Role.AUDITOR):
        raise Refused("Only the office's own staff may hold what would be deleted, or lift a hold.", "W4")


def place(
    session: Session, reference: str, person: Person, *, reason: HoldReason, file: str, now: datetime
) -> RetentionHold:
    """Hold everything of an application or award: nothing of it is deleted.

    A draft is named "draft 12", by its number; the hold stays with it when it is sent. Raises Refused (W4), and
    NotFound where the record has nothing of that name, or the draft has been deleted.
    """
    _check_officer(person)
    named = clean_short(file)[:LONGEST_FILE]
    if not named:
        raise Refused("Name the file of the request or claim: it goes on the record.", "W4")
    reference = _known(session, reference)
    placed = RetentionHold(reference=reference, reason=reason.name.lower(), file=named, placed_by=person.id)
    placed.placed_at = now
    session.add(placed)
    session.flush()
    told = {"hold": placed.id, "reason": reason.value, "file": named, "person": person.id}
    due_for_deletion.heed_holds(session, reference, now=now)
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
    session.flush()
    due_for_deletion.heed_holds(session, placed.reference, now=now)
    events.append(session, "hold_lifted", placed.reference, people.actor_of(person), told, now=now)
    return placed


def _known(session: Session, reference: str) -> str:
    """The reference as the record has it, its application held: it is not deleted before the hold is on it."""
    said = clean_short(reference)
    number = said.lower().removeprefix(DRAFT)
    if said.lower().startswith(DRAFT) and number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
        found = Application.id == int(number)
    else:
        found = Application.reference == said.upper()
    application = session.scalars(
        select(Application).where(found).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if application is None:
        raise NotFound(
            f"There is no application or award '{said}', so there is nothing to hold. Give its reference, such as "
            "YF-2026-7K4MPX, or a draft's number, such as draft 12.",
            "W4",
        )
    return application.reference or f"{DRAFT}{application.id}"
