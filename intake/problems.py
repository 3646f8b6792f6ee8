"""Errors of the JSON API as RFC 9457 problem documents, made in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class PointedError:
    """One fault of a request: a JSON pointer into its body, or the name of a query parameter, and what is wrong."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """An answer of the API other than success. `extra` are further members of the document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[PointedError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers.setdefault("WWW-Authenticate", 'Bearer realm="award-desk"')

    def response(self) -> Response:
        """The problem document."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }
        if self.errors:
            document["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in self.errors]
        text = json.dumps(document, ensure_ascii=False) + "\n"
        return Response(text, status=self.status, headers=self.headers, mimetype=MEDIA_TYPE)


def unprocessable(errors: Sequence[PointedError]) -> Problem:
    """422: what was sent can be read, and is wrong in these places."""
    one = "One thing is" if len(errors) == 1 else f"{len(errors)} things are"
    return Problem(422, f"{one} wrong in what was sent; each is named in errors.", errors=errors)
