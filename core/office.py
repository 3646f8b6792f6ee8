"""What every room is handed: the record's sessions, the clock, the policy in force, the signer of links, the cipher."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, sessionmaker

from core.clamd import Clamd
from core.document_store import DocumentStore
from core.field_cipher import FieldCipher
from core.links import Signer
from core.policy_file import stored_policy
from core.records import PolicyInForce, PolicyVersion
from core.rules.calendar import date_text, time_text
from core.rules.policy import Policy

LONDON = ZoneInfo("Europe/London")


def london_day(instant: datetime) -> date:
    """The calendar day in London at that instant: the day that every due date and window is measured in."""
    return instant.astimezone(LONDON).date()


def london_moment(instant: datetime) -> str:
    """An instant in London as people are told of it, on pages, in mails and in Slack: "1 April 2026 at 9:05am"."""
    local = instant.astimezone(LONDON)
    return f"{date_text(local.date())} at {time_text(local.time())}"


def fingerprint_of(text: str) -> str:
    """What tells one policy from another: the SHA-256 of its file's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def holding_on(day: date) -> Select[PolicyInForce]:
    """The row of the policy in force on a day: of those whose day has come the latest day, and of those the last.

    What was withdrawn never holds.
    """
    rows = select(PolicyInForce).where(PolicyInForce.from_day <= day, ~PolicyInForce.withdrawal.has())
    return rows.order_by(PolicyInForce.from_day.desc(), PolicyInForce.id.desc()).limit(1)


class PoliciesRead:
    """Policies of the record that this process has read already, by fingerprint: reading one takes milliseconds."""

    MOST = 32
    """How many are kept: more versions than a record holds in years."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Policy]] = {}
        self._writing = threading.Lock()

    def of(self, fingerprint: str, text: Callable[[], str]) -> tuple[str, Policy]:
        """Text and policy of this fingerprint; `text` is asked only where it was not read yet. Raises PolicyError."""
        found = self._kept.get(fingerprint)
        if found is None:
            toml = text()
            found = (toml, stored_policy(toml, f"policy {fingerprint[:12]}"))
            with self._writing:
                if len(self._kept) >= self.MOST:
                    self._kept = {}
                self._kept[fingerprint] = found
        return found


@dataclass(frozen=True)
class Office:
    """One office's desk, as its rooms see it at one moment. `sessions` may write, `reading` only reads.

    `cipher` encrypts what must not lie open in the record; one without keys takes nothing.

    Whoever is at the edge takes the office `in_force` once for each request, press, message, sweep or command, so that
    what is done has one policy from its beginning to its end. Without a store of `documents` it takes none; without a
    `scanner` they are taken unscanned. `public_url` ends in no slash.
    """

    sessions: sessionmaker[Session]
    reading: sessionmaker[Session]
    clock: Callable[[], datetime]
    policy: Policy
    policy_text: str
    holidays: frozenset[date]
    signer: Signer
    public_url: str
    practice: bool = False
    documents: DocumentStore | None = None
    scanner: Clamd | None = None
    cipher: FieldCipher = field(default_factory=FieldCipher, repr=False, compare=False)
    policies_read: PoliciesRead = field(default_factory=PoliciesRead, repr=False, compare=False)

    @cached_property
    def closed_days(self) -> frozenset[date]:
        """The days, beside weekends, that nobody works: bank holidays, and those that the policy says (D0)."""
        return self.holidays | frozenset(self.policy.closing_days.value)

    def today(self) -> date:
        """Today's date in London."""
        return london_day(self.clock())

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of this office's policy."""
        return fingerprint_of(self.policy_text)

    def in_force(self, session: Session | None = None, *, on: date | None = None) -> Office:
        """The same office under the policy that the record says is in force on a day, today unless another is given.

        A record that says nothing yet leaves the policy of the file. Costs one indexed query. Raises PolicyError for
        a stored policy that this version of the desk cannot read.
        """
        if session is None:
            with self.reading() as reading:
                return self.in_force(reading, on=on)
        query = holding_on(on or self.today()).join(PolicyInForce.policy_version)
        held = session.scalar(query.with_only_columns(PolicyVersion.fingerprint))
        if held is None or held == self.fingerprint:
            return self
        stored = select(PolicyVersion.toml).where(PolicyVersion.fingerprint == held)
        text, policy = self.policies_read.of(held, lambda: session.scalars(stored).one())
        return replace(self, policy=policy, policy_text=text)

    def policy_under(self, version: PolicyVersion) -> Policy:
        """The policy of a stored version: what was decided under it keeps it, whatever holds today (A4)."""
        if version.fingerprint == self.fingerprint:
            return self.policy
        return self.policies_read.of(version.fingerprint, lambda: version.toml)[1]

    def policy_version(self, session: Session, *, now: datetime) -> PolicyVersion:
        """The row of this office's policy, stored the first time that something is decided under it (A4)."""
        stored = select(PolicyVersion).where(PolicyVersion.fingerprint == self.fingerprint)
        stored = stored.options(defer(PolicyVersion.toml))  # many pages, and whoever asks here has its text already
        version = session.scalars(stored).one_or_none()
        if version is not None:
            return version
        version = PolicyVersion(fingerprint=self.fingerprint, toml=self.policy_text, stored_at=now)
        try:
            with session.begin_nested():
                session.add(version)
        except IntegrityError:  # another transaction was first to store the same policy
            return session.scalars(stored).one()
        return version
