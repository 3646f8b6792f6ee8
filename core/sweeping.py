"""The sweep (D0): whoever is to be told of a deadline today is told once, whatever was missed and however many sweep.

It finds its work by one index: open deadlines whose next step has come. For each addressee it takes the latest step
that has come, if that is later than what they had; what was missed in between is never made up, and the office is told
of it. A nudge row is unique by (deadline, due date, step, addressee) and is written with its outbox message in one
transaction, so the promise rests on that key alone, and on no lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from core import direct, outbox
from core.addressees import Addressee, Addressees, mail_subject
from core.deadlines import APPLICATION_ID, planned
from core.office import Office, london_day
from core.records import Application, Award, Deadline, Nudge, OutboxMessage
from core.replanning import replan
from core.rules.policy import NudgeStep

BATCH: Final = 2_000
"""How many deadlines one pass of a sweep takes up, so that its memory stays flat."""

MOST_MISSED: Final = 50
"""Of so many steps that were not sent the message says which; the rest are counted."""


@dataclass(frozen=True)
class SentStep:
    """One nudge that a sweep put into the outbox, as `award-desk sweep --json` prints it; `who` is staff by name."""

    reference: str
    kind: str
    due: date
    step: int
    to: str
    channel: str
    who: str = ""

    def as_data(self) -> dict[str, Any]:
        """JSON-ready, for a program."""
        return {
            "reference": self.reference,
            "kind": self.kind,
            "due": self.due.isoformat(),
            "step": self.step,
            "to": self.to,
            "channel": self.channel,
        }


@dataclass
class _Told:
    """What one message holds: who is told, the nudges that it covers, and the steps that nobody was told."""

    to: Addressee
    nudges: list[dict[str, Any]] = field(default_factory=list)
    missed: list[list[Any]] = field(default_factory=list)


def sweep(
    session: Session, *, office: Office, today: date, now: datetime, ordered: bool = False
) -> tuple[SentStep, ...]:
    """Put every nudge that has come by `today` and was not sent into the outbox, oldest deadline first.

    One message to each person covers many nudges. What staff are told one by one waits for the end of quiet hours,
    unless a person `ordered` the sweep. Safe to repeat and to run twice at once: on PostgreSQL each sweep skips the
    deadlines that another holds, and the unique key stands behind that.
    """
    since = replan(session, office=office, today=today, now=now)
    addressees = Addressees(session, today=today)
    sent: list[SentStep] = []
    told: dict[tuple[str, str], _Told] = {}
    after: tuple[date, int] | None = None
    while due_now := _due(session, today, after):
        after = (due_now[-1].due, due_now[-1].id)
        already = _highest_sent(session, [row.id for row in due_now])
        moved: list[dict[str, Any]] = []
        for row in due_now:
            steps = planned(office, row.kind, row.due, row.snoozed_until)
            for to, (step, missed) in _latest_steps(row, steps, already, office, today, since).items():
                for one in addressees.of(row, to):
                    group = told.setdefault(one.together, _Told(one))
                    group.nudges.append({"deadline_id": row.id, "due": row.due, "step": step, "person": one.person})
                    sent.append(SentStep(row.reference, row.kind, row.due, step, to, one.channel, addressees.name(one)))
                if missed and any(True for _ in addressees.of(row, to)):
                    for one in addressees.of(row, "officer"):
                        told.setdefault(one.together, _Told(one)).missed += [[row.id, to, *each] for each in missed]
            moved.append({"id": row.id, "next_step_on": _next(row, steps, today)})
        session.execute(update(Deadline), moved)
    _put(session, told, office=office, now=now, ordered=ordered)
    return tuple(sent)


def _due(session: Session, today: date, after: tuple[date, int] | None) -> Sequence[Any]:
    query = (
        select(
            Deadline.id,
            Deadline.reference,
            Deadline.kind,
            Deadline.due,
            Deadline.set_at,
            Deadline.silent_before,
            Deadline.snoozed_until,
            Deadline.owner_id,
            APPLICATION_ID.label("application_id"),
            Application.taken_by_id,
            Application.contact_email,
            Application.second_email,
        )
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == APPLICATION_ID)
        .where(Deadline.is_open, Deadline.next_step_on <= today)
        .order_by(Deadline.due, Deadline.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Deadline)
    )
    if after is not None:
        query = query.where(or_(Deadline.due > after[0], (Deadline.due == after[0]) & (Deadline.id > after[1])))
    return session.execute(query).all()


def _highest_sent(session: Session, deadline_ids: Collection[int]) -> dict[tuple[int, str], int]:
    rows = session.execute(
        select(Nudge.deadline_id, Nudge.person, func.max(Nudge.step))
        .join(Nudge.deadline)
        .where(Nudge.deadline_id.in_(deadline_ids), Nudge.due == Deadline.due)
        .group_by(Nudge.deadline_id, Nudge.person)
    )
    return {(deadline_id, person): step for deadline_id, person, step in rows}


def _latest_steps(
    row: Any,
    steps: Sequence[tuple[NudgeStep, date]],
    already: Mapping[tuple[int, str], int],
    office: Office,
    today: date,
    since: date | None,
) -> dict[str, tuple[int, list[list[Any]]]]:
    """For each addressee the latest step that has come, unless they had that one or a later one; and what was missed.

    Missed is a step that came after the last sweep (`since`) and before this one's day: nothing was running then, or a
    pause held it.
    """
    come = [(step, on) for step, on in steps if on <= today and (row.silent_before is None or on >= row.silent_before)]
    latest: dict[str, tuple[int, date]] = {}
    for step, on in come:
        if step.to not in latest or step.days > latest[step.to][0]:
            latest[step.to] = (step.days, on)
    found: dict[str, tuple[int, list[list[Any]]]] = {}
    for to, (days, sent_on) in latest.items():
        had = already.get((row.id, to))
        if had is not None and had >= days:
            continue
        missed = [
            [step.days, on.isoformat(), _why(row, step, office)]
            for step, on in come
            if step.to == to
            and step.days < days
            and (had is None or step.days > had)
            and _could_have_gone(row, on, sent_on, since, _paused(row, step, office))
        ]
        found[to] = (days, missed)
    return found


def _could_have_gone(row: Any, on: date, sent_on: date, since: date | None, paused: bool) -> bool:
    """Whether a step would have gone out by itself: it was set by then, and nothing ran, or a pause held it."""
    if london_day(row.set_at) > on:
        return False
    return paused or (since is not None and since < on < sent_on)


def _paused(row: Any, step: NudgeStep, office: Office) -> bool:
    day = row.due.toordinal() + step.days
    if not date.min.toordinal() <= day <= date.max.toordinal():
        return False
    return any(pause.covers(row.kind, date.fromordinal(day)) for pause in office.policy.pauses)


def _why(row: Any, step: NudgeStep, office: Office) -> str:
    return "pause" if _paused(row, step, office) else "gap"


def _next(row: Any, steps: Sequence[tuple[NudgeStep, date]], today: date) -> date | None:
    days = [on for _, on in steps if on > today and (row.silent_before is None or on >= row.silent_before)]
    return min(days, default=None)


def _put(
    session: Session, told: Mapping[tuple[str, str], _Told], *, office: Office, now: datetime, ordered: bool
) -> None:
    """One message to each person, and the nudges that it covers, written together in two statements."""
    messages = [_message(one, office=office, now=now, ordered=ordered) for one in told.values()]
    outbox.put_all(session, messages)
    rows = [
        {**nudge, "message_id": message.id, "noted_at": now}
        for message, one in zip(messages, told.values(), strict=True)
        for nudge in one.nudges
    ]
    if rows:
        session.execute(insert(Nudge), rows)


def _message(told: _Told, *, office: Office, now: datetime, ordered: bool) -> OutboxMessage:
    to, missed = told.to, {}
    if told.missed:
        missed = {"missed": told.missed[:MOST_MISSED], "missed_count": len(told.missed)}
    key = _key(told)
    if to.email:
        return outbox.message_of("nudge", subject=mail_subject(to.email), key=key, payload={"to": to.to}, now=now)
    if to.person_id is None:
        payload = {"to": "staff", **missed}
        return outbox.message_of("staff_nudge", subject="nudges:staff", key=key, payload=payload, now=now)
    payload = {"person_id": to.person_id, **({"ordered": True} if ordered else {}), **missed}
    return outbox.message_of(
        direct.NUDGE,
        subject=f"direct:{to.person_id}",
        key=key,
        payload=payload,
        now=now,
        not_before=now if ordered else direct.told_from(now, office=office),
    )


def _key(told: _Told) -> str:
    """Unique for ever: of the first nudge that it covers, or of the first step that nobody was told."""
    if told.nudges:
        first = told.nudges[0]
        return f"nudge:{first['deadline_id']}:{first['due'].isoformat()}:{first['step']}:{first['person']}"
    deadline_id, to, step, on, _ = told.missed[0]
    return f"missed:{deadline_id}:{to}:{step}:{on}:{told.to.person_id or 'channel'}"
