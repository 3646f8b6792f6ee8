"""How a tender is run, and what comes with buying (T2, T4 to T8), to the penny, the per cent and the day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.assessment import Assessment, Finding
from core.rules.facts import BuyingFacts, Facts, History, PanelMember, PlanFacts, Stage, Verdict
from core.rules.policy import Kind, Policy, SingleTenderReason, Window
from core.rules.procurement import notices_due, procurement
from core.rules.tendering import bought_together, tendering_findings

D = date.fromisoformat
Look = Callable[..., Assessment]
Find = Callable[..., Finding | None]

TODAY = date(2026, 11, 23)
SHIPPED_POLICY = read_policy(SHIPPED)
TENDER: dict[str, Any] = {"kind": Kind.CONTRACT, "amount": 60_000_00}
QUOTES: dict[str, Any] = {"kind": Kind.CONTRACT, "amount": 20_000_00}


# ----------------------------------------------------------------------------------------------------------- T2


@pytest.mark.parametrize("kind", [Kind.CONTRACT, Kind.CO_COMMISSIONED, Kind.INVOICE])
@pytest.mark.parametrize(
    ("amount", "others", "verdict"),
    [
        (2_000_00, None, None),  # nobody has looked it up
        (2_000_00, 0, None),
        (2_000_00, 1, "met"),
        (2_000_00, 2_999_99, "met"),
        (2_000_00, 3_000_00, "advice"),
        (5_000_00, 44_999_99, "met"),
        (5_000_00, 45_000_00, "advice"),
        (4_999_99, 45_000_01, "advice"),
        (1, 80_000_00, "advice"),  # the others alone have crossed it
        (50_000_00, 900_000_00, "met"),
    ],
)
def test_several_buys_from_one_supplier(
    finding: Find, kind: Kind, amount: int, others: int | None, verdict: str | None
) -> None:
    t2 = finding("T2", kind=kind, amount=amount, history=History(same_supplier=others))
    assert (t2.verdict.value if t2 else None) == verdict
    assert t2 is None or t2.needed_by is None


def test_several_buys_are_told_with_their_figures(finding: Find, policy: Policy) -> None:
    facts: dict[str, Any] = {"kind": Kind.INVOICE, "amount": 2_000_00, "history": History(same_supplier=3_000_50)}
    t2 = finding("T2", **facts)
    assert t2 is not None
    assert t2.because == (
        "With the same supplier's other awards of the last 12 months, £3,000.50, this £2,000 makes £5,000.50, "
        "which needs three written quotes (£5,000 to £49,999.99); alone it needs one written quote (below £5,000)."
    )
    longer = replace(policy, buying_together_months=replace(policy.buying_together_months, value=18))
    moved = finding("T2", **facts, under=longer)
    assert moved is not None
    assert "the last 18 months" in moved.because


def test_a_grant_and_a_partners_contract_are_no_buys_of_the_office(finding: Find) -> None:
    history = History(same_supplier=48_000_00)
    assert finding("T2", amount=2_000_00, purchases=2_000_00, history=history) is None
    led = BuyingFacts(partner_leads=True)
    assert finding("T2", kind=Kind.CO_COMMISSIONED, amount=2_000_00, history=history, buying=led) is None


@pytest.mark.parametrize(
    ("day", "today", "counts"),
    [
        ("2025-11-23", "2026-11-23", True),
        ("2025-11-22", "2026-11-23", False),
        ("2026-11-23", "2026-11-23", True),
        ("2026-11-24", "2026-11-23", False),
        ("2027-02-28", "2028-02-29", True),  # a year before a leap day is the last day of February
        ("2027-02-27", "2028-02-29", False),
        ("2024-02-29", "2025-02-28", True),
        ("2024-02-28", "2025-02-28", True),
        ("2024-02-27", "2025-02-28", False),
        ("0001-01-01", "0001-06-01", True),
    ],
)
def test_the_awards_of_the_last_twelve_months_to_the_day(day: str, today: str, counts: bool) -> None:
    assert bought_together([(D(day), 7_00)], D(today), 12) == (7_00 if counts else 0)


@given(st.lists(st.tuples(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 10**8))), st.integers(0, 48))
def test_what_is_bought_together_is_a_part_of_all_and_grows_with_the_months(
    awards: list[tuple[date, int]], months: int
) -> None:
    some, more = (bought_together(awards, TODAY, count) for count in (months, months + 1))
    assert 0 <= some <= more <= sum(pence for day, pence in awards if day <= TODAY)
    assert bought_together(reversed(awards), TODAY, months) == some


# ----------------------------------------------------------------------------------------------------------- T4

OPEN = BuyingFacts(envelope_shown=True, quality_share=60, cost_share=40)


@pytest.mark.parametrize(
    ("buying", "verdict", "remedies"),
    [
        (BuyingFacts(), "advice", ("envelope", "split")),
        (BuyingFacts(envelope_shown=True), "advice", ("split",)),
        (BuyingFacts(quality_share=60, cost_share=40), "advice", ("envelope",)),
        (BuyingFacts(envelope_shown=True, quality_share=60), "advice", ("split",)),
        (BuyingFacts(envelope_shown=True, cost_share=40), "advice", ("split",)),
        (OPEN, "met", ()),
        (replace(OPEN, quality_share=100, cost_share=0), "met", ()),
        (replace(OPEN, quality_share=0, cost_share=100), "met", ()),
        (replace(OPEN, cost_share=39), "not_met", ("add up to 100",)),
        (replace(OPEN, cost_share=41), "not_met", ("add up to 100",)),
        (replace(OPEN, quality_share=110, cost_share=-10), "not_met", ("add up to 100",)),
        (replace(OPEN, quality_share=-10, cost_share=110), "not_met", ("add up to 100",)),
        (replace(OPEN, envelope_shown=False), "not_met", ("envelope",)),
        (replace(OPEN, envelope_shown=None, cost_share=41), "not_met", ("envelope", "add up to 100")),
    ],
)
def test_a_tender_shows_its_envelope_and_its_split(
    finding: Find, buying: BuyingFacts, verdict: str, remedies: tuple[str, ...]
) -> None:
    for amount in (50_000_00, 50_000_01):
        t4 = finding("T4", kind=Kind.CONTRACT, amount=amount, buying=buying)
        assert t4 is not None
        assert t4.verdict.value == verdict
        assert t4.needed_by is (None if verdict == "met" else Stage.APPROVAL)
        assert bool(t4.remedy) == bool(remedies)
        assert all(part in t4.remedy for part in remedies)
        assert "on the website" in t4.because


@pytest.mark.parametrize(
    ("quality", "cost", "said"), [(60, 39, "adds up to 99%."), (60, 41, "adds up to 101%."), (60, 40, "40% for cost.")]
)
def test_the_split_is_told_with_its_sum(finding: Find, quality: int, cost: int, said: str) -> None:
    t4 = finding("T4", **TENDER, buying=replace(OPEN, quality_share=quality, cost_share=cost))
    assert t4 is not None
    assert said in t4.because


@pytest.mark.parametrize(
    ("name", "address", "said"),
    [
        ("", "", "on the procurement portal."),
        ("Bluelight", "", "on the procurement portal (Bluelight)."),
        ("Bluelight", "https://portal.example", "on the procurement portal (Bluelight, https://portal.example)."),
    ],
)
def test_the_portal_has_the_name_that_the_office_gives_it(
    finding: Find, policy: Policy, name: str, address: str, said: str
) -> None:
    office = replace(
        policy.office,
        portal_name=replace(policy.office.portal_name, value=name),
        portal_address=replace(policy.office.portal_address, value=address),
    )
    under = replace(policy, office=office)
    required = finding("T4", kind=Kind.CONTRACT, amount=50_000_01, buying=OPEN, under=under)
    advised = finding("T4", kind=Kind.CONTRACT, amount=50_000_00, buying=OPEN, under=under)
    assert required is not None
    assert advised is not None
    assert f"and, because £50,000.01 exceeds £50,000, {said}" in required.because
    assert f"and preferably {said.rstrip('.')}, which is required only where" in advised.because


@pytest.mark.parametrize(
    ("buying", "verdict"),
    [
        (BuyingFacts(), None),
        (BuyingFacts(quality_share=70, cost_share=30), "met"),
        (BuyingFacts(quality_share=70, cost_share=29), "not_met"),
        (BuyingFacts(quality_share=70, cost_share=31), "not_met"),
        (BuyingFacts(quality_share=70), "advice"),
        (BuyingFacts(envelope_shown=True), "met"),
        (BuyingFacts(envelope_shown=False), "not_met"),
    ],
)
def test_a_split_that_the_office_sets_for_others_adds_up_too(
    finding: Find, buying: BuyingFacts, verdict: str | None
) -> None:
    single = QUOTES | {"single_tender_reason": SingleTenderReason.BEST_OUTCOMES}
    for facts in (QUOTES, single, {"amount": 2_000_00}):
        t4 = finding("T4", **facts, buying=buying)
        assert (t4.verdict.value if t4 else None) == verdict
        assert t4 is None or t4.needed_by is (Stage.APPROVAL if verdict == "not_met" else None)
    led = finding("T4", kind=Kind.CO_COMMISSIONED, amount=60_000_00, buying=replace(buying, partner_leads=True))
    assert led is None


def test_the_envelope_of_a_fund_is_shown_while_it_is_open(finding: Find, policy: Policy) -> None:
    youth = policy.fund("youth-fund")
    assert youth is not None
    windowed = replace(youth, windows=(Window(D("2026-11-01"), D("2026-11-23")),))
    under = replace(policy, funds=(windowed, *policy.funds[1:]))
    for shown, on, verdict in (
        (None, "2026-11-23", "met"),
        (True, "2026-11-23", "met"),
        (False, "2026-11-23", "not_met"),
        (None, "2026-11-24", "advice"),
        (True, "2026-11-24", "advice"),
        (False, "2026-11-24", "not_met"),
    ):
        t4 = finding("T4", fund="youth-fund", buying=BuyingFacts(envelope_shown=shown), under=under, on=D(on))
        assert t4 is not None
        assert t4.verdict.value == verdict, (shown, on)


def test_a_closed_fund_says_when_it_opens_next(finding: Find, policy: Policy) -> None:
    youth = policy.fund("youth-fund")
    assert youth is not None
    windows = tuple(Window(D(f"2027-0{month}-01"), D(f"2027-0{month}-28")) for month in (5, 2, 8))
    for on, said in (
        ("2027-01-31", "It opens on 1 February 2027."),
        ("2027-03-01", "It opens on 1 May 2027."),
        ("2027-06-01", "It opens on 1 August 2027."),
        ("2027-08-29", "closed to applications today."),
    ):
        under = replace(policy, funds=(replace(youth, windows=windows), *policy.funds[1:]))
        t4 = finding("T4", fund="youth-fund", under=under, on=D(on))
        assert t4 is not None
        assert t4.because.endswith(said)
    invited = replace(youth, open_to_applications=False, windows=windows)
    t4 = finding("T4", fund="youth-fund", under=replace(policy, funds=(invited, *policy.funds[1:])), on=D("2027-01-31"))
    assert t4 is not None
    assert t4.because.endswith("it makes awards by invitation.")


# ----------------------------------------------------------------------------------------------------------- T5


@pytest.mark.parametrize(
    ("amount", "logged", "verdict"),
    [
        (49_999_99, None, None),
        (50_000_00, None, "advice"),
        (50_000_00, "", "advice"),
        (50_000_00, "An event on 3 June", "met"),
        (49_999_99, "A call to four providers", "met"),
    ],
)
def test_market_engagement_is_logged_and_never_waited_for(
    finding: Find, amount: int, logged: str | None, verdict: str | None
) -> None:
    t5 = finding("T5", kind=Kind.CONTRACT, amount=amount, buying=BuyingFacts(market_engagement=logged))
    assert (t5.verdict.value if t5 else None) == verdict
    assert t5 is None or t5.needed_by is None


def test_only_a_tender_is_prompted_to_engage_the_market(finding: Find) -> None:
    single = {"kind": Kind.CONTRACT, "amount": 90_000_00, "single_tender_reason": SingleTenderReason.BEST_OUTCOMES}
    assert finding("T5", **single) is None
    assert finding("T5", amount=90_000_00, purchases=80_000_00) is None
    logged = BuyingFacts(market_engagement="An event")
    assert finding("T5", amount=90_000_00, purchases=80_000_00, buying=logged) is None


# ----------------------------------------------------------------------------------------------------------- T6

INDEPENDENT = PanelMember("Ira Okafor", "independent")
CONFLICTED = PanelMember("Jo Lane", "independent", conflicted=True)
OFFICE, FORCE, BIDDER = (PanelMember(f"Of the {of}", of) for of in ("office", "force", "bidder"))


@pytest.mark.parametrize(
    ("panel", "verdict", "said"),
    [
        (None, "advice", "The panel is not given."),
        ((), "not_met", "The panel has no member."),
        ((OFFICE,), "not_met", "The panel's one member is not independent"),
        ((OFFICE, FORCE, BIDDER), "not_met", "None of the panel's 3 members"),
        ((OFFICE, CONFLICTED), "not_met", "None of the panel's 2 members"),
        ((INDEPENDENT,), "met", ": 1 of 1."),
        ((OFFICE, FORCE, CONFLICTED, INDEPENDENT), "met", ": 1 of 4."),
        ((INDEPENDENT, replace(INDEPENDENT, name="Kit Moss")), "met", ": 2 of 2."),
    ],
)
def test_a_tender_waits_for_an_independent_member_without_an_interest(
    finding: Find, panel: tuple[PanelMember, ...] | None, verdict: str, said: str
) -> None:
    t6 = finding("T6", **TENDER, buying=BuyingFacts(panel=panel, users_invited=True))
    assert t6 is not None
    assert t6.verdict.value == verdict
    assert said in t6.because
    assert t6.needed_by is (None if verdict == "met" else Stage.APPROVAL)
    assert not any(member.name in t6.because for member in panel or ())


@pytest.mark.parametrize(
    ("invited", "why", "verdict", "said"),
    [
        (True, None, "met", "Service users were invited."),
        (False, "They asked not to be", "met", "Why service users were not invited is on record."),
        (False, None, "advice", "Service users were not invited."),
        (False, "", "advice", "Service users were not invited."),
        (None, None, "advice", "Whether service users were invited is not given."),
        (None, "They asked not to be", "advice", "Whether service users were invited is not given."),
    ],
)
def test_service_users_are_invited_or_it_is_said_why_not(
    finding: Find, invited: bool | None, why: str | None, verdict: str, said: str
) -> None:
    buying = BuyingFacts(panel=(OFFICE, INDEPENDENT), users_invited=invited, users_not_invited_because=why)
    t6 = finding("T6", **TENDER, buying=buying)
    assert t6 is not None
    assert t6.verdict.value == verdict
    assert t6.because.endswith(said)
    assert (t6.needed_by, bool(t6.remedy)) == (None, verdict == "advice")


def test_only_a_tender_has_a_panel(finding: Find) -> None:
    for amount, has in ((49_999_99, False), (50_000_00, True)):
        t6 = finding("T6", kind=Kind.CONTRACT, amount=amount, buying=BuyingFacts(panel=()))
        assert (t6 is not None) == has


# ----------------------------------------------------------------------------------------------------------- T7


@pytest.mark.parametrize(
    ("end", "reason", "verdict"),
    [
        ("2029-03-30", None, "advice"),  # 23 months and 30 days
        ("2029-03-30", "", "advice"),
        ("2029-03-30", "The money ends then", "met"),
        ("2029-03-31", None, "met"),  # exactly 24
        ("2029-03-31", "The money ends then", "met"),
        ("2027-04-01", "One day of training", "met"),
    ],
)
def test_a_short_contract_is_asked_for_its_reason(finding: Find, end: str, reason: str | None, verdict: str) -> None:
    plan = PlanFacts(short_term_reason=reason)
    t7 = finding("T7", **QUOTES, start=D("2027-04-01"), end=D(end), plan=plan)
    assert t7 is not None
    assert t7.verdict.value == verdict
    assert t7.needed_by is None
    assert ("less than 24 months" in t7.because) == (end != "2029-03-31")
    assert ("why is on record" in t7.because) == (bool(reason) and end != "2029-03-31")


def test_a_contract_without_its_days_is_not_asked(finding: Find) -> None:
    for days in ({}, {"start": D("2027-04-01")}, {"end": D("2027-04-01")}):
        assert finding("T7", **QUOTES, **days) is None
    at_the_end_of_time = finding("T7", **QUOTES, start=D("9998-06-01"), end=date.max)
    assert at_the_end_of_time is not None
    assert at_the_end_of_time.verdict is Verdict.ADVICE


def test_the_months_of_a_multi_year_contract_are_a_policy_value(finding: Find, policy: Policy) -> None:
    term: dict[str, Any] = {"start": D("2027-04-01"), "end": D("2029-04-29")}
    under = replace(policy, multi_year_months=replace(policy.multi_year_months, value=25))
    for end, verdict in ((D("2029-04-29"), "advice"), (D("2029-04-30"), "met")):
        t7 = finding("T7", **QUOTES, **(term | {"end": end}), under=under)
        assert t7 is not None
        assert t7.verdict.value == verdict


# ----------------------------------------------------------------------------------------------------------- T8

BELOW = ("below-threshold-tender-notice", "below-threshold-contract-details")
COVERED = ("tender-notice", "contract-award-notice", "contract-details-notice")
DIRECT = ("transparency-notice", "contract-award-notice", "contract-details-notice")


@pytest.mark.parametrize(
    ("amount", "single", "light_touch", "today", "due"),
    [
        (29_999_99, False, None, "2026-11-23", ()),
        (30_000_00, False, None, "2026-11-23", BELOW[1:]),
        (30_000_00, False, None, "2025-02-23", ()),
        (30_000_00, False, None, "2025-02-24", BELOW[1:]),
        (49_999_99, False, None, "2026-11-23", BELOW[1:]),
        (50_000_00, False, None, "2026-11-23", BELOW),
        (207_719_99, False, None, "2026-11-23", BELOW),
        (207_720_00, False, None, "2026-11-23", COVERED),
        (207_720_00, False, None, "2025-12-31", BELOW),
        (214_904_00, False, None, "2025-12-31", COVERED),
        (663_539_99, False, True, "2026-11-23", BELOW),
        (663_540_00, False, True, "2026-11-23", COVERED),
        (29_999_99, True, None, "2026-11-23", ()),
        (30_000_00, True, None, "2026-11-23", BELOW[1:]),
        (207_719_99, True, None, "2026-11-23", BELOW[1:]),
        (207_720_00, True, None, "2026-11-23", DIRECT),
    ],
)
def test_notices_by_value_route_and_day(
    finding: Find,
    policy: Policy,
    amount: int,
    single: bool,
    light_touch: bool | None,
    today: str,
    due: tuple[str, ...],
) -> None:
    buying = BuyingFacts(light_touch=light_touch)
    reason = SingleTenderReason.PARTNERSHIP_BID if single else None
    facts = Facts(Kind.CONTRACT, amount, single_tender_reason=reason, buying=buying)
    listed = notices_due(facts, procurement(facts, policy), policy, D(today))
    assert tuple(row.id for row in listed) == due
    t8 = finding("T8", kind=Kind.CONTRACT, amount=amount, single_tender_reason=reason, buying=buying, on=D(today))
    assert (t8 is not None) == bool(due)
    if t8:
        before = any(row.before_signing for row in listed)
        assert t8.verdict is Verdict.ADVICE
        assert t8.needed_by is (Stage.SIGNING if before else None)
        assert all(f"{row.name}: due {row.by}." in t8.because for row in listed)
        assert [row.name.lower() in t8.remedy for row in listed] == [row.before_signing or not before for row in listed]


@pytest.mark.parametrize(
    ("recorded", "verdict", "stage"),
    [
        ((), "advice", Stage.SIGNING),
        (("tender-notice",), "advice", Stage.SIGNING),
        (("contract-award-notice", "contract-details-notice"), "advice", Stage.SIGNING),
        (("tender-notice", "contract-award-notice"), "advice", None),
        (COVERED, "met", None),
        ((*COVERED, "transparency-notice"), "met", None),
        (BELOW, "advice", Stage.SIGNING),
    ],
)
def test_notices_are_recorded_before_signing(
    finding: Find, recorded: tuple[str, ...], verdict: str, stage: Stage | None
) -> None:
    buying = BuyingFacts(light_touch=False, notices=frozenset(recorded))
    t8 = finding("T8", kind=Kind.CONTRACT, amount=207_720_00, buying=buying)
    assert t8 is not None
    assert (t8.verdict.value, t8.needed_by) == (verdict, stage)
    assert t8.because.count("on record") == len(set(recorded) & set(COVERED))
    assert bool(t8.remedy) == (verdict == "advice")
    assert ("The procurement portal does not replace them." in t8.remedy) == (stage is Stage.SIGNING)


def test_notices_are_told_with_their_threshold(finding: Find) -> None:
    for amount, light_touch, said in (
        (30_000_00, None, "£30,000 reaches £30,000, from which the Procurement Act 2023 asks for notices."),
        (207_720_00, False, "£207,720 reaches £207,720, from which the Procurement Act 2023 covers the contract."),
        (207_720_00, None, "whether it is light-touch is not given, so the lower threshold is taken."),
    ):
        t8 = finding("T8", kind=Kind.CONTRACT, amount=amount, buying=BuyingFacts(light_touch=light_touch))
        assert t8 is not None
        assert said in t8.because


_DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.booleans(), st.none() | st.booleans(), _DAYS)
def test_a_larger_value_never_has_fewer_notices(
    one: int, two: int, single: bool, light_touch: bool | None, today: date
) -> None:
    due = []
    for amount in sorted((one, two)):
        reason = SingleTenderReason.BEST_OUTCOMES if single else None
        buying = BuyingFacts(light_touch=light_touch)
        facts = Facts(Kind.CONTRACT, amount, single_tender_reason=reason, buying=buying)
        due.append(notices_due(facts, procurement(facts, SHIPPED_POLICY), SHIPPED_POLICY, today))
    less, more = due
    assert len(less) <= len(more)
    assert sum(row.before_signing for row in less) <= sum(row.before_signing for row in more)


# --------------------------------------------------------------------------------------------------- the whole


_SHARE = st.none() | st.integers(-5, 105)
_TEXT = st.none() | st.sampled_from(["", "41", "something"])
_MEMBERS = st.builds(
    PanelMember, st.just("Ada"), st.sampled_from(["office", "force", "bidder", "independent"]), st.booleans()
)


@st.composite
def _facts(draw: st.DrawFn) -> Facts:
    yes = st.none() | st.booleans()
    buying = BuyingFacts(
        partner_leads=draw(st.booleans()),
        light_touch=draw(yes),
        envelope_shown=draw(yes),
        quality_share=draw(_SHARE),
        cost_share=draw(_SHARE),
        market_engagement=draw(_TEXT),
        single_tender_evidence=draw(_TEXT),
        approver_authorised=draw(yes),
        ground=draw(_TEXT),
        notices=draw(st.frozensets(st.sampled_from([row.id for row in SHIPPED_POLICY.notices]))),
        panel=draw(st.none() | st.lists(_MEMBERS, max_size=3).map(tuple)),
        users_invited=draw(yes),
        users_not_invited_because=draw(_TEXT),
        offers=draw(st.none() | st.integers(0, 5)),
        whole_contract=draw(st.none() | st.integers(0, 10**8)),
        partner_procurement=draw(_TEXT),
    )
    return Facts(
        draw(st.sampled_from(Kind)),
        draw(st.integers(0, 10**8)),
        purchases=draw(st.integers(0, 10**8)),
        single_tender_reason=draw(st.none() | st.sampled_from(SingleTenderReason)),
        planned=draw(st.booleans()),
        competed=draw(st.booleans()),
        buying=buying,
        history=History(same_supplier=draw(st.none() | st.integers(0, 10**8))),
    )


@given(_facts(), _DAYS)
def test_whatever_is_known_each_rule_says_one_thing_and_how_to_put_it_right(facts: Facts, today: date) -> None:
    bought = procurement(facts, SHIPPED_POLICY)
    found = tendering_findings(facts, bought, SHIPPED_POLICY, today)
    assert found == tendering_findings(replace(facts), bought, SHIPPED_POLICY, today)
    rules = [row.rule for row in found]
    assert rules == sorted(set(rules))
    for row in found:
        assert row.because.endswith(".")
        assert "..." not in row.because
        assert bool(row.remedy) == (row.verdict is not Verdict.MET)
    assert {row.rule for row in found if row.verdict is Verdict.NOT_MET} <= {"T4", "T6"}


@given(st.sampled_from([Kind.CONTRACT, Kind.INVOICE]), st.integers(50_000_00, 10**9), st.integers(0, 4_000))
def test_a_tender_that_did_everything_has_nothing_left_to_do(kind: Kind, amount: int, days: int) -> None:
    buying = BuyingFacts(
        light_touch=False,
        envelope_shown=True,
        quality_share=60,
        cost_share=40,
        market_engagement="An event",
        notices=frozenset(row.id for row in SHIPPED_POLICY.notices),
        panel=(OFFICE, INDEPENDENT),
        users_invited=True,
    )
    facts = Facts(kind, amount, buying=buying, history=History(same_supplier=amount))
    found = tendering_findings(facts, procurement(facts, SHIPPED_POLICY), SHIPPED_POLICY, TODAY + timedelta(days))
    assert {row.rule for row in found} == {"T2", "T4", "T5", "T6", "T8"}
    assert {row.verdict for row in found} == {Verdict.MET}
