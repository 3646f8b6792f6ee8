"""The Web API, called with Slack's own client over a real socket."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.practice.faults import Fault, PostingLimit
from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticePerson, Workspace

from .conftest import APPROVALS, CHANNELS, DIRECTOR, HOME, OFFICER, PEOPLE, TOKEN, Clock

SECTION = {"type": "section", "text": {"type": "plain_text", "text": "Hello"}}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "A form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reasons",
            "label": {"type": "plain_text", "text": "Reasons"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}
CHANNEL = APPROVALS.channel_id


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def test_auth_test_names_the_team(client: WebClient) -> None:
    answer = client.auth_test()
    assert answer["team_id"] == "TPRACTICE"
    assert answer["user_id"] == "U0AWARDDESK"


def test_wrong_and_missing_tokens(slack: PracticeSlack) -> None:
    assert refused(WebClient("xoxb-wrong", base_url=slack.api_url).auth_test) == "invalid_auth"
    assert refused(WebClient(base_url=slack.api_url).auth_test) == "not_authed"


def test_token_in_a_form_and_json_bodies(slack: PracticeSlack) -> None:
    def call(body: bytes, **headers: str) -> dict[str, Any]:
        request = urllib.request.Request(slack.api_url + "chat.postMessage", body, headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    assert call(f"token={TOKEN}&channel={CHANNEL}&text=form".encode())["message"]["text"] == "form"
    as_json = json.dumps({"channel": CHANNEL, "text": "json", "blocks": [SECTION]}).encode()
    bearer = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    assert call(as_json, **bearer)["message"]["blocks"][0]["text"] == SECTION["text"]
    assert call(b"{", **bearer)["error"] == "invalid_json"
    assert call(b"[]", **bearer)["error"] == "json_not_object"


def test_unknown_method(client: WebClient) -> None:
    assert refused(lambda: client.api_call("chat.shout")) == "unknown_method"


def test_post_keeps_what_was_sent_and_times_rise(client: WebClient, workspace: Workspace) -> None:
    metadata = {"event_type": "award", "event_payload": {"key": "a1"}}
    sent = [
        client.chat_postMessage(channel=CHANNEL, text=f"{n}", blocks=[SECTION], metadata=metadata) for n in range(5)
    ]
    times = [one["ts"] for one in sent]
    assert times == sorted(set(times))
    assert all(len(ts) == 17 for ts in times)
    message = workspace.message(CHANNEL, times[2])
    assert message.text == "2"
    assert message.body["metadata"] == metadata
    assert message.blocks[0]["block_id"]


def test_times_rise_though_the_clock_goes_back(workspace: Workspace, clock: Clock) -> None:
    first = workspace.new_ts()
    clock.moved = -3600
    assert workspace.new_ts() > first


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "U0NOBODY", "text": "x"}, "channel_not_found"),
        ({"channel": "C0ELSEWHERE", "text": "x"}, "not_in_channel"),
        ({"channel": CHANNEL}, "no_text"),
        ({"channel": CHANNEL, "blocks": []}, "no_text"),
        ({"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": CHANNEL, "text": "x", "blocks": [{"type": "sections"}]}, "invalid_blocks"),
        ({"channel": CHANNEL, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        (
            {"channel": CHANNEL, "text": "x", "blocks": [{"type": "markdown", "text": "x" * 13_201}]},
            "msg_blocks_too_long",
        ),
        ({"channel": CHANNEL, "text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"channel": CHANNEL, "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"text": "x"}, "invalid_arguments"),
    ],
)
def test_posts_refused_by_name(client: WebClient, arguments: dict[str, Any], error: str, workspace: Workspace) -> None:
    assert refused(lambda: client.api_call("chat.postMessage", json=arguments)) == error
    assert workspace.messages(CHANNEL) == []


def test_invalid_blocks_say_where(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[{"type": "header"}])
    assert caught.value.response["response_metadata"]["messages"] == ["[ERROR] blocks/0: missing required field text"]


def test_channel_by_name_and_person_by_id(client: WebClient) -> None:
    assert client.chat_postMessage(channel="#approvals", text="x")["channel"] == CHANNEL
    direct = client.conversations_open(users=[OFFICER.user_id])["channel"]["id"]
    assert direct.startswith("D")
    assert client.chat_postMessage(channel=OFFICER.user_id, text="x")["channel"] == direct
    assert client.conversations_info(channel=direct)["channel"]["user"] == OFFICER.user_id


def test_update_text_alone_removes_the_blocks_and_metadata_alone_keeps_them(
    client: WebClient, workspace: Workspace
) -> None:
    metadata = {"event_type": "award", "event_payload": {"key": "a1"}}
    ts = client.chat_postMessage(channel=CHANNEL, text="old", blocks=[SECTION], metadata=metadata)["ts"]
    client.chat_update(channel=CHANNEL, ts=ts, text="new", blocks=[{"type": "divider"}])
    message = workspace.message(CHANNEL, ts)
    assert (message.text, message.blocks[0]["type"]) == ("new", "divider")
    assert "edited" not in message.body
    only_metadata = {"event_type": "award", "event_payload": {"key": "a2"}}
    client.api_call("chat.update", json={"channel": CHANNEL, "ts": ts, "metadata": only_metadata})
    assert workspace.message(CHANNEL, ts).blocks
    client.chat_update(channel=CHANNEL, ts=ts, text="only text")
    message = workspace.message(CHANNEL, ts)
    assert message.blocks == []
    assert "edited" in message.body
    assert message.body["metadata"]["event_payload"] == {"key": "a2"}
    assert message.ts == ts


def test_updates_refused_by_name(client: WebClient, workspace: Workspace) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="mine")["ts"]
    assert refused(lambda: client.chat_update(channel=CHANNEL, ts="1.000001", text="x")) == "message_not_found"
    assert refused(lambda: client.chat_update(channel="approvals", ts=ts, text="x")) == "channel_not_found"
    assert refused(lambda: client.chat_update(channel=CHANNEL, ts=ts, text="x" * 4_001)) == "msg_too_long"
    workspace.change(CHANNEL, ts, lambda body: {**body, "bot_id": "B0OTHER"})
    assert refused(lambda: client.chat_update(channel=CHANNEL, ts=ts, text="x")) == "cant_update_message"


def test_ephemeral_is_for_one_person(client: WebClient, workspace: Workspace) -> None:
    client.chat_postEphemeral(channel=CHANNEL, user=OFFICER.user_id, text="only you")
    assert [m.text for m in workspace.ephemerals(CHANNEL, OFFICER.user_id)] == ["only you"]
    assert workspace.ephemerals(CHANNEL, DIRECTOR.user_id) == []
    assert workspace.messages(CHANNEL) == []
    for user in ("U0GUEST", "U0LEAVER", "U0NOBODY"):
        private = partial(client.chat_postEphemeral, channel=CHANNEL, user=user, text="x")
        assert refused(private) == "user_not_in_channel"


def test_conversations(client: WebClient) -> None:
    described = client.conversations_info(channel=CHANNEL, include_num_members=True)["channel"]
    assert described["is_member"] is True
    assert described["num_members"] == 2
    assert client.conversations_info(channel="C0ELSEWHERE")["channel"]["is_member"] is False
    assert refused(lambda: client.conversations_open(users=["U0NOBODY"])) == "user_not_found"
    assert refused(lambda: client.conversations_open(users=["U0LEAVER"])) == "user_disabled"


def test_history_is_newest_first_paged_and_without_replies(client: WebClient) -> None:
    metadata = {"event_type": "award", "event_payload": {"key": "k"}}
    times = [client.chat_postMessage(channel=CHANNEL, text=str(n), metadata=metadata)["ts"] for n in range(5)]
    client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=times[0])
    client.chat_postMessage(channel=CHANNEL, text="broadcast", thread_ts=times[0], reply_broadcast=True)
    first = client.conversations_history(channel=CHANNEL, limit=3)
    assert [m["text"] for m in first["messages"]] == ["broadcast", "4", "3"]
    assert first["has_more"]
    assert "metadata" not in first["messages"][1]
    rest = client.conversations_history(
        channel=CHANNEL,
        limit=3,
        cursor=first["response_metadata"]["next_cursor"],
        include_all_metadata=True,
    )
    assert [m["text"] for m in rest["messages"]] == ["2", "1", "0"]
    assert not rest["has_more"]
    assert rest["messages"][0]["metadata"] == metadata
    assert rest["messages"][2]["reply_count"] == 2
    since = client.conversations_history(channel=CHANNEL, oldest=times[3])["messages"]
    assert [m["text"] for m in since] == ["broadcast", "4"]
    since = client.conversations_history(channel=CHANNEL, oldest=times[3], inclusive=True)["messages"]
    assert [m["text"] for m in since] == ["broadcast", "4", "3"]
    assert refused(lambda: client.conversations_history(channel=CHANNEL, cursor="rubbish")) == "invalid_cursor"


def test_users(client: WebClient, workspace: Workspace) -> None:
    officer = client.users_info(user=OFFICER.user_id)["user"]
    assert officer["profile"]["email"] == OFFICER.email
    assert officer["is_restricted"] is False
    assert client.users_info(user="U0GUEST")["user"]["is_restricted"] is True
    assert client.users_info(user="U0LEAVER")["user"]["deleted"] is True
    assert client.users_info(user="U0AWARDDESK")["user"]["is_bot"] is True
    workspace.put_person(PracticePerson("U0STRANGER", "Sam", email="sam@x.example", team_id="TOTHER", is_stranger=True))
    stranger = client.users_info(user="U0STRANGER")["user"]
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "TOTHER")
    assert "email" not in stranger["profile"]
    assert refused(lambda: client.users_info(user="U0NOBODY")) == "user_not_found"
    pages = [page["members"] for page in client.users_list(limit=4)]
    assert [len(page) for page in pages] == [4, 2]


@pytest.mark.slacks_time
def test_a_trigger_opens_one_modal_within_three_seconds(client: WebClient, workspace: Workspace, clock: Clock) -> None:
    trigger = workspace.new_trigger(OFFICER.user_id)
    opened = client.views_open(trigger_id=trigger, view=MODAL)["view"]
    assert workspace.open_views(OFFICER.user_id)[0].view_id == opened["id"]
    assert workspace.open_views(DIRECTOR.user_id) == []
    assert refused(lambda: client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    late = workspace.new_trigger(OFFICER.user_id)
    clock.moved += 3.1
    assert refused(lambda: client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    assert refused(lambda: client.views_open(trigger_id="1.2.abc", view=MODAL)) == "invalid_trigger_id"


@pytest.mark.slacks_time
def test_a_trigger_holds_almost_three_seconds(client: WebClient, workspace: Workspace, clock: Clock) -> None:
    trigger = workspace.new_trigger(OFFICER.user_id)
    clock.moved += 2.9
    assert client.views_open(trigger_id=trigger, view=MODAL)["ok"]


def test_views_refused_by_name(client: WebClient, workspace: Workspace) -> None:
    def open_(view: dict[str, Any]) -> str:
        return refused(lambda: client.views_open(trigger_id=workspace.new_trigger(OFFICER.user_id), view=view))

    assert open_({**MODAL, "title": {"type": "plain_text", "text": "x" * 25}}) == "invalid_arguments"
    assert open_({**MODAL, "private_metadata": "x" * 250_000}) == "view_too_large"
    assert open_(HOME) == "invalid_arguments"
    client.views_open(trigger_id=workspace.new_trigger(OFFICER.user_id), view={**MODAL, "external_id": "one"})
    assert open_({**MODAL, "external_id": "one"}) == "duplicate_external_id"


def test_update_of_a_view_checks_its_hash(client: WebClient, workspace: Workspace) -> None:
    opened = client.views_open(trigger_id=workspace.new_trigger(OFFICER.user_id), view=MODAL)["view"]
    changed = {**MODAL, "title": {"type": "plain_text", "text": "Changed"}}
    updated = client.views_update(view_id=opened["id"], view=changed, hash=opened["hash"])["view"]
    assert updated["title"]["text"] == "Changed"
    assert refused(lambda: client.views_update(view_id=opened["id"], view=MODAL, hash=opened["hash"])) == (
        "hash_conflict"
    )
    assert client.views_update(view_id=opened["id"], view=MODAL)["ok"]
    workspace.close_all(OFFICER.user_id)
    assert refused(lambda: client.views_update(view_id=opened["id"], view=MODAL)) == "not_found"


def test_home_is_per_person_and_checks_its_hash(client: WebClient, workspace: Workspace) -> None:
    first = client.views_publish(user_id=OFFICER.user_id, view=HOME)["view"]
    second = client.views_publish(user_id=OFFICER.user_id, view=HOME, hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    stale = refused(lambda: client.views_publish(user_id=OFFICER.user_id, view=HOME, hash=first["hash"]))
    assert stale == "hash_conflict"
    assert workspace.home(DIRECTOR.user_id) is None
    assert refused(lambda: client.views_publish(user_id="U0NOBODY", view=HOME)) == "user_not_found"


def test_faults_come_in_order_and_once_each(client: WebClient, slack: PracticeSlack) -> None:
    slack.faults.add("chat.postMessage", Fault.status(500))
    slack.faults.add("chat.postMessage", Fault.ratelimited(7))
    slack.faults.add("chat.postMessage", Fault.error("fatal_error"), times=2)
    answers = []
    for _ in range(4):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=CHANNEL, text="x")
        answers.append(caught.value.response)
    assert [answer.status_code for answer in answers] == [500, 429, 200, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1]["error"] == "ratelimited"
    assert [answer["error"] for answer in answers[2:]] == ["fatal_error", "fatal_error"]
    assert slack.workspace.messages(CHANNEL) == []
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]


def test_answers_lost_or_late_leave_the_message_there(slack: PracticeSlack) -> None:
    client = WebClient(TOKEN, base_url=slack.api_url, timeout=1, retry_handlers=[])
    slack.faults.add("chat.postMessage", Fault.lose_answer())
    with pytest.raises(OSError, match=r"."):
        client.chat_postMessage(channel=CHANNEL, text="lost")
    slack.faults.add("chat.postMessage", Fault.post_then_hang(30))
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel=CHANNEL, text="late")
    slack.faults.add("chat.postMessage", Fault.hang(30))
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel=CHANNEL, text="never")
    assert [m.text for m in slack.workspace.messages(CHANNEL)] == ["lost", "late"]


def test_slack_away_until_it_is_back(client: WebClient, slack: PracticeSlack) -> None:
    slack.faults.add("*", Fault.status(503), times=None)
    for _ in range(3):
        with pytest.raises(SlackApiError):
            client.auth_test()
    slack.faults.clear()
    assert client.auth_test()["ok"]
    with pytest.raises(ValueError, match="one or more"):
        slack.faults.add("*", Fault.status(503), times=0)


def test_the_posting_limit_is_per_channel_and_off_by_default(
    client: WebClient, workspace: Workspace, clock: Clock
) -> None:
    for _ in range(10):
        client.chat_postMessage(channel=CHANNEL, text="x")
    frozen = [1000.0]
    workspace.posting_limit = PostingLimit(lambda: frozen[0], burst=2)
    for _ in range(2):
        client.chat_postMessage(channel=CHANNEL, text="x")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    client.chat_postMessage(channel="C0DEADLINES", text="another channel")
    frozen[0] += 1.0
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]


def test_messages_dms_and_home_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "slack.db"
    first = Workspace(PEOPLE, CHANNELS, path=path)
    ts = first.post(CHANNEL, {"text": "kept", "blocks": [SECTION]}).ts
    direct = first.open_direct(OFFICER.user_id).channel_id
    home = first.publish(OFFICER.user_id, HOME)
    first.close()
    again = Workspace(PEOPLE, CHANNELS, path=path, clock=lambda: 0.0)
    assert again.message(CHANNEL, ts).text == "kept"
    assert again.channel(direct).direct_with == OFFICER.user_id
    assert again.home(OFFICER.user_id) == home
    assert again.new_ts() > ts
    again.close()


def test_two_processes_may_share_the_file(tmp_path: Path) -> None:
    one, two = (Workspace(PEOPLE, CHANNELS, path=tmp_path / "slack.db", clock=lambda: 1000.0) for _ in range(2))
    posted = [workspace.post(CHANNEL, {"text": "x"}).ts for workspace in (one, two, one, two)]
    assert len(set(posted)) == 4
    two.change(CHANNEL, posted[0], lambda body: {**body, "text": "changed"})
    assert one.message(CHANNEL, posted[0]).text == "changed"
    one.close()
    two.close()


def test_many_posts_at_once_have_times_of_their_own(slack: PracticeSlack) -> None:
    def post() -> None:
        WebClient(TOKEN, base_url=slack.api_url).chat_postMessage(channel=CHANNEL, text="x")

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({m.ts for m in slack.workspace.messages(CHANNEL)}) == 20
