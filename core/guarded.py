"""Changing what others may be changing at the same moment: one update that says what it expects to find.

Of two who change a row at once the second finds it otherwise, and changes nothing: no reading beforehand promises
that, and no lock is needed for it. What the second is told is in the words of whoever asks.
"""

from __future__ import annotations

from typing import cast

from sqlalchemy import ColumnExpressionArgument, CursorResult, Update, inspect, update
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.records import Record
from core.rules.states import Action, Lifecycle, NotAllowed, State


def change(session: Session, row: Record, *expected: ColumnExpressionArgument[bool], **values: object) -> bool:
    """Change one row where all that is `expected` holds of it; False, and nothing done, where it does not.

    The row is read anew either way, so that what is refused can say how it stands.
    """
    session.flush()
    known = inspect(row)
    this = (column == part for column, part in zip(known.mapper.primary_key, known.identity or (), strict=True))
    statement = update(type(row)).where(*this, *expected).values(**values)
    found = rows_changed(session, statement.execution_options(synchronize_session=False))
    session.refresh(row)
    return bool(found)


def rows_changed(session: Session, statement: Update) -> int:
    """Carry an update out; answers how many rows it found."""
    return cast("CursorResult[object]", session.execute(statement)).rowcount


def state_after(lifecycle: Lifecycle[State, Action], status: str, action: Action, rule: str) -> State:
    """The state that an action leads to from `status`. Raises Conflict, with what to do instead, where none does."""
    try:
        return lifecycle.next(type(lifecycle.first)(status), action)
    except NotAllowed as error:
        raise Conflict(error.reason, rule) from error
