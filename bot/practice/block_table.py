"""Block Kit as a table: each object, element and block, with what Slack takes in it.

Slack publishes no schema for Block Kit, so the limits of its reference pages stand here (which element may stand in
which block and on which surface: Slack's reference, "Block Elements"). A property or a kind that is not in the table is
refused: it holds what this project uses, and a misspelt property is otherwise silently lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

MOST_PRIVATE_METADATA = 3000

Check = Callable[[Any, str], Iterator[str]]
"""A check takes a value and its place, and yields what is wrong with it."""


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


def _time(value: Any, place: str) -> Iterator[str]:
    try:
        told = isinstance(value, str) and len(value) == len("HH:mm") and time.fromisoformat(value)
    except ValueError:
        told = False
    if told is False:
        yield f"{place}: not a time as HH:mm"


def is_number(value: object) -> bool:
    """Whether a value is a finite number written as a string, as Slack wants numbers."""
    try:
        return isinstance(value, str) and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _number(value: Any, place: str) -> Iterator[str]:
    if not is_number(value):
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
_PLAIN_OPTIONS = _list(_PLAIN_OPTION, 100)
_GROUPS = _list(_object({"label": _text(75, plain_only=True), "options": _PLAIN_OPTIONS}), 100)
_SEVERAL_PEOPLE = _list(_ID, 100)
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
        {},
        {
            **_COMMON,
            "options": _PLAIN_OPTIONS,
            "option_groups": _GROUPS,
            "placeholder": _PLACEHOLDER,
            "initial_option": _PLAIN_OPTION,
        },
    ),
    "multi_static_select": _object(
        {},
        {
            **_COMMON,
            "options": _PLAIN_OPTIONS,
            "option_groups": _GROUPS,
            "placeholder": _PLACEHOLDER,
            "initial_options": _PLAIN_OPTIONS,
            "max_selected_items": _integer(1, 100),
        },
    ),
    "users_select": _object({}, {**_COMMON, "placeholder": _PLACEHOLDER, "initial_user": _ID}),
    "multi_users_select": _object(
        {},
        {
            **_COMMON,
            "placeholder": _PLACEHOLDER,
            "initial_users": _SEVERAL_PEOPLE,
            "max_selected_items": _integer(1, 100),
        },
    ),
    "radio_buttons": _object({"options": _list(_ANY_OPTION, 10)}, {**_COMMON, "initial_option": _ANY_OPTION}),
    "checkboxes": _object({"options": _list(_ANY_OPTION, 10)}, {**_COMMON, "initial_options": _list(_ANY_OPTION, 10)}),
    "datepicker": _object({}, {**_COMMON, "placeholder": _PLACEHOLDER, "initial_date": _date}),
    "timepicker": _object(
        {}, {**_COMMON, "placeholder": _PLACEHOLDER, "initial_time": _time, "timezone": _string(255)}
    ),
    "datetimepicker": _object({}, {**_COMMON, "initial_date_time": _integer(10**9, 10**10 - 1)}),
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
_CHOICES = (
    "static_select",
    "multi_static_select",
    "users_select",
    "multi_users_select",
    "radio_buttons",
    "checkboxes",
    "datepicker",
    "timepicker",
)
_TYPED_INPUTS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


def _elements(*kinds: str) -> Check:
    return _typed({kind: _ELEMENTS[kind] for kind in kinds})


# --- rich text ----------------------------------------------------------------------------------------------------

_STYLE = _object({}, {"bold": _boolean, "italic": _boolean, "strike": _boolean, "code": _boolean})
_STYLED: dict[str, Check] = {"style": _STYLE}
# Slack knows ``broadcast`` and ``usergroup`` too: they wake a whole channel, so that no card of ours may hold one.
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
    "actions": _object(
        {"elements": _list(_elements("button", "overflow", "datetimepicker", *_CHOICES), 25)}, _BLOCK_ID
    ),
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
        {"label": _text(2000, plain_only=True), "element": _elements(*_TYPED_INPUTS, "datetimepicker", *_CHOICES)},
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
check_block = _typed(_BLOCKS)
"""Checks one block, without the rules that tie its parts together."""

ONLY_ON: Mapping[str, tuple[str, ...]] = {
    "markdown": ("message",),
    "email_text_input": ("modal",),
    "number_input": ("modal",),
    "url_text_input": ("modal",),
    "datetimepicker": ("message", "modal"),
}
"""Blocks and elements that Slack does not take on every surface (Slack's reference, "Block Elements")."""


def check_view(kind: str) -> Check:
    """The check of a ``modal`` or a ``home`` without its blocks, which are checked as a whole."""
    shared: dict[str, Check] = {
        "private_metadata": _string(MOST_PRIVATE_METADATA, 0),
        "callback_id": _string(255, 0),
        "external_id": _string(255, 0),
    }
    anything: Check = lambda _value, _place: iter(())  # noqa: E731
    if kind == "home":
        return _object({"blocks": anything}, shared)
    short = _text(24, plain_only=True)
    return _object(
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
