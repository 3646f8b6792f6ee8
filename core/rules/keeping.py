"""The official record: how long it is kept, what Slack may hold of it, and that it outlives the office (W4, W6)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from core.rules.calendar import add_months, date_text
from core.rules.facts import Finding, advice, met, not_met
from core.rules.policy import Policy
from core.rules.words import capital, counted, listed

__all__ = [
    "Hold",
    "HoldReason",
    "Tally",
    "deletable_from",
    "deletion_finding",
    "handover_finding",
    "slack_finding",
    "transfer_finding",
]


class HoldReason(StrEnum):
    """What stops a deletion, whatever its day (W4)."""

    FREEDOM_OF_INFORMATION = "a request under the Freedom of Information Act"
    LITIGATION = "a claim"


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that must not be deleted: why, by which file, and the last day on which it holds; None: for now."""

    reason: HoldReason
    file: str
    lifted_on: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it stops a deletion on a day: the day on which it is lifted is still held."""
        return self.lifted_on is None or day <= self.lifted_on


def deletable_from(what: str, counted_from: date, policy: Policy) -> date:
    """The first day on which this may be deleted (W4), by the id of its row: the day on which its months end is kept.

    Raises KeyError for what the policy has no row for. At the calendar's end latest.
    """
    row = policy.keep(what)
    try:
        return add_months(counted_from, row.months) + timedelta(days=1)
    except OverflowError:
        return date.max


def deletion_finding(
    what: str, counted_from: date | None, holds: Sequence[Hold], policy: Policy, today: date
) -> Finding:
    """W4: may this be deleted today? `what` is the id of a row of retention; `counted_from` None: not come yet.

    Raises KeyError for what the policy has no row for.
    """
    row = policy.keep(what)
    held = [hold for hold in holds if hold.holds(today)]
    if held:
        reasons = listed(f"{hold.reason.value} ({hold.file})" for hold in held)
        return not_met(
            "W4",
            f"It is held by {reasons}, whatever its age.",
            "Keep it until that is over, and the hold is lifted.",
            None,
        )
    keeps = f"{row.what} is kept for {counted(row.months, 'month')} from {row.counted_from}"
    if counted_from is None:
        return not_met("W4", f"{keeps}, which has not come.", "Keep it.", None)
    first = deletable_from(what, counted_from, policy)
    if today < first:
        return not_met(
            "W4",
            f"{keeps}, {date_text(counted_from)}.",
            f"Keep it: it may be deleted from {date_text(first)} on.",
            None,
        )
    return met("W4", f"{keeps}, {date_text(counted_from)}, so it may be deleted since {date_text(first)}.")


_BANK: Final = frozenset({"bank", "sort", "account", "iban", "bic", "swift", "payee"})
_PERSONAL: Final = frozenset(
    {
        "address", "birth", "birthday", "disability", "dob", "email", "ethnicity", "fax", "gender", "health",
        "insurance", "mail", "mobile", "nationality", "passport", "phone", "postcode", "religion", "street",
        "telephone",
    }
)  # fmt: skip
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def slack_finding(fields: Iterable[str]) -> Finding:
    """W4: may a message for Slack hold these fields? No bank detail, and of a person the name only.

    Fields go by what they are called, such as "contact_name" or "sortCode".
    """
    named = {field: {word.casefold() for word in _WORDS.findall(field)} for field in fields}
    bank = [field for field, words in named.items() if words & _BANK]
    personal = [field for field, words in named.items() if words & _PERSONAL and field not in bank]
    if not bank and not personal:
        return met("W4", "Slack is shown no bank detail, and of a person no more than the name.")
    parts = []
    if bank:
        parts.append(f"bank details: {listed(bank)}")
    if personal:
        parts.append(f"personal details: {listed(personal)}")
    return not_met(
        "W4",
        f"Slack would hold {'; '.join(parts)}.",
        "Leave them out, and link to the desk, where they are kept.",
        None,
    )


_SUCCESSOR: Final = re.compile(r"successor|takes? over|another body", re.IGNORECASE)
_PASSES: Final = re.compile(r"\bpass(es)?\b|transfer|novat|assign", re.IGNORECASE)


def transfer_finding(terms: Sequence[str]) -> Finding:
    """W6: do an agreement's terms say that it passes to whoever takes over from the Commissioner?"""
    clause = next((term for term in terms if _SUCCESSOR.search(term) and _PASSES.search(term)), None)
    if clause is not None:
        return met("W6", f"The agreement outlives the office: “{clause.strip()}”")
    return not_met(
        "W6",
        "No term of the agreement says that it passes to a body that takes over from the Commissioner.",
        "Add to the terms: “If another body takes over from the Commissioner, this agreement passes to it.”",
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of thing in the record: how many there are, and a fingerprint of all of them."""

    number: int
    fingerprint: str


def handover_finding(record: Mapping[str, Tally], handed: Mapping[str, Tally]) -> Finding:
    """W6: is the whole record handed over: everything of each kind, unchanged? `handed` is what the successor has."""
    lacking = [
        f"{kind} ({handed[kind].number if kind in handed else 0:,} of {tally.number:,})"
        for kind, tally in record.items()
        if (handed[kind].number if kind in handed else 0) != tally.number
    ]
    if lacking:
        return not_met("W6", f"Not handed over whole: {listed(lacking)}.", "Hand the record over again.", None)
    changed = [kind for kind, tally in record.items() if tally.number and handed[kind].fingerprint != tally.fingerprint]
    if changed:
        return not_met(
            "W6", f"Changed on the way: {listed(changed)}.", "Hand the record over again, from a fresh archive.", None
        )
    strange = [kind for kind in handed if kind not in record]
    if strange:
        return advice(
            "W6", f"{capital(listed(strange))} came with the record and is not of it.", "Find out what it is."
        )
    total = sum(tally.number for tally in record.values())
    return met("W6", f"The whole record is handed over: {counted(total, 'entry', 'entries')}, unchanged.")
