"""Who looks after what falls due, and who may (D0): everybody of the office who does more than read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import absences, people
from core.deciding import WrongInput
from core.records import Application, Bid, Deadline, Opportunity, Person
from core.rules.policy import Body

Kept = TypeVar("Kept", Bid, Opportunity)
"""A row of a register that somebody of the office looks after."""


def may_own(session: Session) -> list[Person]:
    """Everybody of the office who does more than read, by name."""
    found = select(Person).where(
        Person.active, Person.body == Body.OFFICE.value, Person.role.not_in([role.value for role in people.READERS])
    )
    return sorted(session.scalars(found), key=lambda one: (one.name.casefold(), one.id))  # no database's own order


def owner_of(session: Session, owner_id: int, rule: str) -> Person:
    """The person of this number, who may look after a date. Raises WrongInput for anybody else."""
    found = next((one for one in may_own(session) if one.id == owner_id), None)
    if found is None:
        raise WrongInput("owner", "Choose who looks after it: somebody of the office.", rule)
    return found


def hand_on(
    session: Session,
    kept: type[Kept],
    leaver: Person,
    *,
    live: Iterable[str],
    to: Person | None,
    tell: Callable[[Kept], None],
) -> tuple[Kept, ...]:
    """What a leaver looked after of a register, while it is in a `live` state: `to`'s from now on. Answers what.

    `tell` adds the line of each. Where there is nobody it names the leaver still, and its page says that nobody looks
    after it.
    """
    theirs = select(kept).where(kept.owner_id == leaver.id, kept.status.in_(list(live)))
    found = tuple(session.scalars(theirs.order_by(kept.id).with_for_update(of=kept)))
    if to is None:
        return found
    for one in found:
        one.owner = to
        tell(one)
        session.refresh(one)
    return found


def looks_after(about: Deadline | Application) -> Person | None:
    """Whose it is: a deadline's own owner's, else whoever took its application on; nobody's once they have left."""
    application = about.application if isinstance(about, Deadline) else about
    owner = about.owner if isinstance(about, Deadline) else None
    for one in (owner, application.taken_by if application is not None else None):
        if one is not None and one.active:
            return one
    return None


def to_ask(session: Session, about: Deadline | Application, *, today: date) -> Person | None:
    """Whom an applicant or a recipient asks for: who looks after it, or who stands in for them today.

    None where it is nobody's in particular, or whoever it is does not act for the office, or has an interest (A2).
    """
    owner = looks_after(about)
    application = about.application if isinstance(about, Deadline) else about
    if owner is None or application is None:
        return None
    asked = absences.stands_in_for(session, owner, today, application_id=application.id)
    if not people.acts_for_office(asked) or asked.id in people.interested(session, application.id):
        return None
    return asked
