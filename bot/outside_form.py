"""The form to record an award that was made outside, and what is said once it is on record.

In the order in which one reads the document that it is copied from: who got what and for what, when it runs, what is to
come of it, who decided it. What need not be there is optional; the desk fills in what it can work out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from bot import blocks
from bot.action import Carried, View
from bot.blocks import Block, Part
from bot.words import Typed, counted, day, listed
from core.rules.forms import ORGANISATION_TYPES, PURPOSES
from core.rules.money import display
from core.rules.policy import Kind, Policy
from core.written import LONGEST_WORDS

NAME: Final = "record_outside"
"""The shortcut, and the form that it opens."""

TITLE: Final = "Record an award"

KINDS: Final = {
    Kind.GRANT: "Grant",
    Kind.CO_COMMISSIONED: "Contribution to a co-commissioned contract",
    Kind.CONTRACT: "Contract",
    Kind.INVOICE: "Paid invoice",
}

MOST_ADVICE: Final = 5
"""How many rules that advise otherwise are spelt out afterwards; the rest are counted."""


def form(policy: Policy) -> View:
    """The form, empty but for what is usual: a grant, by the Commissioner, on the office's own terms."""
    terms, most = policy.terms.value, policy.short_answer_characters.value
    powers = f"{policy.power_grants.value} for a grant, {policy.power_victims.value} for a victim service"
    body: list[Block] = [
        blocks.section(
            blocks.plain(
                "For an award that was decided and accepted elsewhere: a co-commissioned contribution, or one from "
                "before the desk. It goes on the register, its money is committed, and its returns are asked for."
            )
        ),
        blocks.header("The award"),
        _input("kind", "What kind of award is it?", _select(list(KINDS.items()), Kind.GRANT)),
        _input("fund", "Which fund pays for it?", _select([(fund.id, fund.name) for fund in policy.funds])),
        _line(most, "organisation_name", "Who received it?", hint="The organisation, as on its bank account."),
        _input(
            "organisation_type", "What kind of organisation is it?", _select(list(ORGANISATION_TYPES.items()))
        ),
        _line(most, "postcode", "Its postcode", hint="Such as PE29 3DN. It is not published."),
        _line(most, "title", "What is the project or service called?"),
        _long("need", "What is it for?", hint="The need, in the words of the document. The register shows it."),
        _input(
            "purpose",
            "Purpose",
            _select(list(PURPOSES.items())),
            hint="Leave it empty where the fund has only one.",
            optional=True,
        ),
        _input(
            "plan_objective",
            "Objective of the Police and Crime Plan",
            _select([(objective.id, objective.text) for objective in policy.plan_objectives]),
            optional=True,
        ),
        _input("csp_area", "Area", _select([(area, area) for area in policy.csp_areas]), optional=True),
        blocks.header("Money and time"),
        _input(
            "amount",
            "Amount, in pounds",
            {"type": "number_input", "is_decimal_allowed": True, "min_value": "0.01"},
            hint="The whole of it. It is committed in the financial year in which the award starts.",
        ),
        _input("start", "It starts on", {"type": "datepicker"}),
        _input("end", "It ends on", {"type": "datepicker"}),
        blocks.header("What is to come of it"),
        _line(most, "outcome", "What will change?", hint="Such as: fewer people are arrested again."),
        _line(most, "measure", "How will it be known?", hint="What is counted or asked."),
        _line(most, "target", "Target", hint="Such as: a quarter fewer within a year."),
        blocks.header("The decision"),
        _line(most, "decided_by", "Who decided it?", hint="Their name, as in the document. The record also names you."),
        _line(most, "decided_role", "In which role?", initial="Police and Crime Commissioner"),
        _input("decided_on", "Decided on", {"type": "datepicker"}),
        _line(most, "document", "Under which document?", hint="Such as the number of a decision notice."),
        _input("accepted_on", "Accepted by the recipient on", {"type": "datepicker"}),
        _long("reasons", "Why was it awarded?", hint="From the document. The register shows it."),
        _long(
            "contribution",
            "Why does it reduce crime and disorder?",
            hint="Left empty, the desk says it from the purpose and the objective, and marks it as its own.",
            optional=True,
        ),
        _line(most, "legal_power", "Power", hint=f"Left empty, it is {powers}.", optional=True),
        _long("conditions", "Conditions", initial=terms[0] if terms else "", hint="At least the six-monthly return."),
        blocks.header("Afterwards"),
        _input(
            "contact_email",
            "The recipient's e-mail address",
            {"type": "email_text_input"},
            hint="They get a mail now, and a link to each return as it falls due. Left empty, nobody is mailed.",
            optional=True,
        ),
        _line(
            most, "second_name", "A second person's name", hint="Whom we also write to if a return is late.",
            optional=True,
        ),
        _input(
            "second_email", "The second person's e-mail address", {"type": "email_text_input"},
            hint="Not the same as the recipient's.", optional=True,
        ),
        _input(
            "all_the_same",
            "If something like it is on record already",
            {"type": "checkboxes", "options": [_option("yes", "This is another award: record it all the same")]},
            optional=True,
        ),
    ]  # fmt: skip
    return {
        "type": "modal",
        "callback_id": NAME,
        "title": blocks.plain(TITLE, 24),
        "submit": blocks.plain("Record", 24),
        "close": blocks.plain("Cancel", 24),
        "private_metadata": Carried("nothing", 0, 0).packed(),
        "blocks": body,
    }


@dataclass(frozen=True)
class Recorded:
    """An award that has just been put on record: `returns` are the days on which its returns fall due.

    `advice` are rules that it would not meet today, with why. `notice_days`: how long before a return it is asked for.
    """

    reference: str
    amount: int
    fund: str
    organisation: Typed
    decided_by: Typed
    decided_on: date
    register_url: str
    returns: tuple[date, ...]
    meetings: tuple[date, ...]
    mailed: bool
    notice_days: int
    advice: tuple[tuple[str, Typed], ...]


def recorded(facts: Recorded, today: date) -> View:
    """What stands in the place of the form afterwards: the reference, and what happens next and by when."""
    head = blocks.paragraph(
        blocks.words(facts.reference, bold=True),
        blocks.words(f"is on record: {display(facts.amount)} from the {facts.fund} to", 200),
        blocks.words(facts.organisation, 120),
        blocks.words("– decided outside by"),
        blocks.words(facts.decided_by, 120),
        blocks.words(f"on {day(facts.decided_on)}."),
    )
    body: list[Block] = [
        blocks.rich(head),
        blocks.rich(
            blocks.paragraph(blocks.words("What happens next", bold=True)),
            blocks.bullets([[blocks.words(one)] for one in _next(facts, today)]),
        ),
    ]
    if facts.advice:
        rows = [[blocks.words(f"{rule}:", bold=True), blocks.words(because, 200)] for rule, because in facts.advice]
        parts: list[Part] = [
            blocks.paragraph(blocks.words("What the rules of today say of it, kept with it as advice", bold=True)),
            blocks.bullets(rows[:MOST_ADVICE]),
        ]
        if len(rows) > MOST_ADVICE:
            parts.append(blocks.paragraph(blocks.words(f"and {counted(len(rows) - MOST_ADVICE, 'more rule')}.")))
        body.append(blocks.rich(*parts))
    body.append(
        blocks.actions(
            "recorded",
            blocks.button(
                "Open on the register", "open", url=facts.register_url, says=f"Open {facts.reference} on the register"
            ),
        )
    )
    return {"type": "modal", "title": blocks.plain(TITLE, 24), "close": blocks.plain("Close", 24), "blocks": body}


def _next(facts: Recorded, today: date) -> list[str]:
    said = ["Its card is posted in the approvals channel, and it is on the public register now."]
    past = [on for on in facts.returns if on < today]
    coming = [on for on in facts.returns if on >= today]
    if past:
        due = f"{'Return' if len(past) == 1 else 'Returns'} due on {listed([day(on) for on in past])}"
        said.append(
            f"{due}: nobody is reminded of what fell due before today. Ask for it yourself if you still want it."
        )
    if coming and facts.mailed:
        said.append(
            f"The recipient is mailed now, and {counted(facts.notice_days, 'day')} before each return; the next is due "
            f"on {day(coming[0])}."
        )
    elif coming:
        said.append(
            f"The next return is due on {day(coming[0])}. Nobody is mailed: ask the recipient for it yourself. The "
            f"deadlines channel reminds you {counted(facts.notice_days, 'day')} before."
        )
    meeting = next((on for on in facts.meetings if on >= today), None)
    if meeting is not None:
        said.append(f"The next monitoring meeting is due by {day(meeting)}.")
    return said


def _input(block_id: str, label: str, element: Part, *, hint: str = "", optional: bool = False) -> Block:
    return blocks.field_block(block_id, label, element, hint=hint, optional=optional)


def _line(most: int, block_id: str, label: str, *, initial: str = "", hint: str = "", optional: bool = False) -> Block:
    element: dict[str, Any] = {"type": "plain_text_input", "max_length": most}
    if initial:
        element["initial_value"] = initial
    return _input(block_id, label, element, hint=hint, optional=optional)


def _long(block_id: str, label: str, *, initial: str = "", hint: str = "", optional: bool = False) -> Block:
    return _input(block_id, label, blocks.text_box(initial, most=LONGEST_WORDS), hint=hint, optional=optional)


def _option(value: str, label: str) -> Part:
    return {"text": blocks.plain(label, 75), "value": value}


def _select(options: Sequence[tuple[str, str]], initial: str = "") -> Part:
    """A menu of up to a hundred choices."""
    made = [_option(str(value), label) for value, label in options[:100]]
    element: Part = {"type": "static_select", "options": made}
    chosen = next((one for one in made if one["value"] == initial), None)
    return {**element, "initial_option": chosen} if chosen is not None else element
