"""Absences: a person is away from a day to a day, and a named deputy of the office stands in.

What waits for the absent, and what is theirs to be told, goes to the deputy meanwhile. A deputy is given no power by
it: who may recommend and decide follows from a person's own role and the policy's delegations alone (A1), which never
look here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from core import events, people
from core.errors import NotFound, Refused
from core.records import Absence, Interest, Person
from core.rules.calendar import date_text

NO_POWER = "Standing in gives no power to decide: that comes only from a role and the policy's delegations."


def away(
    session: Session,
    person: Person,
    *,
    from_day: date,
    until_day: date,
    deputy: Person,
    actor: str,
    today: date,
    now: datetime,
) -> Absence:
    """Note that `person` is away on these days, both included, and that `deputy` stands in.

    Raises Refused for days that are over or the wrong way round, for one who is away then already, and for a deputy who
    is not of the office, only reads, or is away then too.
    """
    if until_day < from_day:
        raise Refused(f"The last day, {date_text(until_day)}, is before the first, {date_text(from_day)}.")
    if until_day < today:
        raise Refused(f"{date_text(until_day)} is over. Give the days on which {person.name} is still to be away.")
    if not person.active:
        raise Refused(f"{person.name} is not on the staff list.")
    if deputy.id == person.id:
        raise Refused("Nobody stands in for themselves. Name somebody else of the office.")
    if not people.acts_for_office(deputy):
        raise Refused(
            f"{deputy.name} cannot stand in for anybody: a deputy works for the office and is on its staff list. The "
            "constabulary, the panel and auditors are no deputies.",
            "A2",
        )
    # One after the other: two absences that overlap would name two deputies for one day.
    session.scalars(
        select(Person.id).where(Person.id.in_([person.id, deputy.id])).order_by(Person.id).with_for_update()
    )
    for one, remedy in (
        (person, "Say first that they are back, with 'award-desk people back'."),
        (deputy, "Name somebody who is here."),
    ):
        other = next(iter(_between(session, one, from_day, until_day)), None)
        if other is not None:
            raise Refused(f"{one.name} is away {_days(other)} already. {remedy}")
    relied_on = session.scalars(_open().where(Absence.deputy_id == person.id, *_overlap(from_day, until_day))).first()
    if relied_on is not None:
        raise Refused(
            f"{person.name} stands in for {relied_on.person.name} {_days(relied_on)}. Say first that "
            f"{relied_on.person.name} is back, and name another deputy for them."
        )
    absence = Absence(person_id=person.id, deputy_id=deputy.id, from_day=from_day, until_day=until_day, noted_at=now)
    session.add(absence)
    session.flush()
    told = {
        "person": person.id,
        "name": person.name,
        "deputy": deputy.id,
        "deputy_name": deputy.name,
        "from": from_day.isoformat(),
        "until": until_day.isoformat(),
    }
    events.append(session, "person_away", people.STAFF_TRAIL, actor, told, now=now)
    return absence


def back(session: Session, person: Person, *, actor: str, today: date, now: datetime) -> Absence:
    """End the absence that holds today, or else call off the next one. Raises NotFound where there is neither."""
    absence = session.scalars(
        _open()
        .where(Absence.person_id == person.id, *_overlap(today, date.max))
        .order_by(Absence.from_day)
        .limit(1)
        .with_for_update(of=Absence)
    ).first()
    if absence is None:
        raise NotFound(f"{person.name} is not away, and no absence of theirs is coming.")
    _end(session, absence, actor=actor, today=today, now=now)
    return absence


def end_all_of(session: Session, person: Person, *, actor: str, today: date, now: datetime) -> None:
    """End every absence of a person, and every one in which they stand in: they have left the office."""
    theirs = or_(Absence.person_id == person.id, Absence.deputy_id == person.id)
    for absence in session.scalars(_open().where(theirs, *_overlap(today, date.max)).order_by(Absence.id)):
        _end(session, absence, actor=actor, today=today, now=now)


def _end(session: Session, absence: Absence, *, actor: str, today: date, now: datetime) -> None:
    absence.ended_on = today
    session.flush()
    told = {"person": absence.person_id, "name": absence.person.name, "deputy": absence.deputy_id}
    events.append(session, "person_back", people.STAFF_TRAIL, actor, told, now=now)


def absence_on(session: Session, person: Person, day: date) -> Absence | None:
    """The absence of a person that holds on a day; None where they are there."""
    return next(iter(_between(session, person, day, day)), None)


def coming(session: Session, *, today: date) -> dict[int, Absence]:
    """The absence of each person that holds today or is the next to come, by the person's number."""
    found: dict[int, Absence] = {}
    for absence in session.scalars(_open().where(*_overlap(today, date.max)).order_by(Absence.from_day, Absence.id)):
        found.setdefault(absence.person_id, absence)
    return found


def stands_in_for(session: Session, person: Person, day: date, *, application_id: int | None = None) -> Person:
    """Who gets what waits for `person`, and what is theirs to be told, on a day: themselves, or who stands in.

    It stays with the person where the deputy has left, does not act for the office any more, or has declared an
    interest in the application that it is about (A2). It gives nobody a power (A1).
    """
    absence = absence_on(session, person, day)
    if absence is None or not _may_stand_in(session, absence.deputy, application_id):
        return person
    return absence.deputy


def who_acts(
    session: Session, persons: Iterable[Person], day: date, *, application_id: int | None = None
) -> list[Person]:
    """Those to tell instead of `persons` on a day, each once, in their order."""
    acting = (stands_in_for(session, person, day, application_id=application_id) for person in persons)
    return list({person.id: person for person in acting}.values())


def stood_in_for(session: Session, person: Person, day: date, *, application_id: int | None = None) -> list[Person]:
    """Everybody for whom `person` stands in on a day: whose waiting things are shown to them as well as their own."""
    absent = session.scalars(_open().where(Absence.deputy_id == person.id, *_overlap(day, day)).order_by(Absence.id))
    return [one.person for one in absent if one.person.active and _may_stand_in(session, person, application_id)]


def _may_stand_in(session: Session, deputy: Person, application_id: int | None) -> bool:
    if not people.acts_for_office(deputy):
        return False
    if application_id is None:
        return True
    interest = select(Interest.id).where(Interest.application_id == application_id, Interest.person_id == deputy.id)
    return session.scalar(interest) is None


def _open() -> Select[Absence]:
    """Absences that were not called off, or ended early before their first day."""
    return select(Absence).where(or_(Absence.ended_on.is_(None), Absence.ended_on > Absence.from_day))


def _overlap(from_day: date, until_day: date) -> tuple[ColumnElement[bool], ...]:
    """Those that hold on any of these days. Whoever is back on a day is there on it."""
    return (
        Absence.from_day <= until_day,
        Absence.until_day >= from_day,
        or_(Absence.ended_on.is_(None), Absence.ended_on > from_day),
    )


def _between(session: Session, person: Person, from_day: date, until_day: date) -> Collection[Absence]:
    return session.scalars(_open().where(Absence.person_id == person.id, *_overlap(from_day, until_day))).all()


def _days(absence: Absence) -> str:
    return f"from {date_text(absence.from_day)} to {date_text(absence.until_day)}"
