"""The sweep (D0): whoever is to be told of a deadline today is told once, whatever was missed and however many sweep.

It finds its work by one index: open deadlines whose next step has come. For each addressee it takes the latest step
that has come, if that is later than what they had; what was missed in between is never made up, and the office is told
of it. A nudge row is unique by (deadline, due date, step, addressee) and is written with its outbox message in one
transaction, so the promise rests on that key alone, and on no lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import Table, func, insert, or_, select, update
from sqlalchemy.orm import Session

from core import deadlines, direct, outbox
from core.addressees import Addressee, Addressees, mail_subject
from core.deadlines import APPLICATION_ID
from core.office import Office, london_day
from core.records import Application, Award, Deadline, Nudge
from core.replanning import replan
from core.rules.calendar import nudge_dates

_NUDGES: Final = cast("Table", Nudge.__table__)

BATCH: Final = 2_000
"""How many deadlines one pass of a sweep takes up, so that its memory stays flat."""

MOST_MISSED: Final = 50
"""Of so many steps that were not sent the message says which; the rest are counted."""


@dataclass(frozen=True)
class Passed:
    """A step that nobody was told of, and the day on which it was to go: a later one takes its place.

    `why`: "gap", nothing ran then, or "pause".
    """

    step: int
    on: date
    why: str


@dataclass(frozen=True)
class SentStep:
    """One nudge that a sweep put into the outbox, as `award-desk sweep --json` prints it; `who` is staff by name.

    `missed` are the steps of the same deadline to the same addressee in whose place it goes.
    """

    reference: str
    kind: str
    due: date
    step: int
    to: str
    channel: str
    who: str = ""
    missed: tuple[Passed, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """JSON-ready, for a program. What was missed is there only where something was."""
        missed = [{"step": one.step, "on": one.on.isoformat(), "why": one.why} for one in self.missed]
        return {
            "reference": self.reference,
            "kind": self.kind,
            "due": self.due.isoformat(),
            "step": self.step,
            "to": self.to,
            "channel": self.channel,
            **({"missed": missed} if missed else {}),
        }


@dataclass(frozen=True)
class _Unsent:
    """A step that nobody was told, of a deadline that was due then: the day on which it was to go, and why it did not.

    More time in a pause may bring the same step of another due day to the same day again.
    """

    deadline_id: int
    due: date
    to: str
    step: int
    on: date
    why: str

    def as_data(self) -> list[Any]:
        """As a message says it (`core.missed`)."""
        return [self.deadline_id, self.to, self.step, self.on.isoformat(), self.why]


@dataclass
class _Told:
    """What one message holds: who is told, the nudges that it covers, and the steps that nobody was told."""

    to: Addressee
    nudges: list[dict[str, Any]] = field(default_factory=list)
    missed: list[_Unsent] = field(default_factory=list)


def sweep(
    session: Session, *, office: Office, today: date, now: datetime, ordered: bool = False
) -> tuple[SentStep, ...]:
    """Put every nudge that has come by `today` and was not sent into the outbox, oldest deadline first.

    One message to each person covers many nudges. What staff are told one by one waits for the end of quiet hours,
    unless a person `ordered` the sweep. Safe to repeat and to run twice at once: on PostgreSQL each sweep skips the
    deadlines that another holds, and the unique key stands behind that.
    """
    since = replan(session, office=office, today=today, now=now)
    session.flush()  # from here on it is plain rows that are read and written
    addressees = Addressees(session, office=office, today=today)
    coming = _Coming(office, today, since)
    sent: list[SentStep] = []
    told: dict[tuple[str, str], _Told] = {}
    for due_now in _due(session, today):
        already = highest_sent(session, [row.id for row in due_now])
        moved: dict[date | None, list[int]] = {}
        for row in due_now:
            come = coming.of(row)
            moved.setdefault(come.next_on, []).append(row.id)
            for to, latest in come.latest.items():
                had = already.get((row.id, to))
                if had is not None and had >= latest.days:
                    continue
                who = addressees.of(row, to)
                missed = _missed(row, to, latest, had) if who and latest.passed else []
                passed = tuple(Passed(step.step, step.on, step.why) for step in missed)
                for one in who:
                    group = told.setdefault(one.together, _Told(one))
                    group.nudges.append(
                        {"deadline_id": row.id, "due": row.due, "step": latest.days, "person": one.person}
                    )
                    name = addressees.name(one)
                    sent.append(SentStep(row.reference, row.kind, row.due, latest.days, to, one.channel, name, passed))
                if missed:
                    for one in addressees.of(row, "officer"):
                        told.setdefault(one.together, _Told(one)).missed += missed
        _move_on(session, moved)
    _put(session, told, today=today, office=office, now=now, ordered=ordered)
    return tuple(sent)


def _due(session: Session, today: date) -> Iterator[Sequence[Any]]:
    """What has a step to be sent, so many at a time: the oldest first."""
    oldest = func.coalesce(Deadline.due, Deadline.due)  # for the bare column SQLite walks its index, and all deadlines
    query = (
        select(
            Deadline.id,
            Deadline.reference,
            Deadline.kind,
            Deadline.due,
            Deadline.set_at,
            Deadline.silent_before,
            Deadline.next_step_on,
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
        .order_by(oldest, Deadline.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Deadline)
    )
    page = query
    while rows := session.connection().execute(page).all():
        yield rows
        if len(rows) < BATCH:
            return
        due, number = rows[-1].due, rows[-1].id
        page = query.where(or_(oldest > due, (oldest == due) & (Deadline.id > number)))


def highest_sent(session: Session, deadline_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """The latest step that was sent, by deadline and addressee, in days from its day: none up to it is sent again."""
    rows = session.connection().execute(
        select(Nudge.deadline_id, Nudge.person, func.max(Nudge.step))
        .join(Nudge.deadline)
        .where(Nudge.deadline_id.in_(deadline_ids), Nudge.due == Deadline.due)
        .group_by(Nudge.deadline_id, Nudge.person)
    )
    return {(deadline_id, person): step for deadline_id, person, step in rows}


@dataclass(frozen=True)
class _Latest:
    """The latest step of an addressee that has come, and those before it that nobody will have: [days, day, why]."""

    days: int
    passed: Sequence[tuple[int, date, str]]


@dataclass(frozen=True)
class _Come:
    """What of a deadline has come, by addressee, and the day of its next step after today."""

    latest: Mapping[str, _Latest]
    next_on: date | None


class _Coming:
    """What has come by today, worked out once for all deadlines that are alike.

    A step is taken up by the first sweep on its day or after it, and never again: what was over before a deadline's
    `next_step_on` is not made up for somebody who was not there to be told then.
    """

    def __init__(self, office: Office, today: date, since: date | None) -> None:
        self._office = office
        self._today = today
        self._since = since
        self._known: dict[tuple[str, date, date | None, date | None, date | None], _Come] = {}

    def of(self, row: Any) -> _Come:
        """What has come of a deadline, which is not there to be written to."""
        key = (row.kind, row.due, row.snoozed_until, row.silent_before, row.next_step_on)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._worked_out(*key)
        return found

    def _worked_out(
        self, kind: str, due: date, snoozed_until: date | None, silent_before: date | None, first: date
    ) -> _Come:
        planned_now = deadlines.planned(self._office, kind, due, snoozed_until)
        by_itself = dict(nudge_dates(due, tuple(step for step, _ in planned_now), self._office.closed_days))
        sent = [(step, on) for step, on in planned_now if silent_before is None or on >= silent_before]
        come: dict[str, list[tuple[int, date, bool]]] = {}
        for step, on in sent:
            if first <= on <= self._today:
                come.setdefault(step.to, []).append((step.days, on, on != by_itself[step]))
        latest = {}
        for to, steps in come.items():
            *passed, (days, sent_on, _) = sorted(steps)
            why = [(before, on, self._why(on, sent_on, held=held)) for before, on, held in passed]
            latest[to] = _Latest(days, tuple(one for one in why if one[2]))
        return _Come(latest, min((on for _, on in sent if on > self._today), default=None))

    def _why(self, on: date, sent_on: date, *, held: bool) -> str:
        """Why a step did not go out by itself: nothing ran on its day, or a pause held it. "" where a later one did."""
        if self._since is not None and self._since < on < sent_on:
            return "gap"
        return "pause" if held else ""


def _missed(row: Any, to: str, latest: _Latest, had: int | None) -> list[_Unsent]:
    """The steps that nobody was told of: none from before it was set."""
    set_on = london_day(row.set_at)
    return [
        _Unsent(row.id, row.due, to, days, on, why)
        for days, on, why in latest.passed
        if on >= set_on and (had is None or days > had)
    ]


def _move_on(session: Session, moved: Mapping[date | None, Sequence[int]]) -> None:
    """Note the day of each deadline's next step: many have the same."""
    for on, deadline_ids in moved.items():
        session.execute(
            update(Deadline)
            .where(Deadline.id.in_(deadline_ids))
            .values(next_step_on=on)
            .execution_options(synchronize_session=False)
        )


def _put(
    session: Session,
    told: Mapping[tuple[str, str], _Told],
    *,
    today: date,
    office: Office,
    now: datetime,
    ordered: bool,
) -> None:
    """One message to each person, and the nudges that it covers, written together in two statements."""
    messages = [_message(one, today=today, office=office, now=now, ordered=ordered) for one in told.values()]
    numbers = outbox.put_rows(session, messages)
    rows = [
        {**nudge, "message_id": number, "noted_at": now}
        for number, one in zip(numbers, told.values(), strict=True)
        for nudge in one.nudges
    ]
    if rows:
        session.connection().execute(insert(_NUDGES), rows)


def _message(told: _Told, *, today: date, office: Office, now: datetime, ordered: bool) -> dict[str, Any]:
    to = told.to
    more: dict[str, Any] = {}
    if told.missed:
        more = {"missed": [one.as_data() for one in told.missed[:MOST_MISSED]], "missed_count": len(told.missed)}
    if today != london_day(now):
        more["as_of"] = today.isoformat()  # staff are told as on that day
    key = _key(told)
    if to.email:
        return outbox.row_of("nudge", subject=mail_subject(to.email), key=key, payload={"to": to.to}, now=now)
    if to.person_id is None:
        payload = {"to": "staff", **more}
        return outbox.row_of("staff_nudge", subject="nudges:staff", key=key, payload=payload, now=now)
    payload = {"person_id": to.person_id, **({"ordered": True} if ordered else {}), **more}
    return outbox.row_of(
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
    one = told.missed[0]
    return f"missed:{one.deadline_id}:{one.due}:{one.to}:{one.step}:{one.on}:{told.to.person_id or 'channel'}"
