"""Socket Mode with the desk's own listeners: what HTTP does, and what a socket alone can do to one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.app import build
from bot.practice.faults import INTERACTIONS, Fault
from bot.practice.server import PracticeSlack
from bot.practice.shapes import Installation, Shortcut
from bot.practice.workspace import PracticeChannel, PracticePerson, Workspace
from bot.socket_mode import SocketMode, TokenRefused
from core.office import Office
from core.records import Decision
from tests.bot.conftest import APPROVALS, SECRET, STAFF, TOKEN, Desk, application_of, name_of, recommended, submitted
from tests.conftest import Clock

REASONS = "It meets a need that nobody else meets."
OFFICER, COMMISSIONER = "U0OFFICER", "U0COMM"


def until(there: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket is looked at each second: it ends, and is opened anew, that much sooner than in an office."""
    monkeypatch.setattr("bot.socket_mode.PING_SECONDS", 1)


@pytest.fixture
def slack(clock: Clock) -> Iterator[PracticeSlack]:
    installation = Installation(commands=("/award-desk",), shortcuts=(Shortcut("record_outside", "Record an award"),))
    persons = [PracticePerson(user, name_of(user)) for user in STAFF]
    channels = [PracticeChannel(APPROVALS, "approvals")]
    workspace = Workspace(persons, channels, clock=clock.seconds, installation=installation)
    with PracticeSlack(workspace, TOKEN, SECRET, "http://127.0.0.1:9/slack/events") as running:
        yield running
    workspace.close()


def line(office: Office, slack: PracticeSlack, token: str = "") -> SocketMode:
    client = WebClient(TOKEN, base_url=slack.api_url, timeout=30, retry_handlers=[])
    app = build(office, client=client, signing_secret="")
    return SocketMode(app, office, app_token=token or slack.app_token, client=client)


@pytest.fixture
def desk(office: Office, slack: PracticeSlack, clock: Clock) -> Iterator[Desk]:
    """The office with its bot on one socket."""
    socket = line(office, slack)
    socket.open()
    until(lambda: slack.sockets.count == 1)
    client = WebClient(TOKEN, base_url=slack.api_url, timeout=30, retry_handlers=[])
    yield Desk(office, slack, client, clock, None)  # type: ignore[arg-type]  # nothing comes over HTTP
    socket.close()


def decided(desk: Desk) -> int:
    with desk.office.reading() as session:
        return session.query(Decision).count()


def test_from_a_press_to_a_decision_through_a_socket(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    seen = desk.press(OFFICER, ts, "recommend")
    assert seen.view is not None
    left_out = desk.slack.submit_view(OFFICER, seen.view.view_id, {"recommendation": "approve", "reasons": " "})
    assert left_out.errors
    assert desk.slack.submit_view(OFFICER, seen.view.view_id, {"recommendation": "approve", "reasons": REASONS}).ok
    assert application_of(desk.office, number).status == "recommended"
    ts = desk.post_card(number)
    own = desk.press(OFFICER, ts, "approve")
    assert own.view is None
    assert desk.told(OFFICER), "a refusal is told privately over a socket too"
    seen = desk.press(COMMISSIONER, ts, "approve")
    assert seen.view is not None
    assert desk.slack.submit_view(COMMISSIONER, seen.view.view_id, {"amount": "1500", "reasons": REASONS}).ok
    assert application_of(desk.office, number).status == "approved"


def test_home_the_command_and_the_shortcut_are_answered_through_a_socket(desk: Desk) -> None:
    assert desk.slack.command(OFFICER, APPROVALS, "/award-desk help").ok
    assert desk.told(OFFICER)
    assert desk.slack.shortcut(OFFICER, "record_outside").ok
    assert desk.slack.open_home(OFFICER).ok


def test_an_envelope_that_comes_again_is_run_once_and_answered_the_same(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    ts = desk.post_card(number)
    seen = desk.press(COMMISSIONER, ts, "approve")
    assert seen.view is not None
    desk.slack.faults.add(INTERACTIONS, Fault.twice())
    sent = desk.slack.submit_view(COMMISSIONER, seen.view.view_id, {"amount": "1500", "reasons": REASONS})
    assert sent.ok
    assert len(sent.answers) == 2
    assert {answer.body for answer in sent.answers} == {""}, "a second run would be refused as decided already"
    assert decided(desk) == 1


def test_a_socket_that_is_refreshed_or_cut_is_followed_by_another(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    desk.slack.sockets.refresh()
    until(lambda: desk.slack.sockets.count >= 1 and desk.press(OFFICER, ts, "recommend").ok)
    desk.slack.sockets.cut()
    until(lambda: desk.slack.sockets.count >= 1 and desk.press(OFFICER, ts, "recommend").ok)


def test_a_slack_that_is_away_at_the_start_is_waited_for(
    office: Office, slack: PracticeSlack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.socket_mode.AGAIN_SECONDS", 0.1)
    slack.faults.add("apps.connections.open", Fault.status(503), times=3)
    socket = line(office, slack)
    socket.open()
    try:
        until(lambda: slack.sockets.count == 1 and socket.is_open)
    finally:
        socket.close()
    until(lambda: slack.sockets.count == 0)


def test_a_token_that_slack_does_not_take_is_said_at_once(office: Office, slack: PracticeSlack) -> None:
    socket = line(office, slack, token="xapp-wrong")
    with pytest.raises(TokenRefused, match="invalid_auth"):
        socket.open()
    socket.close()
    socket.close()


ENVELOPES: dict[str, Any] = {
    "no payload": {"type": "interactive"},
    "a payload that is a list": {"type": "interactive", "payload": [1]},
    "a payload that is text": {"type": "interactive", "payload": "press"},
    "no type of payload": {"type": "interactive", "payload": {}},
    "an unknown type of payload": {"type": "interactive", "payload": {"type": "telepathy"}},
    "an unknown kind": {"type": "post", "payload": {"type": "block_actions"}},
    "a kind that is a list": {"type": ["interactive"], "payload": {"type": "block_actions"}},
    "no actions": {"type": "interactive", "payload": {"type": "block_actions", "actions": []}},
    "actions of the wrong kind": {
        "type": "interactive",
        "payload": {"type": "block_actions", "actions": ["recommend"]},
    },
    "a user of the wrong kind": {
        "type": "interactive",
        "payload": {"type": "block_actions", "user": "U0OFFICER", "actions": [{"action_id": "recommend"}]},
    },
    "a press of nobody": {
        "type": "interactive",
        "payload": {"type": "block_actions", "actions": [{"action_id": "recommend", "value": "{}"}]},
    },
    "a view of the wrong kind": {"type": "interactive", "payload": {"type": "view_submission", "view": "V1"}},
    "a submission of nothing": {
        "type": "interactive",
        "payload": {
            "type": "view_submission",
            "view": {"callback_id": "recommend", "type": "modal", "state": [], "private_metadata": 7},
        },
    },
    "no command": {"type": "slash_commands", "payload": {"text": "due"}},
    "a command of the wrong kind": {"type": "slash_commands", "payload": {"command": "/award-desk", "text": {"a": 1}}},
    "an event of the wrong kind": {"type": "events_api", "payload": {"type": "event_callback", "event": "opened"}},
    "a deep one": {"type": "events_api", "payload": {"type": "event_callback", "event": {"type": "x" * 90_000}}},
}


WELL_FORMED = ("an unknown type of payload", "a press of nobody", "a submission of nothing", "a deep one")
MALFORMED = [name for name in ENVELOPES if name not in WELL_FORMED]
"""Those that bolt, or a listener, would fall over; the others reach a listener that answers them."""


@pytest.mark.slacks_time  # one of them is never acknowledged
def test_what_is_malformed_is_acknowledged_logged_and_harms_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for name, envelope in ENVELOPES.items():
        caplog.clear()
        with caplog.at_level(logging.INFO):
            answer = desk.slack.sockets.send({**envelope, "accepts_response_payload": True})
        caught = [record.message for record in caplog.records if "Failed to" in record.message]
        assert caught == [], f"{name}: the desk deals with it, not the library that catches everything"
        assert answer.status == 200 or "not acknowledged" in caplog.text, name
        assert name not in MALFORMED or "malformed" in caplog.text, name
    for said in ("", "hello", "[]", '{"envelope_id": 7, "type": "interactive"}', '{"type": 7}', "{"):
        desk.slack.sockets.say_raw(said)
    ts = desk.post_card(submitted(desk.office))
    assert desk.press(OFFICER, ts, "recommend").view is not None


def test_two_processes_on_one_record_decide_once(desk: Desk) -> None:
    second = line(desk.office, desk.slack)
    second.open()
    try:
        until(lambda: desk.slack.sockets.count == 2)
        number = submitted(desk.office)
        recommended(desk.office, number)
        ts = desk.post_card(number)
        commissioners = [COMMISSIONER, *(f"U0COMM{which}" for which in range(2, 8))]
        views = [desk.press(user, ts, "approve").view for user in commissioners]

        def send(one: int) -> bool:
            view = views[one]
            assert view is not None
            values = {"amount": "1500", "reasons": REASONS}
            return not desk.slack.submit_view(commissioners[one], view.view_id, values).errors

        with ThreadPoolExecutor(len(views)) as pool:
            won = list(pool.map(send, range(len(views))))
        assert sum(won) == 1
        assert decided(desk) == 1
        event = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_home_opened", "tab": "messages"}}
        for _ in range(2):
            assert desk.slack.sockets.send({"type": "events_api", "payload": event}).status == 200
    finally:
        second.close()
