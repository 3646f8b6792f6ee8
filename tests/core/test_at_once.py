"""Many people at the same moment: one decision stands (A3), and no fund is overspent (F6)."""

from __future__ import annotations

import re

from sqlalchemy import select

from core import events, funds
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Award, Decision, LedgerEntry
from core.rules.policy import Role
from tests.core.casework import (
    YEAR,
    allocate,
    at_once,
    decide,
    delegated,
    messages,
    person,
    recommend,
    recommended,
    submitted,
    trail,
)


def test_thirty_approvers_at_once_make_one_decision_and_the_others_hear_who_was_first(office: Office) -> None:
    allocate(office, "youth-fund", 100_000_00)
    application = recommended(office)
    commissioners = [person(office, Role.COMMISSIONER) for _ in range(15)]
    deputies = [person(office, Role.DEPUTY) for _ in range(15)]
    desk = delegated(office, (Role.DEPUTY, 2_000_00), since=office.today())
    came = at_once(
        [lambda who=who: decide(desk, application, who) for who in (*commissioners, *deputies)]  # type: ignore[misc]
    )
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 29
    with office.reading() as session:
        [decision] = session.scalars(select(Decision))
        first = decision.person.name
        assert len(session.scalars(select(Award)).all()) == 1
        taken = session.scalars(select(LedgerEntry.amount).where(LedgerEntry.kind == "commitment")).all()
        assert taken == [-2_000_00]
        assert funds.position(session, "youth-fund", YEAR).committed == 2_000_00
        assert events.broken_at(session) is None
    said = f"Already approved by {first} on 23 November 2026 at 9:30am."
    assert [one.reason.startswith(said) for one in came.refused] == [True] * 29
    assert len(messages(office, "offer")) == 1
    assert len(trail(office, "approved")) == 1


def test_approve_and_decline_at_once_leave_one_of_the_two(office: Office) -> None:
    allocate(office, "youth-fund", 100_000_00)
    application = recommended(office)
    who = [person(office, Role.COMMISSIONER) for _ in range(8)]
    came = at_once(
        [
            lambda one=one, outcome=outcome: decide(office, application, one, outcome=outcome)  # type: ignore[misc]
            for one, outcome in zip(who, ("approved", "declined") * 4, strict=True)
        ]
    )
    assert (len(came.done), len(came.refused)) == (1, 7)
    with office.reading() as session:
        [decision] = session.scalars(select(Decision))
        assert len(session.scalars(select(Award)).all()) == (1 if decision.outcome == "approved" else 0)
    assert len(messages(office, "offer", "declined")) == 1


def test_ten_recommendations_at_once_leave_one(office: Office) -> None:
    application = submitted(office)
    officers = [person(office) for _ in range(10)]
    came = at_once([lambda who=who: recommend(office, application, who) for who in officers])  # type: ignore[misc]
    assert len(came.done) == 1
    assert all(re.match(r"Officer \d+ already recommended", one.reason) for one in came.refused)
    assert len(trail(office, "recommended")) == 1


def test_twenty_approvals_at_once_of_a_fund_with_money_for_five_commit_five(office: Office) -> None:
    waiting = [recommended(office) for _ in range(20)]
    allocate(office, "youth-fund", 5 * 2_000_00 + 1_999_99)
    commissioner = person(office, Role.COMMISSIONER)
    came = at_once([lambda one=one: decide(office, one, commissioner) for one in waiting])  # type: ignore[misc]
    assert len(came.done) == 5
    assert [(isinstance(one, Refused), one.rule) for one in came.refused] == [(True, "F6")] * 15
    with office.reading() as session:
        now = funds.position(session, "youth-fund", YEAR)
        assert (now.committed, now.available) == (10_000_00, 1_999_99)
        assert len(session.scalars(select(Award)).all()) == 5
        assert len(session.scalars(select(Decision)).all()) == 5
        assert (
            session.scalars(select(LedgerEntry.amount).where(LedgerEntry.kind == "commitment")).all() == [-2_000_00] * 5
        )
        assert events.broken_at(session) is None
    assert len(messages(office, "offer")) == 5
