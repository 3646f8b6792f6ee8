"""The steps of a fund's money, short, for tests of the ledger: as `casework` has those of a case."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import commitments, funds
from core.funds import FundPosition
from core.office import Office
from core.records import Award, LedgerEntry
from core.rules.policy import Purpose
from tests.core.casework import YEAR, bare_awards


def position(office: Office, fund: str = "youth-fund", year: int = YEAR) -> FundPosition:
    with office.reading() as session:
        return funds.position(session, fund, year)


def commit(session: Session, office: Office, fund: str, amount: int, award: Award, year: int = YEAR) -> str:
    found = office.policy.fund(fund)
    assert found is not None
    award.fund = fund
    return commitments.commit(session, found, award, {year: amount}, this_year=YEAR, actor="test", now=office.clock())[
        year
    ]


def release(session: Session, office: Office, award: Award) -> None:
    commitments.release(session, award, actor="test", note="given back", now=office.clock())


def ledger(session: Session, fund: str, year: int) -> Counter[str]:
    rows = session.execute(
        select(LedgerEntry.kind, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.fund == fund, LedgerEntry.year == year)
        .group_by(LedgerEntry.kind)
    )
    return Counter({kind: int(total) for kind, total in rows})


def assert_ledger_adds_up(session: Session, fund: str, year: int) -> None:
    session.flush()
    sums, row = ledger(session, fund, year), funds.position(session, fund, year)
    assert row.allocated == sums["allocation"]
    assert row.held == -sums["held"]
    assert row.committed == -(sums["commitment"] + sums["release"])
    assert row.forward == -(sums["forward"] + sums["forward_closed"])
    assert 0 <= row.committed <= row.allocated - row.held
    assert row.available == max(0, row.allocated - row.held - row.committed - row.forward)


def fence(
    office: Office, fund: str, amount: int, purpose: Purpose | None = None, until: str | None = None, year: int = YEAR
) -> None:
    with office.sessions.begin() as session:
        funds.allocate(
            session,
            fund,
            year,
            amount,
            purpose=purpose,
            until=date.fromisoformat(until) if until else None,
            policy=office.policy,
            actor="test",
            note="won in-year",
            now=office.clock(),
        )


def pots(office: Office, fund: str, year: int = YEAR) -> dict[str, tuple[int, int]]:
    """What each ring-fenced pot was given and has left."""
    with office.reading() as session:
        return {one.pot: (one.allocated, one.available) for one in funds.pots(session, fund, year)}


def drawn(office: Office, award: Award) -> list[tuple[int, str, int]]:
    """What an award was given, by year and pot, in the order in which it was taken."""
    with office.reading() as session:
        rows = select(LedgerEntry).where(LedgerEntry.award_id == award.id, LedgerEntry.kind == "commitment")
        return [(row.year, row.pot, -row.amount) for row in session.scalars(rows.order_by(LedgerEntry.id))]


def needing(session: Session, office: Office, purpose: Purpose, end: str, fund: str = "crime-and-disorder") -> Award:
    [award] = bare_awards(session, office, 1)
    award.fund, award.end_on, award.application.purpose = fund, date.fromisoformat(end), purpose.value
    return award


def tolerant(office: Office, share: Fraction) -> Office:
    figure = replace(office.policy.over_allocation, value=share)
    return replace(office, policy=replace(office.policy, over_allocation=figure))
