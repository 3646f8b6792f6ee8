"""`award-desk simulate`: the office run through days to come on a copy of the record, and what it would send."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

import click
from defusedcsv import csv

from core.cells import inert
from core.cloning import Clone, cloned
from core.policies import SHORT, Proposal
from core.policy_file import PolicyError, policy_text
from core.rules.calendar import date_text
from core.rules.falling_due import noun
from core.sweeping import SentStep
from desk.simulated import ADDRESSEES, WEEKDAYS, Difference, Sums, against, day_text, differences, month_text, to_whom
from desk.simulated_calendar import drawn
from desk.terminal import DAY, Said, opened, plainly, show, table
from scheduler.simulation import SimulatedDay, Simulation

COLUMNS: Final = (
    "date", "weekday", "reference", "organisation", "kind", "due", "step", "to", "channel", "who", "missed",
)  # fmt: skip
"""The columns of the CSV: a line for each nudge. `who` is staff by name, and the channel for what is nobody's; `missed`
are the earlier steps in whose place it goes, which a gap or a pause left unsent."""

MOST_DAYS: Final = 3_660
"""Ten years: a figure beyond that says nothing about an office."""

SAID_EVERY: Final = 0.2
"""Seconds between two words of how far it is."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)


class Returns(click.ParamType[int | None]):
    """When recipients send their returns: never, on-time, or late:DAYS. Answers days after the due date, or None."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Read it; the error says how to write one."""
        if value == "never":
            return None
        if value == "on-time":
            return 0
        word, _, days = str(value).partition(":")
        if not (word == "late" and days.isdecimal() and days.isascii() and 0 < int(days) <= MOST_DAYS):
            self.fail(f"'{value}' is not never, on-time or late:DAYS, such as late:10.", param, ctx)
        return int(days)


@click.command()
@click.option("--from", "first", type=DAY, help="The first day; today unless given.")
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=365, show_default=True, help="How many days.")
@click.option("--policy", "file", type=FILE, help="As if this policy file came into force on the first day.")
@click.option(
    "--returns",
    type=Returns(),
    default="never",
    show_default=True,
    metavar="never|on-time|late:DAYS",
    help="When recipients send their returns.",
)
@click.option("--csv", "csv_", type=OUT, help="Write every nudge to this CSV file.")
@click.option("--svg", type=OUT, help="Draw the days as a calendar into this SVG file.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def simulate(
    first: date | None,
    days: int,
    file: Path | None,
    returns: int | None,
    csv_: Path | None,
    svg: Path | None,
    json_: bool,
) -> None:
    """Run the office through days to come, and say what would be sent, to whom, and when. Sends nothing.

    It works on a copy of the record, which is deleted afterwards; the record itself is only read. Nobody does anything
    in it: nothing is decided or accepted, and returns come in as --returns says.

    Example: award-desk simulate --from 2027-04-01 --days 365 --svg year.svg --policy office-policy.toml
    """
    with _cleaning_up(), opened(only_read=True) as desk:
        today = desk.office.today()
        asked = _Asked(first or today, days, returns, file)
        asked.check(today)
        if csv_ and svg and csv_.resolve() == svg.resolve():
            raise Said(f"{csv_} cannot be both: give the CSV and the SVG a file each.")
        with cloned(desk.engine, progress=_progress()) as clone, ExitStack() as written:
            simulation = Simulation(desk.office, clone, min(asked.first, today), returns_late=returns)
            _added_up(simulation.days(max((asked.first - today).days, 0)), "days that come before")
            proposal, in_force = _under(asked, simulation, clone)
            said, closed = _assumed(asked, proposal), simulation.office().closed_days
            whose = simulation.organisations()
            takers = [_into_csv(written.enter_context(_file(csv_)), whose)] if csv_ else []
            if json_:
                takers.append(_into_json(whose))
            sums = _added_up(simulation.days(days), "days", takers)
            if svg:
                lines = [to_whom(sums), against(in_force, sums) if in_force is not None else "", said]
                written.enter_context(_file(svg)).write(drawn(sums, closed=closed, said=[*filter(None, lines)]))
    different = differences(in_force, sums) if in_force is not None else None
    if json_:
        _end_json(asked, sums, proposal, different)
        return
    click.echo(said)
    _print_doubts(asked, today, closed)
    _print(sums)
    if proposal is not None:
        _print_differences(different)
        if in_force is not None and in_force.kinds != sums.kinds:
            click.echo(against(in_force, sums))
    for path in filter(None, (csv_, svg)):
        click.echo(f"Written: {path}")


@dataclass(frozen=True)
class _Asked:
    """What is to be simulated. `returns`: how many days late each comes in; None, never."""

    first: date
    days: int
    returns: int | None
    file: Path | None

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + timedelta(days=self.days - 1)

    def check(self, today: date) -> None:
        """Raise Said where the days lie so far ahead that nothing sensible can be said of them."""
        furthest = today + timedelta(days=MOST_DAYS)
        if self.first > furthest:
            raise Said(f"{self.first.isoformat()} is too far away: give a day up to {furthest.isoformat()}.")


def _under(asked: _Asked, simulation: Simulation, clone: Clone) -> tuple[Proposal | None, Sums | None]:
    """Bring the policy file into force in the simulation; answers what comes to be sent without it.

    Nothing of either where no file was given, and no sums where it is in force already.
    """
    if asked.file is None:
        return None, None
    with clone.again() as other:
        without = simulation.again(other)
        try:
            proposal = simulation.apply(policy_text(asked.file), asked.file.name)
        except PolicyError as error:
            for fault in error.faults:
                click.echo(fault, err=True)
            sys.exit(1)
        if proposal.same:
            return proposal, None
        return proposal, _added_up(without.days(asked.days), "days under the policy in force")


def _assumed(asked: _Asked, proposal: Proposal | None) -> str:
    come = {None: "as if no return came in", 0: "as if every return came in on its day"}.get(
        asked.returns, f"as if every return came in {asked.returns} days late"
    )
    until = "" if asked.days == 1 else f" to {date_text(asked.last)}, {asked.days:,} days"
    under_it = f", under {proposal.name} (policy {proposal.fingerprint[:SHORT]})" if proposal else ""
    return f"{date_text(asked.first)}{until}, {come}{under_it}. Nothing was sent: this ran on a copy of the record."


def _print_doubts(asked: _Asked, today: date, closed: frozenset[date]) -> None:
    if asked.first < today:
        click.echo(f"{date_text(asked.first)} has passed: what was sent since is not sent again.")
    known = max(closed, default=asked.last).year
    if asked.last.year > known:
        click.echo(f"Bank holidays are known to the end of {known}: after that only weekends move a message.")


def _added_up(days: Iterator[SimulatedDay], what: str, takers: Sequence[Callable[[SimulatedDay], None]] = ()) -> Sums:
    sums = Sums()
    for day in _counted(days, what):
        sums.add(day)
        for take in takers:
            take(day)
    return sums


# ------------------------------------------------------------------------------------------------------------ files


@contextmanager
def _file(path: Path) -> Iterator[IO[str]]:
    """A file that is there whole or not at all: one that was there before stays until the new one is whole."""
    if path.exists() and not path.is_file():
        raise Said(f"{path} cannot be written: it is no ordinary file. Give another name.")
    path = path.resolve()  # what a link leads to is written, not the link
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise Said(f"{path} cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


def _into_csv(file: IO[str], whose: Mapping[str, str]) -> Callable[[SimulatedDay], None]:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)

    def take(day: SimulatedDay) -> None:
        writer.writerows([inert(str(cell)) for cell in line_of(day, one, whose)] for one in day.nudges)

    return take


def line_of(day: SimulatedDay, one: SentStep, whose: Mapping[str, str]) -> list[Any]:
    """A nudge as a line of the CSV, by its COLUMNS."""
    missed = " ".join(str(step.step) for step in one.missed)
    nudge = {**_nudge(day, one, whose), "missed": missed}
    return [nudge[column] for column in COLUMNS]


def _nudge(day: SimulatedDay, one: SentStep, whose: Mapping[str, str]) -> dict[str, Any]:
    on = {"date": day.day.isoformat(), "weekday": WEEKDAYS[day.day.weekday()]}
    return {**on, **one.as_data(), "organisation": whose.get(one.reference, ""), "who": one.who}


def _into_json(whose: Mapping[str, str]) -> Callable[[SimulatedDay], None]:
    """Prints each nudge as it comes: years of them need not fit into memory."""
    click.echo('{\n "nudges": [', nl=False)
    before = "\n  "

    def take(day: SimulatedDay) -> None:
        nonlocal before
        for one in day.nudges:
            click.echo(before + json.dumps(_nudge(day, one, whose), ensure_ascii=False), nl=False)
            before = ",\n  "

    return take


def _end_json(asked: _Asked, sums: Sums, proposal: Proposal | None, different: Sequence[Difference] | None) -> None:
    span = {"from": asked.first.isoformat(), "to": asked.last.isoformat()}
    data: dict[str, Any] = {**span, **sums.as_data(), "policy": None}
    if proposal is not None:
        data["policy"] = {
            "fingerprint": proposal.fingerprint,
            "instead_of": proposal.instead_of,
            "same": proposal.same,
            "differences": [
                {"kind": one.kind, "to": one.to, "in_force": one.in_force, "under_it": one.under_it}
                for one in different or ()
            ],
        }
    click.echo(f"\n ],{json.dumps(data, indent=1, ensure_ascii=False).removeprefix('{')}")


# ---------------------------------------------------------------------------------------------------- what is said


def _print(sums: Sums) -> None:
    if not sums.total:
        click.echo("Nothing would be sent.")
        return
    told = sums.told
    made = table("Month", *(ADDRESSEES.get(to, to) for to in told), "All", "Mails", "Slack", "Heaviest day")
    for column in made.columns[1:-1]:
        column.justify = "right"
    for (year, number), month in sums.months.items():
        count, day = month.heaviest
        made.add_row(
            month_text(year, number),
            *(f"{month.to[to]:,}" for to in told),
            f"{month.to.total():,}",
            f"{month.messages['mail']:,}",
            f"{month.messages['slack']:,}",
            f"{day_text(day)}: {count:,}" if day else "",
        )
    made.add_row(
        "All",
        *(f"{sums.to[to]:,}" for to in told),
        f"{sums.total:,}",
        *(f"{sums.messages[by]:,}" for by in ("mail", "slack")),
        "",
        style="bold",
    )
    show(made)
    click.echo("One mail or message covers everything that one person is told on one day.")
    click.echo(f"Heaviest days: {'; '.join(f'{day_text(day)} ({number:,})' for day, number in sums.heaviest())}.")


def _print_differences(different: Sequence[Difference] | None) -> None:
    if different is None:
        click.echo("The file is what is in force already, so nothing differs.")
        return
    changed = [one for one in different if one.in_force != one.under_it]
    if not changed:
        click.echo("Against the policy in force: everybody is told the same number of times of everything.")
        return
    click.echo("Against the policy in force:")
    made = table("What", "To", "In force", "Under the file", "Difference")
    for column in made.columns[2:]:
        column.justify = "right"
    for one in changed:
        more = f"{one.under_it - one.in_force:+,}"
        made.add_row(noun(one.kind), ADDRESSEES.get(one.to, one.to), f"{one.in_force:,}", f"{one.under_it:,}", more)
    before, after = (sum(getattr(one, name) for one in different) for name in ("in_force", "under_it"))
    made.add_row("All", "", f"{before:,}", f"{after:,}", f"{after - before:+,}", style="bold")
    show(made)


def _counted(days: Iterator[SimulatedDay], what: str) -> Iterator[SimulatedDay]:
    tell = _progress()
    for number, day in enumerate(days, 1):
        if tell is not None:
            tell(number, what)
        yield day


def _progress() -> Callable[[int, str], None] | None:
    """Says on a terminal how far it is: one line that is written over."""
    if not sys.stderr.isatty():
        return None
    said_at = time.monotonic()

    def tell(number: int, what: str) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= SAID_EVERY:
            said_at = time.monotonic()
            click.echo(f"\r\033[K{number:,} {what} …\r", nl=False, err=True)

    return tell


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """End on a termination signal as on Ctrl-C: the copy of the record is deleted."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
