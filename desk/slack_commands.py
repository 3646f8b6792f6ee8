"""The commands about the office's Slack app."""

from __future__ import annotations

import click

from bot.manifest import manifest, written
from desk.settings import PORT, choose, read
from desk.terminal import as_json, plainly


@click.group("slack")
def slack_() -> None:
    """The office's Slack app."""


@slack_.command("manifest")
@click.option("--socket-mode", is_flag=True, help="For an office that nobody outside can reach.")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def slack_manifest(socket_mode: bool, json_: bool) -> None:
    """Print the manifest to create or update the Slack app with: the least scopes, and this desk's address.

    Example: award-desk slack manifest > manifest.yaml
    """
    url = choose(read(), production=False, port=PORT).public_url
    made = manifest(url, socket_mode=socket_mode)
    if json_:
        as_json(made)
    else:
        click.echo(written(made), nl=False)
    if not url.startswith("https://"):
        click.echo(f"Slack takes https addresses only, and this desk's is {url}: set AWARD_DESK_PUBLIC_URL.", err=True)
