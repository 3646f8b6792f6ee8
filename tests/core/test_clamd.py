"""The client of clamd, against the real one: what it says of the harmless, of EICAR, and of EICAR in other files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.clamd import Clamd
from core.contents import read_content
from tests.clamd import program, real_clamd
from tests.uploads import EICAR, GOOD, docx, pdf, zipped


@pytest.fixture(scope="module")
def clamd() -> Iterator[Clamd]:
    found = program()
    if found is None:
        pytest.skip("clamd is not here and cannot be installed")
    with real_clamd(found) as path:
        yield Clamd(path)


def test_it_answers(clamd: Clamd) -> None:
    clamd.ping(seconds=5)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_taken_is_clean(clamd: Clamd, name: str) -> None:
    assert clamd.scan(GOOD[name][0], seconds=10).clean


INFECTED = {
    "alone": EICAR,
    "in a PDF": pdf(b"/Note (" + EICAR + b")"),
    "in a Word file": docx({"word/media/note.dat": EICAR}),
    "behind many megabytes": pdf(b" " * 5_000_000 + b"/Note (" + EICAR + b")"),
    "in an archive": zipped({"note.txt": EICAR}),
}


@pytest.mark.parametrize("name", INFECTED)
def test_eicar_is_found(clamd: Clamd, name: str) -> None:
    assert "Eicar" in clamd.scan(INFECTED[name], seconds=10).found


@pytest.mark.parametrize("name", ["in a PDF", "in a Word file"])
def test_only_the_scanner_sees_it_there(name: str) -> None:
    read_content(INFECTED[name])
