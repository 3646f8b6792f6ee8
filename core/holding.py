"""Which holds there are, or were, on what belongs to a reference (W4); they are placed and lifted in `core.holds`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import String, cast, literal, or_, select
from sqlalchemy.orm import Session

from core.records import Application, RetentionHold
from core.rules.keeping import Hold, HoldReason

DRAFT: Final = "draft "
"""Before the number of an application that has no reference yet; what the trail calls it too."""


def of(session: Session, reference: str) -> tuple[Hold, ...]:
    """Every hold that there is, or was, on what belongs to this reference, also as a draft, oldest first."""
    as_draft = select(literal(DRAFT) + cast(Application.id, String)).where(Application.reference == reference)
    here = or_(RetentionHold.reference == reference, RetentionHold.reference.in_(as_draft))
    rows = session.scalars(select(RetentionHold).where(here).order_by(RetentionHold.id))
    return tuple(Hold(HoldReason[row.reason.upper()], row.file, row.lifted_on) for row in rows)
