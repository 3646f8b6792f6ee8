"""A recipient that owes a return applies again (R1): the rules say so, and block it where the policy does (A5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core import applications, returns
from core.assessing import assessment_of
from core.errors import Refused
from core.office import Office
from core.records import Award
from core.rules.facts import Finding
from core.rules.policy import Role
from tests.core import casework
from tests.core.casework import active, facts, person, recommend, recommended, returned, submitted

DUE, LATER = date(2027, 7, 1), date(2027, 7, 2)
AGAIN: dict[str, Any] = {"title": "Another thing", "start": date(2027, 8, 1), "end": date(2027, 12, 31)}


def blocking(office: Office) -> Office:
    figure = replace(office.policy.overdue_return_blocks, value=True)
    return replace(office, policy=replace(office.policy, overdue_return_blocks=figure))


def r1(office: Office, application_id: int) -> Finding:
    with office.reading() as session:
        application = applications.by_id(session, application_id)
        found = assessment_of(session, application, office=office, today=office.today()).findings
    return next(one for one in found if one.rule == "R1")


def owing(office: Office, clock: Any) -> int:
    """An award whose first return is a day late; answers its id."""
    award_id = active(office)
    clock.set_day(LATER)
    return award_id


def send_it(office: Office, award_id: int) -> None:
    with office.sessions.begin() as session:
        award = session.get_one(Award, award_id)
        returns.receive(session, award, DUE, returned(), source="recipient", now=office.clock())


def test_who_owes_a_return_is_told_apart_and_by_its_reference(office: Office, clock: Any) -> None:
    award_id = owing(office, clock)
    with office.reading() as session:
        reference = session.get_one(Award, award_id).reference
    mine = submitted(office, facts(**AGAIN))
    other = submitted(office, facts(**AGAIN, organisation_name="Other", charity_number="7654321"))
    found = r1(office, mine)
    assert found.verdict == "advice"
    assert f"{reference}, due on 1 July 2027" in found.because
    assert r1(office, other).verdict == "met"
    with office.reading() as session:
        stored = applications.by_id(session, mine).findings or []
        assert [one["verdict"] for one in stored if one["rule"] == "R1"] == ["advice"]


def test_it_ends_when_the_return_comes_in(office: Office, clock: Any) -> None:
    award_id = owing(office, clock)
    mine = submitted(office, facts(**AGAIN))
    send_it(office, award_id)
    assert r1(office, mine).verdict == "met"


def test_an_award_of_its_own_does_not_stand_against_an_application(office: Office, clock: Any) -> None:
    award_id = owing(office, clock)
    with office.reading() as session:
        own = session.get_one(Award, award_id).application_id
    assert r1(office, own).verdict == "met"


def test_as_shipped_it_is_approved_all_the_same(office: Office, clock: Any) -> None:
    owing(office, clock)
    mine = recommended(office, facts(**AGAIN))
    casework.allocate(office, "youth-fund", 100_000_00, 2027)
    casework.decide(office, mine, person(office, Role.COMMISSIONER))
    assert casework.award_of(office, mine)


def test_where_the_policy_blocks_it_nothing_is_approved_until_the_return_is_in(office: Office, clock: Any) -> None:
    award_id = owing(office, clock)
    strict = blocking(office)
    mine = submitted(strict, facts(**AGAIN))
    casework.allocate(office, "youth-fund", 100_000_00, 2027)
    commissioner = person(office, Role.COMMISSIONER)
    recommend(strict, mine)
    with pytest.raises(Refused, match="overdue") as refused:
        casework.decide(strict, mine, commissioner)
    assert refused.value.rule == "R1"
    send_it(office, award_id)
    casework.decide(strict, mine, commissioner)
    assert casework.award_of(strict, mine)


def test_where_the_policy_blocks_it_it_can_be_declined(office: Office, clock: Any) -> None:
    owing(office, clock)
    strict = blocking(office)
    mine = submitted(strict, facts(**AGAIN))
    recommend(strict, mine, outcome="decline")
    casework.decide(strict, mine, person(office, Role.COMMISSIONER), outcome="declined")
    with office.reading() as session:
        assert applications.by_id(session, mine).status == "declined"
