"""The bot's own calls to Slack while somebody waits: opening a modal, and telling one person something privately.

Slack gives three seconds from the press to the answer. Every call here has a short time-out and no second try, and
none of them raises: what Slack does not take is logged, and the press is answered all the same.
"""

from __future__ import annotations

import logging
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.blocks import Block
from bot.words import escaped

_log = logging.getLogger(__name__)

ACCOUNT_SECONDS = 0.7
"""How long Slack may take to say who pressed (`bot.accounts`). Mostly it said so minutes ago and is not asked."""

OPEN_SECONDS = 1.5
"""How long `views.open`, or a first private message, may take."""

AFTERWARDS_SECONDS = 0.6
"""How long a private message may take after a modal could not be opened: all three together stay below three seconds,
after which Slack would neither open the modal nor take the answer."""

MOST_TOLD = 2_000
"""Characters of a private message before escaping."""

_FAULTS = (SlackClientError, OSError, HTTPException)
"""Slack refusing, Slack being away, and Slack hanging up half-way."""


def short_client(client: WebClient, seconds: float) -> WebClient:
    """The same workspace and token with this time-out, and no retries: a second try would outlast the three seconds."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=seconds,  # type: ignore[arg-type]  # handed to urllib, which takes parts of a second
        ssl=client.ssl,
        proxy=client.proxy,
        headers=client.headers,
        retry_handlers=[],
    )


class Calls:
    """Slack, for a listener."""

    def __init__(self, client: WebClient) -> None:
        self._client = short_client(client, OPEN_SECONDS)
        self._afterwards = short_client(client, AFTERWARDS_SECONDS)

    def open_view(self, trigger_id: str, view: dict[str, Any], *, channel: str, user: str) -> bool:
        """Open a modal. The person is told where Slack refuses; where it does not answer, that is only logged."""
        try:
            self._client.views_open(trigger_id=trigger_id, view=view)
        except SlackApiError as error:
            code = refused_as(error)
            _log.warning("views.open was refused: %s", code)
            if code.endswith("trigger_id"):
                self.tell(channel, user, "That took too long for Slack. Press the button again.", afterwards=True)
            else:
                told = f"Slack would not open the form ({code}). Try again; if it stays so, tell the office."
                self.tell(channel, user, told, afterwards=True)
            return False
        except _FAULTS as error:
            _log.warning("views.open had no answer: %s", type(error).__name__)
            return False
        return True

    def tell(
        self, channel: str, user: str, text: str, shown: list[Block] | None = None, *, afterwards: bool = False
    ) -> bool:
        """Tell one person something in a channel that only they see. Mentions and links in `text` stay text.

        Where there are blocks they are `shown` instead of the text.
        """
        if not channel:
            _log.warning("nowhere to tell %s: the press came from no channel", user)
            return False
        client = self._afterwards if afterwards else self._client
        try:
            client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=escaped(text, MOST_TOLD),
                blocks=shown,
                parse="none",
                link_names=False,
            )
        except SlackApiError as error:
            _log.warning("chat.postEphemeral was refused: %s", refused_as(error))
            return False
        except _FAULTS as error:
            _log.warning("chat.postEphemeral had no answer: %s", type(error).__name__)
            return False
        return True

    def publish(self, user: str, view: dict[str, Any], *, over: str = "") -> bool:
        """Show a person their Home; with `over`, the hash of the one that they see, only in place of that one."""
        try:
            self._client.views_publish(user_id=user, view=view, **({"hash": over} if over else {}))
        except SlackApiError as error:
            _log.warning("views.publish was refused: %s", refused_as(error))
            return False
        except _FAULTS as error:
            _log.warning("views.publish had no answer: %s", type(error).__name__)
            return False
        return True


def refused_as(error: SlackApiError) -> str:
    """Slack's own name of what it refused."""
    said = getattr(error.response, "data", error.response)
    found = said.get("error") if isinstance(said, dict) else None  # what stands before Slack may answer any JSON
    return str(found or "no_error_named")
