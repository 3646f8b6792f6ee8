"""The pages of the office's own dates, on a phone and on a desk: accessible, valid, no wider than the screen."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from core import bids, forums, opportunities, recurring
from core.bids import Part
from core.opportunities import Advert, OpportunityKind
from core.records import Application, Deadline, Person
from core.rules.policy import Role
from tests.story.site import Site
from tests.story.test_pages import SEND, Watched, markup, opened, pressed, watched  # noqa: F401 - fixtures

SUMMARY = "A service for the whole county, for everybody whose home was broken into.\nFrom April, for three years."


@pytest.fixture(scope="module")
def dated(site: Site) -> dict[str, str]:
    """Something of each on the record; the addresses of the pages."""
    office, now, today = site.desk.office, site.clock(), site.desk.office.today()
    later = date(today.year + 1, 3, 26)
    site.accepted(title="A listening line")
    with office.sessions.begin() as session:
        session.scalars(select(Application).order_by(Application.id.desc())).first().victim_service = True  # type: ignore[union-attr]  # just made
        person = session.scalars(select(Person).where(Person.role == Role.OFFICER, Person.body == "office")).first()
        assert person is not None
        bid = bids.add(
            session, title="Safer Streets, round six", funder="Home Office", part=Part.LED, amount=250_000_00,
            closes_on=later, owner_id=person.id, person=person, now=now,
        )  # fmt: skip
        gone = bids.add(
            session, title="A new fund", funder="A foundation", part=Part.SUPPORTED, amount=None,
            closes_on=later, owner_id=person.id, person=person, now=now,
        )  # fmt: skip
        bids.drop(session, gone.id, person, reason="No partner.", now=now)
        advert = Advert(
            OpportunityKind.TENDER, "Support after burglary", SUMMARY, 60_000_00, 70, 30,
            "https://www.office.example/tenders/burglary", "https://portal.example/notices/2027-000123",
            today, later, person.id,
        )  # fmt: skip
        tender = opportunities.draft(session, advert, person, now=now)
        draft = opportunities.draft(session, advert, person, now=now)
        opportunities.advertise(session, tender.id, person, office=office, now=now)
        forum = forums.planned(session)  # of the practice office
        assert forum is not None
        recurring.put_recurring(session, office, today, now)
        publication = session.scalars(select(Deadline.id).where(Deadline.kind == "publication")).first()
        return {
            "forum": f"/desk/forums/{forum.id}",
            "bid": f"/desk/bids/{bid.id}",
            "bid, not pursued": f"/desk/bids/{gone.id}",
            "opportunity, open": f"/desk/opportunities/{tender.id}",
            "opportunity, draft": f"/desk/opportunities/{draft.id}",
            "published": f"/desk/dates/{publication}/published",
        }


def signed_in(site: Site, watched: Watched, path: str) -> None:  # noqa: F811
    opened(watched, f"{site.url}/desk/sign-in?to={path}")
    watched.page.get_by_label("Olive Officer").check()
    pressed(watched, SEND)
    opened(watched, f"{site.url}{path}")


@pytest.mark.parametrize("name", ["dates", "forums", "bids", "opportunities"])
def test_a_list(site: Site, watched: Watched, dated: dict[str, str], name: str) -> None:  # noqa: F811
    assert dated
    signed_in(site, watched, f"/desk/{name}")
    watched.holds(f"office, {name}")


@pytest.mark.parametrize(
    "name", ["forum", "bid", "bid, not pursued", "opportunity, open", "opportunity, draft", "published"]
)
def test_one_of_them(site: Site, watched: Watched, dated: dict[str, str], name: str) -> None:  # noqa: F811
    signed_in(site, watched, dated[name])
    watched.holds(f"office, {name}")


@pytest.mark.parametrize("name", ["bids", "opportunities"])
def test_what_is_wrong_with_a_form(site: Site, watched: Watched, dated: dict[str, str], name: str) -> None:  # noqa: F811
    assert dated
    signed_in(site, watched, f"/desk/{name}")
    pressed(watched, SEND, 422)
    watched.holds(f"office, {name}, errors")


def test_the_public_page(site: Site, watched: Watched, dated: dict[str, str]) -> None:  # noqa: F811
    assert dated
    opened(watched, f"{site.url}/opportunities")
    watched.holds("opportunities")
