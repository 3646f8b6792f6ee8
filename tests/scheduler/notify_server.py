"""A small GOV.UK Notify on this computer: it keeps what it takes, and goes wrong when it is told to."""

from __future__ import annotations

import json
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from notifications_python_client.authentication import decode_jwt_token
from notifications_python_client.errors import TokenError
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

SERVICE = "11111111-2222-3333-4444-555555555555"
SECRET = "66666666-7777-8888-9999-000000000000"
KEY = f"desk-{SERVICE}-{SECRET}"
TEMPLATE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. `acts`: the mail is taken all the same; `seconds`: the answer is held back."""

    status: int = 0
    kind: str = ""
    message: str = ""
    acts: bool = False
    seconds: float = 0.0
    body: bytes | None = None

    @classmethod
    def error(cls, status: int, kind: str, message: str) -> Fault:
        return cls(status=status, kind=kind, message=message)

    @classmethod
    def taken_then_hang(cls, seconds: float) -> Fault:
        return cls(acts=True, seconds=seconds)

    @classmethod
    def hang(cls, seconds: float) -> Fault:
        return cls(seconds=seconds)

    @classmethod
    def something_else(cls, body: bytes) -> Fault:
        return cls(status=200, body=body)


BAD_ADDRESS = Fault.error(400, "ValidationError", "email_address Not a valid email address")
TEAM_ONLY = Fault.error(400, "BadRequestError", "Can’t send to this recipient using a team-only API key")
TRIAL = Fault.error(
    400,
    "BadRequestError",
    "Can’t send to this recipient when service is in trial mode - see https://notify.example/trial",
)
WRONG_KEY = Fault.error(403, "AuthError", "Invalid token: API key not found")
RATE = Fault.error(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds")
DAILY = Fault.error(429, "TooManyRequestsError", "Exceeded send limits (50) for today")
BROKEN = Fault.error(500, "Exception", "Internal server error")


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Nothing."""


class NotifyServer:
    """`mails` are those taken, in order, as they were posted; `calls` every request's method and path."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.template = {"id": TEMPLATE, "type": "email", "subject": "((subject))", "body": "((body))", "version": 1}
        self._faults: deque[Fault] = deque()
        self._stopping = threading.Event()
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, *faults: Fault) -> None:
        """The next requests go wrong like this, one each."""
        self._faults.extend(faults)

    def __enter__(self) -> NotifyServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self.calls.append(f"{method} {path}")
        fault = self._faults.popleft() if self._faults else Fault()
        status, body = fault.status, fault.body
        if not status:
            status, answer = self._answer(method, path, environ, sent, acts=fault.acts or not fault.seconds)
            body = json.dumps(answer).encode()
        elif body is None:
            said = {"errors": [{"error": fault.kind, "message": fault.message}], "status_code": status}
            body = json.dumps(said).encode()
        if fault.seconds:
            self._stopping.wait(fault.seconds)
        start_response(f"{status} Said", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(
        self, method: str, path: str, environ: dict[str, Any], sent: bytes, *, acts: bool
    ) -> tuple[int, dict[str, Any]]:
        try:
            decode_jwt_token(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "), SECRET)  # type: ignore[no-untyped-call]
        except TokenError:
            return 403, {"errors": [{"error": "AuthError", "message": "Invalid token: signature, api token not found"}]}
        if path == f"/v2/template/{TEMPLATE}":
            return 200, self.template
        if method == "GET" and path == "/v2/notifications":
            (reference,) = parse_qs(environ["QUERY_STRING"])["reference"]
            return 200, {"notifications": [mail for mail in self.mails if mail["reference"] == reference], "links": {}}
        if method == "POST" and path == "/v2/notifications/email":
            mail = {**json.loads(sent), "id": str(uuid.uuid4())}
            if acts:
                self.mails.append(mail)
            return 201, {"id": mail["id"], "reference": mail["reference"]}
        return 404, {"errors": [{"error": "NoResultFound", "message": "No result found"}]}
