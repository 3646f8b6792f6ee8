"""The public page of open funding opportunities and tenders (T4): open funds, and what the office advertises."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from core import funds, opportunities
from core.opportunities import IN_WORDS, OpportunityKind
from core.rules.calendar import financial_year, year_label
from core.rules.sources import paragraph
from intake import pages

blueprint = Blueprint("opportunities", __name__)


@blueprint.get("/opportunities")
def page() -> ResponseReturnValue:
    """Every fund that takes applications and every opportunity that is advertised, each with its envelope."""
    office = pages.office()
    today = office.today()
    year = financial_year(today)
    with office.reading() as session:
        money = funds.positions(session, office.policy, year)
        advertised = [
            {
                "one": one,
                "what": IN_WORDS[OpportunityKind(one.kind)],
                "to_come": one.opens_on > today,
            }
            for one in opportunities.advertised(session, today=today)
        ]
    return pages.page(
        "opportunities.html",
        title="Open opportunities",
        open_funds=[
            {"fund": fund, "closes": fund.closes(today), "position": position}
            for fund, position in zip(office.policy.funds, money, strict=True)
            if fund.is_open(today)
        ],
        to_come=[
            (fund, opens)
            for fund in office.policy.funds
            if fund.open_to_applications and not fund.is_open(today) and (opens := fund.opens(today)) is not None
        ],
        advertised=advertised,
        year=year_label(year),
        portal_over=office.policy.portal_over.value,
        rule=paragraph("T4"),
        portal=office.policy.office.portal_name.value or "the procurement portal",
    )
