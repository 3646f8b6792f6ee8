"""The card of an application: facts in, a message out. It is to be read on a phone in ten seconds.

Order: what is asked and by whom, how it stands, what is missing, their need in their words, what else is known, who is
next, the buttons. What is longer than a glance is behind "Read it all" (`bot.read_all`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot import blocks
from bot.blocks import Block, Message, Part
from bot.card_buttons import rows
from bot.card_facts import ApplicationCard, Asked, Decided, Outside, Point, Recommended
from bot.words import Typed, counted, day, escaped, listed, local_moment, one_line
from core.office import london_day, london_moment
from core.rules.lifecycle import RUNNING, ApplicationState, AwardState
from core.rules.money import display
from core.rules.sources import TITLES

MOST_FINDINGS = 4
"""How many findings a card spells out; the rest are counted. A form has room for more."""

MOST_NAMES = 10
"""How many people with an interest are named; the rest are counted."""

MOST_NOTES = 2
"""How many earlier bids that look like this one are named; the rest are counted."""

MOST_OVERDUE = 2
"""How many overdue returns are named; the rest are counted."""

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
        made.append(_findings(facts))
        made.append(blocks.rich(blocks.paragraph(blocks.words("In their words", bold=True)), *_in_their_words(facts)))
        made.append(_known(facts))
    made.append(blocks.rich(*_interests(facts.out if facts.open else ()), _whose(facts)))
    made += rows(facts)
    came = "recorded" if _outside(facts) else "came in"
    came_in = f"{came} {local_moment(facts.submitted_at, ago=facts.open)}"
    made.append(blocks.context(blocks.mrkdwn(f"*{facts.reference}* · {came_in} · {_state(facts).lower()}")))
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


def points_list(points: Iterable[Point], most: int, *, because: int = 300, remedy: int = 200) -> list[Part]:
    """Findings as parts of rich text, each with its rule in bold, and a count of those that there is no room for.

    `because` and `remedy` are the most characters of each; what is met, or waits for a later step, needs no remedy now.
    """
    every = list(points)
    parts: list[Part] = []
    if every:
        parts.append(blocks.bullets([_point(point, because, remedy) for point in every[:most]]))
    if len(every) > most:
        parts.append(blocks.paragraph(blocks.words(f"and {counted(len(every) - most, 'more finding')}.")))
    return parts


def in_order(facts: ApplicationCard) -> tuple[Point, ...]:
    """The findings that are not met or want a look: what stands in the way first, what waits for a later step last."""
    advice = facts.of("advice")
    now = tuple(point for point in advice if point.needed_by not in LATER)
    later = tuple(point for point in advice if point.needed_by in LATER)
    return (*facts.of("not_met"), *now, *later)


def history_line(facts: ApplicationCard) -> str:
    """What the organisation was given before, and which of its returns are overdue (R1), in a sentence or two."""
    before = facts.before
    if not before.awards:
        told = "no earlier award."
    else:
        live = f"{before.live} of them live, {display(before.live_total)}" if before.live else "none of them live"
        told = f"{counted(before.awards, 'earlier award')}, {display(before.total)}; {live}."
    if before.overdue:
        named = [f"{reference} since {day(due)}" for reference, due in before.overdue[:MOST_OVERDUE]]
        rest = len(before.overdue) - len(named)
        named += [f"{rest} more"] if rest > 0 else []
        told += f" Overdue: {counted(len(before.overdue), 'return')} ({listed(named)})."
    return told


def papers_line(facts: ApplicationCard) -> str:
    """How many documents came with it, and how the scan of them stands."""
    papers = facts.papers
    told = [counted(papers.there, "document") if papers.there else "no documents"]
    if papers.waiting:
        told.append(f"{papers.waiting} still being checked for viruses")
    if papers.harmful:
        told.append(f"{papers.harmful} refused as harmful")
    return f"{', '.join(told)}."


def _heading(facts: ApplicationCard) -> str:
    amount = display(_amount_that_counts(facts))
    return f"{_KINDS.get(facts.kind, 'Application')}: {amount} from the {facts.fund.name} – {_state(facts)}"


def _amount_that_counts(facts: ApplicationCard) -> int:
    if facts.decision is not None and facts.decision.amount is not None:
        return facts.decision.amount
    return facts.amount


def _outside(facts: ApplicationCard) -> bool:
    """Whether nobody asked for it here: it was decided outside the desk."""
    return facts.decision is not None and facts.decision.outside is not None


def _state(facts: ApplicationCard) -> str:
    if _outside(facts) and facts.award is AwardState.ACTIVE:
        return "Decided outside"
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
    """A line each: what is typed stands behind a label of ours, so that it cannot pass for one."""
    dates = f"{day(facts.start)} to {day(facts.end)}" if facts.start and facts.end else "dates not given"
    suppliers = f", {display(facts.purchases)} of it to one supplier" if facts.purchases else ""
    lines: list[list[tuple[str, Typed | str, int]]] = [
        [("Who:", facts.organisation, 120)],
        [("What:", facts.title, 150)],
        [("Awarded:" if _outside(facts) else "Asked for:", f"{display(facts.amount)}{suppliers}; {dates}", 200)],
        [("Plan:", facts.objective, 120), ("Area:", facts.area, 80)],
    ]
    return blocks.rich(
        *(
            blocks.paragraph(
                *(
                    part
                    for label, text, most in line
                    for part in (blocks.words(label, bold=True), blocks.words(text, most))
                )
            )
            for line in lines
        )
    )


def _in_their_words(facts: ApplicationCard) -> list[Part]:
    """Why it is needed, what will change and how it will be known (N3), as far as a glance holds it."""
    parts = [blocks.quote(facts.need, 180)]
    if facts.outcomes:
        parts.append(blocks.quote(facts.outcomes[0], 140))
    if len(facts.outcomes) > 1:
        parts.append(blocks.paragraph(blocks.words(f"and {counted(len(facts.outcomes) - 1, 'more outcome')}.")))
    return parts


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
    parts = [head, blocks.quote(asked.question, 300)]
    if asked.answer:
        parts += [blocks.paragraph(blocks.words("The applicant answered", bold=True)), blocks.quote(asked.answer, 400)]
    elif not asked.open:
        parts.append(blocks.paragraph(blocks.words("Taken back.")))
    return blocks.rich(*parts)


def _decision(facts: ApplicationCard, made: Decided) -> Block:
    if made.outside is not None:
        return _decided_outside(made, made.outside)
    if made.outcome == "declined" or made.amount is None:
        return _said("Declined", made.by, made.at, made.reasons, made.conditions)
    asked = f" of {display(facts.amount)}" if made.amount != facts.amount else ""
    return _said(f"Approved: {display(made.amount)}{asked}", made.by, made.at, made.reasons, made.conditions)


def _decided_outside(made: Decided, outside: Outside) -> Block:
    """Who decided it elsewhere, when and under which document; and who put it on record here."""
    head = blocks.paragraph(
        blocks.words("Recorded: decided outside", bold=True),
        blocks.words("by"),
        blocks.words(made.by, 120),
        blocks.words(f"on {day(outside.on)}, under"),
        blocks.words(outside.document, 120),
    )
    recorded = blocks.paragraph(
        blocks.words("Put on record by"),
        blocks.words(outside.recorded_by, 100),
        blocks.words(f"on {london_moment(made.at)}"),
    )
    return blocks.rich(head, recorded, *_why(made.reasons, made.conditions))


def _said(what: str, by: Typed, at: datetime, reasons: Typed, conditions: Typed) -> Block:
    """Who said what and when, with the reasons and the conditions set apart as that person's words."""
    head = blocks.paragraph(
        blocks.words(what, bold=True),
        blocks.words("by"),
        blocks.words(by, 100),
        blocks.words(f"on {london_moment(at)}"),
    )
    return blocks.rich(head, *_why(reasons, conditions))


def _why(reasons: Typed, conditions: Typed) -> list[Part]:
    parts = [blocks.quote(reasons, 300)] if reasons else []
    if conditions:
        parts += [blocks.paragraph(blocks.words("Conditions", bold=True)), blocks.quote(conditions, 300)]
    return parts


def _point(point: Point, because: int, remedy: int) -> list[Part]:
    label = {"not_met": "Not met", "advice": "Check", "met": "Met"}.get(point.verdict, point.verdict)
    if point.verdict == "advice":
        label = LATER.get(point.needed_by, label)
    parts = [blocks.words(f"{label} ({point.rule}):", bold=True), blocks.words(point.because, because)]
    wants = point.remedy and remedy and point.verdict != "met" and point.needed_by not in LATER
    return [*parts, blocks.words(point.remedy, remedy)] if wants else parts


def _findings(facts: ApplicationCard) -> Block:
    """What stands in the way first, then what to look at now; what waits for a later step is named in a line."""
    every = in_order(facts)
    missing = facts.of("not_met")
    later = [point for point in every if point.verdict == "advice" and point.needed_by in LATER]
    now = [point for point in every if point not in later]
    if missing:
        heading = f"{counted(len(missing), 'rule')} not met: it cannot be approved as it stands"
    elif now:
        heading = f"No rule is broken; {counted(len(now), 'thing')} to check"
    else:
        heading = "Nothing is missing for a decision" if later else "Nothing is missing"
    parts = [
        blocks.paragraph(blocks.words(heading, bold=True)),
        *points_list(now, MOST_FINDINGS, because=180, remedy=120),
    ]
    waits = [(step, [point.rule for point in later if point.needed_by == step]) for step in LATER]
    named = [(step, [f"{TITLES.get(rule, 'Rule')} ({rule})" for rule in rules]) for step, rules in waits if rules]
    told = [f"{LATER[step]}: {'; '.join(names)}." for step, names in named]
    if told:
        parts.append(blocks.paragraph(blocks.words(f"Later. {' '.join(told)}", 300)))
    return blocks.rich(*parts)


def _known(facts: ApplicationCard) -> Block:
    """What the office knows beside the application, and since when: it changes without this card being touched."""
    fund = facts.fund
    amount = facts.recommendation.amount if facts.recommendation and facts.recommendation.amount else facts.amount
    lines: list[tuple[str, str]] = [
        ("Fund:", after_award(fund.available, amount, fund.name, fund.year)),
        ("This organisation:", history_line(facts)),
        *(("Seen before?", note) for note in facts.noticed[:MOST_NOTES]),
        ("Documents:", papers_line(facts)),
    ]
    if len(facts.noticed) > MOST_NOTES:
        lines.insert(-1, ("Seen before?", f"{counted(len(facts.noticed) - MOST_NOTES, 'more bid')} like it."))
    heading = f"On {day(facts.as_of)}" if facts.as_of is not None else "Known here"
    rows_of_list = [[blocks.words(label, bold=True), blocks.words(text, 300)] for label, text in lines]
    return blocks.rich(blocks.paragraph(blocks.words(heading, bold=True)), blocks.bullets(rows_of_list))


def _interests(out: tuple[Typed, ...]) -> list[Part]:
    if not out:
        return []
    pieces = [blocks.words("Declared an interest, and out of this one:", bold=True)]
    pieces += [blocks.words(name, 80) for name in out[:MOST_NAMES]]
    if len(out) > MOST_NAMES:
        pieces.append(blocks.words(f"and {len(out) - MOST_NAMES} more"))
    return [
        blocks.paragraph(pieces[0], *[one for piece in pieces[1:-1] for one in (piece, blocks.words("·"))], pieces[-1])
    ]


def _whose(facts: ApplicationCard) -> Part:
    """Who has it, and whose the next step is."""
    step = [blocks.words("Next:", bold=True), blocks.words(facts.next_step, 600)]
    if not facts.open and facts.award not in RUNNING:
        return blocks.paragraph(*step)
    listed_for = [blocks.words(f"On the list of the {facts.sitting}.")] if facts.sitting and facts.open else []
    if facts.taken is None:
        return blocks.paragraph(*step, *listed_for)
    with_whom = [blocks.words("With:", bold=True), blocks.words(facts.taken.by, 100)]
    since = blocks.words(f"since {day(london_day(facts.taken.at))}.")
    return blocks.paragraph(*with_whom, since, *step, *listed_for)


def _summary(facts: ApplicationCard) -> str:
    """The whole card in a line: for a notification, a screen reader, and a search."""
    asks_for = "was awarded" if _outside(facts) else "asks for"
    asks = (
        f"{facts.reference}: {escaped(facts.organisation, 120)} {asks_for} {display(facts.amount)} from the "
        f"{escaped(facts.fund.name, 80)} ({escaped(facts.title, 150)})."
    )
    return f"{asks} {_outcome(facts)}"


def _outcome(facts: ApplicationCard) -> str:
    made = facts.decision
    if made is not None and made.outside is not None:
        return f"Recorded: decided outside by {escaped(made.by, 120)} on {day(made.outside.on)}."
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
