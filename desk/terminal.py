"""What every command shares: reading amounts, dates and years as people type them, opening the desk, printing."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

import click
import structlog
from rich.console import Console
from rich.table import Table

from core.errors import Refused
from core.rules.calendar import parse_year
from core.rules.money import MoneyError, pence_from_typed

if TYPE_CHECKING:
    from desk.opening import Desk

P = ParamSpec("P")
T = TypeVar("T")

VERDICTS: Final = {"met": "met", "not_met": "NOT MET", "advice": "to do"}
"""How a finding's verdict is printed."""


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
        except MoneyError as error:
            raise Said(str(error)) from None
        except _faults_of_the_desk() as error:
            raise Said(str(error)) from None

    return run


def _faults_of_the_desk() -> tuple[type[Exception], ...]:
    """What settings and policy raise: looked up once something is raised, so that help waits for neither."""
    from core.policy_file import PolicyError  # noqa: PLC0415
    from desk.settings import SettingsError  # noqa: PLC0415

    return SettingsError, PolicyError


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
def opened(*, only_read: bool = False) -> Iterator[Desk]:
    """The desk for a command that does one thing and ends, under the policy in force from its beginning to its end.

    With `only_read` the database itself refuses to write.
    """
    from desk.opening import open_desk  # noqa: PLC0415 - a command's help opens no record
    from desk.settings import choose, read  # noqa: PLC0415

    desk = open_desk(choose(read(), production=False), migrate=False, only_read=only_read)
    try:
        desk.office = desk.office.in_force()
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
