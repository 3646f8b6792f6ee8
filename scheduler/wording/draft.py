"""What every letter is made of: to whom, about what, the addresses that it holds, and when there is nothing to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import asking, mail_refusals, outbox, owning
from core.calendar_files import CalendarFile
from core.errors import NotFound
from core.link_terms import link_to
from core.links import Purpose, leading
from core.office import Office
from core.records import Application, Asked, Deadline, OutboxMessage
from core.rules.words import listed
from scheduler.wording.words import typed


class NothingLeft(Exception):  # noqa: N818 - it is no error
    """There is nothing to say any more: the return came in before the nudge for it went out."""


@dataclass(frozen=True)
class Draft:
    """To whom, about what, and the facts that the texts use. `due` are the deadlines that it carries as a calendar.

    `calendar` is another file that it carries in their stead: of a meeting, or of what is off. `why_you` says why a
    second contact gets it, in a sentence; "" for anybody else. Whoever looks after `about` is whom its reader asks for.
    """

    to: str
    to_name: str
    reference: str
    facts: dict[str, Any]
    due: Sequence[Deadline] = ()
    calendar: CalendarFile | None = None
    why_you: str = ""
    about: Deadline | Application | None = None


Writer = Callable[[Session, OutboxMessage, Office], Draft]


def address_of(session: Session, purpose: Purpose, subject_id: int, office: Office) -> str:
    """The address to mail. A link is made with what it leads to; one that leads there no more is made anew here, in a
    transaction of its own, and the old address stays as it ended.
    """
    link = leading(session, purpose, subject_id, now=office.clock())
    if link is None:
        with office.sessions.begin() as writing:
            link = link_to(writing, purpose, subject_id, policy=office.policy, now=office.clock())
    return office.signer.address(purpose, link)


def address_anew(purpose: Purpose, subject_id: int, office: Office, key: str = "") -> str:
    """The address to mail to somebody who asked for it: of a link that leads there, and is this one address's own."""
    with office.sessions.begin() as writing:
        link = link_to(writing, purpose, subject_id, policy=office.policy, now=office.clock(), address=key)
    return office.signer.address(purpose, link)


def to_applicant(
    application: Application, facts: dict[str, Any], due: Sequence[Deadline] = (), about: Deadline | None = None
) -> Draft:
    """A letter to an application's contact, with its title and organisation. Raises NotFound where it has none.

    `about` is the one deadline that it is about, where there is one.
    """
    if not application.contact_email or not application.reference:
        raise NotFound("This application has no contact to write to.")
    return Draft(
        to=application.contact_email,
        to_name=application.contact_name or "",
        reference=application.reference,
        facts={"title": typed(application.title), "organisation": typed(application.organisation_name), **facts},
        due=due,
        about=about or application,
    )


def asked_for(session: Session, about: Deadline | Application | None, office: Office) -> str:
    """The name of whoever looks after something, as a letter shows it; "" where that is nobody in particular.

    It is their name on the staff list, whatever they call themselves in Slack, and nothing else of theirs.
    """
    asked = owning.to_ask(session, about, today=office.today()) if about is not None else None
    return typed(asked.name) if asked is not None else ""


def to_second(session: Session, message: OutboxMessage, draft: Draft) -> Draft:
    """A letter that the first contact's address refused, to the second contact; any other as it is."""
    if mail_refusals.PASSED_ON not in message.payload:
        return draft
    for application in mail_refusals.applications_of(session, message):
        if application.second_email:
            return replace(
                draft,
                to=application.second_email,
                to_name=application.second_name or "",
                why_you=f"{second_person(application)} Our e-mail to the first did not arrive.",
            )
    raise NothingLeft("there is no second contact any more")


def second_person(*applications: Application) -> str:
    """Why somebody hears of these applications who is not the person that we write to first."""
    names = dict.fromkeys(typed(one.organisation_name) or "the applicant" for one in applications)
    return f"You get this because you are the second person whom {listed(names)} gave us."


def heard_of(session: Session, message: OutboxMessage) -> OutboxMessage:
    """The letter that a message takes back. Raises NothingLeft where nobody got it, so that neither goes."""
    earlier = session.get(OutboxMessage, message.payload["mail_id"])
    if earlier is not None:
        for one in (earlier, *mail_refusals.passed_on(session, earlier)):
            if outbox.may_have_gone(one):
                return earlier
    raise NothingLeft("what it takes back was never sent")


def heard_before(session: Session, message: OutboxMessage, *kinds: str) -> bool:
    """Whether an earlier letter of these kinds about the same may have reached this reader, and not somebody before."""
    if outbox.FIRST in message.payload:
        return False
    earlier = select(OutboxMessage).where(
        OutboxMessage.subject == message.subject, OutboxMessage.kind.in_(kinds), OutboxMessage.id < message.id
    )
    for one in session.scalars(earlier.order_by(OutboxMessage.id.desc())):
        if outbox.may_have_gone(one) or outbox.FIRST in one.payload:
            return outbox.may_have_gone(one)
    return False


def waiting(session: Session, message: OutboxMessage) -> Asked:
    """The question of a message. Raises NothingLeft where it has ended."""
    asked = asking.by_id(session, message.payload["asked_id"])
    if asked.ended_at is not None:
        raise NothingLeft("the question has been answered or taken back")
    return asked
