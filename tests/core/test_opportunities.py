"""Opportunities (T4): what must be shown before one is advertised, when it closes, and that none is opened again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core import opportunities
from core.deciding import WrongInput
from core.errors import Conflict, Refused
from core.office import Office
from core.opportunities import CLOSING, Advert, OpportunityKind
from core.records import Opportunity
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import at_once, person, someone, sweep, trail
from tests.core.test_recurring import days, put, sound, there

OPENS, CLOSES = date(2026, 11, 23), date(2027, 1, 15)


def advert(owner: int, **changes: Any) -> Advert:
    given = Advert(
        kind=OpportunityKind.TENDER,
        title="Support after burglary",
        summary="A service for the whole county.\nFrom April, for three years.",
        envelope=50_000_00,
        quality_share=70,
        cost_share=30,
        website="https://office.example/tenders/1",
        portal="",
        opens_on=OPENS,
        closes_on=CLOSES,
        owner_id=owner,
    )
    return replace(given, **changes)


def drafted(office: Office, who: int, **changes: Any) -> int:
    with office.sessions.begin() as session:
        return opportunities.draft(session, advert(who, **changes), someone(session, who), now=office.clock()).id


def do(office: Office, what: Any, number: int, who: int, /, **given: Any) -> Opportunity:
    with office.sessions.begin() as session:
        made: Opportunity = what(session, number, person=someone(session, who), now=office.clock(), **given)
        return made


def advertised(office: Office, who: int, **changes: Any) -> int:
    number = drafted(office, who, **changes)
    do(office, opportunities.advertise, number, who, office=office)
    return number


def public(office: Office, day: date) -> list[int]:
    with office.reading() as session:
        return [one.id for one in opportunities.advertised(session, today=day)]


def test_an_opportunity_is_public_from_its_advertising_to_its_last_day(office: Office, clock: Clock) -> None:
    who = person(office)
    number = drafted(office, who)
    assert public(office, OPENS) == [], "T4"
    do(office, opportunities.advertise, number, who, office=office)
    assert (public(office, CLOSES), public(office, date(2027, 1, 16))) == ([number], [])
    [found] = there(office, CLOSING)
    assert (found.reference, found.title, found.due, found.owner_id) == (
        f"OP-{number:04d}", "Support after burglary", CLOSES, who,
    )  # fmt: skip
    sent = sweep(office, CLOSES)
    assert [(one.step, one.to) for one in sent] == [(0, "officer")]
    put(office, CLOSES)
    assert days(office, CLOSING) == [CLOSES]
    clock.set_day(date(2027, 1, 16))
    put(office, date(2027, 1, 16))
    [met] = there(office, CLOSING)
    assert met.met_at is not None
    with office.reading() as session:
        assert opportunities.by_id(session, number).status == "closed"
    sound(office)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"envelope": 50_000_01}, "£50,000.01 exceeds £50,000, and it is not on the procurement portal"),
        ({"envelope": 50_000_01, "portal": "https://portal.example/7"}, ""),
        ({"quality_share": None, "cost_share": None}, "The split of quality and cost is not given"),
        ({"quality_share": 70, "cost_share": 29}, "adds up to 99%"),
        ({"quality_share": 100, "cost_share": 0}, ""),
        ({"kind": OpportunityKind.QUOTES, "envelope": 49_999_99, "quality_share": None, "cost_share": None}, ""),
        ({"kind": OpportunityKind.QUOTES, "envelope": 50_000_00}, "needs a tender, not quotes"),
        ({"kind": OpportunityKind.GRANT, "envelope": 90_000_00, "quality_share": None, "cost_share": None}, ""),
    ],
)
def test_what_t4_asks_for_is_there_before_it_is_advertised(office: Office, changes: dict[str, Any], why: str) -> None:
    who = person(office)
    number = drafted(office, who, **changes)
    if not why:
        do(office, opportunities.advertise, number, who, office=office)
        assert days(office, CLOSING) == [CLOSES], "T4"
        return
    with pytest.raises(Refused, match=why.replace(".", r"\.")):
        do(office, opportunities.advertise, number, who, office=office)
    assert there(office, CLOSING) == []


def test_an_opportunity_is_extended_for_everybody_and_never_opened_again(office: Office, clock: Clock) -> None:
    who = person(office)
    number = advertised(office, who)
    later = date(2027, 1, 29)
    with pytest.raises(WrongInput, match="Enter a later day"):
        do(office, opportunities.extend, number, who, until=CLOSES, reason="Questions.")
    with pytest.raises(Refused, match="Say why it stays open longer"):
        do(office, opportunities.extend, number, who, until=later, reason="")
    do(office, opportunities.extend, number, who, until=later, reason="Questions came in late.")
    assert (days(office, CLOSING), public(office, later)) == ([later], [number])
    with pytest.raises(Conflict, match="open until the end of 29 January 2027"):
        do(office, opportunities.close, number, who)
    clock.set_day(date(2027, 1, 30))
    with pytest.raises(Conflict, match="Nothing that has closed is opened again"):
        do(office, opportunities.extend, number, who, until=date(2027, 3, 1), reason="More.")
    do(office, opportunities.close, number, who)
    assert days(office, CLOSING) == []
    with pytest.raises(Conflict, match="it is closed"):
        do(office, opportunities.close, number, who)
    sound(office)


def test_what_is_cancelled_is_off_the_page_and_reminds_nobody(office: Office) -> None:
    who = person(office)
    number = advertised(office, who)
    do(office, opportunities.cancel, number, who, reason="The need is met elsewhere.")
    assert (public(office, OPENS), days(office, CLOSING)) == ([], [])
    with pytest.raises(Conflict, match="it has been cancelled"):
        do(office, opportunities.advertise, number, who, office=office)
    sound(office)


def test_only_a_draft_is_changed(office: Office) -> None:
    who = person(office)
    number = drafted(office, who)
    assert do(office, opportunities.change, number, who, advert=advert(who, title="After theft")).title == "After theft"
    do(office, opportunities.advertise, number, who, office=office)
    with pytest.raises(Conflict, match="Only a draft is changed"):
        do(office, opportunities.change, number, who, advert=advert(who))
    sound(office)


@pytest.mark.one_database
def test_a_draft_that_somebody_else_changed_is_neither_overwritten_nor_advertised_unseen(office: Office) -> None:
    who = person(office)
    number = drafted(office, who)
    with office.reading() as session:
        seen = opportunities.mark_of(opportunities.by_id(session, number))
    do(office, opportunities.change, number, who, advert=advert(who, title="After theft"), seen=seen)
    do(office, opportunities.change, number, who, advert=advert(who, title="After theft"), seen=seen)  # pressed twice
    assert len(trail(office, "opportunity_changed")) == 1
    with pytest.raises(Conflict, match="Somebody else changed"):
        do(office, opportunities.change, number, who, advert=advert(who, envelope=49_000_00), seen=seen)
    with pytest.raises(Conflict, match="Somebody else changed"):
        do(office, opportunities.advertise, number, who, office=office, seen=seen)
    with office.reading() as session:
        stands = opportunities.by_id(session, number)
        assert (stands.title, stands.status) == ("After theft", "draft")
        seen = opportunities.mark_of(stands)
    do(office, opportunities.advertise, number, who, office=office, seen=seen)


def test_a_draft_whose_day_has_passed_is_not_advertised(office: Office, clock: Clock) -> None:
    who = person(office)
    number = drafted(office, who)
    clock.set_day(date(2027, 1, 16))
    with pytest.raises(Refused, match="which has passed"):
        do(office, opportunities.advertise, number, who, office=office)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"summary": " "}, "summary"),
        ({"envelope": 0}, "envelope"),
        ({"quality_share": 101}, "quality_share"),
        ({"cost_share": 101}, "cost_share"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "office.example/tender"}, "website"),
        ({"portal": "https://me.example:secret@portal.example"}, "portal"),
        ({"closes_on": date(2026, 11, 22), "opens_on": date(2026, 11, 1)}, "closes_on"),
        ({"opens_on": date(2027, 1, 16)}, "closes_on"),
        ({"owner_id": 999}, "owner"),
    ],
)
def test_what_cannot_be_names_its_field(office: Office, changes: dict[str, Any], field: str) -> None:
    who = person(office)
    with pytest.raises(WrongInput) as wrong:
        drafted(office, who, **changes)
    assert (wrong.value.field, wrong.value.rule) == (field, "T4")


@pytest.mark.parametrize(
    ("role", "body"), [(Role.OFFICER, Body.CONSTABULARY), (Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE)]
)
def test_who_is_not_of_the_office_advertises_nothing(office: Office, role: Role, body: Body) -> None:
    owner, outsider = person(office), person(office, role, body)
    number = drafted(office, owner)
    with pytest.raises(Refused):
        do(office, opportunities.advertise, number, outsider, office=office)
    with pytest.raises(Refused):
        do(office, opportunities.cancel, number, outsider, reason="No.")
    assert there(office, CLOSING) == []


def test_two_at_once_advertise_it_once_and_close_it_once(office: Office, clock: Clock) -> None:
    who = person(office)
    number = drafted(office, who)
    done = at_once([lambda: do(office, opportunities.advertise, number, who, office=office)] * 3)
    assert (len(done.done), len(done.refused)) == (1, 2)
    clock.set_day(date(2027, 1, 16))
    closing = at_once([lambda: put(office, date(2027, 1, 16)), lambda: do(office, opportunities.close, number, who)])
    assert len(closing.done) + len(closing.refused) == 2
    assert days(office, CLOSING) == []
    sound(office)
