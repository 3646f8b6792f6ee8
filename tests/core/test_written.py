"""What somebody writes for the record: tidied, there where it must be, and never cut short without their knowing."""

import pytest

from core import written
from core.errors import Refused
from core.written import LONGEST_WORDS


def test_words_are_tidied_and_kept_whole() -> None:
    assert written.words(" Yes.\r\nMore\u200b. ", "Say.", "R1") == "Yes.\nMore."
    assert written.words("x" * LONGEST_WORDS, "Say.", "R1") == "x" * LONGEST_WORDS
    assert written.note(" \r\n\t\u200b", "R1") == ""


@pytest.mark.parametrize("text", ["", " \r\n\t", "\u200b"])
def test_what_must_be_said_is_asked_for(text: str) -> None:
    with pytest.raises(Refused) as refused:
        written.words(text, "Say why.", "D0")
    assert (refused.value.reason, refused.value.rule) == ("Say why.", "D0")


def test_too_much_is_refused_with_its_length_and_not_cut() -> None:
    for take in (written.note, lambda text, rule: written.words(text, "Say why.", rule)):
        with pytest.raises(Refused) as refused:
            take("x" * (LONGEST_WORDS + 1), "N3")
        assert (refused.value.reason, refused.value.rule) == ("Keep it to 3,000 characters. It has 3,001.", "N3")
    with pytest.raises(Refused, match=r"Keep the note to 10 characters\. It has 11\."):
        written.note("x" * 11, "W4", most=10, what="the note")
