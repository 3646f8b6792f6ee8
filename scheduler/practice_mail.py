"""The practice mailbox as pages: a list and one mail, to read only. Never mounted outside practice."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask import Blueprint, Response, abort, make_response, render_template, request
from markupsafe import Markup, escape

from core.office import london_moment
from scheduler.mail import CALENDAR_NAME
from scheduler.mailbox import KeptMail, PracticeMailbox

PAGE = 50
"""How many mails a page of the list shows."""

_LINK = re.compile(r"https?://[^\s<>\"'()]+[^\s<>\"'().,;:!?]")


def blueprint(mailbox: PracticeMailbox) -> Blueprint:
    """Pages at `/practice/mail` that show this mailbox. They run no script, fetch nothing, change nothing."""
    pages = Blueprint(
        "practice_mail",
        __name__,
        url_prefix="/practice/mail",
        template_folder="pages",
        static_folder="pages/static",
        static_url_path="/static",
    )
    pages.add_app_template_filter(linked, "practice_mail_linked")
    pages.add_app_template_filter(_moment, "practice_mail_moment")

    @pages.get("")
    def mails() -> Response:
        """All mails, newest first, a page at a time."""
        ids = mailbox.ids()
        last = max(1, -(-len(ids) // PAGE))
        number = min(max(request.args.get("page", 1, type=int), 1), last)
        shown = [mailbox.read(mail_id) for mail_id in ids[(number - 1) * PAGE : number * PAGE]]
        return _answer("practice_mail/mails.html", mails=shown, count=len(ids), number=number, last=last)

    @pages.get("/<mail_id>")
    def mail(mail_id: str) -> Response:
        """One mail: its plain text."""
        return _answer("practice_mail/mail.html", mail=_kept(mailbox, mail_id), other="html")

    @pages.get("/<mail_id>/dates.ics")
    def dates(mail_id: str) -> Response:
        """What is attached to it."""
        kept = _kept(mailbox, mail_id)
        if not kept.calendar:
            abort(404)
        kind = f"text/calendar; charset=utf-8; method={kept.calendar_method}"
        response = Response(kept.calendar, content_type=kind)
        response.headers["Content-Disposition"] = f'attachment; filename="{CALENDAR_NAME}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.get("/<mail_id>/formatted")
    def formatted(mail_id: str) -> Response:
        """The same mail's other part, as a reader's mail program would word it: no mark-up of it reaches the page."""
        kept = _kept(mailbox, mail_id)
        return _answer("practice_mail/mail.html", mail=kept, other="text", formatted=_words_of(kept.html))

    return pages


def _kept(mailbox: PracticeMailbox, mail_id: str) -> KeptMail:
    try:
        return mailbox.read(mail_id)
    except KeyError:
        abort(404)


def _answer(template: str, **facts: object) -> Response:
    response = make_response(render_template(template, **facts))
    response.headers["Cache-Control"] = "no-store"  # personal links are in it
    return response


def _moment(kept: KeptMail) -> str:
    return london_moment(kept.at)


def linked(text: str) -> Markup:
    """Text as HTML: everything escaped, web addresses made into links."""
    made, end = Markup(), 0
    for found in _LINK.finditer(text):
        made += escape(text[end : found.start()])
        made += Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(found.group())
        end = found.end()
    return made + escape(text[end:])


def _words_of(html: str) -> list[Markup]:
    """The paragraphs of an HTML mail: its words escaped, its links made anew from their addresses."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return [paragraph for paragraph in reader.paragraphs() if paragraph.strip()]


class _Reader(HTMLParser):
    """Takes the words and links out of our own letters, and nothing else."""

    ENDS = frozenset({"p", "h1", "h2", "li", "div", "br", "ul", "title"})
    SILENT = frozenset({"head", "style", "script"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._paragraphs: list[Markup] = [Markup()]
        self._link: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a paragraph or a link."""
        if tag in self.SILENT:
            self._silent += 1
        if tag in self.ENDS:
            self._paragraphs.append(Markup())
        address = dict(attrs).get("href")
        if tag == "a" and address and address.startswith(("http://", "https://")):
            self._link = address

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag in self.SILENT:
            self._silent -= 1
        if tag in self.ENDS:
            self._paragraphs.append(Markup())
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        """Words: as a link where they are one, and never as mark-up."""
        if self._silent:
            return
        words = escape(data)
        if self._link and data.strip():
            words = Markup('<a href="{}" rel="noreferrer">{}</a>').format(self._link, data)
        self._paragraphs[-1] += words

    def paragraphs(self) -> list[Markup]:
        """What was read."""
        return self._paragraphs
