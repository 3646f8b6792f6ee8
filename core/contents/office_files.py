"""Word, Excel and OpenDocument files: archives, opened part by part within bounds.

Refused are macros and other things that act, files inside files, archives that are more than they seem, and whatever
is joined to one.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence

from core.errors import Refused

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"

MOST_PARTS = 3_000
MOST_INFLATED = 100_000_000
"""Bytes of all parts together, once opened."""

MOST_TIMES = 250
"""How many times its packed size a part of over a megabyte may have: text packs well, but not better than this."""

_CHUNK = 65_536
_OVERLAP = 128
_END = struct.Struct("<4s4H2LH")
_LOCAL = struct.Struct("<4s5H3L2H")

_MAIN = (
    (DOCX, b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    (XLSX, b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
)
_MACRO_NAMES = re.compile(r"vbaproject|vbadata|macrosheets?/|dialogsheets?/|activex|^basic/|^scripts/", re.IGNORECASE)
_INSIDE_NAMES = re.compile(r"embeddings/|oleobject|\.(bin|exe|dll|js|vbs|hta|lnk|scr|bat|cmd|ps1|jar)$", re.IGNORECASE)
_PRINTER_SETTINGS = re.compile(r"^(xl|word)/printersettings/printersettings\d+\.bin$", re.IGNORECASE)
_INSIDE_STARTS = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"MZ", b"\x7fELF", b"\xd0\xcf\x11\xe0", b"%PDF-")
_MACRO_WORDS = (
    b"macroenabled",
    b"vnd.ms-office.vbaproject",
    b"script:event-listener",
    b"vnd.sun.star.script",
    b"ddeauto",
    b"ddelink ",
    b'href="macro:',
)
_RELATIONSHIP = re.compile(rb"relationship\s")
_FETCHED = tuple(
    b"relationships/" + kind for kind in (b"attachedtemplate", b"oleobject", b"frame", b"subdocument", b"control")
)
LONGEST_RELATIONS = 1_000_000
"""Bytes of a part that says what else a file is made of; it is read in one piece."""

_ENTITIES = (b"<!doctype", b"<!entity")


def checked(data: bytes) -> str:
    """The media type of an Office file. Raises Refused, with the reason, for what is not taken."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_frame(data, parts)
            _check_parts(parts)
            media_type = _media_type(archive, parts)
            _look_through(archive, parts)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, struct.error):
        raise _damaged() from None
    return media_type


def _damaged() -> Refused:
    return Refused("This file is damaged: we could not open it. Save it again, or as PDF, and send that.")


def _more() -> Refused:
    return Refused("This file has something hidden in it. Save it again, or as PDF, and send that.")


def _bomb() -> Refused:
    return Refused("This file unpacks to far more than it seems. Save it again, or as PDF, and send that.")


def _check_frame(data: bytes, parts: Sequence[zipfile.ZipInfo]) -> None:
    """Nothing before the archive, between its parts or behind it, and no part that lies in another."""
    signature, disk, first_disk, _here, number, _size, start, comment = _END.unpack(data[-_END.size :])
    if signature != b"PK\x05\x06" or disk or first_disk or comment or number != len(parts):
        raise _more()
    if len(parts) > MOST_PARTS:
        raise Refused("This file has too many parts for us to look through. Save it as PDF and send that.")
    at = 0
    for part in sorted(parts, key=lambda one: one.header_offset):
        if part.header_offset < at:
            raise _bomb()
        if part.header_offset - at > _GAP:
            raise _more()
        local = _LOCAL.unpack(data[part.header_offset : part.header_offset + _LOCAL.size])
        at = part.header_offset + _LOCAL.size + local[-2] + local[-1] + part.compress_size
    if at > start or start - at > _GAP:
        raise _more()


_GAP = 24
"""Bytes between two parts: a note of sizes that some programs write behind each (with its mark, in the long form)."""


def _check_parts(parts: Sequence[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if len({name.casefold() for name in names}) != len(names):
        raise _more()
    for part in parts:
        name = part.filename
        steps = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in steps or ":" in name or not name.isprintable():
            raise Refused("This file has parts that lead outside it. Save it again, or as PDF, and send that.")
        if stat.S_ISLNK(part.external_attr >> 16):
            raise _more()
        if part.flag_bits & 1:
            raise Refused("This file is locked with a password, so nobody could open it. Save it without one.")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _damaged()
        if _MACRO_NAMES.search(name):
            raise _acts()
        if _INSIDE_NAMES.search(name) and not _PRINTER_SETTINGS.match(name):
            raise _carries()


def _acts() -> Refused:
    return Refused("This file has macros or other things that act by themselves. Save it as PDF and send that.")


def _carries() -> Refused:
    return Refused("This file has another file inside it. Save it as PDF, and send the other file by itself.")


def _media_type(archive: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo]) -> str:
    names = {part.filename for part in parts}
    if parts and parts[0].filename == "mimetype" and {"content.xml", "META-INF/manifest.xml"} <= names:
        said = _head(archive, "mimetype").decode("ascii", "replace")
        if said in (ODT, ODS):
            return said
    if {"[Content_Types].xml", "_rels/.rels"} <= names:
        said_types = _head(archive, "[Content_Types].xml")
        for media_type, main in _MAIN:
            if main in said_types and _has_main(names, media_type):
                return media_type
        if any(word in said_types.lower() for word in _MACRO_WORDS):
            raise _acts()
    raise Refused("This is an archive, not a document. Unpack it, and send the documents in it one by one.")


def _has_main(names: set[str], media_type: str) -> bool:
    folder = "word/" if media_type == DOCX else "xl/"
    return any(name.startswith(folder) and name.endswith(".xml") for name in names)


def _head(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_CHUNK * 4)


def _look_through(archive: zipfile.ZipFile, parts: Sequence[zipfile.ZipInfo]) -> None:
    if sum(part.file_size for part in parts) > MOST_INFLATED:
        raise _bomb()
    for part in parts:
        name, size, tail = part.filename.lower(), 0, b""
        if name.endswith((".htm", ".html", ".mht", ".svg")):
            raise _carries()
        relations = name.endswith(".rels")
        if relations and part.file_size > LONGEST_RELATIONS:
            raise _damaged()
        with archive.open(part) as opened:
            while chunk := opened.read(LONGEST_RELATIONS if relations else _CHUNK):
                size += len(chunk)
                if size > 1_000_000 and size > MOST_TIMES * max(part.compress_size, 1):
                    raise _bomb()
                if size == len(chunk) and chunk.startswith(_INSIDE_STARTS):
                    raise _carries()
                if name.endswith((".xml", ".rels", ".vml")):
                    text = (tail + chunk).replace(b"\0", b"").lower()  # two bytes a character read like one
                    _check_text(text)
                    tail = text[-_OVERLAP:]
                if relations:
                    _check_relations(text)


def _check_text(text: bytes) -> None:
    if any(word in text for word in _ENTITIES):
        raise _more()
    if any(word in text for word in _MACRO_WORDS):
        raise _acts()


def _check_relations(text: bytes) -> None:
    """Nothing that is fetched from elsewhere when the file is opened; a link that somebody clicks is no such thing."""
    for relation in _RELATIONSHIP.split(text)[1:]:
        said = relation.partition(b">")[0]
        if b"external" in said and any(kind in said for kind in _FETCHED):
            raise Refused("This file fetches parts of itself from elsewhere. Save it as PDF and send that.")
