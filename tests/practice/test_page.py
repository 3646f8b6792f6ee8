"""The page, in an app whose forms are protected as the desk's are; and once in a real browser."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page
from slack_sdk import WebClient
from waitress import create_server
from werkzeug.serving import make_server

from bot.practice.page import blueprint
from bot.practice.people_side import TROUBLE, Outcome
from bot.practice.server import PracticeSlack, TooManyPresses
from tests.browsing import follow

from .conftest import APPROVALS, CARD, DECISION, DIRECTOR, HOME, OFFICER, Received

CHANNEL = APPROVALS.channel_id
ROOT = "/practice/slack"
PLACE = f"{ROOT}/{OFFICER.user_id}/{CHANNEL}"


def web_app(slack: PracticeSlack, *, protected: bool = True, patience: float = 0) -> Flask:
    web = Flask("page")
    web.config.update(SECRET_KEY="tests", TESTING=True)
    if protected:
        CSRFProtect(web)
    web.register_blueprint(blueprint(slack, patience=patience))

    @web.after_request
    def strict(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = "default-src 'self'; form-action 'self'; frame-ancestors 'none'"
        return response

    return web


@pytest.fixture
def browser(slack: PracticeSlack) -> FlaskClient:
    return web_app(slack).test_client()


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def post(browser: FlaskClient, address: str, page: str, **fields: Any) -> Any:
    return browser.post(address, data={"csrf_token": token(page), **fields})


def press(browser: FlaskClient, ts: str, action_id: str, **fields: Any) -> Any:
    page = browser.get(PLACE).text
    return post(browser, PLACE + "/press", page, ts=ts, press=named("decide", action_id), **fields)


def named(*parts: str) -> str:
    """What a button of the page is worth."""
    return json.dumps(parts)


def test_every_page_says_that_it_is_practice_and_is_not_stored(
    app: PracticeSlack, browser: FlaskClient, ts: str
) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    for address in (
        ROOT + "/",
        PLACE,
        f"{ROOT}/{OFFICER.user_id}/home",
        f"{ROOT}/{OFFICER.user_id}/view/{view.view_id}",
    ):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "<strong>Practice Slack.</strong> Nothing here leaves this computer." in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert "<script>" not in answer.text
        assert "style=" not in answer.text
    with browser.get(ROOT + "/static/practice.css") as sheet:
        assert sheet.status_code == 200


def test_people_to_be(browser: FlaskClient) -> None:
    page = browser.get(ROOT).text
    assert "Olive Officer" in page
    assert "Deactivated" in page
    first = browser.get(f"{ROOT}/{OFFICER.user_id}")
    assert first.location == f"{PLACE}#latest"
    for missing in ("U0NOBODY", "U0LEAVER"):
        assert browser.get(f"{ROOT}/{missing}").status_code == 404
    assert browser.get(f"{ROOT}/{OFFICER.user_id}/C0PRIVATE").status_code == 404
    assert "#directors" in browser.get(f"{ROOT}/{DIRECTOR.user_id}/{CHANNEL}").text


def test_messages_stand_oldest_first_with_their_threads_and_hostile_text_is_inert(
    client: WebClient, browser: FlaskClient
) -> None:
    first = client.chat_postMessage(channel=CHANNEL, text="first &lt;script&gt;alert(1)&lt;/script&gt;")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="second")
    client.chat_postMessage(channel=CHANNEL, text="a reply", thread_ts=first)
    page = browser.get(PLACE).text
    assert page.index("first") < page.index("a reply") < page.index("second") < page.index('id="latest"')
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_kind_of_block_is_shown(client: WebClient, browser: FlaskClient) -> None:
    def plain(text: str) -> dict[str, str]:
        return {"type": "plain_text", "text": text}

    options = [{"text": plain("Option one"), "value": "1"}, {"text": plain("Option two"), "value": "2"}]
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "We <b>need</b> it"}]}
    items = [{"type": "rich_text_section", "elements": [{"type": "text", "text": "an item"}]}]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain("Award approval")},
        {"type": "divider"},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Fund*\nYouth"}, plain("£2,000")]},
        {"type": "section", "text": plain("With"), "accessory": {"type": "overflow", "options": options}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_aged 2 days_"}]},
        {"type": "rich_text", "elements": [quote, {"type": "rich_text_list", "style": "bullet", "elements": items}]},
        {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "A plot"},
        {"type": "markdown", "text": "**markdown**"},
        {
            "type": "actions",
            "elements": [
                {"type": "static_select", "options": options, "placeholder": plain("Pick")},
                {"type": "checkboxes", "options": options},
                {"type": "radio_buttons", "options": options},
                {"type": "datepicker"},
                {"type": "button", "text": plain("Elsewhere"), "url": "https://a.example/"},
            ],
        },
        {"type": "input", "label": plain("Words"), "element": {"type": "plain_text_input"}},
    ]
    client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks)
    client.views_publish(user_id=OFFICER.user_id, view={"type": "home", "blocks": [*blocks[:7], *blocks[8:]]})
    for page in (browser.get(PLACE).text, browser.get(f"{ROOT}/{OFFICER.user_id}/home").text):
        assert 'class="block-header">Award approval</h' in page
        assert "<strong>Fund</strong><br>Youth" in page
        assert "<em>aged 2 days</em>" in page
        assert "<blockquote>We &lt;b&gt;need&lt;/b&gt; it</blockquote>" in page
        assert "an item" in page
        assert "A plot" in page
        assert page.count("Option two") == 4
        assert 'href="https://a.example/"' in page
        assert "Words" in page


def test_a_press_opens_the_modal_and_its_submission_goes_back_to_the_card(
    app: PracticeSlack, received: Received, browser: FlaskClient, ts: str
) -> None:
    opened = press(browser, ts, "approve")
    assert opened.status_code == 303
    page = browser.get(opened.location).text
    assert '<h1 id="modal-title">Approve</h1>' in page
    assert 'value="2000.00"' in page
    assert '<span class="aside">(optional)</span>' in page
    address = opened.location.split("?")[0]
    fields = {name: re.search(f'name="{name}" value="([^"]*)"', page) for name in ("hash", "from", "at")}
    kept = {name: found[1] for name, found in fields.items() if found}
    sent = {**kept, "amount/value": "1500.50", "reasons/value": "Line one\r\nline two", "recommendation/value": "less"}

    empty = post(browser, address, page, **{**sent, "reasons/value": ""})
    assert empty.status_code == 422
    assert "Please complete this required field." in empty.text
    assert 'value="1500.50"' in empty.text
    assert 'value="less" checked' in re.sub(r"\s+", " ", empty.text)
    assert len(received.requests) == 1

    received.submission = lambda body: {"response_action": "errors", "errors": {"amount": "The fund has £1,000 left"}}
    refused = post(browser, address, page, **sent)
    assert refused.status_code == 422
    assert "The fund has £1,000 left" in refused.text
    assert "Line one\nline two" in refused.text

    received.submission = lambda body: {}
    done = post(browser, address, page, **sent)
    assert done.location == f"{PLACE}#m-{ts.replace('.', '-')}"
    values = received.payload()["view"]["state"]["values"]
    assert values["reasons"]["value"]["value"] == "Line one\nline two"
    assert values["amount"]["value"]["value"] == "1500.50"
    again = post(browser, address, page, **sent)
    assert "notice=gone" in again.location


def test_a_form_that_changed_meanwhile_is_shown_again(
    app: PracticeSlack, received: Received, browser: FlaskClient, ts: str
) -> None:
    opened = press(browser, ts, "approve")
    page = browser.get(opened.location).text
    view = app.workspace.open_views(OFFICER.user_id)[0]
    app.workspace.replace(view, DECISION)
    answer = post(browser, opened.location.split("?")[0], page, hash=view.hash, **{"reasons/value": "kept"})
    assert answer.status_code == 409
    assert "has changed since" in answer.text
    assert "kept" in answer.text
    assert len(received.requests) == 1


def test_a_sent_form_is_followed_by_what_the_app_changes_a_moment_later(
    app: PracticeSlack, client: WebClient, ts: str, received: Received
) -> None:
    def decided_later(_body: dict[str, Any]) -> dict[str, Any]:
        later = threading.Timer(0.2, client.chat_update, kwargs={"channel": CHANNEL, "ts": ts, "text": "Approved"})
        later.start()
        return {}

    received.submission = decided_later
    browser = web_app(app, patience=60).test_client()
    opened = press(browser, ts, "approve")
    page = browser.get(opened.location).text
    begun = time.monotonic()
    kept = {name: re.search(f'name="{name}" value="([^"]*)"', page)[1] for name in ("hash", "from", "at")}  # type: ignore[index]
    filled = {**kept, "amount/value": "1500.50", "reasons/value": "Good.", "recommendation/value": "less"}
    sent = post(browser, opened.location.split("?")[0], page, **filled)
    assert time.monotonic() - begun < 30
    assert sent.status_code == 303
    assert "Approved" in browser.get(sent.location).text


def test_closing_a_modal(app: PracticeSlack, browser: FlaskClient, ts: str) -> None:
    opened = press(browser, ts, "approve")
    page = browser.get(PLACE).text
    assert "A form is open: Approve" in page
    post(browser, opened.location.split("?")[0] + "/close", page)
    assert app.workspace.open_views(OFFICER.user_id) == []


def test_what_only_one_person_sees(app: PracticeSlack, browser: FlaskClient, ts: str) -> None:
    answer = press(browser, ts, "reply")
    shown = app.workspace.ephemerals(CHANNEL, OFFICER.user_id)[0]
    assert answer.location.endswith(f"#m-{shown.ts.replace('.', '-')}")
    page = browser.get(PLACE).text
    assert "Only visible to you" in page
    assert "Only visible to you" not in browser.get(f"{ROOT}/{DIRECTOR.user_id}/{CHANNEL}").text
    post(browser, PLACE + "/dismiss", page)
    assert "Only visible to you" not in browser.get(PLACE).text


def test_trouble_and_what_has_gone_are_said(
    app: PracticeSlack, client: WebClient, browser: FlaskClient, ts: str
) -> None:
    failed = press(browser, ts, "fail")
    assert TROUBLE.replace("?", "") in browser.get(failed.location).text
    page = browser.get(PLACE).text
    client.chat_update(channel=CHANNEL, ts=ts, text="Decided")
    gone = post(browser, PLACE + "/press", page, ts=ts, press=named("decide", "approve"))
    assert "not on the screen any more" in browser.get(gone.location).text


def test_confirmation_comes_before_the_press(
    app: PracticeSlack, client: WebClient, received: Received, browser: FlaskClient
) -> None:
    sure = {
        "title": {"type": "plain_text", "text": "Sure?"},
        "text": {"type": "plain_text", "text": "This sends it."},
        "confirm": {"type": "plain_text", "text": "Send it"},
        "deny": {"type": "plain_text", "text": "No"},
    }
    button = {**CARD[1]["elements"][0], "confirm": sure}
    ts = client.chat_postMessage(
        channel=CHANNEL, text="x", blocks=[{"type": "actions", "block_id": "decide", "elements": [button]}]
    )["ts"]
    asked = press(browser, ts, "approve")
    assert asked.status_code == 200
    assert "Sure?" in asked.text
    assert received.requests == []
    assert press(browser, ts, "approve", confirmed="yes").status_code == 303
    assert len(received.requests) == 1


def test_home_opens_by_post_only(app: PracticeSlack, received: Received, browser: FlaskClient) -> None:
    address = f"{ROOT}/{OFFICER.user_id}/home"
    page = browser.get(address).text
    assert "published nothing" in page
    assert received.requests == []
    assert post(browser, address, page).status_code == 303
    assert "Hello" in browser.get(address).text
    home = {**HOME, "blocks": CARD}
    view = app.workspace.home(OFFICER.user_id)
    assert view is not None
    app.workspace.replace(view, home)
    opened = post(browser, address + "/press", page, press=named("decide", "approve"))
    assert "/view/V" in opened.location
    assert received.payload()["container"] == {"type": "view", "view_id": view.view_id}


@pytest.mark.parametrize("protected", [True, False])
def test_forms_need_their_token(app: PracticeSlack, received: Received, ts: str, protected: bool) -> None:
    browser = web_app(app, protected=protected).test_client()
    page = browser.get(PLACE).text
    data = {"ts": ts, "press": named("decide", "approve")}
    assert browser.post(PLACE + "/press", data=data).status_code == 400
    assert browser.post(PLACE + "/press", data={**data, "csrf_token": "x"}).status_code == 400
    assert received.requests == []
    assert browser.post(PLACE + "/press", data={**data, "csrf_token": token(page)}).status_code == 303


def test_a_third_press_at_once_is_turned_away(app: PracticeSlack, browser: FlaskClient, ts: str) -> None:
    page = browser.get(PLACE).text
    go, started = threading.Event(), threading.Semaphore(0)

    def slow() -> Outcome:
        started.release()
        go.wait(30)
        return Outcome()

    threads = [threading.Thread(target=app.from_page, args=(slow,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert started.acquire(timeout=30)
    assert started.acquire(timeout=30)
    with pytest.raises(TooManyPresses):
        app.from_page(Outcome)
    data = {"ts": ts, "press": named("decide", "approve")}
    turned_away = post(browser, PLACE + "/press", page, **data)
    assert "notice=busy" in turned_away.location
    go.set()
    for thread in threads:
        thread.join()
    assert app.from_page(Outcome).ok


def test_presses_at_once_do_not_starve_the_app_on_the_same_four_threads(
    app: PracticeSlack, web: Flask, ts: str
) -> None:
    """The page and the bot are served by one waitress with four threads, as ``up`` does it."""
    web.register_blueprint(blueprint(app))
    web.config["SECRET_KEY"] = "tests"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = create_server(web, sockets=[listening], threads=4)

        def run() -> None:
            with suppress(OSError):  # closed below, perhaps while it waits for its socket
                server.run()

        thread = threading.Thread(target=run)
        thread.start()
        app.request_url = f"http://127.0.0.1:{port}/slack/events"
        answers: list[str] = []

        def press_from_page() -> None:
            person = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            address = f"http://127.0.0.1:{port}{PLACE}"
            with person.open(address, timeout=60) as answer:
                page = answer.read().decode()
            data = {"csrf_token": token(page), "ts": ts, "press": named("decide", "approve")}
            with person.open(address + "/press", urlencode(data).encode(), timeout=60) as answer:
                answers.append(answer.url)

        people = [threading.Thread(target=press_from_page) for _ in range(8)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        server.close()
        thread.join(30)
    assert len(answers) == 8
    assert not [one for one in answers if "notice=trouble" in one]
    assert [one for one in answers if "/view/V" in one]


@pytest.fixture
def site(app: PracticeSlack) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, web_app(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{ROOT}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_person_decides_in_a_real_browser_without_scripts(
    app: PracticeSlack, received: Received, site: str, ts: str, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if "Security Policy" in message.text else None)
    page.goto(site)
    follow(page, page.get_by_role("link", name="Olive Officer"))
    follow(page, page.get_by_role("button", name="Approve"))
    assert page.get_by_label("Amount").input_value() == "2000.00"
    follow(page, page.get_by_role("button", name="Approve"))
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Less").check()
    page.get_by_label("Reasons").fill("It is needed")
    follow(page, page.get_by_role("button", name="Approve"))
    page.get_by_role("heading", name="#approvals").wait_for()
    context.close()
    assert faults == []
    values = received.payload()["view"]["state"]["values"]
    assert values["reasons"]["value"]["value"] == "It is needed"
    assert app.workspace.open_views(OFFICER.user_id) == []


def test_new_messages_are_looked_for_without_scripts_as_often_as_one_likes(
    client: WebClient, site: str, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.removesuffix('/')}/{OFFICER.user_id}/{CHANNEL}#latest")
    for said in ("The first", "The second"):
        client.chat_postMessage(channel=CHANNEL, text=said)
        follow(page, page.get_by_role("link", name="Check for new messages"))
        page.get_by_text(said).wait_for()
    context.close()


@pytest.fixture
def watching(site: str, ts: str, chromium: Browser) -> Iterator[Page]:
    """The channel in a browser with scripts, with one card in it; what breaks the page's policy is an error."""
    assert ts
    page = chromium.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{site.removesuffix('/')}/{OFFICER.user_id}/{CHANNEL}")
    yield page
    page.close()
    assert faults == []


def test_a_channel_brings_itself_up_to_date(client: WebClient, watching: Page, ts: str) -> None:
    client.chat_update(channel=CHANNEL, ts=ts, text="It was approved")
    client.chat_postMessage(channel=CHANNEL, text="Something else")
    watching.get_by_text("It was approved").wait_for()
    assert watching.get_by_text("Something else").is_visible()
    assert watching.get_by_role("button", name="Approve").count() == 0
    assert watching.locator("#something-new").is_hidden()


def test_what_somebody_is_in_the_middle_of_stays(client: WebClient, watching: Page, ts: str) -> None:
    watching.get_by_role("button", name="Approve").focus()
    client.chat_update(channel=CHANNEL, ts=ts, text="It was approved")
    watching.get_by_text("Something here has changed.").wait_for()
    assert watching.evaluate("document.activeElement.textContent") == "Approve"
    follow(watching, watching.get_by_role("link", name="Show it"))
    watching.get_by_text("It was approved").wait_for()


def test_a_half_filled_form_is_never_reloaded(client: WebClient, watching: Page, ts: str) -> None:
    follow(watching, watching.get_by_role("button", name="Approve"))
    watching.get_by_label("Reasons").fill("Half a reason")
    assert watching.locator("script").count() == 0
    client.chat_update(channel=CHANNEL, ts=ts, text="It was approved")
    watching.wait_for_timeout(4_000)
    assert watching.get_by_label("Reasons").input_value() == "Half a reason"
