"""What the rules say about an award: its tier, how it is bought, its returns and meetings, and a finding for each rule.

The form, the check page, the card, the API and the command line all render what `assess` answers.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from core.rules.cycle import tier_finding
from core.rules.facts import Facts, Finding, Money, Verdict
from core.rules.fund_rules import fund_findings, money_finding, purpose_finding
from core.rules.legal_basis import legal_findings
from core.rules.policy import Policy, Tier
from core.rules.procurement import Procurement, Route, buying_findings, procurement
from core.rules.publishing import publication_finding, specified_for
from core.rules.reviewing import (
    Schedule,
    forum_finding,
    has_meetings,
    look_finding,
    meeting_finding,
    meeting_schedule,
    return_finding,
    return_schedule,
)
from core.rules.tendering import tendering_findings
from core.rules.understand_plan import plan_findings

__all__ = ["Assessment", "Facts", "Finding", "Money", "Schedule", "Verdict", "assess", "has_meetings"]

ORDER: Final = (
    "P0", "V1", "F0", "F1", "F2", "F3", "F4", "F5", "F6", "L1", "L2", "L3", "L4", "L5",
    "U1", "U2", "U3", "U4", "U5", "U6", "N1", "N2", "N3", "D1",
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "R1", "R2", "R4", "R6", "W1", "W2",
)  # fmt: skip
"""The order of the findings; there is at most one for each rule."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything the rules say about one set of facts."""

    tier: Tier
    procurement: Procurement
    returns: Schedule
    meetings: Schedule
    findings: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings with which it cannot be approved (A5)."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.NOT_MET)


def assess(
    facts: Facts, policy: Policy, today: date, money: Money | None = None, holidays: frozenset[date] = frozenset()
) -> Assessment:
    """What the rules say; the same facts, policy, day and money give the same answer.

    `money` is the fund's position in the financial year of the start; without it F6 is not looked at. `holidays` are
    the days, beside weekends, on which nobody works: a dated plan avoids them (P0). Facts are valid
    where amounts are not negative and the end is not before the start; on those it never raises.
    """
    bought = procurement(facts, policy)
    returns = return_schedule(facts, policy)
    meetings = meeting_schedule(facts, policy)
    found = [
        tier_finding(facts, policy, today, holidays),
        *legal_findings(facts, policy, today),
        purpose_finding(facts, policy),
        *fund_findings(facts, policy),
        money_finding(facts, money, policy, today),
        *plan_findings(facts, policy),
        *buying_findings(facts, bought, policy, today),
        *tendering_findings(facts, bought, policy, today),
        return_finding(facts, returns, policy),
        meeting_finding(facts, meetings, policy),
        forum_finding(facts, policy),
        look_finding(facts, policy),
        publication_finding(),
        specified_for(facts, bought.route is Route.TENDER, policy),
    ]
    findings = sorted((finding for finding in found if finding), key=lambda finding: ORDER.index(finding.rule))
    return Assessment(policy.tier(facts.amount), bought, returns, meetings, tuple(findings))
