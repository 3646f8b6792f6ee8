"""What staff do at `/desk` with an award: more time, issues, the offer, the checks before money leaves, its links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, bank_details, deadlines, deciding, issues, measures, more_time, returns
from core.links import link_for
from core.office import Office
from core.records import Application, Award, AwardCheck, Deadline, Event, Issue, MeasureProposal, Person, TimeRequest
from core.rules.banking import Account
from core.rules.policy import Role
from tests.core.casework import bare_awards
from tests.intake.conftest import ACCEPT, Browser

SignedIn = Callable[..., Browser]
DUE = date(2027, 7, 11)
NUMBER, SORT_CODE = "12345678", "200415"
_TYPED = {
    "until-day": "30", "until-month": "12", "until-year": "2026", "words": "Because.", "quotes": "1", "version": "1",
}  # fmt: skip


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def only(office: Office, table: Any) -> Any:
    with office.reading() as session:
        return session.scalars(select(table)).one()


def kinds(office: Office) -> list[str]:
    with office.reading() as session:
        return list(session.scalars(select(Event.kind).order_by(Event.sequence)))


def token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def post(browser: Browser, page: str, action: str, fields: Mapping[str, str] | None = None) -> Any:
    html = browser.get(page).get_data(as_text=True)
    return browser.client.post(f"{page}/{action}", data={"csrf_token": token(html), **(fields or {})})


@pytest.fixture
def award(accepted: str) -> str:
    """The address at which staff see an award that runs."""
    return f"/desk/awards/{accepted}"


@pytest.fixture
def offer(office: Office, offered: Callable[..., str]) -> str:
    """The address at which staff see an award whose offer is open."""
    offered()
    return f"/desk/awards/{only(office, Award).reference}"


def asked(office: Office) -> str:
    """Ask for more time; answers the request's number."""
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        deadline = deadlines.find(session, subject=awards.subject(found), kind=returns.RETURN, due=DUE)
        assert deadline is not None
        until, now = date(2027, 7, 25), office.clock()
        return str(more_time.ask(session, found, deadline, until, "We <wait>.", office=office, now=now).id)


def raised(office: Office) -> str:
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        return str(issues.raise_issue(session, found, "The <hall> shuts.", source="recipient", now=office.clock()).id)


def proposed(office: Office) -> str:
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        wanted, now = [measures.Proposed(1, "Calls a <week>", "Three")], office.clock()
        return str(measures.propose(session, found.id, name="Kim", wanted=wanted, why="We count.", now=now).id)


def given(office: Office, number: str = NUMBER) -> str:
    """Bank details; answers their version."""
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        account = Account("Ramsey Boxing Club", SORT_CODE, number, "", own_name=True)
        details = bank_details.give(session, found.id, account, office=office, now=office.clock())
        return str(details.version)


@pytest.mark.one_database
def test_an_award_is_taken_on_and_given_to_somebody_from_its_page(
    signed_in: SignedIn, office: Office, award: str
) -> None:
    first, second = signed_in(), signed_in(name="Otto Other")
    with office.reading() as session:
        numbers = {one.name: str(one.id) for one in session.scalars(select(Person))}
    assert "Take this award on" in text_of(second.get(award))
    assert post(second, award, "give", {"owner": numbers["Otto Other"]}).headers["Location"] == award
    page = text_of(second.get(award))
    assert "You look after this award." in page
    assert "Take this award on" not in page
    assert "Otto Other looks after this award." in text_of(first.get(award))
    answer = post(second, award, "give", {"owner": ""})
    assert answer.status_code == 422
    assert "Choose somebody of the office who has no interest in it." in text_of(answer)
    assert post(second, award, "give", {"owner": numbers["Gwen Grants"]}).status_code == 303
    assert "You look after this award." in text_of(first.get(award))
    assert kinds(office)[-2:] == ["taken", "taken"]


def test_more_time_is_agreed_from_the_page_once(signed_in: SignedIn, office: Office, award: str) -> None:
    number = asked(office)
    first, second = signed_in(), signed_in(name="Otto Other")
    assert f'href="{award}"' in text_of(first.get("/desk"))
    page = second.get(award).get_data(as_text=True)
    assert "We &lt;wait&gt;." in page
    assert "25 July 2027" in page
    assert post(first, award, "agree-time", {"id": number}).headers["Location"] == award
    assert only(office, TimeRequest).status == "agreed"
    answer = second.client.post(
        f"{award}/decline-time", data={"csrf_token": token(page), "id": number, "words": "Too late."}
    )
    assert answer.status_code == 409
    assert "answered already: it is agreed" in text_of(answer)
    assert "Too late." in text_of(answer)
    assert only(office, TimeRequest).status == "agreed"


def test_declining_needs_a_reason(signed_in: SignedIn, office: Office, award: str) -> None:
    number, browser = asked(office), signed_in()
    answer = post(browser, award, "decline-time", {"id": number, "words": " "})
    assert answer.status_code == 422
    assert f'href="#decline-time-{number}-words"' in text_of(answer)
    assert post(browser, award, "decline-time", {"id": number, "words": "The <Ministry> waits."}).status_code == 303
    assert only(office, TimeRequest).answer == "The <Ministry> waits."
    assert "The &lt;Ministry&gt; waits." in browser.get(award).get_data(as_text=True)


def test_an_issue_is_taken_over_and_closed_with_an_answer(signed_in: SignedIn, office: Office, award: str) -> None:
    number, browser = raised(office), signed_in()
    page = text_of(browser.get(award))
    assert "Olive Officer looks after it" in page
    assert post(browser, award, "take-issue", {"id": number}).status_code == 303
    assert post(browser, award, "take-issue", {"id": number}).status_code == 303
    assert kinds(office).count("issue_taken_over") == 1
    page = text_of(browser.get(award))
    assert "You look after it" in page
    assert "Took over issue" in page
    assert "Yours" in text_of(browser.get("/desk?kind=issue"))
    assert post(browser, award, "close-issue", {"id": number, "words": ""}).status_code == 422
    assert post(browser, award, "close-issue", {"id": number, "words": "Use the school."}).status_code == 303
    assert only(office, Issue).outcome == "Use the school."
    assert post(browser, award, "take-issue", {"id": number}).status_code == 409
    assert post(browser, award, "close-issue", {"id": number, "words": "Again."}).status_code == 409


def test_proposed_measures_are_agreed_or_declined(signed_in: SignedIn, office: Office, offer: str) -> None:
    number, browser = proposed(office), signed_in()
    page = browser.get(offer).get_data(as_text=True)
    assert "Calls a &lt;week&gt;, not: Calls on Fridays" in page
    assert post(browser, offer, "decline-measures", {"id": number, "words": "We compare."}).status_code == 303
    assert only(office, MeasureProposal).outcome == "declined"
    assert post(browser, offer, "agree-measures", {"id": number}).status_code == 409
    number = proposed(office)
    assert post(browser, offer, "agree-measures", {"id": number}).status_code == 303


_OFFICE = frozenset({Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE, Role.FINANCE, Role.COMMISSIONER})
RUNNING: Mapping[str, frozenset[Role]] = {
    "agree-time": _OFFICE,
    "decline-time": _OFFICE,
    "take-issue": _OFFICE,
    "close-issue": _OFFICE,
    "verify-bank-details": _OFFICE,
    "see-safeguarding": _OFFICE,
    "collect-quotes": _OFFICE,
    "read-bank-details": frozenset({Role.FINANCE}),
    "declare-interest": _OFFICE,  # last: they are out of it from then on
}
"""Who may do what about an award that runs, by a body of the office. Whatever is not here is refused."""

RECOMMENDERS = frozenset({Role.OFFICER, Role.DIRECTOR, Role.DEPUTY, Role.CHIEF_EXECUTIVE})
"""Who may recommend, as the shipped policy has it."""

ON_OFFER: Mapping[str, frozenset[Role]] = {
    "extend": RECOMMENDERS,
    "agree-measures": RECOMMENDERS,
    "decline-measures": RECOMMENDERS,
    "declare-interest": _OFFICE,
}


def table(signed_in: SignedIn, page: str, may: Mapping[str, frozenset[Role]], ids: Mapping[str, str]) -> None:
    """Every role tries everything: who may not is refused; who may does it, or hears that somebody was first."""
    for number, role in enumerate(Role):
        browser = signed_in(role, name=f"{role.value} Holder")
        for action in (*may, "approve", "decline"):
            typed = {**_TYPED, "until-day": str(number + 1), "until-month": "1", "until-year": "2027"}
            answer = post(browser, page, action, {**typed, "id": ids.get(action, "")})
            done = answer.status_code in (200, 303, 409)
            assert done is (role in may.get(action, frozenset())), (role, action, answer.status_code)


@pytest.mark.one_database
def test_who_may_do_what_about_an_award_that_runs(signed_in: SignedIn, office: Office, award: str) -> None:
    given(office)
    time, issue = asked(office), raised(office)
    ids = {"agree-time": time, "decline-time": time, "take-issue": issue, "close-issue": issue}
    table(signed_in, award, RUNNING, ids)
    assert "bank_details_read" in kinds(office)


@pytest.mark.one_database
def test_who_may_do_what_about_an_offer(signed_in: SignedIn, office: Office, offer: str) -> None:
    proposal = proposed(office)
    table(signed_in, offer, ON_OFFER, {"agree-measures": proposal, "decline-measures": proposal})
    assert only(office, Award).accept_by > date(2027, 1, 1)


def test_who_may_not_recommend_sees_no_form_to_change_an_offer(signed_in: SignedIn, office: Office, offer: str) -> None:
    number, browser = proposed(office), signed_in(Role.FINANCE)
    page = text_of(browser.get(offer))
    assert "Agree to these measures" not in page
    assert "Keep it open until" not in page
    assert post(browser, offer, "agree-measures", {"id": number}).status_code == 422
    answer = post(browser, offer, "extend", {**_TYPED, "words": "Holidays."})
    assert answer.status_code == 422
    assert "Holidays." in text_of(answer)
    assert only(office, MeasureProposal).ended_at is None


@pytest.mark.parametrize(
    ("changed", "said", "field"),
    [
        ({"until-day": ""}, "must include a day", "until-day"),
        ({"until-day": "31", "until-month": "2"}, "must be a real date", "until-day"),
        ({"until-day": "1", "until-month": "11"}, "Enter a later day", "words"),
        ({"words": ""}, "Say why the offer stays open longer", "words"),
    ],
)
def test_an_offer_is_kept_open_longer(
    signed_in: SignedIn, office: Office, offer: str, changed: dict[str, str], said: str, field: str
) -> None:
    browser = signed_in()
    later = {"until-day": "30", "until-month": "December", "until-year": "2026", "words": "Holidays <come>."}
    answer = post(browser, offer, "extend", {**later, **changed})
    assert answer.status_code == 422
    page = text_of(answer)
    assert said in page
    assert f'href="#extend-{field}"' in page
    assert 'value="2026"' in page
    assert post(browser, offer, "extend", later).status_code == 303
    assert only(office, Award).accept_by == date(2026, 12, 30)


def test_bank_details_are_verified_in_the_version_that_was_seen(
    signed_in: SignedIn, office: Office, award: str
) -> None:
    browser = signed_in()
    assert "has not given them yet" in text_of(browser.get(award))
    assert post(browser, award, "verify-bank-details", {"version": "0", "words": "Rang."}).status_code == 422
    version = given(office)
    page = text_of(browser.get(award))
    assert "They are not verified yet" in page
    assert NUMBER not in page
    assert SORT_CODE not in page
    given(office, "87654321")
    note = {"version": version, "words": "Rang the number in the charity register."}
    answer = post(browser, award, "verify-bank-details", note)
    assert answer.status_code == 409
    assert "Rang the number" in text_of(answer)
    assert post(browser, award, "verify-bank-details", {**note, "version": "2"}).status_code == 303
    page = text_of(browser.get(award))
    assert "They are verified:" in page
    assert "Gwen Grants" in page
    given(office)
    assert "Others than these were verified" in text_of(browser.get(award))


def test_only_finance_reads_them_in_clear_with_a_reason_that_is_kept(
    signed_in: SignedIn, office: Office, award: str
) -> None:
    given(office)
    for role in (Role.OFFICER, Role.DIRECTOR, Role.COMMISSIONER):
        other = signed_in(role, name=f"{role.value} Other")
        assert "Why you read them" not in text_of(other.get(award))
        answer = post(other, award, "read-bank-details", {"words": "I want to."})
        assert answer.status_code == 422
        assert NUMBER not in text_of(answer)
    finance = signed_in(Role.FINANCE)
    answer = post(finance, award, "read-bank-details", {"words": " "})
    assert answer.status_code == 422
    assert NUMBER not in text_of(answer)
    assert "bank_details_read" not in kinds(office)
    answer = post(finance, award, "read-bank-details", {"words": "To pay it."})
    assert answer.status_code == 200
    assert NUMBER in text_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert kinds(office).count("bank_details_read") == 1
    page = text_of(finance.get(award))
    assert "To pay it." in page
    assert NUMBER not in page


def test_checks_before_money_leaves_are_recorded(signed_in: SignedIn, office: Office, award: str) -> None:
    browser = signed_in()
    assert post(browser, award, "see-safeguarding", {"words": "Theirs of <2025>."}).status_code == 303
    for said in ("", "0000999999", "9" * 5_000, "three", "-1", "1000", "٣"):
        answer = post(browser, award, "collect-quotes", {"quotes": said, "words": "Gloves."})
        assert answer.status_code == 422, said
        assert 'href="#collect-quotes-quotes"' in text_of(answer)
        assert "Gloves." in text_of(answer)
    assert post(browser, award, "collect-quotes", {"quotes": "1", "words": "Gloves."}).status_code == 303
    page = browser.get(award).get_data(as_text=True)
    assert "Theirs of &lt;2025&gt;." in page
    assert "1 quote" in page
    with office.reading() as session:
        assert list(session.scalars(select(AwardCheck.kind).order_by(AwardCheck.id))) == ["safeguarding", "quotes"]


def test_whoever_has_an_interest_sees_why_and_no_form(
    signed_in: SignedIn, office: Office, submitted: str, offered: Callable[..., str], browser: Browser
) -> None:
    out = signed_in()
    with office.sessions.begin() as session:
        person = session.scalars(select(Person).where(Person.name == "Gwen Grants")).one()
        bid = session.scalars(select(Application)).one()
        deciding.declare_interest(session, bid.id, person, reason="My club.", now=office.clock())
    browser.send(offered(), ACCEPT)
    award, request, issue = f"/desk/awards/{only(office, Award).reference}", asked(office), raised(office)
    for page in (award, award.replace("awards", "returns") + f"/{DUE}"):
        html = text_of(out.get(page))
        assert "do not decide anything about it. Olive Officer or Cara Commissioner may." in html
        assert "agree-time" not in html
        assert "close-issue" not in html
    acts = {"agree-time": request, "decline-time": request, "take-issue": issue, "close-issue": issue}
    for action, number in acts.items():
        answer = post(out, award, action, {"id": number, "words": "My words."})
        assert answer.status_code == 422
        assert "You have declared an interest in this" in text_of(answer)
        assert "My words." in text_of(answer)
    assert (only(office, TimeRequest).status, only(office, Issue).status) == ("asked", "open")


def test_an_interest_is_declared_on_the_award_s_page_and_bars_from_then_on(
    signed_in: SignedIn, office: Office, award: str
) -> None:
    browser, request, issue = signed_in(), asked(office), raised(office)
    assert "What was decided stands." in text_of(browser.get(award))
    answer = post(browser, award, "declare-interest", {"words": " "})
    assert answer.status_code == 422
    assert 'href="#declare-interest-words"' in text_of(answer)
    assert post(browser, award, "declare-interest", {"words": "My <club>."}).status_code == 303
    page = text_of(browser.get(award))
    assert "You have declared an interest in this, so you do not decide anything about it." in page
    assert "Declared an interest, and takes no part in this from now on; the decision stands" in page
    assert "declare-interest" not in page
    for action, number in {"agree-time": request, "close-issue": issue}.items():
        assert post(browser, award, action, {"id": number, "words": "My words."}).status_code == 422
    assert (only(office, TimeRequest).status, only(office, Award).status) == ("asked", "active")
    assert "agree-time" in text_of(signed_in(name="Otto Other").get(award))


def test_every_link_is_taken_back(signed_in: SignedIn, browser: Browser, office: Office, award: str) -> None:
    with office.sessions.begin() as session:
        deadline = session.scalars(select(Deadline).where(Deadline.kind == "return").order_by(Deadline.due)).first()
        assert deadline is not None
        path = f"/returns/{office.signer.token('return', link_for(session, 'return', deadline.id, now=office.clock()))}"
    assert browser.get(path).status_code == 200
    assert post(signed_in(), award, "revoke-links").status_code == 303
    assert browser.get(path).status_code == 410
    assert kinds(office).count("links_revoked") == 1


def test_what_is_another_awards_is_not_this_ones(signed_in: SignedIn, office: Office, award: str) -> None:
    numbers = {"time": asked(office), "issue": raised(office)}
    with office.sessions.begin() as session:
        other = bare_awards(session, office, 1)[0]
        page = f"/desk/awards/{other.reference}"
    browser = signed_in()
    for action, about in (
        ("agree-time", "time"), ("decline-time", "time"), ("close-issue", "issue"), ("take-issue", "issue"),
        ("agree-measures", "time"), ("decline-measures", "time"),
    ):  # fmt: skip
        answer = post(browser, page, action, {**_TYPED, "id": numbers[about]})
        assert answer.status_code == 404, action
    assert post(browser, page, "approve", _TYPED).status_code == 404
    assert only(office, TimeRequest).status == "asked"
    assert only(office, Issue).status == "open"


@pytest.mark.one_database
def test_a_lost_session_shows_the_same_form_again(signed_in: SignedIn, office: Office, award: str) -> None:
    number, browser = raised(office), signed_in()
    answer = browser.client.post(f"{award}/close-issue", data={"id": number, "words": "Use the <school>."})
    assert answer.status_code == 400
    page = answer.get_data(as_text=True)
    assert "Nothing that you typed is lost" in page
    assert "Use the &lt;school&gt;.</textarea>" in page
    assert only(office, Issue).status == "open"
