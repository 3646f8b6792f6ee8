"""What is said of every kind that falls due, to everybody whom the policy's steps name: in Slack and by mail."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from core import deadlines, sweeping
from core.records import OutboxMessage
from core.rules.calendar import date_text
from core.rules.falling_due import KINDS, named
from tests.core.casework import london
from tests.core.every_kind import EVERY
from tests.scheduler.practice_desk import Desk
from tests.scheduler.test_letters import links


def words(found: Any) -> list[str]:
    """Every text in a message's blocks."""
    if isinstance(found, dict):
        return [text for value in found.values() for text in words(value)]
    if isinstance(found, list):
        return [text for value in found for text in words(value)]
    return [found] if isinstance(found, str) else []


@pytest.mark.one_database
@pytest.mark.parametrize("kind", KINDS)
def test_each_of_its_steps_can_be_said_to_whom_it_is_for(desk: Desk, kind: str) -> None:
    office, due = EVERY[kind].made(desk.office, kind)
    desk.deliver()
    before = {one.id for one in desk.mailbox.mails()}
    steps = [(step, on) for step, on in deadlines.planned(office, kind, due.due) if on >= (due.silent_before or on)]
    for day in sorted({on for _, on in steps}):
        desk.clock.now = london(day)
        with desk.office.sessions.begin() as session:
            sweeping.sweep(session, office=office, today=day, now=desk.clock(), ordered=True)
        desk.deliver()
    with desk.office.reading() as session:
        query = select(OutboxMessage).where(OutboxMessage.kind.in_(["nudge", "staff_nudge", "person_nudge"]))
        assert {one.outcome for one in session.scalars(query)} == {"sent"}
    said = [" ".join(words(one.blocks)) for one in desk.told()]
    mine = [text for text in said if due.reference in text and named(kind).noun in text]
    assert mine, f"the office is told nothing of a {kind}"
    assert all(f"/desk/deadlines/{due.id}" in text for text in mine)
    mails = [one for one in desk.mailbox.mails() if one.id not in before and due.reference in one.text]
    mails = [one for one in mails if date_text(due.due) in one.text]
    assert mails or all(step.to_staff for step, _ in steps)
    for mail in mails:
        assert due.reference in mail.html
        assert links(mail.text), "it leads nowhere"
