"""What people do, as Slack tells the app: against a real bolt app on a server of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from bot.practice.faults import INTERACTIONS, Fault
from bot.practice.people_side import TROUBLE, NotOnScreen, Outcome
from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticeChannel

from .conftest import APPROVALS, DECISION, DIRECTOR, GUEST, LEAVER, OFFICER, PRIVATE, SECRET, TOKEN, Clock, Received

CHANNEL = APPROVALS.channel_id


def test_a_press_is_signed_and_opens_a_modal_for_its_person(app: PracticeSlack, received: Received, ts: str) -> None:
    outcome = app.press(OFFICER.user_id, CHANNEL, ts, "approve")
    assert outcome.ok
    assert outcome.status == 200
    assert outcome.view is not None
    assert outcome.view.person == OFFICER.user_id
    assert app.workspace.open_views(DIRECTOR.user_id) == []
    headers, body = received.requests[0]
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    assert not SignatureVerifier("another").is_valid_request(body, headers)


def test_the_payload_of_a_press(app: PracticeSlack, received: Received, ts: str) -> None:
    app.press(OFFICER.user_id, CHANNEL, ts, "approve")
    payload = received.payload()
    assert payload["type"] == "block_actions"
    assert payload["user"] == {
        "id": "U0OFFICER",
        "username": "olive.officer",
        "name": "olive.officer",
        "team_id": "TPRACTICE",
    }
    assert payload["team"] == {"id": "TPRACTICE", "domain": "practice"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": CHANNEL,
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": CHANNEL, "name": "approvals"}
    assert payload["message"]["ts"] == ts
    assert payload["message"]["blocks"][1]["block_id"] == "decide"
    action = payload["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"], action["type"]) == (
        "approve",
        "decide",
        "1",
        "button",
    )
    assert {"trigger_id", "response_url", "api_app_id", "token"} <= set(payload)


def test_submission_carries_prefilled_and_typed_values_and_closes(
    app: PracticeSlack, received: Received, ts: str
) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    outcome = app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "Needed", "recommendation": "less"})
    assert outcome.ok
    assert outcome.view is None
    sent = received.payload()
    assert sent["type"] == "view_submission"
    assert sent["view"]["private_metadata"] == "1"
    values = sent["view"]["state"]["values"]
    assert values["amount"]["value"] == {"type": "number_input", "value": "2000.00"}
    assert values["reasons"]["value"] == {"type": "plain_text_input", "value": "Needed"}
    assert values["recommendation"]["value"]["selected_option"]["value"] == "less"
    with pytest.raises(NotOnScreen):
        app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "Again"})


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, "reasons"),
        ({"reasons": "x" * 101}, "reasons"),
        ({"reasons": "x", "amount": ""}, "amount"),
        ({"reasons": "x", "amount": "lots"}, "amount"),
        ({"reasons": "x", "amount": "1e3"}, "amount"),
        ({"reasons": "x", "amount": "0"}, "amount"),
        ({"reasons": "x", "recommendation": "more"}, "recommendation"),
    ],
)
def test_slacks_own_client_sends_nothing_that_is_plainly_wrong(
    app: PracticeSlack, received: Received, ts: str, values: dict[str, str], wrong: str
) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    outcome = app.submit_view(OFFICER.user_id, view.view_id, values)
    assert set(outcome.errors) == {wrong}
    assert outcome.answers == ()
    assert outcome.view == view
    assert len(received.requests) == 1


def test_errors_update_push_and_clear(app: PracticeSlack, received: Received, ts: str) -> None:
    def submit(answer: dict[str, Any]) -> Any:
        view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
        assert view is not None
        received.submission = lambda body: answer
        return app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"})

    refused = submit({"response_action": "errors", "errors": {"amount": "Too much"}})
    assert refused.errors == {"amount": "Too much"}
    assert refused.view is not None
    other = {**DECISION, "title": {"type": "plain_text", "text": "Other"}}
    updated = submit({"response_action": "update", "view": other})
    assert updated.view.body["title"]["text"] == "Other"
    assert len(app.workspace.open_views(OFFICER.user_id)) == 1
    pushed = submit({"response_action": "push", "view": other})
    assert pushed.view.previous == app.workspace.open_views(OFFICER.user_id)[0].view_id
    app.close_view(OFFICER.user_id, pushed.view.view_id)
    assert len(app.workspace.open_views(OFFICER.user_id)) == 1
    assert submit({"response_action": "clear"}).view is None
    wrong = submit({"response_action": "errors", "errors": {"nowhere": "x"}})
    assert wrong.trouble == TROUBLE
    faulty = submit({"response_action": "update", "view": {**DECISION, "title": "x"}})
    assert faulty.trouble == TROUBLE


def test_the_stack_holds_three(app: PracticeSlack, received: Received, ts: str) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    received.submission = lambda body: {"response_action": "push", "view": DECISION}
    for _ in range(2):
        assert view is not None
        view = app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"}).view
    assert view is not None
    assert app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"}).trouble == TROUBLE
    assert len(app.workspace.open_views(OFFICER.user_id)) == 3


@pytest.mark.slacks_time
def test_trouble_when_the_app_fails_is_slow_or_is_away(app: PracticeSlack, received: Received, ts: str) -> None:
    failed = app.press(OFFICER.user_id, CHANNEL, ts, "fail")
    assert (failed.status, failed.trouble) == (500, TROUBLE)
    started = time.monotonic()
    slow = app.press(OFFICER.user_id, CHANNEL, ts, "slow")
    assert (slow.status, slow.trouble) == (None, TROUBLE), "the listener is still at it"
    assert time.monotonic() - started > 2.8
    received.enough.set()
    app.request_url = "http://127.0.0.1:9/slack/events"
    away = app.press(OFFICER.user_id, CHANNEL, ts, "approve")
    assert (away.status, away.trouble) == (None, TROUBLE)


def test_the_same_request_twice(app: PracticeSlack, received: Received, ts: str) -> None:
    app.press(OFFICER.user_id, CHANNEL, ts, "reply", deliveries=2)
    app.workspace.faults.add(INTERACTIONS, Fault.twice())
    app.press(DIRECTOR.user_id, CHANNEL, ts, "reply")
    bodies = [body for _, body in received.requests]
    signatures = [headers["X-Slack-Signature"] for headers, _ in received.requests]
    assert bodies[0] == bodies[1] != bodies[2] == bodies[3]
    assert signatures[0] == signatures[1] != signatures[2] == signatures[3]


def test_a_lost_answer_leaves_the_modal_open_though_the_app_acted(
    app: PracticeSlack, received: Received, ts: str
) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    app.workspace.faults.add(INTERACTIONS, Fault.lose_answer())
    outcome = app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"})
    assert outcome.trouble == TROUBLE
    assert outcome.view == view
    assert len(received.requests) == 2
    assert app.submit_view(OFFICER.user_id, view.view_id, {"reasons": "x"}).ok


@pytest.mark.slacks_time
def test_a_trigger_that_waited_too_long(app: PracticeSlack, clock: Clock, received: Received, ts: str) -> None:
    trigger = app.workspace.new_trigger(OFFICER.user_id)
    clock.moved += 4
    answer = WebClient(TOKEN, base_url=app.api_url)
    with pytest.raises(Exception, match="expired_trigger_id"):
        answer.views_open(trigger_id=trigger, view=DECISION)


def test_response_url_is_private_and_good_for_five_uses(app: PracticeSlack, received: Received, ts: str) -> None:
    app.press(OFFICER.user_id, CHANNEL, ts, "reply")
    assert [m.text for m in app.workspace.ephemerals(CHANNEL, OFFICER.user_id)] == ["for you alone"]
    assert app.workspace.ephemerals(CHANNEL, DIRECTOR.user_id) == []
    response = WebhookClient(received.payload()["response_url"])
    answers = [response.send(text=str(n)).status_code for n in range(5)]
    assert answers == [200, 200, 200, 200, 404]


def test_home_is_opened_by_an_event_with_an_id(app: PracticeSlack, received: Received) -> None:
    assert app.open_home(OFFICER.user_id).ok
    home = app.workspace.home(OFFICER.user_id)
    assert home is not None
    headers, body = received.requests[0]
    event = json.loads(body)
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    assert event["event"]["type"] == "app_home_opened"
    assert event["event"]["tab"] == "home"
    assert event["event_id"].startswith("Ev")
    app.open_home(OFFICER.user_id, deliveries=2)
    assert json.loads(received.requests[1][1])["event"]["view"]["id"] == home.view_id
    assert "X-Slack-Retry-Num" not in received.requests[1][0]
    assert received.requests[2][0]["X-Slack-Retry-Num"] == "1"
    assert received.requests[1][1] == received.requests[2][1]


def test_an_event_that_failed_is_sent_once_more(app: PracticeSlack, received: Received) -> None:
    app.workspace.faults.add(INTERACTIONS, Fault.lose_answer())
    assert app.open_home(OFFICER.user_id).ok
    assert received.requests[1][0]["X-Slack-Retry-Num"] == "1"
    assert received.requests[1][0]["X-Slack-Retry-Reason"] == "http_timeout"
    assert len(received.requests) == 2


def test_nobody_presses_what_is_not_on_their_screen(app: PracticeSlack, client: WebClient, ts: str) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: app.press(GUEST.user_id, CHANNEL, ts, "approve"),
        lambda: app.press(LEAVER.user_id, CHANNEL, ts, "approve"),
        lambda: app.press("U0NOBODY", CHANNEL, ts, "approve"),
        lambda: app.press(OFFICER.user_id, PRIVATE.channel_id, ts, "approve"),
        lambda: app.press(OFFICER.user_id, CHANNEL, "1.000000", "approve"),
        lambda: app.press(OFFICER.user_id, CHANNEL, ts, "decline"),
    )
    for attempt in attempts:
        with pytest.raises(NotOnScreen):
            attempt()
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    with pytest.raises(NotOnScreen):
        app.submit_view(DIRECTOR.user_id, view.view_id, {"reasons": "x"})


def test_a_stale_screen_can_still_press_what_has_gone(
    app: PracticeSlack, client: WebClient, received: Received, ts: str
) -> None:
    seen = app.workspace.message(CHANNEL, ts)
    client.chat_update(channel=CHANNEL, ts=ts, text="Decided")
    with pytest.raises(NotOnScreen):
        app.press(OFFICER.user_id, CHANNEL, ts, "approve")
    assert app.press(OFFICER.user_id, CHANNEL, ts, "approve", seen=seen).ok
    assert received.payload()["message"]["blocks"][1]["block_id"] == "decide"


def test_a_guest_in_the_channel_can_press_and_so_can_many_at_once(
    app: PracticeSlack, received: Received, ts: str
) -> None:
    app.workspace.put_channel(PracticeChannel(CHANNEL, "approvals", members=frozenset({GUEST.user_id})))
    assert app.press(GUEST.user_id, CHANNEL, ts, "approve").ok
    app.workspace.put_channel(APPROVALS)
    people = [replace(OFFICER, user_id=f"U0MANY{n}") for n in range(20)]
    for person in people:
        app.workspace.put_person(person)
    outcomes: list[Outcome] = []

    def press(user_id: str) -> None:
        outcomes.append(app.press(user_id, CHANNEL, ts, "approve"))

    threads = [threading.Thread(target=press, args=(person.user_id,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.ok for outcome in outcomes] == [True] * 20
    assert {outcome.view.person for outcome in outcomes if outcome.view} == {p.user_id for p in people}
