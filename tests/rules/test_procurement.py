"""How something is bought (T1, T3), and whether the Procurement Act 2023 covers it, to the penny and the day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.assessment import Assessment, Finding
from core.rules.facts import BuyingFacts, Facts, Stage, Verdict
from core.rules.policy import Kind, Policy, Route, SingleTenderReason
from core.rules.procurement import Coverage, act_covers, buying_findings, buying_value, notices_due, procurement

Look = Callable[..., Assessment]
Find = Callable[..., Finding | None]

TODAY = date(2026, 11, 23)
SHIPPED_POLICY = read_policy(SHIPPED)
BEST = SingleTenderReason.BEST_OUTCOMES
PARTNERSHIP = SingleTenderReason.PARTNERSHIP_BID
SHOWN = BuyingFacts(single_tender_evidence="A review of the market.", approver_authorised=True)


# ------------------------------------------------------------------------------------- what the thresholds hold for


def test_where_a_partner_leads_its_procurement_is_recorded_instead(looked_at: Look) -> None:
    facts: dict[str, Any] = {
        "kind": Kind.CO_COMMISSIONED, "amount": 1_000_000_00, "start": date(2027, 4, 1), "end": date(2028, 3, 31),
    }  # fmt: skip
    led = looked_at(**facts, buying=BuyingFacts(partner_leads=True))
    bought = led.procurement
    assert (bought.route, bought.quotes, bought.website) == ("none", 0, False)
    assert (bought.portal, bought.independent_panel_member) == ("no", False)
    found = {row.rule: row for row in led.findings if row.rule.startswith("T")}
    assert set(found) == {"T1"}
    assert found["T1"].verdict is Verdict.ADVICE
    assert found["T1"].needed_by is Stage.SIGNING
    assert "its procurement is recorded instead" in found["T1"].because
    recorded = looked_at(**facts, buying=BuyingFacts(partner_leads=True, partner_procurement="The county's tender"))
    assert {row.rule: row.verdict for row in recorded.findings}["T1"] is Verdict.MET
    # Where the office leads, and for any other kind, all of it holds.
    assert {row.rule for row in looked_at(**facts).findings} >= {"T1", "T4", "T5", "T6", "T7", "T8"}
    contract = looked_at(**(facts | {"kind": Kind.CONTRACT}), buying=BuyingFacts(partner_leads=True))
    assert contract.procurement.route == "tender"


@pytest.mark.parametrize(
    ("whole", "route", "portal"),
    [
        (None, "one_quote", "no"),
        (4_999_99, "one_quote", "no"),
        (5_000_00, "three_quotes", "no"),
        (50_000_00, "tender", "advised"),
        (50_000_01, "tender", "required"),
        (3_999_99, "one_quote", "no"),  # a slip: a contract is never worth less than a part of it
    ],
)
def test_a_contribution_is_bought_by_the_value_of_the_whole_contract(
    looked_at: Look, whole: int | None, route: str, portal: str
) -> None:
    buying = BuyingFacts(whole_contract=whole)
    led = looked_at(kind=Kind.CO_COMMISSIONED, amount=4_000_00, buying=buying)
    assert (led.procurement.route, led.procurement.portal, led.tier) == (route, portal, "light")
    t1 = next(row for row in led.findings if row.rule == "T1")
    said = "value of the whole contract" if whole and whole > 4_000_00 else "whole-life value"
    assert f"{said}, extensions and VAT included" in t1.because
    # Nothing but a contribution is part of a larger contract.
    assert looked_at(kind=Kind.CONTRACT, amount=4_000_00, buying=buying).procurement.route == "one_quote"


@pytest.mark.parametrize("rule", ["T2", "T3", "T4", "T5", "T6", "T7", "T8"])
@pytest.mark.parametrize(("amount", "purchases"), [(2_000_00, 0), (2_000_00, 1_500_00), (1_000_000_00, 900_000_00)])
def test_a_grant_is_asked_for_nothing_but_its_quotes(finding: Find, rule: str, amount: int, purchases: int) -> None:
    facts = {"amount": amount, "purchases": purchases, "start": date(2027, 4, 1), "end": date(2027, 9, 30)}
    assert finding(rule, **facts) is None


@pytest.mark.parametrize("rule", ["T2", "T3", "T4", "T5", "T6", "T8"])
@pytest.mark.parametrize("kind", [Kind.CONTRACT, Kind.CO_COMMISSIONED, Kind.INVOICE])
def test_a_light_purchase_is_asked_for_nothing_but_its_quote(finding: Find, rule: str, kind: Kind) -> None:
    assert finding(rule, kind=kind, amount=4_999_99) is None


@pytest.mark.parametrize(
    ("kind", "amount", "purchases", "whole", "value"),
    [
        (Kind.GRANT, 9_00, 4_00, 20_00, 4_00),
        (Kind.CONTRACT, 9_00, 4_00, 20_00, 9_00),
        (Kind.INVOICE, 9_00, 4_00, 20_00, 9_00),
        (Kind.CO_COMMISSIONED, 9_00, 4_00, 20_00, 20_00),
        (Kind.CO_COMMISSIONED, 0, 4_00, None, 0),
    ],
)
def test_the_value_that_the_thresholds_are_held_against(
    kind: Kind, amount: int, purchases: int, whole: int | None, value: int
) -> None:
    facts = Facts(kind, amount, purchases=purchases, buying=BuyingFacts(whole_contract=whole))
    assert buying_value(facts) == value


# ----------------------------------------------------------------------------------------------------------- T1


@pytest.mark.parametrize(
    ("amount", "offers", "verdict"),
    [
        (4_999_99, None, "advice"),
        (4_999_99, 0, "advice"),
        (4_999_99, 1, "met"),
        (5_000_00, 1, "advice"),
        (5_000_00, 2, "advice"),
        (5_000_00, 3, "met"),
        (49_999_99, 4, "met"),
        (50_000_00, None, "advice"),
        (50_000_00, 0, "advice"),
        (50_000_00, 1, "met"),
    ],
)
def test_quotes_that_are_in_meet_the_rule(finding: Find, amount: int, offers: int | None, verdict: str) -> None:
    t1 = finding("T1", kind=Kind.CONTRACT, amount=amount, buying=BuyingFacts(offers=offers))
    assert t1 is not None
    assert t1.verdict.value == verdict
    assert ("Received:" in t1.because) == (offers is not None)
    if verdict == "advice":
        assert t1.needed_by is Stage.APPROVAL
        assert "net amount, VAT and gross amount" in t1.remedy


@pytest.mark.parametrize(
    ("purchases", "offers", "verdict"),
    [(4_999_99, None, "advice"), (4_999_99, 1, "met"), (5_000_00, 2, "advice"), (5_000_00, 3, "met")],
)
def test_the_quotes_of_a_grant_hold_the_payment(
    finding: Find, purchases: int, offers: int | None, verdict: str
) -> None:
    t1 = finding("T1", amount=20_000_00, purchases=purchases, buying=BuyingFacts(offers=offers))
    assert t1 is not None
    assert t1.verdict.value == verdict
    assert t1.needed_by is (Stage.PAYMENT if verdict == "advice" else None)
    assert "The grant's largest purchase from one supplier is" in t1.because


def test_a_single_tender_that_stands_takes_the_place_of_quotes(finding: Find) -> None:
    for buying, verdict, said in (
        (BuyingFacts(), "advice", "if rule T3 is satisfied."),
        (SHOWN, "met", "as rule T3 allows."),
    ):
        t1 = finding("T1", kind=Kind.CONTRACT, amount=20_000_00, single_tender_reason=BEST, buying=buying)
        assert t1 is not None
        assert t1.verdict.value == verdict
        assert "needs three written quotes (£5,000 to £49,999.99)" in t1.because
        assert said in t1.because


_ROUTE = {Route.NONE: 0, Route.ONE_QUOTE: 1, Route.THREE_QUOTES: 2, Route.TENDER: 3}


@given(st.sampled_from(Kind), st.integers(0, 10**8), st.integers(0, 10**8), st.integers(0, 10**8), st.booleans())
def test_a_larger_value_never_has_an_easier_route(kind: Kind, one: int, two: int, whole: int, leads: bool) -> None:
    less, more = (
        Facts(kind, value, purchases=value, buying=BuyingFacts(whole_contract=whole + value, partner_leads=leads))
        for value in sorted((one, two))
    )
    small, large = procurement(less, SHIPPED_POLICY), procurement(more, SHIPPED_POLICY)
    assert _ROUTE[small.route] <= _ROUTE[large.route]
    assert buying_value(less) <= buying_value(more)
    assert not small.independent_panel_member or large.independent_panel_member
    assert large.website == (large.portal != "no") == large.independent_panel_member


# ----------------------------------------------------------------------------------------------------------- T3


@pytest.mark.parametrize("reason", [BEST, PARTNERSHIP])
@pytest.mark.parametrize(
    ("evidence", "authorised", "verdict", "asked"),
    [
        (None, None, "advice", ("the evidence", "authorised approver")),
        ("", None, "advice", ("the evidence", "authorised approver")),
        ("Shown", None, "advice", ("authorised approver",)),
        (None, True, "advice", ("the evidence",)),
        ("Shown", True, "met", ()),
        ("Shown", False, "not_met", ("somebody who is authorised",)),
        (None, False, "not_met", ("somebody who is authorised", "the evidence")),
    ],
)
def test_a_single_tender_has_evidence_and_an_authorised_approver(
    finding: Find,
    reason: SingleTenderReason,
    evidence: str | None,
    authorised: bool | None,
    verdict: str,
    asked: tuple[str, ...],
) -> None:
    buying = BuyingFacts(single_tender_evidence=evidence, approver_authorised=authorised)
    t3 = finding("T3", kind=Kind.CONTRACT, amount=60_000_00, single_tender_reason=reason, buying=buying)
    assert t3 is not None
    assert t3.verdict.value == verdict
    assert t3.needed_by is (Stage.APPROVAL if asked else None)
    assert [part in t3.remedy for part in ("the evidence", "authorised approver", "somebody who is authorised")] == [
        part in asked for part in ("the evidence", "authorised approver", "somebody who is authorised")
    ]
    assert "Procurement Act" not in t3.because


@pytest.mark.parametrize(
    ("planned", "competed", "kind", "stage"),
    [
        (False, True, Kind.CONTRACT, None),
        (True, False, Kind.CONTRACT, Stage.APPROVAL),
        (False, False, Kind.INVOICE, Stage.APPROVAL),
        (True, False, Kind.GRANT, Stage.PAYMENT),
    ],
)
def test_what_waits_for_a_reason(finding: Find, planned: bool, competed: bool, kind: Kind, stage: Stage | None) -> None:
    t3 = finding("T3", kind=kind, amount=20_000_00, purchases=6_000_00, planned=planned, competed=competed)
    assert t3 is not None
    assert (t3.verdict, t3.needed_by) == (Verdict.ADVICE, stage)


def test_a_recipients_single_supplier_holds_the_payment_and_is_no_contract_of_the_act(finding: Find) -> None:
    facts: dict[str, Any] = {"amount": 900_000_00, "purchases": 800_000_00, "single_tender_reason": BEST}
    open_, shown = finding("T3", **facts), finding("T3", **facts, buying=SHOWN)
    assert open_ is not None
    assert shown is not None
    assert (open_.verdict, open_.needed_by) == (Verdict.ADVICE, Stage.PAYMENT)
    assert "before it is paid" in open_.remedy
    assert shown.verdict is Verdict.MET


@pytest.mark.parametrize(
    ("amount", "light_touch", "today", "threshold", "assumed"),
    [
        (207_719_99, None, "2026-01-01", None, False),
        (207_720_00, None, "2026-01-01", 207_720_00, True),
        (207_720_00, None, "2025-12-31", None, False),
        (214_903_99, False, "2025-12-31", None, False),
        (214_904_00, False, "2025-12-31", 214_904_00, False),
        (214_904_00, False, "2025-02-24", 214_904_00, False),
        (214_904_00, False, "2025-02-23", None, False),  # the Act had not begun
        (207_719_99, False, "2026-11-23", None, False),
        (207_720_00, False, "2026-11-23", 207_720_00, False),
        (207_720_00, True, "2026-11-23", None, False),
        (663_539_99, True, "2026-11-23", None, False),
        (663_540_00, True, "2026-11-23", 663_540_00, False),
        (663_539_99, None, "2026-11-23", 207_720_00, True),
        (663_540_00, None, "2026-11-23", 207_720_00, False),  # either way
        (663_540_00, True, "2025-02-23", None, False),
    ],
)
def test_the_act_covers_a_contract_from_its_threshold_on(
    policy: Policy, amount: int, light_touch: bool | None, today: str, threshold: int | None, assumed: bool
) -> None:
    facts = Facts(Kind.CONTRACT, amount, buying=BuyingFacts(light_touch=light_touch))
    covered = act_covers(facts, policy, date.fromisoformat(today))
    if threshold is None:
        assert covered is None
    else:
        assert covered is not None
        assert (covered.threshold.value, covered.assumed) == (threshold, assumed)
        assert ("light-touch is not given" in covered.because(amount)) == assumed


def test_only_what_the_office_buys_is_covered(policy: Policy) -> None:
    large = 1_000_000_00
    led = BuyingFacts(partner_leads=True)
    assert act_covers(Facts(Kind.GRANT, large, purchases=large), policy, TODAY) is None
    assert act_covers(Facts(Kind.CO_COMMISSIONED, large, buying=led), policy, TODAY) is None
    whole = BuyingFacts(whole_contract=207_720_00, light_touch=False)
    part = act_covers(Facts(Kind.CO_COMMISSIONED, 1_00, buying=whole), policy, TODAY)
    assert isinstance(part, Coverage)
    assert part.threshold.id == "goods_and_services"


@pytest.mark.parametrize(
    ("amount", "ground", "notices", "verdict", "stage", "asked"),
    [
        (207_719_99, None, (), "met", None, ""),
        (207_720_00, None, (), "advice", Stage.APPROVAL, "Give the ground"),
        (207_720_00, None, ("transparency-notice",), "advice", Stage.APPROVAL, "Give the ground"),
        (207_720_00, "41", (), "advice", Stage.SIGNING, "transparency notice"),
        (207_720_00, "41", ("contract-award-notice",), "advice", Stage.SIGNING, "transparency notice"),
        (207_720_00, "section 41, schedule 5, paragraph 6", ("transparency-notice",), "met", None, ""),
        (207_720_00, "43", ("transparency-notice",), "met", None, ""),
        (207_720_00, "section 42", ("transparency-notice",), "met", None, ""),
        (207_720_00, "40", ("transparency-notice",), "not_met", Stage.APPROVAL, "Name the section"),
        (207_720_00, "44", ("transparency-notice",), "not_met", Stage.APPROVAL, "Name the section"),
        (207_720_00, "we know them", ("transparency-notice",), "not_met", Stage.APPROVAL, "Name the section"),
    ],
)
def test_a_covered_single_tender_needs_a_ground_and_a_notice(
    finding: Find,
    amount: int,
    ground: str | None,
    notices: tuple[str, ...],
    verdict: str,
    stage: Stage | None,
    asked: str,
) -> None:
    buying = replace(SHOWN, light_touch=False, ground=ground, notices=frozenset(notices))
    t3 = finding("T3", kind=Kind.CONTRACT, amount=amount, single_tender_reason=PARTNERSHIP, buying=buying)
    assert t3 is not None
    assert (t3.verdict.value, t3.needed_by) == (verdict, stage)
    assert asked in t3.remedy
    assert bool(t3.remedy) == bool(asked)
    assert ("£207,720" in t3.because) == (amount == 207_720_00)


def test_a_single_tender_of_an_unknown_kind_takes_the_lower_threshold_and_says_so(finding: Find) -> None:
    facts: dict[str, Any] = {"kind": Kind.CONTRACT, "amount": 300_000_00, "single_tender_reason": BEST}
    for light_touch, verdict in ((None, "advice"), (False, "advice"), (True, "met")):
        t3 = finding("T3", **facts, buying=replace(SHOWN, light_touch=light_touch))
        assert t3 is not None
        assert t3.verdict.value == verdict
        assert ("lower threshold" in t3.because) == (light_touch is None)


def test_what_a_person_wrote_is_not_repeated(policy: Policy) -> None:
    said = "<@everyone> *bold*"
    for ground, reason in ((said, BEST), ("41", PARTNERSHIP)):
        facts = Facts(
            Kind.CONTRACT,
            900_000_00,
            single_tender_reason=reason,
            buying=BuyingFacts(single_tender_evidence=said, ground=ground, approver_authorised=True),
        )
        for row in buying_findings(facts, procurement(facts, policy), policy, TODAY):
            assert said not in row.because + row.remedy


def test_the_rows_of_the_day_hold(policy: Policy) -> None:
    tender = next(row for row in policy.notices if row.id == "tender-notice")
    renamed = replace(tender, name="Notice of tender", since=date(2027, 1, 1))
    later = replace(policy, notices=(*policy.notices, renamed))
    facts = Facts(Kind.CONTRACT, 300_000_00)
    bought = procurement(facts, later)
    for day, name in ((date(2026, 12, 31), "Tender notice"), (date(2027, 1, 1), "Notice of tender")):
        due = [row.name for row in notices_due(facts, bought, later, day) if row.id == "tender-notice"]
        assert due == [name]
    assert notices_due(facts, bought, later, date(2025, 2, 23)) == ()


@pytest.mark.parametrize(
    ("ground", "because", "remedy"),
    [
        (None, "No ground of the Act is given.", "Give the ground too: section 41, 42 or 43 of the Act."),
        (
            "40",
            "The ground given is not section 41, 42 or 43 of the Act.",
            "Name the section that allows a direct award, or open it to competition.",
        ),
    ],
)
def test_the_sections_that_allow_a_direct_award_are_named(
    finding: Find, ground: str | None, because: str, remedy: str
) -> None:
    buying = replace(SHOWN, light_touch=False, ground=ground, notices=frozenset({"transparency-notice"}))
    t3 = finding("T3", kind=Kind.CONTRACT, amount=207_720_00, single_tender_reason=PARTNERSHIP, buying=buying)
    assert t3 is not None
    assert because in t3.because
    assert t3.remedy == remedy


def test_each_reason_for_a_single_tender_is_told_by_its_name(finding: Find) -> None:
    t3 = finding("T3", kind=Kind.CONTRACT, amount=10_000_00, competed=False)
    assert t3 is not None
    assert t3.because == (
        "You say that it was not opened to competition, and give neither reason for a single tender agreement, "
        "so it still needs three written quotes."
    )
    assert t3.remedy == (
        "Open it to competition, or show that a single provider has been proven to deliver the best outcomes "
        "(best_outcomes) or that the bid was developed in partnership (partnership_bid)."
    )


def test_quotes_that_a_single_tender_takes_the_place_of_point_to_its_rule(finding: Find) -> None:
    t1 = finding("T1", kind=Kind.CONTRACT, amount=10_000_00, single_tender_reason=BEST)
    assert t1 is not None
    assert t1.remedy == "Give what rule T3 asks for."
