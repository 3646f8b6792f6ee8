"""Applications: started, saved, submitted, withdrawn, and how one moves from one state to the next.

Every change of state is one conditional update in the database; whoever comes second changes nothing and is told who
was first (A3). What the office's people do with an application is in `core.deciding`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from core import (
    card_notes,
    deadlines,
    decide_by,
    due_for_deletion,
    events,
    guarded,
    homes,
    organisations,
    outbox,
    round_messages,
)
from core.assessing import assessment_of, facts_data, facts_of, finding_data, known_facts
from core.errors import ChangedMeanwhile, Conflict, NotFound, Refused
from core.link_terms import draft_until
from core.links import first_link
from core.office import Office, london_day, london_moment
from core.records import Application, Asked, BudgetLine, OutboxMessage, Outcome
from core.rules.answers import clean_long, clean_short, is_address
from core.rules.calendar import date_text
from core.rules.facts import Facts
from core.rules.lifecycle import APPLICATION, ApplicationAction, ApplicationState
from core.rules.organisations import address_key, keys_of
from core.rules.policy import Fund
from core.rules.questions import ApplicationFacts
from core.rules.states import NotAllowed
from core.shown import Shown, storable


def by_id(session: Session, application_id: int) -> Application:
    """The application of this row number. Raises NotFound."""
    application = session.get(Application, application_id)
    if application is None:
        raise NotFound("There is no such application.")
    return application


def by_reference(session: Session, reference: str) -> Application:
    """The application of this reference. Raises NotFound."""
    application = session.scalars(select(Application).where(Application.reference == reference)).one_or_none()
    if application is None:
        raise NotFound(f"There is no application {reference}. Check the reference.")
    return application


def start(
    session: Session,
    fund_id: str,
    *,
    office: Office,
    now: datetime,
    by_invitation: bool = False,
    answers: Mapping[str, str] | None = None,
) -> Application:
    """Start a draft for a fund that is open, or that the office invites somebody to, with what was answered already.

    Raises NotFound for an unknown fund, Refused for one that is closed.
    """
    fund = office.policy.fund(fund_id)
    if fund is None:
        raise NotFound(f"There is no fund called '{fund_id}'.")
    if not by_invitation and not fund.is_open(london_day(now)):
        raise Refused(f"The {fund.name} is not open for applications at the moment.", fund.rule)
    application = Application(
        fund=fund.id,
        kind=fund.kinds[0].value,
        status=ApplicationState.DRAFT.value,
        version=1,
        started_at=now,
        saved_at=now,
        answers={},
    )
    _type_in(application, answers or {})
    session.add(application)
    session.flush()
    until = draft_until(office.policy, london_day(now))
    first_link(session, "application", application.id, now=now, expires_at=until)
    return application


def save(
    session: Session, application: Application, answers: Mapping[str, str], *, now: datetime, seen: str = ""
) -> None:
    """Keep what was typed, right or wrong, beside what was there.

    `seen` is what the page said of these fields as it showed them (`core.shown`); "" where nobody looked at them
    first. Raises ChangedMeanwhile, and keeps nothing, where something else has been saved in them since; Conflict once
    the application has been submitted.
    """
    locked = session.scalars(
        select(Application)
        .where(Application.id == application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if locked.status != ApplicationState.DRAFT:
        raise Conflict("This application has been submitted, so it can no longer be changed. Write to the office.")
    _type_in(locked, answers, seen)
    locked.saved_at = now


def _type_in(application: Application, answers: Mapping[str, str], seen: str = "") -> None:
    application.answers = with_answers(application.answers, answers, seen)
    if "contact_email" in answers:
        address = clean_short(answers["contact_email"])
        application.contact_key = address_key(address) if is_address(address) else None


def with_answers(kept: Mapping[str, Any], answers: Mapping[str, str], seen: str) -> dict[str, Any]:
    """What is kept, with what was typed beside it. Raises ChangedMeanwhile as `save` says."""
    typed = {name: storable(text) for name, text in answers.items()}
    saved = {name: str(kept.get(name, "")) for name in typed}
    if Shown(seen).changed(saved, saved) and not same_answers(saved, typed):
        raise ChangedMeanwhile("Other answers were saved on this page after you opened it.", saved)
    # a blank field that nothing was ever typed into says nothing
    return {**kept, **{name: text for name, text in typed.items() if text or saved[name]}}


def same_answers(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two people typed the same, whatever their browsers make of the ends of lines."""
    return all(clean_long(text) == clean_long(other.get(name, "")) for name, text in one.items())


def submit(
    session: Session, application: Application, facts: ApplicationFacts, *, office: Office, by: str, now: datetime
) -> Application:
    """Submit a draft: facts, outcomes, findings, the trail, the card and the receipt, all in this transaction.

    `by` is "applicant", or the name of the API key. Raises Conflict when it was submitted already.
    """
    fund = _fund(office, application)
    today = london_day(now)
    move(session, application, ApplicationAction.SUBMIT, reference=new_reference(session, fund, office, now))
    for kept in ("outcomes", "budget_lines"):  # a draft has none: they are written here, and nobody need look for them
        set_committed_value(application, kept, [])
    with session.no_autoflush:  # what is kept is written once, not before each question to the record
        application.submitted_at, application.submitted_by = now, by
        known = keep(session, application, facts, office=office, today=today)
        for document in application.documents:  # they are part of what is sent now, and sealed with it
            document.in_draft = False
    decide_by.begin(session, application, office=office, now=now)
    told = {
        "facts": facts_data(known),
        "findings": application.findings,
        "policy": office.policy_version(session, now=now).fingerprint,
    }
    tell(session, application, "submitted", by, told, now=now)
    card = _card(application, now)
    outbox.put_all(session, [card, _mail("receipt", application, now)])
    homes.put(session, card.key, now=now)
    return application


def keep(session: Session, application: Application, facts: ApplicationFacts, *, office: Office, today: date) -> Facts:
    """Keep what was sent: facts, keys of the organisation, findings, what is noticed. Answers what the rules see."""
    _keep(application, facts)
    known = known_facts(session, application, office=office, today=today)
    assessment = assessment_of(session, application, office=office, today=today, facts=known)
    application.findings = [finding_data(finding) for finding in assessment.findings]
    others = [note for note in application.noticed or [] if note["kind"] != organisations.SIMILAR_BID]
    application.noticed = [*organisations.noticed(_like_it(session, application, office, today)), *others]
    return known


def _keep(application: Application, facts: ApplicationFacts) -> None:
    for name in (
        "organisation_name",
        "charity_number",
        "company_number",
        "postcode",
        "contact_name",
        "contact_email",
        "second_name",
        "second_email",
        "title",
        "need",
        "existing_provision",
        "plan_objective",
        "csp_area",
        "age_from",
        "age_to",
        "send",
        "amount",
        "purchases",
    ):
        setattr(application, name, getattr(facts, name))
    keys = keys_of(facts.organisation_name, facts.postcode, facts.charity_number, facts.company_number)
    application.charity_key, application.company_key, application.name_key = keys.charity, keys.company, keys.name
    application.contact_key = address_key(facts.contact_email)
    application.start_on, application.end_on = facts.start, facts.end
    application.purpose, application.organisation_type = facts.purpose.value, facts.organisation_type.value
    application.extra = dict(facts.answers)
    application.victim_service = facts_of(application).victim
    application.outcomes = [
        Outcome(position=position, outcome=one.outcome, measure=one.measure, target=one.target)
        for position, one in enumerate(facts.outcomes, start=1)
    ]
    application.budget_lines = [
        BudgetLine(position=position, item=one.item, pence=one.pence)
        for position, one in enumerate(facts.budget, start=1)
    ]


def _like_it(session: Session, application: Application, office: Office, today: date) -> list[organisations.EarlierBid]:
    keys, bid = organisations.keys_of(application), organisations.bid_of(application)
    return organisations.earlier_bids(session, keys, bid, policy=office.policy, today=today, but=application.id)


def _fund(office: Office, application: Application) -> Fund:
    fund = office.policy.fund(application.fund)
    if fund is None:
        raise Refused(f"The policy in force has no fund '{application.fund}'. The office must put it back first.")
    return fund


def new_reference(session: Session, fund: Fund, office: Office, now: datetime) -> str:
    """A reference that nothing on record has: the fund's letters, the year, and chance."""
    alphabet, length = office.policy.reference_alphabet.value, office.policy.reference_length.value
    year = london_day(now).year
    while True:
        reference = f"{fund.letters}-{year}-{''.join(secrets.choice(alphabet) for _ in range(length))}"
        if session.scalar(select(Application.id).where(Application.reference == reference)) is None:
            return reference


def move(session: Session, application: Application, action: ApplicationAction, **values: Any) -> None:
    """Change the state, guarded in the database. Raises Conflict, saying who was first, when it stands otherwise."""
    old = ApplicationState(application.status)
    try:
        new = APPLICATION.next(old, action)
    except NotAllowed as error:
        raise Conflict(how_it_stands(application) or error.reason, "A3") from error
    values |= {"status": new.value, "version": Application.version + 1}
    if not guarded.change(session, application, Application.status == old.value, **values):
        raise Conflict(how_it_stands(application) or "Somebody else has just changed this application.", "A3")


def how_it_stands(application: Application) -> str:
    """What the one who came second is told: who decided or recommended, what and when, and that it stays so."""
    said, decision = who_was_first(application), application.decision
    if decision is None:
        return said
    stays = "Nothing was changed." if decision.outside_on is not None else "That decision stands; nothing was changed."
    return f"{said} {stays}"


def who_was_first(application: Application) -> str:
    """Who decided or recommended, what, and when, in a sentence; "" where nobody has."""
    decision, recommendation = application.decision, application.recommendation
    if decision is not None and decision.outside_on is not None:
        return (
            f"Decided outside the desk by {decision.decided_by} on {date_text(decision.outside_on)}, and put on record "
            f"by {decision.person.name}."
        )
    if decision is not None:
        return f"Already {decision.outcome} by {decision.person.name} on {london_moment(decision.made_at)}."
    if application.status == ApplicationState.RECOMMENDED and recommendation is not None:
        return (
            f"{recommendation.person.name} already recommended on this application on "
            f"{london_moment(recommendation.made_at)}. It now waits for a decision by someone else."
        )
    return ""


def tell(
    session: Session, application: Application, kind: str, actor: str, data: dict[str, Any], *, now: datetime
) -> None:
    """Add a line about an application to the trail."""
    events.append(session, kind, application.reference or f"draft {application.id}", actor, data, now=now)


def put_card(session: Session, application: Application, now: datetime) -> None:
    """Put the application's card, as it stands after this version of it, into the outbox; and its sitting's message."""
    card = _card(application, now)
    outbox.put_all(session, [card])
    homes.put(session, card.key, now=now)
    round_messages.put_for(session, application, now=now)


def _card(application: Application, now: datetime) -> OutboxMessage:
    return outbox.message_of(
        "card",
        subject=card_notes.subject_of(application.id),
        key=f"card:{application.id}:{application.version}",
        payload={"application_id": application.id},
        now=now,
    )


def mail_subject(application: Application) -> str:
    """What the mails about an application are about: they go out in their order."""
    return f"application-mail:{application.id}"


def put_mail(session: Session, kind: str, application: Application, now: datetime, **more: int) -> None:
    """Put a mail about an application into the outbox, one of this kind ever for each set of ids that it is about.

    `more` are the ids, beside the application's, that it is worded from.
    """
    outbox.put_all(session, [_mail(kind, application, now, **more)])


def _mail(kind: str, application: Application, now: datetime, **more: int) -> OutboxMessage:
    return outbox.message_of(
        kind,
        subject=mail_subject(application),
        key=":".join([kind, str(application.id), *(str(number) for number in more.values())]),
        payload={"application_id": application.id, **more},
        now=now,
    )


def held(session: Session, application_id: int) -> Application:
    """The application as it stands now, held until this transaction ends: decisions on it queue here.

    It is held in a way that lets other rows refer to it meanwhile: an answer to its offer holds the award first.
    """
    application = session.scalars(
        select(Application)
        .where(Application.id == application_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if application is None:
        raise NotFound("There is no such application.")
    session.refresh(application, ["recommendation", "decision"])
    return application


def withdraw(session: Session, application: Application, *, office: Office, now: datetime) -> Application:
    """Withdraw at the applicant's wish. Raises Conflict before it was submitted, and once it was decided."""
    application = held(session, application.id)
    move(session, application, ApplicationAction.WITHDRAW)
    waiting = (Asked.application_id == application.id) & Asked.return_id.is_(None) & Asked.ended_at.is_(None)
    for number in list(session.scalars(select(Asked.id).where(waiting))):
        deadlines.close(session, subject=f"asked:{number}", now=now)
    session.execute(update(Asked).where(waiting).values(ended_by="applicant", ended_at=now))
    decide_by.follow(session, application, now=now)
    due_for_deletion.follow(session, application, office=office, now=now)
    tell(session, application, "withdrawn", "applicant", {}, now=now)
    put_card(session, application, now)
    put_mail(session, "withdrawn", application, now)
    return application
