"""One award from its offer to a return that never comes: what its people and the office are told at each step.

`README_PICTURES=1 uv run pytest tests/story/test_reminders_story.py` keeps a picture of each mail and of each message
in Slack, as a phone shows it, below `tests/pictures`, and writes anew those that README shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from core import applications, asking, awards
from core.records import Application, Award, Person
from core.rules.calendar import date_text
from scheduler.mailbox import KeptMail
from scheduler.timetable import run_sweep
from tests.story.conftest import PHONE
from tests.story.site import Site, running

PICTURES = Path(__file__).parents[1] / "pictures"
SHOWN = Path(__file__).parent / "shown"
TALLEST, COLOURS = 1_150, 32
"""Of a picture in README: pixels and colours."""

FIRST, SECOND = "ria@kings-hedges-boxing.example", "tom@kings-hedges-boxing.example"
OFFICER, DIRECTOR = "U0OFFICER", "U0DIRECTOR"


class Ladder:
    """The desk on the days of the steps, and a phone on which everything that was sent is looked at."""

    def __init__(self, site: Site, page: Page) -> None:
        self._site, self._page = site, page
        self._pictures = os.environ.get("README_PICTURES") == "1"
        self._read: set[str] = set()

    def on(self, day: date) -> dict[str, KeptMail]:
        """Sweep and deliver on this day; the new mails to the award's two contacts, by their address."""
        mailbox = self._site.desk.mailbox
        assert mailbox is not None
        self._site.deliver()  # what is no reminder
        self._read.update(mailbox.ids())
        self._site.clock.set_day(day)
        run_sweep(self._site.desk.office, ordered=True)
        self._site.deliver()
        new = [mailbox.read(one) for one in mailbox.ids() if one not in self._read]
        self._read.update(mailbox.ids())
        return {address: mail for mail in new for address in (FIRST, SECOND) if address in mail.to}

    def mail(self, name: str, mail: KeptMail, *, shown: str = "") -> None:
        """Open a mail on the phone: nothing of it is cut off."""
        self._page.goto("about:blank")  # a mail stands under the rules of no page
        self._page.set_content(mail.html)
        assert self._page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        if self._pictures:
            path = PICTURES / f"reminder-mail-{name}.png"
            self._page.screenshot(path=path, full_page=True)
            self._small(path, shown)

    def slack(self, name: str, user: str, *, shown: str = "") -> str:
        """The last message that somebody got for themselves."""
        self._page.goto(f"{self._site.url}/practice/slack/{user}/{user.replace('U', 'D', 1)}")
        last = self._page.locator("article.message").last
        if self._pictures:
            path = PICTURES / f"reminder-{name}.png"
            last.screenshot(path=path)
            self._small(path, shown)
        return last.inner_text()

    def _small(self, path: Path, shown: str) -> None:
        if shown:
            with Image.open(path) as taken:
                top = taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, TALLEST)))
                top.quantize(COLOURS).save(SHOWN / f"{shown}.png", optimize=True)


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A desk of its own: months go by on it."""
    with running(sqlite_template, tmp_path) as made:
        yield made


@pytest.fixture
def ladder(site: Site, chromium: Browser) -> Iterator[Ladder]:
    page = chromium.new_page(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]  # a plain dict is what it takes
    page.set_default_timeout(60_000)
    PICTURES.mkdir(exist_ok=True)
    yield Ladder(site, page)
    page.close()


def test_each_step_of_an_award_that_goes_quiet(site: Site, ladder: Ladder) -> None:
    office = site.desk.office
    people = {
        "contact_name": "Ria Mistry",
        "contact_email": FIRST,
        "second_name": "Tom Achebe",
        "second_email": SECOND,
        "organisation_name": "Kings Hedges Boxing Club",
        "title": "Friday night gym",
    }
    asked = site.submitted(**people)
    with office.sessions.begin() as session:
        officer = session.scalars(select(Person).where(Person.name == "Olive Officer")).one()
        about = applications.by_id(session, asked)
        question = asking.ask(session, about, officer, "Who owns the hall?", office=office, now=site.clock())
        by, number = question.answer_by or office.today(), question.id
    for days in (-3, 0, 7):
        mails = ladder.on(by + timedelta(days=days))
        assert "answer" in mails[FIRST].subject
        assert date_text(by) in mails[FIRST].subject
        assert (SECOND in mails) == (days == 7)
        ladder.mail(f"answer{days:+d}", mails[FIRST])
    with office.sessions.begin() as session:
        asking.answer(session, number, "The parish does.", source="applicant", now=site.clock())
        applications.withdraw(session, applications.by_id(session, asked), office=office, now=site.clock())

    offer = site.decided(**people)
    with office.sessions.begin() as session:
        officer = session.scalars(select(Person).where(Person.name == "Olive Officer")).one()
        session.get_one(Application, offer.application_id).taken_by_id = officer.id
    for days in (-7, -1):
        mails = ladder.on(offer.accept_by + timedelta(days=days))
        assert date_text(offer.accept_by) in mails[FIRST].subject
        assert (SECOND in mails) == (days == -1)
        ladder.mail(f"acceptance{days:+d}", mails[FIRST])
    with office.sessions.begin() as session:
        awards.accept(session, session.get_one(Award, offer.id), name="Ria Mistry", office=office, now=site.clock())

    due = site.dues(offer)[0][1]
    for days in (-28, -7, -1, 0, 7, 14, 28):
        mails = ladder.on(due + timedelta(days=days))
        assert mails[FIRST].subject.endswith(f"{date_text(due)} ({offer.reference})")
        assert (SECOND in mails) == (days > 0)
        ladder.mail(f"return{days:+d}", mails[FIRST], shown="reminder" if days == -7 else "")
        if days > 0:
            assert "the second person whom Kings Hedges Boxing Club gave us" in " ".join(mails[SECOND].text.split())
            ladder.mail(f"return{days:+d}-second", mails[SECOND])
        said = ladder.slack(f"officer{days:+d}", OFFICER, shown="digest" if days == 7 else "")
        assert offer.reference in said or days < 0
    assert offer.reference in ladder.slack("director+28", DIRECTOR)
