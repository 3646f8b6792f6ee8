"""Monitoring returns (R1): taken at any time after acceptance, once; a receipt meets its deadline.

Then the office accepts one, or asks about it first: one of two people wins, and the other hears how it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import awards, events, returns
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Deadline, MonitoringReturn, Person
from core.returns import LONGEST_WORDS, Asked
from core.rules.policy import Body, Role
from tests.core.casework import (
    END,
    accept,
    active,
    at_once,
    london,
    messages,
    offered,
    person,
    returned,
    someone,
    sweep,
    told,
    trail,
)

FIRST = date(2027, 7, 1)


def receive(office: Office, award_id: int, due: date = FIRST, **changes: Any) -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        return returns.receive(session, award, due, returned(**changes), source="the recipient", now=office.clock()).id


def deadline(office: Office, award_id: int, due: date = FIRST) -> Deadline:
    with office.reading() as session:
        return returns.due_on(awards.by_id(session, award_id), due)


def test_a_return_meets_its_deadline_and_is_thanked_for(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.forward(days=3)  # long before it is due, and before the project starts
    receive(office, award_id, answers={"difficulties": "None"})
    met = deadline(office, award_id)
    assert (met.met_at, met.next_step_on) == (clock.now, None)
    assert deadline(office, award_id, END).met_at is None
    with office.reading() as session:
        came_in = returns.received(session, awards.by_id(session, award_id), FIRST)
        assert came_in is not None
        assert came_in.measures == [
            {"measure": "Call-outs a month", "target": "Ten fewer", "achieved": "Two fewer"},
            {"measure": "Names in the book", "target": "40", "achieved": "31"},
        ]
        assert (came_in.spent, came_in.people, came_in.status) == (900_00, 31, "received")
        assert (came_in.extra, came_in.received_from) == ({"difficulties": "None"}, "the recipient")
    [message] = messages(office, "return_received")
    assert (message.channel, message.payload) == ("mail", {"return_id": came_in.id})
    [line] = trail(office, "return_received")
    assert (line.data["due"], line.data["spent"], line.actor) == ("2027-07-01", 900_00, "the recipient")


def test_a_return_that_came_in_is_chased_no_more_and_the_next_one_is(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.now = london(FIRST)
    receive(office, award_id)
    assert sweep(office, FIRST) == ()
    assert told(sweep(office, date(2027, 10, 4))) == [(-28, "officer"), (-28, "recipient")]


def test_an_overdue_return_is_still_taken(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.now = london(date(2029, 1, 1))
    receive(office, award_id, END)
    assert deadline(office, award_id, END).met_at == clock.now


def test_a_second_return_for_the_same_day_changes_nothing(office: Office) -> None:
    award_id = active(office)
    receive(office, award_id)
    with pytest.raises(Conflict, match=r"already have the return of .* due on 2027-07-01") as refused:
        receive(office, award_id, spent=1)
    assert refused.value.rule == "R1"
    with office.reading() as session:
        came_in = returns.received(session, awards.by_id(session, award_id), FIRST)
        assert came_in is not None
        assert came_in.spent == 900_00
    receive(office, award_id, END)


def test_sent_six_times_at_once_it_is_taken_once(office: Office) -> None:
    award_id = active(office)
    came = at_once([lambda: receive(office, award_id)] * 6)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 5
    with office.reading() as session:
        assert session.query(MonitoringReturn).count() == 1
    assert len(messages(office, "return_received")) == len(trail(office, "return_received")) == 1


def test_a_day_on_which_nothing_is_due_is_refused_with_the_days_that_are(office: Office) -> None:
    award_id = active(office)
    with pytest.raises(NotFound, match="2027-07-01, 2027-10-31"):
        receive(office, award_id, date(2027, 7, 2))
    with pytest.raises(NotFound):  # the acceptance fell due on this day; no return did
        receive(office, award_id, date(2026, 12, 21))


def test_before_the_offer_is_accepted_there_is_nothing_to_return(office: Office) -> None:
    award_id = offered(office)
    with pytest.raises(Refused, match="has not been accepted") as refused:
        receive(office, award_id)
    assert refused.value.rule == "R1"
    accept(office, award_id)
    receive(office, award_id)


def test_earlier_returns_are_shown_beside_the_next(office: Office) -> None:
    award_id = active(office)
    first, last = receive(office, award_id), receive(office, award_id, END)
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        assert [one.id for one in returns.earlier(award, END)] == [first]
        assert returns.earlier(award, FIRST) == []
        assert last != first


def test_a_return_s_link_leads_to_its_award_and_deadline(office: Office) -> None:
    award_id = active(office)
    due = deadline(office, award_id)
    with office.reading() as session:
        award, found = returns.of_deadline(session, due.id)
        assert (award.id, found.due) == (award_id, FIRST)
        with pytest.raises(NotFound):
            returns.of_deadline(session, due.id + 1_000)


QUESTION = "You spent £900.\nOn what?"


@pytest.fixture
def came_in(office: Office) -> int:
    """A return that is in; its row number."""
    return receive(office, active(office), answers={"difficulties": "None"})


def query(office: Office, return_id: int, who: int, question: str = QUESTION) -> None:
    with office.sessions.begin() as session:
        returns.query(session, return_id, someone(session, who), question, now=office.clock())


def answer(office: Office, return_id: int, text: str = "On gloves.", source: str = "the recipient, by e-mail") -> None:
    with office.sessions.begin() as session:
        returns.answer(session, return_id, text, source=source, now=office.clock())


def take_back(office: Office, return_id: int, who: int) -> None:
    with office.sessions.begin() as session:
        returns.take_back(session, return_id, someone(session, who), now=office.clock())


def settle(office: Office, return_id: int, who: int) -> None:
    with office.sessions.begin() as session:
        returns.accept(session, return_id, someone(session, who), now=office.clock())


STEPS: dict[str, Callable[[Office, int, int], None]] = {"query": query, "accept": settle, "take back": take_back}
"""What only somebody of the office does."""


def stands(office: Office, return_id: int) -> tuple[str, tuple[Asked, ...]]:
    """The state of a return, and what was asked about it."""
    with office.reading() as session:
        found = returns.by_id(session, return_id)
        return found.status, returns.asked(found)


def test_a_question_goes_to_the_recipient_and_the_return_waits(office: Office, clock: Any, came_in: int) -> None:
    olive = person(office, name="Olive Officer")
    query(office, came_in, olive, f"  {QUESTION}\r\n")
    status, [asked] = stands(office, came_in)
    actor = f"Olive Officer (officer, person {olive})"
    assert (status, asked) == ("queried", Asked(QUESTION, actor, clock.now))
    [message] = messages(office, "return_queried")
    assert (message.channel, message.key) == ("mail", f"return_queried:{came_in}:1")
    assert message.payload == {"return_id": came_in, "question": 1}  # ids: the question is worded when it is sent
    [line] = trail(office, "return_queried")
    assert (line.actor, line.data) == (actor, {"due": "2027-07-01", "question": QUESTION, "person": olive})
    with office.reading() as session:
        found = returns.by_id(session, came_in)
        assert line.reference == found.award.reference
        assert found.extra["difficulties"] == "None"  # what was asked stands beside what was answered


def test_a_question_does_not_open_the_deadline_again(office: Office, came_in: int) -> None:
    query(office, came_in, person(office))
    with office.reading() as session:
        found = returns.by_id(session, came_in)
        assert returns.due_on(found.award, FIRST).met_at is not None
    assert sweep(office, FIRST) == ()


def test_an_answer_brings_the_return_back_and_it_may_be_asked_about_again(
    office: Office, clock: Any, came_in: int
) -> None:
    olive, omar = person(office, name="Olive"), person(office, name="Omar")
    query(office, came_in, olive)
    asked_at = clock.now
    clock.forward(days=2)
    answer(office, came_in, " On gloves.\n")
    status, [first] = stands(office, came_in)
    ended = Asked(
        QUESTION, f"Olive (officer, person {olive})", asked_at, "On gloves.", "the recipient, by e-mail", clock.now
    )
    assert (status, first) == ("received", ended)
    [line] = trail(office, "return_answered")
    assert (line.actor, line.data) == ("the recipient, by e-mail", {"due": "2027-07-01", "answer": "On gloves."})
    query(office, came_in, omar, "How many pairs?")
    status, both = stands(office, came_in)
    assert (status, both[0], both[1].question, both[1].answer) == ("queried", ended, "How many pairs?", None)
    assert [one.payload["question"] for one in messages(office, "return_queried")] == [1, 2]
    answer(office, came_in, "Twelve.")
    assert [one.answer for one in stands(office, came_in)[1]] == ["On gloves.", "Twelve."]


def test_a_question_that_nobody_answers_is_taken_back(office: Office, clock: Any, came_in: int) -> None:
    olive, omar = person(office), person(office, name="Omar")
    query(office, came_in, olive)
    with pytest.raises(Conflict, match="waits for the recipient's answer") as refused:
        settle(office, came_in, omar)
    assert refused.value.rule == "R1"
    clock.forward(days=30)
    take_back(office, came_in, omar)
    status, [asked] = stands(office, came_in)
    assert (status, asked.answer, asked.ended_by) == ("received", None, f"Omar (officer, person {omar})")
    assert (asked.ended_at or clock.now) - asked.asked_at == timedelta(days=30)
    [line] = trail(office, "return_question_taken_back")
    assert (line.actor, line.data) == (f"Omar (officer, person {omar})", {"due": "2027-07-01", "person": omar})
    settle(office, came_in, omar)
    assert stands(office, came_in)[0] == "accepted"


def test_accepted_it_stays_as_it_is(office: Office, came_in: int) -> None:
    olive = person(office, name="Olive")
    settle(office, came_in, olive)
    assert stands(office, came_in) == ("accepted", ())
    [line] = trail(office, "return_accepted")
    assert (line.actor, line.data) == (f"Olive (officer, person {olive})", {"due": "2027-07-01", "person": olive})
    for step in STEPS.values():
        with pytest.raises(Conflict, match="it has been accepted"):
            step(office, came_in, olive)
    with pytest.raises(Conflict, match="it has been accepted"):
        answer(office, came_in)
    assert stands(office, came_in) == ("accepted", ())
    assert len(trail(office, "return_accepted")) == 1
    with office.reading() as session:
        assert events.broken_at(session) is None


def test_without_a_question_there_is_nothing_to_answer_or_to_take_back(office: Office, came_in: int) -> None:
    with pytest.raises(Conflict, match="no question to answer"):
        answer(office, came_in)
    with pytest.raises(Conflict, match="no question to take back"):
        take_back(office, came_in, person(office))
    assert stands(office, came_in) == ("received", ())


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("role", [Role.OFFICER, Role.DIRECTOR])
def test_constabulary_staff_neither_question_nor_accept(office: Office, came_in: int, step: str, role: Role) -> None:
    if step == "take back":
        query(office, came_in, person(office))
    before = stands(office, came_in)
    with pytest.raises(Refused, match="Leave it to the office's staff") as refused:
        STEPS[step](office, came_in, person(office, role, Body.CONSTABULARY))
    assert (type(refused.value), refused.value.rule) == (Refused, "R1")
    assert stands(office, came_in) == before


@pytest.mark.parametrize("step", list(STEPS))
def test_whoever_has_left_neither_questions_nor_accepts(office: Office, came_in: int, step: str) -> None:
    leaver = person(office)
    if step == "take back":
        query(office, came_in, leaver)
    with office.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == leaver).values(active=False))
    before = stands(office, came_in)
    with pytest.raises(Refused, match="not on the office's staff list") as refused:
        STEPS[step](office, came_in, leaver)
    assert refused.value.rule == "R1"
    assert stands(office, came_in) == before


@pytest.mark.parametrize(
    ("text", "says"), [("", "Write"), (" \n\t\u200b", "Write"), ("x" * (LONGEST_WORDS + 1), "3,000 characters")]
)
def test_an_empty_or_endless_text_is_no_question_and_no_answer(
    office: Office, came_in: int, text: str, says: str
) -> None:
    with pytest.raises(Refused, match=says) as refused:
        query(office, came_in, person(office), text)
    assert refused.value.rule == "R1"
    assert stands(office, came_in) == ("received", ())
    query(office, came_in, person(office), "x" * LONGEST_WORDS)
    with pytest.raises(Refused, match=says):
        answer(office, came_in, text)
    assert stands(office, came_in)[0] == "queried"
    answer(office, came_in, "y" * LONGEST_WORDS)


def test_a_return_that_never_came_is_not_there_to_question(office: Office, came_in: int) -> None:
    for step in STEPS.values():
        with pytest.raises(NotFound, match="may not have come in yet"):
            step(office, came_in + 1_000, person(office))


def test_six_officers_ask_at_once_and_one_question_goes_out(office: Office, came_in: int) -> None:
    people = [person(office) for _ in range(6)]
    came = at_once([lambda who=who: query(office, came_in, who, f"{who}?") for who in people])  # type: ignore[misc]
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 5
    status, [asked] = stands(office, came_in)
    [line] = trail(office, "return_queried")
    assert (status, asked.question) == ("queried", line.data["question"])
    assert len(messages(office, "return_queried")) == 1


def test_accepted_and_asked_about_at_once_it_is_one_of_the_two(office: Office, came_in: int) -> None:
    people = [person(office) for _ in range(8)]
    came = at_once(
        [lambda who=who, step=step: step(office, came_in, who) for who in people for step in (query, settle)]  # type: ignore[misc]
    )
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 15
    [line] = trail(office, "return_queried", "return_accepted")
    status, asked = stands(office, came_in)
    assert (status, len(asked)) == {"return_queried": ("queried", 1), "return_accepted": ("accepted", 0)}[line.kind]


def test_answered_and_taken_back_at_once_the_question_ends_once(office: Office, came_in: int) -> None:
    who = person(office)
    query(office, came_in, who)
    came = at_once([lambda: answer(office, came_in), lambda: take_back(office, came_in, who)] * 4)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 7
    [line] = trail(office, "return_answered", "return_question_taken_back")
    status, [asked] = stands(office, came_in)
    assert (status, asked.answer) == ("received", line.data.get("answer"))


def test_whoever_saw_it_before_somebody_else_changed_it_is_told(office: Office, came_in: int) -> None:
    """What this session has read is out of date: the conditional update finds no row to change."""
    who = person(office)

    def late() -> None:
        with office.sessions.begin() as session:
            seen = returns.by_id(session, came_in)
            session.execute(
                update(MonitoringReturn)
                .where(MonitoringReturn.id == came_in)
                .values(status="queried")
                .execution_options(synchronize_session=False)
            )
            assert seen.status == "received"
            returns.accept(session, came_in, someone(session, who), now=office.clock())

    with pytest.raises(Conflict, match="Somebody else has just changed this return") as refused:
        late()
    assert refused.value.rule == "R1"
    assert stands(office, came_in)[0] == "received"
    assert trail(office, "return_accepted") == []
