"""A policy that is applied while people work: the very next press goes by it, and a submission by one policy alone."""

from __future__ import annotations

from sqlalchemy import select

from core.records import Decision
from tests.bot.conftest import Desk, application_of, recommended, submitted
from tests.core.applying import DELEGATED, LOWER, TEXT, applied


def test_the_next_press_goes_by_the_policy_that_was_applied(desk: Desk) -> None:
    application_id = submitted(desk.office)
    recommended(desk.office, application_id)
    ts = desk.post_card(application_id)
    assert desk.press("U0DIRECTOR", ts, "approve").view is None
    assert "No delegation" in desk.told("U0DIRECTOR")[-1]
    applied(desk.office, DELEGATED)
    assert desk.press("U0DIRECTOR", ts, "approve").view is not None


def test_a_form_that_was_open_is_decided_under_the_policy_in_force_when_it_is_sent(desk: Desk) -> None:
    """What the new policy refuses is refused, and what is decided names the policy that it was decided under."""
    application_id = submitted(desk.office)
    recommended(desk.office, application_id)
    ts = desk.post_card(application_id)
    form = desk.press("U0COMM", ts, "approve").view
    applied(desk.office, LOWER)
    assert form is not None
    refused = desk.slack.submit_view("U0COMM", form.view_id)
    assert "limit of £1,500" in refused.errors["amount"]
    assert application_of(desk.office, application_id).decision is None
    applied(desk.office, TEXT)
    desk.slack.submit_view("U0COMM", form.view_id)
    with desk.office.reading() as session:
        assert session.scalars(select(Decision)).one().policy_version.toml == TEXT
