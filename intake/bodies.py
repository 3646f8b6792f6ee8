"""The shape of what programs send, and how it becomes the raw answers that `core.rules.questions` gives a meaning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from core.rules.policy import OrganisationType, Purpose
from core.rules.questions import Fault, Question
from intake.problems import PointedError, Problem

Text = Annotated[StrictStr, Field(max_length=20_000)]
Pounds = Annotated[StrictStr, Field(max_length=40, description='Pounds: digits, with no decimals or two, "2000.00".')]
Day = Annotated[StrictStr, Field(max_length=40, json_schema_extra={"format": "date"})]


class Body(BaseModel):
    """A JSON object with these members and no others."""

    model_config = ConfigDict(extra="forbid")


class OrganisationBody(Body):
    """Who applies."""

    name: Text
    type: OrganisationType
    charity_number: Text | None = None
    company_number: Text | None = None
    postcode: Text


class ContactBody(Body):
    """Whom the office writes to."""

    name: Text
    email: Text


class SecondContactBody(Body):
    """Somebody else of the organisation whom the office writes to if something is late. Not at the same address."""

    name: Text
    email: Text


class ProjectBody(Body):
    """What the money is for."""

    title: Text
    need: Text
    existing_provision: Text
    plan_objective: Text
    csp_area: Text
    age_from: StrictInt | None = None
    age_to: StrictInt | None = None
    send: StrictBool | None = None


class OutcomeBody(Body):
    """One outcome with its measure and target."""

    outcome: Text
    measure: Text
    target: Text


class BudgetLineBody(Body):
    """What some of the amount pays for."""

    item: Text
    amount: Pounds


class ApplicationBody(Body):
    """A whole application."""

    fund: Text
    amount: Pounds
    purchases: Pounds
    purpose: Purpose
    start: Day
    end: Day
    organisation: OrganisationBody
    contact: ContactBody
    second_contact: SecondContactBody | None = None
    project: ProjectBody
    outcomes: Annotated[list[OutcomeBody], Field(min_length=1, max_length=50)]
    declaration: StrictBool
    budget: Annotated[
        list[BudgetLineBody] | None,
        Field(max_length=100, description="What it pays for; the amounts must add up to `amount`."),
    ] = None
    answers: dict[str, StrictStr | StrictBool | StrictInt] | None = None


class MeasureBody(Body):
    """How far one measure has got."""

    measure: Text
    achieved: Text


class SpendingBody(Body):
    """What was spent of one line of the agreed budget."""

    line: Text
    spent: Pounds


class ReturnBody(Body):
    """A monitoring return."""

    measures: Annotated[list[MeasureBody], Field(max_length=50)]
    spent: Pounds
    people: StrictInt
    narrative: Text
    views: Text = ""
    budget: Annotated[
        list[SpendingBody] | None,
        Field(max_length=100, description="Spent of each line of the agreed budget; together they come to `spent`."),
    ] = None
    changes: Text = ""
    underspend: Text = ""
    answers: dict[str, StrictStr | StrictBool | StrictInt] | None = None


_FLAT: Mapping[str, tuple[str, ...]] = {
    "amount": ("amount",),
    "purchases": ("purchases",),
    "purpose": ("purpose",),
    "start": ("start",),
    "end": ("end",),
    "declaration": ("declaration",),
    "organisation_name": ("organisation", "name"),
    "organisation_type": ("organisation", "type"),
    "charity_number": ("organisation", "charity_number"),
    "company_number": ("organisation", "company_number"),
    "postcode": ("organisation", "postcode"),
    "contact_name": ("contact", "name"),
    "contact_email": ("contact", "email"),
    "second_name": ("second_contact", "name"),
    "second_email": ("second_contact", "email"),
    **{
        name: ("project", name)
        for name in (
            "title",
            "need",
            "existing_provision",
            "plan_objective",
            "csp_area",
            "age_from",
            "age_to",
            "send",
        )
    },
}
"""Where each raw answer stands in the body."""


def read_json(request: Request) -> dict[str, Any]:
    """The request's JSON object. Raises Problem: 415 for another media type, 400 for no JSON, 422 for no object."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise Problem(415, "Send JSON, with Content-Type: application/json.", headers={"Accept": "application/json"})
    try:
        found = json.loads(request.get_data().decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise Problem(400, "The JSON is nested too deeply.") from None
    except ValueError as error:
        raise Problem(400, f"This is not JSON: {error}"[:300]) from None
    if not isinstance(found, dict):
        raise Problem(422, "Send a JSON object.", errors=[PointedError("", "This must be an object.")])
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def shape_errors(model: type[Body], body: Mapping[str, Any]) -> list[PointedError]:
    """What is wrong with the shape of `body`: what is missing, unknown, or of another type."""
    try:
        model.model_validate(body)
    except ValidationError as error:
        found: dict[str, PointedError] = {}
        for one in error.errors(include_url=False):
            where = pointer(_steps(one["loc"]))
            found.setdefault(where, PointedError(where, _words(one)))  # a union names each of its members
        return list(found.values())
    return []


def _steps(location: tuple[int | str, ...]) -> Iterable[int | str]:
    """A place in the body without the name that pydantic adds for a member of a union."""
    return location[:2] if location[:1] == ("answers",) else location


_WORDS: Mapping[str, str] = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such member. Check its name.",
    "string_type": "Give this as text, in quotation marks.",
    "int_type": "Give this as a whole number, without quotation marks.",
    "bool_type": "Give this as true or false, without quotation marks.",
    "list_type": "Give this as a list.",
    "dict_type": "Give this as an object.",
    "model_type": "Give this as an object.",
    "enum": "Give one of these: {expected}.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
}
"""What pydantic found, in the words of the desk."""


def _words(error: Any) -> str:
    if error["loc"][:1] == ("answers",) and len(error["loc"]) > 1:
        return "Give this as text, a whole number, or true or false."
    said = _WORDS.get(error["type"], "This is not what belongs here. The description of the API says what does.")
    facts = dict(error.get("ctx", {}))
    if error["type"] == "enum":
        facts["expected"] = str(facts["expected"]).replace("'", "").replace(" or ", ", ")
    return said.format(**facts)


def pointer(steps: Iterable[int | str]) -> str:
    """A JSON pointer (RFC 6901)."""
    told = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)
    return told.encode("utf-8", "replace").decode()  # half of a surrogate pair is in no answer of ours


def raw_application(body: Mapping[str, Any]) -> dict[str, str]:
    """The raw answers of a body, as far as it has them; what is of a wrong type is left out, and named by its shape."""
    raw: dict[str, str] = {}
    extra = body.get("answers")
    if isinstance(extra, dict):
        raw.update({str(name): text for name, value in extra.items() if (text := _plain(value)) is not None})
    for name, path in _FLAT.items():
        found: Any = body
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        raw.pop(name, None)
        if (text := _plain(found)) is not None:
            raw[name] = text
    for row, one in enumerate(_rows(body.get("outcomes")), start=1):
        raw.update(
            {f"{part}-{row}": text for part in ("outcome", "measure", "target") if (text := _plain(one.get(part)))}
        )
    for row, one in enumerate(_rows(body.get("budget")), start=1):
        raw.update({f"budget-{part}-{row}": text for part in ("item", "amount") if (text := _plain(one.get(part)))})
    return raw


def raw_return(body: Mapping[str, Any]) -> dict[str, str]:
    """The raw answers of a return's body, as far as it has them."""
    raw: dict[str, str] = {}
    extra = body.get("answers")
    if isinstance(extra, dict):
        raw.update({str(name): text for name, value in extra.items() if (text := _plain(value)) is not None})
    for name in ("spent", "people", "narrative", "views", "changes", "underspend"):
        raw.pop(name, None)
        if (text := _plain(body.get(name))) is not None:
            raw[name] = text
    for row, one in enumerate(_rows(body.get("measures")), start=1):
        raw[f"measure-{row}"] = _plain(one.get("measure")) or ""
        raw[f"achieved-{row}"] = _plain(one.get("achieved")) or ""
    for row, one in enumerate(_rows(body.get("budget")), start=1):
        raw[f"line-{row}"] = _plain(one.get("line")) or ""
        raw[f"spending-{row}"] = _plain(one.get("spent")) or ""
    return raw


def _rows(found: Any) -> list[Mapping[str, Any]]:
    return [one if isinstance(one, dict) else {} for one in found] if isinstance(found, list) else []


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**18 else "too large"
    return value if isinstance(value, str) else None


def misplaced_answers(body: Mapping[str, Any], questions: Iterable[Question]) -> list[PointedError]:
    """The members of `answers` that answer none of these questions, or one that has a place of its own in the body."""
    extra = body.get("answers")
    if not isinstance(extra, dict):
        return []
    places = {question.id: question.pointer for question in questions}
    found = []
    for name in map(str, extra):
        here = pointer(("answers", name))
        if name not in places:
            found.append(PointedError(here, "No question of this id is asked here. Check its name, or leave it out."))
        elif places[name] != here:
            found.append(PointedError(here, f"Give this as {places[name]}, not among the answers."))
    return found


def merged(shape: list[PointedError], meaning: Iterable[Fault]) -> list[PointedError]:
    """Both kinds of fault, each place named once: what is missing or of a wrong type needs no further word."""
    found = list({error.pointer: error for error in reversed(shape)}.values())[::-1]
    for fault in meaning:
        where = fault.pointer
        if not any(_same_place(where, error.pointer) for error in shape):
            found.append(PointedError(where, fault.message))
    return found


def _same_place(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
