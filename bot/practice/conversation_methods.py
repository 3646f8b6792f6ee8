"""``conversations.*``, ``users.*`` and ``auth.test``: what there is in the workspace, and who."""

from __future__ import annotations

from collections import Counter

from .arguments import count, cursor, from_cursor, moment, required, truth
from .shapes import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Json,
    PracticeChannel,
    PracticePerson,
    SlackError,
)
from .workspace import Workspace

MOST_HISTORY = 999
USUAL_HISTORY = 100


def auth_test(workspace: Workspace, arguments: Json) -> Json:  # noqa: ARG001
    """``auth.test``: whose token this is."""
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": workspace.team_name,
        "user": "awarddesk",
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def conversations_open(workspace: Workspace, arguments: Json) -> Json:
    """``conversations.open``: the direct messages of one person (``users``), or an open one again (``channel``)."""
    if arguments.get("channel"):
        channel = workspace.channel(str(arguments["channel"]))
    else:
        users = arguments.get("users")
        wanted = users if isinstance(users, list) else str(users or "").split(",")
        wanted = [str(user).strip() for user in wanted if str(user).strip()]
        if not wanted:
            raise SlackError("users_list_not_supplied")
        if len(wanted) > 1:
            raise SlackError("too_many_users")
        if workspace.person(wanted[0]).deleted:
            raise SlackError("user_disabled")
        channel = workspace.open_direct(wanted[0])
    if not truth(arguments, "return_im"):
        return {"channel": {"id": channel.channel_id}}
    return {"channel": _conversation(workspace, channel)}


def conversations_info(workspace: Workspace, arguments: Json) -> Json:
    """``conversations.info``: what a channel is, and whether the bot is in it."""
    channel = workspace.channel(required(arguments, "channel"))
    described = _conversation(workspace, channel)
    if truth(arguments, "include_num_members"):
        described["num_members"] = sum(workspace.sees(person.user_id, channel) for person in workspace.people)
    return {"channel": described}


def _conversation(workspace: Workspace, channel: PracticeChannel) -> Json:
    if channel.direct_with is not None:
        person = workspace.person(channel.direct_with)
        return {
            "id": channel.channel_id,
            "is_im": True,
            "user": channel.direct_with,
            "is_user_deleted": person.deleted,
            "is_archived": False,
            "is_open": True,
            "context_team_id": TEAM_ID,
        }
    return {
        "id": channel.channel_id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.bot_is_member,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_org_shared": channel.is_org_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "context_team_id": TEAM_ID,
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "topic": {"value": "", "creator": "", "last_set": 0},
    }


def conversations_history(workspace: Workspace, arguments: Json) -> Json:
    """``conversations.history``: newest first, without thread replies unless they were broadcast, as Slack does."""
    channel = workspace.channel(required(arguments, "channel"))
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    limit = count(arguments, "limit", USUAL_HISTORY, MOST_HISTORY)
    before = from_cursor(arguments)
    oldest, latest = (moment(arguments, name) for name in ("oldest", "latest"))
    inclusive = truth(arguments, "inclusive")
    found = []
    everything = workspace.messages(channel.channel_id)
    replies = Counter(message.thread_ts for message in everything if message.thread_ts is not None)
    last = {message.thread_ts: message.ts for message in everything if message.thread_ts is not None}
    for message in reversed(everything):
        if message.thread_ts is not None and message.body.get("subtype") != "thread_broadcast":
            continue
        if before is not None and message.ts >= before:
            continue
        if oldest is not None and (message.ts < oldest or (message.ts == oldest and not inclusive)):
            continue
        if latest is not None and (message.ts > latest or (message.ts == latest and not inclusive)):
            continue
        body = dict(message.body)
        if not truth(arguments, "include_all_metadata"):
            body.pop("metadata", None)
        if message.ts in replies:
            body.update(thread_ts=message.ts, reply_count=replies[message.ts], latest_reply=last[message.ts])
        found.append(body)
    answer: Json = {"messages": found[:limit], "has_more": len(found) > limit, "pin_count": 0}
    if len(found) > limit:
        answer["response_metadata"] = {"next_cursor": cursor(found[limit - 1]["ts"])}
    return answer


def users_info(workspace: Workspace, arguments: Json) -> Json:
    """``users.info``: one person."""
    user = required(arguments, "user")
    if user == BOT_USER_ID:
        return {"user": _bot_user(workspace)}
    return {"user": _user(workspace.person(user), email=_tells_email(workspace))}


def users_list(workspace: Workspace, arguments: Json) -> Json:
    """``users.list``: everybody, a page at a time if asked for."""
    email = _tells_email(workspace)
    people = [_user(person, email=email) for person in workspace.people] + [_bot_user(workspace)]
    start = from_cursor(arguments) or "0"
    if not start.isdecimal():
        raise SlackError("invalid_cursor")
    limit = count(arguments, "limit", 1000, 1000)
    end = int(start) + limit
    return {
        "members": people[int(start) : end],
        "response_metadata": {"next_cursor": cursor(str(end)) if end < len(people) else ""},
    }


def _tells_email(workspace: Workspace) -> bool:
    return "users:read.email" in workspace.installation.scopes


def _user(person: PracticePerson, *, email: bool) -> Json:
    profile: Json = {
        "real_name": person.name,
        "display_name": person.name,
        "title": person.title,
        "team": person.team_id,
    }
    if email and person.email and not person.is_stranger:
        profile["email"] = person.email
    described: Json = {
        "id": person.user_id,
        "team_id": person.team_id,
        "name": person.username,
        "real_name": person.name,
        "deleted": person.deleted,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if not person.deleted:  # Slack tells no more of somebody who has left
        described.update(
            tz=person.time_zone,
            is_admin=False,
            is_owner=False,
            is_restricted=person.is_restricted,
            is_ultra_restricted=person.is_ultra_restricted,
            is_email_confirmed=person.is_email_confirmed,
        )
    if person.is_stranger:
        described["is_stranger"] = True
    return described


def _bot_user(workspace: Workspace) -> Json:
    return {
        "id": BOT_USER_ID,
        "team_id": TEAM_ID,
        "name": "awarddesk",
        "real_name": workspace.app_name,
        "deleted": False,
        "is_bot": True,
        "profile": {"real_name": workspace.app_name, "api_app_id": APP_ID, "bot_id": BOT_ID, "team": TEAM_ID},
    }
