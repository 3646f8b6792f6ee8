"""Slack's texts as safe HTML: everything is escaped, and only the constructs named here become elements.

Bold, italic, strike, code, quotes, links to http, https and mailto, mentions, dates. A mention that Slack would
deliver (``<!channel>``, ``<@U...>``) is shown as one, so that a text which ought to be inert is seen not to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from .workspace import Json

_FENCE = re.compile(r"```(.+?)```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_ANGLE = re.compile(r"<([^<>\n]+)>")
_STYLES = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)
_OPEN, _SHUT = "\ue000", "\ue001"
"""Private-use characters that hold the place of a finished element; taken out of the text first."""
_HELD = re.compile(f"{_OPEN}(\\d+){_SHUT}")
_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_EMOJI = {
    "white_check_mark": "✅",
    "heavy_check_mark": "✔️",
    "x": "❌",
    "warning": "⚠️",
    "hourglass_flowing_sand": "⏳",
    "bell": "🔔",
    "calendar": "📅",
    "memo": "📝",
    "moneybag": "💰",
    "pound": "💷",
    "rotating_light": "🚨",
    "information_source": "ℹ️",
}
_EMOJI_NAME = re.compile(r":([a-z_]+):")


class TextRenderer:
    """Renders texts for one page: ``name_of`` gives a person's or channel's name by id, ``now`` the day's date."""

    def __init__(self, name_of: Callable[[str], str], now: datetime, zone: str = "Europe/London") -> None:
        self._name_of = name_of
        self._zone = ZoneInfo(zone)
        self._now = now.astimezone(self._zone)

    def text_object(self, text: Json | None) -> Markup:
        """A plain_text or mrkdwn object."""
        if not text:
            return Markup("")
        if text.get("type") == "mrkdwn":
            return self.mrkdwn(text["text"])
        return self.plain(text["text"], emoji=text.get("emoji", True))

    def plain(self, text: str, *, emoji: bool = False) -> Markup:
        """Literal text, its line breaks kept."""
        shown = _emoji(text) if emoji else text
        return Markup("<br>").join(escape(line) for line in shown.split("\n"))

    def mrkdwn(self, text: str) -> Markup:
        """Slack's markup as HTML."""
        held: list[Markup] = []

        def hold(element: Markup) -> str:
            held.append(element)
            return f"{_OPEN}{len(held) - 1}{_SHUT}"

        text = text.replace(_OPEN, "").replace(_SHUT, "")
        text = _FENCE.sub(lambda m: hold(Markup("<pre>{}</pre>").format(_entities(m[1]).strip("\n"))), text)
        text = _CODE.sub(lambda m: hold(Markup("<code>{}</code>").format(_entities(m[1]))), text)
        text = _ANGLE.sub(lambda m: hold(self._angle(m[1])), text)
        shown = str(escape(_emoji(_entities(text))))
        for pattern, element in _STYLES:
            shown = pattern.sub(rf"<{element}>\1</{element}>", shown)
        lines = "<br>".join(_quoted(line) for line in shown.split("\n"))
        lines = lines.replace("</blockquote><br>", "</blockquote>")
        return Markup(_HELD.sub(lambda m: str(held[int(m[1])]), lines))  # noqa: S704 (escaped above, piece by piece)

    def _angle(self, inside: str) -> Markup:
        """What stands between angle brackets: a link, a mention, a date; anything else is shown as its label."""
        target, _, label = inside.partition("|")
        target, label = _entities(target), _entities(label)
        if target.startswith(("@", "#")):
            sign = target[0]
            return Markup('<span class="mention">{}{}</span>').format(sign, label or self._name_of(target[1:]))
        if target.startswith("!date^"):
            return self._date(target, label)
        if target.startswith("!"):
            return Markup('<span class="mention mention-all">@{}</span>').format(target[1:].split("^")[0])
        return self.link(target, label or target)

    def link(self, url: str, label: str) -> Markup:
        """A link if its address is a web page or a mail address, else the label alone."""
        if not _SAFE_LINK.match(url):
            return escape(label)
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, label)

    def _date(self, target: str, fallback: str) -> Markup:
        parts = target.split("^")
        try:
            moment = datetime.fromtimestamp(int(parts[1]), self._zone)
            shown = self.date(moment, parts[2])
        except (IndexError, ValueError, OverflowError, OSError):
            return escape(fallback)
        return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)

    def date(self, moment: datetime, pattern: str) -> str:
        """A moment in Slack's date tokens, in the reader's zone."""
        for token, rendered in self._date_tokens(moment):
            pattern = pattern.replace("{" + token + "}", rendered)
        return pattern

    def _date_tokens(self, moment: datetime) -> list[tuple[str, str]]:
        day = moment.day
        long = f"{moment:%A} {day} {moment:%B %Y}"
        short = f"{day} {moment:%b %Y}"
        plain = f"{day} {moment:%B %Y}"
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((moment.date() - self._now.date()) // timedelta(days=1))
        return [
            ("date_num", f"{moment:%Y-%m-%d}"),
            ("date_long_pretty", near or long),
            ("date_short_pretty", near or short),
            ("date_pretty", near or plain),
            ("date_long", long),
            ("date_short", short),
            ("date", plain),
            ("ago", _ago(self._now - moment)),
            ("time_secs", f"{moment:%H:%M:%S}"),
            ("time", f"{moment:%H:%M}"),
        ]

    def span(self, span: Json) -> Markup:
        """One element of a rich_text section: always literal text, styled as it says."""
        kind = span["type"]
        if kind == "link":
            shown = self.link(span["url"], span.get("text") or span["url"])
        elif kind == "user":
            shown = Markup('<span class="mention">@{}</span>').format(self._name_of(span["user_id"]))
        elif kind == "channel":
            shown = Markup('<span class="mention">#{}</span>').format(self._name_of(span["channel_id"]))
        elif kind == "emoji":
            shown = escape(_EMOJI.get(span["name"], f":{span['name']}:"))
        elif kind == "date":
            shown = escape(self.date(datetime.fromtimestamp(span["timestamp"], self._zone), span["format"]))
        else:
            shown = self.plain(span["text"])
        for style, element in (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "s")):
            if span.get("style", {}).get(style):
                shown = Markup(f"<{element}>{{}}</{element}>").format(shown)  # noqa: S704 (names from the line above)
        return shown


def _ago(since: timedelta) -> str:
    """How long ago, roughly, as Slack says it: 3 minutes ago, 4 hours ago, 2 days ago."""
    minutes = int(since.total_seconds()) // 60
    number, unit = next(
        ((minutes // size, name) for size, name in ((1_440, "day"), (60, "hour")) if minutes >= size),
        (max(minutes, 1), "minute"),
    )
    return f"{number} {unit}{'' if number == 1 else 's'} ago"


def _entities(text: str) -> str:
    """Slack's three escapes undone, in the order that leaves a typed ``&amp;lt;`` alone."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _emoji(text: str) -> str:
    return _EMOJI_NAME.sub(lambda m: _EMOJI.get(m[1], m[0]), text)


def _quoted(line: str) -> str:
    if line.startswith("&gt;"):
        return f"<blockquote>{line.removeprefix('&gt;').strip()}</blockquote>"
    return line
