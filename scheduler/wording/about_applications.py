"""Letters about an application, until an award comes of it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core import applications, decide_by, documents, organisations
from core.office import Office, london_day
from core.records import Application, OutboxMessage
from core.rules.documents import in_words
from scheduler.wording.draft import Draft, NothingLeft, address_of, heard_of, to_applicant, waiting
from scheduler.wording.words import paragraphs


def how_it_stands(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """Receipt, declined, withdrawn. A decline that was undone, or decided again, is not told any more."""
    application = applications.by_id(session, message.payload["application_id"])
    decision = application.decision
    if message.kind == "declined":
        mine = message.payload.get("decision_id")  # not in a message from before a decision could be undone
        if decision is None or mine not in (None, decision.id):
            raise NothingLeft("the decision has been undone")
    submitted_on = london_day(application.submitted_at or message.made_at)
    return to_applicant(
        application,
        {
            "fund": office.policy.fund_name(application.fund),
            "amount": application.amount,
            "submitted_on": submitted_on,
            "decide_by": decide_by.promised(application, office.policy),
            "link": address_of(session, "application", application.id, office),
            "reasons": paragraphs(decision.reasons) if decision else [],
            "overdue": _overdue(session, application, office),
            "overdue_blocks": office.policy.overdue_return_blocks.value,
        },
    )


def _overdue(session: Session, application: Application, office: Office) -> list[organisations.OverdueReturn]:
    """The organisation's overdue returns that this very address is asked for: nobody else is told of them."""
    keys = organisations.keys_of(application)
    found = organisations.overdue_returns(session, keys, today=office.today(), but=application.id)
    return [one for one in found if one.contact_key == application.contact_key]


def decline_undone(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That a decline no longer holds: to whoever may have read it."""
    application = applications.by_id(session, message.payload["application_id"])
    told = heard_of(session, message)
    facts = {
        "fund": office.policy.fund_name(application.fund),
        "told_on": london_day(told.made_at),
        "decided": application.decision is not None,
        "link": address_of(session, "application", application.id, office),
    }
    return to_applicant(application, facts)


def question(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """A question about an application."""
    asked = waiting(session, message)
    application = asked.application
    return to_applicant(
        application,
        {
            "fund": office.policy.fund_name(application.fund),
            "submitted_on": london_day(application.submitted_at or message.made_at),
            "question": paragraphs(asked.question),
            "may_correct": bool(asked.may_correct),
            "answer_by": asked.answer_by,
            "link": address_of(session, "application", application.id, office),
        },
    )


def document_refused(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That a document was refused, and where to send another."""
    document = documents.by_id(session, message.payload["document_id"])
    if document.deadline_id is not None:
        link = address_of(session, "return", document.deadline_id, office)
    else:
        link = address_of(session, "application", document.application_id, office)
    facts = {"kind": in_words(document.kind), "sent_on": london_day(document.uploaded_at), "link": f"{link}/documents"}
    return to_applicant(document.application, facts)
