"""Who it is that pressed, by Slack's own word: asked over real HTTP, kept five minutes, and a no in every doubt."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_sdk import WebClient

from bot import accounts
from bot.accounts import KEPT, MOST_KEPT, SILENT, Account, Accounts, NotVouchedFor
from bot.calls import ACCOUNT_SECONDS, AFTERWARDS_SECONDS, OPEN_SECONDS
from bot.practice.faults import Fault
from bot.practice.server import PracticeSlack
from bot.practice.workspace import TEAM_ID, PracticePerson, Workspace
from tests.bot.conftest import NOON, SECRET, TOKEN
from tests.conftest import Clock

ADA = "U0ADA"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def slack() -> Iterator[PracticeSlack]:
    workspace = Workspace([PracticePerson(ADA, "Ada Lovelace")], [])
    with PracticeSlack(workspace, TOKEN, SECRET) as running:
        yield running
    workspace.close()


@pytest.fixture
def asked(slack: PracticeSlack, clock: Clock) -> Accounts:
    return Accounts(WebClient(TOKEN, base_url=slack.api_url), clock)


def changed(slack: PracticeSlack, **flags: Any) -> None:
    slack.workspace.put_person(replace(slack.workspace.person(ADA), **flags))


def refusal(asked: Accounts, team: str = TEAM_ID, user: str = ADA) -> str:
    with pytest.raises(NotVouchedFor) as caught:
        asked.vouched(team, user)
    assert caught.value.rule == "A1"
    return caught.value.reason


def test_a_member_of_the_workspace_is_vouched_for(asked: Accounts) -> None:
    assert asked.vouched(TEAM_ID, ADA) == Account(TEAM_ID, ADA)
    assert asked.vouched_as_ours(TEAM_ID, ADA) == Account(TEAM_ID, ADA)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"deleted": True}, "deactivated"),
        ({"is_bot": True}, "a bot's"),
        ({"is_restricted": True}, "a guest's"),
        ({"is_ultra_restricted": True}, "a guest's"),
        ({"is_stranger": True}, "another organisation"),
        ({"team_id": "T0ELSEWHERE"}, "another workspace"),
        ({"is_email_confirmed": False}, "has not been confirmed"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_each_flag_bars_with_a_reason_of_its_own(
    slack: PracticeSlack, asked: Accounts, flags: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    changed(slack, **flags)
    with caplog.at_level(logging.WARNING):
        assert said in refusal(asked)
    assert f"{TEAM_ID}/{ADA} was refused" in caplog.text
    changed(slack, **dict.fromkeys(flags, False) | {"team_id": TEAM_ID, "is_email_confirmed": True})
    asked.vouched(TEAM_ID, ADA)  # a no is not kept


def test_nobody_without_both_ids(asked: Accounts) -> None:
    assert refusal(asked, team="") == SILENT
    assert refusal(asked, user="") == SILENT


def test_the_good_word_is_kept_for_five_minutes_and_no_longer(
    slack: PracticeSlack, asked: Accounts, clock: Clock
) -> None:
    asked.vouched(TEAM_ID, ADA)
    changed(slack, deleted=True)
    slack.faults.add("users.info", Fault.status(500), times=None)
    clock.forward(seconds=KEPT.total_seconds() - 1)
    asked.vouched(TEAM_ID, ADA)
    slack.faults.clear()
    clock.forward(seconds=1)
    assert "deactivated" in refusal(asked)
    clock.forward(seconds=-60)
    assert "deactivated" in refusal(asked), "what was refused is forgotten, whatever was said before"


def test_a_clock_set_back_keeps_nothing_alive(slack: PracticeSlack, asked: Accounts, clock: Clock) -> None:
    asked.vouched(TEAM_ID, ADA)
    changed(slack, deleted=True)
    clock.forward(hours=-1)
    assert "deactivated" in refusal(asked)


def test_as_many_are_kept_as_an_office_has_and_not_more(
    slack: PracticeSlack, asked: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_KEPT >= 100
    monkeypatch.setattr(accounts, "MOST_KEPT", 2)
    for user in (ADA, "U0B", "U0C"):
        slack.workspace.put_person(PracticePerson(user, user))
        asked.vouched(TEAM_ID, user)
    slack.faults.add("users.info", Fault.status(500), times=None)
    asked.vouched(TEAM_ID, "U0B")
    asked.vouched(TEAM_ID, "U0C")
    assert refusal(asked) == SILENT, "the one asked longest ago went"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500),
        Fault.ratelimited(30),
        Fault.lose_answer(),
        Fault.error("missing_scope"),
        Fault.error("user_not_found"),
    ],
    ids=["500", "429", "hangs up", "no scope", "not found"],
)
def test_slack_answering_an_error_is_a_no_for_now(
    slack: PracticeSlack, asked: Accounts, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    slack.faults.add("users.info", fault)
    with caplog.at_level(logging.WARNING):
        assert refusal(asked) == SILENT
    assert "Press again in a minute" in SILENT
    assert "users.info" in caplog.text
    asked.vouched(TEAM_ID, ADA)  # one try each: the next press asks anew


@pytest.mark.slacks_time
def test_slack_being_slow_is_a_no_in_time(slack: PracticeSlack, asked: Accounts) -> None:
    assert ACCOUNT_SECONDS + OPEN_SECONDS + AFTERWARDS_SECONDS < 3, "the press is answered within three seconds"
    slack.faults.add("users.info", Fault.hang(30))
    begun = time.monotonic()
    assert refusal(asked) == SILENT
    assert time.monotonic() - begun < 10, "long before Slack would have said anything"


def test_slack_being_away_is_a_no(slack: PracticeSlack, clock: Clock) -> None:
    gone = slack.api_url
    slack.stop()
    assert refusal(Accounts(WebClient(TOKEN, base_url=gone), clock)) == SILENT


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<html>A proxy's page</html>",
        "[]",
        "null",
        '"yes"',
        '{"ok": true}',
        '{"ok": true, "user": null}',
        '{"ok": true, "user": []}',
        '{"ok": true, "user": {}}',
        '{"ok": true, "user": {"id": "U0OTHER", "team_id": "' + TEAM_ID + '"}}',
        '{"ok": true, "user": {"id": "U0ADA", "team_id": ""}}',
        '{"ok": true, "user": {"id": "U0ADA", "team_id": "T0OTHER"}}',
        '{"ok": true, "user": {"id": "U0ADA", "team_id": "' + TEAM_ID + '", "is_email_confirmed": null}}',
        '{"ok": true, "user": {"id": "U0ADA", "team_id": "' + TEAM_ID + '", "deleted": "no"}}',
        '{"user": {"id": "U0ADA", "team_id": "' + TEAM_ID + '"}}',
    ],
)
def test_garbage_is_a_no(answer: str, clock: Clock) -> None:
    with saying(answer) as base_url:
        assert refusal(Accounts(WebClient(TOKEN, base_url=base_url), clock))


@pytest.mark.parametrize("said", [{"team_id": TEAM_ID}, {"team_id": None}, {}], ids=["team", "no team", "nothing"])
def test_what_slack_leaves_out_of_an_ordinary_account_bars_nobody(said: dict[str, Any], clock: Clock) -> None:
    with saying(json.dumps({"ok": True, "user": {"id": ADA, **said}})) as base_url:
        assert Accounts(WebClient(TOKEN, base_url=base_url), clock).vouched(TEAM_ID, ADA).user == ADA


def test_an_account_on_nobodys_record_is_to_be_of_the_bots_own_workspace(slack: PracticeSlack, asked: Accounts) -> None:
    changed(slack, team_id="T0PARTNER")
    asked.vouched("T0PARTNER", ADA)  # somebody of the office put a partner's account on the record
    with pytest.raises(NotVouchedFor, match="another workspace"):
        asked.vouched_as_ours("T0PARTNER", ADA)


def test_a_workspace_that_slack_does_not_name_is_a_no(slack: PracticeSlack, asked: Accounts) -> None:
    slack.faults.add("auth.test", Fault.status(503))
    with pytest.raises(NotVouchedFor, match="could not tell us"):
        asked.vouched_as_ours(TEAM_ID, ADA)
    assert asked.vouched_as_ours(TEAM_ID, ADA).team == TEAM_ID


class saying:  # noqa: N801 - read as a phrase: with saying(...)
    """A server that answers every request with this body, as JSON or not."""

    def __init__(self, body: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST  # noqa: N815 - as above

            def log_message(self, *_said: Any) -> None:
                """Nothing: tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
