"""How fast Slack is asked: about one post a second in each channel, and not before it said after a refusal.

Slack limits each method by itself, and posting by channel. So what one of them must wait for holds up no other: a
burst of cards leaves the updates of older ones, and the deadlines channel, as they are. Digests that are shown anew
because something was done have a slow line of their own, so that cards, for which people wait, find Slack's limit of
updates free. Each process keeps its own pace; where several together are too fast, Slack says so, and that is kept to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from scheduler.trouble import NotNow

POST: Final = "chat.postMessage"

AGAIN: Final = "what was told before, shown anew"
"""The line of digests that are brought up to date: Slack takes some 50 updates a minute, and cards come first."""

EVERY: Final = timedelta(seconds=1)
"""The time between two posts in one channel (Slack docs, rate limits)."""

AGAIN_TIMES: Final = 2
"""So many times as long is between two digests that are shown anew: 30 a minute leave 20 for cards."""

AT_ONCE: Final = 3
"""Posts in a channel that has been quiet, before the pace begins: Slack lets short bursts through."""

FORGOTTEN: Final = timedelta(minutes=10)
"""A place in the line that nobody came back for: another process sent it, or it was withheld."""

Lane = tuple[str, str]

_PACED: Final = (POST, AGAIN)


class Pace:
    """The line in front of each method and channel. With `every` zero only what Slack has refused waits.

    Safe to share between threads.
    """

    def __init__(self, clock: Callable[[], datetime], *, every: timedelta = EVERY) -> None:
        self._clock = clock
        self._every = every
        self._credit = every * (AT_ONCE - 1)
        self._lock = threading.Lock()
        self._free: dict[Lane, datetime] = {}
        self._places: dict[str, tuple[Lane, datetime]] = {}

    def take(self, method: str, channel: str, key: str) -> None:
        """Let a call through, or raise NotNow with how long it waits. `key` keeps a message's place in the line.

        Each message is given a place of its own, so that a hundred of them do not all come back for the next one.
        """
        lane = _lane(method, channel)
        now = self._clock()
        with self._lock:
            if lane[0] not in _PACED:
                at = self._free.get(lane, now)
            else:
                at = self._places.pop(key)[1] if key in self._places else self._next(lane, now)
                if at > now:
                    self._drop_forgotten(now)
                    self._places[key] = lane, at
            if at <= now:
                return
        raise NotNow(f"{method} is kept to Slack's pace", (at - now).total_seconds(), tried=False)

    def refused(self, method: str, channel: str, key: str, seconds: float) -> NotNow:
        """Slack asked to wait so long. What is in this line goes after that, in its order; this message first."""
        lane = _lane(method, channel)
        now = self._clock()
        until = now + timedelta(seconds=seconds)
        with self._lock:
            self._drop_forgotten(now, lane)
            self._free[lane] = until
            if lane[0] == POST:
                self._places[key] = lane, self._next(lane, now)
        return NotNow(f"Slack limits {method}", seconds, tried=False)

    def _next(self, lane: Lane, now: datetime) -> datetime:
        times = AGAIN_TIMES if lane[0] == AGAIN else 1
        earliest = now - self._credit * times
        at = max(self._free.get(lane, earliest), earliest)
        self._free[lane] = at + self._every * times
        return at

    def _drop_forgotten(self, now: datetime, lane: Lane | None = None) -> None:
        """Let go of the places that nobody will come back for, and of all in one lane where that begins anew."""
        self._places = {
            name: (where, at) for name, (where, at) in self._places.items() if where != lane and at > now - FORGOTTEN
        }


def _lane(method: str, channel: str) -> Lane:
    return method, channel if method == POST else ""
