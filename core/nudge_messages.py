"""Messages in Slack that told of a deadline show what was done about it; whoever is given one is told of it.

A message is shown anew as a whole, where it stands, and only what it told of: it is worded when it is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core import absences, direct, homes, outbox
from core.office import Office, london_day
from core.records import Application, Deadline, Nudge, OutboxMessage, Person

SHOWN: Final = "nudges_shown"
"""A message that told of deadlines is to show how they stand now."""

STAFF: Final = "staff_nudge"
"""What is nobody's in particular, told in the deadlines channel."""

LATELY: Final = timedelta(days=28)
"""A message is shown anew for so long. No step of a kind, as shipped, comes more than four weeks after the one before
it, so what told of a deadline last is among these; nobody goes by an older one, and Slack is asked for no more.
"""


def put(session: Session, deadlines: Collection[int], *, now: datetime) -> None:
    """Show deadlines anew, by their numbers, wherever Slack was told of them lately, and in Homes.

    Whoever sets, moves, meets or closes one need not think of it: `core.deadlines` does. Several messages wait as one
    change each, of which only the latest is sent (`scheduler.staff_nudges`).
    """
    if not deadlines:
        return
    session.flush()
    told = select(Nudge.message_id).where(Nudge.deadline_id.in_(deadlines))
    stands = or_(OutboxMessage.slack_ts.is_not(None), OutboxMessage.settled_at.is_(None) & (OutboxMessage.attempts > 0))
    query = select(OutboxMessage.id).where(
        OutboxMessage.kind.in_([STAFF, direct.NUDGE, direct.GIVEN]),
        OutboxMessage.made_at >= now - LATELY,
        stands,  # or may: an attempt at it is in doubt, or just being made
        or_(OutboxMessage.id.in_(told), *(OutboxMessage.key.startswith(given_key(one)) for one in sorted(deadlines))),
    )
    change = uuid.uuid4().hex
    outbox.put_all(
        session,
        [
            outbox.message_of(
                SHOWN,
                subject=f"shown:{number}",
                key=f"{SHOWN}:{number}:{change}",
                payload={"message_id": number},
                now=now,
            )
            for number in session.scalars(query.order_by(OutboxMessage.id.desc()))
        ],
    )
    homes.put(session, f"deadlines:{change}", now=now)


def tell_in_channel(
    session: Session, message: OutboxMessage, *, now: datetime, nudges: Collection[int] | None = None
) -> None:
    """Tell in the deadlines channel what Slack does not take for the one person whom a message was for; or, where these
    `nudges` are given, what they are not to hear of by it.

    The nudges go with it: what they say was sent is what reached somebody.
    """
    whole = nudges is None
    names = ("missed", "missed_count", "as_of") if whole else ("as_of",)
    payload: dict[str, Any] = {"to": "staff", **{one: message.payload[one] for one in names if one in message.payload}}
    key = f"{message.key}:{'channel' if whole else 'out'}"
    instead = outbox.put(session, STAFF, subject="nudges:staff", key=key, payload=payload, now=now)
    session.execute(
        update(Nudge)
        .where(Nudge.message_id == message.id if nudges is None else Nudge.id.in_(list(nudges)))
        .values(message_id=instead.id)
        .execution_options(synchronize_session=False)
    )


def tell_new_owner(
    session: Session, about: Deadline | Application, owner: Person, *, by: Person, office: Office, now: datetime
) -> None:
    """Tell somebody that they look after a deadline from now on, or after the award of an application with what falls
    due of it; or tell whoever stands in for them. Not in quiet hours.
    """
    application = about.application if isinstance(about, Deadline) else about
    key, what = (
        (given_key(about.id), {"deadline_id": about.id})
        if isinstance(about, Deadline)
        else (f"{direct.GIVEN}:award:{about.id}:", {"application_id": about.id})
    )
    reader = absences.stands_in_for(
        session, owner, london_day(now), application_id=application.id if application is not None else None
    )
    message = outbox.message_of(
        direct.GIVEN,
        subject=f"direct:{reader.id}",
        key=f"{key}{uuid.uuid4().hex}",
        payload={"person_id": owner.id, **what, "by": by.id},
        now=now,
        not_before=direct.told_from(now, office=office),
    )
    outbox.put_all(session, [message])


def given_key(deadline: int) -> str:
    """What the keys begin with of the messages that tell somebody that they look after it."""
    return f"{direct.GIVEN}:{deadline}:"
