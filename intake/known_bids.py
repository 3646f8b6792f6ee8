"""What is shown beside the answers of what an organisation has with the office already.

Only somebody who came by a link that was mailed to one address sees anything, and only of applications that name this
address. Nobody else learns whether there is anything: an organisation's name can be typed by anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from core import organisations
from core.links import followed
from core.organisations import EarlierBid, OverdueReturn
from core.records import Application
from core.rules.organisations import Bid, keys_of
from core.rules.questions import ApplicationFacts
from intake import pages

MOST = 3
"""How many earlier bids are shown, the latest first."""


@dataclass(frozen=True)
class KnownBids:
    """What is known of the same organisation, of this reader's own address.

    `proven` says whether the reader came by a link that was mailed to one address alone; `blocks` whether nothing more
    is approved while a return is overdue.
    """

    proven: bool
    earlier: tuple[EarlierBid, ...] = ()
    overdue: tuple[OverdueReturn, ...] = ()
    blocks: bool = False


def known_bids(session: Session, token: str, application: Application, facts: ApplicationFacts | None) -> KnownBids:
    """What the answers' page shows of earlier bids that look like this one, and of returns that are overdue."""
    office = pages.office()
    address = followed(session, office.signer, "application", token, now=office.clock()).address
    if not address or facts is None:
        return KnownBids(proven=bool(address))
    keys = keys_of(facts.organisation_name, facts.postcode, facts.charity_number, facts.company_number)
    bid = Bid(facts.title, facts.amount, facts.start, facts.end)
    today = office.today()
    earlier = organisations.earlier_bids(session, keys, bid, policy=office.policy, today=today, but=application.id)
    overdue = organisations.overdue_returns(session, keys, today=today)
    return KnownBids(
        proven=True,
        earlier=tuple(one for one in earlier if one.contact_key == address)[:MOST],
        overdue=tuple(one for one in overdue if one.contact_key == address),
        blocks=office.policy.overdue_return_blocks.value,
    )


def reader(session: Session, token: str) -> str:
    """The one address to which the link was mailed by which the reader came, by its key; "" where that is not known."""
    office = pages.office()
    return followed(session, office.signer, "application", token, now=office.clock()).address or ""
