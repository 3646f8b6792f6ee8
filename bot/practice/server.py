"""The practice Slack as a server: its Web API on a port and threads of its own, and its people beside it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .delivery import Delivery
from .faults import FaultQueue
from .people_side import Outcome, PeopleSide
from .sockets import Sockets
from .web_api import WebApi
from .workspace import Workspace

log = logging.getLogger(__name__)

MOST_PAGE_PRESSES = 2
"""Presses that the page sends at once: each holds a thread of the web server that must also serve the bot."""
STOP_SECONDS = 2.0


class TooManyPresses(Exception):  # noqa: N818 (it names the case, as Refused does)
    """Two presses are on their way already; this one was not sent."""


class _QuietHandler(WSGIRequestHandler):
    """Logs nothing per request, and tells the caller nothing of the framework."""

    server_version = "PracticeSlack"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 15
    """Seconds that an idle connection is kept."""

    def version_string(self) -> str:
        return self.server_version

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: one line per call would bury the desk's own log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        log.info("%s: %s", type, message % args)


class PracticeSlack:
    """A Slack on this computer.

    ``token`` is the bot token that the Web API takes, ``signing_secret`` signs what is sent to ``request_url`` (which
    may be set later, before the first press); ``app_token`` opens sockets, which then take the place of the URL. Port 0
    picks a free one. Raises OSError if the port is taken.
    """

    def __init__(
        self,
        workspace: Workspace,
        token: str,
        signing_secret: str,
        request_url: str = "",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        app_token: str = "xapp-practice",  # noqa: S107 (of a Slack that is on this computer only)
    ) -> None:
        self.workspace = workspace
        self.token = token
        self.signing_secret = signing_secret
        self.request_url = request_url
        self.app_token = app_token
        self.sockets = Sockets(host, lambda: workspace.away_until is not None)
        self.delivery = Delivery(workspace, signing_secret, lambda: self.request_url, self.sockets)
        self._api = WebApi(workspace, token, app_token, self.sockets.ticket)
        self._busy = _Busy()
        self._host, self._port = host, port
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._page_slots = threading.BoundedSemaphore(MOST_PAGE_PRESSES)
        self._senders: ThreadPoolExecutor | None = None
        self.people = PeopleSide(workspace, self.delivery, lambda: self.root_url)
        self.press = self.people.press
        self.press_in_view = self.people.press_in_view
        self.submit_view = self.people.submit_view
        self.close_view = self.people.close_view
        self.open_home = self.people.open_home
        self.command = self.people.command
        self.shortcut = self.people.shortcut

    @property
    def faults(self) -> FaultQueue:
        """The workspace's queue of faults."""
        return self.workspace.faults

    def start(self) -> PracticeSlack:
        """Listen, in threads that do not keep the process alive. Returns itself."""
        if self._server is not None:
            raise RuntimeError("the practice Slack is running already")
        self._api.stopping.clear()
        self.sockets.start()
        self._server = make_server(self._host, self._port, self._serve, threaded=True, request_handler=_QuietHandler)
        self._senders = ThreadPoolExecutor(MOST_PAGE_PRESSES, thread_name_prefix="practice-slack-people")
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, name="practice-slack", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, end hangs, wait shortly for answers on their way. The workspace stays open."""
        if self._server is None or self._thread is None or self._senders is None:
            return
        self._api.stopping.set()
        self.sockets.stop()
        self._server.shutdown()
        self._thread.join()
        self._busy.wait_until_idle(STOP_SECONDS)
        self._server.server_close()
        self._senders.shutdown(wait=True)
        self._server = self._thread = self._senders = None

    def __enter__(self) -> PracticeSlack:
        return self if self._server is not None else self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port listened on. Raises RuntimeError before :meth:`start`."""
        if self._server is None:
            raise RuntimeError("the practice Slack is not running")
        return self._server.server_port

    @property
    def root_url(self) -> str:
        """The address of the server, ends in ``/``."""
        return f"http://{self._host}:{self.port}/"

    @property
    def api_url(self) -> str:
        """What a Slack client takes as its base URL, ends in ``/api/``."""
        return self.root_url + "api/"

    def go_away(self, seconds: float) -> None:
        """Slack is down for so many seconds, and its sockets are cut."""
        self.workspace.go_away(seconds)
        self.sockets.cut()

    def from_page(self, act: Callable[[], Outcome]) -> Outcome:
        """Do what somebody pressed on the page, from a thread of the practice Slack's own.

        Raises TooManyPresses at the third at once: the web server that waits here is the one that must answer.
        """
        if self._senders is None:
            raise RuntimeError("the practice Slack is not running")
        if not self._page_slots.acquire(blocking=False):
            raise TooManyPresses
        try:
            return self._senders.submit(act).result()
        finally:
            self._page_slots.release()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._busy:
            return self._api(environ, start_response)


class _Busy:
    """Counts the requests being answered."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    def __enter__(self) -> None:
        with self._condition:
            self._count += 1

    def __exit__(self, *exception: object) -> None:
        with self._condition:
            self._count -= 1
            self._condition.notify_all()

    def wait_until_idle(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._count == 0, timeout=seconds)
