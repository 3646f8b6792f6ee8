"""An award that has ended leaves nothing open behind, and nobody hears of it afterwards; what is open again is heard of
(D0, R1, R2, F7).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import asking, awards, events, feeds, meetings, payments, returns
from core.errors import Refused
from core.meetings import Arranged
from core.office import Office
from core.records import Deadline
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import END, active, london, person, returned, someone, sweep, told, victims

DUE = date(2027, 7, 1)
WHEN = london(date(2027, 6, 29), 10)


@pytest.mark.one_database
def test_an_award_ends_with_nothing_open_and_nothing_said_after(office: Office) -> None:
    """Not while an answer is waited for; then its meetings, review and payments are over, and its calendar is empty."""
    award = active(office, victims())
    officer, finance, now = person(office), person(office, Role.FINANCE), office.clock()
    with office.sessions.begin() as session:
        found, who = awards.by_id(session, award), someone(session, officer)
        payments.plan(session, award, who, planned_on=DUE, amount=500_00, now=now)
        meeting = next(one.id for one in found.deadlines if one.kind == "meeting")
        meetings.invite(session, meeting, who, Arranged(WHEN, 60, "Library", "", "1. Money"), office=office, now=now)
        came_in = [
            returns.receive(session, found, one.due, returned(), source="x", now=now)
            for one in found.deadlines
            if one.kind == "return"
        ]
        asked = asking.ask(session, came_in[0], who, "Forty?", office=office, now=now).id

    def complete() -> None:
        with office.sessions.begin() as session:
            awards.complete(session, award, someone(session, finance), note="Done.", office=office, now=now)

    with pytest.raises(Refused, match=r"return of .* due on 1 July 2027 waits for its answer"):
        complete()
    with office.sessions.begin() as session:
        asking.answer(session, asked, "Yes.", source="recipient", now=now)
    complete()
    with office.reading() as session:
        left = [one.kind for one in session.scalars(select(Deadline).where(Deadline.is_open))]
        feed = feeds.of_award(session, awards.by_id(session, award), office=office).text.decode()
        assert events.broken_at(session) is None
    assert left == ["retention"]
    assert (feed.count("BEGIN:VEVENT"), feed.count("STATUS:CANCELLED")) == (1, 1)
    for day in (DUE, date(2027, 10, 1), END, date(2028, 1, 3)):
        assert sweep(office, day) == ()


def all_in(office: Office) -> tuple[int, int]:
    """An award whose every return is in and none accepted: its id, and that of its last return."""
    award = active(office)
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        due = sorted(one.due for one in found.deadlines if one.kind == "return")
        came_in = [returns.receive(session, found, day, returned(), source="x", now=office.clock()) for day in due]
        return award, came_in[-1].id


def complete(office: Office, award: int, finance: int) -> None:
    with office.sessions.begin() as session:
        awards.complete(session, award, someone(session, finance), note="Done.", office=office, now=office.clock())


def ask(session: Session, office: Office, came_in: int, officer: int) -> int:
    about, who = returns.by_id(session, came_in), someone(session, officer)
    return asking.ask(session, about, who, "Forty?", office=office, now=office.clock()).id


@pytest.mark.parametrize("shown", ["read", "held"])
def test_an_award_that_is_ended_while_somebody_asks_about_its_return_waits_for_the_answer(
    office: Office, shown: str
) -> None:
    """Also from the return's page, which holds what was shown before it asks."""
    award, came_in = all_in(office)
    officer, finance = person(office), person(office, Role.FINANCE)
    with ThreadPoolExecutor(1) as threads:
        with office.sessions.begin() as session:
            if shown == "held":
                returns.as_shown(session, came_in, "")
            ask(session, office, came_in, officer)
            ended = threads.submit(complete, office, award, finance)
            wait([ended], timeout=0.3)  # it has begun, and looks for questions as soon as it may
        with pytest.raises(Refused, match="waits for its answer"):
            ended.result()
    with office.reading() as session:
        assert awards.by_id(session, award).status == "active"
        assert events.broken_at(session) is None


def test_a_question_about_a_return_is_found_by_whoever_ends_an_award_that_they_read_before(office: Office) -> None:
    award, came_in = all_in(office)
    officer, finance = person(office), person(office, Role.FINANCE)
    with office.sessions(expire_on_commit=False) as session:  # what was read stays in hand
        read = list(awards.by_id(session, award).returns)
        session.commit()
        with office.sessions.begin() as another:
            ask(another, office, came_in, officer)
        assert {one.status for one in read} == {"received"}
        with pytest.raises(Refused, match="waits for its answer"):
            awards.complete(session, award, someone(session, finance), note="x", office=office, now=office.clock())


@pytest.mark.one_database
def test_a_return_that_is_read_after_its_award_was_ended_may_be_asked_about_and_is_chased(office: Office) -> None:
    """What came in on the last day is read later (R1): the recipient still answers, and is reminded of it."""
    award, came_in = all_in(office)
    complete(office, award, person(office, Role.FINANCE))
    with office.sessions.begin() as session:
        asked = asking.by_id(session, ask(session, office, came_in, person(office)))
        answer_by = asked.answer_by
    assert answer_by is not None
    days = [answer_by + timedelta(days=number) for number in range(-13, 15)]
    sent = [step for day in days for step in sweep(office, day) if step.kind == asking.ANSWER]
    assert {step.due for step in sent} == {answer_by}
    assert "recipient" in {step.to for step in sent}


@pytest.mark.one_database
def test_a_meeting_that_is_cancelled_after_the_duty_s_last_step_is_heard_of_in_the_next_sweep(
    office: Office, clock: Clock
) -> None:
    """Nobody was told on its day, since it was arranged for a later one; what nobody hears of would be forgotten."""
    award, officer = active(office, victims()), person(office)

    def heard_of(day: date) -> list[tuple[int, str]]:
        return told([one for one in sweep(office, day) if one.kind == "meeting" and one.due == DUE])

    sweep(office, date(2027, 6, 4))
    clock.set_day(date(2027, 6, 5))
    with office.sessions.begin() as session:
        who = someone(session, officer)
        duty = next(one.id for one in awards.by_id(session, award).deadlines if (one.kind, one.due) == ("meeting", DUE))
        late = Arranged(london(date(2027, 7, 12), 10), 60, "Library", "", "1. Money")
        meeting = meetings.invite(session, duty, who, late, office=office, now=clock()).id
    assert heard_of(DUE) == []
    clock.set_day(date(2027, 7, 8))
    with office.sessions.begin() as session:
        meetings.cancel(session, meeting, someone(session, officer), reason="Ill.", seen=0, office=office, now=clock())
    assert heard_of(date(2027, 7, 8)) == [(0, "director"), (0, "officer")]
    assert heard_of(date(2027, 7, 9)) == [], "each step once, ever"
