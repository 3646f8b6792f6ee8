"""What programs and Slack send to the desk, as bytes: for tests that send it themselves, at a moment of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from bot.action import Carried
from bot.practice.request_url import signature
from bot.practice.workspace import TEAM_ID

FORM = "application/x-www-form-urlencoded"


def application_body(
    title: str = "Friday night gym", start: date = date(2027, 1, 11), end: date = date(2027, 10, 10)
) -> dict[str, Any]:
    """An application to the Youth Fund that fails no rule, as `POST /api/v1/applications` takes it."""
    return {
        "fund": "youth-fund",
        "amount": "2000.00",
        "purchases": "0.00",
        "purpose": "young_people",
        "start": start.isoformat(),
        "end": end.isoformat(),
        "organisation": {"name": "Ramsey Boxing Club", "type": "constituted_group", "postcode": "PE26 1AA"},
        "contact": {"name": "Kim Archer", "email": "kim@boxing.example"},
        "project": {
            "title": title,
            "need": "Young people have nowhere to go on Friday evenings.",
            "existing_provision": "There is no other club within eight miles.",
            "plan_objective": "reduce-crime-and-disorder",
            "csp_area": "Huntingdonshire",
            "age_from": 10,
            "age_to": 17,
            "send": False,
        },
        "outcomes": [{"outcome": "Fewer calls", "measure": "Calls on Fridays", "target": "A fifth fewer"}],
        "declaration": True,
    }


def api_headers(key: str, idempotency_key: str) -> dict[str, str]:
    """The headers of a submission by API."""
    return {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": idempotency_key,
        "Content-Type": "application/json",
    }


def slack_headers(secret: str, body: bytes, at: float) -> dict[str, str]:
    """The headers of what Slack sends, signed at that second."""
    stamp = str(int(at))
    return {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(secret, stamp, body),
    }


def press(user: str, channel: str, application_id: int, action: str, trigger: str) -> bytes:
    """A press of a card's button."""
    return _payload(
        {
            "type": "block_actions",
            "team": {"id": TEAM_ID, "domain": "practice"},
            "user": {"id": user, "team_id": TEAM_ID},
            "trigger_id": trigger,
            "container": {"type": "message", "message_ts": "1.000001", "channel_id": channel},
            "channel": {"id": channel, "name": "approvals"},
            "actions": [
                {
                    "type": "button",
                    "action_id": action,
                    "block_id": "actions",
                    "value": json.dumps({"application": application_id}),
                    "action_ts": "1.000002",
                }
            ],
        }
    )


def submission(
    user: str, channel: str, callback: str, application_id: int, version: int, values: Mapping[str, str]
) -> bytes:
    """A modal that was filled in and sent; `recommendation` among the values is a choice, the others are typed."""
    state = {
        name: {
            "value": (
                {"type": "radio_buttons", "selected_option": {"value": value}}
                if name == "recommendation"
                else {"type": "plain_text_input", "value": value}
            )
        }
        for name, value in values.items()
    }
    return _payload(
        {
            "type": "view_submission",
            "team": {"id": TEAM_ID, "domain": "practice"},
            "user": {"id": user, "team_id": TEAM_ID},
            "trigger_id": "1.2.3",
            "view": {
                "id": "V1",
                "type": "modal",
                "callback_id": callback,
                "private_metadata": Carried("application", application_id, version, channel).packed(),
                "blocks": [{"type": "input", "block_id": name} for name in values],
                "state": {"values": state},
            },
        }
    )


def _payload(payload: Mapping[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()
