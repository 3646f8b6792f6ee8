from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from core.rules.authority import Case, Decider, may_decide, may_recommend, who_may_decide
from core.rules.policy import Body, Delegation, Kind, Policy, Role

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
