"""`award-desk check` against a practice Slack in which one thing at a time is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import yaml  # type: ignore[import-untyped]

from bot.manifest import manifest
from bot.practice.server import PracticeSlack
from bot.practice.shapes import TEAM_ID, Installation, PracticeChannel, PracticePerson
from bot.practice.workspace import Standing, Workspace
from core.field_cipher import new_key
from tests.desk.conftest import Run

APPROVALS = PracticeChannel("C0APPROVALS", "approvals")
DEADLINES = PracticeChannel("C0DEADLINES", "deadlines", is_private=True, members=frozenset({"U0ADA"}))
TOKEN = "xoxb-office"


@pytest.fixture
def slack(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[PracticeSlack]:
    """An office's Slack with the app as the manifest has it, and Ada, who is linked."""
    people = (PracticePerson("U0ADA", "Ada Officer"), PracticePerson("U0KIM", "Kim Commissioner"))
    workspace = Workspace(people, (APPROVALS, DEADLINES), installation=Installation.of_manifest(manifest()))
    with PracticeSlack(workspace, TOKEN, "secret") as running:
        settings = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": "secret",
            "SLACK_API_URL": running.api_url,
            "SLACK_APPROVALS_CHANNEL": APPROVALS.channel_id,
            "SLACK_DEADLINES_CHANNEL": DEADLINES.channel_id,
            "SLACK_APP_TOKEN": running.app_token,
            "SMTP_URL": "smtp://127.0.0.1:1",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"AWARD_DESK_{name}", value)
        run("db", "upgrade")
        run("people", "add", "Ada Officer", "ada@example.org", "--role", "officer", "--slack", f"{TEAM_ID}/U0ADA")
        yield running
    workspace.close()


def faults(run: Run) -> list[str]:
    """What `check` finds fault with in Slack; the mail server, which is not there, makes it end with 1."""
    said = run("check", fails=True).output
    return [line.split(maxsplit=2)[2] for line in said.splitlines() if line.split()[:2] == ["FAULT", "slack"]]


def test_a_slack_that_is_as_it_must_be(run: Run, slack: PracticeSlack) -> None:
    assert faults(run) == []
    said = run("check", fails=True).output
    for line in (
        "takes the bot's token",
        "every scope is there",
        "the bot is in #approvals",
        "the bot is in #deadlines",
    ):
        assert line in said
    assert "1 person has a Slack account in good standing" in said
    assert "Socket Mode can be used" in said
    assert slack.workspace.messages(APPROVALS.channel_id) == [], "a check posts nothing"
    assert "could be taken away" not in said


def channel(**flags: bool) -> Callable[[PracticeSlack], None]:
    return lambda slack: slack.workspace.put_channel(replace(APPROVALS, **flags))  # type: ignore[arg-type]


def standing(which: Standing) -> Callable[[PracticeSlack], None]:
    def change(slack: PracticeSlack) -> None:
        slack.workspace.put_standing("U0ADA", which)

    return change


def scopes(*without: str, extra: str = "") -> Callable[[PracticeSlack], None]:
    def change(slack: PracticeSlack) -> None:
        whole = Installation.of_manifest(manifest()).scopes
        given = (whole - set(without)) | ({extra} if extra else set())
        slack.workspace.installation = replace(slack.workspace.installation, scopes=frozenset(given))

    return change


WRONG: dict[str, tuple[Callable[[PracticeSlack], None], str, str]] = {
    "a scope": (scopes("groups:history"), "scope is missing: groups:history", "award-desk slack manifest"),
    "two scopes": (scopes("commands", "chat:write"), "scopes are missing: chat:write, commands", "install it again"),
    "not invited": (channel(bot_is_member=False), "the bot is not in #approvals", "/invite"),
    "archived": (channel(is_archived=True), "#approvals is archived", "AWARD_DESK_SLACK_APPROVALS_CHANNEL"),
    "shared": (channel(is_ext_shared=True), "is shared with another organisation", "set a channel of your own"),
    "to be shared": (channel(is_pending_ext_shared=True), "is about to be shared", "set a channel of your own"),
    "shared in the organisation": (channel(is_org_shared=True), "other workspaces", "set a channel of your own"),
    "deactivated": (standing(Standing(deleted=True)), "Ada Officer's account is deactivated", "people remove"),
    "a guest": (standing(Standing(is_restricted=True)), "Ada Officer's account is a guest's", "make it a member's"),
    "another organisation's": (
        standing(Standing(is_stranger=True)),
        "Ada Officer's account belongs to another organisation",
        "link the one",
    ),
    "of another workspace": (
        standing(Standing(team_id="TOTHER")),
        "Ada Officer's account belongs to another workspace",
        "link the one",
    ),
    "not confirmed": (
        standing(Standing(is_email_confirmed=False)),
        "an e-mail address that was never confirmed",
        "confirm it in Slack",
    ),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_one_thing_that_is_wrong_is_one_line_with_what_to_do(run: Run, slack: PracticeSlack, name: str) -> None:
    change, what, remedy = WRONG[name]
    change(slack)
    (said,) = faults(run)
    assert what in said
    assert remedy in said


def test_a_scope_too_many_is_no_fault_and_is_named(run: Run, slack: PracticeSlack) -> None:
    scopes(extra="users:read.email")(slack)
    assert faults(run) == []
    assert "users:read.email could be taken away" in run("check", fails=True).output


def test_whoever_is_not_linked_is_named(run: Run, slack: PracticeSlack) -> None:
    run("people", "add", "Kim Commissioner", "kim@example.org", "--role", "commissioner")
    run("people", "add", "Vic Auditor", "vic@example.org", "--role", "auditor")
    (said,) = faults(run)
    assert said.startswith("Kim Commissioner is not linked")
    assert "--slack" in said


def test_an_account_of_another_workspace_or_of_nobody(run: Run, slack: PracticeSlack) -> None:
    run("people", "add", "Kim Commissioner", "kim@example.org", "--role", "commissioner", "--slack", "T0OTHER/U0KIM")
    run("people", "add", "Pat Panel", "pat@example.org", "--role", "panel", "--slack", f"{TEAM_ID}/U0GONE")
    first, second = faults(run)
    assert "Kim Commissioner's account belongs to another workspace" in first
    assert "Pat Panel's account cannot be looked at: Slack says user_not_found" in second


def test_a_channel_that_is_not_there_and_tokens_that_are_wrong(
    run: Run, slack: PracticeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWARD_DESK_SLACK_DEADLINES_CHANNEL", "C0NOWHERE")
    monkeypatch.setenv("AWARD_DESK_SLACK_APP_TOKEN", "xapp-wrong")
    channel_said, token_said = faults(run)
    assert "C0NOWHERE (AWARD_DESK_SLACK_DEADLINES_CHANNEL) is not there" in channel_said
    assert "AWARD_DESK_SLACK_APP_TOKEN is refused (invalid_auth)" in token_said
    assert "connections:write" in token_said
    monkeypatch.setenv("AWARD_DESK_SLACK_BOT_TOKEN", "xoxb-wrong")
    (said,) = faults(run)
    assert "AWARD_DESK_SLACK_BOT_TOKEN" in said


def test_the_manifest_is_printed_for_this_office(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWARD_DESK_PUBLIC_URL", "https://grants.example.org")
    printed = run("slack", "manifest").stdout
    assert yaml.safe_load(printed) == manifest("https://grants.example.org")
    assert "{PUBLIC_URL}/" not in printed
    told = json.loads(run("slack", "manifest", "--json", "--socket-mode").stdout)
    assert told["settings"]["socket_mode_enabled"] is True
    monkeypatch.setenv("AWARD_DESK_PUBLIC_URL", "http://grants.example.org")
    assert "Slack takes https addresses only" in run("slack", "manifest").stderr


def test_the_bot_says_in_one_line_that_its_token_is_not_taken(
    run: Run, slack: PracticeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWARD_DESK_SECRET_KEY", "a secret of the tests, long enough to be one")
    monkeypatch.setenv("AWARD_DESK_FIELD_KEYS", f"first:{new_key()}")
    monkeypatch.setenv("AWARD_DESK_SLACK_APP_TOKEN", "xapp-wrong")
    said = run("bot", fails=True).stderr.strip().splitlines()
    assert "AWARD_DESK_SLACK_APP_TOKEN is not taken by Slack (invalid_auth)" in said[-1]
    assert slack.sockets.count == 0
