"""The process that dies, and the one that carries on. What Python does but once, it does once for both.

Run as a module, it reads one act a line from its standard input, as JSON, and answers each with a line: the point at
which the act's process died, or what the act came to. An act that is to die runs in a fork, with connections of its
own; one that is to live, such as the restart, runs here, where nothing of what died was ever in memory. There is one
thread when it forks, so that the fork has all of them.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, make_url, select

from bot.app import build
from bot.endpoint import blueprint
from core import database, outbox
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, bank_holidays, read_policy
from core.records import Award
from intake.access import Access, ApiKey, Mount
from intake.app import create_app
from scheduler.delivery import Delivery
from scheduler.mail_courier import MailCourier
from scheduler.mailbox import PracticeMailbox
from scheduler.slack_courier import SlackCourier
from scheduler.timetable import run_sweep
from scheduler.wording.draft import address_of
from tests.crashes.moving import MovingRecord
from tests.crashes.points import CRASHED, Points, WatchedSender, WatchedSlack
from tests.crashes.wire import api_headers, slack_headers

SECRET = "a signing secret of the tests"
TOKEN = "xoxb-crashes"
API_KEY = "key-of-a-portal"
APPROVALS = "C0APPROVALS"
DEADLINES = "C0DEADLINES"
PUBLIC_URL = "https://desk.example.org"
HANDED = "handed.log"
"""Beside the practice mailbox's folder: the Message-ID of each mail that was handed over, however often."""


@dataclass(frozen=True)
class Act:
    """What a process is to do. `at` is its clock, which stands still; `die_at` the point at which it dies."""

    name: str
    database_url: str
    at: str
    mail: str
    die_at: int | None = None
    statements: int = 1
    body: str = ""
    key: str = ""
    released: bool = True


@dataclass(frozen=True)
class Ended:
    """How it ended: at a point, with an answer, or with a fault that nobody placed there."""

    died_at: str | None = None
    passed: Sequence[str] = ()
    answer: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


class Rooms:
    """The rooms of a desk, put together without a record: a fork gives it one."""

    def __init__(self, slack_api: str, report: int) -> None:
        unopened = create_engine("sqlite://")
        self._records: dict[str, MovingRecord] = {}
        self.now: datetime | None = None
        self._report = report
        self.points = Points(self._last_words)
        self.client = WatchedSlack(self.points, token=TOKEN, base_url=slack_api, timeout=60, retry_handlers=[])
        self.office = Office(
            sessions=database.writing_sessions(unopened),
            reading=database.reading_sessions(unopened),
            clock=self._clock,
            policy=read_policy(SHIPPED),
            policy_text=SHIPPED.read_text(encoding="utf-8"),
            holidays=bank_holidays(),
            signer=Signer("a secret of the tests", PUBLIC_URL),
            public_url=PUBLIC_URL,
            practice=True,
        )
        bolt = build(self.office, client=self.client, signing_secret=SECRET)
        self.mail = Path()
        mailbox = WatchedSender(self._mailbox, self.points, self._handed)
        self.mail_courier = MailCourier(self.office, mailbox)
        self.flask: Flask = create_app(
            self.office,
            secret_key="a secret of the tests",
            api_keys={API_KEY: ApiKey("portal")},
            mounts=[Mount(blueprint(bolt, self.office, SECRET), Access.SIGNED, csrf=False, limited=False)],
            requests_a_minute=None,
        )

    def _clock(self) -> datetime:
        if self.now is None:
            raise RuntimeError("no act has set the clock")
        return self.now

    def _mailbox(self) -> PracticeMailbox:
        return PracticeMailbox(self.mail, "Grants <grants@desk.example.org>")

    def _handed(self, message_id: str) -> None:
        with (self.mail.parent / HANDED).open("a") as log:
            log.write(f"{message_id}\n")

    def _last_words(self, point: str) -> None:
        self.say(Ended(died_at=point, passed=self.points.passed))

    def say(self, ended: Ended) -> None:
        """Answer for the act at hand."""
        os.write(self._report, json.dumps(asdict(ended)).encode() + b"\n")

    def do(self, act: Act) -> None:
        """Do it on the act's record and by its clock, and say what came of it."""
        backend = make_url(act.database_url).get_backend_name()
        if backend not in self._records:
            self._records[backend] = MovingRecord(act.database_url)
            self.points.watch_record(self._records[backend].engine)
        engine = self._records[backend].move(act.database_url)
        self.office.sessions.configure(bind=engine)
        self.office.reading.configure(bind=database.reading_sessions(engine).kw["bind"])
        self.now, self.mail = datetime.fromisoformat(act.at), Path(act.mail)
        self.points.begin(act.die_at, statements=act.statements)
        answer = ACTS[act.name](self, act)
        engine.dispose()
        self.say(Ended(passed=self.points.passed, answer=answer))


def _submit(rooms: Rooms, act: Act) -> dict[str, Any]:
    answer = rooms.flask.test_client().post(
        "/api/v1/applications", data=act.body, headers=api_headers(API_KEY, act.key)
    )
    return {"status": answer.status_code, "said": answer.get_json()}


def _slack_sends(rooms: Rooms, act: Act) -> dict[str, Any]:
    body = act.body.encode()
    headers = slack_headers(SECRET, body, rooms.office.clock().timestamp())
    answer = rooms.flask.test_client().post("/slack/events", data=body, headers=headers)
    return {"status": answer.status_code, "said": answer.get_data(as_text=True)}


def _deliver(rooms: Rooms, _act: Act) -> dict[str, Any]:
    slack = SlackCourier(rooms.office, rooms.client, approvals=APPROVALS, deadlines=DEADLINES)
    done = [
        Delivery(rooms.office, courier, checkpoint=rooms.points.at).deliver_all()
        for courier in (slack, rooms.mail_courier)
    ]
    return {
        "sent": sum(one.sent for one in done),
        "failed": sum(one.failed for one in done),
        "put_back": sum(one.put_back for one in done),
    }


def _sweep(rooms: Rooms, _act: Act) -> dict[str, Any]:
    return {"steps": [step.as_data() for step in run_sweep(rooms.office, checkpoint=rooms.points.at)]}


def _accept(rooms: Rooms, _act: Act) -> dict[str, Any]:
    """Whoever has the mail opens its link and accepts, where the page still has its form."""
    with rooms.office.reading() as session:
        path = address_of(session, "offer", session.scalars(select(Award.id)).one(), rooms.office)
    path, browser = path.removeprefix(PUBLIC_URL), rooms.flask.test_client()
    page = browser.get(path, base_url=PUBLIC_URL).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    if "seen" not in hidden:
        return {"status": 200}
    given = {**hidden, "decision": "accept", "name": "Kim Archer", "terms": "yes", "measures": "yes"}
    answer = browser.post(path, data=given, base_url=PUBLIC_URL, headers={"Referer": f"{PUBLIC_URL}{path}"})
    return {"status": answer.status_code}


def _return(rooms: Rooms, act: Act) -> dict[str, Any]:
    """A program sends in a return; `key` ends its address, as reference and day."""
    headers = api_headers(API_KEY, "")
    answer = rooms.flask.test_client().post(f"/api/v1/returns/{act.key}", data=act.body, headers=headers)
    return {"status": answer.status_code, "said": answer.get_json()}


def _restart(rooms: Rooms, act: Act) -> dict[str, Any]:
    """As a process that starts: free the claims (the one process of `up` does), sweep, deliver; and then once more."""
    if act.released:
        with rooms.office.sessions.begin() as session:
            outbox.release_claims(session)
    return {when: {**_sweep(rooms, act), **_deliver(rooms, act)} for when in ("first", "then")}


ACTS: dict[str, Callable[[Rooms, Act], dict[str, Any]]] = {
    "submit": _submit,
    "slack": _slack_sends,
    "deliver": _deliver,
    "sweep": _sweep,
    "accept": _accept,
    "return": _return,
    "restart": _restart,
}


def _in_a_fork(rooms: Rooms, act: Act) -> None:
    """Do it in a process that may die of it."""
    if threading.active_count() != 1:
        raise RuntimeError(f"a fork would lose threads: {threading.enumerate()}")
    child = os.fork()
    if child == 0:
        _live(rooms, act)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    if ended not in (0, CRASHED):
        rooms.say(Ended(fault=f"the process ended with {ended}"))


def _live(rooms: Rooms, act: Act) -> None:
    """The life of a fork. It never returns."""
    try:
        gc.disable()  # it would touch, and so copy, all memory of a process that lives for milliseconds
        rooms.do(act)
    except BaseException:  # noqa: BLE001 - whatever ended it, the test that asked is to hear of it
        rooms.say(Ended(fault=traceback.format_exc()))
    finally:
        os._exit(0)


def main() -> None:
    """Take acts until there are no more."""
    logging.disable(logging.CRITICAL)
    report = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the desk prints is not to be taken for an answer
    rooms = Rooms(sys.argv[1], report)
    os.write(report, b"ready\n")
    for line in sys.stdin:
        act = Act(**json.loads(line))
        if act.die_at is not None:
            gc.freeze()
            _in_a_fork(rooms, act)
            continue
        try:
            rooms.do(act)
        except Exception:  # noqa: BLE001 - as above
            rooms.say(Ended(fault=traceback.format_exc()))


if __name__ == "__main__":
    main()
