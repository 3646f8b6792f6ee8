"""What a monitoring return asks, and how it is read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.answers import BudgetLine
from core.rules.money import pounds
from core.rules.policy import Fund, Policy, Tier
from core.rules.questions import AnswerKind, describe, read_return, return_questions
from core.rules.return_forms import Agreed, return_book, return_questions_asked
from tests.conftest import shipped_policy
from tests.rules.answered import fund_of, said


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return fund_of(policy, "youth-fund")


RETURN = {
    "narrative": "It works.",
    "achieved-1": "12",
    "achieved-2": "half",
    "people": "1,240",
    "spent": "£1,000",
    "views": "",
}


@pytest.mark.parametrize(("tier", "count"), [(Tier.LIGHT, 5), (Tier.STANDARD, 7), (Tier.FULL, 8)])
def test_a_return_grows_with_the_tier(policy: Policy, tier: Tier, count: int) -> None:
    assert len(return_questions(tier, ("A", "B"), policy, "youth-fund")) == count
    assert len(return_questions(tier, (), policy, "youth-fund")) == count - 1


def test_a_return_is_read(policy: Policy) -> None:
    facts, faults = read_return(RETURN, ("A", "B"), policy, Tier.LIGHT, "youth-fund")
    assert faults == ()
    assert facts is not None
    assert (facts.narrative, facts.people, facts.spent) == ("It works.", 1240, 1_000_00)
    assert facts.achieved == ("12", "half")
    assert facts.views == ""


def test_a_return_by_program_names_its_measures_in_any_order(policy: Policy) -> None:
    raw = RETURN | {"people": "0", "spent": "0", "measure-1": "b ", "measure-2": "A"}
    facts, faults = read_return(raw, ("A", "B"), policy, Tier.LIGHT, "youth-fund", strict_money=True)
    assert faults == ()
    assert facts is not None
    assert facts.achieved == ("half", "12")
    assert (facts.people, facts.spent) == (0, 0)


def test_a_measure_that_was_not_agreed_is_pointed_to(policy: Policy) -> None:
    raw = RETURN | {"spent": "1.00", "measure-1": "A", "measure-2": "C"}
    facts, faults = read_return(raw, ("A", "B"), policy, Tier.LIGHT, "youth-fund", strict_money=True)
    assert facts is None
    assert {fault.pointer for fault in faults} == {"/measures", "/measures/1/measure"}


def test_a_blank_return_names_everything_that_is_missing(policy: Policy) -> None:
    facts, faults = read_return({}, ("Visits", "Calls"), policy, Tier.FULL, "youth-fund")
    assert facts is None
    assert said(faults) == [
        ("narrative", "Say what has changed, and how you know"),
        ("achieved-1", "Enter what was achieved for: Visits"),
        ("achieved-2", "Enter what was achieved for: Calls"),
        ("people", "Enter how many people you have reached, 0 if none"),
        ("spent", "Enter how much has been spent, 0 if nothing"),
    ]
    assert [fault.pointer for fault in faults][1] == "/measures/0/achieved"


def test_larger_returns_keep_what_else_is_said(policy: Policy) -> None:
    raw = RETURN | {"difficulties": "Rain.", "partners": "Good."}
    facts, _ = read_return(raw, ("A", "B"), policy, Tier.FULL, "youth-fund")
    assert facts is not None
    assert facts.answers == {"difficulties": "Rain.", "partners": "Good."}
    light, _ = read_return(raw, ("A", "B"), policy, Tier.LIGHT, "youth-fund")
    assert light is not None
    assert light.answers == {}


def test_what_was_achieved_is_described_beside_its_measure(policy: Policy) -> None:
    achieved = next(
        row for row in return_questions(Tier.LIGHT, ("Visits", "Calls"), policy, "youth-fund") if row.id == "achieved"
    )
    assert achieved.kind is AnswerKind.ACHIEVED
    assert describe(achieved, ("12", "half")) == ("Visits: 12", "Calls: half")


# ------------------------------------------------------------------------------------- money by line of the budget

LINES = (BudgetLine("Coach", 1_200_00), BudgetLine("Gloves", 500_00), BudgetLine("Hall", 200_00))
AGREED = Agreed(amount=1_900_00, lines=LINES)


def read(raw: dict[str, str], policy: Policy, agreed: Agreed | None = AGREED, *, program: bool = False) -> Any:
    told = RETURN | {"spent": "1000.00", "people": "5"} | raw
    return read_return(told, ("A", "B"), policy, Tier.LIGHT, "youth-fund", strict_money=program, agreed=agreed)


def test_a_light_return_asks_no_more_than_the_policy_lets_it_under_every_fund(policy: Policy) -> None:
    for fund in policy.funds:
        assert return_questions_asked(policy, fund) <= policy.light_return_questions.value
        whole = return_questions(Tier.LIGHT, ("A",), policy, fund.id, replace(AGREED, final=True))
        assert [one.id for one in whole if one.shares] == ["spending", "over", "underspend"]
        assert {one.shares for one in whole} == {"", "spent"}


def test_recipients_of_the_crime_and_disorder_fund_are_invited_to_show_it(policy: Policy) -> None:
    hints = {
        show: next(one for _, one in return_book((), Agreed(1, show=show)) if one.id == "narrative").hint
        for show in (True, False)
    }
    assert "You are welcome to show us" in hints[True]
    assert "show us" not in hints[False]


def test_the_lines_are_read_and_a_blank_one_is_nothing(policy: Policy) -> None:
    facts, faults = read({"spending-1": "£800", "spending-2": "", "spending-3": "200.00"}, policy)
    assert faults == ()
    assert facts.budget == (BudgetLine("Coach", 800_00), BudgetLine("Gloves", 0), BudgetLine("Hall", 200_00))
    assert facts.answers == {}


def test_saying_nothing_of_the_lines_is_no_fault(policy: Policy) -> None:
    for raw in ({}, {"spending-1": " ", "spending-2": "\u200b"}):
        facts, faults = read(raw, policy)
        assert (faults, facts.budget) == ((), ())


@pytest.mark.parametrize(
    ("third", "out"),
    [
        ("200.01", "£1,000.01, £0.01 more than the £1,000 that has been spent in all"),
        ("199.99", "£999.99, £0.01 less than the £1,000 that has been spent in all"),
    ],
)
def test_lines_that_do_not_come_to_what_was_spent_say_by_how_much(policy: Policy, third: str, out: str) -> None:
    facts, faults = read({"spending-1": "800", "spending-3": third}, policy)
    assert facts is None
    [fault] = faults
    assert (fault.field, fault.pointer) == ("spending-1", "/budget")
    assert out in fault.message


@given(
    st.lists(st.integers(0, 10_000_000), min_size=3, max_size=3),
    st.integers(-3, 3),
)
def test_the_sum_is_to_the_penny(lines: list[int], out: int) -> None:
    spent = sum(lines) + out
    if spent < 0:
        return
    raw = {f"spending-{row}": pounds(pence) for row, pence in enumerate(lines, 1)} | {"spent": pounds(spent)}
    facts, faults = read(raw, shipped_policy(), replace(AGREED, amount=30_000_003))
    assert (facts is not None) == (out == 0)
    assert len(faults) == (out != 0)
    if facts is not None:
        assert [line.pence for line in facts.budget] == lines


@pytest.mark.parametrize("line", ["about 5", "-1", "1.234", "£1e3", "999999999999"])
def test_a_line_that_is_no_sum_is_said_at_its_field(policy: Policy, line: str) -> None:
    facts, [fault, *_] = read({"spending-2": line}, policy)
    assert facts is None
    assert (fault.field, fault.pointer) == ("spending-2", "/budget/1/spent")
    assert fault.message.startswith("Gloves")


@pytest.mark.parametrize(("spent", "asked"), [("1899.99", False), ("1900.00", False), ("1900.01", True)])
def test_beyond_the_award_the_reason_is_asked_for(policy: Policy, spent: str, *, asked: bool) -> None:
    _, faults = read({"spent": spent}, policy)
    assert [fault.field for fault in faults] == (["over"] if asked else [])
    facts, faults = read({"spent": spent, "over": "The hall went up; we paid."}, policy)
    assert faults == ()
    assert facts.answers == ({"over": "The hall went up; we paid."} if asked else {})
    assert read({"spent": spent}, policy, program=True)[1] == ()  # the contract's body asks for nothing more


def test_only_the_last_return_asks_what_is_left(policy: Policy) -> None:
    raw = {"underspend": "£900: the coach was ill."}
    facts, _ = read(raw, policy)
    assert "underspend" not in facts.answers
    facts, _ = read(raw, policy, replace(AGREED, final=True))
    assert facts.answers == raw


def test_a_program_names_the_lines_in_any_order_and_may_say_what_changed(policy: Policy) -> None:
    raw = {
        "line-1": "hall ", "spending-1": "200.00", "line-2": "Coach", "spending-2": "800.00",
        "changes": "Another hall.", "underspend": "Nothing.",
    }  # fmt: skip
    facts, faults = read(raw, policy, program=True)
    assert faults == ()
    assert facts.budget == (BudgetLine("Coach", 800_00), BudgetLine("Gloves", 0), BudgetLine("Hall", 200_00))
    assert facts.answers == {"changes": "Another hall.", "underspend": "Nothing."}


@pytest.mark.parametrize(
    ("raw", "agreed", "pointer"),
    [
        ({"line-1": "Boots", "spending-1": "1000.00"}, AGREED, "/budget/0/line"),
        (
            {"line-1": "Coach", "spending-1": "1000.00", "line-2": "Coach", "spending-2": "0.00"},
            AGREED,
            "/budget/1/line",
        ),
        ({"line-1": "Coach", "spending-1": "1,000"}, AGREED, "/budget/0/spent"),
        ({"line-1": "Coach", "spending-1": "1000.00"}, Agreed(1_900_00), "/budget"),
    ],
)
def test_what_a_program_says_of_lines_that_were_not_agreed_is_pointed_to(
    policy: Policy, raw: dict[str, str], agreed: Agreed, pointer: str
) -> None:
    facts, faults = read(raw, policy, agreed, program=True)
    assert facts is None
    assert pointer in {fault.pointer for fault in faults}
