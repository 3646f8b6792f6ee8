"""`award-desk check`: is everything that the desk needs there? One line each, and what to do about what is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError, SlackClientError

from core import outbox
from desk import assembly
from desk.settings import PREFIX, SettingsError, choose, read
from scheduler.mail import SmtpSender
from scheduler.notify import NotifySender
from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable

SECONDS = 5
NOT_TRIED = "not tried: what is above comes first"


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    what: str
    fine: bool
    said: str


def lines() -> Iterator[Line]:
    """Look at settings, database, Slack, mail and scanner, one after another."""
    try:
        chosen = choose(read(), production=False)
    except SettingsError as error:
        yield Line("settings", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in ("database", "slack", "mail", "scanner"))
        return
    yield Line("settings", fine=True, said=f"practice is {'on' if chosen.practice else 'off'}")
    try:
        desk = assembly.open_desk(chosen, migrate=False)
    except SettingsError as error:
        yield Line("database", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in ("slack", "mail", "scanner"))
        return
    try:
        with desk.office.reading() as session:
            waiting = outbox.waiting(session)
        yield Line("database", fine=True, said=f"{desk.engine.dialect.name}, up to date, {waiting} messages wait")
        yield slack(desk)
        yield mail(desk)
        yield scanner(desk)
    finally:
        desk.stop()


def slack(desk: assembly.Desk) -> Line:
    """Whether the token is good and both channels are there."""
    door = assembly.slack_door(desk)
    if door is None:
        if desk.chosen.practice_slack:
            return Line("slack", fine=True, said="the practice Slack runs while 'award-desk up' does")
        return Line("slack", fine=False, said=f"{PREFIX}SLACK_BOT_TOKEN is not set, so cards wait")
    client = door.client(SECONDS)
    try:
        told = client.auth_test()
        for channel in (door.approvals, door.deadlines):
            client.conversations_info(channel=channel)
    except SlackApiError as error:
        answer = error.response.data if isinstance(error.response.data, dict) else {}
        said = f"{answer.get('error', 'no answer of its own')} (asked {error.response.api_url})"
        return Line("slack", fine=False, said=f"Slack refuses: {said}; look at the token, and invite the bot")
    except (SlackClientError, OSError) as error:
        return Line("slack", fine=False, said=f"Slack does not answer: {error}")
    return Line("slack", fine=True, said=f"{told.get('team', 'workspace')}, both channels are there")


def mail(desk: assembly.Desk) -> Line:
    """Whether the mail server answers and takes the sign-in, or Notify takes the key and has the template."""
    sender = desk.sender()
    if sender is None:
        said = f"neither {PREFIX}SMTP_URL nor {PREFIX}NOTIFY_API_KEY is set, so letters wait"
        return Line("mail", fine=False, said=said)
    if not isinstance(sender, SmtpSender | NotifySender):
        return Line("mail", fine=True, said=sender.name)
    try:
        sender.check()
    except (Away, NotNow, Misconfigured, Unsendable, OSError) as error:
        return Line("mail", fine=False, said=str(error))
    if isinstance(sender, NotifySender):
        return Line("mail", fine=True, said="GOV.UK Notify takes the key, and the template is as it must be")
    return Line("mail", fine=True, said="the mail server answers")


def scanner(desk: assembly.Desk) -> Line:
    """Whether the virus scanner answers, where one is set."""
    where = desk.chosen.raw.clamd
    if not where:
        return Line("scanner", fine=True, said="none is set; no documents are taken yet")
    try:
        host, _, port = where.rpartition(":")
        if host and port.isdigit():
            connection = socket.create_connection((host, int(port)), timeout=SECONDS)
        else:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(SECONDS)
            connection.connect(where)
        with connection:
            connection.sendall(b"zPING\0")
            fine = connection.recv(16).startswith(b"PONG")
    except OSError as error:
        return Line("scanner", fine=False, said=f"{where} does not answer: {error}")
    return Line("scanner", fine=fine, said="clamd answers" if fine else f"{where} is not clamd")
