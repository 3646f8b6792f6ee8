"""Monitoring meetings (R2, R3): an invitation meets the duty; a meeting is moved, cancelled, answered, held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import (
    audit,
    awards,
    deciding,
    issues,
    links,
    meeting_agenda,
    meeting_answers,
    meeting_notes,
    meetings,
    returns,
    variations,
)
from core.errors import Conflict, Gone, NotFound, Refused
from core.meeting_notes import Notes, ToDo
from core.meetings import Arranged, WrongArrangement
from core.office import Office
from core.records import Deadline, Link, Meeting, MeetingAction, MeetingProposal
from core.rules.lifecycle import MeetingState
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core import casework
from tests.core.casework import active, at_once, london, messages, person, returned, someone, sweep, told, trail

START, END = date(2027, 1, 1), date(2027, 10, 31)
DUE = date(2027, 7, 1)
WHEN = london(date(2027, 6, 29), 10)
ARRANGED = Arranged(WHEN, 60, "Ramsey library", "", "1. How it goes\n2. Money")


def over(office: Office, **changes: Any) -> int:
    """An award of £30,000 that runs for ten months: one monitoring meeting, by 1 July 2027."""
    return active(office, casework.reducing_crime(start=START, end=END, **changes))


def duty(office: Office, award_id: int) -> int:
    with office.reading() as session:
        query = select(Deadline.id).where(Deadline.award_id == award_id, Deadline.kind == meetings.MEETING)
        return session.scalars(query.order_by(Deadline.due)).first() or 0


def invite(office: Office, award_id: int, by: int | None = None, arranged: Arranged = ARRANGED) -> int:
    by = by or person(office)
    with office.sessions.begin() as session:
        who = someone(session, by)
        return meetings.invite(session, duty(office, award_id), who, arranged, office=office, now=office.clock()).id


def move(office: Office, meeting_id: int, arranged: Arranged, *, seen: int = 0, by: int | None = None) -> None:
    by = by or person(office)
    with office.sessions.begin() as session:
        who = someone(session, by)
        given = {"seen": seen, "office": office, "now": office.clock()}
        meetings.move(session, meeting_id, who, arranged, **given)  # type: ignore[arg-type]


def cancel(office: Office, meeting_id: int, *, seen: int = 0, reason: str = "Olive is ill.") -> None:
    by = person(office)
    with office.sessions.begin() as session:
        who = someone(session, by)
        meetings.cancel(session, meeting_id, who, reason=reason, seen=seen, office=office, now=office.clock())


def propose(office: Office, meeting_id: int, hours: int = 24, words: str = "We have a class then.") -> int:
    with office.sessions.begin() as session:
        at = WHEN + timedelta(hours=hours)
        return meeting_answers.propose(session, meeting_id, at, words, now=office.clock()).id


def record(office: Office, meeting_id: int, *actions: ToDo, seen: int = 0, share: bool = False, **said: str) -> None:
    by, given = person(office), Notes(True, **{"notes": "All is well.", **said})
    with office.sessions.begin() as session:
        who = someone(session, by)
        meeting_notes.record(session, meeting_id, who, given, actions, seen=seen, share=share, now=office.clock())


def now(office: Office, meeting_id: int) -> Meeting:
    with office.reading() as session:
        return session.get_one(Meeting, meeting_id)


def deadline(office: Office, award_id: int) -> Deadline:
    with office.reading() as session:
        return session.get_one(Deadline, duty(office, award_id))


def intact(office: Office) -> bool:
    """Whether the trail seals every row as it is."""
    with office.reading() as session:
        return audit.verify(session).sound


# ------------------------------------------------------------------------------------------------------- inviting


def test_sending_the_invitation_meets_the_duty_and_tells_the_recipient(office: Office, clock: Clock) -> None:
    award = over(office)
    assert told(sweep(office, date(2027, 6, 4))) == [(-28, "officer"), (-28, "officer"), (-28, "recipient")]
    clock.set_day(date(2027, 6, 4))
    meeting = invite(office, award)
    assert deadline(office, award).met_at == clock()
    assert not [one for one in sweep(office, date(2027, 6, 24)) if one.kind == meetings.MEETING]
    (mail,) = messages(office, "meeting_invited")
    assert mail.payload == {"award_id": award, "meeting_id": meeting, "sequence": 0, "to": "recipient"}
    (line,) = trail(office, "meeting_invited")
    assert line.data["starts_at"] == WHEN.isoformat()
    assert line.data["agenda"] == ARRANGED.agenda
    assert intact(office)


def test_a_duty_has_one_meeting_that_stands_whoever_presses_at_once(office: Office) -> None:
    award = over(office)
    one, two = person(office), person(office)
    outcome = at_once([lambda by=by: invite(office, award, by) for by in (one, two, one)])  # type: ignore[misc]
    assert len(outcome.done) == 1
    assert all(isinstance(refusal, Conflict) for refusal in outcome.refused)
    assert len(messages(office, "meeting_invited")) == 1


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"starts_at": WHEN - timedelta(days=900)}, "when"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 481}, "minutes"),
        ({"place": " "}, "place"),
        ({"place": "x" * 201}, "place"),
        ({"video": "http://meet.example/1"}, "video"),
        ({"video": "https://"}, "video"),
        ({"video": "https://meet.example@other.example/1"}, "video"),
        ({"video": "https://meet.example/a b"}, "video"),
        ({"video": "javascript:alert(1)"}, "video"),
        ({"agenda": "\n "}, "agenda"),
        ({"agenda": "x" * 6_001}, "agenda"),
    ],
)
@pytest.mark.one_database
def test_what_is_wrong_with_an_arrangement_is_named(office: Office, wrong: dict[str, Any], at: str) -> None:
    with pytest.raises(WrongArrangement) as refused:
        meetings.checked(replace(ARRANGED, **wrong), office.clock())
    assert refused.value.at == at
    assert refused.value.rule == "R2"


@pytest.mark.one_database
def test_a_video_call_needs_no_place(office: Office) -> None:
    link = "https://meet.example/abc-def?pwd=1"
    assert meetings.checked(replace(ARRANGED, place="", video=f" {link} "), office.clock()).video == link


def test_who_may_not_invite(office: Office) -> None:
    award = over(office)
    interested, auditor = person(office), person(office, Role.AUDITOR)
    with office.sessions.begin() as session:
        application = awards.by_id(session, award).application_id
        who = someone(session, interested)
        deciding.declare_interest(session, application, who, reason="My brother.", now=office.clock())
    for by, rule in ((interested, "A2"), (auditor, "R2")):
        with pytest.raises(Refused) as refused:
            invite(office, award, by)
        assert refused.value.rule == rule
    meeting = invite(office, award)
    with pytest.raises(Refused, match="declared an interest"):
        move(office, meeting, replace(ARRANGED, minutes=30), by=interested)


@pytest.mark.one_database
def test_only_a_meeting_of_an_award_that_runs(office: Office) -> None:
    award = over(office)
    with office.reading() as session:
        other = session.scalars(
            select(Deadline.id).where(Deadline.award_id == award, Deadline.kind == "return")
        ).first()
        with pytest.raises(NotFound):
            meetings.duty(session, other or 0)
        with pytest.raises(NotFound):
            meetings.duty(session, 10**9)


# ------------------------------------------------------------------------------------------------- moving, cancelling


def test_a_moved_meeting_keeps_its_row_and_grows_its_sequence(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    clock.forward(days=1)
    later = replace(ARRANGED, starts_at=WHEN + timedelta(days=2), place="Our office")
    move(office, meeting, later)
    moved = now(office, meeting)
    assert (moved.sequence, moved.starts_at, moved.place) == (1, later.starts_at, "Our office")
    assert moved.changed_at == clock()
    assert deadline(office, award).met_at is not None
    assert [one.payload["sequence"] for one in messages(office, "meeting_moved")] == [1]
    (line,) = trail(office, "meeting_moved")
    assert line.data["was"]["starts_at"] == WHEN.isoformat()
    assert intact(office)


def test_whoever_moves_what_has_changed_since_is_told(office: Office) -> None:
    meeting = invite(office, over(office))
    move(office, meeting, replace(ARRANGED, minutes=90))
    with pytest.raises(Conflict, match="after you opened this page"):
        move(office, meeting, replace(ARRANGED, minutes=30), seen=0)
    with pytest.raises(Conflict, match="after you opened this page"):
        cancel(office, meeting, seen=0)
    assert now(office, meeting).minutes == 90


@pytest.mark.one_database
def test_a_move_that_changes_nothing_is_no_move(office: Office) -> None:
    meeting = invite(office, over(office))
    with pytest.raises(WrongArrangement, match="Nothing is different"):
        move(office, meeting, ARRANGED)


def test_cancelling_opens_the_duty_again_and_another_may_be_sent(office: Office, clock: Clock) -> None:
    award = over(office)
    sweep(office, date(2027, 6, 4))
    clock.set_day(date(2027, 6, 5))
    first = invite(office, award)
    propose(office, first)
    cancel(office, first)
    assert now(office, first).status == MeetingState.CANCELLED
    assert deadline(office, award).is_open
    kinds = [(one.step, one.to) for one in sweep(office, date(2027, 6, 24)) if one.kind == meetings.MEETING]
    assert kinds == [(-7, "officer")]  # the step that was sent before is not sent again
    with office.reading() as session:
        assert session.scalars(select(MeetingProposal.status)).all() == ["lapsed"]
    with pytest.raises(Conflict, match="cancelled"):
        move(office, first, replace(ARRANGED, minutes=30), seen=1)
    second = invite(office, award)
    assert second != first
    assert not deadline(office, award).is_open
    assert intact(office)


@pytest.mark.one_database
def test_a_meeting_is_not_cancelled_without_a_reason(office: Office) -> None:
    meeting = invite(office, over(office))
    with pytest.raises(Refused, match="Say why"):
        cancel(office, meeting, reason=" ")
    assert now(office, meeting).status == MeetingState.INVITED


def test_an_award_that_ends_takes_its_meetings_with_it(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    finance = person(office, Role.FINANCE)
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        for one in [one for one in found.deadlines if one.kind == "return"]:
            returns.receive(session, found, one.due, returned(achieved=("1", "2")), source="x", now=clock())
    with office.sessions.begin() as session:
        awards.complete(session, award, someone(session, finance), note="Done.", office=office, now=clock())
    assert now(office, meeting).cancelled_why == "The award has ended."
    assert now(office, meeting).sequence == 1
    assert len(messages(office, "meeting_cancelled")) == 1
    assert deadline(office, award).closed_at == clock()
    with pytest.raises(Conflict, match="does not run any more"):
        invite(office, award)
    assert intact(office)


@pytest.mark.one_database
def test_what_is_cancelled_after_the_award_ended_opens_no_duty_again(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    clock.set_day(date(2027, 6, 30))
    with office.sessions.begin() as session:
        awards.by_id(session, award).status = "completed"
    cancel(office, meeting, reason="Nobody came.")
    assert now(office, meeting).status == MeetingState.CANCELLED
    assert not deadline(office, award).is_open


def test_less_money_takes_the_meetings_away_and_more_brings_them_back(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    commissioner = person(office, Role.COMMISSIONER)

    def vary(was: int, amount: int) -> None:
        with office.sessions.begin() as session:
            given = {"was": was, "amount": amount, "reasons": "x", "office": office, "now": clock()}
            variations.vary(session, award, someone(session, commissioner), **given)  # type: ignore[arg-type]

    vary(30_000_00, 20_000_00)
    assert now(office, meeting).status == MeetingState.INVITED
    vary(20_000_00, 10_000_00)
    found = now(office, meeting)
    assert found.status == MeetingState.CANCELLED
    assert found.cancelled_why == "The award is £10,000 now. We hold these meetings for awards over £10,000."
    assert deadline(office, award).closed_at is not None
    with pytest.raises(Conflict, match="No meeting is to be held for this day"):
        invite(office, award)
    vary(10_000_00, 10_000_01)
    assert deadline(office, award).is_open
    assert invite(office, award) != meeting
    assert intact(office)


def test_a_meeting_that_has_begun_is_not_cancelled_with_the_award(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    clock.set_day(date(2027, 6, 30))
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        assert meetings.cancel_coming(session, found, why="x", actor="the desk", now=clock()) == 0
    record(office, meeting)
    assert now(office, meeting).status == MeetingState.HELD


# --------------------------------------------------------------------------------------------------- what they answer


def test_the_recipient_comes_once_however_often_they_say_so(office: Office) -> None:
    meeting = invite(office, over(office))
    for _ in range(2):
        with office.sessions.begin() as session:
            meeting_answers.coming(session, meeting, seen=0, now=office.clock())
    assert now(office, meeting).coming_at == office.clock()
    assert len(trail(office, "meeting_coming")) == 1
    move(office, meeting, replace(ARRANGED, starts_at=WHEN + timedelta(hours=1)))
    assert now(office, meeting).coming_at is None  # they said so of another time
    with office.sessions.begin() as session, pytest.raises(Conflict, match="It is now on 29 June 2027 at 11am"):
        meeting_answers.coming(session, meeting, seen=0, now=office.clock())
    assert intact(office)


def test_coming_outlasts_a_change_of_the_agenda_alone(office: Office) -> None:
    meeting = invite(office, over(office))
    with office.sessions.begin() as session:
        meeting_answers.coming(session, meeting, seen=0, now=office.clock())
    move(office, meeting, replace(ARRANGED, agenda="Something else"))
    assert now(office, meeting).coming_at is not None


def test_another_time_is_proposed_told_to_the_office_and_agreed(office: Office) -> None:
    meeting = invite(office, over(office))
    proposal = propose(office, meeting)
    assert propose(office, meeting) == proposal  # the same again is the same
    assert now(office, meeting).starts_at == WHEN  # it stays until it is answered
    assert len(messages(office, "meeting_time_proposed")) == 1
    by = person(office)
    with office.sessions.begin() as session:
        who = someone(session, by)
        meeting_answers.agree(session, proposal, who, office=office, now=office.clock())
    assert now(office, meeting).starts_at == WHEN + timedelta(days=1)
    assert now(office, meeting).sequence == 1
    with office.reading() as session:
        assert session.get_one(MeetingProposal, proposal).status == "agreed"
    assert len(messages(office, "meeting_moved")) == 1
    late = person(office)
    with office.sessions.begin() as session:
        who = someone(session, late)
        with pytest.raises(Conflict, match="answered already"):
            meeting_answers.decline(session, proposal, who, answer="No.", now=office.clock())
    assert intact(office)


def test_another_time_is_declined_with_an_answer(office: Office) -> None:
    meeting = invite(office, over(office))
    proposal = propose(office, meeting)
    by = person(office)
    with office.sessions.begin() as session, pytest.raises(Refused, match="Write your answer"):
        meeting_answers.decline(session, proposal, someone(session, by), answer="", now=office.clock())
    with office.sessions.begin() as session:
        who = someone(session, by)
        meeting_answers.decline(session, proposal, who, answer="We are away then.", now=office.clock())
    with office.sessions.begin() as session, pytest.raises(Conflict, match="answered already"):
        meeting_answers.agree(session, proposal, someone(session, by), office=office, now=office.clock())
    assert now(office, meeting).sequence == 0
    assert len(messages(office, "meeting_time_declined")) == 1
    second = propose(office, meeting, 48)
    assert second != proposal
    move(office, meeting, replace(ARRANGED, starts_at=WHEN + timedelta(hours=3)))
    with office.reading() as session:
        assert session.get_one(MeetingProposal, second).status == "lapsed"
    assert intact(office)


def test_a_later_proposal_takes_the_earlier_one_s_place(office: Office) -> None:
    meeting = invite(office, over(office))
    with office.sessions.begin() as session:
        meeting_answers.coming(session, meeting, seen=0, now=office.clock())
    first, second = propose(office, meeting), propose(office, meeting, 48)
    assert now(office, meeting).coming_at is None
    with office.reading() as session:
        waits = meetings.open_proposal(session.get_one(Meeting, meeting))
        assert waits is not None
        assert waits.id == second
        assert session.get_one(MeetingProposal, first).status == "lapsed"


@pytest.mark.parametrize(("hours", "said"), [(0, "at that time already"), (-24 * 900, "still to come")])
@pytest.mark.one_database
def test_a_time_that_makes_no_sense_is_refused(office: Office, hours: int, said: str) -> None:
    meeting = invite(office, over(office))
    with pytest.raises(WrongArrangement, match=said):
        propose(office, meeting, hours)


def test_nothing_is_answered_once_it_is_off_or_has_begun(office: Office, clock: Clock) -> None:
    award = over(office)
    first = invite(office, award)
    cancel(office, first)
    with pytest.raises(Conflict, match="cancelled this meeting"):
        propose(office, first)
    second = invite(office, award)
    clock.set_day(date(2027, 6, 30))
    with pytest.raises(Conflict, match="has begun"):
        propose(office, second)


def test_a_link_leads_to_the_meeting_until_it_is_taken_back(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    with office.reading() as session:
        link = session.scalars(select(Link).where(Link.purpose == "meeting")).one()
        token = office.signer.token("meeting", link)
        assert links.follow(session, office.signer, "meeting", token, now=clock()) == meeting
        with pytest.raises(NotFound):
            links.follow(session, office.signer, "return", token, now=clock())
    with office.sessions.begin() as session:
        links.revoke(session, awards.by_id(session, award).application, actor="test", now=clock())
    with office.reading() as session, pytest.raises(Gone):
        links.follow(session, office.signer, "meeting", token, now=clock())
    move(office, meeting, replace(ARRANGED, minutes=30))  # the letter about it has a link that leads there
    with office.reading() as session:
        assert links.leading(session, "meeting", meeting, now=clock()) is not None


@pytest.mark.one_database
def test_the_link_lasts_as_long_after_a_meeting_that_is_moved_late(office: Office) -> None:
    meeting = invite(office, over(office))
    late = london(date(2031, 3, 3), 10)
    move(office, meeting, replace(ARRANGED, starts_at=late))
    with office.reading() as session:
        assert links.leading(session, "meeting", meeting, now=late) is not None


# ------------------------------------------------------------------------------------------------------ what was said


def test_notes_views_and_actions_are_recorded_and_put_right(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    with pytest.raises(Refused, match="still to come"):
        record(office, meeting)
    clock.set_day(date(2027, 6, 29))
    clock.forward(hours=3)
    do = ToDo("Send the register", "Kim", date(2027, 7, 9)), ToDo("Ask the school", "Olive")
    record(office, meeting, *do, notes="Fine.", user_views="They like it.", partner_views="So does the school.")
    assert not messages(office, "meeting_notes")
    with pytest.raises(Conflict, match="just recorded"):
        record(office, meeting, seen=0)
    record(office, meeting, ToDo("Book the hall", "Kim", date(2027, 7, 1)), seen=1, share=True, notes="Very fine.")
    held = now(office, meeting)
    assert (held.status, held.notes, held.noted, held.shared) == ("held", "Very fine.", 2, True)
    assert len(messages(office, "meeting_notes")) == 1
    with office.reading() as session:
        left = meeting_notes.still_to_do(session, awards.by_id(session, award))
        assert [one.what for one in left] == ["Book the hall", "Send the register", "Ask the school"]
        number = left[0].id
    by = person(office)
    for _ in range(2):
        with office.sessions.begin() as session:
            meeting_notes.done(session, number, someone(session, by), now=clock())
    assert len(trail(office, "meeting_action_done")) == 1
    with office.reading() as session:
        assert len(meeting_notes.still_to_do(session, awards.by_id(session, award))) == 2
    assert [line.data["notes"] for line in trail(office, "meeting_recorded")] == ["Fine.", "Very fine."]
    assert intact(office)


@pytest.mark.parametrize(
    ("do", "at"),
    [
        (ToDo("", "Kim"), "what-1"),
        (ToDo("Go", " "), "who-1"),
        (ToDo("x" * 501, "Kim"), "what-1"),
        (ToDo("Go", "x" * 101), "who-1"),
    ],
)
@pytest.mark.one_database
def test_an_action_has_something_to_do_and_somebody(office: Office, clock: Clock, do: ToDo, at: str) -> None:
    meeting = invite(office, over(office))
    clock.set_day(date(2027, 6, 30))
    with pytest.raises(WrongArrangement) as refused:
        record(office, meeting, do)
    assert refused.value.at == at
    with office.reading() as session:
        assert not session.scalar(select(func.count()).select_from(MeetingAction))


@pytest.mark.one_database
def test_notes_that_are_missing_or_too_long_are_named(office: Office, clock: Clock) -> None:
    meeting = invite(office, over(office))
    clock.set_day(date(2027, 6, 30))
    with pytest.raises(WrongArrangement) as refused:
        record(office, meeting, notes=" ")
    assert refused.value.at == "notes"
    with pytest.raises(WrongArrangement) as refused:
        record(office, meeting, user_views="x" * 3_001)
    assert refused.value.at == "user_views"


# --------------------------------------------------------------------------------------------------------- the agenda


def agenda(office: Office, award_id: int) -> str:
    with office.reading() as session:
        return meeting_agenda.drafted(session, awards.by_id(session, award_id))


def test_the_agenda_before_any_return(office: Office) -> None:
    text = agenda(office, over(office))
    assert text.startswith("1. How the project has begun: no return has come in yet\n2. What we agreed to measure\n")
    assert "- Names in the book: target 40" in text
    assert "- £30,000 awarded, £0 paid" in text
    assert text.endswith("What comes next, and anything else that you want to raise")


def test_the_agenda_from_the_last_return_and_what_is_open(office: Office, clock: Clock) -> None:
    award = over(office)
    meeting = invite(office, award)
    clock.set_day(date(2027, 7, 1))
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        facts = returned(achieved=("Two fewer", "41"), views="They want Saturdays too.", narrative="word " * 100)
        returns.receive(session, found, DUE, facts, source="x", now=clock())
        issues.raise_issue(session, found, "The hall is to close.", source="recipient", now=clock())
    record(office, meeting, ToDo("Send the register", "Kim", date(2027, 7, 9)))
    text = agenda(office, award)
    lines = text.split("\n")
    assert lines[0] == "1. How the project goes, since the return due on 1 July 2027 (not accepted yet)"
    assert lines[1].endswith("…")
    below = lines.index("2. Measures below their target, or to be compared with it")
    assert lines[below + 1] == "- Call-outs a month: Two fewer, target Ten fewer"
    assert lines[below + 3] == "- Names in the book: 41, target 40"
    for one in (
        "- £900 of £30,000 spent; £0 paid",
        "- 31 people reached",
        "- They want Saturdays too.",
        "- The hall is to close.",
        "- Kim: Send the register, by 9 July 2027",
    ):
        assert one in lines, one


# ---------------------------------------------------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        (date(2026, 10, 24), time(10), "2026-10-24T09:00:00+00:00"),
        (date(2026, 10, 25), time(10), "2026-10-25T10:00:00+00:00"),
        (date(2026, 10, 25), time(1, 30), "2026-10-25T00:30:00+00:00"),
        (date(2027, 3, 27), time(10), "2027-03-27T10:00:00+00:00"),
        (date(2027, 3, 28), time(10), "2027-03-28T09:00:00+00:00"),
        (date(2027, 3, 28), time(1, 30), None),
    ],
)
@pytest.mark.one_database
def test_a_time_is_by_the_clock_in_london(day: date, at: time, utc: str | None) -> None:
    found = meetings.instant_of(day, at)
    assert (found.isoformat() if found else None) == utc


@pytest.mark.parametrize(
    ("due", "today", "suggested"),
    [
        (date(2027, 7, 1), date(2027, 6, 3), london(date(2027, 7, 1), 10)),
        (date(2027, 7, 4), date(2027, 6, 3), london(date(2027, 7, 2), 10)),  # a Sunday
        (date(2027, 3, 29), date(2027, 3, 1), london(date(2027, 3, 25), 10)),  # Easter Monday, after Good Friday
        (date(2027, 7, 1), date(2027, 7, 1), london(date(2027, 7, 8), 10)),
        (date(2027, 7, 1), date(2027, 8, 23), london(date(2027, 8, 31), 10)),  # a week on is a bank holiday
    ],
)
@pytest.mark.one_database
def test_a_meeting_is_suggested_for_a_working_day(
    office: Office, due: date, today: date, suggested: Callable[..., Any]
) -> None:
    assert meetings.suggested(due, office, today) == suggested
