"""An application as staff see it: what was said, what the rules say, what else is known, and asking about it.

It is recommended and decided on in Slack, on its card.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import applications, asking, audit_story, due_for_deletion, entering, mail_refusals, organisations
from core.answers_given import Given, answers_given
from core.as_shown import application_as_shown, what_it_says
from core.documents import Owner
from core.errors import NotFound
from core.records import Application, Person
from core.rules.lifecycle import ApplicationState
from core.shown import mark
from intake import pages
from intake.staff import documents, forms
from intake.staff import session as staff_session
from intake.staff.forms import WORDS, Sent

blueprint = Blueprint("staff_applications", __name__)


def found(session: Session, reference: str) -> Application:
    """The application of a reference, however its letters are typed. Raises NotFound."""
    return applications.by_reference(session, reference.upper())


@blueprint.get("/desk/applications/<reference>")
def page(reference: str) -> ResponseReturnValue:
    """The application as it stands."""
    return _show(reference, Sent())


@blueprint.post("/desk/applications/<reference>/<action>")
def act(reference: str, action: str) -> ResponseReturnValue:
    """Put a question, or take it back; or say what of it was deleted by hand."""
    office, now = pages.office(), pages.office().clock()

    def ask(session: Session, person: Person) -> None:
        application = found(session, reference)
        if asking.may(session, application, person, "query") is None:  # who may not is told so first
            application = application_as_shown(session, application.id, pages.seen(), office.policy)
        words, may_correct = forms.typed().get(WORDS, ""), forms.typed().get("may_correct") == "yes"
        asking.ask(session, application, person, words, office=office, now=now, may_correct=may_correct)

    def take_back(session: Session, person: Person) -> None:
        asked = asking.by_id(session, forms.number())
        if asked.application_id != found(session, reference).id or asked.return_id is not None:
            raise NotFound("There is no such question here.")
        asking.take_back(session, asked.id, person, now=now)

    def record_deletion(session: Session, person: Person) -> None:
        words = forms.typed().get(WORDS, "")
        due_for_deletion.record(session, found(session, reference).id, person, note=words, now=now)

    actions = {"ask": ask, "take-back": take_back, "record-deletion": record_deletion}
    if action not in actions:
        abort(404)
    back = url_for(".page", reference=reference)
    return forms.do(action, actions[action], lambda sent: _show(reference, sent), back)


def again(reference: str, action: str) -> Response:
    """The page with what was typed, for a form whose session was lost."""
    return _show(reference, forms.again(action))


def _show(reference: str, sent: Sent) -> Response:
    office, staff = pages.office(), staff_session.staff()
    with office.reading() as session:
        application = found(session, reference)
        person = staff_session.acting(session)
        asked = asking.questions(session, application)
        waiting = next((one for one in asked if one.ended_at is None), None)
        may_ask = staff.acts and asking.may(session, application, person, "query") is None
        keys = organisations.keys_of(application)
        today = office.today()
        out = staff_session.out_of(session, application.id, person)
        kept = due_for_deletion.deadline_of(session, application)
        may_delete = kept is not None and kept.is_open and kept.due <= today and staff.acts and not out
        keys_now = ({"ask"} if may_ask else set()) | ({"record-deletion"} if may_delete else set())
        return forms.page(
            "application.html",
            sent,
            keys_now,
            title=f"{application.organisation_name}: {application.title}",
            application=application,
            entered=entering.of(session, application),
            fund_name=office.policy.fund_name(application.fund),
            waits_for_slack=application.status in (ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED),
            asked=[one for one in asked if one.ended_at is not None],
            waiting=waiting,
            may_ask=may_ask,
            seen=mark(what_it_says(session, application, office.policy)) if may_ask else "",
            out=out,
            keeping=due_for_deletion.finding(session, application, office=office, today=today),
            may_delete=may_delete,
            may_take_back=waiting is not None
            and staff.acts
            and asking.may(session, application, person, "take_back") is None,
            sections=_sections(answers_given(application, office.policy)),
            findings=application.findings or [],
            documents=documents.listed(session, Owner(application.id)),
            alike=organisations.earlier_bids(
                session, keys, organisations.bid_of(application), policy=office.policy, today=today, but=application.id
            ),
            live=organisations.live_total(session, keys, but=application.id),
            refusing=mail_refusals.refusing(session, [application]).get(application.id, []),
            overdue=organisations.overdue_returns(session, keys, today=today, but=application.id),
            story=audit_story.happened(session, application, office=office, today=today),
        )


def _sections(answers: tuple[Given, ...]) -> dict[str, list[Given]]:
    told: dict[str, list[Given]] = {}
    for given in answers:
        told.setdefault(given.section, []).append(given)
    return told
