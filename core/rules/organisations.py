"""Whether two bids are by the same organisation, and whether one looks like the other.

A registered number says more than a name: where both bids give a number of one register, it decides. Otherwise the name
counts, without its spelling, together with the postcode.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

__all__ = ["Bid", "OrganisationKeys", "address_key", "alike", "clean_name", "keys_of", "same_organisation"]

LONGEST_NAME: Final = 200
"""Characters of a name that count."""

_SAYS_NOTHING: Final = frozenset({"the", "ltd", "limited", "plc", "llp", "cic", "cio"})
"""Words of a name that people write or leave out as they like."""

_TITLE_ALIKE: Final = Fraction(3, 4)
"""Of the words of both titles together, how many are in each."""


@dataclass(frozen=True, slots=True)
class OrganisationKeys:
    """What tells one organisation from another; None: not known. `name` is the cleaned name with the postcode."""

    charity: str | None = None
    company: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Bid:
    """What is compared of two bids by one organisation; `amount` in pence."""

    title: str
    amount: int
    start: date | None = None
    end: date | None = None


def address_key(address: str) -> str:
    """An e-mail address as it is compared and looked up. Only what ASCII has in two cases is made one."""
    address = address.strip()
    if address.isascii():
        return address.lower()
    return "".join(char.lower() if char.isascii() else char for char in address)


def clean_name(name: str) -> str:
    """A name without its spelling: no case, accents, punctuation, "The" or "Ltd"."""
    words = _words(name)
    telling = [word for word in words if word not in _SAYS_NOTHING]
    return " ".join(telling or words)[:LONGEST_NAME].strip()


def _words(text: str) -> list[str]:
    plain, before = text.replace("&", " and "), ""
    while plain != before:  # folding one character may give another that folds again
        before = plain
        folded = unicodedata.normalize("NFKD", plain).casefold()
        plain = "".join(char for char in folded if not unicodedata.combining(char))
    without = re.sub(r"['’.]", "", plain)
    return re.findall(r"[^\W_]+", without)


def keys_of(name: str | None, postcode: str | None, charity: str | None, company: str | None) -> OrganisationKeys:
    """The keys of an organisation by what it answered."""
    cleaned, place = clean_name(name or ""), _squeezed(postcode)
    return OrganisationKeys(
        charity=_squeezed(charity),
        company=_squeezed(company),
        name=f"{cleaned}|{place}" if cleaned and place else None,
    )


def _squeezed(text: str | None) -> str | None:
    return "".join((text or "").split()).upper() or None


def same_organisation(one: OrganisationKeys, other: OrganisationKeys) -> bool:
    """Whether two bids are by one organisation: by a number of one register if both have it, else by name and place."""
    numbers = [(mine, theirs) for mine, theirs in _registers(one, other) if mine and theirs]
    if any(mine == theirs for mine, theirs in numbers):
        return True
    return not numbers and one.name is not None and one.name == other.name


def _registers(one: OrganisationKeys, other: OrganisationKeys) -> tuple[tuple[str | None, str | None], ...]:
    return (one.charity, other.charity), (one.company, other.company)


def alike(one: Bid, other: Bid, share: Fraction) -> tuple[str, ...]:
    """In what one bid looks like another; nothing unless that is two of three: title, amount and dates.

    Amounts are alike where they differ by at most this share of the larger; dates where the projects overlap.
    """
    found = []
    if _titles_alike(one.title, other.title):
        found.append("title")
    if abs(one.amount - other.amount) <= share * max(one.amount, other.amount):
        found.append("amount")
    if None not in (one.start, one.end, other.start, other.end) and _overlap(one, other):
        found.append("dates")
    return tuple(found) if len(found) > 1 else ()


def _titles_alike(one: str, other: str) -> bool:
    mine, theirs = frozenset(_words(one)), frozenset(_words(other))
    return bool(mine and theirs) and Fraction(len(mine & theirs), len(mine | theirs)) >= _TITLE_ALIKE


def _overlap(one: Bid, other: Bid) -> bool:
    first, last = max(filter(None, (one.start, other.start))), min(filter(None, (one.end, other.end)))
    return first <= last
