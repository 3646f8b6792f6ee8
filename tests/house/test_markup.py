"""The checker of the pages' HTML finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.markup import Checker, checker

GOOD = '<!DOCTYPE html><html lang="en"><head><title>A page</title></head><body><main><p>Words.</p></main></body></html>'


@pytest.fixture(scope="module")
def asked() -> Iterator[Checker]:
    with checker() as opened:
        yield opened


def test_a_valid_page_is_let_through(asked: Checker) -> None:
    assert asked.faults(GOOD) == []


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("<ul><p>In a list.</p></ul>", "element-permitted-content"),
        ("<p id='a'>One.</p><p id='a'>Another.</p>", "no-dup-id"),
        ("<div>Never closed", "close-order"),
        ("<img src='/a.png'>", "wcag/h37"),
        ("<p style='color:red'>Inline.</p>", "no-inline-style"),
        ("<p aria-describedby='nowhere'>Words.</p>", "no-missing-references"),
    ],
)
def test_a_fault_is_found(asked: Checker, wrong: str, rule: str) -> None:
    assert any(f": {rule}: " in fault for fault in asked.faults(GOOD.replace("<p>Words.</p>", wrong))), wrong
