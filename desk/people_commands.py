"""The commands about the staff list."""

from __future__ import annotations

from datetime import date

import click

from core import absences, bids, leaving, people
from core.office import london_moment
from core.records import Absence
from core.rules.calendar import date_text
from core.rules.falling_due import named
from core.rules.policy import Body, Role
from core.rules.words import listed
from desk.terminal import DAY, Said, as_json, opened, plainly, show, table, who


@click.group("people")
def people_() -> None:
    """The staff list: who may recommend and decide, and who is away."""


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
        told = f"{person.name} <{person.email}> is {person.role} of the {person.body}, {linked}."
    click.echo(told)


@people_.command("list")
@click.option("--json", "json_", is_flag=True, help="For a program.")
@plainly
def people_list(json_: bool) -> None:
    """Print the staff list.

    Example: award-desk people list
    """
    with opened() as desk, desk.office.reading() as session:
        today = desk.office.today()
        found = people.everybody(session)
        gone = {number: _away(absence) for number, absence in absences.coming(session, today=today).items()}
        rows = [
            {
                "name": person.name,
                "email": person.email,
                "role": person.role,
                "of": person.body,
                "slack": f"{person.slack_team}/{person.slack_user}" if person.slack_user else None,
            }
            for person in found
        ]
    away = [gone.get(person.id) for person in found]
    if json_:
        as_json([row | ({"away": when} if when else {}) for row, when in zip(rows, away, strict=True)])
        return
    made = table("Name", "E-mail", "Role", "Of", "Slack", "Away")
    for row, when in zip(rows, away, strict=True):
        shown = (str(value or "not linked") for value in row.values())
        made.add_row(*shown, "{from} to {until}, {deputy} stands in".format(**when) if when else "")
    show(made)


def _away(absence: Absence) -> dict[str, str]:
    return {
        "from": absence.from_day.isoformat(),
        "until": absence.until_day.isoformat(),
        "deputy": absence.deputy.name,
    }


@people_.command("remove")
@click.argument("email")
@click.option("--to", "successor", metavar="EMAIL", help="Who takes over what they look after.")
@plainly
def people_remove(email: str, successor: str | None) -> None:
    """Take whoever has EMAIL off the staff list: they lose every power at once.

    What they look after goes to whoever --to names, or is nobody's. It is listed, and the deadlines channel is told.

    Example: award-desk people remove ada@example.org --to kim@example.org
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        left = leaving.leave(session, email=email, successor=successor, actor=who(), now=desk.office.clock())
        told = [f"{left.person.name} is off the staff list and can decide nothing any more.", *_handed_on(left)]
    click.echo("\n".join(told))


def _handed_on(left: leaving.Left) -> list[str]:
    """What becomes of what was theirs, a line for each person who has it now and each list of what is nobody's."""
    told = []
    for issue in left.issues:
        owner = f"{issue.owner.name} looks after" if issue.owner else "Nobody looks after"
        told.append(f"{owner} the issue that was raised about {issue.award.reference} from now on.")
    taken = [one for one in left.applications if one.taken_by is None]
    due = [one for one in left.deadlines if one.owner is None]
    things = [bids.reference_of(one) for one in left.bids if not one.owner.active]
    things += [one.reference for one in left.opportunities if not one.owner.active]
    if left.successor is not None:
        kept = [str(one.reference) for one in left.applications if one not in taken]
        kept += [f"{named(one.kind).noun} of {one.reference}" for one in left.deadlines if one not in due]
        kept += [bids.reference_of(one) for one in left.bids] + [one.reference for one in left.opportunities]
        if kept:
            told.append(
                f"{left.successor.name} looks after what was theirs from now on: {listed(dict.fromkeys(kept))}."
            )
    if taken:
        numbers = listed(str(application.reference) for application in taken)
        told.append(f"What they had taken on is nobody's now: {numbers}. An officer takes it from its card in Slack.")
    if due:
        numbers = listed(f"{named(one.kind).noun} of {one.reference}" for one in due)
        told.append(
            f"Nobody looks after what falls due: {numbers}. /desk/deadlines?show=nobody has it, to be given on."
        )
    if things:
        told.append(f"Nobody looks after {listed(things)}. Hand each over on its page.")
    for meeting in left.meetings:
        when = london_moment(meeting.starts_at)
        told.append(f"They invited {meeting.award.reference} to a meeting on {when}: agree who goes, and tell them.")
    if left.forum is not None:
        told.append(f"They planned the Provider Forum of {date_text(left.forum.day)}: agree who holds it.")
    return told


@people_.command("away")
@click.argument("name", metavar="NAME|EMAIL")
@click.option("--from", "from_day", type=DAY, help="The first day, YYYY-MM-DD; today unless given.")
@click.option("--until", "until_day", type=DAY, required=True, help="The last day, YYYY-MM-DD, that day included.")
@click.option("--deputy", required=True, metavar="NAME|EMAIL", help="Who of the office stands in.")
@plainly
def people_away(name: str, from_day: date | None, until_day: date, deputy: str) -> None:
    """Note that somebody is away: what waits for them goes to a deputy, who gets no power by it.

    Example: award-desk people away ada@example.org --from 2026-12-21 --until 2027-01-04 --deputy kim@example.org
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        today = desk.office.today()
        absence = absences.away(
            session,
            people.named(session, name),
            from_day=from_day or today,
            until_day=until_day,
            deputy=people.named(session, deputy),
            actor=who(),
            today=today,
            now=desk.office.clock(),
        )
        told = (
            f"{absence.person.name} is away from {date_text(absence.from_day)} to {date_text(absence.until_day)}. "
            f"What waits for them goes to {absence.deputy.name} meanwhile. {absences.NO_POWER}"
        )
    click.echo(told)


@people_.command("back")
@click.argument("name", metavar="NAME|EMAIL")
@plainly
def people_back(name: str) -> None:
    """Note that somebody is back, from today on, or is not going to be away after all.

    Example: award-desk people back ada@example.org
    """
    with opened() as desk, desk.office.sessions.begin() as session:
        person = people.named(session, name)
        absences.back(session, person, actor=who(), today=desk.office.today(), now=desk.office.clock())
        told = f"{person.name} is there, and what waits for them is theirs again."
    click.echo(told)
