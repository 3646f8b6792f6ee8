"""Who we write to: asked on one page of the form, changed by staff and by the recipient, in a real browser."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from core import applications, contacts, mail_refusals, payments
from core.contacts import Contacts
from core.records import Application, OutboxMessage
from core.rules.policy import Role
from tests.story.site import Site
from tests.story.test_pages import SEND, Watched, markup, opened, pressed, watched  # noqa: F401 - fixtures

SAM = {"second_name": "Sam Second", "second_email": "sam@boxing.example"}


def signed_in(site: Site, watched: Watched) -> None:  # noqa: F811
    opened(watched, f"{site.url}/desk/sign-in")
    watched.page.check("text=Olive Officer")
    pressed(watched, SEND)


def test_a_second_person_is_asked_for_on_the_contacts_page(site: Site, watched: Watched) -> None:  # noqa: F811
    opened(watched, f"{site.url}{site.draft()}/contact")
    watched.holds("form, contacts")
    watched.page.fill("#contact_name", "Kim Archer")
    watched.page.fill("#contact_email", "kim@boxing.example")
    watched.page.fill("#second_name", "Sam Second")
    watched.page.fill("#second_email", "Kim@boxing.example")
    pressed(watched, SEND, 422)
    watched.holds("form, contacts, the same address")
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "second_email"


def test_the_recipient_changes_the_second_contact(site: Site, watched: Watched) -> None:  # noqa: F811
    award = site.accepted(title="A second contact")
    opened(watched, f"{site.url}{site.path('offer', award.id)}")
    pressed(watched, "text=Name a second person")
    watched.holds("second contact, nobody")
    watched.page.fill("#second_name", "Sam Second")
    pressed(watched, SEND, 422)
    watched.holds("second contact, wrong")
    watched.page.fill("#second_email", "sam@boxing.example")
    pressed(watched, SEND)
    watched.holds("offer, accepted, with a second contact")
    pressed(watched, "text=Change the second contact")
    watched.holds("second contact, somebody")
    watched.page.fill("#second_name", "")
    watched.page.fill("#second_email", "")
    pressed(watched, SEND)
    watched.holds("second contact, taken away")


def test_the_office_changes_who_we_write_to(site: Site, watched: Watched) -> None:  # noqa: F811
    award = site.accepted(title="Another address", **SAM)
    office, now = site.desk.office, site.clock()
    with office.sessions.begin() as session:
        mail = session.scalars(
            select(OutboxMessage).where(OutboxMessage.kind == "offer").order_by(OutboxMessage.id.desc())
        ).first()
        assert mail is not None
        mail_refusals.note(session, mail, by="the mail server", code="550", now=now)
    signed_in(site, watched)
    opened(watched, f"{site.url}/desk/awards/{award.reference}")
    pressed(watched, watched.page.get_by_role("link", name="Change who we write to"))
    watched.holds("desk, who we write to, refused")
    watched.page.fill("#contacts-contact_email", "new@boxing.example")
    pressed(watched, SEND, 422)
    watched.holds("desk, who we write to, no reason")
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "contacts-words"
    watched.page.fill("#contacts-words", "Kim rang from the club's own number: the old mailbox is closed.")
    pressed(watched, SEND)
    watched.holds("desk, who we write to, changed")
    with office.reading() as session:
        found = contacts.of(applications.by_id(session, award.application_id))
    assert found == Contacts("Kim Archer", "new@boxing.example", *SAM.values())


def test_what_waits_for_a_return_is_on_every_page(site: Site, watched: Watched) -> None:  # noqa: F811
    award = site.accepted(title="A payment that waits")
    office, now = site.desk.office, site.clock()
    number, due = site.dues(award)[0]
    with office.sessions.begin() as session:
        officer = site._person(session, Role.OFFICER)
        day = due + timedelta(days=14)
        payments.plan(session, award.id, officer, amount=750_00, planned_on=day, return_due=due, now=now)
        application = session.get_one(Application, award.application_id).id
    for name, path in (("return", site.path("return", number)), ("status", site.path("application", application))):
        opened(watched, f"{site.url}{path}")
        watched.page.wait_for_selector("text=We can pay the")
        watched.holds(f"{name}, a payment waits")
    signed_in(site, watched)
    opened(watched, f"{site.url}/desk/awards/{award.reference}")
    watched.holds("desk, award, a payment waits")
