"""The cycle in proportion to the size (P0): what each phase records, and the dated plan of a full award."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, PolicyError, bank_holidays, policy_from_text
from core.rules.assessment import Facts, Finding, Verdict, assess
from core.rules.calendar import add_months, next_working_day
from core.rules.cycle import Entry, Phase, PlannedPhase, dated_plan, is_complete, phase_record
from core.rules.facts import PlanFacts, Stage
from core.rules.policy import Kind, OrganisationType, Policy, SingleTenderReason
from tests.conftest import shipped_policy

D = date.fromisoformat
TODAY = date(2026, 11, 23)
Find = Callable[..., Finding | None]

YOUTH = Facts(
    Kind.GRANT, 2_000_00, fund="youth-fund", application=True, organisation_type=OrganisationType.CHARITY,
    csp_area="Fenland", plan_objective="reduce-crime-and-disorder", need="Nothing after school",
    existing_provision="The nearest club is full", outcomes=1, start=D("2027-01-04"), end=D("2027-03-31"),
)  # fmt: skip
CONTRACT = Facts(Kind.CONTRACT, 1_000_000_00, start=D("2027-10-01"), end=D("2029-09-30"))


def rules(record: tuple[Entry, ...]) -> list[str]:
    return [entry.rule for entry in record]


def required(record: tuple[Entry, ...]) -> list[str]:
    return [entry.id for entry in record if entry.required]


# ------------------------------------------------------------------------------------------------- the record


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.UNDERSTAND, ["U1", "U1", "U2"]),
        (Phase.PLAN, ["L4", "N1", "N3"]),
        (Phase.DO, ["A4", "N3", "L5"]),
        (Phase.REVIEW, ["R1", "R3", "R6"]),
    ],
)
def test_a_small_award_closes_its_phases_with_a_handful_of_lines(
    policy: Policy, phase: Phase, expected: list[str]
) -> None:
    record = phase_record(phase, YOUTH, policy)
    assert rules(record) == expected
    assert all(entry.phase is phase for entry in record)
    # What the application says completes Understand and Plan; the rest is written as it happens.
    assert is_complete(record) == (phase in (Phase.UNDERSTAND, Phase.PLAN))


def test_a_small_award_is_complete_once_it_is_reviewed(policy: Policy) -> None:
    done = frozenset({"decision", "acceptance", "payment_checks", "returns"})
    assert is_complete(phase_record(Phase.DO, YOUTH, policy, done))
    assert not is_complete(phase_record(Phase.DO, YOUTH, policy, done - {"decision"}))
    assert not is_complete(phase_record(Phase.REVIEW, YOUTH, policy, done))
    assert is_complete(phase_record(Phase.REVIEW, YOUTH, policy, done | {"annual_look"}))  # views are welcome


@pytest.mark.parametrize(
    ("phase", "expected", "needed"),
    [
        (
            Phase.UNDERSTAND,
            ["U1", "U1", "U1", "U1", "U2", "U2", "U3", "U4", "U5", "U6"],
            {"early_intervention"},
        ),
        (Phase.PLAN, ["L4", "N1", "N2", "N3", "P0"], set()),
        (Phase.DO, ["T1", "T4", "T6", "D1", "A4", "N3", "L5"], {"local_supplier"}),
        (Phase.REVIEW, ["R1", "R2", "R3", "R6"], set()),
    ],
)
def test_a_contract_of_a_million_records_everything(
    policy: Policy, phase: Phase, expected: list[str], needed: set[str]
) -> None:
    record = phase_record(phase, replace(CONTRACT, victim_service=True), policy)
    assert rules(record) == expected
    assert {entry.id for entry in record if not entry.required} == needed


@pytest.mark.parametrize(
    ("amount", "asked", "optional"),
    [
        (4_999_99, ["need", "existing_provision", "outcomes"], []),
        (
            5_000_00,
            ["need", "existing_provision", "outcomes", "existing_service"],
            ["partnership", "pathways", "early_intervention"],
        ),
        (
            49_999_99,
            ["need", "existing_provision", "outcomes", "existing_service"],
            ["partnership", "pathways", "early_intervention"],
        ),
        (
            50_000_00,
            [
                "need", "existing_provision", "needs_assessment", "engagement", "outcomes", "existing_service",
                "partnership", "pathways",
            ],
            ["early_intervention"],
        ),
    ],
)  # fmt: skip
def test_the_record_deepens_with_the_tier(policy: Policy, amount: int, asked: list[str], optional: list[str]) -> None:
    record = phase_record(Phase.UNDERSTAND, replace(YOUTH, amount=amount), policy)
    assert required(record) == asked
    assert [entry.id for entry in record if not entry.required] == optional


def test_what_the_facts_show_is_there(policy: Policy) -> None:
    plan = PlanFacts(
        existing_service="a", needs_assessment="b", engagement="c", partnership="d", pathways="e",
        service_user_voice="f", early_intervention=False, countywide=True, co_design="g", local_supplier=False,
    )  # fmt: skip
    everything = replace(YOUTH, amount=50_000_00, victim_service=True, plan=plan)
    for phase in (Phase.UNDERSTAND, Phase.PLAN):
        assert all(entry.there for entry in phase_record(phase, everything, policy))
        nothing = phase_record(phase, Facts(Kind.GRANT, 50_000_00, victim_service=True), policy)
        assert not any(entry.there for entry in nothing)
        assert rules(nothing) == rules(phase_record(phase, everything, policy))
    bought = phase_record(Phase.DO, replace(everything, kind=Kind.CONTRACT), policy)
    assert [entry.id for entry in bought if entry.there] == ["local_supplier"]


def test_the_office_may_record_what_an_application_does_not_say(policy: Policy) -> None:
    silent = replace(YOUTH, need=None)
    assert not is_complete(phase_record(Phase.UNDERSTAND, silent, policy))
    assert is_complete(phase_record(Phase.UNDERSTAND, silent, policy, frozenset({"need"})))


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({}, []),
        ({"purchases": 1}, ["bought"]),
        ({"kind": Kind.CONTRACT}, ["bought"]),
        ({"kind": Kind.CONTRACT, "amount": 49_999_99}, ["bought"]),
        ({"kind": Kind.CONTRACT, "amount": 50_000_00}, ["bought", "advertised", "panel"]),
        (
            {
                "kind": Kind.CONTRACT,
                "amount": 50_000_00,
                "single_tender_reason": SingleTenderReason.BEST_OUTCOMES,
            },
            ["bought"],
        ),
        ({"amount": 50_000_00}, []),
    ],
)
def test_how_it_is_bought_is_recorded_where_something_is(
    policy: Policy, changed: dict[str, Any], lines: list[str]
) -> None:
    record = phase_record(Phase.DO, replace(YOUTH, **changed), policy)
    assert [entry.id for entry in record if entry.rule.startswith("T")] == lines


@pytest.mark.parametrize(("amount", "meets"), [(10_000_00, False), (10_000_01, True)])
def test_meetings_are_recorded_over_ten_thousand_pounds(policy: Policy, amount: int, meets: bool) -> None:
    record = phase_record(Phase.REVIEW, replace(YOUTH, amount=amount), policy)
    assert ("meetings" in required(record)) == meets


# --------------------------------------------------------------------------------------------- the dated plan


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (
            "2027-04-01",
            [("2026-10-01", "2026-11-30"), ("2026-12-01", "2027-01-29"), ("2027-02-01", "2027-03-31")],
        ),
        # 31 August: counted back from the start itself, to the last day of February; a Saturday moves to the Monday.
        (
            "2026-08-31",
            [("2026-03-02", "2026-04-29"), ("2026-04-30", "2026-06-29"), ("2026-06-30", "2026-08-28")],
        ),
        # New Year's Day, and the first Monday of May after a Saturday.
        (
            "2027-07-01",
            [("2027-01-04", "2027-02-26"), ("2027-03-01", "2027-04-30"), ("2027-05-04", "2027-06-30")],
        ),
        # Boxing Day is kept on the 28th: the last working day before it is Christmas Eve.
        (
            "2026-12-29",
            [("2026-06-29", "2026-08-28"), ("2026-09-01", "2026-10-28"), ("2026-10-29", "2026-12-24")],
        ),
    ],
)
def test_a_plan_is_worked_back_from_the_start(policy: Policy, start: str, expected: list[tuple[str, str]]) -> None:
    plan = dated_plan(D(start), policy, bank_holidays())
    assert plan == tuple(
        PlannedPhase(phase, D(begins), D(ends))
        for phase, (begins, ends) in zip((Phase.UNDERSTAND, Phase.PLAN, Phase.DO), expected, strict=True)
    )


def moved(policy: Policy, **values: int) -> Policy:
    figures: dict[str, Any] = {name: replace(getattr(policy, name), value=value) for name, value in values.items()}
    return replace(policy, **figures)


def test_its_months_are_the_policys(policy: Policy) -> None:
    begins = [
        [planned.begins for planned in dated_plan(D("2027-04-01"), under)]
        for under in (
            moved(policy, full_plan_months=5),
            moved(policy, full_plan_months_plan=1),
            moved(policy, full_plan_months_do=1),
        )
    ]
    assert begins == [
        [D("2026-11-02"), D("2026-12-01"), D("2027-02-01")],
        [D("2026-10-01"), D("2027-01-01"), D("2027-02-01")],
        [D("2026-10-01"), D("2027-01-01"), D("2027-03-01")],
    ]


def test_a_phase_without_a_working_day_is_left_out(policy: Policy) -> None:
    short = moved(policy, full_plan_months=4)
    assert [planned.phase for planned in dated_plan(D("2027-04-01"), short)] == [Phase.PLAN, Phase.DO]
    assert dated_plan(date.min, policy) == ()
    assert dated_plan(D("0001-04-01"), policy)[0].begins == date.min


_POLICY = shipped_policy()


@given(st.dates(date(1, 12, 1), date.max))
def test_a_plan_ends_before_the_start_and_is_never_longer_than_its_months(start: date) -> None:
    plan = dated_plan(start, _POLICY, bank_holidays())
    assert [planned.phase for planned in plan] == [Phase.UNDERSTAND, Phase.PLAN, Phase.DO]
    days = [day for planned in plan for day in (planned.begins, planned.ends)]
    assert days == sorted(days)
    assert add_months(start, -6) <= days[0]
    assert days[-1] < start
    assert all(next_working_day(day, bank_holidays()) == day for day in days)


@pytest.mark.parametrize(
    ("start", "verdict", "said"),
    [
        # Six months before 23 May 2027 is today, a Monday; before the 21st and the 22nd it is the weekend before it.
        ("2027-05-23", "met", "From: Understand 23 November 2026, Plan 25 January 2027"),
        ("2027-05-21", "met", "From: Understand 23 November 2026, Plan 21 January 2027, Do 22 March 2027"),
        ("2027-05-20", "advice", "For a start on 20 May 2027 there are not 6 months left."),
        ("2026-11-23", "advice", "For a start on 23 November 2026 there are not 6 months left."),
        ("2020-04-01", "advice", "For a start on 1 April 2020 there are not 6 months left."),
        ("2028-04-01", "met", "Do 1 February 2028; the award 1 April 2028."),
        (None, "advice", "it has a dated plan of up to 6 months, worked back from the start."),
    ],
)
def test_a_start_that_is_too_near_for_a_plan(finding: Find, start: str | None, verdict: str, said: str) -> None:
    for kind in Kind:
        p0 = finding("P0", kind=kind, amount=50_000_00, start=D(start) if start else None)
        assert p0 is not None
        assert p0.verdict.value == verdict
        assert said in p0.because
        if verdict == "met":
            assert (p0.remedy, p0.needed_by) == ("", None)
        elif start:
            assert p0.remedy == "Start on 21 May 2027 or later, or agree a shorter plan and record why."
        else:
            assert (p0.remedy, p0.needed_by) == ("Give the start, to see the plan's days.", Stage.RECOMMENDATION)


def test_days_that_nobody_works_move_the_plan(policy: Policy) -> None:
    facts = Facts(Kind.CONTRACT, 50_000_00, start=D("2027-05-21"))
    for holidays, begins in ((frozenset(), "23 November"), (frozenset({TODAY}), "24 November")):
        p0 = assess(facts, policy, TODAY, holidays=holidays).findings[0]
        assert p0.rule == "P0"
        assert f"Understand {begins} 2026" in p0.because


def test_smaller_awards_have_no_plan(finding: Find) -> None:
    for amount, said in ((4_999_99, "the application's answers are enough"), (49_999_99, "a few questions more")):
        for start in (None, D("2026-11-24")):
            p0 = finding("P0", amount=amount, start=start)
            assert p0 is not None
            assert p0.verdict is Verdict.MET
            assert said in p0.because


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("full_plan_months = { value = 6", "full_plan_months = { value = 7", "make it 6 or less"),
        ("full_plan_months = { value = 6", "full_plan_months = { value = 4", "it leaves no month for Understand"),
        ("full_plan_months_plan = { value = 2", "full_plan_months_plan = { value = 4", "it leaves no month"),
        ("full_plan_months_do = { value = 2", "full_plan_months_do = { value = 4", "it leaves no month"),
    ],
)
def test_a_policy_leaves_each_phase_its_time(old: str, new: str, said: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.count(old) == 1
    with pytest.raises(PolicyError, match=rf"line \d+: figures\.full_plan_months: .*{said}"):
        policy_from_text(text.replace(old, new))


def test_a_plan_may_be_shorter() -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace(
        "full_plan_months = { value = 6", "full_plan_months = { value = 5"
    )
    assert policy_from_text(text).full_plan_months.value == 5


@pytest.mark.parametrize(
    ("today", "earliest"),
    [
        ("2026-11-23", "21 May 2027"),  # six months before it is a Saturday, so the plan begins on the Monday
        ("2026-11-24", "24 May 2027"),
        ("2026-11-25", "25 May 2027"),
        ("2026-11-28", "28 May 2027"),
        ("2026-11-30", "28 May 2027"),
        ("2026-08-31", "1 March 2027"),  # six months before 28 February is the 28th of August, which is past
    ],
)
def test_the_earliest_start_is_told_to_the_day(policy: Policy, today: str, earliest: str) -> None:
    p0 = assess(Facts(Kind.CONTRACT, 50_000_00, start=D(today)), policy, D(today)).findings[0]
    assert (p0.rule, p0.remedy) == (
        "P0",
        f"Start on {earliest} or later, or agree a shorter plan and record why.",
    )


def test_a_phase_ends_on_the_last_day_on_which_people_work(policy: Policy) -> None:
    ends = [dated_plan(D("2027-06-01"), policy, frozenset(held))[-1].ends for held in ((), (D("2027-05-31"),))]
    assert ends == [D("2027-05-31"), D("2027-05-28")]
