"""Tables: an application, what it means to achieve, and what was decided about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Document, Key, OptionalDocument, Pence
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.awards import Award
    from core.records.documents import Document as Upload
    from core.records.people import Person
    from core.records.policy import PolicyVersion


class Application(Record):
    """One bid, from its first saved page to its outcome.

    `answers` is what was typed, right or wrong; the columns are what it means once it is submitted, and `extra` the
    typed answers to questions that have no column of their own. `taken_by` is the officer who took it on, nobody yet or
    any more without one. The columns that end in `_key` are what applications
    are compared by (`core.rules.organisations`); a draft has only that of the address which was typed last. `noticed`
    is what the desk saw when it was submitted, for the office: notes with kind, reference and because.
    """

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint("status = 'draft' OR reference IS NOT NULL", name="submitted_has_reference"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_positive"),
        Index("ix_application_status_submitted_at", "status", "submitted_at"),
        {"sqlite_autoincrement": True},  # a number is never given twice: the trail and holds name a draft by it
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

    charity_key: Mapped[str | None] = mapped_column(String(20), index=True)
    company_key: Mapped[str | None] = mapped_column(String(20), index=True)
    name_key: Mapped[str | None] = mapped_column(index=True)
    contact_key: Mapped[str | None] = mapped_column(String(254), index=True)
    noticed: Mapped[list[Any] | None] = mapped_column(OptionalDocument)

    organisation_name: Mapped[str | None]
    organisation_type: Mapped[str | None] = mapped_column(String(40))
    charity_number: Mapped[str | None] = mapped_column(String(20))
    company_number: Mapped[str | None] = mapped_column(String(20))
    postcode: Mapped[str | None] = mapped_column(String(10))
    contact_name: Mapped[str | None]
    contact_email: Mapped[str | None]
    second_name: Mapped[str | None]
    second_email: Mapped[str | None]
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
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    taken_at: Mapped[datetime | None]

    taken_by: Mapped[Person | None] = relationship()
    outcomes: Mapped[list[Outcome]] = relationship(
        back_populates="application", order_by="Outcome.position", cascade="all, delete-orphan"
    )
    budget_lines: Mapped[list[BudgetLine]] = relationship(
        back_populates="application", order_by="BudgetLine.position", cascade="all, delete-orphan"
    )
    recommendation: Mapped[Recommendation | None] = relationship(
        back_populates="application",
        primaryjoin="and_(Application.id == Recommendation.application_id, Recommendation.set_aside_at.is_(None))",
    )
    decision: Mapped[Decision | None] = relationship(
        back_populates="application",
        primaryjoin="and_(Application.id == Decision.application_id, Decision.undone_at.is_(None))",
    )
    award: Mapped[Award | None] = relationship(
        back_populates="application",
        primaryjoin="and_(Application.id == Award.application_id, Award.withdrawn_at.is_(None))",
    )
    documents: Mapped[list[Upload]] = relationship("Document", back_populates="application", order_by="Document.id")


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


class BudgetLine(Record):
    """What some of the amount asked for pays for (F7).

    The lines of an application add up to its amount; one that came through the JSON API may have none.
    """

    __tablename__ = "budget_line"
    __table_args__ = (
        UniqueConstraint("application_id", "position"),
        CheckConstraint("pence > 0", name="pence_positive"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    position: Mapped[int] = mapped_column(Integer)
    item: Mapped[str]
    pence: Mapped[int] = mapped_column(Pence)

    application: Mapped[Application] = relationship(back_populates="budget_lines")


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
    """What an officer recommends, and why. One stands for an application; a question, or an undoing, sets it aside.

    `legal_power` and `contribution` are as `Decision` has them, where the recommender says so.
    """

    __tablename__ = "recommendation"
    __table_args__ = (
        Index(
            "ix_recommendation_standing",
            "application_id",
            unique=True,
            postgresql_where=text("set_aside_at IS NULL"),
            sqlite_where=text("set_aside_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(Pence)
    reasons: Mapped[str]
    conditions: Mapped[str]
    legal_power: Mapped[str | None]
    contribution: Mapped[str | None]
    made_at: Mapped[datetime]
    set_aside_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship(back_populates="recommendation")
    person: Mapped[Person] = relationship()


class Decision(Record):
    """The decision (A3: the unique key is the guard) on these facts, under this policy, with these findings (A4).

    One stands for an application; one that was undone stays, with by whom, when and why. `legal_power` is the power
    under which an award is made, in the policy's words, and `contribution` why it secures or contributes to crime and
    disorder reduction (L1, L2); `suggested` names those of the two that nobody gave and the desk's suggestion stands
    for. A declined application, and a decision older than these columns, has none.

    One that was made outside the desk says by whom (`outside_by`, in their `outside_role`), on which day, under which
    document, and when it was accepted, as its source has it; `person` is then whoever put it on record, and `made_at`
    when. The five are set together or not at all.
    """

    __tablename__ = "decision"
    __table_args__ = (
        Index(
            "ix_decision_standing",
            "application_id",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
            sqlite_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int | None] = mapped_column(Pence)
    reasons: Mapped[str]
    conditions: Mapped[str]
    facts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    policy_version_id: Mapped[int] = mapped_column(ForeignKey("policy_version.id"))
    legal_power: Mapped[str | None]
    contribution: Mapped[str | None]
    suggested: Mapped[list[Any] | None] = mapped_column(OptionalDocument)
    outside_by: Mapped[str | None]
    outside_role: Mapped[str | None]
    outside_on: Mapped[date | None]
    outside_document: Mapped[str | None]
    outside_accepted_on: Mapped[date | None]
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_why: Mapped[str | None]

    application: Mapped[Application] = relationship(back_populates="decision")
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    policy_version: Mapped[PolicyVersion] = relationship()

    @property
    def decided_by(self) -> str:
        """Who decided, by name: of the staff, or whom the source of a decision made outside the desk names."""
        return f"{self.outside_by} ({self.outside_role})" if self.outside_by else self.person.name


class PanelListing(Record):
    """That an application is on the list of the next sitting, or of the one on `sitting_on`. One stands at a time.

    `sitting_id` is the sitting that took it: it stays on that one's list, also once it is decided.
    """

    __tablename__ = "panel_listing"
    __table_args__ = (
        Index(
            "ix_panel_listing_standing",
            "application_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
            sqlite_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sitting_on: Mapped[date | None]
    sitting_id: Mapped[int | None] = mapped_column(ForeignKey("sitting.id"), index=True)
    listed_at: Mapped[datetime]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    removed_at: Mapped[datetime | None]

    application: Mapped[Application] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
