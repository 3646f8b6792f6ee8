"""What the public sees (W1, W3): accepted awards, to the penny, and nothing of anybody's that is not public."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update

from core import awards, publication
from core.errors import NotFound
from core.office import Office
from core.publication import COLUMNS, PublicAward
from core.records import Award
from core.rules.policy import Kind, OrganisationType, Role
from tests.core.casework import (
    CONDITIONS,
    accept,
    active,
    allocate,
    decide,
    facts,
    london,
    offered,
    person,
    recommended,
    victims,
)

PRIVATE = ("PE1 9ZZ", "PE19ZZ", "ada@riverside.example", "Ada Lovelock", "Grace Treasurer")
"""What casework's applicants and recipients are known by to the office alone."""


def register(office: Office, **given: Any) -> list[PublicAward]:
    with office.reading() as session:
        return publication.register(session, office=office, **given)


def package(office: Office) -> str:
    with office.reading() as session:
        return publication.package_360(session, office=office, now=office.clock())


def reference(office: Office, award_id: int) -> str:
    with office.reading() as session:
        return awards.by_id(session, award_id).reference


def end(office: Office, award_id: int, how: str) -> None:
    with office.sessions.begin() as session:
        award = awards.by_id(session, award_id)
        if how == "refused":
            awards.refuse(session, award, name="Grace", now=office.clock())
        elif how == "expired":
            awards.expire_offers(session, today=date(2027, 1, 1), now=office.clock())
        else:
            session.execute(update(Award).where(Award.id == award_id).values(status=how))


def test_an_award_is_public_from_its_acceptance_on_and_stays_so(office: Office) -> None:
    made = {how: offered(office) for how in ("refused", "active", "completed", "decommissioned", "expired")}
    assert register(office) == []
    for how in ("active", "completed", "decommissioned"):
        accept(office, made[how])
    for how in ("refused", "completed", "decommissioned", "expired"):
        end(office, made[how], how)
    offered(office)
    shown = {how: reference(office, made[how]) for how in ("active", "completed", "decommissioned")}
    assert {one.status: one.reference for one in register(office)} == shown
    assert {grant["id"] for grant in json.loads(package(office))["grants"]} == {
        f"360G-practice:{one}" for one in shown.values()
    }
    with office.reading() as session:
        found = publication.one(session, shown["active"].lower(), office=office)
        assert found.reference == shown["active"]
        for hidden in ("refused", "expired"):
            with pytest.raises(NotFound, match="once their offer is accepted"):
                publication.one(session, reference(office, made[hidden]), office=office)


def test_a_row_of_the_register(office: Office, clock: Any) -> None:
    clock.now = london(date(2026, 11, 24), 0, 10)
    award_id = active(office, facts(amount=1_234_56))
    [award] = register(office)
    row = award.as_data()
    assert tuple(row) == COLUMNS
    assert row == {
        "reference": reference(office, award_id),
        "kind": "grant",
        "fund": "youth-fund",
        "fund_name": "Youth Fund",
        "recipient": "Riverside Boxing Club",
        "title": "Gloves on, knives down",
        "amount_awarded": "1234.56",
        "awarded_on": "2026-11-24",
        "start": "2027-01-01",
        "end": "2027-10-31",
        "year": "2026-27",
        "status": "active",
        "purpose": "young_people",
        "csp_area": "Peterborough",
        "plan_objective": "Reduce crime and disorder",
        "conditions": CONDITIONS,
        "reasons": "A strong local need.",
        "legal_power": "section 9 of the Police Reform and Social Responsibility Act 2011",
        "contribution": "It is for young people, the purpose of the Youth Fund. It contributes to this objective of "
        "the Police and Crime Plan: Reduce crime and disorder.",
    }


def test_the_latest_of_each_fund_are_found_at_once(office: Office, clock: Any) -> None:
    made = [reference(office, active(office)) for _ in range(3)]
    clock.now += timedelta(hours=1)
    made.insert(0, reference(office, active(office)))
    theirs = reference(office, active(office, victims()))
    offered(office)
    with office.reading() as session:
        found = publication.latest(session, ["youth-fund", "moj-victims", "safer-streets"], 2, office=office)
        assert publication.latest(session, [], 2, office=office) == {}
    assert {fund: [one.reference for one in given] for fund, given in found.items()} == {
        "youth-fund": [made[0], made[3]],
        "moj-victims": [theirs],
        "safer-streets": [],
    }


def test_the_register_is_found_by_fund_year_words_and_kind_latest_decision_first(office: Office, clock: Any) -> None:
    youth = reference(office, active(office))
    clock.forward(hours=1)
    later = active(office, victims(start=date(2027, 4, 1), title="Someone to talk to", csp_area="Fenland"))
    for_victims = reference(office, later)

    def found(**given: Any) -> list[str]:
        return [one.reference for one in register(office, **given)]

    assert found() == [for_victims, youth]
    assert found(fund="youth-fund") == [youth]
    assert found(year=2027) == [for_victims]
    assert found(words="TALK fenland") == [for_victims]
    assert found(words="talk peterborough") == []
    assert found(words=youth.lower()) == [youth]
    with office.sessions.begin() as session:
        session.execute(text("UPDATE award SET kind = 'contract' WHERE reference = :one"), {"one": youth})
    assert found(kinds=[Kind.GRANT]) == [for_victims]
    assert found() == [for_victims, youth]
    assert [grant["title"] for grant in json.loads(package(office))["grants"]] == ["Someone to talk to"]


def test_the_package_holds_pounds_as_numbers_to_the_penny(office: Office) -> None:
    amounts = {1, 10, 2_000_00, 714_84, 3_500_00}
    for amount in amounts:
        active(office, facts(amount=amount))
    # 90071992547409.93 is the first amount of pounds and pence that a binary fraction cannot tell from its neighbour
    with office.sessions.begin() as session:
        session.execute(text("UPDATE award SET amount = 9007199254740993 WHERE amount = 1"))
    written = package(office)
    grants = json.loads(written, parse_float=Decimal)["grants"]
    assert {grant["amountAwarded"] for grant in grants} == {
        Decimal("90071992547409.93"),
        Decimal("0.10"),
        Decimal("2000.00"),
        Decimal("714.84"),
        Decimal("3500.00"),
    }
    assert '"amountAwarded": 90071992547409.93,' in written
    assert '"amountAppliedFor": 714.84,' in written


def test_less_than_was_asked_for_is_published_with_both_amounts(office: Office) -> None:
    allocate(office, "youth-fund", 9_000_00)
    application = recommended(office)
    decide(office, application, person(office, Role.COMMISSIONER), amount=1_999_99)
    with office.sessions.begin() as session:
        [award] = session.scalars(select(Award))
        awards.accept(session, award, name="Grace", office=office, now=office.clock())
    [grant] = json.loads(package(office), parse_float=str)["grants"]
    assert (grant["amountAppliedFor"], grant["amountAwarded"]) == ("2000.00", "1999.99")


def test_a_recipient_s_identifier(office: Office) -> None:
    cases: dict[str, dict[str, Any]] = {
        "GB-CHC-1234567": {"charity_number": "1234567", "company_number": "01234567"},
        "GB-SC-SC012345": {"charity_number": "SC012345"},
        "GB-NIC-100012": {"charity_number": "NIC100012"},
        "GB-COH-SC123456": {"charity_number": None, "company_number": "sc123456"},
        "360G-practice-org:st-ives-own-club": {"charity_number": None, "organisation_name": "St. Ives' Own Club"},
    }
    for title, numbers in cases.items():
        active(office, facts(organisation_type=OrganisationType.CONSTITUTED_GROUP, title=title, **numbers))
    grants = json.loads(package(office))["grants"]
    assert len(grants) == len(cases)
    for grant in grants:
        [recipient] = grant["recipientOrganization"]
        assert recipient["id"] == grant["title"]
        assert recipient.get("charityNumber") == cases[recipient["id"]]["charity_number"]
        assert recipient.get("companyNumber") == cases[recipient["id"]].get("company_number")


def test_nothing_of_anybody_s_is_published(office: Office) -> None:
    active(office)
    active(office, victims())
    with office.reading() as session:
        shown = [publication.one(session, one.reference, office=office) for one in register(office)]
    written = package(office)
    for said in (written, repr(shown), repr([one.as_data() for one in shown])):
        for private in PRIVATE:
            assert private.casefold() not in said.casefold()
        for word in ("postcode", "postalcode", "contact", "bank", "sort_code", "account"):
            assert word not in said.casefold()
    assert "Riverside Boxing Club" in written


def test_hostile_text_stays_text_in_the_package(office: Office) -> None:
    hostile = 'Gloves", "amountAwarded": 1, "x": "\u2028</script>=cmd|'
    active(office, facts(title=hostile, need=hostile))
    [grant] = json.loads(package(office), parse_float=str)["grants"]
    assert (grant["title"], grant["description"], grant["amountAwarded"]) == (hostile, hostile, "2000.00")


def test_an_empty_package_is_a_package(office: Office) -> None:
    empty = json.loads(package(office))
    assert (empty["version"], empty["grants"]) == ("1.4", [])
    assert empty["license"].startswith("https://www.nationalarchives.gov.uk/doc/open-government-licence/")
