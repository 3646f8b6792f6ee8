"""Reading an application from its card: all that was sent, and its documents by links for whoever pressed alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.practice.block_rules import elements_of, view_faults
from core import document_links, documents
from core.errors import Gone, NotFound, Refused
from core.office import Office
from core.records import Application, Document
from tests.bot.conftest import NOON, Desk, application_of, person_of, submitted
from tests.bot.test_cards import text_of


def with_document(office: Office, number: int, scan: str = "clean", name: str = "Quote for Kim.pdf") -> int:
    with office.sessions.begin() as session:
        document = Document(
            application_id=number, kind="quote", name=name, media_type="application/pdf", size=123_456,
            sha256="0" * 64, store_key=f"{number}-{scan}-{name}", scan=scan, in_draft=False, uploaded_at=NOON,
            uploaded_by="applicant", removed_at=NOON if scan == "infected" else None,
        )  # fmt: skip
        session.add(document)
        session.flush()
        return document.id


def window(desk: Desk, user: str, number: int, action: str) -> dict[str, Any]:
    ts = desk.post_card(number)
    seen = desk.press(user, ts, action) if action == "read" else desk.choose(user, ts, action)
    assert seen.view is not None, desk.told(user)
    assert view_faults(seen.view.body) == []
    return dict(seen.view.body)


def links(view: dict[str, Any]) -> list[str]:
    return [one["url"] for block in view["blocks"] for one in elements_of(block) if one.get("url")]


@pytest.mark.one_database
@pytest.mark.parametrize("user", ["U0OFFICER", "U0COMM", "U0PANEL", "U0AUDITOR"])
def test_everything_that_was_sent_can_be_read(desk: Desk, user: str) -> None:
    number = submitted(desk.office)
    view = window(desk, user, number, "read")
    words = text_of(view["blocks"])
    for piece in (
        "Young people have nowhere to go on Friday evenings.",
        "There is no other club within eight miles.",
        "Fewer calls about anti-social behaviour",
        "Coaches and hall hire",
        "Before payment (L5):",
        "rules met",
    ):
        assert piece in words
    reference = application_of(desk.office, number).reference
    assert links(view) == [f"https://desk.example/desk/applications/{reference}"]
    assert "submit" not in view


def test_what_holds_no_personal_detail_but_a_name(desk: Desk) -> None:
    number = submitted(desk.office)
    with_document(desk.office, number)
    for action in ("read", "documents"):
        words = str(window(desk, "U0OFFICER", number, action))
        assert "kim@boxing.example" not in words, action
        assert "PE26" not in words, action
        assert "Quote for Kim" not in words, action


@pytest.mark.parametrize("action", ["read", "documents"])
def test_constabulary_staff_read_nothing_of_it(desk: Desk, action: str) -> None:
    ts = desk.post_card(submitted(desk.office))
    seen = desk.press("U0FORCE", ts, action) if action == "read" else desk.choose("U0FORCE", ts, action)
    assert seen.view is None
    assert len(desk.told("U0FORCE")) == 1


@pytest.mark.parametrize("user", ["U0PANEL", "U0AUDITOR"])
def test_who_acts_for_nobody_opens_no_document(desk: Desk, user: str) -> None:
    assert desk.choose(user, desk.post_card(submitted(desk.office)), "documents").view is None


def test_what_is_in_quarantine_or_harmful_is_named_and_not_offered(desk: Desk) -> None:
    number = submitted(desk.office)
    for scan in ("clean", "waiting", "infected", "not_scanned"):
        with_document(desk.office, number, scan)
    with desk.office.reading() as session:
        card = desk.post_card(number)
        assert session.get(Application, number) is not None
    assert "3 documents, 1 still being checked for viruses, 1 refused as harmful." in text_of(
        desk.slack.workspace.message("C0APPROVALS", card).blocks
    )
    view = window(desk, "U0OFFICER", number, "documents")
    assert len(links(view)) == 3, "two documents and the application's page"
    words = text_of(view["blocks"])
    assert "Nobody can open it." in words
    assert "it cannot be opened yet" in words


def test_a_link_is_for_one_person_for_a_few_minutes_and_opens_nothing_by_itself(desk: Desk) -> None:
    office = desk.office
    number = submitted(office)
    document = with_document(office, number)
    token = links(window(desk, "U0OFFICER", number, "documents"))[0].rpartition("/")[2]
    mine, other = person_of(office, "U0OFFICER"), person_of(office, "U0OFFICER2")
    with office.sessions.begin() as session:
        assert document_links.follow(session, token, mine, office=office, now=NOON).id == document
        late = NOON + document_links.LASTS
        assert document_links.follow(session, token, mine, office=office, now=late).id == document
        with pytest.raises(Gone, match="a few minutes only"):
            document_links.follow(session, token, mine, office=office, now=late + timedelta(seconds=1))
        with pytest.raises(Refused, match="somebody else"):
            document_links.follow(session, token, other, office=office, now=NOON)
        with pytest.raises(NotFound):
            document_links.follow(session, token[:-2] + "xx", mine, office=office, now=NOON)
        assert documents.openings(session, documents.by_id(session, document)) == []
        session.get_one(Document, document).scan = "infected"
        with pytest.raises(Refused, match="viruses"):
            document_links.follow(session, token, mine, office=office, now=NOON)


def test_no_document_says_so(desk: Desk) -> None:
    assert "No document came" in text_of(window(desk, "U0OFFICER", submitted(desk.office), "documents")["blocks"])
