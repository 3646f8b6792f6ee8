"""A letter names who looks after what it is about, or who stands in for them, and nothing of theirs but the name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import absences, asking, leaving, people, sweeping, taking
from core.office import london_day
from core.records import Application, Award, Deadline, Interest, OutboxMessage, Person
from core.rules.policy import Role
from scheduler.wording import Letter, texts, word
from tests.scheduler.practice_desk import Desk

pytestmark = pytest.mark.one_database


def somebody(desk: Desk, name: str, role: Role = Role.OFFICER) -> Person:
    email = f"{name.split(maxsplit=1)[0].lower()}@office.example"
    with desk.office.sessions.begin() as session:
        slack = ("T0PRACTICE", f"U0{name.split(maxsplit=1)[0].upper()}")
        return people.add(session, name=name, email=email, role=role, slack=slack, actor="test", now=desk.clock())


def taken(desk: Desk, application_id: int, person: Person) -> None:
    """As whoever pressed "Take it on" before it was decided."""
    with desk.office.sessions.begin() as session:
        application = session.get_one(Application, application_id)
        application.taken_by_id, application.taken_at = person.id, desk.clock()


def reminder(desk: Desk, award: Award) -> Letter:
    """The mail of the week before an award's first return."""
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due - timedelta(days=7))
    with desk.office.sessions.begin() as session:
        sweeping.sweep(session, office=desk.office, today=desk.office.today(), now=desk.clock())
    return letter(desk, "nudge")


def letter(desk: Desk, kind: str) -> Letter:
    with desk.office.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.kind == kind, OutboxMessage.settled_at.is_(None))
        return word(session, session.scalars(query).one(), desk.office, texts())


def said(one: Letter) -> str:
    flat = " ".join(one.text.split())
    return flat.partition("Questions? ")[2]


def test_a_reminder_names_whoever_took_its_application_on_and_how_to_reach_the_office(desk: Desk) -> None:
    award = desk.active()
    olive = somebody(desk, "Olive O'Neill")
    taken(desk, award.application_id, olive)
    desk.quiet()
    found = reminder(desk, award)
    assert said(found).startswith(
        f"Please write to grants@practice.example or call 01632 960000, and quote {award.reference}. "
        "Ask for Olive O'Neill, who looks after this."
    )
    assert "Ask for Olive O&#39;Neill, who looks after this." in found.html
    for text in (found.text, found.html, found.subject):
        assert olive.email not in text
        assert "U0OLIVE" not in text
    assert "Olive" not in found.subject


def test_a_day_that_was_given_to_somebody_else_is_asked_of_them(desk: Desk) -> None:
    award = desk.active()
    taken(desk, award.application_id, somebody(desk, "Olive Officer"))
    other = somebody(desk, "Remi Reviewer")
    with desk.office.sessions.begin() as session:
        for one in session.scalars(select(Deadline).where(Deadline.award_id == award.id)):
            one.owner_id = other.id
    desk.quiet()
    assert "Ask for Remi Reviewer, who" in said(reminder(desk, award))


def test_things_of_several_officers_are_each_said_with_theirs(desk: Desk) -> None:
    one, two = desk.active(), desk.active()
    taken(desk, one.application_id, somebody(desk, "Olive Officer"))
    desk.quiet()
    found = reminder(desk, one)
    assert "Ask for" not in found.text + found.html
    assert found.text.count("Olive Officer looks after it") == found.html.count("Olive Officer looks after it") == 1
    assert found.text.index(one.reference) < found.text.index("Olive Officer") < found.text.index(two.reference)


def test_things_of_one_officer_are_said_once_of_all(desk: Desk) -> None:
    olive = somebody(desk, "Olive Officer")
    for award in (one := desk.active(), desk.active()):
        taken(desk, award.application_id, olive)
    desk.quiet()
    found = reminder(desk, one)
    assert found.text.count("Olive Officer") == 1
    assert "Ask for Olive Officer, who looks after this." in said(found)


def test_whoever_stands_in_is_named_while_the_officer_is_away(desk: Desk) -> None:
    award = desk.active()
    olive, dee = somebody(desk, "Olive Officer"), somebody(desk, "Dee Puty")
    taken(desk, award.application_id, olive)
    desk.quiet()
    due = desk.returns_due(award)[0]
    with desk.office.sessions.begin() as session:
        absences.away(
            session, session.get_one(Person, olive.id), from_day=due - timedelta(days=9), until_day=due,
            deputy=session.get_one(Person, dee.id), actor="test", today=london_day(desk.clock()), now=desk.clock(),
        )  # fmt: skip
    assert "Ask for Dee Puty, who" in said(reminder(desk, award))


@pytest.mark.parametrize("why", ["nobody", "left", "interest", "panel"])
def test_where_nobody_looks_after_it_the_letter_says_how_to_reach_the_office_alone(desk: Desk, why: str) -> None:
    award = desk.active()
    olive = somebody(desk, "Olive Officer", Role.PANEL if why == "panel" else Role.OFFICER)
    if why != "nobody":
        taken(desk, award.application_id, olive)
    with desk.office.sessions.begin() as session:
        if why == "nobody":
            session.get_one(Application, award.application_id).taken_by = None
        if why == "left":
            leaving.leave(session, email=olive.email, actor="test", now=desk.clock())
        elif why == "interest":
            about = {"application_id": award.application_id, "reason": "My brother's club."}
            session.add(Interest(person_id=olive.id, declared_at=desk.clock(), **about))
    desk.quiet()
    found = reminder(desk, award)
    assert said(found).startswith(
        f"Please write to grants@practice.example or call 01632 960000, and quote {award.reference}. Office"
    )
    assert "Olive" not in found.text + found.html


def test_a_question_names_who_looks_after_the_application(desk: Desk) -> None:
    application = desk.submit()
    olive = somebody(desk, "Olive Officer")
    desk.quiet()
    with desk.office.sessions.begin() as session:
        taking.take(session, application.id, olive, office=desk.office, now=desk.clock())
        found = session.get_one(Application, application.id)
        asking.ask(session, found, olive, "Who owns the hall?", office=desk.office, now=desk.clock())
    assert "Ask for Olive Officer, who looks after this." in said(letter(desk, "question"))
