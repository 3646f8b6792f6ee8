"""What a file is, by its content: good ones are taken, forty and more hostile ones refused, each with a reason."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest
from PIL import Image, ImageFile

from core.contents import read_content
from core.errors import Refused
from tests.uploads import GOOD, HOSTILE, docx, hostile, located_picture, pdf, picture


@pytest.mark.parametrize("name", GOOD)
def test_what_is_taken(name: str) -> None:
    data, media_type = GOOD[name]
    assert read_content(data).media_type == media_type


@pytest.mark.parametrize("name", [name for name in HOSTILE if "ten megabytes" not in name])
def test_what_is_refused(name: str) -> None:
    _, data, says = hostile(name)
    with pytest.raises(Refused) as refusal:
        read_content(data)
    assert says in refusal.value.reason


def test_a_picture_cut_short_is_refused_also_beside_what_makes_pdfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """That library tells Pillow, for the whole process, to take what is cut short."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(Refused, match="damaged"):
        read_content(picture(size=(600, 400))[:700])


def test_there_are_forty_hostile_files() -> None:
    assert len(HOSTILE) >= 40


def test_documents_are_kept_as_they_came() -> None:
    for name, (data, media_type) in GOOD.items():
        if not media_type.startswith("image/"):
            assert read_content(data).data == data, name


def test_of_a_photo_only_what_one_sees_is_kept_the_right_way_up() -> None:
    data = located_picture(b"taken at home by Ada")
    assert b"Exif" in data
    kept = read_content(data).data
    assert not any(word in kept for word in (b"Exif", b"Phone", b"Ada", b"GPS"))
    with Image.open(io.BytesIO(kept)) as opened:
        assert opened.size == (40, 60)
        assert not opened.getexif()


def test_what_is_hidden_behind_a_photo_is_not_kept() -> None:
    assert b"secret" not in read_content(picture() + b"secret").data


@pytest.mark.parametrize(("kind", "size"), [("JPEG", (5_000, 2_000)), ("PNG", (5_000, 2_000))])
def test_a_large_picture_is_made_smaller(kind: str, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(read_content(picture(kind, size)).data)) as opened:
        assert opened.size == (4_000, 1_600)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_kind_of_colour(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (9, 9)).save(out, "PNG")
    assert read_content(out.getvalue()).media_type == "image/png"


def test_of_a_phone_s_photo_that_holds_another_the_first_is_kept() -> None:
    out = io.BytesIO()
    first, behind = Image.new("RGB", (60, 40), "red"), Image.new("RGB", (30, 20), "blue")
    first.save(out, "MPO", save_all=True, append_images=[behind])
    kept = read_content(out.getvalue())
    assert kept.media_type == "image/jpeg"
    with Image.open(io.BytesIO(kept.data)) as opened:
        assert (opened.format, opened.size) == ("JPEG", (60, 40))


def test_a_picture_whose_notes_are_cut_off_is_refused_as_damaged() -> None:
    with pytest.raises(Refused, match="damaged"):
        read_content(picture("PNG", exif=b"II*\0"))


def test_a_picture_in_the_colours_of_print() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (9, 9)).save(out, "JPEG")
    with Image.open(io.BytesIO(read_content(out.getvalue()).data)) as opened:
        assert opened.mode == "RGB"


def test_an_archive_that_was_written_as_a_stream_is_taken() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.out = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.out += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(io.BytesIO(docx())) as read, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in read.infolist():
            archive.writestr(part.filename, read.read(part))
    assert read_content(stream.out).extension == "docx"


def test_a_word_that_is_cut_by_a_chunk_is_found() -> None:
    text = b" " * (65_536 - 20) + b"<script:event-listener"
    for shift in range(30):
        with pytest.raises(Refused, match="macros"):
            read_content(docx({"word/x.xml": b" " * shift + text}))


def test_what_is_written_two_bytes_a_character_is_read_too() -> None:
    with pytest.raises(Refused, match="hidden"):
        read_content(docx({"word/x.xml": '<!DOCTYPE x [<!ENTITY a "b">]>'.encode("utf-16")}))


WORST: Mapping[str, Callable[[], bytes]] = {
    "names spelt by number": lambda: pdf(b"/Note (" + b"#41" * 3_300_000 + b")"),
    "nothing but beginnings of streams": lambda: pdf(b"/Note (" + b"stream endstream " * 550_000 + b")"),
    "relations that never end": lambda: docx({"word/_rels/x.rels": b"<Relationship TargetMode='External' " * 25_000}),
    "as much text as may be": lambda: docx({f"word/{n}.xml": b"<a b='external'/>" * 55_000 for n in range(100)}),
    "as many pixels as may be": lambda: picture("JPEG", (7_700, 7_700)),
}


@pytest.mark.parametrize("name", WORST)
def test_what_takes_longest_takes_seconds_of_the_processor(name: str) -> None:
    data = WORST[name]()
    before = time.thread_time()
    with suppress(Refused):
        read_content(data)
    assert time.thread_time() - before < 5


def test_a_link_that_somebody_may_click_is_no_fault() -> None:
    link = b'<Relationship Type="x/relationships/hyperlink" Target="https://a.example/frame" TargetMode="External"/>'
    assert read_content(docx({"word/_rels/document.xml.rels": link})).extension == "docx"


def test_a_fetch_is_found_however_far_apart_its_words_are() -> None:
    far = b'<pr:Relationship Type="x/relationships/oleObject"' + b" " * 300_000 + b'TargetMode="External"/>'
    with pytest.raises(Refused, match="fetches parts"):
        read_content(docx({"word/_rels/document.xml.rels": far}))
