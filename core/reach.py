"""Who may decide an application and can be reached today: active, linked to Slack, not away, free to decide it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from core import absences, people
from core.cases import case_of
from core.office import Office
from core.records import Application, Person
from core.rules.authority import Case, who_could_approve, who_may_decide
from core.rules.calendar import date_text

MOST_NAMED = 4
"""Of so many people it is said why each cannot be reached: more would not be read on a card."""


def who_in_reach(session: Session, application: Application, *, office: Office, today: date) -> str:
    """Who may decide it, in a sentence; where nobody of them can be reached, also why not, by name (A1, A2)."""
    case = case_of(session, application)
    may = who_may_decide(case, office.policy, today)
    rows = who_could_approve(
        case.kind,
        case.fund,
        case.amount,
        office.policy,
        today,
        commissioner_interested=case.commissioner_interested,
    ).rows
    if not rows:
        return may  # it says itself that it waits for a delegation
    holders = {person.id: person for row in rows for person in people.holders(session, row.role)}
    hindered = [_hindrance(session, person, case, today) for person in holders.values()]
    if "" in hindered:
        return may
    if not hindered:
        return f"{may} Nobody on the staff list holds that role, so it waits."
    shown = "; ".join(hindered[:MOST_NAMED])
    more = f"; and {len(hindered) - MOST_NAMED} more" if len(hindered) > MOST_NAMED else ""
    return f"{may} Nobody who may is in reach, so it waits: {shown}{more}."


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
