"""A small OpenID Connect provider on this computer, as Slack is one: it says who it was told to say."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

CLIENT_ID = "100.200"
CLIENT_SECRET = "the secret of the Slack app"


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Say nothing."""


@dataclass
class Provider:
    """What it says: `changes` to the identity token's claims, `key` that signs it; `status` of the token's answer."""

    url: str = ""
    team: str = "T0OFFICE"
    user: str = "U0OLIVE"
    changes: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    now: Callable[[], float] = lambda: 0.0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.signs_with = self.key

    def authorise(self, query: dict[str, str]) -> str:
        """Where the browser goes after somebody has agreed: back, with a code."""
        code = secrets.token_hex(8)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def answer(self, path: str, form: dict[str, str], credentials: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/openid/connect/authorize",
                "token_endpoint": f"{self.url}/api/openid.connect.token",
                "jwks_uri": f"{self.url}/openid/connect/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        if path == "/openid/connect/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        asked = self.codes.pop(form.get("code", ""), None)
        if self.status != 200 or asked is None or asked["redirect_uri"] != form.get("redirect_uri") or not credentials:
            return max(self.status, 400), {"error": "invalid_grant"}
        now = int(self.now())
        claims = {
            "iss": self.url,
            "sub": self.user,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "https://slack.com/user_id": self.user,
            "https://slack.com/team_id": self.team,
            **self.changes,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.signs_with)
        return 200, {"access_token": "xoxp-1", "token_type": "Bearer", "id_token": token}

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        credentials = environ.get("HTTP_AUTHORIZATION") or form.get("client_secret", "")
        status, said = self.answer(environ["PATH_INFO"], form, credentials)
        start_response(f"{status} said", [("Content-Type", "application/json")])
        return [json.dumps(said).encode()]


@contextmanager
def provider() -> Iterator[Provider]:
    """One that listens until the end of the block."""
    made = Provider()
    server = make_server("127.0.0.1", 0, made.wsgi, threaded=True, request_handler=_Quiet)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
