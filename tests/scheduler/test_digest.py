"""The weekly digest as its readers get it in Slack: once, in their own messages, together, and to whoever stands in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.practice.faults import Fault
from bot.practice.workspace import TEAM_ID, Message, PracticePerson, Standing
from core import absences, people
from core.records import Person
from core.rules.policy import Role
from scheduler.timetable import run_digests
from tests.scheduler.practice_desk import START, Desk

MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
DEV = PracticePerson("U0DEV", "Dev Director")


def staff(desk: Desk, name: str, user: str, role: Role) -> Person:
    with desk.office.sessions.begin() as session:
        return people.add(
            session, name=name, email=f"{user.lower()}@office.example", role=role, slack=(TEAM_ID, user),
            actor="tests", now=START,
        )  # fmt: skip


@pytest.fixture
def olive(desk: Desk) -> Person:
    desk.slack.workspace.put_person(DEV)
    return staff(desk, "Olive Officer", "U0OFFICER", Role.OFFICER)


def got(desk: Desk, user: str = "U0OFFICER") -> list[Message]:
    return desk.slack.workspace.messages(desk.slack.workspace.open_direct(user).channel_id)


def waiting(desk: Desk) -> list[str]:
    return [message.key for message in desk.open_messages() if message.kind == "digest"]


def test_it_says_what_waits_and_what_falls_due_and_is_literal(desk: Desk, olive: Person) -> None:
    application = desk.submit(organisation_name="<!channel> & <@U0OFFICER> *Boxing*")
    desk.quiet()
    desk.clock.now = MONDAY
    assert run_digests(desk.office) == 1
    desk.deliver()
    (message,) = got(desk)
    assert message.text == "Your week: 1 application waits, 0 overdue, 0 things fall due in 14 days."
    said = str(message.blocks)
    assert str(application.reference) in said
    assert "£2,000" in said
    assert "'type': 'text', 'text': '<!channel> & <@U0OFFICER> *Boxing*'" in said, (
        "as a literal, which Slack reads as text"
    )
    assert olive.name not in said
    assert desk.told() == []


def test_what_is_overdue_stands_apart_from_what_falls_due(desk: Desk, olive: Person) -> None:
    award = desk.active()
    desk.quiet()
    due = desk.returns_due(award)[0]
    desk.clock.now = datetime.combine(due - timedelta(days=due.weekday()) + timedelta(days=7), MONDAY.timetz())
    run_digests(desk.office)
    desk.slack_delivery().deliver_all()
    message = got(desk)[-1]
    assert "1 overdue" in message.text
    assert "Overdue: 1" in str(message.blocks)
    assert str(award.reference) in str(message.blocks)


def test_a_deputy_has_their_own_and_that_of_whoever_is_away_in_one_message(desk: Desk, olive: Person) -> None:
    dev = staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    with desk.office.sessions.begin() as session:
        absences.away(
            session, session.merge(olive), from_day=date(2026, 11, 27), until_day=date(2026, 12, 4),
            deputy=session.merge(dev), actor="tests", today=date(2026, 11, 26), now=START,
        )  # fmt: skip
    desk.clock.now = MONDAY
    assert run_digests(desk.office) == 2
    desk.deliver()
    (message,) = got(desk, "U0DEV")
    assert "The week of Olive Officer, who is away: " in message.text
    assert "Your week:" in message.text
    assert "You decide what you may decide yourself" in str(message.blocks)
    assert got(desk) == []
    assert waiting(desk) == []


@pytest.mark.parametrize(
    "fault", [Fault.lose_answer(), Fault.post_then_hang(30), Fault.garbage()], ids=["lost", "late", "garbage"]
)
def test_an_answer_that_is_lost_sends_nothing_twice(desk: Desk, olive: Person, fault: Fault) -> None:
    desk.expects_a_hang()
    dev = staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    with desk.office.sessions.begin() as session:
        absences.away(
            session, session.merge(olive), from_day=date(2026, 11, 27), until_day=date(2026, 12, 4),
            deputy=session.merge(dev), actor="tests", today=date(2026, 11, 26), now=START,
        )  # fmt: skip
    desk.clock.now = MONDAY
    run_digests(desk.office)
    desk.slack.faults.add("chat.postMessage", fault)
    desk.slack_delivery().deliver_all()
    assert len(waiting(desk)) == 2
    desk.clock.forward(seconds=5)
    desk.slack_delivery().deliver_all()
    assert waiting(desk) == []
    assert len(got(desk, "U0DEV")) == 1


def test_a_slack_that_comes_back_at_night_waits_for_the_morning(desk: Desk, olive: Person) -> None:
    desk.clock.now = MONDAY
    run_digests(desk.office)
    desk.slack.faults.add("conversations.open", Fault.status(503))
    desk.slack_delivery().deliver_all()
    desk.clock.now = MONDAY.replace(hour=22)
    drained = desk.slack_delivery().deliver_all()
    assert got(desk) == []
    assert drained.retry_at == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    application = desk.submit()
    desk.slack_delivery().deliver_all()
    assert str(application.reference) in desk.cards()[0].text, "a card has no quiet hours"
    desk.clock.now = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    desk.slack_delivery().deliver_all()
    assert len(got(desk)) == 1


def test_whoever_has_left_is_not_written_to_and_holds_up_nobody(desk: Desk, olive: Person) -> None:
    staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    gone = staff(desk, "Gone Person", "U0GONE", Role.OFFICER)
    desk.clock.now = MONDAY
    run_digests(desk.office)
    desk.slack.workspace.put_standing("U0DEV", Standing(deleted=True))
    with desk.office.sessions.begin() as session:
        people.remove(session, email=gone.email, actor="tests", now=MONDAY)
    drained = desk.slack_delivery().deliver_all()
    assert waiting(desk) == []
    assert (drained.sent, drained.failed) == (1, 2)
    assert len(got(desk)) == 1


def test_the_longest_that_it_can_say_is_what_slack_takes(desk: Desk, olive: Person) -> None:
    """Three digests as one message, each with as many of the longest rows as are named: the practice Slack counts."""
    dev = staff(desk, "Dev Director", "U0DEV", Role.DIRECTOR)
    others = [staff(desk, f"{number} {'N' * 90}", f"U0P{number}", Role.OFFICER) for number in range(1)]
    with desk.office.sessions.begin() as session:
        for one in (olive, *others):
            absences.away(
                session, session.merge(one), from_day=date(2026, 11, 27), until_day=date(2026, 12, 4),
                deputy=session.merge(dev), actor="tests", today=date(2026, 11, 26), now=START,
            )  # fmt: skip
    for number in range(8):
        desk.submit(organisation_name=f"{number} <!channel> \u202e{'🥊&<>' * 45}", title="T" * 100)
    desk.quiet()
    desk.clock.now = MONDAY
    run_digests(desk.office)
    drained = desk.slack_delivery().deliver_all()
    assert (drained.sent, drained.failed) == (1, 0)
    (message,) = got(desk, "U0DEV")
    assert message.text.count("applications wait") == 3
    assert "and 3 more" in str(message.blocks)
    assert "\u202e" not in str(message.blocks)
