"""The API does what its description says, whatever it is sent: no fault of ours, and every answer as described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from core.office import Office
from intake.app import create_app
from tests.intake.conftest import BODY, KEYS

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
)
"""What is checked of each answer. Data that fits the description may still be refused: a fund may be closed."""

EXAMPLES = 25
"""Requests for each operation, kind of data and key."""

BEARERS: Mapping[str, Mapping[str, str]] = {
    "no key": {},
    "a portal's key": {"Authorization": "Bearer key-of-a-portal"},
    "a key of staff": {"Authorization": "Bearer key-of-staff"},
}


@pytest.mark.one_database
@pytest.mark.parametrize("bearer", list(BEARERS))
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_it_is_sent_the_api_answers_as_described(office: Office, mode: GenerationMode, bearer: str) -> None:
    app = create_app(office, secret_key="a secret of the tests", api_keys=KEYS, requests_a_minute=None)
    client = app.test_client()
    sent = {"Authorization": "Bearer key-of-a-portal", "Idempotency-Key": "one"}
    made = client.post("/api/v1/applications", json=dict(BODY), headers=sent).get_json()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len({operation.label for operation in operations}) == 8  # all but the description itself
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
            continue  # it takes any reference, or nothing at all: no data is wrong

        @seed(20261123)
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            if "reference" in case.path_parameters and mode is GenerationMode.POSITIVE:
                case.path_parameters["reference"] = made["reference"]
            case.validate_response(case.call(headers=dict(BEARERS[bearer])), checks=list(CHECKS))

        ask()
