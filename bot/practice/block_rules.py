"""Slack's Block Kit limits, checked offline.

:mod:`.block_table` says what each block and element may hold; here are the rules that tie them together. The checker is
stricter than Slack where Slack is vague.

Public: :func:`faults` for a list of blocks, :func:`view_faults` for a whole modal or Home tab, and
:func:`text_length`, which is what Slack counts for ``msg_blocks_too_long``. Each checker returns plain
sentences that begin with the place (``blocks/2/text: ...``); an empty list means that Slack would take it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .block_table import ONLY_ON, check_block, check_view, is_number


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
MOST_MESSAGE_TEXT = 13_200
"""Characters of text in all blocks of a message; undocumented, measured by others (bolt-js issue 2509)."""
MOST_MARKDOWN_TEXT = 12_000
"""Characters in all markdown blocks of one message together."""
MOST_VIEW_BYTES = 250_000
"""The size of a whole view as JSON (Slack: 250 kB, ``view_too_large``)."""


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
        found.extend(check_block(block, place))
        if isinstance(block, dict):
            found.extend(_out_of_place([block, *elements_of(block)], surface, place))
            found.extend(_within_block(block, place))
    found.extend(_repeated(_ids(blocks, "block_id"), "blocks", "block_id"))
    focused = sum(1 for block in blocks for element in elements_of(block) if element.get("focus_on_load") is True)
    if focused > 1:
        found.append("blocks: focus_on_load is set more than once")
    if surface is Surface.MESSAGE and text_length(blocks) > MOST_MESSAGE_TEXT:
        found.append(f"blocks: {text_length(blocks)} characters of text, at most {MOST_MESSAGE_TEXT}")
    in_markdown = text_length([one for one in blocks if isinstance(one, dict) and one.get("type") == "markdown"])
    if in_markdown > MOST_MARKDOWN_TEXT:
        found.append(f"blocks: {in_markdown} characters in markdown blocks, at most {MOST_MARKDOWN_TEXT}")
    return found


def _out_of_place(parts: list[dict[str, Any]], surface: Surface, place: str) -> Iterator[str]:
    for part in parts:
        kind = part.get("type")
        if isinstance(kind, str) and surface not in ONLY_ON.get(kind, tuple(Surface)):
            yield f"{place}: {kind} is not taken in a {surface}, only in a {' or a '.join(ONLY_ON[kind])}"


def view_faults(view: object) -> list[str]:
    """What Slack would refuse in this modal or Home tab; empty if nothing."""
    if not isinstance(view, dict):
        return ["view: must be an object"]
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"view/type: {kind!r} is neither modal nor home"]
    found = list(check_view(kind)(view, "view"))
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


def options_of(element: dict[str, Any]) -> list[dict[str, Any]]:
    """Every option of a menu, those of its groups too, in their order."""
    groups = element.get("option_groups")
    lists = [element.get("options")]
    if isinstance(groups, list):
        lists += [group.get("options") for group in groups if isinstance(group, dict)]
    return [option for listed in lists if isinstance(listed, list) for option in listed if isinstance(option, dict)]


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
    options = options_of(element)
    if element.get("type") in ("static_select", "multi_static_select") and (
        ("options" in element) == ("option_groups" in element)
    ):
        yield f"{place}: a menu has either options or option_groups"
    values = [repr(option.get("value")) for option in options]
    if len(set(values)) != len(values):
        yield f"{place}: two options have the same value"
    initial = element.get("initial_options", [element["initial_option"]] if "initial_option" in element else [])
    if isinstance(initial, list) and any(one not in options for one in initial):
        yield f"{place}: an initial option is none of the options"
    most, first = element.get("max_selected_items"), element.get("initial_users", initial)
    if isinstance(most, int) and isinstance(first, list) and len(first) > most:
        yield f"{place}: more is chosen at first than max_selected_items"
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
        if is_number(element.get(name))
    }
    low, high, first = (numbers.get(name) for name in ("min_value", "max_value", "initial_value"))
    if low is not None and high is not None and low > high:
        yield f"{place}: min_value is more than max_value"
    if first is not None and ((low is not None and first < low) or (high is not None and first > high)):
        yield f"{place}: initial_value is outside min_value and max_value"
    if element.get("is_decimal_allowed") is False and any(n != n.to_integral_value() for n in numbers.values()):
        yield f"{place}: decimals are not allowed, but a value has some"
