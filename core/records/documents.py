"""Tables: what people uploaded. The bytes themselves are in the store of `core.document_store`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import Application
    from core.records.deadlines import Deadline


class Document(Record):
    """One file that came with an application or its award; with `deadline_id`, with the return due then.

    `name` is what people see, cleaned; it never names a file of ours. `media_type` was found by content, `size` is in
    bytes. A row stays when its bytes are gone: `removed_at` says since when, the trail why. `in_draft`: it came with
    an application that was not sent yet, and goes with it. `shows` and `may_publish` are of a picture: who is in it,
    each of whom agreed that we have it, and whether they agreed that it is published.
    """

    __tablename__ = "document"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    deadline_id: Mapped[int | None] = mapped_column(ForeignKey("deadline.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    name: Mapped[str]
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    store_key: Mapped[str] = mapped_column(String(80), unique=True)
    scan: Mapped[str] = mapped_column(String(16), index=True)
    scanned_at: Mapped[datetime | None]
    in_draft: Mapped[bool] = mapped_column(Boolean)
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    shows: Mapped[str | None]
    may_publish: Mapped[bool | None] = mapped_column(Boolean)

    application: Mapped[Application] = relationship(back_populates="documents")
    deadline: Mapped[Deadline | None] = relationship()
