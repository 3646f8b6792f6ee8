"""A request of Slack's is run once, on whichever transport and in whichever process it comes again."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from slack_bolt import App, BoltRequest

from bot.presser import FAILED
from bot.repeats import Answer, Repeats
from core.office import Office

_log = logging.getLogger(__name__)

PLAIN: Final = "text/plain; charset=utf-8"
_ID = re.compile(r"[0-9A-Za-z_.:-]{1,100}", re.ASCII)


class Once:
    """Hands requests to bolt, each once. A repeated one gets the answer that was given; one that failed runs again."""

    def __init__(self, app: App, office: Office) -> None:
        self._app = app
        self._office = office
        self._repeats = Repeats(office.sessions)

    def answered(self, key: str, raw: bytes, asked: BoltRequest) -> Answer:
        """The answer to what was asked. `key` tells its repetitions, `raw` is what came. 503 where something broke."""
        try:
            earlier = self._repeats.begin(key, hashlib.sha256(raw).hexdigest(), now=self._office.clock())
        except Exception:  # noqa: BLE001 - the edge: the record is away; Slack sends events again later
            return _fault("a request from Slack could not be taken down")
        if earlier is not None:
            return earlier
        try:
            given = self._app.dispatch(asked)
        except Exception:  # noqa: BLE001 - the edge: a fault before any listener, for these catch their own
            self._repeats.forget(key)
            return _fault("bolt broke down")
        if given.status >= 500:
            self._repeats.forget(key)  # bolt has caught and logged it
            return Answer(503, "Something went wrong.\n", PLAIN)
        answer = Answer(given.status, str(given.body or ""), str(given.first_headers().get("content-type", PLAIN)))
        if asked.context.get(FAILED) or answer.status >= 400:
            self._repeats.forget(key)
        else:
            self._repeats.finish(key, answer)
        return answer


def key_of(payload: Mapping[str, Any], otherwise: str) -> str:
    """An event by its id, the same in each of Slack's retries and on both transports; else by `otherwise`."""
    event_id = payload.get("event_id")
    if payload.get("type") == "event_callback" and is_id(event_id):
        return f"event:{event_id}"
    return otherwise


def is_id(said: object) -> bool:
    """Whether something can be one of Slack's ids, and so part of a key."""
    return isinstance(said, str) and _ID.fullmatch(said) is not None


def _fault(what: str) -> Answer:
    reference = secrets.token_hex(4)
    _log.exception("fault %s: %s", reference, what)
    return Answer(503, f"Something went wrong (fault {reference}).\n", PLAIN)
