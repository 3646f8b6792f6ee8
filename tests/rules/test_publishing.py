"""The register, specified information, open data and the panel's pack (W1, W2, W3, W5), to the penny and the day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import bank_holidays
from core.rules.facts import Finding, Stage, Verdict
from core.rules.policy import Kind, Policy, Purpose
from core.rules.publishing import (
    WITHHELD,
    Accepted,
    Item,
    PackEntry,
    PublicationList,
    RegisterRow,
    in_period,
    is_published,
    lists_for,
    missing_for,
    monthly_finding,
    open_data_finding,
    pack_finding,
    publication_day,
    redacted,
    redaction_finding,
    register_finding,
    specified_finding,
    totals_finding,
)
from core.rules.sources import paragraph

D = date.fromisoformat
Find = Callable[..., Finding | None]
HOLIDAYS = bank_holidays()
TODAY = D("2026-11-23")
ITEMS, GRANTS, CONTRACTS, CONTRACT_COPIES, TENDER_COPIES = (
    PublicationList.ITEMS,
    PublicationList.CRIME_GRANTS,
    PublicationList.CONTRACTS,
    PublicationList.CONTRACT_COPIES,
    PublicationList.TENDER_COPIES,
)


def check(found: Finding | None, rule: str, verdict: str) -> Finding:
    """That a finding is of this rule and verdict, and says what to do unless it is met."""
    assert found is not None
    assert (found.rule, found.verdict.value, found.paragraph) == (rule, verdict, paragraph(rule))
    assert found.because.endswith(".")
    assert bool(found.remedy) == (verdict != "met")
    return found


# -------------------------------------------------------------------------------------------------------- W1


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("amount", [1, 714_84, 500_00, 10_000_01, 1_000_000_00])
def test_every_award_of_every_size_is_to_be_published(finding: Find, kind: Kind, amount: int) -> None:
    for fund in (None, "youth-fund", "casualty-reduction"):
        found = check(finding("W1", kind=kind, amount=amount, fund=fund), "W1", "met")
        assert "from its acceptance on" in found.because


@pytest.mark.parametrize(
    ("amount", "accepted", "public"),
    [
        (1, "2026-11-23", True),
        (1, "2026-11-22", True),
        (1, "2026-11-24", False),
        (1_000_000_00, None, False),
        (0, "2026-11-22", False),
    ],
)
def test_an_award_is_public_from_its_acceptance_on(amount: int, accepted: str | None, public: bool) -> None:
    award = Accepted("YF-1", "youth-fund", amount, D(accepted) if accepted else None)
    assert is_published(award, TODAY) == public
    found = register_finding([award], ["YF-1"], TODAY)
    check(found, "W1", "met" if public else "not_met")
    check(register_finding([award], [], TODAY), "W1", "not_met" if public else "met")


def test_what_the_register_lacks_is_named() -> None:
    awards = [Accepted(f"YF-{number}", "youth-fund", 1, TODAY) for number in (3, 1, 2)]
    assert register_finding(awards, {"YF-2"}, TODAY).because == "Not on the register: YF-1 and YF-3."
    assert register_finding(awards, {"YF-1", "YF-2", "YF-3"}, TODAY).because == (
        "The register shows 3 accepted awards, and no other."
    )
    assert register_finding([], {"YF-9"}, TODAY).because == "On the register, and not accepted: YF-9."


@pytest.mark.parametrize(
    ("told", "ledger", "verdict", "said"),
    [
        ({}, {}, "met", "agree with the ledger: £0."),
        ({"a": 1_000_00, "b": 1}, {"a": 1_000_00, "b": 1}, "met", "The totals of 2026-27 agree"),
        ({"a": 1_000_00}, {"a": 1_000_00, "b": 0}, "met", "£1,000."),
        ({"a": 1_000_00}, {"a": 1_000_01}, "not_met", "a: £1,000 published, £1,000.01 in the ledger."),
        ({"a": 1_000_01}, {"a": 1_000_00}, "not_met", "a: £1,000.01 published, £1,000 in the ledger."),
        ({"a": 5}, {"a": 5, "b": 1}, "not_met", "b: £0 published, £0.01 in the ledger."),
        ({"a": 5, "b": 1}, {"a": 5}, "not_met", "b: £0.01 published, £0 in the ledger."),
        ({"a": 6, "b": 4}, {"a": 5, "b": 5}, "not_met", "a: £0.06 published, £0.05 in the ledger; b:"),
    ],
)
def test_totals_agree_with_the_ledger_to_the_penny(
    told: dict[str, int], ledger: dict[str, int], verdict: str, said: str
) -> None:
    assert said in check(totals_finding(2026, told, ledger), "W1", verdict).because


PERSON = RegisterRow(
    "Al Smith", "Fenland", "PE15 8AA", ("Fun nights by al  smith", "Al Smithson's alcohol"), individual=True
)
REFUGE = RegisterRow("Safe House", "Peterborough", "PE1 1AA", ("Beds at pe11aa", "PE1 1AAB"), confidential=True)


@pytest.mark.parametrize(
    ("row", "public"),
    [
        (
            PERSON,
            RegisterRow(
                WITHHELD, "Fenland", "", ("Fun nights by [withheld]", "Al Smithson's alcohol"), individual=True
            ),
        ),
        (REFUGE, RegisterRow("Safe House", "Peterborough", "", ("Beds at [withheld]", "PE1 1AAB"), confidential=True)),
        (
            replace(PERSON, confidential=True, texts=("Al Smith at PE158AA",)),
            RegisterRow(WITHHELD, "Fenland", "", ("[withheld] at [withheld]",), individual=True, confidential=True),
        ),
        (RegisterRow("Youth Club", "Fenland", "PE15 8AA"), RegisterRow("Youth Club", "Fenland", "PE15 8AA")),
        (replace(REFUGE, postcode="", texts=("x",)), replace(REFUGE, postcode="", texts=("x",))),
    ],
)
def test_individuals_and_confidential_addresses_are_kept_back(row: RegisterRow, public: RegisterRow) -> None:
    assert redacted(row) == public
    assert redacted(public) == public
    check(redaction_finding(row, public), "W1", "met")
    if row != public:
        found = check(redaction_finding(row, row), "W1", "not_met")
        assert "Withhold the name" in found.remedy


@given(
    st.text("abc .(*", min_size=1, max_size=8).filter(str.strip),
    st.text("abc .(*", max_size=40),
    st.sampled_from(["", "AB1 2CD", "ab12cd"]),
)
def test_no_name_is_left_in_what_is_shown(name: str, text: str, postcode: str) -> None:
    shown = redacted(RegisterRow(name, "Fenland", postcode, (f"{text} {name} {text}", text), individual=True))
    assert (shown.recipient, shown.postcode) == (WITHHELD, "")
    assert "withheld" in shown.texts[0]


# -------------------------------------------------------------------------------------------------------- W2


@pytest.mark.parametrize(
    ("kind", "amount", "victim", "tendered", "lists"),
    [
        # Each crime and disorder reduction grant, from the penny up.
        (Kind.GRANT, 1, False, False, [GRANTS]),
        (Kind.GRANT, 1_000_000_00, False, False, [GRANTS]),
        # Other items over £500.
        (Kind.GRANT, 500_00, True, False, []),
        (Kind.GRANT, 500_01, True, False, [ITEMS]),
        (Kind.GRANT, 10_000_01, True, False, [ITEMS]),
        (Kind.INVOICE, 500_00, False, False, []),
        (Kind.INVOICE, 500_01, False, False, [ITEMS]),
        (Kind.INVOICE, 10_000_01, False, False, [ITEMS]),
        # Contracts: in a list up to £10,000, as a copy above it.
        (Kind.CONTRACT, 500_00, False, False, [CONTRACTS]),
        (Kind.CONTRACT, 500_01, False, False, [ITEMS, CONTRACTS]),
        (Kind.CONTRACT, 10_000_00, False, False, [ITEMS, CONTRACTS]),
        (Kind.CONTRACT, 10_000_01, False, False, [ITEMS, CONTRACT_COPIES]),
        (Kind.CO_COMMISSIONED, 10_000_00, True, False, [ITEMS, CONTRACTS]),
        (Kind.CO_COMMISSIONED, 10_000_01, True, False, [ITEMS, CONTRACT_COPIES]),
        # Invitations to tender.
        (Kind.CONTRACT, 10_000_00, False, True, [ITEMS, CONTRACTS]),
        (Kind.CONTRACT, 10_000_01, False, True, [ITEMS, CONTRACT_COPIES, TENDER_COPIES]),
        (Kind.INVOICE, 10_000_01, False, True, [ITEMS, TENDER_COPIES]),
    ],
)
def test_what_the_order_asks_for(
    policy: Policy, kind: Kind, amount: int, victim: bool, tendered: bool, lists: list[PublicationList]
) -> None:
    assert list(lists_for(kind, amount, policy, victim=victim, tendered=tendered)) == lists


def test_what_is_not_said_is_no_victim_service_and_no_tender(policy: Policy) -> None:
    assert lists_for(Kind.GRANT, 500_01, policy) == (GRANTS,)
    assert lists_for(Kind.CONTRACT, 10_000_01, policy) == (ITEMS, CONTRACT_COPIES)
    assert "a copy of the contract" in missing_for(Item("CD-3", Kind.CONTRACT, 10_000_01), policy)
    assert "a copy of the invitation to tender" not in missing_for(Item("CD-3", Kind.CONTRACT, 10_000_01), policy)
    assert "a copy of the invitation to tender" in missing_for(
        Item("CD-3", Kind.CONTRACT, 10_000_01, tendered=True), policy
    )


def test_the_orders_figures_are_the_policys(policy: Policy) -> None:
    def moved(name: str, value: int) -> Policy:
        figure: dict[str, Any] = {name: replace(getattr(policy, name), value=value)}
        return replace(policy, **figure)

    assert lists_for(Kind.INVOICE, 500_01, moved("published_items_over", 500_01)) == ()
    assert lists_for(Kind.CONTRACT, 10_000_01, moved("published_copies_over", 10_000_01)) == (ITEMS, CONTRACTS)


GRANT = Item("CD-1", Kind.GRANT, 1, recipient="Club", purpose="Nights", conditions="Returns", reasons="It cuts crime")
CONTRACT = Item(
    "CD-2", Kind.CONTRACT, 60_000_00, recipient="Firm", purpose="Cars", value_for_money="Best of four", tendered=True,
    contract_copy=True, tender_copy=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("item", "missing"),
    [
        (GRANT, []),
        (replace(GRANT, conditions="", reasons=""), ["the conditions", "the reasons why"]),
        (replace(GRANT, recipient="", purpose=""), ["the recipient", "the purpose"]),
        (CONTRACT, []),
        (replace(CONTRACT, value_for_money=""), ["why it is good value for money"]),
        (
            replace(CONTRACT, contract_copy=False, tender_copy=False),
            ["a copy of the contract", "a copy of the invitation to tender"],
        ),
        (replace(CONTRACT, tendered=False, tender_copy=False), []),
        (replace(CONTRACT, amount=10_000_00, contract_copy=False, tender_copy=False), ["the parties"]),
        (replace(CONTRACT, amount=10_000_00, parties=("Firm",)), []),
        (Item("CD-3", Kind.INVOICE, 500_00), []),
        (Item("CD-3", Kind.INVOICE, 500_01), ["the recipient", "the purpose", "why it is good value for money"]),
    ],
)
def test_what_a_list_still_lacks(policy: Policy, item: Item, missing: list[str]) -> None:
    assert list(missing_for(item, policy)) == missing
    due = D("2026-12-01")
    for today, verdict in (
        ("2026-11-30", "advice"),
        ("2026-12-01", "advice"),
        ("2026-12-02", "not_met"),
    ):
        found = check(specified_finding(item, policy, due=due, today=D(today)), "W2", verdict if missing else "met")
        assert all(one in found.because for one in missing)


def test_what_is_on_no_list_is_said(policy: Policy) -> None:
    found = specified_finding(Item("CD-3", Kind.INVOICE, 500_00), policy, due=TODAY, today=TODAY)
    assert found.because == "£500 is not over £500, so it is on no list of the Order."


@pytest.mark.parametrize(
    ("kind", "amount", "purpose", "verdict", "said"),
    [
        (Kind.GRANT, 60_000_00, Purpose.CRIME_REDUCTION, None, ""),
        (Kind.GRANT, 500_00, Purpose.VICTIM_SERVICES, None, ""),
        (Kind.GRANT, 500_01, Purpose.VICTIM_SERVICES, "met", "£500.01 is over £500"),
        (Kind.INVOICE, 500_00, None, None, ""),
        (Kind.INVOICE, 500_01, None, "met", "The reasons of the decision say so."),
        (Kind.CONTRACT, 4_999_99, None, "met", "why it is good value for money"),
        (Kind.CONTRACT, 5_000_00, None, "advice", "why it is good value for money."),
        (Kind.CONTRACT, 10_000_00, None, "advice", "why it is good value for money."),
        (Kind.CONTRACT, 10_000_01, None, "advice", "; so is a copy of the contract, over £10,000."),
        (Kind.CONTRACT, 50_000_00, None, "advice", "a copy of the contract and of the invitation to tender, over"),
    ],
)
def test_the_office_hears_what_it_must_bring(
    finding: Find, kind: Kind, amount: int, purpose: Purpose | None, verdict: str | None, said: str
) -> None:
    found = finding("W2", kind=kind, amount=amount, purpose=purpose)
    if verdict is None:
        assert found is None
    else:
        assert said in check(found, "W2", verdict).because
        assert found is not None
        assert found.needed_by is (Stage.APPROVAL if verdict == "advice" else None)


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ("2026-11-01", "2026-12-01"),
        ("2026-11-30", "2026-12-01"),
        ("2026-12-31", "2027-01-04"),  # New Year's Day is a Friday
        ("2027-12-15", "2028-01-04"),  # it is a Saturday, and Monday its substitute
        ("2024-03-15", "2024-04-02"),  # Easter Monday is on 1 April
        ("2027-02-28", "2027-03-01"),
        ("2026-07-10", "2026-08-03"),  # 1 August is a Saturday
    ],
)
def test_publication_is_on_the_first_working_day_of_the_next_month(policy: Policy, month: str, due: str) -> None:
    assert publication_day(D(month), policy, HOLIDAYS) == D(due)


def test_the_publication_day_is_the_policys(policy: Policy) -> None:
    third = replace(policy, publication_working_day=replace(policy.publication_working_day, value=3))
    assert publication_day(D("2026-12-31"), third, HOLIDAYS) == D("2027-01-06")


@pytest.mark.parametrize(
    ("published", "today", "verdict", "said"),
    [
        (None, "2027-01-01", "advice", "of December 2026 is due on 4 January 2027."),
        (None, "2027-01-04", "advice", "is due on 4 January 2027."),
        (None, "2027-01-05", "not_met", "was due on 4 January 2027, and is not published."),
        ("2027-01-04", "2027-01-05", "met", "was published on 4 January 2027"),
        ("2027-01-05", "2027-01-05", "not_met", "was published 1 day late."),
        ("2027-01-06", "2027-01-07", "not_met", "2 days late"),
    ],
)
def test_a_month_is_published_in_time(
    policy: Policy, published: str | None, today: str, verdict: str, said: str
) -> None:
    found = monthly_finding(D("2026-12-10"), D(published) if published else None, policy, HOLIDAYS, D(today))
    assert said in check(found, "W2", verdict).because


# -------------------------------------------------------------------------------------------------------- W3


WHOLE: dict[str, object] = {
    "id": "360G-practice:YF-1", "title": "Nights", "description": "Two a week", "currency": "GBP",
    "amountAwarded": "714.84", "awardDate": "2026-11-23", "fundingOrganization": [{"id": "GB-X", "name": "Office"}],
    "recipientOrganization": [{"id": "GB-CHC-1", "name": "Club"}], "plannedDates": [{"startDate": "2026-12-01"}],
    "beneficiaryLocation": [{"name": "Fenland"}], "grantProgramme": [{"code": "youth-fund"}],
    "dateModified": "2026-11-23",
}  # fmt: skip


@pytest.mark.parametrize("field", sorted(WHOLE))
def test_a_grant_has_the_fields_of_the_standard(field: str) -> None:
    check(open_data_finding(Kind.GRANT, WHOLE), "W3", "met")
    needed = field not in ("plannedDates", "beneficiaryLocation", "grantProgramme", "dateModified")
    for lacking in ({key: value for key, value in WHOLE.items() if key != field}, WHOLE | {field: ""}):
        found = check(open_data_finding(Kind.GRANT, lacking), "W3", "not_met" if needed else "advice")
        assert field in found.because


def test_a_grant_goes_to_an_organisation_or_a_person() -> None:
    person = {key: value for key, value in WHOLE.items() if key != "recipientOrganization"}
    check(open_data_finding(Kind.GRANT, person | {"recipientIndividual": {"id": "x"}}), "W3", "met")
    check(open_data_finding(Kind.GRANT, WHOLE | {"recipientIndividual": {"id": "x"}}), "W3", "not_met")


@pytest.mark.parametrize("kind", list(Kind))
def test_open_data_is_of_grants_only(kind: Kind) -> None:
    grant = kind is Kind.GRANT
    check(open_data_finding(kind, WHOLE), "W3", "met" if grant else "not_met")
    check(open_data_finding(kind, None), "W3", "not_met" if grant else "met")


# -------------------------------------------------------------------------------------------------------- W5


ENTRIES = tuple(
    PackEntry(what, reference, D(day))
    for what, reference, day in (
        ("award", "YF-3", "2026-10-01"),
        ("decision", "YF-2", "2026-12-31"),
        ("decision", "YF-1", "2026-09-30"),
        ("outcome", "YF-5", "2027-01-01"),
        ("decision", "YF-1", "2026-10-01"),
    )
)


def test_a_period_has_both_its_days() -> None:
    found = in_period(ENTRIES, D("2026-10-01"), D("2026-12-31"))
    assert [(one.what, one.reference) for one in found] == [
        ("decision", "YF-1"), ("award", "YF-3"), ("decision", "YF-2"),
    ]  # fmt: skip
    assert [one.reference for one in in_period(ENTRIES, D("2026-12-31"), D("2026-12-31"))] == ["YF-2"]
    assert in_period(ENTRIES, D("2027-01-02"), D("2027-02-01")) == ()
    with pytest.raises(ValueError, match="before it begins"):
        in_period(ENTRIES, D("2026-10-02"), D("2026-10-01"))


@pytest.mark.parametrize(
    ("pack", "first", "last", "verdict", "said"),
    [
        (ENTRIES, "2026-09-30", "2027-01-01", "met", "all 5 entries from 30 September 2026 to 1 January 2027"),
        (ENTRIES[:1], "2026-10-02", "2026-10-31", "not_met", "what is not of it: award YF-3"),
        (ENTRIES[1:2], "2026-12-31", "2026-12-31", "met", "all 1 entry"),
        ((), "2026-12-31", "2026-12-31", "not_met", "lacks decision YF-2"),
        ((), "2027-01-02", "2027-01-31", "advice", "Nothing was awarded or decided"),
    ],
)
def test_a_pack_holds_its_period(pack: tuple[PackEntry, ...], first: str, last: str, verdict: str, said: str) -> None:
    assert said in check(pack_finding(ENTRIES, pack, D(first), D(last)), "W5", verdict).because


@given(
    st.lists(st.dates(D("2026-01-01"), D("2026-03-31")), max_size=8), *[st.dates(D("2026-01-01"), D("2026-03-31"))] * 2
)
def test_what_falls_in_a_period_makes_its_pack(days: list[date], one: date, other: date) -> None:
    first, last = sorted((one, other))
    entries = [PackEntry("award", f"YF-{number}", day) for number, day in enumerate(days)]
    pack = in_period(entries, first, last)
    assert {entry.reference for entry in pack} == {
        f"YF-{number}" for number, day in enumerate(days) if first <= day <= last
    }
    found = pack_finding(entries, pack, first, last)
    assert found.rule == "W5"
    assert found.verdict is (Verdict.MET if pack else Verdict.ADVICE)
