"""The shapes of what Slack sends, as far as bolt takes them for granted."""

from __future__ import annotations

from typing import Any


class Malformed(ValueError):  # noqa: N818 - it names the case, as Refused does
    """A request that is none of Slack's shapes."""


def check_shape(payload: dict[str, Any]) -> None:
    """Raise Malformed where bolt would fall over the payload: it takes for granted what Slack documents."""
    for name in ("user", "team", "channel", "container", "message", "enterprise"):
        if not isinstance(payload.get(name), dict | None):
            raise Malformed(f"The payload's {name} is of the wrong kind.")
    kind = payload.get("type")
    if kind == "block_actions":
        actions = payload.get("actions")
        if not isinstance(actions, list) or not actions or not all(isinstance(one, dict) for one in actions):
            raise Malformed("The payload holds no action.")
        if not isinstance(actions[0].get("action_id"), str):
            raise Malformed("The action has no action_id.")
    elif kind in ("view_submission", "view_closed"):
        view = payload.get("view")
        if not isinstance(view, dict) or not all(isinstance(view.get(name), str) for name in ("callback_id", "type")):
            raise Malformed("The payload holds no view.")
        shown = view.get("blocks", [])
        if not isinstance(shown, list) or not all(isinstance(one, dict) for one in shown):
            raise Malformed("The view's blocks are of the wrong kind.")
    elif kind == "event_callback":
        event = payload.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise Malformed("The payload holds no event.")
        granted = payload.get("authorizations") or []
        if not isinstance(granted, list) or not all(isinstance(one, dict) for one in granted):
            raise Malformed("The event's authorizations are of the wrong kind.")
