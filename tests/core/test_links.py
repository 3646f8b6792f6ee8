"""Mailed links: forged, for another purpose, expired, revoked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core import link_terms, links
from core.errors import Gone, NotFound
from core.links import Signer
from core.office import Office
from core.records import Application, Award, Link
from tests.conftest import Clock
from tests.core import casework


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


def test_one_link_stands_at_a_time_and_each_address_has_its_own(office: Office) -> None:
    now = office.clock()
    with office.sessions.begin() as session:
        first = links.link_for(session, "offer", 41, now=now)
        theirs = links.link_for(session, "offer", 41, now=now, address="kim@boxing.example")
        assert theirs is not first
        assert links.link_for(session, "offer", 41, now=now, address="kim@boxing.example") is theirs
        first.revoked_at = now
        session.flush()
        second = links.link_for(session, "offer", 41, now=now)
        assert second.id not in (first.id, theirs.id)
        assert links.follow(session, office.signer, "offer", office.signer.token("offer", second), now=now) == 41


def test_a_link_that_has_run_out_is_made_anew(office: Office) -> None:
    now = office.clock()
    with office.sessions.begin() as session:
        first = links.link_for(session, "offer", 41, now=now, expires_at=now + timedelta(days=1))
        assert links.link_for(session, "offer", 41, now=now + timedelta(hours=23)) is first
        second = links.link_for(session, "offer", 41, now=now + timedelta(days=1))
        assert second is not first
        assert first.revoked_at is not None


def test_two_who_make_a_link_at_once_have_one(office: Office) -> None:
    def make() -> int:
        with office.sessions.begin() as session:
            return links.link_for(session, "return", 9, now=office.clock(), address="kim@boxing.example").id

    assert len(set(casework.at_once([make] * 6).done)) == 1


def test_a_return_s_link_lasts_a_year_after_the_award_and_then_four_weeks_at_a_time(
    office: Office, clock: Clock
) -> None:
    award_id = casework.active(office)
    with office.sessions.begin() as session:
        award = session.get_one(Award, award_id)
        due = next(one for one in award.deadlines if one.final)
        link = links.standing(session, "return", due.id)
        assert link is not None
        assert link.expires_at == casework.london(date(2028, 11, 1), 0)  # the award ends on 31 October 2027
        clock.now = casework.london(date(2028, 11, 1), 0)
        again = link_terms.link_to(session, "return", due.id, policy=office.policy, now=clock.now)
        assert again is not link
        assert again.expires_at == clock.now + timedelta(days=28)


def test_an_offer_that_is_still_open_is_sent_again_until_its_day_and_not_beyond(office: Office, clock: Clock) -> None:
    award_id = casework.offered(office)
    with office.sessions.begin() as session:
        award = session.get_one(Award, award_id)
        assert links.revoke(session, award.application, actor="tests", now=clock.now) == 2
        link = link_terms.link_to(session, "offer", award_id, policy=office.policy, now=clock.now)
        token = office.signer.token("offer", link)
        end = casework.london(award.accept_by + timedelta(days=1), 0)
        assert link.expires_at == end
        assert links.follow(session, office.signer, "offer", token, now=end - timedelta(seconds=1)) == award_id
        with pytest.raises(Gone):
            links.follow(session, office.signer, "offer", token, now=end)


def test_revoking_is_a_line_of_the_trail_and_reaches_every_link_of_one_application_only(office: Office) -> None:
    award_id, other = casework.active(office), casework.submitted(office)
    with office.sessions.begin() as session:
        award = session.get_one(Award, award_id)
        purposes = {"application": award.application_id, "offer": award.id}
        tokens = {
            purpose: office.signer.token(purpose, links.link_for(session, purpose, subject, now=office.clock()))  # type: ignore[arg-type]
            for purpose, subject in purposes.items()
        }
        taken = links.revoke(session, award.application, actor="tests", now=office.clock())
        assert taken == 2 + sum(one.kind == "return" for one in award.deadlines)
        for purpose, token in tokens.items():
            with pytest.raises(Gone, match="taken back"):
                links.follow(session, office.signer, purpose, token, now=office.clock())  # type: ignore[arg-type]
        assert links.standing(session, "application", other) is not None
        assert links.revoke(session, award.application, actor="tests", now=office.clock()) == 0
    assert [line.data["links"] for line in casework.trail(office, "links_revoked")] == [taken, 0]


def test_the_link_of_a_draft_that_is_gone_is_gone(office: Office) -> None:
    draft = casework.drafted(office)
    with office.sessions.begin() as session:
        link = links.standing(session, "application", draft)
        assert link is not None
        token = office.signer.token("application", link)
        session.delete(session.get_one(Application, draft))
        session.flush()
        with pytest.raises(Gone):
            links.follow(session, office.signer, "application", token, now=office.clock())
