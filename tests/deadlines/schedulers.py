"""Schedulers on one PostgreSQL, killed and started by lot while the days go by: each nudge once, and told once.

`uv run python -m tests.deadlines.schedulers --minutes 5 --schedulers 3 --seed 1` does it for minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select as selecting
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticeChannel, PracticePerson, Workspace
from core import absences, events, people
from core.office import Office
from core.records import Award, Deadline, Nudge, OutboxMessage, Person, SweepPlan
from core.rules.policy import Role
from tests.conftest import PostgreSQL
from tests.core import casework
from tests.crashes.process import APPROVALS, DEADLINES, SECRET, TOKEN
from tests.deadlines import reading
from tests.deadlines.model import DAY, Model, Told
from tests.deadlines.scheduler_mother import Given, clock_of, office_of
from tests.running import wait_for
from tests.scheduler.test_mail import Post, post_office

ROOT = Path(__file__).parents[2]
BEGUN = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)
KINDS = ("nudge", "staff_nudge", "person_nudge")
SECONDS = 120
"""How long one day may take before it is given up."""

PATIENCE = 0.6
"""How long what waits may stand still before whoever holds it is taken for dead, and everybody is killed.

Twice as long after each time: on a busy machine whoever has just begun may not have come to it.
"""


class Brood:
    """The schedulers that are alive, and the mother that forks them."""

    def __init__(self, given: Given) -> None:
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.deadlines.scheduler_mother", json.dumps(asdict(given))],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.alive: list[int] = []
        self.killed = 0
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._mother.stdout is not None
        ready, _, _ = selecting.select([self._mother.stdout], [], [], SECONDS)
        assert ready, "the mother of schedulers says nothing"
        return self._mother.stdout.readline().strip()

    def fork(self) -> None:
        assert self._mother.stdin is not None
        self._mother.stdin.write("one\n")
        self._mother.stdin.flush()
        self.alive.append(int(self._line()))

    def kill(self, number: int) -> None:
        os.kill(number, signal.SIGKILL)
        self.alive.remove(number)
        self.killed += 1
        while _lives(number):
            time.sleep(0.002)

    def kill_all(self) -> None:
        for number in list(self.alive):
            self.kill(number)

    def stop(self) -> None:
        for number in list(self.alive):
            with suppress(ProcessLookupError):
                self.kill(number)
        self._mother.kill()
        self._mother.wait()
        for pipe in (self._mother.stdin, self._mother.stdout):
            assert pipe is not None
            pipe.close()


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Days:
    """Days of an office under several schedulers, one after another, each until all of it is told."""

    office: Office
    brood: Brood
    clock: Path
    chance: random.Random
    most: int
    model: Model = field(default_factory=Model)
    counts: Counter[str] = field(default_factory=Counter)
    expected: list[tuple[date, Told]] = field(default_factory=list)
    now: datetime = BEGUN

    def set_clock(self, now: datetime) -> None:
        """What time it is for everybody, at once."""
        fresh = self.clock.with_suffix(".fresh")
        fresh.write_text(now.isoformat(), encoding="utf-8")
        fresh.replace(self.clock)
        self.now = now

    def live(self, today: date, *, kills: int) -> None:
        """Nobody is alive when a day begins: what a clock that jumps does to a live sender is no promise of ours."""
        self.brood.kill_all()
        self.set_clock(datetime.combine(today, BEGUN.timetz()))
        for _ in range(self.most):
            self.brood.fork()
        for _ in range(kills):
            time.sleep(self.chance.choice((0.0, 0.01, 0.05, 0.1, 0.2, 0.4)) * self.chance.random())
            if self.brood.alive and (len(self.brood.alive) == self.most or self.chance.random() < 0.5):
                self.brood.kill(self.chance.choice(self.brood.alive))
            else:
                self.brood.fork()
        while len(self.brood.alive) < self.most:
            self.brood.fork()
        wait_for(lambda: self._swept() == today, SECONDS, f"nobody swept on {today}")
        expected = self.model.sweep(
            reading.facts(self.office), reading.staff(self.office), reading.plan(self.office), today
        )
        self.expected += [(today, told) for told in expected.told]
        self._wait_until_told(today)
        self.counts["days"] += 1

    def _swept(self) -> date | None:
        with self.office.reading() as session:
            return session.scalar(select(SweepPlan.swept_on))

    def _wait_until_told(self, today: date) -> None:
        """A message that a dead sender claimed is free after a minute: everybody dies, a minute passes, all start."""
        until, stands, since = time.monotonic() + SECONDS, self._waiting(), time.monotonic()
        patience = PATIENCE
        while stands:
            assert time.monotonic() < until, f"{today}: never sent: {stands}"
            time.sleep(0.03)
            now = self._waiting()
            if now != stands:
                stands, since = now, time.monotonic()
            elif time.monotonic() - since > patience:
                self.brood.kill_all()
                self.counts["minutes waited"] += 1
                self.set_clock(self.now + timedelta(minutes=2))
                for _ in range(self.most):
                    self.brood.fork()
                since, patience = time.monotonic(), 2 * patience

    def _waiting(self) -> list[Any]:
        query = select(OutboxMessage.key, OutboxMessage.attempts).where(
            OutboxMessage.settled_at.is_(None), OutboxMessage.kind.in_(KINDS), OutboxMessage.made_at <= self.now
        )
        with self.office.reading() as session:
            held = [tuple(row) for row in session.execute(query.where(OutboxMessage.not_before <= self.now))]
        return sorted(held)

    # ------------------------------------------------------------------------------------------ what must be so

    def check(self, workspace: Workspace, post: Post) -> None:
        """Each nudge once, on its day, in a message; each message once in Slack, and by its id once in the post."""
        with self.office.reading() as session:
            assert events.broken_at(session) is None
            messages = {
                one.id: one for one in session.scalars(select(OutboxMessage).where(OutboxMessage.kind.in_(KINDS)))
            }
            nudges = session.scalars(select(Nudge)).all()
            emails = {
                (one.id, person): address
                for one in session.scalars(select(Deadline))
                if one.application is not None
                for person, address in (
                    ("recipient", one.application.contact_email),
                    ("second_contact", one.application.second_email),
                )
            }
        found = [(one.noted_at.date(), one.deadline_id, one.due, one.step, one.person) for one in nudges]
        expected = [(day, one.number, one.due, one.step, one.to) for day, one in self.expected]
        assert Counter(found) == Counter(expected), (
            Counter(found) - Counter(expected),
            Counter(expected) - Counter(found),
        )
        assert {one.outcome for one in messages.values()} <= {"sent"}, Counter(one.outcome for one in messages.values())
        covered = {one.message_id for one in nudges}
        assert covered <= set(messages)
        self._check_slack(workspace, [one for one in messages.values() if one.channel == "slack"])
        self._check_mail(post, [one for one in messages.values() if one.kind == "nudge"], nudges, emails)
        self.counts.update(nudges=len(nudges), messages=len(messages), killed=self.brood.killed)

    def _check_slack(self, workspace: Workspace, messages: list[OutboxMessage]) -> None:
        channels = [DEADLINES, *(workspace.open_direct(one.user_id).channel_id for one in workspace.people)]
        posted: Counter[str] = Counter()
        along: Counter[int] = Counter()
        for channel in channels:
            for one in workspace.messages(channel):
                said = one.body["metadata"]["event_payload"]
                posted[said["key"]] += 1
                along.update(said.get("also", ()))
        for message in messages:
            assert posted[message.key] + along[message.id] == 1, (message.key, posted[message.key])
        self.counts["posts"] = posted.total()

    def _check_mail(
        self, post: Post, messages: list[OutboxMessage], nudges: Any, emails: dict[tuple[int, str], str | None]
    ) -> None:
        """A mail whose sender died before it could note that it was taken is sent again: as the same mail."""
        taken: dict[str, tuple[str, str]] = {}
        for mail, envelope in zip(post.taken, post.envelopes, strict=True):
            [to] = envelope.rcpt_tos
            same = (to, str(mail["Subject"]))
            assert taken.setdefault(str(mail["Message-ID"]), same) == same
        again = len(post.taken) - len(taken)
        assert again <= self.brood.killed
        mine = {one.id for one in messages}
        told = Counter(
            {
                one.message_id: str(emails[one.deadline_id, one.person]) for one in nudges if one.message_id in mine
            }.values()
        )
        assert Counter(to for to, _ in taken.values()) == told
        self.counts.update(mails=len(taken), again=again)


def _staff(office: Office) -> list[PracticePerson]:
    """Two officers, of whom one is away in March, two directors, and one officer who is not in Slack."""
    with office.sessions.begin() as session:
        made = [
            people.add(
                session, name=f"{role.value.title()} {number}", email=f"staff{number}@office.example", role=role,
                slack=(TEAM_ID, f"U0STAFF{number}") if linked else None, actor="tests", now=office.clock(),
            )
            for number, (role, linked) in enumerate(
                [(Role.OFFICER, True), (Role.OFFICER, True), (Role.DIRECTOR, True), (Role.DIRECTOR, True),
                 (Role.OFFICER, False)]
            )
        ]  # fmt: skip
        absences.away(
            session, made[0], from_day=date(2027, 3, 1), until_day=date(2027, 3, 31), deputy=made[1], actor="tests",
            today=BEGUN.date(), now=office.clock(),
        )  # fmt: skip
    return [PracticePerson(f"U0STAFF{number}", f"Staff {number}") for number in range(4)]


def _awards(office: Office, chance: random.Random, count: int) -> None:
    """Awards whose returns fall due in the months after the beginning, taken on by somebody or nobody."""
    with office.reading() as session:
        officers = list(session.scalars(select(Person.id).where(Person.role == Role.OFFICER.value).order_by(Person.id)))
    for number in range(count):
        start = date(2026, 6, 20) + chance.randint(0, 60) * DAY
        given = casework.facts(
            start=start, end=start + 400 * DAY, organisation_name=f"Club {number}",
            contact_email=f"club{number % max(1, count - 2)}@clubs.example",
        )  # fmt: skip
        award = casework.active(office, given)
        with office.sessions.begin() as session:
            application = session.get_one(Award, award).application
            application.taken_by_id = chance.choice([None, *officers])
            application.second_name, application.second_email = "Second", f"second{number}@clubs.example"
    with office.sessions.begin() as session:  # what led to the awards was told long ago
        session.execute(update(OutboxMessage).values(outcome="withheld", settled_at=office.clock()))


def lived(
    url: str, folder: Path, *, schedulers: int, awards: int, seed: int, going_on: Callable[[int], bool], kills: int
) -> Counter[str]:
    """Let so many schedulers live and die on an empty record for as long as it is `going_on`, asked after each day.

    Answers how much of everything there was. Fails where a nudge or a message is missing, or there twice.
    """
    chance, clock, post = random.Random(seed), folder / "clock", Post()
    clock.write_text(BEGUN.isoformat(), encoding="utf-8")
    with ExitStack() as stack:
        port = stack.enter_context(post_office(post))
        channels = (PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines"))
        # Slack goes by the same clock: a post in doubt is looked for from the instant on at which it was made.
        workspace = Workspace((), channels, clock=lambda: clock_of(clock)().timestamp())
        stack.callback(workspace.close)
        slack = stack.enter_context(PracticeSlack(workspace, TOKEN, SECRET))
        given = Given(url, slack.api_url, f"smtp://127.0.0.1:{port}", str(clock))
        office = office_of(given)
        stack.callback(office.sessions.kw["bind"].dispose)
        for person in _staff(office):
            workspace.put_person(person)
        _awards(office, chance, awards)
        brood = Brood(given)
        stack.callback(brood.stop)
        days = Days(office, brood, clock, chance, schedulers)
        today, number = BEGUN.date(), 0
        while going_on(number) or today.weekday() >= 5:  # what waits for a working day is sent on one
            today += chance.choice((1, 1, 2, 3, 4)) * DAY
            days.live(today, kills=kills)
            number += 1
        brood.kill_all()
        days.check(workspace, post)
    return days.counts


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description="Schedulers on one PostgreSQL, killed and started by lot.")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--schedulers", type=int, default=3)
    parser.add_argument("--awards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    server = PostgreSQL()
    ends: list[float] = []

    def going_on(_day: int) -> bool:
        ends.append(time.monotonic() + asked.minutes * 60)
        return time.monotonic() < ends[0]

    try:
        with tempfile.TemporaryDirectory() as folder:
            counts = lived(
                server.fresh(), Path(folder), schedulers=asked.schedulers, awards=asked.awards, seed=asked.seed,
                going_on=going_on, kills=8,
            )  # fmt: skip
    finally:
        server.stop()
    said = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
    print(f"seed {asked.seed}, {asked.schedulers} schedulers: {said}: none missing, none twice")


if __name__ == "__main__":
    main()
