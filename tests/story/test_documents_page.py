"""The page of documents in each of its states, in a real browser: accessible, valid, and usable by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload

from core import document_keeping, documents
from core.clamd import Verdict
from core.documents import Owner
from core.records import Award
from core.rules.documents import DocumentKind
from tests.story.site import TYPED, Site
from tests.story.test_pages import Watched, markup, opened, pressed, watched  # noqa: F401 - fixtures
from tests.uploads import docx, pdf, picture

QUOTE = "section[aria-labelledby=quote]"


def upload(site: Site, owner: Owner, kind: DocumentKind, data: bytes, name: str) -> int:
    office, now = site.desk.office, site.clock()
    arrived = documents.take_in(data, name, office=office, now=now)
    with office.sessions.begin() as session:
        return documents.add(session, owner, kind, arrived, office=office, by="recipient", now=now).id


def choose(watched: Watched, name: str, data: bytes) -> None:  # noqa: F811
    watched.page.set_input_files("#file-quote", FilePayload(name=name, mimeType="text/html", buffer=data))


def mark(site: Site, number: int, *, clean: bool) -> None:
    office = site.desk.office
    with office.sessions.begin() as session:
        verdict = Verdict("" if clean else "Virus")
        document_keeping.record_scan(session, number, verdict, office=office, now=site.clock())


@pytest.fixture
def award(site: Site) -> Award:
    return site.accepted(title="Documents of every kind")


def test_a_winner_sends_documents(site: Site, watched: Watched, award: Award) -> None:  # noqa: F811
    place = f"{site.url}{site.path('offer', award.id)}"
    opened(watched, place)
    watched.holds("offer, accepted, documents to send", picture=False)
    pressed(watched, "text=Send or see your documents")
    watched.holds("documents, nothing sent")
    pressed(watched, f"{QUOTE} button", 422)
    watched.holds("documents, no file chosen")
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "file-quote"
    choose(watched, "quote.pdf", b"MZ" + bytes(200))
    pressed(watched, f"{QUOTE} button", 422)
    watched.holds("documents, wrong kind")
    choose(watched, "A quote for sixteen pairs of gloves.pdf", pdf())
    pressed(watched, f"{QUOTE} form[enctype] button")
    watched.holds("documents, one received")
    with watched.page.expect_download() as download:
        watched.page.click(f"{QUOTE} dl a")
    assert download.value.path().read_bytes() == pdf()
    pressed(watched, f"{QUOTE} dl button")
    assert "Not sent yet" in watched.page.inner_text(QUOTE)


def test_documents_in_every_state(site: Site, watched: Watched, award: Award) -> None:  # noqa: F811
    owner = Owner(award.application_id)
    kinds = DocumentKind
    mark(site, upload(site, owner, kinds.QUOTE, pdf(), "Gloves & pads, 3rd quote.pdf"), clean=True)
    mark(site, upload(site, owner, kinds.SAFEGUARDING_POLICY, docx(), "policy.docx"), clean=False)
    upload(site, owner, kinds.CONSTITUTION, picture(), "x" * 80 + ".jpg")
    upload(site, owner, kinds.OTHER, picture("PNG"), "the letter that you asked for.png")
    opened(watched, f"{site.url}{site.path('application', award.application_id)}/documents")
    watched.holds("documents, every state")
    opened(watched, f"{site.plain_url}{site.path('application', award.application_id)}/documents")
    watched.holds("documents, plain styles")


def test_documents_of_others(site: Site, watched: Watched) -> None:  # noqa: F811
    opened(watched, f"{site.url}{site.paths['return, open']}/documents")
    watched.holds("documents of a return")
    pressed(watched, "section[aria-labelledby=picture] form button", 422)
    watched.holds("documents of a return, picture without consent")
    opened(watched, f"{site.url}{site.paths['sent']}/documents")
    watched.holds("documents, none asked for")
    opened(watched, f"{site.url}{site.draft('casualty-reduction', **TYPED)}")
    watched.holds("draft, with documents", picture=False)
    pressed(watched, "text=Send or see your documents")
    watched.holds("documents of a draft")
