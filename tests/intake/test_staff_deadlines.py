"""What staff do at `/desk/deadlines` with what falls due: see it, chase it, extend it, hand it on, snooze it (D0)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import chasing, deadlines, people
from core.office import Office
from core.records import Application, Deadline, Interest, Person
from core.rules.policy import Role
from tests.core.casework import london
from tests.intake.conftest import Browser
from tests.intake.test_staff_awards import kinds, post, text_of, token

SignedIn = Callable[..., Browser]
DUE = date(2027, 7, 11)
UNTIL = {"until-day": "20", "until-month": "7", "until-year": "2027"}


@pytest.fixture
def late(office: Office, clock: Any, accepted: str) -> int:
    """A return that was due the day before, of the award that runs; its number."""
    clock.now = london(DUE + timedelta(days=1))
    with office.reading() as session:
        query = select(Deadline.id).where(
            Deadline.reference == accepted, Deadline.kind == "return", Deadline.due == DUE
        )
        return session.scalars(query).one()


def row(office: Office, number: int) -> Deadline:
    with office.reading() as session:
        return chasing.by_id(session, number)


def fields(browser: Browser, number: int, **more: str) -> dict[str, str]:
    html = browser.get(f"/desk/deadlines/{number}").get_data(as_text=True)
    return {"csrf_token": token(html), "seen": html.split('name="seen" value="')[1].split('"', maxsplit=1)[0], **more}


def send(browser: Browser, number: int, action: str, **more: str) -> Any:
    return browser.client.post(f"/desk/deadlines/{number}/{action}", data=fields(browser, number, **more))


def test_all_that_falls_due_is_listed_with_whose_it_is_and_what_comes(
    signed_in: SignedIn, office: Office, late: int, accepted: str
) -> None:
    with office.sessions.begin() as session:
        deadlines.set_deadline(
            session, subject="bid:1", reference="BID-1", kind="bid", due=date(2027, 8, 2), title="Safer <Streets>",
            now=office.clock(),
        )  # fmt: skip
    browser = signed_in()
    front = text_of(browser.get("/desk"))
    assert 'href="/desk/deadlines"' in front
    page = text_of(browser.get("/desk/deadlines"))
    assert "2 things, 1 overdue, up to 9 August 2027" in page
    assert "Safer &lt;Streets>" in page or "Safer <Streets>" in page
    assert "was due on 11 July 2027, yesterday" in page
    assert "Nobody looks after it." in page
    assert "the Director on 26 July 2027." in page
    assert "1 thing, up to" in text_of(browser.get("/desk/deadlines?show=overdue"))
    assert "1 thing," in text_of(browser.get("/desk/deadlines?kind=bid"))
    assert "Nothing of this is overdue" in text_of(browser.get("/desk/deadlines?show=mine"))
    assert f'href="/desk/deadlines/{late}"' in text_of(browser.get(f"/desk/awards/{accepted}"))
    assert browser.get("/desk/deadlines?show=x&kind=y&page=z").status_code == 200


def test_what_i_took_on_is_mine_until_somebody_else_is_given_it(
    signed_in: SignedIn, office: Office, late: int, accepted: str
) -> None:
    browser = signed_in()
    with office.sessions.begin() as session:
        me = session.scalars(select(Person).where(Person.name == "Gwen Grants")).one()
        application = session.scalars(select(Application).where(Application.reference == accepted)).one()
        application.taken_by_id = me.id
    assert "1 thing," in text_of(browser.get("/desk/deadlines?show=mine"))
    assert "Yours" in text_of(browser.get("/desk/deadlines"))
    with office.sessions.begin() as session:
        other = people.add(
            session, name="Otto Other", email="otto@x.example", role=Role.OFFICER, actor="t", now=office.clock()
        )
    assert send(browser, late, "reassign", owner=str(other.id)).status_code == 303
    assert "Nothing of this" in text_of(browser.get("/desk/deadlines?show=mine"))
    assert "Otto Other" in text_of(browser.get(f"/desk/deadlines/{late}"))


def test_each_action_is_done_once_from_the_page(signed_in: SignedIn, office: Office, late: int) -> None:
    browser = signed_in()
    assert send(browser, late, "chased", words="Rang <Kim>.").status_code == 303
    page = browser.get(f"/desk/deadlines/{late}").get_data(as_text=True)
    assert "Rang &lt;Kim&gt;." in page
    assert (
        send(browser, late, "snooze", **{"until-day": "15", "until-month": "7", "until-year": "2027"}).status_code
        == 303
    )
    assert row(office, late).snoozed_until == date(2027, 7, 15)
    assert send(browser, late, "extend", words="Ill.", agreed_by="Dev Director", **UNTIL).status_code == 303
    assert row(office, late).due == date(2027, 7, 20)
    page = text_of(browser.get(f"/desk/deadlines/{late}"))
    assert "gave it until 20 July 2027, as Dev Director agreed" in page
    assert "At first it was due on 11 July 2027" in page
    assert kinds(office)[-3:] == ["deadline_chased", "deadline_snoozed", "more_time_agreed"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("action", "typed", "said"),
    [
        ("extend", {**UNTIL, "words": "", "agreed_by": "Dev"}, "Say why it has more time"),
        ("extend", {**UNTIL, "words": "Kept.", "agreed_by": ""}, "Say who agreed it"),
        ("extend", {**UNTIL, "until-year": "2031", "words": "Kept.", "agreed_by": "Dev"}, "Choose a day from"),
        ("extend", {"until-day": "x", "words": "Kept.", "agreed_by": "Dev"}, "Kept."),
        ("snooze", {**UNTIL, "until-year": "2031"}, "Choose a day from tomorrow to 26 July 2027"),
        ("snooze", {}, "Enter the day on which the officer is reminded again"),
        ("reassign", {"owner": "99999"}, "Choose somebody of the office"),
        ("reassign", {"owner": "x"}, "Choose somebody of the office"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    signed_in: SignedIn, office: Office, late: int, action: str, typed: dict[str, str], said: str
) -> None:
    before = row(office, late)
    answer = send(signed_in(), late, action, **typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "There is a problem" in page
    assert said in page
    for text in typed.values():
        assert text in page or text in ("99999", "x")
    assert chasing.mark_of(row(office, late)) == chasing.mark_of(before)


@pytest.mark.parametrize("action", ["chased", "extend", "reassign", "snooze"])
def test_who_is_second_is_told_who_was_first_and_keeps_what_they_wrote(
    signed_in: SignedIn, office: Office, late: int, action: str
) -> None:
    first, second = signed_in(), signed_in(name="Otto Other")
    stale = fields(second, late, words="Mine.", agreed_by="Dev", owner="1", **UNTIL)
    assert send(first, late, "chased", words="Rang.").status_code == 303
    after = row(office, late)
    answer = second.client.post(f"/desk/deadlines/{late}/{action}", data=stale)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Gwen Grants chased it on 12 July 2027, after you opened this. Nothing was done" in page
    assert action not in ("chased", "extend") or "Mine." in page
    assert chasing.mark_of(row(office, late)) == chasing.mark_of(after)


def test_what_has_come_in_meanwhile_says_so_and_shows_what_was_written(
    signed_in: SignedIn, office: Office, late: int
) -> None:
    browser = signed_in()
    stale = fields(browser, late, words="Rang Kim.")
    with office.sessions.begin() as session:
        deadlines.meet(session, chasing.by_id(session, late), now=office.clock())
    answer = browser.client.post(f"/desk/deadlines/{late}/chased", data=stale)
    page = text_of(answer)
    assert answer.status_code == 409
    assert "was done on 12 July 2027: nothing is left to do" in page
    assert "Rang Kim." in page
    assert "Give it more time" not in page


def test_whoever_only_reads_or_has_an_interest_sees_it_and_changes_nothing(
    signed_in: SignedIn, office: Office, late: int, accepted: str
) -> None:
    reader = signed_in(name="Pat Panel", role=Role.PANEL)
    page = text_of(reader.get(f"/desk/deadlines/{late}"))
    assert "Was due on 11 July 2027" in page
    assert "Record that it was chased" not in page
    browser = signed_in()
    mine = fields(browser, late, words="Rang.")
    with office.sessions.begin() as session:
        me = session.scalars(select(Person).where(Person.name == "Gwen Grants")).one()
        application = session.scalars(select(Application).where(Application.reference == accepted)).one()
        session.add(Interest(application_id=application.id, person_id=me.id, reason="x", declared_at=office.clock()))
    answer = browser.client.post(f"/desk/deadlines/{late}/chased", data=mine)
    assert "You have declared an interest" in text_of(answer)
    assert row(office, late).chased_at is None


def test_what_is_not_there_is_not_found(signed_in: SignedIn, late: int) -> None:
    browser = signed_in()
    assert browser.get("/desk/deadlines/99999").status_code == 404
    assert post(browser, f"/desk/deadlines/{late}", "delete").status_code == 404
