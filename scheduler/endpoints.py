"""Where changes are told: an address and a secret, as the setting gives them. Light, since every command reads it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

PREFIX: Final = "whsec_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes of a secret, as the scheme has it."""

_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
"""One part of a host's name, as it can be looked up."""

LONGEST_HOST: Final = 253


@dataclass(frozen=True)
class Endpoint:
    """Where changes are told, and the secret that both know. `private`: it may be in a private network."""

    url: str
    secret: bytes = field(repr=False)
    private: bool = False

    @property
    def id(self) -> str:
        """What the outbox calls it: the same for as long as its address is."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:12]

    @property
    def host(self) -> str:
        """Its host, for the log: the rest of its address may be a secret too."""
        return urlsplit(self.url).hostname or ""


def endpoint_from(text: str) -> Endpoint:
    """An endpoint from `URL SECRET` or `URL SECRET private`. Raises ValueError."""
    url, secret, *rest = [*text.split(), "", ""][: max(len(text.split()), 2)]
    _check_address(url)
    if rest not in ([], ["private"]):
        raise ValueError("after address and secret comes nothing, or the word private")
    return Endpoint(url, _secret(secret), bool(rest))


def _check_address(url: str) -> None:
    """Raises ValueError for an address to which nothing can be posted."""
    if not all("!" <= sign <= "~" for sign in url):
        raise ValueError("an address has no letters but a to z: write others as a browser copies them, xn--… and %…")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        usable = _is_host(host) and port != 0
    except ValueError:  # brackets without an address in them, a port that is no number
        raise ValueError("this address has no host and port that anybody could have") from None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or "#" in url:
        raise ValueError("an address is one of https and holds no user and no fragment")
    if not usable:
        raise ValueError("this address has no host and port that anybody could have")


def _is_host(host: str) -> bool:
    if ":" in host:
        return ipaddress.IPv6Address(host).scope_id is None
    return len(host) <= LONGEST_HOST and all(_NAME.fullmatch(part) for part in host.removesuffix(".").split("."))


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        secret = b""
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise ValueError(f"a secret is {PREFIX} and {SHORTEST_SECRET} to {LONGEST_SECRET} random bytes in base64")
    return secret
