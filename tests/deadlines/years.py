"""Years of a made-up office against the model, nudge by nudge.

`uv run python -m tests.deadlines.years --years 5 --awards 300 --seed 1`: on SQLite in a folder of its own, or on an
empty record whose address DATABASE_URL says.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from core import database
from tests.conftest import Clock, office_on
from tests.deadlines.model import england
from tests.deadlines.world import World

FIRST = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def lived(engine: Engine, *, first: datetime, days: int, awards: int, seed: int) -> Counter[str]:
    """Let an office live on an empty record. Answers how much of everything there was."""
    clock = Clock(first)
    until = first + timedelta(days=days)
    holidays = frozenset(day for year in range(first.year, until.year + 2) for day in england(year))
    world = World(office_on(engine, clock), engine, clock, random.Random(seed), awards, holidays, until)
    return world.live()


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description="Years of random awards: the model and the sweep, nudge by nudge.")
    parser.add_argument("--years", type=float, default=5)
    parser.add_argument("--awards", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("DATABASE_URL") or f"sqlite:///{folder}/record.db"
        engine = database.open_database(url)
        database.upgrade(engine)
        begun = time.monotonic()
        counts = lived(engine, first=FIRST, days=round(asked.years * 365.25), awards=asked.awards, seed=asked.seed)
        seconds = time.monotonic() - begun
        engine.dispose()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    print(f"seed {asked.seed}: {said}: all as the model says, in {seconds:,.0f} s and {memory:,.0f} MB")


if __name__ == "__main__":
    main()
