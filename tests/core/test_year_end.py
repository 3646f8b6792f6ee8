"""What becomes of money that was not used by 31 March (F6): underspends, closed years, what is repaid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core import awards, deciding, funds, returns, year_end
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.rules.policy import Purpose, Role, YearEnd
from core.rules.questions import ApplicationFacts
from core.year_end import Settled
from tests.conftest import Clock
from tests.core.casework import (
    YEAR,
    accept,
    active,
    allocate,
    award_of,
    bare_awards,
    decide,
    facts,
    london,
    offered,
    person,
    recommended,
    reducing_crime,
    returned,
    someone,
    trail,
    victims,
)
from tests.core.money import commit, fence, position, pots
from tests.core.test_payments import Till

LAST, FIRST = date(2027, 3, 31), date(2027, 4, 1)
"""The last day of the year and the first of the next."""

ROADS: dict[str, Any] = {"amount": 30_000_00, "purpose": Purpose.ROAD_SAFETY}


def close(office: Office, today: date, year: int = YEAR, fund: str | None = None) -> list[Settled]:
    with office.sessions.begin() as session:
        return year_end.close(
            session, year, fund_id=fund, policy=office.policy, today=today, actor="test", now=london(today)
        )


def repay(office: Office, fund: str, amount: int, year: int = YEAR) -> None:
    with office.sessions.begin() as session:
        year_end.repay(
            session, fund, year, amount, policy=office.policy, actor="test", note="BACS 7", now=office.clock()
        )


def spent_and_over(office: Office, clock: Clock, given: ApplicationFacts, paid: int, day: date) -> int:
    """An award that was paid part of what it was given, whose returns are in, and that is closed on a day."""
    award_id = active(office, given)
    till = Till(office, award_id)
    till.check()
    till.check("safeguarding")
    till.plan(paid)
    till.approve()
    till.pay()
    complete(office, clock, award_id, day)
    return award_id


def complete(office: Office, clock: Clock, award_id: int, day: date) -> None:
    clock.set_day(day)
    who = person(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        for due in [one.due for one in award.deadlines if one.kind == returns.RETURN and one.met_at is None]:
            returns.receive(session, award, due, returned(), source="applicant", now=clock.now)
    with office.sessions.begin() as session:
        awards.complete(session, award_id, someone(session, who), note="Done.", office=office, now=clock.now)


SHORT: dict[str, Any] = {"end": date(2027, 3, 1)}


def test_an_underspend_returns_to_the_fund_within_the_year(office: Office, clock: Clock) -> None:
    award_id = spent_and_over(office, clock, facts(**SHORT), 1_500_00, LAST)
    now = position(office)
    assert (now.committed, now.paid, now.available) == (1_500_00, 1_500_00, 18_500_00)
    assert (now.repayable, now.surrendered) == (0, 0)
    with office.reading() as session:
        assert awards.by_id(session, award_id).status == "completed"
        assert funds.reconcile(session) == []
    [line] = trail(office, "completed")
    assert (line.data["paid"], line.data["released"], line.data["note"]) == (1_500_00, 500_00, "Done.")


def test_after_31_march_a_government_grants_underspend_is_repayable(office: Office, clock: Clock) -> None:
    spent_and_over(office, clock, victims(**SHORT), 29_999_99, FIRST)
    now = position(office, "moj-victims")
    assert (now.committed, now.repayable, now.available) == (29_999_99, 1, 270_000_00)
    assert position(office, "moj-victims", YEAR + 1).allocated == 0


def test_after_31_march_a_reserves_underspend_is_carried_forward(office: Office, clock: Clock) -> None:
    spent_and_over(office, clock, facts("casualty-reduction", **ROADS, **SHORT), 20_000_00, FIRST)
    now, later = position(office, "casualty-reduction"), position(office, "casualty-reduction", YEAR + 1)
    assert (now.allocated, now.committed, now.surrendered) == (300_000_00, 20_000_00, 10_000_00)
    assert (now.available, later.allocated, later.available) == (270_000_00, 10_000_00, 10_000_00)
    with office.reading() as session:
        [entry] = funds.statement(session, office.policy, "casualty-reduction", YEAR + 1)
        assert (entry.kind, entry.note) == ("allocation", "carried forward from 2026-27")
        assert funds.reconcile(session) == []


def test_after_31_march_another_funds_underspend_leaves_the_fund(office: Office, clock: Clock) -> None:
    spent_and_over(office, clock, facts(**SHORT), 1_500_00, FIRST)
    now = position(office)
    assert (now.committed, now.surrendered, now.available, now.repayable) == (1_500_00, 500_00, 18_000_00, 0)
    assert position(office, year=YEAR + 1).allocated == 0


def test_a_grant_whose_agreement_allows_it_is_carried_forward(office: Office, clock: Clock) -> None:
    agreed = tuple(
        replace(fund, after_year_end=YearEnd.CARRIED_FORWARD) if fund.id == "moj-victims" else fund
        for fund in office.policy.funds
    )
    office = replace(office, policy=replace(office.policy, funds=agreed))
    spent_and_over(office, clock, victims(**SHORT), 29_000_00, FIRST)
    assert position(office, "moj-victims").repayable == 0
    assert position(office, "moj-victims", YEAR + 1).available == 1_000_00


def test_what_a_later_year_holds_stays_with_that_year(office: Office, clock: Clock) -> None:
    allocate(office, "youth-fund", 5_000_00, YEAR)
    allocate(office, "youth-fund", 5_000_00, YEAR + 1)
    application, commissioner = recommended(office), person(office, Role.COMMISSIONER)
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            application,
            someone(session, commissioner),
            outcome="approved",
            amount=None,
            reasons="A need.",
            conditions="Returns.",
            profile={YEAR: 1_200_00, YEAR + 1: 800_00},
            office=office,
            now=office.clock(),
        )
    award_id = award_of(office, application)
    accept(office, award_id)
    complete(office, clock, award_id, date(2027, 11, 1))
    assert (position(office).surrendered, position(office).available) == (1_200_00, 3_800_00)
    later = position(office, year=YEAR + 1)
    assert (later.surrendered, later.available) == (0, 5_000_00)


def test_an_award_is_closed_once_its_returns_are_in_and_its_open_payments_go_with_it(
    office: Office, clock: Clock
) -> None:
    award_id = active(office)
    waiting = offered(office)
    till = Till(office, award_id)
    till.ready(500_00)
    till.plan(100_00)
    who = till.officer
    with (
        pytest.raises(Refused, match=r"due on 1 July 2027 has not come in") as refused,
        office.sessions.begin() as session,
    ):
        awards.complete(session, award_id, someone(session, who), note="Done.", office=office, now=clock.now)
    assert refused.value.rule == "R1"
    complete(office, clock, award_id, date(2027, 11, 1))
    assert [till.row(number).status for number in (1, 2)] == ["cancelled", "cancelled"]
    with pytest.raises(Conflict, match="the award is complete"):
        complete(office, clock, award_id, date(2027, 11, 2))
    assert position(office).committed == 2_000_00  # what waits to be accepted
    with pytest.raises(Conflict, match="has not been accepted"):
        complete(office, clock, waiting, date(2027, 11, 2))


def test_money_returned_after_the_award_ended_goes_the_way_of_an_underspend(office: Office, clock: Clock) -> None:
    award_id = spent_and_over(office, clock, victims(**SHORT), 30_000_00, LAST)
    till = Till(office, award_id)
    till.take_back(100_00)
    now = position(office, "moj-victims")
    assert (now.paid, now.committed, now.available) == (29_900_00, 29_900_00, 270_100_00)
    clock.set_day(FIRST)
    till.take_back(11)
    now = position(office, "moj-victims")
    assert (now.paid, now.committed, now.repayable) == (29_899_89, 29_899_89, 11)
    with office.reading() as session:
        assert funds.reconcile(session) == []


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_an_offer_that_ends_after_the_year_gives_nothing_back_to_it(office: Office, clock: Clock, how: str) -> None:
    clock.set_day(date(2027, 3, 20))
    award_id = offered(office, victims(start=date(2027, 3, 25)))
    clock.set_day(date(2027, 4, 18) if how == "expired" else FIRST)
    with office.sessions.begin() as session:
        if how == "refused":
            awards.refuse(session, awards.by_id(session, award_id), name="Ada", now=clock.now, office=office)
        else:
            assert awards.expire_offers(session, today=office.today(), now=clock.now, office=office)
    now = position(office, "moj-victims")
    assert (now.committed, now.repayable, now.available) == (0, 30_000_00, 270_000_00)


def test_a_year_is_closed_from_1_april(office: Office) -> None:
    allocate(office, "youth-fund", 100)
    with pytest.raises(Refused, match=r"2026-27 ends on 31 March 2027\. Close it from 1 April 2027 on\.") as refused:
        close(office, LAST)
    assert refused.value.rule == "F6"
    assert position(office).available == 100
    assert close(office, FIRST) == [Settled("youth-fund", YEAR, "", YearEnd.RETURNED, 100)]
    with pytest.raises(NotFound, match="pony-fund"):
        close(office, FIRST, fund="pony-fund")


def test_closing_sends_each_funds_unused_money_its_way_and_may_be_repeated(office: Office) -> None:
    for fund in ("casualty-reduction", "moj-victims", "crime-and-disorder"):
        allocate(office, fund, 300)
        with office.sessions.begin() as session:
            [award] = bare_awards(session, office, 1)
            commit(session, office, fund, 50, award)
    done = close(office, FIRST)
    assert done == [
        Settled("casualty-reduction", YEAR, "", YearEnd.CARRIED_FORWARD, 250),
        Settled("crime-and-disorder", YEAR, "", YearEnd.RETURNED, 150),  # what is held back is no underspend
        Settled("moj-victims", YEAR, "", YearEnd.REPAYABLE, 250),
    ]
    stands = [position(office, one.fund) for one in done]
    assert [(one.committed, one.held, one.available) for one in stands] == [(50, 0, 0), (50, 100, 0), (50, 0, 0)]
    assert [(one.allocated, one.repayable, one.surrendered) for one in stands] == [
        (300, 0, 250),
        (300, 0, 150),
        (300, 250, 0),
    ]
    assert position(office, "casualty-reduction", YEAR + 1).available == 250
    assert close(office, FIRST) == []
    assert position(office, "casualty-reduction", YEAR + 1).allocated == 250
    [line] = trail(office, "year_closed")
    assert line.data["settled"][2] == {"fund": "moj-victims", "pot": "", "what": "repayable", "amount": 250}


def test_one_fund_is_closed_alone_and_what_comes_later_is_taken_by_closing_again(office: Office) -> None:
    allocate(office, "youth-fund", 100)
    allocate(office, "moj-victims", 100)
    assert [one.fund for one in close(office, FIRST, fund="moj-victims")] == ["moj-victims"]
    assert position(office).available == 100
    allocate(office, "moj-victims", 7)
    assert [(one.fund, one.amount) for one in close(office, FIRST)] == [("moj-victims", 7), ("youth-fund", 100)]
    assert position(office, "moj-victims").repayable == 107


def test_what_waits_for_the_year_and_the_tolerance_are_no_underspend(office: Office) -> None:
    with office.sessions.begin() as session:
        first, second = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 80, first, YEAR + 1)
        commit(session, office, "youth-fund", 70, second, YEAR + 1)
    allocate(office, "youth-fund", 100, YEAR + 1)  # 80 are confirmed; 20 are left for the 70 that wait
    assert close(office, date(2028, 4, 1), YEAR + 1) == []
    generous = replace(office.policy.over_allocation, value=office.policy.over_allocation.value + 1)
    with office.sessions.begin() as session:
        funds.allocate(
            session,
            "community-fund",
            YEAR,
            100,
            policy=replace(office.policy, over_allocation=generous),
            actor="test",
            now=office.clock(),
        )
        [award] = bare_awards(session, office, 1)
        commit(session, office, "community-fund", 130, award)
    assert position(office, "community-fund").available == 70
    assert close(office, FIRST) == []
    assert (position(office, "community-fund").available, position(office, "community-fund").tolerance) == (0, 30)


def test_ring_fenced_money_whose_day_has_passed_goes_back_to_whoever_gave_it(office: Office) -> None:
    fence(office, "casualty-reduction", 100, Purpose.ROAD_SAFETY, "2027-03-31")
    fence(office, "casualty-reduction", 200, Purpose.ROAD_SAFETY, "2027-04-01")
    fence(office, "casualty-reduction", 300, Purpose.ROAD_SAFETY)
    done = {one.pot: (one.what, one.amount) for one in close(office, FIRST)}
    assert done == {
        "road_safety": (YearEnd.CARRIED_FORWARD, 300),
        "road_safety until 2027-03-31": (YearEnd.REPAYABLE, 100),
        "road_safety until 2027-04-01": (YearEnd.CARRIED_FORWARD, 200),
    }
    assert pots(office, "casualty-reduction", YEAR + 1) == {
        "road_safety": (300, 300),
        "road_safety until 2027-04-01": (200, 200),
    }


def test_what_is_repayable_is_paid_back_to_the_penny(office: Office) -> None:
    allocate(office, "moj-victims", 100)
    fence(office, "moj-victims", 50, until="2027-03-31")
    close(office, FIRST)
    assert position(office, "moj-victims").repayable == 150
    with pytest.raises(Refused, match=r"£1\.50 of the .* is repayable for 2026-27") as refused:
        repay(office, "moj-victims", 151)
    assert refused.value.rule == "F6"
    with pytest.raises(Refused, match="over zero"):
        repay(office, "moj-victims", 0)
    repay(office, "moj-victims", 120)
    now = position(office, "moj-victims")
    assert (now.repayable, now.surrendered, now.available) == (30, 120, 0)
    repay(office, "moj-victims", 30)
    with pytest.raises(Refused, match="£0 of the"):
        repay(office, "moj-victims", 1)
    with pytest.raises(NotFound):
        repay(office, "pony-fund", 1)
    [first, _] = trail(office, "repaid")
    assert (first.data["amount"], first.data["note"]) == (120, "BACS 7")
    with office.reading() as session:
        assert funds.reconcile(session) == []


def test_a_late_release_goes_only_as_far_as_there_is_money(office: Office, clock: Clock) -> None:
    """Over-committed under a tolerance, the year has less to give than the award gives up."""
    share = replace(office.policy.over_allocation, value=office.policy.over_allocation.value + 1)
    office = replace(office, policy=replace(office.policy, over_allocation=share))
    given = reducing_crime(amount=30_000_00, **SHORT)
    application = recommended(office, given)
    allocate(office, "crime-and-disorder", 30_000_00)  # 20,000 can be awarded, and as much again beyond it
    decide(office, application, person(office, Role.COMMISSIONER))
    award_id = award_of(office, application)
    accept(office, award_id)
    till = Till(office, award_id)
    till.check()
    till.plan(15_000_00)
    till.approve()
    till.pay()
    complete(office, clock, award_id, FIRST)
    now = position(office, "crime-and-disorder")
    assert (now.committed, now.surrendered) == (15_000_00, 5_000_00)  # 15,000 given up, 5,000 of it real money
