"""What is still to be sent moves when its steps, the closed days or the pauses change (D0), with a line in the trail.

Each sweep compares what it plans with to what it planned with last: the policy's steps, the days that nobody works, of
which one may be announced late, and its pauses. What has been sent stays sent. What would have gone out later goes out
on its new day, at once where that has come; a step that is new and whose day has passed is not made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import events, guarded
from core.office import Office
from core.records import Deadline, SweepPlan
from core.rules.calendar import nudge_dates
from core.rules.policy import NudgeStep, Pause

ROW: Final = 1
TRAIL: Final = "deadlines"
"""The reference of the lines about all deadlines together."""

BATCH: Final = 2_000

Planned = Sequence[tuple[NudgeStep, date]]


def replan(session: Session, *, office: Office, today: date, now: datetime) -> date | None:
    """Move what is to be sent where the plan has changed, and note that a sweep is made on `today`.

    Answers the day of the last sweep, the latest of all there were; None before the first, and while another process
    is at it.
    """
    plan = plan_of(office)
    row = session.scalars(
        select(SweepPlan)
        .where(SweepPlan.id == ROW)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        if session.get(SweepPlan, ROW) is None:
            _begin(session, office, plan, today)
        return None
    since = row.swept_on
    if row.plan != plan:
        moved = _move(session, office, row.plan, since)
        told = {**_changes(row.plan, plan), "deadlines": moved}
        events.append(session, "deadlines_replanned", TRAIL, "sweep", told, now=now)
        row.plan = plan
    row.swept_on = max(since, today)
    return since


def _begin(session: Session, office: Office, plan: dict[str, Any], today: date) -> None:
    """The first sweep of all, or since the plan is kept: what an older desk planned gets the steps that came since."""
    try:
        with session.begin_nested():
            session.add(SweepPlan(id=ROW, swept_on=today, plan=plan))
    except IntegrityError:  # another process is first
        return
    _move(session, office, {}, today)


def plan_of(office: Office) -> dict[str, Any]:
    """What decides on which day a step goes out, as data: steps, closed days, pauses. Never their texts."""
    return {
        "steps": {
            kind: [[step.days, step.to] for step in steps] for kind, steps in sorted(office.policy.nudge_steps.items())
        },
        "closed": [day.isoformat() for day in sorted(office.closed_days)],
        "pauses": [
            [one.first.isoformat(), one.until.isoformat() if one.until else None, sorted(one.holds)]
            for one in office.policy.pauses
        ],
    }


def _move(session: Session, office: Office, old: Mapping[str, Any], since: date) -> int:
    """Work out anew when each open deadline has its next step. Answers how many have another day than before."""
    before, after = _Plan(old), _Plan(plan_of(office))
    moved, last = 0, 0
    query = select(
        Deadline.id, Deadline.kind, Deadline.due, Deadline.silent_before, Deadline.snoozed_until, Deadline.next_step_on
    )
    while rows := session.execute(
        query.where(Deadline.is_open, Deadline.id > last).order_by(Deadline.id).limit(BATCH)
    ).all():
        last = rows[-1].id
        changed: dict[date | None, list[Any]] = {}
        for row in rows:
            on = _next(row, before, after, since)
            waits = row.next_step_on is not None and row.next_step_on <= since  # a new one, for this very sweep
            if on != row.next_step_on and not (waits and (on is None or on > row.next_step_on)):
                changed.setdefault(on, []).append(row)
        moved += sum(_write(session, on, found) for on, found in changed.items())
    return moved


def _write(session: Session, on: date | None, rows: Sequence[Any]) -> int:
    """Note the day of the next step, where the deadline's own day has not been moved at this very moment."""
    as_they_were = tuple_(Deadline.id, Deadline.due).in_([(row.id, row.due) for row in rows])
    written = update(Deadline).where(as_they_were).values(next_step_on=on)
    return guarded.rows_changed(session, written.execution_options(synchronize_session=False))


def _next(row: Any, before: _Plan, after: _Plan, since: date) -> date | None:
    """The earliest new day of a step that was still to come, or that is new and falls on the last sweep's day or later.

    Over is a step whose day was passed by a sweep, whether or not there was anybody to tell, and that is not put off to
    a day that is still to come. One that waited for the end of a pause that had none is not over.
    """
    was = before.days_of(row)
    days = []
    for step, on in after.of(row):
        if row.silent_before is not None and on < row.silent_before:
            continue
        if (step.days, step.to) not in was:
            over = on < since
        else:
            earlier = was[step.days, step.to]
            over = earlier is not None and earlier <= since
            over = over and (row.next_step_on is None or row.next_step_on > max(earlier or on, on))
        if not over:
            days.append(on)
    return min(days, default=None)


class _Plan:
    """A plan as data, read once; the days of each deadline by it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._steps = {
            kind: tuple(NudgeStep(days, to) for days, to in steps) for kind, steps in data.get("steps", {}).items()
        }
        self._closed = frozenset(date.fromisoformat(day) for day in data.get("closed", ()))
        self._pauses = [
            Pause(date.fromisoformat(first), date.fromisoformat(until) if until else None, "", tuple(holds), "")
            for first, until, holds in data.get("pauses", ())
        ]
        self._known: dict[tuple[str, date, date | None], Planned] = {}

    def days_of(self, row: Any) -> Mapping[tuple[int, str], date | None]:
        """Every step of a deadline, those that its officer put off too, with its day; None while a pause has no end."""
        steps = self._steps.get(row.kind, ())
        found: dict[tuple[int, str], date | None] = dict.fromkeys((step.days, step.to) for step in steps)
        if row.snoozed_until is not None and row.kind in self._steps:
            found[(row.snoozed_until - row.due).days, "officer"] = None
        planned = self.of(row) if row.snoozed_until is None else [*self._unsnoozed(row), *self.of(row)]
        return found | {(step.days, step.to): on for step, on in planned}

    def _unsnoozed(self, row: Any) -> Planned:
        steps = self._steps.get(row.kind, ())
        return nudge_dates(row.due, steps, self._closed, pauses=self._pauses_of(row.kind))

    def of(self, row: Any) -> Planned:
        """The days on which the steps of a deadline go out."""
        key = (row.kind, row.due, row.snoozed_until)
        found = self._known.get(key)
        if found is None:
            steps, pauses = self._steps.get(row.kind, ()), self._pauses_of(row.kind)
            found = nudge_dates(row.due, steps, self._closed, pauses=pauses, snoozed_until=row.snoozed_until)
            self._known[key] = found
        return found

    def _pauses_of(self, kind: str) -> Sequence[Pause]:
        return [pause for pause in self._pauses if kind in pause.holds]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is different, for the trail."""
    was, now = old.get("steps", {}), new["steps"]
    return {
        "closed_added": sorted(set(new["closed"]) - set(old.get("closed", ()))),
        "closed_removed": sorted(set(old.get("closed", ())) - set(new["closed"])),
        "kinds": sorted(kind for kind in {*was, *now} if was.get(kind) != now.get(kind)),
        "pauses": new["pauses"] if new["pauses"] != old.get("pauses", []) else None,
    }
