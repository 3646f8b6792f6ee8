"""From an outbox message to a letter: reads the record, words it with the texts in `letters/<kind>/`.

An office changes a text there; what a text may say is built here, one function a kind, in a module for each subject.
What an applicant typed is one clean line in which no mail program finds a link: the form takes any address, so a mail
must not carry a stranger's words as if they were the office's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from bot.words import day, listed, one_line
from core.calendar_files import PUBLISH, CalendarFile, calendar_file
from core.office import Office, london_moment
from core.records import OutboxMessage
from core.rules.money import display
from scheduler.wording import (
    about_access,
    about_applications,
    about_awards,
    about_contacts,
    about_deadlines,
    about_forums,
    about_meetings,
    about_returns,
)
from scheduler.wording.about_deadlines import open_nudges
from scheduler.wording.draft import NothingLeft, Writer, address_of, asked_for, to_second
from scheduler.wording.words import typed, wrapped

__all__ = ["WRITERS", "Letter", "NothingLeft", "open_nudges", "texts", "word"]


@dataclass(frozen=True)
class Letter:
    """A worded e-mail, before it has a sender. `reference` is the application's or award's, "" for several."""

    to: str
    to_name: str
    reference: str
    subject: str
    text: str
    html: str
    calendar: bytes = b""
    calendar_method: str = PUBLISH


def texts() -> Environment:
    """The letters' texts. A name that a text uses and nobody gave is an error, not a gap."""
    environment = Environment(
        loader=PackageLoader("scheduler", "letters"),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(day=day, moment=london_moment, money=display, listed=listed, wrapped=wrapped)
    return environment


def word(session: Session, message: OutboxMessage, office: Office, environment: Environment) -> Letter:
    """The letter of a mail message, as things stand now.

    Raises NothingLeft where it has become pointless, NotFound where what it is about is gone, KeyError for a kind that
    is no mail.
    """
    draft = to_second(session, message, WRITERS[message.kind](session, message, office))
    facts = {
        "office": _office(office),
        "reference": draft.reference,
        "name": typed(draft.to_name),
        "why_you": draft.why_you,
        "officer": asked_for(session, draft.about, office),
        **draft.facts,
    }

    def text(part: str) -> str:
        return environment.get_template(f"{message.kind}/{part}").render(facts)

    calendar = draft.calendar or CalendarFile(
        calendar_file(session, draft.due, office=office, address=partial(address_of, session, office=office))
    )
    return Letter(
        to=draft.to,
        to_name=typed(draft.to_name),
        reference=draft.reference,
        subject=one_line(text("subject.txt")),
        text=re.sub(r"\n{3,}", "\n\n", text("body.txt")).strip() + "\n",
        html=text("body.html"),
        calendar=calendar.text,
        calendar_method=calendar.method,
    )


def _office(office: Office) -> dict[str, str]:
    details = office.policy.office
    ways = []
    if details.email.value:
        ways.append(f"write to {details.email.value}")
    if details.phone.value:
        ways.append(f"call {details.phone.value}")
    return {"name": details.name.value, "contact": " or ".join(ways) or "answer this e-mail"}


WRITERS: dict[str, Writer] = {
    "receipt": about_applications.how_it_stands,
    "contacts_changed": about_contacts.contacts_changed,
    "corrected": about_applications.how_it_stands,
    "question": about_applications.question,
    "declined": about_applications.how_it_stands,
    "withdrawn": about_applications.how_it_stands,
    "offer": about_awards.offer,
    "offer_refused": about_awards.offer,
    "offer_expired": about_awards.offer,
    "offer_extended": about_awards.offer,
    "offer_withdrawn": about_awards.offer_withdrawn,
    "decline_undone": about_applications.decline_undone,
    "measures_agreed": about_awards.measures_answered,
    "measures_declined": about_awards.measures_answered,
    "award_started": about_awards.award_started,
    "bank_details": about_awards.bank_details_given,
    "return_received": about_returns.return_received,
    "return_queried": about_returns.return_queried,
    "more_time_agreed": about_returns.more_time_answered,
    "more_time_declined": about_returns.more_time_answered,
    "issue_closed": about_returns.issue_closed,
    "meeting_invited": about_meetings.invited,
    "meeting_moved": about_meetings.moved,
    "meeting_cancelled": about_meetings.cancelled,
    "meeting_time_declined": about_meetings.time_declined,
    "meeting_notes": about_meetings.notes,
    "forum_invitation": about_forums.invitation,
    "document_refused": about_applications.document_refused,
    "nudge": about_deadlines.nudge,
    "link_draft": about_access.link_draft,
    "link_list": about_access.link_list,
    "link_start": about_access.link_start,
    "slack_code": about_access.slack_code,
    "slack_linked": about_access.slack_linked,
}
"""Who words each kind of mail."""
