"""`award-desk check`: is everything that the desk needs there? One line each, and what to do about what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import outbox, timetable_jobs
from core.clamd import ScannerAway
from core.document_store import StoreAway
from core.office import london_moment
from core.records import TimetableJob
from core.rules.words import counted
from desk import slack_checking
from desk.opening import Desk, open_desk
from desk.settings import PREFIX, SettingsError, choose, read
from desk.slack_door import slack_door
from intake import copies
from scheduler.mail import SmtpSender
from scheduler.notify import NotifySender
from scheduler.timetable import JOBS, SWEEP
from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable

SECONDS = 5
SILENT = timedelta(days=1)
"""A timetable whose sweep has not ended well for so long is looked into: it runs every quarter of an hour."""

AHEAD = timedelta(minutes=5)
"""How far the clocks of two machines may be apart before it is said."""

NOT_TRIED = "not tried: what is above comes first"
AFTER_SETTINGS = ("database", "timetable", "slack", "mail", "scanner", "documents", "pdf")


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    what: str
    fine: bool
    said: str


def lines() -> Iterator[Line]:
    """Look at settings, database, timetable, Slack, mail, scanner, documents and PDF, one after another."""
    try:
        chosen = choose(read(), production=False)
    except SettingsError as error:
        yield Line("settings", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in AFTER_SETTINGS)
        return
    yield Line("settings", fine=True, said=f"practice is {'on' if chosen.practice else 'off'}")
    try:
        desk = open_desk(chosen, migrate=False)
    except SettingsError as error:
        yield Line("database", fine=False, said=str(error))
        yield from (Line(what, fine=False, said=NOT_TRIED) for what in AFTER_SETTINGS[1:])
        return
    try:
        with desk.office.reading() as session:
            waiting, jobs = outbox.waiting(session), timetable_jobs.standing(session)
        wait = f"{counted(waiting, 'message')} {'waits' if waiting == 1 else 'wait'}"
        yield Line("database", fine=True, said=f"{desk.engine.dialect.name}, up to date, {wait}")
        yield timetable(jobs, now=desk.office.clock())
        yield from slack(desk)
        yield mail(desk)
        yield scanner(desk)
        yield documents(desk)
        yield pdf()
    finally:
        desk.stop()


def timetable(jobs: Sequence[TimetableJob], *, now: datetime) -> Line:
    """When the sweep last ended well, and which jobs of the timetable have failed or were missed since they last did.

    A record on which no timetable has run yet has no fault.
    """
    by_name = {one.job: one for one in jobs if one.job in JOBS}
    sweep = by_name.get(SWEEP)
    if sweep is None or sweep.first_start_at is None:
        return Line("timetable", fine=True, said="none has run on this record yet: 'award-desk scheduler' keeps one")
    well = sweep.last_success_at
    if well is not None:
        said = [f"the sweep last ended well on {london_moment(well)}"]
    else:
        said = [f"the sweep first began on {london_moment(sweep.first_start_at)} and has not ended well yet"]
    last = well or sweep.first_start_at
    silent, ahead = now - last > SILENT, last - now > AHEAD
    if silent:
        said.append("that is more than a day ago: see that 'award-desk scheduler' runs")
    if ahead:
        said.append("that is still to come: see that the clock of each machine is right")
    failing = [_failing(one) for one in by_name.values() if one.errors_since]
    missed = [f"the {one.job} was missed {_times(one.misses_since)}" for one in by_name.values() if one.misses_since]
    said += [*failing, *missed] or ["no error and no miss since"]
    return Line("timetable", fine=not (silent or ahead or failing), said="; ".join(said))


def _failing(job: TimetableJob) -> str:
    last = f", last on {london_moment(job.last_error_at)}" if job.last_error_at else ""
    return (
        f"the {job.job} has failed {_times(job.errors_since)} since it last ended well{last} ({job.last_error}): it is "
        f"tried again at its next time, and fault {job.last_error_reference} in the scheduler's log says more"
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def slack(desk: Desk) -> Iterator[Line]:
    """Whether there is a Slack, and what is to be done there."""
    door = slack_door(desk)
    if door is None:
        if desk.chosen.practice_slack:
            yield Line("slack", fine=True, said="the practice Slack runs while 'award-desk up' does")
        else:
            yield Line("slack", fine=False, said=f"{PREFIX}SLACK_BOT_TOKEN is not set, so cards wait")
        return
    for fine, said in slack_checking.said(door, desk.office, seconds=SECONDS):
        yield Line("slack", fine=fine, said=said)


def mail(desk: Desk) -> Line:
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


def scanner(desk: Desk) -> Line:
    """Whether the virus scanner answers, where one is set."""
    clamd = desk.office.scanner
    if clamd is None:
        return Line("scanner", fine=True, said="none is set, so documents are taken unscanned")
    try:
        clamd.ping(seconds=SECONDS)
    except ScannerAway as error:
        return Line("scanner", fine=False, said=f"{error}; until it does, documents wait in quarantine")
    return Line("scanner", fine=True, said="clamd answers")


def documents(desk: Desk) -> Line:
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
