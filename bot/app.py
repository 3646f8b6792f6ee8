"""The bot as one bolt app: the same listeners over HTTP and Socket Mode."""

from __future__ import annotations

import logging

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.accounts import Accounts
from bot.calls import Calls
from bot.listeners import Listeners
from core.office import Office


def build(office: Office, *, client: WebClient, signing_secret: str) -> App:
    """A bolt app with every listener registered. Nothing is asked of Slack here.

    `client` names the workspace and its token; its time-outs are not used, the bot sets its own (`bot.calls`).
    Listeners run before the answer, so that the answer says what happened; whatever is slow goes to the outbox.
    Over HTTP, mount `bot.endpoint.blueprint`: it alone checks signatures, before anything is parsed.
    """
    token = client.token

    def authorise(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        """One workspace, one token, known beforehand: bolt would otherwise call auth.test while somebody waits."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id, bot_token=token)

    app = App(
        name="award-desk",
        logger=logging.getLogger("award_desk.slack"),
        client=WebClient(base_url=client.base_url, timeout=client.timeout, retry_handlers=[]),
        signing_secret=signing_secret,
        authorize=authorise,
        process_before_response=True,
        token_verification_enabled=False,
        request_verification_enabled=False,  # the endpoint has done it, on the raw bytes and by the office's clock
        ignoring_self_events_enabled=False,  # it would have to know who the bot is; no message event is listened to
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    Listeners(office, Calls(client), Accounts(client, office.clock)).register(app)
    return app
