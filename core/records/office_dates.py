"""Tables: what the office itself has a date for: Provider Forums, bids to new funding streams, opportunities, and what
it published.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key, Pence
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import Application
    from core.records.people import Person


class Forum(Record):
    """A Provider Forum for victim services (R4): planned for a day, held, or cancelled. One is planned at a time.

    `begins` is the hour and minute on a London clock, "10:00".
    `sequence` counts how often what was invited to has changed, as calendars count. `views` are those of service users
    and partners (R3); `note` is what invitations say of it, and once it is cancelled why.
    """

    __tablename__ = "forum"
    __table_args__ = (
        Index(
            "ix_forum_planned",
            "status",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    day: Mapped[date]
    begins: Mapped[str] = mapped_column(String(5))
    minutes: Mapped[int] = mapped_column(Integer)
    place: Mapped[str]
    note: Mapped[str]
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    planned_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    held_on: Mapped[date | None]
    notes: Mapped[str | None]
    views: Mapped[str | None]

    person: Mapped[Person] = relationship()
    invitations: Mapped[list[ForumInvitation]] = relationship(
        back_populates="forum", order_by="ForumInvitation.organisation, ForumInvitation.id"
    )


class ForumInvitation(Record):
    """That a provider was invited to a forum: which, by the contact of which application, and when."""

    __tablename__ = "forum_invitation"
    __table_args__ = (UniqueConstraint("forum_id", "organisation"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    forum_id: Mapped[int] = mapped_column(ForeignKey("forum.id"))
    organisation: Mapped[str]
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    invited_at: Mapped[datetime]

    forum: Mapped[Forum] = relationship(back_populates="invitations")
    application: Mapped[Application] = relationship()


class Bid(Record):
    """A bid to a new funding stream that the office leads or supports (N4), with its closing day and what came of it.

    `part` is "led" or "supported"; `amount` is what is bid for, in pence, where it is known.
    """

    __tablename__ = "bid"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    title: Mapped[str]
    funder: Mapped[str]
    part: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int | None] = mapped_column(Pence)
    closes_on: Mapped[date]
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime]
    submitted_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    note: Mapped[str]

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    added_by: Mapped[Person] = relationship(foreign_keys=[added_by_id])


class Opportunity(Record):
    """An invitation to tender, to quote or to apply, as it is advertised (T4). `envelope` is in pence.

    `kind` is "tender", "quotes" or "grant"; `quality_share` and `cost_share` are per cent. `website` and `portal` are
    the addresses at which it is advertised besides this desk's own page.
    """

    __tablename__ = "opportunity"
    __table_args__ = (
        CheckConstraint("envelope > 0", name="envelope_positive"),
        CheckConstraint("closes_on >= opens_on", name="closes_after_opening"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str]
    summary: Mapped[str]
    envelope: Mapped[int] = mapped_column(Pence)
    quality_share: Mapped[int | None] = mapped_column(Integer)
    cost_share: Mapped[int | None] = mapped_column(Integer)
    website: Mapped[str]
    portal: Mapped[str]
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(16), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    drafted_at: Mapped[datetime]
    advertised_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    note: Mapped[str]

    owner: Mapped[Person] = relationship()

    @property
    def reference(self) -> str:
        """What it is called in lists, messages and the trail."""
        return f"OP-{self.id:04d}"


class Published(Record):
    """That the office published what is due by itself: a month's publication, or a year's Annual Report (W1, W2).

    `kind` and `period` are the deadline's: "publication" and "2026-11", "annual-report" and "2026-27".
    """

    __tablename__ = "published"
    __table_args__ = (UniqueConstraint("kind", "period"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    period: Mapped[str] = mapped_column(String(10))
    published_on: Mapped[date]
    place: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    recorded_at: Mapped[datetime]

    person: Mapped[Person] = relationship()
