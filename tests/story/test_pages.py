"""Every page in its states, on a phone and on a desk: accessible, no wider than the screen, and quiet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE
from axe_playwright_python.base import AxeResults
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response

from core.rules.forms import application_book
from desk.practice_office import APPROVALS, DEADLINES
from tests.browsing import follow, keep_picture
from tests.conftest import shipped_policy
from tests.core.applying import HIGHER, applied
from tests.markup import Checker, checker
from tests.story.site import TYPED, Site

WIDTHS = (1280, 320)
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""The rules of axe that have to hold: WCAG 2.2, levels A and AA."""

HEAVIEST = 100_000
"""Bytes of HTML and CSS that a page may have on first view: of the styles, as they travel."""

TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const wide = (one) => one.getBoundingClientRect().right > room + 1;
  return [...document.querySelectorAll("body *")].filter(wide).map((one) => one.outerHTML.slice(0, 120)).slice(0, 5);
}"""


@dataclass
class Watched:
    """A page, and what the browser had to say about it."""

    page: Page
    checker: Checker
    said: list[str] = field(default_factory=list)
    loaded: list[Response] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("response", self._response)

    def _response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.loaded.clear()
        self.loaded.append(response)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser remarks on a page that is answered with 4xx; whether it should be is asserted by itself.
        own = message.location.get("url", "").split("#")[0] == self.page.url.split("#")[0]
        if message.type in ("error", "warning") and not (own and message.text.startswith("Failed to load resource")):
            self.said.append(f"{message.type}: {message.text}")

    def holds(self, name: str, *, picture: bool = True) -> None:
        """Look at the page that is open, at every width, once it has loaded."""
        self.page.wait_for_load_state()
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            if picture:
                keep_picture(self.page, f"page-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}-{width}")
            assert self.page.evaluate(TOO_WIDE) == [], f"{name} is wider than {width} px"
            found = self._violations()
            assert found.violations_count == 0, f"{name} at {width} px: {found.generate_report()}"
        self._markup(name)
        assert self.said == [], name

    def _markup(self, name: str) -> None:
        """The page as it was sent is valid, light, and made of what this host alone sent."""
        page, *parts = self.loaded
        assert self.checker.faults(page.text()) == [], name
        sheets = [one for one in parts if one.request.resource_type == "stylesheet"]
        weight = len(page.body()) + sum(one.request.sizes()["responseBodySize"] for one in sheets)
        assert weight < HEAVIEST, f"{name} is {weight:,} bytes of HTML and CSS"
        assert {urlsplit(one.url).netloc for one in self.loaded} == {urlsplit(page.url).netloc}, name

    def _violations(self) -> AxeResults:
        """What axe finds. Its script is put into a page once, not once for each width."""
        if self.page.evaluate("typeof axe === 'undefined'"):
            self.page.evaluate(AXE)
        options = {"runOnly": STANDARD, "resultTypes": ["violations"]}
        return AxeResults(self.page.evaluate("(options) => axe.run(options)", options))


@pytest.fixture(scope="module")
def markup() -> Iterator[Checker]:
    with checker() as opened:
        yield opened


@pytest.fixture
def watched(page: Page, markup: Checker) -> Watched:
    made = Watched(page, markup)
    made.listen()
    return made


def opened(watched: Watched, address: str, status: int = 200) -> None:
    answer = watched.page.goto(address)
    assert answer is not None
    assert answer.status == status


def pressed(watched: Watched, way: str | Locator, status: int = 200) -> None:
    """Press this button or link, and wait for the page that answers."""
    assert follow(watched.page, way).status == status


SEND = "main form button"
READ = {
    "front": ("/", 200),
    "fund": ("/apply/youth-fund", 200),
    "fund that takes several purposes": ("/apply/crime-and-disorder", 200),
    "questions of a fund": ("/apply/crime-and-disorder/questions", 200),
    "check, empty": ("/check", 200),
    "check, errors": ("/check?fund=&amount=lots&buys=yes&purchases=", 422),
    "check, answered": ("/check?fund=youth-fund&amount=2000&purpose=young_people&age_from=8&age_to=17&buys=no", 200),
    "check, against the rules": (
        "/check?fund=youth-fund&amount=9000&purpose=young_people&age_from=3&age_to=40&buys=yes&purchases=7000", 200,
    ),
    "register": ("/awards", 200),
    "register, nothing found": ("/awards?q=nothing-is-called-this", 200),
    "policy": ("/policy", 200),
    "policy, errors": ("/policy?on=31+February+2027", 422),
    "policy, before the record": ("/policy?on=2020-03-01", 200),
    "not found": ("/nowhere", 404),
    "link not found": ("/a/nonsense", 404),
    "Slack, people": ("/practice/slack/", 200),
    "Slack, approvals": (f"/practice/slack/U0OFFICER/{APPROVALS}", 200),
    "Slack, deadlines": (f"/practice/slack/U0OFFICER/{DEADLINES}", 200),
    "mailbox": ("/practice/mail", 200),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_page_to_read(site: Site, watched: Watched, name: str) -> None:
    path, status = READ[name]
    opened(watched, f"{site.url}{path}", status)
    watched.holds(name)


def test_the_policy_with_one_to_come(site: Site, watched: Watched) -> None:
    text = HIGHER.replace('"Fenland", ', "")
    applied(site.desk.office, text, date(2099, 4, 1))
    for name, path in (("policy, one to come", "/policy"), ("policy, of a day to come", "/policy?on=2099-04-01")):
        opened(watched, f"{site.url}{path}")
        watched.holds(name)


SENT = [
    "draft, empty", "draft, filled", "sent", "recommended", "declined", "approved", "award",
    "asked", "correcting", "answered", "to withdraw", "withdrawn", "agreed", "turned down", "run out",
    "offer, open", "offer, accepted", "offer, refused", "offer, expired", "return, open", "return, received",
    "return, half filled in", "return, with a question", "return, overdue", "return, accepted", "return, ended",
    "more time", "issue", "meeting, asked", "meeting, held", "meeting, cancelled",
    "calendar, made", "calendar, none yet",
]  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_a_page_behind_a_link(site: Site, watched: Watched, name: str) -> None:
    opened(watched, f"{site.url}{site.paths[name]}", 410 if name == "offer, expired" else 200)
    watched.holds(name)


def _forms() -> list[tuple[str, str]]:
    """Every page of the form, by fund and address: the Youth Fund's, and what other funds ask besides."""
    policy, found = shipped_policy(), dict[str, str]()
    for fund_id in ("youth-fund", "crime-and-disorder", "rape-support"):
        fund = policy.fund(fund_id)
        assert fund is not None
        for form in application_book(fund, policy):
            found.setdefault(form.slug, fund_id)
    return [(fund, slug) for slug, fund in found.items()]


ASKED_AFTER = {
    "charity-number": {"organisation_type": "charity"},
    "company-number": {"organisation_type": "company"},
    "purchases": {"buys": "yes"},
    "send": {"age_to": "20"},
    "local-need": {"amount": "50,000", "countywide": "no"},
    "assistance": {"amount": "50,000", "enterprise": "yes"},
    **{
        slug: {"amount": "50,000"}
        for slug in (
            "existing-service", "needs-assessment", "engagement", "partnership", "pathways", "early-intervention",
            "countywide", "co-design", "enterprise",
        )
    },
}  # fmt: skip
"""The pages that only an earlier answer brings: a kind of organisation, an age, a large amount."""

MAY_STAY_EMPTY = {"charity-number": "twelve", "early-intervention": ""}
"""The pages that may be left empty, and what is typed to see what is wrong; "" where nothing wrong can be typed."""


@pytest.mark.parametrize(("fund", "slug"), _forms())
def test_a_page_of_the_form(site: Site, watched: Watched, fund: str, slug: str) -> None:
    earlier = ASKED_AFTER.get(slug, {})
    opened(watched, f"{site.url}{site.draft(fund, **earlier)}/{slug}")
    watched.holds(f"form, {slug}, empty", picture=False)
    wrong = MAY_STAY_EMPTY.get(slug)
    if wrong:
        watched.page.fill("main input:not([type=hidden])", wrong)
    if wrong != "":
        pressed(watched, SEND, 422)
        assert watched.page.title().startswith("Error: ")
        watched.holds(f"form, {slug}, errors")
        for link in watched.page.locator(".govuk-error-summary a").all():
            link.click()
            assert watched.page.evaluate("document.activeElement.closest('main form') !== null"), "leads to no field"
    opened(watched, f"{site.url}{site.draft(fund, **{**TYPED, **earlier})}/{slug}")
    watched.holds(f"form, {slug}, filled", picture=False)


@pytest.mark.parametrize("name", ["draft, empty", "draft, filled", "draft, against the rules"])
def test_the_answers_to_check(site: Site, watched: Watched, name: str) -> None:
    opened(watched, f"{site.url}{site.paths[name]}/check-answers")
    watched.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    watched.holds(f"check answers, {name}")
    if name == "draft, empty":
        pressed(watched, SEND, 422)
        watched.holds("check answers, errors")


@pytest.mark.parametrize(
    "name", ["offer, open", "return, open", "asked", "return, with a question", "more time", "issue"]
)
def test_what_is_missing_in_an_answer_to_the_office(site: Site, watched: Watched, name: str) -> None:
    opened(watched, f"{site.url}{site.paths[name]}")
    pressed(watched, SEND, 422)
    watched.holds(f"{name}, errors")


def test_an_offer_from_a_proposed_change_to_bank_details(site: Site, watched: Watched) -> None:
    page, offer = watched.page, f"{site.url}{site.path('offer', site.decided(title='Dance class').id)}"
    opened(watched, offer)
    page.check("input[value=propose]")
    pressed(watched, SEND, 422)
    watched.holds("offer, proposal with errors")
    page.fill("#target-1", "A tenth fewer")
    page.fill("#why", "A fifth is beyond us.")
    page.fill("#name", "Kim Archer")
    pressed(watched, SEND)
    watched.holds("offer, change proposed")
    for box in ("input[value=accept]", "#terms", "#measures"):
        page.check(box)
    page.fill("#name", "Kim Archer")
    pressed(watched, SEND)
    pressed(watched, "text=Give us your bank details")
    watched.holds("bank details")
    pressed(watched, SEND, 422)
    watched.holds("bank details, errors")
    for name, typed in (("account_name", "Ramsey"), ("sort_code", "30-94-30"), ("account_number", "73311942")):
        page.fill(f"#{name}", typed)
    page.check("input[value=no]")
    pressed(watched, SEND)
    watched.holds("bank details, given")
    pressed(watched, "text=Change the bank details")
    watched.holds("bank details, to be changed")


def test_the_staff_pages(site: Site, watched: Watched) -> None:
    """Signed in as Olive Officer: every page, and each form with what is missing in it."""
    page = watched.page
    opened(watched, f"{site.url}/desk")
    watched.holds("desk, sign in")
    pressed(watched, SEND, 422)
    watched.holds("desk, sign in, errors")
    page.get_by_label("Olive Officer").check()
    pressed(watched, SEND)
    watched.holds("desk, what waits")
    opened(watched, f"{site.url}/desk?kind=measures")
    watched.holds("desk, nothing of a kind")
    for name, (path, missing) in site.staff_pages().items():
        opened(watched, f"{site.url}{path}")
        for details in page.locator("details").all():
            details.evaluate("one => one.open = true")
        watched.holds(f"desk, {name}")
        if missing:
            pressed(watched, f"text={missing}", 422)
            assert page.title().startswith("Error: ")
            watched.holds(f"desk, {name}, errors")
            page.locator(".govuk-error-summary a").first.click()
            assert page.evaluate("document.activeElement.closest('main form') !== null"), "leads to no field"
    opened(watched, f"{site.url}/desk/enter")
    page.context.clear_cookies()
    page.fill("textarea", "Kim Archer, by telephone.")
    pressed(watched, SEND, 401)
    watched.holds("desk, signed in no more")


def test_a_mail(site: Site, watched: Watched) -> None:
    opened(watched, f"{site.url}/practice/mail")
    pressed(watched, watched.page.get_by_role("link", name=re.compile("offer", re.IGNORECASE)).first)
    watched.holds("mail")
    opened(watched, f"{watched.page.url}/formatted")
    watched.holds("mail, formatted")


CARD = "article.message"


def _card(watched: Watched, site: Site, person: str, words: str) -> Locator:
    opened(watched, f"{site.url}/practice/slack/{person}/{APPROVALS}")
    return watched.page.locator(CARD, has_text=words)


def test_a_form_of_slack(site: Site, watched: Watched) -> None:
    pressed(watched, _card(watched, site, "U0PCC", "Waiting for a decision").locator('[data-action="approve"]'))
    watched.holds("Slack, form")
    watched.page.fill('[name="amount/value"]', "many")
    pressed(watched, ".modal button.primary", 422)
    watched.holds("Slack, form, errors")


def test_what_slack_shows_to_one_person(site: Site, watched: Watched) -> None:
    pressed(watched, _card(watched, site, "U0OFFICER", "Waiting for a decision").locator('[data-action="approve"]'))
    assert "Only visible to you" in watched.page.inner_text("main")
    watched.holds("Slack, private answer")


def test_the_home_of_slack(site: Site, watched: Watched) -> None:
    opened(watched, f"{site.url}/practice/slack/U0PCC/home")
    watched.holds("Slack, home")


def test_the_amount_of_an_award_is_on_a_phones_screen(site: Site, watched: Watched) -> None:
    """Of the register's columns the recipient, the amount and the reference are seen without moving anything."""
    watched.page.set_viewport_size({"width": 320, "height": 800})
    opened(watched, f"{site.url}/awards")
    row = watched.page.locator("tbody tr", has_text="Boxing in the park")
    for shown in ("£1,900", site.paths["award"].removeprefix("/awards/"), TYPED["organisation_name"]):
        box = row.get_by_text(shown).first.bounding_box()
        assert box is not None, shown
        assert box["x"] >= 0, shown
        assert box["x"] + box["width"] <= 320, shown


# --- without a mouse, without scripts, without the stylesheet ------------------------------------------------------


def apply(page: Page, site: Site, answer: Callable[[Page], None], start: Callable[[Page], None]) -> str:
    """Go through the whole form; the text of the page at the end."""
    page.goto(f"{site.url}/apply/youth-fund")
    start(page)
    for _ in range(30):
        if page.url.endswith("/check-answers"):
            break
        answer(page)
    answer(page)
    return page.inner_text("main")


def by_mouse(page: Page) -> None:
    for one in page.query_selector_all("main form :is(input:not([type=hidden]), textarea)"):
        name, kind = str(one.get_attribute("name")), one.get_attribute("type")
        if kind in ("radio", "checkbox"):
            if one.get_attribute("value") == TYPED[name]:
                one.check()
        elif name in TYPED:
            one.fill(TYPED[name])
    follow(page, SEND)


FOCUS = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  return {tag: one.tagName, name: one.name || "", type: one.type || "", value: one.value || "",
          form: one.closest("main form") !== null, seen: one.matches(":focus-visible") && box.width > 0};
}"""


def by_keyboard(page: Page) -> None:
    """Answer the page with Tab, the arrows, Space and Enter, as somebody without a mouse does."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if not focus["form"]:
            continue
        assert focus["seen"], f"the focus on {focus['name']} cannot be seen"
        if focus["type"] == "submit":
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
        if focus["type"] == "radio":
            page.keyboard.press("Space")
            for _ in range(12):
                if page.evaluate(FOCUS)["value"] == TYPED[focus["name"]]:
                    break
                page.keyboard.press("ArrowDown")
        elif focus["type"] == "checkbox":
            page.keyboard.press("Space")
        elif focus["name"] in TYPED:
            page.keyboard.insert_text(TYPED[focus["name"]])
    raise AssertionError(f"the keyboard does not get through {page.url}")


REFERENCE = re.compile(r"YF-\d{4}-[346789CDFHJKMNPQRTVWX]{6}")


def test_the_form_by_keyboard_alone(site: Site, page: Page) -> None:
    assert REFERENCE.search(apply(page, site, by_keyboard, by_keyboard))


def test_the_skip_link_comes_first_and_leads_to_the_content(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/awards")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content" or page.url.endswith("#main-content")


@pytest.fixture
def scriptless(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    yield context.new_page()
    context.close()


def test_the_form_without_scripts(site: Site, scriptless: Page) -> None:
    assert REFERENCE.search(apply(scriptless, site, by_mouse, by_mouse))


PLAIN = {
    "front": "/",
    "fund": "/apply/youth-fund",
    "check": "/check?fund=youth-fund&amount=9000&buys=no",
    "register": "/awards",
    "policy": "/policy",
    "not found": "/nowhere",
    **{name: name for name in ("draft, filled", "sent", "award", "offer, open", "offer, accepted", "return, open")},
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_page_under_the_plain_stylesheet(site: Site, watched: Watched, name: str) -> None:
    path = site.paths.get(name, PLAIN[name])
    opened(watched, f"{site.plain_url}{path}", {"not found": 404}.get(name, 200))
    assert "fallback.css" in watched.page.content()
    watched.holds(f"plain, {name}")


@pytest.mark.parametrize("slug", ["organisation-type", "need", "dates", "outcomes", "declaration", "check-answers"])
def test_a_form_under_the_plain_stylesheet(site: Site, watched: Watched, slug: str) -> None:
    opened(watched, f"{site.plain_url}{site.draft()}/{slug}")
    pressed(watched, SEND, 422)
    watched.holds(f"plain, {slug}")
