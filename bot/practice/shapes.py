"""The shapes of the practice workspace: people, channels, messages, views and the app, as Slack tells of them."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .block_rules import elements_of

Json = dict[str, Any]

TEAM_ID = "TPRACTICE"
TEAM_DOMAIN = "practice"
APP_ID = "A0AWARDDESK"
BOT_ID = "B0AWARDDESK"
BOT_USER_ID = "U0AWARDDESK"


@dataclass(frozen=True)
class Shortcut:
    """A global shortcut, as the app's manifest declares it."""

    callback_id: str
    name: str
    description: str = ""


@dataclass(frozen=True)
class Installation:
    """What the app is allowed in this workspace, and what it offers there: its manifest, as installed."""

    scopes: frozenset[str] = frozenset(
        {
            "channels:history",
            "channels:read",
            "chat:write",
            "commands",
            "groups:history",
            "groups:read",
            "im:history",
            "im:read",
            "im:write",
            "users:read",
            "users:read.email",
        }
    )
    """The bot token's scopes; the default is every scope that some method here asks for."""
    commands: tuple[str, ...] = ()
    escaped_commands: bool = True
    """Whether mentions in a command's text arrive as ids (``should_escape``)."""
    shortcuts: tuple[Shortcut, ...] = ()

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any]) -> Installation:
        """What a Slack manifest (as a mapping) asks for. Message shortcuts are left out: the desk has none."""
        features: Mapping[str, Any] = manifest.get("features", {})
        commands = features.get("slash_commands", [])
        return cls(
            scopes=frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
            commands=tuple(one["command"] for one in commands),
            escaped_commands=all(one.get("should_escape", False) for one in commands),
            shortcuts=tuple(
                Shortcut(one["callback_id"], one["name"], one.get("description", ""))
                for one in features.get("shortcuts", [])
                if one.get("type") == "global"
            ),
        )


class SlackError(Exception):
    """A refusal under Slack's own name for it, such as ``channel_not_found``."""

    def __init__(self, code: str, *messages: str, **more: str) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.more = more
        """What else the answer holds, such as the scopes that were ``needed`` and ``provided``."""


@dataclass(frozen=True)
class PracticePerson:
    """Somebody in the workspace, as users.info tells of them."""

    user_id: str
    name: str
    title: str = ""
    email: str = ""
    time_zone: str = "Europe/London"
    team_id: str = TEAM_ID
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True
    in_open_channels: bool = False
    """Whether a guest or stranger was let into the open channels; members are in them anyway."""

    @property
    def username(self) -> str:
        """The short name that Slack puts into ``user.name`` and ``user.username``."""
        return "".join(c if c.isalnum() else "." for c in self.name.lower()).strip(".")


@dataclass(frozen=True)
class PracticeChannel:
    """A channel, or the direct messages of one person with the bot (``direct_with``)."""

    channel_id: str
    name: str
    purpose: str = ""
    members: frozenset[str] | None = None
    """User ids; None means an open channel, which everybody is in but guests and strangers who were not let in."""
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_org_shared: bool = False
    bot_is_member: bool = True
    direct_with: str | None = None


@dataclass(frozen=True)
class Message:
    """A message in a channel; ``body`` is what Slack calls the message object, without thread counts."""

    channel: str
    ts: str
    thread_ts: str | None
    body: Json

    @property
    def text(self) -> str:
        """The top-level text, what notifications and screen readers are given."""
        return str(self.body.get("text", ""))

    @property
    def blocks(self) -> list[Json]:
        """The blocks, empty if the message has none."""
        blocks: list[Json] = self.body.get("blocks", [])
        return blocks


@dataclass(frozen=True)
class View:
    """A modal or Home tab of one person. ``body`` is what the app sent, with every id filled in."""

    view_id: str
    person: str
    kind: str
    body: Json
    hash: str
    root: str
    previous: str | None

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the view."""
        blocks: list[Json] = self.body["blocks"]
        return blocks

    def as_slack(self, values: Json | None = None) -> Json:
        """The view object that answers and payloads hold; ``values`` is what stands in its inputs."""
        return {
            "id": self.view_id,
            "team_id": TEAM_ID,
            "type": self.kind,
            "blocks": self.body["blocks"],
            "private_metadata": self.body.get("private_metadata", ""),
            "callback_id": self.body.get("callback_id", ""),
            "state": {"values": values or {}},
            "hash": self.hash,
            "title": self.body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": self.body.get("clear_on_close", False),
            "notify_on_close": self.body.get("notify_on_close", False),
            "close": self.body.get("close"),
            "submit": self.body.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "external_id": self.body.get("external_id", ""),
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


def new_id(length: int) -> str:
    """Random capitals and digits, the look of Slack's ids."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(length))


def with_ids(blocks: list[Json]) -> list[Json]:
    """The blocks with a block_id and an action_id wherever the app gave none, as Slack fills them in."""
    filled: list[Json] = json.loads(json.dumps(blocks))
    for block in filled:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return filled
