"""The policy file: what is shipped, what a wrong one is told, and the version in force."""

import json
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from core.policy_file import (
    SHIPPED,
    PolicyError,
    bank_holidays,
    came_later,
    policy_as_data,
    policy_from_text,
    read_policy,
)
from core.rules.policy import Body, Delegation, Kind, Policy, Role
from core.rules.sources import PARAGRAPHS

TEXT = SHIPPED.read_text(encoding="utf-8")
OVERLAPPING = "windows = [{ opens = 2027-01-01, closes = 2027-02-01 }, { opens = 2027-02-01, closes = 2027-03-01 }]"
DELEGATION = """
[[delegations]]
role = "chief_executive"
kinds = ["grant"]
funds = ["youth-fund"]
upper_limit = "2500.00"
since = 2027-04-01
source = "A scheme of governance"
"""


@pytest.fixture
def refused() -> Callable[[str], PolicyError]:
    def refuse(text: str) -> PolicyError:
        with pytest.raises(PolicyError) as error:
            policy_from_text(text, "office.toml")
        assert "\n" not in str(error.value)
        return error.value

    return refuse


def changed(old: str, new: str, times: int = 1) -> str:
    assert TEXT.count(old) >= 1, old
    return TEXT.replace(old, new, times)


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_what_is_shipped(policy: Policy) -> None:
    assert [(band.name.value, band.lowest, band.below) for band in policy.tiers] == [
        ("light", 0, 5_000_00), ("standard", 5_000_00, 50_000_00), ("full", 50_000_00, None),
    ]  # fmt: skip
    assert [(band.name.value, band.lowest, band.below) for band in policy.buying] == [
        ("one_quote", 0, 5_000_00), ("three_quotes", 5_000_00, 50_000_00), ("tender", 50_000_00, None),
    ]  # fmt: skip
    assert policy.portal_over.value == 50_000_00
    assert (policy.meetings_over.value, policy.meeting_months.value, policy.meeting_months_victims.value) == (
        10_000_00,
        6,
        3,
    )
    assert (policy.return_months.value, policy.final_return_grace.value) == (6, 0)
    assert policy.acceptance_days.value == 28
    assert (policy.reference_alphabet.value, policy.reference_length.value) == ("346789CDFHJKMNPQRTVWX", 6)
    assert policy.csp_areas == (
        "Cambridge City", "East Cambridgeshire", "Fenland", "Huntingdonshire", "Peterborough", "South Cambridgeshire",
    )  # fmt: skip
    assert [objective.text for objective in policy.plan_objectives] == [
        "Reduce crime and disorder", "Support victims of crime", "Reduce police demand", "Promote road safety",
    ]  # fmt: skip
    assert "six months" in policy.terms.value[0]
    assert policy.delegations == ()


def test_a_negative_amount_is_in_no_band(policy: Policy) -> None:
    with pytest.raises(ValueError, match="no band"):
        policy.tier(-1)


def test_a_delegation_is_read() -> None:
    policy = policy_from_text(TEXT + DELEGATION)
    assert policy.delegations == (
        Delegation(
            Role.CHIEF_EXECUTIVE, (Kind.GRANT,), ("youth-fund",), 2_500_00, date(2027, 4, 1), "A scheme of governance"
        ),
    )
    everywhere = policy_from_text(TEXT + DELEGATION.replace('funds = ["youth-fund"]\n', f'of = "{Body.OFFICE}"\n'))
    assert everywhere.delegations[0].funds is None


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        # bands: a gap, an overlap, a missing one, one without an end in the middle, an end at the top
        ('below = "5000.00"', 'below = "4999.99"', 'below = "4999.99"', "there is a gap between two bands"),
        ('below = "5000.00"', 'below = "5000.01"', 'below = "5000.01"', "two bands overlap"),
        ('below = "5000.00"\n', "", "[[tiers]]", "there is a gap between two bands"),
        ('from = "0.00"', 'from = "0.01"', 'from = "0.01"', "there is a gap below 0.01"),
        (
            'name = "light"',
            'name = "full"',
            "[[tiers]]",
            "the bands must be these, in this order: light, standard, full",
        ),
        (
            'from = "50000.00"',
            'from = "50000.00"\nbelow = "60000.00"',
            'below = "60000.00"',
            "no band holds larger amounts",
        ),
        # figures
        ('portal_over = { value = "50000.00"', 'portal_over = { value = "49999.99"', "portal_over", "below a tender"),
        (
            "return_months = { value = 6",
            "return_months = { value = 7",
            "return_months",
            "at least every six months (R1)",
        ),
        (
            "return_months = { value = 6",
            "return_months = { value = 0",
            "return_months",
            "it is too small: make it 1 or more",
        ),
        ("return_months = { value = 6", 'return_months = { value = "6"', "return_months", "it must be a whole number"),
        ("meeting_months = { value = 6", "meeting_months = { value = 7", "meeting_months", "at least every 6 months"),
        (
            "meeting_months_victims = { value = 3",
            "meeting_months_victims = { value = 4",
            "meeting_months_victims",
            "every 3",
        ),
        (
            'meetings_over = { value = "10000.00"',
            "meetings_over = { value = 10000",
            "meetings_over",
            'such as "5000.00"',
        ),
        ('meetings_over = { value = "10000.00"', 'meetings_over = { value = "£10,000"', "meetings_over", "such as"),
        (
            'meetings_over = { value = "10000.00", unit = "pounds"',
            'meetings_over = { value = "10000.00", unit = "pence"',
            "meetings_over",
            "it must be pounds",
        ),
        ('rule = "A6"', 'rule = "A66"', "acceptance_days", "it must be the id of a rule"),
        ("acceptance_days = {", "acceptance_dais = {", "acceptance_dais", "nothing of this name is known"),
        (
            'recommenders = { value = ["officer"',
            'recommenders = { value = ["commissioner"',
            "recommenders",
            "cannot recommend",
        ),
        ('value = "346789', 'value = "3346789', "reference_alphabet", "twice"),
        (
            "budget_lines_in_form = { value = 3",
            "budget_lines_in_form = { value = 21",
            "budget_lines_in_form",
            "budget_lines_at_most",
        ),
        ("outcomes_in_form = { value = 3", "outcomes_in_form = { value = 11", "outcomes_in_form", "outcomes_at_most"),
        ('value = ["Cambridge City", ', 'value = ["Fenland", ', "csp_areas", "the area Fenland is there 2 times"),
        # plan, nudges
        (
            'id = "support-victims"',
            'id = "reduce-police-demand"',
            "objectives",
            "the id reduce-police-demand is there 2 times",
        ),
        ("[nudges.meeting]", "[nudges.meeting-return]", "[nudges", "the steps for meeting are missing"),
        (
            "[nudges.meeting]",
            "[nudges.final-return]\nsource='x'\nsince=2026-11-01\nsteps=[]\n[nudges.meeting]",
            "[nudges.final-return]",
            "only the kind",
        ),
        (
            '{ days = -1, to = ["officer"] },',
            '{ days = -7, to = ["officer"] },',
            "[nudges.return]",
            "-7 officer",
        ),
        # funds
        ('letters = "CF"', 'letters = "YF"', "[[funds]]", "the letters YF is there 2 times"),
        ('id = "community-fund"', 'id = "youth-fund"', "[[funds]]", "the id youth-fund is there 2 times"),
        ('purposes = ["young_people"]', 'purposes = ["fun"]', "purposes", "it must be one of these: crime_reduction, "),
        ('purposes = ["young_people"]', 'purposes = ["young_people", "young_people"]', "purposes", "is there 2 times"),
        ('cap = { value = "3500.00"', 'cap = { value = "0.00"', "cap", "a cap of nothing"),
        ("highest = 18", "highest = 4", "ages", "out of order"),
        (
            'organisation_types = ["community_safety_partnership"]',
            'organisation_types = ["charity"]',
            'organisation_types = ["charity"]',
            "its applicants are partnerships",
        ),
        ('value = "1/3"', 'value = "3/3"', "held_share", "less than the whole"),
        ('value = "1/3"', "value = 0.333", "held_share", "a fraction in quotes"),
        (
            'letters = "YF"',
            'letters = "YF"\nwindows = [{ opens = 2027-02-01, closes = 2027-01-01 }]',
            "windows",
            "before it opens",
        ),
        ('letters = "YF"', 'letters = "YF"\n' + OVERLAPPING, "windows", "two windows overlap"),
    ],
)
def test_a_wrong_file_is_told_where_and_what(
    refused: Callable[[str], PolicyError], old: str, new: str, line: str, said: str
) -> None:
    text = changed(old, new)
    error = refused(text)
    fault = next((fault for fault in error.faults if said in fault), None)
    assert fault is not None, error.faults
    assert fault.startswith("office.toml")
    numbers = [number for number, row in enumerate(text.splitlines(), 1) if row.startswith(line)]
    assert any(fault.startswith(f"office.toml line {number}:") for number in numbers) or line == "[nudges", fault


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'role = "chief_executive"',
            'role = "chief_executive"\nof = "constabulary"',
            "neither recommend nor decide (A2)",
        ),
        ('"youth-fund"', '"yoof-fund"', "yoof-fund is no fund of this file"),
        ('role = "chief_executive"', 'role = "commissioner"', "takes no delegation"),
        ('upper_limit = "2500.00"', 'upper_limit = "0.00"', "a limit of nothing"),
        ('upper_limit = "2500.00"\n', "", "it is missing: add it"),
        ('kinds = ["grant"]', 'kinds = ["loan"]', "it must be one of these: grant, contract, "),
        ("since = 2027-04-01\n", "", "it is missing: add it"),
        ('source = "A scheme of governance"', 'source = " "', "there is nothing in it: fill it in"),
    ],
)
def test_a_wrong_delegation(refused: Callable[[str], PolicyError], old: str, new: str, said: str) -> None:
    assert old in DELEGATION
    assert said in str(refused(TEXT + DELEGATION.replace(old, new)))


def test_the_line_of_a_fault_is_named(refused: Callable[[str], PolicyError]) -> None:
    text = changed("return_months = { value = 6", "return_months = { value = 12")
    assert str(refused(text)) == (
        f"office.toml line {line_of(text, 'return_months')}: figures.return_months: "
        "every recipient sends a return at least every six months (R1): make it 6 or less"
    )


def test_all_faults_are_kept_and_counted(refused: Callable[[str], PolicyError]) -> None:
    error = refused(changed("return_months = { value = 6", "return_months = { value = 12").replace("1/3", "one third"))
    assert len(error.faults) == 1  # the share has no value at all, so nothing else can be checked yet
    both = refused(
        changed("return_months = { value = 6", "return_months = { value = 12").replace(
            'letters = "CF"', 'letters = "YF"'
        )
    )
    assert len(both.faults) == 2
    assert str(both).endswith("(and 1 more)")


def test_what_is_no_toml_and_what_is_not_there(refused: Callable[[str], PolicyError], tmp_path: Path) -> None:
    assert "is not TOML" in str(refused("a = = 1"))
    assert "line 1" in str(refused("a = = 1"))
    assert "office: it is missing: add it" in str(refused(""))
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xa3")
    with pytest.raises(PolicyError, match="UTF-8"):
        read_policy(tmp_path / "latin.toml")


def test_the_policy_as_data(policy: Policy) -> None:
    data = json.loads(json.dumps(policy_as_data(policy)))
    assert data["plan_objectives"][1] == {"id": "support-victims", "text": "Support victims of crime"}
    assert data["csp_areas"][4] == "Peterborough"
    assert data["figures"]["portal_over"] == {
        "value": "50000.00", "unit": "pounds", "rule": "T4", "source": "§5.2 DO", "since": "2021-11-15",
    }  # fmt: skip
    assert data["buying"][1]["from"] == "5000.00"
    assert data["buying"][2]["below"] is None
    youth = data["funds"][0]
    assert youth["cap"]["value"] == "3500.00"
    assert youth["ages"]["value"] == {"lowest": 5, "highest": 18, "highest_with_send": 25}
    assert data["funds"][2]["held_share"]["value"] == "1/3"
    assert data["nudges"]["return"]["value"][1] == {"days": -28, "to": "officer", "says": "", "otherwise": ""}
    rows = [
        *data["figures"].values(),
        *data["office"].values(),
        *data["nudges"].values(),
        *data["tiers"],
        *data["buying"],
    ]
    for row in rows:
        assert row["rule"] in PARAGRAPHS
        assert row["unit"]
        assert row["source"]
        date.fromisoformat(row["since"])
    assert policy_as_data(policy_from_text(TEXT + DELEGATION))["delegations"] == [
        {
            "role": "chief_executive", "kinds": ["grant"], "funds": ["youth-fund"], "upper_limit": "2500.00",
            "since": "2027-04-01", "source": "A scheme of governance", "rule": "A1", "unit": "pounds",
        }
    ]  # fmt: skip


def test_every_figure_is_in_the_data(policy: Policy) -> None:
    figures = policy_as_data(policy)["figures"]
    for line in TEXT.partition("[figures]")[2].partition("[plan]")[0].splitlines():
        name = line.partition(" = {")[0]
        if " = {" in line and not line.startswith("#"):
            assert name in figures
    assert "terms" in figures


def test_bank_holidays_are_englands() -> None:
    days = bank_holidays()
    assert {date(2026, 12, 25), date(2026, 12, 28), date(2027, 3, 26), date(2027, 3, 29)} <= days
    assert date(2026, 11, 30) not in days  # Scotland's
    assert bank_holidays() is days


# ------------------------------------------------------------------------------------------ what a panel scores by

CRITERION = """
[[criteria]]
id = "{id}"
funds = ["{fund}"]
text = "Do young people take part in running it?"
weight = 1
highest = 3
rule = "N2"
source = "office, tests"
since = 2026-11-01
"""


def test_a_fund_has_the_criteria_of_every_fund_and_its_own() -> None:
    policy = policy_from_text(TEXT + CRITERION.format(id="voice", fund="youth-fund"))
    assert [one.id for one in policy.criteria_of("youth-fund")] == ["need", "outcomes", "plan", "value", "voice"]
    assert [one.id for one in policy.criteria_of("moj-victims")] == ["need", "outcomes", "plan", "value"]
    told = policy_as_data(policy)["criteria"][-1]
    assert told["funds"] == ["youth-fund"]
    assert told["weight"] == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TEXT + CRITERION.format(id="need", fund="youth-fund"), "the criterion of youth-fund need is there 2 times"),
        (TEXT + CRITERION.format(id="voice", fund="yuoth-fund"), "yuoth-fund is no fund of this file"),
        (TEXT + "".join(CRITERION.format(id=f"c{n}", fund="youth-fund") for n in range(7)), "11 criteria, and 10"),
        (TEXT.replace("highest = 5", "highest = 21", 1), "criteria.1.highest"),
        (TEXT.replace("weight = 3", "weight = 0", 1), "criteria.1.weight"),
        (TEXT.replace("weight = 3", "weight = 1.5", 1), "criteria.1.weight"),
        (
            TEXT.replace('highest = 5\nrule = "U1"', 'highest = 5\nrule = "X9"'),
            "criteria.1.rule",
        ),
    ],
    ids=["twice", "no fund", "too many", "too high", "weightless", "a half", "no rule"],
)
def test_criteria_that_cannot_be(text: str, fault: str) -> None:
    with pytest.raises(PolicyError) as wrong:
        policy_from_text(text)
    assert any(fault in one for one in wrong.value.faults), wrong.value.faults


def test_every_fund_has_something_to_be_scored_by() -> None:
    text = re.sub(r"(\[\[criteria\]\]\nid = \"\w+\"\n)", r'\1funds = ["youth-fund"]\n', TEXT)
    with pytest.raises(PolicyError) as wrong:
        policy_from_text(text)
    assert len(wrong.value.faults) == 6
    assert "nothing to score applications to community-fund by" in wrong.value.faults[0]


# ------------------------------------------------------------------------------------- files of an older format


FORMAT_1 = Path(__file__).parent / "formats" / "policy_format_1.toml"
FORMAT_2 = Path(__file__).parent / "formats" / "policy_format_2.toml"
FORMAT_3 = Path(__file__).parent / "formats" / "policy_format_3.toml"
FORMAT_4 = Path(__file__).parent / "formats" / "policy_format_4.toml"


def test_a_file_of_the_first_format_says_what_it_said() -> None:
    old, shipped = read_policy(FORMAT_1), read_policy(SHIPPED)
    later = {name.removeprefix("figures.") for name in came_later(FORMAT_1.read_text(encoding="utf-8"))}
    assert {"forum_months", "over_allocation", "thresholds", "notices", "retention"} <= later
    for field in fields(old):
        if field.name in later:
            assert getattr(old, field.name) == getattr(shipped, field.name), field.name
    assert old.terms.value == shipped.terms.value[:8]
    assert old.buying == shipped.buying
    assert old.questions == ()
    after = {fund.id: fund.after_year_end.value for fund in old.funds}
    assert after["moj-victims"] == "repayable"
    assert after["casualty-reduction"] == "carried_forward"
    assert after["youth-fund"] == "returned"


def test_a_file_of_the_second_format_says_what_it_said() -> None:
    text = FORMAT_2.read_text(encoding="utf-8")
    old, shipped = read_policy(FORMAT_2), read_policy(SHIPPED)
    later = {name.removeprefix("figures.") for name in came_later(text)}
    assert not {"forum_months", "thresholds"} & later
    assert "thresholds" in came_later(FORMAT_1.read_text(encoding="utf-8"))
    for field in fields(old):
        if field.name in later:
            assert getattr(old, field.name) == getattr(shipped, field.name), field.name
    changed = policy_from_text(text.replace('value = "10000.00"', 'value = "9000.00"'))
    assert changed.meetings_over.value == 900_000
    with pytest.raises(PolicyError, match=r"figures\.forum_months: it is missing: add it"):
        policy_from_text("\n".join(line for line in text.splitlines() if not line.startswith("forum_months")))


def test_a_file_of_the_third_format_says_what_it_said() -> None:
    text = FORMAT_3.read_text(encoding="utf-8")
    old, shipped = read_policy(FORMAT_3), read_policy(SHIPPED)
    later = {name.removeprefix("figures.") for name in came_later(text)}
    assert {"bank_details_a_day", "refused_shown_days", "signed_in_hours"} <= later
    assert "criteria" in later
    assert not {"answer_days", "forum_months", "thresholds"} & later
    for field in fields(old):
        if field.name in later:
            assert getattr(old, field.name) == getattr(shipped, field.name), field.name
    changed = policy_from_text(text.replace("more_time_days = { value = 28", "more_time_days = { value = 21"))
    assert changed.more_time_days.value == 21
    with pytest.raises(PolicyError, match=r"figures\.answer_days: it is missing: add it"):
        policy_from_text("\n".join(line for line in text.splitlines() if not line.startswith("answer_days")))


def test_a_file_of_the_fourth_format_says_what_it_said() -> None:
    text = FORMAT_4.read_text(encoding="utf-8")
    old, shipped = read_policy(FORMAT_4), read_policy(SHIPPED)
    later = came_later(text)
    assert {"figures.closing_days", "nudges.decision", "nudges.annual-report"} <= set(later)
    assert not {"figures.digest_day", "nudges.return", "criteria"} & set(later)
    for kind, steps in shipped.nudge_steps.items():
        if f"nudges.{kind}" in later:
            assert old.nudge_steps[kind] == steps, kind
    assert {(step.to, step.says) for step in old.nudge_steps["return"]} == {
        ("recipient", ""), ("officer", ""), ("director", ""),
    }  # fmt: skip
    assert old.closing_days == shipped.closing_days
    assert old.pauses == ()
    with pytest.raises(PolicyError, match=r"figures\.digest_day: it is missing: add it"):
        policy_from_text("\n".join(line for line in text.splitlines() if not line.startswith("digest_day")))


def test_the_shipped_file_leaves_nothing_to_be_filled_in() -> None:
    assert came_later(SHIPPED.read_text(encoding="utf-8")) == ()


def test_a_file_of_this_format_must_say_everything() -> None:
    text = "\n".join(
        line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if not line.startswith("forum_months")
    )
    with pytest.raises(PolicyError, match=r"figures\.forum_months: it is missing: add it"):
        policy_from_text(text)


def test_a_file_of_a_later_format_is_refused() -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("format = 5", "format = 6")
    with pytest.raises(PolicyError, match="format"):
        policy_from_text(text)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("acceptance_days = { value = 28", "acceptance_days = { value = 999999999999", "acceptance_days"),
        ("final_return_grace = { value = 0", "final_return_grace = { value = 367", "final_return_grace"),
        ("reference_length = { value = 6", "reference_length = { value = 500", "reference_length"),
        ("publication_working_day = { value = 1", "publication_working_day = { value = 21", "publication_working_day"),
        ("{ days = -28,", "{ days = -9999999999,", "nudges.return"),
        ("months = 84", "months = 999999999", "retention"),
    ],
)
def test_a_figure_beyond_the_calendar_is_refused_with_its_line(before: str, after: str, said: str) -> None:
    assert before in TEXT
    with pytest.raises(PolicyError, match=rf"^policy line \d+: .*{said}|^policy line \d+: {said}"):
        policy_from_text(TEXT.replace(before, after, 1))


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000 + "]" * 5_000, "x = " + "9" * 5_000])
def test_what_cannot_be_read_is_said_in_one_line(text: str) -> None:
    with pytest.raises(PolicyError, match="is not TOML") as refused:
        policy_from_text(text)
    assert "\n" not in str(refused.value)


def test_a_file_as_notepad_saves_it_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_text(TEXT, encoding="utf-8-sig")
    assert read_policy(tmp_path / "office.toml") == read_policy(SHIPPED)


@pytest.mark.parametrize(
    ("old", "new", "overlaps"),
    [
        ("2500.00", "6000.00", True),
        ('funds = ["youth-fund"]\n', "", True),
        ('funds = ["youth-fund"]', 'funds = ["community-fund", "youth-fund"]', True),
        ('kinds = ["grant"]', 'kinds = ["contract", "grant"]', True),
        ('kinds = ["grant"]', 'kinds = ["contract"]', False),
        ('funds = ["youth-fund"]', 'funds = ["community-fund"]', False),
        ("chief_executive", "director", False),
        ("2027-04-01", "2028-04-01", False),
    ],
)
def test_two_delegations_for_one_case_are_refused(old: str, new: str, overlaps: bool) -> None:
    assert old in DELEGATION
    text = TEXT + DELEGATION + DELEGATION.replace(old, new)
    if not overlaps:
        assert len(policy_from_text(text).delegations) == 2
        return
    line = len((TEXT + DELEGATION).splitlines()) + 2
    with pytest.raises(PolicyError, match=rf"^policy line {line}: delegations\.2: it overlaps delegation 1"):
        policy_from_text(text)
