"""What a file is, by its content: taken if it is one of a few kinds and holds nothing that acts by itself.

A name and a browser's word count for nothing. Each kind is opened within bounds of size, number and time; whatever
cannot be looked into is refused, with words that say how to send it instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import puremagic

from core.contents import office_files, pdf, pictures
from core.errors import Refused

TAKEN = "a PDF, a photo (JPEG or PNG), or a Word (.docx), Excel (.xlsx) or OpenDocument (.odt, .ods) file"

EXTENSIONS = {
    pdf.PDF: "pdf",
    pictures.JPEG: "jpg",
    pictures.PNG: "png",
    office_files.DOCX: "docx",
    office_files.XLSX: "xlsx",
    office_files.ODT: "odt",
    office_files.ODS: "ods",
}
"""Every media type that is taken, and how a file of it is called."""

PICTURES = (pictures.JPEG, pictures.PNG)

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEIC = (b"ftypheic", b"ftypheix", b"ftypheif", b"ftypmif1", b"ftypmsf1", b"ftyphevc")


@dataclass(frozen=True)
class Content:
    """A file that is taken: what it is, and what is kept of it. Of a picture that is only what one can see."""

    media_type: str
    data: bytes

    @property
    def extension(self) -> str:
        """How a file of this kind ends, without the dot."""
        return EXTENSIONS[self.media_type]


def read_content(data: bytes) -> Content:
    """What these bytes are. Raises Refused, with the reason, for what is not taken."""
    if not data:
        raise Refused("This file is empty. Choose it again, or another one.")
    if data.startswith(b"%PDF-"):
        pdf.check(data)
        return Content(pdf.PDF, data)
    if data.startswith(pictures.STARTS):
        return Content(*pictures.cleaned(data))
    if data.startswith(b"PK\x03\x04"):
        return Content(office_files.checked(data), data)
    raise Refused(_instead(data))


def _instead(data: bytes) -> str:
    if data.startswith(_OLD_OFFICE):
        return "This is an old kind of Office file. Open it, save it as .docx, .xlsx or PDF, and send that."
    if data[4:12] in _HEIC:
        return "This is an iPhone's HEIC photo. Send it as JPEG: on a phone, choose “Most compatible” under Camera."
    ending = _ending_of(data)
    return f"We cannot take this file{f': inside, it is a {ending} file' if ending else ''}. Send {TAKEN}."


def _ending_of(data: bytes) -> str:
    """How a file with this content is usually called, such as ".html"; "" where nothing fits well."""
    try:
        guesses = puremagic.magic_string(data[:65_536])
    except (puremagic.PureError, ValueError):
        return ""
    best = max(guesses, key=lambda guess: guess.confidence, default=None)
    return best.extension if best is not None and best.confidence >= 0.4 else ""
