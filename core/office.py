"""What every room is handed: the record's sessions, the clock, the policy in force, and the signer of links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from core.links import Signer
from core.policy_file import policy_from_text
from core.records import PolicyVersion
from core.rules.policy import Policy

LONDON = ZoneInfo("Europe/London")


def london_day(instant: datetime) -> date:
    """The calendar day in London at that instant: the day that every due date and window is measured in."""
    return instant.astimezone(LONDON).date()


@dataclass(frozen=True)
class Office:
    """One office's desk, as its rooms see it. `sessions` may write, `reading` only reads."""

    sessions: sessionmaker[Session]
    reading: sessionmaker[Session]
    clock: Callable[[], datetime]
    policy: Policy
    policy_text: str
    holidays: frozenset[date]
    signer: Signer
    public_url: str
    practice: bool = False

    def today(self) -> date:
        """Today's date in London."""
        return london_day(self.clock())

    def policy_under(self, version: PolicyVersion) -> Policy:
        """The policy of a stored version: what was decided under it keeps it, whatever holds today (A4)."""
        if version.toml == self.policy_text:
            return self.policy
        return policy_from_text(version.toml, f"policy version {version.id}")

    def policy_version(self, session: Session, *, now: datetime) -> PolicyVersion:
        """The row of the policy in force, stored the first time that something is decided under it (A4)."""
        fingerprint = hashlib.sha256(self.policy_text.encode()).hexdigest()
        stored = select(PolicyVersion).where(PolicyVersion.fingerprint == fingerprint)
        version = session.scalars(stored).one_or_none()
        if version is not None:
            return version
        version = PolicyVersion(fingerprint=fingerprint, toml=self.policy_text, stored_at=now)
        try:
            with session.begin_nested():
                session.add(version)
        except IntegrityError:  # another transaction was first to store the same policy
            return session.scalars(stored).one()
        return version
