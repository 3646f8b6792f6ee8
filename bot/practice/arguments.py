"""The arguments of a Web API call, read as Slack reads them."""

from __future__ import annotations

import base64
import binascii

from .shapes import Json, SlackError


def required(arguments: Json, name: str) -> str:
    """A text that must be there. Raises SlackError ``invalid_arguments``."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise SlackError("invalid_arguments", f"missing required field: {name}")
    return value


def truth(arguments: Json, name: str) -> bool:
    """A flag, in any of the shapes that clients send."""
    return arguments.get(name) in (True, "true", "1", 1)


def count(arguments: Json, name: str, usual: int, most: int) -> int:
    """A number between one and ``most``. Raises SlackError ``invalid_limit``."""
    try:
        count = int(arguments.get(name, usual))
    except (TypeError, ValueError):
        raise SlackError("invalid_arguments", f"{name} must be a number") from None
    if not 1 <= count <= most:
        raise SlackError("invalid_limit")
    return count


def cursor(text: str) -> str:
    """Where the next page begins, in the look of Slack's cursors."""
    return base64.urlsafe_b64encode(f"next:{text}".encode()).decode()


def from_cursor(arguments: Json) -> str | None:
    """Where this page begins, None at the start. Raises SlackError ``invalid_cursor``."""
    cursor = arguments.get("cursor")
    if not cursor:
        return None
    try:
        word, _, rest = base64.urlsafe_b64decode(str(cursor)).decode().partition(":")
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
    if word != "next" or not rest:
        raise SlackError("invalid_cursor")
    return rest


def moment(arguments: Json, name: str) -> str | None:
    """A ts argument in the one width that compares as text; None if absent or nought."""
    given = arguments.get(name)
    if given in (None, "", 0, "0"):
        return None
    seconds, _, micro = str(given).partition(".")
    if not (seconds.isdecimal() and (micro or "0").isdecimal()):
        raise SlackError(f"invalid_ts_{name}")
    return f"{int(seconds):010d}.{micro[:6]:0<6}"
