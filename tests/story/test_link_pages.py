"""The pages about links by mail, in a real browser: accessible, valid, and made of what this host alone sent."""

from __future__ import annotations

import pytest

from core import applications
from core.links import PATHS, followed, link_for, revoke
from core.records import LinkRequest
from tests.story.site import TYPED, Site
from tests.story.test_pages import SEND, Watched, markup, opened, pressed, watched  # noqa: F401 - fixtures

MAILED = TYPED["contact_email"]
PUBLIC = {
    "links": "/links",
    "links, asked": "/links/sent",
    "applied before": "/apply/youth-fund/applied-before",
    "applied before, asked": "/apply/youth-fund/applied-before/sent",
}


def number_of(site: Site, path: str) -> int:
    office = site.desk.office
    with office.reading() as session:
        return followed(session, office.signer, "application", path.rsplit("/", 1)[1], now=site.clock()).subject_id


def start(site: Site, *, used: bool) -> str:
    """A link that starts an application from the details of the last time, which may have started one."""
    office, now = site.desk.office, site.clock()
    with office.sessions.begin() as session:
        asked = LinkRequest(kind="start", address=MAILED, fund="youth-fund", asked_at=now)
        asked.started_id = 1 if used else None
        session.add(asked)
        session.flush()
        link = link_for(session, "start", asked.id, now=now, address=MAILED)
        return f"{PATHS['start']}{office.signer.token('start', link)}"


@pytest.mark.parametrize("name", PUBLIC)
def test_a_page_that_anybody_may_open(site: Site, watched: Watched, name: str) -> None:  # noqa: F811
    opened(watched, f"{site.url}{PUBLIC[name]}")
    watched.holds(name)


@pytest.mark.parametrize("name", ["links", "applied before"])
def test_what_is_no_address(site: Site, watched: Watched, name: str) -> None:  # noqa: F811
    opened(watched, f"{site.url}{PUBLIC[name]}")
    pressed(watched, SEND, 422)
    watched.holds(f"{name}, errors")


@pytest.mark.parametrize(
    ("name", "whose", "query"),
    [
        ("come back", "draft, filled", ""),
        ("come back, asked", "draft, filled", "?sent=yes"),
        ("come back, sent", "sent", ""),
    ],
)
def test_coming_back(site: Site, watched: Watched, name: str, whose: str, query: str) -> None:  # noqa: F811
    opened(watched, f"{site.url}{site.paths[whose]}/come-back{query}")
    watched.holds(name)


@pytest.mark.parametrize("used", [False, True])
def test_starting_from_the_details_of_the_last_time(site: Site, watched: Watched, used: bool) -> None:  # noqa: F811
    opened(watched, f"{site.url}{start(site, used=used)}")
    watched.holds("start, used" if used else "start")


def test_the_answers_beside_an_earlier_bid(site: Site, watched: Watched) -> None:  # noqa: F811
    office, now = site.desk.office, site.clock()
    number = number_of(site, site.draft(**{**TYPED, "title": "The same again"}))
    with office.sessions.begin() as session:
        link = link_for(session, "application", number, now=now, address=MAILED)
        path = f"{PATHS['application']}{office.signer.token('application', link)}"
    opened(watched, f"{site.url}{path}/check-answers")
    assert watched.page.get_by_role("heading", name="Have you sent us this before?").is_visible()
    watched.holds("check answers, draft, mailed")


def test_what_was_typed_into_a_form_whose_link_was_revoked(site: Site, watched: Watched) -> None:  # noqa: F811
    office, path = site.desk.office, site.draft()
    opened(watched, f"{site.url}{path}/need")
    watched.page.fill("textarea", "Young people have nowhere to go.\n\nForty told us so.")
    with office.sessions.begin() as session:
        revoke(session, applications.by_id(session, number_of(site, path)), actor="tests", now=site.clock())
    pressed(watched, SEND, 410)
    watched.holds("link revoked, with what was typed")
