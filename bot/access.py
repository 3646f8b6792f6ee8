"""Who may do what from Slack: one question, asked at the press and again at the submission.

An action that is not in `bot.actions.ACTIONS` cannot be done. Whoever is not on the staff list under this very Slack
account, by (team, user), can do nothing: names and addresses, which people choose for themselves, are never looked at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.action import Ask
from bot.actions import ACTIONS
from core import people
from core.errors import Refused
from core.office import Office


def permit(
    session: Session,
    subject: Any,
    action: str,
    *,
    team: str,
    user: str,
    office: Office,
    now: datetime,
    channel: str = "",
) -> Ask[Any]:
    """The request of whoever is behind the Slack account `user` of the workspace `team`: they may do `action` to it.

    Raises Refused, with the reason and what to do next, for everybody else and for every action without a rule.
    """
    known = ACTIONS.get(action)
    if known is None:
        raise Refused("This button is not known any more. Open the newest card of this application.")
    person = people.by_slack(session, team, user)
    if person is None:
        raise Refused(
            f"Your Slack account is not linked to anybody on the office's staff list, so you cannot do this. "
            f"Ask the office to link it: it is {team}/{user}.",
            "A1",
        )
    ask = Ask(session, subject, person, office, now, channel)
    refusal = known.may(ask)
    if refusal is not None:
        raise refusal
    return ask
