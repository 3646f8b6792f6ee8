"""The commands about sittings of the panel: opening, beginning and closing one, and what its scores come to."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from core import people, rounds
from core.office import Office
from core.ranking import Group, Line, ranking
from core.records import Sitting
from core.rules.calendar import date_text, year_label
from core.rules.money import display, pounds
from core.rules.scoring import hundredths
from core.rules.words import counted
from desk.terminal import DAY, as_json, opened, plainly, show, table, who


@click.group("rounds")
def rounds_() -> None:
    """Sittings of the panel: what is on their lists, what was scored, and the ranking against the money."""


@rounds_.command("open")
@click.argument("name")
@click.option("--day", type=DAY, required=True, help="The day of the sitting.")
@click.option("--fund", "funds", multiple=True, required=True, help="A fund's id; several times for several.")
@click.option("--scorer", "named", multiple=True, help="Name or e-mail of somebody who scores beside the panel.")
@plainly
def rounds_open(name: str, day: date, funds: tuple[str, ...], named: tuple[str, ...]) -> None:
    """Open a sitting. It takes what is on the list of the next sitting, of these funds.

    Example: award-desk rounds open "Spring panel" --day 2027-03-04 --fund youth-fund
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        office = desk.office.in_force(session)
        scorers = [people.named(session, one).id for one in named]
        sitting = rounds.open_sitting(
            session, name=name, day=day, funds=funds, named=scorers, actor=who(), office=office, now=office.clock()
        )
        told = counted(len(rounds.listings(session, sitting)), "application is", "applications are")
        said = f"{_said(sitting)} {told} on its list."
    click.echo(said)


@rounds_.command("begin")
@click.argument("number", type=int)
@plainly
def rounds_begin(number: int) -> None:
    """Begin the scoring of sitting NUMBER. Its list and its criteria stand from now on.

    Example: award-desk rounds begin 3
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        office = desk.office.in_force(session)
        sitting = rounds.begin(session, number, actor=who(), office=office, now=office.clock())
        told = counted(len(rounds.scorers(session, sitting)), "person scores", "people score")
        said = f"{_said(sitting)} {told}."
    click.echo(said)


@rounds_.command("close")
@click.argument("number", type=int)
@click.option("--note", default="", help="A note for the record.")
@plainly
def rounds_close(number: int, note: str) -> None:
    """Close sitting NUMBER: no score can be given or changed from now on.

    Example: award-desk rounds close 3 --note "All were there"
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        said = _said(rounds.close(session, number, note=note, actor=who(), now=desk.office.clock()))
    click.echo(said)


@rounds_.command("list")
@plainly
def rounds_list() -> None:
    """Print the sittings, those that are not closed first.

    Example: award-desk rounds list
    """
    with opened() as desk, desk.office.reading() as session:
        found = rounds.latest(session)
        if not found:
            click.echo("There is no sitting yet. 'award-desk rounds open' opens one.")
            return
        made = table("Number", "Day", "Name", "State", "Applications")
        for one in found:
            count = str(len(rounds.listings(session, one)))
            made.add_row(str(one.id), one.day.isoformat(), one.name, one.status, count)
        show(made)


@rounds_.command("show")
@click.argument("number", type=int)
@click.option("--json", "json_", is_flag=True, help="For a program.")
@click.option("--csv", "csv_", is_flag=True, help="As CSV, for a spreadsheet; no cell is a formula.")
@plainly
def rounds_show(number: int, json_: bool, csv_: bool) -> None:
    """Print the ranking of sitting NUMBER against the money. It decides nothing.

    Example: award-desk rounds show 3
    """
    with opened() as desk, desk.office.reading() as session:
        office = desk.office.in_force(session)
        sitting = rounds.by_id(session, number)
        groups = ranking(session, sitting, office=office, now=office.clock())
        if csv_:
            from intake.staff.rounds import ranking_csv  # noqa: PLC0415 - it brings the web

            click.echo(ranking_csv(groups, office), nl=False)
        elif json_:
            as_json(_data(sitting, groups))
        else:
            _print(sitting, groups, office)


def _said(sitting: Sitting) -> str:
    state = {"open": "open", "scoring": "being scored", "closed": "closed"}[sitting.status]
    return f"Sitting {sitting.id}, '{sitting.name}' on {date_text(sitting.day)}, is {state}."


def _print(sitting: Sitting, groups: tuple[Group, ...], office: Office) -> None:
    from bot.sitting_message import money_line  # noqa: PLC0415 - it brings Slack's cards

    click.echo(_said(sitting))
    for group in groups:
        click.echo(f"\n{money_line(group, office)}")
        made = table("Place", "Reference", "Organisation", "Score", "By", "Amount", "Together", "Reached", "To score")
        for line in group.lines:
            made.add_row(*_row(line))
        show(made)
    if any(line.placed.tied for group in groups for line in group.lines):
        click.echo("Equal scores (=) are in the order in which the applications came in.")


def _row(line: Line) -> list[str]:
    placed, application = line.placed, line.application
    return [
        f"{placed.place or '–'}{'=' if placed.tied else ''}",
        application.reference or "",
        application.organisation_name or "",
        hundredths(line.score) if line.score is not None else "–",
        str(line.counted),
        display(line.amount),
        display(placed.taken) if placed.place is not None else "–",
        {True: "yes", False: "no", None: "–"}[placed.fits],
        ", ".join(line.lacking),
    ]


def _data(sitting: Sitting, groups: tuple[Group, ...]) -> dict[str, Any]:
    return {
        "number": sitting.id,
        "name": sitting.name,
        "day": sitting.day.isoformat(),
        "state": sitting.status,
        "funds": [
            {
                "fund": group.fund,
                "year": year_label(group.year),
                "available": pounds(group.available) if group.available is not None else None,
                "applications": [
                    {
                        "reference": line.application.reference,
                        "place": line.placed.place,
                        "equal": line.placed.tied,
                        "score": str(line.score) if line.score is not None else None,
                        "scored_by": line.counted,
                        "still_to_score": list(line.lacking),
                        "amount": pounds(line.amount),
                        "together": pounds(line.placed.taken),
                        "reached": line.placed.fits,
                    }
                    for line in group.lines
                ],
            }
            for group in groups
        ],
    }
