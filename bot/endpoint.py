"""Slack's one request URL. Size, type and signature are judged on the raw bytes, before anything is parsed.

bolt parses first and checks afterwards, answers some bad requests with 500, and runs a repeated request again; here
each of these ends before bolt is reached: 400 for what is malformed, 401 for what Slack did not sign.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from slack_bolt import App, BoltRequest
from werkzeug.exceptions import RequestEntityTooLarge

from bot.once import PLAIN, Once, key_of
from bot.shapes import Malformed, check_shape
from core.office import Office

MOST_BYTES = 1_000_000
"""The largest request that is read. Slack's own are far smaller: a view is at most 250 kB."""

TOLERANCE_SECONDS = 300
"""How far a request's time may be from ours, either way (Slack's own advice)."""

MOST_FORM_FIELDS = 100

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)


def blueprint(app: App, office: Office, signing_secret: str) -> Blueprint:
    """The blueprint for `POST /slack/events`.

    Slack sends no CSRF token and its signature covers the raw body: whoever mounts this must exempt it from CSRF
    checks, and read nothing of the request before.
    """
    door = Blueprint("slack", __name__)
    once = Once(app, office)

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
        return _answered(once, raw, payload)

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


def _answered(once: Once, raw: bytes, payload: dict[str, Any]) -> Response:
    """Hand a request that is Slack's to bolt, once, and answer; a repeated one gets the answer that was given."""
    asked = BoltRequest(body=raw.decode("utf-8"), query=request.query_string.decode("latin-1"), headers=_headers())
    answer = once.answered(key_of(payload, f"signature:{request.headers['X-Slack-Signature']}"), raw, asked)
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _headers() -> dict[str, str | Sequence[str]]:
    return dict(request.headers.items())


def _refused(status: int, reason: str) -> Response:
    return Response(f"{reason}\n", status, content_type=PLAIN)
