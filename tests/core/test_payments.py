"""Payments: stages, checks, holds, two people, and money that comes back (F7, L5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import award_checks, awards, deciding, funds, payments, returns
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Award, LedgerEntry, Payment
from core.rules.calendar import financial_year
from core.rules.facts import Verdict
from core.rules.payment import CheckKind
from core.rules.policy import Body, Role
from core.rules.questions import ApplicationFacts
from tests.conftest import Clock
from tests.core.casework import (
    YEAR,
    accept,
    active,
    allocate,
    award_of,
    decide,
    facts,
    london,
    offered,
    person,
    recommend,
    reducing_crime,
    returned,
    someone,
    submitted,
    trail,
)
from tests.core.money import position

FIRST_RETURN = date(2027, 7, 1)
DAY = date(2027, 1, 4)


@dataclass
class Till:
    """The steps of an award's payments, each in a transaction of its own."""

    office: Office
    award_id: int

    def __post_init__(self) -> None:
        self.officer = person(self.office)
        self.director = person(self.office, Role.DIRECTOR)
        self.finance = person(self.office, Role.FINANCE)

    def _do(self, step: Callable[..., Any], who: int, **given: Any) -> Any:
        with self.office.sessions.begin() as session:
            done = step(session, self.award_id, who=someone(session, who), **given)
            session.flush()
            return done

    def plan(self, amount: int = 2_000_00, *, who: int | None = None, on: date = DAY, due: date | None = None) -> int:
        def step(session: Session, award_id: int, who: Any) -> int:
            return payments.plan(
                session,
                award_id,
                who,
                amount=amount,
                planned_on=on,
                return_due=due,
                now=self.office.clock(),
            ).number

        return int(self._do(step, who or self.officer))

    def check(self, kind: str = "bank", who: int | None = None, **given: Any) -> None:
        how = {
            "bank": award_checks.verify_bank_details,
            "safeguarding": award_checks.see_safeguarding_policy,
            "quotes": award_checks.collect_quotes,
            "subsidy": award_checks.look_at_subsidy,
        }[kind]
        given.setdefault("note", "Looked at it myself.")

        def step(session: Session, award_id: int, who: Any) -> None:
            how(session, award_id, who, **given, now=self.office.clock())  # type: ignore[operator]

        self._do(step, who or self.director)

    def hold(self, number: int = 1, reason: str = "A complaint is open.") -> None:
        self._do(
            lambda session, award_id, who: payments.hold(
                session, award_id, number, who, reason=reason, now=self.office.clock()
            ),
            self.officer,
        )

    def release(self, number: int = 1, reason: str = "The complaint is answered.") -> None:
        self._do(
            lambda session, award_id, who: payments.release(
                session, award_id, number, who, reason=reason, now=self.office.clock()
            ),
            self.officer,
        )

    def approve(self, number: int = 1, who: int | None = None) -> None:
        self._do(
            lambda session, award_id, who: payments.approve(
                session, award_id, number, who, office=self.office, now=self.office.clock()
            ),
            who or self.director,
        )

    def look(self, number: int = 1, who: int | None = None) -> None:
        self._do(
            lambda session, award_id, who: payments.check_as_chief_finance(
                session, award_id, number, who, now=self.office.clock()
            ),
            who or self.finance,
        )

    def pay(self, number: int = 1, who: int | None = None) -> None:
        self._do(
            lambda session, award_id, who: payments.pay(
                session, award_id, number, who, office=self.office, now=self.office.clock()
            ),
            who or self.finance,
        )

    def take_back(self, amount: int, reasons: str = "Two sessions did not happen.") -> None:
        self._do(
            lambda session, award_id, who: payments.take_back(
                session, award_id, who, amount=amount, reasons=reasons, office=self.office, now=self.office.clock()
            ),
            self.finance,
        )

    def ready(self, amount: int = 2_000_00) -> int:
        """A payment that has been planned, checked and approved."""
        self.check()
        self.check("safeguarding")
        number = self.plan(amount)
        self.approve(number)
        return number

    def row(self, number: int = 1) -> Payment:
        with self.office.reading() as session:
            return session.scalars(
                select(Payment).where(Payment.award_id == self.award_id, Payment.number == number)
            ).one()

    def award(self) -> Award:
        with self.office.reading() as session:
            return awards.by_id(session, self.award_id)


@pytest.fixture
def till(office: Office) -> Till:
    """The payments of an accepted award of £2,000 from the Youth Fund."""
    return Till(office, active(office))


def reconciled(office: Office) -> bool:
    with office.reading() as session:
        return funds.reconcile(session) == []


def test_planned_checked_approved_by_one_and_paid_by_another(office: Office, till: Till, clock: Clock) -> None:
    till.check()
    till.check("safeguarding", note="Policy of 2026, signed by the chair.")
    assert till.plan(1_200_00) == 1
    assert till.plan(800_00, on=date(2027, 7, 20), due=FIRST_RETURN) == 2
    clock.forward(hours=1)
    till.approve()
    approved_at = clock.now
    clock.forward(hours=1)
    till.pay()
    row = till.row()
    assert (row.status, row.approver_id, row.payer_id) == ("paid", till.director, till.finance)
    assert (row.approved_at, row.paid_at) == (approved_at, clock.now)
    assert till.award().paid == 1_200_00
    now = position(office)
    assert (now.paid, now.committed, now.available) == (1_200_00, 2_000_00, 18_000_00)
    with office.reading() as session:
        [entry] = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "payment"))
    assert (entry.amount, entry.award_id, entry.note) == (-1_200_00, till.award_id, "payment 1")
    assert reconciled(office)
    [line] = trail(office, "paid")
    assert (line.data["amount"], line.data["person"], line.reference) == (
        1_200_00,
        till.finance,
        till.award().reference,
    )
    assert [one["rule"] for one in line.data["findings"]] == ["F7", "L5"]
    kinds = ("payment_planned", "payment_approved", "paid", "checked")
    assert [one.kind for one in trail(office, *kinds)] == [
        "checked", "checked", "payment_planned", "payment_planned", "payment_approved", "paid",
    ]  # fmt: skip


def test_nothing_is_planned_or_paid_before_the_terms_are_accepted(office: Office) -> None:
    till = Till(office, offered(office))
    with pytest.raises(Refused, match="not an award that has been accepted") as refused:
        till.plan()
    assert refused.value.rule == "F7"
    accept(office, till.award_id)
    till.ready()
    with office.sessions.begin() as session:
        session.execute(update(Award).values(status="completed"))
    with pytest.raises(Refused, match="still runs"):
        till.pay()
    assert position(office).paid == 0


def test_a_payment_waits_for_its_checks(office: Office, till: Till) -> None:
    till.plan()
    with pytest.raises(Refused, match=r"safeguarding policy has not been seen.*bank details have not been") as refused:
        till.approve()
    assert refused.value.rule == "L5"
    till.check()
    with pytest.raises(Refused, match="safeguarding policy has not been seen"):
        till.approve()
    assert till.row().status == "planned"
    till.check("safeguarding")
    till.approve()
    till.pay()
    assert till.award().paid == 2_000_00


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "at_risk"),
    [
        (reducing_crime(answers={"crime_grounds": "plan"}), True),
        (reducing_crime(answers={"crime_grounds": "plan", "at_risk": "no"}), False),
        (reducing_crime(answers={"crime_grounds": "plan", "at_risk": "yes"}), True),
        (facts(), True),
    ],
    ids=["not said", "said no", "said yes", "young people"],
)
def test_whether_somebody_at_risk_takes_part(office: Office, given: ApplicationFacts, at_risk: bool) -> None:
    till = Till(office, active(office, given))
    till.check()
    till.plan(given.amount)
    if at_risk:
        with pytest.raises(Refused, match="hildren or adults at risk take part"):
            till.approve()
    else:
        till.approve()
        assert till.row().status == "approved"


@pytest.mark.parametrize(("purchases", "needed"), [(0, 0), (499_99, 1), (5_000_00, 3)])
def test_quotes_hold_the_payment(office: Office, purchases: int, needed: int) -> None:
    till = Till(office, active(office, reducing_crime(purchases=purchases)))
    till.check()
    till.plan(30_000_00)
    for came_in in range(needed):
        till.check("quotes", quotes=came_in)
        with pytest.raises(Refused, match=f"asks for {needed} written quote.*{came_in} came in"):
            till.approve()
    if needed:
        till.check("quotes", quotes=needed)
    till.approve()
    with pytest.raises(Refused, match="zero or more"):
        till.check("quotes", quotes=-1)


def test_a_stage_waits_for_the_return_it_depends_on(office: Office, till: Till, clock: Clock) -> None:
    till.check()
    till.check("safeguarding")
    till.plan(800_00, on=date(2027, 7, 20), due=FIRST_RETURN)
    with pytest.raises(NotFound, match=r"due on: 2027-07-01, 2027-10-31"):
        till.plan(1, due=date(2027, 7, 2))
    with pytest.raises(Refused, match="depends on the return due on 1 July 2027") as refused:
        till.approve()
    assert refused.value.rule == "F7"
    clock.set_day(date(2027, 7, 21))
    with office.sessions.begin() as session:
        award = awards.by_id(session, till.award_id)
        returns.receive(session, award, FIRST_RETURN, returned(), source="applicant", now=clock.now)
    till.approve()
    till.pay()
    assert till.award().paid == 800_00


def test_whoever_approved_does_not_pay(office: Office, till: Till) -> None:
    till.ready()
    with pytest.raises(Refused, match=r"You approved this payment\..*Somebody else pays it\.") as refused:
        till.pay(who=till.director)
    assert refused.value.rule == "F7"
    for change in (f"payer_id = {till.director}", "status = 'paid', payer_id = NULL", "amount = 0"):
        with pytest.raises(IntegrityError), office.sessions.begin() as session:
            session.execute(text(f"UPDATE payment SET {change}"))
    till.pay()
    with pytest.raises(Conflict, match="This payment cannot be paid: it has been paid"):
        till.pay(who=till.officer)
    assert position(office).paid == 2_000_00


def test_nobody_from_outside_the_office_and_nobody_with_an_interest_handles_payments(office: Office) -> None:
    application = submitted(office)
    interested = person(office, Role.FINANCE)
    with office.sessions.begin() as session:
        deciding.declare_interest(
            session, application, someone(session, interested), reason="My sister runs it.", now=office.clock()
        )
    recommend(office, application)
    allocate(office, "youth-fund", 2_000_00)
    decide(office, application, person(office, Role.COMMISSIONER))
    till = Till(office, award_of(office, application))
    accept(office, till.award_id)
    force, auditor = person(office, Role.FINANCE, Body.CONSTABULARY), person(office, Role.AUDITOR)
    till.ready()
    for who, rule in ((interested, "A2"), (force, "F7"), (auditor, "F7")):
        for step in (till.pay, till.approve, till.look):
            with pytest.raises(Refused) as refused:
                step(who=who)
            assert refused.value.rule == rule
        with pytest.raises(Refused):
            till.check(who=who)
        with pytest.raises(Refused):
            till.plan(1, who=who)
    with office.sessions.begin() as session:
        session.execute(text(f"UPDATE person SET active = {'false'} WHERE id = {till.finance}"))
    with pytest.raises(Refused, match="not on the office's staff list"):
        till.pay()
    assert position(office).paid == 0


def test_a_hold_ends_the_approval_and_has_its_reason(office: Office, till: Till) -> None:
    till.ready()
    with pytest.raises(Refused, match="Say why the payment is held"):
        till.hold(reason=" ")
    till.hold()
    assert (till.row().status, till.row().held_because, till.row().approver_id) == (
        "held",
        "A complaint is open.",
        None,
    )
    for step in (till.pay, till.approve):
        with pytest.raises(Conflict, match="it is held"):
            step()
    with pytest.raises(Refused, match="Say why the payment is released"):
        till.release(reason="")
    till.release()
    with pytest.raises(Conflict, match="There is no hold on this payment"):
        till.release()
    with pytest.raises(Conflict, match="it is planned"):
        till.pay()
    till.approve()
    till.pay()
    with pytest.raises(Conflict, match="it has been paid"):
        till.hold()
    assert [(one.kind, one.data["reason"]) for one in trail(office, "payment_held", "payment_released")] == [
        ("payment_held", "A complaint is open."),
        ("payment_released", "The complaint is answered."),
    ]


def test_the_chief_finance_officer_checks_what_is_over_the_limit(office: Office) -> None:
    limit = replace(office.policy.chief_finance_over, value=1_999_99)
    till = Till(replace(office, policy=replace(office.policy, chief_finance_over=limit)), active(office))
    till.ready()
    other = person(office, Role.FINANCE)
    with pytest.raises(Refused, match=r"£2,000 is over £1,999\.99, and the chief finance officer has not checked it"):
        till.pay()
    with pytest.raises(Refused, match="This check is the chief finance officer's"):
        till.look(who=till.director)
    till.look()
    with pytest.raises(Refused, match="you are the one who checked it"):
        till.pay()
    till.pay(who=other)
    assert (till.row().chief_finance_id, till.row().payer_id) == (till.finance, other)
    with pytest.raises(Conflict, match="cannot be checked: it has been paid"):
        till.look()


def test_no_more_than_the_award_is_planned_or_paid(office: Office, till: Till) -> None:
    till.plan(1_999_99)
    with pytest.raises(Refused, match=r"£0\.01 of .* is neither paid nor planned"):
        till.plan(2)
    with pytest.raises(Refused, match="over zero"):
        till.plan(0)
    till.plan(1)
    till.check()
    till.check("safeguarding")
    for number in (1, 2):
        till.approve(number)
        till.pay(number)
    with pytest.raises(Refused, match=r"£0 of .* is neither paid nor planned"):
        till.plan(1)
    for change in ("paid = amount + 1", "paid = -1"):
        with pytest.raises(IntegrityError), office.sessions.begin() as session:
            session.execute(text(f"UPDATE award SET {change}"))
    for change in ("paid = committed + 1", "paid = -1"):
        with pytest.raises(IntegrityError), office.sessions.begin() as session:
            session.execute(text(f"UPDATE fund_year SET {change} WHERE paid > 0"))
    with pytest.raises(NotFound, match="no payment number 9"):
        till.pay(9)


def test_a_cancelled_stage_makes_room_for_another(office: Office, till: Till) -> None:
    till.plan()
    with office.sessions.begin() as session:
        payments.cancel(session, till.award_id, 1, someone(session, till.officer), reason="Twins.", now=office.clock())
    assert till.plan() == 2
    assert [one.data["reason"] for one in trail(office, "payment_cancelled")] == ["Twins."]


def test_money_that_comes_back_lowers_what_was_paid_and_may_be_paid_again(office: Office, till: Till) -> None:
    till.ready()
    till.pay()
    with pytest.raises(Refused, match="Say why the money came back"):
        till.take_back(1, reasons="")
    with pytest.raises(Refused, match=r"£2,000 of the £2,000 of .* has been paid"):
        till.take_back(2_000_01)
    with pytest.raises(Refused, match="over zero"):
        till.take_back(0)
    till.take_back(300_01)
    now = position(office)
    assert (till.award().paid, now.paid, now.committed) == (1_699_99, 1_699_99, 2_000_00)
    with office.reading() as session:
        [entry] = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "returned"))
    assert (entry.amount, entry.note) == (300_01, "Two sessions did not happen.")
    assert reconciled(office)
    till.approve(till.plan(300_01))
    till.pay(2)
    assert till.award().paid == 2_000_00
    assert reconciled(office)


def test_only_what_is_funded_is_paid_the_oldest_year_first(office: Office, clock: Clock) -> None:
    allocate(office, "youth-fund", 700_00, YEAR)
    application = submitted(office)
    recommend(office, application)
    commissioner = person(office, Role.COMMISSIONER)
    with office.sessions.begin() as session:
        deciding.decide(
            session,
            application,
            someone(session, commissioner),
            outcome="approved",
            amount=None,
            reasons="A need.",
            conditions="Returns.",
            profile={YEAR: 700_00, YEAR + 1: 1_300_00},
            office=office,
            now=office.clock(),
        )
    till = Till(office, award_of(office, application))
    accept(office, till.award_id)
    till.check()
    till.check("safeguarding")
    till.plan(700_01)
    with pytest.raises(Refused, match=r"Only £700 of what has not been paid is funded"):
        till.approve()
    allocate(office, "youth-fund", 1_300_00, YEAR + 1)
    till.approve()  # it may be approved before the day on which its money can leave
    clock.now = london(date(2027, 3, 31), 23, 59, 59)
    with pytest.raises(Refused, match=r"Only £700 .* falls in a financial year that has begun.* wait for 1 April 2027"):
        till.pay()
    clock.now = london(date(2027, 4, 1), 0)
    till.pay()
    assert [position(office, year=year).paid for year in (YEAR, YEAR + 1)] == [700_00, 1]
    till.take_back(2)
    assert [position(office, year=year).paid for year in (YEAR, YEAR + 1)] == [699_99, 0]
    assert reconciled(office)


def test_the_applicants_answers_and_then_the_offices_own_look_decide_on_subsidy(office: Office) -> None:
    answers = {"crime_grounds": "plan", "at_risk": "no", "enterprise": "yes", "assistance": str(290_000_00)}
    till = Till(office, active(office, reducing_crime(amount=25_000_00, answers=answers)))
    till.check()
    till.plan(1_00)
    with pytest.raises(Refused, match="it has not confirmed that in writing"):
        till.approve()
    till.check("subsidy", enterprise=True, assistance=290_000_01, letters=True)
    with pytest.raises(Refused, match=r"£315,000\.01: more than £315,000"):
        till.approve()
    till.check("subsidy", enterprise=True, assistance=290_000_00, letters=True)
    till.approve()
    with office.reading() as session:
        made = award_checks.of_award(session, awards.by_id(session, till.award_id))
        assert made[CheckKind.SUBSIDY].found == {"enterprise": True, "assistance": 290_000_00, "letters": True}
        [stage] = payments.of_award(session, awards.by_id(session, till.award_id))
        f7, l5 = payments.findings(session, stage, office=office, now=office.clock())
        assert (f7.verdict, l5.verdict) == (Verdict.ADVICE, Verdict.MET)


def test_a_check_says_how_it_was_made(office: Office, till: Till) -> None:
    with pytest.raises(Refused, match="Say how you checked it"):
        till.check(note="  ")
    with pytest.raises(Refused, match="3,000 characters"):
        till.check(note="x" * 3_001)
    with office.sessions.begin() as session, pytest.raises(NotFound):
        award_checks.verify_bank_details(session, 999, someone(session, till.officer), note="n", now=office.clock())
    assert trail(office, "checked") == []
    assert financial_year(DAY) == YEAR
