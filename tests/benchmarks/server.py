"""A desk's web process as `up` has it, with bare floors beside it on the same server. Run as a module.

One JSON object on the command line says what it serves; it prints its port, and serves until its input ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from slack_sdk import WebClient
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert
from waitress.server import create_server

from bot.app import build
from bot.endpoint import blueprint, is_signed
from core import database, outbox
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, bank_holidays, read_policy
from desk.assembly import BOT_SECONDS
from desk.serving import THREADS
from intake.access import Access, ApiKey, Mount
from intake.app import create_app
from scheduler.delivery import Delivery, Workers
from scheduler.mail_courier import MailCourier
from scheduler.mailbox import PracticeMailbox
from scheduler.slack_courier import SECONDS, SlackCourier

SECRET = "a signing secret of the benchmarks"
TOKEN = "xoxb-benchmarks"
API_KEY = "key-of-a-portal"
PUBLIC_URL = "https://desk.example.org"
APPROVALS, DEADLINES = "C0APPROVALS", "C0DEADLINES"
FLOOR = Table("floor_row", MetaData(), Column("id", Integer, primary_key=True), Column("body", Text))


@dataclass(frozen=True)
class Served:
    """What to serve: the record, the Slack to answer through ("" for none), and whether the outbox is delivered."""

    database_url: str
    slack_api: str = ""
    mail: str = ""
    delivering: bool = False


def main() -> None:
    """Serve until the standard input ends."""
    logging.disable(logging.CRITICAL)
    served = Served(**json.loads(sys.argv[1]))
    engine = database.open_database(served.database_url)
    FLOOR.metadata.create_all(engine)
    office = Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=lambda: datetime.now(UTC),
        policy=read_policy(SHIPPED),
        policy_text=SHIPPED.read_text(encoding="utf-8"),
        holidays=bank_holidays(),
        signer=Signer("a secret of the benchmarks", PUBLIC_URL),
        public_url=PUBLIC_URL,
        practice=True,
    )
    mounts = []
    if served.slack_api:
        client = WebClient(TOKEN, base_url=served.slack_api, timeout=BOT_SECONDS, retry_handlers=[])
        endpoint = blueprint(build(office, client=client, signing_secret=SECRET), office, SECRET)
        mounts.append(Mount(endpoint, Access.SIGNED, csrf=False, limited=False))
    desk = create_app(
        office,
        secret_key="a secret of the benchmarks",
        api_keys={API_KEY: ApiKey("portal")},
        mounts=mounts,
        requests_a_minute=None,
    )
    if served.delivering:
        _deliver(served, office)
    bare = _floors(engine)
    server: Any = create_server(_either(desk, bare), host="127.0.0.1", port=0, threads=THREADS)
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(server.effective_port, flush=True)
    server.run()


def _deliver(served: Served, office: Office) -> None:
    client = WebClient(TOKEN, base_url=served.slack_api, timeout=SECONDS, retry_handlers=[])
    slack = SlackCourier(office, client, approvals=APPROVALS, deadlines=DEADLINES)
    mail = MailCourier(office, PracticeMailbox(Path(served.mail), "grants@desk.example.org"))
    workers = Workers(office, [Delivery(office, slack), Delivery(office, mail)])
    outbox.call_after_put(office.sessions, workers.wake)
    workers.start()


def _floors(engine: Any) -> Flask:
    """What the same server could do if it had nothing to do: one row and one commit; one signature."""
    app = Flask("floor")

    @app.post("/floor/row")
    def row() -> Response:
        with engine.begin() as connection:
            connection.execute(insert(FLOOR).values(body=request.get_data(as_text=True)))
        return Response("{}", 201, mimetype="application/json")

    @app.get("/floor/page")
    def page() -> str:
        return "<p>Words.</p>"

    @app.post("/floor/form")
    def form() -> Response:
        with engine.begin() as connection:
            connection.execute(insert(FLOOR).values(body=request.form["words"]))
        return Response("", 303, {"Location": "/floor/page"})

    @app.post("/floor/signed")
    def signed() -> Response:
        good = is_signed(
            request.get_data(cache=False),
            signature=request.headers.get("X-Slack-Signature", ""),
            timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            secret=SECRET,
            now=datetime.now(UTC).timestamp(),
        )
        return Response("", 200 if good else 401)

    return app


def _either(desk: Flask, bare: Flask) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        app = bare if environ["PATH_INFO"].startswith("/floor/") else desk
        return app(environ, start_response)

    return application


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
