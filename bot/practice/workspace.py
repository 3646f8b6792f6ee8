"""The practice workspace: its people, channels, messages, open modals and Home tabs.

The state is one small SQLite database, in a file (so that messages outlive a restart of the desk, whose record keeps
channel and ts) or in memory. One lock guards it; every public function is one step that other threads see whole.
What Slack forgets as well (triggers, response addresses, ephemeral messages) is kept in memory only.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .block_rules import elements_of
from .faults import FaultQueue, PostingLimit

Json = dict[str, Any]

TEAM_ID = "TPRACTICE"
TEAM_DOMAIN = "practice"
APP_ID = "A0AWARDDESK"
BOT_ID = "B0AWARDDESK"
BOT_USER_ID = "U0AWARDDESK"
TRIGGER_SECONDS = 3.0
"""How long a trigger is good for (Slack docs, surfaces/modals)."""
RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 1800.0
MOST_VIEWS_STACKED = 3
MOST_EPHEMERALS = 20
"""How many private messages a person is shown per channel before the oldest goes."""

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
    channel TEXT NOT NULL, ts TEXT NOT NULL, thread_ts TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, ts)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS direct (channel TEXT PRIMARY KEY, person TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS view (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, hash TEXT NOT NULL, root TEXT NOT NULL, previous TEXT
);
CREATE INDEX IF NOT EXISTS view_of_person ON view (person, kind);
"""


class SlackError(Exception):
    """A refusal under Slack's own name for it, such as ``channel_not_found``."""

    def __init__(self, code: str, *messages: str) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages


@dataclass(frozen=True)
class PracticePerson:
    """Somebody in the workspace, as users.info tells of them."""

    user_id: str
    name: str
    title: str = ""
    email: str = ""
    time_zone: str = "Europe/London"
    team_id: str = TEAM_ID
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True

    @property
    def username(self) -> str:
        """The short name that Slack puts into ``user.name`` and ``user.username``."""
        return "".join(c if c.isalnum() else "." for c in self.name.lower()).strip(".")


@dataclass(frozen=True)
class PracticeChannel:
    """A channel, or the direct messages of one person with the bot (``direct_with``)."""

    channel_id: str
    name: str
    purpose: str = ""
    members: frozenset[str] | None = None
    """User ids; None means everybody but guests."""
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    bot_is_member: bool = True
    direct_with: str | None = None


@dataclass(frozen=True)
class Message:
    """A message in a channel; ``body`` is what Slack calls the message object, without thread counts."""

    channel: str
    ts: str
    thread_ts: str | None
    body: Json

    @property
    def text(self) -> str:
        """The top-level text, what notifications and screen readers are given."""
        return str(self.body.get("text", ""))

    @property
    def blocks(self) -> list[Json]:
        """The blocks, empty if the message has none."""
        blocks: list[Json] = self.body.get("blocks", [])
        return blocks


@dataclass(frozen=True)
class View:
    """A modal or Home tab of one person. ``body`` is what the app sent, with every id filled in."""

    view_id: str
    person: str
    kind: str
    body: Json
    hash: str
    root: str
    previous: str | None

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the view."""
        blocks: list[Json] = self.body["blocks"]
        return blocks

    def as_slack(self, values: Json | None = None) -> Json:
        """The view object that answers and payloads hold; ``values`` is what stands in its inputs."""
        return {
            "id": self.view_id,
            "team_id": TEAM_ID,
            "type": self.kind,
            "blocks": self.body["blocks"],
            "private_metadata": self.body.get("private_metadata", ""),
            "callback_id": self.body.get("callback_id", ""),
            "state": {"values": values or {}},
            "hash": self.hash,
            "title": self.body.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": self.body.get("clear_on_close", False),
            "notify_on_close": self.body.get("notify_on_close", False),
            "close": self.body.get("close"),
            "submit": self.body.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "external_id": self.body.get("external_id", ""),
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


@dataclass
class _Trigger:
    person: str
    until: float
    used: bool = False


@dataclass
class _ResponseAddress:
    person: str
    channel: str
    ts: str
    until: float
    uses: int = 0


@dataclass(frozen=True)
class ResponseTarget:
    """Where an answer to a response_url goes."""

    person: str
    channel: str
    ts: str


@dataclass
class _Forgotten:
    """What Slack does not keep either."""

    triggers: dict[str, _Trigger] = field(default_factory=dict)
    responses: dict[str, _ResponseAddress] = field(default_factory=dict)
    ephemerals: dict[tuple[str, str], list[Message]] = field(default_factory=dict)


class Workspace:
    """A Slack workspace small enough to read.

    ``people`` and ``channels`` are given by whoever builds it, ``path`` is its SQLite file (None: memory), ``clock``
    gives seconds since 1970. ``faults`` says what goes wrong next; ``posting_limit`` is off unless one is set.
    """

    def __init__(
        self,
        people: Iterable[PracticePerson],
        channels: Iterable[PracticeChannel],
        *,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
        team_name: str = "Practice office",
        app_name: str = "Award Desk",
    ) -> None:
        self.clock = clock
        self.team_name = team_name
        self.app_name = app_name
        self.faults = FaultQueue()
        self.posting_limit: PostingLimit | None = None
        self._lock = threading.RLock()
        self._people = {person.user_id: person for person in people}
        self._channels = {channel.channel_id: channel for channel in channels}
        self._memory = _Forgotten()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=10
        )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)
        self._last_micro = self._latest_micro()

    def close(self) -> None:
        """Close the file; the workspace cannot be used afterwards."""
        with self._lock:
            self._database.close()

    # --- people and channels ------------------------------------------------------------------------------------

    @property
    def people(self) -> tuple[PracticePerson, ...]:
        """Everybody, in the order given."""
        with self._lock:
            return tuple(self._people.values())

    def person(self, user_id: str) -> PracticePerson:
        """One person. Raises SlackError ``user_not_found``."""
        with self._lock:
            try:
                return self._people[user_id]
            except KeyError:
                raise SlackError("user_not_found") from None

    def put_person(self, person: PracticePerson) -> None:
        """Add somebody, or change what is known of them (deactivate them, make them a guest)."""
        with self._lock:
            self._people[person.user_id] = person

    def put_channel(self, channel: PracticeChannel) -> None:
        """Add a channel, or change one (archive it, take the bot out)."""
        with self._lock:
            self._channels[channel.channel_id] = channel

    def channel(self, channel_id: str) -> PracticeChannel:
        """A channel or an opened direct conversation, by id. Raises SlackError ``channel_not_found``."""
        with self._lock:
            known = self._channels.get(channel_id)
            if known is not None:
                return known
            row = self._database.execute("SELECT person FROM direct WHERE channel = ?", (channel_id,)).fetchone()
            if row is None:
                raise SlackError("channel_not_found")
            person = row[0]
            return PracticeChannel(
                channel_id, name="directmessage", members=frozenset({person}), is_private=True, direct_with=person
            )

    def channel_named(self, name: str) -> PracticeChannel:
        """A channel by id, or by its name with or without ``#``. Raises SlackError ``channel_not_found``."""
        with self._lock:
            for channel in self._channels.values():
                if channel.name == name.removeprefix("#"):
                    return channel
            return self.channel(name)

    def channels_of(self, user_id: str) -> tuple[PracticeChannel, ...]:
        """The channels that a person sees, then their direct messages with the bot if there are any."""
        with self._lock:
            seen = [channel for channel in self._channels.values() if self.sees(user_id, channel)]
            row = self._database.execute("SELECT channel FROM direct WHERE person = ?", (user_id,)).fetchone()
            if row is not None:
                seen.append(self.channel(row[0]))
            return tuple(seen)

    def sees(self, user_id: str, channel: PracticeChannel) -> bool:
        """Whether a person is in a channel."""
        person = self.person(user_id)
        if person.deleted:
            return False
        if channel.members is None:
            return not (person.is_restricted or person.is_ultra_restricted)
        return user_id in channel.members

    def open_direct(self, user_id: str) -> PracticeChannel:
        """The conversation of the bot with one person, opened if it was not. Raises ``user_not_found``."""
        with self._lock:
            self.person(user_id)
            self._database.execute(
                "INSERT OR IGNORE INTO direct (channel, person) VALUES (?, ?)", ("D" + user_id[1:], user_id)
            )
            row = self._database.execute("SELECT channel FROM direct WHERE person = ?", (user_id,)).fetchone()
            return self.channel(row[0])

    # --- messages -----------------------------------------------------------------------------------------------

    def new_ts(self) -> str:
        """A message time, later than every one before it, as ``1700000000.000100``."""
        with self._lock:
            self._last_micro = max(int(self.clock() * 1_000_000), self._last_micro + 1)
            seconds, micro = divmod(self._last_micro, 1_000_000)
            return f"{seconds:010d}.{micro:06d}"

    def _latest_micro(self) -> int:
        row = self._database.execute("SELECT max(ts) FROM message").fetchone()
        return int(row[0].replace(".", "")) if row[0] else 0

    def post(self, channel_id: str, content: Json, thread_ts: str | None = None) -> Message:
        """Put a message of the bot into a channel. ``content`` holds text, blocks and metadata."""
        with self._lock:
            while True:
                ts = self.new_ts()
                body = self._message_body(ts, content)
                if thread_ts is not None:
                    body["thread_ts"] = thread_ts
                added = self._database.execute(
                    "INSERT OR IGNORE INTO message (channel, ts, thread_ts, body) VALUES (?, ?, ?, ?)",
                    (channel_id, ts, thread_ts, json.dumps(body)),
                )
                if added.rowcount:  # else a second process with the same file took this very microsecond
                    return Message(channel_id, ts, thread_ts, body)

    def _message_body(self, ts: str, content: Json) -> Json:
        body = {
            "type": "message",
            "user": BOT_USER_ID,
            "bot_id": BOT_ID,
            "app_id": APP_ID,
            "team": TEAM_ID,
            "ts": ts,
            **content,
        }
        if "blocks" in body:
            body["blocks"] = with_ids(body["blocks"])
        return body

    def message(self, channel_id: str, ts: str) -> Message:
        """One message. Raises SlackError ``message_not_found``."""
        with self._lock:
            row = self._database.execute(
                "SELECT channel, ts, thread_ts, body FROM message WHERE channel = ? AND ts = ?", (channel_id, ts)
            ).fetchone()
            if row is None:
                raise SlackError("message_not_found")
            return _message(row)

    def messages(self, channel_id: str) -> list[Message]:
        """Every message of a channel, thread replies among them, oldest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT channel, ts, thread_ts, body FROM message WHERE channel = ? ORDER BY ts", (channel_id,)
            ).fetchall()
            return [_message(row) for row in rows]

    def change(self, channel_id: str, ts: str, edit: Callable[[Json], Json]) -> Message:
        """Replace a message by what ``edit`` makes of it. Raises SlackError ``message_not_found``."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                old = self.message(channel_id, ts)
                body = edit(dict(old.body))
                if "blocks" in body:
                    body["blocks"] = with_ids(body["blocks"])
                self._database.execute(
                    "UPDATE message SET body = ? WHERE channel = ? AND ts = ?", (json.dumps(body), channel_id, ts)
                )
            return Message(channel_id, ts, old.thread_ts, body)

    def remove(self, channel_id: str, ts: str) -> None:
        """Delete a message, if it is there."""
        with self._lock:
            self._database.execute("DELETE FROM message WHERE channel = ? AND ts = ?", (channel_id, ts))

    def post_ephemeral(self, channel_id: str, user_id: str, content: Json, thread_ts: str | None = None) -> Message:
        """Show a message to one person only."""
        with self._lock:
            ts = self.new_ts()
            shown = Message(channel_id, ts, thread_ts, self._message_body(ts, content))
            kept = self._memory.ephemerals.setdefault((channel_id, user_id), [])
            kept.append(shown)
            del kept[:-MOST_EPHEMERALS]
            return shown

    def ephemerals(self, channel_id: str, user_id: str) -> list[Message]:
        """What only this person was shown in a channel, oldest first."""
        with self._lock:
            return list(self._memory.ephemerals.get((channel_id, user_id), ()))

    def dismiss_ephemerals(self, channel_id: str, user_id: str) -> None:
        """The person has read what only they were shown."""
        with self._lock:
            self._memory.ephemerals.pop((channel_id, user_id), None)

    # --- triggers and response addresses ------------------------------------------------------------------------

    def new_trigger(self, user_id: str) -> str:
        """A trigger for one press of one person, good for three seconds."""
        with self._lock:
            now = self.clock()
            triggers = self._memory.triggers
            for stale in [one for one, trigger in triggers.items() if trigger.until < now - 600]:
                del triggers[stale]
            trigger_id = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
            triggers[trigger_id] = _Trigger(user_id, now + TRIGGER_SECONDS)
            return trigger_id

    def person_of_trigger(self, trigger_id: object) -> str:
        """Whose press a live trigger belongs to; it stays live until a view is opened with it.

        Raises SlackError ``invalid_trigger_id``, ``exchanged_trigger_id`` or ``expired_trigger_id``.
        """
        with self._lock:
            trigger = self._memory.triggers.get(trigger_id) if isinstance(trigger_id, str) else None
            if trigger is None:
                raise SlackError("invalid_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            if self.clock() > trigger.until:
                raise SlackError("expired_trigger_id")
            return trigger.person

    def new_response(self, user_id: str, channel_id: str, ts: str) -> str:
        """The secret end of a response_url: five uses, thirty minutes."""
        with self._lock:
            now = self.clock()
            responses = self._memory.responses
            for stale in [one for one, response in responses.items() if response.until < now]:
                del responses[stale]
            token = secrets.token_urlsafe(24)
            responses[token] = _ResponseAddress(user_id, channel_id, ts, now + RESPONSE_URL_SECONDS)
            return token

    def use_response(self, token: str) -> ResponseTarget:
        """Where a response_url leads. Raises SlackError ``used_url`` or ``expired_url``."""
        with self._lock:
            response = self._memory.responses.get(token)
            if response is None or self.clock() > response.until:
                raise SlackError("expired_url")
            if response.uses >= RESPONSE_URL_USES:
                raise SlackError("used_url")
            response.uses += 1
            return ResponseTarget(response.person, response.channel, response.ts)

    # --- views --------------------------------------------------------------------------------------------------

    def open_with_trigger(self, trigger_id: object, body: Json) -> View:
        """Open a modal for whoever pressed; the trigger is spent. Any modal they had open goes."""
        with self._lock:
            person = self.person_of_trigger(trigger_id)
            assert isinstance(trigger_id, str)  # noqa: S101 (person_of_trigger refuses all else)
            self._refuse_taken_external_id(body, None)
            self._memory.triggers[trigger_id].used = True
            self.close_all(person)
            return self._add_view(person, "modal", body, previous=None)

    def push(self, on: View, body: Json) -> View:
        """Put a modal on top of another. Raises SlackError ``push_limit_reached`` at the fourth."""
        with self._lock:
            if len(self.open_views(on.person)) >= MOST_VIEWS_STACKED:
                raise SlackError("push_limit_reached")
            self._refuse_taken_external_id(body, None)
            return self._add_view(on.person, "modal", body, previous=on)

    def publish(self, user_id: str, body: Json, expected_hash: str | None = None) -> View:
        """Replace a person's Home tab. Raises SlackError ``hash_conflict`` if it changed since."""
        with self._lock:
            self.person(user_id)
            old = self.home(user_id)
            if old is None:
                return self._add_view(user_id, "home", body, previous=None)
            return self.replace(old, body, expected_hash)

    def replace(self, old: View, body: Json, expected_hash: str | None = None) -> View:
        """Give an open view new content. Raises SlackError ``hash_conflict`` or ``not_found``."""
        with self._lock:
            current = self.view(old.view_id)
            if expected_hash is not None and expected_hash != current.hash:
                raise SlackError("hash_conflict")
            self._refuse_taken_external_id(body, current.view_id)
            filled = {**body, "blocks": with_ids(body["blocks"])}
            self._database.execute(
                "UPDATE view SET body = ?, hash = ? WHERE id = ?",
                (json.dumps(filled), self._new_hash(), current.view_id),
            )
            return self.view(current.view_id)

    def view(self, view_id: str) -> View:
        """An open modal, or a Home tab, by id. Raises SlackError ``not_found``."""
        with self._lock:
            found = self._views("id = ?", view_id)
            if not found:
                raise SlackError("not_found")
            return found[0]

    def view_with_external_id(self, external_id: str) -> View:
        """An open view by the id that the app gave it. Raises SlackError ``not_found``."""
        with self._lock:
            found = [v for v in self._views() if v.body.get("external_id") == external_id]
            if not found:
                raise SlackError("not_found")
            return found[0]

    def open_views(self, user_id: str) -> list[View]:
        """The modals a person has open, the one on top last."""
        with self._lock:
            return self._views("person = ? AND kind = 'modal'", user_id)

    def home(self, user_id: str) -> View | None:
        """A person's Home tab, None if the app has published none."""
        with self._lock:
            found = self._views("person = ? AND kind = 'home'", user_id)
            return found[0] if found else None

    def close_view(self, view_id: str) -> None:
        """Close one modal; the one beneath is on top again."""
        with self._lock:
            self._database.execute("DELETE FROM view WHERE id = ? AND kind = 'modal'", (view_id,))

    def close_all(self, user_id: str) -> None:
        """Close every modal that a person has open."""
        with self._lock:
            self._database.execute("DELETE FROM view WHERE person = ? AND kind = 'modal'", (user_id,))

    def _views(self, where: str = "true", *values: str) -> list[View]:
        rows = self._database.execute(
            f"SELECT id, person, kind, body, hash, root, previous FROM view WHERE {where} ORDER BY number",  # noqa: S608
            values,
        ).fetchall()
        return [View(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5], row[6]) for row in rows]

    def _add_view(self, person: str, kind: str, body: Json, previous: View | None) -> View:
        view_id = "V0" + new_id(9)
        filled = {**body, "blocks": with_ids(body["blocks"])}
        self._database.execute(
            "INSERT INTO view (id, person, kind, body, hash, root, previous) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                view_id,
                person,
                kind,
                json.dumps(filled),
                self._new_hash(),
                previous.root if previous else view_id,
                previous.view_id if previous else None,
            ),
        )
        return self.view(view_id)

    def _new_hash(self) -> str:
        return f"{int(self.clock())}.{secrets.token_hex(4)}"

    def _refuse_taken_external_id(self, body: Json, view_id: str | None) -> None:
        external_id = body.get("external_id")
        if external_id and any(
            view.body.get("external_id") == external_id and view.view_id != view_id for view in self._views()
        ):
            raise SlackError("duplicate_external_id")


def new_id(length: int) -> str:
    """Random capitals and digits, the look of Slack's ids."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(length))


def with_ids(blocks: list[Json]) -> list[Json]:
    """The blocks with a block_id and an action_id wherever the app gave none, as Slack fills them in."""
    filled: list[Json] = json.loads(json.dumps(blocks))
    for block in filled:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return filled


def _message(row: tuple[str, str, str | None, str]) -> Message:
    return Message(row[0], row[1], row[2], json.loads(row[3]))
