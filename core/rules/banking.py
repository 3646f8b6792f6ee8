"""Bank details as people type them, read and checked by their form; and until when they are needed (F7, W4).

By form only: the modulus check of a sort code with its account number needs the payment industry's weight tables, which
no maintained library keeps up to date. A person verifies the details by a call before money leaves (L5).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.answers import Fault, clean_short

__all__ = ["FIELDS", "MASK", "Account", "last_needed", "masked", "read_account"]

FIELDS: Final = ("account_name", "own_name", "sort_code", "account_number", "roll_number")
"""The fields of the form, in their order."""

LONGEST_NAME: Final = 100
"""Characters of an account's name: more than any bank prints."""

LONGEST_ROLL: Final = 18
"""Characters of a building society's roll number."""

MASK: Final = "•"
"""What stands for a digit that is not shown."""

_SEPARATORS: Final = re.compile(r"[\s.,/_\-‐‑‒–—―−]+")
_ROLL: Final = re.compile(r"[A-Za-z0-9 ./\-]+")


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A bank account: six digits of sort code, eight of account number; `roll_number` "" where it has none.

    `own_name`: the account is in the name of the organisation. It never shows its digits by itself: whoever writes it
    into a log or a message by mistake writes nothing.
    """

    name: str
    sort_code: str
    number: str
    roll_number: str = ""
    own_name: bool = True

    def __repr__(self) -> str:
        """Nothing of what it holds."""
        return "Account(…)"

    __str__ = __repr__


def read_account(raw: Mapping[str, str]) -> tuple[Account | None, tuple[Fault, ...]]:
    """The account that was typed into `FIELDS`, or every fault, each with what to enter. `own_name` is yes or no."""
    faults: list[Fault] = []

    def fault(field: str, message: str) -> str:
        faults.append(Fault(field, field, message, f"/{field}"))
        return ""

    name = clean_short(raw.get("account_name", ""))
    if not name:
        fault("account_name", "Enter the name on the account")
    elif len(name) > LONGEST_NAME:
        fault("account_name", f"The name on the account must be {LONGEST_NAME} characters or fewer")
    own = raw.get("own_name", "").strip().lower()
    if own not in ("yes", "no"):
        fault("own_name", "Select whether the account is in the organisation’s name")
    sort_code = _sort_code(raw.get("sort_code", "")) or fault("sort_code", _sort_code_fault(raw.get("sort_code", "")))
    number = _number(raw.get("account_number", "")) or fault("account_number", _number_fault(raw))
    roll = clean_short(raw.get("roll_number", ""))
    if len(roll) > LONGEST_ROLL:
        fault("roll_number", f"The roll number must be {LONGEST_ROLL} characters or fewer")
    elif roll and not _ROLL.fullmatch(roll):
        fault("roll_number", "A roll number has only letters, numbers, hyphens, spaces, strokes and full stops")
    if faults:
        return None, tuple(faults)
    return Account(name, sort_code, number, roll, own == "yes"), ()


def _digits(text: str) -> str:
    """The digits that were typed, however they are set apart; "" where anything else is among them."""
    plain = _SEPARATORS.sub("", unicodedata.normalize("NFKC", clean_short(text)))
    return plain if plain.isascii() and plain.isdecimal() else ""


def _sort_code(text: str) -> str:
    digits = _digits(text)
    return digits if len(digits) == 6 and digits != "000000" else ""


def _sort_code_fault(text: str) -> str:
    return "Enter a sort code of 6 digits, like 30-94-30" if clean_short(text) else "Enter a sort code, like 30-94-30"


def _number(text: str) -> str:
    """Eight digits. A shorter number, of six or seven, is one that is written without its leading noughts."""
    digits = _digits(text)
    return digits.zfill(8) if 6 <= len(digits) <= 8 and int(digits) else ""


def _number_fault(raw: Mapping[str, str]) -> str:
    if not clean_short(raw.get("account_number", "")):
        return "Enter an account number"
    return "Enter an account number of 6, 7 or 8 digits, like 00733445"


def masked(account: Account) -> str:
    """The account number with its last two digits only."""
    return MASK * 6 + account.number[-2:]


def last_needed(*, over: bool, paid_in_full: bool, to_come: bool, paid_on: Sequence[date], end_on: date) -> date | None:
    """The day from which bank details are kept no longer than the policy says; None while they are still needed.

    `over`: the award has ended; `to_come`: a payment is planned and not made; `paid_on` are the days of those that
    were. Once nothing more is to come it is the day of the last payment; of an award that runs, and is not paid in
    full, not before its own last day. An award that is over and was never paid has no such day: its details are needed
    by nobody, from the day on which it ended.
    """
    last = max(paid_on, default=None)
    if over:
        return last
    if to_come:
        return None
    if paid_in_full:
        return last
    return max(end_on, last) if last else end_on
