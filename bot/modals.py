"""The modals: recommend, approve, decline, ask, declare an interest. Facts in, a view out; nothing is looked up here.

A modal is the confirmation, so that no button asks twice. Every required input has `block_id` `recommendation`,
`amount`, `reasons` or `conditions` and action_id `value`; whatever else is asked one day is optional or filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot import blocks
from bot.action import Carried, View
from bot.blocks import Block, Part
from bot.card_facts import ApplicationCard, Basis, Decided, Recommended
from bot.cards import LATER, RECOMMENDED, after_award, in_order, points_list
from bot.words import Typed
from core.office import london_moment
from core.rules.money import display, pounds
from core.written import LONGEST_WORDS

NO_BASIS = Basis()
"""Where nothing is suggested."""

MOST_FINDINGS = 8
"""How many findings a form spells out; the rest are counted."""


def recommend(facts: ApplicationCard, channel: str, basis: Basis = NO_BASIS) -> View:
    """An officer's recommendation (A2: whoever makes it cannot decide). Starts at the whole of what is asked for."""
    return _modal(
        "recommend",
        "Recommend",
        "Recommend",
        facts,
        channel,
        [
            *_about(facts, facts.amount),
            blocks.field_block(
                "recommendation",
                "What do you recommend?",
                blocks.choices(
                    [("approve", "Approve"), ("less", "Approve less than was asked for"), ("decline", "Decline")]
                ),
            ),
            _amount(
                facts.amount,
                "The amount you recommend, in pounds",
                "Ignored if you recommend to decline.",
            ),
            blocks.field_block(
                "reasons",
                "Reasons",
                blocks.text_box(most=LONGEST_WORDS),
                hint="Why, and what shows the need. Whoever decides reads this, and it stays on the record.",
            ),
            _conditions("", optional=True),
            *_legal_basis(basis),
        ],
    )


def approve(facts: ApplicationCard, channel: str, usual_conditions: str, basis: Basis = NO_BASIS) -> View:
    """The approval, filled in from the recommendation: its amount, reasons and conditions can all be changed.

    An approval needs conditions (L1, R1); `usual_conditions` stand there where none were recommended.
    """
    said = facts.recommendation
    amount = said.amount if said is not None and said.outcome != "decline" and said.amount > 0 else facts.amount
    return _modal(
        "approve",
        "Approve",
        "Approve",
        facts,
        channel,
        [
            *_about(facts, amount),
            *_warnings(facts),
            _amount(amount, "The amount you approve, in pounds", "It cannot be more than the fund has left."),
            blocks.field_block(
                "reasons",
                "Reasons",
                blocks.text_box(said.reasons if said is not None else "", most=LONGEST_WORDS),
                hint="Why you approve, and how it serves what the fund is for. It stays on the record.",
            ),
            _conditions(said.conditions if said is not None and said.conditions else usual_conditions, optional=False),
            *_legal_basis(basis),
        ],
    )


def decline(facts: ApplicationCard, channel: str) -> View:
    """The refusal. Its reasons go to the applicant, so they start empty: nobody else's words are sent by accident."""
    return _modal(
        "decline",
        "Decline",
        "Decline",
        facts,
        channel,
        [
            *_about(facts, None),
            blocks.field_block(
                "reasons",
                "Reasons",
                blocks.text_box(most=LONGEST_WORDS),
                hint="The applicant will read this. Say what was missing and whether they may ask again.",
            ),
        ],
    )


def ask(facts: ApplicationCard, channel: str, answer_by: date) -> View:
    """A question to the applicant. It goes out by e-mail; the answer comes back under the card."""
    return _question(
        "ask",
        "Ask the applicant",
        "Send",
        facts,
        channel,
        answer_by,
        "",
        "They get it by e-mail and answer on their page. The answer comes back under the card.",
    )


def send_back(facts: ApplicationCard, channel: str, answer_by: date, letter: str) -> View:
    """The same, and the applicant may correct what they sent (A5): it starts from `letter`, the rules it fails."""
    return _question(
        "send_back",
        "Send back",
        "Send back",
        facts,
        channel,
        answer_by,
        letter,
        "They get it by e-mail, correct their answers and send them again. Their name and reference stay.",
        "What they are to put right",
    )


def _question(
    callback: str,
    title: str,
    submit: str,
    facts: ApplicationCard,
    channel: str,
    answer_by: date,
    initial: str,
    hint: str,
    label: str = "Question",
) -> View:
    aside = "The recommendation is set aside: what it was made on is about to change."
    return _modal(
        callback,
        title,
        submit,
        facts,
        channel,
        [
            *_about(facts, None),
            *([blocks.context(blocks.plain(aside))] if facts.recommendation is not None else []),
            blocks.field_block("question", label, blocks.text_box(initial, most=LONGEST_WORDS), hint=hint),
            blocks.field_block("answer_by", "Answer wanted by", blocks.date_box(answer_by), optional=True),
        ],
    )


def undo(facts: ApplicationCard, channel: str) -> View:
    """Taking back one's own decision or recommendation, with the reason. Both stay on the record (A4)."""
    made: Recommended | Decided | None = facts.decision or facts.recommendation
    what = "decision" if facts.decision is not None else "recommendation"
    waits = "a decision again" if facts.decision is not None else "another recommendation"
    offer = " The offer is withdrawn, its money goes back to the fund, and the applicant is told."
    said = f"Your {what} of {london_moment(made.at)} is undone, and it waits for {waits}." if made is not None else ""
    told = said + (offer if facts.award is not None else "")
    return _modal(
        "undo",
        f"Undo your {what}",
        "Undo",
        facts,
        channel,
        [
            *_about(facts, None),
            blocks.section(blocks.plain(told)),
            blocks.field_block(
                "reasons",
                "Why do you undo it?",
                blocks.text_box(most=LONGEST_WORDS),
                hint="It stays on the record, beside what you undo.",
            ),
        ],
    )


def give_award(facts: ApplicationCard, channel: str, *, owners: Sequence[tuple[int, str]], start: int) -> View:
    """Who looks after a running award from now on, of these people by number; it begins with `start`."""
    has = [blocks.words(facts.taken.by, 100), blocks.words("looks after it.")] if facts.taken is not None else []
    return _modal(
        "give_award",
        "Who looks after it",
        "Save",
        facts,
        channel,
        [
            *_about(facts, None),
            blocks.rich(blocks.paragraph(*(has or [blocks.words("Nobody looks after this award.")]))),
            blocks.field_block(
                "owner",
                "Who looks after it from now on",
                blocks.dropdown([(str(number), name) for number, name in owners], str(start)),
                hint="They get its reminders, and are told in working hours. What somebody else was given of it stays "
                "theirs. Nobody with an interest is listed.",
            ),
        ],
    )


def interest(facts: ApplicationCard, channel: str) -> View:
    """The declaration of an interest (A2): whoever makes it neither recommends nor decides this application."""
    return _modal(
        "interest",
        "Declare an interest",
        "Declare",
        facts,
        channel,
        [
            *_about(facts, None),
            blocks.field_block(
                "reasons",
                "What is your interest?",
                blocks.text_box(most=LONGEST_WORDS),
                hint="You will not recommend or decide this application, nor judge its award. The card names you, not "
                "your reason.",
            ),
        ],
    )


def _modal(callback: str, title: str, submit: str, facts: ApplicationCard, channel: str, body: list[Block]) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": blocks.plain(title, 24),
        "submit": blocks.plain(submit, 24),
        "close": blocks.plain("Cancel", 24),
        "private_metadata": Carried("application", facts.id, facts.version, channel).packed(),
        "blocks": body,
    }


def _about(facts: ApplicationCard, amount: int | None) -> list[Block]:
    """Whose application this is and, where money is to be given, what is asked, recommended, missing and left."""
    made = [blocks.table([("Who", facts.organisation), ("What", facts.title)])]
    if amount is None:
        return [*made, blocks.context(blocks.plain(f"{facts.reference}: {display(facts.amount)} asked for"))]
    said = facts.recommendation
    parts: list[Part] = []
    if said is not None:
        what = RECOMMENDED.get(said.outcome, said.outcome)
        suggested = "" if said.outcome == "decline" else f" {display(said.amount)}"
        line = f"{display(facts.amount)} asked for → recommended: {what}{suggested}, by"
        parts.append(blocks.paragraph(blocks.words(line), blocks.words(said.by, 100)))
    else:
        parts.append(blocks.paragraph(blocks.words(f"{display(facts.amount)} asked for")))
    fund = facts.fund
    parts.append(blocks.paragraph(blocks.words(after_award(fund.available, amount, fund.name, fund.year), 400)))
    made.append(blocks.rich(*parts))
    missing = facts.of("not_met")
    if missing:
        heading = blocks.words("It cannot be approved as it stands", bold=True)
        made.append(blocks.rich(blocks.paragraph(heading), *points_list(missing, MOST_FINDINGS)))
    return [*made, blocks.context(blocks.plain(facts.reference))]


def _warnings(facts: ApplicationCard) -> list[Block]:
    """What breaks no rule and is to be weighed (A5), and what waits for a later step: it can be approved with both."""
    advice = [point for point in in_order(facts) if point.verdict == "advice"]
    now = [point for point in advice if point.needed_by not in LATER]
    later = [point for point in advice if point.needed_by in LATER]
    made = []
    for heading, points in (
        ("To be weighed: it can be approved, and your reasons say why", now),
        ("What waits for a later step", later),
    ):
        if points:
            parts = points_list(points, MOST_FINDINGS, because=200, remedy=120)
            made.append(blocks.rich(blocks.paragraph(blocks.words(heading, bold=True)), *parts))
    return made


def _legal_basis(basis: Basis) -> list[Block]:
    """The power and the contribution (L1, W2), filled in; what is left empty is kept as the desk suggests it."""
    made = []
    if basis.powers:
        power = blocks.dropdown(basis.powers, basis.power)
        made.append(blocks.field_block("legal_power", "The power it is made under", power, optional=True))
    why = blocks.text_box(basis.contribution, most=LONGEST_WORDS)
    hint = "It is published with the award, beside the reasons."
    made.append(blocks.field_block("contribution", "Why it reduces crime and disorder", why, hint=hint, optional=True))
    return made


def _amount(pence: int, label: str, hint: str) -> Block:
    element = {"type": "number_input", "is_decimal_allowed": True, "initial_value": pounds(pence), "min_value": "0.01"}
    return blocks.field_block("amount", label, element, hint=hint)


def _conditions(initial: Typed | str, *, optional: bool) -> Block:
    return blocks.field_block(
        "conditions",
        "Conditions",
        blocks.text_box(initial, most=LONGEST_WORDS),
        hint="The recipient will read these beside the office's terms, and accepts both.",
        optional=optional,
    )
