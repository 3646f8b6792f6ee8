"""A return that is owed: shown when applying again (R1), and beside the payment that waits for it (F7)."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core import awards, links, payments, people
from core.link_terms import link_to
from core.office import Office
from core.records import Application
from core.rules.policy import Role
from intake.app import create_app
from tests.core.casework import active, decide, facts, person, recommend
from tests.intake.conftest import BODY, KEYS, Browser
from tests.intake.mailed import letters

SignedIn = Callable[..., Browser]
KEY = {"Authorization": "Bearer key-of-a-portal"}
DUE, LATE = date(2027, 7, 11), date(2027, 7, 12)
KIM = "kim@boxing.example"


def text_of(answer: Any) -> str:
    return " ".join(unescape(answer.get_data(as_text=True)).split())


def apply_again(app: Any, key: str = "again", **contact: str) -> Any:
    body = copy.deepcopy(dict(BODY))
    body |= {"start": "2027-09-01", "end": "2027-12-31", "amount": "1000.00", "purchases": "0.00"}
    body["project"] = {**body["project"], "title": "Another thing"}
    body["contact"] = {**body["contact"], **contact}
    answer = app.test_client().post("/api/v1/applications", json=body, headers={**KEY, "Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return answer.json


def r1(found: Any) -> dict[str, str]:
    return next(one for one in found["findings"] if one["rule"] == "R1")


def blocking(office: Office) -> Any:
    figure = replace(office.policy.overdue_return_blocks, value=True)
    strict = replace(office, policy=replace(office.policy, overdue_return_blocks=figure))
    return create_app(strict, secret_key="a secret of the tests", api_keys=KEYS)


def test_the_api_says_that_a_return_is_owed(app: Any, office: Office, accepted: str, clock: Any) -> None:
    clock.set_day(DUE)
    before = r1(apply_again(app, "on the day"))
    assert before["verdict"] == "met"
    clock.set_day(LATE)
    found = r1(apply_again(app))
    assert found["verdict"] == "advice"
    assert f"{accepted}, due on 11 July 2027" in found["because"]
    assert found["because"].endswith(before["because"])
    assert r1(apply_again(blocking(office), "strict"))["verdict"] == "not_met"
    asked = app.test_client().get("/api/v1/requirements?kind=grant&amount=1000&fund=youth-fund").json
    assert (
        asked == blocking(office).test_client().get("/api/v1/requirements?kind=grant&amount=1000&fund=youth-fund").json
    )


def told_by(app: Any, reference: str, key: str) -> dict[str, str]:
    """R1 of an application, as its page of the API tells it to a key."""
    answer = app.test_client().get(f"/api/v1/applications/{reference}", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    return r1(answer.json)


def test_the_api_tells_a_return_that_is_owed_to_its_own_address_and_to_staff_alone(
    app: Any, office: Office, accepted: str, clock: Any
) -> None:
    clock.set_day(DUE)
    plain = r1(apply_again(app, "on the day"))
    clock.set_day(LATE)
    for key, desk in (("shipped", app), ("strict", blocking(office))):
        strangers = apply_again(desk, f"by another, {key}", email="eve@evil.example")
        number = strangers["reference"]
        assert r1(strangers) == told_by(desk, number, "key-of-a-portal") == plain
        assert accepted in told_by(desk, number, "key-of-staff")["because"]
        own = apply_again(desk, f"by themselves, {key}", email=f" {KIM.upper()}")
        assert accepted in r1(own)["because"]
        assert r1(own) == told_by(desk, own["reference"], "key-of-a-portal")


def test_it_is_told_to_its_own_address_and_to_nobody_else(
    app: Any, browser: Browser, office: Office, accepted: str, clock: Any
) -> None:
    clock.set_day(LATE)
    reference = apply_again(app)["reference"]
    with office.sessions.begin() as session:
        number = session.scalars(select(Application.id).where(Application.reference == reference)).one()
        policy, now = office.policy, office.clock()
        anybodys = link_to(session, "application", number, policy=policy, now=now)
        own = links.link_for(session, "application", number, now=now, address=KIM)
        another = links.link_for(session, "application", number, now=now, address="eve@evil.example")
        shown = {
            name: f"/a/{office.signer.token('application', link)}"
            for name, link in (("anybodys", anybodys), ("own", own), ("another", another))
        }
    said = {name: "overdue" in text_of(browser.get(path)) for name, path in shown.items()}
    assert said == {"anybodys": False, "own": True, "another": False}


@pytest.mark.parametrize("state", ["sent", "declined"])
@pytest.mark.one_database
def test_who_owes_one_return_is_told_of_that_one_and_of_no_other(
    app: Any, browser: Browser, office: Office, accepted: str, clock: Any, state: str
) -> None:
    same = {"organisation_name": BODY["organisation"]["name"], "postcode": BODY["organisation"]["postcode"]}
    another = active(office, facts(**same, charity_number=None, contact_email="lee@boxing.example"))
    clock.set_day(LATE)
    found = apply_again(app)
    with office.sessions.begin() as session:
        other = awards.by_id(session, another).reference
        kept = session.scalars(select(Application).where(Application.reference == found["reference"])).one()
        own = links.link_for(session, "application", kept.id, now=office.clock(), address=KIM)
        path = f"/a/{office.signer.token('application', own)}"
        number = kept.id
        assert f"2 returns of the same organisation are overdue: {other}" in r1({"findings": kept.findings})["because"]
    if state == "declined":
        recommend(office, number, outcome="decline")
        decide(office, number, person(office, Role.COMMISSIONER), outcome="declined", conditions="")
    page = text_of(browser.get(path))
    assert f"A return of the same organisation is overdue: {accepted}" in page
    assert other not in page + r1(found)["because"]


def test_the_receipt_tells_it_to_the_address_that_owes(app: Any, office: Office, accepted: str, clock: Any) -> None:
    clock.set_day(LATE)
    apply_again(app)
    mine = letters(office, "receipt")[-1]
    assert mine.to == KIM
    assert f"{accepted}: due on 11 July 2027" in mine.text
    assert "overdue" in mine.html
    apply_again(app, "by another", email="eve@evil.example")
    theirs = letters(office, "receipt")[-1]
    assert theirs.to == "eve@evil.example"
    assert "overdue" not in theirs.text + theirs.html


def test_the_officer_sees_it_beside_the_application(
    app: Any, office: Office, accepted: str, clock: Any, signed_in: SignedIn
) -> None:
    clock.set_day(LATE)
    reference = apply_again(app)["reference"]
    page = text_of(signed_in().get(f"/desk/applications/{reference}"))
    assert "A return of the same organisation is overdue" in page
    assert f"/desk/returns/{accepted}/2027-07-11" in page


# ---------------------------------------------------------------------------------------------- payments that wait


@pytest.fixture
def waits(office: Office, accepted: str) -> str:
    """The reference of an award with a payment that waits for its first return."""
    with office.sessions.begin() as session:
        award = awards.by_reference(session, accepted)
        officer = people.holders(session, Role.OFFICER)[0]
        given: dict[str, Any] = {"now": office.clock()}
        payments.plan(session, award.id, officer, amount=750_00, planned_on=date(2027, 8, 1), return_due=DUE, **given)
        payments.plan(session, award.id, officer, amount=250_00, planned_on=date(2027, 2, 1), **given)
    return accepted


def test_everybody_is_told_which_payment_waits_for_which_return(
    browser: Browser, office: Office, waits: str, return_paths: list[str], signed_in: SignedIn, submitted: str
) -> None:
    words = "We can pay the <strong>£750</strong> that is planned for 1 August 2027 only once we have"
    assert f"{words} this return" in text_of(browser.get(return_paths[0]))
    assert "We can pay" not in text_of(browser.get(return_paths[1]))
    status = text_of(browser.get(submitted))
    assert f"{words} the return due on 11 July 2027" in status
    assert "£250" not in status
    officer = signed_in()
    page = text_of(officer.get(f"/desk/awards/{waits}"))
    assert "Payment 1, £750, planned for 1 August 2027, waits for" in page
    assert not re.search(r"Payment 2, £250[^.]*waits for", page)
    assert "Payment 1, £750, planned for 1 August 2027, waits for it." in text_of(
        officer.get(f"/desk/returns/{waits}/2027-07-11")
    )


def test_once_the_return_is_in_nothing_waits_for_it(
    browser: Browser, office: Office, waits: str, signed_in: SignedIn, submitted: str, clock: Any
) -> None:
    clock.set_day(DUE)
    sent = {
        "measures": [{"measure": "Calls on Fridays", "achieved": "Two fewer"}],
        "spent": "900.00", "people": 31, "narrative": "It went well.", "views": "They like it.",
    }  # fmt: skip
    answer = browser.client.post(
        f"/api/v1/returns/{waits}/2027-07-11", json=sent, headers={"Authorization": "Bearer key-of-staff"}
    )
    assert answer.status_code == 201, answer.text
    assert "We can pay the" not in text_of(browser.get(submitted))
    assert "Payments that wait" not in text_of(signed_in().get(f"/desk/awards/{waits}"))
