"""The practice workspace: its people, channels, messages, open modals and Home tabs.

The state is one small SQLite database, in a file (so that messages outlive a restart of the desk, whose record keeps
channel and ts) or in memory. One lock guards it; every public function is one step that other threads see whole.
What Slack forgets as well (triggers, response addresses, ephemeral messages) is kept in memory only.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .faults import FaultQueue, MethodLimit, PostingLimit
from .screens import VIEW_TABLE, ResponseTarget, Screens
from .shapes import (
    APP_ID,
    BOT_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Installation,
    Json,
    Message,
    PracticeChannel,
    PracticePerson,
    Shortcut,
    SlackError,
    View,
    new_id,
    with_ids,
)

__all__ = [
    "APP_ID",
    "BOT_ID",
    "BOT_USER_ID",
    "TEAM_DOMAIN",
    "TEAM_ID",
    "Installation",
    "Json",
    "Message",
    "PracticeChannel",
    "PracticePerson",
    "ResponseTarget",
    "Shortcut",
    "SlackError",
    "Standing",
    "View",
    "Workspace",
    "new_id",
]

MOST_EPHEMERALS = 20
"""How many private messages a person is shown per channel before the oldest goes."""

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
    channel TEXT NOT NULL, ts TEXT NOT NULL, thread_ts TEXT, body TEXT NOT NULL, PRIMARY KEY (channel, ts)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS direct (channel TEXT PRIMARY KEY, person TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS standing (person TEXT PRIMARY KEY, body TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Standing:
    """How somebody stands in the workspace, which a person trying the desk may change."""

    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = True
    team_id: str = TEAM_ID


class Workspace(Screens):
    """A Slack workspace small enough to read.

    ``people`` and ``channels`` are given by whoever builds it, ``path`` is its SQLite file (None: memory), ``clock``
    gives seconds since 1970, ``installation`` says what the app may do and offers here. ``faults`` says what goes wrong
    next; the limits are off until :meth:`limit_rates`.
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
        installation: Installation | None = None,
    ) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=10
        )
        super().__init__(database, threading.RLock(), clock)
        self.installation = installation or Installation()
        self.team_name = team_name
        self.app_name = app_name
        self.faults = FaultQueue()
        self.posting_limit: PostingLimit | None = None
        self.method_limit: MethodLimit | None = None
        self._away_until: float | None = None
        self._people = {person.user_id: person for person in people}
        self._channels = {channel.channel_id: channel for channel in channels}
        self._ephemerals: dict[tuple[str, str], list[Message]] = {}
        self._moved = threading.Condition(self._lock)
        self._moves = 0
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES + VIEW_TABLE)
        self._last_micro = self._latest_micro()
        self._recall_standings()

    def close(self) -> None:
        """Close the file; the workspace cannot be used afterwards."""
        with self._lock:
            self._database.close()

    # --- being away, and limits ---------------------------------------------------------------------------------

    def go_away(self, seconds: float) -> None:
        """Slack is down for so many seconds: every call and socket is cut off, and nobody can press anything."""
        self._away_until = self.clock() + seconds

    def come_back(self) -> None:
        """Slack is up again."""
        self._away_until = None

    @property
    def away_until(self) -> float | None:
        """When Slack comes back (seconds since 1970), None if it is up."""
        until = self._away_until
        return until if until is not None and until > self.clock() else None

    def limit_rates(self, *, limited: bool = True) -> None:
        """Keep to Slack's rate limits from now on: about one post a second a channel, and each method's own tier."""
        self.posting_limit = PostingLimit(self.clock) if limited else None
        self.method_limit = MethodLimit(self.clock) if limited else None

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

    def put_standing(self, user_id: str, standing: Standing) -> PracticePerson:
        """Deactivate somebody, make them a guest or a stranger, or a member again; it outlives a restart.

        Whoever was in the open channels stays in them, as Slack lets an admin choose. Raises ``user_not_found``.
        """
        with self._lock:
            changed = replace(self.person(user_id), **asdict(standing), in_open_channels=True)
            self._people[user_id] = changed
            self._database.execute(
                "INSERT OR REPLACE INTO standing (person, body) VALUES (?, ?)",
                (user_id, json.dumps({**asdict(standing), "in_open_channels": True})),
            )
            return changed

    def _recall_standings(self) -> None:
        for user_id, body in self._database.execute("SELECT person, body FROM standing").fetchall():
            if user_id in self._people:
                self._people[user_id] = replace(self._people[user_id], **json.loads(body))

    def put_channel(self, channel: PracticeChannel) -> None:
        """Add a channel, or change one (archive it, take the bot out)."""
        with self._lock:
            self._channels[channel.channel_id] = channel

    @property
    def channels(self) -> tuple[PracticeChannel, ...]:
        """Every channel that is not somebody's direct messages, in the order given."""
        with self._lock:
            return tuple(self._channels.values())

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
            return person.in_open_channels or not (
                person.is_restricted or person.is_ultra_restricted or person.is_stranger
            )
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

    def publish(self, user_id: str, body: Json, expected_hash: str | None = None) -> View:
        """Replace a person's Home tab. Raises SlackError ``hash_conflict`` if it changed since."""
        with self._lock:
            self.person(user_id)
            old = self.home(user_id)
            if old is None:
                return self._add_view(user_id, "home", body, previous=None)
            return self.replace(old, body, expected_hash)

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

    def post(self, channel_id: str, content: Json, thread_ts: str | None = None, author: str = BOT_USER_ID) -> Message:
        """Put a message of the bot, or of the person ``author``, into a channel: its text, blocks and metadata."""
        with self._lock:
            while True:
                ts = self.new_ts()
                body = self._message_body(ts, content, author)
                if thread_ts is not None:
                    body["thread_ts"] = thread_ts
                added = self._database.execute(
                    "INSERT OR IGNORE INTO message (channel, ts, thread_ts, body) VALUES (?, ?, ?, ?)",
                    (channel_id, ts, thread_ts, json.dumps(body)),
                )
                if added.rowcount:  # else a second process with the same file took this very microsecond
                    self._note_move()
                    return Message(channel_id, ts, thread_ts, body)

    def _message_body(self, ts: str, content: Json, author: str = BOT_USER_ID) -> Json:
        ours = {"bot_id": BOT_ID, "app_id": APP_ID} if author == BOT_USER_ID else {}
        body = {"type": "message", "user": author, **ours, "team": TEAM_ID, "ts": ts, **content}
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
            self._note_move()
            return Message(channel_id, ts, old.thread_ts, body)

    @property
    def moves(self) -> int:
        """How often a message was posted or changed through this process: for :meth:`wait_for_move`."""
        return self._moves

    def wait_for_move(self, since: int, seconds: float) -> bool:
        """Wait until a message was posted or changed after ``since`` moves, ``seconds`` at most. Answers whether."""
        with self._moved:
            return self._moved.wait_for(lambda: self._moves > since, seconds)

    def _note_move(self) -> None:
        self._moves += 1
        self._moved.notify_all()

    def remove(self, channel_id: str, ts: str) -> None:
        """Delete a message, if it is there."""
        with self._lock:
            self._database.execute("DELETE FROM message WHERE channel = ? AND ts = ?", (channel_id, ts))

    def post_ephemeral(self, channel_id: str, user_id: str, content: Json, thread_ts: str | None = None) -> Message:
        """Show a message to one person only."""
        with self._lock:
            ts = self.new_ts()
            shown = Message(channel_id, ts, thread_ts, self._message_body(ts, content))
            kept = self._ephemerals.setdefault((channel_id, user_id), [])
            kept.append(shown)
            del kept[:-MOST_EPHEMERALS]
            self._note_move()
            return shown

    def ephemerals(self, channel_id: str, user_id: str) -> list[Message]:
        """What only this person was shown in a channel, oldest first."""
        with self._lock:
            return list(self._ephemerals.get((channel_id, user_id), ()))

    def dismiss_ephemerals(self, channel_id: str, user_id: str) -> None:
        """The person has read what only they were shown."""
        with self._lock:
            self._ephemerals.pop((channel_id, user_id), None)


def _message(row: tuple[str, str, str | None, str]) -> Message:
    return Message(row[0], row[1], row[2], json.loads(row[3]))
