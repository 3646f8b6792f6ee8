"""The Home tab: what waits for whoever reads it, what is due, the funds' money, and what they last decided.

Facts in, a view out; nothing is looked up here. Slack lets a tab stand for days, so its buttons re-check everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bot import blocks
from bot.action import Carried, View
from bot.blocks import Block, Part
from bot.words import Typed, counted, day, local_moment
from core.office import london_moment
from core.rules.falling_due import noun
from core.rules.money import display

A_PAGE = 10
"""How many applications are shown at once: a view holds 100 blocks, and a person ten things."""

MOST_DUE = 12
"""How many deadlines are named; the rest are counted."""

BAR = 20
"""How many signs a fund's bar is long."""


@dataclass(frozen=True)
class Row:
    """An application that the reader may move on by `actions` ("recommend", "approve", "decline")."""

    id: int
    version: int
    reference: str
    organisation: Typed
    title: Typed
    amount: int
    fund: str
    submitted_at: datetime
    recommended: Typed | None
    actions: tuple[str, ...]


@dataclass(frozen=True)
class DueRow:
    """Something that falls due, or was due; `owner` looks after it: "you", or "" for nobody."""

    reference: str
    who: Typed
    kind: str
    due: date
    owner: str = ""


@dataclass(frozen=True)
class FundRow:
    """A fund's money in a year, in pence: `awardable` is what can be given in all, `committed` includes `paid`."""

    name: str
    awardable: int
    committed: int
    paid: int
    left: int
    known: bool


@dataclass(frozen=True)
class SaidRow:
    """What the reader last recommended or decided; `amount` in pence, None where nothing is given."""

    reference: str
    who: Typed
    what: str
    amount: int | None
    at: datetime


@dataclass(frozen=True)
class ScoringRow:
    """A sitting that waits for the reader's scores of `left` applications."""

    id: int
    version: int
    name: Typed
    day: date
    left: int


@dataclass(frozen=True)
class HomeFacts:
    """Everything that one person's Home shows.

    `also` are counts of what else waits for the office, a phrase each. `due` are at most MOST_DUE things, of which
    `late_more` more are overdue, and `due_more` more are to come. `notice` is what they have just been refused, and
    why. `stand_in` says for whom they stand in, or who does for them.
    """

    name: Typed
    today: date
    year: str
    desk_url: str
    rows: tuple[Row, ...] = ()
    page: int = 0
    total: int = 0
    scoring: tuple[ScoringRow, ...] = ()
    also: tuple[str, ...] = ()
    due: tuple[DueRow, ...] = ()
    late_more: int = 0
    due_more: int = 0
    days_ahead: int = 0
    funds: tuple[FundRow, ...] = ()
    said: tuple[SaidRow, ...] = ()
    notice: str = ""
    notes: tuple[str, ...] = ()
    buttons: tuple[Part, ...] = field(default=())


def home(facts: HomeFacts) -> View:
    """The view of a person's Home tab."""
    made: list[Block] = []
    if facts.notice:
        said = blocks.paragraph(blocks.words("Not done:", bold=True), blocks.words(facts.notice, 800))
        made += [blocks.rich(said), blocks.divider()]
    made += [block for row in facts.scoring for block in _scoring(row)]
    made.append(blocks.header(f"Waiting for you: {facts.total:,}"))
    made += [blocks.context(blocks.plain(note, 300)) for note in facts.notes]
    made += _waiting(facts)
    if facts.also:
        made.append(blocks.rich(blocks.paragraph(blocks.words("Waiting for the office", bold=True)), _list(facts.also)))
    made.append(
        blocks.actions(
            "home-foot",
            blocks.button("Refresh", "home", value=_page(facts.page)),
            blocks.button("Staff pages", "open", url=facts.desk_url, says="Open the staff pages"),
            *facts.buttons,
        )
    )
    made += _due(facts)
    made += _funds(facts)
    made += _said(facts.said)
    return {"type": "home", "callback_id": "home", "blocks": made}


def for_nobody(reason: str, *buttons: Part) -> View:
    """The Home of an account that may see nothing: why, and what to do about it."""
    made: list[Block] = [
        blocks.header("Award Desk"),
        blocks.rich(blocks.paragraph(blocks.words(reason, 800))),
    ]
    if buttons:
        made.append(blocks.actions("home-foot", *buttons))
    return {"type": "home", "callback_id": "home", "blocks": made}


def _scoring(row: ScoringRow) -> list[Block]:
    """A sitting with the button to score for it: it ends on a day, and so stands first."""
    value = Carried("sitting", row.id, row.version).packed()
    said = f"{counted(row.left, 'application')} to score for the sitting on {day(row.day)}"
    return [
        blocks.rich(blocks.paragraph(blocks.words(said, 200, bold=True)), blocks.paragraph(blocks.words(row.name, 80))),
        blocks.actions(
            f"home-sitting-{row.id}",
            blocks.button("Score…", "round_score", value=value, style="primary", says=said),
        ),
    ]


def _page(number: int) -> str:
    return Carried("page", number, 0).packed()


def _waiting(facts: HomeFacts) -> list[Block]:
    if not facts.total:
        nothing = "Nothing waits for you. New applications appear here by themselves."
        if facts.scoring:
            nothing = "No application waits for you to recommend or decide."
        return [blocks.rich(blocks.paragraph(blocks.words(nothing)))]
    made: list[Block] = []
    for row in facts.rows:
        made += [*row_blocks(row), blocks.divider()]
    first, last = facts.page * A_PAGE + 1, facts.page * A_PAGE + len(facts.rows)
    turns = []
    if facts.page:
        turns.append(blocks.button("Earlier ones", "home_back", value=_page(facts.page - 1)))
    if last < facts.total:
        turns.append(blocks.button("Later ones", "home_on", value=_page(facts.page + 1)))
    if turns:
        made.append(blocks.context(blocks.plain(f"{first} to {last} of {facts.total}, the oldest first")))
        made.append(blocks.actions("home-pages", *turns))
    return made


def row_blocks(row: Row) -> list[Block]:
    """Who, what, how much, how old, and the buttons; the card has the rest."""
    about = [
        blocks.paragraph(blocks.words(f"{display(row.amount)} from the {row.fund}", 120, bold=True)),
        blocks.paragraph(blocks.words(row.organisation, 120), blocks.words("–"), blocks.words(row.title, 150)),
    ]
    if row.recommended is not None:
        about.append(blocks.paragraph(blocks.words("Recommended by"), blocks.words(row.recommended, 100)))
    value = Carried("application", row.id, row.version).packed()
    labels = {"recommend": "Recommend…", "approve": "Approve…", "decline": "Decline…"}
    styles = {"recommend": "primary", "approve": "primary", "decline": "danger"}
    buttons = [
        blocks.button(
            labels[action], action, value=value, style=styles[action],
            says=f"{labels[action].rstrip('…')}: {row.reference}",
        )
        for action in row.actions
    ]  # fmt: skip
    return [
        blocks.rich(*about),
        blocks.context(blocks.mrkdwn(f"{row.reference} · came in {local_moment(row.submitted_at)}")),
        blocks.actions(
            f"home-{row.id}-{row.version}",
            *buttons,
            blocks.button("Read it all", "read", value=value, says=f"Read it all: {row.reference}"),
        ),
    ]


def _list(lines: Sequence[str]) -> Part:
    return blocks.bullets([[blocks.words(line, 200)] for line in lines])


def _due(facts: HomeFacts) -> list[Block]:
    made: list[Block] = [blocks.header("Deadlines")]
    late = [one for one in facts.due if one.due < facts.today]
    coming = [one for one in facts.due if one.due >= facts.today]
    parts: list[Part] = []
    for heading, group in (("Overdue", late), (f"In the next {counted(facts.days_ahead, 'day')}", coming)):
        if group:
            parts.append(blocks.paragraph(blocks.words(heading, bold=True)))
            parts.append(blocks.bullets([_due_line(one) for one in group]))
    more = facts.late_more + facts.due_more
    if more:
        parts.append(blocks.paragraph(blocks.words(f"and {more:,} more on the staff pages.")))
    if not parts:
        parts.append(blocks.paragraph(blocks.words(f"Nothing is due in the next {counted(facts.days_ahead, 'day')}.")))
    return [*made, blocks.rich(*parts)]


def _due_line(one: DueRow) -> list[Part]:
    said = [blocks.words(one.reference, 20, bold=True)]
    if one.who:
        said.append(blocks.words(one.who, 80))
    owner = f", with {one.owner}" if one.owner else ""
    return [*said, blocks.words(f"– {noun(one.kind)}, {day(one.due)}{owner}", 200)]


def _funds(facts: HomeFacts) -> list[Block]:
    """Each fund as a bar and in words: the words alone say it all."""
    if not facts.funds:
        return []
    return [blocks.header(f"Funds {facts.year}"), *(block for fund in facts.funds for block in fund_words(fund))]


def fund_words(fund: FundRow) -> list[Block]:
    """One fund's money, as a bar and in words."""
    name = blocks.words(fund.name, 80, bold=True)
    if not fund.known:
        return [blocks.rich(blocks.paragraph(name, blocks.words("– no money has been allocated yet.")))]
    waits = fund.committed - fund.paid
    said = (
        f"{display(fund.left)} left of {display(fund.awardable)}: {display(fund.paid)} paid, "
        f"{display(waits)} committed and not yet paid."
    )
    lines = (
        blocks.paragraph(name),
        blocks.paragraph(blocks.words(bar(fund))),
        blocks.paragraph(blocks.words(said, 300)),
    )
    return [blocks.rich(*lines)]


def bar(fund: FundRow) -> str:
    """A fund's money as a bar: paid, committed, left. Anything at all is at least one sign, and all are BAR signs."""
    if fund.awardable <= 0:
        return "░" * BAR
    paid = _signs(fund.paid, fund.awardable)
    committed = max(_signs(fund.committed, fund.awardable), paid)
    if fund.left > 0 and committed == BAR:
        committed, paid = BAR - 1, min(paid, BAR - 1)
    return "█" * paid + "▓" * (committed - paid) + "░" * (BAR - committed)


def _signs(pence: int, of: int) -> int:
    """How many of BAR signs `pence` are, rounded down, and one at least for anything; never more than there are."""
    return min(max(pence * BAR // of, 1 if pence > 0 else 0), BAR)


def _said(said: Sequence[SaidRow]) -> list[Block]:
    if not said:
        return []
    lines = []
    for one in said:
        amount = f" {display(one.amount)}" if one.amount is not None else ""
        lines.append(
            [
                blocks.words(one.reference, 20, bold=True),
                blocks.words(one.who, 80),
                blocks.words(f"– {one.what}{amount}, {london_moment(one.at)}"),
            ]
        )
    return [blocks.header("What you last recommended or decided"), blocks.rich(blocks.bullets(lines))]
