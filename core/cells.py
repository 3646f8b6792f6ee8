"""Text as a cell of a spreadsheet may hold it: whatever was typed, no program takes it for a formula."""

from __future__ import annotations

import unicodedata
from typing import Final

_WIDE_SIGNS: Final = ("＝", "＋", "－", "＠")


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula, once the CSV's writer has seen to the usual signs.

    Nothing that cannot be seen stays in front of it, for a formula behind it would not be seen as such; a sign of
    double width, which some spreadsheets take for the usual one, is put behind an apostrophe.
    """
    start = next((place for place, char in enumerate(text) if unicodedata.category(char)[0] not in "CZ"), len(text))
    return f"'{text[start:]}" if text[start:].startswith(_WIDE_SIGNS) else text[start:]
