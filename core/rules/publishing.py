"""Telling people: the register, specified information, open data, the panel's pack (W1, W2, W3, W5).

Each rule is told what is to be published, and what is; nothing here looks anything up. Money is pence.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from core.rules.calendar import MONTH_NAMES, date_text, next_month, working_day_of_month, year_label
from core.rules.facts import Facts, Finding, Stage, advice, met, not_met
from core.rules.money import display
from core.rules.policy import Kind, Policy, Tier
from core.rules.words import counted, listed

__all__ = [
    "Accepted",
    "Item",
    "PackEntry",
    "PublicationList",
    "RegisterRow",
    "in_period",
    "is_published",
    "lists_for",
    "missing_for",
    "monthly_finding",
    "open_data_finding",
    "pack_finding",
    "publication_day",
    "publication_finding",
    "redacted",
    "redaction_finding",
    "register_finding",
    "specified_finding",
    "specified_for",
    "totals_finding",
]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An award as far as the register's completeness goes: whose acceptance came on a day; None: not accepted."""

    reference: str
    fund: str
    amount: int
    accepted_on: date | None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """What a row of the register would show: `texts` are its title, its need and whatever else is in words.

    `individual`: the recipient is a person, not an organisation. `confidential`: the address must not be known, such as
    a refuge's. `area` may always be shown.
    """

    recipient: str
    area: str
    postcode: str = ""
    texts: tuple[str, ...] = ()
    individual: bool = False
    confidential: bool = False


def publication_finding() -> Finding:
    """W1: every award is published, whatever its fund and its size."""
    return met(
        "W1",
        "It is on the public register from its acceptance on, and in the Annual Report: "
        "who received it, how much, and what for.",
    )


def is_published(award: Accepted, day: date) -> bool:
    """Whether an award is on the register on a day (W1): from the day of its acceptance on, from the penny up."""
    return award.accepted_on is not None and award.accepted_on <= day and award.amount > 0


def register_finding(awards: Sequence[Accepted], shown: Collection[str], today: date) -> Finding:
    """W1: does the register show every award that has been accepted, and no other? `shown` are references."""
    due = {award.reference for award in awards if is_published(award, today)}
    missing, early = sorted(due.difference(shown)), sorted(set(shown) - due)
    if missing:
        return not_met("W1", f"Not on the register: {listed(missing)}.", "Publish every accepted award.", None)
    if early:
        return not_met("W1", f"On the register, and not accepted: {listed(early)}.", "Take them off it.", None)
    if not due:
        return met("W1", "No award has been accepted yet, and the register is empty.")
    return met("W1", f"The register shows {counted(len(due), 'accepted award')}, and no other.")


def totals_finding(year: int, told: Mapping[str, int], ledger: Mapping[str, int]) -> Finding:
    """W1: do the year's totals by fund, in pence, as they are published, agree with the ledger to the penny?

    A fund that is not named has nothing.
    """
    differing = [fund for fund in sorted({*told, *ledger}) if told.get(fund, 0) != ledger.get(fund, 0)]
    if not differing:
        return met("W1", f"The totals of {year_label(year)} agree with the ledger: {display(sum(ledger.values()))}.")
    parts = [
        f"{fund}: {display(told.get(fund, 0))} published, {display(ledger.get(fund, 0))} in the ledger"
        for fund in differing
    ]
    return not_met(
        "W1",
        f"The totals of {year_label(year)} differ from the ledger. {'; '.join(parts)}.",
        "Find the award or the movement that makes the difference before the report is published.",
        None,
    )


WITHHELD: Final = "An individual (name withheld)"
"""What stands in the register for a person's name."""


def redacted(row: RegisterRow) -> RegisterRow:
    """The row as the public may see it (W1): no person's name, and the area alone for an address to be kept secret."""
    secrets = [row.recipient] if row.individual else []
    if row.individual or row.confidential:
        secrets.append(row.postcode)
    texts = row.texts
    for secret in secrets:
        texts = tuple(_without(secret, text) for text in texts)
    return replace(
        row,
        recipient=WITHHELD if row.individual else row.recipient,
        postcode="" if secrets else row.postcode,
        texts=texts,
    )


def redaction_finding(row: RegisterRow, shown: RegisterRow) -> Finding:
    """W1: does what is shown of a row keep back what must not be known?"""
    if shown == redacted(row):
        return met("W1", "No person's name and no confidential address is shown.")
    return not_met(
        "W1",
        "The register would show a person's name or a confidential address.",
        "Withhold the name, and show the area only.",
        None,
    )


_BLANKS: Final = r"\s*"


def _without(secret: str, text: str) -> str:
    """A text with what it must not tell left out, whatever its capitals and blanks."""
    letters = [re.escape(letter) for letter in secret if not letter.isspace()]
    if not letters:
        return text
    # Whole words only: somebody called Al is no part of "alcohol".
    return re.sub(rf"(?<!\w){_BLANKS.join(letters)}(?!\w)", "[withheld]", text, flags=re.IGNORECASE)


class PublicationList(StrEnum):
    """What the Specified Information Order asks to be published (W2)."""

    CRIME_GRANTS = "crime and disorder reduction grants"
    ITEMS = "items of expenditure"
    CONTRACTS = "contracts"
    CONTRACT_COPIES = "copies of contracts"
    TENDER_COPIES = "copies of invitations to tender"


@dataclass(frozen=True, slots=True)
class Item:
    """What is known of an award for the Order's lists (W2); blank or False: not there yet.

    `tendered`: tenders were invited. `parties` are the parties of a contract beside the office.
    """

    reference: str
    kind: Kind
    amount: int
    victim: bool = False
    recipient: str = ""
    purpose: str = ""
    conditions: str = ""
    reasons: str = ""
    value_for_money: str = ""
    parties: tuple[str, ...] = ()
    tendered: bool = False
    contract_copy: bool = False
    tender_copy: bool = False


_NEEDS: Final = {
    PublicationList.CRIME_GRANTS: ("recipient", "purpose", "conditions", "reasons"),
    PublicationList.ITEMS: ("recipient", "purpose", "value_for_money"),
    PublicationList.CONTRACTS: ("parties", "purpose"),
    PublicationList.CONTRACT_COPIES: ("contract_copy",),
    PublicationList.TENDER_COPIES: ("tender_copy",),
}
_CALLED: Final = {
    "recipient": "the recipient",
    "purpose": "the purpose",
    "conditions": "the conditions",
    "reasons": "the reasons why",
    "value_for_money": "why it is good value for money",
    "parties": "the parties",
    "contract_copy": "a copy of the contract",
    "tender_copy": "a copy of the invitation to tender",
}


def lists_for(
    kind: Kind, amount: int, policy: Policy, *, victim: bool = False, tendered: bool = False
) -> tuple[PublicationList, ...]:
    """The lists of the Order that an award of this amount in pence belongs to (W2); maybe none.

    A grant is a crime and disorder reduction grant unless it is a victim service's, which has a power of its own (L2).
    """
    crime_grant = kind is Kind.GRANT and not victim
    contract = kind in (Kind.CONTRACT, Kind.CO_COMMISSIONED)
    copies = amount > policy.published_copies_over.value
    found = (
        (PublicationList.CRIME_GRANTS, crime_grant),
        (PublicationList.ITEMS, not crime_grant and amount > policy.published_items_over.value),
        (PublicationList.CONTRACTS, contract and not copies),
        (PublicationList.CONTRACT_COPIES, contract and copies),
        (PublicationList.TENDER_COPIES, tendered and copies),
    )
    return tuple(name for name, belongs in found if belongs)


def missing_for(item: Item, policy: Policy) -> tuple[str, ...]:
    """What the lists that an award belongs to still lack of it, in words (W2)."""
    needed = dict.fromkeys(name for list_ in _lists(item, policy) for name in _NEEDS[list_])
    return tuple(_CALLED[name] for name in needed if not getattr(item, name))


def _lists(item: Item, policy: Policy) -> tuple[PublicationList, ...]:
    return lists_for(item.kind, item.amount, policy, victim=item.victim, tendered=item.tendered)


def specified_finding(item: Item, policy: Policy, *, due: date, today: date) -> Finding:
    """W2: is everything there that the Order asks to be published of an award by the publication day `due`?"""
    lists = _lists(item, policy)
    if not lists:
        limit = display(policy.published_items_over.value)
        return met("W2", f"{display(item.amount)} is not over {limit}, so it is on no list of the Order.")
    where = f"It belongs with the {listed(list_.value for list_ in lists)}"
    missing = listed(missing_for(item, policy))
    if not missing:
        return met("W2", f"{where}, and nothing is missing.")
    remedy = f"Add {missing} by {date_text(due)}."
    if today > due:
        return not_met("W2", f"{where}, due on {date_text(due)}, and lacks {missing}.", f"Add {missing} now.", None)
    return advice("W2", f"{where}, due on {date_text(due)}, and lacks {missing}.", remedy)


def specified_for(facts: Facts, tendered: bool, policy: Policy) -> Finding | None:
    """W2: what the Order will ask of the office for this award; None where the award itself brings all of it."""
    lists = lists_for(facts.kind, facts.amount, policy, victim=facts.victim, tendered=tendered)
    if PublicationList.ITEMS not in lists:
        return None
    limit = display(policy.published_items_over.value)
    because = (
        f"{display(facts.amount)} is over {limit}, so it is published with its recipient, its purpose "
        "and why it is good value for money"
    )
    copies = {
        PublicationList.CONTRACT_COPIES: "a copy of the contract",
        PublicationList.TENDER_COPIES: "of the invitation to tender",
    }
    published = [text for list_, text in copies.items() if list_ in lists]
    if published:
        because += f"; so is {listed(published)}, over {display(policy.published_copies_over.value)}"
    if policy.tier(facts.amount) is Tier.LIGHT:
        return met("W2", f"{because}. The reasons of the decision say so.")
    return advice("W2", f"{because}.", "Say in the reasons why it is good value for money.", Stage.APPROVAL)


def publication_day(month: date, policy: Policy, holidays: frozenset[date]) -> date:
    """When what belongs to the month of a day is published (W2): on this working day of the month after it.

    Raises OverflowError where the calendar ends.
    """
    return working_day_of_month(next_month(month), policy.publication_working_day.value, holidays)


def monthly_finding(
    month: date, published_on: date | None, policy: Policy, holidays: frozenset[date], today: date
) -> Finding:
    """W2: was the specified information of a month published by its day? The day itself is in time."""
    due = publication_day(month, policy, holidays)
    name = f"The specified information of {MONTH_NAMES[month.month - 1]} {month.year}"
    if published_on is not None and published_on <= due:
        return met("W2", f"{name} was published on {date_text(published_on)}; it was due on {date_text(due)}.")
    if published_on is not None:
        days = counted((published_on - due).days, "day")
        return not_met("W2", f"{name} was published {days} late.", "Publish the next month's in time.", None)
    if today > due:
        return not_met("W2", f"{name} was due on {date_text(due)}, and is not published.", "Publish it now.", None)
    return advice("W2", f"{name} is due on {date_text(due)}.", "Look through what is missing before then.")


_REQUIRED: Final = ("id", "title", "description", "currency", "amountAwarded", "awardDate", "fundingOrganization")
_RECIPIENTS: Final = ("recipientOrganization", "recipientIndividual")
_EXPECTED: Final = ("plannedDates", "beneficiaryLocation", "grantProgramme", "dateModified")


def open_data_finding(kind: Kind, grant: Mapping[str, object] | None) -> Finding:
    """W3: is this award rightly in the open data, with every field that the 360Giving Data Standard 1.4 asks for?

    `grant` is the award as the package has it; None where it is not in it. What the standard's quality checks look
    for beyond that is advice.
    """
    if kind is not Kind.GRANT:
        name = kind.value.replace("_", "-")
        if grant is None:
            return met("W3", f"It is no grant but {_AN[kind]} {name}: the register has it, the open data does not.")
        return not_met("W3", "The open data holds grants only, and this is none.", "Take it out of the package.", None)
    if grant is None:
        return not_met("W3", "It is a grant, and is not in the open data.", "Add it to the package.", None)
    missing = [field for field in _REQUIRED if not grant.get(field)]
    recipients = [field for field in _RECIPIENTS if grant.get(field)]
    if not recipients:
        missing.append(_RECIPIENTS[0])
    if missing:
        return not_met("W3", f"The open data lacks {listed(missing)}.", "Fill them in from the record.", None)
    if len(recipients) > 1:
        return not_met(
            "W3", "The open data names an organisation and an individual as the recipient.", "Name one of them.", None
        )
    wanting = [field for field in _EXPECTED if not grant.get(field)]
    if wanting:
        return advice("W3", f"The open data is valid, and is better with {listed(wanting)}.", "Add what is known.")
    return met("W3", "The open data has every field of the 360Giving Data Standard 1.4 that it should have.")


_AN: Final = {Kind.CONTRACT: "a", Kind.CO_COMMISSIONED: "a", Kind.INVOICE: "an"}


@dataclass(frozen=True, slots=True)
class PackEntry:
    """What the Panel may look at: an award, a decision or an outcome, by its reference and the day it came about."""

    what: str
    reference: str
    day: date


def in_period(entries: Sequence[PackEntry], first: date, last: date) -> tuple[PackEntry, ...]:
    """What falls in a period, both days included, the earliest first (W5).

    Raises ValueError where the period ends before it begins.
    """
    if last < first:
        raise ValueError(f"the period ends on {last}, before it begins on {first}")
    return tuple(sorted((one for one in entries if first <= one.day <= last), key=lambda one: (one.day, one.reference)))


def pack_finding(entries: Sequence[PackEntry], pack: Collection[PackEntry], first: date, last: date) -> Finding:
    """W5: does a pack for the Police and Crime Panel hold all that falls in its period, and nothing else?

    Raises ValueError where the period ends before it begins.
    """
    due = in_period(entries, first, last)
    period = f"from {date_text(first)} to {date_text(last)}"
    missing = [f"{one.what} {one.reference}" for one in due if one not in pack]
    if missing:
        return not_met("W5", f"The pack {period} lacks {listed(missing)}.", "Make the pack again.", Stage.REVIEW)
    strange = [f"{one.what} {one.reference}" for one in pack if one not in due]
    if strange:
        return not_met(
            "W5", f"The pack {period} holds what is not of it: {listed(strange)}.", "Make the pack again.", Stage.REVIEW
        )
    if not due:
        return advice("W5", f"Nothing was awarded or decided {period}.", "Tell the Panel so.")
    return met("W5", f"The pack holds all {counted(len(due), 'entry', 'entries')} {period}.")
