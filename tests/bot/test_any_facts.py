"""Whatever an application holds: cards, forms and windows keep to Slack's limits, and nothing typed is live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from bot import modals
from bot.actions import ACTIONS
from bot.card_facts import (
    ApplicationCard,
    Asked,
    Basis,
    Before,
    Decided,
    FundLeft,
    Papers,
    Point,
    Recommended,
    Taken,
)
from bot.cards import card
from bot.document_list import Listed, document_list
from bot.practice.block_rules import faults, text_length, view_faults
from bot.read_all import Answered, read_all
from bot.words import Typed
from core.rules.lifecycle import ApplicationState, AwardState
from tests.bot.test_cards import buttons, choices

MOST_ON_A_CARD = 5_500
"""Characters of all that a card shows at its very longest; an ordinary one has a quarter of that."""

PIECES = (
    "<!channel>", "<@U0PCC>", "<https://evil.example|your portal>", "*Approved by the Commissioner*", ":tada:", "&amp;",
    "\u202eevil", "\u200b", "\x00", "\ud800", "👩‍👩‍👧", "שלום", "a\n\n\n\nb", "`code`", "x" * 3_000, " ", "€", "{date}",
)  # fmt: skip

texts = some.lists(some.sampled_from(PIECES) | some.text(max_size=20), max_size=4).map("".join)
typed = texts.map(Typed)
pence = some.integers(1, 99_999_999_999)
days = some.dates(date(2020, 1, 1), date(2040, 12, 31))
moments = some.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=some.just(UTC))
points = some.builds(
    Point,
    rule=some.sampled_from(["F5", "L4", "T1", "P0", "L5"]),
    verdict=some.sampled_from(["met", "not_met", "advice"]),
    because=typed,
    remedy=typed,
    needed_by=some.sampled_from(["", "recommendation", "approval", "signing", "payment", "review"]),
)
anything = some.builds(
    ApplicationCard,
    id=some.integers(1, 2**53),
    version=some.integers(1, 10_000),
    reference=some.just("YF-2026-7K4MPX"),
    state=some.sampled_from([one for one in ApplicationState if one is not ApplicationState.DRAFT]),
    kind=some.sampled_from(["grant", "contract", "co_commissioned", "invoice", "unheard-of"]),
    organisation=typed, title=typed, need=typed, area=typed, objective=typed,
    amount=pence, purchases=pence,
    outcomes=some.lists(typed, max_size=12).map(tuple),
    start=some.none() | days, end=some.none() | days,
    points=some.lists(points, max_size=12).map(tuple),
    fund=some.builds(FundLeft, name=some.just("Youth Fund"), year=some.just("2026-27"), available=some.none() | pence),
    submitted_at=moments,
    next_step=some.text(max_size=900),
    out=some.lists(typed, max_size=15).map(tuple),
    recommendation=some.none() | some.builds(
        Recommended, by=typed, outcome=some.sampled_from(["approve", "less", "decline"]), amount=pence, reasons=typed,
        conditions=typed, at=moments,
    ),
    decision=some.none() | some.builds(
        Decided, by=typed, outcome=some.sampled_from(["approved", "declined"]), amount=some.none() | pence,
        reasons=typed, conditions=typed, at=moments,
    ),
    award=some.none() | some.sampled_from(AwardState),
    accept_by=some.none() | days,
    register_url=some.sampled_from(["", "https://desk.example/awards/YF-2026-7K4MPX"]),
    as_of=some.none() | days,
    before=some.builds(
        Before, awards=some.integers(0, 500), total=pence, live=some.integers(0, 500), live_total=pence,
        overdue=some.lists(some.tuples(some.just("YF-2026-9HJKMN"), days), max_size=5).map(tuple),
    ),
    papers=some.builds(Papers, there=some.integers(0, 99), waiting=some.integers(0, 99), harmful=some.integers(0, 99)),
    taken=some.none() | some.builds(Taken, by=typed, at=moments),
    sitting=some.sampled_from(["", "next sitting", "sitting on 3 December 2026"]),
    may_undo=some.booleans(),
    noticed=some.lists(some.just("YF-2026-9HJKMN, by the same organisation, is like this one."), max_size=9).map(tuple),
    asked=some.none() | some.builds(
        Asked, by=typed, at=moments, question=typed, answer=typed, open=some.booleans()
    ),
)  # fmt: skip


def live(part: Any) -> Iterator[str]:
    """What Slack would act on: mark-up of ours that holds what was typed, and every mention, link or channel."""
    if isinstance(part, dict):
        kind, text = part.get("type"), part.get("text")
        if kind in ("user", "usergroup", "channel", "link", "broadcast", "emoji"):
            yield str(part)
        if (
            kind == "mrkdwn"
            and isinstance(text, str)
            and any(one in text for one in ("evil", "<@", "<!ch", "Approved b"))
        ):
            yield text
        if part.get("emoji") is True:
            yield str(part)
        for value in part.values():
            yield from live(value)
    elif isinstance(part, list):
        for one in part:
            yield from live(one)


@settings(max_examples=40, deadline=None)
@given(facts=anything)
def test_a_card(facts: ApplicationCard) -> None:
    message = card(facts)
    assert faults(message.blocks, "message") == []
    assert list(live(message.blocks)) == []
    assert len(message.text) < 4_000
    assert "<" not in message.text
    assert facts.reference in message.text
    assert text_length(message.blocks) < MOST_ON_A_CARD
    json.dumps(message.blocks, ensure_ascii=False).encode()
    named = {*(one["action_id"] for one in buttons(message)), *choices(message)}
    assert named <= set(ACTIONS)
    deciding = {"recommend", "approve", "decline"}
    assert named & deciding == (deciding if facts.open else set())


@settings(max_examples=25, deadline=None)
@given(facts=anything, text=texts, day=days)
def test_a_form(facts: ApplicationCard, text: str, day: date) -> None:
    for view in (
        modals.recommend(facts, "C1"),
        modals.approve(facts, "C1", text, Basis((("grants", "p" * 200), ("other", "q")), "grants", Typed(text))),
        modals.decline(facts, "C1"),
        modals.interest(facts, "C1"),
        modals.undo(facts, "C1"),
        modals.ask(facts, "C1", day),
        modals.send_back(facts, "C1", day, text),
    ):
        assert view_faults(view) == [], view["callback_id"]
        assert list(live(view["blocks"])) == []


@settings(max_examples=15, deadline=None)
@given(facts=anything, answers=some.lists(some.tuples(some.sampled_from(["You", "Plan", ""]), texts), max_size=30))
def test_a_window_to_read(facts: ApplicationCard, answers: list[tuple[str, str]]) -> None:
    told = tuple(Answered(section, f"Question {n}", Typed(text)) for n, (section, text) in enumerate(answers))
    view = read_all(facts, told, "https://desk.example/desk/applications/YF-2026-7K4MPX")
    assert view_faults(view) == []
    assert list(live(view["blocks"])) == []


def test_the_longest_window_says_that_there_is_more() -> None:
    facts = card_of_nothing()
    told = tuple(Answered("Part", f"Question {n}", Typed("👩‍👩‍👧" * 1_000)) for n in range(90))
    view = read_all(facts, told, "https://desk.example/desk/applications/YF-2026-7K4MPX")
    assert view_faults(view) == []
    assert "more than Slack can show" in json.dumps(view)
    assert view["blocks"][-1]["elements"][0]["url"].startswith("https://desk.example/desk/")


def test_a_long_list_of_documents() -> None:
    at = datetime(2026, 12, 3, tzinfo=UTC)
    listed = tuple(
        Listed(
            n, "quote", "pdf", 10**n % 9_999_999, at + timedelta(n), "clean", address=f"https://d.example/{'t' * 300}"
        )
        for n in range(60)
    )
    view = document_list("YF-2026-7K4MPX", listed, 10, "https://d.example/desk")
    assert view_faults(view) == []
    assert "and 20 more documents." in json.dumps(view)


def card_of_nothing() -> ApplicationCard:
    """An application of which nearly nothing is known."""
    return ApplicationCard(
        id=1, version=1, reference="YF-2026-7K4MPX", state=ApplicationState.SUBMITTED, kind="grant",
        organisation=Typed(""), title=Typed(""), need=Typed(""), amount=1, purchases=0, area=Typed(""),
        objective=Typed(""), outcomes=(), start=None, end=None, points=(), fund=FundLeft("Youth Fund", "2026-27", None),
        submitted_at=datetime(2026, 12, 3, tzinfo=UTC), next_step="",
    )  # fmt: skip
