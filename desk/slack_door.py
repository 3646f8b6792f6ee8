"""The Slack that a process talks to: the office's own, or the practice one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_sdk import WebClient

from desk import practice_office
from desk.opening import Desk

if TYPE_CHECKING:
    from bot.practice.server import PracticeSlack

PRACTICE_SLACK_NOTE = "practice-slack.json"
"""Where `up` leaves the practice Slack's address for the other commands, in the data folder."""


@dataclass
class SlackDoor:
    """A Slack to talk to: Slack itself, or the practice one."""

    token: str
    api_url: str
    signing_secret: str
    approvals: str
    deadlines: str
    app_token: str = ""
    """For Socket Mode; "" where there is none."""

    def client(self, seconds: int) -> WebClient:
        """A client that never retries by itself: who calls decides."""
        return WebClient(token=self.token, base_url=self.api_url, timeout=seconds, retry_handlers=[])


def slack_door(desk: Desk, practice: PracticeSlack | None = None) -> SlackDoor | None:
    """The Slack of this process; None where there is none, and cards wait.

    A command that is not `up` finds the practice Slack by the note that `up` left.
    """
    raw = desk.chosen.raw
    if desk.chosen.slack:
        return SlackDoor(
            token=raw.slack_bot_token,
            api_url=raw.slack_api_url,
            signing_secret=raw.slack_signing_secret,
            approvals=raw.slack_approvals_channel,
            deadlines=raw.slack_deadlines_channel,
            app_token=raw.slack_app_token,
        )
    if practice is not None:
        token, api_url, signing, app_token = (
            practice.token, practice.api_url, practice.signing_secret, practice.app_token,
        )  # fmt: skip
    else:
        try:
            told = json.loads((desk.chosen.data_dir / PRACTICE_SLACK_NOTE).read_text())
        except (OSError, ValueError):
            return None
        token, api_url, signing, app_token = told["token"], told["api_url"], "", told.get("app_token", "")
    return SlackDoor(token, api_url, signing, practice_office.APPROVALS, practice_office.DEADLINES, app_token)
