"""What must be so after a crash, as values that can be compared: the record, Slack's channels, the mailbox."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from bot.practice.workspace import Workspace
from core import events
from core.database import reading_sessions
from core.records import (
    Application,
    Award,
    Card,
    Deadline,
    Decision,
    Event,
    FundYear,
    LedgerEntry,
    Link,
    Nudge,
    OutboxMessage,
    PolicyVersion,
)
from scheduler.mailbox import PracticeMailbox
from tests.crashes.process import APPROVALS, DEADLINES, HANDED

_REFERENCE = re.compile(r"[A-Z]{2,4}-\d{4}-[346789CDFHJKMNPQRTVWX]{6}")
"""References are drawn by lot."""

_SUBJECT = re.compile(r"\b(application|application-mail|award|shown):\d+")
"""A row number: PostgreSQL does not give one again that a crash has used up."""


_MOMENT = re.compile(r"\b\d{1,2} [A-Z][a-z]+ \d{4} at (?:\d{1,2}(?::\d{2})?[ap]m|midday|midnight)")
"""When something was done: later, where a crash came between."""


def unnamed(value: Any) -> str:
    """The value as text, without what two lives differ in: references, row numbers, and the minute."""
    return _SUBJECT.sub(r"\1:N", _MOMENT.sub("MOMENT", _REFERENCE.sub("REFERENCE", str(value))))


Rows = dict[str, list[str]]

BY_ITSELF = "dates_kept"
"""The line of what recurs: the first sweep writes it, before or after an act that a crash has delayed."""


def record(engine: Engine) -> Rows:
    """Everything that the record says, without references, row numbers and how often sending was tried."""
    with reading_sessions(engine)() as session:
        whole(session)
        return {
            "applications": _rows(
                (
                    *(one.status, one.version, one.title, one.amount, one.reference, one.findings, one.submitted_by),
                    *((outcome.outcome, outcome.measure, outcome.target) for outcome in one.outcomes),
                )
                for one in session.scalars(select(Application))
            ),
            "decisions": _rows(
                (one.outcome, one.amount, one.findings, one.facts) for one in session.scalars(select(Decision))
            ),
            "awards": _rows((one.reference, one.status, one.amount) for one in session.scalars(select(Award))),
            "ledger": _rows(session.execute(select(LedgerEntry.kind, LedgerEntry.fund, LedgerEntry.amount))),
            "balances": _rows(session.execute(select(FundYear.fund, FundYear.committed, FundYear.allocated))),
            "deadlines": _rows(
                session.execute(
                    select(
                        Deadline.subject,
                        Deadline.kind,
                        Deadline.due,
                        Deadline.next_step_on,
                        Deadline.closed_at.is_not(None),
                    )
                )
            ),
            "nudges": _rows(
                session.execute(
                    select(Deadline.subject, Deadline.kind, Deadline.due, Nudge.step, Nudge.person).join(
                        Deadline, Nudge.deadline_id == Deadline.id
                    )
                )
            ),
            "messages": _rows(
                session.execute(select(OutboxMessage.kind, OutboxMessage.subject, OutboxMessage.outcome))
            ),
            "cards": _rows(session.execute(select(Card.channel))),
            "links": _rows(session.execute(select(Link.purpose))),
            "policies": _rows(session.execute(select(PolicyVersion.fingerprint))),
            "trail": [
                unnamed(one)
                for one in session.execute(select(Event.kind, Event.reference).order_by(Event.sequence))
                if one.kind != BY_ITSELF
            ],
            "by itself": _rows(session.execute(select(Event.kind, Event.data).where(Event.kind == BY_ITSELF))),
        }


def _rows(found: Any) -> list[str]:
    return sorted(unnamed(tuple(row)) for row in found)


def whole(session: Session) -> None:
    """The trail's chain holds, and every balance is the sum of the ledger's entries (F6)."""
    assert events.broken_at(session) is None
    sums: Counter[tuple[str, int, str]] = Counter()
    for fund, year, kind, total in session.execute(
        select(LedgerEntry.fund, LedgerEntry.year, LedgerEntry.kind, func.sum(LedgerEntry.amount)).group_by(
            LedgerEntry.fund, LedgerEntry.year, LedgerEntry.kind
        )
    ):
        sums[fund, year, kind] = int(total)
    for one in session.scalars(select(FundYear)):
        of = (one.fund, one.year)
        entered = {
            "allocated": sums[*of, "allocation"],
            "held": -sums[*of, "held"],
            "committed": -(sums[*of, "commitment"] + sums[*of, "release"]),
            "forward": -(sums[*of, "forward"] + sums[*of, "forward_closed"]),
        }
        assert entered == {name: getattr(one, name) for name in entered}, of


@dataclass(frozen=True)
class Outside:
    """What people can see: each channel's messages, and each mail's reader and subject."""

    approvals: list[str]
    deadlines: list[str]
    mails: list[str]


def outside(workspace: Workspace, mail: Path) -> Outside:
    """What stands in Slack and in the mailbox. Fails where a mail's Message-ID is there twice, or was not its own."""
    mails = PracticeMailbox(mail, "grants@desk.example.org").mails()
    ids = [one.message_id for one in mails]
    assert len(ids) == len(set(ids)), ids
    log = mail.parent / HANDED
    handed = log.read_text().split() if log.exists() else []
    assert set(handed) == set(ids), "the mailbox does not hold what was handed over"
    return Outside(
        approvals=[unnamed(one.text) for one in workspace.messages(APPROVALS)],
        deadlines=[unnamed(one.text) for one in workspace.messages(DEADLINES)],
        mails=sorted(unnamed(f"{one.to}: {one.subject}") for one in mails),
    )
