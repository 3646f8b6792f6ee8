"""What a browser sends from the practice Slack's forms, and what stands in their inputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from .block_rules import elements_of
from .shapes import Json
from .view_inputs import SEVERAL_KINDS, STATEFUL_KINDS, Typed, Values, stateful

ZONE = ZoneInfo("Europe/London")
"""Where the people of the practice office are: what a date-and-time picker shows."""

Form = MultiDict[str, str]


@dataclass(frozen=True)
class Pressed:
    """The button, menu or entry of an overflow menu that was pressed, as the page named it."""

    block_id: str
    action_id: str
    option: str | None = None

    @property
    def value(self) -> str:
        """What the button of the form is worth, and sends back."""
        named = [self.block_id, self.action_id]
        return json.dumps(named if self.option is None else [*named, self.option])


def pressed(form: Form) -> Pressed | None:
    """What was pressed, None if only the form was sent."""
    try:
        named = json.loads(form.get("press", ""))
    except ValueError:
        return None
    if not isinstance(named, list) or len(named) not in (2, 3) or not all(isinstance(one, str) for one in named):
        return None
    return Pressed(*named)


def element_named(blocks: list[Json], one: Pressed) -> Json | None:
    """The element that was pressed, None if it is not there any more."""
    for block in blocks:
        for element in elements_of(block):
            if block["block_id"] == one.block_id and element.get("action_id") == one.action_id:
                return element
    return None


def chosen(element: Json, one: Pressed, values: Values) -> Typed:
    """What was chosen in the menu or picker that was pressed, None for a button."""
    if one.option is not None or element["type"] not in STATEFUL_KINDS:
        return one.option
    given = values[one.block_id]
    return given[one.action_id] if isinstance(given, dict) else None


def name_of(block: Json, element: Json) -> str:
    """The name of an input in the form, with brackets where several controls share it."""
    several = "[]" if element["type"] in SEVERAL_KINDS else ""
    return f"{block['block_id']}/{element['action_id']}{several}"


def typed_values(blocks: list[Json], form: Form) -> Values:
    """What the browser sent for each input; its line breaks as Slack's, and nothing for what was left empty."""
    values: dict[str, dict[str, Typed]] = {}
    for block, element in stateful(blocks):
        name = name_of(block, element)
        typed: Typed
        if element["type"] in SEVERAL_KINDS:
            typed = form.getlist(name)
        elif element["type"] == "datetimepicker":
            typed = _seconds(form.get(name, ""))
        else:
            typed = form.get(name, "").replace("\r\n", "\n") or None
        values.setdefault(block["block_id"], {})[element["action_id"]] = typed
    return values


def _seconds(local: str) -> str | None:
    """A browser's date and time as seconds since 1970, what is no such thing as it stands."""
    try:
        return str(int(datetime.fromisoformat(local).replace(tzinfo=ZONE).timestamp()))
    except ValueError:
        return local or None


def local_moment(seconds: str | None) -> str:
    """Seconds since 1970 as the browser's picker wants them."""
    if not seconds or not seconds.isdecimal():
        return ""
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
