"""What a form showed when it was opened, field by field: so that whoever sends it later is told what has changed since.

A page carries a short digest of each of its fields and sends it back with them. A digest says whether a field holds
what it held then, whatever a browser makes of the ends of lines; it is no secret and proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

_DIGITS: Final = 10


def storable(text: str) -> str:
    """What was typed as the record keeps it: lines end in one way, and without what no PostgreSQL text can hold.

    That is NUL and half a surrogate pair.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char != "\0" and not "\ud800" <= char <= "\udfff")


def mark(answers: Mapping[str, object], names: Iterable[str] | None = None) -> str:
    """What a page says of its fields: `name:digest name:digest`. Those of `answers` unless named; one without is ""."""
    return " ".join(f"{name}:{_digest(answers.get(name, ''))}" for name in (answers if names is None else names))


class Shown:
    """What a page says that it showed: its mark, sent back; "" from whoever opened no page, and so missed nothing."""

    def __init__(self, said: str) -> None:
        self._digests = {name: digest for name, _, digest in (one.rpartition(":") for one in said.split())}

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self._digests)

    def had(self, name: str, text: object) -> bool:
        """Whether this is what the field held when it was shown. One that the page did not have was empty."""
        return not self._digests or self._digests.get(name, _digest("")) == _digest(text)

    def changed(self, answers: Mapping[str, object], names: Iterable[str] | None = None) -> tuple[str, ...]:
        """Which of these fields hold something else now; unless named, of all that there are or that were shown."""
        wanted = dict.fromkeys((*answers, *self._digests)) if names is None else names
        return tuple(name for name in wanted if not self.had(name, answers.get(name, "")))


def _digest(held: object) -> str:
    return hashlib.sha256(storable(str(held)).encode()).hexdigest()[:_DIGITS]
