"""The manifest is what the code needs: every method, every scope, every feature, and none more."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from slack_sdk import WebClient

from bot.command import NAME
from bot.manifest import ANY_URL, COMMAND_SCOPE, EVENTS, NEEDS, REQUESTS, SIGNED_IN, manifest, scopes, written
from bot.practice.methods import METHODS
from bot.practice.shapes import Installation
from desk import practice_office

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker" / "slack-manifest.yaml"
ROOMS = ("core", "bot", "intake", "scheduler", "desk")
SOCKET = {"apps.connections.open"}
"""Called with the app's own token, which no manifest speaks of."""


def called() -> set[str]:
    """Every Web API method that the desk's code names as a method of Slack's client."""
    known = {
        name: name.replace("_", ".")
        for name, _ in inspect.getmembers(WebClient, inspect.isfunction)
        if "_" in name and not name.startswith("_") and name != "api_call"
    }
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if "practice" in path.relative_to(ROOT).parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            assert "api_call" not in names, f"{path} calls a method that no test can see: use the client's own name"
            found |= {known[name] for name in names & set(known)}
    return found


def test_every_method_that_the_code_calls_has_its_scopes_and_none_is_there_for_nothing() -> None:
    assert called() - SOCKET == set(NEEDS)


def test_each_methods_scopes_are_those_that_slack_asks_for() -> None:
    """By the practice Slack's own table, which was written from Slack's pages and not from this one."""
    for name, needed in NEEDS.items():
        asked = METHODS[name].scope
        if isinstance(asked, str):
            assert needed == ((asked,) if asked else ()), name
        else:
            act = "read" if name == "conversations.info" else "history"
            assert set(needed) >= {f"channels:{act}", f"groups:{act}"}, name


def test_the_manifest_has_exactly_the_scopes_of_the_methods_and_the_features() -> None:
    made = manifest()
    needed = {scope for one in NEEDS.values() for scope in one} | {COMMAND_SCOPE}
    assert set(made["oauth_config"]["scopes"]["bot"]) == needed == set(scopes())
    assert "user" not in made["oauth_config"]["scopes"]
    assert not {"chat:write.public", "users:read.email"} & needed


def test_the_file_is_the_manifest() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert text == written(manifest()), "write it anew with bot.manifest.written(manifest())"
    assert yaml.safe_load(text) == manifest()
    assert ANY_URL in text


@pytest.mark.parametrize("socket_mode", [False, True])
def test_it_obeys_slacks_limits(socket_mode: bool) -> None:
    made = manifest("https://a-rather-long-name.grants.example.org", socket_mode=socket_mode)
    shown, features = made["display_information"], made["features"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch("#[0-9a-f]{6}", shown["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    (command,) = features["slash_commands"]
    assert command["command"] == NAME
    assert len(command["command"]) <= 32
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    assert command["should_escape"] is True
    (shortcut,) = features["shortcuts"]
    assert shortcut["type"] == "global"
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
    assert made["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS) == ["app_home_opened"]
    assert made["settings"]["interactivity"]["is_enabled"] is True
    assert made["settings"]["org_deploy_enabled"] is False


def test_over_http_every_request_comes_to_one_url_and_over_sockets_to_none() -> None:
    url = "https://grants.example.org"
    made = manifest(f"{url}/")
    addresses = set(_urls(made))
    assert addresses == {f"{url}{REQUESTS}", f"{url}{SIGNED_IN}"}
    sockets = manifest(url, socket_mode=True)
    assert set(_urls(sockets)) == {f"{url}{SIGNED_IN}"}
    assert sockets["settings"]["socket_mode_enabled"] is True
    assert sockets["oauth_config"] == made["oauth_config"]
    assert yaml.safe_load(written(sockets)) == sockets


def _urls(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [url for one in value.values() for url in _urls(one)]
    if isinstance(value, list):
        return [url for one in value for url in _urls(one)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


def test_the_addresses_are_those_that_the_desk_serves() -> None:
    endpoint = (ROOT / "bot" / "endpoint.py").read_text(encoding="utf-8")
    assert f'"{REQUESTS}"' in endpoint
    sign_in = (ROOT / "intake" / "staff" / "sign_in.py").read_text(encoding="utf-8")
    assert SIGNED_IN.removeprefix("/desk/sign-in") in sign_in


def test_the_practice_slack_has_installed_exactly_it() -> None:
    assert practice_office.slack_app() == Installation.of_manifest(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    assert practice_office.slack_app().commands == (NAME,)
