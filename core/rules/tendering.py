"""How a tender is run, and what comes with buying: several buys, advertising, panel, term, notices (T2, T4 to T8)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from core.rules.calendar import add_months, date_text
from core.rules.facts import BuyingFacts, Facts, Finding, Stage, Verdict, advice, met, not_met
from core.rules.money import display
from core.rules.parts import Part, worst_of
from core.rules.policy import Kind, Notice, Policy, Route
from core.rules.procurement import Portal, Procurement, act_covers, band_text, buying_value, notices_due, office_buys
from core.rules.words import listed

__all__ = ["advertising_finding", "bought_together", "tendering_findings"]


def bought_together(awards: Iterable[tuple[date, int]], today: date, months: int) -> int:
    """What a supplier's other awards of the last months come to, in pence (T2).

    `awards` are the day and the whole-life value of each to which the thresholds for buying apply. The same day so many
    months ago still counts, the day before it does not, and neither does a day to come.
    """
    try:
        since = add_months(today, -months)
    except OverflowError:
        since = date.min
    return sum(pence for day, pence in awards if since <= day <= today)


def tendering_findings(facts: Facts, bought: Procurement, policy: Policy, today: date) -> tuple[Finding, ...]:
    """T2 and T4 to T8, those that have something to say about these facts on this day."""
    found = (
        _t2(facts, policy),
        _t4(facts, bought, policy, today),
        _t5(facts, bought),
        _t6(facts, bought),
        _t7(facts, policy),
        _t8(facts, bought, policy, today),
    )
    return tuple(finding for finding in found if finding)


def _t2(facts: Facts, policy: Policy) -> Finding | None:
    others = facts.history.same_supplier
    if not others or not office_buys(facts):
        return None
    alone, together = buying_value(facts), buying_value(facts) + others
    band, crossed = policy.buying_band(alone), policy.buying_band(together)
    months = policy.buying_together_months.value
    because = (
        f"With the same supplier's other awards of the last {months} months, {display(others)}, "
        f"this {display(alone)} makes {display(together)}"
    )
    if crossed == band:
        return met("T2", f"{because}, which still needs {band_text(band)}.")
    return advice(
        "T2",
        f"{because}, which needs {band_text(crossed)}; alone it needs {band_text(band)}.",
        "Buy them together, as the larger band asks, or record why they are separate.",
    )


def _t4(facts: Facts, bought: Procurement, policy: Policy, today: date) -> Finding | None:
    """Advertised where, and what is shown there; where nothing is advertised, only what the office has set."""
    tender = bought.route is Route.TENDER
    shown = list(_shown(facts.buying, asked=tender))
    if tender:
        found = worst_of("T4", shown)
        return replace(found, because=f"{_tender_advertised(facts, bought, policy)} {found.because}")
    if facts.kind is Kind.GRANT:
        fund = _fund_advertised(facts, policy, today)
        parts = [fund, *shown] if fund else shown
    else:
        parts = shown if office_buys(facts) else []
    return worst_of("T4", parts) if parts else None


def _tender_advertised(facts: Facts, bought: Procurement, policy: Policy) -> str:
    value, limit = display(buying_value(facts)), display(policy.portal_over.value)
    portal = _portal(policy)
    if bought.portal is Portal.REQUIRED:
        where = f"and, because {value} exceeds {limit}, on {portal}"
    else:
        where = f"and preferably on {portal}, which is required only where the value exceeds {limit}"
    return f"The opportunity is advertised on the website {where}."


def advertising_finding(
    envelope: int, shares: tuple[int | None, int | None], portal: str, policy: Policy, *, tender: bool
) -> Finding:
    """T4: is an opportunity of this envelope in pence advertised as it must be, with its quality and cost `shares`?

    `portal` is where it stands on the procurement portal, "" where it does not. Only a tender must say its split.
    """
    value, limit = display(envelope), display(policy.portal_over.value)
    parts = [
        Part(Verdict.MET, f"It is advertised on the website{', and on the procurement portal' if portal else ''}.")
    ]
    if tender and not portal:
        if envelope > policy.portal_over.value:
            because = f"{value} exceeds {limit}, and it is not on {_portal(policy)}."
            parts.append(Part(Verdict.NOT_MET, because, "Advertise it there as well, and give its address."))
        else:
            parts.append(Part(Verdict.MET, f"The procurement portal is required only where a value exceeds {limit}."))
    quality, cost = shares
    shown = BuyingFacts(envelope_shown=True, quality_share=quality, cost_share=cost)
    return worst_of("T4", [*parts, *_shown(shown, asked=tender)])


def _portal(policy: Policy) -> str:
    """The portal as people know it: by its name and address where the office has set them."""
    known = [text.value for text in (policy.office.portal_name, policy.office.portal_address) if text.value]
    return f"the procurement portal ({', '.join(known)})" if known else "the procurement portal"


def _fund_advertised(facts: Facts, policy: Policy, today: date) -> Part | None:
    fund = policy.fund(facts.fund) if facts.fund else None
    if fund is None:
        return None
    if fund.is_open(today):
        return Part(Verdict.MET, f"The {fund.name} is advertised on the website while it is open.")
    if not fund.open_to_applications:
        because = f"The {fund.name} is not open to applications: it makes awards by invitation."
    else:
        because = f"The {fund.name} is closed to applications today."
    opens = [window.opens for window in fund.windows if window.opens > today]
    if fund.open_to_applications and opens:
        because += f" It opens on {date_text(min(opens))}."
    return Part(Verdict.ADVICE, because, "Ask the office before you apply.")


def _shown(buying: BuyingFacts, *, asked: bool) -> Iterable[Part]:
    """The envelope and the split of quality and cost; where they are not `asked` for, only what is given."""
    waits = Stage.APPROVAL if asked else None
    if buying.envelope_shown is not None:
        yield (
            Part(Verdict.MET, "The funding envelope is shown.")
            if buying.envelope_shown
            else Part(Verdict.NOT_MET, "The funding envelope is not shown.", "Show the funding envelope.")
        )
    elif asked:
        because = "Whether the funding envelope is shown is not given."
        yield Part(Verdict.ADVICE, because, "Show the funding envelope.", waits)
    quality, cost = buying.quality_share, buying.cost_share
    if quality is not None and cost is not None:
        whole = f"The split is {quality}% for quality and {cost}% for cost"
        if quality >= 0 and cost >= 0 and quality + cost == _WHOLE:
            yield Part(Verdict.MET, f"{whole}.")
        else:
            yield Part(
                Verdict.NOT_MET,
                f"{whole}, which adds up to {quality + cost}%.",
                f"Set two shares, neither below 0, that add up to {_WHOLE}.",
            )
    elif asked or quality is not None or cost is not None:
        because = "The split of quality and cost is not given."
        yield Part(Verdict.ADVICE, because, "Show the split of quality and cost.", waits)


_WHOLE: Final = 100
"""Per cent: what the shares of quality and cost add up to."""


def _t5(facts: Facts, bought: Procurement) -> Finding | None:
    if facts.buying.market_engagement and office_buys(facts):
        return met("T5", "Market engagement is on record.")
    if bought.route is not Route.TENDER:
        return None
    return advice(
        "T5",
        "No market engagement is on record.",
        "Hold an event where it would add value before the tender, and record it; nothing waits for it.",
    )


def _t6(facts: Facts, bought: Procurement) -> Finding | None:
    if not bought.independent_panel_member:
        return None
    buying = facts.buying
    who = "an independent member without an interest: not of the office, the force or a bidder"
    if buying.panel is None:
        return advice(
            "T6",
            f"A tender's evaluation panel needs {who}. The panel is not given.",
            "Name the panel, and invite service users where possible, before tenders are opened.",
            Stage.APPROVAL,
        )
    independent = sum(member.of == "independent" and not member.conflicted for member in buying.panel)
    if not independent:
        count = {0: "The panel has no member", 1: "The panel's one member is not independent, or has an interest"}.get(
            len(buying.panel), f"None of the panel's {len(buying.panel)} members is independent and without an interest"
        )
        return not_met("T6", f"{count}. It needs {who}.", "Add such a member, and have the tenders evaluated again.")
    because = f"Independent members of the panel without an interest: {independent} of {len(buying.panel)}."
    if buying.users_invited:
        return met("T6", f"{because} Service users were invited.")
    if buying.users_invited is False and buying.users_not_invited_because:
        return met("T6", f"{because} Why service users were not invited is on record.")
    if buying.users_invited is False:
        return advice("T6", f"{because} Service users were not invited.", "Record why they were not.")
    return advice(
        "T6",
        f"{because} Whether service users were invited is not given.",
        "Invite service users where possible, or record why not.",
    )


def _t7(facts: Facts, policy: Policy) -> Finding | None:
    if facts.kind not in (Kind.CONTRACT, Kind.CO_COMMISSIONED) or not office_buys(facts):
        return None
    if facts.start is None or facts.end is None:
        return None
    months = policy.multi_year_months.value
    if _lasts(facts.start, facts.end, months):
        return met("T7", f"The contract runs for {months} months or more.")
    if facts.plan.short_term_reason:
        return met("T7", f"The contract runs for less than {months} months, and why is on record.")
    return advice(
        "T7",
        f"The contract runs for less than {months} months, and short-term funding makes it hard to recruit.",
        "Make it a multi-year contract, or record why it cannot be one.",
    )


def _lasts(start: date, end: date, months: int) -> bool:
    """Whether a term is so many whole months: 1 April to 31 March is twelve, since its last day counts."""
    try:
        return end.toordinal() + 1 >= add_months(start, months).toordinal()
    except OverflowError:
        return False


def _t8(facts: Facts, bought: Procurement, policy: Policy, today: date) -> Finding | None:
    """The notices, each with whether it is on record; where none is due there is nothing to say."""
    due = notices_due(facts, bought, policy, today)
    if not due:
        return None
    value = buying_value(facts)
    covered, notifiable = act_covers(facts, policy, today), policy.threshold("notifiable", today)
    if covered:
        why = covered.because(value)
    else:
        limit = display(notifiable.value) if notifiable else ""
        why = f"{display(value)} reaches {limit}, from which the Procurement Act 2023 asks for notices."
    recorded = facts.buying.notices
    because = f"{why} {' '.join(_notice(row, recorded=row.id in recorded) for row in due)}"
    missing = [row for row in due if row.id not in recorded]
    if not missing:
        return met("T8", because)
    first = [row for row in missing if row.before_signing]
    if not first:
        return advice("T8", because, f"Publish and record after signing: {_names(missing)}.")
    return advice(
        "T8",
        because,
        f"Publish and record before anything is signed: {_names(first)}. The procurement portal does not replace them.",
        Stage.SIGNING,
    )


def _notice(row: Notice, *, recorded: bool) -> str:
    return f"{row.name}: on record." if recorded else f"{row.name}: due {row.by}."


def _names(notices: list[Notice]) -> str:
    return listed(notice.name.lower() for notice in notices)
