"""Notify's delivery receipts: who may send them, and that a mail nobody got reaches the officer once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import events
from core.office import Office
from core.outbox import reference_of
from core.records import Application, OutboxMessage
from intake.app import create_app

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def notify(office: Office) -> FlaskClient:
    return create_app(office, secret_key="a secret of the tests", notify_callback_token=TOKEN).test_client()


@pytest.fixture
def receipt(office: Office, submitted: str) -> dict[str, Any]:
    """A delivery receipt, as Notify sends it, for the mail that acknowledges the application."""
    with office.reading() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "receipt")).one()
        return {
            "id": "740e5834-3a29-46b4-9a6f-16142fde533a",
            "reference": reference_of(message),
            "to": "kim@boxing.example",
            "status": "permanent-failure",
            "created_at": "2026-11-23T12:15:30.000000Z",
            "completed_at": "2026-11-23T12:16:30.000000Z",
            "sent_at": None,
            "notification_type": "email",
            "template_id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            "template_version": 1,
        }


def told(office: Office) -> list[OutboxMessage]:
    with office.reading() as session:
        return list(session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "mail_refused")))


def refusals(office: Office) -> list[Any]:
    with office.reading() as session:
        reference = session.scalars(select(Application.reference)).one()
        return [line for line in events.history(session, reference or "") if line.kind == "mail_refused"]


@pytest.mark.parametrize("status", ["permanent-failure", "temporary-failure", "technical-failure"])
def test_a_mail_that_did_not_arrive_is_told_once(
    notify: FlaskClient, office: Office, receipt: dict[str, Any], status: str
) -> None:
    for _ in range(3):  # Notify repeats what it thinks was not taken
        assert notify.post("/notify/callback", json={**receipt, "status": status}, headers=BEARER).status_code == 200
    (message,) = told(office)
    assert message.channel == "slack"
    (line,) = refusals(office)
    assert (line.actor, line.data["mail"], line.data["code"]) == ("GOV.UK Notify", "receipt", status)
    assert "kim@" not in f"{line.data}{message.payload}"


def test_two_at_once_tell_it_once(office: Office, notify: FlaskClient, receipt: dict[str, Any]) -> None:
    statuses: list[int] = []

    def post() -> None:
        client = notify.application.test_client()
        statuses.append(client.post("/notify/callback", json=receipt, headers=BEARER).status_code)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert len(told(office)) == len(refusals(office)) == 1


def test_what_arrived_is_not_told(notify: FlaskClient, office: Office, receipt: dict[str, Any]) -> None:
    assert notify.post("/notify/callback", json={**receipt, "status": "delivered"}, headers=BEARER).status_code == 200
    assert told(office) == []


@pytest.mark.parametrize("reference", [None, "", "7", "1-00000000000000000000000000000000", "x" * 5000, 12, ["a"]])
def test_a_reference_of_somebody_elses_changes_nothing(
    notify: FlaskClient, office: Office, receipt: dict[str, Any], reference: object
) -> None:
    answer = notify.post("/notify/callback", json={**receipt, "reference": reference}, headers=BEARER)
    assert answer.status_code == 200
    assert told(office) == []


def test_a_card_is_no_mail(notify: FlaskClient, office: Office, receipt: dict[str, Any]) -> None:
    with office.reading() as session:
        card = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "card")).first()
        assert card is not None
        reference = reference_of(card)
    notify.post("/notify/callback", json={**receipt, "reference": reference}, headers=BEARER)
    assert told(office) == []


@pytest.mark.one_database
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer £"},
    ],
)
def test_only_notify_may_say_so(
    notify: FlaskClient, office: Office, receipt: dict[str, Any], headers: dict[str, str]
) -> None:
    answer = notify.post("/notify/callback", json=receipt, headers=headers)
    assert answer.status_code == 401
    assert TOKEN not in answer.get_data(as_text=True)
    assert told(office) == []


def test_without_a_token_there_is_no_such_address(office: Office, receipt: dict[str, Any]) -> None:
    client = create_app(office, secret_key="a secret of the tests").test_client()
    for headers in ({}, {"Authorization": "Bearer "}, BEARER):
        assert client.post("/notify/callback", json=receipt, headers=headers).status_code == 404
    assert told(office) == []


@pytest.mark.parametrize(
    ("sent", "status"), [(b"{", 400), (b"[]", 422), (b"{}", 422), (b'{"status": 7}', 422), (b"\xff", 400)]
)
def test_what_is_no_receipt_is_refused(notify: FlaskClient, sent: bytes, status: int) -> None:
    answer = notify.post("/notify/callback", data=sent, headers={**BEARER, "Content-Type": "application/json"})
    assert answer.status_code == status
