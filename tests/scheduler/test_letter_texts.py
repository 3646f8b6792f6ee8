"""What holds of every kind of letter, new ones too: both texts say the same, and everybody can read them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from html import unescape

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from scheduler.notify import body_of
from scheduler.wording import texts
from tests.browsing import keep_picture
from tests.scheduler.letter_texts import PERSONAL, SAMPLES, letter_text, mails

FACT = re.compile("«[^»]*»")
LINK = re.compile(r"https?://[^\s\"<>«»]+")
ALIKE = 0.85
"""How much of the words of both texts is the same, at least: links are announced otherwise in each."""

LONGEST_SUBJECT = 78
"""Characters of a subject: as much as most mail programs show, and what RFC 5322 recommends for a line."""


def words(text: str) -> list[str]:
    return re.findall(r"[\w£.]+", FACT.sub("", LINK.sub("", text)).lower())


def read(html: str) -> str:
    """The words of an HTML letter below its first heading."""
    return unescape(re.sub(r"<[^>]+>", " ", html[html.index("</h1>") :]))


@pytest.mark.parametrize("kind", mails())
def test_both_texts_of_a_letter_say_the_same(kind: str) -> None:
    letter = letter_text(kind)
    assert set(FACT.findall(letter.text)) == set(FACT.findall(read(letter.html)))
    assert set(LINK.findall(letter.text)) == set(LINK.findall(letter.html))
    alike = SequenceMatcher(None, words(letter.text), words(read(letter.html)), autojunk=False).ratio()
    assert alike >= ALIKE, f"{alike:.2f}"
    assert not re.search("[“”]", letter.text), "plain text has plain quotation marks"


@pytest.mark.parametrize("kind", mails())
def test_a_subject_is_short_and_tells_nobodys_business(kind: str) -> None:
    subject = letter_text(kind).subject
    shown = FACT.sub("", re.sub(r"«(?:\w+\.)*reference»", SAMPLES["reference"], subject))
    assert 0 < len(shown) <= LONGEST_SUBJECT, shown
    assert shown[0].isupper()
    assert not shown.endswith(".")
    for fact in PERSONAL:
        assert SAMPLES[fact] not in subject, fact


@pytest.mark.parametrize("kind", mails())
def test_a_letter_greets_says_whom_to_ask_and_signs(kind: str) -> None:
    letter = letter_text(kind)
    for text in (letter.text, unescape(letter.html)):
        assert f"Dear {SAMPLES['name']}," in text
        assert f"Questions? Please {SAMPLES['office.contact']}" in " ".join(text.split())
    assert letter.text.rstrip().endswith(SAMPLES["office.name"])


@pytest.mark.parametrize("kind", mails())
def test_a_letter_holds_at_most_one_link(kind: str) -> None:
    """A mail covers one thing; a nudge, or a list, holds one link for each, and has one of them of each sort here."""
    letter = letter_text(kind)
    most = 5 if kind == "link_list" else 1  # offers, returns, meetings, drafts, applications
    assert len(LINK.findall(letter.text)) == len(LINK.findall(letter.html)) <= most
    for address in re.findall(r'(?:href|src)="([^"]*)"', letter.html):
        assert address == SAMPLES["link"]
    assert LINK.findall(body_of(letter.html)) == LINK.findall(letter.text)


@pytest.mark.parametrize("kind", mails())
def test_a_letter_fetches_nothing_and_runs_nothing(kind: str) -> None:
    html = letter_text(kind).html
    assert not re.search(r"<(img|script|style|link|iframe|form|object|video|svg)\b|url\(|@import|\bon\w+=", html)


def test_a_letter_without_a_name_or_a_reference_reads_well() -> None:
    frame = texts().from_string('{% extends "_frame.html" %}{% block title %}Hello{% endblock %}')
    facts = {"office": {"name": "Office", "contact": "call us"}, "reference": "", "why_you": "", "officer": ""}
    assert "<p>Questions? Please call us.</p>" in frame.render(facts)


def test_everybody_can_read_the_letters(chromium: Browser) -> None:
    """axe finds nothing, and no line is wider than a small phone."""
    page = chromium.new_context(viewport={"width": 320, "height": 640}).new_page()
    for kind in mails():
        page.set_content(letter_text(kind).html)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{kind}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, kind
        keep_picture(page, f"letter-{kind.replace('_', '-')}-320")
