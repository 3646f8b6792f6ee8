"""Returns, meetings, views, forums, de-commissioning and annual looks (R1–R6), each at its penny and its day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.policy_file import SHIPPED, read_policy
from core.rules.facts import Facts, Finding, History, Stage, Verdict
from core.rules.policy import Kind, Policy, Purpose
from core.rules.reviewing import (
    Decommissioning,
    Look,
    LookOutcome,
    Spending,
    VictimService,
    current_providers,
    decommissioning_finding,
    forum_invitations_finding,
    has_meetings,
    interval_finding,
    invitation_dates,
    invitation_finding,
    issue_finding,
    look_dates,
    looks_finding,
    meeting_schedule,
    next_forum_finding,
    reconciliation_finding,
    return_finding,
    return_schedule,
    views_finding,
)
from core.rules.sources import paragraph

D = date.fromisoformat
Find = Callable[..., Finding | None]
SHIPPED_POLICY = read_policy(SHIPPED)


def check(found: Finding | None, rule: str, verdict: str) -> Finding:
    """That a finding is of this rule and verdict, whole, and says what to do unless it is met."""
    assert found is not None
    assert (found.rule, found.verdict.value, found.paragraph) == (rule, verdict, paragraph(rule))
    assert found.because.endswith((".", ".”"))
    assert bool(found.remedy) == (verdict != "met")
    return found


def moved(policy: Policy, name: str, value: object) -> Policy:
    figure: dict[str, Any] = {name: replace(getattr(policy, name), value=value)}
    return replace(policy, **figure)


# -------------------------------------------------------------------------------------------------------- R1


@pytest.mark.parametrize(
    ("months", "verdict", "said"),
    [
        (-1, "not_met", "no interval"),
        (0, "not_met", "no interval"),
        (1, "met", "every month is often enough. That is more often than it must be, and may be agreed."),
        (3, "met", "every three months"),
        (5, "met", "may be agreed"),
        (6, "met", "A return every six months is often enough."),
        (7, "not_met", "every 7 months is too seldom: every recipient sends one at least every six months"),
        (12, "not_met", "every year is too seldom"),
    ],
)
def test_a_shorter_interval_may_be_agreed_and_a_longer_one_not(
    policy: Policy, months: int, verdict: str, said: str
) -> None:
    found = check(interval_finding(months, policy), "R1", verdict)
    assert said in found.because
    assert ("may be agreed" in found.because) == (1 <= months < 6)
    if verdict == "not_met":
        assert "6 months" in found.remedy


@given(longest=st.integers(1, 6), months=st.integers(-3, 9))
def test_an_interval_is_agreed_exactly_from_a_month_to_the_longest(policy: Policy, longest: int, months: int) -> None:
    agreed = interval_finding(months, moved(policy, "return_months", longest)).verdict == "met"
    assert agreed is (months in range(1, longest + 1))


def test_the_offices_own_interval_is_the_longest(policy: Policy) -> None:
    check(interval_finding(3, moved(policy, "return_months", 3)), "R1", "met")
    check(interval_finding(4, moved(policy, "return_months", 3)), "R1", "not_met")


@pytest.mark.parametrize(
    ("start", "end", "grace", "due"),
    [
        ("2026-08-31", "2027-08-31", 0, ["2027-02-28", "2027-08-31"]),
        ("2026-04-01", "2026-10-01", 0, ["2026-10-01"]),
        ("2026-04-01", "2026-10-01", 14, ["2026-10-15"]),  # it is the final one, and counts once
        ("2026-04-01", "2026-10-02", 14, ["2026-10-01", "2026-10-16"]),
        ("2026-04-01", "2026-09-30", 14, ["2026-10-14"]),
    ],
)
def test_returns_and_the_grace_of_the_last(policy: Policy, start: str, end: str, grace: int, due: list[str]) -> None:
    facts = Facts(Kind.GRANT, 714_84, start=D(start), end=D(end))
    schedule = return_schedule(facts, moved(policy, "final_return_grace", grace))
    assert (schedule.every_months, schedule.due) == (6, tuple(D(day) for day in due))


@pytest.mark.parametrize(
    ("paid", "verdict", "said"),
    [
        (None, "advice", "one monitoring return, 6 months after it."),
        ("2026-08-31", "met", "6 months after it: on 28 February 2027."),
        ("2026-04-01", "met", "6 months after it: on 1 October 2026."),
        ("9999-12-31", "met", "on 31 December 9999."),
    ],
)
def test_an_invoice_without_a_term_has_one_return(finding: Find, paid: str | None, verdict: str, said: str) -> None:
    found = check(finding("R1", kind=Kind.INVOICE, start=D(paid) if paid else None), "R1", verdict)
    assert said in found.because
    assert found.needed_by is (None if paid else Stage.APPROVAL)


def test_an_invoice_with_a_term_reports_like_any_other(finding: Find) -> None:
    found = check(finding("R1", kind=Kind.INVOICE, start=D("2026-04-01"), end=D("2027-03-31")), "R1", "met")
    assert "2, from 1 October 2026 to 31 March 2027" in found.because
    undated = check(finding("R1", kind=Kind.CONTRACT, start=D("2026-04-01")), "R1", "advice")
    assert undated.needed_by is Stage.APPROVAL


@pytest.mark.parametrize("fund", [fund.id for fund in SHIPPED_POLICY.funds])
@pytest.mark.parametrize("term", [{}, {"start": D("2026-04-01"), "end": D("2027-03-31")}])
def test_who_has_money_of_the_crime_and_disorder_fund_shows_what_changed(
    finding: Find, fund: str, term: dict[str, date]
) -> None:
    for kind in Kind:
        found = finding("R1", fund=fund, kind=kind, **term)
        assert found is not None
        assert ("invited to show what has changed" in found.because) == (fund == "crime-and-disorder")


# -------------------------------------------------------------------------------------------------------- R2


@pytest.mark.parametrize(
    ("amount", "live", "verdict"),
    [
        (10_000_00, None, "met"),
        (10_000_00, 0, "met"),
        (9_999_99, 1, "met"),  # £10,000.00 together
        (10_000_00, 1, "advice"),  # £10,000.01 together
        (1, 9_999_99, "met"),
        (2_000_00, 8_000_00, "met"),
        (2_000_00, 8_000_01, "advice"),
        (10_000_01, 0, "advice"),  # over the limit by itself; its days are not given
    ],
)
def test_live_awards_together(finding: Find, amount: int, live: int | None, verdict: str) -> None:
    found = check(finding("R2", amount=amount, history=History(live_awards=live)), "R2", verdict)
    together = verdict == "advice" and amount <= 10_000_00
    assert ("it comes to £10,000.01, which is over £10,000" in found.because) == together
    assert ("about all of them" in found.remedy) == together
    assert found.needed_by is (Stage.APPROVAL if amount > 10_000_00 else None)


def test_an_award_with_meetings_of_its_own_needs_no_advice(finding: Find) -> None:
    found = finding(
        "R2", amount=10_000_01, start=D("2026-04-01"), end=D("2027-04-01"), history=History(live_awards=50_000_00)
    )
    assert "2, from 1 October 2026 to 1 April 2027" in check(found, "R2", "met").because


@pytest.mark.parametrize(
    ("amount", "victim", "every", "due"),
    [
        (10_000_00, True, None, []),
        (10_000_01, False, 6, ["2027-02-28", "2027-08-31"]),
        (10_000_01, True, 3, ["2026-11-30", "2027-02-28", "2027-05-31", "2027-08-31"]),
    ],
)
def test_meetings_fall(policy: Policy, amount: int, victim: bool, every: int | None, due: list[str]) -> None:
    facts = Facts(Kind.GRANT, amount, victim_service=victim, start=D("2026-08-31"), end=D("2027-08-31"))
    schedule = meeting_schedule(facts, policy)
    assert (schedule.every_months, schedule.due) == (every, tuple(D(day) for day in due))
    assert has_meetings(amount, policy) == (every is not None)


@pytest.mark.parametrize("term", [{}, {"start": D("2026-04-01")}, {"end": D("2027-03-31")}])
def test_meetings_without_their_days(finding: Find, term: dict[str, date]) -> None:
    for victim, said in ((False, "every six months."), (True, "every three months for victim services.")):
        found = check(finding("R2", amount=10_000_01, victim_service=victim, **term), "R2", "advice")
        assert found.because == (
            f"£10,000.01 is over £10,000, so the recipient is invited to a monitoring meeting {said}"
        )


def test_a_single_day_is_said_as_one(finding: Find) -> None:
    for rule in ("R1", "R2"):
        found = finding(rule, amount=10_000_01, start=D("2026-04-01"), end=D("2026-06-30"))
        assert check(found, rule, "met").because.endswith(": one, on 30 June 2026.")


@pytest.mark.parametrize(
    ("meeting", "start", "goes_out"),
    [
        ("2026-10-01", "2026-04-01", "2026-09-03"),
        ("2026-04-29", "2026-04-01", "2026-04-01"),  # 28 days after the start
        ("2026-04-28", "2026-04-01", "2026-04-01"),  # 27 days: not before the award starts
        ("2026-04-30", "2026-04-01", "2026-04-02"),
        ("2026-04-01", "2026-04-01", "2026-04-01"),
        ("0001-01-20", "0001-01-01", "0001-01-01"),
    ],
)
def test_invitations_go_out_earlier(policy: Policy, meeting: str, start: str, goes_out: str) -> None:
    assert invitation_dates((D(meeting),), D(start), policy) == (D(goes_out),)
    assert invitation_dates((), D(start), policy) == ()


def test_how_much_earlier_is_a_figure_of_the_policy(policy: Policy) -> None:
    sooner = moved(policy, "meeting_invitation_days", 29)
    assert invitation_dates((D("2026-10-01"),), D("2026-04-01"), sooner) == (D("2026-09-02"),)


@pytest.mark.parametrize(
    ("invited", "today", "verdict", "said"),
    [
        (None, "2026-09-02", "met", "goes out on 3 September 2026"),
        (None, "2026-09-03", "advice", "is to go out today"),
        (None, "2026-09-04", "advice", "was to go out on 3 September 2026"),
        (None, "2026-10-01", "advice", "was to go out"),
        (None, "2026-10-02", "not_met", "Nobody invited the recipient to the monitoring meeting of 1 October 2026."),
        ("2026-09-03", "2026-09-03", "met", "whether or not they come"),
        ("2026-10-01", "2026-10-05", "met", "was invited on 1 October 2026"),
        ("2026-10-02", "2026-10-02", "not_met", "only after it, on 2 October 2026"),
    ],
)
def test_the_invitation_meets_the_duty(
    policy: Policy, invited: str | None, today: str, verdict: str, said: str
) -> None:
    found = invitation_finding(D("2026-10-01"), D("2026-04-01"), D(invited) if invited else None, policy, D(today))
    assert said in check(found, "R2", verdict).because
    assert found.needed_by is (None if verdict == "met" else Stage.REVIEW)


def test_an_issue_has_an_owner() -> None:
    assert "is with Olive Officer." in check(issue_finding(D("2026-10-01"), " Olive Officer "), "R2", "met").because
    assert "1 October 2026 has no owner" in check(issue_finding(D("2026-10-01"), " "), "R2", "not_met").because


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(0, 3000), st.sampled_from([3, 6]))
def test_no_invitation_is_before_the_start_or_after_its_meeting(start: date, days: int, every: int) -> None:
    facts = Facts(Kind.GRANT, 20_000_00, victim_service=every == 3, start=start, end=start + timedelta(days=days))
    meetings = meeting_schedule(facts, SHIPPED_POLICY).due
    invitations = invitation_dates(meetings, start, SHIPPED_POLICY)
    assert len(invitations) == len(meetings)
    for invitation, meeting in zip(invitations, meetings, strict=True):
        assert start <= invitation <= meeting
        assert (meeting - invitation).days == min(28, (meeting - start).days)


# -------------------------------------------------------------------------------------------------------- R3


@pytest.mark.parametrize(
    ("returns", "meetings", "verdict", "said"),
    [
        ((), (), "advice", "no return or meeting yet"),
        (("They feel safe.", "More nights."), (), "met", "2 of 2 returns and 0 of 0 meetings record views"),
        (("They feel safe.",), ("Schools agree.",), "met", "1 of 1 return and 1 of 1 meeting record views"),
        (("They feel safe.", ""), ("x",), "advice", "1 of 2 returns and 1 of 1 meeting"),
        (("They feel safe.",), (" ",), "advice", "1 of 1 return and 0 of 1 meeting"),
        ((" \n", ""), ("",), "not_met", "0 of 2 returns and 0 of 1 meeting"),
        ((), ("",), "not_met", "0 of 0 returns and 0 of 1 meeting"),
    ],
)
def test_views_are_recorded(returns: tuple[str, ...], meetings: tuple[str, ...], verdict: str, said: str) -> None:
    found = check(views_finding(returns, meetings), "R3", verdict)
    assert said in found.because
    assert found.needed_by is (None if verdict == "met" else Stage.REVIEW)


@given(st.lists(st.sampled_from(["", "said"]), max_size=6), st.lists(st.sampled_from(["", "said"]), max_size=6))
def test_a_review_shows_the_views_that_there_are(returns: list[str], meetings: list[str]) -> None:
    found = views_finding(returns, meetings)
    assert found.rule == "R3"
    assert ("The review shows" in found.because) == ("said" in returns + meetings)
    assert (found.verdict is Verdict.MET) == (bool(returns + meetings) and "" not in returns + meetings)


# -------------------------------------------------------------------------------------------------------- R4


SERVICES = (
    VictimService("Refuge & Co", True, D("2026-04-01"), D("2027-03-31")),
    VictimService("Helpline", True, D("2025-04-01"), D("2026-09-30")),
    VictimService("Youth Club", False, D("2026-04-01"), D("2027-03-31")),
    VictimService("Refuge & Co", True, D("2026-04-01"), D("2029-03-31")),
)


@pytest.mark.parametrize(
    ("day", "providers"),
    [
        ("2026-03-31", ("Helpline",)),
        ("2026-04-01", ("Refuge & Co", "Helpline")),
        ("2026-09-30", ("Refuge & Co", "Helpline")),
        ("2026-10-01", ("Refuge & Co",)),
        ("2029-03-31", ("Refuge & Co",)),
        ("2029-04-01", ()),
    ],
)
def test_current_providers_are_invited(day: str, providers: tuple[str, ...]) -> None:
    assert current_providers(SERVICES, D(day)) == providers


def test_every_current_provider_is_invited_to_the_forum() -> None:
    day = D("2026-09-30")
    check(forum_invitations_finding(day, SERVICES, {"Refuge & Co", "Helpline", "Another"}), "R4", "met")
    left_out = check(forum_invitations_finding(day, SERVICES, {"Refuge & Co"}), "R4", "not_met")
    assert left_out.because == "Not invited to the Provider Forum of 30 September 2026: Helpline."
    assert left_out.needed_by is Stage.REVIEW
    check(forum_invitations_finding(D("2026-10-01"), SERVICES, {"Refuge & Co"}), "R4", "met")
    check(forum_invitations_finding(D("2029-04-01"), SERVICES, set()), "R4", "advice")


@pytest.mark.parametrize(
    ("held", "today", "verdict", "said"),
    [
        (None, "2026-11-23", "advice", "No Provider Forum has been held yet; there is one every six months."),
        ("2026-05-31", "2026-11-30", "met", "the next falls on 30 November 2026"),
        ("2026-05-31", "2026-12-01", "not_met", "30 November 2026, 1 day ago"),
        ("2026-05-31", "2026-12-02", "not_met", "2 days ago"),
    ],
)
def test_forums_are_held_regularly(policy: Policy, held: str | None, today: str, verdict: str, said: str) -> None:
    found = next_forum_finding(D(held) if held else None, D(today), policy)
    assert said in check(found, "R4", verdict).because


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("kind", list(Kind))
def test_a_victim_service_comes_with_the_forum(finding: Find, kind: Kind, purpose: Purpose) -> None:
    found = finding("R4", kind=kind, purpose=purpose)
    if purpose in (Purpose.VICTIM_SERVICES, Purpose.RAPE_SUPPORT):
        assert (
            "invited to the Provider Forum for victim services, held every six months"
            in check(found, "R4", "met").because
        )
    else:
        assert found is None


def test_whoever_serves_victims_comes_to_the_forum(finding: Find) -> None:
    check(finding("R4", victim_service=True, purpose=Purpose.ROAD_SAFETY), "R4", "met")
    assert finding("R4", victim_service=False) is None


# -------------------------------------------------------------------------------------------------------- R5


PROPOSAL = Decommissioning(
    "Olive Officer",
    "Two of ten goals in two years",
    "",
    "We met on 1 June",
    "Twelve families move to the other service",
)


@pytest.mark.parametrize(
    ("changed", "verdict", "said"),
    [
        ({}, "met", "Olive Officer proposes to de-commission it, since it fails its outcomes;"),
        ({"failed_outcome": "", "failed_need": "Nobody comes"}, "met", "since it fails the needs of service users;"),
        ({"failed_need": "Nobody comes"}, "met", "fails its outcomes and the needs of service users;"),
        ({"failed_outcome": " "}, "not_met", "lacks evidence that it fails"),
        ({"provider_engagement": ""}, "not_met", "lacks how the provider was engaged."),
        ({"risk_assessment": "\t"}, "not_met", "lacks a risk assessment."),
        ({"proposed_by": ""}, "not_met", "never automatic"),
        ({"proposed_by": "the desk"}, "not_met", "never automatic"),
        ({"proposed_by": "System"}, "not_met", "never automatic"),
        ({"proposed_by": "4711"}, "not_met", "never automatic"),
        ({"proposed_by": "Theodora Desk"}, "met", "Theodora Desk proposes"),
        (
            {"provider_engagement": "", "risk_assessment": ""},
            "not_met",
            "lacks how the provider was engaged and a risk assessment.",
        ),
    ],
)
def test_what_de_commissioning_needs(changed: dict[str, str], verdict: str, said: str) -> None:
    found = check(decommissioning_finding(replace(PROPOSAL, **changed)), "R5", verdict)
    assert said in found.because
    assert found.needed_by is (None if verdict == "met" else Stage.REVIEW)


@given(st.builds(Decommissioning, *[st.sampled_from(["", "  ", "Ada Officer", "said"])] * 5))
def test_de_commissioning_is_never_by_itself(proposal: Decommissioning) -> None:
    found = decommissioning_finding(proposal)
    assert found.rule == "R5"
    whole = bool(
        proposal.proposed_by.strip()
        and (proposal.failed_outcome.strip() or proposal.failed_need.strip())
        and proposal.provider_engagement.strip()
        and proposal.risk_assessment.strip()
    )
    assert (found.verdict is Verdict.MET) == whole
    assert found.verdict is not Verdict.ADVICE


# -------------------------------------------------------------------------------------------------------- R6


@pytest.mark.parametrize(
    ("start", "end", "due"),
    [
        ("2026-04-01", "2027-03-31", []),  # a year to the day
        ("2026-04-01", "2027-04-01", ["2027-04-01"]),
        ("2026-04-01", "2029-03-31", ["2027-04-01", "2028-04-01"]),
        ("2028-02-29", "2032-02-29", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
    ],
)
def test_each_award_is_looked_at_yearly(policy: Policy, finding: Find, start: str, end: str, due: list[str]) -> None:
    assert look_dates(D(start), D(end), policy) == tuple(D(day) for day in due)
    found = finding("R6", start=D(start), end=D(end))
    if due:
        check(found, "R6", "met")
    else:
        assert found is None


def test_the_first_look_is_said(finding: Find) -> None:
    found = check(finding("R6", start=D("2026-04-01"), end=D("2029-03-31")), "R6", "met")
    assert found.because == (
        "The office looks at it every year, first on 1 April 2027, to continue, amend or discontinue it."
    )
    assert finding("R6") is None
    assert finding("R6", start=D("2026-04-01")) is None
    assert finding("R6", start=D("9999-04-01"), end=date.max) is None


FIRST = Look(D("2027-04-01"), D("2027-03-20"), LookOutcome.CONTINUE, reconciled=True)
SECOND = Look(D("2028-04-01"), D("2028-04-01"), LookOutcome.AMEND, reconciled=True)


@pytest.mark.parametrize(
    ("held", "today", "verdict", "said"),
    [
        ((), "2027-03-31", "met", "The next annual look is on 1 April 2027."),
        ((), "2027-04-01", "advice", "is due today"),
        ((), "2027-04-02", "not_met", "The annual look of 1 April 2027 is 1 day overdue."),
        ((), "2027-04-03", "not_met", "2 days overdue"),
        ((), "2028-04-02", "not_met", "The annual look of 1 April 2027 is 367 days overdue."),
        ((FIRST,), "2027-03-25", "met", "The next annual look is on 1 April 2028."),  # held before its day
        ((FIRST,), "2027-04-02", "met", "The next annual look is on 1 April 2028."),
        ((FIRST,), "2028-04-02", "not_met", "The annual look of 1 April 2028 is 1 day overdue."),
        ((SECOND,), "2028-04-02", "not_met", "The annual look of 1 April 2027 is 367 days overdue."),
        ((FIRST, SECOND), "2028-06-01", "met", "Each annual look was held; the last fell on 1 April 2028."),
        (
            (replace(FIRST, reconciled=False),),
            "2027-04-02",
            "not_met",
            "It was looked at on 20 March 2027 (continue), and its money was not reconciled.",
        ),
        (
            (replace(FIRST, reconciled=False), replace(SECOND, reconciled=False)),
            "2028-04-02",
            "not_met",
            "It was looked at on 20 March 2027 (continue), and its money was not reconciled.",
        ),
    ],
)
def test_a_look_that_is_overdue(policy: Policy, held: tuple[Look, ...], today: str, verdict: str, said: str) -> None:
    found = looks_finding(D("2026-04-01"), D("2029-03-31"), held, policy, D(today))
    assert said in check(found, "R6", verdict).because
    assert found.needed_by is (None if verdict == "met" else Stage.REVIEW)


def test_an_award_within_a_year_needs_no_look(policy: Policy) -> None:
    found = looks_finding(D("2026-04-01"), D("2027-03-31"), (), policy, D("2030-01-01"))
    assert "final return" in check(found, "R6", "met").because
    assert [outcome.value for outcome in LookOutcome] == ["continue", "amend", "discontinue"]


@pytest.mark.parametrize(
    ("paid", "returned", "spent", "running", "ended", "said"),
    [
        (1_000_00, 0, 1_000_00, "met", "met", "£1,000 was paid and spent, of £1,000."),
        (1_000_00, 0, 1_200_00, "met", "met", "£1,000 was paid and spent"),  # the rest is the recipient's own
        (1_000_00, 0, 999_99, "advice", "not_met", "the recipient holds £0.01"),
        (1_000_00, 1, 999_99, "met", "met", "£999.99 was paid and spent"),
        (600_00, 0, 600_01, "advice", "not_met", "£0.01 is not paid yet"),
        (600_00, 0, 600_00, "met", "met", "£600 was paid and spent, of £1,000."),
        (0, 0, 0, "met", "met", "£0 was paid and spent"),
        (0, 0, 400_00, "advice", "not_met", "£400 is not paid yet"),
        (1_000_01, 0, 1_000_01, "not_met", "not_met", "£1,000.01 was paid, and the award is £1,000."),
        (1_000_01, 1, 1_000_00, "met", "met", "£1,000 was paid and spent"),
        (500_00, 500_01, 0, "not_met", "not_met", "£500.01 is recorded as returned, of £500 paid."),
        (500_00, 500_00, 0, "met", "met", "£0 was paid and spent"),
    ],
)
def test_money_is_reconciled(paid: int, returned: int, spent: int, running: str, ended: str, said: str) -> None:
    money = Spending(1_000_00, paid, returned, spent)
    for over, verdict in ((False, running), (True, ended)):
        found = check(reconciliation_finding(money, ended=over), "R6", verdict)
        assert said in found.because
        assert found.needed_by is (None if verdict == "met" else Stage.REVIEW)


@pytest.mark.parametrize(
    ("paid", "returned", "spent", "remedy"),
    [
        (1_000_01, 0, 1_000_00, "Ask for £0.01 back."),
        (1_000_00, 0, 999_98, "Ask for £0.02 back: the award has ended."),
        (600_00, 0, 900_00, "Pay £300, or record why it is not owed."),
        (600_00, 0, 1_900_00, "Pay £400, or record why it is not owed."),
        (500_00, 500_01, 0, "Correct the record."),
    ],
)
def test_a_difference_says_what_settles_it(paid: int, returned: int, spent: int, remedy: str) -> None:
    found = reconciliation_finding(Spending(1_000_00, paid, returned, spent), ended=True)
    assert check(found, "R6", "not_met").remedy == remedy


@given(*[st.integers(0, 2_000)] * 4, st.booleans())
def test_money_is_reconciled_exactly_where_it_agrees(
    award: int, paid: int, returned: int, spent: int, ended: bool
) -> None:
    found = reconciliation_finding(Spending(award, paid, returned, spent), ended=ended)
    assert found.rule == "R6"
    assert (found.verdict is Verdict.MET) == (0 <= paid - returned <= award and paid - returned == min(spent, award))
    if ended:
        assert found.verdict is not Verdict.ADVICE


# --------------------------------------------------------------------------------------- a return that is owed already


OWED = "YF-2026-7K4MPX, due on 1 July 2026"


def r1(policy: Policy, *overdue: str) -> Finding:
    facts = Facts(
        Kind.GRANT, 2_000_00, start=D("2027-01-01"), end=D("2027-10-31"), history=History(overdue=overdue or None)
    )
    return return_finding(facts, return_schedule(facts, policy), policy)


def test_whoever_owes_nothing_hears_nothing_of_it(policy: Policy) -> None:
    assert r1(policy) == r1(moved(policy, "overdue_return_blocks", True))
    check(r1(policy), "R1", "met")
    assert "overdue" not in r1(policy).because


def test_an_overdue_return_is_advice_as_shipped(policy: Policy) -> None:
    found = check(r1(policy, OWED), "R1", "advice")
    assert found.because.startswith(f"A return of the same organisation is overdue: {OWED}. The recipient sends")
    assert found.because.endswith(r1(policy).because)


def test_where_the_office_says_so_an_overdue_return_blocks(policy: Policy) -> None:
    found = check(r1(moved(policy, "overdue_return_blocks", True), OWED, OWED), "R1", "not_met")
    assert "2 returns of the same organisation are overdue" in found.because
    assert found.needed_by is Stage.APPROVAL


def test_many_overdue_returns_are_counted(policy: Policy) -> None:
    assert f"{OWED}, {OWED}, {OWED} and 4 more." in r1(policy, *[OWED] * 7).because
