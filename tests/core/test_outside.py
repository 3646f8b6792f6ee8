"""An award that was decided outside is put on record as that: by whom, when, under which document; then it is one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from core import applications, audit_story, awards, deadlines, events, funds, outside, people, publication
from core.audit import verify
from core.deciding import WrongInput, declare_interest
from core.errors import Refused
from core.meetings import MEETING
from core.office import Office
from core.outside import LooksRecorded, OutsideAward
from core.reconciling import reconcile
from core.records import Award
from core.returns import RETURN
from core.rules.policy import Body, Kind, OrganisationType, Purpose, Role
from tests.conftest import Clock
from tests.core.casework import (
    YEAR,
    active,
    allocate,
    at_once,
    facts,
    messages,
    person,
    someone,
    submitted,
    sweep,
    trail,
)

TOLD = OutsideAward(
    kind=Kind.CO_COMMISSIONED,
    fund="crime-and-disorder",
    organisation_name="Fenland  Outreach ",
    organisation_type=OrganisationType.CHARITY,
    postcode="pe15 8nq",
    title="Drug diversion, with the county council",
    need="A shared service for people whom the courts divert.",
    purpose=Purpose.CRIME_REDUCTION,
    plan_objective="reduce-crime-and-disorder",
    amount=60_000_00,
    start=date(2026, 6, 1),
    end=date(2027, 5, 31),
    outcome="Fewer people arrested again",
    measure="Arrests within a year",
    target="A quarter fewer",
    conditions="A return every six months.",
    reasons="The partnership board recommended it.",
    decided_by="Darryl Preston",
    decided_role="Commissioner",
    decided_on=date(2026, 5, 4),
    document="Decision notice CPCC 2026-017",
    accepted_on=date(2026, 5, 12),
)


@pytest.fixture
def desk(office: Office) -> Office:
    allocate(office, TOLD.fund, 500_000_00)
    return office


def record(office: Office, told: OutsideAward = TOLD, who: int | None = None, **given: Any) -> int:
    who = who or person(office, name="Olive Officer")
    with office.sessions.begin() as session:
        return outside.record(session, told, someone(session, who), office=office, now=office.clock(), **given).id


def read(office: Office, award_id: int) -> Award:
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        _ = award.deadlines, award.application.outcomes, award.application.recommendation
        if award.application.decision is not None:
            _ = award.application.decision.person
        return award


def left(office: Office, fund: str = TOLD.fund, year: int = YEAR) -> int:
    with office.reading() as session:
        return funds.position(session, fund, year).available


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []
        assert reconcile(session) == []


def test_the_record_says_who_decided_and_who_recorded_it(desk: Office, clock: Clock) -> None:
    before = left(desk)
    award = read(desk, record(desk))
    application, decision = award.application, award.application.decision
    assert decision is not None
    assert (application.status, award.status, award.reference) == ("approved", "active", application.reference)
    assert application.recommendation is None
    assert (application.organisation_name, application.postcode) == ("Fenland Outreach", "PE15 8NQ")
    assert (decision.outside_by, decision.outside_role) == ("Darryl Preston", "Commissioner")
    assert decision.decided_by == "Darryl Preston (Commissioner)"
    assert (decision.outside_on, decision.outside_accepted_on) == (TOLD.decided_on, TOLD.accepted_on)
    assert decision.outside_document == "Decision notice CPCC 2026-017"
    assert (decision.person.name, decision.made_at) == ("Olive Officer", clock.now)
    assert decision.facts["amount"] == 60_000_00
    assert before - left(desk) == 60_000_00
    [line] = trail(desk, "recorded_outside")
    assert line.actor.startswith("Olive Officer (officer")
    assert line.data["policy"] == desk.fingerprint
    assert line.data["findings"] == decision.findings
    assert trail(desk, "submitted", "recommended", "approved", "offered", "offer_accepted") == []
    sound(desk)


def test_what_fails_a_rule_of_today_is_kept_as_advice(desk: Office) -> None:
    award = read(desk, record(desk, replace(TOLD, plan_objective="")))
    assert award.application.decision is not None
    verdicts = {one["rule"]: one["verdict"] for one in award.application.decision.findings}
    assert verdicts["L4"] == "advice"
    assert "not_met" not in verdicts.values()
    assert award.application.findings == award.application.decision.findings


def test_its_power_and_why_it_reduces_crime_are_suggested_and_marked(desk: Office) -> None:
    suggested = read(desk, record(desk, replace(TOLD, kind=Kind.GRANT))).application.decision
    assert suggested is not None
    assert suggested.legal_power == desk.policy.power_grants.value
    assert str(suggested.contribution).startswith("It is for crime reduction")
    assert suggested.suggested == ["legal_power", "contribution"]
    other = replace(TOLD, amount=1_00, legal_power="Section 17, 1998 Act", contribution="It keeps people out of court.")
    given = read(desk, record(desk, other)).application.decision
    assert given is not None
    assert (given.legal_power, given.contribution) == ("Section 17, 1998 Act", "It keeps people out of court.")
    assert given.suggested is None
    sound(desk)


def test_returns_and_meetings_fall_due_and_those_of_the_past_never_nudge(desk: Office) -> None:
    long_ago = replace(TOLD, start=date(2026, 4, 10), end=date(2027, 10, 9), decided_on=date(2026, 3, 2),
                       accepted_on=date(2026, 3, 9), contact_email="ada@fenland.example")  # fmt: skip
    award = read(desk, record(desk, long_ago))
    due = {kind: [one.due for one in award.deadlines if one.kind == kind] for kind in (RETURN, MEETING)}
    assert due[RETURN] == [date(2026, 10, 10), date(2027, 4, 10), date(2027, 10, 9), date(2027, 10, 10)][:3]
    assert due[MEETING][:2] == [date(2026, 10, 10), date(2027, 4, 10)]
    sent = [step for day in range(400) for step in sweep(desk, desk.today() + timedelta(days=day))]
    assert {step.due for step in sent if step.kind == RETURN} == set(due[RETURN][1:])
    assert date(2026, 10, 10) not in {step.due for step in sent}
    assert {step.to for step in sent} >= {"recipient", "officer"}


def test_without_an_address_nobody_is_mailed_and_the_officer_hears_of_every_return(desk: Office) -> None:
    record(desk)
    sent = [step for day in range(400) for step in sweep(desk, desk.today() + timedelta(days=day))]
    assert {(step.to, step.channel) for step in sent if step.kind == RETURN and step.step < 14} == {
        ("officer", "slack")
    }
    assert {one.channel for one in messages(desk)} == {"slack"} | {one.channel for one in messages(desk, "homes")}


def test_with_an_address_the_recipient_is_told(desk: Office) -> None:
    award_id = record(desk, replace(TOLD, contact_name="Ada", contact_email="ada@fenland.example"))
    [mail] = [one for one in messages(desk) if one.channel == "mail"]
    assert (mail.kind, mail.payload) == ("award_started", {"award_id": award_id})


def test_its_card_is_posted(desk: Office) -> None:
    award = read(desk, record(desk))
    [card] = messages(desk, "card")
    assert card.payload == {"application_id": award.application_id}


def test_money_that_is_not_there_is_refused(desk: Office) -> None:
    with pytest.raises(WrongInput, match=r"has £333,333\.33 left in 2026–27|left in 2026") as refused:
        record(desk, replace(TOLD, amount=400_000_00))
    assert (refused.value.field, refused.value.rule) == ("amount", "F6")
    assert trail(desk, "recorded_outside") == []


def test_money_of_a_year_that_has_ended_is_taken_where_it_is_still_there(desk: Office) -> None:
    past = replace(TOLD, start=date(2026, 2, 1), decided_on=date(2026, 1, 5), accepted_on=date(2026, 1, 8))
    with pytest.raises(WrongInput) as refused:
        record(desk, past)
    assert refused.value.field == "amount"
    with desk.sessions.begin() as session:
        funds.allocate(session, TOLD.fund, 2025, 100_000_00, policy=desk.policy, actor="t", now=desk.clock())
    before = left(desk, year=2025)
    record(desk, past)
    assert before - left(desk, year=2025) == 60_000_00
    sound(desk)


def test_what_looks_recorded_is_pointed_out_and_can_be_recorded_all_the_same(desk: Office) -> None:
    reference = read(desk, record(desk)).reference
    spelt = replace(TOLD, organisation_name="FENLAND OUTREACH Ltd.", title="Something else")
    with pytest.raises(LooksRecorded, match=reference) as found:
        record(desk, spelt)
    assert (found.value.field, found.value.references) == ("all_the_same", (reference,))
    for other in ({"amount": 59_000_00}, {"start": date(2026, 6, 2)}, {"postcode": "PE1 1AA"}):
        record(desk, replace(spelt, **other))
    record(desk, spelt, all_the_same=True)
    lines = trail(desk, "recorded_outside")
    assert [one.data.get("recorded_beside") for one in lines] == [None, None, None, None, [reference]]


def test_an_application_of_the_desk_is_seen_too(office: Office) -> None:
    allocate(office, "youth-fund", 50_000_00)
    bid = facts()
    application = submitted(office, bid)
    told = replace(
        TOLD,
        kind=Kind.GRANT,
        fund="youth-fund",
        organisation_name=bid.organisation_name,
        postcode=bid.postcode,
        charity_number=bid.charity_number,
        purpose=bid.purpose,
        amount=bid.amount,
        start=bid.start,
        end=bid.end,
    )
    with pytest.raises(LooksRecorded):
        record(office, told)
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, application), office=office, now=office.clock())
    record(office, told)


def test_two_who_record_the_same_at_once(desk: Office) -> None:
    both = [person(desk), person(desk)]
    came = at_once([lambda who=who: record(desk, who=who) for who in both])  # type: ignore[misc]
    assert (len(came.done), len(came.refused)) == (1, 1)
    assert isinstance(came.refused[0], LooksRecorded)
    sound(desk)


MAY = {
    Role.OFFICER: True,
    Role.DIRECTOR: True,
    Role.DEPUTY: True,
    Role.CHIEF_EXECUTIVE: True,
    Role.FINANCE: False,
    Role.COMMISSIONER: False,
    Role.PANEL: False,
    Role.AUDITOR: False,
}


@pytest.mark.one_database
@pytest.mark.parametrize("role", list(Role), ids=str)
@pytest.mark.parametrize("body", list(Body), ids=str)
def test_who_may(desk: Office, role: Role, body: Body) -> None:
    who = person(desk, role, body)
    may = MAY[role] and body is Body.OFFICE
    with desk.reading() as session:
        assert (outside.may(someone(session, who), office=desk) is None) == may
    if may:
        record(desk, who=who)
    else:
        with pytest.raises(Refused):
            record(desk, who=who)


@pytest.mark.one_database
def test_nobody_who_has_left(desk: Office) -> None:
    who = person(desk)
    with desk.sessions.begin() as session:
        people.remove(session, email=someone(session, who).email, actor="t", now=desk.clock())
    with pytest.raises(Refused, match="staff list"):
        record(desk, who=who)


def test_nobody_with_an_interest_in_the_organisation(desk: Office) -> None:
    who = person(desk)
    bid = submitted(desk, facts(organisation_name=TOLD.organisation_name, postcode="PE15 8NQ", charity_number=None))
    with desk.sessions.begin() as session:
        declare_interest(session, bid, someone(session, who), reason="My sister runs it.", now=desk.clock())
    with pytest.raises(Refused, match="You have declared an interest") as refused:
        record(desk, who=who)
    assert refused.value.rule == "A2"
    record(desk)


WRONG: dict[str, dict[str, Any]] = {
    "fund": {"fund": "no-such-fund"},
    "organisation_name": {"organisation_name": " \n"},
    "postcode": {"postcode": "Peterborough"},
    "title": {"title": "x" * 5_000},
    "need": {"need": ""},
    "amount": {"amount": 0},
    "end": {"end": date(2026, 5, 31)},
    "outcome": {"outcome": ""},
    "measure": {"measure": ""},
    "target": {"target": ""},
    "conditions": {"conditions": ""},
    "reasons": {"reasons": ""},
    "decided_by": {"decided_by": ""},
    "decided_role": {"decided_role": ""},
    "decided_on": {"decided_on": date(2099, 1, 1)},
    "document": {"document": ""},
    "accepted_on": {"accepted_on": date(2026, 5, 3)},
    "plan_objective": {"plan_objective": "something-else"},
    "contact_email": {"contact_email": "not an address"},
    "contribution": {"contribution": "x" * 3_001},
    "legal_power": {"legal_power": "x" * 301},
}


@pytest.mark.one_database
@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_field_is_named(desk: Office, field: str) -> None:
    with pytest.raises(WrongInput) as refused:
        record(desk, replace(TOLD, **WRONG[field]))
    assert refused.value.field == field


def test_it_is_on_the_register_by_the_day_of_its_decision(desk: Office) -> None:
    other = read(desk, active(desk)).reference
    award = read(desk, record(desk))
    with desk.reading() as session:
        listed = publication.register(session, office=desk)
        one = publication.one(session, award.reference, office=desk)
    assert [row.reference for row in listed] == [other, award.reference]
    assert (one.awarded_on, one.amount, one.kind) == (TOLD.decided_on, 60_000_00, "co_commissioned")
    assert one.reasons == "The partnership board recommended it."


def test_its_story_says_that_it_was_decided_outside(desk: Office) -> None:
    reference = read(desk, record(desk)).reference
    with desk.reading() as session:
        story = audit_story.story(session, reference, office=desk, today=desk.today())
    first = story.entries[0]
    assert first.what.startswith("Put on record an award that was decided outside the desk: £60,000")
    assert first.by == "Olive Officer (officer)"
    said = {one.label: one.text for one in first.details}
    assert said["Decided by"] == "Darryl Preston (Commissioner), on 4 May 2026"
    assert said["Under"] == "Decision notice CPCC 2026-017"
    assert said["Accepted"] == "12 May 2026"
    assert "Could have decided" not in said
    assert "The application was begun" not in [entry.what for entry in story.entries]
    assert story.reliance.wrong == ()


def test_nobody_decides_it_again(desk: Office) -> None:
    award = read(desk, record(desk))
    with desk.reading() as session:
        said = applications.how_it_stands(applications.by_id(session, award.application_id))
    assert said.startswith("Decided outside the desk by Darryl Preston (Commissioner) on 4 May 2026")


def test_an_overdue_return_of_the_past_can_still_come_in_late(desk: Office) -> None:
    old = replace(TOLD, start=date(2026, 4, 10), end=date(2026, 10, 9), decided_on=date(2026, 3, 2),
                  accepted_on=date(2026, 3, 9))  # fmt: skip
    award = read(desk, record(desk, old))
    [due] = [one for one in award.deadlines if one.kind == RETURN]
    assert due.final
    assert due.silent_before is not None
    assert due.next_step_on == due.silent_before
    with desk.reading() as session:
        assert deadlines.find(session, subject=f"award:{award.id}", kind=RETURN) is not None
