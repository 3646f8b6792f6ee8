"""What is wrong with a row, in words: its columns beside what the lines of the trail tell of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core.office import LONDON
from core.rules.lifecycle import AWARD, AgreementState, ApplicationState, AwardAction, AwardState, ReturnState
from core.rules.money import display

Line = Mapping[str, Any]
Teller = Callable[[Line], Any]

DECISIONS = frozenset({"approved", "declined", "recorded_outside"})
"""The kinds of lines that tell of a decision."""

_MONEY = frozenset({"amount", "purchases", "spent", "paid", "returned", "before", "after"})

_NAMES: Mapping[str, str] = {
    "monitoring_return": "Return",
    "ledger_entry": "Ledger entry",
    "policy_version": "Policy",
    "policy_in_force": "Policy in force",
    "policy_withdrawal": "Withdrawal of a policy",
    "award_check": "Check",
    "asked": "Question",
    "award_look": "Look",
}


def named(table: str, row: int, reference: str | None) -> str:
    """A row as a sentence about it begins: "Award 7 (YF-2026-7K4MPX)"."""
    name = _NAMES.get(table, table.replace("_", " ").capitalize())
    return f"{name} {row}" + (f" ({reference})" if reference else "")


def _told(*path: str) -> Teller:
    """What a line's data say at this place; nothing where they do not go so far."""

    def tell(line: Line) -> Any:
        found: Any = line["data"]
        for name in path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return tell


def _always(value: str) -> Teller:
    return lambda _line: value


_FACTS = ("kind", "amount", "fund", "purpose", "purchases", "organisation_type", "csp_area", "age_from", "age_to")
_MORE_FACTS = ("send", "plan_objective", "need", "existing_provision")
_DECISION: Mapping[str, Teller] = {
    "outcome": lambda line: line["kind"],
    "made_at": lambda line: line["at"],
    "person_id": _told("person"),
    "policy": _told("policy"),
    **{name: _told(name) for name in ("amount", "reasons", "conditions", "facts", "findings")},
    **{name: _told(name) for name in ("legal_power", "contribution", "suggested")},
}
_OUTSIDE = ("outside_by", "outside_role", "outside_on", "outside_document", "outside_accepted_on")
_ASKED: Mapping[str, Teller] = {
    "asked_at": lambda line: line["at"],
    "person_id": _told("person"),
    **{name: _told(name) for name in ("question", "answer_by")},
}
_ENDED: Mapping[str, Teller] = {"ended_at": lambda line: line["at"], "ended_by": lambda line: line["actor"]}

_SENT: Mapping[str, Teller] = {
    "findings": _told("findings"),
    "start_on": _told("facts", "start"),
    "end_on": _told("facts", "end"),
    **{name: _told("facts", name) for name in (*_FACTS, *_MORE_FACTS)},
}

_TELLS: Mapping[str, Mapping[str, Mapping[str, Teller]]] = {
    "application": {
        "submitted": {"submitted_at": lambda line: line["at"], **_SENT},
        "corrected": {"status": _always(ApplicationState.SUBMITTED), **_SENT},
        "recorded_outside": {
            "status": _always(ApplicationState.APPROVED),
            "submitted_at": lambda line: line["at"],
            **_SENT,
        },
        **{
            state: {"status": _always(state)}
            for state in ("queried", "recommended", "approved", "declined", "withdrawn")
        },
        "answered": {"status": _always(ApplicationState.SUBMITTED)},
        "question_taken_back": {"status": _always(ApplicationState.SUBMITTED)},
        "recommendation_undone": {"status": _always(ApplicationState.SUBMITTED)},
        "decision_undone": {"status": _always(ApplicationState.RECOMMENDED)},
        "taken": {"taken_by_id": _told("person"), "taken_at": lambda line: line["at"]},
        "let_go": {"taken_by_id": lambda _line: None, "taken_at": lambda _line: None},
    },
    "recommendation": {
        "recommended": {
            "made_at": lambda line: line["at"],
            "person_id": _told("person"),
            **{name: _told(name) for name in ("outcome", "amount", "reasons", "conditions")},
            **{name: _told(name) for name in ("legal_power", "contribution")},
        },
        "recommendation_undone": {"set_aside_at": lambda line: line["at"]},
    },
    "decision": {
        "approved": _DECISION,
        "declined": _DECISION,
        "recorded_outside": {
            **_DECISION,
            "outcome": _always("approved"),
            **{name: _told(name) for name in _OUTSIDE},
        },
        "decision_undone": {
            "undone_at": lambda line: line["at"],
            "undone_by_id": _told("person"),
            "undone_why": _told("reason"),
        },
    },
    "award": {
        "offered": {
            "status": _always(AWARD.first),
            "offered_at": lambda line: line["at"],
            "amount": _told("amount"),
            "accept_by": _told("accept_by"),
        },
        **{
            kind: {
                "status": _always(AWARD.next(AwardState.OFFERED, action)),
                "answered_at": lambda line: line["at"],
                "answered_by": _told("name"),
                "answered_role": _told("role"),
            }
            for kind, action in (("offer_accepted", AwardAction.ACCEPT), ("offer_refused", AwardAction.REFUSE))
        },
        "recorded_outside": {
            "status": _always(AwardState.ACTIVE),
            "offered_at": lambda line: line["at"],
            "answered_at": lambda line: line["at"],
            "amount": _told("amount"),
            "accept_by": _told("outside_accepted_on"),
        },
        "offer_expired": {"status": _always(AwardState.EXPIRED)},
        "offer_withdrawn": {"status": _always(AwardState.EXPIRED), "withdrawn_at": lambda line: line["at"]},
        "offer_extended": {"accept_by": _told("accept_by")},
        "varied": {"amount": _told("after")},
        "completed": {"status": _always(AwardState.COMPLETED), "paid": _told("paid")},
    },
    "agreement": {
        "agreement_sent": {"sent_on": _told("sent_on"), "status": _always(AgreementState.SENT)},
        "agreement_redrafted": {"sent_on": lambda _line: None, "status": _always(AgreementState.DRAFTED)},
        "agreement_signed": {
            "status": _always(AgreementState.SIGNED),
            **{name: _told(name) for name in ("signed_by", "signed_on", "document", "passes_on")},
        },
    },
    "award_look": {
        "looked_at": {
            "made_at": lambda line: line["at"],
            "person_id": _told("person"),
            **{name: _told(name) for name in ("due", "outcome", "reconciled", "paid", "returned", "spent", "note")},
        }
    },
    "monitoring_return": {
        "return_received": {
            "received_at": lambda line: line["at"],
            "received_from": lambda line: line["actor"],
            "spent": _told("spent"),
            "people": _told("people"),
            "status": _always(ReturnState.RECEIVED),
        },
        "return_queried": {"status": _always(ReturnState.QUERIED)},
        "return_answered": {"status": _always(ReturnState.RECEIVED)},
        "return_question_taken_back": {"status": _always(ReturnState.RECEIVED)},
        "return_accepted": {"status": _always(ReturnState.ACCEPTED)},
        "return_corrected": {"spent": _told("spent"), "people": _told("people")},
    },
    "asked": {
        **dict.fromkeys(("queried", "return_queried"), _ASKED),
        "deadline_extended": {"answer_by": _told("until")},
        **{kind: {"answer": _told("answer"), **_ENDED} for kind in ("answered", "corrected", "return_answered")},
        **dict.fromkeys(("question_taken_back", "return_question_taken_back", "withdrawn"), _ENDED),
    },
    "variation": {
        "varied": {
            "made_at": lambda line: line["at"],
            "person_id": _told("person"),
            **{name: _told(name) for name in ("before", "after", "reasons", "facts", "findings")},
        }
    },
    "measure_proposal": {
        "measures_proposed": {
            "proposed_at": lambda line: line["at"],
            "proposed_by": _told("name"),
            "why": _told("why"),
        },
        "measures_agreed": {"outcome": _always("agreed"), "person_id": _told("person"), "answer": _told("note")},
        "measures_declined": {"outcome": _always("declined"), "person_id": _told("person"), "answer": _told("reason")},
    },
    "bank_details": {
        "bank_details_given": {
            "given_at": lambda line: line["at"],
            "version": _told("version"),
            "own_name": _told("own_name"),
            "purged_at": lambda _line: None,
        },
        "bank_details_purged": {"purged_at": lambda line: line["at"]},
    },
    "panel_listing": {
        "put_on_list": {
            "listed_at": lambda line: line["at"],
            "person_id": _told("person"),
            "sitting_on": _told("sitting_on"),
        },
        "taken_off_list": {"removed_at": lambda line: line["at"], "removed_by_id": _told("person")},
    },
    "sitting": {
        "sitting_opened": {
            "opened_at": lambda line: line["at"],
            "opened_by": lambda line: line["actor"],
            "status": _always("open"),
            **{name: _told(name) for name in ("name", "day", "funds", "named")},
        },
        "sitting_begun": {"begun_at": lambda line: line["at"], "status": _always("scoring")},
        "sitting_closed": {"closed_at": lambda line: line["at"], "status": _always("closed"), "note": _told("note")},
    },
    "score_sheet": {"scored": {name: _told(name) for name in ("points", "comment")}},
    "interest": {"interest_declared": {"declared_at": lambda line: line["at"], "reason": _told("reason")}},
    "person": {"person_added": {name: _told(name) for name in ("name", "role", "body")}},
    "deadline": {
        "deadline_chased": {"chased_at": lambda line: line["at"]},
        "deadline_reassigned": {"owner_id": _told("owner")},
        "deadline_snoozed": {"snoozed_until": _told("until")},
    },
    "ledger_entry": {
        "money": {
            "made_at": lambda line: line["at"],
            "actor": lambda line: line["actor"],
            **{name: _told(name) for name in ("fund", "year", "pot", "kind", "amount", "note")},
        }
    },
}
"""For each table the lines that tell of its columns: in which kind of line, and where in it."""


def _sealing(table: str) -> Callable[[Line, Mapping[str, Any]], bool]:
    """Whether a line seals this row; one from before lines sealed rows is about the only row there was."""
    return lambda line, row: not line["seals"] or f"{table}:{row['id']}" in line["seals"]


def _of_award(line: Line, row: Mapping[str, Any]) -> bool:
    """Whether a line is about this award: the one that it names, else the one that stands."""
    named_by_line = _told("award")(line)
    return named_by_line == row["id"] if named_by_line is not None else row["withdrawn_at"] is None


_SAME: Mapping[str, Callable[[Line, Mapping[str, Any]], bool]] = {
    "monitoring_return": lambda line, row: _told("due")(line) == _plain(row["due"]),
    "interest": lambda line, row: _told("person")(line) == row["person_id"],
    "person": lambda line, row: _told("person")(line) == row["id"],
    "ledger_entry": lambda line, row: f"ledger_entry:{row['id']}" in (line["seals"] or {}),
    "variation": lambda line, row: f"variation:{row['id']}" in (line["seals"] or {}),
    "asked": lambda line, row: f"asked:{row['id']}" in (line["seals"] or {}),
    "recommendation": _sealing("recommendation"),
    "decision": _sealing("decision"),
    "panel_listing": _sealing("panel_listing"),
    "sitting": lambda line, row: _told("sitting")(line) == row["id"],
    "score_sheet": _sealing("score_sheet"),
    "agreement": lambda line, row: _told("agreement")(line) == row["id"],
    "award_look": lambda line, row: _told("look")(line) == row["id"],
    "award": _of_award,
    "deadline": lambda line, row: _told("deadline")(line) == row["id"],
    "measure_proposal": lambda line, row: _told("proposal")(line) == row["id"],
}
"""Which of several lines of a kind is about this row, where a case has more than one such row."""


def differences(table: str, values: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """How a row's columns differ from the last line that tells of each, in sentences; "" where none tells otherwise."""
    told: dict[str, tuple[Any, Line]] = {}
    same = _SAME.get(table)
    for line in lines:
        tellers = _TELLS.get(table, {}).get(line["kind"])
        if tellers and isinstance(line["data"], Mapping) and (same is None or same(line, values)):
            told.update({column: (tell(line), line) for column, tell in tellers.items()})
    return " ".join(
        f"Its {column.replace('_', ' ')} is {_shown(column, values.get(column))}; "
        f"line {line['sequence']} ({line['kind'].replace('_', ' ')}) says {_shown(column, value)}."
        for column, (value, line) in told.items()
        if _plain(values.get(column)) != _plain(value)
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _shown(column: str, value: Any) -> str:
    if value is None:
        return "empty"
    if column in _MONEY and type(value) is int:
        return display(value)
    if isinstance(value, datetime):
        local = value.astimezone(LONDON)  # to the last digit: it is told where somebody changed one
        return f"{local:%-d %B %Y at %H:%M:%S}" + (f".{local:%f}" if local.microsecond else "")
    if isinstance(value, (Mapping, list)):
        return "another list" if isinstance(value, list) else "another set"
    text = " ".join(str(_plain(value)).split())
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"
