"""Facts, sums and days as an auditor reads them, from what the record keeps of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from core.office import london_moment
from core.rules.calendar import date_text
from core.rules.facts import Facts
from core.rules.money import display
from core.rules.words import listed

_FACTS_ORDER = {one.name: number for number, one in enumerate(fields(Facts))}
MONEY_FACTS = frozenset({"amount", "purchases", "whole_contract", "same_supplier", "live_awards", "assistance"})
"""The facts that are pence."""


def facts_text(facts: Mapping[str, Any], within: str = "") -> Iterator[str]:
    """Facts as they were decided on, one by one; what was not given is left out.

    They are told in the order in which the rules have them, which no database promises to keep.
    """
    for name, value in sorted(facts.items(), key=lambda fact: (_FACTS_ORDER.get(fact[0], len(_FACTS_ORDER)), fact[0])):
        label = f"{within}{name.replace('_', ' ')}"
        if value is None or value == [] or value == "":
            continue
        if isinstance(value, Mapping):
            yield from facts_text(value, f"{name}: ")
        elif isinstance(value, bool):
            yield f"{label}: {'yes' if value else 'no'}"
        elif isinstance(value, int) and name in MONEY_FACTS:
            yield f"{label}: {display(value)}"
        elif isinstance(value, list):
            yield f"{label}: {listed(str(one) for one in value)}"
        else:
            yield f"{label}: {value}"


def money(value: Any) -> str:
    """Pence as pounds; what is no whole number of pence as it stands."""
    return display(value) if type(value) is int else str(value)


def day(value: Any) -> str:
    """A day as people write it; what is no day as it stands."""
    if isinstance(value, date):
        return date_text(value)
    try:
        return date_text(date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def moment(value: Any) -> str:
    """An instant as people are told of it, in London; what is no instant as it stands, and "" for none."""
    if value is None:
        return ""
    try:
        return london_moment(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)
