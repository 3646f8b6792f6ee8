"""Copies as PDF: of an application and of a return, whatever was typed and whatever the machine has."""

from __future__ import annotations

import io
import logging
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, event, select
from structlog.testing import capture_logs

from core import asking
from core.office import Office
from core.records import Application
from intake import copies
from tests.intake.test_return_answers import officer_asks
from tests.intake.test_return_page import RETURN, Person
from tests.intake.test_status import ask, declined, words
from tests.packages import bring


@pytest.fixture
def pango() -> None:
    """What a PDF needs of the system."""

    def there() -> bool:
        copies.can_be_made.cache_clear()
        return copies.can_be_made()

    assert bring(there, *copies.PACKAGES.split())


@pytest.mark.usefixtures("pango")
@pytest.mark.one_database
def test_a_copy_is_a_tagged_pdf_with_every_answer(browser: Any, office: Office, submitted: str) -> None:
    asked = ask(office)
    with office.sessions.begin() as session:
        asking.answer(session, asked, "The parish.", source="applicant", now=office.clock())
    declined(office)
    answer = browser.get(f"{submitted}/copy.pdf")
    with office.reading() as session:
        reference = session.scalars(select(Application.reference)).one()
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    pdf = PdfReader(io.BytesIO(answer.get_data()))
    root: Mapping[str, Any] = pdf.trailer["/Root"]  # type: ignore[assignment]
    assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en-GB", True)
    assert "/StructTreeRoot" in root
    assert pdf.metadata is not None
    assert pdf.metadata.title == f"Application {reference}: Friday night gym"
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    for said in (
        "Ramsey Boxing Club",
        "£2,000",
        "Young people have nowhere to go. Forty told us so.",
        "A fifth fewer",
        "kim@boxing.example",
        "Who owns the <hall>? And who pays for it? The parish.",
        "Others need it more.",
    ):
        assert said in text, said


@pytest.mark.usefixtures("pango")
@pytest.mark.one_database
def test_a_copy_fetches_nothing_and_runs_nothing(browser: Any, filled: str) -> None:
    hostile = '<img src="file:///etc/passwd"><link rel=stylesheet href="http://127.0.0.1:9/x.css"> {{ 7*7 }}'
    browser.send(f"{filled}/need", {"need": hostile})
    browser.send(f"{filled}/check-answers")
    pdf = PdfReader(io.BytesIO(browser.get(f"{filled}/copy.pdf").get_data()))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert '<img src="file:///etc/passwd">' in text
    assert "{{ 7*7 }}" in text
    assert "root:" not in text


@pytest.fixture
def without_pango(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which the libraries are not."""
    copies.can_be_made.cache_clear()
    monkeypatch.setattr(copies, "_LIBRARIES", ("libpango-that-is-not-there.so.0",))
    yield
    copies.can_be_made.cache_clear()


@pytest.mark.usefixtures("without_pango")
@pytest.mark.one_database
def test_without_what_a_pdf_needs_the_page_offers_to_print(browser: Any, submitted: str) -> None:
    source = browser.get(submitted).get_data(as_text=True)
    assert "copy.pdf" not in source
    assert "print this page" in source
    answer = browser.get(f"{submitted}/copy.pdf")
    assert answer.status_code == 503
    assert "Your application is safe" in words(answer)


def text_in(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return unicodedata.normalize("NFC", " ".join(text.split()))


@pytest.fixture
def sent(app: Any, return_paths: list[str]) -> Person:
    """Somebody whose return is in, at its page."""
    one = Person(app, return_paths[0])
    one.fields.update({**RETURN, "spending-1": "450", "spending-2": "500"})
    assert one.post().status_code == 303
    return one


@pytest.mark.usefixtures("pango")
@pytest.mark.one_database
def test_a_return_has_a_copy_once_it_is_in(
    app: Any, browser: Any, office: Office, return_paths: list[str], accepted: str
) -> None:
    assert browser.get(f"{return_paths[0]}/copy.pdf").status_code == 404
    one = Person(app, return_paths[0])
    one.fields.update({**RETURN, "spending-1": "450", "spending-2": "500"})
    assert one.post().status_code == 303
    with office.sessions.begin() as session:
        asking.answer(session, officer_asks(office), "Nine did.", source="recipient", now=office.clock())
    assert f'href="{return_paths[0]}/copy.pdf"' in browser.get(return_paths[0]).get_data(as_text=True)
    answer = browser.get(f"{return_paths[0]}/copy.pdf")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{accepted}-20')
    text = text_in(answer.get_data())
    for said in (
        RETURN["narrative"].split("\n")[0].strip(),
        "A tenth fewer Target: A fifth fewer",
        "£950 of £2,000",
        "Coaches £450, of £1,500 agreed",
        "How many <of them> came twice? And on what was it spent? Nine did.",
    ):
        assert said in text, said


@pytest.mark.usefixtures("without_pango")
@pytest.mark.one_database
def test_without_what_a_pdf_needs_a_return_is_printed(browser: Any, sent: Person) -> None:
    source = browser.get(sent.path).get_data(as_text=True)
    assert "copy.pdf" not in source
    assert "print this page" in source
    answer = browser.get(f"{sent.path}/copy.pdf")
    assert answer.status_code == 503
    assert "Your return is safe" in words(answer)


@pytest.mark.usefixtures("pango")
@pytest.mark.one_database
def test_a_pdf_is_made_once_the_record_is_let_go(
    browser: Any, submitted: str, sent: Person, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes seconds: no transaction, and on PostgreSQL no connection, may wait for it."""
    import weasyprint  # noqa: PLC0415 - only where its libraries are

    held: list[object] = []
    event.listen(engine, "checkout", lambda connection, _entry, _proxy: held.append(connection))
    event.listen(engine, "checkin", lambda connection, _entry: held.remove(connection) if connection in held else None)
    drawn, during = weasyprint.HTML.write_pdf, []

    def watched(self: Any, **more: Any) -> Any:
        during.append(len(held))
        return drawn(self, **more)

    monkeypatch.setattr(weasyprint.HTML, "write_pdf", watched)
    for place in (submitted, sent.path):
        assert browser.get(f"{place}/copy.pdf").status_code == 200
    assert during == [0, 0]


@pytest.mark.usefixtures("pango")
@pytest.mark.one_database
def test_signs_that_no_font_has_are_marked_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    page = "<html lang=en><title>T</title><body><p>Before \U000f1234\U000f1235 between \U000f1234 after. Łódź, Ἀθῆναι."
    with capture_logs() as lines, caplog.at_level(logging.DEBUG):
        pdf = copies.as_pdf(page)
        assert text_in(pdf) == "Before [?] between [?] after. Łódź, Ἀθῆναι."
        copies.as_pdf("<html lang=en><title>T</title><body><p>Plain.")
    assert [one["signs"] for one in lines if one["event"] == "copy_without_signs"] == ["U+F1234 U+F1235"]
    assert ".notdef" not in caplog.text


@pytest.mark.one_database
def test_a_mark_says_what_a_sign_is_where_it_has_a_name() -> None:
    page = "<title>🎉</title><body><p>Well 🎉🎉 done 漢字漢 &amp; 漢.</p>"
    assert copies.readable(page, {"🎉", "漢", "字"}) == (
        "<title>🎉</title><body><p>Well [party popper][party popper] done [?] &amp; [?].</p>"
    )
