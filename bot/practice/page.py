"""The practice Slack as a page: pick who you are, read channels, press buttons, fill in modals.

Server-rendered and usable without scripts; with them a channel and the Home tab bring themselves up to date. Who one is
stands in the address, so that two people can be tried in two windows. GET changes nothing; every POST carries
Flask-WTF's token.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_wtf.csrf import ValidationError, generate_csrf, validate_csrf
from werkzeug.wrappers import Response as AnyResponse

from .block_rules import elements_of
from .faults_page import FaultsPage
from .mrkdwn import TextRenderer
from .page_forms import Pressed, chosen, element_named, local_moment, name_of, pressed, typed_values
from .people_side import TROUBLE, Outcome
from .server import PracticeSlack, TooManyPresses
from .view_inputs import SEVERAL_KINDS, STATEFUL_KINDS, TYPED_KINDS, Values, standing
from .workspace import (
    BOT_USER_ID,
    Json,
    Message,
    PracticeChannel,
    PracticePerson,
    SlackError,
    View,
    Workspace,
)

MOST_SHOWN = 40
"""How many messages of a channel a page shows before it leads to earlier ones."""

NOTICES = {
    "trouble": TROUBLE,
    "busy": "Slack is still sending what was pressed before. Nothing was sent this time: press again.",
    "gone": "That is not on the screen any more. Nothing was sent.",
    "command": "That command is not installed here. What the app offers is named beside the box.",
    "thread": "Slash commands cannot be used in threads. Type it in the channel's own box.",
    "changed": "This form has changed since it was shown to you. Check it, then send it again.",
}


@dataclass(frozen=True)
class Entry:
    """A message as the page lists it, with its thread."""

    message: Message
    private: bool = False
    values: Values = field(default_factory=dict)
    """What stands in its inputs, for the person who looks at it."""
    replies: list[Entry] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """The fragment that leads to it."""
        return "m-" + self.message.ts.replace(".", "-")

    @property
    def at(self) -> datetime:
        """When it was posted (aware, UTC)."""
        return datetime.fromtimestamp(float(self.message.ts), UTC)


def blueprint(slack: PracticeSlack, *, patience: float = 0) -> Blueprint:
    """The pages below ``/practice/slack``, to be registered in the app that people use.

    The app needs a secret key (the forms' token is kept in its session). For ``patience`` seconds at most an answer to
    a press or a form waits for what the app posts or changes because of it, as Slack would show by itself.
    """
    pages = Blueprint(
        "practice_slack",
        __name__,
        url_prefix="/practice/slack",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    shown = _Pages(slack, patience)
    shown.mount(pages)
    FaultsPage(slack, shown.render).mount(pages)
    return pages


class _Pages:
    def __init__(self, slack: PracticeSlack, patience: float) -> None:
        self.slack = slack
        self.workspace: Workspace = slack.workspace
        self.patience = patience

    def mount(self, pages: Blueprint) -> None:
        pages.before_request(_check_token)
        pages.after_request(_never_stored)
        rules: tuple[tuple[str, Callable[..., Any], str], ...] = (
            ("/", self.people, "GET"),
            ("/<person_id>", self.first_channel, "GET"),
            ("/<person_id>/<channel_id>", self.channel, "GET"),
            ("/<person_id>/<channel_id>/press", self.press, "POST"),
            ("/<person_id>/<channel_id>/say", self.say, "POST"),
            ("/<person_id>/shortcut", self.shortcut, "POST"),
            ("/<person_id>/<channel_id>/dismiss", self.dismiss, "POST"),
            ("/<person_id>/home", self.home, "GET"),
            ("/<person_id>/home", self.open_home, "POST"),
            ("/<person_id>/home/press", self.press_home, "POST"),
            ("/<person_id>/view/<view_id>", self.view, "GET"),
            ("/<person_id>/view/<view_id>", self.submit, "POST"),
            ("/<person_id>/view/<view_id>/close", self.close, "POST"),
        )
        for rule, function, method in rules:
            pages.add_url_rule(rule, function.__name__, function, methods=[method], strict_slashes=False)

    # --- reading ------------------------------------------------------------------------------------------------

    def people(self) -> str:
        """Who do you want to be?"""
        return self.render("people.html", None)

    def first_channel(self, person_id: str) -> AnyResponse:
        """To the first channel that this person sees."""
        person = self._person(person_id)
        channels = self.workspace.channels_of(person.user_id)
        if not channels:
            return redirect(url_for(".home", person_id=person_id))
        return redirect(url_for(".channel", person_id=person_id, channel_id=channels[0].channel_id, _anchor="latest"))

    def channel(self, person_id: str, channel_id: str) -> str:
        """A channel's messages, oldest first."""
        person = self._person(person_id)
        return self._shown_channel(person, self._channel(person, channel_id))

    def _shown_channel(
        self, person: PracticePerson, channel: PracticeChannel, *, said: str = "", notice: str | None = None
    ) -> str:
        """The channel's page; ``said`` is what stands in the box below it."""
        before = request.args.get("before", "")
        entries = self._entries(person, channel)
        earlier = [one for one in entries if not before or one.message.ts < before]
        shown = earlier[-MOST_SHOWN:]
        more = {} if notice is None else {"notice": notice}
        return self.render(
            "channel.html",
            person,
            channel=channel,
            entries=shown,
            live=_digest(shown),
            said=said,
            more_before=shown[0].message.ts if len(earlier) > len(shown) else "",
            later=len(entries) > len(earlier),
            **more,
        )

    def home(self, person_id: str) -> str:
        """The Home tab as last published for this person."""
        person = self._person(person_id)
        home = self.workspace.home(person.user_id)
        values = standing(home.blocks, self.workspace.typed(person_id, home.view_id)) if home else {}
        return self.render("home.html", person, home=home, values=values)

    def view(self, person_id: str, view_id: str) -> AnyResponse | str:
        """A modal."""
        person = self._person(person_id)
        try:
            view = self.workspace.view(view_id)
        except SlackError:
            return self._back(person, "gone")
        if view.person != person.user_id or view.kind != "modal":
            abort(404)
        return self._modal(person, view, standing(view.blocks, self.workspace.typed(person_id, view_id)))

    # --- doing --------------------------------------------------------------------------------------------------

    def press(self, person_id: str, channel_id: str) -> AnyResponse | str:
        """A button or menu of a message."""
        person = self._person(person_id)
        channel = self._channel(person, channel_id)
        ts, one = request.form.get("ts", ""), pressed(request.form)
        message = self._shown(person, channel, ts)
        element = element_named(message.blocks, one) if message and one else None
        if message is None or one is None or element is None:
            return self._back(person, "gone", channel)
        if element.get("confirm") and request.form.get("confirmed") != "yes":
            action = url_for(".press", person_id=person_id, channel_id=channel_id)
            return self._confirm(person, element, action, self._channel_url(person, channel))
        values = typed_values(message.blocks, request.form)
        picked = chosen(element, one, values)
        shown_before = {m.ts for m in self.workspace.ephemerals(channel_id, person_id)}
        act = self._act if _url_of(element, one) else self._act_and_see  # a link leads away
        outcome = act(
            lambda: self.slack.people.press(
                person_id,
                channel_id,
                ts,
                one.action_id,
                one.block_id,
                chosen=picked,
                values=values,
            )
        )
        if isinstance(outcome, str):
            return self._back(person, outcome, channel)
        url = _url_of(element, one)
        if outcome.ok and url and _is_ours(url):
            return redirect(url, 303)
        anchor = self._told_since(person_id, channel_id, shown_before) or Entry(message).anchor
        return self._after(person, outcome, channel, anchor)

    def _told_since(self, person_id: str, channel_id: str, before: set[str]) -> str:
        """The anchor of what only this person was shown since, empty if nothing."""
        private = self.workspace.ephemerals(channel_id, person_id)
        return Entry(private[-1]).anchor if private and private[-1].ts not in before else ""

    def say(self, person_id: str, channel_id: str) -> AnyResponse | str | tuple[str, int]:
        """Send what was typed into the box of a channel or thread: a slash command, or a message of one's own."""
        person = self._person(person_id)
        channel = self._channel(person, channel_id)
        said, thread_ts = request.form.get("text", "").strip(), request.form.get("thread_ts")
        if not said:
            return redirect(self._channel_url(person, channel), 303)
        if not said.startswith("/"):
            message = self.slack.people.say(person_id, channel_id, said.replace("\r\n", "\n"), thread_ts)
            return redirect(self._channel_url(person, channel, anchor=Entry(message).anchor), 303)
        if thread_ts:
            return self._shown_channel(person, channel, said=said, notice=NOTICES["thread"]), 422
        if said.split()[0] not in self.workspace.installation.commands:
            return self._shown_channel(person, channel, said=said, notice=NOTICES["command"]), 422
        shown_before = {m.ts for m in self.workspace.ephemerals(channel_id, person_id)}
        outcome = self._act(lambda: self.slack.people.command(person_id, channel_id, said))
        if isinstance(outcome, str):
            return self._shown_channel(person, channel, said=said, notice=NOTICES[outcome]), 503
        if outcome.trouble:
            return self._shown_channel(person, channel, said=said, notice=outcome.trouble), 502
        anchor = self._told_since(person_id, channel_id, shown_before) or "latest"
        return self._after(person, outcome, channel, anchor)

    def shortcut(self, person_id: str) -> AnyResponse:
        """A global shortcut."""
        person = self._person(person_id)
        callback_id = request.form.get("callback_id", "")
        outcome = self._act(lambda: self.slack.people.shortcut(person_id, callback_id))
        return self._back(person, outcome) if isinstance(outcome, str) else self._after(person, outcome)

    def dismiss(self, person_id: str, channel_id: str) -> AnyResponse:
        """Take away what only this person was shown."""
        person = self._person(person_id)
        channel = self._channel(person, channel_id)
        self.workspace.dismiss_ephemerals(channel.channel_id, person.user_id)
        return redirect(self._channel_url(person, channel), 303)

    def open_home(self, person_id: str) -> AnyResponse:
        """Open the Home tab, which tells the app."""
        person = self._person(person_id)
        outcome = self._act(lambda: self.slack.people.open_home(person.user_id))
        notice = outcome if isinstance(outcome, str) else ("trouble" if outcome.trouble else None)
        return redirect(url_for(".home", person_id=person_id, notice=notice), 303)

    def press_home(self, person_id: str) -> AnyResponse | str:
        """A button or menu on the Home tab."""
        person = self._person(person_id)
        home, one = self.workspace.home(person_id), pressed(request.form)
        element = element_named(home.blocks, one) if home and one else None
        if home is None or one is None or element is None:
            return redirect(url_for(".home", person_id=person_id, notice="gone"), 303)
        if element.get("confirm") and request.form.get("confirmed") != "yes":
            back = url_for(".home", person_id=person_id)
            return self._confirm(person, element, url_for(".press_home", person_id=person_id), back)
        outcome = self._press_in(person_id, home, element, one)
        if isinstance(outcome, str):
            return redirect(url_for(".home", person_id=person_id, notice=outcome), 303)
        url = _url_of(element, one)
        if outcome.ok and url and _is_ours(url):
            return redirect(url, 303)
        if outcome.view is not None:
            return redirect(self._view_url(person, outcome.view, "home"), 303)
        return redirect(url_for(".home", person_id=person_id, notice="trouble" if outcome.trouble else None), 303)

    def _press_in(self, person_id: str, view: View, element: Json, one: Pressed) -> Outcome | str:
        """Press something in a modal or on the Home tab, with what stands in its inputs."""
        values = typed_values(view.blocks, request.form)
        picked = chosen(element, one, values)
        return self._act(
            lambda: self.slack.people.press_in_view(
                person_id, view.view_id, one.action_id, one.block_id, chosen=picked, values=values
            )
        )

    def submit(self, person_id: str, view_id: str) -> AnyResponse | str | tuple[str, int]:
        """Send a modal, or press a button in it. What was typed is kept if it does not go through."""
        person = self._person(person_id)
        try:
            view = self.workspace.view(view_id)
        except SlackError:
            return self._back(person, "gone")
        if view.person != person.user_id or view.kind != "modal":
            abort(404)
        values = typed_values(view.blocks, request.form)
        if request.form.get("hash") != view.hash:
            return self._modal(person, view, values, notice="changed"), 409
        one = pressed(request.form)
        if one is not None:
            element = element_named(view.blocks, one)
            if element is None:
                return self._modal(person, view, values, notice="gone"), 409
            if element.get("confirm") and request.form.get("confirmed") != "yes":
                self.workspace.remember(person_id, view_id, dict(values))
                there = self._view_url(person, view, request.form.get("from", ""), request.form.get("at", "latest"))
                action = url_for(".submit", person_id=person_id, view_id=view_id)
                return self._confirm(person, element, action, there)
            outcome = self._press_in(person_id, view, element, one)
        else:
            outcome = self._act_and_see(lambda: self.slack.people.submit_view(person_id, view_id, values))
        if outcome == "gone":
            return self._back(person, "gone")
        if isinstance(outcome, str):
            return self._modal(person, view, values, notice=outcome), 503
        if outcome.ok:
            return self._after(person, outcome)
        still = outcome.view or view
        status = 422 if outcome.errors else 502
        notice = "trouble" if outcome.trouble else None
        return self._modal(person, still, values, errors=dict(outcome.errors), notice=notice), status

    def close(self, person_id: str, view_id: str) -> AnyResponse:
        """Close a modal."""
        person = self._person(person_id)
        outcome = self._act(lambda: self.slack.people.close_view(person.user_id, view_id))
        return self._back(person, outcome) if isinstance(outcome, str) else self._after(person, outcome)

    def _act(self, act: Callable[[], Outcome]) -> Outcome | str:
        """Do it from the practice Slack's own threads; a word of NOTICES if it could not be done."""
        try:
            return self.slack.from_page(act)
        except TooManyPresses:
            return "busy"
        except LookupError:
            return "gone"

    def _act_and_see(self, act: Callable[[], Outcome]) -> Outcome | str:
        """The same, where the app posts or changes a message because of it, unless it opens a form: a moment later."""
        before = self.workspace.moves
        outcome = self._act(act)
        if not isinstance(outcome, str) and outcome.ok and outcome.view is None:
            self.workspace.wait_for_move(before, self.patience)
        return outcome

    # --- answers ------------------------------------------------------------------------------------------------

    def _after(
        self, person: PracticePerson, outcome: Outcome, channel: PracticeChannel | None = None, anchor: str = "latest"
    ) -> AnyResponse:
        if outcome.view is None:
            return self._back(person, "trouble" if outcome.trouble else None, channel, anchor)
        if channel is None:
            came_from, anchor = request.values.get("from", ""), request.values.get("at", "latest")
        else:
            came_from = channel.channel_id
        return redirect(self._view_url(person, outcome.view, came_from, anchor), 303)

    def _view_url(self, person: PracticePerson, view: View, came_from: str, anchor: str = "latest") -> str:
        """A modal's address, which remembers where its person was."""
        place = {"from": came_from, "at": anchor}
        return url_for(".view", person_id=person.user_id, view_id=view.view_id, **place)  # type: ignore[arg-type]

    def _back(
        self,
        person: PracticePerson,
        notice: str | None,
        channel: PracticeChannel | None = None,
        anchor: str = "latest",
    ) -> AnyResponse:
        """To the channel that the person came from; ``from`` and ``at`` say which where a modal lies between."""
        if channel is None and request.values.get("from") != "home":
            seen = self.workspace.channels_of(person.user_id)
            channel = next((one for one in seen if one.channel_id == request.values.get("from")), None)
            if channel is not None:
                anchor = request.values.get("at", anchor)
            elif seen:
                channel = seen[0]
        if channel is None:
            return redirect(url_for(".home", person_id=person.user_id, notice=notice), 303)
        return redirect(self._channel_url(person, channel, notice, anchor), 303)

    def _channel_url(
        self, person: PracticePerson, channel: PracticeChannel, notice: str | None = None, anchor: str = "latest"
    ) -> str:
        return url_for(
            ".channel", person_id=person.user_id, channel_id=channel.channel_id, notice=notice, _anchor=anchor
        )

    def _modal(
        self,
        person: PracticePerson,
        view: View,
        values: Values,
        *,
        errors: dict[str, str] | None = None,
        notice: str | None = None,
    ) -> str:
        return self.render(
            "modal.html", person, view=view, values=values, errors=errors or {}, notice=NOTICES.get(notice or "")
        )

    def _confirm(self, person: PracticePerson, element: Json, action: str, back: str) -> str:
        kept = [
            (name, value)
            for name in request.form
            if name not in ("csrf_token", "confirmed")
            for value in request.form.getlist(name)
        ]
        return self.render("confirm.html", person, confirm=element["confirm"], action=action, back=back, kept=kept)

    def render(self, template: str, person: PracticePerson | None, **context: Any) -> str:
        """A page, with what every page shows."""
        texts = TextRenderer(self._name_of, datetime.fromtimestamp(self.workspace.clock(), UTC))
        channels = self.workspace.channels_of(person.user_id) if person else ()
        views = self.workspace.open_views(person.user_id) if person else []
        context.setdefault("notice", NOTICES.get(request.args.get("notice", "")))
        return render_template(
            f"practice_slack/{template}",
            workspace=self.workspace,
            person=person,
            channels=channels,
            open_view=views[-1] if views else None,
            texts=texts,
            now=int(time.time() * 1000),
            live_side=_digest([(one.channel_id, one.name) for one in channels]),
            csrf_token=generate_csrf,
            channel_title=self._channel_title,
            is_ours=_is_ours,
            typed_kinds=TYPED_KINDS,
            several_kinds=SEVERAL_KINDS,
            name_of=name_of,
            press_value=_press_value,
            can_be_pressed=_can_be_pressed,
            local_moment=local_moment,
            members=[one for one in self.workspace.people if not one.deleted],
            author=self._author,
            stateful_kinds=STATEFUL_KINDS,
            **context,
        )

    def _name_of(self, some_id: str) -> str:
        if some_id == BOT_USER_ID:
            return self.workspace.app_name
        with suppress(SlackError):
            return self.workspace.person(some_id).name
        with suppress(SlackError):
            return self.workspace.channel(some_id).name
        return some_id

    def _author(self, message: Message) -> PracticePerson | None:
        """Who wrote a message, None for the app."""
        user = str(message.body.get("user", BOT_USER_ID))
        return None if user == BOT_USER_ID else self.workspace.person(user)

    def _channel_title(self, channel: PracticeChannel) -> str:
        return f"Messages from {self.workspace.app_name}" if channel.direct_with else f"#{channel.name}"

    # --- looking up ---------------------------------------------------------------------------------------------

    def _person(self, person_id: str) -> PracticePerson:
        try:
            person = self.workspace.person(person_id)
        except SlackError:
            abort(404)
        if person.deleted:
            abort(404)
        return person

    def _channel(self, person: PracticePerson, channel_id: str) -> PracticeChannel:
        try:
            channel = self.workspace.channel(channel_id)
        except SlackError:
            abort(404)
        if not self.workspace.sees(person.user_id, channel):
            abort(404)
        return channel

    def _shown(self, person: PracticePerson, channel: PracticeChannel, ts: str) -> Message | None:
        private = self.workspace.ephemerals(channel.channel_id, person.user_id)
        for message in private:
            if message.ts == ts:
                return message
        try:
            return self.workspace.message(channel.channel_id, ts)
        except SlackError:
            return None

    def _entries(self, person: PracticePerson, channel: PracticeChannel) -> list[Entry]:
        entries: dict[str, Entry] = {}
        private = self.workspace.ephemerals(channel.channel_id, person.user_id)
        everything = [(m, False) for m in self.workspace.messages(channel.channel_id)] + [(m, True) for m in private]
        listed: list[Entry] = []
        for message, only_you in sorted(everything, key=lambda pair: pair[0].ts):
            typed = self.workspace.typed(person.user_id, f"{message.channel}/{message.ts}")
            entry = Entry(message, only_you, standing(message.blocks, typed))
            entries[message.ts] = entry
            parent = entries.get(message.thread_ts) if message.thread_ts else None
            (listed if parent is None else parent.replies).append(entry)
        return listed


def _digest(shown: object) -> str:
    """What tells a page's script whether it shows something else by now."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _check_token() -> None:
    """The forms' token, where the app has no CSRFProtect of its own that has checked it already."""
    if request.method != "POST" or "csrf" in current_app.extensions:
        return
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        abort(400, "This form was open for too long. Go back, load the page again and repeat what you did.")


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _press_value(block: Json, element: Json, option: str | None = None) -> str:
    return Pressed(block["block_id"], element["action_id"], option).value


def _can_be_pressed(blocks: list[Json]) -> bool:
    """Whether blocks hold anything that sends them; a link that leads elsewhere does not."""
    for block in blocks:
        for element in elements_of(block):
            if block["type"] == "input" and not block.get("dispatch_action"):
                continue
            offered = element["options"] if element["type"] == "overflow" else [element]
            if element["type"] != "image" and any(_is_ours(one["url"]) if one.get("url") else True for one in offered):
                return True
    return False


def _url_of(element: Json, one: Pressed) -> str:
    """Where a pressed button or entry of an overflow menu leads, empty if nowhere."""
    for option in element.get("options", []) if one.option is not None else [element]:
        if one.option in (None, option.get("value")):
            return str(option.get("url", ""))
    return ""


def _is_ours(url: str) -> bool:
    """Whether an address is on the site that shows this page; a form may not lead elsewhere under its policy."""
    return urlsplit(url).netloc == request.host
