"""Recording an award that was made outside: from a global shortcut, about nothing that is on record yet."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from bot import outside_form
from bot.action import Action, Ask, Entered, Subject, View
from bot.outside_form import Recorded
from bot.words import Typed
from core import outside
from core.deciding import WrongInput
from core.errors import Refused
from core.meetings import MEETING
from core.office import Office, london_day
from core.outside import OutsideAward
from core.records import Award
from core.returns import RETURN
from core.rules.policy import Kind, OrganisationType, Purpose

Choice = TypeVar("Choice", bound=StrEnum)

NOTHING: Final = Subject[str]("nothing", lambda _session, _number, _lock: "", lambda _nothing: 0)
"""What a shortcut is about: there is no application yet to look up, or to hold."""


def _may(ask: Ask[str]) -> Refused | None:
    return outside.may(ask.person, office=ask.office)


def _open(ask: Ask[str]) -> View:
    return outside_form.form(ask.office.policy)


def _record(ask: Ask[str], given: Entered) -> View:
    told = _told(given, ask.office)
    again = bool(given.several("all_the_same"))
    award = outside.record(ask.session, told, ask.person, all_the_same=again, office=ask.office, now=ask.now)
    return outside_form.recorded(_recorded(award, ask.office), london_day(ask.now))


def _told(given: Entered, office: Office) -> OutsideAward:
    fund = given.text("fund")
    return OutsideAward(
        kind=_one_of(Kind, given, "kind", "Choose what kind of award it is."),
        fund=fund,
        organisation_name=given.text("organisation_name"),
        organisation_type=_one_of(
            OrganisationType, given, "organisation_type", "Choose what kind of organisation it is."
        ),
        postcode=given.text("postcode"),
        title=given.text("title"),
        need=given.text("need"),
        purpose=_purpose(given, fund, office),
        plan_objective=given.text("plan_objective"),
        csp_area=given.text("csp_area"),
        amount=given.pence(),
        start=_day(given, "start", "Choose the day on which it starts."),
        end=_day(given, "end", "Choose the day on which it ends."),
        outcome=given.text("outcome"),
        measure=given.text("measure"),
        target=given.text("target"),
        conditions=given.text("conditions"),
        reasons=given.text("reasons"),
        contribution=given.text("contribution"),
        legal_power=given.text("legal_power"),
        decided_by=given.text("decided_by"),
        decided_role=given.text("decided_role"),
        decided_on=_day(given, "decided_on", "Choose the day on which it was decided."),
        document=given.text("document"),
        accepted_on=_day(given, "accepted_on", "Choose the day on which the recipient accepted it."),
        contact_email=given.text("contact_email"),
        second_name=given.text("second_name"),
        second_email=given.text("second_email"),
    )


def _one_of(kind: type[Choice], given: Entered, field: str, missing: str) -> Choice:
    try:
        return kind(given.text(field))
    except ValueError as error:
        raise WrongInput(field, missing) from error


def _purpose(given: Entered, fund_id: str, office: Office) -> Purpose:
    """What was chosen, else the one purpose that the fund has."""
    fund = office.policy.fund(fund_id)
    if not given.text("purpose") and fund is not None and len(fund.purposes) == 1:
        return fund.purposes[0]
    name = f"The {fund.name} has several purposes: choose" if fund is not None else "Choose"
    return _one_of(Purpose, given, "purpose", f"{name} the one that this is for.")


def _day(given: Entered, field: str, missing: str) -> date:
    try:
        return date.fromisoformat(given.text(field))
    except ValueError as error:
        raise WrongInput(field, missing) from error


def _recorded(award: Award, office: Office) -> Recorded:
    application = award.application
    made = application.decision
    if made is None or made.outside_on is None:
        raise RuntimeError(f"{award.reference} was recorded without its decision")
    due = {kind: sorted(one.due for one in award.deadlines if one.kind == kind) for kind in (RETURN, MEETING)}
    steps = office.policy.nudge_steps.get(RETURN, ())
    return Recorded(
        reference=award.reference,
        amount=award.amount,
        fund=office.policy.fund_name(award.fund),
        organisation=Typed(application.organisation_name or ""),
        decided_by=Typed(made.decided_by),
        decided_on=made.outside_on,
        register_url=f"{office.public_url}/awards/{award.reference}",
        returns=tuple(due[RETURN]),
        meetings=tuple(due[MEETING]),
        mailed=bool(application.contact_email),
        notice_days=max((-step.days for step in steps), default=0),
        advice=tuple(
            (str(one["rule"]), Typed(str(one["because"])))
            for one in made.findings
            if one["verdict"] == "advice" and one.get("needed_by") not in ("payment", "signing", "review")
        ),
    )


ACTIONS: Final = (Action(outside_form.NAME, NOTHING, _may, opens=_open, submits=_record, shortcut=True),)
"""Who may recommend, of the office, may record what was decided elsewhere (A2)."""
