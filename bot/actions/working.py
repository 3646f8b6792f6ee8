"""Working on an application from its card: whose it is, also as an award that runs, the list of the next sitting, and
undoing a wrong press.
"""

from __future__ import annotations

from typing import Final

from bot import modals
from bot.action import Action, Ask, Entered, View
from bot.actions.applications import APPLICATION
from bot.application_card import card_facts
from core import handing_on, panel_list, taking, undoing
from core.errors import Conflict, Refused
from core.office import london_moment
from core.records import Application


def _may_work(ask: Ask[Application]) -> Refused | None:
    return taking.may_work_on(ask.session, ask.subject, ask.person, office=ask.office)


def _may_undo(ask: Ask[Application]) -> Refused | None:
    return undoing.may(ask.session, ask.subject, ask.person, office=ask.office, now=ask.now)


def _take(ask: Ask[Application]) -> str:
    """Take on what is nobody's: whoever is second is told who was first, and takes nothing from them unawares."""
    holder, since = ask.subject.taken_by, ask.subject.taken_at
    if holder is not None and holder.id != ask.person.id:
        when = f" since {london_moment(since)}" if since is not None else ""
        raise Conflict(f"{holder.name} has had it{when}. If it should be yours, choose 'Take it over' from the menu.")
    taking.take(ask.session, ask.subject.id, ask.person, office=ask.office, now=ask.now)
    return ""


def _take_over(ask: Ask[Application]) -> str:
    taking.take(ask.session, ask.subject.id, ask.person, office=ask.office, now=ask.now)
    return ""


def _put_on_list(ask: Ask[Application]) -> str:
    standing = panel_list.listing(ask.session, ask.subject)
    if standing is None:  # one for a certain day is not moved by a press on an old card
        panel_list.put_on_list(ask.session, ask.subject.id, ask.person, office=ask.office, now=ask.now)
    return ""


def _take_off_list(ask: Ask[Application]) -> str:
    panel_list.take_off_list(ask.session, ask.subject.id, ask.person, office=ask.office, now=ask.now)
    return ""


def _may_give(ask: Ask[Application]) -> Refused | None:
    return handing_on.may(ask.session, ask.subject, ask.person)


def _open_give(ask: Ask[Application]) -> View:
    owners = [(one.id, one.name) for one in handing_on.may_have(ask.session, ask.subject)]
    others = [number for number, _ in owners if number != ask.subject.taken_by_id]
    start = ask.person.id if ask.person.id in others else (others or [ask.person.id])[0]
    facts = card_facts(ask.session, ask.subject, office=ask.office)
    return modals.give_award(facts, ask.channel, owners=owners, start=start)


def _give(ask: Ask[Application], given: Entered) -> None:
    typed = given.text("owner")
    owner = int(typed) if typed.isdecimal() and len(typed) < 16 else 0
    handing_on.give(ask.session, ask.subject.id, ask.person, owner, office=ask.office, now=ask.now)


def _open_undo(ask: Ask[Application]) -> View:
    return modals.undo(card_facts(ask.session, ask.subject, office=ask.office), ask.channel)


def _undo(ask: Ask[Application], given: Entered) -> None:
    undoing.undo(ask.session, ask.subject.id, ask.person, reason=given.text("reasons"), office=ask.office, now=ask.now)


ACTIONS: Final = (
    Action("take", APPLICATION, _may_work, does=_take),
    Action("take_over", APPLICATION, _may_work, does=_take_over),
    Action("put_on_list", APPLICATION, _may_work, does=_put_on_list),
    Action("take_off_list", APPLICATION, _may_work, does=_take_off_list),
    Action("give_award", APPLICATION, _may_give, opens=_open_give, submits=_give),
    Action("undo", APPLICATION, _may_undo, opens=_open_undo, submits=_undo),
)
"""Who may is asked of the core, which asks it again when the change is made."""
