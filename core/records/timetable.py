"""Tables: how the jobs of the timetable went, whichever of several processes ran them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.records.record import Record


class TimetableJob(Record):
    """How one job of the timetable has gone, in all processes together.

    `runs` ended well; `passes` found another process at the same work; `errors` failed; `misses` were not begun in
    time. `errors_since` and `misses_since` count from the last that ended well.
    """

    __tablename__ = "timetable_job"

    job: Mapped[str] = mapped_column(String(30), primary_key=True)
    first_start_at: Mapped[datetime | None]
    last_start_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_pass_at: Mapped[datetime | None]
    last_miss_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]
    last_error_reference: Mapped[str | None] = mapped_column(String(8))
    last_error: Mapped[str | None]
    runs: Mapped[int] = mapped_column(Integer, default=0)
    passes: Mapped[int] = mapped_column(Integer, default=0)
    errors: Mapped[int] = mapped_column(Integer, default=0)
    misses: Mapped[int] = mapped_column(Integer, default=0)
    errors_since: Mapped[int] = mapped_column(Integer, default=0)
    misses_since: Mapped[int] = mapped_column(Integer, default=0)
