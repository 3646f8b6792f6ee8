"""Offers: accepted, refused, run out (A6); what an acceptance starts (N3, R1, R2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, funds, links, sweeping
from core.awards import ACCEPTANCE
from core.errors import Conflict, Gone, NotFound, Refused
from core.meetings import MEETING
from core.office import Office
from core.policy_file import policy_from_text
from core.records import Award, Link
from core.returns import RETURN
from core.rules.policy import Purpose, Role
from core.rules.questions import ApplicationFacts
from tests.core.casework import (
    YEAR,
    accept,
    active,
    at_once,
    award_of,
    decide,
    facts,
    london,
    messages,
    offered,
    person,
    recommended,
    reducing_crime,
    trail,
    victims,
)

LAST_DAY = date(2026, 12, 21)
"""The acceptance date of what is offered on 23 November 2026: 28 days later."""


def read(office: Office, award_id: int) -> Award:
    with office.reading() as session:
        award = awards.by_id(session, award_id)
        _ = award.deadlines, award.application.outcomes
        return award


def due(award: Award, kind: str) -> list[str]:
    return [one.due.isoformat() for one in award.deadlines if one.kind == kind]


def refuse(office: Office, award_id: int, name: str = "Grace Treasurer") -> None:
    with office.sessions.begin() as session:
        awards.refuse(session, awards.by_id(session, award_id), name=name, now=office.clock())


def expire(office: Office, today: date) -> list[str]:
    with office.sessions.begin() as session:
        return awards.expire_offers(session, today=today, now=london(today))


def committed(office: Office) -> int:
    with office.reading() as session:
        return funds.position(session, "youth-fund", YEAR).committed


def offer_link(office: Office, award_id: int) -> Link:
    with office.reading() as session:
        return session.scalars(select(Link).where(Link.purpose == "offer", Link.subject_id == award_id)).one()


def test_an_acceptance_starts_the_award(office: Office, clock: Any) -> None:
    award_id = offered(office)
    clock.forward(days=2)
    accept(office, award_id, name="  Grace \0  Treasurer ")
    award = read(office, award_id)
    assert (award.status, award.answered_by, award.answered_at) == ("active", "Grace Treasurer", clock.now)
    assert [one.accepted_at for one in award.application.outcomes] == [clock.now] * 2
    assert due(award, RETURN) == ["2027-07-01", "2027-10-31"]
    assert [one.final for one in award.deadlines if one.kind == RETURN] == [False, True]
    assert due(award, MEETING) == []
    [acceptance] = [one for one in award.deadlines if one.kind == ACCEPTANCE]
    assert (acceptance.due, acceptance.met_at, acceptance.next_step_on) == (LAST_DAY, clock.now, None)
    with office.reading() as session:
        linked = set(session.scalars(select(Link.subject_id).where(Link.purpose == "return")))
    assert linked == {one.id for one in award.deadlines if one.kind == RETURN}
    assert [one.kind for one in messages(office)][-3:] == ["award_started", "card", "card_note"]
    [line] = trail(office, "offer_accepted")
    assert line.actor == "applicant: Grace Treasurer"
    assert (line.data["returns"], line.data["meetings"], line.data["measures"]) == (due(award, RETURN), [], 2)
    assert committed(office) == 2_000_00


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "returns", "meetings"),
    [
        pytest.param(reducing_crime(amount=10_000_00), ["2027-07-01", "2027-10-31"], [], id="at the limit none"),
        pytest.param(reducing_crime(amount=10_000_01), ["2027-07-01", "2027-10-31"], ["2027-07-01"], id="a penny over"),
        pytest.param(
            victims(),
            ["2027-07-01", "2027-10-31"],
            ["2027-04-01", "2027-07-01", "2027-10-01"],
            id="three-monthly for victim services, their returns six-monthly",
        ),
        pytest.param(
            facts("rape-support", amount=10_000_01, purpose=Purpose.RAPE_SUPPORT, end=date(2027, 2, 28)),
            ["2027-02-28"],
            ["2027-02-28"],
            id="too short for a meeting otherwise",
        ),
        pytest.param(
            reducing_crime(start=date(2027, 8, 31), end=date(2028, 8, 31)),
            ["2028-02-29", "2028-08-31"],
            ["2028-02-29", "2028-08-31"],
            id="clamped to 29 February, back to the 31st",
        ),
    ],
)
def test_returns_and_meetings_of_an_award(
    office: Office, given: ApplicationFacts, returns: list[str], meetings: list[str]
) -> None:
    award = read(office, active(office, given))
    assert (due(award, RETURN), due(award, MEETING)) == (returns, meetings)


def test_the_link_of_an_offer_ends_with_its_last_day_and_lives_on_once_accepted(office: Office, clock: Any) -> None:
    award_id = offered(office)
    link = offer_link(office, award_id)
    assert link.expires_at == london(date(2026, 12, 22), 0)
    token = office.signer.token("offer", link)
    clock.now = london(LAST_DAY, 23, 59, 59)
    accept(office, award_id)
    with office.reading() as session:
        later = london(date(2029, 1, 1))
        assert links.follow(session, office.signer, "offer", token, now=later) == award_id


@pytest.mark.parametrize(
    ("offered_at", "last_day", "first_instant_after"),
    [
        (london(date(2026, 11, 23)), LAST_DAY, datetime.fromisoformat("2026-12-22T00:00:00+00:00")),
        # Offered in winter, and the last day is in summer time: it ends at 23:00 UTC.
        (london(date(2027, 3, 10)), date(2027, 4, 7), datetime.fromisoformat("2027-04-07T23:00:00+00:00")),
        # Offered at half past midnight in summer time, which is still the day before in UTC.
        (london(date(2027, 6, 2), 0, 30), date(2027, 6, 30), datetime.fromisoformat("2027-06-30T23:00:00+00:00")),
        # The last day is the one on which the clocks go back: it has 25 hours.
        (london(date(2027, 10, 3)), date(2027, 10, 31), datetime.fromisoformat("2027-11-01T00:00:00+00:00")),
    ],
    ids=["winter", "into summer time", "after midnight", "the clocks go back"],
)
def test_the_last_day_of_an_offer_is_a_day_in_london(
    office: Office, clock: Any, offered_at: datetime, last_day: date, first_instant_after: datetime
) -> None:
    clock.now = offered_at
    given = facts(start=date(2027, 11, 1), end=date(2028, 6, 30))
    in_time, too_late = offered(office, given), offered(office, given)
    assert read(office, in_time).accept_by == last_day
    assert offer_link(office, in_time).expires_at == first_instant_after
    clock.now = london(last_day, 23, 59, 59)
    assert expire(office, office.today()) == []
    accept(office, in_time)
    clock.now = first_instant_after
    with pytest.raises(Gone, match="acceptance date, which has passed") as gone:
        accept(office, too_late)
    assert gone.value.rule == "A6"
    with pytest.raises(Gone):
        refuse(office, too_late)
    assert expire(office, office.today()) == [read(office, too_late).reference]


@pytest.mark.one_database
def test_a_condition_that_a_term_says_already_is_said_once(office: Office) -> None:
    award_id, term = offered(office), office.policy.terms.value[0]
    both = f"Keep a register.\n{term.upper()}  "
    given = {term: "", both: "Keep a register.", "Ring us.\n\nAsk.": "Ring us.\n\nAsk."}
    for conditions, own in given.items():
        with office.sessions.begin() as session:
            award = awards.by_id(session, award_id)
            award.conditions = conditions
            assert awards.own_conditions(award, office=office) == own


def test_a_refusal_gives_the_money_back(office: Office) -> None:
    award_id, other = offered(office), offered(office)
    refuse(office, award_id, " Grace  Treasurer ")
    assert committed(office) == 2_000_00
    award = read(office, award_id)
    assert (award.status, award.answered_by) == ("refused", "Grace Treasurer")
    [acceptance] = award.deadlines
    assert (acceptance.met_at, acceptance.closed_at, acceptance.next_step_on) == (None, office.clock(), None)
    assert [one.kind for one in messages(office)][-3:] == ["card", "offer_refused", "card_note"]
    with pytest.raises(Conflict, match="has been refused"):
        accept(office, award_id)
    with pytest.raises(Conflict, match="has been refused"):
        refuse(office, award_id)
    assert read(office, other).status == "offered"
    assert len(trail(office, "offer_refused")) == 1


def test_an_offer_that_runs_out_gives_the_money_back_and_is_gone(office: Office, clock: Any) -> None:
    award_id = offered(office)
    link = offer_link(office, award_id)
    assert expire(office, LAST_DAY) == []
    clock.now = london(date(2026, 12, 22), 0)
    assert expire(office, office.today()) == [read(office, award_id).reference]
    assert expire(office, office.today()) == []
    assert committed(office) == 0
    award = read(office, award_id)
    assert (award.status, award.answered_by) == ("expired", None)
    assert award.deadlines[0].closed_at is not None
    assert [one.kind for one in messages(office)][-3:] == ["card", "offer_expired", "card_note"]
    assert len(trail(office, "offer_expired")) == 1
    for answer in (accept, refuse):
        with pytest.raises(Gone):
            answer(office, award_id)
    with office.reading() as session, pytest.raises(Gone):
        links.follow(session, office.signer, "offer", office.signer.token("offer", link), now=clock.now)


def test_a_page_that_was_read_before_the_offer_ran_out_is_told_that_it_is_gone(office: Office, clock: Any) -> None:
    award_id = offered(office)
    with office.reading() as session:
        stale = awards.by_id(session, award_id)
    clock.now = london(LAST_DAY)
    expire(office, date(2026, 12, 22))
    with office.sessions.begin() as session, pytest.raises(Gone):
        awards.accept(session, session.merge(stale, load=False), name="Grace", office=office, now=clock.now)


def test_an_answer_has_a_name(office: Office) -> None:
    award_id = offered(office)
    for answer in (accept, refuse):
        with pytest.raises(Refused, match="full name"):
            answer(office, award_id, name=" \t")
    assert read(office, award_id).status == "offered"


def test_accepted_six_times_at_once_it_starts_once(office: Office) -> None:
    award_id = offered(office)
    came = at_once([lambda: accept(office, award_id)] * 6)
    assert len(came.done) == 1
    assert [type(one) for one in came.refused] == [Conflict] * 5
    assert len(read(office, award_id).deadlines) == 3
    assert len(messages(office, "award_started")) == len(trail(office, "offer_accepted")) == 1


def test_accepted_and_refused_at_once_it_is_one_of_the_two(office: Office) -> None:
    award_id = offered(office)
    came = at_once([lambda: accept(office, award_id), lambda: refuse(office, award_id)] * 3)
    assert (len(came.done), len(came.refused)) == (1, 5)
    status = read(office, award_id).status
    assert committed(office) == (2_000_00 if status == "active" else 0)
    assert status in ("active", "refused")
    assert len(messages(office, "award_started", "offer_refused")) == 1


def test_accepted_while_it_runs_out_it_is_one_of_the_two(office: Office) -> None:
    award_id = offered(office)
    at_once([lambda: accept(office, award_id), lambda: expire(office, date(2026, 12, 22))] * 2)
    status = read(office, award_id).status
    assert status in ("active", "expired")
    assert committed(office) == (2_000_00 if status == "active" else 0)


def test_an_acceptance_that_was_met_is_nudged_no_more(office: Office) -> None:
    award_id = active(office)
    with office.sessions.begin() as session:
        sent = sweeping.sweep(session, office=office, today=LAST_DAY, now=london(LAST_DAY))
    assert sent == ()
    assert read(office, award_id).status == "active"


def test_an_award_that_is_not_there(office: Office) -> None:
    with office.reading() as session:
        with pytest.raises(NotFound):
            awards.by_reference(session, "YF-2026-AAAAAA")
        with pytest.raises(NotFound):
            awards.by_id(session, 1)


def test_an_award_keeps_the_policy_it_was_decided_under(office: Office) -> None:
    """A4: what falls due is what was decided, although another policy holds by the time of the acceptance."""
    text = office.policy_text.replace("return_months = { value = 6,", "return_months = { value = 3,")
    assert text != office.policy_text
    under_it = replace(office, policy=policy_from_text(text), policy_text=text)
    award_id = offered(under_it)
    accept(office, award_id)
    assert due(read(office, award_id), RETURN) == ["2027-04-01", "2027-07-01", "2027-10-01", "2027-10-31"]


def test_an_award_from_a_year_without_money_says_that_it_is_conditional(office: Office) -> None:
    application_id = recommended(office, facts(start=date(2027, 4, 1), end=date(2028, 3, 31)))
    decide(office, application_id, person(office, Role.COMMISSIONER))
    award = read(office, award_of(office, application_id))
    assert award.conditions.endswith("This award is conditional on funding: nothing is allocated for 2027-28 yet.")
    assert "conditional" not in read(office, offered(office)).conditions
