"""Everything that can fall due (D0): one registry of the kinds of deadline, and what they are called.

When each is set, met and closed is with what it is about; whom it is told to, and on which days, is in the policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["KINDS", "FallingDue", "named", "noun"]


@dataclass(frozen=True, slots=True)
class FallingDue:
    """A kind of deadline. `noun` and `plural` are what staff call it, `next` what they are to do about it.

    `rule` is the rule that sets it. `moves`: its day may be moved on by agreement, from the digest and the desk;
    `tells`: whoever it waits for is then told of the new day by mail. `chases`: it waits for somebody who can be asked
    for it, outside the office or another in it; what the office simply has to do is done, or moved, or handed on.
    """

    id: str
    rule: str
    noun: str
    plural: str
    next: str
    moves: bool = False
    tells: bool = False
    chases: bool = False


_ALL: Final = (
    FallingDue(
        "return", "R1", "monitoring return", "monitoring returns",
        "The recipient gets the link to the return by e-mail. What is late is a reason to ring them.",
        moves=True, tells=True, chases=True,
    ),
    FallingDue(
        "acceptance", "A6", "offer to be accepted", "offers to be accepted",
        "An offer that is not accepted by its day expires, and its money goes back to the fund.",
        moves=True, tells=True, chases=True,
    ),
    FallingDue(
        "meeting", "R2", "monitoring meeting", "monitoring meetings",
        "Send the recipient an invitation: it is two-way, and they may raise anything.",
    ),
    FallingDue(
        "decision", "D0", "application to be decided", "applications to be decided",
        "Recommend or decide it from its card in the approvals channel.", chases=True,
    ),
    FallingDue(
        "answer", "A5", "question to be answered", "questions to be answered",
        "Ring whoever was asked, or take the question back.", moves=True, chases=True,
    ),
    FallingDue(
        "agreement", "W6", "agreement to be signed", "agreements to be signed",
        "Record on the award's page by whom and when it was signed.", moves=True, chases=True,
    ),
    FallingDue(
        "payment", "F7", "payment planned", "payments planned",
        "Approve it and pay it, or hold it and say why.", moves=True, chases=True,
    ),
    FallingDue(
        "review", "R6", "award to be reviewed", "awards to be reviewed",
        "Look at its returns and its money, and record whether it goes on.", moves=True,
    ),
    FallingDue(
        "retention", "W4", "record to be deleted", "records to be deleted",
        "It is kept no longer than the policy says, unless a hold stops that.",
    ),
    FallingDue(
        "forum", "R4", "Provider Forum", "Provider Forums",
        "Set a day, and invite every current provider of victim services.", moves=True,
    ),
    FallingDue(
        "bid", "N4", "bid for new funding", "bids for new funding",
        "Send the bid by its day, or record that it is not pursued.", moves=True,
    ),
    FallingDue(
        "window-opens", "F0", "fund that opens", "funds that open",
        "It opens by itself. See that its words, criteria and money are right before.",
    ),
    FallingDue(
        "window-closes", "F0", "fund that closes", "funds that close",
        "It closes by itself at the end of that day.",
    ),
    FallingDue(
        "opportunity", "T4", "opportunity that closes", "opportunities that close",
        "No bid is taken after that day, unless the opportunity is extended.", moves=True,
    ),
    FallingDue(
        "publication", "W2", "monthly publication", "monthly publications",
        "Publish what the Specified Information Order asks for, and record it.",
    ),
    FallingDue(
        "annual-report", "W1", "Annual Report", "Annual Reports",
        "Publish the year's awards in the Annual Report, and record it.", moves=True,
    ),
)  # fmt: skip

KINDS: Final[Mapping[str, FallingDue]] = MappingProxyType({one.id: one for one in _ALL})
"""Every kind of deadline, by its id, in the order in which they are listed."""


def named(kind: str) -> FallingDue:
    """The kind of this id; one that an office's policy names and the desk does not know is called by its id."""
    words = kind.replace("-", " ").replace("_", " ")
    return KINDS.get(kind) or FallingDue(kind, "D0", words, f"{words}s", "")


def noun(kind: str, number: int = 1) -> str:
    """What so many of a kind are called."""
    found = named(kind)
    return found.noun if number == 1 else found.plural
