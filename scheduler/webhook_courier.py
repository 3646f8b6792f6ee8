"""The courier of webhooks: a change as JSON, signed by the Standard Webhooks scheme, posted to one endpoint.

An endpoint that is away holds up nothing but its own messages: it is left alone for a while, then tried again. Nothing
is followed anywhere: an answer that leads elsewhere is a failure, and so is a name that leads into a private network.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from core.office import Office
from core.outbox import Channel
from core.records import OutboxMessage
from scheduler.delivery import Handed
from scheduler.endpoints import Endpoint
from scheduler.trouble import NotNow, Unsendable
from scheduler.wording import NothingLeft

SECONDS: Final = 8.0
"""How long an endpoint may take in all to answer; it should take the message and work afterwards."""

FIRST_WAIT: Final = timedelta(seconds=10)
"""How long a message waits after its first failure; twice as long after each further one."""

LONGEST_WAIT: Final = timedelta(minutes=30)
"""The longest that a message waits for its next attempt."""

GIVE_UP: Final = timedelta(days=3)
"""How long a message is tried: a system that is away over a weekend has its messages on Monday."""

NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
SIX_TO_FOUR: Final = ipaddress.ip_network("2002::/16")
"""Addresses that stand for another, which may be private."""


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message by the Standard Webhooks scheme, version 1."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()}"


@dataclass(frozen=True)
class WebhookParcel:
    """A change in its words, for one endpoint."""

    endpoint: Endpoint
    message_id: str
    body: bytes
    made_at: datetime
    attempts: int


class WebhookCourier:
    """Posts changes to `endpoints`. One thread uses one at a time."""

    channel: Channel = "webhook"

    def __init__(self, office: Office, endpoints: tuple[Endpoint, ...], *, timeout: float = SECONDS) -> None:
        self._office = office
        self._endpoints = {endpoint.id: endpoint for endpoint in endpoints}
        self._timeout = timeout
        self._left_alone: dict[str, datetime] = {}

    def word(self, message: OutboxMessage) -> WebhookParcel:
        """The change as JSON. Raises NothingLeft where nobody is to be told any more."""
        told = message.payload
        endpoint = self._endpoints.get(told["endpoint"])
        if endpoint is None:
            raise NothingLeft("its endpoint is not in the settings any more")
        kind = "awards" if told["in_register"] else "applications"
        data = {
            "reference": told["reference"],
            "status": told["status"],
            "url": f"{self._office.public_url}/api/v1/{kind}/{told['reference']}",
            **({"due": told["due"]} if told["due"] else {}),
        }
        at = datetime.fromisoformat(told["at"]).astimezone(UTC).isoformat()
        body = {"id": told["event"], "type": told["type"], "timestamp": at, "data": data}
        return WebhookParcel(endpoint, told["event"], json.dumps(body).encode(), message.made_at, message.attempts)

    def find(self, parcel: WebhookParcel) -> Handed | None:
        """Nobody can say: it is posted again, under the same id."""

    def send(self, parcel: WebhookParcel) -> Handed:
        """Post it. Raises NotNow, or Unsendable once it has been tried for long enough or is not wanted any more."""
        now, endpoint = self._office.clock(), parcel.endpoint
        if now - parcel.made_at > GIVE_UP:
            raise Unsendable(f"{endpoint.host} has not taken it for {GIVE_UP.days} days")
        until = self._left_alone.get(endpoint.id, now)
        if until > now:
            raise NotNow(f"{endpoint.host} is left alone for a while", (until - now).total_seconds())
        wait = min(FIRST_WAIT * 2 ** min(parcel.attempts - 1, 20), LONGEST_WAIT)
        try:
            status = _post(
                endpoint, parcel, int(now.timestamp()), self._timeout, private=self._may_be_private(endpoint)
            )
        except (OSError, HTTPException) as error:
            self._left_alone[endpoint.id] = now + wait
            raise NotNow(
                f"{endpoint.host} is away: {str(error) or type(error).__name__}", wait.total_seconds()
            ) from error
        if status == HTTPStatus.GONE:
            raise Unsendable(f"{endpoint.host} wants no more: it answered {status}", str(int(status)))
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
                self._left_alone[endpoint.id] = now + wait
            raise NotNow(f"{endpoint.host} did not take it: it answered {status}", wait.total_seconds())
        return Handed()

    def _may_be_private(self, endpoint: Endpoint) -> bool:
        return endpoint.private or self._office.practice

    def note(self, session: Session, parcel: WebhookParcel, handed: Handed) -> None:
        """Nothing follows."""

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """Nothing: the outbox and the log say so. The API has the same facts for whoever missed the message."""


class _Limited:
    """A connected socket that sends, and answers what came back, until one moment: then it raises TimeoutError."""

    def __init__(self, connected: socket.socket, until: float) -> None:
        self._socket = connected
        self._until = until

    def settle(self) -> socket.socket:
        """The socket, with what is left of the time. Raises TimeoutError once there is none."""
        left = self._until - monotonic()
        if left <= 0:
            raise TimeoutError("it took too long to answer")
        self._socket.settimeout(left)
        return self._socket

    def sendall(self, data: Any) -> None:
        self.settle().sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self))

    def close(self) -> None:
        self._socket.close()


class _Received(io.RawIOBase):
    """What comes back on a limited socket: each piece, however small, must come within the one limit."""

    def __init__(self, limited: _Limited) -> None:
        self._limited = limited

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._limited.settle().recv_into(buffer)


def _post(endpoint: Endpoint, parcel: WebhookParcel, timestamp: int, timeout: float, *, private: bool) -> int:
    """The status that the endpoint answered, within `timeout` seconds in all once its address is looked up.

    Raises OSError, HTTPException.
    """
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(host, port, private=private)
    until = monotonic() + timeout
    connection = HTTPConnection(host, port)
    connected = socket.create_connection((address, port), timeout)
    try:
        if parts.scheme == "https":
            _Limited(connected, until).settle()
            connected = ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        connection.sock = _Limited(connected, until)
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "award-desk",
            "Connection": "close",
            "webhook-id": parcel.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(endpoint.secret, parcel.message_id, timestamp, parcel.body),
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, parcel.body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
        connected.close()


def _address(host: str, port: int, *, private: bool) -> str:
    """The address to connect to: looked up once, so that what was checked is what is used. Raises OSError."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not private and not all(is_public(one) for one in found):
        raise OSError("it leads into a private network, which its setting does not allow")
    return found[0]


def is_public(address: str) -> bool:
    """Whether this is an address of the internet at large."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip in NAT64 or ip in SIX_TO_FOUR):
        return False
    return ip.is_global and not ip.is_multicast
