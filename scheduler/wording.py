"""From an outbox message to a letter: reads the record, words it with the texts in `letters/<kind>/`.

An office changes a text there; what a text may say is built here, one function a kind. What an applicant typed is one
clean line in which no mail program finds a link: the form takes any address, so a mail must not carry a stranger's
words as if they were the office's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy.orm import Session

from bot.words import day, listed, one_line
from core import (
    applications,
    asking,
    awards,
    deadlines,
    documents,
    issues,
    link_mail,
    measures,
    more_time,
    outbox,
    returns,
    slack_links,
)
from core.calendar_files import calendar_file
from core.errors import NotFound
from core.link_terms import link_to
from core.links import Purpose, leading
from core.office import Office, london_day
from core.records import Application, Asked, Award, Deadline, MonitoringReturn, Nudge, OutboxMessage, Person
from core.rules.documents import in_words
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import display
from scheduler.letter_words import LINE, paragraphs, typed


class NothingLeft(Exception):  # noqa: N818 - it is no error
    """There is nothing to say any more: the return came in before the nudge for it went out."""


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


@dataclass(frozen=True)
class _Draft:
    """To whom, about what, and the facts that the texts use. `due` are the deadlines that it carries as a calendar."""

    to: str
    to_name: str
    reference: str
    facts: dict[str, Any]
    due: Sequence[Deadline] = ()


Writer = Callable[[Session, OutboxMessage, Office], _Draft]


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
    environment.filters.update(day=day, money=display, listed=listed)
    return environment


def word(session: Session, message: OutboxMessage, office: Office, environment: Environment) -> Letter:
    """The letter of a mail message, as things stand now.

    Raises NothingLeft where it has become pointless, NotFound where what it is about is gone, KeyError for a kind that
    is no mail.
    """
    draft = WRITERS[message.kind](session, message, office)
    facts = {
        "office": _office(office),
        "reference": draft.reference,
        "name": typed(draft.to_name),
        **draft.facts,
    }

    def text(part: str) -> str:
        return environment.get_template(f"{message.kind}/{part}").render(facts)

    return Letter(
        to=draft.to,
        to_name=typed(draft.to_name),
        reference=draft.reference,
        subject=one_line(text("subject.txt")),
        text=re.sub(r"\n{3,}", "\n\n", text("body.txt")).strip() + "\n",
        html=text("body.html"),
        calendar=calendar_file(session, draft.due, office=office, address=partial(_address, session, office=office)),
    )


def _office(office: Office) -> dict[str, str]:
    details = office.policy.office
    ways = []
    if details.email.value:
        ways.append(f"write to {details.email.value}")
    if details.phone.value:
        ways.append(f"call {details.phone.value}")
    return {"name": details.name.value, "contact": " or ".join(ways) or "answer this e-mail"}


def _address(session: Session, purpose: Purpose, subject_id: int, office: Office) -> str:
    """The address to mail. A link is made with what it leads to; one that leads there no more is made anew here, in a
    transaction of its own, and the old address stays as it ended.
    """
    link = leading(session, purpose, subject_id, now=office.clock())
    if link is None:
        with office.sessions.begin() as writing:
            link = link_to(writing, purpose, subject_id, policy=office.policy, now=office.clock())
    return office.signer.address(purpose, link)


def _address_anew(purpose: Purpose, subject_id: int, office: Office, key: str = "") -> str:
    """The address to mail to somebody who asked for it: of a link that leads there, and is this one address's own."""
    with office.sessions.begin() as writing:
        link = link_to(writing, purpose, subject_id, policy=office.policy, now=office.clock(), address=key)
    return office.signer.address(purpose, link)


def _applicant(application: Application, facts: dict[str, Any], due: Sequence[Deadline] = ()) -> _Draft:
    if not application.contact_email or not application.reference:
        raise NotFound("This application has no contact to write to.")
    return _Draft(
        to=application.contact_email,
        to_name=application.contact_name or "",
        reference=application.reference,
        facts={"title": typed(application.title), "organisation": typed(application.organisation_name), **facts},
        due=due,
    )


def _about_application(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """Receipt, declined, withdrawn. A decline that was undone, or decided again, is not told any more."""
    application = applications.by_id(session, message.payload["application_id"])
    decision = application.decision
    if message.kind == "declined":
        mine = message.payload.get("decision_id")  # not in a message from before a decision could be undone
        if decision is None or mine not in (None, decision.id):
            raise NothingLeft("the decision has been undone")
    submitted_on = london_day(application.submitted_at or message.made_at)
    return _applicant(
        application,
        {
            "fund": office.policy.fund_name(application.fund),
            "amount": application.amount,
            "submitted_on": submitted_on,
            "decide_by": submitted_on + timedelta(days=office.policy.decision_days.value),
            "link": _address(session, "application", application.id, office),
            "reasons": paragraphs(decision.reasons) if decision else [],
        },
    )


def _offer(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """An offer, a later day for it, its refusal, its expiry. Of one that was withdrawn only its own letter speaks."""
    award = awards.by_id(session, message.payload["award_id"])
    if award.withdrawn_at is not None:
        raise NothingLeft("the offer has been withdrawn")
    application = award.application
    return _applicant(
        application,
        {
            "fund": office.policy.fund_name(award.fund),
            "amount": award.amount,
            "asked": application.amount,
            "accept_by": award.accept_by,
            "start_on": award.start_on,
            "end_on": award.end_on,
            "conditions": bool(award.conditions.strip()),
            "link": _address(session, "offer", award.id, office),
        },
        due=[one for one in award.deadlines if one.kind == awards.ACCEPTANCE],
    )


def _offer_withdrawn(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """That an offer no longer holds: to whoever may have read it. A new offer comes by a letter of its own."""
    award = awards.by_id(session, message.payload["award_id"])
    offered = _heard_of(session, message)
    application = award.application
    facts = {
        "fund": office.policy.fund_name(award.fund),
        "amount": award.amount,
        "offered_on": london_day(offered.made_at),
        "decided": application.decision is not None,
        "link": _address(session, "application", application.id, office),
    }
    return _applicant(application, facts)


def _decline_undone(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """That a decline no longer holds: to whoever may have read it."""
    application = applications.by_id(session, message.payload["application_id"])
    told = _heard_of(session, message)
    facts = {
        "fund": office.policy.fund_name(application.fund),
        "told_on": london_day(told.made_at),
        "decided": application.decision is not None,
        "link": _address(session, "application", application.id, office),
    }
    return _applicant(application, facts)


def _heard_of(session: Session, message: OutboxMessage) -> OutboxMessage:
    """The letter that a message takes back. Raises NothingLeft where nobody got it, so that neither goes."""
    earlier = session.get(OutboxMessage, message.payload["mail_id"])
    if earlier is None or not outbox.may_have_gone(earlier):
        raise NothingLeft("what it takes back was never sent")
    return earlier


def _outside(award: Award) -> dict[str, Any] | None:
    """By whom and when an award was decided and accepted outside the desk; None where that was done here."""
    made = award.application.decision
    if made is None or made.outside_by is None:
        return None
    by = {"by": typed(made.outside_by), "role": typed(made.outside_role)}
    return {**by, "on": made.outside_on, "accepted_on": made.outside_accepted_on}


def _award_started(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    award = awards.by_id(session, message.payload["award_id"])
    outside = _outside(award)
    past = london_day(message.made_at) - timedelta(days=1) if outside else None  # what the desk never asks for
    return _applicant(
        award.application,
        {
            "amount": award.amount,
            "fund": office.policy.fund_name(award.fund),
            "start_on": award.start_on,
            "end_on": award.end_on,
            "returns": _due(award, "return", past),
            "meetings": _due(award, "meeting", past),
            "first_notice": _first_notice(office),
            "link": _address(session, "offer", award.id, office),
            "outside": outside,
        },
        due=[one for one in award.deadlines if one.kind == returns.RETURN],
    )


def _measures_answered(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """A proposed change of the measures, agreed or declined. Pointless once the offer has been answered."""
    draft = _offer(session, message, office)
    award = awards.by_id(session, message.payload["award_id"])
    if award.status != AwardState.OFFERED:
        raise NothingLeft("the offer has been answered, or has ended")
    said = measures.by_id(session, message.payload["proposal_id"]).answer
    now = [
        {"measure": typed(one.measure, LINE), "target": typed(one.target, LINE)} for one in award.application.outcomes
    ]
    return replace(draft, facts={**draft.facts, "measures": now, "answer": paragraphs(said or "")})


def _bank_details(session: Session, message: OutboxMessage, _office: Office) -> _Draft:
    """That bank details were given or changed: never what they are (W4)."""
    award = awards.by_id(session, message.payload["award_id"])
    facts = {"changed": message.payload["version"] > 1, "given_on": london_day(message.made_at)}
    return _applicant(award.application, facts)


def _due(award: Award, kind: str, after: date | None = None) -> list[date]:
    return [
        deadline.due
        for deadline in award.deadlines
        if deadline.kind == kind and deadline.is_open and (after is None or deadline.due > after)
    ]


def _first_notice(office: Office) -> int:
    """How many days before a return is due its recipient first hears of it."""
    steps = [step.days for step in office.policy.nudge_steps.get("return", ()) if not step.to_staff and step.days < 0]
    return -min(steps, default=0)


def _return_received(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    came_in = session.get(MonitoringReturn, message.payload["return_id"])
    if came_in is None:
        raise NotFound("This return is not in the record.")
    coming = _due(came_in.award, "return", came_in.due)
    return _applicant(
        came_in.award.application,
        {
            "due": came_in.due,
            "received_on": london_day(came_in.received_at),
            "next_due": coming[0] if coming else None,
            "first_notice": _first_notice(office),
        },
    )


def _question(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """A question about an application."""
    asked = _waiting(session, message)
    application = asked.application
    return _applicant(
        application,
        {
            "fund": office.policy.fund_name(application.fund),
            "submitted_on": london_day(application.submitted_at or message.made_at),
            "question": paragraphs(asked.question),
            "may_correct": bool(asked.may_correct),
            "answer_by": asked.answer_by,
            "link": _address(session, "application", application.id, office),
        },
    )


def _return_queried(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    asked = _waiting(session, message)
    came_in = asked.monitoring_return
    if came_in is None:
        raise NotFound("This question is not about a return.")
    award = came_in.award
    deadline = returns.due_on(award, came_in.due)
    return _applicant(
        award.application,
        {
            "due": came_in.due,
            "received_on": london_day(came_in.received_at),
            "question": paragraphs(asked.question),
            "answer_by": asked.answer_by,
            "link": _address(session, "return", deadline.id, office),
        },
    )


def _waiting(session: Session, message: OutboxMessage) -> Asked:
    """The question of a message. Raises NothingLeft where it has ended."""
    asked = asking.by_id(session, message.payload["asked_id"])
    if asked.ended_at is not None:
        raise NothingLeft("the question has been answered or taken back")
    return asked


def _more_time(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """More time was agreed, or declined."""
    request = more_time.by_id(session, message.payload["time_request_id"])
    deadline = session.get(Deadline, request.deadline_id)
    return _applicant(
        request.award.application,
        {
            "due": request.due,
            "until": request.until,
            "reason": paragraphs(request.answer or ""),
            "link": _address(session, "return", request.deadline_id, office),
        },
        due=[deadline] if deadline is not None else [],
    )


def _issue_closed(session: Session, message: OutboxMessage, office: Office) -> _Draft:  # noqa: ARG001 - a Writer's
    issue = issues.by_id(session, message.payload["issue_id"])
    facts = {"raised_on": london_day(issue.raised_at), "outcome": paragraphs(issue.outcome or "")}
    return _applicant(issue.award.application, facts)


def _document_refused(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    document = documents.by_id(session, message.payload["document_id"])
    if document.deadline_id is not None:
        link = _address(session, "return", document.deadline_id, office)
    else:
        link = _address(session, "application", document.application_id, office)
    facts = {"kind": in_words(document.kind), "sent_on": london_day(document.uploaded_at), "link": f"{link}/documents"}
    return _applicant(document.application, facts)


@dataclass(frozen=True)
class NudgeItem:
    """One thing that a nudge is about. `tone` is "before", "day" or "after" its due date."""

    kind: str
    reference: str
    title: str
    due: date
    tone: str
    final: bool
    amount: int
    link: str


def open_nudges(session: Session, message: OutboxMessage) -> list[Nudge]:
    """What a nudge message covers and is still to be done. Raises NothingLeft if nothing is."""
    nudges = [
        nudge
        for nudge in deadlines.nudges_of(session, message)
        if nudge.deadline.is_open and nudge.due == nudge.deadline.due
    ]
    if not nudges:
        raise NothingLeft("everything that it was about has been done, has ended, or has more time")
    return nudges


def _nudge(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    nudges = open_nudges(session, message)
    items = []
    for nudge in nudges:
        deadline, award = nudge.deadline, _held(nudge.deadline)
        purpose: Purpose = "offer" if deadline.kind == awards.ACCEPTANCE else "return"
        items.append(
            NudgeItem(
                kind=deadline.kind,
                reference=deadline.reference,
                title=typed(award.application.title),
                due=deadline.due,
                tone=_tone(nudge, office.today()),
                final=deadline.final,
                amount=award.amount,
                link=_address(session, purpose, award.id if purpose == "offer" else deadline.id, office),
            )
        )
    draft = _applicant(_held(nudges[0].deadline).application, {})
    references = {item.reference for item in items}
    return _Draft(
        to=draft.to,
        to_name=draft.to_name,
        reference=references.pop() if len(references) == 1 else "",
        facts={
            "items": items,
            "first": items[0],
            "returns": [item for item in items if item.kind != awards.ACCEPTANCE],
            "late": [item for item in items if item.tone == "after"],
            "director_after": min(
                (step.days for step in office.policy.nudge_steps.get("return", ()) if step.to == "director"),
                default=None,
            ),
        },
        due=[nudge.deadline for nudge in nudges],
    )


def _held(deadline: Deadline) -> Award:
    if deadline.award is None:
        raise NotFound("This deadline belongs to no award.")
    return deadline.award


def _tone(nudge: Nudge, today: date) -> str:
    """By the step; and whatever the step, nobody is told that a day is still to come when it is past."""
    if nudge.step > 0 or today > nudge.deadline.due:
        return "after"
    return "day" if nudge.step == 0 else "before"


@dataclass(frozen=True)
class LinkItem:
    """One link of a mail that lists what an address has. `late`: its day has passed."""

    reference: str
    fund: str
    day: date
    link: str
    late: bool


def _link_draft(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    application = applications.by_id(session, asked.application_id or 0)
    facts = {
        "fund": office.policy.fund_name(application.fund),
        "draft": application.status == ApplicationState.DRAFT,
        "day": london_day(application.saved_at),
        "months": office.policy.keep("draft").months,
        "link": _address_anew("application", application.id, office, asked.address),
    }
    return _Draft(to=asked.address, to_name="", reference="", facts=facts)


def _link_list(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    today = office.today()
    found = link_mail.has(session, asked.address, policy=office.policy, today=today)
    if not found:
        raise NothingLeft("we have nothing for this address")

    def items(purpose: Purpose, *, draft: bool = False) -> list[LinkItem]:
        return [
            LinkItem(
                reference=one.reference,
                fund=office.policy.fund_name(one.fund),
                day=one.day,
                link=_address_anew(purpose, one.subject_id, office, asked.address if draft else ""),
                late=one.day < today,
            )
            for one in found
            if one.purpose == purpose and one.draft is draft
        ]

    facts = {
        "offers": items("offer"),
        "returns": items("return"),
        "drafts": items("application", draft=True),
        "applications": items("application"),
    }
    return _Draft(to=asked.address, to_name="", reference="", facts=facts)


def _link_start(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    asked = link_mail.by_id(session, message.payload["link_request_id"])
    if link_mail.latest_of(session, asked.address) is None:
        raise NothingLeft("nobody with this address has applied")
    facts = {
        "fund": office.policy.fund_name(asked.fund or ""),
        "days": office.policy.start_link_days.value,
        "link": _address_anew("start", asked.id, office, asked.address),
    }
    return _Draft(to=asked.address, to_name="", reference="", facts=facts)


def _slack_code(session: Session, message: OutboxMessage, office: Office) -> _Draft:
    """The code by which somebody links their Slack account; only to an address on the staff list."""
    number, now = message.payload["slack_code_id"], office.clock()
    try:
        asked, person = slack_links.to_mail(session, number, policy=office.policy, now=now)
    except NotFound as gone:
        raise NothingLeft(gone.reason) from gone
    code = slack_links.spaced(slack_links.code_of(asked, office.signer))
    facts = {"code": code, "minutes": office.policy.slack_code_minutes.value}
    return _Draft(to=person.email, to_name=person.name, reference="", facts=facts)


def _slack_linked(session: Session, message: OutboxMessage, office: Office) -> _Draft:  # noqa: ARG001 - a Writer's
    """That a Slack account was linked: to whoever it now acts for, and to the officers."""
    person, to = (session.get(Person, message.payload[name]) for name in ("person_id", "to_id"))
    if person is None or to is None or not to.active:
        raise NothingLeft("whoever was to be told has left the office")
    facts = {"own": person.id == to.id, "person": typed(person.name), "replaced": message.payload["replaced"]}
    facts["linked_on"] = london_day(message.made_at)
    return _Draft(to=to.email, to_name=to.name, reference="", facts=facts)


WRITERS: dict[str, Writer] = {
    "receipt": _about_application,
    "corrected": _about_application,
    "question": _question,
    "declined": _about_application,
    "withdrawn": _about_application,
    "offer": _offer,
    "offer_refused": _offer,
    "offer_expired": _offer,
    "offer_extended": _offer,
    "offer_withdrawn": _offer_withdrawn,
    "decline_undone": _decline_undone,
    "measures_agreed": _measures_answered,
    "measures_declined": _measures_answered,
    "award_started": _award_started,
    "bank_details": _bank_details,
    "return_received": _return_received,
    "return_queried": _return_queried,
    "more_time_agreed": _more_time,
    "more_time_declined": _more_time,
    "issue_closed": _issue_closed,
    "document_refused": _document_refused,
    "nudge": _nudge,
    "link_draft": _link_draft,
    "link_list": _link_list,
    "link_start": _link_start,
    "slack_code": _slack_code,
    "slack_linked": _slack_linked,
}
"""Who words each kind of mail."""
