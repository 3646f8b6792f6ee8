"""One table of everything that falls due, and the nudges it has had (D0).

The sweep finds its work by one index: open deadlines whose next step has come. For each person it takes the latest
step that has come and was not sent; what was missed in between is never made up. A nudge row is unique by (deadline,
due date, step, person) and is written with its outbox message in one transaction.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session, selectinload

from core import outbox
from core.errors import Conflict
from core.office import Office
from core.records import Application, Award, Deadline, Nudge, OutboxMessage
from core.rules.calendar import nudge_dates
from core.rules.policy import Policy

CHANNELS = {"recipient": "email", "officer": "slack", "director": "slack"}
"""Who is told, and by what."""

SWEEP_BATCH = 2_000
"""How many deadlines one pass of a sweep takes up, so that its memory stays flat."""


@dataclass(frozen=True)
class SentStep:
    """One nudge that a sweep put into the outbox, as `award-desk sweep --json` prints it."""

    reference: str
    kind: str
    due: date
    step: int
    to: str
    channel: str

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "due": self.due.isoformat()}


def set_deadline(
    session: Session,
    *,
    subject: str,
    reference: str,
    kind: str,
    due: date,
    office: Office,
    now: datetime,
    award_id: int | None = None,
    final: bool = False,
    silent_before: date | None = None,
) -> Deadline:
    """Store something that falls due. The policy has the steps of `kind`; none before `silent_before` is ever sent."""
    deadline = Deadline(
        subject=subject,
        reference=reference,
        award_id=award_id,
        kind=kind,
        due=due,
        final=final,
        set_at=now,
        silent_before=silent_before,
        next_step_on=first_step_on(office.policy, kind, due, office.closed_days, since=silent_before),
    )
    session.add(deadline)
    return deadline


def first_step_on(
    policy: Policy,
    kind: str,
    due: date,
    holidays: frozenset[date],
    *,
    since: date | None = None,
    after: date | None = None,
) -> date | None:
    """The day of the earliest step from `since` on, or later than `after`; None if there is none."""
    days = [
        on
        for _, on in nudge_dates(due, policy.nudge_steps.get(kind, ()), holidays)
        if (since is None or on >= since) and (after is None or on > after)
    ]
    return min(days, default=None)


def meet(deadline: Deadline, *, now: datetime) -> None:
    """It was done: no more nudges."""
    deadline.met_at = now
    deadline.next_step_on = None


def extend(
    session: Session, deadline: Deadline, until: date, *, office: Office, today: date, silent_before: date | None = None
) -> None:
    """Make it due on a later day; its steps move with it (D0).

    What was sent for the earlier day stays sent, and what waits to be sent for it is not sent any more. Each step that
    the new day has from `today` on, or from `silent_before` where that is later, is sent once; one before it is not
    made up, since whoever is concerned is told of the new day.
    Raises Conflict where it was met, closed or moved meanwhile, ValueError for a day that is not later.
    """
    was = deadline.due
    if until <= was:
        raise ValueError(f"{until} is not later than {was}")
    since = max(deadline.silent_before or today, silent_before or today, today)
    moved = session.execute(
        update(Deadline)
        .where(
            Deadline.id == deadline.id,
            Deadline.due == was,
            Deadline.is_open,
        )
        .values(
            due=until,
            first_due=deadline.first_due or was,
            silent_before=since,
            next_step_on=first_step_on(office.policy, deadline.kind, until, office.closed_days, since=since),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(deadline)
    if not moved.rowcount:  # type: ignore[attr-defined]  # a CursorResult
        raise Conflict(f"What was due on {was.isoformat()} has been done, closed or moved meanwhile.", "D0")


def close(session: Session, *, subject: str, kinds: Iterable[str] | None = None, now: datetime) -> None:
    """Close what is open of a subject without its having been met: an offer that was refused, an award that ended."""
    query = update(Deadline).where(Deadline.subject == subject, Deadline.is_open)
    if kinds is not None:
        query = query.where(Deadline.kind.in_(list(kinds)))
    session.execute(query.values(closed_at=now, next_step_on=None).execution_options(synchronize_session=False))
    session.flush()


def find(session: Session, *, subject: str, kind: str, due: date | None = None) -> Deadline | None:
    """The deadline of a subject, kind and (where there are several) due date."""
    query = select(Deadline).where(Deadline.subject == subject, Deadline.kind == kind)
    if due is not None:
        query = query.where(Deadline.due == due)
    return session.scalars(query.order_by(Deadline.due)).first()


def sweep(
    session: Session, *, office: Office, today: date, now: datetime, dry_run: bool = False
) -> tuple[SentStep, ...]:
    """Put every nudge that has come by `today` and was not sent into the outbox, oldest deadline first.

    One message per person covers many nudges. With `dry_run` nothing is written. Safe to repeat and to run twice at
    once: on PostgreSQL each sweep skips the deadlines that another holds, and the unique key stands behind that.
    """
    sent: list[SentStep] = []
    by_person: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    after: tuple[date, int] | None = None
    while due_now := _due(session, today, after, locked=not dry_run):
        after = (due_now[-1].due, due_now[-1].id)
        already = _highest_sent(session, [row.id for row in due_now])
        moved: list[dict[str, Any]] = []
        for row in due_now:
            for step, to in _latest_steps(row, already, office, today):
                if to == "recipient" and not row.contact_email:
                    continue  # an award that was made outside may have nobody to write to; the officer's steps remain
                person = f"{to}:{row.contact_email}" if to == "recipient" else to
                by_person[to, person].append({"deadline_id": row.id, "due": row.due, "step": step, "person": to})
                sent.append(SentStep(row.reference, row.kind, row.due, step, to, CHANNELS[to]))
            moved.append(
                {
                    "id": row.id,
                    "next_step_on": first_step_on(
                        office.policy, row.kind, row.due, office.closed_days, since=row.silent_before, after=today
                    ),
                }
            )
        if not dry_run:
            session.execute(update(Deadline), moved)
    if not dry_run:
        _put(session, by_person, now)
    return tuple(sent)


def _due(session: Session, today: date, after: tuple[date, int] | None, *, locked: bool) -> Sequence[Any]:
    query = (
        select(
            Deadline.id,
            Deadline.reference,
            Deadline.kind,
            Deadline.due,
            Deadline.silent_before,
            Application.contact_email,
        )
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == Award.application_id)
        .where(Deadline.is_open, Deadline.next_step_on <= today)
        .order_by(Deadline.due, Deadline.id)
        .limit(SWEEP_BATCH)
    )
    if after is not None:
        query = query.where(or_(Deadline.due > after[0], (Deadline.due == after[0]) & (Deadline.id > after[1])))
    if locked:
        query = query.with_for_update(skip_locked=True, of=Deadline)
    return session.execute(query).all()


def _highest_sent(session: Session, deadline_ids: Collection[int]) -> dict[tuple[int, str], int]:
    rows = session.execute(
        select(Nudge.deadline_id, Nudge.person, func.max(Nudge.step))
        .join(Nudge.deadline)
        .where(Nudge.deadline_id.in_(deadline_ids), Nudge.due == Deadline.due)
        .group_by(Nudge.deadline_id, Nudge.person)
    )
    return {(deadline_id, person): step for deadline_id, person, step in rows}


def _latest_steps(row: Any, already: dict[tuple[int, str], int], office: Office, today: date) -> list[tuple[int, str]]:
    """For each person the latest step that has come; nothing if they had that one, or a later one, already."""
    latest: dict[str, int] = {}
    for step, on in nudge_dates(row.due, office.policy.nudge_steps.get(row.kind, ()), office.closed_days):
        if on <= today and (row.silent_before is None or on >= row.silent_before):
            latest[step.to] = max(step.days, latest.get(step.to, step.days))
    return [(step, to) for to, step in latest.items() if step > already.get((row.id, to), step - 1)]


def _put(session: Session, by_person: Mapping[tuple[str, str], list[dict[str, Any]]], now: datetime) -> None:
    """One message for each person, and the nudges that it covers, written together in two statements."""
    messages = [_message(to, person, nudges[0], now) for (to, person), nudges in by_person.items()]
    outbox.put_all(session, messages)
    rows = [
        {**nudge, "message_id": message.id, "noted_at": now}
        for message, nudges in zip(messages, by_person.values(), strict=True)
        for nudge in nudges
    ]
    if rows:
        session.execute(insert(Nudge), rows)


def _message(to: str, person: str, first: Mapping[str, Any], now: datetime) -> OutboxMessage:
    return outbox.message_of(
        "nudge" if to == "recipient" else "staff_nudge",
        subject=f"nudges:{hashlib.sha256(person.encode()).hexdigest()[:32]}",  # an address may be longer than a subject
        key=f"nudge:{first['deadline_id']}:{first['due'].isoformat()}:{first['step']}:{to}",
        payload={"to": to},
        now=now,
    )


def nudges_of(session: Session, message: OutboxMessage) -> list[Nudge]:
    """What a nudge message covers, oldest deadline first, with each deadline and its award loaded."""
    return list(
        session.scalars(
            select(Nudge)
            .join(Nudge.deadline)
            .where(Nudge.message_id == message.id)
            .order_by(Deadline.due, Deadline.id)
            .options(selectinload(Nudge.deadline).selectinload(Deadline.award).selectinload(Award.application))
        )
    )


def state_of(deadline: Deadline, today: date) -> str:
    """met, overdue or due: computed, never stored."""
    if deadline.met_at is not None:
        return "met"
    return "overdue" if deadline.due < today else "due"


def listing(
    session: Session,
    *,
    office: Office,
    today: date,
    before: date | None = None,
    state: str | None = None,
    references: Collection[str] | None = None,
) -> list[dict[str, Any]]:
    """Deadlines as the API shows them, by due date: those due before `before`, in `state`, of these references."""
    query = select(Deadline).where(Deadline.closed_at.is_(None)).order_by(Deadline.due, Deadline.id)
    if before is not None:
        query = query.where(Deadline.due < before)
    if references is not None:
        query = query.where(Deadline.reference.in_(list(references)))
    if state == "met":
        query = query.where(Deadline.met_at.is_not(None))
    elif state == "due":
        query = query.where(Deadline.is_open, Deadline.due >= today)
    elif state == "overdue":
        query = query.where(Deadline.is_open, Deadline.due < today)
    found = session.scalars(query.options(selectinload(Deadline.nudges).selectinload(Nudge.message)))
    return [_as_data(deadline, office.policy, today) for deadline in found]


def _as_data(deadline: Deadline, policy: Policy, today: date) -> dict[str, Any]:
    sent_at = {
        (nudge.step, nudge.person): nudge.message.settled_at
        for nudge in deadline.nudges
        if nudge.message.outcome == "sent" and nudge.due == deadline.due
    }
    steps = []
    for step in policy.nudge_steps.get(deadline.kind, ()):
        instant = sent_at.get((step.days, step.to))
        steps.append({"days": step.days, "to": step.to, "sent_at": instant.isoformat() if instant else None})
    return {
        "reference": deadline.reference,
        "kind": deadline.kind,
        "due": deadline.due.isoformat(),
        "state": state_of(deadline, today),
        "steps": steps,
    }
