"""Finding by reference, organisation, title and postcode: every word counts, and nothing typed is a wildcard."""

from __future__ import annotations

import pytest

from core import finding
from core.office import Office
from tests.core.casework import drafted, facts, submitted


def names(office: Office, words: str, most: int = 8) -> list[str]:
    with office.reading() as session:
        return [one.organisation_name or "" for one in finding.found(session, words, most=most)]


@pytest.fixture
def three(office: Office) -> Office:
    for name, title in (
        ("Ramsey Boxing Club", "Gym"),
        ("Ely Boxing 100%", "Boats"),
        ("Fen_land Rowing", "Gym on water"),
    ):
        submitted(office, facts(organisation_name=name, title=title))
    drafted(office)
    return office


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("boxing", ["Ely Boxing 100%", "Ramsey Boxing Club"]),
        ("BOXING ramsey", ["Ramsey Boxing Club"]),
        ("gym", ["Fen_land Rowing", "Ramsey Boxing Club"]),
        ("gym boxing", ["Ramsey Boxing Club"]),
        ("100%", ["Ely Boxing 100%"]),
        ("%", ["Ely Boxing 100%"]),
        ("_", ["Fen_land Rowing"]),
        ("n_l", ["Fen_land Rowing"]),
        ("\\", []),
        ("nobody", []),
        ("", []),
        ("   ", []),
    ],
)
def test_every_word_is_looked_for_literally(three: Office, words: str, found: list[str]) -> None:
    assert names(three, words) == found


def test_a_reference_finds_that_one_however_it_is_typed(three: Office) -> None:
    with three.reading() as session:
        (one,) = finding.found(session, "ramsey", most=8)
        reference = one.reference or ""
        assert [found.id for found in finding.found(session, f" {reference.lower()} ", most=8)] == [one.id]
        assert [found.id for found in finding.found(session, reference[-6:], most=8)] == [one.id]
        assert finding.found(session, "YF-2026-XXXXXX", most=8) == []


def test_no_more_are_found_than_asked_for_the_latest_first(three: Office) -> None:
    assert names(three, "e", most=2) == ["Fen_land Rowing", "Ely Boxing 100%"]
