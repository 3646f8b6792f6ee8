"""More time for a return (D0): asked for by its recipient, agreed or declined by the office; its steps move with it."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, deadlines, more_time, payments, returns
from core.errors import Conflict, NotFound, Refused
from core.office import Office
from core.records import Deadline, Nudge, Payment, TimeRequest
from core.rules.policy import Body, Role
from scheduler.wording import NothingLeft, open_nudges
from tests.core.casework import (
    active,
    at_once,
    days,
    london,
    messages,
    person,
    reducing_crime,
    returned,
    someone,
    sweep,
    told,
    trail,
)

FIRST, LAST = date(2027, 7, 1), date(2027, 10, 31)
LATEST = FIRST + timedelta(days=28)
"""As far as the shipped policy lets the first return move."""


def after(number: int, due: date = FIRST) -> date:
    return due + timedelta(days=number)


def ask(office: Office, award_id: int, until: date, due: date = FIRST, reason: str = "Our treasurer is ill.") -> int:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        deadline = returns.due_on(award, due)
        return more_time.ask(session, award, deadline, until, reason, office=office, now=office.clock()).id


def agree(office: Office, request: int, by: int | None = None) -> None:
    by = by or person(office)
    with office.sessions.begin() as session:
        more_time.agree(session, request, someone(session, by), office=office, now=office.clock())


def decline(office: Office, request: int, reason: str = "The Ministry needs it.") -> None:
    by = person(office)
    with office.sessions.begin() as session:
        more_time.decline(session, request, someone(session, by), reason=reason, now=office.clock())


def deadline(office: Office, award_id: int, due: date = FIRST) -> Deadline:
    with office.reading() as session:
        return returns.due_on(awards.by_id(session, award_id), due)


def status(office: Office, request: int) -> str:
    with office.reading() as session:
        return session.get_one(TimeRequest, request).status


def test_asking_changes_no_day_and_tells_the_office(office: Office) -> None:
    award_id = active(office)
    request = ask(office, award_id, after(14))
    assert deadline(office, award_id).due == FIRST
    [message] = messages(office, "more_time_asked")
    assert (message.channel, message.payload) == ("slack", {"award_id": award_id, "time_request_id": request})
    [line] = trail(office, "more_time_asked")
    assert line.data == {"due": "2027-07-01", "until": "2027-07-15", "reason": "Our treasurer is ill."}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("until", "today", "said"),
    [
        (FIRST, date(2027, 6, 1), "must be 2 July 2027 or later"),
        (after(1), date(2027, 6, 1), ""),
        (LATEST, date(2027, 6, 1), ""),
        (after(29), date(2027, 6, 1), "must be 29 July 2027 or earlier"),
        (after(9), after(9), "must be 11 July 2027 or later"),  # overdue: a day that is to come
        (after(10), after(9), ""),
        (after(40), after(28), "cannot be moved any further"),
    ],
)
def test_the_day_is_later_and_not_too_late(office: Office, clock: Any, until: date, today: date, said: str) -> None:
    award_id = active(office)
    clock.now = london(today)
    if not said:
        agree(office, ask(office, award_id, until))
        assert deadline(office, award_id).due == until
        return
    with pytest.raises(Refused, match=said) as refused:
        ask(office, award_id, until)
    assert refused.value.rule == "D0"


def test_it_never_reaches_the_next_return(office: Office) -> None:
    award_id = active(office, reducing_crime(start=date(2027, 1, 1), end=date(2027, 7, 20)))
    with pytest.raises(Refused, match="must be 19 July 2027 or earlier"):
        ask(office, award_id, date(2027, 7, 20))
    agree(office, ask(office, award_id, date(2027, 7, 19)))


def test_twice_more_time_goes_no_further_than_once(office: Office) -> None:
    award_id = active(office)
    agree(office, ask(office, award_id, after(20)))
    with pytest.raises(Refused, match="must be 29 July 2027 or earlier"):
        ask(office, award_id, after(29), after(20))
    agree(office, ask(office, award_id, LATEST, after(20)))
    found = deadline(office, award_id, LATEST)
    assert (found.due, found.first_due) == (LATEST, FIRST)
    assert deadline(office, award_id, FIRST).id == found.id  # a program may still send it under its first day


def test_an_empty_reason_and_a_return_that_is_in_are_refused(office: Office) -> None:
    award_id = active(office)
    with pytest.raises(Refused, match="Say why"):
        ask(office, award_id, after(7), reason=" \n ")
    receive(office, award_id)
    with pytest.raises(Conflict, match="is in"):
        ask(office, award_id, after(7))


def receive(office: Office, award_id: int, due: date = FIRST) -> None:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        returns.receive(session, award, due, returned(), source="the recipient", now=office.clock())


def test_a_return_that_comes_in_needs_no_more_time(office: Office) -> None:
    award_id = active(office)
    request = ask(office, award_id, after(7))
    receive(office, award_id)
    assert status(office, request) == "lapsed"
    with pytest.raises(Conflict, match="the return came in"):
        agree(office, request)
    assert deadline(office, award_id).due == FIRST


def test_declining_gives_the_reason_and_leaves_the_day(office: Office) -> None:
    award_id = active(office)
    request = ask(office, award_id, after(7))
    with pytest.raises(Refused, match="Say why not"):
        decline(office, request, " ")
    decline(office, request)
    assert (status(office, request), deadline(office, award_id).due) == ("declined", FIRST)
    assert len(messages(office, "more_time_declined")) == len(trail(office, "more_time_declined")) == 1
    with pytest.raises(Conflict, match="answered already: it is declined"):
        agree(office, request)
    ask(office, award_id, after(5))  # and asking again is open


def test_who_agrees_second_hears_that_it_is_agreed(office: Office) -> None:
    request = ask(office, active(office), after(7))
    agree(office, request)
    with pytest.raises(Conflict, match="answered already: it is agreed"):
        agree(office, request)


def test_only_the_office_answers(office: Office) -> None:
    request = ask(office, active(office), after(7))
    with pytest.raises(Refused, match="Constabulary staff"):
        agree(office, request, person(office, Role.OFFICER, Body.CONSTABULARY))
    with pytest.raises(NotFound):
        agree(office, 10_000)


def test_a_day_that_passed_before_the_answer_cannot_be_agreed(office: Office, clock: Any) -> None:
    request = ask(office, active(office), after(7))
    clock.now = london(after(7))
    with pytest.raises(Refused, match="Decline it, and say why"):
        agree(office, request)


def test_asked_six_times_at_once_it_is_asked_once(office: Office) -> None:
    award_id = active(office)
    came = at_once([partial(ask, office, award_id, after(7))] * 6)
    assert len(came.done) == 1
    assert len(messages(office, "more_time_asked")) == 1


def test_two_who_answer_at_once_one_stands(office: Office) -> None:
    award_id = active(office)
    request = ask(office, award_id, after(7))
    came = at_once([partial(agree, office, request), partial(decline, office, request)] * 2)
    assert len(came.done) == 1
    assert (deadline(office, award_id).due == after(7)) == (status(office, request) == "agreed")
    assert len(messages(office, "more_time_agreed", "more_time_declined")) == 1


def test_agreed_while_the_return_comes_in_one_of_the_two_is_first(office: Office) -> None:
    for _ in range(4):
        award_id = active(office)
        request = ask(office, award_id, after(7))
        at_once([partial(agree, office, request), partial(receive, office, award_id)])
        with office.reading() as session:
            [came_in] = awards.by_id(session, award_id).returns
            found = next(one for one in awards.by_id(session, award_id).deadlines if one.due == came_in.due)
            assert found.met_at is not None
        assert came_in.due == (after(7) if status(office, request) == "agreed" else FIRST)


def test_a_payment_that_waits_for_the_return_waits_for_its_new_day(office: Office) -> None:
    award_id = active(office, reducing_crime(end=LAST))
    with office.sessions.begin() as session:
        officer = someone(session, person(office))
        given: dict[str, Any] = {"planned_on": FIRST, "return_due": FIRST, "now": office.clock()}
        payments.plan(session, award_id, officer, amount=100_00, **given)
    agree(office, ask(office, award_id, after(7)))
    with office.reading() as session:
        assert session.scalars(select(Payment.return_due)).all() == [after(7)]


# ------------------------------------------------------------------------------------------------------- its steps


STEPS = {
    -28: ["officer", "recipient"],
    -7: ["officer", "recipient"],
    -1: ["officer", "recipient"],
    0: ["officer", "recipient"],
    7: ["officer", "recipient"],
    14: ["director", "officer", "recipient"],
    28: ["director", "officer", "recipient"],
}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("agreed_on", "moved"),
    [
        (-40, list(STEPS)),  # before any step was sent
        (-28, list(STEPS)),
        (-10, list(STEPS)),  # the first was sent for the first day, and is sent for the new one
        (0, [-7, -1, 0, 7, 14, 28]),  # 28 days before the new day is over by then, and is not made up
        (6, [-7, -1, 0, 7, 14, 28]),
        (15, [-1, 0, 7, 14, 28]),
    ],
)
def test_every_step_that_is_to_come_moves_and_is_sent_once(
    office: Office, clock: Any, agreed_on: int, moved: list[int]
) -> None:
    award_id = active(office)
    until = after(20)
    for day in days(after(-45), after(agreed_on)):
        sweep(office, day)
    before = {(one.due, one.step, one.person) for one in nudges(office)}
    clock.now = london(after(agreed_on))
    agree(office, ask(office, award_id, until))
    expected = {(until + timedelta(days=step), step, to) for step in moved for to in STEPS[step]}
    sent = set()
    for day in days(after(agreed_on), after(60, until)):
        for step in sweep(office, day):
            if step.due == until:
                sent.add((working(office, until, step.step, step.to), step.step, step.to))
                assert day == working(office, until, step.step, step.to)
    assert {(step, to) for _, step, to in sent} == {(step, to) for _, step, to in expected}
    now = [(one.due, one.step, one.person) for one in nudges(office) if one.due != LAST]
    assert len(now) == len(set(now))
    assert before <= set(now)  # what was sent for the first day stays sent


def working(office: Office, due: date, step: int, to: str) -> date:
    day = due + timedelta(days=step)
    while to != "recipient" and (day.weekday() > 4 or day in office.holidays):
        day += timedelta(days=1)
    return day


def nudges(office: Office) -> list[Nudge]:
    with office.reading() as session:
        return list(session.scalars(select(Nudge).order_by(Nudge.id)))


def test_nobody_hears_of_the_first_day_any_more(office: Office, clock: Any) -> None:
    award_id = active(office)
    until = after(20)
    clock.now = london(after(-10))
    agree(office, ask(office, award_id, until))
    sent = [step for day in days(after(-10), after(19)) for step in sweep(office, day)]
    assert {one.due for one in sent} == {until}
    assert told(sent) == [(step, to) for step in (-28, -7, -1) for to in ("officer", "recipient")]


def test_a_nudge_that_waits_to_be_sent_is_withheld_once_more_time_is_agreed(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.now = london(after(-7))
    assert told(sweep(office, after(-7))) == [(-7, "officer"), (-7, "recipient")]
    agree(office, ask(office, award_id, after(20)))
    for message in messages(office, "nudge", "staff_nudge"):
        with office.reading() as session, pytest.raises(NothingLeft):
            open_nudges(session, message)


def test_a_swept_day_is_never_swept_again_for_a_moved_one(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.now = london(after(14))
    sweep(office, after(14))
    agree(office, ask(office, award_id, after(21)))  # its step of 7 days before is today
    assert told(sweep(office, after(14))) == [(-7, "officer"), (-7, "recipient")]
    assert sweep(office, after(14)) == ()


def test_the_list_of_deadlines_shows_the_new_day_and_what_was_sent_for_it(office: Office, clock: Any) -> None:
    award_id = active(office)
    clock.now = london(after(-28))
    sweep(office, after(-28))
    agree(office, ask(office, award_id, after(20)))
    with office.reading() as session:
        listed = deadlines.listing(session, office=office, today=after(1))
    shown = next(one for one in listed if one["due"] == after(20).isoformat())
    assert (shown["state"], {one["sent_at"] for one in shown["steps"]}) == ("due", {None})


def test_sweeps_while_more_time_is_agreed_send_each_step_once(office: Office, clock: Any) -> None:
    chance = random.Random(20_270_701)
    for award_id in [active(office) for _ in range(3)]:
        today, until = after(chance.choice((-7, -1, 0, 7))), after(chance.randint(10, 28))
        clock.now = london(today)
        request = ask(office, award_id, until)
        at_once([partial(agree, office, request), *([partial(sweep, office, today)] * 3)])
        for day in days(today, after(30, until)):
            sweep(office, day)
        with office.reading() as session:
            mine = [one for one in awards.by_id(session, award_id).deadlines if one.due == until]
            steps = [(one.due, one.step, one.person) for found in mine for one in found.nudges]
        assert len(steps) == len(set(steps))
        assert {(step, to) for due, step, to in steps if due == until} >= {(28, "recipient"), (28, "director")}
        receive(office, award_id, until)
