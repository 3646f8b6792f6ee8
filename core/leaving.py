"""Somebody leaves the office: every power goes at once, and what was theirs to do becomes the next person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core import absences, chasing, feeds, issues, people, slack_links, taking
from core.office import london_day
from core.records import Application, Issue, Person


@dataclass(frozen=True)
class Left:
    """Who left, and what was theirs: open issues, each with its owner from now on, if there is one; and applications.

    The applications are nobody's now.
    """

    person: Person
    issues: tuple[Issue, ...]
    applications: tuple[Application, ...] = ()


def leave(session: Session, *, email: str, actor: str, now: datetime) -> Left:
    """Take a person off the staff list, and hand on what was theirs. Raises NotFound for who is not on it.

    Their name stays on what they decided and recommended. Nothing that they began in Slack or on a page can be
    finished: each asks the staff list again.
    """
    person = people.remove(session, email=email, actor=actor, now=now)
    absences.end_all_of(session, person, actor=actor, today=london_day(now), now=now)
    slack_links.forget(session, person)
    feeds.stop_all_of(session, person, now=now)
    handed_on = issues.hand_on(session, person, actor=actor, now=now)
    chasing.let_go(session, person, actor=actor, now=now)
    return Left(person, handed_on, taking.let_go(session, person, actor=actor, now=now))
