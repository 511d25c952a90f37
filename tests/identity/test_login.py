"""How people log in: at Fenix, at any OpenID Connect provider, or with a name alone."""

import asyncio
import base64
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey

from quad.identity.login import choose_login
from quad.identity.oauth import Attempt, Fenix, OpenId
from quad.nearby.tables import insert_user
from quad.settings import BadSettings, IdentitySettings, ServerSettings
from tests.identity.providers import (
    ACCESS_TOKEN,
    ANOTHER_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    FakeProvider,
    serving_provider,
)
from tests.nearby.campus import Campus, open_campus
from tests.process import ServerProcess, free_port


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with serving_provider() as provider:
        yield provider


def fenix(provider: FakeProvider, **values: Any) -> dict[str, Any]:
    return {
        "login": "fenix",
        "fenix_base": provider.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **values,
    }


def openid(provider: FakeProvider, **values: Any) -> dict[str, Any]:
    return {
        "login": "oidc",
        "oidc_discovery": f"{provider.url}/.well-known/openid-configuration",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        **values,
    }


@asynccontextmanager
async def browser(campus: Campus) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies, and follows nothing by itself."""
    async with httpx.AsyncClient(base_url=campus.url) as browser:
        yield browser


async def log_in(
    browser: httpx.AsyncClient, provider: FakeProvider, **changes: str | None
) -> httpx.Response:
    """Go to the provider and come back; returns the answer to that."""
    leaving = await browser.get("/nearby")
    assert leaving.status_code == 303, leaving.text
    return await browser.get(provider.authorise(leaving.headers["location"], **changes))


def held(page: str) -> dict[str, Any]:
    """What the application is told."""
    found = re.search(r'<script id="page" type="application/json">(.*?)</script>', page)
    assert found, page
    told: dict[str, Any] = json.loads(found[1])
    assert told["page"] == "nearby"
    values: dict[str, Any] = told["values"]
    return values


async def who(browser: httpx.AsyncClient) -> str:
    """Whose page it is."""
    page = await browser.get("/nearby")
    assert page.status_code == 200, page.text
    values = held(page.text)
    assert values["view"] == "here"
    return str(values["user"])


def notice(answer: httpx.Response) -> str:
    """The code of what is said."""
    values = held(answer.text)
    assert values["view"] == "notice"
    return str(values["notice"])


# --- Fenix ----------------------------------------------------------------------------------------


async def test_a_person_logs_in_at_fenix(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        address = urlsplit(leaving.headers["location"])
        query = parse_qs(address.query)
        assert f"{address.scheme}://{address.netloc}" == provider.url
        assert address.path == "/oauth/userdialog"
        assert query["client_id"] == [CLIENT_ID]
        assert query["redirect_uri"] == [f"{campus.url}/login"]
        back = await ana.get(provider.authorise(leaving.headers["location"]))
        assert (back.status_code, back.headers["location"]) == (303, "/nearby")
        assert await who(ana) == "ist123"
        (form,) = [form for path, form in provider.asked if path == "/oauth/access_token"]
        assert form["client_secret"] == CLIENT_SECRET
        assert form["redirect_uri"] == f"{campus.url}/login"
        assert form["grant_type"] == "authorization_code"


async def test_the_way_back_may_end_in_a_slash(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        back = provider.authorise(leaving.headers["location"])
        answer = await ana.get(back.replace("/login?", "/login/?"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/nearby")
        assert await who(ana) == "ist123"


async def test_the_address_of_fenix_is_that_of_the_university_unless_it_is_set() -> None:
    for values, base in (
        ({}, "https://fenix.tecnico.ulisboa.pt"),
        ({"fenix_base": "https://fenix.example.org/"}, "https://fenix.example.org"),
    ):
        login = choose(client_id="x", **values)
        assert isinstance(login, Fenix)
        address = await login.address(Attempt.begin(), "http://here/login")
        assert address.startswith(f"{base}/oauth/userdialog?")
        await login.aclose()


async def exchanged(provider: FakeProvider, *left_out: str, verifier: str | None) -> int:
    """What the token endpoint answers to a login whose first address lacks some parameters."""
    login = Fenix(provider.url, CLIENT_ID, CLIENT_SECRET)
    attempt = Attempt("state", "verifier", "nonce")
    address = await login.address(attempt, "http://here/login")
    await login.aclose()
    query = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    for name in left_out:
        del query[name]
    back = provider.authorise(f"{provider.url}/oauth/userdialog?{urlencode(query)}")
    form = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": "http://here/login",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "grant_type": "authorization_code",
        **({} if verifier is None else {"code_verifier": verifier}),
    }
    async with httpx.AsyncClient(base_url=provider.url) as http:
        return (await http.post(TOKEN, data=form)).status_code


async def test_fenix_checks_the_verifier_only_of_a_login_that_named_all_three_parameters(
    provider: FakeProvider,
) -> None:
    assert await exchanged(provider, verifier="verifier") == 200
    assert await exchanged(provider, verifier="another") == 400
    assert await exchanged(provider, verifier=None) == 400
    for name in ("response_type", "code_challenge", "code_challenge_method"):
        assert await exchanged(provider, name, verifier="verifier") == 400
        assert await exchanged(provider, name, verifier=None) == 200


async def test_the_page_holds_a_token_of_ours_which_the_rest_interface_takes(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        await log_in(ana, provider)
        page = held((await ana.get("/nearby")).text)
        assert ACCESS_TOKEN not in page["token"]
        body = {"id": page["user"], "token": page["token"]}
        answer = await campus.http.post("/API/user/show/building", json=body)
        assert (answer.status_code, answer.json()) == (200, [])


async def test_the_way_back_is_the_public_address_if_one_is_set(
    database: Path, provider: FakeProvider
) -> None:
    values = fenix(provider, public_url="https://quad.example.org/")
    async with open_campus(database, values) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        query = parse_qs(urlsplit(leaving.headers["location"]).query)
        assert query["redirect_uri"] == ["https://quad.example.org/login"]


async def test_the_way_back_is_never_a_name_that_may_be_anybodys(
    database: Path, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
            answer = await ana.get("/nearby", headers=headers)
            assert (answer.status_code, notice(answer)) == (503, "no_address")
            assert "set-cookie" not in answer.headers
        assert "set server.public_url" in caplog.text
        own = await ana.get("/nearby", headers={"Host": "localhost:8000"})
        query = parse_qs(urlsplit(own.headers["location"]).query)
        assert query["redirect_uri"] == ["http://localhost:8000/login"]


async def test_over_https_no_neighbouring_page_can_plant_a_session(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        https = {"X-Forwarded-Proto": "https"}
        leaving = await ana.get("/nearby", headers=https)
        (cookie,) = leaving.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-quad_nearby_login=")
        assert "Path=/;" in cookie
        assert "Domain" not in cookie
        # Such as a page of another sub-domain can set for all of them.
        planted = {**https, "Cookie": "quad_nearby_login=a.b.c; quad_nearby=x"}
        answer = await ana.get("/login?code=1&state=a", headers=planted)
        assert notice(answer) == "wrong_state"


async def test_cookies_are_for_this_site_and_scripts_cannot_read_them(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        behind_https = {"X-Forwarded-Proto": "https"}
        leaving = await ana.get("/nearby", headers=behind_https)
        for answer in (leaving, await log_in(ana, provider)):
            for cookie in answer.headers.get_list("set-cookie"):
                assert "HttpOnly" in cookie
                assert "SameSite=lax" in cookie
        assert all("Secure" in each for each in leaving.headers.get_list("set-cookie"))
        assert "redirect_uri=https%3A" in leaving.headers["location"]


# --- what can go wrong ----------------------------------------------------------------------------


async def test_whoever_cancels_is_told_and_can_try_again(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        answer = await log_in(ana, provider, code=None, error="access_denied")
        assert (answer.status_code, notice(answer)) == (403, "denied")
        await log_in(ana, provider)
        assert await who(ana) == "ist123"


@pytest.mark.parametrize("state", ["somebody-elses", "", None, "é"])
async def test_an_answer_with_another_state_is_refused_and_its_code_not_used(
    state: str | None, database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        answer = await log_in(ana, provider, state=state)
        assert (answer.status_code, notice(answer)) == (400, "wrong_state")
        assert not any(path == "/oauth/access_token" for path, _ in provider.asked)


async def test_another_browser_cannot_use_the_way_back(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        back = provider.authorise(leaving.headers["location"])
        async with browser(campus) as eve:
            answer = await eve.get(back)
            assert (answer.status_code, notice(answer)) == (400, "wrong_state")
            await eve.get("/nearby")  # an own attempt does not help either
            assert notice(await eve.get(back)) == "wrong_state"


async def test_the_way_back_counts_once(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        back = provider.authorise(leaving.headers["location"])
        assert (await ana.get(back)).status_code == 303
        assert notice(await ana.get(back)) == "wrong_state"


async def test_an_answer_without_a_code_is_not_understood(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        answer = await log_in(ana, provider, code="")
        assert (answer.status_code, notice(answer)) == (502, "bad_answer")


async def test_a_code_that_has_expired_is_told(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        answer = await log_in(ana, provider, code="older")
        assert (answer.status_code, notice(answer)) == (400, "code_refused")


PERSON = "/api/fenix/v1/person"
TOKEN = "/oauth/access_token"
NOT_AVAILABLE = "provider_unavailable"
NOT_UNDERSTOOD = "bad_answer"
SLOW = "slow"


def _same(answer: tuple[int, bytes]) -> tuple[int, bytes]:
    return answer


ANSWERS_OF_FENIX = [
    (TOKEN, (500, b"oops"), NOT_AVAILABLE),
    (TOKEN, (404, b""), NOT_AVAILABLE),
    (TOKEN, (429, b"{}"), NOT_AVAILABLE),
    (TOKEN, (400, b"<html>"), "code_refused"),
    (TOKEN, (400, b'{"error": "' + b"x" * 100 + b'"}'), "code_refused"),
    (TOKEN, (200, b"<html>"), NOT_UNDERSTOOD),
    (TOKEN, (200, b"{}"), NOT_UNDERSTOOD),
    (TOKEN, (200, b'{"access_token": 5}'), NOT_UNDERSTOOD),
    (TOKEN, (200, b"\xff" * 2_000_000), NOT_UNDERSTOOD),
    (PERSON, (401, b"{}"), NOT_AVAILABLE),
    (PERSON, (302, b""), NOT_AVAILABLE),
    (PERSON, (200, b"[]"), NOT_UNDERSTOOD),
    (PERSON, (200, b'{"username": null}'), NOT_UNDERSTOOD),
    (PERSON, (200, b'{"username": ""}'), NOT_UNDERSTOOD),
    (PERSON, (200, b'{"username": "a\\u0000b"}'), NOT_UNDERSTOOD),
    (PERSON, (200, json.dumps({"username": "x" * 500}).encode()), NOT_UNDERSTOOD),
]


async def test_whatever_fenix_answers_ends_in_a_page(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, fenix(provider)) as campus:
        for path, answer, expected in ANSWERS_OF_FENIX:
            provider.answers = {path: partial(_same, answer)}
            async with browser(campus) as ana:
                page = await log_in(ana, provider)
                assert (path, answer, notice(page)) == (path, answer, expected)
                assert page.status_code in (400, 502)
                assert (await ana.get("/nearby")).status_code == 303  # still nobody
        assert campus.nearby.people.ids() == []


async def test_a_provider_that_is_down_is_told(database: Path) -> None:
    values = {
        "login": "fenix",
        "fenix_base": f"http://127.0.0.1:{free_port()}",
        "client_id": CLIENT_ID,
    }
    async with open_campus(database, values) as campus, browser(campus) as ana:
        leaving = await ana.get("/nearby")
        state = parse_qs(urlsplit(leaving.headers["location"]).query)["state"][0]
        answer = await ana.get("/login", params={"code": "c", "state": state})
        assert (answer.status_code, notice(answer)) == (502, NOT_AVAILABLE)


async def test_a_provider_that_is_slow_is_told(database: Path, provider: FakeProvider) -> None:
    def hang() -> tuple[int, bytes]:
        provider.hold.wait(20)
        return 200, b"{}"

    provider.answers[TOKEN] = hang
    login = Fenix(provider.url, CLIENT_ID, CLIENT_SECRET, timeout_s=0.1)
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        campus.identity.sign_in.provider = login
        answer = await log_in(ana, provider)
        assert (answer.status_code, notice(answer)) == (502, NOT_AVAILABLE)


async def test_no_secret_is_in_the_log(
    database: Path, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="httpx")  # a server in this process makes it silent
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        await log_in(ana, provider)
        token = held((await ana.get("/nearby")).text)["token"]
        provider.answers[PERSON] = lambda: (500, b"")
        async with browser(campus) as bob:
            await log_in(bob, provider)
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name != "asyncio")
    assert "login failed (provider_unavailable)" in ours
    assert f"{provider.url}{PERSON}" in ours  # httpx tells of its requests, without their queries
    assert all(secret not in ours for secret in (ACCESS_TOKEN, CLIENT_SECRET, token))


# --- OpenID Connect -------------------------------------------------------------------------------


async def test_a_person_logs_in_by_openid_connect(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, openid(provider)) as campus, browser(campus) as ana:
        assert (await log_in(ana, provider)).status_code == 303
        assert await who(ana) == "ist123"
        await log_in_again(campus, provider)
        described = [path for path, _ in provider.asked if "well-known" in path]
        assert len(described) == 1  # and kept for a while


async def log_in_again(campus: Campus, provider: FakeProvider) -> None:
    async with browser(campus) as other:
        assert (await log_in(other, provider)).status_code == 303


async def test_the_description_of_a_provider_is_read_again_after_an_hour(
    provider: FakeProvider,
) -> None:
    now = 0.0
    login = OpenId(provider.url, CLIENT_ID, CLIENT_SECRET, clock=lambda: now)
    for now in (0.0, 3000.0, 4000.0):  # noqa: B007 - the clock reads it
        await login._describe()
    await login.aclose()
    assert len(provider.asked) == 2


@pytest.mark.parametrize(
    ("claim", "claims", "userinfo", "user"),
    [
        ("sub", {}, {}, "subject-1"),
        ("preferred_username", {"preferred_username": None}, {"preferred_username": "u"}, "u"),
        ("email", {"email": "a@b", "email_verified": True}, {}, "a@b"),
    ],
)
async def test_the_claim_that_is_set_becomes_the_id(
    claim: str,
    claims: dict[str, Any],
    userinfo: dict[str, Any],
    user: str,
    database: Path,
    provider: FakeProvider,
) -> None:
    provider.claims = claims
    provider.userinfo |= userinfo
    values = openid(provider, oidc_claim=claim)
    async with open_campus(database, values) as campus, browser(campus) as ana:
        await log_in(ana, provider)
        assert await who(ana) == user


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(
    database: Path, provider: FakeProvider
) -> None:
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    provider.metadata["authorization_endpoint"] = f"{provider.url}/authorize?tenant=1"
    async with open_campus(database, openid(provider)) as campus, browser(campus) as ana:
        await log_in(ana, provider)
        assert await who(ana) == "ist123"


def spoil_claims(**claims: Any) -> Callable[[FakeProvider], None]:
    def spoil(provider: FakeProvider) -> None:
        provider.claims = claims

    return spoil


def sign_with_another_key(provider: FakeProvider) -> None:
    provider.signing_key = ANOTHER_KEY


def sign_with_our_secret(provider: FakeProvider) -> None:
    provider.signing_key = OctKey.import_key(CLIENT_SECRET)
    provider.algorithm = "HS256"


def sign_not_at_all(provider: FakeProvider) -> None:
    def encode(part: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

    token = f"{encode({'alg': 'none'})}.{encode({'sub': 'x'})}."
    body = json.dumps({"access_token": ACCESS_TOKEN, "id_token": token}).encode()
    provider.answers["/token"] = lambda: (200, body)


def answer_keys(body: bytes) -> Callable[[FakeProvider], None]:
    def spoil(provider: FakeProvider) -> None:
        provider.answers["/keys"] = lambda: (200, body)

    return spoil


def tell_of_another(provider: FakeProvider) -> None:
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"sub": "subject-2", "preferred_username": "eve"}


SPOILT: dict[str, Callable[[FakeProvider], None]] = {
    "another issuer": spoil_claims(iss="https://evil.example.org"),
    "for another client": spoil_claims(aud="another client"),
    "of another party": spoil_claims(aud=[CLIENT_ID, "x"], azp="x"),
    "expired": spoil_claims(exp=1),
    "without an end": spoil_claims(exp=None),
    "of another login": spoil_claims(nonce="another"),
    "of any login": spoil_claims(nonce=None),
    "of nobody": spoil_claims(sub=None),
    "without a name": spoil_claims(preferred_username=None),
    "with a number": spoil_claims(preferred_username=7),
    "signed by somebody else": sign_with_another_key,
    "signed with our secret": sign_with_our_secret,
    "not signed": sign_not_at_all,
    "no keys": answer_keys(b"{}"),
    "keys that are none": answer_keys(b'{"keys": [5]}'),
    "no list of keys": answer_keys(b'{"keys": 5}'),
    "userinfo of another": tell_of_another,
}


async def test_an_id_token_that_is_not_for_this_login_is_refused(
    database: Path, provider: FakeProvider
) -> None:
    async with open_campus(database, openid(provider)) as campus:
        for name, spoil in SPOILT.items():
            provider.reset()
            spoil(provider)
            async with browser(campus) as ana:
                answer = await log_in(ana, provider)
                assert (name, answer.status_code, notice(answer)) == (name, 502, NOT_UNDERSTOOD)
        assert campus.nearby.people.ids() == []
        provider.reset()
        async with browser(campus) as ana:  # or all of these have failed for another reason
            assert (await log_in(ana, provider)).status_code == 303


async def test_an_address_that_nobody_has_verified_is_nobodys(
    database: Path, provider: FakeProvider
) -> None:
    provider.claims = {"email": "ana@example.org", "email_verified": False}
    values = openid(provider, oidc_claim="email")
    async with open_campus(database, values) as campus, browser(campus) as eve:
        assert notice(await log_in(eve, provider)) == NOT_UNDERSTOOD


async def test_a_provider_that_describes_another_is_refused(
    database: Path, provider: FakeProvider
) -> None:
    provider.metadata["issuer"] = "https://id.example.org"
    async with open_campus(database, openid(provider)) as campus, browser(campus) as ana:
        answer = await ana.get("/nearby")
        assert (answer.status_code, notice(answer)) == (502, NOT_UNDERSTOOD)


async def test_people_log_in_at_a_provider_that_others_wrote(database: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = await asyncio.to_thread(ServerProcess, command, port=port)
    values = {
        "oidc_discovery": f"http://127.0.0.1:{port}",
        "login": "oidc",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "oidc_claim": "sub",
    }
    try:
        async with open_campus(database, values) as campus, browser(campus) as ana:
            leaving = await ana.get("/nearby")
            back = await ana.post(leaving.headers["location"], data={"sub": "ana"})
            assert (await ana.get(back.headers["location"])).status_code == 303
            assert await who(ana) == "ana"
    finally:
        await asyncio.to_thread(process.terminate)


# --- guests ---------------------------------------------------------------------------------------


async def test_a_guest_says_a_name(campus: Campus) -> None:
    async with browser(campus) as ana:
        form = await ana.get("/nearby")
        assert (form.status_code, held(form.text)["view"]) == (200, "guest")
        entering = await ana.post("/nearby", data={"name": " Ana <b> "})
        assert (entering.status_code, entering.headers["location"]) == (303, "/nearby")
        assert await who(ana) == "Ana <b>"
        assert "<b>" not in (await ana.get("/nearby")).text
        assert campus.nearby.people.get("Ana <b>").range_m == 50


async def test_a_name_that_only_looks_like_another_is_that_name(campus: Campus) -> None:
    for name in ("José", " Jose\u0301\u200b", "Jo\u00adsé"):
        async with browser(campus) as guest:
            assert (await guest.post("/nearby", data={"name": name})).status_code == 303
            assert await who(guest) == "José"
    assert campus.nearby.people.ids() == ["José"]


@pytest.mark.parametrize(
    ("user", "expected"),
    [("Jose\u0301", "José"), ("an\u200ba", None), ("\u202eanna", None), ("ana ", None)],
)
async def test_a_provider_s_id_becomes_that_of_nobody_else(
    user: str, expected: str | None, database: Path, provider: FakeProvider
) -> None:
    provider.user = user
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as somebody:
        answer = await log_in(somebody, provider)
        if expected is None:
            assert (answer.status_code, notice(answer)) == (502, NOT_UNDERSTOOD)
        else:
            assert await who(somebody) == expected


async def test_whoever_had_another_name_before_this_rule_keeps_it(campus: Campus) -> None:
    old = "an\u200ba"
    await campus.store.write(insert_user(old, 50, campus.clock()))
    await campus.nearby.people.load()
    campus.tokens[old] = await campus.sessions.begin(old)
    assert (await campus.post("show/building", old)).status_code == 200


NO_NAMES: list[tuple[dict[str, str], str]] = [
    ({}, "empty"),
    ({"name": "  "}, "empty"),
    ({"name": "x" * 129}, "long"),
    ({"name": "a\x07b"}, "characters"),
    ({"name": "\u202eab"}, "characters"),
    ({"name": "\u3164"}, "characters"),
    ({f"f{i}": "x" for i in range(20)}, "empty"),
]


async def test_a_name_that_cannot_be_one_is_refused_with_the_reason(campus: Campus) -> None:
    async with browser(campus) as ana:
        for body, problem in NO_NAMES:
            answer = await ana.post("/nearby", data=body)
            assert (body, answer.status_code) == (body, 400)
            values = held(answer.text)
            assert (values["view"], values["problem"]) == ("guest", problem)
            assert values["name"] == body.get("name", "").strip()  # and need not be typed again
    assert campus.nearby.people.ids() == []


async def test_a_page_of_another_site_cannot_log_anybody_in_or_out(campus: Campus) -> None:
    async with browser(campus) as ana:
        await ana.post("/nearby", data={"name": "ana"})
        for headers in ({"Origin": "https://evil.example.org"}, {"Sec-Fetch-Site": "cross-site"}):
            for path in ("/nearby", "/nearby/logout"):
                answer = await ana.post(path, data={"name": "eve"}, headers=headers)
                assert (answer.status_code, notice(answer)) == (403, "cross_site")
        assert await who(ana) == "ana"


async def test_with_a_provider_a_name_is_not_enough(database: Path, provider: FakeProvider) -> None:
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as eve:
        answer = await eve.post("/nearby", data={"name": "ist123"})
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers


async def test_without_any_login_the_page_says_so(database: Path) -> None:
    values = {"login": "auto", "public_url": "https://quad.example.org"}
    async with open_campus(database, values) as campus, browser(campus) as ana:
        for answer in (await ana.get("/nearby"), await ana.post("/nearby", data={"name": "a"})):
            assert (answer.status_code, notice(answer)) == (503, "no_login")
        assert (await ana.get("/login?code=1&state=2")).headers["location"] == "/nearby"


# --- who may --------------------------------------------------------------------------------------


def choose(
    host: str = "127.0.0.1", proxies: Any = (), public_url: str = "", **values: Any
) -> object:
    server = ServerSettings(host=host, trusted_proxies=proxies, public_url=public_url)
    return choose_login(IdentitySettings(**values), server)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_guests_are_let_in_on_a_loopback_address_and_the_log_says_so_loudly(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert choose(host) == "local"
    assert "GUEST LOGIN IS ON" in caplog.text


@pytest.mark.parametrize(
    "values",
    [
        {"host": "0.0.0.0"},
        {"host": "quad.example.org"},
        {"proxies": ("127.0.0.1",)},
        {"public_url": "https://quad.example.org"},
    ],
)
def test_elsewhere_and_behind_a_proxy_nobody_is_let_in_by_name(
    values: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert choose(**values) == "none"
    assert "nobody can log in" in caplog.text
    assert choose(login="guest", **values) == "guest"
    assert "GUEST LOGIN IS ON" in caplog.text


async def test_guests_of_a_loopback_address_are_let_in_from_this_very_machine_alone(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port_of = "localhost:{}".format
    async with open_campus(database, {"login": "auto"}) as campus, browser(campus) as ana:
        port = urlsplit(campus.url).port
        for headers in (
            {"Host": "quad.school.example"},
            {"Host": "10.0.0.5"},
            {"Host": port_of(port), "X-Forwarded-For": "203.0.113.9"},
            {"X-Forwarded-Host": "localhost"},
            {"Forwarded": "for=127.0.0.1"},
        ):
            for answer in (
                await ana.get("/nearby", headers=headers),
                await ana.post("/nearby", data={"name": "ana"}, headers=headers),
            ):
                assert (headers, answer.status_code) == (headers, 503)
                assert notice(answer) == "no_login"
                assert "set-cookie" not in answer.headers
        assert caplog.text.count("GUEST LOGIN REFUSED") == 1
        assert "quad.school.example" in caplog.text
        assert campus.nearby.people.ids() == []
        for host in (port_of(port), f"127.0.0.1:{port}", f"[::1]:{port}"):
            entering = await ana.post("/nearby", data={"name": "ana"}, headers={"Host": host})
            assert (host, entering.status_code) == (host, 303)


async def test_logins_and_logouts_are_in_the_audit_log(
    database: Path, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    async with open_campus(database, fenix(provider)) as campus, browser(campus) as ana:
        await log_in(ana, provider, code="older")
        await log_in(ana, provider)
        await ana.post("/nearby/logout")
    lines = [each.getMessage() for each in caplog.records if each.name == "quad.audit"]
    assert lines == [
        "action=nearby.login result=failed address=127.0.0.1 reason=code_refused",
        "action=nearby.login result=ok address=127.0.0.1 user=ist123",
        "action=nearby.logout result=ok address=127.0.0.1 user=ist123",
    ]


async def test_a_provider_that_is_configured_is_taken_by_itself() -> None:
    for values, kind in (
        ({"client_id": "x"}, Fenix),
        ({"client_id": "x", "oidc_discovery": "https://id.example.org"}, OpenId),
    ):
        login = choose(**values)
        assert isinstance(login, kind)
        await login.aclose()


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"login": "fenix"}, "client_id"),
        ({"login": "oidc", "client_id": "x"}, "oidc_discovery"),
        ({"login": "oidc", "oidc_discovery": "https://id.example.org"}, "client_id"),
    ],
)
def test_a_provider_that_is_not_configured_stops_the_start(
    values: dict[str, Any], missing: str
) -> None:
    with pytest.raises(BadSettings, match=missing):
        choose(**values)
