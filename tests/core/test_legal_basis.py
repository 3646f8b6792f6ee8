"""Under which power an award is made and why it reduces crime (L1, L2), and what stands against approving it (A5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core import audit_story, deciding, legal_basis, publication
from core.audit import verify
from core.deciding import WrongInput
from core.office import Office
from core.records import Application, Decision
from core.rules.legal_basis import powers_for
from core.rules.policy import Kind, OrganisationType, Role
from tests.core.casework import (
    CONDITIONS,
    accept,
    allocate,
    award_of,
    facts,
    person,
    recommend,
    someone,
    submitted,
    trail,
    victims,
)

GRANTS = "section 9 of the Police Reform and Social Responsibility Act 2011"
VICTIMS = "section 143 of the Anti-social Behaviour, Crime and Policing Act 2014"
SUGGESTED = (
    "It is for young people, the purpose of the Youth Fund. It contributes to this objective of the Police and Crime "
    "Plan: Reduce crime and disorder."
)


def decide(office: Office, application: int, **told: Any) -> Decision:
    with office.sessions.begin() as session:
        boss = someone(session, person_of(office))
        given = {"outcome": "approved", "amount": None, "reasons": "Needed.", "conditions": CONDITIONS, **told}
        deciding.decide(session, application, boss, office=office, now=office.clock(), **given)
    with office.reading() as session:
        decision = session.scalars(select(Decision).where(Decision.application_id == application)).one()
        session.expunge(decision)
        return decision


def person_of(office: Office) -> int:
    return person(office, Role.COMMISSIONER)


def suggested(office: Office, application: int) -> legal_basis.Basis:
    with office.reading() as session:
        return legal_basis.suggested(session.get_one(Application, application), office)


def ready(office: Office, given: Any = None, **recommended: Any) -> int:
    given = given or facts()
    allocate(office, given.fund, given.amount * 10)
    application = submitted(office, given)
    with office.sessions.begin() as session:
        deciding.recommend(
            session,
            application,
            someone(session, person(office)),
            outcome="approve",
            amount=given.amount,
            reasons="It fits.",
            office=office,
            now=office.clock(),
            **recommended,
        )
    return application


def test_what_nobody_gives_is_kept_as_suggested_and_says_so(office: Office) -> None:
    application = ready(office)
    assert suggested(office, application) == legal_basis.Basis(GRANTS, SUGGESTED)
    decision = decide(office, application)
    assert (decision.legal_power, decision.contribution) == (GRANTS, SUGGESTED)
    assert decision.suggested == ["legal_power", "contribution"]
    [line] = trail(office, "approved")
    assert (line.data["legal_power"], line.data["suggested"]) == (GRANTS, ["legal_power", "contribution"])
    accept(office, award_of(office, application))
    with office.reading() as session:
        [public] = publication.register(session, office=office)
        told = audit_story.story(session, public.reference, office=office, today=office.today())
        assert verify(session).sound
    assert (public.legal_power, public.contribution) == (GRANTS, SUGGESTED)
    labels = {detail.label: detail.text for entry in told.entries for detail in entry.details}
    assert labels["Made under (as the desk suggests)"] == GRANTS


def test_what_the_recommendation_says_comes_before_the_fund_s_and_what_is_given_before_both(office: Office) -> None:
    application = ready(office, contribution="Fights end where boxing begins.", legal_power="power_grants")
    assert suggested(office, application) == legal_basis.Basis(GRANTS, "Fights end where boxing begins.")
    decision = decide(office, application, contribution="It keeps them off the street.", legal_power=GRANTS)
    assert (decision.legal_power, decision.contribution) == (GRANTS, "It keeps them off the street.")
    assert decision.suggested is None
    [line] = trail(office, "recommended")
    assert line.data["contribution"] == "Fights end where boxing begins."


def test_a_victim_service_has_its_own_power_and_needs_no_reasons_why_it_reduces_crime(office: Office) -> None:
    application = submitted(office, victims())
    assert suggested(office, application) == legal_basis.Basis(VICTIMS, "")
    assert powers_for(Kind.CONTRACT, office.policy, victim=True)[0].text == VICTIMS
    assert powers_for(Kind.CONTRACT, office.policy, victim=False) == ()
    [power] = powers_for(Kind.GRANT, office.policy, victim=False)
    assert (power.rule, power.source, power.since.year) == ("L1", "§4.5", 2021)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("legal_power", VICTIMS, "This award is made under section 9"),
        ("legal_power", "x" * 301, "Keep the power to 300 characters"),
        ("contribution", "x" * 3_001, "Keep why it reduces crime to 3,000 characters"),
    ],
)
def test_another_power_or_too_many_words_are_refused_beside_their_field(
    office: Office, field: str, text: str, said: str
) -> None:
    application = ready(office)
    with pytest.raises(WrongInput, match=said) as wrong:
        decide(office, application, **{field: text})
    assert (wrong.value.field, wrong.value.rule) == (field, "L1")


def test_a_decline_is_made_under_no_power(office: Office) -> None:
    decision = decide(office, ready(office), outcome="declined")
    assert (decision.legal_power, decision.contribution, decision.suggested) == (None, None, None)


def test_where_the_policy_names_no_power_what_is_written_is_kept(office: Office) -> None:
    application = submitted(office)
    with office.reading() as session:
        found = session.get_one(Application, application)
        found.kind = Kind.CONTRACT.value
        assert legal_basis.given_power(found, " Our own standing orders. ", office) == "Our own standing orders."
        session.rollback()


def test_what_fails_a_rule_is_not_approved_and_a_warning_only_with_a_reason(office: Office) -> None:
    """A5: the two are of different kinds, and neither is passed over."""
    failing = facts(organisation_type=OrganisationType.COMPANY)
    allocate(office, "youth-fund", 50_000_00)
    bad = submitted(office, failing)
    recommend(office, bad)
    with pytest.raises(WrongInput, match=r"This fails F5.*It can be declined") as wrong:
        decide(office, bad)
    assert wrong.value.rule == "F5"
    warned = ready(office, facts(purchases=500_00))
    with office.reading() as session:
        found = session.get_one(Application, warned)
        assert any(finding["verdict"] == "advice" for finding in found.findings or [])
    for nothing in ("", " \n"):
        with pytest.raises(WrongInput, match="Give your reasons") as wrong:
            decide(office, warned, reasons=nothing)
        assert (wrong.value.field, wrong.value.rule) == ("reasons", "A4")
    assert decide(office, warned, reasons="The quote follows.").outcome == "approved"


def test_an_office_s_other_words_for_a_power_are_used(office: Office) -> None:
    other = replace(office.policy.power_grants, value="section 9A")
    moved = replace(office, policy=replace(office.policy, power_grants=other))
    assert suggested(moved, submitted(office)).legal_power == "section 9A"
