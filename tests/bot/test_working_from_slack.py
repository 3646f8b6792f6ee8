"""Taking an application on, the panel's list and undoing a wrong press, from the card."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core import commitments, panel_list, taking
from core.office import Office
from core.records import Application, Interest
from tests.bot.conftest import NOON, Desk, application_of, person_of, recommended, submitted
from tests.bot.test_application_card import decided, shown
from tests.bot.test_listeners import opened


def holder(office: Office, number: int) -> str:
    with office.reading() as session:
        taken = session.get_one(Application, number).taken_by
        return taken.name if taken is not None else ""


def menu(desk: Desk, ts: str) -> list[str]:
    """What the menu of a card offers."""
    elements: list[dict[str, Any]] = [
        one for block in desk.slack.workspace.message("C0APPROVALS", ts).blocks for one in block.get("elements", [])
    ]
    return [option["text"]["text"] for one in elements if one.get("type") == "overflow" for option in one["options"]]


def test_an_application_is_taken_by_one_and_the_second_is_told_who_was_first(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    assert desk.press("U0OFFICER", ts, "take").status == 200
    assert desk.told("U0OFFICER") == []
    assert desk.press("U0OFFICER2", ts, "take").status == 200
    assert holder(desk.office, number) == "Officer Person"
    (told,) = desk.told("U0OFFICER2")
    assert "Officer Person has had it since 3 December 2026 at 2:02pm." in told
    assert "Take it over" in told
    _, words, buttons = shown(desk.office, number)
    assert "With: Officer Person since 3 December 2026." in words
    assert "take" not in buttons
    desk.choose("U0OFFICER2", desk.post_card(number), "take_over")
    assert holder(desk.office, number) == "Officer2 Person"


@pytest.mark.one_database
@pytest.mark.parametrize("user", ["U0FORCE", "U0PANEL", "U0AUDITOR", "U0COMM"])
def test_who_may_not_recommend_takes_nothing_on(desk: Desk, user: str) -> None:
    number = submitted(desk.office)
    desk.press(user, desk.post_card(number), "take")
    assert holder(desk.office, number) == ""
    assert len(desk.told(user)) == 1


def test_it_is_put_on_the_next_sittings_list_once_and_taken_off(desk: Desk) -> None:
    number = submitted(desk.office)
    ts = desk.post_card(number)
    for _ in range(2):
        desk.choose("U0OFFICER", ts, "put_on_list")
    with desk.office.reading() as session:
        assert panel_list.listing(session, session.get_one(Application, number)) is not None
    assert "On the list of the next sitting." in shown(desk.office, number)[1]
    ts = desk.post_card(number)
    assert "Take off the panel's list" in menu(desk, ts)
    for _ in range(2):
        desk.choose("U0OFFICER2", ts, "take_off_list")
    assert "is on no list" in desk.told("U0OFFICER2")[-1]


def test_a_decision_is_undone_by_whoever_made_it_until_the_offer_is_answered(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    decided(desk.office, number, "approved")
    ts = desk.post_card(number)
    assert "Undo your decision…" in menu(desk, ts)
    assert desk.choose("U0OFFICER", ts, "undo").view is None
    assert "nobody else can undo it" in desk.told("U0OFFICER")[-1]
    modal = opened(desk.choose("U0COMM", ts, "undo"))
    seen = desk.slack.submit_view("U0COMM", modal, {"reasons": " "})
    assert list(seen.errors) == ["reasons"]
    assert desk.slack.submit_view("U0COMM", modal, {"reasons": "I pressed the wrong card."}).ok
    after = application_of(desk.office, number)
    assert (after.status, after.decision, after.award) == ("recommended", None, None)
    again = desk.choose("U0COMM", ts, "undo")
    assert again.view is None, "one step back, and nothing of hers is left to undo"


def test_a_recommendation_is_undone_by_its_maker(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    modal = opened(desk.choose("U0OFFICER", desk.post_card(number), "undo"))
    assert desk.slack.submit_view("U0OFFICER", modal, {"reasons": "The wrong amount."}).ok
    assert application_of(desk.office, number).status == "submitted"


def test_what_can_no_longer_be_undone_is_not_offered(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    decided(desk.office, number, "declined")
    assert "Undo your decision…" in menu(desk, desk.post_card(number))
    desk.clock.forward(days=29)
    assert menu(desk, desk.post_card(number)) == ["Documents…"]


def test_a_running_award_is_taken_on_and_given_from_its_card(desk: Desk) -> None:
    number = submitted(desk.office)
    recommended(desk.office, number)
    decided(desk.office, number, "approved")
    assert menu(desk, desk.post_card(number)) == ["Documents…", "Undo your decision…", "Who looks after it…"]
    assert "With: Officer Person since 3 December 2026." in shown(desk.office, number)[1]
    form = opened(desk.choose("U0OFFICER2", desk.post_card(number), "give_award"))
    assert desk.slack.submit_view("U0OFFICER2", form, {}).ok, "it begins with whoever pressed"
    assert holder(desk.office, number) == "Officer2 Person"
    assert "With: Officer2 Person since 3 December 2026." in shown(desk.office, number)[1]
    form = opened(desk.choose("U0OFFICER2", desk.post_card(number), "give_award"))
    chosen = {"owner": str(person_of(desk.office, "U0DIRECTOR").id)}
    assert desk.slack.submit_view("U0OFFICER2", form, chosen).ok
    assert holder(desk.office, number) == "Director Person"


def test_a_card_with_everything_in_its_menu_keeps_to_five(desk: Desk) -> None:
    number = submitted(desk.office)
    with desk.office.sessions.begin() as session:
        person = session.merge(person_of(desk.office, "U0OFFICER2"))
        taking.take(session, number, person, office=desk.office, now=desk.clock())
    recommended(desk.office, number)
    assert menu(desk, desk.post_card(number)) == [
        "Documents…",
        "Send back to be corrected…",
        "Declare an interest…",
        "Put on the next panel's list",
        "Undo your recommendation…",
    ]


def test_undoing_waits_for_whoever_holds_the_award_and_keeps_nothing_from_them(desk: Desk) -> None:
    """Whoever answers an offer holds the award first, and may write what refers to the application after that."""
    number = submitted(desk.office)
    recommended(desk.office, number)
    decided(desk.office, number, "approved")
    modal = opened(desk.choose("U0COMM", desk.post_card(number), "undo"))
    award = application_of(desk.office, number).award
    assert award is not None
    with ThreadPoolExecutor(1) as pool:
        with desk.office.sessions.begin() as session:
            commitments.held_award(session, award.id)
            sent = pool.submit(desk.slack.submit_view, "U0COMM", modal, {"reasons": "I pressed the wrong card."})
            time.sleep(0.5)  # by now it holds the application, and waits for the award
            person = session.merge(person_of(desk.office, "U0OFFICER2"))
            session.add(Interest(application_id=number, person_id=person.id, reason="Cousin.", declared_at=NOON))
        assert sent.result(timeout=60).ok
    assert application_of(desk.office, number).status == "recommended"
