"""The commands about the funds and their money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import funds, year_end
from core.funds import FundPosition, PotPosition
from core.ledger import available_effect
from core.office import LONDON, Office
from core.records import Award, LedgerEntry
from core.rules.calendar import financial_year, year_label
from core.rules.money import display, pounds
from core.rules.policy import Purpose, YearEnd
from desk.terminal import DAY, POUNDS, YEAR, as_json, opened, plainly, show, table, who


@click.group("funds")
def funds_() -> None:
    """The funds and their money."""


@funds_.command("allocate")
@click.argument("fund")
@click.argument("year", type=YEAR)
@click.argument("amount", type=POUNDS)
@click.option(
    "--for",
    "purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    help="Ring-fence it: only awards for this purpose may draw on it.",
)
@click.option("--until", type=DAY, help="Ring-fence it: only awards that end on or before this day may draw on it.")
@click.option("--note", default="", help="Why, or from where: it goes on the record.")
@plainly
def funds_allocate(fund: str, year: int, amount: int, purpose: str | None, until: date | None, note: str) -> None:
    """Add AMOUNT pounds to FUND for the financial YEAR. It adds: an amount that is there already stays.

    Example: award-desk funds allocate youth-fund 2026-27 60000
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        position = funds.allocate(
            session,
            fund,
            year,
            amount,
            purpose=Purpose(purpose) if purpose else None,
            until=until,
            policy=desk.office.policy,
            actor=who(),
            note=note,
            now=desk.office.clock(),
        )
    click.echo(
        f"{fund} has {display(position.allocated)} for {year_label(year)}; {display(position.available)} is available."
    )


@funds_.command("hold")
@click.argument("fund")
@click.argument("year", type=YEAR)
@click.argument("amount", type=POUNDS)
@click.option("--note", default="", help="Which document says so: it goes on the record.")
@plainly
def funds_hold(fund: str, year: int, amount: int, note: str) -> None:
    """Record that AMOUNT pounds of FUND are held back in the financial YEAR, in place of its share.

    It is the sum that the Constabulary's statutory contributions really come to.

    Example: award-desk funds hold crime-and-disorder 2026-27 580000
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        position = funds.hold(
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
        f"{display(position.held)} of {fund} is held back for {year_label(year)}; {display(position.available)} is "
        "available."
    )


@funds_.command("list")
@click.option("--year", type=YEAR, help="2026-27; this financial year unless given")
@click.option("--on", type=DAY, help="As it stood at the end of this day; now unless given.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def funds_list(year: int | None, on: date | None, json_: bool) -> None:
    """Print every fund's money in a financial year, now or as it stood at the end of a day.

    Example: award-desk funds list --year 2026-27
    """
    with opened() as desk, desk.office.reading() as session:
        policy = desk.office.policy
        if year is None:
            year = financial_year(on) if on else _this_year(desk.office)
        found = funds.positions_at(session, policy, year, on) if on else funds.positions(session, policy, year)
        pots = {position.fund: funds.pots(session, position.fund, year, on=on) for position in found}
    if json_:
        as_json([{**_money(one), "pots": [_pot(pot) for pot in pots[one.fund]]} for one in found])
        return
    made = table("Fund", "Year", "Allocated", "Held", "Committed", "Forward", "Paid", "Repayable", "Available")
    for column in made.columns[2:]:
        column.justify = "right"
    for position in found:
        row = _money(position)
        made.add_row(*(row[name] for name in ("fund", "year", *_SHOWN)))
        for pot in pots[position.fund]:
            made.add_row(f"  for {pot.pot}", row["year"], *(_pot(pot).get(name, "") for name in _SHOWN))
    show(made)


_SHOWN = ("allocated", "held", "committed", "forward", "paid", "repayable", "available")


def _money(position: FundPosition) -> dict[str, str]:
    sums = {name: pounds(getattr(position, name)) for name in (*_SHOWN, "tolerance", "surrendered")}
    return {"fund": position.fund, "year": year_label(position.year), **sums}


def _pot(pot: PotPosition) -> dict[str, Any]:
    shown = ("allocated", "held", "committed", "paid", "repayable", "surrendered", "available")
    until = pot.until.isoformat() if pot.until else None
    return {"pot": pot.pot, "purpose": pot.purpose, "until": until} | {
        name: pounds(getattr(pot, name)) for name in shown
    }


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
@click.option("--on", type=DAY, help="Movements up to the end of this day only.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def funds_statement(fund: str, year: int | None, on: date | None, json_: bool) -> None:
    """Print every movement of FUND in a financial year, and what was available after each.

    Example: award-desk funds statement youth-fund --year 2026-27
    """
    with opened() as desk, desk.office.reading() as session:
        if year is None:
            year = financial_year(on) if on else _this_year(desk.office)
        entries = funds.statement(session, desk.office.policy, fund, year, on=on)
        rows = _statement(session, entries)
    if json_:
        as_json(rows)
        return
    made = table("When", "What", "Award", "Amount", "Available", "By", "Note")
    for column in made.columns[3:5]:
        column.justify = "right"
    for row in rows:
        pot = f"for {row['pot']}: " if row["pot"] else ""
        shown = ("at", "kind", "reference", "amount", "available", "by")
        made.add_row(*(row[name] or "" for name in shown), f"{pot}{row['note']}")
    show(made)


_WAYS = {
    YearEnd.REPAYABLE: "is held as repayable",
    YearEnd.CARRIED_FORWARD: "is carried forward",
    YearEnd.RETURNED: "goes back to the office's reserves",
}


@funds_.command("close")
@click.argument("year", type=YEAR)
@click.option("--fund", help="One fund only; all of them unless given.")
@plainly
def funds_close(year: int, fund: str | None) -> None:
    """Close the financial YEAR, from 1 April on: what nothing is committed from goes where the policy says.

    It may be repeated; what is released later in a year that is over goes the same way by itself.

    Example: award-desk funds close 2026-27
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        settled = year_end.close(
            session,
            year,
            fund_id=fund,
            policy=desk.office.policy,
            today=desk.office.today(),
            actor=who(),
            now=desk.office.clock(),
        )
    for one in settled:
        pot = f" for {one.pot}" if one.pot else ""
        click.echo(f"{display(one.amount)} of {one.fund}{pot} {_WAYS[one.what]}.")
    if not settled:
        click.echo(f"Nothing was left over for {year_label(year)}.")


@funds_.command("repay")
@click.argument("fund")
@click.argument("year", type=YEAR)
@click.argument("amount", type=POUNDS)
@click.option("--note", default="", help="To whom, and how: it goes on the record.")
@plainly
def funds_repay(fund: str, year: int, amount: int, note: str) -> None:
    """Record that AMOUNT pounds of what was repayable from FUND for the financial YEAR has been paid back.

    Example: award-desk funds repay moj-victims 2026-27 12500.50
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        position = year_end.repay(
            session,
            fund,
            year,
            amount,
            policy=desk.office.policy,
            actor=who(),
            note=note,
            now=desk.office.clock(),
        )
    click.echo(f"{display(position.repayable)} of {fund} is still repayable for {year_label(year)}.")


def _this_year(office: Office) -> int:
    """The financial year that today is in, by the calendar year in which it began."""
    return financial_year(office.today())


def _statement(session: Session, entries: Sequence[LedgerEntry]) -> list[dict[str, str | None]]:
    """Movements of a fund with what was available after each.

    A forward commitment takes nothing yet, and a payment nothing more: it was committed before.
    """
    named = {entry.award_id for entry in entries if entry.award_id}
    found = session.execute(select(Award.id, Award.reference).where(Award.id.in_(named)))
    references = {row.id: row.reference for row in found}
    available, rows = 0, []
    for entry in entries:
        available += entry.amount * available_effect(entry.kind)
        rows.append(
            {
                "at": entry.made_at.astimezone(LONDON).strftime("%Y-%m-%d %H:%M"),
                "kind": entry.kind.replace("_", " "),
                "reference": references.get(entry.award_id) if entry.award_id else None,
                "amount": _signed(entry.amount),
                "available": _signed(available),
                "by": entry.actor,
                "note": entry.note,
                "pot": entry.pot,
            }
        )
    return rows


def _signed(pence: int) -> str:
    return f"-{pounds(-pence)}" if pence < 0 else pounds(pence)
