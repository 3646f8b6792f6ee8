"""Who may recommend and decide, and what a decision is (A1–A6), each at its penny and its day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.authority import (
    Approver,
    Case,
    DecidedAlready,
    Decider,
    DecisionRecord,
    Offer,
    acceptance_day,
    acceptance_finding,
    approver_finding,
    decided_once_finding,
    decision_findings,
    failing_finding,
    may_decide,
    may_recommend,
    record_finding,
    separation_finding,
    who_could_approve,
    who_may_decide,
)
from core.rules.facts import Finding, Stage, Verdict, advice, met, not_met
from core.rules.policy import Body, Delegation, Kind, Policy, Role
from core.rules.sources import paragraph

TODAY = date(2026, 11, 23)
CASE = Case(Kind.GRANT, "youth-fund", 2_000_00, recommended_by=1, interests=frozenset(), commissioner_interested=False)
ROW = Delegation(Role.CHIEF_EXECUTIVE, (Kind.GRANT,), ("youth-fund",), 2_000_00, TODAY, "Scheme of governance")


def person(role: Role, person_id: int = 7, body: Body = Body.OFFICE) -> Decider:
    return Decider(role, body, person_id, "Someone")


@pytest.fixture
def delegating(policy: Policy) -> Callable[..., Policy]:
    return lambda *rows: replace(policy, delegations=rows)


def test_no_delegation_is_shipped(policy: Policy) -> None:
    assert policy.delegations == ()


@pytest.mark.parametrize("role", Role)
def test_without_a_delegation_the_commissioner_alone_decides(policy: Policy, role: Role) -> None:
    refusal = may_decide(person(role), CASE, policy, TODAY)
    if role is Role.COMMISSIONER:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.rule == "A1"
        assert "The Commissioner may decide it." in refusal.reason


@pytest.mark.parametrize("role", Role)
def test_who_may_recommend(policy: Policy, role: Role) -> None:
    refusal = may_recommend(person(role), CASE, policy)
    if role in (Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE):
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.rule == "A2"


@pytest.mark.parametrize("role", Role)
def test_constabulary_staff_do_neither(delegating: Callable[..., Policy], role: Role) -> None:
    policy = delegating(replace(ROW, role=role))
    force = person(role, body=Body.CONSTABULARY)
    for refusal in (may_recommend(force, CASE, policy), may_decide(force, CASE, policy, TODAY)):
        assert refusal is not None
        assert refusal.rule == "A2"
        assert "Constabulary staff" in refusal.reason


def test_nobody_decides_what_they_recommended(policy: Policy, delegating: Callable[..., Policy]) -> None:
    own = may_decide(person(Role.COMMISSIONER, 1), CASE, policy, TODAY)
    assert own is not None
    assert own.rule == "A2"
    delegated = may_decide(person(Role.CHIEF_EXECUTIVE, 1), CASE, delegating(ROW), TODAY)
    assert delegated is not None
    assert delegated.rule == "A2"
    assert may_decide(person(Role.CHIEF_EXECUTIVE, 2), CASE, delegating(ROW), TODAY) is None


def test_nothing_is_decided_before_a_recommendation(policy: Policy) -> None:
    refusal = may_decide(person(Role.COMMISSIONER), replace(CASE, recommended_by=None), policy, TODAY)
    assert refusal is not None
    assert "needs a recommendation by someone else first" in refusal.reason


def test_a_declared_interest_bars_from_both(delegating: Callable[..., Policy]) -> None:
    case = replace(CASE, interests=frozenset({7}))
    chief = person(Role.CHIEF_EXECUTIVE, 7)
    for refusal in (may_recommend(chief, case, delegating(ROW)), may_decide(chief, case, delegating(ROW), TODAY)):
        assert refusal is not None
        assert refusal.rule == "A2"
    assert may_recommend(person(Role.OFFICER, 8), case, delegating(ROW)) is None


def test_a_commissioner_with_an_interest_waits_for_a_delegation(
    policy: Policy, delegating: Callable[..., Policy]
) -> None:
    case = replace(CASE, interests=frozenset({7}), commissioner_interested=True)
    for case_ in (case, replace(case, interests=frozenset())):
        refusal = may_decide(person(Role.COMMISSIONER, 7), case_, policy, TODAY)
        assert refusal is not None
        assert refusal.rule == "A1"
        assert "waits for" in refusal.reason
    assert "waits for a delegation" in who_may_decide(case, policy, TODAY)
    assert may_decide(person(Role.CHIEF_EXECUTIVE, 8), case, delegating(ROW), TODAY) is None
    assert who_may_decide(case, delegating(ROW), TODAY) == (
        "The Chief Executive (up to £2,000: Scheme of governance) may decide it. "
        "The Commissioner has declared an interest."
    )


@pytest.mark.parametrize(
    ("row", "case", "today", "allowed"),
    [
        (ROW, CASE, TODAY, True),
        (ROW, replace(CASE, amount=2_000_01), TODAY, False),
        (ROW, replace(CASE, amount=1_999_99), TODAY, True),
        (ROW, CASE, date(2026, 11, 22), False),
        (ROW, replace(CASE, kind=Kind.CONTRACT), TODAY, False),
        (ROW, replace(CASE, fund="community-fund"), TODAY, False),
        (replace(ROW, funds=None), replace(CASE, fund="community-fund"), TODAY, True),
        (replace(ROW, role=Role.DIRECTOR), CASE, TODAY, False),
        (replace(ROW, kinds=(Kind.CONTRACT, Kind.GRANT)), CASE, TODAY, True),
    ],
)
def test_a_delegation_matches(
    delegating: Callable[..., Policy], row: Delegation, case: Case, today: date, allowed: bool
) -> None:
    refusal = may_decide(person(Role.CHIEF_EXECUTIVE), case, delegating(row), today)
    assert (refusal is None) == allowed
    if refusal:
        assert refusal.rule == "A1"


def test_who_may_decide_names_everybody_once(delegating: Callable[..., Policy]) -> None:
    director = replace(ROW, role=Role.DIRECTOR, upper_limit=5_000_00)
    assert who_may_decide(CASE, delegating(ROW, director, ROW), TODAY) == (
        "The Commissioner, the Chief Executive (up to £2,000: Scheme of governance) or "
        "the Director (up to £5,000: Scheme of governance) may decide it."
    )


# ------------------------------------------------------------------------- who could approve, asked beforehand (A1)


def test_who_could_approve_is_known_before_anybody_recommended(policy: Policy) -> None:
    for kind in Kind:
        for amount in (1, 3_500_00, 1_000_000_00):
            found = who_could_approve(kind, "youth-fund", amount, policy, TODAY)
            assert found.sentence == "The Commissioner could approve it, once somebody else has recommended it."
            assert found.rows == (Approver(Role.COMMISSIONER, "the Commissioner"),)


@pytest.mark.parametrize(
    ("kind", "fund", "amount", "today", "said"),
    [
        (Kind.GRANT, "youth-fund", 2_000_00, TODAY, "or the Chief Executive (up to £2,000: Scheme of governance)"),
        (Kind.GRANT, "youth-fund", 2_000_01, TODAY, ""),
        (Kind.GRANT, "youth-fund", 2_000_00, date(2026, 11, 22), ""),
        (Kind.CONTRACT, "youth-fund", 2_000_00, TODAY, ""),
        (Kind.GRANT, "community-fund", 2_000_00, TODAY, ""),
        # Which fund is not known: the delegation is named with the fund it is for.
        (
            Kind.GRANT, None, 2_000_00, TODAY,
            "or the Chief Executive (up to £2,000 for the Youth Fund: Scheme of governance) could",
        ),
        (Kind.GRANT, None, 2_000_01, TODAY, ""),
    ],
)  # fmt: skip
def test_a_delegation_is_among_who_could_approve(
    delegating: Callable[..., Policy], kind: Kind, fund: str | None, amount: int, today: date, said: str
) -> None:
    found = who_could_approve(kind, fund, amount, delegating(ROW), today)
    assert found.sentence.startswith(f"The Commissioner {said}".rstrip())
    assert [row.role for row in found.rows] == [Role.COMMISSIONER] + ([Role.CHIEF_EXECUTIVE] if said else [])
    if said:
        row = found.rows[1]
        assert (row.upper_limit, row.source) == (2_000_00, "Scheme of governance")
        assert row.funds == (("Youth Fund",) if fund is None else ())


def test_who_could_approve_where_the_commissioner_has_an_interest(
    policy: Policy, delegating: Callable[..., Policy]
) -> None:
    alone = who_could_approve(Kind.GRANT, "youth-fund", 1, policy, TODAY, commissioner_interested=True)
    assert alone.rows == ()
    assert alone.sentence.endswith("so the decision waits for a delegation.")
    covered = who_could_approve(Kind.GRANT, "youth-fund", 1, delegating(ROW), TODAY, commissioner_interested=True)
    assert [row.role for row in covered.rows] == [Role.CHIEF_EXECUTIVE]
    assert covered.sentence.endswith("recommended it. The Commissioner has declared an interest.")


def test_a_delegation_for_every_fund_names_none(delegating: Callable[..., Policy]) -> None:
    everywhere = delegating(replace(ROW, funds=None))
    found = who_could_approve(Kind.GRANT, None, 2_000_00, everywhere, TODAY)
    assert found.rows[1].text == "the Chief Executive (up to £2,000: Scheme of governance)"


# ----------------------------------------------------------------------------------------------- as findings


CAM = person(Role.COMMISSIONER)
CHIEF = person(Role.CHIEF_EXECUTIVE)
RECORD = DecisionRecord(
    outcome="approved",
    by="Cam Commissioner",
    at=datetime(2026, 11, 23, 12, tzinfo=UTC),
    facts={"amount": 2_000_00},
    policy_version="3f9a",
    findings=(met("P0", "Light."),),
    reasons="It reaches forty young people.",
)


def check(found: Finding, rule: str, verdict: str, needed_by: Stage | None = Stage.APPROVAL) -> Finding:
    """That a finding is of this rule and verdict, whole, and says what to do unless it is met."""
    assert (found.rule, found.verdict.value, found.paragraph) == (rule, verdict, paragraph(rule))
    assert found.because.endswith(".")
    assert bool(found.remedy) == (verdict != "met")
    assert found.needed_by is (None if verdict == "met" else needed_by)
    return found


@pytest.mark.parametrize(
    ("decider", "amount", "today", "interested", "verdict", "said"),
    [
        (CAM, 1_000_000_00, TODAY, False, "met", "whatever its kind, fund and amount"),
        (CAM, 1, TODAY, True, "not_met", "No delegation lets the Commissioner decide this."),
        (
            CHIEF,
            2_000_00,
            TODAY,
            False,
            "met",
            "£2,000 is within the delegation of up to £2,000 (Scheme of governance)",
        ),
        (CHIEF, 2_000_01, TODAY, False, "not_met", "No delegation lets the Chief Executive decide this."),
        (CHIEF, 2_000_00, date(2026, 11, 22), False, "not_met", "No delegation lets the Chief Executive"),
        (CHIEF, 2_000_00, TODAY, True, "met", "The Chief Executive may decide it"),
        (person(Role.DIRECTOR), 1, TODAY, False, "not_met", "No delegation lets the Director decide this."),
    ],
)
def test_who_may_approve_as_a_finding(
    delegating: Callable[..., Policy],
    decider: Decider,
    amount: int,
    today: date,
    interested: bool,
    verdict: str,
    said: str,
) -> None:
    case = replace(CASE, amount=amount, commissioner_interested=interested)
    found = check(approver_finding(decider, case, delegating(ROW), today), "A1", verdict)
    assert said in found.because
    if verdict == "not_met":
        assert found.remedy == who_may_decide(case, delegating(ROW), today)


def test_of_several_delegations_the_first_is_named(delegating: Callable[..., Policy]) -> None:
    wider = replace(ROW, upper_limit=5_000_00, source="Scheme of 2027")
    found = approver_finding(CHIEF, CASE, delegating(ROW, wider), TODAY)
    assert "of up to £2,000 (Scheme of governance)" in check(found, "A1", "met").because


@pytest.mark.parametrize(
    ("decider", "changed", "verdict", "said"),
    [
        (CAM, {}, "met", "Somebody else recommended it; Someone works for the office"),
        (CAM, {"recommended_by": 7}, "not_met", "You recommended this"),
        (CAM, {"recommended_by": 8}, "met", "Somebody else recommended it"),
        (CAM, {"recommended_by": None}, "not_met", "needs a recommendation by someone else first"),
        (CAM, {"interests": frozenset({7})}, "not_met", "You have declared an interest"),
        (CHIEF, {"interests": frozenset({7})}, "not_met", "You have declared an interest"),
        (CAM, {"interests": frozenset({6, 8})}, "met", "declared no interest in it"),
        (person(Role.COMMISSIONER, body=Body.CONSTABULARY), {}, "not_met", "Constabulary staff do not decide"),
    ],
)
def test_separation_as_a_finding(
    policy: Policy, decider: Decider, changed: dict[str, Any], verdict: str, said: str
) -> None:
    found = check(separation_finding(decider, replace(CASE, **changed), policy, TODAY), "A2", verdict)
    assert said in found.because


def test_a_decision_is_made_once() -> None:
    check(decided_once_finding(None), "A3", "met")
    found = check(decided_once_finding(DecidedAlready("Cam Commissioner", "declined", TODAY)), "A3", "not_met", None)
    assert found.because == "Cam Commissioner declined it on 23 November 2026. That decision stands."


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({}, "met", "Cam Commissioner decided, when, on which facts, under policy 3f9a, with 1 finding of the rules"),
        ({"by": " "}, "not_met", "does not say who decided."),
        ({"at": None}, "not_met", "does not say when."),
        ({"at": datetime(2026, 11, 23, 12)}, "not_met", "does not say when."),  # of which clock?
        ({"facts": {}}, "not_met", "does not say on which facts."),
        ({"policy_version": ""}, "not_met", "under which version of the policy."),
        ({"findings": ()}, "not_met", "what the rules said."),
        ({"reasons": "\n"}, "not_met", "does not say the reasons."),
        ({"by": "", "reasons": ""}, "not_met", "does not say who decided or the reasons."),
        ({"award_policy_version": "3f9a"}, "met", "under policy 3f9a"),
    ],
)
def test_a_decision_keeps_all_of_it(changed: dict[str, Any], verdict: str, said: str) -> None:
    assert said in check(record_finding(replace(RECORD, **changed)), "A4", verdict).because


def test_an_award_keeps_the_policy_it_was_decided_under() -> None:
    found = check(record_finding(replace(RECORD, award_policy_version="77b0")), "A4", "not_met", None)
    assert found.because == "It was decided under policy 3f9a, and its award is held under 77b0."


FAILS, WARNS, FINE = not_met("F5", "Over.", "Less."), advice("T1", "Quotes.", "Send them."), met("P0", "Light.")


@pytest.mark.parametrize(
    ("findings", "approve", "reasons", "verdict", "said"),
    [
        ((FINE,), True, None, "met", "fails no rule"),
        ((FINE,), True, "", "met", "fails no rule"),
        ((FINE, WARNS), True, None, "advice", "T1 advises something still to do; it can be approved with a reason."),
        ((FINE, WARNS), True, " ", "not_met", "no reason is given"),
        ((FINE, WARNS), True, "It starts small.", "met", "it is approved with a reason"),
        ((WARNS, advice("L4", "None.", "Name one.")), True, "x", "met", "T1 and L4 advise something"),
        ((FAILS,), True, "It is worth it.", "not_met", "It fails F5, so it cannot be approved."),
        ((FAILS, WARNS), True, "It is worth it.", "not_met", "It fails F5"),
        ((FAILS, WARNS), False, "", "met", "It is declined"),
    ],
)
def test_what_fails_is_not_approved_and_a_warning_needs_a_reason(
    findings: tuple[Finding, ...], approve: bool, reasons: str | None, verdict: str, said: str
) -> None:
    found = check(failing_finding(findings, approve=approve, reasons=reasons), "A5", verdict)
    assert said in found.because


@given(st.lists(st.sampled_from([FAILS, WARNS, FINE]), max_size=6), st.text(max_size=5))
def test_what_fails_is_never_approved(findings: list[Finding], reasons: str) -> None:
    found = failing_finding(findings, approve=True, reasons=reasons)
    assert found.rule == "A5"
    assert (found.verdict is Verdict.MET) == (
        FAILS not in findings and (WARNS not in findings or bool(reasons.strip()))
    )
    assert failing_finding(findings, approve=False, reasons=None).verdict is Verdict.MET


LAST = date(2026, 12, 21)


@pytest.mark.parametrize(
    ("accepted", "today", "verdict", "said"),
    [
        (None, TODAY, "met", "can be accepted until 21 December 2026, that day included"),
        (None, date(2026, 12, 20), "met", "until 21 December 2026"),
        (None, LAST, "advice", "can be accepted today only"),
        (None, date(2026, 12, 22), "not_met", "could be accepted until 21 December 2026, and has expired"),
        (LAST, LAST, "met", "was accepted on 21 December 2026"),
        (LAST, date(2027, 12, 1), "met", "was accepted on 21 December 2026"),
        (date(2026, 12, 22), date(2026, 12, 22), "not_met", "has expired"),
    ],
)
def test_an_offer_expires(policy: Policy, accepted: date | None, today: date, verdict: str, said: str) -> None:
    assert acceptance_day(TODAY, policy) == LAST
    offer = Offer(TODAY, accepted)
    found = check(acceptance_finding(offer, policy, today), "A6", verdict, Stage.PAYMENT)
    assert said in found.because


def test_the_days_of_an_offer_are_the_policys(policy: Policy) -> None:
    longer = replace(policy, acceptance_days=replace(policy.acceptance_days, value=29))
    assert acceptance_day(TODAY, longer) == date(2026, 12, 22)
    check(acceptance_finding(Offer(TODAY), longer, date(2026, 12, 22)), "A6", "advice", Stage.PAYMENT)


@pytest.mark.parametrize(
    ("accepted", "paid", "verdict"),
    [
        (date(2026, 12, 1), None, "met"),
        (date(2026, 12, 1), date(2026, 12, 1), "met"),
        (date(2026, 12, 1), date(2026, 12, 2), "met"),
        (date(2026, 12, 1), date(2026, 11, 30), "not_met"),
        (None, date(2026, 12, 1), "not_met"),
    ],
)
def test_terms_are_accepted_before_money(
    policy: Policy, accepted: date | None, paid: date | None, verdict: str
) -> None:
    found = acceptance_finding(Offer(TODAY, accepted, paid), policy, date(2026, 12, 2))
    check(found, "A6", verdict, Stage.PAYMENT)
    assert ("Money was paid on" in found.because) == (verdict == "not_met")


def test_all_the_findings_of_a_decision(policy: Policy) -> None:
    approving = decision_findings(CAM, CASE, RECORD, policy, TODAY)
    assert [row.rule for row in approving] == ["A1", "A2", "A3", "A4", "A5", "A6"]
    assert {row.verdict for row in approving} == {Verdict.MET}
    assert "until 21 December 2026" in approving[-1].because
    declining = decision_findings(CAM, CASE, replace(RECORD, outcome="declined"), policy, TODAY)
    assert [row.rule for row in declining] == ["A1", "A2", "A3", "A4", "A5"]
    refused = decision_findings(
        person(Role.DIRECTOR, 1), CASE, replace(RECORD, reasons="", findings=(FAILS,)), policy, TODAY,
        earlier=DecidedAlready("Cam Commissioner", "approved", TODAY),
    )  # fmt: skip
    assert [row.rule for row in refused if row.verdict is Verdict.NOT_MET] == ["A1", "A2", "A3", "A4", "A5"]


SHIPPED_POLICY = replace(read_policy(SHIPPED), delegations=(ROW,))


@given(
    st.sampled_from(Role),
    st.sampled_from(Body),
    st.integers(1, 3),
    st.integers(1, 3_000_00),
    st.none() | st.integers(1, 3),
    st.frozensets(st.integers(1, 3)),
    st.booleans(),
)
def test_the_findings_and_the_refusal_agree(
    role: Role,
    body: Body,
    person_id: int,
    amount: int,
    recommended_by: int | None,
    interests: frozenset[int],
    commissioner_interested: bool,
) -> None:
    decider = person(role, person_id, body)
    # The Commissioner's own interest is one that the office holder has declared.
    interested = commissioner_interested or (role is Role.COMMISSIONER and person_id in interests)
    case = Case(Kind.GRANT, "youth-fund", amount, recommended_by, interests, interested)
    refusal = may_decide(decider, case, SHIPPED_POLICY, TODAY)
    a1 = approver_finding(decider, case, SHIPPED_POLICY, TODAY)
    a2 = separation_finding(decider, case, SHIPPED_POLICY, TODAY)
    assert (refusal is None) == (a1.verdict is Verdict.MET and a2.verdict is Verdict.MET)
    if refusal is not None:
        assert {"A1": a1, "A2": a2}[refusal.rule].verdict is Verdict.NOT_MET
