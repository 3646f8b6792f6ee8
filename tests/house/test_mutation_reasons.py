"""The mutants of the rules that may survive: each has a reason, and stands on a line that there is."""

from __future__ import annotations

import tomllib

from tests.house.project import ROOT

SURVIVORS = tomllib.loads((ROOT / "tests/mutation/survivors.toml").read_text(encoding="utf-8"))["survivor"]


def lines_of(module: str) -> set[str]:
    return {line.strip() for line in (ROOT / f"core/rules/{module}.py").read_text(encoding="utf-8").splitlines()}


def test_each_is_on_a_line_that_there_is() -> None:
    assert SURVIVORS
    assert [row for row in SURVIVORS if not lines_of(row["module"]) >= set(row["was"].splitlines())] == []


def test_each_has_a_reason_and_stands_once() -> None:
    assert [row for row in SURVIVORS if len(row["because"].split()) < 4 or row["was"] == row["now"]] == []
    named = [(row["module"], row["within"], row["was"], row["now"]) for row in SURVIVORS]
    assert len(named) == len(set(named))
