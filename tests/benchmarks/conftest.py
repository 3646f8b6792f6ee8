"""What every benchmark can ask for, and that each runs alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks import figures
from tests.benchmarks.rounds import Compared

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing else runs while something is timed."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.alone)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Compared], None]:
    """Takes a comparison to be told at the end. Fails where it came to no ratio."""

    def take(compared: Compared) -> None:
        assert compared.sound, compared
        figures.take(request.config, compared)

    return take
