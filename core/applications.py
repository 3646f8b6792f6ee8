"""Applications: started, saved, submitted, recommended, decided, withdrawn.

Every change of state is one conditional update in the database; whoever comes second changes nothing and is told who
was first (A3). The gate `may` is asked at the press and again, in the same transaction, when the change is made.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import awards, events, outbox, people
from core.assessing import assessment_of, facts_data, facts_of, finding_data
from core.errors import Conflict, NotFound, Refused
from core.links import link_for
from core.office import LONDON, Office, london_day
from core.records import Application, Decision, Interest, Outcome, Person, Recommendation
from core.rules.answers import clean_long
from core.rules.authority import (
    Case,
    Decider,
    approver_finding,
    may_decide,
    may_recommend,
    separation_finding,
)
from core.rules.lifecycle import APPLICATION, ApplicationAction, ApplicationState, NotAllowed
from core.rules.money import display
from core.rules.policy import Body, Fund, Kind, Role
from core.rules.questions import ApplicationFacts

Action = Literal["recommend", "approve", "decline"]
LONGEST_REASONS = 3_000
"""Characters of reasons and of conditions: as much as Slack lets a person type into one field."""


class WrongInput(Refused):
    """One input of a recommendation or decision is wrong; `field` names it."""

    def __init__(self, field: str, reason: str, rule: str = "") -> None:
        super().__init__(reason, rule)
        self.field = field


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


def start(session: Session, fund_id: str, *, office: Office, now: datetime, by_invitation: bool = False) -> Application:
    """Start a draft for a fund that is open, or that the office invites somebody to.

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
    session.add(application)
    session.flush()
    link_for(session, "application", application.id, now=now)
    return application


def save(session: Session, application: Application, answers: Mapping[str, str], *, now: datetime) -> None:
    """Keep what was typed, right or wrong, beside what was there. Raises Conflict once it has been submitted."""
    locked = session.scalars(
        select(Application)
        .where(Application.id == application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if locked.status != ApplicationState.DRAFT:
        raise Conflict("This application has been submitted, so it can no longer be changed. Write to the office.")
    locked.answers = {**locked.answers, **{name: _storable(text) for name, text in answers.items()}}
    locked.saved_at = now


def _storable(text: str) -> str:
    """What was typed, without the two things that no PostgreSQL text can hold: NUL and half a surrogate pair."""
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")


def submit(
    session: Session, application: Application, facts: ApplicationFacts, *, office: Office, by: str, now: datetime
) -> Application:
    """Submit a draft: facts, outcomes, findings, the trail, the card and the receipt, all in this transaction.

    `by` is "applicant", or the name of the API key. Raises Conflict when it was submitted already.
    """
    fund = _fund(office, application)
    today = london_day(now)
    _move(session, application, ApplicationAction.SUBMIT, reference=_new_reference(session, fund, office, now))
    with session.no_autoflush:  # what is kept is written once, not before each question to the record
        application.submitted_at, application.submitted_by = now, by
        _keep(application, facts)
        assessment = assessment_of(session, application, office=office, today=today)
        application.findings = [finding_data(finding) for finding in assessment.findings]
    told = {
        "facts": facts_data(facts_of(application)),
        "findings": application.findings,
        "policy": office.policy_version(session, now=now).fingerprint,
    }
    _tell(session, application, "submitted", by, told, now=now)
    _card(session, application, now)
    _mail(session, "receipt", application, now)
    return application


def _keep(application: Application, facts: ApplicationFacts) -> None:
    for name in (
        "organisation_name",
        "charity_number",
        "company_number",
        "postcode",
        "contact_name",
        "contact_email",
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
    application.start_on, application.end_on = facts.start, facts.end
    application.purpose, application.organisation_type = facts.purpose.value, facts.organisation_type.value
    application.extra = dict(facts.answers)
    application.victim_service = facts_of(application).victim
    application.outcomes = [
        Outcome(position=position, outcome=one.outcome, measure=one.measure, target=one.target)
        for position, one in enumerate(facts.outcomes, start=1)
    ]


def _fund(office: Office, application: Application) -> Fund:
    fund = office.policy.fund(application.fund)
    if fund is None:
        raise Refused(f"The policy in force has no fund '{application.fund}'. The office must put it back first.")
    return fund


def _new_reference(session: Session, fund: Fund, office: Office, now: datetime) -> str:
    alphabet, length = office.policy.reference_alphabet.value, office.policy.reference_length.value
    year = london_day(now).year
    while True:
        reference = f"{fund.letters}-{year}-{''.join(secrets.choice(alphabet) for _ in range(length))}"
        if session.scalar(select(Application.id).where(Application.reference == reference)) is None:
            return reference


def _move(session: Session, application: Application, action: ApplicationAction, **values: Any) -> None:
    """Change the state, guarded in the database. Raises Conflict, saying who was first, when it stands otherwise."""
    old = ApplicationState(application.status)
    try:
        new = APPLICATION.next(old, action)
    except NotAllowed as error:
        raise Conflict(_how_it_stands(application) or error.reason, "A3") from error
    moved = session.execute(
        update(Application)
        .where(Application.id == application.id, Application.status == old.value)
        .values(status=new.value, version=Application.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    session.refresh(application)
    if not moved.rowcount:  # type: ignore[attr-defined]  # a CursorResult
        raise Conflict(_how_it_stands(application) or "Somebody else has just changed this application.", "A3")


def _how_it_stands(application: Application) -> str:
    """Who decided or recommended, what, and when: what the one who came second is told."""
    decision, recommendation = application.decision, application.recommendation
    if decision is not None:
        local = decision.made_at.astimezone(LONDON)
        return (
            f"Already {decision.outcome} by {decision.person.name} on {local:%-d %B %Y} at {local:%H:%M}. "
            "That decision stands; nothing was changed."
        )
    if application.status == ApplicationState.RECOMMENDED and recommendation is not None:
        local = recommendation.made_at.astimezone(LONDON)
        return (
            f"{recommendation.person.name} already recommended on this application on {local:%-d %B %Y} at "
            f"{local:%H:%M}. It now waits for a decision by someone else."
        )
    return ""


def _tell(
    session: Session, application: Application, kind: str, actor: str, data: dict[str, Any], *, now: datetime
) -> None:
    events.append(session, kind, application.reference or f"draft {application.id}", actor, data, now=now)


def _card(session: Session, application: Application, now: datetime) -> None:
    outbox.put(
        session,
        "card",
        subject=f"application:{application.id}",
        key=f"card:{application.id}:{application.version}",
        payload={"application_id": application.id},
        now=now,
    )


def _mail(session: Session, kind: str, application: Application, now: datetime) -> None:
    outbox.put(
        session,
        kind,
        subject=f"application-mail:{application.id}",
        key=f"{kind}:{application.id}",
        payload={"application_id": application.id},
        now=now,
    )


def may(
    session: Session, application: Application, person: Person, action: Action, *, office: Office, now: datetime
) -> Refused | None:
    """Why this person may not do this now (A1, A2, A3); None if they may. Asked at the press and at the submission."""
    if application.decision is not None:
        return Conflict(_how_it_stands(application), "A3")
    if not person.active:
        return Refused("You are not on the office's staff list, so you cannot do this.", "A1")
    case = _case(session, application)
    decider = Decider(role=Role(person.role), body=Body(person.body), person_id=person.id, name=person.name)
    if action == "recommend":
        refusal = may_recommend(decider, case, office.policy)
    else:
        refusal = may_decide(decider, case, office.policy, london_day(now))
    if refusal is not None:
        return Refused(refusal.reason, refusal.rule)
    try:
        APPLICATION.next(ApplicationState(application.status), ApplicationAction(action))
    except NotAllowed as error:
        return Conflict(_how_it_stands(application) or error.reason, "A3")
    return None


def _case(session: Session, application: Application) -> Case:
    interested = frozenset(session.scalars(select(Interest.person_id).where(Interest.application_id == application.id)))
    commissioners = {person.id for person in people.holders(session, Role.COMMISSIONER)}
    recommendation = application.recommendation
    return Case(
        kind=Kind(application.kind),
        fund=application.fund,
        amount=application.amount or 0,
        recommended_by=recommendation.person_id if recommendation else None,
        interests=interested,
        commissioner_interested=bool(commissioners) and commissioners <= interested,
    )


def _gate(
    session: Session, application: Application, person: Person, action: Action, *, office: Office, now: datetime
) -> None:
    refusal = may(session, application, person, action, office=office, now=now)
    if refusal is not None:
        raise refusal


def held(session: Session, application_id: int) -> Application:
    """The application as it stands now, held until this transaction ends: decisions on it queue here."""
    application = session.scalars(
        select(Application)
        .where(Application.id == application_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if application is None:
        raise NotFound("There is no such application.")
    session.refresh(application, ["recommendation", "decision"])
    return application


def _reasons(reasons: str) -> str:
    tidy = clean_long(reasons)
    if not tidy:
        raise WrongInput("reasons", "Give your reasons: they go on the record.", "A4")
    if len(tidy) > LONGEST_REASONS:
        raise WrongInput("reasons", f"Keep the reasons to {LONGEST_REASONS:,} characters.", "A4")
    return tidy


def _conditions(conditions: str) -> str:
    tidy = clean_long(conditions)
    if len(tidy) > LONGEST_REASONS:
        raise WrongInput("conditions", f"Keep the conditions to {LONGEST_REASONS:,} characters.", "L1")
    return tidy


def _amount(application: Application, amount: int) -> int:
    asked = application.amount or 0
    if amount <= 0:
        raise WrongInput("amount", "Enter an amount over zero.")
    if amount > asked:
        raise WrongInput("amount", f"Enter {display(asked)} or less: no more can be given than was asked for.")
    return amount


def recommend(
    session: Session,
    application_id: int,
    person: Person,
    *,
    outcome: Literal["approve", "less", "decline"],
    amount: int,
    reasons: str,
    conditions: str = "",
    office: Office,
    now: datetime,
) -> Application:
    """Recommend approving in full, approving less, or declining. Raises Refused (A2), WrongInput or Conflict."""
    application = held(session, application_id)
    _gate(session, application, person, "recommend", office=office, now=now)
    asked = application.amount or 0
    if outcome == "approve" and amount != asked:
        raise WrongInput(
            "amount", f"To approve in full leave {display(asked)}. For a smaller amount choose 'approve less'."
        )
    if outcome == "less" and amount == asked:
        raise WrongInput("amount", f"Enter less than the {display(asked)} that was asked for, or choose 'approve'.")
    recommendation = Recommendation(
        person=person,
        outcome=outcome,
        amount=asked if outcome == "decline" else _amount(application, amount),
        reasons=_reasons(reasons),
        conditions=_conditions(conditions),
        made_at=now,
    )
    _move(session, application, ApplicationAction.RECOMMEND)
    application.recommendation = recommendation
    session.flush()
    told = {
        "outcome": outcome,
        "amount": recommendation.amount,
        "reasons": recommendation.reasons,
        "conditions": recommendation.conditions,
        "person": person.id,
    }
    _tell(session, application, "recommended", _actor(person), told, now=now)
    _card(session, application, now)
    return application


def _refuse_failed(blocking: tuple[Any, ...], field: str) -> None:
    """A5: what fails a rule can be declined or sent back, not approved."""
    if blocking:
        first = blocking[0]
        raise WrongInput(
            field,
            f"This fails {first.rule}: {first.because} {first.remedy}".strip() + " It can be declined.",
            first.rule,
        )


def _actor(person: Person) -> str:
    return f"{person.name} ({person.role}, person {person.id})"


def decide(
    session: Session,
    application_id: int,
    person: Person,
    *,
    outcome: Literal["approved", "declined"],
    amount: int | None,
    reasons: str,
    conditions: str = "",
    profile: Mapping[int, int] | None = None,
    office: Office,
    now: datetime,
) -> Application:
    """Approve (all or less) or decline, once (A3). An approval commits the money (F6) and makes the offer with it.

    `profile` says how what is approved falls over the financial years, in pence by the calendar year in which each
    begins; all of it falls in the year of the start unless one is given.

    Raises Refused (A1, A2, F6), WrongInput (A5 or a wrong input), Conflict when somebody was first.
    """
    application = held(session, application_id)
    action: Action = "approve" if outcome == "approved" else "decline"
    _gate(session, application, person, action, office=office, now=now)
    reasons, conditions = _reasons(reasons), _conditions(conditions)
    today = london_day(now)
    decided_amount: int | None = None
    if outcome == "approved":
        decided_amount = _amount(application, amount if amount is not None else application.amount or 0)
        if not conditions:
            raise WrongInput("conditions", "Give the conditions, at least the six-monthly monitoring return.", "L1")
    assessment = assessment_of(session, application, office=office, today=today, amount=decided_amount, profile=profile)
    if outcome == "approved":
        _refuse_failed(assessment.blocking, "amount")
    power = _power(session, application, person, office=office, today=today)
    _move(session, application, ApplicationAction(action))
    decision = Decision(
        person=person,
        outcome=outcome,
        amount=decided_amount,
        reasons=reasons,
        conditions=conditions,
        facts=facts_data(facts_of(application, decided_amount)),
        findings=[finding_data(finding) for finding in assessment.findings],
        policy_version_id=office.policy_version(session, now=now).id,
        made_at=now,
    )
    application.decision = decision
    session.flush()
    told = {
        "amount": decided_amount,
        "reasons": reasons,
        "conditions": conditions,
        "facts": decision.facts,
        "findings": decision.findings,
        "policy": decision.policy_version.fingerprint,
        "person": person.id,
        "power": power,
    }
    _tell(session, application, outcome, _actor(person), told, now=now)
    if decided_amount is None:
        _mail(session, "declined", application, now)
    else:
        awards.offer(
            session,
            application,
            decision,
            amount=decided_amount,
            profile=profile,
            office=office,
            actor=_actor(person),
            now=now,
        )
    _card(session, application, now)
    return application


def _power(
    session: Session, application: Application, person: Person, *, office: Office, today: date
) -> list[dict[str, str]]:
    """By what power this person decides, for the trail: under which delegation (A1), and separate from whom (A2)."""
    case = _case(session, application)
    decider = Decider(role=Role(person.role), body=Body(person.body), person_id=person.id, name=person.name)
    found = (
        approver_finding(decider, case, office.policy, today),
        separation_finding(decider, case, office.policy, today),
    )
    return [finding_data(finding) for finding in found]


def declare_interest(
    session: Session, application_id: int, person: Person, *, reason: str, now: datetime
) -> Application:
    """Declare an interest: this person is out of this application from now on (A2). Repeating it changes nothing."""
    application = held(session, application_id)
    if application.decision is not None:
        raise Conflict(_how_it_stands(application), "A3")
    if Body(person.body) is not Body.OFFICE or not person.active:
        raise Refused("Only members of the office declare interests here.", "A2")
    declared = session.scalars(
        select(Interest).where(Interest.application_id == application.id, Interest.person_id == person.id)
    ).one_or_none()
    if declared is not None:
        return application
    reason = _reasons(reason)
    session.add(Interest(application_id=application.id, person_id=person.id, reason=reason, declared_at=now))
    application.version += 1
    session.flush()
    _tell(session, application, "interest_declared", _actor(person), {"person": person.id, "reason": reason}, now=now)
    _card(session, application, now)
    return application


def interests_in(session: Session, application: Application) -> list[Person]:
    """Who has declared an interest in an application, earliest first."""
    return list(
        session.scalars(
            select(Person)
            .join(Interest, Interest.person_id == Person.id)
            .where(Interest.application_id == application.id)
            .order_by(Interest.id)
        )
    )


def withdraw(session: Session, application: Application, *, now: datetime) -> Application:
    """Withdraw at the applicant's wish. Raises Conflict before it was submitted, and once it was decided."""
    application = held(session, application.id)
    _move(session, application, ApplicationAction.WITHDRAW)
    _tell(session, application, "withdrawn", "applicant", {}, now=now)
    _card(session, application, now)
    _mail(session, "withdrawn", application, now)
    return application
