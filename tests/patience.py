"""Slack's limits of time: as they are where a test shows what happens at their end, and long everywhere else.

Slack gives three seconds to answer a press, and the bot each of its own calls a part of them. A machine that is busy
with other things may take longer over any one call, which is no fault of what a test shows.
"""

from __future__ import annotations

from typing import Final

import pytest

from bot import accounts, calls, listeners
from bot.practice import request_url, screens, sockets

LONG: Final = 30.0
"""Seconds: nothing waits as long but what hangs."""

LIMITS: Final = tuple(
    (room, name, getattr(room, name))
    for room, name in (
        (accounts, "ACCOUNT_SECONDS"),
        (calls, "OPEN_SECONDS"),
        (calls, "AFTERWARDS_SECONDS"),
        (listeners, "STEPS_SECONDS"),
        (request_url, "PATIENCE_SECONDS"),
        (sockets, "PATIENCE_SECONDS"),
        (screens, "TRIGGER_SECONDS"),
    )
)


def be_patient(patch: pytest.MonkeyPatch) -> None:
    """Wait long, for as long as the patch holds. What is built meanwhile stays patient."""
    for room, name, _ in LIMITS:
        patch.setattr(room, name, LONG)


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a room whose tests press in Slack: wait long, except in a test that is marked `slacks_time`."""
    if request.node.get_closest_marker("slacks_time") is None:
        be_patient(monkeypatch)
    else:
        for room, name, limit in LIMITS:
            monkeypatch.setattr(room, name, limit)
