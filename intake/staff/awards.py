"""An award as staff see it: what its recipient asks for and raises, its offer, and the checks before money leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import (
    audit_story,
    award_checks,
    awards,
    bank_details,
    deciding,
    due_lines,
    handing_on,
    issues,
    links,
    mail_refusals,
    measures,
    meeting_notes,
    meetings,
    more_time,
    owning,
    payments,
    people,
)
from core.deciding import WrongInput
from core.due_lines import DueLine
from core.errors import NotFound, Refused
from core.more_time import TimeState
from core.records import Award, Deadline, Meeting, Person, TimeRequest
from core.returns import RETURN
from core.rules.banking import Account
from core.rules.lifecycle import RUNNING, AwardState
from core.rules.payment import CheckKind
from core.rules.policy import Role
from intake import pages
from intake.staff import award_dates, forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent, WrongField

blueprint = Blueprint("staff_awards", __name__)

Action = Callable[[Session, Award, Person], object]

_MOST_QUOTES: Final = 99


@blueprint.get("/desk/awards/<reference>")
def page(reference: str) -> ResponseReturnValue:
    """The award as it stands."""
    return _show(reference, Sent())


def again(reference: str, action: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(reference, forms.again(_key(action)))


def _key(action: str) -> str:
    """What tells one form of the page from another: its action and what it is about."""
    about = forms.typed().get("id", "")
    return f"{action}-{about}" if about else action


@blueprint.post("/desk/awards/<reference>/<action>")
def act(reference: str, action: str) -> ResponseReturnValue:
    """Do one thing about the award. Reading its bank details answers with them, once; all else with the page."""
    if action == "read-bank-details":
        return _read_bank_details(reference, action)
    if action not in _ACTIONS:
        abort(404)

    def run(session: Session, person: Person) -> None:
        _ACTIONS[action](session, awards.by_reference(session, reference.upper()), person)

    back = url_for(".page", reference=reference)
    return forms.do(_key(action), run, lambda sent: _show(reference, sent), back)


def _read_bank_details(reference: str, action: str) -> ResponseReturnValue:
    office, now = pages.office(), pages.office().clock()
    read: list[Account] = []

    def run(session: Session, person: Person) -> None:
        award = awards.by_reference(session, reference.upper())
        read.append(bank_details.read(session, award.id, person, why=_words(), office=office, now=now))

    back = url_for(".page", reference=reference)
    answer = forms.do(_key(action), run, lambda sent: _show(reference, sent), back)
    if not read:
        return answer
    return pages.page(
        "staff/bank_details.html",
        title="Bank details",
        staff=staff_session.staff(),
        reference=reference.upper(),
        account=read[0],
        back=back,
    )


def _words() -> str:
    return forms.typed().get(WORDS, "")


# ----------------------------------------------------------------------------------------------------- the actions


def _request(session: Session, award: Award) -> int:
    request = more_time.by_id(session, forms.number())
    return _of(award, request.award_id, request.id)


def _issue(session: Session, award: Award) -> int:
    issue = issues.by_id(session, forms.number())
    return _of(award, issue.award_id, issue.id)


def _proposal(session: Session, award: Award) -> int:
    proposal = measures.by_id(session, forms.number())
    return _of(award, proposal.award_id, proposal.id)


def _of(award: Award, award_id: int, found: int) -> int:
    """The same, of this award. Raises NotFound for another award's."""
    if award_id != award.id:
        raise NotFound("There is no such thing here. Go back and load the page again.")
    return found


def _agree_time(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    more_time.agree(session, _request(session, award), person, office=office, now=office.clock())


def _decline_time(session: Session, award: Award, person: Person) -> None:
    number = _request(session, award)
    more_time.decline(session, number, person, reason=_words(), now=pages.office().clock())


def _close_issue(session: Session, award: Award, person: Person) -> None:
    issues.close(session, _issue(session, award), person, outcome=_words(), now=pages.office().clock())


def _take_issue(session: Session, award: Award, person: Person) -> None:
    issues.take_over(session, _issue(session, award), person, now=pages.office().clock())


def _agree_measures(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    measures.agree(session, _proposal(session, award), person, office=office, now=office.clock())


def _decline_measures(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    number = _proposal(session, award)
    measures.decline(session, number, person, reason=_words(), office=office, now=office.clock())


def _extend(session: Session, award: Award, person: Person) -> None:
    office = pages.office()
    until = forms.day("until", "Enter the day until which the offer is to stay open")
    awards.extend_offer(session, award.id, person, until=until, reason=_words(), office=office, now=office.clock())


def _revoke_links(session: Session, award: Award, person: Person) -> None:
    actor = people.acting_for_office(person, "take back links", "A2")
    links.revoke(session, award.application, actor=actor, now=pages.office().clock())


def _declare_interest(session: Session, award: Award, person: Person) -> None:
    now = pages.office().clock()
    deciding.declare_interest(session, award.application_id, person, reason=_words(), now=now)


def _give(session: Session, award: Award, person: Person) -> None:
    office, chosen = pages.office(), forms.typed().get("owner", "")
    owner = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 16 else 0
    try:
        handing_on.give(session, award.application_id, person, owner, office=office, now=office.clock())
    except WrongInput as wrong:
        raise WrongField(wrong.field, wrong.reason) from wrong


def _verify(session: Session, award: Award, person: Person) -> None:
    version = forms.number("version")
    if version == 0:
        raise Refused("No bank details were given yet, so there is nothing to verify.", "L5")
    award_checks.verify_bank_details(
        session, award.id, person, note=_words(), version=version, now=pages.office().clock()
    )


def _see_safeguarding(session: Session, award: Award, person: Person) -> None:
    award_checks.see_safeguarding_policy(session, award.id, person, note=_words(), now=pages.office().clock())


def _collect_quotes(session: Session, award: Award, person: Person) -> None:
    said = forms.typed().get("quotes", "").strip()
    if not (said.isascii() and said.isdigit() and len(said) <= 4) or int(said) > _MOST_QUOTES:
        raise WrongField("quotes", "Enter how many quotes came in, as a number such as 3")
    award_checks.collect_quotes(session, award.id, person, quotes=int(said), note=_words(), now=pages.office().clock())


_ACTIONS: Final[Mapping[str, Action]] = {
    "agree-time": _agree_time,
    "decline-time": _decline_time,
    "close-issue": _close_issue,
    "take-issue": _take_issue,
    "agree-measures": _agree_measures,
    "decline-measures": _decline_measures,
    "extend": _extend,
    "revoke-links": _revoke_links,
    "declare-interest": _declare_interest,
    "give": _give,
    "verify-bank-details": _verify,
    "see-safeguarding": _see_safeguarding,
    "collect-quotes": _collect_quotes,
    **award_dates.ACTIONS,
}


# --------------------------------------------------------------------------------------------------------- the page


def _allowed(check: Callable[[], object]) -> bool:
    try:
        check()
    except Refused:
        return False
    return True


def _show(reference: str, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    today = office.today()
    with office.reading() as session:
        award = awards.by_reference(session, reference.upper())
        person = staff_session.acting(session)
        offered = award.status == AwardState.OFFERED
        handles = staff.acts and _allowed(lambda: award_checks.check_handler(session, award, person))
        changes = (
            offered and staff.acts
            and _allowed(lambda: awards.check_recommender(session, award, person, office=office))
        )  # fmt: skip
        requests = list(session.scalars(
            select(TimeRequest).where(TimeRequest.award_id == award.id).order_by(TimeRequest.id.desc())
        ))  # fmt: skip
        raised = issues.of_award(session, award)
        proposal = measures.open_of(session, award)
        shown = bank_details.shown(session, award, office)
        checks = award_checks.of_award(session, award)
        out = staff_session.out_of(session, award.application_id, person)
        keys = _keys(requests, raised, proposal, staff.acts and not out)
        declares = staff.acts and deciding.may_declare_interest(session, award.application, person) is None
        keys |= {"extend"} if changes else set()
        keys |= {"declare-interest"} if declares else set()
        gives = staff.acts and handing_on.may(session, award.application, person) is None
        keys |= {"give"} if gives else set()
        keys |= {"verify-bank-details", "see-safeguarding", "collect-quotes", "read-bank-details"} if handles else set()
        judges = staff.acts and not out
        due = award_dates.shown(session, award, judges=judges, handles=handles, office=office)
        keys |= due.pop("due_keys")
        return forms.page(
            "award.html",
            sent,
            keys,
            title=f"{award.application.organisation_name}: {award.application.title}",
            due=_falling_due(session, award, today),
            returns=[one for one in award.deadlines if one.kind == RETURN and one.closed_at is None],
            meetings=_meetings(session, award),
            runs=AwardState(award.status) in RUNNING,
            owner=owning.looks_after(award.application),
            owners=[(one.id, one.name) for one in handing_on.may_have(session, award.application)] if gives else [],
            gives=gives,
            to_do=meeting_notes.still_to_do(session, award),
            today=today,
            waits=payments.waiting_for_returns(session, award),
            refusing=mail_refusals.refusing(session, [award.application]).get(award.application_id, []),
            proposal=proposal,
            changes=changes,
            declares=declares,
            out=out,
            judges=judges,
            waiting=[one for one in requests if one.status == TimeState.ASKED],
            answered=[one for one in requests if one.status != TimeState.ASKED],
            issues=raised,
            bank=shown,
            verified=award_checks.bank_verified(session, award, checks),
            checks=_checks(session, checks),
            handles=handles,
            reads=handles and staff.role is Role.FINANCE and shown.held,
            story=audit_story.happened(session, award.application, office=office, today=today),
            **due,
            **forms.about(award),
        )


def _meetings(session: Session, award: Award) -> list[tuple[Deadline, Meeting | None]]:
    """Each duty to invite to a meeting (R2), with the meeting that there was, or is to be, for it."""
    last = {one.deadline_id: one for one in sorted(meetings.of_award(session, award), key=lambda one: one.id)}
    return [
        (one, last.get(one.id))
        for one in award.deadlines
        if one.kind == meetings.MEETING and (one.closed_at is None or one.id in last)
    ]


def _falling_due(session: Session, award: Award, today: date) -> list[DueLine]:
    found = sorted((one for one in award.deadlines if one.is_open), key=lambda one: (one.due, one.id))
    return due_lines.lines(session, found, office=pages.office(), today=today)


def _keys(requests: list[Any], raised: list[Any], proposal: Any, acts: bool) -> set[str]:
    """The forms with words in them that the page has now."""
    if not acts:
        return set()
    found = {f"decline-time-{one.id}" for one in requests if one.status == TimeState.ASKED}
    found |= {f"close-issue-{one.id}" for one in raised if one.status == issues.IssueState.OPEN}
    return found | ({f"decline-measures-{proposal.id}"} if proposal is not None else set())


def _checks(session: Session, made: Mapping[CheckKind, Any]) -> dict[str, dict[str, Any]]:
    """The latest check of each kind, with who made it."""
    found = {}
    for kind, check in made.items():
        person = session.get(Person, check.person_id)
        name = person.name if person is not None else "somebody"
        found[kind.value] = {"by": name, "at": check.made_at, "note": check.note, "found": check.found}
    return found
