"""A clamd for the tests: a small one of our own that speaks its protocol, and the real one where it can be had."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.uploads import EICAR


class Scanner(socketserver.ThreadingTCPServer):
    """A scanner that knows EICAR. `slow`: it takes so many seconds; `answer`: what it says instead."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.pause = threading.Event()
        self.slow = 0.0
        self.answer = b""
        self.seen: list[bytes] = []

    @property
    def address(self) -> str:
        """Where it listens, as the setting names it."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Scanner

    def handle(self) -> None:
        command = self._until_nul()
        if command == b"zPING":
            self.wfile.write(b"PONG\0")
            return
        assert command == b"zINSTREAM"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.server.seen.append(content)
        self.server.pause.wait(self.server.slow)
        found = b"stream: Eicar-Test-Signature FOUND" if EICAR in content else b"stream: OK"
        self.wfile.write((self.server.answer or found) + b"\0")

    def _until_nul(self) -> bytes:
        said = b""
        while (char := self.rfile.read(1)) not in (b"", b"\0"):
            said += char
        return said


@contextmanager
def scanner() -> Iterator[Scanner]:
    """A scanner that runs."""
    with Scanner() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.pause.set()
            server.shutdown()
            thread.join()
