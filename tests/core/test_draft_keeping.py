"""Drafts that were never sent go when the policy says so, with all that hangs on them, and nothing else does (W4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import (
    applications,
    audit,
    awards,
    deadlines,
    documents,
    events,
    holding,
    holds,
    link_mail,
    links,
    return_drafts,
)
from core.document_store import DocumentStore
from core.documents import Owner
from core.draft_keeping import Deleted
from core.errors import Gone, NotFound
from core.office import Office
from core.records import Application, Deadline, Link, LinkRequest, ReturnDraft
from core.rules.documents import DocumentKind
from core.rules.keeping import HoldReason
from scheduler import document_round
from scheduler.timetable import run_drafts
from tests.core.casework import (
    active,
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
from tests.uploads import pdf

LAST = date(2027, 5, 23)
"""The last day on which a draft is kept that was saved on 23 November 2026."""

AFTER = date(2027, 5, 24)
ADDRESS = "ada@riverside.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def office(office: Office, folder: Path) -> Office:
    """An office that keeps documents, and asks for them at once for its crime and disorder fund."""
    funds = tuple(replace(one, documents_at_once=one.id == "crime-and-disorder") for one in office.policy.funds)
    return replace(office, documents=DocumentStore(folder.as_uri()), policy=replace(office.policy, funds=funds))


def gone(office: Office, day: date) -> Deleted:
    return run_drafts(office, today=day, now=london(day))


def save(office: Office, number: int, day: date, hour: int = 9) -> None:
    with office.sessions.begin() as session:
        said = {"contact_email": ADDRESS, "title": "Gloves on"}
        applications.save(session, applications.by_id(session, number), said, now=london(day, hour))


def drafts(office: Office) -> list[int]:
    with office.reading() as session:
        return list(session.scalars(select(Application.id).where(Application.status == "draft").order_by("id")))


def test_a_draft_is_kept_six_months_from_the_day_it_was_last_saved(office: Office) -> None:
    early, late, sent = drafted(office), drafted(office), submitted(office)
    save(office, late, date(2026, 11, 23), 0)
    save(office, early, date(2026, 11, 22), 23)
    assert gone(office, date(2027, 5, 22)) == Deleted()
    assert gone(office, date(2027, 5, 23)) == Deleted(applications=1)
    assert drafts(office) == [late]
    assert gone(office, AFTER) == Deleted(applications=1)
    assert gone(office, AFTER) == Deleted()
    lines = trail(office, "drafts_deleted")
    assert [(line.reference, line.actor, line.data) for line in lines] == [
        (events.RECORD_TRAIL, "the desk", {"applications": 1, "returns": 0, "corrections": 0})
    ] * 2
    assert gone(office, date(2099, 1, 1)) == Deleted()
    with office.reading() as session:
        assert applications.by_id(session, sent).status == "submitted"
        assert audit.verify(session).sound


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("saved", "kept", "first"),
    [
        (date(2026, 8, 31), date(2027, 2, 28), date(2027, 3, 1)),
        (date(2026, 8, 28), date(2027, 2, 28), date(2027, 3, 1)),
        (date(2026, 9, 1), date(2027, 3, 1), date(2027, 3, 2)),
        (date(2027, 2, 28), date(2027, 8, 28), date(2027, 8, 29)),
    ],
)
def test_months_end_at_the_end_of_a_shorter_one(office: Office, saved: date, kept: date, first: date) -> None:
    save(office, drafted(office), saved)
    assert gone(office, kept) == Deleted()
    assert gone(office, first) == Deleted(applications=1)


def test_its_documents_links_and_requests_go_with_it_and_its_link_says_so(office: Office, folder: Path) -> None:
    number, other = drafted(office, "crime-and-disorder"), drafted(office)
    arrived = documents.take_in(pdf(), "quote.pdf", office=office, now=office.clock())
    with office.sessions.begin() as session:
        documents.add(
            session, Owner(number), DocumentKind.QUOTE, arrived, office=office, by="applicant", now=office.clock()
        )
        mailed = links.link_for(session, "application", number, now=office.clock(), address=ADDRESS)
        shown = links.link_for(session, "application", number, now=office.clock())
        tokens = [office.signer.token("application", one) for one in (mailed, shown)]
        for about in (number, other):
            link_mail.ask(session, "draft", ADDRESS, policy=office.policy, now=office.clock(), application_id=about)
    save(office, other, date(2026, 12, 1))
    assert gone(office, LAST) == Deleted()
    assert [path for path in folder.rglob("*") if path.is_file()]
    assert gone(office, AFTER) == Deleted(applications=1)
    assert not [path for path in folder.rglob("*") if path.is_file()]
    with office.reading() as session:
        left = list(session.scalars(select(Link).where(Link.subject_id == number)))
        assert [(one.address, one.revoked_at) for one in left] == [("", london(AFTER))] * 2
        assert [one.application_id for one in session.scalars(select(LinkRequest))] == [other]
        for token in tokens:
            with pytest.raises(Gone, match="was never sent, and was deleted"):
                links.follow(session, office.signer, "application", token, now=london(AFTER))
        assert audit.verify(session).sound
    with office.sessions.begin() as session:  # SQLite gives the number of a row again that was the last
        again = applications.start(session, "youth-fund", office=office, now=london(AFTER)).id
        for token in tokens:
            with pytest.raises(Gone):
                links.follow(session, office.signer, "application", token, now=london(AFTER))
    assert drafts(office) == sorted({other, again})


def test_a_draft_whose_documents_cannot_be_taken_away_waits(office: Office) -> None:
    number = drafted(office, "crime-and-disorder")
    arrived = documents.take_in(pdf(), "quote.pdf", office=office, now=office.clock())
    with office.sessions.begin() as session:
        documents.add(
            session, Owner(number), DocumentKind.QUOTE, arrived, office=office, by="applicant", now=office.clock()
        )
    plain = drafted(office)
    assert gone(replace(office, documents=None), AFTER) == Deleted(applications=1)
    assert drafts(office) == [number] != [plain]
    assert gone(office, AFTER) == Deleted(applications=1)


def test_what_is_held_stays_to_the_day(office: Office) -> None:
    number, officer = drafted(office), person(office)
    with office.sessions.begin() as session:
        reason = HoldReason.FREEDOM_OF_INFORMATION
        who = someone(session, officer)
        hold = holds.place(session, f"draft {number}", who, reason=reason, file="FOI 12", now=office.clock()).id
    assert gone(office, date(2028, 1, 1)) == Deleted()
    with office.sessions.begin() as session:
        holds.lift(session, hold, someone(session, officer), on=date(2028, 1, 1), now=office.clock())
    assert gone(office, date(2028, 1, 1)) == Deleted()
    assert gone(office, date(2028, 1, 2)) == Deleted(applications=1)


def test_a_hold_on_a_draft_stays_with_it_when_it_is_sent(office: Office) -> None:
    number, other, officer = drafted(office), drafted(office), person(office)
    with office.sessions.begin() as session:
        told: dict[str, Any] = {"reason": HoldReason.LITIGATION, "now": office.clock()}
        who = someone(session, officer)
        hold = holds.place(session, f" Draft {number}", who, file="LIT 3", **told).id
        with pytest.raises(NotFound, match=r"There is no application or award 'YF-2026-NOSUCH', so there is nothing"):
            holds.place(session, "YF-2026-NOSUCH", who, file="LIT 3", **told)
        with pytest.raises(NotFound, match="or a draft's number, such as draft 12"):
            holds.place(session, "draft 999999999999999999999", who, file="LIT 3", **told)
    reference = submit(office, number)
    unheld = submit(office, other)
    with office.sessions.begin() as session:
        assert [one.file for one in holding.of(session, reference)] == ["LIT 3"]
        assert holding.of(session, unheld) == ()
        late = holds.place(session, f"draft {number}", someone(session, officer), file="LIT 4", **told)
        assert late.reference == reference, "it was sent meanwhile"
        assert [one.file for one in holding.of(session, reference)] == ["LIT 3", "LIT 4"]
        holds.lift(session, hold, someone(session, officer), on=date(2028, 1, 1), now=office.clock())
        assert [one.lifted_on for one in holding.of(session, reference)] == [date(2028, 1, 1), None]


def test_the_documents_of_what_was_held_as_a_draft_stay_after_it_was_sent(office: Office, folder: Path) -> None:
    number, officer = drafted(office, "crime-and-disorder"), person(office)
    arrived = documents.take_in(pdf(), "quote.pdf", office=office, now=office.clock())
    with office.sessions.begin() as session:
        told: dict[str, Any] = {"office": office, "now": office.clock()}
        documents.add(session, Owner(number), DocumentKind.QUOTE, arrived, by="applicant", **told)
        held, who = f"draft {number}", someone(session, officer)
        hold = holds.place(session, held, who, reason=HoldReason.LITIGATION, file="LIT 3", now=office.clock()).id
    submit(office, number, reducing_crime(amount=3_000_00))
    with office.sessions.begin() as session:
        applications.withdraw(session, applications.by_id(session, number), office=office, now=office.clock())
    over = date(2028, 11, 24)  # two years after it was withdrawn

    def tidied(day: date) -> int:
        return document_round.tidy(replace(office, clock=lambda: london(day)))

    assert tidied(over) == 0
    assert [path for path in folder.rglob("*") if path.is_file()]
    with office.sessions.begin() as session:
        holds.lift(session, hold, someone(session, officer), on=over, now=london(over))
    assert tidied(date(2028, 11, 25)) == 1
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_the_draft_of_a_return_goes_once_the_return_is_not_wanted_any_more(office: Office) -> None:
    award_id = active(office)
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        wanted = list(session.scalars(select(Deadline).where(Deadline.award_id == award_id, Deadline.kind == "return")))
        return_drafts.save(session, wanted[0], {"narrative": "Half"}, "", now=london(date(2026, 11, 23)))
        return_drafts.save(session, wanted[-1], {"narrative": "Late"}, "", now=london(date(2026, 11, 24)))
    assert gone(office, date(2030, 1, 1)) == Deleted(), "it is still wanted"
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        deadlines.close(session, subject=awards.subject(award), now=office.clock())
    assert gone(office, LAST) == Deleted()
    assert gone(office, AFTER) == Deleted(returns=1)
    with office.reading() as session:
        [left] = session.scalars(select(ReturnDraft))
        assert left.answers == {"narrative": "Late"}
    assert trail(office, "drafts_deleted")[-1].data == {"applications": 0, "returns": 1, "corrections": 0}


def test_what_is_left_of_a_draft_whose_return_came_in_goes_too(office: Office) -> None:
    award_id = active(office)
    with office.sessions.begin() as session:
        due = session.scalars(select(Deadline).where(Deadline.award_id == award_id, Deadline.kind == "return")).first()
        assert due is not None
        return_drafts.save(session, due, {"narrative": "Half"}, "", now=london(date(2026, 11, 23)))
        deadlines.meet(session, due, now=office.clock())
        award = awards.by_id(session, award_id)
        events.append(session, "return_received", award.reference, "recipient", {}, now=office.clock())
    assert gone(office, LAST) == Deleted()
    assert gone(office, AFTER) == Deleted(returns=1)


def test_several_processes_and_somebody_who_sends_it_at_that_moment(office: Office) -> None:
    number = drafted(office)

    def send() -> str:
        with office.sessions.begin() as session:
            application = applications.held(session, number)
            now = office.clock()
            return str(applications.submit(session, application, facts(), office=office, by="x", now=now).reference)

    came = at_once([lambda: gone(office, AFTER).applications, lambda: gone(office, AFTER).applications, send])
    purged = sum(one for one in came.done if isinstance(one, int))
    sent = [one for one in came.done if isinstance(one, str) and one]
    assert (purged, len(sent)) in ((1, 0), (0, 1))
    with office.reading() as session:
        assert audit.verify(session).sound
