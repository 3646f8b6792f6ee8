"""The commands about the office's policy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.policy_file import SHIPPED, PolicyError, policy_as_data, read_policy
from desk import explaining
from desk.settings import read
from desk.terminal import as_json, plainly, show, table


@click.group()
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
