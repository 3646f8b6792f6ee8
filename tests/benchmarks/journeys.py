"""A volunteer's whole journey over HTTP: from the start page through every page of the form to where it stands."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from typing import Final
from urllib.parse import urlencode, urlsplit

from tests.benchmarks.rounds import percentile

FUND: Final = "youth-fund"
READ_FIRST: Final = ("/", f"/check?fund={FUND}&amount=2000&age_from=8&age_to=17&buys=no", f"/apply/{FUND}")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
LONGEST: Final = 60
"""Pages of a form that ends: one that goes round in circles has more."""


@dataclass
class Walked:
    """What a journey was: how long each answer took, and how many pages were read and sent."""

    waits: list[float] = field(default_factory=list)
    read: int = 0
    sent: int = 0
    last: float = 0.0


class Visitor:
    """A browser that loads pages only: it keeps its cookie and its connection, and thinks before it presses."""

    def __init__(self, port: int, *, thinking: float) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._thinking = thinking
        self._cookie = ""
        self.walked = Walked()

    def close(self) -> None:
        self._http.close()

    def read(self, path: str) -> str:
        """The page at this address."""
        status, _, page = self._asked("GET", path)
        assert status == 200, (path, status, page[-600:])
        self.walked.read += 1
        return page

    def send(self, path: str, page: str, typed: Mapping[str, str]) -> str:
        """Send the form of a page that was read; the address that it leads to."""
        time.sleep(self._thinking)
        hidden = {name: unescape(value) for name, value in HIDDEN.findall(page)}
        status, location, answer = self._asked("POST", path, urlencode({**hidden, **typed}))
        assert status == 303, (path, status, answer[-600:])
        self.walked.sent += 1
        return urlsplit(location).path

    def _asked(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        said = answer.read().decode()
        self.walked.last = time.perf_counter() - begun
        self.walked.waits.append(self.walked.last)
        if cookie := answer.headers.get("Set-Cookie"):
            self._cookie = cookie.split(";", 1)[0]
        return answer.status, answer.headers.get("Location", ""), said


def apply(visitor: Visitor, answers: Mapping[str, Mapping[str, str]]) -> Walked:
    """Apply to the Youth Fund, page by page, with these answers by page; the last wait is that of the submission."""
    for path in READ_FIRST:
        page = visitor.read(path)
    at = visitor.send(READ_FIRST[-1], page, {})
    for _ in range(LONGEST):
        slug = at.rsplit("/", 1)[-1]
        page = visitor.read(at)
        if slug == "check-answers":
            break
        at = visitor.send(at, page, answers[slug])
    else:
        raise AssertionError("the form does not end")
    at = visitor.send(at, page, {})
    submission = visitor.walked.last
    assert "YF-" in visitor.read(at)
    visitor.walked.last = submission
    return visitor.walked


def bare(visitor: Visitor, like: Walked) -> Walked:
    """As many pages read and sent as that journey had, from routes that have nothing to do."""
    for number in range(max(like.read, like.sent)):
        if number < like.read:
            page = visitor.read("/floor/page")
        if number < like.sent:
            visitor.send("/floor/form", page, {"words": "x" * 200})
    return visitor.walked


def at_once(people: int, journey: Callable[[], Walked]) -> tuple[float, list[Walked]]:
    """So many people, each on one journey at the same time: the seconds until all are through, and their journeys."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(people) as threads:
        walked = [one.result() for one in [threads.submit(journey) for _ in range(people)]]
    return time.perf_counter() - begun, walked


def waits_of(walked: list[Walked], percent: float) -> float:
    """Of all waits of all journeys, the smallest that so many per cent do not exceed, in milliseconds."""
    return percentile([one for each in walked for one in each.waits], percent) * 1000
