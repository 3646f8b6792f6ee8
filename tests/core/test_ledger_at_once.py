"""Many people move money at the same moment: no fund is overspent by a penny, and nobody waits for ever (F6, F7)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import award_checks, awards, commitments, events, funds, ledger, payments, variations, year_end
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Award, FundYear, LedgerEntry, Payment, Recommendation
from core.rules.policy import Purpose, Role
from tests.conftest import Clock
from tests.core.casework import YEAR, active, at_once, bare_awards, person, someone

NEXT = YEAR + 1
DAY = date(2027, 5, 3)
"""The first of the years is over, the second runs, the third is to come."""

END = date(2029, 3, 31)
FUNDS = ("crime-and-disorder", "youth-fund", "casualty-reduction")
NEW = "refused"
"""How an award stands here that has not been given its money yet: it holds nothing, and nothing is wrong with that."""


@dataclass(frozen=True)
class Cast:
    """Who acts, and on which awards, by id."""

    decider: int
    approver: int
    payer: int
    awards: tuple[int, ...]


def cast(office: Office, count: int) -> Cast:
    """People, and awards that run and hold nothing yet, a third of them of each fund."""
    officer = person(office)
    decider, approver, payer = (person(office, role) for role in (Role.COMMISSIONER, Role.DIRECTOR, Role.FINANCE))
    with office.sessions.begin() as session:
        made = bare_awards(session, office, count)
        for number, award in enumerate(made):
            application: Application = award.application
            application.fund = award.fund = FUNDS[number % len(FUNDS)]
            application.start_on, application.end_on = award.start_on, END
            application.purpose, application.amount = Purpose.ROAD_SAFETY.value, 1
            award.end_on, award.status, award.profile = END, NEW, {}
            session.add(
                Recommendation(
                    application=application,
                    person_id=officer,
                    outcome="approve",
                    amount=1,
                    reasons="r",
                    conditions="",
                    made_at=office.clock(),
                )
            )
            application.purpose = None  # what it is for has no part in this
        session.flush()
        for award in made:
            award_checks.verify_bank_details(
                session, award.id, someone(session, approver), note="Called.", now=office.clock()
            )
        return Cast(decider, approver, payer, tuple(award.id for award in made))


class Worker:
    """One of many: takes what may be done by lot, each in a transaction of its own."""

    def __init__(self, office: Office, everybody: Cast, seed: int) -> None:
        self.office, self.cast, self.dice = office, everybody, random.Random(seed)
        self.done: Counter[str] = Counter()

    def work(self, steps: int) -> Counter[str]:
        acts: list[Callable[[Session], object]] = [
            self.allocate, self.allocate, self.fence, self.hold, self.move, self.commit, self.commit, self.commit,
            self.vary, self.vary, self.pay, self.pay, self.take_back, self.complete, self.close, self.repay,
            self.expire,
        ]  # fmt: skip
        for _ in range(steps):
            act = self.dice.choice(acts)
            try:
                with self.office.sessions.begin() as session:
                    act(session)
                self.done[act.__name__] += 1
            except Refused:
                self.done["refused"] += 1
        return self.done

    def money(self) -> dict[str, Any]:
        return {"policy": self.office.policy, "actor": "test", "now": self.office.clock()}

    def fund(self) -> str:
        return self.dice.choice(FUNDS)

    def year(self) -> int:
        return self.dice.choice((YEAR, NEXT, NEXT + 1))

    def award(self, session: Session) -> Award:
        return commitments.held_award(session, self.dice.choice(self.cast.awards))

    def profile(self) -> dict[int, int]:
        return {
            year: self.dice.randint(1, 400)
            for year in self.dice.sample((YEAR, NEXT, NEXT + 1), self.dice.randint(1, 3))
        }

    def allocate(self, session: Session) -> None:
        funds.allocate(session, self.fund(), self.year(), self.dice.randint(1, 700), **self.money())

    def fence(self, session: Session) -> None:
        until = self.dice.choice((END, date(2028, 12, 31)))
        funds.allocate(session, self.fund(), self.year(), self.dice.randint(1, 300), until=until, **self.money())

    def hold(self, session: Session) -> None:
        funds.hold(session, FUNDS[0], self.year(), self.dice.randint(0, 300), **self.money())

    def move(self, session: Session) -> None:
        source, target = self.dice.sample(FUNDS, 2)
        funds.move(session, source, target, self.year(), self.dice.randint(1, 200), **self.money())

    def commit(self, session: Session) -> None:
        award, profile = self.award(session), self.profile()
        fund = self.office.policy.fund(award.fund)
        assert fund is not None
        if award.status != NEW:
            raise Refused("It has its money, or had it.")
        commitments.commit(session, fund, award, profile, this_year=NEXT, actor="test", now=self.office.clock())
        award.amount, award.profile = sum(profile.values()), commitments.profile_data(profile)
        award.status = self.dice.choice(("active", "active", "offered"))
        award.accept_by = date(2027, 5, 2)

    def vary(self, session: Session) -> None:
        award, profile = self.award(session), self.profile()
        variations.vary(
            session,
            award.id,
            someone(session, self.cast.decider),
            was=award.amount,
            amount=sum(profile.values()),
            profile=profile,
            reasons="More or less.",
            office=self.office,
            now=self.office.clock(),
        )

    def pay(self, session: Session) -> None:
        award = self.award(session)
        payer, approver = someone(session, self.cast.payer), someone(session, self.cast.approver)
        now = self.office.clock()
        stage = payments.plan(session, award.id, payer, amount=self.dice.randint(1, 150), planned_on=DAY, now=now)
        payments.approve(session, award.id, stage.number, approver, office=self.office, now=now)
        payments.pay(session, award.id, stage.number, payer, office=self.office, now=now)

    def take_back(self, session: Session) -> None:
        award, amount = self.award(session), self.dice.randint(1, 80)
        payer = someone(session, self.cast.payer)
        payments.take_back(
            session, award.id, payer, amount=amount, reasons="Unspent.", office=self.office, now=self.office.clock()
        )

    def complete(self, session: Session) -> None:
        award, payer = self.award(session), someone(session, self.cast.payer)
        awards.complete(session, award.id, payer, note="Over.", office=self.office, now=self.office.clock())

    def close(self, session: Session) -> None:
        fund = self.dice.choice((None, *FUNDS))
        year_end.close(session, YEAR, fund_id=fund, today=DAY, **self.money())

    def repay(self, session: Session) -> None:
        year_end.repay(session, self.fund(), YEAR, self.dice.randint(1, 40), **self.money())

    def expire(self, session: Session) -> None:
        awards.expire_offers(session, today=DAY, now=self.office.clock(), office=self.office)


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_moves_money_at_once_no_fund_is_overspent_and_the_ledger_adds_up(
    office: Office, clock: Clock, seed: int
) -> None:
    clock.now = datetime(2027, 5, 3, 9, tzinfo=UTC)
    everybody = cast(office, 24)
    for fund in FUNDS:
        with office.sessions.begin() as session:
            for year in (YEAR, NEXT):
                funds.allocate(session, fund, year, 1_200, policy=office.policy, actor="test", now=clock.now)
    workers = [Worker(office, everybody, seed * 100 + number) for number in range(6)]
    came = at_once([lambda one=one: one.work(16) for one in workers])  # type: ignore[misc]
    done = sum((Counter(one) for one in came.done), Counter[str]())
    assert done.total() == 6 * 16
    assert min(done["commit"], done["allocate"], done["refused"]) > 0
    with office.reading() as session:
        assert [str(one) for one in funds.reconcile(session)] == []
        assert events.broken_at(session) is None
        for row in session.scalars(select(FundYear)):
            assert row.tolerance == 0
            assert row.committed + row.repayable + row.surrendered <= row.allocated - row.held, (row.fund, row.year)
            assert 0 <= row.paid <= row.committed
        told = [(*line.data.values(),) for line in events.history(session, funds.FUND_TRAIL) if line.kind == "money"]
        assert len(told) == len(session.scalars(select(LedgerEntry).where(LedgerEntry.award_id.is_(None))).all())
        for award in session.scalars(select(Award)):
            paid = session.scalars(
                select(Payment.amount).where(Payment.award_id == award.id, Payment.status == "paid")
            ).all()
            assert award.paid <= min(award.amount, sum(paid))


def test_one_payment_that_ten_press_at_once_leaves_once(office: Office) -> None:
    award_id = active(office)
    approver, payers = person(office, Role.DIRECTOR), [person(office, Role.FINANCE) for _ in range(10)]
    with office.sessions.begin() as session:
        who = someone(session, approver)
        award_checks.verify_bank_details(session, award_id, who, note="Called.", now=office.clock())
        award_checks.see_safeguarding_policy(session, award_id, who, note="Seen.", now=office.clock())
        payments.plan(session, award_id, who, amount=2_000_00, planned_on=DAY, now=office.clock())
        payments.approve(session, award_id, 1, who, office=office, now=office.clock())

    def pay(payer: int) -> None:
        with office.sessions.begin() as session:
            payments.pay(session, award_id, 1, someone(session, payer), office=office, now=office.clock())

    came = at_once([lambda one=one: pay(one) for one in payers])  # type: ignore[misc]
    assert len(came.done) == 1
    assert {type(one) for one in came.refused} == {Conflict}
    with office.reading() as session:
        assert funds.position(session, "youth-fund", YEAR).paid == 2_000_00
        assert awards.by_id(session, award_id).paid == 2_000_00
        assert funds.reconcile(session) == []


def test_varied_by_two_at_once_one_stands(office: Office) -> None:
    award_id = active(office)
    deciders = [person(office, Role.COMMISSIONER) for _ in range(6)]

    def vary(who: int, amount: int) -> None:
        with office.sessions.begin() as session:
            variations.vary(
                session,
                award_id,
                someone(session, who),
                was=2_000_00,
                amount=amount,
                reasons="Agreed.",
                office=office,
                now=office.clock(),
            )

    amounts = [3_000_00 + number for number in range(6)]
    came = at_once([lambda a=a, b=b: vary(a, b) for a, b in zip(deciders, amounts, strict=True)])  # type: ignore[misc]
    assert (len(came.done), len(came.refused)) == (1, 5)
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        assert award.amount in amounts
        assert funds.position(session, "youth-fund", YEAR).committed == award.amount
        assert funds.reconcile(session) == []


def test_the_last_ring_fenced_pound_goes_to_one(office: Office) -> None:
    with office.sessions.begin() as session:
        made = [award.id for award in bare_awards(session, office, 8)]
        funds.allocate(
            session, "youth-fund", YEAR, 100, until=END, policy=office.policy, actor="test", now=office.clock()
        )
        funds.allocate(session, "youth-fund", YEAR, 30, policy=office.policy, actor="test", now=office.clock())

    def commit(award_id: int) -> None:
        with office.sessions.begin() as session:
            fund = office.policy.fund("youth-fund")
            assert fund is not None
            award = awards.by_id(session, award_id)
            commitments.commit(session, fund, award, {YEAR: 60}, this_year=YEAR, actor="test", now=office.clock())

    came = at_once([lambda one=one: commit(one) for one in made])  # type: ignore[misc]
    assert len(came.done) == 2  # 60 and 40 of the fenced, 20 of the general money
    with office.reading() as session:
        assert ledger.sums(session)["youth-fund", YEAR, ""]["committed"] == 20
        assert ledger.sums(session)["youth-fund", YEAR, f"until {END}"]["committed"] == 100
