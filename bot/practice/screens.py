"""What is on people's screens, and what opens it: triggers, response addresses, modals and Home tabs."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .shapes import Json, SlackError, View, new_id, with_ids

TRIGGER_SECONDS = 3.0
"""How long a trigger is good for (Slack docs, surfaces/modals)."""
RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 1800.0
MOST_VIEWS_STACKED = 3

VIEW_TABLE = """
CREATE TABLE IF NOT EXISTS view (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, hash TEXT NOT NULL, root TEXT NOT NULL, previous TEXT
);
CREATE INDEX IF NOT EXISTS view_of_person ON view (person, kind);
"""


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


class Screens:
    """The part of a workspace that people look at. One lock guards it, as it guards the rest of the workspace."""

    def __init__(self, database: sqlite3.Connection, lock: threading.RLock, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._lock = lock
        self._database = database
        self._triggers: dict[str, _Trigger] = {}
        self._responses: dict[str, _ResponseAddress] = {}
        self._typed: dict[tuple[str, str], Json] = {}

    # --- triggers and response addresses ------------------------------------------------------------------------

    def new_trigger(self, user_id: str) -> str:
        """A trigger for one press of one person, good for three seconds."""
        with self._lock:
            now = self.clock()
            triggers = self._triggers
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
            trigger = self._triggers.get(trigger_id) if isinstance(trigger_id, str) else None
            if trigger is None:
                raise SlackError("invalid_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            if self.clock() > trigger.until:
                raise SlackError("expired_trigger_id")
            return trigger.person

    def spoil_triggers(self, user_id: str) -> None:
        """Every trigger of this person is too old at once, as when the app took too long."""
        with self._lock:
            for trigger in self._triggers.values():
                if trigger.person == user_id:
                    trigger.until = self.clock() - 1

    def new_response(self, user_id: str, channel_id: str, ts: str) -> str:
        """The secret end of a response_url: five uses, thirty minutes."""
        with self._lock:
            now = self.clock()
            responses = self._responses
            for stale in [one for one, response in responses.items() if response.until < now]:
                del responses[stale]
            token = secrets.token_urlsafe(24)
            responses[token] = _ResponseAddress(user_id, channel_id, ts, now + RESPONSE_URL_SECONDS)
            return token

    def use_response(self, token: str) -> ResponseTarget:
        """Where a response_url leads. Raises SlackError ``used_url`` or ``expired_url``."""
        with self._lock:
            response = self._responses.get(token)
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
            self._triggers[trigger_id].used = True
            self.close_all(person)
            return self._add_view(person, "modal", body, previous=None)

    def push_with_trigger(self, trigger_id: object, body: Json) -> View:
        """Put a modal on top of the one that the press was made in; the trigger is spent.

        Raises SlackError as :meth:`open_with_trigger` and :meth:`push`, and ``not_found`` where no modal is open.
        """
        with self._lock:
            stack = self.open_views(self.person_of_trigger(trigger_id))
            if not stack:
                raise SlackError("not_found")
            pushed = self.push(stack[-1], body)
            assert isinstance(trigger_id, str)  # noqa: S101 (person_of_trigger refuses all else)
            self._triggers[trigger_id].used = True
            return pushed

    def push(self, on: View, body: Json) -> View:
        """Put a modal on top of another. Raises SlackError ``push_limit_reached`` at the fourth."""
        with self._lock:
            if len(self.open_views(on.person)) >= MOST_VIEWS_STACKED:
                raise SlackError("push_limit_reached")
            self._refuse_taken_external_id(body, None)
            return self._add_view(on.person, "modal", body, previous=on)

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
            for view in self._views("id = ? AND kind = 'modal'", view_id):
                self.forget(view.person, view_id)
                self._database.execute("DELETE FROM view WHERE id = ?", (view_id,))

    def close_all(self, user_id: str) -> None:
        """Close every modal that a person has open."""
        with self._lock:
            for view in self.open_views(user_id):
                self.close_view(view.view_id)

    # --- what was typed -----------------------------------------------------------------------------------------

    def remember(self, user_id: str, place: str, typed: Json) -> None:
        """Keep what stands in the inputs of a view or message on this person's screen, by block_id and action_id."""
        with self._lock:
            self._typed[user_id, place] = typed

    def typed(self, user_id: str, place: str) -> Json:
        """What this person has left in the inputs of a view or message."""
        with self._lock:
            return self._typed.get((user_id, place), {})

    def forget(self, user_id: str, place: str) -> None:
        """The form is gone, and what was typed into it."""
        with self._lock:
            self._typed.pop((user_id, place), None)

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
