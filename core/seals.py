"""Which rows of the record the trail seals, and how: each by a digest in the line that made or changed it (A4).

A line's seals are `{"award:7": [was, is]}`: the digest of the row as it was found, None if it was not there, and as it
was left, None if it was taken away. Whoever changes a row behind the desk's back breaks the first or the second, also
when the desk changes that row again later.

What a session writes, by itself or by an UPDATE or DELETE of mapped rows, is noted without anybody's doing, and the
lines of its transaction seal it. A bulk INSERT is not noted: add the rows to the session.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Delete, Result, Table, Update, inspect, select
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import MANYTOONE, ORMExecuteState, Session, SessionTransaction
from sqlalchemy.orm.unitofwork import UOWTransaction

from core.records import Application, Document, Record
from core.rules.lifecycle import ApplicationState

Values = Mapping[str, Any]
Seals = dict[str, list[str | None]]

OWN_CHECK: Mapping[str, str] = {
    "event": "the trail itself: each line carries the hash of the one before it",
    "trail_end": "compared with the last line of the trail",
}
"""Tables whose rows are checked, though not by a seal, and how."""

NOT_SEALED: Mapping[str, str] = {
    "outbox_message": "what is to be sent, and how it went: it changes with every attempt, and no line tells of it",
    "nudge": "the sweep's note of which message covers which step; what the message did is in the outbox",
    "sweep_plan": "what the sweep last planned with; a line tells when that changed",
    "card": "where a message stands in Slack, which is a view of the record",
    "link": "a door, not a fact: what is done through it has a line",
    "return_draft": "what is being typed, until it is a return",
    "correction": "what is being typed, until it is sent",
    "link_request": "who asked for links to be mailed, kept for days: what the limits count",
    "slack_code": "who asked for a code to link a Slack account, kept for a day: what the limits count",
    "home_opened": "who looked at their Home in Slack lately: whom a change is shown to, and nothing of the record",
    "entered_for": "goes with its draft; once that is sent a line says who entered it, and the consent",
    "timetable_job": "how the machinery runs, written also when what it did was taken back: no fact of any award",
    "refused_mail": "what became of a mail, of which the trail has a line; it ends when a mail to the address arrives",
    "dates_to_set": "what an upgrade leaves to the first sweep, whose line says what came of it",
    "idempotency": "answers that are kept for a while, to be given again",
}
"""Tables that the trail leaves alone, and why."""

NOT_SEALED_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "application": {"version": "counts changes, so that no card is put into the outbox twice"},
    "person": {"sessions_ended": "a door, not a fact: that whoever signed in before is signed in no more"},
    "sitting": {
        "channel": "where its message stands in Slack, which is a view of the record",
        "ts": "where its message stands in Slack, which is a view of the record",
    },
    "deadline": {
        "next_step_on": "worked out from the due date and the policy; the sweep moves it on",
        "silent_before": "which nudges are never sent; set for a whole record that has a past, and when a day is moved",
    },
}
"""Columns of sealed rows that the trail leaves alone, and why."""

_NOTED = "rows_to_seal"
_FRESH = "rows_no_line_claimed"
_BEFORE = "rows_before_flush"
_SAVED = "rows_to_seal_before_savepoint"


@cache
def sealed_tables() -> Mapping[str, Table]:
    """Every table whose rows are sealed, in the order in which one refers to another. A new table is one of them."""
    left_out = {*OWN_CHECK, *NOT_SEALED}
    return {table.name: table for table in Record.metadata.sorted_tables if table.name not in left_out}


@cache
def _sealed_columns(name: str) -> frozenset[str]:
    return frozenset(Record.metadata.tables[name].columns.keys()) - NOT_SEALED_COLUMNS.get(name, {}).keys()


@cache
def key_of(table: Table) -> Column[Any]:
    """The one column that names a row of a sealed table."""
    (column,) = table.primary_key.columns
    return column


def seal_key(table: str, row: int) -> str:
    """What a line's seals call a row."""
    return f"{table}:{row}"


def digest(table: str, values: Values) -> str | None:
    """The digest of a row by its columns; None for a draft and its documents, which may be changed freely.

    An empty column counts for nothing, so that a table which is given another keeps its digests.
    """
    if table == "application" and values["status"] == ApplicationState.DRAFT:
        return None
    if table == "document" and values["in_draft"]:
        return None
    sealed = _sealed_columns(table)
    said = {name: _plain(value) for name, value in values.items() if value is not None and name in sealed}
    return hashlib.sha256(json.dumps([table, said], sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


# --------------------------------------------------------------------------------------- noting what a session writes


@dataclass(frozen=True)
class Claim:
    """The rows that a line is about: those that were written since the line before it, and those still to be."""

    keys: tuple[str, ...]
    rows: tuple[object, ...]


def claim(session: Session) -> Claim:
    """What a line claims that is added now. Nothing is written for it: what is half done may break a constraint."""
    waiting = tuple(row for row in (*session.new, *session.dirty, *session.deleted) if _table_of(row) is not None)
    return Claim(tuple(session.info.pop(_FRESH, ())), waiting)


def shared_out(session: Session, claims: Sequence[Claim]) -> list[Seals]:
    """The seals of every row that the transaction wrote, for each line those that it was the first to claim.

    What no line claimed is the last one's. What ended as it began needs no seal.
    """
    owners: dict[str, int] = {}
    for number, one in enumerate(claims):
        written = (seal_key(row.__tablename__, _number(row)) for row in one.rows if inspect(row).has_identity)  # type: ignore[attr-defined]
        for key in (*one.keys, *written):
            owners.setdefault(key, number)
    shares: list[Seals] = [{} for _ in claims]
    for key, (table, before, after) in session.info.pop(_NOTED, {}).items():
        was = digest(table, before) if before is not None else None
        left = digest(table, after) if after is not None else None
        if was != left:
            shares[owners.get(key, -1)][key] = [was, left]
    return shares


def forget(session: Session) -> None:
    """Drop what was noted: the transaction has ended."""
    for name in (_NOTED, _FRESH, _BEFORE, _SAVED):
        session.info.pop(name, None)


def _note(session: Session, key: str, table: str, before: Values | None, after: Values | None) -> None:
    noted = session.info.setdefault(_NOTED, {})
    noted[key] = (table, noted[key][1] if key in noted else before, after)
    session.info.setdefault(_FRESH, {})[key] = None


def _table_of(row: object) -> Table | None:
    """The sealed table that this row is in, if it is in one."""
    return sealed_tables().get(getattr(row, "__tablename__", ""))


def _is_draft(row: object) -> bool:
    if isinstance(row, Document):
        return row.in_draft
    return isinstance(row, Application) and row.status == ApplicationState.DRAFT


def _values(row: Record) -> dict[str, Any]:
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(type(row)).column_attrs}


def _goes(session: Session, row: object) -> bool:
    """Whether the flush takes this row away: deleted, or left by the one row that it belongs to (an orphan)."""
    state = inspect(row)
    return row in session.deleted or (state.has_identity and state.mapper._is_orphan(state))  # noqa: SLF001 - the flush's own question


def _changed(row: object, table: Table) -> dict[str, Any]:
    """The sealed columns that the session has changed and the database has not yet, with their new values.

    One that follows from another row (`bid.owner = somebody`) has its new value only once the flush has written it.
    """
    state = inspect(row)
    mine = state.committed_state.keys() & _sealed_columns(table.name)
    for relationship in state.mapper.relationships:
        if relationship.direction is MANYTOONE and relationship.key in state.committed_state:
            mine |= {state.mapper.get_property_by_column(column).key for column in relationship.local_columns}
    return {name: state.dict.get(name) for name in mine & _sealed_columns(table.name)}


@sqlalchemy_event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: UOWTransaction, _rows: object) -> None:
    """Read the rows that are about to be changed as they stand, and hold them; what was noted is held already.

    What the session knows of them may be old, because somebody else changed another column since it was read.
    """
    noted = session.info.get(_NOTED, {})
    before: dict[str, Values] = {}
    wanted: dict[str, list[int]] = {}
    for row in (*session.dirty, *session.deleted):
        table = _table_of(row)
        if table is None or _is_draft(row) or not (_goes(session, row) or _changed(row, table)):
            continue
        key = seal_key(table.name, _number(row))
        if key in noted:
            before[key] = noted[key][2]
        else:
            wanted.setdefault(table.name, []).append(_number(row))
    for name, table in sealed_tables().items():
        if name in wanted:
            before.update(_stored(session, table, key_of(table).in_(wanted[name])))
    session.info[_BEFORE] = before


def _stored(session: Session, table: Table, *where: ColumnElement[bool]) -> dict[str, Values]:
    """The rows as they stand in the database, held until the transaction ends."""
    key = key_of(table)
    query = select(table).where(*where).order_by(key).with_for_update(key_share=True)
    found = session.connection().execute(query).mappings()
    return {seal_key(table.name, row[key.name]): dict(row) for row in found}


@sqlalchemy_event.listens_for(Session, "after_flush")
def _after_flush(session: Session, _context: UOWTransaction) -> None:
    before: dict[str, Values] = session.info.pop(_BEFORE, {})
    for row in session.new:
        if (table := _table_of(row)) is not None:
            values = _values(row)
            _note(session, seal_key(table.name, values[key_of(table).name]), table.name, None, values)
    for row in (*session.dirty, *session.deleted):
        table = _table_of(row)
        if table is None or (key := seal_key(table.name, _number(row))) not in before:
            continue
        after: Values | None = {**before[key], **_changed(row, table)}
        if _goes(session, row):
            after = None
        elif not _sealed_columns(table.name) <= inspect(row).dict.keys():  # what it came to only the database knows
            after = _stored(session, table, key_of(table) == _number(row))[key]
        _note(session, key, table.name, before[key], after)


def _number(row: object) -> int:
    """What names a row that is in the database already."""
    identity: tuple[int, ...] = inspect(row).identity
    return identity[0]


@sqlalchemy_event.listens_for(Session, "do_orm_execute")
def _statement(state: ORMExecuteState) -> Result[Any] | None:
    """Note the rows that a statement changes or takes away: read and held before, worked out or read again after."""
    if not (state.is_update or state.is_delete) or state.bind_mapper is None:
        return None
    table = sealed_tables().get(state.bind_mapper.local_table.name)  # type: ignore[attr-defined]  # a Table
    statement = state.statement
    if table is None or not isinstance(statement, (Update, Delete)):
        return None
    given = [state.parameters] if isinstance(state.parameters, Mapping) else list(state.parameters or ())
    session, key = state.session, key_of(table)
    values = _set_by(statement, given, table) if isinstance(statement, Update) else {}
    if isinstance(statement, Update) and not values.keys() - {key.name}:
        return None
    session.flush()  # as the statement would: what it changes is read after what the session has changed
    where = [statement.whereclause] if statement.whereclause is not None else []
    if key.name in values:  # many rows, each with values of its own
        where.append(key.in_([row[key.name] for row in given]))
    before = _stored(session, table, *where)
    result = state.invoke_statement()
    after: Mapping[str, Values | None] = dict.fromkeys(before)
    if isinstance(statement, Update) and not given and all(isinstance(one, BindParameter) for one in values.values()):
        known = {name: one.value for name, one in values.items()}
        after = {name: {**row, **known} for name, row in before.items()}
    elif isinstance(statement, Update):  # what it came to only the database knows
        after = _stored(session, table, key.in_([row[key.name] for row in before.values()]))
    for name, row in before.items():
        _note(session, name, table.name, row, after[name])
    return result


def _set_by(statement: Update, given: Sequence[Mapping[str, Any]], table: Table) -> dict[str, Any]:
    """What an UPDATE sets, by sealed column."""
    stated: Mapping[Any, Any] = statement._values or {}  # noqa: SLF001 - SQLAlchemy has no other way to ask
    named = {getattr(column, "key", str(column)): value for column, value in stated.items()}
    found = {**named, **(given[0] if given else {})}
    return {name: value for name, value in found.items() if name in _sealed_columns(table.name)}


@sqlalchemy_event.listens_for(Session, "after_transaction_create")
def _savepoint_begun(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_SAVED, {})[transaction] = dict(session.info.get(_NOTED, {}))


@sqlalchemy_event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    saved = session.info.get(_SAVED, {}).get(session.get_nested_transaction())
    if saved is not None:
        session.info[_NOTED] = saved


@sqlalchemy_event.listens_for(Session, "after_transaction_end")
def _transaction_ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        forget(session)
    elif transaction.nested:
        session.info.get(_SAVED, {}).pop(transaction, None)
