"""Calendar feeds: a private address that a calendar reads, made, renewed and taken back by whoever it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from core import deadlines, leaving, links, meetings, more_time, returns, taking
from core.calendar_files import calendar_file
from core.links import link_for
from core.meetings import Arranged
from core.office import Office
from core.records import Application, Award, Deadline, Event, Person
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core import casework
from tests.intake.conftest import ACCEPT, PUBLIC_URL, Browser
from tests.intake.test_meetings import text_of, token

SignedIn = Callable[..., Browser]
WHEN = datetime(2027, 6, 29, 13, 30, tzinfo=UTC)
ARRANGED = Arranged(WHEN, 60, "Ramsey library", "", "1. <Secret> money\n2. Sort code 20-04-15")


def entries(answer: Any) -> dict[str, Any]:
    """The entries of a feed by UID."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: list[Any] = Calendar.from_ical(answer.get_data()).walk("VEVENT")
    by_uid = {str(one["UID"]): one for one in found}
    assert len(by_uid) == len(found), "nothing shows twice"
    return by_uid


def days(answer: Any) -> list[tuple[str, Any]]:
    return sorted((str(one["SUMMARY"]), one["DTSTART"].dt) for one in entries(answer).values())


def address_on(page: Any) -> str:
    """The address of the feed that a page shows, as a path."""
    (found,) = set(re.findall(rf"{PUBLIC_URL}(/calendars/[^\s<\"]+\.ics)", page.get_data(as_text=True)))
    return str(found)


@pytest.fixture
def offer(browser: Browser, offered: Callable[..., str]) -> str:
    """The address of an offer that was accepted."""
    path = offered()
    assert browser.send(path, ACCEPT).status_code == 303
    return path


@pytest.fixture
def feed(browser: Browser, offer: str) -> str:
    """The address of the award's feed, made on the page that the offer leads to."""
    (leads_to,) = re.findall(r'href="([^"]+/calendar)"', browser.get(offer).get_data(as_text=True))
    assert leads_to == f"{offer}/calendar"
    assert "/calendars/" not in browser.get(leads_to).get_data(as_text=True)
    assert browser.send(leads_to, {"do": "make"}).headers["Location"] == leads_to
    return address_on(browser.get(leads_to))


def only(office: Office) -> Award:
    with office.reading() as session:
        return session.scalars(select(Award)).one()


def test_a_recipient_s_feed_holds_what_they_have_to_do(browser: Browser, feed: str, office: Office) -> None:
    answer = browser.get(feed)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    award = only(office)
    assert days(answer) == [
        (f"Final monitoring return due ({award.reference})", date(2028, 1, 10)),
        (f"Monitoring return due ({award.reference})", date(2027, 7, 11)),
    ]
    with office.reading() as session:
        found = session.scalars(select(Deadline).where(Deadline.kind == "return")).all()
        mailed = Calendar.from_ical(calendar_file(session, found, office=office)).walk("VEVENT")
    assert set(entries(answer)) == {str(one["UID"]) for one in mailed}
    text = answer.get_data(as_text=True)
    assert f"NAME:Award {award.reference}" in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in text
    assert "/returns/" not in text  # whoever sees the calendar cannot act by it
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75


def test_what_is_done_leaves_it_and_what_moves_moves(browser: Browser, feed: str, office: Office) -> None:
    before = entries(browser.get(feed))
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        due = returns.due_on(found, date(2027, 7, 11))
        asked = more_time.ask(session, found, due, date(2027, 7, 25), "Ill.", office=office, now=office.clock())
        officer = session.scalars(select(Person).where(Person.role == "officer")).one()
        more_time.agree(session, asked.id, officer, office=office, now=office.clock())
        uid = f"deadline-{due.id}@desk.example"
    after = entries(browser.get(feed))
    assert set(after) == set(before)
    assert after[uid]["DTSTART"].dt == date(2027, 7, 25)
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        facts = casework.returned(achieved=("Fewer",))
        returns.receive(session, found, date(2027, 7, 25), facts, source="x", now=office.clock())
    assert uid not in entries(browser.get(feed))


def test_a_calendar_is_told_when_nothing_changed(browser: Browser, feed: str, office: Office, clock: Clock) -> None:
    first = browser.get(feed)
    known = {"If-None-Match": first.headers["ETag"]}
    assert browser.get(feed, headers=known).status_code == 304
    assert browser.get(feed, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 304
    assert browser.client.head(feed).status_code == 200
    clock.forward(minutes=5)
    with office.sessions.begin() as session:
        found = session.scalars(select(Award)).one()
        due = returns.due_on(found, date(2027, 7, 11))
        returns.receive(session, found, due.due, casework.returned(achieved=("x",)), source="x", now=clock())
    second = browser.get(feed, headers=known)
    assert second.status_code == 200
    assert second.headers["ETag"] != first.headers["ETag"]
    assert browser.get(feed, headers={"If-Modified-Since": first.headers["Last-Modified"]}).status_code == 200


def test_another_address_ends_the_one_before_and_it_is_taken_back(
    browser: Browser, feed: str, offer: str, office: Office
) -> None:
    page = f"{offer}/calendar"
    assert browser.send(page, {"do": "make"}).status_code == 303
    second = address_on(browser.get(page))
    assert second != feed
    assert browser.get(feed).status_code == 410
    assert browser.get(second).status_code == 200
    assert browser.send(page, {"do": "stop"}).status_code == 303
    assert browser.get(second).status_code == 410
    assert "Make the address" in text_of(browser.get(page))
    with office.reading() as session:
        kinds = [one.kind for one in session.scalars(select(Event)) if one.kind.startswith("calendar")]
    assert kinds == ["calendar_made", "calendar_made", "calendar_stopped"]


def test_taking_back_every_link_stops_the_feed(browser: Browser, feed: str, office: Office) -> None:
    with office.sessions.begin() as session:
        application = session.scalars(select(Application)).one()
        links.revoke(session, application, actor="test", now=office.clock())
    assert browser.get(feed).status_code == 410


@pytest.mark.one_database
def test_an_address_that_is_not_ours_is_not_found(browser: Browser, feed: str, offer: str) -> None:
    secret = offer.rsplit("/", 1)[1]
    for path in ("/calendars/award/nonsense.ics", f"/calendars/award/{secret}.ics", "/calendars/all/x.ics"):
        assert browser.get(path).status_code == 404
    assert browser.get(feed.replace("/award/", "/office/")).status_code == 404
    assert browser.get(feed.replace("/award/", "/own/")).status_code == 404
    assert browser.get(feed.removesuffix(".ics")).status_code == 404
    assert browser.client.post(feed).status_code in (400, 405)


def test_the_application_s_page_leads_to_the_same_feed(browser: Browser, feed: str, submitted: str) -> None:
    page = f"{submitted}/calendar"
    assert f'href="{page}"' in text_of(browser.get(submitted))
    assert address_on(browser.get(page)) == feed
    assert browser.client.post(page, data={"do": "make"}).status_code == 400
    assert address_on(browser.get(page)) == feed


@pytest.mark.one_database
def test_an_application_without_an_award_has_no_feed(browser: Browser, submitted: str) -> None:
    assert browser.get(f"{submitted}/calendar").status_code == 404
    assert "/calendar" not in text_of(browser.get(submitted)).split("<main")[1]


# ------------------------------------------------------------------------------------------------------------- meetings


@pytest.fixture
def award(office: Office) -> int:
    """An award of £30,000 that runs, with a meeting by 1 July 2027."""
    return casework.active(office, casework.reducing_crime(organisation_name="Evil https://evil.example Club"))


def invite(office: Office, award: int, by: int) -> int:
    with office.sessions.begin() as session:
        who = casework.someone(session, by)
        due = select(Deadline.id).where(Deadline.award_id == award, Deadline.kind == meetings.MEETING)
        number = session.scalars(due).one()
        return meetings.invite(session, number, who, ARRANGED, office=office, now=office.clock()).id


def award_feed(office: Office, award: int) -> str:
    with office.sessions.begin() as session:
        link = link_for(session, "award_feed", award, now=office.clock())
        return f"/calendars/award/{office.signer.token('award_feed', link)}.ics"


def test_a_meeting_takes_the_place_of_its_duty_moves_and_says_that_it_is_off(
    browser: Browser, office: Office, award: int, clock: Clock
) -> None:
    path, officer = award_feed(office, award), casework.person(office)
    before = [one for one in days(browser.get(path)) if "eeting" in one[0]]
    assert [day for _, day in before] == [date(2027, 7, 1)]
    assert before[0][0].startswith("Monitoring meeting by this day")
    meeting = invite(office, award, officer)
    uid = f"meeting-{meeting}@desk.example"
    answer = browser.get(path)
    found = entries(answer)[uid]
    assert (found["DTSTART"].dt, str(found["STATUS"])) == (WHEN, "CONFIRMED")
    assert not [one for one in days(answer) if "by this day" in one[0]]
    assert "Secret" not in answer.get_data(as_text=True)
    assert "20-04-15" not in answer.get_data(as_text=True)
    assert "ATTENDEE" not in answer.get_data(as_text=True)
    assert "/meetings/" not in answer.get_data(as_text=True)
    clock.forward(minutes=1)
    with office.sessions.begin() as session:
        later = Arranged(WHEN + timedelta(days=1), 60, "Ramsey library", "", "1")
        who = casework.someone(session, officer)
        meetings.move(session, meeting, who, later, seen=0, office=office, now=clock())
    assert entries(browser.get(path))[uid]["DTSTART"].dt == WHEN + timedelta(days=1)
    with office.sessions.begin() as session:
        who = casework.someone(session, officer)
        meetings.cancel(session, meeting, who, reason="Ill.", seen=1, office=office, now=clock())
    off = entries(browser.get(path))
    assert (str(off[uid]["STATUS"]), off[uid]["SEQUENCE"]) == ("CANCELLED", 2)
    assert [one for one in days(browser.get(path)) if "by this day" in one[0]]
    clock.set_day(date(2027, 7, 2))
    assert uid not in entries(browser.get(path))


@pytest.mark.one_database
def test_a_meeting_stays_in_a_feed_for_a_year(browser: Browser, office: Office, award: int, clock: Clock) -> None:
    path = award_feed(office, award)
    uid = f"meeting-{invite(office, award, casework.person(office))}@desk.example"
    for day, there in ((date(2028, 6, 28), True), (date(2028, 7, 1), False)):
        clock.set_day(day)
        assert (uid in entries(browser.get(path))) is there


# ---------------------------------------------------------------------------------------------------------------- staff


def made(browser: Browser, whose: str) -> str:
    html = browser.get("/desk/calendar").get_data(as_text=True)
    answer = browser.client.post(f"/desk/calendar/{whose}/make", data={"csrf_token": token(html)})
    assert answer.headers["Location"] == "/desk/calendar"
    html = browser.get("/desk/calendar").get_data(as_text=True)
    (found,) = set(re.findall(rf"{PUBLIC_URL}(/calendars/{whose}/[^\s<\"]+\.ics)", html))
    return str(found)


def named(office: Office, name: str) -> Person:
    with office.reading() as session:
        return session.scalars(select(Person).where(Person.name == name)).one()


def test_an_officer_s_own_feed_holds_what_is_theirs_and_the_office_s_holds_all(
    signed_in: SignedIn, browser: Browser, office: Office, award: int
) -> None:
    gwen = signed_in()
    own, whole = made(gwen, "own"), made(gwen, "office")
    assert days(browser.get(own)) == []
    everything = days(browser.get(whole))
    assert {day for _, day in everything} >= {date(2027, 7, 1), date(2027, 10, 31)}
    number = named(office, "Gwen Grants").id
    with office.sessions.begin() as session:
        one = session.scalars(select(Deadline).where(Deadline.award_id == award, Deadline.kind == "return")).first()
        assert one is not None
        one.owner_id = number
        due, where = one.due, f"/desk/returns/{one.reference}/{one.due.isoformat()}"
        deadlines.set_deadline(
            session, subject="publication:2026-11", reference="PUB-2026-11", kind="publication", due=date(2026, 12, 1),
            now=office.clock(), title="Publication of November 2026", owner_id=number,
        )  # fmt: skip
    found = entries(browser.get(own))
    assert sorted(one["DTSTART"].dt for one in found.values()) == [date(2026, 12, 1), due]
    publication, mine = sorted(found.values(), key=lambda one: one["DTSTART"].dt)
    assert str(publication["SUMMARY"]) == "Publication of November 2026 (PUB-2026-11)"
    assert str(publication["URL"]).startswith(f"{PUBLIC_URL}/desk/dates/")
    assert gwen.get(str(publication["URL"]).removeprefix(PUBLIC_URL)).status_code == 200
    assert str(mine["URL"]) == f"{PUBLIC_URL}{where}"
    assert str(mine["SUMMARY"]).startswith("Monitoring return, Evil https: //evil.example Club (")
    assert not mine.walk("VALARM")
    invite(office, award, number)
    titles = [str(one["SUMMARY"]) for one in entries(browser.get(own)).values()]
    assert [one for one in titles if one.startswith("Monitoring meeting, Evil")]
    text = browser.get(whole).get_data(as_text=True)
    for private in ("Lovelock", "ada@riverside", "Secret"):
        assert private not in text


def test_who_takes_an_application_on_has_its_deadlines(signed_in: SignedIn, browser: Browser, office: Office) -> None:
    number = casework.submitted(office, casework.reducing_crime())
    gwen = signed_in()
    own = made(gwen, "own")
    with office.sessions.begin() as session:
        who = session.get_one(Person, named(office, "Gwen Grants").id)
        taking.take(session, number, who, office=office, now=office.clock())
    assert [day for title, day in days(browser.get(own)) if title.startswith("Application to be decided")] == [
        date(2026, 12, 21)
    ]
    other = casework.person(office)
    with office.sessions.begin() as session:
        mine = select(Deadline).where(Deadline.application_id == number, Deadline.kind == "decision")
        session.scalars(mine).one().owner_id = other  # it was given to somebody else
    assert days(browser.get(own)) == []


def test_a_leaver_s_feeds_stop_and_do_not_come_back(signed_in: SignedIn, browser: Browser, office: Office) -> None:
    gwen = signed_in()
    paths = [made(gwen, "own"), made(gwen, "office")]
    assert [browser.get(path).status_code for path in paths] == [200, 200]
    email = named(office, "Gwen Grants").email
    with office.sessions.begin() as session:
        leaving.leave(session, email=email, actor="test", now=office.clock())
    assert [browser.get(path).status_code for path in paths] == [410, 410]
    signed_in()  # the same person, on the staff list again
    assert [browser.get(path).status_code for path in paths] == [410, 410]


@pytest.mark.one_database
@pytest.mark.parametrize("now_is", [{"body": "constabulary"}, {"active": False}])
def test_whoever_is_not_of_the_office_any_more_reads_no_feed(
    signed_in: SignedIn, browser: Browser, office: Office, now_is: dict[str, Any]
) -> None:
    gwen = signed_in()
    paths = [made(gwen, "own"), made(gwen, "office")]
    with office.sessions.begin() as session:
        person = session.get_one(Person, named(office, "Gwen Grants").id)
        for name, value in now_is.items():
            setattr(person, name, value)
    assert [browser.get(path).status_code for path in paths] == [410, 410]


def test_whoever_only_reads_makes_no_address(signed_in: SignedIn) -> None:
    auditor = signed_in(Role.AUDITOR, name="Anna Auditor")
    html = auditor.get("/desk/calendar").get_data(as_text=True)
    assert "Make the address" not in html
    answer = auditor.client.post("/desk/calendar/own/make", data={"csrf_token": token(html)})
    assert answer.status_code == 403


@pytest.mark.one_database
def test_there_is_no_other_staff_feed_and_nothing_else_to_do_with_one(signed_in: SignedIn) -> None:
    gwen = signed_in()
    sent = {"csrf_token": token(gwen.get("/desk/calendar").get_data(as_text=True))}
    for path in ("/desk/calendar/award/make", "/desk/calendar/own/read"):
        assert gwen.client.post(path, data=sent).status_code == 404


def test_the_staff_list_s_trail_tells_who_made_one_and_took_it_back(signed_in: SignedIn, office: Office) -> None:
    gwen = signed_in()
    made(gwen, "own")
    html = gwen.get("/desk/calendar").get_data(as_text=True)
    assert gwen.client.post("/desk/calendar/own/stop", data={"csrf_token": token(html)}).status_code == 303
    with office.reading() as session:
        lines = [one for one in session.scalars(select(Event)) if one.kind.startswith("calendar")]
    assert [(one.kind, one.reference, one.actor.split(" (")[0]) for one in lines] == [
        ("calendar_made", "staff", "Gwen Grants"),
        ("calendar_stopped", "staff", "Gwen Grants"),
    ]
    assert unescape(gwen.get("/desk").get_data(as_text=True)).count('href="/desk/calendar"') == 1
