"""Staff do their grants work in Slack, each in a browser of their own: from a new card to an offer, and back again.

The pictures that README shows are taken here: `README_PICTURES=1 uv run pytest tests/story/test_slack_story.py` writes
them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page
from sqlalchemy import select

from core import applications, asking, awards
from core.records import Asked, Award
from desk.practice_office import APPROVALS
from tests.browsing import follow
from tests.story.conftest import PHONE
from tests.story.site import Site, running

PICTURES = Path(__file__).parents[1] / "pictures"
SHOWN = Path(__file__).parent / "shown"
TALLEST, COLOURS = 1_150, 32
"""Of a picture in README: pixels and colours."""

OFFICER, OTHER, COMMISSIONER = "U0OFFICER", "U0GRANTS", "U0PCC"
TITLE = "Evenings in the ring"


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A desk of its own: what is decided here would be missed on the pages of others."""
    with running(sqlite_template, tmp_path) as made:
        yield made


class Person:
    """Somebody at their phone, in the practice Slack."""

    def __init__(self, site: Site, browser: Browser, user: str, shown: bool) -> None:
        self._site, self._user, self._shown = site, user, shown
        context = browser.new_context(viewport=PHONE, device_scale_factor=1, locale="en-GB", java_script_enabled=False)  # type: ignore[arg-type]
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)

    def card(self, reference: str) -> Locator:
        """The card of an application, as it is now."""
        self._site.deliver()
        self.page.goto(f"{self._site.url}/practice/slack/{self._user}/{APPROVALS}")
        found = self.page.locator("article.message", has=self.page.locator(f"text={reference}")).filter(
            has_not=self.page.locator("text=Only visible to you")
        )
        assert found.count() == 1, f"{found.count()} cards of {reference}"
        return found.first

    def press(self, where: Locator | Page, action: str) -> None:
        follow(self.page, where.locator(f'button[data-action="{action}"]').first)

    def choose(self, where: Locator, label: str) -> None:
        """Something in the card's menu."""
        where.locator("details.overflow summary, details.menu summary").first.click()
        follow(self.page, where.get_by_role("button", name=label).first)

    def send(self, **values: str) -> None:
        """Fill in the form that is open, and send it."""
        for block, value in values.items():
            field = self.page.locator(f'[name="{block}/value"]')
            if field.first.get_attribute("type") == "radio":
                self.page.locator(f'[name="{block}/value"][value="{value}"]').check()
            else:
                field.fill(value)
        follow(self.page, ".modal button.primary")
        assert self.page.locator(".modal .error").count() == 0, self.page.inner_text(".modal")

    def home(self) -> str:
        """Open Home; every word on it."""
        self.page.goto(f"{self._site.url}/practice/slack/{self._user}")
        follow(self.page, self.page.get_by_role("button", name="Home", exact=True))
        return self.page.inner_text("main")

    def command(self, line: str) -> str:
        """Give the command in the channel; what came back, privately."""
        self.page.goto(f"{self._site.url}/practice/slack/{self._user}/{APPROVALS}")
        self.page.fill("#say", line)
        follow(self.page, self.page.get_by_role("button", name="Send").last)
        return self.page.locator("article.private").last.inner_text()

    def picture(self, name: str, part: Locator) -> None:
        """A picture for people to look at, and where it is asked for the one that README shows: its top, and small."""
        PICTURES.mkdir(exist_ok=True)
        path = PICTURES / f"slack-{name}.png"
        part.screenshot(path=path)
        if self._shown:
            with Image.open(path) as taken:
                top = taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, TALLEST)))
                top.quantize(COLOURS).save(SHOWN / f"{name}.png", optimize=True)


def test_staff_do_their_work_in_slack(office: Site, chromium: Browser) -> None:
    shown = os.environ.get("README_PICTURES") == "1"
    officer, other, commissioner = (Person(office, chromium, user, shown) for user in (OFFICER, OTHER, COMMISSIONER))
    number = office.submitted(
        title=TITLE, organisation_name="Nene Valley Boxing Club", charity_number="", company_number=""
    )
    reference = _reference(office, number)

    # An officer finds it in Home, reads it whole, takes it on, and asks.
    home = officer.home()
    assert TITLE in home
    officer.picture("home", officer.page.locator("main"))
    card = officer.card(reference)
    officer.picture("card", card)
    officer.press(card, "read")
    assert "There is no other club within eight miles." in officer.page.inner_text(".modal")
    officer.press(officer.card(reference), "take")
    assert "Olive Officer" in officer.card(reference).inner_text()
    assert TITLE not in other.home(), "what is taken waits for whoever took it"
    officer.press(officer.card(reference), "ask")
    officer.send(question="Who owns the hall?")
    assert "Question asked" in officer.card(reference).inner_text()
    with office.desk.office.sessions.begin() as session:
        asked = session.scalars(select(Asked).where(Asked.application_id == number)).one()
        asking.answer(session, asked.id, "The parish does.", source="applicant", now=office.clock())
    thread = officer.card(reference).inner_text()
    assert "Who owns the hall?" in thread
    assert "The parish does." in thread

    # Recommended by one, decided by another; a wrong press is undone, and the offer with it.
    officer.press(officer.card(reference), "recommend")
    officer.send(recommendation="approve", reasons="It meets a need that nobody else meets.")
    officer.press(officer.card(reference), "approve")
    assert "You recommended this" in officer.page.inner_text("main"), "and only Olive is told"
    assert TITLE in commissioner.home()
    commissioner.press(commissioner.card(reference), "approve")
    commissioner.picture("approve", commissioner.page.locator(".modal"))
    commissioner.send()
    assert "Approved" in commissioner.card(reference).inner_text()
    commissioner.choose(commissioner.card(reference), "Undo")
    commissioner.send(reasons="I meant the one below it.")
    assert "Recommended" in commissioner.card(reference).inner_text()
    commissioner.press(commissioner.card(reference), "approve")
    commissioner.send()
    office.deliver()
    with office.desk.office.sessions.begin() as session:
        award = session.scalars(select(Award).where(Award.application_id == number, Award.status == "offered")).one()
        awards.accept(session, award, name="Kim Archer", office=office.desk.office, now=office.clock())
    accepted = officer.card(reference)
    assert "offer accepted" in accepted.inner_text()
    officer.picture("thread", accepted)

    # What anybody may look up.
    assert reference in officer.command("/award-desk find nene boxing")
    assert "left of" in officer.command("/award-desk fund youth")
    assert "recommended approving" in officer.home()


def _reference(site: Site, number: int) -> str:
    with site.desk.office.reading() as session:
        reference = applications.by_id(session, number).reference
    assert reference is not None
    assert re.fullmatch(r"YF-\d{4}-\w{6}", reference)
    return reference
