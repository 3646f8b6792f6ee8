"""Letters about an award: its offer, what is agreed and changed, how it starts, what it is paid to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core import awards, deadlines, measures, returns
from core.calendar_files import cancelled_file
from core.office import Office, london_day
from core.records import Award, OutboxMessage
from core.rules.lifecycle import AwardState
from scheduler.wording.about_returns import due_days, first_notice
from scheduler.wording.draft import Draft, NothingLeft, address_of, heard_of, to_applicant
from scheduler.wording.words import LINE, paragraphs, typed


def offer(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """An offer, a later day for it, its refusal, its expiry. Of one that was withdrawn only its own letter speaks."""
    award = awards.by_id(session, message.payload["award_id"])
    if award.withdrawn_at is not None:
        raise NothingLeft("the offer has been withdrawn")
    application = award.application
    return to_applicant(
        application,
        {
            "fund": office.policy.fund_name(award.fund),
            "amount": award.amount,
            "asked": application.amount,
            "accept_by": award.accept_by,
            "start_on": award.start_on,
            "end_on": award.end_on,
            "conditions": bool(awards.own_conditions(award, office=office)),
            "link": address_of(session, "offer", award.id, office),
        },
        due=[one for one in award.deadlines if one.kind == awards.ACCEPTANCE],
    )


def offer_withdrawn(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That an offer no longer holds: to whoever may have read it. A new offer comes by a letter of its own."""
    award = awards.by_id(session, message.payload["award_id"])
    offered = heard_of(session, message)
    application = award.application
    facts = {
        "fund": office.policy.fund_name(award.fund),
        "amount": award.amount,
        "offered_on": london_day(offered.made_at),
        "decided": application.decision is not None,
        "link": address_of(session, "application", application.id, office),
    }
    off = deadlines.find(session, subject=awards.subject(award), kind=awards.ACCEPTANCE)
    draft = to_applicant(application, facts)
    return replace(draft, calendar=cancelled_file(session, off, office)) if off is not None else draft


def decided_outside(award: Award) -> dict[str, Any] | None:
    """By whom and when an award was decided and accepted outside the desk; None where that was done here."""
    made = award.application.decision
    if made is None or made.outside_by is None:
        return None
    by = {"by": typed(made.outside_by), "role": typed(made.outside_role)}
    return {**by, "on": made.outside_on, "accepted_on": made.outside_accepted_on}


def award_started(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """That an award has started: what falls due, and when."""
    award = awards.by_id(session, message.payload["award_id"])
    outside = decided_outside(award)
    past = london_day(message.made_at) - timedelta(days=1) if outside else None  # what the desk never asks for
    return to_applicant(
        award.application,
        {
            "amount": award.amount,
            "fund": office.policy.fund_name(award.fund),
            "start_on": award.start_on,
            "end_on": award.end_on,
            "returns": due_days(award, "return", past),
            "meetings": due_days(award, "meeting", past),
            "first_notice": first_notice(office),
            "link": address_of(session, "offer", award.id, office),
            "outside": outside,
        },
        due=[one for one in award.deadlines if one.kind == returns.RETURN],
    )


def measures_answered(session: Session, message: OutboxMessage, office: Office) -> Draft:
    """A proposed change of the measures, agreed or declined. Pointless once the offer has been answered."""
    draft = offer(session, message, office)
    award = awards.by_id(session, message.payload["award_id"])
    if award.status != AwardState.OFFERED:
        raise NothingLeft("the offer has been answered, or has ended")
    said = measures.by_id(session, message.payload["proposal_id"]).answer
    now = [
        {"measure": typed(one.measure, LINE), "target": typed(one.target, LINE)} for one in award.application.outcomes
    ]
    return replace(draft, facts={**draft.facts, "measures": now, "answer": paragraphs(said or "")})


def bank_details_given(session: Session, message: OutboxMessage, _office: Office) -> Draft:
    """That bank details were given or changed: never what they are (W4)."""
    award = awards.by_id(session, message.payload["award_id"])
    facts = {"changed": message.payload["version"] > 1, "given_on": london_day(message.made_at)}
    return to_applicant(award.application, facts)
