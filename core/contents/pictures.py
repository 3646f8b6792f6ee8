"""Photos: opened, turned the right way up, made small enough, and written anew, so that only what one sees is kept.

Where and with what a photo was taken goes with the rest, and so does whatever was hidden behind it.
"""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageFile, ImageOps

from core.contents.markup import check_only_one_thing
from core.errors import Refused

JPEG, PNG = "image/jpeg", "image/png"
STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

MOST_PIXELS = {"JPEG": 60_000_000, "PNG": 30_000_000}
"""What is opened at most. A JPEG is opened at a fraction of its size where it is large, a PNG only whole."""

LONGEST_SIDE = 4_000
"""Pixels: a page of A4 at more than 300 dots an inch."""


def cleaned(data: bytes) -> tuple[str, bytes]:
    """Media type and bytes of a picture, written anew. Raises Refused."""
    check_only_one_thing(data, what="picture")
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # whoever makes PDFs in this process sets it for everybody
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as opened:
            kind = "PNG" if opened.format == "PNG" else "JPEG"  # which Pillow calls MPO where it has more than one
            width, height = opened.size
            if width * height > MOST_PIXELS[kind]:
                raise _too_many()
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG only; it never gets smaller than this
            picture = ImageOps.exif_transpose(opened)
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            return (JPEG, _jpeg(picture)) if kind == "JPEG" else (PNG, _png(picture))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many() from None
    except (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError, struct.error):
        raise Refused("This picture is damaged: we could not open it. Take it again, or save it again.") from None


def _too_many() -> Refused:
    return Refused("This picture has too many pixels for us to open. Make it smaller and send that.")


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    _plain(picture.convert("L" if picture.mode == "L" else "RGB")).save(out, "JPEG", quality=88)
    return out.getvalue()


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    mode = picture.mode if picture.mode in ("L", "RGB", "RGBA", "1") else "RGBA"
    _plain(picture.convert(mode)).save(out, "PNG")
    return out.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    """The pixels alone: Pillow writes some of what it read beside them."""
    picture.info = {}
    return picture
