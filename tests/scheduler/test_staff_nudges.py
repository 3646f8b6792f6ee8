"""What Slack says of deadlines, from the record: what was missed, what an earlier desk put, and all of it together."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.practice.workspace import TEAM_ID, Message, PracticePerson
from core import (
    absences,
    awards,
    chasing,
    deadlines,
    deciding,
    direct,
    handing_on,
    leaving,
    outbox,
    people,
    returns,
    sweeping,
)
from core.nudge_messages import LATELY, SHOWN
from core.records import Deadline, Nudge, OutboxMessage, Person
from core.rules.calendar import date_text
from core.rules.falling_due import KINDS
from core.rules.policy import Role
from core.rules.questions import ReturnFacts
from scheduler.timetable import run_digests, run_sweep
from tests.core.casework import london
from tests.scheduler.practice_desk import START, Desk

MONDAY = date(2026, 11, 30)
NOON = london(MONDAY, 12)


def staff(desk: Desk, name: str, user: str, role: Role = Role.OFFICER) -> Person:
    desk.slack.workspace.put_person(PracticePerson(user, name))
    with desk.office.sessions.begin() as session:
        return people.add(
            session, name=name, email=f"{user.lower()}@office.example", role=role, slack=(TEAM_ID, user),
            actor="tests", now=START,
        )  # fmt: skip


def falls_due(desk: Desk, count: int, first: date = MONDAY, kind: str | None = None, **given: Any) -> list[int]:
    """Things of the office's own that fall due, one a day."""
    kinds = list(KINDS)
    with desk.office.sessions.begin() as session:
        made = [
            deadlines.set_deadline(
                session, subject=f"own:{first.toordinal() * 100 + number}", reference=f"OWN-{number}",
                kind=kind or kinds[number % len(kinds)], due=first + timedelta(days=number),
                title=f"Thing <{number}> of the office", now=START, **given,
            )
            for number in range(count)
        ]  # fmt: skip
        session.flush()
        return [one.id for one in made]


def put(desk: Desk, kind: str, subject: str, payload: dict[str, Any], of: list[int], step: int = -90) -> int:
    """A message as a sweep puts it, with its nudges; its number."""
    with desk.office.sessions.begin() as session:
        key = f"{kind}:{subject}:{of[:1]}:{len(of)}:{step}"
        message = outbox.message_of(kind, subject=subject, key=key, payload=payload, now=desk.clock())
        outbox.put_all(session, [message])
        rows = [
            {"deadline_id": number, "due": session.get_one(Deadline, number).due, "step": step, "person": "officer",
             "message_id": message.id, "noted_at": desk.clock()}
            for number in of
        ]  # fmt: skip
        if rows:
            session.execute(insert(Nudge), rows)
        return message.id


def got(desk: Desk, user: str) -> list[Message]:
    return desk.slack.workspace.messages(desk.slack.workspace.open_direct(user).channel_id)


def missed(of: list[int], why: str) -> dict[str, Any]:
    days = [(MONDAY - timedelta(days=number)).isoformat() for number in range(len(of))]
    return {"missed": [[one, "recipient", -7, on, why] for one, on in zip(of, days, strict=True)], "missed_count": 60}


@pytest.mark.parametrize("to", ["officer", "director", "staff"])
def test_what_an_earlier_desk_put_is_worded_too(desk: Desk, to: str) -> None:
    desk.clock.now = NOON
    put(desk, "staff_nudge", "nudges:staff", {"to": to}, falls_due(desk, 2))
    desk.deliver()
    [message] = desk.told()
    heading = "Deadlines" if to == "staff" else f"Deadlines for the {to}"
    assert message.text.startswith(f"{heading}: 1 monitoring return and 1 offer to be accepted.")


def test_what_is_done_before_it_is_said_is_not_said_at_all(desk: Desk) -> None:
    desk.clock.now = NOON
    of = falls_due(desk, 1)
    number = put(desk, "staff_nudge", "nudges:staff", {"to": "staff"}, of)
    with desk.office.sessions.begin() as session:
        deadlines.meet(session, session.get_one(Deadline, of[0]), now=NOON)
    desk.deliver()
    assert desk.told() == []
    with desk.office.reading() as session:
        assert session.get_one(OutboxMessage, number).outcome == "withheld"


@pytest.mark.one_database
def test_who_is_given_an_award_is_told_what_falls_due_of_it(desk: Desk) -> None:
    award = desk.active()
    olive, dev = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    desk.clock.now = NOON
    desk.deliver()
    for by, to in ((olive, dev), (dev, olive)):
        with desk.office.sessions.begin() as session:
            handing_on.give(session, award.application_id, session.merge(by), to.id, office=desk.office, now=NOON)
    desk.deliver()
    assert got(desk, "U0DEV") == [], "it is somebody else's already"
    [message] = got(desk, "U0OFFICER")
    assert message.text == f"Dev Director gave the award {award.reference} to you. 2 things of it fall due."
    said = str(message.blocks)
    assert "Dev Director gave this award to you" in said
    assert f"/desk/awards/{award.reference}" in said
    assert "Monitoring return, due on " in said
    assert ", with " not in said


@pytest.mark.one_database
@pytest.mark.parametrize("more", [False, True], ids=["alone", "beside what is still hers"])
def test_what_waited_for_the_morning_is_looked_at_again(desk: Desk, more: bool) -> None:
    """She has declared an interest in the award since, and snoozed a payment: the channel is told of the first."""
    award, olive = desk.active(), staff(desk, "Olive Officer", "U0OFFICER")
    desk.clock.now = night = london(MONDAY, 20)
    desk.quiet()
    with desk.office.reading() as session:
        found = deadlines.find(session, subject=f"award:{award.id}", kind="return")
        assert found is not None
    [quiet] = falls_due(desk, 1, MONDAY, kind="payment", owner_id=olive.id)
    hers = falls_due(desk, 1, MONDAY + timedelta(days=1), kind="bid", owner_id=olive.id) if more else []
    number = put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [found.id, quiet, *hers], -400)
    desk.deliver()
    assert got(desk, "U0OFFICER") == []
    with desk.office.sessions.begin() as session:
        her = session.merge(olive)
        deciding.declare_interest(session, award.application_id, her, reason="My son plays there.", now=night)
        chasing.snooze(session, quiet, her, MONDAY + timedelta(days=5), office=desk.office, now=night)
    before = len(desk.told())
    desk.clock.now = london(MONDAY + timedelta(days=1), 9)
    desk.deliver()
    mine = [one.text for one in got(desk, "U0OFFICER")]
    assert [text.partition(".")[0] for text in mine] == (["Your deadlines: 1 bid for new funding"] if more else [])
    [told] = desk.told()[before:]
    assert told.text.startswith(f"Deadlines: 1 monitoring return. {award.reference} ")
    with desk.office.reading() as session:
        of = {one.deadline_id: one.message.kind for one in session.query(Nudge) if one.noted_at == night}
        assert of == {found.id: "staff_nudge", quiet: direct.NUDGE, **dict.fromkeys(hers, direct.NUDGE)}
        assert session.get_one(OutboxMessage, number).outcome == ("sent" if more else "withheld")


@pytest.mark.one_database
def test_who_has_declared_an_interest_since_is_not_told_what_they_were_given(desk: Desk) -> None:
    award = desk.active()
    olive, dev = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    desk.clock.now = night = london(MONDAY, 20)
    desk.quiet()
    with desk.office.sessions.begin() as session:
        found = deadlines.find(session, subject=f"award:{award.id}", kind="return")
        assert found is not None
        by = session.merge(dev)
        handing_on.give(session, award.application_id, by, olive.id, office=desk.office, now=night)
        chasing.reassign(session, found.id, by, olive.id, office=desk.office, now=night)
        deciding.declare_interest(session, award.application_id, session.merge(olive), reason="My son.", now=night)
    desk.clock.now = london(MONDAY + timedelta(days=1), 9)
    desk.deliver()
    assert got(desk, "U0OFFICER") == []


def test_what_waits_for_somebody_who_has_left_is_told_in_the_channel(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    desk.clock.now = NOON
    [due] = falls_due(desk, 1, owner_id=olive.id)
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [due])
    with desk.office.sessions.begin() as session:
        leaving.leave(session, email=olive.email, actor="t", now=NOON)
    desk.deliver()
    assert got(desk, "U0OFFICER") == []
    [message, left] = sorted(desk.told(), key=lambda one: not one.text.startswith("Deadlines"))
    assert message.text.startswith("Deadlines: 1 monitoring return.")
    assert "Olive Officer" in left.text
    dev = staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    with desk.office.sessions.begin() as session:
        chasing.chased(session, due, session.merge(dev), "By telephone.", now=NOON)
    desk.deliver()
    [message] = [one for one in desk.told() if one.text.startswith("Deadlines")]
    assert message.text.startswith("Deadlines: 1 monitoring return.")
    assert "Last chased by Dev Director" in str(message.blocks)


def test_what_slack_does_not_take_for_somebody_is_told_in_the_channel(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    desk.clock.now = NOON
    falls_due(desk, 2, owner_id=olive.id, kind="opportunity")  # of which no Director hears
    desk.slack.workspace.put_person(PracticePerson("U0OFFICER", "Olive Officer", deleted=True))
    told = {one.reference for one in run_sweep(desk.office, today=MONDAY, ordered=True) if one.kind == "opportunity"}
    assert told == {"OWN-0", "OWN-1"}
    desk.deliver()
    assert got(desk, "U0OFFICER") == []
    assert len([one for one in desk.told() if "OWN-0" in one.text]) == 1
    with desk.office.reading() as session:
        listed = deadlines.listing(session, office=desk.office, today=MONDAY, references=["OWN-0"])
    assert [step["sent_at"] is not None for step in listed[0]["steps"] if step["to"] == "officer"].count(True) == 1
    desk.deliver()
    assert len([one for one in desk.told() if "OWN-0" in one.text]) == 1


@pytest.mark.parametrize(("why", "said"), [("gap", "the desk was not running then"), ("pause", "they were paused")])
def test_a_message_of_nothing_but_what_was_missed_is_worded(desk: Desk, why: str, said: str) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    desk.clock.now = NOON
    of = falls_due(desk, 7)
    put(desk, "staff_nudge", "nudges:staff", {"to": "staff", **missed(of, why)}, [])
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id, **missed(of, why)}, [])
    desk.deliver()
    for [message], to in ((desk.told(), "Deadlines"), (got(desk, "U0OFFICER"), "Your deadlines")):
        assert message.text == f"{to}: 60 reminders were not sent."
        assert f"60 reminders from 24 November 2026 to 30 November 2026 were not sent, because {said}" in str(
            message.blocks
        )


def test_everything_that_one_person_is_told_together_fits_into_one_message(desk: Desk) -> None:
    olive, dev = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    with desk.office.sessions.begin() as session:
        absences.away(
            session, session.merge(olive), from_day=date(2026, 11, 27), until_day=date(2026, 12, 11),
            deputy=session.merge(dev), actor="t", today=date(2026, 11, 26), now=START,
        )  # fmt: skip
    of, more = falls_due(desk, 40), falls_due(desk, 40, date(2026, 6, 1))
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{dev.id}", {"person_id": olive.id, **missed(of, "gap")}, of)
    put(desk, direct.NUDGE, f"direct:{dev.id}", {"person_id": dev.id, **missed(more, "pause")}, [*of, *more], -89)
    run_digests(desk.office)
    desk.deliver()
    messages = got(desk, "U0DEV")
    assert sum(len(one.blocks) for one in messages) > 40
    assert all(len(one.blocks) <= 50 for one in messages)
    assert "Deadlines of Olive Officer, who is away: " in messages[0].text
    assert "Your deadlines: " in messages[0].text
    assert not desk.open_messages()


def test_two_lists_of_one_person_are_one_and_name_each_thing_once(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    of = falls_due(desk, 3, kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, of[:2], -92)
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, of, -91)
    desk.deliver()
    [message] = got(desk, "U0OFFICER")
    assert message.text.startswith("Your deadlines: 3 bids for new funding.")
    assert str(message.blocks).count("Thing <0> of the office") == 1


def test_what_is_done_is_shown_in_the_whole_of_what_was_told_together(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    of = falls_due(desk, 2, kind="payment", owner_id=olive.id)
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, of)
    run_digests(desk.office)
    desk.deliver()
    [before] = got(desk, "U0OFFICER")
    with desk.office.sessions.begin() as session:
        chasing.chased(session, of[1], session.merge(olive), "", now=NOON)
    desk.deliver()
    [after] = got(desk, "U0OFFICER")
    assert after.ts == before.ts
    assert "Your week" in after.text
    assert "Last chased by Olive Officer on 30 November 2026." in str(after.blocks)
    assert "Last chased" not in str(before.blocks)


def test_somebody_without_slack_is_named_in_the_channel_when_they_are_given_something(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    with desk.office.sessions.begin() as session:
        nora = people.add(
            session, name="Nora New", email="nora@office.example", role=Role.OFFICER, actor="t", now=START
        )
    [number] = falls_due(desk, 1, kind="bid")
    desk.clock.now = NOON
    with desk.office.sessions.begin() as session:
        chasing.reassign(session, number, session.merge(olive), nora.id, office=desk.office, now=NOON)
    desk.deliver()
    [message] = desk.told()
    assert message.text.startswith("Olive Officer gave this to Nora New: 1 bid for new funding.")


def test_what_is_given_on_again_before_it_is_told_is_told_to_the_last_alone(desk: Desk) -> None:
    olive, otto = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Otto Officer", "U0OTTO")
    dev = staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    [number] = falls_due(desk, 1, kind="forum")
    desk.clock.now = datetime.combine(MONDAY, NOON.timetz()).replace(hour=22)
    for owner in (otto, dev):
        with desk.office.sessions.begin() as session:
            chasing.reassign(session, number, session.merge(olive), owner.id, office=desk.office, now=desk.clock())
    desk.clock.now = NOON + timedelta(days=1)
    desk.deliver()
    assert got(desk, "U0OTTO") == []
    assert len(got(desk, "U0DEV")) == 1


def test_a_sweep_for_a_day_to_come_says_things_as_on_that_day(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    [number] = falls_due(desk, 1, date(2027, 1, 4), kind="bid")
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [number], 7)
    desk.deliver()
    [message] = got(desk, "U0OFFICER")
    assert "Was due on 4 January 2027, 7 days ago." in str(message.blocks)


@pytest.mark.one_database
def test_a_message_speaks_to_whoever_reads_it(desk: Desk) -> None:
    """The same bid, a week before its day: its officer, a Director who was told too, and the channel."""
    olive, dev = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    [hers] = falls_due(desk, 1, MONDAY + timedelta(days=14), kind="bid", owner_id=olive.id)
    [nobodys] = falls_due(desk, 1, MONDAY + timedelta(days=28), kind="bid")
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [hers], -14)
    put(desk, direct.NUDGE, f"direct:{dev.id}", {"person_id": dev.id}, [hers, nobodys], -29)
    put(desk, "staff_nudge", "nudges:staff", {"to": "staff"}, [nobodys], -30)
    desk.deliver()
    [to_olive], [to_dev], [to_all] = got(desk, "U0OFFICER"), got(desk, "U0DEV"), desk.told()
    assert "in 14 days. You look after it." in str(to_olive.blocks)
    assert "You are told on 7 December 2026, the Director on 14 December 2026." in str(to_olive.blocks)
    assert "in 14 days. With Olive Officer." in str(to_dev.blocks)
    assert "The officer is told on 7 December 2026, you on 14 December 2026." in str(to_dev.blocks)
    assert "The deadlines channel is told on 21 December 2026, you on 29 December 2026." in str(to_dev.blocks)
    assert "This channel is told on 21 December 2026, the Director on 29 December 2026." in str(to_all.blocks)
    with desk.office.sessions.begin() as session:
        chasing.snooze(session, hers, session.merge(olive), MONDAY + timedelta(days=9), office=desk.office, now=NOON)
    desk.deliver()
    [to_olive], [to_dev] = got(desk, "U0OFFICER"), got(desk, "U0DEV")
    assert "You hear no more of it until 9 December 2026." in str(to_olive.blocks)
    assert "No more to the officer until 9 December 2026." in str(to_dev.blocks)


@pytest.mark.one_database
def test_the_digest_of_a_week_says_which_is_the_readers_own(desk: Desk) -> None:
    olive, dev = staff(desk, "Olive Officer", "U0OFFICER"), staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    falls_due(desk, 1, MONDAY + timedelta(days=3), kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    run_digests(desk.office)
    desk.deliver()
    assert "(OWN-0, with you)" in str(got(desk, "U0OFFICER")[0].blocks)
    assert "(OWN-0, with Olive Officer)" in str(got(desk, "U0DEV")[0].blocks)
    assert dev.name not in str(got(desk, "U0DEV")[0].blocks)


# ------------------------------------------------------------------------------- what was told is shown as it is now


def posts(desk: Desk) -> list[str]:
    """Every post in the channel and to Olive: what is shown anew is none."""
    return [one.ts for one in (*desk.told(), *got(desk, "U0OFFICER"))]


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("met", "Done on 30 November 2026."),
        ("closed", "Nobody waits for it any more."),
        ("extended", "It has more time: it is due on 20 December 2026."),
        ("again", "You look after it."),
    ],
)
def test_what_becomes_of_a_deadline_by_itself_is_shown_wherever_it_was_told(desk: Desk, done: str, said: str) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    one, other = falls_due(desk, 2, kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [one, other], -92)
    put(desk, "staff_nudge", "nudges:staff", {"to": "staff"}, [one], -91)
    put(desk, "staff_nudge", "nudges:staff", {"to": "staff"}, [other], -90)  # of which nothing changes
    desk.deliver()
    before, untouched = posts(desk), desk.told()[1]
    with desk.office.sessions.begin() as session:
        deadline = session.get_one(Deadline, one)
        match done:
            case "met":
                deadlines.meet(session, deadline, now=NOON)
            case "closed":
                deadlines.close(session, subject=deadline.subject, now=NOON)
            case "extended":
                until = date(2026, 12, 20)
                deadlines.extend(session, deadline, until, today=MONDAY, now=NOON)
            case "again":
                deadlines.meet(session, deadline, now=NOON)
                deadlines.wait_again(session, deadline, due=deadline.due, since=MONDAY, now=NOON)
    assert len([row for row in desk.open_messages() if row.kind == SHOWN]) == (4 if done == "again" else 2)
    desk.deliver()
    assert posts(desk) == before
    assert said in str(got(desk, "U0OFFICER")[0].blocks)
    assert said.replace("You look after it", "With Olive Officer") in str(desk.told()[0].blocks)
    assert desk.told()[1] == untouched
    assert "Thing <1> of the office" in str(got(desk, "U0OFFICER")[0].blocks)


def test_a_return_that_comes_in_is_struck_through_where_it_was_chased(desk: Desk) -> None:
    award = desk.active()
    due = desk.returns_due(award)[0]
    desk.clock.set_day(due)
    run_sweep(desk.office, today=due, ordered=True)
    desk.deliver()
    [told] = [one for one in desk.told() if award.reference in one.text]
    number = len(desk.told())
    facts = ReturnFacts(narrative="Well.", people=1, spent=0, achieved=("2",), views="Good.", answers={})
    with desk.office.sessions.begin() as session:
        returns.receive(session, awards.by_id(session, award.id), due, facts, source="recipient", now=desk.clock())
    desk.deliver()
    [now] = [one for one in desk.told() if one.ts == told.ts]
    assert "all of it has been seen to" in now.text
    assert f"Done on {date_text(due)}." in str(now.blocks)
    assert len(desk.told()) == number


@pytest.mark.one_database
def test_what_was_told_more_than_four_weeks_ago_is_left_as_it_was(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    [number] = falls_due(desk, 1, MONDAY + timedelta(days=60), kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [number], -60)
    desk.deliver()
    desk.clock.now = NOON + LATELY + timedelta(days=1)
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, [number], -28)
    desk.deliver()
    with desk.office.sessions.begin() as session:
        deadlines.meet(session, session.get_one(Deadline, number), now=desk.clock())
    desk.deliver()
    old, lately = got(desk, "U0OFFICER")
    assert "Done on" not in str(old.blocks)
    assert "Done on" in str(lately.blocks)


@pytest.mark.one_database
def test_the_digest_of_a_week_that_is_shown_anew_keeps_its_day(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    of = falls_due(desk, 1, kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    put(desk, direct.NUDGE, f"direct:{olive.id}", {"person_id": olive.id}, of)
    run_digests(desk.office)
    desk.deliver()
    desk.clock.now = NOON + timedelta(days=3)
    with desk.office.sessions.begin() as session:
        deadlines.meet(session, session.get_one(Deadline, of[0]), now=desk.clock())
    desk.deliver()
    [message] = got(desk, "U0OFFICER")
    assert "Your week from 30 November 2026" in str(message.blocks)
    assert "Done on 3 December 2026." in str(message.blocks)


@pytest.mark.one_database
def test_a_sweep_ordered_for_a_day_to_come_counts_from_that_day_not_from_its_last_step(desk: Desk) -> None:
    desk.clock.now = NOON
    falls_due(desk, 1, date(2027, 1, 4), kind="forum")
    with desk.office.sessions.begin() as session:
        sweeping.sweep(session, office=desk.office, today=date(2027, 3, 1), now=NOON, ordered=True)
    desk.deliver()
    [message] = desk.told()
    assert "Was due on 4 January 2027, 56 days ago" in str(message.blocks)


@pytest.mark.one_database
def test_the_digest_of_a_week_names_what_is_to_come_however_much_is_late(desk: Desk) -> None:
    olive = staff(desk, "Olive Officer", "U0OFFICER")
    falls_due(desk, 30, MONDAY - timedelta(days=30), kind="forum")
    falls_due(desk, 9, MONDAY, kind="bid", owner_id=olive.id)
    desk.clock.now = NOON
    run_digests(desk.office)
    desk.deliver()
    [message] = got(desk, "U0OFFICER")
    assert message.text == "Your week: 0 applications wait, 30 overdue, 9 things fall due in 14 days."
    said = str(message.blocks)
    assert "'Overdue: 30'" in said
    assert "'and 25 more'" in said
    assert "'Falls due: 9'" in said
    assert "'30 November 2026: bid for new funding –'" in said
    assert "'and 4 more'" in said
