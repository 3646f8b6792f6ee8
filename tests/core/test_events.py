"""The trail: nothing in it can be changed unseen (A4), and it stays whole whatever happens at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError

from core import events
from core.office import Office
from core.records import Event, Person
from tests.core.casework import at_once, trail


def append(office: Office, *references: str) -> None:
    with office.sessions.begin() as session:
        for reference in references:
            data = {"amount": 2_000_00, "said": "£5 – “yes”", "list": [1, None, True], "nested": {"b": 1, "a": "ü"}}
            events.append(session, "submitted", reference, "applicant", data, now=office.clock())


def broken_at(office: Office) -> int | None:
    with office.reading() as session:
        return events.broken_at(session)


def test_an_untouched_trail_holds(office: Office) -> None:
    assert broken_at(office) is None
    append(office, "YF-1", "YF-2")
    append(office, "YF-3")
    assert broken_at(office) is None
    lines = trail(office)
    assert [one.sequence for one in lines] == [1, 2, 3]
    assert [one.previous for one in lines] == [events.START, lines[0].hash, lines[1].hash]
    assert [one.at for one in lines] == [office.clock()] * 3
    with office.reading() as session:
        assert [one.sequence for one in events.history(session, "YF-2")] == [2]


def test_a_change_of_any_column_is_found(office: Office) -> None:
    append(office, "YF-1", "YF-2", "YF-3")
    changes = {
        "sequence": 7,
        "at": office.clock() + timedelta(microseconds=1),
        "kind": "approved",
        "reference": "YF-9",
        "actor": "somebody else",
        "data": {"amount": 2_000_01},
        "previous": "0" * 64,
        "hash": "f" * 64,
    }
    assert set(changes) == {column.name for column in Event.__table__.columns} - {"id"}
    for column, value in changes.items():
        with office.sessions() as session:
            session.execute(update(Event).where(Event.sequence == 2).values({column: value}))
            assert events.broken_at(session) == 2, column
            session.rollback()
    assert broken_at(office) is None


def test_a_line_that_is_taken_out_swapped_or_put_in_is_found(office: Office) -> None:
    append(office, "YF-1", "YF-2", "YF-3")
    with office.sessions() as session:
        session.execute(delete(Event).where(Event.sequence == 2))
        assert events.broken_at(session) == 2
        session.rollback()
        session.execute(delete(Event).where(Event.sequence == 1))
        assert events.broken_at(session) == 1
        session.rollback()
        for old, new in ((2, 9), (3, 2), (9, 3)):
            session.execute(update(Event).where(Event.sequence == old).values(sequence=new))
        assert events.broken_at(session) == 2
        session.rollback()
        session.execute(
            text(
                "INSERT INTO event (sequence, at, kind, reference, actor, data, previous, hash) "
                "SELECT 4, at, kind, reference, actor, data, hash, 'made up' FROM event WHERE sequence = 3"
            )
        )
        assert events.broken_at(session) == 4
        session.rollback()


def test_every_commit_at_once_finds_its_place_in_the_chain(office: Office) -> None:
    at_once([lambda number=number: append(office, f"A-{number}", f"B-{number}") for number in range(12)])  # type: ignore[misc]
    assert broken_at(office) is None
    lines = trail(office)
    assert [one.sequence for one in lines] == list(range(1, 25))
    assert {one.reference for one in lines} == {f"{letter}-{number}" for letter in "AB" for number in range(12)}


def test_what_is_rolled_back_is_not_in_the_trail(office: Office) -> None:
    with office.sessions() as session:
        events.append(session, "submitted", "YF-1", "applicant", {}, now=office.clock())
        session.rollback()
        session.commit()
        events.append(session, "submitted", "YF-2", "applicant", {}, now=office.clock())
        session.begin_nested()
        session.rollback()
        session.commit()
        events.append(session, "submitted", "YF-3", "applicant", {}, now=office.clock())
        session.close()
        session.commit()
    assert trail(office) == []
    append(office, "YF-4")
    assert [one.reference for one in trail(office)] == ["YF-4"]


def test_a_savepoint_neither_seals_early_nor_loses_a_line(office: Office) -> None:
    def somebody() -> Person:
        return Person(name="A", email="a@x.example", role="officer", body="office", added_at=office.clock())

    with office.sessions.begin() as session:
        events.append(session, "submitted", "YF-1", "applicant", {}, now=office.clock())
        with session.begin_nested():
            session.add(somebody())
        assert session.scalars(select(Event)).all() == []  # sealed at the transaction's end, and not before
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(somebody())
        events.append(session, "approved", "YF-1", "applicant", {}, now=office.clock())
    assert [one.kind for one in trail(office)] == ["submitted", "approved"]
    assert broken_at(office) is None


def test_a_line_is_not_written_inside_a_savepoint(office: Office) -> None:
    with office.sessions.begin() as session, session.begin_nested(), pytest.raises(RuntimeError, match="savepoint"):
        events.append(session, "submitted", "YF-1", "applicant", {}, now=office.clock())
