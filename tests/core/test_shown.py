"""What a page says that it showed: one short digest a field, which tells a changed field from one that stands."""

from __future__ import annotations

import pytest

from core.shown import Shown, mark, storable

pytestmark = pytest.mark.one_database


def test_a_page_says_what_it_showed_field_by_field() -> None:
    said = mark({"a": "x\r\ny", "b": ""}, ("a", "b", "c"))
    assert said == mark({"a": "x\ny"}, ("a", "b", "c"))
    assert [one.split(":")[0] for one in said.split()] == ["a", "b", "c"]


def test_what_changed_since_is_named() -> None:
    shown = Shown(mark({"a": "1", "b": "2", "gone": "3"}))
    assert shown.changed({"a": "1", "b": "two", "new": "4"}) == ("b", "new", "gone")
    assert shown.changed({"a": "1", "b": "two", "new": "4"}, ("a", "b")) == ("b",)
    assert shown.changed({"a": "1", "b": "2", "gone": "3", "blank": ""}) == ()


def test_whoever_opened_no_page_missed_nothing() -> None:
    assert not Shown("")
    assert Shown("").changed({"a": "1"}) == ()
    assert Shown("").had("a", "anything")


@pytest.mark.parametrize("said", ["a", "a:", ":::", "a:x b:y", "\0", "x" * 10_000])
def test_what_it_says_may_be_anything(said: str) -> None:
    assert Shown(said).changed({"a": "1"}, ("a",)) == ("a",)


def test_what_is_kept_has_one_kind_of_line_end_and_nothing_that_no_database_takes() -> None:
    assert storable("a\r\nb\rc\nd\0\ud800e") == "a\nb\nc\nde"
