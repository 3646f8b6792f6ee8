"""What people type on a phone at night: read where it can mean one thing only, refused with what to type where not."""

from datetime import date
from typing import Any

import pytest

from core.rules.money import MoneyError, pence_from_typed
from core.rules.policy import Fund, Policy
from core.rules.questions import Faults, read_application, read_question
from tests.rules.answered import API, TODAY, YOUTH, fund_of, question_of


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return fund_of(policy, "youth-fund")


@pytest.mark.parametrize(
    ("typed", "pence"),
    [
        ("2k", 2_000_00), ("£2K", 2_000_00), ("2.5k", 2_500_00), ("1.25 k", 1_250_00), ("£2,000.00p", 2_000_00),
        ("2000 pounds", 2_000_00), ("GBP 2,000", 2_000_00), ("2,000 GBP", 2_000_00), ("2000£", 2_000_00),
        ("2\u00a0000", 2_000_00), ("２０００", 2_000_00), ("￡２，０００", 2_000_00), ("1 pound.", 1_00),
    ],
)  # fmt: skip
def test_money_that_can_mean_one_thing_only(typed: str, pence: int) -> None:
    assert pence_from_typed(typed) == pence


@pytest.mark.parametrize(
    "typed",
    [
        "two thousand",
        "2-3k",
        "about 2000",
        "500p",
        "2000p",
        "2kk",
        "k",
        "2.5555k",
        "2,000k",
        "1m",
        "2000 euros",
    ],
)
def test_money_that_cannot_be_told_says_what_to_write(policy: Policy, youth: Fund, typed: str) -> None:
    with pytest.raises(MoneyError):
        pence_from_typed(typed)
    read = read_question(question_of(policy, youth, "amount"), {"amount": typed}, policy, youth, TODAY)
    assert isinstance(read, Faults)
    assert "such as 2,000" in read[0].message


@pytest.mark.parametrize(
    "typed",
    [
        "1/4/27", "01/04/2027", "1.4.2027", "1-4-27", "1 April 2027", "1st April 2027", "1st of April, 2027",
        "1 apr 27",
        "Thursday 1 April 2027", "April 1, 2027", "april 1st 2027", "2027-04-01", "１/４/２０２７",
        "1\u00a0April\u00a02027",
    ],
)  # fmt: skip
def test_a_whole_date_in_the_first_box(policy: Policy, youth: Fund, typed: str) -> None:
    raw = {"start-day": typed, "start-month": "", "start-year": ""}
    assert read_question(question_of(policy, youth, "start"), raw, policy, youth, TODAY) == date(2027, 4, 1)


@pytest.mark.parametrize(
    ("day", "month", "year", "expected"),
    [
        ("1st", "April", "27", date(2027, 4, 1)),
        ("２", "４", "２０２７", date(2027, 4, 2)),
        ("03", "SEPT.", "2027", date(2027, 9, 3)),
        ("31/4/27", "", "", "Start date must be a real date"),
        ("4/27", "", "", "Start date must include a month and a year"),
        ("next Monday", "", "", "Start date must include a month and a year"),
        ("1/4/27", "4", "2027", "Start date must have a day as a number, such as 27"),
        ("1", "4", "027", "Start date must have a year of 4 digits, such as 2026"),
    ],
)
def test_dates_box_by_box(policy: Policy, youth: Fund, day: str, month: str, year: str, expected: date | str) -> None:
    raw = {"start-day": day, "start-month": month, "start-year": year}
    read = read_question(question_of(policy, youth, "start"), raw, policy, youth, TODAY)
    assert (read[0].message if isinstance(read, Faults) else read) == expected


@pytest.mark.parametrize(
    ("question_id", "typed", "value"),
    [
        ("postcode", "pe29 3dn", "PE29 3DN"),
        ("postcode", "PE293DN.", "PE29 3DN"),
        ("postcode", "pe29-3dn", "PE29 3DN"),
        ("postcode", "ＰＥ２９\u00a0３ＤＮ", "PE29 3DN"),
        ("postcode", "cb1  1aa,", "CB1 1AA"),
        ("charity_number", "charity no. 1091156", "1091156"),
        ("charity_number", "Registered Charity Number: 1091156", "1091156"),
        ("charity_number", "Reg Charity No1091156", None),
        ("charity_number", "no. 1,091,156", "1091156"),
        ("charity_number", "Scottish charity sc012345", "SC012345"),
        ("charity_number", "nic 100002", "NIC100002"),
        ("charity_number", "１０９１１５６", "1091156"),
        ("charity_number", "charity", None),
        ("charity_number", "applied for", None),
        ("company_number", "Company number: 01234567", "01234567"),
        ("company_number", "Companies House no 1234567", None),
        ("company_number", "1234567", "01234567"),
        ("company_number", "123456", "00123456"),
        ("company_number", "12345", None),
        ("company_number", "no. sc123456", "SC123456"),
        ("contact_email", "ada@example.org.", "ada@example.org"),
        ("contact_email", "ada＠example.org", "ada@example.org"),
        ("contact_email", "ada at example.org", None),
        ("age_from", "8 years", 8),
        ("age_from", "8yrs", 8),
        ("age_from", "８", 8),
        ("age_from", "eight", None),
        ("age_from", "8-10", None),
        ("age_from", "8+", None),
    ],
)
def test_small_boxes(policy: Policy, youth: Fund, question_id: str, typed: str, value: Any) -> None:
    read = read_question(question_of(policy, youth, question_id), {question_id: typed}, policy, youth, TODAY)
    assert (None if isinstance(read, Faults) else read) == value
    if isinstance(read, Faults):
        assert "must " in read[0].message


def test_an_age_with_its_word_brings_the_question_that_depends_on_it(policy: Policy, youth: Fund) -> None:
    _, faults = read_application(youth, YOUTH | {"age_to": "20 years", "send": ""}, policy, TODAY)
    assert [fault.question_id for fault in faults] == ["send"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("amount", "2k"),
        ("amount", "２０００"),
        ("start", "1/4/27"),
        ("company_number", "1234567"),
        ("start", "２０２７-01-01"),
    ],
)
def test_a_program_is_held_to_the_form(policy: Policy, youth: Fund, name: str, sent: str) -> None:
    _, faults = read_application(youth, API | {name: sent}, policy, TODAY, strict_money=True)
    assert [fault.question_id for fault in faults] == [name]
