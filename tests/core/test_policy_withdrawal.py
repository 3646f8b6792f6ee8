"""Policies that are withdrawn before their day has come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core import audit, policies
from core.errors import NotFound, Refused
from core.office import Office, fingerprint_of
from core.policies import AtStart
from tests.conftest import Clock
from tests.core.applying import APRIL, LOWER, MAY, SHORTER, TEXT, TODAY, applied, started
from tests.core.casework import at_once, submitted, trail


def withdrawn(office: Office, day: date = APRIL, by: str = "Kim", because: str = "The scheme is not signed.") -> str:
    """Take back what is to come on a day; the text that holds then."""
    with office.sessions.begin() as session:
        policies.withdraw(session, day, by=by, because=because, office=office, now=office.clock())
    return office.in_force(on=day).policy_text


def test_what_is_to_come_is_withdrawn_for_a_reason_and_what_held_holds_on(office: Office, clock: Clock) -> None:
    applied(office, LOWER)
    applied(office, SHORTER, APRIL)
    applied(office, TEXT, MAY)
    clock.forward(hours=1)
    assert withdrawn(office) == LOWER
    assert office.in_force(on=MAY).policy_text == TEXT
    with office.reading() as session:
        assert policies.standing(session, office=office, day=TODAY).until == MAY - timedelta(days=1)
        found = policies.versions(session, office=office)
        assert [one.held for one in found] == [True, True, False, True]
        back = found[2].withdrawn
        assert back is not None
        assert (back.by, back.because, back.at) == ("Kim", "The scheme is not signed.", clock.now)
        assert (found[2].first, found[2].last) == (APRIL, None)
        assert [change.after for change in found[3].changes or ()] == ["£3,500"]  # against what holds before it
        assert audit.verify(session).faults == ()
    (line,) = trail(office, "policy_withdrawn")
    assert line.actor == "Kim"
    assert line.data == {
        "policy": fingerprint_of(SHORTER),
        "from": "2027-04-01",
        "instead": fingerprint_of(LOWER),
        "because": "The scheme is not signed.",
    }


def test_what_was_withdrawn_never_begins_and_may_be_applied_again(office: Office, clock: Clock) -> None:
    submitted(office)
    applied(office, LOWER, APRIL)
    withdrawn(office)
    clock.forward(days=200)
    with office.sessions.begin() as session:
        assert policies.begin(session, office=office, now=clock.now) == []
    assert office.in_force().policy_text == TEXT
    clock.forward(days=-200)
    applied(office, LOWER, APRIL)
    assert office.in_force(on=APRIL).policy_text == LOWER


def test_what_was_applied_for_the_same_day_before_it_does_not_come_back(office: Office) -> None:
    applied(office, LOWER, APRIL)
    applied(office, SHORTER, APRIL)
    assert withdrawn(office) == TEXT


def test_what_has_come_into_force_is_not_withdrawn(office: Office, clock: Clock) -> None:
    applied(office, LOWER)
    applied(office, SHORTER, APRIL)
    for day in (TODAY, TODAY - timedelta(days=1), date.min):
        with pytest.raises(Refused, match=r"has come: .* Apply the policy that is to hold from now on\."):
            withdrawn(office, day)
    clock.now = datetime(2027, 3, 31, 23, 30, tzinfo=UTC)  # half past midnight in London
    with pytest.raises(Refused, match=r"1 April 2027 has come"):
        withdrawn(office)
    clock.now = datetime(2027, 3, 31, 22, 59, tzinfo=UTC)
    assert withdrawn(office) == LOWER


def test_a_day_on_which_nothing_is_to_come_and_no_reason_are_refused(office: Office) -> None:
    with pytest.raises(NotFound, match=r"on 1 April 2027\. None is on any day to come\."):
        withdrawn(office)
    applied(office, LOWER, APRIL)
    applied(office, SHORTER, MAY)
    with pytest.raises(NotFound, match=r"on 2 April 2027\. One is on 1 April 2027 and 1 May 2027\."):
        withdrawn(office, APRIL + timedelta(days=1))
    for reason, said in ((" \n ", "Say why"), ("x" * 1_001, "Keep the reason to 1,000")):
        with pytest.raises(Refused, match=said):
            withdrawn(office, because=reason)
    assert withdrawn(office, because="x" * 1_000) == TEXT
    with pytest.raises(NotFound, match=r"One is on 1 May 2027\."):
        withdrawn(office)


def test_of_two_who_withdraw_at_once_one_does(office: Office) -> None:
    applied(office, LOWER, APRIL)
    outcome = at_once([lambda: withdrawn(office, by="Kim"), lambda: withdrawn(office, by="Lee")])
    assert len(outcome.done) == 1
    assert [type(one) for one in outcome.refused] == [NotFound]
    assert len(trail(office, "policy_withdrawn")) == 1


def test_once_all_that_was_applied_is_withdrawn_the_file_holds_as_before(office: Office) -> None:
    started(office)
    applied(office, LOWER, APRIL)
    assert started(office, SHORTER) is AtStart.DIFFERS
    withdrawn(office)
    assert started(office, SHORTER) is AtStart.HOLDS
    assert office.in_force().policy_text == SHORTER
