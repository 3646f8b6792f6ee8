"""What people wrote, as a letter shows it: tidy, cut to what a letter holds, and with no link that is not ours."""

from __future__ import annotations

import re
import textwrap

from bot.words import clean, cut, one_line

SHORT = 120
"""How many characters of a typed name or title a letter shows."""

LINE = 300
"""How many characters of a measure, or of a target, a letter shows."""

LONG = 6_000
"""How many characters of the office's reasons a letter shows: more than the form of the decision takes."""

_BARE_ADDRESS = re.compile(r"(?<=\w)\.(?=[^\W\d_])")


def typed(text: str | None, most: int = SHORT) -> str:
    """What somebody typed, on one line, with nothing in it that a mail program turns into a link."""
    return cut(_BARE_ADDRESS.sub(". ", one_line(text or "").replace("://", ": //")), most)


def paragraphs(text: str) -> list[str]:
    """What the office wrote, by paragraph."""
    return [line for line in cut(clean(text), LONG).split("\n") if line.strip()]


def wrapped(text: str) -> str:
    """A paragraph in lines that every mail program shows whole."""
    return textwrap.fill(text, 76, break_long_words=False, break_on_hyphens=False)
