"""Mail that will never arrive: a line in the trail for each, and a word to the officer, once for each address.

A mail server refuses at once; GOV.UK Notify takes a mail and says later that nobody got it. Either way somebody must be
told by telephone instead, and the office has to find out a better address. The address itself is told nowhere (W4).

An address that has refused a mail about an application stands as one that refuses, until another takes its place
(`core.contacts`) or a later mail to it arrives: it is tried again, because a full mailbox empties. Meanwhile what does
not arrive is noted, and nobody is told of it anew. A mail to the first contact that is refused goes on to the second
one at once, if there is one whose address takes our mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core import deadlines, events, outbox
from core.addressees import mail_subject
from core.database import one_at_a_time
from core.records import Application, Asked, Award, ForumInvitation, MonitoringReturn, OutboxMessage, RefusedMail
from core.rules.organisations import address_key

KIND = "mail_refused"
"""The kind of the message to the officer, and of the line in the trail."""

CHANGED: Final = "contacts_changed"
"""The kind of the mail to those whom the office wrote to, or writes to from now on (`core.contacts`)."""

PASSED_ON: Final = "passed_on"
"""What the payload of a mail that goes on to the second contact calls the mail that was refused."""

Whose = Literal["first", "second", "former"]
"""Whose address a mail about an application went to: a contact's, or that of somebody who is one no more."""


@dataclass(frozen=True)
class Refusing:
    """An address that refuses our mail about one application: whose it is, since when, and every mail that it refused.

    `mails` are the kinds of mail with the instant at which each was refused, the earliest first.
    """

    application_id: int
    whose: Whose
    since: datetime
    mails: tuple[tuple[str, datetime], ...]


def note(session: Session, message: OutboxMessage, *, by: str, code: str, now: datetime, to: str = "") -> bool:
    """Note that this mail was refused. False, and nothing done, if that was noted before.

    `by` is who refused it, `code` what they call it: "550", "permanent-failure"; `to` the address that they name, where
    they do: contacts may have changed since. The mail's row is held, or its claim is, so that two who hear of one
    refusal note it once.
    """
    if message.payload.keys() & {"link_request_id", "slack_code_id"}:  # anybody may ask, and it is no applicant's mail
        return False
    key = f"{KIND}:{message.id}"
    about = [one for one in applications_of(session, message) if one.reference]
    noted = select(RefusedMail.id).where(RefusedMail.message_id == message.id).limit(1)
    told = select(OutboxMessage.id).where(OutboxMessage.key == key)
    if session.scalar(noted) is not None or session.scalar(told) is not None:
        return False
    new: list[Application] = []
    refused_first: list[Application] = []
    addressed = [(application, *_addressed(message, application, to)) for application in about]
    # Two mails to one address at once: the officer is told by one of them.
    one_at_a_time(session, *{f"refused {address}" for _, address, _ in addressed})
    for application, address, whose in addressed:
        said = {"mail": message.kind, "message": message.id, "code": code, "to": whose}
        events.append(session, KIND, application.reference or "", by, said, now=now)
        former = whose == "former"
        if not former and not _stands(session, application.id, address):
            new.append(application)
        session.add(
            RefusedMail(
                message_id=message.id,
                application_id=application.id,
                address=address,
                by=by,
                code=code,
                noted_at=now,
                ended_at=now if former else None,  # nobody writes there any more
            )
        )
        session.flush()
        if whose == "first":
            refused_first.append(application)
    if new:
        payload = {"message_id": message.id, "by": by, "applications": [one.id for one in new]}
        outbox.put(session, KIND, subject=f"mail-refused:{message.id}", key=key, payload=payload, now=now)
    _pass_on(session, message, refused_first, now)
    return True


def _addressed(message: OutboxMessage, application: Application, to: str) -> tuple[str, Whose]:
    """The key of the address that a mail about an application went to, and whose that is now."""
    first, second = (address_key(one or "") for one in (application.contact_email, application.second_email))
    said = str(message.payload.get("to", ""))
    named = address_key(to)
    if message.kind == "nudge" and not named and PASSED_ON not in message.payload:
        # One reminder may be for the first contact of one award and the second of another: its subject is the address.
        named = next((one for one in (first, second) if one and mail_subject(one) == message.subject), "")
        if not named:
            return named, "former"
    if said.endswith("_was"):
        return named, "former"
    if named and named not in (first, second):
        return named, "former"
    to_second = named == second if named else said in ("second", "second_contact")
    return (second, "second") if to_second and second else (first, "first")


def _stands(session: Session, application_id: int, address: str) -> bool:
    mine = (RefusedMail.application_id == application_id) & (RefusedMail.address == address)
    return session.scalar(select(RefusedMail.id).where(mine, RefusedMail.ended_at.is_(None)).limit(1)) is not None


def _pass_on(session: Session, message: OutboxMessage, refused: Sequence[Application], now: datetime) -> None:
    """Put the mail into the outbox for the second contacts of these applications, one for each of their addresses."""
    own = message.kind != "nudge" and message.payload.get("to") == "recipient"
    if message.kind == CHANGED or own:  # each contact gets one of their own
        return
    by_address: dict[str, list[Application]] = defaultdict(list)
    for application in refused:
        second = address_key(application.second_email or "")
        if second and not _stands(session, application.id, second):
            by_address[second].append(application)
    for number, theirs in enumerate(by_address.values(), start=1):
        payload = {
            **message.payload,
            "to": "second_contact",
            PASSED_ON: message.id,
            "applications": [one.id for one in theirs],
        }
        key = f"{message.kind}:{message.id}:second:{number}"
        outbox.put(session, message.kind, subject=message.subject, key=key, payload=payload, now=now)


def passed_on(session: Session, message: OutboxMessage) -> list[OutboxMessage]:
    """The mails by which a refused one went on to second contacts."""
    keys = [f"{message.kind}:{message.id}:second:{number}" for number in range(1, 10)]
    return list(session.scalars(select(OutboxMessage).where(OutboxMessage.key.in_(keys)).order_by(OutboxMessage.id)))


def arrived(session: Session, address: str, *, now: datetime) -> None:
    """Note that a mail to this address arrived: it refuses our mail no more."""
    _end(session, RefusedMail.address == address_key(address), now)


def replaced(session: Session, application: Application, *addresses: str | None, now: datetime) -> None:
    """Note that these addresses are not written to any more about an application."""
    keys = [address_key(one) for one in addresses if one]
    _end(session, (RefusedMail.application_id == application.id) & RefusedMail.address.in_(keys), now)


def _end(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(RefusedMail)
        .where(which, RefusedMail.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )


def refusing(session: Session, applications: Collection[Application]) -> dict[int, list[Refusing]]:
    """Which of these applications' contacts have an address that refuses our mail now, by application."""
    known = {one.id: one for one in applications}
    query = (
        select(RefusedMail.application_id, RefusedMail.address, OutboxMessage.kind, RefusedMail.noted_at)
        .join(OutboxMessage, OutboxMessage.id == RefusedMail.message_id)
        .where(RefusedMail.application_id.in_(known), RefusedMail.ended_at.is_(None))
        .order_by(RefusedMail.id)
    )
    mails: dict[tuple[int, str], list[tuple[str, datetime]]] = defaultdict(list)
    for number, address, kind, noted_at in session.execute(query):
        mails[number, address].append((kind, noted_at))
    found: dict[int, list[Refusing]] = defaultdict(list)
    for (number, address), refused in mails.items():
        whose: Whose = "second" if address == address_key(known[number].second_email or "") else "first"
        found[number].append(Refusing(number, whose, refused[0][1], tuple(refused)))
    return {number: sorted(ones, key=lambda one: one.whose) for number, ones in found.items()}


def applications_of(session: Session, message: OutboxMessage) -> list[Application]:
    """The applications that a mail is about, by reference. Its payload holds one of these ids, or it is a nudge."""
    payload = message.payload
    found: list[Application | None] = []
    if "application_id" in payload:
        found = [session.get(Application, payload["application_id"])]
    elif "award_id" in payload:
        award = session.get(Award, payload["award_id"])
        found = [award.application if award else None]
    elif "return_id" in payload:
        came_in = session.get(MonitoringReturn, payload["return_id"])
        found = [came_in.award.application if came_in else None]
    elif "asked_id" in payload:
        asked = session.get(Asked, payload["asked_id"])
        found = [asked.application if asked else None]
    elif "invitation_id" in payload:
        invited = session.get(ForumInvitation, payload["invitation_id"])
        found = [invited.application if invited else None]
    else:
        found = [nudge.deadline.application for nudge in deadlines.nudges_of(session, original(session, message))]
    known = {application.id: application for application in found if application is not None}
    if PASSED_ON in payload:
        known = {number: one for number, one in known.items() if number in payload["applications"]}
    return sorted(known.values(), key=lambda application: application.reference or "")


def original(session: Session, message: OutboxMessage) -> OutboxMessage:
    """The mail that was refused, of one that goes on to the second contact; any other mail itself."""
    number = message.payload.get(PASSED_ON)
    return message if number is None else session.get(OutboxMessage, number) or message
