"""The whole desk, killed with `kill -9` while programs submit and people press, and started again."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.practice.people_side import NotOnScreen
from bot.practice.server import PracticeSlack
from bot.practice.workspace import Message, Workspace
from core import database
from core.records import Application, Card, Decision, OutboxMessage, Recommendation
from desk import practice_office
from scheduler.mailbox import PracticeMailbox
from tests.crashes.process import APPROVALS, DEADLINES, SECRET, TOKEN
from tests.crashes.promises import whole
from tests.crashes.wire import api_headers, application_body
from tests.running import RunningDesk

API_KEY = "key-of-a-portal"
APPLICATIONS, KILLS = 10, 2
SECONDS = 240
"""How long the whole of it may take before the test gives up on a desk that does not come round."""


@pytest.fixture
def slack() -> Iterator[PracticeSlack]:
    """A Slack that outlives the desk, as Slack does."""
    workspace = Workspace(practice_office.slack_people(), practice_office.slack_channels())
    with PracticeSlack(workspace, TOKEN, SECRET) as running:
        yield running
    workspace.close()


@pytest.fixture
def desk(tmp_path: Path, database_url: str, slack: PracticeSlack) -> Iterator[RunningDesk]:
    made = RunningDesk(
        tmp_path,
        database_url=database_url,
        api_keys=f"portal:{API_KEY}",
        slack_bot_token=TOKEN,
        slack_api_url=slack.api_url,
        slack_signing_secret=SECRET,
        slack_approvals_channel=APPROVALS,
        slack_deadlines_channel=DEADLINES,
    )
    slack.request_url = f"{made.url}/slack/events"
    with made:
        yield made


class Portal:
    """Sends each application until it is answered, each under a key of its own."""

    def __init__(self, desk: RunningDesk) -> None:
        self._desk = desk
        self.answers: dict[str, dict[str, Any]] = {}

    def send(self, number: int, until: float) -> None:
        start = datetime.now(UTC).date() + timedelta(days=60)
        body = json.dumps(application_body(f"Project {number}", start, start + timedelta(days=270)))
        while time.monotonic() < until:
            connection = http.client.HTTPConnection("127.0.0.1", self._desk.port, timeout=60)
            try:
                connection.request("POST", "/api/v1/applications", body, api_headers(API_KEY, f"project {number}"))
                answer = connection.getresponse()
                said = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.05)  # it was killed before it answered
                continue
            finally:
                connection.close()
            assert answer.status == 201, said
            self.answers[f"Project {number}"] = said
            return


class Office:
    """Two people who look at the cards and press until everything is decided."""

    def __init__(self, slack: PracticeSlack) -> None:
        self._slack = slack

    def work(self, until: float, finished: Callable[[], bool]) -> None:
        while time.monotonic() < until and not finished():
            for card in self._slack.workspace.messages(APPROVALS):
                for person, action, values in (
                    ("U0OFFICER", "recommend", {"recommendation": "approve", "reasons": "The need is shown."}),
                    ("U0PCC", "approve", {}),
                ):
                    if _has(card, action):
                        self._press(person, card, action, values)
            time.sleep(0.05)

    def _press(self, person: str, card: Message, action: str, values: dict[str, str]) -> None:
        for left in self._slack.workspace.open_views(person):  # a form whose desk died: they close it and start afresh
            self._slack.workspace.close_view(left.view_id)
        try:
            seen = self._slack.press(person, APPROVALS, card.ts, action)
            if seen.view is not None:
                self._slack.submit_view(person, seen.view.view_id, values)
        except NotOnScreen:  # the card, or the form, is not what it was a moment ago
            return


def _has(card: Message, action: str) -> bool:
    return f'"action_id": "{action}"' in json.dumps(card.blocks)


def test_a_desk_that_is_killed_again_and_again(desk: RunningDesk, slack: PracticeSlack, database_url: str) -> None:
    """Each application, decision, card, line of its thread and mail once; the trail whole."""
    chance = random.Random(20261123)
    until = time.monotonic() + SECONDS
    portal, office = Portal(desk), Office(slack)

    def finished() -> bool:
        return _decided(database_url) == APPLICATIONS

    def send(numbers: range) -> None:
        for number in numbers:
            portal.send(number, until)

    threads = [threading.Thread(target=send, args=(range(first, APPLICATIONS, 2),)) for first in (0, 1)]
    threads.append(threading.Thread(target=office.work, args=(until, finished)))
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.9))
        desk.kill()
        desk.start()
    for thread in threads:
        thread.join(SECONDS)
    assert len(portal.answers) == APPLICATIONS, desk.said()[-3_000:]
    assert finished(), desk.said()[-3_000:]
    _wait_until_sent(database_url, until)
    assert desk.stop() == 0
    _check_record(database_url, portal)
    _check_outside(desk, slack, portal)


def _check_record(url: str, portal: Portal) -> None:
    engine = database.open_database(url)
    with database.reading_sessions(engine)() as session:
        whole(session)
        mine = session.scalars(select(Application).where(Application.submitted_by == "api:portal")).all()
        assert {one.title: one.reference for one in mine} == {
            title: said["reference"] for title, said in portal.answers.items()
        }, "what was answered is what is there"
        assert len(mine) == APPLICATIONS
        ids = [one.id for one in mine]
        for table in (Recommendation, Decision, Card):
            found = session.scalars(select(table.application_id).where(table.application_id.in_(ids))).all()
            assert sorted(found) == sorted(ids), table.__tablename__
        assert all(one.award is not None for one in mine)
        outcomes = Counter(session.scalars(select(OutboxMessage.outcome)))
        assert set(outcomes) <= {"sent", "withheld"}, outcomes
    engine.dispose()


def _check_outside(desk: RunningDesk, slack: PracticeSlack, portal: Portal) -> None:
    everything = slack.workspace.messages(APPROVALS)
    cards = [one for one in everything if one.thread_ts is None]
    assert len(cards) == APPLICATIONS
    for card in cards:
        told = [one.text.split(":")[0] for one in everything if one.thread_ts == card.ts]
        assert told == ["Recommended", "Approved"], told
    for said in portal.answers.values():
        assert len([card for card in cards if said["reference"] in card.text]) == 1
    mails = PracticeMailbox(desk.folder / "var" / "practice-mail", "grants@desk.example").mails()
    assert len({mail.message_id for mail in mails}) == len(mails)
    for said in portal.answers.values():
        about = [mail for mail in mails if said["reference"] in mail.subject]
        assert len(about) == 2, [mail.subject for mail in about]  # a receipt and an offer


def _decided(url: str) -> int:
    engine = database.open_database(url)
    try:
        with database.reading_sessions(engine)() as session:
            query = select(Decision.id).join(Decision.application).where(Application.submitted_by == "api:portal")
            return len(session.scalars(query).all())
    finally:
        engine.dispose()


def _wait_until_sent(url: str, until: float) -> None:
    """A message that a dead sender had claimed goes out at once: `up` frees its claims when it starts."""
    engine = database.open_database(url)
    try:
        while True:
            with database.reading_sessions(engine)() as session:
                open_ones = session.scalars(select(OutboxMessage.key).where(OutboxMessage.settled_at.is_(None))).all()
            if not open_ones:
                return
            assert time.monotonic() < until, f"never sent: {open_ones}"
            time.sleep(0.1)
    finally:
        engine.dispose()
