"""Login providers on real sockets: one that speaks Fenix and OpenID Connect, and can misbehave."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "quad"
# Both need escaping in a form, and in a header.
CLIENT_SECRET = "s3cret/+=% of many letters"
ACCESS_TOKEN = "access-token-that-nobody-may-see"

Answer = tuple[int, bytes]

KEY = RSAKey.generate_key(2048, {"kid": "one"})
ANOTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})


class FakeProvider:
    """Answers like Fenix and like an OpenID Connect provider.

    `answers` replaces the answer of a path; `claims` changes the id token's claims, where None
    takes one away; `key` is what signs it, `algorithm` how.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.reset()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.hold = threading.Event()

    def reset(self) -> None:
        """Behave again."""
        self.user = "ist123"
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "subject-1"}
        self.metadata: dict[str, Any] = {}
        self.key = KEY
        self.signing_key: Any = self.key
        self.algorithm = "RS256"

    def get(self, path: str, query: dict[str, str], headers: Any) -> Answer:
        self.asked.append((path, query))
        if path in self.answers:
            return self.answers[path]()
        match path:
            case "/.well-known/openid-configuration":
                return 200, json.dumps(self._describe()).encode()
            case "/keys":
                return 200, json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()
            case "/api/fenix/v1/person" if query.get("access_token") == ACCESS_TOKEN:
                return 200, json.dumps({"username": self.user, "name": "Ana"}).encode()
            case "/userinfo" if headers["Authorization"] == f"Bearer {ACCESS_TOKEN}":
                return 200, json.dumps(self.userinfo).encode()
            case _:
                return 404, b"not found"

    def post(self, path: str, form: dict[str, str], headers: Any) -> Answer:
        self.asked.append((path, form))
        if path in self.answers:
            return self.answers[path]()
        if path == "/oauth/access_token":
            return self._exchange(form, form.get("client_id"), form.get("client_secret"))
        if path == "/token":
            kind, _, rest = headers.get("Authorization", "").partition(" ")
            if kind == "Basic":
                name, _, secret = base64.b64decode(rest).decode().partition(":")
                return self._exchange(form, unquote_plus(name), unquote_plus(secret))
            return self._exchange(form, form.get("client_id"), form.get("client_secret"))
        return 404, b"not found"

    def authorise(self, address: str, **changes: str | None) -> str:
        """What a person's browser does at the provider: returns the address of the way back."""
        parts = urlsplit(address)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query))
        assert query["client_id"] == CLIENT_ID
        code = f"code-{len(self.codes)}"
        self.codes[code] = _kept(query)
        back: dict[str, str | None] = {"code": code, "state": query["state"], **changes}
        given = {key: value for key, value in back.items() if value is not None}
        return f"{query['redirect_uri']}?{urlencode(given)}"

    def _exchange(self, form: dict[str, str], client: str | None, secret: str | None) -> Answer:
        if (client, secret) != (CLIENT_ID, CLIENT_SECRET):
            return 401, b'{"error": "invalid_client"}'
        begun = self.codes.pop(form["code"], None)
        if begun is None or form["grant_type"] != "authorization_code":
            return 400, b'{"error": "invalid_grant", "error_description": "code expired"}'
        # As in bennu-oauth: a verifier is as wrong without a challenge as with another one.
        if begun.get("code_challenge") != _challenge(form.get("code_verifier")):
            return 400, b'{"error": "invalid_grant"}'
        if begun["redirect_uri"] != form["redirect_uri"]:
            return 400, b'{"error": "invalid_grant"}'
        tokens = {"access_token": ACCESS_TOKEN, "refresh_token": "r", "expires_in": "3600"}
        if "nonce" in begun:
            tokens["id_token"] = self._sign(begun["nonce"])
        return 200, json.dumps(tokens).encode()

    def _describe(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            **self.metadata,
        }

    def _sign(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "preferred_username": self.user,
            **self.claims,
        }
        claims = {key: value for key, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])


def _kept(query: dict[str, str]) -> dict[str, str]:
    """What stays of a request for a code.

    bennu-oauth (`OAuthAuthorizationServlet`, since 6.10) takes part in PKCE only if all three
    parameters are there.
    """
    if {"code_challenge", "code_challenge_method", "response_type"} <= query.keys():
        assert (query["code_challenge_method"], query["response_type"]) == ("S256", "code")
        return query
    return {key: value for key, value in query.items() if key != "code_challenge"}


def _challenge(verifier: str | None) -> str | None:
    if verifier is None:
        return None
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@contextmanager
def serving_provider() -> Iterator[FakeProvider]:
    """A provider on a free port, while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            self._answer(provider.get(parts.path, query, self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            self._answer(provider.post(urlsplit(self.path).path, form, self.headers))

        def _answer(self, answer: Answer) -> None:
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Not on the tests' standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = FakeProvider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
