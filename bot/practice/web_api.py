"""Slack's Web API, as far as the desk calls it: one WSGI application for ``/api/<method>``.

Bodies come form-encoded or as JSON; tokens as a bearer or, in a form, as ``token``. Refusals carry Slack's own names.
Where Slack is lenient this is strict: text over 40,000 characters is refused with ``msg_too_long`` (Slack cuts it off),
and blocks with a property nobody knows with ``invalid_blocks``.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from .block_rules import (
    MOST_MESSAGE_TEXT,
    MOST_VIEW_BYTES,
    Surface,
    faults,
    text_length,
    view_faults,
    view_size,
)
from .faults import Fault
from .workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Json,
    PracticeChannel,
    PracticePerson,
    SlackError,
    Workspace,
)

MOST_TEXT_POSTED = 40_000
MOST_TEXT_UPDATED = 4_000
"""chat.update takes less than chat.postMessage (its error list: ``msg_too_long``)."""
MOST_METADATA_BYTES = 16_000
MOST_BODY_BYTES = 1_000_000
MOST_HISTORY = 999
USUAL_HISTORY = 100

_STRUCTURED = ("blocks", "view", "metadata", "attachments")
Method = Callable[[Workspace, Json], Json]


class WebApi:
    """The WSGI application. ``stopping`` ends every hang at once when the server stops."""

    def __init__(self, workspace: Workspace, token: str) -> None:
        self.workspace = workspace
        self.stopping = threading.Event()
        self._token = token

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request; a fault that loses the answer closes the connection instead."""
        request = Request(environ)
        request.max_content_length = MOST_BODY_BYTES
        path = request.path
        if path.startswith("/actions/") and request.method == "POST":
            return self._respond_to_press(request, path.rpartition("/")[2])(environ, start_response)
        if not path.startswith("/api/"):
            return Response("Not found\n", 404)(environ, start_response)
        method = path.removeprefix("/api/").strip("/")
        fault = self.workspace.faults.take(method)
        response = self._answer(request, method) if fault is None or fault.acts else _spoilt(fault)
        if fault is not None:
            if fault.seconds:
                self.stopping.wait(fault.seconds)
            if not fault.answers:
                _hang_up(environ)
        return response(environ, start_response)

    def _answer(self, request: Request, name: str) -> Response:
        try:
            arguments = _arguments(request)
            _authenticate(request, arguments, self._token)
            method = METHODS.get(name)
            if method is None:
                raise SlackError("unknown_method")
            if name == "chat.postMessage" and self.workspace.posting_limit is not None:
                wait = self.workspace.posting_limit.retry_after(str(arguments.get("channel")))
                if wait:
                    return _spoilt(Fault.ratelimited(wait))
            return _json({"ok": True, **method(self.workspace, arguments)})
        except SlackError as refusal:
            return _json(_refusal(refusal))

    def _respond_to_press(self, request: Request, token: str) -> Response:
        """What an app sends to a response_url: private unless it says ``in_channel``."""
        try:
            target = self.workspace.use_response(token)
            content = _arguments(request)
            if content.get("delete_original") is True:
                self.workspace.remove(target.channel, target.ts)
                return _json({"ok": True})
            message = _message_content(content, MOST_TEXT_POSTED)
            if content.get("replace_original") is True:
                self.workspace.change(target.channel, target.ts, lambda body: _replaced(body, message))
            elif content.get("response_type") == "in_channel":
                self.workspace.post(target.channel, message)
            else:
                self.workspace.post_ephemeral(target.channel, target.person, message)
            return _json({"ok": True})
        except SlackError as refusal:
            gone = refusal.code in ("used_url", "expired_url")
            return _json(_refusal(refusal), 404 if gone else 400)


def _json(body: Json, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")


def _refusal(refusal: SlackError) -> Json:
    body: Json = {"ok": False, "error": refusal.code}
    if refusal.messages:
        body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in refusal.messages]}
    return body


def _spoilt(fault: Fault) -> Response:
    if fault.http_status >= 400 and not fault.error_name:
        return Response("Something went wrong\n", fault.http_status, content_type="text/plain")
    response = _json({"ok": False, "error": fault.error_name or "internal_error"}, fault.http_status)
    if fault.retry_after:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _hang_up(environ: Mapping[str, Any]) -> None:
    """Close the caller's connection with nothing said; werkzeug takes the ConnectionError as a caller who left."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _arguments(request: Request) -> Json:
    if request.mimetype == "application/json":
        try:
            given = json.loads(request.get_data() or b"{}")  # slack_sdk sends no body where it has no argument
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(given, dict):
            raise SlackError("json_not_object")
        arguments: Json = {**request.args.to_dict(), **given}
    else:
        arguments = {**request.args.to_dict(), **request.form.to_dict()}
    for name in _STRUCTURED:
        if isinstance(arguments.get(name), str):
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError:
                raise SlackError(_UNREADABLE.get(name, "invalid_arguments"), f"{name} is not JSON") from None
    return {name: value for name, value in arguments.items() if value is not None}


_UNREADABLE = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}


def _authenticate(request: Request, arguments: Json, token: str) -> None:
    header = request.headers.get("Authorization", "")
    in_form = arguments.pop("token", "") if request.mimetype != "application/json" else ""
    given = header[7:].strip() if header[:7].lower() == "bearer " else in_form
    if not given:
        raise SlackError("not_authed")
    if not hmac.compare_digest(str(given).encode(), token.encode()):
        raise SlackError("invalid_auth")


# --- arguments ------------------------------------------------------------------------------------------------------


def _required(arguments: Json, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError("invalid_arguments", f"missing required field: {name}")
    return value


def _truth(arguments: Json, name: str) -> bool:
    return arguments.get(name) in (True, "true", "1", 1)


def _count(arguments: Json, name: str, usual: int, most: int) -> int:
    try:
        count = int(arguments.get(name, usual))
    except (TypeError, ValueError):
        raise SlackError("invalid_arguments", f"{name} must be a number") from None
    if not 1 <= count <= most:
        raise SlackError("invalid_limit")
    return count


def _message_content(arguments: Json, most_text: int) -> Json:
    """The text, blocks and metadata of a message, checked. Raises SlackError under Slack's names."""
    content: Json = {"text": ""}
    text = arguments.get("text")
    if text is not None:
        if not isinstance(text, str):
            raise SlackError("invalid_arguments", "text must be a string")
        if len(text) > most_text:
            raise SlackError("msg_too_long")
        content["text"] = text
    blocks = arguments.get("blocks")
    if blocks is not None:
        if not isinstance(blocks, list):
            raise SlackError("invalid_blocks_format")
        if text_length(blocks) > MOST_MESSAGE_TEXT:
            raise SlackError("msg_blocks_too_long")
        found = faults(blocks, Surface.MESSAGE)
        if found:
            raise SlackError("invalid_blocks", *found)
        if blocks:
            content["blocks"] = blocks
    if not content["text"] and not content.get("blocks"):
        raise SlackError("no_text")
    if arguments.get("metadata") is not None:
        content["metadata"] = _metadata(arguments["metadata"])
    return content


def _metadata(metadata: object) -> Json:
    if not isinstance(metadata, dict) or set(metadata) - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > MOST_METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def _open_to_bot(channel: PracticeChannel) -> PracticeChannel:
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _view(arguments: Json, kind: str) -> Json:
    view = arguments.get("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "missing required field: view")
    if view_size(view) > MOST_VIEW_BYTES:
        raise SlackError("view_too_large")
    if view.get("type") != kind:
        raise SlackError("invalid_arguments", f"view/type: must be {kind}")
    found = view_faults(view)
    if found:
        raise SlackError("invalid_arguments", *found)
    return view


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(f"next:{text}".encode()).decode()


def _from_cursor(arguments: Json) -> str | None:
    cursor = arguments.get("cursor")
    if not cursor:
        return None
    try:
        word, _, rest = base64.urlsafe_b64decode(str(cursor)).decode().partition(":")
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
    if word != "next" or not rest:
        raise SlackError("invalid_cursor")
    return rest


# --- methods --------------------------------------------------------------------------------------------------------


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


def post_message(workspace: Workspace, arguments: Json) -> Json:
    """``chat.postMessage``: to a channel's id or name, or to a person (their direct messages)."""
    target = _required(arguments, "channel")
    if target.startswith("U"):
        try:
            channel = workspace.open_direct(target)
        except SlackError:
            raise SlackError("channel_not_found") from None
    else:
        channel = workspace.channel_named(target)
    _open_to_bot(channel)
    content = _message_content(arguments, MOST_TEXT_POSTED)
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None:
        thread_ts = _thread(workspace, channel.channel_id, thread_ts)
        if _truth(arguments, "reply_broadcast"):
            content["subtype"] = "thread_broadcast"
    message = workspace.post(channel.channel_id, content, thread_ts)
    return {"channel": channel.channel_id, "ts": message.ts, "message": message.body}


def _thread(workspace: Workspace, channel_id: str, thread_ts: object) -> str:
    try:
        parent = workspace.message(channel_id, str(thread_ts))
    except SlackError:
        raise SlackError("thread_not_found") from None
    return parent.thread_ts or parent.ts


def update_message(workspace: Workspace, arguments: Json) -> Json:
    """``chat.update``: text without blocks removes the blocks; neither keeps both; metadata stays unless given."""
    channel = workspace.channel(_required(arguments, "channel"))
    ts = _required(arguments, "ts")
    old = workspace.message(channel.channel_id, ts)
    if old.body.get("bot_id") != BOT_ID:
        raise SlackError("cant_update_message")
    _open_to_bot(channel)
    content: Json = {}
    if arguments.get("text") is not None or arguments.get("blocks") is not None:
        content = _message_content(arguments, MOST_TEXT_UPDATED)
        if not content.get("blocks"):
            content["edited"] = {"user": BOT_USER_ID, "ts": workspace.new_ts()}
    elif arguments.get("metadata"):
        content = {"metadata": _metadata(arguments["metadata"])}
    else:
        raise SlackError("no_text")
    message = workspace.change(channel.channel_id, ts, lambda body: _replaced(body, content))
    return {"channel": channel.channel_id, "ts": ts, "text": message.text, "message": message.body}


def _replaced(body: Json, content: Json) -> Json:
    if "text" in content:
        body.pop("blocks", None)
        body.pop("edited", None)
    return {**body, **content}


def post_ephemeral(workspace: Workspace, arguments: Json) -> Json:
    """``chat.postEphemeral``: to one person, who must be in the channel."""
    channel = _open_to_bot(workspace.channel_named(_required(arguments, "channel")))
    user = _required(arguments, "user")
    try:
        present = workspace.sees(user, channel)
    except SlackError:
        present = False
    if not present:
        raise SlackError("user_not_in_channel")
    content = _message_content({**arguments, "metadata": None}, MOST_TEXT_POSTED)
    thread_ts = arguments.get("thread_ts")
    shown = workspace.post_ephemeral(channel.channel_id, user, content, None if thread_ts is None else str(thread_ts))
    return {"message_ts": shown.ts}


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
    if not _truth(arguments, "return_im"):
        return {"channel": {"id": channel.channel_id}}
    return {"channel": _conversation(workspace, channel)}


def conversations_info(workspace: Workspace, arguments: Json) -> Json:
    """``conversations.info``: what a channel is, and whether the bot is in it."""
    channel = workspace.channel(_required(arguments, "channel"))
    described = _conversation(workspace, channel)
    if _truth(arguments, "include_num_members"):
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
        "is_org_shared": False,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "context_team_id": TEAM_ID,
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
        "topic": {"value": "", "creator": "", "last_set": 0},
    }


def conversations_history(workspace: Workspace, arguments: Json) -> Json:
    """``conversations.history``: newest first, without thread replies unless they were broadcast, as Slack does."""
    channel = workspace.channel(_required(arguments, "channel"))
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    limit = _count(arguments, "limit", USUAL_HISTORY, MOST_HISTORY)
    before = _from_cursor(arguments)
    oldest, latest = (_moment(arguments, name) for name in ("oldest", "latest"))
    inclusive = _truth(arguments, "inclusive")
    found = []
    everything = workspace.messages(channel.channel_id)
    replies = Counter(message.thread_ts for message in everything if message.thread_ts is not None)
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
        if not _truth(arguments, "include_all_metadata"):
            body.pop("metadata", None)
        if message.ts in replies:
            body.update(thread_ts=message.ts, reply_count=replies[message.ts])
        found.append(body)
    answer: Json = {"messages": found[:limit], "has_more": len(found) > limit, "pin_count": 0}
    if len(found) > limit:
        answer["response_metadata"] = {"next_cursor": _cursor(found[limit - 1]["ts"])}
    return answer


def _moment(arguments: Json, name: str) -> str | None:
    """A ts argument in the one width that compares as text; None if absent or nought."""
    given = arguments.get(name)
    if given in (None, "", 0, "0"):
        return None
    seconds, _, micro = str(given).partition(".")
    if not (seconds.isdecimal() and (micro or "0").isdecimal()):
        raise SlackError(f"invalid_ts_{name}")
    return f"{int(seconds):010d}.{micro[:6]:0<6}"


def users_info(workspace: Workspace, arguments: Json) -> Json:
    """``users.info``: one person."""
    user = _required(arguments, "user")
    return {"user": _bot_user(workspace) if user == BOT_USER_ID else _user(workspace.person(user))}


def users_list(workspace: Workspace, arguments: Json) -> Json:
    """``users.list``: everybody, a page at a time if asked for."""
    people = [_user(person) for person in workspace.people] + [_bot_user(workspace)]
    start = _from_cursor(arguments) or "0"
    if not start.isdecimal():
        raise SlackError("invalid_cursor")
    limit = _count(arguments, "limit", 1000, 1000)
    end = int(start) + limit
    return {
        "members": people[int(start) : end],
        "response_metadata": {"next_cursor": _cursor(str(end)) if end < len(people) else ""},
    }


def _user(person: PracticePerson) -> Json:
    profile: Json = {
        "real_name": person.name,
        "display_name": person.name,
        "title": person.title,
        "team": person.team_id,
    }
    if person.email and not person.is_stranger:
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


def views_open(workspace: Workspace, arguments: Json) -> Json:
    """``views.open``: a modal for whoever pressed; spends the trigger."""
    workspace.person_of_trigger(_required(arguments, "trigger_id"))
    view = _view(arguments, "modal")
    return {"view": workspace.open_with_trigger(arguments["trigger_id"], view).as_slack()}


def views_update(workspace: Workspace, arguments: Json) -> Json:
    """``views.update``: new content for an open modal, by view_id or external_id, checked against ``hash``."""
    if arguments.get("view_id"):
        old = workspace.view(str(arguments["view_id"]))
    else:
        old = workspace.view_with_external_id(_required(arguments, "external_id"))
    view = _view(arguments, old.kind)
    return {"view": workspace.replace(old, view, arguments.get("hash")).as_slack()}


def views_publish(workspace: Workspace, arguments: Json) -> Json:
    """``views.publish``: a person's Home tab, checked against ``hash``."""
    user = _required(arguments, "user_id")
    workspace.person(user)
    view = _view(arguments, "home")
    return {"view": workspace.publish(user, view, arguments.get("hash")).as_slack()}


METHODS: Mapping[str, Method] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "chat.postEphemeral": post_ephemeral,
    "conversations.open": conversations_open,
    "conversations.info": conversations_info,
    "conversations.history": conversations_history,
    "users.info": users_info,
    "users.list": users_list,
    "views.open": views_open,
    "views.update": views_update,
    "views.publish": views_publish,
}
"""Every method there is; any other is ``unknown_method``."""
