"""What `award-desk check` finds out of the office's Slack: the app's scopes, its channels, its people's accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.client import HTTPException
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.accounts import Bar, bar_on
from bot.calls import refused_as
from bot.manifest import APP_SCOPE, scopes
from core import people
from core.office import Office
from core.records import Person
from core.rules.policy import Body, Role
from core.rules.words import counted, listed
from desk.settings import PREFIX
from desk.slack_door import SlackDoor

Said = tuple[bool, str]
"""Whether a thing is as it must be, and what to say of it."""

MANIFEST: Final = "take what 'award-desk slack manifest' prints into the app, and install it again"

ACCOUNT: Final[Mapping[Bar, str]] = {
    Bar.DEACTIVATED: "is deactivated in Slack: 'award-desk people remove' whoever has left, or link them anew",
    Bar.BOT: "is a bot's: link the person's own",
    Bar.STRANGER: "belongs to another organisation: link the one they have in yours",
    Bar.GUEST: "is a guest's, and guests do nothing here: make it a member's",
    Bar.ELSEWHERE: "belongs to another workspace: link the one they have in yours",
    Bar.UNCONFIRMED: "has an e-mail address that was never confirmed: they confirm it in Slack's own settings",
}
"""What is wrong with somebody's account, for each thing that bars it, and what to do."""

SHARED: Final = (
    ("is_ext_shared", "is shared with another organisation"),
    ("is_pending_ext_shared", "is about to be shared with another organisation"),
    ("is_org_shared", "is shared with other workspaces"),
)


def said(door: SlackDoor, office: Office, *, seconds: int) -> Iterator[Said]:
    """Look at everything, one after another. Where Slack itself cannot be asked it ends after the first line."""
    client = door.client(seconds)
    try:
        told = client.auth_test()
    except SlackApiError as error:
        yield False, f"Slack refuses the bot's token ({refused_as(error)}): look at {PREFIX}SLACK_BOT_TOKEN"
        return
    except (SlackClientError, OSError, HTTPException) as error:
        yield False, f"Slack does not answer: {error}"
        return
    yield True, f"{told.get('team', 'workspace')} takes the bot's token"
    yield _scopes(told.headers)
    for channel, setting in ((door.approvals, "SLACK_APPROVALS_CHANNEL"), (door.deadlines, "SLACK_DEADLINES_CHANNEL")):
        yield _channel(client, channel, setting)
    with office.reading() as session:
        everybody = people.everybody(session)
    yield from _people(client, everybody, str(told.get("team_id") or ""))
    if door.app_token:
        yield _app_token(client, door.app_token)


def _scopes(headers: Mapping[str, Any]) -> Said:
    found = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    if found is None:
        return True, "Slack does not say which scopes the token has"
    given = {one.strip() for one in str(found).split(",")}
    missing = [one for one in scopes() if one not in given]
    if missing:
        noun = "scope is" if len(missing) == 1 else "scopes are"
        return False, f"the {noun} missing: {', '.join(missing)}; {MANIFEST}"
    more = sorted(given - set(scopes()) - {""})
    return True, "every scope is there" + (f"; {listed(more)} could be taken away" if more else "")


def _channel(client: WebClient, channel: str, setting: str) -> Said:
    named = f"{channel} ({PREFIX}{setting})"
    try:
        found = client.conversations_info(channel=channel).get("channel") or {}
    except SlackApiError as error:
        code = refused_as(error)
        if code == "channel_not_found":
            return (
                False,
                f"{named} is not there, or is private and the bot not in it: give an id, and invite it",
            )
        if code == "missing_scope":
            return False, f"{named} cannot be looked at: {MANIFEST}"
        return False, f"{named} cannot be looked at: Slack says {code}"
    except (SlackClientError, OSError, HTTPException) as error:
        return False, f"{named} cannot be looked at, Slack does not answer: {error}"
    name = f"#{found.get('name') or channel}"
    if found.get("is_archived"):
        return False, f"{name} is archived: unarchive it, or set another channel as {PREFIX}{setting}"
    for flag, what in SHARED:
        if found.get(flag):
            return False, f"{name} {what}, who could read and press: set a channel of your own as {PREFIX}{setting}"
    if found.get("is_member", True) is False:
        return False, f"the bot is not in {name}: write '/invite @Award Desk' there"
    return True, f"the bot is in {name}"


def _people(client: WebClient, everybody: list[Person], team: str) -> Iterator[Said]:
    staff = [one for one in everybody if Body(one.body) is Body.OFFICE and Role(one.role) is not Role.AUDITOR]
    unlinked = [one.name for one in staff if not one.slack_user]
    if unlinked:
        noun = "is" if len(unlinked) == 1 else "are"
        remedy = "they press any button and follow what it says, or you say 'award-desk people add' with --slack"
        yield False, f"{listed(unlinked)} {noun} not linked to a Slack account: {remedy}"
    linked = [one for one in everybody if one.slack_user]
    faults = [fault for one in linked if (fault := _account(client, one, team))]
    yield from ((False, fault) for fault in faults)
    if linked and not faults:
        yield True, f"{counted(len(linked), 'person has', 'people have')} a Slack account in good standing"


def _account(client: WebClient, person: Person, team: str) -> str:
    """What is wrong with somebody's account; "" for nothing."""
    try:
        found = client.users_info(user=str(person.slack_user)).get("user") or {}
    except SlackApiError as error:
        return f"{person.name}'s account cannot be looked at: Slack says {refused_as(error)}"
    except (SlackClientError, OSError, HTTPException) as error:
        return f"{person.name}'s account cannot be looked at, Slack does not answer: {error}"
    bar = Bar.ELSEWHERE if person.slack_team != team else bar_on(found, team)
    return f"{person.name}'s account {ACCOUNT[bar]}" if bar is not None else ""


def _app_token(client: WebClient, app_token: str) -> Said:
    try:
        client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        return False, (
            f"{PREFIX}SLACK_APP_TOKEN is refused ({refused_as(error)}): make one with {APP_SCOPE}, under Basic "
            "Information, and turn Socket Mode on"
        )
    except (SlackClientError, OSError, HTTPException) as error:
        return False, f"Slack does not answer for a socket: {error}"
    return True, "the app's token is taken: Socket Mode can be used"
