"""What holds of every assessment, whatever is asked: it answers, alike each time, in proportion, and no day drifts.

Due dates are compared with a model of the rule (R1, R2) that walks the calendar day by day and shares nothing with the
code.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.rules.assessment import Assessment, assess
from core.rules.facts import Facts, Money, Verdict
from core.rules.fund_rules import allocatable
from core.rules.policy import Kind, Policy, Purpose, Route, Tier
from core.rules.procurement import Portal
from core.rules.sources import PARAGRAPHS
from tests.conftest import shipped_policy

POLICY: Final = shipped_policy()

always_alike = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

EDGES: Final = (0, 500_00, 3_500_00, 5_000_00, 10_000_00, 30_000_00, 50_000_00, 207_720_00, 315_000_00, 663_540_00)

# The amounts that are likely to matter, a penny either side, and amounts beyond any purse.
amounts = st.one_of(
    st.sampled_from(EDGES).flatmap(lambda edge: st.integers(max(0, edge - 1), edge + 1)),
    st.integers(0, 100_000_00),
    st.integers(0, 10**18),
)
days = st.one_of(
    st.dates(),
    st.dates(date(2026, 1, 1), date(2032, 12, 31)),
    st.sampled_from([date.min, date(1, 1, 2), date(9999, 6, 30), date(9999, 12, 30), date.max]),
)
texts = st.sampled_from(["", " ", "A thing that somebody wrote", "\0<b>£½\u202e", "yes", "0"])

KNOWN: Final[dict[str, st.SearchStrategy[Any]]] = {
    "fund": st.one_of(st.none(), st.sampled_from([fund.id for fund in POLICY.funds]), st.just("a-fund-of-old")),
    "csp_area": st.one_of(st.none(), st.sampled_from(POLICY.csp_areas), texts),
    "plan_objective": st.one_of(
        st.none(), st.sampled_from([objective.id for objective in POLICY.plan_objectives]), texts
    ),
    "amount": amounts,
    "purchases": amounts,
    "start": st.none(),
    "end": st.none(),
}
"""Facts that are one of a list, or not, and the days, which are drawn together; the rest is drawn by its type."""


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Anything valid of a type of fact: what is optional may be missing, and no number is below nothing."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of(*(of_type(each) for each in inside))
    if origin is tuple:
        return st.lists(of_type(inside[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(of_type(inside[0]), max_size=3)
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        bool: st.booleans(),
        int: st.one_of(st.integers(0, 100), amounts),
        str: texts,
        date: days,
    }
    if hint in by_type:
        return by_type[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint), f"say here what a valid {hint} is"
    assert isinstance(hint, type)
    if any(field.default is MISSING for field in fields(hint)):
        return whole(hint)
    return st.one_of(st.just(hint()), whole(hint))  # nothing told, or anything


def whole(made: type[Any]) -> st.SearchStrategy[Any]:
    """Any combination of the fields of a dataclass."""
    hints = get_type_hints(made)
    names = [field.name for field in fields(made)]
    return st.builds(made, **{name: KNOWN[name] if name in KNOWN else of_type(hints[name]) for name in names})


def to(start: date, length: int) -> tuple[date, date]:
    """A term that begins on a day and lasts so many days more, as far as the calendar goes."""
    return start, start + timedelta(days=min(length, (date.max - start).days))


whole_terms = st.builds(to, days, st.one_of(st.integers(0, 3_000), st.sampled_from([0, 1, 36_600])))
terms = st.one_of(whole_terms, whole_terms, st.tuples(days, st.none()), st.tuples(st.none(), st.none() | days))
"""A start and an end, each of which may be missing; the end is not before the start."""


def with_term(facts: Facts, term: tuple[date | None, date | None]) -> Facts:
    return replace(facts, start=term[0], end=term[1])


any_facts: Final[st.SearchStrategy[Facts]] = st.builds(with_term, whole(Facts), terms)
"""Valid facts: any combination of what may be told of an award."""

EVERYTHING: Final = Facts(Kind.GRANT, 10**18, purchases=10**18, victim_service=True, start=date.min, end=date.max)
"""From the first day of the calendar to its last."""


moneys = st.none() | st.builds(Money, st.none() | amounts, st.none() | st.integers(-(10**12), 10**12))


# ------------------------------------------------------------------------------------------------- every assessment


@settings(always_alike, max_examples=500)
@given(facts=any_facts, today=days, money=moneys)
@example(facts=EVERYTHING, today=date.max, money=Money(None, None))
@example(facts=EVERYTHING, today=date.min, money=None)
@example(facts=replace(EVERYTHING, kind=Kind.CONTRACT), today=date.min, money=Money(0, -1))
@example(facts=Facts(Kind.INVOICE, 0, start=date.max), today=date.max, money=Money(0, 0))
@example(facts=Facts(Kind.INVOICE, 0, end=date.min), today=date.min, money=Money(None, 0))
def test_an_assessment_never_raises_and_each_rule_speaks_once(facts: Facts, today: date, money: Money | None) -> None:
    answer = assess(facts, POLICY, today, money)
    spoken = [finding.rule for finding in answer.findings]
    assert len(set(spoken)) == len(spoken)
    assert set(spoken) <= set(PARAGRAPHS)
    assert all(finding.because for finding in answer.findings)
    assert answer.blocking == tuple(finding for finding in answer.findings if finding.verdict is Verdict.NOT_MET)


@settings(always_alike, max_examples=200)
@given(facts=any_facts, today=days, money=moneys)
def test_the_same_facts_give_the_same_findings(facts: Facts, today: date, money: Money | None) -> None:
    again = replace(facts)
    assert again is not facts
    assert assess(again, replace(POLICY), today, money) == assess(facts, POLICY, today, money)


@settings(always_alike, max_examples=300)
@given(facts=any_facts, today=days)
def test_what_each_route_brings_with_it(facts: Facts, today: date) -> None:
    bought = assess(facts, POLICY, today).procurement
    tender = bought.route is Route.TENDER
    assert bought.quotes == {Route.ONE_QUOTE: 1, Route.THREE_QUOTES: 3}.get(bought.route, 0)
    assert bought.website is bought.independent_panel_member is tender
    assert (bought.portal is not Portal.NO) == tender
    if facts.kind is Kind.GRANT:
        assert bought.route in (Route.NONE, Route.ONE_QUOTE, Route.THREE_QUOTES, Route.SINGLE_TENDER)


# ------------------------------------------------------------------------------------------------- in proportion

TIERS: Final = (Tier.LIGHT, Tier.STANDARD, Tier.FULL)
ROUTES: Final = (Route.NONE, Route.ONE_QUOTE, Route.THREE_QUOTES, Route.TENDER, Route.SINGLE_TENDER)
PORTALS: Final = (Portal.NO, Portal.ADVISED, Portal.REQUIRED)
"""Each from the lightest to the heaviest; a single tender agreement stays one whatever the amount."""


def weight(answer: Assessment) -> tuple[int, ...]:
    """How much an answer asks for, one number for each thing that the amount decides."""
    bought = answer.procurement
    return (
        TIERS.index(answer.tier),
        ROUTES.index(bought.route),
        PORTALS.index(bought.portal),
        bought.website,
        bought.independent_panel_member,
        answer.meetings.every_months is not None,
        len(answer.meetings.due),
    )


def no_lighter(small: Assessment, large: Assessment) -> bool:
    return all(less <= more for less, more in zip(weight(small), weight(large), strict=True))


@settings(always_alike, max_examples=400)
@given(facts=any_facts, other=amounts, today=days)
def test_nothing_gets_lighter_as_the_amount_grows(facts: Facts, other: int, today: date) -> None:
    small, large = sorted((facts.amount, other))
    assert no_lighter(
        assess(replace(facts, amount=small), POLICY, today), assess(replace(facts, amount=large), POLICY, today)
    )


@settings(always_alike, max_examples=300)
@given(facts=any_facts, other=amounts, today=days)
def test_nothing_gets_lighter_as_a_grant_buys_more(facts: Facts, other: int, today: date) -> None:
    grant = replace(facts, kind=Kind.GRANT)
    less, more = sorted((facts.purchases, other))
    assert no_lighter(
        assess(replace(grant, purchases=less), POLICY, today), assess(replace(grant, purchases=more), POLICY, today)
    )


@settings(always_alike, max_examples=200)
@given(facts=any_facts, today=days, purpose=st.sampled_from(Purpose))
def test_returns_do_not_follow_the_amount_or_the_purpose(facts: Facts, today: date, purpose: Purpose) -> None:
    returns = assess(facts, POLICY, today).returns
    for amount in (0, 714_84, 10_000_01, 1_000_000_00):
        assert assess(replace(facts, amount=amount, purpose=purpose), POLICY, today).returns == returns


# ------------------------------------------------------------------------------------------------- no day drifts


def month_by_month(start: date, end: date) -> Iterator[tuple[int, date]]:
    """Each day of a term, to its end, that is so many whole months after the start, with how many.

    It walks the calendar: a month after the start is where the same day of the month comes again, or the month's last
    day where the month is too short to have it.
    """
    months, day = 0, start
    while day < end:
        day += timedelta(days=1)
        if day.day == 1:
            months += 1
        last_of_month = day == date.max or (day + timedelta(days=1)).day == 1
        if months and (day.day == start.day or (last_of_month and day.day < start.day)):
            yield months, day


short_terms = st.builds(
    to,
    st.one_of(
        days,
        st.builds(date, st.integers(2024, 2040), st.sampled_from([1, 3, 5, 8, 10, 12]), st.integers(28, 31)),
        st.builds(date, st.sampled_from([2024, 2028, 2096, 2100, 2400]), st.just(2), st.integers(27, 28)),
        st.sampled_from([date(2024, 2, 29), date(2028, 2, 29)]),
    ),
    st.one_of(st.integers(0, 2_300), st.sampled_from([0, 180, 181, 182, 183, 184, 364, 365, 366, 730])),
)
"""A term of some years at most, often from late in a month, anywhere in the calendar."""


def schedules(start: date, end: date, **told: Any) -> Assessment:
    return assess(Facts(Kind.GRANT, 10_000_01, start=start, end=end, **told), POLICY, start)


@settings(always_alike, max_examples=250)
@given(term=short_terms)
def test_no_return_drifts(term: tuple[date, date]) -> None:
    start, end = term
    due = schedules(start, end).returns.due
    expected = [day for months, day in month_by_month(start, end) if months % 6 == 0 and day < end]
    assert due == (*expected, end)


@settings(always_alike, max_examples=250)
@given(term=short_terms, victims=st.booleans())
def test_no_meeting_drifts(term: tuple[date, date], victims: bool) -> None:
    start, end = term
    every = 3 if victims else 6
    meetings = schedules(start, end, victim_service=victims).meetings
    expected = [day for months, day in month_by_month(start, end) if months % every == 0]
    assert (meetings.every_months, meetings.due) == (every, tuple(expected) or (end,))


@settings(always_alike, max_examples=300)
@given(facts=any_facts, term=whole_terms, today=days)
@example(facts=EVERYTHING, term=(date.min, date.max), today=date.min)
def test_returns_and_meetings_are_in_order_and_within_the_term(
    facts: Facts, term: tuple[date, date], today: date
) -> None:
    answer = assess(with_term(facts, term), POLICY, today)
    returns, meetings = answer.returns.due, answer.meetings.due
    assert returns[-1] == term[1]
    for dates in (returns, meetings):
        assert list(dates) == sorted(set(dates))
        assert all(term[0] <= day <= term[1] for day in dates)
    assert bool(meetings) == (facts.amount > 10_000_00)


@settings(always_alike, max_examples=300)
@given(term=short_terms)
def test_no_return_waits_longer_than_six_months(term: tuple[date, date]) -> None:
    start, end = term
    before = start
    for due in schedules(start, end).returns.due:
        months = (due.year - before.year) * 12 + due.month - before.month
        # Six months on is the start's own day of the month at the latest: the day before may have been clamped.
        assert months < 6 or (months == 6 and due.day <= max(start.day, before.day))
        assert (due - before).days <= 184
        before = due


# ------------------------------------------------------------------------------------------------- a share held back


@pytest.mark.parametrize("fund", POLICY.funds, ids=lambda fund: fund.id)
@settings(always_alike, max_examples=100)
@given(total=amounts, more=st.integers(0, 10**6))
def test_a_share_held_back_never_leaves_more_than_there_is(fund: Any, total: int, more: int) -> None:
    left = allocatable(total, fund)
    assert 0 <= left <= total
    assert left <= allocatable(total + more, fund) <= left + more
    if fund.id == "crime-and-disorder":
        held = total - left
        assert 3 * held >= total > 3 * (held - 1)
    else:
        assert left == total


def test_the_model_of_the_calendar_is_right_where_it_is_hardest() -> None:
    leap = dict(month_by_month(date(2027, 8, 31), date(2028, 8, 31)))
    assert (leap[6], leap[12]) == (date(2028, 2, 29), date(2028, 8, 31))
    assert dict(month_by_month(date(2028, 2, 29), date(2029, 3, 1)))[12] == date(2029, 2, 28)
    assert list(month_by_month(date(2026, 4, 1), date(2026, 4, 30))) == []
    assert list(month_by_month(date(9999, 11, 30), date.max)) == [(1, date(9999, 12, 30))]


def test_facts_of_every_kind_are_drawn(policy: Policy) -> None:
    """What the properties draw from reaches every tier, route and verdict; else they would show nothing."""
    tiers: set[Tier] = set()
    routes: set[Route] = set()
    verdicts: set[Verdict] = set()

    @settings(always_alike, max_examples=200)
    @given(facts=any_facts, money=moneys)
    def look(facts: Facts, money: Money | None) -> None:
        answer = assess(facts, policy, date(2026, 11, 23), money)
        tiers.add(answer.tier)
        routes.add(answer.procurement.route)
        verdicts.update(finding.verdict for finding in answer.findings)

    look()
    assert (tiers, routes, verdicts) == (set(Tier), set(Route), set(Verdict))
