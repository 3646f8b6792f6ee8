"""The record: SQLAlchemy tables. State is a column, events explain it, nothing here decides."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from core.columns import Document, Instant, Key, OptionalDocument, Pence


class Record(DeclarativeBase):
    """Every table. Constraint names are fixed, so that a migration can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: Instant,
        date: Date,
        dict[str, Any]: Document,
        list[Any]: Document,
        str: Text,
    }


class PolicyVersion(Record):
    """A policy as it was when decisions were made under it (A4): the whole file, by its fingerprint."""

    __tablename__ = "policy_version"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    toml: Mapped[str]
    stored_at: Mapped[datetime]


class PolicyInForce(Record):
    """Which policy holds from which day. Append-only: of the rows whose day has come the latest day, then row, holds.

    `how` is "file" for what a process read when it started, "applied" for what somebody brought into force; `changes`
    is what that was to change when it was put. `begun_at` is filled in once, when it came into force and open
    applications were looked at again.
    """

    __tablename__ = "policy_in_force"
    __table_args__ = (Index("ix_policy_in_force_from_day", "from_day", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    from_day: Mapped[date]
    put_at: Mapped[datetime]
    by: Mapped[str]
    how: Mapped[str] = mapped_column(String(8))
    note: Mapped[str]
    changes: Mapped[list[Any]]
    begun_at: Mapped[datetime | None]

    policy_version: Mapped[PolicyVersion] = relationship()


class Person(Record):
    """A member of staff, the Commissioner, the panel or an auditor. Removed people stay: decisions name them."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("slack_team", "slack_user"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(String(16))
    slack_team: Mapped[str | None] = mapped_column(String(32))
    slack_user: Mapped[str | None] = mapped_column(String(32))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Application(Record):
    """One bid, from its first saved page to its outcome.

    `answers` is what was typed, right or wrong; the columns are what it means once it is submitted, and `extra` the
    typed answers to questions that have no column of their own.
    """

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("status = 'draft' OR reference IS NOT NULL", name="submitted_has_reference"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        Index("ix_application_status_submitted_at", "status", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    reference: Mapped[str | None] = mapped_column(String(20), unique=True)
    fund: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, default=1)
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None] = mapped_column(String(80), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)

    organisation_name: Mapped[str | None]
    organisation_type: Mapped[str | None] = mapped_column(String(40))
    charity_number: Mapped[str | None] = mapped_column(String(20))
    company_number: Mapped[str | None] = mapped_column(String(20))
    postcode: Mapped[str | None] = mapped_column(String(10))
    contact_name: Mapped[str | None]
    contact_email: Mapped[str | None]
    title: Mapped[str | None]
    need: Mapped[str | None]
    existing_provision: Mapped[str | None]
    plan_objective: Mapped[str | None] = mapped_column(String(60))
    csp_area: Mapped[str | None] = mapped_column(String(60))
    purpose: Mapped[str | None] = mapped_column(String(40))
    victim_service: Mapped[bool | None]
    age_from: Mapped[int | None] = mapped_column(Integer)
    age_to: Mapped[int | None] = mapped_column(Integer)
    send: Mapped[bool | None]
    start_on: Mapped[date | None]
    end_on: Mapped[date | None]
    amount: Mapped[int | None] = mapped_column(Pence)
    purchases: Mapped[int | None] = mapped_column(Pence)
    extra: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    findings: Mapped[list[Any] | None] = mapped_column(Document)

    outcomes: Mapped[list[Outcome]] = relationship(
        back_populates="application", order_by="Outcome.position", cascade="all, delete-orphan"
    )
    recommendation: Mapped[Recommendation | None] = relationship(back_populates="application")
    decision: Mapped[Decision | None] = relationship(back_populates="application")
    award: Mapped[Award | None] = relationship(back_populates="application")


class Outcome(Record):
    """An outcome with the measure and target that will show it (U2, N3). Accepted by the recipient with the offer."""

    __tablename__ = "outcome"
    __table_args__ = (UniqueConstraint("application_id", "position"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    position: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str]
    measure: Mapped[str]
    target: Mapped[str]
    accepted_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(back_populates="outcomes")


class Interest(Record):
    """A declared interest: this person is out of this application (A2)."""

    __tablename__ = "interest"
    __table_args__ = (UniqueConstraint("application_id", "person_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    declared_at: Mapped[datetime]


class Recommendation(Record):
    """What an officer recommends, and why. One stands for an application."""

    __tablename__ = "recommendation"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(Pence)
    reasons: Mapped[str]
    conditions: Mapped[str]
    made_at: Mapped[datetime]

    application: Mapped[Application] = relationship(back_populates="recommendation")
    person: Mapped[Person] = relationship()


class Decision(Record):
    """The decision (A3: the unique key is the guard) on these facts, under this policy, with these findings (A4)."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int | None] = mapped_column(Pence)
    reasons: Mapped[str]
    conditions: Mapped[str]
    facts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    made_at: Mapped[datetime]

    application: Mapped[Application] = relationship(back_populates="decision")
    person: Mapped[Person] = relationship()
    policy_version: Mapped[PolicyVersion] = relationship()


class Award(Record):
    """Money offered, then held by its recipient. Its reference is its application's.

    `profile` says how the amount falls over the financial years: {"2026": pence} (F6). `paid` is what of it has left
    and not come back (F7).
    """

    __tablename__ = "award"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("paid >= 0 AND paid <= amount", name="paid_within_award"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), unique=True)
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    fund: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), index=True)
    amount: Mapped[int] = mapped_column(Pence)
    conditions: Mapped[str]
    start_on: Mapped[date]
    end_on: Mapped[date]
    offered_at: Mapped[datetime]
    accept_by: Mapped[date]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    profile: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    paid: Mapped[int] = mapped_column(Pence, default=0)

    application: Mapped[Application] = relationship(back_populates="award")
    policy_version: Mapped[PolicyVersion] = relationship()
    returns: Mapped[list[MonitoringReturn]] = relationship(back_populates="award", order_by="MonitoringReturn.due")
    deadlines: Mapped[list[Deadline]] = relationship(back_populates="award", order_by="Deadline.due")


class FundYear(Record):
    """The balance of one pot of a fund's money in one financial year (F6), in pence.

    The pot "" is the fund's general money; it is there wherever another is. Any other is ring-fenced (F1): for awards
    of its purpose that end on or before `until`. `statutory` is the sum that the office recorded in place of the share
    held back (F3); it and `forward` are kept with the general money. `surrendered` has left the year at its end. The
    check constraints are the last guard against overspending.
    """

    __tablename__ = "fund_year"
    __table_args__ = (
        UniqueConstraint("fund", "year", "pot"),
        CheckConstraint("committed >= 0", name="committed_not_negative"),
        CheckConstraint("committed + repayable + surrendered <= allocated - held + tolerance", name="never_overspent"),
        CheckConstraint("forward >= 0", name="forward_not_negative"),
        CheckConstraint("held >= 0 AND held <= allocated", name="held_within_allocation"),
        CheckConstraint("paid >= 0 AND paid <= committed", name="paid_from_committed"),
        CheckConstraint("tolerance >= 0 AND repayable >= 0 AND surrendered >= 0", name="nothing_negative"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fund: Mapped[str] = mapped_column(String(40))
    year: Mapped[int] = mapped_column(Integer)
    pot: Mapped[str] = mapped_column(String(60), default="")
    purpose: Mapped[str | None] = mapped_column(String(40))
    until: Mapped[date | None]
    statutory: Mapped[int | None] = mapped_column(Pence)
    allocated: Mapped[int] = mapped_column(Pence, default=0)
    held: Mapped[int] = mapped_column(Pence, default=0)
    tolerance: Mapped[int] = mapped_column(Pence, default=0)
    committed: Mapped[int] = mapped_column(Pence, default=0)
    forward: Mapped[int] = mapped_column(Pence, default=0)
    paid: Mapped[int] = mapped_column(Pence, default=0)
    repayable: Mapped[int] = mapped_column(Pence, default=0)
    surrendered: Mapped[int] = mapped_column(Pence, default=0)


class LedgerEntry(Record):
    """One movement of a fund's money. Append-only; the entries sum to the balances of `FundYear`."""

    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_entry_fund_year", "fund", "year"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    fund: Mapped[str] = mapped_column(String(40))
    year: Mapped[int] = mapped_column(Integer)
    pot: Mapped[str] = mapped_column(String(60), default="")
    kind: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(Pence)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"), index=True)
    actor: Mapped[str]
    note: Mapped[str]
    made_at: Mapped[datetime]


class Variation(Record):
    """A decision to change the amount of an award (F6), kept as the first decision is (A4)."""

    __tablename__ = "variation"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    before: Mapped[int] = mapped_column(Pence)
    after: Mapped[int] = mapped_column(Pence)
    reasons: Mapped[str]
    facts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    made_at: Mapped[datetime]


class AwardCheck(Record):
    """That somebody looked at something before money leaves (L5, T1). Append-only; the latest of a kind holds."""

    __tablename__ = "award_check"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    found: Mapped[dict[str, Any]]
    note: Mapped[str]
    made_at: Mapped[datetime]


class Payment(Record):
    """A stage of an award's payments (F7): planned, then approved by one person and paid by another, or held."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("award_id", "number"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("payer_id <> approver_id", name="payer_is_not_approver"),
        CheckConstraint(
            "status <> 'paid' OR (payer_id IS NOT NULL AND approver_id IS NOT NULL)", name="paid_by_two_people"
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    number: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(Pence)
    planned_on: Mapped[date]
    return_due: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(16))
    held_because: Mapped[str | None]
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    approved_at: Mapped[datetime | None]
    chief_finance_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    chief_finance_at: Mapped[datetime | None]
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    paid_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()


class MonitoringReturn(Record):
    """What a recipient reports (R1): what changed, how it is known, and what was spent."""

    __tablename__ = "monitoring_return"
    __table_args__ = (UniqueConstraint("award_id", "due"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"))
    due: Mapped[date]
    status: Mapped[str] = mapped_column(String(20))
    measures: Mapped[list[Any]]
    spent: Mapped[int] = mapped_column(Pence)
    people: Mapped[int] = mapped_column(Integer)
    narrative: Mapped[str]
    views: Mapped[str]
    extra: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    received_from: Mapped[str]

    award: Mapped[Award] = relationship(back_populates="returns")


class Deadline(Record):
    """Something that falls due. Overdue is computed, never stored.

    `next_step_on` is the day of its earliest nudge still to come; the sweep finds what it must do by that index alone.
    No step before `silent_before` is ever sent: what was past when a record was imported, or set up for practice.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("subject", "kind", "due"),
        Index(
            "ix_deadline_open",
            "next_step_on",
            postgresql_where=text("met_at IS NULL AND closed_at IS NULL"),
            sqlite_where=text("met_at IS NULL AND closed_at IS NULL"),
        ),
        Index("ix_deadline_due", "due"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    subject: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(20), index=True)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("award.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    due: Mapped[date]
    final: Mapped[bool] = mapped_column(Boolean, default=False)
    set_at: Mapped[datetime]
    silent_before: Mapped[date | None]
    next_step_on: Mapped[date | None]
    met_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    award: Mapped[Award | None] = relationship(back_populates="deadlines")
    nudges: Mapped[list[Nudge]] = relationship(back_populates="deadline", order_by="Nudge.step")


class Nudge(Record):
    """A step of a deadline that one person was told of, once ever: the unique key is the promise (D0)."""

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("deadline_id", "step", "person"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    step: Mapped[int] = mapped_column(Integer)
    person: Mapped[str] = mapped_column(String(20))
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"), index=True)
    noted_at: Mapped[datetime]

    deadline: Mapped[Deadline] = relationship(back_populates="nudges")
    message: Mapped[OutboxMessage] = relationship()


class OutboxMessage(Record):
    """Something to be sent, written in the transaction that makes it true. It holds ids; it is worded when sent."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_open",
            "channel",
            "id",
            postgresql_where=text("settled_at IS NULL"),
            sqlite_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_outbox_message_subject_open",
            "subject",
            "channel",
            "id",
            postgresql_where=text("settled_at IS NULL"),
            sqlite_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    not_before: Mapped[datetime]
    claim: Mapped[str | None] = mapped_column(String(40))
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    outcome: Mapped[str | None] = mapped_column(String(16))
    settled_at: Mapped[datetime | None]
    slack_channel: Mapped[str | None] = mapped_column(String(32))
    slack_ts: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None]


class Card(Record):
    """Where an application's one card stands in Slack."""

    __tablename__ = "card"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32))
    ts: Mapped[str] = mapped_column(String(32))


class Link(Record):
    """A link that was mailed: one purpose, revocable, with an end. The token itself is signed, never stored."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("purpose", "subject_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Idempotency(Record):
    """An answer already given to a key (`Idempotency-Key`, or a delivery that Slack repeats), to be given again."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    scope: Mapped[str] = mapped_column(String(120))
    key: Mapped[str] = mapped_column(String(255))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(Instant, index=True)


class Event(Record):
    """One line of the trail: who did what, when, on which facts. Append-only; each line carries the one before it.

    `seals` has the digests of the rows of the record that this line made or changed: see `core.seals`.
    """

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_reference", "reference", "sequence"),)

    sequence: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]
    seals: Mapped[dict[str, Any] | None] = mapped_column(OptionalDocument)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class TrailEnd(Record):
    """Where the trail ends: one row, so that lines cut off its end are missed. Locked while a line is added."""

    __tablename__ = "trail_end"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
