"""Deadlines whose day the desk works out, or somebody outside sets: moved either way, or ended by itself (D0).

More time that is agreed is `deadlines.extend`. Every change here is guarded in the database, so that two processes that
come to the same conclusion make it once.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from core import deadlines
from core.records import Deadline


def move(session: Session, deadline: Deadline, to: date, *, today: date, now: datetime) -> None:
    """Make it due on another day, earlier or later; its steps move with it (D0).

    What was sent for the day that it had stays sent. Of the new day's steps those from today on are sent, none before.
    Raises Conflict where it was met, closed or moved meanwhile.
    """
    was = deadline.due
    since = max(deadline.silent_before or today, today)
    moved = {"due": to, "first_due": None, "silent_before": since, "next_step_on": since}
    if not deadlines.change(session, deadline, now=now, **moved):
        raise deadlines.moved_meanwhile(was)


def end(session: Session, deadline: Deadline, *, met: bool, now: datetime) -> bool:
    """Meet or close one that is open. False where somebody did so, or moved it, meanwhile."""
    ended = {"met_at": now} if met else {"closed_at": now}
    return deadlines.change(session, deadline, now=now, next_step_on=None, **ended)
