"""Who may do what from Slack: one question, asked at the press, at the submission, of a command and of Home.

An action that is not in `bot.actions.ACTIONS` cannot be done. Whoever is not on the staff list under this very Slack
account, by (team, user), can do nothing: names and addresses, which people choose for themselves, are never looked at.
And nobody can whose account Slack does not vouch for: what is allowed is allowed to an `Account`, which only Slack's
word makes. Slack is asked outside every transaction, and only of somebody whom the record would allow it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.accounts import Account, Accounts
from bot.action import Ask
from bot.actions import ACTIONS
from core import people
from core.errors import Refused
from core.office import Office
from core.records import Person


class Unlinked(Refused):
    """The Slack account is nobody's of the staff list; they can be told how to link it."""


def linked(session: Session, team: str, user: str) -> Person:
    """Who is behind a Slack account, by the record alone. Raises Unlinked, in words for them."""
    person = people.by_slack(session, team, user)
    if person is None:
        raise Unlinked(
            "Your Slack account is not linked to anybody on the office's staff list, so you cannot do this. "
            f"Link it with your office e-mail address, or ask the office to link it: it is {team}/{user}.",
            "A1",
        )
    return person


def reader(session: Session, team: str, user: str) -> Person:
    """Who is behind a Slack account, if they read what the desk holds: in Home, by the command. Raises Refused."""
    person = linked(session, team, user)
    reason = people.why_not_read(person)
    if reason:
        raise Refused(reason, "A2")
    return person


def permit(
    session: Session,
    subject: Any,
    action: str,
    account: Account,
    *,
    office: Office,
    now: datetime,
    channel: str = "",
) -> Ask[Any]:
    """The request of whoever is behind a Slack account that Slack vouches for: they may do `action` to the subject.

    Raises Refused, with the reason and what to do next, for everybody else and for every action without a rule.
    """
    return _on_record(session, subject, action, account.team, account.user, office, now, channel)


def refuse_strangers(
    session: Session, subject: Any, action: str, *, team: str, user: str, office: Office, now: datetime
) -> None:
    """What `permit` asks of the record, before Slack is asked anything: it permits nothing. Raises Refused."""
    _on_record(session, subject, action, team, user, office, now, "")


def vouched_for(
    office: Office, accounts: Accounts, team: str, user: str, on_record: Callable[[Session], object]
) -> Account:
    """The Slack account, vouched for by Slack, of somebody whom the record allows what they want.

    `on_record` asks the record, and raises Refused; it is asked only where Slack would have to be. Not for use inside a
    transaction. Raises Refused.
    """
    kept = accounts.kept(team, user)
    if kept is not None:
        return kept
    with office.reading() as session:
        on_record(session)
    return accounts.vouched(team, user)


def _on_record(
    session: Session,
    subject: Any,
    action: str,
    team: str,
    user: str,
    office: Office,
    now: datetime,
    channel: str,
) -> Ask[Any]:
    known = ACTIONS.get(action)
    if known is None:
        raise Refused("This button is not known any more. Open the newest card of this application.")
    ask = Ask(session, subject, linked(session, team, user), office, now, channel)
    refusal = known.may(ask)
    if refusal is not None:
        raise refusal
    return ask
