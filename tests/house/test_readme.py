"""README says what is there: its two commands, every command of the desk, every setting."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import click

from desk.command import main
from desk.settings import Settings
from tests.house.project import ROOMS, ROOT, section

QUOTED = re.compile(r"`([^`]+)`")


def commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command as it is typed."""
    for name in group.commands:
        _, command, _ = group.resolve_command(click.Context(group), [name])
        if isinstance(command, click.Group):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name))


def first_column(heading: str) -> list[str]:
    """What stands in backticks in the first column of a section's table."""
    rows = [line.split("|")[1] for line in section(heading).splitlines() if line.startswith("|")]
    return [quoted for row in rows for quoted in QUOTED.findall(row)]


def typed(example: str) -> str:
    """The words of a command without its options and arguments."""
    words = []
    for word in example.split():
        if word.startswith("-") or word.isupper():
            break
        words.append(word)
    return " ".join(words)


def test_the_two_commands() -> None:
    commands_named = re.findall(r"```\n(pip .*)\n```", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert commands_named == ["pip install uv && uv run award-desk up", "pip install uv && uv run pytest"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"award-desk": "desk.command:main"}
    assert "pytest" in {re.split(r"[<>=\[]", one)[0] for one in project["dependency-groups"]["dev"]}


def test_every_command_is_in_the_table_and_nothing_else() -> None:
    assert sorted(typed(one) for one in first_column("Commands")) == sorted(commands(main))


def test_every_setting_is_in_the_table_or_named_as_not_used_yet() -> None:
    unused = QUOTED.findall(section("Settings").partition("Read, and not used yet:")[2])
    assert sorted([*first_column("Settings"), *unused]) == sorted(name.upper() for name in Settings.model_fields)


def test_every_room_and_every_file_that_readme_sends_people_to_is_there() -> None:
    named = [one for heading in ("Where do I change …?", "How it is built") for one in QUOTED.findall(section(heading))]
    paths = [one for one in named if "/" in one or re.search(r"\.(py|toml|css)$", one)]
    assert {f"{room}/" for room in ROOMS} <= set(paths)
    folders = [ROOT, *(path for room in ROOMS for path in (ROOT / room, *(ROOT / room).rglob("*")) if path.is_dir())]
    missing = [one for one in paths if not any((folder / one).exists() for folder in folders)]
    assert missing == []


def test_every_picture_is_there_small_and_described() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert pictures
    shown = ROOT / "tests" / "story" / "shown"
    assert sorted(ROOT / path for _, path in pictures) == sorted(shown.iterdir())
    for words, path in pictures:
        assert len(words) > 15, f"{path} needs words for whoever cannot see it"
        assert (ROOT / path).stat().st_size < 60_000, f"{path} is too heavy"
