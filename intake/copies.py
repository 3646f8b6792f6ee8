"""What somebody sent, as a PDF to keep: tagged, in English, from the answers as the record has them.

WeasyPrint needs Debian's Pango. It is loaded when the first copy is made; a desk without it goes on, and says so.
"""

from __future__ import annotations

import ctypes
import logging
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

import structlog
from flask import Response, render_template

from intake import pages

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0"
"""What Debian calls the libraries that a copy needs."""

_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")

_NO_GLYPH: Final = ".notdef glyph"
"""How WeasyPrint's warning begins of a sign that none of the machine's fonts has."""

_missing: ContextVar[set[str] | None] = ContextVar("missing", default=None)
"""The signs that no font had for the copy which is being made."""


class NoCopies(Exception):  # noqa: N818 - it is no error of ours
    """What a PDF needs is not on this machine. Its text says what to install."""


@cache
def can_be_made() -> bool:
    """Whether this machine has what a PDF needs."""
    try:
        for name in _LIBRARIES:
            ctypes.CDLL(name)
    except OSError:
        return False
    return True


def worded(template: str, **facts: Any) -> str:
    """A copy in its words, from rows of the record: the PDF is made of it once the record is let go."""
    return render_template(f"intake/{template}", made_at=pages.office().clock(), **facts)


def answer(words: str, name: str, *, what: str, back: str) -> Response:
    """A copy as a file that is called `name`; where none can be made, how to print `what` from the page at `back`."""
    try:
        pdf = as_pdf(words)
    except NoCopies:
        return pages.page("no_copy.html", 503, title="We cannot make a PDF at the moment", what=what, back=back)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(pdf, content_type="application/pdf", headers=headers)


def as_pdf(words: str) -> bytes:
    """The PDF of a copy. Nothing is fetched for it: no file, no network. Raises NoCopies.

    What the first font has not got is taken from any other that is installed. A sign that none has is named in its
    place, since an empty box says nothing; the log says once for each copy which they were, never where.
    """
    if not can_be_made():
        raise NoCopies(f"A PDF needs Pango, which is not installed: {PACKAGES}.")
    with _missing_signs() as missing:
        pdf = _drawn(words)
        if missing:
            signs = " ".join(sorted(f"U+{ord(sign):04X}" for sign in missing)[:_SIGNS_LOGGED])
            structlog.get_logger().warning(
                "copy_without_signs", signs=signs, remedy="install a font that has them, such as fonts-noto-core"
            )
            pdf = _drawn(readable(words, missing))
    return pdf


_SIGNS_LOGGED: Final = 20


def _drawn(words: str) -> bytes:
    from weasyprint import HTML  # noqa: PLC0415 - it takes a second, and libraries that may not be there

    pdf: bytes = HTML(string=words, url_fetcher=_nothing).write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def readable(words: str, missing: set[str]) -> str:
    """The words with a mark for what no font has: the name of a sign such as an emoji, one [?] for a run of letters."""
    head, body, rest = words.partition("<body>")
    runs = re.compile(f"[{re.escape(''.join(sorted(missing)))}]+")
    return head + body + runs.sub(lambda found: _marks(found.group()), rest)


def _marks(run: str) -> str:
    marks = [
        f"[{unicodedata.name(sign).lower()}]" if unicodedata.category(sign).startswith("S") else "[?]" for sign in run
    ]
    return "".join(
        mark for number, mark in enumerate(marks) if number == 0 or (mark, marks[number - 1]) != ("[?]", "[?]")
    )


@contextmanager
def _missing_signs() -> Iterator[set[str]]:
    """The signs that WeasyPrint finds in no font meanwhile; its warning for each is all that tells of them."""
    logging.getLogger("weasyprint").addFilter(_not_missing)
    found: set[str] = set()
    token = _missing.set(found)
    try:
        yield found
    finally:
        _missing.reset(token)


def _not_missing(record: logging.LogRecord) -> bool:
    found = _missing.get()
    if found is None or not str(record.msg).startswith(_NO_GLYPH) or not isinstance(record.args, tuple):
        return True
    found.add(str(record.args[0]))
    return False


def _nothing(url: str, *_more: Any, **_others: Any) -> Any:
    raise ValueError(f"a copy fetches nothing, and not {url[:80]}")
