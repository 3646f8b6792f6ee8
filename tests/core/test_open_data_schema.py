"""The package against 360Giving's own published schemas (W3)."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from core import publication
from core.office import Office
from core.rules.policy import OrganisationType
from tests.core.casework import active, facts, victims

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "360giving"
VERSIONS = "https://raw.githubusercontent.com/ThreeSixtyGiving/standard/{version}/schema/360-giving-schema.json"


def read(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def standard() -> Any:
    """A validator of packages. The schemas name their draft by a wrong address, so it is said here.

    They take a day or an instant, one of the two, so that a day must not pass for an instant.
    """
    formats = FormatChecker(["date", "email"])
    formats.checks("date-time", raises=ValueError)(is_instant)
    grant = DRAFT202012.create_resource(read("360-giving-schema.json"))
    registry: Registry[Any] = Registry().with_resources(
        [(VERSIONS.format(version=version), grant) for version in ("1.4.2", "1.4.3")]
    )
    schema = {key: value for key, value in read("360-giving-package-schema.json").items() if key != "$schema"}
    return Draft202012Validator(schema, registry=registry, format_checker=formats)


def is_instant(value: object) -> bool:
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


def package(office: Office) -> Any:
    with office.reading() as session:
        return json.loads(publication.package_360(session, office=office, now=office.clock()))


def test_the_package_is_what_the_standard_says(office: Office, standard: Any) -> None:
    active(office, facts(amount=714_84))
    active(office, facts(charity_number=None, organisation_type=OrganisationType.CONSTITUTED_GROUP))
    active(office, victims(company_number="01234567", start=date(2027, 4, 1), end=date(2029, 3, 31)))
    made = package(office)
    assert len(made["grants"]) == 3
    assert [error.message for error in standard.iter_errors(made)] == []
    assert len({grant["id"] for grant in made["grants"]}) == 3


def test_the_standard_s_check_bites(office: Office, standard: Any) -> None:
    """Without this, a schema that was never followed would pass anything."""
    active(office)
    good = package(office)
    wrong: tuple[dict[str, Any], ...] = (
        {"amountAwarded": None},
        {"amountAwarded": "2000.00"},
        {"awardDate": "23 November 2026"},
        {"recipientOrganization": []},
        {"fundingOrganization": None},
        {"currency": "pounds"},
    )
    for spoilt in wrong:
        bad = copy.deepcopy(good)
        grant = {**bad["grants"][0], **spoilt}
        bad["grants"] = [{name: value for name, value in grant.items() if value is not None}]
        assert list(standard.iter_errors(bad)) != [], spoilt


def test_what_the_code_lists_close_is_one_of_theirs(office: Office) -> None:
    active(office)
    [grant] = package(office)["grants"]
    countries = (SCHEMAS / "countryCode.csv").read_text(encoding="utf-8").splitlines()
    currencies = (SCHEMAS / "currency.csv").read_text(encoding="utf-8").splitlines()
    assert any(line.split(",")[0].strip('"') == grant["beneficiaryLocation"][0]["countryCode"] for line in countries)
    assert any(line.split(",")[0].strip('"') == grant["currency"] for line in currencies)


def test_the_schemas_still_name_their_draft_by_the_address_that_nobody_serves() -> None:
    """Once they do not, the fixture above can take them as they are."""
    named = read("360-giving-package-schema.json")
    assert validator_for(named, default=None) is None
