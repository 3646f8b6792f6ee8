"""Files that are two things at once: what another program would make of them."""

from __future__ import annotations

import io
import zipfile

from core.errors import Refused

_ACTIVE = (b"<script", b"<html", b"<svg ", b"<svg>", b"<iframe", b"<!doctype html", b"<?php")
"""Long enough that they do not turn up in ten megabytes of noise."""


def check_only_one_thing(data: bytes, *, what: str) -> None:
    """Raises Refused for bytes that are also an archive, or that a browser or server would run as a page."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise Refused(f"This {what} has an archive hidden in it, so we do not take it. Save it again and send that.")
    lower = data.lower()
    if any(word in lower for word in _ACTIVE):
        raise Refused(f"This {what} has a web page hidden in it, so we do not take it. Save it again and send that.")
