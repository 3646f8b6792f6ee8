"""Figures are gathered while the benchmarks run, in whichever process, and told in the terminal at the end."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from tests.benchmarks.rounds import Compared, table

_FIGURES = pytest.StashKey[list[Compared]]()
_SENT = "benchmarks"


def take(config: pytest.Config, compared: Compared) -> None:
    """Keep a comparison, to be told at the end."""
    config.stash.setdefault(_FIGURES, []).append(compared)


@pytest.hookimpl
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker has no terminal: it sends its figures to the process that has."""
    sent: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if sent is not None:
        sent[_SENT] = [astuple(one) for one in session.config.stash.get(_FIGURES, [])]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker that has ended."""
    for row in getattr(node, "workeroutput", {}).get(_SENT, ()):
        take(node.config, Compared(*row))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of all that was measured."""
    figures = config.stash.get(_FIGURES, [])
    if figures:
        terminalreporter.section("benchmarks: medians of alternating rounds; only the ratios mean anything elsewhere")
        for line in table(figures):
            terminalreporter.write_line(line)
