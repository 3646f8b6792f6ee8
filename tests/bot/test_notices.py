"""What the deadlines channel is told of an award as it happens."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bot.notices import MOST_CHANGES, NOTICES, AwardNotice, Change, award_notice
from bot.practice.block_rules import faults
from bot.words import Typed

HOSTILE = "<!channel> <https://evil.example|Click> *bold* & more"


def notice(what: str, changes: int = 0, text: str = "Riverside Boxing Club") -> AwardNotice:
    made = tuple(Change(Typed(f"{text}: 10"), Typed(f"{text}: 5")) for _ in range(changes))
    return AwardNotice(what, "YF-2026-7K4MPX", Typed(text), date(2026, 12, 21), made, Typed(text if changes else ""))


@pytest.mark.parametrize("what", NOTICES)
def test_a_notice_says_what_happened_and_what_to_do(what: str) -> None:
    message = award_notice(notice(what, changes=2 if what == "measures_proposed" else 0))
    assert list(faults(message.blocks)) == []
    assert message.text.startswith("YF-2026-7K4MPX: Riverside Boxing Club ")
    shown = json.dumps(message.blocks, ensure_ascii=False)
    assert "YF-2026-7K4MPX" in shown
    if what == "bank_details_changed":
        assert "Payments wait until a second person has verified the new ones" in shown
    if what == "measures_proposed":
        assert "21 December 2026 all the same" in shown


def test_what_was_typed_is_no_mention_and_no_link() -> None:
    message = award_notice(notice("measures_proposed", changes=MOST_CHANGES + 2, text=HOSTILE * 20))
    assert list(faults(message.blocks)) == []
    assert "<!channel>" not in message.text
    assert '"mrkdwn"' not in json.dumps(message.blocks)
    assert "and 2 more." in json.dumps(message.blocks)


def test_a_notice_that_nobody_has_words_for() -> None:
    with pytest.raises(KeyError):
        award_notice(notice("something_else"))
