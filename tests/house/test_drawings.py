"""The drawings of states in README are those of the tables: what the command prints stands there, word for word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from click.testing import CliRunner

from core.rules.lifecycle import LIFECYCLES
from core.rules.states import Lifecycle
from desk.command import main
from tests.house.project import section

MARKED = re.compile(r"<!-- from: (?P<command>.+) -->\n(?P<drawn>.*)<!-- to: (?P=command) -->\n", re.DOTALL)


def between_the_marks() -> tuple[str, str]:
    """The command that the marks in README name, and what stands between them."""
    [found] = MARKED.finditer(section("States"))
    return found["command"], found["drawn"]


def test_the_drawings_are_current() -> None:
    command, drawn = between_the_marks()
    program, *arguments = command.split()
    assert program == "award-desk"
    printed = CliRunner().invoke(main, arguments)
    assert printed.exit_code == 0
    assert drawn == printed.output, f"README draws other states. Put there what this prints: {command}"


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda one: one.name)
def test_every_thing_with_states_is_drawn_once(lifecycle: Lifecycle[Any, Any]) -> None:
    _, drawn = between_the_marks()
    assert drawn.count(f"### {lifecycle.name}\n\n```mermaid\n{lifecycle.mermaid()}\n```\n") == 1


def test_nothing_else_is_drawn() -> None:
    _, drawn = between_the_marks()
    assert drawn.count("```mermaid\n") == drawn.count("### ") == len(LIFECYCLES)
