"""A simulated office does, day by day, what the office itself then does; and the record knows nothing of it."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select

from core import database, deadlines, events
from core.cloning import Clone, cloned
from core.office import Office
from core.policy_file import PolicyError
from core.records import Deadline, Nudge, OutboxMessage, Record
from core.rules.calendar import next_working_day, return_dates
from core.rules.policy import Role
from core.sweeping import SentStep
from scheduler.simulation import SimulatedDay, Simulation
from scheduler.timetable import run_sweep
from tests.core import casework
from tests.scheduler.practice_desk import Desk

DAYS = 260
FOUR_WEEKS = '    { days = -28, to = ["officer"] },\n'
"""The officer's first step of a return, in the shipped policy."""


@pytest.fixture
def clone(desk: Desk, engine: Engine, database_url: str) -> Iterator[Clone]:
    """A copy of a record with one award that runs and one that is on offer; whoever wants more makes it first."""
    desk.person(Role.DIRECTOR)
    desk.active()
    desk.offered(organisation_name="Second Club", contact_email="second@club.example")
    only_read = database.open_to_read(database_url)
    with cloned(only_read) as made:
        yield made
    only_read.dispose()


def simulated(desk: Desk, clone: Clone, *, returns_late: int | None = None, days: int = DAYS) -> list[SimulatedDay]:
    return list(Simulation(desk.office, clone, desk.office.today(), returns_late=returns_late).days(days))


def nudges(days: list[SimulatedDay]) -> list[tuple[date, SentStep]]:
    return [(one.day, nudge) for one in days for nudge in one.nudges]


def whole(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Record.metadata.sorted_tables
        }


def test_it_does_day_by_day_what_the_office_then_does_and_the_record_knows_nothing_of_it(
    desk: Desk, engine: Engine, clone: Clone
) -> None:
    before = whole(engine)
    with desk.office.reading() as session:
        end = events.noted_end(session)
    found = simulated(desk, clone)
    assert whole(engine) == before
    with desk.office.reading() as session:
        assert events.noted_end(session) == end
    first = desk.office.today()
    assert [one.day for one in found] == casework.days(first, first + timedelta(days=DAYS - 1))
    swept = []
    for day in casework.days(first, first + timedelta(days=DAYS - 1)):
        desk.clock.now = casework.london(day)
        swept += [(day, step) for step in run_sweep(desk.office)]
        desk.deliver()
    assert nudges(found) == swept
    assert {step.kind for _, step in swept} >= {"return", "acceptance"}
    assert {step.to for _, step in swept} >= {"recipient", "officer", "director"}


def test_what_is_sent_counts_as_sent_and_messages_are_counted_by_channel(desk: Desk, clone: Clone) -> None:
    found = simulated(desk, clone)
    with database.reading_sessions(clone.engine)() as session:
        open_ = session.scalar(select(func.count()).where(OutboxMessage.settled_at.is_(None)))
        carried = session.scalar(select(func.count(Nudge.message_id.distinct())))
    assert open_ == 0
    assert sum(sum(one.messages.values()) for one in found) == carried
    assert {channel for one in found for channel in one.messages} == {"mail", "slack"}
    assert all(bool(one.messages) == bool(one.nudges) for one in found)


def test_what_waits_to_be_sent_now_is_not_counted_with_the_first_day(desk: Desk, clone: Clone) -> None:
    assert desk.open_messages(), "cards, receipts and offers wait"
    (first,) = simulated(desk, clone, days=1)
    assert (first.nudges, first.messages) == ((), {})


@pytest.mark.parametrize(("returns_late", "last"), [(0, 0), (1, 0), (10, 7), (None, 28)])
def test_returns_come_in_when_it_is_said_that_they_do(
    desk: Desk, clone: Clone, returns_late: int | None, last: int
) -> None:
    with desk.office.reading() as session:
        due = session.scalars(select(func.min(Deadline.due)).where(Deadline.kind == "return")).one()
    found = nudges(simulated(desk, clone, returns_late=returns_late))
    steps = [one.step for _, one in found if one.kind == "return" and one.due == due and one.to == "recipient"]
    assert steps == [step for step in (-28, -7, -1, 0, 7, 14, 28) if step <= last]


def test_a_policy_file_is_judged_before_it_is_applied(desk: Desk, engine: Engine, clone: Clone) -> None:
    first, before = desk.office.today(), whole(engine)
    as_it_is = Simulation(desk.office, clone, first)
    with clone.again() as other:
        under_it = as_it_is.again(other)
        assert not under_it.apply(changed(desk, FOUR_WEEKS.replace("-28", "-41")), "earlier.toml").same
        assert under_it.office().policy != as_it_is.office().policy
        found = nudges(list(under_it.days(DAYS)))
    in_force = nudges(list(as_it_is.days(DAYS)))
    gone = [one for one in in_force if one not in found]
    new = [one for one in found if one not in in_force]
    assert {(one.kind, one.to, one.step) for _, one in gone} == {("return", "officer", -28)}
    assert {(one.kind, one.to, one.step) for _, one in new} == {("return", "officer", -41)}
    assert [one.due for _, one in gone] == [one.due for _, one in new] != []
    closed = desk.office.closed_days
    assert [day for day, _ in new] == [next_working_day(one.due - timedelta(days=41), closed) for _, one in new]
    assert whole(engine) == before


def changed(desk: Desk, instead: str) -> str:
    """The shipped policy with another first step of a return for the officer."""
    text = desk.office.policy_text
    assert FOUR_WEEKS in text
    return text.replace(FOUR_WEEKS, instead, 1)


def test_a_faulty_policy_is_refused_with_its_faults_and_the_one_in_force_is_told(desk: Desk, clone: Clone) -> None:
    simulation = Simulation(desk.office, clone, desk.office.today())
    with pytest.raises(PolicyError, match="nonsense"):
        simulation.apply(desk.office.policy_text + "\nnonsense = 1\n", "bad.toml")
    assert simulation.apply(desk.office.policy_text, "same.toml").same


def test_the_policy_of_a_day_to_come_holds_from_that_day_on(desk: Desk, clone: Clone) -> None:
    simulation = Simulation(desk.office, clone, desk.office.today())
    list(simulation.days(5))
    proposal = simulation.apply(changed(desk, ""), "fewer.toml")
    assert proposal.from_day == desk.office.today() + timedelta(days=5)


SEED = 20_261_126


def many_awards(office: Office, count: int) -> None:
    """Awards that begin over half a year before or after, with returns for up to two years, and some moved since."""
    chance, today = random.Random(SEED), office.today()
    with office.sessions.begin() as session:
        made = casework.bare_awards(session, office, count)
        for number, award in enumerate(made):
            award.application.contact_email = f"contact{number % (count - 2)}@recipient.example"  # some have two awards
            start = today + timedelta(days=chance.randint(-180, 180))
            end = start + timedelta(days=chance.randint(20, 730))
            for due in return_dates(start, end):
                deadline = deadlines.set_deadline(
                    session,
                    subject=f"award:{award.id}",
                    reference=award.reference,
                    kind="return",
                    due=due,
                    now=office.clock(),
                    award_id=award.id,
                    final=due == end,
                )
                if chance.random() < 0.2:
                    session.flush()
                    until = due + timedelta(days=chance.randint(1, 60))
                    deadlines.extend(session, deadline, until, today=today, now=office.clock())
        events.append(session, "set", "record", "test", {}, now=office.clock())


@pytest.mark.one_database
def test_a_seeded_office_is_simulated_as_it_then_goes(office: Office, database_url: str) -> None:
    """Through both changes of the clocks, 29 February 2028 and every bank holiday between."""
    many_awards(office, 12)
    first, days = office.today(), 500
    only_read = database.open_to_read(database_url)
    with cloned(only_read) as clone:
        found = nudges(list(Simulation(office, clone, first).days(days)))
    only_read.dispose()
    assert found
    swept = []
    for day in casework.days(first, first + timedelta(days=days - 1)):
        swept += [(day, step) for step in run_sweep(office, today=day, now=casework.london(day))]
    assert found == swept


@pytest.mark.one_database
def test_memory_stays_flat_however_many_days_are_simulated(office: Office, database_url: str) -> None:
    many_awards(office, 15)
    only_read = database.open_to_read(database_url)
    held, sent = [], 0
    with cloned(only_read) as clone:
        simulation = Simulation(office, clone, office.today())
        list(simulation.days(60))  # what is compiled and read once is no part of it
        tracemalloc.start()
        for _ in range(3):
            sent += sum(len(day.nudges) for day in simulation.days(70))
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    only_read.dispose()
    assert sent > 100
    assert held[2] - held[1] < 64_000, "nothing is held on to of the days that are over"
    assert most < 4_000_000
