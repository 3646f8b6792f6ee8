"""What was not sent moves with the steps, the closed days and the pauses, on each side of every boundary (D0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core import deadlines, replanning
from core.office import Office
from core.records import Deadline
from core.rules.policy import NudgeStep, Pause
from tests.core.casework import bare_awards, london, messages, sweep, told, trail

DUE = date(2027, 7, 1)
"""A Thursday; no bank holiday is near."""

WEDNESDAY, MONDAY = date(2027, 6, 30), date(2027, 6, 28)
OFFICER, RECIPIENT = "officer", "recipient"


def july(day: int) -> date:
    return date(2027, 7, day)


def steps(*named: tuple[int, str], kind: str = "return") -> dict[str, Any]:
    """The figures of a policy in which a kind has these steps."""
    return {kind: tuple(NudgeStep(days, to) for days, to in named)}


def having(office: Office, *, holidays: Sequence[date] = (), pauses: Sequence[Pause] = (), **kinds: Any) -> Office:
    """The office with these steps of returns, these days off (beside its own), and these pauses."""
    named = kinds.get("named", ((-1, OFFICER), (0, OFFICER), (0, RECIPIENT)))
    given = steps(*named)
    figures = tuple((kind, replace(one, value=given.get(kind, one.value))) for kind, one in office.policy.nudges)
    policy = replace(office.policy, nudges=figures, pauses=tuple(pauses))
    return replace(office, policy=policy, holidays=office.holidays | frozenset(holidays))


def paused(first: date, until: date | None, *holds: str) -> Pause:
    return Pause(first, until, "Pre-election period", holds or ("return",), "office")


def one(office: Office, due: date = DUE, **given: Any) -> int:
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1)
        made = deadlines.set_deadline(
            session,
            subject=f"award:{award.id}",
            reference=award.reference,
            kind=given.pop("kind", "return"),
            due=due,
            now=office.clock(),
            award_id=award.id,
            **given,
        )
        session.flush()
        return made.id


def next_on(office: Office, number: int) -> date | None:
    with office.reading() as session:
        return session.get_one(Deadline, number).next_step_on


@pytest.mark.one_database
@pytest.mark.parametrize("announced_after", [date(2027, 5, 3), date(2027, 6, 29), WEDNESDAY])
def test_a_holiday_moves_what_was_not_sent_however_late_it_is_announced(office: Office, announced_after: date) -> None:
    """Up to a sweep of the very day: what it sent stays sent, and what it did not send moves."""
    before, after = having(office), having(office, holidays=[WEDNESDAY])
    number = one(before)
    had = told(sweep(before, announced_after))
    assert had == ([(-1, OFFICER)] if announced_after == WEDNESDAY else [])
    assert sweep(after, WEDNESDAY) == ()
    assert next_on(after, number) == DUE
    assert told(sweep(after, DUE)) == [(0, OFFICER), (0, RECIPIENT)]
    [line] = trail(office, "deadlines_replanned")
    assert line.data["closed_added"] == ["2027-06-30"]
    assert line.data["deadlines"] == (0 if had else 1)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("withdrawn_after", "goes_out"),
    [
        (MONDAY, date(2027, 6, 29)),  # before the day: it goes out on it
        (date(2027, 6, 29), date(2027, 6, 29)),  # on the day, which was swept while nobody worked: at once
        (WEDNESDAY, WEDNESDAY),  # after it: at once, a day late
    ],
)
def test_a_holiday_that_is_withdrawn_gives_its_step_back(office: Office, withdrawn_after: date, goes_out: date) -> None:
    named = ((-2, OFFICER), (7, OFFICER))
    before, after = (
        having(office, named=named, holidays=[date(2027, 6, 29), WEDNESDAY, DUE]),
        having(office, named=named),
    )
    one(before)
    assert sweep(before, withdrawn_after) == ()
    assert told(sweep(after, goes_out)) == [(-2, OFFICER)]
    assert told(sweep(after, july(8))) == [(7, OFFICER)]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("swept_last", "made_up"), [(date(2027, 6, 20), True), (date(2027, 6, 21), True), (date(2027, 6, 22), False)]
)
def test_a_new_step_goes_out_from_the_last_sweep_s_day_on_and_is_not_made_up_before_it(
    office: Office, swept_last: date, made_up: bool
) -> None:
    """The new step falls on 21 June. Nobody has it on a later day either, when another step wakes its deadline."""
    named = ((0, OFFICER),)
    before, after = having(office, named=named), having(office, named=((-10, OFFICER), (-10, RECIPIENT), *named))
    one(before)
    assert sweep(before, swept_last) == ()
    ten = [(-10, OFFICER), (-10, RECIPIENT)] if made_up else []
    assert told(sweep(after, date(2027, 6, 23))) == ten
    assert told(sweep(after, DUE)) == [(0, OFFICER)]


@pytest.mark.one_database
def test_a_step_that_is_taken_out_is_not_sent_and_one_that_was_sent_is_not_sent_again(office: Office) -> None:
    before = having(office, named=((-7, OFFICER), (-1, OFFICER), (7, OFFICER)))
    after = having(office, named=((-7, OFFICER), (-5, OFFICER), (7, OFFICER)))
    one(before)
    assert told(sweep(before, date(2027, 6, 24))) == [(-7, OFFICER)]
    assert sweep(after, date(2027, 6, 25)) == ()
    assert told(sweep(after, date(2027, 6, 28))) == [(-5, OFFICER)]  # due on a Saturday
    assert sweep(after, WEDNESDAY) == ()
    assert told(sweep(before, july(8))) == [(7, OFFICER)]
    assert len(trail(office, "deadlines_replanned")) == 2


@pytest.mark.one_database
def test_a_pause_holds_its_kinds_until_the_day_after_it_and_says_what_was_not_sent(office: Office) -> None:
    named = ((-1, RECIPIENT), (0, RECIPIENT), (7, OFFICER))
    desk = having(office, pauses=[paused(WEDNESDAY, july(6))], named=named)
    one(desk)
    one(desk, kind="meeting")
    sent = {day: sweep(desk, day) for day in (date(2027, 6, 29), WEDNESDAY, DUE, july(6), july(7))}
    assert {day: [(step.kind, step.step, step.to) for step in steps] for day, steps in sent.items() if steps} == {
        date(2027, 6, 29): [("meeting", -7, OFFICER)],
        DUE: [("meeting", 0, OFFICER), ("meeting", 0, "director")],
        july(7): [("return", 0, RECIPIENT)],
    }
    [said] = [message.payload for message in messages(office) if "missed" in message.payload]
    assert said["missed"][0][1:] == [RECIPIENT, -1, "2027-07-07", "pause"]


@pytest.mark.one_database
@pytest.mark.parametrize("ended_on", [july(2), july(5), july(9)])
def test_a_pause_without_an_end_that_is_ended_lets_its_steps_go(office: Office, ended_on: date) -> None:
    """With the day on which it is said, with one to come, and with one that is over."""
    named = ((-1, OFFICER), (0, RECIPIENT), (14, RECIPIENT))
    before = having(office, pauses=[paused(MONDAY, None)], named=named)
    after = having(office, pauses=[paused(MONDAY, ended_on)], named=named)
    one(before)
    for day in (WEDNESDAY, DUE, july(5)):
        assert sweep(before, day) == ()
    goes_out = {july(2): july(5), july(5): july(6), july(9): july(10)}[ended_on]
    sent = told(sweep(after, goes_out))
    assert (0, RECIPIENT) in sent
    if ended_on == july(9):  # a Saturday: the officer hears on Monday
        sent += told(sweep(after, july(12)))
    assert sorted(sent) == [(-1, OFFICER), (0, RECIPIENT)]
    assert told(sweep(after, july(15))) == [(14, RECIPIENT)]


@pytest.mark.one_database
def test_a_pause_that_is_taken_back_lets_its_steps_go_at_once(office: Office) -> None:
    named = ((0, RECIPIENT), (14, RECIPIENT))
    before, after = having(office, pauses=[paused(MONDAY, july(30))], named=named), having(office, named=named)
    number = one(before)
    assert sweep(before, july(5)) == ()
    assert next_on(before, number) == july(31)
    assert told(sweep(after, july(5))) == [(0, RECIPIENT)]
    assert next_on(after, number) == july(15)


@pytest.mark.one_database
def test_a_pause_that_was_overtaken_by_a_gap_is_said_to_be_a_gap(office: Office) -> None:
    """It was let go on the 3rd, when nothing ran; the step of the 8th is what is sent on the 9th."""
    desk = having(office, pauses=[paused(WEDNESDAY, july(2))], named=((0, RECIPIENT), (7, RECIPIENT)))
    one(desk)
    sweep(desk, DUE)
    assert told(sweep(desk, july(9))) == [(7, RECIPIENT)]
    [said] = [message.payload["missed"] for message in messages(office) if "missed" in message.payload]
    assert [each[1:] for each in said] == [[RECIPIENT, 0, "2027-07-03", "gap"]]


@pytest.mark.one_database
def test_more_time_as_a_pause_ends_is_no_second_message_of_one_name(office: Office) -> None:
    """The same step of two due days was held to the same Saturday, on which nothing but that is for the office."""
    desk = having(office, pauses=[paused(date(2027, 6, 1), july(9))], named=((-15, RECIPIENT), (-10, RECIPIENT)))
    number = one(desk)
    sweep(desk, date(2027, 5, 31))
    assert told(sweep(desk, july(10))) == [(-10, RECIPIENT)]
    with office.sessions.begin() as session:
        deadlines.extend(session, session.get_one(Deadline, number), july(12), today=july(10), now=london(july(10)))
    assert told(sweep(desk, july(10))) == [(-10, RECIPIENT)]
    said = [(message.key, message.payload["missed"]) for message in messages(office) if "missed" in message.payload]
    assert [key for key, _ in said] == [
        f"missed:{number}:2027-07-{day}:recipient:-15:2027-07-10:channel" for day in ("01", "12")
    ]


@pytest.mark.one_database
def test_a_week_end_that_leads_into_a_pause_is_held_by_the_pause(office: Office) -> None:
    """The officer's step of Saturday waits for Monday, which is paused: so it was the pause that held it."""
    desk = having(
        office, pauses=[paused(july(5), july(7))], named=((2, OFFICER), (6, OFFICER))
    )  # Saturday 3, Wednesday 7
    one(desk)
    for day in range(1, 8):
        assert sweep(desk, july(day)) == ()
    assert told(sweep(desk, july(8))) == [(6, OFFICER)]
    [said] = [message.payload["missed"] for message in messages(office) if "missed" in message.payload]
    assert [each[1:] for each in said] == [[OFFICER, 2, "2027-07-08", "pause"]]


@pytest.mark.one_database
def test_two_steps_that_a_week_end_brings_to_one_day_miss_nothing(office: Office) -> None:
    desk = having(office, named=((2, OFFICER), (3, OFFICER)))  # a Saturday and a Sunday
    one(desk)
    sweep(desk, july(2))
    assert told(sweep(desk, july(5))) == [(3, OFFICER)]
    assert [message for message in messages(office) if "missed" in message.payload] == []


@pytest.mark.one_database
def test_what_an_officer_put_off_moves_back_with_the_days_that_held_it(office: Office) -> None:
    """Put off until Thursday, a pause came, and was ended after that day."""
    named = ((-1, OFFICER), (30, OFFICER))
    before, after = having(office, pauses=[paused(WEDNESDAY, None)], named=named), having(office, named=named)
    number = one(before)
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        found.snoozed_until = DUE
        found.next_step_on = deadlines.first_step_on(before, "return", DUE, snoozed_until=DUE, after=MONDAY)
    for day in (WEDNESDAY, DUE, july(2)):
        assert sweep(before, day) == ()
    assert told(sweep(after, july(2))) == [(0, OFFICER)]  # the day itself, of which there was no step


@pytest.mark.one_database
def test_what_was_reopened_under_a_pause_that_was_taken_back_before_a_sweep_is_told_of(office: Office) -> None:
    """No sweep ever saw the pause, which had no end: the plan is as at the sweep before it."""
    before, paused_then = having(office), having(office, pauses=[paused(WEDNESDAY, None)])
    number = one(before)
    sweep(before, MONDAY)
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        deadlines.meet(session, found, now=london(MONDAY))
        deadlines.reopen(session, found, office=paused_then, today=MONDAY, now=london(MONDAY))
    assert told(sweep(before, WEDNESDAY)) == [(-1, OFFICER)]
    assert told(sweep(before, DUE)) == [(0, OFFICER), (0, RECIPIENT)]


@pytest.mark.one_database
def test_nobody_who_comes_later_is_told_what_was_over_before(office: Office) -> None:
    """A second contact who is named after a step's day hears from the next on, and not when the officer's wakes it."""
    desk = having(office, named=((1, "second_contact"), (5, OFFICER), (7, "second_contact")))
    number = one(desk)
    sweep(desk, july(2))
    with office.sessions.begin() as session:
        award = session.get_one(Deadline, number).award
        assert award is not None
        award.application.second_email = "grace@riverside.example"
    assert told(sweep(desk, july(6))) == [(5, OFFICER)]
    assert told(sweep(desk, july(8))) == [(7, "second_contact")]


@pytest.mark.one_database
def test_a_deadline_set_under_the_new_plan_before_the_next_sweep_keeps_its_steps(office: Office) -> None:
    """A holiday is announced on the day itself, and a deadline is set or moved under it before it is swept again."""
    before, after = having(office), having(office, holidays=[WEDNESDAY])
    one(before, date(2027, 9, 1))
    sweep(before, WEDNESDAY)
    late = one(after, DUE)  # its step of the day before now waits for the day itself
    moved = one(after, date(2027, 6, 1))
    with office.sessions.begin() as session:
        deadlines.extend(session, session.get_one(Deadline, moved), DUE, today=WEDNESDAY, now=london(WEDNESDAY))
    assert sweep(after, WEDNESDAY) == ()
    assert [next_on(after, number) for number in (late, moved)] == [DUE, DUE]
    assert len(sweep(after, DUE)) == 4


@pytest.mark.one_database
def test_a_deadline_set_today_with_a_step_that_the_new_plan_brings_forward_is_told(office: Office) -> None:
    before, after = having(office, named=((-1, OFFICER),), holidays=[WEDNESDAY]), having(office, named=((-1, OFFICER),))
    one(before, date(2027, 9, 1))
    sweep(before, july(2))
    one(before, DUE)  # its step is over, on the 1st; under the new plan on the 30th
    assert told(sweep(after, july(2))) == [(-1, OFFICER)]


@pytest.mark.one_database
def test_no_step_from_before_the_silence_comes_back_with_a_new_plan(office: Office) -> None:
    before, after = having(office, holidays=[DUE]), having(office)
    number = one(before, silent_before=july(2))
    sweep(before, WEDNESDAY)
    assert next_on(before, number) == july(2)  # the officer's, who waits for a day on which people work
    assert sweep(after, july(2)) == ()
    assert next_on(after, number) is None


@pytest.mark.one_database
def test_a_plan_that_stays_writes_no_line_and_one_that_comes_twice_writes_one(office: Office) -> None:
    before, after = having(office), having(office, holidays=[WEDNESDAY])
    one(before)
    for day in (MONDAY, MONDAY, date(2027, 6, 29)):
        sweep(before, day)
    assert trail(office, "deadlines_replanned") == []
    for _ in range(2):
        sweep(after, date(2027, 6, 29))
    assert len(trail(office, "deadlines_replanned")) == 1


@pytest.mark.one_database
def test_a_record_of_an_older_desk_gets_the_steps_that_came_since_with_its_first_sweep(office: Office) -> None:
    """It has deadlines, and no plan yet; what it planned with had fewer steps."""
    older, desk = (
        having(office, named=((0, OFFICER),)),
        having(office, named=((-7, OFFICER), (-1, OFFICER), (0, OFFICER))),
    )
    number = one(older)
    with office.sessions.begin() as session:
        session.get_one(Deadline, number).next_step_on = DUE  # as the older desk worked it out
    assert sweep(desk, date(2027, 6, 25)) == ()
    assert next_on(desk, number) == WEDNESDAY
    assert told(sweep(desk, WEDNESDAY)) == [(-1, OFFICER)]


def test_many_are_moved_in_a_few_passes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.replanning.BATCH", 3)
    before, after = having(office), having(office, holidays=[WEDNESDAY])
    numbers = [one(before) for _ in range(8)]
    sweep(before, MONDAY)
    sweep(after, MONDAY)
    with office.reading() as session:
        days = session.execute(select(Deadline.next_step_on).where(Deadline.id.in_(numbers))).scalars().all()
    assert days == [DUE] * 8
    [line] = trail(office, "deadlines_replanned")
    assert line.data["deadlines"] == 8


def test_a_day_that_is_moved_while_the_plan_changes_keeps_the_step_of_its_new_day(office: Office) -> None:
    number = one(office)
    with office.reading() as session:
        read = session.execute(select(Deadline.id, Deadline.due).where(Deadline.id == number)).one()
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        deadlines.extend(session, found, july(20), today=MONDAY, now=london(MONDAY))
        stands = found.next_step_on
    with office.sessions.begin() as session:
        assert replanning._write(session, WEDNESDAY, [read]) == 0
        assert session.get_one(Deadline, number).next_step_on == stands
        as_it_is = session.execute(select(Deadline.id, Deadline.due).where(Deadline.id == number)).one()
        assert replanning._write(session, WEDNESDAY, [as_it_is]) == 1
