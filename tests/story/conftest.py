"""The desk whose pages are looked at, once for all of them; and a page of the shared browser for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.story.site import Site, running

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(sqlite_template, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]  # a plain dict is what it takes
    opened.set_default_timeout(60_000)
    yield opened
    opened.close()
