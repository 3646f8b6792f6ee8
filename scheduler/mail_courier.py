"""The courier of e-mail: a letter with a deterministic Message-ID, handed to a sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core import mail_refusals, outbox
from core.office import Office
from core.outbox import Channel
from core.records import OutboxMessage
from scheduler.delivery import Handed
from scheduler.mail import Mail, Sender, message_id
from scheduler.trouble import Unsendable
from scheduler.wording import texts, word


@dataclass(frozen=True)
class MailParcel:
    """A mail, ready to go."""

    mail: Mail


class MailCourier:
    """Words mails and hands them to `sender`: a mail server, GOV.UK Notify, or the practice mailbox."""

    channel: Channel = "mail"

    def __init__(self, office: Office, sender: Sender, *, from_policy: bool = False) -> None:
        """`from_policy`: mail comes from the address in the policy in force, not from the sender's own."""
        self._office = office
        self._sender = sender
        self._from_policy = from_policy
        self._texts = texts()

    def word(self, message: OutboxMessage) -> MailParcel:
        """The mail of a message. Raises NothingLeft, NotFound."""
        with self._office.reading() as session:
            office = self._office.in_force(session)
            letter = word(session, message, office, self._texts)
        return MailParcel(
            Mail(
                to=letter.to,
                to_name=letter.to_name,
                subject=letter.subject,
                text=letter.text,
                html=letter.html,
                message_id=message_id(message.key, message.made_at, self._office.public_url),
                made_at=message.made_at,
                mail_from=office.policy.office.email.value if self._from_policy else "",
                calendar=letter.calendar,
                calendar_method=letter.calendar_method,
                reference=outbox.reference_of(message),
            )
        )

    def find(self, parcel: MailParcel) -> Handed | None:
        """Whether the sender knows that a mail in doubt was taken. Otherwise it is sent again, with its Message-ID."""
        return Handed() if self._sender.find(parcel.mail) else None

    def send(self, parcel: MailParcel) -> Handed:
        """Hand it to the sender."""
        self._sender.send(parcel.mail)
        return Handed()

    def note(self, session: Session, parcel: MailParcel, handed: Handed) -> None:  # noqa: ARG002 - a Courier's
        """Whoever takes our mail refuses it no more; a service that tells later says so itself when it arrives."""
        if not self._sender.tells_later:
            mail_refusals.arrived(session, parcel.mail.to, now=self._office.clock())

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """A refused mail is a fact of the award's history, and somebody must ring instead."""
        if isinstance(trouble, Unsendable):
            mail_refusals.note(session, message, by=self._sender.name, code=trouble.code, now=now)
