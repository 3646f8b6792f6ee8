"""A real Chromium for the tests: the one that is set, the one on PATH, or one that the system's packages bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, Response, sync_playwright

from tests.locks import locked, one_at_a_time
from tests.packages import can_install, install

SETTING = "AWARD_DESK_TEST_CHROMIUM"
SHELL = "chromium-headless-shell"
"""Chromium without the windows that nobody sees, as Playwright takes it too: a page costs a quarter of the time."""
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")
CALM = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)

PICTURES = Path(__file__).parent / "pictures"


def keep_picture(page: Page, name: str) -> None:
    """Leave a picture of the whole page for people to look at, where they ask for it: it takes longer than to look."""
    if os.environ.get("PICTURES") == "1":
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def follow(page: Page, way: str | Locator) -> Response:
    """Click this link or button, and wait until the page that answers has loaded. What the server answered.

    A plain click comes back when the page has begun, and there may be nothing of it to read yet.
    """
    with page.expect_navigation() as awaited:
        if isinstance(way, str):
            page.click(way)
        else:
            way.click()
    assert awaited.value is not None, "it led to no other page"
    return awaited.value


def _found() -> str | None:
    given = os.environ.get(SETTING)
    if given:
        return given
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def chromium() -> str | None:
    """Where Chromium is; None where Playwright brought its own. Installs one where there is none."""
    with locked(one_at_a_time("packages")):
        path = _found()
        if path is not None:
            return path
        if can_install():
            try:
                install(SHELL)
            except subprocess.CalledProcessError:  # an older Debian has it only within the browser
                install("chromium")
            return _found()
        subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True)
    return None


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that talks to nobody but the pages under test."""
    path = chromium()
    with sync_playwright() as playwright:
        arguments = [*CALM, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        opened = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield opened
        finally:
            opened.close()
