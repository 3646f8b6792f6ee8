"""Opening the record for a process or a command, with the settings and the policy that it works under.

It knows no web and no Slack: a command that only looks something up does not wait for what it never uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import database, webhooks
from core.clamd import Clamd
from core.document_store import DocumentStore
from core.field_cipher import FieldCipher
from core.links import Signer
from core.office import Office
from core.policy_file import SHIPPED, PolicyError, bank_holidays, policy_from_text, policy_text
from desk.settings import PREFIX, Chosen, SettingsError
from scheduler.mail import Sender, SmtpSender
from scheduler.mailbox import PracticeMailbox
from scheduler.notify import NotifySender


def now() -> datetime:
    """The one clock of the desk."""
    return datetime.now(UTC)


@dataclass
class Desk:
    """The parts of one process. What is started is stopped by `stop`, in the opposite order."""

    chosen: Chosen
    engine: Engine
    office: Office
    stops: list[Callable[[], Any]] = field(default_factory=list)

    def stop(self) -> None:
        """Stop what was started, the last first."""
        while self.stops:
            self.stops.pop()()

    @property
    def mailbox(self) -> PracticeMailbox:
        """The practice mailbox of this data folder."""
        return PracticeMailbox(self.chosen.data_dir / "practice-mail", self.mail_from)

    @property
    def mail_from(self) -> str:
        """Where mail comes from: the setting, or else the office's own address in the policy."""
        return self.chosen.raw.mail_from or self.office.in_force().policy.office.email.value

    def sender(self) -> Sender | None:
        """Where mail goes; None where there is nowhere yet, and mail waits."""
        if self.chosen.raw.smtp_url:
            return SmtpSender(self.chosen.raw.smtp_url, self.mail_from)
        if self.chosen.raw.notify_api_key:
            raw = self.chosen.raw
            return NotifySender(raw.notify_api_key, raw.notify_template_id, url=raw.notify_url)
        return self.mailbox if self.chosen.practice_mail else None


def open_desk(chosen: Chosen, *, migrate: bool, only_read: bool = False) -> Desk:
    """Open the record and read the policy file. Raises SettingsError where either cannot be used.

    A SQLite record's tables are always brought up to date, PostgreSQL's only with `migrate`: there, tables that are
    not up to date stop the start. With `only_read` nothing is brought up to date, and the database refuses any write.
    """
    path = chosen.raw.policy or SHIPPED
    try:
        text = policy_text(path)
        policy = policy_from_text(text, path.name)
    except PolicyError as error:
        raise SettingsError(f"{PREFIX}POLICY is wrong: {error}") from None
    try:
        engine = (database.open_to_read if only_read else database.open_database)(chosen.database_url)
        if not only_read and (migrate or engine.dialect.name == "sqlite"):
            database.upgrade(engine)
        elif not database.is_current(engine):
            raise SettingsError("The record's tables are not up to date: run 'award-desk db upgrade' first.")
    except (SQLAlchemyError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise SettingsError(f"{PREFIX}DATABASE_URL is wrong, or the database is away: {first}") from None
    url = chosen.raw.documents_url or (chosen.data_dir.resolve() / "documents").as_uri()
    try:
        store = DocumentStore(url)
    except ValueError as error:
        engine.dispose()
        raise SettingsError(f"{PREFIX}DOCUMENTS_URL is wrong: {error}; give an fsspec URL, or leave it out.") from None
    office = Office(
        sessions=database.writing_sessions(engine),
        reading=database.reading_sessions(engine),
        clock=now,
        policy=policy,
        policy_text=text,
        holidays=bank_holidays(),
        signer=Signer(chosen.secret_key, chosen.public_url),
        public_url=chosen.public_url,
        practice=chosen.practice,
        documents=store,
        scanner=Clamd(chosen.raw.clamd) if chosen.raw.clamd else None,
        cipher=FieldCipher(chosen.field_keys),
    )
    webhooks.follow(office.sessions, [endpoint.id for endpoint in chosen.raw.endpoints()])
    try:
        office.in_force()
    except PolicyError as error:
        engine.dispose()
        raise SettingsError(f"The policy in force by the record cannot be read by this version: {error}") from None
    desk = Desk(chosen, engine, office)
    desk.stops.append(engine.dispose)
    return desk
