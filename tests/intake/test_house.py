"""What holds on every response: headers, access, limits, errors, health."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import structlog
from flask import Blueprint, Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import timetable_jobs
from core.database import open_database, reading_sessions, writing_sessions
from core.office import Office
from core.timetable_jobs import Tally
from intake.access import ACCESS, Access, Mount, access_table
from intake.app import create_app
from tests.conftest import NOW

PATHS = [
    "/",
    "/check",
    "/apply/youth-fund",
    "/awards",
    "/awards.csv",
    "/awards.xlsx",
    "/awards.json",
    "/static/desk.css",
    "/health/live",
    "/metrics",
    "/api/v1/funds",
    "/api/v1/requirements",
    "/api/v1/deadlines",
    "/nowhere",
    "/a/nonsense",
]


def mounted(access: Access = Access.SIGNED, **more: Any) -> Mount:
    """Another room's blueprint: one route that answers, and one that fails."""
    blueprint = Blueprint("other", __name__)

    @blueprint.route("/other", methods=["GET", "POST"])
    def answer() -> str:
        return "ok"

    @blueprint.get("/other/fails")
    def fails() -> str:
        raise RuntimeError("a secret of the inside")

    return Mount(blueprint, access, **more)


@pytest.mark.one_database
@pytest.mark.parametrize("path", PATHS)
def test_every_response_carries_the_headers(browser: Any, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"]
    assert not re.search("werkzeug|flask|python", headers.get("Server", ""), re.IGNORECASE)


@pytest.mark.one_database
def test_what_others_mount_carries_them_too(office: Office) -> None:
    client = create_app(office, secret_key="x", mounts=[mounted(csrf=False)]).test_client()
    assert "frame-ancestors 'none'" in client.post("/other").headers["Content-Security-Policy"]


@pytest.mark.one_database
def test_the_inline_script_has_the_nonce_of_its_response(browser: Any) -> None:
    nonces = set()
    for _ in range(2):
        answer = browser.get("/")
        page = answer.get_data(as_text=True)
        scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
        (nonce,) = re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
        assert len(scripts) == 1
        assert f'nonce="{nonce}"' in scripts[0]
        assert not re.search(r"\bstyle=|<style|\bon[a-z]+=", page)
        nonces.add(nonce)
    assert len(nonces) == 2


@pytest.mark.one_database
def test_no_page_asks_another_host_for_anything(browser: Any) -> None:
    page = browser.get("/apply/youth-fund").get_data(as_text=True)
    loaded = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    for word in ("crown", "GOV.UK", "GDS"):
        assert word not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_private_pages_are_kept_nowhere_and_tell_nobody(browser: Any, started: str) -> None:
    headers = browser.get(started).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in headers["X-Robots-Tag"]


@pytest.mark.one_database
@pytest.mark.parametrize(("url", "secure"), [("https://desk.example", True), ("http://desk.example", False)])
def test_cookies_are_secure_exactly_under_https(office: Office, url: str, secure: bool) -> None:
    client = create_app(replace(office, public_url=url), secret_key="x").test_client()
    cookie = client.get("/apply/youth-fund").headers["Set-Cookie"]
    assert ("Secure" in cookie) is secure
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_forms_work_under_https_without_a_referrer(office: Office) -> None:
    app = create_app(replace(office, public_url="https://desk.example"), secret_key="x")
    client = app.test_client()
    page = client.get("/apply/youth-fund", base_url="https://desk.example").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post("/apply/youth-fund", data={"csrf_token": token}, base_url="https://desk.example")
    assert answer.status_code == 303


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/awards/", "/awards"),
        ("/check/?amount=2000&fund=youth-fund", "/check?amount=2000&fund=youth-fund"),
        ("/desk/", "/desk"),
        ("/apply/youth-fund//", "/apply/youth-fund"),
        ("/policy/", "/policy"),
        ("/api/v1/funds/", "/api/v1/funds"),
    ],
)
def test_a_slash_too_many_leads_to_the_page(browser: Any, typed: str, meant: str) -> None:
    answer = browser.get(typed)
    while answer.status_code == 308 and answer.headers["Location"].endswith("/"):  # two slashes become one
        answer = browser.get(answer.headers["Location"])
    assert (answer.status_code, answer.headers["Location"]) == (308, meant)


def test_a_link_with_a_slash_too_many_is_followed(browser: Any, started: str) -> None:
    assert browser.get(f"{started}/").headers["Location"] == started


@pytest.mark.one_database
@pytest.mark.parametrize(
    "typed", ["/nowhere/", "/awards//evil.example/", "/%5Cevil.example/", "/awards/%2F%2Fevil.example/"]
)
def test_a_slash_too_many_never_leads_elsewhere(browser: Any, typed: str) -> None:
    answer = browser.get(typed)
    assert answer.status_code in (404, 308)
    assert not answer.headers.get("Location", "/").startswith(("//", "/\\", "http://evil"))


def test_what_is_sent_to_an_address_with_a_slash_too_many_goes_nowhere(browser: Any) -> None:
    assert browser.client.post("/api/v1/applications/", json={}).status_code == 404


def test_every_route_stands_in_the_access_table(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert routes == set(ACCESS)
    assert set(access_table(app, ())) == routes


@pytest.mark.one_database
def test_a_route_without_access_stops_the_start(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {endpoint: access for endpoint, access in ACCESS.items() if endpoint != "register.award"}
    monkeypatch.setattr("intake.access.ACCESS", short)
    with pytest.raises(ValueError, match=r"register\.award"):
        create_app(office, secret_key="x")


@pytest.mark.one_database
def test_every_key_route_asks_for_a_key(app: Flask) -> None:
    client = app.test_client()
    asked = 0
    for rule in app.url_map.iter_rules():
        if ACCESS[rule.endpoint] is Access.KEY:
            path = re.sub("<[^>]+>", "x", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert client.open(path, method=method).status_code == 401
                asked += 1
    assert asked == 4


@pytest.mark.one_database
def test_a_mount_may_be_without_form_tokens_and_only_then_is(office: Office) -> None:
    assert create_app(office, secret_key="x", mounts=[mounted()]).test_client().post("/other").status_code == 400
    free = create_app(office, secret_key="x", mounts=[mounted(csrf=False)])
    assert free.test_client().post("/other").status_code == 200


@pytest.mark.one_database
def test_a_thousand_requests_pass_and_many_more_do_not(office: Office) -> None:
    app = create_app(office, secret_key="x", mounts=[mounted(csrf=False, limited=False)])
    client = app.test_client()
    statuses = [client.get("/api/v1/requirements").status_code for _ in range(1_250)]
    assert set(statuses[:1_000]) == {422}
    answer = client.get("/api/v1/requirements")
    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/health/live").status_code == 200
    assert client.post("/other").status_code == 200
    assert client.get("/", environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 200


@pytest.mark.one_database
def test_an_error_shows_a_reference_that_is_in_the_log_and_nothing_else(office: Office) -> None:
    client = create_app(office, secret_key="x", mounts=[mounted()]).test_client()
    with structlog.testing.capture_logs() as logs:
        answer = client.get("/other/fails")
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 500
    assert "a secret of the inside" not in page
    (line,) = logs
    assert line["reference"] in page
    assert line["log_level"] == "error"


def test_too_much_is_refused_with_words(browser: Any, started: str) -> None:
    answer = browser.client.post(f"{started}/need", data={"need": "x" * 1_200_000})
    assert answer.status_code == 413
    assert "too large" in answer.get_data(as_text=True)


def test_live_and_ready(browser: Any) -> None:
    assert browser.get("/health/live").json["status"] == "ok"
    answer = browser.get("/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "record": "ok"})


def test_not_ready_says_what_is_not(office: Office) -> None:
    client = create_app(office, secret_key="x", ready={"sender": lambda: False}).test_client()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json) == (503, {"status": "not ready", "record": "ok", "sender": "not ready"})
    assert client.get("/health/live").status_code == 200


@pytest.mark.one_database
def test_a_record_that_is_not_migrated_is_not_ready(office: Office, tmp_path: Any) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/bare.db")
    bare = replace(office, sessions=writing_sessions(engine), reading=reading_sessions(engine))
    answer = create_app(bare, secret_key="x").test_client().get("/health/ready")
    assert (answer.status_code, answer.json) == (503, {"status": "not ready", "record": "not ready"})
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()


def test_metrics_count_requests_by_route_and_never_by_token(office: Office, started: str) -> None:
    newly_started = create_app(office, secret_key="x").test_client()
    newly_started.get(started)
    said = newly_started.get("/metrics").get_data(as_text=True)
    assert 'award_desk_requests_total{method="GET",route="/a/<token>",status="200"} 1.0' in said
    assert 'award_desk_applications{status="draft"} 1.0' in said
    assert "award_desk_outbox_waiting 0.0" in said
    assert started.removeprefix("/a/") not in said


def test_metrics_say_how_the_timetable_goes(browser: Any, office: Office) -> None:
    tally = Tally()
    tally.failed(NOW, ValueError("lost"), "0123abcd")
    tally.succeeded(NOW)
    with office.sessions.begin() as session:
        timetable_jobs.keep(session, "sweep", tally)
    said = browser.get("/metrics").get_data(as_text=True)
    for line in (
        'award_desk_job_runs_total{job="sweep"} 1.0',
        'award_desk_job_errors_total{job="sweep"} 1.0',
        'award_desk_job_misses_total{job="sweep"} 0.0',
        'award_desk_job_passes_total{job="sweep"} 0.0',
    ):
        assert line in said.splitlines()
    (well,) = [line for line in said.splitlines() if line.startswith("award_desk_job_last_success_seconds{")]
    assert float(well.split()[-1]) == NOW.timestamp()


@pytest.mark.parametrize(
    "path", ["/awards/%00", "/api/v1/awards/YF-2026%00", "/api/v1/applications/%00", "/apply/youth-fund%00", "/a/%00"]
)
def test_no_address_with_a_nul_reaches_the_record(browser: Any, path: str) -> None:
    answer = browser.get(path, headers={"Authorization": "Bearer key-of-staff"})
    assert answer.status_code == 404
    assert (answer.mimetype == "application/problem+json") is path.startswith("/api/")


FORM_TEXT = st.text(max_size=60)


@pytest.mark.one_database
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(["fund", "amount", "start-day", "buys", "purchases", "x"]), FORM_TEXT))
def test_check_answers_anything_without_failing(browser: Any, fields: dict[str, str]) -> None:
    assert browser.get("/check", query_string=fields).status_code in (200, 422)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.one_database
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["fund", "amount", "organisation", "project", "outcomes", "answers", "start"]), value=JSON)
def test_the_api_answers_anything_without_failing(browser: Any, body: dict[str, Any], name: str, value: Any) -> None:
    headers = {"Authorization": "Bearer key-of-a-portal", "Idempotency-Key": "fuzz", "Content-Type": "application/json"}
    changed = json.dumps({**body, name: value, "declaration": False})
    assert browser.client.post("/api/v1/applications", data=changed, headers=headers).status_code == 422


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=FORM_TEXT, other=FORM_TEXT)
def test_a_page_takes_anything_without_failing(browser: Any, started: str, typed: str, other: str) -> None:
    outcomes = {"outcome-1": typed, "measure-1": other, "target-3": typed}
    assert browser.send(f"{started}/outcomes", outcomes).status_code in (303, 422)
    days = {"start-day": typed, "start-month": other, "start-year": typed, "end-day": "1"}
    assert browser.send(f"{started}/dates", days).status_code == 422
    assert browser.get(f"{started}/check-answers").status_code == 200
