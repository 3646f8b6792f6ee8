"""What an idea will need before anybody starts: the rules' answer, who could approve it, and which funds would fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from core.assessing import money_for
from core.office import Office
from core.rules.assessment import Assessment, Facts, assess
from core.rules.authority import who_could_approve
from core.rules.policy import Fund, Policy


@dataclass(frozen=True)
class Explanation:
    """What the rules say of an idea, who may approve it (A1), and which open funds would fit.

    `fitting` is empty where nothing stands against the fund that was chosen. `policy` is the fingerprint of the policy
    that says so, as on `day`.
    """

    assessment: Assessment
    who_may_approve: str
    fitting: tuple[Fund, ...]
    policy: str
    day: date


def explain(session: Session, facts: Facts, *, office: Office, today: date) -> Explanation:
    """Explain an idea under the office's policy and with the money that its funds have on a day."""
    policy = office.policy
    money = money_for(session, facts, today)
    assessment = assess(facts, policy, today, money, office.closed_days)
    who = who_could_approve(facts.kind, facts.fund, facts.amount, policy, today)
    others: dict[str, Assessment] = {}
    for fund in _others(facts, policy, today):
        instead = replace(facts, fund=fund.id)
        others[fund.id] = assess(instead, policy, today, money_for(session, instead, today), office.closed_days)
    settled = facts.fund is not None and not assessment.blocking
    fitting = () if settled else _fitting(others, policy)
    return Explanation(assessment, who.sentence, fitting, office.fingerprint, today)


def _others(facts: Facts, policy: Policy, today: date) -> tuple[Fund, ...]:
    """The other open funds for the same purpose: as stated, or else as the chosen fund has it."""
    chosen = policy.fund(facts.fund) if facts.fund else None
    if facts.purpose is not None:
        wanted = {facts.purpose}
    elif chosen is not None:
        wanted = set(chosen.purposes)
    else:
        return ()
    return tuple(
        fund
        for fund in policy.funds
        if fund is not chosen and fund.is_open(today) and facts.kind in fund.kinds and wanted & set(fund.purposes)
    )


def _fitting(assessed: Mapping[str, Assessment], policy: Policy) -> tuple[Fund, ...]:
    return tuple(fund for fund in policy.funds if fund.id in assessed and not assessed[fund.id].blocking)
