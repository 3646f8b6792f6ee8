"""Every card and modal in every state, with usual, longest and hostile text: within the limits, nothing live."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot import modals
from bot.action import Carried, Entered, chosen_action
from bot.actions import ACTIONS
from bot.blocks import Message
from bot.card_facts import (
    ApplicationCard,
    Asked,
    Before,
    Decided,
    FundLeft,
    Papers,
    Point,
    Recommended,
    Taken,
)
from bot.cards import after_award, card
from bot.deadlines_message import DueItem, Missed, deadlines_message
from bot.practice.block_rules import elements_of, faults, view_faults
from bot.read_all import Answered, read_all
from bot.words import Typed
from core.due_lines import Act, DueLine
from core.rules.falling_due import KINDS, named
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.money import MoneyError
from tests.bot.conftest import NOON

LARGEST = 99_999_999_999
HOSTILE = (
    "<!channel> <@U0COMM> <!subteam^S1> <https://evil.example|your grant portal> *Approved by the Commissioner* :tada:"
)
TEXTS = {
    "usual": "Ramsey Boxing Club",
    "empty": "",
    "longest": "x" * 3000,
    "ampersands": "&<>" * 1000,
    "hostile": HOSTILE,
    "newlines": "a\n" * 1500,
    "right to left": "\u202eevorppa\u202c שלום " * 100,
    "emoji": "👩‍👩‍👧" * 600,
    "control": "\x00\x1b[31m\u200b\ud800 ",
}


def facts(text: str = "Ramsey Boxing Club", **changed: Any) -> ApplicationCard:
    """An application in which everything that somebody typed is `text`."""
    typed = Typed(text)
    usual = ApplicationCard(
        id=7,
        version=3,
        reference="YF-2026-7K4MPX",
        state=ApplicationState.SUBMITTED,
        kind="grant",
        organisation=typed,
        title=typed,
        need=typed,
        amount=200_000,
        purchases=50_000,
        area=typed,
        objective=typed,
        outcomes=(typed,) * 10,
        start=date(2027, 1, 11),
        end=date(2027, 7, 10),
        points=tuple(
            Point(f"F{n}", verdict, typed, typed, ("", "recommendation", "payment")[n % 3])
            for n, verdict in enumerate(["met", "not_met", "advice"] * 7)
        ),
        fund=FundLeft("Youth Fund", "2026-27", 1_000_000),
        submitted_at=NOON,
        next_step="A recommendation by the officer; then a decision by someone else.",
        out=(typed,) * 12,
        noticed=("YF-2026-9HJKMN, by the same organisation, is like this one.",) * 5,
        as_of=date(2026, 12, 3),
        before=Before(12, LARGEST, 3, LARGEST, (("YF-2026-9HJKMN", date(2026, 11, 3)),) * 5),
        papers=Papers(9, 2, 1),
        taken=Taken(typed, NOON),
    )
    return replace(usual, **changed)


def said(text: str, outcome: str = "approve") -> Recommended:
    return Recommended(Typed(text), outcome, 150_000, Typed(text), Typed(text), NOON)


def decided(text: str, outcome: str = "approved") -> Decided:
    return Decided(Typed(text), outcome, 150_000 if outcome == "approved" else None, Typed(text), Typed(text), NOON)


def asked(text: str, *, answer: str, waits: bool) -> Asked:
    return Asked(Typed(text), NOON, Typed(text), Typed(answer), waits)


def every_state(text: str = "Ramsey Boxing Club") -> Iterator[ApplicationCard]:
    s = ApplicationState
    yield facts(text)
    yield facts(text, state=s.QUERIED)
    yield facts(text, state=s.QUERIED, asked=asked(text, answer="", waits=True))
    for answer in (text, ""):
        yield facts(text, asked=asked(text, answer=answer, waits=False))
    for outcome in ("approve", "less", "decline"):
        yield facts(text, state=s.RECOMMENDED, recommendation=said(text, outcome))
    for award in (None, *AwardState):
        yield facts(
            text,
            state=s.APPROVED,
            recommendation=said(text),
            decision=decided(text),
            award=award,
            accept_by=date(2026, 12, 31),
            register_url="https://desk.example/awards/YF-2026-7K4MPX" if award is AwardState.ACTIVE else "",
        )
    yield facts(text, state=s.DECLINED, recommendation=said(text, "decline"), decision=decided(text, "declined"))
    yield facts(text, state=s.WITHDRAWN)
    yield facts(text, state=s.RECOMMENDED, recommendation=said(text), may_undo=True, sitting="next sitting", taken=None)
    yield facts(text, amount=LARGEST, purchases=LARGEST, fund=FundLeft("F" * 200, "2026-27", None), points=())
    yield facts(text, start=None, end=None, outcomes=(), out=(), fund=FundLeft("Youth Fund", "2026-27", 100))


def strings(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every text of a message with the type of the object that it stands in."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "text" and isinstance(value, str):
                yield str(part.get("type")), value
            else:
                yield from strings(value, (*path, name))
    elif isinstance(part, list):
        for item in part:
            yield from strings(item, path)


def buttons(message: Message) -> list[dict[str, Any]]:
    return [element for block in message.blocks for element in elements_of(block) if element["type"] == "button"]


def choices(message: Message) -> list[str]:
    """What can be chosen from the menu of a card."""
    menus = [one for block in message.blocks for one in elements_of(block) if one["type"] == "overflow"]
    return [chosen_action(option["value"]) for menu in menus for option in menu["options"]]


def text_of(blocks: list[dict[str, Any]]) -> str:
    return " ".join(text for _, text in strings(blocks))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_cards_obey_slack_whatever_was_typed(text: str) -> None:
    for state in every_state(text):
        message = card(state)
        assert faults(message.blocks, "message") == [], state.state
        assert len(message.text) < 4_000
        assert "YF-2026-7K4MPX" in message.text
        json.dumps(message.blocks, ensure_ascii=False).encode()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_modals_obey_slack_whatever_was_typed(text: str) -> None:
    for state in every_state(text):
        for view in (
            modals.recommend(state, "C1"),
            modals.approve(state, "C1", "A return every six months."),
            modals.decline(state, "C1"),
            modals.interest(state, "C1"),
            modals.ask(state, "C1", date(2026, 12, 17)),
            modals.send_back(state, "C1", date(2026, 12, 17), text),
            modals.undo(state, "C1"),
            read_all(state, tuple(Answered("Part", f"Label {n}", Typed(text)) for n in range(60)), "https://d.example"),
        ):
            assert view_faults(view) == [], (state.state, view["callback_id"])


@pytest.mark.parametrize("text", [HOSTILE, "&<>" * 1000])
def test_nothing_typed_is_live(text: str) -> None:
    """mrkdwn holds our own words only; in the top-level text what was typed is escaped."""
    for state in every_state(text):
        message = card(state)
        for kind, shown in strings(message.blocks):
            assert kind in ("mrkdwn", "plain_text", "text")
            if kind == "mrkdwn":
                assert "evil" not in shown
                assert "Approved by" not in shown
                assert "&" not in shown
        for part in json.loads(json.dumps(message.blocks)):
            assert '"emoji": true' not in json.dumps(part)
        assert "<" not in message.text
        assert ">" not in message.text


def test_the_card_is_read_in_ten_seconds() -> None:
    """Who, what, how much, what is missing before what is met, what the fund keeps, and who is next."""
    state = facts(
        organisation=Typed("Ramsey Boxing Club"),
        title=Typed("Friday night gym"),
        points=(
            Point("P0", "met", Typed("Light touch.")),
            Point("L4", "advice", Typed("Look at the objective.")),
            Point("F5", "not_met", Typed("Over the cap."), Typed("Ask for less.")),
        ),
    )
    whole = text_of(card(state).blocks)
    order = [
        "£2,000 from the Youth Fund",
        "Ramsey Boxing Club",
        "Friday night gym",
        "1 rule not met: it cannot be approved as it stands",
        "Not met (F5):",
        "Over the cap.",
        "Ask for less.",
        "Check (L4):",
        "On 3 December 2026",
        "£10,000 left; this award of £2,000 would leave £8,000",
        "A recommendation by the officer",
    ]
    places = [whole.find(piece) for piece in order]
    assert -1 not in places
    assert places == sorted(places)
    assert card(state).text == (
        "YF-2026-7K4MPX: Ramsey Boxing Club asks for £2,000 from the Youth Fund (Friday night gym). "
        "New: it waits for a recommendation. Not met: F5."
    )


def test_all_buttons_until_the_decision_and_none_after() -> None:
    for state in every_state():
        found = [button["action_id"] for button in buttons(card(state))]
        if state.state in (ApplicationState.SUBMITTED, ApplicationState.QUERIED, ApplicationState.RECOMMENDED):
            assert found[:3] == ["recommend", "approve", "decline"]
        else:
            assert not {"recommend", "approve", "decline"} & set(found)
            assert ("open" in found) == bool(state.register_url)
        assert "read" in found
        assert {*found, *choices(card(state))} <= set(ACTIONS)


def test_a_button_carries_an_id_and_a_version_and_nothing_else() -> None:
    for button in buttons(card(facts())):
        assert json.loads(button["value"]) == {"application": 7, "version": 3}
        assert "YF-2026-7K4MPX" in button["accessibility_label"]


@pytest.mark.parametrize(
    ("state", "heading", "summary"),
    [
        (
            facts(state=ApplicationState.APPROVED, decision=decided("Carol"), award=AwardState.OFFERED),
            "Grant application: £1,500 from the Youth Fund – Approved, offer sent",
            "Approved, offer sent: £1,500, by Carol on 3 December 2026 at 2:02pm, with conditions.",
        ),
        (
            facts(state=ApplicationState.DECLINED, decision=decided("Carol", "declined")),
            "Grant application: £2,000 from the Youth Fund – Declined",
            "Declined by Carol on 3 December 2026 at 2:02pm.",
        ),
        (
            facts(state=ApplicationState.WITHDRAWN),
            "Grant application: £2,000 from the Youth Fund – Withdrawn",
            "Withdrawn by the applicant.",
        ),
        (
            facts(state=ApplicationState.RECOMMENDED, recommendation=said("Olive", "less")),
            "Grant application: £2,000 from the Youth Fund – Recommended",
            "Recommended by Olive: approve less £1,500. It waits for a decision.",
        ),
    ],
)
def test_the_outcome_is_said_in_words(state: ApplicationCard, heading: str, summary: str) -> None:
    message = card(state)
    assert message.blocks[0]["text"]["text"] == heading
    assert message.text.endswith(summary)


def test_an_approval_of_less_says_of_how_much() -> None:
    state = facts(state=ApplicationState.APPROVED, decision=decided("Carol"), award=AwardState.OFFERED)
    assert "Approved: £1,500 of £2,000" in text_of(card(state).blocks)


def test_what_a_fund_keeps() -> None:
    assert after_award(None, 5, "Youth Fund", "2027-28").endswith("no money has been allocated for this year yet.")
    assert "£1 left, £0.01 too little for this award of £1.01" in after_award(100, 101, "Youth Fund", "2026-27")
    assert "£1 left; this award of £1 would leave £0." in after_award(100, 100, "Youth Fund", "2026-27")


def inputs(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


def test_modals_hold_the_contracts_inputs() -> None:
    """Required: recommendation, amount, reasons, conditions. Anything else is optional or filled in."""
    state = facts(recommendation=said("Because."))
    views = {
        "recommend": (
            modals.recommend(state, "C1"),
            ["recommendation", "amount", "reasons", "conditions", "contribution"],
        ),
        "approve": (modals.approve(state, "C1", "Usual."), ["amount", "reasons", "conditions", "contribution"]),
        "decline": (modals.decline(state, "C1"), ["reasons"]),
        "interest": (modals.interest(state, "C1"), ["reasons"]),
    }
    for name, (view, expected) in views.items():
        found = inputs(view)
        assert list(found) == expected
        assert view["callback_id"] == name
        assert all(block["element"]["action_id"] == "value" for block in found.values())
        assert all(block.get("optional") for key, block in found.items() if key == "contribution")
    options = inputs(views["recommend"][0])["recommendation"]["element"]["options"]
    assert [option["value"] for option in options] == ["approve", "less", "decline"]
    assert inputs(views["recommend"][0])["amount"]["element"]["initial_value"] == "2000.00"


def test_the_approval_starts_from_the_recommendation() -> None:
    found = inputs(modals.approve(facts(recommendation=said("Because.")), "C1", "Usual."))
    starts = {name: block["element"]["initial_value"] for name, block in found.items() if name != "contribution"}
    assert starts == {"amount": "1500.00", "reasons": "Because.", "conditions": "Because."}
    bare = inputs(modals.approve(facts(recommendation=said("", "decline")), "C1", "Usual."))
    assert bare["amount"]["element"]["initial_value"] == "2000.00"
    assert bare["conditions"]["element"]["initial_value"] == "Usual."
    assert not bare["conditions"].get("optional")


def test_what_a_modal_carries() -> None:
    carried = modals.decline(facts(), "C9")["private_metadata"]
    assert Carried.unpacked(carried, "application") == Carried("application", 7, 3, "C9")
    assert Carried.unpacked('{"application": 7}', "application") == Carried("application", 7, 0)
    with pytest.raises(ValueError, match="which deadline"):
        Carried.unpacked(carried, "deadline")
    no_rows = (f'{{"application": {number}}}' for number in (2**63, -(2**63) - 1, "9" * 5_000))
    for bad in (
        "",
        "[]",
        "null",
        '{"application": "7", "version": 3, "channel": "C"}',
        '{"application": true}',
        *no_rows,
    ):
        with pytest.raises(ValueError, match=r".+"):
            Carried.unpacked(bad, "application")


def test_what_was_entered() -> None:
    values = {
        "recommendation": {"value": {"type": "radio_buttons", "selected_option": {"value": "less"}}},
        "amount": {"value": {"type": "number_input", "value": " £1,200.50 "}},
        "reasons": {"value": {"type": "plain_text_input", "value": None}},
    }
    given = Entered({"state": {"values": values}})
    assert [given.text(name) for name in values] == ["less", "£1,200.50", ""]
    assert (given.has("reasons"), given.has("conditions"), given.text("conditions")) == (True, False, "")
    assert given.pence() == 120_050
    more = {
        "day": {"value": {"type": "datepicker", "selected_date": "2026-12-01"}},
        "ticks": {"value": {"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}},
        "who": {"value": {"type": "users_select", "selected_user": "U0OFFICER"}},
    }
    given = Entered({"state": {"values": more}})
    assert (given.text("day"), given.several("ticks"), given.text("who")) == ("2026-12-01", ("a", "b"), "U0OFFICER")
    assert given.several("day") == ()
    for bad in ("", "1e3", "-5", "0.001"):
        with pytest.raises(MoneyError):
            Entered({"state": {"values": {"amount": {"value": {"value": bad}}}}}).pence()


TODAY = date(2027, 1, 15)
DESK = "https://desk.example/desk"
CHASED = Act("deadline_chased", "Olive Officer", "chased it", date(2027, 1, 12))


def due_line(number: int, who: str, kind: str, due: date, **changed: Any) -> DueLine:
    """A deadline as it stands on TODAY."""
    given: dict[str, Any] = {
        "id": number,
        "reference": f"YF-2026-{number:06d}",
        "kind": named(kind),
        "who": who,
        "project": "Friday night gym",
        "due": due,
        "days_late": (TODAY - due).days,
        "owner_id": 1,
        "owner": "Olive Officer",
        "yours": False,
        "chased": None,
        "last": None,
        "snoozed_until": None,
        "next": "The recipient is told on 22 January 2027",
        "met_on": None,
        "closed_on": None,
    }
    return DueLine(**{**given, **changed})


def items(count: int, text: str = "Ramsey Boxing Club") -> list[DueItem]:
    kinds = itertools.cycle([*KINDS, "bid_deadline"])
    return [
        DueItem(
            due_line(number, text, kind, date(2026, 12, 1) + timedelta(number % 90)), number, refused=number % 5 == 0
        )
        for number, kind in zip(range(count), kinds, strict=False)
    ]


MISSED = (
    Missed(12, date(2027, 1, 3), date(2027, 1, 10), "the desk was not running then", tuple("ABCDEFG")),
    Missed(1, date(2027, 1, 4), date(2027, 1, 4), "they were paused: Election of the Commissioner"),
)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("count", [0, 1, 2, 14, 15, 31, 2_000])
def test_the_deadlines_message_obeys_slack(text: str, count: int) -> None:
    message = deadlines_message(items(count, text), to="Your deadlines", desk_url=DESK, missed=MISSED)
    assert faults(message.blocks, "message") == []
    assert len(message.text) < 4_000
    assert "<" not in message.text
    assert sum(len(said) for _, said in strings([dict(block) for block in message.blocks])) < 13_200


def test_the_deadlines_message_says_what_is_due_and_what_is_late() -> None:
    message = deadlines_message(
        [
            DueItem(due_line(4, "Soon Club", "return", date(2027, 1, 16)), 9),
            DueItem(due_line(7, "Late Club", "return", date(2027, 1, 1), chased=CHASED), 9, director=True),
            DueItem(due_line(3, "Today Club", "acceptance", TODAY, owner="", snoozed_until=date(2027, 1, 20)), 9),
        ],
        to="Your deadlines",
        desk_url=DESK,
    )
    assert message.text == (
        "Your deadlines: 2 monitoring returns and 1 offer to be accepted, 1 of them overdue. "
        "YF-2026-000007 (1 January 2027), YF-2026-000003 (15 January 2027) and YF-2026-000004 (16 January 2027)."
    )
    whole = text_of(message.blocks)
    late = "Was due on 1 January 2027, 14 days ago, told to the Director too. With Olive Officer."
    snoozed = "Nobody looks after it. No more to the officer until 20 January 2027."
    in_order = (
        "Late Club",
        f"{late} Last chased by Olive Officer on 12 January 2027.",
        "The recipient is told on 22 January 2027.",
        "Today Club",
        f"Due today, 15 January 2027. {snoozed}",
        "Soon Club",
    )
    places = [whole.find(piece) for piece in in_order]
    assert -1 not in places
    assert places == sorted(places)


def test_a_heading_of_many_kinds_counts_them_together() -> None:
    kinds = ("return", "acceptance", "meeting", "payment")
    found = [DueItem(due_line(number, "Club", kind, TODAY), 9) for number, kind in enumerate(kinds)]
    few = deadlines_message(found[:3], to="Your deadlines", desk_url=DESK)
    many = deadlines_message(found, to="Your deadlines", desk_url=DESK)
    assert few.text.startswith("Your deadlines: 1 monitoring return, 1 offer to be accepted and 1 monitoring meeting.")
    assert many.text.startswith("Your deadlines: 4 things. ")


def test_what_was_done_since_stands_struck_through_last_and_without_buttons() -> None:
    more = Act("more_time_agreed", "Olive Officer", "gave it until 30 January 2027, as Dev Director agreed", TODAY)
    message = deadlines_message(
        [
            DueItem(due_line(1, "Done Club", "return", date(2027, 1, 1), met_on=TODAY, last=CHASED), 9),
            DueItem(due_line(2, "More Club", "return", date(2027, 1, 30), last=more), 9, moved=True),
            DueItem(due_line(3, "Gone Club", "acceptance", TODAY, closed_on=TODAY), 9),
            DueItem(due_line(4, "Left Club", "return", date(2027, 2, 1)), 9),
        ],
        to="Your deadlines",
        desk_url=DESK,
    )
    whole = text_of(message.blocks)
    assert "Your deadlines: 1 monitoring return" in whole
    assert "Done on 15 January 2027, after Olive Officer chased it." in whole
    assert "It has more time: Olive Officer gave it until 30 January 2027, as Dev Director agreed." in whole
    assert "Nobody waits for it any more." in whole
    assert whole.find("Left Club") < whole.find("Done Club")
    struck = [text for text, style in pieces(message) if style.get("strike")]
    assert {"Done Club", "More Club", "Gone Club"} < set(struck)
    assert "Left Club" not in struck
    assert [one["action_id"] for one in buttons_of(message)] == ["due_chased", "due_extend", "open", "menu", "open"]


def test_when_all_is_seen_to_the_message_says_so() -> None:
    done = DueItem(due_line(1, "Done Club", "return", date(2027, 1, 1), met_on=TODAY), 9)
    message = deadlines_message([done], to="Your deadlines", desk_url=DESK)
    assert message.text == "Your deadlines: all of it has been seen to."


def test_what_was_not_sent_and_why_is_said_even_alone() -> None:
    message = deadlines_message([], to="Deadlines", desk_url=DESK, missed=MISSED)
    assert message.text == "Deadlines: 13 reminders were not sent."
    whole = text_of(message.blocks)
    assert (
        "12 reminders from 3 January 2027 to 10 January 2027 were not sent, because the desk was not running then. "
        "Whoever they were for has had the latest only. About A, B, C, D, E and others."
    ) in whole
    assert "1 reminder on 4 January 2027 was not sent, because they were paused: Election of the Commissioner." in whole


@pytest.mark.parametrize(
    ("kind", "buttons"),
    [
        ("return", ["due_chased", "due_extend", "open", "menu"]),
        ("decision", ["due_chased", "open", "menu"]),
        ("bid", ["due_extend", "open", "menu"]),
        ("annual-report", ["due_extend", "open", "menu"]),
        ("meeting", ["open", "menu"]),
        ("publication", ["open", "menu"]),
    ],
)
def test_only_what_waits_for_somebody_is_chased_and_only_what_moves_is_extended(kind: str, buttons: list[str]) -> None:
    message = deadlines_message([DueItem(due_line(1, "Club", kind, TODAY), 9)], to="Your deadlines", desk_url=DESK)
    assert [one["action_id"] for one in buttons_of(message)] == [*buttons, "open"]


def test_a_long_list_is_counted_not_cut() -> None:
    message = deadlines_message(items(2_000), to="Your deadlines", desk_url=DESK)
    whole = text_of(message.blocks)
    assert "And 1,986 more" in whole
    assert "and 1,970 on the page of all deadlines." in whole
    assert sum(one["action_id"] == "menu" for one in buttons_of(message)) == 14
    assert len(message.blocks) < 40


def test_no_deadlines_no_message() -> None:
    with pytest.raises(ValueError, match="at least one"):
        deadlines_message([], to="Your deadlines", desk_url=DESK)


def pieces(message: Message) -> list[tuple[str, dict[str, bool]]]:
    """The literal pieces of rich text with their styles."""
    sections = [part for block in message.blocks if block["type"] == "rich_text" for part in block["elements"]]
    return [
        (piece["text"], piece.get("style", {}))
        for section in sections
        if section["type"] == "rich_text_section"
        for piece in section["elements"]
    ]


def buttons_of(message: Message) -> list[dict[str, Any]]:
    return [one for block in message.blocks if block["type"] == "actions" for one in block["elements"]]


def shown(message: Message) -> str:
    return " ".join(text for _, text in strings([dict(block) for block in message.blocks]))


def test_what_waits_for_payment_comes_after_what_is_to_be_looked_at_now() -> None:
    points = (
        Point("L5", "advice", Typed("The safeguarding policy is not seen."), needed_by="payment"),
        Point("T8", "advice", Typed("A notice is due."), needed_by="signing"),
        Point("U5", "advice", Typed("No statement."), needed_by="recommendation"),
        Point("F3", "advice", Typed("No ground."), needed_by="approval"),
        Point("F5", "not_met", Typed("Over the limit."), needed_by="approval"),
    )
    text = shown(card(facts(points=points)))
    assert "1 rule not met" in text
    places = [text.index(said) for said in (
        "Not met (F5):", "Check (U5):", "Check (F3):",
        "Later. Before signing: Statutory notices (T8). Before payment: Safeguarding, due diligence, subsidy (L5).",
    )]  # fmt: skip
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("steps", "heading"),
    [
        ((), "Nothing is missing"),
        (("payment",), "Nothing is missing for a decision"),
        (("payment", "signing", "review"), "Nothing is missing for a decision"),
        (("payment", ""), "No rule is broken; 1 thing to check"),
        (("recommendation", "approval"), "No rule is broken; 2 things to check"),
    ],
)
def test_the_heading_counts_what_a_decision_waits_for(steps: tuple[str, ...], heading: str) -> None:
    points = tuple(Point(f"F{n}", "advice", Typed("Said."), needed_by=step) for n, step in enumerate(steps))
    made = [text for _, text in strings([dict(block) for block in card(facts(points=points)).blocks])]
    assert heading in made
