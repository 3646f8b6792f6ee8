"""What falls due, short, for tests: how a deadline of one kind stands."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from core.office import Office
from core.records import Deadline


def dates(office: Office, kind: str) -> list[tuple[date, str]]:
    """The deadlines of a kind by their day, each "open", "met" or "closed"."""
    with office.reading() as session:
        mine = select(Deadline).where(Deadline.kind == kind).order_by(Deadline.due, Deadline.id)
        return [(one.due, _stands(one)) for one in session.scalars(mine)]


def _stands(one: Deadline) -> str:
    if one.met_at is not None:
        return "met"
    return "closed" if one.closed_at is not None else "open"
