"""``chat.*``: messages posted, changed, and shown to one person."""

from __future__ import annotations

import json

from .arguments import required, truth
from .block_rules import MOST_MESSAGE_TEXT, Surface, faults, text_length
from .shapes import BOT_ID, BOT_USER_ID, Json, PracticeChannel, SlackError
from .workspace import Workspace

MOST_TEXT_POSTED = 40_000
MOST_TEXT_UPDATED = 4_000
"""chat.update takes less than chat.postMessage (its error list: ``msg_too_long``)."""
MOST_METADATA_BYTES = 16_000


def message_content(arguments: Json, most_text: int) -> Json:
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


def open_to_bot(channel: PracticeChannel) -> PracticeChannel:
    if not channel.bot_is_member:
        raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def post_message(workspace: Workspace, arguments: Json) -> Json:
    """``chat.postMessage``: to a channel's id or name, or to a person (their direct messages)."""
    target = required(arguments, "channel")
    if target.startswith("U"):
        try:
            channel = workspace.open_direct(target)
        except SlackError:
            raise SlackError("channel_not_found") from None
    else:
        channel = workspace.channel_named(target)
    open_to_bot(channel)
    content = message_content(arguments, MOST_TEXT_POSTED)
    thread_ts = arguments.get("thread_ts")
    if thread_ts is not None:
        thread_ts = _thread(workspace, channel.channel_id, thread_ts)
        if truth(arguments, "reply_broadcast"):
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
    channel = workspace.channel(required(arguments, "channel"))
    ts = required(arguments, "ts")
    old = workspace.message(channel.channel_id, ts)
    if old.body.get("bot_id") != BOT_ID:
        raise SlackError("cant_update_message")
    open_to_bot(channel)
    content: Json = {}
    if arguments.get("text") is not None or arguments.get("blocks") is not None:
        content = message_content(arguments, MOST_TEXT_UPDATED)
        if not content.get("blocks"):
            content["edited"] = {"user": BOT_USER_ID, "ts": workspace.new_ts()}
    elif arguments.get("metadata"):
        content = {"metadata": _metadata(arguments["metadata"])}
    else:
        raise SlackError("no_text")
    message = workspace.change(channel.channel_id, ts, lambda body: replaced(body, content))
    return {"channel": channel.channel_id, "ts": ts, "text": message.text, "message": message.body}


def replaced(body: Json, content: Json) -> Json:
    if "text" in content:
        body.pop("blocks", None)
        body.pop("edited", None)
    return {**body, **content}


def post_ephemeral(workspace: Workspace, arguments: Json) -> Json:
    """``chat.postEphemeral``: to one person, who must be in the channel."""
    channel = open_to_bot(workspace.channel_named(required(arguments, "channel")))
    user = required(arguments, "user")
    try:
        present = workspace.sees(user, channel)
    except SlackError:
        present = False
    if not present:
        raise SlackError("user_not_in_channel")
    content = message_content({**arguments, "metadata": None}, MOST_TEXT_POSTED)
    thread_ts = arguments.get("thread_ts")
    shown = workspace.post_ephemeral(channel.channel_id, user, content, None if thread_ts is None else str(thread_ts))
    return {"message_ts": shown.ts}
