"""Staff enter an application for somebody who cannot use the form, with a note of the consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import applications, asking, draft_keeping, people
from core.office import Office
from core.records import Application, EnteredFor, Event
from core.rules.policy import Role
from tests.intake.conftest import ANSWERS, Browser

SignedIn = Callable[..., Browser]
CONSENT = "Kim <Archer>, by telephone on 3 November."


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def only(office: Office, table: Any) -> Any:
    with office.reading() as session:
        return session.scalars(select(table)).one()


def begun(browser: Browser) -> str:
    """The address of a draft that was begun for somebody."""
    answer = browser.send("/desk/enter", {"fund": "youth-fund", "words": CONSENT})
    assert answer.status_code == 303
    return str(answer.headers["Location"]).rsplit("/", 1)[0]


def test_it_is_sent_by_the_officer_for_the_applicant_and_the_record_says_so(
    signed_in: SignedIn, office: Office
) -> None:
    browser = signed_in()
    path = begun(browser)
    page = text_of(browser.get("/desk/enter"))
    assert "Begun by you, and not sent" in page
    assert f'href="{path}"' in page
    assert "Begun by you" not in text_of(signed_in(name="Otto Other").get("/desk/enter"))
    with office.sessions.begin() as session:
        typed = {name: text for fields in ANSWERS.values() for name, text in fields.items()}
        applications.save(session, session.scalars(select(Application)).one(), typed, now=office.clock())
    assert browser.send(f"{path}/check-answers").status_code == 303
    sent = only(office, Application)
    assert sent.status == "submitted"
    assert sent.submitted_by.startswith("Gwen Grants (officer, person ")
    with office.reading() as session:
        line = session.scalars(select(Event).where(Event.kind == "entered_for")).one()
        assert (line.reference, line.data["consent"]) == (sent.reference, CONSENT)
        assert any("Gwen Grants entered it for the applicant" in note["because"] for note in sent.noticed)
        assert all("Archer" not in note["because"] for note in sent.noticed)  # nothing personal in Slack
    assert "Kim &lt;Archer&gt;, by telephone" in browser.get(path).get_data(as_text=True)
    staff_page = browser.get(f"/desk/applications/{sent.reference}").get_data(as_text=True)
    assert "Gwen Grants entered it for the applicant. Kim &lt;Archer&gt;" in staff_page
    assert "Entered it for the applicant" in staff_page
    assert "Begun by you" not in text_of(browser.get("/desk/enter"))


def test_once_corrected_it_is_still_one_that_was_entered_for_somebody(signed_in: SignedIn, office: Office) -> None:
    browser = signed_in()
    path = begun(browser)
    with office.sessions.begin() as session:
        typed = {name: text for fields in ANSWERS.values() for name, text in fields.items()}
        applications.save(session, session.scalars(select(Application)).one(), typed, now=office.clock())
    assert browser.send(f"{path}/check-answers").status_code == 303
    with office.sessions.begin() as session:
        who, sent = people.holders(session, Role.OFFICER)[0], session.scalars(select(Application)).one()
        asking.ask(session, sent, who, "Is it?", office=office, now=office.clock(), may_correct=True)
    browser.send(f"{path}/title?return=check", {"title": "Corrected title"}, to=f"{path}/title")
    assert browser.send(f"{path}/check-answers").status_code == 303
    sent = only(office, Application)
    assert (sent.status, sent.title) == ("submitted", "Corrected title")
    assert [note["kind"] for note in sent.noticed] == ["entered_for"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("changed", "said", "field"),
    [
        ({"fund": ""}, "Choose a fund that is open", "enter-fund"),
        ({"fund": "moon-fund"}, "Choose a fund that is open", "enter-fund"),
        ({"words": " \r\n"}, "Write down who agreed", "enter-words"),
        ({"words": "x" * 1_001}, "Keep the note to 1,000 characters", "enter-words"),
    ],
)
def test_without_fund_or_consent_nothing_is_begun(
    signed_in: SignedIn, office: Office, changed: dict[str, str], said: str, field: str
) -> None:
    typed = {"fund": "youth-fund", "words": CONSENT, **changed}
    answer = signed_in().send("/desk/enter", typed)
    assert answer.status_code == 422
    page = text_of(answer)
    assert page.count(said) == 2
    assert f'href="#{field}"' in page
    assert typed["words"].strip() in page
    with office.reading() as session:
        assert session.scalars(select(Application)).all() == []


@pytest.mark.one_database
def test_a_lost_session_keeps_the_note(signed_in: SignedIn) -> None:
    answer = signed_in().client.post("/desk/enter", data={"fund": "youth-fund", "words": CONSENT})
    assert answer.status_code == 400
    assert "Kim &lt;Archer&gt;, by telephone" in answer.get_data(as_text=True)


@pytest.mark.one_database
def test_readers_enter_nothing(signed_in: SignedIn) -> None:
    browser = signed_in(Role.AUDITOR)
    assert "Start the application" not in text_of(browser.get("/desk/enter"))


def test_it_goes_with_a_draft_that_nobody_sends(signed_in: SignedIn, office: Office, clock: Any) -> None:
    begun(signed_in())
    clock.now += timedelta(days=3_000)
    with office.sessions.begin() as session:
        draft_keeping.purge(session, office=office, today=office.today(), now=clock.now)
    with office.reading() as session:
        assert session.scalars(select(EnteredFor)).all() == []
        assert session.scalars(select(Application)).all() == []
