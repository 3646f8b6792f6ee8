"""What was answered, told again by the questions that asked it."""

from __future__ import annotations

import pytest

from core import applications
from core.answers_given import answers_given
from core.office import Office
from core.policy_file import SHIPPED, policy_from_text
from core.rules.policy import Policy
from tests.core import casework

pytestmark = pytest.mark.one_database

OWN = """
[[questions]]
id = "club_nights"
form = "application"
kind = "number"
title = "How many nights a week are you open?"
label = "Nights a week"
rule = "U1"
source = "office, panel of 3 March 2027"
since = 2027-04-01
"""


def asking_more() -> Policy:
    return policy_from_text(SHIPPED.read_text(encoding="utf-8") + OWN)


def told(office: Office, application_id: int, policy: Policy) -> dict[str, tuple[str, ...]]:
    with office.reading() as session:
        return {
            given.label: given.lines for given in answers_given(applications.by_id(session, application_id), policy)
        }


def test_every_answer_is_told_in_the_order_of_the_form(office: Office) -> None:
    given = casework.facts(answers={"purchases_what": "Gloves", "club_nights": "3"}, purchases=350_50)
    shown = told(office, casework.submitted(office, given), asking_more())
    assert list(shown)[:2] == ["Organisation", "Kind of organisation"]
    assert shown["Kind of organisation"] == ("A charity",)
    assert shown["Start date"] == ("1 January 2027",)
    assert shown["Amount"] == ("£2,000",)
    assert shown["Buys from a supplier"] == ("Yes",)
    assert shown["Largest purchase"] == ("Gloves",)
    assert shown["Cost of the largest purchase"] == ("£350.50",)
    assert shown["Outcomes"][0] == "1. Fewer call-outs. Measure: Call-outs a month. Target: Ten fewer"
    assert shown["Nights a week"] == ("3",)
    assert shown["Declaration"] == ("I confirm",)
    assert "Company number" not in shown


def test_an_answer_to_a_question_that_is_gone_is_still_told(office: Office) -> None:
    given = casework.facts(answers={"club_nights": "3"})
    shown = told(office, casework.submitted(office, given), office.policy)
    assert shown["Club nights"] == ("3",)
