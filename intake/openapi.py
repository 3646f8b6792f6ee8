"""The JSON API described as OpenAPI 3.1, from the same enumerations and body models that read the requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from pydantic.json_schema import models_json_schema

from core.office import Office
from core.rules.facts import Stage, Verdict
from core.rules.lifecycle import ApplicationState, AwardState
from core.rules.policy import Kind, Purpose, Route, SingleTenderReason, Tier
from core.webhooks import CHANGES, Change
from intake.bodies import ApplicationBody, ReturnBody
from intake.problems import MEDIA_TYPE

MONEY = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{2})?$", "examples": ["2000.00"], "description": "Pounds."}
DAY = {"type": "string", "format": "date"}
INSTANT = {"type": "string", "format": "date-time"}
TEXT = {"type": "string"}
YEAR = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "examples": ["2026-27"]}

_PROBLEMS: Mapping[int, str] = {
    400: "It could not be read: no JSON, or no Idempotency-Key.",
    401: "No API key, or not one of ours.",
    403: "This key may not do this.",
    404: "There is no such thing, or not for this key.",
    409: "It conflicts with what is there: the key was used with another body, or it was done already.",
    413: "It is too large.",
    415: "It is not application/json.",
    422: "It can be read and is wrong: each fault is in `errors`.",
    429: "Too many requests in a minute.",
}


def description(office: Office) -> dict[str, Any]:
    """The whole document for one office."""
    fund_ids = [fund.id for fund in office.policy.funds]
    _, bodies = models_json_schema(
        [(ApplicationBody, "validation"), (ReturnBody, "validation")], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Award Desk, {office.policy.office.name.value}",
            "version": "1",
            "description": (
                "Money is a string of pounds. Days are YYYY-MM-DD, instants ISO 8601 with their zone. "
                "Errors are RFC 9457 problem documents."
            ),
        },
        "servers": [{"url": office.public_url}],
        "paths": _paths(fund_ids),
        "webhooks": {change.type: _webhook(change) for change in CHANGES.values()},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
            "schemas": {**bodies["$defs"], **_schemas(fund_ids)},
        },
    }


def _paths(fund_ids: list[str]) -> dict[str, Any]:
    return {
        "/api/v1/openapi.json": {"get": _operation("openapi", "This document", {"type": "object"})},
        "/api/v1/requirements": {
            "get": _operation(
                "requirements",
                "What an award would need, each rule with its finding",
                _ref("Requirements"),
                parameters=[
                    _query("kind", _enum(Kind), "What the award is.", required=True),
                    _query("amount", MONEY, "Whole-life, extensions and VAT included.", required=True),
                    _query("fund", {"type": "string", "enum": fund_ids}, "The fund."),
                    _query("purpose", _enum(Purpose), "What the money is for."),
                    _query("purchases", MONEY, "The largest purchase from one supplier; 0 if left out."),
                    _query("victim_service", {"type": "boolean"}, "Stated, or known from the purpose."),
                    _query("planned", {"type": "boolean"}, "Planned in advance; true if left out."),
                    _query("competed", {"type": "boolean"}, "Several could provide it; true if left out."),
                    _query("single_tender_reason", _enum(SingleTenderReason), "The reason for a single tender."),
                    _query("start", DAY, "The first day."),
                    _query("end", DAY, "The last day."),
                    _query("on", DAY, "As the rules were on this day; today if left out."),
                ],
                problems=(422, 429),
            )
        },
        "/api/v1/funds": {
            "get": _operation(
                "funds",
                "Every fund with its money in a financial year",
                _object({"year": YEAR, "funds": _list(_ref("Fund"))}),
                parameters=[_query("year", YEAR, "This financial year if left out.")],
                problems=(422, 429),
            )
        },
        "/api/v1/applications": {
            "post": _operation(
                "submit_application",
                "Submit an application",
                _ref("Submitted"),
                status=201,
                key=True,
                body="ApplicationBody",
                parameters=[
                    {
                        "name": "Idempotency-Key",
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                        "description": "A text of your own. The same key and body again get the same answer.",
                    }
                ],
                problems=(400, 401, 409, 413, 415, 422, 429),
            )
        },
        "/api/v1/applications/{reference}": {
            "get": _operation(
                "application",
                "Where an application stands",
                _ref("Application"),
                key=True,
                parameters=[_path("reference", TEXT)],
                problems=(401, 404, 422, 429),
            )
        },
        "/api/v1/awards": {
            "get": _operation(
                "awards", "The public register", _object({"awards": _list(_ref("Award"))}), problems=(422, 429)
            )
        },
        "/api/v1/awards/{reference}": {
            "get": _operation(
                "award",
                "One award of the public register",
                _ref("AwardInFull"),
                parameters=[_path("reference", TEXT)],
                problems=(404, 422, 429),
            )
        },
        "/api/v1/returns/{reference}/{due}": {
            "post": _operation(
                "submit_return",
                "Send in a monitoring return",
                _ref("ReturnReceived"),
                status=201,
                key=True,
                body="ReturnBody",
                parameters=[_path("reference", TEXT), _path("due", DAY)],
                problems=(400, 401, 403, 404, 409, 413, 415, 422, 429),
            )
        },
        "/api/v1/deadlines": {
            "get": _operation(
                "deadlines",
                "What falls due, and which nudges it has had",
                _object({"deadlines": _list(_ref("Deadline"))}),
                key=True,
                parameters=[
                    _query("before", DAY, "Due before this day."),
                    _query(
                        "state",
                        {"type": "string", "enum": ["due", "overdue", "met"]},
                        "`due` is open and not past.",
                    ),
                ],
                problems=(401, 422, 429),
            )
        },
    }


def _schemas(fund_ids: list[str]) -> dict[str, Any]:
    finding = _object(
        {
            "rule": TEXT,
            "paragraph": TEXT,
            "verdict": {
                **_enum(Verdict),
                "description": "`not_met`: it cannot be approved as described.",
            },
            "because": TEXT,
            "remedy": {**TEXT, "description": "What would put it right; may be empty."},
        }
    )
    finding["properties"]["needed_by"] = {
        "type": "string",
        "enum": ["", *(stage.value for stage in Stage)],
        "description": "The step that waits for it; older records do not say.",
    }
    award = {
        "reference": TEXT,
        "kind": _enum(Kind),
        "fund": TEXT,
        "fund_name": TEXT,
        "recipient": TEXT,
        "title": TEXT,
        "amount_awarded": MONEY,
        "awarded_on": DAY,
        "start": DAY,
        "end": DAY,
        "year": YEAR,
        "status": _enum(AwardState),
        "purpose": TEXT,
        "csp_area": TEXT,
        "plan_objective": TEXT,
        "conditions": TEXT,
        "reasons": TEXT,
        "legal_power": TEXT,
        "contribution": TEXT,
    }
    schedule = {"every_months": {"type": ["integer", "null"]}, "due": _list(DAY)}
    return {
        "Finding": finding,
        "Requirements": _object(
            {
                "tier": _enum(Tier),
                "procurement": _object(
                    {
                        "route": _enum(Route),
                        "quotes": {"type": "integer", "enum": [0, 1, 3]},
                        "website": {"type": "boolean"},
                        "portal": {"type": "string", "enum": ["required", "advised", "no"]},
                        "independent_panel_member": {"type": "boolean"},
                    }
                ),
                "returns": _object(schedule),
                "meetings": _object(schedule),
                "findings": _list(_ref("Finding")),
                "who_may_approve": {**TEXT, "description": "A sentence."},
                "fitting_funds": {
                    **_list({"type": "string", "enum": fund_ids}),
                    "description": "Open funds that would fit; empty where nothing stands against the one given.",
                },
            }
        ),
        "Fund": _object(
            {
                "fund": {"type": "string", "enum": fund_ids},
                "name": TEXT,
                "purposes": _list(_enum(Purpose)),
                "cap": {"anyOf": [MONEY, {"type": "null"}]},
                "open": {"type": "boolean", "description": "Whether applications are taken today."},
                "windows": _list(_object({"opens": DAY, "closes": DAY})),
                "year": YEAR,
                "allocated": {**MONEY, "description": "Gross, before what is held."},
                "held": MONEY,
                "committed": MONEY,
                "paid": MONEY,
                "repayable": MONEY,
                "available": MONEY,
            }
        ),
        "Submitted": _object(
            {
                "reference": TEXT,
                "status": _enum(ApplicationState),
                "findings": _list(_ref("Finding")),
                "status_url": {"type": "string", "format": "uri"},
            }
        ),
        "Application": _object(
            {
                "reference": TEXT,
                "fund": TEXT,
                "kind": _enum(Kind),
                "amount": MONEY,
                "budget": _list(_object({"item": TEXT, "amount": MONEY})),
                "organisation": TEXT,
                "title": TEXT,
                "status": _enum(ApplicationState),
                "award_status": {"anyOf": [_enum(AwardState), {"type": "null"}]},
                "submitted_at": {"anyOf": [INSTANT, {"type": "null"}]},
                "decision": {
                    "anyOf": [
                        _object(
                            {
                                "outcome": {"type": "string", "enum": ["approved", "declined"]},
                                "amount": {"anyOf": [MONEY, {"type": "null"}]},
                                "reasons": TEXT,
                                "conditions": TEXT,
                                "made_at": INSTANT,
                            }
                        ),
                        {"type": "null"},
                    ]
                },
                "history": _list(
                    {
                        "type": "object",
                        "required": ["at", "event"],
                        "properties": {
                            "at": INSTANT,
                            "event": TEXT,
                            "actor": {**TEXT, "description": "Only for a key of staff."},
                        },
                    }
                ),
                "findings": _list(_ref("Finding")),
            }
        ),
        "Award": _object(award),
        "AwardInFull": _object(
            {**award, "need": TEXT, "outcomes": _list(_object({"outcome": TEXT, "measure": TEXT, "target": TEXT}))}
        ),
        "ReturnReceived": _object({"reference": TEXT, "due": DAY, "status": {"type": "string", "enum": ["received"]}}),
        "Deadline": _object(
            {
                "reference": TEXT,
                "kind": TEXT,
                "due": DAY,
                "state": {"type": "string", "enum": ["due", "overdue", "met"]},
                "steps": _list(
                    _object(
                        {
                            "days": {"type": "integer", "description": "From the due day; before it when negative."},
                            "to": {"type": "string", "enum": ["recipient", "second_contact", "officer", "director"]},
                            "sent_at": {"anyOf": [INSTANT, {"type": "null"}]},
                        }
                    )
                ),
            }
        ),
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": TEXT,
                "title": TEXT,
                "status": {"type": "integer"},
                "detail": TEXT,
                "rule": {**TEXT, "description": "The rule that refuses, where one does."},
                "errors": _list(
                    _object(
                        {
                            "pointer": {**TEXT, "description": "A JSON pointer, or a parameter's name."},
                            "detail": TEXT,
                        }
                    )
                ),
            },
        },
    }


def _webhook(change: Change) -> dict[str, Any]:
    """What an endpoint of the office's `WEBHOOKS` setting is sent, by the Standard Webhooks scheme."""
    data = {"reference": TEXT, "status": {"const": change.status}, "url": {"type": "string", "format": "uri"}}
    of_return = {"due": DAY} if change.of_return else {}
    body = {"id": TEXT, "type": {"const": change.type}, "timestamp": INSTANT, "data": _object({**data, **of_return})}
    headers = {
        "webhook-id": "The same each time that a message is sent again.",
        "webhook-timestamp": "Seconds since 1970, when it was sent.",
        "webhook-signature": "v1 and HMAC-SHA256 over id, timestamp and body, in base64.",
    }
    return {
        "post": {
            "operationId": change.type,
            "summary": f"A change: {change.type}",
            "security": [],
            "parameters": [
                {"name": name, "in": "header", "required": True, "schema": TEXT, "description": told}
                for name, told in headers.items()
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _object(body)}}},
            "responses": {
                "2XX": {"description": "It was taken."},
                "410": {"description": "No more messages are wanted; this one is given up."},
                "default": {"description": "It was not taken, and is sent again later."},
            },
        }
    }


def _operation(
    name: str,
    summary: str,
    answer: Mapping[str, Any],
    *,
    status: int = 200,
    key: bool = False,
    body: str | None = None,
    parameters: Iterable[Mapping[str, Any]] = (),
    problems: Iterable[int] = (429,),
) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {"description": summary, "content": {"application/json": {"schema": answer}}}
    }
    for code in problems:
        responses[str(code)] = {
            "description": _PROBLEMS[code],
            "content": {MEDIA_TYPE: {"schema": _ref("Problem")}},
        }
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "security": [{"key": []}] if key else [],
        "parameters": list(parameters),
        "responses": responses,
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    return operation


def _query(name: str, schema: Mapping[str, Any], told: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": told, "schema": schema}


def _path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _enum(kind: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [value.value for value in kind]}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}
