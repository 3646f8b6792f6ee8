"""Writes how the timetable's jobs go into the record, each time in a transaction of its own.

A job whose own transaction failed is in the record all the same. While the record itself is away, what happened is
gathered here and written as soon as it is back: nothing is counted twice, and no job waits for it or fails by it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from core import timetable_jobs
from core.timetable_jobs import Tally

log = logging.getLogger(__name__)


def _machine_time() -> datetime:
    return datetime.now(UTC)


class JobRecord:
    """One process's hand in the record of the timetable. Its times are the machine's, as the timetable's own are."""

    def __init__(self, sessions: sessionmaker[Session], *, clock: Callable[[], datetime] = _machine_time) -> None:
        self._sessions = sessions
        self._clock = clock
        self._writing = threading.Lock()
        self._unwritten: dict[str, Tally] = {}

    def started(self, job: str) -> None:
        """A run of `job` begins."""
        self._add(job, Tally.started)

    def succeeded(self, job: str) -> None:
        """It ended well."""
        self._add(job, Tally.succeeded)

    def passed(self, job: str) -> None:
        """It found another process at the same work."""
        self._add(job, Tally.passed)

    def missed(self, job: str) -> None:
        """It could not begin in time."""
        self._add(job, Tally.missed)

    def failed(self, job: str, error: BaseException, reference: str) -> None:
        """It failed; the log has the error under `reference`."""
        self._add(job, lambda tally, now: tally.failed(now, error, reference))

    def _add(self, job: str, happened: Callable[[Tally, datetime], None]) -> None:
        with self._writing:
            happened(self._unwritten.setdefault(job, Tally()), self._clock())
            try:
                with self._sessions.begin() as session:
                    for name in sorted(self._unwritten):  # in one order: two processes must not wait for each other
                        timetable_jobs.keep(session, name, self._unwritten[name])
            except (SQLAlchemyError, OSError) as error:
                log.warning("how the %s went is not in the record yet; it is written with the next: %s", job, error)
                return
            self._unwritten = {}
