"""A policy that is applied while the scheduler runs: what it sends from then on goes by it, without a restart."""

from __future__ import annotations

import json
from datetime import timedelta

from scheduler.delivery import Delivery
from scheduler.mail_courier import MailCourier
from scheduler.timetable import preview_sweep, run_sweep
from tests.core.applying import LOWER, TEXT, applied
from tests.scheduler.practice_desk import Desk


def test_the_card_is_updated_where_it_stands(desk: Desk) -> None:
    desk.submit()
    desk.deliver()
    (before,) = desk.cards()
    assert "limit of £1,500" not in json.dumps(before.blocks, ensure_ascii=False)
    applied(desk.office, LOWER)
    desk.deliver()
    (after,) = desk.cards()
    assert after.ts == before.ts
    assert "limit of £1,500" in json.dumps(after.blocks, ensure_ascii=False)
    assert desk.deliver()[0].sent == 0


def test_the_card_of_a_policy_to_come_is_updated_on_its_day(desk: Desk) -> None:
    desk.submit()
    day = desk.office.today() + timedelta(days=7)
    applied(desk.office, LOWER, day)
    desk.deliver()
    for passed, shown in ((6, False), (1, True)):
        desk.clock.forward(days=passed)
        run_sweep(desk.office)
        desk.deliver()
        (card,) = desk.cards()
        assert ("limit of £1,500" in json.dumps(card.blocks, ensure_ascii=False)) is shown


def test_a_letter_is_worded_and_comes_from_the_office_of_the_policy_in_force(desk: Desk) -> None:
    desk.submit()
    applied(desk.office, TEXT.replace("grants@practice.example", "awards@office.example"))
    Delivery(desk.office, MailCourier(desk.office, desk.mailbox, from_policy=True)).deliver_all()
    (mail,) = desk.mailbox.mails()
    assert mail.sender == "awards@office.example"
    assert "write to awards@office.example" in mail.text


def test_an_address_of_the_policy_that_is_none_leaves_the_senders_own(desk: Desk) -> None:
    desk.submit()
    applied(desk.office, TEXT.replace("grants@practice.example", "ask at the desk"))
    Delivery(desk.office, MailCourier(desk.office, desk.mailbox, from_policy=True)).deliver_all()
    (mail,) = desk.mailbox.mails()
    assert mail.sender == "Grants team <grants@desk.example.org>"


def test_a_sweep_as_of_a_day_goes_by_the_policy_of_that_day(desk: Desk) -> None:
    """A week before an offer runs out its officer is told, unless the policy of that day says otherwise."""
    desk.offered()
    day = desk.office.today() + timedelta(days=21)
    steps = 'money goes back to the fund." },\n    { days = -7, to = ["officer"] },'
    assert TEXT.count(steps) == 1
    assert {step.to for step in preview_sweep(desk.office, today=day)} == {"recipient", "officer"}
    quieter = TEXT.replace(steps, 'money goes back to the fund." },')
    applied(desk.office, quieter, day)
    assert {step.to for step in preview_sweep(desk.office, today=day)} == {"recipient"}
    assert {step.to for step in run_sweep(desk.office, today=day)} == {"recipient"}
