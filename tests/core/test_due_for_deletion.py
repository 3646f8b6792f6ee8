"""What is to be deleted by hand (W4): from when on, not while it is held, and never a draft or what still runs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core import applications, awards, deciding, due_for_deletion, holds, undoing
from core.audit import verify
from core.errors import Conflict, Refused
from core.office import Office
from core.rules.keeping import HoldReason
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    active,
    at_once,
    decide,
    drafted,
    offered,
    person,
    recommended,
    someone,
    submitted,
    sweep,
    told,
    trail,
)
from tests.core.due import dates

RETENTION = due_for_deletion.RETENTION
TODAY = date(2026, 11, 23)
DECLINED = date(2028, 11, 24)
"""The day after the 24 months for which what was declined today is kept."""

ENDED = date(2034, 11, 1)
"""The day after the 84 months for which an award that ends on 31 October 2027 is kept."""


def declined(office: Office) -> tuple[int, int]:
    """An application that was declined today, and by whom."""
    number, who = recommended(office), person(office, Role.COMMISSIONER)
    decide(office, number, who, outcome="declined", amount=None)
    return number, who


def withdrawn(office: Office) -> int:
    number = submitted(office)
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, number), office=office, now=office.clock())
    return number


def hold(office: Office, number: int) -> int:
    who = person(office)
    with office.sessions.begin() as session:
        reference = str(applications.by_id(session, number).reference)
        by, reason = someone(session, who), HoldReason.LITIGATION
        return holds.place(session, reference, by, reason=reason, file="LIT 3", now=office.clock()).id


def lift(office: Office, held: int, on: date) -> None:
    who = person(office)
    with office.sessions.begin() as session:
        holds.lift(session, held, someone(session, who), on=on, now=office.clock())


def record(office: Office, number: int, note: str = "The paper file.", who: int | None = None) -> None:
    who = who or person(office)
    with office.sessions.begin() as session:
        due_for_deletion.record(session, number, someone(session, who), note=note, now=office.clock())


def test_a_draft_and_what_still_runs_have_no_day(office: Office) -> None:
    drafted(office)
    submitted(office)
    recommended(office)
    offered(office)
    active(office)
    assert dates(office, RETENTION) == []


@pytest.mark.parametrize("end", [declined, withdrawn])
def test_what_came_to_nothing_is_kept_from_its_end(office: Office, end: Any) -> None:
    end(office)
    assert dates(office, RETENTION) == [(DECLINED, "open")]
    assert not [one for one in sweep(office, DECLINED - timedelta(days=1)) if one.kind == RETENTION]
    assert told(sweep(office, DECLINED)) == [(0, "officer")]
    assert told(sweep(office, DECLINED + timedelta(days=28))) == [(28, "director"), (28, "officer")]


def test_what_is_withdrawn_on_a_leap_day_is_kept_to_the_end_of_february(office: Office, clock: Clock) -> None:
    clock.set_day(date(2028, 2, 29))
    withdrawn(office)
    assert dates(office, RETENTION) == [(date(2030, 3, 1), "open")]


def test_an_award_is_kept_from_its_end_whenever_it_is_closed(office: Office, clock: Clock) -> None:
    award_id, who = active(office), person(office)
    with office.sessions.begin() as session:
        for one in awards.by_id(session, award_id).deadlines:
            if one.kind == "return":
                one.met_at = office.clock()
    clock.set_day(date(2027, 12, 24))
    with office.sessions.begin() as session:
        by = someone(session, who)
        awards.complete(session, award_id, by, note="All done.", office=office, now=office.clock())
    assert dates(office, RETENTION) == [(ENDED, "open")]


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_an_offer_that_came_to_nothing_is_kept_as_an_award_is(office: Office, clock: Clock, how: str) -> None:
    award_id = offered(office)
    if how == "expired":
        clock.forward(days=29)
    with office.sessions.begin() as session:
        if how == "refused":
            award = awards.by_id(session, award_id)
            awards.refuse(session, award, name="Grace Treasurer", office=office, now=office.clock())
        else:
            awards.expire_offers(session, today=office.today(), now=office.clock(), office=office)
    assert dates(office, RETENTION) == [(ENDED, "open")]


def test_a_decline_that_is_undone_has_none_until_it_is_declined_again(office: Office, clock: Clock) -> None:
    number, who = declined(office)
    clock.forward(days=3)
    with office.sessions.begin() as session:
        undoing.undo(session, number, someone(session, who), reason="Too fast.", office=office, now=office.clock())
    assert dates(office, RETENTION) == [(DECLINED, "closed")]
    lift(office, hold(office, number), on=office.today() - timedelta(days=1))
    assert dates(office, RETENTION) == [(DECLINED, "closed")], "a hold that ends brings back no day that is not"
    decide(office, number, who, outcome="declined", amount=None)
    assert dates(office, RETENTION) == [(DECLINED + timedelta(days=3), "open")]


def test_what_is_held_is_not_waited_for_and_its_day_comes_back(office: Office) -> None:
    number, _ = declined(office)
    first, second = hold(office, number), hold(office, number)
    assert dates(office, RETENTION) == [(DECLINED, "closed")]
    assert not sweep(office, DECLINED + timedelta(days=99))
    with office.reading() as session:
        found = due_for_deletion.finding(
            session, applications.by_id(session, number), office=office, today=DECLINED + timedelta(days=1)
        )
    assert found is not None
    assert "It is held by a claim (LIT 3)" in found.because
    lift(office, first, on=TODAY - timedelta(days=1))
    assert dates(office, RETENTION) == [(DECLINED, "closed")], "the other holds on"
    lift(office, second, on=TODAY - timedelta(days=1))
    assert dates(office, RETENTION) == [(DECLINED, "open")]


def test_a_hold_that_ends_after_its_day_puts_it_off(office: Office, clock: Clock) -> None:
    number, _ = declined(office)
    held = hold(office, number)
    until = DECLINED + timedelta(days=40)
    clock.set_day(DECLINED + timedelta(days=5))
    lift(office, held, on=until)
    assert dates(office, RETENTION) == [(until + timedelta(days=1), "open")]
    assert not [one for one in sweep(office, until) if one.kind == RETENTION]
    assert (0, "officer") in told(sweep(office, until + timedelta(days=1)))


def test_what_is_held_before_it_ends_has_no_open_day(office: Office) -> None:
    number, who = recommended(office), person(office, Role.COMMISSIONER)
    held = hold(office, number)
    assert dates(office, RETENTION) == []
    decide(office, number, who, outcome="declined", amount=None)
    assert dates(office, RETENTION) == [(DECLINED, "closed")]
    lift(office, held, on=TODAY - timedelta(days=1))
    assert dates(office, RETENTION) == [(DECLINED, "open")]


def test_what_was_deleted_is_recorded_once_its_day_has_come_and_once(office: Office, clock: Clock) -> None:
    number, _ = declined(office)
    clock.set_day(DECLINED - timedelta(days=1))
    with pytest.raises(Refused, match="may be deleted from 24 November 2028 on"):
        record(office, number)
    clock.set_day(DECLINED)
    with pytest.raises(Refused, match="Write what was deleted"):
        record(office, number, " ")
    done = at_once([lambda one=one: record(office, number, who=one) for one in (person(office), person(office))])  # type: ignore[misc]
    assert (len(done.done), [type(one) for one in done.refused]) == (1, [Conflict])
    assert dates(office, RETENTION) == [(DECLINED, "met")]
    assert len(trail(office, "deletion_recorded")) == 1
    lift(office, hold(office, number), on=DECLINED)
    assert dates(office, RETENTION) == [(DECLINED, "met")]
    with office.reading() as session:
        assert verify(session).sound


def test_whoever_has_an_interest_records_nothing(office: Office, clock: Clock) -> None:
    number, who = recommended(office), person(office, Role.COMMISSIONER)
    out = person(office)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, number, someone(session, out), reason="My aunt.", now=office.clock())
    decide(office, number, who, outcome="declined", amount=None)
    clock.set_day(DECLINED)
    with pytest.raises(Refused, match="interest"):
        record(office, number, who=out)
