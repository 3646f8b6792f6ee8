"""Links that are mailed: signed, for one purpose, revocable, with an end. The record keeps the row, never the token.

A link is nobody's in particular, or was mailed to one address only: whoever comes by such a link has read what is
mailed to that address.
"""

from __future__ import annotations

import hmac
import ipaddress
from datetime import datetime
from typing import Final, Literal

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import events, guarded
from core.errors import Gone, NotFound
from core.records import Application, Award, Deadline, Link, Meeting
from core.rules.lifecycle import ApplicationState

Purpose = Literal[
    "application", "offer", "return", "start", "meeting", "award_feed", "own_feed", "office_feed"
]  # fmt: skip
PATHS: dict[Purpose, str] = {
    "application": "/a/",
    "offer": "/offers/",
    "return": "/returns/",
    "start": "/start/",
    "meeting": "/meetings/",
    "award_feed": "/calendars/award/",
    "own_feed": "/calendars/own/",
    "office_feed": "/calendars/office/",
}

CODE_DIGITS = 8
"""Digits of a code that is typed in: a hundred million codes, of which a few an hour can be tried."""

_NETWORK_BITS: Final = {4: 24, 6: 48}
"""Of an address, by version of IP, what counts as one network: what one customer of a provider, or a few, are given."""

_NETWORK_DIGITS: Final = 32

_UNKNOWN = "We do not know this link. Copy the whole link from the e-mail and try again."


WITHDRAWN = (
    "The office has withdrawn this offer, so it can no longer be answered. We look at your application again and "
    "write to you with what we decide. You need not do anything."
)
"""What whoever opens, or answers, an offer that was withdrawn is told."""


class Signer:
    """Makes and reads tokens. The same secret gives the same token: a mail that is sent again holds the same link."""

    def __init__(self, secret: str, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt=f"award-desk-link-{purpose}")

    def token(self, purpose: Purpose, link: Link) -> str:
        """The token of a link: readable by nobody, forgeable by nobody without the secret."""
        return str(self._serializer(purpose).dumps(link.id))

    def address(self, purpose: Purpose, link: Link) -> str:
        """The whole address to mail, under the public URL."""
        return f"{self._public_url}{PATHS[purpose]}{self.token(purpose, link)}"

    def code(self, about: str) -> str:
        """Digits that follow from `about`: the same each time, guessed by nobody without the secret (CODE_DIGITS)."""
        made = hmac.digest(self._secret.encode(), f"award-desk-code\0{about}".encode(), "sha256")
        return f"{int.from_bytes(made) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def seal(self, salt: str, said: list[int]) -> str:
        """Numbers as a token that nobody without the secret can make; `salt` is what it is for."""
        return str(URLSafeSerializer(self._secret, salt=f"award-desk-{salt}").dumps(said))

    def unseal(self, salt: str, token: str) -> list[int]:
        """What `seal` was given for this `salt`. Raises NotFound for a token that we did not make for it."""
        try:
            return [int(number) for number in URLSafeSerializer(self._secret, salt=f"award-desk-{salt}").loads(token)]
        except BadSignature as error:
            raise NotFound(_UNKNOWN) from error

    def network(self, visitor: str, about: str) -> str:
        """Digits that tell whether two visitors to `about` came from one network, and nothing else of either.

        `visitor` is an IP address; its network is as large as `_NETWORK_BITS` says, so that nobody counts as many by
        taking the next address of their own. The same network has other digits for another `about`, and nobody finds
        it from them without the secret. "" where `visitor` is no IP address.
        """
        try:
            at = ipaddress.ip_address(visitor)
        except ValueError:
            return ""
        at = getattr(at, "ipv4_mapped", None) or at
        near = ipaddress.ip_network((at, _NETWORK_BITS[at.version]), strict=False)
        made = hmac.digest(self._secret.encode(), f"award-desk-network\0{near}\0{about}".encode(), "sha256")
        return made.hex()[:_NETWORK_DIGITS]

    def read(self, purpose: Purpose, token: str) -> int:
        """The link's row number. Raises NotFound for a token that we did not make for this purpose."""
        try:
            number = self._serializer(purpose).loads(token)
        except BadSignature as error:
            raise NotFound(_UNKNOWN) from error
        return int(number)


def standing(session: Session, purpose: Purpose, subject_id: int, address: str = "") -> Link | None:
    """The link to `subject_id` that was not revoked, whether or not it has run out."""
    return session.scalars(
        select(Link).where(
            Link.purpose == purpose,
            Link.subject_id == subject_id,
            Link.address == address,
            Link.revoked_at.is_(None),
        )
    ).one_or_none()


def leading(session: Session, purpose: Purpose, subject_id: int, *, now: datetime, address: str = "") -> Link | None:
    """The link that leads to `subject_id` now: none where it was never made, was revoked, or has run out."""
    link = standing(session, purpose, subject_id, address)
    return None if link is None or _has_ended(session, link, now) else link


def link_for(
    session: Session,
    purpose: Purpose,
    subject_id: int,
    *,
    now: datetime,
    expires_at: datetime | None = None,
    address: str = "",
) -> Link:
    """The link to `subject_id` for `purpose`, made if there is none that still leads there.

    `address` is the key of the one address that it is mailed to, "" where it is shown or mailed to others too. A link
    that has run out stays where another would have run out too: an offer that is over is not opened by a new link.
    """
    link = standing(session, purpose, subject_id, address)
    over = expires_at is not None and expires_at <= now
    if link is not None and (over or not _has_ended(session, link, now)):
        return link
    if link is not None:
        link.revoked_at = now
        session.flush()
    made = Link(purpose=purpose, subject_id=subject_id, address=address, made_at=now, expires_at=expires_at)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # somebody else was first to make it
        link = standing(session, purpose, subject_id, address)
        if link is None:
            raise
        return link
    return made


def first_link(
    session: Session, purpose: Purpose, subject_id: int, *, now: datetime, expires_at: datetime | None = None
) -> Link:
    """The link to what this very transaction has made: nobody else can have made one, so nobody is asked."""
    made = Link(purpose=purpose, subject_id=subject_id, address="", made_at=now, expires_at=expires_at)
    session.add(made)
    return made


def follow(session: Session, signer: Signer, purpose: Purpose, token: str, *, now: datetime) -> int:
    """What the token leads to: the id of an application, an award, a deadline, a meeting, a request for links, or whose
    a calendar feed is.

    Raises NotFound for a token that is not ours, Gone for one that has expired or was revoked.
    """
    return followed(session, signer, purpose, token, now=now).subject_id


def followed(session: Session, signer: Signer, purpose: Purpose, token: str, *, now: datetime) -> Link:
    """The link of a token that leads somewhere. Raises as `follow` does."""
    link = session.get(Link, signer.read(purpose, token))
    if link is None or link.purpose != purpose:
        raise NotFound(_UNKNOWN)
    if purpose == "application" and session.get(Application, link.subject_id) is None:
        raise Gone(
            "This application was never sent, and was deleted because nobody had changed it for a long time. You can "
            "start another from the first page."
        )
    if link.revoked_at is not None and purpose == "offer" and _is_withdrawn(session, link.subject_id):
        raise Gone(WITHDRAWN, "A6")
    if link.revoked_at is not None:
        raise Gone("This link no longer works: it was taken back, or another one was made in its place.")
    if _has_ended(session, link, now):
        raise Gone("This link has expired.")
    return link


def _is_withdrawn(session: Session, award_id: int) -> bool:
    award = session.get(Award, award_id)
    return award is not None and award.withdrawn_at is not None


def revoke_offer(session: Session, award_id: int, *, now: datetime) -> None:
    """Take back the link to an offer that was withdrawn: it says from now on that it was."""
    session.execute(
        update(Link)
        .where(Link.purpose == "offer", Link.subject_id == award_id, Link.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session="fetch")
    )


def _has_ended(session: Session, link: Link, now: datetime) -> bool:
    """Whether it has run out. A draft's link lasts from the last save on, and without an end once it is submitted."""
    if link.expires_at is None:
        return False
    if link.purpose != "application":
        return link.expires_at <= now
    application = session.get(Application, link.subject_id)
    if application is None:
        return True
    lasts = link.expires_at - link.made_at
    return application.status == ApplicationState.DRAFT and application.saved_at + lasts <= now


def revoke(session: Session, application: Application, *, actor: str, now: datetime) -> int:
    """Take back every link of an application, and of all that came of it, at once; answers how many there were.

    Whoever has a right to one is mailed a new one when they ask for it, or with the next letter.
    """
    ways = [and_(Link.purpose == "application", Link.subject_id == application.id)]
    if application.award is not None:
        award = application.award
        deadlines = select(Deadline.id).where(Deadline.award_id == award.id)
        ways.append(and_(Link.purpose.in_(["offer", "award_feed"]), Link.subject_id == award.id))
        ways.append(and_(Link.purpose == "return", Link.subject_id.in_(deadlines)))
        meetings = select(Meeting.id).where(Meeting.award_id == award.id)
        ways.append(and_(Link.purpose == "meeting", Link.subject_id.in_(meetings)))
    taken = update(Link).where(or_(*ways), Link.revoked_at.is_(None)).values(revoked_at=now)
    number = guarded.rows_changed(session, taken.execution_options(synchronize_session="fetch"))
    reference = application.reference or f"draft {application.id}"
    events.append(session, "links_revoked", reference, actor, {"links": number}, now=now)
    return number
