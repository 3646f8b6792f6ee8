"""A draft's number is never given twice: what the trail, a hold or a link says of it is not read as another's (W4)."""

from __future__ import annotations

from datetime import date

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, text
from sqlalchemy.orm import Session

from core import applications, database, deciding, holding, holds, links
from core.audit import verify
from core.errors import Gone, NotFound
from core.office import Office
from core.records import Application, Outcome
from core.rules.keeping import HoldReason
from scheduler.timetable import run_drafts
from tests.conftest import Clock, office_on
from tests.core.casework import drafted, london, person, someone, submitted

BEFORE = "0018"
"""The last version of the tables in which SQLite gave the number of a deleted draft to the next one."""

AFTER = date(2027, 5, 24)
"""The first day on which a draft goes that was saved on 23 November 2026."""


def hold(session: Session, reference: str, who: int, office: Office) -> int:
    by = someone(session, who)
    return holds.place(session, reference, by, reason=HoldReason.LITIGATION, file="LIT 12", now=office.clock()).id


def test_a_hold_on_a_draft_that_was_deleted_is_not_read_as_the_next_one_s(office: Office) -> None:
    number, who = drafted(office), person(office)
    held = f"draft {number}"
    with office.sessions.begin() as session:
        holds.lift(
            session, hold(session, held, who, office), someone(session, who), on=date(2026, 12, 1), now=office.clock()
        )
        link = links.link_for(session, "application", number, now=office.clock())
    run_drafts(office, today=AFTER, now=london(AFTER))
    with office.reading() as session:
        assert session.get(Application, number) is None
    with office.sessions.begin() as session, pytest.raises(NotFound, match="no application or award 'draft"):
        hold(session, held, who, office)  # one that comes too late holds nobody else's
    again = drafted(office)
    assert again > number
    with office.reading() as session:
        assert holding.of(session, f"draft {again}") == ()
        assert len(holding.of(session, held)) == 1
        token = office.signer.token("application", link)
        with pytest.raises(Gone, match="was deleted"):
            links.follow(session, office.signer, "application", token, now=office.clock())


def test_a_record_that_has_rows_keeps_them_and_the_numbers_that_it_gave(own_engine: Engine, clock: Clock) -> None:
    office = office_on(own_engine, clock)
    sent, last = submitted(office), drafted(office)  # nothing that only later tables can hold
    interested = person(office)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, sent, someone(session, interested), reason="x", now=clock.now)
    run_drafts(office, today=AFTER, now=london(AFTER))
    command.downgrade(database._alembic(own_engine), BEFORE)  # the last number is free again, as it was before
    tables = ("application", "outcome", "interest", "link", "outbox_message")
    columns = {name: [one["name"] for one in inspect(own_engine).get_columns(name)] for name in tables}
    was = rows(own_engine, columns)
    assert was["interest"]
    database.upgrade(own_engine)
    assert rows(own_engine, columns) == was
    if own_engine.dialect.name == "sqlite":
        assert set(names(own_engine)) >= {"ck_application_amount_positive", "ck_application_submitted_has_reference"}
    assert drafted(office) > last
    with office.reading() as session:
        assert applications.by_id(session, sent).status == "submitted"
        assert session.query(Outcome).count()
        assert verify(session).sound


def test_what_refers_to_a_row_is_still_checked_after_a_migration(own_engine: Engine) -> None:
    with own_engine.connect() as connection:
        assert connection.dialect.name != "sqlite" or connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def rows(engine: Engine, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            name: [
                tuple(map(str, row))
                for row in connection.execute(text(f"SELECT {', '.join(wanted)} FROM {name} ORDER BY id"))
            ]
            for name, wanted in columns.items()
        }


def names(engine: Engine) -> list[str | None]:
    return [one["name"] for one in inspect(engine).get_check_constraints("application")]
