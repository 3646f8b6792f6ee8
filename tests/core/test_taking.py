"""Whose an application is, what is on the next sitting's list, and how it is sent back (A2, A5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core import asking, audit_story, events, leaving, panel_list, taking
from core.audit import verify
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Person
from core.rules.policy import OrganisationType, Role
from tests.core.casework import (
    END,
    active,
    allocate,
    at_once,
    decide,
    facts,
    messages,
    person,
    recommend,
    recommended,
    someone,
    submitted,
    trail,
)


def take(office: Office, application: int, who: int) -> None:
    with office.sessions.begin() as session:
        taking.take(session, application, someone(session, who), office=office, now=office.clock())


def whose(office: Office, application: int) -> int | None:
    with office.reading() as session:
        return session.get_one(Application, application).taken_by_id


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []


def test_it_is_taken_taken_over_and_let_go(office: Office) -> None:
    application, olive, dev = submitted(office), person(office, name="Olive"), person(office, Role.DIRECTOR)
    assert whose(office, application) is None
    take(office, application, olive)
    take(office, application, olive)
    assert [line.data for line in trail(office, "taken")] == [{"person": olive, "from": None, "was": None}]
    cards = len(messages(office, "card"))
    take(office, application, dev)
    assert whose(office, application) == dev
    assert trail(office, "taken")[1].data == {"person": dev, "from": olive, "was": "Olive"}
    assert len(messages(office, "card")) == cards + 1
    with office.sessions.begin() as session:
        email = session.get_one(Person, dev).email
        left = leaving.leave(session, email=email, actor="test", now=office.clock())
        assert [one.id for one in left.applications] == [application]
    assert whose(office, application) is None
    assert len(messages(office, "card")) == cards + 2
    assert [one for one in story_of(office, application) if one.startswith("It was taken") or "nobody's" in one] == [
        "It was taken on",
        "It was taken over from Olive",
        f"{trail(office, 'let_go')[0].data['was']} left, so it is nobody's to work on",
    ]
    sound(office)


@pytest.mark.one_database
def test_who_recommends_on_what_is_nobodys_looks_after_it_and_who_decides_does_not(office: Office) -> None:
    allocate(office, "youth-fund", 10_000_00)
    mine, taken = submitted(office), submitted(office)
    olive, dev = person(office, name="Olive"), person(office, name="Dev")
    take(office, taken, dev)
    for application in (mine, taken):
        recommend(office, application, olive)
    assert (whose(office, mine), whose(office, taken)) == (olive, dev)
    decide(office, mine, person(office, Role.COMMISSIONER))
    assert whose(office, mine) == olive
    assert [one.data for one in trail(office, "taken")][1:] == [
        {"person": olive, "from": None, "was": None, "by": "recommending"}
    ]
    assert "It was taken on, by recommending on it" in story_of(office, mine)
    told_of = [one.payload["line"] for one in messages(office, "card_note")]
    recommendations = [one.sequence for one in trail(office, "recommended")]
    assert told_of == [trail(office, "taken")[0].sequence, *recommendations, trail(office, "approved")[0].sequence]
    sound(office)


@pytest.mark.one_database
def test_an_officer_who_asks_about_what_is_nobodys_looks_after_it_and_the_commissioner_does_not(office: Office) -> None:
    first, second = submitted(office), submitted(office)
    olive = person(office, name="Olive")
    for application, who in ((first, olive), (second, person(office, Role.COMMISSIONER))):
        with office.sessions.begin() as session:
            about = session.get_one(Application, application)
            asking.ask(session, about, someone(session, who), "Who comes?", office=office, now=office.clock())
    assert (whose(office, first), whose(office, second)) == (olive, None)
    assert "It was taken on, by asking about it" in story_of(office, first)
    sound(office)


def story_of(office: Office, application: int) -> list[str]:
    """What the story of an application says, line by line."""
    with office.reading() as session:
        reference = str(session.get_one(Application, application).reference)
        return [one.what for one in audit_story.story(session, reference, office=office, today=office.today()).entries]


def test_ten_take_it_at_once_and_each_is_told_of(office: Office) -> None:
    application = submitted(office)
    officers = [person(office) for _ in range(10)]
    came = at_once([lambda who=who: take(office, application, who) for who in officers])  # type: ignore[misc]
    assert len(came.done) == 10
    lines = trail(office, "taken")
    assert [line.data["from"] for line in lines] == [None, *(line.data["person"] for line in lines[:-1])]
    assert whose(office, application) == lines[-1].data["person"]
    sound(office)


def test_what_is_decided_is_taken_no_more(office: Office) -> None:
    allocate(office, "youth-fund", 10_000_00)
    application = recommended(office)
    decide(office, application, person(office, Role.COMMISSIONER))
    with pytest.raises(Conflict, match="Already approved by"):
        take(office, application, person(office))


# ----------------------------------------------------------------------------------------------------------- the list


def put(office: Office, application: int, who: int, sitting_on: date | None = None) -> None:
    with office.sessions.begin() as session:
        panel_list.put_on_list(
            session, application, someone(session, who), sitting_on=sitting_on, office=office, now=office.clock()
        )


def take_off(office: Office, application: int, who: int) -> None:
    with office.sessions.begin() as session:
        panel_list.take_off_list(session, application, someone(session, who), office=office, now=office.clock())


def on_the_list(office: Office) -> list[tuple[int, date | None]]:
    with office.reading() as session:
        return [(one.application_id, one.sitting_on) for one in panel_list.listed(session)]


def test_what_is_put_on_the_list_is_on_it_until_taken_off_or_decided(office: Office) -> None:
    allocate(office, "youth-fund", 10_000_00)
    olive, day = person(office), office.today() + timedelta(days=14)
    first, second, third = submitted(office), recommended(office), submitted(office)
    for application in (first, second):
        put(office, application, olive)
    put(office, first, olive)
    put(office, third, olive, day)
    assert on_the_list(office) == [(third, day), (first, None), (second, None)]
    assert len(trail(office, "put_on_list")) == 3
    put(office, first, olive, office.today())
    assert on_the_list(office) == [(first, office.today()), (third, day), (second, None)]
    take_off(office, third, person(office, Role.DIRECTOR))
    with pytest.raises(Conflict, match="is on no list"):
        take_off(office, third, olive)
    decide(office, second, person(office, Role.COMMISSIONER))
    assert on_the_list(office) == [(first, office.today())]
    with pytest.raises(Refused, match="That day has passed"):
        put(office, third, olive, office.today() - timedelta(days=1))
    sound(office)


def test_listed_by_many_at_once_it_is_listed_once(office: Office) -> None:
    application = submitted(office)
    officers = [person(office) for _ in range(6)]
    came = at_once([lambda who=who: put(office, application, who) for who in officers])  # type: ignore[misc]
    assert len(came.done) == 6
    assert len(trail(office, "put_on_list")) == 1
    sound(office)


# ---------------------------------------------------------------------------------------------------------- send back


def send_back(office: Office, application: int, who: int, words: str = "") -> Any:
    with office.sessions.begin() as session:
        found = session.get_one(Application, application)
        return asking.send_back(
            session, found, someone(session, who), words=words, office=office, now=office.clock()
        ).question


FAILING: dict[str, Any] = {"organisation_type": OrganisationType.COMPANY, "amount": 4_000_00}
"""Too much for the Youth Fund, and from whom it does not take applications."""


@pytest.mark.parametrize("state", ["submitted", "recommended"])
def test_what_fails_is_sent_back_with_the_rules_that_it_fails(office: Office, state: str) -> None:
    application = submitted(office, facts(**FAILING))
    if state == "recommended":
        recommend(office, application, outcome="decline")
    question = send_back(office, application, person(office), "We would like to fund this.")
    assert question.startswith("We would like to fund this.\n\nPlease put this right")
    assert "(F5)" in question
    with office.reading() as session:
        found = session.get_one(Application, application)
        [asked] = asking.questions(session, found)
        assert (found.status, asked.may_correct, found.recommendation) == ("queried", True, None)
    [line] = trail(office, "queried")
    assert line.data["rules"] == ["F5"]
    assert line.data.get("set_aside", False) == (state == "recommended")
    assert len(messages(office, "question")) == 1
    sound(office)


def test_what_fails_nothing_is_sent_back_only_with_words(office: Office) -> None:
    application = submitted(office)
    with pytest.raises(Refused, match="It fails no rule, so write what is to be put right"):
        send_back(office, application, person(office))
    assert send_back(office, application, person(office), "Who drives the minibus?") == "Who drives the minibus?"
    with pytest.raises(Conflict):
        send_back(office, application, person(office), "And who else?")


def test_an_overdue_return_is_named_in_what_is_sent_back_to_the_address_that_owes_it_alone(
    office: Office, clock: Any
) -> None:
    """Whoever types the number of a charity learns nothing of its returns (R1)."""
    active(office)
    blocks = replace(office.policy.overdue_return_blocks, value=True)
    strict = replace(office, policy=replace(office.policy, overdue_return_blocks=blocks))
    clock.forward(days=240)
    later: dict[str, Any] = {"start": END, "end": END + timedelta(days=90), "title": "Another thing"}
    own = submitted(strict, facts(**later))
    theirs = submitted(strict, facts(**later, contact_email="eve@evil.example"))
    with strict.reading() as session:
        letters = [
            asking.letter_back(session, session.get_one(Application, one), office=strict, now=strict.clock())
            for one in (own, theirs)
        ]
    assert ["overdue" in letter for letter in letters] == [True, False]


def test_what_the_office_writes_is_kept_whole_and_the_rules_as_far_as_they_fit(office: Office) -> None:
    application = submitted(office, facts(**FAILING))
    own = "x" * 2_950
    question = send_back(office, application, person(office), own)
    assert question == own
    [line] = trail(office, "queried")
    assert line.data["rules"] == ["F5"]
