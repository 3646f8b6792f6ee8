"""A sitting has one message: posted once, updated in place, found again when in doubt, posted anew when deleted."""

from __future__ import annotations

from datetime import timedelta

from bot.practice.workspace import Message
from core import panel_list, rounds, scores
from core.outbox import CLAIM
from core.records import Application, OutboxMessage, Sitting
from core.rules.policy import Role
from tests.scheduler.practice_desk import APPROVALS, Crash, Desk


def sat(desk: Desk, *applications: Application) -> int:
    officer = desk.person(Role.OFFICER)
    desk.person(Role.PANEL)
    day = desk.office.today() + timedelta(days=7)
    with desk.office.sessions.begin() as session:
        for one in applications:
            who = session.merge(officer)
            panel_list.put_on_list(session, one.id, who, office=desk.office, now=desk.clock())
    with desk.office.sessions.begin() as session:
        return rounds.open_sitting(
            session, name="Spring", day=day, funds=["youth-fund"], actor="t", office=desk.office, now=desk.clock()
        ).id


def begin(desk: Desk, sitting: int) -> None:
    with desk.office.sessions.begin() as session:
        rounds.begin(session, sitting, actor="t", office=desk.office, now=desk.clock())


def sittings(desk: Desk) -> list[Message]:
    return [one for one in desk.slack.workspace.messages(APPROVALS.channel_id) if one.text.startswith("Sitting of")]


def test_it_is_posted_once_and_updated_in_place(desk: Desk) -> None:
    application = desk.submit()
    sitting = sat(desk, application)
    desk.deliver()
    [first] = sittings(desk)
    begin(desk, sitting)
    desk.recommend(application)
    desk.deliver()
    [second] = sittings(desk)
    assert second.ts == first.ts
    assert "The panel scores" in str(second.blocks)
    assert "recommended" in str(second.blocks)
    desk.decide(application, conditions="A return every six months.")
    desk.deliver()
    [third] = sittings(desk)
    assert "approved £2,000" in str(third.blocks)
    reference = str(application.reference)
    assert reference not in third.text
    assert len([one for one in desk.cards() if reference in one.text]) == 1


def test_of_changes_that_wait_together_only_the_last_is_shown(desk: Desk) -> None:
    application = desk.submit()
    sitting = sat(desk, application)
    desk.deliver()
    begin(desk, sitting)
    with desk.office.sessions.begin() as session:
        [listing] = rounds.listings(session, rounds.by_id(session, sitting))
        [panel] = rounds.scorers(session, rounds.by_id(session, sitting))
        for points in range(4):
            given = {"need": points}
            scores.score(session, listing.id, panel, points=given, office=desk.office, now=desk.clock())
    desk.deliver()
    with desk.office.reading() as session:
        kept = session.query(OutboxMessage).filter_by(kind="sitting").order_by(OutboxMessage.id)
        outcomes = [one.outcome for one in kept]
    assert outcomes[-1] == "sent"
    assert len(outcomes) == 6
    assert len(sittings(desk)) == 1
    assert desk.open_messages() == []


def test_in_doubt_it_is_found_again_and_shows_how_things_stand(desk: Desk) -> None:
    sitting = sat(desk, desk.submit())

    def crash(at: str) -> None:
        if at == "sent":
            raise Crash

    delivery = desk.slack_delivery(crash)
    for _ in range(3):
        try:
            delivery.deliver_all()
        except Crash:
            desk.clock.now += CLAIM + timedelta(seconds=1)
    begin(desk, sitting)
    desk.clock.now += CLAIM + timedelta(seconds=1)
    desk.deliver()
    [message] = sittings(desk)
    assert "The panel scores" in str(message.blocks)


def test_deleted_in_slack_it_is_posted_anew(desk: Desk) -> None:
    sitting = sat(desk, desk.submit())
    desk.deliver()
    [message] = sittings(desk)
    desk.slack.workspace.remove(APPROVALS.channel_id, message.ts)
    begin(desk, sitting)
    desk.deliver()
    [again] = sittings(desk)
    with desk.office.reading() as session:
        assert session.get_one(Sitting, sitting).ts == again.ts != message.ts
