"""What the desk needs of Slack, and the app's manifest made of it: these methods, their scopes, these features.

`docker/slack-manifest.yaml` is this manifest, written down; `award-desk slack manifest` prints it for an office. A test
holds both to what the code calls: no method without its scope, no scope without a method.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from bot.command import NAME, USAGE

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "auth.test": (),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "conversations.open": ("im:write",),
    "conversations.info": ("channels:read", "groups:read"),
    "conversations.history": ("channels:history", "groups:history", "im:history"),
    "users.info": ("users:read",),
    "views.open": (),
    "views.publish": (),
}
"""Every Web API method that the desk calls with the bot's token, and the scopes that Slack asks for it.

The office's two channels may be open or private ones, so what reads a channel has a scope for each kind. A history, of
these channels or of a person's messages from the bot, is read for one thing: whether a message in doubt was posted,
before it is posted again.
"""

COMMAND_SCOPE: Final = "commands"
"""What a slash command and a shortcut ask for."""

APP_SCOPE: Final = "connections:write"
"""What the app's own token (`xapp-`) needs to open a socket. Such tokens are made by hand: no manifest has them."""

EVENTS: Final = ("app_home_opened",)
"""The one event. No message event: the desk reads no conversation."""

SHORTCUT: Final = "record_outside"
"""The callback_id of the global shortcut."""

ANY_URL: Final = "{PUBLIC_URL}"
"""Stands for the office's own address in the file."""

REQUESTS: Final = "/slack/events"
SIGNED_IN: Final = "/desk/sign-in/slack/back"
"""Where Slack sends its requests, and whoever signs in to the staff pages."""

_HEAD: Final = f"""\
# The Slack app of Award Desk. Made from bot/manifest.py; a test keeps the two the same.
#
# 'award-desk slack manifest' prints it with your own address in the place of {ANY_URL}: paste that at
# https://api.slack.com/apps, Create New App, From a manifest. Then install it, and invite it to its two channels.
# For Socket Mode ('award-desk bot') print it with --socket-mode: it then has no addresses for requests, and needs an
# app-level token with the scope {APP_SCOPE}, made under Basic Information.
"""


def scopes() -> tuple[str, ...]:
    """The bot token's scopes: what the methods and the features need, and none more."""
    return tuple(sorted({COMMAND_SCOPE, *(scope for needed in NEEDS.values() for scope in needed)}))


def manifest(public_url: str = ANY_URL, *, socket_mode: bool = False) -> dict[str, Any]:
    """The manifest as Slack takes it, for a desk at `public_url`, over HTTP or Socket Mode."""
    url = public_url.rstrip("/")
    at = {} if socket_mode else {"request_url": f"{url}{REQUESTS}"}
    command = {
        "command": NAME,
        "description": "Find applications and awards, and what waits for you",
        "usage_hint": " | ".join(usage.removeprefix(NAME).strip() for usage, _ in USAGE),
        "should_escape": True,
    }
    if not socket_mode:
        command = {"command": NAME, "url": f"{url}{REQUESTS}", **command}
    shortcut = {
        "name": "Record an award",
        "type": "global",
        "callback_id": SHORTCUT,
        "description": "Record an award that was made outside the desk",
    }
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Award Desk",
            "description": "Grant applications to recommend and decide, and what falls due",
            "long_description": (
                "Award Desk is the grants desk of a police and crime commissioner's office. Each application is one "
                "card in the approvals channel: who asks for how much, what the rules say, and what is missing. "
                "Officers recommend, and whoever holds the power decides, from the card. The deadlines channel hears "
                "of returns and everything else that falls due. Home shows what waits for you. The desk reads no "
                "conversation: a channel's history is read only to see whether its own message was posted."
            ),
            "background_color": "#1d4f91",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Award Desk", "always_online": True},
            "shortcuts": [shortcut],
            "slash_commands": [command],
        },
        "oauth_config": {"redirect_urls": [f"{url}{SIGNED_IN}"], "scopes": {"bot": list(scopes())}},
        "settings": {
            "event_subscriptions": {**at, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **at},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def written(made: Mapping[str, Any]) -> str:
    """A manifest as YAML, with a head that says what to do with it."""
    return f"{_HEAD}\n" + "\n".join(_lines(made, "")) + "\n"


def _lines(value: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            lines += [f"{indent}{name}:", *_lines(inner, f"{indent}  ")]
        elif isinstance(inner, list):
            lines.append(f"{indent}{name}:")
            for one in inner:
                item = _lines(one, f"{indent}    ") if isinstance(one, Mapping) else [f"{indent}    {json.dumps(one)}"]
                lines += [f"{indent}  - {item[0].lstrip()}", *item[1:]]
        else:
            lines.append(f"{indent}{name}: {json.dumps(inner)}")
    return lines
