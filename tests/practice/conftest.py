"""A practice Slack per test, with a clock that the test can move."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask, Response, request
from slack_bolt import Ack, App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient
from werkzeug.serving import make_server

from bot.practice.server import PracticeSlack
from bot.practice.workspace import Installation, PracticeChannel, PracticePerson, Shortcut, Workspace
from tests.patience import patience

__all__ = ["patience"]

TOKEN = "xoxb-practice"
SECRET = "practice-signing-secret"

OFFICER = PracticePerson("U0OFFICER", "Olive Officer", "Grants officer", "olive@practice.example")
DIRECTOR = PracticePerson("U0DIRECTOR", "Dev Director", "Director", "dev@practice.example")
GUEST = PracticePerson("U0GUEST", "Gus Guest", is_restricted=True)
LEAVER = PracticePerson("U0LEAVER", "Lee Leaver", deleted=True)
APPROVALS = PracticeChannel("C0APPROVALS", "approvals", "Decisions")
DEADLINES = PracticeChannel("C0DEADLINES", "deadlines", "What falls due")
ELSEWHERE = PracticeChannel("C0ELSEWHERE", "elsewhere", bot_is_member=False)
PRIVATE = PracticeChannel("C0PRIVATE", "directors", members=frozenset({"U0DIRECTOR"}), is_private=True)

INSTALLED = Installation(
    commands=("/award-desk",), shortcuts=(Shortcut("record_outside", "Record an award made outside"),)
)

PEOPLE = (OFFICER, DIRECTOR, GUEST, LEAVER)
CHANNELS = (APPROVALS, DEADLINES, ELSEWHERE, PRIVATE)


class Clock:
    """The real time at which the test began, moved by as much as it says: a busy machine moves nothing."""

    def __init__(self) -> None:
        self.moved = 0.0
        self._began = time.time()

    def __call__(self) -> float:
        return self._began + self.moved


HOME: dict[str, Any] = {
    "type": "home",
    "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Hello"}}],
}
CARD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*YF-2026-7K4MPX*"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "approve", "value": "1"},
            {"type": "button", "text": {"type": "plain_text", "text": "Fail"}, "action_id": "fail"},
            {"type": "button", "text": {"type": "plain_text", "text": "Slow"}, "action_id": "slow"},
            {"type": "button", "text": {"type": "plain_text", "text": "Reply"}, "action_id": "reply"},
        ],
    },
]
DECISION: dict[str, Any] = {
    "type": "modal",
    "callback_id": "decision",
    "title": {"type": "plain_text", "text": "Approve"},
    "submit": {"type": "plain_text", "text": "Approve"},
    "private_metadata": "1",
    "blocks": [
        {
            "type": "input",
            "block_id": "amount",
            "label": {"type": "plain_text", "text": "Amount"},
            "element": {
                "type": "number_input",
                "action_id": "value",
                "is_decimal_allowed": True,
                "min_value": "0.01",
                "initial_value": "2000.00",
            },
        },
        {
            "type": "input",
            "block_id": "recommendation",
            "optional": True,
            "label": {"type": "plain_text", "text": "Recommendation"},
            "element": {
                "type": "radio_buttons",
                "action_id": "value",
                "options": [
                    {"text": {"type": "plain_text", "text": "Approve"}, "value": "approve"},
                    {"text": {"type": "plain_text", "text": "Less"}, "value": "less"},
                ],
            },
        },
        {
            "type": "input",
            "block_id": "reasons",
            "label": {"type": "plain_text", "text": "Reasons"},
            "element": {"type": "plain_text_input", "action_id": "value", "multiline": True, "max_length": 100},
        },
    ],
}


@dataclass
class Received:
    """What reached the app, and what it is to answer to a submission."""

    requests: list[tuple[dict[str, str], str]] = field(default_factory=list)
    submission: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: {}
    command: Callable[[dict[str, Any]], Any] = lambda body: f"You asked for {body['text']}"
    commands: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)
    """Set once the slow listener has been waited for long enough."""

    def payload(self, number: int = -1) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(parse_qs(self.requests[number][1])["payload"][0])
        return payload


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Iterator[Workspace]:
    made = Workspace(PEOPLE, CHANNELS, clock=clock, installation=INSTALLED)
    yield made
    made.close()


@pytest.fixture
def slack(workspace: Workspace) -> Iterator[PracticeSlack]:
    with PracticeSlack(workspace, TOKEN, SECRET, "http://127.0.0.1:9/slack/events") as running:
        yield running


@pytest.fixture
def client(slack: PracticeSlack) -> WebClient:
    return WebClient(TOKEN, base_url=slack.api_url, timeout=30, retry_handlers=[])


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def bolt(slack: PracticeSlack, received: Received) -> App:
    """A small real bolt app on the practice Slack."""
    bolt = App(
        client=WebClient(TOKEN, base_url=slack.api_url, timeout=30),
        signing_secret=SECRET,
        token_verification_enabled=False,
        process_before_response=True,
    )

    @bolt.action("approve")
    def approve(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=DECISION)
        ack()

    @bolt.action("slow")
    def slow(ack: Ack) -> None:
        received.enough.wait(30)
        ack()

    @bolt.action("reply")
    def reply(ack: Ack, body: dict[str, Any]) -> None:
        WebhookClient(body["response_url"]).send(text="for you alone")
        ack()

    @bolt.action("pick")
    def pick(ack: Ack) -> None:
        ack()

    @bolt.action("push")
    def push(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_push(trigger_id=body["trigger_id"], view=DECISION)
        ack()

    @bolt.action("update")
    def update(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        view = {**DECISION, "title": {"type": "plain_text", "text": "Updated"}}
        client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)
        ack()

    @bolt.command("/award-desk")
    def command(ack: Ack, body: dict[str, Any]) -> None:
        with received.lock:
            received.commands.append(body)
        ack(received.command(body))

    @bolt.shortcut("record_outside")
    def shortcut(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=DECISION)
        ack()

    @bolt.view("decision")
    def decided(ack: Ack, body: dict[str, Any]) -> None:
        ack(**received.submission(body))

    @bolt.event("app_home_opened")
    def home(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view=HOME)

    return bolt


@pytest.fixture
def web(bolt: App, received: Received) -> Flask:
    """The bolt app over HTTP, at ``/slack/events``."""
    handler = SlackRequestHandler(bolt)
    web = Flask("app")

    @web.post("/slack/events")
    def events() -> Response:
        with received.lock:
            received.requests.append((dict(request.headers), request.get_data(as_text=True)))
        payload = json.loads(request.form.get("payload", "{}"))
        if payload.get("actions", [{}])[0].get("action_id") == "fail":
            return Response("broken", 500)
        answer: Response = handler.handle(request)
        return answer

    return web


@pytest.fixture
def app(slack: PracticeSlack, web: Flask) -> Iterator[PracticeSlack]:
    """The practice Slack with the bolt app at its request URL."""
    server = make_server("127.0.0.1", 0, web, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    slack.request_url = f"http://127.0.0.1:{server.server_port}/slack/events"
    yield slack
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ts(slack: PracticeSlack, client: WebClient) -> str:
    return str(client.chat_postMessage(channel=APPROVALS.channel_id, text="A card", blocks=CARD)["ts"])
