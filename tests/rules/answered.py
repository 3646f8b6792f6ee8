"""Answers as people and programs give them, for the tests of questions."""

from datetime import date
from typing import Final

from core.rules.policy import Fund, Policy
from core.rules.questions import Fault, Question, application_questions

TODAY: Final = date(2026, 11, 23)
YOUTH: Final[dict[str, str]] = {
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
    "budget-item-1": "Coaches",
    "budget-amount-1": "1500",
    "budget-item-2": "Gloves",
    "budget-amount-2": "£500.00",
    "buys": "yes",
    "purchases_what": "Gloves",
    "purchases": "350.5",
    "declaration": "yes",
}

API: Final[dict[str, str]] = {
    "organisation_name": "A", "organisation_type": "constituted_group", "postcode": "CB1 1AA", "contact_name": "B",
    "contact_email": "b@example.org", "title": "C", "need": "D", "existing_provision": "E",
    "plan_objective": "support-victims", "csp_area": "Peterborough", "outcome-1": "F", "measure-1": "G",
    "target-1": "H", "start": "2020-01-01", "end": "2026-11-23", "amount": "2000.00", "purchases": "0",
    "purpose": "road_safety", "declaration": "true",
}  # fmt: skip


def fund_of(policy: Policy, fund_id: str) -> Fund:
    """The fund of this id, which is there."""
    fund = policy.fund(fund_id)
    assert fund is not None
    return fund


def question_of(policy: Policy, fund: Fund, question_id: str) -> Question:
    return next(question for question in application_questions(fund, policy) if question.id == question_id)


def said(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.field, fault.message) for fault in faults]
