"""What becomes of a class elsewhere is what would become of it here."""

import asyncio
from typing import Any, cast

import pytest

from quad.admin.classes import Classes
from quad.classroom.refusals import RoomNotFound
from quad.classroom.service import ClassroomService
from quad.cluster.member import Member
from quad.cluster.questions import Questions
from quad.refusals import CannotSave, Unavailable
from quad.store import OutcomeUnknown, StoreUnavailable
from quad.store.errors import DOUBT


class Home:
    """As much of a classroom as closing a class needs."""

    def __init__(self, error: Exception | None = None) -> None:
        self.rooms: list[Any] = []
        self.leaving = self
        self.keys = self
        self.error = error
        self.closed: list[int] = []

    async def close_for_all(self, room_id: int, address: str) -> None:
        if self.error is not None:
            raise self.error
        self.closed.append(room_id)

    async def hand_over(self, *_: object) -> None:
        """Not asked for here."""

    rekey_class = hand_over


class Node:
    """As much of a member: every class is at home at one node, or nowhere."""

    def __init__(self, me: int, home: int | None, network: dict[int, Questions]) -> None:
        self.me = me
        self.home = home
        self.keys = self
        self.network = network
        others = {1, 2} - {me}
        self.questions = network[me] = Questions(self, lambda: others)

    def owner(self, _: str) -> int | None:
        return self.home

    def send(self, node: int, record: bytes) -> None:
        asyncio.get_running_loop().call_soon(self.network[node].received, self.me, record)


def classes(*homes: Home, at: int | None = 2) -> list[Classes]:
    network: dict[int, Questions] = {}
    return [
        Classes(cast(ClassroomService, home), cast(Member, Node(number, at, network)))
        for number, home in enumerate(homes, 1)
    ]


def caused(error: Exception) -> CannotSave:
    refused = CannotSave(error)
    refused.__cause__ = error
    return refused


@pytest.mark.parametrize(
    "error",
    [
        RoomNotFound(123456),
        caused(StoreUnavailable()),
        caused(OutcomeUnknown()),
        Unavailable(),
        None,
    ],
    ids=["not found", "not saved", "in doubt", "moved", "done"],
)
async def test_a_home_elsewhere_refuses_as_one_here(error: Exception | None) -> None:
    here, there = Home(), Home(error)
    asked, home = classes(here, there)
    for each in (asked, home):
        if error is None:
            await each.close(123456, "::1")
        else:
            with pytest.raises(type(error), match=str(error)) as refused:
                await each.close(123456, "::1")
            assert (str(refused.value) == DOUBT) == (str(error) == DOUBT)
    assert here.closed == []
    assert there.closed == ([] if error else [123456] * 2)


async def test_a_class_without_a_home_is_tried_again() -> None:
    here = Home()
    asked, _ = classes(here, Home(), at=None)
    with pytest.raises(Unavailable):
        await asked.close(123456, "::1")
    assert here.closed == []
