"""The JSON API: the same questions, rules and record as the pages, for programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import applications, awards, deadlines, events, funds, publication, returns
from core.assessing import finding_data, findings_told
from core.errors import NotFound
from core.explaining import Explanation, explain
from core.funds import FundPosition
from core.links import link_for
from core.office import Office, london_day
from core.policies import standing
from core.records import Application, Idempotency
from core.rules.assessment import Assessment, Facts, Finding, Schedule
from core.rules.calendar import financial_year, year_label
from core.rules.forms import api_questions
from core.rules.money import pounds
from core.rules.policy import Fund, Kind, Purpose, SingleTenderReason
from core.rules.questions import ApplicationFacts, read_application, read_return, return_questions
from intake import bodies, pages
from intake.access import ApiKey
from intake.openapi import description
from intake.problems import PointedError, Problem, unprocessable
from intake.queries import Query, iso_day

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

REQUIREMENTS = (
    "kind",
    "amount",
    "fund",
    "purpose",
    "purchases",
    "victim_service",
    "planned",
    "competed",
    "single_tender_reason",
    "start",
    "end",
    "on",
)
LONGEST_KEY = 255
"""Characters of an Idempotency-Key."""


class DeadlineState(StrEnum):
    """How a deadline stands."""

    DUE = "due"
    OVERDUE = "overdue"
    MET = "met"


def _json(data: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(data, ensure_ascii=False) + "\n", status=status, mimetype="application/json")


def _key() -> ApiKey:
    key = g.api_key
    if not isinstance(key, ApiKey):
        raise TypeError("the access table lets no request without a key through to here")
    return key


def _only(*known: str) -> Query:
    return Query(request.args, known)


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """The API, described for programs."""
    return _json(description(pages.office()))


@blueprint.get("/requirements")
def requirements() -> ResponseReturnValue:
    """What an award would need, in proportion to its size, and what every rule that applies says."""
    office = pages.office()
    query = _only(*REQUIREMENTS)
    with office.reading() as session:
        return _json(explanation_data(explained(session, query, office)))


def explained(session: Session, query: Query, office: Office) -> Explanation:
    """What the query describes, explained as the rules are, or as they were on its day. Raises Problem.

    A day before the record of the policy begins is refused: what held then is not known here.
    """
    day = query.day("on")
    if day is not None:
        try:
            standing(session, office=office, day=day)
        except NotFound as before:
            query.fault("on", str(before))
        office = office.in_force(session, on=day)
    return explain(session, read_facts(query, office), office=office, today=day or office.today())


def read_facts(query: Query, office: Office) -> Facts:
    """What the query describes, for the rules. Raises Problem, naming every parameter that is wrong."""
    kind = query.choice("kind", Kind, required=True)
    amount = query.money("amount", required=True)
    fund = query.text("fund")
    if fund is not None and office.policy.fund(fund) is None:
        query.fault("fund", _no_such_fund(office))
    purpose = query.choice("purpose", Purpose)
    purchases = query.money("purchases")
    victim_service, planned, competed = query.truth("victim_service"), query.truth("planned"), query.truth("competed")
    reason = query.choice("single_tender_reason", SingleTenderReason)
    start, end = query.day("start"), query.day("end")
    if start is not None and end is not None and end < start:
        query.fault("end", "The end is before the start.")
    query.done()
    if kind is None or amount is None:
        raise TypeError("done() lets no request without a kind and an amount through")
    return Facts(
        kind=kind,
        amount=amount,
        fund=fund,
        purpose=purpose,
        purchases=purchases or 0,
        victim_service=victim_service,
        planned=planned is not False,
        competed=competed is not False,
        single_tender_reason=reason,
        start=start,
        end=end,
    )


def _no_such_fund(office: Office) -> str:
    return f"There is no such fund. The funds are: {', '.join(fund.id for fund in office.policy.funds)}."


def assessment_data(assessment: Assessment) -> dict[str, Any]:
    """An assessment as the contract has it."""
    bought = assessment.procurement
    return {
        "tier": assessment.tier.value,
        "procurement": {
            "route": bought.route.value,
            "quotes": bought.quotes,
            "website": bought.website,
            "portal": bought.portal.value,
            "independent_panel_member": bought.independent_panel_member,
        },
        "returns": _schedule(assessment.returns),
        "meetings": _schedule(assessment.meetings),
        "findings": _findings(assessment.findings),
    }


def explanation_data(told: Explanation) -> dict[str, Any]:
    """An explanation as the contract has it, with who may approve and which funds would fit."""
    return {
        **assessment_data(told.assessment),
        "who_may_approve": told.who_may_approve,
        "fitting_funds": [fund.id for fund in told.fitting],
    }


def _schedule(schedule: Schedule) -> dict[str, Any]:
    return {"every_months": schedule.every_months, "due": [day.isoformat() for day in schedule.due]}


def _findings(findings: Sequence[Finding]) -> list[dict[str, str]]:
    return [finding_data(finding) for finding in findings]


@blueprint.get("/funds")
def fund_list() -> ResponseReturnValue:
    """Every fund with its money in a financial year, this one unless another is asked for."""
    office = pages.office()
    today = office.today()
    query = _only("year")
    asked = query.year("year")
    query.done()
    year = financial_year(today) if asked is None else asked
    with office.reading() as session:
        found = funds.positions(session, office.policy, year)
    return _json(
        {
            "year": year_label(year),
            "funds": [
                _fund_data(fund, position, today) for fund, position in zip(office.policy.funds, found, strict=True)
            ],
        }
    )


def _fund_data(fund: Fund, position: FundPosition, today: date) -> dict[str, Any]:
    return {
        "fund": fund.id,
        "name": fund.name,
        "purposes": [purpose.value for purpose in fund.purposes],
        "cap": pounds(fund.cap.value) if fund.cap else None,
        "open": fund.is_open(today),
        "windows": [{"opens": one.opens.isoformat(), "closes": one.closes.isoformat()} for one in fund.windows],
        "year": year_label(position.year),
        "allocated": pounds(position.allocated),
        "held": pounds(position.held),
        "committed": pounds(position.committed),
        "paid": pounds(position.paid),
        "repayable": pounds(position.repayable),
        "available": pounds(position.available),
    }


@dataclass(frozen=True)
class Sent:
    """An application that came in with an idempotency key."""

    key: ApiKey
    idempotency_key: str
    body: dict[str, Any]

    @property
    def scope(self) -> str:
        """Under which the key is unique."""
        return f"applications {self.key.submits_as}"

    @property
    def body_hash(self) -> str:
        """The same for the same JSON, however it is written."""
        return hashlib.sha256(json.dumps(self.body, sort_keys=True).encode()).hexdigest()


@blueprint.post("/applications")
def submit_application() -> ResponseReturnValue:
    """Submit an application; the same key and body again get the same answer."""
    _only().done()
    sent = Sent(_key(), _idempotency_key(), bodies.read_json(request))
    try:
        return _take(sent)
    except IntegrityError:  # the same key at the same moment: the other one is through now, and its answer is given
        return _take(sent)


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        raise Problem(400, "Send an Idempotency-Key: a text of your own, another one for each application.")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem(400, f"The Idempotency-Key must be {LONGEST_KEY} plain characters or fewer.")
    return key


def _take(sent: Sent) -> Response:
    office = pages.office()
    now = office.clock()
    with office.sessions.begin() as session:
        given = session.scalars(
            select(Idempotency).where(Idempotency.scope == sent.scope, Idempotency.key == sent.idempotency_key)
        ).one_or_none()
        if given is not None:
            if given.body_hash != sent.body_hash:
                raise Problem(409, "This Idempotency-Key was used with another body. Use a new key.")
            return _json(given.answer, given.status)
        fund, facts, raw = _read(sent.body, office)
        row = Idempotency(
            scope=sent.scope, key=sent.idempotency_key, body_hash=sent.body_hash, status=201, answer={}, made_at=now
        )
        session.add(row)
        session.flush()  # whoever sends the same key now waits here, or fails here, before anything else is written
        application = applications.start(session, fund.id, office=office, now=now, answers=raw)
        applications.submit(session, application, facts, office=office, by=sent.key.submits_as, now=now)
        link = link_for(session, "application", application.id, now=now)
        row.answer = {
            "reference": application.reference,
            "status": application.status,
            "findings": _findings_for(session, application, sent.key, office),
            "status_url": office.signer.address("application", link),
        }
        return _json(row.answer, 201)


def _read(body: dict[str, Any], office: Office) -> tuple[Fund, ApplicationFacts, dict[str, str]]:
    """The application in a body. Raises Problem 422 with every fault, of shape and of meaning."""
    shape = bodies.shape_errors(bodies.ApplicationBody, body)
    fund_id = body.get("fund")
    fund = office.policy.fund(fund_id) if isinstance(fund_id, str) else None
    if fund is None:
        if not any(error.pointer == "/fund" for error in shape):
            shape.append(PointedError("/fund", _no_such_fund(office)))
        raise unprocessable(shape)
    if not fund.is_open(office.today()):
        shape.append(PointedError("/fund", f"The {fund.name} is not open for applications at the moment."))
    raw = bodies.raw_application(body)
    facts, faults = read_application(fund, raw, office.policy, office.today(), strict_money=True)
    asked = api_questions(fund, office.policy) if "answers" in body else ()
    found = bodies.merged([*shape, *bodies.misplaced_answers(body, asked)], faults)
    if found or facts is None:
        raise unprocessable(found)
    return fund, facts, raw


@blueprint.get("/applications/<reference>")
def application(reference: str) -> ResponseReturnValue:
    """Where an application stands: its status, its history, its findings."""
    _only().done()
    office = pages.office()
    key = _key()
    with office.reading() as session:
        found = _own_application(session, reference, key)
        history = [
            {"at": line.at.isoformat(), "event": line.kind, **({"actor": line.actor} if key.staff else {})}
            for line in events.history(session, found.reference or "")
        ]
        return _json(
            {
                "reference": found.reference,
                "fund": found.fund,
                "kind": found.kind,
                "amount": pounds(found.amount or 0),
                "budget": [{"item": line.item, "amount": pounds(line.pence)} for line in found.budget_lines],
                "organisation": found.organisation_name,
                "title": found.title,
                "status": found.status,
                "award_status": found.award.status if found.award else None,
                "submitted_at": found.submitted_at.isoformat() if found.submitted_at else None,
                "decision": _decision(found),
                "history": history,
                "findings": _findings_for(session, found, key, office),
            }
        )


def _findings_for(session: Session, found: Application, key: ApiKey, office: Office) -> list[dict[str, str]]:
    """What the rules said of it; a key without staff reads of overdue returns what the contact's own address may."""
    findings = found.findings or []
    if key.staff or found.submitted_at is None:
        return findings
    day = london_day(found.submitted_at)
    return findings_told(session, found, findings, found.contact_key or "", found_on=day, office=office)


def _decision(found: Application) -> dict[str, Any] | None:
    if found.decision is None:
        return None
    return {
        "outcome": found.decision.outcome,
        "amount": pounds(found.decision.amount) if found.decision.amount is not None else None,
        "reasons": found.decision.reasons,
        "conditions": found.decision.conditions,
        "made_at": found.decision.made_at.isoformat(),
    }


def _own_application(session: Session, reference: str, key: ApiKey) -> Application:
    """An application that this key may see. Raises NotFound for any other: that it exists is not told either."""
    unknown = NotFound(f"There is no application {reference[:20]} that this key may see.")
    try:
        found = applications.by_reference(session, reference)
    except NotFound:
        raise unknown from None
    if not key.staff and found.submitted_by != key.submits_as:
        raise unknown
    return found


@blueprint.get("/awards")
def award_list() -> ResponseReturnValue:
    """The public register."""
    _only().done()
    office = pages.office()
    with office.reading() as session:
        return _json({"awards": [found.as_data() for found in publication.register(session, office=office)]})


@blueprint.get("/awards/<reference>")
def award(reference: str) -> ResponseReturnValue:
    """One award of the public register."""
    _only().done()
    office = pages.office()
    with office.reading() as session:
        found = publication.one(session, reference[:40], office=office)
        outcomes = [
            {"outcome": outcome, "measure": measure, "target": target} for outcome, measure, target in found.outcomes
        ]
        return _json({**found.as_data(), "need": found.need, "outcomes": outcomes})


@blueprint.post("/returns/<reference>/<due>")
def submit_return(reference: str, due: str) -> ResponseReturnValue:
    """Send in a monitoring return: by the key that submitted the application, or one of staff."""
    _only().done()
    office = pages.office()
    key = _key()
    day = iso_day(due)
    if day is None:
        raise NotFound("The address ends in the day on which the return is due, written as YYYY-MM-DD.")
    body = bodies.read_json(request)
    with office.sessions.begin() as session:
        found = awards.by_reference(session, reference[:40])
        if not key.staff and found.application.submitted_by != key.submits_as:
            raise Problem(403, "This key did not submit the application of this award.")
        deadline = returns.due_on(found, day)
        measures = tuple(outcome.measure for outcome in found.application.outcomes)
        shape = bodies.shape_errors(bodies.ReturnBody, body)
        policy = office.policy_under(found.policy_version)
        tier = policy.tier(found.amount)
        agreed = returns.agreed(found, deadline, policy)
        facts, faults = read_return(
            bodies.raw_return(body), measures, policy, tier, found.fund, strict_money=True, agreed=agreed
        )
        asked = return_questions(tier, measures, policy, found.fund, agreed)
        errors = bodies.merged([*shape, *bodies.misplaced_answers(body, asked)], faults)
        if errors or facts is None:
            raise unprocessable(errors)
        came_in = returns.receive(session, found, day, facts, source=key.submits_as, now=office.clock())
        return _json({"reference": found.reference, "due": day.isoformat(), "status": came_in.status}, 201)


@blueprint.get("/deadlines")
def deadline_list() -> ResponseReturnValue:
    """What falls due, and which nudges it has had; a key without staff sees those of its own applications."""
    office = pages.office()
    key = _key()
    query = _only("before", "state")
    before, state = query.day("before"), query.choice("state", DeadlineState)
    query.done()
    with office.reading() as session:
        own: list[str] | None = None
        if not key.staff:
            mine = select(Application.reference).where(Application.submitted_by == key.submits_as)
            own = [reference for reference in session.scalars(mine) if reference is not None]
        found = deadlines.listing(
            session,
            office=office,
            today=office.today(),
            before=before,
            state=state.value if state else None,
            references=own,
        )
    return _json({"deadlines": found})
