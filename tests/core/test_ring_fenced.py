"""Money for one purpose or until one day (F1), and the sum that is held back (F3)."""

from __future__ import annotations

import pytest

from core import funds
from core.errors import Refused
from core.funds import FundPosition
from core.office import Office
from core.rules.policy import Purpose, Role
from tests.core.casework import YEAR, allocate, decide, person, recommended, reducing_crime, trail
from tests.core.money import assert_ledger_adds_up, commit, drawn, fence, needing, position, pots


def test_top_ups_are_allocations_of_their_own_and_the_same_fence_is_the_same_pot(office: Office) -> None:
    allocate(office, "moj-victims", 100_000_00)
    fence(office, "moj-victims", 20_000_00, Purpose.VICTIM_SERVICES, "2027-03-31")
    fence(office, "moj-victims", 5_000_01, Purpose.VICTIM_SERVICES, "2027-03-31")
    fence(office, "moj-victims", 7_00, until="2027-06-30")
    now = position(office, "moj-victims")
    assert (now.allocated, now.available) == (125_007_01, 125_007_01)
    assert pots(office, "moj-victims") == {
        "until 2027-06-30": (7_00, 7_00),
        "victim_services until 2027-03-31": (25_000_01, 25_000_01),
    }
    with office.reading() as session:
        rows = funds.statement(session, office.policy, "moj-victims", YEAR)
        assert [(row.pot, row.amount, row.note) for row in rows] == [
            ("", 100_000_00, ""),
            ("victim_services until 2027-03-31", 20_000_00, "won in-year"),
            ("victim_services until 2027-03-31", 5_000_01, "won in-year"),
            ("until 2027-06-30", 7_00, "won in-year"),
        ]
    assert [line.data["pot"] for line in trail(office, "allocated")] == [row.pot for row in rows]


def test_money_for_another_purpose_or_a_day_before_the_year_is_not_allocated(office: Office) -> None:
    with pytest.raises(Refused, match=r"is not for road_safety\. Its purposes are: victim_services") as refused:
        fence(office, "moj-victims", 1, Purpose.ROAD_SAFETY)
    assert refused.value.rule == "F1"
    with pytest.raises(Refused, match=r"2026-27 begins on 1 April 2026") as refused:
        fence(office, "moj-victims", 1, until="2026-03-31")
    assert refused.value.rule == "F1"
    fence(office, "moj-victims", 1, until="2026-04-01")
    assert pots(office, "moj-victims") == {"until 2026-04-01": (1, 1)}


def test_an_award_draws_on_the_pot_that_fits_and_ends_soonest_and_on_general_money_last(office: Office) -> None:
    fence(office, "crime-and-disorder", 300, Purpose.YOUNG_PEOPLE)
    fence(office, "crime-and-disorder", 300, Purpose.YOUNG_PEOPLE, "2027-12-31")
    fence(office, "crime-and-disorder", 300, until="2027-10-31")
    fence(office, "crime-and-disorder", 300, Purpose.COMMUNITY_SAFETY)
    allocate(office, "crime-and-disorder", 300)  # of each, a third is held: 200 are left
    with office.sessions.begin() as session:
        award = needing(session, office, Purpose.YOUNG_PEOPLE, "2027-10-31")
        commit(session, office, "crime-and-disorder", 650, award)
        with pytest.raises(Refused, match=r"£1\.50 left in 2026-27; this award needs £1\.51\. £2 more is ring-fenced"):
            commit(session, office, "crime-and-disorder", 151, award)
        commit(session, office, "crime-and-disorder", 150, award)
    assert drawn(office, award) == [
        (YEAR, "until 2027-10-31", 200),
        (YEAR, "young_people until 2027-12-31", 200),
        (YEAR, "young_people", 200),
        (YEAR, "", 50),
        (YEAR, "", 150),
    ]
    assert pots(office, "crime-and-disorder")["community_safety"] == (300, 200)
    assert position(office, "crime-and-disorder").available == 200


@pytest.mark.parametrize(
    ("purpose", "end", "fits"),
    [
        (Purpose.YOUNG_PEOPLE, "2027-03-31", True),
        (Purpose.YOUNG_PEOPLE, "2027-04-01", False),
        (Purpose.CRIME_REDUCTION, "2027-03-31", False),
    ],
    ids=["ends on its last day", "ends a day later", "is for something else"],
)
def test_a_pot_is_for_its_purpose_and_until_its_day(office: Office, purpose: Purpose, end: str, fits: bool) -> None:
    fence(office, "crime-and-disorder", 300, Purpose.YOUNG_PEOPLE, "2027-03-31")
    with office.sessions.begin() as session:
        award = needing(session, office, purpose, end)
        if fits:
            commit(session, office, "crime-and-disorder", 200, award)
        else:
            with pytest.raises(Refused, match=r"£0 left in 2026-27; this award needs £0\.01\. £2 more is ring-fenced"):
                commit(session, office, "crime-and-disorder", 1, award)
    assert position(office, "crime-and-disorder").committed == (200 if fits else 0)


def test_ring_fenced_money_is_there_for_whom_it_fits_when_an_application_is_assessed(office: Office) -> None:
    fence(office, "crime-and-disorder", 90_000_00, Purpose.YOUNG_PEOPLE)
    allocate(office, "crime-and-disorder", 30_000_00)
    commissioner = person(office, Role.COMMISSIONER)
    other = recommended(office, reducing_crime(amount=20_000_01))
    with pytest.raises(Refused, match=r"£20,000\.01 is more than the £20,000 that") as refused:
        decide(office, other, commissioner)
    assert refused.value.rule == "F6"
    fitting = recommended(office, reducing_crime(amount=80_000_00, purpose=Purpose.YOUNG_PEOPLE))
    decide(office, fitting, commissioner)
    assert position(office, "crime-and-disorder").committed == 80_000_00
    assert pots(office, "crime-and-disorder") == {"young_people": (90_000_00, 0)}


def test_a_forward_commitment_is_confirmed_by_a_top_up_that_fits_it_and_by_no_other(office: Office) -> None:
    with office.sessions.begin() as session:
        first = needing(session, office, Purpose.CRIME_REDUCTION, "2028-03-31")
        second = needing(session, office, Purpose.YOUNG_PEOPLE, "2028-03-31")
        for award in (first, second):
            assert commit(session, office, "crime-and-disorder", 100, award, YEAR + 1) == "forward"
    fence(office, "crime-and-disorder", 150, Purpose.YOUNG_PEOPLE, year=YEAR + 1)
    later = position(office, "crime-and-disorder", YEAR + 1)
    assert (later.committed, later.forward, later.available) == (100, 100, 0)
    assert drawn(office, first) == []
    assert drawn(office, second) == [(YEAR + 1, "young_people", 100)]
    with office.sessions.begin() as session:
        award = needing(session, office, Purpose.YOUNG_PEOPLE, "2028-03-31")
        assert commit(session, office, "crime-and-disorder", 1, award, YEAR + 1) == "forward"
    allocate(office, "crime-and-disorder", 150, YEAR + 1)
    assert drawn(office, first) == [(YEAR + 1, "", 100)]
    assert position(office, "crime-and-disorder", YEAR + 1).forward == 1


def hold(office: Office, amount: int, fund: str = "crime-and-disorder", year: int = YEAR) -> FundPosition:
    with office.sessions.begin() as session:
        return funds.hold(
            session, fund, year, amount, policy=office.policy, actor="test", note="letter", now=office.clock()
        )


def test_the_actual_statutory_sum_takes_the_place_of_the_third(office: Office) -> None:
    allocate(office, "crime-and-disorder", 100_000_00)
    now = hold(office, 25_000_00)
    assert (now.held, now.available) == (25_000_00, 75_000_00)
    allocate(office, "crime-and-disorder", 50_000_00)  # the sum stands, whatever is added
    assert position(office, "crime-and-disorder").held == 25_000_00
    assert hold(office, 60_000_01).available == 89_999_99
    assert hold(office, 0).available == 150_000_00
    with office.reading() as session:
        assert_ledger_adds_up(session, "crime-and-disorder", YEAR)
    assert [line.data["statutory"] for line in trail(office, "statutory_sum")] == [25_000_00, 60_000_01, 0]
    assert position(office, "crime-and-disorder", YEAR + 1).held == 0
    allocate(office, "crime-and-disorder", 300, YEAR + 1)
    assert position(office, "crime-and-disorder", YEAR + 1).held == 100


def test_a_statutory_sum_never_uncovers_what_is_committed(office: Office) -> None:
    allocate(office, "crime-and-disorder", 300)
    with office.sessions.begin() as session:
        commit(
            session, office, "crime-and-disorder", 150, needing(session, office, Purpose.CRIME_REDUCTION, "2027-03-31")
        )
    with pytest.raises(Refused, match=r"at most £1\.50 can be held for 2026-27") as refused:
        hold(office, 151)
    assert refused.value.rule == "F3"
    assert position(office, "crime-and-disorder").held == 100
    assert hold(office, 150).available == 0
    with pytest.raises(Refused, match="at most £0 can be held"):
        hold(office, 1, year=YEAR + 1)
    with pytest.raises(Refused, match="Nothing of the Youth Fund is held back"):
        hold(office, 1, fund="youth-fund")
    with pytest.raises(Refused, match="zero or more"):
        hold(office, -1)


def test_a_lower_statutory_sum_pays_what_waits(office: Office) -> None:
    with office.sessions.begin() as session:
        award = needing(session, office, Purpose.CRIME_REDUCTION, "2028-03-31")
        commit(session, office, "crime-and-disorder", 250, award, YEAR + 1)
    allocate(office, "crime-and-disorder", 300, YEAR + 1)
    assert position(office, "crime-and-disorder", YEAR + 1).forward == 250
    assert hold(office, 50, year=YEAR + 1).committed == 250
    assert position(office, "crime-and-disorder", YEAR + 1).forward == 0
