"""An application's way: saved, submitted, recommended, decided (A1 to A5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Literal

import pytest
from sqlalchemy import select, text

from core import applications, awards, deciding, people
from core.deciding import Action, WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Application, Award, Link, PolicyVersion
from core.rules.answers import Outcome
from core.rules.policy import Body, Role, Window
from tests.core.casework import (
    CONDITIONS,
    YEAR,
    allocate,
    at_once,
    award_of,
    decide,
    delegated,
    drafted,
    facts,
    london,
    messages,
    person,
    recommend,
    recommended,
    reducing_crime,
    someone,
    submit,
    submitted,
    trail,
)


def read(office: Office, application_id: int) -> Application:
    """As it stands; whatever a test looks at is loaded."""
    with office.reading() as session:
        application = applications.by_id(session, application_id)
        _ = application.outcomes, application.recommendation, application.award
        if application.decision is not None:
            _ = application.decision.policy_version
        return application


def save(office: Office, application_id: int, answers: dict[str, str]) -> None:
    with office.sessions.begin() as session:
        applications.save(session, applications.by_id(session, application_id), answers, now=office.clock())


def refusal(
    office: Office, application_id: int, person_id: int, action: Action, where: Office | None = None
) -> tuple[type[Refused], str] | None:
    with office.reading() as session:
        application = applications.by_id(session, application_id)
        who = someone(session, person_id)
        found = deciding.may(session, application, who, action, office=where or office, now=office.clock())
        return None if found is None else (type(found), found.rule)


# ------------------------------------------------------------------------------------------------ drafts


def test_a_draft_keeps_what_was_typed_right_or_wrong_beside_what_was_there(office: Office) -> None:
    draft = drafted(office)
    save(office, draft, {"title": "Gloves on", "amount": "lots"})
    save(office, draft, {"amount": "£2,000", "need": ""})
    assert read(office, draft).answers == {"title": "Gloves on", "amount": "£2,000"}  # a field left blank says nothing
    save(office, draft, {"amount": "", "need": "A gym"})
    assert read(office, draft).answers == {"title": "Gloves on", "amount": "", "need": "A gym"}


def test_a_draft_keeps_text_that_no_database_can_hold_without_what_it_cannot_hold(office: Office) -> None:
    draft = drafted(office)
    save(office, draft, {"title": "Gl\0oves \ud800on 🥊"})
    assert read(office, draft).answers == {"title": "Gloves on 🥊"}


def test_a_submitted_application_is_no_longer_saved(office: Office) -> None:
    application = submitted(office)
    with pytest.raises(Conflict, match="has been submitted"):
        save(office, application, {"title": "Another"})
    assert read(office, application).answers == {}


def test_a_draft_is_started_on_the_days_of_a_window_or_by_invitation(office: Office, clock: Any) -> None:
    window = Window(opens=date(2027, 6, 1), closes=date(2027, 6, 30))
    funds = tuple(replace(fund, windows=(window,)) for fund in office.policy.funds)
    desk = replace(office, policy=replace(office.policy, funds=funds))

    def start(at: datetime, *, by_invitation: bool = False, fund: str = "moj-victims") -> None:
        clock.now = at
        with office.sessions.begin() as session:
            applications.start(session, fund, office=desk, now=clock.now, by_invitation=by_invitation)

    start(london(window.opens, 0))
    start(london(window.closes, 23, 59, 59))
    for closed in (london(date(2027, 5, 31), 23, 59, 59), london(date(2027, 7, 1), 0)):
        with pytest.raises(Refused, match="not open") as refused:
            start(closed)
        assert refused.value.rule == "F1"
        start(closed, by_invitation=True)
    with pytest.raises(NotFound, match="pony-fund"):
        start(london(window.opens), fund="pony-fund")


# ------------------------------------------------------------------------------------------------ submission


def test_a_submission_keeps_facts_outcomes_and_findings_and_tells_everybody(office: Office) -> None:
    allocate(office, "youth-fund", 3_000_00)
    application_id = drafted(office)
    reference = submit(office, application_id, facts(purchases=600_00, answers={"purchases_what": "Gloves"}))
    application = read(office, application_id)
    assert (application.status, application.reference) == ("submitted", reference)
    assert (application.amount, application.purchases, application.extra) == (
        2_000_00,
        600_00,
        {"purchases_what": "Gloves"},
    )
    assert (application.submitted_at, application.submitted_by) == (office.clock(), "applicant")
    assert [(one.position, one.target, one.accepted_at) for one in application.outcomes] == [
        (1, "Ten fewer", None),
        (2, "40", None),
    ]
    findings = {one["rule"]: one for one in application.findings or []}
    assert {findings[rule]["verdict"] for rule in ("F5", "F6", "L4", "U1", "U2", "N3", "R1", "R2")} == {"met"}
    assert "£3,000 left for 2026-27; this leaves £1,000" in findings["F6"]["because"]
    assert [(one.kind, one.channel) for one in messages(office)] == [("card", "slack"), ("receipt", "mail")]
    [line] = trail(office, "submitted")
    assert (line.reference, line.actor) == (reference, "applicant")
    assert line.data["findings"] == application.findings
    assert (line.data["facts"]["amount"], line.data["facts"]["start"]) == (2_000_00, "2027-01-01")
    with office.reading() as session:
        assert session.scalars(select(PolicyVersion.fingerprint)).all() == [line.data["policy"]]
        assert session.scalars(select(Link.subject_id).where(Link.purpose == "application")).all() == [application_id]
        assert applications.by_reference(session, reference).id == application_id


def test_references_are_letters_year_and_six_signs_that_nobody_mistakes(office: Office) -> None:
    references = [submit(office, drafted(office, fund), facts(fund)) for fund in ("youth-fund", "community-fund") * 10]
    assert len(set(references)) == 20
    for reference, letters in zip(references, ("YF", "CF") * 10, strict=True):
        start, year, signs = reference.split("-")
        assert (start, year, len(signs)) == (letters, "2026", 6)
        assert set(signs) <= set("346789CDFHJKMNPQRTVWX")


def test_the_year_of_a_reference_is_london_s(office: Office, clock: Any) -> None:
    clock.now = clock.now.replace(year=2026, month=12, day=31, hour=23, minute=59)
    assert submit(office, drafted(office)).startswith("YF-2026-")
    clock.forward(minutes=1)
    assert submit(office, drafted(office)).startswith("YF-2027-")


def test_a_second_submission_changes_nothing(office: Office) -> None:
    application = drafted(office)
    reference = submit(office, application)
    with pytest.raises(Conflict, match="waiting for a recommendation"):
        submit(office, application, facts(title="Another"))
    assert (read(office, application).reference, read(office, application).title) == (reference, facts().title)


def test_submitted_eight_times_at_once_it_has_one_reference_one_card_one_receipt(office: Office) -> None:
    application = drafted(office)
    came = at_once([lambda: submit(office, application)] * 8)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 7
    assert read(office, application).reference == came.done[0]
    assert [one.kind for one in messages(office)] == ["card", "receipt"]
    assert len(read(office, application).outcomes) == 2
    assert len(trail(office, "submitted")) == 1


def test_the_first_submissions_of_all_at_once_are_all_taken(office: Office) -> None:
    drafts = [drafted(office) for _ in range(8)]
    came = at_once([lambda one=one: submit(office, one) for one in drafts])  # type: ignore[misc]
    assert len(set(came.done)) == 8
    with office.reading() as session:
        assert len(session.scalars(select(PolicyVersion)).all()) == 1
    assert len(trail(office, "submitted")) == 8


def test_a_submission_that_is_rolled_back_leaves_a_draft_and_nothing_to_send(office: Office) -> None:
    application_id = drafted(office)

    def submit_and_die() -> None:
        with office.sessions.begin() as session:
            application = applications.by_id(session, application_id)
            applications.submit(session, application, facts(), office=office, by="applicant", now=office.clock())
            raise SystemExit

    with pytest.raises(SystemExit):
        submit_and_die()
    assert read(office, application_id).status == "draft"
    assert messages(office) == []
    assert trail(office) == []


# ------------------------------------------------------------------------------------------------ who may (A1, A2)

RECOMMENDERS = (Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE)


def test_who_may_recommend(office: Office) -> None:
    application = submitted(office)
    for role in Role:
        expected = None if role in RECOMMENDERS else (Refused, "A2")
        assert refusal(office, application, person(office, role), "recommend") == expected, role
        constable = person(office, role, Body.CONSTABULARY)
        assert refusal(office, application, constable, "recommend") == (Refused, "A2"), role


def test_nobody_decides_before_a_recommendation(office: Office) -> None:
    application = submitted(office)
    for role in (Role.COMMISSIONER, Role.OFFICER):
        for action in ("approve", "decline"):
            assert refusal(office, application, person(office, role), action) == (Refused, "A2")


@pytest.mark.parametrize("action", ["approve", "decline"])
def test_who_may_decide(office: Office, action: Literal["approve", "decline"]) -> None:
    application = submitted(office)
    director = recommend(office, application, person(office, Role.DIRECTOR))
    delegating = delegated(office, (Role.DEPUTY, 2_000_00), (Role.FINANCE, 1_999_99), since=office.today())
    tomorrow = delegated(office, (Role.DEPUTY, 2_000_00), since=office.today().replace(day=24))
    elsewhere = delegated(office, (Role.DEPUTY, 2_000_00), fund="community-fund", since=office.today())
    assert refusal(office, application, director, action) == (Refused, "A2")
    for role in Role:
        someone_else = person(office, role)
        may_undelegated = role is Role.COMMISSIONER
        assert refusal(office, application, someone_else, action) == (None if may_undelegated else (Refused, "A1")), (
            role
        )
        may_delegated = role in (Role.COMMISSIONER, Role.DEPUTY)
        assert refusal(office, application, someone_else, action, delegating) == (
            None if may_delegated else (Refused, "A1")
        ), role
        for other in (tomorrow, elsewhere):
            assert (refusal(office, application, someone_else, action, other) is None) == may_undelegated, role
        constable = person(office, role, Body.CONSTABULARY)
        assert refusal(office, application, constable, action, delegating) == (Refused, "A2"), role


def test_what_the_gate_says_is_what_the_change_says(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    application = submitted(office)
    auditor, commissioner = person(office, Role.AUDITOR), person(office, Role.COMMISSIONER)
    with pytest.raises(Refused, match="you are an auditor") as refused:
        recommend(office, application, auditor)
    assert refused.value.rule == "A2"
    with pytest.raises(Refused, match="needs a recommendation by someone else first"):
        decide(office, application, commissioner)
    officer = recommend(office, application)
    with pytest.raises(Refused, match="You recommended this") as refused:
        decide(office, application, officer)
    assert refused.value.rule == "A2"
    with pytest.raises(Refused, match="No delegation lets the Director decide") as refused:
        decide(office, application, person(office, Role.DIRECTOR), outcome="declined")
    assert refused.value.rule == "A1"
    assert read(office, application).status == "recommended"
    decide(office, application, commissioner)
    assert read(office, application).status == "approved"


def test_an_interest_keeps_a_person_out_from_then_on(office: Office) -> None:
    application = submitted(office)
    officer, deputy = person(office), person(office, Role.DEPUTY)
    delegating = delegated(office, (Role.DEPUTY, 5_000_00), since=office.today())
    for who in (officer, deputy, officer):
        with office.sessions.begin() as session:
            deciding.declare_interest(
                session, application, someone(session, who), reason="A cousin boxes there.", now=office.clock()
            )
    assert len(trail(office, "interest_declared")) == 2
    assert refusal(office, application, officer, "recommend") == (Refused, "A2")
    recommend(office, application)
    assert refusal(office, application, deputy, "approve", delegating) == (Refused, "A2")
    assert refusal(office, application, person(office, Role.DEPUTY), "approve", delegating) is None
    with office.reading() as session:
        held = deciding.interests_in(session, applications.by_id(session, application))
    assert [one.id for one in held] == [officer, deputy]
    assert len({one.key for one in messages(office, "card")}) == 4  # submitted, two interests, recommended


def test_a_commissioner_with_an_interest_waits_for_a_delegation_and_is_told_so(office: Office) -> None:
    application = submitted(office)
    recommend(office, application)
    commissioner, deputy = person(office, Role.COMMISSIONER), person(office, Role.DEPUTY)
    with office.sessions.begin() as session:
        who = someone(session, commissioner)
        deciding.declare_interest(session, application, who, reason="My own club.", now=office.clock())
    with pytest.raises(Refused, match="waits for someone with a delegation") as refused:
        decide(office, application, commissioner)
    assert refused.value.rule == "A1"
    with pytest.raises(Refused, match="decision waits for a delegation") as refused:
        decide(office, application, deputy, outcome="declined")
    assert refused.value.rule == "A1"
    delegating = delegated(office, (Role.DEPUTY, 5_000_00), since=office.today())
    decide(delegating, application, deputy, outcome="declined")
    assert read(office, application).status == "declined"


@pytest.mark.parametrize("objective", ["", "be-nice"])
def test_what_names_no_objective_of_the_plan_is_recommended_only_to_be_declined(office: Office, objective: str) -> None:
    application, officer = submitted(office, facts(plan_objective=objective)), person(office)
    ways: list[dict[str, Any]] = [{"outcome": "approve"}, {"outcome": "less", "amount": 1_00}]
    for how in ways:
        with pytest.raises(Refused, match=r"names no objective .*Reduce crime and disorder.*recommend declining") as no:
            recommend(office, application, officer, **how)
        assert no.value.rule == "L4"
    assert read(office, application).status == "submitted"
    recommend(office, application, officer, outcome="decline")
    assert read(office, application).status == "recommended"


def test_an_interest_is_not_declared_by_outsiders_without_reasons_or_too_late(office: Office) -> None:
    application = submitted(office)
    constable, officer = person(office, Role.OFFICER, Body.CONSTABULARY), person(office)

    def declare(who: int, reason: str = "A cousin.") -> None:
        with office.sessions.begin() as session:
            deciding.declare_interest(session, application, someone(session, who), reason=reason, now=office.clock())

    with pytest.raises(Refused, match="Only members of the office"):
        declare(constable)
    with pytest.raises(WrongInput) as wrong:
        declare(officer, " ")
    assert wrong.value.field == "reasons"
    recommend(office, application)
    decide(office, application, person(office, Role.COMMISSIONER), outcome="declined")
    with pytest.raises(Conflict, match="Already declined"):
        declare(officer)


def test_a_leaver_can_do_nothing(office: Office) -> None:
    application = submitted(office)
    with office.sessions.begin() as session:
        officer = people.add(
            session, name="Gone", email="gone@office.example", role=Role.OFFICER, actor="test", now=office.clock()
        )
        people.remove(session, email="gone@office.example", actor="test", now=office.clock())
        leaver = officer.id
    for action in ("recommend", "approve", "decline"):
        assert refusal(office, application, leaver, action) == (Refused, "A1")
    with pytest.raises(Refused, match="not on the office's staff list"):
        recommend(office, application, leaver)
    assert read(office, application).status == "submitted"


def test_what_has_been_done_already_is_a_conflict_that_says_who_and_when(office: Office) -> None:
    application = submitted(office)
    commissioner = person(office, Role.COMMISSIONER, name="Cora Commissioner")
    recommend(office, application, person(office, name="Olive Officer"))
    again = person(office)
    assert refusal(office, application, again, "recommend") == (Conflict, "A3")
    with pytest.raises(Conflict, match=r"Olive Officer already recommended on .* 23 November 2026 at 9:30am"):
        recommend(office, application, again)
    decide(office, application, commissioner, outcome="declined")
    for who, action in ((again, "recommend"), (commissioner, "approve"), (commissioner, "decline")):
        assert refusal(office, application, who, action) == (Conflict, "A3")  # type: ignore[arg-type]
    with pytest.raises(Conflict, match="Already declined by Cora Commissioner on 23 November 2026 at 9:30am"):
        decide(office, application, person(office, Role.COMMISSIONER))


def test_summer_time_is_told_as_the_clock_on_the_wall(office: Office, clock: Any) -> None:
    clock.now = clock.now.replace(year=2027, month=6, day=30, hour=23, minute=30)
    application = recommended(office, facts(end=facts().end.replace(year=2028)))
    decide(office, application, person(office, Role.COMMISSIONER), outcome="declined")
    with pytest.raises(Conflict, match="on 1 July 2027 at 12:30am"):
        decide(office, application, person(office, Role.COMMISSIONER), outcome="declined")


# ------------------------------------------------------------------------------------------------ inputs


def test_a_wrong_input_of_a_recommendation_names_its_field(office: Office) -> None:
    application = submitted(office)
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("amount", {"outcome": "approve", "amount": 1_999_99}),
        ("amount", {"outcome": "approve", "amount": 2_000_01}),
        ("amount", {"outcome": "less", "amount": 2_000_00}),
        ("amount", {"outcome": "less", "amount": 2_000_01}),
        ("amount", {"outcome": "less", "amount": 0}),
        ("amount", {"outcome": "less", "amount": -1}),
        ("reasons", {"reasons": " \n"}),
        ("reasons", {"reasons": "x" * 3_001}),
        ("conditions", {"conditions": "x" * 3_001}),
    )
    for field, given in wrong:
        with pytest.raises(WrongInput) as refused:
            recommend(office, application, **given)
        assert refused.value.field == field, given
    assert read(office, application).status == "submitted"
    recommend(office, application, outcome="less", amount=1_999_99, reasons=" x\0 " + "y" * 2_990, conditions=" c ")
    made = read(office, application).recommendation
    assert made is not None
    assert (made.outcome, made.amount, made.conditions) == ("less", 1_999_99, "c")
    assert made.reasons == "x " + "y" * 2_990


def test_a_recommendation_to_decline_keeps_the_amount_that_was_asked_for(office: Office) -> None:
    application = submitted(office)
    officer = recommend(office, application, outcome="decline", amount=1)
    made = read(office, application).recommendation
    assert made is not None
    assert (made.outcome, made.amount, made.person_id, made.made_at) == ("decline", 2_000_00, officer, office.clock())
    [line] = trail(office, "recommended")
    assert (line.data["outcome"], line.data["person"]) == ("decline", officer)
    assert [one.kind for one in messages(office)] == ["card", "receipt", "card", "card_note"]


def test_a_wrong_input_of_a_decision_names_its_field(office: Office) -> None:
    application = recommended(office)
    allocate(office, "youth-fund", 9_000_00)
    commissioner = person(office, Role.COMMISSIONER)
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("amount", {"amount": 0}),
        ("amount", {"amount": 2_000_01}),
        ("reasons", {"reasons": ""}),
        ("reasons", {"reasons": "", "outcome": "declined"}),
        ("conditions", {"conditions": " "}),
        ("conditions", {"conditions": "x" * 3_001}),
    )
    for field, given in wrong:
        with pytest.raises(WrongInput) as refused:
            decide(office, application, commissioner, **given)
        assert refused.value.field == field, given
    assert read(office, application).decision is None
    with office.reading() as session:
        assert session.scalars(select(Award)).all() == []


# ------------------------------------------------------------------------------------------------ decisions


def test_what_fails_a_rule_is_not_approved_and_less_of_it_may_be(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    application = recommended(office, facts(amount=5_000_00))
    commissioner = person(office, Role.COMMISSIONER)
    for amount in (None, 5_000_00, 3_500_01):
        with pytest.raises(WrongInput, match=r"fails F5: .*limit of £3,500.* It can be declined") as refused:
            decide(office, application, commissioner, amount=amount)
        assert (refused.value.field, refused.value.rule) == ("amount", "F5")
    decide(office, application, commissioner, amount=3_500_00)
    application_now = read(office, application)
    decision, award = application_now.decision, application_now.award
    assert decision is not None
    assert award is not None
    assert (decision.amount, award.amount, application_now.amount) == (3_500_00, 3_500_00, 5_000_00)
    assert decision.facts["amount"] == 3_500_00
    f5 = next(one for one in decision.findings if one["rule"] == "F5")
    assert f5["verdict"] == "met"
    assert "within its limit of £3,500" in f5["because"]


def test_what_fails_a_rule_at_any_amount_can_only_be_declined(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    application = recommended(office, facts(age_to=19))
    commissioner = person(office, Role.COMMISSIONER)
    with pytest.raises(WrongInput, match="fails F5"):
        decide(office, application, commissioner, amount=1)
    decide(office, application, commissioner, outcome="declined")
    decision = read(office, application).decision
    assert decision is not None
    assert (decision.outcome, decision.amount) == ("declined", None)
    assert next(one["verdict"] for one in decision.findings if one["rule"] == "F5") == "not_met"
    assert read(office, application).award is None
    kinds = [one.kind for one in messages(office)]
    assert kinds == ["card", "receipt", "card", "card_note", "declined", "card", "card_note"]
    assert [line.kind for line in trail(office)][-1] == "declined"


def test_money_that_is_not_there_is_not_awarded(office: Office) -> None:
    allocate(office, "youth-fund", 1_000_00)
    application = recommended(office)
    commissioner = person(office, Role.COMMISSIONER)
    with pytest.raises(WrongInput, match=r"fails F6: .*£1,000") as refused:
        decide(office, application, commissioner)
    assert refused.value.field == "amount"
    decide(office, application, commissioner, amount=1_000_00)


def test_a_year_of_now_without_an_allocation_awards_nothing(office: Office) -> None:
    application = recommended(office)
    with pytest.raises(Refused, match="£0 left in 2026-27") as refused:
        decide(office, application, person(office, Role.COMMISSIONER))
    assert refused.value.rule == "F6"
    assert read(office, application).status == "recommended"
    assert trail(office, "approved") == []


def test_a_decision_keeps_who_when_facts_findings_and_the_policy_it_was_made_under(office: Office) -> None:
    given = reducing_crime()
    application = recommended(office, given)
    allocate(office, given.fund, 90_000_00)
    commissioner = person(office, Role.COMMISSIONER, name="Cora Commissioner")
    another = replace(office, policy_text=office.policy_text + "\n# amended\n")
    decide(another, application, commissioner, reasons=" Because. ", conditions=" Six-monthly. ")
    made = read(office, application)
    decision = made.decision
    assert decision is not None
    assert (decision.person_id, decision.made_at, decision.outcome) == (commissioner, office.clock(), "approved")
    assert (decision.reasons, decision.conditions, decision.amount) == ("Because.", "Six-monthly.", 30_000_00)
    assert decision.policy_version.toml == another.policy_text
    assert decision.facts["crime_grounds"] == ["plan"]
    assert decision.facts["csp_area"] == "Peterborough"
    assert {one["rule"] for one in decision.findings} >= {"P0", "F0", "F3", "F6", "L4", "U1", "U2", "N3", "R1", "R2"}
    assert made.award is not None
    assert made.award.policy_version_id == decision.policy_version_id
    [line] = trail(office, "approved")
    assert line.actor.startswith("Cora Commissioner (commissioner")
    assert (line.data["facts"], line.data["findings"]) == (decision.facts, decision.findings)
    assert [(one["rule"], one["verdict"]) for one in line.data["power"]] == [("A1", "met"), ("A2", "met")]
    assert "The Commissioner may decide it" in line.data["power"][0]["because"]
    assert line.data["policy"] == decision.policy_version.fingerprint
    assert trail(office, "submitted")[0].data["policy"] != line.data["policy"]
    # What is decided stays as it was decided, whatever becomes of the application's row.
    with office.sessions.begin() as session:
        session.execute(text("UPDATE application SET amount = 1"))
    later = read(office, application).decision
    assert later is not None
    assert later.facts["amount"] == 30_000_00


def test_an_approval_offers_the_award_and_mails_the_offer(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    application = recommended(office)
    decide(office, application, person(office, Role.COMMISSIONER))
    kinds = [one.kind for one in messages(office)]
    assert kinds == ["card", "receipt", "card", "card_note", "offer", "card", "card_note"]
    with office.reading() as session:
        award = awards.by_id(session, award_of(office, application))
        assert (award.status, award.amount, award.conditions) == ("offered", 2_000_00, CONDITIONS)
        assert award.reference == award.application.reference
        assert award.accept_by.isoformat() == "2026-12-21"  # 28 days after 23 November
    assert [line.kind for line in trail(office)][-3:] == ["approved", "money", "offered"]


def test_withdrawn_at_the_applicant_s_wish_until_it_is_decided(office: Office) -> None:
    def withdraw(application_id: int) -> None:
        with office.sessions.begin() as session:
            applications.withdraw(
                session, applications.by_id(session, application_id), office=office, now=office.clock()
            )

    draft = drafted(office)
    with pytest.raises(Refused, match="has not been submitted"):
        withdraw(draft)
    application = recommended(office)
    withdraw(application)
    assert read(office, application).status == "withdrawn"
    assert [one.kind for one in messages(office)][-3:] == ["card", "withdrawn", "card_note"]
    assert refusal(office, application, person(office), "recommend") == (Conflict, "A3")
    assert refusal(office, application, person(office, Role.COMMISSIONER), "approve") == (Conflict, "A3")
    with pytest.raises(Conflict, match="has been withdrawn"):
        withdraw(application)
    decided = recommended(office)
    decide(office, decided, person(office, Role.COMMISSIONER), outcome="declined")
    with pytest.raises(Conflict, match="Already declined"):
        withdraw(decided)


def test_outcomes_of_the_api_come_in_their_order(office: Office) -> None:
    many = tuple(Outcome(f"Outcome {number}", f"Measure {number}", str(number)) for number in range(1, 11))
    application = submitted(office, facts(outcomes=many))
    assert [one.measure for one in read(office, application).outcomes] == [one.measure for one in many]


def test_less_may_be_approved_when_the_fund_has_less(office: Office) -> None:
    allocate(office, "youth-fund", 1_500_00, YEAR)
    application = submitted(office)
    recommend(office, application, outcome="less", amount=1_500_00)
    decide(office, application, person(office, Role.COMMISSIONER), amount=1_500_00)
    made = read(office, application)
    assert made.award is not None
    assert made.award.amount == 1_500_00
