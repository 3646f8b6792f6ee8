"""The mother of schedulers: what Python does but once it does once, and then it forks as many as it is asked for.

Run as a module. Each line of its standard input asks for one; its answer is the number of the process, which has a
timetable of its own that sweeps all the time, and senders of its own for Slack and mail, on connections of its own.
It lives until it is killed.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slack_sdk import WebClient

from core import database, outbox
from core.office import Office
from scheduler.delivery import Delivery, Workers
from scheduler.listening import Listener
from scheduler.mail import SmtpSender
from scheduler.mail_courier import MailCourier
from scheduler.slack_courier import SlackCourier
from scheduler.timetable import Timetable
from tests.conftest import office_on
from tests.crashes.process import APPROVALS, DEADLINES, TOKEN

SWEEP_MINUTES = 0.004
"""A sweep every quarter of a second, which is the office's quarter of an hour."""


@dataclass(frozen=True)
class Given:
    """What every scheduler is given. `clock` is a file that says what time it is."""

    database_url: str
    slack_api: str
    smtp_url: str
    clock: str


def clock_of(file: Path) -> Callable[[], datetime]:
    """The clock that a file is."""
    return lambda: datetime.fromisoformat(file.read_text(encoding="utf-8"))


def office_of(given: Given) -> Office:
    """An office on connections of its own."""
    return office_on(database.open_database(given.database_url), clock_of(Path(given.clock)))


def _schedule(given: Given) -> None:
    """The life of a scheduler, as `award-desk scheduler` puts it together. It never ends by itself."""
    office = office_of(given)
    client = WebClient(TOKEN, base_url=given.slack_api, timeout=25, retry_handlers=[])
    slack = SlackCourier(office, client, approvals=APPROVALS, deadlines=DEADLINES)
    mail = MailCourier(office, SmtpSender(given.smtp_url, "Grants <grants@desk.example.org>"))
    workers = Workers(office, [Delivery(office, slack), Delivery(office, mail)], poll=0.2)
    outbox.call_after_put(office.sessions, workers.wake)
    workers.start()
    Listener(office.sessions.kw["bind"], workers.wake).start()
    Timetable(office, sweep_minutes=SWEEP_MINUTES).start()
    while True:
        time.sleep(60)


def main() -> None:
    """Fork one for each line, until there are no more."""
    given = Given(**json.loads(sys.argv[1]))
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is buried at once
    if threading.active_count() != 1:
        raise RuntimeError(f"a fork would lose threads: {threading.enumerate()}")
    print("ready", flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                _schedule(given)
            except BaseException:  # noqa: BLE001 - whatever ended it is said where the test can read it
                traceback.print_exc()
            finally:
                os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main()
