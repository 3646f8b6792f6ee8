"""The lines of the trail about what falls due, meetings and issues of an award, as an auditor reads them."""

from __future__ import annotations

from collections.abc import Mapping

from core.audit_facts import day, moment
from core.audit_told import Detail, Told, Words, text
from core.rules.falling_due import named


def more_time(what: str) -> Words:
    """What became of a request for more time for a return (D0), and why."""

    def tell(told: Told) -> tuple[str, list[Detail]]:
        until = day(told.data.get("until"))
        details = [text(told, "reason"), text(told, "agreed_by")]
        return f"{what} the return due on {day(told.data.get('due'))}: until {until}", details

    return tell


def due(what: str, *names: str) -> Words:
    """What the office did about something that falls due (D0), with the texts of these names."""

    def tell(told: Told) -> tuple[str, list[Detail]]:
        noun = named(str(told.data.get("kind"))).noun
        until = f" until {day(told.data['until'])}" if told.data.get("until") else ""
        about = f"the {noun} due on {day(told.data.get('was') or told.data.get('due'))}"
        return f"{what.format(about=about)}{until}", [text(told, name) for name in names]

    return tell


def reassigned(told: Told) -> tuple[str, list[Detail]]:
    """Who looks after something that falls due from then on."""
    about = f"the {named(str(told.data.get('kind'))).noun} due on {day(told.data.get('due'))}"
    name = told.data.get("name")
    return f"{name} looks after {about}" if name else f"Nobody in particular looks after {about} any more", []


def issue(what: str, *names: str) -> Words:
    """What became of an issue that a recipient raised (R2), with the texts of these names."""
    return lambda told: (f"{what} {told.data.get('issue')}", [text(told, name) for name in names])


def meeting(what: str, *names: str) -> Words:
    """A line about a monitoring meeting, with what it says of when and where, and what was before."""

    def tell(told: Told) -> tuple[str, list[Detail]]:
        was = told.data.get("was")
        before = was if isinstance(was, Mapping) else {"starts_at": was}
        details = [
            Detail("At", moment(told.data.get("starts_at"))),
            Detail("Not at", moment(before.get("starts_at"))),
            *(text(told, name) for name in names),
        ]
        return f"{what} {told.data.get('meeting')}", details

    return tell


def meeting_recorded(told: Told) -> tuple[str, list[Detail]]:
    """What was said at a monitoring meeting, whose views were heard (R3), and who does what by when."""
    actions = told.data.get("actions")
    agreed = [
        Detail("To do", f"{one['who']}: {one['what']}" + (f", by {day(one['due'])}" if one.get("due") else ""))
        for one in (actions if isinstance(actions, list) else [])
    ]
    came = "The recipient came" if told.data.get("came") else "The recipient did not come"
    views = {"user_views": "Service users’ views", "partner_views": "Partners’ views"}
    texts = [text(told, "notes"), *(text(told, name, label) for name, label in views.items())]
    return f"What was said at monitoring meeting {told.data.get('meeting')} was recorded. {came}", [*texts, *agreed]
