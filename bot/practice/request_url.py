"""Sending to the app's request URL as Slack does: signed, once, and for at most three seconds."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_SECONDS = 3.0
"""How long Slack waits for a 2xx (Slack docs, interactivity/handling-user-interaction)."""


@dataclass(frozen=True)
class Answer:
    """What came back: ``status`` is None if nothing did in time, ``reason`` is then Slack's name for why."""

    status: int | None
    body: str
    headers: Mapping[str, str]
    seconds: float
    reason: str = ""

    @property
    def taken(self) -> bool:
        """Whether Slack counts the request as delivered."""
        return self.status is not None and 200 <= self.status < 300


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a raw body (Slack docs, authentication/verifying-requests)."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Sealed:
    """A request as it goes out: its body and its headers, signed."""

    body: bytes
    headers: Mapping[str, str]


def seal(
    secret: str,
    body: bytes,
    content_type: str,
    *,
    clock: Callable[[], float],
    extra: Mapping[str, str] | None = None,
) -> Sealed:
    """Sign a body. ``clock`` gives the seconds for the signature's timestamp."""
    timestamp = str(int(clock()))
    headers = {
        "Content-Type": content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Accept": "application/json,*/*",
        "Connection": "close",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(secret, timestamp, body),
        **(extra or {}),
    }
    return Sealed(body, headers)


def deliver(url: str, sealed: Sealed) -> Answer:
    """Send a signed request. Never raises for what the other side does."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    started = time.monotonic()
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)

    def left() -> float:
        return max(0.01, PATIENCE_SECONDS - (time.monotonic() - started))

    try:
        connection.connect()
        connection.sock.settimeout(left())
        connection.request(
            "POST", parts.path + (f"?{parts.query}" if parts.query else ""), sealed.body, dict(sealed.headers)
        )
        connection.sock.settimeout(left())
        with connection.getresponse() as response:
            text = response.read().decode("utf-8", "replace")
            return Answer(response.status, text, dict(response.getheaders()), time.monotonic() - started)
    except TimeoutError:
        return Answer(None, "", {}, time.monotonic() - started, "http_timeout")
    except (OSError, http.client.HTTPException):
        return Answer(None, "", {}, time.monotonic() - started, "connection_failed")
    finally:
        connection.close()
