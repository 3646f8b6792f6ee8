"""What a policy answers when it is asked: bands to the penny, windows and thresholds to the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from core.rules.policy import AddedQuestion, Band, Fund, NudgeStep, Policy, Threshold, Tier, Window

D = date.fromisoformat
SINCE = D("2026-04-01")


@pytest.mark.parametrize(
    ("lowest", "below", "pence", "held"),
    [
        (0, 100, 0, True),
        (0, 100, 99, True),
        (0, 100, 100, False),
        (100, 200, 99, False),
        (100, 200, 100, True),
        (100, 200, 199, True),
        (100, 200, 200, False),
        (200, None, 199, False),
        (200, None, 200, True),
        (200, None, 10**15, True),
    ],
)
def test_a_band_holds_its_lowest_and_not_what_it_is_below(
    lowest: int, below: int | None, pence: int, held: bool
) -> None:
    assert Band(Tier.LIGHT, lowest, below, "P0", "§5.1", SINCE).holds(pence) is held


def test_no_band_holds_less_than_nothing(policy: Policy) -> None:
    with pytest.raises(ValueError, match="no band holds -1 pence"):
        policy.tier(-1)
    with pytest.raises(ValueError, match="no band holds -1 pence"):
        policy.buying_band(-1)


@pytest.fixture
def windowed(policy: Policy) -> Fund:
    """A fund with a window, and a longer one that overlaps it."""
    youth = policy.fund("youth-fund")
    assert youth is not None
    windows = (Window(D("2027-01-04"), D("2027-01-29")), Window(D("2027-01-25"), D("2027-03-05")))
    return replace(youth, windows=windows)


@pytest.mark.parametrize(
    ("today", "closes"),
    [
        ("2027-01-03", None),
        ("2027-01-04", "2027-01-29"),
        ("2027-01-24", "2027-01-29"),
        ("2027-01-25", "2027-03-05"),
        ("2027-01-29", "2027-03-05"),
        ("2027-03-05", "2027-03-05"),
        ("2027-03-06", None),
    ],
)
def test_a_fund_is_open_in_its_windows_and_closes_with_the_last(windowed: Fund, today: str, closes: str | None) -> None:
    assert windowed.is_open(D(today)) is (closes is not None)
    assert windowed.closes(D(today)) == (D(closes) if closes else None)
    within = windowed.window(D(today))
    assert (within.closes if within else None) == (D(closes) if closes else None)


def test_a_fund_without_a_window_is_open_without_an_end(windowed: Fund) -> None:
    always = replace(windowed, windows=())
    assert always.is_open(D("2027-01-04"))
    assert always.closes(D("2027-01-04")) is None


@pytest.mark.parametrize("windows", [True, False])
def test_a_fund_that_takes_no_applications_is_closed_in_its_window_too(windowed: Fund, windows: bool) -> None:
    invited = replace(windowed, open_to_applications=False, windows=windowed.windows if windows else ())
    assert not invited.is_open(D("2027-01-04"))
    assert invited.closes(D("2027-01-04")) is None


def test_a_nudge_goes_to_the_office_or_to_the_recipient() -> None:
    assert [NudgeStep(0, to).to_staff for to in ("recipient", "officer", "director")] == [False, True, True]


def test_an_objective_is_found_by_its_id(policy: Policy) -> None:
    first, second = policy.plan_objectives[:2]
    assert policy.objective(first.id) == first
    assert policy.objective(second.id) == second
    assert policy.objective("none-of-them") is None


def test_of_several_thresholds_the_latest_that_has_begun_holds(policy: Policy) -> None:
    rows = tuple(
        Threshold(name, pence, "T8", "the Act", D(since))
        for name, pence, since in (
            ("light_touch", 1, "2025-01-01"),
            ("light_touch", 3, "2028-01-01"),
            ("light_touch", 2, "2026-01-01"),
            ("notifiable", 4, "2026-06-01"),
        )
    )
    dated = replace(policy, thresholds=rows)
    held = [
        (found.value if (found := dated.threshold("light_touch", D(day))) else None)
        for day in ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01", "2027-12-31", "2028-01-01")
    ]
    assert held == [None, 1, 1, 2, 2, 3]
    assert dated.threshold("notifiable", D("2026-05-31")) is None
    assert dated.threshold("goods_and_services", D("2028-01-01")) is None


def test_an_added_question_is_asked_on_its_form_and_for_its_funds(policy: Policy) -> None:
    def added(name: str, form: str, funds: tuple[str, ...] | None) -> AddedQuestion:
        return AddedQuestion(
            id=name, form=form, funds=funds, least_tier=Tier.LIGHT, kind="text", title=name, label=name, hint="",
            required=False, word_limit=None, choices=(), rule="U1", source="office", since=SINCE,
        )  # fmt: skip

    rows = (
        added("everywhere", "application", None),
        added("youth", "application", ("youth-fund",)),
        added("both", "application", ("youth-fund", "community-fund")),
        added("afterwards", "return", ("youth-fund",)),
    )
    asking = replace(policy, questions=rows)

    def asked(form: str, fund: str) -> list[str]:
        return [row.id for row in asking.added_questions(form, fund)]

    assert asked("application", "youth-fund") == ["everywhere", "youth", "both"]
    assert asked("application", "community-fund") == ["everywhere", "both"]
    assert asked("application", "casualty-reduction") == ["everywhere"]
    assert asked("return", "youth-fund") == ["afterwards"]
    assert asked("return", "community-fund") == []


def test_what_is_looked_up_cannot_be_changed(policy: Policy) -> None:
    with pytest.raises(TypeError):
        policy.nudge_steps["return"] = ()  # type: ignore[index]
    assert policy.nudge_steps is policy.nudge_steps
    assert policy.fund("none-of-them") is None
