"""``views.*``: modals and Home tabs."""

from __future__ import annotations

from .arguments import required
from .block_rules import MOST_VIEW_BYTES, view_faults, view_size
from .shapes import Json, SlackError
from .workspace import Workspace


def _view(arguments: Json, kind: str) -> Json:
    view = arguments.get("view")
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "missing required field: view")
    if view_size(view) > MOST_VIEW_BYTES:
        raise SlackError("view_too_large")
    if view.get("type") != kind:
        raise SlackError("invalid_arguments", f"view/type: must be {kind}")
    found = view_faults(view)
    if found:
        raise SlackError("invalid_arguments", *found)
    return view


def views_open(workspace: Workspace, arguments: Json) -> Json:
    """``views.open``: a modal for whoever pressed; spends the trigger."""
    workspace.person_of_trigger(required(arguments, "trigger_id"))
    view = _view(arguments, "modal")
    return {"view": workspace.open_with_trigger(arguments["trigger_id"], view).as_slack()}


def views_update(workspace: Workspace, arguments: Json) -> Json:
    """``views.update``: new content for an open modal, by view_id or external_id, checked against ``hash``."""
    if arguments.get("view_id"):
        old = workspace.view(str(arguments["view_id"]))
    else:
        old = workspace.view_with_external_id(required(arguments, "external_id"))
    view = _view(arguments, old.kind)
    return {"view": workspace.replace(old, view, arguments.get("hash")).as_slack()}


def views_publish(workspace: Workspace, arguments: Json) -> Json:
    """``views.publish``: a person's Home tab, checked against ``hash``."""
    user = required(arguments, "user_id")
    workspace.person(user)
    view = _view(arguments, "home")
    return {"view": workspace.publish(user, view, arguments.get("hash")).as_slack()}


def views_push(workspace: Workspace, arguments: Json) -> Json:
    """``views.push``: a modal on top of the one that the press was made in; three at most. Spends the trigger."""
    workspace.person_of_trigger(required(arguments, "trigger_id"))
    view = _view(arguments, "modal")
    return {"view": workspace.push_with_trigger(arguments["trigger_id"], view).as_slack()}
