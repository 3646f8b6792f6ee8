"""The wording of the forms: every page and question of an application, as data.

Which of them a person sees, and how their answers are read, is `core.rules.questions`' concern.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from core.rules.answers import AnswerKind, Choice, Limits, Question, When
from core.rules.money import display
from core.rules.policy import AddedQuestion, CrimeGround, Fund, OrganisationType, Policy, Purpose, Tier

__all__ = ["ORGANISATION_TYPES", "PURPOSES", "Page", "api_questions", "application_book", "limits_of", "to_ask"]

ORGANISATION_TYPES: Final[Mapping[OrganisationType, str]] = {
    OrganisationType.CONSTITUTED_GROUP: "A group with its own rules or constitution",
    OrganisationType.CHARITY: "A charity",
    OrganisationType.COMPANY: "A company",
    OrganisationType.STATUTORY: "A council, school or other statutory body",
    OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP: "A Community Safety Partnership",
}
"""What an applicant may be, in words."""

PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.CRIME_REDUCTION: "Reducing crime",
    Purpose.VICTIM_SERVICES: "Services for victims of crime",
    Purpose.ROAD_SAFETY: "Road safety",
    Purpose.YOUNG_PEOPLE: "Young people",
    Purpose.COMMUNITY_SAFETY: "Community safety",
    Purpose.SAFER_STREETS: "Safer streets",
    Purpose.RAPE_SUPPORT: "Support after rape or sexual abuse",
}
"""What money may be for, in words."""

_GROUNDS: Final[Mapping[CrimeGround, str]] = {
    CrimeGround.STATUTORY: "It is proven to reduce crime and disorder, and is the police's statutory responsibility",
    CrimeGround.PLAN: "It contributes to the Police and Crime Plan",
    CrimeGround.DEMAND: "It reduces demand on the police",
}
_YES_NO: Final = (Choice("yes", "Yes"), Choice("no", "No"))
_VICTIMS: Final = frozenset({Purpose.VICTIM_SERVICES, Purpose.RAPE_SUPPORT})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a form: an address, a heading and the questions on it. `hint` stands under the heading.

    A page is one question as a person meets it: a name and its e-mail address, a start and an end, share one.
    """

    slug: str
    title: str
    section: str
    questions: tuple[Question, ...]
    hint: str = ""


def application_book(fund: Fund, policy: Policy) -> tuple[Page, ...]:
    """Every page of an application to this fund, in order, whatever has been answered.

    What is asked of amounts only that the fund never gives is no part of it.
    """
    pages = (
        *_about_you(),
        *_about_the_project(fund, policy),
        *_about_the_money(fund, policy),
        *_because_of_its_size(fund, policy),
        *_of_the_office(fund, policy),
        _declaration(policy),
    )
    most = fund.cap.value if fund.cap else None
    return tuple(page for page in pages if most is None or page.questions[0].from_amount <= most)


def _about_you() -> tuple[Page, ...]:
    section = "Your organisation"
    name = Question(
        "organisation_name", AnswerKind.SHORT, "What is the name of your organisation?", "Organisation", section, "W1",
        "/organisation/name", "Enter the name of your organisation", hint="As on its bank account or its constitution.",
    )  # fmt: skip
    kind = Question(
        "organisation_type", AnswerKind.CHOICE, "What kind of organisation is it?", "Kind of organisation", section,
        "F5", "/organisation/type", "Select what kind of organisation it is",
        choices=tuple(Choice(str(value), text) for value, text in ORGANISATION_TYPES.items()),
    )  # fmt: skip
    charity = Question(
        "charity_number", AnswerKind.CHARITY_NUMBER, "What is its charity number?", "Charity number", section, "W3",
        "/organisation/charity_number", "Enter the charity number",
        hint="Leave this blank if the charity is not registered.",
        required=False, api_required=False, when=When("organisation_type", (OrganisationType.CHARITY.value,)),
    )  # fmt: skip
    company = Question(
        "company_number", AnswerKind.COMPANY_NUMBER, "What is its company number?", "Company number", section, "W3",
        "/organisation/company_number", "Enter the company number, 8 characters",
        hint="8 characters, such as 01234567. It is on the Companies House register.",
        api_required=False, when=When("organisation_type", (OrganisationType.COMPANY.value,)),
    )  # fmt: skip
    postcode = Question(
        "postcode", AnswerKind.POSTCODE, "What is its postcode?", "Postcode", section, "D1",
        "/organisation/postcode", "Enter the postcode of your organisation", hint="Such as PE29 3DN.",
    )  # fmt: skip
    contact = Question(
        "contact_name", AnswerKind.SHORT, "Name", "Contact's name", section, "R2",
        "/contact/name", "Enter the name of the person to contact",
    )  # fmt: skip
    email = Question(
        "contact_email", AnswerKind.EMAIL, "E-mail address", "Contact's e-mail address", section, "D0",
        "/contact/email", "Enter the e-mail address of the person to contact",
        hint="The decision, the offer and reminders of returns go here.",
    )  # fmt: skip
    second, second_email = _second_contact(section)
    return (
        _alone("organisation", name),
        _alone("organisation-type", kind),
        _alone("charity-number", charity),
        _alone("company-number", company),
        _alone("postcode", postcode),
        Page("contact", "Who should we contact?", section, (contact, email, second, second_email)),
    )


def _second_contact(section: str) -> tuple[Question, Question]:
    """Somebody else to write to, for whoever wants it: part of the contact's page, so that nobody is asked more."""
    return (
        Question(
            "second_name", AnswerKind.SHORT, "A second person’s name (optional)", "Second contact's name", section,
            "R2", "/second_contact/name", "Enter the name of the second person, or leave their e-mail address blank",
            hint="Somebody else of your organisation, whom we also write to if something is late. You can leave this "
            "blank.",
            required=False, api_required=False,
        ),
        Question(
            "second_email", AnswerKind.EMAIL, "Their e-mail address (optional)", "Second contact's e-mail address",
            section, "D0", "/second_contact/email",
            "Enter the e-mail address of the second person, or leave their name blank",
            required=False, api_required=False,
        ),
    )  # fmt: skip


def _about_the_project(fund: Fund, policy: Policy) -> tuple[Page, ...]:
    section = "Your project"
    title = Question(
        "title", AnswerKind.SHORT, "What is your project called?", "Project", section, "W1",
        "/project/title", "Enter the name of your project", hint="A few words. It is published if we fund it.",
    )  # fmt: skip
    need = Question(
        "need", AnswerKind.LONG, "What is needed, and how do you know?", "The need", section, "U1",
        "/project/need", "Say what is needed, and how you know",
        hint="Who needs it, where, and what shows it: figures, what people have told you, what has happened.",
        word_limit=300,
    )  # fmt: skip
    existing = Question(
        "existing_provision", AnswerKind.LONG, "What is there already, and why is it not enough?",
        "What is there already", section, "U1",
        "/project/existing_provision", "Say what is there already, or that you looked and found nothing",
        hint="So that nothing is paid for twice.", word_limit=200,
    )  # fmt: skip
    objective = Question(
        "plan_objective", AnswerKind.CHOICE, "Which objective of the Police and Crime Plan will it help with most?",
        "Objective of the Plan", section, "L4",
        "/project/plan_objective", "Select the objective it will help with most",
        choices=tuple(Choice(objective.id, objective.text) for objective in policy.plan_objectives),
    )  # fmt: skip
    area = Question(
        "csp_area", AnswerKind.CHOICE, "Which Community Safety Partnership's area is it in?", "Area", section, "F5",
        "/project/csp_area", "Select the area that it is in",
        hint="If it is in several, select the one where most people will take part.",
        choices=tuple(Choice(area, area) for area in policy.csp_areas),
    )  # fmt: skip
    outcomes = Question(
        "outcomes", AnswerKind.OUTCOMES, "What will change, and how will you measure it?", "Outcomes", section, "U2",
        "/outcomes", "Enter at least one outcome with its measure and its target",
        hint="One is enough. Every six months we ask how far you have got with each measure.",
        rows=policy.outcomes_in_form.value,
    )  # fmt: skip
    start, end = _term(section)
    ages: tuple[Page, ...] = ()
    if fund.ages:
        *years, send = _ages(section, fund)
        older = replace(send, when=When("age_to", over=fund.ages.value.highest))
        ages = (Page("ages", "How old are the young people?", section, tuple(years)), _alone("send", older))
    return (
        _alone("title", title),
        *_purpose_page(fund, section),
        _alone("need", need),
        _alone("existing-provision", existing),
        _alone("plan-objective", objective),
        *_grounds_page(fund, section),
        _alone("area", area),
        *ages,
        _alone("outcomes", outcomes),
        Page("dates", "When will it start and end?", section, (start, end)),
    )


def _term(section: str) -> tuple[Question, Question]:
    return (
        Question(
            "start", AnswerKind.DATE, "Start date", "Start date", section, "R1",
            "/start", "Enter the day on which it starts", hint="For example, 27 3 2027.",
        ),
        Question(
            "end", AnswerKind.DATE, "End date", "End date", section, "R1",
            "/end", "Enter the day on which it ends", hint="The last day. For a single event, the same day.",
        ),
    )  # fmt: skip


def _ages(section: str, fund: Fund) -> tuple[Question, ...]:
    hint = ""
    if fund.ages:
        ages = fund.ages.value
        hint = f"This fund is for ages {ages.lowest} to {ages.highest}, or to {ages.highest_with_send} with SEND."
    return (
        Question(
            "age_from", AnswerKind.NUMBER, "Age of the youngest", "Age of the youngest", section, "F5",
            "/project/age_from", "Enter the age of the youngest, in years", hint=hint, api_required=False,
        ),
        Question(
            "age_to", AnswerKind.NUMBER, "Age of the oldest", "Age of the oldest", section, "F5",
            "/project/age_to", "Enter the age of the oldest, in years", api_required=False,
        ),
        Question(
            "send", AnswerKind.YES_NO, "Is it for young people with special educational needs or disabilities (SEND)?",
            "For young people with SEND", section, "F5", "/project/send",
            "Select yes if it is for young people with SEND", api_required=False, choices=_YES_NO,
        ),
    )  # fmt: skip


def _purpose_page(fund: Fund, section: str) -> tuple[Page, ...]:
    if len(fund.purposes) == 1:
        return ()
    return (_alone("purpose", _purpose(fund.purposes, section)),)


def _purpose(purposes: Iterable[Purpose], section: str) -> Question:
    return Question(
        "purpose", AnswerKind.CHOICE, "What is it mainly for?", "Purpose", section, "F0",
        "/purpose", "Select what it is mainly for",
        choices=tuple(Choice(purpose.value, PURPOSES[purpose]) for purpose in purposes),
    )  # fmt: skip


def _grounds_page(fund: Fund, section: str) -> tuple[Page, ...]:
    if fund.rule != "F3":
        return ()
    grounds = Question(
        "crime_grounds", AnswerKind.CHOICE, "Why should the money for reducing crime and disorder pay for it?",
        "Ground", section, "F3", "/answers/crime_grounds", "Select why this fund should pay for it", api_required=False,
        choices=tuple(Choice(ground.value, text) for ground, text in _GROUNDS.items()),
    )  # fmt: skip
    return (_alone("ground", grounds),)


def _about_the_money(fund: Fund, policy: Policy) -> tuple[Page, ...]:
    section = "The money"
    cap = f"This fund gives up to {display(fund.cap.value)}." if fund.cap else ""
    amount = Question(
        "amount", AnswerKind.MONEY, "How much are you asking for?", "Amount", section, "P0",
        "/amount", "Enter how much you are asking for", hint=f"In pounds, VAT included. {cap}".strip(),
    )  # fmt: skip
    budget = Question(
        "budget", AnswerKind.BUDGET, "What will it pay for?", "Budget", section, "F7", "/budget",
        "Enter what the money is for, and how much of it", api_required=False,
        hint="A line for each thing, such as hall hire, coaches or kit. Together they must add up to what you ask for.",
        rows=policy.budget_lines_in_form.value, most_rows=policy.budget_lines_at_most.value,
    )  # fmt: skip
    buys = Question(
        "buys", AnswerKind.YES_NO, "Will the grant pay a supplier for anything?", "Buys from a supplier", section, "T1",
        "/answers/buys", "Select yes if the grant will pay a supplier", api_required=False, choices=_YES_NO,
        hint="Such as equipment, hire of a hall, or a trainer who is not on your staff.",
    )  # fmt: skip
    what = Question(
        "purchases_what", AnswerKind.SHORT, "What is the largest thing that you will buy from one supplier?",
        "Largest purchase", section, "T1", "/answers/purchases_what", "Enter what you will buy", api_required=False,
        when=When("buys", ("yes", "true")),
    )  # fmt: skip
    purchases = Question(
        "purchases", AnswerKind.MONEY, "How much will it cost?", "Cost of the largest purchase", section, "T1",
        "/purchases", "Enter how much the largest purchase will cost",
        hint="All that one supplier gets from the grant, in pounds, VAT included.", when=When("buys", ("yes", "true")),
    )  # fmt: skip
    return (
        Page("amount", "What will it cost?", section, (amount, budget)),
        _alone("buys", buys),
        Page("purchases", "What will you buy, and for how much?", section, (what, purchases)),
    )


def _because_of_its_size(fund: Fund, policy: Policy) -> tuple[Page, ...]:
    """What the rules ask of larger awards, of victim services, and where somebody may be at risk (U1 to N2, L5)."""
    section = "More about your project"
    standard, full = _least(policy, Tier.STANDARD), _least(policy, Tier.FULL)

    def more(
        question_id: str, kind: AnswerKind, rule: str, title: str, label: str, missing: str, hint: str = "", **rest: Any
    ) -> Page:
        if kind is AnswerKind.YES_NO:
            rest["choices"] = _YES_NO
        pointer = f"/answers/{question_id}"
        question = Question(
            question_id, kind, title, label, section, rule, pointer, missing, hint, api_required=False, **rest
        )
        return _alone(question_id.replace("_", "-"), question)

    return (
        *(() if fund.ages else (more(
            "at_risk", AnswerKind.YES_NO, "L5", "Will children, or adults who may be at risk, take part?",
            "Children or adults at risk", "Select yes if children or adults at risk will take part",
            "If they will, we ask to see your safeguarding policy before we pay.",
        ),)),
        *((more(
            "service_user_voice", AnswerKind.LONG, "U5", "How do victims shape the service?", "Voice of victims",
            "Say how victims shape the service", "How you hear them, and what has changed because of it.",
            word_limit=200,
        ),) if _VICTIMS & set(fund.purposes) else ()),
        more(
            "existing_service", AnswerKind.LONG, "U2", "Could a service that is there already do this?",
            "Existing service", "Say whether a service that is there already could do this",
            "If it were renewed or enlarged. Say why, or why not.", word_limit=150, from_amount=standard,
        ),
        more(
            "needs_assessment", AnswerKind.LONG, "U1", "What does a needs assessment show?", "Needs assessment",
            "Say what a needs assessment shows", "Whose it is, from when, and what it found.", word_limit=300,
            from_amount=full,
        ),
        more(
            "engagement", AnswerKind.LONG, "U1", "Whom have you asked, and what did they say?", "Engagement",
            "Say whom you have asked, and what they said", "The public, the people who would use it, and partners.",
            word_limit=300, from_amount=full,
        ),
        more(
            "partnership", AnswerKind.LONG, "U3", "Who else works towards the same outcomes?", "Partnership",
            "Say who else works towards the same outcomes",
            "And could you do it, or pay for it, together?", required=False, word_limit=200, from_amount=standard,
            required_from=full,
        ),
        more(
            "pathways", AnswerKind.LONG, "U4", "Which other services does it depend on?", "Pathways",
            "Say which other services it depends on", "And how will people move between them without falling through?",
            required=False, word_limit=200, from_amount=standard, required_from=full,
        ),
        more(
            "early_intervention", AnswerKind.YES_NO, "U6", "Does it help before harm is done?", "Early intervention",
            "Select yes if it helps before harm is done", "That is, by prevention or early intervention.",
            required=False, from_amount=standard,
        ),
        more(
            "countywide", AnswerKind.YES_NO, "N1", "Is it for people in the whole county?", "Countywide",
            "Select yes if it is for people in the whole county", from_amount=standard,
        ),
        more(
            "local_need", AnswerKind.LONG, "N1", "Why is it needed in that area?", "Local need",
            "Say why it is needed in that area", "What is different there.", word_limit=150, from_amount=standard,
            when=When("countywide", ("no", "false")),
        ),
        more(
            "co_design", AnswerKind.LONG, "N2", "Who has helped to design it?", "Co-design",
            "Say who has helped to design it, or why nobody has",
            "The people who will use it, providers, partners. If nobody has, say why not.", required=False,
            word_limit=200, from_amount=standard, required_from=full,
        ),
        more(
            "enterprise", AnswerKind.YES_NO, "L5", "Does your organisation sell goods or services?", "Enterprise",
            "Select yes if your organisation sells goods or services",
            "If it does, the law on subsidies may apply. Charities may sell too.", from_amount=standard,
        ),
        more(
            "assistance", AnswerKind.MONEY, "L5",
            "How much minimal financial assistance has it had?", "Minimal financial assistance",
            "Enter how much minimal financial assistance it has had, 0 if none",
            f"In this financial year and the {policy.subsidy_years.value} before it, from any public body, in pounds.",
            from_amount=standard, when=When("enterprise", ("yes", "true")),
        ),
    )  # fmt: skip


def _least(policy: Policy, tier: Tier) -> int:
    """The smallest amount of a tier, in pence."""
    return next(band.lowest for band in policy.tiers if band.name is tier)


def _of_the_office(fund: Fund, policy: Policy) -> tuple[Page, ...]:
    """What the office itself adds in its policy."""
    return tuple(
        _alone(f"office-{row.id.replace('_', '-')}", to_ask(row, policy, "More about your project"))
        for row in policy.added_questions("application", fund.id)
    )


def to_ask(row: AddedQuestion, policy: Policy, section: str) -> Question:
    """A question of the office's own as a question of the forms."""
    kind = AnswerKind(row.kind)
    choices = tuple(Choice(choice, choice) for choice in row.choices)
    verb = "Select" if kind in (AnswerKind.CHOICE, AnswerKind.YES_NO) else "Enter"
    return Question(
        row.id, kind, row.title, row.label, section, row.rule, f"/answers/{row.id}",
        f"{verb} an answer for: {row.label}", hint=row.hint, required=row.required, api_required=False,
        word_limit=row.word_limit, choices=_YES_NO if kind is AnswerKind.YES_NO else choices,
        from_amount=_least(policy, row.least_tier),
    )  # fmt: skip


def _declaration(policy: Policy) -> Page:
    declaration = Question(
        "declaration", AnswerKind.DECLARATION, "Declaration", "Declaration", "Declaration", "L1",
        "/declaration", "Confirm the declaration to send the application", hint=policy.declaration.value,
    )  # fmt: skip
    return _alone("declaration", declaration)


def _alone(slug: str, question: Question) -> Page:
    return Page(slug, question.title, question.section, (question,))


def api_questions(fund: Fund, policy: Policy) -> tuple[Question, ...]:
    """The form's questions as the contract's body has them: every purpose, the ages, a purchase of nothing."""
    questions = []
    for question in (question for page in application_book(fund, policy) for question in page.questions):
        if question.id in ("purpose", "age_from", "age_to", "send", "buys"):
            continue
        questions.append(replace(question, when=None) if question.id == "purchases" else question)
    return (*questions, _purpose(Purpose, "Your project"), *_ages("Your project", fund))


def limits_of(policy: Policy) -> Limits:
    """How much an answer may hold, by the policy."""
    return Limits(
        long=policy.long_answer_characters.value,
        short=policy.short_answer_characters.value,
        outcomes=policy.outcomes_at_most.value,
        largest=policy.largest_application.value,
        lines=policy.budget_lines_at_most.value,
    )
