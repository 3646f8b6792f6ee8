"""A desk in a process of its own, started, killed and started again by the tests that need the whole of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 120


def own_port(number: int = 0) -> socket.socket:
    """A port that nobody is given as a free one while this is open, and on which a server may listen that names it.

    It does not listen itself, so that a server which has died is not there. Close it when the last server has ended.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", number))
    return kept


class RunningDesk:
    """`award-desk up` on a port and in a folder of its own."""

    def __init__(self, folder: Path, *, database_url: str = "", **settings: str) -> None:
        self.folder = folder
        with own_port() as kept:
            self.port = int(kept.getsockname()[1])
        self._kept: socket.socket | None = None
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWARD_DESK_")},
            "AWARD_DESK_DATA_DIR": str(folder / "var"),
            **({"AWARD_DESK_DATABASE_URL": database_url} if database_url else {}),
            **{f"AWARD_DESK_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "desk.log"

    def start(self) -> RunningDesk:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "desk", "up", "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/health/ready", timeout=10) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        self.kill()  # it would run on beside whatever comes next
        raise AssertionError(f"the desk did not start:\n{self.said()}")

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """End it politely, as Ctrl-C does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=60)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Another command of the desk, beside the running one."""
        done = subprocess.run(
            [sys.executable, "-m", "desk", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"award-desk {' '.join(arguments)}: {done.stderr}\n{done.stdout}")
        return done

    def __enter__(self) -> RunningDesk:
        self._kept = own_port(self.port)  # also while it is dead, and about to be started again
        return self.start()

    def __exit__(self, *exception: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()
        if self._kept is not None:
            self._kept.close()


def wait_for(what: Callable[[], bool], seconds: float, failing: str) -> float:
    """Wait until it is so; how long that took. Fails with `failing` after `seconds`."""
    begun = time.monotonic()
    while not what():
        if time.monotonic() - begun > seconds:
            raise AssertionError(failing)
        time.sleep(0.05)
    return time.monotonic() - begun
