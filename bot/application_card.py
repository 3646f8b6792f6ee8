"""From the record to the card: the one place where the bot reads an application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from bot.blocks import Message
from bot.card_facts import ApplicationCard, Asked, Before, Decided, FundLeft, Outside, Papers, Point, Recommended, Taken
from bot.cards import card
from bot.words import Typed, day, listed
from core import asking, deciding, documents, funds, organisations, panel_list, undoing
from core.assessing import assessment_of, finding_data
from core.office import Office
from core.reach import who_in_reach
from core.records import Application, Decision
from core.rules.calendar import financial_year, year_label
from core.rules.documents import ScanState
from core.rules.lifecycle import ApplicationState, AwardState

_PUBLIC = frozenset({AwardState.ACTIVE, AwardState.COMPLETED, AwardState.DECOMMISSIONED})
"""States in which an award is on the register: from its acceptance on (W1)."""


def message_for(session: Session, application: Application, *, office: Office) -> Message:
    """The card of a submitted application as it stands now, ready to be posted or updated."""
    return card(card_facts(session, application, office=office))


def card_facts(session: Session, application: Application, *, office: Office) -> ApplicationCard:
    """Everything that the card and the modals of a submitted application show.

    While it is open the findings are today's, with the money that the fund has left today; once it is decided they are
    those that the decision was made on (A4).
    """
    today = office.today()
    state = ApplicationState(application.status)
    award = AwardState(application.award.status) if application.award is not None else None
    interested = deciding.interests_in(session, application)
    if application.decision is not None:
        found: Iterable[Mapping[str, Any]] = application.decision.findings
    else:
        assessment = assessment_of(session, application, office=office, today=today)
        found = [finding_data(finding) for finding in assessment.findings]
    objective = office.policy.objective(application.plan_objective or "")
    reference = application.reference or ""
    return ApplicationCard(
        id=application.id,
        version=application.version,
        reference=reference,
        state=state,
        kind=application.kind,
        organisation=Typed(application.organisation_name or ""),
        title=Typed(application.title or ""),
        need=Typed(application.need or ""),
        amount=application.amount or 0,
        purchases=application.purchases or 0,
        area=Typed(application.csp_area or ""),
        objective=Typed(objective.text if objective is not None else application.plan_objective or ""),
        outcomes=tuple(Typed(f"{one.outcome} – {one.measure}: {one.target}") for one in application.outcomes),
        start=application.start_on,
        end=application.end_on,
        points=tuple(_point(finding) for finding in found),
        fund=_fund_left(session, application, office),
        submitted_at=application.submitted_at or application.saved_at,
        next_step=_next_step(session, application, state, award, office),
        out=tuple(Typed(person.name) for person in interested),
        recommendation=_recommended(application),
        decision=_decided(application),
        award=award,
        accept_by=application.award.accept_by if application.award is not None else None,
        as_of=today,
        before=_before(session, application, today),
        papers=_papers(session, application),
        taken=_taken(application),
        sitting=_sitting(session, application),
        may_undo=undoing.is_open(application, today, office),
        noticed=tuple(str(note["because"]) for note in application.noticed or []),
        asked=_asked(session, application),
        register_url=f"{office.public_url}/awards/{reference}" if award in _PUBLIC else "",
    )


def _point(finding: Mapping[str, Any]) -> Point:
    return Point(
        rule=str(finding["rule"]),
        verdict=str(finding["verdict"]),
        because=Typed(str(finding["because"])),
        remedy=Typed(str(finding.get("remedy") or "")),
        needed_by=str(finding.get("needed_by") or ""),
    )


def _before(session: Session, application: Application, today: date) -> Before:
    """What else the record has of this organisation."""
    keys = organisations.keys_of(application)
    given = organisations.given_before(session, keys, but=application.id)
    overdue = organisations.overdue_returns(session, keys, today=today, but=application.id)
    late = tuple((one.reference, one.due) for one in overdue)
    return Before(given.awards, given.total, given.live, given.live_total, late)


def _papers(session: Session, application: Application) -> Papers:
    scans = [ScanState(one.scan) for one in documents.of_application(session, application.id)]
    harmful = scans.count(ScanState.INFECTED)
    return Papers(there=len(scans) - harmful, waiting=scans.count(ScanState.WAITING), harmful=harmful)


def _taken(application: Application) -> Taken | None:
    if application.taken_by is None or application.taken_at is None:
        return None
    return Taken(Typed(application.taken_by.name), application.taken_at)


def _sitting(session: Session, application: Application) -> str:
    """The sitting on whose list it is, as the end of a sentence; "" for none."""
    listing = panel_list.listing(session, application)
    if listing is None:
        return ""
    return f"sitting on {day(listing.sitting_on)}" if listing.sitting_on is not None else "next sitting"


def _asked(session: Session, application: Application) -> Asked | None:
    """The last question that was asked."""
    asked = next(reversed(asking.questions(session, application)), None)
    if asked is None:
        return None
    return Asked(
        by=Typed(asked.person.name),
        at=asked.asked_at,
        question=Typed(asked.question),
        answer=Typed(asked.answer or ""),
        open=asked.ended_at is None,
    )


def _recommended(application: Application) -> Recommended | None:
    made = application.recommendation
    if made is None:
        return None
    return Recommended(
        by=Typed(made.person.name),
        outcome=made.outcome,
        amount=made.amount,
        reasons=Typed(made.reasons),
        conditions=Typed(made.conditions),
        at=made.made_at,
    )


def _decided(application: Application) -> Decided | None:
    made = application.decision
    if made is None:
        return None
    return Decided(
        by=Typed(made.decided_by),
        outcome=made.outcome,
        amount=made.amount,
        reasons=Typed(made.reasons),
        conditions=Typed(made.conditions),
        at=made.made_at,
        outside=_outside(made),
    )


def _outside(made: Decision) -> Outside | None:
    if made.outside_on is None:
        return None
    return Outside(made.outside_on, Typed(made.outside_document or ""), Typed(made.person.name))


def _fund_left(session: Session, application: Application, office: Office) -> FundLeft:
    year = financial_year(application.start_on or office.today())
    position = funds.position(session, application.fund, year)
    return FundLeft(
        name=office.policy.fund_name(application.fund),
        year=year_label(year),
        available=position.available if position.known else None,
    )


def _next_step(
    session: Session,
    application: Application,
    state: ApplicationState,
    award: AwardState | None,
    office: Office,
) -> str:
    """Who does what next, in a sentence or two."""
    if award is not None:
        return _after_approval(application, award)
    if state is ApplicationState.SUBMITTED:
        roles = listed((role.replace("_", " ") for role in office.policy.recommenders.value), "or")
        deciders = _who(session, application, office)
        return f"A recommendation by the {roles}; then a decision by someone else. {deciders}"
    if state is ApplicationState.RECOMMENDED:
        recommender = (
            application.recommendation.person.name if application.recommendation is not None else "the recommender"
        )
        return f"A decision, by somebody other than {recommender}. {_who(session, application, office)}"
    asked = asking.open_question(session, application)
    by = f", by {day(asked.answer_by)} if they can" if asked is not None and asked.answer_by else ""
    return {
        ApplicationState.QUERIED: f"The applicant answers the question{by}. Then it waits for a recommendation again.",
        ApplicationState.DECLINED: "Nothing more to do. The applicant is told by e-mail, with the reasons.",
        ApplicationState.WITHDRAWN: "Nothing more to do. The applicant has withdrawn it.",
    }.get(state, "Nothing yet.")


def _after_approval(application: Application, award: AwardState) -> str:
    accept_by = day(application.award.accept_by) if application.award is not None else "its last day"
    return {
        AwardState.OFFERED: f"The applicant has the offer by e-mail, and until {accept_by} to accept it.",
        AwardState.ACTIVE: f"The award is agreed and is on the register. {_returns(application)}",
        AwardState.COMPLETED: "Nothing more to do. The award is complete.",
        AwardState.REFUSED: "Nothing more to do. The applicant refused the offer, and its money is back in the fund.",
        AwardState.EXPIRED: f"Nothing more to do. The offer ran out on {accept_by}, and its money is back in the fund.",
        AwardState.DECOMMISSIONED: "Nothing more to do here. The award was de-commissioned.",
    }[award]


def _returns(application: Application) -> str:
    """Who asks for the returns: nobody can be mailed where an award from outside came without an address."""
    if application.contact_email:
        return "Its returns are asked for as they fall due."
    return "No e-mail address is on record: ask the recipient for each return yourself as it falls due."


def _who(session: Session, application: Application, office: Office) -> str:
    return who_in_reach(session, application, office=office, today=office.today())
