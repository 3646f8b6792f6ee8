"""Hearing of new messages on PostgreSQL: another process put something into the outbox, so wake the workers here.

Only a saving of time: whatever is not heard, the workers' own poll finds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine, make_url

from core.outbox import NOTIFY

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds of listening after which the thread looks whether it is to stop."""

RECONNECT = 5.0
"""Seconds between two attempts to connect again."""


class Listener:
    """A thread that listens on `core.outbox.NOTIFY` and calls `wake` for what it hears. PostgreSQL only.

    Raises ValueError for another database.
    """

    def __init__(self, engine: Engine, wake: Callable[[], None], *, reconnect: float = RECONNECT) -> None:
        if engine.dialect.name != "postgresql":
            raise ValueError("only PostgreSQL notifies; on SQLite there is one process, which wakes itself")
        url = make_url(engine.url).set(drivername="postgresql")
        self._address = url.render_as_string(hide_password=False)
        self._wake = wake
        self._reconnect = reconnect
        self._stopping = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-listener", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own. A database that is away is waited for."""
        self._thread.start()

    def wait_until_listening(self, seconds: float) -> bool:
        """Whether it hears, at the latest after so many seconds."""
        return self._listening.wait(seconds)

    def stop(self) -> None:
        """End, and wait for that. Safe to repeat, and before a start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("the outbox is not heard (%s); connecting again in %s seconds", error, self._reconnect)
                self._stopping.wait(self._reconnect)
            finally:
                self._listening.clear()

    def _listen(self) -> None:
        with psycopg.connect(self._address, autocommit=True, connect_timeout=10) as connection:
            connection.execute(f"LISTEN {NOTIFY}")
            self._listening.set()
            self._wake()  # for what was put while nobody listened
            while not self._stopping.is_set():
                for _heard in connection.notifies(timeout=TICK, stop_after=1):
                    self._wake()
