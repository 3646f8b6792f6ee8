"""Deciding: an application is recommended on by one person and decided by another, once; interests are declared.

The gate `may` is asked at the press and again, in the same transaction, when the change is made (A1, A2, A3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import awards, decide_by, due_for_deletion, legal_basis, people, taking, written
from core.applications import held, how_it_stands, move, put_card, put_mail, tell
from core.assessing import assessment_of, facts_data, finding_data, known_facts
from core.cases import case_of, decider_of
from core.errors import Conflict, Refused
from core.office import Office, london_day
from core.records import Application, Decision, Interest, Person, Recommendation
from core.rules.authority import (
    approver_finding,
    may_decide,
    may_recommend,
    separation_finding,
)
from core.rules.lifecycle import APPLICATION, RUNNING, TO_DECIDE, ApplicationAction, ApplicationState, AwardState
from core.rules.money import display
from core.rules.policy import Body
from core.rules.states import NotAllowed

Action = Literal["recommend", "approve", "decline"]


class WrongInput(Refused):
    """One input of a recommendation or decision is wrong; `field` names it."""

    def __init__(self, field: str, reason: str, rule: str = "") -> None:
        super().__init__(reason, rule)
        self.field = field


def may(
    session: Session, application: Application, person: Person, action: Action, *, office: Office, now: datetime
) -> Refused | None:
    """Why this person may not do this now (A1, A2, A3); None if they may. Asked at the press and at the submission."""
    if application.decision is not None:
        return Conflict(how_it_stands(application), "A3")
    if not person.active:
        return Refused("You are not on the office's staff list, so you cannot do this.", "A1")
    case = case_of(session, application)
    decider = decider_of(person)
    if action == "recommend":
        refusal = may_recommend(decider, case, office.policy)
    else:
        refusal = may_decide(decider, case, office.policy, london_day(now))
    if refusal is not None:
        return Refused(refusal.reason, refusal.rule)
    try:
        APPLICATION.next(ApplicationState(application.status), ApplicationAction(action))
    except NotAllowed as error:
        return Conflict(how_it_stands(application) or error.reason, "A3")
    return None


def _gate(
    session: Session, application: Application, person: Person, action: Action, *, office: Office, now: datetime
) -> None:
    refusal = may(session, application, person, action, office=office, now=now)
    if refusal is not None:
        raise refusal


@contextmanager
def at_field(name: str) -> Iterator[None]:
    """What is refused inside is what was typed into this field."""
    try:
        yield
    except Refused as refusal:
        raise WrongInput(name, refusal.reason, refusal.rule) from refusal


def reasons_given(reasons: str) -> str:
    """Reasons as the record keeps them. Raises WrongInput for none, or for more than fit (A4)."""
    with at_field("reasons"):
        return written.words(reasons, "Give your reasons: they go on the record.", "A4", what="the reasons")


def _conditions(conditions: str) -> str:
    with at_field("conditions"):
        return written.note(conditions, "L1", what="the conditions")


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
    legal_power: str = "",
    contribution: str = "",
    office: Office,
    now: datetime,
) -> Application:
    """Recommend approving in full, approving less, or declining. `legal_power` and `contribution` are as `decide` says.

    What nobody looked after is from now on looked after by whoever recommends.
    Raises Refused (A2, L4), WrongInput or Conflict.
    """
    application = held(session, application_id)
    _gate(session, application, person, "recommend", office=office, now=now)
    if outcome != "decline":
        _refuse_without_objective(application, office)
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
        reasons=reasons_given(reasons),
        conditions=_conditions(conditions),
        legal_power=_legal_power(application, legal_power, office) or None,
        contribution=_contribution(contribution) or None,
        made_at=now,
    )
    move(session, application, ApplicationAction.RECOMMEND)
    application.recommendation = recommendation
    session.flush()
    told = {
        "outcome": outcome,
        "amount": recommendation.amount,
        "reasons": recommendation.reasons,
        "conditions": recommendation.conditions,
        "person": person.id,
        **told_of_basis(recommendation),
    }
    tell(session, application, "recommended", people.actor_of(person), told, now=now)
    taking.take_by(session, application, person, "recommending", office=office, now=now)
    put_card(session, application, now)
    return application


def _refuse_without_objective(application: Application, office: Office) -> None:
    """L4: what names no objective of the Plan in force cannot be recommended, only declined."""
    if application.plan_objective and office.policy.objective(application.plan_objective) is not None:
        return
    lacks = "names no objective of the Police and Crime Plan in force"
    known = ", ".join(objective.text for objective in office.policy.plan_objectives)
    raise Refused(
        f"It {lacks} ({known}), so it cannot be recommended for approval. Ask the applicant to withdraw it and apply "
        "again with one of these, or recommend declining it.",
        "L4",
    )


def _refuse_failed(blocking: tuple[Any, ...], field: str) -> None:
    """A5: what fails a rule can be declined or sent back, not approved."""
    if blocking:
        first = blocking[0]
        raise WrongInput(
            field,
            f"This fails {first.rule}: {first.because} {first.remedy}".strip() + " It can be declined.",
            first.rule,
        )


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
    legal_power: str = "",
    contribution: str = "",
    office: Office,
    now: datetime,
) -> Application:
    """Approve (all or less) or decline, once (A3). An approval commits the money (F6) and makes the offer with it.

    `profile` says how what is approved falls over the financial years, in pence by the calendar year in which each
    begins; all of it falls in the year of the start unless one is given. `legal_power` is the power under which the
    award is made, by its id or in its words, and `contribution` why it secures or contributes to crime and disorder
    reduction (L1, L2); for what is not given the desk's suggestion is kept with an approval, and marked as that.

    Raises Refused (A1, A2, F6), WrongInput (A5 or a wrong input), Conflict when somebody was first.
    """
    application = held(session, application_id)
    action: Action = "approve" if outcome == "approved" else "decline"
    _gate(session, application, person, action, office=office, now=now)
    reasons, conditions = reasons_given(reasons), _conditions(conditions)
    today = london_day(now)
    decided_amount: int | None = None
    if outcome == "approved":
        decided_amount = _amount(application, amount if amount is not None else application.amount or 0)
        if not conditions:
            raise WrongInput("conditions", "Give the conditions, at least the six-monthly monitoring return.", "L1")
    facts = known_facts(session, application, office=office, today=today, amount=decided_amount)
    assessment = assessment_of(session, application, office=office, today=today, profile=profile, facts=facts)
    if outcome == "approved":
        _refuse_failed(assessment.blocking, "amount")
    basis = _basis(application, legal_power, contribution, office) if outcome == "approved" else {}
    power = _power(session, application, person, office=office, today=today)
    move(session, application, ApplicationAction(action))
    decision = Decision(
        person=person,
        outcome=outcome,
        amount=decided_amount,
        reasons=reasons,
        conditions=conditions,
        facts=facts_data(facts),
        findings=[finding_data(finding) for finding in assessment.findings],
        policy_version_id=office.policy_version(session, now=now).id,
        made_at=now,
        **basis,
    )
    application.decision = decision
    session.flush()
    decide_by.follow(session, application, now=now)
    if decided_amount is None:
        due_for_deletion.follow(session, application, office=office, now=now)
    told = {
        "amount": decided_amount,
        "reasons": reasons,
        "conditions": conditions,
        "facts": decision.facts,
        "findings": decision.findings,
        "policy": decision.policy_version.fingerprint,
        "person": person.id,
        "power": power,
        **told_of_basis(decision),
    }
    tell(session, application, outcome, people.actor_of(person), told, now=now)
    if decided_amount is None:
        put_mail(session, "declined", application, now, decision_id=decision.id)
    else:
        awards.offer(
            session,
            application,
            decision,
            amount=decided_amount,
            profile=profile,
            office=office,
            actor=people.actor_of(person),
            now=now,
        )
    put_card(session, application, now)
    return application


def _legal_power(application: Application, text: str, office: Office) -> str:
    with at_field("legal_power"):
        return legal_basis.given_power(application, text, office)


def _contribution(text: str) -> str:
    with at_field("contribution"):
        return legal_basis.given_contribution(text)


def _basis(application: Application, legal_power: str, contribution: str, office: Office) -> dict[str, Any]:
    """The columns that say on which basis an award is made: as given, else as suggested, with which of them that is."""
    given = {"legal_power": _legal_power(application, legal_power, office), "contribution": _contribution(contribution)}
    filled_in = legal_basis.suggested(application, office)
    suggestions = {"legal_power": filled_in.legal_power, "contribution": filled_in.contribution}
    return {
        **{name: given[name] or suggestions[name] or None for name in given},
        "suggested": [name for name in given if suggestions[name] and not given[name]] or None,
    }


def told_of_basis(made: Decision | Recommendation) -> dict[str, Any]:
    """What the trail tells of the basis of an award, where there is any."""
    kept: dict[str, Any] = {"legal_power": made.legal_power, "contribution": made.contribution}
    if isinstance(made, Decision):
        kept["suggested"] = made.suggested
    return {name: value for name, value in kept.items() if value}


def _power(
    session: Session, application: Application, person: Person, *, office: Office, today: date
) -> list[dict[str, str]]:
    """By what power this person decides, for the trail: under which delegation (A1), and separate from whom (A2)."""
    case = case_of(session, application)
    decider = decider_of(person)
    found = (
        approver_finding(decider, case, office.policy, today),
        separation_finding(decider, case, office.policy, today),
    )
    return [finding_data(finding) for finding in found]


def declare_interest(
    session: Session, application_id: int, person: Person, *, reason: str, now: datetime
) -> Application:
    """Declare an interest: this person is out of this application from now on (A2). Repeating it changes nothing.

    After the approval it bars from what is still to be judged of the award. It undoes no decision: that was made by
    somebody who had declared none, or by the one who declares now, and says what it was made on.

    It is never taken back: an interest does not end by a change of mind, and the record must be able to say of
    everything that was done to the application that whoever had one stayed out. One declared by mistake costs the
    office a pair of eyes, not the applicant a fair decision.
    """
    application = held(session, application_id)
    if person.id in people.interested(session, application.id):
        return application
    refusal = may_declare_interest(session, application, person)
    if refusal is not None:
        raise refusal
    reason = reasons_given(reason)
    session.add(Interest(application_id=application.id, person_id=person.id, reason=reason, declared_at=now))
    application.version += 1
    session.flush()
    tell(
        session,
        application,
        "interest_declared",
        people.actor_of(person),
        {"person": person.id, "reason": reason, **({"after": "approved"} if application.decision is not None else {})},
        now=now,
    )
    put_card(session, application, now)
    return application


def may_declare_interest(session: Session, application: Application, person: Person) -> Refused | None:
    """Why this person declares no interest in it now (A2); None where they may.

    Anybody of the office may, whatever their role, while there is something to be kept out of: the decision, or the
    award's offer, returns, issues and payments.
    """
    if Body(person.body) is not Body.OFFICE or not person.active:
        return Refused("Only members of the office declare interests here.", "A2")
    if person.id in people.interested(session, application.id):
        return Conflict("You have declared an interest in this already, and are out of it.", "A2")
    award = application.award
    if award is not None and AwardState(award.status) in RUNNING:
        return None
    if application.decision is not None:
        over = f"The award is {award.status}" if award is not None else how_it_stands(application)
        return Conflict(f"{over.rstrip('.')}. There is nothing left to be kept out of.", "A2")
    if ApplicationState(application.status) not in TO_DECIDE:
        return Conflict("This application is not open, so there is nothing to be kept out of.", "A2")
    return None


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
