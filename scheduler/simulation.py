"""The office run through days and years on a copy of the record: what would be sent, to whom, on which day.

Each day is the real sweep, in the real transaction, under the policy that then holds. Nothing is delivered: what the
sweep puts into the outbox counts as sent, and the next day goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import func, select, update

from core import policies
from core.cloning import Clone
from core.database import reading_sessions, writing_sessions
from core.office import LONDON, Office
from core.policies import Proposal
from core.records import Application, Nudge, Record
from core.sweeping import SentStep
from scheduler.timetable import run_sweep

SWEPT_AT: Final = time(9)
"""When each simulated day is swept, in London: within the hours in which people are written to."""

ONE_DAY: Final = timedelta(days=1)
DEADLINE, MESSAGE = (Record.metadata.tables[name] for name in ("deadline", "outbox_message"))


@dataclass(frozen=True)
class SimulatedDay:
    """What one day's sweep sent: its nudges, and how many messages carried them, by channel ("mail", "slack")."""

    day: date
    nudges: tuple[SentStep, ...]
    messages: Mapping[str, int]


@dataclass
class Moment:
    """The clock of a simulated office."""

    now: datetime = field(default_factory=lambda: datetime(2000, 1, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        """The instant that it stands at."""
        return self.now

    def set_day(self, day: date) -> None:
        """Go to the instant at which a day is swept."""
        self.now = datetime.combine(day, SWEPT_AT, LONDON).astimezone(UTC)


class Simulation:
    """An office on a copy of its record, from one day on.

    `returns_late` says how many days after its due date each return comes in: 0, on the day itself, after what is sent
    on it; None, never. What is overdue already when the simulation begins comes in on its first day.
    """

    def __init__(self, office: Office, clone: Clone, first: date, *, returns_late: int | None = None) -> None:
        self._clock = Moment()
        self._late = returns_late
        self._began = self._next = first
        self._clock.set_day(first)
        self._clone = clone
        self._office = replace(
            office,
            sessions=writing_sessions(clone.engine),
            reading=reading_sessions(clone.engine),
            clock=self._clock,
            documents=None,
            scanner=None,
        )
        self._settle()  # what waits to be sent now is no news of a day to come

    def again(self, clone: Clone) -> Simulation:
        """The same office on another copy of the same record, as it stands now."""
        other = Simulation(self._office, clone, self._next, returns_late=self._late)
        other._began = self._began
        return other

    def apply(self, toml: str, name: str) -> Proposal:
        """Bring a policy file into force from the next day on, as `award-desk policy apply` would on that day.

        Raises PolicyError with every fault of the file.
        """
        with self._office.sessions.begin() as session:
            office = self._office.in_force(session, on=self._next)
            proposal = policies.propose(session, toml, name=name, from_day=self._next, office=office, today=self._next)
            if not proposal.same:
                policies.apply(session, proposal, by="a simulation", office=office, now=self._clock())
        return proposal

    def office(self) -> Office:
        """The office as it is on the next day, under the policy then in force."""
        return self._office.in_force(on=self._next)

    def organisations(self) -> dict[str, str]:
        """Whose each award and application is, by reference."""
        query = select(Application.reference, Application.organisation_name)
        with self._office.reading() as session:
            return {one.reference: one.organisation_name or "" for one in session.execute(query) if one.reference}

    def days(self, number: int) -> Iterator[SimulatedDay]:
        """Run so many days, one after another."""
        for _ in range(number):
            yield self._day(self._next)
            self._next += ONE_DAY
            self._clock.set_day(self._next)

    def _day(self, day: date) -> SimulatedDay:
        self._receive_returns(day)
        nudges = run_sweep(self._office, today=day, now=self._clock())
        return SimulatedDay(day, nudges, self._settle())

    def _receive_returns(self, day: date) -> None:
        """Meet the deadlines of the returns that came in since the sweep of the day before."""
        if self._late is None or day == self._began:
            return
        came_in = [
            DEADLINE.c.kind == "return",
            DEADLINE.c.met_at.is_(None),
            DEADLINE.c.closed_at.is_(None),
            DEADLINE.c.due < day - timedelta(days=self._late),
        ]
        with self._clone.engine.begin() as connection:  # rows, not mapped ones: nobody audits a copy
            connection.execute(
                update(DEADLINE).where(*came_in).values(met_at=self._clock() - ONE_DAY, next_step_on=None)
            )

    def _settle(self) -> dict[str, int]:
        """Count what was put into the outbox as sent; answers how many messages with nudges there were, by channel."""
        carries = select(Nudge.id).where(Nudge.message_id == MESSAGE.c.id).exists()
        is_open = MESSAGE.c.settled_at.is_(None)
        with self._clone.engine.begin() as connection:
            counted = connection.execute(
                select(MESSAGE.c.channel, func.count()).where(is_open, carries).group_by(MESSAGE.c.channel)
            )
            messages = {str(channel): number for channel, number in counted.all()}
            connection.execute(
                update(MESSAGE).where(is_open).values(outcome="sent", settled_at=self._clock(), claimed_until=None)
            )
        return messages
