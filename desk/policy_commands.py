"""The commands about the office's policy: what is in force, what a file would change, and bringing it into force."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from core import policies
from core.office import LONDON, Office, london_moment
from core.policies import APPLIED, SHORT, Proposal, Standing, Version
from core.policy_dry_run import DryRun, Left, left_behind
from core.policy_file import PolicyError, came_later, policy_from_text, policy_text
from core.policy_table import NO_DELEGATION, Change, Line, changes, grouped
from core.rules.calendar import date_text
from core.rules.money import display
from core.rules.sources import PARAGRAPHS
from core.rules.words import listed
from desk.settings import SettingsError
from desk.terminal import DAY, as_json, opened, plainly, show, table, who

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

SHARES = (12, 9, 4, None, 6, 8, None)
"""How the columns of the table of figures share the width; None: as wide as what is in it."""

SHOWN = 50
"""How many cases that would be assessed differently are printed; --json has them all."""


@click.group()
def policy() -> None:
    """The office's policy: its figures, where each comes from, and from which day it holds."""


@policy.command("show")
@click.option("--on", "day", type=DAY, help="What held, or will hold, on this day; today unless given.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def policy_show(day: date | None, json_: bool) -> None:
    """Print the policy in force, or the one of another day: each figure with its rule and source.

    Example: award-desk policy show --on 2027-03-01
    """
    with opened() as desk, desk.office.reading() as session:
        found = policies.standing(session, office=desk.office, day=day or desk.office.today())
    if json_:
        as_json(found.as_data(staff=True))
        return
    click.echo(_in_force(found))
    show(_figures(found))


@policy.command("versions")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def policy_versions(json_: bool) -> None:
    """Print every policy on record: from when to when it holds, who put it there, and what it changed.

    Example: award-desk policy versions
    """
    with opened() as desk, desk.office.reading() as session:
        found = policies.versions(session, office=desk.office)
    if json_:
        as_json([version.as_data() for version in found])
        return
    if not found:
        click.echo("The record holds no policy yet: the file holds until one is applied, or a process starts.")
        return
    made = table("From", "To", "Policy", "How", "By", "Put", "Note", "What changed")
    for version in found:
        made.add_row(*_version_row(version))
    show(made)


@policy.command("check")
@click.argument("file", type=FILE)
@plainly
def policy_check(file: Path) -> None:
    """Say whether FILE can be used as the office's policy, and what it would change.

    Example: award-desk policy check office-policy.toml
    """
    try:
        text = policy_text(file)
        checked = policy_from_text(text, file.name)
    except PolicyError as error:
        _say_faults(error)
    click.echo(f"{file} can be used.")
    _say_what_came_later(text)
    try:
        with opened() as desk, desk.office.reading() as session:
            different, left = changes(desk.office.policy, checked), left_behind(session, checked)
    except SettingsError as error:
        click.echo(f"What it would change is not known: {error}")
        return
    _say_left_behind(left)
    _say_changes(different)


@policy.command("apply")
@click.argument("file", type=FILE)
@click.option("--from", "from_day", type=DAY, help="The day from which it holds; today unless given.")
@click.option("--note", default="", help="Why: it goes on the record.")
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def policy_apply(file: Path, from_day: date | None, note: str, dry_run: bool, json_: bool) -> None:
    """Bring FILE into force as the office's policy, today or from a day to come. Awards keep the policy they have.

    Example: award-desk policy apply office-policy.toml --from 2027-04-01 --note "Scheme of governance, April 2027"
    """
    with opened() as desk:
        office = desk.office
        try:
            proposal = _proposal(office, file, from_day)
        except PolicyError as error:
            _say_faults(error)
        if not json_:
            _say_proposal(proposal, office.today())
        carried_out = None
        if not (dry_run or proposal.same):
            with office.sessions.begin() as session:
                carried_out = policies.apply(session, proposal, by=who(), note=note, office=office, now=office.clock())
    if json_:
        stored = carried_out is not None and not carried_out.same
        as_json((carried_out or proposal).as_data() | {"applied": stored})
    elif dry_run or carried_out is None:
        click.echo("Nothing was changed.")
    else:
        _say_applied(proposal, carried_out)


@policy.command("withdraw")
@click.argument("day", type=DAY)
@click.option("--note", required=True, help="Why: it goes on the record.")
@plainly
def policy_withdraw(day: date, note: str) -> None:
    """Take back the policy that is to come into force on DAY. One that is in force cannot be withdrawn: apply another.

    Example: award-desk policy withdraw 2027-04-01 --note "The Commissioner has not signed the scheme yet"
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        office = desk.office
        holds = policies.withdraw(session, day, by=who(), because=note, office=office, now=office.clock())
    still = holds.fingerprint[:SHORT]
    click.echo(f"What was to come into force on {date_text(day)} is withdrawn. Policy {still} holds on that day.")


def _proposal(office: Office, file: Path, from_day: date | None) -> Proposal:
    today = office.today()
    with office.reading() as session:
        return policies.propose(
            session,
            policy_text(file),
            name=file.name,
            from_day=from_day or today,
            office=office,
            today=today,
            progress=_say_how_far if sys.stderr.isatty() else None,
        )


# ---------------------------------------------------------------------------------------------------- what is said


def _say_how_far(count: int, what: str) -> None:
    """One line that is written over: a record of ten thousand awards takes some seconds."""
    click.echo(f"\rTried on {count:,} {what} …\r", nl=False, err=True)


def _say_faults(error: PolicyError) -> None:
    """Every fault, each on a line of its own, and exit status 1."""
    for fault in error.faults:
        click.echo(fault, err=True)
    sys.exit(1)


def _say_what_came_later(text: str) -> None:
    missing = came_later(text)
    if missing:
        click.echo(f"It is of an older format. What it does not say holds as it is shipped: {', '.join(missing)}.")


def _say_left_behind(left: Iterable[Left]) -> None:
    for one in left:
        click.echo(f"Warning: {one.told}")


def _say_changes(different: Sequence[Change]) -> None:
    if not different:
        click.echo("It changes nothing against what is in force: every figure and every row is the same.")
        return
    click.echo("What changes:")
    made = table("Rule", "Paragraph", "Where in the file", "What")
    for change in different:
        made.add_row(change.rule, change.paragraph, change.key, change.said)
    show(made)
    borrowed = [change.key for change in different if change.old_source]
    if borrowed:
        click.echo(
            f"Warning: what is new in {listed(borrowed)} claims the source and the day of what it replaces. Write in "
            "the file who set it (source) and since when (since): both are published."
        )


def _say_proposal(proposal: Proposal, today: date) -> None:
    when = "from today on" if proposal.from_day == today else f"from {date_text(proposal.from_day)} on"
    if proposal.same:
        click.echo(f"{proposal.name} is what is in force {when} already.")
        return
    click.echo(f"{proposal.name}: policy {proposal.fingerprint[:SHORT]}, {when}, in place of what holds then.")
    _say_what_came_later(proposal.text)
    _say_left_behind(proposal.run.left_behind)
    _say_changes(proposal.changes)
    _say_run(proposal.run)
    if proposal.replaced_on is not None:
        click.echo(
            f"A policy that was applied for {date_text(proposal.replaced_on)} takes the place of the whole of this one "
            "on that day. To keep these changes then, apply a file that has them for that day too."
        )


def _say_run(run: DryRun) -> None:
    if not (run.applications or run.awards):
        click.echo("No application is open and no award is live, so nothing would be assessed differently.")
        return
    applications, awards = len(run.of("application")), len(run.of("award"))
    click.echo(
        f"Of {run.applications:,} open applications {applications:,}, and of {run.awards:,} live awards {awards:,}, "
        f"would be assessed differently; in {run.turning:,} of these a verdict turns. Awards keep the policy that they "
        "were decided under."
    )
    if not run.shifts:
        return
    if run.by_rule:
        click.echo(f"By rule: {', '.join(f'{rule} {count:,}' for rule, count in run.by_rule.items())}.")
    made = table("Reference", "What", "Amount", "What differs")
    made.columns[2].justify = "right"
    for shift in run.shifts[:SHOWN]:
        what = f"{shift.what}, {shift.status}"
        made.add_row(shift.reference, what, display(shift.amount), "; ".join(shift.told))
    show(made)
    if len(run.shifts) > SHOWN:
        click.echo(f"And {len(run.shifts) - SHOWN:,} more: --json has them all.")


def _say_applied(proposal: Proposal, carried_out: Proposal) -> None:
    if carried_out.same:
        click.echo("Somebody else has just applied the same policy for the same day. Nothing was changed.")
        return
    if carried_out.instead_of != proposal.instead_of:
        click.echo(f"Somebody else has just applied policy {carried_out.instead_of[:SHORT]}. Against that one:")
        _say_changes(carried_out.changes)
    click.echo(
        f"Policy {carried_out.fingerprint[:SHORT]} is on record and in force from {date_text(carried_out.from_day)} "
        "on, in every process, without a restart. Cards of open applications that it changes are updated then."
    )


def _in_force(found: Standing) -> str:
    row = found.row
    if row is None:
        return f"Policy {found.fingerprint[:SHORT]}, from the file: nothing is on record yet."
    put = f"applied by {row.by}" if row.how == APPLIED else f"read from the file by {row.by}"
    until = f" to {date_text(found.until)}" if found.until else ""
    note = f" {row.note}" if row.note else ""
    return (
        f"Policy {found.fingerprint[:SHORT]}, in force from {date_text(row.from_day)}{until}; {put} on "
        f"{london_moment(row.put_at)}.{note}"
    )


def _version_row(version: Version) -> Iterable[str]:
    if version.changes is None:
        changed = "the first on record"
    else:
        changed = "\n".join(change.said for change in version.changes) or "nothing that the desk uses"
    until = "" if version.last is None else version.last.isoformat()
    took_back = version.withdrawn
    withdrawn = f"withdrawn by {took_back.by} on {_moment(took_back.at)}: {took_back.because}" if took_back else ""
    return (
        version.first.isoformat(),
        until if version.held else "never held",
        version.fingerprint[:SHORT],
        version.how,
        version.by,
        _moment(version.put_at),
        "\n".join(part for part in (version.note, withdrawn) if part),
        changed,
    )


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(LONDON):%Y-%m-%d %H:%M}"


def _figures(found: Standing) -> Table:
    """The table an auditor would want: every figure, in the groups in which it is read."""
    made = table("Figure", "Value", "Unit", "Rule", "Paragraph", "Source", "Since")
    made.expand = True
    for column, share in zip(made.columns, SHARES, strict=True):
        column.ratio, column.no_wrap, column.overflow = share, share is None, "fold"
    for group in grouped(found.policy):
        made.add_row(Text(f"\n{group.heading}", style="bold"))
        for row, lines in groupby(group.lines, key=lambda line: line.row if group.id == "funds" else ""):
            if row:
                made.add_row(Text(row, style="italic"))
            for line in lines:
                made.add_row(*_figure_row(line))
        if group.id == "deciding" and not found.policy.delegations:
            made.add_row("delegations", NO_DELEGATION, "", "A1", PARAGRAPHS["A1"], "", "")
    return made


def _figure_row(line: Line) -> tuple[str, ...]:
    value = "\n".join(line.value)
    return (line.key, value, line.unit, line.rule, line.paragraph, line.source, line.since.isoformat())
