"""What stands in the inputs of a view, and what Slack's own client refuses to send."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from .block_rules import elements_of, options_of
from .shapes import Json

Typed = str | Sequence[str] | None
"""One input as filled in: text, number, date or the value of an option; values where several may be ticked."""
Values = Mapping[str, "Typed | Mapping[str, Typed]"]
"""By block_id; where a block holds several elements, by action_id within it."""

TYPED_KINDS = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
PICKED_KINDS = {"datepicker": "date", "timepicker": "time", "datetimepicker": "date_time"}
ONE_OF_KINDS = ("static_select", "radio_buttons")
SEVERAL_KINDS = ("multi_static_select", "checkboxes", "multi_users_select")
"""Those that hold a list of values."""
PEOPLE_KINDS = ("users_select", "multi_users_select")
STATEFUL_KINDS = (*TYPED_KINDS, *ONE_OF_KINDS, "multi_static_select", "checkboxes", *PEOPLE_KINDS, *PICKED_KINDS)

REQUIRED = "Please complete this required field."


def stateful(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Each element that keeps a value, with its block."""
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") in STATEFUL_KINDS:
                yield block, element


def initial(element: Json) -> Typed:
    """What an element holds before anybody touches it."""
    kind = element["type"]
    if kind in ONE_OF_KINDS:
        return element["initial_option"]["value"] if "initial_option" in element else None
    if kind == "multi_users_select":
        return list(element.get("initial_users", []))
    if kind in SEVERAL_KINDS:
        return [option["value"] for option in element.get("initial_options", [])]
    name = "initial_user" if kind == "users_select" else f"initial_{PICKED_KINDS.get(kind, 'value')}"
    value = element.get(name)
    return None if value is None else str(value)


def standing(blocks: Sequence[Json], typed: Values) -> dict[str, dict[str, Typed]]:
    """What stands in every input: what was ``typed`` into it while it was on the screen, else its initial value.

    An input that an update left with its block_id and action_id keeps what was typed, as it does in Slack.
    """
    values: dict[str, dict[str, Typed]] = {}
    for block, element in stateful(blocks):
        values.setdefault(block["block_id"], {})[element["action_id"]] = _given(typed, block["block_id"], element)
    return values


def fill(blocks: Sequence[Json], values: Values) -> tuple[Json, dict[str, str]]:
    """The ``state.values`` of a view filled in with ``values``, and what Slack itself would not send, by block_id.

    An input that ``values`` does not name keeps its initial value. Raises LookupError for a block that is not there.
    """
    state: Json = {}
    wrong: dict[str, str] = {}
    check_named(blocks, values)
    for block, element in stateful(blocks):
        block_id = block["block_id"]
        typed = _given(values, block_id, element)
        problem = _problem(block, element, typed)
        if problem:
            wrong.setdefault(block_id, problem)
            typed = None
        state.setdefault(block_id, {})[element["action_id"]] = entry(element, typed)
    return state, wrong


def check_named(blocks: Sequence[Json], values: Values) -> None:
    """Raises LookupError if ``values`` name a block that has no input."""
    known = {block["block_id"] for block, _ in stateful(blocks)}
    unknown = set(values) - known
    if unknown:
        raise LookupError(f"no input with block_id {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")


def _given(values: Values, block_id: str, element: Json) -> Typed:
    if block_id not in values:
        return initial(element)
    given = values[block_id]
    if isinstance(given, Mapping):
        return given.get(element["action_id"], initial(element))
    return given


def entry(element: Json, typed: Typed) -> Json:
    """One element's part of ``state.values``, in the shape that Slack gives its kind."""
    kind = element["type"]
    if kind == "users_select":
        return {"type": kind, "selected_user": typed or None}
    if kind in ONE_OF_KINDS:
        return {"type": kind, "selected_option": option_of(element, typed) if typed else None}
    if kind in SEVERAL_KINDS:
        chosen = [typed] if isinstance(typed, str) else list(typed or ())
        if kind == "multi_users_select":
            return {"type": kind, "selected_users": chosen}
        return {"type": kind, "selected_options": [option_of(element, one) for one in chosen]}
    if kind == "datetimepicker":
        return {"type": kind, "selected_date_time": int(typed) if isinstance(typed, str) and typed else None}
    picked = PICKED_KINDS.get(kind)
    return {"type": kind, f"selected_{picked}" if picked else "value": typed or None}


def option_of(element: Json, value: Typed) -> Json:
    """The option with this value. Raises LookupError if there is none."""
    for option in options_of(element):
        if option.get("value") == value:
            return option
    raise LookupError(f"no option with the value {value!r}")


def _problem(block: Json, element: Json, typed: Typed) -> str:
    if typed in (None, "", [], ()):
        required = block.get("type") == "input" and not block.get("optional", False)
        return REQUIRED if required else ""
    kind = element["type"]
    if kind in ONE_OF_KINDS or kind in SEVERAL_KINDS or kind in PEOPLE_KINDS:
        return _wrong_choice(element, typed)
    if not isinstance(typed, str):
        return "Please enter one value."
    return _WRONG[kind](element, typed)


def _wrong_choice(element: Json, typed: Typed) -> str:
    chosen = [typed] if isinstance(typed, str) else list(typed or ())
    offered = {option["value"] for option in options_of(element)}
    if element["type"] not in PEOPLE_KINDS and not offered.issuperset(chosen):
        return "Please choose one of the options."
    most = element.get("max_selected_items")
    return f"Please choose at most {most}." if isinstance(most, int) and len(chosen) > most else ""


def _wrong_text(element: Json, typed: str) -> str:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(typed) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter at most {most} characters." if len(typed) > most else ""


def _wrong_number(element: Json, typed: str) -> str:
    try:
        number = Decimal(typed) if re.fullmatch(r"-?\d+(\.\d+)?", typed) else None
    except InvalidOperation:
        number = None
    if number is None:
        return "Please enter a valid number."
    if not element.get("is_decimal_allowed") and "." in typed:
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number no less than {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number no more than {element['max_value']}."
    return ""


def _wrong_date(element: Json, typed: str) -> str:  # noqa: ARG001
    try:
        date.fromisoformat(typed)
    except ValueError:
        return "Please choose a date."
    return ""


def _wrong_time(element: Json, typed: str) -> str:  # noqa: ARG001
    return "" if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", typed) else "Please choose a time."


def _wrong_moment(element: Json, typed: str) -> str:  # noqa: ARG001
    return "" if re.fullmatch(r"\d{10}", typed) else "Please choose a date and time."


def _wrong_email(element: Json, typed: str) -> str:  # noqa: ARG001
    return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", typed) else "Please enter an email address."


def _wrong_url(element: Json, typed: str) -> str:  # noqa: ARG001
    return "" if re.match(r"https?://\S+$", typed) else "Please enter a web address."


_WRONG: Mapping[str, Callable[[Json, str], str]] = {
    "plain_text_input": _wrong_text,
    "number_input": _wrong_number,
    "datepicker": _wrong_date,
    "timepicker": _wrong_time,
    "datetimepicker": _wrong_moment,
    "email_text_input": _wrong_email,
    "url_text_input": _wrong_url,
}
