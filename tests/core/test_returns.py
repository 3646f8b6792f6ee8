"""Monitoring returns (R1): taken at any time after acceptance, once; a receipt meets its deadline.

Then the office accepts one, or asks about it first (`test_asking.py`): of two people at once one wins.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from core import asking, awards, events, returns
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Deadline, MonitoringReturn, Person
from core.rules.lifecycle import ReturnAction
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
    with pytest.raises(Conflict, match=r"already have the return of .* due on 1 July 2027") as refused:
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


@pytest.fixture
def came_in(office: Office) -> int:
    """A return that is in; its row number."""
    return receive(office, active(office), answers={"difficulties": "None"})


def settle(office: Office, return_id: int, who: int) -> None:
    with office.sessions.begin() as session:
        returns.accept(session, return_id, someone(session, who), now=office.clock())


def ask(office: Office, return_id: int, who: int) -> int:
    with office.sessions.begin() as session:
        about = returns.by_id(session, return_id)
        return asking.ask(session, about, someone(session, who), "On what?", office=office, now=office.clock()).id


def stands(office: Office, return_id: int) -> str:
    with office.reading() as session:
        return returns.by_id(session, return_id).status


def test_a_question_does_not_open_the_deadline_again(office: Office, came_in: int) -> None:
    ask(office, came_in, person(office))
    with office.reading() as session:
        found = returns.by_id(session, came_in)
        assert returns.due_on(found.award, FIRST).met_at is not None
    assert {step.kind for step in sweep(office, FIRST)} == {"answer"}


def test_while_a_question_is_open_it_is_not_accepted(office: Office, came_in: int) -> None:
    olive = person(office)
    asked = ask(office, came_in, olive)
    with pytest.raises(Conflict, match="waits for the recipient's answer") as refused:
        settle(office, came_in, olive)
    assert refused.value.rule == "R1"
    with office.sessions.begin() as session:
        asking.take_back(session, asked, someone(session, olive), now=office.clock())
    settle(office, came_in, olive)
    assert stands(office, came_in) == "accepted"


def test_accepted_it_stays_as_it_is(office: Office, came_in: int) -> None:
    olive = person(office, name="Olive")
    settle(office, came_in, olive)
    assert stands(office, came_in) == "accepted"
    [line] = trail(office, "return_accepted")
    assert (line.actor, line.data) == (f"Olive (officer, person {olive})", {"due": "2027-07-01", "person": olive})
    for step in (settle, ask):
        with pytest.raises(Conflict, match="it has been accepted"):
            step(office, came_in, olive)
    assert stands(office, came_in) == "accepted"
    assert len(trail(office, "return_accepted")) == 1
    with office.reading() as session:
        assert events.broken_at(session) is None


@pytest.mark.parametrize("role", [Role.OFFICER, Role.DIRECTOR])
def test_constabulary_staff_do_not_accept_a_return(office: Office, came_in: int, role: Role) -> None:
    with pytest.raises(Refused, match="it is for the Commissioner's office") as refused:
        settle(office, came_in, person(office, role, Body.CONSTABULARY))
    assert (type(refused.value), refused.value.rule) == (Refused, "R1")
    assert stands(office, came_in) == "received"


def test_whoever_has_left_does_not_accept_a_return(office: Office, came_in: int) -> None:
    leaver = person(office)
    with office.sessions.begin() as session:
        session.execute(update(Person).where(Person.id == leaver).values(active=False))
    with pytest.raises(Refused, match="not on the office's staff list") as refused:
        settle(office, came_in, leaver)
    assert refused.value.rule == "R1"
    assert stands(office, came_in) == "received"


def test_a_return_that_never_came_is_not_there_to_accept(office: Office, came_in: int) -> None:
    with pytest.raises(NotFound, match="may not have come in yet"):
        settle(office, came_in + 1_000, person(office))


def test_accepted_and_asked_about_at_once_it_is_one_of_the_two(office: Office, came_in: int) -> None:
    people = [person(office) for _ in range(8)]
    came = at_once(
        [lambda who=who, step=step: step(office, came_in, who) for who in people for step in (ask, settle)]  # type: ignore[misc]
    )
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 15
    [line] = trail(office, "return_queried", "return_accepted")
    assert stands(office, came_in) == {"return_queried": "queried", "return_accepted": "accepted"}[line.kind]


def test_whoever_saw_it_before_somebody_else_changed_it_is_told(office: Office, came_in: int) -> None:
    """What this session has read is out of date: the conditional update finds no row to change."""

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
            returns.move(session, seen, ReturnAction.ACCEPT)

    with pytest.raises(Conflict, match="Somebody else has just changed this return") as refused:
        late()
    assert refused.value.rule == "R1"
    assert stands(office, came_in) == "received"
    assert trail(office, "return_accepted") == []
