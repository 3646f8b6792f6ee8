"""A clamd for the tests: a small one of our own that speaks its protocol, and the real one where it can be had."""

from __future__ import annotations

import os
import shutil
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.packages import bring
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


def _found() -> str | None:
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def program() -> str | None:
    """Where the real clamd is; None where it neither is nor can be installed."""
    bring(lambda: _found() is not None, "clamav-daemon")
    return _found()


@contextmanager
def real_clamd(program: str) -> Iterator[str]:
    """The real clamd, which knows EICAR alone; yields the path of its socket."""
    with tempfile.TemporaryDirectory(prefix="award-desk-clamd-") as name:
        folder = Path(name)
        signatures = folder / "signatures"
        signatures.mkdir()
        (signatures / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
        path = folder / "clamd.sock"
        settings = folder / "clamd.conf"
        settings.write_text(f"LocalSocket {path}\nDatabaseDirectory {signatures}\nForeground yes\n")
        process = subprocess.Popen(
            [program, f"--config-file={settings}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until = time.monotonic() + 60
            while not path.exists():
                assert process.poll() is None, "clamd does not start"
                assert time.monotonic() < until, "clamd does not listen"
                time.sleep(0.05)
            yield str(path)
        finally:
            process.terminate()
            process.wait(timeout=60)
