"""Three schedulers on one PostgreSQL, killed and started while the days go by; minutes of it are a command."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import PostgreSQL
from tests.deadlines.schedulers import lived


def test_however_many_sweep_and_die_each_nudge_is_there_once_and_told_once(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    """In the outbox, in Slack and at a real mail server, where a mail in doubt comes again as the same mail."""
    url = postgresql.lend()
    counts = lived(url, tmp_path, schedulers=3, awards=8, seed=20_270_104, going_on=lambda day: day < 7, kills=5)
    postgresql.take_back(url)
    assert counts["nudges"] > 30, counts
    assert counts["killed"] > 20, counts
