"""Hostile and odd text on its way to Slack."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import blocks
from bot.words import Typed, clean, counted, cut, day, escaped, listed, local_moment, one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
        ("<https://evil.example|your grant portal>", "&lt;https://evil.example|your grant portal&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("a\nb\r\n\tc", "a b c"),
    ],
)
def test_nothing_typed_is_live_after_escaping(text: str, expected: str) -> None:
    assert escaped(Typed(text), 100) == expected


def test_text_is_cut_before_it_is_escaped() -> None:
    """No entity is cut in half."""
    assert escaped("&" * 50, 10) == "&amp;" * 9 + "…"
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abc defgh", 5) == "abc…"


@pytest.mark.parametrize(
    "sign", ["\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\x00", "\x1b", "\x9f", "\ud800", "\U000e0041"]
)
def test_what_hides_or_reorders_is_taken_out(sign: str) -> None:
    assert clean(f"ap{sign}proved") == "approved"


def test_what_is_spelt_with_joiners_stays() -> None:
    assert clean("👩‍👩‍👧 مرحبا می‌خواهم") == "👩‍👩‍👧 مرحبا می‌خواهم"


def test_lines_stay_where_they_are_wanted() -> None:
    assert clean("a\n\n\n\nb\u2028c") == "a\n\nb\nc"
    assert one_line(" a \n\n b ") == "a b"


def test_typed_text_refuses_to_become_a_string() -> None:
    typed = Typed("x")
    with pytest.raises(TypeError):
        str(typed)
    with pytest.raises(TypeError):
        f"{typed}"
    assert not Typed(" \u202e\n")
    assert Typed("a")


@given(st.text())
def test_whatever_is_typed_makes_a_part_that_slack_takes(text: str) -> None:
    for part in (blocks.plain(Typed(text), 150), blocks.words(Typed(text), 150)):
        assert 1 <= len(part["text"]) <= 150
        part["text"].encode()
    assert not {"<", ">"} & set(escaped(Typed(text), 150))


def test_days_and_moments() -> None:
    summer = datetime(2027, 7, 1, 23, 30, tzinfo=UTC)
    assert day(date(2026, 12, 3)) == "3 December 2026"
    assert local_moment(summer) == "<!date^1814484600^{date_short_pretty} {time}|2 July 2027 at 12:30am>"


def test_counts_and_lists() -> None:
    assert [counted(number, "return") for number in (0, 1, 1200)] == ["0 returns", "1 return", "1,200 returns"]
    assert counted(2, "offer to be accepted", "offers to be accepted") == "2 offers to be accepted"
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
