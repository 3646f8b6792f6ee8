"""What a payment waits for (F7), what is checked before money leaves (L5), and the states of a payment."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.rules.authority import Decider
from core.rules.checks import Checks, checks_finding
from core.rules.facts import Finding, Stage, Verdict
from core.rules.payment import (
    PAYMENT,
    PaymentAction,
    PaymentFacts,
    PaymentState,
    may_handle,
    payment_findings,
)
from core.rules.policy import Body, Kind, Policy, Role
from core.rules.states import NotAllowed

Look = Callable[..., dict[str, Finding]]

READY = PaymentFacts(
    checks=Checks(Kind.GRANT, 5_000_00, at_risk=False, bank_verified=True, enterprise=False),
    amount=2_000_00,
    paid=1_000_00,
    funded=4_000_00,
    accepted=True,
    planned_on=date(2027, 1, 15),
    today=date(2027, 1, 15),
    approver=1,
    payer=2,
)
"""A payment that nothing stops."""


CHECKS = [
    {"bank_verified": False},
    {"at_risk": True},
    {"at_risk": None},
    {"enterprise": True},
    {"enterprise": True, "assistance": 310_000_00},
]
"""What is missing of an award that is otherwise ready (L5)."""


@pytest.fixture
def look(policy: Policy) -> Look:
    """The two findings of a payment that is ready, with these facts changed; `over` is the chief finance limit."""

    def found(over: int | None = None, checks: dict[str, Any] | None = None, **changed: Any) -> dict[str, Finding]:
        under = replace(policy, chief_finance_over=replace(policy.chief_finance_over, value=over))
        facts = replace(READY, checks=replace(READY.checks, **(checks or {})), **changed)
        return {one.rule: one for one in payment_findings(facts, under)}

    return found


def test_a_payment_that_nothing_stops(look: Look) -> None:
    found = look()
    assert list(found) == ["F7", "L5"]
    assert {one.verdict for one in found.values()} == {Verdict.MET}
    assert found["F7"].because == (
        "The award is accepted and has not ended. £2,000 is within the £4,000 that has not been paid. "
        "One person approved it and another pays it."
    )
    assert found["L5"].because == (
        "The recipient is not an enterprise, so this is no subsidy. No children or adults at risk take part. "
        "A second person has verified the bank details."
    )
    assert (found["F7"].remedy, found["L5"].paragraph) == ("", "office; Subsidy Control Act 2022")


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({"accepted": False}, "not_met", "not one that is accepted"),
        ({"amount": 4_000_00}, "met", "£4,000 is within the £4,000"),
        (
            {"amount": 4_000_01, "funded": 9_000_00},
            "not_met",
            "£4,000.01 is more than the £4,000 of the award's £5,000",
        ),
        ({"funded": 2_000_00}, "met", "£2,000 is within"),
        ({"funded": 1_999_99}, "not_met", "Only £1,999.99 of what has not been paid is funded"),
        ({"funded": 0}, "not_met", "Only £0 of what has not been paid is funded"),
        ({"to_come": 2_000_00}, "met", "£2,000 is within"),
        ({"to_come": 2_000_01}, "not_met", "Only £1,999.99 of what has not been paid falls in a financial year that"),
        ({"to_come": 2_000_01, "payer": None}, "advice", "Only £1,999.99 of what has not been paid falls in"),
        ({"to_come": 4_000_00}, "not_met", "Only £0 of what has not been paid falls in a financial year that has"),
        ({"held_because": "The charity's trustees have changed."}, "not_met", "It is held: The charity's trustees"),
        ({"quotes_needed": 3, "quotes": 3}, "met", "Rule T1 asks for 3 written quotes, and 3 came in."),
        ({"quotes_needed": 3, "quotes": 2}, "not_met", "Rule T1 asks for 3 written quotes, and 2 came in."),
        ({"quotes_needed": 1, "quotes": 0}, "not_met", "Rule T1 asks for 1 written quote, and 0 came in."),
        ({"return_due": date(2027, 7, 1), "return_received": True}, "met", "return due on 1 July 2027 has come in"),
        ({"return_due": date(2027, 7, 1)}, "not_met", "return due on 1 July 2027, which has not come in"),
        ({"today": date(2027, 1, 16)}, "met", "One person approved it"),
        ({"today": date(2027, 1, 14)}, "advice", "It is planned for 15 January 2027."),
        ({"payer": 1}, "not_met", "You approved this payment. "),
        ({"payer": None}, "advice", "It is approved."),
        ({"approver": None, "payer": None}, "advice", "Nobody has approved it yet."),
        ({"approver": None}, "not_met", "Nobody has approved it yet."),
    ],
)
def test_what_f7_waits_for(look: Look, changed: dict[str, Any], verdict: str, said: str) -> None:
    found = look(**changed)["F7"]
    assert found.verdict == verdict
    assert said.strip() in found.because
    assert bool(found.remedy) is (verdict != "met")
    assert found.needed_by is (None if verdict == "met" else Stage.PAYMENT)


@pytest.mark.parametrize(("today", "begins"), [(date(2027, 1, 15), "1 April 2027"), (date(2027, 4, 1), "1 April 2028")])
def test_when_a_year_that_has_not_begun_begins(look: Look, today: date, begins: str) -> None:
    assert look(today=today, to_come=2_000_01)["F7"].remedy == (
        f"Pay £1,999.99 or less, or wait for {begins}, when the next one begins."
    )
    assert look(today=today, to_come=4_000_00)["F7"].remedy == f"Wait for {begins}, when the next one begins."


def test_everything_that_stops_a_payment_is_said_at_once(look: Look) -> None:
    found = look(accepted=False, quotes_needed=1, payer=1)["F7"]
    for said in ("is not one that is accepted", "1 written quote", "You approved"):
        assert said in found.because
    for remedy in ("after its terms are accepted", "Collect them", "Somebody else pays it."):
        assert remedy in found.remedy


@pytest.mark.parametrize(
    ("over", "changed", "verdict", "said"),
    [
        (None, {}, "met", "One person approved it"),
        (2_000_00, {}, "met", "One person approved it"),
        (1_999_99, {}, "not_met", "£2,000 is over £1,999.99, and the chief finance officer has not checked it."),
        (1_999_99, {"payer": None}, "advice", "the chief finance officer has not checked it."),
        (1_999_99, {"chief_finance": 3}, "met", "over £1,999.99, and the chief finance officer has checked it."),
        (1_999_99, {"chief_finance": 1}, "met", "the chief finance officer has checked it."),
        (1_999_99, {"chief_finance": 2}, "not_met", "and you are the one who checked it."),
    ],
    ids=["no limit", "at the limit", "a penny over", "not paid yet", "checked", "by the approver", "by the payer"],
)
def test_the_chief_finance_officer_looks_where_the_policy_says(
    look: Look, over: int | None, changed: dict[str, Any], verdict: str, said: str
) -> None:
    found = look(over, **changed)["F7"]
    assert found.verdict == verdict
    assert said in found.because


@pytest.mark.parametrize("limit", [1, 1_999_99, 2_000_00, 2_000_01, 4_000_00])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_the_chief_finance_officer_looks_from_a_penny_over_the_limit_on(look: Look, limit: int, more: int) -> None:
    amount = limit + more
    found = look(limit, amount=amount, funded=5_000_00)["F7"]
    assert ("chief finance officer has not checked it" in found.because) is (more > 0)


def test_no_limit_is_shipped_for_the_chief_finance_officers_check(policy: Policy) -> None:
    assert policy.chief_finance_over.value is None
    assert policy.chief_finance_over.rule == "F7"


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({"bank_verified": False}, "not_met", "The bank details have not been verified."),
        ({"at_risk": True}, "not_met", "the safeguarding policy has not been seen."),
        ({"at_risk": True, "safeguarding_seen": True}, "met", "The safeguarding policy has been seen."),
        ({"enterprise": None}, "advice", "not recorded whether the recipient is an enterprise"),
        ({"enterprise": None, "kind": Kind.CONTRACT}, "met", "so it is no subsidy"),
        ({"at_risk": None}, "not_met", "Nobody has said whether children or adults at risk take part."),
        ({"at_risk": None, "safeguarding_seen": True}, "met", "The safeguarding policy has been seen."),
        ({"enterprise": None, "amount": 4_999_99}, "advice", "not recorded whether the recipient is an enterprise"),
        ({"enterprise": True}, "not_met", "this financial year and the 2 before it is not recorded"),
        ({"enterprise": True, "assistance": 0}, "not_met", "has not confirmed"),
        ({"enterprise": True, "assistance": 310_000_00}, "not_met", "has not confirmed"),
        (
            {"enterprise": True, "assistance": 310_000_00, "letters": True},
            "met",
            "£315,000, within £315,000; the letters are kept.",
        ),
        ({"enterprise": True, "assistance": 310_000_01, "letters": True}, "not_met", "£315,000.01: more than £315,000"),
        ({"enterprise": True, "assistance": 310_000_01, "letters": True, "kind": Kind.INVOICE}, "met", "no subsidy"),
    ],
)
def test_what_l5_looks_at_before_money_leaves(look: Look, changed: dict[str, Any], verdict: str, said: str) -> None:
    found = look(checks=changed)["L5"]
    assert found.verdict == verdict
    assert said in found.because
    assert found.needed_by is (None if verdict == "met" else Stage.PAYMENT)
    assert look(checks=changed)["F7"].verdict is Verdict.MET


def test_the_whole_award_counts_towards_the_subsidy_not_this_payment_alone(look: Look) -> None:
    given = {"enterprise": True, "letters": True, "assistance": 313_000_01}
    found = look(checks=given, amount=1_00)["L5"]
    assert (found.verdict, found.remedy) == (
        Verdict.NOT_MET,
        "Vary the award to £1,999.99 or less, or use another route of the Subsidy Control Act 2022.",
    )
    assert look(checks={**given, "amount": 1_999_99}, paid=0, amount=1_00)["L5"].verdict is Verdict.MET


@pytest.mark.parametrize("checks", CHECKS)
def test_what_stops_a_payment_is_advice_before_a_decision_in_the_same_words(
    policy: Policy, checks: dict[str, Any]
) -> None:
    of = replace(READY.checks, **checks)
    before, at = checks_finding(of, policy, paying=False), checks_finding(of, policy, paying=True)
    assert (before.verdict, at.verdict, before.needed_by) == (Verdict.ADVICE, Verdict.NOT_MET, Stage.PAYMENT)
    assert (before.because, before.remedy) == (at.because, at.remedy)


STATES = {
    ("planned", "approve"): "approved",
    ("planned", "hold"): "held",
    ("planned", "cancel"): "cancelled",
    ("held", "release"): "planned",
    ("held", "cancel"): "cancelled",
    ("approved", "pay"): "paid",
    ("approved", "hold"): "held",
    ("approved", "cancel"): "cancelled",
}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(PaymentState, PaymentAction)))
def test_every_pair_of_state_and_action(state: PaymentState, action: PaymentAction) -> None:
    after = STATES.get((state.value, action.value))
    if after is not None:
        assert PAYMENT.next(state, action) == after
        return
    with pytest.raises(NotAllowed) as refused:
        PAYMENT.next(state, action)
    assert refused.value.reason.startswith(PAYMENT.cannot[action])
    assert PAYMENT.stands[state].how in refused.value.reason


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("body", Body)
def test_payments_are_for_the_offices_own_staff(role: Role, body: Body) -> None:
    refusal = may_handle(Decider(role, body, 7, "Ada"), frozenset())
    if body is Body.OFFICE and role not in (Role.PANEL, Role.AUDITOR):
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.rule == "F7"


def test_nobody_handles_the_payments_of_what_they_have_an_interest_in() -> None:
    person = Decider(Role.FINANCE, Body.OFFICE, 7, "Ada")
    refusal = may_handle(person, frozenset({7}))
    assert refusal is not None
    assert refusal.rule == "A2"
    assert may_handle(person, frozenset({8})) is None
