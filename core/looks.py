"""Looking at an award while it runs: yearly (R6), and a historic award of the crime and disorder fund by its day (F3).

One look at a time is due. It ends in continuing, amending or discontinuing, with the money as it stood; by itself it
changes nothing of the award (R5). Then the next one is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import commitments, deadlines, events, people, written
from core.assessing import finding_data
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Award, AwardLook, Deadline, LedgerEntry, Meeting, MonitoringReturn, Person
from core.rules.calendar import date_text
from core.rules.facts import Finding
from core.rules.fund_rules import historic_review_on
from core.rules.lifecycle import AwardState
from core.rules.reviewing import LookOutcome, Spending, look_dates, reconciliation_finding, views_finding

REVIEW: Final = "review"
"""The kind of the deadline by which an award is to be looked at."""


@dataclass(frozen=True)
class ToLookAt:
    """What a look is held on: the money in pence, whose views were heard where (R3), and what the rules say."""

    money: Spending
    views: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def begin(
    session: Session, award: Award, *, office: Office, now: datetime, silent_before: date | None = None
) -> Deadline | None:
    """Set the first look at an award that starts, or is put on record; None where it ends before one is due.

    Looks whose day has passed are not made up: whoever puts an award on record has it before them.
    """
    if _any(session, award):
        return None
    today = london_day(now)
    days = [day for day in _yearly(award, office) if day >= today]
    if _is_historic(award, office):
        made = award.application.decision.outside_on if award.application.decision is not None else None
        by = historic_review_on(made or today, office.policy)
        days.append(by if by >= today else historic_review_on(today, office.policy))
    return _set(session, award, days, now=now, silent_before=silent_before)


def deadline_of(session: Session, award: Award) -> Deadline | None:
    """The look that is to come; None where none is."""
    return deadlines.open_one(session, subject=f"award:{award.id}", kind=REVIEW)


def of_award(session: Session, award: Award) -> list[AwardLook]:
    """Every look at an award that was held, the latest first."""
    mine = select(AwardLook).where(AwardLook.award_id == award.id).order_by(AwardLook.id.desc())
    return list(session.scalars(mine))


def to_look_at(session: Session, award: Award, *, today: date) -> ToLookAt:
    """What somebody has before them who looks at an award now (R3, R6)."""
    came_in = list(
        session.scalars(
            select(MonitoringReturn).where(MonitoringReturn.award_id == award.id).order_by(MonitoringReturn.due)
        )
    )
    noted = select(Meeting).where(Meeting.award_id == award.id, Meeting.noted > 0).order_by(Meeting.starts_at)
    met = {one: " ".join(filter(None, (one.user_views, one.partner_views))) for one in session.scalars(noted)}
    returned = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(
            LedgerEntry.award_id == award.id, LedgerEntry.kind == "returned"
        )
    )
    back = int(returned or 0)
    spent = came_in[-1].spent if came_in else 0  # a return says what was spent since the start
    money = Spending(award=award.amount, paid=award.paid + back, returned=back, spent=spent)
    return ToLookAt(
        money,
        (
            *((f"return of {date_text(one.due)}", one.views) for one in came_in),
            *((f"meeting of {date_text(london_day(one.starts_at))}", said) for one, said in met.items()),
        ),
        (
            reconciliation_finding(money, ended=today > award.end_on),
            views_finding([one.views for one in came_in], list(met.values())),
        ),
    )


def record(
    session: Session,
    award_id: int,
    person: Person,
    *,
    due: date,
    outcome: LookOutcome,
    reconciled: bool,
    note: str,
    office: Office,
    now: datetime,
) -> AwardLook:
    """Record the look that is due on `due`, held today: it meets its deadline, and the next one is set.

    `reconciled`: the money agrees, or `note` says why it does not. Raises Refused (R6) where this person may not, or
    gives no reasons; Conflict where that look was recorded meanwhile, moved, or the award has ended.
    """
    award = commitments.held_award(session, award_id)
    actor = people.judging_for_office(session, person, award.application_id, "look at this award", "R6")
    said = written.words(note, "Write what you saw, and why it ends so: it goes on the record.", "R6")
    found = _due(session, award, due)
    today = london_day(now)
    seen = to_look_at(session, award, today=today)
    look = AwardLook(
        award_id=award.id,
        due=due,
        held_on=today,
        outcome=outcome.value,
        reconciled=reconciled,
        paid=seen.money.paid,
        returned=seen.money.returned,
        spent=seen.money.spent,
        findings=[finding_data(one) for one in seen.findings],
        note=said,
        person_id=person.id,
        made_at=now,
    )
    session.add(look)
    deadlines.meet(session, found, now=now)
    session.flush()
    after = max(due, today)  # one that was held late, after the next was due, saw all of both
    days = [day for day in _yearly(award, office) if day > after]
    if _is_historic(award, office):
        days.append(historic_review_on(today, office.policy))
    coming = _set(session, award, days, now=now)
    told = {
        "look": look.id,
        "due": due.isoformat(),
        "outcome": outcome.value,
        "reconciled": reconciled,
        "paid": look.paid,
        "returned": look.returned,
        "spent": look.spent,
        "findings": look.findings,
        "note": said,
        "next": coming.due.isoformat() if coming is not None else None,
        "person": person.id,
    }
    session.flush()
    events.append(session, "looked_at", award.reference, actor, told, now=now)
    return look


def move(
    session: Session,
    award_id: int,
    person: Person,
    *,
    due: date,
    until: date,
    reason: str,
    agreed_by: str = "",
    now: datetime,
) -> Deadline:
    """Look at the award on another day than `due`: one that was agreed (F3), or that suits. Its steps move with it.

    Raises Refused (R6) where this person may not, gives no reason, or names a day that is past or after the end of the
    award; Conflict as `record` does.
    """
    award = commitments.held_award(session, award_id)
    actor = people.judging_for_office(session, person, award.application_id, "move this review", "R6")
    missing = "Say why it is looked at on another day: it goes on the record."
    said = written.reason(reason, missing, "R6", agreed_by=agreed_by)
    found, today = _due(session, award, due), london_day(now)
    if until <= today:
        raise Refused("Enter a day after today. To look at it today, record what you saw.", "R6")
    if until > award.end_on:
        raise Refused(f"The award ends on {date_text(award.end_on)}. Enter that day or an earlier one.", "R6")
    if until == due or deadlines.find(session, subject=found.subject, kind=REVIEW, due=until) is not None:
        raise Refused(f"A review of {date_text(until)} is on record already. Enter another day.", "R6")
    deadlines.wait_again(session, found, due=until, since=today, now=now)
    session.flush()
    told = {"due": due.isoformat(), "until": until.isoformat(), "reason": said, "person": person.id}
    events.append(session, "look_moved", award.reference, actor, told, now=now)
    return found


def _any(session: Session, award: Award) -> bool:
    return deadlines.find(session, subject=f"award:{award.id}", kind=REVIEW) is not None


def _due(session: Session, award: Award, due: date) -> Deadline:
    if award.status != AwardState.ACTIVE:
        raise Conflict(f"{award.reference} is not an award that has been accepted and still runs.", "R6")
    found = deadline_of(session, award)
    if found is None or found.due != due:
        raise Conflict(
            f"The review of {date_text(due)} has been recorded already, or moved to another day. Nothing was changed.",
            "R6",
        )
    return found


def _is_historic(award: Award, office: Office) -> bool:
    """Whether an award was made before it came to the desk, from the crime and disorder fund (F3)."""
    decision, fund = award.application.decision, office.policy.fund(award.fund)
    return decision is not None and decision.outside_on is not None and fund is not None and fund.rule == "F3"


def _yearly(award: Award, office: Office) -> tuple[date, ...]:
    return look_dates(award.start_on, award.end_on, office.policy_under(award.policy_version))


def _set(
    session: Session,
    award: Award,
    days: list[date],
    *,
    now: datetime,
    silent_before: date | None = None,
) -> Deadline | None:
    """The earliest of these days that the award reaches: a look takes in whatever was to be seen by then."""
    coming = min((day for day in days if day <= award.end_on), default=None)
    if coming is None:
        return None
    return deadlines.set_deadline(
        session,
        subject=f"award:{award.id}",
        reference=award.reference,
        kind=REVIEW,
        due=coming,
        now=now,
        award_id=award.id,
        silent_before=silent_before,
    )
