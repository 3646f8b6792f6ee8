"""How what people do reaches the app: a signed request to its URL, or an envelope through one of its sockets.

While a socket is open everything goes through sockets, as in Slack an app is on one transport or the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from .faults import INTERACTIONS, Fault
from .request_url import Answer, Sealed, deliver, seal
from .shapes import Json
from .sockets import Sockets, new_envelope
from .workspace import Workspace

FORM = "application/x-www-form-urlencoded"


class Delivery:
    """The way to the app. ``request_url`` is asked each time, since the app may be listening only later."""

    def __init__(
        self, workspace: Workspace, signing_secret: str, request_url: Callable[[], str], sockets: Sockets
    ) -> None:
        self._workspace = workspace
        self._secret = signing_secret
        self._request_url = request_url
        self._sockets = sockets
        self._last: Sealed | None = None

    def interaction(self, person_id: str, payload: Json, times: int = 1) -> tuple[Answer, ...]:
        """A press, a submission or a shortcut: sent once and never again, unless ``times`` or a fault says so."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self._once(person_id, "interactive", payload, body, times)

    def command(self, person_id: str, fields: Mapping[str, str], times: int = 1) -> tuple[Answer, ...]:
        """A slash command."""
        return self._once(person_id, "slash_commands", dict(fields), urlencode(fields).encode(), times)

    def event(self, payload: Json, deliveries: int = 1) -> tuple[Answer, ...]:
        """An event. If it fails it is tried once more at once, as Slack does.

        ``deliveries`` above one repeats it with the marks of a retry though it was taken: the acknowledgement was lost.
        """
        body = json.dumps(payload).encode()
        answers: list[Answer] = []
        while True:
            fault = self._workspace.faults.take(INTERACTIONS)
            if fault is not None and fault.name == "twice":
                deliveries = max(deliveries, len(answers) + 2)
            reason = answers[-1].reason or ("http_timeout" if answers[-1].taken else "http_error") if answers else ""
            answers.append(self._event(payload, body, len(answers), reason, fault))
            unwanted = any(name.lower() == "x-slack-no-retry" for name in answers[-1].headers)
            failed_once = len(answers) == 1 and not answers[-1].taken and not unwanted
            if len(answers) >= deliveries and not failed_once:
                return tuple(answers)

    def replay(self) -> Answer | None:
        """Send the last signed request again, byte for byte with its old signature; None if there was none."""
        return None if self._last is None else deliver(self._request_url(), self._last)

    def _event(self, payload: Json, body: bytes, attempt: int, reason: str, fault: Fault | None) -> Answer:
        if self._cut_off(fault):
            return _nothing()
        if self._sockets.count:
            retry = (attempt, reason) if attempt else None
            answer = self._sockets.deliver("events_api", payload, answerable=False, retry=retry)
        else:
            extra = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
            (answer,) = self._post(body, "application/json", extra)
        return _lost(answer, fault)

    def _once(self, person_id: str, kind: str, payload: Json, body: bytes, times: int) -> tuple[Answer, ...]:
        fault = self._workspace.faults.take(INTERACTIONS)
        if self._cut_off(fault):
            return (_nothing(),)
        if fault is not None and fault.name == "twice":
            times = max(2, times)
        if fault is not None and fault.name == "late_trigger":
            self._workspace.spoil_triggers(person_id)
        if self._sockets.count:
            envelope_id = new_envelope()
            answers = [
                self._sockets.deliver(kind, payload, answerable=True, envelope_id=envelope_id) for _ in range(times)
            ]
        else:
            answers = self._post(body, FORM, {}, times)
        return tuple(_lost(answer, fault) for answer in answers)

    def _cut_off(self, fault: Fault | None) -> bool:
        return self._workspace.away_until is not None or (fault is not None and fault.name == "lose_request")

    def _post(self, body: bytes, content_type: str, extra: Mapping[str, str], times: int = 1) -> list[Answer]:
        sealed = seal(self._secret, body, content_type, clock=self._workspace.clock, extra=extra)
        self._last = sealed
        return [deliver(self._request_url(), sealed) for _ in range(times)]


def _nothing() -> Answer:
    return Answer(None, "", {}, 0.0, "connection_failed")


def _lost(answer: Answer, fault: Fault | None) -> Answer:
    if fault is None or fault.answers:
        return answer
    return Answer(None, "", {}, answer.seconds, "http_timeout")
