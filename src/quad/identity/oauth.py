"""Who somebody is, asked of a provider: OAuth 2 at Fenix, or any OpenID Connect provider.

The browser goes to the provider with a `state` and the hash of a secret of ours (PKCE, RFC 7636)
and comes back with the state and a code. The code is worth something only together with both.

LoginFailed
├── Denied                the person, or the provider, said no
├── WrongState            this browser did not begin this login, or long ago
├── CodeRefused           the provider does not take the code, perhaps because it has expired
├── ProviderUnavailable   no connection, no answer in time, or an error of its own
└── BadAnswer             the provider answers something that cannot be trusted or understood
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Protocol, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import msgspec
from msgspec import Struct

from quad.identity.tokens import new_token

log = logging.getLogger("quad.identity")

TIMEOUT_S: Final = 10.0
"""For one answer of a provider, whole."""

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_ANSWER_LIMIT_BYTES: Final = 1_000_000
_KEPT_S: Final = 3600.0

T = TypeVar("T")


class LoginFailed(Exception):
    """There is no telling who this is. The message is for the log and holds no secret."""

    code: ClassVar[str] = "login_failed"
    # What HTTP says on the page that tells of it.
    status: ClassVar[int]


class Denied(LoginFailed):
    """The person changed their mind, or the provider does not let them."""

    code = "denied"
    status = 403


class WrongState(LoginFailed):
    """The answer does not belong to a login that this browser began."""

    code = "wrong_state"
    status = 400


class CodeRefused(LoginFailed):
    """The provider does not take its own code back."""

    code = "code_refused"
    status = 400


class ProviderUnavailable(LoginFailed):
    """The provider does not answer, or not in time, or with an error of its own."""

    code = "provider_unavailable"
    status = 502


class BadAnswer(LoginFailed):
    """The provider's answer is not what it has to be."""

    code = "bad_answer"
    status = 502


class Attempt(Struct, frozen=True):
    """One login that a browser has begun; the browser keeps it, nobody else sees it."""

    state: str
    verifier: str
    nonce: str

    @classmethod
    def begin(cls) -> "Attempt":
        """Return a fresh one."""
        return cls(new_token(), new_token(), new_token())

    @property
    def challenge(self) -> str:
        """The hash of `verifier` that the provider may see (RFC 7636, 4.2, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def read(self, query: Mapping[str, str]) -> str:
        """Return the code that the provider sent the browser back with.

        Raises WrongState, Denied, BadAnswer.
        """
        # First of all: without our state, nothing here was meant for this browser.
        if not hmac.compare_digest(query.get("state", "").encode(), self.state.encode()):
            raise WrongState("the provider's answer has another state")
        if "error" in query:
            raise Denied(f"the provider says {_word(query['error'])}")
        if not query.get("code"):
            raise BadAnswer("the provider sent no code")
        return query["code"]


class Provider(Protocol):
    """Tells who somebody is."""

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where the browser has to go. Raises LoginFailed."""
        ...

    async def identify(self, attempt: Attempt, redirect_uri: str, code: str) -> str:
        """Return the user's id for the code that the browser came back with. Raises LoginFailed."""
        ...

    async def aclose(self) -> None:
        """Close its connections."""
        ...


class _Tokens(Struct):
    access_token: str
    id_token: str = ""


class _Refusal(Struct):
    error: str = ""


class _Person(Struct):
    username: str


class Fenix:
    """The university's own OAuth 2: it has no OpenID Connect, and wants the token in the query."""

    def __init__(
        self, base: str, client_id: str, client_secret: str, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._base = base.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._http = _Http(timeout_s)

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser has to go."""
        query = {
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "state": attempt.state,
            # Fenix (bennu-oauth, since 6.10) keeps the challenge only beside a response type, and
            # refuses a verifier for a code that it has no challenge of.
            "response_type": "code",
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._base}/oauth/userdialog?{urlencode(query)}"

    async def identify(self, attempt: Attempt, redirect_uri: str, code: str) -> str:
        """The person's `username`. Raises LoginFailed."""
        form = {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "redirect_uri": redirect_uri,
            "code": code,
            "grant_type": "authorization_code",
            "code_verifier": attempt.verifier,
        }
        tokens = await self._http.exchange(f"{self._base}/oauth/access_token", form)
        address = f"{self._base}/api/fenix/v1/person"
        person = await self._http.get(
            address, _Person, params={"access_token": tokens.access_token}
        )
        return person.username

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()


class _Metadata(Struct):
    """What we need of a provider's description (OpenID Connect Discovery, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class OpenId:
    """Any OpenID Connect provider, by its discovery address or its issuer.

    `claim` is the one that tells people apart, and that others see.
    """

    def __init__(
        self,
        discovery: str,
        client_id: str,
        client_secret: str,
        *,
        claim: str = "preferred_username",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Only here: cryptography is a seventh of the start, and few servers have such a provider.
        from quad.identity.id_tokens import check_id_token

        self._check_id_token = check_id_token
        self._issuer = discovery.removesuffix(_WELL_KNOWN)
        self._client_id = client_id
        self._client_secret = client_secret
        self._claim = claim
        self._http = _Http(timeout_s)
        self._clock = clock
        self._metadata: _Metadata | None = None
        self._read_at = 0.0

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser has to go. Raises LoginFailed."""
        metadata = await self._describe()
        query = {
            "response_type": "code",
            "scope": "openid profile email" if self._claim == "email" else "openid profile",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        glue = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return f"{metadata.authorization_endpoint}{glue}{urlencode(query)}"

    async def identify(self, attempt: Attempt, redirect_uri: str, code: str) -> str:
        """The value of `claim`. Raises LoginFailed."""
        metadata = await self._describe()
        tokens = await self._exchange(metadata, attempt, redirect_uri, code)
        claims = await self._verify(metadata, tokens, attempt.nonce)
        if self._claim not in claims and metadata.userinfo_endpoint:
            claims = await self._ask_more(metadata, tokens, claims["sub"])
        user = claims.get(self._claim)
        if not isinstance(user, str) or not user:
            raise BadAnswer(f"the provider does not tell the {self._claim} of this person")
        if self._claim == "email" and claims.get("email_verified") is not True:
            raise BadAnswer("the provider has not verified this person's email")
        return user

    async def aclose(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _describe(self) -> _Metadata:
        now = self._clock()
        if self._metadata is None or now - self._read_at > _KEPT_S:
            metadata = await self._http.get(self._issuer + _WELL_KNOWN, _Metadata)
            # Discovery, 4.3: else one provider could speak for another.
            if metadata.issuer.rstrip("/") != self._issuer.rstrip("/"):
                raise BadAnswer("the provider describes another issuer than the one asked")
            self._metadata, self._read_at = metadata, now
        return self._metadata

    async def _exchange(
        self, metadata: _Metadata, attempt: Attempt, redirect_uri: str, code: str
    ) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth = None
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # RFC 6749, 2.3.1: encoded as in a form, before it becomes a header.
            auth = (quote_plus(self._client_id), quote_plus(self._client_secret))
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return await self._http.exchange(metadata.token_endpoint, form, auth)

    async def _verify(self, metadata: _Metadata, tokens: _Tokens, nonce: str) -> dict[str, Any]:
        """The claims of an id token of this provider, for us, for this very login."""
        keys = await self._http.get(metadata.jwks_uri, dict[str, Any])
        try:
            return self._check_id_token(
                tokens.id_token,
                keys,
                issuer=metadata.issuer,
                client_id=self._client_id,
                nonce=nonce,
            )
        except ValueError as error:
            raise BadAnswer(f"the id token is not valid: {error}") from None

    async def _ask_more(
        self, metadata: _Metadata, tokens: _Tokens, subject: object
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens.access_token}"}
        claims = await self._http.get(metadata.userinfo_endpoint, dict[str, Any], headers=headers)
        # Core, 5.3.2: else the token of one may bring the name of another.
        if claims.get("sub") != subject:
            raise BadAnswer("the provider tells of another person than the id token")
        return claims


class _Http:
    """Requests to a provider; whatever goes wrong is a LoginFailed."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(timeout=timeout_s, headers={"Accept": "application/json"})

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, address: str, kind: type[T], **options: Any) -> T:
        status, body = await self._send("GET", address, options)
        if status != 200:
            raise ProviderUnavailable(f"{_place(address)} answers with status {status}")
        return _decode(address, body, kind)

    async def exchange(
        self, address: str, form: dict[str, str], auth: tuple[str, str] | None = None
    ) -> _Tokens:
        """A code for tokens. Raises LoginFailed."""
        status, body = await self._send("POST", address, {"data": form, "auth": auth})
        if status >= 500 or status in (404, 429):
            raise ProviderUnavailable(f"{_place(address)} answers with status {status}")
        if status >= 400:
            raise CodeRefused(f"{_place(address)} answers {_error_of(body)}")
        return _decode(address, body, _Tokens)

    async def _send(self, method: str, address: str, options: dict[str, Any]) -> tuple[int, bytes]:
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(method, address, **options) as response,
            ):
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _ANSWER_LIMIT_BYTES:
                        raise BadAnswer(f"{_place(address)} answers without an end")
                return response.status_code, bytes(body)
        except TimeoutError:
            raise ProviderUnavailable(f"{_place(address)} is too slow") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = type(error).__name__
            raise ProviderUnavailable(f"{_place(address)} cannot be reached: {what}") from None


def _decode(address: str, body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError:
        raise BadAnswer(f"{_place(address)} answers something else than it has to") from None


def _error_of(body: bytes) -> str:
    try:
        return _word(msgspec.json.decode(body, type=_Refusal).error)
    except msgspec.DecodeError:
        return "no reason"


def _word(text: str) -> str:
    """An error code of RFC 6749, 5.2; whatever else came is not repeated."""
    is_code = 0 < len(text) <= 40 and text.replace("_", "").isalnum() and text.isascii()
    return text if is_code else "no reason"


def _place(address: str) -> str:
    """An address fit for logs: without a query, which may hold a token."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            argument.copy_with(query=None) if isinstance(argument, httpx.URL) else argument
            for argument in record.args
        )
    return True


# httpx logs the address of every request, and Fenix wants the person's token in it.
logging.getLogger("httpx").addFilter(_without_query)
