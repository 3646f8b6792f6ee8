"""The windows of a sitting: opening one, scoring, the ranking, closing it, deciding as a set. Facts in, a view out.

Every input is optional or filled in. What applicants wrote stands apart, as plain text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot import blocks
from bot.action import Carried, View
from bot.blocks import Block, Part
from bot.sitting_message import NO_PLACE, amount_to_give, money_line, ranked_lists, stands, version_of
from bot.words import Typed, counted, day
from core import rounds
from core.office import Office
from core.ranking import Group, Line
from core.records import Application, PanelListing, Person, ScoreSheet, Sitting
from core.rules.money import display
from core.rules.policy import Criterion, Fund
from core.rules.scoring import hundredths, missing
from core.written import LONGEST_WORDS

LEAVE: Final = "leave"
"""The choice of whoever does not decide an application with the set."""


def open_form(
    funds: Sequence[Fund], able: Sequence[Person], on: date, waiting: Mapping[str, int], channel: str
) -> View:
    """Opening a sitting. `able` may be named to score beside the panel; `waiting` counts what is listed, by fund."""
    listed = [f"{fund.name}: {waiting[fund.id]:,}" for fund in funds if waiting.get(fund.id)]
    said = f"On the list of the next sitting: {', '.join(listed)}." if listed else "Nothing is listed for it yet."
    chosen = [fund.id for fund in funds if waiting.get(fund.id)] or [funds[0].id]
    body = [
        blocks.section(blocks.plain(f"{said} Up to {rounds.MOST} applications go to one sitting.")),
        blocks.field_block("name", "Name", blocks.line_box(f"Panel of {day(on)}", most=rounds.LONGEST_NAME)),
        blocks.field_block("day", "Day of the sitting", blocks.date_box(on)),
        blocks.field_block("funds", "About which funds", blocks.several([(one.id, one.name) for one in funds], chosen)),
    ]
    if able:
        choices = [(str(one.id), f"{one.name} ({one.role.replace('_', ' ')})") for one in able]
        hint = "Members of the panel score anyway. Nobody scores what they recommended or have an interest in."
        body.append(_optional("named", "Who scores beside the panel", blocks.several(choices), hint=hint))
    return _view("round_open", "Open a sitting", "Open", Carried("new", 0, 0, channel), body)


def close_form(sitting: Sitting, groups: Sequence[Group], channel: str) -> View:
    """Closing a sitting: what has not been scored yet, and a note."""
    lines = [line for group in groups for line in group.lines]
    lacking = [line for line in lines if line.lacking]
    body: list[Block] = [
        blocks.section(
            blocks.plain(
                "From now on no score can be given or changed. What is not decided yet can still be decided, or be put "
                "on the list of the next sitting."
            )
        )
    ]
    if lacking:
        rows = [
            [
                blocks.words(line.application.reference or "", 20, bold=True),
                blocks.words(Typed(", ".join(line.lacking)), 150),
            ]
            for line in lacking
        ]
        heading = blocks.paragraph(blocks.words("Still to score, and not counted", bold=True))
        body.append(blocks.rich(heading, blocks.bullets(rows)))
    note = blocks.text_box(most=LONGEST_WORDS)
    body.append(_optional("reasons", "A note for the record", note, hint="Such as who sat, and what was agreed."))
    return _view("round_close", "Close the scoring", "Close", _of(sitting, channel), body)


@dataclass(frozen=True)
class Sheet:
    """One application as a member scores it: their points so far, the criteria, how many they have left, its page."""

    listing: PanelListing
    criteria: tuple[Criterion, ...]
    given: ScoreSheet | None
    left: int
    url: str
    before: str = ""


def sheet_form(sheet: Sheet, office: Office, channel: str) -> View:
    """Scoring one application: points for each criterion, a comment, or a conflict of interest (A2)."""
    application, given = sheet.listing.application, sheet.given
    points = given.points if given is not None else {}
    body: list[Block] = [blocks.context(blocks.plain(sheet.before))] if sheet.before else []
    body += _about(application, office)
    url = blocks.button("Read it all", "open", url=sheet.url, says=f"Read {application.reference}")
    body.append(blocks.actions("pages", url))
    for one in sheet.criteria:
        scale = [(str(number), _points(number, one.highest)) for number in range(one.highest + 1)]
        chosen = blocks.dropdown(scale, str(points.get(one.id, "")))
        body.append(_optional(field_of(one.id, sheet.listing.id), one.text, chosen))
    comment = blocks.text_box(given.comment if given is not None else "", most=LONGEST_WORDS)
    hint = "The office reads it, and it stays on the record."
    body.append(_optional(comment_of(sheet.listing.id), "Comment", comment, hint=hint))
    tick = blocks.tick("yes", "I have an interest: I am out of it, and score nothing")
    hint = "Say in the comment what it is. It cannot be taken back."
    body.append(_optional(conflict_of(sheet.listing.id), "A conflict of interest?", tick, hint=hint))
    body.append(blocks.context(blocks.plain(f"{counted(sheet.left, 'application')} left for you to score.")))
    carried = Carried("listing", sheet.listing.id, given.version if given is not None else 0, channel)
    return _view("round_sheet", "Score", "Save and go on", carried, body)


def field_of(criterion: str, listing_id: int) -> str:
    """The block_id of a criterion's points, of one application's own.

    Slack keeps what was typed in an input that the next form has too, and would give it to the next application.
    """
    return f"points-{listing_id}-{criterion}"


def comment_of(listing_id: int) -> str:
    """The block_id of the comment on one application."""
    return f"comment-{listing_id}"


def conflict_of(listing_id: int) -> str:
    """The block_id of the conflict of interest in one application."""
    return f"conflict-{listing_id}"


def _points(number: int, highest: int) -> str:
    words = {0: " – not at all", highest: " – fully"}.get(number, "")
    return f"{number}{words}"


def pick_form(
    sitting: Sitting,
    mine: Sequence[tuple[PanelListing, ScoreSheet | None, tuple[Criterion, ...]]],
    channel: str,
    said: str = "",
) -> View:
    """What one member may score of a sitting, each with how far they are; one is chosen and opened."""
    options = [
        (str(listing.id), f"{_done(sheet, criteria)}: {_name(listing.application)}")
        for listing, sheet, criteria in mine
    ]
    body: list[Block] = [blocks.section(blocks.plain(said))] if said else []
    body.append(_optional("listing", "Which do you want to score?", blocks.dropdown(options, options[0][0])))
    return _view("round_scores", "My scores", "Open", _of(sitting, channel), body)


def _done(sheet: ScoreSheet | None, criteria: Sequence[Criterion]) -> str:
    if sheet is None:
        return "To score"
    return "Unfinished" if missing(sheet.points, criteria) else "Scored"


def _name(application: Application) -> str:
    return f"{application.reference} {application.organisation_name}"


def ranking_view(sitting: Sitting, groups: Sequence[Group], office: Office, url: str) -> View:
    """The ranking against the money, to be read."""
    made: list[Block] = []
    for group in groups:
        made += [blocks.header(money_line(group, office)), blocks.rich(*ranked_lists(group, short=False))]
    if not made:
        made.append(blocks.section(blocks.plain("Nothing is on its list.")))
    if any(line.placed.tied for group in groups for line in group.lines):
        made.append(blocks.context(blocks.plain(NO_PLACE)))
    told = "A score is the mean of the members' points by the weights of the criteria. It decides nothing."
    made.append(blocks.context(blocks.plain(told)))
    csv = blocks.button("Ranking as CSV", "open", url=url, says=f"Ranking of {day(sitting.day)} as CSV")
    made.append(blocks.actions("pages", csv))
    return _read("Ranking", made)


@dataclass(frozen=True)
class Proposal:
    """An application in a set, with what is filled in: reasons for approving, or for declining what should be."""

    line: Line
    conditions: str
    reasons: str


def set_form(
    proposals: Sequence[Proposal],
    left_out: Sequence[tuple[Application, str]],
    number: int,
    channel: str,
) -> View:
    """Deciding as a set: for each application a choice and its own reasons, confirmed once, each its own decision.

    What is recommended stands chosen where the money reaches it; `left_out` is what this person may not decide.
    """
    body: list[Block] = [
        blocks.section(
            blocks.plain(
                "Each is a decision of its own, with its own reasons: approved as recommended, or declined. For "
                "another amount or other conditions use the application's card."
            )
        )
    ]
    for one in proposals:
        body += _choice(one)
    if left_out:
        rows = [[blocks.words(_name(one), 60), blocks.words(f"– {why}", 200)] for one, why in left_out]
        heading = blocks.paragraph(blocks.words("Not for you to decide", bold=True))
        body.append(blocks.rich(heading, blocks.bullets(rows)))
    return _view("round_decide", "Decide as a set", "Decide all of these", Carried("set", number, 0, channel), body)


def _choice(one: Proposal) -> list[Block]:
    line, application = one.line, one.line.application
    amount = display(amount_to_give(application))
    fits = line.placed.fits is not False
    scored = f"{hundredths(line.score)} of 100" if line.score is not None else "not scored"
    place = f"{line.placed.place}. " if line.placed.place is not None else ""
    reach = "" if line.placed.fits is None else f"the money {'reaches' if fits else 'does not reach'} it"
    said = application.recommendation
    by = [blocks.words("by"), blocks.words(Typed(said.person.name), 60)] if said is not None else []
    told = [
        blocks.paragraph(blocks.words(f"{place}{amount}", bold=True), blocks.words(Typed(_name(application)), 120)),
        blocks.paragraph(blocks.words("; ".join(part for part in (scored, reach) if part))),
        blocks.paragraph(blocks.words(stands(application)), *by),
    ]
    if one.conditions:
        told.append(
            blocks.paragraph(blocks.words("Conditions, if approved:"), blocks.words(Typed(one.conditions), 200))
        )
    choices = [("approved", f"Approve {amount}"), ("declined", "Decline"), (LEAVE, "Leave it for now")]
    recommended = "declined" if said is not None and said.outcome == "decline" else "approved" if fits else LEAVE
    key = f"{application.id}-{application.version}"
    hint = "If it is declined, the applicant reads them."
    return [
        blocks.divider(),
        blocks.rich(*told),
        blocks.field_block(f"choice-{key}", "Decision", blocks.dropdown(choices, recommended)),
        _optional(f"reasons-{key}", "Reasons", blocks.text_box(one.reasons, most=LONGEST_WORDS), hint=hint),
    ]


def came_of(done: Sequence[str], refused: Sequence[tuple[str, str]]) -> View:
    """What came of a set: what was decided, and what was not, with why."""
    made: list[Block] = []
    if done:
        heading = blocks.paragraph(blocks.words(f"Decided: {len(done):,}", bold=True))
        made.append(blocks.rich(heading, blocks.bullets([[blocks.words(one, 200)] for one in done])))
    if refused:
        rows = [[blocks.words(one, 100, bold=True), blocks.words(f"– {why}", 500)] for one, why in refused]
        heading = blocks.paragraph(blocks.words(f"Left out: {len(refused):,}. Nothing was changed there", bold=True))
        made.append(blocks.rich(heading, blocks.bullets(rows)))
    if not made:
        made.append(blocks.section(blocks.plain("You left all of them for now. Nothing was decided.")))
    return _read("Decided as a set", made)


def scored_all(said: str) -> View:
    """Nothing is left to score."""
    return _read("Scored", [blocks.section(blocks.plain(said))])


def _about(application: Application, office: Office) -> list[Block]:
    """Who asks for what, and what was recommended: what a member scores, with a link to all of it."""
    said = application.recommendation
    parts: list[Part] = [
        blocks.paragraph(
            blocks.words(display(application.amount or 0), bold=True),
            blocks.words(f"from the {office.policy.fund_name(application.fund)}", 100),
        ),
        blocks.paragraph(
            blocks.words(Typed(application.organisation_name or ""), 150),
            blocks.words("–"),
            blocks.words(Typed(application.title or ""), 200),
        ),
        blocks.quote(Typed(application.need or ""), 900),
    ]
    outcomes = [
        [blocks.words(Typed(f"{one.outcome} – {one.measure}: {one.target}"), 200)] for one in application.outcomes[:3]
    ]
    if outcomes:
        parts.append(blocks.bullets(outcomes))
    if said is not None:
        head = blocks.words(stands(application).capitalize(), bold=True)
        parts += [
            blocks.paragraph(head, blocks.words("by"), blocks.words(Typed(said.person.name), 60)),
            blocks.quote(Typed(said.reasons), 400),
        ]
    return [blocks.rich(*parts), blocks.context(blocks.plain(application.reference or ""))]


def _optional(block_id: str, label: str, element: Part, *, hint: str = "") -> Block:
    return blocks.field_block(block_id, label, element, hint=hint, optional=True)


def _of(sitting: Sitting, channel: str) -> Carried:
    return Carried("sitting", sitting.id, version_of(sitting), channel)


def _view(callback: str, title: str, submit: str, carried: Carried, body: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": carried.packed(),
        "title": blocks.plain(title, 24),
        "submit": blocks.plain(submit, 24),
        "close": blocks.plain("Cancel", 24),
        "blocks": body,
    }


def _read(title: str, body: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": "round_read",
        "title": blocks.plain(title, 24),
        "close": blocks.plain("Close", 24),
        "blocks": body,
    }
