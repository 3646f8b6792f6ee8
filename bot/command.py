"""The command `/award-desk`: what it can be asked, and its answers, which only the asker sees.

It reads the record and changes nothing. Words that it does not know are looked for as `find` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from bot import blocks
from bot.action import Carried
from bot.blocks import Block, Message
from bot.cards import state_words
from bot.home import fund_words, row_blocks
from bot.home_facts import DAYS_AHEAD, fund_rows, home_facts
from bot.sitting_message import summary
from bot.words import Typed, counted, day, escaped
from core import finding, for_staff, rounds
from core.office import Office, london_day
from core.ranking import ranking
from core.records import Application, Person
from core.rules.calendar import financial_year, year_label
from core.rules.falling_due import noun
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import display

NAME: Final = "/award-desk"
MOST_FOUND: Final = 8
"""How many applications one answer shows: more want better words."""

MOST_DUE: Final = 25
"""How many deadlines one answer names; the rest are counted."""

MOST_SITTINGS: Final = 4
"""How many sittings one answer shows: those that are not closed first."""

USAGE: Final = (
    (f"{NAME} find WORDS", "applications and awards, by reference, organisation, title or postcode"),
    (f"{NAME} mine", "what waits for you, the oldest first"),
    (f"{NAME} due", f"what falls due in the next {DAYS_AHEAD} days"),
    (f"{NAME} overdue", "what was due and has not come in"),
    (f"{NAME} fund NAME", "a fund's money this year; without a name, every fund's"),
    (f"{NAME} round", "sittings of the panel: what is to be scored, the ranking, deciding as a set; opening one"),
    (f"{NAME} help", "this list"),
)


def answered(session: Session, person: Person, text: str, *, office: Office, now: datetime) -> Message:
    """The answer to what somebody typed after the command."""
    word, _, rest = text.strip().partition(" ")
    known = _ASKED.get(word.lower())
    if known is not None:
        return known(session, person, rest.strip(), office, now)
    return _find(session, person, text.strip(), office, now)


def _help(_session: Session, _person: Person, _rest: str, _office: Office, _now: datetime) -> Message:
    lines = [[blocks.words(usage, bold=True), blocks.words(f"– {what}")] for usage, what in USAGE]
    return Message(
        f"What {NAME} can do: {'; '.join(usage.removeprefix(NAME).strip() for usage, _ in USAGE)}.",
        [blocks.header("What you can ask"), blocks.rich(blocks.bullets(lines))],
    )


def _find(session: Session, _person: Person, rest: str, office: Office, _now: datetime) -> Message:
    if not rest:
        return _said(f"Say what to find, such as '{NAME} find boxing club' or a reference.")
    found = finding.found(session, rest, most=MOST_FOUND + 1)
    if not found:
        return Message(
            f"Nothing was found for '{escaped(rest, 100)}'.",
            [
                blocks.rich(
                    blocks.paragraph(blocks.words("Nothing was found for"), blocks.words(f"'{rest}'", 100)),
                    blocks.paragraph(
                        blocks.words(
                            "References, organisations, titles and postcodes are searched for every word. "
                            "Try fewer words, or part of one."
                        )
                    ),
                )
            ],
        )
    made: list[Block] = []
    for application in found[:MOST_FOUND]:
        made += _found(application, office)
    if len(found) > MOST_FOUND:
        made.append(blocks.context(blocks.plain(f"There are more: these are the latest {MOST_FOUND}. Add a word.")))
    references = ", ".join(one.reference or "" for one in found[:MOST_FOUND])
    return Message(f"Found: {references}.", made)


def _found(application: Application, office: Office) -> list[Block]:
    """One application in two lines, with a button to read it all."""
    state = ApplicationState(application.status)
    award = AwardState(application.award.status) if application.award is not None else None
    amount = application.award.amount if application.award is not None else application.amount or 0
    name = office.policy.fund_name(application.fund)
    head = blocks.paragraph(
        blocks.words(application.reference or "", 20, bold=True),
        blocks.words(f"{display(amount)} from the {name}: {state_words(state, award).lower()}", 200),
    )
    who = blocks.paragraph(
        blocks.words(Typed(application.organisation_name or ""), 120),
        blocks.words("–"),
        blocks.words(Typed(application.title or ""), 150),
    )
    value = Carried("application", application.id, application.version).packed()
    return [
        blocks.rich(head, who),
        blocks.actions(
            f"found-{application.id}",
            blocks.button("Read it all", "read", value=value, says=f"Read it all: {application.reference}"),
        ),
    ]


def _mine(session: Session, person: Person, _rest: str, office: Office, now: datetime) -> Message:
    facts = home_facts(session, person, office=office, now=now)
    if not facts.total:
        return _said("Nothing waits for you.")
    made: list[Block] = [block for row in facts.rows for block in row_blocks(row)]
    if facts.total > len(facts.rows):
        made.append(blocks.context(blocks.plain(f"The oldest {len(facts.rows)} of {facts.total}. Home has them all.")))
    references = ", ".join(row.reference for row in facts.rows)
    return Message(f"{counted(facts.total, 'application')} waiting for you: {references}.", made)


def _due(session: Session, person: Person, _rest: str, _office: Office, now: datetime) -> Message:
    today = london_day(now)
    found = for_staff.coming_due(session, since=today, until=today + timedelta(days=DAYS_AHEAD))
    return _deadlines(found, person, f"due in the next {DAYS_AHEAD} days")


def _overdue(session: Session, person: Person, _rest: str, _office: Office, now: datetime) -> Message:
    found = for_staff.coming_due(session, until=london_day(now) - timedelta(days=1))
    return _deadlines(found, person, "overdue")


def _deadlines(found: Sequence[for_staff.Due], reader: Person, what: str) -> Message:
    if not found:
        return _said(f"Nothing is {what}.")
    lines = []
    for one in found[:MOST_DUE]:
        who = [blocks.words(Typed(one.who), 80)] if one.who else []
        whose = one.with_whom(reader)
        owner = f", with {whose}" if whose else ""
        said = blocks.words(f"– {noun(one.kind)}, {day(one.due)}{owner}", 200)
        lines.append([blocks.words(one.reference, 20, bold=True), *who, said])
    made: list[Block] = [blocks.header(f"{counted(len(found), 'thing')} {what}"), blocks.rich(blocks.bullets(lines))]
    if len(found) > MOST_DUE:
        made.append(blocks.context(blocks.plain(f"and {len(found) - MOST_DUE:,} more on the staff pages.")))
    return Message(f"{counted(len(found), 'thing')} {what}, the earliest first.", made)


def _fund(session: Session, _person: Person, rest: str, office: Office, now: datetime) -> Message:
    year = financial_year(london_day(now))
    rows = fund_rows(session, office, year)
    chosen = [row for row in rows if rest.lower() in row.name.lower()]
    if not chosen:
        names = ", ".join(row.name for row in rows)
        return _said(f"No fund of that name. There are: {names}.")
    made = [block for row in chosen for block in fund_words(row)]
    return Message(
        escaped(f"{year_label(year)}: {', '.join(f'{row.name} {display(row.left)} left' for row in chosen)}.", 1_000),
        [blocks.header(f"Funds {year_label(year)}"), *made],
    )


def _round(session: Session, person: Person, _rest: str, office: Office, now: datetime) -> Message:
    """The latest sittings with their buttons, and for those who run them the one that opens another."""
    refusal = rounds.may_see(person)
    if refusal is not None:
        return _said(refusal.reason)
    found = rounds.latest(session, most=MOST_SITTINGS)
    made: list[Block] = [blocks.header("Sittings of the panel")]
    if not found:
        made.append(blocks.rich(blocks.paragraph(blocks.words("There is no sitting yet."))))
    for one in found:
        groups = ranking(session, one, office=office, now=now)
        made += summary(one, [line for group in groups for line in group.lines])
    if rounds.may_run(person, office) is None:
        new = Carried("new", 0, 0).packed()
        made.append(blocks.actions("round-open", blocks.button("Open a sitting…", "round_open", value=new)))
    return Message(f"{counted(len(found), 'sitting')} of the panel.", made)


def _said(text: str) -> Message:
    return Message(escaped(text, 1_000), [blocks.rich(blocks.paragraph(blocks.words(text)))])


_ASKED: Final[Mapping[str, Callable[[Session, Person, str, Office, datetime], Message]]] = {
    "": _help,
    "help": _help,
    "find": _find,
    "mine": _mine,
    "due": _due,
    "overdue": _overdue,
    "fund": _fund,
    "funds": _fund,
    "round": _round,
    "rounds": _round,
}
