"""Slack's Block Kit limits, checked offline.

Slack publishes no schema for Block Kit, so the limits of its reference pages stand here as one table. The checker is
stricter than Slack where Slack is vague: a property or a kind of block that is not in the table is refused, because the
table holds what this project uses and a misspelt property is otherwise silently lost.

Public: :func:`faults` for a list of blocks, :func:`view_faults` for a whole modal or Home tab, and
:func:`text_length`, which is what Slack counts for ``msg_blocks_too_long``. Each checker returns plain
sentences that begin with the place (``blocks/2/text: ...``); an empty list means that Slack would take it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

Check = Callable[[Any, str], Iterator[str]]
"""A check takes a value and its place, and yields what is wrong with it."""


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
MOST_MESSAGE_TEXT = 13_200
"""Characters of text in all blocks of a message; undocumented, measured by others (bolt-js issue 2509)."""
MOST_VIEW_BYTES = 250_000
"""The size of a whole view as JSON (Slack: 250 kB, ``view_too_large``)."""
MOST_PRIVATE_METADATA = 3000


# --- checks of single values ---------------------------------------------------------------------------------------


def _string(most: int, least: int = 1) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{place}: must be a string"
        elif len(value) > most:
            yield f"{place}: {len(value)} characters, at most {most}"
        elif len(value) < least:
            yield f"{place}: {len(value)} characters, at least {least}"

    return check


def _boolean(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{place}: must be true or false"


def _integer(least: int, most: int) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield f"{place}: must be a whole number"
        elif not least <= value <= most:
            yield f"{place}: {value} is not between {least} and {most}"

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{place}: {value!r} is none of {', '.join(allowed)}"

    return check


def _url(value: Any, place: str) -> Iterator[str]:
    yield from _string(3000)(value, place)
    if isinstance(value, str) and not re.match(r"(https?|mailto|slack):", value):
        yield f"{place}: not an address"


def _date(value: Any, place: str) -> Iterator[str]:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        yield f"{place}: not a date as YYYY-MM-DD"


def _number(value: Any, place: str) -> Iterator[str]:
    try:
        finite = isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        yield f"{place}: must be a number written as a string"


def _object(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these properties and no others."""
    optional = optional or {}

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{place}: must be an object"
            return
        for name in required:
            if name not in value:
                yield f"{place}: missing required field {name}"
        for name, inner in value.items():
            inner_check = required.get(name) or optional.get(name)
            if name == "type":
                continue
            if inner_check is None:
                yield f"{place}: unknown property {name}"
            else:
                yield from inner_check(inner, f"{place}/{name}")

    return check


def _list(item: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place}: must be a list"
            return
        if not least <= len(value) <= most:
            yield f"{place}: {len(value)} items, at least {least} and at most {most}"
        for number, inner in enumerate(value):
            yield from item(inner, f"{place}/{number}")

    return check


def _typed(kinds: Mapping[str, Check]) -> Check:
    """An object whose ``type`` picks its check."""

    def check(value: Any, place: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            yield f"{place}: {kind!r} is not allowed here; allowed are {', '.join(sorted(kinds))}"
            return
        yield from kinds[kind](value, place)

    return check


# --- objects ------------------------------------------------------------------------------------------------------


def _text(most: int, *, plain_only: bool = False) -> Check:
    plain = _object({"text": _string(most)}, {"emoji": _boolean})
    if plain_only:
        return _typed({"plain_text": plain})
    return _typed({"plain_text": plain, "mrkdwn": _object({"text": _string(most)}, {"verbatim": _boolean})})


_ID = _string(255)
_PLACEHOLDER = _text(150, plain_only=True)
_CONFIRM = _object(
    {
        "title": _text(100, plain_only=True),
        "text": _text(300),
        "confirm": _text(30, plain_only=True),
        "deny": _text(30, plain_only=True),
    },
    {"style": _one_of("primary", "danger")},
)


def _option(*, plain_only: bool, url: bool = False) -> Check:
    optional: dict[str, Check] = {"description": _text(75, plain_only=plain_only)}
    if url:
        optional["url"] = _url
    return _object({"text": _text(75, plain_only=plain_only), "value": _string(150)}, optional)


_PLAIN_OPTION = _option(plain_only=True)
_ANY_OPTION = _option(plain_only=False)
_IMAGE = _object({"image_url": _url, "alt_text": _string(2000)})
_COMMON: dict[str, Check] = {"action_id": _ID, "confirm": _CONFIRM, "focus_on_load": _boolean}
_DISPATCH = _object(
    {"trigger_actions_on": _list(_one_of("on_enter_pressed", "on_character_entered"), 2)},
)
_LENGTHS: dict[str, Check] = {"min_length": _integer(0, 3000), "max_length": _integer(1, 3000)}
_TYPED_IN: dict[str, Check] = {
    "action_id": _ID,
    "placeholder": _PLACEHOLDER,
    "focus_on_load": _boolean,
    "dispatch_action_config": _DISPATCH,
}

_ELEMENTS: dict[str, Check] = {
    "button": _object(
        {"text": _text(75, plain_only=True)},
        {
            "action_id": _ID,
            "value": _string(2000, 0),
            "url": _url,
            "style": _one_of("primary", "danger"),
            "confirm": _CONFIRM,
            "accessibility_label": _string(75),
        },
    ),
    "overflow": _object(
        {"options": _list(_option(plain_only=True, url=True), 5)}, {"action_id": _ID, "confirm": _CONFIRM}
    ),
    "static_select": _object(
        {"options": _list(_PLAIN_OPTION, 100)},
        {**_COMMON, "placeholder": _PLACEHOLDER, "initial_option": _PLAIN_OPTION},
    ),
    "multi_static_select": _object(
        {"options": _list(_PLAIN_OPTION, 100)},
        {
            **_COMMON,
            "placeholder": _PLACEHOLDER,
            "initial_options": _list(_PLAIN_OPTION, 100),
            "max_selected_items": _integer(1, 100),
        },
    ),
    "radio_buttons": _object({"options": _list(_ANY_OPTION, 10)}, {**_COMMON, "initial_option": _ANY_OPTION}),
    "checkboxes": _object({"options": _list(_ANY_OPTION, 10)}, {**_COMMON, "initial_options": _list(_ANY_OPTION, 10)}),
    "datepicker": _object({}, {**_COMMON, "placeholder": _PLACEHOLDER, "initial_date": _date}),
    "plain_text_input": _object(
        {}, {**_TYPED_IN, **_LENGTHS, "initial_value": _string(3000, 0), "multiline": _boolean}
    ),
    "number_input": _object(
        {"is_decimal_allowed": _boolean},
        {**_TYPED_IN, "initial_value": _number, "min_value": _number, "max_value": _number},
    ),
    "email_text_input": _object({}, {**_TYPED_IN, "initial_value": _string(3000, 0)}),
    "url_text_input": _object({}, {**_TYPED_IN, "initial_value": _string(3000, 0)}),
    "image": _IMAGE,
}
_CHOICES = ("static_select", "multi_static_select", "radio_buttons", "checkboxes", "datepicker")
_TYPED_INPUTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


def _elements(*kinds: str) -> Check:
    return _typed({kind: _ELEMENTS[kind] for kind in kinds})


# --- rich text ----------------------------------------------------------------------------------------------------

_STYLE = _object({}, {"bold": _boolean, "italic": _boolean, "strike": _boolean, "code": _boolean})
_STYLED: dict[str, Check] = {"style": _STYLE}
_SPAN = _typed(
    {
        "text": _object({"text": _string(12_000)}, _STYLED),
        "link": _object({"url": _url}, {**_STYLED, "text": _string(3000), "unsafe": _boolean}),
        "user": _object({"user_id": _ID}, _STYLED),
        "channel": _object({"channel_id": _ID}, _STYLED),
        "emoji": _object({"name": _ID}, {**_STYLED, "unicode": _string(100)}),
        "date": _object(
            {"timestamp": _integer(0, 10**11), "format": _string(255)},
            {**_STYLED, "url": _url, "fallback": _string(255)},
        ),
    }
)
_SPANS: dict[str, Check] = {"elements": _list(_SPAN, 1000)}
_RICH_SECTION = _object(_SPANS)
_RICH = _typed(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_quote": _object(_SPANS, {"border": _integer(0, 1)}),
        "rich_text_preformatted": _object(_SPANS, {"border": _integer(0, 1)}),
        "rich_text_list": _object(
            {
                "style": _one_of("bullet", "ordered"),
                "elements": _list(_typed({"rich_text_section": _RICH_SECTION}), 1000),
            },
            {"indent": _integer(0, 8), "offset": _integer(0, 1000), "border": _integer(0, 1)},
        ),
    }
)

# --- blocks -------------------------------------------------------------------------------------------------------

_BLOCK_ID: dict[str, Check] = {"block_id": _ID}
_BLOCKS: dict[str, Check] = {
    "actions": _object({"elements": _list(_elements("button", "overflow", *_CHOICES), 25)}, _BLOCK_ID),
    "context": _object(
        {
            "elements": _list(
                _typed(
                    {
                        "plain_text": _text(3000, plain_only=True),
                        "mrkdwn": _text(3000),
                        "image": _IMAGE,
                    }
                ),
                10,
            )
        },
        _BLOCK_ID,
    ),
    "divider": _object({}, _BLOCK_ID),
    "header": _object({"text": _text(150, plain_only=True)}, _BLOCK_ID),
    "image": _object(
        {"image_url": _url, "alt_text": _string(2000)}, {**_BLOCK_ID, "title": _text(2000, plain_only=True)}
    ),
    "input": _object(
        {"label": _text(2000, plain_only=True), "element": _elements(*_TYPED_INPUTS, *_CHOICES)},
        {**_BLOCK_ID, "hint": _text(2000, plain_only=True), "optional": _boolean, "dispatch_action": _boolean},
    ),
    "markdown": _object({"text": _string(12_000)}, _BLOCK_ID),
    "rich_text": _object({"elements": _list(_RICH, 100)}, _BLOCK_ID),
    "section": _object(
        {},
        {
            **_BLOCK_ID,
            "text": _text(3000),
            "fields": _list(_text(2000), 10),
            "accessory": _elements("button", "overflow", "image", *_CHOICES),
            "expand": _boolean,
        },
    ),
}
_BLOCK = _typed(_BLOCKS)
_MESSAGE_ONLY = ("markdown",)


def faults(blocks: object, surface: Surface | str = Surface.MESSAGE) -> list[str]:
    """What Slack would refuse in these blocks on this surface; empty if nothing.

    ``blocks`` is the list as it will be sent (Slack docs, Block Kit reference; limits in characters).
    """
    surface = Surface(surface)
    if not isinstance(blocks, list):
        return ["blocks: must be a list"]
    found: list[str] = []
    if len(blocks) > MOST_BLOCKS[surface]:
        found.append(f"blocks: {len(blocks)} blocks, at most {MOST_BLOCKS[surface]}")
    for number, block in enumerate(blocks):
        place = f"blocks/{number}"
        found.extend(_BLOCK(block, place))
        if isinstance(block, dict):
            if block.get("type") in _MESSAGE_ONLY and surface is not Surface.MESSAGE:
                found.append(f"{place}: {block['type']} is for messages only")
            found.extend(_within_block(block, place))
    found.extend(_repeated(_ids(blocks, "block_id"), "blocks", "block_id"))
    focused = sum(1 for block in blocks for element in elements_of(block) if element.get("focus_on_load") is True)
    if focused > 1:
        found.append("blocks: focus_on_load is set more than once")
    if surface is Surface.MESSAGE and text_length(blocks) > MOST_MESSAGE_TEXT:
        found.append(f"blocks: {text_length(blocks)} characters of text, at most {MOST_MESSAGE_TEXT}")
    return found


def view_faults(view: object) -> list[str]:
    """What Slack would refuse in this modal or Home tab; empty if nothing."""
    if not isinstance(view, dict):
        return ["view: must be an object"]
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"view/type: {kind!r} is neither modal nor home"]
    shared: dict[str, Check] = {
        "private_metadata": _string(MOST_PRIVATE_METADATA, 0),
        "callback_id": _string(255, 0),
        "external_id": _string(255, 0),
    }
    short = _text(24, plain_only=True)
    anything: Check = lambda _value, _place: iter(())  # noqa: E731 (the blocks are checked as a whole below)
    if kind == "modal":
        check = _object(
            {"title": short, "blocks": anything},
            {
                **shared,
                "submit": short,
                "close": short,
                "clear_on_close": _boolean,
                "notify_on_close": _boolean,
                "submit_disabled": _boolean,
            },
        )
    else:
        check = _object({"blocks": anything}, shared)
    found = list(check(view, "view"))
    blocks = view.get("blocks")
    if blocks is not None:
        found.extend(f"view/{fault}" for fault in faults(blocks, Surface(kind)))
    if kind == "modal" and "submit" not in view and isinstance(blocks, list) and any(_is_input(b) for b in blocks):
        found.append("view/submit: required, because the view has an input")
    if view_size(view) > MOST_VIEW_BYTES:
        found.append(f"view: {view_size(view)} bytes, at most {MOST_VIEW_BYTES}")
    return found


def view_size(view: object) -> int:
    """The size of a view in bytes, as the JSON that is sent."""
    return len(json.dumps(view, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def text_length(blocks: object) -> int:
    """How many characters of text the blocks hold together."""
    if isinstance(blocks, dict):
        return sum(
            len(value) if name == "text" and isinstance(value, str) else text_length(value)
            for name, value in blocks.items()
        )
    if isinstance(blocks, list):
        return sum(text_length(item) for item in blocks)
    return 0


def elements_of(block: Any) -> list[dict[str, Any]]:
    """The interactive elements of one block, whatever kind of block holds them."""
    if not isinstance(block, dict):
        return []
    if block.get("type") == "actions" and isinstance(block.get("elements"), list):
        candidates = block["elements"]
    else:
        candidates = [block.get("accessory"), block.get("element")]
    return [element for element in candidates if isinstance(element, dict)]


def _is_input(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") == "input"


def _ids(items: list[Any], name: str) -> list[str]:
    return [item[name] for item in items if isinstance(item, dict) and isinstance(item.get(name), str)]


def _repeated(ids: list[str], place: str, name: str) -> Iterator[str]:
    for repeated in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"{place}: {name} {repeated!r} is used more than once"


def _within_block(block: dict[str, Any], place: str) -> Iterator[str]:
    """Rules that tie the parts of one block together."""
    if block.get("type") == "section" and "text" not in block and "fields" not in block:
        yield f"{place}: a section needs text or fields"
    elements = elements_of(block)
    yield from _repeated(_ids(elements, "action_id"), place, "action_id")
    for element in elements:
        yield from _within_element(element, place)


def _within_element(element: dict[str, Any], place: str) -> Iterator[str]:
    options = element.get("options")
    if isinstance(options, list):
        values = [option.get("value") for option in options if isinstance(option, dict)]
        if len(set(map(repr, values))) != len(values):
            yield f"{place}: two options have the same value"
        initial = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else [])
        if isinstance(initial, list) and any(one not in options for one in initial):
            yield f"{place}: an initial option is none of the options"
    yield from _bounds(element, place)


def _bounds(element: dict[str, Any], place: str) -> Iterator[str]:
    least, most, initial = element.get("min_length"), element.get("max_length"), element.get("initial_value")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield f"{place}: min_length is more than max_length"
    if isinstance(initial, str) and isinstance(most, int) and len(initial) > most:
        yield f"{place}: initial_value is longer than max_length"
    if element.get("type") != "number_input":
        return
    numbers = {
        name: Decimal(element[name])
        for name in ("min_value", "max_value", "initial_value")
        if name in element and not list(_number(element[name], ""))
    }
    low, high, first = (numbers.get(name) for name in ("min_value", "max_value", "initial_value"))
    if low is not None and high is not None and low > high:
        yield f"{place}: min_value is more than max_value"
    if first is not None and ((low is not None and first < low) or (high is not None and first > high)):
        yield f"{place}: initial_value is outside min_value and max_value"
    if element.get("is_decimal_allowed") is False and any(n != n.to_integral_value() for n in numbers.values()):
        yield f"{place}: decimals are not allowed, but a value has some"
