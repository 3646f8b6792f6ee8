"""Linking one's own Slack account: a code is mailed to the address on the staff list, and typed into Slack.

Asking answers the same whether or not the address is on the list: that is looked up only when the mail is worded. The
code is kept in no form; it follows from the row of the request, which names the one Slack account that may give it, and
the desk's secret. It is good once, for a while, and for a few tries; the latest is the only one of its account.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from core import absences, events, outbox, people
from core.database import one_at_a_time
from core.errors import Conflict, NotFound, Refused
from core.links import Signer
from core.office import Office, london_day
from core.records import Person, SlackCode
from core.rules.policy import Policy, Role
from core.rules.words import counted

KEPT = timedelta(days=1)
"""How long requests are kept: longer than any of them is good or counts."""

LONGEST_ADDRESS = 254

_ASK_ANEW = "Close this and ask for a new code."


def ask(session: Session, *, team: str, user: str, address: str, policy: Policy, now: datetime) -> SlackCode:
    """Note that this Slack account wants to be linked to whoever has the address, and put the mail into the outbox.

    Whoever asks again has only the new code. Raises Refused for what is no address and where it is asked too often,
    Conflict where the account is linked already.
    """
    address = address.strip().lower()
    local, at, host = address.partition("@")
    if not (local and at and "." in host) or any(one.isspace() for one in address) or len(address) > LONGEST_ADDRESS:
        raise Refused("Enter your office e-mail address, like name@example.org.")
    _refuse_linked(session, team, user)
    one_at_a_time(session, f"slack code {address}", f"slack code {team}/{user}")
    session.execute(delete(SlackCode).where(SlackCode.asked_at < now - KEPT))
    hour = now - timedelta(hours=1)
    most = policy.slack_codes_an_hour.value
    if max(_asked(session, hour, *_of(team, user)), _asked(session, hour, SlackCode.address == address)) >= most:
        raise Refused(
            f"That is too often: {most} codes an hour are sent to one address, and asked for by one account. Use the "
            "latest code, or try again in an hour."
        )
    code = SlackCode(
        slack_team=team, slack_user=user, address=address, nonce=secrets.token_hex(16), tries=0, asked_at=now
    )
    session.add(code)
    session.flush()
    name = f"slack_code:{code.id}"
    outbox.put(session, "slack_code", subject=name, key=name, payload={"slack_code_id": code.id}, now=now)
    return code


def give(session: Session, *, team: str, user: str, code: str, office: Office, now: datetime) -> Person | Refused:
    """Link the account to the person whose mailed code this is; or why not, which is not raised: a try is counted.

    An account that the person had before is theirs no more. They, and the office's officers, are told by mail.
    """
    asked = session.scalars(
        select(SlackCode).where(*_of(team, user)).order_by(SlackCode.id.desc()).limit(1).with_for_update()
    ).first()
    policy = office.policy
    if asked is None or asked.used_at is not None:
        return Refused(f"There is no code that waits for you. {_ASK_ANEW}")
    if now >= good_until(asked, policy):
        minutes = counted(policy.slack_code_minutes.value, "minute")
        return Refused(f"This code has run out: a code is good for {minutes}. {_ASK_ANEW}")
    if asked.tries >= policy.slack_code_tries.value:
        return Refused(f"Too many wrong codes were given, so this one is good no more. {_ASK_ANEW}")
    person = _on_the_list(session, asked)
    typed = "".join(char for char in unicodedata.normalize("NFKC", code) if char.isalnum())
    right = hmac.compare_digest(typed.encode(), code_of(asked, office.signer).encode())
    if not right or person is None:
        asked.tries += 1
        session.flush()
        left = policy.slack_code_tries.value - asked.tries
        if left <= 0:
            return Refused(f"That is not the code, and it can be tried no more. {_ASK_ANEW}")
        again = "once more" if left == 1 else f"{left} more times"
        return Refused(f"That is not the code. Look at the latest mail: you can try {again}.")
    asked.used_at = now
    try:
        _refuse_linked(session, team, user)
    except Conflict as refusal:
        return refusal
    replaced = person.slack_user is not None
    person.slack_team, person.slack_user = team, user
    session.flush()
    told = {"person": person.id, "name": person.name, "account": f"{team}/{user}", "replaced": replaced}
    events.append(session, "slack_linked", people.STAFF_TRAIL, people.actor_of(person), told, now=now)
    officers = absences.who_acts(session, people.holders(session, Role.OFFICER), london_day(now))
    for to in {one.id: one for one in (person, *officers)}.values():
        payload = {"slack_code_id": asked.id, "person_id": person.id, "to_id": to.id, "replaced": replaced}
        outbox.put(
            session,
            "slack_linked",
            subject=f"slack_linked:{to.id}",
            key=f"slack_linked:{asked.id}:{to.id}",
            payload=payload,
            now=now,
        )
    return person


def code_of(asked: SlackCode, signer: Signer) -> str:
    """The code of a request, for its mail."""
    return signer.code(f"{asked.id}:{asked.slack_team}:{asked.slack_user}:{asked.address}:{asked.nonce}")


def spaced(code: str) -> str:
    """A code as it is read and typed: in two halves."""
    half = len(code) // 2
    return f"{code[:half]} {code[half:]}"


def good_until(asked: SlackCode, policy: Policy) -> datetime:
    """The instant from which a code is good no more."""
    return asked.asked_at + timedelta(minutes=policy.slack_code_minutes.value)


def to_mail(session: Session, request_id: int, *, policy: Policy, now: datetime) -> tuple[SlackCode, Person]:
    """What a mail with a code is about. Raises NotFound where there is nobody to mail it to, or nothing to mail now."""
    asked = session.get(SlackCode, request_id)
    latest = (
        None
        if asked is None
        else session.scalar(select(func.max(SlackCode.id)).where(*_of(asked.slack_team, asked.slack_user)))
    )
    if asked is None or asked.id != latest or asked.used_at is not None or now >= good_until(asked, policy):
        raise NotFound("This code is good no more.")
    person = _on_the_list(session, asked)
    if person is None:
        raise NotFound("Nobody on the staff list has this address.")
    return asked, person


def forget(session: Session, person: Person) -> None:
    """Forget the codes that were mailed to somebody who has left."""
    session.execute(delete(SlackCode).where(SlackCode.address == person.email))


def _on_the_list(session: Session, asked: SlackCode) -> Person | None:
    return session.scalars(
        select(Person).where(Person.email == asked.address, Person.active).with_for_update(of=Person)
    ).one_or_none()


def _refuse_linked(session: Session, team: str, user: str) -> None:
    holder = people.by_slack(session, team, user)
    if holder is not None:
        raise Conflict(
            f"This Slack account is linked to {holder.name} already. If that is not you, tell the office at once: "
            "whoever looks after the staff list can change it."
        )


def _of(team: str, user: str) -> tuple[ColumnElement[bool], ...]:
    return (SlackCode.slack_team == team, SlackCode.slack_user == user)


def _asked(session: Session, since: datetime, *about: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(SlackCode).where(*about, SlackCode.asked_at > since)) or 0
