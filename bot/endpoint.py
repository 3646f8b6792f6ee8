"""Slack's one request URL. Size, type and signature are judged on the raw bytes, before anything is parsed.

bolt parses first and checks afterwards, answers some bad requests with 500, and runs a repeated request again; here
each of these ends before bolt is reached: 400 for what is malformed, 401 for what Slack did not sign.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from slack_bolt import App, BoltRequest
from werkzeug.exceptions import RequestEntityTooLarge

from bot.presser import FAILED
from bot.repeats import Answer, Repeats
from core.office import Office

_log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
"""The largest request that is read. Slack's own are far smaller: a view is at most 250 kB."""

TOLERANCE_SECONDS = 300
"""How far a request's time may be from ours, either way (Slack's own advice)."""

MOST_FORM_FIELDS = 100

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_EVENT = re.compile(r"[0-9A-Za-z_.-]{1,100}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
_PLAIN = "text/plain; charset=utf-8"


class Malformed(ValueError):  # noqa: N818 - it names the case, as Refused does
    """A request that is none of Slack's shapes."""


def blueprint(app: App, office: Office, signing_secret: str) -> Blueprint:
    """The blueprint for `POST /slack/events`.

    Slack sends no CSRF token and its signature covers the raw body: whoever mounts this must exempt it from CSRF
    checks, and read nothing of the request before.
    """
    door = Blueprint("slack", __name__)
    repeats = Repeats(office.sessions)

    @door.post("/slack/events")
    def receive() -> Response:
        """Answer one request of Slack's."""
        try:
            raw = _raw_body()
        except Malformed as error:
            return _refused(400, str(error))
        if not is_signed(
            raw,
            signature=request.headers.get("X-Slack-Signature", ""),
            timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            secret=signing_secret,
            now=office.clock().timestamp(),
        ):
            return _refused(401, "This request was not signed by Slack.")
        try:
            payload = parsed(raw, request.mimetype)
            check_shape(payload)
        except Malformed as error:
            return _refused(400, str(error))
        return _answered(app, repeats, office, raw, payload)

    return door


def is_signed(raw: bytes, *, signature: str, timestamp: str, secret: str, now: float) -> bool:
    """Whether these bytes were signed with `secret` within the tolerance of `now` (seconds since 1970).

    An empty secret signs nothing: a desk that was not given one takes no request.
    """
    if not secret or not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp):
        return False
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={expected}", signature)


def parsed(raw: bytes, content_type: str) -> dict[str, Any]:
    """What the request says. Raises Malformed for anything but an object, or a form with one as its `payload`."""
    try:
        text = raw.decode("utf-8")
        if content_type == _JSON:
            return _object(text)
        form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FORM_FIELDS))
    except Malformed:
        raise
    except ValueError as error:  # bytes that are no UTF-8, fields that are no form
        raise Malformed("The body cannot be read.") from error
    if "payload" in form:
        return _object(form["payload"])
    if "command" in form or "ssl_check" in form:
        return dict(form)
    raise Malformed("The form holds no payload.")


def check_shape(payload: dict[str, Any]) -> None:
    """Raise Malformed where bolt would fall over the payload: it takes for granted what Slack documents."""
    for name in ("user", "team", "channel", "container", "message", "enterprise"):
        if not isinstance(payload.get(name), dict | None):
            raise Malformed(f"The payload's {name} is of the wrong kind.")
    kind = payload.get("type")
    if kind == "block_actions":
        actions = payload.get("actions")
        if not isinstance(actions, list) or not actions or not all(isinstance(one, dict) for one in actions):
            raise Malformed("The payload holds no action.")
        if not isinstance(actions[0].get("action_id"), str):
            raise Malformed("The action has no action_id.")
    elif kind in ("view_submission", "view_closed"):
        view = payload.get("view")
        if not isinstance(view, dict) or not all(isinstance(view.get(name), str) for name in ("callback_id", "type")):
            raise Malformed("The payload holds no view.")
        shown = view.get("blocks", [])
        if not isinstance(shown, list) or not all(isinstance(one, dict) for one in shown):
            raise Malformed("The view's blocks are of the wrong kind.")
    elif kind == "event_callback":
        event = payload.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise Malformed("The payload holds no event.")
        granted = payload.get("authorizations") or []
        if not isinstance(granted, list) or not all(isinstance(one, dict) for one in granted):
            raise Malformed("The event's authorizations are of the wrong kind.")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise Malformed("The body is not a JSON object.")
    return found


def _raw_body() -> bytes:
    if request.mimetype not in (_FORM, _JSON):
        raise Malformed(f"Send {_FORM} or {_JSON}.")
    request.max_content_length = MOST_BYTES
    try:
        return request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge as error:
        raise Malformed("The request is too large.") from error


def _answered(app: App, repeats: Repeats, office: Office, raw: bytes, payload: dict[str, Any]) -> Response:
    """Hand a request that is Slack's to bolt, once, and answer; a repeated one gets the answer that was given."""
    key = _key(payload)
    try:
        earlier = repeats.begin(key, hashlib.sha256(raw).hexdigest(), now=office.clock())
    except Exception:  # noqa: BLE001 - the edge: the record is away; Slack sends events again later
        return _refused(503, _fault("a request from Slack could not be taken down"))
    if earlier is not None:
        return _response(earlier)
    try:
        asked = BoltRequest(body=raw.decode("utf-8"), query=request.query_string.decode("latin-1"), headers=_headers())
        given = app.dispatch(asked)
    except Exception:  # noqa: BLE001 - the edge: a fault before any listener, for these catch their own
        repeats.forget(key)
        return _refused(503, _fault("bolt broke down"))
    if given.status >= 500:
        repeats.forget(key)  # bolt has caught and logged it
        return _refused(503, "Something went wrong.")
    content_type = given.first_headers().get("content-type", _PLAIN)
    answer = Answer(given.status, str(given.body or ""), str(content_type))
    if asked.context.get(FAILED) or answer.status >= 400:
        repeats.forget(key)
    else:
        repeats.finish(key, answer)
    return _response(answer)


def _key(payload: dict[str, Any]) -> str:
    """An event by its id, which is the same in each of Slack's retries; anything else by its signature."""
    event_id = payload.get("event_id")
    if payload.get("type") == "event_callback" and isinstance(event_id, str) and _EVENT.fullmatch(event_id):
        return f"event:{event_id}"
    return f"signature:{request.headers['X-Slack-Signature']}"


def _headers() -> dict[str, str | Sequence[str]]:
    return dict(request.headers.items())


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _refused(status: int, reason: str) -> Response:
    return Response(f"{reason}\n", status, content_type=_PLAIN)


def _fault(what: str) -> str:
    reference = secrets.token_hex(4)
    _log.exception("fault %s: %s", reference, what)
    return f"Something went wrong (fault {reference})."
