"""The one timetable: the sweep, every quarter of an hour, and the daily purges. The only module that knows APScheduler.

Any number of processes may keep one. None of them rests on its being alone: what may happen once only is guarded by
unique keys in the record. Delivery keeps no timetable; its workers are woken, and look for themselves.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobExecutionEvent,
    JobSubmissionEvent,
)
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.repeats import forget_old
from core import awards, bank_details, catching_up, direct, draft_keeping, policies, recurring, sweeping
from core.office import LONDON, Office, london_day
from core.sweeping import SentStep
from scheduler import document_round
from scheduler.delivery import Checkpoint, nowhere
from scheduler.job_record import JobRecord

log = logging.getLogger(__name__)

SWEEP_MINUTES = 15
"""How often the sweep runs. Each run after the first of a day finds next to nothing, by one indexed query."""

DAILY_MINUTES = 24 * 60
"""How often what is kept no longer is tidied away."""

SCAN_MINUTES = 1
"""How often what waits in quarantine is looked at again: one indexed query where nothing does."""

DIGEST_MINUTES = 1
"""How often it is asked whether the week's digest is due: two small queries where it is, none where it is not."""

GRACE_SECONDS = 3600
"""How late a run may start and still be made. APScheduler's own grace is one second: a busy machine loses runs."""

SWEEP_LOCK = 727_360_003
"""The number of the PostgreSQL advisory lock on the sweep."""

SWEEP: Final = "sweep"
"""What the record of the timetable calls the sweep."""

_PASSED: Final = object()
"""What a job answers that left its work to another process."""


def run_sweep(
    office: Office,
    *,
    today: date | None = None,
    now: datetime | None = None,
    ordered: bool = False,
    checkpoint: Checkpoint = nowhere,
) -> tuple[SentStep, ...]:
    """Begin a policy, put what recurs, expire offers (A6), put every nudge that has come into the outbox (D0).

    All in one transaction, under the policy in force on `today`. `today` and `now` default to the office's clock.
    While another process sweeps on PostgreSQL, this one passes and answers with nothing; one that a person `ordered`
    waits and then does what is left, and no quiet hours hold what it sends.
    `checkpoint` is called between the steps, with "begun", "expired", "swept" and "committed".
    """
    return _swept(office, today=today, now=now, ordered=ordered, checkpoint=checkpoint) or ()


def _swept(
    office: Office,
    *,
    today: date | None = None,
    now: datetime | None = None,
    ordered: bool = False,
    checkpoint: Checkpoint = nowhere,
) -> tuple[SentStep, ...] | None:
    """As `run_sweep`, but None where this process passed because another sweeps."""
    now = now or office.clock()
    today = today or london_day(now)
    with office.sessions.begin() as session:
        if not _may_sweep(session, wait=ordered):
            log.info("another process is sweeping; this one passes")
            return None
        sent = _sweep(session, office, today=today, now=now, ordered=ordered, checkpoint=checkpoint)
    checkpoint("committed")
    if sent:
        log.info("swept: %s nudges put into the outbox", len(sent))
    return sent


def _sweep(
    session: Session, office: Office, *, today: date, now: datetime, ordered: bool, checkpoint: Checkpoint
) -> tuple[SentStep, ...]:
    checkpoint("begun")
    office = office.in_force(session, on=today)
    policies.begin(session, office=office, now=now)
    catching_up.set_what_is_missing(session, office=office, today=today, now=now)
    recurring.put_recurring(session, office, today, now)
    expired = awards.expire_offers(session, today=today, now=now, office=office)
    checkpoint("expired")
    sent = sweeping.sweep(session, office=office, today=today, now=now, ordered=ordered)
    checkpoint("swept")
    if expired:
        log.info("%s offers expire", len(expired))
    return sent


def preview_sweep(office: Office, *, today: date | None = None, now: datetime | None = None) -> tuple[SentStep, ...]:
    """What a sweep would do. It is made, and rolled back: nothing is written, and nobody is told."""
    now = now or office.clock()
    today = today or london_day(now)
    with office.sessions() as session, session.begin() as transaction:
        sent = _sweep(session, office, today=today, now=now, ordered=True, checkpoint=nowhere)
        transaction.rollback()
    return sent


def run_purge(office: Office, *, today: date | None = None, now: datetime | None = None) -> tuple[str, ...]:
    """Delete what the policy in force says is kept no longer (W4): bank details. Answers the references it was of.

    `today` and `now` default to the office's clock. Any number of processes may do it: whoever comes second finds
    nothing left.
    """
    now = now or office.clock()
    today = today or london_day(now)
    with office.sessions.begin() as session:
        purged = bank_details.purge_due(session, office=office.in_force(session, on=today), today=today, now=now)
    if purged:
        log.info("bank details of %s awards were deleted: they are needed no more", len(purged))
    return tuple(purged)


def run_drafts(office: Office, *, today: date | None = None, now: datetime | None = None) -> draft_keeping.Deleted:
    """Delete drafts that were never sent, once the policy in force says so (W4). Answers how many.

    `today` and `now` default to the office's clock. Any number of processes may do it: whoever comes second finds
    nothing left.
    """
    now = now or office.clock()
    today = today or london_day(now)
    with office.sessions.begin() as session:
        gone = draft_keeping.purge(session, office=office.in_force(session, on=today), today=today, now=now)
    if gone != draft_keeping.Deleted():
        log.info("drafts were deleted: %s", gone)
    return gone


def run_digests(office: Office, *, now: datetime | None = None) -> int:
    """Put the week's digest into the outbox for everybody who has none of it yet, once it is due. Answers how many.

    Any number of processes may do it: a digest has a unique key, and whoever comes second finds nothing left.
    """
    now = now or office.clock()
    try:
        with office.sessions.begin() as session:
            told = direct.put_digests(session, office=office.in_force(session), now=now)
    except IntegrityError:
        log.info("another process puts the week's digests; this one passes")
        return 0
    if told:
        log.info("the week's digest goes to %s people", len(told))
    return len(told)


def _may_sweep(session: Session, *, wait: bool) -> bool:
    if session.get_bind().dialect.name != "postgresql":
        return True  # on SQLite one writer at a time is the rule already
    if wait:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK})
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SWEEP_LOCK}))


def _tidy(office: Office) -> None:
    with office.sessions.begin() as session:
        forget_old(session, now=office.clock())
    document_round.tidy(office)


def _sweep_or_pass(office: Office) -> object:
    return _PASSED if _swept(office) is None else None


JOBS: Final[Mapping[str, tuple[float, Callable[[Office], object]]]] = {
    SWEEP: (SWEEP_MINUTES, _sweep_or_pass),
    "documents": (SCAN_MINUTES, document_round.scan_waiting),
    "digests": (DIGEST_MINUTES, run_digests),
    "tidy": (DAILY_MINUTES, _tidy),
    "drafts": (DAILY_MINUTES, run_drafts),
    "purge": (DAILY_MINUTES, run_purge),
}
"""Every job, by what the record calls it: how often it runs, in minutes, and what it does."""


def every(minutes: float) -> IntervalTrigger:
    """When a job runs: each so many minutes of real time. A change of the clocks neither adds a run nor loses one."""
    return IntervalTrigger(minutes=minutes, timezone=LONDON)


class Timetable:
    """Runs its jobs in threads of its own until it is stopped. What is missed is caught up once, not time and again.

    How each job goes is logged, and is in the record, whichever of several processes ran it (`core.timetable_jobs`).
    """

    def __init__(self, office: Office, *, sweep_minutes: float = SWEEP_MINUTES) -> None:
        self._office = office
        self._record = JobRecord(office.sessions)
        self._sweep_minutes = sweep_minutes
        self._scheduler = BackgroundScheduler(
            timezone=LONDON,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
        )
        self._scheduler.add_listener(self._executed, EVENT_JOB_EXECUTED)
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._scheduler.add_listener(self._missed, EVENT_JOB_MISSED)
        self._scheduler.add_listener(self._still_running, EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Begin: a sweep now, and one every quarter of an hour; every minute what waits in quarantine is scanned,
        and on its day the week's digest is put into the outbox.

        Once a day what is kept for repeats is tidied, and what is kept no longer goes: documents, drafts, bank details.
        """
        now = datetime.now(LONDON)  # a real instant, not the office's clock: APScheduler measures by the machine's
        for job, (minutes, _) in JOBS.items():
            often = every(self._sweep_minutes if job == SWEEP else minutes)
            self._scheduler.add_job(self._run, often, args=(job,), id=job, next_run_time=now)
        self._scheduler.start()

    def stop(self) -> None:
        """End, and wait for a sweep under way. Safe to repeat, and before a start."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _run(self, job: str) -> object:
        self._record.started(job)
        return JOBS[job][1](self._office)

    def _executed(self, event: JobExecutionEvent) -> None:
        if event.retval is _PASSED:
            self._record.passed(event.job_id)
        else:
            self._record.succeeded(event.job_id)

    def _failed(self, event: JobExecutionEvent) -> None:
        reference = secrets.token_hex(4)
        log.error(
            "fault %s: the %s failed and is tried again at its next time",
            reference,
            event.job_id,
            exc_info=event.exception,
        )
        self._record.failed(event.job_id, event.exception, reference)

    def _missed(self, event: JobExecutionEvent) -> None:
        log.error(
            "the %s of %s was missed by more than %s seconds", event.job_id, event.scheduled_run_time, GRACE_SECONDS
        )
        self._record.missed(event.job_id)

    def _still_running(self, event: JobSubmissionEvent) -> None:
        log.error("the %s was missed: the one before it still runs", event.job_id)
        self._record.missed(event.job_id)
