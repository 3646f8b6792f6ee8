"""The ledger's entries: append-only, each a line of the trail, and enough to say how a fund stood on any day (F6)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, delete, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from core import database, events, funds, ledger
from core.funds import FUND_TRAIL
from core.office import Office
from core.records import Award, FundYear, LedgerEntry, Payment
from core.rules.policy import Purpose
from tests.conftest import Clock
from tests.core.casework import YEAR, active, allocate, bare_awards, trail
from tests.core.money import commit, fence, position
from tests.core.test_payments import Till


def entries(session: Session) -> list[LedgerEntry]:
    return list(session.scalars(select(LedgerEntry).order_by(LedgerEntry.id)))


def test_an_entry_is_neither_changed_nor_deleted(office: Office) -> None:
    allocate(office, "youth-fund", 100)

    def change(entry: LedgerEntry, session: Session) -> None:
        entry.amount = 200

    def remove(entry: LedgerEntry, session: Session) -> None:
        session.delete(entry)

    for spoil in (change, remove):
        with pytest.raises(RuntimeError, match="append-only"), office.sessions.begin() as session:
            spoil(entries(session)[0], session)
    for statement in (update(LedgerEntry).values(amount=1), delete(LedgerEntry).where(LedgerEntry.amount > 0)):
        with pytest.raises(RuntimeError, match="append-only"), office.sessions.begin() as session:
            session.execute(statement)
    with office.reading() as session:
        assert [one.amount for one in entries(session)] == [100]


def test_each_entry_is_a_line_of_the_trail(office: Office) -> None:
    fence(office, "crime-and-disorder", 30_00, Purpose.YOUNG_PEOPLE)
    till = Till(office, active(office))
    till.ready(1_500_00)
    till.pay()
    till.take_back(10)
    with office.reading() as session:
        references = {award.id: award.reference for award in session.scalars(select(Award))}
        made = [
            (
                references[one.award_id] if one.award_id else FUND_TRAIL,
                one.actor,
                one.made_at,
                {
                    "fund": one.fund,
                    "year": one.year,
                    "pot": one.pot,
                    "kind": one.kind,
                    "amount": one.amount,
                    "note": one.note,
                },
            )
            for one in entries(session)
        ]
    assert [(line.reference, line.actor, line.at, line.data) for line in trail(office, "money")] == made
    assert [said["kind"] for *_, said in made] == [
        "allocation", "held", "allocation", "commitment", "payment", "returned",
    ]  # fmt: skip


def test_a_fund_as_it_stood_at_the_end_of_any_day(office: Office, clock: Clock) -> None:
    """The day is London's: in summer it ends an hour before the universal one."""
    steps = (
        (datetime(2026, 4, 1, 9, tzinfo=UTC), 100),
        (datetime(2026, 6, 30, 22, 59, 59, 999_999, tzinfo=UTC), 10),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), 1),
    )
    for clock.now, amount in steps:
        allocate(office, "youth-fund", amount)
    fence(office, "youth-fund", 1_000, until="2027-03-31")
    clock.now = datetime(2026, 7, 2, 9, tzinfo=UTC)
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        commit(session, office, "youth-fund", 40, award)
        commit(session, office, "youth-fund", 5, award, YEAR + 1)
    days = {date(2026, 3, 31): (0, 0), date(2026, 4, 1): (100, 100), date(2026, 6, 30): (110, 110)}
    days |= {date(2026, 7, 1): (1_111, 1_111), date(2026, 7, 2): (1_111, 1_071), date.max: (1_111, 1_071)}
    with office.reading() as session:
        for day, (allocated, available) in days.items():
            stood = funds.position_at(session, "youth-fund", YEAR, day)
            assert (stood.allocated, stood.available, stood.known) == (allocated, available, allocated > 0), day
            [listed, *_] = funds.positions_at(session, office.policy, YEAR, day)
            assert listed == stood
            made = funds.statement(session, office.policy, "youth-fund", YEAR, on=day)
            assert sum(one.amount * ledger.available_effect(one.kind) for one in made) == available
            fenced = [(one.pot, one.available) for one in funds.pots(session, "youth-fund", YEAR, on=day)]
            assert fenced == ([("until 2027-03-31", 1_000)] if day > date(2026, 6, 30) else [])
        assert funds.position_at(session, "youth-fund", YEAR, date.max) == position(office)
        assert funds.position_at(session, "youth-fund", YEAR + 1, date.max).forward == 5


SPOILS = {
    "UPDATE fund_year SET allocated = allocated + 1": ["2026-27: allocated is £20,000.01, and by the ledger £20,000"],
    "UPDATE ledger_entry SET amount = amount - 1 WHERE kind = 'commitment'": [
        "youth-fund 2026-27: committed is £2,000, and by the ledger £2,000.01",
        "what it holds of 2026-27 is £2,000, and by the ledger £2,000.01",
    ],
    "DELETE FROM ledger_entry WHERE kind = 'payment'": [
        "youth-fund 2026-27: paid is £1,500, and by the ledger £0",
        "what was paid is £1,500, and by the ledger £0",
        "what its payments come to is £1,500, and by the ledger £0",
    ],
    "UPDATE ledger_entry SET pot = 'elsewhere' WHERE kind = 'allocation'": [
        "youth-fund 2026-27: allocated is £20,000, and by the ledger £0",
        "youth-fund 2026-27 elsewhere: allocated is £0, and by the ledger £20,000",
    ],
    "UPDATE ledger_entry SET kind = 'gift' WHERE kind = 'allocation'": [
        "an entry of the unknown kind 'gift' is £0, and by the ledger £20,000",
        "youth-fund 2026-27: allocated is £20,000, and by the ledger £0",
    ],
    "UPDATE award SET amount = amount + 1": ["its amount, beside its profile, is £2,000.01, and by the ledger £2,000"],
    "UPDATE award SET paid = paid - 1": ["what was paid is £1,499.99, and by the ledger £1,500"],
    "UPDATE award SET status = 'completed'": ["holds now that it has ended is £1,500, and by the ledger £2,000"],
    "UPDATE payment SET amount = amount + 1": ["what its payments come to is £1,500.01, and by the ledger £1,500"],
    "UPDATE payment SET status = 'approved'": ["what its payments come to is £0, and by the ledger £1,500"],
}  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_difference_of_a_penny_is_found(office: Office, spoil: str) -> None:
    till = Till(office, active(office))
    till.ready(1_500_00)
    till.pay()
    with office.sessions() as session:
        assert funds.reconcile(session) == []
        session.execute(text(spoil))
        found = [str(one) for one in funds.reconcile(session)]
        session.rollback()
    assert len(found) == len(SPOILS[spoil]), found
    for said, told in zip(found, SPOILS[spoil], strict=True):
        assert told in said


def test_what_an_award_that_is_not_there_holds_is_found(office: Office) -> None:
    """SQLite can be made to forget an award; the ledger does not."""
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        funds.allocate(session, "youth-fund", YEAR, 9, policy=office.policy, actor="test", now=office.clock())
        commit(session, office, "youth-fund", 9, award)
        award.status = "refused"
    with office.reading() as session:
        assert [str(one) for one in funds.reconcile(session)] == [
            f"{award.reference}: what it holds now that it has ended is £0, and by the ledger £0.09"
        ]


OLD = """
INSERT INTO policy_version (id, fingerprint, toml, stored_at) VALUES (1, 'f', 't', '2026-11-23 09:30:00+00');
INSERT INTO application (id, reference, fund, kind, status, version, started_at, saved_at, answers, extra)
    VALUES (1, 'YF-1', 'youth-fund', 'grant', 'approved', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '{}', '{}'),
           (2, 'YF-2', 'youth-fund', 'grant', 'approved', 1, '2026-11-23 09:30:00+00', '2026-11-23 09:30:00+00', '{}', '{}');
INSERT INTO award (id, application_id, reference, fund, kind, status, amount, conditions, start_on, end_on, offered_at,
                   accept_by, policy_version_id)
    VALUES (1, 1, 'YF-1', 'youth-fund', 'grant', 'active', 200000, '', '2027-03-31', '2027-10-31', '2026-11-23 09:30:00+00',
            '2026-12-21', 1),
           (2, 2, 'YF-2', 'youth-fund', 'grant', 'offered', 100000, '', '2027-04-01', '2027-10-31', '2026-11-23 09:30:00+00',
            '2026-12-21', 1);
INSERT INTO deadline (subject, reference, award_id, kind, due, final, set_at)
    VALUES ('award:1', 'YF-1', 1, 'return', '2027-09-30', false, '2026-11-23 09:30:00+00');
INSERT INTO fund_year (fund, year, allocated, held, committed, forward)
    VALUES ('youth-fund', 2026, 500000, 0, 200000, 0), ('youth-fund', 2027, 0, 0, 0, 100000);
INSERT INTO ledger_entry (fund, year, kind, amount, award_id, actor, note, made_at)
    VALUES ('youth-fund', 2026, 'allocation', 500000, NULL, 'a', '', '2026-11-23 09:30:00+00'),
           ('youth-fund', 2026, 'commitment', -200000, 1, 'a', '', '2026-11-23 09:30:00+00'),
           ('youth-fund', 2027, 'forward', -100000, 2, 'a', '', '2026-11-23 09:30:00+00')
"""  # noqa: E501 - rows, as they were


def migrate(url: str, to: str, way: Any = command.upgrade) -> None:
    engine = create_engine(url, poolclass=NullPool) if "sqlite" not in url else database.open_database(url)
    config: Config = database._alembic(engine)
    way(config, to)
    engine.dispose()


def test_a_record_from_before_is_brought_up_with_what_is_in_it(own_database_url: str) -> None:
    migrate(own_database_url, "base", command.downgrade)
    migrate(own_database_url, "0001")
    engine = database.open_database(own_database_url)
    with engine.begin() as connection:
        for statement in OLD.strip().split(";\n"):
            connection.execute(text(statement))
    engine.dispose()
    migrate(own_database_url, "head")
    engine = database.open_database(own_database_url)
    sessions = database.writing_sessions(engine)
    with sessions() as session:
        assert funds.reconcile(session) == []
        assert [
            (one.reference, one.profile, one.paid) for one in session.scalars(select(Award).order_by(Award.id))
        ] == [
            ("YF-1", {"2026": 200_000}, 0),
            ("YF-2", {"2027": 100_000}, 0),
        ]
        now = funds.position(session, "youth-fund", 2026)
        assert (now.allocated, now.committed, now.available) == (500_000, 200_000, 300_000)
        assert funds.position(session, "youth-fund", 2027).forward == 100_000
        assert [(one.pot, one.tolerance) for one in session.scalars(select(FundYear))] == [("", 0), ("", 0)]
        assert [one.subject for one in session.scalars(select(Award).where(Award.id == 1)).one().deadlines] == [
            "award:1"
        ]
        assert session.scalars(select(Payment)).all() == []
        assert events.broken_at(session) is None
        session.add(FundYear(fund="youth-fund", year=2028))  # ids go on where they were
        session.flush()
        assert max(session.scalars(select(FundYear.id))) == 3
        session.rollback()
    engine.dispose()
