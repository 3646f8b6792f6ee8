"""One draft in two windows, a line more, and a button that is pressed again and again, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, Page
from sqlalchemy import func, select

from core.records import OutboxMessage
from tests.browsing import follow
from tests.story.site import TYPED, Site
from tests.story.test_pages import REFERENCE, SEND, Watched, markup, opened, pressed, watched

__all__ = ["markup", "watched"]

TWICE = "button => { button.click(); button.click(); }"
"""At once: with time between, the second press might be on the page that answers the first."""


def test_both_are_shown_to_whoever_saves_later(site: Site, chromium: Browser, watched: Watched) -> None:
    draft = site.draft(**TYPED)
    opened(watched, f"{site.url}{draft}/amount")
    with chromium.new_page() as other:
        other.goto(f"{site.url}{draft}/amount")
        other.fill("#amount", "1500")
        other.fill("#budget-amount-1", "1000")
        follow(other, SEND)
    watched.page.fill("#budget-item-1", "Coaches and a referee")
    pressed(watched, SEND, 409)
    assert "£1,500" in watched.page.locator(".desk-saved").first.inner_text()
    assert watched.page.input_value("#budget-item-1") == "Coaches and a referee"
    watched.holds("form, changed by somebody else")
    pressed(watched, watched.page.get_by_role("button", name="Keep what is saved"))
    assert watched.page.input_value("#amount") == "1500"


def test_what_is_typed_when_it_was_sent_meanwhile(site: Site, chromium: Browser, watched: Watched) -> None:
    draft = site.draft(**TYPED)
    opened(watched, f"{site.url}{draft}/need")
    with chromium.new_page() as other:
        other.goto(f"{site.url}{draft}/check-answers")
        follow(other, SEND)
    watched.page.fill("#need", "Typed for an hour")
    pressed(watched, SEND, 409)
    assert "Typed for an hour" in watched.page.inner_text("main")
    watched.holds("form, sent meanwhile")


def test_a_line_more_without_scripts(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(f"{site.url}{site.draft()}/amount")
    page.fill("#budget-item-3", "Hall")
    follow(page, page.get_by_role("button", name="Add another line"))
    assert page.input_value("#budget-item-3") == "Hall"
    page.fill("#budget-item-4", "Coaches")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # which saves, as in every other form
    assert "There is a problem" in page.inner_text("main")
    assert page.input_value("#budget-item-4") == "Coaches"
    context.close()


def test_send_is_pressed_twice_in_two_windows_and_after_back(site: Site, chromium: Browser, page: Page) -> None:
    draft = site.draft(**TYPED)
    page.goto(f"{site.url}{draft}/check-answers")
    with chromium.new_page() as other:
        other.goto(f"{site.url}{draft}/check-answers")
        with page.expect_navigation(url=f"{site.url}{draft}"):
            page.eval_on_selector(SEND, TWICE)
        reference = REFERENCE.findall(page.inner_text("main"))[0]
        follow(other, SEND)
        assert reference in other.inner_text("main")
    page.go_back()
    if page.locator(SEND).count():
        follow(page, SEND)
    assert reference in page.inner_text("main")
    with site.desk.office.reading() as session:
        receipts = select(func.count()).where(OutboxMessage.kind == "receipt")
        before = session.scalar(receipts)
    page.goto(f"{site.url}{draft}/check-answers")
    assert reference in page.inner_text("main")
    with site.desk.office.reading() as session:
        assert session.scalar(receipts) == before
