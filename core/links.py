"""Links that are mailed: signed, for one purpose, revocable, with an end. The record keeps the row, never the token."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Gone, NotFound
from core.records import Link

Purpose = Literal["application", "offer", "return"]
PATHS: dict[Purpose, str] = {"application": "/a/", "offer": "/offers/", "return": "/returns/"}


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

    def read(self, purpose: Purpose, token: str) -> int:
        """The link's row number. Raises NotFound for a token that we did not make for this purpose."""
        try:
            number = self._serializer(purpose).loads(token)
        except BadSignature as error:
            raise NotFound("We do not know this link. Copy the whole link from the e-mail and try again.") from error
        return int(number)


def link_for(
    session: Session, purpose: Purpose, subject_id: int, *, now: datetime, expires_at: datetime | None = None
) -> Link:
    """The link to `subject_id` for `purpose`, made if it is not there yet."""
    link = session.scalars(select(Link).where(Link.purpose == purpose, Link.subject_id == subject_id)).one_or_none()
    if link is None:
        link = Link(purpose=purpose, subject_id=subject_id, made_at=now, expires_at=expires_at)
        session.add(link)
        session.flush()
    return link


def follow(session: Session, signer: Signer, purpose: Purpose, token: str, *, now: datetime) -> int:
    """What the token leads to: the id of an application, an award or a deadline.

    Raises NotFound for a token that is not ours, Gone for one that has expired or was revoked.
    """
    link = session.get(Link, signer.read(purpose, token))
    if link is None or link.purpose != purpose:
        raise NotFound("We do not know this link. Copy the whole link from the e-mail and try again.")
    if link.revoked_at is not None or (link.expires_at is not None and link.expires_at <= now):
        raise Gone("This link has expired. Ask the office for a new one.")
    return link.subject_id
