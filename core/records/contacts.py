"""Tables: whom the office wrote to before, and mail that nobody got."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.applications import Application
from core.records.messages import OutboxMessage
from core.records.people import Person
from core.records.record import Record


class ContactChange(Record):
    """That somebody changed whom the office writes to about an application, and whom it wrote to before.

    `person` is who of the office did, None where the recipient did. Whom it writes to now is on the application.
    """

    __tablename__ = "contact_change"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    name_was: Mapped[str | None]
    email_was: Mapped[str | None]
    second_name_was: Mapped[str | None]
    second_email_was: Mapped[str | None]
    reason: Mapped[str | None]
    changed_at: Mapped[datetime]

    application: Mapped[Application] = relationship()
    person: Mapped[Person | None] = relationship()


class RefusedMail(Record):
    """A mail about an application that was refused, and the key of the address that refused it.

    While `ended_at` is empty the address counts as one that refuses our mail about this application: until another
    takes its place, or a later mail to it arrives.
    """

    __tablename__ = "refused_mail"
    __table_args__ = (
        UniqueConstraint("message_id", "application_id"),
        Index(
            "ix_refused_mail_standing",
            "application_id",
            "address",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_refused_mail_address",
            "address",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    address: Mapped[str] = mapped_column(String(254))
    by: Mapped[str] = mapped_column(String(40))
    code: Mapped[str]
    noted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    message: Mapped[OutboxMessage] = relationship()
    application: Mapped[Application] = relationship()
