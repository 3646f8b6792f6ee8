"""Who may decide an application and can be reached today: active, linked to Slack, not away, free to decide it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from core import absences, people
from core.cases import case_of
from core.office import Office
from core.records import Application, Person
from core.rules.authority import Case, who_could_approve, who_may_decide
from core.rules.calendar import date_text
from core.rules.policy import Role

MOST_NAMED = 4
"""Of so many people it is said why each cannot be reached: more would not be read on a card."""


def who_in_reach(session: Session, application: Application, *, office: Office, today: date) -> str:
    """Who may decide it, in a sentence; where nobody of them can be reached, also why not, by name (A1, A2)."""
    case = case_of(session, application)
    may = who_may_decide(case, office.policy, today)
    roles = _roles(case, office, today)
    if not roles:
        return may  # it says itself that it waits for a delegation
    hindered = [_hindrance(session, person, case, today) for person in _holders(session, roles)]
    if "" in hindered:
        return may
    if not hindered:
        return f"{may} Nobody on the staff list holds that role, so it waits."
    shown = "; ".join(hindered[:MOST_NAMED])
    more = f"; and {len(hindered) - MOST_NAMED} more" if len(hindered) > MOST_NAMED else ""
    return f"{may} Nobody who may is in reach, so it waits: {shown}{more}."


def in_reach(session: Session, application: Application, *, office: Office, today: date) -> list[Person]:
    """Those of them who can be reached today: nobody where it waits for somebody to come back, or for a delegation."""
    case = case_of(session, application)
    holders = _holders(session, _roles(case, office, today))
    return [person for person in holders if not _hindrance(session, person, case, today)]


def _roles(case: Case, office: Office, today: date) -> list[Role]:
    rows = who_could_approve(
        case.kind,
        case.fund,
        case.amount,
        office.policy,
        today,
        commissioner_interested=case.commissioner_interested,
    ).rows
    return [row.role for row in rows]


def _holders(session: Session, roles: Iterable[Role]) -> list[Person]:
    return list({person.id: person for role in roles for person in people.holders(session, role)}.values())


def _hindrance(session: Session, person: Person, case: Case, today: date) -> str:
    """Why somebody whose role may decide it cannot be reached for it, "" where they can."""
    if person.id in case.interests:
        return f"{person.name} has declared an interest"
    if person.id == case.recommended_by or person.id in case.recommended_before:
        return f"{person.name} recommended it"
    absence = absences.absence_on(session, person, today)
    if absence is not None:
        return f"{person.name} is away until {date_text(absence.until_day)}"
    if not person.slack_user:
        return f"{person.name} is not linked to Slack yet"
    return ""
