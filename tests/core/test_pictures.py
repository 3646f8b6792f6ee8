"""Pictures: taken with consent only, and shown to nobody but the office without a yes (R1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core import audit, documents
from core.errors import Refused
from core.office import Office
from core.rules.documents import Consent, DocumentKind, ScanState
from tests.core.test_documents import folder, office, purged, row, winner  # noqa: F401 - fixtures
from tests.uploads import picture


@pytest.mark.parametrize("publish", [True, False])
def test_only_a_clean_picture_with_a_yes_may_be_published(office: Office, publish: bool) -> None:  # noqa: F811
    owner = winner(office)
    arrived = documents.take_in(picture(), "us.jpg", office=office, now=office.clock())
    told: dict[str, Any] = {"office": office, "by": "recipient", "now": office.clock()}
    with office.sessions.begin() as session:
        with pytest.raises(Refused, match="everybody in it agreed"):
            documents.add(session, owner, DocumentKind.PICTURE, arrived, **told)
        consent = Consent("Two coaches.", publish)
        number = documents.add(session, owner, DocumentKind.PICTURE, arrived, consent=consent, **told).id
    with office.sessions.begin() as session:
        found = documents.by_id(session, number)
        assert documents.may_be_published(found) is publish
        assert documents.consent_in_words(found).startswith("In it: Two coaches. It m")
        for scan in (ScanState.WAITING, ScanState.INFECTED):
            found.scan = scan.value
            assert not documents.may_be_published(found)
        found.scan, found.kind = ScanState.CLEAN.value, "receipt"
        assert not documents.may_be_published(found)
        assert documents.consent_in_words(found) == ""
        found.kind, found.shows, found.may_publish = "picture", None, None  # from before this was asked
        assert not documents.may_be_published(found)
        assert "must not be published" in documents.consent_in_words(found)
        session.rollback()
    assert purged(office, date(2029, 11, 1)) == 1
    gone = row(office, number)
    assert (gone.shows, documents.may_be_published(gone)) == (None, False)
    with office.reading() as session:
        assert audit.verify(session).sound
