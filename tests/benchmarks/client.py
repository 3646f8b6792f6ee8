"""A served desk, and who sends to it: connections that are kept open, as a proxy keeps them."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url

from tests.benchmarks.server import Served

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Sent:
    """One POST."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@contextmanager
def serving(served: Served) -> Iterator[int]:
    """The port of a desk in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.server", json.dumps(asdict(served))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said, "the benchmarks' server did not start"
        yield int(said)
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


class Connection:
    """One client's connection. Every answer must have the status that is expected."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def send(self, sent: Sent, expected: int) -> tuple[float, str]:
        """Send; the seconds until the whole answer was there, and the answer."""
        begun = time.perf_counter()
        self._http.request("POST", sent.path, sent.body, dict(sent.headers))
        answer = self._http.getresponse()
        said = answer.read().decode()
        taken = time.perf_counter() - begun
        assert answer.status == expected, (answer.status, said)
        return taken, said

    def close(self) -> None:
        self._http.close()


def rate(port: int, make: Callable[[], Sent], *, clients: int, each: int, expected: int) -> float:
    """Requests a second, from so many clients at once, each sending one after the other."""
    batches: Sequence[list[Sent]] = [[make() for _ in range(each)] for _ in range(clients)]

    def client(batch: list[Sent]) -> None:
        connection = Connection(port)
        try:
            for sent in batch:
                connection.send(sent, expected)
        finally:
            connection.close()

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        list(threads.map(client, batches))
    return clients * each / (time.perf_counter() - begun)


def paced(
    port: int, make: Callable[[int], Sent], count: int, *, a_second: float, clients: int, expected: int
) -> list[float]:
    """Seconds from when each was due to its whole answer: one is due every so often, whether or not others wait.

    Each is made just before it is due, and timed from when it was due: a server that falls behind cannot hide it.
    """
    local = threading.local()
    opened: list[Connection] = []

    def one(number: int) -> float:
        connection = getattr(local, "connection", None)
        if connection is None:
            connection = local.connection = Connection(port)
            opened.append(connection)
        sent, due = make(number), begun + number / a_second
        time.sleep(max(due - time.perf_counter(), 0))
        connection.send(sent, expected)
        return time.perf_counter() - due

    begun = time.perf_counter() + 0.05
    try:
        with ThreadPoolExecutor(clients) as threads:
            return list(threads.map(one, range(count)))
    finally:
        for connection in opened:
            connection.close()


def name_of(url: str) -> str:
    """What a record's database is called in a table of figures."""
    return "PostgreSQL" if make_url(url).get_backend_name() == "postgresql" else "SQLite"


def months_ahead() -> tuple[date, date]:
    """Dates that no rule objects to, whenever this runs."""
    start = datetime.now(UTC).date() + timedelta(days=60)
    return start, start + timedelta(days=270)
