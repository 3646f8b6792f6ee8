"""Messages to one person: the weekly digest, what falls due of theirs, and the hours in which nobody is written to.

Only what nobody asked for waits for the end of quiet hours: cards, and what a person ordered, never do. What has
gathered for one person by then is sent as one message. Whoever is away is not written to: their deputy is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import absences, outbox, people
from core.office import LONDON, Office, london_day
from core.records import OutboxMessage, Person
from core.rules.calendar import next_working_day
from core.rules.policy import Body

DIGEST: Final = "digest"

NUDGE: Final = "person_nudge"
"""What falls due, told to the one person whose it is."""

GIVEN: Final = "deadline_given"
"""That somebody is to look after something that falls due, or after an award, told to them."""

KINDS: Final = (DIGEST, NUDGE, GIVEN)
"""What is told to a person and may be put together with whatever else they are told."""

MOST_TOGETHER: Final = 3
"""Messages that are put into one: Slack limits the text of a post."""


def told_from(now: datetime, *, office: Office) -> datetime:
    """`now`, or in quiet hours and on days that nobody works the instant at which people are written to again."""
    local = now.astimezone(LONDON)
    day, starts, ends = local.date(), office.policy.quiet_until.value, office.policy.quiet_from.value
    works = next_working_day(day, office.closed_days) == day
    if works and starts <= local.hour < ends:
        return now
    if not works or local.hour >= ends:
        day = next_working_day(day + timedelta(days=1), office.closed_days)
    return _at(day, starts)


def digest_moment(today: date, *, office: Office) -> datetime:
    """When the digest of the week of `today` goes out: on its day, or on the next that people work."""
    monday = _monday(today)
    day = next_working_day(monday + timedelta(days=office.policy.digest_day.value - 1), office.closed_days)
    return _at(day, office.policy.digest_hour.value)


def put_digests(session: Session, *, office: Office, now: datetime) -> list[Person]:
    """Put this week's digest into the outbox for everybody of the office who is linked and has none of it yet.

    Nothing before its moment. After it, whenever that is within the week: one that was missed is caught up. Whoever
    joined since the moment has their first in the next week. Answers for whom.
    """
    today = london_day(now)
    moment = digest_moment(today, office=office)
    if now < moment:
        return []
    week = _monday(today).isoformat()
    staff = {f"{DIGEST}:{week}:{one.id}": one for one in people.everybody(session) if _is_told(one, moment)}
    had = set(session.scalars(select(OutboxMessage.key).where(OutboxMessage.key.in_(staff))))
    new = {key: one for key, one in staff.items() if key not in had}
    outbox.put_all(
        session,
        [
            outbox.message_of(
                DIGEST,
                subject=f"direct:{absences.stands_in_for(session, one, today).id}",
                key=key,
                payload={"person_id": one.id},
                now=now,
                not_before=told_from(now, office=office),
            )
            for key, one in new.items()
        ],
    )
    return list(new.values())


def together_with(session: Session, message: OutboxMessage, *, now: datetime) -> list[OutboxMessage]:
    """What else may be told now to whom `message` is told, after it: nobody can claim these before it is settled."""
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.subject == message.subject,
            OutboxMessage.channel == message.channel,
            OutboxMessage.kind.in_(KINDS),
            OutboxMessage.settled_at.is_(None),
            OutboxMessage.not_before <= now,
            OutboxMessage.attempts == 0,
            OutboxMessage.id > message.id,
        )
        .order_by(OutboxMessage.id)
        .limit(MOST_TOGETHER - 1)
    )
    return list(session.scalars(query))


def _is_told(person: Person, moment: datetime) -> bool:
    of_office = Body(person.body) is Body.OFFICE and person.role not in people.READERS
    return of_office and bool(person.slack_user) and person.added_at <= moment


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), LONDON).astimezone(UTC)
