"""Who hears of a deadline, on which days, and once only (D0)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, bank_holidays, read_policy
from core.rules.calendar import nudge_dates
from core.rules.facts import Finding, Verdict
from core.rules.nudging import SentNudge, nudge_finding, sent_finding, steps_text
from core.rules.policy import NudgeStep, Policy
from core.rules.sources import paragraph

D = date.fromisoformat
HOLIDAYS = bank_holidays()
RETURN = read_policy(SHIPPED).nudge_steps["return"]


def check(found: Finding, rule: str, verdict: str) -> Finding:
    """That a finding is of this rule and verdict, and says what to do unless it is met."""
    assert (found.rule, found.verdict.value, found.paragraph) == (rule, verdict, paragraph(rule))
    assert found.because.endswith(".")
    assert bool(found.remedy) == (verdict != "met")
    return found


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([-28, -7, -1, 0, 7, 14, 28], "28, 7 and 1 days before, on the day and 7, 14 and 28 days after"),
        ([28, 14], "14 and 28 days after"),
        ([-1], "1 day before"),
        ([1], "1 day after"),
        ([-2], "2 days before"),
        ([0, 0], "on the day"),
        ([-7, 0], "7 days before and on the day"),
        ([], "never"),
    ],
)
def test_steps_in_words(days: list[int], said: str) -> None:
    assert steps_text(days) == said


def test_who_hears_of_a_return(policy: Policy) -> None:
    found = check(nudge_finding("return", None, policy, HOLIDAYS), "D0", "met")
    every = "28, 7 and 1 days before, on the day and 7, 14 and 28 days after"
    assert found.because == (
        f"Reminded are the recipient by e-mail: {every}; their second contact by e-mail: 7, 14 and 28 days after; "
        f"the officer in Slack: {every}; "
        "the Director in Slack: 14 and 28 days after. "
        "Staff hear on the next working day where nobody works on one of these."
    )


def test_only_who_hears_is_named(policy: Policy) -> None:
    found = check(nudge_finding("meeting", None, policy, HOLIDAYS), "D0", "met")
    assert found.because.startswith(
        "Reminded are the officer in Slack: 28 and 7 days before and on the day; the Director"
    )


def test_staff_hear_on_a_day_on_which_they_work(policy: Policy) -> None:
    # 21 January 2027 is a Thursday: 28 days before it is Christmas Eve, 14 days after it 4 February.
    plain = check(nudge_finding("return", D("2027-01-21"), policy, HOLIDAYS), "D0", "met")
    assert plain.because.endswith("the Director in Slack: 14 and 28 days after. It is due on 21 January 2027.")
    # A day later 28 days before is Christmas Day, then the week-end and Boxing Day's substitute.
    moved = check(nudge_finding("return", D("2027-01-22"), policy, HOLIDAYS), "D0", "met")
    assert moved.because.endswith("so staff hear of 25 December 2026 on 29 December 2026.")


def test_recipients_hear_on_the_day_itself(policy: Policy) -> None:
    steps = policy.nudge_steps["acceptance"]
    days = {(step.to, step.days): day for step, day in nudge_dates(D("2027-01-02"), steps, HOLIDAYS)}
    assert days == {
        ("recipient", -7): D("2026-12-26"),
        ("officer", -7): D("2026-12-29"),
        ("recipient", -1): D("2027-01-01"),
        ("second_contact", -1): D("2027-01-01"),
    }


def test_a_kind_without_steps_is_advice(policy: Policy) -> None:
    found = check(nudge_finding("birthday", None, policy, HOLIDAYS), "D0", "advice")
    assert "[nudges.birthday]" in found.remedy


def test_an_agreed_extension_moves_every_step() -> None:
    before = nudge_dates(D("2027-03-31"), RETURN, frozenset())
    after = nudge_dates(D("2027-04-07"), RETURN, frozenset())
    assert [(step, day + timedelta(days=7)) for step, day in before] == list(after)


STEPS = (NudgeStep(-7, "recipient"), NudgeStep(-7, "officer"), NudgeStep(0, "recipient"), NudgeStep(14, "director"))
DUE = D("2026-12-26")


@pytest.mark.parametrize(
    ("sent", "today", "verdict", "said"),
    [
        ([], "2026-12-18", "met", "No nudge of it has come yet."),
        ([], "2026-12-19", "advice", "Not sent yet: the recipient by e-mail, 7 days before."),  # a Saturday
        ([], "2026-12-21", "advice", "7 days before and the officer in Slack, 7 days before."),
        ([(-7, "recipient", "2026-12-19")], "2026-12-20", "met", "1 nudge sent, each once"),
        ([(-7, "recipient", "2026-12-18")], "2026-12-20", "not_met", "Sent before its day: the recipient by e-mail"),
        ([(-7, "officer", "2026-12-19")], "2026-12-19", "not_met", "Sent before its day: the officer in Slack"),
        (
            [(-7, "recipient", "2026-12-19"), (-7, "recipient", "2026-12-20")],
            "2026-12-20",
            "not_met",
            "Sent more than once: the recipient by e-mail, 7 days before.",
        ),
        # What was missed is not made up once a later one has come.
        ([(0, "recipient", "2026-12-27"), (-7, "officer", "2026-12-27")], "2026-12-27", "met", "2 nudges sent"),
        (
            [(0, "recipient", "2026-12-26"), (-7, "officer", "2026-12-21")],
            "2027-01-11",
            "advice",
            "Not sent yet: the Director in Slack, 14 days after.",
        ),
        # A step that the policy no longer has was rightly sent under the one that had it.
        ([(-28, "recipient", "2026-11-28")], "2026-12-01", "met", "1 nudge sent"),
    ],
)
def test_each_step_is_sent_once(sent: list[tuple[int, str, str]], today: str, verdict: str, said: str) -> None:
    nudges = [SentNudge(days, to, D(on)) for days, to, on in sent]
    assert said in check(sent_finding(DUE, nudges, STEPS, HOLIDAYS, D(today)), "D0", verdict).because


@given(st.dates(date(2024, 6, 1), date(2028, 6, 1)))
def test_what_goes_out_on_its_day_is_as_it_should_be(due: date) -> None:
    days = nudge_dates(due, RETURN, HOLIDAYS)
    sent = [SentNudge(step.days, step.to, day) for step, day in days]
    found = sent_finding(due, sent, RETURN, HOLIDAYS, due + timedelta(days=60))
    assert found.verdict is Verdict.MET
    again = sent_finding(due, [*sent, sent[0]], RETURN, HOLIDAYS, due + timedelta(days=60))
    assert again.verdict is Verdict.NOT_MET
    for step, day in days:
        assert day >= due + timedelta(days=step.days)
        assert not step.to_staff or (day.weekday() < 5 and day not in HOLIDAYS)
