"""Monitoring meetings on the web: what staff arrange at `/desk/meetings`, and what a recipient answers to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import select

from core import awards, deciding, links, meeting_answers, meetings, returns
from core.links import link_for
from core.office import Office
from core.records import Deadline, Meeting, MeetingAction, MeetingProposal, OutboxMessage, Person
from core.rules.policy import Role
from tests.conftest import Clock
from tests.core import casework
from tests.intake.conftest import Browser

SignedIn = Callable[..., Browser]
WHEN = datetime(2027, 6, 29, 13, 30, tzinfo=UTC)  # half past two on a London clock
TYPED = {
    "on-day": "29", "on-month": "June", "on-year": "2027", "at": "2.30pm", "minutes": "45",
    "place": "Ramsey <library>", "video": "https://meet.example/ramsey?room=1", "agenda": "1. How it goes\n2. <Money>",
}  # fmt: skip


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def post(browser: Browser, page: str, action: str, fields: Mapping[str, str] | None = None, seen: int = 0) -> Any:
    html = browser.get(page).get_data(as_text=True)
    typed = {"csrf_token": token(html), "seen": str(seen), **(fields or {})}
    return browser.client.post(f"{page}/{action}", data=typed)


@pytest.fixture
def award(office: Office) -> int:
    """The row of an award of £30,000 that runs, with a meeting by 1 July 2027."""
    return casework.active(office, casework.reducing_crime(contact_name="Ada Lovelock"))


@pytest.fixture
def page(office: Office, award: int) -> str:
    """The address at which staff see its meeting."""
    with office.reading() as session:
        due = select(Deadline.id).where(Deadline.award_id == award, Deadline.kind == meetings.MEETING)
        return f"/desk/meetings/{session.scalars(due).one()}"


@pytest.fixture
def gwen(signed_in: SignedIn) -> Browser:
    return signed_in()


@pytest.fixture
def invited(gwen: Browser, page: str, office: Office) -> str:
    """The address at which the recipient sees the meeting that they are invited to."""
    assert post(gwen, page, "invite", TYPED).headers["Location"] == page
    return link_of(office)


def link_of(office: Office) -> str:
    with office.sessions.begin() as session:
        meeting = session.scalars(select(Meeting).order_by(Meeting.id.desc())).first()
        assert meeting is not None
        return (
            f"/meetings/{office.signer.token('meeting', link_for(session, 'meeting', meeting.id, now=office.clock()))}"
        )


def only(office: Office, table: Any = Meeting) -> Any:
    with office.reading() as session:
        return session.scalars(select(table)).one()


def mailed(office: Office) -> list[str]:
    with office.reading() as session:
        query = select(OutboxMessage.kind).where(OutboxMessage.kind.startswith("meeting_")).order_by(OutboxMessage.id)
        return list(session.scalars(query))


def test_the_award_leads_to_an_invitation_that_is_drafted_and_sent(
    gwen: Browser, page: str, office: Office, award: int
) -> None:
    with office.reading() as session:
        reference = awards.by_id(session, award).reference
    shown = text_of(gwen.get(f"/desk/awards/{reference}"))
    assert f'href="{page}"' in shown
    assert "the recipient is to be invited" in shown
    html = gwen.get(page).get_data(as_text=True)
    typed = dict(re.findall(r'name="(on-\w+|at|minutes)" type="text" value="([^"]*)"', html))
    assert typed == {"on-day": "1", "on-month": "7", "on-year": "2027", "at": "10am", "minutes": "60"}
    assert "1. How the project has begun: no return has come in yet" in html
    assert "goes out on 3 June 2027" in html  # what R2 says of it
    assert "ada@riverside.example" in html
    assert post(gwen, page, "invite", TYPED).status_code == 303
    meeting = only(office)
    assert (meeting.starts_at, meeting.minutes, meeting.place) == (WHEN, 45, "Ramsey <library>")
    html = gwen.get(page).get_data(as_text=True)
    assert "29 June 2027 at 2:30pm, 45 minutes" in html
    assert "Ramsey &lt;library&gt;" in html
    assert "They have not answered" in html
    assert mailed(office) == ["meeting_invited"]
    assert "on 29 June 2027 at 2:30pm" in text_of(gwen.get(f"/desk/awards/{reference}"))


@pytest.mark.parametrize(
    ("wrong", "at", "said"),
    [
        ({"on-day": "31"}, "on-day", "must be a real date"),
        ({"on-day": "", "on-month": "", "on-year": ""}, "on-day", "Enter the day of the meeting"),
        ({"on-year": "2025"}, "on-day", "still to come"),
        ({"at": "2:30"}, "at", "Enter the time, such as"),
        ({"on-day": "28", "on-month": "3", "at": "01:30"}, "at", "leave this time out"),
        ({"minutes": "an hour"}, "minutes", "as a number"),
        ({"minutes": "9999"}, "minutes", "from 1 to 480"),
        ({"place": "", "video": ""}, "place", "Enter the place"),
        ({"video": "meet.example"}, "video", "begins with https://"),
        ({"agenda": " "}, "agenda", "Enter what you want to talk about"),
    ],
)
@pytest.mark.one_database
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    gwen: Browser, page: str, office: Office, wrong: dict[str, str], at: str, said: str
) -> None:
    typed = {**TYPED, **wrong}
    answer = post(gwen, page, "invite", typed)
    html = text_of(answer)
    assert answer.status_code == 422
    assert f'href="#invite-{at}"' in html
    assert f'id="invite-{at}"' in html
    assert said in html
    for name in ("place", "video", "minutes", "at"):
        assert f'value="{typed[name]}"' in html or not typed[name]
    assert mailed(office) == []


def test_who_is_second_is_shown_the_meeting_and_keeps_the_agenda(
    signed_in: SignedIn, gwen: Browser, page: str, office: Office
) -> None:
    other = signed_in(name="Otto Other")
    html = other.get(page).get_data(as_text=True)
    assert post(gwen, page, "invite", TYPED).status_code == 303
    typed = {**TYPED, "csrf_token": token(html), "agenda": "Another agenda altogether", "place": "St Ives"}
    answer = other.client.post(f"{page}/invite", data=typed)
    assert answer.status_code == 409
    assert "has been sent already" in text_of(answer)
    assert "Another agenda altogether" in text_of(answer)
    assert "St Ives" in text_of(answer)
    assert mailed(office) == ["meeting_invited"]


@pytest.mark.one_database
def test_a_lost_session_loses_nothing(gwen: Browser, page: str) -> None:
    answer = gwen.client.post(f"{page}/invite", data={**TYPED, "agenda": "My own agenda"})
    assert answer.status_code == 400
    assert "My own agenda" in text_of(answer)


def test_it_is_moved_and_cancelled(gwen: Browser, page: str, invited: str, office: Office) -> None:
    moved = {**TYPED, "at": "16:00", "place": "Our office", "words": "The library shuts."}
    assert post(gwen, page, "move", moved).status_code == 303
    assert (only(office).sequence, only(office).starts_at) == (1, WHEN + timedelta(minutes=90))
    stale = post(gwen, page, "move", {**TYPED, "at": "9am"}, seen=0)
    assert stale.status_code == 409
    assert "after you opened this page" in text_of(stale)
    assert post(gwen, page, "cancel", {"words": " "}, seen=1).status_code == 422
    assert post(gwen, page, "cancel", {"words": "Olive is <ill>."}, seen=1).status_code == 303
    html = gwen.get(page).get_data(as_text=True)
    assert "Olive is &lt;ill&gt;." in html
    assert "Send the invitation" in html  # the duty is open again
    shown = gwen.get(invited)
    assert shown.status_code == 200
    assert "We have cancelled this meeting." in text_of(shown)
    assert "Olive is <ill>." in text_of(shown)
    assert 'name="answer"' not in text_of(shown)
    assert mailed(office) == ["meeting_invited", "meeting_moved", "meeting_cancelled"]


def test_the_recipient_sees_it_and_comes(browser: Browser, gwen: Browser, page: str, invited: str) -> None:
    answer = browser.get(invited)
    html = answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "29 June 2027 at 2:30pm, 45 minutes" in html
    assert "Ramsey &lt;library&gt;" in html
    assert 'href="https://meet.example/ramsey?room=1" rel="noreferrer noopener"' in html
    assert "2. &lt;Money&gt;" in html
    assert browser.send(invited, {"answer": "coming"}).headers["Location"] == invited
    assert "that you will come. Thank you." in text_of(browser.get(invited))
    assert "They come, as they said on 23 November 2026" in text_of(gwen.get(page))


def test_the_recipient_proposes_another_time_which_is_agreed(
    browser: Browser, gwen: Browser, page: str, invited: str, office: Office
) -> None:
    other = {"answer": "other", "on-day": "30", "on-month": "6", "on-year": "27", "at": "10", "words": "A <class>."}
    assert browser.send(invited, other).status_code == 303
    assert "you proposed 30 June 2027 at 10am" in re.sub("<[^>]+>", "", text_of(browser.get(invited)))
    assert mailed(office) == ["meeting_invited", "meeting_time_proposed"]
    waits = text_of(gwen.get("/desk"))
    assert f'href="{page}"' in waits
    assert "asks for 30 June 2027 at 10am instead of 29 June 2027 at 2:30pm" in waits
    html = gwen.get(page).get_data(as_text=True)
    assert "A &lt;class&gt;." in html
    number = str(only(office, MeetingProposal).id)
    assert post(gwen, page, "agree-time", {"id": number}).status_code == 303
    assert only(office).starts_at == datetime(2027, 6, 30, 9, tzinfo=UTC)
    assert post(gwen, page, "agree-time", {"id": number}).status_code == 409
    assert mailed(office)[-1] == "meeting_moved"


def test_or_is_answered_and_the_meeting_stays(
    browser: Browser, gwen: Browser, page: str, invited: str, office: Office
) -> None:
    other = {"answer": "other", "on-day": "30", "on-month": "6", "on-year": "2027", "at": "10am"}
    browser.send(invited, other)
    number = str(only(office, MeetingProposal).id)
    empty = post(gwen, page, "decline-time", {"id": number, "words": ""})
    assert empty.status_code == 422
    assert 'href="#decline-time-words"' in text_of(empty)
    assert post(gwen, page, "decline-time", {"id": number, "words": "We are <away>."}).status_code == 303
    html = browser.get(invited).get_data(as_text=True)
    assert "We are &lt;away&gt;." in html
    assert "29 June 2027 at 2:30pm" in html
    assert mailed(office)[-1] == "meeting_time_declined"


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({}, "answer"),
        ({"answer": "maybe"}, "answer"),
        ({"answer": "other", "at": "10am"}, "on-day"),
        ({"answer": "other", "on-day": "30", "on-month": "6", "on-year": "2027", "at": "3"}, "at"),
        ({"answer": "other", "on-day": "30", "on-month": "6", "on-year": "2026", "at": "10am"}, "on-day"),
        ({"answer": "other", "on-day": "29", "on-month": "6", "on-year": "2027", "at": "14:30"}, "on-day"),
        ({"answer": "other", "on-day": "28", "on-month": "3", "on-year": "2027", "at": "01:15"}, "at"),
        ({"answer": "other", "on-day": "30", "on-month": "6", "on-year": "2027", "at": "1pm", "words": "x" * 3001},
         "words"),
    ],
)  # fmt: skip
@pytest.mark.one_database
def test_an_answer_that_cannot_be_read_is_shown_again(
    browser: Browser, invited: str, office: Office, typed: dict[str, str], at: str
) -> None:
    answer = browser.send(invited, typed)
    assert answer.status_code == 422
    html = text_of(answer)
    assert f'href="#{at}"' in html
    assert f'id="{at}"' in html
    assert typed.get("words", "") in html
    with office.reading() as session:
        assert not session.scalars(select(MeetingProposal)).all()


def test_an_answer_to_what_was_cancelled_meanwhile_is_not_lost(
    browser: Browser, gwen: Browser, page: str, invited: str
) -> None:
    html = browser.get(invited).get_data(as_text=True)
    assert post(gwen, page, "cancel", {"words": "Ill."}).status_code == 303
    other = {"answer": "other", "on-day": "30", "on-month": "6", "on-year": "2027", "at": "10am", "words": "My words."}
    answer = browser.client.post(invited, data={**other, "csrf_token": token(html), "seen": "0"})
    assert answer.status_code == 409
    assert "My words." in text_of(answer)


def test_getting_changes_nothing_and_a_link_has_its_end(
    browser: Browser, invited: str, office: Office, award: int, clock: Clock
) -> None:
    for path in (invited, f"{invited}/meeting.ics"):
        assert browser.get(path).status_code == 200
    assert only(office).coming_at is None
    assert browser.get("/meetings/nonsense").status_code == 404
    clock.set_day(date(2029, 1, 1))
    assert browser.get(invited).status_code == 410
    clock.set_day(date(2027, 1, 2))
    with office.sessions.begin() as session:
        links.revoke(session, awards.by_id(session, award).application, actor="test", now=clock())
    assert browser.get(invited).status_code == 410


def entry_of(answer: Any) -> Any:
    (found,) = Calendar.from_ical(answer.get_data()).walk("VEVENT")
    return found


def test_the_file_of_the_page_is_a_calendar(browser: Browser, gwen: Browser, page: str, invited: str) -> None:
    answer = browser.get(f"{invited}/meeting.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    entry = entry_of(answer)
    assert entry["DTSTART"].dt == WHEN
    assert entry["DTEND"].dt == WHEN + timedelta(minutes=45)
    assert str(entry["LOCATION"]) == "Ramsey <library>, https://meet.example/ramsey?room=1"
    assert "ATTENDEE" not in entry
    assert "Money" not in answer.get_data(as_text=True)
    post(gwen, page, "cancel", {"words": "Ill."})
    after = entry_of(browser.get(f"{invited}/meeting.ics"))
    assert (str(after["UID"]), str(after["STATUS"])) == (str(entry["UID"]), "CANCELLED")
    assert after["SEQUENCE"] == entry["SEQUENCE"] + 1


SAID = {
    "came": "yes", "notes": "It goes <well>.", "user_views": "They like it.", "partner_views": "So does the school.",
    "what-1": "Send the register", "who-1": "Kim", "due-1": "9 July 2027", "what-2": "Ask the school", "who-2": "Gwen",
    "due-2": "", "share": "yes",
}  # fmt: skip


def test_what_was_said_is_recorded_shown_and_shared(
    browser: Browser, gwen: Browser, page: str, invited: str, office: Office, award: int, clock: Clock
) -> None:
    assert "Record it" not in text_of(gwen.get(page))
    clock.now = WHEN + timedelta(hours=2)
    gwen = again(gwen, office)
    assert post(gwen, page, "record", SAID).status_code == 303
    meeting = only(office)
    assert (meeting.status, meeting.came, meeting.user_views) == ("held", True, "They like it.")
    with office.reading() as session:
        assert [(one.what, one.who, one.due) for one in session.scalars(select(MeetingAction))] == [
            ("Send the register", "Kim", date(2027, 7, 9)),
            ("Ask the school", "Gwen", None),
        ]
        reference = awards.by_id(session, award).reference
    for path in (page, f"/desk/awards/{reference}"):
        html = gwen.get(path).get_data(as_text=True)
        for words in ("It goes &lt;well&gt;.", "They like it.", "So does the school.", "Send the register"):
            assert words in html, path
    html = browser.get(invited).get_data(as_text=True)
    assert "It goes &lt;well&gt;." in html
    assert mailed(office)[-1] == "meeting_notes"
    with office.reading() as session:
        number = str(session.scalars(select(MeetingAction.id)).first())
    assert post(gwen, page, "done", {"id": number}).status_code == 303
    assert "overdue" not in text_of(gwen.get(page))
    again_said = {**SAID, "notes": "Better.", "what-1": "", "who-1": "", "due-1": "", "what-2": "", "who-2": ""}
    again_said.pop("share")
    assert post(gwen, page, "record", again_said, seen=1).status_code == 303
    assert "Better." in text_of(gwen.get(page))
    assert "Better." not in text_of(browser.get(invited))  # not shared any more


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"came": ""}, "came"),
        ({"notes": ""}, "notes"),
        ({"user_views": "x" * 3001}, "user_views"),
        ({"what-1": ""}, "what-1"),
        ({"who-2": ""}, "who-2"),
        ({"due-2": "soon"}, "due-2"),
        ({"due-2": "31/6/27"}, "due-2"),
    ],
)
@pytest.mark.one_database
def test_what_is_wrong_in_a_record_is_said_at_its_field(
    gwen: Browser, page: str, invited: str, office: Office, clock: Clock, wrong: dict[str, str], at: str
) -> None:
    assert invited
    clock.now = WHEN + timedelta(hours=2)
    gwen = again(gwen, office)
    answer = post(gwen, page, "record", {**SAID, **wrong})
    assert answer.status_code == 422
    html = text_of(answer)
    assert f'href="#record-{at}"' in html
    assert f'id="record-{at}"' in html
    assert {**SAID, **wrong}["notes"] in html
    assert only(office).status == "invited"


def again(browser: Browser, office: Office) -> Browser:
    """The same person, signed in anew: months later nobody is still signed in."""
    with office.reading() as session:
        number = str(session.scalars(select(Person.id).where(Person.name == "Gwen Grants")).one())
    assert browser.send("/desk/sign-in", {"person": number}).status_code == 303
    return browser


def test_whoever_has_an_interest_or_only_reads_changes_nothing(
    signed_in: SignedIn, page: str, office: Office, award: int
) -> None:
    interested, auditor = signed_in(name="Irma Interest"), signed_in(Role.AUDITOR, name="Anna Auditor")
    with office.sessions.begin() as session:
        who = session.scalars(select(Person).where(Person.name == "Irma Interest")).one()
        application = awards.by_id(session, award).application_id
        deciding.declare_interest(session, application, who, reason="My brother.", now=office.clock())
    html = text_of(interested.get(page))
    assert "You have declared an interest" in html
    assert "Send the invitation" not in html
    assert post(interested, page, "invite", TYPED).status_code == 422
    assert "Send the invitation" not in text_of(auditor.get(page))
    assert post(auditor, page, "invite", TYPED).status_code == 403
    assert mailed(office) == []


@pytest.mark.one_database
def test_what_is_of_another_meeting_is_not_found(
    browser: Browser, gwen: Browser, page: str, invited: str, office: Office
) -> None:
    other = casework.active(office, casework.reducing_crime())
    with office.reading() as session:
        due = select(Deadline.id).where(Deadline.award_id == other, Deadline.kind == meetings.MEETING)
        elsewhere = f"/desk/meetings/{session.scalars(due).one()}"
        returned = session.scalars(select(Deadline.id).where(Deadline.award_id == other, Deadline.kind == "return"))
        assert gwen.get(f"/desk/meetings/{returned.first()}").status_code == 404
    with office.sessions.begin() as session:
        meeting = session.scalars(select(Meeting)).one()
        at = WHEN + timedelta(days=1)
        number = str(meeting_answers.propose(session, meeting.id, at, "", now=office.clock()).id)
        action = MeetingAction(meeting=meeting, what="Send the register", who="Kim", added_at=office.clock())
        session.add(action)
        session.flush()
        agreed = str(action.id)
    assert post(gwen, elsewhere, "agree-time", {"id": number}).status_code == 404
    assert post(gwen, elsewhere, "done", {"id": agreed}).status_code == 404
    assert post(gwen, elsewhere, "cancel", {"words": "x"}).status_code == 404
    assert post(gwen, page, "nothing").status_code == 404
    assert invited


def test_the_recipient_s_own_pages_say_when_we_meet_and_which_returns_are_still_owed(
    browser: Browser, gwen: Browser, page: str, invited: str, office: Office, award: int, clock: Clock
) -> None:
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        application = link_for(session, "application", found.application_id, now=clock())
        offer = link_for(session, "offer", award, now=clock())
        mine = [office.signer.address("application", application), office.signer.address("offer", offer)]
        due = sorted(one.due for one in found.deadlines if one.kind == "return")
    for path in mine:
        html = text_of(browser.get(path))
        assert "We meet on <strong>29 June 2027 at 2:30pm</strong>" in html
        assert f'href="http://desk.example{invited}"' in html
        assert "We need a monitoring return by 1 July 2027 and 31 October 2027." in html
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        returns.receive(session, found, due[0], casework.returned(), source="recipient", now=clock())
    clock.set_day(date(2027, 11, 1))
    for path in mine:
        html = text_of(browser.get(path))
        assert "We meet on" not in html
        assert "We need a monitoring return by 31 October 2027 (overdue)." in html
    with office.sessions.begin() as session:
        found = awards.by_id(session, award)
        returns.receive(session, found, due[1], casework.returned(), source="recipient", now=clock())
    for path in mine:
        assert "All the monitoring returns that we asked for are in." in text_of(browser.get(path))
