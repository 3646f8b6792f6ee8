"""The practice mailbox: a folder in place of a mail server, on which a person, or a test, reads what was sent."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from scheduler.mail import Mail, address, compose
from scheduler.trouble import Away


@dataclass(frozen=True)
class KeptMail:
    """A mail in the practice mailbox. `id` names it there."""

    id: str
    message_id: str
    to: str
    sender: str
    subject: str
    at: datetime
    text: str
    html: str
    calendar: bytes
    calendar_method: str


class PracticeMailbox:
    """A folder in place of a mail server: one file a Message-ID, so that a mail sent twice is there once."""

    name = "the practice mailbox"
    tells_later = False

    def __init__(self, folder: Path, mail_from: str) -> None:
        self._folder = folder
        self._mail_from = mail_from
        address(mail_from)

    def find(self, _mail: Mail) -> bool:
        """Nothing is looked up: a mail that is kept again replaces itself."""
        return False

    def send(self, mail: Mail) -> None:
        """Keep one mail, whole or not at all. Raises Unsendable for an impossible address, Away if it cannot write."""
        message = compose(mail, self._mail_from)
        digest = hashlib.sha256(mail.message_id.encode()).hexdigest()[:12]
        place = self._folder / f"{mail.made_at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{digest}.eml"
        unfinished = place.with_suffix(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    file.write(message.as_bytes())
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(place)
            finally:
                unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise Away(f"the practice mailbox cannot be written: {error}") from error

    def ids(self) -> list[str]:
        """The ids of all mails, newest first."""
        return sorted((place.stem for place in self._folder.glob("*.eml")), reverse=True)

    def mails(self) -> list[KeptMail]:
        """All mails, newest first."""
        return [self.read(mail_id) for mail_id in self.ids()]

    def read(self, mail_id: str) -> KeptMail:
        """One mail. Raises KeyError if there is none of that id."""
        if not re.fullmatch(r"\d{8}T\d{12}-[0-9a-f]{12}", mail_id):
            raise KeyError(mail_id)
        try:
            raw = (self._folder / f"{mail_id}.eml").read_bytes()
        except FileNotFoundError as error:
            raise KeyError(mail_id) from error
        message = message_from_bytes(raw, policy=policy.default)
        calendar, method = _calendar(message)
        return KeptMail(
            id=mail_id,
            message_id=str(message["Message-ID"]),
            to=str(message["To"]),
            sender=str(message["From"]),
            subject=str(message["Subject"]),
            at=message["Date"].datetime,
            text=_part(message, "plain"),
            html=_part(message, "html"),
            calendar=calendar,
            calendar_method=method,
        )


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _calendar(message: EmailMessage) -> tuple[bytes, str]:
    """The calendar file that is attached, and what it asks a calendar to do."""
    for part in message.iter_attachments():
        text = part.get_payload(decode=True)
        if isinstance(text, bytes):
            return text, str(part.get_param("method", "PUBLISH"))
    return b"", ""
