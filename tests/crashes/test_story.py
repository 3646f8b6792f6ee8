"""Thirteen deaths by lot in the whole story of an application, on each database; a thousand are a command."""

from __future__ import annotations

import random

from sqlalchemy import Engine

from bot.practice.workspace import Workspace
from core.office import Office
from tests.crashes.conftest import Copies, Mortal, SlackClock
from tests.crashes.moving import MovingRecord
from tests.crashes.story import Story, prepared, with_staff


def test_whoever_dies_when_in_the_story_all_is_as_if_nobody_had(
    mortal: Mortal,
    copies: Copies,
    workspace: Workspace,
    slack_clock: SlackClock,
    office: Office,
    engine: Engine,
    database_url: str,
) -> None:
    """The record, what stands in Slack and what is in the mailbox, after every step."""
    prepared(office)
    with_staff(workspace)
    engine.dispose()
    moving = MovingRecord(database_url)
    story = Story(mortal, copies, workspace, slack_clock, moving, random.Random(20_261_123))
    story.begin()
    died = story.until(13)
    moving.engine.dispose()
    assert died.total() >= 13
    assert len(died) > 5, "of many sorts"
