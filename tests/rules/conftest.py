"""The shipped policy, and the facts that most tests start from. Expected values in these tests are written by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.policy_file import SHIPPED, read_policy
from core.rules.assessment import Assessment, Facts, Finding, Money, assess
from core.rules.policy import Kind, Policy

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def policy() -> Policy:
    return read_policy(SHIPPED)


@pytest.fixture
def today() -> date:
    return TODAY


@pytest.fixture
def looked_at(policy: Policy) -> Callable[..., Assessment]:
    """Assess a grant of £1,000 with these facts changed."""

    def look(money: Money | None = None, on: date = TODAY, under: Policy | None = None, **changed: Any) -> Assessment:
        facts = replace(Facts(Kind.GRANT, 1_000_00), **changed)
        return assess(facts, under or policy, on, money)

    return look


@pytest.fixture
def finding(looked_at: Callable[..., Assessment]) -> Callable[..., Finding | None]:
    """The finding of one rule on a grant of £1,000 with these facts changed; None where the rule has none."""

    def find(rule: str, **changed: Any) -> Finding | None:
        found = [row for row in looked_at(**changed).findings if row.rule == rule]
        assert len(found) <= 1
        return found[0] if found else None

    return find
