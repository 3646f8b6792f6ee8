"""What the practice Slack can be told to do next: answer 500, limit the rate, hang, lose an answer, name an error.

A test (or a person trying the desk) queues faults per method; each call of that method takes one from the front. The
method ``"*"`` stands for every method, and :data:`INTERACTIONS` for what Slack sends to the request URL.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

EVERY_METHOD = "*"
INTERACTIONS = "interactions"
"""The queue for what is sent to the app; takes ``twice``, ``lose_answer``, ``lose_request`` and ``late_trigger``."""

TIERS = {2: 20, 3: 50, 4: 100}
"""Calls a minute that each of Slack's tiers allows at least (Slack docs, rate limits)."""
TIER_OF = {
    "auth.test": 4,
    "apps.connections.open": 3,
    "chat.update": 3,
    "chat.postEphemeral": 4,
    "conversations.open": 3,
    "conversations.info": 3,
    "conversations.history": 3,
    "users.info": 4,
    "users.list": 2,
    "views.open": 4,
    "views.push": 4,
    "views.update": 4,
    "views.publish": 4,
}
"""Each method's tier; chat.postMessage is limited by channel instead (:class:`PostingLimit`)."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one call. Build it with the class methods below."""

    name: str
    acts: bool
    """Whether the call does its work all the same."""
    answers: bool = True
    """Whether an answer is sent at all; without one the connection is closed."""
    http_status: int = 200
    error_name: str = ""
    retry_after: int = 0
    """Seconds, the ``Retry-After`` of a 429."""
    body: str = ""
    """What is sent in place of the answer."""
    seconds: float = 0.0
    """How long the answer is held back."""

    @classmethod
    def status(cls, code: int) -> Fault:
        """Nothing is done; the answer is this HTTP status with a body that is no JSON."""
        return cls("status", acts=False, http_status=code)

    @classmethod
    def ratelimited(cls, retry_after: int) -> Fault:
        """Nothing is done; 429 with ``Retry-After`` seconds."""
        return cls("ratelimited", acts=False, http_status=429, error_name="ratelimited", retry_after=retry_after)

    @classmethod
    def hang(cls, seconds: float) -> Fault:
        """Nothing is done and no answer comes; the connection closes after that many seconds."""
        return cls("hang", acts=False, answers=False, seconds=seconds)

    @classmethod
    def post_then_hang(cls, seconds: float) -> Fault:
        """The work is done at once; the answer comes after that many seconds, too late for a caller that gave up."""
        return cls("post_then_hang", acts=True, seconds=seconds)

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The same as :meth:`post_then_hang`, named for a caller that does wait."""
        return cls("slow", acts=True, seconds=seconds)

    @classmethod
    def lose_answer(cls) -> Fault:
        """The work is done; the connection closes without an answer."""
        return cls("lose_answer", acts=True, answers=False)

    @classmethod
    def error(cls, name: str) -> Fault:
        """Nothing is done; ``{"ok": false, "error": name}``."""
        return cls("error", acts=False, error_name=name)

    @classmethod
    def garbage(cls) -> Fault:
        """The work is done; the answer is 200 with a page that is no JSON, as a proxy in the way would send."""
        return cls("garbage", acts=True, body="<html><body>Please wait</body></html>")

    @classmethod
    def twice(cls) -> Fault:
        """For :data:`INTERACTIONS`: the same signed request is delivered twice; an event with a retry's headers."""
        return cls("twice", acts=True)

    @classmethod
    def lose_request(cls) -> Fault:
        """For :data:`INTERACTIONS`: the request never reaches the app."""
        return cls("lose_request", acts=False, answers=False)

    @classmethod
    def late_trigger(cls) -> Fault:
        """For :data:`INTERACTIONS`: the trigger that comes with it has expired already."""
        return cls("late_trigger", acts=True)


class FaultQueue:
    """The faults to come, per method, in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, deque[tuple[Fault, float]]] = {}

    def add(self, method: str, fault: Fault, times: int | None = 1) -> None:
        """Queue a fault for the next ``times`` calls of a method; ``None`` means until :meth:`clear`.

        Raises ValueError if ``times`` is below one.
        """
        if times is not None and times < 1:
            raise ValueError("times is one or more, or None for until cleared")
        with self._lock:
            self._queues.setdefault(method, deque()).append((fault, math.inf if times is None else times))

    def take(self, method: str) -> Fault | None:
        """The fault for this call of a method, if there is one; a queue of the method's own goes first."""
        with self._lock:
            names = (method,) if method == INTERACTIONS else (method, EVERY_METHOD)
            for name in names:
                queue = self._queues.get(name)
                if not queue:
                    continue
                fault, left = queue.popleft()
                if left > 1:
                    queue.appendleft((fault, left - 1))
                return fault
        return None

    def clear(self, method: str | None = None) -> None:
        """Forget the faults of a method, or all of them: Slack is well again."""
        with self._lock:
            if method is None:
                self._queues.clear()
            else:
                self._queues.pop(method, None)

    def listed(self) -> list[tuple[str, Fault, float]]:
        """Every queued entry in order: method, fault, how many calls it is for (infinity: until cleared)."""
        with self._lock:
            return [(name, fault, left) for name, queue in self._queues.items() for fault, left in queue]

    def waiting(self, method: str) -> int:
        """How many queued entries a method still has."""
        with self._lock:
            return len(self._queues.get(method, ()))


class PostingLimit:
    """Slack's limit on chat.postMessage: about one a second for each channel, with short bursts allowed.

    ``clock`` gives seconds.
    """

    def __init__(self, clock: Callable[[], float], per_second: float = 1.0, burst: int = 4) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = float(burst)
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def retry_after(self, channel: str) -> int:
        """Zero if a post may go now (and is counted), else the whole seconds to wait."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.get(channel, (self._burst, now))
            left = min(self._burst, left + max(0.0, now - since) * self._per_second)
            if left >= 1.0:
                self._buckets[channel] = (left - 1.0, now)
                return 0
            self._buckets[channel] = (left, now)
            return max(1, math.ceil((1.0 - left) / self._per_second))


class MethodLimit:
    """Slack's limits by method: as many calls in any minute as its tier allows. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float], tiers: Mapping[str, int] = TIER_OF) -> None:
        self._clock = clock
        self._tiers = tiers
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = {}

    def retry_after(self, method: str) -> int:
        """Zero if a call may be made now (and is counted), else the whole seconds to wait."""
        tier = self._tiers.get(method)
        if tier is None:
            return 0
        now = self._clock()
        with self._lock:
            calls = self._calls.setdefault(method, deque())
            while calls and calls[0] <= now - 60:
                calls.popleft()
            if len(calls) < TIERS[tier]:
                calls.append(now)
                return 0
            return max(1, math.ceil(calls[0] + 60 - now))
