"""What only one process of this machine may do at once."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock on this file, between processes; wait for it first."""
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


def one_at_a_time(what: str) -> Path:
    """The lock of something that only one process of this machine may do at once, such as installing a package."""
    return Path(tempfile.gettempdir()) / f"award-desk-tests-{what}.lock"
