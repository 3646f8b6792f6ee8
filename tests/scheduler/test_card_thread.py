"""The thread of a card: what happened to the application, each thing once, in order, and nothing live."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.practice.block_rules import faults
from bot.practice.faults import Fault
from core import applications, asking, awards, card_notes, contacts, deciding, outbox
from core.audit_lines import entry_of
from core.audit_told import Told
from core.outbox import CLAIM
from core.policy_file import SHIPPED, policy_from_text, policy_text
from core.records import Application, Card, OutboxMessage
from core.rules.policy import Role
from scheduler.delivery import Checkpoint
from tests.scheduler.practice_desk import APPROVALS, START, Crash, Desk

HOSTILE = "<!channel> <@U0COMM> <https://evil.example|your portal> *Approved* " * 20


def words(desk: Desk) -> list[str]:
    return [message.text for message in desk.thread()]


def somebody_says(desk: Desk, thread: str, text: str) -> None:
    """A reply under a card that is no message of ours."""
    desk.slack.workspace.post(APPROVALS.channel_id, {"text": text}, thread, author="U0OFFICER")


def told(desk: Desk) -> str:
    """Everything that was said in the thread."""
    return "\n".join(f"{message.text} {json.dumps(message.body.get('blocks'))}" for message in desk.thread())


def test_the_whole_way_is_told_under_the_card_in_order(desk: Desk) -> None:
    application = desk.submit()
    officer = desk.person(Role.OFFICER)
    desk.deliver()
    assert desk.thread() == [], "the card itself says that it came in"
    with desk.office.sessions.begin() as session:
        about = applications.by_id(session, application.id)
        asked = asking.ask(session, about, session.merge(officer), "Who owns it?", office=desk.office, now=desk.clock())
    with desk.office.sessions.begin() as session:
        asking.answer(session, asked.id, "The parish does.", source="applicant", now=desk.clock())
    desk.recommend(application)
    desk.decide(application, conditions="A return every six months.")
    desk.deliver()
    (card,) = desk.cards()
    assert {message.thread_ts for message in desk.thread()} == {card.ts}
    starts = (
        "A question was put to the applicant by",
        "The applicant answered the question on",
        "Recommended: approve, £2,000 by",
        "Approved: £2,000 of £2,000 asked for by",
    )
    assert len(words(desk)) == len(starts), words(desk)
    for said, start in zip(words(desk), starts, strict=True):
        assert said.startswith(start)
    whole = told(desk)
    for piece in (
        "Who owns it?",
        "The parish does.",
        "A return every six months.",
        "Answer wanted by: 7 December 2026",
    ):
        assert piece in whole
    assert str(application.reference) not in whole, "a search for the reference finds the card alone"
    assert not desk.open_messages()


def test_a_reason_for_an_interest_stays_out_of_slack(desk: Desk) -> None:
    application = desk.submit()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        person = session.merge(officer)
        deciding.declare_interest(session, application.id, person, reason="My sister runs it.", now=desk.clock())
    desk.deliver()
    (said,) = words(desk)
    assert said.startswith("Declared an interest, and takes no part in this by ")
    assert "sister" not in told(desk)


def test_what_the_applicant_typed_is_inert_and_fits(desk: Desk) -> None:
    application = desk.submit()
    officer = desk.person(Role.OFFICER)
    with desk.office.sessions.begin() as session:
        about = applications.by_id(session, application.id)
        asked = asking.ask(session, about, session.merge(officer), "Why?", office=desk.office, now=desk.clock())
    with desk.office.sessions.begin() as session:
        asking.answer(session, asked.id, HOSTILE, source="applicant", now=desk.clock())
    desk.deliver()
    for message in desk.thread():
        assert faults(message.body["blocks"], "message") == []
        assert "mrkdwn" not in json.dumps(message.body["blocks"])
        assert "<" not in message.text
        assert message.body.get("subtype") != "thread_broadcast"
    assert "<!channel>" in desk.thread()[-1].body["blocks"][0]["elements"][-1]["elements"][0]["text"]


@pytest.mark.parametrize("step", ["claimed", "worded", "sent", "settled"])
def test_a_crash_loses_no_note_and_tells_none_twice(
    desk: Desk, crash_at: Callable[[str], Checkpoint], step: str
) -> None:
    application = desk.submit()
    desk.deliver()
    desk.recommend(application)
    enough = iter((False, True))
    desk.slack_delivery().deliver_all(until=lambda: next(enough))  # the card; its note is next
    with pytest.raises(Crash):
        desk.slack_delivery(crash_at(step)).deliver_all()
    desk.clock.forward(seconds=CLAIM.total_seconds() + 1)
    desk.slack_delivery().deliver_all()
    desk.decide(application)
    desk.slack_delivery().deliver_all()
    assert [said.split(":")[0] for said in words(desk)] == ["Recommended", "Approved"]


@pytest.mark.parametrize("fault", [Fault.lose_answer(), Fault.post_then_hang(30)], ids=["answer lost", "hang"])
@pytest.mark.parametrize("replies_before", [0, 2])
def test_a_note_in_doubt_is_looked_for_before_it_is_told_again(desk: Desk, fault: Fault, replies_before: int) -> None:
    application = desk.submit()
    desk.deliver()
    (card,) = desk.cards()
    for number in range(replies_before):
        somebody_says(desk, card.ts, f"I say {number}")
    desk.recommend(application)
    desk.expects_a_hang()
    desk.slack.faults.add("chat.postMessage", fault)
    desk.slack_delivery().deliver_all()
    desk.clock.forward(seconds=3)
    desk.slack_delivery().deliver_all()
    assert len([said for said in words(desk) if said.startswith("Recommended")]) == 1
    assert not [one for one in desk.open_messages() if one.channel == "slack"]


def test_a_note_that_was_not_posted_is_posted_though_others_have_replied(desk: Desk) -> None:
    application = desk.submit()
    desk.deliver()
    (card,) = desk.cards()
    desk.recommend(application)
    desk.slack.faults.add("chat.postMessage", Fault.status(500))
    desk.slack_delivery().deliver_all()
    somebody_says(desk, card.ts, "What about the hall?")
    desk.clock.forward(seconds=3)
    desk.slack_delivery().deliver_all()
    assert len([said for said in words(desk) if said.startswith("Recommended")]) == 1
    assert [said for said in words(desk) if said == "What about the hall?"]


def test_a_card_that_is_gone_leaves_its_notes_to_the_record(desk: Desk) -> None:
    application = desk.submit()
    desk.deliver()
    desk.recommend(application)
    enough = iter((False, True))
    desk.slack_delivery().deliver_all(until=lambda: next(enough))
    desk.slack.workspace.remove(APPROVALS.channel_id, desk.cards()[0].ts)
    desk.slack_delivery().deliver_all()
    with desk.office.reading() as session:
        note = session.query(OutboxMessage).filter_by(kind=card_notes.KIND).one()
    assert (note.outcome, note.attempts) == ("withheld", 1)

    with desk.office.sessions.begin() as session:
        session.delete(session.get(Card, application.id))
    desk.slack_delivery().deliver_all()
    assert not [one for one in desk.open_messages() if one.channel == "slack"]


def test_a_record_with_a_past_of_its_own_tells_nobody(desk: Desk) -> None:
    application = desk.submit()
    with desk.office.sessions.begin() as session:
        outbox.withhold(session, now=desk.clock())
        about = applications.by_id(session, application.id)
        applications.withdraw(session, about, office=desk.office, now=desk.clock())
    with desk.office.reading() as session:
        assert not session.query(OutboxMessage).filter_by(kind=card_notes.KIND).count()


def test_what_becomes_of_an_offer_is_told(desk: Desk) -> None:
    award = desk.offered()
    with desk.office.sessions.begin() as session:
        awards.refuse(session, session.merge(award), name="Kim Archer", why="We are closing.", now=desk.clock())
    desk.deliver()
    assert words(desk)[-1].startswith("Kim Archer refused the offer on ")
    assert "We are closing." in told(desk)


@pytest.mark.parametrize("kind", sorted(card_notes.TOLD - {"decommissioned"}))
def test_every_kind_that_is_told_has_words_of_its_own(kind: str) -> None:
    application = Application(amount=1, outcomes=[])
    line = {"sequence": 1, "at": START, "kind": kind, "actor": "the desk", "data": {}}
    policy = policy_from_text(policy_text(SHIPPED), "shipped")
    said = entry_of(Told(line, application, contacts.of(application), None, policy, asked=1)).what
    assert said != kind.replace("_", " ").capitalize()
