"""Bringing a policy into force, short, for tests: the shipped file with one thing changed, proposed and applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from core import policies
from core.office import Office
from core.policies import AtStart, Proposal
from core.policy_file import SHIPPED
from tests.core.casework import messages

TEXT = SHIPPED.read_text(encoding="utf-8")
TODAY, APRIL, MAY = date(2026, 11, 23), date(2027, 4, 1), date(2027, 5, 1)


def changed(old: str, new: str, text: str = TEXT) -> str:
    """The shipped file, or another, with the first of these changed."""
    assert old in text, old
    return text.replace(old, new, 1)


HIGHER = changed('cap = { value = "3500.00"', 'cap = { value = "4000.00"')
LOWER = changed('cap = { value = "3500.00"', 'cap = { value = "1500.00"')
"""A Youth Fund that gives up to £4,000, or no more than £1,500."""

SHORTER = changed("acceptance_days = { value = 28", "acceptance_days = { value = 14")
"""Offers that are open for fourteen days."""

WRONG = changed("return_months = { value = 6", "return_months = { value = 12")
DELEGATION = """
[[delegations]]
role = "director"
kinds = ["grant"]
upper_limit = "2500.00"
since = 2026-11-01
source = "Scheme of governance"
"""
DELEGATED = TEXT + DELEGATION


def proposed(office: Office, toml: str, from_day: date | None = None) -> Proposal:
    """Check a text and try it on the record, for today unless another day is given."""
    today = office.today()
    with office.reading() as session:
        return policies.propose(
            session, toml, name="office.toml", from_day=from_day or today, office=office, today=today
        )


def applied(office: Office, toml: str, from_day: date | None = None, by: str = "Ada", note: str = "") -> Proposal:
    """Bring a text into force."""
    proposal = proposed(office, toml, from_day)
    with office.sessions.begin() as session:
        return policies.apply(session, proposal, by=by, note=note, office=office, now=office.clock())


def started(office: Office, toml: str = TEXT) -> AtStart:
    """A process starts with this policy file."""
    own = replace(office, policy=proposed(office, toml).policy, policy_text=toml)
    with office.sessions.begin() as session:
        return policies.note_file(session, office=own, name="office.toml", now=office.clock())


def cards(office: Office) -> list[str]:
    """The keys of the card messages that a policy has caused."""
    return [message.key for message in messages(office, "card") if ":policy-" in message.key]
