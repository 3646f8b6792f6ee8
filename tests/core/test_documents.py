"""Documents of drafts, applications, awards and returns: what is asked for, what comes in, and when it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import applications, audit, award_checks, awards, document_keeping, documents, holds
from core.clamd import Clamd, ScannerAway, Verdict
from core.document_store import DocumentStore, StoreAway
from core.documents import Arrived, Owner
from core.errors import Conflict, Gone, NotFound, Refused
from core.office import Office
from core.records import Application, Award, Deadline, Document
from core.rules.documents import DocumentKind, ScanState
from core.rules.keeping import HoldReason
from core.rules.policy import OrganisationType
from scheduler import document_round
from tests.clamd import scanner
from tests.conftest import Clock
from tests.core.casework import (
    active,
    allocate,
    at_once,
    drafted,
    facts,
    london,
    person,
    reducing_crime,
    someone,
    submit,
    submitted,
    trail,
)
from tests.uploads import EICAR, docx, hostile, located_picture, pdf, picture

QUOTE, POLICY, CONSTITUTION = DocumentKind.QUOTE, DocumentKind.SAFEGUARDING_POLICY, DocumentKind.CONSTITUTION


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def office(office: Office, folder: Path) -> Office:
    """An office that keeps documents, and asks for them at once for its crime and disorder fund."""
    funds = tuple(replace(one, documents_at_once=one.id == "crime-and-disorder") for one in office.policy.funds)
    store = DocumentStore(folder.as_uri())
    return replace(office, documents=store, policy=replace(office.policy, funds=funds))


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def upload(
    office: Office, owner: Owner, kind: DocumentKind = QUOTE, data: bytes | None = None, name: str = "quote.pdf"
) -> int:
    """Take a file in as an edge does; answers its id."""
    arrived = documents.take_in(data or pdf(), name, office=office, now=office.clock())
    added = None
    try:
        with office.sessions.begin() as session:
            added = documents.add(session, owner, kind, arrived, office=office, by="recipient", now=office.clock())
            return added.id
    finally:
        if added is None or added.store_key != arrived.store_key:
            documents.drop(arrived, office=office)


def remove(office: Office, owner: Owner, document_id: int) -> None:
    with office.sessions.begin() as session:
        documents.remove(session, owner, document_id, office=office, by="recipient", now=office.clock())


def row(office: Office, document_id: int) -> Document:
    with office.reading() as session:
        found = session.get(Document, document_id)
        assert found is not None
        return found


def winner(office: Office, **changes: Any) -> Owner:
    """The owner of an accepted award's documents."""
    allocate(office, "youth-fund", 50_000_00)
    award_id = active(office, facts(**changes))
    with office.reading() as session:
        return Owner(awards.by_id(session, award_id).application_id)


def award_of(office: Office, owner: Owner) -> Award:
    with office.reading() as session:
        return session.scalars(select(Award).where(Award.application_id == owner.application_id)).one()


def at_once_draft(office: Office) -> Owner:
    return Owner(drafted(office, "crime-and-disorder"))


# ------------------------------------------------------------------------------------------------------ asked for


def missing(office: Office, owner: Owner) -> dict[str, int]:
    with office.reading() as session:
        application = applications.by_id(session, owner.application_id)
        return {one.wanted.kind: one.missing for one in documents.standing(session, application, office=office)}


def test_a_winner_is_asked_for_quotes_policy_and_constitution(office: Office) -> None:
    owner = winner(office, purchases=500_00)
    assert missing(office, owner) == {QUOTE: 1, POLICY: 1, CONSTITUTION: 1}
    upload(office, owner)
    upload(office, owner, POLICY)
    assert missing(office, owner) == {QUOTE: 0, POLICY: 0, CONSTITUTION: 1}


def test_only_what_counts_has_come_in(office: Office) -> None:
    owner = winner(office, purchases=500_00)
    remove(office, owner, upload(office, owner))
    refused = upload(office, owner, POLICY, docx())
    with office.sessions.begin() as session:
        document_keeping.record_scan(session, refused, Verdict("Virus"), office=office, now=office.clock())
    assert missing(office, owner) == {QUOTE: 1, POLICY: 1, CONSTITUTION: 1}


def test_a_draft_is_asked_by_its_answers_so_far(office: Office) -> None:
    owner = at_once_draft(office)

    def answer(**answers: str) -> dict[str, int]:
        with office.sessions.begin() as session:
            application = applications.by_id(session, owner.application_id)
            applications.save(session, application, answers, now=office.clock())
        return missing(office, owner)

    assert missing(office, owner) == {POLICY: 1}
    assert answer(organisation_type="charity", at_risk="no") == {CONSTITUTION: 1}
    assert answer(buys="yes", purchases="£5,000") == {QUOTE: 3, CONSTITUTION: 1}
    assert answer(purchases="lots") == {CONSTITUTION: 1}
    assert answer(purchases="4,999.99", buys="no", purpose="young_people") == {POLICY: 1, CONSTITUTION: 1}
    assert answer(organisation_type="nonsense", purpose="nonsense") == {}


@pytest.mark.parametrize(("fund", "asks"), [("youth-fund", False), ("crime-and-disorder", True)])
def test_applicants_are_asked_only_where_the_fund_asks_at_once(office: Office, fund: str, asks: bool) -> None:
    owner = Owner(drafted(office, fund))
    with office.reading() as session:
        assert documents.asks(applications.by_id(session, owner.application_id), office=office) is asks
    if not asks:
        with pytest.raises(Conflict, match="only once an award is agreed"):
            upload(office, owner)


def test_a_statutory_body_has_no_constitution_to_send(office: Office) -> None:
    owner = winner(office, organisation_type=OrganisationType.STATUTORY, charity_number=None)
    assert missing(office, owner) == {POLICY: 1}


# ----------------------------------------------------------------------------------------------------------- taken in


def test_what_comes_in_is_kept_and_told_without_its_name(office: Office, folder: Path) -> None:
    owner = winner(office)
    number = upload(office, owner, name="Ada's gloves.PDF")
    found = row(office, number)
    assert (found.name, found.media_type, found.size) == ("Ada's gloves.pdf", "application/pdf", len(pdf()))
    assert found.scan == ScanState.NOT_SCANNED
    assert [path.read_bytes() for path in kept(folder)] == [pdf()]
    assert not any("Ada" in str(path) for path in kept(folder))
    (line,) = trail(office, "document_added")
    assert line.data == {
        "kind": "quote",
        "document": number,
        "media_type": "application/pdf",
        "size": len(pdf()),
        "sha256": found.sha256,
        "scan": "not_scanned",
    }
    assert line.seals
    assert list(line.seals) == [f"document:{number}"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("quote.pdf", "quote.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\ada\\quote.docx", "quote.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie: x=1.pdf"),
        ("quote\u202efdp.exe", "quotefdp.pdf"),
        ("\0\0.pdf", "document.pdf"),
        ("....", "document.pdf"),
        ("", "document.pdf"),
        (" ", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
        ("quote v1.2 final", "quote v1.2 final.pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
        ("Cafe\u0301 \U0001f95a.pdf", "Café \U0001f95a.pdf"),
        ("\ud800.pdf", "document.pdf"),
    ],
)
def test_a_name_is_only_a_name(name: str, shown: str) -> None:
    assert documents.shown_name(name, "pdf") == shown


def test_the_same_file_sent_twice_is_there_once(office: Office, folder: Path) -> None:
    owner = winner(office)
    assert upload(office, owner) == upload(office, owner, name="again.pdf")
    assert len(kept(folder)) == 1
    assert upload(office, owner, POLICY) != upload(office, owner)


def test_two_who_send_the_same_file_at_once_send_it_once(office: Office, folder: Path) -> None:
    owner = winner(office)
    came = at_once([lambda: upload(office, owner), lambda: upload(office, owner)])
    assert len(set(came.done)) == 1
    assert len(kept(folder)) == 1


def test_two_at_once_send_no_more_than_there_is_room_for(office: Office, folder: Path) -> None:
    figure = replace(office.policy.documents_at_most, value=1)
    office = replace(office, policy=replace(office.policy, documents_at_most=figure))
    owner = winner(office)
    came = at_once([lambda: upload(office, owner), lambda: upload(office, owner, data=docx())])
    assert (len(came.done), len(came.refused)) == (1, 1)
    assert "the most that we take" in came.refused[0].reason
    assert len(kept(folder)) == 1


def test_the_largest_file_to_the_byte(office: Office) -> None:
    exact = pdf(tail=b"\n" * (10_000_000 - len(pdf())))
    documents.take_in(exact, "q.pdf", office=office, now=office.clock())
    with pytest.raises(Refused, match="larger than 10 MB"):
        documents.take_in(exact + b"\n", "q.pdf", office=office, now=office.clock())
    with pytest.raises(Refused, match="larger than 10 MB"):
        documents.take_in(hostile("ten megabytes and a byte")[1], "q.pdf", office=office, now=office.clock())


def test_all_together_to_the_byte(office: Office) -> None:
    together = replace(office.policy.documents_together, value=1)
    office = replace(office, policy=replace(office.policy, documents_together=together))
    owner = winner(office)
    room = 1_000_000 - len(pdf())

    def arrived(size: int) -> Arrived:
        return Arrived(f"2026-11-23/{size}", "q.pdf", "application/pdf", size, str(size), ScanState.CLEAN, None)

    upload(office, owner)
    with office.sessions.begin() as session, pytest.raises(Refused, match="more than 1 MB"):
        documents.add(session, owner, QUOTE, arrived(room + 1), office=office, by="recipient", now=office.clock())
    with office.sessions.begin() as session:
        documents.add(session, owner, QUOTE, arrived(room), office=office, by="recipient", now=office.clock())


def test_an_office_without_a_store_takes_nothing(office: Office) -> None:
    with pytest.raises(Refused, match="cannot take documents"):
        documents.take_in(pdf(), "q.pdf", office=replace(office, documents=None), now=office.clock())


@pytest.mark.one_database
@pytest.mark.parametrize("name", ["nothing at all", "PDF with a script", "a bomb", "JPEG and archive"])
def test_a_hostile_file_leaves_nothing_behind(office: Office, folder: Path, name: str) -> None:
    owner = at_once_draft(office)
    upload(office, owner)
    called, data, says = hostile(name)
    with pytest.raises(Refused, match=says):
        upload(office, owner, data=data, name=called) if data else documents.take_in(
            data, called, office=office, now=office.clock()
        )
    assert len(kept(folder)) == 1


# ------------------------------------------------------------------------------------------ drafts, and what is sent


def test_a_draft_s_documents_have_no_line_and_go_with_it(office: Office, folder: Path) -> None:
    owner = at_once_draft(office)
    upload(office, owner)
    upload(office, owner, POLICY, picture(), "policy.jpg")
    with office.sessions.begin() as session:
        application = applications.by_id(session, owner.application_id)
        assert documents.remove_with_draft(session, application, office=office) == 2
        assert len(kept(folder)) == 2, "the bytes go when it is committed"
    assert kept(folder) == []
    assert trail(office, "document_added", "document_removed") == []
    with office.reading() as session:
        assert session.scalars(select(Document)).all() == []


def test_a_removal_that_fails_takes_no_bytes(office: Office, folder: Path) -> None:
    owner = winner(office)
    number = upload(office, owner)

    def cut_short() -> None:
        with office.sessions.begin() as session:
            documents.remove(session, owner, number, office=office, by="recipient", now=office.clock())
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut_short()
    assert len(kept(folder)) == 1
    assert row(office, number).removed_at is None


def test_a_savepoint_in_between_takes_no_bytes(office: Office, folder: Path) -> None:
    owner = winner(office)
    number = upload(office, owner)
    with office.sessions.begin() as session:
        documents.remove(session, owner, number, office=office, by="recipient", now=office.clock())
        with session.begin_nested():
            pass
        assert len(kept(folder)) == 1
    assert kept(folder) == []


def test_what_is_sent_is_sealed_and_stays(office: Office) -> None:
    owner = at_once_draft(office)
    number = upload(office, owner)
    submit(office, owner.application_id, reducing_crime(amount=3_000_00))
    assert not row(office, number).in_draft
    (line,) = trail(office, "submitted")
    assert line.seals
    assert f"document:{number}" in line.seals
    with pytest.raises(Conflict, match="part of what you sent"):
        remove(office, owner, number)
    upload(office, owner, POLICY)
    with office.reading() as session:
        assert audit.verify(session).sound


def test_a_changed_row_is_found(office: Office) -> None:
    owner = winner(office)
    number = upload(office, owner)
    with office.sessions.begin() as session:
        session.connection().exec_driver_sql(f"UPDATE document SET sha256 = 'x' WHERE id = {number}")
    with office.reading() as session:
        assert not audit.verify(session).sound


# ------------------------------------------------------------------------------------------------- looked at, removed


def test_a_removed_document_is_gone_and_its_row_says_so(office: Office, folder: Path) -> None:
    owner = winner(office)
    number = upload(office, owner)
    remove(office, owner, number)
    assert kept(folder) == []
    assert row(office, number).removed_at == office.clock()
    assert [line.data["kind"] for line in trail(office, "document_removed")] == ["quote"]
    with pytest.raises(Gone):
        remove(office, owner, number)
    with pytest.raises(Gone):
        documents.content_of(row(office, number), office=office)


def test_nobody_reaches_another_s_document(office: Office) -> None:
    mine = winner(office)
    number = upload(office, mine)
    other = at_once_draft(office)
    with pytest.raises(NotFound):
        remove(office, other, number)
    with pytest.raises(NotFound), office.reading() as session:
        documents.of_owner(session, replace(mine, deadline_id=1), number)


@pytest.mark.parametrize("later", [0, 1])
def test_what_the_office_has_looked_at_stays(office: Office, clock: Clock, later: int) -> None:
    owner = winner(office)
    number, officer, award_id = upload(office, owner, POLICY), person(office), award_of(office, owner).id
    clock.forward(seconds=later)
    with office.sessions.begin() as session:
        award_checks.see_safeguarding_policy(
            session, award_id, someone(session, officer), note="Version 3", now=office.clock()
        )
    with pytest.raises(Conflict, match="looked at this document"):
        remove(office, owner, number)
    clock.forward(seconds=1)
    remove(office, owner, upload(office, owner, POLICY, docx()))


def test_what_was_changed_in_the_store_is_not_handed_out(office: Office, folder: Path) -> None:
    number = upload(office, winner(office))
    assert documents.content_of(row(office, number), office=office) == pdf()
    kept(folder)[0].write_bytes(b"something else")
    with pytest.raises(StoreAway):
        documents.content_of(row(office, number), office=office)


def test_a_return_has_documents_of_its_own(office: Office) -> None:
    owner = winner(office)
    with office.reading() as session:
        award = award_of(office, owner)
        due = session.scalars(
            select(Deadline).where(Deadline.award_id == award.id, Deadline.kind == "return").order_by(Deadline.due)
        ).first()
    assert due is not None
    mine = Owner(owner.application_id, due.id)
    upload(office, mine, DocumentKind.RECEIPT, located_picture(), "receipt.jpg")
    assert trail(office, "document_added")[0].data["due"] == due.due.isoformat()
    with office.reading() as session:
        assert len(documents.listed(session, mine)) == 1
        assert documents.listed(session, owner) == []
    with pytest.raises(Conflict, match="no such return"):
        upload(office, Owner(drafted(office), due.id))


def test_after_the_award_has_ended_nothing_more_is_taken(office: Office) -> None:
    owner = winner(office)
    with office.sessions.begin() as session:
        session.connection().exec_driver_sql("UPDATE award SET status = 'completed'")
    with pytest.raises(Conflict, match="has ended"):
        upload(office, owner)


# ----------------------------------------------------------------------------------------------------------- scanned


def test_what_the_scanner_finds_at_once_is_refused_and_not_kept(office: Office, folder: Path) -> None:
    with scanner() as server:
        office = replace(office, scanner=Clamd(server.address))
        owner = winner(office)
        number = upload(office, owner)
        assert row(office, number).scan == ScanState.CLEAN
        with pytest.raises(Refused, match="harmful"):
            upload(office, owner, data=pdf(b"/Note (" + EICAR + b")"))
    assert len(kept(folder)) == 1
    assert server.seen[0] == pdf()


def test_what_cannot_be_scanned_at_once_waits_in_quarantine(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SCAN_SECONDS", 0.05)
    with scanner() as server:
        office = replace(office, scanner=Clamd(server.address))
        owner = winner(office)
        server.slow = 5.0
        number = upload(office, owner)
    assert row(office, number).scan == ScanState.WAITING
    with pytest.raises(Refused, match="being checked"):
        documents.content_of(row(office, number), office=office)
    with office.reading() as session:
        assert [one for one, _ in document_keeping.to_scan(session)] == [number]


@pytest.mark.parametrize("said", [b"INSTREAM size limit exceeded. ERROR", b"", b"what?"])
@pytest.mark.one_database
def test_a_scanner_without_a_verdict_is_away(said: bytes) -> None:
    with scanner() as server:
        server.answer = said or b"\0"
        with pytest.raises(ScannerAway):
            Clamd(server.address).scan(b"x", seconds=2)


@pytest.mark.one_database
def test_a_scanner_at_a_socket_that_is_not_there() -> None:
    with pytest.raises(ScannerAway):
        Clamd("/nowhere/clamd.ctl").ping(seconds=1)
    for address in ("clamd", "host:", ":3310", "host:port", "host:70000"):
        with pytest.raises(ValueError, match="host:port"):
            Clamd(address)


@pytest.mark.parametrize(("verdict", "scan"), [(Verdict(), "clean"), (Verdict("Eicar"), "infected")])
def test_a_verdict_is_recorded_once(office: Office, folder: Path, verdict: Verdict, scan: str) -> None:
    owner = winner(office)
    number = upload(office, owner)
    for expected in (True, False):
        with office.sessions.begin() as session:
            assert document_keeping.record_scan(session, number, verdict, office=office, now=office.clock()) is expected
    found = row(office, number)
    assert (found.scan, found.removed_at is None, bool(kept(folder))) == (scan, verdict.clean, verdict.clean)
    assert [line.data["scan"] for line in trail(office, "document_scanned")] == [scan]
    with office.reading() as session:
        assert audit.verify(session).sound
        assert [one.id for one in documents.listed(session, owner)] == [number], "what was refused is still shown"


def test_a_document_that_was_removed_meanwhile_is_not_scanned(office: Office) -> None:
    owner = winner(office)
    number = upload(office, owner)
    remove(office, owner, number)
    with office.sessions.begin() as session:
        assert document_keeping.to_scan(session) == []
        assert not document_keeping.record_scan(session, number, Verdict(), office=office, now=office.clock())


# ----------------------------------------------------------------------------------------------------- kept and gone


def purged(office: Office, day: date) -> int:
    """What the daily round takes away on a day."""
    day_of = replace(office, clock=lambda: london(day))
    return document_round.tidy(day_of)


def test_the_name_of_one_that_was_taken_back_goes_when_it_would_have_gone(office: Office) -> None:
    owner = winner(office)  # it ends on 31 October 2027
    number = upload(office, owner)
    remove(office, owner, number)
    taken_back = row(office, number)
    assert purged(office, date(2029, 10, 31)) == 0
    assert row(office, number).name == taken_back.name != ""
    assert purged(office, date(2029, 11, 1)) == 1
    assert (row(office, number).name, row(office, number).removed_at) == ("", taken_back.removed_at)
    assert purged(office, date(2029, 11, 1)) == 0
    with office.reading() as session:
        assert audit.verify(session).sound


def test_an_award_s_documents_go_two_years_after_its_end(office: Office, folder: Path) -> None:
    owner = winner(office)  # it ends on 31 October 2027
    number = upload(office, owner)
    assert purged(office, date(2029, 10, 31)) == 0
    assert purged(office, date(2029, 11, 1)) == 1
    assert kept(folder) == []
    assert (row(office, number).name, row(office, number).removed_at) == ("", london(date(2029, 11, 1)))
    assert len(trail(office, "document_purged")) == 1
    assert purged(office, date(2029, 11, 1)) == 0
    with office.reading() as session:
        assert audit.verify(session).sound


def test_what_is_held_stays_to_the_day(office: Office, folder: Path) -> None:
    owner = winner(office)
    upload(office, owner)
    reference, officer = award_of(office, owner).reference, person(office)
    another = award_of(office, winner(office)).reference
    told: dict[str, Any] = {"reason": HoldReason.LITIGATION, "now": office.clock()}
    with office.sessions.begin() as session:
        who = someone(session, officer)
        hold = holds.place(session, reference, who, file="LIT-1", **told).id
        holds.place(session, another, who, file="LIT-2", **told)
    assert purged(office, date(2031, 1, 1)) == 0
    with office.sessions.begin() as session:
        holds.lift(session, hold, someone(session, officer), on=date(2031, 1, 1), now=office.clock())
    assert purged(office, date(2031, 1, 1)) == 0, "the day on which it is lifted is still held"
    assert purged(office, date(2031, 1, 2)) == 1
    assert kept(folder) == []


def test_a_withdrawn_application_s_documents_go_two_years_after(office: Office) -> None:
    owner = at_once_draft(office)
    upload(office, owner)
    submit(office, owner.application_id, reducing_crime(amount=3_000_00))
    assert purged(office, date(2099, 1, 1)) == 0, "it is not decided yet"
    with office.sessions.begin() as session:
        applications.withdraw(
            session, applications.by_id(session, owner.application_id), office=office, now=office.clock()
        )
    assert purged(office, date(2028, 11, 23)) == 0
    assert purged(office, date(2028, 11, 24)) == 1


def test_bytes_that_no_row_names_are_found_once_they_are_old(office: Office, clock: Clock, folder: Path) -> None:
    """A crash between the bytes and the row leaves bytes alone: nobody sees them, and they go."""
    number = upload(office, winner(office))
    arrived = documents.take_in(docx(), "quote.docx", office=office, now=office.clock())
    assert len(kept(folder)) == 2

    def orphans() -> list[str]:
        with office.reading() as session:
            return document_keeping.orphans(session, office=office, now=office.clock())

    assert orphans() == []
    clock.forward(days=2)
    assert orphans() == [arrived.store_key]
    documents.drop(arrived, office=office)
    assert orphans() == []
    assert documents.content_of(row(office, number), office=office) == pdf()


def test_bytes_whose_row_was_removed_are_orphans(office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = winner(office)
    number = upload(office, owner)
    store_key = row(office, number).store_key
    with monkeypatch.context() as crash:
        crash.setattr(DocumentStore, "remove", lambda *_: None)  # as if the process had died after the commit
        remove(office, owner, number)
    clock.forward(days=2)
    with office.reading() as session:
        assert document_keeping.orphans(session, office=office, now=office.clock()) == [store_key]


def test_a_store_that_is_away_says_so(office: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    away = replace(office, documents=DocumentStore((tmp_path / "file" / "x").as_uri()))
    with pytest.raises(StoreAway):
        documents.take_in(pdf(), "q.pdf", office=away, now=office.clock())


def test_an_application_that_is_sent_takes_a_waiting_document_along(office: Office) -> None:
    application_id = submitted(office, reducing_crime(amount=3_000_00))
    upload(office, Owner(application_id))
    with office.reading() as session:
        assert session.get(Application, application_id).documents  # type: ignore[union-attr]  # it is there
