"""Links by mail: for whoever asks, the same answer to everybody, and nobody flooded."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import applications, awards, link_mail, links, mail_refusals
from core.office import Office
from core.records import Application, Link, LinkRequest, OutboxMessage, Record
from core.rules.lifecycle import ApplicationState
from scheduler.timetable import run_drafts
from tests.core.casework import at_once
from tests.intake.conftest import ANSWERS, Browser, hidden
from tests.intake.mailed import asked, letters, paths

KIM = "kim@boxing.example"
WRONG = [
    "",
    "kim",
    "kim@boxing",
    "kim@boxing.example\r\nBcc: all@example.org",
    "kim@boxing.example\nTo: all@example.org",
    "kim@boxing.example, all@example.org",
    "Kim <kim@boxing.example>",
    "kim@boxing.example%0ABcc:x@example.org",
    "a" * 250 + "@boxing.example",
    "<script>x</script>@boxing.example",
]
ASKING = ["/links", "/apply/youth-fund/applied-before"]


@pytest.fixture
def sent(browser: Browser, filled: str) -> str:
    """The address of a submitted application, whose contact is kim@boxing.example."""
    assert browser.send(f"{filled}/check-answers").status_code == 303
    return filled


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def everything(office: Office) -> dict[str, int]:
    """How many rows each table has."""
    with office.reading() as session:
        tables = Record.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def tokens(office: Office, address: str) -> str:
    """The number of requests for an address."""
    with office.reading() as session:
        return str(session.scalar(select(func.count()).where(LinkRequest.address == address)))


# ---------------------------------------------------------------------------------------------- coming back to a draft


def test_a_draft_is_come_back_to_on_another_device(browser: Browser, office: Office, app: Flask, started: str) -> None:
    browser.send(f"{started}/organisation", {"organisation_name": "Ramsey Boxing Club"})
    answer = browser.send(f"{started}/come-back", {"email": "  Kim@Boxing.Example "})
    assert answer.headers["Location"] == f"{started}/come-back?sent=yes"
    assert "We have e-mailed you the link" in text_of(browser.get(answer.headers["Location"]))
    (letter,) = letters(office, "link_draft")
    assert (letter.to, letter.to_name, letter.reference) == (KIM, "", "")
    assert letter.subject == "Your link to your application to the Youth Fund"
    assert "Ramsey" not in letter.text + letter.html
    (path,) = paths(office, letter)
    assert path.startswith("/a/")
    assert path != started  # whoever comes by it has read what was mailed to the address
    other = Browser(app.test_client())
    assert "Ramsey Boxing Club" in text_of(other.get(f"{path}/organisation"))
    assert [paths(office, one) for one in letters(office, "link_draft")] == [[path]]  # the same mail, the same link


@pytest.mark.one_database
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_address_is_asked_for_again_and_shown(
    browser: Browser, office: Office, started: str, wrong: str
) -> None:
    for path in (*ASKING, f"{started}/come-back"):
        answer = browser.send(path, {"email": wrong})
        assert answer.status_code == 422
        assert 'href="#email"' in text_of(answer)
        assert "<script>x" not in text_of(answer)
    assert asked(office) == 0


def test_a_draft_s_page_offers_the_address_that_was_typed(browser: Browser, started: str) -> None:
    browser.send(f"{started}/contact", ANSWERS["contact"])
    assert f'value="{KIM}"' in text_of(browser.get(f"{started}/come-back"))
    assert f"http://desk.example{started}" in text_of(browser.get(f"{started}/come-back"))


def another(browser: Browser) -> str:
    """The address of another draft."""
    return str(browser.send("/apply/youth-fund").headers["Location"]).rsplit("/", 1)[0]


def test_one_address_is_mailed_three_times_an_hour_whoever_asks(
    browser: Browser, office: Office, clock: Any, app: Flask, started: str
) -> None:
    for path in (started, another(browser), another(browser)):
        assert browser.send(f"{path}/come-back", {"email": KIM}).status_code == 303
    answer = browser.send(f"{started}/come-back", {"email": "KIM@boxing.example"})
    assert answer.status_code == 422
    assert "Wait an hour" in text_of(answer)
    assert "KIM@boxing.example" in text_of(answer)
    for path in (*ASKING * 2, "/links"):
        assert browser.send(path, {"email": KIM}).headers["Location"].endswith("/sent")  # says nothing of it
    assert asked(office) == 3 + 3
    assert browser.send(f"{started}/come-back", {"email": "lee@boxing.example"}).status_code == 303
    clock.forward(hours=1, microseconds=-1)
    assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == 422
    clock.forward(microseconds=1)
    assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == 303


def test_a_stranger_s_asking_does_not_stop_a_draft_s_own_link(
    browser: Browser, office: Office, clock: Any, started: str
) -> None:
    """Neither at the pages where anybody asks, nor by drafts of their own once the address has had this one."""
    for path in ASKING * 4:
        browser.send(path, {"email": KIM})
    assert asked(office) == 3
    assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == 303
    assert [letter.to for letter in letters(office, "link_draft")] == [KIM]  # it has been mailed
    strangers = [another(browser) for _ in range(4)]
    answers = [browser.send(f"{one}/come-back", {"email": KIM}).status_code for one in strangers]
    assert answers == [303, 303, 422, 422]
    for status in (303, 303, 422):  # its own three
        assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == status
    clock.forward(hours=1)
    for one in strangers:
        browser.send(f"{one}/come-back", {"email": KIM})
    assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == 303


def elsewhere(app: Flask, network: str) -> Browser:
    """Somebody in another network."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = network
    return Browser(client)


def test_one_network_does_not_use_up_an_address_for_another(
    browser: Browser, office: Office, app: Flask, started: str
) -> None:
    """Neither for the first mail of a new draft, nor at the pages where anybody asks."""
    stranger = elsewhere(app, "203.0.113.7")
    answers = [stranger.send(f"{another(stranger)}/come-back", {"email": KIM}).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 422]
    neighbour = elsewhere(app, "203.0.113.200")
    assert neighbour.send(f"{another(neighbour)}/come-back", {"email": KIM}).status_code == 422, (
        "it is the same network"
    )
    assert browser.send(f"{started}/come-back", {"email": KIM}).status_code == 303
    for path in ASKING * 4:
        stranger.send(path, {"email": KIM})
    assert asked(office) == 4 + 3
    browser.send("/links", {"email": KIM})
    assert asked(office) == 4 + 3 + 1
    assert [letter.to for letter in letters(office, "link_draft")] == [KIM] * 4


def test_many_networks_flood_nobody(office: Office, app: Flask, started: str) -> None:
    for number in range(5):
        stranger = elsewhere(app, f"2001:db8:{number}::1")
        for _ in range(3):
            stranger.send(f"{another(stranger)}/come-back", {"email": KIM})
            stranger.send("/links", {"email": KIM})
    assert asked(office) == 10 + 10, "as many in an hour as a draft is mailed in a day"


def test_of_a_network_only_digits_are_kept_that_say_nothing_of_it(office: Office, app: Flask) -> None:
    for address in ("203.0.113.7", "203.0.113.8", "::ffff:203.0.113.9", "203.0.114.7"):
        elsewhere(app, address).send("/links", {"email": KIM})
    elsewhere(app, "203.0.113.7").send("/links", {"email": "lee@boxing.example"})
    with office.reading() as session:
        rows = list(session.scalars(select(LinkRequest).order_by(LinkRequest.id)))
        kept = [one.network for one in rows]
    assert kept[0] == kept[1] == kept[2]
    assert len({kept[0], *kept[3:]}) == 3, "another network, and the same where it asks for another address"
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in kept)
    assert links.Signer("another secret", "").network("203.0.113.7", KIM) != kept[0]
    assert office.signer.network("no address", KIM) == ""


def test_one_draft_mails_ten_times_a_day(browser: Browser, office: Office, clock: Any, started: str) -> None:
    for number in range(10):
        assert browser.send(f"{started}/come-back", {"email": f"kim{number}@boxing.example"}).status_code == 303
    assert browser.send(f"{started}/come-back", {"email": "kim10@boxing.example"}).status_code == 422
    clock.forward(days=1)
    assert browser.send(f"{started}/come-back", {"email": "kim10@boxing.example"}).status_code == 303


def test_two_who_ask_at_once_do_not_get_past_the_limit(office: Office, clock: Any) -> None:
    def ask() -> bool:
        with office.sessions.begin() as session:
            return link_mail.ask(session, "list", KIM, policy=office.policy, now=clock.now)

    answers = at_once([ask] * 8)
    assert sorted(answers.done) == [False] * 5 + [True] * 3


def test_requests_are_kept_for_days_only(browser: Browser, office: Office, clock: Any) -> None:
    browser.send("/links", {"email": KIM})
    clock.forward(days=7, seconds=1)
    browser.send("/links", {"email": "lee@boxing.example"})
    assert tokens(office, KIM) == "0"
    with office.reading() as session:  # and no number is given twice, so that no message leads to another's request
        assert session.scalars(select(LinkRequest.id)).all() == [2]


def test_a_mail_about_links_that_is_refused_rings_nobody(browser: Browser, office: Office, started: str) -> None:
    browser.send(f"{started}/come-back", {"email": KIM})
    with office.sessions.begin() as session:
        message = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "link_draft")).one()
        assert not mail_refusals.note(session, message, by="the mail server", code="550", now=office.clock())
        assert session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "mail_refused")).all() == []


# ------------------------------------------------------------------------------------------------ what an address has


@pytest.mark.parametrize("path", ASKING)
def test_the_answer_is_the_same_for_an_address_that_is_known(
    browser: Browser, office: Office, sent: str, path: str
) -> None:
    pages = []
    for address in (KIM, "nobody@elsewhere.example"):
        answer = browser.send(path, {"email": address})
        assert answer.status_code == 303
        shown = text_of(browser.get(answer.headers["Location"]))
        pages.append((answer.headers["Location"], re.sub(r'(nonce|csrf_token" value)="[^"]*"', "", shown)))
    assert pages[0] == pages[1]
    assert asked(office) == 2
    assert [letter.to for letter in letters(office, "link_list", "link_start")] == [KIM]


@pytest.mark.one_database
def test_a_known_address_takes_as_long_as_an_unknown_one(
    browser: Browser, office: Office, clock: Any, sent: str
) -> None:
    page = browser.get("/links")
    fields = hidden(text_of(page))

    def taken(address: str) -> float:
        began = time.perf_counter()
        assert browser.client.post("/links", data={**fields, "email": address}).status_code == 303
        return time.perf_counter() - began

    known, unknown = [], []
    for number in range(15):
        clock.forward(hours=2)  # so that neither asks too often
        known.append(taken(KIM))
        unknown.append(taken(f"nobody{number}@elsewhere.example"))
    assert min(known) < 3 * min(unknown), "the quickest of many, which no other work has held up"
    assert min(unknown) < 3 * min(known)
    assert len(letters(office, "link_list")) == 15


def test_the_list_holds_everything_that_the_address_has(
    browser: Browser, office: Office, clock: Any, acceptance: dict[str, str], offered: Callable[..., str]
) -> None:
    offer = offered()
    draft = str(browser.send("/apply/youth-fund").headers["Location"]).rsplit("/", 1)[0]
    browser.send(f"{draft}/contact", {"contact_name": "Kim", "contact_email": "Kim@Boxing.example"})
    browser.send("/links", {"email": KIM})
    (letter,) = letters(office, "link_list")
    found = paths(office, letter)
    assert [path.split("/")[1] for path in found] == ["offers", "a", "a"]
    assert found[0] == offer
    for path in found:
        assert browser.get(path).status_code == 200
    assert "Friday night gym" not in letter.text  # nothing that was typed
    assert "answer by 21 December 2026" in letter.text
    assert browser.send(offer, acceptance).status_code == 303
    letter = letters(office, "link_list")[-1]
    assert [path.split("/")[1] for path in paths(office, letter)] == ["returns", "a", "a"]
    assert re.search(r"Monitoring return of YF-\S+: due on 11 July 2027", letter.text)
    clock.set_day(date(2027, 7, 12))
    letter = letters(office, "link_list")[-1]
    assert "was due on 11 July 2027" in letter.text
    assert [path.split("/")[1] for path in paths(office, letter)] == ["returns", "returns", "a"]


def test_an_offer_that_has_run_out_is_not_in_the_list(
    browser: Browser, office: Office, clock: Any, offered: Callable[..., str]
) -> None:
    offered()
    browser.send("/links", {"email": KIM})
    for day, listed in ((date(2026, 12, 21), True), (date(2026, 12, 22), False)):
        clock.set_day(day)
        assert ("answer by" in letters(office, "link_list")[-1].text) is listed


def test_nobody_is_mailed_what_is_somebody_elses(browser: Browser, office: Office, app: Flask, sent: str) -> None:
    browser.send(f"{sent}/come-back", {"email": "lee@elsewhere.example"})
    browser.send("/links", {"email": "lee@elsewhere.example"})
    assert letters(office, "link_list") == []  # who was shown an application is not its contact


def test_a_draft_that_was_mailed_is_in_the_list_of_that_address(browser: Browser, office: Office, started: str) -> None:
    browser.send(f"{started}/come-back", {"email": KIM})
    (first,) = letters(office, "link_draft")
    browser.send("/links", {"email": KIM})
    (listed,) = letters(office, "link_list")
    assert paths(office, listed) == paths(office, first)
    assert "not sent yet" in listed.text


# ---------------------------------------------------------------------------------------- scanners, expiry, revocation


def test_a_mail_scanner_changes_nothing(browser: Browser, office: Office, sent: str, started: str) -> None:
    for path, address in (("/links", KIM), ("/apply/youth-fund/applied-before", KIM), (f"{started}/come-back", KIM)):
        browser.send(path, {"email": address})
    found = [path for one in letters(office, "link_list", "link_start", "link_draft") for path in paths(office, one)]
    assert {path.split("/")[1] for path in found} == {"a", "start"}
    before = everything(office)
    for path in (*found, *ASKING, "/links/sent", "/apply/youth-fund/applied-before/sent", f"{started}/come-back"):
        for _ in range(2):
            assert browser.get(path).status_code == 200
            assert browser.client.head(path).status_code == 200
    assert everything(office) == before


def revoke(office: Office) -> int:
    with office.sessions.begin() as session:
        application = session.scalars(select(Application).where(Application.status != ApplicationState.DRAFT)).one()
        return links.revoke(session, application, actor="tests", now=office.clock())


def test_a_revoked_link_stops_at_once_and_another_is_mailed_on_asking(
    browser: Browser, office: Office, accepted: str, return_paths: list[str]
) -> None:
    assert revoke(office) >= 4
    for path in return_paths:
        answer = browser.get(path)
        assert answer.status_code == 410
        assert 'href="/links"' in text_of(answer)
    browser.send("/links", {"email": KIM})
    (letter,) = letters(office, "link_list")
    found = paths(office, letter)
    assert not set(found) & set(return_paths)
    for path in found:
        assert browser.get(path).status_code == 200
    with office.reading() as session:
        award = awards.by_reference(session, accepted)
        assert links.standing(session, "offer", award.id) is None  # nobody has asked for it


def test_what_was_typed_is_shown_when_its_link_was_revoked_meanwhile(
    browser: Browser, office: Office, accepted: str, return_paths: list[str]
) -> None:
    page = text_of(browser.get(return_paths[0]))
    typed = {**hidden(page), "narrative": "A long story <b>of ours</b>.\nWith two lines.", "people": "12"}
    revoke(office)
    answer = browser.client.post(return_paths[0], data=typed)
    assert answer.status_code == 410
    assert "A long story &lt;b&gt;of ours&lt;/b&gt;.\nWith two lines." in text_of(answer)
    assert ">12</dd>" in text_of(answer)
    assert "Csrf token" not in text_of(answer)
    answer = browser.client.post(return_paths[0], data={**typed, "csrf_token": "lost"})
    assert answer.status_code == 410
    assert "A long story" in text_of(answer)


def test_what_was_typed_is_shown_when_it_was_sent_meanwhile(browser: Browser, filled: str) -> None:
    page = hidden(text_of(browser.get(f"{filled}/need")))
    browser.send(f"{filled}/check-answers")
    answer = browser.client.post(f"{filled}/need", data={**page, "csrf_token": "lost", "need": "Another need."})
    assert answer.status_code == 409
    assert "Another need." in text_of(answer)


def test_a_draft_s_link_lasts_from_its_last_save_on(browser: Browser, office: Office, clock: Any, started: str) -> None:
    clock.set_day(date(2027, 5, 22))  # six months after it was started, less a day
    browser.send(f"{started}/organisation", {"organisation_name": "Ramsey Boxing Club"})
    clock.set_day(date(2027, 11, 18))
    assert browser.get(started).status_code == 200
    clock.set_day(date(2027, 11, 25))
    answer = browser.get(started)
    assert answer.status_code == 410
    assert "Get a new link by e-mail" in text_of(answer)
    assert browser.get("/a/unknown").status_code == 404


def test_a_sent_application_s_link_does_not_end(browser: Browser, clock: Any, sent: str) -> None:
    clock.set_day(date(2031, 1, 1))
    assert browser.get(sent).status_code == 200


# --------------------------------------------------------------------------------------- starting from earlier details


def start_path(browser: Browser, office: Office, address: str = KIM) -> str:
    browser.send("/apply/youth-fund/applied-before", {"email": address})
    (path,) = paths(office, letters(office, "link_start")[-1])
    return path


def drafts(office: Office) -> list[Application]:
    with office.reading() as session:
        query = select(Application).where(Application.status == ApplicationState.DRAFT)
        return list(session.scalars(query.order_by(Application.id)))


def press(browser: Browser, path: str, choice: str) -> Any:
    return browser.send(path, {"with": choice})


def test_the_details_of_the_last_time_are_offered_and_taken_over(browser: Browser, office: Office, sent: str) -> None:
    path = start_path(browser, office)
    assert path.startswith("/start/")
    page = text_of(browser.get(path))
    for piece in ("Ramsey Boxing Club", "PE26 1AA", "Kim Archer", KIM):
        assert piece in page
    assert "Friday night gym" not in page
    answer = press(browser, path, "these")
    assert answer.status_code == 303
    (draft,) = drafts(office)
    assert draft.answers == {
        "organisation_name": "Ramsey Boxing Club",
        "organisation_type": "constituted_group",
        "postcode": "PE26 1AA",
        "contact_name": "Kim Archer",
        "contact_email": KIM,
    }
    assert draft.contact_key == KIM
    shown = text_of(browser.get(f"{answer.headers['Location']}/check-answers"))
    assert "Ramsey Boxing Club" in shown


def test_one_may_start_afresh(browser: Browser, office: Office, sent: str) -> None:
    assert press(browser, start_path(browser, office), "nothing").status_code == 303
    (draft,) = drafts(office)
    assert draft.answers == {}


def test_a_start_link_starts_one_draft_however_often_it_is_pressed(browser: Browser, office: Office, sent: str) -> None:
    path = start_path(browser, office)
    first = press(browser, path, "these").headers["Location"]
    assert "started this application" in text_of(browser.get(path))
    assert press(browser, path, "nothing").headers["Location"] == first
    assert len(drafts(office)) == 1


def test_two_presses_at_once_start_one_draft(app: Flask, browser: Browser, office: Office, sent: str) -> None:
    path = start_path(browser, office)

    def pressing() -> str:
        return str(press(Browser(app.test_client()), path, "these").headers["Location"])

    assert len(set(at_once([pressing] * 4).done)) == 1
    assert len(drafts(office)) == 1


def test_a_start_link_ends_after_seven_days(browser: Browser, office: Office, clock: Any, sent: str) -> None:
    path = start_path(browser, office)
    clock.forward(days=7, microseconds=-1)
    assert browser.get(path).status_code == 200
    clock.forward(microseconds=1)
    assert browser.get(path).status_code == 410


def test_details_go_to_their_own_address_alone(browser: Browser, office: Office, sent: str) -> None:
    browser.send("/apply/youth-fund/applied-before", {"email": "lee@elsewhere.example"})
    assert letters(office, "link_start") == []
    assert browser.get("/start/unknown").status_code == 404
    with office.sessions.begin() as session:
        link = session.scalars(select(Link).where(Link.purpose == "application")).first()
        assert link is not None
        token = office.signer.token("application", link)
    assert browser.get(f"/start/{token}").status_code == 404  # another purpose's token


def test_a_fund_that_takes_no_applications_starts_none(by_invitation: Flask, browser: Browser) -> None:
    assert by_invitation.test_client().get("/apply/moj-victims/applied-before").status_code == 404
    assert browser.get("/apply/nothing/applied-before").status_code == 404
    assert browser.get("/apply/nothing/applied-before/sent").status_code == 404


# ------------------------------------------------------------------------------------------- what is known of earlier


def again(browser: Browser, office: Office, *, proven: bool) -> str:
    """The answers of a second application like the first, come to by a mailed link or not."""
    if proven:
        token = press(browser, start_path(browser, office), "these").headers["Location"]
    else:
        token = str(browser.send("/apply/youth-fund").headers["Location"]).rsplit("/", 1)[0]
    draft = drafts(office)[-1]
    with office.sessions.begin() as session:
        typed = {name: text for fields in ANSWERS.values() for name, text in fields.items()}
        applications.save(session, session.get_one(Application, draft.id), typed, now=office.clock())
    return text_of(browser.get(f"{token}/check-answers"))


def test_an_earlier_bid_is_shown_to_its_own_address(browser: Browser, office: Office, sent: str) -> None:
    shown = again(browser, office, proven=True)
    assert "Have you sent us this before?" in shown
    assert re.search(r"YF-2026-\w{6}\), for £2,000, is like this one in its title, amount and dates", shown)
    assert "We show them to nobody else" not in shown


def test_a_stranger_learns_nothing_of_an_earlier_bid(browser: Browser, office: Office, filled: str) -> None:
    without = again(browser, office, proven=False)
    browser.send(f"{filled}/check-answers")
    shown = again(browser, office, proven=False)
    assert "Have you sent us this before?" not in shown

    def plain(page: str) -> str:
        return re.sub(r'nonce="[^"]*"|csrf_token" value="[^"]*"|/a/[\w.-]+', "", page)

    assert plain(shown) == plain(without)  # not even whether there is one


def test_a_bid_of_another_address_is_not_shown(browser: Browser, office: Office, sent: str) -> None:
    shown = again(browser, office, proven=True)
    assert "Have you sent us this before?" in shown
    with office.sessions.begin() as session:
        first = session.scalars(select(Application).where(Application.reference.is_not(None))).one()
        first.contact_key = "lee@elsewhere.example"
        links.revoke(session, first, actor="tests", now=office.clock())
    draft = drafts(office)[-1]
    with office.sessions.begin() as session:
        link = links.standing(session, "application", draft.id, KIM)
        assert link is not None
        path = f"/a/{office.signer.token('application', link)}"
    assert "Have you sent us this before?" not in text_of(browser.get(f"{path}/check-answers"))


def test_an_overdue_return_is_told_to_its_own_address(
    browser: Browser, office: Office, clock: Any, accepted: str
) -> None:
    clock.set_day(date(2027, 7, 11))
    assert "was due on" not in again(browser, office, proven=True)
    clock.now += timedelta(days=1)
    shown = again(browser, office, proven=True)
    assert f"({accepted}) was due on 11 July 2027" in shown
    assert "was due on" not in again(browser, office, proven=False)


def test_a_draft_that_was_deleted_says_so(browser: Browser, office: Office, started: str) -> None:
    browser.send(f"{started}/organisation", {"organisation_name": "Ramsey Boxing Club"})
    day = office.today() + timedelta(days=200)
    assert run_drafts(office, today=day).applications == 1
    for path in (started, f"{started}/organisation", f"{started}/check-answers"):
        answer = browser.get(path)
        assert (answer.status_code, "was never sent, and was deleted" in text_of(answer)) == (410, True)
