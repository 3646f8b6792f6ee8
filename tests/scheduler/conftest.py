"""A desk to deliver from: an office, a practice Slack and a practice mailbox, under a clock that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.practice.server import PracticeSlack
from bot.practice.workspace import PracticePerson, Workspace
from core.office import Office
from scheduler.delivery import Checkpoint
from scheduler.mailbox import PracticeMailbox
from tests.conftest import Clock
from tests.scheduler.practice_desk import APPROVALS, DEADLINES, PUBLIC_URL, START, TOKEN, Crash, Desk


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


@pytest.fixture
def public_url() -> str:
    return PUBLIC_URL


@pytest.fixture
def slack(clock: Clock) -> Iterator[PracticeSlack]:
    workspace = Workspace(
        (PracticePerson("U0OFFICER", "Olive Officer"),),
        (APPROVALS, DEADLINES),
        clock=clock.seconds,
    )
    with PracticeSlack(workspace, TOKEN, "secret", "http://127.0.0.1:9/slack/events") as running:
        yield running
    workspace.close()


@pytest.fixture
def desk(office: Office, clock: Clock, slack: PracticeSlack, tmp_path: Path) -> Desk:
    return Desk(
        office=office,
        clock=clock,
        slack=slack,
        client=WebClient(TOKEN, base_url=slack.api_url, timeout=30, retry_handlers=[]),
        mailbox=PracticeMailbox(tmp_path / "mail", "Grants team <grants@desk.example.org>"),
    )


@pytest.fixture
def crash_at() -> Callable[[str], Checkpoint]:
    """A checkpoint that dies at the step of this name."""

    def made(step: str) -> Checkpoint:
        def checkpoint(now_at: str) -> None:
            if now_at == step:
                raise Crash(step)

        return checkpoint

    return made
