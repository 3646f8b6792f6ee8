"""Budget lines: read as people and programs write them, and added up to the amount."""

from typing import Any

import pytest

from core.policy_file import SHIPPED, policy_from_text
from core.rules.policy import Fund, Policy
from core.rules.questions import (
    BudgetLine,
    application_pages,
    budget_so_far,
    describe,
    fields,
    read_application,
    read_page,
)
from tests.rules.answered import API, TODAY, YOUTH, fund_of, question_of, said


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return fund_of(policy, "youth-fund")


def lines(*rows: tuple[str, str], first: int = 1) -> dict[str, str]:
    """The fields of these lines, written one after another."""
    told: dict[str, str] = {}
    for row, (item, amount) in enumerate(rows, start=first):
        told |= {f"budget-item-{row}": item, f"budget-amount-{row}": amount}
    return told


def money_page(policy: Policy, fund: Fund, raw: dict[str, str]) -> tuple[Any, list[tuple[str, str]]]:
    """The budget that is read from the page of the amount, and what is wrong with the page."""
    page = next(one for one in application_pages(fund, policy, raw) if one.slug == "amount")
    values, faults = read_page(page, raw, policy, fund, TODAY)
    return values.get("budget"), said(faults)


def test_lines_that_add_up_are_part_of_the_application(policy: Policy, youth: Fund) -> None:
    facts, faults = read_application(youth, YOUTH, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.budget == (BudgetLine("Coaches", 1_500_00), BudgetLine("Gloves", 500_00))
    assert describe(question_of(policy, youth, "budget"), facts.budget) == ("Coaches: £1,500", "Gloves: £500")


def test_blank_rows_are_no_lines(policy: Policy, youth: Fund) -> None:
    raw = {"amount": "30", **lines(("", " "), ("Balls", "£10.00"), ("", ""), ("Nets ", "20"), ("", ""))}
    assert money_page(policy, youth, raw) == ((BudgetLine("Balls", 10_00), BudgetLine("Nets", 20_00)), [])


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (("1999.99",), "Your lines add up to £1,999.99, which is £0.01 less than the £2,000 that you are asking for."),
        (
            ("2000", "0.01"),
            "Your lines add up to £2,000.01, which is £0.01 more than the £2,000 that you are asking for.",
        ),
        (("1500", "300"), "Your lines add up to £1,800, which is £200 less than the £2,000 that you are asking for."),
    ],
)
def test_how_far_out_is_said_to_the_penny(policy: Policy, youth: Fund, costs: tuple[str, ...], message: str) -> None:
    raw = {"amount": "2000", **lines(*(("Something", cost) for cost in costs))}
    remedy = " Change a line or the amount, so that they are the same"
    assert money_page(policy, youth, raw)[1] == [("budget-item-1", message + remedy)]
    facts, faults = read_application(youth, YOUTH | lines(("", ""), ("", "")) | raw, policy, TODAY)
    assert facts is None
    assert said(faults) == [("budget-item-1", message + remedy)]


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (("", "20"), "budget-item-1", "Line 1: enter what the money is for"),
        (("Nets", ""), "budget-amount-1", "Line 1: enter how much it costs"),
        (("Nets", "0"), "budget-amount-1", "Line 1: enter a cost of more than £0, or empty the line"),
        (("Nets", "-5"), "budget-amount-1", "Line 1: write the amount in pounds, such as 2,000 or 2,000.50"),
        (("Nets", "100000001"), "budget-amount-1", "Line 1 must be £100,000,000 or less"),
        (("N" * 201, "20"), "budget-item-1", "Line 1: what it is for must be 200 characters or fewer. It has 201"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_of_it_alone(
    policy: Policy, youth: Fund, row: tuple[str, str], field: str, message: str
) -> None:
    """A sum of what cannot be read is not complained about beside it."""
    found, faults = money_page(policy, youth, {"amount": "2000", **lines(row, ("Coaches", "1"))})
    assert found is None
    assert faults == [(field, message)]


def test_a_person_gives_lines_and_a_program_need_not(policy: Policy, youth: Fund) -> None:
    raw = {"amount": "2000"}
    assert money_page(policy, youth, raw)[1] == [
        ("budget-item-1", "Enter what the money is for, and how much of it"),
    ]
    facts, faults = read_application(youth, API, policy, TODAY, strict_money=True)
    assert faults == ()
    assert facts is not None
    assert facts.budget == ()


def test_an_amount_that_cannot_be_read_is_the_only_fault(policy: Policy, youth: Fund) -> None:
    assert money_page(policy, youth, {"amount": "lots", **lines(("Nets", "20"))})[1] == [
        ("amount", "Amount: write the amount in pounds, such as 2,000 or 2,000.50")
    ]


@pytest.mark.parametrize(
    ("rows", "pointers"),
    [
        ((("Coaches", "2000.00"),), []),
        ((("Coaches", "2000.01"),), ["/budget"]),
        ((("Coaches", "1500.00"), ("Hall", "500")), []),
        ((("Coaches", "£1,500"), ("", "500")), ["/budget/0/amount", "/budget/1/item"]),
    ],
)
def test_a_program_is_pointed_to_the_line(
    policy: Policy, youth: Fund, rows: tuple[tuple[str, str], ...], pointers: list[str]
) -> None:
    _, faults = read_application(youth, API | lines(*rows), policy, TODAY, strict_money=True)
    assert [fault.pointer for fault in faults] == pointers


def test_twenty_lines_are_taken_and_no_more(policy: Policy, youth: Fund) -> None:
    twenty = lines(*(("Something", "100") for _ in range(20)))
    found, faults = money_page(policy, youth, {"amount": "2000", **twenty})
    assert (len(found), faults) == (20, [])
    question = question_of(policy, youth, "budget")
    assert (question.rows, len(fields(question))) == (3, 40)
    _, faults = money_page(policy, youth, {"amount": "2100", **twenty, **lines(("One more", "100"), first=21)})
    assert faults == [("budget-item-21", "Give 20 lines or fewer: put small costs together")]


def test_the_office_says_how_many_lines_there_are(youth: Fund) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace("budget_lines_in_form = { value = 3", "budget_lines_in_form = { value = 1")
    policy = policy_from_text(text.replace("budget_lines_at_most = { value = 20", "budget_lines_at_most = { value = 2"))
    question = question_of(policy, youth, "budget")
    assert (question.rows, question.most_rows) == (1, 2)
    three = {"amount": "30", **lines(("A", "10"), ("B", "10"), ("C", "10"))}
    assert money_page(policy, youth, three)[1][0][1].startswith("Give 2 lines or fewer")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, ""),
        ({"amount": "2000"}, ""),
        (lines(("Nets", "20")), ""),
        (
            {"amount": "2000", **lines(("Nets", "20"), ("Balls", "lots"))},
            "up to £20 so far: £1,980 less than you ask for.",
        ),
        ({"amount": "10", **lines(("Nets", "20"))}, "up to £20 so far: £10 more than you ask for."),
        ({"amount": "20", **lines(("Nets", "20"))}, "up to £20, which is what you are asking for."),
    ],
)
def test_how_far_it_is_so_far(policy: Policy, youth: Fund, raw: dict[str, str], message: str) -> None:
    assert budget_so_far(question_of(policy, youth, "budget"), raw).removeprefix("Your lines add ") == message
