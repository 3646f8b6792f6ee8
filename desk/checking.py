"""`award-desk check`: is everything that the desk needs there? One line each, and what to do about what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core import outbox
from core.clamd import ScannerAway
from core.document_store import StoreAway
from desk import assembly, slack_checking
from desk.settings import PREFIX, SettingsError, choose, read
from intake import copies
from scheduler.mail import SmtpSender
from scheduler.notify import NotifySender
from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable

SECONDS = 5
NOT_TRIED = "not tried: what is above comes first"
AFTER_SETTINGS = ("database", "slack", "mail", "scanner", "documents", "pdf")


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    what: str
    fine: bool
    said: str


def lines() -> Iterator[Line]:
    """Look at settings, database, Slack, mail, scanner, documents and PDF, one after another."""
    try:
        chosen = choose(read(), production=False)
    except SettingsError as error:
        yield Line("settings", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in AFTER_SETTINGS)
        return
    yield Line("settings", fine=True, said=f"practice is {'on' if chosen.practice else 'off'}")
    try:
        desk = assembly.open_desk(chosen, migrate=False)
    except SettingsError as error:
        yield Line("database", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in AFTER_SETTINGS[1:])
        return
    try:
        with desk.office.reading() as session:
            waiting = outbox.waiting(session)
        yield Line("database", fine=True, said=f"{desk.engine.dialect.name}, up to date, {waiting} messages wait")
        yield from slack(desk)
        yield mail(desk)
        yield scanner(desk)
        yield documents(desk)
        yield pdf()
    finally:
        desk.stop()


def slack(desk: assembly.Desk) -> Iterator[Line]:
    """Whether there is a Slack, and what is to be done there."""
    door = assembly.slack_door(desk)
    if door is None:
        if desk.chosen.practice_slack:
            yield Line("slack", fine=True, said="the practice Slack runs while 'award-desk up' does")
        else:
            yield Line("slack", fine=False, said=f"{PREFIX}SLACK_BOT_TOKEN is not set, so cards wait")
        return
    for fine, said in slack_checking.said(door, desk.office, seconds=SECONDS):
        yield Line("slack", fine=fine, said=said)


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
    clamd = desk.office.scanner
    if clamd is None:
        return Line("scanner", fine=True, said="none is set, so documents are taken unscanned")
    try:
        clamd.ping(seconds=SECONDS)
    except ScannerAway as error:
        return Line("scanner", fine=False, said=f"{error}; until it does, documents wait in quarantine")
    return Line("scanner", fine=True, said="clamd answers")


def documents(desk: assembly.Desk) -> Line:
    """Whether a document can be kept, read and taken away again."""
    store = desk.office.documents
    if store is None:
        return Line("documents", fine=False, said="there is nowhere to keep them")
    try:
        store.check(now=desk.office.clock())
    except StoreAway as error:
        return Line("documents", fine=False, said=f"{error}; look at {PREFIX}DOCUMENTS_URL")
    return Line("documents", fine=True, said="can be kept and read")


def pdf() -> Line:
    """Whether applicants can save a copy as a PDF. Without it they print the page, so it is no fault."""
    if copies.can_be_made():
        return Line("pdf", fine=True, said="copies of applications and returns can be made")
    return Line(
        "pdf", fine=True, said=f"no copies, people print the page instead; to have them install {copies.PACKAGES}"
    )
