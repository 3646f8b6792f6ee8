"""The one request URL against what an open endpoint meets: unsigned, malformed, too large, repeated."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import select
from sqlalchemy import text as sql
from werkzeug.test import TestResponse

from bot.app import build
from bot.endpoint import MOST_BYTES, blueprint, is_signed
from bot.repeats import ABANDONED, KEPT, SCOPE, Repeats, forget_old
from core.office import Office
from core.records import Idempotency
from tests.bot.conftest import SECRET, TOKEN
from tests.conftest import Clock

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NOWHERE = "http://127.0.0.1:9/api/"


Headers = Mapping[str, str] | None


class Door:
    """The endpoint with a bolt app whose listeners count what reaches them."""

    def __init__(self, office: Office, clock: Clock) -> None:
        self.office = office
        self.clock = clock
        self.ran: list[str] = []
        self.fails = False
        app = App(
            client=WebClient(base_url=NOWHERE),
            signing_secret=SECRET,
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token=TOKEN),
            process_before_response=True,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
        )

        @app.action("count")
        def count(ack: Any) -> None:
            self.ran.append("action")
            if self.fails:
                raise RuntimeError("broken on purpose")
            ack()

        @app.view("count")
        def view(ack: Any) -> None:
            self.ran.append("view")
            ack(response_action="errors", errors={"reasons": "Say more"})

        @app.event("app_home_opened")
        def home() -> None:
            self.ran.append("event")

        flask = Flask("door")
        flask.register_blueprint(blueprint(app, office, SECRET))
        self.http: FlaskClient = flask.test_client()

    def send(
        self,
        body: bytes,
        content_type: str = FORM,
        *,
        signed: bool = True,
        at: float | None = None,
        headers: Headers = None,
    ) -> TestResponse:
        timestamp = str(int(self.clock.seconds() if at is None else at))
        sent = {"Content-Type": content_type, "X-Slack-Request-Timestamp": timestamp}
        if signed:
            sent["X-Slack-Signature"] = signature(body, timestamp)
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        return self.http.post("/slack/events", data=body, headers={k: v for k, v in sent.items() if v})


def signature(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    """Slack's, made here by hand from its documentation."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def form(payload: Any) -> bytes:
    return f"payload={quote_plus(json.dumps(payload))}".encode()


PRESS = form(
    {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"},
        "actions": [{"action_id": "count", "block_id": "b", "type": "button", "value": "{}"}],
    }
)
SUBMISSION = form(
    {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"},
        "view": {"id": "V1", "type": "modal", "callback_id": "count", "blocks": [], "state": {"values": {}}},
    }
)


def event(event_id: str = "Ev1") -> bytes:
    happened = {"type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1"}
    return json.dumps({"type": "event_callback", "team_id": "T1", "event_id": event_id, "event": happened}).encode()


@pytest.fixture
def door(office: Office, clock: Clock) -> Door:
    return Door(office, clock)


def test_what_slack_signs_is_served(door: Door) -> None:
    assert door.send(PRESS).status_code == 200
    answer = door.send(SUBMISSION)
    assert answer.get_json() == {"response_action": "errors", "errors": {"reasons": "Say more"}}
    assert door.send(event(), JSON).status_code == 200
    assert door.ran == ["action", "view", "event"]


def test_our_signature_check_is_slacks(clock: Clock) -> None:
    """The same verdicts as Slack's own SDK on right and wrong signatures."""
    now = clock.seconds()

    class Stopped(SlackClock):
        def now(self) -> float:
            return now

    # A clock of its own: the default one is shared by every verifier of the process.
    verifier = SignatureVerifier(SECRET, clock=Stopped())
    for moved in (-301, -300, 0, 300, 301):
        timestamp = str(int(now + moved))
        for made in (signature(PRESS, timestamp), signature(PRESS, timestamp, "another"), signature(b"", timestamp)):
            ours = is_signed(PRESS, signature=made, timestamp=timestamp, secret=SECRET, now=now)
            assert ours == verifier.is_valid(PRESS.decode(), timestamp, made), (moved, made)


def test_url_verification(door: Door) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "a-challenge", "token": "t"}).encode()
    answer = door.send(body, JSON)
    assert (answer.status_code, answer.get_json()) == (200, {"challenge": "a-challenge"})
    assert door.send(body, JSON, signed=False).status_code == 401


def unsigned(body: bytes, content_type: str = FORM, **headers: str) -> Callable[[Door], TestResponse]:
    return lambda door: door.send(body, content_type, signed=False, headers=headers)


def signed(body: bytes, content_type: str = FORM, **headers: str) -> Callable[[Door], TestResponse]:
    return lambda door: door.send(body, content_type, headers=headers)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        pytest.param(unsigned(PRESS), 401, id="no signature"),
        pytest.param(unsigned(b"{", JSON), 401, id="unsigned, malformed JSON"),
        pytest.param(unsigned(b"payload=%7B"), 401, id="unsigned, malformed payload"),
        pytest.param(unsigned(b"ssl_check=1&token=x"), 401, id="unsigned ssl_check"),
        pytest.param(signed(PRESS, X_Slack_Request_Timestamp="abc"), 401, id="timestamp abc"),
        pytest.param(signed(PRESS, X_Slack_Request_Timestamp="٣٣"), 401, id="timestamp in other digits"),
        pytest.param(signed(PRESS, X_Slack_Request_Timestamp="9" * 400), 401, id="timestamp without end"),
        pytest.param(signed(PRESS, X_Slack_Request_Timestamp="-5"), 401, id="negative timestamp"),
        pytest.param(signed(PRESS, X_Slack_Request_Timestamp=""), 401, id="no timestamp"),
        pytest.param(signed(PRESS, X_Slack_Signature="v0=" + "é" * 64), 401, id="signature not ASCII"),
        pytest.param(signed(PRESS, X_Slack_Signature="v0=" + "a" * 64), 401, id="wrong signature"),
        pytest.param(signed(PRESS, X_Slack_Signature=""), 401, id="empty signature"),
        pytest.param(signed(b"payload=%7B"), 400, id="payload is no JSON"),
        pytest.param(signed(b"payload=%5B1%5D"), 400, id="payload is a list"),
        pytest.param(signed(b"payload=5"), 400, id="payload is a number"),
        pytest.param(signed(b"payload=%ff"), 400, id="payload is no text"),
        pytest.param(signed(b"\xff\xfe"), 400, id="no UTF-8"),
        pytest.param(signed(b""), 400, id="empty form"),
        pytest.param(signed(b"{", JSON), 400, id="no JSON"),
        pytest.param(signed(b"[" * 200_000, JSON), 400, id="deep JSON"),
        pytest.param(signed(b"null", JSON), 400, id="JSON null"),
        pytest.param(signed(b"hello=1"), 400, id="form without a payload"),
        pytest.param(signed(b"&".join([b"a=1"] * 5_000)), 400, id="very many fields"),
        pytest.param(signed(PRESS, "text/plain"), 400, id="plain text"),
        pytest.param(signed(PRESS, "multipart/form-data; boundary=x"), 400, id="multipart"),
        pytest.param(signed(PRESS, ""), 400, id="no content type"),
        pytest.param(signed(b"payload=" + b"x" * MOST_BYTES), 400, id="too large"),
        pytest.param(lambda door: door.send(PRESS, at=door.clock.seconds() - 301), 401, id="too old"),
        pytest.param(lambda door: door.send(PRESS, at=door.clock.seconds() + 301), 401, id="from the future"),
        pytest.param(lambda door: door.http.get("/slack/events"), 405, id="GET"),
    ],
)
def test_hostile_requests_end_before_bolt(
    office: Office, clock: Clock, attempt: Callable[[Door], TestResponse], status: int
) -> None:
    door = Door(office, clock)
    answer = attempt(door)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert door.ran == []
    with door.office.reading() as session:
        assert session.scalars(select(Idempotency)).all() == [], "nothing of it is kept"


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions", "actions": []},
        {"type": "block_actions", "actions": [5], "user": 5, "team": 7},
        {"type": "event_callback", "event": "x"},
        {"type": "view_submission"},
        {"type": "view_submission", "view": {"callback_id": "approve"}},
        {"type": "view_submission", "view": {"callback_id": "approve", "private_metadata": "[]"}},
        {"type": "view_submission", "view": {"callback_id": "approve", "type": "modal", "blocks": [5]}},
        {"type": "view_submission", "view": {"callback_id": "approve", "type": "modal", "state": 5}, "user": {"id": 5}},
        {"type": "block_actions", "actions": [{"action_id": "approve"}]},
        {"type": "block_actions", "actions": [{"action_id": "approve", "value": "[]"}], "user": "U1"},
        {"type": "block_actions", "actions": [{"action_id": 7}]},
        {"type": "block_actions", "actions": [{"action_id": "approve"}], "view": "x"},
        {"type": "block_actions", "actions": [{"action_id": "menu", "selected_option": "x"}]},
        *(
            {"type": "view_submission", "view": {"callback_id": "approve", "type": "modal", "state": state}}
            for state in (
                {"values": [5]},
                {"values": {"reasons": 5}},
                {"values": {"reasons": {"value": 5}}},
                {"values": {"reasons": {"value": {"selected_option": 5}}}},
            )
        ),
        {"type": "event_callback", "event": {"type": ["x"]}},
        {"type": "event_callback", "event": {"type": "message"}, "authorizations": "x"},
        {"type": "event_callback", "event": {"type": "message"}, "authorizations": [5]},
        {"type": "event_callback", "event": {"type": "message"}, "event_id": "Ev\0"},
        {"type": "shortcut", "callback_id": "x"},
        {"type": 5},
        {"team": {"id": 1}, "user": []},
        {},
    ],
)
def test_odd_shapes_that_are_signed_are_never_a_500(
    office: Office, clock: Clock, payload: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Only who holds the secret can send these; still none is a fault of ours, and no traceback goes out."""
    app = build(office, client=WebClient(TOKEN, base_url=NOWHERE), signing_secret=SECRET)
    flask = Flask("odd")
    flask.register_blueprint(blueprint(app, office, SECRET))
    body, timestamp = form(payload), str(int(clock.seconds()))
    sent = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature(body, timestamp)}
    with caplog.at_level(logging.CRITICAL):
        answer = flask.test_client().post("/slack/events", data=body, content_type=FORM, headers=sent)
    assert answer.status_code in (200, 400, 404)
    assert "Traceback" not in answer.text


def test_an_empty_secret_lets_nobody_in(clock: Clock) -> None:
    timestamp = str(int(clock.seconds()))
    made = signature(PRESS, timestamp, "")
    assert not is_signed(PRESS, signature=made, timestamp=timestamp, secret="", now=clock.seconds())


def test_a_replay_gets_the_same_answer_and_runs_nothing(door: Door) -> None:
    first, second = door.send(SUBMISSION), door.send(SUBMISSION)
    assert (second.status_code, second.data, second.content_type) == (first.status_code, first.data, first.content_type)
    assert b"Say more" in second.data
    assert door.ran == ["view"]
    door.clock.forward(seconds=1)
    assert door.send(SUBMISSION).status_code == 200, "signed anew it is a new request"
    assert door.ran == ["view", "view"]


def test_an_event_that_slack_tries_again_is_run_once(door: Door) -> None:
    assert door.send(event(), JSON).status_code == 200
    door.clock.forward(seconds=60)
    retry = {"X_Slack_Retry_Num": "1", "X_Slack_Retry_Reason": "http_timeout"}
    assert door.send(event(), JSON, headers=retry).status_code == 200
    assert door.send(event("Ev2"), JSON).status_code == 200
    assert door.ran == ["event", "event"]


def test_a_request_that_failed_is_run_again(door: Door) -> None:
    door.fails = True
    assert door.send(PRESS).status_code == 503, "a listener that does not catch its own faults; ours do"
    door.fails = False
    assert door.send(PRESS).status_code == 200
    assert door.ran == ["action", "action"]


def test_a_repetition_while_the_first_is_at_work_is_answered_empty(door: Door) -> None:
    repeats = Repeats(door.office.sessions)
    key = f"signature:{signature(PRESS, str(int(door.clock.seconds())))}"
    assert repeats.begin(key, "0" * 64, now=door.clock()) is None
    answer = door.send(PRESS)
    assert (answer.status_code, answer.data) == (200, b"")
    assert door.ran == []


def test_what_died_with_its_process_is_taken_over_once(door: Door) -> None:
    repeats = Repeats(door.office.sessions)
    assert repeats.begin("event:Ev9", "0" * 64, now=door.clock()) is None
    door.clock.forward(seconds=ABANDONED.total_seconds() + 1)
    assert door.send(event("Ev9"), JSON).status_code == 200
    assert door.send(event("Ev9"), JSON).status_code == 200
    assert door.ran == ["event"]


def test_a_record_that_is_away_is_no_traceback(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with door.office.sessions.begin() as session:
        session.execute(sql("ALTER TABLE idempotency RENAME TO gone"))
    with caplog.at_level(logging.ERROR):
        answer = door.send(PRESS)
    assert answer.status_code == 503
    reference = answer.text.partition("fault ")[2][:8]
    assert f"fault {reference}" in caplog.text
    assert door.ran == []


def test_old_answers_are_forgotten(office: Office, clock: Clock) -> None:
    repeats = Repeats(office.sessions)
    repeats.begin("event:old", "0" * 64, now=clock() - KEPT - timedelta(seconds=1))
    repeats.begin("event:new", "0" * 64, now=clock())
    with office.sessions.begin() as session:
        session.add(
            Idempotency(
                scope="api", key="old", body_hash="0" * 64, status=201, answer={}, made_at=clock() - timedelta(days=400)
            )
        )
        forget_old(session, now=clock())
        assert {(row.scope, row.key) for row in session.scalars(select(Idempotency))} == {
            (SCOPE, "event:new"),
            ("api", "old"),
        }


def test_the_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By way of hmac.compare_digest and nothing else."""
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return True

    monkeypatch.setattr("bot.endpoint.hmac.compare_digest", compare)
    now = time.time()
    assert is_signed(PRESS, signature="v0=" + "a" * 64, timestamp=str(int(now)), secret=SECRET, now=now)
    assert len(compared) == 1
