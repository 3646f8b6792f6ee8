"""The round of the documents: what waited is scanned, what is harmful goes and is told, what is over goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core import document_keeping, documents
from core.clamd import Clamd
from core.document_store import DocumentStore
from core.documents import Owner
from core.office import Office
from core.records import Award, Document
from core.rules.documents import DocumentKind
from scheduler import document_round
from scheduler.timetable import Timetable
from tests.clamd import Scanner, scanner
from tests.scheduler.practice_desk import Desk
from tests.scheduler.test_timetable import wait_for
from tests.uploads import EICAR, docx, pdf

HARMFUL = pdf(b"/Note (" + EICAR + b")")


@pytest.fixture
def scanned() -> Iterator[Scanner]:
    with scanner() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def desk(desk: Desk, folder: Path) -> Desk:
    """A desk that keeps documents and has no scanner yet."""
    desk.office = replace(desk.office, documents=DocumentStore(folder.as_uri()))
    return desk


def with_scanner(desk: Desk, server: Scanner) -> Office:
    return replace(desk.office, scanner=Clamd(server.address))


def upload(desk: Desk, award: Award, data: bytes) -> int:
    office, now = desk.office, desk.clock()
    arrived = documents.take_in(data, "policy.pdf", office=office, now=now)
    with office.sessions.begin() as session:
        owner = Owner(award.application_id)
        kind = DocumentKind.SAFEGUARDING_POLICY
        return documents.add(session, owner, kind, arrived, office=office, by="recipient", now=now).id


def scans(desk: Desk, *numbers: int) -> list[str]:
    with desk.office.reading() as session:
        return [session.get_one(Document, number).scan for number in numbers]


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_waited_is_scanned_and_what_is_harmful_goes_and_is_told_once(
    desk: Desk, scanned: Scanner, folder: Path
) -> None:
    award = desk.active()
    good, bad, fine = upload(desk, award, pdf()), upload(desk, award, HARMFUL), upload(desk, award, docx())
    desk.quiet()
    office = with_scanner(desk, scanned)
    assert document_round.scan_waiting(office) == 3
    assert document_round.scan_waiting(office) == 0
    assert scans(desk, good, bad, fine) == ["clean", "infected", "clean"]
    assert len(kept(folder)) == 2
    desk.deliver()
    subject = f"Please send us your safeguarding policy again ({award.reference})"
    (mail,) = [one for one in desk.mailbox.mails() if one.subject == subject]
    assert "Our virus scanner found something harmful" in mail.text
    assert "/documents" in mail.text
    (told,) = desk.told()
    assert f"A document had a virus: {award.reference}" in told.text
    assert "safeguarding policy" in told.text
    assert "policy.pdf" not in str(told.blocks)


def test_a_scanner_that_is_away_leaves_what_waits(desk: Desk, scanned: Scanner) -> None:
    number = upload(desk, desk.active(), pdf())
    away = replace(desk.office, scanner=Clamd("127.0.0.1:1"))
    assert document_round.scan_waiting(away) == 0
    assert document_round.scan_waiting(desk.office) == 0, "there is none"
    scanned.answer = b"stream: busy ERROR"
    assert document_round.scan_waiting(with_scanner(desk, scanned)) == 0
    scanned.answer = b""
    assert document_round.scan_waiting(with_scanner(desk, scanned)) == 1
    assert scans(desk, number) == ["clean"]


def test_a_document_whose_bytes_are_lost_does_not_stop_the_others(desk: Desk, scanned: Scanner, folder: Path) -> None:
    award = desk.active()
    first = upload(desk, award, pdf())
    kept(folder)[0].unlink()
    second = upload(desk, award, docx())
    assert document_round.scan_waiting(with_scanner(desk, scanned)) == 1
    assert scans(desk, first, second) == ["not_scanned", "clean"]


def test_more_wait_than_one_look_finds(desk: Desk, scanned: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    award = desk.active()
    for number in range(3):
        upload(desk, award, pdf(b"/N %d" % number))
    monkeypatch.setattr(document_keeping, "MOST_AT_ONCE", 2)
    assert document_round.scan_waiting(with_scanner(desk, scanned)) == 3


def test_what_is_over_goes_and_what_a_crash_left(desk: Desk, folder: Path) -> None:
    award = desk.active()
    upload(desk, award, pdf())
    documents.take_in(docx(), "left.docx", office=desk.office, now=desk.clock())
    assert document_round.tidy(desk.office) == 0
    assert len(kept(folder)) == 2
    desk.clock.set_day(award.end_on)
    assert document_round.tidy(desk.office) == 0
    assert len(kept(folder)) == 1
    desk.clock.set_day(date(award.end_on.year + 3, 1, 1))
    assert document_round.tidy(desk.office) == 1
    assert kept(folder) == []


def test_a_desk_without_a_store_has_nothing_to_tidy(desk: Desk) -> None:
    assert document_round.tidy(replace(desk.office, documents=None)) == 0


def test_the_timetable_scans_at_its_start(desk: Desk, scanned: Scanner) -> None:
    number = upload(desk, desk.active(), pdf())
    timetable = Timetable(with_scanner(desk, scanned))
    timetable.start()
    try:
        wait_for(lambda: scans(desk, number) == ["clean"])
    finally:
        timetable.stop()
