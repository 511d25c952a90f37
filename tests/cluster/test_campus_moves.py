"""The home of campus ends in good order: whoever is connected elsewhere hears nothing of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from tests.chat.phones import Phone
from tests.classroom.school import Peer, enter
from tests.cluster.servers import Site, until_all_know
from tests.patience import patience

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)

FIELD = (38.7300, -9.1300)
FAR = (38.8300, -9.1300)


async def start(site: Site) -> None:
    """Three nodes: who is at home first, ada, keeps what is started there."""
    site.drain_s = patience(4)
    for name in ("ada", "bob", "cid"):
        await site.start(name)
    await until_all_know(site, "ada", "bob", "cid")


class Page:
    """Somebody's page at a node, which reads what it is told to fetch."""

    def __init__(self, site: Site, node: str, name: str) -> None:
        self.name = name
        self.read: list[str] = []
        self.peer: Peer
        self._site = site
        self._node = node
        self._token = ""

    async def open(self, http: httpx.AsyncClient) -> None:
        answer = await http.post(f"{self._url}/nearby", data={"name": self.name})
        self._token = answer.cookies["quad_nearby"]
        self.peer = await enter(self._url)
        payload = {"id": self.name, "token": self._token, "buildings": True}
        assert await self.peer.call("new_client", payload) == []

    async def ask(self, http: httpx.AsyncClient, path: str, **more: Any) -> Any:
        """The answer; a node that cannot be had for a moment is asked again, as pages do."""
        body = {"id": self.name, "token": self._token, **more}
        while True:
            answer = await http.post(f"{self._url}/API/user/{path}", json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.01)
        assert answer.status_code == 200, answer.text
        return answer

    async def fetch(self, http: httpx.AsyncClient) -> None:
        answer = await self.ask(http, "message/receive", socket_id=self.peer.sid)
        self.read += [json.loads(text)["message"] for text in answer.json()]

    @property
    def _url(self) -> str:
        return self._site.urls[self._node]


@asynccontextmanager
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=patience(10), trust_env=False) as http:
        yield http


async def log_of(site: Site, node: str, name: str) -> list[str]:
    answer = await site.administrators[node].get(f"/API/admin/logs/show/user/{name}")
    assert answer.status_code == 200, answer.text
    return [each["message"] for each in answer.json()]


async def test_everybody_near_stays_and_reads_all_of_it_once(site: Site) -> None:
    await start(site)
    async with browser() as http:
        ana, eve, gil = (Page(site, node, name) for node, name in
                         (("bob", "ana"), ("cid", "eve"), ("ada", "gil")))  # fmt: skip
        for page in (ana, eve, gil):
            await page.open(http)
            latitude, longitude = FIELD
            await page.ask(http, "update/coordinates", latitude=latitude, longitude=longitude)
        runner = await running_bot(site, http)

        is_moved = asyncio.Event()

        async def write() -> int:
            count = 0
            while not is_moved.is_set() or count < 20:
                count += 1
                to = {"users": ["ana", "eve"], "message": str(count), "key": str(count)}
                await ana.ask(http, "message/send", **to)
                for page in (ana, eve):
                    if count % 3:
                        await page.fetch(http)
            return count

        writing = asyncio.create_task(write())
        await site.stop("ada")
        is_moved.set()
        count = await writing
        for page in (ana, eve):
            await page.fetch(http)
            assert page.read == [str(number + 1) for number in range(count)]
        await gil.peer.wait_closed()  # by its edge, and not before that had handed all of it over

        # They are where they were, and hear of each other at the new home.
        for peer in (ana.peer, eve.peer, runner):
            assert not peer.is_closed.is_set()
        await ana.peer.take()
        await asyncio.sleep(1.1)  # `new_movement` is said twice in a second at most
        await ana.peer.take()
        await eve.ask(http, "update/coordinates", latitude=FAR[0], longitude=FAR[1])
        await ana.peer.expect("new_movement")
        log = await log_of(site, "bob", "eve")
        assert [each for each in log if "Logged" in each] == [
            "Logged in. Currently out of registered facilities"
        ]
        assert "Logged out." in await log_of(site, "bob", "gil")
        await put_building(site, "bob", "Hut")
        await eve.peer.expect("new_buildings")
        answer = await http.get(f"{site.urls['bob']}/API/bot/check/canteen")
        assert answer.json()["state"] == "Bot currently running."
        await runner.close()
        async with asyncio.timeout(patience(5)):
            while answer.json()["state"] == "Bot currently running.":
                answer = await http.get(f"{site.urls['bob']}/API/bot/check/canteen")
        for page in (ana, eve):
            await page.peer.close()


async def put_building(site: Site, node: str, name: str) -> None:
    body = {"id": name, "name": name, "latitude": FIELD[0], "longitude": FIELD[1], "radious": 5}
    answer = await site.administrators[node].post("/API/admin/buildings/add", json=body)
    assert answer.status_code < 300, answer.text


async def running_bot(site: Site, http: httpx.AsyncClient) -> Peer:
    """A bot that is connected to bob."""
    await put_building(site, "bob", "Tower")
    url = f"{site.urls['bob']}/API/bot"
    answer = await http.post(f"{url}/register", json={"id": "canteen", "b_id": "Tower"})
    password = answer.json()["pass"]
    answer = await site.administrators["bob"].post(
        "/API/admin/bots/update/auth", json={"id": "canteen", "state": True}
    )
    assert answer.status_code < 300, answer.text
    answer = await http.post(f"{url}/auth", json={"id": "canteen", "pass": password})
    assert answer.json() == {"auth": 1}
    runner = await enter(site.urls["bob"], address="", by="127.0.0.1")
    assert await runner.call("new_bot", {"id": "canteen"}) == []
    return runner


class Talker:
    """A phone that speaks all the time, and writes down what it hears."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.heard: list[str] = []
        self.said = 0
        self._listening = asyncio.create_task(self._listen())

    async def say(self) -> None:
        self.said += 1
        await self.phone.send("all", f"{self.phone.number}/{self.said}")

    async def until_heard(self, count: int) -> None:
        async with asyncio.timeout(patience(10)):
            while len(self.heard) < count:
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            self.heard.append((await self.phone.expect("message"))["message"])


async def phone_at(site: Site, node: str, number: str) -> Phone:
    url = site.urls[node].replace("http", "ws") + "/chat/ws"
    return Phone(await connect(url, compression=None, proxy=None), number)


def frame_of(**operation: object) -> bytes:
    """As a client sends it: masked."""
    return Frame(Opcode.TEXT, json.dumps(operation).encode()).serialize(mask=True)


async def test_every_phone_stays_and_hears_all_of_it_once_and_in_one_order(site: Site) -> None:
    await start(site)
    places = {"101": "bob", "102": "bob", "103": "cid", "104": "ada"}
    phones = [
        await (await phone_at(site, node, number)).register(protocol=2)
        for number, node in places.items()
    ]
    await phones[0].create("all", *phones[1:])
    nobody, cut = await phone_at(site, "bob", "105"), await phone_at(site, "bob", "106")
    half = frame_of(type="register", user={"name": "Half", "phone": "106"})
    cut.socket.transport.write(half[:20])
    talkers = [Talker(phone) for phone in phones]
    staying, at_home = talkers[:3], talkers[3]

    is_moved = asyncio.Event()

    async def talk(talker: Talker) -> None:
        while not is_moved.is_set() or talker.said < 20:
            await talker.say()
            await asyncio.sleep(0.002)

    talking = [asyncio.create_task(talk(talker)) for talker in staying]
    await at_home.say()
    await site.stop("ada")
    is_moved.set()
    await asyncio.gather(*talking)
    async with asyncio.timeout(patience(5)):
        await at_home.phone.socket.wait_closed()
    # Where its edge was the home, it heard all of it until its edge closed it.
    await asyncio.gather(at_home._listening, return_exceptions=True)

    count = sum(each.said for each in talkers)
    for talker in staying:
        await talker.until_heard(count)
        assert talker.heard == staying[0].heard
    for talker in talkers:
        own = [text for text in staying[0].heard if text.startswith(talker.phone.number)]
        assert own == [f"{talker.phone.number}/{word + 1}" for word in range(talker.said)]
    assert at_home.heard == staying[0].heard[: len(at_home.heard)]

    # What was half said, or not said at all, goes on; and what was heard is proven.
    cut.socket.transport.write(half[20:])
    assert (await cut.expect("state"))["chats"] == []
    await nobody.register()
    first = staying[0].phone
    for talker in staying:
        await talker.phone.proven()
        await talker.stop()
    token = first.token
    await first.socket.close()
    again = await (await phone_at(site, "cid", "101")).register(protocol=2, token=token)
    assert again.missed("all") == []
    for phone in (again, nobody, cut, *(talker.phone for talker in staying)):
        await phone.socket.close()
