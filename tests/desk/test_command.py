"""The list of commands: there at once, whole and true."""

from __future__ import annotations

import subprocess
import sys
from typing import cast

import click
import pytest

from desk.command import COMMANDS, Named, main

HELP = """
import sys
from desk.command import main
main(["--help"], standalone_mode=False)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
"""Prints the list of commands, then what was loaded for it."""

HEAVY = {"alembic", "apscheduler", "bot", "core", "flask", "intake", "pydantic", "rich", "scheduler", "slack_bolt"}


@pytest.mark.one_database
def test_the_list_of_commands_is_whole_and_loads_nothing_of_what_they_need() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    *said, loaded = done.stdout.splitlines()
    listed = [line.split()[0] for line in said[said.index("Commands:") + 1 :] if line.strip()]
    assert listed == sorted(name for name, _, _ in COMMANDS)
    assert not HEAVY.intersection(loaded.split())


@pytest.mark.one_database
@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_a_line_of_the_list_is_what_the_command_says_of_itself(name: str) -> None:
    told = cast(Named, main.commands[name])
    command = told.loaded()
    assert isinstance(command, click.Command)
    assert command.name == name
    assert told.help is not None
    assert " ".join((command.help or "").split()).startswith(told.help)
    assert told.get_short_help_str(60) == command.get_short_help_str(60)
