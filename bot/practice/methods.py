"""Every Web API method there is, with the scope that a token needs for it (Slack docs, each method's page)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from . import chat_methods, conversation_methods, view_methods
from .shapes import Json, SlackError
from .workspace import Workspace

Run = Callable[[Workspace, Json], Json]


@dataclass(frozen=True)
class Method:
    """What a method does, and what it asks of the token; ``scope`` may depend on the channel that is meant."""

    run: Run
    scope: str | Callable[[Workspace, Json], str] = ""

    def check_scope(self, workspace: Workspace, arguments: Json) -> None:
        """Raises SlackError ``missing_scope`` with what is needed and what the token was given."""
        needed = self.scope if isinstance(self.scope, str) else self.scope(workspace, arguments)
        provided = workspace.installation.scopes
        if needed and needed not in provided:
            raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(provided)))


def _of_channel(act: str) -> Callable[[Workspace, Json], str]:
    """A scope named after the kind of channel, such as ``groups:read`` for a private one."""

    def scope(workspace: Workspace, arguments: Json) -> str:
        try:
            channel = workspace.channel(str(arguments.get("channel")))
        except SlackError:
            return f"channels:{act}"
        if channel.direct_with is not None:
            return f"im:{act}"
        return f"groups:{act}" if channel.is_private else f"channels:{act}"

    return scope


METHODS: Mapping[str, Method] = {
    "auth.test": Method(conversation_methods.auth_test),
    "chat.postMessage": Method(chat_methods.post_message, "chat:write"),
    "chat.update": Method(chat_methods.update_message, "chat:write"),
    "chat.postEphemeral": Method(chat_methods.post_ephemeral, "chat:write"),
    "conversations.open": Method(conversation_methods.conversations_open, "im:write"),
    "conversations.info": Method(conversation_methods.conversations_info, _of_channel("read")),
    "conversations.history": Method(conversation_methods.conversations_history, _of_channel("history")),
    "users.info": Method(conversation_methods.users_info, "users:read"),
    "users.list": Method(conversation_methods.users_list, "users:read"),
    "views.open": Method(view_methods.views_open),
    "views.push": Method(view_methods.views_push),
    "views.update": Method(view_methods.views_update),
    "views.publish": Method(view_methods.views_publish),
}
"""Any other is ``unknown_method``; ``apps.connections.open``, which takes another token, is the server's own."""
