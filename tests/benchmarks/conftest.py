"""Figures are gathered while the benchmarks run, and told in the terminal at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks.rounds import Compared, table

FIGURES = pytest.StashKey[list[Compared]]()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Compared], None]:
    """Takes a comparison to be told at the end. Fails where it came to no ratio."""

    def take(compared: Compared) -> None:
        assert compared.sound, compared
        request.config.stash.setdefault(FIGURES, []).append(compared)

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("benchmarks: medians of alternating rounds; only the ratios mean anything elsewhere")
        for line in table(figures):
            terminalreporter.write_line(line)
