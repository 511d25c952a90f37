"""Every route and event of nearby and of the administrator, asked with everything but the right."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import socketio

from tests.nearby.campus import ADMIN, PATIENCE_S, TOWER, Campus, Page
from tests.nodes import Served, serve

PASSWORD: Final = "correct horse battery"
HERE = {"latitude": 38.737, "longitude": -9.139}
BODIES: dict[str, dict[str, Any]] = {
    "/API/user/update/coordinates": HERE,
    "/API/user/update/range": {"radious": 10},
    "/API/user/update/visible": {"visible": False},
    "/API/user/show/building": {},
    "/API/user/show/range": {**HERE, "radious": 10},
    "/API/user/show/buildings": {},
    "/API/user/message/send": {"users": ["bob"], "message": "hello"},
    "/API/user/message/receive": {"socket_id": "x"},
}
# Open to everybody by the contract, each with a right of its own behind it.
OPEN = {
    "/API/bot/check/{bot_id}",
    "/API/bot/show/buildings",
    "/API/bot/register",
    "/API/bot/auth",
    "/API/bot/message",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("matrix")
    # Whoever tries so many wrong ones has to wait otherwise.
    process = serve("--limits", "off", data=data, env={"QUAD_ADMIN_PASSWORD": PASSWORD})
    try:
        yield process
    finally:
        process.terminate()


class Secrets:
    """What is right somewhere: each of these opens one door, and no other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ana = self._person("ana")
        self.bob = self._person("bob")
        self.teacher = ""
        building = {"id": "1", "name": "Tower", **HERE, "radious": 60}
        self._administer("buildings/add", building)
        self.bot, self.other_bot = [
            httpx.post(f"{url}/API/bot/register", json={"id": bot, "b_id": "1"}).json()["pass"]
            for bot in ("canteen", "other")
        ]
        allowed = {"id": "canteen", "state": True}
        self._administer("bots/update/auth", allowed)
        self.admin = self._cookie("/admin/session", "quad_admin", json={"password": PASSWORD})
        self.ended = self._cookie("/admin/session", "quad_admin", json={"password": PASSWORD})
        cookie = {"Cookie": f"quad_admin={self.ended}"}
        assert httpx.delete(f"{url}/admin/session", headers=cookie).status_code == 204
        room = httpx.post(f"{url}/v1", data={"name": "ana", "room": "R101"})
        self.alert = "; ".join(
            each.partition(";")[0] for each in room.headers.get_list("set-cookie")
        ).partition("=")[2]
        assert self.alert

    def _administer(self, path: str, body: object) -> None:
        answer = httpx.post(f"{self.url}/API/admin/{path}", json=body, auth=("admin", PASSWORD))
        assert answer.status_code == 200

    def _person(self, name: str) -> str:
        return self._cookie("/nearby", "quad_nearby", data={"name": name})

    def _cookie(self, path: str, name: str, **request: Any) -> str:
        answer = httpx.post(self.url + path, **request)
        return str(answer.cookies[name])

    async def open_class(self) -> None:
        """The token of a teacher who speaks protocol 2."""
        client = socketio.AsyncClient(reconnection=False)
        answer: Any = None

        async def hear(*args: Any) -> None:
            nonlocal answer
            answer = answer or args

        client.on("room/create", hear)
        client.on("*", hear)
        await client.connect(self.url, transports=["websocket"], wait_timeout=PATIENCE_S)
        told = await client.call(
            "room/create", {"name": "Teacher", "protocol": 2}, timeout=PATIENCE_S
        )
        await client.disconnect()
        await client.eio.wait()
        found = _tokens([told, answer])
        assert found
        self.teacher = found[0]

    def all(self) -> dict[str, str]:
        return {
            "ana's token": self.ana,
            "bob's token": self.bob,
            "the teacher's token": self.teacher,
            "the bot's password": self.bot,
            "another bot's password": self.other_bot,
            "the administrator's password": PASSWORD,
            "the administrator's cookie": self.admin,
            "an ended cookie": self.ended,
            "the alert cookie": self.alert,
            "made up": "x" * 43,
        }


def _tokens(value: Any) -> list[str]:
    if isinstance(value, dict):
        mine = [value["token"]] if isinstance(value.get("token"), str) else []
        return mine + [each for part in value.values() for each in _tokens(part)]
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in _tokens(part)]
    return []


@pytest.fixture(scope="module")
def made_once(server: Served) -> Secrets:
    return Secrets(server.url)


@pytest.fixture
async def secrets(made_once: Secrets) -> Secrets:
    if not made_once.teacher:
        await made_once.open_class()
    return made_once


def carriers(secret: str) -> list[dict[str, Any]]:
    """All the ways in which a request can carry a secret, beside the own one of each route."""
    return [
        {"auth": ("admin", secret)},
        {"auth": ("ana", secret)},
        {"auth": ("canteen", secret)},
        {"headers": {"Authorization": f"Bearer {secret}"}},
        {"headers": {"Cookie": f"quad_admin={secret}"}},
        {"headers": {"Cookie": f"quad_nearby={secret}"}},
    ]


async def test_the_administrator_s_routes_open_to_the_administrator_alone(
    secrets: Secrets,
) -> None:
    routes = await _routes(secrets.url)
    admins = sorted((method, path) for method, path in routes if path.startswith("/API/admin/"))
    assert len(admins) >= 19
    right = {"the administrator's password", "the administrator's cookie"}
    tries: list[dict[str, Any]] = [{}]
    for name, secret in secrets.all().items():
        tries += [each for each in carriers(secret) if name not in right]
    tries += [
        {"auth": ("root", PASSWORD)},
        {"auth": ("admin", secrets.admin)},
        {"headers": {"Authorization": f"Bearer {secrets.admin}"}},
        {"headers": {"Cookie": f"quad_admin={PASSWORD}"}},
        {"headers": {"Cookie": f"quad_nearby={secrets.admin}"}},
    ]
    async with httpx.AsyncClient(base_url=secrets.url, timeout=PATIENCE_S) as http:
        # Hashing a wrong password takes its time: each try at one route, and each route with few.
        for number, each in enumerate(tries):
            method, path = admins[number % len(admins)]
            answer = await http.request(method, _filled(path), json={}, **each)
            assert (path, each, answer.status_code) == (path, each, 401)
        for method, path in admins:
            for each in ({}, tries[5], tries[6]):
                answer = await http.request(method, _filled(path), json={}, **each)
                assert (path, each, answer.status_code) == (path, each, 401)
                assert answer.json()["code"] == "not_allowed"
            cookie = {"Cookie": f"quad_admin={secrets.admin}"}
            answer = await http.request(method, _filled(path), json={}, headers=cookie)
            assert (path, answer.status_code) != (path, 401)


async def test_a_person_s_routes_open_to_the_token_of_this_person_alone(
    secrets: Secrets,
) -> None:
    routes = {path for _, path in await _routes(secrets.url) if path.startswith("/API/user/")}
    assert routes == BODIES.keys()
    async with httpx.AsyncClient(base_url=secrets.url) as http:
        for path, body in BODIES.items():
            for name, secret in secrets.all().items():
                answer = await http.post(path, json={"id": "ana", "token": secret, **body})
                expected = 200 if name == "ana's token" else 401
                assert (path, name, answer.status_code) == (path, name, expected)
                if path == "/API/user/show/building":
                    # Nothing but the body counts.
                    for carrier in carriers(secret):
                        answer = await http.post(path, json={"id": "ana", **body}, **carrier)
                        assert (path, name, answer.status_code) == (path, name, 401)
            for wrong in (5, None, ["x"], {"x": 1}, True):
                answer = await http.post(path, json={"id": "ana", "token": wrong, **body})
                assert (path, wrong, answer.status_code) == (path, wrong, 400)


async def test_a_bot_is_whoever_has_its_password(secrets: Secrets) -> None:
    notice = {"id": "canteen", "message": "hello"}
    async with httpx.AsyncClient(base_url=secrets.url, timeout=PATIENCE_S) as http:
        assert (await http.post("/API/bot/message", json=notice)).status_code == 401
        for name, secret in secrets.all().items():
            is_right = name == "the bot's password"
            answer = await http.post("/API/bot/message", json={**notice, "pass": secret})
            assert (name, answer.status_code) == (name, 200 if is_right else 401)
            answer = await http.post("/API/bot/message", json=notice, auth=("canteen", secret))
            assert (name, answer.status_code) == (name, 200 if is_right else 401)
            for carrier in carriers(secret):
                if carrier.get("auth", ("",))[0] != "canteen":
                    answer = await http.post("/API/bot/message", json=notice, **carrier)
                    assert (name, carrier, answer.status_code) == (name, carrier, 401)
            if not is_right:
                proof = {"id": "canteen", "pass": secret}
                answer = await http.post("/API/bot/auth", json=proof)
                assert (name, answer.json()) == (name, {"auth": 0})
        assert (await http.post("/API/bot/message", json=notice)).status_code == 401


async def test_every_route_is_known_to_this_matrix(secrets: Secrets) -> None:
    paths = {path for _, path in await _routes(secrets.url) if path.startswith("/API/")}
    assert {path for path in paths if not path.startswith("/API/admin/")} == BODIES.keys() | OPEN


async def test_the_administrator_s_session_ends_for_nobody_else(secrets: Secrets) -> None:
    async with httpx.AsyncClient(base_url=secrets.url) as http:
        for name, secret in secrets.all().items():
            if name != "the administrator's cookie":
                cookie = {"Cookie": f"quad_admin={secret}"}
                await http.delete("/admin/session", headers=cookie)
                assert (await http.get("/admin/session", headers=cookie)).json() == {
                    "is_open": False
                }
        cookie = {"Cookie": f"quad_admin={secrets.admin}"}
        assert (await http.get("/admin/session", headers=cookie)).json() == {"is_open": True}


async def test_events_open_to_their_own_secrets_alone(secrets: Secrets) -> None:
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(secrets.url, transports=["websocket"], wait_timeout=PATIENCE_S)
    for name, secret in secrets.all().items():
        if name != "ana's token":
            answer = await client.call(
                "new_client", {"id": "ana", "token": secret}, timeout=PATIENCE_S
            )
            assert (name, answer["code"]) == (name, "wrong_token")
        answer = await client.call(
            "new_bot", {"id": "canteen", "token": secret}, timeout=PATIENCE_S
        )
        assert (name, answer["code"]) == (name, "not_allowed")
    assert (
        await client.call("new_client", {"id": "ana", "token": secrets.ana}, timeout=PATIENCE_S)
        is None
    )
    await client.disconnect()
    await client.eio.wait()


async def _routes(url: str) -> set[tuple[str, str]]:
    async with httpx.AsyncClient(base_url=url) as http:
        description = (await http.get("/schema/openapi.json")).json()
    return {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method in operations
        if method in ("get", "post", "delete", "put", "patch")
    }


def _filled(path: str) -> str:
    """The path with something in place of its parameters."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + "1" + rest.partition("}")[2]
    return path


async def test_a_person_who_is_connected_is_nobody_else_and_no_bot(campus: Campus) -> None:
    """Wrong roles: somebody online gains nothing by that."""
    await campus.nearby.bots.register("here", "canteen", TOWER.id)
    ana, bob = await campus.page("ana"), await campus.page("bob")
    answer = await ana.call("new_bot", {"id": "canteen"})
    assert answer["code"] == "not_allowed"
    answer = await ana.call("new_client", {"id": "bob", "token": ana.token})
    assert answer["code"] == "wrong_token"
    assert await ana.receive(bob.engine_id) == []
    stranger = Page(campus, "admin", ADMIN[1])
    await stranger.connect()
    assert (await stranger.enter())["code"] == "wrong_token"
    await stranger.close()
    assert campus.nearby.presence.online_users() == ["ana", "bob"]
