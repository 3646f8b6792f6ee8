"""Which policy is in force from which day, who put it there, and what that changes.

Until somebody applies a policy the file holds: each process notes the file that it starts with. From the first policy
that is applied on, the record holds, whatever a file says. Rows are only ever added; what was decided keeps the policy
that it was decided under (A4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session, joinedload

from core import card_notes, events, guarded, outbox, written
from core.errors import NotFound, Refused
from core.office import Office, fingerprint_of, holding_on, london_day
from core.policy_dry_run import DryRun, Progress, dry_run, shifted_applications
from core.policy_file import PolicyError, begins_later, policy_as_data, policy_from_text
from core.policy_table import Change, changes
from core.records import PolicyInForce, PolicyVersion, PolicyWithdrawal
from core.rules.answers import clean_short
from core.rules.calendar import date_text
from core.rules.policy import Policy
from core.rules.words import listed

__all__ = [
    "POLICY_TRAIL",
    "AtStart",
    "Proposal",
    "Standing",
    "Version",
    "Withdrawn",
    "apply",
    "begin",
    "note_file",
    "propose",
    "standing",
    "versions",
    "withdraw",
]

POLICY_TRAIL: Final = "policy"
"""The reference under which the trail keeps what happens to the policy."""

POLICY_LOCK: Final = 727_360_004
"""The number of the PostgreSQL advisory lock under which policies are put, one after another."""

FILE: Final = "file"
APPLIED: Final = "applied"
SHORT: Final = 12
"""How many characters of a fingerprint people are shown."""

LONGEST_NOTE: Final = 1_000
ONE_DAY: Final = timedelta(days=1)


class AtStart(StrEnum):
    """How the file that a process starts with stands to the record."""

    HOLDS = "holds"
    COMES_LATER = "comes later"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Standing:
    """The policy in force on a day. `row` is None where only the file says so, and not the record yet.

    `until` is the last day of it by what is on record; None where there is none.
    """

    day: date
    policy: Policy
    fingerprint: str
    row: PolicyInForce | None
    until: date | None

    def as_data(self, *, staff: bool) -> dict[str, Any]:
        """The whole policy, JSON-ready, and which version it is; by whom and why only for `staff`."""
        row = self.row
        version: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "from": row.from_day.isoformat() if row else None,
            "until": self.until.isoformat() if self.until else None,
            "how": row.how if row else FILE,
            "put_at": row.put_at.isoformat() if row else None,
        }
        if staff:
            version |= {"by": row.by if row else None, "note": row.note if row else ""}
        return {"on": self.day.isoformat(), "version": version, **policy_as_data(self.policy)}


@dataclass(frozen=True)
class Withdrawn:
    """That a policy was taken back before its day: by whom, when, and why."""

    by: str
    at: datetime
    because: str

    def as_data(self) -> dict[str, Any]:
        """JSON-ready, for staff."""
        return {"by": self.by, "at": self.at.isoformat(), "because": self.because}


@dataclass(frozen=True)
class Version:
    """One policy on record: from which day to which it holds, and what it says differently from the one before it.

    `held` is False for one that another took the place of before its day had come, and for one that was `withdrawn`.
    `changes` is None for the first.
    """

    fingerprint: str
    first: date
    last: date | None
    held: bool
    how: str
    by: str
    note: str
    put_at: datetime
    changes: tuple[Change, ...] | None
    withdrawn: Withdrawn | None = None

    def as_data(self) -> dict[str, Any]:
        """JSON-ready, for staff."""
        return {
            "fingerprint": self.fingerprint,
            "from": self.first.isoformat(),
            "until": self.last.isoformat() if self.last else None,
            "held": self.held,
            "how": self.how,
            "by": self.by,
            "note": self.note,
            "put_at": self.put_at.isoformat(),
            "withdrawn": self.withdrawn.as_data() if self.withdrawn else None,
            "changes": None if self.changes is None else [change.as_data() for change in self.changes],
        }


@dataclass(frozen=True)
class Proposal:
    """A policy that somebody wants in force from a day on: checked, compared, and tried on the record.

    `same` says that it is in force then already; `replaced_on` the day on which another one that was applied for a
    later day takes its place, None where none does.
    """

    text: str
    name: str
    policy: Policy
    fingerprint: str
    from_day: date
    instead_of: str
    changes: tuple[Change, ...]
    run: DryRun
    replaced_on: date | None

    @property
    def same(self) -> bool:
        """Whether the very same text is in force on that day already."""
        return self.fingerprint == self.instead_of

    def as_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "fingerprint": self.fingerprint,
            "from": self.from_day.isoformat(),
            "instead_of": self.instead_of,
            "same": self.same,
            "replaced_on": self.replaced_on.isoformat() if self.replaced_on else None,
            "changes": [change.as_data() for change in self.changes],
            "dry_run": self.run.as_data(),
        }


# ------------------------------------------------------------------------------------------------ what is in force


def standing(session: Session, *, office: Office, day: date) -> Standing:
    """The policy in force on a day, as the record has it now.

    Raises NotFound for a day before the record of the policy begins: what held then is not known here.
    """
    row = session.scalars(holding_on(day)).one_or_none()
    if row is None:
        first = session.scalar(select(PolicyInForce.from_day).order_by(PolicyInForce.from_day).limit(1))
        if first is not None or day < office.today():
            begins = f"begins on {date_text(first)}" if first else "has not begun"
            raise NotFound(
                f"The record of the policy {begins}, so it cannot say what held on {date_text(day)}. "
                "Each award keeps the policy that it was decided under."
            )
        return Standing(day, office.policy, office.fingerprint, None, None)
    later = session.scalar(_scheduled(day).with_only_columns(PolicyInForce.from_day).limit(1))
    policy = office.policy_under(row.policy_version)
    until = later - ONE_DAY if later else None
    return Standing(day, policy, row.policy_version.fingerprint, row, until)


def _scheduled(day: date) -> Select[PolicyInForce]:
    """What is to come after a day, the soonest first, without what was withdrawn."""
    rows = select(PolicyInForce).where(PolicyInForce.from_day > day, ~PolicyInForce.withdrawal.has())
    return rows.order_by(PolicyInForce.from_day, PolicyInForce.id)


def versions(session: Session, *, office: Office) -> list[Version]:
    """Every policy on record, the earliest first: those that held, the one that holds, those to come or withdrawn."""
    which = joinedload(PolicyInForce.policy_version).defer(PolicyVersion.toml)  # most were read before
    query = select(PolicyInForce).order_by(PolicyInForce.from_day, PolicyInForce.id)
    rows = list(session.scalars(query.options(which, joinedload(PolicyInForce.withdrawal))))
    found: list[Version] = []
    before: Policy | None = None
    for place, row in enumerate(rows):
        following = next((one for one in rows[place + 1 :] if one.withdrawal is None), None)
        held = row.withdrawal is None and (
            following is None or following.from_day > row.from_day or london_day(following.put_at) >= row.from_day
        )
        policy = office.policy_under(row.policy_version)
        found.append(
            Version(
                fingerprint=row.policy_version.fingerprint,
                first=row.from_day,
                last=_last(row, following),
                held=held,
                how=row.how,
                by=row.by,
                note=row.note,
                put_at=row.put_at,
                changes=changes(before, policy) if before is not None else None,
                withdrawn=_withdrawn(row.withdrawal),
            )
        )
        before = policy if held else before
    return found


def _last(row: PolicyInForce, following: PolicyInForce | None) -> date | None:
    if following is None or row.withdrawal is not None:
        return None
    return max(row.from_day, following.from_day - ONE_DAY)


def _withdrawn(row: PolicyWithdrawal | None) -> Withdrawn | None:
    return Withdrawn(row.by, row.withdrawn_at, row.because) if row is not None else None


# ------------------------------------------------------------------------------------------------------- applying


def propose(
    session: Session,
    toml: str,
    *,
    name: str,
    from_day: date,
    office: Office,
    today: date,
    progress: Progress | None = None,
) -> Proposal:
    """Check a policy file's text, and say what it would change from `from_day` on. Writes nothing.

    Raises PolicyError with every fault of the file, also where a figure begins to hold only later; Refused for a day
    that has passed.
    """
    _not_in_the_past(from_day, today)
    name = clean_short(name)  # a file may be called anything: this is printed, drawn and kept
    policy = policy_from_text(toml, name)
    late = begins_later(toml, name, from_day)
    if late:
        raise PolicyError(late)
    now_held = standing(session, office=office, day=from_day)
    return Proposal(
        text=toml,
        name=name,
        policy=policy,
        fingerprint=fingerprint_of(toml),
        from_day=from_day,
        instead_of=now_held.fingerprint,
        changes=changes(now_held.policy, policy),
        run=dry_run(session, now_held.policy, policy, day=from_day, progress=progress),
        replaced_on=now_held.until + ONE_DAY if now_held.until else None,
    )


def _not_in_the_past(from_day: date, today: date) -> None:
    if from_day < today:
        raise Refused(
            f"{date_text(from_day)} has passed, and decisions have been made since under what held then. "
            f"Give today, {today.isoformat()}, or a later day.",
            "A4",
        )


def apply(session: Session, proposal: Proposal, *, by: str, note: str = "", office: Office, now: datetime) -> Proposal:
    """Put a policy in force from its day on: row, trail, and the cards of what it assesses differently, all at once.

    Answers the proposal as it was carried out: another person may have applied one since it was made. One that is
    `same` was in force already, and nothing was written. Raises Refused for a day that has passed.
    """
    today = london_day(now)
    _not_in_the_past(proposal.from_day, today)
    tidy = written.note(note, "A4", most=LONGEST_NOTE, what="the note")
    _queue(session)
    if session.scalar(select(PolicyInForce.id).limit(1)) is None:
        _put_file(session, office, "what held before anything was applied", now=now)
    before = standing(session, office=office, day=proposal.from_day)
    carried_out = replace(proposal, instead_of=before.fingerprint, changes=changes(before.policy, proposal.policy))
    if carried_out.same:
        return carried_out
    under_it = replace(office, policy=proposal.policy, policy_text=proposal.text)
    told = [change.as_data() for change in carried_out.changes]
    _put(session, under_it, proposal.from_day, by=by, how=APPLIED, note=tidy, told=told, now=now)
    data = {
        "policy": proposal.fingerprint,
        "instead_of": before.fingerprint,
        "from": proposal.from_day.isoformat(),
        "note": tidy,
        "changes": told,
    }
    events.append(session, "policy_applied", POLICY_TRAIL, by, data, now=now)
    begin(session, office=office, now=now)
    return carried_out


def withdraw(session: Session, day: date, *, by: str, because: str, office: Office, now: datetime) -> Standing:
    """Take back what is to come into force on a day: what holds before that day holds on. For a reason, which is kept.

    What was applied for the same day before it does not come back. Answers what holds on that day now. Raises Refused
    for a day that has come, since decisions are made under what holds then; NotFound where nothing is scheduled.
    """
    missing = "Say why it is withdrawn: it goes on the record."
    tidy = written.words(because, missing, "A4", most=LONGEST_NOTE, what="the reason")
    _queue(session)
    today = london_day(now)
    coming = list(session.scalars(_scheduled(today)))
    of_day = [row for row in coming if row.from_day == day]
    if day <= today or any(row.begun_at for row in of_day):
        raise Refused(
            f"{date_text(day)} has come: what holds from then on is in force, and decisions are made under it, so it "
            "cannot be withdrawn. Apply the policy that is to hold from now on.",
            "A4",
        )
    if not of_day:
        days = listed(date_text(one) for one in sorted({row.from_day for row in coming}))
        raise NotFound(
            f"No policy is to come into force on {date_text(day)}. "
            + (f"One is on {days}." if days else "None is on any day to come.")
        )
    session.add_all(
        PolicyWithdrawal(policy_in_force_id=row.id, withdrawn_at=now, by=by, because=tidy) for row in of_day
    )
    session.flush()
    holds = standing(session, office=office, day=day)
    data = {
        "policy": of_day[-1].policy_version.fingerprint,
        "from": day.isoformat(),
        "instead": holds.fingerprint,
        "because": tidy,
    }
    events.append(session, "policy_withdrawn", POLICY_TRAIL, by, data, now=now)
    return holds


def note_file(session: Session, *, office: Office, name: str, now: datetime) -> AtStart:
    """Note the file that a process starts with, where nothing was applied yet: it holds from today on.

    `office` is the process's own, under the policy of its file. Answers how the file stands to the record.
    """
    _queue(session)
    today = london_day(now)
    row = session.scalars(holding_on(today)).one_or_none()
    holds = row is not None and row.policy_version.fingerprint == office.fingerprint
    applied = select(PolicyInForce.id).where(PolicyInForce.how == APPLIED, ~PolicyInForce.withdrawal.has())
    if session.scalar(applied.limit(1)) is None:
        if not holds:
            _put_file(session, office, name, now=now)
        return AtStart.HOLDS
    if holds:
        return AtStart.HOLDS
    coming = _scheduled(today).join(PolicyInForce.policy_version).with_only_columns(PolicyVersion.fingerprint)
    return AtStart.COMES_LATER if office.fingerprint in session.scalars(coming).all() else AtStart.DIFFERS


def _queue(session: Session) -> None:
    """Wait for whoever else puts a policy at this moment: on SQLite one writer at a time is the rule already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": POLICY_LOCK})


def _put_file(session: Session, office: Office, note: str, *, now: datetime) -> None:
    first = session.scalar(select(PolicyInForce.id).limit(1)) is None
    row = _put(session, office, london_day(now), by="the desk", how=FILE, note=note, told=[], now=now)
    row.begun_at = now if first else None  # before the first there is nothing that it could change
    data = {"policy": office.fingerprint, "from": row.from_day.isoformat(), "note": note}
    events.append(session, "policy_read", POLICY_TRAIL, "the desk", data, now=now)
    session.flush()
    begin(session, office=office, now=now)


def _put(
    session: Session,
    office: Office,
    from_day: date,
    *,
    by: str,
    how: str,
    note: str,
    told: list[dict[str, Any]],
    now: datetime,
) -> PolicyInForce:
    row = PolicyInForce(
        policy_version_id=office.policy_version(session, now=now).id,
        from_day=from_day,
        put_at=now,
        by=by,
        how=how,
        note=note,
        changes=told,
    )
    session.add(row)
    session.flush()
    return row


def begin(session: Session, *, office: Office, now: datetime) -> list[str]:
    """Once ever for each policy, when its day has come: update the cards of what it assesses differently.

    Answers the references of those applications. Called by whoever applies a policy, and by each sweep.
    """
    today = london_day(now)
    row = session.scalars(holding_on(today)).one_or_none()
    if row is None or row.begun_at is not None:
        return []
    last = session.scalars(
        select(PolicyInForce)
        .where(PolicyInForce.begun_at.is_not(None))
        .order_by(PolicyInForce.begun_at.desc(), PolicyInForce.id.desc())
        .limit(1)
    ).one_or_none()
    if not guarded.change(session, row, PolicyInForce.begun_at.is_(None), begun_at=now):
        return []
    after = office.policy_under(row.policy_version)
    before = office.policy_under(last.policy_version) if last is not None else after
    shifts = shifted_applications(session, before, after, day=today) if before != after else []
    outbox.put_all(
        session,
        [
            outbox.message_of(
                "card",
                subject=card_notes.subject_of(shift.number),
                key=f"card:{shift.number}:policy-{row.id}",
                payload={"application_id": shift.number},
                now=now,
            )
            for shift in shifts
        ],
    )
    references = [shift.reference for shift in shifts]
    data = {"policy": row.policy_version.fingerprint, "from": row.from_day.isoformat(), "cards": references}
    events.append(session, "policy_began", POLICY_TRAIL, "the desk", data, now=now)
    return references
