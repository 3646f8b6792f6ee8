"""That what is due by itself was published: each month's publication (W2), each year's Annual Report (W1).

The desk says when it is due; somebody of the office publishes it, and records when and where it is to be found.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from core import deadlines, events, people
from core.deciding import WrongInput
from core.errors import Conflict, NotFound
from core.office import london_day
from core.records import Deadline, Person, Published
from core.rules.answers import clean_short
from core.rules.calendar import MONTH_NAMES

PUBLICATION: Final = "publication"
ANNUAL_REPORT: Final = "annual-report"
RULES: Final = {PUBLICATION: "W2", ANNUAL_REPORT: "W1"}
"""The kinds of deadline that are met here, and the rule of each."""

LONGEST_PLACE: Final = 300
SHOWN: Final = 24
"""How many of what was published are listed, the latest first."""


def period_of(deadline: Deadline) -> str:
    """Which month or year it is about: "2026-11", "2026-27"."""
    return deadline.subject.partition(":")[2]


def name_of(kind: str, period: str) -> str:
    """What it is called: "Publication of November 2026", "Annual Report of 2026-27"."""
    if kind == ANNUAL_REPORT:
        return f"Annual Report of {period}"
    year, month = period.split("-")
    return f"Publication of {MONTH_NAMES[int(month) - 1]} {year}"


def latest(session: Session) -> list[Published]:
    """What was published, the latest first."""
    query = select(Published).order_by(Published.published_on.desc(), Published.id.desc()).limit(SHOWN)
    return list(session.scalars(query.options(selectinload(Published.person))))


def record(session: Session, deadline_id: int, person: Person, *, on: date, place: str, now: datetime) -> Published:
    """It was published on a day, and is to be found at `place`: that meets its deadline.

    Raises NotFound for what is no such deadline, Refused for whoever is not of the office, WrongInput for what cannot
    be, Conflict where it is recorded already.
    """
    deadline = session.get(Deadline, deadline_id)
    if deadline is None or deadline.kind not in RULES:
        raise NotFound("Nothing of this kind is due. Go back and load the page again.", "W2")
    rule = RULES[deadline.kind]
    actor = people.acting_for_office(person, "record what was published", rule)
    place = clean_short(place)
    if not 0 < len(place) <= LONGEST_PLACE:
        raise WrongInput("place", f"Say where it is to be found, in up to {LONGEST_PLACE} characters.", rule)
    if on > london_day(now):
        raise WrongInput("on", "That day is still to come. Enter the day on which it was published.", rule)
    session.scalars(
        select(Deadline.id).where(Deadline.id == deadline.id).with_for_update(key_share=True)
    ).one()  # two who record it at once queue here
    session.refresh(deadline)
    if not deadline.is_open:
        raise Conflict("Somebody has recorded this already.", rule)
    period = period_of(deadline)
    published = Published(
        kind=deadline.kind, period=period, published_on=on, place=place, person_id=person.id, recorded_at=now
    )
    session.add(published)
    deadlines.meet(session, deadline, now=now)
    session.flush()
    told = {"period": period, "on": on.isoformat(), "place": place}
    events.append(session, f"{deadline.kind.replace('-', '_')}_published", deadline.reference, actor, told, now=now)
    return published
