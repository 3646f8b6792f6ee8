"""The commands about the rules."""

from __future__ import annotations

from datetime import date

import click

from core.rules import lifecycle
from core.rules.policy import Purpose
from desk.terminal import DAY, as_json, opened, plainly, show, table


@click.group()
def rules() -> None:
    """What the rules say."""


@rules.command("explain")
@click.option("--kind", required=True, help="grant, contract, co_commissioned or invoice")
@click.option("--amount", required=True, help="whole-life, VAT included, such as 4999.99")
@click.option("--fund", default="", help="such as youth-fund; 'award-desk funds list' names them")
@click.option("--purpose", default="", help=f"one of: {', '.join(Purpose)}")
@click.option("--purchases", default="", help="the most that a grant pays to one supplier; 0 unless given")
@click.option("--victim-service", default="", help="a service for victims of crime: true or false")
@click.option("--planned", default="", help="planned in advance: true or false; true unless given")
@click.option("--competed", default="", help="several could provide it: true or false; true unless given")
@click.option("--single-tender-reason", default="", help="best_outcomes or partnership_bid")
@click.option("--start", default="", help="such as 2027-04-01")
@click.option("--end", default="", help="such as 2028-03-31; with --start it gives the days of returns and meetings")
@click.option("--on", default="", help="as the rules were on this day, such as 2027-03-01; today unless given")
@click.option("--json", "json_", is_flag=True, help="For a program; the same as the API answers.")
@plainly
def rules_explain(json_: bool, **given: str) -> None:
    """Say what an award of this kind and size needs, and why.

    Example: award-desk rules explain --kind grant --amount 2000 --fund youth-fund
    """
    from desk import explaining  # noqa: PLC0415 - it answers as the API does, and brings the web

    with opened() as desk, desk.office.reading() as session:
        explained = explaining.explain(session, desk.office, {name: text for name, text in given.items() if text})
    if json_:
        as_json(explained.data)
    else:
        click.echo(explained.text)


@rules.command("show")
@click.argument("rule")
@click.option("--on", "day", type=DAY, help="As it was, or will be, on this day; today unless given.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def rules_show(rule: str, day: date | None, json_: bool) -> None:
    """Say what RULE is called, what it rests on, and which figures it has.

    Example: award-desk rules show T1 --on 2027-03-01
    """
    from desk import explaining  # noqa: PLC0415

    with opened() as desk, desk.office.reading() as session:
        told = explaining.rule(session, desk.office, rule.upper(), day or desk.office.today())
    if json_:
        as_json(told)
        return
    click.echo(f"{told['rule']}  {told['title']}\n    {told['paragraph']}\n")
    if not told["figures"]:
        click.echo("It has no figure: nothing of it changes with the office's policy.")
        return
    made = table("Figure", "Value", "Set by", "Since")
    for figure in told["figures"]:
        made.add_row(figure["label"], figure["value"], figure["source"], figure["since"])
    show(made)


@rules.command("states")
def rules_states() -> None:
    """Draw which states and actions there are, in Mermaid, as README shows them.

    Example: award-desk rules states
    """
    click.echo(lifecycle.drawings())
