"""Who may look after what falls due (D0): everybody of the office who does more than read."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.deciding import WrongInput
from core.records import Person
from core.rules.policy import Body


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
