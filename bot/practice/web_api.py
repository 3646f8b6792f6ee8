"""Slack's Web API, as far as the desk calls it: one WSGI application for ``/api/<method>``.

Bodies come form-encoded or as JSON; tokens as a bearer or, in a form, as ``token``. Refusals carry Slack's own names.
Where Slack is lenient this is strict: text over 40,000 characters is refused with ``msg_too_long`` (Slack cuts it off),
and blocks with a property nobody knows with ``invalid_blocks``.
"""

from __future__ import annotations

import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.wrappers import Request, Response

from .chat_methods import MOST_TEXT_POSTED, message_content, replaced
from .faults import Fault
from .methods import METHODS
from .shapes import Json, SlackError
from .workspace import Workspace

MOST_BODY_BYTES = 1_000_000
OPEN_CONNECTION = "apps.connections.open"

_STRUCTURED = ("blocks", "view", "metadata", "attachments")


class WebApi:
    """The WSGI application. ``stopping`` ends every hang at once when the server stops.

    ``token`` is the bot's; ``app_token`` is good for ``apps.connections.open`` alone, which ``open_connection`` answers
    with an address for a socket.
    """

    def __init__(self, workspace: Workspace, token: str, app_token: str, open_connection: Callable[[], str]) -> None:
        self.workspace = workspace
        self.stopping = threading.Event()
        self._token = token
        self._app_token = app_token
        self._open_connection = open_connection

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request; a fault that loses the answer closes the connection instead."""
        request = Request(environ)
        request.max_content_length = MOST_BODY_BYTES
        path = request.path
        if self.workspace.away_until is not None:
            _hang_up(environ)
        if path.startswith("/actions/") and request.method == "POST":
            return self._respond_to_press(request, path.rpartition("/")[2])(environ, start_response)
        if not path.startswith("/api/"):
            return Response("Not found\n", 404)(environ, start_response)
        method = path.removeprefix("/api/").strip("/")
        fault = self.workspace.faults.take(method)
        response = self._answer(request, method) if fault is None or fault.acts else _spoilt(fault)
        if fault is not None:
            if fault.seconds:
                self.stopping.wait(fault.seconds)
            if not fault.answers:
                _hang_up(environ)
            if fault.body:
                response = Response(fault.body, content_type="text/html")
        return response(environ, start_response)

    def _answer(self, request: Request, name: str) -> Response:
        try:
            arguments = _arguments(request)
            for_app = self._authenticate(request, arguments)
            if for_app != (name == OPEN_CONNECTION):
                raise SlackError("not_allowed_token_type")
            wait = self._wait(name, arguments)
            if wait:
                return _spoilt(Fault.ratelimited(wait))
            if for_app:
                return _json({"ok": True, "url": self._open_connection()})
            method = METHODS.get(name)
            if method is None:
                raise SlackError("unknown_method")
            method.check_scope(self.workspace, arguments)
            response = _json({"ok": True, **method.run(self.workspace, arguments)})
        except SlackError as refusal:
            response = _json(_refusal(refusal))
        response.headers["x-oauth-scopes"] = ",".join(sorted(self.workspace.installation.scopes))
        return response

    def _wait(self, name: str, arguments: Json) -> int:
        """How many seconds the caller must wait, where the limits are kept to."""
        if name == "chat.postMessage" and self.workspace.posting_limit is not None:
            return self.workspace.posting_limit.retry_after(str(arguments.get("channel")))
        limit = self.workspace.method_limit
        return 0 if limit is None else limit.retry_after(name)

    def _authenticate(self, request: Request, arguments: Json) -> bool:
        """Whether the caller came with the app's own token rather than the bot's."""
        header = request.headers.get("Authorization", "")
        in_form = arguments.pop("token", "") if request.mimetype != "application/json" else ""
        given = str(header[7:].strip() if header[:7].lower() == "bearer " else in_form).encode()
        if not given:
            raise SlackError("not_authed")
        if hmac.compare_digest(given, self._app_token.encode()):
            if in_form:
                raise SlackError("not_allowed_token_type")
            return True
        if not hmac.compare_digest(given, self._token.encode()):
            raise SlackError("invalid_auth")
        return False

    def _respond_to_press(self, request: Request, token: str) -> Response:
        """What an app sends to a response_url: private unless it says ``in_channel``."""
        try:
            target = self.workspace.use_response(token)
            content = _arguments(request)
            if content.get("delete_original") is True:
                self.workspace.remove(target.channel, target.ts)
                return _json({"ok": True})
            message = message_content(content, MOST_TEXT_POSTED)
            if content.get("replace_original") is True:
                self.workspace.change(target.channel, target.ts, lambda body: replaced(body, message))
            elif content.get("response_type") == "in_channel":
                self.workspace.post(target.channel, message)
            else:
                self.workspace.post_ephemeral(target.channel, target.person, message)
            return _json({"ok": True})
        except SlackError as refusal:
            gone = refusal.code in ("used_url", "expired_url")
            return _json(_refusal(refusal), 404 if gone else 400)


def _json(body: Json, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")


def _refusal(refusal: SlackError) -> Json:
    body: Json = {"ok": False, "error": refusal.code, **refusal.more}
    if refusal.messages:
        body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in refusal.messages]}
    return body


def _spoilt(fault: Fault) -> Response:
    if fault.http_status >= 400 and not fault.error_name:
        return Response("Something went wrong\n", fault.http_status, content_type="text/plain")
    response = _json({"ok": False, "error": fault.error_name or "internal_error"}, fault.http_status)
    if fault.retry_after:
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _hang_up(environ: Mapping[str, Any]) -> None:
    """Close the caller's connection with nothing said; werkzeug takes the ConnectionError as a caller who left."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _arguments(request: Request) -> Json:
    if request.mimetype == "application/json":
        try:
            given = json.loads(request.get_data() or b"{}")  # slack_sdk sends no body where it has no argument
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(given, dict):
            raise SlackError("json_not_object")
        arguments: Json = {**request.args.to_dict(), **given}
    else:
        arguments = {**request.args.to_dict(), **request.form.to_dict()}
    for name in _STRUCTURED:
        if isinstance(arguments.get(name), str):
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError:
                raise SlackError(_UNREADABLE.get(name, "invalid_arguments"), f"{name} is not JSON") from None
    return {name: value for name, value in arguments.items() if value is not None}


_UNREADABLE = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}
