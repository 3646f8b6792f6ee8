"""E-mail: how a mail is put together, what a real mail server gets, what its answers mean; the practice mailbox."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from scheduler.mail import Mail, SmtpSender, address, compose, message_id
from scheduler.mailbox import PracticeMailbox
from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable
from tests.running import own_port

FROM = "Grants team <grants@desk.example.org>"
MADE = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MAIL = Mail(
    to="ada@riverside.example",
    to_name="Ada Applicant",
    subject="We offer you £2,000",
    text="Dear Ada,\n\n£2,000 is yours.\nhttps://desk.example.org/offers/abc\n",
    html="<p>Dear Ada</p>",
    message_id=message_id("offer:1", MADE, "https://desk.example.org"),
    made_at=MADE,
)


@dataclass
class Post:
    """A mail server's handler: it keeps what it takes, and answers what it is told to."""

    rcpt: str = "250 OK"
    sender: str = "250 OK"
    data: str = "250 Message accepted"
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Envelope, at: str, _options: Any) -> str:  # noqa: N802
        if self.sender.startswith("2"):
            envelope.mail_from = at
        return self.sender

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, at: str, _options: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(at)
        return self.rcpt

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.data.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
            self.envelopes.append(envelope)
            self.over_tls.append(session.ssl is not None)
        return self.data

    def signs_in(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        self.signed_in.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password == b"p@ss/word", handled=False)


@contextmanager
def post_office(post: Post, **settings: Any) -> Iterator[int]:
    with closing(own_port()) as kept:
        port = int(kept.getsockname()[1])
        controller = Controller(post, hostname="127.0.0.1", port=port, **settings)
        controller.start()
        try:
            yield port
        finally:
            controller.stop()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def port(post: Post) -> Iterator[int]:
    with post_office(post) as number:
        yield number


def sender(port: int, *, timeout: float = 30, **settings: Any) -> SmtpSender:
    return SmtpSender(f"smtp://127.0.0.1:{port}", FROM, timeout=timeout, **settings)


def test_a_mail_arrives_whole(post: Post, port: int) -> None:
    sender(port).send(MAIL)
    (taken,) = post.taken
    (envelope,) = post.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("grants@desk.example.org", ["ada@riverside.example"])
    assert str(taken["From"]) == FROM
    assert str(taken["To"]) == "Ada Applicant <ada@riverside.example>"
    assert str(taken["Subject"]) == "We offer you £2,000"
    assert taken["Date"].datetime == MADE
    assert taken["Message-ID"] == MAIL.message_id
    assert taken["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in taken.iter_parts()] == ["text/plain", "text/html"]
    plain = taken.get_body(preferencelist=("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text
    html = taken.get_body(preferencelist=("html",))
    assert html is not None
    assert html.get_content().strip() == MAIL.html


def test_a_mail_sent_again_is_the_same_to_the_byte_but_for_its_boundary(post: Post, port: int) -> None:
    sender(port).send(MAIL)
    sender(port).send(MAIL)
    first, second = post.taken
    headers = ("From", "To", "Subject", "Date", "Message-ID")
    assert [first[name] for name in headers] == [second[name] for name in headers]


@pytest.mark.parametrize(
    ("part", "answer", "means"),
    [
        ("rcpt", "550 No such user", Unsendable),
        ("rcpt", "450 Greylisted", NotNow),
        ("rcpt", "452 Mailbox full", NotNow),
        ("rcpt", "421 Closing", Away),
        ("data", "554 Refused by policy", Unsendable),
        ("data", "451 Try later", NotNow),
        ("sender", "553 Not your address", Misconfigured),
        ("sender", "451 Too many mails", Away),
    ],
)
def test_what_a_servers_answers_mean(post: Post, port: int, part: str, answer: str, means: type[Exception]) -> None:
    setattr(post, part, answer)
    with pytest.raises(means) as refusal:
        sender(port).send(MAIL)
    assert type(refusal.value) is means
    assert answer.split(maxsplit=1)[0] in str(refusal.value)
    assert post.taken == []


def test_the_code_of_a_refusal_is_kept(post: Post, port: int) -> None:
    post.rcpt = "550 5.1.1 No such user"
    with pytest.raises(Unsendable) as refusal:
        sender(port).send(MAIL)
    assert refusal.value.code == "550"


def test_no_server_is_away(post: Post) -> None:
    with post_office(post) as number:
        pass
    with pytest.raises(Away):
        sender(number).send(MAIL)


def test_a_server_that_hangs_is_away() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent, pytest.raises(Away):
        sender(int(silent.getsockname()[1]), timeout=1).send(MAIL)


def test_a_server_that_drops_the_line_after_taking_a_mail_has_taken_it() -> None:
    """Only the answer to the mail counts, not how the conversation ends."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=_take_and_hang_up, args=(listening,))
        thread.start()
        sender(int(listening.getsockname()[1])).send(MAIL)
        thread.join()


def _take_and_hang_up(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb") as talk:
        talk.write(b"220 here\r\n")
        talk.flush()
        for answer in (b"250 me", b"250 from", b"250 to", b"354 go on"):
            talk.readline()
            talk.write(answer + b"\r\n")
            talk.flush()
        while talk.readline() != b".\r\n":
            continue
        talk.write(b"250 taken\r\n")
        talk.flush()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_signing_in_with_an_encoded_password(post: Post) -> None:
    settings = {"authenticator": post.signs_in, "auth_required": True, "auth_require_tls": False}
    with post_office(post, **settings) as number:
        SmtpSender(f"smtp://desk%40example.org:p%40ss%2Fword@127.0.0.1:{number}", FROM, timeout=30).send(MAIL)
        assert post.signed_in == [("desk@example.org", "p@ss/word")]
        assert len(post.taken) == 1
        with pytest.raises(Misconfigured, match="535"):
            SmtpSender(f"smtp://desk:wrong@127.0.0.1:{number}", FROM, timeout=30).check()


def test_a_password_where_none_is_taken_is_the_offices_to_mend(port: int) -> None:
    with pytest.raises(Misconfigured):
        SmtpSender(f"smtp://desk:word@127.0.0.1:{port}", FROM, timeout=30).check()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


def test_starttls_is_used_where_it_is_offered(post: Post, certificate: tuple[Path, Path]) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    with post_office(post, tls_context=server, require_starttls=True) as number:
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        sender(number, tls=trusting).send(MAIL)
        assert post.over_tls == [True]
        with pytest.raises(Misconfigured, match="certificate"):
            sender(number).send(MAIL)


def test_smtps_speaks_tls_from_the_first_byte(post: Post, certificate: tuple[Path, Path]) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*certificate)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=_greet_over_tls, args=(listening, server))
        thread.start()
        trusting = ssl.create_default_context(cafile=str(certificate[0]))
        number = int(listening.getsockname()[1])
        SmtpSender(f"smtps://127.0.0.1:{number}", FROM, timeout=30, tls=trusting).check()
        thread.join()


def _greet_over_tls(listening: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listening.accept()
    with context.wrap_socket(plain, server_side=True) as connection, connection.makefile("rwb") as talk:
        for answer in (b"220 here", b"250 me", b"221 bye"):
            talk.write(answer + b"\r\n")
            talk.flush()
            with suppress(OSError):
                talk.readline()


@pytest.mark.parametrize("url", ["", "http://mail.example.org", "smtp://", "mail.example.org:25"])
def test_an_address_of_no_mail_server_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://"):
        SmtpSender(url, FROM)


@pytest.mark.parametrize("mail_from", ["", "nobody", "a@b@c", "Grants <>"])
def test_an_impossible_sender_is_refused_at_once(mail_from: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        SmtpSender("smtp://mail.example.org", mail_from)


@pytest.mark.parametrize(
    "text",
    [
        "x\r\nBcc: everybody@example.org",
        "x\nSubject: Another",
        "x\r\n\r\n<p>body</p>",
        "x\u2028Bcc: y@example.org",
        "x\x00\x0by",
    ],
)
def test_no_typed_text_starts_a_header(text: str) -> None:
    message = compose(replace(MAIL, subject=text, to_name=text), FROM)
    again = message_from_bytes(message.as_bytes(), policy=policy.default)
    assert again["Bcc"] is None
    assert len(again.get_all("Subject", [])) == 1
    assert [one.addr_spec for one in again["To"].addresses] == ["ada@riverside.example"]


@pytest.mark.parametrize(
    "to", ["", "nobody", "a@b, c@d", "a@b\r\nBcc: c@d", "a b@c", "<a@b", "ada@riverside.example, eve@evil.example"]
)
def test_an_impossible_address_is_refused_for_good(to: str) -> None:
    with pytest.raises(Unsendable):
        compose(replace(MAIL, to=to), FROM)


def test_an_address_with_a_name() -> None:
    assert address("Grants team <grants@desk.example.org>").display_name == "Grants team"
    assert address("grants@desk.example.org", "A, B").addr_spec == "grants@desk.example.org"


def test_a_message_id_is_the_messages_own_for_ever() -> None:
    first = message_id("offer:1", MADE, "https://desk.example.org")
    assert first == message_id("offer:1", MADE, "https://desk.example.org/")
    assert first.endswith("@desk.example.org>")
    assert len({first, message_id("offer:2", MADE, "https://desk.example.org")}) == 2
    assert message_id("offer:1", MADE, "http://127.0.0.1:8000").endswith("@[127.0.0.1]>")
    assert message_id("offer:1", MADE, "http://[::1]:8000").endswith("@[IPv6:::1]>")


def test_the_practice_mailbox_keeps_each_mail_once(tmp_path: Path) -> None:
    mailbox = PracticeMailbox(tmp_path / "mail", FROM)
    assert mailbox.mails() == []
    mailbox.send(MAIL)
    mailbox.send(MAIL)
    later = datetime(2026, 11, 23, 10, 0, 1, tzinfo=UTC)
    mailbox.send(replace(MAIL, subject="Another", message_id="<2@desk>", made_at=later))
    assert [kept.subject for kept in mailbox.mails()] == ["Another", "We offer you £2,000"]
    kept = mailbox.read(mailbox.ids()[1])
    assert kept.text == MAIL.text
    assert kept.html.strip() == MAIL.html
    assert kept.to == "Ada Applicant <ada@riverside.example>"
    assert kept.message_id == MAIL.message_id
    assert kept.at == MADE
    assert [place.suffix for place in (tmp_path / "mail").iterdir()] == [".eml", ".eml"]


def test_the_practice_mailbox_answers_for_no_other_file(tmp_path: Path) -> None:
    mailbox = PracticeMailbox(tmp_path / "mail", FROM)
    (tmp_path / "secret.eml").write_text("secret")
    for name in ("../secret", "secret", "", "20261123T100000000000-000000000000"):
        with pytest.raises(KeyError):
            mailbox.read(name)


def test_a_mailbox_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(Away):
        PracticeMailbox(tmp_path / "mail", FROM).send(MAIL)
