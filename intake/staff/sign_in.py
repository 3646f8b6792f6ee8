"""Signing in: with Slack (OpenID Connect), or in practice as one of the practice people; and signing out.

Slack says who somebody is, the staff list says whether they are one of us: by team and user, never by name or address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, Response, abort, current_app, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from requests import RequestException

from core import people
from core.records import Person
from core.rules.policy import Body
from core.rules.words import listed
from intake import pages
from intake.staff import session as staff_session

blueprint = Blueprint("staff_sign_in", __name__)
log = structlog.get_logger(__name__)

EXTENSION: Final = "slack_sign_in"
SECONDS: Final = 5
"""How long Slack may take for one answer while somebody waits to be signed in."""

FRONT: Final = "/desk"
LONGEST_ADDRESS: Final = 1_000
"""Characters of an address to go on to: it is carried in the cookie while somebody is at Slack."""

_GO_ON: Final = "sign_in_to"
"""Where this browser's own session keeps the address to go on to meanwhile: what comes back from Slack names none."""

USER: Final = "https://slack.com/user_id"
TEAM: Final = "https://slack.com/team_id"
"""The claims of Slack's identity token that name an account."""


@dataclass(frozen=True)
class SlackSignIn:
    """How staff sign in with Slack. `api_url` is Slack's own or another's: what describes the sign-in is beside it."""

    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = "https://slack.com/api/"

    @property
    def metadata(self) -> str:
        """Where the provider describes itself."""
        return urljoin(self.api_url, "/.well-known/openid-configuration")


def install(app: Flask, how: SlackSignIn | None) -> None:
    """Let staff of `app` sign in with Slack; without `how` the page says what is to be set. Nothing is asked yet."""
    app.extensions[EXTENSION] = None
    if how is not None:
        app.extensions[EXTENSION] = OAuth(app).register(
            "slack",
            client_id=how.client_id,
            client_secret=how.client_secret,
            server_metadata_url=how.metadata,
            client_kwargs={"scope": "openid profile", "default_timeout": SECONDS},
        )


def _slack() -> Any:
    return current_app.extensions[EXTENSION]


def _inside(address: str) -> str:
    """An address of the staff pages, to go on to after signing in; their front for any other, or a too long one."""
    plain = address.isascii() and address.isprintable() and "\\" not in address and len(address) <= LONGEST_ADDRESS
    try:
        parts = urlsplit(address)
    except ValueError:
        return FRONT
    inside = plain and not parts.scheme and not parts.netloc
    return address if inside and (parts.path == FRONT or address.startswith(f"{FRONT}/")) else FRONT


@blueprint.get("/desk/sign-in")
def page() -> ResponseReturnValue:
    """How to sign in. Whoever is signed in goes on."""
    to = _inside(request.args.get("to", ""))
    office = pages.office()
    with office.reading() as session:
        if staff_session.signed_in(session) is not None:
            return redirect(to, code=303)
        found = people.everybody(session) if office.practice else []
        return _page(found, to)


def _page(found: list[Person], to: str, fault: str = "") -> Response:
    of_office = [one for one in found if Body(one.body) is Body.OFFICE]
    return pages.page(
        "staff/sign_in.html",
        422 if fault else 200,
        title="Sign in to the desk",
        people=[{"value": str(one.id), "text": one.name, "hint": {"text": _role(one)}} for one in of_office],
        others=listed(one.name for one in found if one not in of_office),
        slack=_slack() is not None,
        to=to,
        errors=[{"text": fault, "href": "#person"}] if fault else [],
    )


def _role(person: Person) -> str:
    return person.role.replace("_", " ").capitalize()


@blueprint.post("/desk/sign-in")
def become() -> ResponseReturnValue:
    """In practice: become one of the people of the staff list."""
    office = pages.office()
    if not office.practice:
        abort(404)
    to = _inside(request.form.get("to", ""))
    with office.reading() as session:
        found = people.everybody(session)
        person = next((one for one in found if str(one.id) == request.form.get("person")), None)
        if person is None:
            return _page(found, to, fault="Choose who you want to be")
        staff_session.begin(person, now=office.clock())
    return redirect(to, code=303)


@blueprint.get("/desk/sign-in/slack")
def to_slack() -> ResponseReturnValue:
    """On to Slack, which sends the browser back to us. The record is not touched."""
    slack = _slack()
    if slack is None:
        abort(404)
    for name in [name for name in cookie if name.startswith("_state_slack_")]:
        del cookie[name]  # one sign-in at a time: what was begun and left would fill the cookie
    cookie[_GO_ON] = _inside(request.args.get("to", ""))
    back = f"{pages.office().public_url}{url_for('staff_sign_in.from_slack')}"
    try:
        answer: ResponseReturnValue = slack.authorize_redirect(back)
    except (RequestException, RuntimeError, KeyError) as error:
        return _away(error)
    return answer


@blueprint.get("/desk/sign-in/slack/back")
def from_slack() -> ResponseReturnValue:
    """Back from Slack. Who it says this is must be on the staff list, by team and user."""
    slack, office = _slack(), pages.office()
    if slack is None:
        abort(404)
    try:
        token = slack.authorize_access_token()
        said = token.get("userinfo") or {}
        team, user = str(said[TEAM]), str(said[USER])
    except MismatchingStateError:
        return _not_signed_in(
            400,
            "This did not come from a sign-in that was begun in this browser, or it was begun too long ago. Nobody was "
            "signed in. Begin again.",
        )
    except RequestException as error:
        return _away(error)
    except (AuthlibBaseError, JoseError, RuntimeError, ValueError, KeyError, TypeError) as error:
        log.warning("sign_in_refused", why=type(error).__name__, error=str(getattr(error, "error", ""))[:80])
        return _not_signed_in(400, "Slack did not say who you are, so nobody was signed in. Begin again.")
    with office.reading() as session:
        person = people.by_slack(session, team, user)
        if person is None:
            log.info("sign_in_unknown", team=team[:32], user=user[:32])
            return _not_signed_in(
                403,
                f"The Slack account {team[:32]}/{user[:32]} is not on the office's staff list. Ask whoever looks after "
                "the list at the office to add you with it: 'award-desk people add … --slack TEAM/USER'.",
            )
        refusal = people.why_not_read(person)
        if refusal:
            return _not_signed_in(403, refusal)
        to = _inside(str(cookie.get(_GO_ON, "")))
        staff_session.begin(person, now=office.clock())
    return redirect(to, code=303)


def _away(error: Exception) -> Response:
    log.warning("sign_in_unreachable", why=type(error).__name__)
    return _not_signed_in(503, "Slack cannot be reached at the moment, so nobody can be signed in. Try again soon.")


def _not_signed_in(status: int, said: str) -> Response:
    to = _inside(str(cookie.get(_GO_ON, "")))
    again = url_for("staff_sign_in.page", to=to if to != FRONT else None)
    return pages.page("staff/not_signed_in.html", status, title="You are not signed in", said=said, again=again)


@blueprint.post("/desk/sign-out")
def out() -> ResponseReturnValue:
    """Sign out."""
    with pages.office().sessions.begin() as session:
        staff_session.end(session)
    return redirect(url_for("staff_sign_in.page"), code=303)
