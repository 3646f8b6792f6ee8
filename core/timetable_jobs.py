"""How the jobs of the timetable go: one row for each, to which any number of processes add what they saw.

What happened is gathered in a `Tally` first, so that nothing is lost while the record itself is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.records import TimetableJob

LONGEST_LATE: Final = timedelta(days=1)
"""How late a process's word may come. An instant further ahead of it is that of a clock that went wrong."""

LONGEST_WORDS: Final = 200
"""How much of an error's words is kept: the log has the rest, under the reference."""


@dataclass
class Tally:
    """What happened to one job and is not in the record yet.

    The counts "since" are of what came after `succeeded_at`, or, where nothing ended well, of everything.
    """

    started_at: datetime | None = None
    succeeded_at: datetime | None = None
    passed_at: datetime | None = None
    missed_at: datetime | None = None
    failed_at: datetime | None = None
    reference: str | None = None
    words: str | None = None
    runs: int = 0
    passes: int = 0
    errors: int = 0
    misses: int = 0
    errors_since: int = 0
    misses_since: int = 0

    def started(self, now: datetime) -> None:
        """A run began."""
        self.started_at = now

    def succeeded(self, now: datetime) -> None:
        """A run ended well."""
        self.succeeded_at = now
        self.runs += 1
        self.errors_since = self.misses_since = 0

    def passed(self, now: datetime) -> None:
        """A run found another process at the same work, and left it to it."""
        self.passed_at = now
        self.passes += 1

    def missed(self, now: datetime) -> None:
        """A run could not begin in time."""
        self.missed_at = now
        self.misses += 1
        self.misses_since += 1

    def failed(self, now: datetime, error: BaseException, reference: str) -> None:
        """A run ended in an error, which the log has under `reference`."""
        self.failed_at, self.reference = now, reference
        first = next(iter(str(error).strip().splitlines()), "")
        self.words = f"{type(error).__name__}: {first}".rstrip(": ")[:LONGEST_WORDS]
        self.errors += 1
        self.errors_since += 1


def keep(session: Session, job: str, tally: Tally) -> None:
    """Add what happened to a job to its row, which is made if it is not there. Safe from several processes at once."""
    dialect = session.get_bind().dialect.name
    insertion = (postgresql_insert if dialect == "postgresql" else sqlite_insert)(TimetableJob)
    nothing = dict.fromkeys(("runs", "passes", "errors", "misses", "errors_since", "misses_since"), 0)
    session.execute(insertion.values(job=job, **nothing).on_conflict_do_nothing())
    row = TimetableJob
    values: dict[str, Any] = {
        "first_start_at": func.coalesce(row.first_start_at, tally.started_at),
        "last_start_at": _later(row.last_start_at, tally.started_at),
        "last_success_at": _later(row.last_success_at, tally.succeeded_at),
        "last_pass_at": _later(row.last_pass_at, tally.passed_at),
        "last_miss_at": _later(row.last_miss_at, tally.missed_at),
        "runs": row.runs + tally.runs,
        "passes": row.passes + tally.passes,
        "errors": row.errors + tally.errors,
        "misses": row.misses + tally.misses,
        "errors_since": tally.errors_since + (0 if tally.succeeded_at else row.errors_since),
        "misses_since": tally.misses_since + (0 if tally.succeeded_at else row.misses_since),
    }
    if tally.failed_at is not None:
        values |= {
            "last_error_at": tally.failed_at,
            "last_error_reference": tally.reference,
            "last_error": tally.words,
        }
    session.execute(update(row).where(row.job == job).values(**values).execution_options(synchronize_session=False))


def _later(column: InstrumentedAttribute[datetime | None], instant: datetime | None) -> Any:
    """The later of two instants, either of which may be none: a process whose word comes late takes nothing back.

    What a clock said that was far ahead gives way, or nobody would ever see that a timetable has stopped.
    """
    if instant is None:
        return column
    older: ColumnElement[bool] = or_(column.is_(None), column < instant, column > instant + LONGEST_LATE)
    return case((older, instant), else_=column)


def standing(session: Session) -> list[TimetableJob]:
    """How each job stands that a timetable has ever run on this record; none on a fresh one."""
    return list(session.scalars(select(TimetableJob).order_by(TimetableJob.job)))
