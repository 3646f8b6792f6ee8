"""Looking at an award while it runs (R6), and at one of the crime fund that was made before it came here (F3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core import award_checks, awards, deciding, looks, outside, payments, returns
from core.audit import verify
from core.errors import Conflict, Refused
from core.office import Office
from core.outside import OutsideAward
from core.rules.policy import Kind, Purpose
from core.rules.reviewing import LookOutcome
from tests.conftest import Clock
from tests.core.casework import (
    active,
    allocate,
    at_once,
    facts,
    person,
    returned,
    someone,
    sweep,
    told,
    trail,
)
from tests.core.due import dates
from tests.core.test_outside import TOLD

REVIEW = looks.REVIEW
START, END = date(2027, 1, 1), date(2029, 12, 31)
FIRST, SECOND = date(2028, 1, 1), date(2029, 1, 1)


def running(office: Office, start: date = START, end: date = END) -> int:
    return active(office, facts(start=start, end=end))


def look(office: Office, award_id: int, due: date, who: int | None = None, **given: Any) -> None:
    who = who or person(office)
    told_of: dict[str, Any] = {"outcome": LookOutcome.CONTINUE, "reconciled": True, "note": "It works.", **given}
    with office.sessions.begin() as session:
        looks.record(session, award_id, someone(session, who), due=due, office=office, now=office.clock(), **told_of)


def move(office: Office, award_id: int, due: date, until: date, reason: str = "They move house.") -> None:
    who = person(office)
    with office.sessions.begin() as session:
        by = someone(session, who)
        looks.move(session, award_id, by, due=due, until=until, reason=reason, now=office.clock())


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("start", "end", "first"),
    [
        (START, date(2027, 12, 31), None),
        (START, date(2028, 1, 1), date(2028, 1, 1)),
        (START, END, FIRST),
        (date(2028, 2, 29), date(2029, 2, 27), None),
        (date(2028, 2, 29), date(2029, 2, 28), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 29), date(2028, 2, 28)),
    ],
)
def test_one_look_is_set_yearly_from_the_start_and_none_within_a_year(
    office: Office, start: date, end: date, first: date | None
) -> None:
    running(office, start, end)
    assert dates(office, REVIEW) == ([(first, "open")] if first else [])


def test_the_officer_hears_before_on_and_after_it_and_the_director_when_it_is_late(office: Office) -> None:
    running(office)
    sent = {}
    for day in range(-40, 40):
        found = [one for one in sweep(office, FIRST + timedelta(days=day)) if one.kind == REVIEW]
        if found:
            sent[day] = told(found)
    # the first and the last fall on a Saturday; so does New Year, whose substitute is the Monday
    assert sent == {-26: [(-28, "officer")], 3: [(0, "officer")], 30: [(28, "director"), (28, "officer")]}


def test_each_look_sets_the_next_until_the_end(office: Office, clock: Clock) -> None:
    award_id = running(office)
    clock.set_day(FIRST)
    look(office, award_id, FIRST)
    assert dates(office, REVIEW) == [(FIRST, "met"), (SECOND, "open")]
    clock.set_day(SECOND - timedelta(days=3))
    look(office, award_id, SECOND)
    assert dates(office, REVIEW) == [(FIRST, "met"), (SECOND, "met")]
    with pytest.raises(Conflict, match="recorded already"):
        look(office, award_id, SECOND)
    assert [line.data["next"] for line in trail(office, "looked_at")] == ["2029-01-01", None]
    with office.reading() as session:
        assert verify(session).sound


def test_one_that_is_held_after_the_next_was_due_takes_in_both(office: Office, clock: Clock) -> None:
    award_id = running(office, end=date(2031, 1, 1))
    clock.set_day(SECOND)
    look(office, award_id, FIRST)
    assert dates(office, REVIEW) == [(FIRST, "met"), (date(2030, 1, 1), "open")]


@pytest.mark.parametrize("outcome", list(LookOutcome))
def test_whatever_it_ends_in_the_award_runs_on(office: Office, clock: Clock, outcome: LookOutcome) -> None:
    award_id = running(office)
    clock.set_day(FIRST)
    look(office, award_id, FIRST, outcome=outcome, reconciled=False)
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        assert award.status == "active"
        [held] = looks.of_award(session, award)
        assert (held.outcome, held.reconciled, held.due) == (outcome.value, False, FIRST)


def test_it_keeps_the_money_and_what_the_rules_said(office: Office, clock: Clock) -> None:
    award_id = running(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        returns.receive(session, award, date(2027, 7, 1), returned(), source="recipient", now=office.clock())
    clock.set_day(FIRST)
    look(office, award_id, FIRST)
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        [held] = looks.of_award(session, award)
        assert (held.paid, held.returned, held.spent) == (0, 0, 900_00)
        assert [one["rule"] for one in held.findings] == ["R6", "R3"]
        seen = looks.to_look_at(session, award, today=FIRST)
    assert seen.views == (("return of 1 July 2027", "They want Saturdays too."),)


def test_what_came_back_is_counted_beside_what_was_paid(office: Office) -> None:
    award_id = running(office, start=date(2026, 11, 1))
    officer, payer = person(office), person(office)
    given: dict[str, Any] = {"office": office, "now": office.clock()}
    with office.sessions.begin() as session:
        who = someone(session, officer)
        payments.plan(session, award_id, who, amount=500_00, planned_on=date(2026, 11, 23), now=office.clock())
        award_checks.verify_bank_details(session, award_id, who, note="By the number we know.", now=office.clock())
        award_checks.see_safeguarding_policy(session, award_id, who, note="Seen.", now=office.clock())
        payments.approve(session, award_id, 1, who, **given)
        payments.pay(session, award_id, 1, someone(session, payer), **given)
        payments.take_back(session, award_id, who, amount=100_00, reasons="Unspent.", **given)
    with office.reading() as session:
        money = looks.to_look_at(session, awards.by_id(session, award_id), today=date(2026, 11, 23)).money
    assert (money.award, money.paid, money.returned, money.spent) == (2_000_00, 500_00, 100_00, 0)


def test_it_needs_reasons_and_somebody_without_an_interest(office: Office, clock: Clock) -> None:
    award_id, who = running(office), person(office)
    clock.set_day(FIRST)
    with pytest.raises(Refused, match="Write what you saw"):
        look(office, award_id, FIRST, note=" ")
    with office.sessions.begin() as session:
        number = awards.by_id(session, award_id).application_id
        deciding.declare_interest(session, number, someone(session, who), reason="My aunt.", now=office.clock())
    with pytest.raises(Refused, match="interest"):
        look(office, award_id, FIRST, who)
    assert dates(office, REVIEW) == [(FIRST, "open")]


def test_two_who_look_at_once_record_one(office: Office, clock: Clock) -> None:
    award_id, who = running(office), [person(office), person(office)]
    clock.set_day(FIRST)
    done = at_once([lambda one=one: look(office, award_id, FIRST, one) for one in who])  # type: ignore[misc]
    assert (len(done.done), [type(one) for one in done.refused]) == (1, [Conflict])
    assert dates(office, REVIEW) == [(FIRST, "met"), (SECOND, "open")]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (date(2027, 12, 1), "Enter a day after today"),
        (END + timedelta(days=1), "The award ends on 31 December 2029"),
        (FIRST, "on record already"),
    ],
)
def test_it_is_moved_to_a_day_that_can_be(office: Office, clock: Clock, until: date, said: str) -> None:
    award_id = running(office)
    clock.set_day(date(2027, 12, 1))
    with pytest.raises(Refused, match=said):
        move(office, award_id, FIRST, until)
    with pytest.raises(Refused, match="Say why"):
        move(office, award_id, FIRST, END, reason=" ")
    move(office, award_id, FIRST, END)
    assert dates(office, REVIEW) == [(END, "open")]
    with pytest.raises(Conflict):
        look(office, award_id, FIRST)


def test_its_steps_move_with_it_and_what_was_sent_stays_sent(office: Office, clock: Clock) -> None:
    award_id = running(office)
    early = date(2027, 12, 7)
    assert [one.step for one in sweep(office, early) if one.kind == REVIEW] == [-28]
    clock.set_day(early)
    move(office, award_id, FIRST, date(2028, 3, 1))
    assert not [one for one in sweep(office, date(2028, 1, 31)) if one.kind == REVIEW]
    assert [one.step for one in sweep(office, date(2028, 2, 2)) if one.kind == REVIEW] == [-28]
    assert [one.step for one in sweep(office, date(2028, 3, 1)) if one.kind == REVIEW] == [0]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ({}, date(2027, 5, 4)),  # twelve months after it was decided
        (
            {"decided_on": date(2024, 2, 29), "accepted_on": date(2024, 3, 1), "start": date(2024, 3, 1)},
            date(2027, 3, 1),
        ),
        ({"end": date(2027, 5, 3)}, None),  # it has ended by then
        ({"fund": "youth-fund", "purpose": Purpose.YOUNG_PEOPLE, "kind": Kind.GRANT, "amount": 2_000_00}, None),
    ],
)
def test_a_historic_award_of_the_crime_fund_has_its_own_day(
    office: Office, changed: dict[str, Any], first: date | None
) -> None:
    told_of: OutsideAward = replace(TOLD, **changed)
    for year in (2023, 2024, 2026):
        allocate(office, told_of.fund, 500_000_00, year)
    who = person(office)
    with office.sessions.begin() as session:
        outside.record(session, told_of, someone(session, who), office=office, now=office.clock())
    assert dates(office, REVIEW) == ([(first, "open")] if first else [])


def test_a_historic_award_is_looked_at_again_twelve_months_after_its_look(office: Office, clock: Clock) -> None:
    allocate(office, TOLD.fund, 500_000_00)
    who = person(office)
    with office.sessions.begin() as session:
        told_of = replace(TOLD, end=date(2030, 5, 31))
        award_id = outside.record(session, told_of, someone(session, who), office=office, now=office.clock()).id
    assert dates(office, REVIEW) == [(date(2027, 5, 4), "open")]
    clock.set_day(date(2027, 4, 1))
    look(office, award_id, date(2027, 5, 4))
    assert dates(office, REVIEW)[1] == (date(2027, 6, 1), "open"), "the yearly look comes first"
    clock.set_day(date(2027, 6, 1))
    look(office, award_id, date(2027, 6, 1))
    assert dates(office, REVIEW)[2] == (date(2028, 6, 1), "open")


def test_it_is_closed_when_the_award_ends(office: Office) -> None:
    award_id, who = running(office), person(office)
    with office.sessions.begin() as session:
        for one in awards.by_id(session, award_id).deadlines:
            if one.kind == "return":
                one.met_at = office.clock()
    with office.sessions.begin() as session:
        by = someone(session, who)
        awards.complete(session, award_id, by, note="All done.", office=office, now=office.clock())
    assert dates(office, REVIEW) == [(FIRST, "closed")]
    with pytest.raises(Conflict):
        look(office, award_id, FIRST)
