"""What is to be sent. A message is written in the transaction that makes it true, claimed by one sender, and settled.

A message is delivered at least once: a sender that dies leaves its claim to run out, and whoever claims the message
next sees `attempts` above one and looks whether it was in fact sent. Messages of one subject go out in order.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Table, func, insert, or_, select, text, update
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session, SessionTransaction, aliased, sessionmaker

from core import guarded
from core.records import OutboxMessage

Channel = Literal["slack", "home", "mail", "webhook"]
CLAIM = timedelta(seconds=60)
"""How long a sender may take before another may look whether it died."""

NOTIFY = "award_desk_outbox"
"""The PostgreSQL channel on which other processes hear that there is something to send."""

FIRST = "first"
"""In a mail's payload: its reader had none about the same before it, since somebody else was written to until then."""

MESSAGES: dict[str, Channel] = {
    "card": "slack",
    "card_note": "slack",
    "sitting": "slack",
    "staff_nudge": "slack",
    "person_nudge": "slack",
    "nudges_shown": "slack",
    "deadline_given": "slack",
    "digest": "slack",
    "mail_refused": "slack",
    "somebody_left": "slack",
    "more_time_asked": "slack",
    "issue_raised": "slack",
    "meeting_time_proposed": "slack",
    "award_notice": "slack",
    "document_found_harmful": "slack",
    "homes": "home",
    "receipt": "mail",
    "question": "mail",
    "corrected": "mail",
    "contacts_changed": "mail",
    "offer": "mail",
    "declined": "mail",
    "withdrawn": "mail",
    "award_started": "mail",
    "offer_refused": "mail",
    "offer_expired": "mail",
    "offer_extended": "mail",
    "offer_withdrawn": "mail",
    "decline_undone": "mail",
    "measures_agreed": "mail",
    "measures_declined": "mail",
    "bank_details": "mail",
    "return_received": "mail",
    "return_queried": "mail",
    "more_time_agreed": "mail",
    "more_time_declined": "mail",
    "issue_closed": "mail",
    "meeting_invited": "mail",
    "meeting_moved": "mail",
    "meeting_cancelled": "mail",
    "meeting_time_declined": "mail",
    "meeting_notes": "mail",
    "forum_invitation": "mail",
    "nudge": "mail",
    "document_refused": "mail",
    "webhook": "webhook",
    "link_draft": "mail",
    "link_list": "mail",
    "link_start": "mail",
    "slack_code": "mail",
    "slack_linked": "mail",
}
"""Every kind of message and the channel that carries it."""

_TABLE = cast("Table", OutboxMessage.__table__)
_WOKEN = "outbox_put"
_WITHHELD = "outbox_withheld"


def put(
    session: Session,
    kind: str,
    *,
    subject: str,
    key: str,
    payload: dict[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> OutboxMessage:
    """Write a message of `kind` into the outbox. `key` is unique for ever: the same thing is never put twice.

    `payload` holds ids, never text that an applicant typed: the message is worded when it is sent.
    """
    message = message_of(kind, subject=subject, key=key, payload=payload, now=now, not_before=not_before)
    put_all(session, [message])
    return message


def message_of(
    kind: str,
    *,
    subject: str,
    key: str,
    payload: dict[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> OutboxMessage:
    """A message that is in no outbox yet, for `put_all`."""
    return OutboxMessage(**row_of(kind, subject=subject, key=key, payload=payload, now=now, not_before=not_before))


def row_of(
    kind: str,
    *,
    subject: str,
    key: str,
    payload: dict[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> dict[str, Any]:
    """The row of such a message, for `put_rows`."""
    return {
        "key": key,
        "kind": kind,
        "channel": MESSAGES[kind],
        "subject": subject,
        "payload": payload,
        "made_at": now,
        "not_before": not_before or now,
        "attempts": 0,
    }


def put_all(session: Session, messages: Sequence[OutboxMessage]) -> None:
    """Write messages into the outbox, in this order and at once. They then have their ids."""
    if not messages:
        return
    session.add_all(messages)
    session.flush()
    _wake(session)


def put_rows(session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[int]:
    """The same for rows of `row_of`, of which there are hundreds in a sweep. Answers their numbers, in their order."""
    if not rows:
        return ()
    # By key, not in the order of the rows: for that SQLite would have to be given them one by one.
    insertion = insert(_TABLE).returning(_TABLE.c.key, _TABLE.c.id)
    numbers = {row.key: row.id for row in session.connection().execute(insertion, rows)}
    _wake(session)
    return [numbers[row["key"]] for row in rows]


def _wake(session: Session) -> None:
    if not session.info.get(_WOKEN) and session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {NOTIFY}"))
    session.info[_WOKEN] = True


def call_after_put(sessions: sessionmaker[Session], wake: Callable[[], None]) -> None:
    """Call `wake` after each commit of these sessions that left something in the outbox."""

    @sqlalchemy_event.listens_for(sessions, "after_commit")
    def committed(session: Session) -> None:
        if not session.in_nested_transaction() and session.info.pop(_WOKEN, False):
            wake()


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:  # the end of a savepoint is not the end of what it is in
        session.info.pop(_WOKEN, None)
        session.info.pop(_WITHHELD, None)


def claim(session: Session, channel: Channel, *, now: datetime) -> OutboxMessage | None:
    """Claim the oldest message of `channel` that may be sent now; None if there is none.

    Commit before sending. `attempts` counts this one: above 1 means that an earlier attempt is in doubt or failed.
    """
    earlier = aliased(OutboxMessage)
    blocked = (
        select(earlier.id)
        .where(
            earlier.subject == OutboxMessage.subject,
            earlier.channel == OutboxMessage.channel,
            earlier.settled_at.is_(None),
            earlier.id < OutboxMessage.id,
        )
        .exists()
    )
    message = session.scalars(
        select(OutboxMessage)
        .where(
            OutboxMessage.channel == channel,
            OutboxMessage.settled_at.is_(None),
            OutboxMessage.not_before <= now,
            or_(OutboxMessage.claimed_until.is_(None), OutboxMessage.claimed_until < now),
            ~blocked,
        )
        .order_by(OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if message is not None:
        message.claim = uuid.uuid4().hex
        message.claimed_until = now + CLAIM
        message.attempts += 1
    return message


def settle(
    session: Session,
    message: OutboxMessage,
    outcome: Literal["sent", "failed", "withheld"],
    *,
    now: datetime,
    slack_channel: str | None = None,
    slack_ts: str | None = None,
    error: str | None = None,
) -> bool:
    """Close a claimed message for good: sent, failed for ever, or withheld as no longer worth sending.

    False if the claim ran out and somebody else holds it now.
    """
    return _close(
        session,
        message,
        outcome=outcome,
        settled_at=now,
        claimed_until=None,
        slack_channel=slack_channel,
        slack_ts=slack_ts,
        error=error,
    )


def put_back(session: Session, message: OutboxMessage, *, not_before: datetime, error: str, tried: bool = True) -> bool:
    """Give a claimed message back, to be tried again from `not_before` on. Not `tried`: it counts as no attempt."""
    values: dict[str, Any] = {} if tried else {"attempts": OutboxMessage.attempts - 1}
    return _close(session, message, claim=None, claimed_until=None, not_before=not_before, error=error, **values)


def settle_along(
    session: Session, numbers: Sequence[int], *, now: datetime, slack_channel: str | None, slack_ts: str | None
) -> None:
    """Close as sent what went out as part of another message. Nobody may hold a claim of these."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(numbers), OutboxMessage.settled_at.is_(None))
        .values(outcome="sent", settled_at=now, slack_channel=slack_channel, slack_ts=slack_ts)
        .execution_options(synchronize_session=False)
    )


def next_at(session: Session, channel: Channel, *, now: datetime) -> datetime | None:
    """When the next message of `channel` may be sent that may not be yet; None if none waits for its time."""
    return session.scalar(
        select(func.min(OutboxMessage.not_before)).where(
            OutboxMessage.channel == channel, OutboxMessage.settled_at.is_(None), OutboxMessage.not_before > now
        )
    )


def _close(session: Session, message: OutboxMessage, **values: Any) -> bool:
    mine = OutboxMessage.id == message.id, OutboxMessage.claim == message.claim, OutboxMessage.settled_at.is_(None)
    closed = update(OutboxMessage).where(*mine).values(**values).execution_options(synchronize_session=False)
    return bool(guarded.rows_changed(session, closed))


def release_claims(session: Session) -> None:
    """Free every claim. Only for a process that knows that it is the one sender, when it starts."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.settled_at.is_(None), OutboxMessage.claim.is_not(None))
        .values(claimed_until=None)
    )


def withhold(session: Session, *, now: datetime) -> None:
    """Close everything unsent as withheld: for a record that is set up with a past of its own (practice, import)."""
    session.flush()
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.settled_at.is_(None))
        .values(outcome="withheld", settled_at=now, claimed_until=None)
    )
    session.info.pop(_WOKEN, None)
    session.info[_WITHHELD] = True


def withhold_untried(session: Session, *, subject: str, kinds: Sequence[str], now: datetime) -> None:
    """Close as withheld what is about `subject`, of these kinds, and nobody has tried to send yet.

    What has been tried may have gone out: it goes its way, and is worded as things stand.
    """
    session.flush()
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.subject == subject,
            OutboxMessage.kind.in_(kinds),
            OutboxMessage.settled_at.is_(None),
            OutboxMessage.attempts == 0,
        )
        .values(outcome="withheld", settled_at=now)
        .execution_options(synchronize_session=False)
    )


def latest(session: Session, *, subject: str, kind: str) -> OutboxMessage | None:
    """The latest message of a kind about a subject, as the record has it now; None without one."""
    return session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.subject == subject, OutboxMessage.kind == kind)
        .order_by(OutboxMessage.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def may_have_gone(message: OutboxMessage | None) -> bool:
    """Whether somebody may have got a message: it was sent, it may yet be, or an attempt at it is in doubt.

    One that was given up at its first attempt, or withheld before it, has reached nobody.
    """
    if message is None:
        return False
    return message.outcome in (None, "sent") or message.attempts > 1


def is_withheld(session: Session) -> bool:
    """Whether what this transaction makes true is told to nobody, because `withhold` said so."""
    return bool(session.info.get(_WITHHELD))


_REFERENCE = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")


def reference_of(message: OutboxMessage) -> str:
    """What another service is told to call this message: its number, and a digest that no other record has."""
    said = f"{message.key}\n{message.made_at.astimezone(UTC).isoformat()}"
    return f"{message.id}-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def by_reference(session: Session, reference: str) -> OutboxMessage | None:
    """The message that another service was told to call so, held until this transaction ends; None if not ours."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.id == int(found[1])).with_for_update()
    ).one_or_none()
    if message is None or not hmac.compare_digest(reference_of(message), reference):
        return None
    return message


def waiting(session: Session) -> int:
    """How many messages are not settled."""
    return session.scalar(select(func.count()).where(OutboxMessage.settled_at.is_(None))) or 0
