"""The bot's own calls, against something in front of Slack that answers what Slack never would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from slack_sdk import WebClient

from bot.calls import Calls

ANSWERS = ((503, b'"away"'), (503, b"<html>away</html>"), (200, b"[]"), (502, b""))


@pytest.fixture(params=ANSWERS, ids=str)
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    status, body = request.param

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_that_is_none_of_slacks_raises_nothing(gateway: str) -> None:
    calls = Calls(WebClient("xoxb-test", base_url=gateway))
    assert not calls.open_view("trigger", {"type": "modal"}, channel="C1", user="U1")
    assert not calls.tell("C1", "U1", "You may not.")
