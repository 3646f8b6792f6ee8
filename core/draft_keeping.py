"""Drafts that were never sent: kept so long after they were last saved, then deleted with all that hangs on them (W4).

An application's draft goes with its documents, its links, and the requests for its links; a return's goes once its
return is not wanted any more. What is left is a line of the trail that says how many went.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import documents, events, holding
from core.ledger import end_of
from core.office import Office, london_day
from core.records import Application, Asked, Correction, Deadline, EnteredFor, Link, LinkRequest, ReturnDraft
from core.rules.calendar import add_months
from core.rules.facts import Verdict
from core.rules.keeping import deletion_finding
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Policy

RETENTION = "draft"
"""The row of the policy's retention that says how long they are kept (W4)."""

DELETED = "drafts_deleted"
"""The kind of the trail's line about them."""


@dataclass(frozen=True)
class Deleted:
    """How many drafts were deleted: of applications, of returns and corrections that are not wanted any more."""

    applications: int = 0
    returns: int = 0
    corrections: int = 0


def purge(session: Session, *, office: Office, today: date, now: datetime) -> Deleted:
    """Delete the drafts whose time is over; answers how many. What is held stays, whatever its age.

    A draft that has documents waits where this desk has no store to take them from.
    """
    gone = Deleted(
        _applications(session, office, today, now),
        _returns(session, office.policy, today),
        _corrections(session, office.policy, today),
    )
    if gone != Deleted():
        told = {"applications": gone.applications, "returns": gone.returns, "corrections": gone.corrections}
        events.append(session, DELETED, events.RECORD_TRAIL, "the desk", told, now=now)
    return gone


def _may_go(session: Session, reference: str, saved_at: datetime, policy: Policy, today: date) -> bool:
    held = holding.of(session, reference)
    return deletion_finding(RETENTION, london_day(saved_at), held, policy, today).verdict is Verdict.MET


def _before(policy: Policy, today: date) -> datetime:
    """The instant before which whatever may go was last saved: a query can tell that much."""
    return end_of(add_months(today, -policy.keep(RETENTION).months))


def _applications(session: Session, office: Office, today: date, now: datetime) -> int:
    draft = Application.status == ApplicationState.DRAFT.value
    old = Application.saved_at < _before(office.policy, today)
    gone = 0
    for number in list(session.scalars(select(Application.id).where(draft, old).order_by(Application.id))):
        application = session.scalars(
            select(Application)
            .where(Application.id == number, draft)
            .with_for_update()  # whoever saves it at this moment comes before, and it stays; or finds it gone
            .execution_options(populate_existing=True)
        ).one_or_none()
        if application is None or (office.documents is None and application.documents):
            continue
        if _may_go(session, f"draft {number}", application.saved_at, office.policy, today):
            _delete(session, application, office=office, now=now)
            gone += 1
    return gone


def _delete(session: Session, application: Application, *, office: Office, now: datetime) -> None:
    documents.remove_with_draft(session, application, office=office)
    # A link's row stays, without its address: so the desk knows it again, and its number is not given twice.
    leads_there = (Link.purpose == "application") & (Link.subject_id == application.id)
    session.execute(update(Link).where(leads_there, Link.revoked_at.is_(None)).values(revoked_at=now))
    session.execute(update(Link).where(leads_there).values(address=""))
    session.execute(delete(LinkRequest).where(LinkRequest.application_id == application.id))
    session.execute(delete(EnteredFor).where(EnteredFor.application_id == application.id))
    session.delete(application)
    session.flush()


def _returns(session: Session, policy: Policy, today: date) -> int:
    """Of returns that are not wanted any more; one that still is keeps what is typed, however long that takes."""
    unwanted = (
        select(ReturnDraft, Deadline.reference)
        .join(Deadline, Deadline.id == ReturnDraft.deadline_id)
        .where(~Deadline.is_open, ReturnDraft.saved_at < _before(policy, today))
        .order_by(ReturnDraft.id)
    )
    gone = 0
    for draft, reference in list(session.execute(unwanted)):
        if _may_go(session, reference, draft.saved_at, policy, today):
            session.delete(draft)
            gone += 1
    session.flush()
    return gone


def _corrections(session: Session, policy: Policy, today: date) -> int:
    """Of corrections that came too late to be sent; one whose question is open is kept, however long that takes."""
    ended = (
        select(Correction, Application.reference)
        .join(Asked, Asked.id == Correction.asked_id)
        .join(Application, Application.id == Asked.application_id)
        .where(Asked.ended_at.is_not(None), Correction.saved_at < _before(policy, today))
        .order_by(Correction.id)
    )
    gone = 0
    for correction, reference in list(session.execute(ended)):
        if _may_go(session, reference or "", correction.saved_at, policy, today):
            session.delete(correction)
            gone += 1
    session.flush()
    return gone
