"""The lines of the trail about an award's payments, its agreement and looking at it, as an auditor reads them."""

from __future__ import annotations

from core.audit_facts import day, facts_text, money
from core.audit_told import Detail, Told, Words, text


def payment(what: str) -> Words:
    """What became of a payment, and for which day."""

    def tell(told: Told) -> tuple[str, list[Detail]]:
        amount = f": {money(told.data['amount'])}" if "amount" in told.data else ""
        details = [
            Detail("For", day(told.data["planned_on"]) if told.data.get("planned_on") else ""),
            Detail("After the return of", day(told.data["return_due"]) if told.data.get("return_due") else ""),
            text(told, "reason"),
        ]
        return f"Payment {told.data.get('payment')} {what}{amount}", details

    return tell


def agreement(what: str, on: str = "") -> Words:
    """What became of the agreement, by the line's day `on`, and who signed it."""

    def tell(told: Told) -> tuple[str, list[Detail]]:
        passes_on = {True: "It passes to whoever takes over", False: "It does not say to whom it passes"}
        details = [
            text(told, "signed_by"),
            text(told, "document", "Kept"),
            Detail("Successor", passes_on.get(told.data.get("passes_on", ""), "")),
            text(told, "note"),
        ]
        return f"The agreement was {what}" + (f" on {day(told.data[on])}" if on else ""), details

    return tell


def looked_at(told: Told) -> tuple[str, list[Detail]]:
    """A look at the award: what it ended in, and the money then."""
    sums = [f"{name} {money(told.data[name])}" for name in ("paid", "returned", "spent")]
    agrees = "it agrees" if told.data.get("reconciled") else "it does not agree"
    details = [
        Detail("Money", f"{', '.join(sums)}: {agrees}"),
        text(told, "note"),
        Detail("Next", day(told.data["next"]) if told.data.get("next") else "none before its end"),
    ]
    return f"Looked at, for {day(told.data['due'])}: {told.data['outcome']}", details


def checked(told: Told) -> tuple[str, list[Detail]]:
    """A check before money leaves, and what it found."""
    kind = str(told.data.get("kind")).replace("_", " ")
    found = {name: value for name, value in told.data.items() if name not in ("kind", "note", "person")}
    return f"Checked before money leaves: {kind}", [Detail("Found", "; ".join(facts_text(found))), text(told, "note")]
