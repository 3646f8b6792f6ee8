"""`audit verify` on the trail itself, and on what the desk does after somebody has changed something (A4)."""

from __future__ import annotations

import re

from sqlalchemy import insert, select, text, update

from core import events, people
from core.audit import verify
from core.office import Office
from core.records import Application, Deadline, Event, Outcome, Person
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import accept, active, allocate, offered, person, recommended, someone, trail
from tests.core.lives import Life
from tests.core.tampering import TABLES, behind_its_back, last_line, line, resealed, said, verified

# ------------------------------------------------------------------------------------------------------- the trail


def test_lines_that_change_places_are_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        change = text("UPDATE event SET sequence = :new WHERE sequence = :old")
        for old, new in ((6, 900), (7, 6), (900, 7)):
            session.execute(change, {"old": old, "new": new})
        found = verify(session)
        assert found.faults[0].line == 6
        assert "something in it was changed" in said(found)


def test_a_line_taken_out_and_one_put_in_are_found(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        savepoint = session.begin_nested()
        session.execute(text("DELETE FROM event WHERE sequence = 5"))
        assert "Line 6 comes too early: line 5 is missing before it." in said(verify(session))
        session.execute(text("DELETE FROM event WHERE sequence IN (6, 7)"))
        assert "Line 8 comes too early: lines 5 to 7 are missing before it." in said(verify(session))
        savepoint.rollback()
        last = last_line(session)
        made = {**line(session, last), "sequence": last + 1, "previous": line(session, last)["hash"], "seals": None}
        made["hash"] = events.seal_of(made["previous"], last + 1, {name: made[name] for name in events.SAID})
        session.execute(insert(TABLES["event"]).values(made))
        assert said(verify(session)) == f"The desk's last line is {last}; what follows it was put in."
        for number in (0, -1):
            inserted = session.begin_nested()
            session.execute(
                insert(TABLES["event"]).values({**made, "sequence": number, "hash": "0" * 60 + f"{number}"})
            )
            assert f"Line {number} has a number that no line can have." in said(verify(session))
            inserted.rollback()


def test_a_hash_made_to_fit_is_found_at_the_next_line_and_at_the_end(lived: Life) -> None:
    with behind_its_back(lived.office) as session:
        savepoint = session.begin_nested()
        resealed(session, 4, actor="somebody else")
        assert said(verify(session)) == "Line 5 does not follow from line 4: one of the two was rewritten."
        savepoint.rollback()
        last = last_line(session)
        resealed(session, last, actor="somebody else")
        assert said(verify(session)) == f"The last line, {last}, is not the one that the desk wrote."


def test_a_trail_that_is_cut_off_is_found_and_stays_found(office: Office, clock: Clock) -> None:
    life = Life(office, clock)
    for step in life.steps[:5]:
        step()
    with office.sessions() as session:  # past the desk, and for good
        last = last_line(session)
        session.connection().execute(text("DELETE FROM event WHERE sequence > :last"), {"last": last - 2})
        session.commit()
    found = verified(office)
    assert f"The trail ends with line {last - 2}, and went on to {last}: 2 lines were cut off." in said(found)
    person(office)
    assert f"lines {last - 1} to {last} are missing before it" in said(verified(office))


def test_an_end_that_is_taken_away_or_moved_is_found_and_the_next_line_tells_of_it(office: Office) -> None:
    person(office)
    person(office)
    with office.sessions() as session:
        session.connection().execute(text("DELETE FROM trail_end"))
        session.commit()
    assert said(verified(office)) == "The note of where the trail ends is gone."
    person(office)
    assert [one.kind for one in trail(office)] == ["person_added", "person_added", events.RESUMED, "person_added"]
    assert "Before line 3 somebody took away the note" in said(verified(office))
    assert events_broken_at(office) is None


def events_broken_at(office: Office) -> int | None:
    with office.reading() as session:
        return events.broken_at(session)


def test_with_a_hash_that_was_noted_down_a_trail_rewritten_whole_is_found(office: Office, clock: Clock) -> None:
    life = Life(office, clock)
    for step in life.steps[:6]:
        step()
    head = verified(office).head
    middle = trail(office)[3].hash
    person(office)
    for noted in (head, middle, f"  {head.upper()} "):
        assert verified(office, head=noted).sound
    with office.sessions() as session:  # somebody who may write everything, and knows how lines are sealed
        resealed(session, 2, actor="nobody")
        for number in range(3, last_line(session) + 1):
            resealed(session, number, previous=line(session, number - 1)["hash"])
        end = line(session, last_line(session))["hash"]
        session.execute(update(TABLES["trail_end"]).values(hash=end))
        session.commit()
    assert verified(office).sound
    found = verified(office, head=head)
    assert said(found) == f"No line has the hash {head}: the trail was rewritten since it was noted down."


# ---------------------------------------------------------------------- changes that the desk goes on from


def test_a_change_before_the_desk_changes_the_row_again_stays_found(office: Office) -> None:
    """Whoever changes a row cannot have it sealed by the desk's next change of it."""
    award = offered(office)
    with office.sessions() as session:
        session.connection().execute(text("UPDATE award SET conditions = 'none'"))
        session.commit()
    before = verified(office)
    assert [fault.about for fault in before.faults] == [f"award:{award}"]
    accept(office, award)
    after = verified(office)
    assert f"award:{award}" in [fault.about for fault in after.faults]
    assert re.search(
        r"Award \d+ \(YF-.*\) was changed behind the desk's back, between line \d+ and line \d+", said(after)
    )


def test_a_row_put_in_before_the_desk_changes_it_stays_found(office: Office, clock: Clock) -> None:
    with office.sessions() as session:
        session.connection().execute(
            insert(TABLES["person"]).values(
                name="Eve", email="eve@x.example", role="commissioner", body="office", active=True, added_at=clock.now
            )
        )
        session.commit()
    with office.reading() as session:
        number = session.scalars(select(Person.id)).one()
    told = f"Person {number} is in no line of the trail: it was put in behind the desk's back."
    assert said(verified(office)) == told
    with office.sessions.begin() as session:
        people.remove(session, email="eve@x.example", actor="test", now=clock.now)
    assert f"Person {number} (staff) was put in behind the desk's back, before line 1." in said(verified(office))


def test_what_two_changed_at_once_is_no_fault(office: Office) -> None:
    """On PostgreSQL what a session has read of a row may be old when it changes another column of it."""
    number = person(office, name="Ada")
    with office.sessions() as session:
        mine = someone(session, number)
        if session.get_bind().dialect.name == "postgresql":
            with office.sessions.begin() as other:
                theirs = someone(other, number)
                theirs.role = Role.DIRECTOR.value
                events.append(other, "person_added", "staff", "test", {}, now=office.clock())
        mine.name = "Grace"
        events.append(session, "person_added", "staff", "test", {}, now=office.clock())
        session.commit()
    assert verified(office).sound


def test_a_row_that_the_desk_changes_without_a_line_is_found(office: Office) -> None:
    number = person(office)
    with office.sessions.begin() as session:
        someone(session, number).name = "Somebody Else"
    assert f"Person {number} is not as line 1 left it." in said(verified(office))


def test_a_row_that_is_given_another_owner_alone_is_sealed(office: Office, clock: Clock) -> None:
    """Nothing of the row itself is set: the column follows from the row that it is given."""
    award, owner = active(office), person(office)
    with office.sessions.begin() as session:
        deadline = session.scalars(select(Deadline).where(Deadline.award_id == award, Deadline.is_open)).first()
        assert deadline is not None
        deadline.owner = someone(session, owner)
        events.append(session, "deadline_reassigned", deadline.reference, "test", {}, now=clock.now)
    assert verified(office).sound, said(verified(office))
    with office.sessions.begin() as session:
        session.get_one(Deadline, deadline.id).owner = None
    assert said(verified(office)).startswith(f"Deadline {deadline.id} ({deadline.reference}) is not as line ")


def test_a_row_that_its_owner_lets_go_is_sealed_as_taken_away(office: Office, clock: Clock) -> None:
    """An outcome that is taken out of its application's list is deleted by the flush alone."""
    allocate(office, "youth-fund", 100_000_00)
    number = recommended(office)
    with office.sessions.begin() as session:
        application = session.get_one(Application, number)
        key = f"outcome:{application.outcomes[0].id}"
        application.outcomes = [Outcome(outcome="Other", measure="Other", target="1", position=90)]
        events.append(session, "corrected", application.reference or "", "test", {}, now=clock.now)
    assert verified(office).sound, said(verified(office))
    with office.reading() as session:
        sealed = session.scalars(select(Event.seals).order_by(Event.sequence.desc())).first() or {}
    assert sealed[key][1] is None
    assert sealed[key][0] is not None
