"""How long the record is kept, what Slack may hold of it, and whom it passes to (W4, W6)."""

from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card_facts import ApplicationCard
from core.policy_file import SHIPPED, read_policy
from core.rules.facts import Finding, Verdict
from core.rules.keeping import (
    Hold,
    HoldReason,
    Tally,
    deletable_from,
    deletion_finding,
    handover_finding,
    slack_finding,
    transfer_finding,
)
from core.rules.policy import Policy
from core.rules.sources import paragraph

D = date.fromisoformat
SHIPPED_POLICY = read_policy(SHIPPED)


def check(found: Finding, rule: str, verdict: str) -> Finding:
    """That a finding is of this rule and verdict, and says what to do unless it is met."""
    assert (found.rule, found.verdict.value, found.paragraph) == (rule, verdict, paragraph(rule))
    assert found.because.endswith((".", "”"))
    assert bool(found.remedy) == (verdict != "met")
    return found


# -------------------------------------------------------------------------------------------------------- W4


@pytest.mark.parametrize(
    ("what", "counted_from", "last_kept"),
    [
        ("draft", "2026-05-23", "2026-11-23"),
        ("draft", "2026-08-31", "2027-02-28"),
        ("declined", "2024-02-29", "2026-02-28"),
        ("award", "2020-03-31", "2027-03-31"),
        ("bank_details", "2026-11-30", "2027-02-28"),
        ("documents", "2025-03-31", "2027-03-31"),
    ],
)
def test_what_is_kept_and_until_when(policy: Policy, what: str, counted_from: str, last_kept: str) -> None:
    start, last = D(counted_from), D(last_kept)
    assert deletable_from(what, start, policy) == last + timedelta(days=1)
    # The day on which the months end is kept; the day after it may be deleted.
    for days, verdict in ((-1, "not_met"), (0, "not_met"), (1, "met"), (400, "met")):
        found = check(deletion_finding(what, start, (), policy, last + timedelta(days=days)), "W4", verdict)
        assert policy.keep(what).counted_from in found.because


def test_what_the_months_are_counted_from_must_have_come(policy: Policy) -> None:
    found = check(deletion_finding("award", None, (), policy, D("2060-01-01")), "W4", "not_met")
    assert found.because == (
        "An award with everything that belongs to it is kept for 84 months from the end of the award, "
        "which has not come."
    )


def test_the_months_are_the_policys(policy: Policy) -> None:
    shorter = replace(
        policy, retention=tuple(replace(row, months=1) if row.id == "draft" else row for row in policy.retention)
    )
    assert deletable_from("draft", D("2026-11-01"), shorter) == D("2026-12-02")
    assert deletable_from("award", D("9999-01-01"), policy) == date.max
    assert deletable_from("draft", D("9999-06-30"), policy) == date.max
    with pytest.raises(KeyError):
        deletion_finding("nothing", D("2026-11-01"), (), policy, D("2026-11-01"))


@pytest.mark.parametrize("reason", list(HoldReason))
@pytest.mark.parametrize(
    ("lifted", "today", "verdict"),
    [
        (None, "2099-01-01", "not_met"),
        ("2030-05-01", "2030-04-30", "not_met"),
        ("2030-05-01", "2030-05-01", "not_met"),
        ("2030-05-01", "2030-05-02", "met"),
    ],
)
def test_a_request_or_a_claim_stops_deletion(
    policy: Policy, reason: HoldReason, lifted: str | None, today: str, verdict: str
) -> None:
    hold = Hold(reason, "FOI-12", D(lifted) if lifted else None)
    found = check(deletion_finding("draft", D("2020-01-01"), (hold,), policy, D(today)), "W4", verdict)
    assert (f"held by {reason.value} (FOI-12), whatever its age" in found.because) == (verdict == "not_met")
    other = Hold(HoldReason.LITIGATION, "C-1")
    both = deletion_finding("draft", D("2020-01-01"), (hold, other), policy, D(today))
    assert "a claim (C-1)" in check(both, "W4", "not_met").because


@given(
    st.sampled_from([row.id for row in SHIPPED_POLICY.retention]),
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.integers(-4000, 4000),
    st.booleans(),
)
def test_deletion_is_never_before_its_day_nor_under_a_hold(what: str, start: date, days: int, held: bool) -> None:
    today = deletable_from(what, start, SHIPPED_POLICY) + timedelta(days=days)
    holds = (Hold(HoldReason.LITIGATION, "C-1"),) if held else ()
    found = deletion_finding(what, start, holds, SHIPPED_POLICY, today)
    assert (found.verdict is Verdict.MET) == (days >= 0 and not held)


@pytest.mark.parametrize(
    ("field", "verdict"),
    [
        ("reference", "met"),
        ("contact_name", "met"),
        ("amount", "met"),
        ("accountable_to", "met"),
        ("assortment", "met"),
        ("contact_email", "not_met"),
        ("ContactEmail", "not_met"),
        ("contact.phone", "not_met"),
        ("e-mail", "not_met"),
        ("postcode", "not_met"),
        ("home_address", "not_met"),
        ("date_of_birth", "not_met"),
        ("sort_code", "not_met"),
        ("accountNumber", "not_met"),
        ("ACCOUNT_NUMBER", "not_met"),
        ("IBAN", "not_met"),
        ("bank_name", "not_met"),
    ],
)
def test_what_slack_may_hold(field: str, verdict: str) -> None:
    found = check(slack_finding(["reference", field]), "W4", verdict)
    if verdict == "not_met":
        assert field in found.because


def test_the_card_holds_nothing_that_slack_may_not() -> None:
    names = [field.name for field in fields(ApplicationCard)]
    check(slack_finding(names), "W4", "met")
    found = check(slack_finding([*names, "contact_email", "sort_code"]), "W4", "not_met")
    assert found.because == "Slack would hold bank details: sort_code; personal details: contact_email."


# -------------------------------------------------------------------------------------------------------- W6


def test_the_shipped_terms_outlive_the_office(policy: Policy) -> None:
    found = check(transfer_finding(policy.terms.value), "W6", "met")
    assert "this agreement passes to it" in found.because
    without = [term for term in policy.terms.value if "takes over" not in term]
    assert len(without) == len(policy.terms.value) - 1
    check(transfer_finding(without), "W6", "not_met")


@pytest.mark.parametrize(
    ("term", "verdict"),
    [
        ("This agreement transfers to the Commissioner's successor.", "met"),
        ("The Mayor takes over from us; the agreement may be novated to the Mayor.", "met"),
        ("You may not transfer the grant.", "not_met"),
        ("Another body may take part.", "not_met"),
        ("", "not_met"),
    ],
)
def test_a_transfer_clause_names_a_successor_and_passes_to_it(term: str, verdict: str) -> None:
    found = check(transfer_finding(["You keep receipts.", term]), "W6", verdict)
    if verdict == "not_met":
        assert transfer_finding([found.remedy]).verdict is Verdict.MET


RECORD = {"award": Tally(3, "aa"), "event": Tally(1_000, "bb"), "hold": Tally(0, "")}


@pytest.mark.parametrize(
    ("handed", "verdict", "said"),
    [
        (RECORD, "met", "The whole record is handed over: 1,003 entries, unchanged."),
        ({"award": Tally(3, "aa"), "event": Tally(1_000, "bb")}, "met", "1,003 entries"),  # none to hand over
        (RECORD | {"event": Tally(999, "bb")}, "not_met", "Not handed over whole: event (999 of 1,000)."),
        (RECORD | {"event": Tally(1_001, "bb")}, "not_met", "event (1,001 of 1,000)"),
        ({"event": Tally(1_000, "bb")}, "not_met", "award (0 of 3)"),
        (RECORD | {"award": Tally(3, "ab")}, "not_met", "Changed on the way: award."),
        (RECORD | {"strange": Tally(1, "c")}, "advice", "Strange came with the record and is not of it."),
        ({}, "not_met", "award (0 of 3) and event (0 of 1,000)"),
    ],
)
def test_the_whole_record_is_handed_over(handed: dict[str, Tally], verdict: str, said: str) -> None:
    assert said in check(handover_finding(RECORD, handed), "W6", verdict).because
