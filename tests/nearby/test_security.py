"""Whoever has no right to something gets nothing, and learns nothing."""

import asyncio
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from quad.identity.tables import sessions
from quad.nearby.tables import bots, logs, users
from tests.identity.test_login import held
from tests.nearby.campus import ADMIN, TOWER, Campus, open_campus
from tests.process import ROOT

HERE = {"latitude": 38.737, "longitude": -9.139}
OF_PEOPLE: dict[str, dict[str, Any]] = {
    "update/coordinates": HERE,
    "update/range": {"radious": 10},
    "show/building": {},
    "show/range": {**HERE, "radious": 10},
    "show/buildings": {},
    "message/send": {"users": ["bob"], "message": "hello"},
    "message/receive": {"socket_id": "x"},
}
OF_THE_ADMINISTRATOR = [
    ("POST", "buildings/add", {"id": "9", "name": "x", **HERE, "radious": 5}),
    ("GET", "buildings/show", None),
    ("GET", "users/show", None),
    ("GET", "users/show/online", None),
    ("GET", "users/show/building/1", None),
    ("GET", "logs/show/user/ana", None),
    ("GET", "logs/show/building/1", None),
    ("POST", "bots/update/auth", {"id": "canteen", "state": True}),
    ("GET", "bots/show/auth/1", None),
]

INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE nearby_users; --",
    '" OR ""="',
    "\\'; SELECT 1; --",
    "ana' --",
    "%",
    "_",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "日本語 🎈",
]


async def test_nobody_acts_for_somebody_without_their_token(campus: Campus) -> None:
    await campus.page("ana")
    bob = await campus.page("bob")
    await campus.move("bob", TOWER.position)
    await bob.take()
    tokens = await bad_tokens(campus)
    for path, body in OF_PEOPLE.items():
        for kind, token in tokens.items():
            asked = {"id": "ana", **body, **({} if token is None else {"token": token})}
            answer = await campus.http.post(f"/API/user/{path}", json=asked)
            assert (path, kind, answer.status_code) == (path, kind, 401)
            assert set(answer.json()) == {"detail", "code"}
            assert token is None or not token or token not in answer.text
    for token in tokens.values():
        answer = await bob.call("new_client", {"id": "ana", "token": token or ""})
        assert answer["code"] == "wrong_token"
    assert [each for each in await bob.take() if each[0] != "error"] == []
    assert await bob.texts() == []
    assert campus.nearby.people.get("ana").range_m == 50


async def bad_tokens(campus: Campus) -> dict[str, str | None]:
    """Of somebody else, of ana but expired, of ana but revoked, made up, and none."""
    clock = campus.clock
    clock.forward(-31 * 86_400)
    expired = await campus.sessions.begin("ana")
    clock.forward(31 * 86_400)
    revoked = await campus.sessions.begin("ana")
    await campus.sessions.end("ana", revoked)
    return {
        "none": None,
        "empty": "",
        "somebody else's": await campus.token("bob"),
        "expired": expired,
        "revoked": revoked,
        "made up": "x" * 43,
        "a hash": (await campus.store.read(select(sessions.c.token_hash)))[0][0],
    }


async def test_nobody_but_the_administrator_administers(campus: Campus) -> None:
    await campus.nearby.bots.register("here", "canteen", "1")
    ana = await campus.token("ana")
    wrong: dict[str, Any] = {
        "none": {},
        "wrong password": {"auth": ("admin", "wrong")},
        "no password": {"auth": ("admin", "")},
        "wrong name": {"auth": ("Admin", ADMIN[1])},
        "a person's token": {"headers": {"Authorization": f"Bearer {ana}"}},
        "a person's token as password": {"auth": ("admin", ana)},
    }
    for method, path, body in OF_THE_ADMINISTRATOR:
        # Checking a password takes its time: all of them at one path, which is all that differs.
        kinds = wrong if path == "users/show" else {"none": {}, "no password": wrong["no password"]}
        for kind, credentials in kinds.items():
            answer = await campus.http.request(
                method, f"/API/admin/{path}", json=body, **credentials
            )
            assert (path, kind, answer.status_code) == (path, kind, 401)
            assert set(answer.json()) == {"detail", "code"}
    assert campus.nearby.bots.ids(is_authorised=True) == []
    assert len(campus.nearby.buildings.list()) == 2


async def test_what_looks_like_sql_is_a_name_like_any_other(campus: Campus) -> None:
    for text in INJECTIONS:
        token = await campus.token(text)
        other = await campus.http.post(
            "/API/user/show/building", json={"id": f"{text}x", "token": token}
        )
        assert other.status_code == 401
        assert (await campus.move(text, TOWER.position)) == "Tower"
        assert (await campus.send(text, [text], text)).status_code == 200
        answer = await campus.http.post("/API/bot/register", json={"id": text, "b_id": "1"})
        assert answer.status_code == 200
        answer = await campus.http.post("/API/bot/register", json={"id": text, "b_id": text})
        assert answer.status_code == 400
    auth = {"id": INJECTIONS[0], "pass": INJECTIONS[0]}
    assert (await campus.http.post("/API/bot/auth", json=auth)).json() == {"auth": 0}
    assert await count(campus, users) == await count(campus, bots) == len(INJECTIONS)
    shown = (await campus.http.get("/API/admin/users/show", auth=ADMIN)).json()
    assert sorted(each["id"] for each in shown) == sorted(INJECTIONS)
    assert await count(campus, logs) >= len(INJECTIONS)


async def count(campus: Campus, table: Any) -> int:
    await campus.store.write()
    return int((await campus.store.read(select(func.count()).select_from(table)))[0][0])


async def test_pages_show_what_people_write_as_text(campus: Campus) -> None:
    name = "\"><script>alert(1)</script>'"
    token = await campus.token(name)
    page = await campus.http.get("/nearby", headers={"Cookie": f"quad_nearby={token}"})
    assert "<script>alert" not in page.text
    assert held(page.text)["user"] == name


async def test_secrets_are_in_no_log_no_error_and_no_address(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_campus(database) as campus:
        token = await campus.token("ana")
        answer = await campus.http.post("/API/bot/register", json={"id": "b", "b_id": "1"})
        password = answer.json()["pass"]
        body = {"id": "b", "pass": password, "message": 5}
        told = [
            await campus.http.post("/API/bot/message", json=body),
            await campus.http.post("/API/user/show/range", json={"id": "eve", "token": token}),
            await campus.http.get("/API/admin/users/show", auth=("root", ADMIN[1])),
            await campus.http.get("/nearby", headers={"Cookie": f"quad_nearby={token}x"}),
        ]
    assert [each.status_code for each in told] == [400, 400, 401, 200]
    for secret in (token, password, ADMIN[1]):
        assert all(secret not in each.text for each in told)
        ours = [each.getMessage() for each in caplog.records if each.name.startswith("quad")]
        assert secret not in "\n".join(ours)
        assert not any(secret in str(each.url) for each in told)


async def test_no_request_of_the_described_kinds_is_an_error_of_the_server(
    database: Path, tmp_path: Path
) -> None:
    """Schemathesis makes requests that fit the OpenAPI document, and some that do not."""
    async with open_campus(database) as campus:
        token = await campus.token("ana")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"{campus.url}/schema/openapi.json",
            *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "8", "--seed", "1", "--generation-database", "none"),
            *("--max-time", "8", "--request-timeout", "10", "--auth", ":".join(ADMIN)),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
        assert process.returncode == 0, output
        assert re.search(r"Operations:\s+\d+ selected", output), output
        assert await campus.sessions.user_of(token) == "ana"  # and it still works
