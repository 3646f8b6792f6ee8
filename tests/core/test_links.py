"""Mailed links: forged, for another purpose, expired, revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import links
from core.errors import Gone, NotFound
from core.links import Signer
from core.office import Office
from core.records import Link


def test_a_link_leads_where_it_was_made_to_and_holds_no_secret_of_the_record(office: Office) -> None:
    with office.sessions.begin() as session:
        link = links.link_for(session, "offer", 41, now=office.clock())
        assert links.link_for(session, "offer", 41, now=office.clock()) is link
        token = office.signer.token("offer", link)
        assert links.follow(session, office.signer, "offer", token, now=office.clock()) == 41
        assert office.signer.token("offer", link) == token
        assert office.signer.address("offer", link) == f"http://desk.test/offers/{token}"
        assert office.signer.address("return", link).startswith("http://desk.test/returns/")
        assert office.signer.address("application", link).startswith("http://desk.test/a/")


def test_a_token_that_is_not_ours_is_not_known(office: Office) -> None:
    with office.sessions.begin() as session:
        link = links.link_for(session, "offer", 41, now=office.clock())
        token = office.signer.token("offer", link)
        never_made = Link(id=link.id + 1_000)
        forged = (
            "",
            ".",
            "1",
            token[:-1],
            token + "A",
            ("A" if token[0] != "A" else "B") + token[1:],
            "é" * 20,
            Signer("another secret", "http://desk.test").token("offer", link),
            office.signer.token("return", link),  # signed by us, for another purpose
            office.signer.token("offer", never_made),
        )
        for one in forged:
            with pytest.raises(NotFound):
                links.follow(session, office.signer, "offer", one, now=office.clock())
        for purpose in ("application", "return"):
            with pytest.raises(NotFound):
                links.follow(session, office.signer, purpose, token, now=office.clock())
        other = links.link_for(session, "return", 41, now=office.clock())
        with pytest.raises(NotFound):  # the row is another purpose's, whatever was signed
            links.follow(session, office.signer, "offer", office.signer.token("offer", other), now=office.clock())


def test_a_link_ends_at_its_instant_and_no_sooner(office: Office) -> None:
    ends = office.clock() + timedelta(days=1)
    with office.sessions.begin() as session:
        link = links.link_for(session, "offer", 41, now=office.clock(), expires_at=ends)
        token = office.signer.token("offer", link)
        last = ends - timedelta(microseconds=1)
        assert links.follow(session, office.signer, "offer", token, now=last) == 41
        with pytest.raises(Gone):
            links.follow(session, office.signer, "offer", token, now=ends)


def test_a_revoked_link_is_gone(office: Office) -> None:
    with office.sessions.begin() as session:
        link = links.link_for(session, "application", 7, now=office.clock())
        token = office.signer.token("application", link)
        link.revoked_at = office.clock()
        session.flush()
        with pytest.raises(Gone):
            links.follow(session, office.signer, "application", token, now=office.clock())
