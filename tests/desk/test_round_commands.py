"""The commands about sittings, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from click.testing import Result

Run = Callable[..., Result]
SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


def test_a_sitting_is_opened_listed_shown_and_closed(run: Run) -> None:
    run("db", "upgrade")
    assert "There is no sitting yet" in run("rounds", "list").output
    run("people", "add", "Ada", "ada@example.org", "--role", "officer")
    said = run("rounds", "open", "Spring panel", "--day", SOON, "--fund", "youth-fund", "--scorer", "Ada").output
    assert said.startswith("Sitting 1, 'Spring panel' on ")
    assert "is open. 0 applications are on its list." in said
    assert "Spring panel" in run("rounds", "list").output
    assert "nothing to score" in run("rounds", "begin", "1", fails=True).output
    assert json.loads(run("rounds", "show", "1", "--json").output) == {
        "number": 1, "name": "Spring panel", "day": SOON, "state": "open", "funds": [],
    }  # fmt: skip
    assert run("rounds", "show", "1", "--csv").output.startswith("fund,year,place,")
    assert "is closed." in run("rounds", "close", "1", "--note", "All were there").output
    assert "cannot be closed" in run("rounds", "close", "1", fails=True).output


def test_what_cannot_be_is_said_in_a_line(run: Run) -> None:
    run("db", "upgrade")
    assert "There is no sitting 7" in run("rounds", "show", "7", fails=True).output
    wrong = run("rounds", "open", "X", "--day", SOON, "--fund", "yuoth-fund", fails=True).output
    assert "Choose one fund or more: youth-fund" in wrong
    late = run("rounds", "open", "X", "--day", "2020-01-01", "--fund", "youth-fund", fails=True).output
    assert "That day has passed" in late
