"""Socket Mode from Slack's side: sockets opened by ticket, envelopes that must be acknowledged, and refreshes.

Each payload goes to one of the open sockets, and waits three seconds for its acknowledgement (Slack docs, Using Socket
Mode).
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from .request_url import PATIENCE_SECONDS, Answer
from .shapes import APP_ID, Json, SlackError

MOST_SOCKETS = 10
TICKET_SECONDS = 30.0
"""How long an address that apps.connections.open gave can be connected to."""
LIFETIME_SECONDS = 3600
"""What a new socket is told of how long it will last."""


def new_envelope() -> str:
    """The id of an envelope that nobody has sent yet."""
    return secrets.token_hex(16)


@dataclass
class _Waiting:
    """An envelope on its way: what the app answered, once it has."""

    connection: ServerConnection
    acknowledged: threading.Event = field(default_factory=threading.Event)
    payload: Json | None = None


class Sockets:
    """The sockets of one app. ``refusing`` says whether Slack is away just now."""

    def __init__(self, host: str, refusing: Callable[[], bool]) -> None:
        self._host = host
        self._refusing = refusing
        self._lock = threading.Lock()
        self._tickets: dict[str, float] = {}
        self._open: list[ServerConnection] = []
        self._waiting: dict[str, _Waiting] = {}
        self._turn = 0
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a port of its own."""
        self._server = serve(
            self._converse,
            self._host,
            0,
            process_request=self._admit,
            compression=None,
            logger=logging.getLogger(__name__),
            server_header=None,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="practice-slack-sockets", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every socket and stop listening."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self.cut()
        self._server = self._thread = None

    @property
    def count(self) -> int:
        """How many sockets are open."""
        with self._lock:
            return len(self._open)

    def ticket(self) -> str:
        """An address that one socket may connect to once. Raises SlackError ``internal_error`` when not listening."""
        if self._server is None:
            raise SlackError("internal_error")
        ticket = secrets.token_urlsafe(24)
        now = time.monotonic()
        with self._lock:
            self._tickets = {one: until for one, until in self._tickets.items() if until > now}
            self._tickets[ticket] = now + TICKET_SECONDS
        port = self._server.socket.getsockname()[1]
        return f"ws://{self._host}:{port}/link/?ticket={ticket}&app_id={APP_ID}"

    def refresh(self) -> None:
        """Tell every socket that it is about to be closed, so that the app opens another, as Slack does by the hour."""
        for connection in self._listed():
            self._say(connection, self._disconnect("refresh_requested"))

    def cut(self) -> None:
        """Close every socket without a word."""
        for connection in self._listed():
            connection.close()

    def deliver(
        self,
        kind: str,
        payload: Json,
        *,
        answerable: bool,
        retry: tuple[int, str] | None = None,
        envelope_id: str | None = None,
    ) -> Answer:
        """Send one payload through one socket and wait for its acknowledgement.

        ``kind`` is ``interactive``, ``slash_commands`` or ``events_api``; ``retry`` is the attempt and why the one
        before it failed; the ``envelope_id`` of an earlier one sends that one again. What the app answered with is the
        answer's body, as it would be over HTTP.
        """
        envelope: Json = {
            "type": kind,
            "envelope_id": envelope_id or new_envelope(),
            "payload": payload,
            "accepts_response_payload": answerable,
        }
        if kind == "events_api":
            attempt, reason = retry or (0, "")
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        return self.send(envelope)

    def send(self, envelope: Json) -> Answer:
        """Send an envelope as it is, with an id if it has none, through one socket and wait for its acknowledgement."""
        started = time.monotonic()
        envelope = {"envelope_id": new_envelope(), **envelope}
        envelope_id = envelope["envelope_id"]
        with self._lock:
            if not self._open:
                return Answer(None, "", {}, 0.0, "connection_failed")
            self._turn += 1
            waiting = _Waiting(self._open[self._turn % len(self._open)])
            self._waiting[envelope_id] = waiting
        sent = self._say(waiting.connection, json.dumps(envelope))
        done = sent and waiting.acknowledged.wait(PATIENCE_SECONDS)
        with self._lock:
            self._waiting.pop(envelope_id, None)
        took = time.monotonic() - started
        if not done:
            return Answer(None, "", {}, took, "http_timeout" if sent else "connection_failed")
        answerable = envelope.get("accepts_response_payload", False)
        body = "" if waiting.payload is None or not answerable else json.dumps(waiting.payload)
        return Answer(HTTPStatus.OK, body, {}, took)

    def say_raw(self, told: str) -> None:
        """Say something through every socket that need be no envelope."""
        for connection in self._listed():
            self._say(connection, told)

    def _listed(self) -> list[ServerConnection]:
        with self._lock:
            return list(self._open)

    def _disconnect(self, reason: str) -> str:
        return json.dumps({"type": "disconnect", "reason": reason, "debug_info": self._about()})

    def _about(self) -> Json:
        return {"host": "practice", "approximate_connection_time": LIFETIME_SECONDS}

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let in whoever comes with a ticket that nobody has used yet."""
        given = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        with self._lock:
            until = self._tickets.pop(given, None)
        if self._refusing() or until is None or until < time.monotonic():
            return connection.respond(HTTPStatus.NOT_FOUND, "There is no such ticket.\n")
        return None

    def _converse(self, connection: ServerConnection) -> None:
        with self._lock:
            full = len(self._open) >= MOST_SOCKETS
            if not full:
                self._open.append(connection)
            held = len(self._open)
        if full:
            self._say(connection, self._disconnect("too_many_websockets"))
            return
        hello = {"type": "hello", "num_connections": held, "debug_info": self._about()}
        self._say(connection, json.dumps({**hello, "connection_info": {"app_id": APP_ID}}))
        try:
            with suppress(ConnectionClosed):
                for told in connection:
                    self._heard(told)
        finally:
            with self._lock:
                self._open.remove(connection)

    def _heard(self, told: str | bytes) -> None:
        """An acknowledgement; anything else is nothing to Slack."""
        try:
            answer = json.loads(told)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        with self._lock:
            waiting = self._waiting.get(str(answer.get("envelope_id")))
        if waiting is not None:
            payload = answer.get("payload")
            waiting.payload = payload if isinstance(payload, dict) and payload else None
            waiting.acknowledged.set()

    def _say(self, connection: ServerConnection, told: str) -> bool:
        try:
            connection.send(told)
        except ConnectionClosed:
            return False
        return True
