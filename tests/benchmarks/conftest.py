"""What every benchmark can ask for, and that each runs alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import database
from tests.benchmarks import figures
from tests.benchmarks.rounds import Compared
from tests.benchmarks.server import FLOOR

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


@pytest.fixture
def served_url(database_url: str) -> Iterator[str]:
    """A record that the server adds its floor's table to, for as long as it serves."""
    yield database_url
    engine = database.open_database(database_url)
    FLOOR.metadata.drop_all(engine)
    engine.dispose()
