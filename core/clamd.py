"""A client of clamd, the virus scanner: it is sent the bytes and says what is in them."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

CHUNK = 64 * 1024
LONGEST_ANSWER = 4_096


class ScannerAway(Exception):  # noqa: N818 - it comes back
    """The scanner did not answer, not in time, or not with a verdict. What was sent stays in quarantine."""


@dataclass(frozen=True)
class Verdict:
    """What the scanner said: clean, or the name of what it found."""

    found: str = ""

    @property
    def clean(self) -> bool:
        """Whether it found nothing."""
        return not self.found


class Clamd:
    """The scanner at `host:port`, `[::1]:port`, or a socket's path. Raises ValueError for an address that is none."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._path = address.removeprefix("unix:") if address.startswith(("/", "unix:")) else ""
        host, _, port = address.rpartition(":")
        if not self._path and not (host and port.isdecimal() and 0 < int(port) < 65_536):
            raise ValueError("give host:port, or the path of clamd's socket")
        self._host = ("", 0) if self._path else (host.strip("[]"), int(port))

    def ping(self, *, seconds: float) -> None:
        """Raises ScannerAway where no clamd answers."""
        answer = self._ask([b"zPING\0"], seconds)
        if answer != "PONG":
            raise ScannerAway(f"{self.address} is not clamd")

    def scan(self, content: bytes, *, seconds: float) -> Verdict:
        """What is in these bytes. Raises ScannerAway without a verdict after so many seconds."""
        parts = [b"zINSTREAM\0"]
        for start in range(0, len(content), CHUNK):
            part = content[start : start + CHUNK]
            parts += [struct.pack("!L", len(part)), part]
        answer = self._ask([*parts, struct.pack("!L", 0)], seconds)
        said = answer.removeprefix("stream: ")
        if said == "OK":
            return Verdict()
        if said.endswith(" FOUND"):
            return Verdict(said.removesuffix(" FOUND")[:100])
        raise ScannerAway(f"{self.address} answers: {answer[:100]}")

    def _ask(self, parts: list[bytes], seconds: float) -> str:
        until = time.monotonic() + seconds
        answer = b""
        try:
            with self._connected(until) as connection:
                for part in parts:
                    connection.settimeout(_left(until))
                    connection.sendall(part)
                while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
                    connection.settimeout(_left(until))
                    more = connection.recv(1_024)
                    if not more:
                        break
                    answer += more
        except OSError as error:
            raise ScannerAway(f"{self.address} does not answer: {error}") from error
        return answer.rstrip(b"\0\n").decode("utf-8", "replace")

    def _connected(self, until: float) -> socket.socket:
        if not self._path:
            return socket.create_connection(self._host, timeout=_left(until))
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_left(until))
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        return connection


def _left(until: float) -> float:
    """The seconds that are left. Raises TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
