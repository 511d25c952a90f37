"""Bots: registered, authorised, and heard in their building."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from quad.nearby.bots import Caller
from quad.nearby.tables import bot_proofs, bots
from quad.store import StoreUnavailable
from tests.nearby.campus import ADMIN, FIELD, LIBRARY, TOWER, Campus, Clock, Page, open_campus

NEW = {"available": 0, "state": "Bot does not exist.", "new": 1}
NOT_YET = {"available": 0, "state": "Bot has not been authorized yet.", "auth": 0}
RUNNING = {"available": 0, "state": "Bot currently running."}
AVAILABLE = {"available": 1, "state": "Bot available."}


async def check(campus: Campus, bot: str = "canteen") -> Any:
    return (await campus.http.get(f"/API/bot/check/{bot}")).json()


async def ask(campus: Campus, path: str, address: str = "", **body: Any) -> httpx.Response:
    """Ask as somebody at this address, which a proxy tells."""
    if address:
        return await campus.by_proxy("POST", f"/API/bot/{path}", address, json=body)
    return await campus.http.post(f"/API/bot/{path}", json=body)


async def register(campus: Campus, bot: str = "canteen", building: str = "1") -> str:
    answer = await ask(campus, "register", id=bot, b_id=building)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["pass"]
    return str(answer.json()["pass"])


async def authorise(campus: Campus, bot: str = "canteen", *, state: bool = True) -> None:
    answer = await campus.http.post(
        "/API/admin/bots/update/auth", json={"id": bot, "state": state}, auth=ADMIN
    )
    assert (answer.status_code, answer.json()) == (200, [])


async def authorised(campus: Campus) -> str:
    password = await register(campus)
    await authorise(campus)
    return password


async def test_a_bot_is_new_then_waits_then_available(campus: Campus) -> None:
    assert await check(campus) == NEW
    await register(campus)
    assert await check(campus) == NOT_YET
    await authorise(campus)
    assert await check(campus) == AVAILABLE
    await authorise(campus, state=False)
    assert await check(campus) == NOT_YET


async def test_a_bot_outlives_a_restart(database: Path) -> None:
    async with open_campus(database) as campus:
        password = await authorised(campus)
    async with open_campus(database) as campus:
        assert await check(campus) == AVAILABLE
        answer = await ask(campus, "auth", **{"id": "canteen", "pass": password})
        assert answer.json() == {"auth": 1}


async def test_the_buildings_are_shown_to_everyone(campus: Campus) -> None:
    answer = await campus.http.get("/API/bot/show/buildings")
    assert answer.json() == [{"id": "2", "name": "Library"}, {"id": "1", "name": "Tower"}]


async def test_the_password_is_random_and_kept_as_a_slow_hash(campus: Campus) -> None:
    password = await register(campus)
    assert len(password) * 6 >= 64
    (row,) = await campus.store.read(select(bots))
    assert row.pass_hash.startswith("$argon2id$")
    assert password not in repr(row)


WRONG: list[tuple[Any, str]] = [
    ({"id": "canteen", "b_id": "1"}, "already"),
    ({"id": "b", "b_id": "9"}, "no building '9'"),
    ({"id": " ", "b_id": "1"}, "empty"),
    ({"id": "b" * 129, "b_id": "1"}, "more than 128"),
    ({"id": "b"}, "missing required field `b_id`"),
    ({"id": 5, "b_id": "1"}, "Expected `str`"),
    ([], "must hold one"),
    ([{"id": "b", "b_id": "1"}] * 2, "must hold one"),
    (None, ""),
]


async def test_what_cannot_be_registered_is_400_with_the_reason(campus: Campus) -> None:
    await register(campus)
    for body, words in WRONG:
        answer = await campus.http.post("/API/bot/register", json=body)
        assert (body, answer.status_code) == (body, 400)
        assert words in answer.json()["detail"]
    assert len(await campus.store.read(select(bots))) == 1


async def test_a_body_that_is_no_json_is_400(campus: Campus) -> None:
    for content in (b"", b"{", b"\xff", b'"text"'):
        answer = await campus.http.post("/API/bot/register", content=content)
        assert (content, answer.status_code) == (content, 400)
        assert answer.json()["detail"]


async def test_only_one_of_two_at_once_gets_the_name(campus: Campus) -> None:
    first = campus.nearby.bots.register("a", "canteen", "1")
    second = campus.nearby.bots.register("b", "canteen", "2")
    password = await first
    with pytest.raises(Exception, match="already"):
        await second
    assert await campus.nearby.bots.authenticate(Caller("a"), "canteen", password)


async def test_two_nodes_cannot_both_have_the_name(campus: Campus) -> None:
    password = await register(campus)
    campus.nearby.bots._bots.clear()  # as another node that has not heard of it
    answer = await ask(campus, "register", id="canteen", b_id="2")
    assert (answer.status_code, password in answer.text) == (400, False)


async def test_whoever_registers_too_many_has_to_wait(database: Path) -> None:
    async with open_campus(database, {"wrong_tries_burst": 2}, is_limited=True) as campus:
        for n in range(2):
            await register(campus, f"bot{n}")
        answer = await ask(campus, "register", id="bot2", b_id="1")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        answer = await ask(campus, "register", "10.0.0.9", id="bot2", b_id="1")
        assert answer.status_code == 200


# --- sending --------------------------------------------------------------------------------------


async def inside(campus: Campus) -> Page:
    page = await campus.page("ana")
    await campus.move("ana", TOWER.position)
    return page


async def test_a_notice_reaches_everyone_in_the_building_and_nobody_else(campus: Campus) -> None:
    password = await authorised(campus)
    ana, bob, eve = await inside(campus), await campus.page("bob"), await campus.page("eve")
    await campus.move("bob", LIBRARY.position)
    await campus.move("eve", FIELD)
    answer = await ask(campus, "message", **{"id": "canteen", "message": "Lunch", "pass": password})
    assert (answer.status_code, answer.json()) == (200, AVAILABLE)
    assert ("new_message", ["ana"]) in await ana.take()
    (message,) = await ana.receive(audience=True)
    assert (message["id"], message["message"]) == ("canteen", "Lunch")
    assert message["to"] == {"audience": "notice", "people": 1}
    assert await bob.texts() == await eve.texts() == []


async def test_whoever_showed_the_password_lately_need_not_again(campus: Campus) -> None:
    password = await authorised(campus)
    ana = await inside(campus)
    here, there = "10.0.0.1", "10.0.0.2"
    notice = {"id": "canteen", "message": "Lunch"}
    assert (await ask(campus, "message", here, **notice)).status_code == 401
    answer = await ask(campus, "auth", here, **{"id": "canteen", "pass": password})
    assert answer.json() == {"auth": 1}
    assert (await ask(campus, "message", here, **notice)).json() == AVAILABLE
    assert (await ask(campus, "message", there, **notice)).status_code == 401
    await register(campus, "other")
    assert (await ask(campus, "message", here, id="other", message="x")).status_code == 401
    assert await ana.texts() == ["Lunch"]


NOTICE = {"id": "canteen", "message": "Lunch"}


async def shown(campus: Campus, password: str, address: str = "") -> None:
    answer = await ask(campus, "auth", address, **{"id": "canteen", "pass": password})
    assert answer.json() == {"auth": 1}


async def test_a_password_that_was_shown_counts_after_a_restart_and_a_day_from_the_last_use(
    database: Path,
) -> None:
    """As the original bot program relies on, which shows it once and runs for weeks."""
    clock = Clock()
    async with open_campus(database, clock=clock) as campus:
        password = await authorised(campus)
        await shown(campus, password)
    for _ in range(3):
        clock.forward(86_399 - 60)  # a use is written down a minute late at most
        async with open_campus(database, clock=clock) as campus:
            assert (await ask(campus, "message", **NOTICE)).status_code == 200
            clock.forward(59)
            assert (await ask(campus, "message", **NOTICE)).status_code == 200
    clock.forward(86_400)
    async with open_campus(database, clock=clock) as campus:
        assert (await ask(campus, "message", **NOTICE)).status_code == 401
        page = Page(campus, "", "")
        await page.connect()
        assert (await page.call("new_bot", {"id": "canteen"}))["code"] == "not_allowed"
        await page.close()
        campus.nearby.forget()
        await campus.store.write()
        assert await campus.store.read(select(bot_proofs)) == []


async def test_only_the_program_that_showed_the_password_is_known_and_only_by_auth(
    campus: Campus,
) -> None:
    password = await authorised(campus)
    for answer in (
        await ask(campus, "message", **NOTICE, **{"pass": password}),
        await campus.http.post("/API/bot/message", json=NOTICE, auth=("canteen", password)),
    ):
        assert answer.status_code == 200
    assert (await ask(campus, "message", **NOTICE)).status_code == 401
    await ask(campus, "auth", **{"id": "canteen", "pass": "wrong"})
    assert (await ask(campus, "message", **NOTICE)).status_code == 401


async def test_a_bot_that_is_disallowed_has_shown_nothing(database: Path) -> None:
    async with open_campus(database) as campus:
        password = await authorised(campus)
        await shown(campus, password)
        await authorise(campus, state=False)
        await authorise(campus)
        assert (await ask(campus, "message", **NOTICE)).status_code == 401
    async with open_campus(database) as campus:
        assert (await ask(campus, "message", **NOTICE)).status_code == 401
        await shown(campus, password)
        assert (await ask(campus, "message", **NOTICE)).status_code == 200


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_nor_can_they_over_a_connection_that_they_may_open(
    headers: dict[str, str], database: Path
) -> None:
    async with open_campus(database, {"origins": ("*",)}) as campus:
        await shown(campus, await authorised(campus))
        foreign, program = Page(campus, "", ""), Page(campus, "", "")
        await foreign.connect(headers)
        assert (await foreign.call("new_bot", {"id": "canteen"}))["code"] == "not_allowed"
        await program.connect()
        assert await program.call("new_bot", {"id": "canteen"}) is None
        await foreign.close()
        await program.close()


async def test_pages_of_other_sites_cannot_use_what_the_address_has_shown(campus: Campus) -> None:
    password = await authorised(campus)
    content = json.dumps(NOTICE)
    for headers in FOREIGN:
        # Nor can they have an address shown one, of whatever bot.
        proof = {"id": "canteen", "pass": password}
        answer = await campus.http.post("/API/bot/auth", json=proof, headers=headers)
        assert answer.json() == {"auth": 1}
        assert (await ask(campus, "message", **NOTICE)).status_code == 401
    await shown(campus, password)
    for headers in FOREIGN:
        answer = await campus.http.post("/API/bot/message", content=content, headers=headers)
        assert (headers, answer.status_code) == (headers, 401)
        answer = await campus.http.post("/API/bot/message", json={**NOTICE, "pass": password})
        assert answer.status_code == 200
    own = {"Origin": campus.url}
    answer = await campus.http.post("/API/bot/message", content=content, headers=own)
    assert answer.status_code == 200


async def test_an_address_that_is_not_certain_shows_nothing(campus: Campus) -> None:
    password = await authorised(campus)
    await shown(campus, password)
    for headers in ({"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):
        answer = await campus.http.post("/API/bot/message", json=NOTICE, headers=headers)
        assert answer.status_code == 401  # a proxy that nobody has announced
    # A trusted one that does not say for whom it asks.
    proof = {"id": "canteen", "pass": password}
    answer = await campus.by_proxy("POST", "/API/bot/auth", "", json=proof)
    assert answer.json() == {"auth": 1}
    answer = await campus.by_proxy("POST", "/API/bot/message", "", json=NOTICE)
    assert answer.status_code == 401


async def test_a_network_of_ipv6_is_one_address(campus: Campus) -> None:
    password = await authorised(campus)
    await shown(campus, password, "2001:db8:1:2::1")
    assert (await ask(campus, "message", "2001:db8:1:2:9::7", **NOTICE)).status_code == 200
    assert (await ask(campus, "message", "2001:db8:1:3::1", **NOTICE)).status_code == 401


async def test_a_bot_is_known_at_a_hundred_addresses_at_most(campus: Campus) -> None:
    password = await authorised(campus)
    bots = campus.nearby.bots
    for number in range(101):
        campus.clock.forward(1)
        assert await bots.authenticate(Caller(f"10.0.0.{number}"), "canteen", password)
    await campus.store.write()
    assert len(await campus.store.read(select(bot_proofs))) == 100
    assert not bots.is_authenticated(Caller("10.0.0.0"), "canteen")
    assert bots.is_authenticated(Caller("10.0.0.1"), "canteen")


async def test_basic_credentials_are_as_good(campus: Campus) -> None:
    password = await authorised(campus)
    ana = await inside(campus)
    body = {"id": "canteen", "message": "Lunch"}
    answers = [
        await campus.http.post("/API/bot/message", json=body, auth=("canteen", password)),
        await campus.http.post("/API/bot/message", json=body, auth=("canteen", "wrong")),
        await campus.http.post("/API/bot/message", json=body, auth=("other", password)),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert await ana.texts() == ["Lunch"]


NO_CREDENTIALS = [
    "Basic",
    "Basic !",
    "Basic " + base64.b64encode(b"canteen").decode(),
    "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    "Bearer",
    "Digest x",
]


async def test_credentials_that_are_none_are_401_and_say_how(campus: Campus) -> None:
    await authorised(campus)
    body = {"id": "canteen", "message": "Lunch"}
    for header in NO_CREDENTIALS:
        headers = {"Authorization": header}
        answer = await campus.http.post("/API/bot/message", json=body, headers=headers)
        assert (header, answer.status_code) == (header, 401)
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_a_bot_that_is_not_authorised_is_told_so_and_says_nothing(campus: Campus) -> None:
    password = await register(campus)
    ana = await inside(campus)
    notice = {"id": "canteen", "message": "Lunch", "pass": password}
    assert (await ask(campus, "message", **notice)).json() == NOT_YET
    assert (await ask(campus, "message", id="nobody", message="x")).json() == NEW
    assert await ana.texts() == []


async def test_a_notice_that_cannot_be_one_is_400(campus: Campus) -> None:
    password = await authorised(campus)
    for message in ("", "  ", "x" * 10_001, "a\0b"):
        notice = {"id": "canteen", "message": message, "pass": password}
        assert (await ask(campus, "message", **notice)).status_code == 400


async def test_a_running_bot_is_told_to_others_until_its_last_connection_ends(
    campus: Campus,
) -> None:
    password = await authorised(campus)
    stranger, first, second = [Page(campus, "", "") for _ in range(3)]
    for page in (stranger, first, second):
        await page.connect()
    answer = await stranger.call("new_bot", {"id": "canteen"})
    assert answer["code"] == "not_allowed"
    await ask(campus, "auth", **{"id": "canteen", "pass": password})
    for page in (first, second):
        assert not await page.call("new_bot", {"id": "canteen"})
    assert await check(campus) == RUNNING
    await first.close()
    assert await check(campus) == RUNNING
    answer = await ask(campus, "message", id="canteen", message="Lunch")
    assert answer.json() == RUNNING
    await second.close()
    await campus.until(lambda: not list(campus.nearby.bots.running))
    assert await check(campus) == AVAILABLE
    await stranger.close()


async def test_nothing_is_changed_while_the_database_does_not_answer(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(campus)

    async def fail(*changes: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(campus.store, "write", fail)
    answer = await ask(campus, "register", id="other", b_id="1")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    answer = await campus.http.post(
        "/API/admin/bots/update/auth", json={"id": "canteen", "state": True}, auth=ADMIN
    )
    assert answer.status_code == 503
    monkeypatch.undo()
    assert await check(campus, "other") == NEW
    assert await check(campus) == NOT_YET


# --- wrong passwords ------------------------------------------------------------------------------


async def test_wrong_passwords_are_limited_by_address_and_by_name(database: Path) -> None:
    async with open_campus(database, {"wrong_tries_burst": 3}, is_limited=True) as campus:
        password = await register(campus)
        await register(campus, "other")
        wrong = {"id": "canteen", "pass": "wrong"}
        for _ in range(3):
            answer = await ask(campus, "auth", "10.0.0.1", **wrong)
            assert (answer.status_code, answer.json()) == (200, {"auth": 0})
        answer = await ask(campus, "auth", "10.0.0.1", **{"id": "other", "pass": "x"})
        assert answer.status_code == 429  # this address, whatever the name
        answer = await ask(campus, "auth", "10.0.0.2", **wrong)
        assert answer.status_code == 429  # this name, wherever from
        # The right one always passes, from these addresses as from any other.
        for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
            answer = await ask(campus, "auth", address, **{"id": "canteen", "pass": password})
            assert (answer.status_code, answer.json()) == (200, {"auth": 1})


async def test_names_that_do_not_exist_are_limited_as_well(database: Path) -> None:
    async with open_campus(database, {"wrong_tries_burst": 2}, is_limited=True) as campus:
        body = {"id": "nobody", "pass": "x"}
        statuses = [(await ask(campus, "auth", **body)).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


async def test_without_limits_nobody_waits(database: Path) -> None:
    async with open_campus(database, {"wrong_tries_burst": 1}, is_limited=False) as campus:
        body = {"id": "nobody", "pass": "x"}
        statuses = {(await ask(campus, "auth", **body)).status_code for _ in range(5)}
        assert statuses == {200}


async def test_a_bot_by_the_administrators_name_is_not_the_administrator(campus: Campus) -> None:
    password = await register(campus, "admin")
    answer = await ask(campus, "auth", **{"id": "admin", "pass": password})
    assert answer.json() == {"auth": 1}
    answer = await campus.http.get("/API/admin/users/show", auth=("admin", password))
    assert answer.status_code == 401
