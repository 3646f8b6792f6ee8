"""Whatever happens to a fund, it stands as a slow and obvious model of it says, to the penny (F1, F3, F6, F7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from core import award_checks, awards, commitments, funds, payments, variations, year_end
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Award, Person, Recommendation
from core.rules.policy import Purpose, Role, YearEnd
from tests.core.casework import START, YEAR, bare_awards
from tests.core.fund_model import DAYS, HOLDERS, Model, No

NEXT = YEAR + 1
FUND = "crime-and-disorder"
OTHER = "youth-fund"
FENCES: tuple[tuple[Purpose | None, date | None], ...] = (
    (None, None),
    (Purpose.YOUNG_PEOPLE, None),
    (Purpose.YOUNG_PEOPLE, date(2027, 3, 31)),
    (None, date(2027, 10, 31)),
)
NEW = "expired"
"""How an award stands here that has not been given its money yet: it holds nothing, and nothing is wrong with that."""


@dataclass
class Desk:
    """The desk under test, driven by its public functions in one transaction that is never committed."""

    session: Session
    office: Office
    model: Model
    holders: list[Award]
    decider: Person
    approver: Person
    payer: Person

    @property
    def now(self) -> datetime:
        return datetime(self.model.day.year, self.model.day.month, self.model.day.day, 12, tzinfo=UTC)

    def both(self, model: Callable[[], None], desk: Callable[[], object]) -> bool:
        """Do it in both: either both do it or both refuse."""
        try:
            model()
        except No:
            with pytest.raises(Refused):
                desk()
            return False
        desk()
        return True

    def money(self) -> dict[str, Any]:
        return {"policy": self.office.policy, "actor": "test", "now": self.now}

    def allocate(self, year: int, fence: int, amount: int) -> None:
        purpose, until = FENCES[fence]
        self.both(
            lambda: self.model.allocate(year, (purpose, until), amount),
            lambda: funds.allocate(self.session, FUND, year, amount, purpose=purpose, until=until, **self.money()),
        )

    def hold(self, year: int, amount: int) -> None:
        self.both(
            lambda: self.model.hold(year, amount),
            lambda: funds.hold(self.session, FUND, year, amount, **self.money()),
        )

    def move(self, year: int, amount: int) -> None:
        self.both(
            lambda: self.model.move_out(year, amount),
            lambda: funds.move(self.session, FUND, OTHER, year, amount, **self.money()),
        )

    def commit(self, number: int, first: int, second: int) -> None:
        award = self.holders[number]
        profile = self.profile(award, first, second)
        if award.status != NEW or not profile:
            return
        fund = self.office.policy.fund(FUND)
        assert fund is not None
        this_year = self.model.this_year()
        done = self.both(
            lambda: self.model.take(number, profile),
            lambda: commitments.commit(
                self.session, fund, award, profile, this_year=this_year, actor="test", now=self.now
            ),
        )
        if done:
            award.amount, award.profile = sum(profile.values()), commitments.profile_data(profile)
            award.status = "offered" if first % 3 == 0 else "active"

    def profile(self, award: Award, first: int, second: int) -> dict[int, int]:
        both = {YEAR: first, NEXT: second if award.end_on > date(2027, 3, 31) else 0}
        return {year: amount for year, amount in both.items() if amount}

    def refuse(self, number: int) -> None:
        award = self.holders[number]
        if award.status == "offered" and self.model.day <= award.accept_by:
            self.both(
                lambda: self.model.end(number),
                lambda: awards.refuse(self.session, award, name="Ada", now=self.now, office=self.office),
            )

    def vary(self, number: int, first: int, second: int) -> None:
        award = self.holders[number]
        profile = self.profile(award, first, second)
        amount = sum(profile.values())
        if award.status == "active" and profile and amount != award.amount:
            self.both(
                lambda: self.model.vary(number, profile),
                lambda: variations.vary(
                    self.session,
                    award.id,
                    self.decider,
                    was=award.amount,
                    amount=amount,
                    profile=profile,
                    reasons="More of it, or less.",
                    office=self.office,
                    now=self.now,
                ),
            )

    def pay(self, number: int, amount: int) -> None:
        award = self.holders[number]
        if award.status != "active" or amount > award.amount - award.paid:
            return
        stage = payments.plan(
            self.session,
            award.id,
            self.payer,
            amount=amount,
            planned_on=self.model.day,
            now=self.now,
        ).number

        def approved_and_paid() -> None:
            payments.approve(self.session, award.id, stage, self.approver, office=self.office, now=self.now)
            payments.pay(self.session, award.id, stage, self.payer, office=self.office, now=self.now)

        if not self.both(lambda: self.model.pay(number, amount), approved_and_paid):
            payments.cancel(self.session, award.id, stage, self.payer, reason="Not funded.", now=self.now)

    def take_back(self, number: int, amount: int) -> None:
        award = self.holders[number]
        self.both(
            lambda: self.model.take_back(number, amount, runs=award.status == "active"),
            lambda: payments.take_back(
                self.session, award.id, self.payer, amount=amount, reasons="Unspent.", office=self.office, now=self.now
            ),
        )

    def complete(self, number: int) -> None:
        award = self.holders[number]
        if award.status == "active":
            self.both(
                lambda: self.model.end(number),
                lambda: awards.complete(
                    self.session, award.id, self.payer, note="It is over.", office=self.office, now=self.now
                ),
            )

    def close(self, year: int) -> None:
        self.both(
            lambda: self.model.close(year),
            lambda: year_end.close(self.session, year, fund_id=FUND, today=self.model.day, **self.money()),
        )

    def repay(self, year: int, amount: int) -> None:
        self.both(
            lambda: self.model.repay(year, amount),
            lambda: year_end.repay(self.session, FUND, year, amount, **self.money()),
        )

    def later(self) -> None:
        later = [day for day in DAYS if day > self.model.day]
        self.model.day = later[0] if later else self.model.day

    def check(self) -> None:
        """The desk stands as the model does, and its ledger explains it."""
        self.session.flush()
        for year in (YEAR, NEXT, NEXT + 1, NEXT + 2):
            pots = self.model.year(year)
            stands = funds.position(self.session, FUND, year)
            waits = sum(one.amount for one in self.model.waiting(year))
            assert stands == funds.FundPosition(
                FUND,
                year,
                known=any(pot.allocated for pot in pots),
                allocated=sum(pot.allocated for pot in pots),
                held=sum(pot.held for pot in pots),
                committed=sum(self.model.committed(year, pot.name) for pot in pots),
                forward=waits,
                paid=sum(one.paid for one in self.model.slices if one.year == year),
                repayable=sum(pot.repayable for pot in pots),
                available=max(0, sum(self.model.room(year, pot) for pot in pots) - waits),
                tolerance=sum(pot.tolerance for pot in pots),
                surrendered=sum(pot.gone for pot in pots),
            ), (year, self.model)
            for pot in pots:
                assert self.model.room(year, pot) >= 0, "the model itself overspends"
            found = {pot.pot: pot.available for pot in funds.pots(self.session, FUND, year)}
            assert found == {pot.name: self.model.room(year, pot) for pot in pots[1:]}
            assert funds.position_at(self.session, FUND, year, self.model.day) == stands
        assert funds.position(self.session, OTHER, YEAR).allocated + funds.position(
            self.session, OTHER, NEXT
        ).allocated == (self.model.taken)
        assert funds.reconcile(self.session) == []


def furnished(session: Session, office: Office, model: Model) -> Desk:
    """People, and awards that hold nothing yet, each with what a payment asks for."""
    people = [
        Person(
            name=role.value, email=f"{role.value}@x.example", role=role.value, body="office", added_at=office.clock()
        )
        for role in (Role.OFFICER, Role.COMMISSIONER, Role.DIRECTOR, Role.FINANCE)
    ]
    session.add_all(people)
    session.flush()
    officer, decider, approver, payer = people
    holders = bare_awards(session, office, len(HOLDERS))
    for award, (purpose, end) in zip(holders, HOLDERS, strict=True):
        application: Application = award.application
        application.fund, application.purpose, application.amount = FUND, purpose.value, 1
        application.start_on, application.end_on = START, end
        award.fund, award.end_on, award.status, award.accept_by = FUND, end, NEW, DAYS[3]
        award.profile = {}
        session.add(
            Recommendation(
                application=application,
                person=officer,
                outcome="approve",
                amount=1,
                reasons="r",
                conditions="",
                made_at=office.clock(),
            )
        )
    session.flush()
    for award in holders:
        award_checks.verify_bank_details(session, award.id, approver, note="Called.", now=office.clock())
        award_checks.see_safeguarding_policy(session, award.id, approver, note="Seen.", now=office.clock())
    return Desk(session, office, model, holders, decider, approver, payer)


years = st.sampled_from([YEAR, YEAR, NEXT])
holder = st.integers(0, len(HOLDERS) - 1)
sums = st.integers(1, 600)
parts = st.one_of(st.just(0), st.integers(1, 400))
steps = st.one_of(
    st.tuples(st.just("allocate"), years, st.integers(0, len(FENCES) - 1), st.integers(1, 900)),
    st.tuples(st.just("commit"), holder, parts, parts),
    st.tuples(st.just("commit"), holder, sums, st.just(0)),
    st.tuples(st.just("vary"), holder, parts, parts),
    st.tuples(st.just("pay"), holder, st.integers(1, 300)),
    st.tuples(st.just("take_back"), holder, st.integers(1, 200)),
    st.tuples(st.just("complete"), holder),
    st.tuples(st.just("refuse"), holder),
    st.tuples(st.just("hold"), years, st.integers(0, 400)),
    st.tuples(st.just("move"), years, st.integers(1, 300)),
    st.tuples(st.just("later")),
    st.tuples(st.just("close"), years),
    st.tuples(st.just("repay"), years, st.integers(1, 100)),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    begun=st.lists(st.integers(0, 900), min_size=3, max_size=3),
    taken=st.lists(steps, min_size=4, max_size=22),
    way=st.sampled_from(YearEnd),
    over=st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 10)]),
)
def test_a_fund_stands_as_the_model_says(
    office: Office, begun: list[int], taken: list[tuple[Any, ...]], way: YearEnd, over: Fraction
) -> None:
    policy = office.policy
    changed = tuple(replace(fund, after_year_end=way) if fund.id == FUND else fund for fund in policy.funds)
    tolerated = replace(policy.over_allocation, value=over)
    office = replace(office, policy=replace(policy, funds=changed, over_allocation=tolerated))
    with office.sessions() as session:
        desk = furnished(session, office, Model(share=Fraction(1, 3), over=over, way=way))
        for number, amount in enumerate(begun):
            if amount:
                desk.allocate((YEAR, YEAR, NEXT)[number], (0, 1, 0)[number], amount)
        for name, *arguments in taken:
            getattr(desk, name)(*arguments)
            desk.check()
        session.rollback()


def test_the_model_and_the_desk_agree_on_a_life_that_has_everything_in_it(office: Office) -> None:
    with office.sessions() as session:
        desk = furnished(session, office, Model(share=Fraction(1, 3), over=Fraction(0), way=YearEnd.RETURNED))
        for step in (
            ("allocate", YEAR, 0, 900),
            ("allocate", YEAR, 2, 300),
            ("commit", 0, 250, 0),
            ("commit", 1, 100, 200),
            ("allocate", NEXT, 0, 150),
            ("allocate", NEXT, 0, 200),
            ("vary", 1, 150, 120),
            ("pay", 1, 160),  # 10 of it next year's, which has not begun
            ("pay", 1, 150),
            ("take_back", 1, 10),
            ("hold", YEAR, 350),
            ("move", YEAR, 10),
            ("complete", 0),
            ("later",),
            ("later",),
            ("pay", 1, 10),
            ("complete", 1),
            ("close", YEAR),
            ("repay", YEAR, 5),
            ("take_back", 1, 30),
        ):
            getattr(desk, step[0])(*step[1:])
            desk.check()
        ended = funds.position(session, FUND, YEAR)
        assert (ended.available, ended.paid, ended.repayable) == (0, 140 - 20, 295)
        assert desk.holders[1].status == "completed"
        with pytest.raises(Conflict):
            awards.complete(session, desk.holders[1].id, desk.payer, note="Again.", office=office, now=desk.now)
        session.rollback()
