"""What an award is, under which power, who was named in a bid, and what waits for the first payment (V1, L1–L3, L5)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.rules.assessment import Assessment, Finding, Verdict
from core.rules.facts import BuyingFacts, History, PlanFacts, Stage
from core.rules.parts import Part, worst_of
from core.rules.policy import Kind, Policy, Purpose, SingleTenderReason

Find = Callable[..., Finding | None]
Look = Callable[..., Assessment]


def moved(policy: Policy, name: str, value: object) -> Policy:
    figure: dict[str, Any] = {name: replace(getattr(policy, name), value=value)}
    return replace(policy, **figure)


@pytest.fixture
def one(finding: Find) -> Callable[..., Finding]:
    """The finding of a rule that has one."""

    def find(rule: str, **changed: Any) -> Finding:
        found = finding(rule, **changed)
        assert found is not None
        return found

    return find


# ---------------------------------------------------------------------------------------------------------- V1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.GRANT, "It is a grant."),
        (Kind.CONTRACT, "It is a contract."),
        (Kind.CO_COMMISSIONED, "It is a contribution to a co-commissioned contract."),
        (Kind.INVOICE, "It is a paid invoice."),
    ],
)
def test_an_award_is_one_of_the_four(one: Callable[..., Finding], kind: Kind, said: str) -> None:
    v1 = one("V1", kind=kind)
    assert (v1.verdict, v1.because) == (Verdict.MET, said)


# ----------------------------------------------------------------------------------------------------- L1 and L2


@pytest.mark.parametrize(
    ("kind", "purpose", "victim", "power"),
    [
        (Kind.GRANT, None, None, "L1"),
        (Kind.GRANT, Purpose.ROAD_SAFETY, False, "L1"),
        (Kind.GRANT, Purpose.CRIME_REDUCTION, True, "L2"),
        (Kind.GRANT, Purpose.VICTIM_SERVICES, None, "L2"),
        (Kind.GRANT, Purpose.RAPE_SUPPORT, False, "L2"),
        (Kind.CONTRACT, None, None, None),
        (Kind.INVOICE, Purpose.CRIME_REDUCTION, None, None),
        (Kind.CONTRACT, Purpose.VICTIM_SERVICES, None, "L2"),
        (Kind.CO_COMMISSIONED, None, True, "L2"),
    ],
)
def test_the_power_that_is_used(
    looked_at: Look, kind: Kind, purpose: Purpose | None, victim: bool | None, power: str | None
) -> None:
    found = looked_at(kind=kind, purpose=purpose, victim_service=victim).findings
    assert [(row.rule, row.verdict) for row in found if row.rule in ("L1", "L2")] == (
        [(power, Verdict.MET)] if power else []
    )


def test_what_a_decision_on_a_grant_records(one: Callable[..., Finding], policy: Policy) -> None:
    l1 = one("L1")
    assert "section 9 of the Police Reform and Social Responsibility Act 2011" in l1.because
    for what in ("the recipient", "the reasons why it secures or contributes", "at least a return every six months"):
        assert what in l1.because
    assert "a return every 5 months" in one("L1", under=moved(policy, "return_months", 5)).because


def test_the_powers_are_the_policys(one: Callable[..., Finding], policy: Policy) -> None:
    assert "under section 9A." in one("L1", under=moved(policy, "power_grants", "section 9A")).because
    victims = moved(policy, "power_victims", "section 1 of the Victims Act")
    l2 = one("L2", victim_service=True, under=victims)
    assert l2.because == "It is a victim service: spent under section 1 of the Victims Act."


# ---------------------------------------------------------------------------------------------------------- L3


def test_without_a_sponsored_bid_nothing_is_said_of_one(finding: Find) -> None:
    for named in (None, False):
        assert finding("L3", plan=PlanFacts(named_in_bid=named, bid_won_on=date(2026, 11, 1))) is None


@pytest.mark.parametrize(
    ("won", "verdict", "said"),
    [
        (date(2026, 11, 23), "met", "The bid was won today, 23 November 2026."),
        (date(2026, 11, 22), "met", "The bid was won on 22 November 2026, 1 day ago."),
        (date(2026, 11, 21), "met", "The bid was won on 21 November 2026, 2 days ago."),
        (date(2025, 11, 23), "met", "365 days ago."),
        (date(2026, 11, 24), "advice", "said to be won on 24 November 2026, which is to come."),
        (None, "advice", "The day on which the bid was won is not given."),
    ],
)
def test_a_grant_to_who_was_named_is_not_competed_and_its_days_are_counted(
    one: Callable[..., Finding], won: date | None, verdict: str, said: str
) -> None:
    l3 = one("L3", amount=5_000_00, plan=PlanFacts(named_in_bid=True, bid_won_on=won))
    assert l3.verdict.value == verdict
    assert said in l3.because
    assert bool(l3.remedy) == (verdict == "advice")
    if verdict == "met":
        assert "so the grant needs no competition." in l3.because
        assert "Outcomes, agreement and monitoring hold as ever." in l3.because


def test_a_light_grant_is_not_asked_when_the_bid_was_won(one: Callable[..., Finding]) -> None:
    named = PlanFacts(named_in_bid=True)
    assert one("L3", amount=4_999_99, plan=named).verdict is Verdict.MET
    assert one("L3", amount=5_000_00, plan=named).verdict is Verdict.ADVICE


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({"kind": Kind.CONTRACT}, "advice", "does not free a contract from competition"),
        ({"kind": Kind.CO_COMMISSIONED}, "advice", "does not free a contract from competition"),
        ({"kind": Kind.INVOICE}, "advice", "does not free a purchase from competition"),
        (
            {"kind": Kind.CONTRACT, "single_tender_reason": SingleTenderReason.PARTNERSHIP_BID},
            "met",
            "a single tender agreement for that reason (T3)",
        ),
        (
            {"kind": Kind.CONTRACT, "single_tender_reason": SingleTenderReason.BEST_OUTCOMES},
            "advice",
            "does not free a contract",
        ),
        (
            {"kind": Kind.CO_COMMISSIONED, "buying": BuyingFacts(partner_leads=True)},
            "met",
            "and a partner buys the service",
        ),
        ({"kind": Kind.CONTRACT, "buying": BuyingFacts(partner_leads=True)}, "advice", "does not free a contract"),
    ],
)
def test_a_contract_needs_a_single_tender_agreement(
    one: Callable[..., Finding], changed: dict[str, Any], verdict: str, said: str
) -> None:
    l3 = one("L3", **changed, plan=PlanFacts(named_in_bid=True, bid_won_on=date(2026, 11, 3)))
    assert l3.verdict.value == verdict
    assert said in l3.because
    if verdict == "advice":
        assert "because the bid was developed in partnership" in l3.remedy
        assert l3.needed_by is Stage.SIGNING


# ---------------------------------------------------------------------------------------------------------- L5

CHECKED = PlanFacts(at_risk=False, enterprise=False, bank_verified=True)


UNSEEN = "Children or adults at risk take part, and the safeguarding policy has not been seen."


@pytest.mark.parametrize(
    ("plan", "purpose", "because", "remedy"),
    [
        (
            replace(CHECKED, at_risk=True),
            None,
            UNSEEN,
            "The office sees it before any payment, and keeps a note that it did.",
        ),
        (
            replace(CHECKED, at_risk=True, safeguarding_seen=False),
            None,
            UNSEEN,
            "The office sees it before any payment, and keeps a note that it did.",
        ),
        (CHECKED, Purpose.YOUNG_PEOPLE, UNSEEN, "The office sees it before any payment, and keeps a note that it did."),
        (
            replace(CHECKED, at_risk=None),
            None,
            "Nobody has said whether children or adults at risk take part.",
            "Say whether they do. If so, the office sees the safeguarding policy.",
        ),
        (
            replace(CHECKED, bank_verified=None),
            None,
            "The bank details have not been verified.",
            "A second person verifies them by a call to a known number.",
        ),
    ],
)
def test_what_waits_for_the_first_payment(
    one: Callable[..., Finding], plan: PlanFacts, purpose: Purpose | None, because: str, remedy: str
) -> None:
    l5 = one("L5", plan=plan, purpose=purpose)
    assert (l5.verdict, l5.because, l5.remedy) == (Verdict.ADVICE, because, remedy)
    assert l5.needed_by is Stage.PAYMENT


@pytest.mark.parametrize("purpose", [None, Purpose.YOUNG_PEOPLE])
def test_what_was_checked_is_met(one: Callable[..., Finding], purpose: Purpose | None) -> None:
    nobody = one("L5", plan=CHECKED)
    assert (nobody.verdict, nobody.needed_by) == (Verdict.MET, None)
    assert "No children or adults at risk take part." in nobody.because
    seen = one("L5", plan=replace(CHECKED, at_risk=True, safeguarding_seen=True), purpose=purpose)
    assert (seen.verdict, seen.needed_by) == (Verdict.MET, None)
    assert "The safeguarding policy has been seen." in seen.because
    assert "A second person has verified the bank details." in seen.because


def test_a_light_award_is_not_asked_about_trade_before_it_is_decided(one: Callable[..., Finding]) -> None:
    light = one("L5", amount=4_999_99, plan=replace(CHECKED, enterprise=None))
    assert light.verdict is Verdict.MET
    standard = one("L5", amount=5_000_00, plan=replace(CHECKED, enterprise=None))
    assert (standard.verdict, standard.because, standard.remedy, standard.needed_by) == (
        Verdict.ADVICE,
        "It is not recorded whether the recipient is an enterprise.",
        "Ask whether it sells goods or services: the limit is then £315,000.",
        Stage.PAYMENT,
    )


def test_everything_that_is_open_stands_in_one_finding(one: Callable[..., Finding]) -> None:
    l5 = one("L5", amount=5_000_00)
    for part in ("whether the recipient is an enterprise", "children or adults at risk", "bank details"):
        assert part in l5.because
    assert (l5.verdict, l5.needed_by) == (Verdict.ADVICE, Stage.PAYMENT)
    seen = one("L5", plan=PlanFacts(at_risk=True, safeguarding_seen=True))
    assert "safeguarding" not in seen.because


@pytest.mark.parametrize(
    ("before", "amount", "letters", "verdict", "needed_by", "said"),
    [
        (
            314_000_00,
            1_000_00,
            True,
            "met",
            None,
            "over this financial year and the 2 before it is £315,000, within £315,000; the letters are kept.",
        ),
        (
            314_000_00,
            1_000_00,
            None,
            "advice",
            Stage.PAYMENT,
            "is £315,000, within £315,000; it has not confirmed that in writing.",
        ),
        (
            314_000_01,
            1_000_00,
            True,
            "not_met",
            Stage.APPROVAL,
            "over this financial year and the 2 before it is £315,000.01: more than £315,000.",
        ),
        (314_000_00, 1_000_01, True, "not_met", Stage.APPROVAL, "more than £315,000."),
        (0, 315_000_00, True, "met", None, "within £315,000"),
        (0, 315_000_01, True, "not_met", Stage.APPROVAL, "is £315,000.01: more"),
        (None, 315_000_00, True, "advice", Stage.PAYMENT, "is not recorded, and the limit is £315,000"),
        (None, 315_000_01, None, "not_met", Stage.APPROVAL, "is £315,000.01: more"),
    ],
)
def test_minimal_financial_assistance_to_the_penny(
    one: Callable[..., Finding],
    before: int | None,
    amount: int,
    letters: bool | None,
    verdict: str,
    needed_by: Stage | None,
    said: str,
) -> None:
    plan = replace(CHECKED, enterprise=True, subsidy_letters=letters)
    l5 = one("L5", amount=amount, plan=plan, history=History(assistance=before))
    assert (l5.verdict.value, l5.needed_by) == (verdict, needed_by)
    assert said in l5.because
    assert bool(l5.remedy) == (verdict != "met")


@pytest.mark.parametrize(
    ("before", "amount", "remedy"),
    [
        (314_999_99, 2, "Award £0.01 or less, or use another route of the Subsidy Control Act 2022."),
        (300_000_00, 20_000_00, "Award £15,000 or less, or use another route of the Subsidy Control Act 2022."),
        (315_000_00, 1, "Use another route of the Subsidy Control Act 2022."),
        (400_000_00, 1, "Use another route of the Subsidy Control Act 2022."),
    ],
)
def test_what_is_left_of_the_limit_is_said(one: Callable[..., Finding], before: int, amount: int, remedy: str) -> None:
    plan = replace(CHECKED, enterprise=True)
    assert one("L5", amount=amount, plan=plan, history=History(assistance=before)).remedy == remedy


def test_what_blocks_comes_first_and_approval_waits(one: Callable[..., Finding]) -> None:
    l5 = one("L5", amount=315_000_01, plan=PlanFacts(enterprise=True))
    assert l5.verdict is Verdict.NOT_MET
    assert l5.needed_by is Stage.APPROVAL
    assert l5.because.index("more than £315,000") < l5.because.index("bank details")


def test_a_price_for_a_service_is_no_assistance(one: Callable[..., Finding]) -> None:
    for kind in (Kind.CONTRACT, Kind.CO_COMMISSIONED, Kind.INVOICE):
        for enterprise in (None, True):
            plan = replace(CHECKED, enterprise=enterprise)
            assert one("L5", kind=kind, amount=1_000_000_00, plan=plan).verdict is Verdict.MET


def test_limit_and_years_are_the_policys(one: Callable[..., Finding], policy: Policy) -> None:
    plan = replace(CHECKED, enterprise=True, subsidy_letters=True)
    facts: dict[str, Any] = {"amount": 1_000_00, "plan": plan, "history": History(assistance=0)}
    assert one("L5", **facts, under=moved(policy, "subsidy_limit", 1_000_00)).verdict is Verdict.MET
    assert one("L5", **facts, under=moved(policy, "subsidy_limit", 999_99)).verdict is Verdict.NOT_MET
    assert "and the 3 before it" in one("L5", **facts, under=moved(policy, "subsidy_years", 3)).because


# ------------------------------------------------------------------------------------------- a rule with several parts


FINE = Part(Verdict.MET, "All is well.")
OPEN = Part(Verdict.ADVICE, "Something is open.", "Close it.", Stage.PAYMENT)
WRONG = Part(Verdict.NOT_MET, "It is too much.", "Ask for less.")
SILENT = Part(Verdict.MET, "")


@pytest.mark.parametrize(
    ("parts", "verdict", "because", "remedy", "needed_by"),
    [
        ((FINE, SILENT, FINE), "met", "All is well. All is well.", "", None),
        ((FINE, OPEN), "advice", "Something is open.", "Close it.", Stage.PAYMENT),
        ((OPEN, OPEN), "advice", "Something is open. Something is open.", "Close it.", Stage.PAYMENT),
        (
            (OPEN, FINE, WRONG),
            "not_met",
            "It is too much. Something is open.",
            "Ask for less. Close it.",
            Stage.APPROVAL,
        ),
        (
            (WRONG, OPEN._replace(needed_by=Stage.RECOMMENDATION)),
            "not_met",
            "It is too much. Something is open.",
            "Ask for less. Close it.",
            Stage.RECOMMENDATION,
        ),
        ((OPEN._replace(needed_by=None), FINE), "advice", "Something is open.", "Close it.", None),
    ],
)
def test_the_worst_part_decides(
    parts: tuple[Part, ...], verdict: str, because: str, remedy: str, needed_by: Stage | None
) -> None:
    found = worst_of("L5", parts)
    assert (found.verdict.value, found.because, found.remedy, found.needed_by) == (verdict, because, remedy, needed_by)
    assert (found.rule, found.paragraph) == ("L5", "office; Subsidy Control Act 2022")
