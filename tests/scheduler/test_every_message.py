"""Every kind of message that can be put into the outbox is carried, and worded, by somebody."""

from __future__ import annotations

from typing import get_args

import pytest

from core import outbox
from core.errors import NotFound
from core.outbox import Channel
from core.records import OutboxMessage
from scheduler.home_courier import HomeCourier
from scheduler.mail_courier import MailCourier
from scheduler.slack_courier import SlackCourier
from scheduler.webhook_courier import WebhookCourier
from scheduler.wording import NothingLeft
from tests.scheduler.practice_desk import APPROVALS, DEADLINES, Desk


def test_every_channel_has_its_courier() -> None:
    couriers = (SlackCourier, HomeCourier, MailCourier, WebhookCourier)
    assert sorted(one.channel for one in couriers) == sorted(get_args(Channel))
    assert set(outbox.MESSAGES.values()) == set(get_args(Channel))


@pytest.mark.one_database
@pytest.mark.parametrize("kind", sorted(kind for kind, channel in outbox.MESSAGES.items() if channel == "slack"))
def test_every_kind_that_goes_to_slack_is_worded(desk: Desk, kind: str) -> None:
    courier = SlackCourier(desk.office, desk.client, approvals=APPROVALS.channel_id, deadlines=DEADLINES.channel_id)
    message = OutboxMessage(id=1, kind=kind, channel="slack", subject="nothing", key=f"{kind}:1", payload={})
    with pytest.raises((NotFound, NothingLeft, KeyError)) as refused:  # what it is about is not there, and is missed
        courier.word(message)
    assert "Nobody words" not in str(refused.value)
