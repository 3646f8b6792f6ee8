"""The sweep (D0): each step once, to each person, on its day, whatever was missed, repeated or done at once."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from core import absences, awards, deadlines, deciding, leaving, outbox, people, returns, sweeping
from core.errors import Conflict
from core.office import Office
from core.records import Deadline, Nudge, SweepPlan
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core.casework import (
    active,
    at_once,
    bare_awards,
    days,
    facts,
    london,
    messages,
    offered,
    returned,
    someone,
    sweep,
    told,
    victims,
)

FIRST = date(2027, 7, 1)
"""A Thursday, as are most days on which its steps fall; none of them is a day that nobody works."""

NOON = london(FIRST, 12)

LAST = date(2027, 10, 31)
"""A Sunday, and the day on which the clocks go back."""


def after(number: int, due: date = FIRST) -> date:
    return due + timedelta(days=number)


def nudges(office: Office) -> list[Nudge]:
    with office.reading() as session:
        return list(session.scalars(select(Nudge).order_by(Nudge.id)))


def set_deadline(office: Office, due: date, *, kind: str = "return", **given: Any) -> int:
    """A deadline of an award of its own; answers the deadline's id."""
    with office.sessions.begin() as session:
        [award] = bare_awards(session, office, 1, contact_email=given.pop("contact_email", "ada@riverside.example"))
        made = deadlines.set_deadline(
            session,
            subject=f"award:{award.id}",
            reference=award.reference,
            kind=kind,
            due=due,
            now=office.clock(),
            award_id=award.id,
            **given,
        )
        session.flush()
        return made.id


def test_each_step_of_a_return_goes_to_its_people_on_its_day_and_on_no_other(office: Office) -> None:
    active(office)
    sent = {day: told(sweep(office, day)) for day in days(after(-40), after(35))}
    assert {day: steps for day, steps in sent.items() if steps} == {
        after(-28): [(-28, "officer"), (-28, "recipient")],
        after(-7): [(-7, "officer"), (-7, "recipient")],
        after(-1): [(-1, "officer"), (-1, "recipient")],
        after(0): [(0, "officer"), (0, "recipient")],
        after(7): [(7, "officer"), (7, "recipient")],
        after(14): [(14, "director"), (14, "officer"), (14, "recipient")],
        after(28): [(28, "director"), (28, "officer"), (28, "recipient")],
    }


def test_what_a_sweep_answers_is_what_it_prints(office: Office) -> None:
    award_id = active(office)
    with office.reading() as session:
        reference = awards.by_id(session, award_id).reference
    first, second = sweep(office, after(-28))
    for step, to, channel in ((first, "recipient", "email"), (second, "officer", "slack")):
        assert step.as_data() == {
            "reference": reference,
            "kind": "return",
            "due": "2027-07-01",
            "step": -28,
            "to": to,
            "channel": channel,
        }
    assert [(one.kind, one.channel, one.payload) for one in messages(office)][-2:] == [
        ("nudge", "mail", {"to": "recipient"}),
        ("staff_nudge", "slack", {"to": "staff"}),
    ]


def test_a_staff_step_waits_for_a_working_day_and_a_recipient_s_does_not(office: Office) -> None:
    active(office, facts(start=date(2027, 6, 1), end=LAST))
    sweep(office, after(-8, LAST))
    sent = {day: told(sweep(office, day)) for day in days(after(-7, LAST), after(16, LAST))}
    assert {day: steps for day, steps in sent.items() if steps} == {
        after(-7, LAST): [(-7, "recipient")],  # Sunday
        after(-6, LAST): [(-7, "officer")],
        after(-1, LAST): [(-1, "recipient")],  # Saturday
        LAST: [(0, "recipient")],  # Sunday
        after(1, LAST): [(0, "officer")],  # Monday: of two steps that waited, the later one
        after(7, LAST): [(7, "recipient")],
        after(8, LAST): [(7, "officer")],
        after(14, LAST): [(14, "recipient")],
        after(15, LAST): [(14, "director"), (14, "officer")],
    }


def test_a_staff_step_waits_for_the_end_of_the_bank_holidays(office: Office) -> None:
    set_deadline(office, date(2027, 12, 25))  # Saturday; 27 and 28 December are the substitute days
    sent = {day: told(sweep(office, day)) for day in days(date(2027, 12, 24), date(2027, 12, 29))}
    assert {day: steps for day, steps in sent.items() if steps} == {
        date(2027, 12, 24): [(-1, "officer"), (-1, "recipient")],
        date(2027, 12, 25): [(0, "recipient")],
        date(2027, 12, 29): [(0, "officer")],
    }


def test_an_offer_that_waits_is_nudged_and_one_that_was_answered_is_not(office: Office) -> None:
    offered(office)  # to be accepted by Monday, 21 December 2026
    active(office)
    sent = {day: told(sweep(office, day)) for day in days(date(2026, 11, 24), date(2026, 12, 23))}
    assert {day: steps for day, steps in sent.items() if steps} == {
        date(2026, 12, 14): [(-7, "officer"), (-7, "recipient")],
        date(2026, 12, 20): [(-1, "recipient")],
    }


def test_meetings_are_the_officer_s_to_invite_to(office: Office) -> None:
    active(office, victims())
    sent = [
        (day, step.step, step.to)
        for day in days(date(2027, 2, 1), date(2027, 3, 31))
        for step in sweep(office, day)
        if step.kind == "meeting"
    ]
    assert sent == [(date(2027, 3, 4), -28, "officer"), (date(2027, 3, 25), -7, "officer")]


def test_a_sweep_that_was_missed_sends_the_latest_step_only_and_never_the_backlog(office: Office) -> None:
    active(office)
    assert told(sweep(office, after(10))) == [(7, "officer"), (7, "recipient")]
    assert sweep(office, after(13)) == ()
    assert told(sweep(office, after(100))) == [
        (-28, "officer"),  # of the final return, due on 31 October
        (-28, "recipient"),
        (28, "director"),
        (28, "officer"),
        (28, "recipient"),
    ]
    assert len(nudges(office)) == 7


def test_whoever_has_an_interest_in_an_award_is_not_the_one_who_is_told_of_it(office: Office) -> None:
    award_id = active(office)
    with office.sessions.begin() as session:
        award, told_to = awards.by_id(session, award_id), people.add(
            session, name="Olive Officer", email="olive@office.example", role=Role.OFFICER, slack=("T1", "U1"),
            actor="test", now=office.clock(),
        )  # fmt: skip
        session.flush()
        number, application_id = told_to.id, award.application_id
        for one in award.deadlines:
            one.owner_id = number

    def who() -> set[str]:
        with office.sessions() as session, session.begin() as transaction:
            sent = sweeping.sweep(session, office=office, today=after(0), now=london(after(0)))
            transaction.rollback()
        return {step.who for step in sent if step.to == "officer"}

    assert who() == {"Olive Officer"}
    with office.sessions.begin() as session:
        deciding.declare_interest(
            session, application_id, someone(session, number), reason="My son.", now=office.clock()
        )
    assert who() == {"the deadlines channel"}, "A2"


@pytest.mark.one_database
def test_who_stands_in_is_told_of_what_they_have_no_interest_in(office: Office) -> None:
    """Of two applications that whoever is away took on; who owns a deadline by itself comes before that."""
    first, second = active(office), active(office)
    with office.sessions.begin() as session:
        olive, dev, gus = (
            people.add(
                session, name=name, email=f"{name}@office.example", role=Role.OFFICER, slack=("T1", name),
                actor="test", now=office.clock(),
            )
            for name in ("Olive", "Dev", "Gus")
        )  # fmt: skip
        session.flush()
        for number in (first, second):
            awards.by_id(session, number).application.taken_by_id = olive.id
        mine = awards.by_id(session, first)
        deciding.declare_interest(session, mine.application_id, dev, reason="My son.", now=office.clock())
        absences.away(
            session, olive, from_day=FIRST, until_day=after(9), deputy=dev, actor="test", today=FIRST,
            now=london(FIRST),
        )  # fmt: skip
        references = mine.reference, awards.by_id(session, second).reference

    def who() -> list[str]:
        with office.sessions() as session, session.begin() as transaction:
            sent = sweeping.sweep(session, office=office, today=FIRST, now=london(FIRST))
            transaction.rollback()
        of = {step.reference: step.who for step in sent if step.to == "officer"}
        return [of[reference] for reference in references]

    assert who() == ["Olive", "Dev"]
    with office.sessions.begin() as session:
        for one in awards.by_id(session, second).deadlines:
            one.owner_id = gus.id
    assert who() == ["Olive", "Gus"]
    with office.sessions.begin() as session:
        leaving.leave(session, email=gus.email, actor="test", now=office.clock())
        for one in awards.by_id(session, second).deadlines:
            one.owner_id = gus.id  # as of a record in which somebody left without handing on
    assert who() == ["Olive", "Dev"]


def test_the_day_of_the_last_sweep_is_the_latest_of_all(office: Office) -> None:
    active(office)
    sweep(office, after(0))
    sweep(office, after(-40))
    with office.reading() as session:
        assert session.scalars(select(SweepPlan.swept_on)).one() == after(0)


def test_what_was_sent_is_not_sent_again_though_its_day_is_looked_at_again(office: Office) -> None:
    active(office)
    assert len(sweep(office, after(0))) == 2
    with office.sessions.begin() as session:
        session.execute(update(Deadline).where(Deadline.due == FIRST).values(next_step_on=after(0)))
    assert sweep(office, after(0)) == ()


def test_a_second_sweep_of_a_day_sends_nothing(office: Office) -> None:
    active(office)
    assert len(sweep(office, after(0))) == 2
    written = len(messages(office))
    assert sweep(office, after(0)) == ()
    assert len(messages(office)) == written


def test_after_a_look_ahead_a_sweep_of_today_sends_nothing_earlier(office: Office) -> None:
    active(office)
    assert told(sweep(office, after(14))) == [(14, "director"), (14, "officer"), (14, "recipient")]
    for day in (after(-28), after(0), after(14), after(27)):
        assert sweep(office, day) == ()
    assert told(sweep(office, after(28))) == [(28, "director"), (28, "officer"), (28, "recipient")]


@pytest.mark.one_database
def test_whoever_was_told_of_a_later_step_is_not_told_of_an_earlier_one_though_it_waits_again(office: Office) -> None:
    number = set_deadline(office, FIRST)
    assert (14, "recipient") in told(sweep(office, after(14)))
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        deadlines.wait_again(session, found, due=FIRST, since=after(7), now=london(after(7)))
    assert sweep(office, after(7)) == ()
    assert (28, "recipient") in told(sweep(office, after(28)))


@pytest.mark.one_database
def test_no_step_is_said_to_be_missed_that_no_sweep_could_have_sent(office: Office) -> None:
    """One from before the deadline was set, and one of the day on which it was set after that day's sweep."""
    sweep(office, after(-30))
    number = set_deadline(office, FIRST)
    with office.sessions.begin() as session:
        session.get_one(Deadline, number).set_at = london(after(-3))
    sweep(office, FIRST)
    [said] = [one.payload["missed"] for one in messages(office) if "missed" in one.payload]
    assert sorted((to, step) for _, to, step, _, _ in said) == [("officer", -1), ("recipient", -1)]


@pytest.mark.one_database
def test_a_step_of_a_day_that_was_swept_is_no_gap(office: Office) -> None:
    sweep(office, after(-1))
    number = set_deadline(office, FIRST)
    with office.sessions.begin() as session:
        session.get_one(Deadline, number).set_at = london(after(-1), 12)
    assert told(sweep(office, after(1))) == [(0, "officer"), (0, "recipient")]
    assert [one.payload for one in messages(office) if "missed" in one.payload] == []


def test_a_look_ahead_without_sending_leaves_everything_as_it_was(office: Office) -> None:
    active(office)
    with office.sessions() as session, session.begin() as transaction:
        seen = sweeping.sweep(session, office=office, today=after(14), now=london(after(14)))
        transaction.rollback()
    assert told(seen) == [(14, "director"), (14, "officer"), (14, "recipient")]
    assert nudges(office) == []
    assert messages(office, "nudge", "staff_nudge") == []
    assert told(sweep(office, after(-28))) == [(-28, "officer"), (-28, "recipient")]


def test_no_step_from_before_the_import_is_sent(office: Office) -> None:
    set_deadline(office, FIRST, silent_before=after(-1))
    assert [told(sweep(office, after(number))) for number in (-28, -7, -2)] == [[], [], []]
    assert told(sweep(office, after(-1))) == [(-1, "officer"), (-1, "recipient")]
    past = set_deadline(office, FIRST, silent_before=after(60))
    assert sweep(office, after(90)) != ()  # the first deadline's last step
    assert past not in {one.deadline_id for one in nudges(office)}


def test_what_is_met_or_closed_is_silent(office: Office) -> None:
    met, closed, still_open = (set_deadline(office, FIRST) for _ in range(3))
    with office.sessions.begin() as session:
        deadlines.meet(session, session.get_one(Deadline, met), now=office.clock())
        gone = session.get_one(Deadline, closed)
        deadlines.close(session, subject=gone.subject, now=office.clock())
    with office.sessions.begin() as session:  # even where a day for the next step was left behind
        session.execute(update(Deadline).values(next_step_on=after(-28)))
    sweep(office, after(0))
    assert {one.deadline_id for one in nudges(office)} == {still_open}


@pytest.mark.one_database
def test_what_was_moved_after_it_was_read_is_not_moved_again(office: Office) -> None:
    """As by another process between the reading and the change."""
    number = set_deadline(office, FIRST)
    meanwhile = update(Deadline).values(due=after(3)).execution_options(synchronize_session=False)
    with office.sessions.begin() as session:
        read = session.get_one(Deadline, number)
        session.execute(meanwhile)
        with pytest.raises(Conflict, match=r"due on 1 July 2027 has been done, closed or moved meanwhile"):
            deadlines.extend(session, read, after(9), today=FIRST, now=NOON)
        assert read.due == after(3)
    with office.sessions.begin() as session:
        read = session.get_one(Deadline, number)
        session.execute(meanwhile.values(due=after(5)))
        with pytest.raises(Conflict):
            deadlines.move(session, read, after(9), today=FIRST, now=NOON)
        session.execute(meanwhile.values(met_at=NOON, due=after(5)))
        with pytest.raises(Conflict):
            deadlines.extend(session, read, after(9), today=FIRST, now=NOON)
        assert not deadlines.end(session, read, met=False, now=NOON)


@pytest.mark.one_database
def test_of_what_is_set_late_the_latest_step_that_has_come_is_sent(office: Office, clock: Clock) -> None:
    clock.now = london(after(-5))  # two days after the day of that step
    set_deadline(office, FIRST)
    assert told(sweep(office, after(-5))) == [(-7, "officer"), (-7, "recipient")]
    assert told(sweep(office, after(-1))) == [(-1, "officer"), (-1, "recipient")]


@pytest.mark.one_database
def test_more_time_makes_up_nothing_that_was_to_stay_silent(office: Office) -> None:
    number = set_deadline(office, FIRST, silent_before=after(10))
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        deadlines.extend(session, found, after(12), today=FIRST, now=NOON)
        assert (found.silent_before, found.next_step_on) == (after(10), after(10))


@pytest.mark.one_database
def test_what_is_waited_for_again_is_not_put_off_any_more(office: Office) -> None:
    number = set_deadline(office, FIRST, silent_before=after(-3))
    with office.sessions.begin() as session:
        found = session.get_one(Deadline, number)
        found.snoozed_until, found.met_at = after(5), office.clock()
        deadlines.wait_again(session, found, due=FIRST, since=after(-9), now=NOON)
        assert found.is_open
        assert [found.snoozed_until, found.silent_before, found.next_step_on] == [None, after(-3), after(-9)]


def test_closing_some_kinds_of_a_subject_leaves_the_others_and_what_was_met(office: Office) -> None:
    with office.sessions.begin() as session:
        for kind, due in (("return", FIRST), ("return", LAST), ("meeting", FIRST)):
            deadlines.set_deadline(session, subject="award:1", reference="YF-1", kind=kind, due=due, now=office.clock())
        session.flush()
        met = deadlines.find(session, subject="award:1", kind="return", due=FIRST)
        assert met is not None
        deadlines.meet(session, met, now=office.clock())
        session.flush()
        deadlines.close(session, subject="award:1", kinds=["return"], now=office.clock())
    with office.reading() as session:
        stands = {(one.kind, one.due): (one.met_at, one.closed_at) for one in session.scalars(select(Deadline))}
    now = office.clock()
    assert stands == {("return", FIRST): (now, None), ("return", LAST): (None, now), ("meeting", FIRST): (None, None)}


def test_one_message_to_a_person_covers_everything_that_is_due(office: Office) -> None:
    mine = [set_deadline(office, FIRST), set_deadline(office, after(7))]
    other = set_deadline(office, FIRST, contact_email="zoe@elsewhere.example")
    sweep(office, after(0))
    covered: dict[str, set[tuple[int, int]]] = {}
    for message in messages(office, "nudge", "staff_nudge"):
        with office.reading() as session:
            found = deadlines.nudges_of(session, message)
            assert [one.deadline.due for one in found] == sorted(one.deadline.due for one in found)
            emails = {one.deadline.award.application.contact_email for one in found if one.deadline.award}
            who = message.payload["to"] + (f" {emails.pop()}" if message.payload["to"] == "recipient" else "")
            covered[who] = {(one.deadline_id, one.step) for one in found}
    assert covered == {
        "recipient ada@riverside.example": {(mine[0], 0), (mine[1], -7)},
        "recipient zoe@elsewhere.example": {(other, 0)},
        "staff": {(mine[0], 0), (mine[1], -7), (other, 0)},
    }


def test_the_longest_address_is_nudged_too(office: Office) -> None:
    set_deadline(office, FIRST, contact_email=f"{'a' * 64}@{'b' * 180}.example")
    assert told(sweep(office, after(0))) == [(0, "officer"), (0, "recipient")]


def test_sweeps_at_once_send_each_nudge_once(office: Office) -> None:
    made = [set_deadline(office, after(number % 3), contact_email=f"p{number}@x.example") for number in range(30)]
    came = at_once([lambda: sweep(office, after(2))] * 5)
    sent = [step for steps in came.done for step in steps]
    assert len(sent) == 60
    assert {(one.deadline_id, one.person) for one in nudges(office)} == {
        (one, who) for one in made for who in ("recipient", "officer")
    }
    assert len(nudges(office)) == 60
    assert len(messages(office, "nudge")) == 30
    assert sweep(office, after(2)) == ()


def test_a_sweep_while_returns_come_in_leaves_each_deadline_met(office: Office) -> None:
    held = [active(office) for _ in range(6)]

    def receive(award_id: int) -> None:
        with office.sessions.begin() as session:
            award = awards.by_id(session, award_id)
            returns.receive(session, award, FIRST, returned(), source="the recipient", now=london(FIRST))

    at_once([*(partial(receive, one) for one in held), partial(sweep, office, FIRST)])
    with office.reading() as session:
        stands = session.scalars(select(Deadline).where(Deadline.due == FIRST)).all()
        assert [(one.met_at, one.next_step_on) for one in stands] == [(london(FIRST), None)] * 6
    assert sweep(office, after(1)) == ()


def test_a_sweep_in_many_passes_sends_all_of_them(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [set_deadline(office, after(number % 2), contact_email=f"p{number}@x.example") for number in range(7)]
    monkeypatch.setattr(sweeping, "BATCH", 2)
    assert len(sweep(office, after(1))) == 14
    assert {one.deadline_id for one in nudges(office)} == set(made)
    assert len(messages(office, "staff_nudge")) == 1


def test_a_sweep_that_dies_before_its_commit_leaves_nothing_and_the_next_one_sends(office: Office) -> None:
    set_deadline(office, FIRST)

    def sweep_and_die() -> None:
        with office.sessions.begin() as session:
            assert len(sweeping.sweep(session, office=office, today=FIRST, now=london(FIRST))) == 2
            raise SystemExit

    with pytest.raises(SystemExit):
        sweep_and_die()
    assert nudges(office) == []
    assert messages(office) == []
    assert len(sweep(office, FIRST)) == 2


def test_deadlines_are_listed_with_their_state_and_the_steps_that_were_really_sent(office: Office) -> None:
    award_id = active(office)
    with office.reading() as session:
        reference = awards.by_id(session, award_id).reference

    def listing(today: date, **given: Any) -> list[dict[str, Any]]:
        with office.reading() as session:
            return deadlines.listing(session, office=office, today=today, **given)

    sweep(office, after(-28))
    with office.sessions.begin() as session:
        mail = outbox.claim(session, "mail", now=london(after(-28)))
        while mail is not None:
            outbox.settle(session, mail, "sent", now=london(after(-28), 10))
            mail = outbox.claim(session, "mail", now=london(after(-28)))
        slack = outbox.claim(session, "slack", now=london(after(-28)))
        while slack is not None:
            outbox.settle(session, slack, "failed", now=london(after(-28), 10))
            slack = outbox.claim(session, "slack", now=london(after(-28)))
    decision, acceptance, first, last = listing(FIRST)
    assert [(one["kind"], one["due"], one["state"]) for one in (decision, acceptance, first, last)] == [
        ("decision", "2026-12-21", "met"),
        ("acceptance", "2026-12-21", "met"),
        ("return", "2027-07-01", "due"),
        ("return", "2027-10-31", "due"),
    ]
    steps = {(one["days"], one["to"]): one["sent_at"] for one in first["steps"]}
    assert steps.pop((-28, "recipient")) == london(after(-28), 10).isoformat()
    assert set(steps.values()) == {None}  # the officer's was tried, and never sent
    assert len(steps) == 15
    assert [one["due"] for one in listing(after(1), state="overdue")] == ["2027-07-01"]
    assert [one["due"] for one in listing(after(1), state="due")] == ["2027-10-31"]
    assert [one["due"] for one in listing(after(1), state="met")] == ["2026-12-21"] * 2
    assert [one["due"] for one in listing(FIRST, before=LAST)] == ["2026-12-21", "2026-12-21", "2027-07-01"]
    assert len(listing(FIRST, references=[reference])) == 4
    assert listing(FIRST, references=[]) == []
    with office.sessions.begin() as session:
        deadlines.close(session, subject=f"award:{award_id}", now=office.clock())
    assert [one["state"] for one in listing(after(1))] == ["met", "met"]


def test_a_deadline_with_nothing_still_to_come_is_out_of_the_sweep_s_way(office: Office) -> None:
    made = set_deadline(office, FIRST)
    sweep(office, after(60))
    with office.reading() as session:
        assert session.get_one(Deadline, made).next_step_on is None
