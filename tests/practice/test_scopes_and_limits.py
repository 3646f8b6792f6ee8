"""What a token may do, and how often: scopes and rate limits, called with Slack's own client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.practice.faults import TIER_OF, TIERS, Fault, MethodLimit
from bot.practice.methods import METHODS
from bot.practice.server import PracticeSlack
from bot.practice.workspace import Installation, PracticeChannel, Shortcut, Standing, Workspace

from .conftest import APPROVALS, CARD, DIRECTOR, HOME, OFFICER, PEOPLE, TOKEN, Clock
from .test_web_api import MODAL

CHANNEL = APPROVALS.channel_id
MINE = PracticeChannel("C0MINE", "mine", members=frozenset({OFFICER.user_id}), is_private=True)


def refusal(call: Callable[[], Any]) -> SlackResponse:
    with pytest.raises(SlackApiError) as caught:
        call()
    answer = caught.value.response
    assert isinstance(answer, SlackResponse)
    return answer


@pytest.mark.parametrize(
    ("method", "arguments", "scope"),
    [
        ("chat.postMessage", {"channel": CHANNEL, "text": "x"}, "chat:write"),
        ("chat.update", {"channel": CHANNEL, "ts": "1.000001", "text": "x"}, "chat:write"),
        ("chat.postEphemeral", {"channel": CHANNEL, "user": OFFICER.user_id, "text": "x"}, "chat:write"),
        ("conversations.open", {"users": OFFICER.user_id}, "im:write"),
        ("conversations.info", {"channel": CHANNEL}, "channels:read"),
        ("conversations.info", {"channel": "C0MINE"}, "groups:read"),
        ("conversations.info", {"channel": "D0OFFICER"}, "im:read"),
        ("conversations.history", {"channel": CHANNEL}, "channels:history"),
        ("conversations.history", {"channel": "C0MINE"}, "groups:history"),
        ("conversations.history", {"channel": "D0OFFICER"}, "im:history"),
        ("users.info", {"user": OFFICER.user_id}, "users:read"),
        ("users.list", {}, "users:read"),
    ],
)
def test_a_token_without_the_scope_is_told_what_it_lacks(
    client: WebClient, workspace: Workspace, method: str, arguments: dict[str, Any], scope: str
) -> None:
    workspace.put_channel(MINE)
    workspace.open_direct(OFFICER.user_id)
    without = Installation().scopes - {scope}
    workspace.installation = replace(workspace.installation, scopes=without)
    answer = refusal(lambda: client.api_call(method, json=arguments))
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == scope
    assert answer["provided"] == ",".join(sorted(without))
    workspace.installation = replace(workspace.installation, scopes=frozenset({scope}))
    if method == "chat.update":  # the message is not there, which is asked after the scope
        assert refusal(lambda: client.api_call(method, json=arguments))["error"] == "message_not_found"
    else:
        assert client.api_call(method, json=arguments)["ok"]


def test_methods_without_a_scope_need_none(client: WebClient, workspace: Workspace) -> None:
    workspace.installation = Installation(scopes=frozenset())
    answer = client.auth_test()
    assert answer["ok"]
    assert client.views_publish(user_id=OFFICER.user_id, view=HOME)["ok"]


def test_every_answer_names_the_scopes_in_a_header(client: WebClient, workspace: Workspace) -> None:
    workspace.installation = Installation(scopes=frozenset({"chat:write", "commands"}))
    assert client.auth_test().headers["x-oauth-scopes"] == "chat:write,commands"
    answer = refusal(lambda: client.users_info(user=OFFICER.user_id))
    assert answer.headers["x-oauth-scopes"] == "chat:write,commands"


def test_an_address_is_told_only_with_its_own_scope(client: WebClient, workspace: Workspace) -> None:
    workspace.installation = Installation(scopes=frozenset({"users:read"}))
    assert "email" not in client.users_info(user=OFFICER.user_id)["user"]["profile"]


def test_a_manifest_says_what_is_installed() -> None:
    manifest = {
        "features": {
            "slash_commands": [{"command": "/award-desk", "description": "x", "should_escape": True}],
            "shortcuts": [
                {"type": "global", "callback_id": "record", "name": "Record", "description": "An award"},
                {"type": "message", "callback_id": "other", "name": "Other"},
            ],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
    }
    assert Installation.of_manifest(manifest) == Installation(
        scopes=frozenset({"chat:write", "commands"}),
        commands=("/award-desk",),
        shortcuts=(Shortcut("record", "Record", "An award"),),
    )


def test_the_apps_own_token_opens_sockets_and_nothing_else(slack: PracticeSlack, client: WebClient) -> None:
    app = WebClient(slack.app_token, base_url=slack.api_url, retry_handlers=[])
    assert client.apps_connections_open(app_token=slack.app_token)["url"].startswith("ws://127.0.0.1:")
    assert refusal(app.auth_test)["error"] == "not_allowed_token_type"
    wrong_way = refusal(lambda: client.apps_connections_open(app_token=TOKEN))
    assert wrong_way["error"] == "not_allowed_token_type"


def test_limits_are_those_of_slacks_tiers_once_switched_on(
    client: WebClient, workspace: Workspace, clock: Clock
) -> None:
    workspace.limit_rates()
    for _ in range(50):
        client.conversations_info(channel=CHANNEL)
    answer = refusal(lambda: client.conversations_info(channel=CHANNEL))
    assert answer.status_code == 429
    assert 55 <= int(answer.headers["Retry-After"]) <= 60
    assert client.users_info(user=OFFICER.user_id)["ok"]  # each method has a limit of its own
    clock.moved += 61
    assert client.conversations_info(channel=CHANNEL)["ok"]
    for _ in range(4):
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert refusal(lambda: client.chat_postMessage(channel=CHANNEL, text="x")).status_code == 429
    workspace.limit_rates(limited=False)
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]


def test_every_method_has_a_tier_but_posting_which_is_by_channel() -> None:
    assert set(METHODS) - set(TIER_OF) == {"chat.postMessage"}
    assert set(TIER_OF.values()) == set(TIERS)


def test_a_minute_is_any_minute() -> None:
    now = [0.0]
    limit = MethodLimit(lambda: now[0], {"m": 2})
    for second in range(20):
        now[0] = float(second)
        assert limit.retry_after("m") == 0
    assert limit.retry_after("m") == 41
    now[0] = 60.0
    assert limit.retry_after("m") == 0
    assert limit.retry_after("m") == 1
    assert limit.retry_after("another") == 0


def test_garbage_comes_after_the_work_was_done(client: WebClient, slack: PracticeSlack) -> None:
    slack.faults.add("chat.postMessage", Fault.garbage())
    with pytest.raises(SlackApiError, match="non-JSON"):
        client.chat_postMessage(channel=CHANNEL, text="done all the same")
    assert [m.text for m in slack.workspace.messages(CHANNEL)] == ["done all the same"]


def test_an_hour_away(client: WebClient, slack: PracticeSlack, clock: Clock, ts: str) -> None:
    slack.go_away(3600)
    assert slack.workspace.away_until is not None
    with pytest.raises(OSError, match=r"."):
        client.auth_test()
    outcome = slack.press(OFFICER.user_id, CHANNEL, ts, "approve")
    assert outcome.trouble
    assert outcome.status is None
    clock.moved += 3601
    assert client.auth_test()["ok"]
    slack.go_away(3600)
    slack.workspace.come_back()
    assert client.auth_test()["ok"]


def test_what_waits_to_go_wrong_is_listed(slack: PracticeSlack) -> None:
    slack.faults.add("chat.update", Fault.status(500), times=2)
    slack.faults.add("*", Fault.hang(3), times=None)
    listed = [(method, fault.name, left) for method, fault, left in slack.faults.listed()]
    assert listed == [("chat.update", "status", 2), ("*", "hang", float("inf"))]


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing(deleted=True), {"deleted": True}),
        (Standing(is_restricted=True), {"is_restricted": True, "deleted": False}),
        (Standing(is_restricted=True, is_ultra_restricted=True), {"is_ultra_restricted": True}),
        (Standing(is_stranger=True, team_id="TOTHER"), {"is_stranger": True, "team_id": "TOTHER"}),
        (Standing(is_email_confirmed=False), {"is_email_confirmed": False}),
        (Standing(), {"deleted": False, "is_restricted": False, "is_email_confirmed": True, "tz": "Europe/London"}),
    ],
)
def test_how_somebody_stands_is_told_and_they_stay_in_the_channel(
    client: WebClient, workspace: Workspace, standing: Standing, told: dict[str, Any]
) -> None:
    workspace.put_standing(OFFICER.user_id, standing)
    user = client.users_info(user=OFFICER.user_id)["user"]
    assert {name: user[name] for name in told} == told
    assert workspace.sees(OFFICER.user_id, APPROVALS) is not standing.deleted
    assert workspace.person(DIRECTOR.user_id) == DIRECTOR


def test_standing_outlives_a_restart(tmp_path: Any) -> None:
    first = Workspace(PEOPLE, (APPROVALS,), path=tmp_path / "slack.db")
    first.put_standing(OFFICER.user_id, Standing(deleted=True))
    first.close()
    again = Workspace(PEOPLE, (APPROVALS,), path=tmp_path / "slack.db")
    assert again.person(OFFICER.user_id).deleted
    assert again.person(OFFICER.user_id).name == OFFICER.name
    again.put_standing(OFFICER.user_id, Standing())
    assert not again.person(OFFICER.user_id).deleted
    again.close()


def test_strangers_and_guests_are_not_in_open_channels_unless_let_in(workspace: Workspace) -> None:
    stranger = replace(OFFICER, user_id="U0STRANGER", is_stranger=True, team_id="TOTHER")
    workspace.put_person(stranger)
    assert not workspace.sees("U0STRANGER", APPROVALS)
    workspace.put_person(replace(stranger, in_open_channels=True))
    assert workspace.sees("U0STRANGER", APPROVALS)


def test_views_push_needs_a_modal_and_stops_at_three(client: WebClient, workspace: Workspace) -> None:
    def push() -> SlackResponse:
        return client.views_push(trigger_id=workspace.new_trigger(OFFICER.user_id), view=MODAL)

    assert refusal(push)["error"] == "not_found"
    first = client.views_open(trigger_id=workspace.new_trigger(OFFICER.user_id), view=MODAL)["view"]
    second = push()["view"]
    assert second["previous_view_id"] == second["root_view_id"] == first["id"]
    spent = workspace.new_trigger(OFFICER.user_id)
    client.views_push(trigger_id=spent, view=MODAL)
    assert refusal(lambda: client.views_push(trigger_id=spent, view=MODAL))["error"] == "exchanged_trigger_id"
    assert refusal(push)["error"] == "push_limit_reached"


def test_history_holds_what_people_write_too(client: WebClient, slack: PracticeSlack, ts: str) -> None:
    slack.people.say(OFFICER.user_id, CHANNEL, "Is <this> & that ours?")
    slack.people.say(OFFICER.user_id, CHANNEL, "in the thread", thread_ts=ts)
    messages = client.conversations_history(channel=CHANNEL)["messages"]
    assert [(m["text"], m["user"], m.get("bot_id")) for m in messages] == [
        ("Is &lt;this&gt; &amp; that ours?", OFFICER.user_id, None),
        ("A card", "U0AWARDDESK", "B0AWARDDESK"),
    ]
    theirs = refusal(lambda: client.chat_update(channel=CHANNEL, ts=messages[0]["ts"], text="mine now"))
    assert theirs["error"] == "cant_update_message"


def test_what_is_shown_to_one_person_may_stand_in_a_thread(client: WebClient, slack: PracticeSlack, ts: str) -> None:
    client.chat_postEphemeral(channel=CHANNEL, user=OFFICER.user_id, text="for you", thread_ts=ts)
    assert slack.workspace.ephemerals(CHANNEL, OFFICER.user_id)[0].thread_ts == ts
    assert client.chat_postMessage(channel=CHANNEL, blocks=CARD, text="x")["ok"]
