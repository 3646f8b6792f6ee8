"""A second person to write to: in the form, in the API, on the recipient's page; and whom we write to, for staff."""

from __future__ import annotations

import copy
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import applications, contacts, mail_refusals
from core.office import Office
from core.records import Application, OutboxMessage
from core.rules.policy import Role
from tests.intake.conftest import ACCEPT, ANSWERS, BODY, Browser, hidden
from tests.intake.mailed import letters, paths

SignedIn = Callable[..., Browser]
SAM = {"second_name": "Sam Second", "second_email": "sam@boxing.example"}
KEY = {"Authorization": "Bearer key-of-a-portal"}


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def stands(office: Office) -> tuple[str, str, str, str]:
    with office.reading() as session:
        found = contacts.of(session.scalars(select(Application)).one())
    return found.contact_name, found.contact_email, found.second_name, found.second_email


KIM = ("Kim Archer", "kim@boxing.example")


# ------------------------------------------------------------------------------------------------------ the form


def test_the_form_asks_for_a_second_person_on_the_contacts_page(browser: Browser, started: str) -> None:
    page = text_of(browser.get(f"{started}/contact"))
    assert "A second person’s name (optional)" in page
    answer = browser.send(f"{started}/contact", ANSWERS["contact"])
    assert answer.status_code == 303  # nobody needs one
    browser.send(f"{started}/contact", {**ANSWERS["contact"], **SAM})
    checked = text_of(browser.get(f"{started}/check-answers"))
    assert "Sam Second" in checked
    assert "sam@boxing.example" in checked


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({**SAM, "second_email": "KIM@boxing.example"}, "must not be the first one’s"),
        ({**SAM, "second_email": ""}, "Enter the e-mail address of the second person, or leave their name blank"),
        ({**SAM, "second_name": ""}, "Enter the name of the second person, or leave their e-mail address blank"),
        ({**SAM, "second_email": "sam at home"}, "must be an e-mail address"),
    ],
    ids=["the same address", "no address", "no name", "no such address"],
)
def test_what_is_wrong_with_a_second_person_is_said_and_nothing_is_lost(
    browser: Browser, started: str, typed: dict[str, str], said: str
) -> None:
    answer = browser.send(f"{started}/contact", {**ANSWERS["contact"], **typed})
    page = text_of(answer)
    assert answer.status_code == 422
    assert said in page
    assert all(f'value="{text}"' in page for text in typed.values() if text)


def test_staff_and_applicant_see_them_and_the_public_does_not(
    browser: Browser, started: str, office: Office, signed_in: SignedIn
) -> None:
    for slug, answers in ANSWERS.items():
        browser.send(f"{started}/{slug}", {**answers, **(SAM if slug == "contact" else {})})
    assert browser.send(f"{started}/check-answers").status_code == 303
    assert stands(office) == (*KIM, SAM["second_name"], SAM["second_email"])
    assert "sam@boxing.example" in text_of(browser.get(started))
    with office.reading() as session:
        reference = session.scalars(select(Application.reference)).one()
    assert "sam@boxing.example" in text_of(signed_in().get(f"/desk/applications/{reference}"))


# ------------------------------------------------------------------------------------------------------- the API


def post(app: Any, key: str, **changes: Any) -> Any:
    body = copy.deepcopy(dict(BODY))
    body.update(changes)
    return app.test_client().post("/api/v1/applications", json=body, headers={**KEY, "Idempotency-Key": key})


def test_the_api_takes_a_second_contact_or_none(app: Any, office: Office) -> None:
    second = {"name": "Sam Second", "email": "sam@boxing.example"}
    assert post(app, "one", second_contact=second).status_code == 201
    assert stands(office)[2:] == ("Sam Second", "sam@boxing.example")
    assert post(app, "two").status_code == 201
    assert post(app, "three", second_contact=None).status_code == 201


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("second", "pointer"),
    [
        ({"name": "Sam", "email": "kim@boxing.example"}, "/second_contact/email"),
        ({"name": "Sam"}, "/second_contact/email"),
        ({"email": "sam@boxing.example"}, "/second_contact/name"),
        ({"name": "Sam", "email": "sam"}, "/second_contact/email"),
        ({"name": "", "email": "sam@boxing.example"}, "/second_contact/name"),
        ("Sam", "/second_contact"),
        ({"name": "Sam", "email": "sam@boxing.example", "phone": "1"}, "/second_contact/phone"),
    ],
    ids=["the same", "no address", "no name", "no such address", "blank name", "no object", "more"],
)
def test_the_api_points_to_what_is_wrong_with_it(app: Any, second: Any, pointer: str) -> None:
    answer = post(app, "one", second_contact=second)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json["errors"]]


def test_the_api_says_so_of_itself(app: Any) -> None:
    described = app.test_client().get("/api/v1/openapi.json").json["components"]["schemas"]
    assert "second_contact" in described["ApplicationBody"]["properties"]
    assert "second_contact" not in described["ApplicationBody"]["required"]


# ------------------------------------------------------------------------------------------------ the recipient's page


@pytest.fixture
def offer(browser: Browser, offered: Callable[..., str]) -> str:
    """The address of an offer that was accepted."""
    path = offered()
    assert browser.send(path, ACCEPT).status_code == 303
    return path


def test_a_recipient_names_a_second_contact_once_the_offer_is_accepted(
    browser: Browser, offer: str, office: Office
) -> None:
    assert f"{offer}/second-contact" in text_of(browser.get(offer))
    answer = browser.send(f"{offer}/second-contact", SAM)
    assert (answer.status_code, answer.headers["Location"]) == (303, offer)
    assert stands(office) == (*KIM, SAM["second_name"], SAM["second_email"])
    assert "Sam Second" in text_of(browser.get(offer))
    again = browser.send(f"{offer}/second-contact", SAM)  # pressed twice
    assert again.status_code == 303
    assert len(letters(office, contacts.LINE)) == 2


def test_before_the_offer_is_accepted_there_is_no_such_page(browser: Browser, offered: Callable[..., str]) -> None:
    path = offered()
    answer = browser.get(f"{path}/second-contact")
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert "second-contact" not in text_of(browser.get(path))


def test_a_recipient_cannot_change_the_first_contact(browser: Browser, offer: str, office: Office) -> None:
    browser.send(f"{offer}/second-contact", {**SAM, "contact_email": "eve@evil.example", "contact_name": "Eve"})
    assert stands(office)[:2] == KIM


def test_the_same_address_is_refused_and_nothing_is_lost(browser: Browser, offer: str, office: Office) -> None:
    answer = browser.send(f"{offer}/second-contact", {**SAM, "second_email": "kim@boxing.example"})
    assert answer.status_code == 422
    assert "must not be the first one’s" in text_of(answer)
    assert 'value="Sam Second"' in text_of(answer)
    assert stands(office)[2:] == ("", "")


def test_taking_a_second_contact_away_takes_the_links_back_and_mails_new_ones(
    browser: Browser, offer: str, office: Office
) -> None:
    browser.send(f"{offer}/second-contact", SAM)
    answer = browser.send(f"{offer}/second-contact", {"second_name": "", "second_email": ""})
    assert answer.status_code == 200
    assert "no second contact any more" in text_of(answer)
    assert browser.get(offer).status_code == 410
    first = next(one for one in letters(office, contacts.LINE) if one.to == KIM[1] and "no second contact" in one.text)
    (to_return, to_application) = paths(office, first)
    assert browser.get(to_return).status_code == 200
    assert browser.get(to_application).status_code == 200


def test_what_somebody_else_changed_meanwhile_is_not_lost(browser: Browser, offer: str, office: Office) -> None:
    page = browser.get(f"{offer}/second-contact").get_data(as_text=True)
    browser.send(f"{offer}/second-contact", SAM)
    other = {"second_name": "Di Other", "second_email": "di@boxing.example"}
    answer = browser.client.post(f"{offer}/second-contact", data={**hidden(page), **other})
    assert answer.status_code == 409
    assert 'value="Di Other"' in text_of(answer)
    assert stands(office)[2:] == tuple(SAM.values())


def test_a_form_without_its_token_is_shown_again(browser: Browser, offer: str, office: Office) -> None:
    answer = browser.client.post(f"{offer}/second-contact", data=SAM)
    assert 'value="Sam Second"' in text_of(answer)
    assert stands(office)[2:] == ("", "")


# ------------------------------------------------------------------------------------------------------------ staff


BEA = {"contact_name": "Bea Newman", "contact_email": "bea@boxing.example"}


@pytest.fixture
def path(accepted: str) -> str:
    """Where staff change who we write to about an award."""
    return f"/desk/contacts/{accepted}"


def test_the_office_changes_who_we_write_to(signed_in: SignedIn, accepted: str, path: str, office: Office) -> None:
    officer = signed_in()
    assert path in text_of(officer.get(f"/desk/awards/{accepted}"))
    assert path in text_of(officer.get(f"/desk/applications/{accepted}"))
    answer = officer.send(path, {**BEA, **SAM, "words": "Kim left."})
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert stands(office) == (*BEA.values(), *SAM.values())
    page = text_of(officer.get(path))
    assert "Kim left." in page
    assert "kim@boxing.example" in page  # whom we wrote to before
    story = text_of(officer.get(f"/desk/awards/{accepted}"))
    assert "Changed whom we write to" in story


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ({**BEA, "second_name": "", "second_email": "", "words": " "}, "contacts-words"),
        ({**BEA, "contact_email": "bea", "words": "Why"}, "contacts-contact_email"),
        ({**BEA, "second_name": "B", "second_email": "bea@boxing.example", "words": "Why"}, "contacts-second_email"),
    ],
    ids=["no reason", "no address", "the same address"],
)
def test_what_is_wrong_is_said_at_its_box(
    signed_in: SignedIn, path: str, office: Office, typed: dict[str, str], at: str
) -> None:
    answer = signed_in().send(path, typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert f'href="#{at}"' in page
    assert f'id="{at}"' in page
    assert 'value="Bea Newman"' in page
    assert stands(office)[:2] == KIM


def test_an_auditor_reads_and_changes_nothing(signed_in: SignedIn, path: str, office: Office) -> None:
    auditor = signed_in(Role.AUDITOR)
    page = text_of(auditor.get(path))
    assert "kim@boxing.example" in page
    assert '<form method="post" action="/desk/contacts' not in page
    token = hidden(auditor.get(path).get_data(as_text=True))
    assert auditor.client.post(path, data={**token, **BEA, "words": "Why"}).status_code == 403
    assert stands(office)[:2] == KIM


def test_an_address_that_refuses_is_shown_where_it_is_changed(
    signed_in: SignedIn, accepted: str, path: str, office: Office, clock: Any
) -> None:
    with office.sessions.begin() as session:
        application = applications.by_reference(session, accepted)
        mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "offer")).one()
        mail_refusals.note(session, mail, by="the mail server", code="550", now=clock.now)
        assert application.reference == accepted
    officer = signed_in()
    for page in (path, f"/desk/awards/{accepted}", f"/desk/applications/{accepted}"):
        assert "refuse" in text_of(officer.get(page)), page
    assert "the offer" in text_of(officer.get(path))
    front = text_of(officer.get("/desk?kind=mail"))
    assert path in front
    officer.send(path, {**BEA, "words": "She rang."})
    assert "refuses our mail" not in text_of(officer.get(path))
    assert path not in text_of(officer.get("/desk?kind=mail"))
