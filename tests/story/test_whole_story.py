"""One application, the whole way, through the real desk in a process of its own and a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from core.office import LONDON
from core.rules.calendar import add_months
from tests.browsing import follow, keep_picture
from tests.running import RunningDesk, wait_for

SOON = 30
"""Seconds after which what should be there at once is given up: how fast it is, is not told beside other tests."""

START = add_months(datetime.now(LONDON).date().replace(day=1), 2)
"""The desk of this story goes by today's clock, so what is applied for begins after today, whenever that is."""

END = add_months(START, 12) - timedelta(days=1)
FIRST_RETURN = add_months(START, 6)

ANSWERS = {
    "organisation_name": "Tidewater Boxing Club",
    "organisation_type": "constituted_group",
    "postcode": "pe1 1aa",
    "contact_name": "Sam Volunteer",
    "contact_email": "sam@boxing.example",
    "title": "Gloves on, knives down",
    "need": "Young people on the estate told us there is nowhere to go after school.",
    "existing_provision": "Two clubs, neither within a walk.",
    "plan_objective": "reduce-crime-and-disorder",
    "csp_area": "Fenland",
    "age_from": "8",
    "age_to": "16",
    "send": "no",
    "outcome-1": "Fewer young people drawn into trouble",
    "measure-1": "Young people attending weekly",
    "target-1": "40 a week",
    "start-day": str(START.day),
    "start-month": str(START.month),
    "start-year": str(START.year),
    "end-day": str(END.day),
    "end-month": str(END.month),
    "end-year": str(END.year),
    "amount": "£2,000",
    "budget-item-1": "Coaches and hall hire",
    "budget-amount-1": "1,360",
    "budget-item-2": "Gloves and pads",
    "budget-amount-2": "640",
    "buys": "yes",
    "purchases_what": "Gloves and pads",
    "purchases": "640",
    "declaration": "yes",
}


def picture(page: Page, name: str) -> None:
    keep_picture(page, f"story-{name}")


def fetched(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def fill(page: Page) -> None:
    """Answer whatever this page of the form asks."""
    for field in page.query_selector_all("main input:not([type=hidden]), main textarea, main select"):
        name, kind = str(field.get_attribute("name")), field.get_attribute("type")
        if kind == "radio":
            page.check(f'[name="{name}"][value="{ANSWERS[name]}"]')
        elif kind == "checkbox":
            field.check()
        elif name in ANSWERS:
            field.fill(ANSWERS[name])


def apply_on_a_phone(page: Page, desk: RunningDesk) -> str:
    """Fill in the form, one thing a page, and send it. The reference."""
    page.goto(f"{desk.url}/apply/youth-fund")
    follow(page, "text=Start now")
    follow(page, "main form button")  # nothing typed yet: the first page says so beside its field
    assert "Enter the name of your organisation" in page.inner_text("main")
    assert page.title().startswith("Error: ")
    for _ in range(30):
        if page.url.endswith("/check-answers"):
            break
        fill(page)
        if page.url.endswith("/need"):  # killed while somebody types: the page that is open still sends afterwards
            desk.kill()
            desk.start()
        follow(page, "main form button")
    picture(page, "check-answers")
    assert "£2,000" in page.inner_text("main")
    follow(page, "text=Send application")
    shown = page.inner_text("main")
    picture(page, "sent")
    found = re.search(r"YF-\d{4}-[346789CDFHJKMNPQRTVWX]{6}", shown)
    assert found, shown
    return found.group()


def card(page: Page, desk: RunningDesk, person: str, reference: str) -> str:
    """Open #approvals as a person; the text of this application's card."""
    page.goto(f"{desk.url}/practice/slack/{person}/C0APPROVALS")
    cards = page.locator("article.message", has_text=reference)
    assert cards.count() == 1, f"{cards.count()} cards for {reference}"
    return cards.first.inner_text()


def press(page: Page, desk: RunningDesk, person: str, reference: str, action: str) -> None:
    card(page, desk, person, reference)
    follow(page, page.locator("article.message", has_text=reference).locator(f'button[data-action="{action}"]'))


def submit_modal(page: Page, **values: str) -> None:
    for block, value in values.items():
        field = page.locator(f'[name="{block}/value"]')
        if field.first.get_attribute("type") == "radio":
            page.locator(f'[name="{block}/value"][value="{value}"]').check()
        else:
            field.fill(value)
    follow(page, ".modal button.primary")


def mails_to(desk: RunningDesk, address: str) -> list[str]:
    folder = desk.folder / "var" / "practice-mail"
    return [
        text
        for path in sorted(folder.glob("*.eml"), key=lambda one: one.stat().st_mtime)
        if f"<{address}>" in (text := path.read_text(encoding="utf-8")) or address in text
    ]


def open_mail(page: Page, desk: RunningDesk, words: str) -> None:
    """Open the latest mail whose subject has these words."""
    page.goto(f"{desk.url}/practice/mail")
    follow(page, page.get_by_role("link", name=re.compile(words, re.IGNORECASE)).first)


def test_from_the_form_to_the_return(tmp_path: Path, database_url: str, page: Page) -> None:
    with RunningDesk(tmp_path, database_url=database_url, api_keys="auditor:key-of-the-auditor:staff") as desk:
        reference = apply_on_a_phone(page, desk)

        def has_card() -> bool:
            page.goto(f"{desk.url}/practice/slack/U0OFFICER/C0APPROVALS")
            return page.locator("article.message", has_text=reference).count() == 1

        wait_for(has_card, SOON, "no card came of the submission")
        shown = card(page, desk, "U0OFFICER", reference)
        picture(page, "card")
        for words in ("Tidewater Boxing Club", "£2,000", "Gloves on, knives down"):
            assert words in shown

        # Too early to approve, and not for the constabulary: told privately, and no modal opens.
        press(page, desk, "U0PCC", reference, "approve")
        assert "Only visible to you" in page.inner_text("body")
        assert "recommend" in page.inner_text("body").lower()
        press(page, desk, "U0FORCE", reference, "recommend")
        assert "Only visible to you" in page.inner_text("body")

        press(page, desk, "U0OFFICER", reference, "recommend")
        picture(page, "recommend")
        submit_modal(page, recommendation="approve", reasons="The need is shown and the measure can be checked.")
        wait_for(
            lambda: "· recommended" in card(page, desk, "U0OFFICER", reference),
            SOON,
            "the card did not show the recommendation",
        )
        press(page, desk, "U0OFFICER", reference, "approve")
        assert "Only visible to you" in page.inner_text("body")  # nobody decides what they recommended (A2)

        before = {one["fund"]: one for one in fetched(f"{desk.url}/api/v1/funds?year=2026-27")["funds"]}
        press(page, desk, "U0PCC", reference, "approve")
        picture(page, "approve")
        submit_modal(
            page,
            amount="1900.00",
            reasons="It contributes to reducing disorder.",
            conditions="A return every six months.",
        )
        wait_for(
            lambda: (
                "£1,900" in card(page, desk, "U0OFFICER", reference)
                and page.locator("article.message", has_text=reference).locator("button[data-action=approve]").count()
                == 0
            ),
            SOON,
            "the card did not show the decision",
        )
        picture(page, "decided")
        after = {one["fund"]: one for one in fetched(f"{desk.url}/api/v1/funds?year=2026-27")["funds"]}
        committed = [round((float(now["youth-fund"]["committed"])) * 100) for now in (before, after)]
        assert committed[1] - committed[0] == 190_000

        # The offer is in the mailbox; it holds one link, and accepting it starts the award.
        wait_for(
            lambda: any("/offers/" in mail for mail in mails_to(desk, "sam@boxing.example")), SOON, "no offer came"
        )
        open_mail(page, desk, "offer")
        offers = {link.get_attribute("href") for link in page.query_selector_all(f'a[href^="{desk.url}/"]')}
        offers = {link for link in offers if link and "/offers/" in link}
        assert len(offers) == 1
        page.goto(str(offers.pop()))
        picture(page, "offer")
        assert page.locator("form").count() == 1
        page.check('[name="decision"][value="accept"]')
        page.fill('[name="name"]', "Sam Volunteer")
        page.check('[name="terms"]')
        page.check('[name="measures"]')
        follow(page, "main form button")
        picture(page, "accepted")
        page.goto(f"{desk.url}/awards")
        picture(page, "register")
        assert (
            page.get_by_role("link", name=ANSWERS["organisation_name"]).first.get_attribute("href")
            == f"/awards/{reference}"
        )
        grants = fetched(f"{desk.url}/awards.json")["grants"]
        mine = [grant for grant in grants if grant["id"].endswith(reference)]
        assert len(grants) >= 21
        assert [grant["amountAwarded"] for grant in mine] == [1900.00]

        # Killed here and started again: what was agreed is still there.
        desk.kill()
        desk.start()
        assert reference in json.dumps(fetched(f"{desk.url}/awards.json"))

        # In the week before the first return (so late in it that the office has worked, whatever days it was closed) a
        # sweep tells the recipient by mail and the officer who recommended it in Slack, once each.
        day, due = (FIRST_RETURN - timedelta(days=2)).isoformat(), FIRST_RETURN.isoformat()
        swept = json.loads(desk.run("sweep", "--as-of", day, "--json").stdout)
        mine_swept = [step for step in swept if step["reference"] == reference and step["kind"] == "return"]
        assert sorted((step["to"], step["channel"], step["step"], step["due"]) for step in mine_swept) == [
            ("officer", "slack", -7, due),
            ("recipient", "email", -7, due),
        ]
        again = json.loads(desk.run("sweep", "--as-of", day, "--json").stdout)
        assert again == []

        def told() -> bool:
            page.goto(f"{desk.url}/practice/slack/U0OFFICER/D0OFFICER")
            return reference in page.inner_text("body")

        wait_for(told, SOON, "the officer who recommended it was not told")
        picture(page, "deadlines")
        wait_for(
            lambda: any("/returns/" in mail for mail in mails_to(desk, "sam@boxing.example")), SOON, "no nudge came"
        )
        open_mail(page, desk, rf"return.*{reference}")
        picture(page, "nudge")
        follow(page, f'a[href^="{desk.url}/returns/"]')
        picture(page, "return")
        for name, value in {
            "narrative": "Attendance is up. The register shows it.",
            "achieved-1": "38 a week",
            "people": "61",
            "spent": "1200",
            "views": "They asked for a second evening.",
        }.items():
            page.fill(f'[name="{name}"]', value)
        follow(page, "main form button")
        picture(page, "return-received")
        request = urllib.request.Request(
            f"{desk.url}/api/v1/deadlines?state=met", headers={"Authorization": "Bearer key-of-the-auditor"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            met = json.load(answer)["deadlines"]
        assert [one for one in met if one["reference"] == reference and one["due"] == due]
        assert desk.stop() == 0
        assert "Traceback" not in desk.said()
