"""What is still to come of an award that runs, as its recipient reads it: returns to send, and meetings with us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from core import meetings
from core.links import leading
from core.meetings import MEETING
from core.records import Award
from core.returns import RETURN
from core.rules.calendar import date_text
from core.rules.lifecycle import AwardState, MeetingState
from core.rules.words import listed
from intake import pages


@dataclass(frozen=True)
class Invitation:
    """A meeting that they are invited to; `address` is its page, "" where no link leads to it now."""

    starts_at: datetime
    address: str


@dataclass(frozen=True)
class ToCome:
    """Which returns have not come in, the meetings they are invited to, and around when they will be: days in words.

    `days_ahead` is how many days before a return is due its recipient first hears of it.
    """

    returns: str
    invitations: tuple[Invitation, ...]
    meetings: str
    days_ahead: int


def to_come(session: Session, award: Award | None) -> ToCome | None:
    """What is to come; None where there is no award that runs."""
    if award is None or award.status != AwardState.ACTIVE:
        return None
    office = pages.office()
    now, steps = office.clock(), office.policy.nudge_steps.get(RETURN, ())

    def address(number: int) -> str:
        link = leading(session, "meeting", number, now=now)
        return office.signer.address("meeting", link) if link is not None else ""

    return ToCome(
        returns=_days(award, RETURN, office.today()),
        invitations=tuple(
            Invitation(one.starts_at, address(one.id))
            for one in meetings.of_award(session, award)
            if one.status == MeetingState.INVITED and one.starts_at > now
        ),
        meetings=_days(award, MEETING, office.today()),
        days_ahead=max((-step.days for step in steps if not step.to_staff), default=0),
    )


def _days(award: Award, kind: str, today: date) -> str:
    due = sorted(one.due for one in award.deadlines if one.kind == kind and one.is_open)
    return listed(f"{date_text(day)}{' (overdue)' if day < today and kind == RETURN else ''}" for day in due)
