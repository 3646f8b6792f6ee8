"""Whose an application is: an officer takes it, somebody else may take it over, and a leaver's is handed on.

Whoever of the officers recommends on what is nobody's, or asks the applicant about it, has taken it on by that.

It gives no power and takes none: whoever may recommend still may (A2). It says whom to ask.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.applications import held, how_it_stands, put_card, tell
from core.cases import case_of, decider_of
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Person
from core.rules.authority import may_recommend
from core.rules.lifecycle import APPLICATION, ApplicationState

OPEN: Final = (ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED)
"""The states in which an application is somebody's to work on."""


def may_work_on(session: Session, application: Application, person: Person, *, office: Office) -> Refused | None:
    """Why this person does not work on this application (A2): it is for whoever may recommend; None if they may."""
    try:
        people.acting_for_office(person, "work on applications here", "A2")
    except Refused as refusal:
        return refusal
    decider = decider_of(person)
    barred = may_recommend(decider, case_of(session, application), office.policy)
    if barred is not None:
        return Refused(barred.reason, barred.rule)
    state = ApplicationState(application.status)
    if state not in OPEN:
        stands = APPLICATION.stands[state]
        return Conflict(how_it_stands(application) or f"Nothing is left to do here: {stands.how}.", "A3")
    return None


def take(session: Session, application_id: int, person: Person, *, office: Office, now: datetime) -> Application:
    """Take an application on, from nobody or from somebody else, whom the trail names. Taking it again changes nothing.

    Raises Refused (A2) for whoever may not, Conflict where it is no longer open.
    """
    application = held(session, application_id)
    refusal = may_work_on(session, application, person, office=office)
    if refusal is not None:
        raise refusal
    earlier = application.taken_by
    if earlier is not None and earlier.id == person.id:
        return application
    application.taken_by, application.taken_at = person, now
    application.version += 1
    session.flush()
    told = {"person": person.id, "from": earlier.id if earlier else None, "was": earlier.name if earlier else None}
    tell(session, application, "taken", people.actor_of(person), told, now=now)
    put_card(session, application, now)
    return application


def take_by(
    session: Session,
    application: Application,
    person: Person,
    doing: Literal["recommending", "asking"],
    *,
    office: Office,
    now: datetime,
) -> None:
    """Somebody has recommended on an application, or asked about it: where it was nobody's, it is theirs from now on.

    It stays nobody's where they are not of those who recommend. The application is held, and shown, by whoever calls.
    """
    earlier = application.taken_by
    if earlier is not None and earlier.active:
        return
    if may_recommend(decider_of(person), case_of(session, application), office.policy) is not None:
        return
    application.taken_by, application.taken_at = person, now
    session.flush()
    was = {"from": earlier.id if earlier else None, "was": earlier.name if earlier else None}
    tell(session, application, "taken", people.actor_of(person), {"person": person.id, **was, "by": doing}, now=now)


def let_go(
    session: Session, person: Person, *, to: Person | None = None, actor: str, now: datetime
) -> tuple[Application, ...]:
    """Make `to`'s, or else nobody's, what somebody has taken who leaves; answers which. Each card says so.

    Whoever has an interest in one does not get it (A2).
    """
    query = select(Application).where(Application.taken_by_id == person.id).order_by(Application.id)
    theirs = session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    for application in theirs:
        owner = to if to is not None and to.id not in people.interested(session, application.id) else None
        application.taken_by, application.taken_at = owner, now if owner is not None else None
        application.version += 1
        session.flush()
        if owner is not None:
            told = {"person": owner.id, "from": person.id, "was": person.name}
            tell(session, application, "taken", actor, told, now=now)
        else:
            tell(session, application, "let_go", actor, {"person": person.id, "was": person.name}, now=now)
        put_card(session, application, now)
    return tuple(theirs)
