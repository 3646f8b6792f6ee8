"""Who may do what from Slack: one rule for each action, asked at the press and again at the submission.

An action that is not in `ACTIONS` cannot be done. Whoever is not on the staff list under this very Slack account, by
(team, user), can do nothing: names and addresses, which people choose for themselves, are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from bot.cards import OPEN_STATES
from core import deciding, people
from core.errors import Conflict, Refused
from core.office import Office
from core.records import Application, Person
from core.rules.lifecycle import ApplicationState
from core.rules.policy import Body

Rule = Callable[[Session, Application, Person, Office, datetime], Refused | None]
"""Says why this person may not do it to this application now, or None if they may."""


def _recommend(
    session: Session, application: Application, person: Person, office: Office, now: datetime
) -> Refused | None:
    return deciding.may(session, application, person, "recommend", office=office, now=now)


def _approve(
    session: Session, application: Application, person: Person, office: Office, now: datetime
) -> Refused | None:
    return deciding.may(session, application, person, "approve", office=office, now=now)


def _decline(
    session: Session, application: Application, person: Person, office: Office, now: datetime
) -> Refused | None:
    return deciding.may(session, application, person, "decline", office=office, now=now)


def _interest(
    session: Session, application: Application, person: Person, office: Office, now: datetime
) -> Refused | None:
    """Anybody of the office, whatever their role, while there is something to be kept out of (A2)."""
    if application.decision is not None:
        return deciding.may(session, application, person, "decline", office=office, now=now)
    if ApplicationState(application.status) not in OPEN_STATES:
        return Conflict("This application is no longer open, so there is nothing to declare an interest in.", "A2")
    if Body(person.body) is not Body.OFFICE:
        return Refused(
            "Constabulary staff neither recommend nor decide, so there is no interest to declare here.", "A2"
        )
    if person in deciding.interests_in(session, application):
        return Conflict("You have declared an interest in this application already, and are out of it.", "A2")
    return None


def _look(
    _session: Session, _application: Application, _person: Person, _office: Office, _now: datetime
) -> Refused | None:
    """A link to a public page: Slack tells us of the press, and there is nothing to do."""
    return None


ACTIONS: Final[Mapping[str, Rule]] = MappingProxyType(
    {"recommend": _recommend, "approve": _approve, "decline": _decline, "interest": _interest, "open": _look}
)
"""Every action_id that a card or a message can carry, with its rule."""


def permit(
    session: Session,
    application: Application,
    action: str,
    *,
    team: str,
    user: str,
    office: Office,
    now: datetime,
) -> Person:
    """The person who may do `action` to this application now, behind the Slack account `user` of the workspace `team`.

    Raises Refused, with the reason and what to do next, for everybody else and for every action without a rule.
    """
    rule = ACTIONS.get(action)
    if rule is None:
        raise Refused("This button is not known any more. Open the newest card of this application.")
    person = people.by_slack(session, team, user)
    if person is None:
        raise Refused(
            f"Your Slack account is not linked to anybody on the office's staff list, so you cannot do this. "
            f"Ask the office to link it: it is {team}/{user}.",
            "A1",
        )
    refusal = rule(session, application, person, office, now)
    if refusal is not None:
        raise refusal
    return person
