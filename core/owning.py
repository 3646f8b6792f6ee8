"""Who looks after what falls due, and who may (D0): everybody of the office who does more than read."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import absences, people
from core.deciding import WrongInput
from core.records import Application, Deadline, Person
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
