"""Who may reach what: one row for every route, checked before its view runs. A route without a row stops the start."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask import Blueprint, Flask, abort, g, request

from intake.problems import Problem
from intake.staff import session as staff_session


class Access(StrEnum):
    """What a request needs before a view runs."""

    PUBLIC = "public"
    """Nothing."""
    LINK = "link"
    """A signed link: its view follows the token."""
    KEY = "key"
    """An API key."""
    STAFF = "staff"
    """A member of the office's staff who has signed in (`intake.staff.session`)."""
    SIGNED = "signed"
    """A signature over the request: the room that mounts the route checks it."""
    CALLBACK = "callback"
    """The bearer token of a service that calls back: its view compares it."""
    PRACTICE = "practice"
    """Practice is on; such a route is not there otherwise."""


@dataclass(frozen=True)
class ApiKey:
    """A program that calls the JSON API. Without `staff` it sees only what it submitted."""

    name: str
    staff: bool = False

    @property
    def submits_as(self) -> str:
        """How the record names what came in by this key."""
        return f"api:{self.name}"


@dataclass(frozen=True)
class Mount:
    """A blueprint of another room. `csrf`: its POSTs carry the form token; `limited`: the rate limit counts it."""

    blueprint: Blueprint
    access: Access
    csrf: bool = True
    limited: bool = True


ACCESS: Mapping[str, Access] = {
    "static": Access.PUBLIC,
    "check.front": Access.PUBLIC,
    "check.check": Access.PUBLIC,
    "apply.fund_page": Access.PUBLIC,
    "apply.begin": Access.PUBLIC,
    "questions.page": Access.PUBLIC,
    "opportunities.page": Access.PUBLIC,
    "apply.status": Access.LINK,
    "apply.page": Access.LINK,
    "apply.save_page": Access.LINK,
    "apply.check_answers": Access.LINK,
    "apply.submit": Access.LINK,
    "documents.listing": Access.LINK,
    "documents.receive": Access.LINK,
    "documents.remove": Access.LINK,
    "documents.download": Access.LINK,
    "status.answer": Access.LINK,
    "status.withdraw_form": Access.LINK,
    "status.withdraw": Access.LINK,
    "status.copy": Access.LINK,
    "links.come_back": Access.LINK,
    "links.mail_draft": Access.LINK,
    "links.ask": Access.PUBLIC,
    "links.send": Access.PUBLIC,
    "links.sent": Access.PUBLIC,
    "links.before": Access.PUBLIC,
    "links.send_start": Access.PUBLIC,
    "links.start_sent": Access.PUBLIC,
    "links.start": Access.LINK,
    "links.begin": Access.LINK,
    "offers.offer": Access.LINK,
    "offers.answer": Access.LINK,
    "dates.of_offer": Access.LINK,
    "dates.of_return": Access.LINK,
    "bank_details.form": Access.LINK,
    "bank_details.give": Access.LINK,
    "second_contact.form": Access.LINK,
    "second_contact.change": Access.LINK,
    "returns.form": Access.LINK,
    "returns.receive": Access.LINK,
    "returns.copy": Access.LINK,
    "return_answers.answer": Access.LINK,
    "meetings.page": Access.LINK,
    "meetings.answer": Access.LINK,
    "meetings.as_file": Access.LINK,
    "feeds.feed": Access.LINK,
    "feeds.of_offer": Access.LINK,
    "feeds.change_of_offer": Access.LINK,
    "feeds.of_application": Access.LINK,
    "feeds.change_of_application": Access.LINK,
    "recipient_asks.more_time_form": Access.LINK,
    "recipient_asks.ask_more_time": Access.LINK,
    "recipient_asks.issue_form": Access.LINK,
    "recipient_asks.raise_issue": Access.LINK,
    "staff_sign_in.page": Access.PUBLIC,
    "staff_sign_in.become": Access.PUBLIC,
    "staff_sign_in.to_slack": Access.PUBLIC,
    "staff_sign_in.from_slack": Access.PUBLIC,
    "staff_sign_in.out": Access.PUBLIC,
    "staff_front.page": Access.STAFF,
    "staff_deadlines.listing": Access.STAFF,
    "staff_deadlines.page": Access.STAFF,
    "staff_deadlines.act": Access.STAFF,
    "staff_applications.page": Access.STAFF,
    "staff_applications.act": Access.STAFF,
    "staff_rounds.as_csv": Access.STAFF,
    "staff_returns.page": Access.STAFF,
    "staff_returns.act": Access.STAFF,
    "staff_awards.page": Access.STAFF,
    "staff_awards.act": Access.STAFF,
    "staff_feeds.page": Access.STAFF,
    "staff_feeds.act": Access.STAFF,
    "staff_meetings.page": Access.STAFF,
    "staff_meetings.act": Access.STAFF,
    "staff_contacts.page": Access.STAFF,
    "staff_contacts.change": Access.STAFF,
    "staff_entering.page": Access.STAFF,
    "staff_entering.begin": Access.STAFF,
    "staff_office_dates.page": Access.STAFF,
    "staff_office_dates.record_form": Access.STAFF,
    "staff_office_dates.record": Access.STAFF,
    "staff_forums.listing": Access.STAFF,
    "staff_forums.plan": Access.STAFF,
    "staff_forums.page": Access.STAFF,
    "staff_forums.act": Access.STAFF,
    "staff_bids.listing": Access.STAFF,
    "staff_bids.add": Access.STAFF,
    "staff_bids.page": Access.STAFF,
    "staff_bids.act": Access.STAFF,
    "staff_opportunities.listing": Access.STAFF,
    "staff_opportunities.draft": Access.STAFF,
    "staff_opportunities.page": Access.STAFF,
    "staff_opportunities.act": Access.STAFF,
    "staff_documents.from_slack": Access.STAFF,
    "staff_documents.open_one": Access.STAFF,
    "staff_documents.opened": Access.STAFF,
    "register.listing": Access.PUBLIC,
    "register.award": Access.PUBLIC,
    "register.as_json": Access.PUBLIC,
    "register.as_csv": Access.PUBLIC,
    "register.as_xlsx": Access.PUBLIC,
    "policy.page": Access.PUBLIC,
    "policy.as_json": Access.PUBLIC,
    "api.openapi": Access.PUBLIC,
    "api.requirements": Access.PUBLIC,
    "api.fund_list": Access.PUBLIC,
    "api.award_list": Access.PUBLIC,
    "api.award": Access.PUBLIC,
    "api.submit_application": Access.KEY,
    "api.application": Access.KEY,
    "api.submit_return": Access.KEY,
    "api.deadline_list": Access.KEY,
    "notify_callback.receive": Access.CALLBACK,
    "health.live": Access.PUBLIC,
    "health.ready": Access.PUBLIC,
    "health.metrics": Access.PUBLIC,
}


class KeyRing:
    """The API keys, by their hash: looking one up takes as long for a wrong key as for a right one."""

    def __init__(self, keys: Mapping[str, ApiKey]) -> None:
        self._keys = {self._digest(secret): key for secret, key in keys.items()}

    @staticmethod
    def _digest(secret: str) -> bytes:
        return hashlib.sha256(secret.encode()).digest()

    def sent(self) -> ApiKey | None:
        """The key that this request carries, or None: no key, or not one of ours."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return self._keys.get(self._digest(secret.strip()))


def install(app: Flask, keys: KeyRing, mounts: tuple[Mount, ...]) -> None:
    """Check every request against the table. Raises ValueError where a route of `app` has no row in it."""
    table = access_table(app, mounts)

    @app.before_request
    def check() -> None:
        if "\0" in request.path:  # no name in the record has one, and PostgreSQL takes no text with it
            abort(404)
        if request.endpoint is not None and table[request.endpoint] is Access.KEY:
            key = keys.sent()
            if key is None:
                raise Problem(401, "Send an API key: Authorization: Bearer KEY")
            g.api_key = key
        if request.endpoint is not None and table[request.endpoint] is Access.STAFF:
            staff_session.check()


def access_table(app: Flask, mounts: tuple[Mount, ...]) -> dict[str, Access]:
    """The row of every route of `app`. Raises ValueError for a route without one."""
    mounted = {mount.blueprint.name: mount.access for mount in mounts}
    table: dict[str, Access] = {}
    missing: list[str] = []
    for rule in app.url_map.iter_rules():
        access = ACCESS.get(rule.endpoint) or mounted.get(rule.endpoint.split(".")[0])
        if access is None:
            missing.append(rule.endpoint)
        else:
            table[rule.endpoint] = access
    if missing:
        raise ValueError(f"no row in the access table for: {', '.join(sorted(missing))}")
    return table
