"""The commands about the links that were mailed."""

from __future__ import annotations

import click

from core import applications, links
from core.rules.words import counted
from desk.terminal import opened, plainly, who


@click.group("links")
def links_() -> None:
    """The links by which applicants and recipients come in."""


@links_.command("revoke")
@click.argument("reference")
@plainly
def links_revoke(reference: str) -> None:
    """Take back every link of the application or award REFERENCE at once: for one that got into the wrong hands.

    Its contact is mailed a new one on asking at /links, or with the next letter.

    Example: award-desk links revoke YF-2026-7K4MPX
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        application = applications.by_reference(session, reference.strip().upper())
        taken = links.revoke(session, application, actor=who(), now=desk.office.clock())
        where = f"{desk.office.public_url}/links"
    click.echo(f"{counted(taken, 'link')} of {application.reference} no longer work{'s' if taken == 1 else ''}.")
    click.echo(f"Its contact gets a new one by asking at {where}.")
