"""How long each link lasts, by the policy: to a draft, offer, return or meeting, and one that starts an application."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from core.ledger import end_of
from core.links import Purpose, link_for
from core.office import london_day
from core.records import Award, Deadline, Link, Meeting
from core.rules.calendar import add_months
from core.rules.lifecycle import AwardState
from core.rules.policy import Policy


def draft_until(policy: Policy, today: date) -> datetime:
    """The end of a draft's link: it lasts as long as a draft is kept, from its last save on (W4)."""
    return end_of(add_months(today, policy.keep("draft").months))


def return_until(policy: Policy, award: Award, due: date) -> datetime:
    """The end of a return's link: some months after the award, or after the return was due where that is later."""
    return end_of(add_months(max(award.end_on, due), policy.return_link_months.value))


def meeting_until(policy: Policy, award: Award, day: date) -> datetime:
    """The end of a meeting's link: as long after the award, or the meeting where that is later, as a return's lasts."""
    return return_until(policy, award, day)


def link_to(
    session: Session, purpose: Purpose, subject_id: int, *, policy: Policy, now: datetime, address: str = ""
) -> Link:
    """The link that leads there now. One that had run out, or was revoked, is made anew, to last as the policy says."""
    expires_at = _until(session, purpose, subject_id, policy, now)
    return link_for(session, purpose, subject_id, now=now, expires_at=expires_at, address=address)


def _until(session: Session, purpose: Purpose, subject_id: int, policy: Policy, now: datetime) -> datetime | None:
    if purpose == "application":
        return draft_until(policy, london_day(now))
    if purpose == "start":
        return now + timedelta(days=policy.start_link_days.value)
    if purpose == "offer":
        award = session.get(Award, subject_id)
        ends = (AwardState.OFFERED, AwardState.EXPIRED)
        return end_of(award.accept_by) if award is not None and award.status in ends else None
    renewed = now + timedelta(days=policy.renewed_link_days.value)
    if purpose == "meeting":
        meeting = session.get(Meeting, subject_id)
        if meeting is None:
            return renewed
        return max(meeting_until(policy, meeting.award, london_day(meeting.starts_at)), renewed)
    deadline = session.get(Deadline, subject_id)
    if deadline is None or deadline.award is None:
        return renewed
    return max(return_until(policy, deadline.award, deadline.due), renewed)
