"""What staff do at `/desk` with an application and a return; who may, and who comes second."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import asking, deciding, document_links, people, returns
from core.office import Office
from core.records import Application, Asked, Award, Deadline, Document, Event, MonitoringReturn, Person
from core.rules.policy import Body, Role
from core.rules.return_forms import Figures, ReturnFacts
from intake.access import Access, access_table
from intake.app import _AGAIN
from tests.intake.conftest import Browser

SignedIn = Callable[..., Browser]


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def only(office: Office, table: Any) -> Any:
    with office.reading() as session:
        return session.scalars(select(table)).one()


def kinds(office: Office) -> list[str]:
    with office.reading() as session:
        return list(session.scalars(select(Event.kind).order_by(Event.sequence)))


@pytest.fixture
def application(office: Office, submitted: str) -> str:
    """The address at which staff see an application that was sent."""
    return f"/desk/applications/{only(office, Application).reference}"


@pytest.fixture
def came_in(office: Office, return_paths: list[str]) -> str:
    """The address at which staff see a return that came in."""
    with office.sessions.begin() as session:
        award = session.scalars(select(Award)).one()
        due = min(one.due for one in award.deadlines if one.kind == "return")
        facts = ReturnFacts("Fewer calls.", 31, 900_00, ("A tenth fewer",), "They like it.", {})
        returns.receive(session, award, due, facts, source="recipient", now=office.clock())
        return f"/desk/returns/{award.reference}/{due.isoformat()}"


def token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def post(browser: Browser, page: str, action: str, fields: Mapping[str, str] | None = None) -> Any:
    """Press a button of a page, with its own form token."""
    html = browser.get(page).get_data(as_text=True)
    return browser.client.post(f"{page}/{action}", data={"csrf_token": token(html), **(fields or {})})


# ------------------------------------------------------------------------------------------------- who sees and does


def staff_routes(app: Flask) -> list[tuple[str, str]]:
    """Every staff route with a method, its address filled in with what does not exist."""
    table = access_table(app, ())
    found = []
    for rule in app.url_map.iter_rules():
        if table[rule.endpoint] is Access.STAFF:
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            path = re.sub(r"<due>", "2027-07-11", re.sub(r"<action>", "ask", path))
            path = re.sub(r"<\w+>", "x", path)
            found += [(method, path) for method in rule.methods or () if method in ("GET", "POST")]
    return sorted(found)


@pytest.mark.one_database
def test_every_route_under_desk_is_for_staff_or_to_sign_in(app: Flask) -> None:
    table = access_table(app, ())
    mine = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/desk")}
    others = {name for name in mine if table[name] is not Access.STAFF}
    assert others == {f"staff_sign_in.{name}" for name in ("page", "become", "to_slack", "from_slack", "out")}


@pytest.mark.one_database
def test_every_staff_form_is_shown_again_when_its_session_was_lost(app: Flask) -> None:
    table = access_table(app, ())
    forms = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if table[rule.endpoint] is Access.STAFF and "POST" in (rule.methods or ())
    }
    assert forms - set(_AGAIN) == {"staff_documents.open_one"}  # nothing is typed into it


@pytest.mark.one_database
def test_no_staff_route_answers_without_signing_in(app: Flask) -> None:
    client = app.test_client()
    for method, path in staff_routes(app):
        answer = client.open(path, method=method, data={"words": "typed"} if method == "POST" else None)
        assert answer.status_code == {"GET": 303, "POST": 401}[method], (method, path)
        assert "Set-Cookie" not in answer.headers, (method, path)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "body", "reads"),
    [
        (Role.OFFICER, Body.CONSTABULARY, False),
        (Role.DIRECTOR, Body.CONSTABULARY, False),
        (Role.AUDITOR, Body.OFFICE, True),
        (Role.PANEL, Body.OFFICE, True),
    ],
)
def test_constabulary_staff_see_nothing_and_readers_change_nothing(
    app: Flask, signed_in: SignedIn, role: Role, body: Body, reads: bool
) -> None:
    browser = signed_in(role, body=body)
    app.config["WTF_CSRF_ENABLED"] = False
    for method, path in staff_routes(app):
        answer = browser.client.open(path, method=method)
        refused = method == "POST" or not reads
        assert (answer.status_code == 403) is refused, (method, path, answer.status_code)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PANEL])
def test_readers_read_without_a_button(signed_in: SignedIn, application: str, came_in: str, role: Role) -> None:
    browser = signed_in(role)
    for page in ("/desk", application, came_in):
        html = text_of(browser.get(page))
        assert "you can read, and change nothing" in html
        assert html.count('method="post"') == 1, page  # signing out
    assert text_of(browser.get(application)).count("Ramsey Boxing Club") > 1


# ------------------------------------------------------------------------------------------------------ the front


def test_what_waits_leads_to_where_it_is_seen_to(signed_in: SignedIn, application: str) -> None:
    browser = signed_in()
    page = text_of(browser.get("/desk"))
    assert f'href="{application}"' in page
    assert "Ramsey Boxing Club: Friday night gym" in page
    assert "£2,000" in page
    assert "today" in page
    assert "Nothing of this kind waits" in text_of(browser.get("/desk?kind=issue"))
    assert f'href="{application}"' in text_of(browser.get("/desk?kind=application&page=99999"))
    for query in ("kind=x", "page=-1", "page=%00", "page=٣", "kind[]=issue"):
        assert browser.get(f"/desk?{query}").status_code == 200


# -------------------------------------------------------------------------------------------------- an application


def test_an_application_is_read_and_asked_about(signed_in: SignedIn, office: Office, application: str) -> None:
    browser = signed_in()
    page = text_of(browser.get(application.lower().replace("/desk/applications/", "/desk/applications/")))
    for said in ("Forty told us so.", "What the rules say", "kim@boxing.example", "decided on in Slack", "Gloves"):
        assert said in page
    for no in ("Recommend</", "Approve</", "Decline</"):
        assert no not in page
    answer = post(browser, application, "ask", {"words": "Which <hall>?"})
    assert answer.headers["Location"] == application
    assert "Which &lt;hall&gt;?" in browser.get(application).get_data(as_text=True)
    assert only(office, Application).status == "queried"
    number = str(only(office, Asked).id)
    assert post(browser, application, "take-back", {"id": number}).status_code == 303
    assert only(office, Application).status == "submitted"
    page = text_of(browser.get(application))
    assert "Taken back" in page
    assert "Gwen Grants (officer)" in page


@pytest.mark.parametrize(("words", "said"), [(" \r\n", "Write your question"), ("x" * 3_001, "Keep it to 3,000")])
def test_a_question_that_cannot_be_put_is_shown_again(
    signed_in: SignedIn, office: Office, application: str, words: str, said: str
) -> None:
    answer = post(signed_in(), application, "ask", {"words": words})
    assert answer.status_code == 422
    page = text_of(answer)
    assert page.count(said) == 2
    assert 'href="#ask-words"' in page
    assert words.strip() in page
    assert only(office, Application).status == "submitted"


def test_who_asks_second_is_told_and_keeps_the_words(signed_in: SignedIn, office: Office, application: str) -> None:
    first, second = signed_in(), signed_in(name="Otto Other")
    html = second.get(application).get_data(as_text=True)
    post(first, application, "ask", {"words": "Which hall?"})
    answer = second.client.post(f"{application}/ask", data={"csrf_token": token(html), "words": "Which <gym>?"})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "What you wrote was not kept" in page
    assert "Which &lt;gym&gt;?" in page
    assert only(office, Asked).question == "Which hall?"


def test_whoever_declared_an_interest_asks_nothing(signed_in: SignedIn, office: Office, application: str) -> None:
    browser = signed_in()
    with office.sessions.begin() as session:
        person = session.scalars(select(Person).where(Person.name == "Gwen Grants")).one()
        bid = session.scalars(select(Application)).one()
        deciding.declare_interest(session, bid.id, person, reason="My club.", now=office.clock())
    page = text_of(browser.get(application))
    assert "Your question" not in page
    assert "You have declared an interest in this, so you do not decide anything about it. Olive Officer" in page
    answer = post(browser, application, "ask", {"words": "Which hall?"})
    assert answer.status_code == 422
    assert "Which hall?" in text_of(answer)
    assert only(office, Application).status == "submitted"


def test_a_lost_session_signs_in_again_and_loses_nothing(
    app: Flask, signed_in: SignedIn, office: Office, application: str
) -> None:
    browser = signed_in()
    words = 'Which <hall>? "Ours"'
    html = browser.get(application).get_data(as_text=True)
    browser.client.delete_cookie("award_desk")
    answer = browser.client.post(f"{application}/ask", data={"csrf_token": token(html), "words": words})
    assert answer.status_code == 401
    kept = answer.get_data(as_text=True)
    assert "Sign in again" in kept
    assert "csrf_token" not in kept  # so that another site cannot have it pressed
    [carried] = re.findall(r'<input type="hidden" name="words" value="([^"]*)"', kept)
    assert unescape(carried) == words
    with office.reading() as session:
        number = str(next(one.id for one in people.everybody(session) if one.name == "Gwen Grants"))
    browser.send("/desk/sign-in", {"person": number})
    again = browser.client.post(f"{application}/ask", data={"words": unescape(carried)})
    assert again.status_code == 400
    page = again.get_data(as_text=True)
    assert "Nothing that you typed is lost" in page
    assert "Which &lt;hall&gt;? &#34;Ours&#34;" in page
    assert only(office, Application).status == "submitted"
    answer = browser.client.post(f"{application}/ask", data={"csrf_token": token(page), "words": words})
    assert answer.status_code == 303
    assert only(office, Asked).question == words


def test_another_sites_form_does_nothing(app: Flask, signed_in: SignedIn, office: Office, application: str) -> None:
    browser = signed_in()
    for data in ({"words": "x"}, {"words": "x", "csrf_token": "forged"}):
        assert browser.client.post(f"{application}/ask", data=data).status_code == 400
    assert only(office, Application).status == "submitted"


@pytest.mark.parametrize(
    "path", ["/desk/applications/YF-2026-346789", "/desk/applications/%3Cb%3E", "/desk/returns/x/y"]
)
def test_what_is_not_there_is_not_found(signed_in: SignedIn, path: str) -> None:
    answer = signed_in().get(path)
    assert answer.status_code == 404
    assert "<b>" not in answer.get_data(as_text=True)


def test_another_things_question_is_not_taken_back(
    signed_in: SignedIn, office: Office, application: str, came_in: str
) -> None:
    browser = signed_in()
    post(browser, came_in, "ask", {"words": "How?"})
    asked = str(only(office, Asked).id)
    for number in (asked, "999", "x", ""):
        assert post(browser, application, "take-back", {"id": number}).status_code == 404
    assert only(office, Asked).ended_at is None
    assert post(browser, application, "approve").status_code == 404


# --------------------------------------------------------------------------------------------------------- a return


def test_a_return_is_read_beside_its_targets_and_accepted_once(
    signed_in: SignedIn, office: Office, came_in: str
) -> None:
    first, second = signed_in(), signed_in(name="Otto Other")
    page = text_of(first.get(came_in))
    assert page.index("Fewer calls.") < page.index("Accept this return"), "it is read first"
    for said in ("A fifth fewer", "A tenth fewer", "£900 of £2,000", "They like it.", "Fewer calls.", "To be read"):
        assert said in page
    html = second.get(came_in).get_data(as_text=True)
    assert post(first, came_in, "accept").headers["Location"] == came_in
    assert only(office, MonitoringReturn).status == "accepted"
    answer = second.client.post(f"{came_in}/accept", data={"csrf_token": token(html)})
    assert answer.status_code == 409
    assert "Accepted" in text_of(answer)
    assert kinds(office).count("return_accepted") == 1
    assert "Accept this return" not in text_of(first.get(came_in))


def test_a_return_is_asked_about(signed_in: SignedIn, office: Office, came_in: str) -> None:
    browser = signed_in()
    assert post(browser, came_in, "ask", {"words": "How do you know?"}).status_code == 303
    assert only(office, MonitoringReturn).status == "queried"
    page = text_of(browser.get(came_in))
    assert "How do you know?" in page
    assert "Accept this return" not in page
    answer = post(browser, came_in, "ask", {"words": "Once more?"})
    assert answer.status_code == 409
    assert "Once more?" in text_of(answer)
    assert post(browser, came_in, "take-back", {"id": str(only(office, Asked).id)}).status_code == 303
    assert only(office, MonitoringReturn).status == "received"


def answers(office: Office, people: int = 31, spent: int = 900_00) -> None:
    """The recipient answers the open question, and corrects figures with it."""
    with office.sessions.begin() as session:
        answer_question(session, office, people, spent)


def answer_question(session: Session, office: Office, people: int, spent: int) -> None:
    found, question = session.scalars(select(MonitoringReturn)).one(), session.scalars(select(Asked)).one()
    corrected = Figures(people, spent, tuple(one["achieved"] for one in found.measures))
    returns.correct(session, found.id, corrected, source="recipient", now=office.clock())
    asking.answer(session, question.id, "We <counted> again.", source="recipient", now=office.clock())


def form_of(page: str, action: str) -> dict[str, str]:
    """The hidden fields of one of the page's forms, as a browser sends them."""
    form = page.split(f'/{action}"', maxsplit=1)[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


@pytest.mark.parametrize(("action", "words"), [("accept", {}), ("ask", {"words": "Why <only> 31?"})])
def test_what_was_corrected_since_the_page_was_opened_is_shown_first(
    signed_in: SignedIn, office: Office, came_in: str, action: str, words: dict[str, str]
) -> None:
    stale, other = signed_in(), signed_in(name="Otto Other")
    fields = form_of(text_of(stale.get(came_in)), action)
    assert post(other, came_in, "ask", {"words": "Is it 31?"}).status_code == 303
    answers(office, people=13, spent=850_00)
    before = kinds(office)
    answer = stale.client.post(f"{came_in}/{action}", data={**fields, **words})
    page = text_of(answer)
    assert answer.status_code == 409
    said = "These figures were changed on 23 November 2026 at midday, after you opened this page."
    assert f"{said} Nothing was done: look again, at the return as it is now." in page
    for new in ("£850 of £2,000", "Spent: £850, not £900", "People: 13, not 31", "We <counted> again."):
        assert new in page
    assert words.get("words", "") in page
    assert (kinds(office), only(office, MonitoringReturn).status) == (before, "received")
    fields = form_of(page, action)  # who has looked again may
    assert stale.client.post(f"{came_in}/{action}", data={**fields, **words}).status_code == 303
    assert only(office, MonitoringReturn).status == {"accept": "accepted", "ask": "queried"}[action]


def test_an_answer_alone_is_read_before_it_is_accepted(signed_in: SignedIn, office: Office, came_in: str) -> None:
    stale, other = signed_in(), signed_in(name="Otto Other")
    fields = form_of(text_of(stale.get(came_in)), "accept")
    post(other, came_in, "ask", {"words": "Is it 31?"})
    answers(office)
    answer = stale.client.post(f"{came_in}/accept", data=fields)
    assert answer.status_code == 409
    assert "A question about this return was answered on 23 November 2026 at midday" in text_of(answer)
    assert "We <counted> again." in text_of(answer)
    assert only(office, MonitoringReturn).status == "received"


def test_what_nobody_changed_is_accepted_also_after_a_question_that_was_taken_back(
    signed_in: SignedIn, office: Office, came_in: str
) -> None:
    browser = signed_in()
    fields = form_of(text_of(browser.get(came_in)), "accept")
    post(browser, came_in, "ask", {"words": "Is it 31?"})
    post(browser, came_in, "take-back", {"id": str(only(office, Asked).id)})
    assert browser.client.post(f"{came_in}/accept", data=fields).status_code == 303


def test_figures_corrected_at_the_moment_of_accepting_are_looked_at_first(
    signed_in: SignedIn, office: Office, came_in: str
) -> None:
    """The question and its answer commit while somebody else accepts what they saw: that waits, and is told."""
    stale = signed_in()
    fields = form_of(text_of(stale.get(came_in)), "accept")
    with ThreadPoolExecutor(1) as threads:
        with office.sessions.begin() as session:
            officer = session.scalars(select(Person).where(Person.name == "Olive Officer")).one()
            found = session.scalars(select(MonitoringReturn)).one()
            asking.ask(session, found, officer, "Is it 31?", office=office, now=office.clock())
            answer_question(session, office, 13, 900_00)
            late = threads.submit(stale.client.post, f"{came_in}/accept", data=fields)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.5)
        answer = late.result()
    assert answer.status_code == 409
    assert "People: 13, not 31" in text_of(answer)
    assert only(office, MonitoringReturn).status == "received"


def test_a_return_that_is_not_in_yet_cannot_be_accepted(
    signed_in: SignedIn, office: Office, return_paths: list[str]
) -> None:
    browser = signed_in()
    with office.reading() as session:
        award = session.scalars(select(Award)).one()
        page = f"/desk/returns/{award.reference}/{date(2027, 7, 11).isoformat()}"
    assert "It has not come in yet" in text_of(browser.get(page))
    assert post(browser, page, "accept").status_code == 404


# ------------------------------------------------------------------------------------------------------- documents


@pytest.mark.parametrize("number", [2**63 - 1, 2**63])
def test_a_number_that_no_row_has_is_not_found(signed_in: SignedIn, application: str, number: int) -> None:
    browser = signed_in()
    page = browser.get(application).get_data(as_text=True)
    for path in (f"/desk/documents/{number}", f"{application}/take-back"):
        answer = browser.client.post(path, data={"csrf_token": token(page), "id": str(number)})
        assert answer.status_code == 404, path


def test_opening_a_document_is_on_the_record_and_its_address_is_for_a_moment(
    signed_in: SignedIn, office: Office, clock: Any, application: str
) -> None:
    with office.sessions.begin() as session:
        bid = session.scalars(select(Application)).one()
        session.add(
            Document(
                application_id=bid.id, kind="quote", name="a.pdf", media_type="application/pdf", size=1,
                sha256="0" * 64, store_key="k", scan="waiting", in_draft=False, uploaded_at=clock.now,
                uploaded_by="applicant",
            )
        )  # fmt: skip
    browser = signed_in()
    page = browser.get(application).get_data(as_text=True)
    assert "Being checked" in page
    number = only(office, Document).id
    assert f"/desk/documents/{number}" not in page
    answer = browser.client.post(f"/desk/documents/{number}", data={"csrf_token": token(page)})
    assert answer.status_code == 422  # in quarantine
    assert "document_opened" not in kinds(office)
    with office.sessions.begin() as session:
        session.get_one(Document, number).scan = "clean"
    answer = browser.client.post(f"/desk/documents/{number}", data={"csrf_token": token(page)})
    assert answer.status_code == 303
    assert kinds(office).count("document_opened") == 1
    other = signed_in(name="Otto Other")
    assert other.get(answer.headers["Location"]).status_code == 410
    assert browser.get("/desk/documents/forged.pdf").status_code == 410
    assert "A document was opened by the office: quote" in text_of(browser.get(application))


def test_a_link_from_slack_leads_who_pressed_to_the_document_and_says_who_opened_it(
    signed_in: SignedIn, office: Office, clock: Any, application: str
) -> None:
    with office.sessions.begin() as session:
        bid = session.scalars(select(Application)).one()
        document = Document(
            application_id=bid.id, kind="quote", name="a.pdf", media_type="application/pdf", size=1,
            sha256="0" * 64, store_key="k", scan="clean", in_draft=False, uploaded_at=clock.now,
            uploaded_by="applicant",
        )  # fmt: skip
        session.add(document)
    browser = signed_in()
    with office.sessions.begin() as session:
        person = session.scalars(select(Person).where(Person.name == "Gwen Grants")).one()
        address = document_links.address_for(document, person, office=office, now=clock.now)
    path = address.removeprefix(office.public_url.rstrip("/"))
    page = browser.get(path).get_data(as_text=True)
    assert "Nobody of the office has opened it yet." in page
    assert "document_opened" not in kinds(office), "coming here opens nothing"
    assert browser.send(path, to=f"/desk/documents/{document.id}").status_code == 303
    assert kinds(office).count("document_opened") == 1
    assert "Gwen Grants (officer), 23 November 2026" in text_of(browser.get(path))
    assert signed_in(name="Otto Other").get(path).status_code == 422
    anonymous = browser.client.application.test_client().get(path)
    assert anonymous.status_code == 303
    assert "/desk/sign-in" in anonymous.headers["Location"]
    clock.forward(minutes=11)
    assert browser.get(path).status_code == 410


def a_picture(application_id: int, deadline_id: int | None, now: datetime) -> Document:
    return Document(
        application_id=application_id, deadline_id=deadline_id, kind="picture", name="us.jpg",
        media_type="image/jpeg", size=1, sha256="0" * 64, store_key="k", scan="clean", in_draft=False,
        uploaded_at=now, uploaded_by="recipient", shows="<b>Ada</b>", may_publish=False,
    )  # fmt: skip


def test_a_document_that_came_since_is_looked_at_before_a_return_is_accepted(
    signed_in: SignedIn, office: Office, clock: Any, came_in: str
) -> None:
    stale = signed_in()
    fields = form_of(text_of(stale.get(came_in)), "accept")
    with office.sessions.begin() as session:
        award = session.scalars(select(Award)).one()
        deadline = returns.due_on(award, date.fromisoformat(came_in.rsplit("/", 1)[1]))
        session.add(a_picture(award.application_id, deadline.id, clock.now))
    answer = stale.client.post(f"{came_in}/accept", data=fields)
    assert answer.status_code == 409
    page = text_of(answer)
    assert "The documents of this return changed, after you opened this page. Nothing was done" in page
    assert "us.jpg" in page
    assert only(office, MonitoringReturn).status == "received"
    assert stale.client.post(f"{came_in}/accept", data=form_of(page, "accept")).status_code == 303


def recommended_meanwhile(session: Session, application: Application, other: Person, office: Office) -> None:
    deciding.recommend(
        session, application.id, other, outcome="less", amount=1_000_00, reasons="x", conditions="",
        office=office, now=office.clock(),
    )  # fmt: skip


def asked_meanwhile(session: Session, application: Application, other: Person, office: Office) -> None:
    asked = asking.ask(session, application, other, "Which hall?", office=office, now=office.clock())
    asking.answer(session, asked.id, "The <red> one.", source="applicant", now=office.clock())


def corrected_meanwhile(session: Session, application: Application, _other: Person, _office: Office) -> None:
    application.title = "Gloves <off>"


def uploaded_meanwhile(session: Session, application: Application, _other: Person, office: Office) -> None:
    session.add(a_picture(application.id, None, office.clock()))


@pytest.mark.parametrize(
    ("meanwhile", "said", "new"),
    [
        (recommended_meanwhile, "already recommended on this application", "Less: £1,000, by Otto Other"),
        (asked_meanwhile, "A question about this application was asked, answered", "The <red> one."),
        (corrected_meanwhile, "This application was corrected after you opened", "Gloves <off>"),
        (uploaded_meanwhile, "The documents of this application changed after", "us.jpg"),
    ],
    ids=["recommended", "asked", "corrected", "uploaded"],
)
def test_what_came_since_the_application_was_opened_is_shown_first(
    signed_in: SignedIn, office: Office, application: str, meanwhile: Any, said: str, new: str
) -> None:
    stale, _ = signed_in(), signed_in(name="Otto Other")
    fields = form_of(text_of(stale.get(application)), "ask")
    with office.sessions.begin() as session:
        other = next(one for one in people.everybody(session) if one.name == "Otto Other")
        meanwhile(session, session.scalars(select(Application)).one(), other, office)
    before = kinds(office)
    answer = stale.client.post(f"{application}/ask", data={**fields, "words": "Why <boxing>?"})
    page = text_of(answer)
    assert answer.status_code == 409
    for words in (said, "Nothing was done: look again, at the application as it is now.", new, "Why <boxing>?"):
        assert words in page
    assert kinds(office) == before
    again = stale.client.post(f"{application}/ask", data={**form_of(page, "ask"), "words": "Why <boxing>?"})
    assert again.status_code == 303, "who has looked again may"


def test_what_was_said_of_a_picture_stands_with_it(
    signed_in: SignedIn, office: Office, clock: Any, came_in: str
) -> None:
    with office.sessions.begin() as session:
        deadline = session.scalars(
            select(Deadline).where(Deadline.kind == "return", Deadline.met_at.is_not(None))
        ).one()
        award = session.scalars(select(Award)).one()
        session.add(a_picture(award.application_id, deadline.id, clock.now))
    page = signed_in().get(came_in).get_data(as_text=True)
    assert "In it: &lt;b&gt;Ada&lt;/b&gt;. It must not be published." in page


@pytest.mark.parametrize(("said", "kept"), [({"may_correct": "yes"}, True), ({}, None), ({"may_correct": "no"}, None)])
def test_a_question_may_let_the_applicant_correct(
    signed_in: SignedIn, office: Office, application: str, said: dict[str, str], kept: bool | None
) -> None:
    browser = signed_in()
    empty = text_of(post(browser, application, "ask", {"words": " ", **said}))
    assert empty.count(" checked") == (1 if kept else 0)
    assert post(browser, application, "ask", {"words": "How many?", **said}).status_code == 303
    assert only(office, Asked).may_correct is kept
    assert ("They may correct the application." in text_of(browser.get(application))) is bool(kept)
