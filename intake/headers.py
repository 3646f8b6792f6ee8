"""The headers that every response carries, whoever answers: pages, the API, Slack's endpoint, the practice pages."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

PRIVATE_PATHS = ("/a/", "/offers/", "/returns/", "/meetings/", "/start/", "/desk")
"""Pages whose address is the key to them, and those of staff: kept nowhere, and never sent on as a referrer."""


def nonce() -> str:
    """The nonce of this response, for the one inline script of the page template."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def content_security_policy() -> str:
    """The policy of this response: only our own files, no inline script but the template's, no frame around us."""
    script = f"'self' 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'self'"
    return (
        f"default-src 'self'; script-src {script}; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def install(app: Flask) -> None:
    """Put the headers on every response of `app`, also those of errors and of whatever is mounted in it."""

    @app.after_request
    def secure(response: Response) -> Response:
        headers = response.headers
        headers.setdefault("Content-Security-Policy", content_security_policy())
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        private = request.path.startswith(PRIVATE_PATHS)
        headers.setdefault("Referrer-Policy", "no-referrer" if private else "strict-origin-when-cross-origin")
        if private:
            headers["Cache-Control"] = "no-store"
            headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        if app.config["SESSION_COOKIE_SECURE"]:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return response
