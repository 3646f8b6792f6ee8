"""A wrong press is undone by whoever made it, and both stay on the record (A3, A4); all that hangs by it follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.event import listens_for, remove

from core import audit_story, awards, deciding, events, funds, links, measures, outbox, publication, undoing
from core.audit import verify
from core.errors import Conflict, Gone, Refused
from core.office import Office
from core.reconciling import reconcile
from core.records import Application, Award, Deadline, Decision, Event, Link, OutboxMessage, Recommendation
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    CONDITIONS,
    YEAR,
    accept,
    active,
    allocate,
    at_once,
    award_of,
    decide,
    delegated,
    messages,
    person,
    recommend,
    recommended,
    someone,
    submitted,
    sweep,
    trail,
)

WHY = "I pressed the wrong button."


@dataclass
class Case:
    """A recommended application on a fund with money, and who may decide it."""

    office: Office
    application: int
    commissioner: int

    def decide(self, outcome: Any = "approved", who: int | None = None, **told: Any) -> None:
        decide(self.office, self.application, who or self.commissioner, outcome=outcome, **told)

    def undo(self, who: int | None = None, reason: str = WHY) -> None:
        undo(self.office, self.application, who or self.commissioner, reason)

    def status(self) -> str:
        with self.office.reading() as session:
            return session.get_one(Application, self.application).status

    def awards(self) -> list[Award]:
        with self.office.reading() as session:
            return list(session.scalars(select(Award).order_by(Award.id)))

    def sent(self, *kinds: str) -> None:
        """These messages go out."""
        with self.office.sessions.begin() as session:
            for one in session.scalars(select(OutboxMessage).where(OutboxMessage.kind.in_(kinds))):
                if one.settled_at is None:
                    one.outcome, one.settled_at, one.attempts = "sent", self.office.clock(), 1


def undo(office: Office, application: int, who: int, reason: str = WHY) -> None:
    with office.sessions.begin() as session:
        undoing.undo(session, application, someone(session, who), reason=reason, office=office, now=office.clock())


@pytest.fixture
def case(office: Office) -> Case:
    allocate(office, "youth-fund", 10_000_00)
    return Case(office, recommended(office), person(office, Role.COMMISSIONER))


def sound(office: Office) -> None:
    """The trail holds, every row is as it says, and the ledger agrees with the record."""
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []
        assert reconcile(session) == []


# ------------------------------------------------------------------------------------------------------ an approval


def test_an_undone_approval_takes_everything_back_that_hung_by_it(case: Case, office: Office) -> None:
    case.decide()
    [award] = case.awards()
    with office.reading() as session:
        [old] = session.scalars(select(Link).where(Link.purpose == "offer"))
        token = office.signer.token("offer", old)
    case.sent("offer")
    case.undo()
    assert case.status() == "recommended"
    with office.reading() as session:
        application = session.get_one(Application, case.application)
        assert (application.decision, application.award) == (None, None)
        assert application.recommendation is not None
        [decision] = session.scalars(select(Decision))
        assert (decision.outcome, decision.undone_by_id, decision.undone_why) == ("approved", case.commissioner, WHY)
        assert decision.undone_at == office.clock()
        now = funds.position(session, "youth-fund", YEAR)
        assert (now.committed, now.available) == (0, 10_000_00)
        with pytest.raises(Gone, match="The office has withdrawn this offer"):
            links.follow(session, office.signer, "offer", token, now=office.clock())
        [deadline] = session.scalars(select(Deadline).where(Deadline.kind == awards.ACCEPTANCE))
        assert (deadline.closed_at, deadline.next_step_on) == (office.clock(), None)
        assert publication.register(session, office=office) == []
    [award] = case.awards()
    assert (award.status, award.withdrawn_at, award.answered_at) == ("expired", office.clock(), None)
    assert [one.kind for one in messages(office, "offer", "offer_withdrawn")] == ["offer", "offer_withdrawn"]
    assert [one.kind for one in trail(office, "decision_undone", "offer_withdrawn", "money")][-3:] == [
        "decision_undone",
        "offer_withdrawn",
        "money",
    ]
    [line] = trail(office, "decision_undone")
    assert line.data == {"outcome": "approved", "decision": decision.id, "reason": WHY, "person": case.commissioner}
    sound(office)


def test_a_second_approval_is_a_new_offer_with_all_that_belongs_to_it(case: Case, office: Office, clock: Clock) -> None:
    case.decide()
    case.sent("offer")
    case.undo()
    clock.forward(days=2)
    case.decide(amount=1_500_00, reasons="As was meant.")
    first, second = case.awards()
    assert (first.withdrawn_at is not None, second.withdrawn_at) == (True, None)
    assert first.reference == second.reference
    assert (second.status, second.amount, second.accept_by) == ("offered", 1_500_00, first.accept_by + timedelta(2))
    with office.reading() as session:
        application = session.get_one(Application, case.application)
        assert application.award is not None
        assert (application.award.id, awards.by_reference(session, second.reference).id) == (second.id, second.id)
        assert funds.position(session, "youth-fund", YEAR).committed == 1_500_00
        standing = session.scalars(select(Link).where(Link.purpose == "offer", Link.revoked_at.is_(None))).all()
        assert [one.subject_id for one in standing] == [second.id]
        open_ = session.scalars(select(Deadline).where(Deadline.is_open))
        assert [(one.award_id, one.due) for one in open_] == [(second.id, second.accept_by)]
    assert [one.payload["award_id"] for one in messages(office, "offer")] == [first.id, second.id]
    accept(office, second.id)
    with office.reading() as session:
        assert [one.amount for one in publication.register(session, office=office)] == [1_500_00]
        assert '"amountAwarded": 1500.00' in publication.package_360(session, office=office, now=office.clock())
    with pytest.raises(Gone, match="withdrawn this offer"):
        accept(office, first.id)
    assert sweep(office, second.end_on)
    sound(office)


def test_the_story_tells_of_both(case: Case, office: Office) -> None:
    case.decide()
    case.sent("offer")
    case.undo()
    case.decide(amount=1_500_00)
    with office.reading() as session:
        reference = session.get_one(Application, case.application).reference
        told = audit_story.story(session, str(reference), office=office, today=office.today())
    said = [entry.what for entry in told.entries]
    assert "The approval was undone by whoever made it: it waits for a decision again" in said
    assert "The offer of £2,000 was withdrawn" in said
    assert [one for one in said if one.startswith("Offered")] == [
        "Offered: £2,000, to be accepted by 21 December 2026",
        "Offered: £1,500, to be accepted by 21 December 2026",
    ]
    assert len([one for one in said if "the letter that the offer is withdrawn" in one]) == 1
    assert len([one for one in said if "the offer" in one and "By e-mail" in one and "letter" not in one]) == 2
    assert told.reliance.wrong == ()
    assert WHY in [detail.text for entry in told.entries for detail in entry.details]


def test_neither_mail_goes_where_the_first_had_not(case: Case, office: Office) -> None:
    case.decide()
    case.undo()
    assert [(one.kind, one.outcome) for one in messages(office, "offer", "offer_withdrawn")] == [("offer", "withheld")]
    case.decide("declined")
    case.undo()
    assert [(one.kind, one.outcome) for one in messages(office, "declined", "decline_undone")] == [
        ("declined", "withheld")
    ]
    sound(office)


def test_what_is_on_its_way_is_taken_back_by_a_mail(case: Case, office: Office) -> None:
    case.decide()
    with office.sessions.begin() as session:
        claimed = outbox.claim(session, "mail", now=office.clock())
        while claimed is not None and claimed.kind != "offer":
            claimed.settled_at, claimed.outcome = office.clock(), "sent"
            session.flush()
            claimed = outbox.claim(session, "mail", now=office.clock())
    case.undo()
    assert [(one.kind, one.outcome) for one in messages(office, "offer", "offer_withdrawn")] == [
        ("offer", None),
        ("offer_withdrawn", None),
    ]


def test_a_measure_that_was_proposed_is_no_longer_waited_for(case: Case, office: Office) -> None:
    case.decide()
    with office.sessions.begin() as session:
        award_id = award_of(office, case.application)
        award = awards.by_id(session, award_id)
        wanted = [measures.Proposed(one.position, "Another measure", one.target) for one in award.application.outcomes]
        measures.propose(session, award.id, name="Grace", wanted=wanted, why="Easier.", now=office.clock())
    case.undo()
    with office.reading() as session:
        assert measures.open_of(session, awards.by_id(session, award_id)) is None
    sound(office)


def test_an_accepted_offer_cannot_be_undone(office: Office) -> None:
    award = active(office)
    with office.reading() as session:
        application = session.get_one(Award, award).application
        assert application.decision is not None
        number, who = application.id, application.decision.person_id
    with pytest.raises(Conflict, match="The applicant has accepted the offer, so the approval can no longer be undone"):
        undo(office, number, who)
    sound(office)


def test_a_refused_or_an_expired_offer_cannot_be_undone(case: Case, office: Office, clock: Clock) -> None:
    case.decide()
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_of(office, case.application))
        awards.refuse(session, award, name="Grace", office=office, now=office.clock())
    with pytest.raises(Conflict, match="has refused the offer"):
        case.undo()
    other = Case(office, recommended(office), case.commissioner)
    other.decide()
    clock.forward(days=29)
    with pytest.raises(Conflict, match="could be accepted until 21 December 2026, so it has ended by itself"):
        other.undo()
    with office.sessions.begin() as session:
        awards.expire_offers(session, today=office.today(), now=office.clock(), office=office)
    with pytest.raises(Conflict, match="The offer has run out"):
        other.undo()


# ------------------------------------------------------------------------------------- a decline, a recommendation


def test_an_undone_decline_is_told_to_whoever_read_it(case: Case, office: Office) -> None:
    case.decide("declined")
    case.sent("declined")
    case.undo()
    assert case.status() == "recommended"
    [mail] = messages(office, "decline_undone")
    [first] = messages(office, "declined")
    assert mail.payload["mail_id"] == first.id
    case.decide("declined", reasons="Now in earnest.")
    assert len(messages(office, "declined")) == 2
    with office.reading() as session:
        assert [one.reasons for one in session.scalars(select(Decision).order_by(Decision.id))][1] == "Now in earnest."
    sound(office)


def test_a_decline_can_be_undone_as_long_as_an_offer_is_open(case: Case, clock: Clock) -> None:
    case.decide("declined")
    clock.forward(days=29)
    with pytest.raises(Refused, match="A decline can be undone until 21 December 2026"):
        case.undo()
    clock.forward(days=-1)
    case.undo()
    assert case.status() == "recommended"


def test_an_undone_recommendation_is_set_aside(office: Office) -> None:
    application = submitted(office)
    olive = recommend(office, application)
    undo(office, application, olive)
    with office.reading() as session:
        found = session.get_one(Application, application)
        assert (found.status, found.recommendation) == ("submitted", None)
        [kept] = session.scalars(select(Recommendation))
        assert kept.set_aside_at == office.clock()
    recommend(office, application, olive, outcome="less", amount=1_000_00)
    with office.reading() as session:
        found = session.get_one(Application, application)
        assert found.recommendation is not None
        assert found.recommendation.amount == 1_000_00
    [line] = trail(office, "recommendation_undone")
    assert line.data == {"reason": WHY, "person": olive}
    sound(office)


def test_whoever_undid_their_recommendation_still_does_not_decide(office: Office) -> None:
    allocate(office, "youth-fund", 10_000_00)
    application = submitted(office)
    director = person(office, Role.DIRECTOR)
    recommend(office, application, director)
    undo(office, application, director)
    recommend(office, application)
    desk = delegated(office, (Role.DIRECTOR, 5_000_00), since=office.today())
    with pytest.raises(Refused, match="You recommended this") as refused:
        decide(desk, application, director)
    assert refused.value.rule == "A2"


# ---------------------------------------------------------------------------------------------------------- who may


def test_nobody_undoes_what_somebody_else_did(case: Case, office: Office) -> None:
    other = person(office, Role.COMMISSIONER)
    case.decide()
    with pytest.raises(Refused, match=r"Commissioner \d+ decided this, so nobody else can undo it"):
        case.undo(other)
    with office.reading() as session:
        [made] = session.scalars(select(Recommendation))
    with pytest.raises(Refused, match=r"Commissioner \d+ decided this"):
        case.undo(made.person_id)


def test_a_leaver_undoes_nothing_and_neither_does_whoever_lost_the_power(case: Case, office: Office) -> None:
    case.decide()
    with office.sessions.begin() as session:
        someone(session, case.commissioner).role = Role.FINANCE.value
        events.append(session, "person_added", "staff", "test", {}, now=office.clock())
    with pytest.raises(Refused, match="No delegation lets") as refused:
        case.undo()
    assert refused.value.rule == "A1"
    with office.sessions.begin() as session:
        someone(session, case.commissioner).role = Role.COMMISSIONER.value
        someone(session, case.commissioner).active = False
        events.append(session, "person_removed", "staff", "test", {}, now=office.clock())
    with pytest.raises(Refused, match="You are not on the office's staff list"):
        case.undo()


def test_whoever_declared_an_interest_meanwhile_undoes_nothing(office: Office) -> None:
    application = submitted(office)
    olive = recommend(office, application)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, application, someone(session, olive), reason="Kin.", now=office.clock())
    with pytest.raises(Refused, match="You have declared an interest") as refused:
        undo(office, application, olive)
    assert refused.value.rule == "A2"


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 3_001])
def test_a_reason_is_wanted(case: Case, reason: str) -> None:
    case.decide()
    with pytest.raises(deciding.WrongInput) as wrong:
        case.undo(reason=reason)
    assert wrong.value.field == "reasons"
    assert case.status() == "approved"


def test_undone_once_it_is_not_undone_again(case: Case) -> None:
    case.decide()
    case.undo()
    with pytest.raises(Refused, match=r"Officer \d+ recommended on this, so nobody else can undo it"):
        case.undo()


# --------------------------------------------------------------------------------------------------- at the same time


def test_undone_twice_at_once_it_is_undone_once(case: Case, office: Office) -> None:
    case.decide()
    case.sent("offer")
    came = at_once([case.undo] * 6)
    assert (len(came.done), len(came.refused)) == (1, 5)
    assert len(trail(office, "decision_undone")) == len(messages(office, "offer_withdrawn")) == 1
    sound(office)


def test_undone_and_accepted_at_once_one_of_the_two_stands(case: Case, office: Office) -> None:
    for _ in range(4):
        one = Case(office, recommended(office), case.commissioner)
        one.decide(amount=100_00)
        award = award_of(office, one.application)
        both: list[Callable[[], Any]] = [one.undo, lambda award=award: accept(office, award)]  # type: ignore[misc]
        came = at_once(both)
        assert (len(came.done), len(came.refused)) == (1, 1)
        said = came.refused[0].reason
        if one.status() == "approved":
            assert "accepted the offer, so the approval can no longer be undone" in said
        else:
            assert "The office has withdrawn this offer" in said
    sound(office)


def test_a_recommendation_undone_and_decided_on_at_once(office: Office) -> None:
    allocate(office, "youth-fund", 10_000_00)
    commissioner = person(office, Role.COMMISSIONER)
    for _ in range(4):
        application = submitted(office)
        olive = recommend(office, application)
        actions: list[Callable[[], Any]] = [
            lambda application=application, olive=olive: undo(office, application, olive),  # type: ignore[misc]
            lambda application=application: decide(office, application, commissioner),  # type: ignore[misc]
        ]
        came = at_once(actions)
        assert (len(came.done), len(came.refused)) == (1, 1)
    sound(office)


# ------------------------------------------------------------------------------------------- one transaction, any way


def test_an_undoing_that_breaks_off_anywhere_leaves_nothing(case: Case, office: Office, engine: Engine) -> None:
    """The database goes away at each of its statements in turn: what was done until then is gone too."""
    case.decide()
    case.sent("offer")
    left, gone = [0], RuntimeError("the database went away")

    @listens_for(engine, "before_cursor_execute")
    def breaks(*_statement: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise gone

    def stands() -> Any:
        with office.reading() as session:
            rows = [
                [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
                for table in (
                    one.__table__ for one in (Application, Award, Decision, Deadline, Link, OutboxMessage, Event)
                )
            ]
            return rows, funds.position(session, "youth-fund", YEAR)

    before, after = stands(), 0
    for after in range(1, 500, 3):
        left[0] = after
        try:
            case.undo()
        except RuntimeError:
            left[0] = 0
            assert stands() == before, after
        else:
            break
    left[0] = 0
    assert after > 30
    assert case.status() == "recommended"
    remove(engine, "before_cursor_execute", breaks)
    sound(office)


STEPS = ("approved", "declined", "less", "undo", "recommendation")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=10))
def test_any_sequence_of_deciding_and_undoing_keeps_the_ledger_balanced(office: Office, steps: list[str]) -> None:
    commissioner = person(office, Role.COMMISSIONER)
    allocate(office, "youth-fund", 3_000_00)
    application = submitted(office)
    olive = recommend(office, application)
    model, held = "recommended", 0
    with office.reading() as session:
        before = funds.position(session, "youth-fund", YEAR).committed
    for step in steps:
        try:
            if step == "undo":
                undo(office, application, commissioner)
            elif step == "recommendation":
                if model == "submitted":
                    recommend(office, application, olive)
                else:
                    undo(office, application, olive)
            else:
                outcome = "declined" if step == "declined" else "approved"
                amount = 700_00 if step == "less" else 1_000_00
                decide(office, application, commissioner, outcome=outcome, amount=amount, conditions=CONDITIONS)  # type: ignore[arg-type]
            allowed = True
        except Refused:
            allowed = False
        after = model
        if step == "undo":
            after = "recommended" if model in ("approved", "declined") else "refused"
        elif step == "recommendation":
            after = {"submitted": "recommended", "recommended": "submitted"}.get(model, "refused")
        elif model == "recommended":
            after = "declined" if step == "declined" else "approved"
            held = 0 if step == "declined" else 700_00 if step == "less" else 1_000_00
        else:
            after = "refused"
        assert allowed == (after != "refused"), (step, model)
        if allowed:
            model = after
        if model != "approved":
            held = 0
        with office.reading() as session:
            assert session.get_one(Application, application).status == model
            assert funds.position(session, "youth-fund", YEAR).committed - before == held
            assert reconcile(session) == []
    sound(office)
    if model == "approved":  # the fund's money is free for the next
        undo(office, application, commissioner)
