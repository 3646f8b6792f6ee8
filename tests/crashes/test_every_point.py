"""A crash at every point of submitting, deciding, delivering and sweeping, and what people find after the restart.

Each act is done once without a crash, which counts its points and gives what is to be found; then it is done again
on a fresh copy of the same record for every point, dies there, and the desk is started again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from bot.practice.workspace import TEAM_ID, Workspace
from core import database, outbox, people
from core.office import Office
from core.records import Application, OutboxMessage
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core import casework
from tests.crashes.conftest import Copies, Mortal, SlackClock
from tests.crashes.moving import MovingRecord
from tests.crashes.process import APPROVALS, DEADLINES, Act, Ended
from tests.crashes.promises import Outside, Rows, outside, record
from tests.crashes.wire import application_body, submission

SWEEP_DAY = datetime(2027, 7, 15, 9, 30, tzinfo=UTC)
"""Two weeks after the first return of an award that starts on 1 January: its officer and its director hear of it."""


LATER = timedelta(seconds=10)
"""How long the restart takes: what whoever waited does again comes before."""


@dataclass
class Found:
    """What one life left: in the record at once, where that is checked, and everywhere after the restart."""

    left: Rows
    record: Rows
    outside: Outside
    after: Ended


@dataclass
class Case:
    """One act on one prepared record, done in as many lives as wanted."""

    mortal: Mortal
    copies: Copies
    workspace: Workspace
    clock: Clock
    moving: MovingRecord
    act: Act
    again: Act | None = None
    """What whoever waited for an answer does when the desk is back: the same once more."""

    def before(self) -> Rows:
        with self.copies.fresh() as (url, _):
            return self.record(url)

    def record(self, url: str) -> Rows:
        """The record there."""
        engine = self.moving.move(url)
        try:
            return record(engine)
        finally:
            engine.dispose()

    def live(self, die_at: int | None, check: Callable[[Ended, Rows, str], None] | None = None) -> tuple[Ended, Found]:
        """Do the act, die at that point if at any, start again. `check` sees the record before the restart."""
        for channel in (APPROVALS, DEADLINES):
            for message in self.workspace.messages(channel):
                self.workspace.remove(channel, message.ts)
        with self.copies.fresh() as (url, mail):
            here = replace(self.act, database_url=url, mail=str(mail), die_at=die_at)
            ended = self.mortal.does(here)
            self.copies.wait_until_left()
            left = self.record(url) if check is not None or die_at is None else {}
            if check is not None:
                check(ended, left, url)
            after = self._started_again(here, url)
            again = after
            if self.again is not None and die_at is not None:
                again = self.mortal.does(replace(self.again, database_url=url, mail=str(mail)))
                self._started_again(here, url)
            return ended, Found(left, self.record(url), outside(self.workspace, mail), again)

    def _started_again(self, act: Act, url: str) -> Ended:
        """Start as the database's desk does: `up` frees what it had claimed, another process waits until it may."""
        released = url.startswith("sqlite")
        later = datetime.fromisoformat(act.at) + (LATER if released else outbox.CLAIM + LATER)
        after = self.mortal.does(replace(act, name="restart", die_at=None, at=later.isoformat(), released=released))
        first, then = after.answer["first"], after.answer["then"]
        assert (first["failed"], first["put_back"]) == (0, 0), first
        assert then == {"steps": [], "sent": 0, "failed": 0, "put_back": 0}, "it was not all done at once"
        return after

    def every_point(self, check: Callable[[Ended, Rows, str], None] | None = None) -> Iterator[tuple[Ended, Found]]:
        """Each point in turn, up to the last."""
        whole, _ = self.live(None)
        for point, name in enumerate(whole.passed, start=1):
            ended, found = self.live(point, check)
            assert ended.died_at == name, f"point {point}: the same act did not pass the same points"
            yield ended, found


@pytest.fixture
def case(
    mortal: Mortal, copies: Copies, workspace: Workspace, slack_clock: SlackClock, clock: Clock, database_url: str
) -> Iterator[Case]:
    """Every statement's points on SQLite; on PostgreSQL every second of them, and all other points."""
    slack_clock.clock = clock
    act = Act(
        name="restart",
        database_url="",
        at=clock().isoformat(),
        mail="",
        statements=1 if database_url.startswith("sqlite") else 2,
    )
    moving = MovingRecord(database_url)
    yield Case(mortal, copies, workspace, clock, moving, act)
    moving.engine.dispose()


def _same(found: Found, whole: Found, ended: Ended) -> None:
    """After the restart everything is as if there had been no crash."""
    assert found.record == whole.record, ended.died_at
    assert found.outside == whole.outside, ended.died_at


def test_submitting(case: Case, office: Office, engine: Engine) -> None:
    """All of an application or none of it; the same key once more gets the one answer that there is."""
    casework.allocate(office, "youth-fund", 1_000_000)
    _settled(office)
    engine.dispose()
    case.act = case.again = replace(
        case.act, name="submit", body=json.dumps(application_body()), key="a key of the portal"
    )
    before = case.before()
    ended, whole = case.live(None)
    assert ended.answer["status"] == 201
    assert len(whole.left["applications"]) == 1
    assert len(whole.outside.approvals) == len(whole.outside.mails) == 1
    references: list[str | None] = []

    def check(ended: Ended, left: Rows, url: str) -> None:
        assert left in (before, whole.left), ended.died_at
        references.append(_reference(case.moving, url))

    died = set()
    for ended, found in case.every_point(check):
        died.add(_kind(ended))
        _same(found, whole, ended)
        assert found.after.answer["status"] == 201
        if found.left == whole.left:
            assert found.after.answer["said"]["reference"] == references[-1]
    assert references[0] is None, "the first crash left nothing"
    assert references[-1] is not None, "the last crash left everything"
    assert died == {"statement", "commit"}


def test_deciding(case: Case, office: Office, engine: Engine) -> None:
    """One decision, one commitment, one offer, or none of it; whoever presses again is told, or decides now."""
    casework.allocate(office, "youth-fund", 1_000_000)
    application = casework.recommended(office)
    with office.sessions.begin() as session:
        people.add(
            session,
            name="Cam Commissioner",
            email="cam@office.example",
            role=Role.COMMISSIONER,
            slack=(TEAM_ID, "U0PCC"),
            actor="tests",
            now=office.clock(),
        )
        version = session.get_one(Application, application).version
    _settled(office)
    engine.dispose()
    values = {"amount": "1900", "reasons": "A strong local need.", "conditions": casework.CONDITIONS}
    body = submission("U0PCC", APPROVALS, "approve", application, version, values).decode()
    case.act = replace(case.act, name="slack", body=body)
    case.again = replace(case.act, at=(case.clock() + timedelta(seconds=5)).isoformat())
    before = case.before()
    ended, whole = case.live(None)
    assert (ended.answer["status"], ended.answer["said"]) == (200, "")
    assert len(whole.record["decisions"]) == len(whole.record["awards"]) == 1
    assert [row for row in whole.record["ledger"] if "commitment" in row] == ["('commitment', 'youth-fund', -190000)"]
    assert (len(whole.outside.approvals), len(whole.outside.mails)) == (2, 1), "the card, a line under it, the offer"

    def check(ended: Ended, left: Rows, _url: str) -> None:
        assert left in (before, whole.left), ended.died_at

    stood = []
    for ended, found in case.every_point(check):
        _same(found, whole, ended)
        stood.append(found.left == whole.left)
        assert found.after.answer["status"] == 200
        assert ("Already approved by Cam Commissioner" in found.after.answer["said"]) == stood[-1], ended.died_at
    assert not stood[0]
    assert stood[-1]
    assert stood == sorted(stood), "once it stands it stands"


def test_delivering(case: Case, office: Office, engine: Engine) -> None:
    """One card an application, one message a sweep and person, each mail once under its own Message-ID."""
    _with_work_for_everybody(case, office)
    engine.dispose()
    case.act = replace(case.act, name="deliver", at=case.clock().isoformat())
    ended, whole = case.live(None)
    assert len(whole.outside.approvals) == 2, "a card, and the recommendation under it"
    assert len(whole.outside.deadlines) == 1
    assert len(whole.outside.mails) == 2
    assert ended.answer == {"sent": 6, "failed": 0, "put_back": 0}
    died = set()
    for ended, found in case.every_point():
        died |= {_kind(ended), str(ended.died_at)}
        _same(found, whole, ended)
    assert died >= {"statement", "commit", "claimed", "worded", "sent", "settled"}
    for call in ("chat.postMessage", "chat.update"):
        assert {f"before {call}", f"after {call}"} <= died
    assert len([point for point in died if "the mail" in point]) == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_recovering(case: Case, office: Office, engine: Engine) -> None:
    """A second crash, in the recovery from the worst first one: Slack has a message, and we do not know.

    At every third point beside its statements, and at all its others.
    """
    casework.submitted(office)
    with office.sessions.begin() as session:  # the receipt has no part in this
        outbox.settle(session, _claimed(office, "mail"), "sent", now=office.clock())
    engine.dispose()
    case.act = replace(case.act, name="deliver")
    points, whole = case.live(None)
    first = list(points.passed).index("after chat.postMessage") + 1
    recovery = 0
    while True:
        recovery += 1
        done: list[Ended] = []

        def crash_again(
            _ended: Ended, _left: Rows, url: str, recovery: int = recovery, done: list[Ended] = done
        ) -> None:
            second = replace(
                case.act, name="restart", database_url=url, mail=_mail_of(url), die_at=recovery, statements=3
            )
            done.append(case.mortal.does(second))

        ended, found = case.live(first, crash_again)
        _same(found, whole, ended)
        if done[0].died_at is None:
            break
    assert recovery > 15


def test_sweeping(case: Case, office: Office, engine: Engine) -> None:
    """Each nudge once, with its one message, and each offer that ran out gives its money back once; or none of it."""
    case.clock.now = SWEEP_DAY - timedelta(days=30)
    ran_out = casework.facts(title="An offer that ran out", start=date(2027, 9, 1), end=date(2028, 2, 29))
    casework.offered(office, ran_out)
    case.clock.now = SWEEP_DAY - timedelta(days=21)
    casework.offered(office, replace(ran_out, title="An offer still open", contact_email="olu@fenland.example"))
    case.clock.now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    for number in range(3):
        casework.active(office, casework.facts(title=f"Award {number}", contact_email=f"ada{number % 2}@river.example"))
    case.clock.now = SWEEP_DAY
    _settled(office)
    engine.dispose()
    case.act = replace(case.act, name="sweep", at=SWEEP_DAY.isoformat())
    before = case.before()
    ended, whole = case.live(None)
    told = [(step["kind"], step["to"]) for step in ended.answer["steps"]]
    assert set(told) >= {("return", "recipient"), ("return", "officer"), ("return", "director")}, told
    assert ("acceptance", "recipient") in told
    assert len(whole.left["nudges"]) == len(told)  # that none is there twice the record itself sees to
    assert len(whole.outside.mails) == 4  # two recipients of returns, an offer still open, an offer that ran out
    assert len(whole.outside.deadlines) == 1  # one message of a sweep, for the Director too
    assert [row for row in whole.left["ledger"] if "'release'" in row]

    def check(ended: Ended, left: Rows, _url: str) -> None:
        assert left in (before, whole.left), ended.died_at

    died = set()
    for ended, found in case.every_point(check):
        died |= {_kind(ended), str(ended.died_at)}
        _same(found, whole, ended)
    assert died >= {"statement", "commit", "begun", "expired", "swept", "committed"}


def _with_work_for_everybody(case: Case, office: Office) -> None:
    """An outbox with a card and its update, a message for the deadlines channel, a receipt and a nudge by mail."""
    casework.active(office)
    case.clock.now = SWEEP_DAY - timedelta(days=7)
    _settled(office)
    assert casework.told(casework.sweep(office, case.clock.now.date())) == [(7, "officer"), (7, "recipient")]
    application = casework.submitted(office, casework.facts(start=date(2027, 9, 1), end=date(2028, 2, 29)))
    casework.recommend(office, application)


def _settled(office: Office) -> None:
    """What the preparation put into the outbox is no part of what is tested."""
    with office.sessions.begin() as session:
        outbox.withhold(session, now=office.clock())


def _claimed(office: Office, channel: outbox.Channel) -> OutboxMessage:
    with office.sessions.begin() as session:
        message = outbox.claim(session, channel, now=office.clock())
    assert message is not None
    return message


def _reference(moving: MovingRecord, url: str) -> str | None:
    engine = moving.move(url)
    with database.reading_sessions(engine)() as session:
        found = session.scalars(select(Application.reference)).one_or_none()
    engine.dispose()
    return found


def _mail_of(url: str) -> str:
    return str(Path(url.removeprefix("sqlite:///")).parent / "mail")


def _kind(ended: Ended) -> str:
    """What sort of point it died at."""
    said = str(ended.died_at)
    if said.endswith("a commit"):
        return "commit"
    statement = said.partition(" ")[2].partition(" ")[0].isupper()
    return "statement" if statement else said
