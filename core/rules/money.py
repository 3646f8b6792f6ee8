"""Money as whole pence.

Every amount inside the desk is an `int` of pence. Text becomes pence here and nowhere else, by one of two doors: what
people type, and what programs send. A float never passes: 0.1 + 0.2 is not 0.3, and an office's ledger must be.
"""

import re

from core.rules.typed import narrow

__all__ = ["LARGEST_PENCE", "MoneyError", "display", "pence_from_api", "pence_from_typed", "pounds"]

LARGEST_PENCE = 999_999_999_999_99
"""The largest amount that is read: £999,999,999,999.99. It keeps every sum of a record inside 64 bits."""

_TYPED = re.compile(r"(?P<pounds>[0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)(?:\.(?P<pence>[0-9]*))?")
_THOUSANDS = re.compile(r"(?P<whole>[0-9]{1,6})(?:\.(?P<part>[0-9]{1,3}))? ?k", re.IGNORECASE)
_CALLED = re.compile(r"^gbp ?|(?: ?(?:£|gbp|pounds?)\.?)$|(?<=\.[0-9]{2}) ?p$", re.IGNORECASE)
_API = re.compile(r"(?P<pounds>[0-9]+)(?:\.(?P<pence>[0-9]{2}))?")


class MoneyError(ValueError):
    """Text that is no amount of money; its message says, in plain English, what to write instead."""


def pence_from_typed(text: str) -> int:
    """Pence from what a person types: "£4,999.99", "5000", " 5 000.00 ", "12.5", "2k", "2,000 pounds", "£20.00p".

    One digit after the point is read as tens of pence. Raises MoneyError for anything else (a sign, a word, commas in
    odd places, a fraction of a penny) and TypeError for what is not text.
    """
    cleaned = " ".join(narrow(_text(text)).replace("£", "£ ").split())
    cleaned = _CALLED.sub("", cleaned.removeprefix("£").strip(), count=1).strip()
    thousands = _THOUSANDS.fullmatch(cleaned)
    if thousands is not None:
        cleaned = f"{thousands['whole']}{(thousands['part'] or '').ljust(3, '0')}"
    found = _TYPED.fullmatch(cleaned)
    if found is None:
        raise MoneyError("Write the amount in pounds, such as 2,000 or 2,000.50")
    pence = found["pence"] or ""
    if len(pence) > 2:
        raise MoneyError("Write the amount in pounds and whole pence, such as 2,000.50")
    return _bounded(re.sub(r"[, ]", "", found["pounds"]), pence.ljust(2, "0"))


def pence_from_api(text: str) -> int:
    """Pence from what a program sends: digits, then nothing or a point and exactly two digits ("5000", "5000.00").

    Raises MoneyError for a sign, an exponent, blanks, other decimals; TypeError for what is not text.
    """
    found = _API.fullmatch(_text(text))
    if found is None:
        raise MoneyError('Send pounds as digits, with no decimals or two, such as "5000" or "5000.00"')
    return _bounded(found["pounds"], found["pence"] or "00")


def pounds(pence: int) -> str:
    """Pounds with two decimals and nothing else, for programs: 200000 is "2000.00"."""
    whole, rest = divmod(abs(_whole(pence)), 100)
    return f"{'-' if pence < 0 else ''}{whole}.{rest:02d}"


def display(pence: int) -> str:
    """Pounds for people: 200000 is "£2,000" and 200050 is "£2,000.50"."""
    whole, rest = divmod(abs(_whole(pence)), 100)
    return f"{'-' if pence < 0 else ''}£{whole:,}" + (f".{rest:02d}" if rest else "")


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"money is read from text, not from {type(text).__name__}")
    return text


def _whole(pence: int) -> int:
    if isinstance(pence, bool) or not isinstance(pence, int):
        raise TypeError(f"money is a whole number of pence, not {type(pence).__name__}")
    return pence


def _bounded(whole: str, rest: str) -> int:
    digits = whole.lstrip("0")
    # Counted before it is converted: Python refuses to convert thousands of digits, with an error of its own.
    if len(digits) > 12:
        raise MoneyError("The amount is too large")
    return int(digits or "0") * 100 + int(rest)
