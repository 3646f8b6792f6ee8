"""Signing in to the staff pages: with Slack, or as a practice person; who may see what; and how it ends."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from joserfc.jwk import RSAKey

from core import people
from core.audit import verify
from core.office import Office
from core.rules.policy import Body, Role
from intake.app import create_app
from intake.staff.sign_in import SlackSignIn
from tests.intake.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider, provider

pytestmark = pytest.mark.one_database
TEAM = "T0OFFICE"
BACK = "/desk/sign-in/slack/back"


def text_of(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def add(office: Office, name: str, role: Role, user: str = "", body: Body = Body.OFFICE) -> int:
    with office.sessions.begin() as session:
        email = f"{name.split(maxsplit=1)[0].lower()}@office.example"
        slack = (TEAM, user) if user else None
        added = people.add(
            session, name=name, email=email, role=role, body=body, slack=slack, actor="test", now=office.clock()
        )
        return added.id


@pytest.fixture
def practice(app: Flask) -> Flask:
    """The office of these tests is a practice office."""
    return app


@pytest.fixture
def production(office: Office, compiled_templates: FileSystemBytecodeCache) -> Flask:
    return made(replace(office, practice=False), compiled_templates)


def made(office: Office, templates: FileSystemBytecodeCache, how: SlackSignIn | None = None) -> Flask:
    app = create_app(office, secret_key="a secret of the tests", slack_sign_in=how)
    app.jinja_env.bytecode_cache = templates
    return app


@pytest.fixture(scope="module")
def listening() -> Iterator[Provider]:
    with provider() as made:
        made.now = time.time
        yield made


@pytest.fixture
def slack(listening: Provider) -> Provider:
    listening.team, listening.user, listening.changes, listening.status = TEAM, "U0OLIVE", {}, 200
    listening.signs_with = listening.key
    listening.asked.clear()
    return listening


@pytest.fixture
def with_slack(office: Office, slack: Provider, compiled_templates: FileSystemBytecodeCache) -> Flask:
    how = SlackSignIn(CLIENT_ID, CLIENT_SECRET, f"{slack.url}/api/")
    return made(replace(office, practice=False), compiled_templates, how)


def token_of(html: str) -> str:
    return html.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def sign_in(client: FlaskClient, number: int, to: str = "") -> Any:
    page = text_of(client.get("/desk/sign-in"))
    return client.post("/desk/sign-in", data={"csrf_token": token_of(page), "person": str(number), "to": to})


def through_slack(client: FlaskClient, slack: Provider, to: str | None = None) -> Any:
    """Press the button, agree at Slack, come back."""
    away = client.get("/desk/sign-in/slack", query_string={} if to is None else {"to": to})
    assert away.status_code == 302, text_of(away)
    asked = urlsplit(away.headers["Location"])
    assert f"{asked.scheme}://{asked.netloc}{asked.path}" == f"{slack.url}/openid/connect/authorize"
    back = urlsplit(slack.authorise(dict(parse_qsl(asked.query))))
    assert back.path == BACK
    return client.get(f"{back.path}?{back.query}")


def test_nobody_sees_a_staff_page_without_signing_in(app: Flask) -> None:
    answer = app.test_client().get("/desk?kind=issue")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk/sign-in?to=/desk?kind%3Dissue"
    assert answer.headers["Cache-Control"] == "no-store"


def test_in_practice_one_becomes_somebody_of_the_staff_list_and_signs_out(practice: Flask, office: Office) -> None:
    client = practice.test_client()
    number = add(office, "Gwen Grants", Role.OFFICER)
    page = text_of(client.get("/desk/sign-in"))
    assert "Olive Officer" in page
    assert "Gwen Grants" in page
    answer = sign_in(client, number, to="/desk?kind=issue")
    assert answer.headers["Location"] == "/desk?kind=issue"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    front = client.get("/desk")
    assert "Gwen Grants (officer)" in text_of(front)
    assert client.get("/desk/sign-in").headers["Location"] == "/desk"
    out = client.post("/desk/sign-out", data={"csrf_token": token_of(text_of(front))})
    assert out.headers["Location"] == "/desk/sign-in"
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize("chosen", ["", "999", "x", "1 or 1"])
def test_nobody_is_become_who_is_not_on_the_list(practice: Flask, chosen: str) -> None:
    client = practice.test_client()
    page = text_of(client.get("/desk/sign-in"))
    answer = client.post("/desk/sign-in", data={"csrf_token": token_of(page), "person": chosen})
    assert answer.status_code == 422
    assert "Choose who you want to be" in text_of(answer)
    assert client.get("/desk").status_code == 303


ELSEWHERE = [
    "https://evil.example/desk", "//evil.example/desk", "/\\evil.example", "/awards", "/desktop", "/desk\\..",
    "javascript:alert(1)//desk", "http:/desk", "https:desk", "//user@evil.example/desk", " //evil.example/desk",
    "\t//evil.example/desk", "/\t/evil.example/desk", "\x00/desk", "/desk/\r\nSet-Cookie: a=b", "//[/desk", "desk",
    "/desk/" + "a" * 1_000, "/desk/\u202e", "",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(ELSEWHERE)))
def test_through_slack_too_it_leads_nowhere_else(
    with_slack: Flask, office: Office, slack: Provider, number: int
) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    assert through_slack(with_slack.test_client(), slack, ELSEWHERE[number]).headers["Location"] == "/desk"


def test_a_link_from_a_card_lands_where_it_pointed_through_slack(
    with_slack: Flask, office: Office, slack: Provider
) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    client, wanted = with_slack.test_client(), "/desk?kind=issue"
    page = text_of(client.get(client.get(wanted).headers["Location"]))
    button = page.split('href="/desk/sign-in/slack', maxsplit=1)[1].split('"', maxsplit=1)[0]
    to = dict(parse_qsl(urlsplit(button).query))["to"]
    slack.user = "U0STRANGER"
    refused = through_slack(client, slack, to)
    assert refused.status_code == 403
    assert 'href="/desk/sign-in?to=/desk?kind%3Dissue"' in text_of(refused)  # whoever begins again gets there too
    slack.user = "U0OLIVE"
    assert through_slack(client, slack, to).headers["Location"] == wanted
    assert client.get(wanted).status_code == 200
    other = with_slack.test_client()
    through_slack(other, slack, wanted)
    assert through_slack(other, slack).headers["Location"] == "/desk"  # where one went before is forgotten


@pytest.mark.parametrize("number", range(len(ELSEWHERE)))
def test_signing_in_leads_nowhere_else(practice: Flask, office: Office, number: int) -> None:
    answer = sign_in(practice.test_client(), add(office, "Gwen Grants", Role.OFFICER), to=ELSEWHERE[number])
    assert answer.headers["Location"] == "/desk"


def test_outside_practice_nobody_is_become_by_pressing(production: Flask, office: Office) -> None:
    client = production.test_client()
    page = text_of(client.get("/desk/sign-in"))
    assert "Olive" not in page
    assert "AWARD_DESK_SLACK_CLIENT_ID" in page
    assert "http://desk.example/desk/sign-in/slack/back" in page
    production.config["WTF_CSRF_ENABLED"] = False
    number = add(office, "Gwen Grants", Role.OFFICER)
    assert client.post("/desk/sign-in", data={"person": str(number)}).status_code == 404
    assert client.get("/desk/sign-in/slack").status_code == 404
    assert client.get(BACK).status_code == 404


def test_who_slack_says_it_is_signs_in(with_slack: Flask, office: Office, slack: Provider) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    client = with_slack.test_client()
    assert "Sign in with Slack" in text_of(client.get("/desk/sign-in"))
    answer = through_slack(client, slack)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/desk"
    assert "Olive Officer (officer)" in text_of(client.get("/desk"))


@pytest.mark.parametrize(("team", "user"), [("T0OTHER", "U0OLIVE"), ("T0OFFICE", "U0STRANGER"), ("", ""), ("<b>", "x")])
def test_whoever_is_not_on_the_staff_list_is_told_whom_to_ask(
    with_slack: Flask, office: Office, slack: Provider, team: str, user: str
) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    slack.team, slack.user = team, user
    client = with_slack.test_client()
    answer = through_slack(client, slack)
    assert answer.status_code == 403
    assert "is not on the office's staff list" in text_of(answer)
    assert "Ask whoever looks after the list" in text_of(answer)
    assert "<b>/" not in answer.get_data(as_text=True)
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody.else"},
        {"iss": "https://elsewhere.example"},
        {"exp": 1},
        {"https://slack.com/user_id": None},
        {"https://slack.com/team_id": ["T0OFFICE"]},
    ],
)
def test_a_token_that_is_not_for_this_sign_in_signs_nobody_in(
    with_slack: Flask, office: Office, slack: Provider, changes: dict[str, Any]
) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    slack.changes = changes
    client = with_slack.test_client()
    answer = through_slack(client, slack)
    assert answer.status_code in (400, 403)
    assert client.get("/desk").status_code == 303


def test_a_token_that_somebody_else_signed_is_none(with_slack: Flask, office: Office, slack: Provider) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    slack.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    client = with_slack.test_client()
    assert through_slack(client, slack).status_code == 400
    assert client.get("/desk").status_code == 303


@pytest.mark.parametrize("query", ["", "?code=1", "?state=x&code=1", "?error=access_denied&state=x"])
def test_a_bad_state_is_refused_in_words(with_slack: Flask, slack: Provider, query: str) -> None:
    client = with_slack.test_client()
    client.get("/desk/sign-in/slack")
    answer = client.get(f"{BACK}{query}")
    assert answer.status_code == 400
    assert "Begin again." in text_of(answer)
    assert "/api/openid.connect.token" not in slack.asked


def test_a_sign_in_that_another_browser_began_is_not_ours(with_slack: Flask, office: Office, slack: Provider) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    began, other = with_slack.test_client(), with_slack.test_client()
    away = urlsplit(began.get("/desk/sign-in/slack").headers["Location"])
    back = urlsplit(slack.authorise(dict(parse_qsl(away.query))))
    assert other.get(f"{back.path}?{back.query}").status_code == 400
    assert other.get("/desk").status_code == 303
    assert began.get(f"{back.path}?{back.query}").status_code == 303
    assert began.get(f"{back.path}?{back.query}").status_code == 400  # once


def test_slack_being_away_is_told_and_stops_nothing(
    office: Office, compiled_templates: FileSystemBytecodeCache
) -> None:
    how = SlackSignIn(CLIENT_ID, CLIENT_SECRET, "http://127.0.0.1:9/api/")
    client = made(office, compiled_templates, how).test_client()
    assert client.get("/desk/sign-in").status_code == 200
    answer = client.get("/desk/sign-in/slack")
    assert answer.status_code == 503
    assert "Slack cannot be reached" in text_of(answer)


def test_slack_refusing_the_code_is_told(with_slack: Flask, office: Office, slack: Provider) -> None:
    add(office, "Olive Officer", Role.OFFICER, "U0OLIVE")
    slack.status = 500
    assert through_slack(with_slack.test_client(), slack).status_code in (400, 503)


def test_a_session_ends_after_a_working_day(practice: Flask, office: Office, clock: Any) -> None:
    client = practice.test_client()
    sign_in(client, add(office, "Gwen Grants", Role.OFFICER))
    clock.forward(hours=7, minutes=59, seconds=59)
    assert client.get("/desk").status_code == 200
    clock.forward(seconds=1)
    assert client.get("/desk").status_code == 303


def test_signing_out_ends_the_session_for_whoever_holds_a_copy_of_it(practice: Flask, office: Office) -> None:
    number, otto = add(office, "Gwen Grants", Role.OFFICER), add(office, "Otto Other", Role.OFFICER)
    client, elsewhere, another = practice.test_client(), practice.test_client(), practice.test_client()
    for one, who in ((client, number), (elsewhere, number), (another, otto)):
        sign_in(one, who)
    kept = client.get_cookie("award_desk")
    assert kept is not None
    out = {"csrf_token": token_of(text_of(client.get("/desk")))}
    assert client.post("/desk/sign-out", data=out).status_code == 303
    copy = practice.test_client()
    copy.set_cookie("award_desk", kept.value)
    assert copy.get("/desk").status_code == 303
    assert elsewhere.get("/desk").status_code == 303
    assert another.get("/desk").status_code == 200
    sign_in(client, number)  # in the same second
    assert client.get("/desk").status_code == 200
    assert copy.post("/desk/sign-out", data={"csrf_token": token_of(text_of(copy.get("/desk/sign-in")))}).status_code
    assert client.get("/desk").status_code == 200  # a session that has ended ends no other
    with office.reading() as session:
        assert verify(session).sound


def test_whoever_comes_back_to_the_list_signs_in_again(practice: Flask, office: Office) -> None:
    client = practice.test_client()
    sign_in(client, add(office, "Gwen Grants", Role.OFFICER))
    with office.sessions.begin() as session:
        people.remove(session, email="gwen@office.example", actor="test", now=office.clock())
    add(office, "Gwen Grants", Role.OFFICER)
    assert client.get("/desk").status_code == 303


def test_how_long_a_session_lasts_is_the_office_s_choice(
    office: Office, compiled_templates: FileSystemBytecodeCache, clock: Any
) -> None:
    hour = replace(office.policy.signed_in_hours, value=1)
    short = replace(office, policy=replace(office.policy, signed_in_hours=hour))
    client = made(short, compiled_templates).test_client()
    sign_in(client, add(office, "Gwen Grants", Role.OFFICER))
    clock.forward(hours=1, seconds=-1)
    assert client.get("/desk").status_code == 200
    clock.forward(seconds=1)
    assert client.get("/desk").status_code == 303


def test_whoever_is_removed_sees_nothing_from_that_moment(practice: Flask, office: Office) -> None:
    client = practice.test_client()
    sign_in(client, add(office, "Gwen Grants", Role.OFFICER))
    assert client.get("/desk").status_code == 200
    with office.sessions.begin() as session:
        people.remove(session, email="gwen@office.example", actor="test", now=office.clock())
    assert client.get("/desk").status_code == 303


def test_the_practice_list_offers_only_whom_these_pages_are_for(practice: Flask, office: Office) -> None:
    gwen = add(office, "Gwen Grants", Role.OFFICER)
    frankie = add(office, "Frankie Force", Role.OFFICER, body=Body.CONSTABULARY)
    answer = practice.test_client().get("/desk/sign-in")
    offered = re.findall(r'type="radio" value="([0-9]+)"', answer.get_data(as_text=True))
    assert (str(gwen) in offered, str(frankie) in offered) == (True, False)
    assert "Constabulary staff see none of these pages, so Frankie Force cannot be chosen." in text_of(answer)


def test_constabulary_staff_see_none_of_it(practice: Flask, office: Office) -> None:
    client = practice.test_client()
    assert sign_in(client, add(office, "Frankie Force", Role.OFFICER, body=Body.CONSTABULARY)).status_code == 303
    answer = client.get("/desk")
    assert answer.status_code == 403
    assert "constabulary staff neither recommend nor decide" in text_of(answer)


def test_a_forged_session_is_none(practice: Flask, office: Office) -> None:
    add(office, "Gwen Grants", Role.OFFICER)
    for said in ({"person": 1}, {"person": "x", "since": 1}, "text", {"person": 1, "since": 10**30}, {"since": 0}):
        client = practice.test_client()
        with client.session_transaction() as session:
            session["staff"] = said
        assert client.get("/desk").status_code == 303
    client = practice.test_client()
    client.set_cookie("award_desk", "eyJzdGFmZiI6eyJwZXJzb24iOjEsInNpbmNlIjoxNzk1NDM1MjAwfX0.aaa.bbb")
    assert client.get("/desk").status_code == 303


def test_the_practice_sign_in_needs_its_own_page(practice: Flask, office: Office) -> None:
    client = practice.test_client()
    number = add(office, "Gwen Grants", Role.OFFICER)
    assert client.post("/desk/sign-in", data={"person": str(number)}).status_code == 400
    assert client.get("/desk").status_code == 303
