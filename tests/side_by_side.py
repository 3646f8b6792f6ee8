"""The whole suite runs on several processors; what is being timed runs alone.

A run of everything takes a worker for each processor. Whoever names the tests to run gets them in this process: to
start workers would take longer. Tests marked `alone` wait until no other runs, and none begins before they have ended.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.locks import locked, one_at_a_time

MOST_WORKERS = 4
"""Each has a PostgreSQL and a Chromium of its own."""


@contextmanager
def in_turn(*, alone: bool) -> Iterator[None]:
    """Run one test beside those of the other workers, or with none of them running.

    The door is held while waiting for the room, so that whoever wants it alone is not passed by for ever.
    """
    if not _is_worker():
        yield
        return
    door, room = _locks(os.getppid())
    with ExitStack() as held:
        with locked(door):
            held.enter_context(locked(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def _locks(run: int) -> tuple[Path, Path]:
    """The locks of the run whose workers have this process as their parent."""
    return one_at_a_time(f"door-{run}"), one_at_a_time(f"room-{run}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Every test in its turn."""
    with in_turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """None for tests that were named, or that are only listed; a worker for each processor for all of them."""
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return 0 if named or config.option.collectonly else min(os.cpu_count() or 1, MOST_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Leave no lock of this run behind."""
    if not _is_worker():
        for lock in _locks(os.getpid()):
            lock.unlink(missing_ok=True)
