"""A year of an office with a thousand awards, simulated; with BENCHMARK_SCALE=5 five years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from core import database, events
from core.cloning import Clone, cloned
from core.deadlines import set_deadline
from core.office import Office, london_day
from core.records import Application, Award, Record
from core.rules.calendar import add_months
from scheduler.simulation import Simulation
from tests.benchmarks.rounds import Compared, scaled, seconds
from tests.benchmarks.test_record import _application, _award
from tests.core import casework

AWARDS, LATE = 1_000, 10
YEARS = scaled(1)
MESSAGE, NUDGE, DEADLINE = (Record.metadata.tables[name] for name in ("outbox_message", "nudge", "deadline"))


@pytest.fixture
def many(office: Office, database_url: str) -> Iterator[Engine]:
    """So many awards that have begun over half a year, each with a return every six months until it is all over."""
    today = office.today()
    with office.sessions.begin() as session:
        version = office.policy_version(session, now=office.clock()).id
        session.execute(insert(Application), [_application(number, office) for number in range(1, AWARDS + 1)])
        session.execute(insert(Award), [_award(number, office, version) for number in range(1, AWARDS + 1)])
        for number in range(1, AWARDS + 1):
            start = today - timedelta(days=number % 180)
            for month in range(6, 12 * (YEARS + 1), 6):
                set_deadline(
                    session,
                    subject=f"award:{number}",
                    reference=f"YF-2026-{number}",
                    award_id=number,
                    kind="return",
                    due=add_months(start, month),
                    now=office.clock(),
                )
        events.append(session, "set", "record", "test", {}, now=office.clock())
    only_read = database.open_to_read(database_url)
    yield only_read
    only_read.dispose()


@pytest.mark.one_database
def test_simulated_years(office: Office, many: Engine, tmp_path: Path, report: Callable[[Compared], None]) -> None:
    """Against each day's bare indexed query, and in bulk the rows that the sweeps have to write."""
    first, days = office.today(), 365 * YEARS
    sent = 0

    def simulated() -> None:
        nonlocal sent
        with cloned(many) as clone:
            for day in Simulation(office, clone, first, returns_late=LATE).days(days):
                sent += len(day.nudges)
            kept.update(_written(clone))

    kept: dict[str, dict[object, list[dict[str, object]]]] = {}
    above = seconds(simulated)
    assert sent == sum(len(rows) for rows in kept["nudge"].values()) > AWARDS * 2 * YEARS

    def bare() -> None:
        for day in casework.days(first, first + timedelta(days=days - 1)):
            with clone.engine.begin() as connection:
                _bare_day(connection, day, kept)

    with cloned(many) as clone:
        below = seconds(bare)
    what = f"{YEARS} simulated year{'s' if YEARS > 1 else ''} of {AWARDS:,} awards, {sent:,} nudges"
    compared = Compared(what, "s", (above,), (below,))
    report(compared)
    assert compared.ratio < 100


def _written(clone: Clone) -> dict[str, dict[object, list[dict[str, object]]]]:
    """What the simulation wrote, by table and day."""
    found: dict[str, dict[object, list[dict[str, object]]]] = {"nudge": {}, "outbox_message": {}}
    with clone.engine.connect() as connection:
        for table, at in ((NUDGE, "noted_at"), (MESSAGE, "made_at")):
            for row in connection.execute(select(table)).mappings():
                found[table.name].setdefault(london_day(row[at]), []).append(dict(row))
    return found


def _bare_day(connection: Connection, day: object, kept: dict[str, dict[object, list[dict[str, object]]]]) -> None:
    columns = DEADLINE.c
    open_ = (columns.met_at.is_(None), columns.closed_at.is_(None), columns.next_step_on <= day)
    connection.execute(select(columns.id, columns.due).where(*open_).order_by(columns.due, columns.id)).all()
    for table in (MESSAGE, NUDGE):
        if rows := kept[table.name].get(day):
            connection.execute(insert(table), rows)
    moved = {row["deadline_id"] for row in kept["nudge"].get(day, ())}
    if moved:
        connection.execute(
            update(DEADLINE).where(columns.id == bindparam("number")).values(next_step_on=None),
            [{"number": number} for number in moved],
        )
