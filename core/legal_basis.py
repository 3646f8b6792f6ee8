"""On which power an award is made, and why it secures or contributes to crime and disorder reduction (L1, L2).

Both are kept with the decision, apart from its reasons. Whoever decides is shown what the recommendation says, or else
what the desk suggests from the fund, the purpose and the Plan; what nobody gives is kept as suggested, and marked so.
"""

from __future__ import annotations

from dataclasses import dataclass

from core import written
from core.assessing import facts_of
from core.errors import Refused
from core.office import Office
from core.records import Application
from core.rules.legal_basis import Power, contribution_of, powers_for
from core.rules.policy import Kind
from core.rules.words import listed

LONGEST_POWER = 300
"""Characters of a power that the policy does not name."""


@dataclass(frozen=True)
class Basis:
    """A power, in words, and why the award contributes to crime and disorder reduction; "" where there is none."""

    legal_power: str
    contribution: str


def powers(application: Application, office: Office) -> tuple[Power, ...]:
    """The powers of the policy under which this award can be made; none where the policy names none for its kind."""
    return powers_for(Kind(application.kind), office.policy, victim=facts_of(application).victim)


def suggested(application: Application, office: Office) -> Basis:
    """What to fill in: what the standing recommendation says, else what the policy, the fund and the Plan say."""
    known, facts = powers(application, office), facts_of(application)
    objective = office.policy.objective(application.plan_objective or "")
    contribution = contribution_of(
        facts, office.policy.fund(application.fund), objective.text if objective is not None else ""
    )
    made = application.recommendation
    return Basis(
        (made.legal_power if made else None) or (known[0].text if known else ""),
        (made.contribution if made else None) or contribution,
    )


def given_power(application: Application, text: str, office: Office) -> str:
    """A power as the record keeps it: one that the policy names for this award, by its id or in its words; "" for none.

    Where the policy names none, what is written is taken. Raises Refused (L1) for another power than it names.
    """
    tidy = written.note(text, "L1", most=LONGEST_POWER, what="the power")
    known = powers(application, office)
    if not tidy or not known:
        return tidy
    for power in known:
        if tidy in (power.id, power.text):
            return power.text
    raise Refused(f"This award is made under {listed((power.text for power in known), 'or')}. Choose that.", "L1")


def given_contribution(text: str) -> str:
    """Why it contributes, as the record keeps it; "" for none. Raises Refused (L1) for more than fits."""
    return written.note(text, "L1", what="why it reduces crime")
