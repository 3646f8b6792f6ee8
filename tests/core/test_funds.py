"""The ledger that cannot overspend (F3, F6)."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import awards, funds
from core.errors import NotFound, Refused
from core.office import Office
from core.records import FundYear, LedgerEntry
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    YEAR,
    allocate,
    at_once,
    award_of,
    bare_awards,
    decide,
    facts,
    london,
    offered,
    person,
    recommended,
    trail,
)
from tests.core.money import assert_ledger_adds_up, commit, position, release


def test_a_year_without_an_allocation_is_not_known(office: Office) -> None:
    nothing = position(office)
    assert (nothing.known, nothing.allocated, nothing.available) == (False, 0, 0)


def test_an_allocation_adds(office: Office) -> None:
    allocate(office, "youth-fund", 100_000_00)
    allocate(office, "youth-fund", 1)
    now = position(office)
    assert (now.known, now.allocated, now.held, now.available) == (True, 100_000_01, 0, 100_000_01)
    assert position(office, year=YEAR + 1).allocated == 0
    assert position(office, "community-fund").allocated == 0
    assert [(line.data["added"], line.data["year"]) for line in trail(office, "allocated")] == [
        (100_000_00, "2026-27"),
        (1, "2026-27"),
    ]


def test_a_third_of_the_crime_and_disorder_fund_is_held_to_the_penny(office: Office) -> None:
    allocate(office, "crime-and-disorder", 100_000_00)
    assert position(office, "crime-and-disorder").available == 66_666_66
    assert position(office, "crime-and-disorder").held == 33_333_34
    allocate(office, "crime-and-disorder", 1)  # £100,000.01: a third is £33,333.33⅔, rounded up
    assert position(office, "crime-and-disorder").available == 66_666_67
    allocate(office, "crime-and-disorder", 50_000_00)
    assert position(office, "crime-and-disorder").held == 50_000_01
    with office.reading() as session:
        assert_ledger_adds_up(session, "crime-and-disorder", YEAR)


def test_an_allocation_of_nothing_is_refused(office: Office) -> None:
    for amount in (0, -1):
        with pytest.raises(Refused, match="over zero"):
            allocate(office, "youth-fund", amount)
    assert not position(office).known


@pytest.mark.one_database
@pytest.mark.parametrize("year", [1, 2011, YEAR + 6, 9998])
def test_a_year_that_nobody_has_money_for_is_refused(office: Office, year: int) -> None:
    with pytest.raises(Refused, match=r"from 2012-13, .* to 2031-32, as far ahead as the policy goes\."):
        allocate(office, "youth-fund", 100, year)
    with office.sessions.begin() as session, pytest.raises(Refused, match="Give one of them"):
        funds.hold(session, "crime-and-disorder", year, 0, policy=office.policy, actor="test", now=office.clock())
    assert trail(office, "allocated") == trail(office, "statutory_sum") == []


@pytest.mark.parametrize("year", [2012, YEAR - 1, YEAR + 5])
def test_the_first_and_the_last_year_that_may_be_given_money(office: Office, year: int) -> None:
    allocate(office, "youth-fund", 100, year)
    assert position(office, year=year).allocated == 100


def test_how_far_ahead_money_is_given_is_the_policys_and_counts_from_april(office: Office, clock: Clock) -> None:
    nearer = replace(office.policy.allocation_years_ahead, value=1)
    office = replace(office, policy=replace(office.policy, allocation_years_ahead=nearer))
    clock.now = london(date(2027, 3, 31), 23, 59)
    with pytest.raises(Refused, match="to 2027-28, as far ahead"):
        allocate(office, "youth-fund", 100, 2028)
    clock.now = london(date(2027, 4, 1), 0)
    allocate(office, "youth-fund", 100, 2028)


def test_an_unknown_fund_is_named_with_those_there_are(office: Office) -> None:
    with pytest.raises(NotFound, match=r"pony-fund.*youth-fund, community-fund"):
        allocate(office, "pony-fund", 1)


def test_the_last_penny_can_be_committed_and_not_one_more(office: Office) -> None:
    allocate(office, "crime-and-disorder", 100_000_00)
    with office.sessions.begin() as session:
        first, second, third = bare_awards(session, office, 3)
        assert commit(session, office, "crime-and-disorder", 66_666_65, first) == "commitment"
        with pytest.raises(Refused, match=r"£0\.01 left in 2026-27; this award needs £0\.02") as refused:
            commit(session, office, "crime-and-disorder", 2, second)
        assert refused.value.rule == "F6"
        commit(session, office, "crime-and-disorder", 1, second)
        with pytest.raises(Refused, match="£0 left"):
            commit(session, office, "crime-and-disorder", 1, third)
    assert position(office, "crime-and-disorder").available == 0
    with office.reading() as session:
        assert_ledger_adds_up(session, "crime-and-disorder", YEAR)


def test_a_year_that_has_begun_takes_nothing_before_it_is_allocated(office: Office) -> None:
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        with pytest.raises(Refused, match="£0 left in 2026-27"):
            commit(session, office, "youth-fund", 1, award)
        with pytest.raises(Refused, match="2025-26 has ended"):
            commit(session, office, "youth-fund", 1, award, YEAR - 1)


def test_a_later_year_is_committed_forward_and_confirmed_oldest_first_as_far_as_the_money_goes(office: Office) -> None:
    with office.sessions.begin() as session:
        first, second, third = bare_awards(session, office, 3)
        for award, amount in ((first, 600_00), (second, 500_00), (third, 100_00)):
            assert commit(session, office, "youth-fund", amount, award, YEAR + 1) == "forward"
    later = position(office, year=YEAR + 1)
    assert (later.forward, later.committed, later.known) == (1_200_00, 0, False)
    allocate(office, "youth-fund", 1_000_00, YEAR + 1)  # pays the first; the second waits, and the third behind it
    later = position(office, year=YEAR + 1)
    assert (later.forward, later.committed, later.available) == (600_00, 600_00, 0)
    with office.sessions.begin() as session, pytest.raises(Refused, match="£0 left"):
        commit(session, office, "youth-fund", 1, first, YEAR + 1)  # nothing new comes before those that wait
    with office.reading() as session:
        confirmed = select(LedgerEntry.award_id).where(LedgerEntry.kind == "commitment")
        assert session.scalars(confirmed).all() == [first.id]
    allocate(office, "youth-fund", 200_00, YEAR + 1)
    later = position(office, year=YEAR + 1)
    assert (later.forward, later.committed, later.available) == (0, 1_200_00, 0)
    with office.reading() as session:
        assert_ledger_adds_up(session, "youth-fund", YEAR + 1)


def test_an_allocated_later_year_takes_no_more_than_it_has(office: Office) -> None:
    allocate(office, "youth-fund", 100, YEAR + 1)
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        with pytest.raises(Refused, match="in 2027-28"):
            commit(session, office, "youth-fund", 101, award, YEAR + 1)
        assert commit(session, office, "youth-fund", 100, award, YEAR + 1) == "commitment"


def test_a_release_gives_back_exactly_what_was_taken_and_only_once(office: Office) -> None:
    allocate(office, "youth-fund", 1_000_00)
    with office.sessions.begin() as session:
        mine, other = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 333_33, mine)
        commit(session, office, "youth-fund", 200_00, mine, YEAR + 1)
        commit(session, office, "youth-fund", 100_00, other)
    for _ in range(2):
        with office.sessions.begin() as session:
            release(session, office, mine)
        assert position(office).committed == 100_00
        assert position(office, year=YEAR + 1).forward == 0
        with office.reading() as session:
            assert_ledger_adds_up(session, "youth-fund", YEAR)
            assert_ledger_adds_up(session, "youth-fund", YEAR + 1)


def test_a_release_sees_what_an_allocation_at_the_same_moment_confirmed(office: Office) -> None:
    with office.sessions.begin() as session:
        mine, other = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 600_00, mine, YEAR + 1)
        commit(session, office, "youth-fund", 100_00, other, YEAR + 1)

    def give_back() -> None:
        with office.sessions.begin() as session:
            release(session, office, mine)

    thread = threading.Thread(target=give_back)
    with office.sessions.begin() as session:
        funds.allocate(
            session, "youth-fund", YEAR + 1, 5_000_00, policy=office.policy, actor="test", now=office.clock()
        )
        session.flush()
        thread.start()
        time.sleep(0.4)  # the release is now waiting for the balance row
    thread.join(60)
    later = position(office, year=YEAR + 1)
    assert (later.committed, later.forward) == (100_00, 0)
    with office.reading() as session:
        assert_ledger_adds_up(session, "youth-fund", YEAR + 1)


def test_the_first_forward_commitments_of_a_year_at_once_all_count_and_all_are_in_the_trail(office: Office) -> None:
    given = facts(start=facts().start.replace(month=5), amount=100_00)
    waiting = [recommended(office, given) for _ in range(6)]
    commissioner = person(office, Role.COMMISSIONER)
    came = at_once([lambda one=one: decide(office, one, commissioner) for one in waiting])  # type: ignore[misc]
    assert len(came.done) == 6
    assert position(office, year=YEAR + 1).forward == 600_00
    assert len(trail(office, "approved")) == len(trail(office, "offered")) == 6


def test_allocations_at_once_all_count(office: Office) -> None:
    at_once([lambda: allocate(office, "crime-and-disorder", 10_00)] * 12)
    now = position(office, "crime-and-disorder")
    assert (now.allocated, now.held) == (120_00, 40_00)
    with office.reading() as session:
        assert_ledger_adds_up(session, "crime-and-disorder", YEAR)


def test_money_that_something_older_waits_for_is_not_moved(office: Office) -> None:
    with office.sessions.begin() as session:
        first, second = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 60, first, YEAR + 1)
        commit(session, office, "youth-fund", 70, second, YEAR + 1)
    allocate(office, "youth-fund", 120, YEAR + 1)  # 60 are confirmed; the other 60 are too few for the 70 that wait
    with pytest.raises(Refused, match=r"£0 left in 2027-28\. Move less\."), office.sessions.begin() as session:
        move(session, office, 1)
    allocate(office, "youth-fund", 15, YEAR + 1)
    with pytest.raises(Refused, match=r"£0\.05 left in 2027-28"), office.sessions.begin() as session:
        move(session, office, 6)
    with office.sessions.begin() as session:
        move(session, office, 5)
    assert (position(office, year=YEAR + 1).committed, position(office, year=YEAR + 1).available) == (130, 0)
    assert position(office, "community-fund", YEAR + 1).available == 5


def move(session: Session, office: Office, amount: int) -> None:
    funds.move(
        session,
        "youth-fund",
        "community-fund",
        YEAR + 1,
        amount,
        policy=office.policy,
        actor="test",
        now=office.clock(),
    )


def test_the_check_constraint_stands_behind_the_update(office: Office) -> None:
    offered(office)
    for change in (
        "committed = allocated - held + 1",
        "committed = -1",
        "forward = -1",
        "allocated = 0",
        "held = allocated",
    ):
        with pytest.raises(IntegrityError), office.sessions.begin() as session:
            session.execute(text(f"UPDATE fund_year SET {change}"))
        with office.reading() as session:
            assert_ledger_adds_up(session, "youth-fund", YEAR)


def test_one_balance_for_a_fund_and_year(office: Office) -> None:
    allocate(office, "youth-fund", 1)
    with pytest.raises(IntegrityError), office.sessions.begin() as session:
        session.add(FundYear(fund="youth-fund", year=YEAR))


def test_positions_are_every_fund_in_the_order_of_the_policy(office: Office) -> None:
    allocate(office, "moj-victims", 7)
    with office.reading() as session:
        found = funds.positions(session, office.policy, YEAR)
    assert [one.fund for one in found] == [fund.id for fund in office.policy.funds]
    assert {one.fund: one.allocated for one in found if one.known} == {"moj-victims": 7}


def test_an_award_falls_in_the_year_of_its_start(office: Office) -> None:
    allocate(office, "youth-fund", 5_000_00, YEAR)
    allocate(office, "youth-fund", 5_000_00, YEAR + 1)
    commissioner = person(office, Role.COMMISSIONER)
    for start, year in (("2027-03-31", YEAR), ("2027-04-01", YEAR + 1)):
        application = recommended(office, facts(start=facts().start.fromisoformat(start)))
        decide(office, application, commissioner)
        with office.reading() as session:
            award = awards.by_id(session, award_of(office, application))
            assert session.scalars(select(LedgerEntry.year).where(LedgerEntry.award_id == award.id)).all() == [year]


def test_a_larger_share_never_takes_what_is_committed(office: Office) -> None:
    """The share held back is raised by the office: what is committed already is never spent twice (F3)."""
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        allocate_to(session, office, 45_000_00)
        commit(session, office, "crime-and-disorder", 30_000_00, award)
    fund = office.policy.fund("crime-and-disorder")
    assert fund is not None
    assert fund.held_share is not None
    half = replace(fund, held_share=replace(fund.held_share, value=Fraction(1, 2)))
    changed = tuple(half if one.id == half.id else one for one in office.policy.funds)
    later = replace(office, policy=replace(office.policy, funds=changed))
    with (
        pytest.raises(Refused, match=r"£7,499\.50 more of the Crime and Disorder Reduction Fund") as refused,
        later.sessions.begin() as session,
    ):
        allocate_to(session, later, 1_00)
    assert refused.value.rule == "F3"
    with later.sessions.begin() as session:
        allocate_to(session, later, 15_000_00)
    now = position(office, "crime-and-disorder")
    assert (now.allocated, now.held, now.committed, now.available) == (60_000_00, 30_000_00, 30_000_00, 0)


def allocate_to(session: Session, office: Office, amount: int) -> None:
    funds.allocate(session, "crime-and-disorder", YEAR, amount, policy=office.policy, actor="test", now=office.clock())
