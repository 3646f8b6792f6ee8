"""The whole story of one application, killed at points drawn by lot: in the end everything is as if nobody had died.

It is sent in, told, recommended, approved, accepted, reminded of and answered; after each of these the desk is started
again, and whoever waited for an answer asks again. `uv run python -m tests.crashes.story --kills 1000 --seed 1` does it
on both databases.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticeChannel, PracticePerson, Workspace
from core import database, outbox, people
from core.office import Office
from core.records import Application
from core.rules.policy import Role
from tests.conftest import Clock, PostgreSQL, office_on
from tests.core import casework
from tests.crashes.conftest import Copies, Mortal, SlackClock
from tests.crashes.moving import MovingRecord
from tests.crashes.process import APPROVALS, DEADLINES, SECRET, TOKEN, Act, Ended
from tests.crashes.promises import Outside, Rows, outside, record
from tests.crashes.wire import application_body, submission

BEGUN = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LATER = timedelta(seconds=10)
STAFF = (("U0OFFICER", Role.OFFICER), ("U0PCC", Role.COMMISSIONER), ("U0DIRECTOR", Role.DIRECTOR))
RETURN = {
    "measures": [{"measure": "Calls on Fridays", "achieved": "A fifth fewer"}],
    "spent": "1500.00",
    "people": 31,
    "narrative": "Two fewer calls a month.",
    "views": "They want Saturdays too.",
}


@dataclass(frozen=True)
class Step:
    """One thing that happens, and the day on which it does. `waits`: whoever did it asks again after a crash."""

    act: str
    day: date
    waits: bool = False


STORY = (
    Step("sweep", date(2026, 11, 23)),  # what recurs by itself is on the table before anybody comes
    Step("submit", date(2026, 11, 23), waits=True),
    Step("deliver", date(2026, 11, 23)),
    Step("recommend", date(2026, 11, 24), waits=True),
    Step("deliver", date(2026, 11, 24)),
    Step("approve", date(2026, 11, 25), waits=True),
    Step("deliver", date(2026, 11, 25)),
    Step("accept", date(2026, 11, 27), waits=True),
    Step("deliver", date(2026, 11, 27)),
    Step("sweep", date(2027, 7, 12)),
    Step("deliver", date(2027, 7, 12)),
    Step("sweep", date(2027, 7, 26)),
    Step("deliver", date(2027, 7, 26)),
    Step("return", date(2027, 7, 28), waits=True),
    Step("deliver", date(2027, 7, 28)),
)


@dataclass
class Life:
    """What one life of the story left after each of its steps, and how often it ended on the way."""

    records: list[Rows] = field(default_factory=list)
    outsides: list[Outside] = field(default_factory=list)
    points: list[Sequence[str]] = field(default_factory=list)
    died_at: list[str] = field(default_factory=list)


@dataclass
class Story:
    """The story on one database, lived as often as wanted, each time on the same prepared record."""

    mortal: Mortal
    copies: Copies
    workspace: Workspace
    slack_clock: SlackClock
    moving: MovingRecord
    chance: random.Random
    whole: Life = field(default_factory=Life)

    def begin(self) -> None:
        """Live it once without a crash: what it leaves is what every other life must leave."""
        self.whole = self.live(likely=0.0)
        assert len(self.whole.records[-1]["awards"]) == 1
        assert [row for row in self.whole.records[-1]["trail"] if "return_received" in row]
        assert self.whole.records[-1]["nudges"]

    def until(self, kills: int) -> Counter[str]:
        """Live it until so many have died. Answers at what sorts of points. Fails where a life left something else."""
        died: Counter[str] = Counter()
        while died.total() < kills:
            life = self.live(likely=0.5)
            died.update(_sort(point) for point in life.died_at)
            for step, found, must in zip(STORY, life.records, self.whole.records, strict=True):
                assert found == must, (step, life.died_at, _difference(found, must))
            for step, there, must_be in zip(STORY, life.outsides, self.whole.outsides, strict=True):
                assert there == must_be, (step, life.died_at)
        return died

    def live(self, *, likely: float) -> Life:
        """One life; at each step it may end, and at the restart after it once more."""
        for channel in (APPROVALS, DEADLINES, *self._direct()):
            for message in self.workspace.messages(channel):
                self.workspace.remove(channel, message.ts)
        life = Life()
        with self.copies.fresh() as (url, mail):
            for number, step in enumerate(STORY):
                at = datetime.combine(step.day, BEGUN.timetz()) + number * timedelta(minutes=10)
                self.slack_clock.clock.now = at
                act = Act(name="", database_url=url, at=at.isoformat(), mail=str(mail), statements=1)
                self._step(step, act, number, life, likely)
                life.records.append(self._record(url))
                life.outsides.append(outside(self.workspace, mail))
        return life

    def _step(self, step: Step, act: Act, number: int, life: Life, likely: float) -> None:
        mine = self._worded(step, act)
        die_at = None
        if self.chance.random() < likely:
            die_at = self._point(self.whole.points[number])
        ended = self._does(replace(mine, die_at=die_at), life)
        if likely == 0.0:
            life.points.append(ended.passed)
            assert ended.answer.get("status", 200) in (200, 201, 302, 303), (step, ended.answer)
            assert not (mine.name == "slack" and ended.answer["said"]), (step, ended.answer)
        self._restart(act, life, likely)
        if step.waits and ended.died_at is not None:
            later = datetime.fromisoformat(act.at) + 3 * outbox.CLAIM
            self._does(replace(self._worded(step, replace(act, at=later.isoformat()))), life)
            self._restart(replace(act, at=later.isoformat()), life, 0.0)

    def _point(self, passed: Sequence[str]) -> int:
        """One of the points, each sort as likely as the next: of reading there are many more than of anything else."""
        sort = self.chance.choice(sorted({_sort(point) for point in passed}))
        return self.chance.choice([place for place, point in enumerate(passed, 1) if _sort(point) == sort])

    def _does(self, act: Act, life: Life) -> Ended:
        ended = self.mortal.does(act)
        if ended.died_at is not None:
            life.died_at.append(ended.died_at)
        self.copies.wait_until_left()
        return ended

    def _restart(self, act: Act, life: Life, likely: float) -> None:
        """As the deterministic ones do: `up` frees what it had claimed, another process waits until it may."""
        released = act.database_url.startswith("sqlite")
        later = datetime.fromisoformat(act.at) + (LATER if released else outbox.CLAIM + LATER)
        again = replace(act, name="restart", at=later.isoformat(), released=released)
        if self.chance.random() < likely / 4:
            self._does(replace(again, die_at=self.chance.randint(1, 60)), life)
            after = later + (LATER if released else outbox.CLAIM + LATER)
            again = replace(again, at=after.isoformat())
        ended = self._does(again, life)
        first, then = ended.answer["first"], ended.answer["then"]
        assert (first["failed"], first["put_back"]) == (0, 0), first
        assert then == {"steps": [], "sent": 0, "failed": 0, "put_back": 0}, "it was not all done at once"

    def _worded(self, step: Step, act: Act) -> Act:
        """The act with what whoever does it sends: it looks at the record, as they look at a card or a mail."""
        if step.act == "submit":
            body = application_body(start=date(2027, 1, 11), end=date(2027, 10, 10))
            return replace(act, name="submit", body=json.dumps(body), key="a key of the portal")
        if step.act in ("deliver", "sweep", "accept"):
            return replace(act, name=step.act)
        engine = self.moving.move(act.database_url)
        try:
            with database.reading_sessions(engine)() as session:
                application = session.scalars(select(Application)).one()
                reference, number, version = application.reference, application.id, application.version
        finally:
            engine.dispose()
        if step.act == "return":
            return replace(act, name="return", body=json.dumps(RETURN), key=f"{reference}/2027-07-11")
        values = {"reasons": "A strong local need."}
        if step.act == "recommend":
            who, values = "U0OFFICER", {**values, "recommendation": "approve", "amount": "2000"}
        else:
            who, values = "U0PCC", {**values, "amount": "1900", "conditions": casework.CONDITIONS}
        return replace(act, name="slack", body=submission(who, APPROVALS, step.act, number, version, values).decode())

    def _record(self, url: str) -> Rows:
        engine = self.moving.move(url)
        try:
            return record(engine)
        finally:
            engine.dispose()

    def _direct(self) -> list[str]:
        return [self.workspace.open_direct(user).channel_id for user, _ in STAFF]


def _sort(point: str) -> str:
    return " ".join(point.split()[:2])


def _difference(found: Rows, must: Rows) -> dict[str, list[str]]:
    return {name: sorted(set(found[name]) ^ set(must[name])) for name in must if found[name] != must[name]}


def prepared(office: Office) -> None:
    """Money, and who decides over it."""
    casework.allocate(office, "youth-fund", 1_000_000)
    with office.sessions.begin() as session:
        for user, role in STAFF:
            people.add(
                session, name=f"{role.value.title()} Person", email=f"{user.lower()}@office.example", role=role,
                slack=(TEAM_ID, user), actor="tests", now=office.clock(),
            )  # fmt: skip


def with_staff(workspace: Workspace) -> None:
    """The same people in Slack."""
    for user, role in STAFF:
        workspace.put_person(PracticePerson(user, role.value.title()))


def _on(url: str, folder: Path, kills: int, seed: int) -> Counter[str]:
    clock = SlackClock()
    with ExitStack() as stack:
        workspace = Workspace(
            (), (PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines")), clock=clock
        )
        stack.callback(workspace.close)
        with_staff(workspace)
        slack = stack.enter_context(PracticeSlack(workspace, TOKEN, SECRET))
        engine = database.open_database(url)
        prepared(office_on(engine, Clock(BEGUN)))
        engine.dispose()
        mortal = Mortal(slack.api_url)
        stack.callback(mortal.stop)
        mortal.wait_until_ready()
        copies = Copies(url, folder)
        stack.callback(copies.close)
        moving = MovingRecord(url)
        stack.callback(moving.engine.dispose)
        story = Story(mortal, copies, workspace, clock, moving, random.Random(seed))
        story.begin()
        return story.until(kills)


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description="The whole story, killed at random, on both databases.")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/record.db"
        engine = database.open_database(url)
        database.upgrade(engine)
        engine.dispose()
        _say("SQLite", _on(url, Path(folder), asked.kills // 2, asked.seed))
        server = PostgreSQL()
        try:
            _say("PostgreSQL", _on(server.fresh(), Path(folder), asked.kills // 2, asked.seed))
        finally:
            server.stop()


def _say(name: str, died: Counter[str]) -> None:
    points = ", ".join(f"{count} {point}" for point, count in died.most_common(8))
    print(f"{name}: {died.total()} deaths, all put right: {points} …", flush=True)


if __name__ == "__main__":
    main()
