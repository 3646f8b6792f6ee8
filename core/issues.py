"""Issues that a recipient raises, at any time (R2): each has an owner in the office, and is open until it is closed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import events, guarded, outbox, people, written
from core.errors import Conflict, NotFound, Refused
from core.records import Award, Issue, Person
from core.rules.lifecycle import AwardState
from core.rules.policy import Body, Role

OWNERS = (Role.OFFICER, Role.DIRECTOR, Role.CHIEF_EXECUTIVE, Role.COMMISSIONER)
"""Who owns an issue of an award whose officer has left or is out of it: the first there is, in this order."""


class IssueState(StrEnum):
    """How an issue stands."""

    OPEN = "open"
    CLOSED = "closed"


def owner_for(session: Session, award: Award) -> Person | None:
    """Who looks after an award: who recommended it, or where they have left the first who holds an office role.

    Nobody who has declared an interest in it (A2).
    """
    out = people.interested(session, award.application_id)
    recommended = award.application.recommendation
    if recommended is not None:
        person = session.get(Person, recommended.person_id)
        if person is not None and person.active and Body(person.body) is Body.OFFICE and person.id not in out:
            return person
    return next((one for role in OWNERS for one in people.holders(session, role) if one.id not in out), None)


def raise_issue(session: Session, award: Award, text: str, *, source: str, now: datetime) -> Issue:
    """Keep what a recipient raises, give it an owner and tell them. The same text again, while open, is the same issue.

    Raises Refused (R2) for an empty text, or where the offer of the award was not accepted.
    """
    if award.status in (AwardState.OFFERED, AwardState.REFUSED, AwardState.EXPIRED):
        raise Refused(f"The offer of {award.reference} has not been accepted. Write to the office instead.", "R2")
    text = written.words(text, "Say what you want to raise", "R2")
    session.scalars(select(Award.id).where(Award.id == award.id).with_for_update(key_share=True)).one()
    for issue in of_award(session, award):
        if issue.status == IssueState.OPEN and issue.text == text:
            return issue
    owner = owner_for(session, award)
    issue = Issue(
        award_id=award.id,
        text=text,
        raised_by=source,
        raised_at=now,
        owner_id=owner.id if owner else None,
        status=IssueState.OPEN.value,
    )
    session.add(issue)
    session.flush()
    told = {"issue": issue.id, "text": text, "owner": owner.name if owner else ""}
    events.append(session, "issue_raised", award.reference, source, told, now=now)
    _put(session, "issue_raised", issue, now)
    return issue


def close(session: Session, issue_id: int, person: Person, *, outcome: str, now: datetime) -> Issue:
    """Close an issue with what came of it; whoever raised it is told by mail.

    Raises NotFound, Refused for whoever is not of the office, has an interest in the award (A2) or says nothing,
    Conflict where it is closed already.
    """
    issue = by_id(session, issue_id)
    actor = people.judging_for_office(session, person, issue.award.application_id, "close an issue", "R2")
    outcome = written.words(outcome, "Say what came of it: the recipient gets your answer by e-mail.", "R2")
    closed = {"status": IssueState.CLOSED.value, "outcome": outcome, "closed_by_id": person.id, "closed_at": now}
    if not guarded.change(session, issue, Issue.status == IssueState.OPEN.value, **closed):
        raise Conflict("This issue is closed already.", "R2")
    told = {"issue": issue.id, "outcome": outcome, "person": person.id}
    events.append(session, "issue_closed", issue.award.reference, actor, told, now=now)
    _put(session, "issue_closed", issue, now)
    return issue


def take_over(session: Session, issue_id: int, person: Person, *, now: datetime) -> Issue:
    """Look after an issue from now on. Who looks after it already does so, and nothing is changed.

    Raises NotFound, Refused for whoever is not of the office or has an interest in the award (A2), Conflict where it is
    closed already.
    """
    issue = by_id(session, issue_id)
    actor = people.judging_for_office(session, person, issue.award.application_id, "look after an issue", "R2")
    if issue.status == IssueState.OPEN and issue.owner_id == person.id:
        return issue
    if not guarded.change(session, issue, Issue.status == IssueState.OPEN.value, owner_id=person.id):
        raise Conflict("This issue is closed already.", "R2")
    told = {"issue": issue.id, "owner": person.name, "person": person.id}
    events.append(session, "issue_taken_over", issue.award.reference, actor, told, now=now)
    return issue


def hand_on(
    session: Session, leaver: Person, *, to: Person | None = None, actor: str, now: datetime
) -> tuple[Issue, ...]:
    """Give every open issue of somebody who has left to who takes over, else to who looks after its award, if anybody.

    Whoever has an interest in its award gets none (A2).
    """
    theirs = select(Issue).where(Issue.owner_id == leaver.id, Issue.status == IssueState.OPEN.value)
    found = tuple(session.scalars(theirs.order_by(Issue.id).with_for_update(of=Issue)))
    for issue in found:
        barred = to is None or to.id in people.interested(session, issue.award.application_id)
        owner = owner_for(session, issue.award) if barred else to
        issue.owner_id = owner.id if owner else None
        session.flush()
        told = {"issue": issue.id, "owner": owner.name if owner else "", "person": owner.id if owner else None}
        events.append(session, "issue_taken_over", issue.award.reference, actor, told, now=now)
        session.refresh(issue)
    return found


def of_award(session: Session, award: Award) -> list[Issue]:
    """Everything that was raised about an award, the latest first."""
    return list(session.scalars(select(Issue).where(Issue.award_id == award.id).order_by(Issue.id.desc())))


def by_id(session: Session, issue_id: int) -> Issue:
    """The issue of this row number. Raises NotFound."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise NotFound("There is no such issue.", "R2")
    return issue


def _put(session: Session, kind: str, issue: Issue, now: datetime) -> None:
    outbox.put(
        session,
        kind,
        subject=f"award:{issue.award_id}",
        key=f"{kind}:{issue.id}",
        payload={"award_id": issue.award_id, "issue_id": issue.id},
        now=now,
    )
