"""Other measures proposed, agreed, declined, withdrawn (N3); an offer that is kept open longer (A6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, links, measures
from core.audit import verify
from core.audit_story import story
from core.awards import ACCEPTANCE
from core.errors import Conflict, Gone, NotFound, Refused
from core.measures import Proposed
from core.office import Office
from core.records import Award, Deadline, Link, MeasureProposal, Nudge
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import (
    accept,
    active,
    at_once,
    facts,
    london,
    messages,
    offered,
    person,
    someone,
    sweep,
    told,
    trail,
)

LAST_DAY = date(2026, 12, 21)
CHANGE = (Proposed(1, "Call-outs a month", "Five fewer"), Proposed(2, "Names in the book", "40"))


def propose(office: Office, award_id: int, *wanted: Proposed, why: str = "Ten is beyond us.") -> int:
    with office.sessions.begin() as session:
        return measures.propose(
            session, award_id, name=" Grace  Treasurer ", wanted=wanted or CHANGE, why=why, now=office.clock()
        ).id


def agree(office: Office, proposal: int, who: int, note: str = "") -> None:
    with office.sessions.begin() as session:
        measures.agree(session, proposal, someone(session, who), note=note, office=office, now=office.clock())


def decline(office: Office, proposal: int, who: int, reason: str = "It is too little.") -> None:
    with office.sessions.begin() as session:
        measures.decline(session, proposal, someone(session, who), reason=reason, office=office, now=office.clock())


def extend(office: Office, award_id: int, who: int, until: date, reason: str = "The committee meets late.") -> None:
    with office.sessions.begin() as session:
        awards.extend_offer(
            session, award_id, someone(session, who), until=until, reason=reason, office=office, now=office.clock()
        )


def expire(office: Office, today: date) -> list[str]:
    with office.sessions.begin() as session:
        return awards.expire_offers(session, today=today, now=london(today), office=office)


def proposal_of(office: Office, number: int) -> MeasureProposal:
    with office.reading() as session:
        return measures.by_id(session, number)


def read(office: Office, award_id: int) -> Award:
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        _ = award.deadlines, award.application.outcomes
        return award


def agreed(office: Office, award_id: int) -> list[tuple[str, str]]:
    return [(one.measure, one.target) for one in read(office, award_id).application.outcomes]


def seen(office: Office, award_id: int) -> str:
    with office.reading() as session:
        return awards.measures_seen(awards.by_id(session, award_id))


def sound(office: Office) -> bool:
    with office.reading() as session:
        return verify(session).sound


# ------------------------------------------------------------------------------------------------------- proposing


def test_a_proposal_leaves_the_offer_open_and_its_date_where_it_was(office: Office, clock: Clock) -> None:
    award_id = offered(office)
    clock.forward(days=1)
    number = propose(office, award_id)
    kept = proposal_of(office, number)
    assert (kept.proposed_by, kept.why, kept.proposed_at, kept.outcome) == (
        "Grace Treasurer",
        "Ten is beyond us.",
        clock.now,
        None,
    )
    assert [(one["position"], one["target"], one["was_target"]) for one in kept.changes] == [
        (1, "Five fewer", "Ten fewer")
    ]
    award = read(office, award_id)
    assert (award.status, award.accept_by) == ("offered", LAST_DAY)
    assert agreed(office, award_id)[0] == ("Call-outs a month", "Ten fewer")
    [notice] = messages(office, "award_notice")
    assert notice.payload == {"award_id": award_id, "what": "measures_proposed", "proposal_id": number}
    [line] = trail(office, "measures_proposed")
    assert line.actor == "applicant: Grace Treasurer"
    with office.reading() as session:
        waiting = measures.open_of(session, awards.by_id(session, award_id))
        assert waiting is not None
        assert waiting.id == number
    assert sound(office)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("wanted", "why", "says"),
    [
        ((Proposed(1, "Call-outs a month", "Ten fewer"),), "x", "Change at least one"),
        ((Proposed(1, " Call-outs  a month\0", "Ten fewer "),), "x", "Change at least one"),
        ((Proposed(3, "x", "y"),), "x", "no measure 3"),
        ((Proposed(1, "", "y"),), "x", "both a measure and a target"),
        ((Proposed(1, "x" * 301, "y"),), "x", "300 characters"),
        (CHANGE, " \n", "Say why"),
    ],
)
def test_a_proposal_says_what_and_why(office: Office, wanted: tuple[Proposed, ...], why: str, says: str) -> None:
    award_id = offered(office)
    with pytest.raises(Refused, match=says):
        propose(office, award_id, *wanted, why=why)
    assert messages(office, "award_notice") == []


def test_one_at_a_time(office: Office) -> None:
    award_id, officer = offered(office), person(office)
    first = propose(office, award_id)
    with pytest.raises(Conflict, match="proposed already"):
        propose(office, award_id)
    decline(office, first, officer)
    propose(office, award_id)
    assert len(trail(office, "measures_proposed")) == 2


def test_six_at_once_are_one(office: Office) -> None:
    award_id = offered(office)
    came = at_once([lambda: propose(office, award_id)] * 6)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 5
    assert len(messages(office, "award_notice")) == 1


def test_nothing_is_proposed_once_the_offer_is_answered_or_over(office: Office, clock: Clock) -> None:
    with pytest.raises(Conflict, match="has been answered"):
        propose(office, active(office))
    award_id = offered(office)
    clock.now = london(LAST_DAY, 23, 59, 59)
    number = propose(office, award_id)
    clock.forward(seconds=1)
    with pytest.raises(Gone):
        propose(office, award_id)
    with pytest.raises(Gone):
        agree(office, number, person(office))
    expire(office, office.today())
    assert proposal_of(office, number).outcome == "withdrawn"
    with pytest.raises(Gone):
        decline(office, number, person(office))
    with pytest.raises(NotFound):
        propose(office, 999)


# ------------------------------------------------------------------------------------------------------- answering


def test_agreed_the_offer_has_the_new_measures_and_the_old_are_in_the_trail(office: Office, clock: Clock) -> None:
    award_id, officer = offered(office), person(office, name="Olive")
    number = propose(office, award_id)
    clock.forward(days=1)
    agree(office, number, officer, note="Sensible.")
    assert agreed(office, award_id) == [("Call-outs a month", "Five fewer"), ("Names in the book", "40")]
    kept = proposal_of(office, number)
    assert (kept.outcome, kept.person_id, kept.answer, kept.ended_at) == ("agreed", officer, "Sensible.", clock.now)
    [line] = trail(office, "measures_agreed")
    assert line.actor == f"Olive (officer, person {officer})"
    assert line.data["changes"][0]["was_target"] == "Ten fewer"
    [mail] = messages(office, "measures_agreed")
    assert mail.payload == {"award_id": award_id, "proposal_id": number}
    assert read(office, award_id).status == "offered"
    accept(office, award_id)
    with office.reading() as session:
        found = story(session, line.reference, office=office, today=office.today())
    said = repr(found.as_data())
    assert "“Call-outs a month: Ten fewer” becomes “Call-outs a month: Five fewer”" in said
    assert "Grace Treasurer proposed other measures" in said
    assert sound(office)


def test_declined_the_offer_stands_and_the_reason_is_told(office: Office) -> None:
    award_id, officer = offered(office), person(office)
    number = propose(office, award_id)
    with pytest.raises(Refused, match="Say why the measures stay"):
        decline(office, number, officer, reason=" ")
    decline(office, number, officer)
    assert agreed(office, award_id)[0] == ("Call-outs a month", "Ten fewer")
    assert proposal_of(office, number).answer == "It is too little."
    assert len(messages(office, "measures_declined")) == 1
    with pytest.raises(Conflict, match="has been declined already"):
        agree(office, number, officer)
    assert sound(office)


def test_two_answers_at_once_one_stands(office: Office) -> None:
    award_id, officer, director = offered(office), person(office), person(office, Role.DIRECTOR)
    number = propose(office, award_id)
    came = at_once([lambda: agree(office, number, officer), lambda: decline(office, number, director)] * 2)
    assert len(came.done) == 1
    assert len(messages(office, "measures_agreed", "measures_declined")) == 1
    assert agreed(office, award_id)[0][1] == (
        "Five fewer" if proposal_of(office, number).outcome == "agreed" else "Ten fewer"
    )


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "body"),
    [
        (Role.FINANCE, Body.OFFICE),
        (Role.PANEL, Body.OFFICE),
        (Role.AUDITOR, Body.OFFICE),
        (Role.COMMISSIONER, Body.OFFICE),
        (Role.OFFICER, Body.CONSTABULARY),
    ],
)
def test_only_who_may_recommend_agrees_declines_or_extends(office: Office, role: Role, body: Body) -> None:
    award_id = offered(office)
    number, other = propose(office, award_id), person(office, role, body)
    acts: list[Callable[[], None]] = [
        lambda: agree(office, number, other),
        lambda: decline(office, number, other),
        lambda: extend(office, award_id, other, LAST_DAY + timedelta(days=7)),
    ]
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.rule == "A2"
    assert proposal_of(office, number).outcome is None


@pytest.mark.parametrize("answer", ["accepted", "refused"])
def test_answering_the_offer_takes_the_proposal_back(office: Office, answer: str) -> None:
    award_id = offered(office)
    number = propose(office, award_id)
    if answer == "accepted":
        accept(office, award_id)
    else:
        with office.sessions.begin() as session:
            awards.refuse(session, awards.by_id(session, award_id), name="Grace", now=office.clock())
    assert proposal_of(office, number).outcome == "withdrawn"
    assert agreed(office, award_id)[0] == ("Call-outs a month", "Ten fewer")
    with pytest.raises(Conflict):
        agree(office, number, person(office))
    assert sound(office)


def test_whoever_accepts_has_seen_the_measures_that_stand(office: Office) -> None:
    award_id, officer = offered(office), person(office)
    before = seen(office, award_id)
    agree(office, propose(office, award_id), officer)

    def accept_having_seen(mark: str) -> None:
        with office.sessions.begin() as session:
            award = awards.by_id(session, award_id)
            awards.accept(session, award, name="Grace", seen=mark, office=office, now=office.clock())

    with pytest.raises(Conflict, match="measures have changed"):
        accept_having_seen(before)
    assert read(office, award_id).status == "offered"
    accept_having_seen(seen(office, award_id))
    assert read(office, award_id).status == "active"


def test_accepted_while_the_office_agrees_it_is_what_was_seen(office: Office) -> None:
    award_id, officer = offered(office), person(office)
    number, before = propose(office, award_id), seen(office, award_id)

    def accept_before() -> None:
        with office.sessions.begin() as session:
            award = awards.by_id(session, award_id)
            _ = [one.measure for one in award.application.outcomes]
            awards.accept(session, award, name="Grace", seen=before, office=office, now=office.clock())

    at_once([accept_before, lambda: agree(office, number, officer)])
    accepted = read(office, award_id).status == "active"
    assert agreed(office, award_id)[0][1] == ("Ten fewer" if accepted else "Five fewer")


# ------------------------------------------------------------------------------------------------------- extending


def test_extended_it_stays_open_to_the_last_second_of_the_new_day(office: Office, clock: Clock) -> None:
    award_id, officer = offered(office), person(office)
    until = date(2027, 3, 28)  # the clocks go forward on that day: it ends an hour earlier by universal time
    extend(office, award_id, officer, until)
    assert read(office, award_id).accept_by == until
    with office.reading() as session:
        link = session.scalars(select(Link).where(Link.purpose == "offer", Link.subject_id == award_id)).one()
    assert link.expires_at == datetime.fromisoformat("2027-03-28T23:00:00+00:00")
    token = office.signer.token("offer", link)
    assert expire(office, LAST_DAY + timedelta(days=1)) == []
    [line] = trail(office, "offer_extended")
    assert (line.data["was"], line.data["accept_by"]) == (LAST_DAY.isoformat(), until.isoformat())
    assert len(messages(office, "offer_extended")) == 1
    assert messages(office, "card")[-1].key.endswith("extended-2027-03-28")
    clock.now = london(until, 23, 59, 59)
    with office.reading() as session:
        assert links.follow(session, office.signer, "offer", token, now=clock.now) == award_id
    assert expire(office, office.today()) == []
    accept(office, award_id)
    award = read(office, award_id)
    [acceptance] = [one for one in award.deadlines if one.kind == ACCEPTANCE]
    assert (acceptance.first_due, acceptance.due) == (LAST_DAY, until)
    assert (acceptance.met_at, acceptance.closed_at) == (clock.now, None)
    assert sound(office)


def test_extended_over_the_autumn_change_it_has_twenty_five_hours(office: Office, clock: Clock) -> None:
    given, officer = facts(start=date(2027, 11, 1), end=date(2028, 6, 30)), person(office)
    in_time, too_late = offered(office, given), offered(office, given)
    for award_id in (in_time, too_late):
        extend(office, award_id, officer, date(2027, 10, 31))
    clock.now = datetime.fromisoformat("2027-10-31T23:59:59+00:00")
    accept(office, in_time)
    clock.forward(seconds=1)
    with pytest.raises(Gone):
        accept(office, too_late)


def test_an_extension_has_reminders_of_its_own_and_none_for_days_that_are_past(office: Office, clock: Clock) -> None:
    award_id = offered(office)
    clock.set_day(LAST_DAY - timedelta(days=1))
    assert told(sweep(office, office.today()))
    until = LAST_DAY + timedelta(days=3)
    extend(office, award_id, person(office), until)
    assert sweep(office, office.today()) == ()  # the mail about the new day has just said so
    days = [until - timedelta(days=3), until - timedelta(days=1), until]
    steps = {day: told(sweep(office, day)) for day in days}
    assert any(steps.values())
    with office.reading() as session:
        assert set(session.scalars(select(Nudge.due))) == {LAST_DAY, until}
        [deadline] = session.scalars(select(Deadline).where(Deadline.kind == ACCEPTANCE))
    assert deadline.due == until


@pytest.mark.parametrize(
    ("until", "says"),
    [
        (LAST_DAY, "open until 21 December 2026 already"),
        (LAST_DAY - timedelta(days=1), "already"),
        (date(2027, 11, 1), "project ends on 31 October 2027"),
    ],
)
def test_an_extension_is_later_and_within_the_project(office: Office, until: date, says: str) -> None:
    award_id, officer = offered(office), person(office)
    with pytest.raises(Refused, match=says):
        extend(office, award_id, officer, until)
    with pytest.raises(Refused, match="Say why"):
        extend(office, award_id, officer, date(2027, 1, 1), reason="")
    extend(office, award_id, officer, date(2027, 10, 31))


def test_what_has_run_out_is_not_extended(office: Office, clock: Clock) -> None:
    award_id, officer = offered(office), person(office)
    clock.now = london(LAST_DAY + timedelta(days=1), 0)
    with pytest.raises(Gone):
        extend(office, award_id, officer, date(2027, 1, 31))
    with pytest.raises(Conflict):
        extend(office, active(office, facts(start=date(2027, 2, 1))), officer, date(2027, 3, 1))


def test_extended_while_it_runs_out_it_is_one_of_the_two(office: Office, clock: Clock) -> None:
    award_id, officer = offered(office), person(office)
    clock.now = london(LAST_DAY, 23, 59, 59)
    at_once(
        [
            lambda: extend(office, award_id, officer, date(2027, 1, 31)),
            lambda: expire(office, LAST_DAY + timedelta(days=1)),
        ]
    )
    award = read(office, award_id)
    assert (award.status, award.accept_by) in {("expired", LAST_DAY), ("offered", date(2027, 1, 31))}


def test_who_answered_in_which_role_and_why_is_kept(office: Office) -> None:
    taken, turned_down = offered(office), offered(office)
    with office.sessions.begin() as session:
        given: dict[str, Any] = {"name": "Grace", "role": " Honorary \0 treasurer ", "now": office.clock()}
        awards.accept(session, awards.by_id(session, taken), office=office, **given)
        awards.refuse(session, awards.by_id(session, turned_down), why="Too few\r\nvolunteers.", **given)
    assert read(office, taken).answered_role == "Honorary treasurer"
    assert read(office, turned_down).refusal_reason == "Too few\nvolunteers."
    [line] = trail(office, "offer_refused")
    assert (line.actor, line.data["why"]) == ("applicant: Grace, Honorary treasurer", "Too few\nvolunteers.")
    assert sound(office)
