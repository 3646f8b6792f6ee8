"""Every page of the practice Slack with every kind of block in it: accessible, valid, no wider than a phone, strict."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page
from slack_bolt import App
from slack_sdk import WebClient
from werkzeug.serving import make_server

from bot.practice.block_rules import faults, view_faults
from bot.practice.faults import Fault
from bot.practice.page import blueprint
from bot.practice.server import PracticeSlack
from bot.practice.workspace import Standing
from intake import headers
from tests.browsing import follow
from tests.markup import Checker, checker
from tests.story.test_pages import Watched, opened, pressed

from .conftest import APPROVALS, CARD, DIRECTOR, LEAVER, OFFICER, Received

Json = dict[str, Any]
CHANNEL = APPROVALS.channel_id


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


OPTIONS = [{"text": plain(f"Option {n}"), "value": f"{n}/x"} for n in ("one", "two")]
SURE = {
    "title": plain("Sure?"),
    "text": plain("This sends it."),
    "confirm": plain("Send it"),
    "deny": plain("No"),
}
GROUPS = [{"label": plain("A group"), "options": OPTIONS}]


def chooser(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": kind, "placeholder": plain(f"Pick: {kind}"), **more}


MENUS: list[Json] = [
    chooser("static_select", options=OPTIONS),
    chooser("multi_static_select", option_groups=GROUPS),
    chooser("users_select"),
    chooser("multi_users_select", initial_users=[DIRECTOR.user_id]),
    chooser("datepicker", initial_date="2026-11-30"),
    chooser("timepicker", initial_time="09:30"),
    {"type": "checkboxes", "action_id": "checkboxes", "options": [{**OPTIONS[0], "description": plain("Why")}]},
    {"type": "radio_buttons", "action_id": "radio_buttons", "options": OPTIONS, "initial_option": OPTIONS[0]},
]
TYPED: list[Json] = [
    {"type": "plain_text_input", "action_id": "value"},
    {"type": "plain_text_input", "action_id": "value", "multiline": True},
]
ONLY_MODALS: list[Json] = [
    {"type": "number_input", "action_id": "value", "is_decimal_allowed": True},
    {"type": "email_text_input", "action_id": "value"},
    {"type": "url_text_input", "action_id": "value"},
    {"type": "datetimepicker", "action_id": "value", "initial_date_time": 1_800_000_000},
]


def inputs(elements: list[Json]) -> list[Json]:
    return [
        {
            "type": "input",
            "block_id": f"in{n}",
            "label": plain(f"Input {n}: {element['type']}"),
            "hint": plain("A hint"),
            "element": element,
        }
        for n, element in enumerate(elements)
    ]


def everything() -> list[Json]:
    """Every kind of block and element that a message and Home may hold."""
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "We need it"}]}
    items = [{"type": "rich_text_section", "elements": [{"type": "text", "text": "an item"}]}]
    overflow = {
        "type": "overflow",
        "action_id": "more",
        "options": [{**OPTIONS[0], "url": "https://a.example/"}, OPTIONS[1]],
    }
    buttons: list[Json] = [
        {"type": "button", "action_id": "approve", "text": plain("Approve"), "style": "primary", "value": "1"},
        {"type": "button", "action_id": "sure", "text": plain("Decline"), "style": "danger", "confirm": SURE},
        {"type": "button", "action_id": "link", "text": plain("Open"), "url": "https://a.example/"},
    ]
    return [
        {"type": "header", "text": plain("Youth work in Peterborough")},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Fund*\nYouth"}, plain("£2,000")]},
        {"type": "rich_text", "elements": [quote, {"type": "rich_text_list", "style": "bullet", "elements": items}]},
        {"type": "section", "block_id": "s", "text": plain("With a menu"), "accessory": overflow},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "_aged 2 days_"}]},
        {"type": "actions", "block_id": "b", "elements": buttons},
        {"type": "divider"},
        {"type": "actions", "block_id": "m", "elements": MENUS},
        *inputs(TYPED),
    ]


def form() -> Json:
    asked = [{**element, "action_id": "value"} for element in MENUS]
    blocks = inputs([*TYPED, *ONLY_MODALS, *asked])
    blocks[0]["dispatch_action"] = True
    return {
        "type": "modal",
        "callback_id": "decision",
        "title": plain("A form"),
        "submit": plain("Send"),
        "blocks": [*blocks, {"type": "actions", "block_id": "more", "elements": [CARD[1]["elements"][3]]}],
    }


def test_what_is_looked_at_is_what_slack_takes() -> None:
    assert faults(everything(), "message") == faults(everything(), "home") == view_faults(form()) == []


@pytest.fixture(scope="module")
def markup() -> Iterator[Checker]:
    with checker() as one:
        yield one


@pytest.fixture
def site(app: PracticeSlack, bolt: App) -> Iterator[str]:
    web = Flask("page")
    web.config.update(SECRET_KEY="tests")
    CSRFProtect(web)
    web.register_blueprint(blueprint(app))
    headers.install(web)
    server = make_server("127.0.0.1", 0, web, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/practice/slack"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def watched(chromium: Browser, markup: Checker) -> Iterator[Watched]:
    context = chromium.new_context(bypass_csp=True)  # axe is put into the page; the policy is asserted elsewhere
    looked_at = Watched(context.new_page(), markup)
    looked_at.listen()
    yield looked_at
    context.close()


def test_a_channel_with_everything_in_it(app: PracticeSlack, client: WebClient, site: str, watched: Watched) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="A card", blocks=everything())["ts"]
    client.chat_postMessage(channel=CHANNEL, text="The same card", blocks=everything())
    for n in range(5):
        client.chat_postMessage(channel=CHANNEL, text=f"Reply {n}", thread_ts=ts, reply_broadcast=n == 4)
    app.people.say(OFFICER.user_id, CHANNEL, "Shall we?", ts)
    client.chat_postEphemeral(channel=CHANNEL, user=OFFICER.user_id, text="You cannot approve this", thread_ts=ts)
    quiet = [everything()[0], {"type": "actions", "elements": [everything()[5]["elements"][2]]}]
    client.chat_postMessage(channel=OFFICER.user_id, text="A message for you")
    client.chat_postMessage(channel=OFFICER.user_id, text="With nothing to press but a link", blocks=quiet)
    opened(watched, f"{site}/{OFFICER.user_id}/{CHANNEL}")
    watched.holds("Slack, a channel with everything")
    opened(watched, f"{site}/{OFFICER.user_id}/D0OFFICER")
    watched.holds("Slack, direct messages")


def test_a_home_with_everything_in_it(client: WebClient, site: str, watched: Watched) -> None:
    opened(watched, f"{site}/{OFFICER.user_id}/home")
    watched.holds("Slack, no home yet")
    client.views_publish(user_id=OFFICER.user_id, view={"type": "home", "blocks": everything()})
    opened(watched, f"{site}/{OFFICER.user_id}/home")
    watched.holds("Slack, a home with everything")


def test_a_form_with_everything_in_it(app: PracticeSlack, site: str, watched: Watched, ts: str) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    app.workspace.replace(view, form())
    opened(watched, f"{site}/{OFFICER.user_id}/view/{view.view_id}")
    watched.holds("Slack, a form with everything")
    pressed(watched, ".modal .foot button.primary", 422)
    assert watched.page.title().startswith("Error:")
    watched.holds("Slack, a form with errors")


def test_the_other_pages(app: PracticeSlack, site: str, watched: Watched) -> None:
    app.workspace.put_standing(DIRECTOR.user_id, Standing(is_stranger=True, team_id="TOTHER"))
    opened(watched, site)
    watched.holds("Slack, people")
    app.faults.add("chat.update", Fault.ratelimited(3), times=None)
    opened(watched, f"{site}/faults")
    watched.holds("Slack, what goes wrong")
    watched.page.fill("#times", "never")
    pressed(watched, watched.page.get_by_role("button", name="Let it go wrong"), 422)
    watched.holds("Slack, what goes wrong, errors")
    assert watched.page.input_value("#times") == "never"


# --- a person, without scripts -------------------------------------------------------------------------------------


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if "Security Policy" in told.text else None)
    yield page
    context.close()
    assert refused == []


def test_a_person_uses_a_home_without_scripts(
    app: PracticeSlack, client: WebClient, received: Received, site: str, phone: Page, bolt: App
) -> None:
    asked: list[Json] = []

    @bolt.action({"action_id": "users_select"})
    def choose(ack: Any, body: Json) -> None:
        asked.append(body)
        ack()

    @bolt.action({"action_id": "more"})
    def more(ack: Any, body: Json) -> None:
        asked.append(body)
        ack()

    @bolt.action({"action_id": "sure"})
    def sure(ack: Any, body: Json) -> None:
        asked.append(body)
        ack()

    client.views_publish(user_id=OFFICER.user_id, view={"type": "home", "blocks": everything()})
    phone.goto(f"{site}/{OFFICER.user_id}/home")
    phone.get_by_label("Input 0: plain_text_input").fill("typed")
    phone.get_by_label("Pick: users_select", exact=True).select_option(label="Dev Director")
    follow(phone, phone.get_by_role("button", name="Choose Pick: users_select", exact=True))
    assert asked[0]["actions"][0]["selected_user"] == DIRECTOR.user_id
    values = asked[0]["view"]["state"]["values"]
    assert values["in0"]["value"]["value"] == "typed"
    assert values["m"]["datepicker"]["selected_date"] == "2026-11-30"
    assert phone.get_by_label("Input 0: plain_text_input").input_value() == "typed"
    phone.get_by_text("More", exact=False).first.click()
    follow(phone, phone.get_by_role("button", name="Option two", exact=True))
    assert asked[1]["actions"][0]["selected_option"]["value"] == "two/x"
    follow(phone, phone.get_by_role("button", name="Decline"))
    follow(phone, phone.get_by_role("link", name="No"))
    assert len(asked) == 2
    follow(phone, phone.get_by_role("button", name="Decline"))
    follow(phone, phone.get_by_role("button", name="Send it"))
    assert asked[2]["actions"][0]["action_id"] == "sure"
    assert asked[2]["view"]["state"]["values"]["in0"]["value"]["value"] == "typed"


def test_enter_in_an_input_of_a_message_presses_nothing(
    app: PracticeSlack, client: WebClient, received: Received, site: str, phone: Page
) -> None:
    client.chat_postMessage(channel=CHANNEL, text="x", blocks=everything())
    phone.goto(f"{site}/{OFFICER.user_id}/{CHANNEL}")
    phone.get_by_label("Input 0: plain_text_input").press("Enter")
    phone.wait_for_load_state()
    assert received.requests == []


def test_a_person_types_a_command_and_uses_a_shortcut(app: PracticeSlack, site: str, phone: Page) -> None:
    phone.goto(f"{site}/{OFFICER.user_id}/{CHANNEL}")
    box = phone.get_by_label("or a command: /award-desk")
    box.fill("/award-desk due")
    with phone.expect_navigation():
        box.press("Enter")
    assert "You asked for due" in phone.inner_text("article.private")
    box.fill("/other due")
    with phone.expect_navigation():
        box.press("Enter")
    assert "not installed here" in phone.inner_text("[role=alert]")
    assert box.input_value() == "/other due"
    app.request_url = "http://127.0.0.1:9/"
    box.fill("/award-desk late")
    with phone.expect_navigation():
        box.press("Enter")
    assert 'failed with the error "operation_timeout"' in phone.inner_text("[role=alert]")
    assert box.input_value() == "/award-desk late"


def test_a_shortcut_opens_its_form(app: PracticeSlack, site: str, phone: Page) -> None:
    phone.goto(f"{site}/{OFFICER.user_id}/{CHANNEL}")
    follow(phone, phone.get_by_role("button", name="Record an award made outside"))
    phone.get_by_role("heading", name="Approve").wait_for()
    follow(phone, phone.get_by_role("button", name="Cancel"))
    assert phone.url.split("#")[0].endswith(CHANNEL)


def test_people_write_into_channels_and_threads_but_no_commands_there(
    app: PracticeSlack, site: str, phone: Page, ts: str
) -> None:
    phone.goto(f"{site}/{OFFICER.user_id}/{CHANNEL}")
    phone.get_by_text("Reply in the thread").click()
    phone.get_by_label("Your reply").fill("Looks <b>good</b>")
    with phone.expect_navigation():
        phone.get_by_label("Your reply").press("Enter")
    (reply,) = app.workspace.messages(CHANNEL)[1:]
    assert (reply.thread_ts, reply.text) == (ts, "Looks &lt;b&gt;good&lt;/b&gt;")
    assert "Olive Officer" in phone.inner_text(f"#m-{reply.ts.replace('.', '-')}")
    assert "Looks <b>good</b>" in phone.inner_text(f"#m-{reply.ts.replace('.', '-')}")
    phone.get_by_text("Reply in the thread").click()
    phone.get_by_label("Your reply").fill("/award-desk due")
    with phone.expect_navigation():
        phone.get_by_label("Your reply").press("Enter")
    assert "cannot be used in threads" in phone.inner_text("[role=alert]")


def test_a_long_channel_is_shown_a_page_at_a_time(client: WebClient, site: str, phone: Page) -> None:
    for n in range(45):
        client.chat_postMessage(channel=CHANNEL, text=f"message {n}.")
    phone.goto(f"{site}/{OFFICER.user_id}/{CHANNEL}")
    assert phone.locator("article.message").count() == 40
    assert "message 44." in phone.inner_text("main")
    follow(phone, phone.get_by_role("link", name="Earlier messages"))
    assert phone.locator("article.message").count() == 5
    follow(phone, phone.get_by_role("link", name="Latest messages"))
    assert phone.locator("article.message").count() == 40


def test_a_person_makes_things_go_wrong(app: PracticeSlack, client: WebClient, site: str, phone: Page) -> None:
    phone.goto(f"{site}/faults")
    phone.get_by_label("What goes wrong").select_option("ratelimited")
    phone.get_by_label("Which call").select_option("chat.postMessage")
    phone.get_by_label("How many times").fill("")
    phone.get_by_label("Seconds").fill("7")
    follow(phone, phone.get_by_role("button", name="Let it go wrong"))
    assert "chat.postMessage: ratelimited (until cleared)" in phone.inner_text("main")
    assert [(m, f.retry_after) for m, f, _ in app.faults.listed()] == [("chat.postMessage", 7)]
    follow(phone, phone.get_by_role("button", name="Let nothing go wrong"))
    assert app.faults.listed() == []
    phone.get_by_label("What goes wrong").select_option("late")
    follow(phone, phone.get_by_role("button", name="Let it go wrong"))
    assert "what people do: late trigger (1 more)" in phone.inner_text("main")
    follow(phone, phone.get_by_role("button", name="Slack is away for an hour"))
    assert "Away until" in phone.inner_text("main")
    assert app.workspace.away_until
    follow(phone, phone.get_by_role("button", name="Slack is back"))
    assert "Away until" not in phone.inner_text("main")
    follow(phone, phone.get_by_role("button", name="Keep to the rate limits"))
    assert app.workspace.posting_limit
    follow(phone, phone.get_by_role("button", name="No rate limits"))
    assert "Keeps to no rate limits" in phone.inner_text("main")
    follow(phone, phone.get_by_role("button", name="Send the last request again"))
    assert "Nothing has been sent" in phone.inner_text("[role=status]")


def test_people_and_channels_are_changed_from_the_page(
    app: PracticeSlack, client: WebClient, site: str, phone: Page
) -> None:
    phone.goto(f"{site}/faults")
    for label, flag in (
        ("Guest", "is_restricted"),
        ("Of another workspace", "is_stranger"),
        ("Deactivated", "deleted"),
    ):
        phone.get_by_label("Olive Officer").first.select_option(label=label)
        follow(phone, phone.get_by_role("button", name="Change Olive Officer"))
        assert client.users_info(user=OFFICER.user_id)["user"][flag] is True
        assert phone.get_by_label("Olive Officer").first.evaluate("e => e.selectedOptions[0].label") == label
    phone.get_by_label("Lee Leaver").first.select_option(label="Member")
    follow(phone, phone.get_by_role("button", name="Change Lee Leaver"))
    assert client.users_info(user=LEAVER.user_id)["user"]["deleted"] is False
    for label, flag, value in (
        ("The bot is not in it", "is_member", False),
        ("Shared with another workspace", "is_ext_shared", True),
        ("Another workspace is invited", "is_pending_ext_shared", True),
        ("Archived", "is_archived", True),
        ("As usual", "is_archived", False),
    ):
        phone.get_by_label("#approvals").first.select_option(label=label)
        follow(phone, phone.get_by_role("button", name="Change #approvals"))
        assert client.conversations_info(channel=CHANNEL)["channel"][flag] is value


def test_a_modal_keeps_what_was_typed_while_a_button_in_it_is_pressed(
    app: PracticeSlack, site: str, phone: Page, ts: str
) -> None:
    view = app.press(OFFICER.user_id, CHANNEL, ts, "approve").view
    assert view is not None
    buttons = [{"type": "button", "text": plain(word), "action_id": word} for word in ("update", "push")]
    blocks = [*view.body["blocks"], {"type": "actions", "block_id": "more", "elements": buttons}]
    app.workspace.replace(view, {**view.body, "blocks": blocks})
    phone.goto(f"{site}/{OFFICER.user_id}/view/{view.view_id}")
    phone.get_by_label("Reasons").fill("typed")
    follow(phone, phone.get_by_role("button", name="push"))
    assert "On top of another form" in phone.inner_text("main")
    follow(phone, phone.get_by_role("button", name="Cancel"))
    assert phone.get_by_label("Reasons").input_value() == "typed"
    phone.get_by_label("Reasons").fill("typed more")
    follow(phone, phone.get_by_role("button", name="update"))
    phone.get_by_role("heading", name="Updated").wait_for()
    assert phone.get_by_label("Reasons").input_value() == "typed more"


def test_no_form_of_the_faults_page_works_without_its_token_or_with_nonsense(site: str, app: PracticeSlack) -> None:
    web = Flask("unprotected")
    web.config.update(SECRET_KEY="tests", WTF_CSRF_ENABLED=False)
    web.register_blueprint(blueprint(app))
    browser = web.test_client()
    for place, data in (
        ("", {}),
        ("/slack", {"act": "away"}),
        ("/person", {"person": "x"}),
        ("/channel", {"state": "x"}),
    ):
        assert browser.post(f"/practice/slack/faults{place}", data=data).status_code == 400
    assert app.workspace.away_until is None
