"""Offers and returns: what a recipient sees and sends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import measures, people
from core.office import Office
from core.policy_file import policy_from_text
from core.records import Award, Deadline, Decision, MeasureProposal, MonitoringReturn
from core.rules.policy import Role


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def only_award(office: Office) -> Award:
    with office.reading() as session:
        return session.scalars(select(Award)).one()


def test_an_offer_is_one_form_on_one_page(browser: Any, office: Office, offered: Callable[..., str]) -> None:
    path = offered(1_500_00)
    page = text_of(browser.get(path))
    assert page.count("<form") == 1
    assert f'action="{path}"' in page
    assert "Offer of £1,500 to Ramsey Boxing Club" in page
    assert "You asked for £2,000" in page
    assert "21 December 2026" in page
    assert "Keep a register." in page
    assert "A fifth fewer" in page
    with office.reading() as session:
        assert session.scalars(select(Decision.reasons)).one() in page


def test_an_offer_keeps_the_terms_it_was_decided_under(
    browser: Any, app: Any, office: Office, offered: Callable[..., str]
) -> None:
    path = offered()
    text = office.policy_text.replace("You keep receipts, and show them when we ask.", "You keep bees.")
    app.extensions["office"] = replace(office, policy=policy_from_text(text), policy_text=text)
    page = text_of(browser.get(path))
    assert "You keep receipts, and show them when we ask." in page
    assert "bees" not in page


def test_looking_at_an_offer_accepts_nothing(browser: Any, office: Office, offered: Callable[..., str]) -> None:
    path = offered()
    browser.get(path)
    browser.client.head(path)
    assert only_award(office).status == "offered"


def test_accepting_starts_the_award(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str]
) -> None:
    path = offered()
    answer = browser.send(path, acceptance)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    award = only_award(office)
    assert (award.status, award.answered_by) == ("active", "Kim Archer")
    page = text_of(browser.get(path))
    assert "You accepted the offer" in page
    assert "11 July 2027 and 10 January 2028" in page
    assert "<form" not in page
    with office.reading() as session:
        due = session.scalars(select(Deadline.due).where(Deadline.kind == "return").order_by(Deadline.due)).all()
    assert due == [date(2027, 7, 11), date(2028, 1, 10)]


def test_turning_an_offer_down(browser: Any, office: Office, offered: Callable[..., str]) -> None:
    path = offered()
    browser.send(path, {"decision": "refuse", "name": "Kim Archer"})
    assert only_award(office).status == "refused"
    assert "You turned the offer down" in text_of(browser.get(path))


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("decision", "Select whether you accept or refuse the offer"),
        ("name", "Enter your full name"),
        ("terms", "Confirm that you accept the terms and conditions"),
        ("measures", "Confirm that you accept the measures and targets"),
    ],
)
def test_an_incomplete_answer_accepts_nothing(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str], left_out: str, said: str
) -> None:
    del acceptance[left_out]
    answer = browser.send(offered(), acceptance)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'href="#{left_out}"' in text_of(answer)
    assert only_award(office).status == "offered"


def test_the_first_answer_stands(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str]
) -> None:
    path = offered()
    page = browser.get(path).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    browser.send(path, acceptance)
    answer = browser.client.post(path, data={"csrf_token": token, "decision": "refuse", "name": "Someone else"})
    assert answer.status_code == 303
    assert only_award(office).answered_by == "Kim Archer"


def test_an_offer_runs_out_after_its_day(browser: Any, clock: Any, offered: Callable[..., str]) -> None:
    path = offered()
    clock.now += timedelta(days=28)
    assert browser.get(path).status_code == 200
    clock.now += timedelta(hours=12)  # midnight in London, in winter
    answer = browser.get(path)
    assert answer.status_code == 410
    assert "grants@practice.example" in text_of(answer)


def test_a_lost_session_shows_the_answer_again(app: Any, office: Office, offered: Callable[..., str]) -> None:
    answer = app.test_client().post(offered(), data={"decision": "accept", "name": "Kim Archer", "terms": "yes"})
    page = text_of(answer)
    assert answer.status_code == 400
    assert 'value="Kim Archer"' in page
    assert re.search(r'name="decision"[^>]*value="accept"\s+checked', page)
    assert only_award(office).status == "offered"


def test_a_lost_session_at_an_offer_that_ran_out_is_told_so(app: Any, clock: Any, offered: Callable[..., str]) -> None:
    path = offered()
    clock.now += timedelta(days=29)
    assert app.test_client().post(path, data={"decision": "accept"}).status_code == 410


PROPOSAL = {"decision": "propose", "name": "Kim Archer", "target-1": "A tenth fewer", "why": "A fifth is beyond us."}


def proposal(office: Office) -> MeasureProposal:
    with office.reading() as session:
        return session.scalars(select(MeasureProposal)).one()


def answered(office: Office, *, agree: bool) -> None:
    with office.sessions.begin() as session:
        number = session.scalars(select(MeasureProposal.id)).one()
        officer = people.holders(session, Role.OFFICER)[0]
        if agree:
            measures.agree(session, number, officer, note="Sensible.", office=office, now=office.clock())
        else:
            measures.decline(session, number, officer, reason="Too little.", office=office, now=office.clock())


def test_another_measure_is_proposed_on_the_same_form(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str]
) -> None:
    path = offered()
    assert 'value="A fifth fewer"' in text_of(browser.get(path))
    assert browser.send(path, PROPOSAL).status_code == 303
    assert [(one["measure"], one["target"]) for one in proposal(office).changes] == [
        ("Calls on Fridays", "A tenth fewer")
    ]
    page = text_of(browser.get(path))
    assert "Kim Archer proposed a change to the measures" in page
    assert "“Calls on Fridays: A fifth fewer” becomes “Calls on Fridays: A tenth fewer”" in page
    assert 'value="propose"' not in page
    assert page.count("<form") == 1
    again = browser.send(path, PROPOSAL)
    assert again.status_code == 422
    assert "You have proposed a change already" in text_of(again)
    assert browser.send(path, acceptance).status_code == 303
    assert (only_award(office).status, proposal(office).outcome) == ("active", "withdrawn")


@pytest.mark.parametrize("agree", [True, False])
def test_the_answer_to_a_proposal_stands_on_the_offer(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str], agree: bool
) -> None:
    path = offered()
    browser.send(path, PROPOSAL)
    answered(office, agree=agree)
    page = text_of(browser.get(path))
    assert ("We agreed" if agree else "We would like to keep the measures as they are") in page
    assert ("Sensible." if agree else "Too little.") in page
    assert ("A tenth fewer" in page) is agree
    assert 'value="propose"' in page
    assert browser.send(path, acceptance).status_code == 303
    assert only_award(office).status == "active"


def test_who_accepts_measures_that_have_changed_meanwhile_is_shown_them_first(
    browser: Any, office: Office, offered: Callable[..., str], acceptance: dict[str, str]
) -> None:
    path = offered()
    browser.send(path, PROPOSAL)
    page = browser.get(path).get_data(as_text=True)
    seen = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    answered(office, agree=True)
    answer = browser.client.post(path, data={**seen, **acceptance})
    assert answer.status_code == 409
    assert "The measures have changed since you opened this page" in text_of(answer)
    assert 'value="Kim Archer"' in text_of(answer)
    assert only_award(office).status == "offered"
    again = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.get_data(as_text=True)))
    assert browser.client.post(path, data={**again, **acceptance}).status_code == 303


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"target-1": "A fifth fewer"}, "measure-1", "Change at least one measure or target"),
        ({"target-1": " "}, "target-1", "Enter target 1"),
        ({"measure-1": "x" * 301}, "measure-1", "300 characters"),
        ({"why": ""}, "why", "Enter why"),
        ({"name": ""}, "name", "Enter your full name"),
        ({"role": "x" * 201}, "role", "200 characters"),
    ],
)
def test_an_incomplete_proposal_loses_nothing(
    browser: Any, office: Office, offered: Callable[..., str], changes: dict[str, str], field: str, said: str
) -> None:
    answer = browser.send(offered(), {**PROPOSAL, **changes})
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert said in page
    if field != "why":
        assert "A fifth is beyond us." in page
    with office.reading() as session:
        assert session.scalars(select(MeasureProposal)).all() == []


def test_a_lost_session_shows_the_proposal_again(app: Any, offered: Callable[..., str]) -> None:
    page = text_of(app.test_client().post(offered(), data=PROPOSAL))
    assert 'value="A tenth fewer"' in page
    assert "A fifth is beyond us." in page
    assert re.search(r"<details[^>]*open", page)


def test_who_answers_may_say_in_which_role_and_why_not(
    browser: Any, office: Office, offered: Callable[..., str]
) -> None:
    path = offered()
    browser.send(path, {"decision": "refuse", "name": "Kim Archer", "role": "<b>Chair</b>", "why_not": "No hall."})
    assert (only_award(office).answered_role, only_award(office).refusal_reason) == ("<b>Chair</b>", "No hall.")
    assert "Kim Archer (&lt;b&gt;Chair&lt;/b&gt;) answered" in browser.get(path).get_data(as_text=True)


RETURN = {
    "narrative": "Calls fell.\nThe warden counts them.",
    "achieved-1": "A tenth fewer",
    "people": "23",
    "spent": "£950",
    "views": "",
}


def test_a_return_asks_at_most_eight_questions_and_shows_what_was_agreed(browser: Any, return_paths: list[str]) -> None:
    page = text_of(browser.get(return_paths[0]))
    asked = set(re.findall(r'<(?:input|textarea)[^>]*\bname="([^"]+)"', page)) - {"csrf_token", "seen"}
    lines = {"spending-1", "spending-2"}
    assert asked == set(RETURN) | lines
    assert "11 July 2027" in page
    assert "Target: A fifth fewer" in page


def test_a_return_comes_in_and_closes_its_deadline(browser: Any, office: Office, return_paths: list[str]) -> None:
    assert browser.send(return_paths[0], RETURN).status_code == 303
    page = text_of(browser.get(return_paths[0]))
    assert "Return received" in page
    assert "The next return is due on 10 January 2028" in page
    assert "<form" not in page
    with office.reading() as session:
        came_in = session.scalars(select(MonitoringReturn)).one()
        assert (came_in.spent, came_in.people) == (950_00, 23)
        assert [(one["measure"], one["achieved"]) for one in came_in.measures] == [
            ("Calls on Fridays", "A tenth fewer")
        ]
        deadline = session.scalars(select(Deadline).where(Deadline.due == date(2027, 7, 11))).one()
        assert deadline.met_at is not None
    assert "A tenth fewer" in text_of(browser.get(return_paths[1]))


def test_the_last_return_says_that_nothing_more_is_due(browser: Any, return_paths: list[str]) -> None:
    for path in return_paths:
        browser.send(path, RETURN)
    assert "This was the last return" in text_of(browser.get(return_paths[1]))


def test_a_wrong_return_is_kept_and_explained(browser: Any, office: Office, return_paths: list[str]) -> None:
    answer = browser.send(return_paths[0], {**RETURN, "spent": "-5", "people": "about 20"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'value="about 20"' in page
    assert "The warden counts them." in page
    assert 'href="#spent"' in page
    with office.reading() as session:
        assert session.scalars(select(MonitoringReturn)).all() == []


def test_a_return_that_is_sent_twice_counts_once(browser: Any, office: Office, return_paths: list[str]) -> None:
    """A double press leads to the receipt both times; whoever sends other figures later is shown what is not in it."""
    page = browser.get(return_paths[0]).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    data = {**RETURN, "people": "23", "csrf_token": token}
    for _ in range(2):
        answer = browser.client.post(return_paths[0], data=data)
        assert (answer.status_code, answer.location) == (303, return_paths[0])
    later = browser.client.post(return_paths[0], data={**data, "people": "99"})
    assert later.status_code == 409
    assert "99" in text_of(later).split("What you typed was not sent")[1].split("copy it and write to us")[0]
    with office.reading() as session:
        assert session.scalars(select(MonitoringReturn)).one().people == 23


def test_the_application_says_how_far_ahead_a_return_is_announced(browser: Any, accepted: str, submitted: str) -> None:
    page = text_of(browser.get(submitted))
    assert "Your award is agreed" in page
    assert "28 days before it is due" in page
    assert "It helps where help is scarce." in page


@pytest.mark.one_database
def test_an_offer_whose_condition_is_one_of_its_terms_says_it_once(
    browser: Any, offered: Callable[..., str], office: Office
) -> None:
    address, term = offered(), office.policy.terms.value[0]
    with office.sessions.begin() as session:
        session.scalars(select(Award)).one().conditions = term
    page = browser.get(address).get_data(as_text=True)
    assert page.count(term) == 1
    assert "Conditions of this award" not in page
    assert "We accept the terms above" in page
