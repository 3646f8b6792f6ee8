"""The lines of the trail as an auditor reads them: what each kind of line says, in plain English (A4).

A kind that nobody has words for here is told all the same, by its own name and data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.answers_given import PERSONAL
from core.audit_dates import due, issue, meeting, meeting_recorded, more_time, reassigned
from core.audit_facts import MONEY_FACTS, day, facts_text, money
from core.audit_letters import CONTACTS, letter
from core.audit_money import agreement, checked, looked_at, payment
from core.audit_told import Data, Detail, Entry, Told, Words, text
from core.rules.calendar import year_label
from core.rules.documents import in_words
from core.rules.policy import Policy
from core.rules.words import capital, counted, listed


def entry_of(told: Told) -> Entry:
    """A line as an entry of the story."""
    kind = str(told.line["kind"])
    try:
        what, details = _WORDS.get(kind, _otherwise)(told)
    except (AttributeError, KeyError, TypeError, ValueError):  # somebody has put something else into the line
        what, details = _otherwise(told)
    if told.version:
        details.append(Detail("Policy", told.version))
    if told.deciders:
        details.append(Detail("Could have decided", told.deciders))
    if kind in _WITH_FACTS and isinstance(told.data.get("facts"), Mapping):
        details.append(Detail("On these facts", "; ".join(facts_text(told.data["facts"]))))
    findings = told.data.get("findings")
    return Entry(
        at=told.line["at"],
        what=what,
        by=who(str(told.line["actor"])),
        line=told.line["sequence"],
        details=tuple(detail for detail in details if detail.text),
        findings=tuple(one for one in findings if isinstance(one, Mapping)) if isinstance(findings, list) else (),
    )


def who(actor: str) -> str:
    """Who did it, without the number of their row: "Cam Commissioner (commissioner)"."""
    return re.sub(r", person \d+\)$", ")", actor)


def _submitted(told: Told) -> tuple[str, list[Detail]]:
    mine, whom, facts = told.application, told.contacts, told.data.get("facts") or {}
    numbers = [f"charity {mine.charity_number}"] if mine.charity_number else []
    numbers += [f"company {mine.company_number}"] if mine.company_number else []
    objective = told.policy.objective(mine.plan_objective or "")
    kind = (mine.organisation_type or "").replace("_", " ")
    details = [
        Detail("Organisation", f"{mine.organisation_name} ({', '.join([kind, *numbers])})"),
        Detail("Contact", whom.contact_name),
        Detail("E-mail", whom.contact_email, private=True),
        Detail("Second contact", whom.second_name),
        Detail("Second contact's e-mail", whom.second_email, private=True),
        Detail("Postcode", mine.postcode or "", private=True),
        Detail("Project", mine.title or ""),
        Detail("For", str(facts.get("purpose") or "").replace("_", " ")),
        Detail("Runs", f"{day(facts.get('start'))} to {day(facts.get('end'))}"),
        Detail("Where", mine.csp_area or ""),
        Detail("Plan objective", objective.text if objective else mine.plan_objective or ""),
        Detail("Need", mine.need or ""),
        Detail("There already", mine.existing_provision or ""),
        *(Detail("To pay for", f"{one.item}: {money(one.pence)}") for one in mine.budget_lines),
        Detail("To be bought", money(mine.purchases) if mine.purchases else ""),
        *(Detail("Outcome", f"{one.outcome}. Measure: {one.measure}, {one.target}") for one in mine.outcomes),
    ]
    fund = told.policy.fund_name(mine.fund)
    return f"{mine.organisation_name} asked for {money(facts.get('amount'))} from the {fund}", details


def _entered(told: Told) -> tuple[str, list[Detail]]:
    return "Entered it for the applicant", [Detail("Consent", str(told.data.get("consent") or ""), private=True)]


def _queried(told: Told) -> tuple[str, list[Detail]]:
    aside = ". The recommendation no longer stands" if told.data.get("set_aside") else ""
    by = Detail("Answer wanted by", day(told.data["answer_by"]) if told.data.get("answer_by") else "")
    rules = told.data.get("rules")
    what = "A question was put to the applicant"
    if rules:
        what = f"It was sent back for {listed(str(one) for one in rules)}"
    return f"{what}{aside}", [text(told, "question"), by]


def _sent_again(told: Told) -> tuple[str, list[Detail]]:
    before, after = told.data.get("before") or {}, told.data.get("after") or {}
    details = [
        Detail(
            capital(str(name).replace("_", " ")),
            f"{_shown(name, before[name])}; now {_shown(name, after.get(name))}" if name in before else "changed",
        )
        for name in told.data.get("changed") or ()
    ]
    return "The applicant corrected the application", details


_RECOMMENDED = {"less": "approve less"}


def _recommended(told: Told) -> tuple[str, list[Detail]]:
    outcome = str(told.data.get("outcome"))
    what = f"Recommended: {_RECOMMENDED.get(outcome, outcome)}"
    if outcome != "decline":
        what += f", {money(told.data.get('amount'))}"
    return what, [text(told, "reasons"), text(told, "conditions"), *_basis(told)]


def _basis(told: Told) -> list[Detail]:
    """Under which power an award is made, and why it reduces crime; and whether the desk filled that in."""
    filled_in = told.data.get("suggested") or ()
    names = {"legal_power": "Made under", "contribution": "Why it reduces crime"}
    return [
        text(told, name, f"{label} (as the desk suggests)" if name in filled_in else label)
        for name, label in names.items()
    ]


def _decided(told: Told) -> tuple[str, list[Detail]]:
    details = [text(told, "reasons"), text(told, "conditions"), *_basis(told)]
    if told.line["kind"] == "declined":
        return f"Declined, of {money(told.asked)} asked for", details
    return f"Approved: {money(told.data.get('amount'))} of {money(told.asked)} asked for", details


def _recorded_outside(told: Told) -> tuple[str, list[Detail]]:
    _, about = _submitted(told)
    data = told.data
    beside = data.get("recorded_beside")
    details = [
        Detail(
            "Decided by", f"{data.get('outside_by')} ({data.get('outside_role')}), on {day(data.get('outside_on'))}"
        ),
        Detail("Under", str(data.get("outside_document") or "")),
        Detail("Accepted", day(data.get("outside_accepted_on"))),
        Detail("Recorded though like", listed(str(one) for one in beside) if isinstance(beside, list) else ""),
        *(one for one in about if one.label != "Outcome"),
        text(told, "reasons"),
        text(told, "conditions"),
        *_basis(told),
        *(Detail("Measure", f"{one.measure}: {one.target}") for one in told.application.outcomes),
        *_due_days(told),
    ]
    fund = told.policy.fund_name(told.application.fund)
    what = f"{money(data.get('amount'))} from the {fund} to {told.application.organisation_name}"
    return f"Put on record an award that was decided outside the desk: {what}", details


def _undone(told: Told) -> tuple[str, list[Detail]]:
    decision = {"approved": "approval", "declined": "decline"}.get(str(told.data.get("outcome")), "decision")
    return f"The {decision} was undone by whoever made it: it waits for a decision again", [text(told, "reason")]


def _taken(told: Told) -> tuple[str, list[Detail]]:
    was, by = told.data.get("was"), _BY.get(str(told.data.get("by")), "")
    if told.data.get("given_by"):
        return f"It was given to {told.data.get('name')}{f', who looks after it instead of {was}' if was else ''}", []
    return f"{f'It was taken over from {was}' if was else 'It was taken on'}{by}", []


_BY = {"recommending": ", by recommending on it", "asking": ", by asking about it"}


def _listed(told: Told) -> tuple[str, list[Detail]]:
    on = told.data.get("sitting_on")
    return f"It was put on the list of the {f'sitting on {day(on)}' if on else 'next sitting'}", []


def _taken_to_sitting(told: Told) -> tuple[str, list[Detail]]:
    return f"It went to the sitting on {day(told.data.get('day'))}", [text(told, "name", "Sitting")]


def _scored(told: Told) -> tuple[str, list[Detail]]:
    """A member's points by the words of the criteria, with what they were before where they changed them."""
    was, texts = told.data.get("was"), told.data.get("criteria") or {}
    before = was.get("points") or {} if isinstance(was, Mapping) else {}
    points = sorted((told.data.get("points") or {}).items(), key=lambda pair: list(texts).index(pair[0]))
    details = [
        Detail(str(texts[name]), f"{given}; before {before[name]}" if before.get(name, given) != given else str(given))
        for name, given in points
    ]
    return "Changed a score of it" if was else "Scored it", [*details, text(told, "comment")]


def _years(told: Told) -> Detail:
    years = told.data.get("years")
    if not isinstance(years, Mapping):
        return Detail("Years", "")
    return Detail("Years", "; ".join(_year(name, part) for name, part in sorted(years.items())))


def _year(name: str, part: Any) -> str:
    label = year_label(int(name)) if str(name).isdecimal() else str(name)
    if not isinstance(part, Mapping):
        return f"{label}: {money(part)}"
    rest = [str(value).replace("_", " ") for key, value in part.items() if key != "amount"]
    return f"{label}: {money(part.get('amount'))}" + (f" ({', '.join(rest)})" if rest else "")


def _offered(told: Told) -> tuple[str, list[Detail]]:
    until = day(told.data.get("accept_by"))
    return f"Offered: {money(told.data.get('amount'))}, to be accepted by {until}", [_years(told)]


def _accepted(told: Told) -> tuple[str, list[Detail]]:
    measures = told.application.outcomes
    terms = told.data.get("terms")
    details = [Detail("Term", str(one)) for one in terms] if isinstance(terms, list) else []
    details += [Detail("Measure", f"{one.measure}: {one.target}") for one in measures]
    details += _due_days(told)
    said = counted(int(told.data.get("measures") or 0), "measure")
    return f"{_answerer(told)} accepted the terms and {said}: the award began", details


def _due_days(told: Told) -> list[Detail]:
    """On which days returns and meetings fall due, where a line says so."""
    every = ((name, told.data.get(name)) for name in ("returns", "meetings"))
    return [
        Detail(f"{capital(name)} due", listed(day(one) for one in days))
        for name, days in every
        if isinstance(days, list) and days
    ]


def _answerer(told: Told) -> str:
    """Who answered an offer, with their role where they gave one."""
    role = told.data.get("role")
    return f"{told.data.get('name')} ({role})" if role else f"{told.data.get('name')}"


def _refused(told: Told) -> tuple[str, list[Detail]]:
    return f"{_answerer(told)} refused the offer", [text(told, "why")]


def _extended(told: Told) -> tuple[str, list[Detail]]:
    was, until = day(told.data.get("was")), day(told.data.get("accept_by"))
    return f"The offer stays open until {until}, not {was}", [text(told, "reason")]


def _changes(told: Told) -> list[Detail]:
    changes = told.data.get("changes")
    return [
        Detail(
            f"Measure {one['position']}",
            f"“{one['was_measure']}: {one['was_target']}” becomes “{one['measure']}: {one['target']}”",
        )
        for one in (changes if isinstance(changes, list) else [])
    ]


def _proposed(told: Told) -> tuple[str, list[Detail]]:
    return f"{told.data.get('name')} proposed other measures", [*_changes(told), text(told, "why")]


def _measures_agreed(told: Told) -> tuple[str, list[Detail]]:
    return "The proposed measures were agreed", [*_changes(told), text(told, "note")]


def _bank_given(told: Told) -> tuple[str, list[Detail]]:
    version = int(told.data.get("version") or 0)
    own = "" if told.data.get("own_name") else "not the organisation’s"
    what = "The recipient gave bank details" if version == 1 else "The recipient changed the bank details"
    return f"{what} (version {version})", [Detail("Account name", own, private=True)]


def _returned(told: Told) -> tuple[str, list[Detail]]:
    due = str(told.data.get("due"))
    came_in = next((one for one in told.award.returns if one.due.isoformat() == due), None) if told.award else None
    details = [
        Detail("Spent", money(told.data.get("spent"))),
        Detail("People", f"{told.data.get('people')}"),
    ]
    if came_in is not None:
        details += [
            Detail("Measure", f"{one['measure']}: {one['achieved']} (target: {one['target']})")
            for one in came_in.measures
        ]
        details += [
            Detail("Budget line", f"{one['line']}: {money(one['spent'])} of {money(one['agreed'])}")
            for one in came_in.budget or ()
        ]
        details += [Detail("What changed", came_in.narrative), Detail("Views", came_in.views)]
        details += [
            Detail(capital(name.replace("_", " ")), str(value))
            for name, value in sorted(came_in.extra.items())
            if isinstance(value, (str, int))
        ]
    return f"The return due on {day(due)} came in{told.days_late.get(due, '')}", details


def _about_the_return(what: str, label: str = "", name: str = "") -> Words:
    def tell(told: Told) -> tuple[str, list[Detail]]:
        details = [text(told, name, label)] if name else []
        return f"{what} the return due on {day(told.data.get('due'))}", details

    return tell


def corrections(data: Data) -> list[Detail]:
    """What a line about a corrected return says of each figure: as it is now, and not as it was."""
    was = data.get("was")
    before = was if isinstance(was, Mapping) else {}

    def changed(name: str, label: str, shown: Callable[[Any], str]) -> Detail:
        now, then = data.get(name), before.get(name)
        return Detail(label, "" if now == then else f"{shown(now)}, not {shown(then)}")

    def each(value: Any) -> str:
        return listed(str(one) for one in value) if isinstance(value, list) and value else "nothing"

    def sums(value: Any) -> str:
        return listed(money(one) for one in value) if isinstance(value, list) and value else "nothing"

    details = (
        changed("spent", "Spent", money),
        changed("people", "People", str),
        changed("achieved", "Achieved", each),
        changed("budget", "By budget line", sums),
        changed("over", "Spent beyond the award", lambda value: f"“{value}”"),
    )
    return [detail for detail in details if detail.text]


def _corrected(told: Told) -> tuple[str, list[Detail]]:
    return f"The recipient corrected the return due on {day(told.data.get('due'))}", corrections(told.data)


_MOVED: Mapping[str, str] = {
    "commitment": "committed to the award",
    "release": "given back to the fund",
    "forward": "promised, conditional on funding",
    "forward_closed": "no longer conditional on funding",
    "payment": "paid",
    "returned": "returned by the recipient",
    "repayable": "held as repayable",
    "repaid": "repaid",
    "carried_forward": "carried forward",
    "to_reserves": "put into the reserves",
}


def moved_text(data: Data, policy: Policy) -> str:
    """A movement of money in a sentence, from its line or its entry."""
    name = policy.fund_name(str(data.get("fund")))
    pot = f", {data['pot']}" if data.get("pot") else ""
    kind = str(data.get("kind"))
    amount = data.get("amount")
    shown = money(abs(amount)) if type(amount) is int else str(amount)
    year = data.get("year")
    label = year_label(year) if type(year) is int else str(year)
    return f"{shown} {_MOVED.get(kind, kind.replace('_', ' '))}: {name}, {label}{pot}"


def _money(told: Told) -> tuple[str, list[Detail]]:
    return moved_text(told.data, told.policy), [text(told, "note")]


def _varied(told: Told) -> tuple[str, list[Detail]]:
    before, after = money(told.data.get("before")), money(told.data.get("after"))
    return f"The award was varied from {before} to {after}", [text(told, "reasons"), _years(told)]


def _completed(told: Told) -> tuple[str, list[Detail]]:
    paid, released = money(told.data.get("paid")), money(told.data.get("released"))
    return f"The award was completed: {paid} paid, {released} given back", [text(told, "note")]


def _mail_refused(told: Told) -> tuple[str, list[Detail]]:
    what = letter(str(told.data.get("mail")))
    what += {"second": " to the second contact", "former": " to whom we write no more"}.get(
        str(told.data.get("to")), ""
    )
    by = capital(who(str(told.line["actor"])))
    return f"{by} could not deliver {what}", [text(told, "code")]


def _contacts_changed(told: Told) -> tuple[str, list[Detail]]:
    names = [CONTACTS[str(one)] for one in told.data["changed"]]
    return f"Changed whom we write to: {listed(names)}", [text(told, "reason", "Why")]


def _document(what: str) -> Words:
    def tell(told: Told) -> tuple[str, list[Detail]]:
        kind = in_words(str(told.data.get("kind")))
        details = [
            Detail("For the return due on", day(told.data["due"]) if told.data.get("due") else ""),
            text(told, "media_type", "Kind of file"),
            text(told, "sha256", "SHA-256"),
            text(told, "publish", "May be published"),
        ]
        return f"A document {what}: {kind}", details

    return tell


def _scanned(told: Told) -> tuple[str, list[Detail]]:
    clean = told.data.get("scan") == "clean"
    return _document("was found clean" if clean else "was refused by the virus scanner and taken away")(told)


def _just(what: str, *names: str) -> Words:
    return lambda told: (what, [text(told, name) for name in names])


def _declared(told: Told) -> tuple[str, list[Detail]]:
    reason = Detail("Reason", str(told.data.get("reason") or ""), private=True)
    stands = " from now on; the decision stands" if told.data.get("after") else ""
    return f"Declared an interest, and takes no part in this{stands}", [reason]


_HIDDEN = frozenset({"person", "facts", "findings", "policy"})


def _otherwise(told: Told) -> tuple[str, list[Detail]]:
    details = [
        Detail(capital(name.replace("_", " ")), _shown(name, value), private=bool(PERSONAL.search(name)))
        for name, value in sorted(told.data.items())
        if name not in _HIDDEN
    ]
    return capital(str(told.line["kind"]).replace("_", " ")), details


def _shown(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(facts_text(value))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return listed(", ".join(str(part) for part in one) if isinstance(one, list) else str(one) for one in value)
    return money(value) if name in MONEY_FACTS else str(value)


_WITH_FACTS = frozenset({"approved", "declined", "recorded_outside", "varied"})
"""Decisions: their facts are told beside the findings. Those of a submission are what was asked for."""

_WORDS: Mapping[str, Words] = {
    "submitted": _submitted,
    "entered_for": _entered,
    "withdrawn": _just("The applicant withdrew it"),
    "interest_declared": _declared,
    "recommended": _recommended,
    "recommendation_undone": _just("The recommendation was undone by whoever made it", "reason"),
    "decision_undone": _undone,
    "taken": _taken,
    "let_go": lambda told: (f"{told.data.get('was')} left, so it is nobody's to work on", []),
    "put_on_list": _listed,
    "taken_off_list": _just("It was taken off the panel's list"),
    "taken_to_sitting": _taken_to_sitting,
    "scored": _scored,
    "offer_withdrawn": lambda told: (f"The offer of {money(told.data.get('amount'))} was withdrawn", []),
    "approved": _decided,
    "declined": _decided,
    "recorded_outside": _recorded_outside,
    "offered": _offered,
    "offer_accepted": _accepted,
    "offer_refused": _refused,
    "offer_extended": _extended,
    "measures_proposed": _proposed,
    "measures_agreed": _measures_agreed,
    "measures_declined": _just("The proposed measures were declined", "reason"),
    "bank_details_given": _bank_given,
    "bank_details_read": lambda told: (f"Bank details read (version {told.data.get('version')})", [text(told, "why")]),
    "bank_details_purged": _just("The bank details were deleted", "because"),
    "hold_placed": lambda told: (f"Nothing of it may be deleted: {told.data.get('reason')}", [text(told, "file")]),
    "hold_lifted": lambda told: (f"It may be deleted again after {day(told.data.get('lifted_on'))}", []),
    "offer_expired": lambda told: (f"The offer was not accepted by {day(told.data.get('accept_by'))}: it ended", []),
    "queried": _queried,
    "corrected": _sent_again,
    "answered": _just("The applicant answered the question", "answer"),
    "question_taken_back": _just("The question to the applicant was taken back"),
    "return_received": _returned,
    "return_queried": _about_the_return("A question was put about", "Question", "question"),
    "return_answered": _about_the_return("The question was answered about", "Answer", "answer"),
    "return_question_taken_back": _about_the_return("The question was taken back about"),
    "return_accepted": _about_the_return("The office accepted"),
    "return_corrected": _corrected,
    "more_time_asked": more_time("More time was asked for"),
    "more_time_agreed": more_time("More time was agreed for"),
    "more_time_declined": more_time("More time was declined for"),
    "deadline_chased": due("The office chased {about}", "note"),
    "deadline_extended": due("More time for {about}:", "reason", "agreed_by"),
    "deadline_reassigned": reassigned,
    "deadline_snoozed": due("The officer hears no more of {about}"),
    "issue_raised": issue("The recipient raised issue", "text", "owner"),
    "issue_closed": issue("The office closed issue", "outcome"),
    "issue_taken_over": issue("Took over issue"),
    "meeting_invited": meeting("The recipient was invited to monitoring meeting", "place", "video", "agenda"),
    "meeting_moved": meeting("The office changed monitoring meeting", "place", "video", "why"),
    "meeting_cancelled": meeting("The office cancelled monitoring meeting", "reason"),
    "meeting_coming": meeting("The recipient comes to monitoring meeting"),
    "meeting_time_proposed": meeting("The recipient proposed another time for monitoring meeting", "words"),
    "meeting_time_declined": meeting("The office answered about another time for monitoring meeting", "answer"),
    "meeting_recorded": meeting_recorded,
    "meeting_action_done": meeting("Done, of what was agreed at monitoring meeting", "what"),
    "calendar_made": _just("The recipient made an address for their calendar to read"),
    "calendar_stopped": _just("The recipient took back the address that their calendar read"),
    "money": _money,
    "varied": _varied,
    "completed": _completed,
    "payment_planned": payment("planned"),
    "payment_held": payment("held"),
    "payment_released": payment("no longer held"),
    "payment_cancelled": payment("cancelled"),
    "payment_approved": payment("approved"),
    "payment_checked": payment("checked by the chief finance officer"),
    "paid": payment("made"),
    "payment_moved": payment("planned for another day"),
    "agreement_sent": agreement("sent to be signed", "sent_on"),
    "agreement_redrafted": agreement("taken back, to be drafted anew"),
    "agreement_signed": agreement("signed", "signed_on"),
    "looked_at": looked_at,
    "look_moved": lambda told: (
        f"The review of {day(told.data.get('due'))} was moved to {day(told.data.get('until'))}",
        [text(told, "reason")],
    ),
    "deletion_recorded": _just("What was deleted by hand, or why it is kept, was recorded", "note"),
    "checked": checked,
    "money_returned": lambda told: (f"{money(told.data.get('amount'))} came back", [text(told, "reasons")]),
    "mail_refused": _mail_refused,
    "contacts_changed": _contacts_changed,
    "document_added": _document("came in"),
    "document_opened": _document("was opened by the office"),
    "document_removed": _document("was taken back by whoever sent it"),
    "document_scanned": _scanned,
    "picture_consent": _document("came in again, with other words on who is in it or what they agreed to"),
    "document_purged": _document("was taken away, because its time was over"),
    "links_revoked": lambda told: (f"{counted(int(told.data.get('links') or 0), 'link')} taken back", []),
}
