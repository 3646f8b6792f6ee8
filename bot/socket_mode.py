"""Socket Mode: the same listeners through a WebSocket that the bot opens, for an office that nobody outside reaches.

Slack sends each request as an envelope through one of the app's sockets, and waits three seconds for it to be
acknowledged. Nothing is signed: the socket was opened with the app's own token. An envelope that comes again is run
once (`bot.once`); one whose work failed is not acknowledged, as over HTTP it would be answered with 503.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient

from bot.calls import refused_as
from bot.once import Once, is_id, key_of
from bot.repeats import Answer
from bot.shapes import Malformed, check_shape
from core.office import Office

_log = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Envelopes worked on at the same time: with more, each would wait for the database instead."""

PING_SECONDS: Final = 5
"""How often a socket is looked at. One that was closed without a word is opened anew so soon."""

AGAIN_SECONDS: Final = 5.0
"""How long a first socket waits for its next attempt while Slack is away."""

KINDS: Final = ("events_api", "interactive", "slash_commands")

NEVER: Final = frozenset(
    {
        "access_denied", "account_inactive", "invalid_auth", "missing_scope", "no_permission", "not_allowed_token_type",
        "not_authed", "token_expired", "token_revoked",
    }
)  # fmt: skip
"""Slack's refusals of a token, which do not pass by themselves."""


class TokenRefused(Exception):  # noqa: N818 - it names the case, as Refused does
    """Slack does not take the app's token; `code` is Slack's name for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SocketMode:
    """The bot's socket. `client` names the Slack to open it with; its own token is not used."""

    def __init__(self, app: App, office: Office, *, app_token: str, client: WebClient) -> None:
        self._once = Once(app, office)
        self._closing = threading.Event()
        self._opener: threading.Thread | None = None
        self._client = SocketModeClient(
            app_token,
            logger=logging.getLogger("award_desk.slack"),
            web_client=client,
            ping_interval=PING_SECONDS,
            concurrency=AT_ONCE,
        )
        self._client.message_listeners.append(self._heard)

    @property
    def is_open(self) -> bool:
        """Whether a socket is open now."""
        return self._client.is_connected()

    def open(self) -> None:
        """Open a socket; while Slack is away keep trying, in a thread. From then on it reopens by itself.

        Raises TokenRefused.
        """
        if self._opened():
            return
        _log.warning("Slack is away: the socket is tried every %s seconds", AGAIN_SECONDS)
        self._opener = threading.Thread(target=self._keep_trying, name="socket-mode", daemon=True)
        self._opener.start()

    def close(self) -> None:
        """Close it, after what is under way. Safe to repeat, and before `open`."""
        self._closing.set()
        if self._opener is not None:
            self._opener.join()
        if not self._client.closed:
            self._client.close()

    def _opened(self) -> bool:
        try:
            self._client.connect_to_new_endpoint()
        except SlackApiError as error:
            code = refused_as(error)
            if code in NEVER:
                raise TokenRefused(code) from error
            return False
        except Exception as error:  # noqa: BLE001 - away, or an answer that it stumbles on
            _log.info("no socket yet: %s", type(error).__name__)
            return False
        return True

    def _keep_trying(self) -> None:
        while not self._closing.wait(AGAIN_SECONDS):
            try:
                if self._opened():
                    return
            except TokenRefused as refusal:
                _log.error("Slack does not take the app's token: %s. The bot hears nothing.", refusal.code)

    def _heard(self, client: BaseSocketModeClient, envelope: dict[str, Any], _raw: str | None = None) -> None:
        """One message of Slack's. Whatever is no envelope (such as its hello) is nothing to us."""
        envelope_id = envelope.get("envelope_id")
        if not is_id(envelope_id):
            if "envelope_id" in envelope:
                _log.warning("an envelope without an id that can be one was left alone")
            return
        try:
            payload = _payload(envelope)
        except Malformed as error:
            _log.warning("a malformed envelope was acknowledged and left alone: %s", error)
            answer = Answer(200, "", "")
        else:
            asked = BoltRequest(mode="socket_mode", body=payload, headers=_retry_headers(envelope))
            raw = json.dumps(payload, sort_keys=True).encode()
            answer = self._once.answered(key_of(payload, f"envelope:{envelope_id}"), raw, asked)
        if answer.status != 200:
            _log.warning("an envelope is not acknowledged: it was answered with %s", answer.status)
            return
        told: dict[str, Any] = {"envelope_id": envelope_id}
        if answer.body and envelope.get("accepts_response_payload") is True:
            told["payload"] = _as_payload(answer)
        try:
            client.send_socket_mode_response(told)
        except Exception as error:  # noqa: BLE001 - the socket went; what is done is done
            _log.warning("an acknowledgement was lost: %s", type(error).__name__)


def _payload(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """What the envelope holds. Raises Malformed for anything that HTTP would be answered 400 for."""
    kind, payload = envelope.get("type"), envelope.get("payload")
    if kind not in KINDS:
        raise Malformed("It is of a kind that the bot did not ask for.")
    if not isinstance(payload, dict):
        raise Malformed("It holds no object.")
    if kind == "slash_commands":
        if not isinstance(payload.get("command"), str) or not all(isinstance(one, str) for one in payload.values()):
            raise Malformed("It holds no command.")
    elif not isinstance(payload.get("type"), str):
        raise Malformed("Its payload has no type.")
    check_shape(payload)
    return payload


def _retry_headers(envelope: Mapping[str, Any]) -> dict[str, Any]:
    if not envelope.get("retry_attempt"):
        return {}
    return {
        "x-slack-retry-num": str(envelope["retry_attempt"]),
        "x-slack-retry-reason": str(envelope.get("retry_reason") or ""),
    }


def _as_payload(answer: Answer) -> dict[str, Any]:
    if answer.content_type.startswith("application/json"):
        found = json.loads(answer.body)
        return found if isinstance(found, dict) else {}
    return {"text": answer.body}
