"""What the model is told of a record: bare facts, read from the tables as they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from core import deadlines
from core.office import Office
from core.records import Absence, Application, Award, Deadline, Interest, Person
from tests.deadlines.model import Away, Fact, Member, Plan, Staff, wall_day


def facts(office: Office) -> list[Fact]:
    """Everything that is open."""
    about = deadlines.APPLICATION_ID
    query = (
        select(
            Deadline.id, Deadline.kind, Deadline.due, Deadline.set_at, Deadline.silent_before, Deadline.snoozed_until,
            Deadline.owner_id, Application.taken_by_id, about, Application.contact_email, Application.second_email,
        )
        .outerjoin(Award, Award.id == Deadline.award_id)
        .outerjoin(Application, Application.id == about)
        .where(Deadline.is_open)
    )  # fmt: skip
    with office.reading() as session:
        return [_fact(row) for row in session.execute(query)]


def _fact(row: Any) -> Fact:
    number, kind, due, set_at, silent, snoozed, owner, taken_by, about, email, second = row
    day = wall_day(set_at)
    return Fact(number, kind, due, True, day, silent, snoozed, owner, taken_by, about, email or "", second or "")


def staff(office: Office) -> Staff:
    """Everybody, who is away, and who has an interest in what."""
    with office.reading() as session:
        members = {
            one.id: Member(one.id, one.role, one.body == "office", one.active, bool(one.slack_user))
            for one in session.scalars(select(Person))
        }
        away = tuple(
            Away(one.person_id, one.deputy_id, one.from_day, one.until_day, one.ended_on)
            for one in session.scalars(select(Absence))
        )
        interests = session.execute(select(Interest.application_id, Interest.person_id)).all()
    return Staff(members, away, frozenset((application, person) for application, person in interests))


def plan(office: Office) -> Plan:
    """The steps, days off and pauses of an office's policy."""
    policy = office.policy
    return Plan(
        {kind: tuple((one.days, one.to) for one in steps) for kind, steps in policy.nudge_steps.items()},
        office.holidays | frozenset(policy.closing_days.value),
        tuple((one.first, one.until, frozenset(one.holds)) for one in policy.pauses),
    )
