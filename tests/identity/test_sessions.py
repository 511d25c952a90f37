"""Sessions: how long a token is somebody's."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from quad.identity import hash_token
from quad.identity.sessions import Sessions
from quad.identity.tables import sessions
from quad.store import Store
from tests.identity.nodes import make_nodes
from tests.identity.test_login import held, notice
from tests.nearby.campus import Campus, Clock, Page

DAY_S = 86_400


async def asks(campus: Campus, id: str, token: str) -> int:
    body = {"id": id, "token": token}
    return (await campus.http.post("/API/user/show/building", json=body)).status_code


async def test_a_token_is_random_and_kept_as_a_hash(campus: Campus) -> None:
    token = await campus.token("ana")
    assert len(token) * 6 >= 128
    rows = await campus.store.read(select(sessions))
    assert [row.token_hash for row in rows] == [hash_token(token)]
    assert token not in repr(rows)


async def test_a_token_ends_after_its_days(campus: Campus) -> None:
    token = await campus.token("ana")
    campus.clock.forward(30 * DAY_S - 1)
    assert await asks(campus, "ana", token) == 200
    campus.clock.forward(1)
    assert await asks(campus, "ana", token) == 401


async def test_what_has_ended_is_forgotten_when_somebody_comes(campus: Campus) -> None:
    await campus.token("ana")
    campus.clock.forward(31 * DAY_S)
    await campus.token("bob")
    rows = await campus.store.read(select(sessions))
    assert [row.user_id for row in rows] == ["bob"]


async def test_logging_out_ends_this_token_alone_and_its_connections(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=campus.url) as browser:
        await browser.post("/nearby", data={"name": "ana"})
        token = browser.cookies["quad_nearby"]
        other = await campus.token("ana")
        campus.tokens["ana"] = token
        await campus.page("ana")
        answer = await browser.post("/nearby/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/nearby/bye")
        assert "quad_nearby" not in browser.cookies
        assert notice(await browser.get("/nearby/bye")) == "logged_out"
        await campus.until(lambda: campus.connections == 0)
    assert "bug" not in caplog.text
    assert await asks(campus, "ana", token) == 401
    assert await asks(campus, "ana", other) == 200
    again = Page(campus, "ana", token)
    await again.connect()
    assert (await again.enter())["code"] == "wrong_token"
    await again.close()


async def test_logging_out_without_a_session_is_no_error(campus: Campus) -> None:
    answer = await campus.http.post("/nearby/logout")
    assert answer.status_code == 303


async def test_a_cookie_of_somebody_else_does_not_hide_ours(campus: Campus) -> None:
    token = await campus.token("ana")
    page = await campus.http.get("/nearby", headers={"Cookie": f'a="; quad_nearby={token}; b=c'})
    assert held(page.text)["user"] == "ana"


async def test_a_session_outlives_a_restart_and_a_logout_counts_on_other_nodes(
    database: Path,
) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    now = 0.0
    here = Sessions(store, 1, now=Clock(), clock=lambda: now)
    there = Sessions(store, 1, now=Clock(), clock=lambda: now)
    token = await here.begin("ana")
    assert await there.user_of(token) == "ana"
    await here.end("ana", token)
    assert await here.user_of(token) is None
    now = 5.1
    assert await there.user_of(token) is None
    assert await there.user_of("another") is None
    await store.aclose()


async def test_what_is_read_during_a_logout_is_not_kept(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    people = Sessions(store, 1, now=Clock())
    token = await people.begin("ana")
    read = store.read

    async def read_and_log_out(statement: object) -> object:
        rows = await read(statement)  # type: ignore[arg-type]
        await people.end("ana", token)
        return rows

    monkeypatch.setattr(store, "read", read_and_log_out)
    assert await people.user_of(token) == "ana"  # it was, when it was asked
    monkeypatch.undo()
    assert await people.user_of(token) is None
    await store.aclose()


async def test_only_so_many_are_remembered(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quad.identity.sessions._KEPT_LIMIT", 2)
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    people = Sessions(store, 1, now=Clock())
    tokens = [await people.begin(name) for name in "abc"]
    assert [await people.user_of(token) for token in tokens] == list("abc")
    assert len(people._known) == 2
    await store.aclose()


async def test_a_logout_at_one_node_counts_at_all_at_once(campus: Campus) -> None:
    nodes = [Sessions(campus.store, 30, clock=lambda: 0.0) for _ in range(2)]
    for known, news in zip(nodes, make_nodes(2), strict=True):
        known.share(news)
    token, other = await nodes[0].begin("ana"), await nodes[0].begin("ana")
    assert [await known.user_of(token) for known in nodes] == ["ana", "ana"]
    await nodes[1].end("ana", token)
    assert [await known.user_of(token) for known in nodes] == [None, None]
    assert [await known.user_of(other) for known in nodes] == ["ana", "ana"]
