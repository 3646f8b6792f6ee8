"""Every rule id that the policy, a question or the list of sources names means something, and tests hold to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from core.policy_file import SHIPPED
from core.rules.forms import application_book
from core.rules.return_forms import Agreed, return_book
from core.rules.sources import PARAGRAPHS, TITLES, paragraph
from tests.conftest import shipped_policy
from tests.house.project import ROOT, modules

NAMED_BY_POLICY = frozenset(re.findall(r'\brule = "([A-Z]\d)"', SHIPPED.read_text(encoding="utf-8")))
HOLDING = 2
"""How many tests hold to a rule at least."""


@cache
def sources() -> tuple[tuple[str, str], ...]:
    """Every test of the rules and the record, with its source: its cases are part of it."""
    return tuple(_sources())


def _sources() -> Iterator[tuple[str, str]]:
    folders = [ROOT / "tests" / room for room in ("rules", "core")]
    for path in modules():
        if not (path.name.startswith("test_") and path.parent in folders):
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                yield f"{path.name}::{node.name}", "\n".join(lines[first - 1 : node.end_lineno])


def naming(rule: str) -> list[str]:
    """The tests that have this id by itself, as a text or in brackets."""
    here = re.compile(rf"""["'(]{rule}["'),]""")
    return [name for name, source in sources() if here.search(source)]


def test_the_policy_names_no_rule_without_a_source() -> None:
    assert NAMED_BY_POLICY
    assert set(PARAGRAPHS) >= NAMED_BY_POLICY
    assert set(PARAGRAPHS) == set(TITLES)


@pytest.mark.parametrize("rule", sorted(PARAGRAPHS))
def test_tests_hold_to_the_rule(rule: str) -> None:
    found = naming(rule)
    assert len(found) >= HOLDING, f"{rule} ({TITLES[rule]}) is named by {found or 'no test'}: write another"
    assert paragraph(rule)


def test_a_rule_is_named_where_it_is_tested() -> None:
    assert "test_reviewing.py::test_what_de_commissioning_needs" in naming("R5")
    assert "test_reviewing.py::test_what_de_commissioning_needs" not in naming("R6")


def test_every_question_says_which_rule_asks_it() -> None:
    policy = shipped_policy()
    asked = {
        question.rule for fund in policy.funds for page in application_book(fund, policy) for question in page.questions
    }
    asked |= {question.rule for _, question in return_book(("Calls",), Agreed(amount=1, final=True))}
    assert {"L1", "U1", "R1", "R3"} <= asked <= set(PARAGRAPHS)
