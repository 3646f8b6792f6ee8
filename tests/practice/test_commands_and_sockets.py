"""Commands, shortcuts, what goes wrong on the way to the app, and Socket Mode, against a real bolt app."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.practice.faults import INTERACTIONS, Fault
from bot.practice.people_side import NotOnScreen
from bot.practice.server import PracticeSlack
from bot.practice.sockets import MOST_SOCKETS

from .conftest import APPROVALS, DECISION, DIRECTOR, OFFICER, PRIVATE, SECRET, Clock, Received

CHANNEL = APPROVALS.channel_id


# --- commands and shortcuts ----------------------------------------------------------------------------------------


def test_a_command_is_signed_and_its_answer_is_shown_to_one_person(app: PracticeSlack, received: Received) -> None:
    outcome = app.command(OFFICER.user_id, CHANNEL, "/award-desk due")
    assert outcome.ok
    headers, body = received.requests[0]
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    sent = received.commands[0]
    assert sent["command"] == "/award-desk"
    assert sent["text"] == "due"
    assert (sent["user_id"], sent["user_name"]) == (OFFICER.user_id, "olive.officer")
    assert (sent["channel_id"], sent["channel_name"]) == (CHANNEL, "approvals")
    assert (sent["team_id"], sent["api_app_id"]) == ("TPRACTICE", "A0AWARDDESK")
    assert [m.text for m in app.workspace.ephemerals(CHANNEL, OFFICER.user_id)] == ["You asked for due"]
    assert app.workspace.ephemerals(CHANNEL, DIRECTOR.user_id) == []
    WebhookClient(sent["response_url"]).send(text="later")
    assert [m.text for m in app.workspace.ephemerals(CHANNEL, OFFICER.user_id)][-1] == "later"


@pytest.mark.parametrize(
    ("answer", "private", "public"),
    [
        ({"text": "blocks", "blocks": [{"type": "divider"}]}, ["blocks"], []),
        ({"text": "for all", "response_type": "in_channel"}, [], ["for all"]),
        ("", [], []),
    ],
)
def test_what_a_command_may_answer(
    app: PracticeSlack, received: Received, answer: Any, private: list[str], public: list[str]
) -> None:
    received.command = lambda body: answer
    assert app.command(OFFICER.user_id, CHANNEL, "/award-desk").ok
    assert [m.text for m in app.workspace.ephemerals(CHANNEL, OFFICER.user_id)] == private
    assert [m.text for m in app.workspace.messages(CHANNEL)] == public


def test_a_command_may_answer_nothing_that_slack_refuses(app: PracticeSlack, received: Received) -> None:
    received.command = lambda body: {"text": "x", "blocks": [{"type": "header"}]}
    assert app.command(OFFICER.user_id, CHANNEL, "/award-desk").trouble
    assert app.workspace.ephemerals(CHANNEL, OFFICER.user_id) == []


def test_mentions_in_a_command_arrive_as_ids_and_the_rest_escaped(app: PracticeSlack, received: Received) -> None:
    app.command(OFFICER.user_id, CHANNEL, "/award-desk find <b> & @dev.director in #approvals")
    assert received.commands[0]["text"] == (
        "find &lt;b&gt; &amp; <@U0DIRECTOR|dev.director> in <#C0APPROVALS|approvals>"
    )


def test_a_command_that_nobody_has_or_in_a_channel_that_one_is_not_in(app: PracticeSlack) -> None:
    with pytest.raises(NotOnScreen, match="not a valid command"):
        app.command(OFFICER.user_id, CHANNEL, "/other")
    with pytest.raises(NotOnScreen):
        app.command(OFFICER.user_id, PRIVATE.channel_id, "/award-desk due")


def test_a_command_that_failed_says_so_in_slacks_words(app: PracticeSlack, received: Received) -> None:
    app.request_url = "http://127.0.0.1:9/slack/events"
    outcome = app.command(OFFICER.user_id, CHANNEL, "/award-desk due")
    assert outcome.trouble == '/award-desk failed with the error "operation_timeout"'


def test_a_global_shortcut_opens_a_modal(app: PracticeSlack, received: Received) -> None:
    outcome = app.shortcut(OFFICER.user_id, "record_outside")
    assert outcome.view is not None
    payload = received.payload()
    assert payload["type"] == "shortcut"
    assert payload["callback_id"] == "record_outside"
    assert payload["user"]["team_id"] == "TPRACTICE"
    assert not {"channel", "message", "response_url"} & set(payload)
    with pytest.raises(NotOnScreen):
        app.shortcut(OFFICER.user_id, "another")


# --- what goes wrong on the way ------------------------------------------------------------------------------------


def test_a_request_that_is_lost_never_reaches_the_app(app: PracticeSlack, received: Received, ts: str) -> None:
    app.faults.add(INTERACTIONS, Fault.lose_request())
    assert app.press(OFFICER.user_id, CHANNEL, ts, "approve").trouble
    assert received.requests == []


def test_a_trigger_that_is_late_opens_nothing(app: PracticeSlack, received: Received, ts: str) -> None:
    app.faults.add(INTERACTIONS, Fault.late_trigger())
    outcome = app.press(OFFICER.user_id, CHANNEL, ts, "approve")
    assert outcome.view is None
    assert outcome.trouble  # bolt answers 500: its listener raised
    assert app.press(OFFICER.user_id, CHANNEL, ts, "approve").view is not None


def test_the_same_signed_bytes_again_later(app: PracticeSlack, received: Received, clock: Clock, ts: str) -> None:
    assert app.delivery.replay() is None
    app.press(OFFICER.user_id, CHANNEL, ts, "reply")
    clock.moved += 60
    again = app.delivery.replay()
    assert again is not None
    first, second = received.requests
    assert first[1] == second[1]
    for header in ("X-Slack-Signature", "X-Slack-Request-Timestamp"):
        assert first[0][header] == second[0][header]


def test_an_event_delivered_twice_has_the_marks_of_a_retry(app: PracticeSlack, received: Received) -> None:
    app.faults.add(INTERACTIONS, Fault.twice())
    assert app.open_home(OFFICER.user_id).ok
    first, second = received.requests
    assert first[1] == second[1]
    assert "X-Slack-Retry-Num" not in first[0]
    assert second[0]["X-Slack-Retry-Num"] == "1"


# --- what was typed ------------------------------------------------------------------------------------------------


def test_a_modal_that_is_updated_keeps_what_was_typed(app: PracticeSlack, received: Received, ts: str) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    actions = {"type": "actions", "block_id": "more", "elements": [_button("update"), _button("push")]}
    app.workspace.replace(view, {**DECISION, "blocks": [*DECISION["blocks"], actions]})
    updated = app.press_in_view(OFFICER.user_id, view.view_id, "update", values={"reasons": "typed"}).view
    assert updated is not None
    assert updated.body["title"]["text"] == "Updated"
    assert app.submit_view(OFFICER.user_id, view.view_id).ok
    assert received.payload()["view"]["state"]["values"]["reasons"]["value"]["value"] == "typed"


def test_a_modal_pushed_on_another_goes_back_to_it_with_what_was_typed(app: PracticeSlack, ts: str) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    actions = {"type": "actions", "block_id": "more", "elements": [_button("push")]}
    app.workspace.replace(view, {**DECISION, "blocks": [*DECISION["blocks"], actions]})
    pushed = app.press_in_view(OFFICER.user_id, view.view_id, "push", values={"reasons": "typed"}).view
    assert pushed is not None
    assert pushed.previous == view.view_id
    assert app.close_view(OFFICER.user_id, pushed.view_id).view is not None
    assert app.workspace.typed(OFFICER.user_id, view.view_id)["reasons"] == {"value": "typed"}
    app.close_view(OFFICER.user_id, view.view_id)
    assert app.workspace.typed(OFFICER.user_id, view.view_id) == {}


def _button(action_id: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": action_id}, "action_id": action_id}


def test_inputs_of_a_message_go_along_with_a_press(app: PracticeSlack, client: Any, received: Received) -> None:
    people = {"type": "multi_users_select", "action_id": "pick", "initial_users": [DIRECTOR.user_id]}
    when = {"type": "timepicker", "action_id": "time", "initial_time": "09:30"}
    groups = [{"label": _text("All"), "options": [{"text": _text("One"), "value": "1"}]}]
    blocks = [
        {"type": "actions", "block_id": "a", "elements": [people, when, _button("reply")]},
        {"type": "section", "block_id": "s", "text": _text("x"), "accessory": _menu("pick", groups)},
        {"type": "input", "block_id": "i", "label": _text("Why"), "element": {"type": "plain_text_input"}},
    ]
    ts = client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)["ts"]
    app.press(OFFICER.user_id, CHANNEL, ts, "pick", "s", chosen="1", values={"i": "typed"})
    action = received.payload()["actions"][0]
    assert action["selected_option"]["value"] == "1"
    app.press(OFFICER.user_id, CHANNEL, ts, "pick", "a", chosen=[OFFICER.user_id])
    assert received.payload()["actions"][0]["selected_users"] == [OFFICER.user_id]
    app.press(OFFICER.user_id, CHANNEL, ts, "reply")
    values = received.payload()["state"]["values"]
    assert values["a"]["pick"]["selected_users"] == [OFFICER.user_id]
    assert values["a"]["time"] == {"type": "timepicker", "selected_time": "09:30"}
    assert values["s"]["pick"]["selected_option"]["value"] == "1"
    assert next(iter(values["i"].values()))["value"] == "typed"


def _text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _menu(action_id: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "static_select", "action_id": action_id, "option_groups": groups}


# --- Socket Mode ---------------------------------------------------------------------------------------------------


@pytest.fixture
def socketed(slack: PracticeSlack, bolt: App) -> Iterator[PracticeSlack]:
    """The same bolt app, in Socket Mode."""
    handler = SocketModeHandler(bolt, slack.app_token, web_client=bolt.client, ping_interval=1)
    handler.connect()  # type: ignore[no-untyped-call]
    _until(lambda: slack.sockets.count == 1)
    yield slack
    handler.close()  # type: ignore[no-untyped-call]


def _until(there: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_presses_submissions_commands_shortcuts_and_events_go_through_a_socket(
    socketed: PracticeSlack, received: Received, ts: str
) -> None:
    view = socketed.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    received.submission = lambda body: {"response_action": "errors", "errors": {"amount": "Too much"}}
    refused = socketed.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"})
    assert refused.errors == {"amount": "Too much"}
    received.submission = lambda body: {}
    assert socketed.submit_view(OFFICER.user_id, view.view_id).view is None
    assert socketed.command(OFFICER.user_id, CHANNEL, "/award-desk due").ok
    assert [m.text for m in socketed.workspace.ephemerals(CHANNEL, OFFICER.user_id)] == ["You asked for due"]
    assert socketed.shortcut(OFFICER.user_id, "record_outside").view is not None
    assert socketed.open_home(OFFICER.user_id).ok
    _until(lambda: socketed.workspace.home(OFFICER.user_id) is not None)
    assert received.requests == []  # nothing came over HTTP


@pytest.mark.slacks_time
def test_an_app_that_does_not_acknowledge_is_trouble(socketed: PracticeSlack, received: Received, ts: str) -> None:
    started = time.monotonic()
    assert socketed.press(OFFICER.user_id, CHANNEL, ts, "slow").trouble, "the listener is still at it"
    assert time.monotonic() - started > 2.8
    received.enough.set()


def test_a_refresh_is_followed_by_a_new_socket(socketed: PracticeSlack, ts: str) -> None:
    socketed.sockets.refresh()
    _until(lambda: socketed.sockets.count >= 1 and socketed.press(OFFICER.user_id, CHANNEL, ts, "approve").ok)


def _socket(slack: PracticeSlack) -> AbstractContextManager[ClientConnection]:
    return connect(slack.sockets.ticket(), compression=None)


def _answering(connection: ClientConnection, seen: list[dict[str, Any]]) -> threading.Thread:
    def run() -> None:
        for told in connection:
            envelope = json.loads(told)
            if "envelope_id" in envelope:
                seen.append(envelope)
                connection.send(json.dumps({"envelope_id": envelope["envelope_id"]}))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_each_payload_goes_to_one_of_the_sockets(slack: PracticeSlack, ts: str) -> None:
    seen: list[list[dict[str, Any]]] = [[], []]
    with _socket(slack) as first, _socket(slack) as second:
        threads = [_answering(socket, one) for socket, one in zip((first, second), seen, strict=True)]
        _until(lambda: slack.sockets.count == 2)
        for _ in range(4):
            assert slack.press(OFFICER.user_id, CHANNEL, ts, "approve").ok
        assert [len(one) for one in seen] == [2, 2]
        assert len({envelope["envelope_id"] for one in seen for envelope in one}) == 4
        slack.faults.add(INTERACTIONS, Fault.twice())
        assert slack.open_home(OFFICER.user_id).ok
    events = [envelope for one in seen for envelope in one if envelope["type"] == "events_api"]
    assert [event["retry_attempt"] for event in sorted(events, key=lambda e: int(e["retry_attempt"]))] == [0, 1]
    assert events[0]["payload"] == events[1]["payload"]
    for thread in threads:
        thread.join(30)
    _until(lambda: slack.sockets.count == 0)


def test_a_socket_says_hello_and_a_ticket_is_good_for_one(slack: PracticeSlack) -> None:
    address = slack.sockets.ticket()
    with connect(address, compression=None) as socket:
        hello = json.loads(socket.recv(timeout=30))
        assert hello["type"] == "hello"
        assert hello["num_connections"] == 1
        assert hello["connection_info"] == {"app_id": "A0AWARDDESK"}
        with pytest.raises(InvalidStatus), connect(address, compression=None):
            pass
        slack.go_away(60)
        with pytest.raises(InvalidStatus), _socket(slack):
            pass


def test_an_eleventh_socket_is_turned_away(slack: PracticeSlack) -> None:
    with ExitStack() as opened:
        for _ in range(MOST_SOCKETS):
            opened.enter_context(_socket(slack))
        _until(lambda: slack.sockets.count == MOST_SOCKETS)
        another = opened.enter_context(_socket(slack))
        assert json.loads(another.recv(timeout=30))["reason"] == "too_many_websockets"


def test_the_address_comes_by_post_with_the_token_in_the_header(slack: PracticeSlack, client: Any) -> None:
    answer = client.apps_connections_open(app_token=slack.app_token)
    assert "ticket=" in answer["url"]
    with pytest.raises(SlackApiError, match="not_authed"):
        client.api_call("apps.connections.open", headers={"Authorization": ""})
    request = urllib.request.Request(slack.api_url + "apps.connections.open", f"token={slack.app_token}".encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["error"] == "not_allowed_token_type"
