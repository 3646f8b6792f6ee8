"""Somebody leaves the office: every power goes at once, and what was theirs to do becomes the next person's.

Whoever takes over may be named: then all of it is theirs, but what they have an interest in (A2). What is nobody's is
listed, and the deadlines channel is told of all of it once: nothing stays with somebody who is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from core import (
    absences,
    bids,
    chasing,
    deadlines,
    feeds,
    forums,
    issues,
    meetings,
    nudge_messages,
    opportunities,
    outbox,
    people,
    slack_links,
    taking,
)
from core.errors import Refused
from core.office import london_day
from core.records import Application, Bid, Deadline, Forum, Issue, Meeting, Opportunity, Person

KIND: Final = "somebody_left"
"""That somebody has left who had things to look after, told in the deadlines channel."""


@dataclass(frozen=True)
class Left:
    """Who left, and what was theirs: each open issue, application, thing that falls due, bid and opportunity.

    Each has its owner from now on, `successor` or another; those without one are nobody's now. `meetings` are those to
    come that they invited to, and `forum` is the one that they planned: whoever goes there is to be agreed.
    """

    person: Person
    successor: Person | None
    issues: tuple[Issue, ...]
    applications: tuple[Application, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    bids: tuple[Bid, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    forum: Forum | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was theirs."""
        held = (self.issues, self.applications, self.deadlines, self.bids, self.opportunities, self.meetings)
        return not any(held) and self.forum is None


def leave(session: Session, *, email: str, successor: str | None = None, actor: str, now: datetime) -> Left:
    """Take a person off the staff list, and hand on what was theirs, to `successor`, another's address, if given.

    Raises NotFound for who is not on it, Refused for a successor who does not act for the office. Their name stays on
    what they decided and recommended. Nothing that they began in Slack or on a page can be finished: each asks the
    staff list again.
    """
    to = people.by_email(session, successor) if successor is not None else None
    person = people.by_email(session, email)
    if to is person or (to is not None and not people.acts_for_office(to)):
        raise Refused("Whoever takes over is somebody else of the office, who does more than read.")
    people.remove(session, email=email, actor=actor, now=now)
    absences.end_all_of(session, person, actor=actor, today=london_day(now), now=now)
    slack_links.forget(session, person)
    feeds.stop_all_of(session, person, now=now)
    left = Left(
        person,
        to,
        issues=issues.hand_on(session, person, to=to, actor=actor, now=now),
        deadlines=chasing.let_go(session, person, to=to, actor=actor, now=now),
        applications=taking.let_go(session, person, to=to, actor=actor, now=now),
        bids=bids.hand_on(session, person, to=to, actor=actor, now=now),
        opportunities=opportunities.hand_on(session, person, to=to, actor=actor, now=now),
        meetings=meetings.coming_with(session, person, now=now),
        forum=planned if (planned := forums.planned(session)) is not None and planned.person is person else None,
    )
    theirs = deadlines.open_of(session, [one.id for one in left.applications]) if left.applications else []
    nudge_messages.put(session, [one.id for one in theirs if one.owner_id is None], now=now)  # whose the award was
    if not left.is_nothing:
        outbox.put(
            session, KIND, subject=KIND, key=f"{KIND}:{person.id}:{now.isoformat()}", payload=_told(left), now=now
        )
    return left


def _told(left: Left) -> dict[str, Any]:
    lists = ("issues", "applications", "deadlines", "bids", "opportunities", "meetings")
    return {
        "person_id": left.person.id,
        "successor_id": left.successor.id if left.successor is not None else None,
        **{name: [one.id for one in getattr(left, name)] for name in lists},
        "forum_id": left.forum.id if left.forum is not None else None,
    }
