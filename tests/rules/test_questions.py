"""What is asked, and what is read from what people and programs write."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, PolicyError, policy_from_text, read_policy
from core.rules.assessment import Verdict, assess
from core.rules.policy import CrimeGround, Fund, Kind, OrganisationType, Policy, Purpose, Tier
from core.rules.questions import (
    AnswerKind,
    Fault,
    Faults,
    Outcome,
    Page,
    Question,
    application_pages,
    application_questions,
    describe,
    fields,
    questions_asked,
    read_application,
    read_page,
    read_question,
    read_return,
    recalled,
    return_questions,
)
from core.rules.sources import PARAGRAPHS

TODAY = date(2026, 11, 23)
YOUTH = {
    "organisation_name": "  Fenland   Boxing Club ",
    "organisation_type": "charity",
    "charity_number": "1091156",
    "postcode": "pe29 3dn",
    "contact_name": "Ada Byron",
    "contact_email": "ada@example.org",
    "title": "Gloves on",
    "need": "Young people have nowhere to go.\r\n\r\nPolice figures show it.",
    "existing_provision": "None within five miles.",
    "plan_objective": "reduce-crime-and-disorder",
    "csp_area": "Fenland",
    "age_from": "8",
    "age_to": "16",
    "send": "no",
    "outcome-1": "Fewer incidents",
    "measure-1": "Incidents a month",
    "target-1": "Under 10",
    "start-day": "31",
    "start-month": "January",
    "start-year": "2027",
    "end": "2027-12-31",
    "amount": "£2,000",
    "buys": "yes",
    "purchases_what": "Gloves",
    "purchases": "350.5",
    "declaration": "yes",
}


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return _fund(policy, "youth-fund")


def _fund(policy: Policy, fund_id: str) -> Fund:
    fund = policy.fund(fund_id)
    assert fund is not None
    return fund


def _question(policy: Policy, fund: Fund, question_id: str) -> Question:
    return next(question for question in application_questions(fund, policy) if question.id == question_id)


def _said(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.field, fault.message) for fault in faults]


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
    fund = _fund(policy, "safer-streets")
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
    fund = _fund(policy, "casualty-reduction")
    raw = YOUTH | {"at_risk": "no", "existing_service": "No", "countywide": "no", "local_need": "The A14"}
    light, faults = read_application(fund, raw, policy, TODAY)
    assert faults == ()
    assert light is not None
    assert "local_need" not in light.answers
    larger, faults = read_application(fund, raw | {"amount": "5000", "enterprise": "no"}, policy, TODAY)
    assert faults == ()
    assert larger is not None
    assert larger.answers["local_need"] == "The A14"
    assert larger.facts().plan.local_need == "The A14"
    assert larger.facts().plan.countywide is False
    assert larger.facts().plan.at_risk is False
    whole = raw | {"amount": "5000", "enterprise": "yes", "assistance": "300,000", "countywide": "yes"}
    county, faults = read_application(fund, whole, policy, TODAY)
    assert faults == ()
    assert county is not None
    assert "local_need" not in county.answers
    assert county.facts().history.assistance == 300_000_00


# ------------------------------------------------------------------------------------ questions of the office's own

OWN = """
[[questions]]
id = "club_nights"
form = "{form}"
funds = ["youth-fund"]
least_tier = "{tier}"
kind = "{kind}"
title = "How many nights a week are you open?"
label = "Nights a week"
rule = "U1"
source = "office, panel of 3 March 2027"
since = 2027-04-01
"""


def _own(name: str = "club_nights", *, form: str = "application", tier: str = "light", kind: str = "number") -> str:
    return OWN.format(form=form, tier=tier, kind=kind).replace("club_nights", name)


def _with(*questions: str) -> Policy:
    return policy_from_text(SHIPPED.read_text(encoding="utf-8") + "".join(questions))


def test_the_office_adds_a_question_to_a_fund() -> None:
    policy = _with(_own())
    youth = _fund(policy, "youth-fund")
    asked = _question(policy, youth, "club_nights")
    assert (asked.kind, asked.title, asked.required) == (
        AnswerKind.NUMBER,
        "How many nights a week are you open?",
        True,
    )
    others = {question.id for question in application_questions(_fund(policy, "community-fund"), policy)}
    assert "club_nights" not in others
    _, faults = read_application(youth, YOUTH, policy, TODAY)
    assert _said(faults) == [("club_nights", "Enter an answer for: Nights a week")]
    facts, _ = read_application(youth, YOUTH | {"club_nights": "3"}, policy, TODAY)
    assert facts is not None
    assert facts.answers["club_nights"] == "3"
    # The contract's body asks for nothing more than it did.
    _, faults = read_application(youth, API, policy, TODAY, strict_money=True)
    assert faults == ()


@pytest.mark.parametrize(("tier", "asking"), [("light", 3), ("standard", 2), ("full", 1)])
def test_a_question_of_the_office_is_asked_from_its_tier_on(tier: str, asking: int) -> None:
    policy = _with(_own(form="return", tier=tier, kind="yes_no"))
    found = [
        one for one in Tier if any(q.id == "club_nights" for q in return_questions(one, ("A",), policy, "youth-fund"))
    ]
    assert len(found) == asking
    facts, faults = read_return(RETURN | {"club_nights": "yes"}, ("A", "B"), policy, Tier.FULL, "youth-fund")
    assert faults == ()
    assert facts is not None
    assert facts.answers["club_nights"] == "yes"


@pytest.mark.parametrize(
    ("kind", "typed", "kept_as", "told"),
    [
        ("short", "Three", "Three", "Three"),
        ("long", "One\nTwo", "One\nTwo", "One"),
        ("money", "£1,250", "125000", "£1,250"),
        ("yes_no", "no", "no", "No"),
        ("number", "1,000", "1000", "1,000"),
    ],
)
def test_an_answer_is_kept_and_told_again(kind: str, typed: str, kept_as: str, told: str) -> None:
    policy = _with(_own(kind=kind))
    youth = _fund(policy, "youth-fund")
    facts, faults = read_application(youth, YOUTH | {"club_nights": typed}, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.answers["club_nights"] == kept_as
    question = _question(policy, youth, "club_nights")
    assert describe(question, recalled(question, kept_as))[0] == told


def test_a_day_is_kept_and_told_again() -> None:
    policy = _with(_own(kind="date"))
    youth = _fund(policy, "youth-fund")
    typed = {"club_nights-day": "1", "club_nights-month": "may", "club_nights-year": "2027"}
    facts, faults = read_application(youth, YOUTH | typed, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.answers["club_nights"] == "2027-05-01"
    question = _question(policy, youth, "club_nights")
    assert describe(question, recalled(question, "2027-05-01")) == ("1 May 2027",)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ([_own(kind="choice")], "has choices"),
        ([_own() + 'choices = ["1", "2"]\n'], "has choices"),
        ([_own(kind="choice") + 'choices = ["1"]\n'], "no choice"),
        ([_own() + "word_limit = 10\n"], "word limit"),
        ([_own()] * 2, "club_nights is there 2 times"),
        ([_own().replace("youth-fund", "youth")], "no fund"),
        (
            [_own("amount")],
            "choose another",
        ),
        ([_own("csrf_token")], "choose"),
        ([_own("views", form="return")], "choose another"),
        ([_own().replace('"U1"', '"U9"')], "id of a rule"),
        (
            [_own(f"own_{n}") for n in range(3)],
            "a light application to youth-fund would be asked 21 questions, and 20 is the most",
        ),
        (
            [_own(f"own_{n}", form="return") for n in range(4)],
            "a light return of youth-fund would be asked 9 questions, and 8 is the most",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(added: list[str], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        _with(*added)


def test_as_many_as_fit_may_be_added() -> None:
    policy = _with(
        *(_own(f"own_{n}") for n in range(2)),
        *(_own(f"larger_{n}", tier="standard") for n in range(5)),
        *(_own(f"back_{n}", form="return") for n in range(3)),
    )
    assert questions_asked(_fund(policy, "youth-fund"), policy, OrganisationType.CHARITY) == 20
    assert len(return_questions(Tier.LIGHT, ("A",), policy, "youth-fund")) == 8


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
    amount = _question(policy, _fund(policy, "youth-fund"), "amount")
    assert "£3,500" in amount.hint


def test_the_names_of_fields(policy: Policy, youth: Fund) -> None:
    assert fields(_question(policy, youth, "title")) == ("title",)
    assert fields(_question(policy, youth, "start")) == ("start-day", "start-month", "start-year")
    assert fields(_question(policy, youth, "outcomes"))[:4] == ("outcome-1", "measure-1", "target-1", "outcome-2")
    assert len(fields(_question(policy, youth, "outcomes"))) == 9
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
    said = dict(_said(faults))
    assert said["organisation_name"] == "Enter the name of your organisation"
    assert said["start-day"] == "Enter the day on which it starts"
    assert said["declaration"] == "Confirm the declaration to send the application"
    assert {"outcome-1", "measure-1", "target-1"} <= set(said)
    required = {one.id for one in application_questions(youth, policy) if not one.when and not one.from_amount}
    assert {fault.question_id for fault in faults} == required


API = {
    "organisation_name": "A", "organisation_type": "constituted_group", "postcode": "CB1 1AA", "contact_name": "B",
    "contact_email": "b@example.org", "title": "C", "need": "D", "existing_provision": "E",
    "plan_objective": "support-victims", "csp_area": "Peterborough", "outcome-1": "F", "measure-1": "G",
    "target-1": "H", "start": "2020-01-01", "end": "2026-11-23", "amount": "2000.00", "purchases": "0",
    "purpose": "road_safety", "declaration": "true",
}  # fmt: skip


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
    fund = _fund(policy, "crime-and-disorder")
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
    question = _question(policy, youth, question_id)
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
        ("company_number", "1234567", "Company number must have 8 characters, such as 01234567 or CE012345"),
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
    question = _question(policy, youth, question_id)
    read = read_question(question, {question_id: typed}, policy, youth, TODAY)
    assert isinstance(read, Faults)
    assert [fault.message for fault in read] == [message]
    assert read[0].field == question_id
    assert read[0].pointer == question.pointer


@pytest.mark.parametrize(
    ("title", "fits"), [("x" * 200, True), ("x" * 201, False)], ids=["200 characters", "201 characters"]
)
def test_the_length_of_a_short_answer(policy: Policy, youth: Fund, title: str, fits: bool) -> None:
    read = read_question(_question(policy, youth, "title"), {"title": title}, policy, youth, TODAY)
    assert (read == title) == fits


def test_the_length_of_a_long_answer(policy: Policy, youth: Fund) -> None:
    need = _question(policy, youth, "need")
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
    question = _question(policy, youth, "contact_email")
    assert isinstance(read_question(question, {"contact_email": address}, policy, youth, TODAY), Faults)


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
        ("1", "2", "27", "Start date must have a year of 4 digits, such as 2026"),
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
    read = read_question(_question(policy, youth, "start"), raw, policy, youth, TODAY)
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
    assert _said(faults) == [("age_to", "The oldest must be 12 or over, the age of the youngest")]
    _, faults = read_page(_page(policy, youth, "ages"), raw | {"age_to": "12"}, policy, youth, TODAY)
    assert faults == ()


def test_a_page_keeps_what_is_right_beside_what_is_wrong(policy: Policy, youth: Fund) -> None:
    raw = {"contact_name": "Ada", "contact_email": "nonsense"}
    values, faults = read_page(_page(policy, youth, "contact"), raw, policy, youth, TODAY)
    assert values == {"contact_name": "Ada"}
    assert [fault.field for fault in faults] == ["contact_email"]


def test_an_outcome_needs_all_three_parts(policy: Policy, youth: Fund) -> None:
    raw = {"outcome-1": "a", "measure-1": "b", "target-1": "c", "measure-3": "d" * 201}
    _, faults = read_page(_page(policy, youth, "outcomes"), raw, policy, youth, TODAY)
    assert _said(faults) == [
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
    assert shown["partnership"] == ("Not given",)
    assert shown["send"] == ("No",)
    assert shown["buys"] == ("Yes",)
    assert shown["age_from"] == ("8",)
    assert shown["declaration"] == ("I confirm",)
    assert shown["outcomes"] == ("1. Fewer incidents. Measure: Incidents a month. Target: Under 10",)
    assert shown["need"] == ("Young people have nowhere to go.", "Police figures show it.")


# ------------------------------------------------------------------------------------------------- monitoring returns


RETURN = {
    "narrative": "It works.",
    "achieved-1": "12",
    "achieved-2": "half",
    "people": "1,240",
    "spent": "£1,000",
    "views": "",
}


@pytest.mark.parametrize(("tier", "count"), [(Tier.LIGHT, 5), (Tier.STANDARD, 6), (Tier.FULL, 7)])
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
    assert _said(faults) == [
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
