"""Home and the command, over signed requests: what each person sees, what they are refused, and what is shown anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk import WebClient
from sqlalchemy import select

from bot.home import A_PAGE
from bot.practice.block_rules import faults
from bot.practice.faults import Fault
from bot.practice.workspace import View
from core import absences, deciding, people
from core.leaving import leave
from core.office import Office
from core.records import Application, HomeOpened, OutboxMessage
from core.rules.policy import Body
from scheduler.delivery import Delivery
from scheduler.home_courier import HomeCourier
from tests.bot.conftest import APPROVALS, NOBODY, STAFF, TOKEN, Desk, person_of, recommended, submitted
from tests.bot.test_cards import text_of


def home_of(desk: Desk, user: str) -> View:
    view = desk.slack.workspace.home(user)
    assert view is not None, f"{user} has no Home"
    return view


def opened(desk: Desk, user: str) -> str:
    """Open somebody's Home; answers with every word on it."""
    seen = desk.slack.open_home(user)
    assert seen.ok, seen
    return text_of(home_of(desk, user).blocks)


def delivered(desk: Desk) -> int:
    """Deliver what Homes wait for; answers how many changes were shown."""
    client = WebClient(TOKEN, base_url=desk.slack.api_url, timeout=30, retry_handlers=[])
    return Delivery(desk.office, HomeCourier(desk.office, client)).deliver_all().sent


def asked(desk: Desk, text: str, user: str = "U0OFFICER") -> str:
    """Give the command; answers with every word that came back, privately."""
    seen = desk.slack.command(user, APPROVALS, f"/award-desk {text}".strip())
    assert seen.ok, seen
    told = desk.slack.workspace.ephemerals(APPROVALS, user)[-1]
    assert faults(told.blocks) == []
    return f"{told.text} {text_of(told.blocks)}"


def button(desk: Desk, user: str, action: str) -> Any:
    """Press the first button of this action on somebody's Home."""
    return desk.slack.press_in_view(user, home_of(desk, user).view_id, action)


def test_each_sees_what_they_may_move_on(desk: Desk) -> None:
    number = submitted(desk.office)
    assert "Waiting for you: 1" in opened(desk, "U0OFFICER")
    assert "Waiting for you: 0" in opened(desk, "U0COMM")
    recommended(desk.office, number)
    assert "Waiting for you: 0" in opened(desk, "U0OFFICER"), "their own recommendation is not theirs to decide"
    words = opened(desk, "U0COMM")
    assert "Waiting for you: 1" in words
    assert "Approve…" in words
    assert "Decline…" in words
    assert "Ramsey Boxing Club" in words
    assert "Youth Fund" in words


def test_the_whole_way_from_home(desk: Desk) -> None:
    number = submitted(desk.office)
    opened(desk, "U0OFFICER")
    seen = button(desk, "U0OFFICER", "recommend")
    assert seen.view is not None, seen
    given = {"recommendation": "approve", "reasons": "It meets the need."}
    assert desk.slack.submit_view("U0OFFICER", seen.view.view_id, given).ok
    with desk.office.reading() as session:
        assert session.get_one(Application, number).status == "recommended"
    assert delivered(desk) == 1
    words = text_of(home_of(desk, "U0OFFICER").blocks)
    assert "Waiting for you: 0" in words, "Home is shown anew without being opened"
    assert "recommended approving £2,000" in words


def test_a_stale_home_says_why_not_and_shows_how_things_stand(desk: Desk) -> None:
    number = submitted(desk.office)
    opened(desk, "U0OFFICER2")
    recommended(desk.office, number)
    seen = button(desk, "U0OFFICER2", "recommend")
    assert seen.ok
    assert seen.view is None, "no form opens"
    words = text_of(home_of(desk, "U0OFFICER2").blocks)
    assert "Not done:" in words
    assert "already recommended" in words
    assert "Waiting for you: 0" in words
    assert desk.told("U0OFFICER2") == []


def test_pages_turn_and_a_page_that_is_gone_is_the_last_one(desk: Desk) -> None:
    numbers = [submitted(desk.office) for _ in range(A_PAGE + 2)]
    assert "1 to 10 of 12" in opened(desk, "U0OFFICER")
    assert button(desk, "U0OFFICER", "home_on").ok
    words = text_of(home_of(desk, "U0OFFICER").blocks)
    assert "11 to 12 of 12" in words
    for number in numbers[:3]:
        recommended(desk.office, number, by="U0OFFICER2")
    assert button(desk, "U0OFFICER", "home").ok
    assert "Waiting for you: 9" in text_of(home_of(desk, "U0OFFICER").blocks)


def test_home_says_who_stands_in_for_whom(desk: Desk) -> None:
    today = desk.office.today()
    with desk.office.sessions.begin() as session:
        absences.away(
            session,
            session.merge(person_of(desk.office, "U0OFFICER")),
            deputy=session.merge(person_of(desk.office, "U0OFFICER2")),
            from_day=today,
            until_day=today + timedelta(days=6),
            actor="tests",
            today=today,
            now=desk.clock(),
        )
    assert "You are away until 9 December 2026. Officer2 Person stands in for you." in opened(desk, "U0OFFICER")
    assert "Officer Person is away, and you stand in for them" in opened(desk, "U0OFFICER2")
    assert "stand" not in opened(desk, "U0DIRECTOR")


def test_a_stranger_is_told_how_to_link_and_a_leaver_sees_nothing(desk: Desk) -> None:
    submitted(desk.office)
    assert "Link my account" in opened(desk, NOBODY)
    assert "Ramsey" in opened(desk, "U0OFFICER")
    with desk.office.sessions.begin() as session:
        officer = session.merge(person_of(desk.office, "U0OFFICER"))
        leave(session, email=officer.email, actor="tests", now=desk.clock())
    words = opened(desk, "U0OFFICER")
    assert "Ramsey" not in words
    assert "Link my account" in words
    with desk.office.reading() as session:
        opened_by = session.scalars(select(HomeOpened.person_id)).all()
        assert len(opened_by) == 1, "only of those on the staff list is it noted"


@pytest.mark.parametrize(("guest", "stranger", "words"), [(True, False, "guest"), (False, True, "organisation")])
def test_an_account_that_slack_does_not_vouch_for_sees_nothing(
    desk: Desk, guest: bool, stranger: bool, words: str
) -> None:
    submitted(desk.office)
    person = desk.slack.workspace.person("U0OFFICER")
    desk.slack.workspace.put_person(replace(person, is_restricted=guest, is_stranger=stranger))
    said = opened(desk, "U0OFFICER")
    assert words in said
    assert "Ramsey" not in said


def test_a_repeated_event_publishes_once(desk: Desk) -> None:
    desk.slack.open_home("U0OFFICER", event_id="Ev1")
    first = home_of(desk, "U0OFFICER").hash
    desk.slack.open_home("U0OFFICER", event_id="Ev1")
    assert home_of(desk, "U0OFFICER").hash == first
    desk.slack.open_home("U0OFFICER", event_id="Ev2")
    assert home_of(desk, "U0OFFICER").hash != first


def test_what_changes_is_shown_to_those_who_looked_lately(desk: Desk) -> None:
    opened(desk, "U0OFFICER")
    opened(desk, "U0COMM")
    number = submitted(desk.office)
    assert delivered(desk) == 1
    assert "Waiting for you: 1" in text_of(home_of(desk, "U0OFFICER").blocks)
    desk.clock.now += timedelta(days=15)
    recommended(desk.office, number)
    assert delivered(desk) == 0, "nobody has looked for a fortnight"
    assert "Waiting for you: 0" in text_of(home_of(desk, "U0COMM").blocks)
    assert "Waiting for you: 1" in opened(desk, "U0COMM"), "an opening makes it afresh"


def test_nothing_is_put_where_nobody_looks(desk: Desk) -> None:
    submitted(desk.office)
    with desk.office.reading() as session:
        assert session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "homes")).all() == []


def test_several_changes_are_shown_once(desk: Desk) -> None:
    opened(desk, "U0OFFICER")
    for _ in range(4):
        submitted(desk.office)
    assert delivered(desk) == 1
    with desk.office.reading() as session:
        outcomes = session.scalars(
            select(OutboxMessage.outcome).where(OutboxMessage.kind == "homes").order_by(OutboxMessage.id)
        ).all()
    assert outcomes == ["withheld", "withheld", "withheld", "sent"]
    assert "Waiting for you: 4" in text_of(home_of(desk, "U0OFFICER").blocks)


@pytest.mark.parametrize(
    "fault", [Fault.status(500), Fault.ratelimited(1), Fault.lose_answer()], ids=["500", "429", "lost"]
)
def test_a_home_that_slack_did_not_take_is_shown_later(desk: Desk, fault: Fault) -> None:
    opened(desk, "U0OFFICER")
    submitted(desk.office)
    desk.slack.workspace.faults.add("views.publish", fault)
    assert delivered(desk) == 0
    desk.clock.now += timedelta(seconds=5)
    assert delivered(desk) == 1
    assert "Waiting for you: 1" in text_of(home_of(desk, "U0OFFICER").blocks)


def test_one_home_that_slack_refuses_holds_up_no_other(desk: Desk) -> None:
    opened(desk, "U0OFFICER")
    opened(desk, "U0OFFICER2")
    submitted(desk.office)
    desk.slack.workspace.faults.add("views.publish", Fault.error("user_not_found"))
    assert delivered(desk) == 1
    shown = [text_of(home_of(desk, user).blocks) for user in ("U0OFFICER", "U0OFFICER2")]
    assert sorted("Waiting for you: 1" in words for words in shown) == [False, True]


def test_slack_being_away_while_home_is_opened_loses_nothing(desk: Desk) -> None:
    desk.slack.workspace.faults.add("views.publish", Fault.status(500))
    assert desk.slack.open_home("U0OFFICER").ok
    assert "Waiting for you: 0" in opened(desk, "U0OFFICER")


def test_the_command_finds_and_says_what_waits(desk: Desk) -> None:
    assert "What you can ask" in asked(desk, "")
    assert "What you can ask" in asked(desk, "help")
    number = submitted(desk.office)
    with desk.office.reading() as session:
        reference = session.get_one(Application, number).reference or ""
    for words in ("find ramsey boxing", reference, reference.lower(), "boxing", "find PE26"):
        said = asked(desk, words)
        assert reference in said, words
        assert "£2,000 from the Youth Fund: new" in said
    assert "Nothing was found" in asked(desk, "find rowing")
    assert "Say what to find" in asked(desk, "find")
    assert reference in asked(desk, "mine")
    assert "Nothing waits for you" in asked(desk, "mine", "U0COMM")
    assert "Nothing is overdue" in asked(desk, "overdue")
    assert "Nothing is due in the next 14 days" in asked(desk, "due")
    assert "£10,000 left of £10,000" in asked(desk, "fund youth")
    assert "Community Fund £0 left" in asked(desk, "fund")
    assert "No fund of that name" in asked(desk, "fund nothing")


def test_an_application_that_was_found_is_read_in_slack(desk: Desk) -> None:
    submitted(desk.office)
    asked(desk, "find boxing")
    told = desk.slack.workspace.ephemerals(APPROVALS, "U0OFFICER")[-1]
    seen = desk.slack.press("U0OFFICER", APPROVALS, told.ts, "read")
    assert seen.view is not None
    assert "There is no other club within eight miles." in text_of(seen.view.blocks)
    opened(desk, "U0OFFICER")
    seen = button(desk, "U0OFFICER", "read")
    assert seen.view is not None
    assert "There is no other club within eight miles." in text_of(seen.view.blocks)


def test_the_command_says_what_falls_due(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    with desk.office.sessions.begin() as session:
        deciding.decide(
            session, number, session.merge(person_of(desk.office, "U0COMM")), outcome="approved", amount=200_000,
            reasons="It meets the need.", conditions="A return.", office=desk.office, now=desk.clock(),
        )  # fmt: skip
    assert "Nothing is due" in asked(desk, "due")
    desk.clock.now += timedelta(days=20)
    assert "offer to be accepted" in asked(desk, "due") or "acceptance" in asked(desk, "due")
    desk.clock.now += timedelta(days=20)
    assert "1 thing overdue" in asked(desk, "overdue")
    assert "Overdue" in opened(desk, "U0OFFICER")


def test_what_is_typed_after_the_command_is_text(desk: Desk) -> None:
    hostile = "find <!channel> <@U0COMM> & <https://evil.example|x>"
    said = asked(desk, hostile)
    told = desk.slack.workspace.ephemerals(APPROVALS, "U0OFFICER")[-1]
    assert "<!channel>" not in told.text
    assert "&lt;!channel&gt;" in told.text
    assert "Nothing was found" in said


def test_strangers_get_no_answer_from_the_command(desk: Desk) -> None:
    submitted(desk.office)
    said = asked(desk, "find ramsey", NOBODY)
    assert "not linked" in said
    assert "YF-" not in said


@pytest.mark.one_database
@pytest.mark.parametrize("text", ["find ramsey", "ramsey", "mine", "due", "overdue", "fund", "help"])
def test_constabulary_staff_get_no_answer_from_the_command(desk: Desk, text: str) -> None:
    submitted(desk.office)
    said = asked(desk, text, "U0FORCE")
    assert "constabulary staff neither recommend nor decide" in said
    assert "YF-" not in said
    assert "Youth Fund" not in said


def test_constabulary_staff_have_no_home_and_whoever_goes_there_has_none_any_more(desk: Desk) -> None:
    submitted(desk.office)
    words = opened(desk, "U0FORCE")
    assert "constabulary staff neither recommend nor decide" in words
    assert "Fund" not in words
    opened(desk, "U0OFFICER")
    with desk.office.sessions.begin() as session:
        session.merge(person_of(desk.office, "U0OFFICER")).body = Body.CONSTABULARY.value
    button(desk, "U0OFFICER", "home")
    assert "constabulary" in text_of(home_of(desk, "U0OFFICER").blocks)
    submitted(desk.office)
    delivered(desk)
    assert "Ramsey" not in text_of(home_of(desk, "U0OFFICER").blocks), "and it is not shown anew to them"


def test_every_role_gets_a_home_within_slacks_limits(desk: Desk, office: Office) -> None:
    for _ in range(3):
        submitted(desk.office)
    with office.reading() as session:
        users = [one.slack_user for one in people.everybody(session) if one.slack_user]
    for user in users:
        assert ("Waiting for you" in opened(desk, user)) == (STAFF[user][1] is Body.OFFICE), user
