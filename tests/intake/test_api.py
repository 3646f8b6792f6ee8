"""The JSON API as the contract has it."""

from __future__ import annotations

import copy
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import events
from core.office import Office
from core.records import Application, MonitoringReturn
from core.rules.policy import Purpose

PORTAL = {"Authorization": "Bearer key-of-a-portal"}
ANOTHER = {"Authorization": "Bearer key-of-another"}
STAFF = {"Authorization": "Bearer key-of-staff"}


@pytest.fixture
def api(app: Flask) -> Any:
    return app.test_client()


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer, checked for what RFC 9457 wants."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.data)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def pointers(answer: Any) -> set[str]:
    return {error["pointer"] for error in problem(answer, 422)["errors"]}


def post(api: Any, body: Any, key: str = "k-1", **headers: str) -> Any:
    return api.post("/api/v1/applications", json=body, headers={**PORTAL, "Idempotency-Key": key, **headers})


def count(office: Office) -> int:
    with office.reading() as session:
        return session.scalar(select(func.count()).select_from(Application)) or 0


# --- requirements -------------------------------------------------------------------------------------------------


def test_requirements_in_full(api: Any) -> None:
    query = "kind=contract&amount=50000.01&start=2026-08-31&end=2028-08-31&purpose=victim_services"
    said = api.get(f"/api/v1/requirements?{query}").json
    assert said["tier"] == "full"
    assert said["procurement"] == {
        "route": "tender",
        "quotes": 0,
        "website": True,
        "portal": "required",
        "independent_panel_member": True,
    }
    assert said["returns"] == {"every_months": 6, "due": ["2027-02-28", "2027-08-31", "2028-02-29", "2028-08-31"]}
    assert said["meetings"]["every_months"] == 3
    assert said["meetings"]["due"][0] == "2026-11-30"
    for finding in said["findings"]:
        assert {"rule", "paragraph", "verdict", "because"} <= set(finding)
    rules = [finding["rule"] for finding in said["findings"]]
    assert len(rules) == len(set(rules))
    assert {"P0", "R1", "R2", "T1", "T4", "T6", "L2"} <= set(rules)


def test_requirements_of_little(api: Any) -> None:
    said = api.get("/api/v1/requirements?kind=grant&amount=714.84").json
    assert (said["tier"], said["procurement"]["route"], said["procurement"]["quotes"]) == ("light", "none", 0)
    assert said["returns"] == {"every_months": 6, "due": []}
    assert said["meetings"] == {"every_months": None, "due": []}


def test_a_fund_brings_its_money_into_the_findings(api: Any) -> None:
    found = api.get("/api/v1/requirements?kind=grant&amount=3500.00&fund=youth-fund&purpose=young_people").json
    f6 = next(finding for finding in found["findings"] if finding["rule"] == "F6")
    assert f6["verdict"] == "met"
    found = api.get("/api/v1/requirements?kind=grant&amount=3500.00&fund=youth-fund&start=2029-04-01").json
    f6 = next(finding for finding in found["findings"] if finding["rule"] == "F6")
    assert f6["verdict"] == "advice"


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("amount=1", "kind"),
        ("kind=grant", "amount"),
        ("kind=loan&amount=1", "kind"),
        ("kind=grant&amount=-1", "amount"),
        ("kind=grant&amount=1e3", "amount"),
        ("kind=grant&amount=1.5", "amount"),
        ("kind=grant&amount=1.555", "amount"),
        ("kind=grant&amount=1,000", "amount"),
        ("kind=grant&amount=", "amount"),
        ("kind=grant&amount=%C2%A35", "amount"),
        ("kind=grant&amount=1&amount=2", "amount"),
        ("kind=grant&amount=1&fund=no-fund", "fund"),
        ("kind=grant&amount=1&fund=", "fund"),
        ("kind=grant&amount=1&purpose=fun", "purpose"),
        ("kind=grant&amount=1&planned=yes", "planned"),
        ("kind=grant&amount=1&competed=1", "competed"),
        ("kind=grant&amount=1&victim_service=True", "victim_service"),
        ("kind=grant&amount=1&single_tender_reason=hurry", "single_tender_reason"),
        ("kind=grant&amount=1&start=2027-02-29", "start"),
        ("kind=grant&amount=1&start=20270201", "start"),
        ("kind=grant&amount=1&start=2027-02-02&end=2027-02-01", "end"),
        ("kind=grant&amount=1&purchases=1.0", "purchases"),
        ("kind=grant&amount=1&purchase=1.00", "purchase"),
    ],
)
def test_requirements_refuse_what_they_cannot_read(api: Any, query: str, pointer: str) -> None:
    assert pointers(api.get(f"/api/v1/requirements?{query}")) == {pointer}


@pytest.mark.one_database
def test_every_fault_of_a_query_is_named_at_once(api: Any) -> None:
    assert pointers(api.get("/api/v1/requirements?kind=x&amount=y&start=z")) == {"kind", "amount", "start"}


def test_past_dates_are_allowed(api: Any) -> None:
    said = api.get("/api/v1/requirements?kind=grant&amount=1&start=2020-01-01&end=2020-02-01").json
    assert said["returns"]["due"] == ["2020-02-01"]


# --- funds --------------------------------------------------------------------------------------------------------


def test_funds_of_a_year(api: Any) -> None:
    said = api.get("/api/v1/funds?year=2026-27").json
    youth = next(fund for fund in said["funds"] if fund["fund"] == "youth-fund")
    assert youth["allocated"] == "50000.00"
    assert youth["available"] == "50000.00"
    assert youth["cap"] == "3500.00"
    assert youth["purposes"] == ["young_people"]
    assert len(said["funds"]) == 7


@pytest.mark.one_database
@pytest.mark.parametrize("year", ["2026", "2026-28", "", "x"])
def test_funds_of_no_year(api: Any, year: str) -> None:
    assert pointers(api.get(f"/api/v1/funds?year={year}")) == {"year"}


# --- applications -------------------------------------------------------------------------------------------------


def test_an_application_comes_in(api: Any, office: Office, body: dict[str, Any]) -> None:
    answer = post(api, body)
    assert answer.status_code == 201
    said = answer.json
    assert said["status"] == "submitted"
    assert said["status_url"].startswith("http://desk.example/a/")
    assert {finding["rule"] for finding in said["findings"]} >= {"P0", "F5", "R1", "T1"}
    page = api.get(said["status_url"].removeprefix("http://desk.example"))
    assert said["reference"] in page.get_data(as_text=True)
    with office.reading() as session:
        application = session.scalars(select(Application)).one()
        assert (application.amount, application.purchases, application.submitted_by) == (200_000, 50_000, "api:portal")
        assert events.broken_at(session) is None


def test_the_same_again_changes_nothing(api: Any, office: Office, body: dict[str, Any]) -> None:
    first = post(api, body)
    reordered = dict(reversed(body.items()))
    again = post(api, reordered)
    assert (again.status_code, again.json) == (201, first.json)
    assert count(office) == 1


def test_the_same_key_with_another_body_is_refused(api: Any, office: Office, body: dict[str, Any]) -> None:
    post(api, body)
    problem(post(api, {**body, "amount": "1999.00"}), 409)
    problem(post(api, {**body, "amount": "nonsense"}), 409)
    assert count(office) == 1


def test_keys_of_different_callers_do_not_meet(api: Any, office: Office, body: dict[str, Any]) -> None:
    assert post(api, body).status_code == 201
    assert post(api, body, **ANOTHER).status_code == 201
    assert count(office) == 2


def test_a_fault_uses_up_no_key(api: Any, body: dict[str, Any]) -> None:
    assert post(api, {**body, "amount": "x"}).status_code == 422
    assert post(api, body).status_code == 201


def test_eight_of_the_same_at_once_are_one(app: Flask, office: Office, body: dict[str, Any]) -> None:
    together, answers = threading.Barrier(8), []

    def send() -> None:
        client = app.test_client()
        together.wait()
        answers.append(post(client, body))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["reference"] for answer in answers}) == 1
    assert count(office) == 1


@pytest.mark.one_database
@pytest.mark.parametrize("key", ["", " ", "ä", "x" * 256])
def test_an_application_needs_a_usable_key(api: Any, body: dict[str, Any], key: str) -> None:
    problem(api.post("/api/v1/applications", json=body, headers={**PORTAL, "Idempotency-Key": key}), 400)


REQUIRED = [
    "/fund",
    "/amount",
    "/purchases",
    "/purpose",
    "/start",
    "/end",
    "/organisation",
    "/organisation/name",
    "/organisation/type",
    "/organisation/postcode",
    "/contact/name",
    "/contact/email",
    "/project/title",
    "/project/need",
    "/project/existing_provision",
    "/project/plan_objective",
    "/project/csp_area",
    "/outcomes",
    "/outcomes/0/measure",
    "/declaration",
]


@pytest.mark.one_database
@pytest.mark.parametrize("pointer", REQUIRED)
def test_what_is_missing_is_pointed_at(api: Any, office: Office, body: dict[str, Any], pointer: str) -> None:
    place: Any = body
    *steps, last = pointer[1:].split("/")
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    del place[last]
    assert pointers(post(api, body)) == {pointer}
    assert count(office) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/amount", 2000),
        ("/amount", "2000.5"),
        ("/amount", "-1"),
        ("/amount", "0"),
        ("/purchases", "1e3"),
        ("/purpose", "fun"),
        ("/start", "2027-02-30"),
        ("/start", 20270101),
        ("/end", "2027-01-10"),
        ("/organisation/name", "   "),
        ("/organisation/name", "x" * 201),
        ("/organisation/name", "\u0000"),
        ("/organisation/type", "club"),
        ("/organisation/postcode", "nowhere"),
        ("/organisation/charity_number", "12"),
        ("/contact/email", "kim"),
        ("/project/plan_objective", "win"),
        ("/project/csp_area", "Atlantis"),
        ("/project/age_from", "ten"),
        ("/project/age_from", -1),
        ("/project/age_from", 10**30),
        ("/project/send", "no"),
        ("/outcomes", []),
        ("/outcomes/0/target", ""),
        ("/declaration", False),
        ("/declaration", "true"),
        ("/amonut", "2000"),
        ("/answers/shoe_size", "9"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    api: Any, office: Office, body: dict[str, Any], pointer: str, value: object
) -> None:
    place: Any = body
    *steps, last = pointer[1:].split("/")
    for step in steps:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    place[last] = value
    assert pointers(post(api, body)) == {pointer}
    assert count(office) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("amount", "Give this as /amount, not among the answers."),
        ("title", "Give this as /project/title, not among the answers."),
        ("outcomes", "Give this as /outcomes, not among the answers."),
        ("age_from", "Give this as /project/age_from, not among the answers."),
        ("declaration", "Give this as /declaration, not among the answers."),
        ("buys", "No question of this id is asked here. Check its name, or leave it out."),
        ("outcome-1", "No question of this id is asked here. Check its name, or leave it out."),
        ("a/b~c", "No question of this id is asked here. Check its name, or leave it out."),
    ],
)
def test_no_answer_is_dropped_without_a_word(api: Any, body: dict[str, Any], name: str, words: str) -> None:
    answer = post(api, {**body, "answers": {name: "5"}})
    place = name.replace("~", "~0").replace("/", "~1")
    assert (answer.status_code, answer.json["errors"]) == (422, [{"pointer": f"/answers/{place}", "detail": words}])


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("pointer", "value", "words"),
    [
        ("/outcomes", [], "Give at least 1."),
        ("/outcomes", [{}] * 51, "Give at most 50."),
        ("/outcomes", "none", "Give this as a list."),
        ("/outcomes", [5], "Give this as an object."),
        ("/organisation", "a club", "Give this as an object."),
        ("/answers", [], "Give this as an object."),
        ("/answers", {"buys": 1.5}, "Give this as text, a whole number, or true or false."),
        ("/amount", 2000, "Give this as text, in quotation marks."),
        ("/start", "x" * 41, "Give at most 40 characters."),
        ("/project/age_from", "ten", "Give this as a whole number, without quotation marks."),
        ("/declaration", "true", "Give this as true or false, without quotation marks."),
        (
            "/purpose",
            "fun",
            f"Give one of these: {', '.join(Purpose)}.",
        ),
        ("/amonut", "2000", "There is no such member. Check its name."),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(
    api: Any, body: dict[str, Any], pointer: str, value: object, words: str
) -> None:
    place: Any = body
    *steps, last = pointer[1:].split("/")
    for step in steps:
        place = place[step]
    place[last] = value
    said = [one["detail"] for one in problem(post(api, body), 422)["errors"] if one["pointer"].startswith(pointer)]
    assert said == [words]


def test_faults_of_shape_and_of_meaning_come_together(api: Any, body: dict[str, Any]) -> None:
    wrong = copy.deepcopy(body)
    del wrong["organisation"]["name"]
    wrong["amount"] = "lots"
    wrong["contact"]["email"] = "kim"
    assert pointers(post(api, wrong)) == {"/organisation/name", "/amount", "/contact/email"}


def test_a_fund_that_is_not_open_takes_no_application(by_invitation: Flask, body: dict[str, Any]) -> None:
    assert pointers(post(by_invitation.test_client(), {**body, "fund": "moj-victims"})) == {"/fund"}


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("fund", "purpose", "rule", "verdict"),
    [
        ("crime-and-disorder", "crime_reduction", "F3", "advice"),
        ("moj-victims", "victim_services", "F1", "met"),
        ("moj-victims", "road_safety", "F1", "not_met"),
        ("casualty-reduction", "road_safety", "F4", "met"),
        ("community-fund", "community_safety", "F5", "not_met"),
    ],
)
def test_the_findings_are_those_of_the_fund(
    api: Any, body: dict[str, Any], fund: str, purpose: str, rule: str, verdict: str
) -> None:
    answer = post(api, {**body, "fund": fund, "purpose": purpose})
    assert answer.status_code == 201, answer.json
    found = {finding["rule"]: finding["verdict"] for finding in answer.json["findings"]}
    assert found[rule] == verdict


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"", 400),
        (b'{"amount": NaN}', 400),
        (b"[" * 100_000, 400),
        (b'{"amount": ' + b"9" * 5_000 + b"}", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"null", 422),
    ],
)
def test_what_is_no_object_is_refused(api: Any, sent: bytes, status: int) -> None:
    headers = {**PORTAL, "Idempotency-Key": "k", "Content-Type": "application/json"}
    problem(api.post("/api/v1/applications", data=sent, headers=headers), status)


@pytest.mark.one_database
def test_other_media_types_and_too_much_are_refused(api: Any) -> None:
    headers = {**PORTAL, "Idempotency-Key": "k"}
    problem(api.post("/api/v1/applications", data="{}", content_type="text/plain", headers=headers), 415)
    large = b'{"x": "' + b"y" * 1_100_000 + b'"}'
    problem(api.post("/api/v1/applications", data=large, content_type="application/json", headers=headers), 413)


@pytest.mark.one_database
@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a2V5"}, {"Authorization": "Bearer "}]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/applications"),
        ("GET", "/api/v1/applications/YF-2026-AAAAAA"),
        ("GET", "/api/v1/deadlines"),
        ("POST", "/api/v1/returns/YF-2026-AAAAAA/2027-01-01"),
    ],
)
def test_a_key_is_needed(api: Any, headers: dict[str, str], method: str, path: str) -> None:
    answer = api.open(path, method=method, headers=headers)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_who_sees_an_application(api: Any, body: dict[str, Any]) -> None:
    path = f"/api/v1/applications/{post(api, body).json['reference']}"
    own = api.get(path, headers=PORTAL).json
    assert (own["status"], own["amount"]) == ("submitted", "2000.00")
    assert [line["event"] for line in own["history"]] == ["submitted"]
    assert "actor" not in own["history"][0]
    assert api.get(path, headers=STAFF).json["history"][0]["actor"] == "api:portal"
    problem(api.get(path, headers=ANOTHER), 404)
    problem(api.get("/api/v1/applications/YF-2026-NNNNNN", headers=STAFF), 404)


@pytest.mark.one_database
def test_unknown_paths_and_methods_are_problems(api: Any) -> None:
    problem(api.get("/api/v1/nothing"), 404)
    answer = api.delete("/api/v1/funds")
    problem(answer, 405)
    assert "GET" in answer.headers["Allow"]


# --- awards, returns, deadlines -----------------------------------------------------------------------------------


def test_an_award_is_public_from_its_acceptance(api: Any, accepted: str) -> None:
    said = api.get(f"/api/v1/awards/{accepted}").json
    assert (said["recipient"], said["amount_awarded"], said["kind"]) == ("Ramsey Boxing Club", "2000.00", "grant")
    assert "kim@boxing.example" not in json.dumps(said)
    assert [award["reference"] for award in api.get("/api/v1/awards").json["awards"]] == [accepted]
    problem(api.get("/api/v1/awards/YF-2026-NNNNNN"), 404)


def test_an_offer_is_not_public(api: Any, offered: Any) -> None:
    offered()
    assert api.get("/api/v1/awards").json == {"awards": []}


RETURN = {
    "measures": [{"measure": "Calls on Fridays", "achieved": "A tenth fewer"}],
    "spent": "950.00",
    "people": 23,
    "narrative": "Calls fell.",
    "views": "They like it.",
}


def test_a_return_meets_its_deadline(api: Any, accepted: str) -> None:
    path = f"/api/v1/returns/{accepted}/2027-07-11"
    answer = api.post(path, json=RETURN, headers=STAFF)
    assert (answer.status_code, answer.json) == (
        201,
        {"reference": accepted, "due": "2027-07-11", "status": "received"},
    )
    problem(api.post(path, json=RETURN, headers=STAFF), 409)
    met = api.get("/api/v1/deadlines?state=met&before=2027-07-12", headers=STAFF).json["deadlines"]
    assert [one["due"] for one in met if one["kind"] == "return"] == ["2027-07-11"]


def test_a_return_of_someone_else_is_refused(api: Any, accepted: str) -> None:
    problem(api.post(f"/api/v1/returns/{accepted}/2027-07-11", json=RETURN, headers=PORTAL), 403)


def test_a_return_may_say_more(api: Any, office: Office, accepted: str) -> None:
    more = {
        "budget": [{"line": "Gloves", "spent": "450.00"}, {"line": "coaches", "spent": "500.00"}],
        "changes": "Another hall.",
        "underspend": "",
    }
    path = f"/api/v1/returns/{accepted}/2027-07-11"
    wrong = {**more, "budget": [{"line": "Gloves", "spent": "450.00"}]}
    assert "/budget" in pointers(api.post(path, json={**RETURN, **wrong}, headers=STAFF))
    assert api.post(path, json={**RETURN, **more}, headers=STAFF).status_code == 201
    with office.reading() as session:
        found = session.scalars(select(MonitoringReturn)).one()
        assert found.budget == [
            {"line": "Coaches", "agreed": 1_500_00, "spent": 500_00},
            {"line": "Gloves", "agreed": 500_00, "spent": 450_00},
        ]
        assert found.extra == {"changes": "Another hall."}


@pytest.mark.parametrize("due", ["2027-07-12", "2027-7-11", "soon"])
def test_a_return_for_another_day_is_not_found(api: Any, accepted: str, due: str) -> None:
    problem(api.post(f"/api/v1/returns/{accepted}/{due}", json=RETURN, headers=STAFF), 404)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("pointer", "changed"),
    [
        ("/spent", {"spent": 950}),
        ("/spent", {"spent": "9.5"}),
        ("/people", {"people": "23"}),
        ("/people", {"people": -1}),
        ("/narrative", {"narrative": ""}),
        ("/measures/0/measure", {"measures": [{"measure": "Other", "achieved": "x"}]}),
        ("/colour", {"colour": "red"}),
        ("/answers/spent", {"answers": {"spent": "9.50"}}),
        ("/answers/achieved", {"answers": {"achieved": "most"}}),
        ("/answers/partners", {"answers": {"partners": "the council"}}),  # a light return does not ask it
        ("/budget/0/line", {"budget": [{"line": "Boots", "spent": "950.00"}]}),
        ("/budget/0/spent", {"budget": [{"line": "Gloves", "spent": 950}]}),
        ("/budget/0/spent", {"budget": [{"line": "Gloves"}]}),
        ("/budget", {"budget": "Gloves"}),
        ("/changes", {"changes": 5}),
    ],
)
def test_what_is_wrong_with_a_return_is_pointed_at(
    api: Any, accepted: str, pointer: str, changed: dict[str, Any]
) -> None:
    answer = api.post(f"/api/v1/returns/{accepted}/2027-07-11", json={**RETURN, **changed}, headers=STAFF)
    assert pointer in pointers(answer)


def test_deadlines_by_state(api: Any, clock: Any, accepted: str) -> None:
    def due(state: str) -> list[str]:
        found = api.get(f"/api/v1/deadlines?state={state}", headers=STAFF).json["deadlines"]
        return [one["due"] for one in found if one["kind"] == "return"]

    assert due("due") == ["2027-07-11", "2028-01-10"]
    clock.now += timedelta(days=231)  # 12 July 2027
    assert due("overdue") == ["2027-07-11"]
    assert due("due") == ["2028-01-10"]
    one = api.get("/api/v1/deadlines?state=overdue", headers=STAFF).json["deadlines"][0]
    assert {"days": -28, "to": "recipient", "sent_at": None} in one["steps"]
    assert api.get("/api/v1/deadlines", headers=PORTAL).json == {"deadlines": []}


@pytest.mark.one_database
@pytest.mark.parametrize("query", ["state=late", "before=soon", "state=", "state=due&state=met", "after=2027-01-01"])
def test_deadlines_refuse_what_they_cannot_read(api: Any, query: str) -> None:
    problem(api.get(f"/api/v1/deadlines?{query}", headers=STAFF), 422)


@pytest.mark.one_database
def test_openapi_names_every_route_of_the_api(app: Flask, api: Any) -> None:
    document = api.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])
