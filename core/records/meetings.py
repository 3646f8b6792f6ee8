"""Tables: monitoring meetings that a recipient was invited to, other times proposed, what is to be done after one."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.awards import Award
from core.records.deadlines import Deadline
from core.records.people import Person
from core.records.record import Record


class Meeting(Record):
    """A monitoring meeting that the recipient was invited to (R2): one at a time stands for its deadline.

    `status` is invited, held or cancelled. `sequence` grows with each change that calendars must hear of (RFC 5545),
    and `changed_at` is when that was. `coming_at` is when the recipient said that they will come, to the time as it is.
    `notes`, the views of service users and of partners (R3), and who came are recorded afterwards; `noted` counts how
    often, 0 for never, and `shared` says whether the recipient sees it. `cancelled_by_id` is None where the desk
    cancelled it, because the award ended or changed.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        Index(
            "ix_meeting_standing",
            "deadline_id",
            unique=True,
            postgresql_where=text("cancelled_at IS NULL"),
            sqlite_where=text("cancelled_at IS NULL"),
        ),
        Index("ix_meeting_starts_at", "starts_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"), index=True)
    status: Mapped[str] = mapped_column(String(10))
    starts_at: Mapped[datetime]
    minutes: Mapped[int] = mapped_column(Integer)
    place: Mapped[str]
    video: Mapped[str]
    agenda: Mapped[str]
    sequence: Mapped[int] = mapped_column(Integer, default=0)
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    invited_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    coming_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    cancelled_at: Mapped[datetime | None]
    cancelled_why: Mapped[str | None]
    noted: Mapped[int] = mapped_column(Integer, default=0)
    came: Mapped[bool | None] = mapped_column(Boolean)
    shared: Mapped[bool] = mapped_column(Boolean, default=False)
    notes: Mapped[str | None]
    user_views: Mapped[str | None]
    partner_views: Mapped[str | None]
    noted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    noted_at: Mapped[datetime | None]

    award: Mapped[Award] = relationship()
    deadline: Mapped[Deadline] = relationship()
    invited_by: Mapped[Person] = relationship(foreign_keys=[invited_by_id])
    noted_by: Mapped[Person | None] = relationship(foreign_keys=[noted_by_id])
    proposals: Mapped[list[MeetingProposal]] = relationship(back_populates="meeting", order_by="MeetingProposal.id")
    actions: Mapped[list[MeetingAction]] = relationship(back_populates="meeting", order_by="MeetingAction.id")


class MeetingProposal(Record):
    """Another time that the recipient proposes (R2). One waits at a time.

    `status` is proposed, agreed, declined, or lapsed where the meeting was moved, cancelled or proposed anew meanwhile.
    """

    __tablename__ = "meeting_proposal"
    __table_args__ = (
        Index(
            "ix_meeting_proposal_open",
            "meeting_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
            sqlite_where=text("answered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    starts_at: Mapped[datetime]
    words: Mapped[str]
    status: Mapped[str] = mapped_column(String(10))
    proposed_at: Mapped[datetime]
    answer: Mapped[str | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    answered_at: Mapped[datetime | None]

    meeting: Mapped[Meeting] = relationship(back_populates="proposals")


class MeetingAction(Record):
    """Something that somebody is to do after a meeting: `who` in words, `due` the day, where one was agreed."""

    __tablename__ = "meeting_action"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    what: Mapped[str]
    who: Mapped[str]
    due: Mapped[date | None]
    added_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    meeting: Mapped[Meeting] = relationship(back_populates="actions")
