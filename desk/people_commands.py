"""The commands about the staff list."""

from __future__ import annotations

import click

from core import people
from core.rules.policy import Body, Role
from desk.terminal import Said, as_json, opened, plainly, show, table, who


@click.group("people")
def people_() -> None:
    """The staff list: who may recommend and decide."""


@people_.command("add")
@click.argument("name")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--of", "body", default=Body.OFFICE.value, type=click.Choice([body.value for body in Body]))
@click.option("--slack", help="TEAM/USER: links their Slack account, such as T012AB3CD/U045EF6GH")
@plainly
def people_add(name: str, email: str, role: str, body: str, slack: str | None) -> None:
    """Add NAME with EMAIL, or change whoever has that address.

    Example: award-desk people add "Ada Lovelace" ada@example.org --role officer --slack T012AB3CD/U045EF6GH
    """
    account = None
    if slack is not None:
        team, stroke, user = slack.partition("/")
        if not (team and stroke and user) or "/" in user:
            raise Said("--slack takes TEAM/USER, such as T012AB3CD/U045EF6GH: both are ids, not names.")
        account = (team, user)
    with opened() as desk, desk.office.sessions.begin() as session:
        person = people.add(
            session,
            name=name,
            email=email,
            role=Role(role),
            body=Body(body),
            slack=account,
            actor=who(),
            now=desk.office.clock(),
        )
        linked = "linked to Slack" if person.slack_user else "not linked to Slack yet: add --slack TEAM/USER"
        click.echo(f"{person.name} <{person.email}> is {person.role} of the {person.body}, {linked}.")


@people_.command("list")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def people_list(json_: bool) -> None:
    """Print the staff list.

    Example: award-desk people list
    """
    with opened() as desk, desk.office.reading() as session:
        rows = [
            {
                "name": person.name,
                "email": person.email,
                "role": person.role,
                "of": person.body,
                "slack": f"{person.slack_team}/{person.slack_user}" if person.slack_user else None,
            }
            for person in people.everybody(session)
        ]
    if json_:
        as_json(rows)
        return
    made = table("Name", "E-mail", "Role", "Of", "Slack")
    for row in rows:
        made.add_row(*(str(value or "not linked") for value in row.values()))
    show(made)


@people_.command("remove")
@click.argument("email")
@plainly
def people_remove(email: str) -> None:
    """Take whoever has EMAIL off the staff list: they lose every power at once.

    Example: award-desk people remove ada@example.org
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        person = people.remove(session, email=email, actor=who(), now=desk.office.clock())
        click.echo(f"{person.name} is off the staff list and can decide nothing any more.")
