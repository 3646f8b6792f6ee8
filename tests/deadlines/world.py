"""An office of made-up awards that lives through years of luck, and what the desk told of what fell due in them.

Everything that happens is drawn by lot from a seed and done through the desk's own functions; then it sweeps, sometimes
several times a day, sometimes not for weeks, and sometimes dies in the middle. After every sweep what is in the outbox
must be what the model says.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, event, select

from core import absences, deadlines, leaving, people
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Award, Deadline, Interest, Nudge, OutboxMessage, Person
from core.rules.falling_due import KINDS
from core.rules.policy import ADDRESSEES, Body, NudgeStep, Pause, Role
from scheduler.timetable import run_sweep
from tests.deadlines import reading
from tests.deadlines.model import CHANNEL, DAY, Expected, Model, Told, months_on, wall_day

TEAM = "T0OFFICE"
OF_AWARDS = ("meeting", "agreement", "payment", "review", "retention", "acceptance")
OF_APPLICATIONS = ("decision", "answer")
OF_THE_OFFICE = ("forum", "bid", "window-opens", "window-closes", "opportunity", "publication", "annual-report")
MOST_SAID = 50
"""So many steps that nobody was told of are named in one message."""

Fates = tuple[tuple[int, Callable[["World"], None]], ...]


class Crash(Exception):  # noqa: N818 - it names what happened
    """The process died here."""


@dataclass
class World:
    """One office on one record. `clock` is moved by `live`."""

    office: Office
    engine: Engine
    clock: Any
    chance: random.Random
    awards: int
    holidays: frozenset[date]
    until: datetime
    model: Model = field(default_factory=Model)
    counts: Counter[str] = field(default_factory=Counter)
    _begun: int = 0
    _last_nudge: int = 0
    _last_message: int = 0
    _set_in_gap: bool = False
    _reopened_in_gap: bool = False
    _steps_changed: bool = False
    _plan_changed: bool = False

    # ------------------------------------------------------------------------------------------------ living

    def live(self) -> Counter[str]:
        """Until the end. Fails where what was told is not what had to be."""
        first = self.clock()
        self.office = replace(self.office, holidays=self.holidays)
        for role, linked in (("director", True), ("officer", True), ("officer", True), ("officer", False)):
            self._hire(Role(role), linked=linked)
        while (now := self.clock()) < self.until:
            after = self._gap(now)
            self._set_in_gap = self._reopened_in_gap = self._steps_changed = self._plan_changed = False
            due = round(self.awards * min(1.0, (after - first) / (0.8 * (self.until - first))))
            happens = [self._award] * max(0, due - self._begun)
            happens += [self._happening() for _ in range(self._how_many(after - now))]
            self.chance.shuffle(happens)
            for moment, happening in zip(self._moments(now, after, len(happens)), happens, strict=True):
                self.clock.now = moment
                happening()
            self.clock.now = after
            self._sweep()
        return self.counts

    def _gap(self, now: datetime) -> datetime:
        """When it is swept next: mostly within the day, often at an odd hour, now and then after weeks."""
        luck = self.chance.random()
        if luck < 0.12:
            return now + timedelta(minutes=self.chance.randint(1, 240))
        if luck < 0.975:
            day = wall_day(now) + self.chance.choice((1, 1, 1, 1, 2)) * DAY
            hour = self.chance.choice((time(0, 30), time(23, 59), time(7), time(9), time(13), time(1, 30), None))
            if hour is None:
                return datetime.combine(day, time(), UTC)  # midnight by universal time
            return max(
                datetime.combine(day, hour, ZoneInfo("Europe/London")).astimezone(UTC), now + timedelta(minutes=1)
            )
        return now + timedelta(days=self.chance.choice((3, 5, 8, 14, 30, 61)), hours=self.chance.randint(0, 23))

    def _how_many(self, gap: timedelta) -> int:
        return min(25, sum(self.chance.random() < 0.9 for _ in range(1 + 2 * gap.days)))

    def _moments(self, now: datetime, after: datetime, count: int) -> list[datetime]:
        return sorted(now + (after - now) * self.chance.random() for _ in range(count))

    @property
    def today(self) -> date:
        return wall_day(self.clock())

    # ------------------------------------------------------------------------------------------- what happens

    def _happening(self) -> Callable[[], None]:
        weighed: dict[Callable[[], None], int] = {
            self._meets: 9, self._closes: 3, self._reopens: 3, self._extends: 6, self._snoozes: 6, self._owns: 5,
            self._changes_contact: 5, self._of_application: 3, self._of_the_office: 2, self._goes_away: 3,
            self._comes_back: 1, self._comes: 1, self._goes: 1, self._declares: 2, self._closed_day: 2,
            self._pauses: 1, self._ends_pause: 1, self._changes_steps: 1,
        }  # fmt: skip
        return self.chance.choices(list(weighed), list(weighed.values()))[0]

    def _award(self) -> None:
        self._begun += 1
        if self._steps_changed:
            self._begun -= 1
            return
        number, now, today = self._begun, self.clock(), self.today
        start = today + self.chance.randint(-170, 40) * DAY
        end = months_on(start, self.chance.choice((3, 6, 7, 12, 12, 18, 24)))
        with self.office.sessions.begin() as session:
            version = self.office.policy_version(session, now=now)
            application = self._application(f"YF-{today.year}-{number}")
            award = Award(
                application=application, reference=application.reference, fund="youth-fund", kind="grant",
                status="active", amount=1, conditions="", start_on=start, end_on=end, offered_at=now, accept_by=start,
                policy_version_id=version.id,
            )  # fmt: skip
            session.add(award)
            session.flush()
            months = range(6, 60, 6)
            dues = [day for day in (months_on(start, count) for count in months) if day < end]
            end = max(end, today)
            falls = [("return", day) for day in (*dues, end) if day > today - 20 * DAY]
            falls += [(kind, start + self.chance.randint(0, 300) * DAY) for kind in self.chance.sample(OF_AWARDS, 2)]
            for kind, due in falls:
                silent = today + self.chance.randint(-3, 30) * DAY if self.chance.random() < 0.1 else None
                deadlines.set_deadline(
                    session, subject=f"award:{award.id}", reference=str(award.reference), kind=kind, due=due,
                    now=now, award_id=award.id, silent_before=silent,
                    owner_id=self._somebody(0.15),
                )  # fmt: skip
        self._set_in_gap = True

    def _application(self, reference: str) -> Application:
        second = f"second{self.chance.randint(1, 40)}@club.example" if self.chance.random() < 0.4 else None
        return Application(
            reference=reference, fund="youth-fund", kind="grant", status="approved", started_at=self.clock(),
            saved_at=self.clock(), contact_email=self._address(), second_email=second,
            second_name="Second" if second else None, taken_by_id=self._somebody(0.6), organisation_name="Club",
        )  # fmt: skip

    def _address(self) -> str:
        address = f"club{self.chance.randint(1, 120)}@club.example"
        return address.capitalize() if self.chance.random() < 0.2 else address

    def _somebody(self, likely: float) -> int | None:
        with self.office.reading() as session:
            found = session.scalars(select(Person.id).order_by(Person.id)).all()
        return self.chance.choice(found) if found and self.chance.random() < likely else None

    def _of_application(self) -> None:
        if self._steps_changed:
            return
        now, kind = self.clock(), self.chance.choice(OF_APPLICATIONS)
        self.counts["applications"] += 1
        with self.office.sessions.begin() as session:
            application = self._application(f"CF-{self.today.year}-{self.counts['applications']}")
            session.add(application)
            session.flush()
            deadlines.set_deadline(
                session, subject=f"application:{application.id}", reference=str(application.reference), kind=kind,
                due=self.today + self.chance.randint(0, 40) * DAY, now=now,
                application_id=application.id,
            )  # fmt: skip
        self._set_in_gap = True

    def _of_the_office(self) -> None:
        if self._steps_changed:
            return
        self.counts["office"] += 1
        kind = self.chance.choice(OF_THE_OFFICE)
        with self.office.sessions.begin() as session:
            deadlines.set_deadline(
                session, subject=f"made-up:{self.counts['office']}", reference=f"OFFICE-{self.counts['office']}",
                kind=kind, due=self.today + self.chance.randint(-3, 90) * DAY, now=self.clock(),
                title=f"{KINDS[kind].noun} {self.counts['office']}", owner_id=self._somebody(0.5),
            )  # fmt: skip
        self._set_in_gap = True

    @contextmanager
    def _one(self, *conditions: Any) -> Iterator[tuple[Any, Deadline | None]]:
        """One deadline that is so, near today, by lot."""
        near = Deadline.due.between(self.today - 40 * DAY, self.today + 60 * DAY)
        mine = Deadline.set_at <= self.clock()
        with self.office.sessions.begin() as session:
            found = session.scalars(select(Deadline.id).where(near, mine, *conditions).order_by(Deadline.id)).all()
            yield session, session.get_one(Deadline, self.chance.choice(found)) if found else None

    def _meets(self) -> None:
        with self._one(Deadline.is_open) as (session, one):
            if one is not None:
                deadlines.meet(session, one, now=self.clock())
                self.counts["met"] += 1

    def _closes(self) -> None:
        with self._one(Deadline.is_open) as (session, one):
            if one is not None:
                deadlines.close(session, subject=one.subject, kinds=[one.kind], now=self.clock())
                self.counts["closed"] += 1

    def _reopens(self) -> None:
        if self._plan_changed:
            return
        with self._one(Deadline.met_at.is_not(None), Deadline.closed_at.is_(None)) as (session, one):
            if one is None:
                return
            deadlines.reopen(session, one, office=self.office, today=self.today, now=self.clock())
            session.flush()
            number = one.id
            self.counts["reopened"] += 1
        self._reopened_in_gap = True
        fact = next(fact for fact in reading.facts(self.office) if fact.number == number)
        self.model.reopened(fact, reading.plan(self.office), self.today)

    def _extends(self) -> None:
        with self._one(Deadline.is_open) as (session, one):
            if one is None:
                return
            until = max(one.due, self.today) + self.chance.randint(1, 45) * DAY
            taken = deadlines.find(session, subject=one.subject, kind=one.kind, due=until)
            if taken is None:
                with suppress(Conflict):
                    deadlines.extend(session, one, until, today=self.today, now=self.clock())
                    self.counts["extended"] += 1

    def _snoozes(self) -> None:
        with self._one(Deadline.is_open) as (_, one):
            if one is None:
                return
            until, waiting = self.today + self.chance.randint(1, 21) * DAY, one.next_step_on
            one.snoozed_until = until
            if waiting is None or waiting > self.today:
                one.next_step_on = deadlines.first_step_on(
                    self.office, one.kind, one.due, snoozed_until=until, since=one.silent_before, after=self.today
                )
            self.counts["snoozed"] += 1

    def _owns(self) -> None:
        with self._one(Deadline.is_open) as (_, one):
            if one is not None:
                one.owner_id = self._somebody(0.8)

    def _changes_contact(self) -> None:
        with self._one(Deadline.is_open) as (_, one):
            application = one.application if one is not None else None
            if application is None:
                return
            luck = self.chance.random()
            if luck < 0.6:
                has = application.second_email
                application.second_email = None if has else f"second{self.chance.randint(1, 40)}@club.example"
            elif luck < 0.9:
                application.contact_email = self._address()
            else:
                application.taken_by_id = self._somebody(0.7)

    # ------------------------------------------------------------------------------------------------- the staff

    def _hire(self, role: Role, *, linked: bool) -> None:
        self.counts["hired"] += 1
        number = self.counts["hired"]
        with self.office.sessions.begin() as session:
            people.add(
                session, name=f"Person {number}", email=f"person{number}@office.example", role=role, body=Body.OFFICE,
                slack=(TEAM, f"U{number}") if linked else None, actor="tests", now=self.clock(),
            )  # fmt: skip

    def _comes(self) -> None:
        roles = (Role.OFFICER, Role.OFFICER, Role.DIRECTOR, Role.DIRECTOR, Role.PANEL, Role.FINANCE)
        self._hire(self.chance.choice(roles), linked=self.chance.random() < 0.7)

    def _person(self, session: Any) -> Person | None:
        found = session.scalars(select(Person).where(Person.active).order_by(Person.id)).all()
        return self.chance.choice(found) if found else None

    def _goes(self) -> None:
        with self.office.sessions.begin() as session:
            person = self._person(session)
            if person is not None and len(people.everybody(session)) > 3:
                leaving.leave(session, email=person.email, actor="tests", now=self.clock())
                self.counts["left"] += 1

    def _goes_away(self) -> None:
        first = self.today + self.chance.randint(0, 5) * DAY
        with self.office.sessions.begin() as session, suppress(Refused):
            person, deputy = self._person(session), self._person(session)
            if person is not None and deputy is not None:
                absences.away(
                    session, person, from_day=first, until_day=first + self.chance.randint(0, 25) * DAY, deputy=deputy,
                    actor="tests", today=self.today, now=self.clock(),
                )  # fmt: skip
                self.counts["away"] += 1

    def _comes_back(self) -> None:
        with self.office.sessions.begin() as session:
            for person in people.everybody(session):
                if absences.absence_on(session, person, self.today) is not None:
                    absences.back(session, person, actor="tests", today=self.today, now=self.clock())
                    return

    def _declares(self) -> None:
        with self._one(Deadline.is_open) as (session, one):
            person = self._person(session)
            if one is None or one.application is None or person is None:
                return
            application = one.application.id
            known = select(Interest).where(Interest.application_id == application, Interest.person_id == person.id)
            if session.scalars(known).first() is None:
                session.add(
                    Interest(
                        application_id=application, person_id=person.id, reason="A cousin.", declared_at=self.clock()
                    )
                )
                self.counts["interests"] += 1

    # -------------------------------------------------------------------------------------------- what is chosen

    def _closed_day(self) -> None:
        """A day is announced on which nobody works, sometimes for tomorrow; or one that was is withdrawn."""
        if self._reopened_in_gap:
            return
        coming = sorted(day for day in self.office.holidays if self.today < day < self.today + 40 * DAY)
        luck, day = self.chance.random(), self.today + self.chance.choice((1, 1, 2, 3, 10, 20)) * DAY
        if luck < 0.25 and coming:
            self._choose(holidays=self.office.holidays - {self.chance.choice(coming)})
            self.counts["holidays withdrawn"] += 1
        elif luck < 0.6:
            self._choose(holidays=self.office.holidays | {day})
            self.counts["holidays announced"] += 1
        else:
            own = self.office.policy.closing_days
            kept = tuple(one for one in own.value if self.chance.random() < 0.8 or one <= self.today)
            self._choose(closing_days=replace(own, value=tuple(sorted({*kept, day, day + DAY}))))
            self.counts["closing days"] += 1

    def _pauses(self) -> None:
        now_on = [one for one in self.office.policy.pauses if one.until is None or one.until >= self.today]
        if self._reopened_in_gap or len(now_on) > 1 or self.chance.random() < 0.3:
            return
        first = self.today + self.chance.randint(1, 12) * DAY
        until = None if self.chance.random() < 0.3 else first + self.chance.randint(0, 30) * DAY
        holds = {"return", *self.chance.sample(sorted(KINDS), self.chance.randint(0, 9))}
        made = Pause(first, until, "Pre-election period", tuple(sorted(holds)), "office")
        self._choose(pauses=(*self.office.policy.pauses, made))
        self.counts["pauses"] += 1

    def _ends_pause(self) -> None:
        """One that goes on ends with yesterday, today or a day to come; one that has not begun is taken back."""
        if self._reopened_in_gap:
            return
        going_on = [one for one in self.office.policy.pauses if one.until is None or one.until > self.today]
        if not going_on:
            return
        one = self.chance.choice(going_on)
        others = tuple(other for other in self.office.policy.pauses if other is not one)
        until = self.today + self.chance.choice((-1, 0, 5)) * DAY
        if until >= one.first:
            others = (*others, replace(one, until=until))
        elif one.first <= self.today:
            return
        self._choose(pauses=others)
        self.counts["pauses ended"] += 1

    def _changes_steps(self) -> None:
        if self._set_in_gap or self._reopened_in_gap:
            return
        steps = dict(self.office.policy.nudge_steps)
        kind = self.chance.choice(("return", "return", *sorted(steps)))
        kept = {(one.days, one.to): one for one in steps.get(kind, ()) if self.chance.random() < 0.85}
        for _ in range(self.chance.randint(0, 3)):
            made = NudgeStep(
                self.chance.choice((-60, -35, -21, -14, -3, 2, 5, 10, 21, 40)), self.chance.choice(ADDRESSEES)
            )
            kept[made.days, made.to] = made
        if kept:
            made_up = tuple(kept[name] for name in sorted(kept))
            figures = self.office.policy.nudges
            self._choose(
                nudges=tuple((one, replace(given, value=made_up) if one == kind else given) for one, given in figures)
            )
            self._steps_changed = True
            self.counts["steps changed"] += 1

    def _choose(self, *, holidays: frozenset[date] | None = None, **figures: Any) -> None:
        policy = replace(self.office.policy, **figures) if figures else self.office.policy
        self.office = replace(
            self.office, policy=policy, holidays=self.office.holidays if holidays is None else holidays
        )
        self._plan_changed = True

    # ----------------------------------------------------------------------------------------------- the sweep

    def _sweep(self) -> None:
        """Sweep; die of it now and then, and then sweep again. Everything must be as the model has it."""
        while self.chance.random() < 0.08:
            died_after = self._die()
            self.counts["crashes"] += 1
            if died_after:
                break
        else:
            run_sweep(self.office, ordered=self.chance.random() < 0.1)
        self.counts["sweeps"] += 1
        expected = self.model.sweep(
            reading.facts(self.office), reading.staff(self.office), reading.plan(self.office), self.today
        )
        self._compare(expected)
        if self.chance.random() < 0.05:
            assert run_sweep(self.office) == (), "a second sweep finds nothing"

    def _die(self) -> bool:
        """Die at a statement or a step of the sweep, by lot. Answers whether it was after the commit."""
        at = self.chance.randint(1, 12)
        step = self.chance.choice(("a statement", "begun", "expired", "swept", "committed"))
        passed = 0

        def statement(*_: Any) -> None:
            nonlocal passed
            passed += 1
            if step == "a statement" and passed == at:
                raise Crash

        def checkpoint(name: str) -> None:
            if name == step:
                raise Crash

        event.listen(self.engine, "before_cursor_execute", statement)
        try:
            run_sweep(self.office, checkpoint=checkpoint)
        except Crash:
            return step == "committed"
        finally:
            event.remove(self.engine, "before_cursor_execute", statement)
        return True  # it had fewer statements, and lived

    def _compare(self, expected: Expected) -> None:
        told, readers, missed = self._found(expected)
        today = self.today
        assert told == sorted(expected.told), (
            f"{self.clock()}: never told {sorted(expected.told - set(told))[:5]}, "
            f"wrongly told {sorted(set(told) - expected.told)[:5]}, {len(told)} of {len(expected.told)}"
        )
        assert sorted(readers.values()) == sorted(expected.messages), f"{today}: one message to each reader"
        for reader, (said, count) in missed.items():
            must = expected.missed.get(reader, set())
            assert (set(said) <= must, len(said), count) == (True, min(len(must), MOST_SAID), len(must)), (
                today, reader, sorted(set(said) ^ must)[:5],
            )  # fmt: skip
        assert {reader for reader, must in expected.missed.items() if must} == set(missed), today
        self.counts["nudges"] += len(told)
        self.counts["messages"] += len(readers)
        self.counts["missed"] += sum(len(must) for must in expected.missed.values())

    def _found(
        self, expected: Expected
    ) -> tuple[list[Told], dict[int, str], dict[str, tuple[list[tuple[int, str, int, date, str]], int]]]:
        """What stands in the outbox since the last look: each nudge, each message's reader, and what was missed."""
        with self.office.reading() as session:
            nudges = session.scalars(select(Nudge).where(Nudge.id > self._last_nudge).order_by(Nudge.id)).all()
            kinds = ("nudge", "staff_nudge", "person_nudge")
            messages = session.scalars(
                select(OutboxMessage).where(OutboxMessage.id > self._last_message, OutboxMessage.kind.in_(kinds))
            ).all()
            mails: dict[int, set[str]] = defaultdict(set)
            for one in nudges:
                application = session.get_one(Deadline, one.deadline_id).application
                if one.person in ("recipient", "second_contact") and application is not None:
                    to = application.contact_email if one.person == "recipient" else application.second_email
                    mails[one.message_id].add(str(to).lower())
        readers: dict[int, str] = {}
        missed = {}
        for message in messages:
            if message.kind == "nudge":
                [readers[message.id]] = mails[message.id]  # one mail, one address
            else:
                readers[message.id] = str(message.payload.get("person_id", CHANNEL))
            if "missed" in message.payload:
                said = [
                    (number, to, step, date.fromisoformat(on), why)
                    for number, to, step, on, why in message.payload["missed"]
                ]
                missed[readers[message.id]] = said, message.payload["missed_count"]
        told = [Told(one.deadline_id, one.due, one.step, one.person, readers[one.message_id]) for one in nudges]
        self._last_nudge = max((one.id for one in nudges), default=self._last_nudge)
        self._last_message = max((one.id for one in messages), default=self._last_message)
        return sorted(told), readers, missed
