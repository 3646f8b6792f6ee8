"""An award's amount is changed by somebody who may decide it, and its money follows (A1, A2, A4, A5, F6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, commitments, deciding, funds, variations
from core.errors import Conflict, Refused
from core.meetings import MEETING
from core.office import Office
from core.records import Award, Variation
from core.rules.policy import Purpose, Role
from tests.core.casework import (
    YEAR,
    accept,
    active,
    allocate,
    award_of,
    decide,
    delegated,
    facts,
    offered,
    person,
    recommended,
    reducing_crime,
    someone,
    trail,
)
from tests.core.money import fence, position, pots
from tests.core.test_payments import Till


def vary(
    office: Office,
    award_id: int,
    amount: int,
    *,
    who: int | None = None,
    was: int = 2_000_00,
    profile: dict[int, int] | None = None,
    reasons: str = "Prices rose.",
) -> None:
    who = who or person(office, Role.COMMISSIONER)
    with office.sessions.begin() as session:
        variations.vary(
            session,
            award_id,
            someone(session, who),
            was=was,
            amount=amount,
            profile=profile,
            reasons=reasons,
            office=office,
            now=office.clock(),
        )


def read(office: Office, award_id: int) -> Award:
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        _ = award.deadlines, award.application.recommendation
        return award


def with_exactly(office: Office, amount: int, more: int, **changes: Any) -> int:
    """An active award from a fund that has its amount and so much more."""
    given = facts(**changes) if changes else facts(amount=amount)
    application = recommended(office, given)
    allocate(office, given.fund, amount + more)
    decide(office, application, person(office, Role.COMMISSIONER))
    award_id = award_of(office, application)
    accept(office, award_id)
    return award_id


def test_more_is_committed_under_the_same_guard_to_the_penny(office: Office) -> None:
    award_id = with_exactly(office, 2_000_00, 500_00)
    with pytest.raises(Refused, match=r"£500 left in 2026-27; this award needs £500\.01") as refused:
        vary(office, award_id, 2_500_01)
    assert refused.value.rule == "F6"
    who = person(office, Role.COMMISSIONER)
    vary(office, award_id, 2_500_00, who=who)
    award = read(office, award_id)
    assert (award.amount, commitments.profile_of(award)) == (2_500_00, {YEAR: 2_500_00})
    assert (position(office).committed, position(office).available) == (2_500_00, 0)
    with office.reading() as session:
        [kept] = session.scalars(select(Variation))
        assert (kept.before, kept.after, kept.person_id, kept.reasons) == (2_000_00, 2_500_00, who, "Prices rose.")
        assert kept.facts["amount"] == 2_500_00
        assert {one["rule"] for one in kept.findings} >= {"P0", "F5", "R1"}
        assert funds.reconcile(session) == []
    [line] = trail(office, "varied")
    assert (line.data["before"], line.data["after"], line.data["reasons"]) == (2_000_00, 2_500_00, "Prices rose.")
    assert line.data["years"] == {"2026-27": {"amount": 2_500_00, "money": "commitment"}}


def test_less_is_released_and_never_less_than_was_paid(office: Office) -> None:
    award_id = active(office)
    till = Till(office, award_id)
    till.ready(1_500_00)
    till.pay()
    for amount in (1_499_99, 1):
        with pytest.raises(Refused, match=r"£1,500 of 2026-27 has been paid") as refused:
            vary(office, award_id, amount)
        assert refused.value.rule == "F7"
    vary(office, award_id, 1_500_00)
    assert (read(office, award_id).amount, position(office).committed) == (1_500_00, 1_500_00)
    with office.reading() as session:
        assert funds.reconcile(session) == []
    [line] = trail(office, "varied")
    assert line.data["years"] == {"2026-27": {"amount": 1_500_00, "money": None}}


def test_a_variation_needs_another_amount_reasons_and_the_award_as_it_was_seen(office: Office) -> None:
    award_id = active(office)
    for amount in (0, -1, 2_000_00):
        with pytest.raises(Refused, match="the award's new amount"):
            vary(office, award_id, amount)
    with pytest.raises(Refused, match="Give your reasons"):
        vary(office, award_id, 1_000_00, reasons=" ")
    with pytest.raises(Conflict, match=r"is £2,000 now, not £1,999\.99"):
        vary(office, award_id, 1_000_00, was=1_999_99)
    with pytest.raises(Conflict, match="accepted and still runs"):
        vary(office, offered(office), 1_000_00)
    assert trail(office, "varied") == []


def test_whoever_may_decide_the_larger_amount_may_vary(office: Office) -> None:
    award_id = active(office)
    recommender = read(office, award_id).application.recommendation
    assert recommender is not None
    director, officer = person(office, Role.DIRECTOR), person(office)
    with pytest.raises(Refused, match="No delegation lets") as refused:
        vary(office, award_id, 1_000_00, who=officer)
    assert refused.value.rule == "A1"
    under = delegated(office, (Role.DIRECTOR, 2_500_00), (Role.OFFICER, 9_000_00), since=date(2026, 1, 1))
    with pytest.raises(Refused, match="You recommended this") as refused:
        vary(under, award_id, 1_000_00, who=recommender.person_id)
    assert refused.value.rule == "A2"
    with pytest.raises(Refused, match="No delegation lets"):
        vary(under, award_id, 2_500_01, who=director)
    vary(under, award_id, 2_500_00, who=director)
    lower = delegated(office, (Role.DIRECTOR, 2_499_99), since=date(2026, 1, 1))
    with pytest.raises(Refused, match="No delegation lets"):
        vary(lower, award_id, 1_00, who=director, was=2_500_00)  # taking from what another decided is a decision too
    vary(under, award_id, 1_00, who=director, was=2_500_00)


def test_somebody_with_an_interest_or_who_has_left_does_not_vary(office: Office) -> None:
    application = recommended(office)
    interested, other = person(office, Role.COMMISSIONER), person(office, Role.COMMISSIONER)
    with office.sessions.begin() as session:
        deciding.declare_interest(
            session, application, someone(session, interested), reason="A friend.", now=office.clock()
        )
    allocate(office, "youth-fund", 9_000_00)
    decide(office, application, other)
    award_id = award_of(office, application)
    accept(office, award_id)
    with pytest.raises(Refused, match="declared an interest"):
        vary(office, award_id, 1_000_00, who=interested)
    with office.sessions.begin() as session:
        someone(session, other).active = False
    with pytest.raises(Refused, match="not on the office's staff list"):
        vary(office, award_id, 1_000_00, who=other)


def test_what_fails_a_rule_with_the_new_amount_is_not_varied(office: Office) -> None:
    award_id = active(office)
    with pytest.raises(Refused, match=r"This fails F5: £3,500\.01 is over the Youth Fund's limit") as refused:
        vary(office, award_id, 3_500_01)
    assert refused.value.rule == "F5"
    vary(office, award_id, 3_500_00)


def test_less_may_be_agreed_though_a_newer_policy_would_not_give_it(office: Office) -> None:
    award_id = active(office)
    youth = office.policy.fund("youth-fund")
    assert youth is not None
    assert youth.cap is not None
    lower = replace(youth, cap=replace(youth.cap, value=1_500_00))
    funds_now = tuple(lower if fund.id == lower.id else fund for fund in office.policy.funds)
    later = replace(office, policy=replace(office.policy, funds=funds_now))
    with pytest.raises(Refused, match="This fails F5"):
        vary(later, award_id, 2_000_01)
    vary(later, award_id, 1_800_00)


def test_an_award_over_several_years_says_how_the_new_amount_falls(office: Office) -> None:
    allocate(office, "youth-fund", 1_000_00, YEAR)
    allocate(office, "youth-fund", 1_500_00, YEAR + 1)
    award_id = active_over(office, {YEAR: 500_00, YEAR + 1: 1_500_00})
    with pytest.raises(Refused, match="falls in 2 financial years"):
        vary(office, award_id, 2_400_00)
    with pytest.raises(Refused, match=r"adds up to £2,300 and the award is £2,400"):
        vary(office, award_id, 2_400_00, profile={YEAR: 1_000_00, YEAR + 1: 1_300_00})
    with pytest.raises(Refused, match=r"£0 left in 2027-28"):
        vary(office, award_id, 2_400_00, profile={YEAR: 899_99, YEAR + 1: 1_500_01})
    assert [position(office, year=year).committed for year in (YEAR, YEAR + 1)] == [500_00, 1_500_00]
    vary(office, award_id, 2_300_00, profile={YEAR: 1_000_00, YEAR + 1: 1_300_00})
    assert [position(office, year=year).committed for year in (YEAR, YEAR + 1)] == [1_000_00, 1_300_00]
    vary(office, award_id, 1_100_00, was=2_300_00, profile={YEAR + 1: 1_100_00})
    assert [position(office, year=year).committed for year in (YEAR, YEAR + 1)] == [0, 1_100_00]
    with office.reading() as session:
        assert funds.reconcile(session) == []


def active_over(office: Office, profile: dict[int, int]) -> int:
    application = recommended(office, facts(amount=sum(profile.values())))
    commissioner = person(office, Role.COMMISSIONER)
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            application,
            someone(session, commissioner),
            outcome="approved",
            amount=None,
            reasons="A need.",
            conditions="Returns.",
            profile=profile,
            office=office,
            now=office.clock(),
        )
    award_id = award_of(office, application)
    accept(office, award_id)
    return award_id


def test_more_in_a_year_without_money_is_conditional_on_funding_and_less_gives_that_up_first(office: Office) -> None:
    allocate(office, "youth-fund", 2_000_00)
    award_id = active_over(office, {YEAR: 2_000_00})
    vary(office, award_id, 2_600_00, profile={YEAR: 2_000_00, YEAR + 1: 600_00})
    assert position(office, year=YEAR + 1).forward == 600_00
    assert read(office, award_id).conditions.endswith(
        "£600 of this award is for 2027-28 and conditional on funding: nothing is allocated for that year yet."
    )
    vary(office, award_id, 2_100_00, was=2_600_00, profile={YEAR: 2_000_00, YEAR + 1: 100_00})
    assert position(office, year=YEAR + 1).forward == 100_00
    allocate(office, "youth-fund", 100_00, YEAR + 1)
    assert position(office, year=YEAR + 1).committed == 100_00
    vary(office, award_id, 2_000_00, was=2_100_00, profile={YEAR: 2_000_00})
    assert position(office, year=YEAR + 1).available == 100_00


def test_less_gives_general_money_back_before_ring_fenced(office: Office) -> None:
    fence(office, "crime-and-disorder", 15_000_00, Purpose.YOUNG_PEOPLE)
    allocate(office, "crime-and-disorder", 15_000_00)
    application = recommended(office, reducing_crime(amount=15_000_00, purpose=Purpose.YOUNG_PEOPLE))
    decide(office, application, person(office, Role.COMMISSIONER))
    award_id = award_of(office, application)
    accept(office, award_id)
    assert pots(office, "crime-and-disorder") == {"young_people": (15_000_00, 0)}
    vary(office, award_id, 10_000_00, was=15_000_00)
    assert pots(office, "crime-and-disorder") == {"young_people": (15_000_00, 0)}
    assert position(office, "crime-and-disorder").committed == 10_000_00
    vary(office, award_id, 9_999_99, was=10_000_00)
    assert pots(office, "crime-and-disorder") == {"young_people": (15_000_00, 1)}


def meetings(office: Office, award_id: int) -> dict[str, bool]:
    """The meetings of an award, and whether each is still to be held."""
    return {
        one.due.isoformat(): one.closed_at is None and one.next_step_on is not None
        for one in read(office, award_id).deadlines
        if one.kind == MEETING
    }


def test_meetings_follow_the_amount_over_ten_thousand_pounds(office: Office) -> None:
    award_id = active(office, reducing_crime(amount=10_000_00))
    assert meetings(office, award_id) == {}
    vary(office, award_id, 10_000_01, was=10_000_00)
    assert meetings(office, award_id) == {"2027-07-01": True}
    vary(office, award_id, 10_000_00, was=10_000_01)
    assert meetings(office, award_id) == {"2027-07-01": False}
    vary(office, award_id, 12_000_00, was=10_000_00)
    assert meetings(office, award_id) == {"2027-07-01": True}


def test_a_fund_that_the_policy_no_longer_has_is_named(office: Office) -> None:
    award_id = active(office)
    without = tuple(fund for fund in office.policy.funds if fund.id != "youth-fund")
    with pytest.raises(Refused, match="no fund 'youth-fund'"):
        vary(replace(office, policy=replace(office.policy, funds=without)), award_id, 1_000_00)
