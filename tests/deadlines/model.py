"""What everybody must be told of what falls due, worked out slowly and with nothing of the desk's own.

It walks the days one by one, has its own clock on a London wall, its own bank holidays and its own months, and keeps
what it has said as plain sets. Of the record it is told bare facts: what falls due when, and who is who. It knows no
index, no day of a next step, no nudge that was written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)
EASTER = {
    2026: date(2026, 4, 5), 2027: date(2027, 3, 28), 2028: date(2028, 4, 16), 2029: date(2029, 4, 1),
    2030: date(2030, 4, 21), 2031: date(2031, 4, 13), 2032: date(2032, 3, 28), 2033: date(2033, 4, 17),
}  # fmt: skip
Name = tuple[int, str]
"""A step: days from the due date, and to whom."""


# ------------------------------------------------------------------------------------------------- the calendar


def wall_day(instant: datetime) -> date:
    """The day on a London wall: an hour more from the last Sunday of March to that of October, from 01:00 UTC."""
    forward, back = (
        datetime.combine(_last(instant.year, month, 6), datetime.min.time(), UTC) + timedelta(hours=1)
        for month in (3, 10)
    )
    return (instant + timedelta(hours=1 if forward <= instant < back else 0)).date()


def months_on(day: date, months: int) -> date:
    """So many months later: the day of that number, or the last that the month has."""
    year, month = day.year, day.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    number = day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def england(year: int) -> frozenset[date]:
    """The bank holidays of a year, by what is laid down for every year."""
    found = {EASTER[year] - 2 * DAY, EASTER[year] + DAY, _first(year, 5, 0), _last(year, 5, 0), _last(year, 8, 0)}
    for fixed in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = fixed
        while day.weekday() >= 5 or day in found:
            day += DAY
        found.add(day)
    return frozenset(found)


def _first(year: int, month: int, weekday: int) -> date:
    day = date(year, month, 1)
    while day.weekday() != weekday:
        day += DAY
    return day


def _last(year: int, month: int, weekday: int) -> date:
    day = date(year, month, 31)
    while day.weekday() != weekday:
        day -= DAY
    return day


# ------------------------------------------------------------------------------------------ what the office chose


@dataclass(frozen=True)
class Plan:
    """When a step goes out: the steps of each kind, the days nobody works beside weekends, and the pauses.

    A pause is its first day, its last (None: it has no end), and the kinds that it holds.
    """

    steps: Mapping[str, tuple[Name, ...]]
    closed: frozenset[date]
    pauses: tuple[tuple[date, date | None, frozenset[str]], ...] = ()

    def goes_out(self, kind: str, nominal: date, to: str, *, pausing: bool = True) -> date | None:
        """The day on which a step of that day goes out: walked to, a day at a time. None while a pause has no end."""
        day = nominal
        while True:
            over = [one for one in self.pauses if pausing and kind in one[2] and one[0] <= day]
            if any(until is None for _, until, _ in over):
                return None
            paused = any(until is not None and day <= until for _, until, _ in over)
            staff = to in ("officer", "director")
            if not paused and not (staff and (day.weekday() >= 5 or day in self.closed)):
                return day
            day += DAY


# -------------------------------------------------------------------------------------------- what the record says


@dataclass(frozen=True)
class Fact:
    """Something that falls due, as the record has it."""

    number: int
    kind: str
    due: date
    is_open: bool
    set_on: date
    silent_before: date | None = None
    snoozed_until: date | None = None
    owner: int | None = None
    taken_by: int | None = None
    application: int | None = None
    email: str = ""
    second: str = ""


@dataclass(frozen=True)
class Member:
    """Somebody on the staff list."""

    number: int
    role: str
    of_office: bool
    active: bool
    in_slack: bool


@dataclass(frozen=True)
class Away:
    """An absence: both days are included; whoever is back on a day is there on it."""

    who: int
    deputy: int
    first: date
    last: date
    back_on: date | None

    def on(self, day: date) -> bool:
        return self.first <= day <= self.last and (self.back_on is None or day < self.back_on)


@dataclass(frozen=True)
class Staff:
    """Who is who, who is away, and who has an interest in which application."""

    members: Mapping[int, Member]
    absences: tuple[Away, ...] = ()
    interests: frozenset[tuple[int, int]] = frozenset()

    def told_instead_of(self, number: int, application: int | None, day: date) -> int | None:
        """Whom a direct message about it reaches; None where it must be the channel."""
        reader = number
        for away in self.absences:
            deputy = self.members[away.deputy]
            may = deputy.active and deputy.of_office and deputy.role not in ("panel", "auditor")
            if away.who == number and away.on(day) and may and (application, away.deputy) not in self.interests:
                reader = away.deputy
        linked = self.members[reader].in_slack and self.members[reader].active
        return reader if linked and (application, reader) not in self.interests else None

    def officer(self, fact: Fact, day: date) -> int | None:
        for number in (fact.owner, fact.taken_by):
            if number is not None and self.members[number].active:
                return self.told_instead_of(number, fact.application, day)
        return None

    def directors(self, fact: Fact, day: date) -> list[int]:
        found: list[int] = []
        for member in sorted(self.members.values(), key=lambda one: one.number):
            if member.role == "director" and member.of_office and member.active:
                reader = self.told_instead_of(member.number, fact.application, day)
                if reader is not None and reader not in found:
                    found.append(reader)
        return found


# ------------------------------------------------------------------------------------------------------- the model


CHANNEL = "the channel"


@dataclass(frozen=True, order=True)
class Told:
    """One step of one deadline told to one reader: an address, a person's number, or the channel."""

    number: int
    due: date
    step: int
    to: str
    reader: str


@dataclass
class Expected:
    """What a sweep must put into the outbox. Of what nobody was told a reader hears: deadline, to, step, day, why."""

    told: set[Told] = field(default_factory=set)
    missed: dict[str, set[tuple[int, str, int, date, str]]] = field(default_factory=lambda: defaultdict(set))

    @property
    def messages(self) -> set[str]:
        """Whoever gets a message, of which there is one each."""
        return {one.reader for one in self.told} | {reader for reader, said in self.missed.items() if said}


class Model:
    """Remembers what it has said, and to whom, and which steps are over.

    A step is over once a sweep has come on its day or after it, whether or not there was anybody to tell of it. So is
    one that did not exist yet when its day was swept, and one whose day passed while its deadline was closed.
    """

    def __init__(self) -> None:
        self._over: set[tuple[int, date, Name]] = set()
        self._said: dict[tuple[int, date, str], int] = {}
        self._seen: set[tuple[int, date]] = set()
        self._plan: Plan | None = None
        self.since: date | None = None

    def reopened(self, fact: Fact, plan: Plan, today: date) -> None:
        """It is open again from that day: what would have gone out by then is not made up, unless that was the last."""
        days = [(name, day) for name, day in self._days(fact, plan) if day is not None]
        heard = [(name, day) for name, day in days if fact.silent_before is None or day >= fact.silent_before]
        last = bool(heard) and all(day <= today for _, day in heard)
        for name, day in days:
            if last:
                self._over.discard((fact.number, fact.due, name))
            elif day <= today:
                self._over.add((fact.number, fact.due, name))
        self._seen.add((fact.number, fact.due))

    def sweep(self, facts: Iterable[Fact], staff: Staff, plan: Plan, today: date) -> Expected:
        """A sweep that is carried out on that day."""
        expected = Expected()
        for fact in facts:
            if fact.is_open:
                self._sweep(fact, staff, plan, today, expected)
        self._plan = plan
        self.since = today if self.since is None else max(self.since, today)
        return expected

    def _days(self, fact: Fact, plan: Plan) -> list[tuple[Name, date | None]]:
        steps = dict.fromkeys(plan.steps.get(fact.kind, ()))
        if fact.snoozed_until is not None:
            steps[(fact.snoozed_until - fact.due).days, "officer"] = None
        found = []
        for days, to in steps:
            day = plan.goes_out(fact.kind, fact.due + days * DAY, to)
            put_off = fact.snoozed_until is not None and to == "officer"
            if put_off and day is not None and day < (fact.snoozed_until or day):
                continue
            found.append(((days, to), day))
        return found

    def _sweep(self, fact: Fact, staff: Staff, plan: Plan, today: date, expected: Expected) -> None:
        come: dict[str, list[tuple[int, date]]] = defaultdict(list)
        for name, day in self._days(fact, plan):
            if day is None or (fact.silent_before is not None and day < fact.silent_before):
                continue
            if self._is_new(fact, name, plan) and self.since is not None and day < self.since:
                self._over.add((fact.number, fact.due, name))
            if day <= today and (fact.number, fact.due, name) not in self._over:
                come[name[1]].append((name[0], day))
                self._over.add((fact.number, fact.due, name))
        self._seen.add((fact.number, fact.due))
        for to, steps in come.items():
            said = self._said.get((fact.number, fact.due, to))
            latest, on = max(steps)
            readers = self._readers(fact, staff, to, today)
            if not readers or (said is not None and said >= latest):
                continue
            self._said[fact.number, fact.due, to] = latest
            expected.told |= {Told(fact.number, fact.due, latest, person, reader) for person, reader in readers}
            for step, day in steps:
                why = self._why(fact, plan, step, to, day, on)
                if step < latest and day >= fact.set_on and why and (said is None or step > said):
                    for _, officer in self._readers(fact, staff, "officer", today):
                        expected.missed[officer].add((fact.number, to, step, day, why))

    def _is_new(self, fact: Fact, name: Name, plan: Plan) -> bool:
        """Whether there was no such step when it was swept last. What an officer put off is theirs, and never new."""
        if self._plan is None or (fact.number, fact.due) not in self._seen or name not in plan.steps.get(fact.kind, ()):
            return False
        return name not in self._plan.steps.get(fact.kind, ())

    def _why(self, fact: Fact, plan: Plan, step: int, to: str, day: date, latest: date) -> str:
        if self.since is not None and self.since < day < latest:
            return "gap"
        by_itself = plan.goes_out(fact.kind, fact.due + step * DAY, to, pausing=False)
        return "pause" if day != by_itself else ""

    def _readers(self, fact: Fact, staff: Staff, to: str, today: date) -> list[tuple[str, str]]:
        """Who is told: what a nudge calls them, and whom it reaches."""
        if to == "recipient":
            return [(to, fact.email.lower())] if fact.email else []
        if to == "second_contact":
            return [(to, fact.second.lower())] if fact.second else []
        if to == "officer":
            officer = staff.officer(fact, today)
            return [(to, CHANNEL if officer is None else str(officer))]
        directors = staff.directors(fact, today)
        if not directors:
            return [(to, CHANNEL)]
        return [(to if place == 0 else f"{to}:{one}", str(one)) for place, one in enumerate(directors)]
