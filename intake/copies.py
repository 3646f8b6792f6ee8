"""An application as a PDF to keep: tagged, in English, from the answers as the record has them.

WeasyPrint needs Debian's Pango. It is loaded when the first copy is made; a desk without it goes on, and says so.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from flask import render_template

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0"
"""What Debian calls the libraries that a copy needs."""

_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")


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


def as_pdf(**facts: Any) -> bytes:
    """The copy, worded by `copy.html`. Nothing is fetched for it: no file, no network. Raises NoCopies."""
    if not can_be_made():
        raise NoCopies(f"A PDF needs Pango, which is not installed: {PACKAGES}.")
    from weasyprint import HTML  # noqa: PLC0415 - it takes a second, and libraries that may not be there

    document = HTML(string=render_template("intake/copy.html", **facts), url_fetcher=_nothing)
    pdf: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
    return pdf


def _nothing(url: str, *_more: Any, **_others: Any) -> Any:
    raise ValueError(f"a copy fetches nothing, and not {url[:80]}")
