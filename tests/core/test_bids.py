"""The register of bids to new funding streams (N4): each with its closing day, its owner, and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core import bids, date_lines, direct
from core.bids import BID, Part
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Bid, Deadline
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.casework import at_once, messages, person, someone, sweep
from tests.core.test_recurring import days, sound, there

TODAY = date(2026, 11, 23)
CLOSES = date(2027, 1, 15)


def added(office: Office, who: int, **changes: Any) -> int:
    given: dict[str, Any] = {
        "title": "Safer Streets, round six",
        "funder": "Home Office",
        "part": Part.LED,
        "amount": 250_000_00,
        "closes_on": CLOSES,
        "owner_id": who,
        **changes,
    }
    with office.sessions.begin() as session:
        me = someone(session, who)
        return bids.add(session, person=me, now=office.clock(), **given).id


def do(office: Office, what: Any, number: int, who: int, /, **given: Any) -> Bid:
    with office.sessions.begin() as session:
        made: Bid = what(session, number, someone(session, who), now=office.clock(), **given)
        return made


def deadline(office: Office) -> Deadline:
    [found] = there(office, BID)
    return found


def test_a_bid_is_a_deadline_of_its_owner_until_it_is_handed_in(office: Office, clock: Clock) -> None:
    who, other = person(office), person(office, name="Bo Bidder")
    number = added(office, who, owner_id=other)
    found = deadline(office)
    assert (found.reference, found.title, found.due, found.owner_id) == (
        f"BID-{number:04d}", "Safer Streets, round six", CLOSES, other,
    ), "N4"  # fmt: skip
    assert [one.step for one in sweep(office, date(2027, 1, 8))] == [-7]
    clock.set_day(date(2027, 1, 12))
    do(office, bids.submit, number, who, on=date(2027, 1, 11), note="Sent through the portal.")
    assert deadline(office).met_at is not None
    assert sweep(office, CLOSES) == ()
    bid = do(office, bids.settle, number, who, won=True, note="£240,000 of it.")
    assert (bid.status, bid.note, bid.submitted_on) == ("won", "£240,000 of it.", date(2027, 1, 11))
    with office.reading() as session:
        story = date_lines.entries(session, f"BID-{number:04d}")
    assert [one.what for one in story] == [
        "Put on the register: a bid for £250,000 that closes on 15 January 2027, with Bo Bidder",
        "Handed in on 11 January 2027",
        "It was won",
    ]
    sound(office)


def test_what_is_not_pursued_reminds_nobody(office: Office) -> None:
    who = person(office)
    number = added(office, who, amount=None)
    with pytest.raises(Refused, match="Say why the bid is not pursued"):
        do(office, bids.drop, number, who, reason=" ")
    bid = do(office, bids.drop, number, who, reason="The partners have gone.")
    assert (bid.status, bid.amount, bid.note) == ("not_pursued", None, "The partners have gone.")
    assert (deadline(office).met_at, days(office, BID)) == (None, [])
    with pytest.raises(Conflict, match="is not pursued"):
        do(office, bids.submit, number, who, on=TODAY)
    sound(office)


@pytest.mark.parametrize("closes", [date(2027, 2, 1), date(2026, 12, 4)])
def test_the_funder_may_move_the_day_either_way(office: Office, closes: date) -> None:
    who = person(office)
    number = added(office, who)
    do(office, bids.move, number, who, closes_on=closes, reason="Their letter of 20 November.")
    assert days(office, BID) == [closes]
    with pytest.raises(WrongInput, match="already"):
        do(office, bids.move, number, who, closes_on=closes, reason="Again.")
    with pytest.raises(WrongInput, match="has passed"):
        do(office, bids.move, number, who, closes_on=date(2026, 11, 22), reason="Again.")
    sound(office)


def test_a_bid_is_handed_over_with_its_deadline(office: Office) -> None:
    who, other, reader = person(office), person(office), person(office, Role.AUDITOR)
    number = added(office, who)
    do(office, bids.hand_over, number, who, owner_id=other, office=office)
    assert deadline(office).owner_id == other
    [told] = messages(office, direct.GIVEN)
    assert told.payload == {"person_id": other, "deadline_id": deadline(office).id, "by": who}
    with pytest.raises(WrongInput, match="somebody of the office"):
        do(office, bids.hand_over, number, who, owner_id=reader, office=office)
    sound(office)


def test_who_takes_a_bid_over_is_told_of_it_only_by_somebody_else_and_while_its_day_is_to_come(office: Office) -> None:
    who, other = person(office), person(office)
    number = added(office, who)
    do(office, bids.hand_over, number, other, owner_id=other, office=office)
    assert deadline(office).owner_id == other
    do(office, bids.submit, number, who, on=TODAY)
    assert do(office, bids.hand_over, number, other, owner_id=who, office=office).owner_id == who
    assert deadline(office).owner_id == other, "what was handed in stays as it was met"
    assert messages(office, direct.GIVEN) == []
    sound(office)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"funder": ""}, "funder"),
        ({"amount": 0}, "amount"),
        ({"closes_on": date(2026, 11, 22)}, "closes"),
        ({"owner_id": 999}, "owner"),
    ],
)
def test_what_cannot_be_names_its_field(office: Office, changes: dict[str, Any], field: str) -> None:
    who = person(office)
    with pytest.raises(WrongInput) as wrong:
        added(office, who, **changes)
    assert (wrong.value.field, wrong.value.rule) == (field, "N4")
    assert there(office, BID) == []


def test_a_bid_that_closes_today_is_taken(office: Office) -> None:
    added(office, person(office), closes_on=TODAY)
    assert days(office, BID) == [TODAY]


def test_what_is_still_to_come_cannot_have_been_handed_in(office: Office) -> None:
    who = person(office)
    number = added(office, who)
    with pytest.raises(WrongInput, match="still to come"):
        do(office, bids.submit, number, who, on=date(2026, 11, 24))
    with pytest.raises(Conflict, match="is open"):
        do(office, bids.settle, number, who, won=True)
    with pytest.raises(NotFound, match="no such bid"):
        do(office, bids.submit, 99, who, on=TODAY)


@pytest.mark.parametrize(
    ("role", "body"), [(Role.OFFICER, Body.CONSTABULARY), (Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE)]
)
def test_who_is_not_of_the_office_changes_nothing(office: Office, role: Role, body: Body) -> None:
    owner, outsider = person(office), person(office, role, body)
    with pytest.raises(Refused):
        added(office, outsider, owner_id=owner)
    number = added(office, owner)
    for what, given in (
        (bids.submit, {"on": TODAY}),
        (bids.drop, {"reason": "No."}),
        (bids.move, {"closes_on": date(2027, 3, 1), "reason": "No."}),
        (bids.hand_over, {"owner_id": owner, "office": office}),
    ):
        with pytest.raises(Refused):
            do(office, what, number, outsider, **given)
    assert days(office, BID) == [CLOSES]


def test_two_at_once_record_one_thing(office: Office) -> None:
    who = person(office)
    number = added(office, who)
    done = at_once(
        [
            lambda: do(office, bids.submit, number, who, on=TODAY),
            lambda: do(office, bids.drop, number, who, reason="No."),
            lambda: do(office, bids.submit, number, who, on=TODAY),
        ]
    )
    assert (len(done.done), len(done.refused)) == (1, 2)
    sound(office)


def test_the_register_has_what_is_open_first_and_what_ended_last(office: Office) -> None:
    who = person(office)
    late, soon, gone = (added(office, who, closes_on=day) for day in (CLOSES, date(2026, 12, 1), date(2026, 12, 9)))
    do(office, bids.drop, gone, who, reason="No.")
    with office.reading() as session:
        live, ended = bids.listed(session)
        assert ([one.id for one in live], [one.id for one in ended]) == ([soon, late], [gone])
        assert bids.how_it_stands(live[0], date(2026, 12, 1)) == "closes today"
        assert bids.how_it_stands(live[0], date(2026, 12, 2)) == "not handed in, and the day has passed"
