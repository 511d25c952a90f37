"""The pages: log in, read, write and leave, without a line of JavaScript."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from quad.alert.links import parts_of
from quad.alert.sessions import COOKIE, Session, Sessions
from quad.identity import Keys
from quad.settings import AlertSettings
from quad.store import StoreUnavailable
from tests.alert.hall import Hall, locked, open_hall

# All that make links are held to these cases; the others in `ui/src/parts/links.test.ts`.
LINKS = Path(__file__).parents[1] / "links.json"
FORM = {"name": "Alice", "room": "R101"}


@pytest.fixture
async def browser(hall: Hall) -> AsyncIterator[httpx.AsyncClient]:
    async with hall.browser(**{"Accept-Language": "en"}) as browser:
        yield browser


def cookie_of(browser: httpx.AsyncClient) -> str:
    return f"{COOKIE}={browser.cookies[COOKIE]}"


def lines_of(page: str) -> list[str]:
    return re.findall(r"<time[^>]*>[^<]*</time><span[^>]*>([^<]*)</span>", page)


# --- logging in -----------------------------------------------------------------------------------


async def test_the_form_asks_for_a_name_and_a_room(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/v1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {*re.findall(r'name="(\w+)"', answer.text)} >= {"name", "room"}
    assert '<form method="post" action="/v1"' in answer.text


async def test_logging_in_sets_a_cookie_and_leads_to_the_room(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/v1", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/room")
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith(f"{COOKIE}=")
    lowered = {attribute.lower() for attribute in attributes}
    assert {"httponly", "samesite=lax", "path=/", "max-age=2592000"} <= lowered
    assert "secure" not in lowered
    page = await browser.get("/v1/room")
    assert page.status_code == 200
    assert 'data-name="Alice" data-room="R101"' in page.text


async def test_behind_https_the_cookie_is_secure(hall: Hall) -> None:
    async with hall.browser(**{"X-Forwarded-Proto": "https"}) as browser:
        answer = await browser.post("/v1", data=FORM)
        assert "; Secure" in answer.headers["set-cookie"]
        assert answer.headers["set-cookie"].startswith("__Host-quad_alert=")
        # What a page of another sub-domain plants does not count beside it.
        own = answer.headers["set-cookie"].partition(";")[0]
        planted = {"Cookie": f"quad_alert=planted; {own}"}
        page = await browser.get("/v1/room", headers=planted)
        assert 'data-name="Alice"' in page.text
        left = await browser.post("/v1/leave", headers=planted)
        assert left.headers["set-cookie"].startswith("__Host-quad_alert=")
        assert "; Secure" in left.headers["set-cookie"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"name": "", "room": "R101"}, "Please enter a name.", id="an empty name"),
        pytest.param({"room": "R101"}, "Please enter a name.", id="no name"),
        pytest.param({"name": "x" * 65, "room": "R"}, "at most 64", id="a long name"),
        pytest.param({"name": "a\x07", "room": "R"}, "one line of plain", id="a bell in the name"),
        pytest.param({"name": "A", "room": "  "}, "Please enter the code", id="a blank room"),
        pytest.param({"name": "A", "room": "r" * 65}, "at most 64", id="a long room"),
        pytest.param({"name": "A", "room": "a\nb"}, "one line of plain", id="two lines of room"),
        pytest.param({str(n): "x" for n in range(20)}, "Please enter a name", id="too many fields"),
    ],
)
async def test_a_bad_field_shows_the_form_again_with_the_reason_and_the_fields(
    browser: httpx.AsyncClient, fields: dict[str, str], reason: str
) -> None:
    answer = await browser.post("/v1", data=fields)
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert reason in answer.text
    if fields.get("name") == "A":
        assert 'value="A"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_link_may_fill_in_the_form_and_ask_for_large_type(
    browser: httpx.AsyncClient,
) -> None:
    page = (await browser.get("/v1?room=R%26D&name=%D0%AF&display=1")).text
    assert 'value="R&amp;D"' in page
    assert 'value="Я"' in page
    assert 'action="/v1?display=1"' in page
    answer = await browser.post("/v1?display=1", data=FORM)
    assert answer.headers["location"] == "/v1/room?display=1"
    shown = (await browser.get("/v1/room?display=1")).text
    assert 'class="room display"' in shown
    assert 'id="say"' not in shown


async def test_whoever_has_logged_in_finds_the_form_filled_in(browser: httpx.AsyncClient) -> None:
    await browser.post("/v1", data=FORM)
    assert 'value="Alice"' in (await browser.get("/v1")).text


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("", "Your name"),
        ("fr", "Your name"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "Seu nome"),
        ("fr, ru;q=0.5, en;q=0.4", "Ваше имя"),
        ("en;q=x, ru;q=0.1", "Ваше имя"),
    ],
)
async def test_the_page_speaks_the_language_of_the_browser(
    hall: Hall, wanted: str, words: str
) -> None:
    async with hall.browser(**{"Accept-Language": wanted}) as browser:
        assert words in (await browser.get("/v1")).text


# --- the session ----------------------------------------------------------------------------------


async def test_the_cookie_of_the_handshake_is_name_and_room(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    await browser.post("/v1", data={"name": "  Zoë ", "room": " R 101 "})
    page = await hall.guest(cookie=f"theme=dark; {cookie_of(browser)}")
    await page.emit("joined", {})
    assert await page.texts() == ["ZOË has joined the chat!"]
    other = await hall.member("bob", "R 101")
    await page.call("text", {"msg": "Hi"})
    assert (await other.texts())[-1] == "ZOË: Hi"


async def test_a_browser_may_name_another_room_than_its_cookie(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    await browser.post("/v1", data=FORM)
    page = await hall.guest(cookie=cookie_of(browser))
    await page.call("joined", {"room": "R102"})
    watcher = await hall.guest()
    assert await watcher.join("bob", "R102") == {"people": ["ALICE", "BOB"]}


async def test_a_headless_client_has_to_say_who_it_is_although_it_has_a_cookie(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    await browser.post("/v1", data=FORM)
    page = await hall.guest(cookie=cookie_of(browser))
    assert (await page.call("joined", {"headless": True}))["code"] == "bad_name"
    assert (await page.call("joined", {"headless": True, "name": "a"}))["code"] == "bad_room"


@pytest.mark.parametrize("change", ["x", "eyJuYW1lIjoiQSJ9.YQ.b", ""])
async def test_a_cookie_that_was_not_signed_here_is_none(hall: Hall, change: str) -> None:
    async with hall.browser(Cookie=f"{COOKIE}={change}") as stranger:
        answer = await stranger.get("/v1/room")
        assert (answer.status_code, answer.headers["location"]) == (303, "/v1")
    page = await hall.guest(cookie=f"{COOKIE}={change}")
    assert (await page.call("joined", {}))["code"] == "bad_name"


async def test_cookies_of_others_do_not_hide_ours(hall: Hall, browser: httpx.AsyncClient) -> None:
    await browser.post("/v1", data=FORM)
    sessions = hall.alert._sessions
    expected = Session("Alice", "R101")
    assert sessions.of_cookies(f'a={{"x": 1}}; b;=; {cookie_of(browser)} ;c="') == expected
    assert sessions.of_cookies("a=b; x") is None


async def test_sessions_survive_a_restart(database: Path) -> None:
    async with open_hall(database, AlertSettings()) as hall, hall.browser() as browser:
        await browser.post("/v1", data=FORM)
        cookie = cookie_of(browser)
    async with open_hall(database, AlertSettings()) as hall:
        page = await hall.guest(cookie=cookie)
        assert await page.call("joined", {}) == {"people": ["ALICE"]}


def test_sessions_end_and_are_known_under_their_own_key_alone() -> None:
    key, other = Keys("k" * 43).key("a"), Keys("k" * 43).key("b")
    signed = Sessions(60, key).sign(Session("a", "b"))
    assert Sessions(60, key).read(signed) == Session("a", "b")
    assert Sessions(60, other).read(signed) is None
    assert Sessions(-1, key).read(signed) is None


# --- the room -------------------------------------------------------------------------------------


async def test_the_room_shows_who_is_there_and_what_was_said(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    bob = await hall.member("<b>bob", "R101")
    await bob.say('1 < 2 & "3"')
    await browser.post("/v1", data=FORM)
    page = (await browser.get("/v1/room")).text
    assert lines_of(page) == ["&lt;B&gt;BOB: 1 &lt; 2 &amp; &#34;3&#34;"]
    assert '<li dir="auto">&lt;B&gt;BOB</li>' in page
    assert '<noscript><meta http-equiv="refresh"' in page


async def test_without_a_session_there_is_no_room(browser: httpx.AsyncClient) -> None:
    for answer in (
        await browser.get("/v1/room"),
        await browser.post("/v1/room", data={"msg": "x"}),
        await browser.post("/v1/leave"),
    ):
        assert (answer.status_code, answer.headers["location"]) == (303, "/v1")


async def test_the_form_of_the_room_says_something(hall: Hall, browser: httpx.AsyncClient) -> None:
    bob = await hall.member("bob", "R101")
    await browser.post("/v1", data=FORM)
    answer = await browser.post("/v1/room", data={"msg": "Ends at 5 & not later"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/room")
    assert await bob.texts() == ["ALICE: Ends at 5 & not later"]
    assert lines_of((await browser.get("/v1/room")).text) == ["ALICE: Ends at 5 &amp; not later"]


@pytest.mark.parametrize(
    ("text", "reason"), [("", "Please write something."), ("x" * 10_001, "too long")]
)
async def test_a_bad_text_shows_the_room_again_with_the_reason_and_the_text(
    browser: httpx.AsyncClient, text: str, reason: str
) -> None:
    await browser.post("/v1", data=FORM)
    answer = await browser.post("/v1/room", data={"msg": text})
    assert answer.status_code == 400
    assert reason in answer.text
    assert f'value="{text}"' in answer.text


async def test_a_body_beyond_all_bounds_is_not_read(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/v1/room", content=b"msg=" + b"x" * 200_000)
    assert answer.status_code == 413


async def test_leaving_ends_the_session_and_the_grace(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    watcher = await hall.member("watcher", "R101")
    await browser.post("/v1", data=FORM)
    page = await hall.guest(cookie=cookie_of(browser))
    await page.call("joined", {})
    await hall.drop(page)
    await watcher.take()
    answer = await browser.post("/v1/leave")
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1")
    assert await watcher.texts() == ["ALICE has left the chat :("]
    assert COOKIE not in browser.cookies
    assert (await browser.get("/v1/room")).status_code == 303


async def test_leaving_by_the_form_lets_other_connections_stay(
    hall: Hall, browser: httpx.AsyncClient
) -> None:
    await browser.post("/v1", data=FORM)
    page = await hall.guest(cookie=cookie_of(browser))
    await page.call("joined", {})
    await page.take()
    await browser.post("/v1/leave")
    assert await page.take() == []


async def test_a_database_that_does_not_answer_is_said_on_the_page(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 0.02)
    async with open_hall(database, AlertSettings()) as hall, hall.browser() as browser:
        await browser.post("/v1", data=FORM)
        with locked(database):
            answer = await browser.post("/v1/room", data={"msg": "lost"})
        assert answer.status_code == 503
        assert "cannot save this" in answer.text


async def test_a_room_that_cannot_be_read_is_said_on_the_page(
    hall: Hall, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(statement: object, values: object = None) -> object:
        raise StoreUnavailable

    await browser.post("/v1", data=FORM)
    monkeypatch.setattr(hall.store, "read", fail)
    answer = await browser.get("/v1/room")
    assert answer.status_code == 503
    assert "Please try again" in answer.text


# --- other sites ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a hidden origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="the browser says so"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbour"),
    ],
)
async def test_pages_of_other_sites_cannot_post(hall: Hall, headers: dict[str, str]) -> None:
    bob = await hall.member("bob", "R101")
    async with hall.browser() as browser:
        refused = await browser.post("/v1", data=FORM, headers=headers)
        assert refused.status_code == 403
        assert "set-cookie" not in refused.headers
        await browser.post("/v1", data=FORM)
        said = await browser.post("/v1/room", data={"msg": "x"}, headers=headers)
        assert said.status_code == 403
        await browser.post("/v1/leave", headers=headers)
        assert COOKIE in browser.cookies
        posted = await browser.post("/v1/rooms/R101/messages", content=b"x", headers=headers)
        assert (posted.status_code, posted.json()["code"]) == (403, "cross_site")
    assert await bob.take() == []


async def test_the_page_itself_may_post(hall: Hall) -> None:
    async with hall.browser(Origin=hall.url, **{"Sec-Fetch-Site": "same-origin"}) as browser:
        assert (await browser.post("/v1", data=FORM)).status_code == 303


async def test_pages_run_nothing_of_others_and_in_no_frame(browser: httpx.AsyncClient) -> None:
    await browser.post("/v1", data=FORM)
    for path in ("/v1", "/v1/room"):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=", answer.text)


async def test_the_host_of_a_request_cannot_write_into_the_policy(hall: Hall) -> None:
    async with hall.browser(Host="x;script-src") as browser:
        policy = (await browser.get("/v1")).headers["content-security-policy"]
        assert "connect-src 'self';" in policy
        assert policy.count("script-src") == 1


async def test_files_are_kept_by_browsers_and_others_are_not_there(
    browser: httpx.AsyncClient,
) -> None:
    await browser.post("/v1", data=FORM)
    page = (await browser.get("/v1/room")).text
    files = re.findall(r'(?:src|href)="(/v1/static/[^"]+)"', page)
    assert files
    for file in files:
        answer = await browser.get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-type"] in (
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
        )
    assert (await browser.get("/v1/static/room.js")).status_code == 404


@pytest.mark.parametrize(
    ("text", "links"),
    [(case["text"], case["links"]) for case in json.loads(LINKS.read_text())],
)
def test_addresses_in_a_message_are_links_and_nothing_is_lost(text: str, links: list[str]) -> None:
    parts = list(parts_of(text))
    assert "".join(part.text for part in parts) == text
    assert [part.text for part in parts if part.is_link] == links


async def test_a_link_in_a_message_can_be_followed(hall: Hall, browser: httpx.AsyncClient) -> None:
    await browser.post("/v1/rooms/R101/messages", content="See https://a.example/?b&c.")
    await browser.post("/v1", data=FORM)
    page = (await browser.get("/v1/room")).text
    link = '<a href="https://a.example/?b&amp;c" target="_blank" rel="noopener">'
    assert f"ALERT: See {link}https://a.example/?b&amp;c</a>.</span>" in page


async def test_the_page_has_the_language_and_the_colours_that_were_chosen(hall: Hall) -> None:
    chosen = {"Cookie": "quad_language=ru; quad_theme=dark", "Accept-Language": "pt"}
    async with hall.browser(**chosen) as browser:
        page = (await browser.get("/v1")).text
    assert '<html lang="ru">' in page
    assert '<meta name="color-scheme" content="dark">' in page
    assert re.search(r'dark\.\w+\.css" media="all"', page)
    assert '<option value="dark" selected>' in page
    assert 'href="/"' in page
