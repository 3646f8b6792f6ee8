"""Every rule id that the policy or the list of sources names means something, and some test holds to it."""

from __future__ import annotations

import re
from datetime import date

import pytest

from core.policy_file import SHIPPED
from core.rules.assessment import Facts, Verdict, assess
from core.rules.forms import application_book, return_book
from core.rules.policy import Kind, Purpose
from core.rules.sources import PARAGRAPHS, TITLES, paragraph
from tests.conftest import shipped_policy
from tests.house.project import ROOT, modules

NAMED_BY_POLICY = frozenset(re.findall(r'\brule = "([A-Z]\d)"', SHIPPED.read_text(encoding="utf-8")))


def naming(rule: str) -> list[str]:
    """The tests that have this id by itself, as a text or in brackets."""
    here = re.compile(rf"""["'(]{rule}["'),]""")
    folders = [ROOT / "tests" / room for room in ("rules", "core", "house")]
    return [
        path.name
        for path in modules()
        if path.name.startswith("test_") and path.parent in folders and here.search(path.read_text(encoding="utf-8"))
    ]


def test_the_policy_names_no_rule_without_a_source() -> None:
    assert NAMED_BY_POLICY
    assert set(PARAGRAPHS) >= NAMED_BY_POLICY
    assert set(PARAGRAPHS) == set(TITLES)


@pytest.mark.parametrize("rule", sorted(PARAGRAPHS))
def test_some_test_holds_to_the_rule(rule: str) -> None:
    assert naming(rule), f"no test names {rule} ({TITLES[rule]})"
    assert paragraph(rule)


def test_an_award_is_one_of_four_kinds() -> None:
    assert paragraph("V1") == "§5.2, last line"
    assert [kind.value for kind in Kind] == ["grant", "contract", "co_commissioned", "invoice"]


@pytest.mark.parametrize(
    ("rule", "asked"),
    [("L1", {"declaration"}), ("D1", {"postcode"}), ("F7", {"spent"}), ("R3", {"views", "partners"})],
)
def test_a_question_says_which_rule_asks_it(rule: str, asked: set[str]) -> None:
    policy = shipped_policy()
    fund = policy.fund("youth-fund")
    assert fund is not None
    questions = [question for page in application_book(fund, policy) for question in page.questions]
    questions += [question for _, question in return_book(("Calls",))]
    assert {question.id for question in questions if question.rule == rule} == asked
    assert {question.rule for question in questions} <= set(PARAGRAPHS)


def test_what_fails_blocks_and_what_advises_does_not() -> None:
    assert paragraph("A5") == "office"
    policy, today = shipped_policy(), date(2026, 11, 23)
    over, buying = (
        assess(
            Facts(Kind.GRANT, amount, fund="youth-fund", purpose=Purpose.YOUNG_PEOPLE, purchases=bought), policy, today
        )
        for amount, bought in ((3_500_01, 0), (3_500_00, 3_000_00))
    )
    assert "F5" in {finding.rule for finding in over.blocking}
    assert {finding.verdict for finding in over.blocking} == {Verdict.NOT_MET}
    assert ("T1", Verdict.ADVICE) in {(finding.rule, finding.verdict) for finding in buying.findings}
    assert "T1" not in {finding.rule for finding in buying.blocking}
