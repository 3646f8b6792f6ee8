"""Every rule of the requirements at its boundary, to the penny and the day; expected values are the source's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.assessment import ORDER, Assessment, Facts, Finding, Money, Verdict, assess, has_meetings
from core.rules.facts import PlanFacts
from core.rules.policy import (
    CrimeGround,
    Kind,
    OrganisationType,
    Policy,
    Purpose,
    SingleTenderReason,
    Window,
)
from core.rules.sources import PARAGRAPHS
from tests.rules.tables import Award, read_all

D = date.fromisoformat
TODAY = date(2026, 11, 23)
BUYING = (Kind.CONTRACT, Kind.CO_COMMISSIONED, Kind.INVOICE)
Look = Callable[..., Assessment]
Find = Callable[..., Finding | None]


# -------------------------------------------------------------------------------------------------------- P0


@pytest.mark.parametrize(
    ("amount", "tier", "verdict"),
    [
        (0, "light", "met"),
        (1, "light", "met"),
        (714_84, "light", "met"),
        (4_999_99, "light", "met"),
        (5_000_00, "standard", "met"),
        (49_999_99, "standard", "met"),
        (50_000_00, "full", "advice"),
        (1_000_000_00, "full", "advice"),
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_tiers(looked_at: Look, find_p0: Find, kind: Kind, amount: int, tier: str, verdict: str) -> None:
    assert looked_at(kind=kind, amount=amount).tier.value == tier
    found = find_p0("P0", kind=kind, amount=amount)
    assert found is not None
    assert found.verdict.value == verdict
    assert f"{tier} tier" in found.because


@pytest.fixture
def find_p0(finding: Find) -> Find:
    return finding


def test_a_full_award_has_a_dated_plan(finding: Find) -> None:
    found = finding("P0", amount=50_000_00)
    assert found is not None
    assert "dated plan of up to 6 months" in found.because


# ----------------------------------------------------------------------------------------------- T1, T3, T4, T6


@pytest.mark.parametrize("kind", BUYING)
@pytest.mark.parametrize(
    ("amount", "route", "quotes", "website", "portal", "panel"),
    [
        (0, "one_quote", 1, False, "no", False),
        (1, "one_quote", 1, False, "no", False),
        (4_999_99, "one_quote", 1, False, "no", False),
        (5_000_00, "three_quotes", 3, False, "no", False),
        (49_999_99, "three_quotes", 3, False, "no", False),
        (50_000_00, "tender", 0, True, "advised", True),
        (50_000_01, "tender", 0, True, "required", True),
        (1_000_000_00, "tender", 0, True, "required", True),
    ],
)
def test_buying(
    looked_at: Look, kind: Kind, amount: int, route: str, quotes: int, website: bool, portal: str, panel: bool
) -> None:
    assessment = looked_at(kind=kind, amount=amount)
    bought = assessment.procurement
    assert (bought.route, bought.quotes, bought.website) == (route, quotes, website)
    assert (bought.portal, bought.independent_panel_member) == (portal, panel)
    rules = {row.rule: row for row in assessment.findings}
    assert rules["T1"].verdict is Verdict.ADVICE
    assert ("T4" in rules) == ("T6" in rules) == (route == "tender")
    assert "T3" not in rules


def test_the_portal_at_the_edge_is_advice_in_words(finding: Find) -> None:
    at, over = (finding("T4", kind=Kind.CONTRACT, amount=amount) for amount in (50_000_00, 50_000_01))
    assert at is not None
    assert over is not None
    assert "preferably on the procurement portal" in at.because
    assert "£50,000.01 exceeds £50,000" in over.because


@pytest.mark.parametrize(
    ("purchases", "route", "quotes", "verdict"),
    [
        (0, "none", 0, "met"),
        (1, "one_quote", 1, "advice"),
        (4_999_99, "one_quote", 1, "advice"),
        (5_000_00, "three_quotes", 3, "advice"),
        (49_999_99, "three_quotes", 3, "advice"),
        (50_000_00, "three_quotes", 3, "advice"),
        (900_000_00, "three_quotes", 3, "advice"),
    ],
)
def test_what_a_grant_buys(
    looked_at: Look, finding: Find, purchases: int, route: str, quotes: int, verdict: str
) -> None:
    # The amount of the grant is of no account: only its largest purchase is.
    for amount in (1_000_00, 1_000_000_00):
        bought = looked_at(amount=amount, purchases=purchases).procurement
        assert (bought.route, bought.quotes, bought.website) == (route, quotes, False)
        assert (bought.portal, bought.independent_panel_member) == ("no", False)
        t1 = finding("T1", amount=amount, purchases=purchases)
        assert t1 is not None
        assert t1.verdict.value == verdict
        assert finding("T6", amount=amount, purchases=purchases) is None
        if not purchases:
            assert "buys nothing" in t1.because
            assert "needs no quote" in t1.because
        else:
            assert "hold the payment, not the approval" in t1.remedy


def test_the_band_is_said(finding: Find) -> None:
    for amount, said in (
        (4_999_99, "needs one written quote (below £5,000)."),
        (5_000_00, "needs three written quotes (£5,000 to £49,999.99)."),
        (50_000_00, "needs a competitive tender (£50,000 and above)."),
    ):
        t1 = finding("T1", kind=Kind.CONTRACT, amount=amount)
        assert t1 is not None
        assert said in t1.because
    for purchases, never in ((49_999_99, False), (50_000_00, True)):
        t1 = finding("T1", purchases=purchases)
        assert t1 is not None
        assert ("A grant never calls for a tender." in t1.because) == never


def test_an_office_may_ask_for_no_quotes_of_a_grant(looked_at: Look, policy: Policy) -> None:
    off = replace(policy, grant_quotes=replace(policy.grant_quotes, value=False))
    assert looked_at(purchases=60_000_00, under=off).procurement.route == "none"
    assert looked_at(kind=Kind.CONTRACT, amount=60_000_00, under=off).procurement.route == "tender"
    for purchases, said in ((0, "buys nothing"), (1, "does not ask for quotes")):
        t1 = {row.rule: row for row in looked_at(purchases=purchases, under=off).findings}["T1"]
        assert t1.verdict is Verdict.MET
        assert said in t1.because


@pytest.mark.parametrize("kind", BUYING)
@pytest.mark.parametrize("reason", list(SingleTenderReason))
@pytest.mark.parametrize("amount", [1_00, 5_000_00, 50_000_01])
def test_a_single_tender(looked_at: Look, kind: Kind, reason: SingleTenderReason, amount: int) -> None:
    for planned, competed in ((True, True), (False, True), (True, False), (False, False)):
        assessment = looked_at(
            kind=kind, amount=amount, single_tender_reason=reason, planned=planned, competed=competed
        )
        bought = assessment.procurement
        assert (bought.route, bought.quotes, bought.portal) == ("single_tender", 0, "no")
        assert (bought.website, bought.independent_panel_member) == (False, False)
        rules = {row.rule: row for row in assessment.findings}
        assert rules["T3"].verdict is Verdict.ADVICE
        assert "evidence" in rules["T3"].remedy
        assert "authorised approver" in rules["T3"].remedy
        assert "T4" not in rules
        assert "T6" not in rules


@pytest.mark.parametrize(
    ("planned", "competed", "said"),
    [
        (False, True, "it was not planned in advance"),
        (True, False, "it was not opened to competition"),
        (False, False, "it was not planned in advance and it was not opened to competition"),
    ],
)
def test_no_competition_without_a_reason_keeps_the_route_of_the_band(
    looked_at: Look, finding: Find, planned: bool, competed: bool, said: str
) -> None:
    facts = {"kind": Kind.CONTRACT, "amount": 20_000_00, "planned": planned, "competed": competed}
    assert looked_at(**facts).procurement.route == "three_quotes"
    t3 = finding("T3", **facts)
    assert t3 is not None
    assert t3.verdict is Verdict.ADVICE
    assert said in t3.because
    assert "best_outcomes" in t3.remedy
    assert "partnership_bid" in t3.remedy


def test_a_grant_and_a_single_tender(looked_at: Look, finding: Find) -> None:
    reason = SingleTenderReason.BEST_OUTCOMES
    assert looked_at(purchases=6_000_00, single_tender_reason=reason).procurement.route == "single_tender"
    assert looked_at(purchases=0, single_tender_reason=reason).procurement.route == "none"
    assert finding("T3", purchases=0, single_tender_reason=reason) is None
    assert finding("T3", purchases=0, competed=False) is None


def test_an_open_fund_is_advertised(finding: Find, policy: Policy) -> None:
    youth = policy.fund("youth-fund")
    assert youth is not None
    windowed = replace(youth, windows=(Window(date(2027, 1, 4), date(2027, 2, 26)),))
    closed = replace(policy, funds=(windowed, *policy.funds[1:]))
    for under, on, verdict in (
        (policy, TODAY, "met"),
        (closed, date(2027, 1, 3), "advice"),
        (closed, date(2027, 1, 4), "met"),
        (closed, date(2027, 2, 26), "met"),
        (closed, date(2027, 2, 27), "advice"),
    ):
        t4 = finding("T4", fund="youth-fund", under=under, on=on)
        assert t4 is not None
        assert t4.verdict.value == verdict, on
    before = finding("T4", fund="youth-fund", under=closed, on=TODAY)
    assert before is not None
    assert "It opens on 4 January 2027." in before.because
    by_invitation = replace(policy, funds=(replace(youth, open_to_applications=False), *policy.funds[1:]))
    invited = finding("T4", fund="youth-fund", under=by_invitation)
    assert invited is not None
    assert invited.verdict is Verdict.ADVICE
    assert "by invitation" in invited.because
    assert finding("T4") is None


# -------------------------------------------------------------------------------------------------------- T7


@pytest.mark.parametrize(
    ("kind", "end", "verdict"),
    [
        (Kind.CONTRACT, "2029-03-31", "met"),  # two years less nothing: the last day counts
        (Kind.CONTRACT, "2029-03-30", "advice"),
        (Kind.CO_COMMISSIONED, "2028-03-31", "advice"),
        (Kind.INVOICE, "2028-03-31", None),
        (Kind.GRANT, "2028-03-31", None),
    ],
)
def test_multi_year_contracts(finding: Find, kind: Kind, end: str, verdict: str | None) -> None:
    t7 = finding("T7", kind=kind, start=D("2027-04-01"), end=D(end))
    assert (t7.verdict.value if t7 else None) == verdict
    assert finding("T7", kind=kind) is None


# --------------------------------------------------------------------------------------------------- R1 and R2


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("amount", [714_84, 10_000_00, 1_000_000_00])
def test_every_recipient_sends_six_monthly_returns(looked_at: Look, kind: Kind, amount: int) -> None:
    dated = looked_at(kind=kind, amount=amount, start=D("2026-08-31"), end=D("2027-08-31"))
    assert dated.returns.every_months == 6
    assert dated.returns.due == (D("2027-02-28"), D("2027-08-31"))
    for partly in ({}, {"start": D("2026-08-31")}, {"end": D("2027-08-31")}):
        assert looked_at(kind=kind, amount=amount, **partly).returns.due == ()
        assert looked_at(kind=kind, amount=amount, **partly).returns.every_months == 6


def test_returns_stay_six_monthly_for_victim_services(looked_at: Look) -> None:
    found = looked_at(amount=20_000_00, victim_service=True, start=D("2026-04-01"), end=D("2027-03-31"))
    assert found.returns.due == (D("2026-10-01"), D("2027-03-31"))
    assert found.meetings.due == (D("2026-07-01"), D("2026-10-01"), D("2027-01-01"))


def test_grace_is_a_policy_value(looked_at: Look, policy: Policy) -> None:
    grace = replace(policy, final_return_grace=replace(policy.final_return_grace, value=10))
    found = looked_at(start=D("2026-04-01"), end=D("2026-09-30"), under=grace)
    assert found.returns.due == (D("2026-10-10"),)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    ("amount", "victim", "every"),
    [
        (10_000_00, False, None),
        (10_000_00, True, None),
        (10_000_01, False, 6),
        (10_000_01, True, 3),
        (9_999_99, True, None),
        (500_000_00, False, 6),
    ],
)
def test_meetings_over_ten_thousand_pounds(
    looked_at: Look, finding: Find, kind: Kind, amount: int, victim: bool, every: int | None
) -> None:
    facts: dict[str, Any] = {"kind": kind, "amount": amount, "victim_service": victim}
    assert looked_at(**facts).meetings.every_months == every
    assert looked_at(**facts).meetings.due == ()
    term = {"start": D("2026-04-01"), "end": D("2027-04-01")}
    expected = {
        None: (),
        6: (D("2026-10-01"), D("2027-04-01")),
        3: (D("2026-07-01"), D("2026-10-01"), D("2027-01-01"), D("2027-04-01")),
    }[every]
    assert looked_at(**facts, **term).meetings.due == expected
    r2 = finding("R2", **facts, **term)
    assert r2 is not None
    assert r2.verdict is Verdict.MET
    assert ("no monitoring meetings" in r2.because) == (every is None)


def test_a_short_award_over_ten_thousand_has_one_meeting_at_its_end(looked_at: Look) -> None:
    found = looked_at(amount=10_000_01, start=D("2026-04-01"), end=D("2026-06-30"))
    assert found.meetings.due == (D("2026-06-30"),)


def test_has_meetings(policy: Policy) -> None:
    assert not has_meetings(10_000_00, policy)
    assert has_meetings(10_000_01, policy)


# ---------------------------------------------------------------------------------------------------------- L2


@pytest.mark.parametrize(
    ("stated", "purpose", "victim"),
    [
        (None, None, False),
        (True, None, True),
        (False, None, False),
        (None, Purpose.VICTIM_SERVICES, True),
        (None, Purpose.RAPE_SUPPORT, True),
        (False, Purpose.VICTIM_SERVICES, True),
        (None, Purpose.CRIME_REDUCTION, False),
        (True, Purpose.ROAD_SAFETY, True),
    ],
)
def test_victim_services(finding: Find, stated: bool | None, purpose: Purpose | None, victim: bool) -> None:
    l2 = finding("L2", victim_service=stated, purpose=purpose)
    assert (l2 is not None) == victim
    if l2:
        assert l2.verdict is Verdict.MET
        assert "section 143" in l2.because


# ------------------------------------------------------------------------------------- what an application knows


WHOLE: dict[str, Any] = {
    "application": True, "plan_objective": "support-victims", "need": "x", "existing_provision": "y", "outcomes": 1,
}  # fmt: skip


@pytest.mark.parametrize("rule", ["L4", "U1", "U2", "N3"])
def test_only_an_application_is_asked(finding: Find, rule: str) -> None:
    assert finding(rule) is None
    found = finding(rule, **WHOLE)
    assert found is not None
    assert found.verdict is Verdict.MET


@pytest.mark.parametrize(
    ("rule", "changed", "verdict"),
    [
        ("L4", {"plan_objective": None}, "advice"),
        ("L4", {"plan_objective": "be-nice"}, "not_met"),
        ("U1", {"need": None}, "advice"),
        ("U1", {"existing_provision": ""}, "advice"),
        ("U2", {"outcomes": 0}, "advice"),
        ("N3", {"outcomes": 0}, "advice"),
    ],
)
def test_what_an_application_lacks(finding: Find, rule: str, changed: dict[str, Any], verdict: str) -> None:
    found = finding(rule, **(WHOLE | changed))
    assert found is not None
    assert found.verdict.value == verdict
    assert found.remedy


# ------------------------------------------------------------------------------------------------- the whole


def test_findings_stand_in_one_order_and_once(looked_at: Look) -> None:
    found = looked_at(
        kind=Kind.CONTRACT, amount=60_000_00, fund="moj-victims", purpose=Purpose.VICTIM_SERVICES, competed=False,
        start=D("2026-04-01"), end=D("2027-03-31"), money=Money(100_000_00, 80_000_00), **WHOLE,
        plan=PlanFacts(named_in_bid=True, local_supplier=True),
    ).findings  # fmt: skip
    assert [row.rule for row in found] == [
        "P0", "V1", "F0", "F1", "F6", "L2", "L3", "L4", "L5", "U1", "U2", "U3", "U4", "U5", "U6", "N1", "N2", "N3",
        "D1", "T1", "T3", "T4", "T5", "T6", "T7", "T8", "R1", "R2", "R4", "W1", "W2",
    ]  # fmt: skip
    assert all(row.paragraph == PARAGRAPHS[row.rule] for row in found)


def test_what_always_has_a_finding(looked_at: Look) -> None:
    for kind in Kind:
        power, bought = (["L1"], []) if kind is Kind.GRANT else ([], ["W2"])
        assert [row.rule for row in looked_at(kind=kind).findings] == [
            "P0", "V1", "F0", *power, "L5", "T1", "R1", "R2", "W1", *bought,
        ]  # fmt: skip


def test_what_is_looked_at_elsewhere_is_no_part_of_an_assessment() -> None:
    # Bids for new money, reviews, de-commissioning, payment, authority and the record have findings of their own.
    assert not {"N4", "R3", "R5", "F7", "A1", "A2", "A3", "A6", "D0"} & set(ORDER)


def test_paragraphs(looked_at: Look) -> None:
    paragraphs = {row.rule: row.paragraph for row in looked_at().findings}
    assert paragraphs == {
        "P0": "§5.1", "V1": "§5.2, last line", "F0": "§6.1", "L1": "§4.5", "L5": "office; Subsidy Control Act 2022",
        "T1": "§5.2 DO", "R1": "§5.2 REVIEW", "R2": "§5.2 REVIEW", "W1": "§6.1",
    }  # fmt: skip
    assert set(ORDER) <= set(PARAGRAPHS)


def test_only_not_met_blocks(looked_at: Look) -> None:
    over = looked_at(fund="youth-fund", amount=3_500_01, purpose=Purpose.YOUNG_PEOPLE)
    assert [row.rule for row in over.blocking] == ["F5"]
    assert over.blocking[0].remedy
    assert looked_at(amount=60_000_00).blocking == ()


def test_figures_come_from_the_policy(looked_at: Look, policy: Policy) -> None:
    def moved(name: str, value: object) -> Policy:
        figure: dict[str, Any] = {name: replace(getattr(policy, name), value=value)}
        return replace(policy, **figure)

    assert looked_at(amount=10_000_00, under=moved("meetings_over", 9_999_99)).meetings.every_months == 6
    assert looked_at(amount=20_000_00, under=moved("meeting_months", 4)).meetings.every_months == 4
    victims = moved("meeting_months_victims", 2)
    assert looked_at(amount=20_000_00, victim_service=True, under=victims).meetings.every_months == 2
    assert looked_at(under=moved("return_months", 5)).returns.every_months == 5
    contract = {"kind": Kind.CONTRACT, "amount": 50_000_01}
    assert looked_at(**contract, under=moved("portal_over", 50_000_01)).procurement.portal == "advised"


SHIPPED_POLICY = read_policy(SHIPPED)
_DAY = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    days = sorted([draw(_DAY), draw(_DAY)]) if draw(st.booleans()) else []
    maybe_age = st.none() | st.integers(0, 120)
    return Facts(
        kind=draw(st.sampled_from(Kind)),
        amount=draw(st.integers(0, 200_000_00) | st.integers(0, 10**14)),
        fund=draw(st.none() | st.sampled_from([fund.id for fund in SHIPPED_POLICY.funds])),
        purpose=draw(st.none() | st.sampled_from(Purpose)),
        purchases=draw(st.integers(0, 10**14)),
        victim_service=draw(st.none() | st.booleans()),
        planned=draw(st.booleans()),
        competed=draw(st.booleans()),
        single_tender_reason=draw(st.none() | st.sampled_from(SingleTenderReason)),
        start=days[0] if days else draw(st.none() | _DAY),
        end=days[1] if days else None,
        application=draw(st.booleans()),
        organisation_type=draw(st.none() | st.sampled_from(OrganisationType)),
        csp_area=draw(st.none() | st.sampled_from(["Fenland", "Rutland", ""])),
        age_from=draw(maybe_age),
        age_to=draw(maybe_age),
        send=draw(st.none() | st.booleans()),
        plan_objective=draw(st.none() | st.sampled_from(["support-victims", "", "nothing"])),
        outcomes=draw(st.integers(0, 10)),
        crime_grounds=draw(st.none() | st.just(()) | st.just((CrimeGround.PLAN,)) | st.just(tuple(CrimeGround))),
    )


_MONEY = st.none() | st.builds(Money, st.none() | st.integers(0, 10**12), st.none() | st.integers(-(10**12), 10**12))


@given(facts(), _MONEY)
def test_assessment_never_raises_and_repeats_itself(given_facts: Facts, money: Money | None) -> None:
    first = assess(given_facts, SHIPPED_POLICY, TODAY, money)
    assert assess(replace(given_facts), SHIPPED_POLICY, TODAY, money) == first
    rules = [row.rule for row in first.findings]
    assert rules == sorted(set(rules), key=ORDER.index)
    assert {"P0", "F0", "T1", "R1", "R2"} <= set(rules)
    assert {row.verdict for row in first.findings if row.rule == "F0"} <= {Verdict.MET, Verdict.ADVICE}
    for row in first.findings:
        assert row.because.endswith(".")
        assert row.verdict is not Verdict.NOT_MET or row.remedy
    if given_facts.start and given_facts.end:
        assert first.returns.due[-1] == given_facts.end


_RANK = {"none": 0, "one_quote": 1, "three_quotes": 2, "tender": 3}
_TIER = {"light": 0, "standard": 1, "full": 2}
_PORTAL = {"no": 0, "advised": 1, "required": 2}


def test_the_longest_term_is_assessed(looked_at: Look) -> None:
    found = looked_at(kind=Kind.CONTRACT, amount=20_000_00, start=date.min, end=date.max)
    assert found.returns.due[-1] == date.max
    assert found.meetings.due[-1] == date(9999, 7, 1)


@given(facts(), st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_larger_amount_never_asks_for_less(given_facts: Facts, one: int, two: int) -> None:
    less, more = (
        assess(
            replace(given_facts, amount=value, purchases=value, single_tender_reason=None, start=None, end=None),
            SHIPPED_POLICY,
            TODAY,
        )
        for value in sorted((one, two))
    )
    assert _TIER[less.tier] <= _TIER[more.tier]
    assert _RANK[less.procurement.route] <= _RANK[more.procurement.route]
    assert _PORTAL[less.procurement.portal] <= _PORTAL[more.procurement.portal]
    assert less.meetings.every_months is None or more.meetings.every_months == less.meetings.every_months
    assert {row.rule for row in less.blocking} <= {row.rule for row in more.blocking}


@pytest.mark.parametrize(
    ("rule", "facts", "said"),
    [
        ("R1", {"start": D("2026-04-01"), "end": D("2026-09-30")}, "at the end: one, on 30 September 2026."),
        ("R1", {"start": D("2026-04-01"), "end": D("2027-03-31")}, "2, from 1 October 2026 to 31 March 2027."),
        ("R1", {}, "a monitoring return every six months and a final one at the end."),
        ("R1", {"kind": Kind.INVOICE}, "A paid invoice without a term has one monitoring return, 6 months after it."),
        ("R2", {"amount": 10_000_01}, "£10,000.01 is over £10,000, so"),
        ("R2", {"amount": 10_000_01}, "every six months."),
        ("R2", {"amount": 10_000_01, "victim_service": True}, "every three months for victim services."),
        ("R2", {"amount": 10_000_00}, "£10,000 is not over £10,000"),
        ("U2", WHOLE, "It names one outcome to be achieved."),
        ("U2", WHOLE | {"outcomes": 2}, "It names 2 outcomes to be achieved."),
        ("N3", WHOLE, "The outcome has a measure with a target"),
        ("N3", WHOLE | {"outcomes": 2}, "Each outcome has a measure with a target"),
    ],
)
def test_what_people_read_holds_the_figures(finding: Find, rule: str, facts: dict[str, Any], said: str) -> None:
    found = finding(rule, **facts)
    assert found is not None
    assert said in found.because


def test_a_day_that_is_not_known_is_advice(finding: Find) -> None:
    for rule, amount in (("R1", 1_000_00), ("R2", 10_000_01)):
        undated = finding(rule, amount=amount)
        dated = finding(rule, amount=amount, start=D("2026-04-01"), end=D("2027-03-31"))
        assert undated is not None
        assert dated is not None
        assert (undated.verdict, dated.verdict) == (Verdict.ADVICE, Verdict.MET)


def test_every_rule_of_the_order_is_found_in_some_case(policy: Policy) -> None:
    awards = [row.asks for row in read_all() if isinstance(row.asks, Award)]
    found = {row.rule for award in awards for row in assess(award.facts, policy, award.today, award.money).findings}
    assert found == set(ORDER)
