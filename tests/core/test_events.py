"""The trail: nothing in it can be changed unseen (A4), and it stays whole whatever happens at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import audit, events
from core.office import Office
from core.records import Event, Person, TrailEnd
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
        "seals": {"award:1": [None, "0" * 64]},
        "previous": "0" * 64,
        "hash": "f" * 64,
    }
    assert set(changes) == {column.name for column in Event.__table__.columns}
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
    with office.sessions.begin() as session:
        events.append(session, "submitted", "YF-1", "applicant", {}, now=office.clock())
        with session.begin_nested():
            session.add(somebody(office))
        assert session.scalars(select(Event)).all() == []  # sealed at the transaction's end, and not before
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(somebody(office))
        events.append(session, "approved", "YF-1", "applicant", {}, now=office.clock())
    assert [one.kind for one in trail(office)] == ["submitted", "approved"]
    assert broken_at(office) is None


def test_a_line_is_not_written_inside_a_savepoint(office: Office) -> None:
    with office.sessions.begin() as session, session.begin_nested(), pytest.raises(RuntimeError, match="savepoint"):
        events.append(session, "submitted", "YF-1", "applicant", {}, now=office.clock())


# -------------------------------------------------------------------------------------------- what a line seals


def sealed(office: Office) -> list[dict[str, list[str | None]]]:
    """The seals of every line, with "some" for each digest."""
    return [
        {key: ["some" if one else None for one in pair] for key, pair in (line.seals or {}).items()}
        for line in trail(office)
    ]


def tell(session: Session, office: Office, kind: str = "submitted") -> None:
    events.append(session, kind, "YF-1", "applicant", {}, now=office.clock())


def somebody(office: Office, name: str = "A") -> Person:
    return Person(name=name, email=f"{name}@x.example", role="officer", body="office", added_at=office.clock())


def test_a_line_seals_what_was_written_since_the_line_before(office: Office) -> None:
    with office.sessions.begin() as session:
        first, second, third = (somebody(office, name) for name in "ABC")
        session.add(first)
        tell(session, office)
        session.add(second)
        session.flush()
        tell(session, office)
        session.add(third)
        tell(session, office)
        first.name = "AA"
    assert sealed(office) == [{f"person:{one.id}": [None, "some"]} for one in (first, second, third)]
    assert verified(office)


def verified(office: Office) -> bool:
    with office.reading() as session:
        return audit.verify(session).sound


def test_what_no_line_claims_is_the_last_one_s(office: Office) -> None:
    with office.sessions.begin() as session:
        tell(session, office)
        tell(session, office)
        session.add(somebody(office))
    assert [bool(one) for one in sealed(office)] == [False, True]
    assert verified(office)


def test_a_row_changed_by_itself_by_a_statement_or_by_many_is_sealed_as_found_and_as_left(office: Office) -> None:
    with office.sessions.begin() as session:
        session.add_all([somebody(office, name) for name in "AB"])
        tell(session, office)
    with office.sessions.begin() as session:
        one, other = session.scalars(select(Person).order_by(Person.id))
        one.name = "Ada"
        session.execute(update(Person).where(Person.name == "B").values(name="Bo"))
        session.execute(update(Person), [{"id": one.id, "role": "director"}, {"id": other.id, "role": "finance"}])
        tell(session, office)
    keys = [f"person:{person.id}" for person in (one, other)]
    assert sealed(office)[1] == {key: ["some", "some"] for key in keys}
    first, second = ((line.seals or {}) for line in trail(office))
    assert [second[key][0] for key in keys] == [first[key][1] for key in keys]
    assert verified(office)


def test_what_only_the_database_can_work_out_is_sealed_as_it_came_out(office: Office) -> None:
    with office.sessions.begin() as session:
        made = somebody(office)
        session.add(made)
        tell(session, office)
    with office.sessions.begin() as session:
        mine = session.get_one(Person, made.id)
        mine.name = Person.name + "!"
        tell(session, office)
    with office.sessions.begin() as session:
        session.execute(update(Person).values(name=Person.name + "?"))
        tell(session, office)
    with office.reading() as session:
        assert session.scalars(select(Person.name)).all() == ["A!?"]
    assert verified(office)


def test_a_row_that_is_taken_away_is_sealed_as_gone(office: Office) -> None:
    with office.sessions.begin() as session:
        rows = [somebody(office, name) for name in "AB"]
        session.add_all(rows)
        tell(session, office)
    with office.sessions.begin() as session:
        session.delete(session.get_one(Person, rows[0].id))
        session.execute(delete(Person).where(Person.name == "B"))
        tell(session, office)
    assert sealed(office)[1] == {f"person:{row.id}": ["some", None] for row in rows}
    assert verified(office)


def test_what_ends_as_it_began_or_is_undone_is_not_sealed(office: Office) -> None:
    with office.sessions.begin() as session:
        made = somebody(office)
        session.add(made)
        tell(session, office)
    with office.sessions.begin() as session:
        mine = session.get_one(Person, made.id)
        mine.name = "B"
        session.flush()
        mine.name = "A"
        savepoint = session.begin_nested()
        session.add(somebody(office, "C"))
        mine.role = "finance"
        session.flush()
        savepoint.rollback()
        tell(session, office)
    with office.sessions() as session:
        session.get_one(Person, made.id).name = "D"
        session.flush()
        session.rollback()
        tell(session, office)
        session.commit()
    assert sealed(office)[1:] == [{}, {}]
    assert verified(office)


def test_what_a_savepoint_kept_is_sealed(office: Office) -> None:
    with office.sessions.begin() as session:
        with session.begin_nested():
            session.add(somebody(office))
            with pytest.raises(IntegrityError), session.begin_nested():
                session.add(somebody(office))
        tell(session, office)
    assert [len(one) for one in sealed(office)] == [1]
    assert verified(office)


def test_a_line_without_seals_is_sealed_as_lines_were_before_there_were_any(office: Office) -> None:
    append(office, "YF-1")
    [line] = trail(office)
    said = {"at": line.at, "kind": line.kind, "reference": line.reference, "actor": line.actor, "data": line.data}
    assert line.seals is None
    assert (
        line.hash == events.seal_of(events.START, 1, said) == events.seal_of(events.START, 1, {**said, "seals": None})
    )
    assert line.hash != events.seal_of(events.START, 1, {**said, "seals": {}})


def test_the_end_is_noted_with_each_line(office: Office) -> None:
    append(office, "YF-1", "YF-2")
    append(office, "YF-3")
    with office.reading() as session:
        assert events.noted_end(session) == (3, trail(office)[-1].hash)
    with office.sessions() as session:
        session.execute(delete(Event).where(Event.sequence == 3))
        assert events.broken_at(session) == 3
        session.rollback()
        session.execute(update(TrailEnd).values(hash="0" * 64))
        assert events.broken_at(session) == 3
        session.rollback()


def test_a_line_that_does_not_commit_leaves_the_end_alone(office: Office) -> None:
    append(office, "YF-1")
    with office.sessions() as session:
        tell(session, office)
        session.add_all([somebody(office), somebody(office)])
        with pytest.raises(IntegrityError):
            session.commit()
    with office.reading() as session:
        assert events.noted_end(session) == (1, trail(office)[0].hash)
    assert broken_at(office) is None
