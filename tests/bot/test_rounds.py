"""A sitting in Slack: opened, scored, ranked, decided as a set; who may; races; the longest and most hostile."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from bot import listeners
from bot.action import Step
from bot.practice.block_rules import faults, text_length, view_faults
from bot.practice.people_side import Outcome as Seen
from bot.sitting_forms import LEAVE
from bot.sitting_message import message_for_sitting
from core import applications, deciding, events, funds, panel_list, rounds, scores
from core.audit import verify
from core.office import Office
from core.records import Application, ScoreSheet, Sitting
from tests.bot.conftest import APPROVALS, Desk, application_of, person_of, recommended, submitted
from tests.bot.test_listeners import opened

WHOLE = {"need": 5, "outcomes": 5, "plan": 5, "value": 5}


def listed(office: Office, *numbers: int) -> None:
    for number in numbers:
        with office.sessions.begin() as session:
            who = session.merge(person_of(office, "U0OFFICER2"))
            panel_list.put_on_list(session, number, who, office=office, now=office.clock())


def sat(office: Office, *numbers: int, state: str = "scoring", name: str = "Spring panel", **more: Any) -> int:
    """A sitting about these applications, in this state."""
    listed(office, *numbers)
    day, now = office.today() + timedelta(days=7), office.clock()
    with office.sessions.begin() as session:
        number = rounds.open_sitting(
            session, name=name, day=day, funds=["youth-fund"], actor="test", office=office, now=now, **more
        ).id
        if state != "open":
            rounds.begin(session, number, actor="test", office=office, now=now)
        if state == "closed":
            rounds.close(session, number, actor="test", now=now)
    return number


def scored(office: Office, sitting: int, user: str = "U0PANEL", points: Mapping[str, int] = WHOLE) -> None:
    with office.sessions.begin() as session:
        who = session.merge(person_of(office, user))
        for one in rounds.listings(session, rounds.by_id(session, sitting)):
            scores.score(session, one.id, who, points=points, office=office, now=office.clock())


def post(desk: Desk, sitting: int) -> str:
    """Post a sitting's message; answers with its ts."""
    with desk.office.reading() as session:
        message = message_for_sitting(session, rounds.by_id(session, sitting), office=desk.office)
    assert faults(message.blocks) == []
    posted = desk.client.chat_postMessage(channel=APPROVALS, text=message.text, blocks=message.blocks)
    return str(posted["ts"])


def view(seen: Seen) -> dict[str, Any]:
    assert seen.view is not None, seen
    found: dict[str, Any] = seen.view.body
    assert view_faults(found) == []
    return found


def send_sheet(desk: Desk, form: str, user: str = "U0PANEL", **given: Any) -> Seen:
    """Send the sheet that is on somebody's screen: points by criterion, `all` for each, `comment`, `conflict`."""
    shown = desk.slack.workspace.view(form)
    inputs = [str(block["block_id"]) for block in shown.blocks if block["type"] == "input"]
    values: dict[str, Any] = {}
    for block_id in inputs:
        name = block_id.split("-")[0] if not block_id.startswith("points-") else block_id.split("-")[2]
        if name in given or (block_id.startswith("points-") and "all" in given):
            values[block_id] = given.get(name, given.get("all"))
    return desk.slack.submit_view(user, form, values)


def field_named(seen: Seen, name: str) -> str:
    """What is said beside the input of this kind, which is the only one that anything is said beside."""
    [(block_id, said)] = seen.errors.items()
    assert name in block_id
    return said


def home(desk: Desk, user: str) -> str:
    """What somebody's Home shows, opened now."""
    desk.slack.open_home(user)
    shown = desk.slack.workspace.home(user)
    assert shown is not None
    assert view_faults(shown.body) == []
    return words(shown.body)


def words(part: Any) -> str:
    """Everything that can be read in a view or a message."""
    return json.dumps(part, ensure_ascii=False)


def sheets(office: Office) -> list[tuple[int, dict[str, Any], str]]:
    with office.reading() as session:
        return [(one.listing.application_id, one.points, one.comment) for one in session.query(ScoreSheet).all()]


def sound(office: Office) -> None:
    with office.reading() as session:
        assert events.broken_at(session) is None
        assert [fault.said for fault in verify(session).faults] == []
        assert funds.reconcile(session) == []


# -------------------------------------------------------------------------------------------------------- the whole way


def test_a_sitting_is_opened_from_the_command_scored_and_decided_as_a_set(desk: Desk) -> None:
    office = desk.office
    first, second, third = (submitted(office, title=title) for title in ("One", "Two", "Three"))
    listed(office, first, second, third)
    desk.slack.command("U0OFFICER", APPROVALS, "/award-desk round")
    asked = desk.slack.workspace.ephemerals(APPROVALS, "U0OFFICER")[-1]
    form = opened(desk.press("U0OFFICER", asked.ts, "round_open"))
    assert desk.slack.submit_view("U0OFFICER", form, {"name": "Spring", "funds": ["youth-fund"]}).ok
    with office.reading() as session:
        sitting = rounds.latest(session)[0].id
        assert len(rounds.listings(session, rounds.by_id(session, sitting))) == 3
    desk.press("U0OFFICER", post(desk, sitting), "round_begin")
    ts = post(desk, sitting)
    form = opened(desk.press("U0PANEL", ts, "round_score"))
    for number in (first, second):
        seen = send_sheet(desk, form, all="4", comment=f"About {number}.")
        assert seen.ok, seen
    assert "1 application left for you to score." in words(view(seen))
    seen = send_sheet(desk, form, conflict=["yes"], comment="My sister runs it.")
    assert "you are out of it" in words(view(seen))
    assert [(one[0], one[2]) for one in sheets(office)] == [(first, f"About {first}."), (second, f"About {second}.")]
    for number in (first, second):
        recommended(office, number)
    recommended(office, third, outcome="decline")
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    seen = desk.slack.submit_view("U0COMM", form, {})
    assert "Decided: 3" in words(view(seen)), words(view(seen))
    decided = [application_of(office, number) for number in (first, second, third)]
    assert [one.status for one in decided] == ["approved", "approved", "declined"]
    reasons = [one.decision.reasons for one in decided if one.decision is not None]
    assert reasons[0] == "It meets the need.\n\nScored 80.0 of 100 by 1 member of the panel."
    assert reasons[2] == "It meets the need."
    assert len({one.decision.id for one in decided if one.decision is not None}) == 3
    with office.reading() as session:
        assert funds.position(session, "youth-fund", 2026).committed == 400_000
    sound(office)


def test_a_set_keeps_each_ones_own_choice_and_reasons(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office) for _ in range(3)]
    sitting = sat(office, *numbers)
    scored(office, sitting)
    for number in numbers:
        recommended(office, number, conditions="Tell us in June.")
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    keys = {number: f"{number}-{application_of(office, number).version}" for number in numbers}
    first, second, third = numbers
    given = {f"choice-{keys[first]}": "declined", f"choice-{keys[second]}": LEAVE, f"reasons-{keys[third]}": " "}
    seen = desk.slack.submit_view("U0COMM", form, given)
    assert list(seen.errors) == [f"reasons-{keys[first]}"], "reasons for approving are sent to nobody who is declined"
    given[f"reasons-{keys[first]}"] = "Too thin."
    seen = desk.slack.submit_view("U0COMM", form, given)
    assert list(seen.errors) == [f"reasons-{keys[third]}"]
    given[f"reasons-{keys[third]}"] = "Good."
    assert "Decided: 2" in words(view(desk.slack.submit_view("U0COMM", form, given)))
    decided = [application_of(office, number) for number in numbers]
    assert [one.status for one in decided] == ["declined", "recommended", "approved"]
    assert [one.decision.reasons for one in decided if one.decision is not None] == ["Too thin.", "Good."]
    assert decided[2].decision is not None
    assert decided[2].decision.conditions == "Tell us in June."


def test_what_is_refused_is_left_out_and_the_others_stand(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="3000") for _ in range(5)]
    sitting = sat(office, *numbers)
    scored(office, sitting)
    for number in numbers:
        recommended(office, number, amount=300_000)
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    keys = {number: f"{number}-{application_of(office, number).version}" for number in numbers}
    with office.sessions.begin() as session:
        other = session.merge(person_of(office, "U0COMM2"))
        given: dict[str, Any] = {"amount": 300_000, "reasons": "First.", "conditions": "A return.", "office": office}
        deciding.decide(session, numbers[0], other, outcome="approved", now=office.clock(), **given)
    with office.sessions.begin() as session:
        mine = session.merge(person_of(office, "U0COMM"))
        deciding.declare_interest(session, numbers[1], mine, reason="A friend.", now=office.clock())
    with office.sessions.begin() as session:
        session.get_one(Application, numbers[2]).version += 1
    everything = {f"choice-{key}": "approved" for key in keys.values()}
    seen = desk.slack.submit_view("U0COMM", form, everything)
    said = words(view(seen))
    assert "Decided: 2" in said, said
    assert "Left out: 3" in said
    assert "Already approved by Comm2 Person" in said
    assert "You have declared an interest" in said
    assert "has changed since you opened this form" in said
    assert [application_of(office, one).status for one in numbers] == [
        "approved", "recommended", "recommended", "approved", "approved",
    ]  # fmt: skip
    with office.reading() as session:
        assert funds.position(session, "youth-fund", 2026).available == 100_000
    sound(office)


def test_the_money_goes_to_the_first_of_the_ranking(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="3500") for _ in range(3)]
    sitting = sat(office, *numbers)
    with office.sessions.begin() as session:
        who = session.merge(person_of(office, "U0PANEL"))
        for one in rounds.listings(session, rounds.by_id(session, sitting)):
            points = {**WHOLE, "need": numbers.index(one.application_id)}
            scores.score(session, one.id, who, points=points, office=office, now=office.clock())
    for number in numbers:
        recommended(office, number, amount=350_000)
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    last = numbers[0]
    key = f"{last}-{application_of(office, last).version}"
    seen = desk.slack.submit_view("U0COMM", form, {f"choice-{key}": "approved"})
    assert "Decided: 2" in words(view(seen))
    assert [application_of(office, one).status for one in numbers] == ["recommended", "approved", "approved"]
    assert "F6" in words(view(seen))
    sound(office)


# ---------------------------------------------------------------------------------------------------------------- races


def test_two_decide_the_same_set_at_once(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="1000") for _ in range(6)]
    sitting = sat(office, *numbers)
    scored(office, sitting)
    for number in numbers:
        recommended(office, number, amount=100_000)
    ts = post(desk, sitting)
    forms = {user: opened(desk.press(user, ts, "round_decide")) for user in ("U0COMM", "U0COMM2", "U0COMM3")}
    seen = together(desk, forms)
    assert all(one.ok for one in seen), seen
    decided = [application_of(office, one) for one in numbers]
    assert {one.status for one in decided} == {"approved"}
    with office.reading() as session:
        assert funds.position(session, "youth-fund", 2026).committed == 600_000
    done = sum(words(view(one)).count("approved £1,000") for one in seen)
    refused = sum(words(view(one)).count("Already approved by") for one in seen)
    assert (done, done + refused) == (6, 18)
    sound(office)


def test_two_sets_over_the_same_money(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="3000") for _ in range(6)]
    sittings = [sat(office, *numbers[:3]), sat(office, *numbers[3:], name="Another")]
    forms = {}
    for user, sitting in zip(("U0COMM", "U0COMM2"), sittings, strict=True):
        scored(office, sitting)
        with office.reading() as session:
            mine = [one.application_id for one in rounds.listings(session, rounds.by_id(session, sitting))]
        for number in mine:
            recommended(office, number, amount=300_000)
        forms[user] = opened(desk.press(user, post(desk, sitting), "round_decide"))
    seen = together(desk, forms)
    assert all(one.ok for one in seen), seen
    assert [application_of(office, one).status for one in numbers].count("approved") == 3
    with office.reading() as session:
        position = funds.position(session, "youth-fund", 2026)
    assert (position.committed, position.available) == (900_000, 100_000)
    assert sum(int(found) for one in seen for found in re.findall(r"Left out: (\d)", words(view(one)))) == 3
    sound(office)


def together(desk: Desk, forms: Mapping[str, str]) -> list[Seen]:
    gate = threading.Barrier(len(forms))

    def send(pair: tuple[str, str]) -> Seen:
        gate.wait()
        return desk.slack.submit_view(*pair, {})

    with ThreadPoolExecutor(len(forms)) as threads:
        return list(threads.map(send, forms.items()))


def test_a_crash_between_two_decisions_leaves_the_first_and_the_rest_can_be_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = desk.office
    numbers = [submitted(office, amount="1000") for _ in range(4)]
    sitting = sat(office, *numbers)
    scored(office, sitting)
    for number in numbers:
        recommended(office, number, amount=100_000)
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    real, begun = listeners.Listeners._step, []

    def dies(self: Any, step: Step, who: Any) -> str:
        begun.append(step)
        if len(begun) == 3:
            raise RuntimeError("the process is gone")
        return real(self, step, who)

    monkeypatch.setattr(listeners.Listeners, "_step", dies)
    seen = desk.slack.submit_view("U0COMM", form, {})
    assert not seen.ok
    assert [application_of(office, one).status for one in numbers] == ["approved"] * 2 + ["recommended"] * 2
    sound(office)
    monkeypatch.undo()
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    assert "Decided: 2" in words(view(desk.slack.submit_view("U0COMM", form, {})))
    with office.reading() as session:
        assert funds.position(session, "youth-fund", 2026).committed == 400_000
    sound(office)


def test_what_there_is_no_time_for_is_said_and_not_begun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    office = desk.office
    number = submitted(office)
    sitting = sat(office, number)
    recommended(office, number)
    form = opened(desk.press("U0COMM", post(desk, sitting), "round_decide"))
    monkeypatch.setattr(listeners, "STEPS_SECONDS", -1.0)
    seen = desk.slack.submit_view("U0COMM", form, {})
    assert "There was no time left for this one" in words(view(seen))
    assert application_of(office, number).status == "recommended"


# -------------------------------------------------------------------------------------------------------------- scoring


def test_a_sheet_can_be_left_changed_and_is_refused_once_closed(desk: Desk) -> None:
    office = desk.office
    first, second = submitted(office), submitted(office)
    sitting = sat(office, first, second)
    ts = post(desk, sitting)
    form = opened(desk.press("U0PANEL", ts, "round_score"))
    assert "left for now" in words(view(desk.slack.submit_view("U0PANEL", form, {})))
    seen = send_sheet(desk, form, need="3")
    assert "counted once every criterion has points" in words(view(seen))
    assert [one[:2] for one in sheets(office)] == [(second, {"need": 3})]
    assert "a comment alone" in field_named(send_sheet(desk, form, comment="Only words."), "comment")
    form = opened(desk.press("U0PANEL", ts, "round_scores"))
    with office.reading() as session:
        number = next(
            one.id for one in rounds.listings(session, rounds.by_id(session, sitting)) if one.application_id == second
        )
    assert "Unfinished" in words(view(desk.slack.press("U0PANEL", APPROVALS, ts, "round_scores")))
    form = opened(desk.press("U0PANEL", ts, "round_scores"))
    sheet = view(desk.slack.submit_view("U0PANEL", form, {"listing": str(number)}))
    assert sheet["callback_id"] == "round_sheet"
    with office.sessions.begin() as session:
        rounds.close(session, sitting, actor="test", now=office.clock())
    assert "it is closed" in field_named(send_sheet(desk, form, all="4"), "points")
    assert [one[:2] for one in sheets(office)] == [(second, {"need": 3})]


def test_an_interest_needs_its_reason(desk: Desk) -> None:
    number = submitted(desk.office)
    form = opened(desk.press("U0PANEL", post(desk, sat(desk.office, number)), "round_score"))
    assert "Give your reasons" in field_named(send_sheet(desk, form, all="4", conflict=["yes"]), "comment")
    assert sheets(desk.office) == []


def test_a_form_from_before_the_criteria_changed_keeps_what_is_still_asked(desk: Desk) -> None:
    number = submitted(desk.office)
    sitting = sat(desk.office, number)
    form = opened(desk.press("U0PANEL", post(desk, sitting), "round_score"))
    seen = send_sheet(desk, form, need="0", plan="5")
    assert seen.ok
    assert [one[1] for one in sheets(desk.office)] == [{"need": 0, "plan": 5}]


def test_who_still_scores_sees_no_ranking_and_home_says_what_is_left(desk: Desk) -> None:
    office = desk.office
    number = submitted(office)
    sitting = sat(office, number)
    ts = post(desk, sitting)
    assert desk.press("U0PANEL", ts, "round_ranking").view is None
    assert "Score first what is left for you (1)" in desk.told("U0PANEL")[-1]
    assert "1 application to score for the sitting on" in home(desk, "U0PANEL")
    scored(office, sitting)
    shown = words(view(desk.press("U0PANEL", ts, "round_ranking")))
    assert "100.0 of 100 by 1 member" in shown
    assert "to score for the sitting" not in home(desk, "U0PANEL")


def test_ties_and_the_line_are_said_in_the_ranking(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="3500") for _ in range(4)]
    sitting = sat(office, *numbers)
    scored(office, sitting)
    shown = words(view(desk.press("U0OFFICER", post(desk, sitting), "round_ranking")))
    for said in (
        "The money reaches these",
        "The money does not reach these",
        "(equal)",
        "Equal scores are in the order",
    ):
        assert said in shown
    assert shown.index(application_of(office, numbers[1]).reference or "") < shown.index("does not reach")
    assert shown.index(application_of(office, numbers[2]).reference or "") > shown.index("does not reach")


# ----------------------------------------------------------------------------------------------- limits, hostile words

HOSTILE = "<!channel> <@U0COMM> <https://evil.example|*Approved*> :tada: \u202e `x` שלום 👩‍👩‍👧 "


@pytest.mark.one_database
def test_fifty_of_the_longest_and_most_hostile_keep_to_slacks_limits(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="100") for _ in range(rounds.MOST)]
    sitting = sat(office, *numbers, name=(HOSTILE * 3)[:80])
    with office.sessions.begin() as session:
        panel = session.merge(person_of(office, "U0PANEL"))
        panel.name = (HOSTILE * 3)[:120]
        for one in rounds.listings(session, rounds.by_id(session, sitting)):
            one.application.organisation_name = (HOSTILE * 5)[:200]
            one.application.title = (HOSTILE * 5)[:200]
            one.application.need = (HOSTILE * 60)[:3_000]
    for number in numbers:
        recommended(office, number, amount=10_000, reasons=(HOSTILE * 60)[:3_000], conditions=(HOSTILE * 60)[:3_000])
    with office.reading() as session:
        message = message_for_sitting(session, rounds.by_id(session, sitting), office=office)
    assert text_length(message.blocks) < 13_000
    ts = post(desk, sitting)
    said = words(message.blocks)
    references = [application_of(office, number).reference or "" for number in numbers]
    assert not any(reference in message.text for reference in references)
    assert message.text.startswith("Sitting of the panel on ")
    assert "<!channel>" not in message.text
    assert '"mrkdwn"' not in said
    sheet = view(desk.press("U0PANEL", ts, "round_score"))
    assert '"mrkdwn"' not in words(sheet)
    scored(office, sitting)
    for action in ("round_ranking", "round_close"):
        assert '"mrkdwn"' not in words(view(desk.press("U0OFFICER2", ts, action)))
    view(desk.press("U0PANEL", ts, "round_scores"))
    buttons = [
        one for block in message.blocks for one in block.get("elements", []) if one.get("action_id") == "round_decide"
    ]
    assert [one["text"]["text"] for one in buttons] == ["Decide 1 to 20…", "Decide 21 to 40…", "Decide 41 to 50…"]
    shown = set()
    for page in range(3):
        seen = desk.press("U0COMM", ts, "round_decide", block_id=f"sitting-{sitting}-set-{page}")
        form = view(seen)
        choices = [block["block_id"] for block in form["blocks"] if str(block.get("block_id")).startswith("choice-")]
        assert len(choices) == (20, 20, 10)[page]
        shown |= set(choices)
        assert '"mrkdwn"' not in words(form)
    assert len(shown) == rounds.MOST
    seen = desk.slack.submit_view("U0COMM", opened(seen), {})
    assert "Decided: 10" in words(view(seen))
    with office.reading() as session:
        closed = rounds.by_id(session, sitting)
        assert isinstance(closed, Sitting)
        assert applications.by_id(session, numbers[0]).status == "recommended"


@pytest.mark.one_database
def test_what_a_closed_sitting_shows_keeps_to_the_limits_too(desk: Desk) -> None:
    office = desk.office
    numbers = [submitted(office, amount="100") for _ in range(rounds.MOST)]
    sitting = sat(office, *numbers)
    with office.sessions.begin() as session:
        for one in rounds.listings(session, rounds.by_id(session, sitting)):
            one.application.organisation_name = (HOSTILE * 5)[:200]
    scored(office, sitting)
    with office.sessions.begin() as session:
        rounds.close(session, sitting, actor="test", now=office.clock())
    with office.reading() as session:
        message = message_for_sitting(session, rounds.by_id(session, sitting), office=office)
    assert faults(message.blocks) == []
    assert text_length(message.blocks) < 13_000
