"""The office's own dates, as a list: what falls due that belongs to no award (R4, N4, F0, T4, W1, W2)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.bids import BID
from core.opportunities import CLOSING
from core.records import Deadline
from core.recurring import KINDS as RECURRING

KINDS: Final = (*RECURRING, BID, CLOSING)
"""The kinds of deadline that are the office's own."""


def to_come(session: Session) -> list[Deadline]:
    """Every one that is still to be met, by its day."""
    query = select(Deadline).where(Deadline.kind.in_(KINDS), Deadline.is_open)
    return list(session.scalars(query.order_by(Deadline.due, Deadline.id)))
