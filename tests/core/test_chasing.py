"""What the office does about something that falls due (D0): chased, extended, handed on, quiet for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from core import (
    absences,
    applications,
    asking,
    audit,
    awards,
    bids,
    chasing,
    deadlines,
    direct,
    due_lines,
    leaving,
    more_time,
    opportunities,
    payments,
    returns,
)
from core.bids import Part
from core.chasing import MoreTime
from core.deciding import WrongInput
from core.errors import Conflict, NotFound, Refused
from core.office import Office, london_day
from core.records import Asked, Deadline, Interest, OutboxMessage, Payment, Person
from core.rules.falling_due import KINDS
from core.rules.policy import Body, Role
from core.written import LONGEST_WORDS
from tests.core.casework import (
    active,
    at_once,
    facts,
    london,
    messages,
    offered,
    person,
    returned,
    someone,
    submitted,
    sweep,
    told,
    trail,
)
from tests.core.test_audit_story import told as story_of
from tests.core.test_opportunities import advertised

FIRST, LAST = date(2027, 7, 1), date(2027, 10, 31)
LATE = FIRST + timedelta(days=8)
GIVEN = MoreTime(FIRST + timedelta(days=14), "Their treasurer is ill.", "Dev Director")


def after(number: int, due: date = FIRST) -> date:
    return due + timedelta(days=number)


def due(office: Office, award_id: int, kind: str = "return", day: date | None = None) -> int:
    with office.reading() as session:
        found = deadlines.find(session, subject=f"award:{award_id}", kind=kind, due=day)
        assert found is not None
        return found.id


def of_office(office: Office, kind: str, day: date, **given: Any) -> int:
    """Something that is the office's own."""
    with office.sessions.begin() as session:
        made = deadlines.set_deadline(
            session, subject=f"{kind}:1", reference="OWN-1", kind=kind, due=day, title="Autumn",
            now=office.clock(), **given,
        )  # fmt: skip
        session.flush()
        return made.id


def row(office: Office, number: int) -> Deadline:
    with office.reading() as session:
        return chasing.by_id(session, number)


def chase(office: Office, number: int, by: int, note: str = "Rang the treasurer.", seen: str = "") -> None:
    with office.sessions.begin() as session:
        chasing.chased(session, number, someone(session, by), note, seen=seen, now=office.clock())


def extend(office: Office, number: int, by: int, given: MoreTime = GIVEN, seen: str = "") -> None:
    with office.sessions.begin() as session:
        chasing.extend(session, number, someone(session, by), given, seen=seen, office=office, now=office.clock())


def hand_on(office: Office, number: int, by: int, to: int, seen: str = "") -> None:
    with office.sessions.begin() as session:
        chasing.reassign(session, number, someone(session, by), to, seen=seen, office=office, now=office.clock())


def snooze(office: Office, number: int, by: int, until: date, seen: str = "") -> None:
    with office.sessions.begin() as session:
        chasing.snooze(session, number, someone(session, by), until, seen=seen, office=office, now=office.clock())


def line_of(office: Office, number: int, today: date) -> due_lines.DueLine:
    with office.reading() as session:
        [line] = due_lines.lines(session, [chasing.by_id(session, number)], office=office, today=today)
        return line


def acts(office: Office, number: int, by: int) -> dict[str, Any]:
    """The four things that change something, each ready to be done."""
    return {
        "chase": partial(chase, office, number, by),
        "extend": partial(extend, office, number, by),
        "reassign": partial(hand_on, office, number, by, by),
        "snooze": partial(snooze, office, number, by, london_day(office.clock()) + timedelta(days=2)),
    }


def test_chased_notes_who_when_and_how(office: Office, clock: Any) -> None:
    award_id, olive = active(office), person(office, name="Olive (Youth) Officer")
    clock.now = london(LATE)
    number = due(office, award_id)
    chase(office, number, olive)
    assert row(office, number).chased_at == london(LATE)
    [line] = trail(office, "deadline_chased")
    assert line.data == {
        "deadline": number, "kind": "return", "due": "2027-07-01", "note": "Rang the treasurer.", "person": olive,
    }  # fmt: skip
    said = line_of(office, number, LATE)
    assert said.chased is not None
    assert (said.chased.by, said.chased.on, said.chased.note) == ("Olive (Youth) Officer", LATE, "Rang the treasurer.")
    assert said.when == "was due on 1 July 2027, 8 days ago"
    assert said.next == "The recipient, the officer and the Director are told on 15 July 2027"


@pytest.mark.one_database
def test_what_the_desk_chases_no_more_says_so(office: Office) -> None:
    number = due(office, active(office))
    sweep(office, after(28))
    assert line_of(office, number, after(29)).what_next == "Nobody is told of it again."


def test_what_a_later_step_took_the_place_of_is_not_promised(office: Office) -> None:
    number = due(office, active(office))
    sweep(office, after(15))
    assert line_of(office, number, LATE).next == (
        "The recipient, the officer and the Director are told on 29 July 2027"
    )
    with office.sessions.begin() as session:  # what it was met by was taken back: what was sent stays sent
        met = chasing.by_id(session, number)
        deadlines.wait_again(session, met, due=FIRST, since=LATE, now=office.clock())
    assert line_of(office, number, LATE).next == (
        "The recipient, the officer and the Director are told on 29 July 2027"
    )
    sweep(office, after(30))
    assert line_of(office, number, LATE).next == ""


@pytest.mark.one_database
@pytest.mark.parametrize("act", ["chase", "extend", "reassign", "snooze"])
@pytest.mark.parametrize(
    ("role", "body"), [(Role.OFFICER, Body.CONSTABULARY), (Role.PANEL, Body.OFFICE), (Role.AUDITOR, Body.OFFICE)]
)
@pytest.mark.parametrize("of", ["award", "office"])
def test_it_is_for_the_office_alone(office: Office, act: str, role: Role, body: Body, of: str) -> None:
    number = due(office, active(office)) if of == "award" else of_office(office, "bid", FIRST)
    by = person(office, role, body)
    before = row(office, number)
    with pytest.raises(Refused):
        acts(office, number, by)[act]()
    assert chasing.mark_of(row(office, number)) == chasing.mark_of(before)


@pytest.mark.one_database
@pytest.mark.parametrize("kind", ["bid", "publication", "annual-report", "forum", "opportunity", "window-closes"])
def test_what_the_office_itself_has_to_do_is_not_chased(office: Office, kind: str) -> None:
    number, olive = of_office(office, kind, FIRST), person(office)
    with pytest.raises(Refused, match="waits for nobody but the office"):
        chase(office, number, olive)
    assert trail(office, "deadline_chased") == []


@pytest.mark.one_database
@pytest.mark.parametrize("act", ["chase", "extend", "reassign", "snooze"])
def test_who_has_an_interest_is_out_of_it_and_cannot_be_given_it(office: Office, act: str) -> None:
    award_id, olive, otto = active(office), person(office), person(office)
    with office.sessions.begin() as session:
        application_id = awards.by_id(session, award_id).application_id
        session.add(Interest(application_id=application_id, person_id=olive, reason="x", declared_at=office.clock()))
    number = due(office, award_id)
    with pytest.raises(Refused) as refused:
        acts(office, number, olive)[act]()
    assert refused.value.rule == "A2"
    with pytest.raises(WrongInput) as wrong:
        hand_on(office, number, otto, olive)
    assert wrong.value.field == "owner"


@pytest.mark.parametrize("act", ["chase", "extend", "reassign", "snooze"])
@pytest.mark.parametrize("ended", ["came in", "closed"])
def test_what_was_done_or_closed_meanwhile_says_so_and_nothing_changes(office: Office, act: str, ended: str) -> None:
    award_id, olive = active(office), person(office)
    number = due(office, award_id)
    with office.sessions.begin() as session:
        if ended == "closed":
            deadlines.close(session, subject=f"award:{award_id}", now=office.clock())
        else:
            award = awards.by_id(session, award_id)
            returns.receive(session, award, FIRST, returned(), source="the recipient", now=office.clock())
    with pytest.raises(Conflict, match="nothing is left to do"):
        acts(office, number, olive)[act]()
    assert trail(office, "deadline_chased", "deadline_extended", "deadline_reassigned", "deadline_snoozed") == []


@pytest.mark.parametrize("act", ["chase", "extend", "reassign", "snooze"])
def test_what_somebody_did_meanwhile_is_said_to_whoever_saw_it_before(office: Office, act: str) -> None:
    number, olive, otto = due(office, active(office)), person(office, name="Olive Officer"), person(office)
    seen = chasing.mark_of(row(office, number))
    chase(office, number, olive)
    with pytest.raises(Conflict, match="Olive Officer chased it on 23 November 2026, after you opened this"):
        acts(office, number, otto)[act](seen=seen)
    acts(office, number, otto)[act](seen=chasing.mark_of(row(office, number)))


def test_two_who_press_at_once_chase_once(office: Office) -> None:
    number, olive, otto = due(office, active(office)), person(office), person(office)
    seen = chasing.mark_of(row(office, number))
    came = at_once([partial(chase, office, number, by, seen=seen) for by in (olive, otto, olive, otto)])
    assert (len(came.done), len(came.refused)) == (1, 3)
    assert len(trail(office, "deadline_chased")) == 1


def test_more_time_for_a_return_moves_it_and_the_payment_that_waits_and_is_told_by_mail(office: Office) -> None:
    award_id, olive = active(office), person(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        payments.plan(
            session, award.id, someone(session, olive), planned_on=FIRST, amount=500_00, return_due=FIRST,
            now=office.clock(),
        )  # fmt: skip
    number = due(office, award_id)
    extend(office, number, olive)
    found = row(office, number)
    assert (found.due, found.first_due) == (GIVEN.until, FIRST)
    with office.reading() as session:
        assert [one.return_due for one in session.query(Payment)] == [GIVEN.until]
    [mail] = messages(office, "more_time_agreed")
    assert (mail.channel, mail.payload["given"]) == ("mail", True)
    [line] = trail(office, "more_time_agreed")
    assert (line.data["reason"], line.data["agreed_by"]) == (GIVEN.reason, "Dev Director")
    said = line_of(office, number, after(1))
    assert said.last is not None
    assert said.last.words == "gave it until 15 July 2027, as Dev Director agreed"
    sent = [step for step in sweep(office, after(13)) if step.kind == "return"]
    assert told(sent) == [(-1, "officer"), (-1, "recipient")]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("given", "field"),
    [
        (MoreTime(FIRST, "x", "y"), "until"),
        (MoreTime(after(29), "x", "y"), "until"),
        (MoreTime(after(5), "  ", "y"), "reasons"),
        (MoreTime(after(5), "x" * 3_001, "y"), "reasons"),
        (MoreTime(after(5), "x", " "), "agreed_by"),
        (MoreTime(after(5), "x", "y" * 201), "agreed_by"),
    ],
)
def test_a_wrong_day_and_what_is_missing_are_said_at_their_fields(office: Office, given: MoreTime, field: str) -> None:
    number, olive = due(office, active(office)), person(office)
    with pytest.raises(WrongInput) as wrong:
        extend(office, number, olive, given)
    assert wrong.value.field == field
    assert row(office, number).due == FIRST


@pytest.mark.one_database
def test_who_agreed_is_kept_without_what_nobody_sees(office: Office) -> None:
    number, olive = due(office, active(office)), person(office)
    extend(office, number, olive, MoreTime(after(5), "Ill\x00ness", "\u202eDev\x00\n  <!channel>\u2066"))
    [line] = trail(office, "more_time_agreed")
    assert (line.data["reason"], line.data["agreed_by"]) == ("Illness", "Dev <!channel>")


@pytest.mark.one_database
def test_a_day_that_was_given_up_is_not_given_again(office: Office) -> None:
    """A forum is one subject for ever: what was closed stays on record under its day."""
    olive = person(office)
    with office.sessions.begin() as session:
        made = [
            deadlines.set_deadline(
                session, subject="FORUM", reference="FORUM", kind="forum", due=day, now=office.clock(),
                title="Provider Forum",
            )
            for day in (FIRST, after(5))
        ]  # fmt: skip
        session.flush()
        deadlines.meet(session, made[1], now=office.clock())
        number = made[0].id
    with pytest.raises(WrongInput, match="Provider Forum of 6 July 2027 on record already") as wrong:
        extend(office, number, olive, MoreTime(after(5), "x", "y"))
    assert wrong.value.field == "until"
    extend(office, number, olive, MoreTime(after(6), "x", "y"))
    assert row(office, number).due == after(6)


def test_a_recipient_who_asks_for_more_time_is_answered_and_not_passed_over(office: Office) -> None:
    award_id, olive = active(office), person(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        more_time.ask(
            session, award, returns.due_on(award, FIRST), after(20), "Ill.", office=office, now=office.clock()
        )
    with pytest.raises(Conflict, match="asks for more time until 21 July 2027"):
        extend(office, due(office, award_id), olive)


def test_more_time_for_an_offer_keeps_the_offer_open(office: Office) -> None:
    award_id, olive = offered(office), person(office)
    number = due(office, award_id, "acceptance")
    until = row(office, number).due + timedelta(days=7)
    extend(office, number, olive, MoreTime(until, "Their trustees meet on Friday.", "Cam Commissioner"))
    with office.reading() as session:
        assert awards.by_id(session, award_id).accept_by == until == chasing.by_id(session, number).due
    [line] = trail(office, "offer_extended")
    assert line.data["reason"] == "Their trustees meet on Friday.\nAgreed by Cam Commissioner."
    assert len(messages(office, "offer_extended")) == 1
    finance = person(office, Role.FINANCE)
    with pytest.raises(Refused) as refused:
        extend(office, number, finance, MoreTime(until + timedelta(days=1), "x", "y"))
    assert refused.value.rule == "A2"


@pytest.mark.one_database
def test_as_long_a_reason_is_taken_for_every_kind_as_may_be_typed(office: Office) -> None:
    """Who agreed goes into the same line of the trail, and takes none of the room."""
    award_id = active(office, facts(start=date(2027, 1, 1), end=date(2029, 12, 31)))
    offer_id, olive = offered(office), person(office)
    with office.sessions.begin() as session:
        by, now = someone(session, olive), office.clock()
        payments.plan(session, award_id, by, planned_on=FIRST, amount=500_00, now=now)
        bids.add(
            session, title="Safer Streets 6", funder="Home Office", part=Part.LED, amount=None, closes_on=FIRST,
            owner_id=olive, person=by, now=now,
        )  # fmt: skip
    advertised(office, olive, closes_on=FIRST)
    with office.reading() as session:
        kinds = ("acceptance", "bid", "opportunity", "payment", "return", "review")
        first = {
            one.kind: one
            for one in session.query(Deadline)
            .filter(Deadline.kind.in_(kinds), Deadline.is_open)
            .order_by(Deadline.due.desc())
            if one.kind != "acceptance" or one.award_id == offer_id
        }
    assert set(first) == set(kinds)
    longest, agreed_by = "x" * LONGEST_WORDS, "y" * chasing.LONGEST_NAME
    for one in first.values():
        extend(office, one.id, olive, MoreTime(one.due + timedelta(days=2), longest, agreed_by))
        assert row(office, one.id).due == one.due + timedelta(days=2), one.kind
    for line in trail(office, "offer_extended", "bid_moved", "opportunity_extended", "payment_moved", "look_moved"):
        assert line.data["reason"] == f"{longest}\nAgreed by {agreed_by}."


@pytest.mark.one_database
def test_a_note_that_is_too_long_is_said_at_its_field(office: Office) -> None:
    number, olive = due(office, active(office)), person(office)
    with pytest.raises(WrongInput, match="3,000 characters") as wrong:
        chase(office, number, olive, "x" * 3_001)
    assert wrong.value.field == "note"


@pytest.mark.one_database
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("return", "acceptance", "bid", "opportunity")])
def test_of_other_kinds_only_those_whose_day_moves_are_given_another(office: Office, kind: str) -> None:
    number, olive = of_office(office, kind, FIRST), person(office)
    if not KINDS[kind].moves:
        with pytest.raises(Refused, match="is not moved"):
            extend(office, number, olive)
        assert row(office, number).due == FIRST
        return
    extend(office, number, olive)
    assert row(office, number).due == GIVEN.until
    [line] = trail(office, "deadline_extended")
    assert (line.data["was"], line.data["until"], line.data["agreed_by"]) == (
        "2027-07-01", "2027-07-15", "Dev Director",
    )  # fmt: skip


def test_a_bid_and_an_opportunity_move_with_their_registers_and_change_hands_there_too(office: Office) -> None:
    olive, otto = person(office), person(office)
    with office.sessions.begin() as session:
        bid = bids.add(
            session, title="Safer Streets 6", funder="Home Office", part=Part.LED, amount=None, closes_on=FIRST,
            owner_id=olive, person=someone(session, olive), now=office.clock(),
        )  # fmt: skip
        session.flush()
        bid_id, bid_due = bid.id, deadlines.find(session, subject=bids.subject_of(bid), kind="bid")
    opportunity_id = advertised(office, olive, closes_on=FIRST)
    with office.reading() as session:
        about = opportunities.subject_of(opportunities.by_id(session, opportunity_id))
        opportunity_due = deadlines.find(session, subject=about, kind="opportunity")
    assert bid_due is not None
    assert opportunity_due is not None
    for number in (bid_due.id, opportunity_due.id):
        extend(office, number, olive)
        hand_on(office, number, olive, otto)
        said = line_of(office, number, FIRST)
        assert (said.due, said.owner_id) == (GIVEN.until, otto)
    with office.reading() as session:
        for held in (bids.by_id(session, bid_id), opportunities.by_id(session, opportunity_id)):
            assert (held.closes_on, held.owner_id) == (GIVEN.until, otto)
    for line in trail(office, "bid_moved", "opportunity_extended"):
        assert line.data["reason"] == "Their treasurer is ill.\nAgreed by Dev Director."
    assert len(trail(office, "bid_moved", "opportunity_extended")) == 2


def test_a_later_day_of_a_payment_a_question_and_a_look_is_the_day_of_what_it_is_about(office: Office) -> None:
    award_id = active(office, facts(start=date(2027, 1, 1), end=date(2029, 12, 31)))
    number, olive = submitted(office), person(office)
    with office.sessions.begin() as session:
        by, now = someone(session, olive), office.clock()
        payments.plan(session, award_id, by, planned_on=FIRST, amount=500_00, now=now)
        asking.ask(session, applications.by_id(session, number), by, "Who?", office=office, now=now)
    with office.reading() as session:
        open_ones = {
            one.kind: one.id
            for one in session.query(Deadline).filter(Deadline.kind.in_(["payment", "answer", "review"]))
        }
    until = {"payment": date(2027, 8, 1), "answer": date(2026, 12, 24), "review": date(2028, 2, 1)}
    for kind, day in until.items():
        extend(office, open_ones[kind], olive, MoreTime(day, "They asked.", "Dev Director"))
        assert row(office, open_ones[kind]).due == day, kind
    with office.reading() as session:
        assert [one.planned_on for one in session.query(Payment)] == [until["payment"]]
        assert [one.answer_by for one in session.query(Asked)] == [until["answer"]]
        assert audit.verify(session).sound
    with pytest.raises(WrongInput, match="Choose a day from"):
        extend(office, open_ones["review"], olive, MoreTime(date(2030, 1, 1), "They asked.", "Dev Director"))


def test_whoever_is_given_it_is_told_and_hears_of_it_from_then_on(office: Office) -> None:
    olive, otto = person(office, name="Olive Officer"), person(office, name="Otto Officer")
    link(office, otto)
    number = of_office(office, "bid", FIRST, owner_id=olive)
    hand_on(office, number, olive, otto)
    [message] = messages(office, direct.GIVEN)
    assert message.payload == {"person_id": otto, "deadline_id": number, "by": olive}
    assert message.subject == f"direct:{otto}"
    assert line_of(office, number, FIRST).owner == "Otto Officer"
    sweep(office, FIRST)
    assert [one.payload["person_id"] for one in messages(office, direct.NUDGE)] == [otto]
    with pytest.raises(WrongInput, match="looks after it already"):
        hand_on(office, number, olive, otto)


def test_who_takes_it_themselves_is_not_told_and_quiet_hours_are_kept(office: Office, clock: Any) -> None:
    olive, otto, dev = person(office), person(office), person(office, Role.DIRECTOR)
    number = of_office(office, "bid", FIRST)
    hand_on(office, number, olive, olive)
    assert messages(office, direct.GIVEN) == []
    clock.now = london(date(2026, 11, 24), 21)
    with office.sessions.begin() as session:
        absences.away(
            session, someone(session, otto), from_day=date(2026, 11, 24), until_day=date(2026, 11, 27),
            deputy=someone(session, dev), actor="t", today=date(2026, 11, 24), now=clock.now,
        )  # fmt: skip
    hand_on(office, number, olive, otto)
    [message] = messages(office, direct.GIVEN)
    assert message.not_before == london(date(2026, 11, 25), 8)
    assert message.subject == f"direct:{dev}"


def link(office: Office, person_id: int) -> None:
    with office.sessions.begin() as session:
        found = session.get_one(Person, person_id)
        found.slack_team, found.slack_user = "T1", f"U{person_id}"


def test_a_snooze_holds_the_officers_steps_and_nobody_elses(office: Office, clock: Any) -> None:
    number, olive = due(office, active(office)), person(office)
    clock.now = london(FIRST)
    sweep(office, FIRST)
    until = after(13)  # Wednesday
    snooze(office, number, olive, until)
    found = row(office, number)
    assert (found.snoozed_until, found.next_step_on) == (until, after(7))
    assert told(sweep(office, after(7))) == [(7, "recipient")]
    assert told(sweep(office, after(12))) == []
    assert told(sweep(office, until)) == [(13, "officer")]
    assert told(sweep(office, after(14))) == [(14, "director"), (14, "officer"), (14, "recipient")]


def test_a_snooze_leaves_what_waits_for_todays_sweep(office: Office, clock: Any) -> None:
    number, olive = due(office, active(office)), person(office)
    clock.now = london(FIRST)
    snooze(office, number, olive, after(2))  # before the sweep of the day on which a step falls
    assert told(sweep(office, FIRST)) == [(0, "recipient")]
    assert told(sweep(office, after(1))) == []
    assert told(sweep(office, after(4))) == [(2, "officer")], "Saturday: the office hears on Monday"


@pytest.mark.parametrize("ahead", [-1, 0, 15])
def test_a_snooze_is_from_tomorrow_to_what_the_policy_lets_it_be(office: Office, ahead: int) -> None:
    number, olive = due(office, active(office)), person(office)
    today = london_day(office.clock())
    with pytest.raises(WrongInput, match="from tomorrow to 7 December 2026") as wrong:
        snooze(office, number, olive, today + timedelta(days=ahead))
    assert wrong.value.field == "until"
    snooze(office, number, olive, today + timedelta(days=14))


def test_what_a_leaver_looked_after_is_nobodys_in_particular(office: Office) -> None:
    olive = person(office, name="Olive Officer")
    number = of_office(office, "bid", FIRST, owner_id=olive)
    with office.reading() as session:
        email = session.get_one(Person, olive).email
    with office.sessions.begin() as session:
        leaving.leave(session, email=email, actor="test", now=office.clock())
    assert row(office, number).owner_id is None
    assert trail(office, "deadline_reassigned")[0].data["was"] == "Olive Officer"


def test_the_messages_that_told_of_it_are_shown_anew_and_no_others(office: Office) -> None:
    number, other = due(office, active(office)), of_office(office, "bid", after(90))
    olive = person(office)
    sweep(office, FIRST)
    chase(office, number, olive)
    assert messages(office, "nudges_shown") == [], "nobody has posted it: it is worded when it is"
    [staff] = messages(office, "staff_nudge")
    with office.sessions.begin() as session:
        sent = session.get_one(OutboxMessage, staff.id)
        sent.slack_channel, sent.slack_ts, sent.outcome, sent.settled_at = "C1", "1.1", "sent", office.clock()
    hand_on(office, other, olive, olive)
    assert messages(office, "nudges_shown") == []
    chase(office, number, olive)
    [shown] = messages(office, "nudges_shown")
    assert shown.payload == {"message_id": staff.id}


def test_nothing_is_done_about_what_is_not_there(office: Office) -> None:
    olive = person(office)
    with pytest.raises(NotFound):
        chase(office, 999, olive)


def test_the_audit_tells_each_and_finds_nothing_wrong(office: Office) -> None:
    award_id, olive = active(office, facts()), person(office, name="Olive Officer")
    number = due(office, award_id)
    chase(office, number, olive)
    extend(office, number, olive)
    snooze(office, number, olive, london_day(office.clock()) + timedelta(days=2))
    hand_on(office, number, olive, olive)
    with office.reading() as session:
        reference = awards.by_id(session, award_id).reference
        assert audit.verify(session).sound
    said = [one.what for one in story_of(office, reference).entries]
    assert [one for one in said if " the monitoring return due" in one or "the return due" in one] == [
        "The office chased the monitoring return due on 1 July 2027",
        "More time was agreed for the return due on 1 July 2027: until 15 July 2027",
        "The officer hears no more of the monitoring return due on 15 July 2027 until 25 November 2026",
        "Olive Officer looks after the monitoring return due on 15 July 2027",
    ]


def test_nothing_is_put_off_to_a_day_that_nobody_lives_to_see(office: Office) -> None:
    number, olive = of_office(office, "payment", FIRST), person(office)
    with pytest.raises(WrongInput, match="Choose a day from 2 July 2027 to 31 December 2100"):
        extend(office, number, olive, replace(GIVEN, until=date.max))
    extend(office, number, olive, replace(GIVEN, until=date(2100, 12, 31)))
    assert row(office, number).due == date(2100, 12, 31)
