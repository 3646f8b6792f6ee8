"""What people type into a small box, brought to one form where it can mean one thing only; None where it cannot.

A phone puts in full stops and odd blanks, a keyboard from elsewhere full-width digits, a letterhead "Charity No.".
Whoever calls says, in the words of the question, what to type instead.
"""

import re
from datetime import time
from typing import Final

from core.rules.calendar import MONTH_NAMES

__all__ = [
    "charity_number",
    "company_number",
    "day_number",
    "month_number",
    "narrow",
    "postcode",
    "typed_count",
    "typed_date",
    "typed_time",
    "year_number",
]

_WIDE: Final = (
    {0xFFE1: "£"}
    | {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
)
_POSTCODE: Final = re.compile(
    r"(?:GIR 0AA|[A-PR-UWYZ](?:[0-9][0-9A-HJKPS-UW]?|[A-HK-Y][0-9][0-9ABEHMNPRV-Y]?) [0-9][ABD-HJLNP-UW-Z]{2})"
)
_CHARITY: Final = re.compile(r"[1-9][0-9]{5,6}(?:-[0-9]{1,2})?|SC[0-9]{6}|NIC?[0-9]{6}")
_COMPANY: Final = re.compile(r"[0-9]{8}|[A-Z]{2}[0-9]{6}|R[0-9]{7}|[A-Z]{2}[0-9]{5}[A-Z]")
_CALLED: Final = re.compile(
    r"(?:(?:uk|registered|registration|reg|scottish|charity|company|commission|house|number|num|nr|no)\b[\s.:#-]*)+",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(
    r"([0-9]{1,3}(?:,[0-9]{3})*|[0-9]{1,9})(?: ?(?:years?(?: old)?|yrs?|people))?\.?", re.IGNORECASE
)
_DAY: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\.?", re.IGNORECASE)
_WHOLE: Final = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"),
    re.compile(
        r"(?:[a-z]+day,? )?(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?(?: of)?[ ./-]+(?P<month>[a-z]+|[0-9]{1,2})[ .,/-]+"
        r"(?P<year>[0-9]{4}|[0-9]{2})\.?",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<month>[a-z]+)\.? (?P<day>[0-9]{1,2})(?:st|nd|rd|th)?,? (?P<year>[0-9]{4})", re.IGNORECASE),
)
_TIME: Final = re.compile(r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))? ?(?P<half>[ap]\.?m\.?)?", re.IGNORECASE)
_FIRST_PLAIN_HOUR: Final = 8
"""Whoever types "8:30" means the morning, and whoever types "2:30" may mean either half of the day."""


def narrow(text: str) -> str:
    """Full-width digits, letters and signs as the usual ones, and every dash as a hyphen."""
    return text.translate(_WIDE)


def postcode(text: str) -> str | None:
    """A full UK postcode, its two halves apart: "pe29 3dn" or "PE293DN." is PE29 3DN."""
    squeezed = re.sub(r"[\s.,-]", "", narrow(text)).upper()
    spaced = f"{squeezed[:-3]} {squeezed[-3:]}"
    return spaced if _POSTCODE.fullmatch(spaced) else None


def charity_number(text: str) -> str | None:
    """A charity number, without what it is called: "Charity no. 1091156" is 1091156."""
    number = _bare(text)
    return number if _CHARITY.fullmatch(number) else None


def company_number(text: str, *, padded: bool) -> str | None:
    """A company number, without what it is called; `padded` puts back the noughts that a spreadsheet takes away."""
    number = _bare(text)
    if padded and re.fullmatch(r"[0-9]{6,7}", number):
        number = number.zfill(8)
    return number if _COMPANY.fullmatch(number) else None


def _bare(text: str) -> str:
    plain = narrow(text)
    called = _CALLED.match(plain)
    return re.sub(r"[\s.,]", "", plain[called.end() :] if called else plain).upper()


def typed_count(text: str) -> int | None:
    """A whole number: "12", "1,200", "12 years", "60 people"."""
    found = _COUNT.fullmatch(narrow(text))
    return int(found[1].replace(",", "")) if found and len(found[1]) <= 11 else None


def typed_date(text: str) -> tuple[str, str, str] | None:
    """The day, month and year of a date that stands in one box, as it was typed: "1/4/27", "1st April 2027"."""
    plain = narrow(text)
    found = next((match for pattern in _WHOLE if (match := pattern.fullmatch(plain))), None)
    return (found["day"], found["month"], found["year"]) if found else None


def day_number(text: str) -> int | None:
    """A day of the month: "1", "01", "1st"."""
    found = _DAY.fullmatch(narrow(text))
    return int(found[1]) if found else None


def month_number(text: str) -> int | None:
    """A month: "4", "April", "apr."."""
    plain = narrow(text)
    if re.fullmatch(r"[0-9]{1,2}", plain):
        return int(plain)
    word = plain.lower().rstrip(".,")
    if len(word) < 3:
        return None
    return next((number for number, name in enumerate(MONTH_NAMES, 1) if name.lower().startswith(word)), None)


def year_number(text: str) -> int | None:
    """A year: "2027", or "27", which is of this century."""
    plain = narrow(text)
    if not re.fullmatch(r"[0-9]{4}|[0-9]{2}", plain):
        return None
    return int(plain) if len(plain) == 4 else 2000 + int(plain)


def typed_time(text: str) -> time | None:
    """A time of day: "10:30", "10.30am", "2pm", "14:00", "midday"; None for "2:30", which may be either half."""
    plain = " ".join(narrow(text).lower().split())
    if plain in ("midday", "noon", "12 noon", "12 midday"):
        return time(12)
    found = _TIME.fullmatch(plain)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    elif hour < _FIRST_PLAIN_HOUR and not found["hour"].startswith("0"):
        return None
    return time(hour, minute) if hour < 24 and minute < 60 else None
