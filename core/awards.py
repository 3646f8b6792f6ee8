"""Awards: offered by a decision, accepted or refused by the applicant, then held to what was agreed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import (
    agreements,
    award_checks,
    card_notes,
    commitments,
    deadlines,
    due_for_deletion,
    events,
    guarded,
    homes,
    looks,
    meetings,
    outbox,
    payments,
    people,
    written,
    year_end,
)
from core.assessing import schedule_of
from core.cases import case_of, decider_of
from core.errors import Conflict, Gone, NotFound, Refused
from core.ledger import end_of
from core.link_terms import return_until
from core.links import WITHDRAWN, first_link, link_for, revoke_offer
from core.meetings import MEETING
from core.office import Office, london_day
from core.records import Application, Award, Decision, MeasureProposal, MonitoringReturn, Person
from core.returns import RETURN
from core.rules.answers import clean_short
from core.rules.authority import acceptance_day, may_recommend
from core.rules.calendar import date_text, financial_year, year_label
from core.rules.lifecycle import AWARD, OFFER, AwardAction, AwardState, OfferAction, OfferState, ReturnState
from core.rules.money import display
from core.shown import Shown, mark

ACCEPTANCE = "acceptance"
"""The kind of the deadline by which an offer is to be accepted (A6)."""


def subject(award: Award) -> str:
    """What deadlines and messages of an award are about."""
    return f"award:{award.id}"


def by_id(session: Session, award_id: int) -> Award:
    """The award of this row number. Raises NotFound."""
    award = session.get(Award, award_id)
    if award is None:
        raise NotFound("There is no such award.")
    return award


def by_reference(session: Session, reference: str) -> Award:
    """The award of this reference that stands. Raises NotFound."""
    standing = select(Award).where(Award.reference == reference, Award.withdrawn_at.is_(None))
    award = session.scalars(standing).one_or_none()
    if award is None:
        raise NotFound(f"There is no award {reference}. Check the reference.")
    return award


def offer(
    session: Session,
    application: Application,
    decision: Decision,
    *,
    amount: int,
    profile: Mapping[int, int] | None = None,
    office: Office,
    actor: str,
    now: datetime,
) -> Award:
    """Offer `amount` pence, in the decision's transaction: commitment (F6), acceptance date (A6), link and mail.

    `profile` says how it falls over the financial years, in pence by the calendar year in which each begins; all of it
    falls in the year of the start unless one is given. Raises Refused (F6) when the fund has not got the money.
    """
    today = london_day(now)
    fund = office.policy.fund(application.fund)
    if fund is None or application.start_on is None or application.end_on is None or application.reference is None:
        raise Refused("This application lacks its fund or its dates, so nothing can be offered.")
    by_year = commitments.checked_profile(profile, amount, application.start_on, application.end_on)
    award = Award(
        application=application,
        reference=application.reference,
        fund=application.fund,
        kind=application.kind,
        status=AwardState.OFFERED.value,
        amount=amount,
        conditions=decision.conditions,
        start_on=application.start_on,
        end_on=application.end_on,
        offered_at=now,
        accept_by=acceptance_day(today, office.policy),
        policy_version_id=decision.policy_version_id,
        profile=commitments.profile_data(by_year),
    )
    session.add(award)
    session.flush()
    taken = commitments.commit(session, fund, award, by_year, this_year=financial_year(today), actor=actor, now=now)
    award.conditions = "\n".join([award.conditions, *unfunded(by_year, taken)])
    first_link(session, "offer", award.id, now=now, expires_at=end_of(award.accept_by))
    deadlines.set_deadline(
        session,
        subject=subject(award),
        reference=award.reference,
        kind=ACCEPTANCE,
        due=award.accept_by,
        now=now,
        award_id=award.id,
    )
    told = {
        "award": award.id,
        "amount": amount,
        "accept_by": award.accept_by.isoformat(),
        "years": years_data(by_year, taken),
    }
    events.append(session, "offered", award.reference, actor, told, now=now)
    mail(session, "offer", award, now)
    return award


def own_conditions(award: Award, *, office: Office) -> str:
    """The conditions of an award beside the terms of every award under its policy: what a term says is said once.

    An approval must name a condition (L1), and its form begins with the first of the terms. The record keeps both.
    """
    terms = {_same(term) for term in office.policy_under(award.policy_version).terms.value}
    return "\n".join(line for line in award.conditions.splitlines() if _same(line) not in terms).strip()


def _same(text: str) -> str:
    return clean_short(text).rstrip(".").casefold()


def unfunded(by_year: Mapping[int, int], taken: Mapping[int, commitments.Taken]) -> list[str]:
    """What the terms say of years whose money is not there yet (F6): a line each."""
    if len(by_year) == 1:
        return [
            f"This award is conditional on funding: nothing is allocated for {year_label(year)} yet."
            for year in taken
            if taken[year] == "forward"
        ]
    return [
        f"{display(by_year[year])} of this award is for {year_label(year)} and conditional on funding: nothing is "
        "allocated for that year yet."
        for year in taken
        if taken[year] == "forward"
    ]


def years_data(by_year: Mapping[int, int], taken: Mapping[int, commitments.Taken]) -> dict[str, dict[str, object]]:
    """A profile for the trail: each financial year's pence, and how the money was taken where it was taken now."""
    return {year_label(year): {"amount": by_year[year], "money": taken.get(year)} for year in sorted(by_year)}


def mail(session: Session, kind: str, award: Award, now: datetime, *, key: str = "", **more: int) -> None:
    """Put a mail about an award into the outbox: one of this kind ever, unless it has a `key` of its own.

    `more` are ids that the mail is worded from, beside the award's.
    """
    payload = {"award_id": award.id, **more}
    outbox.put(session, kind, subject=subject(award), key=key or f"{kind}:{award.id}", payload=payload, now=now)


def _card(session: Session, award: Award, now: datetime, *, key: str = "") -> None:
    card = outbox.put(
        session,
        "card",
        subject=card_notes.subject_of(award.application_id),
        key=f"card:{award.application_id}:award-{award.id}-{key or award.status}",
        payload={"application_id": award.application_id},
        now=now,
    )
    homes.put(session, card.key, now=now)


def _check_action(award: Award, action: AwardAction) -> AwardState:
    """The state that an action leads to. Raises Conflict where it is not one of those that can be done now."""
    return guarded.state_after(AWARD, award.status, action, "A3")


def _move(session: Session, award: Award, action: AwardAction) -> None:
    """Change the state, guarded in the database. Raises Conflict when it is not how things stand."""
    new = _check_action(award, action)
    if not guarded.change(session, award, Award.status == award.status, status=new.value):
        if award.status == AwardState.EXPIRED:
            raise _ended(award)
        raise Conflict("This offer has just been answered by somebody else. Open the link again to see how.", "A3")


def _ended(award: Award) -> Gone:
    if award.withdrawn_at is not None:
        return Gone(WITHDRAWN, "A6")
    return Gone("This offer was open until its acceptance date, which has passed. Write to the office.", "A6")


def _check_open(award: Award, today: date) -> None:
    """Raises Gone for an offer whose acceptance date has passed, whether or not the sweep has closed it yet (A6)."""
    late = award.status == AwardState.OFFERED and today > award.accept_by
    if late or award.status == AwardState.EXPIRED:
        raise _ended(award)


def check_open(session: Session, award_id: int, today: date) -> Award:
    """The award whose offer can still be answered, held until this transaction ends.

    Raises Gone after the acceptance date, Conflict when the offer was answered already.
    """
    award = commitments.held_award(session, award_id)
    _check_open(award, today)
    if award.status != AwardState.OFFERED:
        raise Conflict("This offer has been answered. Open the link again to see how.", "A3")
    return award


def check_recommender(session: Session, award: Award, person: Person, *, office: Office) -> None:
    """Raises Refused where this person may not agree to a change of the offer: only who may recommend may (A2)."""
    people.judging_for_office(session, person, award.application_id, "change this offer", "A2")
    decider = decider_of(person)
    refusal = may_recommend(decider, case_of(session, award.application, amount=award.amount), office.policy)
    if refusal is not None:
        raise Refused(refusal.reason, refusal.rule)


def extend_offer(
    session: Session,
    award_id: int,
    person: Person,
    *,
    until: date,
    reason: str,
    agreed_by: str = "",
    office: Office,
    now: datetime,
) -> Award:
    """Agree a later acceptance date (A6): the same link and the same deadline, its reminders with it; told by mail.

    Raises Refused where this person may not (A2), or the day is no later one within the project; Gone or Conflict
    where the offer is open no more.
    """
    today = london_day(now)
    award = check_open(session, award_id, today)
    check_recommender(session, award, person, office=office)
    OFFER.next(OfferState.MADE, OfferAction.EXTEND)
    missing = "Say why the offer stays open longer: it goes on the record."
    said = written.reason(reason, missing, "A6", agreed_by=agreed_by)
    was = award.accept_by
    if until <= was:
        raise Refused(f"The offer is open until {date_text(was)} already. Enter a later day.", "A6")
    if until > award.end_on:
        raise Refused(f"The project ends on {date_text(award.end_on)}. Enter that day or an earlier one.", "A6")
    award.accept_by = until
    link_for(session, "offer", award.id, now=now).expires_at = end_of(until)
    acceptance = deadlines.find(session, subject=subject(award), kind=ACCEPTANCE, due=was)
    if acceptance is not None:
        tomorrow = today + timedelta(days=1)  # the mail about the new day says today what a step would say
        deadlines.extend(session, acceptance, until, today=today, now=now, silent_before=tomorrow)
    told = {
        "award": award.id,
        "was": was.isoformat(),
        "accept_by": until.isoformat(),
        "reason": said,
        "person": person.id,
    }
    events.append(session, "offer_extended", award.reference, people.actor_of(person), told, now=now)
    mail(session, "offer_extended", award, now, key=f"offer_extended:{award.id}:{until.isoformat()}")
    _card(session, award, now, key=f"extended-{until.isoformat()}")
    return award


def answer_name(name: str) -> str:
    """The name of whoever answers an offer, tidied. Raises Refused when there is none."""
    tidy = clean_short(name)[:200]
    if not tidy:
        raise Refused("Enter your full name.")
    return tidy


def _answered(session: Session, award: Award, name: str, role: str, now: datetime) -> str:
    """Note who answered; a change that was proposed and not answered is withdrawn with it. How the trail names them."""
    award.answered_at, award.answered_by = now, name
    award.answered_role = clean_short(role)[:200] or None
    end_proposal(session, award, now=now)
    return f"applicant: {name}, {award.answered_role}" if award.answered_role else f"applicant: {name}"


def end_proposal(session: Session, award: Award, *, now: datetime) -> None:
    """Withdraw the proposal that is open, if one is: the offer is answered or has ended."""
    session.execute(
        update(MeasureProposal)
        .where(MeasureProposal.award_id == award.id, MeasureProposal.ended_at.is_(None))
        .values(outcome="withdrawn", ended_at=now)
        .execution_options(synchronize_session=False)
    )


def measures_seen(award: Award) -> str:
    """What the offer's page says of the measures as it shows them: whoever accepts must have seen these."""
    return mark(_measures(award))


def _measures(award: Award) -> dict[str, str]:
    return {
        f"{part}-{row}": str(getattr(one, part))
        for row, one in enumerate(award.application.outcomes, start=1)
        for part in ("outcome", "measure", "target")
    }


def accept(
    session: Session, award: Award, *, name: str, role: str = "", seen: str = "", office: Office, now: datetime
) -> Award:
    """Accept terms and measures (N3, A6): the award starts, and what falls due in it is stored (R1, R2).

    `role` is what whoever accepts is to the organisation, where they said; `seen` what the page said of the
    measures that they had before their eyes. A proposed change that is still open is withdrawn: what is accepted is
    what was offered.

    Raises Gone after the acceptance date, Conflict when the offer was answered already, or has other measures by now.
    """
    name = answer_name(name)
    today = london_day(now)
    _check_open(award, today)
    _move(session, award, AwardAction.ACCEPT)
    actor = _answered(session, award, name, role, now)
    for outcome in award.application.outcomes:
        session.refresh(outcome)  # as they are now that nobody else can change them
        outcome.accepted_at = now
    if Shown(seen).changed(_measures(award)):
        raise Conflict("The measures have changed since you opened this page. Read them again before you accept.", "N3")
    link_for(session, "offer", award.id, now=now).expires_at = None
    acceptance = deadlines.find(session, subject=subject(award), kind=ACCEPTANCE, due=award.accept_by)
    if acceptance is not None:
        deadlines.meet(session, acceptance, now=now)
    policy = office.policy_under(award.policy_version)
    schedule = schedule_of(award.application, policy=policy, today=today, amount=award.amount)
    store_due(session, award, RETURN, schedule.returns.due, office=office, now=now)
    store_due(session, award, MEETING, schedule.meetings.due, office=office, now=now)
    agreements.begin(session, award, office=office, accepted_on=today, now=now)
    looks.begin(session, award, office=office, now=now)
    session.flush()
    session.refresh(award)
    told = {
        "name": name,
        "role": award.answered_role,
        "terms": list(policy.terms.value),
        "policy": award.policy_version.fingerprint,
        "measures": len(award.application.outcomes),
        "returns": [day.isoformat() for day in schedule.returns.due],
        "meetings": [day.isoformat() for day in schedule.meetings.due],
    }
    events.append(session, "offer_accepted", award.reference, actor, told, now=now)
    mail(session, "award_started", award, now)
    _card(session, award, now)
    return award


def store_due(
    session: Session,
    award: Award,
    kind: str,
    days: Sequence[date],
    *,
    office: Office,
    now: datetime,
    silent_before: Callable[[date], date] | None = None,
) -> None:
    """Store what falls due in an award: its returns, with their links, or its meetings.

    `silent_before` says for each day from when on its steps are sent at all, where some are past already.
    """
    stored = [
        deadlines.set_deadline(
            session,
            subject=subject(award),
            reference=award.reference,
            kind=kind,
            due=day,
            now=now,
            award_id=award.id,
            final=kind == RETURN and day == days[-1],
            silent_before=silent_before(day) if silent_before is not None else None,
        )
        for day in days
    ]
    if kind == RETURN:
        session.flush()
        for one in stored:
            first_link(session, "return", one.id, now=now, expires_at=return_until(office.policy, award, one.due))


def refuse(
    session: Session,
    award: Award,
    *,
    name: str,
    role: str = "",
    why: str = "",
    now: datetime,
    office: Office | None = None,
) -> Award:
    """Turn the offer down, with a reason or without: its money goes back to the fund.

    Without the `office` money of a year that is over stays with that year until it is closed.

    Raises Gone after the acceptance date, Conflict when the offer was answered already.
    """
    name = answer_name(name)
    _check_open(award, london_day(now))
    _move(session, award, AwardAction.REFUSE)
    actor = _answered(session, award, name, role, now)
    award.refusal_reason = written.note(why, "A6", what="why you turn it down") or None
    _end_offer(session, award, actor, "the offer was refused", london_day(now), now, office)
    told = {"name": name, "role": award.answered_role, "why": award.refusal_reason}
    events.append(session, "offer_refused", award.reference, actor, told, now=now)
    mail(session, "offer_refused", award, now)
    return award


def withdraw_offer(session: Session, award_id: int, *, actor: str, office: Office, now: datetime) -> Award:
    """Withdraw an offer that is open: its approval was undone. Its money goes back to the fund, its link is revoked.

    The applicant is told by mail, unless the offer's own mail has not gone out: then neither goes.

    Raises Gone after the acceptance date, Conflict when the offer was answered already.
    """
    award = commitments.held_award(session, award_id)
    _check_open(award, london_day(now))
    OFFER.next(OfferState.MADE, OfferAction.WITHDRAW)
    _move(session, award, AwardAction.EXPIRE)
    award.withdrawn_at = now
    end_proposal(session, award, now=now)
    revoke_offer(session, award.id, now=now)
    told = {"award": award.id, "amount": award.amount}
    session.flush()
    events.append(session, "offer_withdrawn", award.reference, actor, told, now=now)
    _end_offer(session, award, actor, "the offer was withdrawn", london_day(now), now, office)
    outbox.withhold_untried(session, subject=subject(award), kinds=_OF_AN_OPEN_OFFER, now=now)
    sent = outbox.latest(session, subject=subject(award), kind="offer")
    if sent is not None and outbox.may_have_gone(sent):
        mail(session, "offer_withdrawn", award, now, mail_id=sent.id)
    return award


_OF_AN_OPEN_OFFER = ("offer", "offer_extended", "measures_agreed", "measures_declined")
"""The mails that say something of an offer which can still be answered."""


def _end_offer(
    session: Session, award: Award, actor: str, note: str, today: date, now: datetime, office: Office | None
) -> None:
    deadlines.close_all_of(session, award.id, now=now)
    if office is not None and award.withdrawn_at is None:  # of one that was withdrawn the office decides again
        due_for_deletion.follow(session, award.application, office=office, now=now)
    release_unspent(session, award, office=office, today=today, actor=actor, note=note, now=now)
    _card(session, award, now)


def release_unspent(
    session: Session, award: Award, *, office: Office | None, today: date, actor: str, note: str, now: datetime
) -> int:
    """Give what an award holds and was not paid back to its fund (F6); answers how many pence were committed.

    Money of a year that is over goes its way at once, where the `office` is given to say which: repayable, carried
    forward, or to the reserves. The award's row is held, or has just been changed, in this transaction.
    """
    fund = office.policy.fund(award.fund) if office is not None else None
    if office is None or fund is None:
        freed = commitments.release(session, award, actor=actor, note=note, now=now)
    else:
        year_end.hold_years(session, fund, commitments.years_of(session, award), today)
        freed = commitments.release(session, award, actor=actor, note=note, now=now)
        year_end.settle(session, fund, freed, policy=office.policy, today=today, actor=actor, now=now)
    return sum(one.amount for one in freed)


def complete(session: Session, award_id: int, person: Person, *, note: str, office: Office, now: datetime) -> Award:
    """Close an award that has run its course: payments still planned are cancelled, its underspend is released (F6).

    Raises Refused (F7) where this person may not, or (R1) while a return, or an answer about one, is still to come;
    Conflict when it has ended already.
    """
    award = commitments.held_award(session, award_id)
    award_checks.check_handler(session, award, person)
    said = written.words(note, "Say how the award ended: it goes on the record.", "F7")
    _check_action(award, AwardAction.COMPLETE)
    missing = [one.due for one in award.deadlines if one.kind == RETURN and one.is_open]
    if missing:
        raise Refused(
            f"The return of {award.reference} that is due on {date_text(min(missing))} has not come in. Close the "
            "award when every return is in.",
            "R1",
        )
    queried = select(MonitoringReturn.due).where(
        MonitoringReturn.award_id == award.id, MonitoringReturn.status == ReturnState.QUERIED.value
    )
    asked = session.scalars(queried).all()  # as it is now that the award is held, not as it was when it was shown
    if asked:
        raise Refused(
            f"A question about the return of {award.reference} that was due on {date_text(min(asked))} waits for its "
            "answer. Close the award when it is answered, or take the question back.",
            "R1",
        )
    _move(session, award, AwardAction.COMPLETE)
    deadlines.close_all_of(session, award.id, now=now)
    meetings.cancel_coming(session, award, why="The award has ended.", actor=people.actor_of(person), now=now)
    agreements.end(session, award)
    due_for_deletion.follow(session, award.application, office=office, now=now)
    payments.cancel_open(session, award, person, reason=said, now=now)
    actor = people.actor_of(person)
    reason = "not spent when the award ended"
    released = release_unspent(session, award, office=office, today=london_day(now), actor=actor, note=reason, now=now)
    told = {"paid": award.paid, "released": released, "note": said, "person": person.id}
    events.append(session, "completed", award.reference, actor, told, now=now)
    _card(session, award, now)
    return award


def expire_offers(session: Session, *, today: date, now: datetime, office: Office | None = None) -> list[str]:
    """Close the offers whose acceptance date has passed (A6) and give their money back. Answers their references.

    Without the `office` money of a year that is over stays with that year until it is closed.
    """
    late = session.scalars(
        select(Award)
        .where(Award.status == AwardState.OFFERED.value, Award.accept_by < today)
        .order_by(Award.id)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    commitments.hold_all(session, late)
    for award in late:
        _move(session, award, AwardAction.EXPIRE)
        end_proposal(session, award, now=now)
        _end_offer(session, award, "the desk", "the offer was not accepted in time", today, now, office)
        told = {"accept_by": award.accept_by.isoformat()}
        events.append(session, "offer_expired", award.reference, "the desk", told, now=now)
        mail(session, "offer_expired", award, now)
    return [award.reference for award in late]
