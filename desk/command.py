"""The command line: each command by name and one line. What a command needs is loaded once it is asked for."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Final

import click

COMMANDS: Final = (
    ("audit", "audit_commands:audit", "Whether the record can be relied on, and the story of one award."),
    (
        "bot",
        "process_commands:bot",
        "Production: Slack over Socket Mode, for an office that cannot be reached from outside.",
    ),
    (
        "check",
        "process_commands:check",
        "Check settings, database, timetable, Slack, mail and scanner: one line each, exit status 1 on a fault.",
    ),
    ("db", "process_commands:db", "The record's tables."),
    ("funds", "fund_commands:funds_", "The funds and their money."),
    ("keys", "key_commands:keys_", "The keys that bank details are encrypted with: FIELD_KEYS."),
    ("links", "link_commands:links_", "The links by which applicants and recipients come in."),
    ("people", "people_commands:people_", "The staff list: who may recommend and decide, and who is away."),
    (
        "policy",
        "policy_commands:policy",
        "The office's policy: its figures, where each comes from, and from which day it holds.",
    ),
    (
        "rounds",
        "round_commands:rounds_",
        "Sittings of the panel: what is on their lists, what was scored, and the ranking against the money.",
    ),
    ("rules", "rule_commands:rules", "What the rules say."),
    (
        "scheduler",
        "process_commands:scheduler",
        "Production: the timetable, and delivery to Slack and mail. Any number may run.",
    ),
    (
        "simulate",
        "simulate_command:simulate",
        "Run the office through days to come, and say what would be sent, to whom, and when. Sends nothing.",
    ),
    ("slack", "slack_commands:slack_", "The office's Slack app."),
    ("sweep", "sweep_command:sweep", "Send what is due: the latest step of each deadline, to each person once."),
    ("up", "process_commands:up", "Run everything in one process, with practice people, Slack and mail."),
    (
        "web",
        "process_commands:web",
        "Production: pages, the API and Slack over HTTP. Run 'award-desk scheduler' beside it.",
    ),
)
"""Name, where it is among the desk's modules, and the first sentence of its help, which the list of commands shows."""


class Named(click.Command):
    """A command as the list shows it. `loaded` is the command itself."""

    def __init__(self, name: str, place: str, line: str) -> None:
        super().__init__(name, help=line)
        self._place = place

    def loaded(self) -> click.Command:
        """The command, from its module."""
        module, _, attribute = self._place.partition(":")
        found: click.Command = getattr(import_module(f"desk.{module}"), attribute)
        return found


class Commands(click.Group):
    """Lists its commands without loading any, and loads the one that runs."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that was typed, loaded, and the words behind it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.loaded() if isinstance(command, Named) else command, rest


@click.group(
    cls=Commands,
    commands=[Named(*one) for one in COMMANDS],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="award-desk")
def main() -> None:
    """Award Desk: the grants desk of a police and crime commissioner's office."""
    from desk.terminal import quiet_logs  # noqa: PLC0415 - the list of commands logs nothing

    quiet_logs(logging.WARNING)
