"""What was open before its kind of deadline came to the desk gets its own: once, at the first sweep after the upgrade.

Each gets the day that it would have had; none of its steps that falls before the upgrade is ever sent, so that nobody
is chased for what the desk kept quiet about until now. What falls due from then on is told as of anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import agreements, asking, decide_by, due_for_deletion, events, looks, payments
from core.office import Office
from core.records import Application, Asked, Award, DatesToSet, Payment
from core.rules.lifecycle import AWARD, TO_DECIDE, ApplicationState, AwardState
from core.rules.payment import PAYMENT, PaymentState

LINE = "dates_set"
"""The kind of the trail's line about it."""

_NEVER_AWARDED = (ApplicationState.DECLINED, ApplicationState.WITHDRAWN)
_TO_COME = [one.value for one in PaymentState if one not in PAYMENT.finals]


def set_what_is_missing(session: Session, *, office: Office, today: date, now: datetime) -> int:
    """Give everything that is open its deadline, where the record says that this is still to be done; answers how many.

    Safe to repeat, and to run twice at once: whoever comes second finds nothing left to do.
    """
    left = session.scalars(select(DatesToSet).with_for_update()).one_or_none()
    if left is None:
        return 0
    number = sum(_set(session, office, today, now))
    session.delete(left)
    session.flush()
    if number:
        told = {"deadlines": number, "silent_before": today.isoformat()}
        events.append(session, LINE, events.RECORD_TRAIL, "the desk", told, now=now)
    return number


def _set(session: Session, office: Office, today: date, now: datetime) -> Iterator[bool]:
    """Whether each thing that there is got one."""
    over = Award.status.in_([one.value for one in AWARD.finals])
    wanted = or_(Application.status.in_([one.value for one in (*TO_DECIDE, *_NEVER_AWARDED)]), over)
    applications = select(Application.id).outerjoin(Application.award).where(wanted).order_by(Application.id)
    for number in list(session.scalars(applications)):
        application = session.get_one(Application, number)
        yield decide_by.catch_up(session, application, office=office, silent_before=today, now=now)
        yield due_for_deletion.follow(session, application, office=office, now=now, silent_before=today)
    for asked in session.scalars(select(Asked).where(Asked.ended_at.is_(None)).order_by(Asked.id)).all():
        yield asking.catch_up(session, asked, silent_before=today, now=now)
    for award in session.scalars(select(Award).where(Award.status == AwardState.ACTIVE.value).order_by(Award.id)).all():
        yield agreements.catch_up(session, award, office=office, silent_before=today, now=now)
        yield looks.begin(session, award, office=office, now=now, silent_before=today) is not None
    for payment in session.scalars(select(Payment).where(Payment.status.in_(_TO_COME)).order_by(Payment.id)).all():
        yield payments.catch_up(session, payment, silent_before=today, now=now)
