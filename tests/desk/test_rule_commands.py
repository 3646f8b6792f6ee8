"""What the rules say, asked at the command line: why, who, which fund, and what they said on another day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.office import fingerprint_of
from core.policies import SHORT
from core.policy_file import SHIPPED
from tests.desk.conftest import Run

LARGE = ("--kind", "grant", "--amount", "4000", "--fund", "youth-fund", "--purpose", "young_people")


def data(run: Run, *given: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("rules", "explain", *given, "--json").output)
    return found


def test_it_says_who_could_approve_and_which_fund_would_fit(run: Run) -> None:
    run("funds", "allocate", "crime-and-disorder", "2026-27", "60000")
    told = data(run, *LARGE, "--start", "2027-01-04")
    approver = "The Commissioner could approve it, once somebody else has recommended it."
    assert told["who_may_approve"] == approver
    assert told["fitting_funds"] == ["crime-and-disorder"]
    assert [one["rule"] for one in told["findings"] if one["verdict"] == "not_met"] == ["F5"]
    text = run("rules", "explain", *LARGE, "--start", "2027-01-04").output
    assert approver in text
    assert "What would fit: Crime and Disorder Reduction Fund." in text
    assert text.index("NOT MET") < text.index("F6") < text.index("met           P0")


def test_a_fund_that_fits_needs_no_other(run: Run) -> None:
    fits = ("--kind", "grant", "--amount", "3500.00", "--fund", "youth-fund", "--purpose", "young_people")
    assert data(run, *fits)["fitting_funds"] == []
    assert data(run, "--kind", "grant", "--amount", "100", "--purpose", "road_safety")["fitting_funds"] == [
        "casualty-reduction"
    ]


def test_what_waits_for_payment_is_told_apart(run: Run) -> None:
    lines = run("rules", "explain", *LARGE).output.splitlines()
    assert any(line.startswith("to be paid    L5") for line in lines)
    assert any(line.startswith(("to do         F5", "NOT MET       F5")) for line in lines)


def test_it_says_what_the_rules_said_on_another_day(run: Run, tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    later = text.replace('cap = { value = "3500.00"', 'cap = { value = "4500.00"')
    assert later != text
    (tmp_path / "first.toml").write_text(text + "\n# the first\n", encoding="utf-8")
    (tmp_path / "later.toml").write_text(later, encoding="utf-8")
    run("policy", "apply", "first.toml")
    run("policy", "apply", "later.toml", "--from", "2099-04-01")
    assert [one["rule"] for one in data(run, *LARGE)["findings"] if one["verdict"] == "not_met"] == ["F5"]
    assert "F5" in {
        one["rule"] for one in data(run, *LARGE, "--on", "2099-03-31")["findings"] if one["verdict"] == "not_met"
    }
    assert "F5" not in {
        one["rule"] for one in data(run, *LARGE, "--on", "2099-04-01")["findings"] if one["verdict"] == "not_met"
    }
    assert "£3,500" in run("rules", "show", "F5", "--on", "2099-03-31").output
    assert "£4,500" in run("rules", "show", "F5", "--on", "2099-04-01").output
    assert "--on" in run("rules", "explain", *LARGE, "--on", "yesterday", fails=True).output
    later_one = fingerprint_of(later)[:SHORT]
    assert (
        f"under policy {later_one} as on 1 April 2099\n" in run("rules", "explain", *LARGE, "--on", "2099-04-01").output
    )
    before = "so it cannot say what held on 1 March 2020"
    for command in (("explain", *LARGE), ("show", "F5")):
        assert before in run("rules", *command, "--on", "2020-03-01", fails=True).output


def test_a_rule_is_shown_with_its_paragraph_and_figures(run: Run) -> None:
    shown = json.loads(run("rules", "show", "t1", "--json").output)
    assert (shown["rule"], shown["paragraph"]) == ("T1", "§5.2 DO")
    assert {"£50,000 and above", "below £5,000"} <= {figure["value"] for figure in shown["figures"]}
    text = run("rules", "show", "T1").output
    assert "three written quotes" in text.lower()
    assert "It has no figure" in run("rules", "show", "R3").output
    unknown = run("rules", "show", "Z9", fails=True).output
    assert "There is no rule Z9" in unknown
    assert "D0" in unknown
