"""Every figure of the policy that an assessment depends on is held by the tables of cases.

Each is moved by the least that it can be (a penny, a day, a month, a year of age) in each direction that is valid; at
least two rows no longer come out as written. A new figure of the policy fails here until two rows hold it, or until it
stands below among those that no assessment depends on; that those truly change no answer is tested too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import pytest

from core.rules.assessment import Assessment, assess
from core.rules.policy import Policy, Route
from tests.conftest import shipped_policy
from tests.house.project import ROOT
from tests.rules.tables import Award, Row, differences, read_all

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]


class Leaf(NamedTuple):
    """One number of the policy: what it is called, and where it is."""

    name: str
    path: Path
    value: int | Fraction


NO_ASSESSMENT_DEPENDS_ON: Final = {
    "acceptance_days": ("an offer is made after its assessment", "core/test_awards.py"),
    "agreement_days": ("an agreement is signed after its assessment", "core/test_agreements.py"),
    "answer_days": ("a question is put after its assessment", "core/test_asking.py"),
    "decision_days": ("a decision waits after its assessment", "core/test_decide_by.py"),
    "snooze_days": ("what an officer hears of a deadline, later", "core/test_chasing.py"),
    "more_time_days": ("an award's returns are moved one by one, later", "core/test_more_time.py"),
    "over_allocation": ("the ledger counts it into what is available", "core/test_funds.py"),
    "allocation_years_ahead": ("which years may be given money", "core/test_funds.py"),
    "meeting_invitation_days": ("when the invitation to a meeting goes out", "rules/test_reviewing.py"),
    "historic_review_months": ("when an award that was imported is looked at", "rules/test_reviewing.py"),
    "annual_report_months": ("when a report is published", "core/test_recurring.py"),
    "publication_working_day": ("when a month is published", "rules/test_publishing.py"),
    "retention": ("how long the record keeps what is over", "rules/test_keeping.py"),
    "light_application_questions": ("how long a form may be", "rules/test_questions.py"),
    "light_return_questions": ("how long a form may be", "rules/test_questions.py"),
    "similar_bid_months": ("an earlier bid is noticed beside the assessment", "core/test_organisations.py"),
    "similar_amount_share": ("an earlier bid is noticed beside the assessment", "core/test_organisations.py"),
    "return_link_months": ("how long a link lasts", "core/test_links.py"),
    "renewed_link_days": ("how long a link lasts", "core/test_links.py"),
    "largest_document": ("how large an upload may be", "core/test_documents.py"),
    "documents_together": ("how large all uploads may be", "core/test_documents.py"),
    "documents_at_most": ("how many uploads there may be", "core/test_documents.py"),
    "start_link_days": ("how long a link lasts", "intake/test_links.py"),
    "link_mails_an_hour": ("how many mails can be asked for", "intake/test_links.py"),
    "bank_details_a_day": ("how often an account can be given, after its award", "core/test_bank_details.py"),
    "refused_shown_days": ("how long staff are shown what was refused", "core/test_waiting.py"),
    "digest_day": ("when a digest goes out", "core/test_direct.py"),
    "digest_hour": ("when a digest goes out", "core/test_direct.py"),
    "quiet_from": ("when somebody is written to", "core/test_direct.py"),
    "quiet_until": ("when somebody is written to", "core/test_direct.py"),
    "signed_in_hours": ("how long somebody stays signed in", "intake/test_staff_sign_in.py"),
    "link_mails_a_day": ("how many mails can be asked for", "intake/test_links.py"),
    "slack_code_minutes": ("how long a code for a Slack account is good", "core/test_slack_links.py"),
    "slack_code_tries": ("how often a code may be mistyped", "core/test_slack_links.py"),
    "slack_codes_an_hour": ("how many codes can be asked for", "core/test_slack_links.py"),
    "criteria": ("a panel scores after the assessment", "rules/test_scoring.py"),
    "largest_application": ("a slip of the key is refused before there are facts", "rules/test_questions.py"),
    "long_answer_characters": ("the length of an answer", "rules/test_questions.py"),
    "short_answer_characters": ("the length of an answer", "rules/test_questions.py"),
    "outcomes_in_form": ("how many rows the form shows", "rules/test_questions.py"),
    "outcomes_at_most": ("how many outcomes an answer may have", "rules/test_questions.py"),
    "budget_lines_in_form": ("how many rows the form shows", "rules/test_budget.py"),
    "budget_lines_at_most": ("how many lines a budget may have", "rules/test_budget.py"),
    "reference_length": ("how a reference is written", "core/test_applications.py"),
}
"""Figures that the tables of awards do not hold, each with why and where it is tested instead."""

ONE_WAY: Final = {
    "return_months": (-1, "a longer interval than six months is refused (R1)"),
    "return_without_term_months": (-1, "a longer interval than six months is refused (R1)"),
    "final_return_grace": (1, "a final return is not due before the end"),
}
"""Figures that can be moved in one direction only, and why."""

STARTS: Final = {"tiers[light].lowest", "buying[one_quote].lowest"}
"""Bands that begin at nothing: there is no amount below it to give to another band."""

SMALLEST_SHARE: Final = Fraction(1, 10_000_000)
"""Of a share: a penny in £100,000.00."""


# ------------------------------------------------------------------------------------------ finding every number


def leaves(value: Any, name: str = "", path: Path = ()) -> Iterator[Leaf]:
    """Every number in a value, whatever it is made of; days and texts have none."""
    if isinstance(value, bool | str | date | Enum | None):
        return
    if isinstance(value, int | Fraction):
        yield Leaf(name, path, value)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            # A figure is called by its own name: `portal_over`, not `portal_over.value`.
            called = name if field.name == "value" else f"{name}.{field.name}".lstrip(".")
            yield from leaves(getattr(value, field.name), called, (*path, field.name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):  # a name and what it names
                yield from leaves(item[1], f"{name}[{item[0]}]", (*path, index, 1))
            else:
                yield from leaves(item, f"{name}[{called_within(item, index)}]", (*path, index))
    elif isinstance(value, frozenset):
        assert not any(isinstance(item, int | Fraction) for item in value), f"{name} has numbers in no order"
    else:
        raise AssertionError(f"{name} is a {type(value).__name__}: say here how its numbers are found")


def called_within(item: Any, index: int) -> str:
    """What an item of a list is called: its id or name where it has one, else its place."""
    for attribute in ("id", "name"):
        if isinstance(getattr(item, attribute, None), str):
            return str(getattr(item, attribute))
    return str(index)


def put(whole: Any, path: Path, value: Any) -> Any:
    """The same value with another number at this place."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*whole[:step], put(whole[step], rest, value), *whole[step + 1 :])
    return replace(whole, **{step: put(getattr(whole, step), rest, value)})


def moved(policy: Policy, leaf: Leaf, by: int | Fraction) -> Policy:
    """The policy with one figure moved; an edge is moved for both bands that touch there."""
    changed: Policy = put(policy, leaf.path, leaf.value + by)
    bands, index, end = (*leaf.path, None, None)[:3]
    if bands in ("tiers", "buying") and end == "below" and isinstance(index, int):
        changed = put(changed, (bands, index + 1, "lowest"), leaf.value + by)
    return changed


def is_band_start(leaf: Leaf) -> bool:
    """Whether it is the lower end of a band, which moves with the upper end of the band before."""
    return leaf.path[0] in ("tiers", "buying") and leaf.path[-1] == "lowest"


def figure_of(leaf: Leaf) -> str:
    return str(leaf.path[0])


POLICY: Final = shipped_policy()
LEAVES: Final = tuple(leaves(POLICY))
HELD: Final = tuple(
    leaf for leaf in LEAVES if figure_of(leaf) not in NO_ASSESSMENT_DEPENDS_ON and not is_band_start(leaf)
)
UNHELD: Final = tuple(leaf for leaf in LEAVES if figure_of(leaf) in NO_ASSESSMENT_DEPENDS_ON)


def moves() -> Iterator[Any]:
    for leaf in HELD:
        least = SMALLEST_SHARE if isinstance(leaf.value, Fraction) else 1
        for by in (-least, least):
            if by == ONE_WAY.get(leaf.name, (by, ""))[0]:
                yield pytest.param(leaf, by, id=f"{leaf.name}{'+' if by > 0 else '-'}")


# -------------------------------------------------------------------------------------------------- what they hold


@pytest.fixture(scope="module")
def as_written() -> list[Row]:
    """The rows that come out as written before anything is moved."""
    return [row for row in read_all() if not differences(row, POLICY)]


def no_longer(as_written: list[Row], changed: Policy) -> list[str]:
    """Two of those that do not under this policy; fewer where there are fewer."""
    return [row.id for row in islice((row for row in as_written if differences(row, changed)), 2)]


@pytest.mark.parametrize(("leaf", "by"), list(moves()))
def test_a_moved_figure_changes_two_cases(as_written: list[Row], leaf: Leaf, by: int | Fraction) -> None:
    changed = moved(POLICY, leaf, by)
    assert changed != POLICY
    rows = no_longer(as_written, changed)
    assert len(rows) >= 2, f"{leaf.name} moved by {by} changes only {rows or 'no row'}: write rows at its edge"


@pytest.mark.parametrize("route", [Route.ONE_QUOTE, Route.TENDER])
def test_what_a_grants_quotes_are_at_most_is_held(as_written: list[Row], route: Route) -> None:
    at_most = replace(POLICY.grant_route_at_most, value=route)
    assert len(no_longer(as_written, replace(POLICY, grant_route_at_most=at_most))) >= 2


def test_that_a_grant_needs_quotes_at_all_is_held(as_written: list[Row]) -> None:
    assert len(no_longer(as_written, replace(POLICY, grant_quotes=replace(POLICY.grant_quotes, value=False)))) >= 2


# ----------------------------------------------------------------------------------------- what they need not hold


def answers(policy: Policy) -> list[Assessment]:
    return [
        assess(row.asks.facts, policy, row.asks.today, row.asks.money)
        for row in read_all()
        if isinstance(row.asks, Award)
    ]


@pytest.fixture(scope="module")
def shipped_answers() -> list[Assessment]:
    return answers(POLICY)


@pytest.mark.parametrize("leaf", [pytest.param(leaf, id=leaf.name) for leaf in UNHELD])
def test_no_assessment_depends_on_it_indeed(shipped_answers: list[Assessment], leaf: Leaf) -> None:
    assert answers(moved(POLICY, leaf, leaf.value + 1)) == shipped_answers
    assert answers(moved(POLICY, leaf, -leaf.value)) == shipped_answers


def test_the_lists_name_figures_that_there_are() -> None:
    assert {figure_of(leaf) for leaf in LEAVES} >= NO_ASSESSMENT_DEPENDS_ON.keys()
    tests = {ROOT / "tests" / place for _, place in NO_ASSESSMENT_DEPENDS_ON.values()}
    assert [path for path in tests if not path.is_file()] == []
    assert {leaf.name for leaf in LEAVES} >= ONE_WAY.keys() | STARTS


# ----------------------------------------------------------------------------------------- that nothing is overlooked


def test_the_walk_finds_every_number() -> None:
    found = {leaf.name: leaf.value for leaf in LEAVES}
    assert len(found) >= 40
    assert found["tiers[light].below"] == found["tiers[standard].lowest"] == 5_000_00
    assert found["buying[three_quotes].below"] == found["buying[tender].lowest"] == 50_000_00
    assert found["portal_over"] == 50_000_00
    assert found["meeting_months_victims"] == 3
    assert found["funds[youth-fund].ages.highest_with_send"] == 25
    assert found["funds[crime-and-disorder].held_share"] == Fraction(1, 3)
    assert sorted(found[f"nudges[return][{index}].days"] for index in range(3)) == [-28, -28, -7]


def test_every_band_but_the_first_starts_where_another_ends() -> None:
    starts = [leaf for leaf in LEAVES if is_band_start(leaf)]
    assert {leaf.name for leaf in starts if leaf.value == 0} == STARTS
    for leaf in starts:
        if leaf.name not in STARTS:
            bands, index, _ = leaf.path
            assert isinstance(index, int)
            assert getattr(POLICY, str(bands))[index - 1].below == leaf.value


def test_a_number_in_something_unknown_is_not_overlooked() -> None:
    with pytest.raises(AssertionError, match="x is a dict: say here"):
        list(leaves({"a": 1}, "x"))
