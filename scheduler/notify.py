"""GOV.UK Notify as the sender of mail: one template that holds a subject and a body, and nothing else of its own.

Notify reads its own kind of markdown in what it is given. So the body is made from the letter's HTML, whose structure
is ours, and every word in it is escaped: what somebody typed stays words. Notify keeps a reference with each mail, by
which an attempt in doubt is looked up before the mail is sent again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from http import HTTPStatus
from typing import Any, Final

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient

from scheduler.mail import Mail
from scheduler.trouble import Away, Misconfigured, Unsendable

URL: Final = "https://api.notifications.service.gov.uk"

SECONDS: Final = (5, 15)
"""How long Notify may take to be reached, and to answer: a lookup and a mail together fit well into a claim."""

LOOK_AFTER: Final = 10
"""Seconds to wait after an attempt in doubt, so that what Notify took shows in its list before it is looked up."""

RATE_SECONDS: Final = 60
"""Notify counts requests by the minute."""

DAILY_SECONDS: Final = 900
"""How long to wait when the day's mails are used up: they begin anew at midnight, or when Notify raises the limit."""

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
KEY: Final = re.compile(rf"[^\s]*{_UUID}-{_UUID}", re.IGNORECASE)
"""An API key: a name, the service's id, the secret."""

TEMPLATE: Final = re.compile(_UUID, re.IGNORECASE)

PLACES: Final = ("((subject))", "((body))")
"""What the template must hold, as its subject and as its message."""


class NotifySender:
    """Sends through GOV.UK Notify. One thread uses one at a time."""

    name = "GOV.UK Notify"
    tells_later = True

    def __init__(self, key: str, template_id: str, *, url: str = URL, timeout: Any = SECONDS) -> None:
        self._template_id = template_id
        self._client: Any = NotificationsAPIClient(  # type: ignore[no-untyped-call]  # the client is untyped
            key, base_url=url, timeout=timeout
        )

    def find(self, mail: Mail) -> bool:
        """Whether Notify has a mail of this reference. Raises Away or Misconfigured."""
        answer = self._ask(self._client.get_all_notifications, template_type="email", reference=mail.reference)
        found = answer.get("notifications")
        if not isinstance(found, list):
            raise Away("Notify did not say whether it has taken a mail")
        return any(isinstance(one, Mapping) and one.get("reference") == mail.reference for one in found)

    def send(self, mail: Mail) -> None:
        """Send one mail. Raises Unsendable, Away or Misconfigured."""
        self._ask(
            self._client.send_email_notification,
            email_address=mail.to,
            template_id=self._template_id,
            personalisation={"subject": mail.subject, "body": body_of(mail.html)},
            reference=mail.reference,
        )

    def check(self) -> None:
        """See that the key is good and the template as it must be; send nothing. Raises Away or Misconfigured."""
        template = self._ask(self._client.get_template, self._template_id)
        held = (str(template.get("subject")).strip(), str(template.get("body")).strip())
        if template.get("type") != "email" or held != PLACES:
            raise Misconfigured(
                f"the Notify template must be an e-mail whose subject is {PLACES[0]} and whose message is {PLACES[1]}"
            )

    def _ask(self, call: Any, *given: Any, **named: Any) -> dict[str, Any]:
        """Call Notify. What it says against us is sorted by what is to be done about it."""
        try:
            answer = call(*given, **named)
        except APIError as error:
            raise _sorted(error) from error
        if not isinstance(answer, dict):
            raise Away("something else than Notify answered", retry_after=LOOK_AFTER)
        return answer


def _sorted(error: APIError) -> Exception:
    if error.response is None:
        return Away("Notify is away, or did not answer in time", retry_after=LOOK_AFTER)
    status = error.status_code
    kind, said = _first(error)
    if status < HTTPStatus.BAD_REQUEST:  # no JSON where Notify sends it
        return Away("something else than Notify answered", retry_after=LOOK_AFTER)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Away(f"Notify is away: it answered {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        daily = kind == "TooManyRequestsError"
        return Away(f"Notify limits us: {said}", retry_after=DAILY_SECONDS if daily else RATE_SECONDS)
    if status == HTTPStatus.BAD_REQUEST and kind == "ValidationError":
        # All else that it validates is ours and was checked at the start, so this is the address.
        return Unsendable("Notify takes no such address", f"{status} {kind}")
    if status == HTTPStatus.FORBIDDEN:
        return Misconfigured(f"Notify refuses the API key: {said}. Check the key, and this computer's clock")
    return Misconfigured(f"Notify refuses: {status} {said}. Check the API key, the template and the service's settings")


def _first(error: APIError) -> tuple[str, str]:
    """The kind of the first error that Notify names, and its words without a link."""
    found: Any = error.message
    first = found[0] if isinstance(found, list) and found else {}
    if not isinstance(first, Mapping):
        return "", ""
    words = " ".join(str(first.get("message") or "").split())
    return str(first.get("error") or ""), re.sub(r"\s*(?:[-–]\s*)?(?:see\s+)?https?://\S+", "", words)[:200]


def body_of(html: str) -> str:
    """A letter's HTML as Notify's markdown: headings, lists and bare links are marked, and nothing else is."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.markdown()


_INLINE = re.compile(r"([\\`*_\[\]|~])")
_LEADING = re.compile(r"([#+-]|[0-9]+\.)")
_LEADING_UNESCAPABLE = ("^", "•", "=")


def _escaped(text: str) -> str:
    """Words in which Notify reads no mark: each sign of its markdown behind a backslash, as its renderer has it."""
    words = _INLINE.sub(r"\\\1", " ".join(text.split())).replace("://", ": //")
    if found := _LEADING.match(words):
        cut = found.end() - 1
        words = f"{words[:cut]}\\{words[cut:]}"
    return f"\u00a0{words}" if words.startswith(_LEADING_UNESCAPABLE) else words


class _Reader(HTMLParser):
    """Takes the words, headings, lists and links out of our own letters, and nothing else."""

    MARKS: Final[Mapping[str, str]] = {"h2": "# ", "h3": "## ", "li": "* "}
    ENDS = frozenset({"p", "div", "ul", "ol", "br", *MARKS})
    SILENT = frozenset({"head", "style", "script", "h1"})  # the first heading says what the subject does

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._words = ""
        self._mark = ""
        self._links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or a link."""
        self._silent += tag in self.SILENT
        if tag in self.ENDS:
            self._end_line()
            self._space(tag)
            self._mark = self.MARKS.get(tag, "")
        if tag == "a" and (address := dict(attrs).get("href")):
            self._links.append(address)

    def handle_endtag(self, tag: str) -> None:
        """End it; the addresses of its links follow it, each on a line of its own."""
        self._silent -= tag in self.SILENT
        if tag in self.ENDS:
            self._end_line()
            for address in self._links:
                self._lines += ["", address, ""]
            self._links = []
            self._space(tag)

    def handle_data(self, data: str) -> None:
        """Take the words."""
        if not self._silent:
            self._words += data

    def _space(self, tag: str) -> None:
        """Leave an empty line around what is a paragraph of its own; items and lines of one stay together."""
        if tag not in ("li", "br"):
            self._lines.append("")

    def _end_line(self) -> None:
        words = _escaped(self._words)
        if words:
            self._lines.append(f"{self._mark}{words}")
            self._mark = ""
        self._words = ""

    def markdown(self) -> str:
        """All of it."""
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip() + "\n"
