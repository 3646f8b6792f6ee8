"""The shapes of what Slack sends, as far as bolt takes them for granted."""

from __future__ import annotations

from typing import Any


class Malformed(ValueError):  # noqa: N818 - it names the case, as Refused does
    """A request that is none of Slack's shapes."""


def check_shape(payload: dict[str, Any]) -> None:
    """Raise Malformed where bolt would fall over the payload: it takes for granted what Slack documents."""
    _check_objects(payload, "payload", "user", "team", "channel", "container", "message", "enterprise", "view")
    kind = payload.get("type")
    if kind == "block_actions":
        actions = payload.get("actions")
        if not isinstance(actions, list) or not actions or not all(isinstance(one, dict) for one in actions):
            raise Malformed("The payload holds no action.")
        if not isinstance(actions[0].get("action_id"), str):
            raise Malformed("The action has no action_id.")
        _check_objects(actions[0], "action", "selected_option")
    elif kind in ("view_submission", "view_closed"):
        view = payload.get("view")
        if not isinstance(view, dict) or not all(isinstance(view.get(name), str) for name in ("callback_id", "type")):
            raise Malformed("The payload holds no view.")
        shown = view.get("blocks", [])
        if not isinstance(shown, list) or not all(isinstance(one, dict) for one in shown):
            raise Malformed("The view's blocks are of the wrong kind.")
        _check_entered(view)
    elif kind == "event_callback":
        event = payload.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            raise Malformed("The payload holds no event.")
        granted = payload.get("authorizations") or []
        if not isinstance(granted, list) or not all(isinstance(one, dict) for one in granted):
            raise Malformed("The event's authorizations are of the wrong kind.")


def _check_entered(view: dict[str, Any]) -> None:
    """What was typed stands two levels deep, by block_id and action_id."""
    _check_objects(view, "view", "state")
    state = view.get("state") or {}
    _check_objects(state, "state", "values")
    values = state.get("values") or {}
    _check_objects(values, "form", *values)
    for block_id, inputs in values.items():
        _check_objects(inputs or {}, block_id, *(inputs or {}))
        for entered in (inputs or {}).values():
            _check_objects(entered or {}, block_id, "selected_option")


def _check_objects(holder: dict[str, Any], called: str, *names: str) -> None:
    for name in names:
        if not isinstance(holder.get(name), dict | None):
            raise Malformed(f"The {called}'s {name} is of the wrong kind.")
