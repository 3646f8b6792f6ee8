"""What a panel's scores come to, and the order that they make: by hand, and for any scores at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import Criterion
from core.rules.scoring import Entry, against_money, hundredths, missing, ranked, score_of, together, wrong

Panel = tuple[tuple[Criterion, ...], list[list[dict[str, int]]]]
NOON = datetime(2026, 12, 3, 12, tzinfo=UTC)


def criterion(name: str, weight: int, highest: int) -> Criterion:
    return Criterion(name, None, name, weight, highest, "U1", "tests", date(2026, 11, 1))


NEED, VALUE = criterion("need", 3, 5), criterion("value", 1, 4)
BOTH = (NEED, VALUE)


@pytest.mark.parametrize(
    ("points", "score"),
    [
        ({"need": 5, "value": 4}, Fraction(1)),
        ({"need": 0, "value": 0}, Fraction(0)),
        ({"need": 5, "value": 0}, Fraction(3, 4)),
        ({"need": 0, "value": 4}, Fraction(1, 4)),
        ({"need": 1, "value": 1}, Fraction(3, 20) + Fraction(1, 16)),
        ({"need": 5}, None),
        ({}, None),
    ],
)
def test_one_members_points(points: dict[str, int], score: Fraction | None) -> None:
    assert score_of(points, BOTH) == score


def test_nothing_is_scored_by_nothing() -> None:
    assert score_of({}, ()) is None


def test_what_is_missing_is_named() -> None:
    assert missing({"value": 0}, BOTH) == (NEED,)


@pytest.mark.parametrize(
    ("points", "field"),
    [
        ({"need": 5, "value": 0}, None),
        ({"need": 6}, "need"),
        ({"value": -1}, "value"),
        ({"value": True}, "value"),
        ({"value": 2.0}, "value"),
        ({"value": "2"}, "value"),
        ({"charm": 1}, "charm"),
    ],
)
def test_points_that_cannot_be(points: dict[str, object], field: str | None) -> None:
    found = wrong(points, BOTH)
    assert (found[0] if found else None) == field


def test_a_mean_is_exact() -> None:
    assert together([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)]) == Fraction(1, 3)
    assert together([]) is None


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        (Fraction(0), "0.0"),
        (Fraction(1), "100.0"),
        (Fraction(1, 3), "33.3"),
        (Fraction(2, 3), "66.7"),
        (Fraction(785, 1000), "78.5"),
        (Fraction(7855, 10000), "78.6"),
        (Fraction(99951, 100000), "100.0"),
    ],
)
def test_how_a_score_is_shown(score: Fraction, shown: str) -> None:
    assert hundredths(score) == shown


def entry(number: int, score: Fraction | None, amount: int = 1, after: int = 0, alone: int = 10**9) -> Entry:
    return Entry(number, NOON + timedelta(minutes=after), score, amount, alone)


def test_ties_go_to_whoever_applied_first_and_say_so() -> None:
    half = Fraction(1, 2)
    placed = ranked([entry(1, half, after=9), entry(2, None), entry(3, half, after=2), entry(4, Fraction(2, 3))])
    assert [(one.entry.number, one.place, one.tied) for one in placed] == [
        (4, 1, False),
        (3, 2, True),
        (1, 3, True),
        (2, None, False),
    ]


def test_the_line_is_where_the_money_runs_out() -> None:
    scores = [Fraction(9, 10), Fraction(8, 10), Fraction(7, 10), Fraction(6, 10)]
    placed = ranked(
        [entry(n, score, amount) for n, (score, amount) in enumerate(zip(scores, (40, 0, 70, 10), strict=True))]
    )
    made = against_money(placed, 100)
    assert [(one.taken, one.fits) for one in made] == [(40, True), (40, None), (110, False), (120, False)]
    assert [one.fits for one in against_money(placed, 120)] == [True, None, True, True]
    assert [one.fits for one in against_money(placed, None)] == [None, None, None, None]


def test_what_is_ringfenced_for_others_does_not_fit() -> None:
    placed = ranked([entry(1, Fraction(1), 50, alone=49), entry(2, Fraction(1, 2), 10)])
    assert [one.fits for one in against_money(placed, 100)] == [False, False]


# ------------------------------------------------------------------------------------------------- for any scores

CRITERIA = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 20)), min_size=1, max_size=10).map(
    lambda pairs: tuple(criterion(f"c{n}", weight, highest) for n, (weight, highest) in enumerate(pairs))
)


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    """Criteria, and for each application the whole sheets of any number of members."""
    criteria = draw(CRITERIA)
    sheet = st.fixed_dictionaries({one.id: st.integers(0, one.highest) for one in criteria})
    return criteria, draw(st.lists(st.lists(sheet, max_size=5), min_size=1, max_size=8))


def entries(criteria: tuple[Criterion, ...], sheets: list[list[dict[str, int]]]) -> list[Entry]:
    made = []
    for number, of_one in enumerate(sheets):
        scores = [score for one in of_one if (score := score_of(one, criteria)) is not None]
        made.append(entry(number, together(scores), amount=number + 1, after=number % 3))
    return made


@given(panels(), st.randoms(use_true_random=False))
def test_in_whatever_order_scores_come_the_ranking_is_the_same(panel: Panel, random: Random) -> None:
    criteria, sheets = panel
    before = ranked(entries(criteria, sheets))
    for one in sheets:
        random.shuffle(one)
    made = entries(criteria, sheets)
    random.shuffle(made)
    assert ranked(made) == before
    assert against_money(ranked(made), 10) == against_money(before, 10)


@given(panels(), st.data())
def test_a_higher_score_never_ranks_lower(panel: Panel, data: st.DataObject) -> None:
    criteria, sheets = panel
    scored = [number for number, of_one in enumerate(sheets) if of_one]
    if not scored:
        return
    number = data.draw(st.sampled_from(scored))
    chosen = data.draw(st.sampled_from(sheets[number]))
    of = data.draw(st.sampled_from(criteria))
    before = {one.entry.number: one for one in ranked(entries(criteria, sheets))}[number]
    chosen[of.id] = data.draw(st.integers(chosen[of.id], of.highest))
    after = {one.entry.number: one for one in ranked(entries(criteria, sheets))}[number]
    assert before.place is not None
    assert after.place is not None
    assert after.place <= before.place
    assert (after.entry.score or 0) >= (before.entry.score or 0)


@given(panels())
def test_scores_are_between_nothing_and_everything_and_places_are_by_them(panel: Panel) -> None:
    criteria, sheets = panel
    placed = ranked(entries(criteria, sheets))
    found = [one.entry.score for one in placed if one.entry.score is not None]
    assert all(0 <= score <= 1 for score in found)
    assert found == sorted(found, reverse=True)
    assert [one.place for one in placed if one.place] == list(range(1, len(found) + 1))


@given(panels(), st.integers(0, 40))
def test_nothing_below_the_line_fits_and_what_fits_is_within_the_money(panel: Panel, available: int) -> None:
    criteria, sheets = panel
    made = [one for one in against_money(ranked(entries(criteria, sheets)), available) if one.fits is not None]
    fits = [bool(one.fits) for one in made]
    assert fits == sorted(fits, reverse=True)
    assert sum(one.entry.amount for one in made if one.fits) <= available
