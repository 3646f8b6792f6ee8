"""Which documents are asked for, by what is bought, who takes part and who applies (T1, L5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.rules.documents import DocumentKind, documents_wanted, in_words
from core.rules.facts import Facts, PlanFacts, Stage
from core.rules.policy import Kind, OrganisationType
from tests.conftest import shipped_policy

QUOTE, POLICY, CONSTITUTION = DocumentKind.QUOTE, DocumentKind.SAFEGUARDING_POLICY, DocumentKind.CONSTITUTION
NOBODY_AT_RISK = PlanFacts(at_risk=False)


def asked(**given: Any) -> dict[DocumentKind, int]:
    facts = Facts(**{"kind": Kind.GRANT, "amount": 2_000_00, "plan": NOBODY_AT_RISK, **given})
    return {one.kind: one.number for one in documents_wanted(facts, shipped_policy())}


@pytest.mark.parametrize(
    ("purchases", "quotes"),
    [(0, 0), (1, 1), (4_999_99, 1), (5_000_00, 3), (49_999_99, 3), (50_000_00, 3), (1_000_000_00, 3)],
)
def test_quotes_by_the_largest_purchase(purchases: int, quotes: int) -> None:
    assert asked(purchases=purchases) == ({QUOTE: quotes} if quotes else {})


@pytest.mark.parametrize("kind", [Kind.CONTRACT, Kind.INVOICE, Kind.CO_COMMISSIONED])
def test_for_what_the_office_buys_it_collects_the_quotes_itself(kind: Kind) -> None:
    assert asked(kind=kind, amount=6_000_00) == {}


def test_no_quotes_where_the_office_asks_none_for_what_a_grant_buys() -> None:
    policy = shipped_policy()
    policy = replace(policy, grant_quotes=replace(policy.grant_quotes, value=False))
    facts = Facts(kind=Kind.GRANT, amount=1, purchases=500_00, plan=NOBODY_AT_RISK)
    assert documents_wanted(facts, policy) == ()


@pytest.mark.parametrize(("at_risk", "wanted"), [(True, True), (None, True), (False, False)])
def test_a_safeguarding_policy_unless_nobody_at_risk_takes_part(at_risk: bool | None, wanted: bool) -> None:
    assert (POLICY in asked(plan=PlanFacts(at_risk=at_risk))) is wanted


@pytest.mark.parametrize("organisation", [*OrganisationType, None])
def test_a_constitution_by_who_applies(organisation: OrganisationType | None) -> None:
    sends = organisation in (OrganisationType.CONSTITUTED_GROUP, OrganisationType.CHARITY)
    assert (CONSTITUTION in asked(organisation_type=organisation)) is sends


def test_quotes_and_safeguarding_hold_the_payment_and_a_constitution_nothing() -> None:
    facts = Facts(
        kind=Kind.GRANT,
        amount=2_000_00,
        purchases=500_00,
        plan=PlanFacts(at_risk=True),
        organisation_type=OrganisationType.CHARITY,
    )
    found = documents_wanted(facts, shipped_policy())
    assert [(one.kind, one.rule, one.needed_by) for one in found] == [
        (QUOTE, "T1", Stage.PAYMENT),
        (POLICY, "L5", Stage.PAYMENT),
        (CONSTITUTION, "L5", None),
    ]
    assert found[0].because == "Your largest purchase from one supplier is £500, so we ask for 1 written quote."


@pytest.mark.parametrize(("kind", "words"), [("safeguarding_policy", "safeguarding policy"), ("other", "document")])
def test_a_kind_in_words(kind: str, words: str) -> None:
    assert in_words(kind) == words
