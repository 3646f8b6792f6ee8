"""Over HTTP: submissions a second, and the time from a press in Slack to its answer."""

from __future__ import annotations

import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.action import UNKNOWN, Carried
from bot.practice.faults import Fault
from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticeChannel, PracticePerson, Workspace
from core import database, people
from core.office import Office
from core.records import Application
from core.rules.policy import Role
from tests.benchmarks.client import Connection, Sent, months_ahead, name_of, paced, rate, serving
from tests.benchmarks.rounds import Compared, alternate, percentile, scaled
from tests.benchmarks.server import API_KEY, APPROVALS, DEADLINES, SECRET, TOKEN, Served
from tests.conftest import Clock, office_on
from tests.core import casework
from tests.crashes.wire import api_headers, application_body, press, slack_headers, submission
from tests.running import wait_for

OFFICER = "U0OFFICER"
SLOW = 1.0
"""Seconds that Slack takes for a post while people press."""


def test_submissions_a_second(served_url: str, report: Callable[[Compared], None]) -> None:
    """Against a bare route of the same server that inserts one row with one commit."""
    start, end = months_ahead()
    body = json.dumps(application_body(start=start, end=end)).encode()
    numbers = itertools.count()

    def submits() -> Sent:
        number = next(numbers)
        sent = application_body(start=start, end=end)
        # as they come: no desk has hundreds by one club
        sent["organisation"]["name"] = f"Boxing Club {number}"
        return Sent("/api/v1/applications", json.dumps(sent).encode(), api_headers(API_KEY, f"benchmark {number}"))

    def bare() -> Sent:
        return Sent("/floor/row", body, {"Content-Type": "application/json"})

    with serving(Served(served_url)) as port:
        compared = alternate(
            f"submissions a second, {name_of(served_url)}",
            "/s",
            lambda: rate(port, submits, clients=2, each=scaled(15), expected=201),
            lambda: rate(port, bare, clients=2, each=scaled(60), expected=201),
            rounds=4,
        )
    report(compared)
    assert compared.ratio > 0.001


@pytest.fixture
def slow_slack() -> Iterator[PracticeSlack]:
    """A Slack whose every post is slow, and which opens modals as fast as it can."""
    workspace = Workspace(
        [PracticePerson(OFFICER, "Olive Officer")],
        [PracticeChannel(APPROVALS, "approvals"), PracticeChannel(DEADLINES, "deadlines")],
    )
    workspace.faults.add("chat.postMessage", Fault.slow(SLOW), times=None)
    with PracticeSlack(workspace, TOKEN, SECRET) as slack:
        yield slack
    workspace.close()


def test_press_to_answer_while_deliveries_are_slow(
    served_url: str, slow_slack: PracticeSlack, tmp_path: Path, report: Callable[[Compared], None]
) -> None:
    """A signed press that opens a modal, and a modal's submission that is a transaction, against a bare check."""
    count = scaled(60)
    applications = _applications(served_url, count)
    served = Served(served_url, slow_slack.api_url, str(tmp_path / "mail"), delivering=True)
    waits: dict[str, list[float]] = {"press": [], "submission": [], "floor": []}
    with serving(served) as port:
        connection = Connection(port)
        _warm(connection)
        wait_for(lambda: slow_slack.workspace.messages(APPROVALS) != [], 60, "nothing is delivered")
        for application_id, version in applications:
            trigger = slow_slack.workspace.new_trigger(OFFICER)
            opened = press(OFFICER, APPROVALS, application_id, "recommend", trigger)
            given = {"recommendation": "approve", "amount": "2000", "reasons": "The need is shown.", "conditions": ""}
            sent = submission(OFFICER, APPROVALS, "recommend", application_id, version, given)
            for what, body, path in (
                ("press", opened, "/slack/events"),
                ("submission", sent, "/slack/events"),
                ("floor", sent, "/floor/signed"),
            ):
                headers = slack_headers(SECRET, body, time.time())
                taken, said = connection.send(Sent(path, body, headers), 200)
                assert said == "", said
                waits[what].append(taken * 1000)
            (view,) = slow_slack.workspace.open_views(OFFICER)
            assert Carried.unpacked(view.body["private_metadata"], "application").number == application_id, (
                "no modal opened"
            )
        connection.close()
    assert _recommended(served_url) == count, "each submission was done"
    delivered = sum(one.thread_ts is None for one in slow_slack.workspace.messages(APPROVALS))
    assert delivered < count, "slow deliveries went on from the first press to the last"
    for what in ("press", "submission"):
        for percent in (50, 99):
            compared = Compared(
                f"{what} to answer, p{percent}, {name_of(served_url)}",
                "ms",
                (percentile(waits[what], percent),),
                (percentile(waits["floor"], percent),),
            )
            report(compared)
        assert statistics.median(waits[what]) < 3_000, "Slack would have given up"


def test_twenty_presses_a_second_while_deliveries_go_on(
    served_url: str, slow_slack: PracticeSlack, tmp_path: Path, report: Callable[[Compared], None]
) -> None:
    """Presses that open a modal, twenty due each second from many people, against a bare check of the same bytes.

    What Slack itself takes to open a modal is measured in the same rounds, by the same bytes sent to it directly.
    """
    each, rounds = scaled(40), 3
    applications = _applications(served_url, 40)
    served = Served(served_url, slow_slack.api_url, str(tmp_path / "mail"), delivering=True)
    waits: dict[str, list[list[float]]] = {"press": [], "floor": [], "Slack": []}

    def presses(number: int) -> Sent:
        application_id, _ = applications[number % len(applications)]
        body = press(OFFICER, APPROVALS, application_id, "recommend", slow_slack.workspace.new_trigger(OFFICER))
        return Sent("/slack/events", body, slack_headers(SECRET, body, time.time()))

    def bare(number: int) -> Sent:
        return replace(presses(number), path="/floor/signed")

    with serving(served) as port:
        connection = Connection(port)
        _warm(connection)
        connection.close()

        def timed(make: Callable[[int], Sent], to: int = port) -> list[float]:
            return paced(to, make, each, a_second=20, clients=8, expected=200)

        timed(presses)
        (view,) = slow_slack.workspace.open_views(OFFICER)

        def opens(_number: int) -> Sent:
            return _opens(slow_slack.workspace.new_trigger(OFFICER), view.body)

        for _ in range(rounds):
            waits["press"].append(timed(presses))
            waits["floor"].append(timed(bare))
            waits["Slack"].append(timed(opens, slow_slack.port))
    told = {message.text for message in slow_slack.workspace.ephemerals(APPROVALS, OFFICER)}
    assert told <= {UNKNOWN}, "every press but those that warm the desk opened its modal"
    assert slow_slack.workspace.messages(APPROVALS), "deliveries went on"
    for percent in (50, 99):
        found = {what: tuple(percentile(one, percent) * 1000 for one in series) for what, series in waits.items()}
        name = f"p{percent}, {name_of(served_url)}"
        report(Compared(f"20 presses a second, press to answer, {name}", "ms", found["press"], found["floor"]))
        both = tuple(one + other for one, other in zip(found["floor"], found["Slack"], strict=True))
        report(Compared(f"the same against check and Slack's own answer, {name}", "ms", found["press"], both))
    assert all(one < 3 for series in waits["press"] for one in series), "Slack would have given up"


def _opens(trigger: str, view: dict[str, Any]) -> Sent:
    """What the desk sends to Slack to open a modal."""
    shown = {
        name: view[name] for name in ("type", "callback_id", "title", "submit", "close", "private_metadata", "blocks")
    }
    body = json.dumps({"trigger_id": trigger, "view": shown}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json; charset=utf-8"}
    return Sent("/api/views.open", body, headers)


def _warm(connection: Connection) -> None:
    """A desk that has just started imports and compiles at its first requests; neither side is to pay for that."""
    for _ in range(5):
        body = press(OFFICER, APPROVALS, 0, "nothing", str(time.time_ns()))
        connection.send(Sent("/slack/events", body, slack_headers(SECRET, body, time.time())), 200)
        connection.send(Sent("/floor/signed", body, slack_headers(SECRET, body, time.time())), 200)


def _applications(url: str, count: int) -> list[tuple[int, int]]:
    """So many submitted applications, each with its version; their cards and receipts wait to be sent."""
    engine = database.open_database(url)
    office = office_on(engine, Clock(datetime.now(UTC)))
    start, end = months_ahead()
    with office.sessions.begin() as session:
        people.add(
            session,
            name="Olive Officer",
            email="olive@office.example",
            role=Role.OFFICER,
            slack=(TEAM_ID, OFFICER),
            actor="benchmark",
            now=office.clock(),
        )
    made = [casework.submitted(office, casework.facts(start=start, end=end)) for _ in range(count)]
    versions = _versions(office)
    engine.dispose()
    return [(application_id, versions[application_id]) for application_id in made]


def _versions(office: Office) -> dict[int, int]:
    with office.reading() as session:
        return {row.id: row.version for row in session.execute(select(Application.id, Application.version))}


def _recommended(url: str) -> int:
    engine = database.open_database(url)
    with database.reading_sessions(engine)() as session:
        found = len(session.scalars(select(Application.id).where(Application.status == "recommended")).all())
    engine.dispose()
    return found
