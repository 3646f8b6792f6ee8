"""The courier of e-mail: a letter with a deterministic Message-ID, handed to a sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core import deadlines, events
from core.office import Office
from core.outbox import Channel
from core.records import Application, Award, MonitoringReturn, OutboxMessage
from scheduler.delivery import Handed
from scheduler.mail import Mail, Sender, message_id
from scheduler.trouble import Unsendable
from scheduler.wording import texts, word


@dataclass(frozen=True)
class MailParcel:
    """A mail, ready to go."""

    mail: Mail


class MailCourier:
    """Words mails and hands them to `sender`: a mail server, or the practice mailbox."""

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
            )
        )

    def send(self, parcel: MailParcel) -> Handed:
        """Hand it to the sender. A mail in doubt is simply sent again: it keeps its Message-ID."""
        self._sender.send(parcel.mail)
        return Handed()

    def note(self, session: Session, parcel: MailParcel, handed: Handed) -> None:
        """Nothing but the settling itself follows from a mail that was taken."""

    def note_failure(self, session: Session, message: OutboxMessage, trouble: Exception, *, now: datetime) -> None:
        """A refused address is a fact of the award's history: it goes into the trail, without the address itself."""
        if not isinstance(trouble, Unsendable):
            return
        for reference in _references(session, message):
            told = {"mail": message.kind, "message": message.id, "code": trouble.code}
            events.append(session, "mail_refused", reference, "the mail server", told, now=now)


def _references(session: Session, message: OutboxMessage) -> list[str]:
    """The references that a mail is about."""
    if "application_id" in message.payload:
        application = session.get(Application, message.payload["application_id"])
        return [application.reference] if application and application.reference else []
    if "award_id" in message.payload:
        award = session.get(Award, message.payload["award_id"])
        return [award.reference] if award else []
    if "return_id" in message.payload:
        came_in = session.get(MonitoringReturn, message.payload["return_id"])
        return [came_in.award.reference] if came_in else []
    return sorted({nudge.deadline.reference for nudge in deadlines.nudges_of(session, message)})
