"""GOV.UK Notify's delivery receipts: what became of a mail that Notify had taken."""

from __future__ import annotations

import hmac

import structlog
from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from core import mail_refusals, outbox
from intake import bodies, pages
from intake.problems import Problem

blueprint = Blueprint("notify_callback", __name__)

EXTENSION = "notify_callback"
"""Where the application keeps the bearer token that the office gave Notify; "" where it gave none."""

FAILURES = frozenset({"permanent-failure", "temporary-failure", "technical-failure"})
"""Notify's last words on a mail that did not arrive."""

DELIVERED = "delivered"
"""Notify's last word on a mail that arrived."""

NOTIFY = "GOV.UK Notify"


@blueprint.post("/notify/callback")
def receive() -> ResponseReturnValue:
    """Take a delivery receipt. The same one again changes nothing; one that is not about our mail is only logged."""
    _check_token(str(current_app.extensions[EXTENSION]))
    told = bodies.read_json(request)
    reference, status = told.get("reference"), told.get("status")
    if not isinstance(status, str):
        raise Problem(422, "A delivery receipt has a status.")
    if status in FAILURES or status == DELIVERED:
        to = told.get("to")
        _note(reference if isinstance(reference, str) else "", status, to if isinstance(to, str) else "")
    return Response(status=200)


def _note(reference: str, status: str, to: str) -> None:
    office = pages.office()
    with office.sessions.begin() as session:
        message = outbox.by_reference(session, reference)
        if message is None or message.channel != "mail":
            structlog.get_logger().warning("notify_callback_unknown", reference=reference[:60], status=status)
            return
        if status == DELIVERED:
            mail_refusals.arrived(session, to, now=office.clock())
        else:
            mail_refusals.note(session, message, by=NOTIFY, code=status, now=office.clock(), to=to)


def _check_token(token: str) -> None:
    """Raises Problem: 404 where the office has set no token, 401 for another one than it set."""
    if not token:
        raise Problem(404, "Delivery receipts are not taken here: no token for them is set.")
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(sent.strip().encode(), token.encode()):
        raise Problem(401, "Send the bearer token that the office gave to Notify.")
