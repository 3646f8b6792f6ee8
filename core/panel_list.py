"""The list of the next sitting: which applications the panel is to look at, put there and taken off by the office.

What is listed is still recommended on and decided one by one; an application that is decided stays on the list of the
sitting that it was on.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.applications import held, put_card, tell
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Application, PanelListing, Person, Sitting
from core.rules.lifecycle import SittingState
from core.taking import OPEN, may_work_on


def listing(session: Session, application: Application) -> PanelListing | None:
    """The listing of an application that stands; None where it is on no list, or on that of a closed sitting."""
    standing = _standing(session, application)
    taken = _sitting_of(session, standing) if standing is not None else None
    return None if taken is not None and taken.status == SittingState.CLOSED else standing


def _standing(session: Session, application: Application) -> PanelListing | None:
    return session.scalars(
        select(PanelListing).where(PanelListing.application_id == application.id, PanelListing.removed_at.is_(None))
    ).one_or_none()


def listed(session: Session) -> list[PanelListing]:
    """What is listed for a sitting to come and still to be decided: by day, then in the order of listing.

    What a sitting has taken is on that one's list (`core.rounds.listings`).
    """
    query = (
        select(PanelListing)
        .join(PanelListing.application)
        .where(
            PanelListing.removed_at.is_(None),
            PanelListing.sitting_id.is_(None),
            Application.status.in_([state.value for state in OPEN]),
        )
    )
    return sorted(session.scalars(query), key=lambda one: (one.sitting_on or date.max, one.id))


def put_on_list(
    session: Session,
    application_id: int,
    person: Person,
    *,
    sitting_on: date | None = None,
    office: Office,
    now: datetime,
) -> PanelListing:
    """Put an application on the list of the next sitting, or of that of a day; the same again changes nothing.

    With another day it moves there, and from the list of a sitting that is closed to that of the next. Raises Refused
    (A2) for whoever may not, or for a day that has passed; Conflict where it is no longer open, or on the list of a
    sitting that is not closed.
    """
    application = _held(session, application_id, person, office)
    if sitting_on is not None and sitting_on < london_day(now):
        raise Refused("That day has passed. Enter the day of a sitting to come, or leave it empty.", "A2")
    standing = _standing(session, application)
    if standing is not None:
        taken = _sitting_of(session, standing)
        if taken is not None and taken.status != SittingState.CLOSED:
            raise Conflict(f"The sitting '{taken.name}' has it on its list already. Take it off that one first.", "A3")
        if taken is None and standing.sitting_on == sitting_on:
            return standing
    if standing is not None:
        _end(session, application, standing, person, now)
    made = PanelListing(application=application, person=person, sitting_on=sitting_on, listed_at=now)
    session.add(made)
    application.version += 1
    session.flush()
    told = {"person": person.id, "sitting_on": sitting_on.isoformat() if sitting_on else None}
    tell(session, application, "put_on_list", people.actor_of(person), told, now=now)
    put_card(session, application, now)
    return made


def take_off_list(
    session: Session, application_id: int, person: Person, *, office: Office, now: datetime
) -> PanelListing:
    """Take an application off the list. Raises Refused (A2) for whoever may not, Conflict where it is on none."""
    application = _held(session, application_id, person, office)
    standing = listing(session, application)
    if standing is None:
        raise Conflict("This application is on no list, so there is nothing to take it off.", "A3")
    _end(session, application, standing, person, now)
    application.version += 1
    session.flush()
    put_card(session, application, now)
    return standing


def _sitting_of(session: Session, standing: PanelListing) -> Sitting | None:
    """The sitting that has taken a listing, if one has."""
    return session.get(Sitting, standing.sitting_id) if standing.sitting_id is not None else None


def _held(session: Session, application_id: int, person: Person, office: Office) -> Application:
    application = held(session, application_id)
    refusal = may_work_on(session, application, person, office=office)
    if refusal is not None:
        raise refusal
    return application


def _end(session: Session, application: Application, standing: PanelListing, person: Person, now: datetime) -> None:
    standing.removed_at, standing.removed_by_id = now, person.id
    session.flush()
    tell(session, application, "taken_off_list", people.actor_of(person), {"person": person.id}, now=now)
