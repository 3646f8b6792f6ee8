"""Who presses, and how they are answered when something is refused or breaks: the same for every listener."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.words import shown
from core.errors import Refused

_log = logging.getLogger(__name__)

FAILED = "award_desk_failed"
"""Set in bolt's context when a listener broke down: its answer is not kept to be given again to a repeated request."""

MOST_ERROR = 1_000
"""Characters of an error beside a field."""


@dataclass(frozen=True)
class Presser:
    """Who pressed and where, as Slack vouches for it. A channel is empty where there was none."""

    team: str
    user: str
    channel: str

    @classmethod
    def of(cls, body: Mapping[str, Any], channel: str = "") -> Presser:
        """Read from a payload. The team is the person's own: in a shared channel it is not the channel's."""
        user = body.get("user") or {}
        team = user.get("team_id") or (body.get("team") or {}).get("id") or ""
        here = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or channel
        return cls(str(team), str(user.get("id") or ""), str(here or ""))


def worded(refusal: Refused) -> str:
    """A refusal for the person it concerns, with the rule that they can look up."""
    known = not refusal.rule or refusal.rule in refusal.reason
    return refusal.reason if known else f"{refusal.reason} (Rule {refusal.rule})"


def beside(view: Mapping[str, Any], block_id: str, reason: str) -> dict[str, str]:
    """An error beside the input `block_id`, or where the view has no such input beside its reasons or its first one."""
    inputs = [block.get("block_id") for block in view.get("blocks", []) if block.get("type") == "input"]
    places = [block_id, "reasons", *inputs]
    place = next((str(one) for one in places if one in inputs), block_id)
    return {place: shown(reason, MOST_ERROR)}


def broke(what: str, name: str) -> str:
    """Log the exception at hand under a reference, and word it for the person who waits."""
    reference = secrets.token_hex(4)
    _log.exception("fault %s in the %s of %s", reference, what, name)
    return (
        f"Something went wrong on our side (fault {reference}). Tell the office; look at the card before you try again."
    )
