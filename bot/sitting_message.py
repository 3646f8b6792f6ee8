"""A sitting in the approvals channel: one message, updated in place, with what can be done to it.

Its `text` names no application: there is one message for a reference, and that is the application's card. What was
scored is shown only when scoring has ended, so that nobody's scores are led by others'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from bot import blocks
from bot.action import Carried
from bot.blocks import Block, Message, Part
from bot.cards import state_words
from bot.words import Typed, counted, day
from core import rounds, scores
from core.office import Office
from core.ranking import Group, Line, amount_of, ranking
from core.records import Application, Sitting
from core.rules.calendar import year_label
from core.rules.lifecycle import ApplicationState, SittingState
from core.rules.money import display
from core.rules.scoring import hundredths

A_SET: Final = 20
"""Applications that are decided in one form: it holds a choice and reasons for each, and is to be read through."""

MOST_SCORERS: Final = 20
"""Whose progress is named; the others are counted."""

NO_PLACE: Final = "Equal scores are in the order in which the applications came in."

STATES: Final = {
    SittingState.OPEN: "Its scoring has not begun",
    SittingState.SCORING: "The panel scores",
    SittingState.CLOSED: "Closed: no score can be changed",
}
_ORDER: Final = tuple(SittingState)


def version_of(sitting: Sitting) -> int:
    """What a button carries of how a sitting stood."""
    return _ORDER.index(SittingState(sitting.status))


def message_for_sitting(session: Session, sitting: Sitting, *, office: Office) -> Message:
    """The message of a sitting as it stands now."""
    now = office.clock()
    groups = ranking(session, sitting, office=office, now=now)
    lines = [line for group in groups for line in group.lines]
    state = SittingState(sitting.status)
    told = f"{counted(len(lines), 'application')}, {_decided(lines):,} decided"
    made: list[Block] = [
        blocks.header(f"Sitting of the panel on {day(sitting.day)}"),
        blocks.rich(
            blocks.paragraph(blocks.words(Typed(sitting.name), rounds.LONGEST_NAME, bold=True)),
            blocks.paragraph(blocks.words(f"{STATES[state]}. {told}.")),
        ),
    ]
    made += _progress(session, sitting, state, office)
    made += [_listed(group, state, office) for group in groups]
    made.append(blocks.context(blocks.plain(_next(session, sitting, state))))
    made += buttons(sitting, lines)
    return Message(f"Sitting of the panel on {day(sitting.day)}: {STATES[state].lower()}. {told}.", made)


def summary(sitting: Sitting, lines: Sequence[Line]) -> list[Block]:
    """A sitting in two lines with its buttons, for a list of several."""
    state = SittingState(sitting.status)
    told = f"{STATES[state]}. {counted(len(lines), 'application')}, {_decided(lines):,} decided."
    heading = blocks.paragraph(blocks.words(day(sitting.day), bold=True), blocks.words(Typed(sitting.name), 80))
    return [blocks.rich(heading, blocks.paragraph(blocks.words(told))), *buttons(sitting, lines)]


def _decided(lines: Sequence[Line]) -> int:
    return sum(line.application.decision is not None for line in lines)


def _progress(session: Session, sitting: Sitting, state: SittingState, office: Office) -> list[Block]:
    """How far each member is: scores are waited for from people, so people are named."""
    people = rounds.scorers(session, sitting)
    if state is SittingState.CLOSED:
        return []
    if state is SittingState.OPEN:
        names = [[blocks.words(Typed(one.name), 60)] for one in people[:MOST_SCORERS]]
        nobody = [[blocks.words("Nobody yet: add members of the panel to the staff list.")]]
        return [blocks.rich(blocks.paragraph(blocks.words("Who scores", bold=True)), blocks.bullets(names or nobody))]
    rows: list[list[Part]] = []
    for one in people[:MOST_SCORERS]:
        mine = len(scores.to_score(session, sitting, one))
        if not mine:  # all is decided, or they are out of all of it
            continue
        left = len(scores.left_to_score(session, sitting, one, office))
        rows.append([blocks.words(Typed(one.name), 60), blocks.words(f"– {mine - left:,} of {mine:,} scored")])
    if len(people) > MOST_SCORERS:
        rows.append([blocks.words(f"and {len(people) - MOST_SCORERS:,} more")])
    return (
        [blocks.rich(blocks.paragraph(blocks.words("Scores so far", bold=True)), blocks.bullets(rows))] if rows else []
    )


def _listed(group: Group, state: SittingState, office: Office) -> Block:
    """What is on the list of one fund's year: by place once scoring has ended, before in the order of submission."""
    heading = blocks.paragraph(blocks.words(money_line(group, office), 200, bold=True))
    if state is SittingState.CLOSED:
        return blocks.rich(heading, *ranked_lists(group, short=True))
    by_submission = sorted(group.lines, key=_submitted)
    return blocks.rich(heading, blocks.bullets([_line(line) for line in by_submission]))


def _submitted(line: Line) -> tuple[datetime, int]:
    return line.placed.entry.submitted_at, line.listing.id


def _line(line: Line) -> list[Part]:
    application = line.application
    return [
        blocks.words(application.reference or "", 20, bold=True),
        blocks.words(Typed(application.organisation_name or ""), 50),
        blocks.words(f"– {display(line.amount)}, {stands(application)}", 80),
    ]


def stands(application: Application) -> str:
    """How an application of a sitting stands, in a few words."""
    decision, said = application.decision, application.recommendation
    if decision is not None:
        given = f" {display(decision.amount)}" if decision.amount is not None else ""
        return f"{decision.outcome}{given}"
    if said is not None:
        return {"decline": "recommended: decline", "less": "recommended: less"}.get(said.outcome, "recommended")
    return state_words(ApplicationState(application.status), None).lower()


def money_line(group: Group, office: Office) -> str:
    """A group's fund and year, and what is left of it."""
    left = "no money allocated yet" if group.available is None else f"{display(group.available)} left"
    return f"{office.policy.fund_name(group.fund)} {year_label(group.year)}: {left}"


def ranked_lists(group: Group, *, short: bool) -> list[Part]:
    """A group's ranking with the line where the money runs out: what fits, what does not, what takes
    nothing, what has no place.

    `short` leaves out who has not scored yet.
    """
    placed = [line for line in group.lines if line.placed.place is not None]
    known = group.available is not None
    fits = [line for line in placed if line.placed.fits or not known]
    nothing = [line for line in placed if line.placed.fits is None and known]
    beyond = [line for line in placed if line.placed.fits is False]
    others = [line for line in group.lines if line.placed.place is None]
    headings = (
        ("The money reaches these" if known else "In the order of their scores", fits),
        ("The money does not reach these", beyond),
        ("These take no more of it: decided, or recommended to decline", nothing),
        ("Not scored by every criterion yet, so they have no place", others),
    )
    parts: list[Part] = []
    for heading, lines in headings:
        if lines:
            parts.append(blocks.paragraph(blocks.words(heading, bold=True)))
            parts.append(blocks.bullets([_ranked(line, short=short) for line in lines]))
    return parts


def _ranked(line: Line, *, short: bool) -> list[Part]:
    application, place = line.application, line.placed
    head = f"{place.place}." if place.place is not None else "–"
    said = [f"{display(line.amount)}, {stands(application)}"]
    if line.score is not None:
        scored = (
            f"{hundredths(line.score)} of 100{' (equal)' if place.tied else ''} by {counted(line.counted, 'member')}"
        )
        said.insert(0, scored)
    if place.fits is not None and not short:
        said.append(f"together {display(place.taken)}")
    if line.set_aside and not short:
        said.append(f"{counted(line.set_aside, 'score')} of somebody who is out of it not counted")
    parts = [
        blocks.words(head),
        blocks.words(application.reference or "", 20, bold=True),
        blocks.words(Typed(application.organisation_name or ""), 50),
        blocks.words("– " + "; ".join(said), 200),
    ]
    if line.lacking and not short:
        parts += [blocks.words("– still to score:"), blocks.words(Typed(", ".join(line.lacking)), 120)]
    return parts


def _next(session: Session, sitting: Sitting, state: SittingState) -> str:
    """Who does what next."""
    if state is SittingState.OPEN:
        more = rounds.waiting_to_be_taken(session, sitting)
        also = f" It then takes {counted(more, 'more', 'more')} from the list." if more else ""
        return f"Next: somebody of the office begins the scoring.{also}"
    if state is SittingState.SCORING:
        return "Next: each member scores; then the office closes the scoring. The ranking decides nothing."
    return "Next: what is recommended is decided, one by one or as a set. The ranking decides nothing."


def buttons(sitting: Sitting, lines: Sequence[Line]) -> list[Block]:
    """What can be done to a sitting as it stands; whoever presses is asked who they are."""
    state, value = SittingState(sitting.status), Carried("sitting", sitting.id, version_of(sitting)).packed()
    about = f"the sitting on {day(sitting.day)}"
    begin = blocks.button("Begin scoring", "round_begin", value=value, style="primary", says=f"Begin scoring: {about}")
    close = blocks.button("Close scoring…", "round_close", value=value, says=f"Close scoring: {about}")
    show = blocks.button("Ranking", "round_ranking", value=value, says=f"Ranking of {about}")
    first = {
        SittingState.OPEN: [begin, blocks.button("Close…", "round_close", value=value, says=f"Close {about}")],
        SittingState.SCORING: [
            blocks.button("Score…", "round_score", value=value, style="primary", says=f"Score for {about}"),
            blocks.button("My scores…", "round_scores", value=value, says=f"My scores for {about}"),
            show,
            close,
        ],
        SittingState.CLOSED: [show],
    }[state]
    return [blocks.actions(f"sitting-{sitting.id}-{state}", *first), *_sets(sitting, lines)]


def _sets(sitting: Sitting, lines: Sequence[Line]) -> list[Block]:
    """A button for each form of what is recommended and not decided; none while there is nothing to decide."""
    waiting = len(to_decide(lines))
    made = []
    for page, first in enumerate(range(0, waiting, A_SET)):
        last = min(first + A_SET, waiting)
        label = "Decide as a set…" if waiting <= A_SET else f"Decide {first + 1} to {last}…"
        value = Carried("set", set_number(sitting.id, page), 0).packed()
        says = f"Decide {first + 1} to {last} of the sitting on {day(sitting.day)} as a set"
        made.append(
            blocks.actions(
                f"sitting-{sitting.id}-set-{page}", blocks.button(label, "round_decide", value=value, says=says)
            )
        )
    return made


def to_decide(lines: Sequence[Line]) -> list[Line]:
    """What is recommended and not decided, in the order of the ranking."""
    return [line for line in lines if line.application.status == ApplicationState.RECOMMENDED]


PAGES: Final = -(-rounds.MOST // A_SET)
"""How many forms all applications of a sitting take."""


def set_number(sitting_id: int, page: int) -> int:
    """What a button calls one form of a sitting, counted from 0."""
    return sitting_id * PAGES + page


def of_set(number: int) -> tuple[int, int]:
    """The sitting and the page that `set_number` was made from."""
    return divmod(number, PAGES)


def amount_to_give(application: Application) -> int:
    """What approving it in a set gives: what was recommended, else all that was asked for, in pence."""
    return amount_of(application)
