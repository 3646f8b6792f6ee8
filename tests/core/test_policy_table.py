"""The policy as a table: nothing that it says is left out, and no change of it goes untold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from itertools import count
from typing import Any

import pytest

from core.policy_file import SHIPPED, policy_as_data, policy_from_text
from core.policy_table import Change, changes, grouped, lines
from core.rules.policy import NudgeStep, Policy
from core.rules.sources import PARAGRAPHS
from tests.conftest import shipped_policy

TEXT = SHIPPED.read_text(encoding="utf-8")
EXTRA = """
[[delegations]]
role = "chief_executive"
kinds = ["grant"]
funds = ["youth-fund"]
upper_limit = "2500.00"
since = 2027-04-01
source = "A scheme of governance"

[[questions]]
id = "club_nights"
form = "application"
funds = ["youth-fund"]
kind = "choice"
title = "How many nights a week are you open?"
label = "Nights a week"
hint = "On average"
choices = ["one", "two or more"]
rule = "U1"
source = "office"
since = 2026-11-01

[[questions]]
id = "lessons"
form = "return"
kind = "long"
title = "What did you learn?"
label = "Lessons"
word_limit = 200
rule = "R1"
source = "office"
since = 2026-11-01
"""
WINDOW = "windows = [{ opens = 2027-01-04, closes = 2027-02-26 }]\n"


def full() -> Policy:
    """The shipped policy with one of everything that it ships without."""
    return policy_from_text(TEXT.replace('letters = "YF"\n', f'letters = "YF"\n{WINDOW}') + EXTRA)


def told(before: Policy, text: str) -> list[Change]:
    return list(changes(before, policy_from_text(text)))


def changed(old: str, new: str, times: int = 1) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new, times)


# --- everything is there -------------------------------------------------------------------------------------------


def test_every_line_says_its_value_unit_rule_source_and_day() -> None:
    table = lines(full())
    assert len({line.key for line in table}) == len(table)
    for line in table:
        assert all(line.value), line
        assert line.unit, line
        assert line.source, line
        assert line.rule in PARAGRAPHS
        assert line.since <= date(2027, 4, 1)


def test_every_line_is_in_one_group_and_every_label_is_words() -> None:
    table = lines(full())
    in_groups = [line for group in grouped(full()) for line in group.lines]
    assert sorted(line.key for line in in_groups) == sorted(line.key for line in table)
    for line in table:
        assert "_" not in line.label, line
        assert line.label[0].isupper() or line.label[0].isdigit(), line


def test_every_figure_of_the_data_is_a_line() -> None:
    data = policy_as_data(full())
    keys = {line.key for line in lines(full())}
    figures = {f"figures.{name}" for name in data["figures"] if name != "plan_objectives"}
    assert figures <= keys
    assert {f"office.{name}" for name in data["office"]} <= keys
    assert {f"funds.{fund['id']}.purposes" for fund in data["funds"]} <= keys
    assert {f"plan.objectives.{one['id']}" for one in data["plan_objectives"]} <= keys


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("tiers.light", "below £5,000"),
        ("tiers.standard", "£5,000 and above, below £50,000"),
        ("buying.tender", "£50,000 and above"),
        ("figures.meetings_over", "£10,000"),
        ("figures.return_months", "6 months"),
        ("figures.publication_working_day", "1 working day of the next month"),
        ("figures.grant_quotes", "yes"),
        ("figures.grant_route_at_most", "three written quotes"),
        ("figures.chief_finance_over", "not set"),
        ("figures.recommenders", "officer; director; deputy; chief executive"),
        ("office.website", "not set"),
        ("funds.youth-fund.cap", "£3,500"),
        ("funds.youth-fund.ages", "5 to 18, or to 25 with SEND"),
        ("funds.youth-fund.windows", "4 January 2027 to 26 February 2027"),
        ("funds.community-fund.windows", "all year"),
        ("funds.crime-and-disorder.held_share", "1/3 of the allocation"),
        ("funds.crime-and-disorder.csp_route", "it has no part"),
        ("delegations.chief_executive.grant.youth-fund", "up to £2,500"),
        ("retention.draft", "6 months from the day it was last saved"),
        ("nudges.window-closes", "14 days before: officer; on the day: officer"),
    ],
)
def test_a_value_in_words(key: str, said: str) -> None:
    assert {line.key: line.said for line in lines(full())}[key] == said


# --- no change goes untold -----------------------------------------------------------------------------------------

_fresh = count(1)


def altered(value: Any) -> Iterator[Any]:
    """The value with one thing in it changed, each thing in turn."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            for other in altered(getattr(value, field.name)):
                yield replace(value, **{field.name: other})
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            for other in altered(inner):
                yield (*value[:place], other, *value[place + 1 :])
        if value and not (isinstance(value[0], str) and is_dataclass(value[-1])):  # a name with what it names
            yield value[1:]
    elif value is not None:
        yield _another(value)


CHOSEN = ("covered", "notifiable")
"""Texts of which the file takes no others."""


def _another(value: Any) -> Any:
    if value in PARAGRAPHS:
        return "V1"
    if value in CHOSEN:
        return CHOSEN[1 - CHOSEN.index(value)]
    match value:
        case Enum():
            return next(other for other in type(value) if other is not value)
        case bool():
            return not value
        case int():
            return value + 1
        case Fraction():
            return value / 2 or Fraction(1, 7)
        case date():
            return value + timedelta(days=1)
    return f"{value}{next(_fresh)}"


def test_whatever_is_altered_in_a_policy_is_told() -> None:
    policy, tried = full(), 0
    for other in altered(policy):
        if other != replace(policy, plan=replace(policy.plan, unit=other.plan.unit)):  # the file gives the Plan no unit
            assert changes(policy, other), other
            tried += 1
    assert tried > 600
    assert changes(policy, policy) == ()


def test_the_steps_of_a_nudge_are_told_one_by_one() -> None:
    policy = shipped_policy()
    kinds = dict(policy.nudges)
    steps = (*kinds["return"].value, NudgeStep(56, "director"))
    nudges = tuple((kind, replace(row, value=steps) if kind == "return" else row) for kind, row in policy.nudges)
    (change,) = changes(policy, replace(policy, nudges=nudges))
    assert change.said == "A monitoring return is due: put in: 56 days after: director"


def test_a_day_is_told_in_words() -> None:
    """The public reads it, and so does whoever applies the policy."""
    (change,) = told(
        shipped_policy(), changed("closing_days = { value = []", "closing_days = { value = [2026-12-29, 2026-12-30]")
    )
    assert change.said == "Days on which the office is closed: none → 29 December 2026; 30 December 2026"


# --- how a change is told ------------------------------------------------------------------------------------------


def test_a_figure_from_what_to_what_with_its_rule_and_paragraph() -> None:
    (change,) = told(
        shipped_policy(), changed('meetings_over = { value = "10000.00"', 'meetings_over = { value = "1.50"')
    )
    assert change == Change(
        "changed",
        "figures.meetings_over",
        "Monitoring meetings over",
        "£10,000",
        "£1.50",
        "R2",
        "§5.2 REVIEW",
        old_source=True,
    )
    assert change.said == "Monitoring meetings over: £10,000 → £1.50"


def test_a_source_that_changed_is_told_though_the_value_stays() -> None:
    text = changed(
        'acceptance_days = { value = 28, unit = "days", rule = "A6", source = "office, to confirm"',
        'acceptance_days = { value = 28, unit = "days", rule = "A6", source = "Scheme of governance"',
    )
    (change,) = told(shipped_policy(), text)
    assert change.kind == "source"
    assert "Scheme of governance" in change.said


SIX_MONTHLY = 'value = "10000.00", unit = "pounds", rule = "R2", source = "§5.2 REVIEW", since = 2021-11-15'


@pytest.mark.parametrize(
    ("source", "since", "old_source"),
    [
        ("§5.2 REVIEW", "2021-11-15", True),
        ("§5.2 REVIEW", "2021-11-16", False),
        ("Scheme of governance", "2021-11-15", False),
    ],
)
def test_a_new_value_under_the_source_and_the_day_of_the_old_one_is_marked(
    source: str, since: str, old_source: bool
) -> None:
    new = SIX_MONTHLY.replace("10000.00", "10000.01").replace("§5.2 REVIEW", source).replace("2021-11-15", since)
    (change,) = told(shipped_policy(), changed(SIX_MONTHLY, new))
    assert (change.kind, change.old_source, change.as_data()["old_source"]) == ("changed", old_source, old_source)


def test_both_edges_of_a_band() -> None:
    text = changed('below = "5000.00"', 'below = "6000.00"').replace('from = "5000.00"', 'from = "6000.00"', 1)
    assert [change.said for change in told(shipped_policy(), text)] == [
        "A light award: below £5,000 → below £6,000",
        "A standard award: £5,000 and above, below £50,000 → £6,000 and above, below £50,000",
    ]


def test_items_of_a_list_are_taken_out_and_put_in() -> None:
    (change,) = told(shipped_policy(), changed('"Fenland", ', '"The Fens", '))
    assert (change.taken_out, change.put_in) == (("Fenland",), ("The Fens",))
    assert change.said == ("Areas of the Community Safety Partnerships: taken out: Fenland, put in: The Fens")
    assert change.as_data()["put_in"] == ["The Fens"]
    (order,) = told(
        shipped_policy(), changed('"Cambridge City", "East Cambridgeshire"', '"East Cambridgeshire", "Cambridge City"')
    )
    assert (order.taken_out, order.put_in) == ((), ())
    assert order.before != order.after


def test_rows_that_are_added_and_taken_away() -> None:
    before, after = shipped_policy(), full()
    added = {change.key: change for change in changes(before, after)}
    assert set(added) == {
        "delegations.chief_executive.grant.youth-fund",
        "questions.application.club_nights",
        "questions.return.lessons",
        "funds.youth-fund.windows",
    }
    assert added["delegations.chief_executive.grant.youth-fund"].said == (
        "Chief executive, grant, youth-fund: added: up to £2,500"
    )
    assert added["funds.youth-fund.windows"].said == "Youth Fund: Open: all year → 4 January 2027 to 26 February 2027"
    taken = {change.key: change.kind for change in changes(after, before)}
    assert taken["questions.application.club_nights"] == "removed"
    assert taken["delegations.chief_executive.grant.youth-fund"] == "removed"


def test_a_fund_that_goes_is_one_change_and_one_that_loses_its_cap_says_so() -> None:
    policy = shipped_policy()
    (gone,) = changes(policy, replace(policy, funds=policy.funds[1:]))
    assert (gone.kind, gone.key, gone.label) == ("removed", "funds.youth-fund", "Youth Fund")
    youth = replace(policy.funds[0], cap=None)
    (uncapped,) = changes(policy, replace(policy, funds=(youth, *policy.funds[1:])))
    assert uncapped.said == "Youth Fund: At most: £3,500 → none"


def test_two_delegations_to_one_role_are_two_rows() -> None:
    policy = full()
    (row,) = policy.delegations
    two = replace(policy, delegations=(row, replace(row, upper_limit=3_000_00, since=date(2028, 4, 1))))
    (change,) = changes(policy, two)
    assert (change.kind, change.after) == ("added", "up to £3,000")
