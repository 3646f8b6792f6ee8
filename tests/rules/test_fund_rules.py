"""What each fund is for, who may ask for how much, and whether the money is there (F0–F6)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from core.rules.assessment import Finding, Money, Verdict
from core.rules.facts import Stage
from core.rules.fund_rules import allocatable, historic_review_finding, historic_review_on
from core.rules.policy import CrimeGround, Kind, OrganisationType, Policy, Purpose

Find = Callable[..., Finding | None]

FITS = {
    "youth-fund": ("F5", {"young_people"}),
    "community-fund": ("F5", {"community_safety"}),
    "crime-and-disorder": ("F3", {"crime_reduction", "community_safety", "young_people"}),
    "moj-victims": ("F1", {"victim_services"}),
    "safer-streets": ("F2", {"safer_streets"}),
    "rape-support": ("F2", {"rape_support"}),
    "casualty-reduction": ("F4", {"road_safety"}),
}
YOUTH: dict[str, Any] = {
    "fund": "youth-fund", "purpose": Purpose.YOUNG_PEOPLE, "organisation_type": OrganisationType.CHARITY,
    "csp_area": "Peterborough", "age_from": 5, "age_to": 18, "send": False,
}  # fmt: skip
COMMUNITY: dict[str, Any] = {
    "fund": "community-fund", "purpose": Purpose.COMMUNITY_SAFETY, "csp_area": "Fenland",
    "organisation_type": OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP,
}  # fmt: skip


def test_the_seven_funds(policy: Policy) -> None:
    assert [(fund.id, fund.letters, fund.rule) for fund in policy.funds] == [
        ("youth-fund", "YF", "F5"),
        ("community-fund", "CF", "F5"),
        ("crime-and-disorder", "CD", "F3"),
        ("moj-victims", "MV", "F1"),
        ("safer-streets", "SS", "F2"),
        ("rape-support", "RS", "F2"),
        ("casualty-reduction", "CR", "F4"),
    ]
    assert {fund.id: {str(purpose) for purpose in fund.purposes} for fund in policy.funds} == {
        fund: purposes for fund, (_, purposes) in FITS.items()
    }
    assert all(fund.is_open(date(2026, 11, 23)) for fund in policy.funds)  # none names a window
    assert {fund.id for fund in policy.funds if fund.government_grant} == {
        "moj-victims",
        "safer-streets",
        "rape-support",
    }


@pytest.mark.parametrize("fund", FITS)
@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("kind", list(Kind))
def test_a_purpose_outside_its_fund_fails_under_the_funds_rule(
    finding: Find, fund: str, purpose: Purpose, kind: Kind
) -> None:
    rule, purposes = FITS[fund]
    inside = purpose.value in purposes
    f0 = finding("F0", fund=fund, purpose=purpose, kind=kind)
    own = finding(rule, fund=fund, purpose=purpose, kind=kind)
    assert f0 is not None
    assert own is not None
    assert f0.verdict is (Verdict.MET if inside else Verdict.ADVICE)
    assert (own.verdict is Verdict.NOT_MET) == (not inside)
    if not inside:
        assert "only" in own.because
        assert own.remedy
    for other in {"F1", "F2", "F3", "F4", "F5"} - {rule}:
        assert finding(other, fund=fund, purpose=purpose, kind=kind) is None


def test_without_a_fund_the_fitting_funds_are_named(finding: Find) -> None:
    f0 = finding("F0", purpose=Purpose.YOUNG_PEOPLE)
    assert f0 is not None
    assert f0.verdict is Verdict.ADVICE
    assert "Youth Fund or the Crime and Disorder Reduction Fund" in f0.because
    neither = finding("F0")
    assert neither is not None
    assert neither.verdict is Verdict.ADVICE
    no_purpose = finding("F0", fund="casualty-reduction")
    assert no_purpose is not None
    assert no_purpose.verdict is Verdict.ADVICE
    assert "road safety" in no_purpose.because


@pytest.mark.parametrize("fund", FITS)
def test_a_purpose_not_given_is_advice(finding: Find, fund: str) -> None:
    own = finding(FITS[fund][0], fund=fund)
    assert own is not None
    assert own.verdict is Verdict.ADVICE


@pytest.mark.parametrize("rule", ["F1", "F2", "F4"])
def test_the_right_purpose_is_enough(finding: Find, rule: str) -> None:
    for fund, (own_rule, purposes) in FITS.items():
        if own_rule == rule:
            found = finding(rule, fund=fund, purpose=Purpose(next(iter(purposes))), amount=900_000_00)
            assert found is not None
            assert found.verdict is Verdict.MET


# ---------------------------------------------------------------------------------------------------------- F3


def test_a_ground_is_asked_of_the_crime_and_disorder_fund(finding: Find) -> None:
    facts: dict[str, Any] = {"fund": "crime-and-disorder", "purpose": Purpose.CRIME_REDUCTION}
    for nothing in (None, ()):
        without = finding("F3", **facts, crime_grounds=nothing)
        assert without is not None
        assert without.verdict is Verdict.ADVICE
        assert "1/3" in without.because
        assert without.needed_by is Stage.APPROVAL
    stated = finding("F3", **facts, crime_grounds=(CrimeGround.DEMAND,))
    assert stated is not None
    assert stated.verdict is Verdict.MET
    assert "reduces police demand" in stated.because


@pytest.mark.parametrize(
    ("total", "left"),
    [
        (100_000_00, 66_666_66),
        (3, 2),
        (2, 1),
        (1, 0),
        (0, 0),
        (300_000_00, 200_000_00),
        (99_999_99, 66_666_66),
        (100_000_01, 66_666_67),
    ],
)
def test_a_third_is_held(policy: Policy, total: int, left: int) -> None:
    fund = policy.fund("crime-and-disorder")
    assert fund is not None
    assert allocatable(total, fund) == left


def test_nothing_is_held_of_the_other_funds(policy: Policy) -> None:
    assert [allocatable(100_000_00, fund) for fund in policy.funds if fund.rule != "F3"] == [100_000_00] * 6


@pytest.mark.parametrize(
    ("looked_at", "agreed", "due"),
    [
        (date(2026, 4, 1), None, date(2027, 4, 1)),
        (date(2024, 2, 29), None, date(2025, 2, 28)),
        (date(2026, 4, 1), date(2026, 9, 30), date(2026, 9, 30)),
        (date(2026, 4, 1), date(2028, 3, 31), date(2028, 3, 31)),
        (date(9999, 6, 1), None, date.max),
    ],
)
def test_a_historic_award_has_a_day_for_its_review(
    policy: Policy, looked_at: date, agreed: date | None, due: date
) -> None:
    assert historic_review_on(looked_at, policy, agreed) == due
    assert historic_review_finding(looked_at, policy, due, agreed) is None


def test_a_review_that_is_past_is_found_the_day_after(policy: Policy) -> None:
    last = date(2025, 11, 23)
    assert historic_review_finding(last, policy, date(2026, 11, 23)) is None
    for today, late in ((date(2026, 11, 24), "1 day ago"), (date(2026, 11, 25), "2 days ago")):
        f3 = historic_review_finding(last, policy, today)
        assert f3 is not None
        assert (f3.rule, f3.verdict, f3.needed_by) == ("F3", Verdict.ADVICE, Stage.REVIEW)
        assert f3.because == f"This historic award was to be reviewed by 23 November 2026, {late}."
        assert "evidence of the difference it makes" in f3.remedy
    sooner = replace(policy, historic_review_months=replace(policy.historic_review_months, value=11))
    assert historic_review_finding(last, sooner, date(2026, 10, 23)) is None
    assert historic_review_finding(last, sooner, date(2026, 10, 24)) is not None


# ---------------------------------------------------------------------------------------------------------- F5


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({}, "met", "within its limit of £3,500"),
        ({"amount": 3_500_00}, "met", "£3,500 is within"),
        ({"amount": 3_500_01}, "not_met", "£3,500.01 is over"),
        ({"organisation_type": OrganisationType.CONSTITUTED_GROUP}, "met", ""),
        ({"organisation_type": OrganisationType.STATUTORY}, "met", ""),
        ({"organisation_type": OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP}, "met", ""),
        ({"organisation_type": OrganisationType.COMPANY}, "not_met", "not from companies"),
        ({"organisation_type": None}, "advice", "takes applications from"),
        ({"csp_area": None}, "advice", "area is not given"),
        ({"csp_area": "Rutland"}, "not_met", "Rutland"),
        ({"age_from": 4}, "not_met", "ages 4 to 18"),
        ({"age_to": 19}, "not_met", "ages 5 to 19, without SEND"),
        ({"age_to": 19, "send": True}, "met", ""),
        ({"age_to": 25, "send": True}, "met", ""),
        ({"age_to": 26, "send": True}, "not_met", "ages 5 to 26, with SEND"),
        ({"age_to": 25, "send": None}, "advice", "ages 5 to 25"),
        ({"age_to": 26, "send": None}, "not_met", "ages 5 to 26."),
        ({"age_to": 18, "send": None}, "met", ""),
        ({"age_from": 4, "send": True}, "not_met", ""),
        ({"age_from": None}, "advice", "ages 5 to 18"),
        ({"age_to": None}, "advice", ""),
        ({"age_from": None, "age_to": None, "send": None}, "advice", ""),
        ({"age_from": None, "age_to": 4}, "not_met", ""),
        ({"age_from": 30, "age_to": None}, "not_met", ""),
        ({"amount": 3_500_01, "csp_area": None}, "not_met", "area is not given"),
    ],
)
def test_the_youth_fund(finding: Find, changed: dict[str, Any], verdict: str, said: str) -> None:
    f5 = finding("F5", **(YOUTH | changed))
    assert f5 is not None
    assert f5.verdict.value == verdict
    assert said in f5.because
    assert bool(f5.remedy) == (verdict != "met")


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "met"),
        ({"amount": 5_000_00}, "met"),
        ({"amount": 5_000_01}, "not_met"),
        ({"organisation_type": None}, "advice"),
        ({"organisation_type": OrganisationType.CHARITY}, "not_met"),
        ({"organisation_type": OrganisationType.STATUTORY}, "not_met"),
        ({"csp_area": None}, "advice"),
        ({"csp_area": "fenland"}, "not_met"),
        ({"age_from": 90, "age_to": 99}, "met"),
    ],
)
def test_the_community_fund(finding: Find, changed: dict[str, Any], verdict: str) -> None:
    f5 = finding("F5", **(COMMUNITY | changed))
    assert f5 is not None
    assert f5.verdict.value == verdict


def test_the_remedy_names_what_would_put_it_right(finding: Find) -> None:
    group = finding("F5", **(COMMUNITY | {"organisation_type": OrganisationType.CHARITY}))
    assert group is not None
    assert "Ask the Community Safety Partnership of your area to apply." in group.remedy
    over = finding("F5", **(YOUTH | {"amount": 4_000_00}))
    assert over is not None
    assert over.remedy == "Ask for £3,500 or less."
    wrong = finding("F4", fund="casualty-reduction", purpose=Purpose.YOUNG_PEOPLE)
    assert wrong is not None
    assert "Youth Fund or the Crime and Disorder Reduction Fund" in wrong.remedy


def test_a_kind_that_a_fund_does_not_make_is_advice(finding: Find, policy: Policy) -> None:
    youth = policy.fund("youth-fund")
    assert youth is not None
    grants = replace(policy, funds=(replace(youth, kinds=(Kind.GRANT,)), *policy.funds[1:]))
    f5 = finding("F5", **YOUTH, kind=Kind.CONTRACT, under=grants)
    assert f5 is not None
    assert f5.verdict is Verdict.ADVICE


# ---------------------------------------------------------------------------------------------------------- F6


@pytest.mark.parametrize(
    ("amount", "money", "verdict", "said"),
    [
        (1_000_00, Money(5_000_00, 1_000_00), "met", "this leaves £0."),
        (1_000_00, Money(5_000_00, 3_000_50), "met", "this leaves £2,000.50."),
        (1_000_01, Money(5_000_00, 1_000_00), "not_met", "£1,000.01 is more than the £1,000 that the Youth Fund"),
        (1_000_00, Money(None, None), "advice", "no allocation for 2026-27 yet"),
        (1_000_00, Money(5_000_00, 0), "not_met", "more than the £0"),
        (1_000_00, Money(0, None), "not_met", "more than the £0"),
    ],
)
def test_the_money_is_there_to_the_penny(finding: Find, amount: int, money: Money, verdict: str, said: str) -> None:
    f6 = finding("F6", **(YOUTH | {"amount": amount, "start": date(2027, 3, 31), "money": money}))
    assert f6 is not None
    assert f6.verdict.value == verdict
    assert said in f6.because


@pytest.mark.parametrize(
    ("start", "year"), [(None, "2026-27"), (date(2027, 3, 31), "2026-27"), (date(2027, 4, 1), "2027-28")]
)
def test_the_year_of_the_money_is_that_of_the_start(finding: Find, start: date | None, year: str) -> None:
    f6 = finding("F6", **YOUTH, start=start, money=Money(None, None))
    assert f6 is not None
    assert year in f6.because


def test_no_fund_or_nobody_looked_no_finding(finding: Find) -> None:
    assert finding("F6", **YOUTH) is None
    assert finding("F6", money=Money(1, 1)) is None


def test_what_is_left_is_said_in_the_remedy(finding: Find) -> None:
    for available, remedy in (
        (1, "Ask for £0.01 or less, or wait for a further allocation."),
        (0, "Wait for a further allocation."),
        (None, "Wait for a further allocation."),
        (-5_00, "Wait for a further allocation."),
    ):
        f6 = finding("F6", **YOUTH, money=Money(5_000_00, available))
        assert f6 is not None
        assert f6.remedy == remedy
        assert f6.because.startswith(f"£1,000 is more than the {'£0.01' if available == 1 else '£0'} that")


def test_another_fund_that_takes_the_applicant_is_named(finding: Find, policy: Policy) -> None:
    company = finding("F5", **(YOUTH | {"organisation_type": OrganisationType.COMPANY}))
    assert company is not None
    assert company.remedy == "Apply together with one of these. The Crime and Disorder Reduction Fund may fit."
    # A fund for the right purpose that takes no companies either is not named.
    nobody = tuple(
        replace(fund, organisation_types=(OrganisationType.CHARITY,)) if fund.id == "crime-and-disorder" else fund
        for fund in policy.funds
    )
    alone = finding(
        "F5", **(YOUTH | {"organisation_type": OrganisationType.COMPANY}), under=replace(policy, funds=nobody)
    )
    assert alone is not None
    assert alone.remedy == "Apply together with one of these."


def test_what_blocks_is_said_before_what_is_only_missing(finding: Find) -> None:
    f5 = finding("F5", **(YOUTH | {"purpose": None, "amount": 3_500_01}))
    assert f5 is not None
    assert f5.because.index("is over the Youth Fund's limit") < f5.because.index("The purpose is not given")


def test_a_year_in_which_nothing_is_needed_has_its_money(finding: Find) -> None:
    f6 = finding("F6", **YOUTH, money=Money(5_000_00, 0, needed=0))
    assert f6 is not None
    assert f6.verdict is Verdict.MET
    assert f6.because == "The Youth Fund has £0 left for 2026-27; this leaves £0."


@pytest.mark.parametrize(("share", "said"), [(Fraction(1, 3), "1/3"), (Fraction(2, 5), "2/5"), (None, "0")])
def test_what_is_held_of_the_crime_and_disorder_fund_is_told(
    finding: Find, policy: Policy, share: Fraction | None, said: str
) -> None:
    held = policy.fund("crime-and-disorder")
    assert held is not None
    assert held.held_share is not None
    changed = replace(held, held_share=replace(held.held_share, value=share) if share else None)
    funds = tuple(changed if fund.id == held.id else fund for fund in policy.funds)
    f3 = finding("F3", fund=held.id, purpose=held.purposes[0], under=replace(policy, funds=funds))
    assert f3 is not None
    assert f"No ground is given yet; {said} of this fund is held for the Constabulary's" in f3.because
