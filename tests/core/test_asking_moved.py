"""What returns kept of their questions moves into a table of its own, and back, and the trail seals that (A4)."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from core import asking, awards, database, returns
from core.audit import verify
from core.records import Asked, OutboxMessage, Recommendation
from tests.conftest import Clock, office_on
from tests.core.casework import END, returned, someone
from tests.core.lives import Life


def before_the_table() -> str:
    """The version of the record's tables before this one."""
    versions = ScriptDirectory.from_config(database._alembic()).walk_revisions()
    found = next(one for one in versions if one.path.endswith("_asking.py"))
    assert isinstance(found.down_revision, str)
    return found.down_revision


def kept(engine: Engine) -> list[Any]:
    """Everything that is on record of questions about returns."""
    columns = [column for column in Asked.__table__.columns if column.name not in ("id", "answer_by")]
    with engine.connect() as connection:
        query = select(*columns).where(Asked.return_id.is_not(None)).order_by(Asked.id)
        return [tuple(row) for row in connection.execute(query)]


def faults(session: Session) -> list[str]:
    """What is not as the trail tells it, but for the basis of awards: the older tables had no place for it."""
    return [
        fault.said
        for fault in verify(session).faults
        if not (fault.about.startswith("decision:") and "Its legal power is empty; line" in fault.said)
    ]


def test_questions_move_and_the_trail_holds(own_engine: Engine, clock: Clock) -> None:
    office = office_on(own_engine, clock)
    life = Life(office, clock)
    # the older tables have no place for a decision that was undone, nor for what came after them
    later = (life.sign_and_look, life.keep_the_office_s_dates, life.write_to_somebody_else, life.meet)
    life.live(life.change_our_mind, *later)
    with office.sessions.begin() as session:
        award = awards.by_id(session, life.award)
        came_in = returns.receive(session, award, END, returned(), source="it", now=clock.now)
        olive = someone(session, life.officer)
        for question in ("When?", "Where?"):
            asked = asking.ask(session, came_in, olive, question, office=office, now=clock.now)
            if question == "When?":
                asking.take_back(session, asked.id, olive, now=clock.now)
    before = kept(own_engine)
    assert len(before) == 3
    command.downgrade(database._alembic(own_engine), before_the_table())
    with own_engine.connect() as connection:
        extras = connection.execute(text("SELECT extra FROM monitoring_return ORDER BY id")).scalars().all()
        assert ["office:asked" in str(extra) for extra in extras] == [True, True]
    with own_engine.begin() as connection:
        old = f'{{"return_id": {came_in.id}, "question": 2}}'
        connection.execute(
            text("UPDATE outbox_message SET payload = :old WHERE kind = 'return_queried' AND key = :key"),
            {"old": old, "key": f"return_queried:{asked.id}"},
        )
    database.upgrade(own_engine)
    assert kept(own_engine) == before
    with office.reading() as session:
        came_in = returns.by_id(session, came_in.id)
        assert came_in.extra == {}
        waiting = asking.open_question(session, came_in)
        assert waiting is not None
        query = select(OutboxMessage.payload).where(OutboxMessage.key == f"return_queried:{asked.id}")
        assert session.scalars(query).one() == {"asked_id": waiting.id}
        assert session.scalars(select(Recommendation).where(Recommendation.set_aside_at.is_not(None))).all() == []
        assert faults(session) == []
    with office.sessions.begin() as session:
        asking.answer(session, waiting.id, "On Fridays.", source="recipient", now=clock.now)
    with office.reading() as session:
        assert faults(session) == []
