"""Questions that an office adds to its forms in the policy, without code."""

import pytest

from core.policy_file import SHIPPED, PolicyError, policy_from_text
from core.rules.policy import Fund, OrganisationType, Policy, Tier
from core.rules.questions import (
    AnswerKind,
    application_questions,
    describe,
    questions_asked,
    read_application,
    read_return,
    recalled,
    return_questions,
)
from tests.rules.answered import API, TODAY, YOUTH, fund_of, question_of, said
from tests.rules.test_return_questions import RETURN


@pytest.fixture
def youth(policy: Policy) -> Fund:
    return fund_of(policy, "youth-fund")


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
    youth = fund_of(policy, "youth-fund")
    asked = question_of(policy, youth, "club_nights")
    assert (asked.kind, asked.title, asked.required) == (
        AnswerKind.NUMBER,
        "How many nights a week are you open?",
        True,
    )
    others = {question.id for question in application_questions(fund_of(policy, "community-fund"), policy)}
    assert "club_nights" not in others
    _, faults = read_application(youth, YOUTH, policy, TODAY)
    assert said(faults) == [("club_nights", "Enter an answer for: Nights a week")]
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
    youth = fund_of(policy, "youth-fund")
    facts, faults = read_application(youth, YOUTH | {"club_nights": typed}, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.answers["club_nights"] == kept_as
    question = question_of(policy, youth, "club_nights")
    assert describe(question, recalled(question, kept_as))[0] == told


def test_a_day_is_kept_and_told_again() -> None:
    policy = _with(_own(kind="date"))
    youth = fund_of(policy, "youth-fund")
    typed = {"club_nights-day": "1", "club_nights-month": "may", "club_nights-year": "2027"}
    facts, faults = read_application(youth, YOUTH | typed, policy, TODAY)
    assert faults == ()
    assert facts is not None
    assert facts.answers["club_nights"] == "2027-05-01"
    question = question_of(policy, youth, "club_nights")
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
    assert questions_asked(fund_of(policy, "youth-fund"), policy, OrganisationType.CHARITY) == 20
    assert len(return_questions(Tier.LIGHT, ("A",), policy, "youth-fund")) == 8
