"""Tables: links that were mailed, who asked for them, and answers that are kept to be given again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import Instant, Key
from core.records.record import Record


class Link(Record):
    """A link that was mailed: one purpose, revocable, with an end. The token itself is signed, never stored.

    `address` is the key of the one e-mail address that it was mailed to and that holds it, "" for any other link. One
    link of a purpose, subject and address stands at a time; those that were revoked stay, so that they are known.
    """

    __tablename__ = "link"
    __table_args__ = (
        Index(
            "ix_link_standing",
            "purpose",
            "subject_id",
            "address",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
        Index("ix_link_address", "address", "purpose"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(String(254), default="")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LinkRequest(Record):
    """Somebody gave an e-mail address to be mailed links to: what the limits count. Kept for days only.

    `network` says which of them came from one place, and of no place which it is (`core.links.Signer.network`).

    `kind` is "draft" (of `application_id`), "list" (everything the address has) or "start" (to apply to `fund` with the
    details of an earlier application). `started_id` is the draft that was started by the link of this request.
    """

    __tablename__ = "link_request"
    __table_args__ = (
        Index("ix_link_request_address", "address", "asked_at"),
        Index("ix_link_request_application_id", "application_id", "asked_at"),
        Index("ix_link_request_asked_at", "asked_at"),
        {"sqlite_autoincrement": True},  # a number is never given twice: links and messages lead here by it
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(254))
    application_id: Mapped[int | None] = mapped_column(BigInteger)
    fund: Mapped[str | None] = mapped_column(String(40))
    started_id: Mapped[int | None] = mapped_column(BigInteger)
    network: Mapped[str] = mapped_column(String(32), server_default="")
    asked_at: Mapped[datetime]


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
