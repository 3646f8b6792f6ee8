"""Whom the office writes to (D0): who may change it, who is told, and what becomes of links and corrections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core import applications, asking, audit, awards, contacts, corrections, deciding, links
from core.contacts import Contacts
from core.deciding import WrongInput
from core.errors import ChangedMeanwhile, Conflict, Gone, Refused
from core.link_terms import link_to
from core.office import Office
from core.records import ContactChange, Link
from core.rules.policy import Body, Role
from core.shown import mark
from tests.core import casework
from tests.core.casework import active, drafted, facts, messages, offered, person, someone, submitted, trail

ADA = Contacts("Ada Lovelock", "ada@riverside.example")
BEA = Contacts("Bea Newman", "bea@riverside.example")
SAM = {"second_name": "Sam Second", "second_email": "sam@riverside.example"}
WHY = "Ada has left; Bea asked, and I rang the club on its number."


def change(office: Office, application_id: int, wanted: Contacts, reason: str = WHY, **more: Any) -> int:
    who = more.pop("who", None) or person(office)
    with office.sessions.begin() as session:
        return contacts.change(
            session, application_id, someone(session, who), wanted, reason=reason, office=office, now=office.clock(),
            **more,
        ).id  # fmt: skip


def change_second(office: Office, award_id: int, name: str, email: str, **more: Any) -> None:
    with office.sessions.begin() as session:
        contacts.change_second(session, award_id, name, email, office=office, now=office.clock(), **more)


def stands(office: Office, application_id: int) -> Contacts:
    with office.reading() as session:
        return contacts.of(applications.by_id(session, application_id))


def told(office: Office) -> list[str]:
    """To whom a letter about the change went."""
    return [str(one.payload["to"]) for one in messages(office, contacts.LINE)]


def application_of(office: Office, award_id: int) -> int:
    with office.reading() as session:
        return awards.by_id(session, award_id).application_id


def standing_links(office: Office) -> int:
    with office.reading() as session:
        return len(session.scalars(select(Link.id).where(Link.revoked_at.is_(None))).all())


def test_a_second_contact_is_kept_with_an_application(office: Office) -> None:
    number = submitted(office, facts(**SAM))
    assert stands(office, number) == replace(ADA, **SAM)


def test_the_office_changes_the_first_contact_for_a_reason(office: Office) -> None:
    number = submitted(office)
    made = change(office, number, BEA)
    assert stands(office, number) == BEA
    with office.reading() as session:
        row = session.get_one(ContactChange, made)
        assert (row.name_was, row.email_was, row.reason) == (ADA.contact_name, ADA.contact_email, WHY)
        assert applications.by_id(session, number).contact_key == BEA.contact_email
        assert audit.verify(session).sound
    assert told(office) == ["first", "first_was"]


def test_the_trail_holds_neither_a_name_nor_an_address(office: Office) -> None:
    change(office, submitted(office, facts(**SAM)), replace(BEA, second_name="Di Other", second_email="di@x.example"))
    (line,) = trail(office, contacts.LINE)
    assert line.data["changed"] == list(contacts.FIELDS)
    assert not any(word in str(line.data) for word in ("@", "Bea New", "Lovelock", "Di ", "Second"))


@pytest.mark.parametrize("wanted", [BEA, replace(ADA, contact_name="Ada Byron"), replace(ADA, contact_email="a@b.uk")])
def test_a_change_of_the_first_contact_needs_a_reason(office: Office, wanted: Contacts) -> None:
    number = submitted(office)
    with pytest.raises(WrongInput) as refused:
        change(office, number, wanted, reason="  ")
    assert refused.value.field == "reason"
    assert stands(office, number) == ADA


def test_the_second_contact_alone_needs_none(office: Office) -> None:
    number = submitted(office)
    change(office, number, replace(ADA, **SAM), reason="")
    assert stands(office, number) == replace(ADA, **SAM)
    assert told(office) == ["first", "second"]


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (replace(ADA, contact_email=""), "contact_email"),
        (replace(ADA, contact_email="ada at home"), "contact_email"),
        (replace(ADA, contact_name=""), "contact_name"),
        (replace(ADA, second_name="Sam"), "second_email"),
        (replace(ADA, second_email="sam@riverside.example"), "second_name"),
        (replace(ADA, second_name="Sam", second_email="ADA@Riverside.example "), "second_email"),
        (replace(ADA, second_name="Sam", second_email="sam"), "second_email"),
        (replace(ADA, contact_name="A" * 500), "contact_name"),
    ],
    ids=["no address", "no such address", "no name", "name alone", "address alone", "the same", "wrong", "too long"],
)
def test_what_cannot_be_right_is_refused_at_its_field(office: Office, wanted: Contacts, field: str) -> None:
    number = submitted(office)
    with pytest.raises(WrongInput) as refused:
        change(office, number, wanted)
    assert refused.value.field == field
    assert stands(office, number) == ADA
    assert not trail(office, contacts.LINE)


def test_nothing_changed_is_said(office: Office) -> None:
    with pytest.raises(Refused, match="Nothing is changed"):
        change(office, submitted(office), replace(ADA, contact_name=" Ada  Lovelock "))


def test_whoever_has_an_interest_or_is_not_of_the_office_does_not(office: Office) -> None:
    number, officer = submitted(office), person(office)
    with office.sessions.begin() as session:
        deciding.declare_interest(session, number, someone(session, officer), reason="My club.", now=office.clock())
    for who in (officer, person(office, Role.OFFICER, Body.CONSTABULARY), person(office, Role.AUDITOR)):
        with pytest.raises(Refused) as refused:
            change(office, number, BEA, who=who)
        assert refused.value.rule == "A2"
    assert stands(office, number) == ADA


def test_a_draft_is_changed_in_its_form(office: Office) -> None:
    with pytest.raises(Conflict):
        change(office, drafted(office), BEA)


def test_whoever_comes_second_is_told(office: Office) -> None:
    number = submitted(office)
    seen = mark(stands(office, number).as_fields(), contacts.FIELDS)
    change(office, number, BEA, seen=seen)
    with pytest.raises(ChangedMeanwhile):
        change(office, number, replace(ADA, **SAM), seen=seen)
    assert stands(office, number) == BEA


def test_two_at_once_make_one_change(office: Office) -> None:
    number, who = submitted(office), [person(office), person(office)]
    seen = mark(ADA.as_fields(), contacts.FIELDS)
    came = casework.at_once(
        [
            lambda one=one, wanted=wanted: change(office, number, wanted, seen=seen, who=one)  # type: ignore[misc]
            for one, wanted in zip(who, (BEA, replace(ADA, contact_email="ada@new.example")), strict=True)
        ]
    )
    assert len(came.done) == len(came.refused) == 1
    assert told(office) == ["first", "first_was"]


def test_an_address_that_is_given_up_takes_every_link_with_it(office: Office) -> None:
    award_id = offered(office)
    with office.sessions.begin() as session:
        link_to(session, "offer", award_id, policy=office.policy, now=office.clock())
    assert standing_links(office) == 2
    change(office, application_of(office, award_id), BEA)
    assert standing_links(office) == 0
    assert [line.data["links"] for line in trail(office, "links_revoked")] == [2]


def test_links_stay_where_no_address_is_given_up(office: Office) -> None:
    number = submitted(office)
    before = standing_links(office)
    change(office, number, replace(ADA, contact_name="Ada Byron", **SAM))
    assert standing_links(office) == before > 0
    change(office, number, Contacts(SAM["second_name"], SAM["second_email"], "Ada Byron", ADA.contact_email))
    assert standing_links(office) == before  # the two have changed places: both are written to still
    assert not trail(office, "links_revoked")


def test_a_correction_does_not_bring_the_old_contact_back(office: Office) -> None:
    number, officer = submitted(office), person(office)
    with office.sessions.begin() as session:
        applications.by_id(session, number).answers = {"contact_email": ADA.contact_email, "title": "Old"}
        asked = asking.ask(
            session, applications.by_id(session, number), someone(session, officer), "Is the title right?",
            office=office, now=office.clock(), may_correct=True,
        ).id  # fmt: skip
    with office.sessions.begin() as session:
        corrections.save(session, applications.by_id(session, number), {"title": "New"}, now=office.clock())
    change(office, number, BEA)
    with office.reading() as session:
        application = applications.by_id(session, number)
        open_one = corrections.open_for(session, application)
        assert open_one is not None
        assert open_one.id == asked
        answers = corrections.answers_of(session, application, open_one)
        assert (answers["contact_email"], answers["title"]) == (BEA.contact_email, "New")
        assert application.answers["contact_email"] == BEA.contact_email


def test_a_correction_of_a_second_contact_stays_out_of_the_trail(office: Office) -> None:
    number, officer = submitted(office), person(office)
    with office.sessions.begin() as session:
        asked = asking.ask(
            session, applications.by_id(session, number), someone(session, officer), "Who else?",
            office=office, now=office.clock(), may_correct=True,
        ).id  # fmt: skip
    with office.sessions.begin() as session:
        corrections.send(session, asked, facts(**SAM), office=office, source="applicant", now=office.clock())
    (line,) = trail(office, corrections.CORRECTED)
    assert line.data["changed"] == ["second_name", "second_email"]
    assert "sam@" not in str(line.data)
    assert stands(office, number) == replace(ADA, **SAM)


def test_the_recipient_of_an_award_that_runs_changes_the_second_contact(office: Office) -> None:
    award_id = active(office)
    number = application_of(office, award_id)
    change_second(office, award_id, " Sam  Second", "sam@riverside.example")
    assert stands(office, number) == replace(ADA, **SAM)
    assert told(office) == ["first", "second"]
    assert not trail(office, "links_revoked")
    change_second(office, award_id, "", "")
    assert stands(office, number) == ADA
    assert told(office) == ["first", "second", "first", "second_was"]
    assert trail(office, "links_revoked")
    assert [line.actor for line in trail(office, contacts.LINE)] == ["recipient", "recipient"]
    with office.reading() as session:
        assert audit.verify(session).sound


def test_the_recipient_changes_nothing_before_the_offer_is_accepted(office: Office) -> None:
    with pytest.raises(Conflict):
        change_second(office, offered(office), "Sam", "sam@riverside.example")


def test_the_recipient_names_no_second_contact_at_the_first_address(office: Office) -> None:
    with pytest.raises(WrongInput) as refused:
        change_second(office, active(office), "Sam", "Ada@riverside.example")
    assert refused.value.field == "second_email"


def test_a_link_of_the_old_address_is_of_no_use(office: Office) -> None:
    number = submitted(office)
    with office.sessions.begin() as session:
        link = link_to(session, "application", number, policy=office.policy, now=office.clock())
    token = office.signer.token("application", link)
    change(office, number, BEA)
    with office.reading() as session, pytest.raises(Gone, match="no longer works"):
        links.follow(session, office.signer, "application", token, now=office.clock())
