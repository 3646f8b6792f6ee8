"""What staff do with the office's own dates at `/desk/dates` and beside it, and the public page of opportunities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from core import bids, forums, recurring
from core.office import Office
from core.records import Bid, Deadline, Forum, Opportunity, Person, Published
from core.rules.policy import Body, Role
from tests.conftest import Clock
from tests.core.test_forums import meant, provider
from tests.intake.conftest import Browser, hidden
from tests.intake.test_staff_pages import kinds, only, text_of, token

SignedIn = Callable[..., Browser]
PAGES = ("/desk/dates", "/desk/forums", "/desk/bids", "/desk/opportunities")


def day(name: str, when: date) -> dict[str, str]:
    return {f"{name}-day": str(when.day), f"{name}-month": str(when.month), f"{name}-year": str(when.year)}


CLOSES = date(2027, 1, 15)
BID = {
    "add-title": "Safer Streets, round six",
    "add-funder": "Home Office",
    "add-part": "led",
    "add-amount": "£250,000",
    **day("add-closes", CLOSES),
}
TENDER = {
    "draft-kind": "tender",
    "draft-title": "Support after burglary",
    "draft-summary": "A service for the whole county.",
    "draft-envelope": "60000",
    "draft-quality_share": "70",
    "draft-cost_share": "30",
    "draft-portal": "https://portal.example/7",
    **day("draft-opens_on", date(2026, 11, 23)),
    **day("draft-closes_on", CLOSES),
}
FORUM = {
    **day("plan-day", date(2027, 2, 10)),
    "plan-begins": "10am",
    "plan-minutes": "120",
    "plan-place": "Town hall",
    "plan-note": "Waiting lists.",
}


def send(browser: Browser, page: str, to: str, fields: Mapping[str, str]) -> Any:
    """Send one form of a page, with its own form token."""
    html = browser.get(page).get_data(as_text=True)
    return browser.client.post(to, data={"csrf_token": token(html), **fields})


def me(office: Office, name: str = "Gwen Grants") -> str:
    with office.reading() as session:
        return str(session.scalars(select(Person.id).where(Person.name == name)).one())


def put(office: Office) -> None:
    with office.sessions.begin() as session:
        recurring.put_recurring(session, office, office.today(), office.clock())


# ------------------------------------------------------------------------------------------------------ who may see it


@pytest.mark.one_database
@pytest.mark.parametrize("page", PAGES)
def test_constabulary_staff_see_none_of_it(signed_in: SignedIn, page: str) -> None:
    assert signed_in(Role.DIRECTOR, body=Body.CONSTABULARY).get(page).status_code == 403


@pytest.mark.one_database
@pytest.mark.parametrize("page", PAGES)
def test_readers_read_without_a_form(signed_in: SignedIn, page: str) -> None:
    html = text_of(signed_in(Role.AUDITOR).get(page))
    assert "you can read, and change nothing" in html
    assert html.count("<form") == 1  # to sign out


def test_the_front_of_the_desk_leads_there(signed_in: SignedIn) -> None:
    assert 'href="/desk/dates"' in text_of(signed_in().get("/desk"))


def test_the_page_lists_what_falls_due_and_leads_to_each(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in()
    assert "Nothing of the office’s own falls due" in text_of(browser.get("/desk/dates"))
    put(office)
    send(browser, "/desk/bids", "/desk/bids", {**BID, "add-owner": me(office)})
    html = text_of(browser.get("/desk/dates"))
    told = [
        html.index(words) for words in ("Publication of November 2026", "Safer Streets", "Annual Report of 2026-27")
    ]
    assert told == sorted(told)
    assert f'href="/desk/bids/{only(office, Bid).id}"' in html
    for address in PAGES[1:]:
        assert f'href="{address}"' in html


@pytest.mark.one_database
def test_the_form_below_a_long_list_is_one_press_away(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in()
    with office.sessions.begin() as session:
        person = session.get_one(Person, int(me(office)))
        for number in range(6):
            bids.add(
                session, title=f"Round {number}", funder="Home Office", part=bids.Part.LED, amount=None,
                closes_on=CLOSES, owner_id=person.id, person=person, now=office.clock(),
            )  # fmt: skip
    html = text_of(browser.get("/desk/bids"))
    assert html.index('href="#add"') < html.index("Round 0") < html.index('id="add"')


# ---------------------------------------------------------------------------------------------------------- published


def test_a_publication_is_recorded_and_the_next_is_set_at_once(
    office: Office, signed_in: SignedIn, clock: Clock
) -> None:
    put(office)
    clock.set_day(date(2026, 12, 2))
    browser = signed_in()
    with office.reading() as session:
        number = session.scalars(select(Deadline.id).where(Deadline.kind == "publication")).one()
    address = f"/desk/dates/{number}/published"
    assert "which has passed" in text_of(browser.get(address))
    wrong = send(browser, address, address, {**day("record-on", date(2026, 12, 3)), "record-place": "the website"})
    assert wrong.status_code == 422
    assert "That day is still to come" in text_of(wrong)
    assert 'value="the website"' in text_of(wrong)
    sent = send(browser, address, address, {**day("record-on", date(2026, 12, 2)), "record-place": "the website"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/desk/dates")
    assert only(office, Published).period == "2026-11"
    html = text_of(browser.get("/desk/dates"))
    assert "2 December 2026: " in html
    assert "Publication of December 2026" in html
    again = send(browser, "/desk/dates", address, {**day("record-on", date(2026, 12, 2)), "record-place": "elsewhere"})
    assert again.status_code == 409
    assert "Somebody has recorded this already" in text_of(again)
    assert "elsewhere" in text_of(again)  # what was typed is not lost


# -------------------------------------------------------------------------------------------------------------- bids


def test_a_bid_goes_on_the_register_and_is_followed_to_its_end(
    office: Office, signed_in: SignedIn, clock: Clock
) -> None:
    browser = signed_in()
    sent = send(browser, "/desk/bids", "/desk/bids", {**BID, "add-owner": me(office)})
    bid = only(office, Bid)
    address = f"/desk/bids/{bid.id}"
    assert (sent.status_code, sent.headers["Location"]) == (303, address)
    assert (bid.title, bid.amount, bid.closes_on) == ("Safer Streets, round six", 250_000_00, CLOSES)
    moved = {**day("move-closes", date(2027, 1, 29)), "move-reason": "Their letter."}
    assert send(browser, address, f"{address}/move", moved).status_code == 303
    clock.set_day(date(2027, 1, 20))
    browser = signed_in(name="Hal Handed")
    on = {**day("submit-on", date(2027, 1, 20)), "submit-note": "By the portal."}
    assert send(browser, address, f"{address}/submit", on).status_code == 303
    assert "It was handed in" not in text_of(browser.get(address)).split("What has happened", maxsplit=1)[0]
    assert send(browser, address, f"{address}/settle", {"settle-came": "won", "settle-note": ""}).status_code == 303
    html = text_of(browser.get(address))
    assert "Won" in html
    assert "The closing day was moved, from 15 January 2027 to 29 January 2027" in html
    assert kinds(office)[-4:] == ["bid_moved", "person_added", "bid_submitted", "bid_won"]


def test_what_is_wrong_with_a_bid_is_said_at_each_field_and_nothing_is_lost(
    office: Office, signed_in: SignedIn
) -> None:
    browser = signed_in()
    answer = send(browser, "/desk/bids", "/desk/bids", {"add-title": "Safer <b>Streets</b>", "add-amount": "lots"})
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for field in ("add-funder", "add-part", "add-amount", "add-closes-day", "add-owner"):
        assert f'href="#{field}"' in html or f'href="#{field.removesuffix("-day")}"' in html, field
    assert 'value="Safer &lt;b&gt;Streets&lt;/b&gt;"' in html
    past = send(browser, "/desk/bids", "/desk/bids", {**BID, **day("add-closes", date(2026, 11, 22)), "add-owner": "1"})
    assert past.status_code == 422
    assert 'href="#add-closes-day"' in text_of(past)
    assert "That day has passed" in text_of(past)


def test_a_bid_that_is_not_pursued_says_why(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in()
    send(browser, "/desk/bids", "/desk/bids", {**BID, "add-owner": me(office)})
    address = f"/desk/bids/{only(office, Bid).id}"
    assert send(browser, address, f"{address}/drop", {"words": ""}).status_code == 422
    assert send(browser, address, f"{address}/drop", {"words": "No partner."}).status_code == 303
    html = text_of(browser.get(address))
    assert "Not pursued" in html
    assert "No partner." in html
    late = send(
        browser, "/desk/bids", f"{address}/submit", {**day("submit-on", date(2026, 11, 23)), "submit-note": "x"}
    )
    assert late.status_code == 409


@pytest.mark.parametrize(
    "path", ["/desk/bids/99", "/desk/forums/99", "/desk/opportunities/99", "/desk/dates/99/published"]
)
def test_what_is_not_there_is_not_found(signed_in: SignedIn, path: str) -> None:
    assert signed_in().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/desk/bids/1/burn", "/desk/forums/1/burn", "/desk/opportunities/1/burn"])
def test_what_is_no_action_is_not_found(signed_in: SignedIn, path: str) -> None:
    browser = signed_in()
    assert send(browser, "/desk/bids", path, {}).status_code == 404


# ------------------------------------------------------------------------------------------------------ opportunities


def test_a_tender_is_drafted_advertised_extended_and_public(
    office: Office, signed_in: SignedIn, browser: Browser, clock: Clock
) -> None:
    staff = signed_in()
    page = "/desk/opportunities"
    sent = send(staff, page, page, {**TENDER, "draft-owner": me(office)})
    one = only(office, Opportunity)
    address = f"{page}/{one.id}"
    assert (sent.status_code, sent.headers["Location"]) == (303, address)
    assert "Support after burglary" not in text_of(browser.get("/opportunities"))
    assert send(staff, address, f"{address}/advertise", {}).status_code == 303
    html = text_of(browser.get("/opportunities"))
    for words in ("Support after burglary", "£60,000", "70% quality, 30% cost", "the end of 15 January 2027"):
        assert words in html
    assert 'href="https://portal.example/7"' in html
    later = {**day("extend-until", date(2027, 2, 1)), "extend-reason": "Questions."}
    assert send(staff, address, f"{address}/extend", later).status_code == 303
    assert "the end of 1 February 2027" in text_of(browser.get("/opportunities"))
    clock.set_day(date(2027, 2, 2))
    assert "Support after burglary" not in text_of(browser.get("/opportunities"))
    staff = signed_in(name="Hal Later")
    assert "Record that it has closed" in text_of(staff.get(address))
    assert send(staff, address, f"{address}/close", {}).status_code == 303
    assert only(office, Opportunity).status == "closed"


def test_t4_says_what_is_missing_before_it_is_advertised(office: Office, signed_in: SignedIn) -> None:
    staff = signed_in()
    page = "/desk/opportunities"
    send(staff, page, page, {**TENDER, "draft-portal": "", "draft-owner": me(office)})
    address = f"{page}/{only(office, Opportunity).id}"
    answer = send(staff, address, f"{address}/advertise", {})
    assert answer.status_code == 422
    assert "£60,000 exceeds £50,000, and it is not on the procurement portal" in text_of(answer)
    changed = {name.replace("draft-", "change-"): text for name, text in TENDER.items()}
    assert send(staff, address, f"{address}/change", {**changed, "change-owner": me(office)}).status_code == 303
    assert send(staff, address, f"{address}/advertise", {}).status_code == 303


def test_a_draft_is_shown_as_it_stands_in_its_form(office: Office, signed_in: SignedIn) -> None:
    staff = signed_in()
    page = "/desk/opportunities"
    send(staff, page, page, {**TENDER, "draft-owner": me(office)})
    html = staff.get(f"{page}/{only(office, Opportunity).id}").get_data(as_text=True)
    for field, value in (("change-title", "Support after burglary"), ("change-envelope", "60000.00")):
        assert f'name="{field}"' in html
        assert f'value="{value}"' in html
    assert 'name="change-closes_on-month"' in html


@pytest.mark.one_database
def test_two_who_change_a_draft_lose_nothing(office: Office, signed_in: SignedIn) -> None:
    staff = signed_in()
    page = "/desk/opportunities"
    send(staff, page, page, {**TENDER, "draft-owner": me(office)})
    address = f"{page}/{only(office, Opportunity).id}"
    opened = hidden(staff.get(address).get_data(as_text=True))
    mine = {name.replace("draft-", "change-"): text for name, text in TENDER.items()} | {"change-owner": me(office)}
    assert send(staff, address, f"{address}/change", {**mine, "change-title": "After theft"}).status_code == 303
    answer = staff.client.post(f"{address}/change", data={**opened, **mine, "change-title": "After burglary"})
    assert answer.status_code == 409
    assert "Somebody else changed this opportunity" in text_of(answer)
    assert 'value="After burglary"' in answer.get_data(as_text=True)
    assert staff.client.post(f"{address}/advertise", data=opened).status_code == 409
    again = {**hidden(answer.get_data(as_text=True)), **mine, "change-title": "After burglary"}
    assert staff.client.post(f"{address}/change", data=again).status_code == 303
    assert only(office, Opportunity).title == "After burglary"


@pytest.mark.one_database
def test_a_forum_s_forms_say_what_they_showed(office: Office, signed_in: SignedIn) -> None:
    provider(office, "Safe Homes", end=date(2029, 3, 31))
    browser = signed_in()
    send(browser, "/desk/forums", "/desk/forums", FORUM)
    address = f"/desk/forums/{only(office, Forum).id}"
    opened = hidden(browser.get(address).get_data(as_text=True))
    mine = {name.replace("plan-", "change-"): text for name, text in FORUM.items()}
    assert send(browser, address, f"{address}/change", {**mine, "change-place": "Library"}).status_code == 303
    answer = browser.client.post(f"{address}/change", data={**opened, **mine, "change-place": "Church"})
    assert answer.status_code == 409
    assert 'value="Church"' in answer.get_data(as_text=True)
    assert browser.client.post(f"{address}/invite", data=opened).status_code == 409
    now = hidden(browser.get(address).get_data(as_text=True))
    assert browser.client.post(f"{address}/invite", data=now).status_code == 303


def test_what_is_cancelled_is_off_the_public_page(office: Office, signed_in: SignedIn, browser: Browser) -> None:
    staff = signed_in()
    page = "/desk/opportunities"
    send(staff, page, page, {**TENDER, "draft-owner": me(office)})
    address = f"{page}/{only(office, Opportunity).id}"
    send(staff, address, f"{address}/advertise", {})
    assert send(staff, address, f"{address}/cancel", {"words": "Not needed."}).status_code == 303
    assert "Support after burglary" not in text_of(browser.get("/opportunities"))


def test_the_public_page_shows_each_open_fund_with_its_envelope(browser: Browser) -> None:
    answer = browser.get("/opportunities")
    html = text_of(answer)
    assert answer.status_code == 200
    assert "No tender or other invitation is open at the moment." in html
    assert "Funding envelope: £50,000 in 2026-27, of which £50,000 is left" in html
    assert "rule T4" in html
    assert 'href="/opportunities"' in text_of(browser.get("/"))


@pytest.mark.one_database
@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://"])
def test_an_address_that_is_none_is_refused(office: Office, signed_in: SignedIn, address: str) -> None:
    page = "/desk/opportunities"
    answer = send(signed_in(), page, page, {**TENDER, "draft-website": address, "draft-owner": me(office)})
    assert answer.status_code == 422
    assert "begins with https://" in text_of(answer)


# ------------------------------------------------------------------------------------------------------------- forums


def test_a_forum_is_planned_invited_to_and_held(office: Office, signed_in: SignedIn, clock: Clock) -> None:
    provider(office, "Safe Homes", end=date(2029, 3, 31))
    put(office)
    browser = signed_in()
    html = text_of(browser.get("/desk/forums"))
    assert "Safe Homes" in html
    assert "due by 1 May 2027" in html.replace("<strong>", "").replace("</strong>", "")
    sent = send(browser, "/desk/forums", "/desk/forums", FORUM)
    address = f"/desk/forums/{only(office, Forum).id}"
    assert (sent.status_code, sent.headers["Location"]) == (303, address)
    html = text_of(browser.get(address))
    assert "Invite Safe Homes" in html
    assert "10am to midday" in html
    dates = text_of(browser.get("/desk/dates"))
    row = dates[dates.index(f'href="{address}"') : dates.index("one is due by 1 May 2027")]
    assert "10 February 2027" in row  # the day that was set for it, before the one by which there is to be one
    assert dates.index("Publication of November 2026") < dates.index(row) < dates.index("Annual Report")
    assert send(browser, address, f"{address}/invite", {}).status_code == 303
    assert "Invite Safe Homes" not in text_of(browser.get(address))
    changed = {name.replace("plan-", "change-"): text for name, text in FORUM.items()}
    assert send(browser, address, f"{address}/change", {**changed, "change-place": "Library"}).status_code == 303
    assert only(office, Forum).sequence == 1
    clock.set_day(date(2027, 2, 10))
    browser = signed_in(name="Hal Later")
    held = {**day("hold-on", date(2027, 2, 10)), "hold-notes": "Waiting lists.", "hold-views": "Evenings."}
    assert send(browser, address, f"{address}/hold", held).status_code == 303
    html = text_of(browser.get("/desk/forums"))
    assert "due by 10 August 2027" in html.replace("<strong>", "").replace("</strong>", "")
    assert "Evenings." in text_of(browser.get(address))


def test_what_is_wrong_with_a_forum_is_said_at_its_field(signed_in: SignedIn) -> None:
    browser = signed_in()
    answer = send(browser, "/desk/forums", "/desk/forums", {**FORUM, "plan-begins": "2:30", "plan-minutes": "0"})
    assert answer.status_code == 422
    assert 'href="#plan-begins"' in text_of(answer)
    assert "such as 10am or 14:30" in text_of(answer)


def test_a_second_plan_does_not_lose_what_was_typed(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in()
    html = browser.get("/desk/forums").get_data(as_text=True)
    with office.sessions.begin() as session:
        forums.plan(session, session.get_one(Person, int(me(office))), meant(), now=office.clock())
    answer = browser.client.post("/desk/forums", data={"csrf_token": token(html), **FORUM, "plan-place": "My own hall"})
    assert answer.status_code == 409
    assert "A forum is planned already" in text_of(answer)
    assert "My own hall" in text_of(answer)
