"""The web application: its parts, its limits, and what it says when something goes wrong."""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import structlog
from flask import Flask, Request, Response, current_app, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_wtf.csrf import CSRFError, CSRFProtect
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import IntegerConverter, Map
from werkzeug.security import safe_join

from core import errors
from core.office import Office
from intake import (
    access,
    api,
    apply,
    assets,
    bank_details,
    check,
    dates,
    documents,
    feeds,
    headers,
    health,
    links,
    meetings,
    notify_callback,
    offers,
    opportunities,
    pages,
    policy_page,
    questions_page,
    recipient_asks,
    register,
    return_answers,
    returns,
    second_contact,
    status,
)
from intake.access import ApiKey, KeyRing, Mount
from intake.problems import Problem
from intake.staff import applications as staff_applications
from intake.staff import awards as staff_awards
from intake.staff import bids as staff_bids
from intake.staff import contacts as staff_contacts
from intake.staff import deadlines as staff_deadlines
from intake.staff import documents as staff_documents
from intake.staff import entering as staff_entering
from intake.staff import feeds as staff_feeds
from intake.staff import forums as staff_forums
from intake.staff import front as staff_front
from intake.staff import meetings as staff_meetings
from intake.staff import office_dates as staff_office_dates
from intake.staff import opportunities as staff_opportunities
from intake.staff import returns as staff_returns
from intake.staff import rounds as staff_rounds
from intake.staff import session as staff_session
from intake.staff import sign_in as staff_sign_in
from intake.staff.sign_in import SlackSignIn

LARGEST_BODY = 1_000_000
"""Bytes of a request's body: a form of words and figures, with room to spare."""

REQUESTS_A_MINUTE = 1_200
"""Per API key, or per address without one. A thousand must pass in any burst; a window that turns needs some room."""

SESSION_COOKIE = "award_desk"


class RowNumber(IntegerConverter):
    """A row number in an address. One that no table can hold leads nowhere; neither database compares with it."""

    def __init__(self, map: Map) -> None:  # noqa: A002 - werkzeug's own name
        super().__init__(map, max=2**63 - 1)


class FormRequest(Request):
    """A request whose form has at most this many fields and bytes of them."""

    max_form_memory_size = LARGEST_BODY
    max_form_parts = 500

    @property
    def max_content_length(self) -> int | None:
        """The most bytes of this request's body: a document is larger than a form of words."""
        if self.endpoint == documents.RECEIVES:
            return documents.largest_body() + LARGEST_BODY
        return super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        self._max_content_length = value


class Site(Flask):
    """A Flask that sends a static file packed, where there is a packed one beside it and the browser takes it."""

    def send_static_file(self, filename: str) -> Response:
        """The file, or what is the same to a browser. Only files that never hold anything of a person are packed."""
        packed = safe_join(str(self.static_folder), f"{filename}{assets.PACKED}")
        if packed is None or not Path(packed).is_file():
            return super().send_static_file(filename)
        if not request.accept_encodings["gzip"]:
            answer = super().send_static_file(filename)
        else:
            kind = mimetypes.guess_type(filename)[0]
            answer = send_file(packed, mimetype=kind, max_age=self.get_send_file_max_age(filename), conditional=True)
            answer.content_encoding = "gzip"
        answer.vary.add("Accept-Encoding")
        return answer


def create_app(
    office: Office,
    *,
    secret_key: str,
    api_keys: Mapping[str, ApiKey] | None = None,
    mounts: Sequence[Mount] = (),
    ready: Mapping[str, Callable[[], bool]] | None = None,
    requests_a_minute: int | None = REQUESTS_A_MINUTE,
    notify_callback_token: str = "",
    slack_sign_in: SlackSignIn | None = None,
) -> Flask:
    """The application for one office.

    `api_keys` are the JSON API's keys by their secret; `mounts` the blueprints of other rooms; `ready` further checks
    of `/health/ready`, by name, beside the record; `requests_a_minute` None lifts the rate limit;
    `notify_callback_token` is what GOV.UK Notify sends with its delivery receipts, which are not taken without one;
    `slack_sign_in` is how staff sign in outside practice.
    Raises ValueError where a route has no row in the access table.
    """
    app = Site("intake", static_folder="static", template_folder="templates")
    app.request_class = FormRequest
    app.url_map.converters["int"] = RowNumber
    secure = office.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME=SESSION_COOKIE,
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=86_400,
        WTF_CSRF_TIME_LIMIT=None,  # a form that was left open over lunch must still be taken
        WTF_CSRF_SSL_STRICT=False,  # it wants a referrer, which our private pages do not send
    )
    app.extensions["office"] = office
    app.extensions[notify_callback.EXTENSION] = notify_callback_token
    mounted = tuple(mounts)
    keys = KeyRing(api_keys or {})
    _loader(app)
    pages.install(app)
    headers.install(app)
    health.install(app, ready or {})
    _limits(app, keys, mounted, requests_a_minute)
    staff_sign_in.install(app, slack_sign_in)
    csrf = CSRFProtect()
    csrf.exempt(api.blueprint)
    csrf.exempt(notify_callback.blueprint)
    for blueprint in (
        check.blueprint,
        apply.blueprint,
        documents.blueprint,
        status.blueprint,
        questions_page.blueprint,
        opportunities.blueprint,
        links.blueprint,
        offers.blueprint,
        bank_details.blueprint,
        second_contact.blueprint,
        returns.blueprint,
        recipient_asks.blueprint,
        meetings.blueprint,
        feeds.blueprint,
        return_answers.blueprint,
        dates.blueprint,
        staff_sign_in.blueprint,
        staff_front.blueprint,
        staff_deadlines.blueprint,
        staff_applications.blueprint,
        staff_returns.blueprint,
        staff_rounds.blueprint,
        staff_awards.blueprint,
        staff_meetings.blueprint,
        staff_feeds.blueprint,
        staff_entering.blueprint,
        staff_contacts.blueprint,
        staff_documents.blueprint,
        staff_office_dates.blueprint,
        staff_forums.blueprint,
        staff_bids.blueprint,
        staff_opportunities.blueprint,
        register.blueprint,
        policy_page.blueprint,
        api.blueprint,
        notify_callback.blueprint,
        health.blueprint,
    ):
        app.register_blueprint(blueprint)
    for mount in mounted:
        if not mount.csrf:
            csrf.exempt(mount.blueprint)
        app.register_blueprint(mount.blueprint)
    access.install(app, keys, mounted)
    csrf.init_app(app)  # after the access table: a form is not shown again to somebody who may not see it
    _errors(app)
    app.register_error_handler(staff_session.SignInFirst, staff_session.sign_in_first)
    return app


def _loader(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True  # what is only our indentation stays here
    own = app.jinja_loader
    macros = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    app.jinja_loader = ChoiceLoader([*([own] if own else []), macros])


def _limits(app: Flask, keys: KeyRing, mounts: tuple[Mount, ...], requests_a_minute: int | None) -> None:
    def who() -> str:
        key = keys.sent()
        return f"key {key.name}" if key else f"address {request.remote_addr}"

    limiter = Limiter(
        who,
        app=app,
        application_limits=[f"{requests_a_minute} per minute"] if requests_a_minute else [],
        enabled=requests_a_minute is not None,
        storage_uri="memory://",
        headers_enabled=False,
    )
    limiter.exempt(health.blueprint)
    for mount in mounts:
        if not mount.limited:
            limiter.exempt(mount.blueprint)


def _errors(app: Flask) -> None:
    """Every error, translated once: a problem document under /api/, a page elsewhere."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> ResponseReturnValue:
        return error.response()

    @app.errorhandler(errors.Refused)
    def refused(error: errors.Refused) -> ResponseReturnValue:
        return _refused(error)

    @app.errorhandler(CSRFError)
    def session_lost(_error: CSRFError) -> ResponseReturnValue:
        again = _AGAIN.get(request.endpoint or "")
        if again is not None:
            return _shown(again, 400)
        return _say(400, "We could not tell that this came from our own page. Go back, reload the page and try again.")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        return _http(error)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> ResponseReturnValue:
        reference = secrets.token_hex(4)
        structlog.get_logger().error(
            "request_failed", reference=reference, endpoint=request.endpoint, method=request.method, exc_info=error
        )
        return _say(500, f"Something went wrong on our side. If it happens again, tell us this: {reference}.")


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    if isinstance(error, RequestEntityTooLarge) and request.endpoint == documents.RECEIVES:
        return _shown(documents.too_large, 413)
    if error.code == 404 and (place := _without_slash()):
        return redirect(place, code=308)
    said = _WORDS.get(error.code, error.description or "")
    answer = _say(error.code, said)
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    if error.code == 429:
        answer.headers.setdefault("Retry-After", "60")
    return answer


def _without_slash() -> str:
    """The page that an address with a slash at its end means, as people type it; "" where there is none."""
    asks = request.method in ("GET", "HEAD") and request.routing_exception is not None
    adapter = current_app.create_url_adapter(request)
    if not asks or adapter is None or not request.path.endswith("/"):
        return ""
    path = "/" + request.path.strip("/")
    if not adapter.test(path, method="GET"):
        return ""
    query = request.query_string.decode("ascii", "ignore")
    return quote(request.root_path.rstrip("/") + path) + (f"?{query}" if query else "")


_AGAIN: Mapping[str, Callable[..., Response]] = {
    "apply.save_page": apply.page_again,
    "apply.submit": apply.submit_again,
    "documents.receive": documents.receive_again,
    "documents.remove": documents.remove_again,
    "status.answer": status.answer_again,
    "status.withdraw": status.withdraw_again,
    "links.mail_draft": links.come_back_again,
    "links.send": links.ask_again,
    "links.send_start": links.before_again,
    "links.begin": links.start_again,
    "offers.answer": offers.answer_again,
    "bank_details.give": bank_details.give_again,
    "second_contact.change": second_contact.change_again,
    "returns.receive": returns.receive_again,
    "return_answers.answer": return_answers.answer_again,
    "recipient_asks.ask_more_time": recipient_asks.more_time_again,
    "meetings.answer": meetings.again,
    "feeds.change_of_offer": feeds.of_offer_again,
    "feeds.change_of_application": feeds.of_application_again,
    "recipient_asks.raise_issue": recipient_asks.issue_again,
    "staff_applications.act": staff_applications.again,
    "staff_returns.act": staff_returns.again,
    "staff_awards.act": staff_awards.again,
    "staff_deadlines.act": staff_deadlines.again,
    "staff_meetings.act": staff_meetings.again,
    "staff_feeds.act": staff_feeds.again,
    "staff_entering.begin": staff_entering.again,
    "staff_contacts.change": staff_contacts.again,
    "staff_office_dates.record": staff_office_dates.record_again,
    "staff_forums.plan": staff_forums.plan_again,
    "staff_forums.act": staff_forums.again,
    "staff_bids.add": staff_bids.add_again,
    "staff_bids.act": staff_bids.again,
    "staff_opportunities.draft": staff_opportunities.draft_again,
    "staff_opportunities.act": staff_opportunities.again,
}
"""Forms that are shown again, with everything that was typed, when their form token is not valid any more."""

_WORDS: Mapping[int, str] = {
    400: "We could not read what was sent.",
    404: "There is no page at this address. If you typed it, check that it is right; if you copied it, copy all of it.",
    405: "This address cannot be used in that way.",
    413: "What was sent is too large.",
    415: "Send application/json.",
    429: "That is more requests in a minute than we take. Wait a minute and try again.",
}

_TITLES: Mapping[int, str] = {
    401: "Sign in first",
    403: "You may not see this",
    404: "Page not found",
    405: "This does not work here",
    409: "This has changed",
    410: "This link has run out",
    413: "That is too large",
    422: "This cannot be done",
    429: "Too many requests",
    500: "Sorry, something went wrong",
    503: "The desk is not ready",
}


def _refused(error: errors.Refused) -> Response:
    return _say(_status(error), error.reason, rule=error.rule)


def _shown(again: Callable[..., Response], status: int) -> ResponseReturnValue:
    """A form shown again. Flask asks no other handler about what a handler raises, so a refusal is told here."""
    try:
        answer = again(**(request.view_args or {}))
        answer.status_code = max(answer.status_code, status)  # a form may say more: that it was sent meanwhile
        return answer
    except errors.Refused as error:
        return _refused(error)


def _status(error: errors.Refused) -> int:
    if isinstance(error, errors.NotFound):
        return 404
    if isinstance(error, errors.Gone):
        return 410
    return 409 if isinstance(error, errors.Conflict) else 422


def _say(status: int, detail: str, rule: str = "") -> Response:
    if request.path.startswith("/api/"):
        return Problem(status, detail, extra={"rule": rule} if rule else None).response()
    title = _TITLES.get(status, "This did not work")
    shown = render_template(
        "intake/error.html",
        title=title,
        detail=detail,
        new_link=status == 410,
        typed=_typed() if status in _LOSES_WHAT_WAS_TYPED else [],
    )
    return Response(shown, status=status)


_LOSES_WHAT_WAS_TYPED = (404, 409, 410)
"""Answers to a form whose link was revoked, or whose subject has moved on, while it was open."""


def _typed() -> list[dict[str, str]]:
    """What was typed into a form of a private page, to be copied from there: nothing of it is saved."""
    if request.method != "POST" or not request.path.startswith(headers.PRIVATE_PATHS):
        return []
    return [
        {"name": name.replace("_", " ").replace("-", " ").capitalize(), "text": text}
        for name, text in request.form.items(multi=True)
        if text.strip() and name not in _NOT_TYPED
    ]


_NOT_TYPED = ("csrf_token", "return", "with", "seen", "kind", "question")
"""Fields of a form that nobody typed."""
