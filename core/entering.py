"""Applications that the office enters for somebody who cannot use the form, with a note of who agreed, how and when.

The draft, its pages and its link are an applicant's own. What is different is who sends it; the record says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import applications, people, written
from core.office import Office
from core.records import Application, EnteredFor, Person
from core.rules.lifecycle import ApplicationState
from core.rules.questions import ApplicationFacts

LONGEST_CONSENT: Final = 1_000
"""Characters of the note of the consent."""


def begin(
    session: Session, fund_id: str, person: Person, *, consent: str, office: Office, now: datetime
) -> Application:
    """Start a draft for somebody else. `consent` says who agreed, how and when.

    Raises Refused for whoever is not of the office, without a note of the consent, or where the fund is closed;
    NotFound for an unknown fund.
    """
    people.acting_for_office(person, "enter an application for somebody", "A2")
    missing = "Write down who agreed that you enter it for them, how, and when."
    note = written.words(consent, missing, "W4", most=LONGEST_CONSENT, what="the note")
    application = applications.start(session, fund_id, office=office, now=now)
    session.add(EnteredFor(application_id=application.id, person_id=person.id, consent=note, begun_at=now))
    return application


def of(session: Session, application: Application) -> EnteredFor | None:
    """Who enters an application for its applicant, and the consent; None where the applicant does it alone."""
    return session.scalars(select(EnteredFor).where(EnteredFor.application_id == application.id)).one_or_none()


def drafts_of(session: Session, person_id: int) -> list[Application]:
    """The drafts that somebody has begun for others and not sent, the latest first."""
    return list(
        session.scalars(
            select(Application)
            .join(EnteredFor, EnteredFor.application_id == Application.id)
            .where(EnteredFor.person_id == person_id, Application.status == ApplicationState.DRAFT.value)
            .order_by(Application.id.desc())
        )
    )


def submit(
    session: Session, application: Application, facts: ApplicationFacts, *, office: Office, now: datetime
) -> Application:
    """Submit a draft by whoever it is entered by: the applicant, or somebody of the office for them.

    Raises Conflict when it was submitted already.
    """
    entered = of(session, application)
    if entered is None:
        return applications.submit(session, application, facts, office=office, by="applicant", now=now)
    by = f"{entered.person.name[:40]} ({entered.person.role}, person {entered.person_id})"
    sent = applications.submit(session, application, facts, office=office, by=by, now=now)
    because = f"{entered.person.name} entered it for the applicant, who agreed. The note of it is on the staff pages."
    sent.noticed = [*(sent.noticed or []), {"kind": "entered_for", "reference": sent.reference, "because": because}]
    told = {"consent": entered.consent, "person": entered.person_id}
    applications.tell(session, sent, "entered_for", by, told, now=now)
    return sent
