"""The command line. Each command opens the record, does one thing in one transaction, and says what it did."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import structlog
from rich.console import Console
from rich.table import Table

from core import database, funds, outbox, people
from core.errors import Refused
from core.policy_file import SHIPPED, PolicyError, policy_as_data, read_policy
from core.rules.calendar import date_text, parse_year, year_label
from core.rules.money import MoneyError, display, pence_from_typed, pounds
from core.rules.policy import Body, Role
from desk import assembly, checking, explaining, serving
from desk.settings import PORT, SettingsError, choose, read
from scheduler.timetable import preview_sweep, run_sweep

P = ParamSpec("P")
T = TypeVar("T")


class Said(click.ClickException):
    """What is wrong, in one line, and exit status 1."""

    def show(self, file: Any = None) -> None:
        """Print the line to the standard error."""
        click.echo(f"award-desk: {self.message}", err=True, file=file)


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """Translate what the rooms refuse into one line, once."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except Refused as error:
            raise Said(error.reason) from None
        except (SettingsError, PolicyError, MoneyError) as error:
            raise Said(str(error)) from None

    return run


class Pounds(click.ParamType[int]):
    """An amount as people type it, in pence."""

    name = "pounds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read an amount; the error says how to write one."""
        try:
            return pence_from_typed(str(value))
        except MoneyError as error:
            self.fail(str(error), param, ctx)


class Day(click.ParamType[date]):
    """A date as 2027-03-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read a date; the error says how to write one."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a date. Write it as 2027-03-31.", param, ctx)


class FinancialYear(click.ParamType[int]):
    """A financial year as 2026-27."""

    name = "year"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a year; the error says how to write one."""
        try:
            return parse_year(str(value))
        except ValueError:
            self.fail(f"'{value}' is not a financial year. Write it as 2026-27.", param, ctx)


POUNDS, DAY, YEAR = Pounds(), Day(), FinancialYear()


def quiet_logs(level: int) -> None:
    """One line a log entry, on the standard error, with time, level and what was given to it."""
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


@contextmanager
def opened() -> Iterator[assembly.Desk]:
    """The desk for a command that does one thing and ends."""
    chosen = choose(read(), production=False)
    desk = assembly.open_desk(chosen, migrate=False)
    try:
        yield desk
    finally:
        desk.stop()


def who() -> str:
    """Who runs this command, for the trail."""
    return f"command line: {os.environ.get('SUDO_USER') or os.environ.get('USER') or 'somebody'}"


def as_json(data: object) -> None:
    """Print data for a program."""
    click.echo(json.dumps(data, indent=1, ensure_ascii=False))


def table(*headings: str) -> Table:
    """A table for people; columns of money are aligned by whoever adds them."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        made.add_column(heading)
    return made


def show(made: Table) -> None:
    """Print a table as wide as it needs to be, also into a file."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    console.print(made)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="award-desk")
def main() -> None:
    """Award Desk: the grants desk of a police and crime commissioner's office."""
    quiet_logs(logging.WARNING)


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
    """Check settings, database, Slack, mail and scanner: one line each, exit status 1 on a fault.

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


@main.group()
def policy() -> None:
    """The office's policy: its figures and where each comes from."""


@policy.command("show")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def policy_show(json_: bool) -> None:
    """Print the policy in force.

    Example: award-desk policy show --json
    """
    data = policy_as_data(read_policy(read().policy or SHIPPED))
    if json_:
        as_json(data)
        return
    made = table("Figure", "Value", "Unit", "Rule", "Source", "Since")
    for row in explaining.figures(data):
        made.add_row(*row)
    show(made)


@policy.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
def policy_check(file: Path) -> None:
    """Say whether FILE can be used as the office's policy.

    Example: award-desk policy check office-policy.toml
    """
    try:
        read_policy(file)
    except PolicyError as error:
        for fault in error.faults:
            click.echo(fault, err=True)
        sys.exit(1)
    click.echo(f"{file} can be used.")


@main.group()
def rules() -> None:
    """What the rules say."""


@rules.command("explain")
@click.option("--kind", required=True, help="grant, contract, co_commissioned or invoice")
@click.option("--amount", required=True, help="whole-life, VAT included, such as 4999.99")
@click.option("--fund", default="")
@click.option("--purpose", default="")
@click.option("--purchases", default="")
@click.option("--victim-service", default="", help="true or false")
@click.option("--planned", default="", help="true or false")
@click.option("--competed", default="", help="true or false")
@click.option("--single-tender-reason", default="", help="best_outcomes or partnership_bid")
@click.option("--start", default="", help="such as 2027-04-01")
@click.option("--end", default="")
@click.option("--json", "json_", is_flag=True, help="For a program; the same as the API answers.")
@plainly
def rules_explain(json_: bool, **given: str) -> None:
    """Say what an award of this kind and size needs, and why.

    Example: award-desk rules explain --kind grant --amount 2000 --fund youth-fund
    """
    with opened() as desk, desk.office.reading() as session:
        explained = explaining.explain(session, desk.office, {name: text for name, text in given.items() if text})
    if json_:
        as_json(explained.data)
    else:
        click.echo(explained.text)


@main.group("people")
def people_() -> None:
    """The staff list: who may recommend and decide."""


@people_.command("add")
@click.argument("name")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--of", "body", default=Body.OFFICE.value, type=click.Choice([body.value for body in Body]))
@click.option("--slack", help="TEAM/USER: links their Slack account, such as T012AB3CD/U045EF6GH")
@plainly
def people_add(name: str, email: str, role: str, body: str, slack: str | None) -> None:
    """Add NAME with EMAIL, or change whoever has that address.

    Example: award-desk people add "Ada Lovelace" ada@example.org --role officer --slack T012AB3CD/U045EF6GH
    """
    account = None
    if slack is not None:
        team, stroke, user = slack.partition("/")
        if not (team and stroke and user) or "/" in user:
            raise Said("--slack takes TEAM/USER, such as T012AB3CD/U045EF6GH: both are ids, not names.")
        account = (team, user)
    with opened() as desk, desk.office.sessions.begin() as session:
        person = people.add(
            session,
            name=name,
            email=email,
            role=Role(role),
            body=Body(body),
            slack=account,
            actor=who(),
            now=desk.office.clock(),
        )
        linked = "linked to Slack" if person.slack_user else "not linked to Slack yet: add --slack TEAM/USER"
        click.echo(f"{person.name} <{person.email}> is {person.role} of the {person.body}, {linked}.")


@people_.command("list")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def people_list(json_: bool) -> None:
    """Print the staff list.

    Example: award-desk people list
    """
    with opened() as desk, desk.office.reading() as session:
        rows = [
            {
                "name": person.name,
                "email": person.email,
                "role": person.role,
                "of": person.body,
                "slack": f"{person.slack_team}/{person.slack_user}" if person.slack_user else None,
            }
            for person in people.everybody(session)
        ]
    if json_:
        as_json(rows)
        return
    made = table("Name", "E-mail", "Role", "Of", "Slack")
    for row in rows:
        made.add_row(*(str(value or "not linked") for value in row.values()))
    show(made)


@people_.command("remove")
@click.argument("email")
@plainly
def people_remove(email: str) -> None:
    """Take whoever has EMAIL off the staff list: they lose every power at once.

    Example: award-desk people remove ada@example.org
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        person = people.remove(session, email=email, actor=who(), now=desk.office.clock())
        click.echo(f"{person.name} is off the staff list and can decide nothing any more.")


@main.group("funds")
def funds_() -> None:
    """The funds and their money."""


@funds_.command("allocate")
@click.argument("fund")
@click.argument("year", type=YEAR)
@click.argument("amount", type=POUNDS)
@click.option("--note", default="", help="Why, or from where: it goes on the record.")
@plainly
def funds_allocate(fund: str, year: int, amount: int, note: str) -> None:
    """Add AMOUNT pounds to FUND for the financial YEAR. It adds: an amount that is there already stays.

    Example: award-desk funds allocate youth-fund 2026-27 60000
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        position = funds.allocate(
            session,
            fund,
            year,
            amount,
            policy=desk.office.policy,
            actor=who(),
            note=note,
            now=desk.office.clock(),
        )
    click.echo(
        f"{fund} has {display(position.allocated)} for {year_label(year)}; {display(position.available)} is available."
    )


@funds_.command("list")
@click.option("--year", type=YEAR, help="2026-27; this financial year unless given")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def funds_list(year: int | None, json_: bool) -> None:
    """Print every fund's money in a financial year.

    Example: award-desk funds list --year 2026-27
    """
    with opened() as desk, desk.office.reading() as session:
        positions = funds.positions(session, desk.office.policy, year or explaining.this_year(desk.office))
    rows = [
        {
            "fund": position.fund,
            "year": year_label(position.year),
            **{
                name: pounds(getattr(position, name))
                for name in ("allocated", "held", "committed", "forward", "paid", "repayable", "available")
            },
        }
        for position in positions
    ]
    if json_:
        as_json(rows)
        return
    made = table("Fund", "Year", "Allocated", "Held", "Committed", "Forward", "Paid", "Repayable", "Available")
    for column in made.columns[2:]:
        column.justify = "right"
    for row in rows:
        made.add_row(*row.values())
    show(made)


@funds_.command("move")
@click.argument("source")
@click.argument("target")
@click.argument("year", type=YEAR)
@click.argument("amount", type=POUNDS)
@click.option("--note", default="", help="Why: it goes on the record.")
@plainly
def funds_move(source: str, target: str, year: int, amount: int, note: str) -> None:
    """Move AMOUNT pounds that nothing is committed from, from SOURCE to TARGET, within the financial YEAR.

    Example: award-desk funds move community-fund youth-fund 2026-27 5000
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        moved = funds.move(
            session,
            source,
            target,
            year,
            amount,
            policy=desk.office.policy,
            actor=who(),
            note=note,
            now=desk.office.clock(),
        )
    for position in moved:
        click.echo(f"{position.fund} has {display(position.available)} available for {year_label(year)}.")


@funds_.command("statement")
@click.argument("fund")
@click.option("--year", type=YEAR, help="2026-27; this financial year unless given")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def funds_statement(fund: str, year: int | None, json_: bool) -> None:
    """Print every movement of FUND in a financial year, and what was available after each.

    Example: award-desk funds statement youth-fund --year 2026-27
    """
    with opened() as desk, desk.office.reading() as session:
        entries = funds.statement(session, desk.office.policy, fund, year or explaining.this_year(desk.office))
        rows = explaining.statement(session, entries)
    if json_:
        as_json(rows)
        return
    made = table("When", "What", "Award", "Amount", "Available", "By", "Note")
    for column in made.columns[3:5]:
        column.justify = "right"
    for row in rows:
        made.add_row(*(str(value or "") for value in row.values()))
    show(made)


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
        office = desk.office
        today, waiting = as_of or office.today(), 0
        if today > office.today() and not (office.practice or dry_run or yes):
            raise Said(f"{today.isoformat()} has not come yet. Add --dry-run to look, or --yes to really send.")
        if dry_run:
            sent = preview_sweep(office, today=today)
        else:
            sent = run_sweep(office, today=today, wait=True)
            for delivery in assembly.deliveries(desk, assembly.slack_door(desk)):
                delivery.deliver_all()
            with office.reading() as session:
                waiting = outbox.waiting(session)
    if json_:
        as_json([step.as_data() for step in sent])
        return
    if not sent:
        click.echo(f"Nothing was left to send by {date_text(today)}.")
        return
    made = table("Reference", "What", "Due", "Step", "To", "By")
    for step in sent:
        made.add_row(step.reference, step.kind, step.due.isoformat(), f"{step.step:+d}", step.to, step.channel)
    show(made)
    click.echo(f"{len(sent)} {'would be sent' if dry_run else 'put into the outbox'}.")
    if waiting:
        click.echo(
            f"{waiting} messages still wait for Slack or mail; they go when it is there. See 'award-desk check'."
        )
