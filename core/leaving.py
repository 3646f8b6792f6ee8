"""Somebody leaves the office: every power goes at once, and what was theirs to do becomes the next person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core import absences, issues, people
from core.office import london_day
from core.records import Issue, Person


@dataclass(frozen=True)
class Left:
    """Who left, and the open issues that were theirs, each with its owner from now on, if there is one."""

    person: Person
    issues: tuple[Issue, ...]


def leave(session: Session, *, email: str, actor: str, now: datetime) -> Left:
    """Take a person off the staff list, and hand on what was theirs. Raises NotFound for who is not on it.

    Their name stays on what they decided and recommended. Nothing that they began in Slack or on a page can be
    finished: each asks the staff list again.
    """
    person = people.remove(session, email=email, actor=actor, now=now)
    absences.end_all_of(session, person, actor=actor, today=london_day(now), now=now)
    return Left(person, issues.hand_on(session, person, actor=actor, now=now))
