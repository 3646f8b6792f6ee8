"""Tables: sittings of the panel, and what its members scored."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.columns import Key
from core.records.record import Record

if TYPE_CHECKING:
    from core.records.applications import PanelListing
    from core.records.people import Person
    from core.records.policy import PolicyVersion


class Sitting(Record):
    """A sitting of the panel on a day, about these funds: open, its applications being scored, or closed.

    `named` are the ids of whoever scores beside the panel's members. The criteria are those of `policy_version`, from
    the beginning of the scoring on. `channel` and `ts` say where its message stands in Slack.
    """

    __tablename__ = "sitting"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    day: Mapped[date]
    funds: Mapped[list[Any]]
    named: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(16), index=True)
    policy_version_id: Mapped[int | None] = mapped_column(ForeignKey("policy_version.id"))
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    note: Mapped[str]
    channel: Mapped[str | None] = mapped_column(String(32))
    ts: Mapped[str | None] = mapped_column(String(32))

    policy_version: Mapped[PolicyVersion | None] = relationship()


class ScoreSheet(Record):
    """What one member scored one listed application: points by the id of the criterion, perhaps not all of them yet.

    `version` counts how often it was written; the trail keeps what it said before.
    """

    __tablename__ = "score_sheet"
    __table_args__ = (UniqueConstraint("listing_id", "person_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("panel_listing.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    points: Mapped[dict[str, Any]]
    comment: Mapped[str]
    version: Mapped[int] = mapped_column(Integer, default=1)
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]

    listing: Mapped[PanelListing] = relationship()
    person: Mapped[Person] = relationship()
