"""When a decision is waited for, and an answer: the office's clock stands while the applicant has the application."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core import applications, asking, awards, corrections, decide_by, outside, returns, undoing
from core.errors import Conflict
from core.office import Office
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    active,
    allocate,
    at_once,
    decide,
    drafted,
    facts,
    person,
    recommend,
    recommended,
    returned,
    someone,
    submitted,
    sweep,
    told,
    trail,
)
from tests.core.due import dates
from tests.core.test_outside import TOLD

DECISION, ANSWER = decide_by.DECISION, asking.ANSWER
TODAY = date(2026, 11, 23)
FIRST = TODAY + timedelta(days=28)
"""By when an application that came in today is to be decided: a Monday."""


def ask(office: Office, number: int, **given: Any) -> int:
    number_of_who = person(office)
    with office.sessions.begin() as session:
        about, who = applications.by_id(session, number), someone(session, number_of_who)
        return asking.ask(session, about, who, "Who runs it?", office=office, now=office.clock(), **given).id


def answer(office: Office, asked: int) -> None:
    with office.sessions.begin() as session:
        asking.answer(session, asked, "Two trustees.", source="applicant", now=office.clock())


def take_back(office: Office, asked: int) -> None:
    who = person(office)
    with office.sessions.begin() as session:
        asking.take_back(session, asked, someone(session, who), now=office.clock())


def withdraw(office: Office, number: int) -> None:
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, number), office=office, now=office.clock())


def undo(office: Office, number: int, who: int) -> None:
    with office.sessions.begin() as session:
        undoing.undo(session, number, someone(session, who), reason="Too fast.", office=office, now=office.clock())


def decided(office: Office, number: int, outcome: Any = "declined") -> int:
    who = person(office, Role.COMMISSIONER)
    decide(office, number, who, outcome=outcome, amount=None)
    return who


def test_a_draft_waits_for_nobody_and_one_that_was_sent_for_a_decision(office: Office) -> None:
    drafted(office)
    assert dates(office, DECISION) == []
    number = submitted(office)
    assert dates(office, DECISION) == [(FIRST, "open")]
    recommend(office, number)
    assert dates(office, DECISION) == [(FIRST, "open")]


def test_the_officer_hears_before_it_on_it_and_after_it_and_the_director_when_it_is_late(office: Office) -> None:
    submitted(office)
    after = {day: told(sweep(office, TODAY + timedelta(days=day))) for day in range(60)}
    assert {day: steps for day, steps in after.items() if steps} == {
        21: [(-7, "officer")],
        28: [(0, "officer")],
        36: [(7, "director"), (7, "officer")],  # the 28th is a bank holiday
        42: [(14, "director"), (14, "officer")],
    }


@pytest.mark.parametrize("outcome", ["approved", "declined"])
def test_a_decision_meets_it_and_nobody_is_reminded_any_more(office: Office, outcome: str) -> None:
    number = recommended(office)
    allocate(office, "youth-fund", 10_000_00)
    decided(office, number, outcome)
    assert dates(office, DECISION) == [(FIRST, "met")]
    assert [one.kind for one in sweep(office, FIRST + timedelta(days=14)) if one.kind == DECISION] == []


def test_a_withdrawal_closes_it_with_the_question_that_waits(office: Office) -> None:
    number = submitted(office)
    ask(office, number)
    withdraw(office, number)
    assert dates(office, DECISION) == [(FIRST, "closed")]
    assert dates(office, ANSWER) == [(TODAY + timedelta(days=14), "closed")]
    assert not sweep(office, FIRST + timedelta(days=60))


@pytest.mark.one_database
@pytest.mark.parametrize("end", [answer, take_back])
@pytest.mark.parametrize("days", [0, 1, 40])
def test_the_days_on_which_the_applicant_has_it_are_not_the_office_s(
    office: Office, clock: Clock, days: int, end: Any
) -> None:
    number = submitted(office)
    clock.forward(days=3)
    asked = ask(office, number)
    assert dates(office, DECISION) == [(FIRST, "closed")]
    assert {one.kind for one in sweep(office, FIRST + timedelta(days=90))} == {ANSWER}
    clock.forward(days=days)
    end(office, asked)
    assert dates(office, DECISION) == [(FIRST + timedelta(days=days), "open")]
    assert dates(office, ANSWER) == [(TODAY + timedelta(days=17), "met" if end is answer else "closed")]


def test_two_questions_move_it_by_both(office: Office, clock: Clock) -> None:
    number = submitted(office)
    for days in (2, 5):
        asked = ask(office, number)
        clock.forward(days=days)
        answer(office, asked)
        clock.forward(days=1)
    assert dates(office, DECISION) == [(FIRST + timedelta(days=7), "open")]
    with office.reading() as session:
        application = applications.by_id(session, number)
        assert decide_by.day_of(session, application, office.policy) == FIRST + timedelta(days=7)


def test_what_was_sent_for_its_day_is_not_sent_again_where_the_day_stays(office: Office, clock: Clock) -> None:
    number = submitted(office)
    clock.forward(days=21)
    assert told(sweep(office, TODAY + timedelta(days=21))) == [(-7, "officer")]
    take_back(office, ask(office, number))
    assert dates(office, DECISION) == [(FIRST, "open")]
    assert not sweep(office, TODAY + timedelta(days=21))
    assert told(sweep(office, FIRST)) == [(0, "officer")]


def test_a_correction_answers_the_question_and_the_office_goes_on(office: Office, clock: Clock) -> None:
    number = submitted(office)
    asked = ask(office, number, may_correct=True)
    clock.forward(days=4)
    with office.sessions.begin() as session:
        given = facts(title="Gloves on, knives away")
        corrections.send(session, asked, given, office=office, source="applicant", now=office.clock())
    assert dates(office, ANSWER) == [(TODAY + timedelta(days=14), "met")]
    assert dates(office, DECISION) == [(FIRST + timedelta(days=4), "open")]


def test_the_applicant_and_then_the_officer_are_reminded_of_a_question(office: Office) -> None:
    ask(office, submitted(office), answer_by=TODAY + timedelta(days=14))
    sent = {day: told(sweep(office, TODAY + timedelta(days=day))) for day in range(40)}
    assert {day: steps for day, steps in sent.items() if steps} == {
        11: [(-3, "recipient")],
        14: [(0, "recipient")],
        15: [(1, "officer")],
        21: [(7, "officer"), (7, "recipient")],
    }


def test_an_answer_wanted_at_once_is_not_asked_for_again_on_the_day_of_the_question(office: Office) -> None:
    ask(office, submitted(office), answer_by=TODAY + timedelta(days=1))
    assert not sweep(office, TODAY)
    assert told(sweep(office, TODAY + timedelta(days=1))) == [(0, "recipient")]


@pytest.mark.parametrize("days", [0, 10, 27])
def test_a_decision_that_is_undone_leaves_the_office_the_days_it_had(office: Office, clock: Clock, days: int) -> None:
    number = recommended(office)
    clock.forward(days=5)
    who = decided(office, number)
    clock.forward(days=days)
    undo(office, number, who)
    assert dates(office, DECISION) == [(FIRST + timedelta(days=days), "open")]
    decided(office, number)
    assert dates(office, DECISION) == [(FIRST + timedelta(days=days), "met")]


def test_a_recommendation_that_is_undone_moves_nothing(office: Office, clock: Clock) -> None:
    number = submitted(office)
    who = recommend(office, number)
    clock.forward(days=9)
    undo(office, number, who)
    assert dates(office, DECISION) == [(FIRST, "open")]


def test_an_award_made_outside_waits_for_no_decision(office: Office) -> None:
    allocate(office, TOLD.fund, 500_000_00)
    who = person(office)
    with office.sessions.begin() as session:
        outside.record(session, TOLD, someone(session, who), office=office, now=office.clock())
    assert dates(office, DECISION) == []


def test_a_question_about_a_return_waits_for_the_recipient_and_no_decision(office: Office, clock: Clock) -> None:
    award_id = active(office)
    clock.set_day(date(2027, 7, 1))
    officer = person(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        came_in = returns.receive(session, award, date(2027, 7, 1), returned(), source="recipient", now=office.clock())
        who = someone(session, officer)
        asked = asking.ask(session, came_in, who, "How many twice?", office=office, now=office.clock()).id
    assert dates(office, ANSWER) == [(date(2027, 7, 15), "open")]
    [one] = [one for one in sweep(office, date(2027, 7, 12)) if one.kind == ANSWER]
    assert (one.step, one.to, one.channel) == (-3, "recipient", "email")
    answer(office, asked)
    assert dates(office, ANSWER) == [(date(2027, 7, 15), "met")]
    assert dates(office, DECISION) == [(FIRST, "met")]


def test_two_who_end_one_question_end_it_once(office: Office) -> None:
    number = submitted(office)
    asked = ask(office, number)
    done = at_once([lambda: answer(office, asked), lambda: take_back(office, asked), lambda: withdraw(office, number)])
    assert 1 <= len(done.done) <= 2, "a withdrawal may follow an answer"
    assert {type(one) for one in done.refused} <= {Conflict}
    [(_, question)], [(_, decision)] = dates(office, ANSWER), dates(office, DECISION)
    with office.reading() as session:
        state = applications.by_id(session, number).status
    assert question in ("met", "closed")
    assert decision == ("closed" if state == ApplicationState.WITHDRAWN else "open")


@pytest.mark.parametrize("day", [date(2028, 1, 31), date(2028, 2, 1), date(2027, 2, 1)])
def test_days_are_counted_through_a_leap_day(office: Office, clock: Clock, day: date) -> None:
    clock.set_day(day)
    submitted(office)
    assert dates(office, DECISION) == [(day + timedelta(days=28), "open")]
    assert trail(office, "submitted")[-1].seals
