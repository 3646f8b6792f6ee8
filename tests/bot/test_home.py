"""Home as a view: within Slack's limits whatever was typed, in every state; and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import ACTIONS
from bot.home import A_PAGE, BAR, DueRow, FundRow, HomeFacts, Row, SaidRow, bar, for_nobody, home
from bot.practice.block_rules import elements_of, view_faults
from bot.words import Typed
from tests.bot.conftest import NOON
from tests.bot.test_cards import TEXTS, strings, text_of

TODAY = date(2026, 12, 3)


def row(text: str, number: int = 1, actions: tuple[str, ...] = ("recommend",)) -> Row:
    return Row(
        id=number,
        version=number + 1,
        reference="YF-2026-7K4MPX",
        organisation=Typed(text),
        title=Typed(text),
        amount=200_000,
        fund="Youth Fund",
        submitted_at=NOON,
        recommended=Typed(text) if "approve" in actions else None,
        actions=actions,
    )


def fund(awardable: int, committed: int, paid: int, *, known: bool = True) -> FundRow:
    return FundRow("Youth Fund", awardable, committed, paid, awardable - committed, known)


def facts(text: str = "Ramsey Boxing Club", **changed: Any) -> HomeFacts:
    usual = HomeFacts(
        name=Typed(text),
        today=TODAY,
        year="2026-27",
        desk_url="https://desk.example/desk",
        rows=tuple(row(text, number) for number in range(1, A_PAGE + 1)),
        page=1,
        total=A_PAGE * 3,
        also=("2 returns to read", "1 overdue return"),
        due=tuple(DueRow("YF-2026-7K4MPX", Typed(text), "return", TODAY + timedelta(days=day)) for day in range(-6, 6)),
        due_more=40,
        days_ahead=14,
        funds=tuple(fund(6_000_000, 2_000_000, 500_000) for _ in range(20)),
        said=tuple(SaidRow("YF-2026-7K4MPX", Typed(text), "approved", 200_000, NOON) for _ in range(6)),
    )
    return replace(usual, **changed)


STATES: dict[str, dict[str, Any]] = {
    "everything": {},
    "nothing": {"rows": (), "total": 0, "page": 0, "also": (), "due": (), "due_more": 0, "said": ()},
    "no funds": {"funds": ()},
    "to decide": {"rows": tuple(row("Club", number, ("approve", "decline")) for number in range(1, A_PAGE + 1))},
    "first page": {"page": 0},
    "last page": {"page": 2},
    "refused": {"notice": "You recommended this, so someone else decides it."},
    "notes": {"notes": ("You stand in for Olive Officer until 9 December 2026.",)},
    "nothing allocated": {"funds": (fund(0, 0, 0, known=False),)},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("text", TEXTS)
def test_home_obeys_slack_whatever_was_typed(text: str, state: str) -> None:
    view = home(facts(TEXTS[text], **STATES[state]))
    assert view_faults(view) == []


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_typed_is_live(text: str) -> None:
    view = home(facts(TEXTS[text], **STATES["to decide"]))
    live = [said for kind, said in strings(view) if kind == "mrkdwn"]
    assert live
    assert all("evil" not in said and "!channel" not in said and "@U0COMM" not in said for said in live)


@pytest.mark.parametrize("state", STATES)
def test_every_button_of_home_has_an_access_rule(state: str) -> None:
    view = home(facts(**STATES[state]))
    found = [
        element["action_id"] for block in view["blocks"] for element in elements_of(block) if "action_id" in element
    ]
    assert found
    assert set(found) <= set(ACTIONS)


def test_what_home_says() -> None:
    said = text_of(home(facts(rows=(row("Ramsey Boxing Club", 1, ("approve", "decline")),), total=1, page=0))["blocks"])
    for words in (
        "Waiting for you: 1",
        "£2,000 from the Youth Fund",
        "Ramsey Boxing Club",
        "Recommended by",
        "Approve…",
        "Decline…",
        "2 returns to read",
        "Overdue",
        "In the next 14 days",
        "monitoring return, 2 December 2026",
        "and 40 more on the staff pages.",
        "£40,000 left of £60,000: £5,000 paid, £15,000 committed and not yet paid.",
        "What you last recommended or decided",
    ):
        assert words in said, words
    assert "Later ones" not in said


def test_pages_lead_on_and_back() -> None:
    first, middle, last = (text_of(home(facts(page=page))["blocks"]) for page in range(3))
    assert ("Earlier ones" in first, "Later ones" in first) == (False, True)
    assert ("Earlier ones" in middle, "Later ones" in middle) == (True, True)
    assert ("Earlier ones" in last, "Later ones" in last) == (True, False)
    assert "11 to 20 of 30" in middle


def test_the_home_of_an_account_that_is_nobodys() -> None:
    view = for_nobody("Your Slack account is not linked to anybody on the office's staff list.")
    assert view_faults(view) == []
    assert "not linked" in text_of(view["blocks"])


@given(st.integers(0, 10**11), st.data())
def test_a_bar_shows_all_of_the_money(awardable: int, data: st.DataObject) -> None:
    committed = data.draw(st.integers(0, awardable + awardable // 10))
    paid = data.draw(st.integers(0, committed))
    made = bar(FundRow("Fund", awardable, committed, paid, awardable - committed, known=True))
    assert len(made) == BAR
    assert made == "█" * made.count("█") + "▓" * made.count("▓") + "░" * made.count("░")
    if awardable >= BAR:
        assert ("█" in made) >= (paid > 0 and awardable - committed < awardable)
        assert ("░" in made) == (committed < awardable)


def test_a_bar_to_the_sign() -> None:
    assert bar(fund(2_000, 1_000, 500)) == "█████▓▓▓▓▓░░░░░░░░░░"
    assert bar(fund(2_000, 2_000, 2_000)) == "█" * BAR
    assert bar(fund(2_000, 1_999, 1_999)) == "█" * (BAR - 1) + "░"
    assert bar(fund(2_000, 1, 0)) == "▓" + "░" * (BAR - 1)
    assert bar(fund(0, 0, 0)) == "░" * BAR
