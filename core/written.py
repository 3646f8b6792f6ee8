"""What somebody writes for the record in their own words: a question, a reason, a note. Tidy, and never cut short."""

from __future__ import annotations

from typing import Final

from core.errors import Refused
from core.rules.answers import clean_long

LONGEST_WORDS: Final = 3_000
"""Characters of it: as much as Slack lets a person type into one field, so that the web takes what Slack does.

Slack's figure, and no choice of an office's: it is not in the policy.
"""


def words(text: str, missing: str, rule: str, *, most: int = LONGEST_WORDS, what: str = "it") -> str:
    """What must be written, tidied. Raises Refused, saying what is `missing` where nothing is there, or as `note`."""
    tidy = note(text, rule, most=most, what=what)
    if not tidy:
        raise Refused(missing, rule)
    return tidy


def note(text: str, rule: str, *, most: int = LONGEST_WORDS, what: str = "it") -> str:
    """What may be written, tidied; "" for nothing. Raises Refused for more than `most` characters, naming `what`."""
    tidy = clean_long(text)
    if len(tidy) > most:
        raise Refused(f"Keep {what} to {most:,} characters. It has {len(tidy):,}.", rule)
    return tidy


def reason(text: str, missing: str, rule: str, *, agreed_by: str = "") -> str:
    """Why something is changed, as `words`; with who agreed it in a line of its own, which takes none of the room."""
    said = words(text, missing, rule, what="the reason")
    return f"{said}\nAgreed by {agreed_by}." if agreed_by else said
