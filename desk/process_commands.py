"""The commands that run the desk, `check`, which looks whether it can, and those about the record's tables.

Each imports the rooms itself: the help of one does not wait for them, and `check` not for the web.
"""

from __future__ import annotations

import logging
import sys

import click

from desk.settings import PORT, choose, read
from desk.terminal import plainly, quiet_logs


@click.command()
@click.option("--host", help="Where to listen; 127.0.0.1 unless AWARD_DESK_HOST says otherwise.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@plainly
def up(host: str | None, port: int) -> None:
    """Run everything in one process, with practice people, Slack and mail.

    Example: award-desk up --port 8080
    """
    from desk import serving  # noqa: PLC0415

    settings = read()
    where = host or settings.host
    serving.up(choose(settings, production=False, host=where, port=port), host=where, port=port)


@click.command()
@click.option("--host", help="Where to listen; 127.0.0.1 unless AWARD_DESK_HOST says otherwise.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535))
@plainly
def web(host: str | None, port: int) -> None:
    """Production: pages, the API and Slack over HTTP. Run 'award-desk scheduler' beside it.

    Example: award-desk web --host 0.0.0.0
    """
    from desk import serving  # noqa: PLC0415

    quiet_logs(logging.INFO)
    settings = read()
    where = host or settings.host
    serving.web(choose(settings, production=True, host=where, port=port), host=where, port=port)


@click.command()
@plainly
def scheduler() -> None:
    """Production: the timetable, and delivery to Slack and mail. Any number may run.

    Example: award-desk scheduler
    """
    from desk import serving  # noqa: PLC0415

    quiet_logs(logging.INFO)
    settings = read()
    serving.scheduler(choose(settings, production=True, host=settings.host, port=PORT))


@click.command()
@plainly
def bot() -> None:
    """Production: Slack over Socket Mode, for an office that cannot be reached from outside.

    Example: award-desk bot
    """
    from desk import serving  # noqa: PLC0415

    quiet_logs(logging.INFO)
    settings = read()
    serving.socket_mode(choose(settings, production=True, host=settings.host, port=PORT))


@click.command()
@plainly
def check() -> None:
    """Check settings, database, timetable, Slack, mail and scanner: one line each, exit status 1 on a fault.

    Example: award-desk check
    """
    from desk import checking  # noqa: PLC0415

    fine = True
    for line in checking.lines():
        click.echo(f"{'ok   ' if line.fine else 'FAULT'}  {line.what:<9} {line.said}")
        fine = fine and line.fine
    sys.exit(0 if fine else 1)


@click.group()
def db() -> None:
    """The record's tables."""


@db.command("upgrade")
@plainly
def db_upgrade() -> None:
    """Bring the record's tables up to date. Safe to repeat.

    Example: award-desk db upgrade
    """
    from core import database  # noqa: PLC0415
    from desk.opening import open_desk  # noqa: PLC0415

    desk = open_desk(choose(read(), production=False), migrate=True)
    current = database.is_current(desk.engine)
    desk.stop()
    click.echo("The record's tables are up to date." if current else "The record's tables are not up to date.")
