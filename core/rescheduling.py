"""Deadlines whose day the desk works out, or somebody outside sets: moved either way, ended by itself, opened again.

More time that is agreed is `deadlines.extend`. Every change here is guarded in the database, so that two processes that
come to the same conclusion make it once.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.deadlines import first_step_on
from core.errors import Conflict
from core.office import Office
from core.records import Deadline


def move(session: Session, deadline: Deadline, to: date, *, office: Office, today: date) -> None:
    """Make it due on another day, earlier or later; its steps move with it (D0).

    What was sent for the day that it had stays sent. Of the new day's steps those from today on are sent, none before.
    Raises Conflict where it was met, closed or moved meanwhile.
    """
    was = deadline.due
    since = max(deadline.silent_before or today, today)
    if not _changed(
        session,
        deadline,
        due=to,
        first_due=None,
        silent_before=since,
        next_step_on=first_step_on(office, deadline.kind, to, snoozed_until=deadline.snoozed_until, since=since),
    ):
        raise Conflict(f"What was due on {was.isoformat()} has been done, closed or moved meanwhile.", "D0")


def end(session: Session, deadline: Deadline, *, met: bool, now: datetime) -> bool:
    """Meet or close one that is open. False where somebody did so, or moved it, meanwhile."""
    ended = {"met_at": now} if met else {"closed_at": now}
    return _changed(session, deadline, next_step_on=None, **ended)


def reopen(session: Session, deadline: Deadline, *, office: Office, silent_before: date | None) -> None:
    """One that was closed waits to be met again. None of its steps before `silent_before` is sent."""
    deadline.closed_at = None
    deadline.silent_before = silent_before
    deadline.next_step_on = first_step_on(office, deadline.kind, deadline.due, since=silent_before)
    session.flush()


def _changed(session: Session, deadline: Deadline, **values: object) -> bool:
    session.flush()
    changed = session.execute(
        update(Deadline)
        .where(Deadline.id == deadline.id, Deadline.due == deadline.due, Deadline.is_open)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(deadline)
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # a CursorResult
