"""Whatever somebody typed, no cell of an export is a formula."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import update

from core.office import Office
from core.records import Application

SIGNS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
HIDDEN = ("", "\t", "\r", "\n", "\r\n", " ", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u202e", "\x1f", "\u3000")
FORMULA = '=HYPERLINK("http://evil.example","Click")'

hostile = st.tuples(
    st.lists(st.sampled_from(HIDDEN), max_size=3).map("".join),
    st.sampled_from(SIGNS),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
).map("".join)


@pytest.mark.one_database
@pytest.mark.filterwarnings("ignore:Calling str.*:DeprecationWarning")
def test_no_cell_is_a_formula(browser: Any, office: Office, accepted: str) -> None:
    @seed(20261123)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @example(FORMULA)
    @example(f"\t{FORMULA}")
    @example(f"\r{FORMULA}")
    @example(f"\ufeff{FORMULA}")
    @example("＝1＋1")
    @example("@SUM(1+1)*cmd|' /C calc'!A0")
    @given(hostile)
    def export(words: str) -> None:
        with office.sessions.begin() as session:
            session.execute(update(Application).values(title=words, organisation_name=words))
        rows = list(csv.reader(io.StringIO(browser.get("/awards.csv").get_data(as_text=True), newline="")))
        assert [row[0] for row in rows[1:]] == [accepted]
        for cell in (cell for row in rows for cell in row):
            assert not re.match(r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+\-@|%＝＋－＠]", cell), cell
            assert cell == "" or cell[0].isprintable(), repr(cell)
        with zipfile.ZipFile(io.BytesIO(browser.get("/awards.xlsx").get_data())) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "<hyperlink" not in sheet

    export()
