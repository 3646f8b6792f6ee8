"""What waits for the office, the oldest first: the front page of the staff pages.

Each kind is one query by an index, of at most as many rows as a page may show; nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, selectinload

from core.office import LONDON, london_moment
from core.records import (
    Application,
    Asked,
    Award,
    AwardCheck,
    BankDetails,
    Deadline,
    Document,
    Issue,
    MeasureProposal,
    Meeting,
    MeetingProposal,
    MonitoringReturn,
    Person,
    RefusedMail,
    TimeRequest,
)
from core.returns import RETURN
from core.rules.calendar import date_text
from core.rules.documents import ScanState
from core.rules.falling_due import noun
from core.rules.lifecycle import ApplicationState, AwardState, ReturnState
from core.rules.payment import CheckKind
from core.rules.policy import Policy

MOST: Final = 300
"""How many of one kind are looked at: more than an office has, and few enough for one page to be made of."""


@dataclass(frozen=True)
class _At:
    """When it is asked what waits, and from when on what was refused is shown."""

    today: date
    now: datetime
    shown_from: datetime


class Waits(StrEnum):
    """What it is that waits."""

    APPLICATION = "application"
    RETURN = "return"
    OVERDUE = "overdue"
    DUTY = "duty"
    MORE_TIME = "more_time"
    ISSUE = "issue"
    MEASURES = "measures"
    MEETING_TIME = "meeting_time"
    BANK_DETAILS = "bank_details"
    DOCUMENT = "document"
    MAIL = "mail"


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: whose, how much it is about in pence, how it stands, and since when.

    `due` is the day of the return that it is about, if it is about one. `owner` is the person who looks after it.
    `deadline` is the row of what is overdue, or of the meeting's duty where it is about a meeting.
    """

    kind: Waits
    reference: str
    who: str
    project: str
    amount: int | None
    stands: str
    since: datetime
    due: date | None = None
    owner: int | None = None
    deadline: int | None = None


_OF_AN_AWARD = (Award.reference, Application.organisation_name, Application.title, Award.amount)


def everything(session: Session, *, policy: Policy, today: date, now: datetime) -> list[Waiting]:
    """All that waits, the oldest first. The policy says how far back refused documents are shown, and mails.

    Addresses that refuse the mail of an award which runs are shown until that is mended, however long ago it began.
    Nothing in the record says that somebody has seen to one of those.
    """
    at = _At(today, now, now - timedelta(days=policy.refused_shown_days.value))
    found = [one for kind in _KINDS.values() for one in kind(session, at)]
    return sorted(found, key=lambda one: (one.since, one.reference, one.kind.value))


def mine_first(found: list[Waiting], person: Person | int) -> list[Waiting]:
    """The same, with what this person looks after before everything else."""
    number = person if isinstance(person, int) else person.id
    return sorted(found, key=lambda one: one.owner != number)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)


_APPLICATIONS: Mapping[str, str] = {
    ApplicationState.SUBMITTED.value: "to be recommended on, in Slack",
    ApplicationState.QUERIED.value: "waits for the applicant's answer",
    ApplicationState.RECOMMENDED.value: "to be decided, in Slack",
}
_RETURNS: Mapping[str, str] = {
    ReturnState.RECEIVED.value: "to be read",
    ReturnState.QUERIED.value: "waits for the recipient's answer",
}


def _applications(session: Session, at: _At) -> list[Waiting]:
    mine = Application
    query = (
        select(
            mine.reference, mine.organisation_name, mine.title, mine.amount, mine.status, mine.submitted_at,
            Asked.answer_by, mine.taken_by_id,
        )
        .outerjoin(Asked, (Asked.application_id == mine.id) & Asked.return_id.is_(None) & Asked.ended_at.is_(None))
        .where(mine.status.in_(list(_APPLICATIONS)), mine.submitted_at.is_not(None))
        .order_by(mine.submitted_at, mine.id)
        .limit(MOST)
    )  # fmt: skip
    return [
        Waiting(
            Waits.APPLICATION,
            reference or "",
            who or "",
            title or "",
            amount,
            _answer_by(_APPLICATIONS[status], by),
            since or at.now,
            owner=owner,
        )
        for reference, who, title, amount, status, since, by, owner in session.execute(query)
    ]


def _answer_by(stands: str, by: date | None) -> str:
    return f"{stands}, by {date_text(by)}" if by is not None else stands


def _returns(session: Session, _at: _At) -> list[Waiting]:
    mine = MonitoringReturn
    query = (
        select(*_OF_AN_AWARD, mine.status, mine.received_at, mine.due, Asked.answer_by, Application.taken_by_id)
        .join(Award, Award.id == mine.award_id)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Asked, (Asked.return_id == mine.id) & Asked.ended_at.is_(None))
        .where(mine.status.in_(list(_RETURNS)))
        .order_by(mine.received_at, mine.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.RETURN, reference, who or "", title or "", amount, _answer_by(_RETURNS[status], by), since, due, owner
        )
        for reference, who, title, amount, status, since, due, by, owner in session.execute(query)
    ]  # fmt: skip


def _overdue(session: Session, at: _At) -> list[Waiting]:
    query = (
        select(*_OF_AN_AWARD, Deadline.due, Deadline.id, func.coalesce(Deadline.owner_id, Application.taken_by_id))
        .join(Award, Award.id == Deadline.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(Deadline.kind == RETURN, Deadline.is_open, Deadline.due < at.today)
        .order_by(Deadline.due, Deadline.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.OVERDUE, reference, who or "", title or "", amount, f"was due on {date_text(due)}",
            _begin(due + timedelta(days=1)), due, owner, number,
        )
        for reference, who, title, amount, due, number, owner in session.execute(query)
    ]  # fmt: skip


_DUTIES: Final = (
    "meeting", "agreement", "payment", "review", "retention", "forum", "bid", "publication", "annual-report",
)  # fmt: skip
"""What the office itself is to do by a day, beside returns to ask for and applications to decide."""


def _duties(session: Session, at: _At) -> list[Waiting]:
    query = (
        select(Deadline)
        .options(selectinload(Deadline.award).selectinload(Award.application), selectinload(Deadline.own_application))
        .where(Deadline.kind.in_(_DUTIES), Deadline.is_open, Deadline.due < at.today)
        .order_by(Deadline.due, Deadline.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.DUTY,
            one.reference,
            (about.organisation_name if about is not None else one.title) or "",
            noun(one.kind),
            one.award.amount if one.award is not None else None,
            f"was due on {date_text(one.due)}",
            _begin(one.due + timedelta(days=1)),
            owner=one.owner_id or (about.taken_by_id if about is not None else None),
            deadline=one.id,
        )
        for one in session.scalars(query)
        for about in [one.application]
    ]


def _more_time(session: Session, _at: _At) -> list[Waiting]:
    mine = TimeRequest
    query = (
        select(*_OF_AN_AWARD, mine.asked_at, mine.due, mine.until, Application.taken_by_id)
        .join(Award, Award.id == mine.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(mine.answered_at.is_(None))
        .order_by(mine.asked_at, mine.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.MORE_TIME, reference, who or "", title or "", amount,
            f"asks for {date_text(until)} instead of {date_text(due)}", since, due, owner,
        )
        for reference, who, title, amount, since, due, until, owner in session.execute(query)
    ]  # fmt: skip


def _issues(session: Session, _at: _At) -> list[Waiting]:
    query = (
        select(*_OF_AN_AWARD, Issue.raised_at, Issue.owner_id, Person.name)
        .join(Award, Award.id == Issue.award_id)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(Person, Person.id == Issue.owner_id)
        .where(Issue.status == "open")
        .order_by(Issue.raised_at, Issue.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.ISSUE, reference, who or "", title or "", amount,
            f"{name} looks after it" if name else "nobody looks after it", since, owner=owner,
        )
        for reference, who, title, amount, since, owner, name in session.execute(query)
    ]  # fmt: skip


def _measures(session: Session, _at: _At) -> list[Waiting]:
    mine = MeasureProposal
    query = (
        select(*_OF_AN_AWARD, mine.proposed_at, Award.accept_by, Application.taken_by_id)
        .join(Award, Award.id == mine.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(mine.ended_at.is_(None))
        .order_by(mine.proposed_at, mine.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.MEASURES,
            reference,
            who or "",
            title or "",
            amount,
            f"the offer is open until {date_text(by)}",
            since,
            owner=owner,
        )
        for reference, who, title, amount, since, by, owner in session.execute(query)
    ]  # fmt: skip


def _meeting_times(session: Session, _at: _At) -> list[Waiting]:
    mine = MeetingProposal
    query = (
        select(
            *_OF_AN_AWARD,
            mine.proposed_at,
            mine.starts_at,
            Meeting.starts_at,
            Meeting.invited_by_id,
            Meeting.deadline_id,
        )
        .join(Meeting, Meeting.id == mine.meeting_id)
        .join(Award, Award.id == Meeting.award_id)
        .join(Application, Application.id == Award.application_id)
        .where(mine.answered_at.is_(None))
        .order_by(mine.proposed_at, mine.id)
        .limit(MOST)
    )
    return [
        Waiting(
            Waits.MEETING_TIME, reference, who or "", title or "", amount,
            f"asks for {london_moment(wanted)} instead of {london_moment(is_at)}", since, owner=owner, deadline=number,
        )
        for reference, who, title, amount, since, wanted, is_at, owner, number in session.execute(query)
    ]  # fmt: skip


def _bank_details(session: Session, _at: _At) -> list[Waiting]:
    latest = (
        select(AwardCheck.award_id, func.max(AwardCheck.id).label("check_id"))
        .where(AwardCheck.kind == CheckKind.BANK_DETAILS.value)
        .group_by(AwardCheck.award_id)
        .subquery()
    )
    query = (
        select(*_OF_AN_AWARD, BankDetails.given_at, BankDetails.version, AwardCheck.found)
        .join(Award, Award.id == BankDetails.award_id)
        .join(Application, Application.id == Award.application_id)
        .outerjoin(latest, latest.c.award_id == Award.id)
        .outerjoin(AwardCheck, AwardCheck.id == latest.c.check_id)
        .where(Award.status == AwardState.ACTIVE.value, BankDetails.locked.is_not(None))
        .order_by(BankDetails.given_at, BankDetails.id)
    )
    waits = [row for row in session.execute(query) if (row.found or {}).get("version", 0) != row.version]
    return [
        Waiting(
            Waits.BANK_DETAILS, row.reference, row.organisation_name or "", row.title or "", row.amount,
            "to be verified by a call" if row.version == 1 else "changed: to be verified again by a call", row.given_at,
        )
        for row in waits[:MOST]
    ]  # fmt: skip


def _documents(session: Session, at: _At) -> list[Waiting]:
    query = (
        select(
            Application.reference, Application.organisation_name, Application.title, Application.amount, Document.scan,
            Document.uploaded_at, Deadline.due,
        )
        .join(Application, Application.id == Document.application_id)
        .outerjoin(Deadline, Deadline.id == Document.deadline_id)
        .where(
            Document.scan.in_([ScanState.WAITING.value, ScanState.INFECTED.value]),
            ~Document.in_draft,
            Application.reference.is_not(None),
            (Document.scan == ScanState.WAITING.value) & Document.removed_at.is_(None)
            | (Document.scan == ScanState.INFECTED.value) & (Document.uploaded_at > at.shown_from),
        )
        .order_by(Document.uploaded_at, Document.id)
        .limit(MOST)
    )  # fmt: skip
    stands = {ScanState.WAITING.value: "still being checked for viruses", ScanState.INFECTED.value: "refused: harmful"}
    return [
        Waiting(Waits.DOCUMENT, reference or "", who or "", title or "", amount, stands[scan], since, due)
        for reference, who, title, amount, scan, since, due in session.execute(query)
    ]


def _refused_mails(session: Session, at: _At) -> list[Waiting]:
    """Addresses that refuse our mail, once for each application: of an award that runs until that is mended."""
    first = RefusedMail.address == Application.contact_key
    query = (
        select(
            Application.reference, Application.organisation_name, Application.title, Application.amount,
            func.min(RefusedMail.noted_at), func.max(case((first, 1), else_=0)), func.min(case((first, 1), else_=0)),
        )
        .join(Application, Application.id == RefusedMail.application_id)
        .outerjoin(Award, (Award.application_id == Application.id) & (Award.status == AwardState.ACTIVE.value))
        .where(RefusedMail.ended_at.is_(None))
        .group_by(
            Application.id, Application.reference, Application.organisation_name, Application.title, Application.amount,
            Award.id,
        )
        .having(or_(func.max(RefusedMail.noted_at) > at.shown_from, Award.id.is_not(None)))
        .order_by(func.min(RefusedMail.noted_at), Application.id)
        .limit(MOST)
    )  # fmt: skip
    return [
        Waiting(
            Waits.MAIL, reference or "", who or "", title or "", amount,
            f"{_whose(bool(some_first), bool(all_first))} refuses our mail: telephone, and ask for a better one", since,
        )
        for reference, who, title, amount, since, some_first, all_first in session.execute(query)
    ]  # fmt: skip


def _whose(some_first: bool, all_first: bool) -> str:
    if some_first and not all_first:
        return "each contact's address"
    return "the contact's address" if some_first else "the second contact's address"


_KINDS: Mapping[Waits, Callable[[Session, _At], list[Waiting]]] = {
    Waits.APPLICATION: _applications,
    Waits.RETURN: _returns,
    Waits.OVERDUE: _overdue,
    Waits.DUTY: _duties,
    Waits.MORE_TIME: _more_time,
    Waits.ISSUE: _issues,
    Waits.MEASURES: _measures,
    Waits.MEETING_TIME: _meeting_times,
    Waits.BANK_DETAILS: _bank_details,
    Waits.DOCUMENT: _documents,
    Waits.MAIL: _refused_mails,
}
