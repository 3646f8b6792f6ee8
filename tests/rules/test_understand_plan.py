"""What an award shows before it is recommended, by size (L4, U1–U6, N1–N3), what is reported (D1), and bids (N4)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.rules.assessment import Assessment, Finding, Verdict
from core.rules.facts import Facts, PlanFacts, Stage
from core.rules.policy import Band, Kind, OrganisationType, Policy, Purpose, Tier
from core.rules.understand_plan import BidFacts, bid_deadline_finding, supplier_flags

Find = Callable[..., Finding | None]
Look = Callable[..., Assessment]

LIGHT, STANDARD, FULL = 4_999_99, 5_000_00, 50_000_00
JUST_STANDARD = 49_999_99
RULES = ["L4", "U1", "U2", "U3", "U4", "U5", "U6", "N1", "N2", "N3"]

WHOLE: dict[str, Any] = {
    "application": True, "plan_objective": "support-victims", "need": "Nothing after school", "outcomes": 2,
    "existing_provision": "The nearest club is full", "csp_area": "Fenland",
    "plan": PlanFacts(
        existing_service="It could not", needs_assessment="The county's of 2026", engagement="Parents asked for it",
        partnership="The council", pathways="From the school", service_user_voice="A panel of victims",
        early_intervention=True, countywide=True, co_design="With those who will use it",
    ),
}  # fmt: skip
"""An application that says everything."""


def told(**changed: Any) -> dict[str, Any]:
    """The same with what its plan says changed."""
    return WHOLE | {"plan": replace(WHOLE["plan"], **changed)}


@pytest.fixture
def said(looked_at: Look) -> Callable[..., dict[str, tuple[str, str]]]:
    """The verdict of each rule of this page, and the step that waits for it."""

    def find(**changed: Any) -> dict[str, tuple[str, str]]:
        found = [row for row in looked_at(**changed).findings if row.rule in RULES]
        return {row.rule: (row.verdict.value, row.needed_by.value if row.needed_by else "") for row in found}

    return find


Said = Callable[..., dict[str, tuple[str, str]]]
ASKED = ("advice", "recommendation")
OPTIONAL = ("advice", "")


# -------------------------------------------------------------------------------------------------- by size


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (0, {}),
        (LIGHT, {}),
        (
            STANDARD,
            {
                "L4": ASKED, "U1": ASKED, "U2": ASKED, "U3": OPTIONAL, "U4": OPTIONAL, "U6": OPTIONAL, "N1": ASKED,
                "N2": OPTIONAL, "N3": ASKED,
            },
        ),
        (
            JUST_STANDARD,
            {
                "L4": ASKED, "U1": ASKED, "U2": ASKED, "U3": OPTIONAL, "U4": OPTIONAL, "U6": OPTIONAL, "N1": ASKED,
                "N2": OPTIONAL, "N3": ASKED,
            },
        ),
        (
            FULL,
            {
                "L4": ASKED, "U1": ASKED, "U2": ASKED, "U3": ASKED, "U4": ASKED, "U6": OPTIONAL, "N1": ASKED,
                "N2": ASKED, "N3": ASKED,
            },
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", list(Kind))
def test_what_will_be_asked_at_each_size(said: Said, kind: Kind, amount: int, expected: dict[str, Any]) -> None:
    assert said(kind=kind, amount=amount) == expected
    victims = said(kind=kind, amount=amount, victim_service=True)
    assert victims == ({**expected, "U5": ASKED} if expected else {})


@pytest.mark.parametrize("amount", [LIGHT, STANDARD, JUST_STANDARD, FULL])
@pytest.mark.parametrize("victim", [True, False])
def test_an_application_that_says_everything_meets_every_rule(said: Said, amount: int, victim: bool) -> None:
    light, of_all = {"L4", "U1", "U2", "N1", "N3"}, set(RULES)
    expected = (light if amount == LIGHT else of_all - {"U5"}) | ({"U5"} if victim else set())
    assert said(amount=amount, victim_service=victim, **WHOLE) == dict.fromkeys(expected, ("met", ""))


def test_a_light_application_is_asked_nothing_beside_its_form(said: Said) -> None:
    contract_only = WHOLE | {"plan": PlanFacts()}
    assert said(amount=LIGHT, **contract_only) == dict.fromkeys(["L4", "U1", "U2", "N1", "N3"], ("met", ""))
    assert said(amount=STANDARD, **contract_only) == {
        "L4": ("met", ""), "U1": ("met", ""), "U2": ASKED, "U3": OPTIONAL, "U4": OPTIONAL, "U6": OPTIONAL, "N1": ASKED,
        "N2": OPTIONAL, "N3": ("met", ""),
    }  # fmt: skip


def test_nothing_here_blocks_but_an_objective_that_is_none(looked_at: Look) -> None:
    for amount in (LIGHT, STANDARD, FULL):
        assert looked_at(amount=amount, application=True, victim_service=True).blocking == ()
        wrong = looked_at(amount=amount, **(WHOLE | {"plan_objective": "be-nice"})).blocking
        assert [row.rule for row in wrong] == ["L4"]


def test_what_people_read_fits_a_phone(looked_at: Look) -> None:
    # A card cuts a reason at 300 characters and a remedy at 200.
    for amount in (LIGHT, STANDARD, FULL, 1_000_000_00):
        for facts in ({}, {"application": True}, WHOLE):
            for row in looked_at(amount=amount, victim_service=True, start=date(2027, 4, 1), **facts).findings:
                if row.rule in {"P0", "V1", "L1", "L2", "L5", "D1", *RULES}:
                    assert len(row.because) <= 260, row
                    assert len(row.remedy) <= 200, row


def test_the_tiers_are_the_policys(said: Said, policy: Policy) -> None:
    light, standard, full = policy.tiers
    edge = 4_999_99
    tiers: tuple[Band[Tier], ...] = (replace(light, below=edge), replace(standard, lowest=edge), full)
    assert said(amount=edge) == {}
    assert said(amount=edge, under=replace(policy, tiers=tiers)) == said(amount=STANDARD)


# ---------------------------------------------------------------------------------------------------- L4, U1, U2


@pytest.mark.parametrize(
    ("rule", "amount", "changed", "because"),
    [
        ("L4", LIGHT, {"plan_objective": None}, "Not given: an objective of the Police and Crime Plan."),
        ("L4", FULL, {"plan_objective": ""}, "Not given: an objective of the Police and Crime Plan."),
        ("U1", LIGHT, {"need": None}, "Not given: the evidence of need."),
        ("U1", LIGHT, {"need": "  "}, "Not given: the evidence of need."),
        ("U1", STANDARD, {"existing_provision": ""}, "Not given: the check of what is there already."),
        (
            "U1",
            STANDARD,
            {"need": None, "existing_provision": None},
            "Not given: the evidence of need and the check of what is there already.",
        ),
        ("U1", FULL, told(needs_assessment=None), "Not given: a needs assessment."),
        ("U1", FULL, told(engagement=" "), "Not given: what the public, service users and partners say."),
        ("U2", LIGHT, {"outcomes": 0}, "Not given: at least one outcome."),
        (
            "U2",
            STANDARD,
            told(existing_service=None),
            "Not given: whether a service that is there could be re-commissioned or enhanced.",
        ),
        ("N3", LIGHT, {"outcomes": 0}, "Not given: at least one measure with a target."),
        ("N3", FULL, {"outcomes": 0}, "Not given: at least one measure with a target."),
    ],
)
def test_what_is_missing_is_named_and_waits_for_the_recommendation(
    finding: Find, rule: str, amount: int, changed: dict[str, Any], because: str
) -> None:
    found = finding(rule, amount=amount, **(WHOLE | changed))
    assert found is not None
    assert (found.verdict, found.because) == (Verdict.ADVICE, because)
    assert found.remedy == "Add this before it is recommended."
    assert found.needed_by is Stage.RECOMMENDATION


@pytest.mark.parametrize(
    ("rule", "amount", "because"),
    [
        ("L4", LIGHT, "It contributes to the Plan's objective “Support victims of crime”."),
        ("U1", JUST_STANDARD, "It says what is needed, and what is there already."),
        ("U1", FULL, "It says what is needed, and what is there already, with a needs assessment and what people say."),
        ("U2", LIGHT, "It names 2 outcomes to be achieved."),
        (
            "U2",
            STANDARD,
            "It names 2 outcomes to be achieved. It says whether a service that is there could do it.",
        ),
        ("N3", LIGHT, "Each outcome has a measure with a target, which the recipient accepts with the offer."),
    ],
)
def test_what_is_there_is_said(finding: Find, rule: str, amount: int, because: str) -> None:
    found = finding(rule, amount=amount, **WHOLE)
    assert found is not None
    assert (found.verdict, found.because) == (Verdict.MET, because)


def test_an_objective_that_the_plan_does_not_have(finding: Find) -> None:
    l4 = finding("L4", amount=LIGHT, **(WHOLE | {"plan_objective": "be-nice"}))
    assert l4 is not None
    assert (l4.verdict, l4.needed_by) == (Verdict.NOT_MET, Stage.RECOMMENDATION)
    assert "Reduce crime and disorder, Support victims of crime" in l4.remedy


# --------------------------------------------------------------------------------------------------- U3, U4, N2


@pytest.mark.parametrize(("rule", "field"), [("U3", "partnership"), ("U4", "pathways"), ("N2", "co_design")])
def test_prompts_are_optional_for_standard_and_required_for_full(finding: Find, rule: str, field: str) -> None:
    without = told(**{field: None})
    assert finding(rule, amount=LIGHT, **without) is None
    assert finding(rule, amount=LIGHT, **WHOLE) is None
    for amount, needed_by, begins in (
        (STANDARD, None, "Optional at this size: "),
        (JUST_STANDARD, None, "Optional at this size: "),
        (FULL, Stage.RECOMMENDATION, "Not given: "),
    ):
        found = finding(rule, amount=amount, **without)
        assert found is not None
        assert (found.verdict, found.needed_by) == (Verdict.ADVICE, needed_by)
        assert found.because.startswith(begins)
        assert bool(found.remedy) == (amount == FULL)
        answered = finding(rule, amount=amount, **WHOLE)
        assert answered is not None
        assert answered.verdict is Verdict.MET


# ---------------------------------------------------------------------------------------------------------- U5


def test_a_victim_service_says_how_victims_shape_it(finding: Find) -> None:
    silent = told(service_user_voice="")
    for amount in (LIGHT, STANDARD, FULL):
        assert finding("U5", amount=amount, **silent) is None
        for purpose in (Purpose.VICTIM_SERVICES, Purpose.RAPE_SUPPORT):
            voiced = finding("U5", amount=amount, purpose=purpose, **WHOLE)
            assert voiced is not None
            assert voiced.verdict is Verdict.MET
    for amount in (STANDARD, FULL):
        u5 = finding("U5", amount=amount, victim_service=True, **silent)
        assert u5 is not None
        assert (u5.verdict, u5.because) == (Verdict.ADVICE, "Not given: how victims shape the service.")
        assert (u5.remedy, u5.needed_by) == ("Add this before it is recommended.", Stage.RECOMMENDATION)


def test_a_light_victim_service_is_not_held_up_for_it(finding: Find) -> None:
    u5 = finding("U5", amount=LIGHT, victim_service=True, **told(service_user_voice=None))
    assert u5 is not None
    assert (u5.verdict, u5.remedy, u5.needed_by) == (Verdict.ADVICE, "", Stage.REVIEW)
    assert "Its returns say" in u5.because


# ---------------------------------------------------------------------------------------------------------- U6


@pytest.mark.parametrize(
    ("answer", "verdict", "begins"),
    [
        (True, "met", "It is early intervention or prevention"),
        (False, "met", "It is not early intervention or prevention"),
        (None, "advice", "Optional at this size: whether it is early intervention"),
    ],
)
def test_early_intervention_is_reported_on_and_never_blocks(
    finding: Find, answer: bool | None, verdict: str, begins: str
) -> None:
    for amount in (STANDARD, FULL):
        u6 = finding("U6", amount=amount, **told(early_intervention=answer))
        assert u6 is not None
        assert (u6.verdict.value, u6.remedy, u6.needed_by) == (verdict, "", None)
        assert u6.because.startswith(begins)
    assert finding("U6", amount=LIGHT, **told(early_intervention=answer)) is None


# ---------------------------------------------------------------------------------------------------------- N1

NEEDED = "It is for one area, and says why it is needed there."


@pytest.mark.parametrize(
    ("amount", "plan", "changed", "verdict", "because"),
    [
        (FULL, {"countywide": True}, {}, "met", "It is for people in the whole county."),
        (LIGHT, {"countywide": True}, {"need": None}, "met", "It is for people in the whole county."),
        (FULL, {"countywide": False, "local_need": "The A14"}, {}, "met", NEEDED),
        (STANDARD, {"countywide": None, "local_need": "The A14"}, {}, "met", NEEDED),
        (LIGHT, {"countywide": None}, {}, "met", NEEDED),
        (LIGHT, {"countywide": False}, {}, "met", NEEDED),
        (LIGHT, {"countywide": None}, {"csp_area": None}, None, ""),
        (LIGHT, {"countywide": None}, {"need": ""}, None, ""),
        (
            STANDARD,
            {"countywide": False, "local_need": " "},
            {},
            "advice",
            "It is for one area, and does not say why it is needed there.",
        ),
        (STANDARD, {"countywide": None}, {}, "advice", "Not given: that it is countywide, or why one area needs it."),
        (FULL, {"countywide": None}, {}, "advice", "Not given: that it is countywide, or why one area needs it."),
    ],
)
def test_countywide_or_a_local_need(
    finding: Find, amount: int, plan: dict[str, Any], changed: dict[str, Any], verdict: str | None, because: str
) -> None:
    n1 = finding("N1", amount=amount, **(told(**plan) | changed))
    assert (n1.verdict.value if n1 else None) == verdict
    if n1:
        assert n1.because == because
        assert bool(n1.remedy) == (verdict == "advice")
        assert n1.needed_by is (Stage.RECOMMENDATION if verdict == "advice" else None)


# ---------------------------------------------------------------------------------------------------------- D1


@pytest.mark.parametrize(
    ("organisation", "local", "flags", "verdict", "said"),
    [
        (None, None, set(), None, ""),
        (OrganisationType.CHARITY, None, {"third_sector"}, "met", "The recipient is of the third sector:"),
        (OrganisationType.CONSTITUTED_GROUP, None, {"third_sector"}, "met", "of the third sector:"),
        (OrganisationType.CHARITY, True, {"local", "third_sector"}, "met", "is local and of the third sector:"),
        (OrganisationType.COMPANY, True, {"local"}, "met", "The recipient is local:"),
        (None, True, {"local"}, "met", "The recipient is local:"),
        (OrganisationType.COMPANY, None, set(), "advice", "The recipient is not of the third sector:"),
        (OrganisationType.STATUTORY, False, set(), "advice", "not local and not of the third sector:"),
        (OrganisationType.COMMUNITY_SAFETY_PARTNERSHIP, None, set(), "advice", "not of the third sector:"),
        (None, False, set(), "advice", "The recipient is not local:"),
    ],
)
def test_local_and_third_sector_are_flagged_and_raise_no_score(
    looked_at: Look,
    finding: Find,
    organisation: OrganisationType | None,
    local: bool | None,
    flags: set[str],
    verdict: str | None,
    said: str,
) -> None:
    facts: dict[str, Any] = {"organisation_type": organisation, "plan": PlanFacts(local_supplier=local)}
    d1 = finding("D1", amount=STANDARD, **facts)
    assert (d1.verdict.value if d1 else None) == verdict
    if d1:
        assert said in d1.because
        assert (d1.remedy, d1.needed_by) == ("", None)
    # A light award is told what counts for it, and is spared the rest.
    light = finding("D1", amount=LIGHT, **facts)
    assert (light.verdict.value if light else None) == ("met" if flags else None)
    # It changes nothing else that is said.
    plain = looked_at(amount=STANDARD)
    assert [row for row in looked_at(amount=STANDARD, **facts).findings if row.rule != "D1"] == list(plain.findings)


def test_the_flags_that_are_reported() -> None:
    charity = Facts(Kind.GRANT, 1, organisation_type=OrganisationType.CHARITY)
    assert supplier_flags(charity) == {"third_sector"}
    assert supplier_flags(replace(charity, plan=PlanFacts(local_supplier=True))) == {"third_sector", "local"}
    assert supplier_flags(replace(charity, organisation_type=OrganisationType.COMPANY)) == set()


# ---------------------------------------------------------------------------------------------------------- N4

BID = BidFacts("the Safer Streets Fund", date(2027, 1, 29))


@pytest.mark.parametrize(
    ("today", "bid", "verdict", "because"),
    [
        (date(2027, 1, 1), BID, "advice", "closes on 29 January 2027, in 28 days."),
        (date(2027, 1, 28), BID, "advice", "closes on 29 January 2027, in 1 day."),
        (date(2027, 1, 29), BID, "advice", "closes on 29 January 2027, today."),
        (date(2027, 1, 30), BID, "advice", "closed on 29 January 2027, 1 day ago, and was not sent."),
        (date(2027, 2, 5), BID, "advice", "closed on 29 January 2027, 7 days ago, and was not sent."),
        (date(2027, 1, 29), replace(BID, sent_on=date(2027, 1, 29)), "met", "was sent on 29 January 2027, in time for"),
        (date(2027, 2, 5), replace(BID, sent_on=date(2027, 1, 29)), "met", "was sent on 29 January 2027, in time for"),
        (date(2028, 1, 1), replace(BID, sent_on=date(2027, 1, 4)), "met", "was sent on 4 January 2027, in time for"),
        (date(2027, 1, 30), replace(BID, sent_on=date(2027, 1, 30)), "advice", "after it closed on 29 January 2027."),
        (date(2027, 1, 27), replace(BID, sent_on=date(2027, 1, 28)), "advice", "closes on 29 January 2027, in 2 days."),
        (date(2027, 2, 5), replace(BID, dropped=True), "met", "was dropped, with the reason on record."),
        (date(2027, 1, 1), replace(BID, dropped=True), "met", "was dropped, with the reason on record."),
    ],
)
def test_a_bid_is_sent_by_its_last_day(today: date, bid: BidFacts, verdict: str, because: str) -> None:
    n4 = bid_deadline_finding(bid, today)
    assert n4.rule == "N4"
    assert n4.verdict.value == verdict
    assert n4.because.startswith("The bid to the Safer Streets Fund that the office leads ")
    assert because in n4.because
    assert bool(n4.remedy) == (verdict == "advice")


def test_a_bid_may_be_supported() -> None:
    assert "that the office supports" in bid_deadline_finding(replace(BID, led=False), date(2027, 1, 1)).because
