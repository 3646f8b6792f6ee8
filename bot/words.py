"""Words for Slack: what somebody typed is kept apart from what the desk says, and days are written for people.

Applicants' text is hostile until shown otherwise. It travels as `Typed`, which is no string and refuses to become part
of one; it reaches Slack as plain text, as a literal piece of rich text, or escaped, and in no other way.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NoReturn

from core.office import london_moment
from core.rules.calendar import date_text as day
from core.rules.words import counted, listed

__all__ = [
    "NOTHING",
    "Typed",
    "clean",
    "counted",
    "cut",
    "day",
    "escaped",
    "listed",
    "local_moment",
    "one_line",
    "shown",
]

_JOINERS = "\u200c\u200d"  # emoji and several scripts are spelt with these; they hide and reorder nothing
_MENTION_SIGNS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


@dataclass(frozen=True, slots=True)
class Typed:
    """Text that somebody typed into a form or a modal. It cannot be put into an f-string by accident."""

    text: str

    def __bool__(self) -> bool:
        """Whether there is anything in it that can be seen."""
        return bool(clean(self.text))

    def __str__(self) -> NoReturn:
        """Refuse: a typed text inside our own words could pass for our own words."""
        raise TypeError(
            "typed text becomes plain text, a literal piece or an escaped one: see bot.words and bot.blocks"
        )

    def __format__(self, _spec: str) -> NoReturn:
        """Refuse, as `str()` does."""
        raise TypeError(
            "typed text becomes plain text, a literal piece or an escaped one: see bot.words and bot.blocks"
        )


NOTHING: Final = Typed("")
"""Where nothing was typed."""


def clean(text: str) -> str:
    """The text without control characters, reordering marks and whatever else cannot be seen; newlines stay."""
    text = re.sub(r"\r\n?|[\u2028\u2029\u0085\v\f]", "\n", text).replace("\t", " ")
    kept = (
        character
        for character in text
        if character == "\n" or character in _JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )
    return re.sub(r"\n{3,}", "\n\n", "".join(kept)).strip()


def one_line(text: str) -> str:
    """The cleaned text with every run of white space, newlines too, as one blank."""
    return " ".join(clean(text).split())


def cut(text: str, most: int) -> str:
    """The text, or as much of it as `most` characters hold with an ellipsis at the end."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def shown(text: Typed | str, most: int, *, lines: bool = False) -> str:
    """Cleaned and cut to `most` characters, for where Slack reads nothing into it. On one line unless `lines`."""
    raw = text.text if isinstance(text, Typed) else text
    return cut(clean(raw) if lines else one_line(raw), most)


def escaped(text: Typed | str, most: int) -> str:
    """For mrkdwn and for a message's top-level `text`: cleaned, cut to `most` characters, then escaped.

    What Slack would read as a mention or a link is text after this. The result can be up to five times `most` long.
    """
    result = shown(text, most)
    for sign, entity in _MENTION_SIGNS:
        result = result.replace(sign, entity)
    return result


def local_moment(instant: datetime, *, ago: bool = False) -> str:
    """A moment in mrkdwn that Slack shows in the reader's own time zone; London's (`london_moment`) where it cannot.

    With `ago` Slack says beside it how long ago that is whenever somebody looks, so that it never goes stale.
    """
    shown = "{date_short_pretty} {time}" + (", {ago}" if ago else "")
    return f"<!date^{int(instant.astimezone(UTC).timestamp())}^{shown}|{london_moment(instant)}>"
