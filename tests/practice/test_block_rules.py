"""Slack's limits, each at its boundary: what just fits passes, what just does not is named."""

from __future__ import annotations

from typing import Any

import pytest

from bot.practice.block_rules import Surface, faults, view_faults

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Block:
    return {"type": "button", "text": plain("Press"), **more}


def option(value: str = "v", **more: Any) -> Block:
    return {"text": plain("Option"), "value": value, **more}


def options(count: int) -> list[Block]:
    return [option(str(n)) for n in range(count)]


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def field(element: Block, **more: Any) -> Block:
    return {"type": "input", "label": plain("Label"), "element": element, **more}


def section(**more: Any) -> Block:
    return {"type": "section", **more}


def confirm(**more: Any) -> Block:
    return {"title": plain("Sure?"), "text": plain("x"), "confirm": plain("Yes"), "deny": plain("No"), **more}


def text_input(**more: Any) -> Block:
    return {"type": "plain_text_input", **more}


def number_input(**more: Any) -> Block:
    return {"type": "number_input", "is_decimal_allowed": True, **more}


def menu(**more: Any) -> Block:
    return {"type": "static_select", **more}


def group(count: int, **more: Any) -> Block:
    return {"label": plain("Group"), "options": options(count), **more}


def rich(*spans: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(spans)}]}


def rich_section() -> Block:
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}


def rich_list(*items: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": list(items)}]}


AT_THE_LIMIT: list[tuple[Block, Block]] = [
    # what fits, what is one too many
    ({"type": "header", "text": plain("x" * 150)}, {"type": "header", "text": plain("x" * 151)}),
    ({"type": "header", "text": plain("x")}, {"type": "header", "text": mrkdwn("x")}),
    (section(text=mrkdwn("x" * 3000)), section(text=mrkdwn("x" * 3001))),
    (section(text=plain("x")), section(text=plain(""))),
    (section(fields=[plain("x" * 2000)]), section(fields=[plain("x" * 2001)])),
    (section(fields=[plain("x")] * 10), section(fields=[plain("x")] * 11)),
    (section(text=plain("x"), block_id="b" * 255), section(text=plain("x"), block_id="b" * 256)),
    (section(text=plain("x"), expand=True), section(text=plain("x"), expanded=True)),
    (section(text={**plain("x"), "emoji": False}), section(text={**plain("x"), "verbatim": True})),
    (section(text={**mrkdwn("x"), "verbatim": True}), section(text={**mrkdwn("x"), "emoji": True})),
    (actions(button(text=plain("x" * 75))), actions(button(text=plain("x" * 76)))),
    (actions(button(text=plain("x"))), actions(button(text=mrkdwn("x")))),
    (actions(button(value="x" * 2000)), actions(button(value="x" * 2001))),
    (actions(button(url="https://" + "x" * 2992)), actions(button(url="https://" + "x" * 2993))),
    (actions(button(url="https://a.example")), actions(button(url="javascript:alert(1)"))),
    (actions(button(accessibility_label="x" * 75)), actions(button(accessibility_label="x" * 76))),
    (actions(button(style="danger")), actions(button(style="red"))),
    (actions(button(action_id="x" * 255)), actions(button(action_id="x" * 256))),
    (actions(button(action_id="a"), button(action_id="b")), actions(button(action_id="a"), button(action_id="a"))),
    (actions(*[button(action_id=str(n)) for n in range(25)]), actions(*[button(action_id=str(n)) for n in range(26)])),
    (actions(button()), actions()),
    (actions(button(confirm=confirm())), actions(button(confirm={"title": plain("Sure?")}))),
    (
        actions(button(confirm=confirm(title=plain("x" * 100)))),
        actions(button(confirm=confirm(title=plain("x" * 101)))),
    ),
    (actions(button(confirm=confirm(text=plain("x" * 300)))), actions(button(confirm=confirm(text=plain("x" * 301))))),
    (actions(button(confirm=confirm(deny=plain("x" * 30)))), actions(button(confirm=confirm(deny=plain("x" * 31))))),
    (
        {"type": "context", "elements": [plain("x")] * 10},
        {"type": "context", "elements": [plain("x")] * 11},
    ),
    ({"type": "context", "elements": [mrkdwn("x")]}, {"type": "context", "elements": [button()]}),
    (
        actions({"type": "static_select", "options": options(100)}),
        actions({"type": "static_select", "options": options(101)}),
    ),
    (actions({"type": "checkboxes", "options": options(10)}), actions({"type": "checkboxes", "options": options(11)})),
    (
        actions({"type": "radio_buttons", "options": options(10)}),
        actions({"type": "radio_buttons", "options": options(11)}),
    ),
    (actions({"type": "overflow", "options": options(5)}), actions({"type": "overflow", "options": options(6)})),
    (
        actions({"type": "static_select", "options": [option("x" * 150)]}),
        actions({"type": "static_select", "options": [option("x" * 151)]}),
    ),
    (
        actions({"type": "static_select", "options": [option(text=plain("x" * 75))]}),
        actions({"type": "static_select", "options": [option(text=plain("x" * 76))]}),
    ),
    (
        actions({"type": "radio_buttons", "options": [option(description=plain("x" * 75))]}),
        actions({"type": "radio_buttons", "options": [option(description=plain("x" * 76))]}),
    ),
    (
        actions({"type": "static_select", "options": [option("a"), option("b")]}),
        actions({"type": "static_select", "options": [option("a"), option("a")]}),
    ),
    (
        actions({"type": "radio_buttons", "options": [option("a")], "initial_option": option("a")}),
        actions({"type": "radio_buttons", "options": [option("a")], "initial_option": option("b")}),
    ),
    (field(text_input(placeholder=plain("x" * 150))), field(text_input(placeholder=plain("x" * 151)))),
    (field(text_input(), label=plain("x" * 2000)), field(text_input(), label=plain("x" * 2001))),
    (field(text_input(), hint=plain("x" * 2000)), field(text_input(), hint=plain("x" * 2001))),
    (field(text_input(max_length=3000)), field(text_input(max_length=3001))),
    (field(text_input(min_length=2, max_length=2)), field(text_input(min_length=3, max_length=2))),
    (field(text_input(max_length=2, initial_value="xx")), field(text_input(max_length=2, initial_value="xxx"))),
    (field(number_input(initial_value="2000.00")), field(number_input(initial_value=2000))),
    (field(number_input()), field({"type": "number_input"})),
    (field(number_input(min_value="1", initial_value="1")), field(number_input(min_value="1", initial_value="0"))),
    (field(number_input(min_value="1", max_value="2")), field(number_input(min_value="2", max_value="1"))),
    (
        field({"type": "number_input", "is_decimal_allowed": False, "initial_value": "2"}),
        field({"type": "number_input", "is_decimal_allowed": False, "initial_value": "2.5"}),
    ),
    (
        field({"type": "datepicker", "initial_date": "2028-02-29"}),
        field({"type": "datepicker", "initial_date": "2026-02-29"}),
    ),
    (
        field({"type": "timepicker", "initial_time": "09:30"}),
        field({"type": "timepicker", "initial_time": "9:30"}),
    ),
    (
        field({"type": "datetimepicker", "initial_date_time": 1_800_000_000}),
        field({"type": "datetimepicker", "initial_date_time": 18_000_000_000}),
    ),
    (actions({"type": "datetimepicker"}), section(text=plain("x"), accessory={"type": "datetimepicker"})),
    (
        actions({"type": "users_select", "initial_user": "U1"}),
        actions({"type": "users_select", "initial_users": ["U1"]}),
    ),
    (
        field({"type": "multi_users_select", "initial_users": ["U1", "U2"], "max_selected_items": 2}),
        field({"type": "multi_users_select", "initial_users": ["U1", "U2"], "max_selected_items": 1}),
    ),
    (
        field({"type": "multi_static_select", "options": options(2), "initial_options": options(1)}),
        field({"type": "multi_static_select", "options": options(1), "initial_options": options(2)}),
    ),
    (actions(menu(option_groups=[group(100)])), actions(menu(option_groups=[group(101)]))),
    (actions(menu(option_groups=[group(1)])), actions(menu(option_groups=[group(1)], options=options(1)))),
    (actions(menu(options=options(1))), actions(menu())),
    (
        actions(menu(option_groups=[group(1, label=plain("x" * 75))])),
        actions(menu(option_groups=[group(1, label=plain("x" * 76))])),
    ),
    (
        actions(menu(option_groups=[group(2)], initial_option=option("1"))),
        actions(menu(option_groups=[group(2)], initial_option=option("2"))),
    ),
    (
        actions({"type": "overflow", "options": [option(url="https://a.example")]}),
        actions(menu(options=[option(url="https://a.example")])),
    ),
    (
        actions({"type": "checkboxes", "options": [option(text=mrkdwn("*x*"))]}),
        actions(menu(options=[option(text=mrkdwn("*x*"))])),
    ),
    (
        field(text_input(dispatch_action_config={"trigger_actions_on": ["on_enter_pressed"]}), dispatch_action=True),
        field(text_input(dispatch_action_config={"trigger_actions_on": ["on_leaving"]}), dispatch_action=True),
    ),
    (field({"type": "users_select"}), field({"type": "overflow", "options": options(1)})),
    (field({"type": "users_select"}), field(button())),
    (section(text=plain("x"), accessory=button()), section(text=plain("x"), accessory=text_input())),
    (field(text_input()), actions(text_input())),
    (rich({"type": "text", "text": "<!channel>"}), rich({"type": "text", "text": ""})),
    (
        rich({"type": "text", "text": "x", "style": {"bold": True}}),
        rich({"type": "text", "text": "x", "style": "bold"}),
    ),
    (rich({"type": "text", "text": "x"}), rich({"type": "broadcast", "range": "channel"})),
    (rich({"type": "user", "user_id": "U1"}), rich({"type": "usergroup", "usergroup_id": "S1"})),
    (rich_list(rich_section()), rich_list({"type": "text", "text": "x"})),
    (rich_list(rich_section()), rich_list(rich_list(rich_section()))),
    (
        {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": "x"}]}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [rich_section()]}]},
    ),
    ({"type": "divider"}, {"type": "divide"}),
    ({"type": "divider"}, {"type": "divider", "text": plain("x")}),
    ({"type": "markdown", "text": "x" * 12_000}, {"type": "markdown", "text": "x" * 12_001}),
    (
        {"type": "image", "image_url": "https://a.example/a.png", "alt_text": "A plot"},
        {"type": "image", "image_url": "https://a.example/a.png"},
    ),
]


@pytest.mark.parametrize(("fits", "too_much"), AT_THE_LIMIT)
def test_each_limit_at_its_boundary(fits: Block, too_much: Block) -> None:
    surface = Surface.MODAL if fits["type"] == "input" else Surface.MESSAGE
    assert faults([fits], surface) == []
    assert len(faults([too_much], surface)) >= 1


@pytest.mark.parametrize(
    "block",
    [
        None,
        3,
        "section",
        {},
        {"type": ["section"]},
        {"type": "section"},
        section(text="plain words"),
        {"type": "input"},
    ],
)
def test_what_is_no_block_at_all_is_said_and_never_raises(block: Any) -> None:
    assert faults([block], "message")


def test_blocks_must_be_a_list() -> None:
    assert faults({"type": "divider"}) == ["blocks: must be a list"]


@pytest.mark.parametrize(("surface", "most"), [(Surface.MESSAGE, 50), (Surface.MODAL, 100), (Surface.HOME, 100)])
def test_count_of_blocks(surface: Surface, most: int) -> None:
    assert faults([{"type": "divider"}] * most, surface) == []
    assert faults([{"type": "divider"}] * (most + 1), surface) == [f"blocks: {most + 1} blocks, at most {most}"]


def test_text_of_a_whole_message_counts_what_is_nested() -> None:
    full = [section(fields=[plain("x" * 1320)] * 10)]
    assert faults(full) == []
    assert faults([*full, section(text=plain("x"))]) == ["blocks: 13201 characters of text, at most 13200"]
    assert faults([*full, section(text=plain("x"))], Surface.HOME) == []


def test_block_ids_are_used_once_and_action_ids_once_per_block() -> None:
    one = {**actions(button(action_id="a")), "block_id": "one"}
    two = {**actions(button(action_id="a")), "block_id": "two"}
    assert faults([one, two]) == []
    assert faults([one, one]) == ["blocks: block_id 'one' is used more than once"]


def test_focus_once() -> None:
    focused = field(text_input(focus_on_load=True))
    assert faults([focused], Surface.MODAL) == []
    assert faults([focused, focused], Surface.MODAL) == ["blocks: focus_on_load is set more than once"]


def test_a_fault_says_where() -> None:
    found = faults([{"type": "divider"}, section(text=plain("x" * 3001))])
    assert found == ["blocks/1/text/text: 3001 characters, at most 3000"]


def test_markdown_blocks_of_a_message_share_one_limit() -> None:
    words = {"type": "markdown", "text": "x" * 6000}
    assert faults([words, words]) == []
    assert faults([words, {"type": "markdown", "text": "x" * 6001}]) == [
        "blocks: 12001 characters in markdown blocks, at most 12000"
    ]


ELSEWHERE: list[tuple[Block, set[Surface]]] = [
    ({"type": "markdown", "text": "x"}, {Surface.MESSAGE}),
    (field({"type": "number_input", "is_decimal_allowed": True}), {Surface.MODAL}),
    (field({"type": "email_text_input"}), {Surface.MODAL}),
    (field({"type": "url_text_input"}), {Surface.MODAL}),
    (actions({"type": "datetimepicker"}), {Surface.MESSAGE, Surface.MODAL}),
    (field(text_input()), set(Surface)),
    (actions({"type": "datepicker"}), set(Surface)),
    (field({"type": "multi_users_select"}), set(Surface)),
]


@pytest.mark.parametrize(("block", "taken"), ELSEWHERE)
@pytest.mark.parametrize("surface", Surface)
def test_what_each_surface_takes(block: Block, taken: set[Surface], surface: Surface) -> None:
    assert (faults([block], surface) == []) == (surface in taken)


def modal(**more: Any) -> Block:
    return {"type": "modal", "title": plain("Title"), "blocks": [section(text=plain("x"))], **more}


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        (modal(title=plain("x" * 24)), modal(title=plain("x" * 25))),
        (modal(submit=plain("x" * 24)), modal(submit=plain("x" * 25))),
        (modal(close=plain("x" * 24)), modal(close=plain("x" * 25))),
        (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
        (modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
        (modal(submit=plain("Go"), blocks=[field(text_input())]), modal(blocks=[field(text_input())])),
        (modal(notify_on_close=True), modal(notify_on_closing=True)),
        ({"type": "home", "blocks": []}, {"type": "home", "blocks": [], "title": plain("x")}),
        ({"type": "home", "blocks": []}, {"type": "home"}),
        (modal(), modal(blocks=[{"type": "markdown", "text": "x"}])),
        (modal(), {**modal(), "type": "dialog"}),
    ],
)
def test_views_at_their_boundary(fits: Block, too_much: Block) -> None:
    assert view_faults(fits) == []
    assert len(view_faults(too_much)) == 1


def test_size_of_a_view_counts_bytes() -> None:
    big = modal(blocks=[section(text=plain("£" * 3000), block_id=str(n)) for n in range(40)])
    assert view_faults(big) == []
    bigger = modal(blocks=[section(text=plain("£" * 3000), block_id=str(n)) for n in range(45)])
    assert any("at most 250000" in fault for fault in view_faults(bigger))
