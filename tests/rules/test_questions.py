"""What is asked, and what is read from what people and programs write."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.answers import is_address, read_answer
from core.rules.assessment import Verdict, assess
from core.rules.forms import limits_of
from core.rules.policy import CrimeGround, Fund, Kind, OrganisationType, Policy, Purpose, Tier
from core.rules.questions import (
    Faults,
    Outcome,
    Page,
    application_pages,
    application_questions,
    describe,
    fields,
    questions_asked,
    read_application,
    read_page,
    read_question,
    return_questions,
)
from core.rules.sources import PARAGRAPHS
from tests.rules.answered import API, TODAY, YOUTH, fund_of, question_of, said


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return fund_of(policy, "youth-fund")


# --------------------------------------------------------------------------------------------------- the questions


def test_each_question_serves_a_rule_and_can_be_told_from_the_others(policy: Policy) -> None:
    for fund in policy.funds:
        asked = application_questions(fund, policy)
        for name in ("id", "pointer"):
            assert len({getattr(question, name) for question in asked}) == len(asked), fund.id
        for question in (*asked, *return_questions(Tier.FULL, ("Visits",), policy, fund.id)):
            assert question.rule in PARAGRAPHS, question.id
            assert question.title
            assert question.label
            assert question.missing
            assert question.pointer.startswith("/")
        ids = {question.id for question in asked}
        assert all(question.when.question in ids for question in asked if question.when)
        slugs = [page.slug for page in application_pages(fund, policy, {})]
        assert len(set(slugs)) == len(slugs)


def test_a_light_application_asks_no_more_than_twenty_questions(policy: Policy) -> None:
    # A page is one question as an applicant meets it: a name and its e-mail address, a start and an end share one.
    for fund in policy.funds:
        for kind in OrganisationType:
            longest = {"organisation_type": kind.value, "buys": "yes", "age_to": "25", "amount": "4999.99"}
            pages = application_pages(fund, policy, longest | {"enterprise": "yes", "countywide": "no"})
            assert len(pages) == questions_asked(fund, policy, kind) <= 19, (fund.id, kind)


@pytest.mark.parametrize(
    ("amount", "asked", "required"),
    [
        ("4,999.99", set(), set()),
        (
            "5000",
            {"existing_service", "partnership", "pathways", "early_intervention", "countywide", "co_design"},
            {"existing_service", "countywide", "enterprise"},
        ),
        ("49999.99", {"existing_service", "partnership"}, {"existing_service", "countywide", "enterprise"}),
        (
            "£50,000",
            {"existing_service", "needs_assessment", "engagement", "early_intervention"},
            {
                "existing_service", "needs_assessment", "engagement", "partnership", "pathways", "countywide",
                "co_design", "enterprise",
            },
        ),
    ],
)  # fmt: skip
def test_larger_awards_are_asked_more(policy: Policy, amount: str, asked: set[str], required: set[str]) -> None:
    fund = fund_of(policy, "safer-streets")
    pages = application_pages(fund, policy, {"amount": amount})
    more = {one.id: one for page in pages for one in page.questions if page.section == "More about your project"}
    del more["at_risk"]
    assert asked <= set(more) if asked else more == {}
    assert {name for name, question in more.items() if question.required} == required


def test_victim_services_are_asked_how_victims_shape_them(policy: Policy) -> None:
    asking = [
        fund.id
        for fund in policy.funds
        if any(question.id == "service_user_voice" for question in application_questions(fund, policy))
    ]
    assert asking == ["moj-victims", "rape-support"]


def test_an_answer_that_is_no_longer_asked_for_is_not_read(policy: Policy) -> None:
    fund = fund_of(policy, "casualty-reduction")
    raw = YOUTH | {"at_risk": "no", "existing_service": "No", "countywide": "no", "local_need": "The A14"}
    light, faults = read_application(fund, raw, policy, TODAY)
    assert faults == ()
    assert light is not None
    assert "local_need" not in light.answers
    larger, faults = read_application(
        fund, raw | {"amount": "5000", "budget-amount-1": "4500", "enterprise": "no"}, policy, TODAY
    )
    assert faults == ()
    assert larger is not None
    assert larger.answers["local_need"] == "The A14"
    assert larger.facts().plan.local_need == "The A14"
    assert larger.facts().plan.countywide is False
    assert larger.facts().plan.at_risk is False
    whole = raw | {
        "amount": "5000", "budget-amount-1": "4500", "enterprise": "yes", "assistance": "300,000", "countywide": "yes",
    }  # fmt: skip
    county, faults = read_application(fund, whole, policy, TODAY)
    assert faults == ()
    assert county is not None
    assert "local_need" not in county.answers
    assert county.facts().history.assistance == 300_000_00


@pytest.mark.parametrize(
    ("answers", "asked", "not_asked"),
    [
        ({}, {"organisation_type", "buys"}, {"charity_number", "company_number", "purchases", "purchases_what"}),
        ({"organisation_type": "charity"}, {"charity_number"}, {"company_number"}),
        ({"organisation_type": "company"}, {"company_number"}, {"charity_number"}),
        ({"buys": "yes"}, {"purchases", "purchases_what"}, set()),
        ({"buys": "no"}, set(), {"purchases", "purchases_what"}),
    ],
)
def test_what_does_not_apply_is_not_asked(
    policy: Policy, youth: Fund, answers: dict[str, str], asked: set[str], not_asked: set[str]
) -> None:
    seen = {question.id for page in application_pages(youth, policy, answers) for question in page.questions}
    assert asked <= seen
    assert not not_asked & seen


def test_what_a_fund_makes_of_the_form(policy: Policy) -> None:
    seen = {fund.id: {question.id for question in application_questions(fund, policy)} for fund in policy.funds}
    assert [fund for fund, ids in seen.items() if "age_from" in ids] == ["youth-fund"]
    assert [fund for fund, ids in seen.items() if "purpose" in ids] == ["crime-and-disorder"]
    assert [fund for fund, ids in seen.items() if "crime_grounds" in ids] == ["crime-and-disorder"]
    amount = question_of(policy, fund_of(policy, "youth-fund"), "amount")
    assert "£3,500" in amount.hint


def test_the_names_of_fields(policy: Policy, youth: Fund) -> None:
    assert fields(question_of(policy, youth, "title")) == ("title",)
    assert fields(question_of(policy, youth, "start")) == ("start-day", "start-month", "start-year")
    assert fields(question_of(policy, youth, "outcomes"))[:4] == ("outcome-1", "measure-1", "target-1", "outcome-2")
    assert len(fields(question_of(policy, youth, "outcomes"))) == 9
    achieved = next(
        row for row in return_questions(Tier.LIGHT, ("A", "B"), policy, "youth-fund") if row.id == "achieved"
    )
    assert fields(achieved) == ("achieved-1", "achieved-2")


# ------------------------------------------------------------------------------------------- a whole application


def test_a_whole_application_is_read(policy: Policy, youth: Fund) -> None:
    facts, faults = read_application(youth, YOUTH, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.fund == "youth-fund"
    assert facts.organisation_name == "Fenland Boxing Club"
    assert facts.organisation_type is OrganisationType.CHARITY
    assert facts.charity_number == "1091156"
    assert facts.company_number is None
    assert facts.postcode == "PE29 3DN"
    assert facts.need == "Young people have nowhere to go.\n\nPolice figures show it."
    assert (facts.age_from, facts.age_to, facts.send) == (8, 16, None)
    assert facts.outcomes == (Outcome("Fewer incidents", "Incidents a month", "Under 10"),)
    assert (facts.start, facts.end) == (date(2027, 1, 31), date(2027, 12, 31))
    assert (facts.amount, facts.purchases) == (2_000_00, 350_50)
    assert facts.purpose is Purpose.YOUNG_PEOPLE
    assert facts.answers == {"purchases_what": "Gloves"}


def test_its_facts_are_what_the_rules_assess(policy: Policy, youth: Fund) -> None:
    facts, _ = read_application(youth, YOUTH, policy, TODAY)
    assert facts is not None
    found = assess(facts.facts(), policy, TODAY)
    assert found.blocking == ()
    assert {row.rule for row in found.findings} == {
        "P0", "V1", "F0", "F5", "L1", "L4", "L5", "U1", "U2", "N1", "N3", "D1", "T1", "T4", "R1", "R2", "W1",
    }  # fmt: skip
    assert [row.rule for row in found.findings if row.verdict is Verdict.ADVICE] == ["L5", "T1"]
    assert facts.facts().kind is Kind.GRANT
    assert facts.facts(amount=1_00).amount == 1_00


def test_what_is_not_asked_is_not_read(policy: Policy, youth: Fund) -> None:
    facts, faults = read_application(youth, YOUTH | {"buys": "no", "company_number": "rubbish"}, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.purchases == 0
    assert facts.answers == {}


def test_a_blank_form_names_everything_that_is_missing(policy: Policy, youth: Fund) -> None:
    facts, faults = read_application(youth, {}, policy, TODAY)
    assert facts is None
    told = dict(said(faults))
    assert told["organisation_name"] == "Enter the name of your organisation"
    assert told["start-day"] == "Enter the day on which it starts"
    assert told["declaration"] == "Confirm the declaration to send the application"
    assert {"outcome-1", "measure-1", "target-1"} <= set(told)
    asked = [one for one in application_questions(youth, policy) if not one.when and not one.from_amount]
    required = {one.id for one in asked if one.required}
    assert {fault.question_id for fault in faults} == required


def test_the_api_reads_what_the_contract_requires(policy: Policy, youth: Fund) -> None:
    facts, faults = read_application(youth, API, policy, TODAY, strict_money=True)
    assert faults == ()
    assert facts is not None
    # A purpose outside its fund is for the rules to refuse, under the fund's own rule.
    assert facts.purpose is Purpose.ROAD_SAFETY
    assert [row.rule for row in assess(facts.facts(), policy, TODAY).blocking] == ["F5"]
    assert (facts.age_from, facts.send, facts.purchases) == (None, None, 0)


@pytest.mark.parametrize("name", [name for name in API if not name.startswith(("outcome", "measure", "target"))])
def test_the_api_points_to_each_missing_field(policy: Policy, youth: Fund, name: str) -> None:
    raw = {key: value for key, value in API.items() if key != name}
    facts, faults = read_application(youth, raw, policy, TODAY, strict_money=True)
    assert facts is None
    assert [fault.question_id for fault in faults] == [name]
    assert faults[0].pointer == {
        "organisation_name": "/organisation/name", "organisation_type": "/organisation/type",
        "postcode": "/organisation/postcode", "contact_name": "/contact/name", "contact_email": "/contact/email",
        "second_name": "/second_contact/name", "second_email": "/second_contact/email",
        "title": "/project/title", "need": "/project/need", "existing_provision": "/project/existing_provision",
        "plan_objective": "/project/plan_objective", "csp_area": "/project/csp_area", "start": "/start",
        "end": "/end", "amount": "/amount", "purchases": "/purchases", "purpose": "/purpose",
        "declaration": "/declaration",
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "pointer"),
    [
        ("amount", "£2,000", "/amount"),
        ("amount", "2000.5", "/amount"),
        ("amount", " 2000", "/amount"),
        ("amount", "0", "/amount"),
        ("amount", "100000000.01", "/amount"),
        ("purchases", "-1", "/purchases"),
        ("start", "01/01/2026", "/start"),
        ("start", "20260101", "/start"),
        ("start", "2026-02-30", "/start"),
        ("start", "2026-W01-1", "/start"),
        ("end", "2019-12-31", "/end"),
        ("purpose", "fun", "/purpose"),
        ("age_from", "five", "/project/age_from"),
        ("send", "maybe", "/project/send"),
        ("declaration", "false", "/declaration"),
        ("plan_objective", "x", "/project/plan_objective"),
        ("csp_area", "Rutland", "/project/csp_area"),
        ("target-1", "", "/outcomes/0/target"),
        ("outcome-2", "More", "/outcomes/1/measure"),
        ("charity_number", "12", "/organisation/charity_number"),
        ("company_number", "1234567", "/organisation/company_number"),
        ("outcome-11", "One too many", "/outcomes"),
    ],
)
def test_the_api_points_to_each_wrong_field(policy: Policy, youth: Fund, name: str, value: str, pointer: str) -> None:
    facts, faults = read_application(youth, API | {name: value}, policy, TODAY, strict_money=True)
    assert facts is None
    assert pointer in {fault.pointer for fault in faults}


def test_ten_outcomes_are_accepted(policy: Policy, youth: Fund) -> None:
    rows = {f"{part}-{row}": part for row in range(1, 11) for part in ("outcome", "measure", "target")}
    facts, faults = read_application(youth, API | rows, policy, TODAY, strict_money=True)
    assert faults == ()
    assert facts is not None
    assert len(facts.outcomes) == 10


def test_a_ground_goes_to_the_rules(policy: Policy) -> None:
    fund = fund_of(policy, "crime-and-disorder")
    raw = YOUTH | {"crime_grounds": "demand", "purpose": "crime_reduction", "at_risk": "yes"}
    facts, faults = read_application(fund, raw, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.facts().crime_grounds == (CrimeGround.DEMAND,)


# ---------------------------------------------------------------------------------------------- one answer at a time


@pytest.mark.parametrize(
    ("question_id", "typed", "value"),
    [
        ("amount", "£3,500.01", 350001),
        ("amount", "100000000", 10000000000),
        ("postcode", "sw1a1aa", "SW1A 1AA"),
        ("postcode", "M1 1AE", "M1 1AE"),
        ("postcode", "EC1A 1BB", "EC1A 1BB"),
        ("charity_number", "sc 012345", "SC012345"),
        ("charity_number", "NIC100002", "NIC100002"),
        ("charity_number", "210183-1", "210183-1"),
        ("company_number", "sc123456", "SC123456"),
        ("company_number", "0123 4567", "01234567"),
        ("company_number", "IP12345R", "IP12345R"),
        ("contact_email", "o'brien+grants@sub.example.co.uk", "o'brien+grants@sub.example.co.uk"),
        ("age_from", "0", 0),
        ("send", "yes", True),
        ("title", "A\u202eb\x00c\u200bd\ud800", "Abcd"),
        ("title", "two\nlines", "two lines"),
        ("need", "two\nlines", "two\nlines"),
        ("charity_number", "", None),
    ],
)
def test_an_answer_is_read(policy: Policy, youth: Fund, question_id: str, typed: str, value: Any) -> None:
    question = question_of(policy, youth, question_id)
    read = read_question(question, {question_id: typed}, policy, youth, TODAY)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("question_id", "typed", "message"),
    [
        ("amount", "0", "The amount must be more than £0"),
        ("amount", "100000000.01", "Amount must be £100,000,000 or less"),
        ("amount", "lots", "Amount: write the amount in pounds, such as 2,000 or 2,000.50"),
        ("purchases", "0", "The largest purchase must be more than £0, or answer that you will buy nothing"),
        ("postcode", "PE29", "Postcode must be a full UK postcode, such as PE29 3DN"),
        ("postcode", "QQ1 1AA", "Postcode must be a full UK postcode, such as PE29 3DN"),
        ("company_number", "12345", "Company number must have 8 characters, such as 01234567 or CE012345"),
        ("contact_email", "ada@", "Contact's e-mail address must be an e-mail address, such as name@example.org"),
        ("age_from", "-1", "Age of the youngest must be a whole number, such as 12"),
        ("age_from", "121", "Age of the youngest must be an age in years, 120 or less"),
        ("title", "x" * 201, "Project must be 200 characters or fewer. It has 201"),
        ("need", "word " * 301, "The need must be 300 words or fewer. It has 301"),
        ("need", "x" * 3001, "The need must be 3,000 characters or fewer. It has 3,001"),
        ("send", "perhaps", "For young people with SEND must be yes or no"),
        ("organisation_name", " \u200b ", "Enter the name of your organisation"),
    ],
)
def test_a_wrong_answer_says_what_to_do(
    policy: Policy, youth: Fund, question_id: str, typed: str, message: str
) -> None:
    question = question_of(policy, youth, question_id)
    read = read_question(question, {question_id: typed}, policy, youth, TODAY)
    assert isinstance(read, Faults)
    assert [fault.message for fault in read] == [message]
    assert read[0].field == question_id
    assert read[0].pointer == question.pointer


@pytest.mark.parametrize(
    ("title", "fits"), [("x" * 200, True), ("x" * 201, False)], ids=["200 characters", "201 characters"]
)
def test_the_length_of_a_short_answer(policy: Policy, youth: Fund, title: str, fits: bool) -> None:
    read = read_question(question_of(policy, youth, "title"), {"title": title}, policy, youth, TODAY)
    assert (read == title) == fits


def test_the_length_of_a_long_answer(policy: Policy, youth: Fund) -> None:
    need = question_of(policy, youth, "need")
    for text in ("word " * 300, "x" * 3000):
        assert read_question(need, {"need": text}, policy, youth, TODAY) == text.strip()


@pytest.mark.parametrize(
    "address",
    [
        "a b@example.org",
        "a@b",
        "a@@example.org",
        ".a@example.org",
        "a..b@example.org",
        "a.@example.org",
        "@example.org",
        "a@example.org\nBcc: x@example.org",
        "a@-x.org",
        "a" * 65 + "@example.org",
        "a@" + "x." * 130 + "org",
        "ä@example.org",
        "a@example.org,b@example.org",
        "<a@example.org>",
    ],
)
def test_what_is_no_address_is_refused(policy: Policy, youth: Fund, address: str) -> None:
    question = question_of(policy, youth, "contact_email")
    assert isinstance(read_question(question, {"contact_email": address}, policy, youth, TODAY), Faults)
    assert isinstance(read_answer(question, {"contact_email": address}, limits_of(policy), api=True), Faults)
    assert not is_address(address)  # as the page of contacts, and whoever enters an award, asks


@pytest.mark.parametrize(
    ("day", "month", "year", "expected"),
    [
        ("27", "3", "2027", date(2027, 3, 27)),
        ("1", "Sept", "2027", date(2027, 9, 1)),
        ("01", "jan.", "2027", date(2027, 1, 1)),
        (" 29 ", "FEBRUARY", "2028", date(2028, 2, 29)),
        ("29", "2", "2027", "Start date must be a real date"),
        ("0", "2", "2027", "Start date must be a real date"),
        ("1", "13", "2027", "Start date must be a real date"),
        ("1", "ma", "2027", "Start date must have a month as a number or a name, such as 3 or March"),
        ("1", "Smarch", "2027", "Start date must have a month as a number or a name, such as 3 or March"),
        ("x", "2", "2027", "Start date must have a day as a number, such as 27"),
        ("1", "2", "027", "Start date must have a year of 4 digits, such as 2026"),
        ("1", "2", "1999", "Start date must have a year from 2000 to 2100"),
        ("1", "2", "2101", "Start date must have a year from 2000 to 2100"),
        ("", "2", "2027", "Start date must include a day"),
        ("1", "", "", "Start date must include a month and a year"),
        ("", "", "", "Enter the day on which it starts"),
    ],
)
def test_dates_as_people_write_them(
    policy: Policy, youth: Fund, day: str, month: str, year: str, expected: date | str
) -> None:
    raw = {"start-day": day, "start-month": month, "start-year": year}
    read = read_question(question_of(policy, youth, "start"), raw, policy, youth, TODAY)
    if isinstance(read, Faults):
        assert [fault.message for fault in read] == [expected]
        assert read[0].field in raw
    else:
        assert read == expected


def _page(policy: Policy, fund: Fund, slug: str) -> Page:
    return next(page for page in application_pages(fund, policy, {"buys": "yes"}) if page.slug == slug)


def _days(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (_days("2027-01-02", "2027-01-01"), "The end must be on or after the start, 2 January 2027"),
        (_days("2026-01-02", "2026-11-22"), "The end must be today, 23 November 2026, or later"),
        (_days("2026-01-02", "2026-11-23"), None),
        (_days("2027-01-02", "2027-01-02"), None),
    ],
)
def test_the_end_beside_the_start_and_today(
    policy: Policy, youth: Fund, raw: Mapping[str, str], message: str | None
) -> None:
    values, faults = read_page(_page(policy, youth, "dates"), raw, policy, youth, TODAY)
    assert values["end"] == date.fromisoformat(raw["end"])
    if message:
        assert [(fault.field, fault.pointer) for fault in faults] == [("end-day", "/end")]
        assert faults[0].message.startswith(message)
    else:
        assert faults == ()


def test_the_oldest_beside_the_youngest(policy: Policy, youth: Fund) -> None:
    raw = {"age_from": "12", "age_to": "11", "send": "no"}
    _, faults = read_page(_page(policy, youth, "ages"), raw, policy, youth, TODAY)
    assert said(faults) == [("age_to", "The oldest must be 12 or over, the age of the youngest")]
    _, faults = read_page(_page(policy, youth, "ages"), raw | {"age_to": "12"}, policy, youth, TODAY)
    assert faults == ()


def test_a_page_keeps_what_is_right_beside_what_is_wrong(policy: Policy, youth: Fund) -> None:
    raw = {"contact_name": "Ada", "contact_email": "nonsense"}
    values, faults = read_page(_page(policy, youth, "contact"), raw, policy, youth, TODAY)
    assert values == {"contact_name": "Ada", "second_name": None, "second_email": None}
    assert [fault.field for fault in faults] == ["contact_email"]


def test_an_outcome_needs_all_three_parts(policy: Policy, youth: Fund) -> None:
    raw = {"outcome-1": "a", "measure-1": "b", "target-1": "c", "measure-3": "d" * 201}
    _, faults = read_page(_page(policy, youth, "outcomes"), raw, policy, youth, TODAY)
    assert said(faults) == [
        ("outcome-3", "Outcome 3: enter what will change"),
        ("measure-3", "Outcome 3: measure must be 200 characters or fewer. It has 201"),
        ("target-3", "Outcome 3: enter the target that you aim for"),
    ]


# ------------------------------------------------------------------------------------------------------ describing


def test_answers_are_described(policy: Policy, youth: Fund) -> None:
    shown = {}
    for question in application_questions(youth, policy):
        value = read_question(question, YOUTH | {"age_to": "20"}, policy, youth, TODAY)
        if not isinstance(value, Faults):
            shown[question.id] = describe(question, value)
    assert shown["amount"] == ("£2,000",)
    assert shown["purchases"] == ("£350.50",)
    assert shown["start"] == ("31 January 2027",)
    assert shown["organisation_type"] == ("A charity",)
    assert shown["plan_objective"] == ("Reduce crime and disorder",)
    assert "partnership" not in shown  # the fund gives no amount of that size
    assert shown["send"] == ("No",)
    assert shown["buys"] == ("Yes",)
    assert shown["age_from"] == ("8",)
    assert shown["declaration"] == ("I confirm",)
    assert shown["outcomes"] == ("1. Fewer incidents. Measure: Incidents a month. Target: Under 10",)
    assert shown["need"] == ("Young people have nowhere to go.", "Police figures show it.")


# ------------------------------------------------------------------------------------------------------ properties


_POLICY = read_policy(SHIPPED)
_NAMES = sorted({name for row in application_questions(_POLICY.funds[0], _POLICY) for name in fields(row)} | {"start"})


@given(st.dictionaries(st.sampled_from(_NAMES), st.text(max_size=40)), st.booleans())
def test_reading_never_raises_and_every_fault_has_its_place(raw: dict[str, str], strict: bool) -> None:
    facts, faults = read_application(_POLICY.funds[0], raw, _POLICY, TODAY, strict_money=strict)
    assert (facts is None) == bool(faults)
    for fault in faults:
        assert fault.pointer.startswith("/")
        assert fault.message
        assert fault.field


@given(st.text(max_size=200))
def test_no_hidden_character_gets_through(typed: str) -> None:
    raw = YOUTH | {"organisation_name": typed, "need": typed}
    facts, _ = read_application(_POLICY.funds[0], raw, _POLICY, TODAY)
    if facts:
        facts.organisation_name.encode()
        facts.need.encode()
        assert "\x00" not in facts.need
        assert "\n" not in facts.organisation_name
        assert not set(facts.need) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
        assert replace(facts) == facts
