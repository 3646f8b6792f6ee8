"""What people do in Slack: press buttons, fill modals, open Home. Each becomes the signed request that Slack sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .block_rules import elements_of, view_faults
from .chat_methods import MOST_TEXT_POSTED, message_content
from .delivery import Delivery
from .request_url import Answer
from .view_inputs import STATEFUL_KINDS, Typed, Values, check_named, entry, fill, option_of, standing
from .workspace import (
    APP_ID,
    BOT_USER_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    Json,
    Message,
    PracticeChannel,
    PracticePerson,
    SlackError,
    View,
    Workspace,
    new_id,
)

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack shows when the app does not answer in three seconds, or not with a 2xx."""
VERIFICATION_TOKEN = "practice-verification"  # noqa: S105 (Slack's retired token; no secret, nobody should check it)


class NotOnScreen(LookupError):  # noqa: N818 (it names the case, as Refused does)
    """Somebody tried what Slack's own screens would not have let them do."""


@dataclass(frozen=True)
class Outcome:
    """What a person sees after they did something."""

    answers: tuple[Answer, ...] = ()
    """What the app answered, once per delivery; empty if Slack's own client stopped it."""
    trouble: str | None = None
    """Slack's notice that the app could not be reached, or answered with what Slack does not take."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Sentences beside the inputs of the modal, by block_id."""
    view: View | None = None
    """The modal on top of the person's screen now."""

    @property
    def status(self) -> int | None:
        """The HTTP status of the first delivery, None if no answer came."""
        return self.answers[0].status if self.answers else None

    @property
    def ok(self) -> bool:
        """Whether it went through: no trouble and nothing beside an input."""
        return self.trouble is None and not self.errors


class PeopleSide:
    """The hands of the people in a workspace.

    ``delivery`` is the way to the app; ``api_root`` (ends in ``/``) is where response_urls lead.
    """

    def __init__(self, workspace: Workspace, delivery: Delivery, api_root: Callable[[], str]) -> None:
        self.workspace = workspace
        self._delivery = delivery
        self._api_root = api_root

    # --- messages -----------------------------------------------------------------------------------------------

    def press(
        self,
        person_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        *,
        chosen: Typed = None,
        values: Values | None = None,
        seen: Message | None = None,
        deliveries: int = 1,
    ) -> Outcome:
        """Press a button of a message (or choose ``chosen`` in a menu of it).

        ``seen`` is the message as the person's screen still shows it, if that is older than the message now;
        ``deliveries`` above one repeats the identical request. Raises NotOnScreen if the person could not have.
        """
        person = self._present(person_id)
        channel = self._channel(person, channel_id)
        private = next((m for m in self.workspace.ephemerals(channel_id, person_id) if m.ts == ts), None)
        try:
            message = seen or private or self.workspace.message(channel_id, ts)
        except SlackError as missing:
            raise NotOnScreen(f"no message {ts} in {channel_id}") from missing
        block, element = _find(message.blocks, action_id, block_id)
        container: Json = {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel_id,
            "is_ephemeral": private is not None,
        }
        if message.thread_ts is not None:
            container["thread_ts"] = message.thread_ts
        state = self._state(person_id, f"{channel_id}/{ts}", message.blocks, values, element, chosen)
        payload = self._action_payload(person, block, element, chosen)
        payload |= {
            "container": container,
            "channel": {"id": channel_id, "name": _name_in_payload(channel)},
            "state": {"values": state},
            "response_url": self._response_url(person_id, channel_id, ts),
        }
        if private is None:
            payload["message"] = message.body
        return self._acted(person_id, self._delivery.interaction(person_id, payload, deliveries))

    def say(self, person_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> Message:
        """Write a message of one's own. The app hears nothing of it: it has asked for no message events."""
        person = self._present(person_id)
        channel = self._channel(person, channel_id)
        return self.workspace.post(channel.channel_id, {"text": _escaped(text)}, thread_ts, author=person_id)

    def command(self, person_id: str, channel_id: str, line: str, *, deliveries: int = 1) -> Outcome:
        """Type a slash command, such as ``/award-desk due``, into a channel. What the app answers is shown there.

        Raises NotOnScreen for a command that the app has not got.
        """
        person = self._present(person_id)
        channel = self._channel(person, channel_id)
        name, _, text = line.strip().partition(" ")
        if name not in self.workspace.installation.commands:
            raise NotOnScreen(f"{name} is not a valid command")
        fields = {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel_id,
            "channel_name": _name_in_payload(channel),
            "user_id": person_id,
            "user_name": person.username,
            "command": name,
            "text": self._command_text(text.strip()),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(person_id, channel_id, ""),
            "trigger_id": self.workspace.new_trigger(person_id),
        }
        answers = self._delivery.command(person_id, fields, deliveries)
        if not answers[0].taken:
            error = "operation_timeout" if answers[0].status is None else "http_service_error"
            return Outcome(answers, trouble=f'{name} failed with the error "{error}"', view=self._top(person_id))
        return self._told(person_id, channel_id, answers)

    def _command_text(self, text: str) -> str:
        """The text as Slack passes it on: escaped, and with mentions as ids if the app asked for that."""
        text = _escaped(text)
        if not self.workspace.installation.escaped_commands:
            return text
        for one in self.workspace.people:
            text = text.replace(f"@{one.username}", f"<@{one.user_id}|{one.username}>")
        for channel in self.workspace.channels:
            text = text.replace(f"#{channel.name}", f"<#{channel.channel_id}|{channel.name}>")
        return text

    def _told(self, person_id: str, channel_id: str, answers: tuple[Answer, ...]) -> Outcome:
        """Show what a command was answered with: to its person alone, unless it says ``in_channel``."""
        body = answers[0].body.strip()
        if body:
            try:
                told = json.loads(body)
            except ValueError:
                told = {"text": body}
            try:
                content = message_content(told if isinstance(told, dict) else {"text": body}, MOST_TEXT_POSTED)
            except SlackError:
                return Outcome(answers, trouble=TROUBLE, view=self._top(person_id))
            if isinstance(told, dict) and told.get("response_type") == "in_channel":
                self.workspace.post(channel_id, content)
            else:
                self.workspace.post_ephemeral(channel_id, person_id, content)
        return self._acted(person_id, answers)

    def shortcut(self, person_id: str, callback_id: str, *, deliveries: int = 1) -> Outcome:
        """Use a global shortcut. Raises NotOnScreen for one that the app has not got."""
        person = self._present(person_id)
        if callback_id not in {one.callback_id for one in self.workspace.installation.shortcuts}:
            raise NotOnScreen(f"there is no shortcut {callback_id}")
        payload: Json = {
            "type": "shortcut",
            "token": VERIFICATION_TOKEN,
            "action_ts": self.workspace.new_ts(),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": _user(person),
            "is_enterprise_install": False,
            "enterprise": None,
            "callback_id": callback_id,
            "trigger_id": self.workspace.new_trigger(person_id),
        }
        return self._acted(person_id, self._delivery.interaction(person_id, payload, deliveries))

    def replay(self) -> Outcome:
        """Send the last signed request once more, byte for byte; no answers if there was none."""
        answer = self._delivery.replay()
        return Outcome(() if answer is None else (answer,))

    def _response_url(self, person_id: str, channel_id: str, ts: str) -> str:
        return f"{self._api_root()}actions/{TEAM_ID}/" + self.workspace.new_response(person_id, channel_id, ts)

    def _state(
        self, person_id: str, place: str, blocks: Sequence[Json], values: Values | None, element: Json, chosen: Typed
    ) -> Json:
        """``state.values`` at a press, which stay on the person's screen afterwards."""
        now = self._standing(person_id, place, blocks, values)
        if element["type"] in STATEFUL_KINDS:
            for block in blocks:
                if element in elements_of(block):
                    now[block["block_id"]][element["action_id"]] = chosen
        self.workspace.remember(person_id, place, now)
        return fill(blocks, now)[0]

    def _standing(
        self, person_id: str, place: str, blocks: Sequence[Json], values: Values | None
    ) -> dict[str, dict[str, Typed]]:
        check_named(blocks, values or {})
        return standing(blocks, {**self.workspace.typed(person_id, place), **(values or {})})

    def _present(self, person_id: str) -> PracticePerson:
        try:
            person = self.workspace.person(person_id)
        except SlackError as unknown:
            raise NotOnScreen(f"nobody has the id {person_id}") from unknown
        if person.deleted:
            raise NotOnScreen(f"{person.name} has been deactivated and cannot sign in")
        return person

    def _channel(self, person: PracticePerson, channel_id: str) -> PracticeChannel:
        try:
            channel = self.workspace.channel(channel_id)
        except SlackError as unknown:
            raise NotOnScreen(f"no channel {channel_id}") from unknown
        if not self.workspace.sees(person.user_id, channel):
            raise NotOnScreen(f"{person.name} is not in {channel.name}")
        return channel

    def _action_payload(self, person: PracticePerson, block: Json, element: Json, chosen: Typed) -> Json:
        action: Json = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": self.workspace.new_ts(),
        }
        if element["type"] == "button":
            action |= {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        elif element["type"] == "overflow":
            action["selected_option"] = option_of(element, chosen)
        else:
            action |= entry(element, chosen)
        return {
            "type": "block_actions",
            "user": _user(person),
            "api_app_id": APP_ID,
            "token": VERIFICATION_TOKEN,
            "trigger_id": self.workspace.new_trigger(person.user_id),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "actions": [action],
        }

    # --- views --------------------------------------------------------------------------------------------------

    def press_in_view(
        self,
        person_id: str,
        view_id: str,
        action_id: str,
        block_id: str | None = None,
        *,
        chosen: Typed = None,
        values: Values | None = None,
        deliveries: int = 1,
    ) -> Outcome:
        """Press a button in a modal or on the Home tab; ``values`` is what stands in the inputs by then."""
        person = self._present(person_id)
        view = self._own_view(person_id, view_id)
        block, element = _find(view.blocks, action_id, block_id)
        state = self._state(person_id, view_id, view.blocks, values, element, chosen)
        payload = self._action_payload(person, block, element, chosen)
        payload |= {
            "container": {"type": "view", "view_id": view_id},
            "view": view.as_slack(state),
        }
        return self._acted(person_id, self._delivery.interaction(person_id, payload, deliveries))

    def submit_view(
        self, person_id: str, view_id: str, values: Values | None = None, *, deliveries: int = 1
    ) -> Outcome:
        """Fill in a modal and send it. Values that ``values`` does not name stay as they were prefilled.

        What Slack's client refuses itself (a required field left empty, a number out of bounds) comes back as errors
        without a request. Raises NotOnScreen if the person has no such modal open.
        """
        person = self._present(person_id)
        view = self._own_view(person_id, view_id)
        if view.kind != "modal" or "submit" not in view.body:
            raise NotOnScreen("this view has nothing to submit")
        now = self._standing(person_id, view_id, view.blocks, values)
        self.workspace.remember(person_id, view_id, now)
        state, wrong = fill(view.blocks, now)
        if wrong:
            return Outcome(errors=wrong, view=view)
        payload = self._view_payload("view_submission", person, view, state)
        payload |= {"trigger_id": self.workspace.new_trigger(person_id), "response_urls": []}
        answers = self._delivery.interaction(person_id, payload, deliveries)
        if not answers[0].taken:
            return Outcome(answers, trouble=TROUBLE, view=self._top(person_id))
        return self._submitted(person_id, view, answers)

    def close_view(self, person_id: str, view_id: str) -> Outcome:
        """Close a modal with its cross; the app hears of it only if the view asked to."""
        person = self._present(person_id)
        view = self._own_view(person_id, view_id)
        if view.body.get("clear_on_close"):
            self.workspace.close_all(person_id)
        else:
            self.workspace.close_view(view_id)
        if not view.body.get("notify_on_close"):
            return Outcome(view=self._top(person_id))
        payload = self._view_payload("view_closed", person, view, {})
        payload["is_cleared"] = bool(view.body.get("clear_on_close"))
        return self._acted(person_id, self._delivery.interaction(person_id, payload))

    def _own_view(self, person_id: str, view_id: str) -> View:
        try:
            view = self.workspace.view(view_id)
        except SlackError as gone:
            raise NotOnScreen("this view is not open any more") from gone
        if view.person != person_id:
            raise NotOnScreen("this view is on somebody else's screen")
        return view

    def _view_payload(self, kind: str, person: PracticePerson, view: View, state: Json) -> Json:
        return {
            "type": kind,
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "user": _user(person),
            "api_app_id": APP_ID,
            "token": VERIFICATION_TOKEN,
            "view": view.as_slack(state),
            "is_enterprise_install": False,
            "enterprise": None,
        }

    def _submitted(self, person_id: str, view: View, answers: tuple[Answer, ...]) -> Outcome:
        """Do what the app's answer to a submission says, as Slack does; the first delivery's answer counts."""
        text = answers[0].body.strip()
        try:
            told = json.loads(text) if text else {}
            errors = self._obey(view, told)
        except (ValueError, SlackError):
            return Outcome(answers, trouble=TROUBLE, view=self._top(person_id))
        return Outcome(answers, errors=errors, view=self._top(person_id))

    def _obey(self, view: View, told: object) -> dict[str, str]:
        """Raises ValueError for an answer that Slack does not take, SlackError if the view is gone."""
        if not isinstance(told, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 (what came over the wire, not a caller's slip)
        action = told.get("response_action")
        if action == "errors":
            errors = told.get("errors")
            inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not inputs.issuperset(errors):
                raise ValueError("errors must name the input blocks of the view")
            return {block_id: str(sentence) for block_id, sentence in errors.items()}
        if action in ("update", "push"):
            body = told.get("view")
            if not isinstance(body, dict) or body.get("type") != "modal" or view_faults(body):
                raise ValueError("the view is faulty: " + "; ".join(view_faults(body)))
            if action == "update":
                self.workspace.replace(view, body)
            else:
                self.workspace.push(view, body)
        elif action == "clear":
            self.workspace.close_all(view.person)
        elif action is None and not told:
            self.workspace.close_view(view.view_id)
        else:
            raise ValueError(f"unknown response_action {action!r}")
        return {}

    # --- events -------------------------------------------------------------------------------------------------

    def open_home(self, person_id: str, *, deliveries: int = 1, event_id: str | None = None) -> Outcome:
        """Open the Home tab: the app gets ``app_home_opened``.

        A delivery that fails is tried again once at once, as Slack does; ``deliveries`` above one repeats it with
        ``X-Slack-Retry-Num`` though it succeeded (the acknowledgement was lost on the way).
        """
        person = self._present(person_id)
        direct = self.workspace.open_direct(person.user_id)
        home = self.workspace.home(person_id)
        event: Json = {
            "type": "app_home_opened",
            "user": person_id,
            "channel": direct.channel_id,
            "tab": "home",
            "event_ts": self.workspace.new_ts(),
        }
        if home is not None:
            event["view"] = home.as_slack()
        payload = {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": event_id or "Ev" + new_id(9),
            "event_time": int(self.workspace.clock()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER_ID,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return self._acted(person_id, self._delivery.event(payload, deliveries), retried=True)

    def _acted(self, person_id: str, answers: tuple[Answer, ...], *, retried: bool = False) -> Outcome:
        trouble = None if answers[0].taken or (retried and answers[-1].taken) else TROUBLE
        return Outcome(answers, trouble=trouble, view=self._top(person_id))

    def _top(self, person_id: str) -> View | None:
        views = self.workspace.open_views(person_id)
        return views[-1] if views else None


def _find(blocks: Sequence[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    found = [
        (block, element)
        for block in blocks
        for element in elements_of(block)
        if element.get("action_id") == action_id and block_id in (None, block["block_id"])
    ]
    if len(found) != 1:
        what = "nothing" if not found else "more than one thing; name its block_id"
        raise NotOnScreen(f"{what} with the action_id {action_id}")
    block, element = found[0]
    if element["type"] not in ("button", "overflow", *STATEFUL_KINDS):
        raise NotOnScreen(f"{action_id} cannot be pressed")
    return block, element


def _user(person: PracticePerson) -> Json:
    return {"id": person.user_id, "username": person.username, "name": person.username, "team_id": person.team_id}


def _name_in_payload(channel: PracticeChannel) -> str:
    """Slack names private channels and direct messages by what they are."""
    if channel.direct_with is not None:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _escaped(text: str) -> str:
    """What a person types, in Slack's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
