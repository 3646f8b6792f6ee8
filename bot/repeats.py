"""Requests that Slack, or somebody who listened in, sends again: they get the answer already given; nothing is run.

A row by the request's key is written before the work begins, and gets the answer when it ends. The unique key is the
guard, on whichever of several processes the repetition lands.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from core import guarded
from core.records import Idempotency

_log = logging.getLogger(__name__)

SCOPE: Final = "slack"
AT_WORK: Final = 0
"""The status of a row whose request has no answer yet."""

ABANDONED = timedelta(seconds=60)
"""A request without an answer for so long died with its process: a repetition of it runs."""

KEPT = timedelta(days=1)
"""How long answers are kept. Slack repeats an event for some six minutes; a signature is good for five."""


@dataclass(frozen=True)
class Answer:
    """What was answered to a request."""

    status: int
    body: str
    content_type: str


IN_PROGRESS = Answer(200, "", "text/plain; charset=utf-8")
"""What a repetition gets while the first is still at work."""


class Repeats:
    """The memory of requests and their answers, in the record's own database."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def begin(self, key: str, body_hash: str, *, now: datetime) -> Answer | None:
        """None if this request is new and the caller's to answer; otherwise the answer to give again."""
        try:
            with self._sessions.begin() as session:
                session.add(
                    Idempotency(scope=SCOPE, key=key, body_hash=body_hash, status=AT_WORK, answer={}, made_at=now)
                )
            return None
        except IntegrityError:
            return self._again(key, now)

    def _again(self, key: str, now: datetime) -> Answer | None:
        with self._sessions.begin() as session:
            mine = Idempotency.scope == SCOPE, Idempotency.key == key
            given_up = Idempotency.status == AT_WORK, Idempotency.made_at < now - ABANDONED
            taken_over = update(Idempotency).where(*mine, *given_up).values(made_at=now)
            if guarded.rows_changed(session, taken_over.execution_options(synchronize_session=False)):
                return None
            row = session.scalars(
                select(Idempotency).where(Idempotency.scope == SCOPE, Idempotency.key == key)
            ).one_or_none()
            if row is None or row.status == AT_WORK:
                return IN_PROGRESS
            return Answer(row.status, str(row.answer["body"]), str(row.answer["content_type"]))

    def finish(self, key: str, answer: Answer) -> None:
        """Keep the answer, to be given again. A fault here is logged: what was answered was answered."""
        try:
            with self._sessions.begin() as session:
                session.execute(
                    update(Idempotency)
                    .where(Idempotency.scope == SCOPE, Idempotency.key == key)
                    .values(status=answer.status, answer={"body": answer.body, "content_type": answer.content_type})
                    .execution_options(synchronize_session=False)
                )
        except Exception:  # noqa: BLE001 - the work is done and committed; its answer must go out
            _log.exception("an answer to Slack could not be kept")

    def forget(self, key: str) -> None:
        """The request failed: if it comes again, it is run again."""
        try:
            with self._sessions.begin() as session:
                session.execute(delete(Idempotency).where(Idempotency.scope == SCOPE, Idempotency.key == key))
        except Exception:  # noqa: BLE001 - the row is taken over when it counts as abandoned
            _log.exception("a failed request from Slack could not be forgotten")


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete the answers that nobody can ask for any more. For a job that tidies up; the caller commits."""
    session.execute(delete(Idempotency).where(Idempotency.scope == SCOPE, Idempotency.made_at < now - KEPT))
