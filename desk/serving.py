"""The processes: `up` (everything in one), and `web`, `scheduler`, `bot` for production."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import structlog
from flask import Flask
from waitress.server import create_server

from bot.socket_mode import TokenRefused
from core import outbox
from core.rules.calendar import add_months
from desk import assembly, practice_office
from desk.opening import Desk, open_desk
from desk.settings import ADDRESS_NOTE, PRACTICE_NOTE, PREFIX, Chosen, SettingsError, reachable
from desk.slack_door import SlackDoor, slack_door
from intake import assets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

THREADS = 4
"""Threads of the web server: fewer are better (waitress itself buffers slow clients)."""

BEHIND_A_PROXY = {
    "trusted_proxy": "127.0.0.1",
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
}
"""In production a proxy on the same machine says who the visitor is; from anywhere else such headers are dropped.

Without it every visitor would have the proxy's address, and share one rate limit.
"""

LATER_MONTHS = 9
"""The day that the welcome suggests to look ahead to: by then a project that begins soon has its first return due."""

HELP_FIRST = """
  What to try first
    1. Apply to the Youth Fund at the first link. Any made-up details will do.
    2. In the practice Slack be Olive Officer, read the new card in #approvals and press Recommend.
    3. Be Cam Commissioner and press Approve: nobody decides what they recommended.
    4. The offer is in the mailbox. Accept it, and the award is in the register.
    5. In another terminal: uv run award-desk sweep --as-of DATE, with a day seven months after your start such as
       {later}, sends what has come by then: look for your reference, the practice awards are chased too.
    6. On the staff pages (/desk) be Olive Officer: returns to read, issues and requests for more time wait there.
"""


def up(chosen: Chosen, *, host: str, port: int) -> None:
    """Run everything in this process until it is told to stop. Raises SettingsError where it cannot start."""
    desk = open_desk(chosen, migrate=True)
    try:
        _up(desk, host=host, port=port)
    finally:
        desk.stop()


def _up(desk: Desk, *, host: str, port: int) -> None:
    chosen, office = desk.chosen, desk.office
    if not assets.present():
        click.echo("  Fetching the pages' styles, this once …")
        assets.fetch()
    entry = Entry()
    server = _bound(entry, host, port)  # first of all: whoever runs on this port already keeps the record to itself
    practice = None
    if chosen.practice_slack:
        practice = assembly.start_practice_slack(desk, f"http://{reachable(host)}:{port}/slack/events")
    door = slack_door(desk, practice)
    if chosen.practice:
        (chosen.data_dir / PRACTICE_NOTE).touch()
    else:
        (chosen.data_dir / PRACTICE_NOTE).unlink(missing_ok=True)
    assembly.note_policy(desk)
    with office.sessions.begin() as session:
        under_it = office.in_force(session)
        new = chosen.practice and practice_office.furnish(session, under_it, now=office.clock())
        if desk.engine.dialect.name == "sqlite":  # on PostgreSQL another process may be sending at this moment
            outbox.release_claims(session)
    if new:
        if chosen.practice_slack:  # an office's own Slack is told of nothing made up
            with office.sessions.begin() as session:
                practice_office.leave_waiting(session, office.in_force(session), now=office.clock())
        click.echo("  The practice office is set up: people, funds and a year of awards, all made up.")
    (chosen.data_dir / ADDRESS_NOTE).write_text(chosen.public_url)
    entry.app = assembly.web_app(desk, door, practice)
    assembly.start_delivering(desk, door)
    assembly.start_timetable(desk)
    _welcome(desk, door)
    _serve(server)
    click.echo("\n  Stopping; the record is kept.")


class Entry:
    """What the server calls: the application, once there is one. Until `run` nothing is called, it only waits."""

    app: Flask

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand the request to the application."""
        return self.app(environ, start_response)


def _bound(app: WSGIApplication, host: str, port: int, **settings: Any) -> Any:
    try:
        return create_server(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident="award-desk",
            clear_untrusted_proxy_headers=True,
            **settings,
        )
    except OSError as error:
        raise SettingsError(
            f"Nothing can listen on {host}:{port} ({error.strerror}): stop what runs there, or give --port."
        ) from None
    except ValueError:  # which the server says of a name or an address that leads nowhere
        raise SettingsError(
            f"{PREFIX}HOST or --host is wrong: {host} is no address of this computer; 127.0.0.1 is, and 0.0.0.0 is all."
        ) from None


def _serve(server: Any) -> None:
    """Serve until Ctrl-C or a termination signal, then let what is under way finish."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    try:
        server.run()
    finally:
        server.close()


def _welcome(desk: Desk, door: SlackDoor | None) -> None:
    url = desk.chosen.public_url
    office = desk.office.in_force()
    fund = next((fund.id for fund in office.policy.funds if fund.is_open(office.today())), None)
    links = [("Apply", f"{url}/apply/{fund}" if fund else f"{url}/")]
    if desk.chosen.practice_slack:
        links.append(("Practice Slack", f"{url}/practice/slack"))
    if desk.chosen.practice_mail:
        links.append(("Practice mailbox", f"{url}/practice/mail"))
    links.append(("Register", f"{url}/awards"))
    links.append(("Staff pages", f"{url}/desk"))
    click.echo("\n  Award Desk is running. Ctrl-C stops it; the next start carries on with the same record.\n")
    for name, link in links:
        click.echo(f"    {name:<17} {link}")
    if desk.chosen.practice:
        with desk.office.sessions.begin() as session:
            to_try = practice_office.returns_to_try(session, office)
        if to_try:
            click.echo("\n  Returns, as their recipients see them\n")
        for name, link in to_try:
            click.echo(f"    {name:<17} {link}")
    if desk.chosen.practice_slack:
        later = add_months(desk.office.today(), LATER_MONTHS)
        click.echo(HELP_FIRST.format(later=later.isoformat()))
    if door is None:
        click.echo(f"  There is no Slack: cards wait until {PREFIX}SLACK_BOT_TOKEN is set.")
    if desk.sender() is None:
        click.echo(f"  There is no mail: letters wait until {PREFIX}SMTP_URL or {PREFIX}NOTIFY_API_KEY is set.")


def web(chosen: Chosen, *, host: str, port: int) -> None:
    """The web process: pages, the API and Slack's request URL. It sends nothing: the scheduler process does."""
    desk = open_desk(chosen, migrate=False)
    try:
        assembly.note_policy(desk)
        app = assembly.web_app(desk, slack_door(desk))
        server = _bound(app, host, port, **BEHIND_A_PROXY)
        log.info("web", address=f"{host}:{port}")
        _serve(server)
    finally:
        desk.stop()


def scheduler(chosen: Chosen) -> None:
    """The scheduler process: the timetable, and delivery of everything in the outbox. Any number may run."""
    desk = open_desk(chosen, migrate=False)
    try:
        assembly.note_policy(desk)
        door = slack_door(desk)
        if door is None:
            log.warning("no Slack", remedy=f"set {PREFIX}SLACK_BOT_TOKEN; cards wait until then")
        if desk.sender() is None:
            log.warning("no mail", remedy=f"set {PREFIX}SMTP_URL or {PREFIX}NOTIFY_API_KEY; letters wait")
        assembly.start_delivering(desk, door)
        assembly.start_timetable(desk)
        _wait_for_the_end(lambda: log.info("scheduler"))
    finally:
        desk.stop()


def socket_mode(chosen: Chosen) -> None:
    """The bot over Socket Mode, for an office that cannot be reached from outside. Raises SettingsError."""
    desk = open_desk(chosen, migrate=False)
    try:
        door = slack_door(desk)
        if door is None or not door.app_token:
            raise SettingsError(
                f"{PREFIX}SLACK_APP_TOKEN is missing: Socket Mode needs it and {PREFIX}SLACK_BOT_TOKEN; "
                "without Socket Mode 'award-desk web' serves Slack."
            )
        assembly.note_policy(desk)
        socket = assembly.socket_mode(desk, door)
        desk.stops.append(socket.close)
        try:
            socket.open()
        except TokenRefused as refusal:
            raise SettingsError(
                f"{PREFIX}SLACK_APP_TOKEN is not taken by Slack ({refusal.code}): make one with the scope "
                "connections:write on the Slack app's page under Basic Information, App-Level Tokens."
            ) from None
        _wait_for_the_end(lambda: log.info("bot", transport="Socket Mode", open=socket.is_open))
    finally:
        desk.stop()


def _wait_for_the_end(ready: Callable[[], None]) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: ended.set())
    ready()
    ended.wait()
