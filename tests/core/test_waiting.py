"""What waits for the office: each kind appears when it begins to wait, and is gone when somebody has seen to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core import (
    applications,
    asking,
    award_checks,
    awards,
    bank_details,
    deadlines,
    events,
    issues,
    mail_refusals,
    measures,
    more_time,
    returns,
)
from core.office import Office
from core.records import Document, OutboxMessage
from core.rules.banking import Account
from core.rules.policy import Role
from core.waiting import Waiting, Waits, everything, mine_first
from tests.core.casework import active, decide, offered, person, recommend, recommended, returned, someone, submitted

FIRST = date(2027, 7, 1)


def waits(office: Office, kind: Waits | None = None, today: date | None = None) -> list[Waiting]:
    with office.reading() as session:
        found = everything(session, policy=office.policy, today=today or office.today(), now=office.clock())
    return [one for one in found if kind is None or one.kind is kind]


def stands(office: Office, kind: Waits) -> list[str]:
    return [one.stands for one in waits(office, kind)]


def test_an_application_waits_until_it_is_decided(office: Office, clock: Any) -> None:
    application = submitted(office)
    officer = person(office)
    [one] = waits(office)
    assert (one.kind, one.who, one.amount, one.since) == (
        Waits.APPLICATION, "Riverside Boxing Club", 2_000_00, clock.now,
    )  # fmt: skip
    assert (one.stands, one.owner) == ("to be recommended on, in Slack", None)
    with office.sessions.begin() as session:
        asked = asking.ask(
            session, applications.by_id(session, application), someone(session, officer), "Which hall?",
            office=office, now=clock.now,
        ).id  # fmt: skip
    assert stands(office, Waits.APPLICATION)[0].startswith("waits for the applicant's answer, by ")
    with office.sessions.begin() as session:
        asking.answer(session, asked, "The one in Ramsey.", source="applicant", now=clock.now)
    recommend(office, application, officer)
    assert [(one.stands, one.owner) for one in waits(office)] == [("to be decided, in Slack", officer)]
    decide(office, application, person(office, Role.COMMISSIONER), outcome="declined")
    assert waits(office) == []


def test_the_oldest_comes_first(office: Office, clock: Any) -> None:
    first = recommended(office)
    clock.forward(hours=1)
    submitted(office)
    found = waits(office)
    with office.reading() as session:
        assert found[0].reference == applications.by_id(session, first).reference
    assert found[0].since < found[1].since


def test_a_return_is_overdue_the_day_after_it_was_due_and_then_to_be_read(office: Office) -> None:
    award_id = active(office)
    assert waits(office, today=FIRST) == []
    [one] = waits(office, today=FIRST + timedelta(days=1))
    assert (one.kind, one.due, one.stands) == (Waits.OVERDUE, FIRST, "was due on 1 July 2027")
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        came_in = returns.receive(session, award, FIRST, returned(), source="recipient", now=office.clock()).id
    [one] = waits(office, today=FIRST + timedelta(days=1))
    assert (one.kind, one.due, one.stands) == (Waits.RETURN, FIRST, "to be read")
    officer = person(office)
    with office.sessions.begin() as session:
        about = returns.by_id(session, came_in)
        asked = asking.ask(session, about, someone(session, officer), "How?", office=office, now=office.clock()).id
    assert stands(office, Waits.RETURN)[0].startswith("waits for the recipient's answer, by ")
    with office.sessions.begin() as session:
        asking.take_back(session, asked, someone(session, officer), now=office.clock())
        returns.accept(session, came_in, someone(session, officer), now=office.clock())
    assert waits(office) == []


def test_more_time_and_issues_wait_for_an_answer_mine_first(office: Office, clock: Any) -> None:
    award_id, other = active(office), person(office, name="Another Officer")
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        deadline = deadlines.find(session, subject=awards.subject(award), kind=returns.RETURN, due=FIRST)
        assert deadline is not None
        request = more_time.ask(
            session, award, deadline, FIRST + timedelta(days=7), "Ill.", office=office, now=clock.now
        ).id
        first = issues.raise_issue(session, award, "The hall shuts.", source="recipient", now=clock.now).id
    clock.forward(hours=1)
    with office.sessions.begin() as session:
        second = issues.raise_issue(session, award, "A coach left.", source="recipient", now=clock.now)
        second.owner_id = other
        number = second.id
        events.append(session, "issue_taken_over", award.reference, "test", {}, now=clock.now)
    assert stands(office, Waits.MORE_TIME) == ["asks for 8 July 2027 instead of 1 July 2027"]
    found = waits(office, Waits.ISSUE)
    assert found[1].stands == "Another Officer looks after it"
    assert mine_first(found, other)[0] == found[1]
    with office.sessions.begin() as session:
        more_time.decline(session, request, someone(session, other), reason="No.", now=clock.now)
        for one in (first, number):
            issues.close(session, one, someone(session, other), outcome="Done.", now=clock.now)
    assert waits(office) == []


def test_measures_wait_until_they_are_answered(office: Office) -> None:
    award_id, officer = offered(office), person(office)
    with office.sessions.begin() as session:
        wanted = [measures.Proposed(1, "Call-outs a week", "Three fewer")]
        proposal = measures.propose(
            session, award_id, name="Ada", wanted=wanted, why="We count weeks.", now=office.clock()
        ).id
    assert stands(office, Waits.MEASURES) == ["the offer is open until 21 December 2026"]
    with office.sessions.begin() as session:
        measures.decline(session, proposal, someone(session, officer), reason="No.", office=office, now=office.clock())
    assert waits(office) == []


def test_bank_details_wait_to_be_verified_and_again_once_they_change(office: Office) -> None:
    award_id, finance = active(office), person(office, Role.FINANCE)
    for version, number in ((1, "12345678"), (2, "87654321")):
        with office.sessions.begin() as session:
            account = Account("Riverside Boxing Club", "200415", number, "", own_name=True)
            bank_details.give(session, award_id, account, office=office, now=office.clock())
        [one] = stands(office, Waits.BANK_DETAILS)
        assert one.startswith("changed") == (version == 2)
        with office.sessions.begin() as session:
            award_checks.verify_bank_details(
                session, award_id, someone(session, finance), note="Rang.", now=office.clock()
            )
        assert waits(office, Waits.BANK_DETAILS) == []


def test_documents_and_refused_mails_are_shown_for_as_long_as_the_policy_says(office: Office, clock: Any) -> None:
    application = submitted(office)
    with office.sessions.begin() as session:
        found = applications.by_id(session, application)
        for number, scan in enumerate(("waiting", "infected", "clean")):
            document = Document(
                application_id=application, kind="quote", name=f"{number}.pdf", media_type="application/pdf", size=1,
                sha256="0" * 64, store_key=f"key{number}", scan=scan, in_draft=False, uploaded_at=clock.now,
                uploaded_by="applicant", removed_at=clock.now if scan == "infected" else None,
            )  # fmt: skip
            session.add(document)
        mail = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "receipt")).one()
        mail_refusals.note(session, mail, by="the mail server", code="550", now=clock.now)
        reference = found.reference
    assert stands(office, Waits.DOCUMENT) == ["still being checked for viruses", "refused: harmful"]
    [refused] = waits(office, Waits.MAIL)
    assert refused.reference == reference
    clock.forward(days=7)
    week = replace(office.policy.refused_shown_days, value=7)
    soon = replace(office, policy=replace(office.policy, refused_shown_days=week))
    assert stands(soon, Waits.DOCUMENT) == ["still being checked for viruses"]
    assert waits(soon, Waits.MAIL) == []
    clock.forward(days=21, seconds=-1)
    assert len(stands(office, Waits.DOCUMENT)) == 2
    assert len(waits(office, Waits.MAIL)) == 1
    clock.forward(seconds=1)
    assert stands(office, Waits.DOCUMENT) == ["still being checked for viruses"]
    assert waits(office, Waits.MAIL) == []


def test_what_the_office_itself_is_to_do_waits_once_its_day_has_passed(office: Office) -> None:
    olive = person(office)
    with office.sessions.begin() as session:
        for kind in ("bid", "window-closes", "publication"):
            deadlines.set_deadline(
                session, subject=f"own:{kind}", reference="OWN-1", kind=kind, due=FIRST, title=f"The {kind}",
                owner_id=olive, now=office.clock(),
            )  # fmt: skip
    assert waits(office, today=FIRST) == []
    found = waits(office, today=FIRST + timedelta(days=1))
    assert [(one.kind, one.who, one.project, one.owner) for one in found] == [
        (Waits.DUTY, "The bid", "bid for new funding", olive),
        (Waits.DUTY, "The publication", "monthly publication", olive),
    ]
