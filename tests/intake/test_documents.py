"""The pages of documents: what a person sends, sees, takes back and fetches by a link, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core import audit, documents
from core.clamd import Clamd
from core.document_store import DocumentStore
from core.office import Office
from core.records import Application, Document, Event
from intake.app import create_app
from tests.away_store import AwayFiles
from tests.clamd import Scanner, scanner
from tests.intake.conftest import ACCEPT, KEYS, Browser, hidden
from tests.uploads import EICAR, HOSTILE, docx, hostile, located_picture, pdf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def office(office: Office, folder: Path) -> Office:
    """An office that keeps documents, and whose Youth Fund asks for them at once."""
    funds = tuple(replace(one, documents_at_once=one.id == "youth-fund") for one in office.policy.funds)
    policy = replace(office.policy, funds=funds)
    return replace(office, documents=DocumentStore(folder.as_uri()), policy=policy)


@pytest.fixture
def elsewhere(office: Office, away: type[AwayFiles]) -> Browser:
    """A browser at an office that keeps its documents in a store of somebody else's."""
    kept_there = replace(office, documents=DocumentStore("away://bucket/documents"))
    return Browser(create_app(kept_there, secret_key="a secret of the tests", api_keys=KEYS).test_client())


@pytest.fixture
def winner(browser: Browser, offered: Callable[..., str]) -> str:
    """The address of an accepted offer."""
    path = offered()
    assert browser.send(path, ACCEPT).status_code == 303
    return path


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def send(
    browser: Browser,
    place: str,
    data: bytes | None = None,
    *,
    kind: str = "quote",
    name: str = "quote.pdf",
    **said: str,
) -> Any:
    """Send a file by the form of a place's page."""
    page = browser.get(f"{place}/documents").get_data(as_text=True)
    return browser.client.post(f"{place}/documents", **form({**hidden(page), "kind": kind, **said}, data, name))


def form(fields: Mapping[str, str], data: bytes | None, name: str) -> dict[str, Any]:
    """A form with a file as a browser sends it; written here, since the test client leaves large ones open."""
    part = '--limit\r\nContent-Disposition: form-data; name="'
    body = "".join(f'{part}{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()).encode()
    if data is not None:
        said = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        body += f'{part}file"; filename="{said}"\r\n\r\n'.encode()
        body += data + b"\r\n"
    return {"data": body + b"--limit--\r\n", "content_type": "multipart/form-data; boundary=limit"}


def text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def draft_of(office: Office) -> dict[str, str]:
    with office.reading() as session:
        return dict(session.scalars(select(Application)).one().answers)


def test_a_draft_sends_what_its_fund_asks_for_at_once(office: Office, browser: Browser, filled: str) -> None:
    assert "3 documents still to send. Send or see" in text(browser.get(filled))
    page = text(browser.get(f"{filled}/documents"))
    assert "Your largest purchase from one supplier is £500, so we ask for 1 written quote." in page
    assert "Not sent yet. Send it with your application." in page
    answer = send(browser, filled, pdf())
    assert answer.status_code == 303
    page = text(browser.get(answer.headers["Location"]))
    assert "We have received quote.pdf." in page
    assert "We have it." in page
    assert "2 documents still to send." in text(browser.get(filled))


def test_applicants_of_other_funds_are_asked_for_nothing(office: Office, browser: Browser) -> None:
    draft = browser.send("/apply/community-fund").headers["Location"].rsplit("/", 1)[0]
    assert "Documents" not in text(browser.get(draft))
    page = browser.get(f"{draft}/documents")
    assert "only once an award is agreed" in text(page)
    assert 'type="file"' not in page.get_data(as_text=True)


def test_a_winner_is_told_what_waits(browser: Browser, winner: str, submitted: str) -> None:
    for place in (winner, submitted):
        assert "We cannot pay you until we have what we asked for." in text(browser.get(place))
        page = text(browser.get(f"{place}/documents"))
        assert "Not sent yet. We cannot pay you until we have it." in page
        assert "Children or adults at risk take part." in page
    assert send(browser, winner, docx(), kind="safeguarding_policy", name="policy.docx").status_code == 303
    assert send(browser, submitted, located_picture(), kind="constitution", name="rules.jpg").status_code == 303
    assert send(browser, winner, pdf()).status_code == 303
    assert "We have every document that we asked for." in text(browser.get(submitted))


def test_a_return_has_a_page_of_its_own(browser: Browser, return_paths: list[str]) -> None:
    first, second = return_paths[:2]
    assert send(browser, first, located_picture(), kind="receipt", name="till.jpg").status_code == 303
    assert "till.jpg" in text(browser.get(f"{first}/documents"))
    assert "till.jpg" not in text(browser.get(f"{second}/documents"))


CONSENT = {"shows": "Two coaches", "agreed": "yes", "publish": "no"}


def pictures(office: Office) -> list[tuple[str | None, bool | None, bool]]:
    """Of each picture who is in it, what they agreed to, and whether it may be published."""
    with office.reading() as session:
        found = session.scalars(select(Document).where(Document.kind == "picture").order_by(Document.id))
        return [(one.shows, one.may_publish, documents.may_be_published(one)) for one in found]


def test_a_picture_comes_with_who_is_in_it_and_what_they_agreed_to(
    office: Office, browser: Browser, return_paths: list[str]
) -> None:
    place = return_paths[0]
    assert send(browser, place, located_picture(), kind="picture", name="a.jpg", **CONSENT).status_code == 303
    assert "In it: Two coaches. It must not be published." in text(browser.get(f"{place}/documents"))
    assert pictures(office) == [("Two coaches", False, False)]
    hostile_words = {**CONSENT, "shows": " <b>Ada</b>\r\n & six. ", "publish": "yes"}
    assert send(browser, place, located_picture(), kind="picture", name="a.jpg", **hostile_words).status_code == 303
    page = browser.get(f"{place}/documents")
    assert "In it: &lt;b&gt;Ada&lt;/b&gt; &amp; six. It may be published." in page.get_data(as_text=True)
    assert pictures(office) == [("<b>Ada</b> & six.", True, True)], "the same picture once more: what is said last"
    with office.reading() as session:
        told = select(Event.kind, Event.data).where(Event.kind.in_(("document_added", "picture_consent")))
        lines = [(kind, data.get("publish")) for kind, data in session.execute(told.order_by(Event.sequence))]
        assert lines == [("document_added", "no"), ("picture_consent", "yes")]
        assert audit.verify(session).sound


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("left", "field", "says"),
    [
        ({"shows": "  "}, "shows", "Say who is in the picture, or that nobody is"),
        ({"shows": "a" * 301}, "shows", "must be 300 characters or fewer. It has 301"),
        ({"agreed": ""}, "agreed", "Send a picture only where everybody in it agreed"),
        ({"agreed": "no"}, "agreed", "Send a picture only where everybody in it agreed"),
        ({"publish": ""}, "publish", "Say whether we may publish it"),
        ({"publish": "maybe"}, "publish", "Say whether we may publish it"),
    ],
)
def test_without_consent_a_picture_is_not_taken_and_what_was_said_stays(
    browser: Browser, return_paths: list[str], folder: Path, left: dict[str, str], field: str, says: str
) -> None:
    place, said = return_paths[0], {**CONSENT, **left}
    answer = send(browser, place, located_picture(), kind="picture", name="a.jpg", **said)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, says in text(answer)) == (422, True)
    assert f'<a href="#{field}">' in page
    assert f'id="{field}-error"' in page
    assert "Choose the picture again." in page
    assert f'value="{said["shows"].strip()}"' in page.replace('value="  "', 'value=""')
    assert page.count(" checked") == (said["agreed"] == "yes") + (said["publish"] in ("yes", "no"))
    assert kept(folder) == []


def test_what_a_refused_file_is_is_said_plainly(browser: Browser, filled: str) -> None:
    page = text(send(browser, filled, b"<!DOCTYPE html><html><head></head><body>x</body></html>"))
    assert "We cannot take this file: inside, it is a .html file. Send a PDF, a photo" in page


def test_while_the_store_is_away_nothing_typed_is_lost_and_nobody_sees_its_error(
    elsewhere: Browser, away: type[AwayFiles], return_paths: list[str]
) -> None:
    place = return_paths[0]
    answer = send(elsewhere, place, located_picture(), kind="picture", name="a.jpg", **CONSENT)
    assert answer.status_code == 303
    away.fails = True
    answer = send(elsewhere, place, pdf(), kind="picture", name="b.pdf", **{**CONSENT, "shows": "Three coaches"})
    assert (answer.status_code, "could not keep this file just now" in text(answer)) == (503, True)
    page = answer.get_data(as_text=True)
    assert 'value="Three coaches"' in page or ">Three coaches<" in page
    assert "a.jpg" in page
    assert "bucket" not in page
    (address,) = re.findall(rf'href="({place}/documents/[0-9]+[.]jpg)"', page)
    answer = elsewhere.get(address)
    assert (answer.status_code, "Try again in a few minutes" in text(answer)) == (422, True)
    number = address.rpartition("/")[2].partition(".")[0]
    answer = elsewhere.send(f"{place}/documents", to=f"{place}/documents/{number}/remove")
    assert answer.status_code == 303  # its bytes are found later
    assert "a.jpg" not in elsewhere.get(f"{place}/documents").get_data(as_text=True)
    away.fails = False
    answer = send(elsewhere, place, located_picture(), kind="picture", name="c.jpg", **CONSENT)
    assert answer.status_code == 303


def test_what_was_said_of_a_picture_stays_where_the_file_is_missing_or_refused(
    browser: Browser, return_paths: list[str]
) -> None:
    for data, says in ((None, "Choose a file first."), (b"nonsense", "")):
        answer = send(browser, return_paths[0], data, kind="picture", name="a.jpg", **CONSENT)
        page = answer.get_data(as_text=True)
        assert (answer.status_code, says in page, 'value="Two coaches"' in page) == (422, True, True)
        assert page.count(" checked") == 2
    forged = form({"csrf_token": "no", "kind": "picture", **CONSENT}, located_picture(), "a.jpg")
    answer = browser.client.post(f"{return_paths[0]}/documents", **forged)
    assert 'value="Two coaches"' in answer.get_data(as_text=True)


@pytest.mark.one_database
def test_every_hostile_file_is_refused_with_its_reason_and_the_draft_is_intact(
    office: Office, browser: Browser, filled: str, folder: Path
) -> None:
    before = draft_of(office)
    for name in HOSTILE:
        called, data, says = hostile(name)
        answer = send(browser, filled, data, name=called)
        assert answer.status_code == 422, name
        assert says in text(answer), name
        page = answer.get_data(as_text=True)
        assert '<a href="#file-quote">' in page
        assert 'id="file-quote-error"' in page
    assert kept(folder) == []
    assert draft_of(office) == before


def test_what_was_sent_before_a_fault_stays(browser: Browser, winner: str) -> None:
    send(browser, winner, pdf(), name="first.pdf")
    answer = send(browser, winner, b"nonsense")
    assert answer.status_code == 422
    assert "first.pdf" in text(answer)


def test_the_same_file_sent_twice_is_there_once(browser: Browser, winner: str, folder: Path) -> None:
    for _ in range(2):
        assert send(browser, winner, pdf()).status_code == 303
    assert len(kept(folder)) == 1
    assert browser.get(f"{winner}/documents/2.pdf").status_code == 404


@pytest.mark.parametrize("size", [11_000_001, 100_000_000])
@pytest.mark.one_database
def test_a_body_that_is_too_large_is_told_in_plain_words(
    office: Office, browser: Browser, filled: str, folder: Path, size: int
) -> None:
    send(browser, filled, pdf(), name="first.pdf")
    before = draft_of(office)
    answer = send(browser, filled, b"%PDF-1.7\n" + bytes(size))
    assert answer.status_code == 413
    assert "larger than 10 MB, so we did not take it" in text(answer)
    assert "first.pdf" in text(answer)
    assert len(kept(folder)) == 1
    assert draft_of(office) == before


@pytest.mark.one_database
def test_other_pages_take_no_more_than_before(browser: Browser, filled: str) -> None:
    page = browser.get(f"{filled}/need").get_data(as_text=True)
    answer = browser.client.post(f"{filled}/need", data={**hidden(page), "need": "x" * 1_100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("file", [None, b""])
def test_no_file_at_all(browser: Browser, winner: str, file: bytes | None) -> None:
    answer = send(browser, winner, file, name="")
    assert answer.status_code == 422
    assert "Choose a file first." in text(answer)


@pytest.mark.one_database
@pytest.mark.parametrize("kind", ["", "receipt", "nonsense", "../quote"])
def test_a_kind_that_is_not_asked_for(browser: Browser, winner: str, folder: Path, kind: str) -> None:
    assert send(browser, winner, pdf(), kind=kind).status_code == 404
    assert kept(folder) == []


def test_a_form_that_lost_its_session_is_shown_again(browser: Browser, winner: str, folder: Path) -> None:
    answer = browser.client.post(
        f"{winner}/documents", **form({"kind": "quote", "csrf_token": "old"}, pdf(), "quote.pdf")
    )
    assert answer.status_code == 400
    assert "choose the file again" in text(answer)
    assert kept(folder) == []


def test_a_document_comes_back_as_a_file_and_never_as_a_page(browser: Browser, winner: str) -> None:
    send(browser, winner, pdf(), name='Ada\'s "best"; quote\r\n.pdf')
    page = browser.get(f"{winner}/documents").get_data(as_text=True)
    (address,) = re.findall(r'href="([^"]+\.pdf)" download', page)
    answer = browser.get(address)
    assert answer.data == pdf()
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"
    assert browser.get(address.replace(".pdf", ".docx")).status_code == 404


def test_nobody_fetches_another_s_document(browser: Browser, return_paths: list[str], submitted: str) -> None:
    send(browser, submitted, pdf())
    assert browser.get(f"{submitted}/documents/1.pdf").status_code == 200
    assert browser.get(f"{return_paths[0]}/documents/1.pdf").status_code == 404
    assert browser.get(f"{submitted}/documents/2.pdf").status_code == 404
    assert browser.get("/offers/nonsense/documents/1.pdf").status_code == 404


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_a_number_that_no_document_has_is_not_found(browser: Browser, submitted: str, number: int) -> None:
    assert browser.get(f"{submitted}/documents/{number}.pdf").status_code == 404
    answer = browser.send(f"{submitted}/documents", to=f"{submitted}/documents/{number}/remove")
    assert answer.status_code in (303, 404)


def test_a_document_is_taken_back_once_however_often_it_is_pressed(browser: Browser, winner: str, folder: Path) -> None:
    send(browser, winner, pdf())
    for _ in range(2):
        answer = browser.send(f"{winner}/documents", to=f"{winner}/documents/1/remove")
        assert answer.status_code == 303
    assert kept(folder) == []
    assert "quote.pdf" not in text(browser.get(f"{winner}/documents"))
    assert browser.get(f"{winner}/documents/1.pdf").status_code == 410
    assert browser.get(f"{winner}/documents/1/remove").status_code == 405


def test_what_was_sent_with_an_application_stays(browser: Browser, filled: str) -> None:
    send(browser, filled, pdf())
    assert browser.send(f"{filled}/check-answers").status_code == 303
    page = browser.get(f"{filled}/documents").get_data(as_text=True)
    assert "quote.pdf" in page
    assert "/remove" not in page
    assert browser.send(f"{filled}/documents", to=f"{filled}/documents/1/remove").status_code == 409


@pytest.fixture
def scanned() -> Iterator[Scanner]:
    with scanner() as server:
        yield server


@pytest.fixture
def scanning(office: Office, scanned: Scanner) -> Flask:
    return create_app(
        replace(office, scanner=Clamd(scanned.address)), secret_key="a secret of the tests", api_keys=KEYS
    )


def test_a_virus_is_refused_at_once(scanning: Flask, winner: str, folder: Path) -> None:
    answer = send(Browser(scanning.test_client()), winner, pdf(b"/Note (" + EICAR + b")"))
    assert answer.status_code == 422
    assert "Our virus scanner found something harmful" in text(answer)
    assert kept(folder) == []


def test_what_waits_for_the_scanner_is_seen_and_not_opened(
    office: Office, scanning: Flask, scanned: Scanner, winner: str
) -> None:
    scanned.answer = b"stream: busy ERROR"
    visitor = Browser(scanning.test_client())
    answer = send(visitor, winner, pdf())
    assert "It is being checked for viruses." in text(visitor.get(answer.headers["Location"]))
    page = visitor.get(f"{winner}/documents")
    assert "Being checked for viruses" in text(page)
    assert "1.pdf" not in page.get_data(as_text=True)
    assert visitor.get(f"{winner}/documents/1.pdf").status_code == 422
    with office.reading() as session:
        assert session.scalars(select(Document.scan)).one() == "waiting"


@pytest.mark.one_database
def test_a_store_that_is_away_is_no_fault_of_the_file(office: Office, winner: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    away = replace(office, documents=DocumentStore((tmp_path / "file" / "x").as_uri()))
    app = create_app(away, secret_key="a secret of the tests", api_keys=KEYS)
    answer = send(Browser(app.test_client()), winner, pdf())
    assert answer.status_code == 503
    assert "Nothing is wrong with it" in text(answer)
