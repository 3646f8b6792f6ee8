"""The office asks, the applicant or the recipient answers (A5, R1): one question at a time, ended once.

Everything that holds of both is tried on both: an application, and a return of an award.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import update

from core import applications, asking, awards, deciding, events, returns
from core.audit import verify
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Application, Asked, Decision, MonitoringReturn, Person
from core.rules.policy import Body, Role
from core.written import LONGEST_WORDS
from tests.core.casework import (
    active,
    allocate,
    at_once,
    decide,
    drafted,
    facts,
    messages,
    person,
    recommend,
    recommended,
    returned,
    someone,
    submitted,
    trail,
)

QUESTION = "You want £500 for gloves.\nFrom whom?"
DUE = date(2027, 7, 1)


@dataclass(frozen=True)
class Kind:
    """What is asked about, and what each step of it is called in the trail and in the outbox."""

    name: Literal["application", "return"]
    rule: str
    asked: str
    answered: str
    taken_back: str
    mail: str
    waiting: str


KINDS = (
    Kind("application", "A5", "queried", "answered", "question_taken_back", "question", "submitted"),
    Kind(
        "return",
        "R1",
        "return_queried",
        "return_answered",
        "return_question_taken_back",
        "return_queried",
        "received",
    ),
)


@dataclass(frozen=True)
class Thing:
    """An application or a return, by its row."""

    office: Office
    kind: Kind
    id: int

    def row(self, session: Any) -> Application | MonitoringReturn:
        find: Callable[..., Any] = applications.by_id if self.kind.name == "application" else returns.by_id
        found: Application | MonitoringReturn = find(session, self.id)
        return found

    def ask(self, who: int, question: str = QUESTION) -> int:
        with self.office.sessions.begin() as session:
            about, asker = self.row(session), someone(session, who)
            return asking.ask(session, about, asker, question, office=self.office, now=self.office.clock()).id

    def answer(self, asked: int, text: str = "From Gloves Ltd.", source: str = "applicant") -> None:
        with self.office.sessions.begin() as session:
            asking.answer(session, asked, text, source=source, now=self.office.clock())

    def take_back(self, asked: int, who: int) -> None:
        with self.office.sessions.begin() as session:
            asking.take_back(session, asked, someone(session, who), now=self.office.clock())

    def stands(self) -> tuple[str, tuple[Asked, ...]]:
        """Its state, and what was asked about it."""
        with self.office.reading() as session:
            about = self.row(session)
            return about.status, asking.questions(session, about)

    def refusal(self, who: int, step: Literal["query", "take_back"]) -> tuple[type[Refused], str] | None:
        with self.office.reading() as session:
            found = asking.may(session, self.row(session), someone(session, who), step)
            return None if found is None else (type(found), found.rule)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def thing(request: pytest.FixtureRequest, office: Office) -> Thing:
    """Something that waits for the office: an application that was sent, a return that came in."""
    kind: Kind = request.param
    if kind.name == "application":
        return Thing(office, kind, submitted(office))
    award_id = active(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        came_in = returns.receive(session, award, DUE, returned(), source="the recipient", now=office.clock())
        return Thing(office, kind, came_in.id)


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []


# ----------------------------------------------------------------------------------------------- what holds of both


def test_a_question_goes_out_and_it_waits_for_the_answer(thing: Thing, office: Office, clock: Any) -> None:
    olive = person(office, name="Olive Officer")
    asked_id = thing.ask(olive, f"  {QUESTION}\r\n")
    status, [asked] = thing.stands()
    assert (status, asked.id, asked.question) == ("queried", asked_id, QUESTION)
    assert (asked.person_id, asked.asked_at, asked.answer_by) == (olive, clock.now, date(2026, 12, 7))
    assert (asked.answer, asked.ended_at, asked.ended_by) == (None, None, None)
    [message] = messages(office, thing.kind.mail)
    assert (message.channel, message.key) == ("mail", f"{thing.kind.mail}:{asked_id}")
    assert message.payload == {"asked_id": asked_id}  # ids: the question is worded when it is sent
    [line] = trail(office, thing.kind.asked)
    due = {"due": "2027-07-01"} if thing.kind.name == "return" else {}
    assert line.actor == f"Olive Officer (officer, person {olive})"
    assert line.data == {**due, "question": QUESTION, "person": olive, "answer_by": "2026-12-07"}
    sound(office)


def test_an_answer_is_wanted_so_many_days_of_the_policy_on(thing: Thing, office: Office, clock: Any) -> None:
    clock.now = clock.now.replace(year=2027, month=3, day=31, hour=23, minute=30)  # 1 April in London
    thing.ask(person(office))
    _, [asked] = thing.stands()
    assert asked.answer_by == date(2027, 4, 15)
    assert office.policy.answer_days.value == 14


def test_an_answer_brings_it_back_and_it_may_be_asked_about_again(thing: Thing, office: Office, clock: Any) -> None:
    olive, omar = person(office), person(office)
    first = thing.ask(olive)
    clock.forward(days=2)
    thing.answer(first, " From Gloves Ltd.\n")
    status, [asked] = thing.stands()
    assert (status, asked.answer, asked.ended_by, asked.ended_at) == (
        thing.kind.waiting,
        "From Gloves Ltd.",
        "applicant",
        clock.now,
    )
    [line] = trail(office, thing.kind.answered)
    assert (line.actor, line.data["answer"]) == ("applicant", "From Gloves Ltd.")
    second = thing.ask(omar, "How many pairs?")
    status, both = thing.stands()
    assert (status, [one.answer for one in both]) == ("queried", ["From Gloves Ltd.", None])
    thing.answer(second, "Twelve.")
    assert [one.answer for one in thing.stands()[1]] == ["From Gloves Ltd.", "Twelve."]
    assert [one.payload["asked_id"] for one in messages(office, thing.kind.mail)] == [first, second]
    sound(office)


def test_a_question_that_nobody_answers_is_taken_back(thing: Thing, office: Office, clock: Any) -> None:
    omar = person(office, name="Omar")
    asked_id = thing.ask(person(office))
    clock.forward(days=30)
    thing.take_back(asked_id, omar)
    status, [asked] = thing.stands()
    assert (status, asked.answer, asked.ended_by) == (thing.kind.waiting, None, f"Omar (officer, person {omar})")
    assert (asked.ended_at or clock.now) - asked.asked_at == timedelta(days=30)
    [line] = trail(office, thing.kind.taken_back)
    assert (line.actor, line.data["person"]) == (f"Omar (officer, person {omar})", omar)
    sound(office)


@pytest.mark.parametrize("how", ["answered", "taken back"])
def test_a_question_that_has_ended_is_neither_answered_nor_taken_back(thing: Thing, office: Office, how: str) -> None:
    """Also where another question has been asked since: an answer is to the question that was read."""
    olive = person(office)
    first = thing.ask(olive)
    if how == "answered":
        thing.answer(first)
    else:
        thing.take_back(first, olive)
    says = "was answered on 23 November 2026 at 9:30am" if how == "answered" else "closed .* without an answer"
    for _ in range(2):
        with pytest.raises(Conflict, match=says) as refused:
            thing.answer(first, "From somebody else.")
        assert refused.value.rule == thing.kind.rule
        with pytest.raises(Conflict, match=says):
            thing.take_back(first, olive)
        if thing.stands()[0] != "queried":
            thing.ask(olive, "And when?")
    status, [ended, still_open] = thing.stands()
    assert (status, ended.answer) == ("queried", "From Gloves Ltd." if how == "answered" else None)
    assert still_open.ended_at is None


def test_what_was_never_asked_is_not_answered(thing: Thing, office: Office) -> None:
    with pytest.raises(NotFound):
        thing.answer(1_000)
    with pytest.raises(NotFound):
        thing.take_back(1_000, person(office))


@pytest.mark.one_database
@pytest.mark.parametrize("role", [Role.OFFICER, Role.DIRECTOR])
def test_constabulary_staff_neither_ask_nor_take_back(thing: Thing, office: Office, role: Role) -> None:
    constable = person(office, role, Body.CONSTABULARY)
    assert thing.refusal(constable, "query") == (Refused, thing.kind.rule)
    with pytest.raises(Refused, match="it is for the Commissioner's office"):
        thing.ask(constable)
    assert thing.stands() == (thing.kind.waiting, ())
    asked = thing.ask(person(office))
    with pytest.raises(Refused, match="it is for the Commissioner's office"):
        thing.take_back(asked, constable)
    assert thing.stands()[0] == "queried"


def test_whoever_has_left_neither_asks_nor_takes_back(thing: Thing, office: Office) -> None:
    leaver = person(office)
    asked = thing.ask(leaver)
    with office.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == leaver).values(active=False))
    with pytest.raises(Refused, match="not on the office's staff list"):
        thing.take_back(asked, leaver)
    thing.answer(asked)
    with pytest.raises(Refused, match="not on the office's staff list"):
        thing.ask(leaver)
    assert thing.refusal(leaver, "query") == (Refused, thing.kind.rule)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("text", "says"), [("", "Write"), (" \n\t\u200b", "Write"), ("x" * (LONGEST_WORDS + 1), "3,000 characters")]
)
def test_an_empty_or_endless_text_is_no_question_and_no_answer(
    thing: Thing, office: Office, text: str, says: str
) -> None:
    with pytest.raises(Refused, match=says) as refused:
        thing.ask(person(office), text)
    assert refused.value.rule == thing.kind.rule
    assert thing.stands() == (thing.kind.waiting, ())
    asked = thing.ask(person(office), "x" * LONGEST_WORDS)
    with pytest.raises(Refused, match=says):
        thing.answer(asked, text)
    assert thing.stands()[0] == "queried"
    thing.answer(asked, "y" * LONGEST_WORDS)


def test_six_officers_ask_at_once_and_one_question_goes_out(thing: Thing, office: Office) -> None:
    people = [person(office) for _ in range(6)]
    came = at_once([lambda who=who: thing.ask(who, f"{who}?") for who in people])  # type: ignore[misc]
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 5
    status, [asked] = thing.stands()
    [line] = trail(office, thing.kind.asked)
    assert (status, asked.question) == ("queried", line.data["question"])
    assert len(messages(office, thing.kind.mail)) == 1


def test_answered_and_taken_back_at_once_the_question_ends_once(thing: Thing, office: Office) -> None:
    who = person(office)
    asked_id = thing.ask(who)
    came = at_once([lambda: thing.answer(asked_id), lambda: thing.take_back(asked_id, who)] * 4)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 7
    assert all("This question was" in one.reason for one in came.refused)
    [line] = trail(office, thing.kind.answered, thing.kind.taken_back)
    status, [asked] = thing.stands()
    assert (status, asked.answer) == (thing.kind.waiting, line.data.get("answer"))
    sound(office)


def test_a_step_that_is_rolled_back_leaves_nothing(thing: Thing, office: Office) -> None:
    who = person(office)
    before = len(messages(office)), len(trail(office))

    def die() -> None:
        with office.sessions.begin() as session:
            about = thing.row(session)
            asking.ask(session, about, someone(session, who), QUESTION, office=office, now=office.clock())
            raise SystemExit

    with pytest.raises(SystemExit):
        die()
    assert thing.stands() == (thing.kind.waiting, ())
    assert (len(messages(office)), len(trail(office))) == before


# ------------------------------------------------------------------------------------------------- an application's


def application(office: Office, number: int) -> Thing:
    return Thing(office, KINDS[0], number)


def cards(office: Office) -> int:
    return len(messages(office, "card"))


def test_each_step_shows_on_the_card(office: Office) -> None:
    mine = application(office, submitted(office))
    olive, before = person(office), cards(office)
    asked = mine.ask(olive)
    assert cards(office) == before + 1
    mine.answer(asked)
    assert cards(office) == before + 2
    mine.take_back(mine.ask(olive), olive)
    assert cards(office) == before + 4


def made(office: Office, state: str) -> int:
    """An application in this state."""
    if state == "draft":
        return drafted(office)
    number = submitted(office)
    if state == "queried":
        application(office, number).ask(person(office))
    elif state == "withdrawn":
        withdraw(office, number)
    elif state != "submitted":
        recommend(office, number)
        if state in ("approved", "declined"):
            allocate(office, "youth-fund", 10_000_00)
            decide(office, number, person(office, Role.COMMISSIONER), outcome=state)  # type: ignore[arg-type]
    return number


def withdraw(office: Office, number: int) -> None:
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, number), office=office, now=office.clock())


STEPS = ("ask", "answer", "take back", "withdraw")
LEADS_TO = {
    ("submitted", "ask"): "queried",
    ("recommended", "ask"): "queried",
    ("queried", "answer"): "submitted",
    ("queried", "take back"): "submitted",
    ("submitted", "withdraw"): "withdrawn",
    ("queried", "withdraw"): "withdrawn",
    ("recommended", "withdraw"): "withdrawn",
}
"""What can be done in which state; everything else is refused and changes nothing."""


@pytest.mark.one_database
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["draft", "submitted", "queried", "recommended", "approved", "declined", "withdrawn"])
def test_every_step_in_every_state(office: Office, state: str, step: str) -> None:
    number = made(office, state)
    mine, olive = application(office, number), person(office)
    asked = next((one.id for one in mine.stands()[1]), 1_000)
    lines = len(trail(office))
    do: dict[str, Callable[[], Any]] = {
        "ask": lambda: mine.ask(olive),
        "answer": lambda: mine.answer(asked),
        "take back": lambda: mine.take_back(asked, olive),
        "withdraw": lambda: withdraw(office, number),
    }
    if (state, step) in LEADS_TO:
        do[step]()
        assert mine.stands()[0] == LEADS_TO[state, step]
    else:
        with pytest.raises((Conflict, NotFound)):
            do[step]()
        assert (mine.stands()[0], len(trail(office))) == (state, lines)
    assert (mine.refusal(olive, "query") is None) == (mine.stands()[0] in ("submitted", "recommended"))
    assert (mine.refusal(olive, "take_back") is None) == (mine.stands()[0] == "queried")


def test_whoever_has_an_interest_asks_nothing_about_it(office: Office) -> None:
    mine, dev = application(office, submitted(office)), person(office)
    with office.sessions.begin() as session:
        deciding.declare_interest(
            session, mine.id, someone(session, dev), reason="My brother runs it.", now=office.clock()
        )
    assert mine.refusal(dev, "query") == (Refused, "A2")
    with pytest.raises(Refused, match="declared an interest"):
        mine.ask(dev)
    asked = mine.ask(person(office))
    with pytest.raises(Refused, match="declared an interest"):
        mine.take_back(asked, dev)
    assert mine.stands()[0] == "queried"


@pytest.mark.parametrize("how", ["answered", "taken back"])
def test_a_question_sets_the_recommendation_aside(office: Office, how: str) -> None:
    number = submitted(office)
    olive, cam = person(office, name="Olive"), person(office, Role.COMMISSIONER)
    recommend(office, number, olive, reasons="The first one.")
    mine = application(office, number)
    asked = mine.ask(cam)
    [line] = trail(office, "queried")
    assert line.data["set_aside"] is True
    if how == "answered":
        mine.answer(asked)
    else:
        mine.take_back(asked, cam)
    with office.reading() as session:
        assert applications.by_id(session, number).recommendation is None
    allocate(office, "youth-fund", 10_000_00)
    with pytest.raises(Refused, match="needs a recommendation"):
        decide(office, number, cam)
    omar = recommend(office, number, reasons="The second one.")
    with office.reading() as session:
        standing = applications.by_id(session, number).recommendation
        assert standing is not None
        assert (standing.person_id, standing.reasons) == (omar, "The second one.")
    assert [one.data["reasons"] for one in trail(office, "recommended")] == ["The first one.", "The second one."]
    decide(office, number, cam)
    assert mine.stands()[0] == "approved"
    sound(office)


def test_whoever_recommended_before_a_question_does_not_decide_after_it(office: Office) -> None:
    number = submitted(office)
    cam = person(office, Role.COMMISSIONER)
    chief = person(office, Role.DIRECTOR)
    recommend(office, number, chief)
    mine = application(office, number)
    mine.answer(mine.ask(chief))
    recommend(office, number)
    with office.sessions.begin() as session:  # the director is the Commissioner by now
        someone(session, chief).role = Role.COMMISSIONER.value
        events.append(session, "person_added", "staff", "test", {"person": chief}, now=office.clock())
    allocate(office, "youth-fund", 10_000_00)
    with pytest.raises(Refused, match="You recommended this") as refused:
        decide(office, number, chief)
    assert refused.value.rule == "A2"
    decide(office, number, cam)


def test_asked_and_decided_at_once_it_is_one_of_the_two(office: Office) -> None:
    number = recommended(office)
    allocate(office, "youth-fund", 10_000_00)
    mine, olive, cam = application(office, number), person(office), person(office, Role.COMMISSIONER)
    came = at_once([lambda: mine.ask(olive), lambda: decide(office, number, cam)] * 3)
    assert len(came.done) == 1
    assert {type(one) for one in came.refused} <= {Conflict, Refused}
    status, asked = mine.stands()
    assert (status, len(asked)) in (("queried", 1), ("approved", 0))
    with office.reading() as session:
        assert session.query(Decision).count() == (status == "approved")
    sound(office)


def test_answered_and_withdrawn_at_once_leaves_no_open_question(office: Office) -> None:
    mine = application(office, submitted(office))
    asked_id = mine.ask(person(office))
    at_once([lambda: mine.answer(asked_id), lambda: withdraw(office, mine.id)] * 3)
    status, [asked] = mine.stands()
    assert status == "withdrawn"  # a withdrawal is taken before and after the answer
    assert asked.ended_at is not None
    sound(office)


def test_a_withdrawal_closes_the_open_question(office: Office, clock: Any) -> None:
    mine = application(office, submitted(office))
    mine.ask(person(office))
    clock.forward(days=1)
    withdraw(office, mine.id)
    status, [asked] = mine.stands()
    assert (status, asked.answer, asked.ended_by, asked.ended_at) == ("withdrawn", None, "applicant", clock.now)
    with pytest.raises(Conflict, match="closed on 24 November 2026"):
        mine.answer(asked.id)
    sound(office)


def test_a_question_about_a_return_is_none_about_its_application(office: Office) -> None:
    award_id = active(office, facts())
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        came_in = returns.receive(session, award, DUE, returned(), source="the recipient", now=office.clock())
        number = award.application_id
    Thing(office, KINDS[1], came_in.id).ask(person(office))
    assert application(office, number).stands() == ("approved", ())
    with office.reading() as session:
        assert asking.open_question(session, applications.by_id(session, number)) is None
        assert london_day(office.clock()) == office.today()
