"""What no file of the project may be or hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT, files, modules, told

LONGEST = 600
"""Lines of a module: a longer one is split by its subject."""

ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+)")
HOSTS = frozenset(
    {
        "127.0.0.1",
        "localhost",
        "slack.com",
        "api.slack.com",
        "api.notifications.service.gov.uk",
        "www.nationalarchives.gov.uk",
        "www.w3.org",
        "raw.githubusercontent.com",  # the name, not the place, of the published schemas
    }
)
"""Whose addresses may stand in the project; made-up ones besides. A package registry is the machine's setting."""

MADE_UP = re.compile(r"(^|\.)(example(\.org)?|test|lan|evil)$")

MACHINE = re.compile(r"(?<![\w.>}])/(?:home|Users|root|work|opt|mnt|srv)/\w")
"""A path that only one machine has."""


def test_the_walk_finds_the_project() -> None:
    found = {told(path) for path in files()}
    assert {"README.md", "pyproject.toml", ".ci/run", "core/policy.toml", "tests/house/test_files.py"} <= found
    assert not any(name.startswith((".venv", ".git/", "tests/pictures")) for name in found)


def test_no_module_is_too_long() -> None:
    long = {told(path): lines for path in modules() if (lines := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


def test_whether_an_update_found_its_row_is_asked_in_one_room() -> None:
    """`core.guarded`, besides the practice Slack, whose record is a file of its own."""
    asked = [
        told(path) for path in modules() if ".rowcount" in path.read_text() and not told(path).startswith("tests/")
    ]
    assert sorted(asked) == ["bot/practice/workspace.py", "core/guarded.py"]


@pytest.mark.parametrize("word", ["helper", "helpers", "util", "utils", "manager", "base", "common", "misc"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [told(path) for path in modules() if path.stem == word] == []


def test_no_file_leads_to_a_registry_or_to_a_path_of_a_machine() -> None:
    wrong = []
    for path in files():
        text = path.read_text(encoding="utf-8", errors="replace")
        hosts = {found.rstrip(".") for found in ADDRESS.findall(text)}
        wrong += [f"{told(path)}: {host}" for host in hosts - HOSTS if not MADE_UP.search(host)]
        wrong += [f"{told(path)}: {found.group()}" for found in MACHINE.finditer(text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("see ", "home", "ada"), True),
        (('"', "root", "x"), True),
        (("https://desk.example", "work", "1"), False),
        (("/<person>", "home", "press"), False),
    ],
)
def test_what_counts_as_a_path_of_a_machine(steps: tuple[str, ...], found: bool) -> None:
    assert bool(MACHINE.search("/".join(steps))) is found


def test_imports_point_down(tmp_path: Path) -> None:
    # In a process of its own: the linter sets up logging anew, and silences every logger that is there already.
    program = (
        "import sys; from importlinter import cli; sys.exit(cli.lint_imports(cache_dir=sys.argv[1], no_logo=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout
