"""An award's staff page with what falls due in it: its agreement, payments and looks, in a real browser."""

from __future__ import annotations

from datetime import timedelta

from core import agreements, awards, payments
from core.office import london_day
from core.rules.policy import Role
from tests.core.casework import contracted, facts
from tests.story.site import Site
from tests.story.test_contacts_pages import signed_in
from tests.story.test_pages import Watched, markup, opened, pressed, watched  # noqa: F401 - fixtures


def test_what_falls_due_in_a_contract(site: Site, watched: Watched) -> None:  # noqa: F811
    office, now = site.desk.office, site.clock()
    today = london_day(now)
    end = today.replace(day=1, year=today.year + 3)
    number = contracted(office, facts(start=today, end=end, organisation_name="Three Years Ltd"))
    with office.sessions.begin() as session:
        officer = site._person(session, Role.OFFICER)
        reference = awards.by_id(session, number).reference
        returns = [one.due for one in awards.by_id(session, number).deadlines if one.kind == "return"]
        for due, amount in ((None, 500_00), (returns[0], 750_00)):
            planned = today + timedelta(days=30)
            payments.plan(session, number, officer, amount=amount, planned_on=planned, return_due=due, now=now)
        payments.hold(session, number, 1, officer, reason="Until the hall is open again.", now=now)
    signed_in(site, watched)
    opened(watched, f"{site.url}/desk/awards/{reference}")
    watched.holds("desk, contract, to be sent")
    for text in ("Change payment 1", "Change payment 2", "Plan a payment", "Look at it on another day"):
        watched.page.click(f"summary:has-text('{text}')")
    watched.holds("desk, contract, everything open")
    pressed(watched, "button:has-text('Plan the payment')", 422)
    watched.holds("desk, contract, a payment without an amount")
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "plan-payment-amount"
    pressed(watched, "button:has-text('Record this look')", 422)
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "look-outcome"
    with office.sessions.begin() as session:
        agreements.send(session, number, site._person(session, Role.OFFICER), sent_on=today, now=now)
    opened(watched, f"{site.url}/desk/awards/{reference}")
    pressed(watched, "button:has-text('It is signed')", 422)
    watched.holds("desk, contract, signed by nobody")
    watched.page.click(".govuk-error-summary a")
    assert watched.page.evaluate("document.activeElement.id") == "sign-agreement-signed_by"
    watched.page.fill("#sign-agreement-signed_by", "Grace Treasurer")
    for part, text in (("day", str(today.day)), ("month", str(today.month)), ("year", str(today.year))):
        watched.page.fill(f"#sign-agreement-signed-{part}", text)
    watched.page.check("text=It says that it passes to")
    pressed(watched, "button:has-text('It is signed')")
    watched.holds("desk, contract, signed")
    assert watched.page.is_visible("text=It passes to that body.")
