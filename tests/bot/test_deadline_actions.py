"""What falls due, from its message in Slack: who may do what, the forms, and the message that is updated in place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from bot.action import MENU, chosen_action
from bot.practice.block_rules import elements_of
from core import awards, chasing, deadlines, deciding, sweeping
from core.records import Award, Deadline, Interest, OutboxMessage
from scheduler.delivery import Delivery
from scheduler.slack_courier import SlackCourier
from tests.bot.conftest import APPROVALS, NOON, Desk, application_of, person_of, recommended, submitted
from tests.bot.test_listeners import opened
from tests.core.casework import london

FIRST = date(2027, 7, 11)
LATE = FIRST + timedelta(days=1)  # Monday
ACTS = "rodpefc"
PEOPLE = {
    "r": "U0OFFICER", "o": "U0OFFICER2", "d": "U0DIRECTOR", "p": "U0DEPUTY", "e": "U0CHIEF", "f": "U0FINANCE",
    "c": "U0COMM", "n": "U0PANEL", "a": "U0AUDITOR", "k": "U0FORCE", "q": "U0FORCEDIR",
}  # fmt: skip
RETURNS: dict[str, str] = {"due_chased": ACTS, "due_extend": ACTS, "due_reassign": ACTS, "due_snooze": ACTS}
"""Whom each is open to of a return: the office, less those who only read. What is not here is open to nobody."""


def accepted(desk: Desk) -> Award:
    """An award that runs from 11 January to 10 July 2027: it has one return, due on its last day."""
    number = submitted(desk.office, end="2027-07-11")
    recommended(desk.office, number)
    with desk.office.sessions.begin() as session:
        deciding.decide(
            session, number, session.merge(person_of(desk.office, "U0COMM")), outcome="approved", amount=200_000,
            reasons="It meets the need.", conditions="A return every six months.", office=desk.office, now=NOON,
        )  # fmt: skip
    award = application_of(desk.office, number).award
    assert award is not None
    with desk.office.sessions.begin() as session:
        found = awards.by_id(session, award.id)
        awards.accept(session, found, name="Kim Archer", office=desk.office, now=NOON)
        found.application.taken_by = None  # whoever recommended it has left since: all of it is told in the channel
    return award


def deliver(desk: Desk) -> None:
    courier = SlackCourier(desk.office, desk.client, approvals=APPROVALS, deadlines=APPROVALS)
    Delivery(desk.office, courier).deliver_all()


@pytest.fixture
def told(desk: Desk) -> tuple[Desk, int, str]:
    """A desk whose channel was told of a return that is late: its number, and the message's ts."""
    award = accepted(desk)
    desk.clock.now = london(LATE)
    with desk.office.sessions.begin() as session:
        sweeping.sweep(session, office=desk.office, today=LATE, now=desk.clock.now)
    deliver(desk)
    with desk.office.reading() as session:
        found = deadlines.find(session, subject=f"award:{award.id}", kind="return")
        assert found is not None
        number = found.id
    return desk, number, message(desk).ts


def message(desk: Desk) -> Any:
    [found] = [one for one in desk.slack.workspace.messages(APPROVALS) if one.text.startswith("Deadlines:")]
    return found


def words(desk: Desk) -> str:
    return " ".join(
        piece["text"]
        for block in message(desk).blocks
        if block["type"] == "rich_text"
        for part in block["elements"]
        for piece in part["elements"]
        if "text" in piece
    )


def row(desk: Desk, number: int) -> Deadline:
    with desk.office.reading() as session:
        return chasing.by_id(session, number)


def press(desk: Desk, user: str, ts: str, action: str) -> Any:
    """Press a button of the message, or choose from its menu."""
    if action not in ("due_reassign", "due_snooze"):
        return desk.press(user, ts, action)
    elements = [one for block in message(desk).blocks for one in elements_of(block) if one["type"] == "overflow"]
    options = [option["value"] for one in elements for option in one["options"]]
    return desk.press(user, ts, MENU, chosen=next(one for one in options if chosen_action(one) == action))


def send(desk: Desk, user: str, ts: str, action: str, **answers: str) -> Any:
    """Press, and send the form with what is filled in and these answers."""
    return desk.slack.submit_view(user, opened(press(desk, user, ts, action)), answers)


def test_it_says_what_is_late_whose_it_is_and_what_comes(told: tuple[Desk, int, str]) -> None:
    desk, _, _ = told
    said = words(desk)
    assert "Ramsey Boxing Club   – monitoring return, YF-2026-" in said
    assert "Was due on 11 July 2027, yesterday." in said
    assert "Nobody looks after it." in said
    assert "The recipient is told on 18 July 2027, the Director on 26 July 2027." in said


def test_chased_is_recorded_and_the_message_says_who_and_when(told: tuple[Desk, int, str]) -> None:
    desk, number, ts = told
    assert send(desk, "U0OFFICER", ts, "due_chased", note="Rang Kim: on Friday.").ok
    assert row(desk, number).chased_at == desk.clock.now
    deliver(desk)
    assert message(desk).ts == ts, "updated where it stands"
    assert "Last chased by Officer Person on 12 July 2027." in words(desk)
    assert desk.told("U0OFFICER") == []


def test_extended_says_who_gave_it_and_the_line_is_struck(told: tuple[Desk, int, str]) -> None:
    desk, number, ts = told
    assert send(desk, "U0DIRECTOR", ts, "due_extend", reasons="Their treasurer is ill.").ok
    assert row(desk, number).due == date(2027, 7, 26), "as it is filled in"
    deliver(desk)
    said = words(desk)
    assert "It has more time: Director Person gave it until 26 July 2027." in said
    assert message(desk).text == "Deadlines: all of it has been seen to."


def test_reassigned_tells_the_new_owner_with_the_buttons(told: tuple[Desk, int, str]) -> None:
    desk, number, ts = told
    other = person_of(desk.office, "U0OFFICER2")
    assert send(desk, "U0OFFICER", ts, "due_reassign", owner=str(other.id)).ok
    assert row(desk, number).owner_id == other.id
    deliver(desk)
    assert "With Officer2 Person." in words(desk)
    [direct] = desk.slack.workspace.messages(desk.slack.workspace.open_direct("U0OFFICER2").channel_id)
    assert direct.text.startswith("Officer Person gave this to you: 1 monitoring return, 1 of them overdue.")
    assert "due_chased" in str(direct.blocks)


def test_snoozed_says_until_when(told: tuple[Desk, int, str]) -> None:
    desk, number, ts = told
    assert send(desk, "U0OFFICER", ts, "due_snooze").ok
    assert row(desk, number).snoozed_until == date(2027, 7, 19)
    deliver(desk)
    assert "No more to the officer until 19 July 2027." in words(desk)


@pytest.mark.one_database
@pytest.mark.parametrize("action", sorted(RETURNS))
def test_who_may(told: tuple[Desk, int, str], action: str) -> None:
    desk, _, ts = told
    let = {letter for letter, user in PEOPLE.items() if press(desk, user, ts, action).view is not None}
    assert let == set(RETURNS[action])
    for letter, user in PEOPLE.items():
        assert len(desk.told(user)) == (0 if letter in let else 1), "a refusal is said privately, and opens nothing"


@pytest.mark.one_database
@pytest.mark.parametrize("action", sorted(RETURNS))
def test_who_has_declared_an_interest_is_out_at_the_press_and_at_the_submission(
    told: tuple[Desk, int, str], action: str
) -> None:
    desk, number, ts = told
    view = opened(press(desk, "U0OFFICER", ts, action))
    before = row(desk, number)
    with desk.office.sessions.begin() as session:
        application = chasing.by_id(session, number).application
        assert application is not None
        who = person_of(desk.office, "U0OFFICER").id
        session.add(Interest(application_id=application.id, person_id=who, reason="x", declared_at=NOON))
    seen = desk.slack.submit_view("U0OFFICER", view, {"reasons": "Ill."} if action == "due_extend" else {})
    assert "You have declared an interest" in str(seen.errors)
    press(desk, "U0OFFICER", ts, action)
    assert "You have declared an interest" in desk.told("U0OFFICER")[-1]
    assert chasing.mark_of(row(desk, number)) == chasing.mark_of(before)


@pytest.mark.one_database
@pytest.mark.parametrize("action", sorted(RETURNS))
def test_whoever_is_second_with_the_same_form_changes_nothing_and_is_told(
    told: tuple[Desk, int, str], action: str
) -> None:
    desk, number, ts = told
    view = opened(press(desk, "U0OFFICER2", ts, action))
    assert send(desk, "U0OFFICER", ts, "due_chased").ok
    after = row(desk, number)
    seen = desk.slack.submit_view("U0OFFICER2", view, {"reasons": "Ill."} if action == "due_extend" else {})
    assert "Somebody did something about this after you opened this form." in str(seen.errors)
    assert chasing.mark_of(row(desk, number)) == chasing.mark_of(after)


@pytest.mark.one_database
def test_what_came_in_meanwhile_says_so_and_opens_nothing(told: tuple[Desk, int, str]) -> None:
    desk, number, ts = told
    with desk.office.sessions.begin() as session:
        deadline = chasing.by_id(session, number)
        deadlines.meet(session, deadline, now=desk.clock.now)
    assert press(desk, "U0OFFICER", ts, "due_chased").view is None
    assert "This monitoring return was done on 12 July 2027: nothing is left to do." in desk.told("U0OFFICER")[-1]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("action", "answers", "field"),
    [
        ("due_extend", {"until": "2027-07-12", "reasons": "x"}, "until"),
        ("due_extend", {"until": "2027-09-30", "reasons": "x"}, "until"),
        ("due_snooze", {"until": "2027-07-12"}, "until"),
        ("due_snooze", {"until": "2027-08-30"}, "until"),
    ],
)
def test_a_wrong_day_is_said_beside_it(
    told: tuple[Desk, int, str], action: str, answers: dict[str, str], field: str
) -> None:
    desk, number, ts = told
    before = row(desk, number)
    seen = send(desk, "U0OFFICER", ts, action, **answers)
    assert list(seen.errors) == [field]
    assert "Choose a day from" in seen.errors[field]
    assert chasing.mark_of(row(desk, number)) == chasing.mark_of(before)


@pytest.mark.one_database
def test_a_message_that_was_deleted_is_not_posted_anew(told: tuple[Desk, int, str]) -> None:
    desk, _, ts = told
    view = opened(press(desk, "U0OFFICER", ts, "due_chased"))
    desk.slack.workspace.remove(APPROVALS, ts)
    assert desk.slack.submit_view("U0OFFICER", view, {}).ok
    deliver(desk)
    assert [one.text for one in desk.slack.workspace.messages(APPROVALS) if one.text.startswith("Deadlines")] == []
    with desk.office.reading() as session:
        shown = session.query(OutboxMessage).filter_by(kind="nudges_shown").one()
        assert shown.outcome == "withheld"
