"""What is wrong with the shape of a policy file, in plain words with the remedy, once for each place."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from core.policy_checks import Where

__all__ = ["PATTERNS", "shape_faults"]

_WORDS: Final[Mapping[str, str]] = {
    "missing": "it is missing: add it",
    "extra_forbidden": "nothing of this name is known: correct the name, or take it out",
    "string_type": "it must be text: write it in quotation marks",
    "string_too_short": "there is nothing in it: fill it in",
    "int_type": "it must be a whole number: write it without quotation marks, such as 6",
    "bool_type": "it must be true or false: write it without quotation marks",
    "tuple_type": 'it must be a list: write it in square brackets, such as ["one", "two"]',
    "too_short": "the list is empty: put something in it",
    "dict_type": "it must be a table: give it the keys that belong to it",
    "model_type": "it must be a table: give it the keys that belong to it",
    "greater_than_equal": "it is too small: make it {ge} or more",
    "less_than_equal": "it is too large: make it {le} or less",
    "enum": "it must be one of these: {expected}",
    "literal_error": "it must be one of these: {expected}",
}
"""What pydantic found, in the words of the desk, with what it says of the limits."""

PATTERNS: Final[Mapping[str, str]] = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": 'small letters and digits, with hyphens between words, such as "youth-fund"',
    r"^[a-z][a-z0-9_]{0,39}$": 'small letters, digits and underscores, at most 40, such as "club_nights"',
    r"^[A-Z]{2}$": 'two capital letters, such as "YF"',
    r"^[0-9A-Z]{10,}$": "ten or more digits and capital letters",
}
"""What a text of each shape looks like; a test says where one is missing."""


def shape_faults(error: ValidationError) -> Iterable[tuple[Where, str]]:
    """Every fault with its place in the file, in the order in which they stand there."""
    found: dict[Where, str] = {}
    for fault in error.errors(include_url=False):
        found.setdefault(tuple(part for part in fault["loc"] if part != "[key]"), _said(fault))
    for where, said in found.items():
        # A list is counted without its wrong rows, and then said to be empty.
        if said != _WORDS["too_short"] or not any(_inside(other, where) for other in found):
            yield where, said


def _inside(place: Where, where: Where) -> bool:
    return len(place) > len(where) and place[: len(where)] == where


def _said(fault: Any) -> str:
    kind, facts = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return str(facts["error"])
    if kind.startswith("date"):
        return "it must be a day: write it without quotation marks, such as 2027-04-01"
    if kind == "string_pattern_mismatch":
        return f"it must be {PATTERNS[facts['pattern']]}: correct it"
    said = _WORDS.get(kind, "it is not what belongs here: compare it with the file that is shipped")
    expected = str(facts.get("expected", "")).replace("'", "").replace(" or ", ", ")
    if "," not in expected:
        said = said.replace("one of these: ", "")
    return said.format(**{**facts, "expected": expected})
