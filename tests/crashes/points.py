"""Where a process can die: around every SQL statement, every commit, every call of Slack's, every mail, every step.

A point is passed once before and once after each of these. A process that is told to die at its k-th point ends there
and then, as with a power cut to the process: nothing is closed, no handler runs, no thread is waited for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from sqlalchemy import Engine, event

from scheduler.mail import Mail, Sender

CRASHED = 70
"""The exit status of a process that died at a point."""


class Points:
    """Names the points that a process passes in one act, and ends it at the one that it is told to die at.

    `last_words` is given the name of that point just before the end.
    """

    def __init__(self, last_words: Callable[[str], None]) -> None:
        self.passed: list[str] = []
        self._last_words = last_words
        self._die_at: int | None = None
        self._statements = 1
        self._statements_passed = 0

    def begin(self, die_at: int | None, *, statements: int) -> None:
        """Begin with the first. `die_at` None lets the process live.

        Of the points beside statements only every `statements`-th counts; commits, calls, mails and steps all do.
        """
        self.passed = []
        self._statements_passed = 0
        self._die_at, self._statements = die_at, statements

    def at(self, name: str) -> None:
        """A point. Also the checkpoint of a delivery and of a sweep."""
        self.passed.append(name)
        if len(self.passed) == self._die_at:
            self._last_words(name)
            os._exit(CRASHED)

    def _at_statement(self, name: str) -> None:
        self._statements_passed += 1
        if self._statements_passed % self._statements == 0:
            self.at(name)

    def watch_record(self, engine: Engine) -> None:
        """Points around every statement that is sent on this engine, and around every commit."""

        @event.listens_for(engine, "before_cursor_execute")
        def before(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            self._at_statement(f"before {_short(statement)}")

        @event.listens_for(engine, "after_cursor_execute")
        def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            self._at_statement(f"after {_short(statement)}")

        commit = engine.dialect.do_commit  # SQLAlchemy has an event before a commit, and none after one

        def watched(connection: Any) -> None:
            self.at("before a commit")
            commit(connection)
            self.at("after a commit")

        vars(engine.dialect)["do_commit"] = watched


def _short(statement: str) -> str:
    return " ".join(statement.split())[:80]


class WatchedSlack(WebClient):
    """A Slack client with a point before and after each call."""

    def __init__(self, points: Points, **options: Any) -> None:
        super().__init__(**options)
        self.points = points

    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:
        """Call a method of Slack's."""
        self.points.at(f"before {api_method}")
        answer = super().api_call(api_method, **arguments)
        self.points.at(f"after {api_method}")
        return answer


class WatchedSender:
    """A sender of mail with a point before and after each mail; `handed` is told the Message-ID of each in between."""

    def __init__(self, sender: Callable[[], Sender], points: Points, handed: Callable[[str], None]) -> None:
        self._sender = sender
        self._points = points
        self._handed = handed
        self.name = sender().name
        self.tells_later = sender().tells_later

    def find(self, mail: Mail) -> bool:
        """Ask whether a mail was handed over."""
        return self._sender().find(mail)

    def send(self, mail: Mail) -> None:
        """Hand a mail over."""
        self._points.at(f"before the mail {mail.subject}")
        self._sender().send(mail)
        self._handed(mail.message_id)
        self._points.at(f"after the mail {mail.subject}")
