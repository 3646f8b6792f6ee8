"""Awards that were decided and agreed outside the desk, put on record as what they are (A4).

Who decided is what the source says, not a member of staff; whoever puts it on record is one, and the record keeps both.
Nothing is refused because a rule of today fails: what the rules say is kept with it as advice. Only the money must be
there (F6). From then on it is an award like any other: on the register, with its returns as they fall due (R1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import awards, commitments, deadlines, legal_basis, looks, organisations, people, written
from core.applications import new_reference, put_card, tell
from core.assessing import assessment_of, facts_data, facts_of, finding_data, known_facts, schedule_of
from core.cases import decider_of
from core.deciding import WrongInput, at_field, told_of_basis
from core.errors import Refused
from core.ledger import held_years
from core.meetings import MEETING
from core.office import LONDON, Office, london_day
from core.records import Application, Award, Decision, Interest, Outcome, Person
from core.returns import RETURN
from core.rules.answers import clean_long, clean_short, is_address
from core.rules.authority import Case, may_recommend
from core.rules.calendar import date_text, financial_year
from core.rules.facts import Finding, Verdict
from core.rules.forms import limits_of
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import display
from core.rules.organisations import OrganisationKeys, address_key, keys_of
from core.rules.policy import Fund, Kind, OrganisationType, Purpose
from core.rules.questions import second_contact_faults
from core.rules.typed import postcode
from core.rules.words import listed

LINE: Final = "recorded_outside"
"""The kind of the line of the trail that tells of it."""

_GONE: Final = (ApplicationState.DRAFT.value, ApplicationState.DECLINED.value, ApplicationState.WITHDRAWN.value)
_OVER: Final = (AwardState.REFUSED.value, AwardState.EXPIRED.value)


@dataclass(frozen=True)
class OutsideAward:
    """An award as its source describes it: money in pence, days as dates, everything else as somebody wrote it.

    `decided_by`, in their `decided_role`, decided it on `decided_on`, under `document`; its recipient accepted it on
    `accepted_on`. `contribution` says why it reduces crime (L1) and `legal_power` under which power it is made; for
    either that is empty the desk's suggestion is kept, and marked as that. Without a `contact_email` nobody is mailed.
    """

    kind: Kind
    fund: str
    organisation_name: str
    organisation_type: OrganisationType
    postcode: str
    title: str
    need: str
    purpose: Purpose
    plan_objective: str
    amount: int
    start: date
    end: date
    outcome: str
    measure: str
    target: str
    conditions: str
    reasons: str
    decided_by: str
    decided_role: str
    decided_on: date
    document: str
    accepted_on: date
    contribution: str = ""
    legal_power: str = ""
    csp_area: str = ""
    charity_number: str | None = None
    company_number: str | None = None
    contact_name: str = ""
    contact_email: str = ""
    second_name: str = ""
    second_email: str = ""


class LooksRecorded(WrongInput):
    """The record holds something like it already: the same organisation, fund, amount and start. `references` say what.

    It can be recorded all the same.
    """

    def __init__(self, references: Sequence[str]) -> None:
        said = listed(references)
        super().__init__(
            "all_the_same",
            f"{said} {'is' if len(references) == 1 else 'are'} on record already, for the same organisation, fund, "
            "amount and start. If this is another award, say so here and record it.",
        )
        self.references = tuple(references)


def may(person: Person, *, office: Office) -> Refused | None:
    """Why this person may not record such an award, or None: it takes who may recommend, of the office (A2)."""
    try:
        people.acting_for_office(person, "record an award", "A2")
    except Refused as refusal:
        return refusal
    decider = decider_of(person)
    # Who recommends hangs on no fund and no amount: this is nobody's application yet.
    anything = Case(Kind.GRANT, "", 0, None, frozenset(), commissioner_interested=False)
    if may_recommend(decider, anything, office.policy) is None:
        return None
    roles = [role.value.replace("_", " ") for role in office.policy.recommenders.value]
    return Refused(f"An award made outside is recorded by the {listed(roles, 'or')}. Ask one of them.", "A2")


def record(
    session: Session, told: OutsideAward, person: Person, *, all_the_same: bool = False, office: Office, now: datetime
) -> Award:
    """Put an award on record that was decided and accepted elsewhere: its application, decision, award and deadlines.

    The money is committed in the financial year of its start, also one that has ended where that still has it. Returns
    of the past are stored, and never asked for. Its card goes to the approvals channel; the recipient is mailed where
    there is an address.

    Raises Refused (A2) for whoever may not, or has declared an interest in anything of this organisation; WrongInput
    for a wrong field, and for the amount where the fund has not got it (F6); LooksRecorded unless `all_the_same`.
    """
    refusal = may(person, office=office)
    if refusal is not None:
        raise refusal
    today = london_day(now)
    fund = _fund(told, office)
    told = _tidied(told, office, today)
    year = financial_year(told.start)
    held_years(session, fund.id, [year])  # whoever records the same thing at this moment waits, and then sees this one
    keys = keys_of(told.organisation_name, told.postcode, told.charity_number, told.company_number)
    _refuse_interest(session, keys, person)
    alike = _alike(session, keys, told)
    if alike and not all_the_same:
        raise LooksRecorded(alike)
    application = _application(session, told, fund, keys, people.actor_of(person), office=office, now=now)
    facts = known_facts(session, application, office=office, today=today)
    found = assessment_of(session, application, office=office, today=today, facts=facts).findings
    application.findings = [finding_data(_as_advice(finding)) for finding in found]
    bids = organisations.earlier_bids(
        session, keys, organisations.bid_of(application), policy=office.policy, today=today, but=application.id
    )
    application.noticed = organisations.noticed(bids)
    decision = _decision(application, told, person, facts_data(facts), office, session, now)
    award = _award(application, decision, told, now)
    session.add_all([decision, award])
    session.flush()
    schedule = schedule_of(application, policy=office.policy, today=today, amount=told.amount)
    tell(
        session,
        application,
        LINE,
        people.actor_of(person),
        {
            "award": award.id,
            "amount": told.amount,
            "reasons": decision.reasons,
            "conditions": decision.conditions,
            "facts": decision.facts,
            "findings": decision.findings,
            "policy": decision.policy_version.fingerprint,
            "person": person.id,
            "outside_by": decision.outside_by,
            "outside_role": decision.outside_role,
            "outside_on": told.decided_on.isoformat(),
            "outside_document": decision.outside_document,
            "outside_accepted_on": told.accepted_on.isoformat(),
            "returns": [day.isoformat() for day in schedule.returns.due],
            "meetings": [day.isoformat() for day in schedule.meetings.due],
            **({"recorded_beside": list(alike)} if alike else {}),
            **told_of_basis(decision),
        },
        now=now,
    )
    _commit(session, fund, award, year, person, today=today, now=now)
    for kind, days in ((RETURN, schedule.returns.due), (MEETING, schedule.meetings.due)):
        silent = partial(_silent_before, kind=kind, office=office, today=today)
        awards.store_due(session, award, kind, days, office=office, now=now, silent_before=silent)
    looks.begin(session, award, office=office, now=now)
    session.flush()
    session.refresh(application)
    session.refresh(award)
    if application.contact_email:
        awards.mail(session, "award_started", award, now)
    put_card(session, application, now)
    return award


def _fund(told: OutsideAward, office: Office) -> Fund:
    fund = office.policy.fund(told.fund)
    if fund is None:
        raise WrongInput("fund", f"The policy in force has no fund '{told.fund}'. Choose one that it has.")
    if told.kind not in fund.kinds:
        kinds = listed([kind.value.replace("_", "-") for kind in fund.kinds], "or")
        raise WrongInput("kind", f"The {fund.name} makes awards of this kind: {kinds}.", fund.rule)
    return fund


def _tidied(told: OutsideAward, office: Office, today: date) -> OutsideAward:
    """The same, with every text as the record keeps it. Raises WrongInput for the first field that is wrong."""
    limits = limits_of(office.policy)
    texts: dict[str, Any] = {}
    for name, missing in _SHORT.items():
        texts[name] = _text(name, getattr(told, name), missing, limits.short, clean_short)
    for name, missing in _LONG.items():
        texts[name] = _text(name, getattr(told, name), missing, written.LONGEST_WORDS, clean_long)
    place = postcode(clean_short(told.postcode))
    if not place:
        raise WrongInput("postcode", "Enter a full UK postcode, such as PE29 3DN.")
    if not 0 < told.amount <= limits.largest:
        raise WrongInput("amount", f"Enter an amount over zero and of at most {display(limits.largest)}.")
    if told.contact_email and not is_address(told.contact_email):
        raise WrongInput("contact_email", "Enter an e-mail address such as name@example.org, or leave this empty.")
    second = clean_short(told.second_email)
    if second and not is_address(second):
        raise WrongInput("second_email", "Enter an e-mail address such as name@example.org, or leave this empty.")
    if (second or texts["second_name"]) and not told.contact_email:
        raise WrongInput("contact_email", "Enter the recipient's e-mail address first: a second one stands beside it.")
    for name, why in second_contact_faults(told.contact_email, texts["second_name"], second):
        raise WrongInput(name, f"{why}.")
    if told.plan_objective and office.policy.objective(told.plan_objective) is None:
        raise WrongInput("plan_objective", "Choose an objective of the Police and Crime Plan in force.", "L4")
    _check_days(told, today)
    return replace(told, postcode=place, contact_email=clean_short(told.contact_email), second_email=second, **texts)


_SHORT: Final = {
    "organisation_name": "Enter the name of the organisation.",
    "title": "Enter what the project or service is called.",
    "outcome": "Enter what is to change.",
    "measure": "Enter how it will be known.",
    "target": "Enter the target.",
    "decided_by": "Enter the name of whoever decided.",
    "decided_role": "Enter in which role they decided, such as Commissioner.",
    "document": "Enter the document under which it was decided, such as the number of a decision notice.",
    "legal_power": "",
    "csp_area": "",
    "contact_name": "",
    "second_name": "",
}
"""Texts of one line, and what is said where one is missing; "" for those that may be."""

_LONG: Final = {
    "need": "Say what is needed, or what it is for.",
    "conditions": "Give the conditions, at least the six-monthly monitoring return.",
    "reasons": "Give the reasons for which it was awarded: the register shows them.",
    "contribution": "",
}


def _text(name: str, text: str, missing: str, most: int, tidy: Callable[[str], str]) -> str:
    found = tidy(text)
    if not found and missing:
        raise WrongInput(name, missing)
    if len(found) > most:
        raise WrongInput(name, f"Keep this to {most:,} characters. It has {len(found):,}.")
    return found


def _check_days(told: OutsideAward, today: date) -> None:
    if told.end < told.start:
        raise WrongInput("end", f"It starts on {date_text(told.start)}, so it ends on that day or later.")
    if told.decided_on > today:
        raise WrongInput("decided_on", "It has been decided already: enter today or an earlier day.")
    if told.accepted_on > today:
        raise WrongInput("accepted_on", "Enter today or an earlier day: what is not accepted yet waits until it is.")
    if told.accepted_on < told.decided_on:
        raise WrongInput("accepted_on", f"Enter {date_text(told.decided_on)}, when it was decided, or a later day.")


def _refuse_interest(session: Session, keys: OrganisationKeys, person: Person) -> None:
    declared = session.scalars(
        select(Application.reference)
        .join(Interest, Interest.application_id == Application.id)
        .where(Interest.person_id == person.id, organisations.by_same(keys))
        .order_by(Application.id)
    ).first()
    if declared is not None:
        raise Refused(
            f"You have declared an interest in {declared}, by the same organisation, so somebody else records this.",
            "A2",
        )


def _alike(session: Session, keys: OrganisationKeys, told: OutsideAward) -> list[str]:
    """What the record holds for the same organisation, fund, amount and start, and did not end in a no: references."""
    query = (
        select(Application.reference)
        .outerjoin(Application.award)
        .where(
            organisations.by_same(keys),
            Application.fund == told.fund,
            Application.start_on == told.start,
            Application.status.not_in(_GONE),
            or_(Award.id.is_(None), Award.status.not_in(_OVER)),
            or_(Application.amount == told.amount, Award.amount == told.amount),
        )
        .order_by(Application.id)
    )
    return [reference for reference in session.scalars(query) if reference]


def _application(
    session: Session,
    told: OutsideAward,
    fund: Fund,
    keys: OrganisationKeys,
    actor: str,
    *,
    office: Office,
    now: datetime,
) -> Application:
    """The application that the award stands on. It begins decided: nobody applied here, and nobody recommends."""
    application = Application(
        reference=new_reference(session, fund, office, now),
        fund=fund.id,
        kind=told.kind.value,
        status=ApplicationState.APPROVED.value,
        version=1,
        started_at=now,
        saved_at=now,
        submitted_at=now,
        submitted_by=actor[:80],
        answers={},
        extra={},
        charity_key=keys.charity,
        company_key=keys.company,
        name_key=keys.name,
        contact_key=address_key(told.contact_email) if told.contact_email else None,
        organisation_name=told.organisation_name,
        organisation_type=told.organisation_type.value,
        charity_number=told.charity_number,
        company_number=told.company_number,
        postcode=told.postcode,
        contact_name=told.contact_name or None,
        contact_email=told.contact_email or None,
        second_name=told.second_name or None,
        second_email=told.second_email or None,
        title=told.title,
        need=told.need,
        plan_objective=told.plan_objective or None,
        csp_area=told.csp_area or None,
        purpose=told.purpose.value,
        start_on=told.start,
        end_on=told.end,
        amount=told.amount,
    )
    accepted = datetime.combine(told.accepted_on, time(), LONDON)  # the day is all that the source gives
    application.outcomes = [
        Outcome(position=1, outcome=told.outcome, measure=told.measure, target=told.target, accepted_at=accepted)
    ]
    application.victim_service = facts_of(application).victim
    session.add(application)
    session.flush()
    return application


def _as_advice(finding: Finding) -> Finding:
    """What a rule says of something that was decided elsewhere: it is said, and stops nothing."""
    if finding.verdict is not Verdict.NOT_MET:
        return finding
    return replace(finding, verdict=Verdict.ADVICE)


def _decision(
    application: Application,
    told: OutsideAward,
    person: Person,
    facts: dict[str, Any],
    office: Office,
    session: Session,
    now: datetime,
) -> Decision:
    known = {power.id: power.text for power in legal_basis.powers(application, office)}
    given = {"legal_power": known.get(told.legal_power, told.legal_power), "contribution": told.contribution}
    filled_in = legal_basis.suggested(application, office)
    suggestions = {"legal_power": filled_in.legal_power, "contribution": filled_in.contribution}
    return Decision(
        application=application,
        person=person,
        outcome="approved",
        amount=told.amount,
        reasons=told.reasons,
        conditions=told.conditions,
        facts=facts,
        findings=application.findings or [],
        policy_version=office.policy_version(session, now=now),
        legal_power=given["legal_power"] or suggestions["legal_power"] or None,
        contribution=given["contribution"] or suggestions["contribution"] or None,
        suggested=[name for name in given if suggestions[name] and not given[name]] or None,
        outside_by=told.decided_by,
        outside_role=told.decided_role,
        outside_on=told.decided_on,
        outside_document=told.document,
        outside_accepted_on=told.accepted_on,
        made_at=now,
    )


def _award(application: Application, decision: Decision, told: OutsideAward, now: datetime) -> Award:
    profile = commitments.checked_profile(None, told.amount, told.start, told.end)
    return Award(
        application=application,
        reference=application.reference,
        fund=application.fund,
        kind=application.kind,
        status=AwardState.ACTIVE.value,
        amount=told.amount,
        conditions=told.conditions,
        start_on=told.start,
        end_on=told.end,
        offered_at=now,
        accept_by=told.accepted_on,
        answered_at=now,
        policy_version=decision.policy_version,
        profile=commitments.profile_data(profile),
    )


def _commit(
    session: Session, fund: Fund, award: Award, year: int, person: Person, *, today: date, now: datetime
) -> None:
    """Take the money (F6), of a year that has ended too where it is still there: it was agreed while that year ran."""
    by_year = commitments.profile_of(award)
    actor = people.actor_of(person)
    this_year = min(financial_year(today), year)
    with at_field("amount"):
        taken = commitments.commit(session, fund, award, by_year, this_year=this_year, actor=actor, now=now)
    award.conditions = "\n".join([award.conditions, *awards.unfunded(by_year, taken)])


def _silent_before(due: date, *, kind: str, office: Office, today: date) -> date:
    """From which day on the steps of a deadline are sent: from today, and none of what was due before it."""
    if due >= today:
        return today
    return max([today, *(on + timedelta(days=1) for _, on in deadlines.planned(office, kind, due))])
