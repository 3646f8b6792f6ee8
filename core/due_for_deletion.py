"""What the office has to delete by hand once its time is over (W4): an award that ended, an application that failed.

The day is set when it ends: at a decline or a withdrawal, when an offer ends unaccepted, when an award is completed.
It counts from the decision or withdrawal, or from the end of the award. What the desk deletes by itself (drafts, bank
details, documents) needs no such day. What is held is not waited for: its day is closed, and comes back when the hold
ends. Then somebody records what was deleted, or why it is kept: nothing is deleted here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import deadlines, events, holding, people, written
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Application, Deadline, Event, Person
from core.rules.calendar import date_text
from core.rules.facts import Finding
from core.rules.keeping import deletable_from, deletion_finding
from core.rules.lifecycle import AWARD, ApplicationState, AwardState

RETENTION: Final = "retention"
"""The kind of the deadline from which on something may be deleted."""


def kept_from(session: Session, application: Application) -> date | None:
    """The day from which the keeping of an application, its award and their documents counts; None: not come yet."""
    award, decision = application.award, application.decision
    if award is not None:
        return award.end_on
    if decision is not None:
        return london_day(decision.made_at)
    withdrawn = session.scalar(
        select(Event.at).where(Event.reference == application.reference, Event.kind == "withdrawn")
    )
    return london_day(withdrawn) if withdrawn else None


def row_of(application: Application) -> str | None:
    """The row of the policy's retention that an application, or its award, is kept by; None while it has not ended."""
    if application.status in (ApplicationState.DECLINED, ApplicationState.WITHDRAWN):
        return "declined"
    award = application.award
    return "award" if award is not None and AwardState(award.status) in AWARD.finals else None


def deadline_of(session: Session, application: Application) -> Deadline | None:
    """The one day of an application, whether it is open or not, as it stands now."""
    mine = select(Deadline).where(Deadline.subject == f"application:{application.id}", Deadline.kind == RETENTION)
    return session.scalars(mine.execution_options(populate_existing=True)).one_or_none()


def follow(
    session: Session, application: Application, *, office: Office, now: datetime, silent_before: date | None = None
) -> bool:
    """Let the day follow how the application and its award stand; answers whether one was set. Safe to repeat."""
    found, row = deadline_of(session, application), row_of(application)
    if row is None or application.reference is None:
        if found is not None and found.is_open:
            deadlines.close(session, subject=found.subject, kinds=[RETENTION], now=now)
        return False
    counted_from = kept_from(session, application) or london_day(now)  # a withdrawal's line is written with it
    due = deletable_from(row, counted_from, office.policy)
    if found is None:
        found = deadlines.set_deadline(
            session,
            subject=f"application:{application.id}",
            reference=application.reference,
            kind=RETENTION,
            due=due,
            now=now,
            application_id=application.id,
            silent_before=silent_before,
        )
        session.flush()
    elif not found.is_open and found.met_at is None:
        deadlines.wait_again(session, found, due=due, since=london_day(now), now=now)
        found.first_due = None  # it ended anew: what a hold puts off is counted from this day
        session.flush()
    else:
        return False
    _heed_holds(session, found, application, now)
    return True


def heed_holds(session: Session, reference: str, *, now: datetime) -> None:
    """Close the day of what is held now, and wait again for what is held no more: from the day after the hold."""
    number = reference.removeprefix(holding.DRAFT)
    mine = Application.id == int(number) if number != reference else Application.reference == reference
    application = session.scalars(select(Application).where(mine).with_for_update(key_share=True)).one_or_none()
    found = deadline_of(session, application) if application is not None else None
    if found is None or application is None or found.met_at is not None or row_of(application) is None:
        return
    _heed_holds(session, found, application, now)


def _heed_holds(session: Session, found: Deadline, application: Application, now: datetime) -> None:
    today = london_day(now)
    holds = [hold for hold in holding.of(session, application.reference or "") if hold.holds(today)]
    lifted = [hold.lifted_on for hold in holds if hold.lifted_on is not None]
    if len(lifted) < len(holds):
        if found.is_open:
            deadlines.close(session, subject=found.subject, kinds=[RETENTION], now=now)
        return
    due = max([found.first_due or found.due, *(day + timedelta(days=1) for day in lifted)])
    if not found.is_open or due != found.due:
        deadlines.wait_again(session, found, due=due, since=today, now=now)
        session.flush()


def finding(session: Session, application: Application, *, office: Office, today: date) -> Finding | None:
    """W4: whether it may be deleted today, and which hold stops that; None while it has not ended."""
    row = row_of(application)
    if row is None:
        return None
    held = holding.of(session, application.reference or "")
    return deletion_finding(row, kept_from(session, application), held, office.policy, today)


def record(session: Session, application_id: int, person: Person, *, note: str, now: datetime) -> Application:
    """Record what was deleted by hand, or why it is kept: its day is met, and nobody is reminded of it any more.

    Raises Refused (W4) where this person may not, says nothing, or its day has not come; Conflict where it is held, or
    was recorded already.
    """
    application = session.get_one(Application, application_id, with_for_update={"key_share": True})
    actor = people.judging_for_office(session, person, application_id, "record what was deleted", "W4")
    said = written.words(note, "Write what was deleted, or why it is kept: it goes on the record.", "W4")
    found = deadline_of(session, application)
    if found is None or not found.is_open:
        raise Conflict("There is nothing of it to delete now: it is held, or somebody has recorded it already.", "W4")
    if found.due > london_day(now):
        raise Refused(f"It is kept: it may be deleted from {date_text(found.due)} on.", "W4")
    deadlines.meet(session, found, now=now)
    told = {"due": found.due.isoformat(), "note": said, "person": person.id}
    session.flush()
    events.append(session, "deletion_recorded", application.reference or "", actor, told, now=now)
    return application
