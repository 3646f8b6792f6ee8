"""The public register, to read and to load."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core.office import Office
from core.records import Application


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


@pytest.fixture
def hostile(office: Office, accepted: str) -> str:
    """The accepted award, with a recipient and a title that would be formulas."""
    with office.sessions.begin() as session:
        application = session.scalars(select(Application).where(Application.reference == accepted)).one()
        application.organisation_name = '\t=HYPERLINK("http://evil.example","x")'
        application.title = "=1+1"
    return accepted


def rows(browser: Any) -> list[dict[str, str]]:
    answer = browser.get("/awards.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8"))))


def test_an_award_is_on_the_register_from_its_acceptance(
    browser: Any, offered: Any, acceptance: dict[str, str]
) -> None:
    path = offered()
    assert "No award has been accepted yet" in text_of(browser.get("/awards"))
    browser.send(path, acceptance)
    page = text_of(browser.get("/awards"))
    assert "Ramsey Boxing Club" in page
    assert "1 award, £2,000 in all." in page


def test_one_award_says_why_and_on_what_conditions(browser: Any, accepted: str) -> None:
    page = text_of(browser.get(f"/awards/{accepted}"))
    for words in (
        "It helps where help is scarce.",
        "Keep a register.",
        "Huntingdonshire",
        "£2,000 to Ramsey Boxing Club",
    ):
        assert words in page
    assert "kim@boxing.example" not in page
    assert "PE26" not in page
    assert browser.get("/awards/YF-2026-NNNNNN").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fund=youth-fund", True),
        ("fund=community-fund", False),
        ("year=2026-27", True),
        ("year=2027-28", False),
        ("q=boxing+friday", True),
        ("q=swimming", False),
        ("year=nonsense&fund=nonsense", True),
    ],
)
def test_filters(browser: Any, accepted: str, query: str, found: bool) -> None:
    assert (accepted in text_of(browser.get(f"/awards?{query}"))) is found


def test_csv_holds_the_contracts_columns(browser: Any, accepted: str) -> None:
    (row,) = rows(browser)
    assert (row["reference"], row["kind"], row["fund"]) == (accepted, "grant", "youth-fund")
    assert (row["recipient"], row["amount_awarded"]) == ("Ramsey Boxing Club", "2000.00")


def test_no_cell_is_a_formula(browser: Any, hostile: str) -> None:
    (row,) = rows(browser)
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    with zipfile.ZipFile(io.BytesIO(browser.get("/awards.xlsx").data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in words
    assert "<v>2000.00</v>" in sheet


def test_json_is_a_360giving_package_of_grants(browser: Any, accepted: str) -> None:
    answer = browser.get("/awards.json")
    assert answer.mimetype == "application/json"
    package = json.loads(answer.data)
    assert package["version"] == "1.4"
    (grant,) = package["grants"]
    assert grant["amountAwarded"] == 2000
    assert grant["id"].endswith(accepted)
