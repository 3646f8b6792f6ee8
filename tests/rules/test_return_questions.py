"""What a monitoring return asks, and how it is read."""

import pytest

from core.rules.policy import Fund, Policy, Tier
from core.rules.questions import (
    AnswerKind,
    describe,
    read_return,
    return_questions,
)
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
