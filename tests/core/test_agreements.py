"""The agreement of what is bought: signed on paper, by its day, before any payment (F7, W6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import agreements, award_checks, awards, deciding, outside, payments
from core.audit import verify
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Agreement, Payment
from core.rules.lifecycle import AGREEMENT, AgreementState
from core.rules.policy import Role
from core.rules.states import NotAllowed
from tests.conftest import Clock
from tests.core.casework import (
    active,
    allocate,
    at_once,
    contracted,
    person,
    someone,
    sweep,
    told,
    trail,
)
from tests.core.due import dates
from tests.core.test_outside import TOLD

TODAY = date(2026, 11, 23)
DUE = TODAY + timedelta(days=28)
KIND = agreements.AGREEMENT_KIND


class Signing:
    """One contract and an officer."""

    def __init__(self, office: Office) -> None:
        self.office, self.award, self.officer = office, contracted(office), person(office)

    def do(self, step: Callable[..., Any], who: int | None = None, **given: Any) -> Any:
        with self.office.sessions.begin() as session:
            return step(session, self.award, someone(session, who or self.officer), now=self.office.clock(), **given)

    def send(self, who: int | None = None, sent_on: date = TODAY) -> None:
        self.do(agreements.send, who, sent_on=sent_on)

    def sign(self, who: int | None = None, **given: Any) -> None:
        self.do(agreements.sign, who, **{"signed_by": "Grace Treasurer", "signed_on": TODAY, **given})

    def redraft(self) -> None:
        self.do(agreements.redraft, note="Another hall.")

    @property
    def status(self) -> str:
        with self.office.reading() as session:
            return session.scalars(select(Agreement.status)).one()


@pytest.fixture
def signing(office: Office) -> Signing:
    return Signing(office)


@pytest.mark.parametrize("days", [1, 28, 60])
def test_it_is_to_be_signed_so_many_days_after_the_acceptance(office: Office, days: int) -> None:
    other = replace(
        office, policy=replace(office.policy, agreement_days=replace(office.policy.agreement_days, value=days))
    )
    contracted(other)
    assert dates(office, KIND) == [(TODAY + timedelta(days=days), "open")]


def test_a_grant_is_agreed_online_and_what_was_made_outside_was_agreed_there(office: Office) -> None:
    active(office)
    allocate(office, TOLD.fund, 500_000_00)
    who = person(office)
    with office.sessions.begin() as session:
        outside.record(session, TOLD, someone(session, who), office=office, now=office.clock())
        assert session.scalars(select(Agreement)).all() == []
    assert dates(office, KIND) == []


def test_the_recipient_and_the_officer_are_reminded_of_it(signing: Signing) -> None:
    sent: dict[int, list[tuple[int, str]]] = {}
    for day in range(60):
        found = [one for one in sweep(signing.office, TODAY + timedelta(days=day)) if one.kind == KIND]
        if found:
            sent[day] = told(found)
    assert sent == {
        21: [(-7, "officer"), (-7, "recipient")],
        28: [(0, "officer")],
        36: [(7, "director"), (7, "officer")],  # the 28th of December is a bank holiday
    }


def test_only_what_was_sent_is_signed_and_once(signing: Signing) -> None:
    with pytest.raises(Conflict, match="it is still a draft"):
        signing.sign()
    signing.send()
    with pytest.raises(Conflict, match="it waits for its signature"):
        signing.send()
    signing.redraft()
    assert dates(signing.office, KIND) == [(DUE, "open")]
    signing.send()
    signing.sign(document=" Contracts  12 ", passes_on=True)
    with pytest.raises(Conflict, match="it is signed and in force"):
        signing.sign()
    assert dates(signing.office, KIND) == [(DUE, "met")]
    [line] = trail(signing.office, "agreement_signed")
    assert {name: value for name, value in line.data.items() if name != "agreement"} == {
        "signed_by": "Grace Treasurer",
        "signed_on": "2026-11-23",
        "document": "Contracts 12",
        "passes_on": True,
        "person": signing.officer,
    }


@pytest.mark.one_database
def test_each_state_takes_what_its_table_says_and_nothing_else(signing: Signing) -> None:
    steps = {"send": signing.send, "redraft": signing.redraft, "sign": signing.sign}
    for state in AgreementState:
        for action, step in steps.items():
            with signing.office.sessions.begin() as session:
                row = session.scalars(select(Agreement)).one()
                row.status, row.sent_on = state.value, None
            try:
                after = AGREEMENT.next(state, action)  # type: ignore[arg-type]  # their names
            except NotAllowed:
                with pytest.raises(Conflict):
                    step()
                assert signing.status == state
            else:
                step()
                assert signing.status == after


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"signed_by": " "}, "Enter who signed it"),
        ({"signed_on": TODAY + timedelta(days=1)}, "cannot be one to come"),
        ({"signed_on": TODAY - timedelta(days=1)}, "offered on 23 November 2026"),
    ],
)
def test_whoever_signed_is_named_and_the_day_is_one_that_can_be(
    signing: Signing, given: dict[str, Any], said: str
) -> None:
    signing.send()
    with pytest.raises(Refused, match=said):
        signing.sign(**given)
    assert signing.status == "sent"


def test_it_is_not_signed_before_it_was_sent(signing: Signing, clock: Clock) -> None:
    clock.forward(days=3)
    signing.send(sent_on=TODAY + timedelta(days=2))
    with pytest.raises(Refused, match="It was sent on 25 November 2026"):
        signing.sign(signed_on=TODAY + timedelta(days=1))


def test_who_may_not_record_it(signing: Signing) -> None:
    with signing.office.sessions.begin() as session:
        number = awards.by_id(session, signing.award).application_id
        who = someone(session, signing.officer)
        deciding.declare_interest(session, number, who, reason="My brother.", now=signing.office.clock())
    for who_not in (signing.officer, person(signing.office, Role.AUDITOR)):
        with pytest.raises(Refused):
            signing.send(who_not)
    assert signing.status == "drafted"


def test_two_who_record_the_signature_record_one(signing: Signing) -> None:
    signing.send()
    other = person(signing.office)
    done = at_once([signing.sign, lambda: signing.sign(other, signed_by="Somebody Else")])
    assert (len(done.done), [type(one) for one in done.refused]) == (1, [Conflict])
    assert len(trail(signing.office, "agreement_signed")) == 1


def test_no_payment_is_made_before_it_is_signed(signing: Signing) -> None:
    office = signing.office
    payer = person(office, Role.FINANCE)
    signing.do(payments.plan, amount=500_00, planned_on=TODAY)
    signing.do(award_checks.verify_bank_details, note="By the number we know.")
    signing.do(award_checks.see_safeguarding_policy, note="Seen.")
    signing.do(award_checks.collect_quotes, quotes=1, note="One.")

    def waits() -> str:
        with office.reading() as session:
            return payments.waits_for(session, session.scalars(select(Payment)).one())

    def approve(session: Session, award: int, who: Any, **given: Any) -> None:
        payments.approve(session, award, 1, who, **given)

    def pay(session: Session, award: int, who: Any, **given: Any) -> None:
        payments.pay(session, award, 1, who, **given)

    assert waits() == "it waits for the agreement to be signed"
    with pytest.raises(Refused, match="Its agreement is not signed"):
        signing.do(approve, office=office)
    signing.send()
    signing.sign()
    assert waits() == ""
    signing.do(approve, office=office)
    signing.do(pay, payer, office=office)
    assert dates(office, "payment") == [(TODAY, "met")]


@pytest.mark.parametrize("signed", [True, False])
def test_it_ends_with_its_award(office: Office, signed: bool) -> None:
    signing = Signing(office)
    if signed:
        signing.send()
        signing.sign()
    with office.sessions.begin() as session:
        for one in awards.by_id(session, signing.award).deadlines:
            if one.kind == "return":
                one.met_at = office.clock()
    signing.do(awards.complete, note="It ran its course.", office=office)
    assert signing.status == ("ended" if signed else "abandoned")
    assert dates(office, KIND) == [(DUE, "met" if signed else "closed")]
    with pytest.raises(Conflict):
        signing.send()


@pytest.mark.parametrize("passes_on", [True, False])
def test_what_it_says_of_a_successor_is_told(signing: Signing, passes_on: bool) -> None:
    def said(session: Session) -> str:
        award = awards.by_id(session, signing.award)
        agreement = agreements.of_award(session, award)
        assert agreement is not None
        found = agreements.transfer(award, agreement, signing.office)
        return found.verdict.value if found is not None else ""

    with signing.office.reading() as session:
        assert said(session) == "met", "the terms that were offered have the clause"
    signing.send()
    signing.sign(passes_on=passes_on)
    with signing.office.reading() as session:
        assert said(session) == ("" if passes_on else "not_met")
        assert verify(session).sound


@pytest.mark.parametrize(("pence", "due"), [(2_000_00, False), (300_000_00, True)])
def test_the_notices_before_signing_are_those_of_its_value(signing: Signing, pence: int, due: bool) -> None:
    office = signing.office
    with office.reading() as session:
        award = awards.by_id(session, signing.award)
        award.amount = pence
        found = agreements.notices(award, office=office, today=TODAY)
        session.rollback()
    assert all(one.before_signing for one in found)
    assert ("contract-award-notice" in [one.id for one in found]) is due
