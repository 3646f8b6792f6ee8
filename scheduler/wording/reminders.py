"""The desk's own words of a reminder, by what falls due and whether its day is to come, here or past.

The policy's steps have texts that the office edits; these stand where a step has none, or where its text would be wrong
by the day on which it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, Protocol

from core.rules.calendar import date_text
from core.rules.falling_due import named
from core.rules.money import display

__all__ = ["Reminding", "Tone", "say_once", "tone", "words_of"]

Tone = Literal["before", "day", "after"]


@dataclass(frozen=True)
class Reminding:
    """What a kind of deadline is to its reader, what its link is for, what is said of it, and what happens otherwise.

    `says` stands where it is alone in a mail; `otherwise` always. `more` is what else it is, where a line has room.
    """

    thing: str
    action: str
    says: Mapping[Tone, str]
    otherwise: Mapping[Tone, str]
    more: str = ""


_RATHER: Final = "we would rather help than chase."
_NO_PAYMENT: Final = "We make no payment that depends on a return until we have it."
_EXPIRES: Final = "An offer that is not accepted in time expires, and its money goes back to the fund."
_UNSIGNED: Final = "No payment is made before the agreement is signed."
_SIGN: Final = "Please sign the copy that we sent you and send it back; if you have none, tell us."

_OWN: Final[Mapping[str, Reminding]] = {
    "return": Reminding(
        "monitoring return",
        "Send the return",
        {
            "before": "This is to remind you of your monitoring return.",
            "day": "Your monitoring return is due today.",
            "after": "We have not had your monitoring return. Please send it now, or tell us when we will have it.",
        },
        {
            "before": f"{_NO_PAYMENT} If something is in the way, tell us before the day: {_RATHER}",
            "day": f"{_NO_PAYMENT} If something is in the way, tell us today: {_RATHER}",
            "after": f"{_NO_PAYMENT} If something is in the way, please tell us now: {_RATHER}",
        },
    ),
    "acceptance": Reminding(
        "answer to our offer",
        "Read and answer the offer",
        {
            "before": "We have not had your answer to our offer yet.",
            "day": "Today is the last day on which you can accept our offer.",
            "after": "We have not had your answer to our offer.",
        },
        {"before": _EXPIRES, "day": _EXPIRES, "after": _EXPIRES},
    ),
    "answer": Reminding(
        "answer to our question",
        "Answer the question",
        {
            "before": "We asked you a question, and are waiting for your answer.",
            "day": "Today is the day by which we asked for your answer.",
            "after": "We asked you a question, and have not had your answer.",
        },
        {
            "before": "We cannot go on until we have your answer. If you need longer, tell us.",
            "day": "We cannot go on until we have your answer. If you need longer, tell us.",
            "after": "We cannot go on without your answer. If something is in the way, please tell us.",
        },
    ),
    "agreement": Reminding(
        "signed agreement",
        "See where the award stands",
        {
            "before": f"Your agreement is still to be signed. {_SIGN}",
            "day": f"Your agreement was to be signed by today. {_SIGN}",
            "after": f"We have not had your signed agreement. {_SIGN}",
        },
        {"before": _UNSIGNED, "day": _UNSIGNED, "after": _UNSIGNED},
    ),
}

_TELL_US: Final = "If something is in the way, please tell us."


def words_of(kind: str, *, final: bool = False, offered: int = 0, about: date | None = None) -> Reminding:
    """The words of a kind of deadline; of one that recipients hear of only as an office's policy has it, plain ones.

    `final`: of a return, that it is the last; `offered`: of an offer, its amount in pence; `about`: of an
    answer, the day of the return that the question is about.
    """
    own = _OWN.get(kind)
    if own is None:
        noun = named(kind).noun
        return Reminding(
            noun,
            "See where it stands",
            {
                "before": f"This is to remind you of a day that is coming: {noun}.",
                "day": f"This is to remind you of today: {noun}.",
                "after": f"This is to remind you of a day that has passed: {noun}.",
            },
            dict.fromkeys(("before", "day", "after"), _TELL_US),
        )
    if kind == "return" and final:
        return replace(own, thing="final monitoring return")
    if kind == "acceptance" and offered:
        return replace(own, more=f"of {display(offered)}")
    if kind == "answer" and about is not None:
        more = f"about the return due on {date_text(about)}"
        return replace(own, more=more, action="See the return that we asked about")
    if kind == "answer":
        return replace(own, more="about your application")
    return own


def tone(days: int) -> Tone:
    """How so many days from the due date sound: before it when negative."""
    if days < 0:
        return "before"
    return "day" if days == 0 else "after"


class _Group(Protocol):
    says: str
    otherwise: str


_SENTENCES: Final = re.compile(r"(?<=[.!?])\s+")


def say_once(groups: Iterable[_Group]) -> None:
    """Take out each sentence that the mail has said already."""
    said: set[str] = set()
    for group in groups:
        group.says = _new(group.says, said)
        group.otherwise = _new(group.otherwise, said)


def _new(text: str, said: set[str]) -> str:
    sentences = [one for one in dict.fromkeys(_SENTENCES.split(text.strip())) if one not in said]
    said.update(sentences)
    return " ".join(sentences)
