"""The command line. Each command opens the record, does one thing in one transaction, and says what it did."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from datetime import date

import click

from core import database, outbox
from core.missed import Missed
from core.rules.calendar import date_text
from core.rules.falling_due import noun
from core.rules.words import counted
from core.sweeping import SentStep
from desk import assembly, checking, serving
from desk.audit_commands import audit
from desk.fund_commands import funds_
from desk.key_commands import keys_
from desk.link_commands import links_
from desk.people_commands import people_
from desk.policy_commands import policy
from desk.round_commands import rounds_
from desk.rule_commands import rules
from desk.settings import PORT, choose, read
from desk.simulate_command import simulate
from desk.slack_commands import slack_
from desk.terminal import DAY, Said, as_json, opened, plainly, quiet_logs, show, table
from scheduler.timetable import preview_sweep, run_sweep

WHY_MISSED = {"gap": "no sweep was made then", "pause": "a pause held it"}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="award-desk")
def main() -> None:
    """Award Desk: the grants desk of a police and crime commissioner's office."""
    quiet_logs(logging.WARNING)


for _one in (policy, rules, people_, funds_, rounds_, links_, audit, keys_, slack_, simulate):
    main.add_command(_one)


@main.command()
@click.option("--host", help="Where to listen; 127.0.0.1 unless AWARD_DESK_HOST says otherwise.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@plainly
def up(host: str | None, port: int) -> None:
    """Run everything in one process, with practice people, Slack and mail.

    Example: award-desk up --port 8080
    """
    settings = read()
    where = host or settings.host
    serving.up(choose(settings, production=False, host=where, port=port), host=where, port=port)


@main.command()
@click.option("--host", help="Where to listen; 127.0.0.1 unless AWARD_DESK_HOST says otherwise.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@plainly
def web(host: str | None, port: int) -> None:
    """Production: pages, the API and Slack over HTTP. Run 'award-desk scheduler' beside it.

    Example: award-desk web --host 0.0.0.0
    """
    quiet_logs(logging.INFO)
    settings = read()
    where = host or settings.host
    serving.web(choose(settings, production=True, host=where, port=port), host=where, port=port)


@main.command()
@plainly
def scheduler() -> None:
    """Production: the timetable, and delivery to Slack and mail. Any number may run.

    Example: award-desk scheduler
    """
    quiet_logs(logging.INFO)
    settings = read()
    serving.scheduler(choose(settings, production=True, host=settings.host, port=PORT))


@main.command()
@plainly
def bot() -> None:
    """Production: Slack over Socket Mode, for an office that cannot be reached from outside.

    Example: award-desk bot
    """
    quiet_logs(logging.INFO)
    settings = read()
    serving.socket_mode(choose(settings, production=True, host=settings.host, port=PORT))


@main.command()
@plainly
def check() -> None:
    """Check settings, database, timetable, Slack, mail and scanner: one line each, exit status 1 on a fault.

    Example: award-desk check
    """
    fine = True
    for line in checking.lines():
        click.echo(f"{'ok   ' if line.fine else 'FAULT'}  {line.what:<9} {line.said}")
        fine = fine and line.fine
    sys.exit(0 if fine else 1)


@main.group()
def db() -> None:
    """The record's tables."""


@db.command("upgrade")
@plainly
def db_upgrade() -> None:
    """Bring the record's tables up to date. Safe to repeat.

    Example: award-desk db upgrade
    """
    desk = assembly.open_desk(choose(read(), production=False), migrate=True)
    current = database.is_current(desk.engine)
    desk.stop()
    click.echo("The record's tables are up to date." if current else "The record's tables are not up to date.")


@main.command()
@click.option("--as-of", type=DAY, help="As if it were this day; outside practice a later one needs --yes.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; send nothing.")
@click.option("--yes", is_flag=True, help="Outside practice: really send what is due by a future day.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def sweep(as_of: date | None, dry_run: bool, yes: bool, json_: bool) -> None:
    """Send what is due: the latest step of each deadline, to each person once.

    Example: award-desk sweep --as-of 2027-04-01 --dry-run
    """
    with opened() as desk:
        office, waiting, missed = desk.office, 0, Missed((), 0)
        today = as_of or office.today()
        if today > office.today() and not (office.practice or dry_run or yes):
            raise Said(f"{today.isoformat()} has not come yet. Add --dry-run to look, or --yes to really send.")
        if dry_run:
            shown = preview_sweep(office, today=today)
            sent, missed = shown.sent, shown.missed
        else:
            sent = run_sweep(office, today=today, ordered=True)
            for delivery in assembly.deliveries(desk, assembly.slack_door(desk), paced=False):
                delivery.deliver_all()
            with office.reading() as session:
                waiting = outbox.waiting(session)
    if json_:
        as_json([step.as_data() for step in sent])
        return
    _say_sent(sent, today, dry_run=dry_run)
    _say_missed(missed, to_come=today > office.today())
    if waiting:
        wait = f"{counted(waiting, 'message')} still {'waits' if waiting == 1 else 'wait'} for Slack or mail"
        click.echo(f"{wait}, to go when it is there. See 'award-desk check'.")


def _say_sent(sent: Sequence[SentStep], today: date, *, dry_run: bool) -> None:
    if not sent:
        click.echo(f"Nothing was left to send by {date_text(today)}.")
        return
    made = table("Reference", "What", "Due", "Step", "To", "Who", "By")
    for one in sent:
        made.add_row(one.reference, noun(one.kind), one.due.isoformat(), f"{one.step:+d}", one.to, one.who, one.channel)
    show(made)
    click.echo(f"{len(sent)} {'would be sent' if dry_run else 'put into the outbox'}.")


def _say_missed(missed: Missed, *, to_come: bool) -> None:
    if not missed.number:
        return
    as_if = ", as if nothing were swept until then" if to_come else ""
    click.echo(f"\nMissed, and not made up, since a later step takes its place{as_if}:")
    made = table("Reference", "What", "Due", "Step", "To", "Was to go on", "Why")
    for one in sorted(missed.steps, key=lambda step: (step.on, step.due, step.reference)):
        what, on = noun(one.kind), one.on.isoformat()
        made.add_row(one.reference, what, one.due.isoformat(), f"{one.step:+d}", one.to, on, WHY_MISSED[one.why])
    show(made)
    if missed.number > len(missed.steps):
        click.echo(f"And {missed.number - len(missed.steps):,} more.")
