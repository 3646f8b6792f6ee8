"""What an application says, so that nobody acts on what their page did not show (`core.returns` has it of a return).

It is said of answers, documents, questions and recommendations, field by field (`core.shown`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import applications, documents
from core.answers_given import answers_given
from core.documents import Owner
from core.errors import ChangedMeanwhile
from core.records import Application, Asked
from core.rules.policy import Policy
from core.shown import Shown

_ASKED: Final = "asked-"
_DOCUMENTS: Final = "documents"
_RECOMMENDED: Final = "recommended"


def what_it_says(session: Session, application: Application, policy: Policy) -> dict[str, str]:
    """All that somebody reads of an application before they ask about it, by field."""
    answers = {
        "-".join(f"answer {one.section} {one.label}".split()): "\n".join(one.lines)
        for one in answers_given(application, policy)
    }
    mine = (Asked.application_id == application.id) & Asked.return_id.is_(None)
    query = select(Asked).where(mine).order_by(Asked.id).execution_options(populate_existing=True)
    asked = {f"{_ASKED}{one.id}": "open" if one.ended_at is None else f"ended {one.answer or ''}"
             for one in session.scalars(query)}  # fmt: skip
    sent = [one for one in documents.listed(session, Owner(application.id)) if documents.counts(one)]
    recommendation, decision = application.recommendation, application.decision
    stands = {
        _DOCUMENTS: " ".join(str(one.id) for one in sent),
        _RECOMMENDED: f"{recommendation.id if recommendation else ''} {decision.id if decision else ''}".strip(),
    }
    return answers | asked | stands


def application_as_shown(session: Session, application_id: int, seen: str, policy: Policy) -> Application:
    """The application, held, as long as it says what the page showed; `seen` is what the page said of it.

    Raises NotFound, and ChangedMeanwhile, with what else it says now.
    """
    application = applications.held(session, application_id)
    says = what_it_says(session, application, policy)
    changed = Shown(seen).changed(says)
    if not changed:
        return application
    if _RECOMMENDED in changed:
        what = applications.who_was_first(application) or "What was recommended on this application changed."
    elif any(name.startswith("answer-") for name in changed):
        what = "This application was corrected after you opened this page."
    elif any(name.startswith(_ASKED) for name in changed):
        what = "A question about this application was asked, answered or taken back after you opened this page."
    else:
        what = "The documents of this application changed after you opened this page."
    raise ChangedMeanwhile(
        f"{what} Nothing was done: look again, at the application as it is now.",
        {name: says.get(name, "") for name in changed},
        "A5",
    )
