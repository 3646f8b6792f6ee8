"""PDFs: read far enough to find what acts by itself, what is hidden inside, and what stands before or after.

Every object of a PDF is in the clear, or in an object stream, which is opened here within bounds. Pages' own streams
hold drawing alone and are not opened; the names of what acts are looked for in their bytes all the same, since a
reader can be sent into the middle of one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice

from core.contents.markup import check_only_one_thing
from core.errors import Refused

PDF = "application/pdf"

MOST_STREAMS = 50_000
MOST_ESCAPES = 20_000
"""Letters of names that are spelt by number: hardly any program does so."""

MOST_INFLATED = 50_000_000
"""Bytes of all object streams together, once opened."""

_HEADER = re.compile(rb"%PDF-(1\.[0-7]|2\.0)[\r\n \t%]")
_ENDS = b"%%EOF"
_WHITE = b"\0\t\n\f\r "
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_END_OF_NAME = rb"(?![A-Za-z0-9_.\-])"
_ACTS = re.compile(rb"/(JavaScript|JS|Launch|RichMedia|XFA|SubmitForm|ImportData|GoToE)" + _END_OF_NAME)
_ACTS_ANYWHERE = re.compile(rb"/(JavaScript|Launch|RichMedia|SubmitForm|ImportData)" + _END_OF_NAME)
_CARRIES = re.compile(rb"/(EmbeddedFiles?|Filespec|FileAttachment)" + _END_OF_NAME)
_CARRIES_ANYWHERE = re.compile(rb"/(EmbeddedFiles?|FileAttachment)" + _END_OF_NAME)
_LOCKED = re.compile(rb"/Encrypt" + _END_OF_NAME)
_FILTERS = re.compile(rb"/(?:Filter|F)\s*(\[[^\]]*\]|/\w+)")
_DICTIONARY = 4_096
"""Bytes before a stream in which its dictionary is looked for."""


def check(data: bytes) -> None:
    """Raises Refused, with the reason, for a PDF that is not taken."""
    if not _HEADER.match(data):
        raise _damaged()
    end = data.rfind(_ENDS)
    if end < 0:
        raise _damaged()
    if data[end + len(_ENDS) :].strip(_WHITE):
        raise Refused("This PDF has something hidden after its end. Print or save it as a new PDF and send that.")
    check_only_one_thing(data, what="PDF")
    _check_names(data, _ACTS_ANYWHERE, _CARRIES_ANYWHERE)
    opened = 0
    for clear, stream in _parts(data):
        _check_names(clear, _ACTS, _CARRIES)
        if _LOCKED.search(_plain(clear)):
            raise Refused("This PDF is locked with a password, so nobody could open it. Save it without one.")
        if stream is not None and b"/ObjStm" in _plain(clear[-_DICTIONARY:]):
            objects = _objects(clear[-_DICTIONARY:], stream, MOST_INFLATED - opened)
            opened += len(objects)
            _check_names(objects, _ACTS, _CARRIES)


def _damaged() -> Refused:
    return Refused("This PDF is damaged: we could not read it. Print or save it as a new PDF and send that.")


def _plain(text: bytes) -> bytes:
    """Names as a reader understands them: "/J#53" is "/JS"."""
    if next(islice(_ESCAPED.finditer(text), MOST_ESCAPES, None), None) is not None:
        raise _damaged()
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text) if b"#" in text else text


def _check_names(text: bytes, acts: re.Pattern[bytes], carries: re.Pattern[bytes]) -> None:
    plain = _plain(text)
    if acts.search(plain):
        raise Refused("This PDF can do things by itself (a script or a program). Print it to a new PDF and send that.")
    if carries.search(plain):
        raise Refused("This PDF has another file inside it. Send that file by itself, and print this to a new PDF.")


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes | None]]:
    """What stands in the clear, with the stream that follows it; None after the last."""
    at = 0
    for _ in range(MOST_STREAMS):
        start = data.find(b"stream", at)
        if start < 0:
            yield data[at:], None
            return
        begins = start + len(b"stream")
        ends = data.find(b"endstream", begins)
        if ends < 0:
            yield data[at:], None
            return
        yield data[at:start], data[begins:ends]
        at = ends + len(b"endstream")
    raise Refused("This PDF has too many parts for us to look through. Print it to a new PDF and send that.")


def _objects(dictionary: bytes, stream: bytes, most: int) -> bytes:
    """The objects of an object stream. Raises Refused where it cannot be opened within bounds."""
    plain = _plain(dictionary)
    own = plain[max(plain.rfind(b" obj"), 0) :]
    filters = [name for found in _FILTERS.findall(own) for name in re.findall(rb"/(\w+)", found)]
    body = stream.removeprefix(b"\r").removeprefix(b"\n")
    if not filters:
        return body
    if filters not in ([b"FlateDecode"], [b"Fl"]) or b"/Predictor" in own:
        raise _damaged()
    inflating = zlib.decompressobj()
    try:
        opened = inflating.decompress(body, max(most, 1))
    except zlib.error:
        raise _damaged() from None
    if inflating.unconsumed_tail:
        raise Refused("This PDF unpacks to far more than it seems. Print it to a new PDF and send that.")
    return opened
