"""What the deadlines channel is told of an address that refuses our mail: whose, what was lost, and what to do now.

It is told at once and once for each address: quiet hours hold only what one person is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.words import Typed, day, listed
from core import deadlines, mail_refusals
from core.audit_letters import letter
from core.records import Application, Nudge, OutboxMessage
from core.rules.falling_due import noun

MOST_LISTED = 30
"""How many applications are named; a mail is rarely about more than one or two."""

MOST_BUTTONS = 5
"""How many of them have a button of their own."""


def message_for_refusal(
    session: Session, refused: OutboxMessage, *, told: Mapping[str, Any], public_url: str
) -> Message:
    """The message on this refused mail, of which `told` says who refused it, and which applications are new to that.

    It names the contact, and never the address (W4).
    """
    by, mine = str(told["by"]), told.get("applications")
    about = [one for one in mail_refusals.applications_of(session, refused) if mine is None or one.id in mine]
    second = str(refused.payload.get("to", "")).startswith("second")
    what = letter(refused.kind)
    references = [application.reference for application in about if application.reference]
    named = listed([str(one) for one in references[:5]])
    concerned = f" on {named}" if named else ""
    could_not = f"{by[:1].upper()}{by[1:]} could not deliver {what}{' to the second contact' if second else ''}."
    parts = [blocks.paragraph(blocks.words(f"{could_not} It is about:" if about else could_not))]
    if about:
        lost = _lost(session, refused)
        parts.append(blocks.bullets([_line(one, lost, second=second) for one in about[:MOST_LISTED]]))
        parts.append(blocks.paragraph(*_meanwhile(about, second=second)))
    made: list[Block] = [
        blocks.header("A mail did not arrive: please telephone"),
        blocks.rich(*parts),
        blocks.context(
            blocks.plain(
                "Telephone the contact, tell them what the mail said, and ask for an address that works. Then change "
                "who we write to. You are told once: what is refused after this is listed on that page."
            )
        ),
    ]
    if about:
        made += _buttons(about, public_url)
    return Message(f"A mail did not arrive{concerned}: {what}. Please telephone.", made)


def _lost(session: Session, refused: OutboxMessage) -> dict[int, list[str]]:
    """What a reminder was of, by application."""
    found: dict[int, list[str]] = {}
    for nudge in deadlines.nudges_of(session, mail_refusals.original(session, refused)):
        if nudge.deadline.application is not None:
            found.setdefault(nudge.deadline.application.id, []).append(_reminder(nudge))
    return found


def _reminder(nudge: Nudge) -> str:
    return f"{noun(nudge.deadline.kind)} due on {day(nudge.due)}"


def _line(application: Application, lost: Mapping[int, Sequence[str]], *, second: bool) -> list[Part]:
    name = application.second_name if second else application.contact_name
    owner = application.taken_by.name if application.taken_by is not None else ""
    reminders = lost.get(application.id, [])
    return [
        blocks.words(application.reference or "", 20, bold=True),
        blocks.words(Typed(application.organisation_name or ""), 80),
        blocks.words("– second contact:" if second else "– contact:"),
        blocks.words(Typed(name or "nobody by name"), 80),
        *([blocks.words(f"– {listed(reminders[:3])}")] if reminders else []),
        blocks.words(f"– for {owner}" if owner else "– nobody has taken it on"),
    ]


def _meanwhile(about: Sequence[Application], *, second: bool) -> list[Part]:
    """Who gets our mail until the address is changed."""
    if second:
        return [blocks.words("The first contact still gets our mail.")]
    others = {one.second_name or "": one for one in about if one.second_email}
    if not others:
        return [blocks.words("There is no second contact, so nobody of theirs gets our mail until then.")]
    names = [blocks.words(Typed(name or "the second contact"), 80) for name in list(others)[:3]]
    some = "" if len([one for one in about if one.second_email]) == len(about) else " For the others there is nobody."
    return [
        blocks.words("Meanwhile it goes on to the second contact:"),
        *names,
        *([blocks.words(some)] if some else []),
    ]


def _buttons(about: Sequence[Application], public_url: str) -> list[Block]:
    """A button for each application, to the page where the address is changed."""
    return [
        blocks.actions(
            f"who_we_write_to_{number}",
            blocks.button(
                f"{one.reference}: change who we write to" if len(about) > 1 else "Change who we write to",
                "open",
                url=f"{public_url}/desk/contacts/{one.reference}",
                says=f"Change who we write to about {one.reference}",
            ),
        )
        for number, one in enumerate(about[:MOST_BUTTONS])
    ]
