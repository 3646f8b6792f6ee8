"""`award-desk sweep`: sends what is due, or says what would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import click

from core import outbox
from core.rules.calendar import date_text
from core.rules.falling_due import noun
from core.rules.words import counted
from core.sweeping import SentStep
from desk.terminal import DAY, Said, as_json, opened, plainly, show, table
from scheduler.timetable import preview_sweep, run_sweep

WHY_MISSED = {"gap": "no sweep was made then", "pause": "a pause held it"}

SHOWN = 200
"""Of so many steps that were missed it is printed which."""


@click.command()
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
        office, waiting = desk.office, 0
        today = as_of or office.today()
        if today > office.today() and not (office.practice or dry_run or yes):
            raise Said(f"{today.isoformat()} has not come yet. Add --dry-run to look, or --yes to really send.")
        if dry_run:
            sent = preview_sweep(office, today=today)
        else:
            from desk import assembly  # noqa: PLC0415 - only what is really sent needs Slack and mail
            from desk.slack_door import slack_door  # noqa: PLC0415

            sent = run_sweep(office, today=today, ordered=True)
            for delivery in assembly.deliveries(desk, slack_door(desk), paced=False):
                delivery.deliver_all()
            with office.reading() as session:
                waiting = outbox.waiting(session)
    if json_:
        as_json([step.as_data() for step in sent])
        return
    _say_sent(sent, today, dry_run=dry_run)
    _say_missed(sent, to_come=today > office.today())
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


def _say_missed(sent: Sequence[SentStep], *, to_come: bool) -> None:
    """Each once, whoever was to be told, those that were to go first before the others."""
    missed = sorted(
        {
            (step.on, one.due, one.reference, one.kind, step.step, one.to, step.why)
            for one in sent
            for step in one.missed
        }
    )
    if not missed:
        return
    as_if = ", as if nothing were swept until then" if to_come else ""
    click.echo(f"\nMissed, and not made up, since a later step takes its place{as_if}:")
    made = table("Reference", "What", "Due", "Step", "To", "Was to go on", "Why")
    for on, due, reference, kind, days, to, why in missed[:SHOWN]:
        made.add_row(reference, noun(kind), due.isoformat(), f"{days:+d}", to, on.isoformat(), WHY_MISSED[why])
    show(made)
    if len(missed) > SHOWN:
        click.echo(f"And {len(missed) - SHOWN:,} more: --json has them all.")
