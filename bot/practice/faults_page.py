"""The page where a person makes things go wrong: Slack away, calls spoilt, people who left, channels that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from .faults import EVERY_METHOD, INTERACTIONS, Fault
from .methods import METHODS
from .server import PracticeSlack, TooManyPresses
from .workspace import PracticeChannel, PracticePerson, SlackError, Standing

AN_HOUR = 3600.0
MOST_SECONDS = 60
MOST_TIMES = 1000
OTHER_TEAM = "TOTHER"


@dataclass(frozen=True)
class Kind:
    """A fault that can be picked: what it says, and how it is made with the seconds that were typed."""

    label: str
    make: Callable[[int], Fault]
    of_calls: bool


KINDS: Mapping[str, Kind] = {
    "ratelimited": Kind("Too many calls: wait so many seconds (429)", Fault.ratelimited, True),
    "failed": Kind("It fails inside Slack (500)", lambda _: Fault.status(500), True),
    "hang": Kind("No answer for so many seconds, and nothing is done", Fault.hang, True),
    "slow": Kind("Done, but the answer takes so many seconds", Fault.slow, True),
    "lost": Kind("Done, but the answer is lost", lambda _: Fault.lose_answer(), True),
    "garbage": Kind("Done, but the answer is rubbish", lambda _: Fault.garbage(), True),
    "fatal_error": Kind("Refused with the error fatal_error", lambda _: Fault.error("fatal_error"), True),
    "twice": Kind("It arrives twice", lambda _: Fault.twice(), False),
    "answer_lost": Kind("It arrives, but the bot's answer is lost", lambda _: Fault.lose_answer(), False),
    "request_lost": Kind("It never arrives", lambda _: Fault.lose_request(), False),
    "late": Kind("It arrives too late to open a form", lambda _: Fault.late_trigger(), False),
}

STANDINGS: Mapping[str, tuple[str, Standing]] = {
    "member": ("Member", Standing()),
    "unconfirmed": ("Member, e-mail address not confirmed", Standing(is_email_confirmed=False)),
    "guest": ("Guest", Standing(is_restricted=True)),
    "one_channel": ("Guest of one channel", Standing(is_restricted=True, is_ultra_restricted=True)),
    "stranger": ("Of another workspace", Standing(is_stranger=True, team_id=OTHER_TEAM)),
    "deactivated": ("Deactivated", Standing(deleted=True)),
}

CHANNEL_STATES: Mapping[str, tuple[str, dict[str, bool]]] = {
    "usual": ("As usual", {}),
    "without": ("The bot is not in it", {"bot_is_member": False}),
    "shared": ("Shared with another workspace", {"is_ext_shared": True}),
    "pending": ("Another workspace is invited", {"is_pending_ext_shared": True}),
    "archived": ("Archived", {"is_archived": True}),
}
USUAL = {"bot_is_member": True, "is_ext_shared": False, "is_pending_ext_shared": False, "is_archived": False}

DONE = {
    "queued": "It will go wrong as you said.",
    "cleared": "Nothing will go wrong any more.",
    "away": "Slack is away for an hour. Press “Slack is back” to end it sooner.",
    "back": "Slack is back.",
    "limited": "Slack keeps to its rate limits now.",
    "unlimited": "Slack keeps to no rate limits now.",
    "refreshed": "Every socket was told to reconnect.",
    "cut": "Every socket was cut.",
    "replayed": "The last request was sent again, byte for byte.",
    "nothing": "Nothing has been sent to the bot yet that could be sent again.",
    "busy": "Slack is still sending what was pressed before. Press again.",
    "standing": "Changed.",
}


class FaultsPage:
    """Mounted beside the pages of the workspace; ``render`` is theirs."""

    def __init__(self, slack: PracticeSlack, render: Callable[..., str]) -> None:
        self.slack = slack
        self.workspace = slack.workspace
        self._render = render

    def mount(self, pages: Blueprint) -> None:
        """Add the page and what its buttons do."""
        rules: tuple[tuple[str, Callable[..., Any], str], ...] = (
            ("/faults", self.faults, "GET"),
            ("/faults", self.spoil, "POST"),
            ("/faults/slack", self.change_slack, "POST"),
            ("/faults/person", self.change_person, "POST"),
            ("/faults/channel", self.change_channel, "POST"),
        )
        for rule, function, method in rules:
            pages.add_url_rule(rule, function.__name__, function, methods=[method], strict_slashes=False)

    def faults(self) -> str:
        """What goes wrong, and what could."""
        return self._page({}, {})

    def spoil(self) -> AnyResponse | tuple[str, int]:
        """Queue a fault; what was typed is kept if it is no good."""
        errors: dict[str, str] = {}
        kind = KINDS.get(request.form.get("kind", ""))
        if kind is None:
            errors["kind"] = "Choose what goes wrong."
        method = request.form.get("method", "") if kind is None or kind.of_calls else INTERACTIONS
        if method not in (EVERY_METHOD, INTERACTIONS, *METHODS):
            errors["method"] = "Choose a call."
        times = _whole(request.form.get("times", ""), MOST_TIMES)
        if request.form.get("times", "").strip() and times is None:
            errors["times"] = f"Enter a whole number from 1 to {MOST_TIMES}, or nothing."
        seconds = _whole(request.form.get("seconds", ""), MOST_SECONDS)
        if seconds is None:
            errors["seconds"] = f"Enter a whole number from 1 to {MOST_SECONDS}."
        if errors or kind is None or seconds is None:
            return self._page(request.form, errors), 422
        self.workspace.faults.add(method, kind.make(seconds), times)
        return self._done("queued")

    def change_slack(self) -> AnyResponse:
        """Slack itself: away, back, limited, its sockets, or the last request again."""
        acts: Mapping[str, Callable[[], object]] = {
            "cleared": self.workspace.faults.clear,
            "away": lambda: self.slack.go_away(AN_HOUR),
            "back": self.workspace.come_back,
            "limited": self.workspace.limit_rates,
            "unlimited": lambda: self.workspace.limit_rates(limited=False),
            "refreshed": self.slack.sockets.refresh,
            "cut": self.slack.sockets.cut,
        }
        act = request.form.get("act", "")
        if act == "replayed":
            try:
                return self._done("replayed" if self.slack.from_page(self.slack.people.replay).answers else "nothing")
            except TooManyPresses:
                return self._done("busy")
        if act not in acts:
            abort(400)
        acts[act]()
        return self._done(act)

    def change_person(self) -> AnyResponse:
        """Deactivate somebody, make them a guest or a stranger, or a member again."""
        standing = STANDINGS.get(request.form.get("standing", ""))
        if standing is None:
            abort(400)
        try:
            self.workspace.put_standing(request.form.get("person", ""), standing[1])
        except SlackError:
            abort(404)
        return self._done("standing", "people")

    def change_channel(self) -> AnyResponse:
        """Take the bot out of a channel, share or archive it, or put it back as usual."""
        state = CHANNEL_STATES.get(request.form.get("state", ""))
        if state is None:
            abort(400)
        try:
            channel = self.workspace.channel(request.form.get("channel", ""))
        except SlackError:
            abort(404)
        flags: dict[str, Any] = {**USUAL, **state[1]}
        self.workspace.put_channel(replace(channel, **flags))
        return self._done("standing", "channels")

    def _done(self, what: str, anchor: str | None = None) -> AnyResponse:
        return redirect(url_for(".faults", done=what, _anchor=anchor), 303)

    def _page(self, typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
        away_until = self.workspace.away_until
        listed = [
            (_called(method), fault, "until cleared" if left == float("inf") else f"{left:.0f} more")
            for method, fault, left in self.workspace.faults.listed()
        ]
        return self._render(
            "faults.html",
            None,
            kinds=KINDS,
            methods=sorted(METHODS),
            every_method=EVERY_METHOD,
            typed=typed,
            errors=errors,
            listed=listed,
            back_at=None if away_until is None else datetime.fromtimestamp(away_until, UTC),
            limited=self.workspace.method_limit is not None,
            sockets=self.slack.sockets.count,
            standings=STANDINGS,
            standing_of=_standing_of,
            channel_states=CHANNEL_STATES,
            state_of=_state_of,
            done=DONE.get(request.args.get("done", "")),
        )


def _called(method: str) -> str:
    return {EVERY_METHOD: "every call", INTERACTIONS: "what people do"}.get(method, method)


def _whole(text: str, most: int) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and 1 <= int(text) <= most else None


def _standing_of(person: PracticePerson) -> str:
    for name, (_, standing) in STANDINGS.items():
        if all(getattr(person, flag) == value for flag, value in vars(standing).items() if flag != "team_id"):
            return name
    return "member"


def _state_of(channel: PracticeChannel) -> str:
    for name, (_, flags) in CHANNEL_STATES.items():
        if all(getattr(channel, flag) == value for flag, value in {**USUAL, **flags}.items()):
            return name
    return "usual"
