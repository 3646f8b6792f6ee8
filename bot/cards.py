"""The card of an application: facts in, a message out. It is to be read on a phone in ten seconds.

Order: what is asked and by whom, how it stands, what is missing, what the fund has left, who is next, the buttons.
Nothing here reads a record, a clock or Slack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from bot import blocks
from bot.action import Carried
from bot.blocks import Block, Message, Part
from bot.words import NOTHING, Typed, counted, day, escaped, listed, local_moment, one_line
from core.office import london_moment
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import display

OPEN_STATES = frozenset({ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED})
"""States in which a decision is still to come: the buttons are there in these and in no other."""

MOST_FINDINGS = 8
"""How many findings are spelt out; the rest are counted. Slack has a limit on a message's whole text."""

MOST_NAMES = 10
"""How many people with an interest are named; the rest are counted."""

MOST_OUTCOMES = 3
"""How many outcomes are spelt out; the rest are counted."""

MOST_NOTES = 3
"""How many earlier bids that look like this one are named; the rest are counted."""

MOST_ANSWERS = 4
"""How many answers beyond the usual ones are shown; the rest are counted."""

LATER = {"signing": "Before signing", "payment": "Before payment", "review": "At the review"}
"""What waits for a step after the decision, and how the card calls it."""

RECOMMENDED = {"approve": "approve", "less": "approve less", "decline": "decline"}
"""How a recommendation's outcome reads in a sentence."""

_KINDS = {
    "grant": "Grant application",
    "contract": "Contract",
    "co_commissioned": "Co-commissioned contract",
    "invoice": "Paid invoice",
}


@dataclass(frozen=True)
class Point:
    """A finding as the card shows it: rule, verdict ("met", "not_met", "advice"), why, and what would mend it.

    `needed_by` is the step that waits for the remedy, such as "recommendation" or "payment"; "" where none does.
    """

    rule: str
    verdict: str
    because: Typed
    remedy: Typed = NOTHING
    needed_by: str = ""


@dataclass(frozen=True)
class FundLeft:
    """What a fund has in the year that the award would fall in, in pence; `available` None: nothing allocated yet."""

    name: str
    year: str
    available: int | None


@dataclass(frozen=True)
class Recommended:
    """The recommendation that stands: by whom, what ("approve", "less", "decline"), how much in pence, and why."""

    by: Typed
    outcome: str
    amount: int
    reasons: Typed
    conditions: Typed
    at: datetime


@dataclass(frozen=True)
class Decided:
    """The decision: by whom, "approved" or "declined", how much in pence if approved, and why."""

    by: Typed
    outcome: str
    amount: int | None
    reasons: Typed
    conditions: Typed
    at: datetime


@dataclass(frozen=True)
class Asked:
    """The last question to the applicant: by whom, when, and the answer; `answer` is empty while there is none.

    `open`: it waits for the answer.
    """

    by: Typed
    at: datetime
    question: Typed
    answer: Typed
    open: bool


@dataclass(frozen=True)
class ApplicationCard:
    """Everything that a card shows. Money in pence. `next_step` is the desk's sentence on who may do what next.

    `more` is what was asked because of the award's size, its fund or the office's policy: each answer with its label.
    `noticed` is what the desk saw when it came in, such as an earlier bid that looks like it: a sentence each.
    """

    id: int
    version: int
    reference: str
    state: ApplicationState
    kind: str
    organisation: Typed
    title: Typed
    need: Typed
    amount: int
    purchases: int
    area: Typed
    objective: Typed
    outcomes: tuple[Typed, ...]
    start: date | None
    end: date | None
    points: tuple[Point, ...]
    fund: FundLeft
    submitted_at: datetime
    next_step: str
    out: tuple[Typed, ...] = ()
    recommendation: Recommended | None = None
    decision: Decided | None = None
    award: AwardState | None = None
    accept_by: date | None = None
    register_url: str = ""
    more: tuple[tuple[str, Typed], ...] = ()
    noticed: tuple[str, ...] = ()
    asked: Asked | None = None

    @property
    def open(self) -> bool:
        """Whether a decision is still to come."""
        return self.state in OPEN_STATES

    def of(self, verdict: str) -> tuple[Point, ...]:
        """The findings with this verdict, in their own order."""
        return tuple(point for point in self.points if point.verdict == verdict)


def card(facts: ApplicationCard) -> Message:
    """The message that shows an application as it stands."""
    made: list[Block] = [blocks.header(_heading(facts)), _who_and_what(facts)]
    if facts.decision is not None:
        made.append(_decision(facts, facts.decision))
    elif facts.recommendation is not None:
        made.append(_recommendation(facts.recommendation))
    if facts.open:
        if facts.asked is not None:
            made.append(_asked(facts.asked))
        made.append(
            blocks.rich(blocks.paragraph(blocks.words("Why it is needed", bold=True)), blocks.quote(facts.need, 280))
        )
        made += _outcomes(facts.outcomes)
        made += _more(facts.more)
        made += _findings(facts)
        made += _noticed(facts.noticed)
        made.append(blocks.rich(_fund_line(facts)))
        made += _interests(facts.out)
    made.append(blocks.rich(blocks.paragraph(blocks.words("Next:", bold=True), blocks.words(facts.next_step, 600))))
    buttons = _buttons(facts)
    if buttons:
        made.append(blocks.actions(f"card-{facts.version}", *buttons))
    made.append(
        blocks.context(
            blocks.mrkdwn(
                f"*{facts.reference}* · submitted {local_moment(facts.submitted_at)} · {_state(facts).lower()}"
            )
        )
    )
    return Message(_summary(facts), made)


def after_award(available: int | None, amount: int, name: str, year: str) -> str:
    """What an award of `amount` pence would leave in a fund, in words (F6). `available` None: nothing allocated yet."""
    if available is None:
        return f"{name} {year}: no money has been allocated for this year yet."
    left = available - amount
    if left < 0:
        short = f"{display(-left)} too little for this award of {display(amount)}"
        return f"{name} {year}: {display(available)} left, {short}."
    return f"{name} {year}: {display(available)} left; this award of {display(amount)} would leave {display(left)}."


def points_list(points: Iterable[Point], most: int = MOST_FINDINGS) -> list[Part]:
    """Findings as parts of rich text, each with its rule in bold, and a count of those that there is no room for."""
    every = list(points)
    parts: list[Part] = []
    if every:
        parts.append(blocks.bullets([_point(point) for point in every[:most]]))
    if len(every) > most:
        parts.append(blocks.paragraph(blocks.words(f"and {counted(len(every) - most, 'more finding')}.")))
    return parts


def _heading(facts: ApplicationCard) -> str:
    amount = display(_amount_that_counts(facts))
    return f"{_KINDS.get(facts.kind, 'Application')}: {amount} from the {facts.fund.name} – {_state(facts)}"


def _amount_that_counts(facts: ApplicationCard) -> int:
    if facts.decision is not None and facts.decision.amount is not None:
        return facts.decision.amount
    return facts.amount


def _state(facts: ApplicationCard) -> str:
    return state_words(facts.state, facts.award)


def state_words(state: ApplicationState, award: AwardState | None) -> str:
    """How an application, or the award that came of it, stands, in two or three words."""
    if award is not None:
        return {
            AwardState.OFFERED: "Approved, offer sent",
            AwardState.ACTIVE: "Approved, offer accepted",
            AwardState.COMPLETED: "Approved, completed",
            AwardState.REFUSED: "Approved, offer refused",
            AwardState.EXPIRED: "Approved, offer expired",
            AwardState.DECOMMISSIONED: "Approved, de-commissioned",
        }[award]
    return {
        ApplicationState.DRAFT: "Not submitted",
        ApplicationState.SUBMITTED: "New",
        ApplicationState.QUERIED: "Question asked",
        ApplicationState.RECOMMENDED: "Recommended",
        ApplicationState.APPROVED: "Approved",
        ApplicationState.DECLINED: "Declined",
        ApplicationState.WITHDRAWN: "Withdrawn",
    }[state]


def _who_and_what(facts: ApplicationCard) -> Block:
    dates = f"{day(facts.start)} to {day(facts.end)}" if facts.start and facts.end else "not given"
    suppliers = f", {display(facts.purchases)} of it to one supplier" if facts.purchases else ""
    return blocks.table(
        [
            ("Who", facts.organisation),
            ("What", facts.title),
            ("Asked for", f"{display(facts.amount)}{suppliers}; {dates}"),
            ("Plan objective", facts.objective),
            ("Area", facts.area),
        ]
    )


def _outcomes(outcomes: tuple[Typed, ...]) -> list[Block]:
    """What will change and how it will be known (N3), as far as a glance holds it."""
    if not outcomes:
        return []
    parts = [
        blocks.paragraph(blocks.words("What will change", bold=True)),
        blocks.bullets([[blocks.words(outcome, 160)] for outcome in outcomes[:MOST_OUTCOMES]]),
    ]
    if len(outcomes) > MOST_OUTCOMES:
        parts.append(blocks.paragraph(blocks.words(f"and {counted(len(outcomes) - MOST_OUTCOMES, 'more outcome')}.")))
    return [blocks.rich(*parts)]


def _more(answers: tuple[tuple[str, Typed], ...]) -> list[Block]:
    """What larger awards, victim services and the office's own questions bring, a glance at each."""
    if not answers:
        return []
    rows = [[blocks.words(f"{label}:", bold=True), blocks.words(text, 120)] for label, text in answers[:MOST_ANSWERS]]
    parts = [blocks.bullets(rows)]
    if len(answers) > MOST_ANSWERS:
        parts.append(blocks.paragraph(blocks.words(f"and {counted(len(answers) - MOST_ANSWERS, 'more answer')}.")))
    return [blocks.rich(*parts)]


def _recommendation(made: Recommended) -> Block:
    what = RECOMMENDED.get(made.outcome, made.outcome)
    amount = "" if made.outcome == "decline" else f", {display(made.amount)},"
    return _said(f"Recommended: {what}{amount}", made.by, made.at, made.reasons, made.conditions)


def _asked(asked: Asked) -> Block:
    """The last question, and the answer once there is one."""
    head = blocks.paragraph(
        blocks.words("Asked", bold=True),
        blocks.words("by"),
        blocks.words(asked.by, 100),
        blocks.words(f"on {london_moment(asked.at)}"),
    )
    parts = [head, blocks.quote(asked.question, 400)]
    if asked.answer:
        parts += [blocks.paragraph(blocks.words("The applicant answered", bold=True)), blocks.quote(asked.answer, 400)]
    elif not asked.open:
        parts.append(blocks.paragraph(blocks.words("Taken back.")))
    return blocks.rich(*parts)


def _decision(facts: ApplicationCard, made: Decided) -> Block:
    if made.outcome == "declined" or made.amount is None:
        return _said("Declined", made.by, made.at, made.reasons, made.conditions)
    asked = f" of {display(facts.amount)}" if made.amount != facts.amount else ""
    return _said(f"Approved: {display(made.amount)}{asked}", made.by, made.at, made.reasons, made.conditions)


def _said(what: str, by: Typed, at: datetime, reasons: Typed, conditions: Typed) -> Block:
    """Who said what and when, with the reasons and the conditions set apart as that person's words."""
    head = blocks.paragraph(
        blocks.words(what, bold=True),
        blocks.words("by"),
        blocks.words(by, 100),
        blocks.words(f"on {london_moment(at)}"),
    )
    parts = [head]
    if reasons:
        parts.append(blocks.quote(reasons, 400))
    if conditions:
        parts += [blocks.paragraph(blocks.words("Conditions", bold=True)), blocks.quote(conditions, 400)]
    return blocks.rich(*parts)


def _point(point: Point) -> list[Part]:
    label = {"not_met": "Not met", "advice": "Check", "met": "Met"}.get(point.verdict, point.verdict)
    if point.verdict == "advice":
        label = LATER.get(point.needed_by, label)
    parts = [blocks.words(f"{label} ({point.rule}):", bold=True), blocks.words(point.because, 300)]
    return [*parts, blocks.words(point.remedy, 200)] if point.remedy else parts


def _findings(facts: ApplicationCard) -> list[Block]:
    """What stands in the way first, then what to look at now, then what waits for a later step, the rest in a line."""
    missing, advice, met = facts.of("not_met"), facts.of("advice"), facts.of("met")
    later = tuple(point for point in advice if point.needed_by in LATER)
    advice = tuple(point for point in advice if point.needed_by not in LATER)
    if not missing and not advice:
        heading = "Nothing is missing for a decision" if later else "Nothing is missing"
    elif missing:
        heading = f"{counted(len(missing), 'rule')} not met: it cannot be approved as it stands"
    else:
        heading = f"No rule is broken; {counted(len(advice), 'thing')} to check"
    made = [blocks.rich(blocks.paragraph(blocks.words(heading, bold=True)), *points_list((*missing, *advice, *later)))]
    if met:
        made.append(blocks.context(blocks.plain(f"Met: {', '.join(point.rule for point in met)}", 300)))
    return made


def _noticed(notes: tuple[str, ...]) -> list[Block]:
    if not notes:
        return []
    rows = [[blocks.words(note, 300)] for note in notes[:MOST_NOTES]]
    heading = blocks.paragraph(blocks.words("Seen before?", bold=True))
    more = [f"and {counted(len(notes) - MOST_NOTES, 'more bid')}."] if len(notes) > MOST_NOTES else []
    return [blocks.rich(heading, blocks.bullets(rows), *(blocks.paragraph(blocks.words(one)) for one in more))]


def _fund_line(facts: ApplicationCard) -> Part:
    fund = facts.fund
    amount = facts.recommendation.amount if facts.recommendation and facts.recommendation.amount else facts.amount
    return blocks.paragraph(
        blocks.words("Fund:", bold=True), blocks.words(after_award(fund.available, amount, fund.name, fund.year), 400)
    )


def _interests(out: tuple[Typed, ...]) -> list[Block]:
    if not out:
        return []
    pieces = [blocks.words("Declared an interest, and out of this one:", bold=True)]
    pieces += [blocks.words(name, 80) for name in out[:MOST_NAMES]]
    if len(out) > MOST_NAMES:
        pieces.append(blocks.words(f"and {len(out) - MOST_NAMES} more"))
    pieces = [pieces[0], *[one for piece in pieces[1:-1] for one in (piece, blocks.words("·"))], pieces[-1]]
    return [blocks.rich(blocks.paragraph(*pieces))]


def _buttons(facts: ApplicationCard) -> list[Part]:
    if not facts.open:
        if not facts.register_url:
            return []
        return [blocks.button("Open on the register", "open", url=facts.register_url, says=f"Open {facts.reference}")]
    value = Carried("application", facts.id, facts.version).packed()
    # Whoever presses is told if it is not for them, or not yet: a card cannot know who reads it.
    first = "recommend" if facts.recommendation is None else "approve"
    rows = [
        ("Recommend…", "recommend", "primary" if first == "recommend" else ""),
        ("Approve…", "approve", "primary" if first == "approve" else ""),
        ("Decline…", "decline", "danger"),
        ("Declare an interest…", "interest", ""),
    ]
    return [
        blocks.button(label, action, value=value, style=style, says=f"{label.rstrip('…')}: {facts.reference}")
        for label, action, style in rows
    ]


def _summary(facts: ApplicationCard) -> str:
    """The whole card in a line: for a notification, a screen reader, and a search."""
    asks = (
        f"{facts.reference}: {escaped(facts.organisation, 120)} asks for {display(facts.amount)} from the "
        f"{escaped(facts.fund.name, 80)} ({escaped(facts.title, 150)})."
    )
    return f"{asks} {_outcome(facts)}"


def _outcome(facts: ApplicationCard) -> str:
    made = facts.decision
    if made is not None and made.outcome == "approved" and made.amount is not None:
        conditions = ", with conditions" if made.conditions else ""
        who = f"by {escaped(made.by, 80)} on {london_moment(made.at)}"
        return f"{_state(facts)}: {display(made.amount)}, {who}{conditions}."
    if made is not None:
        return f"Declined by {escaped(made.by, 80)} on {london_moment(made.at)}."
    if facts.state is ApplicationState.RECOMMENDED and facts.recommendation is not None:
        said = facts.recommendation
        amount = "" if said.outcome == "decline" else f" {display(said.amount)}"
        what = f"{RECOMMENDED.get(said.outcome, said.outcome)}{amount}"
        return f"Recommended by {escaped(said.by, 80)}: {what}. It waits for a decision."
    missing = [one_line(point.rule) for point in facts.of("not_met")]
    not_met = f" Not met: {listed(missing)}." if missing else ""
    waits = {
        ApplicationState.SUBMITTED: "New: it waits for a recommendation.",
        ApplicationState.QUERIED: "It waits for the applicant's answer.",
        ApplicationState.WITHDRAWN: "Withdrawn by the applicant.",
    }.get(facts.state, f"{_state(facts)}.")
    return f"{waits}{not_met if facts.open else ''}"
