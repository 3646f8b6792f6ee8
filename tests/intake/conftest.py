"""An office with its web application, once on SQLite and once on PostgreSQL; every test has its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import select

from core import applications, awards, deciding, funds, people
from core.links import link_for
from core.office import Office
from core.records import Application
from core.rules.policy import Body, Role
from intake.access import ApiKey
from intake.app import create_app
from tests.conftest import Clock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PUBLIC_URL = "http://desk.example"
KEYS = {
    "key-of-a-portal": ApiKey("portal"),
    "key-of-another": ApiKey("another"),
    "key-of-staff": ApiKey("staff", staff=True),
}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def public_url() -> str:
    return PUBLIC_URL


@pytest.fixture
def office(office: Office) -> Office:
    """An office with an officer, a Commissioner, and £50,000 in each of two funds."""
    with office.sessions.begin() as session:
        for fund in ("youth-fund", "community-fund"):
            funds.allocate(session, fund, 2026, 5_000_000, policy=office.policy, actor="tests", now=NOON)
        for name, role in (("Olive Officer", Role.OFFICER), ("Cara Commissioner", Role.COMMISSIONER)):
            people.add(
                session,
                name=name,
                email=f"{name.split()[0].lower()}@office.example",
                role=role,
                body=Body.OFFICE,
                actor="tests",
                now=NOON,
            )
    return office


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates are compiled once for all tests, not once for each application."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session")
def apps() -> dict[str, Flask]:
    """Applications that are used again, by their address: to make one takes longer than to answer ten requests."""
    return {}


@pytest.fixture
def app(office: Office, apps: dict[str, Flask], compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """An application of this test's office; what a test sets in it, and what it has counted, is gone afterwards."""
    made = apps.get(office.public_url)
    if made is None:
        made = apps[office.public_url] = create_app(office, secret_key="a secret of the tests", api_keys=KEYS)
        made.jinja_env.bytecode_cache = compiled_templates
    made.extensions["office"] = office
    settings = dict(made.config)
    yield made
    made.config.clear()
    made.config.update(settings)
    for limiter in made.extensions["limiter"]:
        limiter.reset()


@pytest.fixture
def by_invitation(office: Office, compiled_templates: FileSystemBytecodeCache) -> Flask:
    """The application of an office whose Ministry of Justice grant takes no applications."""
    funds = tuple(
        replace(fund, open_to_applications=False) if fund.id == "moj-victims" else fund for fund in office.policy.funds
    )
    policy = replace(office.policy, funds=funds)
    made = create_app(replace(office, policy=policy), secret_key="a secret of the tests", api_keys=KEYS)
    made.jinja_env.bytecode_cache = compiled_templates
    return made


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


class Browser:
    """A person's browser: it keeps cookies, sends back a page's hidden fields, and follows redirects when asked."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **{"buffered": True, **more})

    def send(self, path: str, fields: Mapping[str, str] | None = None, *, to: str | None = None) -> Any:
        """Open the page at `path` and send its form with these fields, to its own address or another."""
        page = self.client.get(path)
        assert page.status_code == 200, page.get_data(as_text=True)
        return self.client.post(to or path, data={**hidden(page.get_data(as_text=True)), **(fields or {})})


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))


ANSWERS: Mapping[str, Mapping[str, str]] = {
    "organisation": {"organisation_name": "Ramsey Boxing Club"},
    "organisation-type": {"organisation_type": "constituted_group"},
    "postcode": {"postcode": "pe26 1aa"},
    "contact": {"contact_name": "Kim Archer", "contact_email": "kim@boxing.example"},
    "title": {"title": "Friday night gym"},
    "need": {"need": "Young people have nowhere to go.\r\n\r\nForty told us so."},
    "existing-provision": {"existing_provision": "There is no other club within eight miles."},
    "plan-objective": {"plan_objective": "reduce-crime-and-disorder"},
    "area": {"csp_area": "Huntingdonshire"},
    "ages": {"age_from": "10", "age_to": "17", "send": "no"},
    "outcomes": {"outcome-1": "Fewer calls", "measure-1": "Calls on Fridays", "target-1": "A fifth fewer"},
    "dates": {
        "start-day": "11",
        "start-month": "January",
        "start-year": "2027",
        "end-day": "10",
        "end-month": "1",
        "end-year": "2028",
    },
    "amount": {
        "amount": "£2,000",
        "budget-item-1": "Coaches",
        "budget-amount-1": "1,500",
        "budget-item-2": "Gloves",
        "budget-amount-2": "500",
    },
    "buys": {"buys": "yes"},
    "purchases": {"purchases_what": "Gloves", "purchases": "500"},
    "declaration": {"declaration": "yes"},
}
"""A whole application to the Youth Fund, page by page, as a person types it."""

BODY: Mapping[str, Any] = {
    "fund": "youth-fund",
    "amount": "2000.00",
    "purchases": "500.00",
    "purpose": "young_people",
    "start": "2027-01-11",
    "end": "2028-01-10",
    "organisation": {"name": "Ramsey Boxing Club", "type": "constituted_group", "postcode": "PE26 1AA"},
    "contact": {"name": "Kim Archer", "email": "kim@boxing.example"},
    "project": {
        "title": "Friday night gym",
        "need": "Young people have nowhere to go.",
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
"""The same application for the JSON API."""


ACCEPT = {"decision": "accept", "name": "Kim Archer", "terms": "yes", "measures": "yes"}


@pytest.fixture
def signed_in(app: Flask, office: Office) -> Callable[..., Browser]:
    """Sign somebody new, of this role, in to the staff pages: answers with their browser."""

    def sign_in(role: Role = Role.OFFICER, *, body: Body = Body.OFFICE, name: str = "Gwen Grants") -> Browser:
        email = f"{name.split(maxsplit=1)[0].lower()}.{role.value}@office.example"
        with office.sessions.begin() as session:
            person = people.add(
                session, name=name, email=email, role=role, body=body, actor="tests", now=office.clock()
            )
            number = str(person.id)
        browser = Browser(app.test_client())
        assert browser.send("/desk/sign-in", {"person": number}).status_code == 303
        return browser

    return sign_in


@pytest.fixture
def answers() -> dict[str, dict[str, str]]:
    return {slug: dict(fields) for slug, fields in ANSWERS.items()}


@pytest.fixture
def body() -> dict[str, Any]:
    """The application of `BODY`, to be changed by the test."""
    return copy.deepcopy(dict(BODY))


@pytest.fixture
def acceptance() -> dict[str, str]:
    return dict(ACCEPT)


@pytest.fixture
def started(browser: Browser) -> str:
    """The address of a new draft for the Youth Fund, as `/a/<token>`."""
    answer = browser.send("/apply/youth-fund")
    assert answer.status_code == 303
    return str(answer.headers["Location"]).rsplit("/", 1)[0]


@pytest.fixture
def filled(office: Office, started: str) -> str:
    """The address of a draft in which every page is answered."""
    with office.sessions.begin() as session:
        draft = session.scalars(select(Application)).one()
        typed = {name: text for fields in ANSWERS.values() for name, text in fields.items()}
        applications.save(session, draft, typed, now=office.clock())
    return started


@pytest.fixture
def submitted(browser: Browser, filled: str) -> str:
    """The address of an application that was submitted."""
    assert browser.send(f"{filled}/check-answers").status_code == 303
    return filled


@pytest.fixture
def offered(office: Office, submitted: str) -> Callable[..., str]:
    """Recommend and approve the submitted application; answers with the offer's address."""

    def offer(amount: int = 2_000_00) -> str:
        now = office.clock()
        with office.sessions.begin() as session:
            application = session.scalars(select(Application).where(Application.status == "submitted")).one()
            officer = people.holders(session, Role.OFFICER)[0]
            commissioner = people.holders(session, Role.COMMISSIONER)[0]
            outcome = "approve" if amount == application.amount else "less"
            deciding.recommend(
                session,
                application.id,
                officer,
                outcome=outcome,  # type: ignore[arg-type]  # one of two literals
                amount=amount,
                reasons="A need that nobody else meets.",
                conditions="",
                office=office,
                now=now,
            )
            deciding.decide(
                session,
                application.id,
                commissioner,
                outcome="approved",
                amount=amount,
                reasons="It helps where help is scarce.",
                conditions="Keep a register.\nSix-monthly returns.",
                office=office,
                now=now,
            )
            assert application.award is not None
            link = link_for(session, "offer", application.award.id, now=now)
        return f"/offers/{office.signer.token('offer', link)}"

    return offer


@pytest.fixture
def accepted(browser: Browser, offered: Callable[..., str]) -> str:
    """The reference of an award whose offer was accepted through its page."""
    path = offered()
    assert browser.send(path, ACCEPT).status_code == 303
    found = re.search(r"YF-2026-[346789CDFHJKMNPQRTVWX]{6}", browser.get(path).get_data(as_text=True))
    assert found is not None
    return found[0]


@pytest.fixture
def return_paths(office: Office, accepted: str) -> list[str]:
    """The addresses of the accepted award's returns, by due date."""
    with office.sessions.begin() as session:
        award = awards.by_reference(session, accepted)
        due = sorted((one for one in award.deadlines if one.kind == "return"), key=lambda one: one.due)
        links = [link_for(session, "return", one.id, now=office.clock()) for one in due]
    return [f"/returns/{office.signer.token('return', link)}" for link in links]
