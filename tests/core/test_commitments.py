"""Commitments by financial year, forward ones, and how far beyond its money a year may be committed (F6)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import awards, commitments, deciding, funds
from core.errors import Refused
from core.office import Office
from core.records import Award
from core.rules.policy import Purpose, Role
from tests.core.casework import YEAR, allocate, award_of, bare_awards, decide, person, recommended, someone, trail
from tests.core.money import commit, fence, needing, position, release, tolerant


def profiled(session: Session, office: Office, profile: Mapping[int, int], award: Award) -> dict[int, str]:
    fund = office.policy.fund(award.fund)
    assert fund is not None
    return dict(commitments.commit(session, fund, award, profile, this_year=YEAR, actor="test", now=office.clock()))


def test_a_profile_takes_each_years_part_in_its_year_or_nothing_at_all(office: Office) -> None:
    allocate(office, "youth-fund", 100, YEAR)
    allocate(office, "youth-fund", 50, YEAR + 1)
    with office.sessions.begin() as session:
        award, other = bare_awards(session, office, 2)
        with pytest.raises(Refused, match=r"£0\.50 left in 2027-28; this award needs £0\.51"):
            profiled(session, office, {YEAR: 100, YEAR + 1: 51}, award)
        assert funds.position(session, "youth-fund", YEAR).committed == 0  # not even the year that had it
        with pytest.raises(Refused, match=r"£1 left in 2026-27; this award needs £1\.01"):
            profiled(session, office, {YEAR: 101, YEAR + 1: 1}, other)
        taken = profiled(session, office, {YEAR: 100, YEAR + 1: 50, YEAR + 2: 70}, award)
    assert taken == {YEAR: "commitment", YEAR + 1: "commitment", YEAR + 2: "forward"}
    assert [position(office, year=year).committed for year in (YEAR, YEAR + 1, YEAR + 2)] == [100, 50, 0]
    assert position(office, year=YEAR + 2).forward == 70


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({YEAR: 1_000_00, YEAR + 1: 999_99}, r"adds up to £1,999\.99 and the award is £2,000"),
        ({YEAR: 1_000_00, YEAR + 1: 1_000_01}, r"adds up to £2,000\.01 and the award is £2,000"),
        ({YEAR: 2_000_00, YEAR + 1: 0}, "an amount over zero"),
        ({YEAR - 1: 1_000_00, YEAR: 1_000_00}, "the profile names 2025-26"),
        ({YEAR + 1: 1_000_00, YEAR + 2: 1_000_00}, "the profile names 2028-29"),
    ],
)
def test_a_profile_adds_up_to_the_award_over_its_own_years(office: Office, profile: dict[int, int], said: str) -> None:
    for year in (YEAR - 1, YEAR, YEAR + 1, YEAR + 2):
        allocate(office, "youth-fund", 9_000_00, year)
    application, commissioner = recommended(office), person(office, Role.COMMISSIONER)
    with pytest.raises(Refused, match=said) as refused, office.sessions.begin() as session:
        decide_profiled(session, office, application, commissioner, profile)
    assert refused.value.rule == "F6"
    with office.reading() as session:
        assert session.scalars(select(Award)).all() == []


def decide_profiled(session: Session, office: Office, application: int, who: int, profile: dict[int, int]) -> None:
    deciding.decide(
        session,
        application,
        someone(session, who),
        outcome="approved",
        amount=None,
        reasons="A need.",
        conditions="Returns.",
        profile=profile,
        office=office,
        now=office.clock(),
    )


def test_a_decision_with_a_profile_is_assessed_and_recorded_by_year(office: Office) -> None:
    """The whole award would not fit the year of its start; its part does (F6)."""
    allocate(office, "youth-fund", 800_00, YEAR)
    commissioner = person(office, Role.COMMISSIONER)
    application = recommended(office)
    with pytest.raises(Refused, match=r"£800\.01 is more than the £800 that"), office.sessions.begin() as session:
        decide_profiled(session, office, application, commissioner, {YEAR: 800_01, YEAR + 1: 1_199_99})
    with pytest.raises(Refused, match=r"£2,000 is more than the £800 that"):
        decide(office, application, commissioner)
    with office.sessions.begin() as session:
        decide_profiled(session, office, application, commissioner, {YEAR: 800_00, YEAR + 1: 1_200_00})
    with office.reading() as session:
        award = awards.by_id(session, award_of(office, application))
        assert commitments.profile_of(award) == {YEAR: 800_00, YEAR + 1: 1_200_00}
        assert award.conditions.endswith(
            "£1,200 of this award is for 2027-28 and conditional on funding: nothing is allocated for that year yet."
        )
        [f6] = [one for one in award.application.decision.findings if one["rule"] == "F6"]  # type: ignore[union-attr]
        assert f6["because"] == "The Youth Fund has £800 left for 2026-27; this leaves £0."
        assert funds.reconcile(session) == []
    [line] = trail(office, "offered")
    assert line.data["years"] == {
        "2026-27": {"amount": 800_00, "money": "commitment"},
        "2027-28": {"amount": 1_200_00, "money": "forward"},
    }


def test_none_is_shipped_and_a_share_of_what_can_be_awarded_may_be_over_committed(office: Office) -> None:
    assert office.policy.over_allocation.value == 0
    generous = tolerant(office, Fraction(1, 10))
    allocate(generous, "crime-and-disorder", 3_019)  # 2,012 can be awarded, and 201 beyond it: 201.2 rounded down
    now = position(office, "crime-and-disorder")
    assert (now.tolerance, now.available) == (201, 2_213)
    with office.sessions.begin() as session:
        award = needing(session, office, Purpose.CRIME_REDUCTION, "2027-03-31")
        with pytest.raises(Refused):
            commit(session, office, "crime-and-disorder", 2_214, award)
        commit(session, office, "crime-and-disorder", 2_213, award)
    with pytest.raises(IntegrityError), office.sessions.begin() as session:
        session.execute(text("UPDATE fund_year SET committed = committed + 1"))
    with office.reading() as session:
        assert funds.position_at(session, "crime-and-disorder", YEAR, office.today()) == position(
            office, "crime-and-disorder"
        )


def test_a_changed_tolerance_holds_from_the_next_allocation_and_never_uncovers_what_it_let_through(
    office: Office,
) -> None:
    generous = tolerant(office, Fraction(1, 2))
    allocate(generous, "youth-fund", 100)
    allocate(generous, "youth-fund", 100, YEAR + 1)
    with office.sessions.begin() as session:
        award, other = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 140, award)
        assert position(office, year=YEAR + 1).tolerance == 50  # the policy changed; the balance did not, so far
        commit(session, office, "youth-fund", 1, other, YEAR + 1)
    allocate(office, "youth-fund", 10)
    allocate(office, "youth-fund", 10, YEAR + 1)
    assert (position(office).tolerance, position(office).available) == (30, 0)  # 140 of 110
    assert (position(office, year=YEAR + 1).tolerance, position(office, year=YEAR + 1).available) == (0, 109)
    allocate(office, "youth-fund", 40)
    assert (position(office).tolerance, position(office).available) == (0, 10)


def test_ring_fenced_money_is_never_over_committed(office: Office) -> None:
    fence(tolerant(office, Fraction(1, 2)), "youth-fund", 100, Purpose.YOUNG_PEOPLE)
    assert (position(office).tolerance, position(office).available) == (0, 100)


def test_a_release_pays_what_waits(office: Office) -> None:
    with office.sessions.begin() as session:
        first, second = bare_awards(session, office, 2)
        commit(session, office, "youth-fund", 100, first, YEAR + 1)
        commit(session, office, "youth-fund", 80, second, YEAR + 1)
    allocate(office, "youth-fund", 100, YEAR + 1)
    assert (position(office, year=YEAR + 1).committed, position(office, year=YEAR + 1).forward) == (100, 80)
    with office.sessions.begin() as session:
        release(session, office, first)
    assert (position(office, year=YEAR + 1).committed, position(office, year=YEAR + 1).forward) == (80, 0)
