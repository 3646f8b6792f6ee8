"""When two bids are by one organisation, and when one looks like the other."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.organisations import Bid, OrganisationKeys, address_key, alike, clean_name, keys_of, same_organisation

WORDS = st.text(max_size=40) | st.text(alphabet=string.ascii_letters + " &'.-", max_size=40)
NUMBERS = st.none() | st.sampled_from(["1234567", "1234568", "SC012345", " 123 4567 "])
KEYS = st.builds(
    keys_of, WORDS | st.sampled_from(["Club", "The Club Ltd"]), st.sampled_from(["PE1 9ZZ", "pe19zz", ""]), NUMBERS,
    NUMBERS,
)  # fmt: skip
DAYS = st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1))
BIDS = st.builds(Bid, WORDS, st.integers(1, 10_000_00), DAYS, DAYS)
TENTH = Fraction(1, 10)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ramsey Boxing Club", "  ramsey   BOXING club "),
        ("The Ramsey Boxing Club Ltd.", "Ramsey Boxing Club"),
        ("St. Mary's Hall", "St Marys Hall"),
        ("St Mary’s Hall", "St Mary's Hall"),
        ("Fish & Chips CIC", "Fish and Chips"),
        ("Café Éclair", "cafe eclair"),
        ("Over-60s Club", "Over 60s club"),
    ],
)
def test_the_spelling_of_a_name_does_not_matter(one: str, other: str) -> None:
    assert clean_name(one) == clean_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ramsey Boxing Club", "Ramsey Bowling Club"), ("Club 1", "Club 2"), ("The Ltd", "")]
)
def test_other_names_are_other_names(one: str, other: str) -> None:
    assert clean_name(one) != clean_name(other)


@given(WORDS)
def test_a_clean_name_is_clean(name: str) -> None:
    assert clean_name(clean_name(name)) == clean_name(name)
    assert clean_name(name.upper().lower()) == clean_name(name.lower().upper().lower())


@given(st.text(max_size=60))
def test_an_address_has_one_key(address: str) -> None:
    assert address_key(address_key(address)) == address_key(address)
    assert address_key(f" {address}\n") == address_key(address)


def test_only_what_ascii_has_in_two_cases_is_one_address() -> None:
    assert address_key("Kim@Boxing.Example") == "kim@boxing.example"
    assert address_key("\u212aim@boxing.example") != "kim@boxing.example"  # the kelvin, lowered to a k elsewhere


@given(KEYS, KEYS)
def test_whichever_comes_first_they_are_the_same_or_not(one: OrganisationKeys, other: OrganisationKeys) -> None:
    assert same_organisation(one, other) is same_organisation(other, one)
    assert same_organisation(one, one) is (one != OrganisationKeys())


@given(BIDS, BIDS)
def test_whichever_comes_first_they_are_alike_or_not(one: Bid, other: Bid) -> None:
    assert alike(one, other, TENTH) == alike(other, one, TENTH)


def keys(charity: str | None = None, company: str | None = None, name: str = "Club", place: str = "PE1 9ZZ") -> object:
    return keys_of(name, place, charity, company)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (keys("1234567"), keys(" 1234567 ", name="Another name", place="PE2 1AA"), True),
        (keys("1234567"), keys("1234568"), False),  # one name and place, two registered charities
        (keys("1234567"), keys(), True),  # one of them left the number blank
        (keys("1234567"), keys(company="01234567"), True),  # no register has both: the name counts
        (keys("1234567", "01234567"), keys("1234568", "01234567"), True),
        (keys(company="sc012345"), keys(company="SC 012345", name="B"), True),
        (keys(), keys(place="pe1 9zz"), True),
        (keys(), keys(place="PE1 9ZY"), False),
        (keys(place=""), keys(place=""), False),  # a name alone says too little
    ],
)
def test_numbers_decide_and_else_name_and_place(one: OrganisationKeys, other: OrganisationKeys, same: bool) -> None:
    assert same_organisation(one, other) is same


BID = Bid("Friday night gym", 2_000_00, date(2027, 1, 1), date(2027, 10, 31))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ("title", "amount", "dates")),
        ({"title": "Friday night gym!", "amount": 1}, ("title", "dates")),
        ({"title": "A friday night gym"}, ("title", "amount", "dates")),  # three of four words
        ({"title": "A new friday night gym"}, ("amount", "dates")),  # three of five
        ({"title": "", "amount": 2_222_22}, ("amount", "dates")),  # a tenth of the larger
        ({"title": "", "amount": 2_222_23}, ()),
        ({"start": date(2027, 10, 31), "end": date(2028, 1, 1)}, ("title", "amount", "dates")),
        ({"start": date(2027, 11, 1), "end": date(2028, 1, 1)}, ("title", "amount")),
        ({"start": date(2027, 11, 1), "end": date(2028, 1, 1), "amount": 1}, ()),
        ({"start": None, "amount": 1}, ()),
    ],
)
def test_two_of_title_amount_and_dates_make_bids_alike(changes: dict[str, object], found: tuple[str, ...]) -> None:
    assert alike(BID, replace(BID, **changes), TENTH) == found  # type: ignore[arg-type]
