"""Delivery: claim a message, word it, hand it over, settle it. Four steps; a crash between any two loses nothing.

What is sent was first committed, is worded when it is sent, is sent outside any transaction and is settled in one of
its own. A message whose sender died is claimed again once its claim has run out; its courier then finds out whether it
was sent after all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy.orm import Session

from core import outbox
from core.errors import NotFound
from core.office import Office
from core.records import OutboxMessage
from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable
from scheduler.wording import NothingLeft

log = logging.getLogger(__name__)

FIRST_WAIT = timedelta(seconds=2)
"""How long a message waits after its first failure; twice as long after each further one."""

LONGEST_WAIT = timedelta(minutes=1)
"""The longest that a message waits for its next attempt, and how long it waits for somebody to mend a setting."""

LONGEST_AWAY = timedelta(seconds=15)
"""The longest that a service which is away is left alone: so much later than it, at most, everything goes on."""

DOUBTED = 3
"""After so many attempts in vain it may be the message, not the service: another is tried before all wait for it."""

COMPLAINT = timedelta(hours=1)
"""How long a setting that is wrong is not complained of again."""

POLL = 5.0
"""Seconds between two looks into the outbox when nothing wakes a worker: what a lost wake-up costs at most."""

STOP_SECONDS = 30.0
"""How long a stop waits for the message under way: longer than any time-out of a service."""

ERROR_LENGTH = 500

Checkpoint = Callable[[str], None]
P = TypeVar("P")


@dataclass(frozen=True)
class Handed:
    """What the service said of what it took: where a Slack message now is, and which others went as part of it."""

    slack_channel: str | None = None
    slack_ts: str | None = None
    also: tuple[int, ...] = ()


class Courier(Protocol[P]):
    """Words and hands over the messages of one channel."""

    @property
    def channel(self) -> outbox.Channel:
        """The channel whose messages it takes."""

    def word(self, message: OutboxMessage) -> P:
        """What is to be sent, read from the record as it stands. Raises NothingLeft, NotFound."""

    def find(self, parcel: P) -> Handed | None:
        """What an earlier attempt in doubt (a crash, a time-out, a lost answer) has handed over already, if it has.

        Asked before each further attempt. None also where the service cannot say: then it is handed over again.
        Raises one of `scheduler.trouble`.
        """

    def send(self, parcel: P) -> Handed:
        """Hand it over. Raises one of `scheduler.trouble`."""

    def note(self, session: Session, parcel: P, handed: Handed) -> None:
        """Write down what follows from its having been sent, in the transaction that settles it."""

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """Write down what follows from its never being sent, in the transaction that settles it."""


@dataclass
class Drained:
    """What one run through the outbox did. `retry_at` is when the next message may be tried that waits for its time."""

    sent: int = 0
    failed: int = 0
    put_back: int = 0
    retry_at: datetime | None = None

    def waits_for(self, instant: datetime) -> None:
        """Count a message that was put back until then."""
        self.put_back += 1
        self.retry_at = min(self.retry_at or instant, instant)


@dataclass(frozen=True)
class _LeftAlone:
    """A service that is away: until when it is left alone, and whether it said so itself."""

    until: datetime
    said: bool


def nowhere(_step: str) -> None:
    """The checkpoint of a delivery that runs: nothing happens there. Tests place a crash in its stead."""


class Delivery:
    """Delivers the messages of one channel, one after another. One thread uses one at a time.

    `checkpoint` is called between the steps, with "claimed", "worded", "sent" and "settled".
    """

    def __init__(self, office: Office, courier: Courier[Any], *, checkpoint: Checkpoint = nowhere) -> None:
        self._office = office
        self._courier = courier
        self._checkpoint = checkpoint
        self._paused_until: datetime | None = None
        self._complained: dict[str, datetime] = {}

    @property
    def channel(self) -> outbox.Channel:
        """The channel whose messages it delivers."""
        return self._courier.channel

    def deliver_all(self, *, until: Callable[[], bool] = lambda: False) -> Drained:
        """Deliver what can be sent now, oldest first; stop early when `until` says so, or when the service is away.

        While it is away everything waits, so that the oldest goes first when it is back. Raises what the record raises
        when it cannot be read or written; the claim then runs out by itself.
        """
        drained = Drained()
        resume: datetime | None = None  # until when to wait if the message tried next finds the service away as well
        while not until():
            if self._paused_until is not None and self._office.clock() < self._paused_until:
                drained.retry_at = min(drained.retry_at or self._paused_until, self._paused_until)
                break
            self._paused_until = None
            with self._office.sessions.begin() as session:
                now = self._office.clock()
                message = outbox.claim(session, self.channel, now=now)
                if message is None:
                    drained.retry_at = outbox.next_at(session, self.channel, now=now)
            if message is None:
                break
            away = self._deliver(message, drained)
            if away is None:
                resume = None
            elif resume is None and message.attempts > DOUBTED and not away.said:
                resume = away.until
            else:
                self._paused_until = drained.retry_at = resume or away.until
                break
        return drained

    def _deliver(self, message: OutboxMessage, drained: Drained) -> _LeftAlone | None:
        """Deliver one. None where others may be tried at once."""
        self._checkpoint("claimed")
        try:
            parcel = self._courier.word(message)
            self._checkpoint("worded")
            found = self._courier.find(parcel) if message.attempts > 1 else None
            handed = found if found is not None else self._courier.send(parcel)
        except (Unsendable, NothingLeft, NotFound) as trouble:
            self._give_up(message, trouble)
            drained.failed += 1
            return None
        except Away as trouble:
            log.warning("%s waits: %s", message.key, trouble)
            instant = self._put_back(message, trouble, trouble.retry_after, longest=LONGEST_AWAY)
            drained.waits_for(instant)
            return _LeftAlone(instant, said=trouble.retry_after is not None)
        except NotNow as trouble:
            log.log(logging.WARNING if trouble.tried else logging.INFO, "%s waits: %s", message.key, trouble)
            drained.waits_for(self._put_back(message, trouble, trouble.retry_after, tried=trouble.tried))
            return None
        except Misconfigured as trouble:
            self._complain(trouble)
            drained.waits_for(self._put_back(message, trouble, LONGEST_WAIT.total_seconds()))
            return None
        except Exception as trouble:  # a fault of ours with one message must not stop the others, nor lose this one
            log.exception("%s could not be delivered, and will be tried again", message.key)
            drained.waits_for(self._put_back(message, trouble))
            return None
        self._checkpoint("sent")
        with self._office.sessions.begin() as session:
            settled = outbox.settle(
                session,
                message,
                "sent",
                now=self._office.clock(),
                slack_channel=handed.slack_channel,
                slack_ts=handed.slack_ts,
            )
            if settled:
                self._courier.note(session, parcel, handed)
        if not settled:
            log.warning("%s was sent after its claim had run out; its next claimant looks for it first", message.key)
        drained.sent += 1
        self._checkpoint("settled")
        return None

    def _give_up(self, message: OutboxMessage, trouble: Exception) -> None:
        """Settle for good what will never be sent: in the record, in the trail where it matters, and in the log."""
        now = self._office.clock()
        if isinstance(trouble, NothingLeft):
            log.info("%s is not sent: %s", message.key, trouble)
        else:
            log.error("message %s (%s) will never be sent: %s", message.id, message.key, trouble)
        with self._office.sessions.begin() as session:
            outcome: Literal["withheld", "failed"] = "withheld" if isinstance(trouble, NothingLeft) else "failed"
            if outbox.settle(session, message, outcome, now=now, error=_words(trouble)):
                self._courier.note_failure(session, message, trouble, now=now)

    def _put_back(
        self,
        message: OutboxMessage,
        trouble: Exception,
        seconds: float | None = None,
        *,
        tried: bool = True,
        longest: timedelta = LONGEST_WAIT,
    ) -> datetime:
        """Give it back, to be tried after these seconds, or else twice as long after each failure."""
        wait = min(FIRST_WAIT * 2 ** min(message.attempts - 1, 20), longest)
        instant = self._office.clock() + (wait if seconds is None else timedelta(seconds=seconds))
        with self._office.sessions.begin() as session:
            outbox.put_back(session, message, not_before=instant, error=_words(trouble), tried=tried)
        return instant

    def _complain(self, trouble: Exception) -> None:
        """Say loudly what the office must mend: once, and again after an hour in which nobody has mended it."""
        words, now = str(trouble), self._office.clock()
        last = self._complained.get(words)
        if last is not None and now - last < COMPLAINT:
            return
        self._complained[words] = now
        log.error("%s. Nothing is lost: messages wait and are tried every %s.", words, LONGEST_WAIT)


def _words(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}"[:ERROR_LENGTH]


class DeliveryWorker:
    """A thread that delivers one channel: at once when it is woken, and every `poll` seconds if a wake-up was lost."""

    def __init__(self, delivery: Delivery, office: Office, *, poll: float = POLL) -> None:
        self._delivery = delivery
        self._office = office
        self._poll = poll
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"delivery-{delivery.channel}", daemon=True)

    def start(self) -> None:
        """Begin. What waits already goes out first."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to send."""
        self._woken.set()

    def stop(self) -> None:
        """End after the message under way, and wait for that. Safe to repeat, and before a start."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()  # before looking: what is put while we look wakes us again
            retry_at = None
            try:
                retry_at = self._delivery.deliver_all(until=self._stopping.is_set).retry_at
            except Exception:  # the record may be away; the worker outlives that
                log.exception("the outbox could not be read or written; trying again in %s seconds", self._poll)
            self._woken.wait(self._pause(retry_at))

    def _pause(self, retry_at: datetime | None) -> float:
        if retry_at is None:
            return self._poll
        return min(max((retry_at - self._office.clock()).total_seconds(), 0.05), self._poll)


class Workers:
    """The workers of all channels, as one. `wake` is what `core.outbox.call_after_put` calls."""

    def __init__(self, office: Office, deliveries: Sequence[Delivery], *, poll: float = POLL) -> None:
        self._workers = [DeliveryWorker(delivery, office, poll=poll) for delivery in deliveries]

    def start(self) -> None:
        """Begin all."""
        for worker in self._workers:
            worker.start()

    def wake(self) -> None:
        """There is something to send, on whichever channel."""
        for worker in self._workers:
            worker.wake()

    def stop(self) -> None:
        """End all, and wait for that."""
        for worker in self._workers:
            worker.stop()
