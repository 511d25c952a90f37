"""Whatever people do, in whatever order, each sees what the rules say and nothing else."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quad.settings import AlertSettings
from tests.alert.hall import Guest, Hall, open_hall
from tests.thoroughness import examples

HISTORY = 4
CLIENTS = 3

client = st.integers(0, CLIENTS - 1)


class Join(NamedTuple):
    client: int
    name: str
    room: str


class Say(NamedTuple):
    client: int
    text: str


class Leave(NamedTuple):
    client: int


class Drop(NamedTuple):
    client: int


class Post(NamedTuple):
    room: str
    text: str


Action = Join | Say | Leave | Drop | Post

name = st.sampled_from(["alice", "Alice", "bob"])
room = st.sampled_from(["R1", "R2"])
text = st.sampled_from(["a", "b", "c", "d"])
actions = st.lists(
    st.one_of(
        # Twice, or most of what is tried would be refused.
        st.builds(Join, client, name, room),
        st.builds(Join, client, name, room),
        st.builds(Say, client, text),
        st.builds(Leave, client),
        st.builds(Drop, client),
        st.builds(Post, room, text),
    ),
    min_size=4,
    max_size=20,
)


@dataclass
class Expected:
    """The rules, written down a second time and as simply as possible."""

    has_grace: bool
    places: dict[int, tuple[str, str]] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)
    # For each connection that a place has lost: how much had been said in the room.
    missing: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[int, list[str]] = field(default_factory=dict)

    def tell(self, room: str, line: str) -> None:
        for each, (_, where) in self.places.items():
            if where == room:
                self.seen[each].append(line)

    def is_present(self, place: tuple[str, str]) -> bool:
        return place in self.places.values() or place in self.lost

    def join(self, action: Join) -> None:
        place = (action.name.upper(), action.room)
        before = self.places.get(action.client)
        own = f"{place[0]} has joined the chat!"
        if place == before:
            self.seen[action.client].append(own)
            return
        if before is not None:
            self.leave(Leave(action.client))
        is_new = not self.is_present(place)
        if before is None or before[1] != action.room:
            said = self.said.get(action.room, [])
            missing = self.missing.get(place, [])
            told = 0 if is_new else missing.pop(0) if missing else len(said)
            self.seen[action.client] += said[max(told, len(said) - HISTORY) :]
        self.lost.discard(place)
        self.places[action.client] = place
        if is_new:
            self.tell(action.room, own)
        else:
            self.seen[action.client].append(own)

    def say(self, room: str, line: str) -> None:
        self.said.setdefault(room, []).append(line)
        self.tell(room, line)

    def leave(self, action: Leave) -> None:
        place = self.places[action.client]
        if list(self.places.values()).count(place) == 1:
            self.tell(place[1], f"{place[0]} has left the chat :(")
            self.missing.pop(place, None)
        del self.places[action.client]

    def drop(self, action: Drop) -> None:
        place = self.places.pop(action.client, None)
        if place is not None and self.has_grace:
            told = len(self.said.get(place[1], []))
            self.missing.setdefault(place, []).append(told)
        if place is None or self.is_present(place):
            return
        if self.has_grace:
            self.lost.add(place)
        else:
            self.tell(place[1], f"{place[0]} has left the chat :(")


class Play:
    """One sequence of actions on a real server, next to what is expected of it."""

    def __init__(self, hall: Hall, number: int, has_grace: bool) -> None:
        self._hall = hall
        self._number = number
        self._expected = Expected(has_grace)
        self._guests: dict[int, Guest] = {}

    async def run(self, actions: list[Action]) -> None:
        for each in range(CLIENTS):
            await self._connect(each)
        for action in actions:
            await self._act(action)
            await self._compare(action)

    async def _act(self, action: Action) -> None:
        expected = self._expected
        match action:
            case Join(client, name, room):
                expected.join(action)
                await self._guests[client].join(name, self._code(room))
            case Say(client, text):
                answer = await self._guests[client].say(text)
                if client in expected.places:
                    who, room = expected.places[client]
                    expected.say(room, f"{who}: {text}")
                else:
                    self._expect_refusal(client, answer["message"])
            case Leave(client):
                answer = await self._guests[client].leave()
                if client in expected.places:
                    expected.leave(action)
                else:
                    self._expect_refusal(client, answer["message"])
            case Drop(client):
                expected.drop(action)
                await self._lose(client)
            case Post(room, text):
                expected.say(room, f"ALERT: {text}")
                delivered = await self._hall.alert.service.post(
                    "10.0.0.1", "alert", self._code(room), text
                )
                there = [where for _, where in expected.places.values() if where == room]
                assert delivered == len(there)

    def _expect_refusal(self, client: int, sentence: str) -> None:
        self._expected.seen[client].append(sentence)

    async def _compare(self, action: Action) -> None:
        for each, guest in self._guests.items():
            heard = [
                payload["message" if event == "error" else "msg"]
                for event, payload in await guest.take()
            ]
            assert heard == self._expected.seen[each], f"client {each} after {action}"
            self._expected.seen[each].clear()

    async def _connect(self, each: int) -> None:
        self._guests[each] = await self._hall.guest()
        self._expected.seen[each] = []

    async def _lose(self, each: int) -> None:
        guest = self._guests[each]
        await guest.drop()
        await self._hall.until(lambda: self._hall.connections == len(self._expected.places))
        await asyncio.sleep(0.002)  # a grace of 0 ends with the next turn of the loop
        await self._connect(each)

    def _code(self, room: str) -> str:
        return f"{room} of {self._number}"

    async def end(self) -> None:
        await self._hall.close_guests()
        self._hall._guests.clear()
        await self._hall.until(lambda: self._hall.connections == 0)


@contextmanager
def running_hall(database: Path, alert: AlertSettings) -> Iterator[tuple[asyncio.Runner, Hall]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        opening = open_hall(database, alert, is_limited=False)
        hall = runner.run(stack.enter_async_context(opening))
        yield runner, hall
        runner.run(stack.aclose())


@pytest.mark.parametrize("grace_s", [0, 3600])
def test_everyone_sees_what_the_rules_say(database: Path, grace_s: float) -> None:
    settings_ = AlertSettings(history_limit=HISTORY, grace_s=grace_s)
    number = 0
    with running_hall(database, settings_) as (runner, hall):

        @settings(max_examples=examples(20, 500))
        @given(actions)
        def check(actions: list[Action]) -> None:
            nonlocal number
            number += 1
            play = Play(hall, number, has_grace=grace_s > 0)

            async def run() -> None:
                try:
                    await play.run(actions)
                finally:
                    await play.end()

            runner.run(run())

        check()
