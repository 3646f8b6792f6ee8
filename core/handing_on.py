"""A running award is given, as a whole, to somebody of the office: whoever works there may take it on, or hand it on.

What falls due of it goes with it where nobody in particular looked after that, or whoever had the award did; a date
that is somebody else's stays theirs. It gives no power (A2). An open application is taken from its card: `core.taking`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from core import applications, chasing, deadlines, nudge_messages, owning, people
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Person
from core.rules.lifecycle import RUNNING, AwardState


def may(session: Session, application: Application, person: Person) -> Refused | None:
    """Why this person does not say whose its award is: only the office does, with no interest, while it runs (A2)."""
    try:
        people.judging_for_office(session, person, application.id, "say who looks after it", "A2")
    except Refused as refusal:
        return refusal
    award = application.award
    if award is None or AwardState(award.status) not in RUNNING:
        return Conflict("This award does not run, so there is nothing of it to look after.", "D0")
    return None


def may_have(session: Session, application: Application) -> list[Person]:
    """Who can be given it: whoever works for the office and has no interest in it (A2), by name."""
    out = people.interested(session, application.id)
    return [one for one in owning.may_own(session) if one.id not in out]


def give(
    session: Session, application_id: int, person: Person, owner_id: int, *, office: Office, now: datetime
) -> Application:
    """Make the award of an application `owner_id`'s, who is told unless they took it themselves.

    Raises Refused as `may` answers, WrongInput for whoever cannot have it, or has it already.
    """
    application = applications.held(session, application_id)
    refusal = may(session, application, person)
    if refusal is not None:
        raise refusal
    owner = next((one for one in may_have(session, application) if one.id == owner_id), None)
    if owner is None:
        raise WrongInput("owner", "Choose somebody of the office who has no interest in it.", "A2")
    earlier = application.taken_by
    if owner is earlier:
        raise WrongInput("owner", f"{owner.name} looks after it already.", "D0")
    application.taken_by, application.taken_at = owner, now
    application.version += 1
    session.flush()
    actor = people.actor_of(person)
    told = {"person": owner.id, "from": earlier.id if earlier else None, "was": earlier.name if earlier else None}
    given = {"name": owner.name, "given_by": person.id} if owner is not person else {}
    applications.tell(session, application, "taken", actor, {**told, **given}, now=now)
    for deadline in deadlines.open_of(session, [application.id]):
        if deadline.owner is not None and (deadline.owner is earlier or not deadline.owner.active):
            chasing.put_with(session, deadline, owner, by=person, now=now)
        elif deadline.owner is None:
            nudge_messages.put(session, [deadline.id], now=now)  # it says whose it is, by whose the award is
    applications.put_card(session, application, now)
    if owner is not person:
        nudge_messages.tell_new_owner(session, application, owner, by=person, office=office, now=now)
    return application
