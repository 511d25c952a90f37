"""Whatever people, networks and the server do, nobody misses a message.

The server is a real process that is killed without a word; the network loses everything without a
word; clients stop reading, break off, leave properly and come back, several at once. In the end,
what a member's devices were told, repeats dropped by id, is what every other member's were told:
everything that was accepted, each once, in the order of the ids.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    precondition,
    rule,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.chat.network import Line, Network, network_to
from tests.chat.phones import PATIENCE_S
from tests.nodes import Served, serve
from tests.process import free_port
from tests.thoroughness import examples

T = TypeVar("T")

PEOPLE = ("Ann", "Ben", "Eve")
# Quick enough to meet devices that are found dead in the middle of it all.
HEARTBEAT = {"QUAD_ENGINE_PING_INTERVAL_MS": "300", "QUAD_ENGINE_PING_TIMEOUT_MS": "700"}


class Told(NamedTuple):
    """A message as a device was told it; sorts by id."""

    id: str
    chat: str
    text: str


class Device:
    """One connection of a person, and all that it was told."""

    def __init__(self, person: str, socket: ClientConnection, line: Line) -> None:
        self.person = person
        self.socket = socket
        self.line = line
        self.told: list[Told] = []
        self.state: dict[str, Any] | None = None
        self._news = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        # What is read is noted at once: the library has answered the Ping by then.
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self._note(json.loads(text))
                self._news.set()
        self._news.set()

    def _note(self, heard: dict[str, Any]) -> None:
        match heard["type"]:
            case "state":
                self.state = heard
                for each in heard["chats"]:
                    name = each["chat"]["name"]
                    self.told += [Told(m["id"], name, m["message"]) for m in each["messages"]]
                self.told.sort()  # a state is grouped by chat
            case "message":
                self.told.append(Told(heard["id"], heard["chat"], heard["message"]))
            case "error":
                raise AssertionError(heard)

    async def say(self, type_: str, **keys: object) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(json.dumps({"type": type_, **keys}))

    async def until(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds of what was told; False if the device ends before."""
        while not holds():
            if self._reading.done():
                return False
            self._news.clear()
            await self._news.wait()
        return True

    async def is_told(self, text: str) -> bool:
        """Wait until the device is told a text; False if it ends before."""
        return await self.until(lambda: any(told.text == text for told in self.told))

    async def abandon(self) -> None:
        """The device is destroyed; what it has read, it has read."""
        self.line.end()
        self.socket.transport.abort()
        await self._reading


class Server:
    """The process, which may die and come back at its address."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self._data = data
        self._process = self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _start(self) -> Served:
        return serve("--limits", "off", data=self._data, port=self.port, env=HEARTBEAT)

    def kill(self) -> None:
        self._process.kill()
        assert "Traceback" not in self._process.output, self._process.output
        self._process = self._start()

    def stop(self) -> None:
        assert self._process.terminate() == 0
        assert "Traceback" not in self._process.output, self._process.output
        self._process = self._start()

    def close(self) -> None:
        self._process.kill()
        assert "Traceback" not in self._process.output, self._process.output


class Members(RuleBasedStateMachine):
    """Three people in two chats; each example has phones and chats of its own."""

    server: Server
    devices: Bundle[Device] = Bundle("devices")
    examples = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = contextlib.AsyncExitStack()
        self.network: Network
        self.every: list[Device] = []
        self.said = 0
        self.starts = 0
        Members.examples += 1
        self.number = f"{Members.examples}{os.getpid()}"
        self.chats = {f"all {self.number}": PEOPLE, f"two {self.number}": PEOPLE[:2]}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        async def patient() -> T:
            async with asyncio.timeout(PATIENCE_S):
                return await work

        return self.runner.run(patient())

    def phone(self, person: str) -> str:
        return f"{self.number}{PEOPLE.index(person)}"

    # Rules

    @initialize(target=devices)
    def gather(self) -> Any:
        return multiple(*self.run(self._gather()))

    async def _gather(self) -> list[Device]:
        self.network = await self.stack.enter_async_context(network_to(self.server.url))
        devices = [await self._login(person) for person in PEOPLE]
        for name, people in self.chats.items():
            await devices[0].say("create_chat", name=name)
            for person in people[1:]:
                await devices[0].say("add_member", chat=name, phone=self.phone(person))
        for name in self.chats:
            assert await self._say(devices[0], name)
        return devices

    @rule(target=devices, person=st.sampled_from(PEOPLE))
    def log_in(self, person: str) -> Device:
        return self.run(self._login(person))

    async def _login(self, person: str) -> Device:
        socket = await connect(self.network.ws_url, compression=None)
        device = Device(person, socket, self.network.lines[-1])
        self.every.append(device)
        user = {"name": person, "phone": self.phone(person)}
        # The token is the client's own, so that it has it even if the answer is lost.
        token = f"the own token of {person} {self.number}"
        await device.say("register", user=user, protocol=2, token=token)
        await device.until(lambda: device.state is not None)
        assert device.state is not None, "no answer to a login"
        return device

    @rule(device=devices, first=st.booleans(), count=st.integers(1, 5))
    def send(self, device: Device, first: bool, count: int) -> None:
        """Somebody says something and does not wait for it to be accepted."""
        self.run(self._send(device, first, count))

    async def _send(self, device: Device, first: bool, count: int) -> None:
        chat = list(self.chats)[0 if first or device.person not in PEOPLE[:2] else 1]
        for _ in range(count):
            self.said += 1
            await device.say("send_message", chat=chat, message=f"{self.number} {self.said}")

    @rule(device=devices)
    def send_and_wait(self, device: Device) -> None:
        """Somebody says something; if the network lets it through, it comes back."""
        if not device.line.is_cut and device.socket.transport.is_reading():
            self.run(self._say(device, next(iter(self.chats))))

    async def _say(self, device: Device, chat: str) -> bool:
        self.said += 1
        text = f"{self.number} {self.said}"
        await device.say("send_message", chat=chat, message=text)
        return await device.is_told(text)

    @rule(milliseconds=st.sampled_from([1, 30, 300]))
    def wait(self, milliseconds: int) -> None:
        self.run(asyncio.sleep(milliseconds / 1000))

    @rule(device=devices)
    def cut(self, device: Device) -> None:
        device.line.cut()

    @rule(device=devices)
    def stop_reading(self, device: Device) -> None:
        if not device.socket.transport.is_closing():
            device.socket.transport.pause_reading()

    @rule(device=devices)
    def reset(self, device: Device) -> None:
        self.run(device.abandon())

    @rule(device=devices)
    def close(self, device: Device) -> None:
        if not device.line.is_cut and device.socket.transport.is_reading():
            self.run(device.socket.close())

    # A start takes a second, so each example has few of them.

    @precondition(lambda self: self.starts < 2)
    @rule()
    def kill_the_server(self) -> None:
        self.starts += 1
        self.server.kill()
        self.run(self._check_nobody_is_online())

    @precondition(lambda self: self.starts == 0)
    @rule()
    def stop_the_server(self) -> None:
        self.starts += 1
        self.server.stop()

    async def _check_nobody_is_online(self) -> None:
        device = await self._login("Ann")
        assert device.state is not None
        for each in device.state["chats"]:
            for member in each["chat"]["members"]:
                assert (member["disconnection_date"] is None) == (member["name"] == "Ann")

    # The end

    def teardown(self) -> None:
        try:
            if self.every:
                self.run(self._check())
        finally:
            self.runner.run(self._leave())
            self.runner.close()

    async def _check(self) -> None:
        last = {person: await self._login(person) for person in PEOPLE}
        for name, people in self.chats.items():
            text = f"the last of {name}"
            await last[people[0]].say("send_message", chat=name, message=text)
            for person in people:
                assert await last[person].is_told(text)
        lists = {person: self._list(person) for person in PEOPLE}
        assert lists["Ann"] == lists["Ben"]
        assert lists["Eve"] == [told for told in lists["Ann"] if told.chat.startswith("all")]
        texts = [told.text for told in lists["Ann"]]
        assert len(set(texts)) == len(texts)  # one acceptance each

    def _list(self, person: str) -> list[Told]:
        for device in self._devices(person):
            assert device.told == sorted(set(device.told)), "out of order, or told twice"
        told = {each.id: each for device in self._devices(person) for each in device.told}
        return sorted(told.values())

    def _devices(self, person: str) -> Iterator[Device]:
        return (device for device in self.every if device.person == person)

    async def _leave(self) -> None:
        for device in self.every:
            await device.abandon()
        await self.stack.aclose()


@pytest.mark.slow
def test_nobody_misses_what_was_accepted() -> None:
    with TemporaryDirectory() as data:
        Members.server = Server(Path(data))
        try:
            members = Members.TestCase
            members.settings = settings(
                max_examples=examples(3, 100),
                stateful_step_count=25,
                suppress_health_check=list(HealthCheck),
                # Making a failure small would run it hundreds of times, seconds each.
                phases=[Phase.generate],
            )
            members().runTest()
        finally:
            Members.server.close()
