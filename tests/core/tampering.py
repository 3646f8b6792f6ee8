"""Changing a record behind the desk's back, for the tests of what finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, func, select, text, update
from sqlalchemy.orm import Session

from core import events
from core.audit import Verified, verify
from core.office import Office
from core.records import Event, Record

TABLES: dict[str, Table] = dict(Record.metadata.tables)


def verified(office: Office, **given: Any) -> Verified:
    with office.reading() as session:
        return verify(session, **given)


def said(found: Verified) -> str:
    return "\n".join(fault.said for fault in found.faults)


@contextmanager
def behind_its_back(office: Office) -> Iterator[Session]:
    """Somebody at the database itself, whom no reference, check or trigger of it stops; undone at the end."""
    with office.sessions() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
            session.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        try:
            yield session
        finally:
            session.rollback()
            if session.get_bind().dialect.name == "sqlite":
                session.execute(text("PRAGMA ignore_check_constraints = OFF"))


def line(session: Session, number: int) -> dict[str, Any]:
    return dict(session.execute(select(TABLES["event"]).where(Event.sequence == number)).mappings().one())


def last_line(session: Session) -> int:
    return session.execute(select(func.max(Event.sequence))).scalar_one()


def resealed(session: Session, number: int, **changes: Any) -> str:
    """Change a line and give it a hash that fits; answers the hash."""
    changed = {**line(session, number), **changes}
    sealed = events.seal_of(changed["previous"], number, {name: changed[name] for name in events.SAID})
    session.execute(update(TABLES["event"]).where(Event.sequence == number).values(**changes, hash=sealed))
    return sealed
