"""What the record knows of one organisation beside the bid at hand, and what assessing is told of it (R2, T2, U1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from core import database, organisations
from core.assessing import assessment_of, known_facts
from core.audit import verify
from core.office import Office
from core.records import Application, Award
from core.rules.facts import Finding, Verdict
from core.rules.organisations import OrganisationKeys, keys_of, same_organisation
from core.rules.policy import Kind, OrganisationType, Role
from tests.core import casework


def crime(amount: int, **changes: Any) -> Any:
    return casework.reducing_crime(amount=amount, **changes)


def found_of(office: Office, application_id: int, rule: str) -> Finding | None:
    with office.reading() as session:
        application = session.get_one(Application, application_id)
        assessment = assessment_of(session, application, office=office, today=office.today())
        return next((finding for finding in assessment.findings if finding.rule == rule), None)


def test_live_awards_together_over_the_limit_advise_to_invite(office: Office) -> None:
    casework.active(office, crime(4_000_00))
    to_the_penny = casework.submitted(office, crime(6_000_00))
    over = casework.submitted(office, crime(6_000_01))
    r2 = found_of(office, to_the_penny, "R2")
    assert r2 is not None
    assert r2.verdict is Verdict.MET
    r2 = found_of(office, over, "R2")
    assert r2 is not None
    assert r2.verdict is Verdict.ADVICE
    assert "£4,000" in r2.because
    assert "£10,000.01" in r2.because


def test_an_offer_and_an_award_of_somebody_else_are_not_live_awards_of_theirs(office: Office) -> None:
    casework.offered(office, crime(9_000_00))
    casework.active(office, crime(9_000_00, organisation_name="Other", charity_number="7654321"))
    r2 = found_of(office, casework.submitted(office, crime(6_000_00)), "R2")
    assert r2 is not None
    assert r2.verdict is Verdict.MET


def test_an_award_is_not_counted_beside_itself(office: Office) -> None:
    award_id = casework.active(office, crime(6_000_00))
    with office.reading() as session:
        application = session.get_one(Award, award_id).application
        facts = known_facts(session, application, office=office, today=office.today())
    assert facts.history.live_awards == 0


def test_buys_of_one_supplier_together_cross_a_band_for_twelve_months(office: Office) -> None:
    first = casework.active(office, crime(4_000_00))
    second = casework.submitted(office, crime(1_000_00))
    with office.sessions.begin() as session:
        session.execute(update(Award).where(Award.id == first).values(kind=Kind.CONTRACT.value))
        session.execute(update(Application).where(Application.id == second).values(kind=Kind.CONTRACT.value))
    t2 = found_of(office, second, "T2")
    assert t2 is not None
    assert t2.verdict is Verdict.ADVICE
    assert "£5,000" in t2.because
    for days, counts in ((365, True), (366, False)):
        with office.sessions.begin() as session:
            offered_at = casework.london(office.today() - timedelta(days=days))
            session.execute(update(Award).where(Award.id == first).values(offered_at=offered_at))
        assert (found_of(office, second, "T2") is not None) is counts
    with office.sessions.begin() as session:  # a grant is not bought
        session.execute(update(Award).where(Award.id == first).values(kind=Kind.GRANT.value, offered_at=office.clock()))
    assert found_of(office, second, "T2") is None


def test_a_decision_keeps_what_was_known_of_other_awards(office: Office) -> None:
    casework.active(office, crime(4_000_00))
    casework.active(office, crime(8_000_00, title="Something else", start=date(2028, 1, 1), end=date(2028, 6, 1)))
    decided = casework.trail(office, "approved")[-1].data
    assert decided["facts"]["history"]["live_awards"] == 4_000_00
    assert any(one["rule"] == "R2" and one["verdict"] == "advice" for one in decided["findings"])


def noticed(office: Office, application_id: int) -> list[Any]:
    with office.reading() as session:
        return session.get_one(Application, application_id).noticed or []


def test_a_bid_like_an_earlier_one_is_noted_for_the_office(office: Office) -> None:
    first = casework.submitted(office)
    assert noticed(office, first) == []
    casework.submitted(office, casework.facts(organisation_name="Other", charity_number="7654321"))
    (note,) = noticed(office, casework.submitted(office, casework.facts(title="Gloves on; knives down!")))
    with office.reading() as session:
        reference = session.get_one(Application, first).reference
    assert note == {
        "kind": "similar_bid",
        "reference": reference,
        "because": f"{reference}, by the same organisation, is like this one in its title, amount and dates. It was "
        f"sent on 23 November 2026 and is open.",
    }
    other_year: dict[str, Any] = {"start": date(2029, 1, 1), "end": date(2029, 6, 1), "title": "Quite another thing"}
    assert noticed(office, casework.submitted(office, casework.facts(**other_year))) == []


@pytest.mark.parametrize(("days", "counts"), [(365, True), (366, False)])
def test_a_declined_bid_is_pointed_out_for_twelve_months(office: Office, clock: Any, days: int, counts: bool) -> None:
    first = casework.recommended(office)
    casework.decide(office, first, casework.person(office, Role.COMMISSIONER), outcome="declined", amount=None)
    clock.now += timedelta(days=days)
    later = {"start": clock.now.date(), "end": clock.now.date() + timedelta(days=90)}
    found = noticed(office, casework.submitted(office, casework.facts(**later)))
    assert [note["kind"] for note in found] == (["similar_bid"] if counts else [])
    if counts:
        assert "It was declined on 23 November 2026." in found[0]["because"]


def test_what_counts_as_alike_and_for_how_long_is_the_policys(office: Office) -> None:
    casework.submitted(office)
    given = casework.facts(amount=1_000_00, title="Quite another thing")
    assert noticed(office, casework.submitted(office, given)) == []
    policy = office.policy
    half = replace(policy.similar_amount_share, value=Fraction(1, 2))
    wider = replace(office, policy=replace(policy, similar_amount_share=half))
    assert noticed(wider, casework.submitted(wider, given))


def test_overdue_returns_are_those_of_this_organisation_alone(office: Office, clock: Any) -> None:
    casework.active(office)
    casework.active(office, casework.facts(organisation_name="Other", charity_number="7654321"))
    keys = keys_of("", "", "1234567", None)
    day = date(2027, 7, 1)  # six months after the start
    with office.reading() as session:
        assert organisations.overdue_returns(session, keys, today=day) == []
        (late,) = organisations.overdue_returns(session, keys, today=day + timedelta(days=1))
        assert (late.due, late.title, late.contact_key) == (day, "Gloves on, knives down", "ada@riverside.example")
        assert organisations.live_total(session, keys) == 2_000_00
        assert organisations.overdue_returns(session, OrganisationKeys(), today=day + timedelta(days=1)) == []


KEYS = st.builds(
    keys_of,
    st.sampled_from(["Club", "The Club Ltd", "Pub", ""]),
    st.sampled_from(["PE1 9ZZ", "pe19zz", "PE2 1AA"]),
    st.sampled_from([None, "1234567", "1234568"]),
    st.sampled_from([None, "01234567", "01234568"]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=KEYS, other=KEYS)
def test_the_record_finds_exactly_what_the_rule_calls_the_same(
    office: Office, one: OrganisationKeys, other: OrganisationKeys
) -> None:
    with office.sessions() as session:
        session.add(
            Application(
                fund="youth-fund", kind="grant", status="submitted", reference="YF-2026-1", started_at=office.clock(),
                saved_at=office.clock(), charity_key=one.charity, company_key=one.company, name_key=one.name,
            )
        )  # fmt: skip
        session.flush()
        found = session.scalars(select(Application.id).where(organisations.by_same(other))).all()
        assert bool(found) is same_organisation(one, other)


@pytest.mark.parametrize(
    ("column", "keys"),
    [
        ("charity_key", keys_of(None, None, "1234567", None)),
        ("company_key", keys_of(None, None, None, "01234567")),
        ("name_key", keys_of("Club", "PE1 9ZZ", None, None)),
    ],
)
def test_the_search_for_the_same_organisation_goes_by_an_index(
    engine: Engine, office: Office, column: str, keys: OrganisationKeys
) -> None:
    with office.sessions.begin() as session:
        if engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))  # to scan an empty table is the cheapest
        assert f"ix_application_{column}" in _plan(session, keys)


def _plan(session: Session, keys: OrganisationKeys) -> str:
    query = select(Application.id).where(organisations.by_same(keys))
    said = str(query.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if session.get_bind().dialect.name == "sqlite" else "EXPLAIN "
    return "\n".join(str(tuple(row)) for row in session.execute(text(explain + said)))


def test_a_record_from_before_gets_its_keys_and_its_seals_hold(office: Office, engine: Engine) -> None:
    company = casework.facts(organisation_type=OrganisationType.COMPANY, charity_number=None, company_number="01234567")
    ids = [casework.submitted(office), casework.submitted(office, company)]
    with office.reading() as session:
        before = [_keys(session, number) for number in ids]
    command.downgrade(database._alembic(engine), "0004")
    database.upgrade(engine)
    with office.reading() as session:
        assert [_keys(session, number) for number in ids] == before
        assert before[0][0] == "1234567"
        assert before[1][1:] == (
            "01234567", "riverside boxing club|PE19ZZ", "ada@riverside.example"
        )  # fmt: skip
        assert not verify(session).faults


def _keys(session: Session, number: int) -> tuple[str | None, ...]:
    row = session.get_one(Application, number)
    return row.charity_key, row.company_key, row.name_key, row.contact_key
