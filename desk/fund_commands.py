"""The commands about the funds and their money."""

from __future__ import annotations

import click

from core import funds
from core.rules.calendar import year_label
from core.rules.money import display, pounds
from desk import explaining
from desk.terminal import POUNDS, YEAR, as_json, opened, plainly, show, table, who


@click.group("funds")
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
