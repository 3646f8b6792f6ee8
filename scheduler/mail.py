"""E-mail: one message as a value, how it is put together, and the mail server that it is handed to.

A mail that is sent again keeps its Message-ID and its Date, so that the reader's mail program knows it for the same.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from scheduler.trouble import Away, Misconfigured, NotNow, Unsendable

SECONDS = 10.0
"""How long a mail server may take to answer each step."""

PERMANENT = 500
"""The first SMTP reply code that means "never", not "not now" (RFC 5321, 4.2.1)."""

SERVICE_ENDS = 421
"""The SMTP reply code with which a server closes the conversation, whatever was asked."""


CALENDAR_NAME = "dates.ics"
"""What an attached calendar is called."""

PUBLISH = "PUBLISH"
"""The method of a calendar file that is only shown. Any other asks a mail program to put, move or take out an entry."""


@dataclass(frozen=True)
class Mail:
    """One e-mail to one person. `made_at` is the aware instant at which it became true, and its Date.

    `mail_from` is whom it comes from, where that is not the sender's own address; `reference` is what the outbox calls
    it, by which a service that keeps references finds it again; `calendar` is an iCalendar file to attach, and
    `calendar_method` what it says a calendar is to do with it.
    """

    to: str
    to_name: str
    subject: str
    text: str
    html: str
    message_id: str
    made_at: datetime
    mail_from: str = ""
    reference: str = ""
    calendar: bytes = b""
    calendar_method: str = PUBLISH


class Sender(Protocol):
    """Hands a mail over."""

    @property
    def name(self) -> str:
        """Who it is that takes or refuses a mail, for the trail."""

    @property
    def tells_later(self) -> bool:
        """Whether it says only later that nobody got a mail which it had taken."""

    def find(self, mail: Mail) -> bool:
        """Whether the service has taken this mail already, at an attempt in doubt. False where it cannot say.

        Raises one of `scheduler.trouble`.
        """

    def send(self, mail: Mail) -> None:
        """Hand it over. Raises one of `scheduler.trouble`."""


def message_id(key: str, made_at: datetime, public_url: str) -> str:
    """The Message-ID of the outbox message with this key: the same each time that it is sent."""
    host = urlsplit(public_url).hostname or "localhost"
    with suppress(ValueError):  # a number is written in brackets (RFC 5321, 4.1.3), a name as it is
        host = f"[IPv6:{host}]" if ipaddress.ip_address(host).version == 6 else f"[{host}]"
    digest = hashlib.sha256(f"{key}\n{made_at.astimezone(UTC).isoformat()}".encode()).hexdigest()[:32]
    return f"<{digest}@{host}>"


_ADDRESS = re.compile(r"""(?:(?P<name>[^<>]*)<(?P<in_name>[^<>]+)>|(?P<bare>[^<>]+))""")
_SPEC = re.compile(r"""[^\s@,;:<>()\[\]"\\]+@[^\s@,;:<>()\[\]"\\]+""")


def address(text: str, name: str = "") -> Address:
    """An address for a header, from `someone@example.org` or `Name <someone@example.org>`. Raises ValueError."""
    found = _ADDRESS.fullmatch(text.strip())
    spec = (found["in_name"] or found["bare"]).strip() if found else ""
    if found is None or _SPEC.fullmatch(spec) is None:
        raise ValueError(f"{text!r} is not an e-mail address")
    try:
        return Address(display_name=_line(name) or _line(found["name"] or ""), addr_spec=spec)
    except (MessageError, IndexError) as error:
        raise ValueError(f"{text!r} is not an e-mail address") from error


def whom_from(mail: Mail, own: str) -> Address:
    """Whom a mail comes from: its own `mail_from` where that is an address, else the sender's own."""
    with suppress(ValueError):
        return address(mail.mail_from)
    return address(own)


def compose(mail: Mail, mail_from: str) -> EmailMessage:
    """The mail as the standard has it: text, HTML beside it, its dates. Raises Unsendable for an impossible address.

    No line break that somebody typed can start a header of its own.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = whom_from(mail, mail_from)
    try:
        message["To"] = address(mail.to, mail.to_name)
    except ValueError as error:
        raise Unsendable(str(error)) from error
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(mail.made_at.astimezone(UTC))
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer, please
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.calendar:
        kind = {"charset": "utf-8", "method": mail.calendar_method}
        if mail.calendar_method != PUBLISH:
            # an invitation stands among the ways to read the mail (RFC 6047, 2.4): so mail programs act on it
            message.add_alternative(mail.calendar, "text", "calendar", cte="base64", params=kind)
        message.add_attachment(mail.calendar, "text", "calendar", filename=CALENDAR_NAME, params=kind)
    return message


def _line(text: str) -> str:
    """One line of text, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class SmtpSender:
    """Sends through a mail server: `smtp://[user:password@]host[:port]` (STARTTLS where offered) or `smtps://`.

    Raises ValueError where the URL or the sender's address cannot be right. Makes no connection before the first mail.
    """

    name = "the mail server"
    tells_later = False

    def __init__(
        self, url: str, mail_from: str, *, timeout: float = SECONDS, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("write it as smtp://host:port or smtps://host:port, with user:password@ before the host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._timeout = timeout
        self._tls = tls
        self._mail_from = mail_from
        address(mail_from)

    def find(self, _mail: Mail) -> bool:
        """A mail server cannot say. A mail that is sent again keeps its Message-ID."""
        return False

    def send(self, mail: Mail) -> None:
        """Send one mail. Raises Unsendable, NotNow, Away or Misconfigured."""
        message = compose(mail, self._mail_from)
        with self._talking() as server:
            server.send_message(message, whom_from(mail, self._mail_from).addr_spec, [address(mail.to).addr_spec])

    def check(self) -> None:
        """Connect and sign in, send nothing. Raises Away or Misconfigured."""
        with self._talking():
            return

    @contextmanager
    def _talking(self) -> Iterator[smtplib.SMTP]:
        """A conversation with the mail server, what it says against us translated."""
        try:
            server = self._connected()
            try:
                server.ehlo_or_helo_if_needed()
                if not self._implicit_tls and server.has_extn("starttls"):
                    server.starttls(context=self._context())
                if self._user:
                    server.login(self._user, self._password)
                yield server
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()  # it has the mail: how the conversation ends no longer matters
            finally:
                server.close()
        except (smtplib.SMTPException, OSError) as error:
            raise self._translated(error) from error

    def _connected(self) -> smtplib.SMTP:
        if self._implicit_tls:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=self._context())
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _translated(self, error: Exception) -> Exception:
        """What is to be done about what the mail server, or the way to it, said."""
        match error:
            case smtplib.SMTPRecipientsRefused():
                code, said = next(iter(error.recipients.values()))
                return _about_this_mail(code, said)
            case smtplib.SMTPDataError():
                return _about_this_mail(error.smtp_code, error.smtp_error)
            case smtplib.SMTPNotSupportedError() if self._user and "AUTH" in str(error):
                return Misconfigured(f"the mail server takes no user and password on this connection: {error}")
            case smtplib.SMTPNotSupportedError():
                return Unsendable(f"the mail server cannot write to such an address: {error}")
            case smtplib.SMTPResponseException():  # the greeting, the sign-in, or our own address
                reason = _said(error.smtp_code, error.smtp_error)
                return Misconfigured(reason) if error.smtp_code >= PERMANENT else Away(reason)
            case ssl.SSLCertVerificationError():
                return Misconfigured(f"the mail server's certificate is not to be trusted: {error}")
        return Away(f"the mail server is away: {str(error) or type(error).__name__}")


def _about_this_mail(code: int, said: bytes | str) -> Exception:
    if code == SERVICE_ENDS:
        return Away(_said(code, said))
    return Unsendable(_said(code, said), str(code)) if code >= PERMANENT else NotNow(_said(code, said))


def _said(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"the mail server answered {code} {_line(words)}"
