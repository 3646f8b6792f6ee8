"""The practice mailbox's pages: what a person reads there, and that nothing in a mail can act on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from scheduler.mail import Mail
from scheduler.mailbox import PracticeMailbox
from scheduler.practice_mail import PAGE, blueprint, linked

MADE = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
HTML = (
    '<!doctype html><html lang="en-GB"><head><title>T</title><style>p{}</style></head><body style="color:red">'
    '<p onclick="evil()">Hello <b>Ada</b> &lt;script&gt;</p><script>evil()</script>'
    '<p><a href="https://desk.example.org/offers/abc">Read the offer</a> <a href="javascript:evil()">no</a></p>'
    '<img src="https://evil.example/x.png"></body></html>'
)


@pytest.fixture
def mailbox(tmp_path: Path) -> PracticeMailbox:
    return PracticeMailbox(tmp_path / "mail", "grants@desk.example.org")


@pytest.fixture
def client(mailbox: PracticeMailbox) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint(mailbox))
    return app.test_client()


def put(mailbox: PracticeMailbox, number: int = 1, **changes: Any) -> None:
    parts: dict[str, Any] = {
        "to": "ada@riverside.example",
        "to_name": "Ada",
        "subject": f"Mail {number}",
        "text": "Read <it> & answer:\n\nhttps://desk.example.org/offers/abc\n\nSee (https://desk.example.org/a/x).\n",
        "html": HTML,
    }
    made_at = MADE + timedelta(minutes=number)
    mailbox.send(Mail(**{**parts, **changes}, message_id=f"<{number}@desk>", made_at=made_at))


def test_an_empty_mailbox_says_what_to_do(client: FlaskClient) -> None:
    page = client.get("/practice/mail")
    assert page.status_code == 200
    assert "There is no mail yet" in page.text
    assert "Nothing here leaves this computer" in page.text


def test_the_list_is_newest_first_and_leads_to_each_mail(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    put(mailbox, 1)
    put(mailbox, 2, subject='<b>"Two"</b>')
    page = client.get("/practice/mail")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.text.index("&lt;b&gt;&#34;Two&#34;&lt;/b&gt;") < page.text.index("Mail 1")
    assert "1 July 2026 at 11:02am" in page.text  # London's summer time
    for path in re.findall(r'href="(/practice/mail/\d[^"]+)"', page.text):
        assert client.get(path).status_code == 200


def test_a_mails_text_is_shown_with_its_links(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    put(mailbox)
    page = client.get(f"/practice/mail/{mailbox.ids()[0]}").text
    assert "Read &lt;it&gt; &amp; answer" in page
    assert re.findall(r'href="(https?:[^"]+)"', page) == [
        "https://desk.example.org/offers/abc",
        "https://desk.example.org/a/x",
    ]


def test_a_mails_html_is_shown_as_words_and_links_only(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    put(mailbox)
    page = client.get(f"/practice/mail/{mailbox.ids()[0]}/formatted").text
    assert "Hello Ada &lt;script&gt;" in page
    assert '<a href="https://desk.example.org/offers/abc" rel="noreferrer">Read the offer</a>' in page
    for danger in ("evil", "<script", "style=", "<img", "onclick", "javascript:"):
        assert danger not in page


def test_a_page_of_the_list_has_a_next_one(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    for number in range(PAGE + 1):
        put(mailbox, number)
    first = client.get("/practice/mail").text
    assert "Older mails" in first
    assert "Mail 0<" not in first
    second = client.get("/practice/mail?page=2").text
    assert "Mail 0<" in second
    assert client.get("/practice/mail?page=99").text == second
    assert client.get("/practice/mail?page=-1&x=").text == first
    assert client.get("/practice/mail?page=abc").text == first


@pytest.mark.parametrize(
    "path", ["nothing", "20260701T100000000000-aaaaaaaaaaaa", "..%2f..%2fetc", "nothing/formatted"]
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/practice/mail/{path}").status_code == 404


def test_nothing_is_taken_but_get(client: FlaskClient) -> None:
    assert client.post("/practice/mail").status_code == 405


def test_the_pages_live_under_a_strict_policy(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    put(mailbox)
    for path in ("", f"/{mailbox.ids()[0]}", f"/{mailbox.ids()[0]}/formatted"):
        page = client.get(f"/practice/mail{path}").text
        assert " style=" not in page
        assert "<style" not in page
        assert "<script" not in page
        assert page.count("<h1>") == 1
        assert '<html lang="en-GB">' in page
        sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', page)
        assert sheet is not None
        with client.get(sheet[1]) as style:
            assert style.mimetype == "text/css"
            assert b"url(" not in style.data


def test_a_link_ends_where_its_sentence_does() -> None:
    assert linked('https://a.example/x, "https://b.example/y".') == (
        '<a href="https://a.example/x" rel="noreferrer">https://a.example/x</a>, '
        '&#34;<a href="https://b.example/y" rel="noreferrer">https://b.example/y</a>&#34;.'
    )


def test_what_is_attached_can_be_fetched(client: FlaskClient, mailbox: PracticeMailbox) -> None:
    put(mailbox, 1, calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    put(mailbox, 2)
    without, attached = mailbox.ids()
    address = f"/practice/mail/{attached}/dates.ics"
    assert f'href="{address}"' in client.get(f"/practice/mail/{attached}").get_data(as_text=True)
    fetched = client.get(address)
    assert fetched.get_data() == b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    assert fetched.headers["Content-Type"].startswith("text/calendar")
    assert "dates.ics" not in client.get(f"/practice/mail/{without}").get_data(as_text=True)
    assert client.get(f"/practice/mail/{without}/dates.ics").status_code == 404
